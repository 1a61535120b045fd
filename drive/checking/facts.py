"""Is it true what must be heard, and is a decision for what it is said to be for? By code that the narrator does not use.

Times to contact are those of outlines that are moved on; a lost exit by driving on at the slowest speed. What is
about the options and not about the scene is left to `drive.checking.weighed`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from drive.checking import sight
from drive.checking.scene import (
    Measured,
    Untestable,
    Untrue,
    ahead_of_me,
    bend_radius,
    body_of,
    judged,
    motion_of,
    oncoming_gaps,
    path_left,
    require_bodies,
    time_gaps,
    way_to_goal,
)
from drive.checking.scene import check as check_scene
from drive.roads import Lane, LaneId, Road, turns_back
from drive.roads.geometry import corners, overlap, wrap
from drive.types import GRID, Claim, Scene, Trajectory, Verdict

LONGEST = 2.5  # [s] ahead within which a contact is looked for
GRAZE = 1e-6  # [m] apart, from which on they touch
EULER = 0.001  # [s] a step on the way at the slowest speed
TAU = 0.6  # [s] in which highway-env's speed controller takes up a difference
EACH_LANE = 1.0  # [s] that a change of lane takes at the least
MEETS = 0.05  # [m] that the two ways to integrate may differ by
FAST, SAME_SPEED = 0.5, 0.4  # [m/s] over the limit; by which a car is slower at the least
STANDS = 1.0  # [m/s] below which a car stands
BESIDE = 5.0  # [m] either side of a place; a lane that is opposite at one place only crosses it


def check(scene: Scene, claim: Claim, trajectory: Trajectory) -> Verdict:
    """One claim, against the scene or the foreseen trajectory."""
    if claim.kind == "sight":
        return sight.check(scene, claim)
    tables = {"fact": FACTS, "purpose": PURPOSES}
    if claim.kind not in tables:
        return check_scene(scene, claim, trajectory)
    test = tables[claim.kind].get(claim.quantity)
    if test is None:
        return judged(claim, lambda: _no_test(claim))
    return judged(claim, lambda: _tested(scene, claim, trajectory, test))


def _tested(scene: Scene, claim: Claim, trajectory: Trajectory, test) -> Measured:
    require_bodies(scene, claim)
    return test(scene, claim, trajectory)


def _no_test(claim: Claim) -> Measured:
    raise Untestable(UNTESTABLE.get(claim.quantity, f"nothing tells of {claim.quantity!r}"))


# ------------------------------------------------------------------------------------ dangers


def _hazard(bearing: str) -> Callable[[Scene, Claim, Trajectory], Measured]:
    def hazard(scene: Scene, claim: Claim, trajectory: Trajectory) -> Measured:
        where = _bearing(scene, claim)
        if where != bearing:
            raise Untrue(f"it is {where}")
        return contact(scene, claim)

    return hazard


def _touching(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    if not overlap(_outline(scene.ego), _outline(body_of(scene, claim))):
        raise Untrue("they do not touch")


def contact(scene: Scene, claim: Claim) -> float:
    """Seconds until the outlines overlap, both moved on at their velocities; Untrue where they do not.

    At constant velocities the gap between their shadows on each normal is linear in time, and they overlap
    while none of the gaps is open: from the last that closes to the first that opens (separating axes).
    """
    ego, body = scene.ego, body_of(scene, claim)
    gaps, rates = _shadows(_outline(ego), _outline(body), _velocity(body) - _velocity(ego))
    touch, apart = 0.0, LONGEST
    for gap, rate in zip(gaps - GRAZE, rates, strict=True):
        if rate < 0:
            touch = max(touch, gap / -rate)
        elif rate > 0:
            apart = min(apart, -gap / rate)
        elif gap > 0:
            apart = -math.inf
    if touch > apart:
        raise Untrue(f"no contact within {LONGEST} s")
    return float(touch)


def _shadows(
    first: np.ndarray, second: np.ndarray, drift: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gaps [16, m] between the shadows of two outlines [4, 2] on the normals of their sides, and how they grow [m/s].

    drift: the second's velocity [2] [m/s] as the first sees it. Of each normal, both orders.
    """
    sides = np.concatenate([polygon - np.roll(polygon, 1, 0) for polygon in (first, second)])
    normals = np.stack([-sides[:, 1], sides[:, 0]], -1) / np.hypot(*sides.T)[:, None]
    one, other = first @ normals.T, second @ normals.T
    rates = normals @ drift
    gaps = np.concatenate([other.min(0) - one.max(0), one.min(0) - other.max(0)])
    return gaps, np.concatenate([rates, -rates])


def _outline(body) -> np.ndarray:
    return corners(body.x, body.y, body.heading, body.length, body.width)


def _velocity(body) -> np.ndarray:
    return getattr(body, "speed", 0.0) * np.array([math.cos(body.heading), math.sin(body.heading)])


def _bearing(scene: Scene, claim: Claim) -> str:
    ego, body = scene.ego, body_of(scene, claim)
    angle = wrap(math.atan2(body.y - ego.y, body.x - ego.x) - ego.heading)
    away = math.hypot(body.x - ego.x, body.y - ego.y)
    if away * abs(math.sin(angle)) < (ego.width + body.width) / 2:
        return "ahead" if math.cos(angle) > 0 else "behind"
    return "on the left" if math.sin(angle) > 0 else "on the right"


def _braking_needed(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    needed = [v**2 / (2 * gap) for gap, v in ahead_of_me(scene, claim) if v > 0 and gap > 0]
    if not needed:
        raise Untrue("the gap does not shrink")
    return min(needed, key=lambda value: abs(value - claim.said))


def _gap(scene: Scene, claim: Claim) -> float:
    gaps = [gap for gap, _ in ahead_of_me(scene, claim)]
    return min(gaps, key=lambda value: abs(value - claim.said))


def _too_near(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    return _short_of_the_wish(claim, _gap(scene, claim))


def _too_close(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    gaps = time_gaps(scene, claim)
    return _short_of_the_wish(claim, min(gaps, key=lambda value: abs(value - claim.said)))


def _short_of_the_wish(claim: Claim, value: float) -> float:
    if claim.threshold is None or claim.said > claim.threshold:
        raise Untrue("what is kept is not short of what is wished")
    return value


def _wreck(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    if not getattr(body_of(scene, claim), "crashed", False):
        raise Untrue("it is no wreck")
    return _gap(scene, claim)


def _wreck_near(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    body = body_of(scene, claim)
    if not getattr(body, "crashed", False):
        raise Untrue("it is no wreck")
    return _apart(_outline(scene.ego), _outline(body))


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """[m] between two outlines [4, 2]: from a corner to a side, the least; 0 where they overlap."""
    if overlap(one, other):
        return 0.0
    return min(_to_sides(corner, to) for at, to in ((one, other), (other, one)) for corner in at)


def _to_sides(point: np.ndarray, outline: np.ndarray) -> float:
    begins, along = outline, np.roll(outline, -1, axis=0) - outline
    share = ((point - begins) * along).sum(1) / (along**2).sum(1)
    nearest = begins + np.clip(share, 0.0, 1.0)[:, None] * along
    return float(np.hypot(*(nearest - point).T).min())


# ------------------------------------------------------------------------------------ the road


def _oncoming_lane(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    ego = scene.ego
    if not against_traffic(scene.road, scene.road.lane(ego.lane), ego.x, ego.y):
        raise Untrue("nothing comes along the ego's lane")


def _into_the_oncoming_lane(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    ego = scene.ego
    if against_traffic(scene.road, scene.road.lane(ego.lane), ego.x, ego.y):
        raise Untrue("the ego is in it already")
    _wrong_lane(scene, trajectory)


def _wrong_lane(scene: Scene, trajectory: Trajectory) -> LaneId:
    """The lane against traffic that the ego is on, else the first that its trajectory leads to."""
    road, ego = scene.road, scene.ego
    path = zip(trajectory.x, trajectory.y, trajectory.heading, strict=True)
    places = [(road.lane(ego.lane), ego.x, ego.y)]
    places += [(road.closest(*map(float, at)), float(at[0]), float(at[1])) for at in path]
    for lane, x, y in places:
        if against_traffic(road, lane, x, y):
            return lane.id
    raise Untrue("nothing comes along any lane that the ego drives on")


def against_traffic(road: Road, lane: Lane, x: float, y: float) -> bool:
    """Does a lane of the opposite direction lie in a lane's place, where the ego is and either side of that?

    One that is opposite at one place only crosses it.
    """
    s = float(lane.frenet(x, y)[0])
    places = [min(max(s + off, 0.0), lane.length) for off in (-BESIDE, 0.0, BESIDE)]
    return any(all(_opposite(lane, at, other) for at in places) for other in road.lanes)


def _opposite(lane: Lane, s: float, other: Lane) -> bool:
    at, aside = other.frenet(*lane.point(s))
    turned = math.cos(float(other.heading(at)) - float(lane.heading(s)))
    along = 0 <= at <= other.length and abs(aside) < other.width / 4
    return along and turned < -math.cos(math.pi / 4)


def _in_own_lane(scene: Scene) -> Scene:
    """The scene, the ego's set-point moved to the lane that it is on."""
    return _in_lane(scene, scene.ego.lane)


def _in_lane(scene: Scene, lane: LaneId) -> Scene:
    return dataclasses.replace(scene, ego=dataclasses.replace(scene.ego, target_lane=lane))


def _on_the_wrong_side(scene: Scene, trajectory: Trajectory) -> Scene:
    """The scene, the ego's set-point moved to the lane against traffic that it is on or changes to."""
    return _in_lane(scene, _wrong_lane(scene, trajectory))


def _nothing_comes(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    here = _on_the_wrong_side(scene, trajectory)
    for car in scene.cars:
        try:
            gaps = oncoming_gaps(here, Claim("observation", "oncoming", 0.0, cars=(car.id,)))
        except Untrue:
            continue
        if any(0 <= gap < claim.said for gap in gaps):
            raise Untrue(f"car {car.id} comes")
    return float(scene.perception.range)


def _comes(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    gaps = oncoming_gaps(_on_the_wrong_side(scene, trajectory), claim)
    return min(gaps, key=lambda value: abs(value - claim.said))


def _back(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    road = scene.road
    for number, (x, y) in enumerate(zip(trajectory.x, trajectory.y, strict=True), 1):
        heading = float(trajectory.heading[number - 1])
        lane = road.closest(float(x), float(y), heading)
        if not against_traffic(road, lane, float(x), float(y)):
            return GRID * number
    raise Untrue("the trajectory stays on the wrong side")


def _exit_missed(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    if scene.task.kind != "exit":
        raise Untrue("the task is no exit")
    try:
        way_to_goal(scene)
    except Untestable:
        return
    raise Untrue("it can still be driven to")


def _out_of_reach(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    if scene.task.kind != "exit":
        raise Untrue("the task is no exit")
    lanes, room = way_to_goal(scene)
    speed, way = scene.ego.speed, 0.0
    slowest = min(scene.ego.target_speeds, default=0.0)
    for _ in range(round(lanes * EACH_LANE / EULER)):
        speed += (slowest - speed) / TAU * EULER
        way += speed * EULER
    if way < room - MEETS:
        raise Untrue(f"{room - way:.0f} m are left")
    return lanes


def _priority(mine: bool) -> Callable[[Scene, Claim, Trajectory], None]:
    def goes_first(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
        ego, car = scene.ego, body_of(scene, claim)
        if car.crashed:
            raise Untrue("it is a wreck, and goes nowhere")
        theirs, ours = (rank(scene.road, scene.road.lane(each.lane)) for each in (car, ego))
        if not (ours > theirs if mine else theirs > ours):
            raise Untrue("the other one goes first, or neither")

    return goes_first


def rank(road: Road, lane: Lane) -> tuple[bool, int]:
    return _leads_back(road, lane), lane.priority


def _leads_back(road: Road, lane: Lane) -> bool:
    """Can a car that goes on from here come here again without turning round on the spot?"""
    front, seen = [lane], set()
    while front:
        here = front.pop(0)
        onward = [o for o in road.continuations(here.id) if not turns_back(here, o)]
        if lane in onward:
            return True
        front += [other for other in onward if other.id not in seen]
        seen.update(other.id for other in onward)
    return False


def _limit(scene: Scene, claim: Claim, trajectory: Trajectory) -> float:
    limit = scene.road.lane(scene.ego.lane).speed_limit
    if limit is None or scene.ego.speed <= limit + FAST:
        raise Untrue("the ego does not drive above a limit")
    return float(limit)


# ------------------------------------------------------------------------------------ purposes


def _is_ahead(scene: Scene, claim: Claim) -> list[tuple[float, float]]:
    return ahead_of_me(scene, dataclasses.replace(claim, option=None))


def _stays(scene: Scene, trajectory: Trajectory) -> None:
    if motion_of(scene, trajectory).lateral == "change lane":
        raise Untrue("the trajectory leaves the lane")


def _is_next(scene: Scene, claim: Claim) -> None:
    """Untrue where the car is not the next one ahead in the ego's set-point lane."""
    ours = min(gap for gap, _ in _is_ahead(scene, claim))
    for car in scene.cars:
        try:
            gaps = [gap for gap, _ in _is_ahead(scene, dataclasses.replace(claim, cars=(car.id,)))]
        except Untrue:
            continue
        if min(gaps) < ours - MEETS:
            raise Untrue(f"car {car.id} is between")


def _follows(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    if claim.cars:
        _is_next(scene, claim)
    _stays(scene, trajectory)


def _passes(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    """The car is ahead in the lane that is left, and slower than the ego will be."""
    if motion_of(scene, trajectory).lateral != "change lane":
        raise Untrue("the trajectory stays in the lane")
    if claim.cars:
        _is_next(_in_own_lane(scene), claim)
        if body_of(scene, claim).speed > trajectory.speed[-1] - SAME_SPEED:
            raise Untrue("it is not slower")


def _lets_go(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    """The car is on another section, does not lead the ego, and can go."""
    if not claim.cars:
        return
    if body_of(scene, claim).crashed:
        raise Untrue("it is a wreck, and goes nowhere")
    if body_of(scene, claim).lane[:2] == scene.ego.lane[:2]:
        raise Untrue("it drives alongside, ahead or behind")


def _finds_gap(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    if scene.task.kind == "exit" and way_to_goal(scene)[0] > 0:
        return
    if not claim.cars:
        raise Untrue("no lane is left to cross")


def _reaches_exit(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    if scene.task.kind != "exit":
        raise Untrue("the task is no exit")
    lanes = motion_of(scene, trajectory).lanes
    start, end, number = scene.ego.lane
    changed = scene.road.by_id.get((start, end, number - lanes))
    if not lanes or changed is None:
        raise Untrue("the trajectory stays in the lane")
    moved = dataclasses.replace(scene.ego, target_lane=changed.id)
    fewer = way_to_goal(dataclasses.replace(scene, ego=moved))[0]
    if fewer >= way_to_goal(_in_own_lane(scene))[0]:
        raise Untrue("that lane is no nearer to the exit")


def _keeps_right(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    if motion_of(scene, trajectory).side != "right":
        raise Untrue("the trajectory does not go to the right")


def _bend(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    bend_radius(scene, claim)


def _stops_before(scene: Scene, claim: Claim, trajectory: Trajectory) -> None:
    if not claim.cars + claim.objects:
        lane = scene.road.lane(scene.ego.target_lane)
        if path_left(scene, lane) >= scene.perception.range:
            raise Untrue("the lane goes on")
        return
    body = body_of(scene, claim)
    if getattr(body, "crashed", False) and body.lane[:2] != scene.ego.lane[:2]:
        if not _before(scene, claim):
            raise Untrue("it is behind")
        return
    _is_ahead(scene, claim)
    if getattr(body, "crashed", False):
        return
    if getattr(body, "speed", 0.0) > STANDS:
        raise Untrue("it does not stand")


def _before(scene: Scene, claim: Claim) -> bool:
    """Does any of the body lie further on than the ego's front, along its heading?"""
    ego = scene.ego
    course = np.array([math.cos(ego.heading), math.sin(ego.heading)])
    ahead = (_outline(body_of(scene, claim)) - [ego.x, ego.y]) @ course
    return bool(ahead.max() > ego.length / 2)


FACTS: dict[str, Callable[[Scene, Claim, Trajectory], Measured]] = {
    **{f"hazard {each}": _hazard(each) for each in ("ahead", "on the left", "on the right", "behind")},
    "touching": _touching,
    "too close": _too_close,
    "too near": _too_near,
    "braking needed": _braking_needed,
    "wreck": _wreck,
    "wreck near": _wreck_near,
    "oncoming lane": _oncoming_lane,
    "into the oncoming lane": _into_the_oncoming_lane,
    "nothing comes": _nothing_comes,
    "comes towards me": _comes,
    "back in lane": _back,
    "exit out of reach": _out_of_reach,
    "exit missed": _exit_missed,
    "has priority": _priority(mine=False),
    "I have priority": _priority(mine=True),
    "above the limit": _limit,
}  # fmt: skip
PURPOSES: dict[str, Callable[[Scene, Claim, Trajectory], None]] = {
    "follow": _follows,
    "pass": _passes,
    "let go first": _lets_go,
    "find gap": _finds_gap,
    "reach exit": _reaches_exit,
    "keep right": _keeps_right,
    "bend": _bend,
    "stop before": _stops_before,
}
UNTESTABLE = {"no way out": "it is about the options that were weighed, not about the scene"}
