"""The policy that sees pictures and thinks in words: what it is shown, what its words do, and how it is trained."""

import json
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from drive import policy
from drive.camera import mounted
from drive.checking import decisions
from drive.checking.sight import car_in
from drive.checking.verdicts import Verifier
from drive.episodes.rollout import run
from drive.language import LANGUAGES, make_claim, read, say_rationale
from drive.language.quantities import RELATIONS
from drive.reasoning.narrate import narrate
from drive.reasoning.reasons import situation_of
from drive.types import Choice, Claim, Meta, Rationale
from drive.world import World
from drive.world.beginnings import fleet
from policies.vla import WEIGHTS, Vla, network, thinking, train
from policies.vla import grammar as g
from policies.vla.shown import own_numbers, own_numbers_of, pictures_for
from policies.vla.teacher import Teacher, scene_words

TINY = {"rounds": 2, "fleets": 2, "worlds": 16, "decisions": 3, "warm": 2, "evaluate_every": 2,
        "episodes": 4}  # fmt: skip


def make(name, count):
    return fleet(World(name), count)


@pytest.fixture(scope="module")
def driver():
    return Vla()


@pytest.fixture(scope="module")
def episode(driver):
    return run(World("highway-fast", {"duration": 12}, "twin"), driver, 5, causes="never")


# ------------------------------------------------------------------------------------ what it is shown


def test_nothing_but_pictures_and_the_ego_reaches_it(driver):
    """Other ids, lanes and an empty past of words change nothing; a car that is taken away changes the pictures."""
    world = World("highway-fast", physics="twin")
    scene = world.reset(3)
    for _ in range(3):
        world.step(Meta("IDLE"))
    scene = world.scene
    past = {
        car.id + 40: rows
        for car in scene.cars
        if (rows := scene.history.cars.get(car.id)) is not None
    }
    masked = replace(
        scene,
        cars=tuple(replace(car, id=car.id + 40, lane=("0", "1", 0)) for car in scene.cars),
        history=replace(scene.history, cars=past),
        seed=9,
        scenario="merge",
    )
    assert driver.decide(masked) == driver.decide(scene)
    shown, fewer = (pictures_for(each) for each in (scene, replace(scene, cars=scene.cars[1:])))
    assert not np.array_equal(shown.seen, fewer.seen)
    assert set(vars(shown)) == {"seen", "own", "legal"}


def test_a_scene_and_a_fleet_show_it_the_same():
    world, batch = World("highway-fast", physics="twin"), make("highway-fast", 1)
    world.reset(19001)
    batch.begin([19001])
    for action in ("SLOWER", "LANE_RIGHT", "IDLE", "SLOWER"):
        assert np.allclose(own_numbers(world.scene), own_numbers_of(batch)[0], atol=1e-5)
        if not world.scene.legal.allows(Meta(action)):
            action = "IDLE"
        assert not world.step(Meta(action)).ended
        batch.step(np.array([g.OPTIONS.index(action)]))


def test_the_true_scene_words_are_true_by_other_code(episode):
    """What it is taught to see, held against the checker, which shares no code with it."""
    batch, seen = make("highway-fast", 1), 0
    batch.begin([5])
    for step in episode.steps:
        (words,), _ = scene_words(batch.worlds)
        for number, relation in enumerate(RELATIONS):
            car = car_in(step.scene, relation)
            assert (words[number] == g.NO_GAP) == (car is None), relation
            seen += car is not None
        batch.step(np.array([g.OPTIONS.index(step.choice.action.name)]))
    assert seen > 10


# --------------------------------------------------------------------------------------- its words


def drawn_words(rng):
    scene, verdict = (
        np.array([rng.integers(0, n) for n in each]) for each in (g.SCENE_WORDS, g.VERDICT_WORDS)
    )
    causes = {
        int(k): int(rng.integers(0, len(g.OPTIONS)))
        for k in rng.permutation(6)[: rng.integers(0, 3)]
    }
    return thinking.Minded(scene, verdict, [], causes)


def test_any_words_can_be_said_in_every_language_and_are_read_again(episode):
    rng = np.random.default_rng(0)
    step = episode.steps[3]
    for _ in range(60):
        minded = drawn_words(rng)
        claims, verdict = thinking.claims_of(minded), minded.verdict
        assert np.array_equal(thinking.words_of(claims), verdict)
        if not claims:
            continue
        choice = replace(step.choice, thoughts=claims)
        for language in LANGUAGES:
            said = narrate(situation_of(step.scene, choice), choice, "causes", language)
            account = read(said.text, language)
            assert say_rationale(account, language) == said.text
            assert np.array_equal(thinking.words_of(account.claims), verdict), said.text


def test_the_action_is_decoded_from_the_words_that_are_given(driver, episode):
    """Its own words give its own action; a grade that is changed changes it; another option's words do not."""
    changed = kept = 0
    for step in episode.steps:
        assert driver.act(step.scene, step.rationale) == step.choice.action
        others = [
            option.action for option in step.choice.options if option.action != step.choice.action
        ]
        called = {option: graded(step.rationale, {option: "best"}, "danger") for option in others}
        for option, words in called.items():
            changed += driver.act(step.scene, words) == option
        worse = graded(step.rationale, {others[0]: "danger"})
        kept += driver.act(step.scene, worse) == step.choice.action
    assert changed >= 0.9 * sum(len(s.choice.options) - 1 for s in episode.steps)
    assert kept >= 0.9 * len(episode.steps)


def graded(rationale: Rationale, grades: dict, others: str = "") -> Rationale:
    """The rationale with other grades for some options, and for all the others."""

    def changed(claim: Claim) -> Claim:
        if claim.kind != "grade":
            return claim
        return replace(claim, quantity=grades.get(claim.option, others or claim.quantity))

    return replace(rationale, claims=tuple(map(changed, rationale.claims)))


def test_words_without_a_grade_leave_nothing_possible_and_an_action_is_still_legal(driver, episode):
    step = episode.steps[0]
    silent = replace(step.rationale, claims=())
    assert step.scene.legal.allows(driver.act(step.scene, silent))


def test_every_claim_is_tested_and_what_it_grades_is_what_it_thinks(driver, episode):
    results = {}
    for findings in Verifier(episode, driver).findings():
        for finding in findings:
            results.setdefault(finding.verdict.claim.kind, []).append(finding.verdict.result)
    assert set(results) >= {"sight", "grade", "intention"}
    assert set(results["grade"]) == {"true"} and set(results["intention"]) == {"true"}
    assert "untestable" not in {each for kind in results.values() for each in kind}
    assert results["sight"].count("true") >= 0.7 * len(results["sight"])


def test_false_words_are_told(driver, episode):
    """A grade that it did not think, a gap where nobody is, and a car that is none of the causes."""
    verifier, step = Verifier(episode, driver), episode.steps[4]
    forged = (
        make_claim("grade", "danger", option=step.choice.action),
        make_claim("sight", "gap ahead", 5.0, threshold=8.0),
        make_claim("cause", "without behind", option=Meta("SLOWER")),
    )
    steps = list(episode.steps)
    steps[4] = replace(step, rationale=replace(step.rationale, claims=forged))
    verifier = Verifier(replace(episode, steps=tuple(steps)), driver)
    findings = list(verifier.findings())[4]
    told = {f.verdict.claim: f.verdict.result for f in findings}
    assert [told[claim] for claim in forged] == ["false"] * 3


def test_thoughts_that_are_forged_in_a_log_are_noticed(driver, episode):
    """In the choice alone, whose words are not shown, as well as in what is said."""
    assert not any(
        check.false for each in Verifier(episode, driver).steps() for check in each.checks
    )
    steps = list(episode.steps)
    first, *rest = steps[4].choice.thoughts
    thoughts = (replace(first, said=first.said + 1.0), *rest)
    steps[4] = replace(steps[4], choice=replace(steps[4].choice, thoughts=thoughts))
    checked = [*Verifier(replace(episode, steps=tuple(steps)), driver).steps()][4]
    assert [check.kind for check in checked.checks if check.false] == ["words"]


def test_every_part_of_a_choice_is_compared_with_the_choice_made_again(episode):
    """A rationale of the policy's own is compared where it is said, in the step; all else of a choice here."""
    choice = episode.steps[4].choice
    other = {
        "action": Meta("SLOWER"), "options": choice.options[:1], "thoughts": choice.thoughts[1:],
        "answered": False, "notes": ("a note",), "unit": "m", "even": 0.5,
    }  # fmt: skip
    assert {part.name for part in fields(Choice)} == {*other, "rationale"}
    for name, value in other.items():
        assert [*decisions._of_choice(replace(choice, **{name: value}), choice)], name
    assert not [*decisions._of_choice(choice, choice)]


def test_the_cameras_are_compiled_before_the_first_decision(driver):
    driver.prepare(print)
    assert mounted.caster.cast.signatures


# ------------------------------------------------------------------------------------- the training


def test_a_training_goes_on_exactly_where_it_stopped(tmp_path):
    whole = train.train(tmp_path / "whole", make=make, **TINY)
    half = train.Training(train.Settings(**TINY), make)
    next(half.run())
    half.save(tmp_path / train.CHECKPOINT)
    resumed = train.train(tmp_path, make=make, **TINY)
    assert replace(resumed, round=0) == replace(whole, round=0)
    one, other = (load_file(folder / train.WEIGHTS) for folder in (tmp_path, tmp_path / "whole"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    about = json.loads((tmp_path / train.ABOUT).read_text())
    assert about["settings"]["worlds"] == TINY["worlds"] and len(about["scores"]) == 2
    with pytest.raises(ValueError, match="begun with seed 0, not 1"):
        train.train(tmp_path, make=make, **TINY | {"seed": 1})


def test_half_a_minute_of_training_makes_the_loss_fall():
    settings = train.Settings(rounds=30, fleets=2, worlds=48, decisions=4, warm=4)
    training = train.Training(settings, make)
    losses = []
    for _ in range(6):
        training._drive_and_learn()
        training.round += 1
        losses.append(training.told["loss"])
    assert losses[-1] < 0.85 * losses[0], losses


def test_the_teacher_grades_what_it_values():
    batch = make("highway-fast", 8)
    batch.begin(range(8))
    lesson = Teacher().lesson(batch.worlds, batch.legal())
    grades = lesson.verdict
    best = network.masked(lesson.values, lesson.legal).argmax(-1)
    assert (grades[torch.arange(8), best] == g.BEST).all()
    assert (grades[~lesson.legal] == g.NOT_POSSIBLE).all() and (grades[lesson.legal] > 0).all()


@pytest.mark.parametrize(
    "content, why", [(b"not a file", "no safetensors file"), (None, "no weights can be read")]
)
def test_bad_weights_are_refused_in_a_sentence(tmp_path, content, why):
    path = tmp_path / "weights.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=why):
        Vla(path)


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    weights = load_file(WEIGHTS)
    weights.pop(next(iter(weights)))
    save_file(weights, path)
    with pytest.raises(ValueError, match="another network"):
        Vla(path).decide(World("highway-fast").reset(1))


def test_the_weights_are_small_and_the_policy_ships():
    assert WEIGHTS.stat().st_size < 16e6
    assert "vla" in policy.names() and policy.about("vla").startswith("Sees four cameras")
    line = "import sys, drive.policy as p; p.load('vla'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", line], check=True)
