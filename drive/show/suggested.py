"""Questions that are worth asking about a decision or a car, in words, for visitors that do not know what to ask."""

from __future__ import annotations

from drive.language import say_question
from drive.reasoning.deciding import feared
from drive.types import (
    Action,
    Brake,
    CutIn,
    Feared,
    HowNear,
    Meta,
    Nearer,
    Quicker,
    Remove,
    Resize,
    Step,
    WhatIf,
    Why,
    WhyNot,
)

STAND_IN = 987654  # stands for a car that the player fills in
CARS = 2  # cars that are asked about without a click


def about_a_step(step: Step, rival: Action | None, language: str = "en") -> list[str]:
    """Why, why not its rival, and what if the cars that it names were otherwise."""
    named = dict.fromkeys(car for claim in step.rationale.claims for car in claim.cars)
    seen = {car.id for car in step.scene.cars}
    cars = [car for car in named if car in seen][:CARS]
    questions = [Why(), *([WhyNot(rival)] if isinstance(rival, Meta) else [])]
    if isinstance(step.choice.action, Meta) and feared(step.choice.chosen):
        questions.append(Feared())
    questions += [WhatIf((Remove(car),)) for car in cars]
    for car in cars[:1]:
        questions += [WhatIf((Brake(car),)), HowNear(car)]
    return [say_question(question, language) for question in questions]


def about_a_car(language: str = "en") -> list[str]:
    """What can be asked about any car, with {car} for its number."""
    car = STAND_IN
    questions = (
        WhatIf((Remove(car),)), WhatIf((Brake(car),)), CutIn(car), WhatIf((Resize(car, "truck"),)),
        Nearer(car, 5.0), Nearer(car, -5.0), Quicker(car, 3.0), Quicker(car, -3.0), HowNear(car),
    )  # fmt: skip
    return [say_question(each, language).replace(str(car), "{car}") for each in questions]
