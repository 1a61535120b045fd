"""A followed path: the tracker's law, the same motion in highway-env and in the twin, logged and said."""

from __future__ import annotations

import math
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from hand_made import car, step_of
from hand_made import scene as behind
from rich.console import Console

from drive import policy
from drive.checking.verdicts import Verifier, _Asked
from drive.episodes import log
from drive.episodes.record import record
from drive.episodes.replay import replay
from drive.episodes.rollout import explain, run
from drive.evaluation import evaluate
from drive.evaluation.results import print_tables
from drive.kinematics import tracker
from drive.kinematics.control import State, followed_lane, moved
from drive.kinematics.surroundings import View
from drive.kinematics.trajectory import TIMES
from drive.language import make_claim, parse, read, said_action, say, say_action
from drive.reasoning.causes import attribute
from drive.reasoning.reasons import situation_of
from drive.scenarios import SCENARIOS
from drive.show import viewer
from drive.show.film import picture
from drive.types import (
    EGO,
    GRID,
    Choice,
    Control,
    Follow,
    Legal,
    Meta,
    Option,
    Remove,
    Resize,
    Scene,
    Surface,
    Term,
    Trajectory,
)
from drive.world import World

FADE = 8.0  # [m] in which a hand-made path comes back to the middle of its lane, by a factor of e


def along_lane(scene: Scene, change: float = 0.0) -> Trajectory:
    """A path along the middle of the ego's lane and what it leads into, its speed changing [m/s2]."""
    ego, road, route = scene.ego, scene.road, scene.ego.route
    speed = np.maximum(ego.speed + change * TIMES, 0.0)
    lane, points = road.lane(ego.lane), [(ego.x, ego.y)]
    for distance in speed * GRID:
        lane, route = followed_lane(road, lane, route, *points[-1])
        s, d = lane.frenet(*points[-1])
        points.append(lane.point(s + distance, d * math.exp(-distance / FADE)))
    steps = np.diff(points, axis=0)
    heading = np.where(speed > 0.1, np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])), ego.heading)
    x, y = np.array(points[1:]).T
    rest = np.full(len(TIMES), change), np.gradient(heading) / np.maximum(speed * GRID, 0.1)
    return Trajectory(x, y, heading, speed, *rest, "made by hand", "course")


class LaneFollower:
    """Follows the middle of its lane, and slows down a little."""

    name, tie = "lane-follower", "shares evidence"

    def __init__(self, change: float = -0.3):
        self.change = change

    def decide(self, scene: Scene) -> Choice:
        action = Follow(along_lane(scene, self.change))
        return Choice(action, (Option(action, (Term("always", 0.0, "", "for"),)),))


def driven(world: World, seconds: float, driver) -> list[tuple[Scene, object]]:
    """Scenes with what followed each, until the episode ends."""
    steps = []
    while len(steps) * world.period < seconds:
        scene = world.scene
        outcome = world.step(policy.checked(driver, scene).action)
        steps.append((scene, outcome))
        if outcome.ended:
            break
    return steps


SEEN_OTHERWISE = ("highway-fog", "highway-occluded")  # the road and the traffic of "highway"


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(name, marks=pytest.mark.thorough if name in SEEN_OTHERWISE else [])
        for name in SCENARIOS
    ],
)
def test_world_and_twin_drive_a_followed_path_alike(scenario):
    worlds = [World(scenario), World(scenario, physics="twin")]
    for world in worlds:
        world.reset(3)
    for step in range(max(6, round(3 / worlds[0].period))):
        first, second = (world.scene for world in worlds)
        assert [car.id for car in first.cars] == [car.id for car in second.cars]
        for one, other in zip((first.ego, *first.cars), (second.ego, *second.cars), strict=True):
            assert one.lane == other.lane
            for name in ("x", "y", "heading", "speed"):
                assert abs(getattr(one, name) - getattr(other, name)) <= 1.5e-6
        assert (first.ego.target_lane, first.ego.route) == (
            second.ego.target_lane,
            second.ego.route,
        )
        assert abs(first.ego.target_speed - second.ego.target_speed) <= 1.5e-6
        assert first.legal == second.legal
        action = Follow(along_lane(first, 0.5 * (-1) ** step))
        if first.legal.meta and step % 3 == 2:  # a meta-action goes on from where the path led
            action = Meta(first.legal.meta[step % len(first.legal.meta)])
        one, other = (world.step(action) for world in worlds)
        assert np.abs(one.tracks.ego - other.tracks.ego).max() <= 2e-6
        assert (one.ended, one.contact is None) == (other.ended, other.contact is None)
        assert abs(one.reward - other.reward) < 1e-6
        if one.ended:
            break


@pytest.mark.parametrize("scenario", ["highway-fast", "roundabout", "racetrack", "intersection"])
def test_a_truck_on_a_slippery_road_follows_alike_in_world_and_twin(scenario):
    paths, tracks = [], {}
    for physics in ("highway-env", "twin"):
        world = World(scenario, physics=physics)
        world.reset(3)
        world.edit(Resize(EGO, "truck"), Surface(0.3))
        for step in range(6):
            if physics == "highway-env":
                paths.append(Follow(along_lane(world.scene, -4.0 if step < 2 else 0.0)))
            outcome = world.step(paths[step])
            tracks.setdefault(step, []).append(outcome.tracks.ego)
            if outcome.ended:
                break
    for one, other in tracks.values():
        assert np.abs(one - other).max() <= 2e-6
    speeds = tracks[0][0][:, 3]
    slowing = np.abs(np.diff(speeds)).max() / world.sub_step
    assert slowing <= 0.3 * 9.81 + 1e-4 and (slowing > 2.9) == bool(world.scene.legal.meta)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_hand_made_path_is_followed_within_a_lanes_width_on_every_road(scenario):
    world = World(scenario, physics="twin")
    scene = world.reset(5)
    scene = world.edit(*(Remove(car.id) for car in scene.cars))
    for at, outcome in driven(world, 8.0, LaneFollower()):
        path, width = along_lane(at, -0.3), at.road.lane(at.ego.lane).width
        points = np.array([(at.ego.x, at.ego.y), *zip(path.x, path.y, strict=True)])
        for x, y, _, _ in outcome.tracks.ego[1:] if outcome.contact is None else ():
            nearest = np.hypot(*(points - (x, y)).T).min()
            between = at.ego.speed * GRID / 2  # from a point of the path to the nearest waypoint
            assert nearest <= math.hypot(width / 4, between)


def test_the_law_comes_back_to_a_straight_path_and_stays_on_a_bend():
    straight = rolled_out(lambda t: (20.0 * t, 0.0, 0.0), State(0.0, 1.5, 0.1, 18.0))
    assert abs(straight[-1].y) < 0.02 and abs(straight[-1].heading) < 0.005
    assert straight[-1].speed == pytest.approx(20.0, abs=0.01)
    assert max(state.y for state in straight) < 1.7
    radius = 25.0
    bend = rolled_out(
        lambda t: (
            radius * math.sin(10 * t / radius),
            radius * (1 - math.cos(10 * t / radius)),
            10 * t / radius,
        ),
        State(0.0, 0.0, 0.0, 10.0),
        course=True,
    )
    offs = [math.hypot(state.x, state.y - radius) - radius for state in bend]
    assert max(map(abs, offs)) < 0.15


def rolled_out(place, state: State, course: bool = False, dt: float = 1 / 15) -> list[State]:
    """States of a car that follows the path t -> (x, y, heading), moved as highway-env moves it."""
    x, y, heading = np.array([place(t) for t in TIMES]).T
    speed = math.dist(place(1.0), place(1.0 + 1e-4)) / 1e-4
    bend = np.full(len(TIMES), (heading[1] - heading[0]) / (speed * GRID))
    rest = np.full(len(TIMES), speed), np.zeros(len(TIMES)), bend
    path = Trajectory(x, y, heading, *rest, "made by hand", "course" if course else "body")
    states = [state]
    for k in range(round(6.0 / dt)):
        wanted = tracker.control(path, k * dt, states[-1], dt)
        states.append(moved(states[-1], wanted.acceleration, wanted.steering, dt))
    return states


def test_a_stopping_path_stops():
    speed = np.maximum(10.0 - 3.0 * TIMES, 0.0)
    x, zeros = np.cumsum(speed) * GRID, np.zeros(len(TIMES))
    path = Trajectory(x, zeros, zeros, speed, zeros, zeros, "made by hand")
    states = [State(0.0, 0.3, 0.0, 10.0)]
    for k in range(90):
        wanted = tracker.control(path, k / 15, states[-1], 1 / 15)
        states.append(moved(states[-1], wanted.acceleration, wanted.steering, 1 / 15))
    assert abs(states[-1].speed) < 0.05 and abs(states[-1].x - x[-1]) < 1.0
    assert abs(wanted.steering) < 0.3


def test_what_is_left_of_a_path_is_the_path_later_and_straight_beyond_its_end():
    path = along_lane(World("racetrack").reset(1))
    rest = tracker.remaining(path, 1.0)
    assert np.abs(rest.x[:54] - path.x[10:]).max() <= 1.5e-3
    beyond = math.hypot(rest.x[-1] - path.x[-1], rest.y[-1] - path.y[-1])
    assert beyond == pytest.approx(path.speed[-1], abs=0.01)


def test_controls_stay_within_the_limits_of_the_road():
    for scenario in ("highway-fast", "racetrack", "lane-keeping"):
        world = World(scenario)
        scene = world.reset(1)
        far = along_lane(scene, 5.0)
        world.step(Follow(replace(far, y=far.y + 4.0)))
        ego = next(driver for driver in world.truth().drivers if driver.id == EGO)
        clipped = scene.legal.within(Control(ego.acceleration, ego.steering))
        assert clipped == Control(ego.acceleration, ego.steering)
    assert Legal(meta=("IDLE",)).within(Control(9.0, -2.0)) == Control(5.0, -math.pi / 4)


@pytest.mark.parametrize(
    "edit, said",
    [
        (
            lambda path: replace(path, x=path.x + 6.0),
            r"begins 6\.\d m away from the ego, more than 5 m",
        ),
        (
            lambda path: replace(path, speed=path.speed * np.nan),
            "holds a number that is not finite",
        ),
        (lambda path: "straight on", "a path that is str, not a Trajectory"),
    ],
)
def test_a_path_that_cannot_be_followed_is_refused_in_one_sentence(edit, said):
    class Lost(LaneFollower):
        def decide(self, scene):
            action = Follow(edit(along_lane(scene)))
            return Choice(action, (Option(action),))

    world = World("highway-fast")
    scene = world.reset(1)
    with pytest.raises(
        policy.PolicyError, match=f"chose a path.*{said.removeprefix('a path ')}"
    ) as no:
        policy.checked(Lost(), scene)
    assert "\n" not in str(no.value)
    with pytest.raises(ValueError, match=said):
        world.step(Follow(edit(along_lane(scene))))


def test_a_log_holds_paths_and_the_replay_drives_them_again(tmp_path):
    for scenario in ("merge", "racetrack"):
        world = World(scenario, {"duration": 5})
        path, *_ = record(world, LaneFollower(), 3, tmp_path)
        episode = log.read(path).episode
        assert all(isinstance(step.choice.action, Follow) for step in episode.steps)
        again = tmp_path / "again.jsonl"
        log.write(again, episode)
        assert log.read(again).episode == episode
        assert again.read_bytes() == path.read_bytes()
        for physics in ("highway-env", "twin"):
            moments = list(replay(episode, physics))
            assert len(moments) == len(episode.steps) + 1
            assert all(moment.same for moment in moments)
        first = episode.steps[0]
        assert first.trajectory == first.choice.action.trajectory
        assert policy.checked(LaneFollower(), first.scene).action == first.choice.action
        assert episode.end.metrics["followed paths"] == 1.0
        assert "action flapping" not in episode.end.metrics


@pytest.mark.parametrize("language, said", [
    ("en", "follow the planned path"), ("de", "dem geplanten Weg folgen"), ("zh", "沿规划路径行驶"),
])  # fmt: skip
def test_a_followed_path_has_words_that_are_understood(language, said):
    path = Follow(along_lane(World("merge").reset(1)))
    assert say_action(path, language).startswith(said)
    claim = make_claim("cause", "without", option=said_action(path), cars=(4,))
    assert parse(say(claim, language), language) == (claim,)


def test_the_page_and_the_film_show_a_followed_path(tmp_path):
    episode = run(World("merge", {"duration": 3}), LaneFollower(), 3)
    told = viewer.step_data(episode.header, episode.steps[0])
    speed = episode.steps[0].trajectory.speed[-1]
    assert told["done"] == f"follow the planned path to {speed:.1f} m/s" and told["wanted"] is None
    assert len(told["options"][0]["path"]) == 2 * len(TIMES)
    assert told["options"][0]["chosen"]
    picture(episode, 1.0, tmp_path / "frame.png")
    assert (tmp_path / "frame.png").stat().st_size > 10_000


def test_what_is_intended_by_a_path_is_read_off_it_and_tested():
    world = World("highway", {"duration": 4})
    episode = run(world, LaneFollower(-1.0), 3)
    assert "slow down" in episode.steps[0].rationale.text.lower()
    verifier = Verifier(episode, LaneFollower(-1.0))
    findings = [each for findings in verifier.findings() for each in findings]
    intentions = [each for each in findings if each.verdict.claim.kind == "intention"]
    assert len(intentions) >= 2 * len(episode.steps)
    assert {each.verdict.result for each in intentions} == {"true"}
    hurried = replace(
        episode.steps[0].rationale,
        claims=(make_claim("intention", "speed change", "speed up"),),
    )
    (moment, *_) = replay(episode)
    wrong = verifier.at(moment, hurried)
    assert any(each.verdict.result == "false" for each in wrong)


def test_the_traffic_sees_the_set_points_of_where_a_path_leads():
    world = World("highway")
    scene = world.reset(2)
    world.edit(*(Remove(car.id) for car in scene.cars))
    side = "left" if scene.road.side(scene.ego.lane, "left") else "right"
    beside = scene.road.side(scene.ego.lane, side)
    path = along_lane(scene)
    moved_over = np.minimum(TIMES / 2.0, 1.0) * (4.0 if side == "left" else -4.0)
    for _ in range(3):
        world.step(
            Follow(tracker.remaining(replace(path, y=path.y + moved_over), world.scene.time))
        )
    assert world.scene.ego.lane == world.scene.ego.target_lane == beside.id
    assert world.scene.ego.target_speed == 25.0
    world.step(Meta("IDLE"))
    assert world.scene.ego.lane == beside.id
    assert abs(beside.frenet(world.scene.ego.x, world.scene.ego.y)[1]) < 0.3


class Keeping(LaneFollower):
    """Follows its lane; slows down by this much where a car is near ahead, and the terms say so."""

    def decide(self, scene):
        lead = View(scene).leader()
        near = lead is not None and lead.car is not None and lead.gap < 25.0
        terms = (Term("gap ahead", lead.gap, "m", "against", 25.0, (lead.car,)),) if near else ()
        slower = Option(Follow(along_lane(scene, self.change)), (), -1.0)
        onward = Option(Follow(along_lane(scene)), terms, -2.0 if near else 0.0)
        return Choice((slower if near else onward).action, (slower, onward))


@pytest.mark.parametrize("change, instead", [(-2.0, "carry on"), (-0.1, "follow another path")])
def test_paths_are_explained_by_what_they_amount_to_and_by_the_car_they_depend_on(change, instead):
    seen, driver = behind(car(1, 125.0, speed=15.0), car(2, 80.0, lane=0)), Keeping(change)
    choice = policy.checked(driver, seen)
    attribution = attribute(driver, seen, choice)
    assert [cause.cars for cause in attribution.causes] == [(1,)]
    for language in ("en", "de", "zh"):
        told = explain(situation_of(seen, choice), choice, driver.tie, language, attribution)
        assert set(read(told.text, language).claims) == set(told.claims)
        if language == "en":
            assert "car 1" in told.text and "20.0 m ahead (I keep 25.0 m)" in told.text
            assert told.text.endswith(f"Without car 1 I would {instead}.")
    step = step_of(seen, choice, told)
    (cause,) = (claim for claim in told.claims if claim.kind == "cause")
    short = run(World("merge", {"duration": 1}), driver, 0, causes="never")
    asked = _Asked(Verifier(short, driver), step)
    assert asked.verdict(cause).result == "true"
    assert asked.verdict(replace(cause, option=Meta("LANE_LEFT"))).result == "false"
    assert asked.verdict(replace(cause, cars=(2,))).result == "false"


def test_the_tables_say_where_paths_were_followed(tmp_path):
    short = {"duration": 3}
    for drivers, shown in (([LaneFollower(), "idle"], True), (["idle"], False)):
        out = tmp_path / str(shown)
        results = evaluate("highway-fast", drivers, 1, out=out, overrides=short, progress=False)
        console = Console(width=160, record=True, file=StringIO())
        print_tables(results, console)
        assert ("followed paths" in console.export_text()) == shown
