"""Is it true? Claims against the scene they were made of, words against claims.

Shares no formula with what made the claims: neither `drive.kinematics.surroundings` nor the narrator is
imported, only the road and plain geometry. What needs the simulator (consequences, rejections,
causes) is untestable here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from drive.kinematics.trajectory import meta_action_of
from drive.language import QUANTITIES
from drive.language.quantities import SET_BEFORE, decimals_of
from drive.roads import Lane, LaneId, turns_back
from drive.roads.geometry import corners, distance_between, wrap
from drive.types import (
    Car,
    Claim,
    Scene,
    StaticObject,
    Trajectory,
    Verdict,
)

NEAR_LANE = 1.0  # [m] a car this far over the marking is still in the lane
BACK = 200.0  # [m] looked back along the path
BEND_AHEAD = 100.0  # [m] along the path
ROUNDING = 1e-6  # beyond half a unit of the last said decimal
STANDING, STEADY = 0.5, 0.7  # [m/s] below which it stands; change that keeps the speed
TURNS = {"left": 1, "right": -1}
SIDES = {"LANE_LEFT": "left", "LANE_RIGHT": "right"}
LANE_CHANGES = ("lane change", "merge or split")

Measured = float | str | None


class Untestable(Exception):
    """What cannot be tested from the scene, and why."""


class Untrue(Exception):
    """What the scene contradicts without a number, and how."""


def check(scene: Scene, claim: Claim, trajectory: Trajectory) -> Verdict:
    """One claim, against the scene or (intentions) against the foreseen trajectory.

    Facts and purposes are tested by `drive.checking.facts`.
    """
    if claim.kind == "intention":
        return judged(claim, lambda: _intended(scene, claim, trajectory))
    return observe(scene, claim)


def observe(scene: Scene, claim: Claim) -> Verdict:
    """An observation, rule or goal claim, recomputed from the scene."""
    return judged(claim, lambda: _observed(scene, claim))


# ------------------------------------------------------------------------------------- verdicts


def judged(claim: Claim, measure: Callable[[], Measured]) -> Verdict:
    tolerance = _tolerance(claim)
    try:
        measured = measure()
    except Untestable as reason:
        return Verdict(claim, "untestable", None, None, str(reason))
    except Untrue as reason:
        return Verdict(claim, "false", None, tolerance, str(reason))
    if isinstance(claim.said, float) and isinstance(measured, float):
        same = abs(measured - claim.said) <= tolerance + ROUNDING
    else:
        same = measured == claim.said
    if same:
        return Verdict(claim, "true", measured, tolerance)
    return Verdict(claim, "false", measured, tolerance, f"measured {measured}, said {claim.said}")


def _tolerance(claim: Claim) -> float | None:
    """Half a unit of the last decimal that is said."""
    entry = QUANTITIES.get((claim.kind, claim.quantity))
    return 0.5 * 10.0 ** -decimals_of(claim) if entry and entry.number and not entry.words else None


# ----------------------------------------------------------------------------------- intentions


def motion_of(scene: Scene, trajectory: Trajectory):
    ego = scene.ego
    return meta_action_of(trajectory, scene.road, ego.lane, ego.speed, ego.route)


def _intended(scene: Scene, claim: Claim, trajectory: Trajectory) -> Measured:
    if claim.quantity not in INTENDED:
        raise Untestable(f"nothing is known about an intention on {claim.quantity!r}")
    measured = INTENDED[claim.quantity](scene, trajectory)
    if claim.said in SET_BEFORE and measured == SET_BEFORE[claim.said]:
        return claim.said if _was_set_before(scene, trajectory) else measured
    return measured


def _was_set_before(scene: Scene, trajectory: Trajectory) -> bool:
    return abs(float(trajectory.speed[-1]) - scene.ego.target_speed) < STANDING


def _change(before: float, after: float) -> str:
    if after <= -STANDING:
        return "drive backwards"
    if after < STANDING:
        return "wait" if abs(before) < STANDING else "stop"
    if abs(after - before) <= STEADY:
        return "keep speed"
    return "speed up" if after > before else "slow down"


# --------------------------------------------------------------------------------- observations


def _observed(scene: Scene, claim: Claim) -> Measured:
    if claim.kind not in ("observation", "rule"):
        raise Untestable(f"a {claim.kind} needs the simulator, not only the scene")
    require_bodies(scene, claim)
    if claim.quantity in OF_A_BODY:
        return _nearest(claim.said, OF_A_BODY[claim.quantity](scene, claim))
    if claim.quantity in OF_THE_SCENE:
        return OF_THE_SCENE[claim.quantity](scene, claim)
    if claim.quantity in UNTESTABLE:
        raise Untestable(UNTESTABLE[claim.quantity])
    raise Untestable(f"nothing in the scene tells of {claim.quantity!r}")


def require_bodies(scene: Scene, claim: Claim) -> None:
    """Untrue where the claim is about a car or an object that the scene does not show."""
    for car in claim.cars:
        if not any(car == other.id for other in scene.cars):
            raise Untrue(f"no car {car} in the scene")
    for thing in claim.objects:
        if not any(thing == other.id for other in scene.objects):
            raise Untrue(f"no object {thing} in the scene")


def _nearest(said: float, values: list[float]) -> float:
    """Where a body is in two lanes of the path at once, either may be meant."""
    return min(values, key=lambda value: abs(value - said))


def _place(scene: Scene, claim: Claim) -> Lane:
    """The lane that a claim is about: the ego's set-point, or the one beside it."""
    mine = scene.road.lane(scene.ego.target_lane)
    if claim.option is None:
        return mine
    beside = scene.road.side(mine.id, SIDES[claim.option.name])
    if beside is None:
        raise Untrue(f"there is no lane on the {SIDES[claim.option.name]}")
    return beside


def body_of(scene: Scene, claim: Claim) -> Car | StaticObject:
    if claim.cars:
        return next(car for car in scene.cars if car.id == claim.cars[0])
    return next(thing for thing in scene.objects if thing.id == claim.objects[0])


def _stations(scene: Scene, claim: Claim) -> list[tuple[float, float]]:
    """(distance [m] of centres along the path, speed [m/s] along it) wherever the body is on the path."""
    body, lane = body_of(scene, claim), _place(scene, claim)
    own = lane.frenet(scene.ego.x, scene.ego.y)[0]
    stations = []
    for part, begin in _path(scene, lane, own):
        s, d = part.frenet(body.x, body.y)
        if part.contains(s, d, NEAR_LANE):
            turn = wrap(body.heading - float(part.heading(s)))
            speed = getattr(body, "speed", 0.0)
            stations.append((begin + s - own, speed * math.cos(turn), abs(turn) > math.pi / 2))
    if not stations:
        raise Untrue(f"it is not in {_where(claim)}")
    return stations


def _where(claim: Claim) -> str:
    return f"the lane on the {SIDES[claim.option.name]}" if claim.option else "my lane"


def _path(scene: Scene, lane: Lane, own: float) -> list[tuple[Lane, float]]:
    """The lane, where its road leads along the route, and every lane that leads into it."""
    ahead = scene.road.path(lane.id, scene.ego.route, max(own, 0.0) + scene.perception.range)
    seen = {part.id for part, _ in ahead}
    path, front = list(ahead), [(lane, 0.0)]
    while front:
        here, begin = front.pop()
        if own - begin > BACK:
            continue
        for other in scene.road.lanes:
            if other.id in seen or other.id[1] != here.id[0] or turns_back(other, here):
                continue
            if here.id in (onward.id for onward in scene.road.continuations(other.id)):
                seen.add(other.id)
                front.append((other, begin - other.length))
                path.append((other, begin - other.length))
    return path


def _half_lengths(scene: Scene, claim: Claim) -> float:
    return (scene.ego.length + body_of(scene, claim).length) / 2


def _own_speed(scene: Scene, claim: Claim) -> float:
    lane, ego = _place(scene, claim), scene.ego
    s = lane.frenet(ego.x, ego.y)[0]
    return ego.speed * math.cos(wrap(ego.heading - float(lane.heading(s))))


def ahead_of_me(scene: Scene, claim: Claim) -> list[tuple[float, float]]:
    """(gap [m], closing [m/s]) to a body ahead that does not come the other way."""
    own, half = _own_speed(scene, claim), _half_lengths(scene, claim)
    stations = _stations(scene, claim)
    gaps = [(at - half, own - speed) for at, speed, _ in stations if at >= 0]
    if not gaps:
        raise Untrue("it is behind")
    return gaps


def _behind(scene: Scene, claim: Claim) -> list[tuple[float, float]]:
    """(gap [m], closing [m/s]) of a car behind that drives the same way."""
    own, half = _own_speed(scene, claim), _half_lengths(scene, claim)
    gaps = [
        (-at - half, speed - own)
        for at, speed, opposite in _stations(scene, claim)
        if at < 0 and not opposite
    ]
    if not gaps:
        raise Untrue("it is not behind")
    return gaps


def _gap_ahead(scene: Scene, claim: Claim) -> list[float]:
    if all(opposite for _, _, opposite in _stations(scene, claim)):
        raise Untrue("it is oncoming")
    return [gap for gap, _ in ahead_of_me(scene, claim)]


def oncoming_gaps(scene: Scene, claim: Claim) -> list[float]:
    if not any(opposite for _, _, opposite in _stations(scene, claim)):
        raise Untrue("it is not oncoming")
    return [gap for gap, _ in ahead_of_me(scene, claim)]


def time_gaps(scene: Scene, claim: Claim) -> list[float]:
    if scene.ego.speed <= 0:
        raise Untrue("the ego stands still")
    return [gap / scene.ego.speed for gap, _ in ahead_of_me(scene, claim)]


def _time_to_collision(scene: Scene, claim: Claim) -> list[float]:
    times = [gap / closing for gap, closing in ahead_of_me(scene, claim) if closing > 0]
    if not times:
        raise Untrue("the gap does not shrink")
    return times


def _imposed_braking(scene: Scene, claim: Claim) -> list[float]:
    return [
        closing**2 / (2 * gap) if closing > 0 else 0.0
        for gap, closing in _behind(scene, claim)
        if gap > 0
    ] or [math.inf]


def _beside(scene: Scene, claim: Claim) -> list[float]:
    half = _half_lengths(scene, claim)
    overlaps = [half - abs(at) for at, _, _ in _stations(scene, claim) if abs(at) < half]
    if not overlaps:
        raise Untrue("it does not overlap me lengthwise")
    return overlaps


def _to_the(side: str) -> Callable[[Scene, Claim], list[float]]:
    def away(scene: Scene, claim: Claim) -> list[float]:
        ego, car = scene.ego, body_of(scene, claim)
        across = (car.y - ego.y) * math.cos(ego.heading) - (car.x - ego.x) * math.sin(ego.heading)
        if across * TURNS[side] <= 0:
            raise Untrue(f"it is not to the {side}")
        return [distance_between(*(_outline(body) for body in (ego, car)))]

    return away


def _outline(body):
    return corners(body.x, body.y, body.heading, body.length, body.width)


def _free_ahead(scene: Scene, claim: Claim) -> float:
    """The nearest body, else the end of the path, else as far as the ego can see [m]."""
    lane = _place(scene, claim)
    bodies = (
        *(
            Claim("observation", "gap ahead", 0.0, cars=(c.id,), option=claim.option)
            for c in scene.cars
        ),
        *(
            Claim("observation", "gap ahead", 0.0, objects=(o.id,), option=claim.option)
            for o in scene.objects
        ),
    )
    gaps = [scene.perception.range, path_left(scene, lane)]
    for body in bodies:
        try:
            gaps += [gap for gap, _ in ahead_of_me(scene, body)]
        except Untrue:
            continue
    return min(gaps)


def path_left(scene: Scene, lane: Lane) -> float:
    own = lane.frenet(scene.ego.x, scene.ego.y)[0]
    reach = max(own, 0.0) + scene.perception.range
    part, begin = scene.road.path(lane.id, scene.ego.route, reach)[-1]
    return begin + part.length - own - scene.ego.length / 2


def _no_lane(scene: Scene, claim: Claim) -> None:
    try:
        _place(scene, claim)
    except Untrue:
        return None
    raise Untrue("there is one")


def _offset(scene: Scene, claim: Claim) -> float:
    return float(scene.road.lane(scene.ego.lane).frenet(scene.ego.x, scene.ego.y)[1])


def _heading_error(scene: Scene, claim: Claim) -> float:
    lane = scene.road.lane(scene.ego.lane)
    s = lane.frenet(scene.ego.x, scene.ego.y)[0]
    return math.degrees(float(wrap(scene.ego.heading - float(lane.heading(s)))))


def bend_radius(scene: Scene, claim: Claim) -> float:
    ego = scene.ego
    lane = scene.road.lane(ego.target_lane)
    own = lane.frenet(ego.x, ego.y)[0]
    tightest = 0.0
    for part, begin in scene.road.path(lane.id, ego.route, max(own, 0.0) + BEND_AHEAD):
        near, far = max(own - begin, 0.0), min(own + BEND_AHEAD - begin, part.length)
        for k in range(101):
            if near < far:
                bend = float(part.curvature(near + (far - near) * k / 100))
                tightest = max(tightest, abs(bend))
    if tightest < 1e-4:
        raise Untrue("the road ahead is straight")
    return 1 / tightest


def _lanes_to_the_right(scene: Scene) -> float:
    lane = scene.ego.target_lane
    return float(len(scene.road.sections[lane[:2]]) - 1 - lane[2])


def way_to_goal(scene: Scene) -> tuple[float, float]:
    """Changes of lane, and metres to the fork, that the goal still takes, section by section.

    Of the lanes before the fork, the one leads to the goal whose end meets it.
    """
    road = scene.road
    lane = road.lane(scene.ego.target_lane)
    ahead = -lane.frenet(scene.ego.x, scene.ego.y)[0]
    cost: dict[LaneId, float] = {lane.id: 0.0}
    for _ in range(len(road.sections)):
        lanes = road.sections[next(iter(cost))[:2]]
        ahead += road.lane(min(cost, key=cost.get)).length  # of the lane without a change
        cost = {
            to.id: min(c + abs(to.id[2] - start[2]) for start, c in cost.items()) for to in lanes
        }
        goals = [road.lane(goal) for goal in scene.task.goal if goal[0] == lanes[0].id[1]]
        if goals:
            ends = {here.id: goals[0].distance(*here.point(here.length)) for here in lanes}
            return cost[min(ends, key=ends.get)], ahead
        onward: dict[LaneId, float] = {}
        for here in lanes:
            straight_on = road.following(here.id, scene.ego.route)
            if straight_on is not None:
                onward[straight_on.id] = min(cost[here.id], onward.get(straight_on.id, math.inf))
        if not onward:
            break
        main = next(iter(onward))[:2]
        cost = {lane_id: changes for lane_id, changes in onward.items() if lane_id[:2] == main}
    raise Untestable("the goal is not on the way that the road leads")


OF_A_BODY: dict[str, Callable[[Scene, Claim], list[float]]] = {
    "gap ahead": _gap_ahead,
    "slower ahead": lambda scene, claim: [closing for _, closing in ahead_of_me(scene, claim)],
    "time gap": time_gaps,
    "time to collision": _time_to_collision,
    "oncoming": oncoming_gaps,
    "gap behind": lambda scene, claim: [gap for gap, _ in _behind(scene, claim)],
    "closing from behind": lambda scene, claim: [closing for _, closing in _behind(scene, claim)],
    "imposed braking": _imposed_braking,
    "beside": _beside,
    "to the left": _to_the("left"),
    "to the right": _to_the("right"),
    "its speed": lambda scene, claim: [abs(getattr(body_of(scene, claim), "speed", 0.0))],
}
OF_THE_SCENE: dict[str, Callable[[Scene, Claim], Measured]] = {
    "free ahead": _free_ahead,
    "lane ends": lambda scene, claim: path_left(scene, _place(scene, claim)),
    "no lane": _no_lane,
    "lateral offset": _offset,
    "heading error": _heading_error,
    "bend radius": bend_radius,
    "distance to exit": lambda scene, claim: way_to_goal(scene)[1],
    "lanes to goal": lambda scene, claim: way_to_goal(scene)[0],
    "lanes to the right": lambda scene, claim: _lanes_to_the_right(scene),
}
INTENDED: dict[str, Callable[[Scene, Trajectory], Measured]] = {
    "target speed": lambda scene, trajectory: float(trajectory.speed[-1]),
    "speed change": lambda scene, path: _change(scene.ego.speed, float(path.speed[-1])),
    "lane": lambda scene, path: float(scene.ego.lane[2] + 1 - motion_of(scene, path).lanes),
}
UNTESTABLE = {  # quantities of observations and rules that no scene contradicts, and why
    "always": "whether it is always done shows only over many decisions",
    "drawn": "no scene shows that an action was drawn",
    "acceleration asked": "it is the value of the policy's own law, not of the scene",
    "duration": "it speaks for several decisions, not for this scene",
}
