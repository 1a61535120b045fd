"""The door to highway-env: determinism, isolation, time travel, edits and perception."""

import functools
import itertools
import math

import gymnasium
import numpy as np
import pytest
from digests import CROWDED
from driving import drive_on
from highway_env.vehicle.behavior import IDMVehicle

from drive.roads import geometry
from drive.roads.geometry import GRAVITY
from drive.scenarios import SCENARIOS
from drive.types import Control, Meta, Move, Remove, Resize, SetSpeed, Surface
from drive.world import World
from drive.world.blame import unavoidable

FAST = [name for name in SCENARIOS if not name.startswith(("highway", "dilu"))] + ["highway-fast"]


def test_every_road_of_highway_env_but_parking_and_the_multi_agent_ones_is_a_scenario():
    import gymnasium

    driven = {scenario.env.rsplit("-v", 1)[0] for scenario in SCENARIOS.values()}
    offered = {
        spec.id.rsplit("-v", 1)[0]
        for spec in gymnasium.registry.values()
        if "highway_env" in str(spec.entry_point)
    }
    left_out = {name for name in offered if "parking" in name or "multi-agent" in name}
    assert driven == offered - left_out


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_uses_the_newest_version_of_its_id(name):
    import gymnasium

    family, version = SCENARIOS[name].env.rsplit("-v", 1)
    if family == "intersection":  # v1 is another control, v2 the newest by name
        assert version == "2"
    newest = max(
        int(spec.id.rsplit("-v", 1)[1])
        for spec in gymnasium.registry.values()
        if spec.id.rsplit("-v", 1)[0] == family
    )
    assert int(version) == newest


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        *((name, 3.0 if name in CROWDED else 10.0) for name in SCENARIOS),
        *(pytest.param(name, 10.0, marks=pytest.mark.thorough) for name in CROWDED),
    ],
)
def test_restore_continues_identically(name, seconds):
    """For ten seconds; for three where traffic is slow to simulate and all of it is there from the start."""
    world = World(name)
    world.reset(5)
    drive_on(world, 1.0)
    before = world.snapshot()
    scenes = [scene for scene, _ in drive_on(world, seconds, dice_seed=1)]
    truth = world.truth()
    world.restore(before)
    assert [scene for scene, _ in drive_on(world, seconds, dice_seed=1)] == scenes
    assert world.truth() == truth
    assert len(scenes) >= 1


def test_a_snapshot_survives_being_restored_twice():
    world = World("merge")
    world.reset(1)
    before = world.snapshot()
    first = [scene for scene, _ in drive_on(world, 4.0)]
    world.restore(before)
    drive_on(world, 2.0, dice_seed=9)
    world.restore(before)
    assert [scene for scene, _ in drive_on(world, 4.0)] == first


def test_an_intersection_leaves_the_traffic_of_other_worlds_as_it_was():
    def highway(between=lambda: None):
        world = World("highway-fast")
        world.reset(2)
        between()
        return [scene for scene, _ in drive_on(world, 4.0)], world.truth()

    def intersection():
        world = World("intersection")
        world.reset(2)
        return drive_on(world, 3.0)

    alone = highway()
    intersection()
    assert highway() == alone
    assert highway(between=intersection) == alone
    assert IDMVehicle.DISTANCE_WANTED == 10.0


def test_two_interleaved_worlds_drive_as_if_alone():
    def alone(name):
        world = World(name)
        world.reset(3)
        return [scene for scene, _ in drive_on(world, 3.0)]

    expected = {name: alone(name) for name in ("intersection", "highway-fast")}
    worlds = {name: World(name) for name in expected}
    for world in worlds.values():
        world.reset(3)
    driven = {name: [] for name in worlds}
    import random

    from driving import some_action

    dice = {name: random.Random(0) for name in worlds}
    for _ in range(3):
        for name, world in worlds.items():
            world.step(some_action(world.scene.legal, dice[name]))
            driven[name].append(world.scene)
    assert driven == expected


def test_crossing_traffic_keeps_the_intersection_s_own_parameters():
    world = World("intersection")
    world.reset(0)
    parameters = world.driver_parameters()
    assert (parameters["DISTANCE_WANTED"], parameters["COMFORT_ACC_MAX"]) == (7, 6)
    assert parameters["COMFORT_ACC_MIN"] == -3


@pytest.mark.parametrize("name", FAST)
def test_episodes_end_in_time_without_help_from_highway_env(name):
    world = World(name)
    world.reset(1)
    while True:
        legal = world.scene.legal
        outcome = world.step(Meta("IDLE") if legal.meta else Control(0.0, 0.0))
        if outcome.ended:
            break
        assert world.scene.time < world.scenario.duration
    assert outcome.ended in ("collision", "off road", "arrived", "time is up")


def test_tracks_hold_every_sub_step_and_meet_the_scenes():
    world = World("merge")
    before = world.reset(4)
    for after, outcome in drive_on(world, 5.0):
        tracks = outcome.tracks
        assert len(tracks.times) == 16
        np.testing.assert_allclose(np.diff(tracks.times), 1 / 15, atol=2e-6)
        for scene, row in ((before, 0), (after, -1)):
            ego = scene.ego
            assert tuple(tracks.ego[row]) == (ego.x, ego.y, ego.heading, ego.speed)
            for car in scene.cars:
                assert tracks.cars[car.id][row] == pytest.approx(
                    (car.x, car.y, car.heading, car.speed), abs=1e-3
                )
        before = after


def test_history_is_empty_at_the_start_and_never_padded():
    world = World("roundabout")
    scene = world.reset(0)
    assert scene.history.ego.shape == (0, 5) and scene.history.cars == {}
    (scene, _), *_ = drive_on(world, 1.0)
    assert len(scene.history.ego) == 10
    drive_on(world, 2.0, dice_seed=4)
    assert len(world.scene.history.ego) == 16
    assert world.scene.history.ego[:, 0] == pytest.approx(np.arange(-1.6, 0, 0.1))


def test_ids_are_given_in_order_of_creation_and_never_reused():
    came = 0
    for seed in range(2):
        world = World("intersection")
        world.reset(seed)
        ids = now = {driver.id for driver in world.truth().drivers}
        for _ in range(12):
            if world.step(Meta("SLOWER" if "SLOWER" in world.scene.legal.meta else "IDLE")).ended:
                break
            before, now = now, {driver.id for driver in world.truth().drivers}
            assert all(new > max(ids) for new in now - before)
            came += len(now - before)
            ids = ids | now
    assert came


def test_a_snapshot_keeps_ids():
    world = World("highway-fast")
    world.reset(0)
    before = [driver.id for driver in world.truth().drivers]
    world.restore(world.snapshot())
    assert [driver.id for driver in world.truth().drivers] == before


def test_left_is_positive_and_lane_ids_count_from_the_left():
    world = World("highway-fast")
    scene = world.reset(3)
    lanes = scene.road.lanes
    assert [lane.point(0.0)[1] for lane in lanes] == [0.0, -4.0, -8.0]
    lane = scene.ego.lane[2]
    action = "LANE_LEFT" if lane > 0 else "LANE_RIGHT"
    world.step(Meta(action))
    assert (world.scene.ego.y > scene.ego.y) == (action == "LANE_LEFT")


def test_steering_to_the_left_turns_left():
    world = World("racetrack")
    scene = world.reset(0)
    world.step(Control(0.0, 0.1))
    assert world.scene.ego.heading > scene.ego.heading


def test_a_removed_car_is_gone_for_everyone():
    world = World("highway-fast")
    scene = world.reset(0)
    gone = scene.cars[0].id
    scene = world.edit(Remove(gone))
    assert gone not in [car.id for car in scene.cars]
    assert gone not in [driver.id for driver in world.truth().drivers]
    drive_on(world, 2.0)


def test_a_moved_car_has_its_lane_derived_anew():
    world = World("highway-fast")
    scene = world.reset(0)
    car = scene.cars[0]
    lane = scene.road.lanes[(car.lane[2] + 1) % 3]
    x, y = lane.point(car.x + 30.0)
    moved = world.edit(Move(car.id, x, y)).car(car.id)
    assert (moved.x, moved.y, moved.lane) == (pytest.approx(x), y, lane.id)
    hidden = next(d for d in world.truth().drivers if d.id == car.id)
    assert hidden.target_lane == lane.id


def test_a_car_made_as_long_as_a_truck_is_hit_from_further_away():
    def time_to_crash(*edits):
        world = World("highway-fast")
        scene = world.reset(0)
        car = scene.cars[0]
        x = scene.ego.x + 40
        world.edit(Move(car.id, x, scene.ego.y, 0.0), SetSpeed(car.id, 5.0), *edits)
        return next(o.contact.time for _, o in drive_on_idle(world) if o.ended == "collision")

    car = World("highway-fast").reset(0).cars[0].id
    assert time_to_crash(Resize(car, length=16.0, width=2.5)) < time_to_crash()


def drive_on_idle(world):
    while True:
        outcome = world.step(Meta("IDLE"))
        yield world.scene, outcome
        if outcome.ended:
            return


def test_little_grip_makes_braking_long_and_stays_within_mu_g():
    def slowed(*edits):
        world = World("dilu-4-2.0")
        world.reset(0)
        world.edit(*edits)
        outcome = world.step(Meta("SLOWER"))
        speeds = outcome.tracks.ego[:, 3]
        return np.diff(speeds).min() * 15, speeds[0] - speeds[-1]

    normal, slippery = slowed(), slowed(Surface(0.1))
    assert slippery[0] >= -0.1 * GRAVITY - 1e-4
    assert slippery[1] < normal[1]


def test_grip_also_holds_for_cars_that_arrive_later_and_survives_a_snapshot():
    world = World("intersection")
    world.reset(1)
    world.edit(Surface(0.05))
    world.restore(world.snapshot())
    drive_on(world, 6.0)
    commands = [d.acceleration for d in world.truth().drivers if not d.crashed]
    assert commands and max(map(abs, commands)) <= 0.05 * GRAVITY + 1e-9


def test_fog_hides_far_cars_and_nothing_else():
    clear, fog = World("highway"), World("highway-fog")
    all_cars, near = clear.reset(1).cars, fog.reset(1).cars
    ego = clear.scene.ego
    assert near == tuple(c for c in all_cars if math.hypot(c.x - ego.x, c.y - ego.y) <= 50)
    assert 0 < len(near) < len(all_cars)


def test_a_car_right_behind_another_is_occluded():
    world = World("highway-occluded")
    scene = world.reset(1)
    front, behind = scene.cars[:2]
    ego = scene.ego
    scene = world.edit(
        Move(front.id, ego.x + 20, ego.y, 0.0), Move(behind.id, ego.x + 40, ego.y, 0.0)
    )
    seen = [car.id for car in scene.cars]
    assert front.id in seen and behind.id not in seen
    beside = 4.0 if ego.y < -1 else -4.0
    scene = world.edit(Move(behind.id, ego.x + 40, ego.y + beside, 0.0))
    assert behind.id in [car.id for car in scene.cars]


def test_a_rear_contact_is_not_the_ego_s_fault_and_a_front_contact_is():
    def crash(offset, speed):
        world = World("highway-fast")
        scene = world.reset(0)
        ego, car = scene.ego, scene.cars[0]
        for other in scene.cars[1:]:
            world.edit(Remove(other.id))
        world.edit(Move(car.id, ego.x + offset, ego.y, 0.0), SetSpeed(car.id, speed))
        return next(o.contact for _, o in drive_on_idle(world) if o.ended)

    front = crash(8.0, 0.0)
    assert (front.partner, front.side, front.at_fault) == ("car 1", "front", True)
    rear = crash(-6.0, 40.0)
    assert (rear.side, rear.at_fault) == ("rear", False)


@pytest.mark.parametrize(
    ("scenario", "settings", "said"),
    [
        ("highwy", {}, "did you mean"),
        ("highway", {"lanes": 3}, "no setting 'lanes'"),
        ("highway", {"lanes_count": "three"}, "cannot be 'three'"),
        ("highway", {"lanes_count": 0}, "cannot build"),
        ("highway", {"lanes_count": math.nan}, "cannot be nan"),
        ("highway", {"observation.type": "Kinematics"}, "observation cannot be set"),
        ("highway", {"simulation_frequency": 0}, "it takes 1 <="),
        ("highway", {"vehicles_density": 0}, "cannot build"),
    ],
)
def test_a_world_that_cannot_be_is_refused_in_words(scenario, settings, said):
    with pytest.raises(ValueError, match=said):
        World(scenario, settings).reset(0)


def test_overrides_reach_the_road():
    world = World("highway", {"lanes_count": 5, "action.target_speeds": [10, 20, 30]})
    scene = world.reset(0)
    assert len(scene.road.lanes) == 5
    assert scene.ego.target_speeds == (10.0, 20.0, 30.0)


def test_a_duration_that_was_set_is_when_the_episode_ends():
    world = World("two-way", {"duration": 3})
    world.reset(4)
    ends = [world.step(Meta("SLOWER" if k == 0 else "IDLE")).ended for k in range(3)]
    assert ends == [None, None, "time is up"]


def test_an_illegal_action_and_an_unknown_car_are_refused():
    world = World("intersection")
    world.reset(0)
    with pytest.raises(ValueError, match="LANE_LEFT is not legal"):
        world.step(Meta("LANE_LEFT"))
    with pytest.raises(ValueError, match="no car 999"):
        world.edit(Remove(999))
    with pytest.raises(ValueError, match="seed"):
        world.reset(-1)


SWITCHES = {
    "action.lateral": ("highway-fast", {"SLOWER", "IDLE", "FASTER"}),
    "action.longitudinal": ("highway-fast", {"LANE_LEFT", "IDLE", "LANE_RIGHT"}),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_an_axis_of_meta_actions_can_be_switched_off(switch):
    scenario, named = SWITCHES[switch]
    world = World(scenario, {switch: False})
    world.reset(1)
    for _ in range(4):
        assert set(world.scene.legal.meta) <= named
        world.step(Meta("IDLE"))


def test_a_car_that_slips_can_be_had_on_a_steered_road():
    assert World("racetrack", {"action.dynamical": True}).reset(1).ego.dynamical
    assert not World("racetrack").reset(1).ego.dynamical


@pytest.mark.parametrize(
    "overrides, said",
    [
        (
            {"action.lateral": False, "action.longitudinal": False},
            "At least longitudinal or lateral",
        ),
        ({"action.lateral": 1}, "action.lateral is True by default"),
        ({"action.wings": True}, "no setting 'action.wings'.*action.lateral"),
        ({"action.type": "Flying"}, "action.type is one of DiscreteMetaAction, ContinuousAction"),
        ({"action.type": "ContinuousAction", "action.target_speeds": [1]}, "no setting"),
    ],
)
def test_settings_of_actions_that_cannot_be_are_refused_in_a_sentence(overrides, said):
    with pytest.raises(ValueError, match=said) as refused:
        World("highway-fast", overrides)
    assert "\n" not in str(refused.value)


# ------------------------------------------------------------------------ the simulator's own clock

FREQUENCIES = {"whole": (15, 5), "15/2": (15, 2), "15/4": (15, 4), "10/3": (10, 3), "7/7": (7, 7)}
SEEN = ("15/4", "10/3")  # every day at the intersection, whose traffic is slow to simulate
ACTIONS = ("FASTER", "IDLE", "LANE_LEFT", "SLOWER")


def at_frequencies(kind):
    """The settings of six seconds at these frequencies."""
    simulated, decided = FREQUENCIES[kind]
    return {"simulation_frequency": simulated, "policy_frequency": decided, "duration": 6}


@functools.cache
def alone(scenario, kind):
    """highway-env without Whydrive: (terminated, truncated), rewards and positions, driven to its end."""
    overrides, actions, seed = at_frequencies(kind), ACTIONS, 3
    row = SCENARIOS[scenario]
    kind = gymnasium.envs.registration.load_env_creator(gymnasium.spec(row.env).entry_point)
    config = kind.default_config() | row.config
    config["action"] = kind.default_config()["action"] | row.config.get("action", {})
    env = kind(config=config | overrides)
    env.reset(seed=seed)
    rewards, places = [], [tuple(env.vehicle.position)]
    for action in itertools.islice(itertools.cycle(actions), 400):
        index = env.action_type.actions_indexes.get(action, env.action_type.actions_indexes["IDLE"])
        available = env.action_type.get_available_actions()
        step = env.step(index if index in available else env.action_type.actions_indexes["IDLE"])
        rewards.append(step[1])
        places.append(tuple(env.vehicle.position))
        if step[2] or step[3]:
            break
    return step[2:4], rewards, places


@pytest.mark.parametrize("physics", ["highway-env", "twin"])
@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        *(("highway-fast", kind) for kind in FREQUENCIES),
        *(("roundabout", kind) for kind in FREQUENCIES),
        *(
            pytest.param("intersection", kind, marks=[] if kind in SEEN else pytest.mark.thorough)
            for kind in FREQUENCIES
        ),
    ],
)
def test_time_distance_rewards_and_endings_are_highway_env_s_at_any_frequency(
    scenario, kind, physics
):
    simulated, decided = FREQUENCIES[kind]
    over, rewards, places = alone(scenario, kind)
    world = World(scenario, at_frequencies(kind), physics)
    world.reset(3)
    ours, ended, metres = [], None, 0.0
    for action in itertools.cycle(ACTIONS):
        wanted = Meta(action)
        outcome = world.step(wanted if world.scene.legal.allows(wanted) else Meta("IDLE"))
        ours.append(outcome.reward)
        moved = np.hypot(*np.diff(outcome.tracks.ego[:, :2], axis=0).T).sum()
        lasted = outcome.tracks.times[-1] - outcome.tracks.times[0]
        assert lasted == pytest.approx(simulated // decided / simulated, abs=2e-6)
        if not world.scene.ego.crashed:  # a push apart moves without driving
            assert moved == pytest.approx(
                abs(outcome.tracks.ego[:-1, 3].mean()) * lasted, rel=0.03, abs=0.3
            )
        metres += moved
        ended = outcome.ended
        if ended:
            break
    assert len(ours) == len(rewards) or ended == "arrived"
    assert np.allclose(ours, rewards[: len(ours)], atol=1e-6)
    x, y = places[len(ours)]
    assert (world.scene.ego.x, -world.scene.ego.y) == pytest.approx((x, y), abs=1e-5)
    assert world.scene.time == pytest.approx(
        len(ours) * (simulated // decided) / simulated, abs=1e-5
    )
    if ended == "time is up":
        assert over[1] and world.scene.time >= world.task.deadline - 1e-5


# ------------------------------------------------------------------------------ endings and tasks


@pytest.mark.parametrize("goal", ["o1", "o2", "o3"])
def test_the_task_at_the_intersection_is_where_it_is_configured_to_go(goal):
    world = World(
        "intersection", {"destination": goal, "initial_vehicle_count": 0, "spawn_probability": 0}
    )
    endings = set()
    for seed in range(6):
        world.reset(seed)
        assert world.task.goal == ((f"il{goal[1]}", goal, 0),)
        ended = None
        while not ended:
            fast = Meta("FASTER" if world.scene.legal.allows(Meta("FASTER")) else "IDLE")
            ended = world.step(fast).ended
        endings.add((ended, world.scene.ego.lane[1] == goal))
    assert ("arrived", True) in endings and ("arrived", False) not in endings


def test_a_destination_drawn_at_random_is_the_task():
    goals = set()
    for seed in range(6):
        world = World("intersection", {"destination": None})
        scene = world.reset(seed)
        assert scene.task.goal[0][1] == scene.ego.route[-1][1]
        goals.add(scene.task.goal[0][1])
    assert len(goals) > 1
    with pytest.raises(ValueError, match="a car that is steered is never told"):
        World("intersection", {"destination": None, "action.type": "ContinuousAction"}).reset(1)


def test_where_the_merge_ends_follows_its_lengths():
    assert World("merge-generic").reset(1).task.goal_x is not None
    world = World("merge-generic", {"after_merge_length": 250})
    assert world.reset(1).task.goal_x == 470.0


@pytest.mark.parametrize("scenario", ["highway", "intersection", "racetrack"])
@pytest.mark.parametrize("ends", [True, False])
def test_leaving_the_road_ends_the_episode_where_highway_env_says_so(scenario, ends):
    overrides = {
        "highway": {
            "action.type": "ContinuousAction",
            "offroad_terminal": ends,
            "vehicles_count": 0,
        },
        "intersection": {
            "action.type": "ContinuousAction",
            "action.lateral": True,
            "offroad_terminal": ends,
            "initial_vehicle_count": 0,
            "spawn_probability": 0,
        },
        "racetrack": {"terminate_off_road": ends, "other_vehicles": 0},
    }[scenario]
    world = World(scenario, {**overrides, "duration": 8})
    scene = world.reset(3)
    low, high = scene.legal.steering
    ended = None
    while not ended:
        ended = world.step(Control(0.0, 0.2 * high)).ended
    assert (ended == "off road") is ends
    if (
        scenario != "intersection" or ends
    ):  # there it comes to stand where highway-env says "arrived"
        assert (world.scene.time < world.task.deadline) is ends


@pytest.mark.parametrize("override", [{"manual_control": True}, {"controlled_vehicles": 2}])
def test_settings_by_which_a_policy_would_not_drive_are_refused(override):
    with pytest.raises(ValueError, match="cannot be (True|2): "):
        World("highway", override)


# -------------------------------------------------------------------------------------------- blame


def collision(world, seed, action):
    """The contact of an episode that holds one action; None where there is none."""
    scene = world.reset(seed)
    ended, outcome = None, None
    while not ended:
        outcome = world.step(action if world.scene.legal.allows(action) else Meta("IDLE"))
        ended = outcome.ended
    return scene, outcome.contact


def test_nobody_is_blamed_who_begins_inside_another_car():
    world, inside = (
        World("highway", {"vehicles_density": 5, "vehicles_count": 20, "duration": 2}),
        0,
    )
    for seed in range(10, 18):
        scene, contact = collision(world, seed, Meta("IDLE"))
        ego = geometry.corners(scene.ego.x, scene.ego.y, scene.ego.heading, 5.0, 2.0)
        if any(
            geometry.overlap(ego, geometry.corners(c.x, c.y, c.heading, c.length, c.width))
            for c in scene.cars
        ):
            inside += 1
            assert contact.unavoidable
    assert inside


def test_a_collision_that_another_action_avoids_is_the_ego_s(monkeypatch):
    world, avoidable = World("highway-fast", {"duration": 4}), 0
    for seed in range(16):
        _, contact = collision(world, seed, Meta("FASTER"))
        if contact is not None and contact.time < 4 and not contact.unavoidable:
            avoidable += 1
            escapes = [
                collision(world, seed, Meta(name))[1]
                for name in ("SLOWER", "LANE_LEFT", "LANE_RIGHT", "IDLE")
            ]
            assert None in escapes or any(late.time > contact.time for late in escapes)
    assert avoidable > 2


def test_a_car_that_stands_right_ahead_is_nobody_s_fault_and_one_far_ahead_is():
    """A wall of standing cars in all lanes at 25 m/s: 12 m away nothing helps, 80 m away braking does."""
    for gap, lost in ((12.0, True), (80.0, False)):
        world = World(
            "highway-fast",
            {"vehicles_count": 3, "duration": 6, "action.target_speeds": [0, 10, 25]},
        )
        scene = world.reset(1)
        for lane, car in enumerate(scene.cars):
            world.edit(Move(car.id, scene.ego.x + gap, -4.0 * lane, 0.0), SetSpeed(car.id, 0.0))
        start = world.truth()
        road, frames = world.road, round(world.period / world.sub_step)
        assert unavoidable(road, start, (True, True), 4, frames, world.sub_step) is lost
