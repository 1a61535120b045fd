"""The closed-set meaning of a choice, and the reasons it rests on.

The set is Alpamayo-R1's Chain of Causation: at most one longitudinal and one lateral decision, none
where nothing changes. What the car does is read off its trajectory, why it does so off the terms
of the options that were weighed.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

from drive.kinematics.surroundings import View
from drive.kinematics.trajectory import NUDGE, MetaAction, meta_action_of
from drive.roads import Lane, LaneId, Road, turns_back
from drive.types import Choice, Decision, Follow, Meta, Option, Scene, Side, Term, Trajectory

NULL = ("always", "drawn")  # terms of a policy that weighs nothing
SIDES: dict[str, Side] = {"LANE_LEFT": "left", "LANE_RIGHT": "right"}
CHANGES: dict[Side, str] = {side: name for name, side in SIDES.items()}
STAYING = ("IDLE", "LANE_KEEP")  # what a change of lane is held against
QUICKER = {"SLOWER": ("IDLE", "FASTER"), "IDLE": ("FASTER",)}  # what a lower speed is held against
RING_REACH = 100.0  # [m] looked along the path for a ring
STANDING = 0.5  # [m/s]

GAINS = (
    "speed gain",
    "incentive",
    "lanes to goal",
    "distance to goal",
    "lanes to the right",
)  # why to change lanes
WHEREABOUTS = "whereabouts"  # a term for a tested cause of which nothing else was measured
# what a term is about, and by it what holding back means
SUBJECTS = {
    "time gap": "lead",
    "gap ahead": "lead",
    "slower ahead": "lead",
    "time to collision": "lead",
    "predicted contact": "crossing",
    "right of way": "crossing",
    WHEREABOUTS: "crossing",
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
OFF_CENTRE = ("lateral offset", "heading error")


@dataclass(frozen=True)
class Reason:
    """A term, and the option it speaks for or against."""

    term: Term
    option: Option

    @property
    def subject(self) -> str | None:
        return "static" if self.term.objects else SUBJECTS.get(self.term.kind)


def motion_of(scene: Scene, trajectory: Trajectory) -> MetaAction:
    """What the trajectory does, seen from the lane that the ego is on."""
    ego = scene.ego
    return meta_action_of(trajectory, scene.road, ego.lane, ego.speed, ego.route)


def speed_change(scene: Scene, motion: MetaAction) -> str:
    """Value of the claim "speed change"."""
    if motion.longitudinal == "stop" and scene.ego.speed < STANDING:
        return "wait"
    return motion.longitudinal


def manoeuvre_of(scene: Scene, option: Option) -> str | None:
    """A meta-action's name; of a control, the change of lane or LANE_KEEP that it drives to, if known.

    Of a followed path, the meta-action that its trajectory amounts to.
    """
    if isinstance(option.action, Meta):
        return option.action.name
    if isinstance(option.action, Follow):
        return _meaning_of(motion_of(scene, option.action.trajectory))
    if option.target_lane is None:
        return None
    side = side_of(scene.ego.target_lane, option.target_lane)
    return CHANGES[side] if side else "LANE_KEEP"


def _meaning_of(motion: MetaAction) -> str:
    """The meta-action that a motion is most like."""
    if motion.lateral == "change lane":
        return CHANGES[motion.side]
    slower = motion.longitudinal in ("slow down", "stop")
    return "SLOWER" if slower else "FASTER" if motion.longitudinal == "speed up" else "IDLE"


def side_of(lane: LaneId, other: LaneId) -> Side | None:
    """On which side another lane of the same section is."""
    if lane[:2] != other[:2] or lane == other:
        return None
    return "left" if other[2] < lane[2] else "right"


def reasons_of(scene: Scene, choice: Choice, motion: MetaAction) -> tuple[Reason, ...]:
    """The reasons that the choice rests on, the proximate one first.

    Holding back is explained by what speaks against the quicker option, a change of lane by what
    speaks against staying (or, where nothing does, by what is ahead there and what the change
    gains), everything else by what speaks for it.
    """
    chosen = choice.chosen
    if any(term.kind in NULL for term in chosen.terms):
        return tuple(Reason(term, chosen) for term in chosen.terms if term.kind in NULL)
    name = manoeuvre_of(scene, chosen)
    found = ()
    if name in SIDES and motion.lateral == "change lane":
        stay = _counting(scene, choice, STAYING, ("against",))
        stay = tuple(r for r in stay if r.subject != "goal" or nearer_goal(chosen, r.option))
        found = stay or _lead_of(scene, choice)
        gained = (
            r for r in _speaking(chosen, ("for",)) if r.subject != "goal"
        )  # told as it is from here
        found += tuple(sorted(gained, key=_gains, reverse=True))
    elif _nudges(scene, motion):
        return _off_centre(choice)
    elif name in QUICKER and motion.longitudinal != "speed up":
        found = _counting(scene, choice, QUICKER[name], ("against",), unlike=chosen, leaving=GAINS)
    slows = motion.longitudinal in ("slow down", "stop")
    return (
        found
        or _room(chosen, slows)
        or tuple(r for r in _speaking(chosen, ("against",)) if r.subject)
    )


def decision_of(scene: Scene, choice: Choice, trajectory: Trajectory) -> Decision:
    """At most one decision per axis, None where nothing changes."""
    motion = motion_of(scene, trajectory)
    change = speed_change(scene, motion)
    subject = _subject(scene, reasons_of(scene, choice, motion))
    lateral, side = _lateral(scene, choice, motion)
    return Decision(_longitudinal(change, lateral, *subject), lateral, side)


def _subject(scene: Scene, reasons: tuple[Reason, ...]) -> tuple[str | None, bool]:
    """What the reasons are first about, and whether any speaks against another option."""
    against = any(reason.term.counts == "against" for reason in reasons)
    first = next((reason for reason in reasons if reason.subject), None)
    if first is None:
        return None, against
    if first.term.kind == WHEREABOUTS:
        return _met(scene, first.term.cars[0]), against
    if first.subject in ("lead", "crossing") and first.term.cars:
        leads = _leads(scene, first.term.cars[0])
        if first.subject == "crossing":
            return (
                "lead" if leads else "crossing",
                against,
            )  # who is ahead is followed, not let pass
        if not leads:
            return "goal", against  # whoever leads the lane beside leaves or takes the gap there
    return first.subject, against


def _met(scene: Scene, car: int) -> str | None:
    """What a car is by its place: a leader, or one that comes across; None of a follower or one alongside."""
    view = View(scene)
    lead, follower = view.leader(), view.follower()
    if lead is not None and lead.car == car and lead.gap >= 0:
        return "lead"
    alongside = scene.car(car).lane[:2] == scene.ego.lane[:2]
    return None if alongside or (follower is not None and follower.car == car) else "crossing"


def _leads(scene: Scene, car: int) -> bool:
    """Is it the next ahead in the ego's lane, or the next that comes towards it there?"""
    view = View(scene)
    return any(
        n is not None and n.car == car and n.gap >= 0 for n in (view.leader(), view.oncoming())
    )


def _longitudinal(
    change: str, lateral: str | None, subject: str | None, against: bool
) -> str | None:
    changes_lane = lateral in ("lane change", "merge or split")
    moves = change in ("slow down", "speed up", "stop")
    if change == "speed up":
        return (
            "accelerating to overtake" if changes_lane and subject == "lead" else "speed tracking"
        )
    held = against and not changes_lane
    return (HOLDING_BACK.get(subject) if held else None) or ("speed tracking" if moves else None)


def _lateral(scene: Scene, choice: Choice, motion: MetaAction) -> tuple[str | None, Side | None]:
    changing = side_of(scene.ego.lane, scene.ego.target_lane)
    if motion.lateral == "change lane":
        joins = _leaves(scene, motion) or _lane_runs_out(scene)
        return ("merge or split" if joins else "lane change"), motion.side
    if changing and manoeuvre_of(scene, choice.chosen) in SIDES:
        return "abort of a lateral manoeuvre", changing
    if motion.lateral == "turn" and not _circulates(scene):
        return "turn", motion.side
    if _nudges(scene, motion):
        return "nudge in lane", "left" if motion.offset > 0 else "right"
    if motion.lateral == "leave road":
        return "nudge out of lane", motion.side
    return None, None


def _nudges(scene: Scene, motion: MetaAction) -> bool:
    """Does a steered car move within its lane, away from the middle or back to it?"""
    if scene.legal.steering is None:
        return False
    ego = scene.ego
    off = scene.road.lane(ego.lane).frenet(ego.x, ego.y)[1]
    back = off * motion.offset < 0 and min(abs(off), abs(motion.offset)) > NUDGE
    return motion.lateral == "nudge in lane" or (motion.lateral == "keep lane" and back)


def _leaves(scene: Scene, motion: MetaAction) -> bool:
    return scene.task.kind == "exit" and motion.side == "right"


def _lane_runs_out(scene: Scene) -> bool:
    """Does the ego's lane end while others go on?"""
    road, lane = scene.road, scene.ego.lane
    others = (other for other in road.sections[lane[:2]] if other.id != lane)
    return not road.continuations(lane) and any(road.continuations(other.id) for other in others)


def _circulates(scene: Scene) -> bool:
    """Is the way on a ring, a roundabout or a circuit? To follow its bends is not to turn."""
    ego, road = scene.ego, scene.road
    s = road.lane(ego.lane).frenet(ego.x, ego.y)[0]
    path = road.path(ego.lane, ego.route, max(s, 0.0) + RING_REACH)
    return any(_returns(road, lane) for lane, _ in path)


@functools.lru_cache(maxsize=1024)
def _returns(road: Road, start: Lane) -> bool:
    seen, front = set(), [start]
    while front:
        here = front.pop()
        for lane in road.continuations(here.id):
            if turns_back(here, lane) or lane.id in seen:
                continue
            if lane.id == start.id:
                return True
            seen.add(lane.id)
            front.append(lane)
    return False


def _lead_of(scene: Scene, choice: Choice) -> tuple[Reason, ...]:
    """What staying measured of the car ahead, where that is slower."""
    found = _counting(scene, choice, STAYING, ("for", "against"))
    lead = tuple(
        Reason(replace(reason.term, threshold=None), reason.option)
        for reason in found
        if reason.subject == "lead"
    )
    return lead if any(reason.term.kind == "slower ahead" for reason in lead) else ()


def _counting(
    scene: Scene,
    choice: Choice,
    names: tuple[str, ...],
    counts: tuple[str, ...],
    unlike: Option | None = None,
    leaving: tuple[str, ...] = (),
) -> tuple[Reason, ...]:
    """Terms of the first of these options that has any but of the kinds `leaving`; not of one that leads where `unlike` does."""
    for name in names:
        for option in choice.options:
            if manoeuvre_of(scene, option) != name or (unlike and same_way(option, unlike)):
                continue
            if found := tuple(r for r in _speaking(option, counts) if r.term.kind not in leaving):
                return found
    return ()


def _room(option: Option, slows: bool) -> tuple[Reason, ...]:
    """What speaks for an option that stays in its lane.

    That the car ahead is slower does not, nor does a free road for slowing down.
    """
    said = ("slower ahead", *GAINS, *(("free ahead",) if slows else ()))
    return tuple(r for r in _speaking(option, ("for",)) if r.term.kind not in said)


def _off_centre(choice: Choice) -> tuple[Reason, ...]:
    """How far the car is off its lane, as any option measured it."""
    found = [Reason(term, option) for option in choice.options for term in option.terms]
    return tuple(reason for reason in found if reason.term.kind in OFF_CENTRE)


def _gains(reason: Reason) -> bool:
    return reason.term.kind in GAINS


def same_way(option: Option, other: Option) -> bool:
    """Do two options lead the same way?"""
    return option.trajectory is not None and option.trajectory == other.trajectory


def nearer_goal(option: Option, other: Option) -> bool:
    """Does an option leave fewer lanes to cross to the goal than another?"""
    left = [
        sum(t.value for t in each.terms if t.kind == "lanes to goal") for each in (option, other)
    ]
    return left[0] < left[1]


def _speaking(option: Option, counts: tuple[str, ...]) -> tuple[Reason, ...]:
    return tuple(Reason(term, option) for term in option.terms if term.counts in counts)
