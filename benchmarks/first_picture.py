"""How long a visitor waits on the page: for the first picture, for the first decision after Drive, for a what-if's new sentence.

    python benchmarks/first_picture.py [--n 20] [--scenarios dilu-4-2.0 highway-fast intersection] [--only cold|drive|what-if]

One line each. The server is up and its twin is compiled, as on a host that has run for minutes; each cold visit is a new
browser, which has nothing cached. Every wait is told by the browser's own clock: the first picture, when the road of the
shipped log is painted, after the page was asked for; Drive and what-if, after the click, when their sentence stands in the
page. The load of the machine stands beside: on one that is busy all of it is longer.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(
    0, str(Path(__file__).parents[1])
)  # app.py as it lies here, not as it was installed

import app
from drive.episodes import log
from drive.episodes.api import run
from drive.show import requests

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
SIZE = {"width": 1280, "height": 720}  # [px]
ROADS = ("dilu-4-2.0", "highway-fast", "intersection")
AIMS = {"first picture, cold": 2.0, "first decision after Drive": 1.0}  # [s]
FIRST_SEED, EVERY, PATIENCE = 100, 3, 120_000  # PATIENCE [ms]
PAINTED = """() => { const map = document.querySelector(".wd-map");
  if (!map?.width || !document.querySelector(".wd-tick")) return false;
  return map.getContext("2d").getImageData(0, 0, map.width, map.height).data.some((v) => v > 0); }"""
# Seconds from a click to what a test of the page says; looked at in every frame.
WAIT = """([button, over]) => new Promise((told) => {
  const is = Function(`return (${over})`)(), begin = performance.now();
  document.querySelector(button).click();
  const look = () => is() ? told((performance.now() - begin) / 1000) : requestAnimationFrame(look);
  requestAnimationFrame(look); })"""
DROVE = "() => document.querySelector('.wd-name').textContent.endsWith('seed {seed}') && document.querySelector('.wd-text').textContent.length > 5"
ANSWERED = "() => { const a = document.querySelector('.wd-answer'); return !a.hidden && !('busy' in a.dataset) && a.querySelector('.wd-says').textContent.length > 5; }"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--scenarios", nargs="*", default=list(ROADS))
    parser.add_argument("--only", choices=["cold", "drive", "what-if"])
    given = parser.parse_args()
    folder = os.environ["WHYDRIVE_RUNS"] = tempfile.mkdtemp()
    preparation = requests.preparation()
    while not preparation.done:
        time.sleep(0.1)
    demo = app.build(preparation=preparation)
    _, address, _ = demo.queue().launch(**app.LAUNCH, prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        if given.only in (None, "cold"):
            tell("first picture, cold", cold(playwright, address, given.n))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        if given.only in (None, "drive"):
            tell("first decision after Drive", drives(browser, address, given.n))
        for scenario in given.scenarios if given.only in (None, "what-if") else ():
            waits = asked(browser, address, Path(folder), scenario, given.n)
            tell(f"what-if on {scenario}, click to sentence", waits)
        browser.close()
    demo.close()


def tell(what: str, waits: Iterator[float]) -> None:
    times = list(waits)
    middle, most = np.quantile(times, (0.5, 0.95))
    aim = f", aim {AIMS[what]:.0f} s" if what in AIMS else ""
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(
        f"{what}: p50 {middle:.2f} s, p95 {most:.2f} s, n = {len(times)}{aim}; {load}", flush=True
    )


def opened(browser: Browser, address: str, query: str = "") -> Page:
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}{query}", wait_until="commit")
    return page


def cold(playwright, address: str, n: int) -> Iterator[float]:
    """From asking for the page to the painted road, each in a new browser."""
    for _ in range(n):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = opened(browser, address)
        page.wait_for_function(PAINTED, polling="raf")
        yield page.evaluate("performance.now()") / 1000
        browser.close()


def drives(browser: Browser, address: str, n: int) -> Iterator[float]:
    """From pressing Drive to the first decision's sentence, other seeds each time."""
    page = opened(browser, address)
    page.wait_for_function(PAINTED)
    for seed in range(FIRST_SEED, FIRST_SEED + n):
        page.wait_for_timeout(700)  # the form is filled with what is shown, a moment after
        page.locator("#wd-seed input, #wd-seed textarea").fill(str(seed))
        yield page.evaluate(WAIT, ["#wd-drive", DROVE.format(seed=seed)])
    page.close()


def asked(browser: Browser, address: str, folder: Path, scenario: str, n: int) -> Iterator[float]:
    """From asking what would be without the nearest car to the new sentence, about other decisions of a few episodes."""
    count, seed = 0, FIRST_SEED
    while count < n:
        run(scenario, "planner", seed, out=folder / "asked")
        name = f"{scenario}-planner-{seed}"
        episode = log.read(folder / "asked" / f"{name}.jsonl").episode
        for step in [step for step in episode.steps[1::EVERY] if step.scene.cars]:
            if count == n:
                return
            page = opened(browser, address, f"?run=asked&episode={name}&step={step.scene.step}")
            page.wait_for_selector(".wd-tick[aria-current]")
            near = min(step.scene.cars, key=lambda car: abs(car.x - step.scene.ego.x) + abs(car.y - step.scene.ego.y))  # fmt: skip
            page.locator(".wd-question").fill(f"what if car {near.id} were not there")
            yield page.evaluate(WAIT, [".wd-ask button[type=submit]", ANSWERED])
            count += 1
            page.close()
        seed += 1


if __name__ == "__main__":
    main()
