"""The rationale log: round trip, kill, foreign and damaged files, replay."""

import dataclasses
import gzip
import json
import math
import signal
import subprocess
import sys
import typing

import numpy as np
import orjson
import pytest
import zstandard

from drive import types
from drive.checking.verdicts import logs_of, path_beside
from drive.episodes import codec, log, rollout
from drive.episodes.record import record
from drive.episodes.replay import difference, replay
from drive.policy import load
from drive.scenarios import SCENARIOS
from drive.world import World


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Short logs of several roads, as `record` writes them: name -> path."""
    folder = tmp_path_factory.mktemp("logs")
    return {name: written(name, folder) for name in ("merge", "intersection", "racetrack")}


def written(scenario, folder, policy="rule", seed=3, seconds=6):
    path, *_ = record(World(scenario, {"duration": seconds}), load(policy), seed, folder)
    return path


@pytest.mark.parametrize("name", ["merge", "intersection", "racetrack"])
def test_what_is_read_is_what_was_written(name, logs, tmp_path):
    episode = log.read(logs[name]).episode
    assert len(episode.steps) >= 3 and episode.end is not None
    again = tmp_path / "again.jsonl"
    log.write(again, episode)
    assert again.read_bytes() == logs[name].read_bytes()
    assert log.read(again).episode == episode


def test_scenes_come_back_with_road_and_past():
    world, policy = World("merge", {"duration": 4}), load("rule")
    from drive.episodes.rollout import run

    episode = run(world, policy, 1)
    data = [orjson.loads(orjson.dumps(codec.plain(step))) for step in episode.steps]
    assert all("road" not in d["scene"] and "history" not in d["scene"] for d in data)


def test_the_past_is_rebuilt_from_earlier_lines(tmp_path):
    from drive.episodes.rollout import header, run

    world, policy = World("roundabout", {"duration": 5}), load("rule")
    episode = run(world, policy, 1)
    path = tmp_path / "log.jsonl"
    log.write(path, dataclasses.replace(episode, header=header(world, policy, 1)))
    read = log.read(path).episode
    assert [s.scene.history for s in read.steps] == [s.scene.history for s in episode.steps]
    assert len(read.steps[3].scene.history.cars) > 0


@pytest.mark.parametrize("name", ["merge", "intersection", "racetrack"])
def test_a_log_fits_its_published_schema(name, logs):
    jsonschema = pytest.importorskip("jsonschema")
    kinds = log.schema()
    lines = [json.loads(line) for line in logs[name].read_text().splitlines()]
    jsonschema.validate(lines[0], kinds["header"])
    for line in lines[1:]:
        jsonschema.validate(line, kinds[line["line"]])


def test_the_schema_refuses_a_line_of_another_shape(logs):
    jsonschema = pytest.importorskip("jsonschema")
    line = json.loads(logs["merge"].read_text().splitlines()[1])
    line["scene"]["ego"]["speed"] = "fast"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(line, log.schema()["step"])


@pytest.mark.parametrize("name", ["merge", "intersection", "racetrack"])
def test_a_replay_reproduces_every_scene(name, logs):
    episode = log.read(logs[name]).episode
    moments = [(m.step, m.same) for m in replay(episode)]
    assert moments == [(k, True) for k in range(len(episode.steps) + 1)]


def test_a_replay_notices_a_forged_scene_and_a_forged_action(logs):
    episode = log.read(logs["merge"]).episode

    def forged(number, **changes):
        step = dataclasses.replace(episode.steps[number], **changes)
        steps = (*episode.steps[:number], step, *episode.steps[number + 1 :])
        return dataclasses.replace(episode, steps=steps)

    scene = episode.steps[2].scene
    moved = dataclasses.replace(scene, ego=dataclasses.replace(scene.ego, x=scene.ego.x + 1e-5))
    *_, last = replay(forged(2, scene=moved))
    assert (last.step, last.same) == (2, False)
    choice = episode.steps[1].choice
    other = next(o for o in choice.options if o.action != choice.action)
    *_, last = replay(forged(1, choice=dataclasses.replace(choice, action=other.action)))
    assert not last.same and last.step > 1


def test_scenes_with_other_cars_differ_without_bound(logs):
    scene = log.read(logs["merge"]).episode.steps[0].scene
    assert difference(scene, dataclasses.replace(scene, cars=scene.cars[1:])) == math.inf


def test_a_torn_last_line_is_dropped_and_reported(logs, tmp_path):
    whole = logs["merge"].read_bytes()
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(whole[: whole.rindex(b"\n", 0, -1) - 20])
    read = log.read(cut)
    count = len(log.read(logs["merge"]).episode.steps)
    assert read.torn and len(read.episode.steps) == count - 1 and read.episode.end is None
    assert not log.is_complete(cut) and log.is_complete(logs["merge"])


LEFT_BEHIND = {
    "no newline at the end": lambda whole: whole.rstrip(b"\n"),
    "an empty line at the end": lambda whole: whole + b"\n",
    "blanks at the end": lambda whole: whole + b"  \t",
    "an empty line in the middle": lambda whole: whole.replace(b"\n", b"\n\n", 1),
    "a byte order mark": lambda whole: b"\xef\xbb\xbf" + whole,
    "carriage returns": lambda whole: whole.replace(b"\n", b"\r\n"),
    "gzip": gzip.compress,
    "Zstandard": zstandard.compress,
}


@pytest.mark.parametrize("kind", LEFT_BEHIND)
def test_what_editors_and_archives_do_to_a_log_is_read_as_whole(kind, logs, tmp_path):
    path = tmp_path / f"a.jsonl{ {'gzip': '.gz', 'Zstandard': '.zst'}.get(kind, '') }"
    path.write_bytes(LEFT_BEHIND[kind](logs["merge"].read_bytes()))
    read = log.read(path)
    assert read == log.read(logs["merge"]) and not read.torn
    assert log.is_complete(path) and log.read_header(path) == read.episode.header
    assert logs_of(tmp_path) == (path,)
    assert path_beside(path) == tmp_path / "a.verdicts.jsonl"


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_compressed_log_that_was_cut_is_refused_in_one_sentence(ending, logs, tmp_path):
    pack = gzip.compress if ending == "gz" else zstandard.compress
    path = tmp_path / f"a.jsonl.{ending}"
    path.write_bytes(pack(logs["merge"].read_bytes())[:-40])
    with pytest.raises(log.LogError, match="is damaged: it cannot be decompressed"):
        log.read(path)
    assert not log.is_complete(path)


def test_a_file_that_begins_like_an_archive_and_is_none_is_refused(tmp_path):
    for begin in (b"\x1f\x8b", b"\x28\xb5\x2f\xfd"):
        path = tmp_path / "a.jsonl"
        path.write_bytes(begin + b"hello" * 9)
        for read in (log.read, log.read_header):
            with pytest.raises(log.LogError, match="is damaged: it cannot be decompressed"):
                read(path)
        assert not log.is_complete(path)


def test_a_kill_in_the_middle_loses_at_most_the_step_being_written(tmp_path):
    command = [sys.executable, "-m", "drive.cli", "run", "racetrack", "--out", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = [process.stdout.readline() for _ in range(12)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert all(said)
    (path,) = tmp_path.glob("*.jsonl")
    read = log.read(path)
    assert len(read.episode.steps) >= 12 and read.episode.end is None
    assert all(moment.same for moment in replay(read.episode))


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def header_with(**changes):
    return lambda lines: [orjson.dumps(orjson.loads(lines[0]) | changes) + b"\n", *lines[1:]]


def step_with(change):
    def damaged(lines):
        data = orjson.loads(lines[2])
        change(data)
        return [*lines[:2], orjson.dumps(data) + b"\n", *lines[3:]]

    return damaged


DAMAGE = {
    "empty": (lambda lines: [], "is empty"),
    "only half a header": (lambda lines: [lines[0][:50]], "cut within its first line"),
    "no JSON": (lambda lines: [b"hello\n"], "no JSON"),
    "binary": (lambda lines: [b"\x80\x04\x95\n"], "no JSON"),
    "a list": (lambda lines: [b"[1, 2]\n"], "not a line of a rationale log"),
    "foreign": (header_with(schema="somebody.else"), "is not a rationale log"),
    "newer": (header_with(version="2.0"), "has version 2.0; this program reads up to 1.x"),
    "no version": (header_with(version=None), "has version None"),
    "damaged in the middle": (lambda lines: [*lines[:2], lines[2][:80] + b"\n", *lines[3:]], "line 3"),
    "a step left out": (lambda lines: lines[:2] + lines[3:], "step 2 stands where step 1 belongs"),
    "after the end": (lambda lines: [*lines, lines[1]], "follows the end"),
    "a line of neither kind": (lambda lines: [*lines[:2], b"{}\n"], "neither a step nor an end"),
    "no road": (header_with(road={"lanes": []}), "needs at least one lane"),
    "a road of words": (header_with(road="wide"), "road must be dict"),
    "a speed in words": (
        step_with(lambda d: d["scene"]["ego"].update(speed="fast")), "ego.speed must be a number"
    ),
    "a missing scene": (step_with(lambda d: d.pop("scene")), "line 3"),
    "an action nobody weighed": (
        step_with(lambda d: d["choice"]["action"].update(name="FLY")), "not among the options"
    ),
    "short tracks": (step_with(lambda d: d["tracks"].update(ego=[0, [1], [1]])), "holds no tracks"),
    "no tracks": (step_with(lambda d: d["tracks"].update(times=[])), "line"),
    "half a trajectory": (
        step_with(lambda d: d["choice"]["options"][0]["trajectory"].update(x=[1, 2])),
        "holds no trajectory",
    ),
    "a car of three numbers": (
        step_with(lambda d: d["scene"]["cars"].__setitem__(0, [1, 2, 3])), "lacks 'heading'"
    ),
    "nested without end": (lambda lines: [lines[0], b"[" * 100_000 + b"\n"], "line 2"),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_or_foreign_log_is_refused_in_one_sentence(what, logs, tmp_path):
    damage, said = DAMAGE[what]
    path = tmp_path / "damaged.jsonl"
    path.write_bytes(b"".join(damage(lines_of(logs["merge"]))))
    with pytest.raises(log.LogError, match=said) as refused:
        log.read(path)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_a_newer_minor_version_is_read_and_its_new_fields_left_out(logs, tmp_path):
    lines = header_with(version="1.7", weather="rain")(lines_of(logs["merge"]))
    path = tmp_path / "minor.jsonl"
    path.write_bytes(b"".join(lines))
    assert log.read(path).episode.steps == log.read(logs["merge"]).episode.steps


def test_an_older_log_that_holds_what_is_no_longer_logged_is_read(logs, tmp_path):
    """Barriers stood in every attribution once; neither grip nor kinds of cars stood in a scene."""
    lines = [json.loads(line) for line in logs["merge"].read_text().splitlines()]
    steps = [line for line in lines if line.get("line") == "step"]
    for step in steps:
        assert "grip" not in step["scene"] and "kind" not in step["scene"]["ego"]
        step["attribution"]["barriers"] = [[{"is": "meta", "name": "FASTER"}, "risk", [1]]]
    older = tmp_path / "older.jsonl"
    older.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert steps and log.read(older).episode == log.read(logs["merge"]).episode


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(log.LogError, match="No such file"):
        log.read(tmp_path / "none.jsonl")
    with pytest.raises(log.LogError, match="is a folder"):
        log.read(tmp_path)


@pytest.mark.parametrize("value", [np.float64(1.0), np.int64(3), math.nan, math.inf, {1, 2}, b"x"])
def test_what_is_no_plain_data_is_refused_at_the_border(value):
    with pytest.raises(codec.CodecError):
        codec.plain({"value": value})


def test_a_step_with_51_cars_takes_at_most_26_kilobytes(tmp_path):
    far_sighted = dataclasses.replace(
        SCENARIOS["dilu-5-3.0"], perception=types.Perception(range=2000.0)
    )
    path, *_ = record(World(far_sighted, {"duration": 4}), load("rule"), 3, tmp_path)
    steps = lines_of(path)[1:-1]
    assert {len(orjson.loads(line)["scene"]["cars"]) for line in steps} == {50}
    assert max(map(len, steps)) <= 26_000


def test_the_digest_leaves_timings_out_and_nothing_else(logs):
    episode = log.read(logs["merge"]).episode
    step = episode.steps[0]

    def with_first(step):
        return dataclasses.replace(episode, steps=(step, *episode.steps[1:]))

    same = with_first(dataclasses.replace(step, timing={"decide": 9.0}))
    assert log.digest(same) == log.digest(episode)
    said = dataclasses.replace(step.rationale, text=step.rationale.text + " ")
    assert log.digest(with_first(dataclasses.replace(step, rationale=said))) != log.digest(episode)


def test_file_names_are_safe_whatever_the_policy_calls_itself(logs):
    header = log.read_header(logs["merge"])
    named = dataclasses.replace(header, policy="../../etc/pass wd:x.py")
    assert "/" not in log.file_name(named) and log.file_name(named).startswith("merge-")


def test_every_type_of_the_log_can_be_built_from_its_schema_s_names():
    kinds = log.schema()
    assert set(kinds) == {"header", "step", "end"}
    assert "Scene" in kinds["step"]["$defs"] and types.Scene.__name__ in kinds["end"]["$defs"]


EVERY_EDIT = (
    types.Hide(1),
    types.Remove(2),
    types.Remove(object=1),
    types.Add(10.0, -4.0, 20.0),
    types.Add(10.0, -4.0, 20.0, heading=0.1, kind="truck", target_speed=25.0),
    types.Obstruct(10.0, -4.0),
    types.Obstruct(10.0, -4.0, heading=0.1),
    types.Move(0, 1.0, 2.0),
    types.SetSpeed(1, 3.5),
    types.Resize(1, "motorcycle"),
    types.Resize(1, length=9.5, width=2.25),
    types.Brake(1),
    types.KeepLane(1),
    types.ChangeLane(1, "left"),
    types.ChangeLane(1, ("a", "b", 1)),
    types.Send(1, (("a", "b"), ("b", "c"))),
    types.Surface(0.3),
    types.Without("speed limit"),
)


def test_the_edits_before_a_step_and_a_parent_are_read_as_they_were_written(logs, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    assert {type(edit) for edit in EVERY_EDIT} == set(typing.get_args(types.Edit))
    episode = log.read(logs["merge"]).episode
    first = types.Parent("0a", 1, "idm", "")
    parent = types.Parent("1b", 4, "dqn", "2c", first)
    edited = dataclasses.replace(
        episode,
        header=dataclasses.replace(episode.header, parent=parent, physics="twin"),
        steps=(*episode.steps[:-1], dataclasses.replace(episode.steps[-1], edits=EVERY_EDIT)),
    )
    path = tmp_path / "edited.jsonl"
    log.write(path, edited)
    back = log.read(path).episode
    assert (back.header, back.steps[-1].edits) == (edited.header, EVERY_EDIT)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    jsonschema.validate(lines[0], log.schema()["header"])
    jsonschema.validate(lines[-2], log.schema()["step"])
    assert log.digest(back) == log.digest(edited) != log.digest(episode)


def test_a_step_without_edits_is_written_as_it_was_before_there_were_any(logs):
    header, *lines = [json.loads(line) for line in logs["merge"].read_text().splitlines()]
    assert not header.keys() & {"physics", "parent"}
    assert not any("edits" in line for line in lines)


def test_an_unknown_edit_is_refused_with_its_line(logs, tmp_path):
    *lines, end = logs["merge"].read_bytes().splitlines(keepends=True)
    step = orjson.loads(lines[-1]) | {"edits": [{"is": "levitate", "car": 1}]}
    path = tmp_path / "strange.jsonl"
    path.write_bytes(b"".join([*lines[:-1], orjson.dumps(step) + b"\n", end]))
    with pytest.raises(log.LogError, match=f"line {len(lines)}: .*levitate"):
        log.read(path)


@pytest.mark.parametrize("name", ["merge", "intersection", "racetrack"])
def test_a_replay_in_the_twin_reproduces_every_scene(name, logs):
    episode = log.read(logs[name]).episode
    assert all(moment.same for moment in replay(episode, "twin"))


def test_a_header_names_the_policy_of_every_step():
    first = types.Parent("0a", 2, "idm", "a")
    header = hand_made_header(policy="rule", parent=types.Parent("1b", 4, "dqn", "b", first))
    assert [header.policy_at(k)[0] for k in range(6)] == ["idm"] * 2 + ["dqn"] * 2 + ["rule"] * 2


def hand_made_header(**changes):
    world = World("merge")
    world.reset(0)
    return dataclasses.replace(rollout.header(world, load("rule"), 0), **changes)
