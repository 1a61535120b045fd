"""Random configurations of every road, and what must hold of an episode that is driven with one.

`examine` drives an episode with Whydrive, then gives the same actions to highway-env alone, replays the log
and verifies it. The part that drives highway-env imports nothing of Whydrive but the table of scenarios.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import gymnasium
import highway_env  # noqa: F401  (registers the environments)
import numpy as np
from highway_env.vehicle.behavior import IDMVehicle
from hypothesis import assume
from hypothesis import strategies as st

from drive import policy
from drive.checking.verdicts import Verifier
from drive.episodes.replay import replay
from drive.episodes.rollout import run
from drive.scenarios import REPORT_SEEDS, SCENARIOS
from drive.types import Episode, Meta
from drive.world import World

SAME = 2e-6  # [m, s] scenes are rounded to 1e-6
WEAK = "predicted contact"  # a consequence that is false in a measured share of cases
WRITTEN = (
    "DISTANCE_WANTED",
    "COMFORT_ACC_MAX",
    "COMFORT_ACC_MIN",
)  # by highway-env's intersections


@dataclass(frozen=True)
class Case:
    """An episode to be driven, as plain data."""

    scenario: str
    policy: str
    seed: int
    overrides: dict
    causes: str = "never"


@dataclass
class Report:
    """What came of a case."""

    faults: list[str] = field(default_factory=list)
    refused: str = ""  # why Whydrive drives no such road, where highway-env breaks as well
    decisions: int = 0
    claims: int = 0
    weak: list[str] = field(default_factory=list)  # consequences that are false, counted apart
    twin: float | None = None  # [m, m/s, rad] by which the twin differs from the log; inf: in kind


# ----------------------------------------------------------------------------------- configurations

DRIVERS = tuple(
    f"highway_env.vehicle.behavior.{kind}"
    for kind in ("IDMVehicle", "LinearVehicle", "AggressiveVehicle", "DefensiveVehicle")
)
LANES, COUNT, CHANCE = (
    st.integers(1, 6),
    st.integers(0, 20),
    st.floats(0, 1).map(lambda x: round(x, 2)),
)
METRES, YES_NO = st.integers(60, 300), st.booleans()
HIGHWAY = {
    "lanes_count": LANES,
    "vehicles_count": COUNT,
    "vehicles_density": st.sampled_from([0.3, 0.7, 1, 1.3, 2, 3.0]),
    "ego_spacing": st.sampled_from([0.5, 1, 1.7, 2, 4]),
    "initial_lane_id": st.one_of(st.none(), st.integers(0, 2)),
    "offroad_terminal": YES_NO,
    "reward_speed_range": st.sampled_from([[20, 30], [0, 40], [25, 26]]),
}
RACETRACK = {
    "other_vehicles": st.integers(0, 5),
    "speed_limit": st.sampled_from([3.0, 8.5, 10.0, 25.0]),
    "terminate_off_road": YES_NO,
}
ROADS: dict[str, dict[str, st.SearchStrategy]] = {  # what may be set, by scenario
    **{name: HIGHWAY for name in SCENARIOS if name.startswith(("highway", "dilu"))},
    "merge": {"lane_change_reward": st.sampled_from([-0.05, 0.0, 0.5])},
    "merge-generic": {
        "lanes_count": st.integers(1, 4),
        "vehicles_count": st.integers(0, 8),
        "before_merge_length": METRES,
        "converge_merge_length": METRES,
        "parallel_merge_length": METRES,
        "after_merge_length": st.integers(90, 300),
    },
    "roundabout": {"incoming_vehicle_destination": st.one_of(st.none(), st.integers(0, 2))},
    "roundabout-generic": {
        "incoming_vehicle_destination": st.one_of(st.none(), st.integers(0, 2)),
        "roundabout_radius": st.integers(15, 45),
        "roundabout_lanes": st.integers(1, 4),
        "vehicles_count": st.integers(0, 10),
    },
    "intersection": {
        "destination": st.sampled_from(["o1", "o2", "o3", None]),
        "initial_vehicle_count": st.integers(0, 12),
        "spawn_probability": CHANCE,
        "offroad_terminal": YES_NO,
    },
    "exit": {
        "lanes_count": st.integers(2, 8),
        "vehicles_count": COUNT,
        "vehicles_density": st.sampled_from([0.5, 1, 1.5, 2.5]),
        "ego_spacing": st.sampled_from([1, 2, 3.5]),
    },
    "two-way": {"left_lane_constraint": st.sampled_from([0, 1])},
    "u-turn": {"offroad_terminal": YES_NO, "reward_speed_range": st.sampled_from([[8, 24], [0, 9]])},
    "racetrack": RACETRACK,
    "racetrack-large": RACETRACK,
    "racetrack-oval": RACETRACK | {
        "length": st.sampled_from([100, 133, 200]),
        "no_lanes": st.sampled_from([2, 3, 5, 7]),
        "block_lane": YES_NO,
        "force_decision": YES_NO,
    },
    "lane-keeping": {"state_noise": CHANCE, "derivative_noise": CHANCE},
}  # fmt: skip
EVERYWHERE = {
    "other_vehicles_type": st.sampled_from(DRIVERS),
    "neighbour_vehicles_connected_lanes": YES_NO,
    "normalize_reward": YES_NO,
    "collision_reward": st.sampled_from([-5, -1, 0, 0.5]),
    "high_speed_reward": st.sampled_from([0, 0.4, 1]),
}
SPEEDS = st.one_of(
    st.builds(
        lambda low, step, count: [low + step * k for k in range(count)],
        st.integers(-5, 25),
        st.sampled_from([0.5, 2.5, 4, 5, 8]),
        st.integers(2, 9),
    ),
    st.sampled_from([[-5, 0, 5], [0, 8, 16], [0, 4.5, 9], [10, 11, 30], [0, 0.5]]),
)
ACTIONS = {  # settings of each type of action
    "DiscreteMetaAction": {"target_speeds": SPEEDS},
    "ContinuousAction": {
        "acceleration_range": st.sampled_from([[-5, 5], [-8, 3], [-1.0, 1.0]]),
        "steering_range": st.sampled_from([[-0.5, 0.5], [-1.0, 1.0], [-0.1, 0.2]]),
        "dynamical": YES_NO,
        "clip": YES_NO,
    },
}
ONE_KIND = ("two-way", "lane-keeping", "racetrack", "racetrack-large", "racetrack-oval")
FREQUENCIES = st.one_of(
    st.sampled_from([(15, 1), (5, 1), (15, 5), (15, 2), (15, 4), (10, 3), (7, 7), (5, 5), (12.5, 2.5)]),
    st.tuples(st.integers(2, 30), st.integers(1, 30)).map(lambda pair: (max(pair), min(pair))),
)  # fmt: skip
AXES = st.sampled_from([(), (), ("lateral",), ("longitudinal",), ("lateral", "longitudinal")])
DECISIONS = st.sampled_from([0.5, 1, 1.5, 1.99, 2.5, 3, 4.5, 6.5])  # that a duration takes
QUICK = ("idle", "faster", "slower", "random", "rule", "idm")


def defaults(scenario: str) -> dict:
    """highway-env's own configuration of a scenario's road, with what the scenario changes of it."""
    row = SCENARIOS[scenario]
    kind = gymnasium.envs.registration.load_env_creator(gymnasium.spec(row.env).entry_point)
    usual = kind.default_config()
    return usual | row.config | {"action": usual["action"] | row.config.get("action", {})}


@st.composite
def cases(
    draw, policies: tuple[str, ...] = QUICK, scenarios: tuple[str, ...] = tuple(SCENARIOS)
) -> Case:
    """A legal configuration of some road, with a policy, a seed and a few decisions."""
    scenario = draw(st.sampled_from(scenarios))
    overrides = dict(draw(_some(ROADS[scenario])))
    config = defaults(scenario)
    if overrides.get("initial_lane_id"):
        lanes = overrides.get("lanes_count", config["lanes_count"])
        overrides["initial_lane_id"] = min(overrides["initial_lane_id"], lanes - 1)
    overrides |= {k: v for k, v in draw(_some(EVERYWHERE)).items() if k in config}
    simulated, decided = draw(FREQUENCIES)
    overrides |= {"simulation_frequency": simulated, "policy_frequency": decided}
    overrides["duration"] = round(draw(DECISIONS) / decided, 3)
    usual = config["action"]["type"]
    kind = draw(
        st.sampled_from([usual, usual, usual, *({usual} if scenario in ONE_KIND else ACTIONS)])
    )
    settings = draw(_some(ACTIONS[kind])) | dict.fromkeys(draw(AXES), True)
    if len(settings.keys() & {"lateral", "longitudinal"}) == 1:  # the other axis is switched off
        settings = {"lateral": False, "longitudinal": False} | settings
    overrides |= {} if kind == usual else {"action.type": kind}
    overrides |= {f"action.{name}": value for name, value in settings.items()}
    causes = draw(st.sampled_from(["never", "never", "change"]))
    name, seed = draw(st.sampled_from(policies)), draw(st.integers(0, REPORT_SEEDS - 1))
    return Case(scenario, name, seed, overrides, causes)


def _some(settings: dict[str, st.SearchStrategy]) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({}, optional=settings)


NOT_A_NUMBER = [math.nan, math.inf, -math.inf, 10**400, "many", [], {}, True, [1, 2], b"3", None]
ODD = [-1000, -3, -0.5, 0, 0.5, 2.7]
NEVER = {  # values that a setting cannot have, by the type of its default
    int: NOT_A_NUMBER,
    float: NOT_A_NUMBER,
    bool: [1, 0, "yes", None, math.nan, []],
    str: [1, 2.5, [], {}, True, math.nan],
    list: [3, "wide", None, [math.nan, 1], [0, math.inf], ["low", "high"], [[1], 2], {}],
    type(None): ["none", math.nan, math.inf, True, {}, b""],
}
TOGETHER = [  # settings that cannot be, or not with one another
    {"simulation_frequency": 0},
    {"policy_frequency": 0},
    {"policy_frequency": -1},
    {"policy_frequency": 0.5},
    {"simulation_frequency": 5, "policy_frequency": 6},
    {"simulation_frequency": -15, "policy_frequency": -30},
    {"duration": 0},
    {"duration": -4.0},
    {"action.lateral": False, "action.longitudinal": False},
    {"action.type": "DiscreteAction"},
    {"action.type": None},
    {"action.target_speeds": [1, math.nan]},
    {"action.target_speeds": "fast"},
    {"action": {"type": "ContinuousAction"}},
    {"observation": {"type": "Kinematics"}},
    {"observation.type": "Kinematics"},
    {"other_vehicles_type": "no.such.Car"},
    {"other_vehicles_type": "highway_env.vehicle.behavior.NoDriver"},
    {"other_vehicles_type": "os.path"},
    {"other_vehicles_type": ""},
    {"manual_control": True},
    {"controlled_vehicles": 2},
]


@st.composite
def odd_cases(draw) -> Case:
    """A configuration with one number that is unusual; highway-env may or may not drive it."""
    case = draw(cases())
    kinds = {key: type(value) for key, value in defaults(case.scenario).items()}
    numbers = [key for key, kind in kinds.items() if kind in (int, float) and key not in UNUSED]
    assume(numbers)  # some roads have none
    odd = {draw(st.sampled_from(numbers)): draw(st.sampled_from(ODD))}
    return replace(case, overrides=case.overrides | odd)


UNUSED = (  # numbers of pictures and observations that are not made here, or with rules of their own
    "state_noise",
    "derivative_noise",
    "screen_width",
    "screen_height",
    "scaling",
    "simulation_frequency",
    "policy_frequency",
    "duration",
    "controlled_vehicles",
)


@st.composite
def wrong_cases(draw) -> Case:
    """A configuration that no episode can be driven with."""
    case = draw(cases())
    settings = {k: v for k, v in defaults(case.scenario).items() if type(v) in NEVER}
    key = draw(st.sampled_from(sorted(set(settings) - {"offscreen_rendering"})))
    value = draw(st.sampled_from(NEVER[type(settings[key])]))
    unknown = draw(st.text(max_size=12)) + draw(st.sampled_from(["", ".", ".type", "s_count"]))
    wrong = [{key: value}, draw(st.sampled_from(TOGETHER))]
    if unknown not in settings:
        wrong.append({unknown: draw(st.one_of(st.none(), st.integers(), st.text(max_size=3)))})
    return replace(case, overrides=case.overrides | draw(st.sampled_from(wrong)))


# ------------------------------------------------------------------------------- highway-env, alone


@contextmanager
def traffic_as_it_was() -> Iterator[None]:
    """highway-env's intersections write onto a class that all traffic shares: undone afterwards."""
    before = {name: getattr(IDMVehicle, name) for name in WRITTEN}
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(IDMVehicle, name, value)


@dataclass
class Alone:
    """What highway-env does by itself."""

    rewards: list[float]
    over: list[tuple[bool, bool]]  # terminated, truncated, after each decision
    places: list[np.ndarray]  # of each decision, [S, 2] [m] after every simulated state
    lasted: list[float]  # [s] that was simulated in each decision
    clock: float  # [s] as highway-env counts it
    crashed: bool


def built(case: Case):
    """highway-env's environment with the case's configuration, as its users make it."""
    row = SCENARIOS[case.scenario]
    config = dict(row.config)
    config["action"] = dict(defaults(case.scenario)["action"])
    if "action.type" in case.overrides:
        config["action"] = {}
        config["observation"] = {"type": "Kinematics"}  # one that looks at any car
    for key, value in case.overrides.items():
        place = config["action"] if key.startswith("action.") else config
        place[key.removeprefix("action.")] = value
    return gymnasium.make(row.env, config=config, disable_env_checker=True).unwrapped


def alone(case: Case, actions: list) -> Alone:
    """The actions given to highway-env without Whydrive; it raises what it raises."""
    with traffic_as_it_was():
        env = built(case)
        env.reset(seed=case.seed)
        driven = Alone([], [], [], [], 0.0, False)
        for action in actions:
            spots, seconds = _watched(env)
            _, reward, terminated, truncated, _ = env.step(_native(env, action))
            driven.rewards.append(float(reward))
            driven.over.append((bool(terminated), bool(truncated)))
            driven.places.append(np.array(spots))
            driven.lasted.append(sum(seconds))
            driven.clock += (
                1 / env.config["policy_frequency"]
            )  # lane keeping leaves `env.time` at 0
        driven.crashed = bool(env.vehicle.crashed)
        return driven


def _watched(env) -> tuple[list, list]:
    spots, seconds = [], []
    step = type(env.road).step

    def watched(dt):
        step(env.road, dt)
        spots.append(tuple(env.vehicle.position))
        seconds.append(dt)

    env.road.step = watched
    return spots, seconds


def _native(env, action):
    if isinstance(action, Meta):
        return env.action_type.actions_indexes[action.name]
    kind, axes = env.action_type, []
    if kind.longitudinal:
        axes.append(_scaled(action.acceleration, *kind.acceleration_range))
    if kind.lateral:
        axes.append(_scaled(-action.steering, *kind.steering_range))  # its angles run clockwise
    return np.array(axes)


def _scaled(value: float, low: float, high: float) -> float:
    return 2 * (value - low) / (high - low) - 1


# ------------------------------------------------------------------------------------- what must hold


def examine(case: Case, twin: bool = False) -> Report:
    """Drive a case and hold it against highway-env alone, its own replay and the verifier.

    twin: replay in the compiled physics as well.
    """
    report, driver = Report(), policy.load(case.policy)
    with traffic_as_it_was():
        try:
            world = World(case.scenario, case.overrides)
            world.reset(case.seed)
        except ValueError as error:
            _refused(report, case, str(error))
            return report
        if not policy.applies(driver, world.scene.legal):
            return report
        episode = run(world, driver, case.seed, causes=case.causes)
        report.decisions = len(episode.steps)
        report.faults += _beside(episode, alone(case, [s.choice.action for s in episode.steps]))
        report.faults += _replayed(episode)
        _verified(episode, driver, report)
        if twin:
            report.twin = max(moment.difference for moment in replay(episode, "twin"))
    return report


MEANT = (  # refused although highway-env drives it: nobody could say what it was, or drive it again
    "which a car that is steered is never told",
    "highway-env draws a road without a seed",
)


def _refused(report: Report, case: Case, sentence: str) -> None:
    report.refused = sentence
    if "\n" in sentence or not sentence:
        report.faults.append(f"refused in more than a sentence: {sentence!r}")
    if any(reason in sentence for reason in MEANT):
        return
    try:
        env = built(case)
        env.reset(seed=case.seed)
        env.step(env.action_space.sample())
    except Exception:
        return
    report.faults.append(f"highway-env drives what is refused: {sentence}")


def _beside(episode: Episode, native: Alone) -> Iterator[str]:
    """What differs from highway-env alone, given the same actions."""
    if episode.end.reason == "policy failed":
        yield f"the policy failed: {episode.end.message}"
    for k, step in enumerate(episode.steps):
        ours = step.tracks.ego[1:, :2] * (1, -1)
        if ours.shape != native.places[k].shape:
            yield f"step {k} has {len(ours)} simulated states, and {len(native.places[k])} alone"
        elif np.abs(ours - native.places[k]).max(initial=0.0) > SAME:
            yield f"step {k} is {np.abs(ours - native.places[k]).max():.2g} m from where it is alone"
        if abs(step.reward - native.rewards[k]) > SAME:
            yield f"step {k} has reward {step.reward}, and {native.rewards[k]} alone"
        if abs(step.tracks.times[-1] - sum(native.lasted[: k + 1])) > SAME:
            yield f"step {k} ends at {step.tracks.times[-1]} s, and {sum(native.lasted[: k + 1])} alone"
    yield from _ended(episode, native)


def _ended(episode: Episode, native: Alone) -> Iterator[str]:
    reason, count = episode.end.reason, len(episode.steps)
    early = next((k for k, over in enumerate(native.over) if any(over)), count - 1)
    if early < count - 1:
        yield f"it goes on after step {early}, where highway-env ends"
    if (reason == "collision") is not native.crashed:
        yield f"it ends by {reason!r}, and highway-env's ego has crashed: {native.crashed}"
    terminated, truncated = native.over[-1] if native.over else (False, False)
    if reason == "time is up" and not truncated:
        deadline = episode.header.overrides.get("duration", math.inf)
        if terminated or native.clock < deadline:
            yield f"time is up at {native.clock} s, and highway-env goes on until {deadline} s"
    if reason == "off road" and not terminated and episode.header.task.kind != "lane keeping":
        yield "it ends off the road, and highway-env goes on"


def _replayed(episode: Episode) -> Iterator[str]:
    moments = list(replay(episode))
    if not moments[-1].same:
        yield f"replayed, step {moments[-1].step} differs by {moments[-1].difference:.2g}"
    elif len(moments) != len(episode.steps) + 1:
        yield f"replayed, it ends after {len(moments)} of {len(episode.steps) + 1} scenes"


def _verified(episode: Episode, driver, report: Report) -> None:
    findings = itertools.chain.from_iterable(Verifier(episode, driver).findings())
    for finding in findings:
        claim, verdict = finding.verdict.claim, finding.verdict
        report.claims += 1
        if verdict.result != "false":
            continue
        text = f"step {finding.step}, {finding.test}: {claim.kind} {claim.quantity}, said {claim.said}: {verdict.why}"
        (report.weak if claim.quantity == WEAK else report.faults).append(text)


def refusal(case: Case) -> str:
    """The sentence with which Whydrive refuses a case; "" where it drives it. It raises what is no sentence."""
    with traffic_as_it_was():
        try:
            World(case.scenario, case.overrides).reset(case.seed)
        except ValueError as error:
            assert str(error).strip() and "\n" not in str(error), f"no sentence: {error!s}"
            return str(error)
    return ""
