"""What a move is said to be for, against what was then driven; on hand-made scenes."""

from dataclasses import replace

import pytest
from hand_made import IDLE, car, scene, step_of

from drive.checking.purposes import REACHED, kept
from drive.kinematics.foresight import foresee
from drive.types import Choice, Claim, Decision, Option, Rationale, Scene, Step

PASS = Claim("purpose", "pass", None, cars=(1,))
FOLLOW = Claim("purpose", "follow", None, cars=(1,))


def step(second: int, ahead: float, *purposes: Claim, speed: float = 25.0, lane: int = 1) -> Step:
    """At a second, with car 1 so many metres ahead."""
    seen = scene(car(1, 100.0 + ahead), step=second, speed=speed, lane=lane)
    choice = foresee(seen, Choice(IDLE, (Option(IDLE),)))
    return step_of(seen, choice, Rationale(Decision(None, None), purposes, None, "post hoc", ""))


def of(quantity: str, *later: Step, final: Scene | None = None) -> list[float]:
    first = step(0, 20.0, Claim("purpose", quantity, None, cars=(1,)))
    return list(kept(first, later, final))


def driven(ahead: float, seconds: int = 10, **more) -> list[Step]:
    return [step(second, ahead, **more) for second in range(1, seconds + 1)]


@pytest.mark.parametrize(
    "quantity, reached, not_reached",
    [
        ("pass", driven(-5.0), driven(5.0)),
        ("follow", driven(5.0), driven(-5.0)),
        ("let go first", driven(60.0), driven(10.0)),
        ("stop before", driven(5.0, speed=0.0), driven(5.0)),
        ("find gap", driven(20.0, lane=0), driven(20.0)),
        ("keep right", driven(20.0, lane=2), driven(20.0, lane=0)),
        ("reach exit", driven(20.0, lane=2), driven(20.0, lane=0)),
        ("bend", driven(20.0, speed=20.0), driven(20.0, speed=30.0)),
    ],
)
def test_a_purpose_is_kept_where_it_is_reached_within_ten_seconds(quantity, reached, not_reached):
    assert of(quantity, *reached) == [1.0]
    assert of(quantity, *not_reached) == [0.0]


def test_every_purpose_that_can_be_told_is_tried_above():
    assert set(REACHED) == {
        "pass", "follow", "let go first", "stop before", "find gap", "keep right", "reach exit", "bend",
    }  # fmt: skip


def test_a_purpose_that_is_withdrawn_in_words_is_kept():
    later = driven(5.0)
    silent, withdrawn = later[:], [*later[:3], step(4, 5.0, FOLLOW), *later[4:]]
    again = [*later[:3], step(4, 5.0, PASS), *later[4:]]
    assert (of("pass", *silent), of("pass", *withdrawn), of("pass", *again)) == (
        [0.0],
        [1.0],
        [0.0],
    )


def test_where_the_log_ends_before_nothing_is_known():
    assert of("pass", *driven(5.0, seconds=4)) == []
    at_last = replace(driven(-5.0, seconds=1)[0].scene, time=5.0)
    assert of("pass", *driven(5.0, seconds=4), final=at_last) == [1.0]


def test_what_comes_later_than_ten_seconds_does_not_count():
    assert of("pass", *driven(5.0), step(11, -5.0)) == [0.0]
