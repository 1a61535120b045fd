"""One vocabulary of change: every edit on a scene, a world and the twin, and what each brings with it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hand_made import IDLE, SLOWER, car, scene
from twin_reference import SAME, order, random_action

from drive.episodes import log
from drive.episodes.branch import branch
from drive.episodes.rollout import run
from drive.kinematics import edits as of_scenes
from drive.kinematics import refusals
from drive.kinematics.foresight import roll_out
from drive.policy import load
from drive.roads import ways
from drive.roads.geometry import GRAVITY
from drive.scenarios import SCENARIOS
from drive.twin import CODES, Suppositions, Worlds, from_scene, from_truth, supposed
from drive.twin import edits as of_the_twin
from drive.twin import kernel as k
from drive.types import (
    EGO,
    GRID,
    Add,
    Brake,
    ChangeLane,
    Control,
    Edit,
    Hide,
    History,
    KeepLane,
    Meta,
    Move,
    Obstruct,
    Option,
    Perception,
    Remove,
    Resize,
    Scene,
    Send,
    SetSpeed,
    Surface,
    Truth,
    Without,
)
from drive.world import World
from drive.world import edits as of_worlds
from policies.planner.reading import gained

ROADS = (
    "highway-fast", "merge", "merge-generic", "roundabout", "intersection", "exit", "two-way", "u-turn",
    "racetrack", "lane-keeping",
)  # fmt: skip
GONE = object()


# ------------------------------------------------------------------- every edit by every applier


def at_the_merge() -> World:
    """A world with a static object, a junction, several lanes, a task and a little fog, some decisions in."""
    world = World(replace(SCENARIOS["merge"], perception=Perception(range=150.0)))
    world.reset(1)
    for _ in range(3):
        world.step(IDLE)
    return world


def free_place(at: Scene) -> tuple[float, float]:
    """In the lane of the ego, well ahead of all cars."""
    lane = at.road.lane(at.ego.lane)
    return lane.point(max(each.x for each in (at.ego, *at.cars)) + 30.0)


def one_of_each(at: Scene) -> list[tuple[Edit, dict]]:
    """Each edit, with the facts that it makes true: (car, what) or a word -> value; GONE: no such fact any more."""
    first = min(at.cars, key=lambda each: each.x)
    new = max(each.id for each in at.cars) + 1
    x, y = map(float, free_place(at))
    way = ways(at.road, first.lane)[0]
    side, step = ("left", -1) if at.road.side(first.lane, "left") else ("right", 1)
    beside = (*first.lane[:2], first.lane[2] + step)
    n, thing = first.id, at.objects[0].id
    debris = max(each.id for each in at.objects) + 1
    return [
        (Hide(n), {(n, "ghost"): True}),
        (Remove(n), {(n, "x"): GONE}),
        (Remove(object=thing), {("object", thing): GONE}),
        (Add(x, y, 12.0, kind="truck"), {(new, "x"): x, (new, "speed"): 12.0, (new, "length"): 12.0,
                                         (new, "kind"): "truck", (new, "target_speed"): 12.0}),
        (Add(x, y, 12.0, target_speed=20.0), {(new, "y"): y, (new, "target_speed"): 20.0}),
        (Obstruct(x, y), {("object", debris): x}),
        (Move(n, x, y), {(n, "x"): x, (n, "y"): y, (n, "lane"): at.ego.lane, (n, "target_lane"): at.ego.lane}),
        (SetSpeed(n, 7.0), {(n, "speed"): 7.0}),
        (SetSpeed(EGO, 22.0), {(EGO, "speed"): 22.0, (EGO, "target_speed"): 20.0}),
        (Resize(n, kind="motorcycle"), {(n, "length"): 2.2, (n, "width"): 0.9, (n, "kind"): "motorcycle"}),
        (Resize(EGO, length=8.0), {(EGO, "length"): 8.0, (EGO, "width"): 2.0}),
        (Brake(n, 4.0), {(n, "forced"): -4.0, (n, "lane_changes"): False}),
        (KeepLane(n), {(n, "lane_changes"): False}),
        (ChangeLane(n, side), {(n, "target_lane"): beside, (n, "lane_changes"): False}),
        (Send(n, way), {(n, "route"): way}),
        (Surface(0.4), {"grip": 0.4}),
        (Without("task"), {"task": "cruise"}),
        (Without("speed limit"), {"speed limit": 0.0}),
        (Without("poor sight"), {"poor sight": False}),
    ]  # fmt: skip


def facts_of_a_scene(at: Scene) -> dict:
    things = {EGO: at.ego} | {each.id: each for each in (*at.cars, *at.ghosts)}
    names = ("x", "y", "speed", "length", "width", "lane", "kind")
    facts = {(n, name): getattr(each, name) for n, each in things.items() for name in names}
    facts |= {(each.id, "ghost"): each in at.ghosts for each in (*at.cars, *at.ghosts)}
    facts |= {(EGO, "target_speed"): at.ego.target_speed, (EGO, "target_lane"): at.ego.target_lane}
    facts |= {("object", thing.id): thing.x for thing in at.objects}
    return facts | {"grip": at.grip, "task": at.task.kind, **conditions(at.road, at.perception)}


def conditions(road, perception=None) -> dict:
    facts = {"speed limit": max(lane.speed_limit or 0.0 for lane in road.lanes)}
    return facts if perception is None else facts | {"poor sight": perception.range < 200.0}


def facts_of_a_world(world: World) -> dict:
    truth = world.truth()
    names = ("x", "y", "speed", "length", "width", "lane", "kind", "ghost", "forced", "lane_changes",
             "target_lane", "target_speed")  # fmt: skip
    facts = {(each.id, name): getattr(each, name) for each in truth.drivers for name in names}
    facts |= {(each.id, "route"): tuple((a, b) for a, b, _ in each.route) for each in truth.drivers}
    facts |= {("object", thing.id): thing.x for thing in truth.objects}
    facts |= conditions(world.road, world.perception)
    return facts | {"grip": truth.grip, "task": world.task.kind}


def facts_of_the_twin(worlds: Worlds) -> dict:
    """Of its first world; the twin keeps neither what kind a car is, nor task and sight."""
    facts, road, sections = {}, worlds.road, list(worlds.road.sections)
    f, g, cars = worlds.f[0], worlds.g[0], int(worlds.head[0, k.CARS])
    rows = {
        "x": k.X,
        "speed": k.SPEED,
        "length": k.LENGTH,
        "width": k.WIDTH,
        "target_speed": k.TARGET_SPEED,
    }
    for slot, n in enumerate(g[k.CAR, :cars].tolist()):
        facts |= {(n, name): float(f[row, slot]) for name, row in rows.items()}
        way = (
            worlds.routes[g[k.ROUTE, slot], g[k.ROUTE_AT, slot] :, 0]
            if g[k.ROUTE, slot] >= 0
            else []
        )
        facts |= {
            (n, "y"): -float(f[k.Y, slot]),
            (n, "lane"): road.lanes[g[k.LANE, slot]].id,
            (n, "target_lane"): road.lanes[g[k.TARGET_LANE, slot]].id,
            (n, "ghost"): bool(g[k.GHOST, slot]),
            (n, "forced"): None if math.isnan(f[k.FORCED, slot]) else float(f[k.FORCED, slot]),
            (n, "lane_changes"): bool(g[k.CHANGES, slot]),
            (n, "route"): tuple(sections[number] for number in way if number >= 0),
        }
    objects = range(cars, int(worlds.head[0, k.SLOTS]))
    facts |= {("object", int(g[k.CAR, slot])): float(f[k.X, slot]) for slot in objects}
    grip = float(f[k.GRIP, 0]) / GRAVITY
    return facts | {"grip": None if math.isinf(grip) else grip} | conditions(road)


APPLIERS = {  # name -> what is edited, taken of a world; its applier; its facts
    "scene": (lambda world: world.scene, of_scenes.edited, facts_of_a_scene),
    "world": (lambda world: world, of_worlds.edited, facts_of_a_world),
    "twin": (
        lambda world: from_truth(world.road, world.truth()),
        of_the_twin.edited,
        facts_of_the_twin,
    ),
}
REFUSED = {  # what an applier never does
    "scene": ("Brake", "KeepLane", "ChangeLane", "Send", "Add target_speed"),
    "world": (),
    "twin": ("Without task", "Without poor sight"),
}


def named(edit: Edit) -> str:
    what = getattr(edit, "condition", "target_speed" if getattr(edit, "target_speed", None) else "")
    return f"{type(edit).__name__} {what}".strip()


def one_sentence(error: pytest.ExceptionInfo) -> bool:
    text = str(error.value)
    return bool(text) and "\n" not in text and ". " not in text and len(text) < 160


@pytest.mark.parametrize("name", APPLIERS)
def test_every_edit_is_made_or_refused_in_one_sentence(name):
    """And what it is not about stays as it was; a refused edit changes nothing."""
    world = at_the_merge()
    start, (take, edited, facts_of) = world.snapshot(), APPLIERS[name]
    samples = one_of_each(world.scene)
    assert {type(edit) for edit, _ in samples} == set(refusals.ASKS)
    for edit, wanted in samples:
        world.restore(start)
        thing = take(world)
        before = facts_of(thing)
        if named(edit) in REFUSED[name]:
            with pytest.raises(ValueError) as error:
                edited(thing, edit)
            assert one_sentence(error) and facts_of(thing) == before, edit
            continue
        after = facts_of(edited(thing, edit))
        told = {fact[1] for fact in before if isinstance(fact, tuple) and fact[0] != EGO}
        for fact, value in wanted.items():
            if value is GONE:
                assert fact in before and fact not in after, edit
            elif (
                fact in before
                or isinstance(edit, Obstruct)
                or (isinstance(edit, Add) and fact[1] in told)
            ):
                close = pytest.approx(value) if isinstance(value, float) else value
                assert after[fact] == close, (edit, fact)
        others = {fact: value for fact, value in before.items() if fact not in wanted}
        about = getattr(edit, "car", None)
        for fact, value in others.items():
            if not (isinstance(fact, tuple) and fact[0] == about):
                assert after[fact] == value, (edit, fact)


@pytest.mark.parametrize("name", ["highway-fast", "merge", "exit", "intersection", "two-way"])
def test_a_scene_is_edited_to_what_its_world_would_show(name):
    """The same cars, the same legal actions, the same ghosts and conditions, and nearly the same past."""
    world = World(name)
    world.reset(2)
    for _ in range(2):
        world.step(IDLE)
    start, at, compared = world.snapshot(), world.scene, 0
    cars = {each.id for each in at.cars}
    unseen = {each.id for each in world.truth().drivers} - cars - {EGO}
    left = [Move(EGO, at.ego.x + 1.0, at.ego.y + 3.0), SetSpeed(EGO, at.ego.target_speeds[0])]
    for edit in told_of(world) + left:
        world.restore(start)
        try:
            thought = of_scenes.edited(at, edit)
            shown = world.edit(edit)
        except ValueError:
            continue
        if isinstance(edit, Add) and unseen:
            continue  # the next free number is another
        same = ("ego", "objects", "task", "legal", "grip", "road", "perception", "ghosts")
        for field in same:
            assert getattr(thought, field) == getattr(shown, field), (edit, field)
        assert sorted(thought.cars, key=lambda each: each.id) == list(shown.cars), edit
        ours, theirs = thought.history, shown.history
        assert (ours.cars.keys(), ours.ghosts.keys()) == (theirs.cars.keys(), theirs.ghosts.keys())
        pasts = (
            (ours.ego, theirs.ego),
            *((rows, theirs.imaginable(n)) for n, rows in ours.cars.items()),
        )
        for one, other in pasts:
            assert one.shape == other.shape and np.abs(one - other).max() < 0.02, edit
        compared += 1
    assert compared >= 10


BAD = [  # an edit of the merge, of car 1 and the ego, that cannot be, and what is said of it
    (Hide(99), "no car 99"),
    (Hide(EGO), "ego"),
    (Remove(EGO), "ego"),
    (Remove(), "one car, or one static object"),
    (Remove(1, 1), "one car, or one static object"),
    (Remove(object=7), "no object 7"),
    (Move(1, math.nan, 0.0), "x is a place"),
    (Move(1, 0.0, 500.0), "no road"),
    (Move(1, 0.0, 0.0, heading=math.inf), "heading"),
    (Move("1", 0.0, 0.0), "by its number"),
    (Add(math.inf, 0.0, 10.0), "x is a place"),
    (Add(200.0, 0.0, -1.0), "speed"),
    (Add(200.0, 0.0, 10.0, kind="tank"), "no kind of car"),
    (Add(200.0, 0.0, 10.0, target_speed=1000.0), "target_speed"),
    (Obstruct(0.0, 500.0), "no road"),
    (Obstruct(math.nan, 0.0), "x is a place"),
    (Obstruct(0.0, 0.0, heading="north"), "heading"),
    (SetSpeed(1, -3.0), "a speed from 0 to 40 m/s, not -3"),
    (SetSpeed(1, 300.0), "a speed from 0 to 40 m/s, not 300"),
    (SetSpeed(1, math.nan), "not nan"),
    (SetSpeed(1, "fast"), "not 'fast'"),
    (SetSpeed(1, None), "not None"),
    (Resize(1), "a kind, a length or a width"),
    (Resize(1, length=0.0), "length"),
    (Resize(1, kind="tank"), "no kind of car"),
    (Brake(EGO), "policy"),
    (Brake(1, 0.0), "deceleration"),
    (KeepLane(99), "no car 99"),
    (ChangeLane(1, ("x", "y", 0)), "no lane"),
    (ChangeLane(1, "up"), "left"),
    (Send(1, ()), "one section at least"),
    (Send(1, "ab"), "a row of sections"),
    (Send(1, (("x", "y"),)), "no section"),
    (Surface(0.0), "grip"),
    (Surface(-1.0), "grip"),
    (Surface(math.nan), "grip"),
    (Without("rain"), "no condition 'rain'"),
    ("remove 1", "no edit"),
    (None, "no edit"),
]


@pytest.mark.parametrize("name", APPLIERS)
def test_what_cannot_be_is_refused_in_one_sentence_by_all_appliers(name):
    world = at_the_merge()
    take, edited, facts_of = APPLIERS[name]
    thing = take(world)
    before = facts_of(thing)
    never = {what.split()[0] for what in REFUSED[name] if " " not in what}
    for edit, said in BAD:
        if type(edit).__name__ in never:
            said = "a scene shows"
        with pytest.raises(ValueError, match=said) as error:
            edited(thing, edit)
        assert one_sentence(error), edit
    with pytest.raises(ValueError):
        edited(thing, SetSpeed(1, 5.0), SetSpeed(1, -5.0))
    assert facts_of(thing) == before, "a refused edit changed something"


@pytest.mark.parametrize("name", APPLIERS)
def test_no_car_may_stand_inside_another_but_the_ego_in_a_ghost(name):
    world = at_the_merge()
    take, edited, _ = APPLIERS[name]
    thing, ego = take(world), world.scene.ego
    onto = Move(1, ego.x + 3.0, ego.y)
    with pytest.raises(ValueError, match="car 1 would stand inside the ego"):
        edited(thing, onto)
    with pytest.raises(ValueError, match="would stand inside"):
        edited(thing, Add(ego.x, ego.y, 10.0))
    other = next(each for each in world.scene.cars if each.id != 1)
    with pytest.raises(ValueError, match=f"car 1 would stand inside car {other.id}"):
        edited(thing, Move(1, other.x + 6.0, other.y, other.heading), Resize(1, length=20.0))
    thing_x, thing_y = world.scene.objects[0].x, world.scene.objects[0].y
    with pytest.raises(ValueError, match="inside object 1"):
        edited(thing, Move(1, thing_x, thing_y))
    with pytest.raises(ValueError, match="the debris would lie inside the ego"):
        edited(thing, Obstruct(ego.x + 2.0, ego.y))
    with pytest.raises(ValueError, match=f"the debris would lie inside car {other.id}"):
        edited(thing, Obstruct(other.x, other.y))
    with pytest.raises(ValueError, match="the debris would lie inside object 1"):
        edited(thing, Obstruct(thing_x, thing_y))
    x, y = map(float, free_place(world.scene))
    with pytest.raises(ValueError, match="would stand inside object 2"):
        edited(thing, Obstruct(x, y), Move(1, x, y))
    with pytest.raises(ValueError, match="there is no object 2"):
        edited(thing, Obstruct(x, y), Remove(object=2), Remove(object=2))
    edited(thing, onto, Remove(1))  # only how all stand in the end counts
    edited(take(world), *(Hide(1), Move(1, ego.x + 3.0, ego.y)) if name != "world" else (Hide(2),))


# ---------------------------------------------------------- the twin goes on as highway-env does


def told_of(world: World) -> list[Edit]:
    """Edits of the cars nearest to the ego: one of each kind, those that can be made where they are."""
    at = world.scene
    cars = sorted(at.cars, key=lambda each: math.hypot(each.x - at.ego.x, each.y - at.ego.y))
    slower = SetSpeed(EGO, max(at.ego.speed - 4.0, 0.0))
    told = [Surface(0.3), slower, Resize(EGO, kind="truck"), Without("speed limit")]
    told += [Remove(object=thing.id) for thing in at.objects]
    if not cars:
        return told
    first, last = cars[0], cars[-1]
    lane = at.road.lane(first.lane)
    s = float(lane.frenet(first.x, first.y)[0])
    ahead, behind = (tuple(map(float, lane.point(s + off))) for off in (18.0, -18.0))
    return told + [
        Hide(first.id), Remove(first.id), SetSpeed(first.id, 3.0), Resize(first.id, kind="truck"), Brake(first.id, 4.0),
        KeepLane(first.id), ChangeLane(first.id, "left"), ChangeLane(first.id, "right"), Move(last.id, *ahead),
        Move(last.id, *behind), Add(*ahead, 9.0), Add(*behind, 9.0, kind="motorcycle", target_speed=14.0),
        Obstruct(*ahead), Obstruct(*behind, heading=0.4), *(Send(first.id, way) for way in ways(at.road, first.lane)[-1:]),
    ]  # fmt: skip


def driven(world: World, actions: list) -> list[Truth]:
    truths = []
    for action in actions:
        world.step(action)
        truths.append(world.truth())
    return truths


def apart(one: list[Truth], other: list[Truth]) -> float:
    """The largest distance [m] between cars at any decision; infinite where they are not the same cars."""
    far = 0.0
    for a, b in zip(one, other, strict=True):
        if [each.id for each in a.drivers] != [each.id for each in b.drivers]:
            return math.inf
        far = max(
            far,
            *(math.hypot(c.x - d.x, c.y - d.y) for c, d in zip(a.drivers, b.drivers, strict=True)),
        )
    return far


def sure_of_itself(world: World, start, edit: Edit, actions: list, plain: list[Truth]) -> bool:
    """Does highway-env come to the same, within SAME, where every car is nudged by its last digit at every decision?"""
    for attempt in range(4):
        signs = np.random.default_rng(attempt)
        world.restore(start)
        world.edit(edit)
        nudged = []
        for action in actions:
            for vehicle in world.native.road.vehicles:
                vehicle.position = vehicle.position + 1e-14 * signs.choice([-1, 1], 2)
            nudged += driven(world, [action])
        if apart(plain, nudged) > SAME:
            return False
    return True


def of_the_twin_driven(worlds: Worlds, actions: list, world: World, truths: list[Truth]) -> float:
    """How far the twin's worlds part [m] from these truths, cars that highway-env takes off or puts on left out."""
    far, substeps = 0.0, round(world.period / world.sub_step)
    for action, truth in zip(actions, truths, strict=True):
        worlds.step(order(action), substeps, world.sub_step)
        if set(worlds.cars[0][worlds.cars[0] >= 0]) != {each.id for each in truth.drivers}:
            return far  # an intersection's traffic came or went: that is no edit
        slots = [worlds.slot(each.id) for each in truth.drivers]
        off = worlds.xy[0][slots] - [(each.x, each.y) for each in truth.drivers]
        far = max(far, float(np.hypot(*off.T).max()))
    return far


@pytest.mark.parametrize("name", ROADS)
def test_worlds_of_both_physics_and_the_twin_go_on_alike_after_every_edit(name):
    """Within 1e-6 m for five seconds, unless highway-env itself would part by more for a last digit."""
    real, fast = World(name), World(name, physics="twin")
    starts, made = [], set()
    for world in (real, fast):
        world.reset(2)
        for _ in range(2):
            world.step(IDLE if world.scene.legal.meta else Control(0.0, 0.0))
        starts.append(world.snapshot())
    dice = np.random.default_rng(3)
    before = real.truth()
    for edit in told_of(real):
        for world, start in zip((real, fast), starts, strict=True):
            world.restore(start)
        try:
            real.edit(edit)
        except ValueError as refusal:
            with pytest.raises(ValueError) as error:
                fast.edit(edit)
            assert str(error.value) == str(refusal)
            continue
        fast.edit(edit)
        actions, truths = [], []
        for _ in range(round(5.0 / real.period)):
            actions.append(random_action(real.scene.legal, dice))
            truths += driven(real, actions[-1:])
        made.add(type(edit))
        same = apart(truths, driven(fast, actions))
        real.restore(starts[0])
        worlds = of_the_twin.edited(from_truth(real.road, before), edit)
        also = of_the_twin_driven(worlds, actions, real, truths)
        if max(same, also) > SAME:
            assert not sure_of_itself(real, starts[0], edit, actions, truths), (edit, same, also)
    assert len(made) >= (10 if real.scene.cars else 4)


# ------------------------------------------------------------------------------------------- grip


def test_little_grip_holds_in_highway_env_in_the_twin_and_in_imagination():
    """One SLOWER on dilu-4-2.0 with a grip of 0.1: nowhere more than 0.98 m/s2."""
    world, least = World("dilu-4-2.0"), -0.1 * GRAVITY
    world.reset(0)
    at = world.edit(Surface(0.1))
    starts = from_truth(world.road, world.truth()), from_scene(at)
    exact, imagined = (
        worlds.step([CODES["SLOWER"]], 15, 1 / 15, ego=True).ego[0] for worlds in starts
    )
    foreseen = roll_out(at, Option(SLOWER))
    real = world.step(SLOWER).tracks.ego
    assert np.diff(real[:, 3]).min() * 15 == pytest.approx(least, abs=1e-4)
    for ego in (exact, imagined):
        assert ego[:, 4].min() == pytest.approx(least, abs=1e-9)
        assert np.abs(ego[:, [0, 1, 3]] - real[1:, [0, 1, 3]]).max() < SAME
    assert foreseen.acceleration.min() >= least - 1e-3
    assert foreseen.speed[9] == pytest.approx(real[-1, 3], abs=6e-4)
    for worlds in starts:
        assert (worlds.f[0, k.GRIP] == -least).all(), "all cars are on one road"


def test_a_scene_tells_of_its_grip_and_so_do_cars_that_come_later():
    world = World("intersection")
    world.reset(1)
    assert world.scene.grip is None and world.edit(Surface(0.05)).grip == 0.05
    cars = {each.id for each in world.truth().drivers}
    while {each.id for each in world.truth().drivers} <= cars:
        world.step(IDLE)
    assert {each.grip for each in world.truth().drivers} == {0.05} and world.scene.grip == 0.05


@pytest.mark.parametrize("name", ["merge", "lane-keeping"])
def test_where_a_longer_ego_goes_on_little_grip_is_foreseen_exactly(name):
    world = World(name)
    world.reset(1)
    at = world.edit(Resize(EGO, kind="truck"), Surface(0.2))
    actions = (Meta("SLOWER"), Meta("LANE_LEFT")) if at.legal.meta else (Control(0.0, 0.05),)
    start = world.snapshot()
    for action in actions:
        world.restore(start)
        foreseen, after = roll_out(at, Option(action)), round(world.period / GRID) - 1
        world.step(action)
        ego, columns = world.scene.ego, (foreseen.x, foreseen.y, foreseen.heading, foreseen.speed)
        assert [column[after] for column in columns] == pytest.approx(
            (ego.x, ego.y, ego.heading, ego.speed), abs=6e-4
        )  # waypoints are rounded to 1 mm


# ------------------------------------------------------------------------------------------- past


def seen_before(at: Scene) -> Scene:
    """The scene with a past in which every car, and the ego, drove as it does now for 1.6 s."""
    times = np.arange(-1.6, -0.05, 0.1)

    def rows(thing):
        still = np.full_like(times, 1.0)
        return np.stack(
            [times, thing.x + thing.speed * times, thing.y * still, 0 * still, thing.speed * still],
            -1,
        )

    return replace(at, history=History(rows(at.ego), {each.id: rows(each) for each in at.cars}))


def fits(past: np.ndarray, thing, tolerance: float = 1e-5) -> bool:
    """Does a past lead to where a car is, at the speed that it has?"""
    steps = np.vstack([past[:, 1:3], [[thing.x, thing.y]]])
    times = np.append(past[:, 0], 0.0)
    speeds = np.hypot(*np.diff(steps, axis=0).T) / np.diff(times)
    headings = np.unwrap(np.append(past[:, 3], thing.heading))
    return bool(
        len(past)
        and np.abs(speeds - thing.speed).max() < tolerance
        and np.abs(past[:, 4] - thing.speed).max() < 1e-6
        and np.abs(np.diff(headings)).max() < 0.2
    )


def test_the_past_follows_a_car_that_is_moved_and_slowed():
    """By its old track the car would have braked by 72 m/s2."""
    at = seen_before(scene(car(1, 140.0, speed=17.2), car(2, 180.0)))
    slowed = of_scenes.edited(at, Move(1, 155.0, -4.0), SetSpeed(1, 10.0))
    assert gained(slowed, slowed.car(1)) == 0.0
    assert fits(slowed.history.cars[1], slowed.car(1))
    assert len(slowed.history.cars[1]) == len(at.history.cars[1])
    assert np.array_equal(slowed.history.cars[2], at.history.cars[2])
    hidden = of_scenes.edited(slowed, Hide(1), SetSpeed(1, 20.0))
    assert fits(hidden.history.ghosts[1], hidden.ghosts[0])
    ego = of_scenes.edited(at, SetSpeed(EGO, 20.0))
    assert fits(ego.history.ego, ego.ego) and ego.ego.target_speed == 20.0
    new = of_scenes.edited(at, Add(300.0, 0.0, 15.0))
    assert new.history == at.history, "a car that was not there was not seen"


@pytest.mark.parametrize("name", ["highway-fast", "roundabout", "two-way"])
def test_what_a_world_recorded_follows_too(name):
    world = World(name)
    world.reset(4)
    for _ in range(3):
        world.step(IDLE)
    first = min(
        world.scene.cars,
        key=lambda each: math.hypot(each.x - world.scene.ego.x, each.y - world.scene.ego.y),
    )
    lane = world.road.lane(first.lane)
    place = tuple(map(float, lane.point(float(lane.frenet(first.x, first.y)[0]) + 4.0)))
    at = world.edit(Move(first.id, *place), SetSpeed(first.id, 5.0), SetSpeed(EGO, 10.0))
    tight = 1e-5 if name != "roundabout" else 0.05  # chords of a bend
    assert fits(at.history.cars[first.id], at.car(first.id), tight)
    assert fits(at.history.ego, at.ego, tight)
    if name != "roundabout":
        same = of_scenes.edited(world.scene, SetSpeed(first.id, 5.0))
        assert np.abs(same.history.cars[first.id] - at.history.cars[first.id]).max() < 2e-3
    world.step(IDLE)
    past = world.scene.history.cars[first.id]
    assert len(past) >= 10 and np.abs(np.diff(past[:, 4])).max() < 1.5, (
        "the next history has it too"
    )


def test_a_log_gives_every_scene_of_an_edited_episode_back(tmp_path):
    fog = "highway-fog"
    episode = run(World(fog, {"duration": 3}), load("slower"), 5, causes="never")
    nearest = episode.steps[2].scene.cars[0]
    edits = (
        SetSpeed(nearest.id, 12.0), Hide(nearest.id), Surface(0.5), Without("poor sight"), Without("speed limit"),
    )  # fmt: skip
    other = branch(episode, 2, edits, physics="highway-env")
    path = tmp_path / "edited.jsonl"
    log.write(path, other)
    again = log.read(path).episode
    assert [step.scene for step in again.steps] == [step.scene for step in other.steps]
    assert again.end.final == other.end.final
    after = again.steps[2].scene
    assert [each.id for each in after.ghosts] == [nearest.id] and nearest.id in after.history.ghosts
    assert after.grip == 0.5 and len(after.cars) > len(episode.steps[2].scene.cars)
    assert all(lane.speed_limit is None for lane in after.road.lanes)
    assert again.steps[1].scene.road.lanes[0].speed_limit is not None


# ---------------------------------------------------------------------------------------- conditions


def test_a_car_without_its_task_is_the_same_car():
    world = World("lane-keeping")
    at = world.reset(1)
    free = of_scenes.edited(at, Without("task"))
    one, other = from_scene(at), from_scene(free)
    assert at.ego.dynamical and one.g[0, k.KIND, 0] == other.g[0, k.KIND, 0] == k.BICYCLE
    for worlds in (one, other):
        worlds.step(np.array([[0.5, 0.2]]), 10, 0.1)
    assert np.array_equal(one.f, other.f, equal_nan=True)


def test_cars_that_gave_way_drive_on_where_no_limit_says_how_fast():
    """highway-env lets them wish for the limit of their lane; with none they would have braked for ever."""
    at = World("intersection").reset(2)
    worlds = from_scene(of_scenes.edited(at, Without("speed limit")))
    worlds = supposed(worlds, Suppositions(gives_way=worlds.cars > 0))
    worlds.step([CODES["IDLE"]])
    wishes = worlds.target_speed[0][worlds.cars[0] > 0]
    assert np.isfinite(wishes).all() and wishes.max() == refusals.FASTEST


def test_a_condition_that_is_not_there_is_refused_and_one_that_was_lifted_stays_away():
    world = World("merge")
    world.reset(1)
    with pytest.raises(ValueError, match="sight is not poor"):
        world.edit(Without("poor sight"))
    world.edit(Without("task"))
    world.step(IDLE)
    assert world.scene.task.kind == "cruise" and world.scene.task.deadline == world.task.deadline
    with pytest.raises(ValueError, match="no task"):
        world.edit(Without("task"))
    assert world.reset(1).task.kind == "pass"


# --------------------------------------------------------------------------------------------- ghosts


def test_the_ego_drives_through_a_ghost_that_all_others_avoid():
    """The ego is put behind a standing ghost; without the edit it crashes into it."""

    def ends(*edits: Edit) -> list[str | None]:
        world = World("highway-fast")
        at = world.reset(0)
        ahead = at.ego.x + 25.0
        ids = [each.id for each in at.cars if abs(each.x - ahead) < 40.0 and each.id != 1]
        world.edit(
            *map(Remove, ids), Move(1, ahead, at.ego.y, 0.0), SetSpeed(1, 0.0), Brake(1), *edits
        )
        return [world.step(IDLE).ended for _ in range(2)] + [world.scene]

    *ended, _ = ends()
    assert "collision" in ended
    *ended, after = ends(Hide(1))
    assert ended == [None, None]
    assert 1 not in [each.id for each in after.cars] and [each.id for each in after.ghosts] == [1]
    assert after.ego.x > after.ghosts[0].x and not after.ghosts[0].crashed


def test_a_ghost_hides_no_car_from_the_ego():
    world = World("highway-occluded")
    at = world.reset(1)
    front, behind = at.cars[:2]
    ego = at.ego
    at = world.edit(Move(front.id, ego.x + 20, ego.y, 0.0), Move(behind.id, ego.x + 40, ego.y, 0.0))
    assert behind.id not in [each.id for each in at.cars]
    at = world.edit(Hide(front.id))
    assert behind.id in [each.id for each in at.cars] and front.id in [
        each.id for each in at.ghosts
    ]


# ---------------------------------------------------------------------------------------------- twin


def test_an_edit_of_some_worlds_of_a_batch_leaves_the_others_as_they_are():
    world = at_the_merge()
    worlds = from_truth(world.road, world.truth()).tile(4)
    x, y = map(float, free_place(world.scene))
    debris = Obstruct(x + 20.0, y)
    edits = (Brake(1), Hide(1), Add(x, y, 10.0), Remove(object=1), debris, Surface(0.3))
    some = of_the_twin.edited(worlds, *edits, only=[1, 3])
    for number, edited in enumerate((False, True, False, True)):
        facts = facts_of_the_twin(some.select([number]))
        assert (facts == facts_of_the_twin(worlds)) is not edited
    alone = of_the_twin.edited(worlds.select([0]), *edits)
    some.step([CODES["IDLE"]] * 4), alone.step([CODES["IDLE"]]), worlds.step([CODES["IDLE"]] * 4)
    n = worlds.f.shape[2]
    assert np.array_equal(some.f[1], alone.f[0], equal_nan=True)
    assert np.array_equal(some.f[2, :, :n], worlds.f[2], equal_nan=True)
    with pytest.raises(ValueError, match="share their road"):
        of_the_twin.edited(worlds, Without("speed limit"), only=[0])
