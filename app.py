"""The page: drive an episode live or open a logged one, and watch it with its reasons beside it.

Gradio wiring only: what is driven comes from `drive.episodes.record`, what is shown from `drive.show`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
import orjson

from drive.episodes import lines, log, shelf
from drive.episodes.api import drivers_of
from drive.episodes.record import record
from drive.policy import load, offered, prepare
from drive.scenarios import SCENARIOS
from drive.show import answers, brought, comparing, offline, proof, service, session, viewer
from drive.show.film import film
from drive.types import Header
from drive.world import World

OPENING = {
    "scenario": "highway-fast",
    "policy": "planner",
    "seed": "0",
}  # what a link may leave out
ARRIVAL = 0.0  # [ms] on the browser's clock: what a visitor is met with comes before any wish
AT_ONCE = 4  # episodes driven at the same time; more visitors wait, and are told where they stand
FILMS_AT_ONCE = CHECKS_AT_ONCE = LOOKS_AT_ONCE = 1
KEPT = (3600, 3600)  # [s] how often films and copies of logs are cleared away, and at what age
MOST = 400  # visitors that drive or wait; a page with more of them refuses in words
FONT = ("-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
HEAD = "<header><h1>Whydrive</h1><p>what it did, and why</p></header>"

DESK = brought.Desk()  # takes the logs that visitors bring

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
        if run == brought.RUN:
            return text(brought.message_of(DESK.find(name), name, language))
        return text(opened(run, name, language=language))
    except (ValueError, OSError) as error:
        return text({"problem": session.in_words(error)})


def path_of(run: str, name: str) -> Path:
    """Where a log lies: on the shelf, or among those that visitors brought."""
    return DESK.find(name) if run == brought.RUN else shelf.find(shelf.root(), run, name)


def answer(asking: answers.Answering, asked: list, language: str = "en") -> str:
    """The answer to a question about a logged decision, or one sentence about why there is none."""
    try:
        run, name, step, question, decisions = asked
        return text(
            asking.ask(run, name, session.whole(step), question, session.whole(decisions), language)
        )
    except (ValueError, TypeError, OSError) as error:
        return text({"problem": session.in_words(error)})


def able(scenario: str, policy: str) -> gr.Dropdown:
    """The policies that can drive a scenario, with the present one chosen if it is one of them."""
    names = drivers_of(scenario)
    return gr.Dropdown(list(names), value=policy if policy in names else OPENING["policy"])


def driven_again(run: str, name: str) -> Path:
    """Where a log lies that is driven again; ValueError where that is not done, because a visitor brought it."""
    path = path_of(run, name)
    if run == brought.RUN:
        brought.testable(log.read(path).episode)
    return path


def proved(run: str, name: str, language: str = "en") -> Iterator[dict]:
    """The verdicts on a logged episode for the player; tested now where none lie beside it."""
    yield from proof.messages(driven_again(run, name), run, name, language)


def rivals(run: str, name: str) -> str:
    """The policies that a logged episode may be compared with."""
    try:
        header = log.read_header(driven_again(run, name))
        names = drivers_of(header.scenario) if header.scenario in SCENARIOS else ()
    except (ValueError, OSError):
        names = ()
    return text({"rivals": [each for each in names if each != header.policy] if names else []})


def copied(run: str, name: str, folder: Path) -> Path:
    """A copy of a log in a folder, from where Gradio may serve it."""
    return Path(shutil.copy(path_of(run, name), folder))


def filmed(run: str, name: str, folder: Path, language: str = "en") -> Path:
    """An episode as a film in a folder."""
    path = path_of(run, name)
    made = folder / f"{lines.stem(path)}.webm"
    film(log.read(path).episode, made, language, findings=proof.beside(path))
    return made


def paged(run: str, name: str, folder: Path, language: str = "en") -> Path:
    """An episode and its verdicts as one HTML file in a folder."""
    path = path_of(run, name)
    made = folder / f"{lines.stem(path)}{offline.ENDING}"
    offline.write(path, made, language)
    return made


# --------------------------------------------------------------------------------- the visitors


class Page:
    """What the page's events do for its visitors; each tells the outputs of `build`."""

    def __init__(self, language: str = "en", preparation: session.Preparation | None = None):
        self.language, self.opened = language, partial(opened, language=language)
        self.proved, self.preparation = partial(proved, language=language), preparation
        self.visitors = session.Visitors()
        self.roads, self.films = session.Line(AT_ONCE), session.Line(FILMS_AT_ONCE)
        self.checks, self.looks = session.Line(CHECKS_AT_ONCE), session.Line(LOOKS_AT_ONCE)
        self._met: dict[tuple, list] = {}  # what an earlier visitor was met with, and where it lies

    def wish(self, request: gr.Request, wish: float) -> Callable[[], bool]:
        return self.visitors.wish(request.session_hash, wish)

    def leave(self, request: gr.Request) -> None:
        for visitor in (request.session_hash, f"{request.session_hash} compares"):
            self.visitors.leave(visitor)
        DESK.leave(request.session_hash)

    async def drive(self, scenario: str, policy: str, seed: str, wish: float, request: gr.Request):
        wanted = self.wish(request, wish)
        if not wanted():  # overtaken on its way
            yield NOTHING
            return
        told = self._told(self._noted((scenario, policy, str(seed)), wanted), policy, wanted)
        async for message in shown(self._proved(told, wanted), wish, filling=False):
            yield message

    async def open_log(self, run: str, name: str, wish: float, request: gr.Request):
        if wish < ARRIVAL:  # it is shown already
            yield NOTHING
            return
        wanted = self.wish(request, wish)
        async for message in shown(self._proved(_once(self.opened, run, name), wanted), wish):
            yield message

    async def open_run(self, run: str, wish: float, request: gr.Request):
        async for message in self.open_log(run, None, wish, request):
            yield message

    async def compare(self, asked: list, request: gr.Request):
        """Drive another policy on the road and seed of what is shown, for the other picture."""
        run, name, policy = (*(asked or ()), None, None, None)[:3]
        here, visitor = {"id": [run, name]}, f"{request.session_hash} compares"
        wanted = self.visitors.wish(visitor, time.monotonic())

        def driven() -> Iterator[dict]:
            path = driven_again(run, name)
            for message in comparing.messages(path, policy, wanted, self.language):
                yield here | {"beside": message}

        try:
            place = session.in_turn(
                self.roads, driven(), wanted, lambda place: here | {"beside": {"place": place}}
            )
            async for message in place:
                yield text(message)
        except (ValueError, OSError) as error:
            yield text(here | {"beside": {"problem": session.in_words(error)}})

    async def open_brought(self, file: str, wish: float, request: gr.Request):
        """Show a log that the visitor brought, to this visitor."""
        wanted = self.wish(request, wish)
        messages = DESK.messages(Path(file), request.session_hash, self.language)
        told = session.in_turn(self.looks, messages, wanted)
        async for message in shown(self._proved(told, wanted), wish):
            yield message

    async def arrive(self, request: gr.Request):
        """Open the log that a link names, or drive what it says; what ships where it says nothing, or nonsense."""
        asked, wanted = dict(request.query_params), self.wish(request, ARRIVAL)
        step = {} if asked.get("step") is None else {"step": asked["step"]}
        if "run" in asked:
            told = _once(self.opened, asked["run"], asked.get("episode"), asked.get("step", "0"))
        elif asked.keys() & OPENING.keys():
            chosen = tuple(asked.get(name, usual) for name, usual in OPENING.items())
            told = self._told(self._meeting(chosen, wanted, **step), chosen[1], wanted)
        else:
            told = _once(self.opened, shelf.SHIPPED, None, asked.get("step"))
        instead = partial(self.opened, shelf.SHIPPED)
        async for message in shown(self._proved(told, wanted), ARRIVAL, instead=instead):
            yield message

    async def _told(self, messages: Iterator[dict], policy: str, wanted: Callable[[], bool]):
        """Messages of a drive, in its turn, when its policy is ready."""
        if self.preparation and policy.partition(":")[0] == OPENING["policy"]:
            async for message in self.preparation.told(wanted):
                yield message
        async for message in session.in_turn(self.roads, messages, wanted):
            yield message

    def _proved(self, told: AsyncIterator[dict], wanted: Callable[[], bool]) -> AsyncIterator[dict]:
        return session.then_proved(told, self.proved, self.checks, wanted)

    def _meeting(
        self, chosen: tuple, wanted: Callable[[], bool], step: str | None = None
    ) -> Iterator[dict]:
        """What was driven for an earlier visitor, from its log; else it is driven now."""
        at = {} if step is None else {"at": session.whole(step)}
        if chosen in self._met and self._met[chosen][0] in shelf.runs(shelf.root()):
            yield self.opened(*self._met[chosen]) | at
            return
        for message in self._noted(chosen, wanted):
            yield message | (at if "header" in message else {})

    def _noted(self, chosen: tuple, wanted: Callable[[], bool]) -> Iterator[dict]:
        """What is driven now; the next visitor that asks for the same gets it from its log."""
        for message in driven(*chosen, wanted, self.language):
            yield message
            if "end" in message:
                self._met[chosen] = message["id"]

    def making(self, make: Callable[[str, str, Path], Path], label: str) -> Callable:
        """A handler that makes a file to download; its button says where one stands, then that it is made."""

        async def handler(shown: list):
            run, name, *_ = (*(shown or ()), None, None)
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


NOTHING = gr.skip()  # an event that ends without a word would empty its output


async def shown(
    messages: AsyncIterator[dict],
    wish: float,
    filling: bool = True,
    instead: Callable[[], dict] | None = None,
) -> AsyncIterator[str]:
    """Messages as the player gets them; with a header, whether the form is filled with what it says.

    What was wrong becomes a sentence, over the episode that is shown instead, if any.
    """
    try:
        async for message in messages:
            fill = {"fill": filling} if "header" in message else {}
            yield text(message | fill | {"wish": wish})
    except (ValueError, OSError) as error:
        problem = {"problem": session.in_words(error), "wish": wish}
        if instead is None:
            yield text(problem)
        else:
            async for message in shown(_once(lambda: instead() | problem), wish):
                yield message


def listed(shown: list) -> tuple:
    """The lists of logs with what the player shows in them, and the form filled with it, where that is wanted.

    Asked for by the player, and answered at once: of an event that streams, Gradio sends only what
    differs from the message before, and where that one is lost, a list would be set to an edit.
    """
    run, name, filling = shown
    try:
        header = log.read_header(path_of(run, name))
    except (ValueError, OSError):  # cleared away meanwhile
        return (gr.skip(),) * 5
    return *shelves(run, name), *(controls(header) if filling else (gr.skip(),) * 3)


def shelves(run: str, name: str) -> tuple:
    """The two lists of logs, with this one chosen."""
    folder = shelf.root()
    if run == brought.RUN:
        runs = [*shelf.runs(folder), shelf.SHIPPED, run]
        return gr.Dropdown(runs, value=run), gr.Dropdown([(DESK.title(name), name)], value=name)
    return (
        gr.Dropdown(choices=[*shelf.runs(folder), shelf.SHIPPED], value=run),
        gr.Dropdown(choices=list(shelf.episodes(folder, run)), value=name),
    )


def controls(header: Header) -> tuple:
    """What to press Drive with, to drive this episode again; what is not on offer is left as it is."""
    on_offer = (("scenario", SCENARIOS), ("policy", offered()))
    named = ((getattr(header, name), options) for name, options in on_offer)
    lists = (gr.Dropdown(list(o), value=one) if one in o else gr.skip() for one, o in named)
    return *lists, gr.Textbox(value=str(header.seed))


def text(message: dict) -> str:
    """JSON that is no markup either, wherever it may land."""
    return orjson.dumps(message).decode().replace("<", "\\u003c")


async def _once(make: Callable[..., dict], *arguments) -> AsyncIterator[dict]:
    yield await asyncio.to_thread(make, *arguments)


# ---------------------------------------------------------------------------------------- the page

SILENT = {"api_visibility": "private", "show_progress": "hidden"}
WAITING = {**SILENT, "concurrency_limit": None}  # visitors wait in the page's own lines
AT_LAST = {**SILENT, "queue": False, "trigger_mode": "always_last"}
OF_PROGRAMS = {"concurrency_limit": 2, "concurrency_id": "programs"}  # for those of others
ASKED = """(...given) => {
  const asked = performance.now();
  document.querySelector(".wd")?.dispatchEvent(new CustomEvent("wd-asked", { detail: asked }));
  return [...given.slice(0, -1), asked];
}"""  # when, as the last input; the player says so at once
CHOSEN = f"""(...given) => {{
  const player = document.querySelector(".wd"), shown = [player?.dataset.run, player?.dataset.episode];
  const same = given.slice(0, -1).every((one, k) => one === shown[k]);
  return same ? [...given.slice(0, -1), -1] : ({ASKED})(...given);
}}"""  # a list that was only left, or that says what is shown already, asks for nothing
LISTED = """() => {
  const { run, episode, fill } = document.querySelector(".wd").dataset;
  return [[run, episode, fill !== "false"]];
}"""  # what the player shows by now
COMPARED = """() => {
  const player = document.querySelector(".wd").dataset;
  return [[player.run, player.episode, player.with]];
}"""  # what the player shows, and what it is to be compared with
SAVE = "() => document.querySelector('#wd-file a, a#wd-file, button#wd-file')?.click()"


def build(language: str = "en", preparation: session.Preparation | None = None) -> gr.Blocks:
    """The page, not yet served; its decisions are said in the language.

    preparation: what must be over before the usual policy drives.
    """
    page = Page(language, preparation)
    with gr.Blocks(title="Whydrive", fill_width=True, delete_cache=KEPT) as demo:
        with gr.Row(elem_id="wd-bar"):
            gr.HTML(HEAD, elem_id="wd-title")
            scenario = gr.Dropdown(list(SCENARIOS), value=OPENING["scenario"], label="Scenario")
            policy = gr.Dropdown(list(offered()), value=OPENING["policy"], label="Policy")
            seed = gr.Textbox(OPENING["seed"], label="Seed", max_lines=1, elem_id="wd-seed")
            go = gr.Button("Drive", variant="primary", elem_id="wd-drive")
            run = gr.Dropdown([], label="Run on disk")
            name = gr.Dropdown([], label="Episode")
            with gr.Row(elem_id="wd-take"):
                movie = gr.Button("Film", elem_id="wd-film")
                data = gr.Button("Log", elem_id="wd-log")
                whole = gr.Button("File", elem_id="wd-page")
                bring = gr.UploadButton("Open", elem_id="wd-open")
        player = _player(language)
        file = gr.DownloadButton(visible="hidden", elem_id="wd-file")
        when, what = gr.Number(visible=False), gr.JSON(visible=False)

        asked = {"js": ASKED, "trigger_mode": "multiple"}
        demo.load(page.arrive, None, player, **WAITING)
        player.retry(page.arrive, None, player, **WAITING)  # it heard nothing
        player.apply(page.compare, what, player, js=COMPARED, **WAITING)
        player.select(listed, what, [run, name, scenario, policy, seed], js=LISTED, **AT_LAST)
        demo.unload(page.leave)
        for press in (go.click, seed.submit):
            press(page.drive, [scenario, policy, seed, when], player, **asked, **WAITING)
        scenario.change(able, [scenario, policy], policy, **SILENT)
        chosen = asked | {"js": CHOSEN}
        run.input(page.open_run, [run, when], player, **chosen, **WAITING)
        name.input(page.open_log, [run, name, when], player, **chosen, **WAITING)
        bring.upload(page.open_brought, [bring, when], player, **asked, **WAITING)
        for button, make, label in (
            (movie, partial(filmed, language=language), "Film"),
            (data, copied, "Log"),
            (whole, partial(paged, language=language), "File"),
        ):
            done = button.click(
                page.making(make, label), what, [file, button, player], js=LISTED, **WAITING
            )
            done.success(None, js=SAVE, **SILENT)
            done.failure(partial(failed, label), None, [button, player], **SILENT)
        for function in service.FUNCTIONS:
            gr.api(service.in_words(function), api_name=function.__name__, **OF_PROGRAMS)
    return demo


def _player(language: str) -> gr.HTML:
    """The player: its markup never changes, messages come as its value."""
    assets, asking = viewer.player_assets(), answers.Answering(driven_again)

    def logged(where: list) -> str:
        """The episode at (run, name); called by this name, and with one value, whatever the player gives."""
        run, name = where
        return episode(run, name, language)

    def answered(asked: list) -> str:
        """The answer to (run, name, step, question, decisions), or one sentence about why there is none."""
        return answer(asking, asked, language)

    def compared(where: list) -> str:
        """The policies that the episode at (run, name) may be compared with."""
        run, name = where
        return rivals(run, name)

    return gr.HTML(
        html_template=assets["html"],
        css_template=assets["css"],
        js_on_load=assets["js"],
        apply_default_css=False,
        server_functions=[logged, answered, compared],
    )


CSS = """
.gradio-container { padding: 0 !important; overflow: clip !important; background: #fff !important;
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
  flex: 1 1 380px; min-width: 0 !important; max-width: 480px; flex-wrap: nowrap; }
#wd-bar .form ~ .form { flex-basis: 280px; max-width: 520px; margin-left: auto; }
@media (max-width: 1180px) { #wd-bar .form ~ .form { margin-left: 0; } }
#wd-bar .block { border: 0; padding: 0; background: none; box-shadow: none; overflow: visible;
  min-width: 0 !important; }
#wd-bar #wd-seed { flex: 0 0 92px; }
#wd-bar span[data-testid=block-info], #wd-bar .container > span { font-size: 12px;
  color: #5b6571 !important; margin-bottom: 2px; }
.dark #wd-bar span[data-testid=block-info], .dark #wd-bar .container > span { color: #a7b1bd !important; }
#wd-bar .wrap-inner, #wd-bar input[type=text], #wd-bar textarea { height: 34px; font-size: 14px; }
#wd-bar .wrap-inner input { text-overflow: ellipsis; margin-right: 16px; }
#wd-bar .wrap-inner, #wd-bar .wrap, #wd-bar textarea, #wd-bar input { border-radius: 6px; }
#wd-bar button { height: 34px; font-size: 14px; font-weight: 600; min-width: 66px; padding: 0 14px; }
#wd-bar #wd-take { gap: 6px; flex-wrap: nowrap; width: auto; }
#wd-bar #wd-take button { min-width: 54px; padding: 0 8px; flex: 1 1 0; }
#wd-bar #wd-drive { background: #1f62d0; color: #fff; min-width: 84px; }
.dark #wd-bar #wd-drive { background: #6aa5ff; color: #0d1116; }
@media (max-width: 700px) {
  .gradio-container .fillable { padding: 8px 14px 24px !important; }
  #wd-bar { display: contents; }
  #wd-bar > * { order: 2; }
  #wd-bar > #wd-title, #wd-bar > .form:not(.form ~ .form), #wd-bar > #wd-drive { order: 0; }
  #wd-bar > .form:not(.form ~ .form) { flex: 0 0 auto; max-width: none; width: 100%; }
  #wd-bar .form ~ .form { flex: 0 0 auto; max-width: none; margin-left: 0; }
  #wd-bar > #wd-title { flex: 0 0 auto !important; width: 150px; }
  #wd-bar > #wd-drive { position: absolute; top: 8px; right: 14px; }
  #wd-bar > #wd-take { width: 100%; }
  .gradio-container .column:has(> #wd-bar), .gradio-container :has(> #wd-bar) { gap: 8px; }
}
#wd-title { width: 150px; flex: 0 0 150px !important; }
#wd-title h1 { font-size: 20px; font-weight: 700; margin: 0; line-height: 1.2; }
#wd-title p { font-size: 13px; opacity: 0.85; margin: 0; line-height: 1.35; }
"""
LAUNCH = {
    "theme": gr.themes.Base(font=FONT, font_mono=("ui-monospace", "monospace"), primary_hue="blue"),
    "css": CSS,
    "ssr_mode": False,
    "footer_links": [],
    "share": False,
    "max_threads": MOST,
    "max_file_size": brought.LARGEST,
}


def main(
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    language: str = "en",
    query: str = "",
) -> None:
    """Serve the page until interrupted. OSError where the port is taken.

    query: what the browser is sent to, after the address; both are printed.
    """
    preparation = session.Preparation(partial(prepare, load(OPENING["policy"]))).start()
    page = build(language, preparation).queue(max_size=MOST)
    served = LAUNCH | {"server_name": host, "server_port": port}
    if not query:
        page.launch(**served, inbrowser=open_browser)
        return
    page.launch(**served, prevent_thread_lock=True, quiet=True)
    address = f"{page.local_url.rstrip('/')}/{query}"
    print(f"the page: {address}", flush=True)
    if open_browser:
        webbrowser.open(address)
    page.block_thread()


if __name__ == "__main__":
    main(host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
