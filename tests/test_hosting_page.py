"""A public page in a real Chromium: two visitors, each with its own drives; and a closed tab, which ends its work."""

# ruff: noqa: F811  # fixtures

from __future__ import annotations

import os
import time

import pytest
from fake_episode import fake_episode
from test_browse_page import ROWS
from test_browser import Visit, chromium  # noqa: F401  # fixtures

import app
from drive.episodes import log
from drive.show.hosting import own


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """A public page's address and its runs: one of them is shared."""
    folder = tmp_path_factory.mktemp("runs")
    before = {name: os.environ.get(name) for name in ("WHYDRIVE_RUNS", "WHYDRIVE_PUBLIC")}
    os.environ.update(WHYDRIVE_RUNS=str(folder), WHYDRIVE_PUBLIC="1")
    log.write(folder / "shared" / "one.jsonl", fake_episode(steps=4))
    demo = app.build()
    _, url, _ = demo.queue().launch(**app.launching(), prevent_thread_lock=True, quiet=True)
    yield url.rstrip("/"), folder
    demo.close()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def visitors(chromium, public):
    """Makes visitors: each has cookies of its own; called with one, another tab of that visitor."""
    contexts = []

    def new(other=None):
        context = other.page.context if other else chromium.new_context()
        contexts.append(context)
        return Visit(context.new_page(), public[0])

    yield new
    for context in contexts:
        context.close()


def driving(tab, seed, scenario="two-way", policy="idle"):
    tab.page.wait_for_selector(".wd-tick")
    for name, value in (("Scenario", scenario), ("Policy", policy)):
        tab.page.get_by_label(name, exact=True).click()
        tab.page.locator(f"li[role=option][aria-label='{value}']").click()
    tab.page.locator("#wd-seed input, #wd-seed textarea").fill(str(seed))
    tab.page.locator("#wd-drive").click()
    tab.until(f"() => document.querySelector('.wd-name').textContent.includes('seed {seed}')")


def driven(tab, seed):
    """Where it drove."""
    driving(tab, seed)
    tab.until("() => ['good', 'bad'].includes(document.querySelector('.wd-status').dataset.kind)")
    return tab.page.locator(".wd").get_attribute("data-run")


def listed(tab):
    tab.page.locator("#wd-browse").click()
    tab.page.wait_for_selector(".wdg tbody tr[data-run]")
    tab.page.wait_for_timeout(600)
    names = {row["run"] for row in tab.page.evaluate(ROWS)}
    tab.page.locator("#wd-browse").click()
    return names


def test_each_visitor_finds_its_own_drives_and_what_is_shared_also_after_a_reload(visitors, public):
    mine, yours = visitors().open(), visitors().open()
    run = driven(mine, 3)
    (key,) = [one["value"] for one in mine.page.context.cookies() if one["name"] == "whydrive"]
    assert run.startswith(f"{own(key)}/") and mine.page.evaluate("document.cookie") == ""
    assert listed(mine) == {"shipped", "shared", run}
    other = driven(yours, 4)
    assert listed(yours) == {"shipped", "shared", other}
    again = visitors(mine).open()
    again.page.wait_for_selector(".wd-tick")
    assert listed(again) == {"shipped", "shared", run}
    again.page.get_by_label("Run on disk").click()
    options = again.page.locator("li[role=option]").all_text_contents()
    assert len(options) == 3 and sum("page-" in option for option in options) == 1
    yours.link(run, "two-way-idle-3", 1)
    assert yours.page.locator(".wd").get_attribute("data-run") == run, "by its link"
    assert run not in listed(yours)


def test_a_closed_tab_ends_its_drive(visitors, public):
    tab = visitors().open()
    driving(tab, 5, "highway", "rule")  # a long one
    run = public[1] / tab.page.locator(".wd").get_attribute("data-run")
    (path,) = run.glob("*.jsonl")
    tab.page.close()
    before, until = -1, time.monotonic() + 60
    while path.stat().st_size != before and time.monotonic() < until:
        before = path.stat().st_size
        time.sleep(4)
    read = log.read(path)
    assert read.episode.end is None, "it was not driven to its end"
