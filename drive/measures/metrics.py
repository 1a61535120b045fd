"""Metrics of an episode: METRICS, name -> (Episode -> float), each a formula in docs/metrics.md.

Missing is NaN, never 0. Knows no simulator and no policy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from drive.kinematics.goal import arrived
from drive.measures.motion import ENCOUNTER, TTC_CAP, Motion
from drive.measures.statistics import present, quantile
from drive.types import GRID, HORIZON, WAYPOINTS, Control, Episode, Follow, Meta, Step

KILOMETRE, HUNDRED_KM = 1e3, 1e5  # [m]
REVERSAL = 0.1  # share of a control's range that both swings of a reversal exceed

# nuPlan's limits of comfort, set from what people drive (nuplan-devkit, ego_is_comfortable)
COMFORT = {
    "longitudinal acceleration": (-4.05, 2.40, "m/s²"),
    "lateral acceleration": (-4.89, 4.89, "m/s²"),
    "jerk": (-8.37, 8.37, "m/s³"),
    "longitudinal jerk": (-4.13, 4.13, "m/s³"),
    "yaw acceleration": (-1.93, 1.93, "rad/s²"),
    "yaw rate": (-0.95, 0.95, "rad/s"),
}


# ------------------------------------------------------------------------------------ the formulas


def _mean(values) -> float:
    array = present(values)
    return float(array.mean()) if len(array) else math.nan


def _share(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else math.nan


def _ended(m: Motion, what: Callable) -> float:
    """What the end says; NaN where the episode was cut short or the policy failed."""
    end = m.episode.end
    return math.nan if end is None or end.reason == "policy failed" else float(what(end))


def _failed(m: Motion) -> float:
    return float(m.episode.end.reason == "policy failed") if m.episode.end else math.nan


SUCCESS = {  # task -> did the ego do it?
    "cruise": lambda end: end.reason == "time is up",
    "lane keeping": lambda end: end.reason == "time is up",
    "pass": lambda end: end.reason == "arrived",
    "exit": lambda end: end.reason == "arrived" and arrived(end.final),
    "destination": lambda end: end.reason == "arrived" and arrived(end.final),
    "laps": lambda end: end.reason == "time is up" and end.laps >= 1,
}


def _success(m: Motion) -> float:
    end = m.episode.end
    if end is None or _answered(m) < 1.0:  # what a fallback did is not the policy's success
        return math.nan
    return float(
        SUCCESS[m.episode.header.task.kind](end)
    )  # a policy that fails to decide does not succeed


def _answered(m: Motion) -> float:
    return float(np.mean([step.choice.answered for step in m.steps])) if m.steps else math.nan


def _collision(m: Motion) -> float:
    return _ended(m, lambda end: end.reason == "collision")


def _at_fault(m: Motion) -> float:
    def fault(end):
        if end.reason != "collision":
            return False
        clear = end.contact and end.contact.side != "unknown" and not end.contact.unavoidable
        return end.contact.at_fault if clear else math.nan

    return _ended(m, fault)


def _off_road(m: Motion) -> float:
    return _ended(m, lambda end: end.reason == "off road" or m.off_road.any())


def _time(m: Motion) -> float:
    return float(m.times[-1] - m.times[0]) if len(m.times) else math.nan


def _distance(m: Motion) -> float:
    if not len(m.times):
        return math.nan
    return float(np.linalg.norm(np.diff(m.ego[:, :2], axis=0), axis=1).sum())


def _mean_speed(m: Motion) -> float:
    return _distance(m) / _time(m) if len(m.times) > 1 else math.nan


def _return(m: Motion) -> float:
    return math.fsum(step.reward for step in m.steps) if m.steps else math.nan


def _min_ttc(m: Motion) -> float:
    values = present(m.time_to_collision)
    return float(values.min()) if len(values) else math.nan


def _ttc_under(m: Motion, seconds: float) -> float:
    return _share(m.time_to_collision < seconds)


def _headway_under_15(m: Motion) -> float:
    return _share(m.lead[0] < 15.0)


def _headway_under(m: Motion, seconds: float) -> float:
    return _share(present(m.headway) < seconds)


def _least_headway(m: Motion) -> float:
    values = present(m.headway)
    return float(values.min()) if len(values) else math.nan


def _rss_violation(m: Motion) -> float:
    return _share(m.lead[0] < m.rss_gap)


def _braking_imposed(m: Motion) -> float:
    return float(m.braking_imposed) if len(m.times) else math.nan


def _braking_imposed_per_km(m: Motion) -> float:
    distance = _distance(m)
    return _braking_imposed(m) / (distance / KILOMETRE) if distance > 0 else math.nan


def _oncoming(m: Motion) -> float:
    return float(np.count_nonzero(m.oncoming[1:])) * m.sub_step if len(m.times) else math.nan


def _goal_missed(m: Motion) -> float:
    """Did the ego pass its goal and not take it? At last, more sections lie before it than there once did."""
    if not m.episode.header.task.goal or not len(m.times):
        return math.nan
    left = present(m.to_goal)
    missed = len(left) > 0 and left[-1] > left.min()
    return 1.0 if missed else _ended(m, lambda end: False)


def _close_encounter(m: Motion) -> float:
    return float((m.touching_in < ENCOUNTER).any()) if len(m.times) else math.nan


def _lane_changes(m: Motion) -> float:
    return float(len(m.lane_changes)) if len(m.times) else math.nan


def _taken_over(m: Motion) -> float:
    """Consecutive decisions that the monitor drives are one takeover; NaN where no monitor watches."""
    if "monitor" not in m.episode.header.takeovers or not m.steps:
        return math.nan
    taken = [step.takeover is not None and step.takeover.by == "monitor" for step in m.steps]
    return float(np.count_nonzero(np.diff(np.array(taken, int), prepend=0) == 1))


def _taken_over_per_100_km(m: Motion) -> float:
    distance = _distance(m)
    return _taken_over(m) / (distance / HUNDRED_KM) if distance > 0 else math.nan


def _alone(m: Motion) -> float:
    """Was the task done, and every decision driven as the policy decided?"""
    taken = _taken_over(m)
    return math.nan if math.isnan(taken) else _success(m) * (taken == 0)


AXES = {"FASTER": (1, 0), "SLOWER": (-1, 0), "LANE_LEFT": (0, 1), "LANE_RIGHT": (0, -1)}


def _flapping(m: Motion) -> float:
    actions = [step.driven for step in m.steps]
    if len(actions) < 3 or any(isinstance(action, Follow) for action in actions):
        return math.nan
    if isinstance(actions[0], Meta):
        axes = np.array([AXES.get(str(action), (0, 0)) for action in actions])
        return _share((axes[1:] * axes[:-1] < 0).any(1))
    swings = np.diff([_controls(step) for step in m.steps], axis=0)
    large = np.minimum(abs(swings[1:]), abs(swings[:-1])) > REVERSAL
    return _share(((swings[1:] * swings[:-1] < 0) & large).any(1))


def _followed(m: Motion) -> float:
    return _share(np.array([isinstance(step.driven, Follow) for step in m.steps]))


def _controls(step: Step) -> tuple[float, float]:
    """Acceleration and steering as shares of their legal ranges; 0 where a range is a point."""
    action, legal = step.driven, step.scene.legal
    if not isinstance(action, Control):
        return (math.nan, math.nan)
    pairs = ((action.acceleration, legal.acceleration), (action.steering, legal.steering))
    return tuple(v / (high - low) if high > low else 0.0 for v, (low, high) in pairs)


def _within(m: Motion, names: tuple[str, ...]) -> float:
    """Share of sub-steps in which all the named signals are inside their limits."""
    if len(m.times) < 3:
        return math.nan
    signals = np.array([m.comfort[name] for name in names])  # [names, T - 2]
    limits = np.array([COMFORT[name][:2] for name in names])
    if np.isnan(signals).any():
        return math.nan
    return _share(((limits[:, :1] <= signals) & (signals <= limits[:, 1:])).all(0))


def _during_change(m: Motion, name: str) -> float:
    """Mean over completed lane changes of a signal's largest size."""
    if len(m.times) < 3:
        return math.nan
    peaks = [abs(m.comfort[name][max(0, c.start - 1) : c.stop - 1]).max() for c in m.manoeuvres]
    return _mean(peaks)


def _change_time(m: Motion) -> float:
    return _mean([m.times[change.stop - 1] - m.times[change.start] for change in m.manoeuvres])


def _self_ade(m: Motion, horizon: float | None) -> float:
    if not len(m.times):
        return math.nan
    count = max(1, round((horizon or m.episode.header.period) / GRID))
    if count > WAYPOINTS:
        return math.nan
    return _mean(m.strayed[:, :count].mean(1))


def _plan_deviation(m: Motion) -> float:
    period = m.episode.header.period
    count = math.floor((HORIZON - period) / GRID + 1e-9)
    if len(m.steps) < 2 or count < 1:
        return math.nan
    place = period / GRID + np.arange(1, count + 1)  # where the earlier plan has the later's times
    before = np.minimum(np.floor(place + 1e-9).astype(int), WAYPOINTS - 1)
    part = (place - before)[:, None]
    earlier = m.plans[:-1, before] * (1 - part) + m.plans[:-1, before + 1] * part
    return _mean(np.linalg.norm(m.plans[1:, 1 : count + 1] - earlier, axis=-1))


def _latency(m: Motion, share: float) -> float:
    return quantile([step.timing.get("decide", math.nan) for step in m.steps], share)


def _incidents(m: Motion) -> float:
    collided = _collision(m)
    if not len(m.times) or math.isnan(collided):
        return math.nan
    ended = m.episode.end.reason == "off road" and not m.off_road.any()
    left = np.count_nonzero(np.diff(m.off_road.astype(int), prepend=0) == 1)
    return float(collided + left + ended)


def _between_incidents(m: Motion) -> float:
    incidents = _incidents(m)
    return _distance(m) / incidents if incidents > 0 else math.nan


def _inside_lane(m: Motion) -> float:
    return _share(m.inside)


def _laps(m: Motion) -> float:
    if m.episode.header.task.kind != "laps":
        return math.nan
    return _ended(m, lambda end: end.laps)


def _progress(m: Motion) -> float:
    """Distance along the road over the distance at its speed limit; NaN where it has no limit."""
    done = allowed = 0.0
    for lane, at in m.lanes_driven():
        x, y, heading, speed = m.ego[at].T
        done += float((speed * np.cos(heading - lane.heading(lane.frenet(x, y)[0]))).sum())
        allowed += len(at) * (math.nan if lane.speed_limit is None else lane.speed_limit)
    return done / allowed if allowed else math.nan


def _scene_score(m: Motion) -> float:
    if _answered(m) < 1.0:
        return math.nan
    fault = max(_at_fault(m), _off_road(m))
    if math.isnan(fault) or fault:
        return math.nan if math.isnan(fault) else 0.0
    return float(np.clip(_progress(m), 0.0, 1.0))


# --------------------------------------------------------------------------------------- the table


@dataclass(frozen=True)
class Metric:
    """One measure of an episode. Call it with an Episode."""

    formula: Callable[[Motion], float]
    unit: str  # "" for counts, shares and scores
    range: tuple[float, float]
    better: Literal["higher", "lower"] | None
    doc: str  # what it is, in a few words; docs/metrics.md has the formula
    rate: bool = False  # per episode 0 or 1: its mean is a rate, with Wilson's interval
    pooled: tuple[str, str] | None = (
        None  # over episodes: the sum of the first over the sum of the second
    )
    per: float = 1.0  # how much of the second makes one unit of it: 1000 where m are told as km
    rare: bool = False  # pooled by a count of rare events, with Poisson's interval

    def __call__(self, episode: Episode) -> float:
        return self.formula(Motion(episode))


ANY, SHARE = (0.0, math.inf), (0.0, 1.0)


def _rate(formula, better, doc) -> Metric:
    return Metric(formula, "", SHARE, better, doc, rate=True)


def _bind(formula, *given):
    return lambda motion: formula(motion, *given)


METRICS: dict[str, Metric] = {
    "success": _rate(_success, "higher", "the scenario's task was done"),
    "collision": _rate(_collision, "lower", "the ego hit something, or was hit"),
    "at-fault collision": _rate(_at_fault, "lower", "the contact was at the ego's front or side"),
    "off-road": _rate(_off_road, "lower", "the ego's centre left every lane"),
    "failed": _rate(_failed, "lower", "the policy raised or broke its contract"),
    "decisions answered": Metric(
        _answered, "", SHARE, "higher", "share of decisions that the policy, no fallback, took"
    ),
    "mean speed": Metric(
        _mean_speed, "m/s", ANY, "higher", "distance over time", pooled=("distance", "time")
    ),
    "distance": Metric(_distance, "m", ANY, "higher", "length of the way driven"),
    "time": Metric(_time, "s", ANY, None, "from the first decision to contact or end"),
    "return": Metric(_return, "", (-math.inf, math.inf), "higher", "highway-env's own reward, summed"),
    "scene score": Metric(
        _scene_score, "", SHARE, "higher", "0 after own fault or off the road, else progress"
    ),
    "minimum TTC": Metric(
        _min_ttc, "s", (0.0, TTC_CAP), "higher", "shortest time to collision with the car ahead"
    ),
    **{
        f"TTC under {seconds:g} s": Metric(
            _bind(_ttc_under, seconds), "", SHARE, "lower", "share of time"
        )
        for seconds in (2.0, 3.0)
    },
    "minimum headway": Metric(
        _least_headway, "s", ANY, "higher", "shortest time gap to the car ahead, above 3 m/s"
    ),
    "headway under 15 m": Metric(_headway_under_15, "", SHARE, "lower", "share of time"),
    **{
        f"headway under {seconds:g} s": Metric(
            _bind(_headway_under, seconds), "", SHARE, "lower", "share of the time above 3 m/s"
        )
        for seconds in (0.5, 1.0, 2.0)
    },
    "RSS violation": Metric(
        _rss_violation, "", SHARE, "lower", "share of time nearer to the car ahead than RSS allows"
    ),
    "hard braking imposed": Metric(
        _braking_imposed, "", ANY, "lower", "times that the car behind braked hard because of the ego"
    ),
    "hard braking imposed per km": Metric(
        _braking_imposed_per_km, "1/km", ANY, "lower", "the same over the distance driven",
        pooled=("hard braking imposed", "distance"), per=KILOMETRE,
    ),
    "oncoming lane": Metric(_oncoming, "s", ANY, "lower", "time on a lane against its direction"),
    "goal missed": _rate(_goal_missed, "lower", "the ego passed its exit or destination"),
    "close encounter": _rate(_close_encounter, "lower", "contact was at most 1 s away, from anywhere"),
    "incidents": Metric(_incidents, "", ANY, "lower", "collisions and times off the road"),
    "distance between incidents": Metric(
        _between_incidents, "m", ANY, "higher", "all distance over all incidents",
        pooled=("distance", "incidents"), rare=True,
    ),
    "takeovers": Metric(_taken_over, "", ANY, "lower", "times that the monitor drove instead"),
    "takeovers per 100 km": Metric(
        _taken_over_per_100_km, "1/100 km", ANY, "lower", "the same over the distance driven",
        pooled=("takeovers", "distance"), per=HUNDRED_KM,
    ),
    "success without takeover": _rate(
        _alone, "higher", "the task was done, and the monitor never drove"
    ),
    "lane changes": Metric(_lane_changes, "", ANY, None, "lanes entered from beside"),
    "action flapping": Metric(_flapping, "", SHARE, "lower", "share of decisions that undo the last"),
    "followed paths": Metric(
        _followed, "", SHARE, None, "share of decisions that gave a path, not the road's own action"
    ),
    "inside lane": Metric(_inside_lane, "", SHARE, "higher", "share of time with all corners in it"),
    "laps": Metric(_laps, "", (-math.inf, math.inf), "higher", "laps driven on a circuit"),
    **{
        f"comfort: {name}": Metric(
            _bind(_within, (name,)), "", SHARE, "higher", f"share of time in {low:g} to {high:g} {unit}"
        )
        for name, (low, high, unit) in COMFORT.items()
    },
    "comfort: all six": Metric(
        _bind(_within, tuple(COMFORT)), "", SHARE, "higher", "share of time inside all six limits"
    ),
    "lane change: duration": Metric(_change_time, "s", ANY, None, "of one lane change"),
    **{
        f"lane change: {name}": Metric(
            _bind(_during_change, name), COMFORT[name][2], ANY, "lower", "largest in one lane change"
        )
        for name in COMFORT
    },
    "self-ADE 1 decision": Metric(
        _bind(_self_ade, None), "m", ANY, "lower", "driven against planned, until the next decision"
    ),
    **{
        f"self-ADE {horizon:g} s": Metric(
            _bind(_self_ade, horizon), "m", ANY, "lower", f"driven against planned, over {horizon:g} s"
        )
        for horizon in (1.0, 3.0, HORIZON)
    },
    "plan deviation": Metric(
        _plan_deviation, "m", ANY, "lower", "between a trajectory and the one before"
    ),
    **{
        f"decision latency p{percent}": Metric(
            _bind(_latency, percent / 100), "s", ANY, "lower", "time that one `decide` took"
        )
        for percent in (50, 95, 99)
    },
}  # fmt: skip


def measure(episode: Episode, names: Iterable[str] = tuple(METRICS)) -> dict[str, float]:
    """Metrics of an episode, all or those named, NaN where missing; the shared arrays are made once."""
    motion = Motion(episode)
    return {name: METRICS[name].formula(motion) for name in names}
