"""Take docs/page.png and docs/what_if.gif: a real episode, driven now, in the real page, in Chromium.

python benchmarks/page_picture.py [SCENARIO SEED STEP QUESTION]
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(
    0, str(Path(__file__).parents[1])
)  # app.py as it lies here, not as it was installed

import app
from drive.episodes.api import run

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1360, "height": 880}  # [px]
DOCS = Path(__file__).parents[1] / "docs"
MOVES = {"width": 1240, "height": 620}  # [px]
FRAMES, PAUSE, COLOURS = 24, 0.22, 80  # of the moving picture; [s] between two


def main(
    scenario: str = "highway-fast",
    seed: str = "1",
    step: str = "3",
    question: str = "what if car 2 were not there?",
) -> None:
    folder = os.environ["WHYDRIVE_RUNS"] = tempfile.mkdtemp()
    run(scenario, "planner", int(seed), out=Path(folder) / "picture")
    demo = app.build()
    _, address, _ = demo.launch(**app.LAUNCH, prevent_thread_lock=True, quiet=True)
    address = f"{address}?run=picture&episode={scenario}-planner-{seed}&step={step}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=2)
        still(page, address)
        moving(browser.new_page(viewport=MOVES), address, question)
        browser.close()
    demo.close()


def still(page: Page, address: str) -> None:
    """A moment into the decision, when its claims are tested."""
    page.goto(address)
    page.wait_for_selector(".wd-tick[aria-current]")
    page.wait_for_function("() => document.querySelector('.wd-prove progress').hidden")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    page.screenshot(path=DOCS / "page.png")


def moving(page: Page, address: str, question: str) -> None:
    """A question is asked, and both futures play."""
    page.goto(address)
    page.wait_for_selector(".wd-tick[aria-current]")
    page.wait_for_timeout(800)
    frames = [page.screenshot()]
    page.get_by_label("Question", exact=True).fill(question)
    frames.append(page.screenshot())
    page.keyboard.press("Enter")
    page.wait_for_selector(".wd[data-beside]")
    for _ in range(FRAMES):
        frames.append(page.screenshot())
        page.wait_for_timeout(1000 * PAUSE)
    pictures = [Image.open(io.BytesIO(frame)).convert("RGB").quantize(COLOURS) for frame in frames]
    first, *others = pictures
    lasts = [1200, 1500, *[1000 * PAUSE] * (len(pictures) - 3), 1500]  # [ms]
    first.save(
        DOCS / "what_if.gif",
        save_all=True,
        append_images=others,
        duration=lasts,
        loop=0,
        optimize=True,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
