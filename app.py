"""The page: drive an episode live or open a logged one, and watch it with its reasons beside it.

Gradio wiring only: what is driven comes from `drive.record`, what is shown from `drive.viewer`.
"""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import orjson

from drive import log, shelf, viewer
from drive.film import film
from drive.policy import load, names
from drive.record import record
from drive.scenarios import SCENARIOS
from drive.types import End
from drive.world import World

OPENING = {"scenario": "highway-fast", "policy": "rule", "seed": "0"}  # what a visitor meets
AT_ONCE = 4  # episodes driven at the same time; more visitors wait
FONT = ("-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
HEAD = "<header><h1>Whydrive</h1><p>what it did, and why</p></header>"

# ------------------------------------------------------------------------------------ the episodes


def driven(scenario: str, policy: str, seed: str, wanted: Callable[[], bool]) -> Iterator[dict]:
    """Drive into a new run and tell the player of every decision as it is done, while wanted.

    ValueError in one sentence for what cannot be driven. Only policies that ship are loaded.
    """
    if policy not in names():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(names())}")
    run, before, count = shelf.new_run("page"), None, 0
    events = record(World(scenario), load(policy), whole(seed), shelf.root() / run)
    path = next(events)
    header = log.read_header(path)
    if not wanted():
        return events.close()
    yield viewer.header_data(header, run, path.stem)
    for event in events:
        if not wanted():
            return events.close()
        if isinstance(event, End):
            yield {"id": [run, path.stem], **viewer.end_data(event, count)}
        else:
            step = viewer.step_data(header, event, before)
            yield {"id": [run, path.stem], "from": count, "steps": [step]}
            before, count = event, count + 1


def opened(run: str, name: str | None = None, step: str | None = None) -> dict:
    """A logged episode for the player, at the start or paused at a step; a run's first, if unnamed."""
    name = name or shelf.episodes(shelf.root(), run)[0]
    episode = log.read(shelf.find(shelf.root(), run, name)).episode
    at = {} if step is None else {"at": whole(step)}
    return viewer.player_data(episode, run, name) | at


def whole(text: str) -> int:
    """A whole number from 0 on; ValueError for anything else."""
    if not str(text).strip().isdecimal() or len(str(text)) > 9:
        raise ValueError(f"a seed or step is a whole number from 0 to 999999999, not {text!r}")
    return int(text)


# -------------------------------------------------------------------------------------- the events

SILENT = {"api_visibility": "private", "show_progress": "hidden"}
RUNNING = {**SILENT, "concurrency_limit": AT_ONCE, "concurrency_id": "drive"}


class Wishes:
    """What each visitor asked for, counted; what was asked before the last ends at its next decision."""

    def __init__(self):
        self._count = itertools.count(1)
        self._last: dict[str, int] = {}

    def new(self, request: gr.Request) -> int:
        """The number of a new wish."""
        number = self._last[request.session_hash] = next(self._count)
        return number

    def holds(self, request: gr.Request, number: int) -> bool:
        """Is this still what the visitor asked for last?"""
        return self._last.get(request.session_hash) == number

    def leave(self, request: gr.Request) -> None:
        self._last.pop(request.session_hash, None)


def text(message: dict) -> str:
    """JSON that is no markup either, wherever it may land."""
    return orjson.dumps(message).decode().replace("<", "\\u003c")


def shelves(run: str, name: str) -> tuple:
    """The two lists, with this episode chosen."""
    folder = shelf.root()
    return (
        gr.Dropdown(choices=list(shelf.runs(folder)), value=run),
        gr.Dropdown(choices=list(shelf.episodes(folder, run)), value=name),
    )


def controls(header: dict) -> tuple:
    """What to press Drive with, to drive this episode again; a foreign policy's name is left out."""
    policy = gr.Dropdown(value=header["policy"]) if header["policy"] in names() else gr.skip()
    known = header["scenario"] in SCENARIOS
    scenario = gr.Dropdown(value=header["scenario"]) if known else gr.skip()
    return scenario, policy, gr.Textbox(value=str(header["seed"]))


def shown(messages: Iterator[dict], wish: int, setting_controls: bool = True) -> Iterator[tuple]:
    """Messages for the player, and with a header the lists and controls that go with it.

    The player shows the highest wish that it was told of. What was wrong becomes a sentence.
    """
    try:
        for message in messages:
            lists, rest = (gr.skip(),) * 2, (gr.skip(),) * 3
            if "header" in message:
                lists = shelves(*message["id"])
                rest = controls(message["header"]) if setting_controls else rest
            yield text(message | {"wish": wish}), *lists, *rest
    except (ValueError, OSError) as error:
        yield text({"problem": f"{error}.", "wish": wish}), *(gr.skip(),) * 5


def copied(run: str, name: str) -> str:
    """A copy of a log where Gradio may serve it from."""
    source = shelf.find(shelf.root(), run, name)
    return shutil.copy(source, Path(tempfile.mkdtemp()) / source.name)


def filmed(run: str, name: str) -> str:
    """An episode as a film."""
    episode = log.read(shelf.find(shelf.root(), run, name)).episode
    path = Path(tempfile.mkdtemp()) / f"{name}.webm"
    film(episode, path)
    return str(path)


# ---------------------------------------------------------------------------------------- the page


def build() -> gr.Blocks:
    """The page, not yet served."""
    wishes = Wishes()

    def drive(scenario, policy, seed, request: gr.Request):
        wish = wishes.new(request)
        wanted = functools.partial(wishes.holds, request, wish)
        yield from shown(driven(scenario, policy, seed, wanted), wish, False)

    def open_log(run, name, request: gr.Request):
        yield from shown(_once(opened, run, name), wishes.new(request))

    def open_run(run, request: gr.Request):
        yield from shown(_once(opened, run), wishes.new(request))

    def arrive(request: gr.Request):
        asked, wish = dict(request.query_params), wishes.new(request)
        if "run" in asked:
            link = asked["run"], asked.get("episode"), asked.get("step", "0")
            yield from shown(_once(opened, *link), wish)
            return
        chosen = [asked.get(name, usual) for name, usual in OPENING.items()]
        wanted = functools.partial(wishes.holds, request, wish)
        yield from shown(driven(*chosen, wanted), wish)

    assets = viewer.player_assets()
    with gr.Blocks(title="Whydrive", fill_width=True) as demo:
        with gr.Row(elem_id="wd-bar"):
            gr.HTML(HEAD, elem_id="wd-title", min_width=150)
            scenario = gr.Dropdown(list(SCENARIOS), value=OPENING["scenario"], label="Scenario", min_width=170)
            policy = gr.Dropdown(list(names()), value=OPENING["policy"], label="Policy", min_width=120)
            seed = gr.Textbox(OPENING["seed"], label="Seed", min_width=80, max_lines=1, elem_id="wd-seed")
            go = gr.Button("Drive", variant="primary", min_width=90, elem_id="wd-drive")
            run = gr.Dropdown([], label="Run on disk", min_width=250)
            name = gr.Dropdown([], label="Episode", min_width=210)
            movie = gr.Button("Film", min_width=70, elem_id="wd-film")
            data = gr.Button("Log", min_width=70, elem_id="wd-log")
        player = gr.HTML(
            html_template=assets["html"],
            css_template=assets["css"],
            js_on_load=assets["js"],
            apply_default_css=False,
            server_functions=[episode],
        )
        file = gr.DownloadButton(visible="hidden", elem_id="wd-file")

        outputs = [player, run, name, scenario, policy, seed]
        again = {**RUNNING, "trigger_mode": "multiple"}
        demo.load(arrive, None, outputs, **RUNNING)
        go.click(drive, [scenario, policy, seed], outputs, **again)
        seed.submit(drive, [scenario, policy, seed], outputs, **again)
        run.input(open_run, run, outputs, **SILENT)
        name.input(open_log, [run, name], outputs, **SILENT)
        for button, make, label in ((movie, filmed, "Film"), (data, copied, "Log")):
            button.click(
                _making(make, label), [run, name], [file, button, player],
                concurrency_limit=2, **SILENT,
            ).success(None, js=SAVE, **SILENT)  # fmt: skip
        demo.unload(wishes.leave)
    return demo


def episode(run: str, name: str) -> str:
    """A whole logged episode for the player, or one sentence about why not."""
    try:
        return text(opened(run, name))
    except (ValueError, OSError) as error:
        return text({"id": [run, name], "problem": f"{error}."})


def _once(make: Callable[..., dict], *arguments) -> Iterator[dict]:
    yield make(*arguments)


SAVE = "() => document.querySelector('#wd-file a, a#wd-file, button#wd-file')?.click()"


def _making(make: Callable[[str, str], str], label: str) -> Callable:
    """A handler that makes a file and says so on its button meanwhile."""

    def handler(run, name):
        yield gr.skip(), gr.Button("…", interactive=False), gr.skip()
        try:
            yield make(run, name), gr.Button(label, interactive=True), gr.skip()
        except (ValueError, OSError) as error:
            problem = text({"problem": f"{error}."})
            yield gr.skip(), gr.Button(label, interactive=True), problem

    return handler


CSS = """
.gradio-container { padding: 0 !important; background: #fff !important; }
.gradio-container .fillable { padding: 14px 28px 24px !important; }
body { background: #fff; } body.dark, .dark .gradio-container { background: #0f1318 !important; }
.gradio-container .html-container { padding: 0; }
#wd-bar { gap: 8px 10px; align-items: flex-end; flex-wrap: wrap; padding-bottom: 2px; }
#wd-bar > * { flex: 0 0 auto; min-width: 0; }
#wd-bar .form { border: 0; background: none; box-shadow: none; gap: 10px; overflow: visible;
  flex: 1 1 370px; max-width: 430px; flex-wrap: nowrap; }
#wd-bar .form ~ .form { flex-basis: 400px; max-width: 520px; margin-left: auto; }
#wd-bar .block { border: 0; padding: 0; background: none; box-shadow: none; overflow: visible;
  min-width: 0 !important; }
#wd-bar #wd-seed { flex: 0 0 92px; }
#wd-bar span[data-testid=block-info], #wd-bar .container > span { font-size: 12px; opacity: 0.7;
  margin-bottom: 2px; }
#wd-bar .wrap-inner, #wd-bar input[type=text], #wd-bar textarea { height: 34px; font-size: 14px; }
.gradio-container { --input-background-fill: #f4f5f6; --button-secondary-background-fill: #edeff1; }
.dark .gradio-container, .dark.gradio-container { --input-background-fill: #1c222a;
  --button-secondary-background-fill: #2a323c; --button-secondary-background-fill-hover: #37414d; }
#wd-bar .wrap-inner, #wd-bar .wrap, #wd-bar textarea, #wd-bar input { border-radius: 6px; }
#wd-bar button { height: 34px; font-size: 14px; font-weight: 600; min-width: 66px; padding: 0 14px; }
#wd-bar #wd-drive { background: #1f62d0; color: #fff; min-width: 84px; }
.dark #wd-bar #wd-drive { background: #6aa5ff; color: #0d1116; }
@media (max-width: 1180px) { #wd-bar .form ~ .form { margin-left: 0; } }
#wd-title { width: 150px; flex: 0 0 150px !important; }
#wd-title h1 { font-size: 20px; font-weight: 700; margin: 0; line-height: 1.2; }
#wd-title p { font-size: 13px; opacity: 0.65; margin: 0; line-height: 1.35; }
"""


def main(host: str = "127.0.0.1", port: int | None = None, open_browser: bool = False) -> None:
    """Serve the page until interrupted. OSError where the port is taken."""
    build().queue(max_size=32).launch(**LAUNCH, server_name=host, server_port=port, inbrowser=open_browser)


LAUNCH = {
    "theme": gr.themes.Base(font=FONT, font_mono=("ui-monospace", "monospace"), primary_hue="blue"),
    "css": CSS,
    "ssr_mode": False,
    "footer_links": [],
    "share": False,
}

if __name__ == "__main__":
    main(host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
