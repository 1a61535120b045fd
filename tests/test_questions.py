"""Questions in plain words: what is said is understood, what is none of them is refused."""

import random

import pytest

from drive.language import LANGUAGES, parse_question, say_question
from drive.types import (
    Blocked,
    Brake,
    CutIn,
    Feared,
    Hide,
    HowNear,
    Meta,
    Move,
    Nearer,
    Obstruct,
    Quicker,
    Remove,
    Resize,
    SetSpeed,
    Surface,
    WhatIf,
    Why,
    WhyNot,
    Without,
)

METAS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")


def some_question(dice):
    car, number = dice.randrange(1, 200), dice.randrange(1, 400) / 10
    return dice.choice(
        (
            Why(), Feared(), Blocked(number), WhyNot(Meta(dice.choice(METAS))), CutIn(car), HowNear(car), Nearer(car, number),
            Nearer(car, -number), Quicker(car, number), Quicker(car, -number), WhatIf((Remove(car),)),
            WhatIf((Remove(object=car),)), WhatIf((Hide(car),)), WhatIf((Brake(car),)), WhatIf((Brake(car, 3.0),)),
            WhatIf((Resize(car, "truck"),)), WhatIf((Resize(car, "truck", 9.0),)), WhatIf((Surface(number / 40),)),
            WhatIf((Without(dice.choice(("task", "speed limit", "poor sight"))),)),
            WhatIf((Obstruct(number * 10, -number),)), WhatIf((Obstruct(-0.5, number, 0.1),)),
            WhatIf((Move(car, number, -number), SetSpeed(car, 3.5))),
        )
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_of_a_question_is_understood_as_that_question(language):
    dice = random.Random(4)
    for _ in range(400):
        question = some_question(dice)
        assert parse_question(say_question(question, language), language) == question


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("en", "Why don't you accelerate?", WhyNot(Meta("FASTER"))),
        ("en", "  WHAT IF car 4 was 5m closer ", Nearer(4, 5.0)),
        ("en", "what if there was debris 40 m ahead?", Blocked(40.0)),
        ("en", "what if an obstacle stood 12.5m ahead of you", Blocked(12.5)),
        ("de", "Was wäre, wenn ein Hindernis 30 m vor dir läge?", Blocked(30.0)),
        ("zh", "如果前方30米有障碍物？", Blocked(30.0)),
        ("en", "what do you fear", Feared()),
        ("de", "was befürchtest du?", Feared()),
        ("zh", "担心什么", Feared()),
        ("en", "what if there was debris at x 554.2 m, y -4 m", WhatIf((Obstruct(554.2, -4.0),))),
        (
            "de",
            "was wäre, wenn bei x 554,2 m und y -4 m ein Hindernis läge?",
            WhatIf((Obstruct(554.2, -4.0),)),
        ),
        ("en", "without car 12", WhatIf((Remove(12),))),
        ("en", "what would you do if car 3 cuts in?", CutIn(3)),
        ("en", "if the road was icy", WhatIf((Surface(0.15),))),
        ("en", "remove 4; brake 7 6", WhatIf((Remove(4), Brake(7, 6.0)))),
        ("de", "wieso nicht bremsen?", WhyNot(Meta("SLOWER"))),
        ("de", "was wäre, wenn Wagen 4 2,5 m näher wäre?", Nearer(4, 2.5)),
        ("de", "ohne Wagen 4", WhatIf((Remove(4),))),
        ("zh", "为什么不刹车？", WhyNot(Meta("SLOWER"))),
        ("zh", "如果没有4号车", WhatIf((Remove(4),))),
        ("zh", "假如 3 号车 切入 ？", CutIn(3)),
    ],
)
def test_people_ask_in_many_ways(language, text, question):
    assert parse_question(text, language) == question


@pytest.mark.parametrize(
    "text",
    ["", "?", "hello", "why is the sky blue", "what if", "car 4", "what if car were not there", "x" * 10_000,
     "what if car 12345678 braked", "<script>alert(1)</script>", "what if car 4 were not there and car 5 sang",
     "__import__('os')", "why not fly", "what if car 4 were 99999 m nearer", "为什么", "\x00why"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_no_question_is_refused_with_what_can_be_asked(language, text):
    with pytest.raises(ValueError, match="why" if language == "en" else "warum") as refused:
        parse_question(text, language)
    assert not text or "<" not in str(refused.value), "what was typed is not said back"


def test_an_edit_that_is_written_wrongly_is_told_how():
    with pytest.raises(ValueError, match=r"write brake CAR"):
        parse_question("brake 4 hard")


def test_every_language_has_the_same_forms_and_answers():
    from drive.language.questions import ASKING

    first = ASKING["en"]
    assert ASKING.keys() == LANGUAGES.keys()
    for asking in ASKING.values():
        assert asking.forms.keys() == first.forms.keys()
        assert asking.answers.keys() == first.answers.keys()
        for name, sentence in first.answers.items():
            slots = {word.split("}")[0] for word in sentence.split("{")[1:]}
            assert slots == {w.split("}")[0] for w in asking.answers[name].split("{")[1:]}, name
