"""An evaluation told: the short table, what failed, charts whose labels keep clear, and one HTML file."""

import datetime
import json
import re
import shutil
import sys
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import pytest

from drive.checking.verdicts import verify_log
from drive.cli import main
from drive.episodes import shelf
from drive.evaluation import evaluate, results_of, told
from drive.evaluation.results import Record, Results
from drive.evaluation.summary import IN_ALL, LISTED, failures, summary
from drive.show import charts
from drive.show.report import report
from drive.types import Choice, Meta, Option

HOSTILE = "<img src=x onerror=alert(1)>&\"'"
DAY = datetime.date(2026, 11, 30)


class Hostile:
    """Fails with markup in its name and in its words."""

    name, tie = HOSTILE, "post hoc"

    def decide(self, scene):
        if scene.step == 2:
            raise RuntimeError(f"</td><script>alert(2)</script>{HOSTILE}")
        return Choice(Meta("IDLE"), (Option(Meta("IDLE")),))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run in which `idle` collides, `slower` mostly does not, and a hostile policy fails: its folder."""
    out = tmp_path_factory.mktemp("runs") / "mine"
    brief = {"duration": 12}
    settings = {"out": out, "physics": "twin", "causes": "never", "progress": False}
    evaluate(
        "highway-fast", ["idle", "slower", Hostile()], 4, workers=0, overrides=brief, **settings
    )
    return out


def command(capsys, monkeypatch, *words):
    """(exit code, what was printed, what was complained of) of a command."""
    monkeypatch.setattr(sys, "argv", ["whydrive", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    printed = capsys.readouterr()
    return left.value.code, printed.out, printed.err


# --------------------------------------------------------------------------------- the short table


def test_each_policy_has_one_line_with_what_matters_most(made):
    lines = list(told(results_of(made)))
    rows = [line for line in lines if re.search(r"\d+ %.*\(\d+ to \d+\)", line)]
    assert len(rows) == 3 and re.match(r"highway-fast +idle +4 ", rows[0]) and "slower" in rows[1]
    heads = " ".join(lines[:2])
    for word in ("success", "collision", "speed", "headway", "TTC", "n"):
        assert word in heads
    assert HOSTILE in rows[2], "no name is cut"


def test_no_name_is_cut_however_long():
    name = "sb3:" + "a_very_long_name_" * 8
    record = Record("merge", name, 1, "x.jsonl", "arrived", "", {"success": 1.0})
    results = Results("merge", ("merge",), (name,), (record,), frozenset(), Path("nowhere"))
    assert any(name in line for line in told(results))


def test_failed_seeds_are_named_with_why_and_how_to_look_at_them(made):
    lines = list(told(results_of(made)))
    at = next(k for k, line in enumerate(lines) if line.startswith("highway-fast, idle:"))
    collided = [one for one in failures(results_of(made)) if one.record.policy == "idle"]
    seed, why = re.match(
        rf"highway-fast, idle: {len(collided)} of 4 failed: seed (\d+) (.*?)(?:, seed|, and|$)",
        lines[at],
    ).groups()
    assert re.fullmatch(r"collision with car \d+ at \d+\.\d s", why)
    one = next(one for one in collided if one.record.seed == int(seed))
    log = made / f"highway-fast-idle-{seed}.jsonl"
    look, query = lines[at + 1].split("    ")
    assert look == f"  whydrive explain {log} --step {one.step}"
    assert query == f"?run=.&episode=highway-fast-idle-{seed}&step={one.step}"
    steps = [line for line in log.read_text().splitlines() if '"line":"step"' in line]
    assert one.step == len(steps) - 1
    assert one.said[-1][1] == json.loads(steps[-1])["rationale"]["text"]


def test_only_a_few_failures_are_named_and_the_others_counted(made):
    record = failures(results_of(made))[0].record
    several = tuple(
        Record("merge", "idle", k, record.log, "collision", "", {"success": 0.0}) for k in range(7)
    )
    lines = list(told(Results("merge", ("merge",), ("idle",), several, frozenset(), made)))
    (line,) = [line for line in lines if line.startswith("merge, idle: 7 of 7 failed: seed 0 ")]
    assert line.count("seed ") == LISTED and line.endswith(f", and {7 - LISTED} more")
    assert sum(line.startswith("  whydrive explain ") for line in lines) == LISTED


def test_of_very_many_failures_only_some_say_how_to_look_at_them(made):
    record, scenarios = failures(results_of(made))[0].record, tuple(f"road {k}" for k in range(30))
    several = tuple(
        Record(one, "idle", 1, record.log, "collision", "", {"success": 0.0}) for one in scenarios
    )
    lines = list(told(Results("all", scenarios, ("idle",), several, frozenset(), made)))
    assert sum(" of 1 failed: seed 1 collision" in line for line in lines) == 30
    assert sum(line.startswith("  whydrive explain ") for line in lines) == IN_ALL


def test_a_failure_whose_log_is_gone_is_still_named():
    gone = Record("merge", "idle", 1, "gone.jsonl", "collision", "", {"success": 0.0})
    results = Results("merge", ("merge",), ("idle",), (gone,), frozenset(), Path("nowhere"))
    line = "merge, idle: 1 of 1 failed: seed 1 collision; its log cannot be read"
    assert line in list(told(results))


def test_what_broke_is_told_in_one_line_without_a_decision_to_look_at():
    broken = Record(
        "merge", "idle", 1, "gone.jsonl", "broken", "its process\n  [died]", {"failed": 1.0}
    )
    results = Results("merge", ("merge",), ("idle",), (broken,), frozenset(), Path("nowhere"))
    lines = list(told(results))
    assert "merge, idle: 1 of 1 failed: seed 1 broken: its process [died]" in lines
    assert not any("whydrive explain" in line for line in lines)


def test_a_link_finds_the_run_on_the_page(made, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(made.parent))
    assert shelf.place(made) == (None, "mine")
    assert shelf.place(made)[1] in shelf.runs(made.parent)
    monkeypatch.setenv("WHYDRIVE_RUNS", str(made.parent / "elsewhere"))
    root, run = shelf.place(made)
    assert run in shelf.runs(root)
    assert shelf.link("a b", "x&y", 3) == "?run=a%20b&episode=x%26y&step=3"


def test_claims_that_were_verified_are_counted_with_the_words_of_a_rationale(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "copy")
    assert all(line.said is None for line in summary(results_of(copy)))
    findings = verify_log(copy / "highway-fast-slower-20000.jsonl", claims_only=True).findings
    said = next(line for line in summary(results_of(copy)) if line.policy == "slower").said
    tested = [f for f in findings if f.verdict.result != "untestable"]
    assert (said.claims, said.false) == (len(tested), 0) and said.words / said.decisions > 3
    assert f"0 of {len(tested)}" in "\n".join(told(results_of(copy)))


# ------------------------------------------------------------------------------ a folder read again


def test_a_folder_gives_what_the_evaluation_gave(made):
    results = results_of(made)
    assert (results.suite, results.policies) == ("highway-fast", ("idle", "slower", HOSTILE))
    assert len(results.records) == 12 and len(results.failures) == 4


def test_what_was_measured_by_other_formulas_is_measured_again(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "copy")
    (copy / "episodes.jsonl").unlink()
    assert results_of(copy).rows == results_of(made).rows


# --------------------------------------------------------------------------------------- the charts


def dots(places, label="policy {}"):
    return [
        charts.Dot(
            label.format(k), k, charts.Value(x, x - 2, x + 2), charts.Value(y, y - 9, 100), ""
        )
        for k, (x, y) in enumerate(places)
    ]


CROWDS = {
    "one place": [(20, 100)] * 8,
    "the corner": [(0, 100), (0, 99), (1, 100), (1, 98), (0.5, 97)],
    "a line": [(3 * k, 100) for k in range(9)],
    "a cloud": [(k * 7 % 30, 40 + k * 11 % 60) for k in range(10)],
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_labels_cover_no_label_and_no_dot_and_stay_inside(crowd):
    marks = dots(CROWDS[crowd])
    x = charts.spanned("speed", "m/s", [dot.x for dot in marks])
    places = [charts._place(dot, x, charts.Axis("success", "%", 0, 100)) for dot in marks]
    boxes = charts.labelled([dot.label for dot in marks], places)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    bodies = [charts.Box(x - 5, y - 5, x + 5, y + 5) for x, y in places]
    assert not any(box.overlaps(body) for box in boxes for body in bodies)
    assert all(box.within(charts.ROOM) for box in boxes)


@pytest.mark.parametrize("values", [(0.0,), (0.3, 0.7), (17.3, 29.8), (99.0,), (-4.0, 3.0)])
def test_an_axis_holds_all_values_between_round_numbers(values):
    axis = charts.spanned("x", "m/s", [charts.Value(v, v, v) for v in values])
    assert axis.low <= min(*values, 0) and max(*values, 0) <= axis.high and axis.high > axis.low
    assert axis.ticks[0] == pytest.approx(axis.low) and axis.ticks[-1] == pytest.approx(axis.high)
    assert 2 <= len(axis.ticks) <= 8


def test_a_value_stands_where_its_axis_says_and_a_missing_one_nowhere():
    axis, nan = charts.Axis("x", "%", 0, 100), float("nan")
    here = charts.Dot("here", 0, charts.Value(50, nan, nan), charts.Value(100, nan, nan), "in full")
    gone = charts.Dot("gone", 1, charts.Value(nan, nan, nan), charts.Value(1, 1, 1), "")
    drawn = charts.scatter([here, gone], axis, axis, "t")
    middle = (charts.PLOT.left + charts.PLOT.right) / 2
    assert f'cx="{middle:.1f}" cy="{charts.PLOT.top:.1f}"' in drawn and "in full" in drawn
    assert "gone" not in drawn and "whisker" not in drawn
    assert "nothing was measured" in charts.scatter([gone], axis, axis, "t")


def test_twelve_policies_look_different():
    looks = {(k % charts.COLOURS, re.sub(r"[\d.,-]+", "", charts.mark(k, 9, 9)), charts.mark(k, 9, 9))
             for k in range(12)}  # fmt: skip
    assert len(looks) == 12


# ----------------------------------------------------------------------------------------- the file


class Parts(HTMLParser):
    """What a page is made of: tags in order, addresses, text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.addresses, self.words = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        named = dict(attributes)
        assert not [name for name in named if name.startswith("on")]
        self.addresses += [named[name] for name in ("href", "src") if name in named]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def page(made, tmp_path_factory):
    copy = shutil.copytree(made, tmp_path_factory.mktemp("report") / "mine")
    return report(copy, today=DAY).read_text()


def test_the_report_asks_nothing_of_a_network_and_holds_no_script(page):
    parts = Parts(page)
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(parts.tags)
    outside = [address for address in parts.addresses if not address.startswith("#")]
    assert outside and all(a.startswith("http://127.0.0.1:7860/?run=") for a in outside)
    assert "default-src 'none'" in page and "url(" not in page and "@import" not in page


def test_markup_in_a_policy_s_name_or_message_shows_as_text(page):
    parts = Parts(page)
    text = "".join(parts.words)
    assert HOSTILE in text and "</td><script>alert(2)</script>" in text
    assert "<script" not in page and "<img" not in page


def test_the_report_tells_table_failures_charts_differences_and_how_it_was_made(page):
    heads = re.findall(r'<section id="(\w+)">', page)
    assert heads == ["table", "failures", "charts", "differences", "made"]
    text = "".join(Parts(page).words)
    assert "4 of 4 failed" in text and "whydrive explain" in text
    assert page.count('role="img"') == 3 and "mean speed [m/s]" in text
    assert "12 episodes, 4 seeds: 20000 to 20003" in text and "2026-11-30" in text
    assert "highway-env" in text and "twin" in text
    assert "prefers-color-scheme: dark" in page and "max-width: 640px" in page


def test_the_last_sentences_stand_before_a_failure(made, page):
    one = failures(results_of(made))[0]
    text = "".join(Parts(page).words)
    assert all(sentence in text for _, sentence in one.said) and one.why in text


def test_the_same_folder_and_day_make_the_same_report(made, tmp_path):
    copy = shutil.copytree(made, tmp_path / "mine")
    first = report(copy, today=DAY).read_bytes()
    assert report(copy, today=DAY).read_bytes() == first


# -------------------------------------------------------------------------------------- the commands


def test_evaluate_prints_the_short_table_and_writes_the_report(tmp_path, capsys, monkeypatch):
    out = tmp_path / "run"
    code, printed, _ = command(
        capsys, monkeypatch, "evaluate", "highway-fast", "-p", "idle", "--episodes", 1, "--engine", "local",
        "--physics", "twin", "--no-causes", "--set", "duration=4", "--out", out,
    )  # fmt: skip
    lines = printed.splitlines()
    assert code == 0 and len(lines) <= 12 and lines[-1] == f"report: {out / 'report.html'}"
    assert (out / "report.html").read_text().startswith("<!doctype html>")
    code, printed, _ = command(capsys, monkeypatch, "report", out, "--full")
    assert code == 0 and "comfort: all six" in printed and "report:" in printed


def test_report_makes_the_file_again_with_links_to_another_page(
    made, tmp_path, capsys, monkeypatch
):
    copy = shutil.copytree(made, tmp_path / "mine")
    code, printed, _ = command(capsys, monkeypatch, "report", copy, "--page", "https://there.org/")
    assert code == 0 and printed.splitlines()[-1] == f"report: {copy / 'report.html'}"
    assert 'href="https://there.org/?run=' in (copy / "report.html").read_text()


WRONG = {
    "no folder": (("report", "nowhere"), "nowhere holds no evaluation"),
    "another address": (("report", "nowhere", "--page", "javascript:x"), "begins with http://"),
    "a file": (("report", __file__), "holds no evaluation"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_reported_is_one_sentence(what, capsys, monkeypatch):
    words, said = WRONG[what]
    code, printed, complained = command(capsys, monkeypatch, *words)
    assert code == 2 and not printed
    assert said in complained and len(complained.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "broken",
    [
        "{}",
        "[",
        '{"schema": "whydrive.run", "version": "1.1"}',
        '{"schema": "whydrive.run", "version": "1.1", "suites": {}, "policies": ["idle"]}',
    ],
)
def test_a_run_file_that_says_nothing_is_one_sentence(broken, tmp_path, capsys, monkeypatch):
    (tmp_path / "run.json").write_text(broken)
    code, _, complained = command(capsys, monkeypatch, "report", tmp_path)
    assert code == 2 and len(complained.strip().splitlines()) == 1, complained
