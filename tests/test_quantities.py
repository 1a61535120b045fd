"""The contract of claims and terms: whatever can be said is said by something, in every language, and checked.

Producers are seen at work: what the shipped policies say on the roads of the contract episodes, and on
hand-made scenes what the roads do not bring up within eight decisions.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from digests import DECISIONS, episode
from hand_made import FASTER, IDLE, LEFT, METAS, RIGHT, SLOWER, car, narrated, scene, step_of
from situations import (
    BY_NAME,
    chosen,
    oncoming_car,
    option,
    speed,
    to_the_exit,
    told,
    two_way,
)

from drive.checking import facts, futures, sight
from drive.checking import scene as observed
from drive.checking import weighed as weighed_by
from drive.checking.asked import WITHOUT
from drive.checking.verdicts import CAUSES, GRADED
from drive.kinematics.foresight import foresee
from drive.language import LANGUAGES, QUANTITIES, TERMS, words_of
from drive.policy import load
from drive.reasoning.causes import attribute
from drive.reasoning.narrate import merge
from drive.types import (
    Attribution,
    Car,
    Cause,
    Choice,
    Control,
    Legal,
    Meta,
    Option,
    Perception,
    Policy,
    Rationale,
    Scene,
    Term,
)
from policies.llm import answer
from policies.vla import grammar as vla
from policies.vla import thinking

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
OF_A_FUTURE = ("rejection",)
# terms of policies that are brought, which their own tests drive: term -> the package that weighs it
BROUGHT = {
    "unavailable": "sb3",
    "preference": "sb3",
    "answer": "llm",
    "no answer": "llm",
    "clearance": "planner",
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


def a_few() -> Rationale:
    """Of four cars each alone makes the same difference."""
    at = scene(car(9, 130.0, speed=25.0), *(car(k + 1, 140.0 + 20 * k, lane=2) for k in range(4)))
    at, choice = chosen(at, option(IDLE, speed(25.0)), option(FASTER, speed(20.0)))
    causes = tuple(Cause(FASTER, 5.0, (k + 1,)) for k in range(4))
    return narrated(at, choice, "shares evidence", Attribution(causes, FASTER, 5, True))


def for_the_exit() -> Rationale:
    return said_by(
        Judging(lambda seen: SLOWER if seen.task.kind == "exit" else IDLE), to_the_exit(lane=2)
    )


def limited() -> Rationale:
    def judge(seen: Scene):
        return SLOWER if any(lane.speed_limit for lane in seen.road.lanes) else IDLE

    return said_by(Judging(judge), scene())


def without_worths(taken, rival, *terms: Term, at: Scene) -> Rationale:
    """As a policy says it that gives no worths to what speaks against an option."""
    return narrated(at, foresee(at, Choice(taken, (Option(taken), Option(rival, terms)))))


def against(kind: str, value: float, unit: str, *cars: int, threshold=None) -> Term:
    return Term(kind, value, unit, "against", threshold, cars)


def meets(side: int) -> Rationale:
    y, heading = -4.0 + 24.0 * side, -side * math.pi / 2
    seen = scene(Car(6, 130.0, y, heading, 8.0, 5.0, 2.0, ("a", "b", 0)))
    return without_worths(SLOWER, IDLE, against("predicted contact", 1.0, "s", 6), at=seen)


def closes_in() -> Rationale:
    closing = against("time to collision", 6.0, "s", 1, threshold=8.0)
    return without_worths(SLOWER, IDLE, closing, at=scene(car(1, 135.0, speed=20.0)))


def brakes_another() -> Rationale:
    braking = against("imposed braking", 5.0, "m/s²", 2, threshold=2.0)
    return without_worths(IDLE, LEFT, braking, at=scene(car(2, 85.0, lane=0, speed=35.0)))


def runs_out() -> Rationale:
    seen = scene()
    seen = replace(seen, ego=replace(seen.ego, x=900.0))
    return without_worths(SLOWER, IDLE, against("lane ends", 97.5, "m"), at=seen)


def keeps_right() -> Rationale:
    terms = (Term("lanes to the right", 1.0, "", "for"),)
    at = scene()
    choice = Choice(RIGHT, (Option(RIGHT, terms, target_lane=("a", "b", 2)), Option(IDLE)))
    return narrated(at, foresee(at, choice))


def off_course() -> Rationale:
    """A steered ego moves back to the middle of its lane."""
    at = scene()
    ego = replace(at.ego, y=-3.2, heading=-0.01)
    at = replace(at, legal=Legal((), (-5.0, 5.0), (-0.5, 0.5)), ego=ego, period=0.2)
    terms = (Term("heading error", math.degrees(-0.01), "°", "against"),)
    back = Control(0.0, 0.0)
    only = Option(back, terms, target_lane=("a", "b", 1))
    return narrated(at, foresee(at, Choice(back, (only,))))


def thinks_in_words(rival: int) -> Rationale:
    """As the policy says it that thinks in words, every grade at once among the options."""
    at, rng = scene(), np.random.default_rng(rival)
    options = tuple(Option(Meta(name), score=0.0) for name in vla.OPTIONS)
    grades = [(rival + 2 * n) % len(vla.GRADES) for n in range(len(options))]
    seen = [int(rng.integers(0, count)) for count in vla.SCENE_WORDS]
    relation = max(rival - 1, 0) % len(vla.RELATIONS)
    if rival % 2:
        seen[relation] = vla.NO_GAP
    else:
        seen[relation], seen[relation + len(vla.RELATIONS)] = 3, 4
    thoughts = thinking.claims_of(seen, [*grades, rival, 1 if rival else 0])
    choice = Choice(options[1].action, options, thoughts=thoughts)
    return narrated(at, foresee(at, choice))


UNIT = (
    a_few,
    *(functools.partial(thinks_in_words, rival) for rival in range(len(vla.RIVALS))),
    for_the_exit,
    limited,
    functools.partial(meets, 1),
    functools.partial(meets, -1),
    closes_in,
    brakes_another,
    runs_out,
    keeps_right,
    off_course,
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
    driven = (step.rationale for pair in DRIVEN for step in episode(*pair, DECISIONS).steps)
    by_hand = (told(key)[-1] for key in BY_NAME)
    rationales = (*driven, *(unit() for unit in UNIT), *by_hand)
    return frozenset((claim.kind, claim.quantity) for said in rationales for claim in said.claims)


@functools.cache
def weighed() -> frozenset[str]:
    """Every kind of term that a shipped policy weighed."""
    steps = (step for pair in DRIVEN for step in episode(*pair, DECISIONS).steps)
    met = (
        ("planner", followed()),
        ("idm", followed()),
        ("rule", standing()),
        ("planner", steered()),
        ("rule", two_way(oncoming_car())),
    )
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
        checks, reasons = futures.MEASURES, {}
    elif kind == "cause":
        checks, reasons = CAUSES | WITHOUT, {}
    elif kind == "sight":
        checks, reasons = sight.TESTS, {}
    elif kind == "grade":
        checks, reasons = GRADED, {}
    elif kind in ("fact", "purpose") and key not in weighed_by.TESTS:
        checks, reasons = facts.FACTS | facts.PURPOSES, {}
    elif kind not in ("observation", "rule"):
        checks, reasons = {quantity for of, quantity in weighed_by.TESTS if of == kind}, {}
    else:
        checks = observed.OF_A_BODY | observed.OF_THE_SCENE
        reasons = observed.UNTESTABLE
    assert (quantity in checks) != (quantity in reasons)
    assert len(reasons.get(quantity, "a reason")) > 5


def test_no_check_is_of_what_cannot_be_said():
    of = {
        ("observation", "rule"): observed.OF_A_BODY | observed.OF_THE_SCENE | observed.UNTESTABLE,
        ("intention",): observed.INTENDED,
        OF_A_FUTURE: futures.MEASURES,
        ("cause",): CAUSES | WITHOUT,
        ("sight",): sight.TESTS,
        ("grade",): GRADED,
        ("fact",): facts.FACTS | facts.UNTESTABLE,
        ("purpose",): facts.PURPOSES,
    }
    for kinds, table in of.items():
        assert set(table) == {quantity for kind, quantity in QUANTITIES if kind in kinds}
    assert futures.TOLERANCES.keys() == futures.MEASURES.keys()
    assert weighed_by.TESTS.keys() <= QUANTITIES.keys()


def test_every_term_is_weighed_by_a_policy_that_ships_or_is_brought():
    assert set(TERMS) - set(BROUGHT) == weighed()
    for term, package in BROUGHT.items():
        sources = (ROOT / "policies" / package).glob("*.py")
        assert any(f'"{term}"' in source.read_text() for source in sources), term


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_term_has_a_name(language):
    assert set(words_of(language).terms) == set(TERMS)
