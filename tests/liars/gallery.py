"""A gallery of liars: narrators that are wrong in one way each, about decisions that really happened.

Each takes what the honest narrator said, or the options that it showed, and spoils one thing. `CAUGHT_BY` says which figure of
`drive.checking.faithfulness` must tell the liar from the honest narrator.
"""

from __future__ import annotations

import random
from dataclasses import replace

from drive.checking.scenery import Scenery, nearest_first
from drive.language import Account, make_claim, read, say_rationale
from drive.roads.geometry import corners, distance_between
from drive.types import Car, Choice, Claim, Meta, Option, Rationale, Scene, Step

OTHER = {"LANE_LEFT": Meta("LANE_RIGHT"), "LANE_RIGHT": Meta("LANE_LEFT")}
SIDE = {"left": "right", "right": "left", None: None}


def dice(at: Scenery) -> random.Random:
    scene = at.step.scene
    return random.Random(f"{scene.scenario} {scene.seed} {scene.step}")


def account(at: Scenery) -> Account:
    return read(at.step.rationale.text)


def told(at: Scenery, said: Account) -> Rationale:
    """The rationale of another account of the same decision."""
    text = say_rationale(said)
    return replace(at.step.rationale, decision=said.decision, claims=said.claims, text=text)


def blaming(at: Scenery, *cars: Car) -> Rationale:
    """These cars are the cause, each alone, and nothing else is said of cars."""
    honest = account(at)
    instead = next((claim.option for claim in honest.causes if claim.option), Meta("FASTER"))
    causes = tuple(make_claim("cause", "without", cars=(car.id,), option=instead) for car in cars)
    return told(at, replace(without_cars(honest), causes=causes or honest.causes))


def without_cars(said: Account) -> Account:
    grounds, facts, about = (
        tuple(claim for claim in claims if not claim.cars)
        for claims in (said.grounds, said.facts, said.rival_grounds)
    )
    purpose = said.purpose and replace(said.purpose, cars=())
    bare = replace(said, grounds=grounds, facts=facts, purpose=purpose, rival_grounds=about)
    return bare if about else replace(bare, rival=None, standing=None, given_up=())


# -------------------------------------------------------------------------------------- the liars


def nearest_is_always_the_cause(at: Scenery) -> Rationale:
    return blaming(at, *nearest_first(at.step.scene)[:1])


def random_car(at: Scenery) -> Rationale:
    cars = at.step.scene.cars
    return blaming(at, dice(at).choice(cars)) if cars else at.step.rationale


def right_car_wrong_number(at: Scenery) -> Rationale:
    def off(claim: Claim) -> Claim:
        if claim.kind != "observation" or not isinstance(claim.said, float):
            return claim
        return make_claim(
            claim.kind, claim.quantity, claim.said * 1.25 + 2.0, cars=claim.cars, objects=claim.objects,
            option=claim.option, threshold=claim.threshold,
        )  # fmt: skip

    honest = account(at)
    return told(
        at,
        replace(
            honest,
            grounds=tuple(map(off, honest.grounds)),
            rival_grounds=tuple(map(off, honest.rival_grounds)),
        ),
    )


def wrong_side(at: Scenery) -> Rationale:
    """A car in the ego's lane or on one side is said to be on the other side."""

    def moved(claim: Claim) -> Claim:
        if claim.kind != "observation" or not claim.cars:
            return claim
        turned = {"to the left": "to the right", "to the right": "to the left"}
        if claim.quantity in turned:
            return replace(claim, quantity=turned[claim.quantity])
        place = OTHER.get(claim.option.name) if claim.option else Meta("LANE_LEFT")
        return replace(claim, option=place)

    honest = account(at)
    return told(
        at,
        replace(
            honest,
            grounds=tuple(map(moved, honest.grounds)),
            rival_grounds=tuple(map(moved, honest.rival_grounds)),
        ),
    )


def mirrored(at: Scenery) -> Rationale:
    """What is done is said to be done towards the other side; a lane that is kept, to be left."""
    honest = account(at)
    decision = replace(honest.decision, side=SIDE[honest.decision.side])
    number = at.step.scene.ego.lane[2] + 1

    def turned(claim: Claim) -> Claim:
        if claim.quantity != "lane":
            return claim
        lane = 2 * number - int(claim.said)
        return make_claim("intention", "lane", lane if lane != number else max(1, number + 1))

    intentions = tuple(map(turned, honest.intentions))
    return told(at, replace(honest, decision=decision, intentions=intentions))


def future_fact(at: Scenery) -> Rationale:
    """What will be observed at the next decision is said to be seen now."""
    number = at.step.scene.step + 1
    if number >= len(at.episode.steps):
        return at.step.rationale
    later = read(at.episode.steps[number].rationale.text)
    return told(at, replace(account(at), grounds=later.grounds, facts=later.facts))


def boilerplate(at: Scenery) -> Rationale:
    return replace(at.step.rationale, claims=(), text="For safety.")


def another_steps_text(at: Scenery) -> Rationale:
    """A whole rationale from another moment of the episode."""
    others = [step for step in at.episode.steps if step is not at.step]
    return dice(at).choice(others).rationale if others else at.step.rationale


def padded_causes(at: Scenery) -> Rationale:
    return blaming(at, *at.step.scene.cars[:12])


def cause_omitted(at: Scenery) -> Rationale:
    return told(at, replace(without_cars(account(at)), causes=()))


def true_but_irrelevant(at: Scenery) -> Rationale:
    """A car that decided nothing, where it truly is and as fast as it truly drives."""
    scene, honest = at.step.scene, account(at)
    relevant = {car for claim in honest.claims for car in claim.cars}
    idle = [car for car in nearest_first(scene) if car.id not in relevant]
    if not idle:
        return at.step.rationale
    return told(at, replace(without_cars(honest), grounds=place_of(scene, idle[-1]), causes=()))


def place_of(scene: Scene, car: Car) -> tuple[Claim, ...]:
    ego = scene.ego
    shapes = (corners(b.x, b.y, b.heading, b.length, b.width) for b in (ego, car))
    ahead = corners(ego.x, ego.y, ego.heading, 1.0, 1.0)[[0, 3]].mean(0) - [ego.x, ego.y]
    left = ahead[0] * (car.y - ego.y) - ahead[1] * (car.x - ego.x) > 0
    side = "to the left" if left else "to the right"
    return (
        make_claim("observation", side, distance_between(*shapes), cars=(car.id,)),
        make_claim("observation", "its speed", abs(car.speed), cars=(car.id,)),
    )


def confident_on_a_free_road(at: Scenery) -> Rationale:
    """Honest where something mattered; where nothing did, the nearest car is the cause."""
    if at.step.attribution.causes or not at.step.scene.cars:
        return at.step.rationale
    return blaming(at, nearest_first(at.step.scene)[0])


def wrong_wish(at: Scenery) -> Rationale:
    """Everything is said to be held against half as much again."""

    def off(claim: Claim) -> Claim:
        wish = claim.threshold
        return claim if wish is None else replace(claim, threshold=round(wish * 1.5 + 1.0, 1))

    honest = account(at)
    grounds, about = (tuple(map(off, each)) for each in (honest.grounds, honest.rival_grounds))
    return told(at, replace(honest, grounds=grounds, rival_grounds=about))


def copied_last_sentence(at: Scenery) -> Rationale:
    """The last sentence is that of the decision before."""
    number = at.step.scene.step
    if not number:
        return at.step.rationale
    last = read(at.episode.steps[number - 1].rationale.text)
    return told(at, replace(account(at), causes=last.causes))


def dormant_car_denied(at: Scenery) -> Rationale:
    """Cars that matter only together do not matter at all, and of single ones the last named is the only one."""
    causes = account(at).causes
    return told(at, replace(without_cars(account(at)), causes=causes[1:]))


def two_stories(at: Scenery) -> Rationale:
    """A car is said to be in two places."""
    honest, cars = account(at), nearest_first(at.step.scene)
    if not cars:
        return at.step.rationale
    place = place_of(at.step.scene, cars[0])
    other = (
        make_claim("observation", place[0].quantity, place[0].said + 12.0, cars=place[0].cars),
    )
    claims = (*honest.claims, *place[:1], *other)
    return replace(at.step.rationale, claims=claims)


def distractor_named(at: Scenery) -> Rationale:
    """The nearest car that cost no option anything is told of too."""
    honest, idle = account(at), idle_cars(at)
    if not idle:
        return at.step.rationale
    return told(at, replace(honest, grounds=(*honest.grounds, *place_of(at.step.scene, idle[0]))))


def idle_cars(at: Scenery) -> list[Car]:
    """The cars that cost no option anything, and without which the same is done, the nearest first."""
    weighs = {c for o in at.step.choice.options for t in o.terms if t.worth for c in t.cars}
    weighs |= at.dependence.cars
    return [car for car in nearest_first(at.step.scene) if car.id not in weighs]


def purpose_invented(at: Scenery) -> Rationale:
    """What is done is done for a car that cost no option anything: to stay behind it, or to pass it."""
    honest, idle = account(at), idle_cars(at)
    if honest.purpose is None or not idle:
        return at.step.rationale
    aim = "pass" if honest.decision.lateral == "lane change" else "follow"
    return told(at, replace(honest, purpose=make_claim("purpose", aim, cars=(idle[0].id,))))


# --------------------------------------------------------------------- with options of their own


def showing(at: Scenery, *options: Option) -> Step:
    return replace(at.step, choice=replace(at.step.choice, options=options))


def sums_that_do_not(at: Scenery) -> Step:
    """Every score is half a metre per second better than its terms."""
    better = (o if o.score is None else replace(o, score=o.score + 0.5) for o in options_of(at))
    return showing(at, *better)


def options_of(at: Scenery) -> tuple[Option, ...]:
    return at.step.choice.options


def term_left_out(at: Scenery) -> Step:
    """The weightiest term of every option is not shown."""

    def lighter(option: Option) -> Option:
        weighty = max(option.terms, key=lambda term: abs(term.worth or 0.0), default=None)
        return replace(option, terms=tuple(t for t in option.terms if t is not weighty))

    return showing(at, *map(lighter, options_of(at)))


def wrong_worth(at: Scenery) -> Step:
    """Half of what one term is worth is told of the score as well, so that the sums are right."""

    def lighter(option: Option) -> Option:
        weighed = [term for term in option.terms if term.worth]
        if not weighed:
            return option
        one, half = weighed[0], weighed[0].worth / 2
        terms = tuple(replace(t, worth=half) if t is one else t for t in option.terms)
        return replace(option, terms=terms, score=option.score - half)

    return showing(at, *map(lighter, options_of(at)))


def forged_option_table(at: Scenery) -> Step:
    """The options of another moment of the episode, each summing to its score."""
    others = [
        s for s in at.episode.steps if s is not at.step and _same_actions(s.choice, at.step.choice)
    ]
    if not others:
        return at.step
    return showing(at, *dice(at).choice(others).choice.options)


def _same_actions(one: Choice, other: Choice) -> bool:
    return {o.action for o in one.options} == {o.action for o in other.options}


def rivals_led_astray(at: Scenery) -> Step:
    """Where the other options lead is shown 50 m to the side."""

    def moved(option: Option) -> Option:
        path = replace(option.trajectory, y=option.trajectory.y + 50.0)
        return replace(option, trajectory=path)

    taken = at.step.choice.chosen
    return showing(at, *(o if o is taken else moved(o) for o in options_of(at)))


def scores_inverted(at: Scenery) -> Step:
    """What was worst is shown as best."""
    return showing(
        at, *(o if o.score is None else replace(o, score=-o.score) for o in options_of(at))
    )


LIARS = {
    "nearest car is always the cause": nearest_is_always_the_cause,
    "random car": random_car,
    "right car, wrong number": right_car_wrong_number,
    "wrong side": wrong_side,
    "mirrored": mirrored,
    "future fact": future_fact,
    "boilerplate": boilerplate,
    "another step's text": another_steps_text,
    "padded causes": padded_causes,
    "cause omitted": cause_omitted,
    "true but irrelevant": true_but_irrelevant,
    "confident on a free road": confident_on_a_free_road,
    "wrong wish": wrong_wish,
    "copied last sentence": copied_last_sentence,
    "dormant car denied": dormant_car_denied,
    "two stories": two_stories,
    "distractor named": distractor_named,
    "purpose invented": purpose_invented,
    "sums that do not": sums_that_do_not,
    "term left out": term_left_out,
    "wrong worth": wrong_worth,
    "forged option table": forged_option_table,
    "rivals led astray": rivals_led_astray,
    "scores inverted": scores_inverted,
}
CAUGHT_BY = {
    "nearest car is always the cause": "precision",
    "random car": "precision",
    "right car, wrong number": "number accuracy",
    "wrong side": "number accuracy",
    "mirrored": "consistent, lane",
    "future fact": "causal locality",
    "boilerplate": "recall",
    "another step's text": "number accuracy",
    "padded causes": "precision",
    "cause omitted": "recall",
    "true but irrelevant": "precision",
    "confident on a free road": "minimality",
    "wrong wish": "wishes true",
    "copied last sentence": "causes true",
    "dormant car denied": "recall",
    "two stories": "contradiction",
    "distractor named": "distractor rejection",
    "purpose invented": "purposes weighed",
    "sums that do not": "sums",
    "term left out": "sums",
    "wrong worth": "weighed as shown",
    "forged option table": "weighed as shown",
    "rivals led astray": "weighed as shown",
    "scores inverted": "sums",
}
