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
    outcome: bool = False  # is said of an option that is named before it: "speeding up brings ..."
    fact: bool = False  # must be heard whenever it is so, whatever decided
    signed: bool = False  # has words for a negative value, said without its sign
    threshold: bool = False  # may be held against a threshold
    held: bool = False  # always is
    judged: bool = False  # what a policy that thinks in words calls an option
    horizon: bool = False  # says how far ahead it looks
    short: bool = False  # said without a zero after the decimal mark
    words: tuple[str, ...] = ()  # the values it may have, where it is no number
    number: bool = True  # has a number at all


def _body(unit: str, **more) -> Quantity:
    return Quantity(unit, body=True, place=True, **more)


def _between(unit: str, decimals: int = 1, **more) -> Quantity:
    """What is seen between two bounds: said is the one nearer to 0, the threshold the other one's size."""
    return Quantity(unit, decimals, place=True, threshold=True, held=True, **more)


def _wish(unit: str, **more) -> Quantity:
    """A margin that an option would leave, held against the one that is kept."""
    return Quantity(
        unit, body=True, option=True, outcome=True, threshold=True, horizon=True, **more
    )


def _worth(unit: str = "", **more) -> Quantity:
    """What an option would bring (> 0) or cost, against the choice."""
    return Quantity(unit, option=True, outcome=True, signed=True, **more)


def _plain_worth() -> Quantity:
    return Quantity(option=True, outcome=True, number=False)


RELATIONS = ("ahead", "ahead on the left", "ahead on the right",
             "behind", "behind on the left", "behind on the right")  # fmt: skip
GRADES = ("best", "as good", "good", "fair", "poor", "bad", "danger")


CHANGES = (
    "slow down", "speed up", "keep speed", "stop", "wait", "drive backwards", "coast down", "pick up",
)  # fmt: skip
# changes towards a speed that was set before, by what they amount to
SET_BEFORE = {"coast down": "slow down", "pick up": "speed up"}
MOVES = ("slow down", "speed up", "stop", "drive backwards", *SET_BEFORE)  # that change the speed
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
    ("cause", "traffic"): Quantity(option=True, number=False),
    ("cause", "more"): Quantity("", 0),
    **{
        ("cause", f"without {relation}"): Quantity(option=True, number=False)
        for relation in RELATIONS
    },
    ("sight", "gap ahead"): _between("m", 0),
    ("sight", "gap behind"): _between("m", 0),
    ("sight", "closing ahead"): _between("m/s", signed=True),
    ("sight", "closing behind"): _between("m/s", signed=True),
    ("sight", "nobody ahead"): Quantity("m", 0, place=True),
    ("sight", "nobody behind"): Quantity("m", 0, place=True),
    **{
        ("grade", grade): Quantity(option=True, outcome=True, number=False, judged=True)
        for grade in GRADES
    },
    ("rejection", "predicted contact"): Quantity("s", option=True, body=True),
    ("rejection", "speed"): Quantity("m/s", option=True, horizon=True, threshold=True, short=True),
    ("contact", "certain"): Quantity("s", body=True, option=True, outcome=True),
    ("contact", "possible"): Quantity("s", body=True, option=True, outcome=True),
    ("contact", "unnamed"): Quantity("s", option=True, outcome=True),
    ("wish", "headway"): _wish("s", signed=True),
    ("wish", "gap kept ahead"): _wish("m", signed=True),
    ("wish", "time to contact"): _wish("s"),
    ("wish", "gap kept behind"): _wish("m", signed=True),
    ("wish", "time to contact behind"): _wish("s"),
    ("wish", "braking asked"): _wish("m/s²"),
    ("wish", "clearance"): _wish("m", signed=True),
    ("worth", "progress"): _worth("m/s"),
    ("worth", "speed gain"): _worth("m/s"),
    ("worth", "incentive"): _worth("m/s²"),
    ("worth", "lanes to goal"): _worth(decimals=0),
    ("worth", "lanes to the right"): _worth(decimals=0),
    ("worth", "oncoming lane"): _worth("s"),
    ("worth", "unrest"): _plain_worth(),
    ("worth", "reliance"): _plain_worth(),
    ("worth", "information"): _plain_worth(),
    ("preference", "hair"): Quantity("", 2, option=True, threshold=True, held=True),
    ("preference", "clear"): Quantity("", 2, option=True, threshold=True, held=True),
    ("tie", "as good"): Quantity(option=True, number=False),
    ("purpose", "follow"): Quantity(body=True, number=False),
    ("purpose", "pass"): Quantity(body=True, number=False),
    ("purpose", "let go first"): Quantity(body=True, number=False),
    ("purpose", "find gap"): Quantity(body=True, number=False),
    ("purpose", "stop before"): Quantity(body=True, number=False),
    ("purpose", "bend"): Quantity(number=False),
    ("purpose", "reach exit"): Quantity(number=False),
    ("purpose", "keep right"): Quantity(number=False),
    ("fact", "hazard ahead"): Quantity("s", body=True, fact=True),
    ("fact", "hazard on the left"): Quantity("s", body=True, fact=True),
    ("fact", "hazard on the right"): Quantity("s", body=True, fact=True),
    ("fact", "hazard behind"): Quantity("s", body=True, fact=True),
    ("fact", "touching"): Quantity(body=True, number=False, fact=True),
    ("fact", "too close"): Quantity("s", body=True, threshold=True, held=True, fact=True),
    ("fact", "too near"): Quantity("m", body=True, threshold=True, held=True, fact=True),
    ("fact", "braking needed"): Quantity("m/s²", body=True, fact=True),
    ("fact", "wreck"): Quantity("m", body=True, fact=True),
    ("fact", "wreck near"): Quantity("m", body=True, fact=True),
    ("fact", "oncoming lane"): Quantity(number=False, fact=True),
    ("fact", "into the oncoming lane"): Quantity(number=False, fact=True),
    ("fact", "nothing comes"): Quantity("m", 0, fact=True),
    ("fact", "comes towards me"): Quantity("m", 0, body=True, fact=True),
    ("fact", "back in lane"): Quantity("s", fact=True),
    ("fact", "exit out of reach"): Quantity("", 0, fact=True),
    ("fact", "exit missed"): Quantity(number=False, fact=True),
    ("fact", "has priority"): Quantity(body=True, number=False, fact=True),
    ("fact", "I have priority"): Quantity(body=True, number=False, fact=True),
    ("fact", "above the limit"): Quantity("m/s", fact=True, short=True),
    ("fact", "no way out"): Quantity("s", threshold=True, held=True, fact=True),
}
OF_A_PLACE = frozenset(key for key, each in QUANTITIES.items() if each.place)
# what a purpose makes of the speed, whatever the change is: a key of LONGITUDINAL
HOLDING_BACK = {
    "follow": "lead following",
    "let go first": "yielding",
    "stop before": "stopping for a static constraint",
    "bend": "speed adaptation",
    "find gap": "gap searching",
}


def longitudinal_of(change: str, purpose: str | None) -> str | None:
    """The longitudinal decision that a speed change with a purpose amounts to; None where nothing changes."""
    if purpose in HOLDING_BACK:
        return HOLDING_BACK[purpose]
    if purpose == "pass" and change == "speed up":
        return "accelerating to overtake"
    return "speed tracking" if change in MOVES else None


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
    entry, threshold = quantity_of(kind, quantity), fields.get("threshold")
    said = round_said(kind, quantity, value) if entry.number and not entry.words else value
    if threshold is not None:
        said, fields["threshold"] = _held_against(said, float(value), threshold, entry.decimals)
    if (horizon := fields.get("horizon")) is not None:
        fields["horizon"] = round(float(horizon), 1)
    return Claim(kind, quantity, said, entry.unit, measured=value, **fields)


def decimals_of(claim: Claim) -> int:
    """Decimals of the claim's number as it is said: one more where it would look like its threshold."""
    decimals = quantity_of(claim.kind, claim.quantity).decimals
    if claim.threshold is None or not isinstance(claim.said, float):
        return decimals
    return decimals + _look_alike(claim.said, claim.threshold, decimals)


def _held_against(
    said: float, value: float, threshold: float, decimals: int
) -> tuple[float, float]:
    """A value and its threshold as they are said: with one decimal more where they would look alike."""
    finer = tuple(round(each, decimals + 1) + 0.0 for each in (value, threshold))
    return finer if _look_alike(*finer, decimals) else (said, round(threshold, decimals) + 0.0)


def _look_alike(value: float, threshold: float, decimals: int) -> bool:
    """Are two values the same with so many decimals, and not with one more?"""
    same, more = (round(value, n) == round(threshold, n) for n in (decimals, decimals + 1))
    return same and not more


def said_action(action: Action) -> Action:
    """The action as it is said: a control rounded to 0.1 m/s2 and 0.1 degrees, a followed path by FOLLOW."""
    if isinstance(action, Meta):
        return action
    if isinstance(action, Follow):
        return FOLLOW
    return said_control(action.acceleration, math.degrees(action.steering))


def said_control(acceleration: float, degrees: float) -> Control:
    return Control(round(acceleration, 1) + 0.0, math.radians(round(degrees, 1) + 0.0))
