"""The JSON object in what a language model said, however it is wrapped: a fence, prose around it, think tags."""

from __future__ import annotations

import json
import re

SHOWN = 80  # characters of what was not understood that are told
MOST_TRIED = 200  # places at which an object may begin that are looked at
THOUGHTS = re.compile(r"<(think|thinking|thought|reasoning)>.*?</\1>", re.S | re.I)
THOUGHTS_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.I)  # some open none


def unwrapped(content: str, names: tuple[str, ...]) -> dict:
    """The last JSON object in a text that has all these names, else the last one there is.

    What stands in think tags does not count. ValueError where there is no JSON object, with the
    beginning of what was said instead.
    """
    text = THOUGHTS.sub(" ", content.removeprefix("\ufeff"))
    text = THOUGHTS_END.split(text)[-1]
    objects = list(_objects(text))
    complete = [each for each in objects if set(names) <= set(each)]
    if not objects:
        raise ValueError(f"it holds no JSON object: {beginning(text)!r}")
    return (complete or objects)[-1]


def _objects(text: str):
    """Every JSON object that stands in a text by itself, in order."""
    decoder, at = json.JSONDecoder(), 0
    for _ in range(MOST_TRIED):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            data, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        yield data


def beginning(text: str, most: int = SHOWN) -> str:
    """The first characters of a foreign text, on one line and printable."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())
    return line if len(line) <= most else line[: most - 3] + "..."
