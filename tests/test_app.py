"""The page's wiring and the shelf of logs, without a browser."""

import asyncio
import json
import os
from types import SimpleNamespace

import pytest
from fake_episode import fake_episode

import app
from drive.episodes import log, shelf
from drive.show import requests, service, session


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def one_log(runs):
    log.write(runs / "first" / "fake-rule-7.jsonl", fake_episode(steps=3))
    return runs


def always():
    return True


def told(rows):
    """All that an event of the page tells."""

    async def gathered():
        return [row async for row in rows]

    return asyncio.run(gathered())


def problem(messages):
    async def one_by_one():
        for message in messages:
            yield message

    *_, last = told(requests.shown(one_by_one(), 1))
    return json.loads(last)["problem"]


# -------------------------------------------------------------------------------------------- shelf


def test_runs_are_listed_newest_first_at_any_depth_and_verdicts_are_none(one_log):
    for run, age in (("evaluation/suite", 100), (".", 50)):
        path = one_log / run / "fake-rule-7.jsonl"
        log.write(path, fake_episode(steps=1))
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime + age))
    (one_log / "first" / "fake-rule-7.verdicts.jsonl").write_text("{}")
    (one_log / "empty").mkdir()
    assert shelf.runs(one_log) == ("evaluation/suite", ".", "first")
    assert shelf.episodes(one_log, "first") == ("fake-rule-7",)


def test_without_a_folder_there_are_no_runs(runs):
    assert shelf.runs(runs) == ()


@pytest.mark.parametrize(
    "run", ["..", "../runs/first", "/", "/etc", "first/..", "first/", "", "~", "First", "*", "\0"]
)
def test_an_id_that_is_not_listed_leads_nowhere(one_log, run):
    (one_log.parent / "secret.jsonl").write_text("{}")
    with pytest.raises(ValueError, match="no run"):
        shelf.find(one_log, run, "fake-rule-7")


@pytest.mark.parametrize("name", ["../../secret", "fake-rule-7.jsonl", "/etc/passwd", "*", ""])
def test_a_name_that_is_not_listed_leads_nowhere(one_log, name):
    with pytest.raises(ValueError, match="no episode"):
        shelf.find(one_log, "first", name)


def test_new_runs_differ():
    assert len({shelf.new_run("page") for _ in range(50)}) > 40


# ---------------------------------------------------------------------------------------- messages


def test_driving_tells_the_header_then_every_step_then_the_end_and_logs_the_same(runs):
    first, *steps, end = requests.driven("two-way", "idle", "3", always)
    run, name = first["id"]
    assert first["header"]["scenario"] == "two-way"
    assert [message["from"] for message in steps] == list(range(len(steps)))
    assert end["end"]["steps"] == len(steps) > 2
    whole = requests.opened(run, name)
    assert [message["steps"][0] for message in steps] == whole["steps"]
    assert end["end"] == whole["end"]


def test_a_page_in_german_drives_and_opens_logs_in_german(runs):
    first, step, *_ = requests.driven("two-way", "idle", "3", always, "de")
    said = "".join(phrase["text"] for phrase in step["steps"][0]["phrases"])
    assert "das tue ich immer" in said.lower() and step["steps"][0]["done"] == "weiterfahren"
    english = requests.opened(*first["id"])["steps"][0]["phrases"]
    assert "this is what I always do" in "".join(phrase["text"] for phrase in english)


def test_driving_ends_at_the_next_decision_when_it_is_no_longer_wanted(runs):
    left = [True, True, False]
    told = list(requests.driven("two-way", "idle", "0", lambda: left.pop(0)))
    assert len(told) == 1 + 2
    read = log.read(shelf.find(runs, *told[0]["id"]))
    assert read.episode.end is None and not read.torn


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (("nowhere", "rule", "0"), "nowhere"),
        (("two-way", "nobody", "0"), "no policy 'nobody'; choose from"),
        (("two-way", "policies/rule.py", "0"), "no policy"),
        (("two-way", "os:system", "0"), "no policy"),
        (("two-way", "rule", "twelve"), "whole number"),
        (("two-way", "rule", "-1"), "whole number"),
        (("two-way", "rule", "1.5"), "whole number"),
        (("two-way", "rule", "9" * 40), "whole number"),
    ],
)
def test_what_cannot_be_driven_becomes_one_sentence(runs, chosen, sentence):
    said = problem(requests.driven(*chosen, always))
    assert sentence in said and "\n" not in said and "Traceback" not in said
    assert not runs.exists(), "nothing was driven"


def test_what_cannot_be_opened_becomes_one_sentence(one_log):
    (one_log / "first" / "torn-rule-1.jsonl").write_text('{"schema": "something else"}\n')
    for link, sentence in (
        (("../..", "x"), "no run"),
        (("first", "x"), "no episode"),
        (("first", "torn-rule-1"), "not a rationale log"),
        (("first", "fake-rule-7", "soon"), "whole number"),
    ):
        said = problem(requests.opened(*link) for _ in (0,))
        assert sentence in said and "\n" not in said


def test_a_lost_message_is_asked_for_by_id_and_only_by_id(one_log):
    told = json.loads(requests.episode("first", "fake-rule-7"))
    assert len(told["steps"]) == 3
    said = json.loads(requests.episode("/etc", "passwd"))
    assert list(said) == ["problem"] and "no run" in said["problem"]


def test_a_visitors_new_wish_ends_the_former_and_no_other_visitor_s():
    visitors = session.Visitors()
    mine, yours = visitors.wish("me", 20.5), visitors.wish("you", 10.0)
    assert mine() and yours()
    again = visitors.wish("me", 30.0)
    assert again() and yours() and not mine()
    visitors.leave("you")
    assert again() and not yours()


def test_of_two_wishes_the_later_holds_though_it_was_met_first(runs):
    page = requests.Page()

    async def met():
        later = page.drive("me", "two-way", "idle", "5", 40.0)
        rows = [await anext(later)]
        earlier = [row async for row in page.drive("me", "two-way", "idle", "4", 30.0)]
        return earlier, rows + [row async for row in later]

    earlier, rows = asyncio.run(met())
    turn, header, *later_rows = map(json.loads, rows)
    assert turn == {"asked": 0, "wish": 40.0}
    assert earlier == []
    assert (
        header["wish"] == 40.0
        and any("end" in row for row in later_rows)
        and len(shelf.runs(runs)) == 1
    )


def test_an_event_that_tells_nothing_leaves_the_player_as_it_is():
    """Gradio would empty the output of an event that ends without a word."""

    async def silent(visitor):
        return
        yield

    asked = SimpleNamespace(session_hash="me")
    assert told(app.of_visitor(silent)(asked)) == [app.gr.skip()]


def test_what_one_visitor_was_met_with_the_next_gets_from_its_log(runs):
    page = requests.Page()
    query = {"scenario": "two-way", "policy": "idle"}
    met = []
    for visitor in ("first", "second"):
        rows = [json.loads(row) for row in told(page.arrive(visitor, query))]
        met.append((rows[1]["id"], sum(len(row.get("steps", ())) for row in rows)))
    assert met[0] == met[1] and len(shelf.runs(runs)) == 1


def test_a_log_is_handed_out_as_it_lies_on_disk(one_log, tmp_path):
    source = shelf.find(one_log, "first", "fake-rule-7")
    assert requests.copied("first", "fake-rule-7", tmp_path).read_bytes() == source.read_bytes()
    with pytest.raises(ValueError, match="no run"):
        requests.copied("..", "fake-rule-7", tmp_path)


def full(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("way", ["the file", "its folder"])
def test_a_file_that_cannot_be_made_gives_the_button_back_and_a_sentence(way, monkeypatch):
    if way == "its folder":
        monkeypatch.setattr(requests.tempfile, "TemporaryDirectory", full)
    press = app.making(requests.Page(), full, "bar.film")
    *_, (_, button, said) = told(press(["run", "name", True, "en"]))
    assert (button.value, button.interactive) == ("Film", True)
    assert "No space left" in json.loads(said)["problem"]


def test_a_film_s_button_says_where_one_stands(tmp_path):
    page, made = requests.Page(), []
    ticket = page.films.join()
    assert page.films.place(ticket) == 0

    def make(run, name, folder, key):
        made.append(folder)
        (folder / name).write_text("a film")
        return folder / name

    async def pressed():
        rows = app.making(page, make, "bar.film")(["run", "name", True])
        waits = [(await anext(rows))[1].value, (await anext(rows))[1].value]
        assert not made
        page.films.leave(ticket)
        return waits, [row async for row in rows]

    waits, (*_, (file, button, said)) = asyncio.run(pressed())
    assert waits == ["…", "place 1"] and button.value == "Film" and json.loads(said) == {}
    assert file.endswith("name") and not made[0].exists(), "handed out, then cleared away"


# -------------------------------------------------------------------------------------------- page


def test_the_page_offers_programs_of_others_these_functions_and_nothing_else():
    offered = app.build().get_api_info()["named_endpoints"]
    assert {name.strip("/") for name in offered} == {f.__name__ for f in service.FUNCTIONS}
    assert offered["/what_if"]["parameters"][2]["parameter_name"] == "question"


def test_the_page_offers_the_shipped_policies_and_all_scenarios():
    from drive.policy import offered
    from drive.scenarios import SCENARIOS

    lists = {
        block.label: [value for _, value in block.choices]
        for block in app.build().blocks.values()
        if hasattr(block, "choices")
    }
    assert lists["Scenario"] == list(SCENARIOS)
    assert lists["Policy"] == list(offered())
