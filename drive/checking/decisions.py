"""Is a decision what the log says of it? Sums, facts of the scene, and the policy asked again, value by value.

A rationale's claims are tested by `drive.checking.verdicts`; here is all else that a step holds: options, scores, terms,
trajectories, causes, and the words as a whole. Nothing is taken from the log but what the scene was, and that is driven
again beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np

from drive import policy as policies
from drive.checking.scene import OF_A_BODY, observe
from drive.episodes.rollout import explain
from drive.kinematics.foresight import foresee
from drive.reasoning.causes import attribute
from drive.reasoning.reasons import situation_of
from drive.roads import LaneId
from drive.types import (
    Action,
    Attribution,
    Cause,
    Choice,
    Claim,
    Control,
    Follow,
    Meta,
    Option,
    Policy,
    Rationale,
    Scene,
    Step,
    Takeover,
    Term,
    Trajectory,
)

CLOSE, SHARE = 1e-6, 1e-15  # that two numbers may differ by: in their unit, and of their size
# what a waypoint may differ by: one step of what a log writes
WAYPOINT = {
    "x": 1e-3, "y": 1e-3, "heading": 1e-4, "speed": 1e-3, "acceleration": 1e-3, "curvature": 1e-5,
}  # fmt: skip
FACTS = {kind: kind for kind in OF_A_BODY if kind not in ("oncoming", "imposed braking")} | {
    "lateral offset": "lateral offset",
}  # kind of a term that tells of the scene -> the observation that recomputes it
SIDES = {"left": Meta("LANE_LEFT"), "right": Meta("LANE_RIGHT")}


@dataclass(frozen=True)
class Check:
    """One thing that the log says of a decision, or that its parts must be to each other."""

    step: int
    kind: str  # a key of CHECKS or of ASKED, or "given up" (what each wish costs)
    result: Literal["true", "false", "untestable"]
    why: str = ""  # a sentence, where it is false or untestable

    @property
    def false(self) -> bool:
        return self.result == "false"


@dataclass(frozen=True)
class Decided:
    """A decision made again."""

    choice: Choice
    attribution: Attribution | None
    rationale: Rationale
    takeover: Takeover | None = None  # of what watches over the policy
    # kind of term -> the options with the wish of that kind given up, where the policy can weigh so
    given_up: Mapping[str, Choice] = field(default_factory=dict)


def checks(step: Step) -> Iterator[Check]:
    """What the step's own numbers must be to each other, and to the scene; costs nothing."""
    for kind, faults in CHECKS.items():
        yield from _judged(step.scene.step, kind, faults(step))


def decided_again(
    step: Step,
    scene: Scene,
    policy: Policy | None,
    why_not: str = "",
    before: Rationale | None = None,
) -> Iterator[Check]:
    """The whole decision made again about a scene, as it was driven again, and compared with the log.

    Costs what deciding and asking for causes cost at first. policy: None where it cannot be asked, with why not.
    before: the last rationale before that was said in full.
    """
    if policy is not None and not policies.powers(policy).repeats:
        policy, why_not = None, f"the policy {policy.name!r} may answer otherwise each time"
    if policy is None:
        yield from untestable(step, why_not, ASKED)
        return
    try:
        yield from compared(step, decided(step, scene, policy, before))
    except policies.PolicyError as error:
        yield Check(step.scene.step, "choice", "false", f"asked again, {error}")


def decided(step: Step, scene: Scene, policy: Policy, before: Rationale | None = None) -> Decided:
    """The decision made again, explained as it was: with causes where the step has some, in its language, after what was said before."""
    weighed = policies.checked(policy, scene)
    takeover = policies.taken_over(policy, scene, weighed)
    given_up = dict(_given_up(policy, scene, weighed))
    choice = foresee(scene, weighed)
    attribution = attribute(policy, scene, choice) if step.attribution is not None else None
    language = step.rationale.language
    at = situation_of(scene, choice)
    rationale = explain(at, choice, policy.tie, language, attribution, before)
    return Decided(choice, attribution, rationale, takeover, given_up)


def _given_up(policy: Policy, scene: Scene, choice: Choice) -> Iterator[tuple[str, Choice]]:
    """The options without each wish that costs one of them something."""
    reweighed = policies.powers(policy).reweighed
    if reweighed is None or scene.legal.steered:
        return
    for kind, most in _wishes(choice).items():
        try:
            yield kind, reweighed(scene, kind, NO_BOUND if most else 0.0)
        except ValueError:  # a term that has a threshold, and follows another wish
            continue


def _wishes(choice: Choice) -> dict[str, bool]:
    """Kinds of terms that cost something by a threshold, with whether it is a bound from above."""
    terms = [term for option in choice.options for term in option.terms]
    costly = [term for term in terms if term.worth and term.threshold is not None]
    return {term.kind: term.value > term.threshold for term in costly}


def compared(step: Step, again: Decided) -> Iterator[Check]:
    """What the log says of a decision against the decision made again."""
    different = list(_differences(step, again))
    if again.given_up:
        yield from _judged(step.scene.step, "given up", _other_costs(step.choice, again.given_up))
    for kind in ASKED:
        yield from _judged(step.scene.step, kind, (d.sentence for d in different if d.kind == kind))


def untestable(step: Step, why: str, kinds: Iterable[str]) -> Iterator[Check]:
    """The checks of a step that could not be made."""
    return (Check(step.scene.step, kind, "untestable", why) for kind in kinds)


def _judged(step: int, kind: str, faults: Iterable[str]) -> Iterator[Check]:
    faults = [*dict.fromkeys(faults)]
    yield from (Check(step, kind, "false", fault) for fault in faults)
    if not faults:
        yield Check(step, kind, "true")


# ---------------------------------------------------------------------------- numbers among themselves


def _sums(step: Step) -> Iterator[str]:
    """Options whose terms do not sum to their score."""
    for option in step.choice.options:
        total = option.sum
        if total is None and option.score is not None and any(_summed(step.choice)):
            yield f"{_named(option)}: a score of {option.score:.6g}, and no term with a worth"
        elif total is not None and option.score is None:
            yield f"{_named(option)}: terms with a worth, and no score"
        elif total is not None and not _same(total, option.score):
            yield f"{_named(option)}: the terms sum to {total:.6g}, the score is {option.score:.6g}"


def _summed(choice: Choice) -> Iterator[bool]:
    return (option.sum is not None for option in choice.options)


def _sides(step: Step) -> Iterator[str]:
    """Terms that count for an option and are worth less than nothing, or the other way round."""
    for option in step.choice.options:
        for term in option.terms:
            if term.worth and (term.worth > 0) != (term.counts == "for"):
                yield f"{_named(option)}: {_name(term)} counts {term.counts} it and is worth {term.worth:.6g}"


def _best(step: Step) -> Iterator[str]:
    """A legal option that scores higher than the one taken, by more than counts as equally good."""
    choice, legal = step.choice, step.scene.legal
    scores = [option.score for option in choice.options]
    taken = choice.option(choice.action)
    if taken is None:
        yield f"{choice.action} is chosen, and not among the options"
    if taken is None or None in scores:
        return
    top = max(choice.options, key=lambda option: option.score)
    if not legal.allows(top.action):
        return  # what the policy likes best cannot be done here, and it falls back
    if top.score > taken.score + choice.even + CLOSE:
        yield f"{_named(top)} scores {top.score:.6g}, the chosen {_named(taken)} {taken.score:.6g}"


def _facts(step: Step) -> Iterator[str]:
    """Terms about the scene as it is now, whose number the scene does not show."""
    for option in step.choice.options:
        for term in option.terms:
            if term.kind in FACTS and term.after is None and math.isfinite(term.value):
                told = _told(step.scene, option, term)
                if told:
                    yield f"{_named(option)}: {_name(term)} is {term.value:.6g} in the log, {told}"


def _told(scene: Scene, option: Option, term: Term) -> str:
    """What the scene shows instead of the term's number; "" where it shows that, or cannot tell."""
    verdicts = [
        observe(scene, Claim("observation", FACTS[term.kind], float(term.value), option=place,
                             cars=term.cars[:1], objects=term.objects[:1]))
        for place in _places(scene, option.target_lane)
    ] if term.cars or term.objects or term.kind not in OF_A_BODY else []  # fmt: skip
    strangers = set(term.cars) - {car.id for car in scene.cars}
    if strangers:
        return f"and no car {min(strangers)} is in the scene"
    if not verdicts or any(v.result == "true" or v.measured is None for v in verdicts):
        return ""
    nearest = min(verdicts, key=lambda v: abs(v.measured - term.value))
    return f"and {nearest.measured:.6g} in the scene"


def _places(scene: Scene, lane: LaneId | None) -> tuple[Meta | None, ...]:
    """The lane that an option leads to, first, and those beside the ego's."""
    road, own = scene.road, scene.ego.target_lane
    beside = {side: road.side(own, side) for side in SIDES}
    places = [None, *(SIDES[side] for side, each in beside.items() if each)]
    target = [SIDES[side] for side, each in beside.items() if each and each.id == lane]
    return (*target, *(place for place in places if place not in target))


CHECKS: dict[str, Callable[[Step], Iterator[str]]] = {
    "sums": _sums,
    "sides": _sides,
    "best": _best,
    "facts": _facts,
}


# ------------------------------------------------------------------------------------- asked again


@dataclass(frozen=True)
class _Difference:
    kind: str  # a member of ASKED
    where: str
    what: str  # the field, in words; "" where the thing itself is missing
    logged: Any = None
    again: Any = None

    @property
    def sentence(self) -> str:
        logged, again = _shown(self.logged), _shown(self.again)
        if logged == again:
            logged, again = repr(self.logged), repr(self.again)
        what = f"{self.where}: {self.what}" if self.what else self.where
        return f"{what} {logged} in the log, {again} when asked again"


ASKED = {  # what is compared, and what it is
    "choice": "the action taken, and how scores are to be read",
    "options": "which actions were weighed, and where they lead",
    "scores": "of every option",
    "terms": "kind, value, side, time, cars and objects of every term",
    "worths": "of every term",
    "wishes": "what every term is held against",
    "trajectories": "of every option, to what a log writes",
    "causes": "what the decision depends on",
    "words": "the rationale: decision, claims, rival and text; the words that the action was decoded from",
    "takeovers": "where a monitor drove instead, what, and why",
}
NO_BOUND = 1e9  # times as large: a bound from above that nothing reaches
OF_ONE_WISH = {
    "headway": ("gap kept ahead",),
    "gap kept ahead": ("headway",),
}  # kind -> others that follow the same wish
TERM_NAMES = tuple(each.name for each in fields(Term))
TERM_FIELDS = dict.fromkeys(TERM_NAMES, "terms") | {"worth": "worths", "threshold": "wishes"}


def _other_costs(logged: Choice, given_up: Mapping[str, Choice]) -> Iterator[str]:
    """Options that a wish cost another score than its terms say: without the wish they score that much more."""
    for kind, free in given_up.items():
        pairs, _ = _paired(logged.options, free.options, lambda option: _key(option.action))
        for was, now in pairs:
            kinds = (kind, *OF_ONE_WISH.get(kind, ()))
            costs, left = (
                math.fsum(t.worth for t in o.terms if t.worth and t.kind in kinds)
                for o in (was, now)
            )
            if not _same(now.score - was.score, left - costs):
                yield (
                    f"{_named(was)}: its terms put {kind} at {costs - left:.6g}, and without that wish "
                    f"the score changes by {now.score - was.score:.6g}"
                )


def _differences(logged: Step, again: Decided) -> Iterator[_Difference]:
    yield from _of_choice(logged.choice, again.choice)
    if logged.attribution is not None:
        yield from _of_attribution(logged.attribution, again.attribution)
    yield from _of_words(logged.rationale, again.rationale)
    if logged.takeover is None or logged.takeover.by == "monitor":  # a person is not asked again
        yield from _of_takeover(logged, again.takeover)


def _of_takeover(step: Step, again: Takeover | None) -> Iterator[_Difference]:
    logged = step.takeover
    if logged is None or again is None:
        said = (step.choice.action if each is None else each.action for each in (logged, again))
        if (logged is None) != (again is None):
            yield _Difference("takeovers", "the takeover", "action", *said)
        return
    yield from _of_value("takeovers", "the takeover", "action", logged.action, again.action)
    for what in ("feared", "left"):
        where = f"the takeover, what is {what}"
        terms = getattr(logged, what), getattr(again, what)
        yield from _of_terms(where, *terms, dict.fromkeys(TERM_NAMES, "takeovers"))


def _of_choice(logged: Choice, again: Choice) -> Iterator[_Difference]:
    for name in ("action", "unit", "even", "answered", "notes"):
        yield from _of_value(
            "choice", "the choice", name, getattr(logged, name), getattr(again, name)
        )
    yield from _of_claims("thought", logged.thoughts, again.thoughts)
    pairs, missing = _paired(logged.options, again.options, lambda option: _key(option.action))
    yield from (_gone("options", _named(option), here) for option, here in missing)
    for ours, theirs in pairs:
        yield from _of_option(ours, theirs)


def differences_of(logged: Option, again: Option) -> Iterator[str]:
    """A sentence for everything in which an option differs from itself when it is weighed again."""
    return (difference.sentence for difference in _of_option(logged, again))


def _of_option(logged: Option, again: Option) -> Iterator[_Difference]:
    where = _named(logged)
    yield from _of_value("scores", where, "score", logged.score, again.score)
    yield from _of_value("options", where, "lane", logged.target_lane, again.target_lane)
    yield from _of_path(where, logged.trajectory, again.trajectory)
    yield from _of_terms(where, logged.terms, again.terms, TERM_FIELDS)


def _of_terms(
    where: str, logged: tuple[Term, ...], again: tuple[Term, ...], kinds: Mapping[str, str]
) -> Iterator[_Difference]:
    """kinds: of check, by the field of a term."""
    pairs, missing = _paired(logged, again, lambda term: (term.kind, term.cars, term.objects))
    gone = kinds["kind"]
    yield from (_gone(gone, f"{where}: {_name(term)}", here) for term, here in missing)
    for ours, theirs in pairs:
        for name, kind in kinds.items():
            values = getattr(ours, name), getattr(theirs, name)
            yield from _of_value(kind, f"{where}, {_name(ours)}", name, *values)


def _of_path(where: str, logged: Trajectory, again: Trajectory) -> Iterator[_Difference]:
    for name in ("source", "heading_is"):
        values = getattr(logged, name), getattr(again, name)
        yield from _of_value("trajectories", where, f"trajectory's {name}", *values)
    for name, step in WAYPOINT.items():
        ours, theirs = getattr(logged, name), getattr(again, name)
        if len(ours) != len(theirs):
            yield _Difference("trajectories", where, "waypoints", len(ours), len(theirs))
            return
        apart = np.abs(ours - theirs)
        if (worst := int(apart.argmax())) is not None and apart[worst] > 1.5 * step:
            values = float(ours[worst]), float(theirs[worst])
            yield _Difference("trajectories", where, f"{name} of waypoint {worst + 1}", *values)


def _of_attribution(logged: Attribution, again: Attribution) -> Iterator[_Difference]:
    for name in ("free", "asked", "exhaustive"):
        values = getattr(logged, name), getattr(again, name)
        yield from _of_value("causes", "the causes", name, *values)
    pairs, missing = _paired(
        logged.causes, again.causes, lambda cause: (cause.cars, cause.objects, cause.condition)
    )
    yield from (_gone("causes", _name(cause), here) for cause, here in missing)
    for ours, theirs in pairs:
        for each in fields(Cause):
            values = getattr(ours, each.name), getattr(theirs, each.name)
            yield from _of_value("causes", _name(ours), each.name, *values)


def _of_words(logged: Rationale, again: Rationale) -> Iterator[_Difference]:
    for name in ("text", "decision", "rival", "tie", "language"):
        yield from _of_value(
            "words", "the rationale", name, getattr(logged, name), getattr(again, name)
        )
    yield from _of_claims("claim", logged.claims, again.claims)


def _of_claims(
    what: str, logged: tuple[Claim, ...], again: tuple[Claim, ...]
) -> Iterator[_Difference]:
    if len(logged) != len(again):
        yield _Difference("words", "the rationale", f"number of {what}s", len(logged), len(again))
    for number, (ours, theirs) in enumerate(zip(logged, again, strict=False)):
        for each in fields(Claim):
            where, name = f"{what} {number + 1} ({ours.kind} {ours.quantity})", each.name
            yield from _of_value("words", where, name, getattr(ours, name), getattr(theirs, name))


def _of_value(kind: str, where: str, what: str, logged, again) -> Iterator[_Difference]:
    if not _same(logged, again):
        yield _Difference(kind, where, what, logged, again)


def _gone(kind: str, where: str, logged: bool) -> _Difference:
    values = ("is", "is not") if logged else ("is not", "is")
    return _Difference(kind, where, "", *values)


def _paired(logged: tuple, again: tuple, key: Callable[[Any], Any]) -> tuple[list, list]:
    """Pairs of a like key, in order; and what has no partner, with whether the log has it."""
    left: dict[Any, list] = {}
    for item in again:
        left.setdefault(key(item), []).append(item)
    pairs, missing = [], []
    for item in logged:
        partners = left.get(key(item))
        if partners:
            pairs.append((item, partners.pop(0)))
        else:
            missing.append((item, True))
    missing += [(item, False) for items in left.values() for item in items]
    return pairs, missing


# ------------------------------------------------------------------------------------------ values


def _same(logged, again) -> bool:
    """Are two values the same? Numbers to CLOSE and SHARE, controls and paths by their numbers."""
    if isinstance(logged, Control) and isinstance(again, Control):
        return _key(logged) == _key(again)
    if isinstance(logged, Follow) and isinstance(again, Follow):
        return not any(_of_path("", logged.trajectory, again.trajectory))
    if isinstance(logged, (int, float)) and isinstance(again, (int, float)):
        return math.isclose(logged, again, rel_tol=SHARE, abs_tol=CLOSE)
    return logged == again


def _key(action: Action):
    """What tells an action from the others, within what numbers may differ by."""
    if isinstance(action, Control):
        return round(action.acceleration, 5), round(action.steering, 5)
    if isinstance(action, Follow):
        path = action.trajectory
        return round(float(path.x[-1]), 2), round(float(path.y[-1]), 2)
    return action


def _named(option: Option) -> str:
    return f"option {_shown(option.action)}"


def _name(thing: Term | Cause) -> str:
    """A term by its kind, a cause by its condition, each with the cars and objects that it is about."""
    about = [*(f"car {car}" for car in thing.cars), *(f"object {each}" for each in thing.objects)]
    said = thing.kind if isinstance(thing, Term) else thing.condition or "cause"
    return f"{said} ({', '.join(about)})" if about else said


def _shown(value) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Follow):
        return "a path"
    return str(value)
