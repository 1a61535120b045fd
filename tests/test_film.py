"""Films: their cards, the driver's eye, the marks of verdicts, and subtitles that Chromium reads."""

# ruff: noqa: F811  # fixtures

import itertools
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from fake_episode import crash, fake_episode, ring_road
from test_browser import HOSTILE, chromium  # noqa: F401  # fixtures

from drive import camera
from drive.checking.verdicts import Finding
from drive.language import words_of
from drive.show import film, proof
from drive.types import Verdict

LIGHT = camera.LIGHT


@pytest.fixture(scope="module")
def episode():
    return crash(fake_episode(steps=4))


def findings_of(episode, result="true"):
    """A verdict on every claim."""
    return tuple(
        Finding(step.scene.step, "scene", Verdict(claim, result, 1.0, None))
        for step in episode.steps
        for claim in step.rationale.claims
    )


def near(picture, colour):
    return (abs(picture.astype(int) - colour).max(-1) < 12).sum()


# ----------------------------------------------------------------------------------------- cards


def test_a_film_begins_and_ends_with_a_card(episode, tmp_path, monkeypatch):
    monkeypatch.setattr(film, "RATE", 5)
    film.film(episode, tmp_path / "a.webm", findings=findings_of(episode))
    capture, frames = cv2.VideoCapture(str(tmp_path / "a.webm")), []
    while (read := capture.read())[0]:
        frames.append(read[1].astype(int)[..., ::-1])
    seconds = film.TITLE + 4.0 + film.HELD + film.CLOSING
    assert len(frames) == pytest.approx(seconds * film.RATE, abs=1.01)
    panels = [frames[k][-film.PANEL :] for k in (0, len(frames) // 2, -1)]
    assert all((abs(a - b).max(-1) > 60).sum() > 2000 for a, b in itertools.combinations(panels, 2))
    assert near(frames[-1], LIGHT.wreck) > 100, "it ended badly"


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_the_last_card_says_how_it_ended_and_how_many_claims_are_true(episode, language):
    look = film._look(episode, "en", "light", findings_of(episode))
    look = replace(look, language=language)
    *_, tested = film._outcome(look)
    count = str(len(look.findings))
    assert tested.count(count) == 2 and "0" in tested
    *_, untested = film._outcome(replace(look, findings=None))
    assert untested == words_of(language).cards["untested"]
    assert film._about(look)[0] == "fake" and "rule" in film._about(look)[1]


def test_a_task_that_is_done_is_said_to_be_done():
    episode = fake_episode(steps=1)
    for success, colour in ((1.0, LIGHT.goal), (0.0, LIGHT.wreck)):
        end = replace(episode.end, metrics={"success": success})
        look = film._look(replace(episode, end=end), "en", "light")
        words = words_of("en").cards["done" if success else "missed"]
        assert film._outcome(look)[0].lower() == words and film._ended(look) == colour


# -------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("result", "colour"), [("true", LIGHT.goal), ("false", LIGHT.wreck), (None, None)]
)
def test_words_wear_the_marks_of_their_verdicts(episode, result, colour):
    findings = None if result is None else findings_of(episode, result)
    look = film._look(episode, None, "light", findings)
    marks = [mark for *_, mark in look.pieces(0) if mark]
    if result is None:
        assert marks == []
    else:
        assert set(marks) == {result} and near(film._panel(look, 0), colour) > 30
        placed = {
            proof.finding_data(f, episode.steps[0])["phrase"] for f in findings if f.step == 0
        }
        assert len(marks) == len(placed)


def test_the_options_stand_in_the_panel_with_their_scores(episode):
    look, bare = film._look(episode, None, "light"), fake_episode(steps=1)
    step = bare.steps[0]
    unscored = tuple(replace(option, score=None) for option in step.choice.options)
    bare = replace(bare, steps=(replace(step, choice=replace(step.choice, options=unscored)),))
    right = (film.SIZES["straight"][0] - 100, film.TEXT_BOX[0])
    scored, without = (
        film._panel(one, 0)[right[1] : film.TEXT_BOX[1], right[0] :]
        for one in (look, film._look(bare, None, "light"))
    )
    assert (scored < 160).sum() > 200 and (without < 160).sum() == 0


# -------------------------------------------------------------------------------- the driver's eye


def eye_of(episode, cited=(), **changes):
    step = episode.steps[0]
    moment = camera.moment_within(step, float(step.tracks.times[0]))
    cars = tuple(replace(car, **changes) for car in moment.cars)
    colours = {car: LIGHT.cited[k] for k, car in enumerate(cited)}
    marks = camera.Marks(step.trajectory, (), colours)
    return camera.driver_eye(episode.header.road, replace(moment, cars=cars), marks, LIGHT)


def test_the_drivers_eye_shows_road_sky_plan_and_the_cited_car(episode):
    plain, cited = eye_of(episode), eye_of(episode, cited=(1,))
    high = plain.shape[0]
    assert near(plain[: round(0.3 * high)], LIGHT.sky) > 0.8 * 0.3 * high * plain.shape[1]
    assert near(plain[round(0.5 * high) :], LIGHT.asphalt) > 3000
    below = plain[-4, plain.shape[1] // 2].astype(int)
    assert below[2] - below[0] > 60, "the planned path lies before it"
    assert near(cited, LIGHT.cited[0]) > 100 and near(plain, LIGHT.cited[0]) == 0


def test_brake_lights_are_lit_where_a_car_slows_down(episode):
    lit, dark = (eye_of(episode, braking=on) for on in (True, False))
    assert near(lit, (255, 42, 26)) > 8 and near(dark, (255, 42, 26)) == 0
    step = episode.steps[0]
    slows, keeps = step.tracks.ego, step.tracks.cars[1]
    times = step.tracks.times
    slows = slows.copy()
    slows[:, 3] = 20.0 - 2.0 * (times - times[0])
    assert camera.is_braking(times, slows, 0.5) and not camera.is_braking(times, keeps, 0.5)


def test_a_place_on_the_glass_is_where_perspective_puts_it():
    from drive.camera.driverseye import FORWARD, HALF_ANGLE, HEIGHT, Eye

    body = camera.Body(0, 10.0, 5.0, math.pi / 2, 5.0, 2.0)
    eye = Eye.of(body, (480, 264))
    assert (eye.x, eye.y) == pytest.approx((10.0, 5.0 + FORWARD))
    ((forward, right, up),) = eye.before(np.array([[12.0, 25.0 + FORWARD]]))
    assert (forward, right, up) == pytest.approx((20.0, 2.0, 0.0))
    ((x, y),) = eye.on_glass(np.array([[20.0, 20.0 * math.tan(HALF_ANGLE), HEIGHT]]))
    assert (x, y) == pytest.approx((480.0, eye.horizon)), "the edge of what is seen, on the horizon"


def test_a_plan_that_stands_still_and_a_road_of_curves_are_drawn():
    episode = fake_episode(ring_road(), steps=1, scale=0.3)
    path = episode.steps[0].trajectory
    still = replace(path, x=np.full(64, path.x[0]), y=np.full(64, path.y[0]))
    moment = camera.moment_of(episode.steps[0].scene)
    drawn = camera.driver_eye(episode.header.road, moment, camera.Marks(still), LIGHT)
    assert near(drawn, LIGHT.asphalt) > 3000 and near(drawn, LIGHT.line) > 100


# -------------------------------------------------------------------------------------- subtitles


READ = """async (text) => {
  const video = document.createElement('video'), track = document.createElement('track');
  track.src = URL.createObjectURL(new Blob([text], { type: 'text/vtt' }));
  video.append(track);
  document.body.append(video);
  track.track.mode = 'hidden';
  await new Promise((done, failed) => { track.onload = done; track.onerror = () => failed(new Error('no track')); });
  return [...track.track.cues].map((cue) => [cue.startTime, cue.endTime, cue.getCueAsHTML().textContent,
                                             cue.getCueAsHTML().children.length]);
}"""


@pytest.mark.parametrize("text", [None, f"{HOSTILE} <c.x>& --> \n\n00:00.000 --> 00:09.000\nNOTE"])
def test_chromium_reads_the_subtitles_and_every_decision_has_its_words(chromium, text):
    episode = crash(fake_episode(steps=4, text=text))
    page = chromium.new_page()
    page.set_content("<body></body>")
    cues = page.evaluate(READ, film.subtitles(episode))
    page.close()
    assert [cue[3] for cue in cues] == [0] * len(cues), "nothing in them is markup"
    begins = [float(step.tracks.times[0]) + film.TITLE for step in episode.steps]
    for step, begin in zip(episode.steps, begins, strict=True):
        (said,) = [cue for cue in cues if cue[0] - 1e-3 <= begin + 0.05 < cue[1]]
        assert said[2] == " ".join(step.rationale.text.split())
    assert cues[0][0] == 0.0 and cues[0][2].startswith("fake")
    last = film.TITLE + float(episode.steps[-1].tracks.times[-1]) + film.HELD + film.CLOSING
    assert cues[-1][1] == pytest.approx(last, abs=2e-3) and "car 1" in cues[-1][2]
    assert all(a[1] <= b[0] + 1e-3 for a, b in itertools.pairwise(cues))
