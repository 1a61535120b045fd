"""What is said of facts, purposes and options is true where it is said; told of anything else, it is noticed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hand_made import FASTER, IDLE, LEFT, RIGHT, SLOWER, car, narrated, scene
from situations import (
    BY_NAME,
    chosen,
    crossed,
    crossing,
    crossroads,
    keeping,
    oncoming_car,
    option,
    speed,
    term,
    to_the_exit,
    told,
    two_way,
)

from drive.checking import facts, weighed
from drive.checking.scene import Untrue
from drive.checking.text import check_rationale
from drive.kinematics.hazards import contact_in
from drive.language import QUANTITIES, read
from drive.roads import Lane, Road
from drive.roads.lanes import Arc
from drive.types import Choice, Claim, Option, Scene

named = pytest.mark.parametrize("key", sorted(BY_NAME), ids=" ".join)


def verdict(at: Scene, choice: Choice, claim: Claim) -> str:
    if weighed.is_weighed(claim):
        return weighed.check(at, choice, claim).result
    return facts.check(at, claim, choice.chosen.trajectory).result


@named
def test_it_is_said_is_true_and_can_be_read_again(key):
    at, choice, said = told(key)
    claims = [claim for claim in said.claims if (claim.kind, claim.quantity) == key]
    assert claims, said.text
    for claim in claims:
        assert verdict(at, choice, claim) == "true", (claim, said.text)
    assert read(said.text).claims == said.claims
    faults = check_rationale(at, said, choice.chosen.trajectory)
    assert not [v for v in faults if v.result == "false"], said.text


@named
def test_a_wrong_number_is_noticed(key):
    at, choice, said = told(key)
    form = QUANTITIES[key]
    for claim in (c for c in said.claims if (c.kind, c.quantity) == key):
        if isinstance(claim.said, float):
            unit = 10.0**-form.decimals
            for lie in (claim.said + 3 * unit, 2 * claim.said + 3 * unit, -claim.said - unit):
                assert verdict(at, choice, replace(claim, said=lie)) == "false", (lie, claim)
        if claim.threshold is not None:
            assert verdict(at, choice, replace(claim, threshold=claim.threshold + 1)) == "false"


@named
def test_another_car_is_noticed(key):
    at, choice, said = told(key)
    at = replace(at, cars=(*at.cars, car(9, 30.0, lane=2)))
    for claim in (c for c in said.claims if (c.kind, c.quantity) == key):
        if claim.cars:
            assert verdict(at, choice, replace(claim, cars=(9,))) == "false"
            assert verdict(at, choice, replace(claim, cars=(77,))) == "false"


@named
def test_it_is_noticed_of_an_option_against_which_nothing_speaks(key):
    """Of slowing down, to which a term of no worth is given, whatever is said of an option is false."""
    at, choice, said = told(key)
    for claim in (c for c in said.claims if (c.kind, c.quantity) == key and c.option):
        idle = replace(choice, options=(*choice.options, Option(SLOWER, (), 0.0)))
        idle = replace(idle, options=tuple(o for o in idle.options if o.action != claim.option))
        assert verdict(at, idle, claim) == "false", claim


EMPTY = [key for key in sorted(BY_NAME) if key[0] in ("fact", "purpose") and key[1] != "no way out"]
ANYWHERE = {"nothing comes", "follow", "find gap"}  # true, or harmless, on an empty road as well


@pytest.mark.parametrize("key", EMPTY, ids=" ".join)
def test_it_is_noticed_on_an_empty_road(key):
    _, _, said = told(key)
    at, choice = chosen(scene(), option(FASTER, speed(30.0)))
    for claim in (c for c in said.claims if (c.kind, c.quantity) == key):
        if claim.quantity not in ANYWHERE or claim.cars:
            assert verdict(at, choice, claim) == "false", claim


def test_nothing_comes_is_false_where_something_does():
    claim = Claim("fact", "nothing comes", 200.0, "m")
    assert verdict(*keeping(two_way()), claim) == "true"
    assert verdict(*keeping(two_way(oncoming_car(150.0))), claim) == "false"


@pytest.mark.parametrize("bearing", ["ahead", "on the left", "on the right", "behind"])
def test_a_hazard_elsewhere_is_noticed(bearing):
    at, choice, said = told(("fact", f"hazard {bearing}"))
    [claim] = [c for c in said.claims if c.quantity.startswith("hazard")]
    for other in ("ahead", "on the left", "on the right", "behind"):
        lie = replace(claim, quantity=f"hazard {other}")
        assert verdict(at, choice, lie) == ("true" if other == bearing else "false")


def test_priority_is_the_other_ones_where_the_ranks_are_exchanged():
    at, choice = crossed(1, 1, 3)
    theirs, mine = (Claim("fact", q, None, cars=(6,)) for q in ("has priority", "I have priority"))
    assert (verdict(at, choice, theirs), verdict(at, choice, mine)) == ("true", "false")
    at, choice = crossed(1, 3, 1)
    assert (verdict(at, choice, theirs), verdict(at, choice, mine)) == ("false", "true")


CROSSING = Claim("fact", "hazard ahead", 1.0, "s", cars=(3,))


def crossed_by(x: float, y: float, heading: float, speed: float) -> Scene:
    return scene(replace(car(3, x), y=y, heading=heading, speed=speed))


def test_two_ways_to_find_a_contact_agree():
    generator, met, missed = np.random.default_rng(5), 0, 0
    for place in generator.uniform((60, -30, -math.pi, 0), (160, 20, math.pi, 40), (800, 4)):
        at = crossed_by(*map(float, place))
        time = contact_in(at.ego, at.cars[0])
        if time < facts.LONGEST - 0.01:
            met += 1
            assert facts.contact(at, CROSSING) == pytest.approx(time, abs=1e-4), place
        elif time > facts.LONGEST + 0.01:
            missed += 1
            with pytest.raises(Untrue):
                facts.contact(at, CROSSING)
    assert met > 40 and missed > 40


@pytest.mark.parametrize("heading", [0.3, 0.8, 1.4, 2.0, 2.8])
def test_a_graze_of_a_millimetre_is_a_contact_and_a_miss_by_one_is_none(heading):
    """Corners that pass each other touch for a few milliseconds, which no tick of a clock may miss."""

    def at(behind: float) -> Scene:  # a car that comes from the right, aimed so far behind the ego
        x, y = 125.0 - behind - 30.0 * math.cos(heading), -4.0 - 30.0 * math.sin(heading)
        return crossed_by(x, y, heading, 30.0)

    hit, miss = 0.0, 60.0
    assert contact_in(at(hit).ego, at(hit).cars[0]) < 2.0
    assert contact_in(at(miss).ego, at(miss).cars[0]) == math.inf
    while miss - hit > 1e-4:
        middle = (hit + miss) / 2
        touches = contact_in(at(middle).ego, at(middle).cars[0]) < math.inf
        hit, miss = (middle, miss) if touches else (hit, middle)
    graze, past = at(hit - 1e-3), at(miss + 1e-3)
    time = contact_in(graze.ego, graze.cars[0])
    assert facts.contact(graze, CROSSING) == pytest.approx(time, abs=1e-2)
    with pytest.raises(Untrue):
        facts.contact(past, CROSSING)


def test_who_stays_on_their_side_or_is_on_the_wrong_one_already_does_not_change_to_it():
    claim = Claim("fact", "into the oncoming lane", None)
    on_my_side = keeping(two_way(lane=1))
    for at, choice in (on_my_side, keeping(two_way())):
        assert verdict(at, choice, claim) == "false"


def test_what_comes_along_the_lane_that_is_changed_to_is_said():
    at, choice = chosen(
        two_way(oncoming_car(), lane=1), option(LEFT, speed(25.0)), option(IDLE, speed(24.0))
    )
    said = narrated(at, choice)
    claims = [c for c in said.claims if c.quantity == "comes towards me"]
    assert [c.cars for c in claims] == [(5,)] and verdict(at, choice, claims[0]) == "true"
    assert "into the oncoming lane" in said.text


def test_a_gap_that_is_short_of_a_wish_is_told_once():
    at, choice, said = told(("fact", "too close"))
    assert not [c for c in said.claims if c.quantity in ("time gap", "gap ahead")], said.text


def test_a_wreck_is_stopped_for_and_not_let_go_first_whatever_its_lane_ranks():
    at, choice, said = told(("fact", "wreck near"))
    purposes = [c.quantity for c in said.claims if c.kind == "purpose"]
    assert purposes == ["stop before"] and "priority" not in said.text, said.text
    for kind, quantity in (("purpose", "let go first"), ("fact", "has priority")):
        assert verdict(at, choice, Claim(kind, quantity, None, cars=(6,))) == "false"
    intact = replace(at, cars=tuple(replace(each, crashed=False) for each in at.cars))
    assert verdict(intact, choice, Claim("fact", "has priority", None, cars=(6,))) == "true"
    assert verdict(intact, choice, Claim("fact", "wreck near", 1.0, cars=(6,))) == "false"


def test_a_lane_that_only_crosses_the_ego_s_way_does_not_make_it_an_oncoming_lane():
    """Two left turns cross in the middle of a junction, where they lead opposite ways for a moment."""
    far = 24.0 / math.sqrt(2)
    arcs = (
        Arc((0.0, 0.0), 12.0, 0.0, math.pi / 2, 1),
        Arc((far, far), 12.0, math.pi, 1.5 * math.pi, 1),
    )
    turns = [Lane((name, "x", 0), arc, 4.0, 10.0) for name, arc in zip("ab", arcs, strict=True)]
    road, first = Road(tuple(turns)), turns[0]
    x, y = map(float, first.point(first.length / 2))
    assert np.allclose(turns[1].point(turns[1].length / 2), (x, y))
    assert not facts.against_traffic(road, first, x, y)


def test_nothing_is_done_for_a_car_of_which_as_much_is_lost_as_gained():
    """Speeding up costs headway to the crossing car, carrying on its gap: more of it, in all."""
    at = replace(scene(crossing(1)), road=crossroads(0, 3))
    headway, gap = (
        term(kind, -worth, 0.4, "s", cars=(6,), threshold=1.0)
        for kind, worth in (("headway", 6.0), ("gap kept ahead", 7.0))
    )
    for ours, purposes in (((gap,), []), ((), ["let go first"])):
        choice = chosen(at, option(IDLE, speed(28.0), *ours), option(FASTER, speed(26.0), headway))[
            1
        ]
        said = narrated(at, choice)
        assert [c.quantity for c in said.claims if c.kind == "purpose"] == purposes, said.text
        for claim in (c for c in said.claims if c.kind == "purpose"):
            assert weighed.pursued(choice, claim)
    claim = Claim("purpose", "let go first", None, cars=(6,))
    assert not weighed.pursued(
        chosen(at, option(IDLE, speed(28.0), gap), option(FASTER, speed(26.0), headway))[1], claim
    )


def test_a_wreck_alongside_is_not_stopped_for():
    at, choice, _ = told(("fact", "wreck near"))
    beside = replace(car(8, 140.0, lane=2, speed=0.0), crashed=True)
    claim = Claim("purpose", "stop before", None, cars=(8,))
    assert verdict(replace(at, cars=(*at.cars, beside)), choice, claim) == "false"
    assert verdict(at, choice, replace(claim, cars=(6,))) == "true"


@pytest.mark.parametrize(("side", "purposes"), [(RIGHT, ["reach exit"]), (LEFT, [])])
def test_a_change_away_from_the_exit_is_not_said_to_be_for_it(side, purposes):
    """Both are weighed as worth more chances to be there in time; the exit lies to the right."""
    arriving = term("arriving", 6.0, 0.4)
    at, choice = chosen(
        to_the_exit(), option(side, speed(25.0), arriving), option(IDLE, speed(25.0))
    )
    said = narrated(at, choice)
    assert [c.quantity for c in said.claims if c.kind == "purpose"] == purposes, said.text
    claim = Claim("purpose", "reach exit", None)
    assert verdict(at, choice, claim) == ("true" if purposes else "false")
