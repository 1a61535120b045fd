"""Typefaces that never draw a box: a character without a picture in one is drawn in another, or named in brackets."""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageFont

# Where systems keep typefaces, and those with Chinese, Japanese or Korean characters, best first.
FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
EASTERN = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
    "STHeiti Medium.ttc",
    "msyh.ttc",
)
MISSING = "\ufffd"  # for what has no name either
INSTALL = "on Debian: apt-get install fonts-wqy-microhei"


class Typeface(ImageFont.FreeTypeFont):
    """A typeface for one line of text, each character drawn in the first file that has a picture of it."""

    def __init__(self, files: tuple[Path, ...], size: int):
        super().__init__(str(files[0]), size)
        self._files = files

    def getlength(self, text, *args, **kwargs) -> float:
        """Width of a line [px]."""
        if _plain(text):
            return super().getlength(text, *args, **kwargs)
        return sum(face.getlength(part) for face, part in self._runs(text))

    def getbbox(self, text, *args, **kwargs):
        """Box of a line [px]: left, top, right, bottom."""
        if _plain(text):
            return super().getbbox(text, *args, **kwargs)
        anchor = kwargs.get("anchor") or (args[5] if len(args) > 5 else None)
        mask, (left, top) = self._drawn(text, anchor)
        return left, top, left + mask.size[0], top + mask.size[1]

    def getmask2(self, text, mode="", *args, **kwargs):
        """A line as coverage, and where its corner lies from where it is drawn."""
        if _plain(text):
            return super().getmask2(text, mode, *args, **kwargs)
        anchor = kwargs.get("anchor") or (args[4] if len(args) > 4 else None)
        mask, offset = self._drawn(text, anchor)
        return (mask if mode != "1" else mask.convert("1")).im, offset

    def _drawn(self, text: str, anchor: str | None) -> tuple[Image.Image, tuple[float, float]]:
        """The line on one baseline; anchored as PIL does, "la" where nothing is said."""
        ascent, descent = self.getmetrics()
        parts = [(face, part, face.getlength(part)) for face, part in self._runs(text)]
        width = max(1, round(sum(length for *_, length in parts)))
        image, x = Image.new("L", (width, ascent + descent)), 0.0
        for face, part, length in parts:
            mask, (dx, dy) = face.getmask2(part, "L", anchor="ls")
            picture = Image.Image()._new(mask)
            if all(picture.size):
                image.paste(255, (round(x) + dx, ascent + dy), picture)
            x += length
        across, along = (anchor or "la")[:1], (anchor or "la")[1:]
        left = {"l": 0, "m": -width / 2, "r": -width}[across]
        top = {"a": 0, "s": -ascent, "m": -(ascent + descent) / 2}.get(along, 0)
        return image, (round(left), round(top))

    def _runs(self, text: str) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
        """Pieces of a line, each with the typeface that has pictures of all of it."""
        spelled = "".join(map(self._spelled, text))
        for file, run in groupby(spelled, lambda character: file_with(character, self._files)):
            yield ImageFont.truetype(str(file or self._files[0]), self.size), "".join(run)

    def _spelled(self, character: str) -> str:
        if not character.isprintable() or file_with(character, self._files):
            return character
        name = unicodedata.name(character, "").lower()
        return f"[{name}]" if name else MISSING


def _plain(text) -> bool:
    return isinstance(text, str) and text.isascii()


@functools.lru_cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """A sans-serif typeface: DejaVu, which comes with matplotlib, then whatever has eastern characters here."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        return ImageFont.load_default(size)
    folder = Path(spec.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    return Typeface((folder / name, *eastern()), size)


def uncovered(text: str) -> str:
    """The characters of a text of which no typeface here has a picture, each once."""
    face = font(16)
    files = face._files if isinstance(face, Typeface) else ()
    return "".join(c for c in dict.fromkeys(text) if c.isprintable() and not file_with(c, files))


def file_with(character: str, files: tuple[Path, ...]) -> Path | None:
    """The first of these files that has a picture of a character."""
    return next((file for file in files if ord(character) in _characters(file)), None)


@functools.cache
def eastern() -> tuple[Path, ...]:
    """The typefaces with Chinese, Japanese or Korean characters on this machine, best first."""
    here = [
        path
        for folder in map(Path, FOLDERS)
        if folder.expanduser().is_dir()
        for path in folder.expanduser().rglob("*.[to]t[cf]")
        if path.name in EASTERN
    ]
    return tuple(sorted(here, key=lambda path: EASTERN.index(path.name)))


@functools.cache
def _characters(file: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    number = 0 if file.suffix == ".ttc" else -1
    with TTFont(file, fontNumber=number, lazy=True) as opened:
        return frozenset(opened.getBestCmap())
