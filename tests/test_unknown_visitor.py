"""What a visitor without any knowledge of the page finds out on it, in a real Chromium, in at most five clicks each."""

# ruff: noqa: F811  # fixtures

from __future__ import annotations

from dataclasses import replace

import pytest
from test_ask_page import NEAREST
from test_browser import address, chromium, runs, tabs, visit  # noqa: F401  # fixtures
from test_first_screen import sized

from drive.checking.verdicts import verify_log
from drive.episodes import log, shelf
from drive.episodes.asking import Asker
from drive.episodes.rollout import run
from drive.language import parse_question
from drive.policy import load
from drive.world import World

MOST = 5  # clicks
SIZES = [(1280, 720), (390, 844)]
COUNTING = """() => { window.clicks = 0;
  document.addEventListener('click', (event) => { if (event.isTrusted) window.clicks++; }, true); }"""


@pytest.fixture(scope="module")
def shipped():
    return log.read(shelf.find(shelf.root(), shelf.SHIPPED, "highway-fast-planner-1")).episode


@pytest.fixture(scope="module")
def forged(runs, shipped):
    """A copy of the shipped log with its verdicts, which says of one number what was not so: the step."""
    number = next(s.scene.step for s in shipped.steps if distance_of(s) is not None)
    step, claim = shipped.steps[number], distance_of(shipped.steps[number])
    wrong = claim.said + 60.0
    text = step.rationale.text.replace(f"{claim.said:.0f} m", f"{wrong:.0f} m", 1)
    claims = tuple(replace(c, said=wrong) if c is claim else c for c in step.rationale.claims)
    lie = replace(step, rationale=replace(step.rationale, claims=claims, text=text))
    steps = (*shipped.steps[:number], lie, *shipped.steps[number + 1 :])
    path = runs / "forged" / "fast.jsonl"
    log.write(path, replace(shipped, steps=steps))
    verify_log(path, claims_only=True)
    return number


def distance_of(step):
    """A claim on a distance that its sentence tells in metres."""
    told = (
        c
        for c in step.rationale.claims
        if c.kind == "observation"
        and isinstance(c.said, float)
        and c.unit == "m"
        and f"{c.said:.0f} m" in step.rationale.text
    )
    return next(told, None)


@pytest.fixture(params=SIZES, ids=["desk", "phone"])
def arrived(visit, request, forged):
    """The page as it opens, with every click counted."""
    tab = sized(visit(), request.param).open()
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    tab.until("() => document.querySelector('.wd-proved').textContent.includes('tested')")
    tab.page.evaluate(COUNTING)
    return tab


def clicks(tab):
    return tab.page.evaluate("window.clicks")


def test_a_false_claim_is_found(arrived, forged):
    tab = arrived
    tab.page.locator("#wd-browse").click()
    row = tab.page.locator(".wdg tbody tr[data-run]").filter(has_text="1 of ").first
    row.wait_for()
    assert row.get_attribute("data-run") == "forged"
    row.locator(".wdg-open").click()
    tab.until("() => document.querySelector('.wd').dataset.run === 'forged'")
    worst = tab.page.locator(".wd-bad[data-kind=failed]")
    worst.wait_for()
    assert worst.text_content().endswith("1 false claim")
    worst.click()
    tab.until(f"() => document.querySelector('.wd-tick[aria-current]').dataset.step === '{forged}'")
    assert tab.page.locator(".wd-text .wd-mark[data-result=false]").is_visible()
    tested = tab.page.locator(".wd-tested .wd-finding[data-result=false]")
    assert tested.is_visible() and "false" in tested.text_content()
    assert "measured" in tested.text_content()
    assert clicks(tab) <= MOST


def test_whether_a_car_mattered_is_found(arrived, shipped):
    tab = arrived
    tab.page.locator("[data-do=play]").click()
    tab.page.wait_for_timeout(100)
    car = tab.page.evaluate(NEAREST)
    tab.page.locator(".wd-map").click(position={"x": car["x"], "y": car["y"]})
    tab.page.locator(".wd-menu").get_by_text("were not there").click()
    tab.page.wait_for_selector(".wd-change")
    question = parse_question(f"what if car {car['id']} were not there")
    answer = Asker(shipped).ask(tab.index, question, "en")
    assert tab.text("wd-says") == answer.text
    words = "the decision changes" if answer.changed else "the decision stays"
    assert tab.page.locator(".wd-change").text_content() == words
    assert tab.page.locator(".wd-change").is_visible()
    assert clicks(tab) <= MOST


def test_where_two_policies_part_is_found(arrived, shipped):
    tab, chosen = arrived, 2  # a list is opened, and one of it picked: the browser counts neither
    tab.page.get_by_label("Compare with").select_option("rule")
    theirs = run(World("highway-fast", physics="twin"), load("rule"), 1, causes="never").steps
    first = next(
        k
        for k, (a, b) in enumerate(zip(shipped.steps, theirs, strict=False))
        if a.choice.action != b.choice.action
    )
    time = shipped.steps[first].scene.time
    parted = tab.page.locator(".wd-parted")
    tab.page.wait_for_selector(".wd-compare table", timeout=120000)
    assert parted.text_content() == f"they part at {time:.1f} s" and parted.is_visible()
    parted.click()
    tab.until(f"() => document.querySelector('.wd-tick[aria-current]').dataset.step === '{first}'")
    sides = tab.page.locator(".wd-both .wd-chip").all_text_contents()
    assert len(set(sides)) == 2, "both say what they do there, and it differs"
    assert clicks(tab) + chosen <= MOST
