"""An episode as one HTML file that plays by itself: the page's own player, with all that it is told written into the file.

It asks for nothing outside of itself, and its security policy forbids that it ever does. Words of a log
are data in it: they can neither become markup nor end the place in which they stand.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template

import orjson

from drive.checking.verdicts import path_beside
from drive.episodes import lines, log, notes
from drive.episodes.whole import put
from drive.language import say_page
from drive.show import noting, proof, viewer
from drive.types import Episode, Header

ENDING = ".html"
FOLDER = resources.files("drive.show") / "player"
# Of JSON inside of an element of HTML: what could end or begin markup, and what ends a line of a script.
INERT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def write(
    path: Path, out: Path, language: str | None = None, noted: Sequence[Path] | None = None
) -> bool:
    """Write a log, with the verdicts that lie beside it, as a file that plays; tells whether there were verdicts.

    noted: files of notes on it; those that lie beside it, if not given.

    ValueError for another ending than .html, for no such language, or where nothing was driven.
    """
    if out.suffix != ENDING:
        raise ValueError(f"a page in a file is an {ENDING} file, not {out.name!r}")
    episode = log.read(path).episode
    if not episode.steps:
        raise ValueError("nothing was driven in this episode; there is nothing to play")
    language = language or episode.steps[0].rationale.language
    name, told = lines.stem(path), proved(path, language)
    files = [notes.path_beside(path)] if noted is None else noted
    remarks = {"id": ["", name], "notes": noting.told(files, language=language)}
    put(out, page(episode, name, told, language, remarks).encode())
    return "steps" in told["proof"]


def proved(path: Path, language: str = "en") -> dict:
    """The message on all verdicts that lie beside a log, or on that there are none; none are made here."""
    name = lines.stem(path)
    if not path_beside(path).exists():
        return {"id": ["", name], "proof": {"problem": say_page("proof.untested file", language)}}
    (told,) = proof.messages(path, "", name, language)
    return told


def page(
    episode: Episode, name: str, told: dict, language: str = "en", remarks: dict | None = None
) -> str:
    """The whole file: the episode, and what is told of its verdicts and of the notes on it."""
    assets = viewer.player_assets((language,), language)
    script = _script(assets["js"])
    messages = [viewer.player_data(episode, "", name, language), told, *filter(None, (remarks,))]
    return Template((FOLDER / "offline.html").read_text("utf-8")).substitute(
        language=language,
        title=html.escape(_title(episode.header)),
        motto=html.escape(say_page("bar.motto", language)),
        command=_command(episode.header, language),
        css=(FOLDER / "offline.css").read_text("utf-8") + assets["css"],
        html=assets["html"],
        told=inert(messages),
        js=script,
        allowed=_digest(script),
    )


def inert(data) -> str:
    """JSON that is no markup and ends no line, wherever in a page it may stand."""
    return orjson.dumps(data).decode().translate(INERT)


def _title(header: Header) -> str:
    return f"{header.scenario} · {viewer.driver_name(header)} · {header.seed} · Whydrive"


def _command(header: Header, language: str) -> str:
    """The command that drives the episode again, where its names alone do."""
    if not viewer.is_driven_anywhere(header):
        return ""
    words = f"whydrive run {header.scenario} --policy {header.policy} --seed {header.seed}"
    return (
        f'<code title="{html.escape(say_page("bar.again", language))}">{html.escape(words)}</code>'
    )


def _script(player: str) -> str:
    """The player as the function that the page's own frame would call, and what stands in for that frame."""
    own = (FOLDER / "offline.js").read_text("utf-8")
    given = "element, trigger, props, watch, server"
    return f'"use strict";\nfunction player({given}) {{\n{player}\n}}\n{own}'


def _digest(script: str) -> str:
    """A script as a security policy names it, so that the browser runs this one and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
