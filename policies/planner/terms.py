"""What a plan came to, as terms and as a trajectory: what was seen beside what was imagined."""

from __future__ import annotations

import math

import numpy as np

from drive import control
from drive.roads import LaneId
from drive.surroundings import Neighbour, View
from drive.trajectory import from_states
from drive.twin import META_ACTIONS, Worlds
from drive.types import HORIZON, Meta, Scene, Term, Trajectory
from policies.planner.goal import lanes_to_goal
from policies.planner.search import Plans

SOURCE = "imagined"
TIME_GAP, TIME_TO_COLLISION, IMPOSED = 1.0, 5.0, 3.0  # [s], [s], [m/s2]: tighter speaks against an option
GAIN = 0.5  # [m/s], from which a change of speed is worth saying


def terms_of(scene: Scene, action: Meta, plans: Plans, rows: np.ndarray) -> tuple[Term, ...]:
    """Contacts foreseen first, then who is ahead and behind in the lane that the action leads to, then the gain."""
    view, ego = View(scene), scene.ego
    here = scene.road.lane(ego.target_lane)
    lane = control.target_lane_after(scene.road, here, action.name, ego.x, ego.y)
    terms = [
        *_contacts(plans, rows),
        *(_beside(view, lane.id) if lane is not here else ()),
        *ahead(view, lane.id, slows=action.name == "SLOWER"),
        *_goal(scene, lane.id),
        *_gain(scene, plans, rows),
    ]
    return tuple(terms)


def _contacts(plans: Plans, rows: np.ndarray) -> list[Term]:
    """The soonest contact over the hypotheses, if any."""
    crash = plans.crash[rows]
    soonest = rows[np.argmin(crash)]
    if not np.isfinite(plans.crash[soonest]):
        return []
    who = int(plans.partner[soonest])
    horizon = float(plans.codes.shape[1])
    about = {"cars": (who,)} if who > 0 else {"objects": (-who,)} if who < 0 else {}
    return [Term("predicted contact", float(plans.crash[soonest]), "s", "against", horizon, **about)]


def ahead(view: View, lane: LaneId, slows: bool = False) -> list[Term]:
    """The leader on a lane; what speaks against going on speaks for slowing down."""
    lead, speed = view.leader(lane), view.scene.ego.speed
    if lead is None:
        return [Term("free ahead", view.scene.perception.range, "m", "for")]
    if lead.car is None:
        objects = (lead.object,) if lead.object is not None else ()
        return [Term("lane ends", lead.gap, "m", "for" if slows else "against", objects=objects)]
    tight = lead.time_gap(speed) < TIME_GAP or lead.time_to_collision < TIME_TO_COLLISION
    counts = "against" if tight and not slows else "for"
    cars = (lead.car,)
    terms = [Term("gap ahead", lead.gap, "m", counts, cars=cars)]
    if lead.time_gap(speed) < TIME_GAP:
        terms.insert(0, Term("time gap", lead.time_gap(speed), "s", counts, TIME_GAP, cars=cars))
    if lead.time_to_collision < TIME_TO_COLLISION:
        time = lead.time_to_collision
        terms.insert(0, Term("time to collision", time, "s", counts, TIME_TO_COLLISION, cars=cars))
    if lead.closing > GAIN:
        terms.append(Term("slower ahead", lead.closing, "m/s", counts, cars=cars))
    return terms


def _beside(view: View, lane: LaneId) -> list[Term]:
    terms = [Term("beside", -other.gap, "m", "against", cars=(other.car,)) for other in view.beside(lane)]
    behind = view.follower(lane)
    if behind is None or behind.gap < 0:
        return terms
    return terms + _behind(behind)


def _behind(other: Neighbour) -> list[Term]:
    cars, imposed = (other.car,), other.imposed_braking
    counts = "against" if imposed > IMPOSED else "for"
    terms = [Term("gap behind", other.gap, "m", counts, cars=cars)]
    if other.closing > GAIN and math.isfinite(imposed):
        terms.append(Term("closing from behind", other.closing, "m/s", counts, cars=cars))
        terms.append(Term("imposed braking", imposed, "m/s²", counts, IMPOSED, cars=cars))
    return terms


def _goal(scene: Scene, lane: LaneId) -> list[Term]:
    if scene.task.kind != "exit":
        return []
    numbers = {each.id: number for number, each in enumerate(scene.road.lanes)}
    changes = lanes_to_goal(scene)
    left, now = changes[numbers[lane]], changes[numbers[scene.ego.target_lane]]
    if not left and not now:
        return []
    return [Term("lanes to goal", float(left), "", "for" if left <= now and left < 1 or left < now else "against")]


def _gain(scene: Scene, plans: Plans, rows: np.ndarray) -> list[Term]:
    """Mean speed imagined, over the speed driven now."""
    seconds = float(plans.codes.shape[1]) * max(scene.period, 1.0)
    gain = float(plans.way[rows].mean()) / seconds - scene.ego.speed
    if abs(gain) < GAIN or not np.isinf(plans.crash[rows]).all():
        return []
    return [Term("speed gain", gain, "m/s", "for" if gain > 0 else "against")]


def trajectory_of(scene: Scene, roots: Worlds, codes: np.ndarray) -> Trajectory:
    """Where a plan leads in the first hypothesis, others reacting as imagined."""
    world = roots.select([0])
    period = max(scene.period, 1.0)
    substeps = max(1, round(period / scene.sub_step))
    count = max(len(codes), math.ceil(HORIZON / period) + 1)
    padded = np.full(count, META_ACTIONS.index("IDLE"), np.int32)
    padded[: len(codes)] = codes
    drive = world.step(padded[None], substeps, period / substeps, ego=True)
    return imagined(scene, drive.ego[0], period / substeps)


def imagined(scene: Scene, states: np.ndarray, dt: float) -> Trajectory:
    """A trajectory through the ego's states [T, >= 4] after each sub-step of dt [s]."""
    ego = scene.ego
    start = np.array([[ego.x, ego.y, ego.heading, ego.speed]])
    rows = np.concatenate([start, states[:, :4]])
    return from_states([dt * number for number in range(len(rows))], rows, SOURCE)
