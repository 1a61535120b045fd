"""What can be claimed, whatever the language: unit, decimals, and what a claim speaks about.

Knows no words. A claim's number is rounded here, once, when the claim is born.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drive.types import Action, Claim, Control, Follow, Meta

FOLLOW = Meta("FOLLOW")  # the name by which any followed path is said
FOLLOW_OTHER = Meta(
    "FOLLOW_OTHER"
)  # ... where one is followed already, and another would be instead
PLACES = (None, Meta("LANE_LEFT"), Meta("LANE_RIGHT"))  # my lane, the one on the left, on the right


@dataclass(frozen=True)
class Quantity:
    """Which fields a claim of this kind fills, and how its number is rounded."""

    unit: str = ""
    decimals: int = 1
    body: bool = False  # is about one car or one static object
    several: bool = False  # may be about several cars, taken together
    absence: bool = False  # says without what another action would be taken
    place: bool = False  # its option says which lane it is about: one of PLACES
    option: bool = False  # foresees what an option does, perhaps with a continuation
    signed: bool = False  # has words for a negative value, said without its sign
    threshold: bool = False  # may be held against a threshold
    horizon: bool = False  # says how far ahead it looks
    short: bool = False  # said without a zero after the decimal mark
    words: tuple[str, ...] = ()  # the values it may have, where it is no number
    number: bool = True  # has a number at all


def _body(unit: str, **more) -> Quantity:
    return Quantity(unit, body=True, place=True, **more)


FORESEEN = {  # of the chosen option a consequence, of another a rejection
    "speed gain": Quantity("m/s", option=True, signed=True, threshold=True),
    "incentive": Quantity("m/s²", decimals=2, option=True, signed=True, threshold=True),
    "value": Quantity("", decimals=2, option=True, signed=True),
}
CHANGES = ("slow down", "speed up", "keep speed", "stop", "wait", "drive backwards")
MOVES = ("slow down", "speed up", "stop", "drive backwards")  # that change the speed
BACKWARDS = "drive backwards"  # whose target speed is said without its sign

QUANTITIES: dict[tuple[str, str], Quantity] = {
    ("observation", "gap ahead"): _body("m", threshold=True),
    ("observation", "time gap"): _body("s", threshold=True),
    ("observation", "slower ahead"): _body("m/s", signed=True),
    ("observation", "time to collision"): _body("s", threshold=True),
    ("observation", "gap behind"): _body("m", threshold=True),
    ("observation", "closing from behind"): _body("m/s", signed=True),
    ("observation", "imposed braking"): _body("m/s²", threshold=True),
    ("observation", "beside"): _body("m"),
    ("observation", "oncoming"): _body("m"),
    ("observation", "to the left"): Quantity("m", body=True),
    ("observation", "to the right"): Quantity("m", body=True),
    ("observation", "its speed"): Quantity("m/s", body=True),
    ("observation", "lane ends"): Quantity("m", 0, place=True),
    ("observation", "free ahead"): Quantity("m", 0, place=True),
    ("observation", "no lane"): Quantity(place=True, number=False),
    ("observation", "bend radius"): Quantity("m", 0),
    ("observation", "lateral offset"): Quantity("m", 2, signed=True),
    ("observation", "heading error"): Quantity("deg", signed=True),
    ("observation", "duration"): Quantity("s"),
    ("rule", "distance to exit"): Quantity("m", 0),
    ("rule", "lanes to goal"): Quantity("", 0),
    ("rule", "lanes to the right"): Quantity("", 0),
    ("rule", "acceleration asked"): Quantity("m/s²", signed=True),
    ("rule", "always"): Quantity(number=False),
    ("rule", "drawn"): Quantity(number=False),
    ("intention", "speed change"): Quantity(words=CHANGES),
    ("intention", "target speed"): Quantity("m/s", short=True),
    ("intention", "lane"): Quantity("", 0),
    ("cause", "decision"): Quantity(body=True, number=False),
    ("cause", "without"): Quantity(
        body=True, several=True, absence=True, option=True, number=False
    ),
    ("cause", "task"): Quantity(absence=True, option=True, number=False),
    ("cause", "speed limit"): Quantity(absence=True, option=True, number=False),
    ("cause", "poor sight"): Quantity(option=True, number=False),
    ("cause", "several"): Quantity(number=False),
    ("cause", "nothing"): Quantity(number=False),
    **{("consequence", name): quantity for name, quantity in FORESEEN.items()},
    **{("rejection", name): quantity for name, quantity in FORESEEN.items()},
    ("rejection", "predicted contact"): Quantity("s", option=True, body=True),
    ("rejection", "speed"): Quantity("m/s", option=True, horizon=True, threshold=True, short=True),
}


def quantity_of(kind: str, quantity: str) -> Quantity:
    try:
        return QUANTITIES[kind, quantity]
    except KeyError:
        raise ValueError(
            f"nothing is known about a claim of kind {kind!r} on {quantity!r}"
        ) from None


def round_said(kind: str, quantity: str, value: float) -> float:
    """The value as it is said: rounded once, by the table's decimals; never -0."""
    return round(float(value), quantity_of(kind, quantity).decimals) + 0.0


def make_claim(kind: str, quantity: str, value: float | str | None = None, **fields) -> Claim:
    """A claim with its unit filled in and its numbers rounded; `value` is kept as measured."""
    entry = quantity_of(kind, quantity)
    said = round_said(kind, quantity, value) if entry.number and not entry.words else value
    if (threshold := fields.get("threshold")) is not None:
        fields["threshold"] = round_said(kind, quantity, threshold)
    if (horizon := fields.get("horizon")) is not None:
        fields["horizon"] = round(float(horizon), 1)
    return Claim(kind, quantity, said, entry.unit, measured=value, **fields)


def said_action(action: Action) -> Action:
    """The action as it is said: a control rounded to 0.1 m/s2 and 0.1 degrees, a followed path by FOLLOW."""
    if isinstance(action, Meta):
        return action
    if isinstance(action, Follow):
        return FOLLOW
    return said_control(action.acceleration, math.degrees(action.steering))


def said_control(acceleration: float, degrees: float) -> Control:
    return Control(round(acceleration, 1) + 0.0, math.radians(round(degrees, 1) + 0.0))
