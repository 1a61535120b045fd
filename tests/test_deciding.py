"""What decided, on hand-made choices: sums, minimal sets of advantages, ties."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from hand_made import FASTER, IDLE, LEFT, SLOWER

from drive.reasoning.deciding import contest, contests
from drive.types import Choice, Option, Term


def weighed(action, *terms: Term) -> Option:
    option = Option(action, terms)
    return replace(option, score=option.sum)


def term(kind: str, worth: float | None, *cars: int) -> Term:
    return Term(kind, 1.0, "", "for" if (worth or 0) > 0 else "against", cars=cars, worth=worth)


def choice_of(*options: Option, even: float = 0.0) -> Choice:
    """The first option is taken."""
    return Choice(options[0].action, options, unit="m/s", even=even)


def keeping_behind() -> Choice:
    """Carrying on, because speeding up would come too close to car 4."""
    return choice_of(
        weighed(IDLE, term("progress", 25.0), term("headway", -0.5, 4)),
        weighed(FASTER, term("progress", 26.4), term("headway", -3.6, 4), term("unrest", -0.1)),
        weighed(SLOWER, term("progress", 22.0), term("unrest", -0.1)),
    )


def random_choice(dice: random.Random) -> Choice:
    def option(action):
        kinds = dice.sample("abcdefg", dice.randrange(1, 7))
        return weighed(action, *(term(kind, dice.uniform(-5, 5), 1) for kind in kinds))

    options = sorted(map(option, (IDLE, FASTER, SLOWER)), key=lambda o: -o.score)
    return choice_of(*options)


def test_what_decided_is_the_margin_and_what_was_given_up_is_progress():
    against_faster, against_slower = contests(keeping_behind())
    assert against_faster.option.action == FASTER, "the strongest comes first"
    [decided] = against_faster.decided
    assert (decided.kind, decided.cars) == ("headway", (4,))
    assert decided.worth == pytest.approx(3.1)
    assert decided.telling == decided.theirs
    assert [d.kind for d in against_faster.given_up] == ["progress"]
    assert against_faster.given_up[0].worth == pytest.approx(-1.4)
    assert [d.kind for d in against_slower.decided] == ["progress"]


def test_differences_sum_to_the_difference_of_the_scores():
    dice = random.Random(1)
    for _ in range(200):
        for each in contests(random_choice(dice)):
            total = sum(d.worth for d in each.pros + each.cons)
            assert total == pytest.approx(each.margin)


def test_what_decided_outweighs_all_that_speaks_against_and_nothing_smaller_does():
    dice, sizes = random.Random(2), set()
    for _ in range(300):
        for each in contests(random_choice(dice)):
            weight = -sum(d.worth for d in each.cons)
            assert sum(d.worth for d in each.decided) > weight
            sizes.add(len(each.decided))
            for fewer in range(len(each.decided)):
                for some in itertools.combinations(each.pros, fewer):
                    assert sum(d.worth for d in some) <= weight or not some
    assert {1, 2} <= sizes


def test_what_was_given_up_would_have_decided_without_any_part_of_what_decided():
    dice = random.Random(3)
    for _ in range(300):
        for each in contests(random_choice(dice)):
            spare = sum(d.worth for d in each.decided[:-1])
            lost = -sum(d.worth for d in each.given_up)
            assert lost > spare or each.given_up == each.cons


def test_a_term_without_worth_decides_nothing():
    options = keeping_behind().options
    plain = tuple(replace(o, terms=(*o.terms, term("gap ahead", None, 9))) for o in options)
    nothing = tuple(replace(o, terms=(*o.terms, term("beside", 0.0, 9))) for o in plain)
    told = contests(Choice(IDLE, nothing))
    assert all(9 not in d.cars for each in told for d in each.pros + each.cons)


def test_a_policy_without_worths_has_no_contests():
    bare = Choice(IDLE, (Option(IDLE, (term("gap ahead", None, 4),)), Option(LEFT)))
    assert contests(bare) == ()


@pytest.mark.parametrize("even, tie", [(0.0, False), (1.0, False), (1.81, True)])
def test_scores_within_the_policys_own_measure_are_a_tie(even, tie):
    choice = replace(keeping_behind(), even=even)
    assert contest(choice, choice.option(FASTER)).tie == tie


def test_equal_scores_are_a_tie_in_any_unit():
    same = (term("progress", 25.0),)
    assert contests(choice_of(weighed(IDLE, *same), weighed(LEFT, *same)))[0].tie


def test_terms_of_one_kind_about_one_car_count_together():
    ours = weighed(IDLE, term("progress", 5.0))
    theirs = weighed(LEFT, term("clearance", -2.0, 3), term("clearance", -4.0, 3))
    [each] = contests(choice_of(ours, theirs))
    close = next(d for d in each.pros if d.kind == "clearance")
    assert close.worth == pytest.approx(6.0) and close.telling.worth == -4.0
