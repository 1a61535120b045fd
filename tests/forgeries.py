"""Forgeries: logs that drove what they say, and tell of their decisions what was not so.

Each changes one thing of a step and leaves scene, action and tracks as they are, so the episode is driven again without
a difference. None: the step has nothing that could be forged so.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from drive.types import Meta, Option, Step, Term, Trajectory

Forgery = Callable[[Step, random.Random], Step | None]
OTHER = {"for": "against", "against": "for"}


def options_of(step: Step, change: Callable[[Option], Option]) -> Step:
    """The step with every option changed."""
    return replace(
        step, choice=replace(step.choice, options=tuple(map(change, step.choice.options)))
    )


def terms_of(step: Step, change: Callable[[Term], Term]) -> Step:
    """The step with every term changed."""
    return options_of(step, lambda o: replace(o, terms=tuple(map(change, o.terms))))


def one_option(step: Step, dice: random.Random, **changes: Callable) -> Step | None:
    """The step with one option's fields changed; its score only where it has one."""
    able = [o for o in step.choice.options if "score" not in changes or o.score is not None]
    if not able:
        return None
    one = dice.choice(able)
    forged = replace(one, **{name: change(getattr(one, name)) for name, change in changes.items()})
    return options_of(step, lambda o: forged if o is one else o)


def one_term(
    step: Step, dice: random.Random, fits: Callable[[Term], bool], **changes: Callable
) -> Step | None:
    """The step with one fitting term's fields changed."""
    able = [(o, k) for o in step.choice.options for k, t in enumerate(o.terms) if fits(t)]
    if not able:
        return None
    option, number = dice.choice(able)
    term = option.terms[number]
    forged = replace(
        term, **{name: change(getattr(term, name)) for name, change in changes.items()}
    )
    terms = (*option.terms[:number], forged, *option.terms[number + 1 :])
    return options_of(step, lambda o: replace(o, terms=terms) if o is option else o)


def moved(path: Trajectory, metres: float) -> Trajectory:
    return replace(path, y=path.y + metres)


# ----------------------------------------------------------------------------- whole option tables


def other_wishes(step: Step, dice: random.Random) -> Step | None:
    """Everything is held against another threshold."""
    if not any(t.threshold is not None for o in step.choice.options for t in o.terms):
        return None
    return terms_of(
        step, lambda t: t if t.threshold is None else replace(t, threshold=t.threshold * 1.5)
    )


def scores_inverted(step: Step, dice: random.Random) -> Step | None:
    return options_of(step, lambda o: o if o.score is None else replace(o, score=-o.score))


def terms_tripled_and_flipped(step: Step, dice: random.Random) -> Step:
    return terms_of(step, lambda t: replace(t, value=3 * t.value, counts=OTHER[t.counts]))


def rivals_moved(step: Step, dice: random.Random) -> Step | None:
    """Where the other options lead lies 50 m to the left."""
    if len(step.choice.options) < 2:
        return None
    taken = step.choice.chosen
    return options_of(
        step, lambda o: o if o is taken else replace(o, trajectory=moved(o.trajectory, 50.0))
    )


def score_alone(step: Step, dice: random.Random) -> Step | None:
    return one_option(step, dice, score=lambda score: score + 0.5)


# -------------------------------------------------------------------------------- one thing at random


def option_left_out(step: Step, dice: random.Random) -> Step | None:
    others = [o for o in step.choice.options if o is not step.choice.chosen]
    if not others:
        return None
    gone = dice.choice(others)
    kept = tuple(o for o in step.choice.options if o is not gone)
    return replace(step, choice=replace(step.choice, options=kept))


def term_left_out(step: Step, dice: random.Random) -> Step | None:
    able = [o for o in step.choice.options if o.terms]
    one = dice.choice(able)
    gone = dice.randrange(len(one.terms))
    terms = one.terms[:gone] + one.terms[gone + 1 :]
    return options_of(step, lambda o: replace(o, terms=terms) if o is one else o)


def term_invented(step: Step, dice: random.Random) -> Step:
    """A fact that was never measured; it has no worth, so every sum stays as it is."""
    one = dice.choice(step.choice.options)
    invented = Term("heading error", 1.25, "°", "against")
    return options_of(step, lambda o: replace(o, terms=(*o.terms, invented)) if o is one else o)


def a_worth_and_its_score(step: Step, dice: random.Random) -> Step | None:
    """The option that lost is made better, and its terms still sum to its score."""
    others = [o for o in step.choice.options if o is not step.choice.chosen and o.sum is not None]
    if not others:
        return None
    one = dice.choice(others)
    number = next(k for k, t in enumerate(one.terms) if t.worth is not None)
    better = replace(one.terms[number], worth=one.terms[number].worth - 0.25)
    terms = (*one.terms[:number], better, *one.terms[number + 1 :])
    forged = replace(one, terms=terms, score=one.score - 0.25)
    return options_of(step, lambda o: forged if o is one else o)


def two_scores_swapped(step: Step, dice: random.Random) -> Step | None:
    scored = [o for o in step.choice.options if o.score is not None]
    pairs = [(a, b) for a in scored for b in scored if abs(a.score - b.score) > 0.001]
    if not pairs:
        return None
    a, b = dice.choice(pairs)
    scores = {id(a): b.score, id(b): a.score}
    return options_of(step, lambda o: replace(o, score=scores.get(id(o), o.score)))


def chosen_path_bent(step: Step, dice: random.Random) -> Step:
    taken = step.choice.chosen
    bent = replace(taken, trajectory=moved(taken.trajectory, 0.01))
    return options_of(step, lambda o: bent if o is taken else o)


def renamed(cars: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(car + 1 for car in cars)


def of_choice(**changes) -> Forgery:
    return lambda step, dice: replace(step, choice=replace(step.choice, **changes))


def of_words(**changes: Callable) -> Forgery:
    """A part of the rationale, changed."""

    def forged(step: Step, dice: random.Random) -> Step | None:
        said = step.rationale
        values = {name: change(getattr(said, name)) for name, change in changes.items()}
        other = replace(said, **values)
        return replace(step, rationale=other) if vars(other) != vars(said) else None

    return forged


def a_claim(step: Step, dice: random.Random) -> Step | None:
    """A number of a claim, where it was measured and where it is said."""
    claims = step.rationale.claims
    able = [k for k, c in enumerate(claims) if isinstance(c.said, float)]
    if not able:
        return None
    number = dice.choice(able)
    forged = replace(claims[number], said=claims[number].said + 1.0)
    claims = (*claims[:number], forged, *claims[number + 1 :])
    return replace(step, rationale=replace(step.rationale, claims=claims))


def of_attribution(**changes: Callable) -> Forgery:
    def forged(step: Step, dice: random.Random) -> Step | None:
        if step.attribution is None:
            return None
        was = step.attribution
        values = {name: change(getattr(was, name)) for name, change in changes.items()}
        return replace(step, attribution=replace(was, **values))

    return forged


def of_a_cause(**changes: Callable) -> Forgery:
    def forged(step: Step, dice: random.Random) -> Step | None:
        causes = step.attribution.causes if step.attribution else ()
        if not causes:
            return None
        number = dice.randrange(len(causes))
        was = causes[number]
        values = {name: change(getattr(was, name)) for name, change in changes.items()}
        causes = (*causes[:number], replace(was, **values), *causes[number + 1 :])
        return replace(step, attribution=replace(step.attribution, causes=causes))

    return forged


def a_cause_left_out(step: Step, dice: random.Random) -> Step | None:
    causes = step.attribution.causes if step.attribution else ()
    gone = replace(step.attribution, causes=causes[1:]) if causes else None
    return replace(step, attribution=gone) if gone else None


def everything(term: Term) -> bool:
    return True


NAMED: dict[str, Forgery] = {
    "other wishes": other_wishes,
    "all scores inverted": scores_inverted,
    "terms tripled and flipped": terms_tripled_and_flipped,
    "rivals' trajectories moved": rivals_moved,
    "a score alone": score_alone,
}
RANDOM: dict[str, Forgery] = {
    "an option left out": option_left_out,
    "an option's lane": lambda s, d: one_option(s, d, target_lane=lambda lane: ("x", "y", 7)),
    "a rival's path": lambda s, d: one_option(s, d, trajectory=lambda path: moved(path, 0.01)),
    "the chosen path": chosen_path_bent,
    "a term left out": term_left_out,
    "a term invented": term_invented,
    "a term's kind": lambda s, d: one_term(s, d, everything, kind=lambda kind: kind + " too"),
    "a term's value": lambda s, d: one_term(s, d, everything, value=lambda value: value + 0.01),
    "a term's unit": lambda s, d: one_term(s, d, everything, unit=lambda unit: unit + "m"),
    "a term's side": lambda s, d: one_term(s, d, everything, counts=OTHER.get),
    "a term's wish": lambda s, d: one_term(
        s, d, lambda t: t.threshold is not None, threshold=lambda wish: wish + 0.01
    ),
    "a wish invented": lambda s, d: one_term(
        s, d, lambda t: t.threshold is None, threshold=lambda wish: 1.0
    ),
    "a term's cars": lambda s, d: one_term(s, d, lambda t: bool(t.cars), cars=renamed),
    "a term's car left out": lambda s, d: one_term(
        s, d, lambda t: bool(t.cars), cars=lambda cars: ()
    ),
    "a term's objects": lambda s, d: one_term(s, d, everything, objects=lambda all: (*all, 9)),
    "a term's worth": lambda s, d: one_term(
        s, d, lambda t: t.worth is not None, worth=lambda worth: worth + 0.01
    ),
    "a worth invented": lambda s, d: one_term(
        s, d, lambda t: t.worth is None, worth=lambda worth: -0.01
    ),
    "a worth and its score": a_worth_and_its_score,
    "a term's time": lambda s, d: one_term(s, d, everything, after=lambda t: (t or 0.0) + 0.5),
    "a term's likelihood": lambda s, d: one_term(s, d, everything, likely=lambda k: (5, 9)),
    "two scores swapped": two_scores_swapped,
    "the unit of scores": of_choice(unit="points"),
    "what counts as even": of_choice(even=3.0),
    "a fallback pretended": of_choice(answered=False),
    "a note": of_choice(notes=("chosen with care",)),
    "the text": of_words(text=lambda text: text.replace(".", "!", 1)),
    "the tie": of_words(tie=lambda tie: "causes"),
    "the rival": of_words(rival=lambda rival: None if rival else Meta("SLOWER")),
    "the decision": of_words(decision=lambda was: replace(was, lateral="pull over")),
    "a claim": a_claim,
    "a claim left out": of_words(claims=lambda claims: claims[1:]),
    "a cause left out": a_cause_left_out,
    "a cause's cars": of_a_cause(cars=lambda cars: (*cars, 99)),
    "a cause's effect": of_a_cause(effect=lambda effect: effect + 1.0),
    "a cause's placebo": of_a_cause(placebo=lambda cars: (*cars, 99)),
    "a placebo's effect": of_a_cause(placebo_effect=lambda effect: (effect or 0.0) + 0.1),
    "what is done instead": of_a_cause(instead=lambda action: Meta("NEVER")),
    "what a free road does": of_attribution(free=lambda action: Meta("NEVER")),
    "how often it was asked": of_attribution(asked=lambda count: count + 1),
    "whether all were asked": of_attribution(exhaustive=lambda whole: not whole),
}
FORGERIES = NAMED | RANDOM
