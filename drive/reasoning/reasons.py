"""Why a choice was made, in the terms that the policy weighed: for it, and against its rivals.

What is worked out once of a decision (the ego's surroundings, what its trajectory does, what speaks
for and against) is a value here, and passed on. Knows no words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drive.kinematics.surroundings import CHANGES, Place, View
from drive.kinematics.trajectory import NUDGE, MetaAction, meta_action_of
from drive.language.quantities import SET_BEFORE
from drive.reasoning.deciding import Contest, contests
from drive.roads import LaneId
from drive.types import (
    Action,
    Attribution,
    Cause,
    Choice,
    Follow,
    Meta,
    Option,
    Scene,
    Side,
    Term,
    Trajectory,
)

NULL = ("always", "drawn")  # terms of a policy that weighs nothing
LANE_CHANGES: dict[Side, str] = {side: change.name for change, side in CHANGES.items()}
STAYING = ("IDLE", "LANE_KEEP")  # what a change of lane is held against
QUICKER = {"SLOWER": ("IDLE", "FASTER"), "IDLE": ("FASTER",)}  # what a lower speed is held against
UNAVAILABLE = "unavailable"  # a term for an option that the road does not offer
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
    WHEREABOUTS: "crossing",
    "lane ends": "static",
    "curve ahead": "road",
    "lanes to goal": "goal",
    "distance to goal": "goal",
}
STANDING = 0.5  # [m/s]
LEAST_GAIN = 0.5  # [m/s], from which a difference in speed is worth saying
OFF_CENTRE = ("lateral offset", "heading error")


@dataclass(frozen=True)
class Situation:
    """A decision's circumstances."""

    scene: Scene
    view: View  # of the scene
    places: tuple[Place, ...]  # the ego's set-point lane, then those beside it
    trajectory: Trajectory  # the chosen option's
    motion: MetaAction  # what it does, seen from the lane that the ego is on
    change: str  # of speed, a value of the claim "speed change"


@dataclass(frozen=True)
class Reason:
    """A term, and the option it speaks for or against."""

    term: Term
    option: Option

    @property
    def subject(self) -> str | None:
        return "static" if self.term.objects else SUBJECTS.get(self.term.kind)


@dataclass(frozen=True)
class Rival:
    """An option that the choice is held against."""

    option: Option
    manoeuvre: str | None
    objections: tuple[Reason, ...]  # what speaks against it, and not as much against the choice


@dataclass(frozen=True)
class Weighed:
    """What a choice rests on."""

    manoeuvre: str | None  # of the chosen option
    reasons: tuple[Reason, ...]  # the proximate one first
    rivals: tuple[Rival, ...]  # the first to be told of first


def situation_of(scene: Scene, choice: Choice) -> Situation:
    """The situation of a choice that has a trajectory."""
    view, trajectory = View(scene), choice.chosen.trajectory
    motion = motion_of(scene, trajectory)
    change = _change(scene, choice.action, motion, float(trajectory.speed[-1]))
    return Situation(scene, view, view.places(), trajectory, motion, change)


def _change(scene: Scene, action: Action, motion: MetaAction, speed: float) -> str:
    """The change of speed as it is said; apart, where an action that sets no speed only goes on to the one set before."""
    ego, change = scene.ego, motion.longitudinal
    if change == "stop" and abs(ego.speed) < STANDING:
        return "wait"
    sets_none = isinstance(action, Meta) and action.name not in ("FASTER", "SLOWER")
    if sets_none and abs(speed - ego.target_speed) < LEAST_GAIN:
        return next((said for said, each in SET_BEFORE.items() if each == change), change)
    return change


def rivals_of(situation: Situation, choice: Choice) -> tuple[Contest, ...]:
    """The choice against each option that leads elsewhere, the strongest first: those that can be taken, or were valued more where there is no lane."""
    legal, chosen = situation.scene.legal, choice.chosen
    return tuple(
        each
        for each in contests(choice)
        if (legal.allows(each.option.action) and not _same_way(each.option, chosen))
        or is_wanted_off_the_road(situation, each.option, chosen)
    )


def weigh(
    situation: Situation,
    choice: Choice,
    attribution: Attribution | None = None,
    placing: bool = False,
) -> Weighed:
    """What the choice of a policy rests on that does not say what its terms are worth.

    Where causes were tested, terms about a car that makes no difference count no longer. placing:
    the proximate cause's place speaks against what would be done without it.
    """
    if attribution is not None:
        choice = _tested_only(choice, attribution)
    if placing:
        choice = _placing(choice, attribution.causes[0])
    return Weighed(
        manoeuvre_of(situation.scene, choice.chosen),
        _reasons(situation, choice),
        _rivals(situation, choice, attribution),
    )


def manoeuvre_of(scene: Scene, option: Option) -> str | None:
    """A meta-action's name; of a control, the change of lane or LANE_KEEP that it drives to, if any.

    Of a followed path, the meta-action that its trajectory amounts to.
    """
    if isinstance(option.action, Meta):
        return option.action.name
    if isinstance(option.action, Follow):
        return _meaning_of(motion_of(scene, option.action.trajectory))
    if option.target_lane is None:
        return None
    side = side_of(scene.ego.target_lane, option.target_lane)
    return LANE_CHANGES[side] if side else "LANE_KEEP"


def motion_of(scene: Scene, trajectory: Trajectory) -> MetaAction:
    """What a trajectory does, seen from the lane that the ego is on."""
    ego = scene.ego
    return meta_action_of(trajectory, scene.road, ego.lane, ego.speed, ego.route)


def _meaning_of(motion: MetaAction) -> str:
    """The meta-action that a motion is most like."""
    if motion.lateral == "change lane":
        return LANE_CHANGES[motion.side]
    slower = motion.longitudinal in ("slow down", "stop", "drive backwards")
    return "SLOWER" if slower else "FASTER" if motion.longitudinal == "speed up" else "IDLE"


def side_of(lane: LaneId, other: LaneId) -> Side | None:
    """On which side another lane of the same section is."""
    if lane[:2] != other[:2] or lane == other:
        return None
    return "left" if other[2] < lane[2] else "right"


def _tested_only(choice: Choice, attribution: Attribution) -> Choice:
    """The choice without the terms about cars and objects that make no difference."""
    cars = {car for cause in attribution.causes for car in cause.cars}
    objects = {thing for cause in attribution.causes for thing in cause.objects}

    def matters(term: Term) -> bool:
        return cars.issuperset(term.cars) and objects.issuperset(term.objects)

    options = (
        replace(option, terms=tuple(filter(matters, option.terms))) for option in choice.options
    )
    return replace(choice, options=tuple(options))


def _placing(choice: Choice, cause: Cause) -> Choice:
    """The choice, with a term for each of the cause's cars against what would be done without them."""
    places = tuple(Term(WHEREABOUTS, 0.0, "m", "against", cars=(car,)) for car in cause.cars)
    options = (
        replace(option, terms=(*option.terms, *places))
        if option.action == cause.instead
        else option
        for option in choice.options
    )
    return replace(choice, options=tuple(options))


# ----------------------------------------------------------------------------------- for the choice


def _reasons(situation: Situation, choice: Choice) -> tuple[Reason, ...]:
    """The reasons that the choice rests on, the proximate one first.

    Holding back is explained by what speaks against the quicker option, a change of lane by what
    speaks against staying (or, where nothing does, by what is ahead there and what the change
    gains), everything else by what speaks for it.
    """
    scene, motion, chosen = situation.scene, situation.motion, choice.chosen
    if any(term.kind in NULL for term in chosen.terms):
        return tuple(Reason(term, chosen) for term in chosen.terms if term.kind in NULL)
    name = manoeuvre_of(scene, chosen)
    reasons = ()
    if name in LANE_CHANGES.values() and motion.lateral == "change lane":
        reasons = _for_changing(scene, choice)
    elif nudges(scene, motion):
        return off_centre(choice)
    elif name in QUICKER and motion.longitudinal != "speed up":
        options = _options(scene, choice, QUICKER[name])
        options = (option for option in options if not _same_way(option, chosen))
        reasons = _first_speaking(options, ("against",), silent=(*GAINS, UNAVAILABLE))
    slows = motion.longitudinal in ("slow down", "stop", "drive backwards")
    return (
        reasons
        or _room(chosen, slows)
        or tuple(r for r in _speaking(chosen, ("against",)) if r.subject)
    )


def _for_changing(scene: Scene, choice: Choice) -> tuple[Reason, ...]:
    """Why the ego changes lanes: what speaks against staying, and what the change gains.

    Distances to the goal are told as they are from here.
    """
    stay = _first_speaking(_options(scene, choice, STAYING), ("against",))
    stay = tuple(r for r in stay if r.subject != "goal" or _nearer_goal(choice.chosen, r.option))
    gains = (r for r in _speaking(choice.chosen, ("for",)) if r.subject != "goal")
    gains = sorted(gains, key=lambda reason: reason.term.kind in GAINS, reverse=True)
    return (stay or _lead_of(scene, choice)) + tuple(gains)


def _lead_of(scene: Scene, choice: Choice) -> tuple[Reason, ...]:
    """What staying measured of the car ahead, where that is slower."""
    stay = _first_speaking(_options(scene, choice, STAYING), ("for", "against"))
    lead = tuple(
        Reason(replace(reason.term, threshold=None), reason.option)
        for reason in stay
        if reason.subject == "lead"
    )
    return lead if any(reason.term.kind == "slower ahead" for reason in lead) else ()


def _options(scene: Scene, choice: Choice, names: tuple[str, ...]):
    """The options that are these manoeuvres, in the order of the names."""
    for name in names:
        yield from (option for option in choice.options if manoeuvre_of(scene, option) == name)


def _first_speaking(options, counts: tuple[str, ...], silent: tuple[str, ...] = ()):
    """The reasons of the first option that has any which counts so; terms of silent kinds are none."""
    for option in options:
        if reasons := tuple(r for r in _speaking(option, counts) if r.term.kind not in silent):
            return reasons
    return ()


def _speaking(option: Option, counts: tuple[str, ...]) -> tuple[Reason, ...]:
    return tuple(Reason(term, option) for term in option.terms if term.counts in counts)


def _room(option: Option, slows: bool) -> tuple[Reason, ...]:
    """What speaks for an option that stays in its lane.

    That the car ahead is slower does not, nor does a free road for slowing down.
    """
    silent = ("slower ahead", *GAINS, *(("free ahead",) if slows else ()))
    return tuple(r for r in _speaking(option, ("for",)) if r.term.kind not in silent)


def off_centre(choice: Choice) -> tuple[Reason, ...]:
    """How far the ego is off its lane, as any option measured it."""
    reasons = [Reason(term, option) for option in choice.options for term in option.terms]
    return tuple(reason for reason in reasons if reason.term.kind in OFF_CENTRE)


def _same_way(option: Option, other: Option) -> bool:
    """Do two options lead the same way?"""
    return option.trajectory is not None and option.trajectory == other.trajectory


def _nearer_goal(option: Option, other: Option) -> bool:
    """Does an option leave fewer lanes to cross to the goal than another?"""
    left = [
        sum(t.value for t in each.terms if t.kind == "lanes to goal") for each in (option, other)
    ]
    return left[0] < left[1]


def nudges(scene: Scene, motion: MetaAction) -> bool:
    """Does a steered ego move within its lane, away from the middle or back to it?"""
    if scene.legal.steering is None:
        return False
    ego = scene.ego
    off = scene.road.lane(ego.lane).frenet(ego.x, ego.y)[1]
    back = off * motion.offset < 0 and min(abs(off), abs(motion.offset)) > NUDGE
    return motion.lateral == "nudge in lane" or (motion.lateral == "keep lane" and back)


# ------------------------------------------------------------------------------- against its rivals


def _rivals(
    situation: Situation, choice: Choice, attribution: Attribution | None
) -> tuple[Rival, ...]:
    """The options that the choice may be held against, the first to be tried first.

    The strongest; where causes were tested, before it what would have been done without the
    proximate cause, and the quicker ways.
    """
    actions: tuple = ()
    if attribution is not None:
        instead = attribution.causes[0].instead if attribution.causes else None
        quicker = QUICKER.get(manoeuvre_of(situation.scene, choice.chosen) or "", ())
        actions = (instead, *map(Meta, quicker))
    options = (*map(choice.option, actions), _strongest_rival(situation, choice))
    scene = situation.scene
    return tuple(
        Rival(each, manoeuvre_of(scene, each), _objections(scene, choice, each))
        for each in options
        if each is not None
    )


def _strongest_rival(situation: Situation, choice: Choice) -> Option | None:
    """The best option that was not taken and leads elsewhere; legal, or wanted where there is no lane.

    The highest score where all have one; else the option with the least against it, where slowing
    down without need counts last.
    """
    scene, chosen = situation.scene, choice.chosen
    others = [
        option
        for option in choice.options
        if option.action != choice.action
        and (
            (scene.legal.allows(option.action) and not _same_way(option, chosen))
            or is_wanted_off_the_road(situation, option, chosen)
        )
    ]
    if all(option.score is not None for option in others):
        return max(others, key=lambda option: option.score, default=None)
    return min(others, key=lambda option: _burden(scene, option), default=None)


def is_wanted_off_the_road(situation: Situation, option: Option, chosen: Option) -> bool:
    """Did the policy value a change of lane more than the choice, where there is no such lane?"""
    return (
        any(term.kind == UNAVAILABLE for term in option.terms)
        and option.action in CHANGES
        and all(option.action != place.change for place in situation.places)
        and None not in (option.score, chosen.score)
        and option.score > chosen.score
    )


def _burden(scene: Scene, option: Option) -> tuple[bool, int]:
    return manoeuvre_of(scene, option) == "SLOWER", len(_against(option))


def _against(option: Option) -> tuple[Reason, ...]:
    return _speaking(option, ("against",))


def _objections(scene: Scene, choice: Choice, rival: Option) -> tuple[Reason, ...]:
    """What speaks against the rival and not as much against the choice.

    What lies ahead is no objection to slowing down, unless it was tested to be one. The way to the
    goal is told as it is from here, not from the rival's lane.
    """
    slower = manoeuvre_of(scene, rival) == "SLOWER"
    ours = choice.chosen.terms
    reasons = [
        reason
        for reason in _against(rival)
        if not (slower and (_lies_ahead(reason) or reason.term.kind == "acceleration"))
        and (reason.term not in ours or reason.term.kind == "distance to goal")
    ]
    astray = any(reason.term.kind == "lanes to goal" for reason in reasons)
    if _nearer_goal(rival, choice.chosen):
        reasons, astray = [reason for reason in reasons if reason.subject != "goal"], False
    reasons = [reason for reason in reasons if astray or reason.term.kind != "distance to goal"]
    here = [o for o in choice.options if o.target_lane == scene.ego.target_lane]
    way = {r.term.kind: r for o in here for r in _against(o) if r.term.kind == "lanes to goal"}
    return tuple(
        way.get(reason.term.kind, reason)
        for reason in reasons
        if reason.term.kind != "lanes to goal" or way or rival in here
    )


def _lies_ahead(reason: Reason) -> bool:
    return reason.subject is not None and reason.term.kind != WHEREABOUTS
