"""The page: drive an episode live or open a logged one, and watch it with its reasons beside it.

Gradio wiring only: what a visitor asks for is done in `drive.show.requests`.
"""

from __future__ import annotations

import importlib.util
import os
import webbrowser
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from starlette.middleware import Middleware

from drive.language import say_page
from drive.policy import offered
from drive.scenarios import SCENARIOS
from drive.show import (
    answers,
    brought,
    differences,
    evaluating,
    hosting,
    incidents,
    requests,
    service,
    session,
    thoughts,
    viewer,
)
from drive.show.hosting import HOST
from drive.show.requests import OPENING
from drive.types import Header

KEPT = (3600, 3600)  # [s] how often films and copies of logs are cleared away, and at what age
MOST = 400  # visitors that drive or wait; a page with more of them refuses in words
FONT = ("-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
USUAL = "en"  # of what is said where nothing says in which language
NAMES = {"en": "English", "de": "Deutsch", "zh": "中文"}
SWITCH = {"en": "EN", "de": "DE", "zh": "中文"}  # what each language is called there


def head(language: str) -> str:
    """What stands at the beginning of the page: its name, and a button for each language."""
    buttons = "".join(
        f'<button type="button" data-language="{one}" lang="{one}" aria-pressed="{str(one == language).lower()}" '
        f'title="{NAMES[one]}">{short}</button>'
        for one, short in SWITCH.items()
    )
    return (
        f'<header><h1>Whydrive</h1><div role="group" data-say-label="bar.language">{buttons}</div>'
        f'<p data-say="bar.motto">{say_page("bar.motto", language)}</p></header>'
    )


# ------------------------------------------------------------------------------------- the handlers


def of_visitor(event: Callable[..., AsyncIterator[str]]) -> Callable:
    """A handler that tells the player what an event of `requests.Page` tells the visitor."""

    async def handler(request: gr.Request, *given):
        async for message in heard(event(request.session_hash, *given)):
            yield message

    return handler


def of_arrival(event: Callable[..., AsyncIterator[str]]) -> Callable:
    """The handler of a visitor's arrival, which asks for what its link says."""

    async def handler(language: str, request: gr.Request):
        asked, key = dict(request.query_params), hosting.key_in(request.cookies)
        async for message in heard(event(request.session_hash, asked, language, key)):
            yield message

    return handler


async def heard(messages: AsyncIterator[str]) -> AsyncIterator[str]:
    """The messages; where there are none, the player is left as it is: Gradio would empty it."""
    silent = True
    async for message in messages:
        silent = False
        yield message
    if silent:
        yield gr.skip()


def making(
    page: requests.Page, make: Callable[..., Path], label: str, speaks: bool = False
) -> Callable:
    """A handler that makes a file to download; its button says where one stands, then that it is made.

    speaks: what is made says something, in a language.
    """

    async def handler(shown: list, request: gr.Request = None):
        run, name, _, language = (*(shown or ()), None, None, None, None)[:4]
        language, visitor = page.spoken(language), request.session_hash if request else ""
        yield gr.skip(), gr.Button("…", interactive=False), gr.skip()
        made = partial(make, language=language) if speaks else make
        async for message in page.made(made, run, name, language, visitor):
            place = message.get("asked")
            waiting = say_page("bar.place", language, place=place) if place else "…"
            words = say_page(label, language) if place is None else waiting
            button = gr.Button(words, interactive=place is None)
            problem = {key: told for key, told in message.items() if key == "problem"}
            yield message.get("file", gr.skip()), button, requests.text(problem)

    return handler


def failed(page: requests.Page, label: str, language: str) -> tuple:
    """What the page shows where a file was made and could not be handed out."""
    language = page.spoken(language)
    problem = {"problem": say_page("bar.full", language)}
    return gr.Button(say_page(label, language), interactive=True), requests.text(problem)


def able(scenario: str, policy: str) -> gr.Dropdown:
    """The policies that can drive a scenario, with the present one chosen if it is one of them."""
    names, chosen = requests.able(scenario, policy)
    return gr.Dropdown(list(names), value=chosen)


def relabelled(page: requests.Page, language: str) -> tuple:
    """The controls of the bar, named in a language."""
    language = page.spoken(language)

    def named(kind: type, what: str, label: str):
        return kind(**{what: say_page(f"bar.{label}", language)})

    return tuple(
        named(
            kind, "label" if kind in (gr.Dropdown, gr.Textbox, gr.UploadButton) else "value", label
        )
        for label, kind in CONTROLS.items()
    )


def listed(shown: list, request: gr.Request) -> tuple:
    """The lists of logs with what the player shows in them, and the form filled with it, where that is wanted.

    Asked for by the player, and answered at once: of an event that streams, Gradio sends only what
    differs from the message before, and where that one is lost, a list would be set to an edit.
    """
    run, name, filling, *_ = shown
    shelves = requests.shelves(run, name, hosting.key_in(request.cookies))
    if shelves is None:  # cleared away meanwhile
        return (gr.skip(),) * 5
    return (
        gr.Dropdown([(hosting.title(each), each) for each in shelves.runs], value=shelves.run),
        gr.Dropdown(list(shelves.episodes), value=shelves.name),
        *(controls(shelves.header) if filling else (gr.skip(),) * 3),
    )


def controls(header: Header) -> tuple:
    """What to press Drive with, to drive this episode again; what is not on offer is left as it is."""
    on_offer = (("scenario", SCENARIOS), ("policy", offered()))
    named = ((getattr(header, name), options) for name, options in on_offer)
    lists = (gr.Dropdown(list(o), value=one) if one in o else gr.skip() for one, o in named)
    return *lists, gr.Textbox(value=str(header.seed))


# ---------------------------------------------------------------------------------------- the page

CONTROLS = {  # of the bar, by the word for each
    "scenario": gr.Dropdown, "policy": gr.Dropdown, "seed": gr.Textbox, "drive": gr.Button, "run": gr.Dropdown,
    "episode": gr.Dropdown, "browse": gr.Button, "film": gr.Button, "log": gr.Button, "file": gr.Button,
    "open": gr.UploadButton,
}  # fmt: skip
SILENT = {"api_visibility": "private", "show_progress": "hidden"}
WAITING = {**SILENT, "concurrency_limit": None}  # visitors wait in the page's own lines
AT_LAST = {**SILENT, "queue": False, "trigger_mode": "always_last"}
OF_PROGRAMS = {"concurrency_limit": 2, "concurrency_id": "programs"}  # for those of others
ASKED = """(...given) => {
  const asked = performance.now(), player = document.querySelector(".wd");
  player?.dispatchEvent(new CustomEvent("wd-asked", { detail: asked }));
  return [...given.slice(0, -2), asked, player?.lang];
}"""  # when and in which language, as the last inputs; the player says so at once
CHOSEN = f"""(...given) => {{
  const player = document.querySelector(".wd"), shown = [player?.dataset.run, player?.dataset.episode];
  const same = given.slice(0, -2).every((one, k) => one === shown[k]);
  return same ? [...given.slice(0, -2), -1, player?.lang] : ({ASKED})(...given);
}}"""  # a list that was only left, or that says what is shown already, asks for nothing
SPOKEN = """() => [document.querySelector(".wd").lang]"""  # the language that is spoken by now
LISTED = """() => {
  const player = document.querySelector(".wd"), { run, episode, fill } = player.dataset;
  return [[run, episode, fill !== "false", player.lang]];
}"""  # what the player shows by now
COMPARED = """() => {
  const player = document.querySelector(".wd"), { run, episode, with: other } = player.dataset;
  return [[run, episode, other, player.lang]];
}"""  # what the player shows, and what it is to be compared with
TAKEN = f"""(...given) => {{
  const {{ run, episode, wheel }} = document.querySelector(".wd").dataset;
  const [scenario, policy, seed, , ...asked] = ({ASKED})(...given);
  return [scenario, policy, seed, [run, episode, wheel === "new" ? null : wheel], ...asked];
}}"""  # the decision at which a visitor wants the wheel, or the form's road
PICKED = """() => {
  const asked = performance.now(), { run, episode, step } = document.querySelector(".wdg").dataset;
  const player = document.querySelector(".wd");
  player?.dispatchEvent(new CustomEvent("wd-asked", { detail: asked }));
  return [[run, episode, step, asked, player?.lang]];
}"""  # the row that was picked in the gallery
EVALUATED = """() => {
  const { dataset } = document.querySelector(".wdg");
  return [[...JSON.parse(dataset.asked), document.querySelector(".wd").lang]];
}"""
BROWSE = "() => document.querySelector('.wdg')?.dispatchEvent(new CustomEvent('wd-browse'))"
SAVE = "() => document.querySelector('#wd-file a, a#wd-file, button#wd-file')?.click()"


def build(language: str | None = None, preparation: session.Preparation | None = None) -> gr.Blocks:
    """The page, not yet served.

    language: what it speaks to a visitor that chose none; None: the browser's own language, where there are words for it.
    preparation: what must be over before the usual policy drives.
    """
    page, first = requests.Page(language or USUAL, preparation), viewer.first_language(language)

    def word(key: str) -> str:
        return say_page(f"bar.{key}", page.language)

    def leave(request: gr.Request) -> None:
        page.leave(request.session_hash)

    def stop(request: gr.Request) -> None:
        page.stop(request.session_hash)

    with gr.Blocks(title="Whydrive", fill_width=True, delete_cache=KEPT) as demo:
        with gr.Row(elem_id="wd-bar"):
            gr.HTML(head(page.language), elem_id="wd-title")
            scenario = gr.Dropdown(
                list(SCENARIOS), value=OPENING["scenario"], label=word("scenario")
            )
            policy = gr.Dropdown(list(offered()), value=OPENING["policy"], label=word("policy"))
            seed = gr.Textbox(OPENING["seed"], label=word("seed"), max_lines=1, elem_id="wd-seed")
            go = gr.Button(word("drive"), variant="primary", elem_id="wd-drive")
            run = gr.Dropdown([], label=word("run"))
            name = gr.Dropdown([], label=word("episode"))
            browse = gr.Button(word("browse"), elem_id="wd-browse")
            with gr.Row(elem_id="wd-take"):
                movie = gr.Button(word("film"), elem_id="wd-film")
                data = gr.Button(word("log"), elem_id="wd-log")
                whole = gr.Button(word("file"), elem_id="wd-page")
                bring = gr.UploadButton(word("open"), elem_id="wd-open")
        gallery = _gallery(language)
        player = _player(page, language)
        file = gr.DownloadButton(visible="hidden", elem_id="wd-file")
        when, what = gr.Number(visible=False), gr.JSON(visible=False)
        tongue = gr.Textbox(visible=False)
        named = [scenario, policy, seed, go, run, name, browse, movie, data, whole, bring]

        asked = {"js": ASKED, "trigger_mode": "multiple"}
        arrive = of_arrival(page.arrive)
        demo.load(arrive, tongue, player, js=first, **WAITING)
        player.retry(arrive, tongue, player, js=SPOKEN, **WAITING)  # it heard nothing
        speak = partial(relabelled, page)
        demo.load(speak, tongue, named, js=first, **SILENT)
        player.edit(speak, tongue, named, js=SPOKEN, **AT_LAST)
        player.apply(of_visitor(page.compare), what, player, js=COMPARED, **WAITING)
        taken = [scenario, policy, seed, what, when, tongue]
        player.play(
            of_visitor(page.take), taken, player, js=TAKEN, trigger_mode="multiple", **WAITING
        )
        player.select(listed, what, [run, name, scenario, policy, seed], js=LISTED, **AT_LAST)
        demo.unload(leave)
        for press in (go.click, seed.submit):
            press(
                of_visitor(page.drive),
                [scenario, policy, seed, when, tongue],
                player,
                **asked,
                **WAITING,
            )
        scenario.change(able, [scenario, policy], policy, **SILENT)
        chosen = asked | {"js": CHOSEN}
        run.input(of_visitor(page.open_run), [run, when, tongue], player, **chosen, **WAITING)
        name.input(
            of_visitor(page.open_log), [run, name, when, tongue], player, **chosen, **WAITING
        )
        browse.click(None, js=BROWSE, **SILENT)
        gallery.select(of_visitor(page.open_row), what, player, js=PICKED, **WAITING)
        driven = gallery.submit(of_visitor(page.evaluate), what, gallery, js=EVALUATED, **WAITING)
        driven.failure(requests.broken_off, None, gallery, **SILENT)
        gallery.stop(stop, **SILENT)
        bring.upload(
            of_visitor(page.open_brought), [bring, when, tongue], player, **asked, **WAITING
        )
        for button, make, label, speaks in (
            (movie, requests.filmed, "bar.film", True),
            (data, requests.copied, "bar.log", False),
            (whole, requests.paged, "bar.file", True),
        ):
            done = button.click(
                making(page, make, label, speaks),
                what,
                [file, button, player],
                js=LISTED,
                **WAITING,
            )
            done.success(None, js=SAVE, **SILENT)
            done.failure(
                partial(failed, page, label), tongue, [button, player], js=SPOKEN, **SILENT
            )
        for function in service.FUNCTIONS:
            gr.api(service.told(function), api_name=function.__name__, **OF_PROGRAMS)
    return demo


def _player(page: requests.Page, started: str | None) -> gr.HTML:
    """The player: its markup never changes, messages come as its value."""
    assets, asking = viewer.player_assets(started=started), answers.Answering(requests.driven_again)
    looking = differences.Looking(requests.driven_again)
    thinking = thoughts.Thinking(requests.driven_again)
    reports = incidents.Incidents()

    def logged(where: list) -> str:
        """The episode at (run, name, language); called by this name, and with one value, whatever the player gives."""
        run, name, language = where
        return requests.episode(run, name, page.spoken(language))

    def resaid(where: list) -> str:
        """The episode at (run, name, language), with its verdicts."""
        run, name, language = where
        return requests.resaid(run, name, page.spoken(language))

    def answered(asked: list) -> str:
        """The answer to (run, name, step, question, decisions, its language, the question's), or why there is none."""
        return requests.answer(asking, asked)

    def thought(asked: list) -> str:
        """What was thought at (run, name, step), with words put in by hand, and what comes of it: (..., decisions, language)."""
        return requests.thought(thinking, asked)

    def compared(where: list) -> str:
        """The policies that the episode at (run, name) may be compared with."""
        run, name = where
        return requests.rivals(run, name)

    def steered(asked: list) -> str:
        """What a visitor at the wheel did with the decision (token, step, action)."""
        return page.steered(asked)

    def seated(asked: list) -> str:
        """What a visitor at the wheel is shown at first, in another language: (token, language)."""
        return page.seated(asked)

    def left(token: str) -> str:
        """The wheel given back that a token stands for."""
        return page.left(token)

    def hindsight(where: list) -> str:
        """Whose action was better at (run, name, step), in a language."""
        return requests.hindsight(looking, where)

    def noted(asked: list, request: gr.Request) -> str:
        """The notes on (language, run, name), after what is done with them."""
        language, *asked = asked if isinstance(asked, list) and asked else ("",)
        return requests.noted(asked, hosting.key_in(request.cookies), page.spoken(language))

    def lookedback(where: list) -> str:
        """The report on how the episode at (run, name) ended, in a language."""
        run, name, language = where
        return requests.incident(reports, run, name, page.spoken(language))

    return gr.HTML(
        html_template=assets["html"],
        css_template=assets["css"],
        js_on_load=assets["js"],
        apply_default_css=False,
        server_functions=[
            logged,
            resaid,
            answered,
            thought,
            compared,
            lookedback,
            steered,
            seated,
            left,
            hindsight,
            noted,
        ],  # fmt: skip
    )


def _gallery(started: str | None) -> gr.HTML:
    """The gallery of episodes: as the player, its markup never changes."""
    assets = viewer.browse_assets(tuple(SCENARIOS), evaluating.MOST, started)

    def browsed(asked: list, request: gr.Request) -> str:
        """What the gallery asks for: the language it speaks, the name, and what it takes."""
        language, *asked = asked
        return requests.browsed(asked, str(language), hosting.key_in(request.cookies))

    return gr.HTML(
        elem_id="wd-gallery",
        html_template=assets["html"],
        css_template=assets["css"],
        js_on_load=assets["js"],
        apply_default_css=False,
        server_functions=[browsed],
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
  flex: 1 1 330px; min-width: 0 !important; max-width: 480px; flex-wrap: nowrap; }
#wd-bar .form ~ .form { flex-basis: 220px; max-width: 520px; margin-left: auto; }
@media (max-width: 1180px) { #wd-bar .form ~ .form { margin-left: 0; } }
#wd-bar .block { border: 0; padding: 0; background: none; box-shadow: none; overflow: visible;
  min-width: 0 !important; }
#wd-bar #wd-seed { flex: 0 0 76px; }
#wd-bar .wrap-inner { padding: 0 2px 0 6px; }
#wd-bar #wd-browse { padding: 0 10px; }
#wd-bar span[data-testid=block-info], #wd-bar .container > span { font-size: 12px;
  color: #5b6571 !important; margin-bottom: 2px; }
.dark #wd-bar span[data-testid=block-info], .dark #wd-bar .container > span { color: #a7b1bd !important; }
#wd-bar .wrap-inner, #wd-bar input[type=text], #wd-bar textarea { height: 34px; font-size: 14px; }
#wd-bar .wrap-inner input { text-overflow: ellipsis; margin-right: 16px; }
#wd-bar .wrap-inner, #wd-bar .wrap, #wd-bar textarea, #wd-bar input { border-radius: 6px; }
#wd-bar button { height: 34px; font-size: 14px; font-weight: 600; min-width: 66px; padding: 0 14px; }
#wd-bar #wd-take { gap: 6px; flex-wrap: nowrap; width: auto; }
#wd-bar #wd-take button { min-width: 54px; padding: 0 8px; flex: 1 0 auto; }
#wd-gallery:has(.wdg[hidden]) { display: none; }
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
  #wd-title header { justify-content: start; }
  #wd-title header > * { grid-column: 1; }
  #wd-title p { display: none; }
  #wd-bar #wd-seed { flex-basis: 60px; }
  #wd-bar > #wd-drive { position: absolute; top: 8px; right: 14px; }
  #wd-bar > #wd-browse { position: absolute; top: 8px; right: 108px; order: 0; }
  #wd-bar > #wd-take { width: 100%; }
  .gradio-container .column:has(> #wd-bar), .gradio-container :has(> #wd-bar) { gap: 8px; }
}
#wd-title { width: 180px; flex: 0 0 180px !important; }
#wd-title header { display: grid; grid-template-columns: auto auto; justify-content: space-between; align-items: center; }
#wd-title h1 { font-size: 20px; font-weight: 700; margin: 0; line-height: 1.2; }
#wd-title p { font-size: 13px; opacity: 0.85; margin: 0; line-height: 1.35; grid-column: 1 / -1; }
#wd-title [role=group] { display: flex; }
#wd-bar #wd-title button { height: 24px; min-width: 26px; padding: 0 4px; font-size: 12px; font-weight: 400; background: none;
  color: #5b6571; border-radius: 5px; white-space: nowrap; }
.dark #wd-bar #wd-title button { color: #a7b1bd; }
#wd-bar #wd-title button[aria-pressed=true] { font-weight: 700; color: #1f62d0; background: #edeff1; }
.dark #wd-bar #wd-title button[aria-pressed=true] { color: #8fbaff; background: #2a323c; }
#wd-bar #wd-title button:hover { color: inherit; }
#wd-title button:focus-visible { outline: 2px solid #1f62d0; }
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


def launching() -> dict:
    """What the page is launched with; Gradio writes into what it is given, so each launch has its own."""
    keys = {"middleware": [Middleware(hosting.Named)]}
    return LAUNCH | {"app_kwargs": keys, "mcp_server": offers_tools()}


def offers_tools() -> bool:
    """Is here what it takes to offer `service.FUNCTIONS` as tools of the Model Context Protocol (the extra `mcp`)?"""
    return importlib.util.find_spec("mcp") is not None


def main(
    host: str = "127.0.0.1",
    port: int | None = None,
    open_browser: bool = False,
    language: str | None = None,
    query: str = "",
) -> None:
    """Serve the page until interrupted. OSError where the port is taken, ValueError for a setting that is none.

    query: what the browser is sent to, after the address; both are printed.
    """
    hosting.settings()
    HOST.prune()
    page = build(language, requests.preparation()).queue(max_size=MOST)
    served = launching() | {"server_name": host, "server_port": port}
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
