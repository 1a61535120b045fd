"""What a language model may answer: a JSON schema, and the answer read back and checked. Its words are not trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from drive.language import make_claim, parse
from drive.types import Claim, Decision, Meta, Rationale, Scene, Tie
from policies.llm.wrapping import beginning, unwrapped

LONGEST = 120  # characters of the sentence that are asked for
LARGEST = 16 * LONGEST  # characters of a sentence that are still read
MOST_CARS, MOST_CLAIMS, LAST_CAR = 4, 2, 999
FARTHEST = 1e4  # in any unit
OF_A_LANE = ("gap ahead", "gap behind", "slower ahead")  # quantities that say which lane
QUANTITIES = (*OF_A_LANE, "its speed")
LANES = {"mine": None, "left": Meta("LANE_LEFT"), "right": Meta("LANE_RIGHT")}
SPEEDS = ("slow down", "keep speed", "speed up")
STEPS = {"left": -1, "stay": 0, "right": 1}
DECISIONS = {
    "LANE_LEFT": Decision(None, "lane change", "left"),
    "IDLE": Decision(None, None),
    "LANE_RIGHT": Decision(None, "lane change", "right"),
    "FASTER": Decision("speed tracking", None),
    "SLOWER": Decision("speed tracking", None),
}


@dataclass(frozen=True)
class Answer:
    """A model's answer, in shape; whether it is true is another question."""

    sentence: str
    cited: tuple[int, ...]
    claims: tuple[tuple[int, str, str, float], ...]  # car, lane, quantity, value
    speed: str
    lane: str
    decision: str


def schema(legal: tuple[str, ...]) -> dict:
    """The JSON Schema of an answer: the reasons first, the decision last."""
    car = {"type": "integer", "minimum": 1, "maximum": LAST_CAR}
    claim = _object(
        car=car,
        lane={"enum": list(LANES)},
        quantity={"enum": list(QUANTITIES)},
        value={"type": "number"},
    )
    return _object(
        sentence={"type": "string", "minLength": 1, "maxLength": LONGEST},
        cited_cars={"type": "array", "items": car, "maxItems": MOST_CARS},
        claims={"type": "array", "items": claim, "maxItems": MOST_CLAIMS},
        plan=_object(speed={"enum": list(SPEEDS)}, lane={"enum": list(STEPS)}),
        decision={"enum": list(legal)},
    )


def _object(**properties: dict) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


KEYS = ("sentence", "cited_cars", "claims", "plan", "decision")


def read(content: str, legal: tuple[str, ...]) -> Answer:
    """The answer in a model's text, unwrapped; other keys are passed over. ValueError says what is wrong with it."""
    data = unwrapped(content, KEYS)
    _keys(data, KEYS, "the answer")
    _keys(data["plan"], ("speed", "lane"), "plan")
    claims = _list(data["claims"], "claims", MOST_CLAIMS)
    return Answer(
        _sentence(data["sentence"]),
        tuple(
            dict.fromkeys(_car(car) for car in _list(data["cited_cars"], "cited_cars", MOST_CARS))
        ),
        tuple(map(_claim, claims)),
        _one_of(data["plan"]["speed"], SPEEDS, "plan.speed"),
        _one_of(data["plan"]["lane"], STEPS, "plan.lane"),
        _one_of(data["decision"], legal, "decision"),
    )


def _keys(data, names: tuple[str, ...], where: str) -> None:
    if not isinstance(data, dict) or not set(names) <= set(data):
        raise ValueError(f"{where} must be an object with {', '.join(names)}")


def _list(data, where: str, most: int) -> list:
    if not isinstance(data, list) or len(data) > most:
        raise ValueError(f"{where} must be a list of at most {most}")
    return data


def _one_of(data, choices, where: str) -> str:
    if not isinstance(data, str) or data not in choices:
        raise ValueError(
            f"{where} must be one of {', '.join(choices)}, not {beginning(str(data))!r}"
        )
    return data


def _car(data) -> int:
    number = isinstance(data, int | float) and not isinstance(data, bool)
    if not number or not 1 <= data <= LAST_CAR or data != int(data):
        raise ValueError(f"a car is a whole number from 1 to {LAST_CAR}")
    return int(data)


def _claim(data) -> tuple[int, str, str, float]:
    _keys(data, ("car", "lane", "quantity", "value"), "a claim")
    value = data["value"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= FARTHEST:
        raise ValueError(f"the value of a claim is a number of at most {FARTHEST:g}")
    lane, quantity = (
        _one_of(data["lane"], LANES, "lane"),
        _one_of(data["quantity"], QUANTITIES, "quantity"),
    )
    return _car(data["car"]), lane, quantity, float(value)


def _sentence(data) -> str:
    """One line of printable characters."""
    if not isinstance(data, str) or len(data) > LARGEST:
        raise ValueError(f"sentence must be text of at most {LONGEST} characters")
    said = data.encode("utf-8", "replace").decode()
    said = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    if not said:
        raise ValueError("sentence must not be empty")
    return said


# -------------------------------------------------------------------------------- what it amounts to


def rationale(scene: Scene, answer: Answer, tie: Tie) -> Rationale:
    """The answer as a rationale: its sentence word for word, and every claim that can be tested.

    Claims come from its fields, and from the sentence where our grammar understands it.
    """
    numbers = tuple(_number(*claim) for claim in answer.claims)
    cited = tuple(make_claim("cause", "decision", cars=(car,)) for car in answer.cited)
    fields = (*numbers, *cited, *_intentions(scene, answer))
    claims = tuple(dict.fromkeys((*fields, *_parsed(answer.sentence))))
    return Rationale(DECISIONS[answer.decision], claims, None, tie, answer.sentence)


def _number(car: int, lane: str, quantity: str, value: float) -> Claim:
    option = LANES[lane] if quantity in OF_A_LANE else None
    return _said("observation", quantity, value, cars=(car,), option=option)


def _intentions(scene: Scene, answer: Answer) -> tuple[Claim, ...]:
    lane = scene.ego.lane[2] + 1 + STEPS[answer.lane]
    return _said("intention", "speed change", answer.speed), _said("intention", "lane", float(lane))


def _said(kind: str, quantity: str, value: float | str, **about) -> Claim:
    """A claim without a measurement behind it."""
    claim = make_claim(kind, quantity, value, **about)
    return Claim(kind, quantity, claim.said, claim.unit, claim.cars, option=claim.option)


def _parsed(sentence: str) -> tuple[Claim, ...]:
    try:
        claims = parse(sentence)
    except ValueError:
        return ()  # not in our words: the verifier counts it as such
    return tuple(
        claim for claim in claims if not isinstance(claim.said, float) or math.isfinite(claim.said)
    )
