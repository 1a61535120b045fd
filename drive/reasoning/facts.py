"""What must be heard whenever it is so, whatever decided: the nearest danger, the wrong side, the lost exit.

Facts follow from scene and road by arithmetic; what is broken of the policy's own wishes, and whether any option
is left that cannot end in a contact, from the terms of the options. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from drive.kinematics.goal import out_of_reach, way_to_exit
from drive.kinematics.hazards import top_hazard
from drive.kinematics.surroundings import opposed
from drive.language import make_claim
from drive.reasoning.reasons import Situation
from drive.roads import LaneId, Road, circulates
from drive.roads.geometry import corners, distance_between
from drive.types import GRID, Choice, Claim, Option, StaticObject, Term

HARD = 4.0  # [m/s2] of braking that the gap ahead takes, from which it is an emergency
ABOVE = 0.5  # [m/s] over the limit, from which it is said
WRECK_REACH = 100.0  # [m] ahead, within which a wreck is said
CLOSE = ("headway", "time gap")  # terms that hold a gap in seconds against a wish
NARROW = ("gap ahead", "gap kept ahead")  # ... in metres


def facts_of(situation: Situation, choice: Choice, deciding: tuple[int, ...]) -> tuple[Claim, ...]:
    """Every fact that holds, the most urgent first. deciding: the cars that decided, whose priority is said."""
    return (
        *_hazard(situation),
        *_no_way_out(choice),
        *_ahead(situation, choice),
        *_wreck_aside(situation, deciding),
        *_wrong_side(situation, choice),
        *_exit(situation),
        *_priority(situation, deciding),
        *_limit(situation),
    )


def _about(body) -> dict[str, tuple[int, ...]]:
    return {"objects" if isinstance(body, StaticObject) else "cars": (body.id,)}


def _hazard(situation: Situation) -> Iterator[Claim]:
    hazard = top_hazard(situation.scene)
    if hazard is None:
        return
    if hazard.time == 0.0:
        yield make_claim("fact", "touching", **_about(hazard.body))
    else:
        quantity = f"hazard {hazard.bearing}"
        yield make_claim("fact", quantity, hazard.time, **_about(hazard.body))


def _no_way_out(choice: Choice) -> Iterator[Claim]:
    """Where every option may end in a contact, and the choice puts it off longest."""
    times = {option.action: soonest_contact(option) for option in choice.options}
    ours = times.pop(choice.action)
    if ours is None or None in times.values() or not times:
        return
    second = max(times.values())
    if ours > second:
        yield make_claim("fact", "no way out", ours, threshold=second)


def soonest_contact(option: Option) -> float | None:
    """Seconds to the soonest contact that the option may end in; None where it has none."""
    return min((t.value for t in option.terms if t.kind == "contact" and t.worth), default=None)


def _ahead(situation: Situation, choice: Choice) -> Iterator[Claim]:
    """A wreck, the braking that the gap takes, and the wish for a gap that is broken now."""
    scene, lead = situation.scene, situation.places[0].leader
    if lead is None or lead.gap < 0 or (lead.car is None and lead.object is None):
        return
    about = {"cars": (lead.car,)} if lead.car is not None else {"objects": (lead.object,)}
    if lead.car is not None and scene.car(lead.car).crashed and lead.gap < WRECK_REACH:
        yield make_claim("fact", "wreck", lead.gap, **about)
    if HARD <= lead.imposed_braking < 100.0:
        yield make_claim("fact", "braking needed", lead.imposed_braking, **about)
    if lead.car is None:
        return
    for kinds, quantity, value in (
        (CLOSE, "too close", lead.time_gap(scene.ego.speed)),
        (NARROW, "too near", lead.gap),
    ):
        wishes = [t.threshold for t in broken(choice.chosen, kinds) if t.cars[:1] == (lead.car,)]
        if wishes and value < max(wishes):
            claim = make_claim("fact", quantity, value, threshold=max(wishes), **about)
            yield from (claim,) if claim.said < claim.threshold else ()
            return


def _wreck_aside(situation: Situation, deciding: tuple[int, ...]) -> Iterator[Claim]:
    """A wreck that decides, and is not ahead in the ego's own lane: as far away as the two outlines are."""
    scene, lead = situation.scene, situation.places[0].leader
    for car in (scene.car(number) for number in deciding[:1]):
        if car.crashed and (lead is None or lead.car != car.id):
            shapes = (corners(b.x, b.y, b.heading, b.length, b.width) for b in (scene.ego, car))
            yield make_claim("fact", "wreck near", distance_between(*shapes), cars=(car.id,))


def broken(option: Option, kinds: tuple[str, ...]) -> list[Term]:
    """The option's terms of these kinds that cost it something for falling short of a wish."""
    return [
        term
        for term in option.terms
        if term.kind in kinds and term.threshold is not None and (term.worth or 0.0) < 0
    ]


# ------------------------------------------------------------------------------- road and goal


def _wrong_side(situation: Situation, choice: Choice) -> Iterator[Claim]:
    """That the ego is on the wrong side, or changes to it, and what comes towards it there."""
    scene, lane, aim = situation.scene, situation.scene.ego.lane, choice.chosen.target_lane
    here = opposed(scene.road, lane)
    if here:
        yield make_claim("fact", "oncoming lane")
    elif aim is not None and opposed(scene.road, aim):
        yield make_claim("fact", "into the oncoming lane")
        lane = aim
    else:
        return
    other = situation.view.oncoming(lane)
    if other is not None and other.gap >= 0:
        yield make_claim("fact", "comes towards me", other.gap, cars=(other.car,))
    else:
        yield make_claim("fact", "nothing comes", scene.perception.range)
    back = _back_in_lane(situation) if here else None
    if back is not None:
        yield make_claim("fact", "back in lane", back)


def _back_in_lane(situation: Situation) -> float | None:
    """Seconds until the trajectory is in a lane that nothing comes along; None where it does not get there."""
    road, path = situation.scene.road, situation.trajectory
    for k, (x, y, heading) in enumerate(zip(path.x, path.y, path.heading, strict=True)):
        if not opposed(road, road.closest(float(x), float(y), float(heading)).id):
            return GRID * (k + 1)
    return None


def _exit(situation: Situation) -> Iterator[Claim]:
    scene = situation.scene
    goal = set(scene.task.goal)
    if scene.task.kind != "exit" or scene.ego.lane in goal or not goal & scene.road.by_id.keys():
        return
    way = way_to_exit(scene, scene.ego.target_lane)
    if way is None:
        yield make_claim("fact", "exit missed")
    elif out_of_reach(scene, way):
        yield make_claim("fact", "exit out of reach", way.lanes)


def _priority(situation: Situation, cars: tuple[int, ...]) -> Iterator[Claim]:
    """Whether the ego or a car on another section goes first: by the rank of their lanes, a ring before the ways to it."""
    scene = situation.scene
    for car in cars[:1]:
        lane = scene.car(car).lane
        rank = priority(scene.road, lane) - priority(scene.road, scene.ego.lane)
        if lane[:2] != scene.ego.lane[:2] and rank and not scene.car(car).crashed:
            yield make_claim("fact", "has priority" if rank > 0 else "I have priority", cars=(car,))


def priority(road: Road, lane: LaneId) -> int:
    """A lane's rank at crossings, higher goes first; in a ring higher than on the way to it."""
    return 10 * circulates(road, lane) + road.lane(lane).priority


def _limit(situation: Situation) -> Iterator[Claim]:
    ego, road = situation.scene.ego, situation.scene.road
    limit = road.lane(ego.lane).speed_limit
    if limit is not None and ego.speed > limit + ABOVE:
        yield make_claim("fact", "above the limit", limit)
