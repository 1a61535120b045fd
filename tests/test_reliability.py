"""Kills, full disks, folders that cannot be written, and visitors that wait: nothing is lost, and all is said."""

import asyncio
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_episode import crash, fake_episode

from drive.camera import files, save_film
from drive.episodes import log
from drive.episodes.whole import KEPT, put, whole
from drive.evaluation.results import Results, write
from drive.show import session

ROOT = Path(__file__).parents[1]
SHORT = ("--no-causes", "--set", "duration=10")


def whydrive(*words, largest=None):
    """The command; no file may grow beyond `largest` bytes, as on a disk that is full."""

    def limited():
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.run(
        [sys.executable, "-m", "drive.cli", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=limited,
        timeout=300,
    )


def sentences(text):
    """What the command said of itself, without what OpenCV says."""
    return [line for line in text.splitlines() if line.startswith("whydrive: ")]


@pytest.fixture
def logged(tmp_path):
    path = tmp_path / "fake-rule-7.jsonl"
    log.write(path, crash(fake_episode(steps=4)))
    return path


def said(path):
    return [step.rationale for step in log.read(path).episode.steps]


# ------------------------------------------------------------------------------------ whole files


def test_a_file_is_replaced_as_a_whole_or_stays_as_it_was(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), whole(path) as part:
        part.write_text("ne")
        assert path.read_text() == "old"
        _ = 1 / 0
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    put(path, b"new")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_a_kill_while_a_file_is_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text("old")
    code = f"""
import os, signal
from pathlib import Path
from drive.episodes.whole import whole
with whole(Path({str(path)!r})) as part:
    part.write_text("ne")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL and path.read_text() == "old"
    [part] = set(tmp_path.iterdir()) - {path}
    put(path, b"new")
    assert part.exists(), "it may be another writer's"
    os.utime(part, (0, part.stat().st_mtime - KEPT - 60))
    put(path, b"newer")
    assert list(tmp_path.iterdir()) == [path] and path.read_text() == "newer"


def test_a_link_is_followed_and_a_device_stays_one(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    put(link, b"new")
    assert link.is_symlink() and target.read_text() == "new"
    put(Path(os.devnull), b"new")
    assert not Path(os.devnull).is_file()
    with pytest.raises(OSError, match="No space left"):
        put(Path("/dev/full"), b"new")


def test_rows_that_cannot_be_written_leave_the_old_rows(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    path.write_text("old")
    results = Results("s", (), (), (), frozenset(), tmp_path)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match=re.escape(str(path))):
        write(results, csv_file=path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


# -------------------------------------------------------------------------------------------- logs


def test_a_log_with_its_end_stays_until_the_new_one_has_its_own(logged):
    before, episode = logged.read_bytes(), fake_episode(steps=2)
    writer = log.Writer(logged, episode.header)
    writer.step(episode.steps[0])
    assert logged.read_bytes() == before
    aside = logged.with_name(f"{logged.name}.part")
    assert said(aside) == [step.rationale for step in episode.steps[:1]]
    writer.step(episode.steps[1])
    writer.end(episode.end)
    assert log.read(logged).episode.end and len(log.read(logged).episode.steps) == 2
    assert not aside.exists()


def test_a_log_without_end_is_driven_over_where_it_lies(logged):
    logged.write_bytes(logged.read_bytes()[:-40])
    episode = fake_episode(steps=2)
    log.Writer(logged, episode.header).step(episode.steps[0])
    assert len(log.read(logged).episode.steps) == 1


def test_a_line_that_the_disk_takes_in_parts_is_written_whole(logged, monkeypatch):
    episode = fake_episode(steps=2)
    writer = log.Writer(logged.with_name("new.jsonl"), episode.header)

    class Reluctant:
        """Takes at most 100 bytes at a time, and says how many."""

        def __init__(self, file):
            self.file = file

        def write(self, data):
            return self.file.write(bytes(data[:100]))

    writer._file = Reluctant(writer._file)
    for step in episode.steps:
        writer.step(step)
    assert said(writer.path) == [step.rationale for step in episode.steps]


def test_a_full_disk_is_said_in_one_sentence_and_leaves_whole_lines(tmp_path):
    run = ("run", "highway-fast", "-p", "idle", *SHORT, "--out", tmp_path)
    assert whydrive(*run).returncode == 0
    [path] = tmp_path.glob("*.jsonl")
    whole_log, size = log.read(path).episode, path.stat().st_size
    again = whydrive(*run, largest=size // 2)
    assert again.returncode == 2 and "Traceback" not in again.stderr
    [sentence] = sentences(again.stderr)
    assert str(path) in sentence and log.read(path).episode == whole_log, "what was there is there"
    path.unlink()
    fresh = whydrive(*run, largest=size // 2)
    steps = log.read(path).episode.steps
    assert fresh.returncode == 2 and 0 < len(steps) < len(whole_log.steps)
    for mine, theirs in zip(steps, whole_log.steps, strict=False):
        assert mine.scene == theirs.scene and mine.rationale == theirs.rationale


def test_verdicts_and_films_on_a_full_disk_leave_what_was_there(logged):
    verdicts, film = logged.with_name("fake-rule-7.verdicts.jsonl"), logged.with_suffix(".webm")
    verdicts.write_text("old\n")
    film.write_text("old")
    for words in (("verify", logged, "--engine", "local"), ("film", logged)):
        done = whydrive(*words, largest=2000)
        assert done.returncode in (1, 2) and "Traceback" not in done.stderr, done.stderr
        assert len(sentences(done.stderr)) == 1, done.stderr
    assert verdicts.read_text() == "old\n" and film.read_text() == "old"
    assert len(list(logged.parent.iterdir())) == 3, "no parts are left"


def test_below_a_file_no_folder_can_be_made_and_one_sentence_says_so(logged):
    below = logged / "runs"
    for words in (
        ("run", "highway-fast", "-p", "idle", *SHORT, "--out", below),
        ("evaluate", "highway-fast", "-p", "idle", "--episodes", 1, *SHORT, "--out", below),
        ("film", logged, "--out", below / "film.webm"),
        ("verify", below),
    ):
        done = whydrive(*words)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        assert len(sentences(done.stderr)) == 1, done.stderr


def test_a_film_that_the_disk_did_not_take_is_no_film(tmp_path, monkeypatch):
    frames = list(np.random.default_rng(0).integers(0, 255, (7, 64, 96, 3), np.uint8))
    save_film(tmp_path / "good.webm", frames, 15)

    made = files._writer

    class Silent:
        """A writer that loses the third picture and says nothing."""

        def __init__(self, *arguments):
            self.writer, self.count = made(*arguments), 0
            self.release = self.writer.release

        def write(self, frame):
            self.count += 1
            if self.count != 3:
                self.writer.write(frame)

    monkeypatch.setattr(files, "_writer", Silent)
    with pytest.raises(OSError, match="a part of it only"):
        save_film(tmp_path / "bad.webm", frames, 15)


# ------------------------------------------------------------------------------------------- kills


@pytest.mark.parametrize("call", ["run", "verify"])
def test_a_killed_call_loses_one_step_at_most_and_ends_as_an_undisturbed_one(call):
    script = ROOT / "benchmarks" / "reliability.py"
    done = subprocess.run(
        [sys.executable, script, "kills", call, "--kills", "4", "--seed", "7"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "| all | | 4 |" in done.stdout


# ------------------------------------------------------------------------------------- the queue


def gathered(line, messages, wanted=lambda: True):
    async def all_of():
        return [message async for message in session.in_turn(line, iter(messages), wanted)]

    return asyncio.run(all_of())


def test_in_a_free_line_it_is_one_s_turn_at_once():
    assert gathered(session.Line(1), [{"a": 1}, {"b": 2}]) == [{"asked": 0}, {"a": 1}, {"b": 2}]


def test_a_visitor_that_waits_is_told_its_place_at_once_and_as_it_changes(monkeypatch):
    monkeypatch.setattr(session, "LOOK", 0.001)
    line = session.Line(1)
    served, second = line.join(), line.join()
    assert (line.place(served), line.place(second)) == (0, 1)

    async def waits():
        told = session.in_turn(line, iter([{"header": 1}]), lambda: True)
        first = await anext(told)
        line.leave(served)
        assert line.place(second) == 0
        then = await anext(told)
        line.leave(second)
        return [first, then, await anext(told), await anext(told)]

    assert asyncio.run(waits()) == [{"asked": 2}, {"asked": 1}, {"asked": 0}, {"header": 1}]


def test_a_wish_that_is_overtaken_leaves_the_line_without_a_word(monkeypatch):
    monkeypatch.setattr(session, "LOOK", 0.001)
    line, looks = session.Line(1), [True, True, False]
    line.place(line.join())
    told = gathered(line, [{"header": 1}], lambda: looks.pop(0) if looks else False)
    assert told == [{"asked": 1}] and line.place(line.join()) == 1


def test_a_visitor_that_fails_or_goes_away_gives_its_place_to_the_next():
    line = session.Line(1)

    def broken():
        yield {"header": 1}
        raise ValueError("no such road")

    with pytest.raises(ValueError, match="no such road"):
        gathered(line, broken())

    async def goes():
        told = session.in_turn(line, iter([{"a": 1}, {"b": 2}]), lambda: True)
        await anext(told)
        await told.aclose()

    asyncio.run(goes())
    assert line.place(line.join()) == 0
