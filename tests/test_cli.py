"""The commands, as a user types them: what they say, and one sentence for what is wrong."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from commands import in_a_process, whydrive

from drive.cli import overrides


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of six decisions: (folder, log, what was printed)."""
    out = tmp_path_factory.mktemp("runs")
    done = in_a_process(
        "run", "merge", "--policy", "rule", "--seed", 3, "--set", "duration=6", "--out", out, "--each"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out, out / "merge-rule-3.jsonl", done.stdout


def test_run_prints_each_decision_with_its_sentence_and_where_the_log_lies(made):
    _, log, printed = made
    lines = printed.strip().splitlines()
    texts = [json.loads(line)["rationale"]["text"] for line in log.read_text().splitlines()[1:-1]]
    assert len(texts) == 6
    assert all(any(text in line for line in lines) for text in texts)
    assert lines[-1] == f"log: {log}"


def test_replay_reproduces_the_run(made):
    done = in_a_process("replay", made[1])
    assert done.returncode == 0 and "7 scenes, all reproduced within 1e-6" in done.stdout


def test_replay_of_a_forged_log_exits_with_1_and_says_where(made, tmp_path):
    lines = made[1].read_text().splitlines()
    step = json.loads(lines[3])
    step["scene"]["ego"]["x"] += 1
    forged = tmp_path / "forged.jsonl"
    forged.write_text("\n".join([*lines[:3], json.dumps(step), *lines[4:]]) + "\n")
    done = whydrive("replay", forged)
    assert done.returncode == 1 and "diverged at step 2" in done.stdout


def test_explain_tells_options_and_terms_of_one_decision(made):
    done = whydrive("explain", made[1], "--step", 2)
    step = json.loads(made[1].read_text().splitlines()[3])
    assert done.returncode == 0 and step["rationale"]["text"] in done.stdout
    assert len(done.stdout.splitlines()) > len(step["choice"]["options"])


def test_explain_says_the_same_in_another_language(made):
    from drive.language import read

    step = json.loads(made[1].read_text().splitlines()[3])
    text = step["rationale"]["text"]
    for language in ("de", "zh"):
        said = whydrive("explain", made[1], "--step", 2, "--language", language).stdout
        other = re.split(r"  +", said.splitlines()[0])[-1]
        assert other != text and read(other, language) == read(text)
    done = whydrive("explain", made[1], "--language", "fr")
    assert done.returncode == 2 and "no language 'fr'" in done.stderr


def test_a_run_in_german_logs_german_words_with_the_same_claims(made, tmp_path):
    done = whydrive(
        "run", "merge", "--policy", "rule", "--seed", 3, "--set", "duration=6", "--out", tmp_path,
        "--language", "de",
    )  # fmt: skip
    assert done.returncode == 0 and "Spur 2 halten" in done.stdout, done.stdout + done.stderr
    english, german = (
        [json.loads(line)["rationale"] for line in path.read_text().splitlines()[1:-1]]
        for path in (made[1], tmp_path / made[1].name)
    )
    assert [r["claims"] for r in german] == [r["claims"] for r in english]
    assert {r["language"] for r in german} == {"de"}


def test_causes_are_asked_at_every_decision_at_changes_or_never(made, tmp_path):
    def asked(path):
        steps = [json.loads(line) for line in path.read_text().splitlines()[1:-1]]
        return [step.get("attribution") is not None for step in steps]

    assert all(asked(made[1]))
    brief = ("run", "merge", "--policy", "rule", "--seed", 3, "--set", "duration=6")
    for how in ("change", "never"):
        done = whydrive(*brief, "--causes", how, "--out", tmp_path / how)
        assert done.returncode == 0, done.stderr
    assert not any(asked(tmp_path / "never" / made[1].name))
    assert asked(tmp_path / "change" / made[1].name)[0]


def test_a_film_of_a_log_is_made_and_where_it_lies_is_said(made, tmp_path):
    path = tmp_path / "film.webm"
    done = whydrive("film", made[1], "--out", path, "--language", "de")
    assert done.returncode == 0 and f"film: {path}" in done.stdout, done.stderr
    assert path.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"
    words = path.with_suffix(".vtt")
    assert f"subtitles: {words}" in done.stdout and words.read_text().startswith("WEBVTT\n")
    wrong = whydrive("film", made[1], "--out", tmp_path / "film.mp4")
    assert wrong.returncode == 2 and "a film is a .webm file" in wrong.stderr
    assert len(wrong.stderr.strip().splitlines()) == 1


def test_a_page_in_a_file_is_made_of_a_log_and_says_that_no_verdicts_lie_beside_it(made, tmp_path):
    shutil.copy(made[1], tmp_path / "a.jsonl")
    done = whydrive("html", tmp_path / "a.jsonl")
    assert done.returncode == 0 and f"page: {tmp_path / 'a.html'}" in done.stdout, done.stderr
    assert "whydrive verify" in done.stderr
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")


def test_a_torn_log_is_explained_with_a_remark(made, tmp_path):
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(made[1].read_bytes()[:-30])
    done = whydrive("explain", torn, "--step", 0)
    assert done.returncode == 0 and "the last line was cut off" in done.stderr


def test_the_lists_name_every_scenario_and_policy():
    from drive.policy import names
    from drive.scenarios import SCENARIOS, SUITES

    listed = whydrive("scenarios").stdout
    assert all(re.search(rf"^{re.escape(name)} ", listed, re.M) for name in [*SCENARIOS, *SUITES])
    listed = whydrive("policies").stdout
    assert all(re.search(rf"^{name} +\S", listed, re.M) for name in names())


def test_the_schema_is_printed_as_json():
    assert set(json.loads(whydrive("schema").stdout)) == {"header", "step", "end"}


WRONG = {
    "unknown scenario": (("run", "highwy"), "did you mean 'highway'"),
    "unknown policy": (("run", "merge", "--policy", "rul"), "did you mean 'rule'"),
    "missing policy file": (("run", "merge", "--policy", "nowhere.py"), "no policy file"),
    "unknown module": (("run", "merge", "--policy", "no.such:Thing"), "cannot be imported"),
    "unknown suite": (("evaluate", "dilo", "--policy", "rule"), "no suite 'dilo'"),
    "no policy to evaluate": (("evaluate", "smoke"), "policy"),
    "unknown override": (("run", "merge", "--set", "lanes=3"), "has no setting 'lanes'"),
    "override without value": (("run", "merge", "--set", "lanes"), "KEY=VALUE"),
    "override of another kind": (
        ("run", "highway", "--set", "lanes_count=many"),
        "cannot be 'many'",
    ),
    "negative seed": (("run", "merge", "--seed", "-1"), "a seed is a whole number"),
    "seed in words": (("run", "merge", "--seed", "one"), "--seed"),
    "negative episodes": (
        ("evaluate", "smoke", "--policy", "rule", "--episodes", "-3"),
        "at least 1",
    ),
    "unknown engine": (
        ("evaluate", "smoke", "--policy", "rule", "--engine", "spark"),
        "no engine 'spark'; choose from local, processes, ray",
    ),
    "an address without a cluster": (
        ("evaluate", "smoke", "--policy", "rule", "--address", "10.0.0.1:6379"),
        "an address is of a Ray cluster",
    ),
    "no workers": (("evaluate", "smoke", "--policy", "rule", "--workers", "0"), "workers"),
    "missing log": (("replay", "none.jsonl"), "No such file"),
    "foreign log": (("replay", __file__), "no JSON"),
    "unknown command": (("drive",), "drive"),
    "unknown language": (("run", "merge", "--language", "fr"), "no language 'fr'; choose from"),
    "unknown causes": (("run", "merge", "--causes", "always"), "'always' is not one of"),
    "film of no log": (("film", "none.jsonl"), "No such file"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_gets_one_sentence_and_exit_code_2(what, tmp_path):
    arguments, said = WRONG[what]
    done = whydrive(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    told = done.stderr.splitlines()
    assert len(told) == 1 and said in told[0]


@pytest.mark.parametrize("what", ["unknown scenario", "override of another kind", "foreign log"])
def test_a_process_of_its_own_says_no_more_than_that_sentence(what, tmp_path):
    """Of the parser, of a road that is built, and of a file: the same words, and nothing of what is imported for it."""
    arguments, said = WRONG[what]
    here, done = whydrive(*arguments, cwd=tmp_path), in_a_process(*arguments, cwd=tmp_path)
    told = [line for line in done.stderr.splitlines() if "XDG_RUNTIME_DIR" not in line]
    assert (done.returncode, told) == (2, here.stderr.splitlines()) and said in told[0]


def test_a_step_that_does_not_exist_is_refused_with_those_that_do(made):
    done = whydrive("explain", made[1], "--step", 99)
    assert done.returncode == 2 and "this episode has steps 0 to 5" in done.stderr


BROKEN = {
    "illegal": ("Choice(Meta('FLY'), (Option(Meta('FLY')),))", "not legal"),
    "raises": ("1 / 0", "ZeroDivisionError"),
    "nan": ("Choice(Meta('IDLE'), (Option(Meta('IDLE'), score=float('nan')),))", "nan"),
    "nothing": ("None", "not a Choice"),
    "unlisted": ("Choice(Meta('IDLE'), ())", "without listing it"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_policy_that_breaks_its_contract_is_named_in_one_sentence(kind, tmp_path):
    body, said = BROKEN[kind]
    path = tmp_path / "broken.py"
    path.write_text(
        "from drive.types import Choice, Meta, Option\n\n"
        "class Broken:\n    name, tie = 'broken', 'post hoc'\n\n"
        f"    def decide(self, scene):\n        return {body}\n"
    )
    done = whydrive("run", "merge", "--policy", path, "--out", tmp_path)
    assert done.returncode == 2 and said in done.stderr
    end = json.loads((tmp_path / "merge-broken-0.jsonl").read_text().splitlines()[-1])
    assert end["reason"] == "policy failed" and said in end["message"]


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "runs").write_text("a file, not a folder")
    done = whydrive("run", "merge", "--out", tmp_path / "runs")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1


def test_hostile_text_in_a_log_reaches_the_terminal_without_control_characters(made, tmp_path):
    lines = made[1].read_text().splitlines()
    step = json.loads(lines[1])
    step["rationale"]["text"] = "\x1b[2Jgone\x07"
    path = tmp_path / "hostile.jsonl"
    path.write_text("\n".join([lines[0], json.dumps(step)]) + "\n")
    done = whydrive("explain", path, "--step", 0)
    assert done.returncode == 0 and "gone" in done.stdout and "\x1b" not in done.stdout


def test_help_answers_at_once_because_nothing_heavy_is_imported():
    script = (
        "import sys, drive.cli; "
        "heavy = {'torch', 'gradio', 'highway_env', 'gymnasium', 'numpy', 'cv2', 'numba'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
    assert in_a_process("--help").returncode == 0


def test_values_of_overrides_are_json_or_else_words():
    settings = ["a=3", "b=true", "c=[1, 2]", "d=word", "e=x=y"]
    assert overrides(settings) == {"a": 3, "b": True, "c": [1, 2], "d": "word", "e": "x=y"}


def test_branch_drives_on_and_prints_only_what_is_new(made):
    folder, log, printed = made
    asked = ("branch", log, "--step", 3, "--edit", "surface 0.5", "--policy", "idm")
    done = whydrive(*asked, "--decisions", 2, "--out", folder / "branches")
    assert done.returncode == 0, done.stderr
    *decisions, place = done.stdout.strip().splitlines()
    (path,) = (folder / "branches").glob("merge-idm-3-at3-*.jsonl")
    assert place == f"log: {path}" and [line.split()[0] for line in decisions] == ["3.0", "4.0"]
    again = whydrive("replay", path, "--physics", "twin")
    assert again.returncode == 0 and "5 scenes, all reproduced" in again.stdout


def test_branch_without_an_edit_says_what_the_episode_said(made):
    _, log, printed = made
    done = whydrive("branch", log, "--step", 4, "--out", log.parent / "again")
    assert done.stdout.splitlines()[:-1] == printed.strip().splitlines()[4:-1]


@pytest.mark.parametrize(
    "asked, said",
    [
        (("--step", 9), "no step 9; this episode has steps 0 to 5"),
        (
            ("--step", 2, "--edit", "levitate 4"),
            "no edit 'levitate 4'; it begins with hide, remove",
        ),
        (("--step", 2, "--edit", "brake four"), "write brake CAR[ DECELERATION]"),
        (("--step", 2, "--edit", "remove 99"), "there is no car 99 here"),
        (("--step", 2, "--edit", "surface 0"), "grip is"),
        (("--step", 2, "--edit", "speed 1 -5"), "speed is"),
        (("--step", 2, "--edit", "speed 1 nan"), "'speed 1 nan' is no edit"),
        (("--step", 2, "--edit", "move 1 1e9 0"), "there is no road at x"),
        (("--step", 2, "--edit", "lane 1 zz>y:1"), "lane"),
        (("--step", 2, "--edit", "remove ego"), "the ego cannot be removed"),
        (("--step", 2, "--policy", "nobody"), "no policy 'nobody'"),
        (("--step", 2, "--physics", "aristotle"), "no physics 'aristotle'"),
        (("--step", 2, "--decisions", 0), "a branch takes 1 decision or more, not 0"),
    ],
)
def test_a_branch_that_cannot_be_gets_one_sentence_and_exit_code_2(asked, said, made, tmp_path):
    done = whydrive("branch", made[1], *asked, "--out", tmp_path)
    told = done.stderr.strip().splitlines()
    assert done.returncode == 2 and len(told) == 1 and said in told[0]
    assert not list(tmp_path.iterdir())
