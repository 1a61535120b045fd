"""What the documentation shows works as it is written."""

import itertools
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from notebook import NOTEBOOK, outputs, sources  # noqa: E402

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


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
    assert {"scene", "driven out", "asked again"} <= {finding.test for finding in findings}


def test_every_command_the_readme_names_exists():
    from drive.cli import app

    known = {c.name or c.callback.__name__ for c in app.registered_commands}
    named = set(re.findall(r"whydrive (\w+)", (ROOT / "README.md").read_text()))
    assert named and named <= known
