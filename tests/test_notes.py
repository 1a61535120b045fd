"""Notes, thumbs and named moments: beside a log, never in it; read as data, whatever lies there; taken away as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import sys
import threading

import pytest
from fake_episode import fake_episode
from test_browser import HOSTILE

from drive.checking.verdicts import logs_of
from drive.cli import main
from drive.episodes import log, notes, shelf
from drive.episodes.notes import BOOKMARK, DOWN, NOTE, UP
from drive.evaluation import evaluate
from drive.show import offline, requests
from drive.show.gallery import Gallery
from drive.show.hosting import own
from drive.show.report import report

ODD = [
    HOSTILE, "</script><script>alert(1)</script>", "../../etc/passwd", "=1+1", "\u202etxt.exe",
    "\ud800 half", "a\x00b\x1b[31m", "👩\u200d🚗 é \u0301 עברית", "line\nline", "{{x}} ${1} %s",
]  # fmt: skip
MINE, YOURS = "a" * 32, "b" * 32


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(tmp_path))
    monkeypatch.delenv("WHYDRIVE_PUBLIC", raising=False)
    log.write(tmp_path / "first" / "one.jsonl", fake_episode(steps=4))
    return tmp_path


def ask(*asked, key=""):
    return json.loads(requests.noted(list(asked), key))


def rows(*where, key=""):
    return ask(*where, key=key)["notes"]["rows"]


def command(capsys, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["whydrive", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    printed = capsys.readouterr()
    return left.value.code, printed.out, printed.err


# ---------------------------------------------------------------------------------------- the file


def test_what_is_added_is_read_again_in_the_order_of_the_drive(tmp_path):
    path = tmp_path / "one.notes.jsonl"
    late = notes.add(path, NOTE, 3, 3.0, "  late ")
    early, moment = notes.add(path, UP, 1, 1.0), notes.add(path, BOOKMARK, 1, 1.5, "the gap")
    assert notes.read(path).notes == (early, moment, late) and late.text == "late"
    assert len(path.read_text().splitlines()) == 3
    notes.remove(path, moment.id)
    assert notes.read(path).notes == (early, late)
    assert len(path.read_text().splitlines()) == 4, "only added to"
    with pytest.raises(ValueError, match="not here"):
        notes.remove(path, moment.id)


def test_of_the_thumbs_on_a_decision_the_last_stands(tmp_path):
    path = tmp_path / "one.notes.jsonl"
    notes.add(path, UP, 1, 1.0)
    other, down = notes.add(path, UP, 2, 2.0), notes.add(path, DOWN, 1, 1.0)
    assert notes.read(path).notes == (down, other)
    notes.remove(path, down.id)
    assert notes.read(path).notes == (other,)


@pytest.mark.parametrize("text", ODD)
def test_any_text_is_kept_as_a_text_without_what_is_no_character(tmp_path, text):
    path = tmp_path / "one.notes.jsonl"
    note = notes.add(path, NOTE, 0, 0.0, text)
    assert notes.read(path).notes == (note,) and notes.read(path).skipped == 0
    assert not any(c in note.text for c in "\x00\x1b\u202e\ud800")
    if text.isprintable():
        assert note.text == text
    assert "👩\u200d🚗" in note.text or "👩" not in text


@pytest.mark.parametrize(
    ("kind", "step", "time", "text", "sentence"),
    [
        (NOTE, 0, 0.0, "x" * 501, "at most 500"), (BOOKMARK, 0, 0.0, "x" * 81, "at most 80"),
        (NOTE, 0, 0.0, " \n\x00", "is empty"), (BOOKMARK, 0, 0.0, "", "is empty"),
        ("removed", 0, 0.0, "", "one of"), ("x", 0, 0.0, "", "one of"), (UP, 0, 0.0, "why", "at most 0"),
        (UP, -1, 0.0, "", "by its number"), (UP, True, 0.0, "", "by its number"),
        (UP, 0, float("nan"), "", "in seconds"), (UP, 0, "1", "", "in seconds"),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused_in_one_sentence(tmp_path, kind, step, time, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        notes.add(tmp_path / "one.notes.jsonl", kind, step, time, text)
    assert not (tmp_path / "one.notes.jsonl").exists()


def test_lines_that_are_no_notes_are_left_out_and_counted(tmp_path):
    path = tmp_path / "one.notes.jsonl"
    first = notes.add(path, NOTE, 0, 0.0, "first")
    good = json.loads(path.read_text())
    bad = [
        b"", b"no json", b"[1, 2]", b"null", b"{}", b"\xff\xfe", b'{"kind": "removed"}', b'{"kind": "removed", "id": []}',
        *(json.dumps(good | change).encode() for change in (
            {"id": "y", "text": "x" * 501}, {"id": "y", "step": 1e99}, {"id": "y", "step": "0"}, {"id": ["y"]},
            {"id": "y", "kind": "eval"}, {"id": "y", "time": -1}, {"id": "y", "text": {"a": 1}}, {"id": "y" * 99},
            {"id": "y", "text": "a\x00"}, {"id": "y", "time": None},
        )),
        b"[" * 100_000,
    ]  # fmt: skip
    with open(path, "ab") as file:
        file.write(b"\n".join(bad))
    last = notes.add(path, NOTE, 1, 1.0, "last")
    read = notes.read(path)
    assert read.notes == (first, last) and read.skipped == len(bad) - 1, "an empty line is none"
    said = read.problem(path.name)
    assert said.startswith(f"{len(bad) - 1} lines of one.notes.jsonl") and "\n" not in said


def test_a_file_takes_only_so_much(tmp_path, monkeypatch):
    path = tmp_path / "one.notes.jsonl"
    monkeypatch.setattr(notes, "MOST", 3)
    for step in range(3):
        notes.add(path, UP, step, 0.0)
    with pytest.raises(ValueError, match=notes.FULL):
        notes.add(path, UP, 3, 0.0)
    path.write_bytes(b"x" * (notes.LARGEST + 5))
    assert notes.read(path) == notes.Notes((), 2)
    with pytest.raises(ValueError, match=notes.FULL):
        notes.add(path, UP, 3, 0.0)
    path.unlink()
    path.mkdir()
    assert notes.read(path).skipped == 1


def test_many_that_write_at_once_lose_no_line(tmp_path):
    path = tmp_path / "one.notes.jsonl"
    threads = [
        threading.Thread(target=notes.add, args=(path, NOTE, k, float(k), "x" * 400))
        for k in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = notes.read(path)
    assert [note.step for note in read.notes] == [*range(40)] and not read.skipped


def test_notes_are_no_logs(runs):
    before = shelf.runs(runs), (runs / "first" / "one.jsonl").read_bytes()
    ask("first", "one", "add", NOTE, 1, 1.0, "look")
    ask(shelf.SHIPPED, shelf.episodes(runs, shelf.SHIPPED)[0], "add", NOTE, 1, 1.0, "look")
    assert (shelf.runs(runs), (runs / "first" / "one.jsonl").read_bytes()) == before
    assert shelf.episodes(runs, "first") == ("one",)
    assert logs_of(runs) == (runs / "first" / "one.jsonl",)


# ------------------------------------------------------------------------------- through the page


def test_a_visitor_notes_thumbs_and_names_moments_and_takes_them_back(runs):
    told = ask("first", "one", "add", NOTE, 2, 99.0, HOSTILE)["notes"]["rows"]
    assert told == [{"id": told[0]["id"], "kind": NOTE, "step": 2, "time": 2.0, "text": HOSTILE, "mine": True}]  # fmt: skip
    assert "<" not in requests.noted(["first", "one"])
    ask("first", "one", "add", BOOKMARK, 1, 1.4, "the gap")
    ask("first", "one", "add", BOOKMARK, 1, 77.0, "no such time")
    assert [(row["time"], row["text"]) for row in rows("first", "one")] == [
        (1.4, "the gap"), (2.0, "no such time"), (2.0, HOSTILE),
    ]  # fmt: skip
    ask("first", "one", "remove", told[0]["id"])
    assert len(rows("first", "one")) == 2
    assert (runs / "first" / "one.notes.jsonl").exists()


@pytest.mark.parametrize(
    "asked",
    [
        ["first", "one", "add"], ["first", "one", "add", NOTE], ["first", "one", "add", NOTE, 4, 0.0, "x"],
        ["first", "one", "add", NOTE, "0", 0.0, "x"], ["first", "one", "add", {"a": 1}, 0, 0.0, "x"],
        ["first", "one", "remove", "no"], ["first", "one", "remove"], ["first", "one", "eval", "x"],
        ["first", "one", "file", "exe"], ["first", "one", "file"], ["..", "one"], ["first", "../one"],
        ["first", "one.notes"], [], None, ["first"], ["first", {"a": 1}], [["first"], "one"],
    ],
)  # fmt: skip
def test_what_cannot_be_noted_is_told_in_one_sentence(runs, asked):
    told = json.loads(requests.noted(asked))
    assert set(told) == {"problem"} and told["problem"].endswith(".")
    assert not list(runs.rglob("*.notes.jsonl"))


def test_what_ships_is_noted_in_a_folder_beside_the_runs(runs):
    (name, *_) = shelf.episodes(runs, shelf.SHIPPED)
    ask(shelf.SHIPPED, name, "add", UP, 0, 0.0, "")
    assert [*runs.rglob("*.notes.jsonl")] == [runs / "notes" / "shipped" / f"{name}.notes.jsonl"]
    assert [row["kind"] for row in rows(shelf.SHIPPED, name)] == [UP]


def test_on_a_public_page_a_visitor_s_notes_lie_in_its_own_folder(runs, monkeypatch):
    notes.add(runs / "first" / "one.notes.jsonl", NOTE, 0, 0.0, "from the host")
    monkeypatch.setenv("WHYDRIVE_PUBLIC", "1")
    (shared,) = rows("first", "one", key=MINE)
    assert not shared["mine"]
    assert "problem" in ask("first", "one", "remove", shared["id"], key=MINE)
    told = ask("first", "one", "add", NOTE, 1, 1.0, "mine", key=MINE)["notes"]["rows"]
    assert [(row["text"], row["mine"]) for row in told] == [("from the host", False), ("mine", True)]  # fmt: skip
    assert (runs / own(MINE) / "notes" / "first" / "one.notes.jsonl").exists()
    assert [row["text"] for row in rows("first", "one", key=YOURS)] == ["from the host"]
    assert "cookie" in ask("first", "one", "add", NOTE, 1, 1.0, "x")["problem"]
    drive = f"{own(YOURS)}/page-1"
    log.write(runs / drive / "two.jsonl", fake_episode(steps=2))
    ask(drive, "two", "add", NOTE, 0, 0.0, "yours", key=YOURS)
    assert (runs / drive / "two.notes.jsonl").exists()
    assert rows(drive, "two", key=MINE) == [], "by its link; not what its owner noted"


def test_the_search_finds_notes_and_rows_count_them(runs):
    ask("first", "one", "add", NOTE, 2, 2.0, "TOO close for me")
    gallery = Gallery()
    row = next(row for row in gallery.listed()["rows"] if row["id"] == ["first", "one"])
    assert row["notes"] == 1
    (match,) = gallery.matching("too close for me")
    assert (match["id"], match["step"]) == (["first", "one"], 2)
    ask("first", "one", "remove", rows("first", "one")[0]["id"])
    assert gallery.matching("too close for me") == []


# ------------------------------------------------------------------------------------- taken away


def test_notes_are_exported_as_json_and_as_csv_that_computes_nothing(runs):
    for step, text in enumerate(("=HYPERLINK(1)", 'a "quoted", b\nsecond line', HOSTILE)):
        ask("first", "one", "add", NOTE, step, 0.0, text)
    told = ask("first", "one", "file", "json")
    assert told["name"] == "one-notes.json"
    assert [row["text"] for row in json.loads(told["file"])][2] == HOSTILE
    told = ask("first", "one", "file", "csv")
    (first, second, third) = csv.DictReader(io.StringIO(told["file"]))
    assert first["text"] == "'=HYPERLINK(1)" and second["text"] == 'a "quoted", b\nsecond line'
    assert (third["log"], third["step"], third["time"], third["kind"]) == ("one", "2", "2.0", NOTE)


def test_the_command_prints_the_notes_of_a_log_and_of_a_folder(runs, capsys, monkeypatch):
    ask("first", "one", "add", NOTE, 1, 1.0, "look")
    path = runs / "first" / "one.jsonl"
    for run in (path, runs / "first", runs, path.with_name("one.notes.jsonl")):
        code, out, err = command(capsys, monkeypatch, "notes", run)
        (row,) = json.loads(out)
        assert (code, err) == (0, "") and (row["log"], row["text"]) == ("one", "look")
    code, out, _ = command(capsys, monkeypatch, "notes", runs, "--csv")
    assert code == 0 and out.splitlines()[0] == "log,step,time,kind,text,made"
    with open(path.with_name("one.notes.jsonl"), "a") as file:
        file.write("nonsense\n")
    code, out, err = command(capsys, monkeypatch, "notes", path)
    assert code == 0 and len(json.loads(out)) == 1 and err.startswith("1 line of one.notes.jsonl")


@pytest.mark.parametrize("wrong", ["nowhere", "first/nothing.jsonl", "text"])
def test_a_command_about_no_run_is_refused_in_one_sentence(runs, capsys, monkeypatch, wrong):
    (runs / "text").write_text("hello\n")
    code, out, err = command(capsys, monkeypatch, "notes", runs / wrong)
    assert (code, out) == (2, "") and err.startswith("whydrive: ") and len(err.splitlines()) == 1


def test_a_report_shows_notes_as_text_with_links_to_their_decisions(tmp_path, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(tmp_path))
    out, brief = tmp_path / "mine", {"duration": 3}
    evaluate("highway-fast", ["idle"], 1, workers=0, overrides=brief, out=out, physics="twin", causes="never", progress=False)  # fmt: skip
    assert 'id="notes"' not in report(out).read_text()
    (path,) = logs_of(out)
    notes.add(notes.path_beside(path), NOTE, 2, 2.0, HOSTILE)
    notes.add(notes.path_beside(path), DOWN, 1, 1.0)
    page = report(out).read_text()
    section = page.split('id="notes"')[1].split("</section>")[0]
    assert "&lt;img src=x" in section and "<img" not in section and "bad reason" in section
    assert "step=2" in section


def test_a_file_that_plays_holds_the_notes_as_data(runs, tmp_path):
    path = runs / "first" / "one.jsonl"
    notes.add(notes.path_beside(path), NOTE, 2, 2.0, HOSTILE)
    offline.write(path, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert "onerror" in page and "<img src=x" not in page
