"""Take docs/page.png: a real episode, driven now, in the real page, in Chromium.

python benchmarks/page_picture.py [SCENARIO SEED STEP] [--dark]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(
    0, str(Path(__file__).parents[1])
)  # app.py as it lies here, not as it was installed

import app
from drive.episodes.api import run

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1360, "height": 880}  # [px]
PICTURE = Path(__file__).parents[1] / "docs" / "page.png"


def main(scenario: str = "roundabout", seed: str = "11", step: str = "0", shade: str = "") -> None:
    folder = os.environ["WHYDRIVE_RUNS"] = tempfile.mkdtemp()
    run(scenario, "planner", int(seed), out=Path(folder) / "picture")
    demo = app.build()
    _, address, _ = demo.launch(**app.LAUNCH, prevent_thread_lock=True, quiet=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        scheme = "dark" if shade == "--dark" else "light"
        page = browser.new_page(viewport=SIZE, device_scale_factor=2, color_scheme=scheme)
        page.goto(f"{address}?run=picture&episode={scenario}-planner-{seed}&step={step}")
        page.wait_for_selector(".wd-tick[aria-current]")
        for _ in range(3):  # a moment into the decision
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURE)
        browser.close()
    demo.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
