"""Questions about one decision of a log, answered by the policy itself: why, why not, what if.

A reason is what the log says decided. A supposition is driven: the world stands at the decision again, is edited, and the
policy decides there; so is its placebo, the same edit of the car that is most like the one asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from drive import policy as policies
from drive.episodes import log
from drive.episodes.branch import Stage, branched, branching
from drive.episodes.rollout import explain
from drive.kinematics.foresight import foresee
from drive.language import (
    answering,
    say_action,
    say_question,
    say_rival,
    say_sentences,
    say_term,
    words_of,
)
from drive.reasoning.accounts import account_against
from drive.reasoning.causes import EFFECT, placebo_for
from drive.reasoning.deciding import Contest, contest, feared, weighs
from drive.reasoning.reasons import rivals_of, situation_of
from drive.types import (
    DEBRIS,
    Action,
    Blocked,
    Car,
    ChangeLane,
    Choice,
    CutIn,
    Edit,
    Episode,
    Feared,
    Header,
    HowNear,
    Imagined,
    Move,
    Nearer,
    Obstruct,
    Option,
    Policy,
    Question,
    Quicker,
    Scene,
    SetSpeed,
    Step,
    WhatIf,
    Why,
    WhyNot,
)

STEPS = (
    2.0,
    5.0,
    10.0,
    20.0,
    40.0,
)  # [m] by which a car is moved, to find where the decision changes
CLOSE = 0.5  # [m] the grid on which that place is looked for, so that what is said was tried


@dataclass(frozen=True)
class Answer:
    """What can be said to a question, and all that it rests on."""

    question: Question
    asked: str  # the question, said back
    text: str  # the answer, in whole sentences
    step: Step  # the decision that was asked about
    contest: Contest | None = None  # of why and why not: the choice against that option
    edits: tuple[Edit, ...] = ()  # of a supposition
    branch: Episode | None = None  # what was driven then
    changed: bool | None = None  # is something else decided then?
    placebo: Placebo | None = None
    imagined: Imagined | None = None  # of why not and of what was feared: the worst hypothesis


@dataclass(frozen=True)
class Placebo:
    """The same edit of another car."""

    car: int
    action: (
        Action | None
    )  # what is decided then; None where that cannot be tried, or the policy gives no answer
    changed: bool


class Asker:
    """An episode that can be asked about, driven again once for all questions.

    Not to be shared by threads that ask at the same time. ValueError where it cannot be driven again, or its policy
    is not here any more.
    """

    def __init__(self, episode: Episode):
        self.episode, self.stage = episode, Stage(episode)

    def ask(
        self, step: int, question: Question, language: str | None = None, decisions: int = 1
    ) -> Answer:
        """The answer to a question about a decision.

        language: the rationale's own, unless given. decisions: so many are driven of a supposition. ValueError, in
        one sentence, for a step, a car or an edit that cannot be.
        """
        moment = log.the_step(self.episode, step)
        language = language or moment.rationale.language
        return _answer(question, Asked(self, moment, language, decisions))


@dataclass(frozen=True)
class Asked:
    """A decision, with all that an answer needs."""

    asker: Asker
    step: Step
    language: str
    decisions: int

    @property
    def scene(self) -> Scene:
        return self.step.scene

    @property
    def policy(self) -> Policy:
        header = self.asker.episode.header
        return policies.again(*header.policy_at(self.scene.step))

    def say(self, sentence: str, **values) -> str:
        """A sentence of an answer; actions and numbers as the language says them, words as they are."""
        return answering(self.language)[sentence].format(
            **{name: self._said(value) for name, value in values.items()}
        )

    def _said(self, value) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, float):
            return f"{value:.1f}".replace(".", words_of(self.language).decimal)
        return str(value) if isinstance(value, int) else say_action(value, self.language)

    def answer(self, question: Question, *sentences: str, **more) -> Answer:
        text = say_sentences(sentences, self.language)
        return Answer(question, say_question(question, self.language), text, self.step, **more)

    def in_full(self, step: Step) -> str:
        """Why a step's choice was made, as of a new decision; without the end of its last sentence, to stand among others."""
        situation = situation_of(step.scene, step.choice)
        said = explain(situation, step.choice, step.rationale.tie, self.language, step.attribution)
        return said.text.removesuffix(words_of(self.language).end)


@singledispatch
def _answer(question: Question, asked: Asked) -> Answer:
    """Of a supposition; `question` is made into edits, and driven."""
    return _supposed(question, asked)


# ------------------------------------------------------------------------------------ why, why not


@_answer.register
def _(question: Why, asked: Asked) -> Answer:
    choice = asked.step.choice
    rivals = rivals_of(situation_of(asked.scene, choice), choice)
    said = asked.in_full(asked.step)
    if not weighs(choice):
        return asked.answer(question, said, asked.say("scoreless"))
    return asked.answer(question, said, contest=rivals[0] if rivals else None)


@_answer.register
def _(question: WhyNot, asked: Asked) -> Answer:
    choice, option = asked.step.choice, asked.step.choice.option(question.action)
    if question.action == choice.action:
        return asked.answer(question, asked.say("chosen", act=choice.action))
    if option is None:
        return asked.answer(question, asked.say("not weighed"))
    told = say_rival(
        account_against(situation_of(asked.scene, choice), choice, option), asked.language
    )
    if not weighs(choice):
        return asked.answer(question, told or asked.say("scoreless"))
    scores = asked.say("less", theirs=float(option.score), ours=float(choice.chosen.score))
    imagined, _ = _imagined(asked, option)
    duel = contest(choice, option)
    seen = "" if imagined is None else _outlined(asked, imagined, "instead")
    return asked.answer(question, told or scores, seen, contest=duel, imagined=imagined)


# ------------------------------------------------------------------------------ what was feared


@_answer.register
def _(question: Feared, asked: Asked) -> Answer:
    option = asked.step.choice.chosen
    term, (imagined, why_not) = feared(option), _imagined(asked, option)
    if term is None:
        return asked.answer(question, asked.say("fearless"))
    few, many = term.likely
    told = asked.say("feared", few=few, many=many, term=say_term(term, asked.language))
    if imagined is None:
        return asked.answer(question, told, asked.say(why_not))
    return asked.answer(question, told, _outlined(asked, imagined, "outlined"), imagined=imagined)


def _outlined(asked: Asked, imagined: Imagined, sentence: str) -> str:
    term = say_term(imagined.term, asked.language)
    return asked.say(sentence, number=imagined.hypothesis, after=imagined.worst, term=term)


def _imagined(asked: Asked, option: Option) -> tuple[Imagined | None, str]:
    """The hypothesis in which what an option fears is worst; None, and which sentence says why, where it is not shown.

    The policy is asked again, and what it weighs must be what the log says that it weighed.
    """
    term = feared(option)
    try:
        policy = asked.policy
        imagine = policies.powers(policy).imagined
        if term is None or imagine is None:
            return None, "unimagined"
        again = policies.checked(policy, asked.scene).option(option.action)
        if again is None or again.terms != option.terms:
            return None, "weighed anew"
        return imagine(asked.scene, option.action, term), ""
    except ValueError:
        return None, "unimagined"


# ----------------------------------------------------------------------------------------- what if


def _supposed(question: Question, asked: Asked) -> Answer:
    edits = edits_of(question, asked.scene)
    steps, header, end = [], None, None
    for event in branching(
        asked.asker.episode, asked.scene.step, edits, language=asked.language,
        decisions=asked.decisions, stage=asked.asker.stage, causes="change",
    ):  # fmt: skip
        if isinstance(event, Header):
            header = event
        elif isinstance(event, Step):
            steps.append(event)
        else:
            end = event
    if len(steps) == asked.scene.step:  # the policy failed
        return asked.answer(question, asked.say("nothing"), edits=edits)
    first = steps[asked.scene.step]
    changed = differs(asked.step.choice, first.choice)
    placebo = _placebo(question, asked)
    return asked.answer(
        question,
        _said_of(asked, first.choice, changed),
        _said_of_placebo(asked, question, placebo),
        asked.in_full(first) if changed else "",
        edits=edits,
        branch=Episode(header, tuple(steps), end),
        changed=changed,
        placebo=placebo,
    )


def _said_of(asked: Asked, choice: Choice, changed: bool) -> str:
    if not changed:
        return asked.say("same", act=asked.step.choice.action)
    return asked.say("other", act=choice.action, was=asked.step.choice.action)


def _said_of_placebo(asked: Asked, question: Question, placebo: Placebo | None) -> str:
    if car_of(question) is None:
        return ""
    if placebo is None:
        return asked.say("no placebo")
    if placebo.action is None:
        return asked.say("placebo untried", car=placebo.car)
    return asked.say("placebo other" if placebo.changed else "placebo same", car=placebo.car)


def differs(before: Choice, after: Choice) -> bool:
    """Is something else done: another action, and the way that it leads elsewhere by EFFECT?"""
    if before.action == after.action:
        return False
    a, b = before.chosen.trajectory, after.chosen.trajectory
    if a is None or b is None:
        return True
    return float(np.hypot(a.x - b.x, a.y - b.y).max()) >= EFFECT


def _placebo(question: Question, asked: Asked) -> Placebo | None:
    """The same asked of the most similar car that is no cause; None where none is similar."""
    car = car_of(question)
    attribution = asked.step.attribution
    causes = attribution.causes if attribution else ()
    if car not in {each.id for each in asked.scene.cars}:
        return None
    idle = placebo_for(asked.scene, (car,), {car, *(c for cause in causes for c in cause.cars)})
    if not idle:
        return None
    try:
        choice = _decided(asked, edits_of(_about(question, idle[0]), asked.scene))
    except ValueError:
        choice = None
    if choice is None:
        return Placebo(idle[0], None, False)
    return Placebo(idle[0], choice.action, differs(asked.step.choice, choice))


def _decided(asked: Asked, edits: tuple[Edit, ...]) -> Choice | None:
    """What is decided in the edited world; None where the policy gives no answer."""
    with branched(asked.asker.stage.at(asked.scene.step), *edits) as world:
        try:
            choice = policies.checked(asked.policy, world.scene)
        except policies.PolicyError:
            return None
        return foresee(world.scene, choice) if choice.answered else None


def car_of(question: Question) -> int | None:
    """The one car that a supposition changes by what it is told of it alone; None: several, or another thing."""
    if isinstance(question, WhatIf):
        named_ = {getattr(edit, "car", None) for edit in question.edits}
        absolute = any(isinstance(edit, Move | SetSpeed) for edit in question.edits)
        return next(iter(named_)) if len(named_) == 1 and not absolute else None
    return getattr(question, "car", None)


def _about(question: Question, car: int) -> Question:
    if isinstance(question, WhatIf):
        return WhatIf(tuple(replace(edit, car=car) for edit in question.edits))
    return replace(question, car=car)


# ------------------------------------------------------------------------------------ how near


@_answer.register
def _(question: HowNear, asked: Asked) -> Answer:
    _car(asked.scene, question.car)
    tried = {way: _where_it_changes(question.car, sign, asked) for way, sign in WAYS.items()}
    changes = [
        (metres, way, choice) for way, (metres, choice) in tried.items() if choice is not None
    ]
    if not changes:
        reach = {way: metres for way, (metres, _) in tried.items()}
        same = asked.say("neither", act=asked.step.choice.action, **reach)
        return asked.answer(question, same, changed=False)
    metres, way, choice = min(changes, key=lambda each: each[0])
    edits = edits_of(Nearer(question.car, metres * WAYS[way]), asked.scene)
    told = asked.say(way, number=metres, act=choice.action)
    return asked.answer(question, told, edits=edits, changed=True)


WAYS = {"nearer": 1.0, "farther": -1.0}


def _where_it_changes(car: int, sign: float, asked: Asked) -> tuple[float, Choice | None]:
    """By how many metres a car must be moved for another decision, and which; else how far it was tried.

    The nearest of STEPS at which it differs, then by halves: between two steps a change may be missed that changes
    back.
    """

    def at(metres: float) -> Choice | None:
        edits = edits_of(Nearer(car, sign * metres), asked.scene)
        choice = _decided(asked, edits)
        return choice if choice is not None and differs(asked.step.choice, choice) else None

    same, other, choice = 0.0, None, None
    for metres in STEPS:
        try:
            choice = at(metres)
        except ValueError:  # there is no room there
            break
        if choice is not None:
            other = metres
            break
        same = metres
    while other is not None and other - same > CLOSE:
        middle = CLOSE * round((same + other) / 2 / CLOSE)
        halfway = at(middle)
        same, other, choice = (same, middle, halfway) if halfway else (middle, other, choice)
    return (same, None) if other is None else (other, choice)


# ---------------------------------------------------------------------------------- into edits


def edits_of(question: Question, scene: Scene) -> tuple[Edit, ...]:
    """The edits that a supposition stands for in a scene. ValueError for a car that is not there."""
    if isinstance(question, WhatIf):
        return question.edits
    if isinstance(question, Blocked):
        return _obstructed(question, scene)
    return MADE[type(question)](question, _car(scene, question.car), scene)


def _car(scene: Scene, number: int) -> Car:
    for car in scene.cars:
        if car.id == number:
            return car
    raise ValueError(f"the ego does not see car {number}")


def _moved(question: Nearer, car: Car, scene: Scene) -> tuple[Edit, ...]:
    """Along its lane, the way on which it comes nearer to the ego; at the same distance from the lane's middle."""
    lane, ego = scene.road.lane(car.lane), scene.ego
    s, d = lane.frenet(car.x, car.y)

    def place(metres: float) -> tuple[float, float]:
        x, y = lane.point(s + metres, d)
        return float(x), float(y)

    def away(metres: float) -> float:
        x, y = place(metres)
        return float(np.hypot(x - ego.x, y - ego.y))

    sign = 1.0 if away(0.1) < away(-0.1) else -1.0
    s_new = s + sign * question.metres
    if not 0.0 <= s_new <= lane.length:
        raise ValueError(
            f"car {car.id} would leave its lane if it were moved by {question.metres:g} m"
        )
    x, y = place(sign * question.metres)
    turned = car.heading + float(lane.heading(s_new) - lane.heading(s))
    return (Move(car.id, x, y, turned),)


def _obstructed(question: Blocked, scene: Scene) -> tuple[Edit, ...]:
    """Debris in the middle of a lane that the ego is to drive, so far ahead of its front."""
    ego, road = scene.ego, scene.road
    along = float(road.lane(ego.lane).frenet(ego.x, ego.y)[0])
    away = along + question.metres + (ego.length + DEBRIS[0]) / 2
    for lane, begin in road.path(ego.lane, ego.route, away):
        if begin <= away <= begin + lane.length:
            x, y = lane.point(away - begin)
            return (Obstruct(float(x), float(y)),)
    raise ValueError(f"there is no road {question.metres:g} m ahead")


MADE: dict[type, Callable[[Question, Car, Scene], tuple[Edit, ...]]] = {
    Nearer: _moved,
    Quicker: lambda question, car, scene: (
        SetSpeed(car.id, max(car.speed + question.change, 0.0)),
    ),
    CutIn: lambda question, car, scene: (ChangeLane(car.id, scene.ego.lane),),
}
