"""A monitor's takeovers on the page, in a real Chromium: what drove, why, and when it was handed back."""

# ruff: noqa: F811  # fixtures

import pytest
from test_browser import address, chromium, runs, tabs, visit  # noqa: F401  # fixtures
from test_first_screen import sized

from drive.episodes import log
from drive.episodes.record import finished
from drive.episodes.rollout import run
from drive.language import say_action, say_takeover, watch_words
from drive.policy import load
from drive.world import World

SIZES = [(1280, 720), (390, 844)]


@pytest.fixture(scope="module")
def driven(runs):
    world = World("highway-fast", {"duration": 10}, "twin")
    driven = finished(run(world, load("monitored:faster"), 0, causes="never"))
    log.write(runs / "watched" / "faster.jsonl", driven)
    return driven


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_a_takeover_says_what_drives_and_why_and_when_it_is_handed_back(visit, driven, size):
    number = next(step.scene.step for step in driven.steps if step.takeover)
    step, words = driven.steps[number], watch_words("en")
    tab = sized(visit(), size).link("watched", "faster", number)
    assert tab.text("wd-act").startswith(f"{words.name}: ")
    assert tab.text("wd-would") == f"the policy would: {say_action(step.choice.action)}"
    assert tab.text("wd-watch") == say_takeover(step.choice.action, step.takeover)
    assert tab.page.locator(".wd-watch .wd-phrase").count() >= 1, (
        "the car is one that is pointed at"
    )
    assert tab.text("wd-speaker") == "the policy: "
    assert tab.page.locator('.wd-legend [data-mark="monitor"]').is_visible()
    assert tab.page.locator('.wd-legend [data-mark="hand"]').is_hidden()
    ranks = tab.page.locator(".wd-option small").all_text_contents()
    assert "the policy" in ranks
    assert tab.page.locator(f'.wd-tick[data-step="{number}"]').evaluate(
        "(tick) => tick.classList.contains('wd-differs') && tick.title.includes('the monitor took over')"
    )
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert tab.page.evaluate(wide) <= 0
    back = next(k for k in range(number + 1, len(driven.steps)) if not driven.steps[k].takeover)
    tab = sized(visit(), size).link("watched", "faster", back)
    assert tab.text("wd-given") == words.back and tab.page.locator(".wd-watch").is_hidden()
    assert tab.page.locator(".wd-differed").is_hidden(), "no person drove"


def test_it_is_said_in_the_other_language(visit, driven):
    number = next(step.scene.step for step in driven.steps if step.takeover)
    step = driven.steps[number]
    tab = visit().link("watched", "faster", number)
    tab.page.locator("[data-language=de]").click()
    said = say_takeover(step.choice.action, step.takeover, "de")
    tab.page.wait_for_function(
        "(said) => document.querySelector('.wd-watch').textContent === said", arg=said
    )
