"""Left and right: whatever is said of a scene is as true of its mirror image, said the other way round.

A scene is reflected in the line y = 0, lanes are counted from the other side. Observations, rules and intentions
are held against both; the narrator is asked about both. No number is hand-made.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace

import digests
import numpy as np
import pytest

from drive.checking.scene import OF_A_BODY, OF_THE_SCENE, check, observe
from drive.checking.verdicts import driven
from drive.episodes.rollout import explain
from drive.language import QUANTITIES, make_claim, parse, say
from drive.language.quantities import CHANGES, PLACES
from drive.reasoning.reasons import situation_of
from drive.roads import Arc, Lane, Road, Sine, Straight
from drive.roads.geometry import wrap
from drive.types import Car, Control, History, Legal, Meta, Scene

ROADS = ("highway-fast", "two-way", "exit", "merge", "roundabout", "intersection", "u-turn",
         "racetrack", "lane-keeping")  # fmt: skip
POLICIES = ("rule", "random")
OTHER = {"left": "right", "right": "left"}
ACTIONS = {"LANE_LEFT": "LANE_RIGHT", "LANE_RIGHT": "LANE_LEFT"}
LINES = {"to the left": "to the right", "to the right": "to the left"} | {
    f"hazard on the {side}": f"hazard on the {other}"
    for side, other in (("left", "right"), ("right", "left"))
}
TURNED = ("lateral offset", "heading error")  # numbers that are positive to the left
ONE_SIDED = ("lanes to the right",)  # nothing is said of lanes to the left
CLOSE = 1e-6


# ------------------------------------------------------------------------------------ mirroring


def flipped(road: Road, lane_id):
    start, end, number = lane_id
    return (start, end, len(road.sections[start, end]) - 1 - number)


def mirrored_curve(curve):
    def point(at):
        return (at[0], -at[1])

    if isinstance(curve, Arc):
        phases = {"start_phase": -curve.start_phase, "end_phase": -curve.end_phase}
        return replace(curve, center=point(curve.center), turn=-curve.turn, **phases)
    ends = {"start": point(curve.start), "end": point(curve.end)}
    if isinstance(curve, Sine):
        return replace(curve, amplitude=-curve.amplitude, **ends)
    assert isinstance(curve, Straight)
    return replace(curve, **ends)


@functools.cache
def mirrored_road(road: Road) -> Road:
    def mirrored(lane: Lane) -> Lane:
        return replace(
            lane,
            id=flipped(road, lane.id),
            curve=mirrored_curve(lane.curve),
            left_line=lane.right_line,
            right_line=lane.left_line,
        )

    return Road(tuple(mirrored(lane) for lanes in road.sections.values() for lane in lanes[::-1]))


def mirrored_pose(road: Road, body):
    return replace(body, y=-body.y, heading=-body.heading, lane=flipped(road, body.lane))


def mirrored_track(track: np.ndarray) -> np.ndarray:
    """[T, 4 or 5]; with five columns the first is the time."""
    turned = track.copy()
    turned[:, -3:-1] *= -1  # y and heading, before the speed
    return turned


def mirrored_action(action):
    if isinstance(action, Meta):
        return Meta(ACTIONS.get(action.name, action.name))
    return (
        replace(action, steering=-action.steering + 0.0) if isinstance(action, Control) else action
    )


def mirrored_scene(scene: Scene) -> Scene:
    road = scene.road
    turn = functools.partial(mirrored_pose, road)
    ego, legal = turn(scene.ego), scene.legal
    ego = replace(
        ego,
        target_lane=flipped(road, ego.target_lane),
        lateral_speed=-ego.lateral_speed,
        yaw_rate=-ego.yaw_rate,
    )
    tracks = (scene.history.cars, scene.history.ghosts)
    past = ({car: mirrored_track(track) for car, track in each.items()} for each in tracks)
    steering = legal.steering and (-legal.steering[1], -legal.steering[0])
    names = tuple(ACTIONS.get(name, name) for name in legal.meta)
    return replace(
        scene,
        ego=ego,
        cars=tuple(map(turn, scene.cars)),
        ghosts=tuple(map(turn, scene.ghosts)),
        objects=tuple(map(turn, scene.objects)),
        task=replace(scene.task, goal=tuple(flipped(road, lane) for lane in scene.task.goal)),
        legal=Legal(names, legal.acceleration, steering),
        road=mirrored_road(road),
        history=History(mirrored_track(scene.history.ego), *past),
    )


def mirrored_path(path):
    return replace(path, y=-path.y, heading=-path.heading, curvature=-path.curvature)


def mirrored_claim(scene: Scene, claim):
    said, here = claim.said, scene.ego.target_lane
    lanes = len(scene.road.sections[here[:2]])
    if claim.quantity in TURNED:
        said = -said + 0.0
    elif claim.quantity == "lane":
        said = lanes + 1 - said
    quantity, option = LINES.get(claim.quantity, claim.quantity), mirrored_action(claim.option)
    return replace(claim, quantity=quantity, said=said, option=option)


def mirrored_step(step):
    cars = {car: mirrored_track(track) for car, track in step.tracks.cars.items()}
    tracks = replace(step.tracks, ego=mirrored_track(step.tracks.ego), cars=cars)
    return replace(
        step, scene=mirrored_scene(step.scene), choice=mirrored_choice(step), tracks=tracks
    )


def mirrored_term(term):
    value = -term.value if term.kind in TURNED else term.value
    return replace(term, kind=LINES.get(term.kind, term.kind), value=value)


def mirrored_choice(step):
    road, choice = step.scene.road, step.choice

    def mirrored(option):
        return replace(
            option,
            action=mirrored_action(option.action),
            terms=tuple(map(mirrored_term, option.terms)),
            target_lane=option.target_lane and flipped(road, option.target_lane),
            trajectory=mirrored_path(option.trajectory),
        )

    options = tuple(map(mirrored, choice.options))
    return replace(choice, action=mirrored_action(choice.action), options=options)


# ---------------------------------------------------------------------------------- what is driven


@functools.cache
def steps():
    """Every third step of short episodes on all kinds of roads."""
    episodes = (digests.episode(road, name) for road in ROADS for name in POLICIES)
    return tuple(step for episode in episodes if episode for step in episode.steps[::3])


def scenes():
    """What was perceived, and the same with a car beside the ego on each side and one that comes towards it there."""
    for step in steps():
        yield step.scene
        yield crowded(step.scene)


def crowded(scene: Scene) -> Scene:
    road, ego, cars = scene.road, scene.ego, []
    for side, number in (("left", 901), ("right", 911)):
        lane = road.side(ego.target_lane, side)
        if lane:
            s = float(lane.frenet(ego.x, ego.y)[0])
            for ahead, turn in ((1.0, 0.0), (25.0, np.pi), (-30.0, 0.0)):
                x, y = map(float, lane.point(s + ahead))
                heading = float(wrap(float(lane.heading(s + ahead)) + turn))
                cars.append(
                    Car(number + len(cars), x, y, heading, ego.speed + 3.0, 5.0, 2.0, lane.id)
                )
    return replace(scene, cars=(*scene.cars, *cars))


def true_claims(scene: Scene, quantity: str):
    """What is true of a quantity, of every body and place, by the checker's own measure."""
    kind = next(kind for kind, name in QUANTITIES if name == quantity)
    entry = QUANTITIES[kind, quantity]
    bodies = [{}]
    if entry.body:
        bodies = [{"cars": (car.id,)} for car in scene.cars]
        bodies += [{"objects": (thing.id,)} for thing in scene.objects]
    places = PLACES if entry.place and scene.legal.meta else PLACES[:1]
    for about, option in itertools.product(bodies, places):
        claim = make_claim(kind, quantity, 0.0 if entry.number else None, option=option, **about)
        measured = observe(scene, claim).measured
        if measured is not None or not entry.number:
            made = make_claim(kind, quantity, measured, option=option, **about)
            if observe(scene, made).result == "true":
                yield made


def same(one, two, turned: bool = False) -> bool:
    """Two verdicts, of which the measured numbers may have opposite signs."""
    if one.result != two.result or not isinstance(one.measured, float):
        return one.result == two.result
    return abs(one.measured - (-two.measured if turned else two.measured)) < CLOSE


@pytest.mark.parametrize(
    "quantity", [name for name in (*OF_A_BODY, *OF_THE_SCENE) if name not in ONE_SIDED]
)
def test_what_is_true_of_a_scene_is_true_of_its_mirror_image_said_the_other_way_round(quantity):
    seen = 0
    for scene in scenes():
        mirror = mirrored_scene(scene)
        for claim in true_claims(scene, quantity):
            seen += 1
            told = observe(mirror, mirrored_claim(scene, claim))
            assert same(observe(scene, claim), told, quantity in TURNED), (claim, told)
    assert seen > (3 if quantity in ("bend radius", "distance to exit", "lanes to goal") else 10), (
        seen
    )


SIDED = ("gap ahead", "gap behind", "time gap", "slower ahead", "beside", "to the left", "to the right",
         "lateral offset", "heading error", "oncoming")  # fmt: skip


@pytest.mark.parametrize("quantity", SIDED)
def test_what_is_true_of_a_side_is_false_of_it_in_the_mirror_image(quantity):
    false = 0
    for scene in scenes():
        mirror = mirrored_scene(scene)
        for claim in true_claims(scene, quantity):
            if mirrored_claim(scene, claim) == claim:
                continue  # it says no side
            told = observe(mirror, claim)
            both = observe(scene, mirrored_claim(scene, claim)).result == "true"
            assert told.result == ("true" if both else "false"), (claim, told)
            straddles = claim.option is not None  # a car over the marking may be in two lanes
            assert straddles or not both, claim
            false += told.result == "false"
    assert false > 5, false


def test_a_lane_on_the_right_is_one_on_the_left_in_the_mirror_image():
    told = 0
    for step in steps():
        here, scene = step.scene.ego.target_lane, step.scene
        right = make_claim(
            "rule", "lanes to the right", len(scene.road.sections[here[:2]]) - 1 - here[2]
        )
        assert observe(scene, right).result == "true"
        left = replace(right, said=float(here[2]))
        assert observe(mirrored_scene(scene), left).result == "true"
        if left != right:
            told += 1
            assert observe(mirrored_scene(scene), right).result == "false"
    assert told > 20


# ------------------------------------------------------------------------------------ intentions


def test_an_intention_is_as_true_in_the_mirror_image_and_another_lane_is_not():
    lanes = sides = 0
    for step in steps():
        scene, mirror = step.scene, mirrored_step(step)
        count = len(scene.road.sections[scene.ego.lane[:2]])
        claims = [make_claim("intention", "lane", float(n)) for n in range(1, count + 1)]
        claims += [make_claim("intention", "speed change", change) for change in CHANGES]
        claims.append(make_claim("intention", "target speed", scene.ego.target_speed + 0.5))
        for claim in claims:
            turned = (
                replace(claim, said=count + 1 - claim.said) if claim.quantity == "lane" else claim
            )
            foreseen = check(scene, claim, step.trajectory)
            mirrored = check(mirror.scene, turned, mirrored_path(step.trajectory))
            assert foreseen.result == mirrored.result, claim
            assert driven(step, claim).result == driven(mirror, turned).result, claim
            if claim.quantity == "lane" and turned != claim:
                lanes += 1
                if foreseen.result == "true":
                    sides += 1
                    assert (
                        check(mirror.scene, claim, mirrored_path(step.trajectory)).result == "false"
                    )
    assert lanes > 50 and sides > 20


# --------------------------------------------------------------------------------- the narrator


def test_the_narrator_says_of_the_mirror_image_the_same_the_other_way_round():
    sides = claims = 0
    for step in steps():
        if any(term.kind in ONE_SIDED for option in step.choice.options for term in option.terms):
            continue
        mirror = mirrored_step(step)
        one, two = (
            explain(situation_of(s.scene, s.choice), s.choice, "shares evidence")
            for s in (step, mirror)
        )
        turned = [mirrored_claim(step.scene, claim) for claim in one.claims]
        assert set(turned) == set(two.claims), step.scene.scenario
        side = one.decision.side
        assert two.decision == replace(one.decision, side=side and OTHER[side])
        claims, sides = claims + len(turned), sides + bool(side)
        assert all(claim in parse(say(claim)) for claim in two.claims)
    assert claims > 100 and sides > 5
