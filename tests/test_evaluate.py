"""Evaluations: figures from hand-made records, then real ones that break, stop and go on."""

import io
import json
import math
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from drive.engine import Local, Processes
from drive.episodes import log
from drive.evaluation import evaluate
from drive.evaluation import run as evaluation
from drive.evaluation.results import (
    PUBLISHED,
    Record,
    Results,
    as_csv,
    as_json,
    print_tables,
    shown,
)
from drive.measures.metrics import METRICS
from drive.types import Choice, Meta, Option

ROOT = Path(__file__).parent.parent

# ---------------------------------------------------------------------------------------- figures


def records(policy, success, speed, scenario="dilu-4-2.0", **metrics):
    return [
        Record(scenario, policy, 20000 + k, f"{k}.jsonl", "time is up" if good else "collision",
               metrics={"success": float(good), "mean speed": fast, "distance": 10 * fast, "time": 10.0}
               | metrics)
        for k, (good, fast) in enumerate(zip(success, speed, strict=True))
    ]  # fmt: skip


def results(*groups, absent=(), scenarios=("dilu-4-2.0",)):
    records = [record for group in groups for record in group]
    names = tuple(dict.fromkeys([r.policy for r in records] + [policy for _, policy in absent]))
    return Results("dilu", scenarios, names, tuple(records), frozenset(absent), Path("nowhere"))


def printed(made):
    console = Console(width=200, record=True, file=io.StringIO())
    print_tables(made, console)
    return console.export_text()


def test_rows_have_wilson_for_rates_and_bootstrap_for_means():
    made = results(records("rule", [1, 1, 0, 1], [20.0, 22.0, 24.0, 26.0]))
    rows = {row.metric: row for row in made.rows}
    assert (rows["success"].mean, rows["success"].n) == (0.75, 4)
    assert rows["success"].low == pytest.approx(0.3006, abs=1e-4)
    assert rows["mean speed"].mean == 23
    assert 20 <= rows["mean speed"].low < 23 < rows["mean speed"].high <= 26


def test_the_json_rows_have_exactly_the_promised_keys_and_null_for_missing():
    rows = json.loads(as_json(results(records("rule", [1], [20.0]))))["rows"]
    keys = {"suite", "scenario", "policy", "metric", "mean", "low", "high", "n"}
    assert all(set(row) == keys for row in rows)
    assert {row["metric"] for row in rows} == set(METRICS)
    missing = next(row for row in rows if row["metric"] == "laps")
    assert (missing["mean"], missing["low"], missing["n"]) == (None, None, 0)


def test_the_csv_has_a_line_per_row():
    made = results(records("rule", [1, 0], [20.0, 21.0]))
    lines = as_csv(made).splitlines()
    assert lines[0] == "suite,scenario,policy,metric,mean,low,high,n"
    assert len(lines) == 1 + len(METRICS)
    assert any(line.startswith("dilu,dilu-4-2.0,rule,mean speed,20.5,") for line in lines)


def test_distance_between_incidents_is_all_distance_over_all_incidents():
    made = records("rule", [1] * 4, [20.0] * 4, distance=500.0, incidents=0.0)
    spotless = results(made).estimate("dilu-4-2.0", "rule", "distance between incidents")
    assert math.isnan(spotless.mean) and math.isnan(spotless.high)  # as far as anyone saw, endless
    assert spotless.low == pytest.approx(2000 / 3.6889, rel=1e-3)
    made[3].metrics["incidents"] = 2.0
    estimate = results(made).estimate("dilu-4-2.0", "rule", "distance between incidents")
    assert (estimate.mean, estimate.n) == (1000, 4)
    assert estimate.low < 1000 < estimate.high


def test_differences_are_paired_on_the_seeds_that_both_drove():
    slow = records("idle", [0, 0, 1, 1], [10.0, 20.0, 30.0, 40.0])
    fast = records("rule", [1, 1, 1, 1], [12.0, 22.0, 32.0, 42.0])[:3]
    row = next(r for r in results(slow, fast).differences if r.metric == "mean speed")
    assert (row.policy, row.versus, row.n) == ("rule", "idle", 3)
    assert (row.mean, row.low, row.high) == (2.0, 2.0, 2.0)


def test_success_never_stands_without_speed_n_and_interval():
    text = printed(results(records("rule", [1, 1, 0, 1], [20.0, 22.0, 24.0, 26.0])))
    names = [line.split("  ")[1].strip() for line in text.splitlines() if line.startswith("  ")]
    at = names.index("success")
    assert [name for name in names[: at + 3] if name] == ["n", "success", "mean speed [m/s]"]
    assert "75 %" in text and "(30 to 95)" in text


def test_a_policy_that_does_not_apply_is_a_dash_and_no_row():
    mine = records("rule", [1], [20.0], "merge")
    made = results(mine, absent=[("merge", "slower")], scenarios=("merge",))
    lines = printed(made).splitlines()
    head = next(line for line in lines if line.split() == ["rule", "slower"])
    assert all(
        line.rstrip().endswith("–") and len(line.rstrip()) == len(head.rstrip())
        for line in lines
        if line.startswith(("  success", "  mean speed", "  n "))
    )
    assert all(row.policy == "rule" for row in made.rows)


def test_published_rows_stand_beside_ours_with_their_source():
    text = printed(results(records("rule", [1], [20.0])))
    mine = [row for row in PUBLISHED if row.scenario == "dilu-4-2.0"]
    assert [row.success for row in mine] == [0.70, 0.69]
    assert all(row.author in text for row in mine) and "2309.16292" in text
    other = printed(results(records("rule", [1], [20.0], "merge"), scenarios=("merge",)))
    assert "DiLu" not in other


def test_a_figure_of_fewer_episodes_says_so():
    made = records("rule", [1, 1, 1], [20.0, 22.0, 24.0])
    made[0].metrics["minimum TTC"] = 3.0
    assert "3.00 (n=1)" in printed(results(made))


def test_failed_episodes_are_named_with_what_went_wrong():
    failed = Record("dilu-4-2.0", "rule", 31, "x", "broken", "its process [died]", {"failed": 1.0})
    text = printed(results(records("rule", [1], [20.0]), [failed]))
    assert "failed: dilu-4-2.0 rule seed 31: its process [died]" in text


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (0.884, "success", "88 %"),
        (23.456, "mean speed", "23.5"),
        (712.4, "distance", "712"),
        (1234.5, "distance", "1230"),
        (9.999, "mean speed", "10.0"),
        (-0.001, "return", "0.00"),
        (0.0029, "minimum TTC", "0.00"),
        (0.00123, "decision latency p50", "1.23"),
        (0.0, "lane changes", "0"),
        (math.nan, "laps", "–"),
    ],
)
def test_values_are_said_with_as_many_digits_as_they_deserve(value, metric, text):
    assert shown(value, metric) == text


# ---------------------------------------------------------------------------------------- driving


class Sleeper:
    """Idles, except that it raises at the third decision of every second seed."""

    name = "sleeper"
    tie = "post hoc"

    def decide(self, scene):
        if scene.seed % 2 and scene.step == 2:
            raise RuntimeError("I fell asleep")
        return Choice(Meta("IDLE"), (Option(Meta("IDLE")),))


MINE = """
import os
from drive.types import Choice, Meta, Option

class Mine:
    name = "mine"
    tie = "post hoc"

    def decide(self, scene):
        {body}
        return Choice(Meta("IDLE"), (Option(Meta("IDLE")),))
"""


@pytest.fixture
def mine(tmp_path):
    def write(body="pass"):
        path = tmp_path / "mine.py"
        path.write_text(MINE.format(body=body))
        return str(path)

    return write


def drive(out, policy=("idle",), episodes=2, suite="merge", workers=0, **kwargs):
    return evaluate(
        suite, list(policy), episodes, workers=workers, out=out, progress=False, **kwargs
    )


def logs(out):
    return {path.name: path.stat().st_mtime_ns for path in out.glob("merge-*.jsonl")}


def test_an_evaluation_leaves_a_run_file_a_log_per_episode_and_what_came_of_each(tmp_path):
    made = drive(tmp_path, ["idle", "slower"])
    assert [(r.policy, r.seed) for r in made.records] == [
        ("idle", 20000), ("slower", 20000), ("idle", 20001), ("slower", 20001),
    ]  # fmt: skip
    assert set(logs(tmp_path)) == {record.log for record in made.records}
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["suites"]["merge"]["seeds"] == [20000, 20001]
    assert len((tmp_path / "episodes.jsonl").read_text().splitlines()) == 4
    assert not made.failures


def test_a_second_call_continues_and_never_repeats(tmp_path):
    first = drive(tmp_path)
    before = logs(tmp_path)
    again = drive(tmp_path, ["idle", "slower"], 3)
    assert {name: at for name, at in logs(tmp_path).items() if name in before} == before
    assert len(again.records) == 6
    assert again.of("merge", "idle")[:2] == first.of("merge", "idle")


def test_a_half_written_log_is_driven_anew(tmp_path):
    first = drive(tmp_path)
    path = tmp_path / first.records[0].log
    whole = path.read_bytes()
    for cut in (len(whole) // 2, 10, 0):
        path.write_bytes(whole[:cut])
        assert (
            drive(tmp_path).records[0].metrics["distance"] == first.records[0].metrics["distance"]
        )
        assert path.read_bytes().count(b"\n") == whole.count(b"\n")


def test_metrics_are_taken_from_the_logs_where_the_notes_are_lost(tmp_path):
    first = drive(tmp_path)
    before = logs(tmp_path)
    (tmp_path / "episodes.jsonl").write_text('{"torn')
    assert drive(tmp_path).records == first.records
    assert logs(tmp_path) == before


def test_a_foreign_file_in_a_logs_place_is_refused_and_kept(tmp_path):
    path = tmp_path / "merge-idle-20000.jsonl"
    path.write_text("my shopping list\nmilk\n")
    with pytest.raises(ValueError, match="where a log of this run belongs"):
        drive(tmp_path)
    assert path.read_text().startswith("my shopping")


def test_a_log_of_another_episode_in_its_place_is_refused(tmp_path):
    first = drive(tmp_path)
    one, two = (tmp_path / record.log for record in first.records)
    one.write_bytes(two.read_bytes())
    with pytest.raises(ValueError, match="log of another run"):
        drive(tmp_path)


def test_a_foreign_run_file_is_refused(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ValueError, match="not written by an evaluation"):
        drive(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_file_is_no_folder_to_evaluate_into(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("mine")
    with pytest.raises(ValueError, match="is a file; name a folder"):
        drive(path)
    assert path.read_text() == "mine"


def test_two_evaluations_do_not_write_into_one_folder(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom pathlib import Path\nfrom drive.evaluation.folder import locked\n"
    code += f"with locked(Path({str(tmp_path)!r})):\n    print('mine', flush=True)\n    sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(ValueError, match="another evaluation is writing into"):
            drive(tmp_path, episodes=1)
        assert not list(tmp_path.glob("*.json*"))
    finally:
        other.kill()
        other.communicate()
    assert drive(tmp_path, episodes=1).records, "whoever is killed lets go"


def test_other_settings_need_another_folder(tmp_path):
    drive(tmp_path, episodes=1)
    with pytest.raises(ValueError, match="begun with overrides"):
        drive(tmp_path, episodes=1, overrides={"simulation_frequency": 5})


def test_the_twin_drives_the_same_episodes(tmp_path):
    real = drive(tmp_path / "real", episodes=1)
    twin = drive(tmp_path / "twin", episodes=1, physics="twin")
    digests = {
        log.digest(log.read(made.out / record.log).episode)
        for made in (real, twin)
        for record in made.records
    }
    assert len(digests) == 1
    with pytest.raises(ValueError, match='begun with physics "twin"'):
        drive(tmp_path / "twin", episodes=1)


def test_a_changed_policy_needs_another_folder_or_its_logs_deleted(tmp_path, mine):
    out = tmp_path / "run"
    drive(out, [mine(), "idle"], 1)
    with pytest.raises(ValueError, match=r"'mine' has changed .* delete \*-mine-\*\.jsonl there"):
        drive(out, [mine("x = 1"), "idle"], 1)
    (out / "merge-mine-20000.jsonl").unlink()
    kept = logs(out)
    assert not drive(out, [mine("x = 1"), "idle"], 1).failures
    assert kept.items() <= logs(out).items() and "merge-mine-20000.jsonl" in logs(out)


def test_a_folder_that_another_version_drove_is_read_and_never_mixed(tmp_path, monkeypatch):
    first = drive(tmp_path, episodes=1)
    run, before = (tmp_path / "run.json").read_bytes(), logs(tmp_path)
    monkeypatch.setattr(evaluation.versions, "of_drive", lambda: "another")
    with pytest.raises(ValueError, match="by another version of Whydrive; go on in another folder"):
        drive(tmp_path, episodes=2)
    assert (tmp_path / "run.json").read_bytes() == run and logs(tmp_path) == before
    assert drive(tmp_path, episodes=1).records == first.records  # nothing is left to drive


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        ("types/actions.py", True),
        ("twin/worlds.py", True),
        ("language/en.py", True),
        ("reasoning/narrate.py", True),
        ("scenarios/__init__.py", True),
        ("measures/metrics.py", False),  # measured again from the logs
        ("show/viewer.py", False),
    ],
)
def test_the_version_covers_all_code_that_decides_what_stands_in_a_log(tmp_path, module, counts):
    of_drive = evaluation.versions.of_drive.__wrapped__
    copy = shutil.copytree(ROOT / "drive", tmp_path / "drive")
    before = of_drive(copy)
    assert before == of_drive(ROOT / "drive")
    with open(copy / module, "a") as file:
        file.write("# changed\n")
    assert (of_drive(copy) != before) == counts


def test_a_policy_s_version_covers_what_its_file_imports_and_its_settings(
    tmp_path, mine, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "margins_of_mine.py").write_text("LIMIT = 1\n")
    place = Path(mine())
    place.write_text("from margins_of_mine import LIMIT\n" + place.read_text())
    policy = evaluation.policies.load(str(place))
    before = evaluation.versions.of_policy(policy)
    (tmp_path / "unrelated.py").write_text("LIMIT = 2\n")
    assert evaluation.versions.of_policy(policy) == before
    policy.settings = "wide"
    assert evaluation.versions.of_policy(policy) != before
    del policy.settings
    (tmp_path / "margins_of_mine.py").write_text("LIMIT = 2\n")
    assert evaluation.versions.of_policy(policy) != before


def test_a_policy_that_was_typed_into_a_notebook_has_a_version_too():
    def version(body):
        names = {"__name__": "nowhere"}
        exec(MINE.format(body=body), names)
        return evaluation.versions.of_policy(names["Mine"]())

    bodies = ["pass", "x = 1", "x = 2", "x = [i for i in (1, 2)]", "x = [i for i in (1, 3)]"]
    versions = [version(body) for body in bodies]
    assert len(set(versions)) == len(bodies)
    assert versions == [version(body) for body in bodies]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [({"code": "another"}, "another version of Whydrive"), ({"policies": {"idle": {"code": "x"}}}, "'idle'")],
)  # fmt: skip
def test_a_worker_with_other_files_than_the_run_began_with_drives_nothing(other, sentence):
    about = evaluation.folder.about("idle", evaluation.policies.load("idle"))
    plan = evaluation.Plan(
        Path("x"), {}, "en", "highway-env", "every", evaluation.versions.of_drive(), {"idle": about}
    )
    job = evaluation.Job("merge", "idle", 1, "idle")
    assert evaluation._policy(plan, job).name == "idle"
    with pytest.raises(ValueError, match=sentence):
        evaluation._policy(replace(plan, **other), job)


class Far:
    """An engine that sees none of our files, and to which everything travels."""

    shares_disk = False

    def run(self, jobs, work):
        work = pickle.loads(pickle.dumps(work))
        for job, came in Local().run(jobs, work):
            yield job, pickle.loads(pickle.dumps(came))


def test_where_workers_share_no_disk_the_logs_travel_and_are_the_same(tmp_path):
    far = drive(tmp_path / "far", ["random"], engine=Far())
    near = drive(tmp_path / "near", ["random"])
    for one, other in zip(near.records, far.records, strict=True):
        assert digest(near.out / one.log) == digest(far.out / other.log)
    kept = logs(far.out)
    assert drive(far.out, ["random"]).records == far.records and logs(far.out) == kept


def digest(path):
    return log.digest(log.read(path).episode)


def test_a_policy_that_raises_is_a_failed_episode_and_the_others_go_on(tmp_path):
    made = drive(tmp_path, [Sleeper(), "idle"], 4)
    assert [record.seed for record in made.failures] == [20001, 20003]
    assert "I fell asleep" in made.failures[0].message
    assert made.estimate("merge", "sleeper", "failed").mean == 0.5
    assert made.estimate("merge", "sleeper", "collision").n == 2  # what failed is missing, not safe
    assert len(made.of("merge", "idle")) == 4


def test_a_simulator_that_breaks_is_a_failed_episode_and_tried_again_next_time(
    tmp_path, monkeypatch
):
    step = evaluation.World.step

    def breaks(world, action):
        if world.scene.seed == 20000 and world.scene.step == 3:
            raise ArithmeticError("the earth is flat")
        return step(world, action)

    with monkeypatch.context() as patch:
        patch.setattr(evaluation.World, "step", breaks)
        made = drive(tmp_path)
    (failure,) = made.failures
    assert (failure.seed, failure.message) == (20000, "ArithmeticError: the earth is flat")
    assert made.estimate("merge", "idle", "failed").mean == 0.5
    assert not drive(tmp_path).failures


def test_a_worker_that_dies_is_a_failed_episode_not_a_hang(tmp_path, mine):
    source = mine("os._exit(3) if scene.seed == 20001 and scene.step == 1 else None")
    made = drive(tmp_path / "run", [source], 3, workers=2)
    (failure,) = made.failures
    assert (failure.policy, failure.seed) == ("mine", 20001)
    assert failure.message == "its worker died 2 times (exit code 3)"
    assert len(made.of("merge", "mine")) == 3


def test_processes_drive_exactly_what_one_process_drives(tmp_path):
    clock = {name for name in METRICS if "latency" in name}

    def figures(made):
        return [
            {name: value for name, value in record.metrics.items() if name not in clock}
            for record in made.records
        ]

    here = drive(tmp_path / "here", ["random"])
    elsewhere = drive(tmp_path / "elsewhere", ["random"], workers=2)
    assert figures(here) == figures(elsewhere)


def is_gone(group):
    """Have all processes of a group ended, within 5 s?"""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


SCRIPT = """
import signal, sys
from drive.evaluation import evaluate
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to it
if __name__ == "__main__":
    evaluate("highway-fast", ["slower"], 30, workers=2, out=sys.argv[1], progress=False)
"""


def test_an_interrupt_stops_at_once_leaves_no_process_and_a_folder_to_go_on_with(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    out = tmp_path / "run"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.Popen(
        [sys.executable, str(script), str(out)], env=environment, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list(out.glob("highway-fast-*.jsonl"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    run.communicate(timeout=60)  # a guard against a hang, on a busy machine too
    assert run.returncode != 0
    assert is_gone(run.pid)
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.jsonl") if log.is_complete(path)}
    made = drive(out, ["slower"], 3, "highway-fast")
    assert len(made.records) == 3 and not made.failures
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())


def test_where_a_policy_has_no_action_it_is_absent(tmp_path):
    made = drive(tmp_path, ["slower"], 1, "lane-keeping")
    assert made.absent == {("lane-keeping", "slower")}
    assert made.records == ()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"suite": "moon"}, "no suite 'moon'"),
        ({"policy": ["rul"]}, "no policy 'rul'"),
        ({"policy": []}, "at least one policy"),
        ({"policy": ["idle", "idle"]}, "two policies are called 'idle'"),
        ({"episodes": 0}, "at least 1"),
        ({"episodes": -3}, "at least 1"),
        ({"workers": -1}, "0 or more"),
        ({"overrides": {"lanes": 3}}, "no setting 'lanes'"),
        ({"physics": "aristotle"}, "no physics 'aristotle'"),
        ({"policy": [Sleeper()], "engine": Processes(2)}, "name its file for another engine"),
    ],
)
def test_what_does_not_exist_is_said_in_one_sentence_before_anything_is_written(
    tmp_path, arguments, sentence
):
    with pytest.raises(ValueError, match=sentence):
        drive(tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()


def test_the_released_seeds_of_dilu_come_first():
    seeds = evaluation.named("dilu").seeds(19)
    assert (seeds[0], seeds[16], seeds[17], seeds[18]) == (5838, 31, 20000, 20001)
