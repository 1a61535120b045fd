"""What a narrator shows and says, against what was weighed; on hand-made choices with round numbers."""

from dataclasses import replace

import pytest
from hand_made import IDLE, LEFT, SLOWER, car, scene

from drive.checking import weighing
from drive.kinematics.foresight import foresee
from drive.language import make_claim
from drive.types import Choice, Decision, Option, Rationale, Term

HEADWAY = Term("headway", 0.8, "s", "against", 1.2, (1,), worth=-2.0)
GAP = Term("gap ahead", 20.0, "m", "against", 25.0, (1,))
PROGRESS = Term("progress", 25.0, "m/s", "for", worth=25.0)
ASIDE = Term("clearance", 0.2, "m", "against", 0.5, (2,), worth=-0.5)
SEEN = scene(car(1, 130.0), car(2, 131.0, lane=0), car(3, 190.0), car(4, 160.0, lane=2))


def choice() -> Choice:
    options = (
        Option(IDLE, (PROGRESS, HEADWAY, GAP), 23.0, ("a", "b", 1)),
        Option(LEFT, (PROGRESS, ASIDE), 24.5, ("a", "b", 0)),
        Option(SLOWER, (replace(PROGRESS, value=20.0, worth=20.0),), 20.0, ("a", "b", 1)),
    )
    return foresee(SEEN, Choice(LEFT, options, unit="m/s"))


def said(*claims, rival=None) -> Rationale:
    return Rationale(Decision(None, None), claims, rival, "shares evidence", "")


def near(number: int, metres: float, **more):
    return make_claim("observation", "gap ahead", metres, cars=(number,), **more)


def test_sums_count_options_and_only_those_with_a_score():
    shown = choice()
    worse = replace(shown.options[0], score=22.0)
    unscored = Option(SLOWER, (GAP,))
    forged = replace(shown, options=(worse, shown.options[1], unscored))
    assert list(weighing.sums(shown)) == [1.0, 1.0, 1.0]
    assert list(weighing.sums(forged)) == [0.0, 1.0]


@pytest.mark.parametrize(
    "change",
    [
        lambda o: replace(o, score=o.score + 0.1),
        lambda o: replace(o, terms=o.terms[1:]),
        lambda o: replace(o, terms=(replace(o.terms[0], worth=24.0), *o.terms[1:])),
        lambda o: replace(o, terms=(*o.terms[:-1], replace(o.terms[-1], threshold=9.0))),
        lambda o: replace(o, trajectory=replace(o.trajectory, x=o.trajectory.x + 0.1)),
    ],
)
def test_an_option_is_as_weighed_only_where_every_number_is(change):
    shown = choice()
    forged = replace(shown, options=(change(shown.options[0]), *shown.options[1:]))
    assert list(weighing.as_weighed(shown, shown)) == [1.0, 1.0, 1.0]
    assert list(weighing.as_weighed(forged, shown)) == [0.0, 1.0, 1.0]


def test_a_wish_is_true_where_a_term_about_that_car_was_held_against_it():
    told = said(near(1, 20.0, threshold=25.0), near(1, 20.0, threshold=26.0), near(1, 20.0))
    other_car = said(near(2, 20.0, threshold=25.0))
    assert list(weighing.wishes(told, choice())) == [1.0, 0.0]
    assert list(weighing.wishes(other_car, choice())) == [0.0]


def test_the_most_weighty_car_is_the_one_that_sets_the_choice_and_its_best_rival_apart():
    assert weighing.by_car(choice()) == pytest.approx({1: 2.0, 2: -0.5})
    assert list(weighing.decisive(frozenset({1}), choice())) == [1.0]
    assert list(weighing.decisive(frozenset({2}), choice())) == [0.0]
    assert list(weighing.decisive(frozenset(), replace(choice(), action=SLOWER))) == [0.0]


def test_where_no_car_cost_anything_none_has_to_be_named():
    plain = Option(IDLE, (PROGRESS,), 25.0), Option(SLOWER, (PROGRESS,), 25.0)
    assert list(weighing.decisive(frozenset(), Choice(IDLE, plain))) == []


def test_no_car_was_decisive_that_adds_less_than_the_lead():
    """Left leads by 1.5; car 1 adds 2.0 of it, and would add 1.0 were its headway half as bad."""
    half = replace(HEADWAY, worth=-1.0)
    options = (
        replace(choice().options[0], terms=(PROGRESS, half, GAP), score=24.0 - 1.5),
        *choice().options[1:],
    )
    assert list(weighing.decisive(frozenset({1}), replace(choice(), options=options))) == []


def test_a_purpose_is_weighed_where_the_choice_is_better_by_it():
    """Car 1 costs staying 2.0; nothing about car 3 or about the exit cost anything."""
    passing = said(make_claim("purpose", "pass", cars=(1,)))
    idle, leaving = (
        said(make_claim("purpose", "follow", cars=(3,))),
        said(make_claim("purpose", "reach exit")),
    )
    assert list(weighing.purposes(passing, choice())) == [1.0]
    assert list(weighing.purposes(idle, choice())) == [0.0]
    assert list(weighing.purposes(leaving, choice())) == [0.0]


def test_the_distractor_is_the_nearest_car_that_neither_costs_nor_causes():
    """Cars 1 and 2 cost; of cars 3 and 4, the latter is nearer."""
    none, its_cause = frozenset(), frozenset({4})
    assert list(weighing.distractor(SEEN, said(near(1, 25.0)), choice(), none)) == [1.0]
    assert list(weighing.distractor(SEEN, said(near(4, 55.0)), choice(), none)) == [0.0]
    assert list(weighing.distractor(SEEN, said(near(4, 55.0)), choice(), its_cause)) == [1.0]
    assert list(weighing.distractor(SEEN, said(near(3, 85.0)), choice(), its_cause)) == [0.0]


@pytest.mark.parametrize(
    "rationale, wrong",
    [
        (said(near(1, 20.0), near(2, 30.0)), 0.0),
        (said(near(1, 20.0), near(1, 20.0, option=LEFT)), 0.0),
        (said(near(1, 20.0), near(1, 32.0)), 1.0),
        (
            said(
                make_claim("observation", "to the left", 3.0, cars=(1,)),
                make_claim("observation", "to the right", 3.0, cars=(1,)),
            ),
            1.0,
        ),
        (said(make_claim("cause", "without", cars=(1,), option=LEFT)), 1.0),
        (said(make_claim("cause", "without", cars=(1,), option=IDLE)), 0.0),
        (said(make_claim("rejection", "speed", 20.0, option=LEFT)), 1.0),
        (said(rival=LEFT), 1.0),
        (said(rival=IDLE), 0.0),
    ],
)
def test_two_things_that_cannot_both_be_so_contradict_each_other(rationale, wrong):
    """The action taken is to change left."""
    assert weighing.contradicts(choice(), rationale) == wrong


def test_between_two_decisions_a_gap_may_change_as_fast_as_cars_can():
    before, after, far = (said(near(1, metres)) for metres in (20.0, 90.0, 120.0))
    assert weighing.contradicts_before(after, before, 1.0) == 0.0
    assert weighing.contradicts_before(far, before, 1.0) == 1.0


def test_the_chance_of_a_contact_is_the_share_of_hypotheses_that_end_in_one():
    hits = tuple(
        Term("contact", 2.0, "s", "against", cars=(n,), worth=-1.0, after=2.0, likely=(k, 7))
        for n, k in ((1, 2), (2, 1))
    )
    of = choice()
    options = (replace(of.options[0], terms=hits), *of.options[1:])
    assert weighing.contact_chance(of) is None
    assert weighing.contact_chance(replace(of, options=options)) == 0.0
    taken = replace(of, options=options, action=IDLE)
    assert weighing.contact_chance(taken) == pytest.approx(3 / 7)
