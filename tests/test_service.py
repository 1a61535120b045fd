"""What programs of others ask of a page, through gradio's own client."""

import json
import os
import re
from pathlib import Path

import pytest

import app
from drive.checking.verdicts import path_beside
from drive.episodes import log, shelf
from drive.episodes.asking import Asker
from drive.language import parse_question
from drive.show import service

PAGE = Path(__file__).parents[1] / "docs" / "programs.md"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    from gradio_client import Client

    before = os.environ.get("WHYDRIVE_RUNS")
    os.environ["WHYDRIVE_RUNS"] = str(tmp_path_factory.mktemp("runs"))
    demo = app.build()
    _, url, _ = demo.queue().launch(**app.LAUNCH, prevent_thread_lock=True, quiet=True)
    yield Client(url, verbose=False)
    demo.close()
    os.environ.pop("WHYDRIVE_RUNS") if before is None else os.environ.update(WHYDRIVE_RUNS=before)


def ask(client, name, *arguments, **named):
    return json.loads(client.predict(*arguments, api_name=f"/{name}", **named))


def test_a_program_drives_explains_asks_and_verifies(client):
    roads = {row["name"] for row in ask(client, "scenarios")}
    assert {"merge", "highway-fast"} <= roads
    assert "rule" in {row["name"] for row in ask(client, "policies", "merge")}
    driven = ask(client, "run", "merge", "rule", 3)
    where = {"run": driven["run"], "episode": driven["episode"]}
    path = shelf.find(shelf.root(), driven["run"], driven["episode"])
    episode = log.read(path).episode
    assert [d["text"] for d in driven["decisions"]] == [s.rationale.text for s in episode.steps]
    assert driven["metrics"] == dict(episode.end.metrics)
    told = ask(client, "explain", **where, step=2)
    assert driven["decisions"][2]["text"] in told["text"]
    car = episode.steps[2].scene.cars[0].id
    question = f"what if car {car} braked"
    answer = ask(client, "what_if", **where, question=question, step=2)
    same = Asker(episode).ask(2, parse_question(question), "en")
    assert (answer["text"], answer["changed"]) == (same.text, same.changed)
    counts = ask(client, "verify", **where)
    assert counts["true"] > 20 and counts["false"] == 0 and counts["false_claims"] == []
    assert not path_beside(path).exists(), "nothing is written"
    lines = path.read_text().splitlines()
    step = json.loads(lines[4])
    text = step["rationale"]["text"]
    step["rationale"]["text"] = re.sub(r"\d+(?= m/s)", lambda n: str(int(n[0]) + 7), text, count=1)
    assert step["rationale"]["text"] != text
    forged = path.with_name("forged.jsonl")
    forged.write_text("\n".join([*lines[:4], json.dumps(step), *lines[5:]]) + "\n")
    counts = ask(client, "verify", run=driven["run"], episode="forged")
    assert counts["false"] > 0 and counts["false_claims"][0]["step"] == 3


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("run", ("nowhere", "rule", 1)), ("run", ("merge", "../mine.py", 1)), ("run", ("merge", "rule", -5)),
        ("run", ("merge", "rule", 1, "xx")), ("explain", ("../..", "etc", 0)), ("explain", ("shipped", "nothing", 0)),
        ("what_if", ("shipped", HOSTILE, "why", 0)), ("verify", ("..", "..")), ("policies", (HOSTILE,)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_one_sentence(client, name, arguments):
    told = ask(client, name, *arguments)
    assert set(told) == {"problem"} and told["problem"].endswith(".")
    assert "<" not in client.predict(*arguments, api_name=f"/{name}")


def test_the_page_s_example_works_to_the_letter(client):
    (code,) = re.findall(r"```python\n(# client\.py\n.*?)```", PAGE.read_text(), re.S)
    printed = []
    exec(code.replace("http://127.0.0.1:7860/", client.src), {"print": printed.append})
    assert "peed" in printed[0] and printed[0].endswith(".")


def test_the_docs_name_every_function_and_what_it_takes():
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*?)\|", PAGE.read_text(), re.M))
    takes = {f.__name__: ", ".join(list(f.__annotations__)[:-1]) for f in service.FUNCTIONS}
    assert {name: told.strip(" |") for name, told in rows.items()} == takes
