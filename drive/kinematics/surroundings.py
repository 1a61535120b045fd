"""Which car is where around the ego: pure functions of a scene, for policies and for words.

A car is in a lane when |d| <= width / 2 + 1 m and -5 m <= s < length + 5 m (highway-env's own
neighbour rule); it drives along it, or is oncoming, by its heading (within 90 degrees or beyond).
Gaps are bumper to bumper along the path (the lane continued along the ego's route, and back over
all lanes that lead into it); closing speeds are own minus other's, along the lane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drive.kinematics.control import (
    TAU_LATERAL,
    Plan,
    acceleration_towards,
    clipped,
    driven,
    followed_lane,
    state_of,
    steering_towards,
    target_lane_after,
)
from drive.roads import CAR_LENGTH, Lane, LaneId, Road
from drive.roads.geometry import braking_to_match, time_headway, time_to_collision, wrap
from drive.types import Car, Control, Meta, Option, Scene, Side

MARGIN = 1.0  # [m] that a lane is widened by on either side
BEHIND = 120.0  # [m] looked back over the lanes that lead into one
HORIZON = 4.0  # [s] looked ahead for contacts
TICK = 0.2  # [s] between the moments at which contacts are looked for
USUAL_SHARE = 0.75  # of the speed limit, at which highway-env's traffic sets out
IDM = {  # highway-env's nominal driver
    "acceleration": 3.0,  # [m/s2]
    "braking": 5.0,  # [m/s2], comfortable
    "hardest": 6.0,  # [m/s2], braking
    "jam": 10.0,  # [m], centre to centre
    "time gap": 1.5,  # [s]
    "exponent": 4.0,
}
CHANGES: dict[Meta, Side] = {Meta("LANE_LEFT"): "left", Meta("LANE_RIGHT"): "right"}
SPARE = 0.8  # of the legal steering, that a change of lane uses; the rest is for keeping one
ALONG, ACROSS = 1.0, 0.3  # [m] that the ego is widened by, at either end and on either side
SLOW = 2.0  # [m/s] below the usual speed, from which on a car may also be about to pick it up
DOUBT = 0.5  # [m/s] by which ALONG grows with the time looked ahead


@dataclass(frozen=True)
class Neighbour:
    """A car, a static object, or the end of the road (neither id), seen along a lane."""

    gap: float  # [m] bumper to bumper, negative where they overlap lengthwise
    closing: float  # [m/s] positive when the gap shrinks
    speed: float  # [m/s] along the lane; negative when oncoming, or rolling back
    car: int | None = None
    object: int | None = None
    oncoming: bool = False  # does it face the other way?
    crossing: bool = False  # heads across the lane, more than 45 degrees off either direction
    halves: float = (
        CAR_LENGTH  # [m] half of it and half of the ego: with the gap, the distance of centres
    )

    @property
    def time_to_collision(self) -> float:
        """[s] until the gap is gone; inf where the gap does not close."""
        return time_to_collision(self.gap, self.closing)

    @property
    def imposed_braking(self) -> float:
        """Deceleration [m/s2] that removes the closing speed within the gap."""
        return braking_to_match(self.gap, self.closing)

    def time_gap(self, speed: float) -> float:
        """Seconds to use up the gap at a speed [m/s]; inf at standstill."""
        return time_headway(self.gap, speed)


@dataclass(frozen=True)
class Place:
    """A lane at the ego and what is on it, each the nearest; None where there is none."""

    change: Meta | None  # the change of lane that leads there; None: the ego's set-point lane
    lane: LaneId
    leader: Neighbour | None
    follower: Neighbour | None
    oncoming: Neighbour | None
    beside: tuple[Neighbour, ...]


@dataclass(frozen=True)
class Forecast:
    """Where a car will be every TICK along its lanes, if the car takes this branch.

    At constant speed; a car that is slower than usual here has another forecast, which picks up speed.
    """

    car: int
    branch: tuple[LaneId, ...]
    poses: tuple[tuple[float, float, float], ...]  # x, y [m], heading [rad]; the first is now
    length: float  # [m]
    width: float  # [m]


@dataclass(frozen=True)
class Contact:
    """A foreseen overlap of the ego with a car whose path crosses or joins its own."""

    car: int
    time: float  # [s] until it


# ------------------------------------------------------------------------------ which car is where


class View:
    """A scene with what is worth computing once; immutable from outside."""

    def __init__(self, scene: Scene):
        self.scene = scene
        self._rulers: dict[LaneId, tuple[tuple[Lane, float], ...]] = {}
        self._along: dict[LaneId, tuple[tuple[float, Neighbour], ...]] = {}
        self._forecasts: tuple[Forecast, ...] | None = None

    # -- along a lane

    def leader(self, lane: LaneId | None = None) -> Neighbour | None:
        """The nearest ahead on the lane's path (the ego's set-point lane, unless given).

        Same direction only; static objects and the end of the road count, with speed 0.
        """
        return next((n for at, n in self._on(lane) if at >= 0 and not n.oncoming), None)

    def follower(self, lane: LaneId | None = None) -> Neighbour | None:
        """The nearest car behind on the lane's path, same direction; closing is its approach."""
        return next((n for at, n in reversed(self._on(lane)) if at < 0 and not n.oncoming), None)

    def oncoming(self, lane: LaneId | None = None) -> Neighbour | None:
        """The nearest car ahead on the lane's path that drives the other way."""
        return next((n for at, n in self._on(lane) if at >= 0 and n.oncoming), None)

    def beside(self, lane: LaneId) -> tuple[Neighbour, ...]:
        """Cars in the lane that overlap the ego lengthwise."""
        return tuple(n for _, n in self._on(lane) if n.car is not None and n.gap < 0)

    def places(self) -> tuple[Place, ...]:
        """The ego's set-point lane, then the lanes beside it that exist, left before right."""
        road, own = self.scene.road, self.scene.ego.target_lane
        beside = ((change, road.side(own, side)) for change, side in CHANGES.items())
        lanes = ((None, own), *((change, lane.id) for change, lane in beside if lane))
        return tuple(
            Place(
                change,
                lane,
                self.leader(lane),
                self.follower(lane),
                self.oncoming(lane),
                self.beside(lane),
            )
            for change, lane in lanes
        )

    def expected_acceleration(self, other: Neighbour, lane: LaneId | None = None) -> float:
        """What IDM expects [m/s2] of a neighbour on the lane, given the car ahead of that; 0 at best.

        The speed that the neighbour wishes for is taken to be its speed now, or the traffic's usual share
        of the limit.
        """
        row = self._on(lane)
        at = next((k for k, (_, n) in enumerate(row) if n == other), None)
        if at is None or other.car is None or at + 1 == len(row):
            return 0.0
        (here, _), (next_station, ahead) = row[at : at + 2]
        wish = max(
            other.speed, self._usual_speed(self.scene.road.lane(lane or self.scene.ego.target_lane))
        )
        gap = next_station - here - CAR_LENGTH  # whatever the lengths: IDM goes by centres
        return min(0.0, idm_acceleration(other.speed, wish, gap, other.speed - ahead.speed))

    def _usual_speed(self, lane: Lane) -> float:
        """Speed [m/s] at which the traffic sets out; the ego's fastest on a lane without a limit."""
        return USUAL_SHARE * (lane.speed_limit or max(self.scene.ego.target_speeds, default=0.0))

    def ahead(self, lane: LaneId | None = None) -> tuple[Neighbour, ...]:
        """Every neighbour ahead on the lane's path, nearest first, whatever its direction."""
        return tuple(n for at, n in self._on(lane) if at >= 0)

    def drives_along(self, car: int, lane: LaneId | None = None) -> bool:
        """Is the car on the lane's path, driving in the lane's direction and not across?"""
        return any(n.car == car and not (n.crossing or n.oncoming) for _, n in self._on(lane))

    def _on(self, lane: LaneId | None) -> tuple[tuple[float, Neighbour], ...]:
        """(distance of centres, neighbour) on the lane's path, rearmost first."""
        lane = lane or self.scene.ego.target_lane
        if lane not in self._along:
            self._along[lane] = tuple(sorted(self._measure(lane), key=lambda pair: pair[0]))
        return self._along[lane]

    def _measure(self, lane: LaneId):
        scene, ego, ruler = self.scene, self.scene.ego, self._ruler(lane)
        s = scene.road.lane(lane).frenet(ego.x, ego.y)[0]
        own = ego.speed * math.cos(ego.heading - scene.road.lane(lane).heading(s))
        for car in scene.cars:
            place = _place(ruler, car.x, car.y, s)
            if place:
                at, heading = place[0] - s, place[1]
                speed = car.speed * math.cos(car.heading - heading)
                closing = own - speed if at >= 0 else speed - own
                halves = (car.length + ego.length) / 2
                gap = abs(at) - halves
                angle = abs(wrap(car.heading - heading))
                crossing = math.pi / 4 < angle < 3 * math.pi / 4
                oncoming = angle > math.pi / 2
                yield (
                    at,
                    Neighbour(gap, closing, speed, car.id, None, oncoming, crossing, halves),
                )
        for thing in scene.objects:
            place = _place(ruler, thing.x, thing.y, s)
            if place and place[0] >= s:
                gap = place[0] - s - (thing.length + ego.length) / 2
                yield place[0] - s, Neighbour(gap, own, 0.0, object=thing.id)
        last, begin = ruler[-1]
        at = begin + last.length - s
        if last.id[1] not in scene.road.exits and at < scene.perception.range:
            yield max(at, 0.0), Neighbour(at - ego.length / 2, own, 0.0)

    def _ruler(self, lane: LaneId) -> tuple[tuple[Lane, float], ...]:
        """Lanes with the station [m] at which each begins: those that lead into `lane`, `lane`, those after."""
        if lane not in self._rulers:
            scene = self.scene
            s = scene.road.lane(lane).frenet(scene.ego.x, scene.ego.y)[0]
            reach = max(s, 0.0) + scene.perception.range
            onward = scene.road.path(lane, scene.ego.route, reach)
            seen = {part.id for part, _ in onward}
            self._rulers[lane] = (*self._back(lane, s, seen), *onward)
        return self._rulers[lane]

    def _back(self, lane: LaneId, s: float, seen: set[LaneId]) -> list[tuple[Lane, float]]:
        sections, front = [], [(lane, 0.0)]
        while front:
            onward, begin = front.pop(0)
            if s - begin > BEHIND:
                continue
            for before in self.scene.road.entries.get(onward, ()):
                if before.id not in seen:
                    seen.add(before.id)
                    front.append((before.id, begin - before.length))
                    sections.append((before, begin - before.length))
        return sections

    # -- across lanes

    def contacts(self, lane: LaneId, plan: Plan) -> tuple[Contact, ...]:
        """Overlaps foreseen within HORIZON with cars that do not drive along the lane's path.

        The ego drives to and along the lane at its speed law under the plan; cars as forecast.
        Soonest first, one for each car.
        """
        own = self._own_poses(lane, plan)
        ego, times = self.scene.ego, {}
        size = (ego.length + 2 * ALONG, ego.width + 2 * ACROSS)  # now
        for forecast in self.forecasts:
            if self.drives_along(forecast.car, lane):
                continue
            at = _first_overlap(own, size, forecast)
            if at is not None and at < times.get(forecast.car, math.inf):
                times[forecast.car] = at
        return tuple(
            Contact(car, at) for car, at in sorted(times.items(), key=lambda p: (p[1], p[0]))
        )

    @property
    def forecasts(self) -> tuple[Forecast, ...]:
        """Every branch of every car that could come near within HORIZON."""
        if self._forecasts is None:
            near = (car for car in self.scene.cars if self._may_meet(car))
            self._forecasts = tuple(f for car in near for f in self._branches(car))
        return self._forecasts

    def _may_meet(self, car: Car) -> bool:
        ego = self.scene.ego
        fastest = max((abs(ego.speed), *ego.target_speeds))
        reach = (fastest + abs(car.speed)) * HORIZON + car.length + ego.length
        return math.hypot(car.x - ego.x, car.y - ego.y) < reach and not self._parallel(car)

    def _parallel(self, car: Car) -> bool:
        """Does the car drive beside the ego towards the only way on, so that the paths cannot cross?"""
        road, ego = self.scene.road, self.scene.ego
        if car.lane[:2] != ego.lane[:2] or len(road.exits.get(ego.lane[1], ())) > 1:
            return False
        onward = {road.following(lane) for lane in (car.lane, ego.lane)} - {None}
        return len(onward) != 1

    def _branches(self, car: Car) -> list[Forecast]:
        road, lane = self.scene.road, self.scene.road.lane(car.lane)
        s, d = lane.frenet(car.x, car.y)
        reach = max(abs(car.speed), self._usual_speed(lane)) * HORIZON
        paths, open_paths = [], [((lane, 0.0),)]
        while open_paths:
            path = open_paths.pop()
            last, begin = path[-1]
            onward = road.continuations(last.id) if begin + last.length - s < reach else ()
            onward = [
                other
                for other in onward
                if _plausible(last, other) and all(other is not part for part, _ in path)
            ]
            if not onward:
                paths.append(path)
            open_paths += [(*path, (other, begin + last.length)) for other in onward]
        times = [TICK * k for k in range(round(HORIZON / TICK) + 1)]
        usual = max(abs(car.speed), self._usual_speed(lane))
        speeds = (abs(car.speed), usual) if usual > abs(car.speed) + SLOW else (abs(car.speed),)
        return [
            Forecast(
                car.id,
                tuple(part.id for part, _ in path),
                _poses(path, s, d, [_picked_up(abs(car.speed), speed, t) for t in times]),
                car.length,
                car.width,
            )
            for path in paths
            for speed in speeds
        ]

    def _own_poses(self, lane: LaneId, plan: Plan):
        scene, ego = self.scene, self.scene.ego
        s, d = scene.road.lane(lane).frenet(ego.x, ego.y)
        path = [pair for pair in self._ruler(lane) if pair[1] >= 0]
        times = [TICK * k for k in range(round(HORIZON / TICK) + 1)]
        return _poses(path, s, d, [driven(ego.speed, plan, t) for t in times])


def idm_acceleration(
    speed: float,
    wish: float,
    gap: float = math.inf,
    closing: float = 0.0,
    halves: float = CAR_LENGTH,
) -> float:
    """The Intelligent Driver Model's acceleration [m/s2], not below -IDM["hardest"].

    Treiber, Hennecke, Helbing 2000, eq. 2 and 3, with `IDMVehicle`'s parameters. speed and the speed
    wished for in m/s; gap [m] bumper to bumper; halves [m] half of either car, since highway-env's jam
    distance counts between centres; closing [m/s] towards the leader.
    """
    free = 1 - (max(speed, 0.0) / max(wish, 0.01)) ** IDM["exponent"]
    slack = 2 * math.sqrt(IDM["acceleration"] * IDM["braking"])
    wanted = IDM["jam"] + speed * IDM["time gap"] + speed * closing / slack
    press = (wanted / max(gap + halves, 0.01)) ** 2
    return max(IDM["acceleration"] * (free - press), -IDM["hardest"])


def side_lanes(scene: Scene) -> dict[Side, Lane]:
    """Lanes that the ego may legally move to now, by side."""
    ego, lanes = scene.ego, {}
    for side, action in (("left", "LANE_LEFT"), ("right", "LANE_RIGHT")):
        lane = scene.road.side(ego.target_lane, side)
        legal = scene.legal.steered or scene.legal.allows(Meta(action))
        if legal and lane and lane.reachable_from(ego.x, ego.y):
            lanes[side] = lane
    return lanes


def begun_change(scene: Scene) -> LaneId | None:
    """The lane beside, once a steered ego has gone a quarter of the way there; None before."""
    ego, lane = scene.ego, scene.road.lane(scene.ego.lane)
    _, d = lane.frenet(ego.x, ego.y)
    beside = scene.road.side(ego.lane, "left" if d > 0 else "right")
    return beside.id if beside and abs(d) > lane.width / 4 else None


def opposed(road: Road, lane: LaneId) -> bool:
    """Is the lane also driven the other way, by a lane of the opposite direction in its place?"""
    own = road.lane(lane)
    x, y = own.point(own.length / 2)
    for other in road.lanes:
        s, d = other.frenet(x, y)
        turned = abs(wrap(other.heading(s) - own.heading(own.length / 2)))
        if turned > 3 * math.pi / 4 and other.contains(s, d, -own.width / 4):
            return True
    return False


def legal_options(scene: Scene) -> tuple[Option, ...]:
    """What can be done now, unweighed, each with the lane it drives to.

    Every legal meta-action; or, where the road is steered, a fan: follow the lane, move to the left
    one, to the right one, and wheels straight (which follows no lane).
    """
    ego, road, legal = scene.ego, scene.road, scene.legal
    if legal.meta:
        return tuple(
            Option(Meta(name), target_lane=_lane_after(scene, name)) for name in legal.meta
        )
    steady = clipped(acceleration_towards(ego.speed, ego.target_speed), legal.acceleration)
    fan = {Control(steady, _wheel(scene, road.lane(ego.lane), 1.0)): ego.lane}
    for lane in side_lanes(scene).values():
        fan.setdefault(Control(steady, _wheel(scene, lane, SPARE)), lane.id)
    fan.setdefault(Control(steady, 0.0), None)
    return tuple(Option(action, target_lane=lane) for action, lane in fan.items())


# ------------------------------------------------------------------------------------- arithmetic


def _wheel(scene: Scene, lane: Lane, share: float) -> float:
    """Steering [rad] towards a lane, within a share of what is legal."""
    low, high = scene.legal.steering
    return clipped(
        steering_towards(lane, state_of(scene.ego), scene.ego.length), (share * low, share * high)
    )


def _lane_after(scene: Scene, name: str) -> LaneId:
    """The set-point lane beside which, or in which, a meta-action leads.

    Near the end of a lane the set-point has moved on before the action counts, and the lanes beside
    the next one are not reachable yet: the change is lost.
    """
    ego, road = scene.ego, scene.road
    here = road.lane(ego.target_lane)
    onward, _ = followed_lane(road, here, ego.route, ego.x, ego.y)
    lost = target_lane_after(road, onward, name, ego.x, ego.y) is onward
    return here.id if lost else target_lane_after(road, here, name, ego.x, ego.y).id


def _place(ruler, x: float, y: float, own: float) -> tuple[float, float] | None:
    """(station [m], heading of the lane [rad]) of a point on the lanes that contain it.

    Where it is on several (junctions, and rings, on which a car behind is also ahead), the station
    nearest to the ego's own counts.
    """
    places = []
    for lane, begin in ruler:
        s, d = lane.frenet(x, y)
        if lane.contains(s, d, MARGIN):
            places.append((begin + s, lane.heading(s)))
    return min(places, key=lambda place: abs(place[0] - own), default=None)


def _poses(path, s: float, d: float, distances) -> tuple[tuple[float, float, float], ...]:
    """Poses along a path from (s, d), the offset fading as a lane follower's does."""
    poses, place = [], 0
    for k, distance in enumerate(distances):
        at = s + distance
        while place + 1 < len(path) and at >= path[place + 1][1]:
            place += 1
        lane, begin = path[place]
        offset = d * math.exp(-k * TICK / TAU_LATERAL)
        poses.append((*lane.point(at - begin, offset), lane.heading(at - begin)))
    return tuple(poses)


def _plausible(lane: Lane, onward: Lane) -> bool:
    """May a car on `lane` continue on `onward`? A joint may lead one lane aside, not into a forbidden one."""
    jump = math.dist(lane.point(lane.length), onward.point(0.0))
    return jump < onward.width / 2 or (jump < 1.5 * onward.width and not onward.forbidden)


def _picked_up(speed: float, usual: float, t: float) -> float:
    """Distance [m] in t seconds of a car that picks up speed as IDM's drivers do, up to the usual one."""
    rise = min(t, (usual - speed) / IDM["acceleration"])
    return speed * t + IDM["acceleration"] * (rise * t - rise**2 / 2)


def _first_overlap(own, size: tuple[float, float], forecast: Forecast) -> float | None:
    reach = math.hypot(*size) / 2 + math.hypot(forecast.length, forecast.width) / 2
    for k, (mine, theirs) in enumerate(zip(own, forecast.poses, strict=True)):
        doubt = 2 * DOUBT * k * TICK
        dx, dy = theirs[0] - mine[0], theirs[1] - mine[1]
        if abs(dx) < reach + doubt and abs(dy) < reach + doubt:
            grown = (size[0] + doubt, size[1])
            if _overlap(dx, dy, mine[2], grown, theirs[2], forecast):
                return k * TICK
    return None


def _overlap(dx, dy, heading, size, other_heading, other: Forecast) -> bool:
    """Do two rectangles intersect? Separating axes, in plain numbers."""
    turn = other_heading - heading
    cos, sin = abs(math.cos(turn)), abs(math.sin(turn))
    half = (size[0] / 2, size[1] / 2, other.length / 2, other.width / 2)
    ahead, left = _turned(dx, dy, heading)
    if abs(ahead) > half[0] + half[2] * cos + half[3] * sin:
        return False
    if abs(left) > half[1] + half[2] * sin + half[3] * cos:
        return False
    ahead, left = _turned(dx, dy, other_heading)
    return (
        abs(ahead) <= half[2] + half[0] * cos + half[1] * sin
        and abs(left) <= half[3] + half[0] * sin + half[1] * cos
    )


def _turned(dx: float, dy: float, heading: float) -> tuple[float, float]:
    cos, sin = math.cos(heading), math.sin(heading)
    return dx * cos + dy * sin, dy * cos - dx * sin
