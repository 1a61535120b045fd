"""Films and pictures of a logged episode: road and driver's eye above, the rationale and the options under them.

A film begins with a card that says what is driven and ends with one that says how it ended, and how many of
its claims are true. Its subtitles say what each decision says, at the same times.
"""

from __future__ import annotations

import functools
import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from drive import camera
from drive.camera import Colour, Marks, Palette, font
from drive.checking.verdicts import Finding
from drive.episodes.whole import whole
from drive.language import (
    beside,
    ending,
    hand_words,
    said_in,
    say_action,
    say_beside,
    words_of,
)
from drive.measures.motion import Motion
from drive.reasoning.narrate import merge
from drive.show.proof import WORST, finding_data
from drive.show.viewer import FAST, decision_words, driver_name, headed, phrases, risk_of
from drive.types import Episode, Option, Rationale, Step

RATE = 15  # frames per second, and per second of driving
TITLE, HELD, CLOSING = 2.0, 1.0, 3.0  # [s] of the first card, of the last frame, of the last card
SIZES = {"straight": (1280, 240), "curved": (1280, 400)}  # [px] of the pictures
ABOVE, RULE = (
    0.62,
    2,
)  # share of the bird's eye in their width; [px] between it and the driver's eye
SPAN = {"straight": 84.0, "curved": 100.0}  # [m] across the bird's eye
PANEL = 256  # [px] height of what stands under them
MARGIN, LINE = 28, 1.42  # [px]; line height in text sizes
TEXT_SIZES = (24, 22, 20, 18, 16, 14)  # [px] the largest that fits is taken
TEXT_BOX = (52, 214)  # [px] top and bottom of the text and the options in the panel
OPTIONS, ROW, ROWS = 880, 27, 6  # [px] where they begin; of one; how many are shown at most
TICKS = (230, 242)  # [px] top and bottom of the ticks in the panel
CARD = (
    28,
    36,
    20,
)  # [px] top of a card's words in the panel; size of the first line, of the others
MARKS = {"true": "✓", "false": "✗", "untestable": "?"}
WORD = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+")


def film(
    episode: Episode,
    path: Path,
    language: str | None = None,
    palette: str = "light",
    findings: tuple[Finding, ...] | None = None,
) -> None:
    """Write the episode as a .webm, in another language than its log's, if given.

    findings: the verdicts on its claims, which its words then wear; None where they were not tested.
    ValueError for another ending, for no such language, or where nothing was driven.
    """
    if Path(path).suffix != ".webm":
        raise ValueError(f"a film is a .webm file, not {Path(path).name!r}")
    if not episode.steps:
        raise ValueError("nothing was driven in this episode; there is no film of it")
    look = _look(episode, language, palette, findings)
    with whole(path, ".part.webm") as part:  # OpenCV goes by the ending
        camera.save_film(part, _frames(look), RATE)


def subtitles(
    episode: Episode, language: str | None = None, findings: tuple[Finding, ...] | None = None
) -> str:
    """What the film says, as WebVTT at the film's times: a cue for each card, and for each thing that is said."""
    look = _look(episode, language, "dark", findings)
    start, cues = float(look.starts[0]), [(0.0, TITLE, " · ".join(_about(look)))]
    firsts = list(dict.fromkeys(look.firsts))
    ends = [float(look.starts[first]) for first in firsts[1:]] + [look.end]
    for first, end in zip(firsts, ends, strict=True):
        shift = TITLE - start
        words = beside(episode.steps[first], look.language) + look.said[first].text
        cues.append((float(look.starts[first]) + shift, end + shift, words))
    closing = TITLE + look.end - start + HELD
    cues.append((closing, closing + CLOSING, " · ".join(_outcome(look))))
    return "WEBVTT\n" + "".join(
        f"\n{_stamp(begin)} --> {_stamp(end)}\n{_cue(text)}\n" for begin, end, text in cues
    )


def _stamp(time: float) -> str:
    minutes, milliseconds = divmod(round(1000 * time), 60000)
    return (
        f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
    )


def _cue(text: str) -> str:
    """A text in one line in which nothing is markup."""
    return " ".join(html.escape(text, quote=False).split()) or "-"


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
    findings: tuple[Finding, ...] | None = None

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
    def runs(self) -> list[tuple[int, int, Rationale]]:
        """First and last step of what is said once, and what is said."""
        if self.episode.header.period >= FAST:
            return [(k, k, step.rationale) for k, step in enumerate(self.episode.steps)]
        return list(merge(self.episode.steps))

    @functools.cached_property
    def firsts(self) -> list[int]:  # [K] where what is said at each step was said first
        return [first for first, last, _ in self.runs for _ in range(first, last + 1)]

    @functools.cached_property
    def said(self) -> list[Rationale]:  # [K] what is said at each step
        logged = [said for first, last, said in self.runs for _ in range(first, last + 1)]
        return [said_in(rationale, self.language) for rationale in logged]

    def pieces(self, index: int) -> list[tuple[str, list[int], str]]:
        """What is said at a step, in phrases: text, cars, and the mark of its verdict or ""."""
        said = self.said[index]
        phrased = headed(phrases(said.text, said.language), said.language)[0]
        marks = self._marks(self.firsts[index], said)
        ends = [(text, cars, marks.get(k, "")) for k, (text, cars) in enumerate(phrased)]
        return [*ends, ("", [], marks.get(None, ""))]

    def _marks(self, index: int, said: Rationale) -> dict[int | None, str]:
        """The worst verdict on each phrase of a step; under None that on the text as a whole."""
        step, results = self.episode.steps[index], {}
        alike = said_in(step.rationale, self.language).text == said.text
        for finding in self.findings or ():
            if finding.step == step.scene.step:
                placed = finding_data(finding, step, self.language)["phrase"] if alike else None
                results.setdefault(placed, set()).add(finding.verdict.result)
        return {k: next(r for r in WORST if r in told) for k, told in results.items()}

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


def _look(
    episode: Episode,
    language: str | None,
    palette: str,
    findings: tuple[Finding, ...] | None = None,
) -> _Look:
    logged = episode.steps[0].rationale.language if episode.steps else "en"
    look = _Look(episode, language or logged, camera.PALETTES[palette], findings)
    lacking = camera.uncovered("".join(words_of(look.language).actions.values()))
    if lacking:
        raise OSError(
            f"no typeface here has a picture of {lacking[0]}, in which the film would speak; {camera.INSTALL}"
        )
    return look


def _frames(look: _Look) -> Iterator[np.ndarray]:
    start = float(look.starts[0])
    yield from [_card(look, _frame(look, start), _about(look), look.palette.ego)] * round(
        TITLE * RATE
    )
    for k in range(round((look.end - start) * RATE) + 1):
        yield (frame := _frame(look, min(start + k / RATE, look.end)))
    for _ in range(round(HELD * RATE)):
        yield frame
    yield from [_card(look, frame, _outcome(look), _ended(look))] * round(CLOSING * RATE)


def _frame(look: _Look, time: float) -> np.ndarray:
    index, road = look.index(time), look.episode.header.road
    step, shape = look.episode.steps[index], camera.shape(look.episode.header.road)
    moment = camera.moment_within(step, time)
    stand_out = marks(step, look.said[index], look.palette)
    wide, high = SIZES[shape]
    above = round(ABOVE * wide)
    view = camera.follow(road, moment, (above, high), SPAN[shape])
    bird = camera.bird_eye(road, moment, view, stand_out, look.palette, (above, high))
    eye = camera.driver_eye(road, moment, stand_out, look.palette, (wide - above - RULE, high))
    rule = np.full((high, RULE, 3), look.palette.panel, np.uint8)
    return np.vstack([np.hstack([bird, rule, eye]), _clocked(look, look.panel(index), time)])


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


# ---------------------------------------------------------------------------------------- the cards


def _about(look: _Look) -> tuple[str, ...]:
    """What the film is of."""
    header, cards = look.episode.header, words_of(look.language).cards
    policy = cards["policy"].format(policy=header.policy)
    policy = driver_name(header, look.language) if header.by_hand else policy
    return header.scenario, f"{policy} · {cards['seed'].format(seed=header.seed)}", cards["title"]


def _outcome(look: _Look) -> tuple[str, ...]:
    """Whether the task is done, how it ended, and how many of its claims are true."""
    end, cards = look.episode.end, words_of(look.language).cards
    done = end.metrics.get("success") if end else None
    told = () if done is None else (cards["done" if done else "missed"].capitalize(),)
    told += (" ".join(ending(end, look.language).split()),) if end else ()
    if look.findings is None:
        return *told, cards["untested"]
    count = Counter(finding.verdict.result for finding in look.findings)
    results = {result: count[result] for result in WORST}
    return *told, cards["tested"].format(count=count.total(), **results)


def _ended(look: _Look) -> Colour:
    """The colour of how it ended."""
    end, palette = look.episode.end, look.palette
    if end is None:
        return palette.faint
    broken = end.reason in ("collision", "off road", "policy failed")
    success = end.metrics.get("success")
    return palette.wreck if broken or success == 0.0 else palette.goal if success else palette.faint


def _card(look: _Look, frame: np.ndarray, lines: tuple[str, ...], colour: Colour) -> np.ndarray:
    """A frame with other words in its panel: a large line, and smaller ones under it."""
    image = Image.fromarray(frame.copy())
    draw, (top, large, small) = ImageDraw.Draw(image), CARD
    begin, x, width = image.height - PANEL, 2 * MARGIN, image.width - 4 * MARGIN
    draw.rectangle((0, begin, image.width, image.height), look.palette.panel)
    y = begin + top
    for k, text in enumerate(lines):
        size, ink = (large, look.palette.ink) if k == 0 else (small, look.palette.faint)
        text = " ".join(text.split())
        for line in _wrapped([(text, ink)], size, width, bold=k == 0)[:2]:
            draw.text((x, y), "".join(word for word, _ in line), ink, font(size, bold=k == 0))
            y += round(size * LINE)
        y += small // 4
    draw.rectangle((MARGIN, begin + top + 4, MARGIN + 5, y - 4), colour)
    return np.asarray(image)


# ---------------------------------------------------------------------------------------- the panel


def _panel(look: _Look, index: int) -> np.ndarray:
    said, palette = look.said[index], look.palette
    image = Image.new("RGB", (SIZES["straight"][0], PANEL), palette.panel)
    draw = ImageDraw.Draw(image)
    _head(draw, look, index)
    _text(draw, _coloured(look, index, cited(said, palette)), OPTIONS - 2 * MARGIN - 12)
    _options(draw, look, index)
    _ticks(draw, look, image.width)
    return np.asarray(image)


def _coloured(look: _Look, index: int, colours: dict[int, Colour]) -> list[tuple[str, Colour]]:
    """What is said, in the colours of its cars, with the marks of its verdicts."""
    palette, coloured = look.palette, []
    of_marks = {"true": palette.goal, "false": palette.wreck, "untestable": palette.faint}
    for text, cars, result in look.pieces(index):
        bare = text.rstrip()
        coloured.append((bare, colours[cars[0]] if cars else palette.ink))
        if result:
            coloured.append((f" {MARKS[result]}", of_marks[result]))
        coloured.append((text[len(bare) :], palette.ink))
    return [piece for piece in coloured if piece[0]]


def _options(draw: ImageDraw.ImageDraw, look: _Look, index: int):
    """What was weighed, the chosen option marked, each with its score where it has one."""
    step, palette = look.episode.steps[index], look.palette
    right, ranked = draw.im.size[0] - MARGIN, _ranked(step)
    scores = [option.score for option in ranked if option.score is not None]
    for k, option in enumerate(ranked[:ROWS]):
        y, chosen = TEXT_BOX[0] + k * ROW, option.action == step.choice.action
        colour = palette.ink if chosen else palette.faint
        if chosen:
            draw.rectangle((OPTIONS - 12, y + 1, OPTIONS - 9, y + ROW - 6), palette.ego)
        words = say_action(option.action, look.language)
        draw.text((OPTIONS, y), words, colour, font(16, bold=chosen))
        if option.score is None:
            continue
        draw.text(
            (right, y),
            f"{option.score:.2f}".replace("-", "−"),
            colour,
            font(16, bold=chosen),
            anchor="ra",
        )
        _score_bar(
            draw,
            (right - 190, right - 90),
            y + 8,
            option.score,
            scores,
            palette.ego if chosen else palette.rival,
        )


def _ranked(step: Step) -> list[Option]:
    """The options, best first where all have scores; the chosen one is among those that are shown."""
    options = list(step.choice.options)
    if all(option.score is not None for option in options):
        options.sort(key=lambda option: -option.score)
    place = next(k for k, option in enumerate(options) if option.action == step.choice.action)
    if place >= ROWS:
        options.insert(ROWS - 1, options.pop(place))
    return options


def _score_bar(
    draw, ends: tuple[int, int], y: int, score: float, scores: list[float], colour: Colour
):
    """How far a score lies above zero, beside the best; a score below zero has none."""
    most = max(max(scores), 1e-9)
    length = (ends[1] - ends[0]) * min(max(score / most, 0.0), 1.0)
    if length >= 1:
        draw.rectangle((ends[0], y, ends[0] + length, y + 6), colour)


def _head(draw: ImageDraw.ImageDraw, look: _Look, index: int):
    """The decision on the left; on the right what is driven, or at its end how it ended."""
    palette, header, step = look.palette, look.episode.header, look.episode.steps[index]
    done = say_action(step.driven, look.language)
    draw.text((MARGIN + 84, 15), done[:1].upper() + done[1:], palette.ink, font(16, bold=True))
    x = MARGIN + 84 + draw.textlength(done, font(16, bold=True)) + 16
    fallback = () if step.choice.answered else (words_of(look.language).fallback,)
    words = " · ".join((*decision_words(look.said[index].decision, look.language), *fallback))
    if step.takeover:
        words = _took_over(step, look.language)
    draw.text((x, 17), words, palette.faint, font(14))
    about = f"{header.scenario} · {driver_name(header, look.language)} · {header.seed}"
    if step is look.episode.steps[-1] and look.episode.end:
        about = " ".join(ending(look.episode.end, look.language).split())
    draw.text((draw.im.size[0] - MARGIN, 17), about, palette.faint, font(14), anchor="ra")


def _took_over(step: Step, language: str) -> str:
    """What the policy would have done, where something else drove."""
    would = step.choice.action
    if step.takeover.by == "monitor":
        return say_beside(would, language)
    return hand_words(language).beside.format(act=say_action(would, language))


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


def _wrapped(pieces, size: int, width: int, bold: bool = False) -> list[list[tuple[str, Colour]]]:
    lines, x = [[]], 0.0
    for text, colour in pieces:
        for word in WORD.findall(" ".join(re.split(r"\s", text))):
            length = font(size, bold).getlength(word)
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
