"""Where a task ends, and what is still to be done to get there."""

from __future__ import annotations

from dataclasses import dataclass

from drive.kinematics import control
from drive.roads import Lane, LaneId
from drive.types import Scene

LANE_TIME = 1.0  # [s] that a change of lane takes at the least


@dataclass(frozen=True)
class WayToExit:
    """What the exit still takes."""

    lanes: int  # changes of lane
    distance: float  # [m] along the road, to where the exit begins


def arrived(scene: Scene) -> bool:
    """Does the ego stand where its task ends?"""
    task, ego = scene.task, scene.ego
    if task.goal_x is not None:
        return ego.x > task.goal_x
    if ego.lane not in task.goal:
        return False
    return bool(scene.road.lane(ego.lane).frenet(ego.x, ego.y)[0] >= task.goal_from)


def way_to_exit(scene: Scene, lane: LaneId | None = None) -> WayToExit | None:
    """The fewest changes of lane to the exit from the ego's lane (or another); None where no way leads there.

    Backwards from the exit: a lane that ends where the exit begins takes none, the lanes beside a lane
    one more each, and a lane that goes on into another as many as that.
    """
    road, here = scene.road, scene.road.lane(lane or scene.ego.lane)
    costs: dict[LaneId, int] = {}
    for goal in road.by_id.keys() & set(scene.task.goal):
        costs |= {each.id: 0 for each in road.lanes if _meets(each, road.lane(goal))}
    for _ in range(len(road.lanes)):
        for each in road.lanes:
            onward = (costs[other.id] for other in road.continuations(each.id) if other.id in costs)
            beside = (
                costs[other.id] + abs(other.id[2] - each.id[2])
                for other in road.sections[each.id[:2]]
                if other.id in costs
            )
            least = min((*onward, *beside), default=None)
            if least is not None:
                costs[each.id] = min(least, costs.get(each.id, least))
    if here.id not in costs:
        return None
    return WayToExit(costs[here.id], _distance(scene, here))


def out_of_reach(scene: Scene, way: WayToExit) -> bool:
    """Is the exit passed before so many changes of lane are made, even at the slowest speed that can be set?"""
    slowest = min(scene.ego.target_speeds, default=0.0)
    driven = control.distance_after(scene.ego.speed, slowest, way.lanes * LANE_TIME)
    return way.lanes > 0 and driven > way.distance


def _meets(lane: Lane, goal: Lane) -> bool:
    """Does a lane end where the goal begins?"""
    return lane.id[1] == goal.id[0] and goal.distance(*lane.point(lane.length)) < goal.width / 2


def _distance(scene: Scene, here: Lane) -> float:
    """Metres along the road to the node at which the exit begins."""
    nodes = {goal[0] for goal in scene.task.goal}
    left = here.length - float(here.frenet(scene.ego.x, scene.ego.y)[0])
    for part, begin in scene.road.path(here.id, (), 1e4):
        if part.id[1] in nodes:
            return left + begin + part.length - here.length
    return left
