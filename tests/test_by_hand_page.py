"""Driving by hand on the page, in a real Chromium: keys and buttons, the takeover marked, the list and hindsight."""

# ruff: noqa: F811  # fixtures

import pytest
from digests import episode
from test_browser import address, chromium, runs, tabs, visit  # noqa: F401  # fixtures

from drive.episodes import log
from drive.episodes.record import finished
from drive.show import differences, requests

SIZES = [(1280, 720), (390, 844)]
STEP = 3


@pytest.fixture(scope="module")
def driven(runs):
    """A log that can be driven again."""
    driven = finished(episode("highway-fast", "planner"))
    log.write(runs / "hand" / "fast.jsonl", driven)
    return driven


def opened(visit, size=SIZES[0], step=STEP):
    tab = visit()
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    return tab.link("hand", "fast", step)


def take(tab):
    """The wheel, at what is shown."""
    tab.page.locator(".wd-wheel").click()
    tab.page.wait_for_selector(".wd-pad:not([hidden])")
    return tab


def until_taken(tab, count):
    tab.until(f"() => document.querySelectorAll('.wd-tick.wd-taken').length >= {count}")


def stop(tab):
    tab.page.locator("[data-hand=stop]").click()
    tab.page.wait_for_selector(".wd-differed:not([hidden])")
    run, name = (tab.page.locator(".wd").get_attribute(f"data-{a}") for a in ("run", "episode"))
    return log.read(requests.path_of(run, name)).episode, (run, name)


def drive(tab):
    """Slower by a key, faster by a button, then nothing: three decisions at least."""
    tab.page.keyboard.press("ArrowDown")
    until_taken(tab, 1)
    tab.page.locator("[data-hand=FASTER]").click()
    until_taken(tab, 3)


@pytest.mark.parametrize("size", SIZES)
def test_a_visitor_takes_the_wheel_drives_and_sees_where_it_differed(visit, driven, size):
    tab = take(opened(visit, size))
    assert tab.index == STEP and "by hand, beside planner" in tab.text("wd-name")
    assert tab.text("wd-status") == "your turn" and "arrow keys" in tab.text("wd-text")
    assert "wd-playing" not in tab.page.locator(".wd").get_attribute("class"), "nothing is hurried"
    for button in tab.page.locator(".wd-pad button:visible").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        assert box["x"] >= 0 and box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1], "reached without scrolling"
    drive(tab)
    assert tab.text("wd-when").startswith("you: ") and "planner" in tab.text("wd-when")
    assert tab.text("wd-text").startswith("planner: "), "whose words these are"
    now, place = stop(tab)
    assert (
        now.steps[:STEP] == driven.steps[:STEP]
        and now.steps[STEP].scene == driven.steps[STEP].scene
    )
    acts = [str(step.takeover.action) for step in now.steps[STEP:]]
    assert acts[0] == "SLOWER" and "FASTER" in acts[1:] and len(acts) >= 3
    assert tab.page.locator(".wd-tick").count() == len(now.steps)
    parted = [k for k, step in enumerate(now.steps) if step.driven != step.choice.action]
    assert parted and tab.page.locator(".wd-tick.wd-differs").count() == len(parted)
    rows = tab.page.locator("[data-parted]")
    assert rows.evaluate_all("rows => rows.map(row => Number(row.dataset.parted))") == parted
    tab.until("() => [...document.querySelectorAll('.wd-after')].every((c) => c.dataset.better)")
    looking = differences.Looking(requests.driven_again)
    for k, row in zip(parted, rows.all(), strict=True):
        told = looking.look(*place, k)
        shown = row.locator(".wd-after").text_content()
        assert told["text"] in shown and all(figure in shown for figure in told["figures"])
        assert now.steps[k].rationale.text == row.locator(".wd-their").text_content()
    assert told["how"] == tab.text("wd-how")
    rows.last.locator("button").click()
    at = now.steps[parted[-1]].scene.time
    tab.until(f"() => parseFloat(document.querySelector('.wd-time b').textContent) === {at:.1f}")
    tab.page.wait_for_selector(f".wd-tick[aria-current]:nth-child({parted[-1] + 1})")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
    tab.until(
        "() => /^\\d+ claims tested: 0 false/.test(document.querySelector('.wd-proved').textContent)"
    )
    again = visit().link(*place, parted[0])
    again.page.wait_for_selector(".wd-differed:not([hidden])")
    assert again.page.locator("[data-parted]").count() == len(parted), "of the log, opened again"


def test_the_policy_may_drive_on_and_the_visitor_take_over_again(visit, driven):
    tab = take(opened(visit))
    tab.page.locator("[data-hand=give]").click()
    tab.until(f"() => document.querySelectorAll('.wd-tick').length > {STEP + 1}")
    assert tab.text("wd-status") == "planner drives"
    tab.page.keyboard.press("ArrowDown")
    until_taken(tab, 1)
    now, _ = stop(tab)
    taken = [step.takeover is not None for step in now.steps[STEP:]]
    assert not taken[0] and taken[-1]
    assert now.steps[STEP].choice.action == driven.steps[STEP].choice.action
    assert not tab.page.locator(".wd-tick").nth(STEP).evaluate("t => t.matches('.wd-taken')")


def test_while_nothing_is_asked_for_nothing_is_driven(visit, driven):
    tab = take(opened(visit))
    tab.page.keyboard.press("ArrowDown")
    until_taken(tab, 1)
    tab.press(" ")
    count, time = tab.page.locator(".wd-taken").count(), tab.time
    tab.page.wait_for_timeout(1500)
    assert (tab.page.locator(".wd-taken").count(), tab.time) == (count, time)
    tab.press(" ")
    until_taken(tab, count + 1)
    stop(tab)


def test_a_new_road_is_driven_from_its_first_decision_to_a_collision(visit, driven):
    tab = take(opened(visit))
    run = tab.page.locator(".wd").get_attribute("data-run")
    tab.holds(
        "Run on disk", run
    )  # the form is filled with what is shown, a moment after it is shown
    tab.page.locator("#wd-seed input, #wd-seed textarea").fill("0")
    tab.page.locator("[data-hand=new]").click()
    tab.until("() => document.querySelector('.wd-name').textContent.includes('seed 0')")
    tab.page.locator(".wd-pad").wait_for()
    assert tab.index == 0 and tab.page.locator(".wd-tick").count() == 1
    tab.page.keyboard.press("ArrowUp")
    until_taken(tab, 1)
    tab.page.keyboard.press("ArrowLeft")  # into car 1, of which the planner warns
    tab.until("() => document.querySelector('.wd-status').dataset.kind === 'bad'")
    tab.page.wait_for_selector(".wd-differed:not([hidden])")
    tab.until("() => document.querySelector('.wd-after')?.dataset.better === 'policy'")
    assert "yours ends in a collision with car 1" in tab.text("wd-after span")
    assert tab.page.locator(".wd-pad").is_hidden() and tab.page.locator(".wd-wheel").is_visible()


def test_two_visitors_at_the_wheel_see_each_their_own(visit, driven):
    one, two = take(opened(visit)), take(opened(visit))
    one.page.keyboard.press("ArrowDown")
    two.page.locator("[data-hand=give]").click()
    until_taken(one, 1)
    two.until(f"() => document.querySelectorAll('.wd-tick').length > {STEP + 1}")
    two.page.locator("[data-hand=stop]").click()
    now, (run, _) = stop(one)
    assert str(now.steps[STEP].takeover.action) == "SLOWER"
    other = two.page.locator(".wd").get_attribute("data-run")
    assert other != run and two.page.locator(".wd-taken").count() == 0


def test_steered_roads_say_that_they_are_not_driven_by_hand(visit, runs):
    log.write(runs / "steered" / "track.jsonl", episode("racetrack", "idle"))
    tab = visit().link("steered", "track", 1)
    tab.page.locator(".wd-wheel").click()
    tab.page.wait_for_selector(".wd-notice:not([hidden])")
    assert "driving by hand is offered where lanes and speeds are chosen" in tab.text("wd-notice")
    assert tab.page.locator(".wd-pad").is_hidden() and tab.index == 1
