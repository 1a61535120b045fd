"""Policies: found by name, guarded, and deciding as they say; on hand-made scenes."""

import math
import textwrap
from dataclasses import replace

import pytest
from hand_made import car, scene, straight_road

from drive import policy
from drive.checking.verdicts import Verifier
from drive.episodes import log
from drive.episodes.record import record
from drive.evaluation import evaluate
from drive.roads import Lane, Road, Straight
from drive.types import Choice, Control, Decision, Legal, Meta, Option, Rationale, Term
from drive.world import World
from policies.rule import Layers

IDLE = Meta("IDLE")

NULL = ("idle", "slower", "faster", "random")
STEERED = Legal((), (0.0, 0.0), (-0.5, 0.5))


def decided(name: str, at) -> Choice:
    return policy.checked(policy.load(name), at)


def kinds(option: Option) -> set[str]:
    return {term.kind for term in option.terms}


def option(choice: Choice, name: str) -> Option:
    return next(each for each in choice.options if each.action == Meta(name))


# ----------------------------------------------------------------------------------- finding


def test_the_policies_that_ship_are_found_by_name():
    assert {*NULL, "rule", "idm"} <= set(policy.names())
    for name in (*NULL, "rule", "idm"):
        shipped = policy.load(name)
        assert shipped.name == name
        assert shipped.tie == ("post hoc" if name in NULL else "shares evidence")


@pytest.mark.parametrize(
    "name, said",
    [
        ("ruel", "did you mean 'rule'"),
        ("nothing", "choose from .*idle.*rule"),
        ("missing.py", "no policy file 'missing.py'"),
        ("no.such.module:Thing", "cannot be imported"),
        ("os.path", "has none"),
        ("policies.rule:Rul", "no class 'Rul'"),
    ],
)
def test_a_wrong_name_is_refused_in_words(name, said):
    with pytest.raises(ValueError, match=said):
        policy.load(name)


SOURCE = """
    from drive.types import Choice, Meta, Option

    class Helper:
        pass

    class Mine:
        name = "mine"
        tie = "post hoc"
        weights = "abc"

        def decide(self, scene):
            return Choice(Meta("IDLE"), (Option(Meta("IDLE")),))
"""


def test_a_users_own_file_works_with_and_without_its_class(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(textwrap.dedent(SOURCE))
    for name in (str(path), f"{path}:Mine"):
        own = policy.load(name)
        assert own.name == "mine" and policy.weights(own) == "abc"
        assert policy.checked(own, scene()).action == Meta("IDLE")


def test_a_file_that_does_not_load_is_refused_in_words(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("raise RuntimeError('no')")
    with pytest.raises(ValueError, match="cannot be imported: RuntimeError: no"):
        policy.load(str(path))


class Bare:
    """Nothing but what a policy must have."""

    name, tie = "bare", "post hoc"

    def decide(self, scene):
        return Choice(IDLE, (Option(IDLE),))


def test_a_bare_policy_has_every_power_s_default():
    at = replace(scene(), cars=(car(1, 150.0), car(2, 180.0)))
    powers = policy.powers(Bare())
    assert (powers.weights, powers.act) == ("", None)
    assert powers.applies(at.legal) and powers.applies(STEERED)
    assert powers.prepare(print) is None
    assert list(powers.could_matter(at, Bare().decide(at))) == [1, 2]


def test_a_bare_policy_works_wherever_a_power_is_asked_for(tmp_path):
    world = World("highway-fast", {"duration": 3})
    path, *_, end = record(world, Bare(), 0, tmp_path)
    assert end.reason != "policy failed"
    episode = log.read(path).episode
    assert episode.header.weights == ""
    assert all(step.attribution.exhaustive for step in episode.steps)
    findings = [f for each in Verifier(episode, Bare()).findings() for f in each]
    assert findings and all(f.verdict.result != "false" for f in findings)
    results = evaluate("highway-fast", [Bare()], 1, out=tmp_path / "out", progress=False)
    assert not results.failures and not results.absent


def test_the_powers_of_a_policy_are_its_own():
    class Able(Bare):
        weights = "abc"

        def applies(self, legal):
            return legal.steered

        def could_matter(self, scene, choice):
            return (7,)

    powers = policy.powers(Able())
    assert powers.weights == "abc" and powers.could_matter(scene(), None) == (7,)
    assert policy.applies(Able(), STEERED) and not policy.applies(Able(), scene().legal)


def test_an_action_that_is_decoded_from_the_text_must_be_what_the_text_says():
    class Reading(Bare):
        tie = "causes"

        def __init__(self, text):
            self.text = text

        def decide(self, scene):
            said = Rationale(Decision(None, None), (), None, self.tie, self.text)
            return replace(super().decide(scene), rationale=said if self.text else None)

        def act(self, scene, rationale):
            return Meta("SLOWER" if "slow" in rationale.text else "IDLE")

    assert policy.checked(Reading("I go on."), scene()).action == IDLE
    with pytest.raises(policy.PolicyError, match="chose IDLE but its text says SLOWER at step"):
        policy.checked(Reading("I slow down."), scene())
    with pytest.raises(policy.PolicyError, match="gave no rationale, from which"):
        policy.checked(Reading(""), scene())


# ----------------------------------------------------------------------------------- guarding


class Liar:
    name = "liar"
    tie = "post hoc"

    def __init__(self, answer):
        self.answer = answer

    def decide(self, scene):
        return self.answer(scene)


def chose(action, *options):
    return lambda at: Choice(action, options or (Option(action),))


@pytest.mark.parametrize(
    "answer, said",
    [
        (lambda at: 1 / 0, "raised ZeroDivisionError"),
        (lambda at: "IDLE", "returned str, not a Choice"),
        (chose("IDLE"), "which is no action"),
        (chose(Meta("JUMP")), "not legal"),
        (chose(Control(0.0, math.nan)), "not finite"),
        (chose(Control(0.0, 0.1)), "not legal"),
        (chose(IDLE, Option(Meta("SLOWER"))), "without listing it"),
        (chose(IDLE, Option(IDLE, score=math.inf)), "score of inf"),
        (chose(IDLE, Option(IDLE, (Term("time gap", math.nan, "s", "for"),))), "'time gap' of nan"),
        (chose(IDLE, Option(IDLE, (Term("time gap", 1.0, "s", "for", math.nan),))), "threshold"),
    ],
)
def test_what_breaks_the_contract_is_refused_in_one_sentence(answer, said):
    with pytest.raises(policy.PolicyError, match=said) as refused:
        policy.checked(Liar(answer), scene())
    assert "\n" not in str(refused.value)


# ------------------------------------------------------------------------------ null policies


def test_null_policies_weigh_nothing_else():
    for name in NULL:
        choice = decided(name, scene())
        assert len(choice.options) == 1
        assert kinds(choice.chosen) == {"drawn" if name == "random" else "always"}


def test_where_its_action_is_not_legal_now_a_null_policy_idles():
    slowest = replace(scene(), legal=Legal(("IDLE", "FASTER")))
    assert decided("slower", slowest).action == IDLE
    assert decided("faster", slowest).action == Meta("FASTER")


def test_slower_and_faster_have_no_action_where_the_road_is_steered():
    assert [policy.applies(policy.load(name), STEERED) for name in NULL] == [
        True,
        False,
        False,
        True,
    ]
    assert decided("idle", replace(scene(), legal=STEERED)).action == Control(0.0, 0.0)


def test_random_draws_from_seed_and_step_alone():
    at = scene()
    assert decided("random", at) == decided("random", replace(at, cars=(car(1, 130.0),)))
    drawn = {str(decided("random", replace(at, step=step)).action) for step in range(40)}
    assert drawn == set(at.legal.meta)
    wheels = [
        decided("random", replace(at, legal=STEERED, step=k)).action.steering for k in range(40)
    ]
    assert len(set(wheels)) == 40 and all(abs(wheel) <= 0.5 for wheel in wheels)


# ------------------------------------------------------------------------------- rule and idm


@pytest.mark.parametrize("name", ["rule", "idm"])
def test_every_legal_action_is_weighed_and_the_scene_alone_decides(name):
    at = scene(car(1, 130.0, speed=20.0), car(2, 90.0, lane=0, speed=29.0))
    choice = decided(name, at)
    assert {str(each.action) for each in choice.options} == set(at.legal.meta)
    assert all(each.terms and each.target_lane for each in choice.options)
    assert choice == decided(name, at) == decided(name, replace(at, seed=7))


@pytest.mark.parametrize("name", ["rule", "idm"])
def test_a_free_road_is_driven_faster_in_the_same_lane(name):
    choice = decided(name, scene(speed=21.0))
    assert choice.action == Meta("FASTER")
    assert "free ahead" in kinds(choice.chosen)


@pytest.mark.parametrize("name", ["rule", "idm"])
def test_behind_a_slower_car_with_both_sides_taken_it_slows_down(name):
    walls = [car(k + 2, 95.0 + 9.0 * (k // 2), lane=2 * (k % 2), speed=25.0) for k in range(4)]
    choice = decided(name, scene(car(1, 120.0, speed=20.0), *walls))
    assert choice.action == Meta("SLOWER")
    assert "beside" in kinds(option(choice, "LANE_LEFT")) & kinds(option(choice, "LANE_RIGHT"))


@pytest.mark.parametrize("name", ["rule", "idm"])
def test_behind_a_slower_car_with_the_left_free_it_passes(name):
    ahead = car(1, 135.0, speed=20.0)
    right = [car(2, 101.0, lane=2, speed=25.0)]
    choice = decided(name, scene(ahead, *right))
    assert choice.action == Meta("LANE_LEFT")
    against = {term.cars for term in option(choice, "IDLE").terms if term.cars}
    assert against == {(1,)}


def test_rule_does_not_change_in_front_of_a_fast_car():
    fast = car(2, 88.0, lane=0, speed=38.0)
    choice = decided("rule", scene(car(1, 135.0, speed=20.0), fast, lanes=2))
    assert choice.action != Meta("LANE_LEFT")
    assert "closing from behind" in kinds(option(choice, "LANE_LEFT"))


def test_rule_expects_a_leader_to_brake_for_the_car_ahead_of_it():
    lead, wall, jam = car(1, 145.0, speed=25.0), car(2, 101.0, lane=0), car(3, 152.0, speed=5.0)
    alone = decided("rule", scene(lead, wall, lanes=2))
    pressed = decided("rule", scene(lead, wall, jam, lanes=2))
    assert alone.action == Meta("FASTER") and pressed.action != Meta("FASTER")


def test_rule_does_not_pass_against_oncoming_traffic():
    lanes = straight_road(2).lanes
    back = Lane(("b", "a", 0), Straight((1000.0, 0.0), (0.0, 0.0)), 4.0, 30.0)
    at = replace(scene(car(1, 135.0, speed=20.0)), road=Road((*lanes, back)))
    oncoming = replace(car(2, 230.0, lane=0, speed=25.0), heading=math.pi, lane=back.id)
    choice = decided("rule", replace(at, cars=(*at.cars, oncoming)))
    assert choice.action != Meta("LANE_LEFT")
    (term,) = [t for t in option(choice, "LANE_LEFT").terms if t.kind == "time to collision"]
    assert term.cars == (2,) and term.value == pytest.approx(2.5)


@pytest.mark.parametrize("name", ["rule", "idm"])
def test_a_steered_road_is_a_fan_of_controls_and_the_lane_is_followed(name):
    at = replace(scene(speed=10.0), legal=STEERED)
    at = replace(at, ego=replace(at.ego, y=-4.5, heading=0.02))
    choice = decided(name, at)
    assert choice.chosen.target_lane == ("a", "b", 1) and choice.action.steering > 0
    assert {each.target_lane for each in choice.options} == {("a", "b", k) for k in range(3)} | {
        None
    }


@pytest.mark.parametrize("name", ["rule", "idm"])
def test_a_slower_car_on_a_steered_road_is_passed(name):
    at = replace(scene(car(1, 117.0, speed=6.0), speed=10.0), legal=STEERED)
    assert decided(name, at).chosen.target_lane in {("a", "b", 0), ("a", "b", 2)}


def test_rule_heads_for_the_exit_when_nothing_is_in_the_way():
    lanes = straight_road(2, 500.0).lanes
    ramp = Lane(("b", "out", 0), Straight((500.0, -4.0), (600.0, -20.0)), 4.0, 30.0)
    on = Lane(("b", "c", 0), Straight((500.0, 0.0), (900.0, 0.0)), 4.0, 30.0)
    at = scene(lane=0, lanes=2)
    task = replace(at.task, kind="exit", goal=(ramp.id,))
    choice = decided("rule", replace(at, road=Road((*lanes, on, ramp)), task=task))
    assert choice.action == Meta("LANE_RIGHT")
    assert {"lanes to goal", "distance to goal"} <= kinds(option(choice, "IDLE"))


@pytest.mark.parametrize("name", ["rule", "idm"])
def test_every_number_of_a_term_is_finite(name):
    crowd = [car(k, 60.0 + 11.0 * k, lane=k % 3, speed=(7.0 * k) % 30) for k in range(1, 12)]
    for each in decided(name, scene(*crowd, speed=0.0)).options:
        assert all(math.isfinite(term.value) for term in each.terms)
        assert all(math.isfinite(term.threshold or 0.0) for term in each.terms)


@pytest.mark.parametrize("worths, told", [((1.0, 0.5), "sum to 1.5"), ((math.nan, 0.0), "nan")])
def test_terms_that_do_not_sum_to_the_score_are_refused(worths, told):
    class Sums:
        name, tie = "sums", "shares evidence"

        def decide(self, scene):
            terms = tuple(Term("value", 0.0, "", "for", worth=worth) for worth in worths)
            return Choice(Meta("IDLE"), (Option(Meta("IDLE"), terms, 2.0),))

    scene = World("highway-fast", physics="twin").reset(3)
    with pytest.raises(policy.PolicyError, match=told):
        policy.checked(Sums(), scene)


def test_each_layer_of_the_rule_outweighs_everything_below_it():
    layers = Layers()
    prices = [  # price of 1, smallest difference, largest difference
        (layers.danger, 1, 2),
        (layers.severity, 0.01, 99.99),
        (layers.lanes, 1, 9),
        (layers.lane_speed, 0.1, 80),
        (1.0, 0.1, 90),
        (layers.unrest, 1, 1),
    ]
    for number, (price, least, _) in enumerate(prices):
        assert price * least > sum(price * most for price, _, most in prices[number + 1 :])
