"""The player's data and films, from hand-made episodes: no simulator."""

import json
import math
import random
from dataclasses import replace

import cv2
import numpy as np
import orjson
import pytest
from fake_episode import crash, fake_episode, fallen_back, ring_road, straight_road

from drive import camera
from drive.episodes import log, shelf
from drive.language import say_in_passing
from drive.measures.motion import Motion
from drive.roads import Lane, Road, Straight
from drive.show import film, proof, roadside, viewer
from drive.types import (
    Attribution,
    Cause,
    Claim,
    Control,
    Decision,
    Episode,
    Meta,
    Task,
    Term,
)


@pytest.fixture(scope="module")
def episode():
    return crash(fake_episode())


@pytest.fixture(scope="module")
def data(episode):
    return viewer.player_data(episode, "run", "name")


# ------------------------------------------------------------------------------------------ data


def test_the_players_data_is_plain_json(data):
    assert json.loads(orjson.dumps(data)) == data


def test_what_is_read_from_a_log_gives_the_same_data(episode, data, tmp_path):
    log.write(tmp_path / "a.jsonl", episode)
    assert viewer.player_data(log.read(tmp_path / "a.jsonl").episode, "run", "name") == data


def test_an_episode_told_step_by_step_is_the_episode_told_at_once(episode, data):
    header, steps = episode.header, episode.steps
    befores = (None, *steps[:-1])
    live = [viewer.step_data(header, *pair) for pair in zip(steps, befores, strict=True)]
    told = viewer.header_data(header, "run", "name") | {"from": 0, "steps": live}
    assert told | viewer.closing(episode) == data


def test_tracks_and_times_are_those_of_the_log(episode, data):
    for step, told in zip(episode.steps, data["steps"], strict=True):
        assert told["times"] == pytest.approx(step.tracks.times, abs=1e-3)
        assert np.array(told["ego"]) == pytest.approx(step.tracks.ego, abs=0.006)
        assert set(told["cars"]) == {str(car) for car in step.tracks.cars}


def test_every_option_is_told_with_its_terms_and_its_path(episode, data):
    for step, told in zip(episode.steps, data["steps"], strict=True):
        assert [o["action"] for o in told["options"]] == [
            str(o.action) for o in step.choice.options
        ]
        assert [o["chosen"] for o in told["options"]].count(True) == 1
        assert [len(o["terms"]) for o in told["options"]] == [
            len(o.terms) for o in step.choice.options
        ]
        assert all(len(o["path"]) == 2 * 64 for o in told["options"])


def test_the_worths_of_an_option_s_terms_are_told_and_sum_to_its_score(episode):
    step = episode.steps[0]
    terms = (Term("progress", 25.0, "m/s", "for", worth=25.0),
             Term("headway", 0.4, "s", "against", 1.0, (4,), worth=-3.1),
             Term("gap ahead", 12.0, "m", "against", cars=(4,)))  # fmt: skip
    chosen = replace(step.choice.chosen, terms=terms, score=21.9)
    others = tuple(o for o in step.choice.options if o.action != chosen.action)
    weighed = replace(step, choice=replace(step.choice, options=(chosen, *others)))
    told = viewer.step_data(episode.header, weighed)["options"][0]
    assert [term["worth"] for term in told["terms"]] == [25.0, -3.1, None]
    assert sum(term["worth"] or 0.0 for term in told["terms"]) == pytest.approx(told["score"])


def test_a_car_that_is_absent_is_told_as_nothing(episode):
    step = episode.steps[0]
    late = step.tracks.cars[4].copy()
    late[:5] = np.nan
    step = replace(step, tracks=replace(step.tracks, cars={**step.tracks.cars, 4: late}))
    told = viewer.step_data(episode.header, step)["cars"]["4"]
    assert told[:5] == [None] * 5 and told[5][0] == pytest.approx(late[5, 0], abs=0.006)
    assert orjson.dumps(told)


def test_a_decision_of_a_fallback_is_told_with_its_notes_and_stands_out(episode):
    told = viewer.player_data(fallen_back(episode, (2, 3), ("timed out",)))
    steps, number = told["steps"], range(len(told["steps"]))
    assert [k for k in number if steps[k]["fallback"]] == [2, 3]
    assert [steps[k]["notes"] for k in (1, 2)] == [[], ["timed out"]]
    assert steps[2]["interesting"] and steps[4]["interesting"], "where it begins and ends"
    assert "a fallback took the others" in told["end"]["text"]


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_how_much_a_fallback_drove_is_said_at_the_end_in_every_language(episode, language):
    count = len(episode.steps)
    said = {
        n: viewer.end_data(fallen_back(episode, range(n)).end, count, language)["end"]["text"]
        for n in (0, 1, count)
    }
    assert len(set(said.values())) == 3 and "%" in said[1]
    assert "100%" not in said[1] and "%" not in said[0] + said[count]


def test_the_film_names_the_fallback(episode):
    step, fell = episode.steps[1], fallen_back(episode, (1,))
    look = [film._look(one, None, "light") for one in (episode, fell)]
    plain, marked = (one.panel(one.index(step.scene.time)) for one in look)
    assert np.any(plain != marked)


def test_lanes_are_told_as_the_camera_draws_them():
    road = ring_road()
    told = viewer.header_data(fake_episode(road, steps=1).header)["header"]["lanes"]
    for lane, line in zip(road.lanes, told, strict=True):
        left, right = camera.edges(lane)
        assert np.reshape(line["left"], (-1, 2)) == pytest.approx(left, abs=0.006)
        assert np.reshape(line["right"], (-1, 2)) == pytest.approx(right, abs=0.006)


def test_a_set_point_is_told_where_there_is_one(episode):
    step = episode.steps[0]
    assert viewer.step_data(episode.header, step)["wanted"] == step.scene.ego.target_speed
    steer = Control(0.0, 0.1)
    options = (replace(step.choice.chosen, action=steer),)
    steered = replace(step, choice=replace(step.choice, action=steer, options=options))
    assert viewer.step_data(episode.header, steered)["wanted"] is None


def test_a_decision_is_interesting_where_it_differs_from_the_one_before(episode):
    header, (first, second, *_) = episode.header, episode.steps
    calm = fake_episode(straight_road(), steps=2, scale=0.1).steps
    changed = replace(
        second, rationale=replace(second.rationale, decision=Decision(None, "turn", "left"))
    )
    assert viewer.step_data(header, first)["interesting"]
    assert not viewer.step_data(header, calm[1], calm[0])["interesting"]
    assert viewer.step_data(header, changed, first)["interesting"]


def test_the_end_tells_which_car_is_wrecked_and_when_it_touched(episode, data):
    assert data["end"]["contact"] == episode.end.contact.time
    assert set(data["end"]["crashed"]) == {0, 1}
    assert data["end"]["kind"] == "bad" and "car 1" in data["end"]["text"]


def test_the_strongest_rival_is_the_option_that_came_second(episode):
    for step, told in zip(episode.steps, viewer.player_data(episode)["steps"], strict=True):
        others = [option for option in step.choice.options if option.action != step.choice.action]
        second = max(others, key=lambda option: option.score)
        rivals = [option["action"] for option in told["options"] if option["rival"]]
        assert rivals == [str(second.action)]


def test_what_would_be_done_without_a_cause_is_told_as_that_and_not_as_a_rival(episode):
    step = episode.steps[0]
    named = step.choice.option(step.rationale.rival)
    cause = Cause(named.action, 5.0, cars=(1,))
    unscored = tuple(replace(option, score=None) for option in step.choice.options)
    step = replace(
        step,
        choice=replace(step.choice, options=unscored),
        attribution=Attribution((cause,), named.action, 3, False),
    )
    options = viewer.step_data(episode.header, step)["options"]
    told = {option["action"]: (option["rival"], option["without"]) for option in options}
    assert told.pop(str(named.action)) == (False, [1])
    assert set(map(str, told.values())) == {"(False, [])"}


def test_an_end_tells_whether_the_task_was_done(episode):
    end = fake_episode(steps=1).end
    kinds = {None: "over", 1.0: "good", 0.0: "bad"}
    for success, kind in kinds.items():
        metrics = {} if success is None else {"success": success}
        told = viewer.end_data(replace(end, metrics=metrics), 1)["end"]
        assert (told["kind"], told["success"]) == (kind, None if success is None else bool(success))


def test_an_episode_is_driven_anywhere_only_where_its_link_says_all_of_it():
    header = replace(fake_episode(steps=1).header, scenario="two-way", policy="idle")
    assert viewer.is_driven_anywhere(header)
    for other in (
        {"overrides": {"a": 1}},
        {"policy": "mine"},
        {"scenario": "fake"},
        {"physics": "twin"},
    ):
        assert not viewer.is_driven_anywhere(replace(header, **other))


# --------------------------------------------------------------------------------------- headlines


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("Keep lane 2.", "Keep lane 2."),
        ("Keep lane 1 at 30 m/s. Slowing down would mean 25 m/s. On an empty road I would do the same.",
         "Keep lane 1 at 30 m/s. Slowing down would mean 25 m/s."),
        ("Keep lane 2 at 24 m/s behind car 4: it is 23.7 m ahead (I want 30.6 m) and 1.4 m/s slower.",
         "Keep lane 2 at 24 m/s behind car 4: it is 23.7 m ahead"),
        ("one two three four five six seven eight nine ten eleven twelve thirteen 14 15 16",
         "one two three four five six seven eight nine ten eleven twelve thirteen 14 15"),
    ],
)  # fmt: skip
def test_a_headline_ends_where_a_reader_pauses_and_has_at_most_fifteen_words(text, head):
    pieces, count = viewer.headed(viewer.phrases(text))
    assert "".join(piece for piece, _ in pieces) == text
    assert "".join(piece for piece, _ in pieces[:count]) == head


# ---------------------------------------------------------------------------------------- the road


def crossing(priorities=(0, 0)):
    """Two roads of one lane that cross at (50, 0)."""
    lines = (((0.0, 0.0), (100.0, 0.0)), ((50.0, -50.0), (50.0, 50.0)))
    return Road(
        tuple(
            Lane((f"{k}a", f"{k}b", 0), Straight(*line), 4.0, 10.0, priority=priority)
            for k, (line, priority) in enumerate(zip(lines, priorities, strict=True))
        )
    )


@pytest.mark.parametrize(("priorities", "yields"), [((0, 0), -1), ((0, 1), 0), ((3, 1), 1)])
def test_where_lanes_cross_is_told_with_the_lane_that_gives_way(priorities, yields):
    ((x, y, first, second, gives_way),) = roadside.meetings(crossing(priorities))
    assert (x, y, first, second, gives_way) == (50.0, 0.0, 0, 1, yields)
    assert roadside.meetings(straight_road()) == ()


def test_the_goal_is_outlined_by_lane_and_by_position():
    road = straight_road(lanes=2)
    (lane,) = roadside.goal(road, Task("destination", (("0", "1", 1),), goal_from=900.0))
    xs, ys = np.reshape(lane, (-1, 2)).T
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (900.0, 1000.0, -6.0, -2.0)
    (band,) = roadside.goal(road, Task("pass", goal_x=370.0))
    xs, ys = np.reshape(band, (-1, 2)).T
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (370.0, 370.0 + roadside.BAND, -6.0, 2.0)
    assert roadside.goal(road, Task("cruise")) == []


# ---------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("clause", "cars", "phrase"),
    [
        ("car 4 is 23.7 m ahead", (4,), "it is 23.7 m ahead"),
        ("car 7 is 23.7 m behind", (7,), "car 7 is 23.7 m behind"),
        ("without car 4 I would speed up", (4,), "Without car 4 I would speed up."),
        ("the road is wet and narrow", (), None),
    ],
)
def test_a_verdict_is_put_on_the_words_that_say_its_claim(clause, cars, phrase):
    pieces = [("Keep lane 2 behind ", []), ("car 4", [4]), (": ", []), ("it is 23.7 m ahead", [4]),
              ("; car 7 is 23.7 m behind", [7]), (". Without car 4 I would speed up.", [4])]  # fmt: skip
    k = proof.place(clause, Claim("observation", "gap ahead", None, cars=cars), pieces)
    assert k is None if phrase is None else phrase in pieces[k][0]


@pytest.mark.parametrize(
    ("brief", "phrase"), [("behind car 4", 1), ("before car 4", None), ("", None)]
)
def test_a_verdict_on_a_purpose_is_put_where_the_headline_tells_it_in_passing(brief, phrase):
    pieces = [("Keep lane 2 behind ", []), ("car 4", [4]), (": ", []), ("it is 23.7 m ahead", [4])]
    assert proof.placed_in_passing(brief, pieces) == phrase
    purpose = Claim("purpose", "follow", None, cars=(4,))
    assert say_in_passing(purpose) == "behind car 4"


def test_the_words_of_every_claim_of_the_shipped_episode_are_told_with_its_verdict():
    (name,) = shelf.episodes(shelf.root(), shelf.SHIPPED)
    path = shelf.find(shelf.root(), shelf.SHIPPED, name)
    (told,) = proof.messages(path, shelf.SHIPPED, name)
    episode = log.read(path).episode
    assert len(told["proof"]["steps"]) == told["proof"]["of"] == len(episode.steps)
    for step, findings in zip(episode.steps, told["proof"]["steps"], strict=True):
        assert len(findings) >= len(step.rationale.claims) > 0
        placed = [one["phrase"] for one in findings if one["phrase"] is not None]
        assert len(placed) >= 0.8 * len(step.rationale.claims)
    assert episode.end.metrics["success"] == 1.0


# ------------------------------------------------------------------------------------------ risk


def risk(gap, closing):
    """Risk of half a second behind a car, `gap` [m] bumper to bumper, closing at a speed [m/s]."""
    episode = fake_episode(steps=1)
    step = episode.steps[0]
    times = np.array([0.0, 1e-3])
    ego = np.array([[100 + 20 * t, -4.0, 0.0, 20.0] for t in times])
    car = np.array([[105 + gap + (20 - closing) * t, -4.0, 0.0, 20.0 - closing] for t in times])
    tracks = replace(step.tracks, times=times, ego=ego, cars={1: car})
    return viewer.risk_of(Motion(Episode(episode.header, (replace(step, tracks=tracks),), None)))


@pytest.mark.parametrize(
    ("gap", "closing", "expected"),
    [(30.0, 5.0, 0.0), (10.0, 10.0, 1.0), (35.0, 10.0, 0.5), (5.0, 10.0, 1.0), (30.0, -5.0, 0.0)],
)
def test_risk_runs_from_six_seconds_to_contact_down_to_one(gap, closing, expected):
    assert risk(gap, closing)[0] == pytest.approx(expected, abs=2e-3)


def test_the_time_to_contact_behind_a_risk_is_told():
    assert risk(35.0, 10.0)[1] == pytest.approx(3.5, abs=0.01)


def test_without_anyone_in_sight_there_is_no_time_to_contact():
    episode = fake_episode(steps=1)
    step = replace(episode.steps[0], tracks=replace(episode.steps[0].tracks, cars={}))
    assert viewer.risk_of(Motion(Episode(episode.header, (step,), None))) == (0.0, None)


# --------------------------------------------------------------------------------------- phrases


def test_phrases_are_coloured_by_the_car_that_they_are_about():
    text = (
        "Slow down behind car 4: it is 1.2 s away (I want 2.0 s). "
        "Changing left is worse: car 12 is 6.1 m behind. Turning was next best."
    )
    assert viewer.phrases(text) == [
        ("Slow down behind ", []),
        ("car 4", [4]),
        (": ", []),
        ("it is 1.2 s away (I want 2.0 s). ", [4]),
        ("Changing left is worse: ", []),
        ("car 12 is 6.1 m behind. ", [12]),
        ("Turning was next best.", []),
    ]


def test_what_is_said_of_one_car_and_then_of_another_has_the_colour_of_each():
    text = "Stop to let car 5 pass: it is 15.3 m away to my left and doing 8.0 m/s, and car 2 is 37.6 m away. Without car 5 and car 2 I would go."
    assert viewer.phrases(text) == [
        ("Stop to let ", []),
        ("car 5", [5]),
        (" pass: ", []),
        ("it is 15.3 m away to my left and doing 8.0 m/s, and ", [5]),
        ("car 2 is 37.6 m away. ", [2]),
        ("Without ", []),
        ("car 5", [5]),
        (" and ", []),
        ("car 2", [2]),
        (" I would go.", []),
    ]


def test_a_clause_with_two_cars_is_cut_at_their_names():
    assert viewer.phrases("Car 3 is hidden by car 5.") == [
        ("Car 3", [3]), (" is hidden by ", []), ("car 5", [5]), (".", []),
    ]  # fmt: skip


def test_numbers_and_words_that_only_resemble_a_car_are_none():
    assert viewer.mentions("scar 4, car4, car 0 and car 12345678 go") == [
        ("scar 4, car4, car 0 and car 12345678 go", [])
    ]


def test_phrases_joined_are_the_text_whatever_it_is():
    dice = random.Random(1)
    parts = [
        "car 3",
        "Car 17",
        ": ",
        "; ",
        ". ",
        "<b>",
        "it ",
        "ü",
        "车",
        "。",
        "1.5 m",
        "\n",
        " ",
        "&",
    ]
    for _ in range(500):
        text = "".join(dice.choices(parts, k=dice.randint(0, 12)))
        assert "".join(piece for piece, _ in viewer.phrases(text)) == text
        assert "".join(piece for piece, _ in viewer.mentions(text)) == text


def test_hostile_text_is_passed_on_as_it_is():
    text = '<img src=x onerror="alert(1)"> car 1 </script>'
    told = viewer.player_data(fake_episode(steps=1, text=text))["steps"][0]
    assert "".join(phrase["text"] for phrase in told["phrases"]) == text


def test_decisions_are_told_in_words_with_their_side():
    assert viewer.decision_words(Decision("lead following", "lane change", "left")) == [
        "lead following", "lane change left",
    ]  # fmt: skip
    assert viewer.decision_words(Decision(None, None)) == []


# ----------------------------------------------------------------------------------------- films


def test_a_film_plays_as_long_as_the_drive_and_moves(tmp_path):
    path = tmp_path / "short.webm"
    film.film(fake_episode(steps=2), path)
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    seconds = film.TITLE + 2.0 + film.HELD + film.CLOSING
    assert len(frames) == pytest.approx(seconds * film.RATE, abs=1.01)
    assert frames[0].std() > 10
    begin = round(film.TITLE * film.RATE)
    assert abs(frames[begin].astype(int) - frames[begin + 20]).max() > 60


def test_a_film_in_characters_that_no_typeface_has_is_refused_with_what_to_install(
    episode, tmp_path, monkeypatch
):
    monkeypatch.setattr(camera, "uncovered", lambda text: "".join(c for c in text if c > "\u4e00"))
    with pytest.raises(OSError, match="no typeface here has a picture of .*apt-get install fonts"):
        film.film(episode, tmp_path / "zh.webm", "zh")
    assert not (tmp_path / "zh.webm").exists()


def test_a_film_is_a_webm_and_nothing_else(episode, tmp_path):
    with pytest.raises(ValueError, match=r"\.webm"):
        film.film(episode, tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="nothing was driven"):
        film.film(replace(episode, steps=()), tmp_path / "film.webm")


@pytest.mark.parametrize("palette", ["light", "dark"])
def test_a_picture_shows_the_rationale_under_the_road(episode, tmp_path, palette):
    path = tmp_path / "picture.png"
    film.picture(episode, 1.5, path, palette=palette)
    image = cv2.imread(str(path))[..., ::-1].astype(int)
    colours = camera.PALETTES[palette]
    words = image[-film.PANEL :]
    assert (abs(words - colours.ink).max(-1) < 12).sum() > 300
    assert (abs(words - colours.cited[0]).max(-1) < 12).sum() > 300, "named in the car's colour"


def test_the_longest_text_stays_in_its_place(tmp_path):
    long = fake_episode(steps=1, text="car 1 is quite near and slower than I am; " * 60)
    film.picture(long, 0.5, tmp_path / "long.png")
    image = cv2.imread(str(tmp_path / "long.png"))[..., ::-1].astype(int)
    between = image[-film.PANEL + film.TEXT_BOX[1] + 2 : -film.PANEL + film.TICKS[0] - 6]
    assert (abs(between - camera.LIGHT.panel).max(-1) > 30).sum() == 0


def test_the_style_sheet_has_the_colours_of_the_palette():
    css = viewer.player_assets()["css"]
    assert f"--wd-ego: #{bytes(camera.LIGHT.ego).hex()}" in css
    assert f"--wd-cited-4: #{bytes(camera.DARK.cited[4]).hex()}" in css


def test_an_action_is_named_as_on_a_button():
    told = viewer.step_data(fake_episode(steps=1).header, fake_episode(steps=1).steps[0])
    assert told["action"] == str(Meta("SLOWER")) and told["done"] == "slow down"
    assert math.isfinite(told["risk"])
