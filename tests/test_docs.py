"""What the documentation shows works as it is written."""

import itertools
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import pages  # noqa: E402
import table  # noqa: E402
from notebook import NOTEBOOK, outputs, sources  # noqa: E402

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LONGEST = {
    "README.md": 500,
    "results.md": 700,
    "faithfulness.md": 1250,
}  # words, tables not counted
MOST_FILES = 5  # that someone new has to open to change one thing
CHANGES = (
    "a scripted event", "friction", "a claim", "what-if question", "a camera", "a metric", "a policy that speaks",
    "an engine", "an export", "a language", "a verdict on the page", "a comparison of two runs",
)  # fmt: skip


def test_the_notebook_s_outputs_are_what_its_cells_give():
    notebook = json.loads(NOTEBOOK.read_text())
    shown = [
        "".join(part for out in cell["outputs"] for part in out["text"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    assert any(shown)
    assert outputs(sources(notebook)) == shown


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_policy_in_ten_lines_drives(page, tmp_path):
    blocks = re.findall(r"```python\n# mine\.py\n(.*?)```", (ROOT / page).read_text(), re.S)
    assert blocks, f"{page} shows how to add a policy"
    from drive import run

    for block in blocks:
        path = tmp_path / "mine.py"
        path.write_text(block)
        episode = run("highway-fast", policy=str(path), seed=0, overrides={"duration": 3})
        assert episode.end.reason != "policy failed", episode.end.message


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([\w./-]+\.\w+)(?:#[\w-]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_sentences_that_the_readme_shows_are_said_and_are_true():
    from drive import run
    from drive.checking.verdicts import Verifier
    from drive.policy import load

    page = (ROOT / "README.md").read_text()
    shown = " ".join(re.findall(r"^> (.*)$", page, re.M))
    step, scenario, seed = re.search(
        r"at step (\d+) of `whydrive run ([\w-]+) --seed (\d+)`", page
    ).groups()
    episode = run(scenario, seed=int(seed))
    assert episode.steps[int(step)].rationale.text == shown
    findings = next(
        itertools.islice(Verifier(episode, load("planner")).findings(), int(step), None)
    )
    assert {finding.verdict.result for finding in findings} == {"true"}
    assert {"scene", "summed", "trajectory"} <= {finding.test for finding in findings}


def test_every_command_the_readme_names_exists():
    from drive.cli import app

    commands = {c.name or c.callback.__name__ for c in app.registered_commands}
    named = set(re.findall(r"whydrive (\w+)", (ROOT / "README.md").read_text()))
    assert named and named <= commands


def prose(page):
    """A page without code, tables and generated figures."""
    text = re.sub(r"```.*?```", "", pages.PLACE.sub("", page.read_text()), flags=re.S)
    return re.sub(r"^\|.*$", "", text, flags=re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_figures_on_a_page_are_those_of_the_stored_data(page):
    for place in pages.PLACE.finditer(page.read_text()):
        assert place[3] == pages.rendered(pages.read(place[2])), place[2]


def test_every_stored_figure_is_shown_on_a_page_and_says_how_it_was_measured():
    shown = {place[2] for page in PAGES for place in pages.PLACE.finditer(page.read_text())}
    stored = {path.stem for path in pages.FIGURES.glob("*.json")}
    assert stored - shown == {"results"} and shown <= stored
    for name in stored:
        assert all(pages.read(name)[key] for key in ("command", "date", "machine")), name


def test_figures_stored_are_those_of_the_results_page():
    page = (ROOT / "docs" / "results.md").read_text()
    rows = pages.read("results")["rows"]
    assert len(rows) > 100
    for row in rows:
        done = table.shown(row["figures"]["success"][0], "success")
        assert re.search(
            rf"^\| `{re.escape(row['policy'])}` \| {row['n']} \| {done} ", page, re.M
        ), row


def test_a_table_that_is_stored_reads_back_as_it_was():
    lines = ["n = 5.", "", "| a | b, c |", "|---|--:|", "| `x \\| y` | 1.0 (0.9 to 1.1) |"]
    text = pages.rendered(
        {"blocks": list(pages.blocks(lines)), "command": "c", "date": "d", "machine": "m"}
    )
    assert text.splitlines()[:5] == [*lines[:3], "|---|---|", lines[4]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_how_it_works_and_its_limits(page):
    words = len(prose(page).split())
    assert words <= LONGEST.get(page.name, 1050), f"{page.name} has {words} words"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_sentence_names_a_commit_or_a_place_on_a_machine(page):
    text = page.read_text()
    commits = [
        w
        for w in re.findall(r"\b[0-9a-f]{7}\b", text)
        if re.search("[a-f]", w) and re.search(r"\d", w)
    ]
    assert not commits and not re.search(r"(?<![\w.])/(work|tmp|root|home)/", text), commits


def test_only_the_readme_s_results_make_a_table_there():
    text = (ROOT / "README.md").read_text()
    assert len(re.findall(r"^\|---", text, re.M)) == 1


def test_where_each_thing_is_changed_is_said_in_at_most_five_files_that_exist():
    page = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| (`.*) \|$", page.split("## Where things are")[1], re.M)
    for change, files in rows:
        named = re.findall(r"`([^`]+)`", files)
        assert 1 <= len(named) <= MOST_FILES, change
        assert all((ROOT / name).is_file() for name in named), (change, named)
    for wanted in CHANGES:
        assert any(wanted in change for change, _ in rows), wanted


def test_the_twin_s_example_runs_as_it_is_written():
    import numpy as np

    from drive.world import World

    block = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "twin.md").read_text(), re.S)[1]
    given = {"np": np, "rng": np.random.default_rng(0), "scene": World("dilu-4-2.0").reset(0)}
    exec(compile(block, "docs/twin.md", "exec"), given)
    assert given["drive"].ego.shape == (100, 40, 5) and given["legal"].shape == (100, 5)
