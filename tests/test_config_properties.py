"""Random configurations: what is driven is highway-env's own, what is said is true, what cannot be is said."""

import warnings

import pytest
from configs import QUICK, Case, cases, examine, odd_cases, refusal, wrong_cases
from hypothesis import HealthCheck, Phase, given, seed, settings

from drive.scenarios import SCENARIOS

ALWAYS_THE_SAME = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("amount", [3, pytest.param(8, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("number", range(len(SCENARIOS)), ids=SCENARIOS)
def test_whatever_is_configured_is_driven_as_highway_env_does_and_explained_truly(number, amount):
    """A few configurations of every road; every quick policy has its turn."""
    road, names = tuple(SCENARIOS)[number], tuple(QUICK[(number + k) % len(QUICK)] for k in (0, 1))

    @seed(number)
    @settings(ALWAYS_THE_SAME, max_examples=amount)
    @given(cases(names, (road,)))
    def holds(case):
        assert not examine(case).faults, case

    holds()


@pytest.mark.parametrize("amount", [20, pytest.param(40, marks=pytest.mark.thorough)])
def test_an_unusual_number_is_driven_alike_or_refused_where_highway_env_breaks(amount):
    @settings(ALWAYS_THE_SAME, max_examples=amount)
    @given(odd_cases())
    def holds(case):
        assert not examine(case).faults, case

    holds()


@settings(ALWAYS_THE_SAME, max_examples=130)
@given(wrong_cases())
def test_what_cannot_be_is_refused_in_one_sentence(case):
    assert refusal(case), case


def case(
    scenario: str, policy: str, seed: int, simulated: int, decided: int, seconds: float, **more
):
    overrides = {key.replace("__", "."): value for key, value in more.items()}
    times = {"simulation_frequency": simulated, "policy_frequency": decided, "duration": seconds}
    return Case(scenario, policy, seed, times | overrides)


PEDAL = {"action__lateral": True, "action__longitudinal": True}
ONCE_AT_FAULT = {
    "a wreck slows down, and its policy had wished to keep its speed": case(
        "dilu-5-3.0", "idle", 1, 15, 1, 0.2, vehicles_count=1
    ),
    "a wreck is slow, and its policy had wished to speed up": case(
        "roundabout", "faster", 1, 15, 1, 4.5, incoming_vehicle_destination=2,
        other_vehicles_type="highway_env.vehicle.behavior.LinearVehicle",
    ),
    "a car that nobody steers leaves its lane in the bend, later than the next decision": case(
        "racetrack-oval", "idle", 1, 5, 1, 0.5, action__lateral=False, action__longitudinal=True
    ),
    "a wheel that is held for a second moves the car aside before it is brought back": case(
        "racetrack-large", "random", 3, 15, 1, 1.0, speed_limit=8.5
    ),
    "with three states in a second a change of lane has not begun after the first": case(
        "u-turn", "faster", 0, 3, 2, 0.25
    ),
    "a pedal that is held for half a second changes the speed for good": case(
        "racetrack", "random", 1550, 15, 2, 0.75, speed_limit=3.0, **PEDAL
    ),
    "a slipping car goes further than its speed along the body": case(
        "lane-keeping", "rule", 1131, 2, 1, 1.5, state_noise=0.0
    ),
    "a slipping car that is driven backwards is kicked aside as highway-env kicks it": case(
        "racetrack-large", "random", 126, 5, 1, 3.0, speed_limit=8.5, action__lateral=False,
        action__longitudinal=True, action__dynamical=True, action__acceleration_range=[-8, 3],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ONCE_AT_FAULT)
def test_what_was_once_at_fault_is_right(what):
    report = examine(ONCE_AT_FAULT[what])
    assert report.decisions and report.claims and not report.faults


BY_TABLE = {
    "a racetrack is steered": case(
        "racetrack", "idle", 0, 15, 5, 1, action__type="DiscreteMetaAction"
    ),
    "draws a road without a seed": case("racetrack-oval", "idle", 0, 15, 5, 1, length=0),
    "without a seed": case("racetrack-oval", "idle", 0, 15, 5, 1, no_lanes=0),
    "takes a car that slips": case("lane-keeping", "idle", 0, 10, 10, 1, action__dynamical=False),
    "for a car that is steered or accelerated": case(
        "two-way", "idle", 0, 15, 1, 1, action__type="ContinuousAction"
    ),
    "both steered and accelerated": case(
        "merge", "idle", 0, 15, 1, 1, action__type="ContinuousAction"
    ),
    "no foresight keeps to": case(
        "highway", "idle", 0, 15, 1, 1, action__type="ContinuousAction", action__speed_range=[0, 9]
    ),
    "one of the lanes, which are counted from 0": case(
        "highway", "idle", 0, 15, 1, 1, lanes_count=2, initial_lane_id=2
    ),
    "a class of cars": case(
        "lane-keeping", "idle", 0, 10, 10, 1, other_vehicles_type="builtins.str"
    ),
    "set by its parts": case("highway", "idle", 0, 15, 1, 1, action={"type": "ContinuousAction"}),
    "initial_lane_id is None by default and cannot be 'left'": case(
        "highway", "idle", 0, 15, 1, 1, initial_lane_id="left"
    ),
    "cannot be [20, nan]": case(
        "highway", "idle", 0, 15, 1, 1, reward_speed_range=[20, float("nan")]
    ),
    "at most 1000": case("highway", "idle", 0, 100_000, 1, 1),
    "lanes_count is at most": case("highway", "idle", 0, 15, 1, 1, lanes_count=10**9),
}


@pytest.mark.parametrize("why", BY_TABLE)
def test_what_highway_env_breaks_on_or_never_finishes_is_refused_with_the_reason(why):
    assert why in refusal(BY_TABLE[why])
