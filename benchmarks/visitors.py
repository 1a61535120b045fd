"""Ten visitors at once on a public page, for five minutes: what broke, and what the server's memory did.

    python benchmarks/visitors.py [--visitors 10] [--minutes 5] [--seed 0]

Each visitor has a browser session of its own and does what visitors do, by chance: drives, steps through an episode, asks, looks
into the gallery and searches, notes, judges, closes its tab and comes back. An error is whatever a visitor must not meet: an
error on the browser's console, an answer of 400 or above, a request that leaves the server, a sentence that says that
something broke. Exit code 1 where there is one. The server runs in a process of its own; its memory is read before,
meanwhile and after.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

from playwright.async_api import Browser, Error, Page, async_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
ROADS = (
    ("highway-fast", "planner"), ("highway-fast", "rule"), ("two-way", "idle"), ("merge", "planner"), ("roundabout", "rule"),
    ("intersection", "planner"), ("dilu-4-2.0", "idm"),
)  # fmt: skip
QUESTIONS = (
    "why",
    "why not speed up",
    "why not slow down",
    "what if the road were wet",
    "nonsense",
)
PATIENCE = 90_000  # [ms]
LOOK = 5.0  # [s] between two looks at the memory of the server
PAUSE = (0.3, 2.0)  # [s] between two things that a visitor does
SCHEDULE = ("drive", "step", "ask", "browse", "judge", "note", "come back")
WEIGHTS = (3, 5, 2, 2, 2, 2, 1)
BROKEN = ("does not answer", "broke", "Error", "Traceback")  # in a sentence that a visitor is told


@dataclass
class Told:
    """What happened to all visitors."""

    done: Counter = field(default_factory=Counter)
    errors: Counter = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)  # [s]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as runs, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        server = served(Path(runs), port)
        try:
            address = f"http://127.0.0.1:{port}/"
            until_it_answers(server, port)
            told, memory = asyncio.run(soaked(address, server.pid, given))
        finally:
            server.terminate()
            server.wait(30)
    print(f"{given.visitors} visitors, {given.minutes:g} minutes: " + counted(told.done))
    print("slowest: " + ", ".join(f"{what} {s:.1f} s" for what, s in sorted(told.slowest.items())))
    print(f"server's memory [MB]: {memory[0]:.0f} at first, {max(memory):.0f} at most, {memory[-1]:.0f} at the end")  # fmt: skip
    print("every half minute: " + " ".join(f"{each:.0f}" for each in memory[::6]))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"errors: {sum(told.errors.values())}")
    for what, many in told.errors.most_common(20):
        print(f"  {many} x {what}")
    sys.exit(bool(told.errors))


def counted(done: Counter) -> str:
    return ", ".join(f"{many} x {what}" for what, many in done.most_common())


def served(runs: Path, port: int) -> subprocess.Popen:
    """A public page in a process of its own."""
    environment = os.environ | {
        "WHYDRIVE_RUNS": str(runs),
        "WHYDRIVE_PUBLIC": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", f"import app; app.main(port={port})"]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)


def until_it_answers(server: subprocess.Popen, port: int) -> None:
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if server.poll() is not None:
            raise SystemExit("the page did not start")
        time.sleep(0.2)
    raise SystemExit("the page did not start in two minutes")


def memory_of(process: int) -> float:
    """[MB] that a process has in memory."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


async def soaked(address: str, process: int, given) -> tuple[Told, list[float]]:
    told, until = Told(), time.monotonic() + 60 * given.minutes
    memory = [memory_of(process)]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        visits = [
            visit(browser, address, random.Random(given.seed + k), until, told)
            for k in range(given.visitors)
        ]
        waiting = asyncio.gather(*visits)
        while not waiting.done():
            await asyncio.wait([waiting], timeout=LOOK)
            memory.append(memory_of(process))
        await waiting
        await browser.close()
    await asyncio.sleep(10)
    return told, [*memory, memory_of(process)]


async def visit(
    browser: Browser, address: str, chance: random.Random, until: float, told: Told
) -> None:
    """One visitor, until the time is over."""
    context = await browser.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE)
    page = await opened(context, address, told)
    while time.monotonic() < until:
        what = chance.choices(SCHEDULE, WEIGHTS)[0]
        begin = time.monotonic()
        try:
            if what == "come back":
                await page.close()
                page = await opened(context, address, told)
            else:
                await DOES[what](page, chance)
            notice = await page.locator(".wd-notice").text_content() or ""
            if any(word in notice for word in BROKEN):
                told.errors[f"{what}: {notice[:120]}"] += 1
        except Error as error:
            told.errors[f"{what}: {str(error).splitlines()[0][:160]}"] += 1
            await page.close()
            page = await opened(context, address, told)
        told.done[what] += 1
        spent = time.monotonic() - begin
        told.slowest[what] = max(spent, told.slowest.get(what, 0.0))
        await asyncio.sleep(chance.uniform(*PAUSE))
    await context.close()


async def opened(context, address: str, told: Told) -> Page:
    page = await context.new_page()
    host = urlparse(address).netloc

    def noted(what: str) -> None:
        told.errors[what[:160]] += 1

    page.on("console", lambda m: m.type == "error" and noted(f"console: {m.text}"))
    page.on("pageerror", lambda error: noted(f"page: {error}"))
    page.on("response", lambda r: r.status >= 400 and noted(f"{r.status} {urlparse(r.url).path}"))
    page.on("request", lambda r: leaves(r.url, host) and noted(f"asked elsewhere: {r.url}"))
    await page.goto(address)
    await page.wait_for_selector(".wd-tick")
    await page.wait_for_selector(".wd-judge:not([hidden])")
    return page


def leaves(url: str, host: str) -> bool:
    parts = urlparse(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != host


# ------------------------------------------------------------------------------- what visitors do


async def drive(page: Page, chance: random.Random) -> None:
    """To the first decision; it is driven on meanwhile."""
    scenario, policy = chance.choice(ROADS)
    for label, value in (("Scenario", scenario), ("Policy", policy)):
        await page.get_by_label(label, exact=True).click()
        await page.locator(f"li[role=option][aria-label='{value}']").click()
        await page.wait_for_timeout(300)
    seed = chance.randrange(1_000_000)
    await page.locator("#wd-seed input, #wd-seed textarea").fill(str(seed))
    await page.locator("#wd-drive").click()
    shown = f"() => document.querySelector('.wd-name').textContent.endsWith('seed {seed}') && document.querySelector('.wd-tick')"
    await page.wait_for_function(shown)


async def step(page: Page, chance: random.Random) -> None:
    await page.locator(".wd").focus()
    for _ in range(chance.randrange(3, 10)):
        await page.keyboard.press(chance.choice(("ArrowDown", "ArrowUp", "n", "End", "Home", "v", "ArrowRight")))  # fmt: skip
        await page.wait_for_timeout(60)


async def ask(page: Page, chance: random.Random) -> None:
    await page.locator(".wd-question").fill(chance.choice(QUESTIONS))
    await page.locator(".wd-question").press("Enter")
    await page.wait_for_function(
        "() => { const a = document.querySelector('.wd-answer'); return a.hidden || !('busy' in a.dataset); }"
    )


async def browse(page: Page, chance: random.Random) -> None:
    await page.locator("#wd-browse").click()
    await page.wait_for_selector(".wdg tbody tr[data-run]")
    await page.get_by_label("Search in what was said").fill(chance.choice(("car", "behind", "slow", "zzz")))  # fmt: skip
    await page.wait_for_timeout(600)
    await page.get_by_label("Search in what was said").fill("")
    await page.locator("#wd-browse").click()


async def judge(page: Page, chance: random.Random) -> None:
    await page.locator(f"[data-remark={chance.choice(('up', 'down'))}]").click()
    await page.wait_for_timeout(300)


async def note(page: Page, chance: random.Random) -> None:
    await page.locator("[data-remark=note]").click()
    await page.locator(".wd-remark-form textarea").fill(f"<b>note</b> {chance.random()}")
    await page.get_by_role("button", name="Keep", exact=True).click()
    await page.wait_for_function("() => !document.querySelector('.wd-remark-form')")


DOES = {"drive": drive, "step": step, "ask": ask, "browse": browse, "judge": judge, "note": note}

if __name__ == "__main__":
    main()
