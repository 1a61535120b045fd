"""What is watched on the page, in a real Chromium: the way that was driven, the curves, the worst moments, what was feared."""

# ruff: noqa: F811  # fixtures

import json
from dataclasses import replace

import numpy as np
import pytest
from fake_episode import crash, fake_episode
from test_browser import COUNT, address, chromium, runs, tabs, visit  # noqa: F401  # fixtures
from test_first_screen import sized

from drive.episodes import log, shelf
from drive.episodes.asking import Asker
from drive.measures.motion import Motion
from drive.show import answers, viewer
from drive.types import Feared, Term

SIZES = [(1280, 720), (390, 844)]
INK = """() => {
  const probe = document.createElement('i');
  probe.style.color = 'var(--wd-ink)';
  document.querySelector('.wd').append(probe);
  const told = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number);
  probe.remove();
  return told;
}"""


def of_player(page, episode, script):
    """What a script of the player's own functions returns, given the episode as the player has it."""
    message = viewer.player_data(episode, "run", "name")
    return page.evaluate(
        """([js, script, message]) => Function('message', js.replace(/startPlayer\\([^;]*\\);\\s*$/, '') + `
             const episode = newEpisode(message.header);
             receive(episode, message);
             return (${script})(episode);`)(message)""",
        [viewer.player_assets()["js"], script, message],
    )


# ------------------------------------------------------------------------------ the way that was driven


def test_the_way_driven_afterwards_is_that_of_the_tracks(visit):
    episode = fake_episode(steps=12)
    told = of_player(visit().page, episode, "(episode) => trailAt(episode, 2.3)")
    tracks = [step.tracks for step in episode.steps[2:]]
    rows = np.concatenate([tracks[0].ego, *(each.ego[1:] for each in tracks[1:])])
    times = np.concatenate([tracks[0].times, *(each.times[1:] for each in tracks[1:])])
    within = times <= 2.0 + 6.4 + 1e-6
    assert np.allclose(told["points"], rows[within, :3], atol=0.006)
    seconds = [rows[np.argmin(abs(times - t)), :2] for t in range(3, 9)]
    assert np.allclose(np.array(told["bars"])[:, :2], seconds, atol=0.02)
    late = of_player(visit().page, episode, "(episode) => trailAt(episode, 11.5)")
    assert len(late["bars"]) == 1, "no farther than was driven"


@pytest.mark.parametrize("size", SIZES)
def test_both_ways_are_seen_and_told_apart_in_both_pictures(visit, size):
    tab = sized(visit(), size).link(step=3)
    ink = tab.page.evaluate(INK)
    legend = tab.page.locator(".wd-legend [data-mark=driven]")
    assert legend.text_content() and legend.is_visible()
    eye = COUNT.replace(".wd-map", ".wd-eye")
    for look, count in (("bird's eye", COUNT), ("driver's eye", eye)):
        while tab.text("wd-look") not in (look, "both views"):
            tab.press("v")
        assert tab.page.evaluate(count, ink) > 60, look
        blue = [31, 98, 208] if look == "bird's eye" else [126, 158, 217]
        assert tab.page.evaluate(count.replace("< 12", "< 40"), blue) > 60, (
            "the plan is seen as well"
        )


# ---------------------------------------------------------------------------------------- the curves


def curve(tab, name):
    return tab.page.locator(".wd-curve", has=tab.page.locator(f"span:has-text('{name}')"))


def test_the_values_of_the_curves_come_from_the_motion_of_the_tracks():
    episode = fake_episode(steps=6)
    motion = Motion(episode)
    told = viewer.player_data(episode)["steps"]
    for name, values in (("headway", motion.headway), ("ttc", motion.time_to_collision)):
        shown = [v for k, step in enumerate(told) for v in step[name][int(k > 0) :]]
        assert shown == [round(v, 2) if np.isfinite(v) else None for v in values.tolist()]
    for step, data in zip(episode.steps, told, strict=True):
        scores = {str(o.action): o.score for o in step.choice.options}
        best = max(v for name, v in scores.items() if name != str(step.choice.action))
        assert data["margin"] == pytest.approx(scores[str(step.choice.action)] - best)


def test_a_wish_is_the_one_that_the_terms_of_the_choice_tell():
    step = fake_episode(steps=1).steps[0]
    told = (Term("headway", 0.5, "s", "against", threshold=1.016),)
    other = (Term("time to contact", 1.0, "s", "against", threshold=3.0),)
    options = tuple(
        replace(option, terms=told if option.action == step.choice.action else other)
        for option in step.choice.options
    )
    assert viewer.wishes(replace(step.choice, options=options)) == {"headway": 1.02, "ttc": 3.0}
    assert viewer.wishes(step.choice) == {"headway": None, "ttc": None}


@pytest.mark.parametrize("size", SIZES)
def test_a_curve_is_asked_for_stays_below_the_time_line_and_a_click_on_it_goes_there(visit, size):
    tab = sized(visit(), size).link(step=3)
    before = tab.page.locator(".wd-map").bounding_box()
    assert tab.page.locator(".wd-curve:visible").count() == 0, "the first screen stays as it is"
    for name in ("headway", "time to collision", "score margin"):
        button = tab.page.get_by_role("button", name=name, exact=True)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
    assert tab.page.locator(".wd-curve:visible").count() == 3
    after = tab.page.locator(".wd-map").bounding_box()
    assert (before["width"], before["height"]) == (after["width"], after["height"])
    canvas = curve(tab, "Headway").locator("canvas")
    steps = viewer.player_data(crash(fake_episode(steps=12)))["steps"]
    least = min(v for step in steps for v in step["headway"] if v is not None)
    label = canvas.get_attribute("aria-label")
    assert f"now {steps[3]['headway'][0]:.1f} s" in label and f"least {least:.1f} s" in label
    assert "below 1.0 s counts as close" in label, "this policy tells no wish"
    assert curve(tab, "Headway").locator("b").text_content() == f"{steps[3]['headway'][0]:.1f}"
    painted = canvas.evaluate(
        "(c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    )
    assert painted
    box = canvas.bounding_box()
    inner = box["width"] - 2 * 84
    canvas.click(position={"x": 84 + inner * 7.5 / 12, "y": 15})
    tab.until("() => document.querySelector('.wd-tick[aria-current]').dataset.step === '7'")
    assert tab.time == pytest.approx(7.5, abs=0.1)


def test_on_a_large_page_all_curves_are_there_and_follow_the_clock(visit):
    tab = sized(visit(), (1440, 900)).link(step=3)
    assert tab.page.locator(".wd-curve:visible").count() == 3
    values = curve(tab, "Headway").locator("b")
    first = values.text_content()
    tab.press("End")
    assert values.text_content() != first


# ------------------------------------------------------------------------------------- what was feared


@pytest.mark.parametrize("size", SIZES)
def test_what_was_feared_is_asked_for_by_one_press_and_drives_as_outlines(visit, size):
    tab = sized(visit(), size)
    tab.link(shelf.SHIPPED, "highway-fast-planner-1", 3)
    before = tab.page.evaluate(PAINTED)
    tab.page.get_by_role("button", name="What did you fear?").click()
    tab.page.wait_for_selector(".wd-answer:not([data-busy]):not([hidden])")
    episode = log.read(shelf.find(shelf.root(), shelf.SHIPPED, "highway-fast-planner-1")).episode
    answer = Asker(episode).ask(3, Feared(), "en")
    assert tab.text("wd-says") == answer.text
    tab.until("() => parseFloat(document.querySelector('.wd-time b').textContent) > 4.5")
    assert tab.index == 3, "the words stay those of the decision that was asked about"
    assert tab.page.evaluate(PAINTED) != before
    assert tab.page.locator(".wd-legend [data-mark=imagined]").is_visible()
    tab.press("Escape")
    tab.page.wait_for_timeout(200)
    assert tab.time == 3.0 and tab.page.evaluate(PAINTED) == before, "nothing stays of it"


PAINTED = "() => document.querySelector('.wd-map').toDataURL()"


def test_the_outlines_are_where_the_policy_imagined_them(visit):
    episode = log.read(shelf.find(shelf.root(), shelf.SHIPPED, "highway-fast-planner-1")).episode
    answer = Asker(episode).ask(3, Feared(), "en")
    told = answers.answer_data(answer)["imagined"]
    for seconds in (0.0, 1.3, answer.imagined.worst):
        shown = of_player(
            visit().page, episode, f"() => outlinesAt({json.dumps(told)}, {{}}, {seconds})"
        )
        for each in shown:
            rows = answer.imagined.cars.get(each["id"], answer.imagined.ego)
            x, y = (np.interp(seconds, answer.imagined.times, rows[:, k]) for k in (0, 1))
            assert (each["x"], each["y"]) == pytest.approx((x, y), abs=2e-3)
            assert each["about"] == (each["id"] in answer.imagined.term.cars)


def test_where_no_hypotheses_were_weighed_it_is_not_offered(visit):
    tab = visit().link(step=3)
    assert tab.page.locator(".wd-offer").count() >= 1
    assert tab.page.get_by_role("button", name="What did you fear?").count() == 0
