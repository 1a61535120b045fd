"""Many worlds of one scenario at once: traffic, arrivals, rewards and endings as highway-env's, seed for seed.

A fleet is driven by meta-actions, one decision of all worlds at a time, on every road that takes them. How a world
begins is told by the caller (`Beginning`): highway-env draws it (`drive.world.beginnings`), the twin drives it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from drive.roads import Road
from drive.twin import arrivals
from drive.twin import kernel as k
from drive.twin.rules import Egos, arrived, rule_of
from drive.twin.worlds import STAND_STILL, Worlds
from drive.types import Task

ENDINGS = ("", "collision", "off road", "arrived", "time is up")  # reasons of types.End, by code
GOES_ON, COLLISION, OFF_ROAD, ARRIVED, TIME_IS_UP = range(5)
PAST_STEP, PAST_ROWS = 0.2, 6  # [s] of the kept past, and how many of them
STATE = 4  # x, y [m], heading [rad], speed [m/s]
RECORDED = np.array(
    [1e3, 1e3, 1e4, 1e3]
)  # steps per unit, to which the past of other cars is recorded


@dataclass(frozen=True, eq=False)
class Setting:
    """What all worlds of a fleet share, as highway-env is configured for a scenario."""

    env: str  # highway-env's id
    task: Task
    config: Mapping
    most: int  # decisions after which time is up
    sight: float  # [m] range of perception
    substeps: int  # of a decision
    sub_step: float  # [s]
    axes: tuple[bool, bool]  # are there actions along and across the road?


@dataclass(frozen=True, eq=False)
class Beginning:
    """How a world begins: its one world, and the generator that goes on drawing."""

    worlds: Worlds
    generator: np.random.Generator


@dataclass(frozen=True, eq=False)
class Driven:
    """What a decision did, arrays [W]: highway-env's reward, and a code of ENDINGS."""

    rewards: np.ndarray
    ended: np.ndarray


class Fleet:
    """W worlds of a scenario, each begun by a seed and driven until it ends; a world that ended stands still until it is
    begun again.

    worlds: their present states, whose arrays may be read at any time. decisions [W]: since each began. ended [W]: a code of
    ENDINGS. past [W, PAST_ROWS, N, STATE]: road frame, PAST_STEP ago, twice that ago, ...; NaN where the ego did not see the
    car then, or where there is no such time. ValueError for a road without rules
    here, and for a period or sub-steps that do not fit PAST_STEP.
    """

    def __init__(self, setting: Setting, count: int, begin: Callable[[int], Beginning]):
        stride = round(PAST_STEP / setting.sub_step)
        if abs(stride * setting.sub_step - PAST_STEP) > 1e-9 or setting.substeps % max(stride, 1):
            period = setting.substeps * setting.sub_step
            raise ValueError(f"decisions of {period:.3g} s do not fit a past at {PAST_STEP} s")
        self.setting, self._begin = setting, begin
        self._rule = rule_of(setting.env)
        self._drivers: dict[tuple, int] = {}
        self._routes: dict[tuple, int] = {}
        first = begin(0).worlds
        slots = first.f.shape[2]
        self.worlds = replace(
            first,
            f=np.zeros((count, k.FLOAT_ROWS, slots)),
            g=np.zeros((count, k.INT_ROWS, slots), np.int32),
            head=np.zeros((count, k.HEAD), np.int32),
        )
        self.decisions = np.zeros(count, int)
        self.ended = np.full(count, TIME_IS_UP)
        self.seeds = np.full(count, -1)
        self.past = np.full((count, PAST_ROWS, slots, STATE), np.nan)
        self._seen = np.zeros((count, slots), bool)  # at the present
        self._seen_before = np.zeros((count, slots), bool)  # at the decision before
        self._last_id = np.zeros(count, int)
        self._rngs: list[np.random.Generator | None] = [None] * count

    def __len__(self) -> int:
        return len(self.decisions)

    @property
    def road(self) -> Road:
        return self.worlds.road

    @property
    def period(self) -> float:
        """[s] between decisions."""
        return self.setting.substeps * self.setting.sub_step

    # -- beginning

    def begin(self, seeds: Sequence[int], chosen: Sequence[int] | None = None) -> None:
        """Begin the chosen worlds (indices; None: all) anew, each with its seed."""
        places = range(len(self)) if chosen is None else chosen
        for place, seed in zip(places, seeds, strict=True):
            self._place(int(place), self._begin(int(seed)))
            self.seeds[place] = seed

    def _place(self, i: int, beginning: Beginning) -> None:
        one = beginning.worlds
        slots = one.f.shape[2]
        self._grow(slots)
        w = self.worlds
        w.f[i], w.g[i] = 0.0, 0
        w.f[i, :, :slots], w.g[i, :, :slots], w.head[i] = one.f[0], one.g[0], one.head[0]
        drivers = [self._driver(tuple(row)) for row in one.drivers.tolist()]
        routes = [self._route(tuple(map(tuple, row))) for row in one.routes.tolist()]
        own = self.worlds.g[i]
        own[k.DRIVER, :slots] = np.array(drivers)[one.g[0, k.DRIVER]]
        way = one.g[0, k.ROUTE]
        own[k.ROUTE, :slots] = np.where(way < 0, -1, np.array(routes)[np.maximum(way, 0)])
        self.decisions[i], self.ended[i] = 0, GOES_ON
        self.past[i] = np.nan
        self._seen_before[i] = False
        self._seen[i] = self._in_sight(slice(i, i + 1))[0]
        self._last_id[i] = own[k.CAR, : int(one.head[0, k.CARS])].max()
        self._rngs[i] = copy.deepcopy(beginning.generator)

    def _grow(self, slots: int) -> None:
        lack = slots - self.worlds.f.shape[2]
        if lack <= 0:
            return

        def wider(array, axis, fill=0):
            return np.pad(
                array,
                [(0, lack if a == axis else 0) for a in range(array.ndim)],
                constant_values=fill,
            )

        w = self.worlds
        self.worlds = replace(w, f=wider(w.f, 2), g=wider(w.g, 2))
        self.past = wider(self.past, 2, np.nan)
        self._seen, self._seen_before = wider(self._seen, 1), wider(self._seen_before, 1)

    def _driver(self, row: tuple) -> int:
        """The number of a driver's parameters in the table that all worlds share."""
        if row not in self._drivers:
            self._drivers[row] = len(self._drivers)
            self.worlds = replace(self.worlds, drivers=np.array(list(self._drivers)))
        return self._drivers[row]

    def _route(self, steps: tuple) -> int:
        """The number of a way in the table that all worlds share."""
        steps = tuple(step for step in steps if step[0] >= 0)
        if steps not in self._routes:
            self._routes[steps] = len(self._routes)
            longest = max(map(len, self._routes))
            table = np.full((len(self._routes), max(longest, 1), 2), -1, np.int32)
            for row, way in enumerate(self._routes):
                table[row, : len(way)] = np.array(way, np.int32).reshape(-1, 2)
            self.worlds = replace(self.worlds, routes=table)
        return self._routes[steps]

    # -- driving

    @property
    def running(self) -> np.ndarray:
        """Which worlds have not ended, bool [W]."""
        return self.ended == GOES_ON

    def legal(self) -> np.ndarray:
        """Which meta-actions highway-env offers now: bool [W, 5]."""
        return self.worlds.legal(*self.setting.axes)

    def step(self, actions: np.ndarray) -> Driven:
        """Drive one decision of all worlds that run, by codes of meta-actions [W].

        Rewards are 0 where a world had ended before; its code stays.
        """
        setting, running = self.setting, self.running
        codes = np.where(running, actions, STAND_STILL)
        before = self._states()
        tracks = self.worlds.step(codes, setting.substeps, setting.sub_step, tracks=True).tracks
        self.decisions[running] += 1
        egos = Egos.of(self.worlds, codes)
        rewards = np.where(running, self._rule.reward(egos, setting.config), 0.0)
        self.ended = np.where(running, self._endings(egos), self.ended)
        seen_earlier, self._seen_before = self._seen_before, self._seen
        self._seen = self._in_sight(slice(None))
        self._remember(np.concatenate([before[:, None], tracks], 1), running, seen_earlier)
        if self._rule.arrivals:
            for i in np.flatnonzero(running):
                self._come_and_go(int(i))
        return Driven(rewards, self.ended.copy())

    def _endings(self, egos: Egos) -> np.ndarray:
        """Codes of ENDINGS, as `drive.world.task.ending` has them."""
        setting = self.setting
        off = ~egos.on_road & bool(setting.config.get("offroad_terminal"))
        reached = self._rule.arrived(egos) | arrived(egos, self.road, setting.task)
        late = self.decisions >= setting.most
        cases = [egos.crashed, off, reached, late]
        return np.select(cases, [COLLISION, OFF_ROAD, ARRIVED, TIME_IS_UP], GOES_ON)

    # -- what was

    def _states(self) -> np.ndarray:
        """[W, N, STATE] of all slots, road frame."""
        rows = (self.worlds.row(row) for row in (k.X, k.Y, k.HEADING, k.SPEED))
        return np.stack(list(rows), -1)

    def _in_sight(self, part: slice) -> np.ndarray:
        """Which slots hold what the ego perceives, bool [., N]; the ego is one of them."""
        f, g, head = (array[part] for array in (self.worlds.f, self.worlds.g, self.worlds.head))
        every, ego = np.arange(len(f)), head[:, k.EGO]
        away = np.hypot(
            f[:, k.X] - f[every, k.X, ego][:, None], f[:, k.Y] - f[every, k.Y, ego][:, None]
        )
        solid = (g[:, k.KIND] != k.EMPTY) & (g[:, k.GHOST] == 0)
        return solid & (away <= self.setting.sight)

    @property
    def perceived(self) -> np.ndarray:
        """Which slots hold a car that the ego perceives now, or the ego, bool [W, N]."""
        return self._seen

    def _remember(self, states: np.ndarray, running: np.ndarray, seen_earlier: np.ndarray) -> None:
        """Keep the past on the grid; states [W, 1 + sub-steps, N, STATE], from the start of the decision to now."""
        stride, last = round(PAST_STEP / self.setting.sub_step), states.shape[1] - 1
        fresh = min(last // stride, PAST_ROWS)
        past = np.full_like(self.past, np.nan)
        for row in range(fresh):
            past[:, row] = states[:, last - (row + 1) * stride]
        ego = np.arange(len(self)), slice(None), self.worlds.ego_slot
        own = past[ego].round(6)
        past = np.round(past * RECORDED) / RECORDED
        past[ego] = own
        past[~(self._seen & self._seen_before)[:, None].repeat(PAST_ROWS, 1)] = np.nan
        past[:, fresh:] = self.past[:, : PAST_ROWS - fresh]
        past[~self._seen[:, None].repeat(PAST_ROWS, 1)] = np.nan
        self.past = np.where(running[:, None, None, None], past, self.past)

    # -- arrivals and departures

    def _come_and_go(self, i: int) -> None:
        w = self.worlds
        cars, ego = int(w.head[i, k.CARS]), int(w.head[i, k.EGO])
        gone = arrivals.leaving(self.road, w.f[i], w.g[i], cars, ego)
        if gone.any():
            self._take_out(i, np.flatnonzero(gone))
        cars = int(w.head[i, k.CARS])
        comes = arrivals.arriving(self.road, w.f[i], cars, self.setting.config, self._rngs[i])
        if comes is not None:
            self._put_in(i, *comes)

    def _take_out(self, i: int, gone: np.ndarray) -> None:
        w = self.worlds
        slots = w.f.shape[2]
        stays = np.setdiff1d(np.arange(slots), gone)
        order = np.concatenate([stays, gone])
        for array in (w.f, w.g, self._seen, self._seen_before):
            array[i] = array[i][..., order]
        self.past[i] = self.past[i][:, order]
        empty = slice(slots - len(gone), None)
        w.f[i, :, empty], w.g[i, :, empty] = 0.0, 0
        self.past[i, :, empty], self._seen[i, empty], self._seen_before[i, empty] = (
            np.nan,
            False,
            False,
        )
        w.head[i, k.EGO] = int(np.flatnonzero(order == w.head[i, k.EGO])[0])
        w.head[i, [k.CARS, k.SLOTS]] -= len(gone)

    def _put_in(self, i: int, car: np.ndarray, way: tuple) -> None:
        slot = int(self.worlds.head[i, k.CARS])
        assert slot == self.worlds.head[i, k.SLOTS], "things stand where cars arrive"
        self._grow(slot + 1)
        sections = list(self.road.sections)
        steps = tuple(
            (sections.index(part), -1 if number else 0) for number, part in enumerate(way)
        )
        route, driver = self._route(steps), self._driver(arrivals.DRIVER)
        w = self.worlds
        lane = next(n for n, one in enumerate(self.road.lanes) if one.id == (*way[0], 0))
        self._last_id[i] += 1
        w.f[i, :, slot] = car
        facts = {
            k.KIND: k.IDM, k.LANE: lane, k.TARGET_LANE: lane, k.ROUTE: route, k.DRIVER: driver,
            k.CHECKS: 1, k.CHANGES: 1, k.CAR: self._last_id[i],
        }  # fmt: skip
        w.g[i, :, slot] = 0
        for row, value in facts.items():
            w.g[i, row, slot] = value
        w.head[i, [k.CARS, k.SLOTS]] += 1
        self._seen[i] = self._in_sight(slice(i, i + 1))[0]
