"""The contract of claims and terms: whatever can be said is said by something, in every language, and checked.

Producers are seen at work: what the shipped policies say on the roads of the contract episodes, and on
hand-made scenes what the roads do not bring up within eight decisions.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from pathlib import Path

import pytest
from digests import episode
from hand_made import IDLE, LEFT, METAS, SLOWER, car, narrated, scene, step_of

from drive.checking import futures
from drive.checking import scene as observed
from drive.checking.asked import WITHOUT
from drive.checking.verdicts import CAUSES
from drive.kinematics.foresight import foresee
from drive.language import LANGUAGES, QUANTITIES, TERMS, words_of
from drive.policy import load
from drive.reasoning.causes import attribute
from drive.reasoning.narrate import merge
from drive.types import Choice, Legal, Option, Perception, Policy, Rationale, Scene, Term
from policies.llm import answer

ROOT = Path(__file__).parents[1]
DRIVEN = [
    ("dilu-4-2.0", "rule"),
    ("dilu-4-2.0", "idm"),
    ("dilu-4-2.0", "dqn"),
    ("dilu-5-2.5", "planner"),
    ("exit", "rule"),
    ("exit", "planner"),
    ("highway-fast", "idle"),
    ("highway-fast", "random"),
    ("highway-fast", "planner"),
    ("intersection", "rule"),
    ("intersection", "planner"),
    ("lane-keeping", "rule"),
    ("racetrack", "idm"),
    ("racetrack", "planner"),
    ("roundabout", "rule"),
    ("roundabout", "idm"),
    ("two-way", "rule"),
]
# what the kinds of claim are about, by the tables of the checks
OF_A_FUTURE = ("consequence", "rejection")
# terms of policies that are brought, which their own tests drive: term -> the package that weighs it
BROUGHT = {
    "unavailable": "sb3",
    "preference": "sb3",
    "answer": "llm",
    "no answer": "llm",
}


class Judging:
    """Chooses by a function of the scene, and weighs every legal action alike."""

    name, tie = "judging", "post hoc"

    def __init__(self, judge):
        self.judge = judge

    def decide(self, scene: Scene) -> Choice:
        term = Term("value", 1.0, "", "for")
        options = (Option(action, (term,)) for action in (IDLE, SLOWER))
        return Choice(self.judge(scene), tuple(options))


# ---------------------------------------------------------------------------------- producers at work


def said_by(policy: Policy, at: Scene) -> Rationale:
    choice = foresee(at, policy.decide(at))
    return narrated(at, choice, policy.tie, attribute(policy, at, choice))


def followed() -> Scene:
    """A slow car is far ahead, and another comes up fast on the left."""
    return scene(car(1, 160.0, speed=15.0), car(2, 80.0, lane=0, speed=35.0), lanes=2)


def fast_follower(name: str) -> Rationale:
    at = followed()
    return narrated(at, foresee(at, load(name).decide(at)))


def standing() -> Scene:
    """The ego stands on a road with a lane beside its own."""
    return scene(speed=0.0, lanes=2)


def steered() -> Scene:
    """A car stands close ahead, and the ego can only steer."""
    legal = Legal((), (0.0, 0.0), (-0.5, 0.5))
    at = scene(car(1, 112.0, speed=0.0))
    return replace(at, legal=legal, ego=replace(at.ego, target_speeds=()))


def blocked() -> Rationale:
    """Of all other options, changing to the left, where a fast car comes up, is worth most."""
    behind = (
        Term("gap behind", 15.0, "m", "against", cars=(2,)),
        Term("closing from behind", 10.0, "m/s", "against", cars=(2,)),
    )
    options = Option(IDLE, (), 1.0), Option(LEFT, behind, 0.5, ("a", "b", 0))
    return narrated(followed(), foresee(followed(), Choice(IDLE, options)))


def oncoming() -> Rationale:
    """A car comes towards the ego in its lane."""
    comes = replace(car(1, 190.0, speed=20.0), heading=math.pi)
    return said_by(Judging(lambda seen: SLOWER if seen.cars else IDLE), scene(comes))


def a_queue() -> Rationale:
    """Only more cars together than are named make a difference."""
    judge = Judging(lambda seen: SLOWER if len(seen.cars) > 1 else IDLE)
    return said_by(judge, scene(*(car(k + 1, 106.0 + 6 * k) for k in range(6))))


def fog() -> Rationale:
    judge = Judging(lambda seen: SLOWER if seen.perception.range < 200 else IDLE)
    return said_by(judge, replace(scene(), perception=Perception(range=60.0)))


def leftmost_lane() -> Rationale:
    """An agent values a change to the left most, where there is no lane."""
    legal = Legal(tuple(name for name in METAS if name != "LANE_LEFT"))
    at = replace(scene(lane=0), legal=legal)
    terms = (Term("value", 5.0, "", "for"), Term("unavailable", 0.0, "", "against"))
    options = (Option(IDLE, terms[:1], 4.0), Option(LEFT, terms, 5.0))
    return narrated(at, foresee(at, Choice(IDLE, options)), "post hoc")


def language_model() -> Rationale:
    """It says which cars it decided by."""
    said = answer.Answer("I brake.", (1,), (), "slow down", "stay", "SLOWER")
    return answer.rationale(scene(car(1, 120.0)), said, "shares evidence")


def two_alike() -> Rationale:
    """Two decisions that are told in one sentence."""
    idle = load("idle")
    steps = []
    for k in range(2):
        at = scene(step=k)
        choice = foresee(at, idle.decide(at))
        steps.append(step_of(at, choice, narrated(at, choice, idle.tie)))
    [(_, _, rationale)] = merge(steps)
    return rationale


UNIT = (
    functools.partial(fast_follower, "planner"),
    blocked,
    oncoming,
    a_queue,
    fog,
    leftmost_lane,
    language_model,
    two_alike,
)


@functools.cache
def produced() -> frozenset[tuple[str, str]]:
    """Every (kind, quantity) that something said."""
    driven = (step.rationale for pair in DRIVEN for step in episode(*pair).steps)
    rationales = (*driven, *(unit() for unit in UNIT))
    return frozenset((claim.kind, claim.quantity) for said in rationales for claim in said.claims)


@functools.cache
def weighed() -> frozenset[str]:
    """Every kind of term that a shipped policy weighed."""
    steps = (step for pair in DRIVEN for step in episode(*pair).steps)
    met = ("planner", followed()), ("idm", followed()), ("rule", standing()), ("planner", steered())
    unit = (load(name).decide(at) for name, at in met)
    choices = (*(step.choice for step in steps), *unit)
    return frozenset(t.kind for choice in choices for o in choice.options for t in o.terms)


# -------------------------------------------------------------------------------------- the contract


@pytest.mark.parametrize("key", sorted(QUANTITIES), ids=" ".join)
def test_every_quantity_is_said_by_something(key):
    assert key in produced()


def test_nothing_is_said_that_is_no_quantity():
    assert produced() <= QUANTITIES.keys()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_quantity_has_a_phrase_and_no_phrase_is_of_anything_else(language):
    assert words_of(language).claims.keys() == QUANTITIES.keys()
    assert all(phrase.text for phrase in words_of(language).claims.values())


@pytest.mark.parametrize("key", sorted(QUANTITIES), ids=" ".join)
def test_every_quantity_is_checked_or_says_why_it_cannot_be(key):
    """Either a check or a reason, never both and never neither."""
    kind, quantity = key
    if kind == "intention":
        checks, reasons = observed.INTENDED, {}
    elif kind in OF_A_FUTURE:
        checks, reasons = futures.MEASURES, futures.UNTESTABLE
    elif kind == "cause":
        checks, reasons = CAUSES | WITHOUT, {}
    else:
        checks = observed.OF_A_BODY | observed.OF_THE_SCENE
        reasons = observed.UNTESTABLE
    assert (quantity in checks) != (quantity in reasons)
    assert len(reasons.get(quantity, "a reason")) > 5


def test_no_check_is_of_what_cannot_be_said():
    of = {
        ("observation", "rule"): observed.OF_A_BODY | observed.OF_THE_SCENE | observed.UNTESTABLE,
        ("intention",): observed.INTENDED,
        OF_A_FUTURE: futures.MEASURES | futures.UNTESTABLE,
        ("cause",): CAUSES | WITHOUT,
    }
    for kinds, table in of.items():
        assert set(table) == {quantity for kind, quantity in QUANTITIES if kind in kinds}
    assert futures.TOLERANCES.keys() == futures.MEASURES.keys()


def test_every_term_is_weighed_by_a_policy_that_ships_or_is_brought():
    assert set(TERMS) - set(BROUGHT) == weighed()
    for term, package in BROUGHT.items():
        sources = (ROOT / "policies" / package).glob("*.py")
        assert any(f'"{term}"' in source.read_text() for source in sources), term


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_term_has_a_name(language):
    assert set(words_of(language).terms) == set(TERMS)
