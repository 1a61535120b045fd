"""What is supposed of drivers: each supposition holds in its world and slot, and nothing else changes."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand_made import car, scene

from drive.policy import load
from drive.twin import AS_IT_IS, Suppositions, from_scene, supposed
from drive.twin.edits import edited
from drive.types import ChangeLane, KeepLane, Send
from drive.types.settings import changed, tunables

POLICIES = Path(__file__).parents[1] / "policies"


def worlds():
    """Three copies of one world: the ego in slot 0 in the middle lane, a car on the left, one on the right."""
    return from_scene(scene(car(1, 130.0, lane=0), car(2, 160.0, lane=2))).tile(3)


def array(value, dtype=float, **entries):
    """[3, 3] of `value`, but for entries by "world_slot"."""
    values = np.full((3, 3), value, dtype)
    for place, entry in entries.items():
        values[tuple(map(int, place.removeprefix("at").split("_")))] = entry
    return values


KEEPING = array(True, bool, at0_0=False, at1_0=False, at2_0=False, at2_1=False)  # all but car 1
ONE = {
    "target_lane": (array(AS_IT_IS, int, at1_2=0), "target_lane", 0),
    "target_speed": (array(np.nan, at1_2=31.0), "target_speed", 31.0),
    "changes_lanes": (
        array(True, bool, at1_2=False, at0_0=False, at1_0=False, at2_0=False),
        "changes_lanes",
        False,
    ),
    "pose": (np.stack([array(np.nan)] * 3 + [array(np.nan, at1_2=3.0)], -1), "speed", 3.0),
}


@pytest.mark.parametrize("name", ONE)
def test_a_supposition_holds_in_one_slot_of_one_world(name):
    before, (value, read, expected) = worlds(), ONE[name]
    after = supposed(before, Suppositions(**{name: value}))
    assert getattr(after, read)[1, 2] == expected != getattr(before, read)[1, 2]
    differing = getattr(after, read) != getattr(before, read)
    assert differing.sum() == 1
    assert getattr(worlds(), read).tolist() == getattr(before, read).tolist()


def test_supposing_nothing_changes_nothing():
    before, after = worlds(), supposed(worlds(), Suppositions())
    assert np.array_equal(before.f, after.f, equal_nan=True)
    assert np.array_equal(before.g, after.g) and np.array_equal(before.head, after.head)


def test_a_car_with_another_wish_and_one_with_another_lane_drive_so():
    before = worlds()
    told = supposed(
        before,
        Suppositions(
            target_speed=array(np.nan, at0_1=5.0),
            target_lane=array(AS_IT_IS, int, at2_1=1),
            changes_lanes=array(False, bool),
        ),
    )
    for each in (before, told):
        each.step(None, 45, 1 / 15)
    assert told.speed[0, 1] < before.speed[0, 1] - 3
    assert told.xy[2, 1, 1] < -3 < before.xy[2, 1, 1]  # [m]; the next lane is 4 m to the right


SAME = {
    "keep lane": (Suppositions(changes_lanes=KEEPING), KeepLane(1)),
    "change lane": (
        Suppositions(target_lane=array(AS_IT_IS, int, at2_1=1), changes_lanes=KEEPING),
        ChangeLane(1, "right"),
    ),
    "send": (
        Suppositions(route=array(AS_IT_IS, int, at2_1=0), routes=((("a", "b"),),)),
        Send(1, (("a", "b"),)),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_supposed_of_one_car_is_what_the_edit_of_this_car_does(name):
    suppositions, edit = SAME[name]
    one, other = supposed(worlds(), suppositions), edited(worlds(), edit, only=[2])
    assert np.array_equal(one.f, other.f, equal_nan=True) and np.array_equal(one.g, other.g)
    assert np.array_equal(one.routes, other.routes)
    assert not np.array_equal(one.g, worlds().g)


def test_a_pose_is_in_the_road_frame():
    pose = np.full((3, 3, 4), np.nan)
    pose[0, 1] = 50.0, -4.0, 0.1, 20.0
    moved = supposed(worlds(), Suppositions(pose=pose))
    assert moved.xy[0, 1].tolist() == [50.0, -4.0]
    assert (moved.heading[0, 1], moved.speed[0, 1]) == (0.1, 20.0)
    assert moved.xy[1, 1].tolist() == worlds().xy[1, 1].tolist()


def test_an_ego_is_imagined_wider_and_collides_so():
    beside = from_scene(scene(replace(car(1, 100.0, speed=25.0), y=-1.6)))  # 0.4 m apart
    wide = supposed(beside, Suppositions(ego_width=2.9))
    for each in (beside, wide):
        each.step([[1]], 1, 1 / 15)
    assert (beside.ego_crashed[0], wide.ego_crashed[0]) == (False, True)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (Suppositions(target_lane=array(9, int)), "road of 3 lanes"),
        (Suppositions(route=array(1, int), routes=((("a", "b"),),)), "beyond the 1"),
        (Suppositions(route=array(0, int), routes=((("0", "9"),),)), "no section"),
        (Suppositions(target_speed=array(np.inf)), "target speed"),
        (Suppositions(ego_width=0.0), "width"),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong, message):
    with pytest.raises(ValueError, match=message):
        supposed(worlds(), wrong)


def test_policies_neither_read_nor_write_the_rows_of_the_twin():
    """They use what `drive.twin` shows; which row of an array holds what is the twin's affair."""
    wrong = []
    for path in sorted(POLICIES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "drive.twin":
                wrong += [path.name for name in node.names if name.name == "kernel"]
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "drive.twin.kernel"
            ):
                wrong.append(path.name)
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
                wrong += [path.name] * (node.value.attr in ("f", "g", "head"))
    assert not wrong


@pytest.mark.parametrize("name", ["planner", "rule", "idm"])
def test_every_number_of_a_policy_has_a_meaning_and_says_how_it_was_chosen(name):
    numbers = list(tunables(load(name).settings))
    assert len(numbers) > 5 and len({each.name for each in numbers}) == len(numbers)
    assert all(each.meaning and each.chosen for each in numbers)


def test_one_number_of_the_settings_is_changed_and_no_other():
    before = load("planner").settings
    after = changed(before, "margins.ahead_time", 6.0)
    assert after == replace(before, margins=replace(before.margins, ahead_time=6.0)) != before
    with pytest.raises(ValueError, match="no setting 'none' in Margins"):
        changed(before, "margins.none", 1.0)
