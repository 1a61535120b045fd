"""A log that was damaged anyhow is refused in one sentence, or read as something that everything else can use."""

import copy
import json
import math
import random
from pathlib import Path

import orjson
import pytest

from drive.checking.clock import clock_fault
from drive.checking.text import check_rationale
from drive.checking.verdicts import Verifier
from drive.episodes import lines, log
from drive.episodes.codec import plain
from drive.episodes.record import finished, record
from drive.episodes.replay import replay
from drive.language import explanation
from drive.policy import load
from drive.show.viewer import player_data
from drive.types import Episode
from drive.world import World

MUTATIONS, BATCHES = 2000, 20
DRIVEN = 40  # of so many mutations, one is also driven again
VALUES = [
    None, "", "car", "NaN", "\x00", "é" * 50, True, False, 0, -1, 7, -0.0, 0.5, 1e-320, 1e308, -1e308,
    2**31, 2**63, 10**30, [], {}, [[]], [None], [1, 2, 3], {"is": "meta"}, {"is": "follow"},
    {"is": "meta", "name": "FLY"}, {"is": "control", "acceleration": 1e308, "steering": 1},
]  # fmt: skip
TOKENS = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"00",
    b"nul",
    b"\xff",
    b"\\ud800",
    b"}",
    b"[[",
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    """A short log with every kind of line."""
    world = World("merge", {"duration": 2})
    path, *_ = record(world, load("rule"), 5, tmp_path_factory.mktemp("whole"), causes="every")
    return path.read_bytes()


# --------------------------------------------------------------------------------------- mutations


def flip(data: bytes, dice: random.Random) -> bytes:
    """Some bytes are others."""
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 20])):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def cut(data: bytes, dice: random.Random) -> bytes:
    """A piece is missing."""
    start = dice.randrange(len(data))
    return data[:start] + data[start + dice.choice([1, 5, 200, len(data)]) :]


def shuffled(data: bytes, dice: random.Random) -> bytes:
    """A line is missing, twice there, or stands where another stood."""
    rows = data.splitlines(keepends=True)
    first, second = dice.randrange(len(rows)), dice.randrange(len(rows))
    kind = dice.choice(["out", "twice", "swapped", "joined"])
    if kind == "out":
        del rows[first]
    elif kind == "twice":
        rows.insert(second, rows[first])
    elif kind == "swapped":
        rows[first], rows[second] = rows[second], rows[first]
    else:
        rows[first] = rows[first].rstrip(b"\n")
    return b"".join(rows)


def token(data: bytes, dice: random.Random) -> bytes:
    """A number or word of the text is none that JSON has."""
    places = [k for k in range(len(data) - 1) if data[k : k + 1] in b":,["]
    place = dice.choice(places) + 1
    end = place
    while end < len(data) and data[end : end + 1] not in b",]}\n":
        end += 1
    return data[:place] + dice.choice(TOKENS) + data[end:]


def value(data: bytes, dice: random.Random) -> bytes:
    """A value somewhere is another; a key is missing, or new."""
    rows = data.splitlines(keepends=True)
    number = dice.randrange(len(rows))
    line = orjson.loads(rows[number])
    for _ in range(dice.choice([1, 1, 1, 3])):
        _changed(line, dice)
    rows[number] = json.dumps(line).encode() + b"\n"
    return b"".join(rows)


def _changed(place, dice: random.Random) -> None:
    """One change somewhere in nested data, deep or shallow."""
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = dice.choice(keys)
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or dice.random() < 0.15:
            break
        place = inner
    what = dice.choice(["set", "set", "set", "huge", "out", "new", "twice"])
    if what == "out":
        del place[key]
    elif what == "new" and isinstance(place, dict):
        place[dice.choice(["", "is", "x", "speed", "junk", str(key) + "_"])] = copy.deepcopy(
            dice.choice(VALUES)
        )
    elif what == "twice" and isinstance(place, list):
        place.append(place[key])
    elif what == "huge" and type(inner) in (int, float):
        place[key] = inner * dice.choice([-1, 1e9, -1e200, 1e-9])
    else:
        place[key] = copy.deepcopy(dice.choice(VALUES))


KINDS = [flip, cut, shuffled, token, value, value, value, value]


# ------------------------------------------------------------------------------- what must hold then


def used(episode: Episode) -> None:
    """All that reads an episode without driving it."""
    log.digest(episode)
    json.dumps(player_data(episode), allow_nan=False)
    for number, step in enumerate(episode.steps):
        explanation(step, "en")
        clock_fault(episode, number)
        list(check_rationale(step.scene, step.rationale, step.trajectory))
    if episode.end:
        assert all(map(math.isfinite, finished(episode).end.metrics.values()))


def driven_again(episode: Episode) -> None:
    list(replay(episode))
    for findings in Verifier(episode, load("rule")).findings():
        plain(findings)


def said(action, *arguments) -> str:
    """What is refused, in one sentence; "" where nothing is. Anything but a ValueError is raised."""
    try:
        action(*arguments)
    except ValueError as error:
        sentence = str(error)
        assert sentence.strip() and "\n" not in sentence and len(sentence) < 600, sentence
        return sentence
    return ""


@pytest.mark.parametrize(
    "batch",
    [pytest.param(k, marks=[pytest.mark.thorough] if k % 2 else []) for k in range(BATCHES)],
)
def test_a_mutated_log_is_refused_in_a_sentence_or_can_be_used(batch, whole, tmp_path):
    path, refused = tmp_path / "mutated.jsonl", 0
    for number in range(batch, MUTATIONS, BATCHES):
        dice = random.Random(number)
        path.write_bytes(dice.choice(KINDS)(whole, dice))
        lines.last(path), log.is_complete(path)
        said(log.read_header, path)
        if said(log.read, path):
            refused += 1
            continue
        episode = log.read(path).episode
        assert not said(used, episode), number
        if number % DRIVEN < BATCHES and number // BATCHES % 2 == 0:
            said(driven_again, episode)
    assert 0 < refused < MUTATIONS // BATCHES


def test_the_whole_log_is_refused_by_nothing(whole, tmp_path: Path):
    path = tmp_path / "whole.jsonl"
    path.write_bytes(whole)
    episode = log.read(path).episode
    assert not said(used, episode) and not said(driven_again, episode)
