"""Where the road is steered: manoeuvres (keep the lane, move to one beside, at once or later) driven in the twin.

A manoeuvre is a list of set-point lanes over time, followed by highway-env's own steering law, the speed as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drive.kinematics import control
from drive.kinematics.control import State
from drive.kinematics.surroundings import side_lanes
from drive.roads import LaneId
from drive.twin import Worlds
from drive.types import Control, Option, Scene, Term
from policies.planner.settings import Settings, Steering
from policies.planner.terms import imagined


@dataclass(frozen=True)
class Manoeuvre:
    """The lane to follow now, and on which side of it the lane lies that is followed later."""

    lane: LaneId
    later: str | None = None  # "left" or "right"


@dataclass(frozen=True)
class Driven:
    """What manoeuvres came to, [M, H] over hypotheses."""

    manoeuvres: tuple[Manoeuvre, ...]
    wheel: np.ndarray  # [M] [rad] the first command
    crash: np.ndarray  # [M, H] [s], inf: none
    gap: np.ndarray  # [M, H] [m] the smallest ahead
    off: np.ndarray  # [M, H] [m] the largest offset from the lane followed, at the end
    states: np.ndarray  # [M, T, 5] the ego's in the first hypothesis


def manoeuvres(scene: Scene) -> tuple[Manoeuvre, ...]:
    """Keep the lane, keep it and change later, change now."""
    here = scene.road.lane(scene.ego.lane)
    sides = side_lanes(scene)
    now = [Manoeuvre(here.id), *(Manoeuvre(lane.id) for lane in sides.values())]
    return (*now, *(Manoeuvre(here.id, side) for side in sides))


def drive(scene: Scene, roots: Worlds, settings: Settings, first: Control | None = None) -> Driven:
    """Every manoeuvre in every root, the steering law asked at every decision; `first`, where it is given, is driven before."""
    plans = manoeuvres(scene)
    hypotheses, held = len(roots), max(1, round(scene.period / scene.sub_step))
    worlds = roots.select(np.tile(np.arange(hypotheses), len(plans)))
    worlds.reset_clock()
    lanes = np.repeat(np.arange(len(plans)), hypotheses)
    following = [scene.road.lane(plans[n].lane) for n in lanes]
    crash, gap = np.full(len(lanes), np.inf), np.full(len(lanes), np.inf)
    wheel, states = np.zeros(len(lanes)), []
    for step in range(round(settings.steering.horizon / scene.period)):
        orders = np.zeros((len(lanes), 1, 2))
        for world, ego in enumerate(_egos(worlds)):
            if not np.isfinite(crash[world]):
                plan = plans[lanes[world]]
                lane, _ = control.followed_lane(
                    scene.road, following[world], scene.ego.route, ego.x, ego.y
                )
                if plan.later and step == round(settings.steering.later / scene.period):
                    lane = scene.road.side(lane.id, plan.later) or lane
                following[world] = lane
                orders[world, 0, 1] = control.clipped(
                    control.steering_towards(lane, ego, scene.ego.length), scene.legal.steering
                )
        if step == 0 and first is not None:
            orders[:, 0] = first.acceleration, first.steering
        wheel = orders[:, 0, 1].copy() if step == 0 else wheel
        drive = worlds.step(orders, held, scene.sub_step, stop_on_crash=True, risks=True, ego=True)
        states.append(drive.ego[::hypotheses])
        gap = np.minimum(gap, drive.risks[:, 0, 0])
        crash = np.where(worlds.ego_crash_step >= 0, worlds.ego_crash_step * scene.sub_step, np.inf)
    off = [
        abs(lane.frenet(ego.x, ego.y)[1])
        for lane, ego in zip(following, _egos(worlds), strict=True)
    ]
    shape = (len(plans), hypotheses)
    return Driven(
        plans,
        wheel.reshape(shape)[:, 0],
        crash.reshape(shape),
        gap.reshape(shape),
        np.array(off).reshape(shape),
        np.concatenate(states, 1),
    )


def _egos(worlds: Worlds) -> list[State]:
    return [State(*map(float, state)) for state in worlds.ego_states]


def weighed(scene: Scene, driven: Driven, settings: Settings) -> list[tuple[Term, ...]]:
    """Of each manoeuvre what it is worth: no collision, no tight gap, no needless move, on the lane."""
    return [
        (
            *_contact(driven, number, settings),
            *_tight(driven, number, settings.steering),
            *_move(plan, scene.ego.lane, settings.steering),
            _off(driven, number, settings.steering),
        )
        for number, plan in enumerate(driven.manoeuvres)
    ]


def dangers(scene: Scene, roots: Worlds, settings: Settings, action: Control) -> tuple[Term, ...]:
    """What becomes of an action whatever manoeuvre follows: a contact, or off the road, in how many hypotheses.

    A hypothesis counts where every manoeuvre ends so; the one that lasts longest says how and when.
    """
    driven = drive(scene, roots, settings, action)
    off = _leaves_road(scene, driven.states)
    lasts = np.minimum(driven.crash, off[:, None])
    best, every = lasts.argmax(0), np.arange(lasts.shape[1])
    lost = np.isfinite(lasts[best, every])
    by_contact = lost & (driven.crash[best, every] <= off[best])
    kinds = (("contact", by_contact), ("off the road", lost & ~by_contact))
    return tuple(_danger(kind, lasts.max(0), which) for kind, which in kinds if which.any())


def _danger(kind: str, after: np.ndarray, which: np.ndarray) -> Term:
    soonest = round(float(after[which].min()), 3)
    likely = int(which.sum()), len(which)
    return Term(kind, soonest, "s", "against", after=soonest, likely=likely)


def _leaves_road(scene: Scene, states: np.ndarray) -> np.ndarray:
    """[M] [s] until the ego's centre has left every lane; inf: it stays. states: [M, T, >= 2] after each sub-step."""
    x, y = states[..., 0], states[..., 1]
    on = np.zeros(x.shape, bool)
    for lane in scene.road.lanes:
        on |= lane.contains(*lane.frenet(x, y))
    away = ~on
    first = (away.argmax(1) + 1) * scene.sub_step
    return np.where(away.any(1), first, np.inf)


def _contact(driven: Driven, number: int, settings: Settings) -> list[Term]:
    """What collisions cost, early ones most, as the mean over hypotheses."""
    crash, steps = driven.crash[number], settings.steering.crash_steps
    crashed = np.isfinite(crash)
    if not crashed.any():
        return []
    cost = np.where(crashed, settings.gamma ** np.where(crashed, crash, 0.0), 0.0).mean()
    worth = -settings.crash_weight * float(np.rint(cost * steps) / steps)
    soonest, likely = float(crash.min()), (int(crashed.sum()), len(crash))
    return [Term("contact", soonest, "s", "against", worth=worth, after=soonest, likely=likely)]


def _tight(driven: Driven, number: int, weights: Steering) -> list[Term]:
    """What missing gaps ahead cost, as the mean over hypotheses; the value is the smallest gap."""
    short = np.clip((weights.spare - driven.gap[number]) / weights.spare, 0.0, 1.0)
    if not short.any():
        return []
    worth, likely = -weights.tight * float(short.mean()), (int((short > 0).sum()), len(short))
    least = float(driven.gap[number].min())
    return [
        Term("gap kept ahead", least, "m", "against", weights.spare, worth=worth, likely=likely)
    ]


def _move(plan: Manoeuvre, lane: LaneId, weights: Steering) -> list[Term]:
    """What a change of lane costs, less where it begins later."""
    share = (plan.lane != lane) + weights.late * (plan.later is not None)
    if not share:
        return []
    after = weights.later if plan.later else None
    return [Term("unrest", 1.0, "", "against", worth=-weights.move * share, after=after)]


def _off(driven: Driven, number: int, weights: Steering) -> Term:
    """What it costs to end off the middle of the lane followed, as the mean over hypotheses."""
    off = float(driven.off[number].mean())
    return Term(
        "off the lane", off, "m", "against", worth=-weights.off * off, after=weights.horizon
    )


def option(
    scene: Scene,
    driven: Driven,
    number: int,
    action: Control,
    own: tuple[Term, ...],
) -> Option:
    """The manoeuvre as an option, with its terms."""
    plan = driven.manoeuvres[number]
    path = imagined(scene, driven.states[number], scene.sub_step)
    score = Option(action, own).sum
    return Option(action, own, score, target_lane=plan.lane, trajectory=path)
