"""Films and pictures of a logged episode: the road above, the rationale under it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from drive import camera
from drive.camera import Colour, Marks, Palette, font
from drive.episodes.whole import whole
from drive.language import ending, said_in, say_action, words_of
from drive.measures.motion import Motion
from drive.reasoning.narrate import merge
from drive.show.viewer import FAST, decision_words, phrases, risk_of
from drive.types import Episode, Rationale, Step

RATE = 15  # frames per second, and per second of driving
HELD = 1.5  # [s] that the last frame stays
SIZES = {"straight": (960, 240), "curved": (960, 368)}  # [px] of the road's picture
PANEL = 208  # [px] height of what stands under it
MARGIN, LINE = 26, 1.42  # [px]; line height in text sizes
TEXT_SIZES = (22, 20, 18, 16, 14)  # [px] the largest that fits is taken
TEXT_BOX = (48, 172)  # [px] top and bottom of the text in the panel
TICKS = (183, 194)  # [px] top and bottom of the ticks in the panel
WORD = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+")


def film(episode: Episode, path: Path, language: str | None = None, palette: str = "light") -> None:
    """Write the episode as a .webm, in another language than its log's, if given.

    ValueError for another ending, for no such language, or where nothing was driven.
    """
    if Path(path).suffix != ".webm":
        raise ValueError(f"a film is a .webm file, not {Path(path).name!r}")
    if not episode.steps:
        raise ValueError("nothing was driven in this episode; there is no film of it")
    look = _look(episode, language, palette)
    with whole(path, ".part.webm") as part:  # OpenCV goes by the ending
        camera.save_film(part, _frames(look), RATE)


def picture(
    episode: Episode, time: float, path: Path, language: str | None = None, palette: str = "light"
) -> None:
    """Write one frame of the film, at a time [s], as a .png."""
    look = _look(episode, language, palette)
    with whole(path, f".part{Path(path).suffix}") as part:
        camera.save_picture(part, _frame(look, time))


@dataclass(frozen=True, eq=False)
class _Look:
    """An episode with what all its frames share."""

    episode: Episode
    language: str
    palette: Palette

    @functools.cached_property
    def starts(self) -> np.ndarray:  # [K] [s]
        return np.array([step.tracks.times[0] for step in self.episode.steps])

    @functools.cached_property
    def end(self) -> float:  # [s]
        return float(self.episode.steps[-1].tracks.times[-1])

    @functools.cached_property
    def risks(self) -> list[float]:  # [K], 0 to 1
        header = self.episode.header
        return [risk_of(Motion(Episode(header, (s,), None)))[0] for s in self.episode.steps]

    @functools.cached_property
    def said(self) -> list[Rationale]:  # [K] what is said at each step
        if self.episode.header.period >= FAST:
            logged = [step.rationale for step in self.episode.steps]
        else:
            runs = merge(self.episode.steps)
            logged = [said for first, last, said in runs for _ in range(first, last + 1)]
        return [said_in(rationale, self.language) for rationale in logged]

    @functools.cached_property
    def panels(self) -> dict[int, np.ndarray]:
        return {}

    def index(self, time: float) -> int:
        return max(int(np.searchsorted(self.starts, time + 1e-9, "right")) - 1, 0)

    def panel(self, index: int) -> np.ndarray:
        """What stands under the road during a decision, without playhead and clock."""
        if index not in self.panels:
            self.panels.clear()
            self.panels[index] = _panel(self, index)
        return self.panels[index]


def _look(episode: Episode, language: str | None, palette: str) -> _Look:
    logged = episode.steps[0].rationale.language if episode.steps else "en"
    look = _Look(episode, language or logged, camera.PALETTES[palette])
    lacking = camera.uncovered("".join(words_of(look.language).actions.values()))
    if lacking:
        raise OSError(
            f"no typeface here has a picture of {lacking[0]}, in which the film would speak; {camera.INSTALL}"
        )
    return look


def _frames(look: _Look) -> Iterator[np.ndarray]:
    start = float(look.starts[0])
    for k in range(round((look.end - start) * RATE) + 1):
        yield (frame := _frame(look, min(start + k / RATE, look.end)))
    for _ in range(round(HELD * RATE)):
        yield frame


def _frame(look: _Look, time: float) -> np.ndarray:
    index = look.index(time)
    step = look.episode.steps[index]
    road = look.episode.header.road
    view = camera.bird_eye(
        road,
        camera.moment_within(step, time),
        marks=marks(step, look.said[index], look.palette),
        palette=look.palette,
        size=SIZES[camera.shape(road)],
    )
    return np.vstack([view, _clocked(look, look.panel(index), time)])


def marks(step: Step, said: Rationale, palette: Palette) -> Marks:
    """What stands out at a decision: its trajectories, and the cars that the rationale names."""
    options = step.choice.options
    rivals = (o.trajectory for o in options if o.action != step.choice.action and o.trajectory)
    return Marks(step.trajectory, tuple(rivals), cited(said, palette))


def cited(said: Rationale, palette: Palette) -> dict[int, Colour]:
    """A colour for every car that a rationale names, in the order of naming."""
    named = [car for _, cars in phrases(said.text, said.language) for car in cars]
    order = list(dict.fromkeys(named))
    return {car: palette.cited[k % len(palette.cited)] for k, car in enumerate(order)}


# ---------------------------------------------------------------------------------------- the panel


def _panel(look: _Look, index: int) -> np.ndarray:
    said, palette = look.said[index], look.palette
    image = Image.new("RGB", (SIZES["straight"][0], PANEL), palette.panel)
    draw = ImageDraw.Draw(image)
    colours = cited(said, palette)
    _head(draw, look, index)
    pieces = [
        (text, colours[cars[0]] if cars else palette.ink)
        for text, cars in phrases(said.text, said.language)
    ]
    _text(draw, pieces, image.width - 2 * MARGIN)
    _ticks(draw, look, image.width)
    return np.asarray(image)


def _head(draw: ImageDraw.ImageDraw, look: _Look, index: int):
    """The decision on the left; on the right what is driven, or at its end how it ended."""
    palette, header, step = look.palette, look.episode.header, look.episode.steps[index]
    done = say_action(step.choice.action, look.language)
    draw.text((MARGIN + 84, 15), done[:1].upper() + done[1:], palette.ink, font(16, bold=True))
    x = MARGIN + 84 + draw.textlength(done, font(16, bold=True)) + 16
    fallback = () if step.choice.answered else (words_of(look.language).fallback,)
    words = " · ".join((*decision_words(look.said[index].decision, look.language), *fallback))
    draw.text((x, 17), words, palette.faint, font(14))
    about = f"{header.scenario} · {header.policy} · {header.seed}"
    if step is look.episode.steps[-1] and look.episode.end:
        about = " ".join(ending(look.episode.end, look.language).split())
    draw.text((draw.im.size[0] - MARGIN, 17), about, palette.faint, font(14), anchor="ra")


def _text(draw: ImageDraw.ImageDraw, pieces: list[tuple[str, Colour]], width: int):
    """Coloured text, wrapped, in the largest size that fits; cut off where even the smallest does not."""
    top, bottom = TEXT_BOX
    for size in TEXT_SIZES:
        lines = _wrapped(pieces, size, width)
        if top + len(lines) * size * LINE <= bottom:
            break
    fits = max(int((bottom - top) // (size * LINE)), 1)
    for k, line in enumerate(lines[:fits]):
        x = float(MARGIN)
        for word, colour in line:
            draw.text((x, top + k * size * LINE), word, colour, font(size))
            x += font(size).getlength(word)


def _wrapped(pieces, size: int, width: int) -> list[list[tuple[str, Colour]]]:
    lines, x = [[]], 0.0
    for text, colour in pieces:
        for word in WORD.findall(" ".join(re.split(r"\s", text))):
            length = font(size).getlength(word)
            if x + length > width and lines[-1] and not word.isspace():
                lines.append([])
                x = 0.0
            if not (word.isspace() and not lines[-1]):
                lines[-1].append((word, colour))
                x += length
    return lines


def _ticks(draw: ImageDraw.ImageDraw, look: _Look, width: int):
    for step, risk in zip(look.episode.steps, look.risks, strict=True):
        left, right = (_at(look, t, width) for t in (step.tracks.times[0], step.tracks.times[-1]))
        gap = 1.5 if right - left > 5 else 0.0
        draw.rectangle(
            (left, TICKS[0], max(right - gap, left), TICKS[1]),
            camera.risk_colour(look.palette, risk),
        )


def _at(look: _Look, time: float, width: int) -> float:
    start = float(look.starts[0])
    return MARGIN + (time - start) / max(look.end - start, 1e-9) * (width - 2 * MARGIN)


def _clocked(look: _Look, panel: np.ndarray, time: float) -> np.ndarray:
    """The panel with the time and the playhead."""
    image = Image.fromarray(panel)
    draw = ImageDraw.Draw(image)
    x = _at(look, time, image.width)
    draw.line((x, TICKS[0] - 5, x, TICKS[1] + 5), look.palette.ink, 3)
    draw.text((MARGIN, 13), f"{time:.1f} s", look.palette.ink, font(18, bold=True))
    return np.asarray(image)
