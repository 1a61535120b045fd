"""Browsing in a real Chromium: failures first, one click or key to any episode, evaluations that become rows; and looking back."""

# ruff: noqa: F811  # fixtures

from __future__ import annotations

import functools
from dataclasses import replace

import pytest
from fake_episode import crash, fake_episode
from test_accessible import faults
from test_browser import (  # noqa: F401  # fixtures
    HOSTILE,
    LOOKS,
    address,
    chromium,
    hostile,
    runs,
    tabs,
    visit,
)

from drive.checking.incident import incident_of, told
from drive.checking.verdicts import verify_log
from drive.episodes import log
from drive.episodes.record import finished
from drive.episodes.rollout import run
from drive.policy import load
from drive.world import World

SIZES = [(1280, 720), (390, 844)]
LEAST = 4.5  # contrast of text (WCAG 2, AA)
ROWS = """() => [...document.querySelectorAll('.wdg tbody tr[data-run]')].map((row) => ({
  run: row.dataset.run, name: row.dataset.episode, kind: row.dataset.kind,
  ...Object.fromEntries([...row.cells].map((cell) => [cell.dataset.key, cell.innerText.trim()])) }))"""
CONTRAST = """() => {
  const numbers = (colour) => { const m = colour.match(/[\\d.]+/g).map(Number); return colour.startsWith("color(") ? m.slice(0, 3).map((v) => v * 255) : m.slice(0, 3); };
  const light = (colour) => { const [r, g, b] = numbers(colour).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (node) => { for (; node; node = node.parentElement) { const c = getComputedStyle(node).backgroundColor;
    if (!/rgba\\(.*, 0\\)|transparent/.test(c)) return c; } return "rgb(255, 255, 255)"; };
  const words = [...document.querySelectorAll(".wdg *")].filter((e) => e.checkVisibility() && !e.closest("option, title, svg")
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
  return Math.min(...words.map((e) => { const a = light(getComputedStyle(e).color), b = light(behind(e));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
}"""


@functools.cache
def collided():
    return finished(run(World("highway-fast", physics="twin"), load("faster"), 1, causes="never"))


@pytest.fixture(scope="module", autouse=True)
def more(runs):
    """A collision that can be looked back at, with its verdicts; one that the page knows nothing of; a broken log."""
    log.write(runs / "crashed" / "fast.jsonl", collided())
    verify_log(runs / "crashed" / "fast.jsonl", claims_only=True)
    log.write(runs / "made" / "hit.jsonl", finished(crash(fake_episode(steps=4))))
    log.write(
        runs / "made" / "calm.jsonl", finished(fake_episode(steps=3, text="Behind a blue car."))
    )
    struck = finished(crash(fake_episode(steps=3, text=HOSTILE)))
    named = replace(hostile(struck), end=struck.end)
    log.write(runs / "struck" / "hostile.jsonl", named)
    (runs / "made" / "broken.jsonl").write_text("no log\n")


def browsing(tab, size=(1280, 720), query=""):
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    tab.open(query)
    tab.page.wait_for_selector(".wd-tick")
    tab.page.locator("#wd-browse").click()
    tab.page.wait_for_selector(".wdg tbody tr[data-run]")
    return tab


def kind_of(row):
    """What a row is ranked by: what was said and is false comes next to what failed."""
    said_false = row["false"].partition(" ")[0] not in ("0", "–")
    return "lied" if said_false and row["kind"] != "bad" else row["kind"]


def rows(tab):
    return tab.page.evaluate(ROWS)


@pytest.mark.parametrize(("size", "theme"), LOOKS)
def test_failures_come_first_in_a_table_that_fits_and_can_be_read(visit, size, theme):
    tab = browsing(visit(), size, f"?__theme={theme}")
    kinds = [kind_of(row) for row in rows(tab)]
    order = ["bad", "lied", "unread", "over", "good"]
    assert kinds == sorted(kinds, key=order.index) and kinds[0] == "bad"
    tab.until("() => document.querySelector('.wdg-picture')?.naturalWidth > 100")
    assert tab.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    inside = "() => [...document.querySelectorAll('.wdg :not(thead, thead *)')].every((e) => e.getBoundingClientRect().right <= innerWidth + 1)"
    assert tab.page.evaluate(inside), "nothing is cut off at the right"
    assert tab.page.evaluate(CONTRAST) >= LEAST
    first = tab.page.locator(".wdg tbody tr").first.bounding_box()
    assert first["y"] + 60 < size[1], "the first row is on the first screen"
    assert not tab.page.locator(".wd").is_visible()


def test_a_row_says_what_its_log_and_its_verdicts_say(visit, runs):
    tab = browsing(visit())
    row = next(row for row in rows(tab) if row["name"] == "fast")
    metrics = collided().end.metrics
    assert (row["scenario"], row["policy"], row["seed"]) == ("highway-fast", "faster", "1")
    assert row["rank"].startswith("collision with car") and row["success"] == "no"
    assert row["speed"] == f"{metrics['mean speed']:.1f} m/s"
    assert row["headway"] == f"{metrics['minimum headway']:.2f} s"
    assert row["false"].startswith("0 of ")
    broken = next(row for row in rows(tab) if row["name"] == "broken")
    assert "cannot be read" in broken["rank"] and broken["ttc"] == "–"


def test_a_click_opens_an_episode_and_so_does_a_key(visit):
    tab = browsing(visit())
    tab.page.locator("tr[data-episode=hit] .wdg-outcome").click()
    tab.until("() => document.querySelector('.wd').dataset.episode === 'hit'")
    assert tab.page.locator(".wd-map").is_visible() and not tab.page.locator(".wdg").is_visible()
    tab.page.locator("#wd-browse").click()
    tab.page.wait_for_selector(".wdg tbody tr[data-run]")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowUp")
    wanted = tab.page.evaluate("() => document.activeElement.closest('tr').dataset.episode")
    assert wanted == rows(tab)[0]["name"]
    tab.page.keyboard.press("Enter")
    tab.until(f"() => document.querySelector('.wd').dataset.episode === '{wanted}'")


def test_keys_in_the_gallery_do_not_move_the_episode_and_escape_goes_back(visit):
    tab = browsing(visit(), query="?run=first&episode=straight-rule-7&step=5")
    for key in ("Home", "n", " ", "ArrowDown"):
        tab.press(key)
    tab.press("Escape")
    tab.until("() => document.querySelector('.wdg').hidden")
    assert tab.page.evaluate("() => document.activeElement.id") == "wd-browse" and tab.index == 5


def test_columns_are_sorted_and_what_is_missing_comes_last(visit):
    tab = browsing(visit())
    head = tab.page.locator("th[data-key=speed] button")
    head.click()
    speeds = [row["speed"] for row in rows(tab)]
    numbers = [float(each.split()[0]) for each in speeds if each != "–"]
    assert numbers == sorted(numbers, reverse=True) and speeds[len(numbers) :] == ["–"] * (
        len(speeds) - len(numbers)
    )
    assert tab.page.locator("th[data-key=speed]").get_attribute("aria-sort") == "descending"
    head.click()
    assert [float(row["speed"].split()[0]) for row in rows(tab) if row["speed"] != "–"] == sorted(
        numbers
    )
    head.click()
    assert rows(tab)[0]["kind"] == "bad", "as at first"


def test_filters_and_a_search_in_the_words_narrow_the_rows(visit):
    tab = browsing(visit())
    tab.page.get_by_label("Only this outcome").select_option("bad")
    assert {row["kind"] for row in rows(tab)} == {"bad"}
    tab.page.get_by_label("Only this policy").select_option("faster")
    assert [row["name"] for row in rows(tab)] == ["fast"]
    tab.page.get_by_label("Only this outcome").select_option("")
    tab.page.locator(".wdg-filters [name=policy]").select_option("")
    tab.page.get_by_label("Search in what was said").fill("a BLUE car")
    tab.until("() => document.querySelectorAll('.wdg tbody tr[data-run]').length === 1")
    assert (
        rows(tab)[0]["name"] == "calm"
        and "blue car" in tab.page.locator(".wdg-around").text_content()
    )
    tab.page.get_by_label("Search in what was said").fill("no one ever said this")
    tab.page.wait_for_selector(".wdg-none")


def test_the_words_of_a_log_are_never_markup(visit):
    tab = browsing(visit())
    row = next(row for row in rows(tab) if row["run"] == "hostile")
    assert HOSTILE.split()[0] in row["scenario"] and HOSTILE.split()[0] in row["policy"]
    tab.page.get_by_label("Search in what was said").fill("onerror")
    tab.page.wait_for_selector(".wdg-around")
    tab.page.locator("[data-tab=charts]").click()
    tab.page.wait_for_selector(".wdg-charts > *")
    for option in tab.page.locator(".wdg-filters [name=scenario] option").all():
        tab.page.locator(".wdg-filters [name=scenario]").select_option(
            option.get_attribute("value")
        )
        tab.page.wait_for_timeout(150)
    assert tab.page.evaluate("window.hacked") is None
    assert (
        tab.page.evaluate(
            "() => document.querySelectorAll('.wdg img:not(.wdg-picture), .wdg script').length"
        )
        == 0
    )
    tab.page.locator(".wdg-filters [name=scenario]").select_option("")
    tab.page.locator("[data-tab=table]").click()
    tab.page.locator("tr[data-run=hostile] .wdg-open").click()
    tab.until("() => document.querySelector('.wd').dataset.run === 'hostile'")
    assert tab.page.evaluate("window.hacked") is None


def test_a_dot_leads_to_its_episodes_by_key_too(visit):
    tab = browsing(visit())
    tab.page.locator(".wdg-filters [name=scenario]").select_option("highway-fast")
    tab.page.locator("[data-tab=charts]").click()
    tab.page.locator(".wdg .chart").nth(1).wait_for()
    assert tab.page.locator(".wdg .chart").count() == 2
    dot = tab.page.locator(".wdg .chart g[data-policy=faster]").first
    assert "success" in dot.get_attribute("aria-label")
    dot.focus()
    tab.page.keyboard.press("Enter")
    assert [row["name"] for row in rows(tab)] == ["fast"]


def test_an_evaluation_tells_its_progress_and_its_episodes_become_rows(visit):
    tab = browsing(visit())
    tab.page.get_by_label("Scenario to evaluate on").select_option("merge")
    tab.until("() => document.querySelector('.wdg-trial [name=policy]').options.length > 3")
    tab.page.get_by_label("Policy to evaluate").select_option("slower")
    tab.page.get_by_label("Episodes to drive").fill("2")
    tab.page.get_by_role("button", name="Evaluate").click()
    tab.until("() => document.querySelector('.wdg-told').textContent.startsWith('2 driven')", 120)
    tab.page.locator(".wdg-these").click()
    tab.until("() => document.querySelectorAll('.wdg tbody tr[data-run]').length === 2")
    assert {(row["scenario"], row["policy"], row["seed"]) for row in rows(tab)} == {
        ("merge", "slower", "20000"), ("merge", "slower", "20001"),
    }  # fmt: skip
    assert (
        tab.page.locator(".wdg-go").is_enabled() and not tab.page.locator(".wdg-stop").is_visible()
    )


def test_an_evaluation_can_be_stopped(visit):
    tab = browsing(visit())
    tab.page.get_by_label("Policy to evaluate").select_option("planner")  # takes long enough
    tab.page.get_by_label("Episodes to drive").fill("20")
    tab.page.get_by_role("button", name="Evaluate").click()
    tab.page.locator(".wdg-stop").click()
    tab.until("() => document.querySelector('.wdg-told').textContent.startsWith('stopped')", 120)
    assert tab.page.locator(".wdg-go").is_enabled()


# ------------------------------------------------------------------------------------ looking back

DIFFERENT = """() => {
  const [a, b] = ['.wd-map', '.wd-eye'].map((name) => { const c = document.querySelector(name);
    return c.getContext('2d').getImageData(0, 0, c.width, c.height).data; });
  let count = 0;
  for (let i = 0; i < Math.min(a.length, b.length); i += 40) if (Math.abs(a[i] - b[i]) > 30) count++;
  return count;
}"""


@pytest.mark.parametrize("size", SIZES)
def test_a_collision_is_looked_back_at_and_what_avoids_it_plays_beside(visit, runs, size):
    tab = visit()
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    tab.link("crashed", "fast", 2)
    tab.page.get_by_role("button", name="look back").click()
    tab.page.wait_for_selector(".wd-saving")
    from drive.show.proof import beside

    incident = incident_of(collided(), beside(runs / "crashed" / "fast.jsonl"))
    assert tab.page.locator(".wd-incident li").all_text_contents() == [*told(incident)]
    tab.page.get_by_role("button", name="play what avoids it").click()
    tab.page.wait_for_selector("[data-beside]")
    assert tab.index == incident.saving.step
    tab.page.wait_for_timeout(1500)
    assert tab.page.evaluate(DIFFERENT) > 20
    assert tab.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    tab.page.get_by_role("button", name="stop playing it").click()
    assert tab.page.locator("[data-beside]").count() == 0
    assert tab.page.locator(".wd-incident li").first.is_visible(), "the report stays"
    tab.press("Home")
    tab.page.get_by_role("button", name="go to that decision").click()
    tab.until(
        f"() => document.querySelector('.wd-tick[aria-current]').dataset.step === '{incident.saving.step}'"
    )
    tab.page.get_by_label("Close the report").click()
    assert not tab.page.locator(".wd-incident").is_visible()


def test_a_drive_that_went_well_is_not_looked_back_at_and_a_foreign_log_says_why_not(visit):
    tab = visit().link("made", "calm", 0)
    assert not tab.page.locator(".wd-lookback").is_visible()
    tab = visit().link("made", "hit", 0)
    tab.page.get_by_role("button", name="look back").click()
    tab.until(
        "() => document.querySelectorAll('.wd-incident li').length > 0 && !document.querySelector('.wd-incident[data-busy]')"
    )
    assert "cannot be searched for" in tab.page.locator(".wd-incident").text_content()
    assert tab.page.locator(".wd-saving").count() == 0


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_axe_finds_nothing_serious_in_the_gallery_and_in_a_report(visit, size, scheme):
    tab = browsing(visit(color_scheme=scheme), size)
    told = faults(tab.page)
    tab.page.locator("[data-tab=charts]").click()
    tab.page.locator(".wdg-charts > *").first.wait_for()
    told += faults(tab.page)
    tab.page.locator("[data-tab=table]").click()
    tab.page.locator("tr[data-episode=fast] .wdg-open").click()
    tab.page.get_by_role("button", name="look back").click()
    tab.page.wait_for_selector(".wd-saving")
    told += faults(tab.page)
    assert not told, "\n".join(told)


def test_a_report_s_words_are_no_markup(visit):
    tab = visit().link("struck", "hostile", 0)
    tab.page.get_by_role("button", name="look back").click()
    tab.until("() => document.querySelectorAll('.wd-incident li').length > 1")
    assert "onerror" in tab.page.locator(".wd-incident").text_content()
    assert tab.page.locator(".wd-incident img, .wd-incident script").count() == 0
    assert tab.page.evaluate("window.hacked") is None
