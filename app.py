"""The page: drive an episode live or open a logged one, and watch it with its reasons beside it.

Gradio wiring only: what is driven comes from `drive.episodes.record`, what is shown from `drive.show`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial, update_wrapper
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import orjson

from drive.episodes import log, shelf
from drive.episodes.record import record
from drive.policy import load, offered, prepare
from drive.scenarios import SCENARIOS
from drive.show import session, viewer
from drive.show.film import film
from drive.world import World

OPENING = {"scenario": "highway-fast", "policy": "planner", "seed": "0"}  # what a visitor meets
ARRIVAL = 0.0  # [ms] on the browser's clock: what a visitor is met with comes before any wish
AT_ONCE = 4  # episodes driven at the same time; more visitors wait, and are told where they stand
FILMS_AT_ONCE = 1
KEPT = (3600, 3600)  # [s] how often films and copies of logs are cleared away, and at what age
MOST = 400  # visitors that drive or wait; a page with more of them refuses in words
FONT = ("-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
HEAD = "<header><h1>Whydrive</h1><p>what it did, and why</p></header>"

# ------------------------------------------------------------------------------------ the episodes


def driven(
    scenario: str, policy: str, seed: str, wanted: Callable[[], bool], language: str = "en"
) -> Iterator[dict]:
    """Drive into a new run and tell the player of every decision as it is done, while wanted.

    ValueError in one sentence for what cannot be driven. Only policies that ship are loaded.
    """
    if policy not in offered():
        raise ValueError(f"no policy {policy!r}; choose from {', '.join(offered())}")
    run, number = shelf.new_run("page"), session.whole(seed)
    events = record(World(scenario), load(policy), number, shelf.root() / run, language)
    yield from session.of_driving(events, run, wanted, language)


def opened(
    run: str, name: str | None = None, step: str | None = None, language: str = "en"
) -> dict:
    """A logged episode for the player, at the start or paused at a step; a run's first, if unnamed."""
    return session.of_log(shelf.root(), run, name, step, language)


def episode(run: str, name: str, language: str = "en") -> str:
    """A whole logged episode for the player, or one sentence about why not."""
    try:
        return text(opened(run, name, language=language))
    except (ValueError, OSError) as error:
        return text({"problem": session.in_words(error)})


def copied(run: str, name: str, folder: Path) -> Path:
    """A copy of a log in a folder, from where Gradio may serve it."""
    return Path(shutil.copy(shelf.find(shelf.root(), run, name), folder))


def filmed(run: str, name: str, folder: Path, language: str = "en") -> Path:
    """An episode as a film in a folder."""
    driven = log.read(shelf.find(shelf.root(), run, name)).episode
    film(driven, folder / f"{name}.webm", language)
    return folder / f"{name}.webm"


# --------------------------------------------------------------------------------- the visitors


class Page:
    """What the page's events do for its visitors; each tells the outputs of `build`."""

    def __init__(self, language: str = "en"):
        self.language, self.opened = language, partial(opened, language=language)
        self.visitors = session.Visitors()
        self.roads, self.films = session.Line(AT_ONCE), session.Line(FILMS_AT_ONCE)
        self._met: dict[tuple, list] = {}  # what an earlier visitor was met with, and where it lies

    def wish(self, request: gr.Request, wish: float) -> Callable[[], bool]:
        return self.visitors.wish(request.session_hash, wish)

    def leave(self, request: gr.Request) -> None:
        self.visitors.leave(request.session_hash)

    async def drive(self, scenario: str, policy: str, seed: str, wish: float, request: gr.Request):
        wanted = self.wish(request, wish)
        if not wanted():  # overtaken on its way
            yield NOTHING
            return
        messages = driven(scenario, policy, seed, wanted, self.language)
        told = session.in_turn(self.roads, messages, wanted)
        async for outputs in shown(told, wish, setting_controls=False):
            yield outputs

    async def open_log(self, run: str, name: str, wish: float, request: gr.Request):
        self.wish(request, wish)
        async for outputs in shown(_once(self.opened, run, name), wish):
            yield outputs

    async def open_run(self, run: str, wish: float, request: gr.Request):
        self.wish(request, wish)
        async for outputs in shown(_once(self.opened, run), wish):
            yield outputs

    async def arrive(self, request: gr.Request):
        """Open the link's log, or drive what it or the opening says; driven once, then from its log."""
        asked, wanted = dict(request.query_params), self.wish(request, ARRIVAL)
        if "run" in asked:
            told = _once(self.opened, asked["run"], asked.get("episode"), asked.get("step", "0"))
        else:
            chosen = tuple(asked.get(name, usual) for name, usual in OPENING.items())
            told = session.in_turn(self.roads, self._meeting(chosen, wanted), wanted)
        async for outputs in shown(told, ARRIVAL):
            yield outputs

    def _meeting(self, chosen: tuple, wanted: Callable[[], bool]) -> Iterator[dict]:
        """What was driven for an earlier visitor, from its log; else it is driven now."""
        if chosen in self._met and self._met[chosen][0] in shelf.runs(shelf.root()):
            yield self.opened(*self._met[chosen])
            return
        for message in driven(*chosen, wanted, self.language):
            yield message
            if "end" in message:
                self._met[chosen] = message["id"]

    def making(self, make: Callable[[str, str, Path], Path], label: str) -> Callable:
        """A handler that makes a file to download; its button says where one stands, then that it is made."""

        async def handler(run: str, name: str):
            yield gr.skip(), gr.Button("…", interactive=False), gr.skip()
            try:
                with tempfile.TemporaryDirectory(prefix="whydrive-") as folder:
                    made = ({"file": str(make(run, name, Path(folder)))} for _ in (0,))
                    async for message in session.in_turn(self.films, made, lambda: True):
                        place = message.get("asked")
                        words = label if place is None else f"place {place}" if place else "…"
                        button = gr.Button(words, interactive=place is None)
                        yield message.get("file", gr.skip()), button, text({})
            except (ValueError, OSError) as error:
                problem = text({"problem": session.in_words(error)})
                yield gr.skip(), gr.Button(label, interactive=True), problem

        return handler


def failed(label: str) -> tuple:
    """What the page shows where a file was made and could not be handed out."""
    problem = text({"problem": "the file cannot be handed out; is the server's disk full?"})
    return gr.Button(label, interactive=True), problem


NOTHING = (gr.skip(),) * 6  # an event that ends without a word would empty its outputs


async def shown(
    messages: AsyncIterator[dict], wish: float, setting_controls: bool = True
) -> AsyncIterator[tuple]:
    """Messages for the player, and with a header the lists and controls that go with it.

    What was wrong becomes a sentence.
    """
    try:
        async for message in messages:
            lists, rest = (gr.skip(),) * 2, (gr.skip(),) * 3
            if "header" in message:
                lists = shelves(*message["id"])
                rest = controls(message["header"]) if setting_controls else rest
            yield text(message | {"wish": wish}), *lists, *rest
    except (ValueError, OSError) as error:
        problem = {"problem": session.in_words(error), "wish": wish}
        yield text(problem), *(gr.skip(),) * 5


def shelves(run: str, name: str) -> tuple:
    """The two lists of logs, with this one chosen."""
    folder = shelf.root()
    return (
        gr.Dropdown(choices=list(shelf.runs(folder)), value=run),
        gr.Dropdown(choices=list(shelf.episodes(folder, run)), value=name),
    )


def controls(header: dict) -> tuple:
    """What to press Drive with, to drive this episode again; what is not on offer is left as it is."""
    on_offer = (("scenario", SCENARIOS), ("policy", offered()))
    lists = (
        gr.Dropdown(list(options), value=header[name]) if header[name] in options else gr.skip()
        for name, options in on_offer
    )
    return *lists, gr.Textbox(value=str(header["seed"]))


def text(message: dict) -> str:
    """JSON that is no markup either, wherever it may land."""
    return orjson.dumps(message).decode().replace("<", "\\u003c")


async def _once(make: Callable[..., dict], *arguments) -> AsyncIterator[dict]:
    yield await asyncio.to_thread(make, *arguments)


# ---------------------------------------------------------------------------------------- the page

SILENT = {"api_visibility": "private", "show_progress": "hidden"}
WAITING = {**SILENT, "concurrency_limit": None}  # visitors wait in the page's own lines
ASKED = """(...given) => {
  const asked = performance.now();
  document.querySelector(".wd")?.dispatchEvent(new CustomEvent("wd-asked", { detail: asked }));
  return [...given.slice(0, -1), asked];
}"""  # when, as the last input; the player says so at once
SAVE = "() => document.querySelector('#wd-file a, a#wd-file, button#wd-file')?.click()"


def build(language: str = "en") -> gr.Blocks:
    """The page, not yet served; its decisions are said in the language."""
    page = Page(language)
    with gr.Blocks(title="Whydrive", fill_width=True, delete_cache=KEPT) as demo:
        with gr.Row(elem_id="wd-bar"):
            gr.HTML(HEAD, elem_id="wd-title")
            scenario = gr.Dropdown(list(SCENARIOS), value=OPENING["scenario"], label="Scenario")
            policy = gr.Dropdown(list(offered()), value=OPENING["policy"], label="Policy")
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
        demo.load(page.arrive, None, outputs, **WAITING)
        demo.unload(page.leave)
        for press in (go.click, seed.submit):
            press(page.drive, [scenario, policy, seed, when], outputs, **asked, **WAITING)
        run.input(page.open_run, [run, when], outputs, **asked, **WAITING)
        name.input(page.open_log, [run, name, when], outputs, **asked, **WAITING)
        for button, make, label in (
            (movie, partial(filmed, language=language), "Film"),
            (data, copied, "Log"),
        ):
            done = button.click(
                page.making(make, label), [run, name], [file, button, player], **WAITING
            )
            done.success(None, js=SAVE, **SILENT)
            done.failure(partial(failed, label), None, [button, player], **SILENT)
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
  flex: 1 1 330px; max-width: 430px; flex-wrap: nowrap; }
#wd-bar .form ~ .form { flex-basis: 320px; max-width: 520px; margin-left: auto; }
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
    "max_threads": MOST,
}


def main(
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    language: str = "en",
) -> None:
    """Serve the page until interrupted. OSError where the port is taken."""
    prepare(load(OPENING["policy"]))
    page = build(language).queue(max_size=MOST)
    page.launch(**LAUNCH, server_name=host, server_port=port, inbrowser=open_browser)


if __name__ == "__main__":
    main(host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
