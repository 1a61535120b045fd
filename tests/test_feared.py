"""What a policy feared: the hypotheses as it imagined them, told again to the last digit, and nothing that it did not weigh."""

from dataclasses import replace

import numpy as np
import pytest

from drive import policy as policies
from drive.episodes import log, shelf
from drive.episodes.asking import Asker
from drive.language import LANGUAGES, parse_question
from drive.reasoning.deciding import feared
from drive.show import answers, viewer
from drive.types import Feared, Meta, Term, WhyNot
from policies.planner import Planner, followed

STEPS = (2, 3, 7, 9)


@pytest.fixture(scope="module")
def episode():
    return log.read(shelf.find(shelf.root(), shelf.SHIPPED, "highway-fast-planner-1")).episode


@pytest.fixture(scope="module")
def asker(episode):
    return Asker(episode)


def all_imagined(planner, scene):
    """Every hypothesis that the planner can tell of a scene, with the plans of its action."""
    choice = planner.decide(scene)
    for option, plans in zip(
        choice.options, followed(planner._thought(scene), planner._thought(scene).budget), strict=True
    ):  # fmt: skip
        for term in option.terms:
            if term.likely:
                yield planner.imagined(scene, option.action, term), plans


@pytest.mark.parametrize("number", STEPS)
def test_what_is_told_is_where_the_search_drove_everyone(episode, number):
    scene, planner = episode.steps[number].scene, Planner()
    told = list(all_imagined(planner, scene))
    thought = planner._thought(scene)
    assert len(told) > 8
    for imagined, of in told:
        rows = of.weighed.rows
        worlds = thought.plans.world[rows]
        (place,) = np.flatnonzero(worlds == imagined.hypothesis - 1)
        row, period = rows[place], thought.budget.period
        after = thought.tree.take(thought.plans.after[[row]])  # after the first decision
        at = int(np.argmin(abs(imagined.times - min(period, imagined.times[-1]))))
        for car, rows_of in (*imagined.cars.items(), (0, imagined.ego)):
            slot = after.slot(car)
            assert np.array_equal(rows_of[at, :2], after.xy[0, slot]), car
            assert rows_of[at, 2] == after.heading[0, slot] and rows_of[at, 3] == after.speed[0, slot]  # fmt: skip
        crash = thought.plans.crash[row]
        assert imagined.times[-1] == pytest.approx(min(crash, thought.budget.horizon))
        for level in range(int(imagined.times[-1] / period + 1e-6)):
            driven = imagined.times > level * period + 1e-9
            driven &= imagined.times <= (level + 1) * period + 1e-9
            assert imagined.ego[driven, 3].mean() == pytest.approx(of.trace.speed[place, level])


@pytest.mark.parametrize("number", STEPS)
def test_in_that_hypothesis_the_value_is_reached_that_the_term_tells(episode, number):
    scene, compared = episode.steps[number].scene, 0
    for imagined, of in all_imagined(Planner(), scene):
        term = imagined.term
        assert imagined.worst == term.after
        if term.kind == "contact":
            assert imagined.times[-1] == pytest.approx(term.value)
            ego, car = imagined.ego[-1], imagined.cars[term.cars[0]][-1]
            assert np.hypot(*(ego - car)[:2]) < 6.0, "they touch"
        if term.kind != "headway":
            continue
        period = of.budget.period
        during = imagined.times > imagined.worst - period - 1e-9
        during &= imagined.times < imagined.worst - 1e-9
        ego, car = imagined.ego[during], imagined.cars[term.cars[0]][during]
        if (abs(ego[:, 1] - car[:, 1]) < 1.0).all():  # in one lane all the while
            gap, compared = (car[:, 0] - ego[:, 0] - 5.0).min(), compared + 1
            assert gap == pytest.approx(term.value * ego[:, 3].mean(), abs=1.0)
    assert compared


def test_the_scene_begins_where_the_decision_stands_and_asking_again_changes_nothing(episode):
    scene, planner = episode.steps[3].scene, Planner()
    before = planner.decide(scene)
    term = feared(before.chosen)
    first, second = (planner.imagined(scene, before.action, term) for _ in range(2))
    assert np.array_equal(first.ego, second.ego) and planner.decide(scene) == before
    for car, rows in first.cars.items():
        seen = scene.car(car)
        assert np.allclose(rows[0], [seen.x, seen.y, seen.heading, seen.speed], atol=1e-9)


def test_what_is_told_of_no_hypothesis_is_refused(episode):
    scene, planner = episode.steps[3].scene, Planner()
    plain = Term("progress", 20.0, "m/s", "for", worth=20.0)
    with pytest.raises(ValueError, match="no hypothesis"):
        planner.imagined(scene, Meta("IDLE"), plain)
    with pytest.raises(ValueError, match="not among"):
        planner.imagined(scene, Meta("NOTHING"), plain)


# --------------------------------------------------------------------------------------- asking


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_tells_the_term_that_costs_most_and_shows_its_hypothesis(asker, language):
    step = asker.episode.steps[3]
    answer = asker.ask(3, Feared(), language)
    costly = min((t for t in step.choice.chosen.terms if t.likely), key=lambda t: t.worth)
    assert answer.imagined.term == costly
    few, many = costly.likely
    assert str(few) in answer.text and str(many) in answer.text
    assert parse_question(answer.asked, language) == Feared()
    told = answers.answer_data(answer, language)["imagined"]
    assert np.array(told["ego"]) == pytest.approx(answer.imagined.ego, abs=6e-4)
    assert told["about"] == list(costly.cars) and told["of"] == many
    assert told["worst"] == pytest.approx(costly.after)


def test_why_not_shows_what_that_option_would_have_feared(asker):
    step = asker.episode.steps[3]
    option = step.choice.option(Meta("LANE_LEFT"))
    answer = asker.ask(3, WhyNot(option.action), "en")
    assert answer.imagined.action == option.action and answer.imagined.term == feared(option)
    assert answer.imagined.term.kind == "contact" and "hypothesis" in answer.text


def test_where_the_policy_weighs_otherwise_than_its_log_nothing_is_shown(episode):
    step = episode.steps[3]
    chosen = step.choice.chosen
    other = replace(chosen, terms=tuple(replace(t, value=t.value + 0.1) for t in chosen.terms))
    options = tuple(other if o is chosen else o for o in step.choice.options)
    changed = replace(step, choice=replace(step.choice, options=options))
    steps = (*episode.steps[:3], changed, *episode.steps[4:])
    answer = Asker(replace(episode, steps=steps)).ask(3, Feared(), "en")
    assert answer.imagined is None and "otherwise than in the log" in answer.text


def test_it_is_offered_only_where_hypotheses_were_weighed(episode):
    step = episode.steps[3]
    offered = viewer.step_data(episode.header, step)["questions"]
    assert "What did you fear?" in offered
    terms = tuple(replace(t, likely=()) for t in step.choice.chosen.terms)
    calm = replace(step.choice.chosen, terms=terms)
    options = tuple(calm if o is step.choice.chosen else o for o in step.choice.options)
    without = replace(step, choice=replace(step.choice, options=options))
    assert "What did you fear?" not in viewer.step_data(episode.header, without)["questions"]
    assert policies.powers(policies.load("rule")).imagined is None
