"""Was a purpose kept? What a move is said to be for, against what was then driven.

A purpose is kept where it is reached within WITHIN, or withdrawn in words: a later decision names another one. Where the
log ends before that, nothing is known. Reads logged scenes alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from drive.types import Car, Claim, Scene, StaticObject, Step

WITHIN = 10.0  # [s] from the decision on
STEADY = 0.7  # [m/s] more than now, which is no speeding up
KIND = "purpose"


def kept(step: Step, later: tuple[Step, ...], final: Scene | None) -> Iterator[float]:
    """Of every purpose that a decision names: 1 where it was kept, 0 where it was not.

    later: the steps after it, in order; final: the scene in which the episode ended, if it did. From where something
    else was driven than the policy decided, nothing is known.
    """
    whole = (step, *later)
    taken = next((k for k, each in enumerate(whole) if each.driven != each.choice.action), None)
    if taken is not None:
        later, final = whole[1 : taken + 1], None
    for claim in step.rationale.claims:
        if claim.kind == KIND and claim.quantity in REACHED:
            verdict = _kept(claim, step.scene, later, final)
            if verdict is not None:
                yield float(verdict)


def _kept(claim: Claim, now: Scene, later: tuple[Step, ...], final: Scene | None) -> bool | None:
    until = now.time + WITHIN
    steps = [step for step in later if step.scene.time <= until]
    scenes = [step.scene for step in steps] + ([final] if final and final.time <= until else [])
    if any(REACHED[claim.quantity](claim, now, then) for then in scenes):
        return True
    if any(_withdrawn(claim, step) for step in steps):
        return True
    return False if scenes and scenes[-1].time >= until - now.period else None


def _withdrawn(claim: Claim, step: Step) -> bool:
    """Does a later decision name another purpose, or the same about another car?"""
    named = [each for each in step.rationale.claims if each.kind == KIND]
    return bool(named) and claim not in named


def _ahead(scene: Scene, body: Car | StaticObject) -> float:
    """[m] along the ego's course, between centres; below 0 behind."""
    ego = scene.ego
    return (body.x - ego.x) * math.cos(ego.heading) + (body.y - ego.y) * math.sin(ego.heading)


def _body(scene: Scene, claim: Claim) -> Car | StaticObject | None:
    cars = (car for car in scene.cars if car.id in claim.cars[:1])
    return next(cars, next((o for o in scene.objects if o.id in claim.objects[:1]), None))


def _passed(claim: Claim, now: Scene, then: Scene) -> bool:
    body = _body(then, claim)
    return body is not None and _ahead(then, body) < 0


def _still_ahead(claim: Claim, now: Scene, then: Scene) -> bool:
    body = _body(then, claim)
    return then.time > now.time and (body is None or _ahead(then, body) > 0)


def _went_first(claim: Claim, now: Scene, then: Scene) -> bool:
    """The car has gone out of sight, or is ahead and goes away."""
    was, body = _body(now, claim), _body(then, claim)
    if was is None or body is None:
        return body is None
    return _ahead(then, body) > 0 and _away(then, body) > _away(now, was)


def _away(scene: Scene, body: Car | StaticObject) -> float:
    return math.hypot(body.x - scene.ego.x, body.y - scene.ego.y)


def _stopped(claim: Claim, now: Scene, then: Scene) -> bool:
    body = _body(then, claim)
    return abs(then.ego.speed) < STEADY and (body is None or _ahead(then, body) > 0)


def _other_lane(claim: Claim, now: Scene, then: Scene) -> bool:
    return then.ego.lane != now.ego.lane


def _further_right(claim: Claim, now: Scene, then: Scene) -> bool:
    return then.ego.lane[2] > now.ego.lane[2]


def _at_the_goal(claim: Claim, now: Scene, then: Scene) -> bool:
    return then.ego.lane in then.task.goal or then.ego.lane[2] > now.ego.lane[2]


def _no_faster(claim: Claim, now: Scene, then: Scene) -> bool:
    return then.ego.speed <= now.ego.speed + STEADY


# purpose -> is it reached in a later scene? Of (claim, scene of the decision, later scene)
REACHED: dict[str, Callable[[Claim, Scene, Scene], bool]] = {
    "pass": _passed,
    "follow": _still_ahead,
    "let go first": _went_first,
    "stop before": _stopped,
    "find gap": _other_lane,
    "keep right": _further_right,
    "reach exit": _at_the_goal,
    "bend": _no_faster,
}
