"""A page that strangers visit: each sees what is shared and its own, old drives are cleared away, and nothing else is."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import pytest
from fake_episode import fake_episode

from drive.cli import main
from drive.episodes import log, shelf
from drive.show import hosting, requests, service
from drive.show.hosting import DAY, Host, Named, key_in, own, settings

MINE, YOURS = "a" * 32, "b" * 32


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(tmp_path))
    monkeypatch.setenv("WHYDRIVE_PUBLIC", "1")
    return tmp_path


def put(runs, run, age=0.0, name="one"):
    """A log that was written so many seconds ago."""
    path = runs / run / f"{name}.jsonl"
    log.write(path, fake_episode(steps=2))
    for one in (path, path.parent):
        os.utime(one, (time.time() - age,) * 2)
    return run


def told(rows):
    async def gathered():
        return [json.loads(row) async for row in rows]

    return asyncio.run(gathered())


def always():
    return True


# ------------------------------------------------------------------------------------- settings


def test_the_switch_and_the_limits_come_from_the_environment():
    assert not settings({}).public and not settings({"WHYDRIVE_PUBLIC": "0"}).public
    given = settings({"WHYDRIVE_PUBLIC": "1", "WHYDRIVE_KEEP_DAYS": "0.5", "WHYDRIVE_KEEP_MB": ""})
    assert (given.public, given.days, given.megabytes) == (True, 0.5, 500.0)


@pytest.mark.parametrize("text", ["soon", "-1", "0", "nan", "inf", "1e99"])
def test_a_limit_that_is_no_number_is_refused_in_one_sentence(text):
    with pytest.raises(ValueError, match="WHYDRIVE_KEEP_DAYS is a number above 0"):
        settings({"WHYDRIVE_KEEP_DAYS": text})


def test_the_command_switches_it_on_and_refuses_a_wrong_limit_in_one_sentence(
    runs, capsys, monkeypatch
):
    monkeypatch.setenv("WHYDRIVE_PUBLIC", "")
    monkeypatch.setenv("WHYDRIVE_KEEP_DRIVES", "many")
    monkeypatch.setattr(sys, "argv", ["whydrive", "app", "--public", "--no-open"])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr().err.splitlines()
    assert left.value.code == 2 and os.environ["WHYDRIVE_PUBLIC"] == "1"
    assert said == ["whydrive: WHYDRIVE_KEEP_DRIVES is a number above 0, not 'many'"]


def test_without_the_switch_all_is_everybody_s_and_nothing_is_cleared_away(runs, monkeypatch):
    monkeypatch.delenv("WHYDRIVE_PUBLIC")
    host, old = Host(), put(runs, f"{own(YOURS)}/page-1", age=99 * DAY)
    host.prune(now=True)
    assert host.new_run("page").startswith("page-") and "/" not in host.new_run("page", MINE)
    assert host.lists(old, MINE) and host.owns(old, MINE) and old in shelf.runs(runs)
    assert not host.owns(shelf.SHIPPED), "what ships is not written beside"


# --------------------------------------------------------------------------------- whose a run is


def test_a_visitor_s_lists_hold_what_is_shared_and_its_own(runs):
    shared, mine, yours = (
        put(runs, r) for r in ("shared", f"{own(MINE)}/page-1", f"{own(YOURS)}/page-2")
    )
    nobody = put(runs, f"{own(None)}/page-3")
    for key, expected in ((MINE, {shared, mine}), (YOURS, {shared, yours}), ("", {shared})):
        rows = json.loads(requests.browsed(["rows"], key=key))["told"]["rows"]
        assert {row["id"][0] for row in rows} == expected | {shelf.SHIPPED}
        words = json.loads(requests.browsed(["words", "the"], key=key))["told"]
        assert {match["id"][0] for match in words} <= expected | {shelf.SHIPPED}
        chosen = requests.shelves(shared, "one", key).runs
        assert set(chosen) == expected | {shelf.SHIPPED}
    assert nobody in requests.shelves(nobody, "one", MINE).runs, "what it opened is in its list"
    assert yours not in json.dumps(requests.browsed(["charts"], key=MINE))


def test_only_the_server_says_what_a_visitor_s_lists_hold(runs):
    put(runs, f"{own(YOURS)}/page-2")
    for asked in (["rows", None], ["rows", True], ["words", "the", True], ["rows", {"lists": 1}]):
        assert set(json.loads(requests.browsed(asked, key=MINE))) == {"problem"}


def test_a_list_calls_a_visitor_s_run_by_what_can_be_read(runs):
    kind, day, clock = hosting.title(Host().new_run("page", MINE)).split("-")
    assert kind == "page" and day.isdigit() and clock.isdigit()
    assert [hosting.title(run) for run in ("a/visitors/b", "shipped")] == [
        "a/visitors/b",
        "shipped",
    ]


def test_a_run_can_be_opened_by_its_link_and_its_name_cannot_be_guessed(runs):
    host = Host()
    ids = {host.new_run("page", MINE) for _ in range(20)}
    assert len(ids) == 20 and all(len(run.rpartition("-")[2]) == 32 for run in ids)
    assert not any(MINE in run for run in ids), "a link does not give the visitor's key away"
    run = put(runs, ids.pop())
    assert requests.opened(run, "one")["header"]["id"] == [run, "one"]
    with pytest.raises(ValueError, match="no run"):
        requests.opened(f"{own(MINE)}/..", "one")


@pytest.mark.parametrize("key", [MINE, ""])
def test_a_visitor_drives_into_a_folder_of_its_own(runs, key):
    page = requests.Page()
    shown = told(page.arrive("tab", {"run": shelf.SHIPPED}, key=key))
    assert shown[0]["header"]["id"][0] == shelf.SHIPPED
    *_, end = told(page.drive("tab", "two-way", "idle", "3", 5.0))
    assert end["id"][0].startswith(f"{own(key)}/page-")
    assert requests.HOST.lists(end["id"][0], MINE) is bool(key)


def test_what_one_visitor_drove_is_not_met_by_the_next_but_what_a_link_drove_is(runs):
    page, query = requests.Page(), {"scenario": "two-way", "policy": "idle", "seed": "3"}
    told(page.arrive("mine", {"run": shelf.SHIPPED}, key=MINE))
    *_, mine = told(page.drive("mine", "two-way", "idle", "3", 5.0))
    met = [told(page.arrive(tab, query, key=YOURS))[-1]["id"][0] for tab in ("yours", "again")]
    assert met[0] == met[1] != mine["id"][0] and met[0].startswith(own(None))


def test_a_program_s_drive_is_in_nobody_s_lists(runs):
    driven = json.loads(service.run("two-way", "idle", 3))
    assert driven["run"].startswith(f"{own(None)}/")
    assert json.loads(service.explain(driven["run"], driven["episode"]))["text"]
    assert driven["run"] not in json.dumps(requests.browsed(["rows"], key=MINE))


def test_a_visitor_has_one_evaluation_at_a_time_in_all_its_tabs(runs):
    page = requests.Page()
    for tab, key in (("one", MINE), ("two", MINE), ("three", YOURS)):
        requests.HOST.meet(tab, key)

    async def asked():
        first = page.evaluate("one", ["two-way", "idle", 1])
        await anext(first)
        second = [json.loads(row) async for row in page.evaluate("two", ["two-way", "idle", 1])]
        other = json.loads(await anext(page.evaluate("three", ["two-way", "idle", 1])))
        rest = [json.loads(row) async for row in first]
        again = json.loads(await anext(page.evaluate("two", ["two-way", "idle", 1])))
        return second, other, rest, again

    second, other, rest, again = asyncio.run(asked())
    assert [*second[0]] == ["problem", "over", "wish"] and "one evaluation" in second[0]["problem"]
    assert "place" in other and rest[-1]["over"] and "place" in again
    assert rest[-1]["run"].startswith(f"{own(MINE)}/evaluation-")


def test_a_visitor_that_leaves_takes_no_film(runs):
    page, made = requests.Page(), []
    ticket = page.films.join()
    assert page.films.place(ticket) == 0

    async def pressed():
        rows = page.made(lambda *_: made.append(1), "run", "name", visitor="tab")
        first = await anext(rows)
        page.leave("tab")
        page.films.leave(ticket)
        return first, [row async for row in rows]

    assert asyncio.run(pressed()) == ({"asked": 1}, []) and not made


# ------------------------------------------------------------------------- what is cleared away


def left(runs):
    return set(shelf.runs(runs))


def test_what_is_old_goes_and_what_is_shared_or_in_use_stays(runs):
    shared = put(runs, "shared", age=99 * DAY)
    deep = put(runs, "evaluation/visitors/x", age=99 * DAY)
    old, new = put(runs, f"{own(MINE)}/old", 8 * DAY), put(runs, f"{own(MINE)}/new", 6 * DAY)
    looked_at, written = put(runs, f"{own(YOURS)}/shown", 8 * DAY), put(runs, f"{own(None)}/now")
    notes = runs / own(YOURS) / hosting.NOTES / "shared" / "one.notes.jsonl"
    notes.parent.mkdir(parents=True)
    notes.write_text("{}\n")
    for path in (notes, notes.parent, notes.parent.parent):
        os.utime(path, (time.time() - 8 * DAY,) * 2)
    host = Host()
    host.show(looked_at)
    host.prune(now=True)
    assert left(runs) == {shared, deep, new, looked_at, written} and old not in left(runs)
    assert not notes.exists(), "notes go as drives do"


def test_where_too_much_is_kept_the_oldest_goes_first(runs, monkeypatch):
    ages = {put(runs, f"{own(MINE)}/{hours}"): hours for hours in (1, 2, 3)}
    for run, hours in ages.items():
        (runs / run / "one.jsonl").write_bytes(b"x" * (400 << 10))
        for path in (runs / run / "one.jsonl", runs / run):
            os.utime(path, (time.time() - 3600 * hours,) * 2)
    shared = put(runs, "shared", age=99 * DAY)
    (runs / "shared" / "large").write_bytes(b"x" * (9 << 20))
    monkeypatch.setenv("WHYDRIVE_KEEP_MB", "1")
    Host().prune(now=True)
    assert left(runs) == {shared, f"{own(MINE)}/1", f"{own(MINE)}/2"}


def test_a_visitor_s_newest_drives_are_kept_and_no_other_s_are_touched(runs, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_KEEP_DRIVES", "3")
    for age in (100, 200, 300, 400):
        put(runs, f"{own(MINE)}/{age}", age)
        put(runs, f"{own(YOURS)}/{age}", age)
    run = put(runs, Host().new_run("page", MINE))
    mine = {r for r in left(runs) if r.startswith(own(MINE))}
    assert mine == {run, f"{own(MINE)}/100", f"{own(MINE)}/200"}
    assert len([r for r in left(runs) if r.startswith(own(YOURS))]) == 4


def test_a_folder_that_leads_elsewhere_is_not_followed(runs, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    put(outside, "kept", age=99 * DAY)
    (runs / own(MINE)).mkdir(parents=True)
    (runs / own(MINE) / "away").symlink_to(outside / "kept")
    Host().prune(now=True)
    assert (outside / "kept" / "one.jsonl").exists()


# ------------------------------------------------------------------------------------ the cookie


def answered(headers=(), path="/", method="GET", scheme="http"):
    """What the page answers to a request: the cookies that it sets."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "scheme": scheme, "headers": headers}
    asyncio.run(Named(app)(scope, None, send))
    return [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]


ASKED = [(b"accept", b"text/html,*/*")]


def test_a_visitor_is_given_a_key_with_the_page_and_only_once(runs):
    (cookie,) = answered(ASKED)
    name, _, rest = cookie.partition("=")
    key = rest.split(";")[0]
    assert key_in({name: key}) == key and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert answered([*ASKED, (b"cookie", f"x=1; {name}={key}".encode())]) == []
    assert answered([(b"accept", b"application/json")]) == [] == answered(ASKED, method="POST")
    (framed,) = answered([*ASKED, (b"x-forwarded-proto", b"https")])
    assert "SameSite=None; Secure; Partitioned" in framed


@pytest.mark.parametrize("key", ["", "short", "../" * 11, "A" * 32, "é" * 32, "a" * 33])
def test_a_key_that_the_page_did_not_give_is_none(runs, key):
    assert key_in({"whydrive": key}) == ""
    assert len(answered([*ASKED, (b"cookie", f"whydrive={key}".encode("latin-1", "replace"))])) == 1


def test_no_cookie_is_set_where_the_page_is_not_public(runs, monkeypatch):
    monkeypatch.delenv("WHYDRIVE_PUBLIC")
    assert answered(ASKED) == []
