"""A policy that thinks in words on the page, in a real Chromium: its cameras, its words, and a word changed by hand."""

# ruff: noqa: F811  # fixtures

import pytest
from test_accessible import faults
from test_browser import address, chromium, runs, tabs, visit  # noqa: F401  # fixtures
from test_first_screen import sized

from drive.episodes import log
from drive.episodes.record import finished
from drive.episodes.rollout import run
from drive.episodes.splicing import Splicer
from drive.policy import load
from drive.world import World

SIZES = [(1280, 720), (390, 844)]
STEP, PLACE = 2, "gap ahead"


@pytest.fixture(scope="module")
def driven(runs):
    world = World("highway-fast", {"duration": 5}, "twin")
    driven = finished(run(world, load("vla"), 7, causes="never"))
    log.write(runs / "thought" / "words.jsonl", driven)
    return driven


@pytest.fixture
def tab(visit, driven):
    return shown(visit().link("thought", "words", STEP))


def shown(tab):
    tab.page.wait_for_selector(".wd-word-of", timeout=90000)
    return tab


def place(tab, name=PLACE):
    return tab.page.locator(f'.wd-word-of[data-place="{name}"]')


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_four_cameras_and_every_word_are_shown_and_nothing_is_cut(visit, driven, size):
    tab = sized(visit(), size)
    shown(tab.link("thought", "words", STEP))
    pictures = tab.page.locator(".wd-cameras img")
    assert pictures.count() == 12
    loaded = "(all) => all.every((one) => one.complete && one.naturalWidth === 96 && one.naturalHeight === 32)"
    assert pictures.evaluate_all(loaded)
    assert all(picture.get_attribute("alt") for picture in pictures.all())
    thought = Splicer(driven).thought(STEP, {})
    for word in thought.words:
        if sum(map(bool, word.likely)) > 1:
            assert place(tab, word.place).locator("select").input_value() == word.names[word.said]
    assert tab.text("wd-then").startswith("It would ")
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert tab.page.evaluate(wide) <= 0
    assert tab.page.locator(".wd-other:visible").count() == 0, "this is one"


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_a_word_is_changed_by_keyboard_and_both_futures_play(visit, driven, size):
    tab = sized(visit(), size)
    shown(tab.link("thought", "words", STEP))
    before = tab.text("wd-then")
    place(tab).locator("select").focus()
    tab.page.keyboard.press("Home")  # 0 to 2 m
    given = {PLACE: place(tab).locator("select").input_value()}
    assert given == {PLACE: "0 to 2 m"}
    tab.until("() => document.querySelector('.wd[data-beside]')")
    thought = Splicer(driven).thought(STEP, given)
    assert place(tab).get_attribute("data-hand") is not None
    for word in thought.words:
        if sum(map(bool, word.likely)) > 1:
            assert place(tab, word.place).locator("select").input_value() == word.names[word.said]
    assert tab.page.locator(".wd-then .wd-change").count() == 1
    assert tab.page.evaluate("() => document.activeElement.tagName") == "SELECT", "the place stays"
    tab.until(f"() => parseFloat(document.querySelector('.wd-time b').textContent) > {STEP + 0.3}")
    assert tab.index == STEP
    tab.page.keyboard.press("Escape")
    tab.until("() => !document.querySelector('.wd[data-beside]')")
    assert tab.text("wd-then") == before and place(tab).get_attribute("data-hand") is None


def test_as_it_was_and_another_decision_end_it(tab):
    place(tab, "grade IDLE").locator("select").select_option("danger")
    tab.until("() => document.querySelector('.wd[data-beside]')")
    tab.page.get_by_role("button", name="As it was").click()
    tab.until("() => !document.querySelector('.wd[data-beside]')")
    assert tab.page.locator(".wd-undo").is_hidden()
    place(tab, "grade IDLE").locator("select").select_option("danger")
    tab.until("() => document.querySelector('.wd[data-beside]')")
    tab.page.locator(".wd-tick").first.click()
    tab.until("() => !document.querySelector('.wd[data-beside]')")
    assert tab.index == 0
    tab.until("() => !document.querySelector('.wd-word-of[data-hand]')")


def test_the_words_are_said_in_the_other_language_at_once(tab):
    tab.page.locator("[data-language=de]").click()
    tab.until("() => document.querySelector('.wd-then').textContent.startsWith('Sie würde ')")
    assert tab.page.locator(".wd-mind h3").text_content() == "Was sie sah und dachte"
    tab.page.locator("[data-language=en]").click()
    tab.until("() => document.querySelector('.wd-then').textContent.startsWith('It would ')")


def test_where_a_policy_does_not_think_in_words_one_press_leads_to_one_that_does(visit):
    tab = visit().link()
    assert tab.page.locator(".wd-mind").is_hidden() and tab.page.locator(".wd-cameras").is_hidden()
    tab.press("?")  # by keyboard it is reached through the help
    links = tab.page.locator(".wd-other:visible")
    assert links.count() == 2
    for link in links.all():
        assert link.get_attribute("href") == "?scenario=highway-fast&policy=vla&seed=5"


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", SIZES[0]), ("dark", SIZES[1])], ids=["desk", "phone"]
)
def test_axe_finds_nothing_serious_in_the_thoughts(visit, driven, scheme, size):
    tab = sized(visit(color_scheme=scheme), size)
    shown(tab.link("thought", "words", STEP))
    place(tab).locator("select").select_option("nobody")
    tab.until("() => document.querySelector('.wd[data-beside]')")
    tab.page.wait_for_timeout(500)
    told = faults(tab.page)
    assert not told, "\n".join(told)
