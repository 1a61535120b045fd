"""Where a task ends."""

from __future__ import annotations

from drive.types import Scene


def arrived(scene: Scene) -> bool:
    """Does the ego stand where its task ends?"""
    task, ego = scene.task, scene.ego
    if task.goal_x is not None:
        return ego.x > task.goal_x
    if ego.lane not in task.goal:
        return False
    return bool(scene.road.lane(ego.lane).frenet(ego.x, ego.y)[0] >= task.goal_from)
