"""Hand-made decisions that bring up what few drives do: each kind of fact, purpose, margin and worth, by name."""

from __future__ import annotations

import math
from dataclasses import replace

from hand_made import FASTER, IDLE, LEFT, RIGHT, SLOWER, car, narrated, scene

from drive.kinematics.foresight import foresee
from drive.roads import Lane, Road, Straight
from drive.types import (
    Action,
    Car,
    Choice,
    Option,
    Rationale,
    Scene,
    StaticObject,
    Task,
    Term,
)

LANES = {LEFT: ("a", "b", 0), RIGHT: ("a", "b", 2)}


def term(kind: str, worth: float, value: float = 1.0, unit: str = "", **more) -> Term:
    return Term(kind, value, unit, "for" if worth > 0 else "against", worth=worth, **more)


def option(action: Action, *terms: Term) -> Option:
    weighed = Option(action, terms, target_lane=LANES.get(action, ("a", "b", 1)))
    return replace(weighed, score=weighed.sum)


def speed(value: float) -> Term:
    return term("progress", value, value, "m/s")


def chosen(at: Scene, *options: Option, even: float = 0.0) -> tuple[Scene, Choice]:
    """The first option is taken."""
    return at, foresee(at, Choice(options[0].action, options, unit="m/s", even=even))


def against_faster(at: Scene, *terms: Term) -> tuple[Scene, Choice]:
    """Carrying on, because of these terms of speeding up."""
    return chosen(at, option(IDLE, speed(24.0)), option(FASTER, speed(26.0), *terms))


def keeping(at: Scene) -> tuple[Scene, Choice]:
    """Carrying on, as slowing down would only be slower."""
    return chosen(at, option(IDLE, speed(25.0)), option(SLOWER, speed(20.0)))


# --------------------------------------------------------------------------------- roads and bodies


def crossing(side: int, number: int = 6) -> Car:
    """A car that comes from the left (1) or the right (-1) and meets the ego within a second."""
    return Car(
        number, 125.0, -4.0 + 16.0 * side, -side * math.pi / 2, 16.0, 5.0, 2.0, ("n", "s", 0)
    )


def crossroads(own: int, other: int) -> Road:
    """A road that another one crosses, with their ranks."""
    lanes = [Lane(("a", "b", k), Straight((0, -4.0 * k), (1000, -4.0 * k)), 4.0, 30.0, priority=own)
             for k in range(3)]  # fmt: skip
    across = Lane(
        ("n", "s", 0), Straight((125.0, 100.0), (125.0, -100.0)), 4.0, 30.0, priority=other
    )
    return Road((*lanes, across))


def two_way(*cars: Car, lane: int = 0) -> Scene:
    """A road whose left lane is driven the other way as well; the ego is in it."""
    lanes = [
        Lane(("a", "b", k), Straight((0, -4.0 * k), (1000, -4.0 * k)), 4.0, 30.0) for k in range(2)
    ]
    back = Lane(("b", "a", 0), Straight((1000.0, 0.0), (0.0, 0.0)), 4.0, 30.0)
    return replace(scene(*cars, lane=lane), road=Road((*lanes, back)))


def oncoming_car(x: float = 250.0) -> Car:
    return Car(5, x, 0.0, math.pi, 20.0, 5.0, 2.0, ("b", "a", 0))


def to_the_exit(x: float = 100.0, lane: int = 1, past: bool = False) -> Scene:
    """Three lanes, of which the right one leads to the exit at 1,000 m and the others on."""
    lanes = [
        Lane(("a", "b", k), Straight((0, -4.0 * k), (1000, -4.0 * k)), 4.0, 30.0) for k in range(3)
    ]
    onward = [
        Lane(("b", "c", k), Straight((1000, -4.0 * k), (2000, -4.0 * k)), 4.0, 30.0)
        for k in range(2)
    ]
    leaving = Lane(("b", "exit", 0), Straight((1000.0, -8.0), (1200.0, -8.0)), 4.0, 30.0)
    at = replace(scene(lane=lane), road=Road((*lanes, *onward, leaving)))
    here = ("b", "c", 0) if past else ("a", "b", lane)
    y = 0.0 if past else -4.0 * lane
    ego = replace(at.ego, x=x, y=y, lane=here, target_lane=here)
    return replace(at, ego=ego, task=Task("exit", (("b", "exit", 0),)))


def with_object(at: Scene) -> Scene:
    return replace(at, objects=(StaticObject(1, 160.0, -4.0, 0.0, 2.0, 2.0, ("a", "b", 1)),))


def too_fast() -> Scene:
    at = scene(speed=34.0)
    return replace(at, ego=replace(at.ego, target_speed=34.0))


def wreck() -> Car:
    return replace(car(1, 135.0, speed=0.0), crashed=True)


# -------------------------------------------------------------------------------------- by name


WISHES = {
    "headway": ("s", 0.4, 1.0), "gap kept ahead": ("m", 1.2, 3.0), "time to contact": ("s", 0.9, 3.0),
    "gap kept behind": ("m", -1.2, 3.0), "time to contact behind": ("s", 0.9, 3.0),
    "braking asked": ("m/s²", 5.2, 3.0), "clearance": ("m", 0.2, 0.5),
}  # fmt: skip
AHEAD = car(4, 140.0, speed=22.0)


def margin(kind: str) -> tuple[Scene, Choice]:
    """Carrying on, because speeding up would leave too little of one margin."""
    unit, value, wish = WISHES[kind]
    missing = term(kind, -9.0, value, unit, threshold=wish, cars=(4,), after=2.0, likely=(1, 2))
    return against_faster(scene(AHEAD), missing)


def contact(*likely: int, **about) -> tuple[Scene, Choice]:
    return against_faster(
        scene(AHEAD), term("contact", -9.0, 2.1, "s", after=2.1, likely=likely, **about)
    )


def preferred(margin: float) -> tuple[Scene, Choice]:
    """As a network values its options."""
    ours, theirs = (
        Option(a, (term("value", v, v),), v) for a, v in ((IDLE, 30.0), (FASTER, 30.0 - margin))
    )
    return chosen(scene(), ours, theirs)


def to_the_left(*terms: Term, at: Scene | None = None) -> tuple[Scene, Choice]:
    """Changing left, because of these terms of staying."""
    at = at or scene(car(4, 140.0, speed=18.0))
    return chosen(at, option(LEFT, speed(25.0)), option(IDLE, speed(24.0), *terms))


def to_the_right(*terms: Term, at: Scene | None = None) -> tuple[Scene, Choice]:
    return chosen(at or scene(), option(RIGHT, speed(25.0)), option(IDLE, speed(25.0), *terms))


def ours(kind: str, value: float, unit: str, threshold: float, at: Scene) -> tuple[Scene, Choice]:
    """Carrying on, short of a wish already."""
    short = term(kind, -1.0, value, unit, threshold=threshold, cars=(1,))
    return chosen(at, option(IDLE, speed(25.0), short), option(SLOWER, speed(20.0)))


def no_way_out() -> tuple[Scene, Choice]:
    def ends(action, seconds, worth):
        return option(action, term("contact", worth, seconds, "s", cars=(4,), likely=(2, 2)))

    return chosen(
        scene(AHEAD), ends(LEFT, 1.7, -5.0), ends(IDLE, 0.5, -9.0), ends(SLOWER, 0.9, -8.0)
    )


def yielding() -> tuple[Scene, Choice]:
    at = replace(scene(crossing(1)), road=crossroads(1, 3))
    meets = term("contact", -9.0, 1.0, "s", cars=(6,), after=1.0, likely=(2, 2))
    return chosen(at, option(SLOWER, speed(20.0)), option(IDLE, speed(25.0), meets))


def before_an_object() -> tuple[Scene, Choice]:
    hits = term("contact", -9.0, 2.0, "s", objects=(1,), after=2.0, likely=(2, 2))
    return chosen(
        with_object(scene()), option(SLOWER, speed(20.0)), option(IDLE, speed(25.0), hits)
    )


def gap_search() -> tuple[Scene, Choice]:
    late = term("lanes to goal", -9.0, 1.0)
    return chosen(to_the_exit(), option(SLOWER, speed(20.0)), option(IDLE, speed(25.0), late))


def crossed(side: int, own: int = 0, other: int = 0) -> tuple[Scene, Choice]:
    return keeping(replace(scene(crossing(side)), road=crossroads(own, other)))


def wrecked_across() -> tuple[Scene, Choice]:
    """A wreck on the road that crosses, without which the ego would be quicker."""
    other = replace(crossing(1), speed=0.0, crashed=True)
    at = replace(scene(other), road=crossroads(0, 3))
    hit = term("contact", -900.0, 1.5, "s", cars=(6,), likely=(7, 7))
    return chosen(at, option(SLOWER, speed(20.0)), option(IDLE, speed(25.0), hit))


BY_NAME = {
    ("fact", "hazard ahead"): lambda: keeping(scene(car(1, 115.0, speed=15.0))),
    ("fact", "hazard behind"): lambda: keeping(scene(car(1, 88.0, speed=35.0))),
    ("fact", "hazard on the left"): lambda: crossed(1),
    ("fact", "hazard on the right"): lambda: crossed(-1),
    ("fact", "touching"): lambda: keeping(scene(car(1, 103.0))),
    ("fact", "too close"): lambda: ours("headway", 0.3, "s", 1.0, scene(car(1, 112.0, speed=25.0))),
    ("fact", "too near"): lambda: ours("gap ahead", 7.0, "m", 20.0, scene(car(1, 112.0, speed=25.0))),
    ("fact", "braking needed"): lambda: keeping(scene(wreck())),
    ("fact", "wreck"): lambda: keeping(scene(wreck())),
    ("fact", "wreck near"): lambda: wrecked_across(),
    ("fact", "oncoming lane"): lambda: keeping(two_way()),
    ("fact", "into the oncoming lane"): lambda: chosen(
        two_way(lane=1), option(LEFT, speed(25.0)), option(IDLE, speed(24.0))
    ),
    ("fact", "nothing comes"): lambda: keeping(two_way()),
    ("fact", "comes towards me"): lambda: keeping(two_way(oncoming_car())),
    ("fact", "back in lane"): lambda: chosen(
        two_way(), replace(option(RIGHT, speed(25.0)), target_lane=("a", "b", 1)), option(IDLE, speed(24.0))
    ),
    ("fact", "exit out of reach"): lambda: keeping(to_the_exit(975.0, 0)),
    ("fact", "exit missed"): lambda: keeping(to_the_exit(1100.0, past=True)),
    ("fact", "has priority"): lambda: crossed(1, 1, 3),
    ("fact", "I have priority"): lambda: crossed(1, 3, 1),
    ("fact", "above the limit"): lambda: keeping(too_fast()),
    ("fact", "no way out"): no_way_out,
    ("purpose", "follow"): lambda: margin("headway"),
    ("purpose", "pass"): lambda: to_the_left(term("headway", -9.0, 0.3, "s", threshold=1.0, cars=(4,), after=2.0)),
    ("purpose", "let go first"): yielding,
    ("purpose", "stop before"): before_an_object,
    ("purpose", "find gap"): gap_search,
    ("purpose", "reach exit"): lambda: to_the_right(term("lanes to goal", -9.0, 1.0), at=to_the_exit()),
    ("purpose", "keep right"): lambda: to_the_right(term("lanes to the right", -2.0, 1.0)),
    **{("wish", kind): lambda kind=kind: margin(kind) for kind in WISHES},
    ("contact", "certain"): lambda: contact(2, 2, cars=(4,)),
    ("contact", "possible"): lambda: contact(1, 2, cars=(4,)),
    ("contact", "unnamed"): lambda: contact(1, 2),
    ("worth", "progress"): to_the_left,
    ("worth", "speed gain"): lambda: to_the_left(term("speed gain", -3.0, -3.0, "m/s")),
    ("worth", "incentive"): lambda: to_the_left(term("incentive", -3.0, -3.0, "m/s²")),
    ("worth", "lanes to goal"): lambda: to_the_right(term("lanes to goal", -9.0, 1.0), at=to_the_exit()),
    ("worth", "lanes to the right"): lambda: to_the_right(term("lanes to the right", -2.0, 1.0)),
    ("worth", "oncoming lane"): lambda: chosen(
        two_way(), replace(option(RIGHT, speed(25.0)), target_lane=("a", "b", 1)),
        option(IDLE, speed(25.0), term("oncoming lane", -3.0, 2.0, "s")),
    ),
    ("worth", "unrest"): lambda: to_the_left(term("unrest", -3.0)),
    ("worth", "reliance"): lambda: against_faster(scene(), term("reliance", -9.0)),
    ("worth", "information"): lambda: against_faster(scene(), term("information", -9.0)),
    ("preference", "hair"): lambda: preferred(0.1),
    ("preference", "clear"): lambda: preferred(5.0),
    ("tie", "as good"): lambda: chosen(
        scene(AHEAD), option(IDLE, speed(25.0)), option(SLOWER, speed(24.9)), even=0.5
    ),
}  # fmt: skip


def told(key: tuple[str, str]) -> tuple[Scene, Choice, Rationale]:
    """The situation of that name, and what is said of it."""
    at, choice = BY_NAME[key]()
    return at, choice, narrated(at, choice)
