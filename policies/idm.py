"""The Intelligent Driver Model and MOBIL, evaluated on what is seen, with nominal parameters.

Treiber, Hennecke, Helbing 2000 (eq. 2-3, acceleration) and Kesting, Treiber, Helbing 2007 (lane
change), with the parameters and the gaps (centre to centre) of highway-env's `IDMVehicle`. An
option for the speed is worth the more, the nearer it comes to IDM's acceleration; an option for a
lane is worth MOBIL's incentive. Worths are in m/s² and sum to the score. Only the ego's lane and the lanes beside it count: a car that
crosses does not exist for this policy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drive.kinematics import control
from drive.kinematics.surroundings import (
    IDM,
    Neighbour,
    View,
    begun_change,
    idm_acceleration,
    legal_options,
)
from drive.roads import LaneId
from drive.types import Choice, Legal, Meta, Option, Scene, Term
from drive.types.settings import tunable

# highway-env's nominal IDMVehicle; its politeness is 0, so the gain of other cars does not count.
TIME_WANTED = IDM["time gap"]  # [s]
MIN_GAIN = 0.2  # [m/s2] of a lane change (LANE_CHANGE_MIN_ACC_GAIN)
MAX_IMPOSED = 2.0  # [m/s2] asked of the new follower (LANE_CHANGE_MAX_BRAKING_IMPOSED)


@dataclass(frozen=True)
class Settings:
    """How the model's accelerations rank discrete actions, and from which values a term is said."""

    wanted: float = tunable(
        2.0, "m/s²", "that a lane change which MOBIL wants is worth beyond its gain"
    )
    unwanted: float = tunable(99.0, "m/s²", "that a lane change which MOBIL does not want costs")
    straight: float = tunable(1000.0, "m/s²", "that wheels held straight on a steered road cost")
    misfit: float = tunable(
        1.0, "m/s²", "off IDM's acceleration, at which an option is worth nothing; less, beyond"
    )
    closing: float = tunable(
        1.0, "m/s", "of closing speed, from which a leader speaks against an option"
    )
    said: float = tunable(0.5, "m/s", "of closing or own speed, from which it is said")


class Idm:
    """Changes lane where MOBIL says so, else drives the speed option nearest to IDM's acceleration."""

    name = "idm"
    tie = "shares evidence"

    @staticmethod
    def applies(legal: Legal) -> bool:
        return True

    def __init__(self, settings: Settings = Settings()):
        self.settings = settings

    def decide(self, scene: Scene) -> Choice:
        view = View(scene)
        options = tuple(_weighed(view, option, self.settings) for option in legal_options(scene))
        best = max(options, key=lambda option: option.score)
        return Choice(best.action, options, unit="m/s²")


def _weighed(view: View, option: Option, settings: Settings) -> Option:
    """The option with its terms; the score is MOBIL's incentive, or how well the speed fits IDM's."""
    lane = option.target_lane
    if lane is None:
        terms = (_error(view, settings),)
    elif lane != view.scene.ego.target_lane:
        terms = (*_change(view, lane, settings), *_lead_terms(view, lane, settings))
    else:
        terms = (_fit(view, option, settings), *_lead_terms(view, lane, settings))
    weighed = replace(option, terms=terms)
    return replace(weighed, score=weighed.sum)


def _fit(view: View, option: Option, settings: Settings) -> Term:
    """IDM's acceleration; a control is made to fit it, a meta-action gives what it gives."""
    wanted = acceleration(view, option.target_lane)
    meta = isinstance(option.action, Meta)
    worth = settings.misfit - (abs(_given(view.scene, option.action) - wanted) if meta else 0.0)
    return Term("acceleration", wanted, "m/s²", "against" if worth < 0 else "for", worth=worth)


def _change(view: View, lane: LaneId, settings: Settings) -> tuple[Term, ...]:
    """MOBIL: is the change safe for the new follower, and does it gain enough?

    The first condition that is not met carries what an unwanted change costs.
    """
    ego = view.scene.ego
    gain = acceleration(view, lane) - acceleration(view, ego.target_lane)
    imposed = _imposed(view, lane)
    beside = view.beside(lane)
    enough = 0.0 if lane == begun_change(view.scene) else MIN_GAIN
    hard, poor = imposed > MAX_IMPOSED, gain < enough
    wanted, cost = not (beside or hard or poor), settings.unwanted
    worth = gain + settings.wanted if wanted else gain - cost * (not beside and not hard)
    braking = 0.0 if wanted else -imposed - cost * (hard and not beside)
    costs = (0.0 if number else -cost for number in range(len(beside)))
    return (
        Term("incentive", gain, "m/s²", "for" if worth > 0 else "against", enough, worth=worth),
        *(
            Term("beside", -n.gap, "m", "against", cars=(n.car,), worth=each)
            for n, each in zip(beside, costs, strict=False)
        ),
        *_imposed_terms(view, lane, imposed, braking),
        *_behind_terms(view, lane, imposed, settings),
    )


def _imposed_terms(view: View, lane: LaneId, imposed: float, worth: float) -> tuple[Term, ...]:
    follower = view.follower(lane)
    if not imposed or follower is None:
        return ()
    about = _about(follower)
    return (Term("braking asked", imposed, "m/s²", "against", MAX_IMPOSED, **about, worth=worth),)


def acceleration(view: View, lane: LaneId) -> float:
    """IDM's acceleration [m/s2] for the ego on a lane, its present leaders considered."""
    ahead = [n for n in (view.leader(lane), view.oncoming(lane)) if n]
    nearest = min(ahead, key=lambda n: n.gap, default=None)
    speed, wish = view.scene.ego.speed, _wanted_speed(view.scene, lane)
    if nearest is None:
        return idm_acceleration(speed, wish)
    return idm_acceleration(speed, wish, nearest.gap, speed - nearest.speed, nearest.halves)


def _wanted_speed(scene: Scene, lane: LaneId) -> float:
    fastest = max(scene.ego.target_speeds, default=scene.ego.target_speed)
    limit = scene.road.lane(lane).speed_limit
    return fastest if limit is None else min(fastest, limit)


def _imposed(view: View, lane: LaneId) -> float:
    """Braking [m/s2] that IDM would ask of the follower in a lane, once the ego is ahead of it."""
    other = view.follower(lane)
    if other is None:
        return 0.0
    wish = max(other.speed, view.scene.road.lane(lane).speed_limit or 0.0)
    return max(0.0, -idm_acceleration(other.speed, wish, other.gap, other.closing, other.halves))


def _given(scene: Scene, action: Meta) -> float:
    """Mean acceleration [m/s2] of a meta-action over one decision period."""
    target = control.target_speed_after(scene.ego, action.name)
    after = control.speed_after(scene.ego.speed, target, scene.period)
    return (after - scene.ego.speed) / scene.period


# -------------------------------------------------------------------------------------- terms


def _lead_terms(view: View, lane: LaneId, settings: Settings) -> tuple[Term, ...]:
    lead, speed = view.leader(lane), view.scene.ego.speed
    if lead is None:
        return (Term("free ahead", view.scene.perception.range, "m", "for"),)
    about = _about(lead)
    if not about.get("cars"):
        return (Term("lane ends", lead.gap, "m", "against", **about),)
    counts = (
        "against"
        if lead.time_gap(speed) < TIME_WANTED or lead.closing > settings.closing
        else "for"
    )
    terms = [Term("gap ahead", lead.gap, "m", counts, **about)]
    if speed > settings.said and lead.gap > 0:
        terms.insert(0, Term("time gap", lead.time_gap(speed), "s", counts, TIME_WANTED, **about))
    if lead.closing > settings.said:
        terms.append(Term("slower ahead", lead.closing, "m/s", counts, **about))
    return tuple(terms)


def _behind_terms(view: View, lane: LaneId, imposed: float, settings: Settings) -> tuple[Term, ...]:
    follower = view.follower(lane)
    if follower is None or follower.gap < 0:
        return ()
    about, counts = _about(follower), "against" if imposed > MAX_IMPOSED else "for"
    terms = [Term("gap behind", follower.gap, "m", counts, **about)]
    if follower.closing > settings.said:
        terms.append(Term("closing from behind", follower.closing, "m/s", counts, **about))
    return tuple(terms)


def _error(view: View, settings: Settings) -> Term:
    ego = view.scene.ego
    lane = view.scene.road.lane(ego.lane)
    offset = lane.frenet(ego.x, ego.y)[1]
    return Term("lateral offset", offset, "m", "against", worth=-settings.straight)


def _about(other: Neighbour) -> dict:
    if other.car is not None:
        return {"cars": (other.car,)}
    return {"objects": (other.object,)} if other.object is not None else {}
