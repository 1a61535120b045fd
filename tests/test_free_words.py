"""Free words: numbers as values, and sides and speeds that the grammar does not know."""

import pytest
from hand_made import behind_a_slower_car

from drive.checking.text import check_rationale, unfounded_numbers
from drive.kinematics.foresight import foresee
from drive.language import make_claim
from drive.language.free import motions_said
from drive.types import Choice, Decision, Meta, Option, Rationale

GAP = make_claim("observation", "gap ahead", 17.9, cars=(1,))


def words(text):
    return Rationale(Decision(None, None), (GAP,), None, "shares evidence", text)


@pytest.mark.parametrize(
    "text",
    [
        "17.9 m",
        "17.9m",
        "17.90 m",
        "17.9  m",
        "18 m",
        "17.9",
        "前车距离17.9米，保持车道。",
        "17.9 米",
    ],
)
def test_a_claimed_number_is_founded_however_it_is_written(text):
    assert unfounded_numbers(f"Car 1 is {text}", words("")) == ()


@pytest.mark.parametrize("text", ["17.8 m", "17.95 m", "17.9 s", "19 m", "179 m", "17.9 m/s"])
def test_another_number_or_another_unit_is_not(text):
    assert unfounded_numbers(f"Car 1 is {text}", words("")) == (text,)


def test_another_car_is_not():
    assert unfounded_numbers("Car 2 is 17.9 m ahead", words("")) == ("car 2",)


SAID = {
    "Nudge left to pass the slower car in my lane.": {"left"},
    "I will change to the right lane": {"right"},
    "Ich wechsle nach links, um zu überholen.": {"left"},
    "我向右变道超车。": {"right"},
    "I brake for the car ahead.": {"slower"},
    "Ich bremse ab.": {"slower"},
    "加速超过前车": {"faster"},
    "Accelerate and merge left": {"left", "faster"},
    "I cannot change left.": set(),
    "If car 4 brakes I move right.": set(),
    "Move left, then move right again.": set(),
    "The left lane is free.": set(),
    "The car on the left is close.": set(),
    "不能向左变道": set(),
    "Ich bremse nicht.": set(),
}


@pytest.mark.parametrize("sentence", SAID)
def test_what_is_plainly_said_of_the_ego_s_motion_is_read(sentence):
    assert motions_said(sentence) == SAID[sentence]


def verdicts(text, action):
    """Verdicts on free words about a motion, of a car that takes an action."""
    at, *_ = behind_a_slower_car()
    choice = foresee(at, Choice(Meta(action), (Option(Meta(action)),)))
    said = Rationale(Decision(None, None), (), None, "shares evidence", text)
    results = check_rationale(at, said, choice.chosen.trajectory)
    return [v.result for v in results if v.claim.quantity in ("text: side", "text: pace")]


@pytest.mark.parametrize(
    "text, action, result",
    [
        ("Nudge left to pass.", "LANE_RIGHT", "false"),
        ("Nudge left to pass.", "LANE_LEFT", "true"),
        ("Nudge left to pass.", "IDLE", None),
        ("Ich weiche nach rechts aus.", "LANE_LEFT", "false"),
        ("向左变道超车", "LANE_RIGHT", "false"),
        ("I brake gently.", "FASTER", "false"),
        ("I brake gently.", "SLOWER", "true"),
        ("加速", "SLOWER", "false"),
        ("Ich beschleunige jetzt.", "FASTER", "true"),
        ("I brake gently.", "IDLE", None),
    ],
)
def test_words_are_held_against_where_the_car_goes(text, action, result):
    assert verdicts(text, action) == [result] * (result is not None)
