"""Scenes with numbers that cannot be, or hardly: refused in one sentence, or decided and explained by every policy."""

import itertools
import math
from dataclasses import fields, replace

import pytest
from hand_made import LEFT, car, scene

from drive import policy
from drive.episodes.rollout import explain
from drive.kinematics.edits import edited
from drive.kinematics.foresight import foresee
from drive.reasoning.reasons import situation_of
from drive.types import (
    Add,
    Brake,
    ChangeLane,
    Hide,
    KeepLane,
    Move,
    Obstruct,
    Remove,
    Resize,
    Scene,
    Send,
    SetSpeed,
    StaticObject,
    Surface,
    Without,
)
from drive.world import World

NEVER = [math.nan, math.inf, -math.inf]
HARDLY = [-1.0, 0.0, 1e9, -1e9, 1e308, 1e-320]
NUMBERS = {
    "ego": ("x", "y", "heading", "speed", "length", "width", "target_speed"),
    "car": ("x", "y", "heading", "speed", "length", "width"),
    "object": ("x", "y", "heading", "length", "width"),
}
WHERE = [(of, name) for of, names in NUMBERS.items() for name in names]


def usual() -> Scene:
    """Three cars and an object around the ego."""
    thing = StaticObject(1, 180.0, -8.0, 0.0, 2.0, 2.0, ("a", "b", 2))
    cars = car(1, 130.0, speed=20.0), car(2, 95.0, lane=0, speed=28.0), car(3, 70.0, speed=26.0)
    return replace(scene(*cars), objects=(thing,))


def with_number(of: str, name: str, value: float) -> Scene:
    at = usual()
    if of == "ego":
        return replace(at, ego=replace(at.ego, **{name: value}))
    if of == "car":
        return replace(at, cars=(replace(at.cars[0], **{name: value}), *at.cars[1:]))
    return replace(at, objects=(replace(at.objects[0], **{name: value}),))


def explained(name: str, at: Scene) -> str:
    """What a policy says of its decision, or why there is none: one sentence either way."""
    driver = policy.load(name)
    try:
        choice = foresee(at, policy.checked(driver, at))
        text = explain(situation_of(at, choice), choice, driver.tie).text
        assert text.strip() and "nan" not in text and "inf" not in text
    except ValueError as refused:
        text = str(refused)
    assert text.strip() and "\n" not in text
    return text


@pytest.mark.parametrize("name", policy.names())
def test_a_number_that_cannot_be_is_refused_before_any_policy_is_asked(name):
    for (of, field), value in itertools.product(WHERE, NEVER):
        assert "that cannot be" in explained(name, with_number(of, field, value))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", policy.names())
def test_a_number_that_hardly_can_be_is_decided_and_explained_or_refused_in_a_sentence(name):
    said = {explained(name, with_number(*where, value)) for where in WHERE for value in HARDLY}
    assert len(said) > 1


@pytest.mark.parametrize("name", policy.names())
def test_a_car_that_is_there_twice_is_refused(name):
    at = usual()
    assert "car 1 twice" in explained(name, replace(at, cars=(*at.cars, at.cars[0])))
    assert "car 1 twice" in explained(name, replace(at, ghosts=(at.cars[0],)))


EDITS = [
    Hide(1), Remove(1), Add(150.0, 0.0, 20.0), Obstruct(150.0, 0.0), Move(1, 140.0, -4.0), SetSpeed(1, 10.0),
    Resize(1, None, 6.0, 2.0), Brake(1, 5.0), KeepLane(1), ChangeLane(1, "left"),
    Send(1, (("a", "b"),)), Surface(0.5), Without("task"),
]  # fmt: skip
JUNK = [None, math.nan, math.inf, -1, -7.5, 0, 1e308, 10**400, True, "", "left", [], {}, (), ("a",),
        (("a", "b", 99),), b"1", object(), LEFT]  # fmt: skip


def spoiled():
    """Each edit with each of its fields as something else."""
    for edit in EDITS:
        for field in fields(edit):
            for value in JUNK:
                yield replace(edit, **{field.name: value})


def refusal(action) -> str:
    try:
        action()
    except ValueError as error:
        assert str(error).strip() and "\n" not in str(error)
        return str(error)
    return ""


def test_an_edit_of_a_scene_is_made_or_refused_in_a_sentence():
    refused = sum(bool(refusal(lambda edit=edit: edited(usual(), edit))) for edit in spoiled())
    assert refused > 100


def test_an_edit_of_a_world_is_made_or_refused_in_a_sentence_and_then_nothing_is_changed():
    world = World("highway-fast", {"vehicles_count": 3})
    before = world.reset(3)
    start, refused = world.snapshot(), 0
    for edit in spoiled():
        if refusal(lambda edit=edit: world.edit(edit)):
            refused += 1
            assert world.scene == before and not world.edits
        else:
            world.restore(start)
    assert refused > 100
