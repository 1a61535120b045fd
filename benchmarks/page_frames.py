"""How long the player draws one frame [ms]: bird's eye, driver's eye and plots, in Chromium without a graphics card.

python benchmarks/page_frames.py LOG [BATCHES]    of each part the fastest of BATCHES (default 30) batches of five frames, as
other work on the machine only ever adds to it; 58 frames a second leave 17.2 ms for all of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from drive.episodes import log
from drive.show import viewer

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SIZE = {"width": 1440, "height": 900}  # [px]
DRAWN = """([js, message, batches]) => {
  const element = document.querySelector('#p');
  const parts = Function('element', 'trigger', 'props', 'watch', 'server', js + `
    const episode = newEpisode(${'arguments[5]'}.header);
    receive(episode, arguments[5]);
    const root = element.querySelector('.wd'), theme = readTheme(root), time = episode.steps.at(-1).time / 2;
    const look = { zoom: 1, turn: false, car: null, option: null };
    const [map, eye, plot] = ['.wd-map', '.wd-eye', '.wd-plot'].map((name) => root.querySelector(name));
    const moment = () => momentAt(episode, time);
    return { cars: moment().cars.length, moment, map, eye, plot,
             bird: () => drawScene(map, episode, moment(), look, theme),
             driver: () => drawDriver(eye, episode, moment(), look, theme),
             plots: () => drawPlots(plot, episode, moment(), theme) };`)(
    element, () => {}, { value: JSON.stringify(message) }, () => {}, {}, message);
  const fastest = (draw, canvas) => {
    let best = Infinity;
    for (let k = 0; k < batches; k++) {
      const begin = performance.now();
      for (let n = 0; n < 5; n++) draw();
      canvas.getContext('2d').getImageData(0, 0, 1, 1); // until it is painted
      best = Math.min(best, (performance.now() - begin) / 5);
    }
    return best;
  };
  return [parts.cars, fastest(parts.bird, parts.map), fastest(parts.driver, parts.eye), fastest(parts.plots, parts.plot)];
}"""


def main(path: str, batches: str = "30") -> None:
    episode, assets = log.read(Path(path)).episode, viewer.player_assets()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE)
        page.set_content(f"<style>#p {{ {assets['css']} }}</style><div id=p>{assets['html']}</div>")
        message = viewer.player_data(episode, "run", "name")
        cars, *parts = page.evaluate(DRAWN, [assets["js"], message, int(batches)])
        browser.close()
    told = ", ".join(
        f"{name} {ms:.1f} ms"
        for name, ms in zip(("bird's eye", "driver's eye", "plots"), parts, strict=True)
    )
    print(f"{cars} cars: {told}; together {sum(parts):.1f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
