"""The instructor's sheet: continued, paired, and without words; the reference is highway-env's own driver."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import instructor_sheet as sheet
import native_idm
import pages
import table

from drive.engine import Local
from drive.evaluation.results import Record, Results

JOB = sheet.Job("merge", "idle", 18000, "twin", "now")


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(sheet, "Processes", lambda workers: Local())


def test_a_sheet_that_was_interrupted_goes_on_and_what_was_changed_since_is_driven_anew(
    tmp_path, in_this_process, monkeypatch
):
    asked = []
    monkeypatch.setattr(sheet, "one", lambda job: asked.append(job) or record(job, 1.0))
    out = tmp_path / "deeper" / "sheet.jsonl"
    jobs = [replace(JOB, seed=seed) for seed in (18000, 18001)]
    sheet.driven(jobs[:1], out, 1)
    with out.open("a") as file:
        file.write('{"scenario": "merge", "pol')  # torn when it was stopped
    records, failures = sheet.driven(jobs, out, 1)
    assert asked == jobs and list(records) == jobs and not failures
    sheet.driven([replace(jobs[0], code="later")], out, 1)
    assert len(asked) == 3


def record(job, success):
    return Record(job.scenario, job.policy, job.seed, "", "arrived", "", {"success": success})


def test_an_episode_that_fails_is_told_in_a_sentence_and_not_kept(
    tmp_path, in_this_process, monkeypatch
):
    def one(job):
        raise ValueError("no way out")

    monkeypatch.setattr(sheet, "one", one)
    out = tmp_path / "sheet.jsonl"
    records, failures = sheet.driven([JOB], out, 1)
    assert records == {} and "merge idle seed 18000" in failures[0] and "no way out" in failures[0]
    assert out.read_text() == ""


def test_a_kept_line_is_plain_and_reads_back_as_the_record(tmp_path, in_this_process):
    out = tmp_path / "sheet.jsonl"
    records, _ = sheet.driven([JOB], out, 1)
    line = json.loads(out.read_text())
    assert line | asdict(JOB) == line and line["reason"] == records[JOB].reason
    assert sheet.read(out) == records
    assert records[JOB].metrics["decision latency p50"] >= 0


@pytest.mark.parametrize("physics", ["twin", "highway-env"])
def test_the_reference_drives_by_itself_and_has_no_time_to_decide(physics):
    told = sheet.one(sheet.Job("highway-fast", sheet.REFERENCE, 18000, physics, "now")).metrics
    idle = sheet.one(sheet.Job("highway-fast", "idle", 18000, physics, "now")).metrics
    assert "decision latency p50" not in told and "decision latency p50" in idle
    assert told["mean speed"] != idle["mean speed"]


def test_the_reference_drives_the_same_in_both_physics():
    one, other = (
        sheet.one(sheet.Job("exit", sheet.REFERENCE, 18001, physics, "now")).metrics
        for physics in ("twin", "highway-env")
    )
    assert one == pytest.approx(other, abs=1e-4)


def test_where_the_road_is_only_steered_the_reference_has_no_episode():
    jobs = [*sheet.todo(["racetrack", "merge"], [sheet.REFERENCE, "idle"], [1], "twin")]
    assert {(job.scenario, job.policy) for job in jobs} >= {("merge", sheet.REFERENCE)}
    assert not native_idm.has_one("racetrack")
    assert all(job.policy != sheet.REFERENCE for job in jobs if job.scenario == "racetrack")


def test_the_sheet_has_its_place_on_the_page_of_results_before_the_suites():
    page = table.with_instructor(
        "# Results\n\n## Success, and how fast\n\ntable\n\n## dilu: it\n\n## roads: all\n"
    )
    titles = [line for line in page.splitlines() if line.startswith("## ")]
    assert titles == [
        "## Success, and how fast",
        "## An instructor's sheet",
        "## dilu: it",
        "## roads: all",
    ]
    assert [place[2] for place in pages.PLACE.finditer(page)] == [sheet.FIGURES]


def test_the_last_column_is_paired_on_seeds_and_an_empty_row_does_not_stand():
    made = [
        Record("merge", name, seed, "", "arrived", "", {"success": 1.0, "oncoming lane": 0.0, "RSS violation": share})
        for name, shares in (("rule", (0.3, 0.6)), ("idm", (0.1, 0.4)))
        for seed, share in enumerate(shares)
    ]  # fmt: skip
    results = Results("sheet", ("merge",), ("rule", "idm"), tuple(made), frozenset(), Path())
    lines = [*sheet.report(results, ("rule", "idm"))]
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("|")}
    assert rows["RSS violation"].split("|")[-2].strip() == "+20 % (+20 to +20)"
    assert "oncoming lane [s]" not in rows and "goal missed" not in rows
    assert "n = 2" in lines[0]
    backwards = [*sheet.report(results, ("idm", "rule"))]
    assert any("-20 % (-20 to -20)" in line for line in backwards)
