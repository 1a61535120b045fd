"""Words of a policy that thinks in words: how likely each was, one changed by hand, and what comes of that."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from drive import policy as policies
from drive.camera.mounted import CAMERAS, MOMENTS, pictures_of
from drive.episodes import log
from drive.episodes.record import finished
from drive.episodes.rollout import run
from drive.episodes.splicing import WORDLESS, Splicer
from drive.language import LANGUAGES
from drive.language.quantities import RELATIONS
from drive.policy import load
from drive.show import requests, thoughts, viewer
from drive.types import Decision, Rationale
from drive.world import World
from policies.vla import Vla, thinking
from policies.vla import grammar as g

SECONDS, STEP = 6, 2


@pytest.fixture(scope="module")
def driver():
    return Vla()


@pytest.fixture(scope="module")
def path(driver, tmp_path_factory):
    path = tmp_path_factory.mktemp("thoughts") / "run" / "x.jsonl"
    world = World("highway-fast", {"duration": SECONDS}, "twin")
    log.write(path, finished(run(world, driver, 7, causes="never")))
    return path


@pytest.fixture(scope="module")
def episode(path):
    return log.read(path).episode


@pytest.fixture(scope="module")
def splicer(episode):
    return Splicer(episode)


def said(thought):
    return {word.place: word.names[word.said] for word in thought.words}


def scene_of(episode, step=STEP):
    return episode.steps[step].scene


# --------------------------------------------------------------------------------------- the words


def test_the_words_are_those_of_the_decision(driver, episode):
    for step in episode.steps:
        thought = driver.spelled(step.scene)
        assert thought.choice == driver.decide(step.scene)
        assert thought.choice.action == step.choice.action
        told = said(thought)
        for claim in step.choice.thoughts:
            if claim.kind == "grade":
                assert told[f"grade {claim.option.name}"] == claim.quantity


def test_shares_of_a_place_sum_to_one_and_what_cannot_stand_has_none(driver, episode):
    scene = scene_of(episode)
    for word in driver.spelled(scene).words:
        assert sum(word.likely) == pytest.approx(1.0, abs=1e-4)
        assert word.likely[word.said] > 0 and len(word.names) == len(word.claims)
        if word.place.startswith("grade "):
            offered = word.place.removeprefix("grade ") in scene.legal.meta
            assert (word.likely[g.NOT_POSSIBLE] == 0) == offered


def test_a_word_by_hand_stands_and_only_what_is_said_after_it_changes(driver, episode):
    scene = scene_of(episode)
    before = said(driver.spelled(scene))
    after = driver.spelled(scene, {"grade IDLE": "danger"})
    told = said(after)
    assert told.pop("grade IDLE") == "danger" and before.pop("grade IDLE") != "danger"
    assert told == before, "a verdict word changes no other word"
    assert [word.place for word in after.words if word.by_hand] == ["grade IDLE"]
    near = driver.spelled(scene, {"gap ahead": "0 to 2 m"})
    scene_words = [place for place in before if place.split()[0] in ("gap", "closing", "lanes")]
    changed = {p for p in scene_words if said(near)[p] != said(driver.spelled(scene))[p]}
    assert "gap ahead" in changed <= {"gap ahead", "closing ahead"}


def test_the_decision_is_decoded_from_the_words_that_were_put_in(driver, episode):
    scene = scene_of(episode)
    for place, name in (("grade IDLE", "danger"), ("gap ahead", "nobody")):
        choice = driver.spelled(scene, {place: name}).choice
        words = Rationale(Decision(None, None), choice.thoughts, None, "causes", "")
        assert driver.act(scene, words) == choice.action


@pytest.mark.parametrize("relation", RELATIONS)
def test_nobody_is_nobody_at_both_places(driver, episode, relation):
    told = said(driver.spelled(scene_of(episode), {f"gap {relation}": "nobody"}))
    assert told[f"closing {relation}"] == "nobody"
    near = said(driver.spelled(scene_of(episode), {f"gap {relation}": "8 to 12 m"}))
    assert near[f"closing {relation}"] != "nobody"


def test_what_it_says_that_it_would_do_without_a_car_it_does_when_it_says_that_nobody_is_there(
    driver, episode
):
    """And of no other car is that said, but where two are named already."""
    named = 0
    for step in episode.steps:
        told = driver.decide(step.scene)
        causes = {
            c.quantity.removeprefix("without "): c.option
            for c in told.thoughts
            if c.kind == "cause"
        }
        for relation in RELATIONS:
            without = driver.spelled(step.scene, {f"gap {relation}": "nobody"}).choice.action
            if relation in causes:
                assert causes[relation] == without != told.action
            else:
                assert without == told.action or len(causes) == thinking.NAMED
        named += len(causes)
    assert named


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"gap": "nobody"}, "no place 'gap' in its thoughts"),
        ({"gap ahead": "far"}, "'far' cannot stand at 'gap ahead'"),
        ({"grade LANE_RIGHT": "best"}, "'best' cannot stand at 'grade LANE_RIGHT'"),
        ({"grade IDLE": "not possible"}, "'not possible' cannot stand at 'grade IDLE'"),
    ],
)
def test_what_cannot_be_said_is_refused_in_a_sentence(driver, episode, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        driver.spelled(scene_of(episode), given)


def test_every_place_has_as_many_words_as_the_network(driver):
    sizes = (*g.SCENE_WORDS, *g.VERDICT_WORDS)
    assert tuple(map(len, thinking.PLACES.values())) == sizes


# ------------------------------------------------------------------------------------- what follows


def test_the_future_of_changed_words_begins_with_what_they_command(splicer, episode):
    given = {"grade IDLE": "danger", "grade SLOWER": "best"}
    wanted = splicer.thought(STEP, given).choice.action
    assert wanted != episode.steps[STEP].choice.action
    branch = splicer.driven(STEP, given, 2)
    assert len(branch.steps) == STEP + 2 and branch.steps[STEP].driven == wanted
    again = load("vla").decide(branch.steps[STEP + 1].scene)
    assert branch.steps[STEP + 1].choice.action == again.action, "then it thinks by itself"
    same = splicer.driven(STEP, {}, 1)
    assert same.steps[STEP].driven == episode.steps[STEP].driven


def test_a_policy_without_words_is_refused(tmp_path):
    world = World("highway-fast", {"duration": 2}, "twin")
    other = Splicer(run(world, load("idle"), 0, causes="never"))
    with pytest.raises(ValueError, match=WORDLESS):
        other.thought(0, {})
    assert other.pictures(0) is None


# ------------------------------------------------------------------------------------- on the page


def ask(path, *asked):
    thinker = thoughts.Thinking(lambda run, name: path)
    return json.loads(requests.thought(thinker, ["run", "x", *asked]))


def test_the_pictures_are_the_pixels_that_it_was_given(path, episode):
    import cv2

    told = ask(path, STEP, {}, 0, "en")["cameras"]
    drawn = pictures_of(scene_of(episode))
    assert [camera["name"] for camera in told] == [camera.name for camera in CAMERAS]
    for camera, seen in zip(told, drawn, strict=True):
        assert [ago for ago, _ in camera["moments"]] == list(MOMENTS)
        for (_, address), picture in zip(camera["moments"], seen, strict=True):
            data = base64.b64decode(address.removeprefix("data:image/png;base64,"))
            read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(read, picture)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_said_in_every_language(path, language):
    told = ask(path, STEP, {}, 0, language)
    assert told["changed"] is None and told["act"]
    english = {w["place"]: w for w in ask(path, STEP, {}, 0, "en")["words"]}
    for word in told["words"]:
        texts = [each["text"] for each in word["words"]]
        assert all(texts) and len(set(texts)) == len(texts), word["place"]
        assert not any("mind." in text for text in texts)
        if language != "en" and word["kind"] == "grade":
            assert texts != [each["text"] for each in english[word["place"]]["words"]]
    assert sum(row["likely"] for row in told["shares"]) == pytest.approx(1.0, abs=0.01)


def test_a_changed_word_comes_with_its_future(path):
    told = ask(path, STEP, {"grade IDLE": "danger", "grade SLOWER": "best"}, 2, "en")
    assert told["changed"] is True and told["act"] == "slow down"
    assert told["branch"]["from"] == STEP and len(told["branch"]["steps"]) == 2
    assert told["cameras"] == []
    assert {w["place"] for w in told["words"] if w["by_hand"]} == {"grade IDLE", "grade SLOWER"}


@pytest.mark.parametrize(
    "asked",
    [(99, {}, 0), (STEP, {"gap": "x"}, 0), (STEP, [1], 0), ("x", {}, 0), (STEP,), (STEP, {}, 0, "xx")],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_asked_is_told_in_a_sentence(path, asked):
    told = ask(path, *asked)
    assert set(told) == {"problem"} and told["problem"]


def test_the_player_is_told_where_there_are_thoughts(episode):
    assert all(step["thinks"] for step in viewer.player_data(episode)["steps"])
    quiet = replace(episode.steps[0], choice=replace(episode.steps[0].choice, thoughts=()))
    assert not viewer.step_data(episode.header, quiet)["thinks"]


def test_a_watched_policy_thinks_in_the_same_words(episode):
    watched = policies.powers(load("monitored:vla"))
    scene = scene_of(episode)
    assert said(watched.spelled(scene, {})) == said(Vla().spelled(scene))
