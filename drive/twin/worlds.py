"""Worlds: a batch of traffic states on one road, and what can be done with them.

Inside, the frame is highway-env's (y down); every public method and property here speaks the road frame
(x forward, y left, angles counter-clockwise). Worlds are mutable: `step` drives them in place, `copy` first where the
state is needed again.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from drive.roads import Road
from drive.twin import kernel as k

META_ACTIONS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")  # by code, on every road
CODES = {name: code for code, name in enumerate(META_ACTIONS)}
NO_ACTION, STAND_STILL = k.NONE, k.STILL
NO_TRACKS = np.zeros(
    (0, 0, 0, 4)
)  # what stands for tracks, the ego's states and risks where they are not recorded
NO_EGOS = np.zeros((0, 0, 5))
NO_RISKS = np.zeros((0, 0, k.PARTNERS))
FEW = 5  # slots; among so few each world is driven by itself, also where worlds are related

KINDS = {
    "Vehicle": k.PLAIN,
    "BicycleVehicle": k.BICYCLE,
    "MDPVehicle": k.META,
    "ControlledVehicle": k.META,
    "IDMVehicle": k.IDM,
    "LinearVehicle": k.LINEAR,
    "AggressiveVehicle": k.LINEAR,
    "DefensiveVehicle": k.LINEAR,
}

_IDM = {
    "ACC_MAX": 6.0,  # [m/s2]
    "COMFORT_ACC_MAX": 3.0,  # [m/s2]
    "COMFORT_ACC_MIN": -5.0,  # [m/s2]
    "DISTANCE_WANTED": 10.0,  # [m], centre to centre
    "TIME_WANTED": 1.5,  # [s]
    "DELTA": 4.0,
    "POLITENESS": 0.0,
    "LANE_CHANGE_MIN_ACC_GAIN": 0.2,  # [m/s2]
    "LANE_CHANGE_MAX_BRAKING_IMPOSED": 2.0,  # [m/s2]
    "LANE_CHANGE_DELAY": 1.0,  # [s]
    "MAX_SPEED": 40.0,  # [m/s]
    "MIN_SPEED": -40.0,  # [m/s]
    "ACCELERATION_PARAMETERS": (0.3, 0.3, 2.0),
    "STEERING_PARAMETERS": (5.0, 5.0 / 0.6),
}
_LINEAR = _IDM | {"TIME_WANTED": 2.5}
NOMINAL = {  # class -> parameter -> value, as highway-env 1.12 declares them
    "Vehicle": _IDM,
    "BicycleVehicle": _IDM,
    "MDPVehicle": _IDM,
    "ControlledVehicle": _IDM,
    "IDMVehicle": _IDM,
    "LinearVehicle": _LINEAR,
    "AggressiveVehicle": _LINEAR
    | {"LANE_CHANGE_MIN_ACC_GAIN": 1.0, "ACCELERATION_PARAMETERS": (0.8 / 7.5, 0.8 / 22.5, 0.5)},
    "DefensiveVehicle": _LINEAR
    | {"LANE_CHANGE_MIN_ACC_GAIN": 1.0, "ACCELERATION_PARAMETERS": (1.2 / 7.5, 1.2 / 22.5, 2.0)},
}
_FLIPPED = (k.Y, k.HEADING, k.SLIP, k.STEERING, k.IMPACT_Y, k.LATERAL_SPEED, k.YAW_RATE)


def driver_row(parameters: dict) -> tuple[float, ...]:
    """A row of the drivers table from parameters by highway-env's names; DELTA is kept per car instead."""
    p = parameters
    return (
        p["ACC_MAX"],
        p["COMFORT_ACC_MAX"],
        p["COMFORT_ACC_MIN"],
        p["DISTANCE_WANTED"],
        p["TIME_WANTED"],
        p["POLITENESS"],
        p["LANE_CHANGE_MIN_ACC_GAIN"],
        p["LANE_CHANGE_MAX_BRAKING_IMPOSED"],
        p["LANE_CHANGE_DELAY"],
        p["MIN_SPEED"],
        p["MAX_SPEED"],
        2 * float(np.sqrt(-p["COMFORT_ACC_MAX"] * p["COMFORT_ACC_MIN"])),
        *map(float, p["ACCELERATION_PARAMETERS"]),
        *map(float, p["STEERING_PARAMETERS"]),
    )


RISK_COLUMNS = (
    "gap ahead",
    "time to collision ahead",
    "gap behind",
    "time to collision behind",
    "follower",
    "clearance",
)


@dataclass(frozen=True)
class Drive:
    """What a drive left behind, road frame; T = decisions x sub-steps, states after each sub-step. None: not recorded.

    risks: the worst of each decision on the ego's lane and the one it changes to, along the lane: gap ahead [m], time to
    collision ahead [s], gap behind [m], time to collision behind [s] (bumper to bumper; inf: none), the commanded
    acceleration of the car behind [m/s2] (inf: no car) and the clearance to any other shape [m] (inf: none within
    12 m). Taken at the start of each sub-step; ghosts are left out, and a car behind a ghost does not count as behind.
    """

    tracks: np.ndarray | None  # [W, T, N, 4] x, y [m], heading [rad], speed [m/s] by slot
    ego: (
        np.ndarray | None
    )  # [W, T, 5] the ego's x, y, heading, speed and commanded acceleration [m/s2]
    risks: np.ndarray | None  # [W, D, RISKS]
    # float [W, D, RISKS] the slots that the risks come from; inf: none
    partners: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Worlds:
    """W worlds of up to N cars and objects on one road. The arrays may be written between steps."""

    road: Road
    net: k.Net
    drivers: np.ndarray  # [D, DRIVER_COLUMNS] shared parameter rows
    routes: (
        np.ndarray
    )  # int32 [R, steps, 2] shared: segment (-1: end), lane number (-1: not planned)
    speeds: np.ndarray  # [K] [m/s], what FASTER and SLOWER choose from
    f: np.ndarray  # [W, FLOAT_ROWS, N] state, kernel's frame
    g: np.ndarray  # int32 [W, INT_ROWS, N] state
    head: np.ndarray  # int32 [W, HEAD]

    def __len__(self) -> int:
        return self.f.shape[0]

    # --- batches

    def copy(self) -> Worlds:
        return replace(self, f=self.f.copy(), g=self.g.copy(), head=self.head.copy())

    def tile(self, times: int) -> Worlds:
        """Every world `times` times: w0, w0, ..., w1, w1, ..."""
        return self.select(np.repeat(np.arange(len(self)), times))

    def select(self, worlds) -> Worlds:
        """A new batch of copies of the given worlds (indices or a mask)."""
        return replace(self, f=self.f[worlds], g=self.g[worlds], head=self.head[worlds])

    def put(self, slots, x, y, heading, speed) -> Worlds:
        """A copy in which one slot of each world [W] (-1: none) stands elsewhere: x, y [m], heading [rad], speed [m/s]."""
        copy, worlds = self.copy(), np.flatnonzero(np.asarray(slots) >= 0)
        rows = zip((k.X, k.Y, k.HEADING, k.SPEED), (x, y, heading, speed), strict=True)
        for row, values in rows:
            given = np.broadcast_to(values, len(self))[worlds]
            copy.f[worlds, row, np.asarray(slots)[worlds]] = -given if row in _FLIPPED else given
        return copy

    # --- driving

    def step(
        self,
        actions=None,
        substeps: int = 15,
        dt: float = 1 / 15,
        *,
        stop_on_crash: bool = False,
        tracks: bool = False,
        ego: bool = False,
        risks: bool = False,
        wanted: Sequence[float] = (),
        related: bool = False,
        threads: int = 1,
    ) -> Drive:
        """Drive all worlds, in place, through one decision or several.

        actions: meta-action codes int [W] or [W, D] (NO_ACTION: none; STAND_STILL: leave this world as it is), or
        controls float [W, 2] or [W, D, 2] (acceleration [m/s2], steering [rad] positive to the left), or None. Each
        decision lasts substeps x dt [s]. stop_on_crash: a world stands still from its ego's crash on. tracks, ego,
        risks: what to record. wanted: margins in the order of kernel.AHEAD_TIME and on; with risks, a car that falls
        short of one is marked (`touched`). related: most cars of a world stand as in the world before it, as where one
        situation branches: the results are the same to the last digit, in less time. threads: how many; the GIL is
        released.
        """
        codes, controls = self._orders(actions)
        if substeps < 1 or not dt > 0:
            raise ValueError(f"substeps {substeps} and dt {dt} have to be positive")
        duration = codes.shape[1] * substeps
        slots, lanes, worlds = self.f.shape[2], len(self.net.facts), len(self)
        all_tracks = np.zeros((worlds, duration, slots, 4)) if tracks else NO_TRACKS
        all_egos = np.zeros((worlds, duration, 5)) if ego else NO_EGOS
        all_risks = np.full((worlds, codes.shape[1], k.PARTNERS), np.inf) if risks else NO_RISKS
        margins = np.array(wanted, float)
        related = related and not self.net.regulated and slots > FEW

        def drive(part: slice):
            work = k.workspace(slots, lanes, duration, related, bool(self.net.regulated))
            k.advance(
                self.net, self.f[part], self.g[part], self.head[part], self.drivers, self.routes, self.speeds,
                codes[part], controls[part], substeps, float(dt), stop_on_crash, all_tracks[part], all_egos[part], all_risks[part],
                margins, related, work,
            )  # fmt: skip

        if threads <= 1 or len(self) < 2 * threads:
            drive(slice(None))
        else:
            cuts = np.linspace(0, len(self), threads + 1).astype(int)
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(drive, (slice(a, b) for a, b in itertools.pairwise(cuts))))
        for flipped in (all_tracks, all_egos):
            if flipped.size:
                flipped[..., 1:3] *= -1
        return Drive(
            all_tracks if tracks else None,
            all_egos if ego else None,
            all_risks[..., : k.RISKS] if risks else None,
            all_risks[..., k.RISKS :] if risks else None,
        )

    def _orders(self, actions) -> tuple[np.ndarray, np.ndarray]:
        worlds = len(self)
        if actions is None:
            return np.full((worlds, 1), NO_ACTION, np.int32), np.full((worlds, 1, 2), np.nan)
        actions = np.asarray(actions)
        kind, floating = self.g[np.arange(worlds), k.KIND, self.ego_slot], actions.dtype.kind == "f"
        steered = (kind == k.PLAIN) | (kind == k.BICYCLE)
        if ((steered != floating) & (self.ego_slot >= 0)).any():
            raise ValueError(
                "this ego takes "
                + ("controls (floats)" if steered.any() else "meta-actions (integers)")
            )
        if floating:
            controls = actions.reshape(worlds, -1, 2).astype(float)
            if not np.isfinite(controls).all():
                raise ValueError("controls have to be finite")
            controls[..., 1] *= -1
            codes = np.full(controls.shape[:2], NO_ACTION, np.int32)
        else:
            codes = np.ascontiguousarray(actions.reshape(worlds, -1), np.int32)
            if codes.size and (codes.min() < STAND_STILL or codes.max() > k.SLOWER):
                raise ValueError(f"meta-actions are 0..4 ({', '.join(META_ACTIONS)}), not {codes}")
            controls = np.full((*codes.shape, 2), np.nan)
        return codes, controls

    def legal(self, longitudinal: bool = True, lateral: bool = True) -> np.ndarray:
        """Which meta-actions highway-env offers now: bool [W, 5], in the order of META_ACTIONS."""
        offered = np.zeros((len(self), len(META_ACTIONS)), bool)
        k.legal(self.net, self.f, self.g, self.head, self.speeds, longitudinal, lateral, offered)
        return offered

    # --- what is

    def row(self, row: int) -> np.ndarray:
        """A float row [W, N] in the road frame (kernel.X, .Y, .HEADING, .SPEED, ...), a copy; empty slots are 0."""
        values = self.f[:, row].copy()
        return np.negative(values, out=values) if row in _FLIPPED else values

    @property
    def xy(self) -> np.ndarray:
        """Positions [W, N, 2] [m]."""
        return np.stack([self.f[:, k.X], -self.f[:, k.Y]], -1)

    @property
    def crashed(self) -> np.ndarray:
        """bool [W, N]."""
        return self.g[:, k.CRASHED] != 0

    @property
    def heading(self) -> np.ndarray:
        """Angles of the bodies [W, N] [rad]."""
        return -self.f[:, k.HEADING]

    @property
    def ego_states(self) -> np.ndarray:
        """The ego's x, y [m], heading [rad], speed, lateral speed [m/s] and yaw rate [rad/s]: [W, 6]."""
        rows = k.X, k.Y, k.HEADING, k.SPEED, k.LATERAL_SPEED, k.YAW_RATE
        return np.stack([self.of_ego(self.row(row)) for row in rows], -1)

    @property
    def speed(self) -> np.ndarray:
        """Speeds along the heading [W, N] [m/s]."""
        return _shown(self.f[:, k.SPEED])

    @property
    def acceleration(self) -> np.ndarray:
        """Accelerations commanded in the last sub-step [W, N] [m/s2]."""
        return _shown(self.f[:, k.ACCELERATION])

    @property
    def target_speed(self) -> np.ndarray:
        """Speeds that drivers wish for, or that the ego was told to have [W, N] [m/s]."""
        return _shown(self.f[:, k.TARGET_SPEED])

    @property
    def lane(self) -> np.ndarray:
        """Numbers, in `road.lanes`, of the lanes that cars are on: int [W, N]."""
        return _shown(self.g[:, k.LANE])

    @property
    def target_lane(self) -> np.ndarray:
        """Numbers of the lanes that cars are steered to: int [W, N]."""
        return _shown(self.g[:, k.TARGET_LANE])

    @property
    def section(self) -> np.ndarray:
        """Number of the road section of each lane: int [lanes]."""
        return _shown(self.net.facts[:, k.SEGMENT])

    @property
    def speed_index(self) -> np.ndarray:
        """Which of `speeds` a car was told to have: int [W, N]; meant for the ego."""
        return _shown(self.g[:, k.SPEED_INDEX])

    @property
    def changes_lanes(self) -> np.ndarray:
        """Does MOBIL decide lane changes for the car? bool [W, N]."""
        return self.g[:, k.CHANGES] != 0

    @property
    def traffic(self) -> np.ndarray:
        """Slots of cars that a traffic driver moves (IDM or a linear model): bool [W, N]."""
        kind = self.g[:, k.KIND]
        return (kind == k.IDM) | (kind == k.LINEAR)

    @property
    def objects(self) -> np.ndarray:
        """Slots of static objects: bool [W, N]."""
        return self.g[:, k.KIND] == k.OBSTACLE

    @property
    def ghosts(self) -> np.ndarray:
        """Slots of cars that the ego neither sees nor hits: bool [W, N]."""
        return self.g[:, k.GHOST] != 0

    @property
    def touched(self) -> np.ndarray:
        """Slots that the ego hit, or came closer to than the margins of `step` wanted, so far: bool [W, N]."""
        return self.g[:, k.TOUCHED] != 0

    @property
    def regulated(self) -> bool:
        """Is right of way enforced on this road?"""
        return bool(self.net.regulated)

    @property
    def ids(self) -> np.ndarray:
        """Ids of cars and static objects by slot: int [W, N]; two things of different kind may share one."""
        return _shown(self.g[:, k.CAR])

    def of_ego(self, values: np.ndarray) -> np.ndarray:
        """The ego's entry [W] of values by slot [W, N]."""
        return values[np.arange(len(self)), self.ego_slot]

    @property
    def cars(self) -> np.ndarray:
        """Ids [W, N] by slot; -1 where the slot holds no car."""
        ids = self.g[:, k.CAR].copy()
        ids[np.arange(ids.shape[1])[None] >= self.head[:, k.CARS, None]] = -1
        return ids

    @property
    def ego_slot(self) -> np.ndarray:
        """Slot of the ego [W]; -1: none."""
        return self.head[:, k.EGO]

    @property
    def ego_crashed(self) -> np.ndarray:
        """bool [W]."""
        slots = np.maximum(self.ego_slot, 0)
        return (self.g[np.arange(len(self)), k.CRASHED, slots] != 0) & (self.ego_slot >= 0)

    @property
    def ego_crash_step(self) -> np.ndarray:
        """Sub-steps from the last `reset_clock` to the ego's crash [W]; -1: none."""
        return self.head[:, k.CRASH_STEP]

    def hide(self, ghosts: np.ndarray) -> None:
        """From now on the ego neither sees nor hits the cars in these slots, bool [N], and sees all others."""
        self.g[:, k.GHOST] = ghosts

    def reset_clock(self) -> None:
        """Count sub-steps, and the ego's crash, anew."""
        self.head[:, k.CRASH_STEP] = -1
        self.head[:, k.SUBSTEPS] = 0

    def slot(self, car: int, world: int = 0) -> int:
        """Slot of a car by id."""
        slots = np.flatnonzero(self.cars[world] == car)
        if not slots.size:
            raise ValueError(f"no car {car} in world {world}")
        return int(slots[0])

    def slots_of(self, car: int, worlds=slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """The chosen worlds (indices, a mask, or all) and the car's slot in each. ValueError where it is in none."""
        chosen = np.arange(len(self))[worlds]
        matches = self.cars[chosen] == car
        if not matches.any(1).all():
            raise ValueError(f"there is no car {car} in world {chosen[~matches.any(1)][0]}")
        return chosen, matches.argmax(1)

    # --- arrivals, as data (intersection)

    def add(self, other: Worlds, world: int = 0) -> Worlds:
        """Append the cars of the one world in `other` (same road) behind those of a world; returns the grown batch."""
        grown, other = _shared([self, replace(other, speeds=self.speeds)])
        cars, slots = (int(v) for v in grown.head[world, [k.CARS, k.SLOTS]])
        new = int(other.head[0, k.CARS])
        lack = max(0, slots + new - grown.f.shape[2])
        f = np.pad(grown.f, ((0, 0), (0, 0), (0, lack)))
        g = np.pad(grown.g, ((0, 0), (0, 0), (0, lack)))
        for mine, theirs in ((f, other.f), (g, other.g)):
            mine[world, :, cars + new : slots + new] = mine[world, :, cars:slots].copy()
            mine[world, :, cars : cars + new] = theirs[0, :, :new]
        head = grown.head.copy()
        head[world, k.CARS] += new
        head[world, k.SLOTS] += new
        return replace(grown, f=f, g=g, head=head)


def _shown(array: np.ndarray) -> np.ndarray:
    """A view of the state that cannot be written."""
    view = array.view()
    view.setflags(write=False)
    return view


def concatenate(batches: Sequence[Worlds]) -> Worlds:
    """One batch of several on the same road, padded to the largest."""
    batches = _shared(batches)
    n = max(batch.f.shape[2] for batch in batches)

    def pad(array):
        return np.pad(array, ((0, 0), (0, 0), (0, n - array.shape[2])))

    return replace(
        batches[0],
        f=np.concatenate([pad(batch.f) for batch in batches]),
        g=np.concatenate([pad(batch.g) for batch in batches]),
        head=np.concatenate([batch.head for batch in batches]),
    )


def sees_less(worlds: Worlds, before: Worlds) -> bool:
    """Are these the same worlds as before, in which the ego sees no car more, and perhaps some less?

    Roads may differ in speed limits that hold no driver back.
    """
    if worlds.f.shape != before.f.shape or (before.ghosts & ~worlds.ghosts).any():
        return False
    arrays = ((each.head, each.routes, each.drivers, each.speeds) for each in (worlds, before))
    if not all(map(np.array_equal, *arrays)):
        return False
    rest = np.arange(k.INT_ROWS) != k.GHOST
    return (
        np.array_equal(worlds.f, before.f, equal_nan=True)
        and np.array_equal(worlds.g[:, rest], before.g[:, rest])
        and _as_fast(worlds, before)
    )


def _as_fast(worlds: Worlds, before: Worlds) -> bool:
    """Are the roads the same, but for speed limits that hold no driver back?"""
    if worlds.road is before.road:
        return True
    nets = worlds.net, before.net
    ids = ([lane.id for lane in each.road.lanes] for each in (worlds, before))
    if any(net.regulated for net in nets) or len(set(map(tuple, ids))) > 1:
        return False
    if nets[0].connected != nets[1].connected:
        return False
    limits, rest = (net.geometry[:, k.SPEED_LIMIT] for net in nets), np.arange(k.LANE_COLUMNS)
    wished = np.where(worlds.g[:, k.KIND] == k.IDM, worlds.target_speed, 0.0).max()
    if any((limit < wished).any() for limit in limits):  # NaN: no limit
        return False
    shapes = (net.geometry[:, rest != k.SPEED_LIMIT] for net in nets)
    return np.array_equal(*shapes, equal_nan=True) and all(
        map(np.array_equal, *(net[1:6] for net in nets))
    )


def _shared(batches: Sequence[Worlds]) -> list[Worlds]:
    """Copies of the batches that share one road, one drivers table and one routes table."""
    first = batches[0]
    for batch in batches[1:]:
        if batch.net is not first.net and not _alike(batch.net, first.net):
            raise ValueError("worlds on different roads cannot be one batch")
        if not np.array_equal(batch.speeds, first.speeds):
            raise ValueError("egos with different target speeds cannot be one batch")
    drivers, rows = np.unique(
        np.concatenate([batch.drivers for batch in batches]), axis=0, return_inverse=True
    )
    steps = max(batch.routes.shape[1] for batch in batches)
    padded = [
        np.pad(b.routes, ((0, 0), (0, steps - b.routes.shape[1]), (0, 0)), constant_values=-1)
        for b in batches
    ]
    routes, lines = np.unique(np.concatenate(padded), axis=0, return_inverse=True)
    rows, lines = rows.ravel().astype(np.int32), lines.ravel().astype(np.int32)
    shared, driver, route = [], 0, 0
    for batch in batches:
        g = batch.g.copy()
        g[:, k.DRIVER] = rows[g[:, k.DRIVER] + driver]
        g[:, k.ROUTE] = np.where(
            g[:, k.ROUTE] >= 0, lines[np.maximum(g[:, k.ROUTE], 0) + route], -1
        )
        shared.append(
            replace(
                first, drivers=drivers, routes=routes, g=g, f=batch.f.copy(), head=batch.head.copy()
            )
        )
        driver += len(batch.drivers)
        route += len(batch.routes)
    return shared


def _alike(one: k.Net, other: k.Net) -> bool:
    return (
        all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one[:6], other[:6], strict=False))
        and one[6:] == other[6:]
    )
