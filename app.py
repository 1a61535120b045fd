"""The page: drive an episode live or open a logged one, and watch it with its reasons beside it.

Gradio wiring only: what is driven comes from `drive.episodes.record`, what is shown from `drive.show.viewer`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import orjson

from drive.episodes import log, shelf
from drive.episodes.record import record
from drive.policy import load, names, prepare
from drive.scenarios import SCENARIOS
from drive.show import viewer
from drive.show.film import film
from drive.types import End
from drive.world import World

OPENING = {"scenario": "highway-fast", "policy": "planner", "seed": "0"}  # what a visitor meets
ARRIVAL = 0.0  # [ms] on the browser's clock: what a visitor is met with comes before any wish
AT_ONCE = 4  # episodes driven at the same time; more visitors wait
FONT = ("-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
HEAD = "<header><h1>Whydrive</h1><p>what it did, and why</p></header>"

# ------------------------------------------------------------------------------------ the episodes


def driven(
    scenario: str, policy: str, seed: str, wanted: Callable[[], bool], language: str = "en"
) -> Iterator[dict]:
    """Drive into a new run and tell the player of every decision as it is done, while wanted.

    ValueError in one sentence for what cannot be driven. Only policies that ship are loaded.
    """
    if policy not in names():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(names())}")
    run, before, count = shelf.new_run("page"), None, 0
    events = record(World(scenario), load(policy), whole(seed), shelf.root() / run, language)
    path = next(events)
    header = log.read_header(path)
    yield viewer.header_data(header, run, path.stem)
    for event in events:
        if not wanted():
            return events.close()
        if isinstance(event, End):
            yield {"id": [run, path.stem], **viewer.end_data(event, count, language)}
        else:
            step = viewer.step_data(header, event, before, language)
            yield {"id": [run, path.stem], "from": count, "steps": [step]}
            before, count = event, count + 1


def opened(
    run: str, name: str | None = None, step: str | None = None, language: str = "en"
) -> dict:
    """A logged episode for the player, at the start or paused at a step; a run's first, if unnamed."""
    name = name or shelf.episodes(shelf.root(), run)[0]
    episode = log.read(shelf.find(shelf.root(), run, name)).episode
    at = {} if step is None else {"at": whole(step)}
    return viewer.player_data(episode, run, name, language) | at


def episode(run: str, name: str, language: str = "en") -> str:
    """A whole logged episode for the player, or one sentence about why not."""
    try:
        return text(opened(run, name, language=language))
    except (ValueError, OSError) as error:
        return text({"problem": f"{error}."})


def copied(run: str, name: str) -> str:
    """A copy of a log, where Gradio may serve it from."""
    source = shelf.find(shelf.root(), run, name)
    return shutil.copy(source, Path(tempfile.mkdtemp()) / source.name)


def filmed(run: str, name: str, language: str = "en") -> str:
    """An episode as a film."""
    driven = log.read(shelf.find(shelf.root(), run, name)).episode
    path = Path(tempfile.mkdtemp()) / f"{name}.webm"
    film(driven, path, language)
    return str(path)


def whole(number: str) -> int:
    """A whole number from 0 on; ValueError for anything else."""
    if not str(number).strip().isdecimal() or len(str(number)) > 9:
        raise ValueError(f"a seed or step is a whole number from 0 to 999999999, not {number!r}")
    return int(number)


# --------------------------------------------------------------------------------- the visitors


class Visitors:
    """What each visitor asked for: a new wish ends the one before.

    A wish is known by the browser's clock [ms], for of two requests the later may be met first. The
    player shows the latest wish that it was told of, in whatever order messages arrive.
    """

    def __init__(self, language: str = "en"):
        self.language, self.opened = language, partial(opened, language=language)
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._met: dict[tuple, list] = {}  # what an earlier visitor was met with, and where it lies

    def wish(self, request: gr.Request, wish: float) -> Callable[[], bool]:
        """Note a wish; tells whether it is still the visitor's latest."""
        with self._lock:
            self._last[request.session_hash] = max(wish, self._last.get(request.session_hash, wish))
        return lambda: self._last.get(request.session_hash) == wish

    def leave(self, request: gr.Request) -> None:
        with self._lock:
            self._last.pop(request.session_hash, None)

    # -- what the page's events do; each tells the outputs of `build`

    def drive(self, scenario: str, policy: str, seed: str, wish: float, request: gr.Request):
        wanted = self.wish(request, wish)
        if not wanted():  # overtaken on its way
            yield NOTHING
            return
        messages = driven(scenario, policy, seed, wanted, self.language)
        yield from shown(messages, wish, setting_controls=False)

    def open_log(self, run: str, name: str, wish: float, request: gr.Request):
        self.wish(request, wish)
        yield from shown(_once(self.opened, run, name), wish)

    def open_run(self, run: str, wish: float, request: gr.Request):
        self.wish(request, wish)
        yield from shown(_once(self.opened, run), wish)

    def arrive(self, request: gr.Request):
        """Open the link's log, or drive what it or the opening says; driven once, then from its log."""
        asked, wanted = dict(request.query_params), self.wish(request, ARRIVAL)
        chosen = tuple(asked.get(name, usual) for name, usual in OPENING.items())
        if "run" in asked:
            messages = _once(
                self.opened, asked["run"], asked.get("episode"), asked.get("step", "0")
            )
        elif chosen in self._met and self._met[chosen][0] in shelf.runs(shelf.root()):
            messages = _once(self.opened, *self._met[chosen])
        else:
            messages = self._noted(chosen, driven(*chosen, wanted, self.language))
        yield from shown(messages, ARRIVAL)

    def _noted(self, chosen: tuple, messages: Iterator[dict]) -> Iterator[dict]:
        for message in messages:
            yield message
            if "end" in message:
                self._met[chosen] = message["id"]


NOTHING = (gr.skip(),) * 6  # an event that ends without a word would empty its outputs


def shown(messages: Iterator[dict], wish: float, setting_controls: bool = True) -> Iterator[tuple]:
    """Messages for the player, and with a header the lists and controls that go with it.

    What was wrong becomes a sentence.
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


def shelves(run: str, name: str) -> tuple:
    """The two lists of logs, with this one chosen."""
    folder = shelf.root()
    return (
        gr.Dropdown(choices=list(shelf.runs(folder)), value=run),
        gr.Dropdown(choices=list(shelf.episodes(folder, run)), value=name),
    )


def controls(header: dict) -> tuple:
    """What to press Drive with, to drive this episode again; what is not on offer is left as it is."""
    offered = (("scenario", SCENARIOS), ("policy", names()))
    lists = (
        gr.Dropdown(list(options), value=header[name]) if header[name] in options else gr.skip()
        for name, options in offered
    )
    return *lists, gr.Textbox(value=str(header["seed"]))


def making(make: Callable[[str, str], str], label: str) -> Callable:
    """A handler that makes a file to download, and says so on its button meanwhile."""

    def handler(run: str, name: str):
        yield gr.skip(), gr.Button("…", interactive=False), gr.skip()
        try:
            yield make(run, name), gr.Button(label, interactive=True), gr.skip()
        except (ValueError, OSError) as error:
            problem = text({"problem": f"{error}."})
            yield gr.skip(), gr.Button(label, interactive=True), problem

    return handler


def text(message: dict) -> str:
    """JSON that is no markup either, wherever it may land."""
    return orjson.dumps(message).decode().replace("<", "\\u003c")


def _once(make: Callable[..., dict], *arguments) -> Iterator[dict]:
    yield make(*arguments)


# ---------------------------------------------------------------------------------------- the page

SILENT = {"api_visibility": "private", "show_progress": "hidden"}
DRIVING = {**SILENT, "concurrency_limit": AT_ONCE, "concurrency_id": "drive"}
ASKED = "(...given) => [...given.slice(0, -1), performance.now()]"  # when, as the last input
SAVE = "() => document.querySelector('#wd-file a, a#wd-file, button#wd-file')?.click()"


def build(language: str = "en") -> gr.Blocks:
    """The page, not yet served; its decisions are said in the language."""
    visitors = Visitors(language)
    with gr.Blocks(title="Whydrive", fill_width=True) as demo:
        with gr.Row(elem_id="wd-bar"):
            gr.HTML(HEAD, elem_id="wd-title")
            scenario = gr.Dropdown(list(SCENARIOS), value=OPENING["scenario"], label="Scenario")
            policy = gr.Dropdown(list(names()), value=OPENING["policy"], label="Policy")
            seed = gr.Textbox(OPENING["seed"], label="Seed", max_lines=1, elem_id="wd-seed")
            go = gr.Button("Drive", variant="primary", elem_id="wd-drive")
            run = gr.Dropdown([], label="Run on disk")
            name = gr.Dropdown([], label="Episode")
            movie = gr.Button("Film", elem_id="wd-film")
            data = gr.Button("Log", elem_id="wd-log")
        player = _player(language)
        file = gr.DownloadButton(visible="hidden", elem_id="wd-file")
        when = gr.Number(visible=False)

        outputs = [player, run, name, scenario, policy, seed]
        asked = {"js": ASKED, "trigger_mode": "multiple"}
        demo.load(visitors.arrive, None, outputs, **DRIVING)
        demo.unload(visitors.leave)
        for press in (go.click, seed.submit):
            press(visitors.drive, [scenario, policy, seed, when], outputs, **asked, **DRIVING)
        run.input(visitors.open_run, [run, when], outputs, **asked, **SILENT)
        name.input(visitors.open_log, [run, name, when], outputs, **asked, **SILENT)
        for button, make, label in (
            (movie, partial(filmed, language=language), "Film"),
            (data, copied, "Log"),
        ):
            done = button.click(making(make, label), [run, name], [file, button, player], **SILENT)
            done.success(None, js=SAVE, **SILENT)
    return demo


def _player(language: str) -> gr.HTML:
    """The player: its markup never changes, messages come as its value."""
    opening = update_wrapper(partial(episode, language=language), episode)  # called by its name
    assets = viewer.player_assets()
    return gr.HTML(
        html_template=assets["html"],
        css_template=assets["css"],
        js_on_load=assets["js"],
        apply_default_css=False,
        server_functions=[opening],
    )


CSS = """
.gradio-container { padding: 0 !important; background: #fff !important;
  --input-background-fill: #f4f5f6; --button-secondary-background-fill: #edeff1; }
.gradio-container .fillable { padding: 14px 28px 24px !important; }
.gradio-container .html-container { padding: 0; }
body { background: #fff; }
body.dark, .dark .gradio-container { background: #0f1318 !important; }
.dark .gradio-container, .dark.gradio-container { --input-background-fill: #1c222a;
  --button-secondary-background-fill: #2a323c; --button-secondary-background-fill-hover: #37414d; }
#wd-bar { gap: 8px 10px; align-items: flex-end; flex-wrap: wrap; padding-bottom: 2px; }
#wd-bar > * { flex: 0 0 auto; min-width: 0; }
#wd-bar .form { border: 0; background: none; box-shadow: none; gap: 10px; overflow: visible;
  flex: 1 1 370px; max-width: 430px; flex-wrap: nowrap; }
#wd-bar .form ~ .form { flex-basis: 400px; max-width: 520px; margin-left: auto; }
@media (max-width: 1180px) { #wd-bar .form ~ .form { margin-left: 0; } }
#wd-bar .block { border: 0; padding: 0; background: none; box-shadow: none; overflow: visible;
  min-width: 0 !important; }
#wd-bar #wd-seed { flex: 0 0 92px; }
#wd-bar span[data-testid=block-info], #wd-bar .container > span { font-size: 12px; opacity: 0.7;
  margin-bottom: 2px; }
#wd-bar .wrap-inner, #wd-bar input[type=text], #wd-bar textarea { height: 34px; font-size: 14px; }
#wd-bar .wrap-inner input { text-overflow: ellipsis; margin-right: 16px; }
#wd-bar .wrap-inner, #wd-bar .wrap, #wd-bar textarea, #wd-bar input { border-radius: 6px; }
#wd-bar button { height: 34px; font-size: 14px; font-weight: 600; min-width: 66px; padding: 0 14px; }
#wd-bar #wd-drive { background: #1f62d0; color: #fff; min-width: 84px; }
.dark #wd-bar #wd-drive { background: #6aa5ff; color: #0d1116; }
#wd-title { width: 150px; flex: 0 0 150px !important; }
#wd-title h1 { font-size: 20px; font-weight: 700; margin: 0; line-height: 1.2; }
#wd-title p { font-size: 13px; opacity: 0.65; margin: 0; line-height: 1.35; }
"""
LAUNCH = {
    "theme": gr.themes.Base(font=FONT, font_mono=("ui-monospace", "monospace"), primary_hue="blue"),
    "css": CSS,
    "ssr_mode": False,
    "footer_links": [],
    "share": False,
}


def main(
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    language: str = "en",
) -> None:
    """Serve the page until interrupted. OSError where the port is taken."""
    prepare(load(OPENING["policy"]))
    page = build(language).queue(max_size=32)
    page.launch(**LAUNCH, server_name=host, server_port=port, inbrowser=open_browser)


if __name__ == "__main__":
    main(host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
