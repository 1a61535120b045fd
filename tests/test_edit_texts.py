"""Edits as texts: every edit is said and read back; what is no edit is refused in one sentence."""

import pytest

from drive.language.edits import grammar, parse_edit, say_edit
from drive.types import (
    Add,
    Brake,
    ChangeLane,
    Edit,
    Hide,
    KeepLane,
    Move,
    Obstruct,
    Remove,
    Resize,
    Send,
    SetSpeed,
    Surface,
    Without,
)

TEXTS = {
    "hide 4": Hide(4),
    "remove 4": Remove(4),
    "remove object 2": Remove(object=2),
    "add truck 120 -4 15": Add(120.0, -4.0, 15.0, kind="truck"),
    "add car 120.5 0 15 heading -0.1 target 20": Add(120.5, 0.0, 15.0, -0.1, "car", 20.0),
    "obstruct 120 -4": Obstruct(120.0, -4.0),
    "obstruct 120.5 -4 heading 0.1": Obstruct(120.5, -4.0, 0.1),
    "move 3 150 -4": Move(3, 150.0, -4.0),
    "move ego 150 -4 heading 3.1": Move(0, 150.0, -4.0, 3.1),
    "speed 3 10": SetSpeed(3, 10.0),
    "speed 3 1e-07": SetSpeed(3, 1e-7),
    "resize 3 truck": Resize(3, "truck"),
    "resize 3 length 9.25 width 2": Resize(3, None, 9.25, 2.0),
    "resize 3 motorcycle width 1": Resize(3, "motorcycle", None, 1.0),
    "brake 7": Brake(7),
    "brake 7 4.5": Brake(7, 4.5),
    "keep lane 5": KeepLane(5),
    "lane 5 left": ChangeLane(5, "left"),
    "lane 5 0>1:2": ChangeLane(5, ("0", "1", 2)),
    "send 3 0>1 1>2": Send(3, (("0", "1"), ("1", "2"))),
    "surface 0.3": Surface(0.3),
    "without speed limit": Without("speed limit"),
    "without task": Without("task"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_an_edit_is_read_and_said_back(text):
    assert parse_edit(text) == TEXTS[text]
    assert say_edit(TEXTS[text]) == text


def test_spaces_and_what_is_usual_may_be_written_too():
    assert parse_edit("  brake  7 6.0 ") == Brake(7)
    assert say_edit(Brake(7, 6.0)) == "brake 7"


@pytest.mark.parametrize(
    "text, said",
    [
        ("levitate 4", "no edit 'levitate 4'; it begins with hide, remove, add"),
        ("", "no edit ''; it begins with"),
        ("move 3", r"'move 3' is no edit; write move CAR X Y\[ heading HEADING\]"),
        ("speed 3 nan", "'speed 3 nan' is no edit; write speed CAR SPEED"),
        ("speed 3 10 20", "write speed CAR SPEED"),
        ("remove four", "write remove CAR or remove object OBJECT"),
        ("resize 3 tank", "is no edit; write resize CAR"),
        ("lane 5 up", "write lane CAR left | right | FROM>TO:NUMBER"),
        ("without brakes", "write without task | speed limit | poor sight"),
    ],
)
def test_what_is_no_edit_is_refused_in_one_sentence(text, said):
    with pytest.raises(ValueError, match=said.replace("|", r"\|")):
        parse_edit(text)


def test_every_kind_of_edit_has_a_form():
    assert {type(edit) for edit in TEXTS.values()} == set(Edit.__args__)
    assert len(grammar()) >= len(Edit.__args__)
