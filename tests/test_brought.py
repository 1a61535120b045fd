"""Logs that visitors bring to the page: read as data, shown as text, to this visitor only, and cleared away."""

# ruff: noqa: F811  # fixtures

import gzip
import json
from dataclasses import replace

import pytest
from fake_episode import fake_episode
from test_browser import (  # noqa: F401  # fixtures
    HOSTILE,
    address,
    chromium,
    hostile,
    runs,
    tabs,
    visit,
)

from drive.episodes import log, shelf
from drive.roads import Arc
from drive.show import brought, requests

DROP = """([name, content]) => {
  const carrier = new DataTransfer();
  if (typeof content === 'number') content = new Uint8Array(content);
  carrier.items.add(new File([content], name));
  for (const kind of ['dragenter', 'dragover', 'drop'])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: carrier, bubbles: true, cancelable: true }));
}"""


def content_of(episode, folder):
    log.write(folder / "x.jsonl", episode)
    return (folder / "x.jsonl").read_bytes()


def file_of(content, folder):
    (folder / "upload").write_bytes(content)
    return folder / "upload"


# ------------------------------------------------------------------------------------ in a browser


def test_a_log_that_is_dropped_is_shown_as_text_to_its_visitor_alone(visit, tmp_path):
    name = "<img src=x onerror=window.hacked=1>.jsonl"
    content = content_of(hostile(fake_episode(steps=3, text=HOSTILE)), tmp_path).decode()
    tab, other = visit().link(), visit().link()
    tab.page.evaluate(DROP, [name, content])
    tab.until("() => document.querySelector('.wd')?.dataset.run === 'dropped'")
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    assert tab.text("wd-text") == HOSTILE and HOSTILE in tab.text("wd-name")
    assert tab.page.evaluate("() => window.hacked") is None
    assert tab.page.locator(".wd img, .wd script").count() == 0
    tab.until(
        "() => document.querySelector('.wd-proved').textContent.startsWith('the claims were')"
    )
    tab.holds("Run on disk", "dropped")
    key = tab.page.locator(".wd").get_attribute("data-episode")
    assert "dropped" not in tab.page.url and key not in tab.page.url, "no link leads to it"
    assert other.page.locator(".wd").get_attribute("data-run") == "first"
    other.open(f"?run=dropped&episode={key}")
    other.page.wait_for_selector(".wd-notice:not([hidden])")
    assert "no run 'dropped'" in other.text("wd-notice")
    with tab.page.expect_download() as download:
        tab.page.locator("#wd-page").click()
    assert download.value.suggested_filename == "dropped.html"
    folder = requests.DESK.find(key).parent
    assert folder.is_dir()
    tab.open()
    tab.until("() => document.querySelector('.wd')?.dataset.run === 'shipped'")
    for _ in range(100):
        if not folder.exists():
            break
        tab.page.wait_for_timeout(100)
    assert not folder.exists(), "cleared away when its visitor leaves"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<b>hello</b>", "the file is not a rationale log."),
        ('{"schema": "<b>"}', "the file is not a rationale log: its first line names no"),
        (brought.LARGEST + 1, "the file is larger than 16 MB"),
    ],
)
def test_a_file_that_is_no_log_gets_one_sentence(visit, content, said):
    tab = visit().link(step=5)
    tab.page.evaluate(DROP, ["notes.txt", content])
    tab.page.wait_for_selector(".wd-notice:not([hidden])")
    assert said in tab.text("wd-notice") and tab.text("wd-notice").count(". ") == 0
    assert tab.index == 5 and "wd-dropping" not in tab.page.locator(".wd").get_attribute("class")
    assert tab.page.locator(".wd-asked").is_hidden()


def test_a_log_is_opened_with_the_button_and_its_claims_are_tested(visit):
    (source,) = shelf.SHIPPED_IN.glob("*.jsonl.gz")
    tab = visit().link()
    with tab.page.expect_file_chooser() as chooser:
        tab.page.locator("#wd-open").click()
    chooser.value.set_files(source)
    tab.until("() => document.querySelectorAll('.wd-tick').length === 30")
    tab.until("() => document.querySelectorAll('.wd-text .wd-mark').length > 0")
    assert tab.page.locator(".wd").get_attribute("data-run") == "dropped"
    tab.page.locator("#wd-drive").focus()
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Tab")
    tab.page.wait_for_timeout(300)
    assert tab.page.locator(".wd-asked").is_hidden(), "a list that is left asks for nothing"


# --------------------------------------------------------------------------------------- as data


def test_a_log_is_kept_until_its_visitor_leaves(tmp_path):
    desk, episode = brought.Desk(), fake_episode(steps=2)
    file = file_of(gzip.compress(content_of(episode, tmp_path)), tmp_path)
    (message,) = desk.messages(file, "anna")
    run, name = message["id"]
    assert run == brought.RUN and len(message["steps"]) == 2 and not file.exists()
    path = desk.find(name)
    assert log.read(path).episode.header.seed == episode.header.seed
    desk.leave("ben")
    assert path.exists()
    desk.leave("anna")
    assert not path.parent.exists()
    with pytest.raises(ValueError, match="drop it again"):
        desk.find(name)


def test_a_new_log_takes_the_place_of_its_visitor_s_former_and_of_the_oldest(monkeypatch):
    desk = brought.Desk()
    monkeypatch.setattr(brought, "MOST", 2)
    former, anna = desk._keep(b"", "anna", "a"), desk._keep(b"", "anna", "b")
    ben, carl = (desk._keep(b"", visitor, "c") for visitor in ("ben", "carl"))
    for name, here in ((former, False), (anna, False), (ben, True), (carl, True)):
        assert (name in desk._logs) == here


def test_a_log_that_is_old_is_cleared_away_when_another_comes(tmp_path, monkeypatch):
    desk = brought.Desk()
    first = desk._keep(b"", "anna", "a")
    monkeypatch.setattr(brought, "KEPT", -1.0)
    desk._keep(b"", "ben", "b")
    with pytest.raises(ValueError, match="cleared away"):
        desk.find(first)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\x00\xff\x01", "the file is not a rationale log"),
        (b'{"schema": ', "the file was cut within its first line"),
        (b'{"schema": "else"}\n', "the file is not a rationale log"),
        (b'{"schema": "whydrive.rationale", "version": "9.0"}\n', "the file has version 9.0"),
        (b'{"a":' * 100000 + b"\n", "the file, line 1: not a line of a rationale log"),
        (b"\x1f\x8b" + b"nonsense", "the file is damaged"),
        (gzip.compress(b"0" * (brought.LARGEST + 1)), "the file is larger than 16 MB"),
        (b"\x28\xb5\x2f\xfd", "packed with Zstandard"),
    ],
)
def test_what_is_no_log_is_told_in_one_sentence_that_names_no_path(content, said, tmp_path):
    with pytest.raises(ValueError, match=said.replace("(", r"\(")) as raised:
        inside = tmp_path / brought.NAME
        inside.write_bytes(brought.unpacked(file_of(content, tmp_path)))
        brought.message_of(inside, "key")
    assert str(tmp_path) not in str(raised.value) and "\n" not in str(raised.value)


def test_a_log_that_asks_for_more_than_a_page_can_show_is_refused_and_the_page_lives(tmp_path):
    episode = fake_episode(steps=1)
    lanes = episode.header.road.lanes
    wide = replace(lanes[0], curve=Arc((0.0, 0.0), 1e12, 0.0, 3.0, 1))
    road = replace(episode.header.road, lanes=(wide, *lanes[1:]))
    episode = replace(episode, header=replace(episode.header, road=road))
    (tmp_path / brought.NAME).write_bytes(content_of(episode, tmp_path))
    with pytest.raises(ValueError, match="holds no episode that can be shown|asks for more than"):
        brought.looked_at(tmp_path / brought.NAME, "key")


def test_a_drive_that_a_film_could_not_play_is_refused(tmp_path):
    episode = fake_episode(steps=1)
    (step,) = episode.steps
    long = replace(step, tracks=replace(step.tracks, times=step.tracks.times * 1e9))
    (tmp_path / brought.NAME).write_bytes(content_of(replace(episode, steps=(long,)), tmp_path))
    with pytest.raises(ValueError, match="asks for more than a page can show"):
        brought.message_of(tmp_path / brought.NAME, "key")


def test_a_look_that_takes_too_long_ends(tmp_path, monkeypatch):
    (tmp_path / brought.NAME).write_bytes(content_of(fake_episode(steps=1), tmp_path))
    monkeypatch.setattr(brought, "LONGEST", 0.05)
    with pytest.raises(ValueError, match="asks for more than a page can show"):
        brought.looked_at(tmp_path / brought.NAME, "key")


def test_claims_of_a_foreign_log_are_tested_only_where_nothing_of_its_own_is_loaded():
    episode = fake_episode(steps=1)
    ours = replace(episode.header, scenario="two-way", policy="idle")
    brought.testable(replace(episode, header=ours))
    for foreign in (
        {"policy": "/etc/mine.py"},
        {"policy": "sb3:/x"},
        {"overrides": {"vehicles_count": 10**9}},
    ):
        with pytest.raises(ValueError, match="whydrive verify"):
            brought.testable(replace(episode, header=replace(ours, **foreign)))
    step = episode.steps[0]
    claim = replace(step.rationale.claims[0], cars=tuple(range(1, 40)))
    crowd = replace(step, rationale=replace(step.rationale, claims=(claim,)))
    with pytest.raises(ValueError, match="whydrive verify"):
        brought.testable(replace(episode, header=ours, steps=(crowd,)))


def test_the_limit_that_the_player_names_is_the_server_s():
    from drive.show import viewer

    assert f"LARGEST_LOG = {brought.LARGEST >> 20};" in viewer.player_assets()["js"]
    assert json.dumps(brought.RUN) in viewer.player_assets()["js"]
