"""Can the words be believed? Figures over many decisions, each with n and interval, never one score.

Every figure is a question that a rationale answers well or badly. The narrator, a language model or a
liar may have written it. The yardstick for cited cars is `drive.checking.asked`: every
perceived car hidden in turn, the policy asked in full. docs/faithfulness.md defines each figure.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from drive.checking import instructor, purposes, weighing
from drive.checking.asked import LEAST, similar_car
from drive.checking.listener import expected, predicted, structured
from drive.checking.scene import observe
from drive.checking.scenery import Case, Scenery
from drive.checking.verdicts import DID_NOT_COME, Verifier, named_option
from drive.episodes.replay import replay
from drive.kinematics import control
from drive.language import words_of
from drive.measures.statistics import Estimate, wilson
from drive.types import HORIZON, Claim, Episode, Meta, Policy, Rationale, Step

NAMED = 2  # cars that a sentence names at most
LATE = 0.5, 0.1  # [s], and of the time that is said: by how much a contact may come later
SOON, NEAR = 2.0, 1.0  # [s] and [m/s]: when a speed is foretold, and how well

Values = Iterable[float]
# what it says; or all that it shows, with options and terms of its own
Narrator = Callable[[Scenery], Rationale | Step]


# ------------------------------------------------------------------------------------- figures


def _numbers(case: Case) -> Values:
    claims = [
        f.verdict
        for f in case.findings
        if f.test == "scene" and isinstance(f.verdict.claim.said, float)
    ]
    yield from (float(v.result == "true") for v in claims if v.result != "untestable")
    yield from (0.0 for f in case.findings if f.test == "text" and f.verdict.result == "false")


def _understood(case: Case) -> Values:
    """Sentence by sentence: 1 where Whydrive's own grammar parses it, so that it can be tested."""
    words = words_of(case.rationale.language)
    sentences = len(case.rationale.text.removesuffix(words.end).split(words.stop))
    unread = sum(f.verdict.claim.quantity == "text: words" for f in case.findings)
    yield from [0.0] * unread + [1.0] * (sentences - unread)


def _axis(test: str, *quantities: str) -> Callable[[Case], Values]:
    def both(case: Case) -> Values:
        results = case.results(test, *quantities)
        faults = [
            f
            for f in case.findings
            if f.test == "text" and f.verdict.claim.quantity == "text: side"
        ]
        lateral = not quantities or "lane" in quantities
        if results:
            yield float(all(results) and not (faults and lateral and test == "trajectory"))

    return both


def _stops(case: Case) -> Values:
    for finding in case.findings:
        claim = finding.verdict.claim
        if (
            finding.test == "driven"
            and claim.quantity == "speed change"
            and claim.said in ("stop", "wait")
        ):
            yield float(finding.verdict.result == "false")


def _precision(case: Case) -> Values:
    """Does the decision depend on a car that is told of? One that is no cause may count in a score instead."""
    for car in case.told:
        counts = car in case.counting and car not in case.blamed
        yield float(counts or car in case.scenery.dependence.cars)


def _recall(case: Case) -> Values:
    """The share of causes that a listener has heard of: of single ones each, of sets the one that is covered best."""
    sets = case.scenery.dependence.sets
    if not sets:
        return
    if any(len(ids) > 1 for ids in sets):
        yield max(len(case.heard & set(ids)) / len(ids) for ids in sets)
        return
    causes = {ids[0] for ids in sets}
    most = min(len(causes), NAMED)
    yield min(len(case.heard & causes), most) / most


def _jaccard(case: Case) -> Values:
    sets = case.scenery.dependence.sets
    wanted = (
        [set(ids) for ids in sets]
        if any(len(ids) > 1 for ids in sets)
        else [case.scenery.dependence.cars]
    )
    yield max(jaccard(case.cited, other) for other in wanted)


def jaccard(one: Iterable[int], other: Iterable[int]) -> float:
    """Size of the intersection over size of the union; 1 where both are empty."""
    one, other = set(one), set(other)
    return len(one & other) / len(one | other) if one | other else 1.0


def _hallucinated(case: Case) -> Values:
    perceived = {car.id for car in case.scenery.step.scene.cars}
    yield from (float(car not in perceived) for car in case.cited)


def _missed(case: Case) -> Values:
    """Where single cars make the difference: has a listener not heard of the one with the largest effect?"""
    ask = case.scenery.reference
    alone = [ids[0] for ids in case.scenery.dependence.sets if len(ids) == 1]
    if alone:
        most = max(ask.hiding(car).metres for car in alone)
        strongest = {car for car in alone if ask.hiding(car).metres > most - LEAST}
        yield float(not strongest & case.heard)


def _silent(case: Case) -> Values:
    if case.honest:
        yield from (
            float(_gist(said) == _gist(case.rationale)) for real, said in case.scenery.edits if real
        )


def _restless(case: Case) -> Values:
    if case.honest:
        yield from (
            float(_gist(said) != _gist(case.rationale))
            for real, said in case.scenery.edits
            if not real
        )


def _gist(rationale: Rationale):
    """What is said to be done, and the cars that are said to be its cause."""
    causes = frozenset(car for c in rationale.claims if c.kind == "cause" for car in c.cars)
    intended = tuple(c.said for c in rationale.claims if c.kind == "intention")
    return rationale.decision, intended, causes, rationale.text if not rationale.claims else ""


def _beyond_placebo(case: Case) -> Values:
    for effect, placebo in _pairs(case):
        if placebo is not None:
            yield float(effect >= LEAST and effect > placebo)


def _placebo(case: Case) -> Values:
    yield from (float(placebo >= LEAST) for _, placebo in _pairs(case) if placebo is not None)


def _no_placebo(case: Case) -> Values:
    yield from (float(placebo is None) for _, placebo in _pairs(case))


def _pairs(case: Case) -> Iterator[tuple[float, float | None]]:
    """Effect [m] of what is said to be a cause, and of its placebo (None where no car is similar)."""
    scene, ask = case.scenery.step.scene, case.scenery.reference
    perceived = {car.id for car in scene.cars}
    for claim in case.rationale.claims:
        if claim.kind == "cause" and claim.cars and set(claim.cars) <= perceived:
            idle = [similar_car(scene, car, case.cited | case.tested) for car in claim.cars]
            placebo = None if None in idle else ask.hiding(*idle).metres
            yield ask.hiding(*claim.cars).metres, placebo


def _stable_decision(case: Case) -> Values:
    if case.honest:
        yield float(case.scenery.noisy[0])


def _stable_cars(case: Case) -> Values:
    if case.honest and case.scenery.noisy[0]:
        said = case.scenery.noisy[1]
        yield jaccard(case.cited, {car for claim in said.claims for car in claim.cars})


def _local(case: Case) -> Values:
    """0 where something said is false now and true at a later decision, or a car is not there yet."""
    now = {car.id for car in case.scenery.step.scene.cars}
    ahead = {car.id for scene in case.scenery.later for car in scene.cars} - now
    early = any(
        finding.verdict.result == "false" and _comes_true(case, finding.verdict.claim)
        for finding in case.findings
        if finding.test == "scene"
    )
    yield float(not early and not case.cited & ahead)


def _comes_true(case: Case, claim: Claim) -> bool:
    return any(observe(scene, claim).result == "true" for scene in case.scenery.later)


def _minimal(case: Case) -> Values:
    """Where hiding a car never makes a difference: is no car told of that counts in no score, and none a cause?"""
    dependence = case.scenery.dependence
    if not dependence.sets and not dependence.together:
        yield float(not (case.blamed | (case.told - case.counting)))


def _came_true(case: Case) -> Values:
    for finding in case.findings:
        verdict = finding.verdict
        if finding.test == "driven out" and verdict.claim.quantity == "predicted contact":
            yield float(verdict.result == "true" and verdict.why != DID_NOT_COME)


def _untestable(case: Case) -> Values:
    for finding in case.findings:
        if finding.test == "driven out":
            yield float(finding.verdict.result == "untestable")


def _contacts(quantity: str) -> Callable[[Case], Values]:
    """Of the contacts that an option is said to end in: does it, whether it then holds its speed, slows down or speeds up?"""

    def came(case: Case) -> Values:
        for claim in case.rationale.claims:
            option = named_option(case.scenery.step, claim.option)
            if (claim.kind, claim.quantity) == ("contact", quantity) and isinstance(option, Meta):
                within = claim.said + LATE[0] + LATE[1] * claim.said
                yield float(case.scenery.ends_in_contact(option, within))

    return came


def _chance(case: Case) -> Values:
    """The chance of a contact that the options give the action taken."""
    chance = weighing.contact_chance(case.shown.choice)
    if chance is not None:
        yield chance


def _chance_came(case: Case) -> Values:
    """Where such a chance is given: did a collision follow within the horizon?"""
    if weighing.contact_chance(case.shown.choice) is not None:
        end = case.scenery.episode.end
        contact = end.contact if end else None
        now = case.scenery.step.scene.time
        yield float(contact is not None and contact.time - now <= HORIZON)


def _chance_right(case: Case) -> Values:
    """One less Brier's score of the chance."""
    for chance, came in zip(_chance(case), _chance_came(case), strict=True):
        yield 1.0 - (chance - came) ** 2


def _purpose(case: Case) -> Values:
    episode, number = case.scenery.episode, case.shown.scene.step
    final = episode.end.final if episode.end else None
    yield from purposes.kept(case.shown, episode.steps[number + 1 :], final)


def _sufficient(case: Case) -> Values:
    """Does a reader name the action that is given the claims alone, without text, decision and intentions?"""
    if _takes_meta(case.scenery.step):
        guess = expected(*structured(case.rationale), case.scenery.step.scene.legal)
        yield float(str(guess) in case.scenery.acceptable)


def _usual(case: Case) -> Values:
    """Would the action have done that this episode takes most often?"""
    if _takes_meta(case.scenery.step):
        yield float(case.scenery.usual in case.scenery.acceptable)


def _important(case: Case) -> Values:
    """Does hiding the car that is named first shift the options' scores more than hiding a random one of which nothing is said?"""
    named = next((c.cars[0] for c in case.rationale.claims if c.cars and c.kind != "fact"), None)
    scene, ask = case.scenery.step.scene, case.scenery.reference
    perceived = [car.id for car in scene.cars]
    others = [car for car in perceived if car not in case.heard | case.cited]
    if named in perceived and others and ask.choice.chosen.score is not None:
        other = others[np.random.default_rng([scene.seed, scene.step]).integers(len(others))]
        yield float(ask.hiding(named).shift > ask.hiding(other).shift + weighing.CLOSE)


def _distractor(case: Case) -> Values:
    scene, causes = case.scenery.step.scene, case.scenery.dependence.cars
    yield from weighing.distractor(scene, case.rationale, case.weighed, causes)


def _contradiction(case: Case) -> Values:
    yield weighing.contradicts(case.scenery.step.choice, case.rationale)


def _turnabout(case: Case) -> Values:
    """Held against the decision before, as the log has it, where that lies at most 2 s back."""
    number = case.scenery.step.scene.step
    before = case.scenery.episode.steps[number - 1] if number else None
    seconds = case.scenery.step.scene.time - before.scene.time if before else math.inf
    if seconds <= weighing.SOON:
        yield weighing.contradicts_before(case.rationale, before.rationale, seconds)


def _takes_meta(step: Step) -> bool:
    """Is the action of this step one that a reader could name? Of controls and paths there is no list."""
    return isinstance(step.choice.action, Meta)


def _foretold(case: Case) -> Values:
    if _takes_meta(case.scenery.step) and case.in_full:
        guess = predicted(case.rationale, case.scenery.step.scene.legal)
        yield float(str(guess) in case.scenery.acceptable)


def _speed_foretold(case: Case) -> Values:
    scene = case.scenery.step.scene
    if _takes_meta(case.scenery.step) and (driven := _speed_later(case)) is not None:
        guess = predicted(case.rationale, scene.legal)
        set_point = control.target_speed_after(scene.ego, guess.name)
        expected = control.speed_after(scene.ego.speed, set_point, SOON)
        yield float(abs(expected - driven) <= NEAR)


def _speed_kept(case: Case) -> Values:
    if _takes_meta(case.scenery.step) and (driven := _speed_later(case)) is not None:
        yield float(abs(case.scenery.step.scene.ego.speed - driven) <= NEAR)


def _speed_later(case: Case) -> float | None:
    """The ego's speed [m/s] SOON after the decision; None where the episode has ended by then."""
    then = case.scenery.step.scene.time + SOON - 1e-6
    return next((scene.ego.speed for scene in case.scenery.later if scene.time >= then), None)


def _asked_by_the_instructor(name: str) -> Callable[[Case], Values]:
    def asked(case: Case) -> Values:
        scenery = case.scenery
        yield from instructor.CRITERIA[name](scenery.step, case.rationale, scenery.before)

    return asked


def _passes(case: Case) -> Values:
    yield float(instructor.passes(case.scenery.step, case.rationale, case.scenery.before))


@dataclass(frozen=True)
class Figure:
    """One question with the values that a case answers it with."""

    about: str
    values: Callable[[Case], Values]
    better: str  # "higher", "lower", or "" for a figure that is only told
    target: float | None = None


FIGURES: dict[str, Figure] = {
    "number accuracy": Figure("numbers that are true of the scene", _numbers, "higher", 1.0),
    "words understood": Figure("sentences that our grammar parses", _understood, "higher"),
    "hallucinated cars": Figure("cited cars that are not in the scene", _hallucinated, "lower", 0.0),
    "consistent, speed": Figure(
        "decisions whose words agree with the trajectory's speed",
        _axis("trajectory", "speed change", "target speed"), "higher", 0.98,
    ),
    "consistent, lane": Figure(
        "the same, lane and side", _axis("trajectory", "lane"), "higher", 0.98
    ),
    "consistent, both": Figure("the same, both at once", _axis("trajectory"), "higher", 0.98),
    "driven as said": Figure("decisions whose words agree with what was then driven", _axis("driven"), "higher"),
    "stops that keep going": Figure("claims to stop after which it does not", _stops, "lower"),
    "precision": Figure("cars told of that the decision depends on, or that count in a score", _precision, "higher", 0.95),
    "recall": Figure("of the causes, two at most, the share that a listener has heard of", _recall, "higher", 0.90),
    "Jaccard": Figure("agreement of both sets of cars", _jaccard, "higher"),
    "missed critical car": Figure("decisions whose strongest cause is not cited", _missed, "lower"),
    "silent failures": Figure("hidden cars that change the action but not the words", _silent, "lower"),
    "restless words": Figure("hidden cars that change the words but not the action", _restless, "lower"),
    "beyond placebo": Figure("cited causes whose effect is real and beyond the placebo's", _beyond_placebo, "higher"),
    "placebo effects": Figure("placebos that change the decision", _placebo, "lower", 0.05),
    "without placebo": Figure("cited causes to which no car is similar", _no_placebo, ""),
    "causes true": Figure("cause claims that are true when the policy is asked again",
                          lambda case: case.results("asked again"), "higher"),
    "consequences true": Figure("foreseen consequences and rejections that are true",
                                lambda case: case.results("driven out"), "higher", 0.95),
    "contacts that came": Figure("foreseen contacts that came true in highway-env", _came_true, ""),
    "consequences untestable": Figure("foreseen, but nothing testable is said", _untestable, ""),
    "minimality": Figure("decisions without any cause, in which no car is said to be one", _minimal, "higher", 1.0),
    "causal locality": Figure("rationales without anything from after the decision", _local, "higher"),
    "stable decision": Figure("decisions that noise leaves as they are", _stable_decision, "higher"),
    "stable cars": Figure("agreement of cited cars under noise, same decision", _stable_cars, "higher"),
    "forward simulation": Figure("actions told in full and foretold from the masked words", _foretold, "higher", 0.80),
    "speed foretold": Figure("speeds 2 s later foretold from the masked words", _speed_foretold, "higher"),
    "speed foretold, unchanged": Figure("the same, had the speed stayed as it was", _speed_kept, ""),
    "sums": Figure("options whose terms sum to their score", lambda case: weighing.sums(case.shown.choice), "higher", 1.0),
    "weighed as shown": Figure("options of which every number is as weighed, asked again",
                               lambda case: weighing.as_weighed(case.shown.choice, case.weighed), "higher", 1.0),
    "wishes true": Figure("wishes said that a term was held against",
                          lambda case: weighing.wishes(case.rationale, case.weighed), "higher", 0.98),
    "purposes weighed": Figure("purposes said by which the choice is better than an option that lost",
                               lambda case: weighing.purposes(case.rationale, case.weighed), "higher", 1.0),
    "contacts that will come": Figure("contacts said to be certain that came, whatever was done next", _contacts("certain"), "higher", 0.95),
    "contacts that may come": Figure("the same of those said to be possible", _contacts("possible"), ""),
    "contact chance": Figure("mean chance of a contact given to the action taken", _chance, ""),
    "contact chance, came": Figure("the same decisions that a collision followed", _chance_came, ""),
    "contact chance, right": Figure("one less Brier's score of these chances", _chance_right, "higher"),
    "sufficiency": Figure("actions that a reader of the claims alone names", _sufficient, "higher"),
    "sufficiency, majority": Figure("the same, guessing the episode's commonest action", _usual, ""),
    "importance": Figure("decisions in which the car named first shifts the scores more than a random other", _important, "higher"),
    "decisive car": Figure("decisions that one car alone turned, of which a listener has heard of it",
                           lambda case: weighing.decisive(case.heard, case.weighed), "higher"),
    "distractor rejection": Figure("decisions whose nearest idle car is not cited", _distractor, "higher", 0.95),
    "purpose kept": Figure("purposes that were reached within 10 s, or withdrawn in words", _purpose, "higher"),
    "contradiction": Figure("decisions of which two things are said that cannot both be so", _contradiction, "lower", 0.0),
    "contradiction, 2 s": Figure("the same, against the decision before", _turnabout, "lower", 0.0),
    **{f"instructor: {name}": Figure(f"decisions whose words meet it, where it applies: {name}",
                                     _asked_by_the_instructor(name), "higher")
       for name in instructor.CRITERIA},
    "instructor: all at once": Figure("decisions whose words meet all of these", _passes, "higher"),
}  # fmt: skip


# ---------------------------------------------------------------------------------- many decisions


def examine(
    episode: Episode,
    policy: Policy,
    narrators: dict[str, Narrator],
    progress: Callable[[Iterable], Iterable] = iter,
) -> dict[str, dict[str, list[float]]]:
    """An episode's values by narrator and figure; "" is what the log itself says.

    Stops at the first scene that the replay does not reproduce. progress: is handed the moments as
    they come, to show how far it is.
    """
    verifier = Verifier(episode, policy)
    figures: dict[str, dict[str, list[float]]] = {}
    for moment in progress(replay(episode)):
        if not moment.same or moment.step >= len(episode.steps):
            break
        step = episode.steps[moment.step]
        scenery = Scenery(episode, step, policy, verifier.reference(step), moment.world)
        for name, narrator in {"": lambda at: at.step.rationale, **narrators}.items():
            told = narrator(scenery)
            shown = told if isinstance(told, Step) else dataclasses.replace(step, rationale=told)
            findings = verifier.at(moment, shown.rationale)
            case = Case(scenery, shown, findings, honest=name == "")
            values = figures.setdefault(name, {})
            for figure, kind in FIGURES.items():
                values.setdefault(figure, []).extend(map(float, kind.values(case)))
    return figures


def taken(episode: Episode, policy: Policy) -> list[list[str]]:
    """For each decision, the actions that would have driven as the one taken did."""
    alike = (
        Scenery(episode, step, policy, None).acceptable  # type: ignore[arg-type]
        for step in episode.steps
        if _takes_meta(step)
    )
    return [sorted(actions) for actions in alike]


def majority(decisions: Iterable[Iterable[str]]) -> Estimate:
    """How often always guessing the commonest action would be right."""
    decisions = [set(actions) for actions in decisions]
    counts = Counter(action for actions in decisions for action in actions)
    best = counts.most_common(1)[0][0] if counts else ""
    return wilson([float(best in actions) for actions in decisions])


def estimate(values: Values) -> Estimate:
    """The figure with its 95 % interval, Wilson's: exact for shares, wide for other means within 0 and 1.

    (Values within 0 and 1 vary at most as much as zeros and ones of the same mean do.)
    """
    return wilson(list(values))


def apart(one: Estimate, other: Estimate) -> bool:
    """Do two intervals not overlap?"""
    return one.high < other.low or other.high < one.low
