"""The gallery: every log is a row, read once, whatever is wrong with it; and what is asked of it by a browser."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import threading
import time
from dataclasses import replace

import pytest
from fake_episode import crash, fake_episode, ring_road
from test_browser import HOSTILE, hostile

from drive import camera
from drive.checking.verdicts import path_beside
from drive.episodes import log, shelf
from drive.episodes.record import finished
from drive.evaluation.results import PUBLISHED, Record
from drive.show import evaluating, gallery, incidents, requests
from drive.show.gallery import Gallery, charts_of, picture_of
from drive.types import Takeover


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(tmp_path))
    return tmp_path


def rows(of: Gallery) -> dict:
    """The rows of the runs on the shelf by name; what ships is left out."""
    return {row["id"][1]: row for row in of.listed()["rows"] if row["id"][0] != shelf.SHIPPED}


def put(path, episode):
    log.write(path, finished(episode))
    return path


def test_a_row_tells_what_its_log_tells(runs):
    driven = finished(crash(fake_episode(steps=12)))
    log.write(runs / "a" / "one.jsonl", driven)
    row = rows(Gallery())["one"]
    metrics = driven.end.metrics
    assert row["id"] == ["a", "one"] and row["kind"] == "bad" and row["success"] == 0.0
    about = driven.header
    assert (row["scenario"], row["policy"], row["seed"]) == (
        about.scenario,
        about.policy,
        about.seed,
    )
    assert row["speed"] == round(metrics["mean speed"], 1)
    assert row["ttc"] == round(metrics["minimum TTC"], 1)
    assert row["headway"] == round(metrics["minimum headway"], 2)
    words = [len(step.rationale.text.split()) for step in driven.steps]
    assert row["words"] == round(sum(words) / len(words)) and row["decisions"] == 12
    assert row["outcome"].startswith("collision") and row["false"] is None


def test_verdicts_beside_a_log_are_counted_and_a_dash_stands_where_there_are_none(runs):
    path = put(runs / "a" / "one.jsonl", fake_episode(steps=3))
    of = Gallery()
    assert rows(of)["one"]["false"] is None
    lines = [{"schema": "whydrive.verdicts", "version": "1.0"}]
    lines += [
        {"step": 0, "verdict": {"result": each}} for each in ("true", "false", "untestable", "true")
    ]
    lines += [{"is": "check", "step": 0, "result": "false"}]
    path_beside(path).write_text("\n".join(map(json.dumps, lines)))
    assert (rows(of)["one"]["false"], rows(of)["one"]["claims"]) == (1, 3)
    path_beside(path).write_text("not verdicts")
    assert rows(of)["one"]["false"] is None


@pytest.mark.parametrize(
    "content", [b"", b"no log\n", b'{"schema": "other"}\n', b"\x1f\x8bbroken", b"[1, 2]\n", b'{"schema": "whydrive.rationale"}\n']
)  # fmt: skip
def test_a_broken_log_is_one_row_that_says_so_in_a_sentence(runs, content):
    put(runs / "a" / "good.jsonl", fake_episode(steps=2))
    (runs / "a" / "bad.jsonl").write_bytes(content)
    listed = rows(Gallery())
    assert listed.keys() == {"good", "bad"}
    bad = listed["bad"]
    assert bad["problem"].endswith(".") and "\n" not in bad["problem"]
    assert str(runs) not in json.dumps(listed), "a path is told to nobody"


def test_a_log_that_was_cut_short_is_a_row_without_figures(runs):
    path = put(runs / "a" / "cut.jsonl", fake_episode(steps=4))
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:3]) + whole[3][:40])
    row = rows(Gallery())["cut"]
    assert (row["outcome"], row["kind"], row["success"]) == ("cut short", "over", None)
    assert Gallery().charts()["n"] == 0 or row["plain"] is False
    assert picture_of(path).startswith("data:") or picture_of(path) == ""


def test_a_log_is_read_once_until_it_changes(runs, monkeypatch):
    path, count = put(runs / "a" / "one.jsonl", fake_episode(steps=2)), []
    plain = gallery.row_of
    monkeypatch.setattr(gallery, "row_of", lambda each: count.append(each.name) or plain(each))
    of = Gallery()
    for _ in range(3):
        rows(of)
    assert count.count("one") == 1
    put(path, fake_episode(steps=5))
    os.utime(path, ns=(1, time.time_ns() + 10**9))
    assert rows(of)["one"]["decisions"] == 5 and count.count("one") == 2
    path.unlink()
    assert "one" not in rows(of) and not any(key[1] == "one" for key in of._rows)


def test_many_logs_are_listed_a_part_at_a_time_and_no_more_than_a_limit(runs, monkeypatch):
    first = put(runs / "a" / "n0.jsonl", fake_episode(steps=2)).read_bytes()
    for number in range(1, 30):
        (runs / "a" / f"n{number}.jsonl").write_bytes(first)
    monkeypatch.setattr(gallery, "PATIENCE", 0.0)
    of = Gallery()
    told = of.listed()
    assert told["unread"] == 31 and not told["rows"], "nothing was read in no time"
    monkeypatch.setattr(gallery, "PATIENCE", 1.0)
    assert of.listed()["unread"] == 0
    monkeypatch.setattr(gallery, "MOST", 10)
    told = of.listed()
    assert len(told["rows"]) == 10 and told["older"] == 21
    begin = time.perf_counter()
    of.listed()
    assert time.perf_counter() - begin < 0.2


def test_the_notebook_of_an_evaluation_is_no_episode(runs):
    put(runs / "a" / "one.jsonl", fake_episode(steps=2))
    (runs / "a" / "episodes.jsonl").write_text('{"scenario": "x"}\n')
    assert rows(Gallery()).keys() == {"one"} and shelf.episodes(runs, "a") == ("one",)


def test_what_was_said_is_searched_and_where_it_stands_is_told(runs):
    driven = fake_episode(steps=4, text="Keep the lane behind car 7.")
    put(runs / "a" / "one.jsonl", driven)
    put(runs / "a" / "two.jsonl", fake_episode(steps=2, text="Nothing of that kind."))
    of = Gallery()
    of.listed()
    matches = [match for match in of.matching("  BEHIND   car 7") if match["id"][0] == "a"]
    assert [match["id"] for match in matches] == [["a", "one"]] and matches[0]["step"] == 0
    assert "behind car 7" in matches[0]["around"]
    assert of.matching("") == [] and of.matching("(?:.*)") == []


def test_a_picture_shows_how_an_episode_ended_in_few_bytes_light_and_dark(runs):
    put(runs / "a" / "one.jsonl", crash(fake_episode(steps=3)))
    put(runs / "a" / "ring.jsonl", fake_episode(ring_road(), steps=2, scale=0.3))
    of = Gallery()
    light = of.pictures([["a", "one"], ["a", "ring"], ["../..", "passwd"]])
    dark = of.pictures([["a", "one"]], True)
    assert light[2] == "" and light[0] != dark[0] and light[0] != light[1]
    for address in (*light[:2], *dark):
        kind, data = address.split(",")
        packed = base64.b64decode(data)
        assert kind == "data:image/webp;base64" and packed[8:12] == b"WEBP" and len(packed) < 6000
    assert len(of.pictures([["a", "one"]] * 50)) == gallery.AT_ONCE
    assert of.pictures([["a", "one"]])[0] == light[0] and len(of._pictures) == 3


def test_a_compressed_log_is_read_too(runs):
    path = put(runs / "a" / "one.jsonl", fake_episode(steps=2))
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert rows(Gallery())["one"]["decisions"] == 2


def test_hostile_words_are_data_and_in_a_drawing_they_are_escaped(runs):
    record = Record("dilu-4-2.0", HOSTILE, 1, "x.jsonl", "time is up", "", {"success": 1.0, "mean speed": 20.0, "distance": 600.0, "time": 30.0, "TTC under 2 s": 0.1})  # fmt: skip
    told = charts_of("dilu-4-2.0", [record])
    assert all("<img" not in chart and "<script" not in chart for chart in told["charts"])
    log.write(runs / "h" / "a.jsonl", hostile(fake_episode(steps=3, text=HOSTILE)))
    answer = requests.browsed(["rows"])
    assert "<" not in answer and HOSTILE in {
        row.get("policy") for row in json.loads(answer)["told"]["rows"]
    }


def record(policy, seed, success, speed=20.0):
    metrics = {"success": float(success), "mean speed": speed, "distance": 30 * speed, "time": 30.0}
    return Record(
        "dilu-4-2.0", policy, seed, "x.jsonl", "time is up", "", metrics | {"TTC under 2 s": 0.1}
    )


def test_charts_count_a_seed_once_with_intervals_and_the_published_figures():
    records = [record("rule", seed, seed % 2) for seed in range(8)] + [record("idle", 3, 0, 25.0)]
    told = charts_of("dilu-4-2.0", [record("rule", 0, 1), *records])
    assert told["n"] == 9 and [each["name"] for each in told["policies"]] == ["idle", "rule"]
    assert [each["n"] for each in told["policies"]] == [1, 8]
    assert "success 62 %" in told["charts"][0], "the newest of two counts: five of eight"
    assert len(told["charts"]) == 2 and all('class="whisker' in chart for chart in told["charts"])
    theirs = [one.author for one in PUBLISHED if one.scenario == "dilu-4-2.0"]
    assert theirs and all(author in chart for author in theirs for chart in told["charts"])
    assert all('data-name="rule"' in chart for chart in told["charts"])


def test_branches_and_changed_settings_are_in_no_chart(runs):
    driven = finished(fake_episode(steps=3))
    log.write(runs / "a" / "as-it-is.jsonl", driven)
    other = replace(driven, header=replace(driven.header, overrides={"duration": 3}))
    log.write(runs / "a" / "other.jsonl", other)
    of = Gallery()
    of.listed()
    assert of.charts(driven.header.scenario)["n"] == 1


@pytest.mark.parametrize(
    "asked",
    [None, [], ["nothing"], "rows", [["rows"]], ["pictures", 3], ["pictures", [["a"]]], ["words"], ["charts", {}, 1], ["policies", []]],
)  # fmt: skip
def test_whatever_is_asked_is_answered_in_one_sentence(runs, asked):
    told = json.loads(requests.browsed(asked))
    assert set(told) == {"problem"} and told["problem"].endswith(".")


def test_a_scenario_that_does_not_ship_has_no_policies(runs):
    assert json.loads(requests.browsed(["policies", "../x"]))["told"] == []
    assert "planner" in json.loads(requests.browsed(["policies", "highway-fast"]))["told"]


# ---------------------------------------------------------------------------------- evaluations


@pytest.mark.parametrize(
    ("scenario", "policy", "count", "why"),
    [
        ("nowhere", "rule", 3, "no scenario"), ("highway-fast", "mine.py", 3, "no policy"),
        ("racetrack", "slower", 3, "no policy"), ("highway-fast", "rule", 0, "1 to 20"),
        ("highway-fast", "rule", 21, "1 to 20"), ("highway-fast", "rule", "many", "whole number"),
        ("highway-fast", None, 3, "no policy"), (None, "rule", 3, "no scenario"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_refused_in_a_sentence(runs, scenario, policy, count, why):
    with pytest.raises(ValueError, match=why):
        next(evaluating.messages(scenario, policy, count, lambda: True))
    assert not list(runs.iterdir())


def test_an_evaluation_tells_how_far_it_is_and_its_episodes_are_rows(runs):
    told = list(evaluating.messages("merge", "slower", "2", lambda: True))
    assert [(each["done"], each["of"]) for each in told] == [(0, 2), (1, 2), (2, 2)]
    assert told[-1]["over"] and not told[1].get("over")
    listed = rows(Gallery())
    assert {tuple(row["id"])[0] for row in listed.values()} == {told[0]["run"]}
    assert sum(row["kind"] == "bad" for row in listed.values()) == told[-1]["failed"]
    assert {row["seed"] for row in listed.values()} == {20000, 20001}


def test_an_evaluation_that_is_no_longer_wanted_ends_after_its_episode(runs):
    wanted = iter((True, True, False))
    told = list(evaluating.messages("merge", "slower", 5, lambda: next(wanted)))
    assert [each["done"] for each in told] == [0, 1]


def test_a_picture_without_numbers_leaves_the_cars_plain():
    moment = camera.moment_of(fake_episode(steps=1).steps[0].scene)
    road = fake_episode(steps=1).header.road
    first, other = (
        camera.bird_eye(road, moment, marks=camera.Marks(numbered=n)) for n in (True, False)
    )
    assert (first != other).any()


def told_to(page, visitor, asked):
    """What an evaluation tells a visitor, as it comes."""

    async def every():
        return [json.loads(message) async for message in page.evaluate(visitor, asked)]

    return every()


def test_evaluations_run_one_at_a_time_and_the_next_is_told_its_place(runs, monkeypatch):
    begun, gate = threading.Event(), threading.Event()

    def slowly(scenario, policy, episodes, wanted, language, into):
        yield {"done": 0, "of": 2}
        begun.set()
        gate.wait(20)
        yield {"done": 2, "of": 2, "over": True}

    monkeypatch.setattr(evaluating, "messages", slowly)
    page = requests.Page()

    async def both():
        first = asyncio.create_task(told_to(page, "a", ["merge", "rule", 2]))
        await asyncio.to_thread(begun.wait, 20)
        second = asyncio.create_task(told_to(page, "b", ["merge", "rule", 2]))
        await asyncio.sleep(0.5)
        gate.set()
        return await first, await second

    first, second = asyncio.run(both())
    assert first[0]["place"] == 0 and first[-1]["over"] and "stopped" not in first[-1]
    assert second[0]["place"] == 1 and second[-1]["done"] == 2
    assert len({each["wish"] for each in first}) == 1


@pytest.mark.parametrize("end", ["stop", "leave"])
def test_an_evaluation_ends_with_a_word_where_it_is_stopped_and_with_the_visitor_s_tab(
    runs, monkeypatch, end
):
    def endless(scenario, policy, episodes, wanted, language, into):
        for done in range(10_000):
            yield {"done": done, "of": 10_000}

    monkeypatch.setattr(evaluating, "messages", endless)
    page = requests.Page()

    async def stopped():
        told = asyncio.create_task(told_to(page, "a", ["merge", "rule", 2]))
        await asyncio.sleep(0.3)
        getattr(page, end)("a")
        return await asyncio.wait_for(told, 10)

    told = asyncio.run(stopped())
    assert told[-1]["over"] and told[-1]["stopped"] and told[-1]["done"] < 9_999


def test_what_cannot_be_evaluated_is_told_at_once(runs):
    told = asyncio.run(told_to(requests.Page(), "a", ["merge", "../mine.py", 2]))
    assert len(told) == 1 and "no policy" in told[0]["problem"] and told[0]["over"]
    told = asyncio.run(told_to(requests.Page(), "a", None))
    assert "no scenario" in told[0]["problem"]


def opened(page, picked):
    async def every():
        return [json.loads(message) async for message in page.open_row("a", picked)]

    return asyncio.run(every())


def test_a_row_is_opened_by_its_id_at_the_step_that_was_searched_for(runs):
    put(runs / "a" / "one.jsonl", fake_episode(steps=4))
    page = requests.Page()
    assert opened(page, ["a", "one", "2", 1.0])[0]["at"] == 2
    assert "at" not in opened(page, ["a", "one", "", 2.0])[0]
    for run, name, step in (
        ("../..", "passwd", ""),
        ("a", "../one", ""),
        ("a", "one", "<b>"),
        (None, None, None),
    ):
        told = opened(page, [run, name, step, 3.0])
        assert len(told) == 1 and told[0]["problem"].endswith(".")


# ---------------------------------------------------------------------------------- looking back


def test_a_report_is_made_once_and_a_crowd_is_told_to_come_back(runs, monkeypatch):
    path, count = put(runs / "a" / "one.jsonl", crash(fake_episode(steps=3))), []
    plain = incidents.report_data
    monkeypatch.setattr(incidents, "report_data", lambda *what: count.append(what) or plain(*what))
    made = incidents.Incidents()
    first = json.loads(requests.incident(made, "a", "one"))
    assert first["sentences"] and first == json.loads(requests.incident(made, "a", "one"))
    assert len(count) == 1
    path_beside(path).write_text('{"schema": "whydrive.verdicts", "version": "1.0"}\n')
    requests.incident(made, "a", "one")
    assert len(count) == 2, "its verdicts are others now"
    made._asking = incidents.WAITING + 1
    assert "viele Besucher" in json.loads(requests.incident(made, "a", "one", "de"))["problem"]


@pytest.mark.parametrize(
    ("run", "name"), [("../..", "passwd"), ("a", "none"), (None, None), ("dropped", "x")]
)
def test_a_report_of_what_is_not_on_the_shelf_is_one_sentence(runs, run, name):
    told = json.loads(requests.incident(incidents.Incidents(), run, name))
    assert set(told) == {"problem"} and told["problem"].endswith(".")


def test_a_drive_that_went_well_has_no_report(runs):
    put(runs / "a" / "calm.jsonl", fake_episode(steps=2))
    told = json.loads(requests.incident(incidents.Incidents(), "a", "calm"))
    assert told["branch"] is None and "no incident" in told["sentences"][0]


def test_what_a_person_drove_is_neither_the_policy_s_row_nor_in_its_charts(runs):
    driven = finished(fake_episode(steps=3))
    taken = [replace(s, takeover=Takeover("person", s.choice.action)) for s in driven.steps]
    by_hand = replace(driven, steps=tuple(taken), header=replace(driven.header, takeovers="person"))
    log.write(runs / "a" / "mine.jsonl", by_hand)
    of = Gallery()
    row = rows(of)["mine"]
    assert row["policy"] == f"by hand, beside {driven.header.policy}" and not row["plain"]
    assert of.charts(driven.header.scenario)["scenario"] != driven.header.scenario  # of others
