"""Would a driving instructor let the sentence pass? Judged from the scene, what was then driven, and the words.

Shares no code with the narrator. Each criterion answers for one decision: 1 where it is met, 0 where not, nothing
where it does not apply. Being true is not asked here: that is the verifier's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from drive.checking import facts
from drive.checking.scene import Untestable, Untrue, ahead_of_me, way_to_goal
from drive.types import Car, Claim, Meta, Rationale, Scene, Step

SOON = 2.0  # [s] to contact, within which a car must be named
NEAR_EXIT = (
    400.0  # [m] to the exit, within which it must be spoken of while lanes are left to cross
)
TWO, THIRTY, TWELVE = 2, 30, 12  # cars by name; words of a sentence; of one that may be said again
CHANGED = 1.0  # [m/s] in one decision, against which no heading may go
PACE = {"SLOWER": -1, "FASTER": 1}  # of a meta-action; every other keeps it
UP = ("speed up", "pick up")
DOWN = ("slow down", "stop", "coast down")
OF_THE_EXIT = (
    "distance to exit",
    "lanes to goal",
    "exit out of reach",
    "exit missed",
    "reach exit",
    "find gap",
)
HOW_NEAR = ("too close", "too near", "time gap", "gap ahead", "headway", "gap kept ahead", "touching")  # fmt: skip

Values = Iterable[float]
Criterion = Callable[[Step, Rationale, Step | None], Values]


def judged(step: Step, rationale: Rationale, before: Step | None) -> dict[str, float]:
    """The criteria that apply to a decision, by name. before: the step before, if any."""
    values = {name: list(test(step, rationale, before)) for name, test in CRITERIA.items()}
    return {name: told[0] for name, told in values.items() if told}


def passes(step: Step, rationale: Rationale, before: Step | None) -> bool:
    """Does the sentence meet every criterion that applies?"""
    return all(judged(step, rationale, before).values())


# ------------------------------------------------------------------------------------- dangers


def _hazard(step: Step, said: Rationale, before: Step | None) -> Values:
    """The car with the smallest time to contact is named, where that is within SOON."""
    times = {car.id: _contact(step.scene, car) for car in step.scene.cars if _near(step.scene, car)}
    soonest = min(times, key=times.get, default=None)
    if soonest is not None and times[soonest] <= SOON:
        yield float(any(soonest in claim.cars for claim in said.claims))


def _contact(scene: Scene, car: Car) -> float:
    claim = Claim("fact", "touching", None, cars=(car.id,))
    try:
        return facts.contact(scene, claim)
    except Untrue:
        return math.inf


def _near(scene: Scene, car: Car) -> bool:
    reach = (abs(car.speed) + abs(scene.ego.speed)) * SOON + 2 * car.length
    return math.hypot(car.x - scene.ego.x, car.y - scene.ego.y) < reach


def _own_limit(step: Step, said: Rationale, before: Step | None) -> Values:
    """Where the gap ahead is short of the wish that the choice was held against, it is said how near it is."""
    for car, wish in _wishes(step):
        gap, speed = _gap(step.scene, car), step.scene.ego.speed
        value, limit = (gap / max(speed, 0.1), wish[0]) if wish[1] == "s" else (gap, wish[0])
        if value < limit - 0.05:
            named = [c for c in said.claims if car in c.cars and c.quantity in HOW_NEAR]
            yield float(bool(named))
            return


def _wishes(step: Step) -> Iterator[tuple[int, tuple[float, str]]]:
    """(car, wish with its unit) of the gaps ahead that cost the choice something."""
    for term in step.choice.chosen.terms:
        short = term.kind in ("headway", "time gap", "gap ahead") and (term.worth or 0.0) < 0
        if short and term.cars and term.threshold is not None:
            yield term.cars[0], (term.threshold, term.unit)


def _gap(scene: Scene, car: int) -> float:
    try:
        gaps = ahead_of_me(scene, Claim("observation", "gap ahead", 0.0, cars=(car,)))
    except Untrue:
        return math.inf
    return min(gap for gap, _ in gaps)


# ------------------------------------------------------------------------------- road and goal


def _oncoming(step: Step, said: Rationale, before: Step | None) -> Values:
    scene = step.scene
    lane = scene.road.lane(scene.ego.lane)
    if facts.against_traffic(scene.road, lane, scene.ego.x, scene.ego.y):
        yield float(any(claim.quantity == "oncoming lane" for claim in said.claims))
        return
    aim = scene.road.by_id.get(step.choice.chosen.target_lane)
    if aim is not None and facts.against_traffic(scene.road, aim, scene.ego.x, scene.ego.y):
        yield float(any(claim.quantity == "into the oncoming lane" for claim in said.claims))


def _goal(step: Step, said: Rationale, before: Step | None) -> Values:
    """Near the exit and not yet in its lane, or past it: the exit is spoken of."""
    scene = step.scene
    if scene.task.kind != "exit" or scene.ego.lane in scene.task.goal:
        return
    try:
        lanes, room = way_to_goal(scene)
    except Untestable:
        lanes, room = 1, 0.0
    if lanes and room < NEAR_EXIT:
        yield float(any(claim.quantity in OF_THE_EXIT for claim in said.claims))


def _priority(step: Step, said: Rationale, before: Step | None) -> Values:
    """Of a car that is let go first, or that the ego meets, it is said which of both has priority, if any has."""
    road = step.scene.road
    for claim in said.claims:
        if claim.kind == "purpose" and claim.quantity == "let go first" and claim.cars:
            car = step.scene.car(claim.cars[0])
            theirs, ours = (facts.rank(road, road.lane(e.lane)) for e in (car, step.scene.ego))
            if theirs != ours:
                told = {c.quantity for c in said.claims if c.cars == claim.cars}
                yield float(bool(told & {"has priority", "I have priority"}))


# ----------------------------------------------------------------------------------- the words


def _sensible(step: Step, said: Rationale, before: Step | None) -> Values:
    """No danger gone makes the ego slower than it is."""
    ours = _pace(step.choice.action)
    told = [c for c in said.claims if c.kind == "cause" and c.option and c.quantity != "task"]
    if told and ours is not None:
        yield float(
            all(_pace(claim.option) is None or _pace(claim.option) >= ours for claim in told)
        )


def _pace(action) -> int | None:
    return PACE.get(action.name, 0) if isinstance(action, Meta) else None


def _heading(step: Step, said: Rationale, before: Step | None) -> Values:
    """The speed does not go the other way than the heading says."""
    change = float(step.tracks.ego[-1, 3]) - step.scene.ego.speed
    told = next((c.said for c in said.claims if c.quantity == "speed change"), None)
    if told is not None:
        yield float(not (told in UP and change < -CHANGED or told in DOWN and change > CHANGED))


def _few_cars(step: Step, said: Rationale, before: Step | None) -> Values:
    yield float(len({car for claim in said.claims for car in claim.cars}) <= TWO)


def _few_words(step: Step, said: Rationale, before: Step | None) -> Values:
    yield float(len(said.text.split()) <= THIRTY)


def _new(step: Step, said: Rationale, before: Step | None) -> Values:
    """Not the sentence before once more, unless that is short."""
    if before is not None:
        yield float(said.text != before.rationale.text or len(said.text.split()) <= TWELVE)


CRITERIA: dict[str, Criterion] = {
    "nearest danger named": _hazard,
    "own limit admitted": _own_limit,
    "oncoming lane said": _oncoming,
    "exit said": _goal,
    "priority said": _priority,
    "no absurd counterfactual": _sensible,
    "heading agrees": _heading,
    "two cars at most": _few_cars,
    "30 words at most": _few_words,
    "new or short": _new,
}
