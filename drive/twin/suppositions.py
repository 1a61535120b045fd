"""What a policy supposes of the drivers in a batch of worlds, said all at once: one value, one applier.

`edits` change one car at a time. A policy that imagines sixty cars in fourteen hypotheses supposes something else of
each car in each world; here each supposition is an array over worlds and slots. Knows no policy and no scene.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from drive.twin import kernel as k
from drive.twin.worlds import Worlds

AS_IT_IS = -1  # a lane or a route of this number: the car keeps the one that it has


@dataclass(frozen=True, eq=False)
class Suppositions:
    """What is supposed of W worlds with N slots; None: nothing. Arrays of one world's shape count for every world."""

    target_lane: np.ndarray | None = None  # int [W, N] number in `road.lanes`; AS_IT_IS
    target_speed: np.ndarray | None = None  # [W, N] [m/s] that drivers wish for; NaN: as it is
    timer: np.ndarray | None = None  # [W, N] [s] since the last thought about a lane change; NaN
    exponent: np.ndarray | None = None  # [W, N] of IDM; NaN: as it is
    changes_lanes: np.ndarray | None = None  # bool [W, N] does MOBIL decide lane changes?
    gives_way: np.ndarray | None = None  # bool [W, N] told to yield by right of way; else as it is
    pose: np.ndarray | None = None  # [W, N, 4] x, y [m], heading [rad], speed [m/s]; NaN: as it is
    route: np.ndarray | None = None  # int [W, N] number in `routes`, from its start; AS_IT_IS
    routes: tuple[tuple[tuple[str, str], ...], ...] = ()  # each from the section that a car is on
    since_enforced: np.ndarray | None = None  # int [W] sub-steps since right of way was enforced
    ego_width: float | None = None  # [m]

    def __post_init__(self):
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)


def supposed(worlds: Worlds, suppositions: Suppositions) -> Worlds:
    """A copy of the worlds in which the suppositions hold.

    ValueError, in one sentence, for a lane, a section or a route that the road does not have, and for an infinite number.
    """
    _check(worlds, suppositions)
    worlds, of = worlds.copy(), suppositions
    f, g = worlds.f, worlds.g
    for row, values in (
        (k.TARGET_SPEED, of.target_speed),
        (k.TIMER, of.timer),
        (k.DELTA, of.exponent),
    ):
        if values is not None:
            np.copyto(f[:, row], values, where=~np.isnan(values))
    if of.target_lane is not None:
        np.copyto(g[:, k.TARGET_LANE], of.target_lane, where=of.target_lane != AS_IT_IS)
    if of.changes_lanes is not None:
        g[:, k.CHANGES] = of.changes_lanes
    if of.gives_way is not None:
        np.copyto(g[:, k.YIELDING], 1, where=of.gives_way)
    if of.pose is not None:
        x, y, heading, speed = np.moveaxis(of.pose, -1, 0)
        for row, values in ((k.X, x), (k.Y, -y), (k.HEADING, -heading), (k.SPEED, speed)):
            np.copyto(f[:, row], values, where=~np.isnan(values))
    if of.since_enforced is not None:
        worlds.head[:, k.TICKS] = of.since_enforced
    if of.ego_width is not None:
        ego = np.arange(len(worlds)), worlds.ego_slot
        f[:, k.WIDTH][ego] = of.ego_width
        f[:, k.DIAGONAL][ego] = np.hypot(f[:, k.LENGTH][ego], of.ego_width)
    return worlds if of.route is None else _sent(worlds, of)


def _sent(worlds: Worlds, of: Suppositions) -> Worlds:
    """The same worlds with the supposed routes taken, in place but for the table of routes."""
    numbers, given = (
        {section: number for number, section in enumerate(worlds.road.sections)},
        worlds.routes,
    )
    steps = max(given.shape[1], *map(len, of.routes))
    table = np.full((len(given) + len(of.routes), steps, 2), -1, np.int32)
    table[: len(given), : given.shape[1]] = given
    for row, way in zip(table[len(given) :], of.routes, strict=True):
        row[: len(way), 0] = [numbers[section] for section in way]
    sent = of.route != AS_IT_IS
    np.copyto(worlds.g[:, k.ROUTE], len(given) + of.route, where=sent)
    np.copyto(worlds.g[:, k.ROUTE_AT], 0, where=sent)
    return replace(worlds, routes=table)


def _check(worlds: Worlds, of: Suppositions) -> None:
    lanes, lane = len(worlds.road.lanes), of.target_lane
    if lane is not None and ((lane < AS_IT_IS) | (lane >= lanes)).any():
        raise ValueError(f"a lane is supposed that this road of {lanes} lanes does not have")
    if of.route is not None and ((of.route < AS_IT_IS) | (of.route >= len(of.routes))).any():
        raise ValueError(f"a route is supposed beyond the {len(of.routes)} that are told")
    for section in {section for way in of.routes for section in way}:
        if section not in worlds.road.sections:
            raise ValueError(f"no section {section!r} on this road")
    for name in ("target_speed", "timer", "exponent", "pose"):
        values = getattr(of, name)
        if values is not None and np.isinf(values).any():
            raise ValueError(f"a {name.replace('_', ' ')} is supposed that is infinite")
    if of.ego_width is not None and not 0 < of.ego_width < np.inf:
        raise ValueError(f"an ego of {of.ego_width:g} m of width is supposed")
