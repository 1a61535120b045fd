"""The closed-set meaning of a choice, and the reasons it rests on.

The set is Alpamayo-R1's Chain of Causation: at most one longitudinal and one lateral decision, none
where nothing changes. What the car does is read off its trajectory, why it does so off the terms
of the options that it turned down.
"""

from __future__ import annotations

from dataclasses import dataclass

from drive.trajectory import MetaAction, meta_action_of
from drive.types import Choice, Decision, LaneId, Meta, Option, Scene, Side, Term, Trajectory

NULL = ("always", "drawn")  # terms of a policy that weighs nothing
SIDES: dict[str, Side] = {"LANE_LEFT": "left", "LANE_RIGHT": "right"}
OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left"}
QUICKER = {"SLOWER": ("IDLE", "FASTER"), "IDLE": ("FASTER",)}  # whose rejection explains the speed
STANDING = 0.5  # [m/s]

# what a term is about, and by it what holding back for it means
SUBJECTS = {
    "time gap": "lead",
    "gap ahead": "lead",
    "slower ahead": "lead",
    "time to collision": "lead",
    "predicted contact": "crossing",
    "right of way": "crossing",
    "lane ends": "static",
    "curve ahead": "road",
    "speed limit": "road",
    "lanes to goal": "goal",
    "distance to goal": "goal",
}
HOLDING_BACK = {
    "lead": "lead following",
    "crossing": "yielding",
    "static": "stopping for a static constraint",
    "road": "speed adaptation",
    "goal": "gap searching",
}


@dataclass(frozen=True)
class Reason:
    """A term, and the option it speaks for or against."""

    term: Term
    option: Option

    @property
    def subject(self) -> str | None:
        if self.term.objects:
            return "static"
        return SUBJECTS.get(self.term.kind)


def motion_of(scene: Scene, trajectory: Trajectory) -> MetaAction:
    """What the trajectory does, seen from the lane that the ego is on."""
    ego = scene.ego
    return meta_action_of(trajectory, scene.road, ego.lane, ego.speed, ego.route)


def speed_change(scene: Scene, motion: MetaAction) -> str:
    """Value of the claim "speed change"."""
    if motion.longitudinal == "stop" and scene.ego.speed < STANDING:
        return "wait"
    return motion.longitudinal


def reasons_of(choice: Choice, change: str) -> tuple[Reason, ...]:
    """The reasons that the choice rests on, the proximate one first.

    Holding back is explained by what speaks against the quicker option, a change of lane by what
    speaks against staying, everything else by what speaks for it.
    """
    chosen = choice.chosen
    name = getattr(choice.action, "name", None)
    if any(term.kind in NULL for term in chosen.terms):
        return tuple(Reason(term, chosen) for term in chosen.terms if term.kind in NULL)
    if name in SIDES:
        return _counting(choice, ("IDLE",), "against") + _speaking(chosen, "for")
    if name in QUICKER and change != "speed up":
        held = _counting(choice, QUICKER[name], "against")
        return held or _speaking(chosen, "for")
    return _speaking(chosen, "for")


def decision_of(scene: Scene, choice: Choice, trajectory: Trajectory) -> Decision:
    """At most one decision per axis, None where nothing changes."""
    motion = motion_of(scene, trajectory)
    change = speed_change(scene, motion)
    reasons = reasons_of(choice, change)
    lateral, side = _lateral(scene, choice, motion)
    return Decision(_longitudinal(change, lateral, reasons), lateral, side)


def _longitudinal(change: str, lateral: str | None, reasons: tuple[Reason, ...]) -> str | None:
    subject = next((reason.subject for reason in reasons if reason.subject), None)
    moves = change in ("slow down", "speed up", "stop")
    if change == "speed up":
        overtaking = lateral == "lane change" and subject == "lead"
        return "accelerating to overtake" if overtaking else "speed tracking"
    if lateral in ("lane change", "merge or split") and not moves:
        return None
    return HOLDING_BACK.get(subject, "speed tracking" if moves else None)


def _lateral(scene: Scene, choice: Choice, motion: MetaAction) -> tuple[str | None, Side | None]:
    heading_for = _side_of(scene.ego.lane, scene.ego.target_lane)
    if motion.lateral == "change lane":
        joins = _towards_goal(scene, motion) or _lane_runs_out(scene)
        return ("merge or split" if joins else "lane change"), motion.side
    if heading_for and isinstance(choice.action, Meta) and choice.action.name in SIDES:
        return "abort of a lateral manoeuvre", heading_for
    name = {
        "turn": "turn",
        "leave road": "nudge out of lane",
        "nudge in lane": "nudge in lane",
    }.get(motion.lateral)
    return name, motion.side if name else None


def _side_of(lane: LaneId, other: LaneId) -> Side | None:
    """On which side another lane of the same section is."""
    if lane[:2] != other[:2] or lane == other:
        return None
    return "left" if other[2] < lane[2] else "right"


def _towards_goal(scene: Scene, motion: MetaAction) -> bool:
    return scene.task.kind == "exit" and motion.side == "right"


def _lane_runs_out(scene: Scene) -> bool:
    return scene.road.following(scene.ego.lane, scene.ego.route) is None and bool(
        scene.road.exits.get(scene.ego.lane[1])
    )


def _counting(choice: Choice, names: tuple[str, ...], counts: str) -> tuple[Reason, ...]:
    for name in names:
        for option in choice.options:
            if option.action == Meta(name) and (found := _speaking(option, counts)):
                return found
    return ()


def _speaking(option: Option, counts: str) -> tuple[Reason, ...]:
    return tuple(Reason(term, option) for term in option.terms if term.counts == counts)
