"""Notes, thumbs and named moments in a real Chromium: by key and by hand, kept, shown as text, taken away."""

# ruff: noqa: F811  # fixtures

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from fake_episode import fake_episode
from test_accessible import faults
from test_browse_page import browsing, rows
from test_browser import HOSTILE, LOOKS, address, chromium, runs, tabs, visit  # noqa: F401  # fixtures
from test_offline import unplugged  # noqa: F401  # fixture

from drive.episodes import log, notes
from drive.show import offline

SIZES = [(1280, 720), (390, 844)]
FITS = "() => document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
def noting(visit, runs, request):
    """Opens a log of its own at a decision, in a new tab; it is given notes before."""
    name = f"n{abs(hash(request.node.name))}"
    path = runs / "noted" / f"{name}.jsonl"
    log.write(path, fake_episode(steps=8))

    def opened(size=SIZES[0], *given, step=2, **options):
        for note in given:
            notes.add(notes.path_beside(path), *note)
        tab = visit(**options)
        tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        tab.link("noted", name, step)
        tab.page.wait_for_selector(".wd-judge:not([hidden])")
        return tab, notes.path_beside(path)

    return opened


def kept(path):
    return [(note.kind, note.step, note.time, note.text) for note in notes.read(path).notes]


def pressed(tab):
    return [
        tab.page.locator(f"[data-remark={kind}]").get_attribute("aria-pressed") == "true"
        for kind in ("up", "down")
    ]


def live(tab, words):
    tab.until(f"() => document.querySelector('.wd-live').textContent.includes({json.dumps(words)})")


@pytest.mark.parametrize("size", SIZES)
def test_by_keys_alone_a_decision_is_judged_noted_and_its_moment_named(noting, size):
    tab, path = noting(size)
    tab.press("u")
    live(tab, "Kept: a good reason")
    assert pressed(tab) == [True, False]
    tab.press("d")
    live(tab, "Kept: a bad reason")
    assert pressed(tab) == [False, True]
    tab.press("m")
    tab.page.keyboard.type("n p [ End: no keys of the player")
    tab.press("Control+Enter")
    live(tab, "Kept: n p [ End")
    tab.press("ArrowRight")
    tab.press("ArrowRight")
    tab.press("b")
    assert tab.page.evaluate("document.activeElement.maxLength") == 80
    tab.page.keyboard.type("the gap")
    tab.press("Enter")
    live(tab, "Kept: the gap")
    assert kept(path) == [
        ("down", 2, 2.0, ""), ("note", 2, 2.0, "n p [ End: no keys of the player"), ("bookmark", 2, 2.133, "the gap"),
    ]  # fmt: skip
    assert tab.index == 2 and tab.page.evaluate("document.activeElement.dataset.remark") == "bookmark"  # fmt: skip
    assert tab.page.locator(".wd-tick.wd-remarked").count() == 1
    title = tab.page.locator(".wd-tick").nth(2).get_attribute("aria-label")
    assert title.endswith("a bad reason, note, moment")
    assert tab.page.evaluate(FITS) <= 0
    tab.press("d")
    live(tab, "Taken back: a bad reason")
    assert pressed(tab) == [False, False] and len(kept(path)) == 2
    tab, _ = noting(size)
    tab.page.wait_for_selector(".wd-remarks li")
    assert len(tab.page.locator(".wd-remarks li").all()) == 2
    tab.page.get_by_label("Take back: the gap").click()
    live(tab, "Taken back: the gap")
    assert [one[0] for one in kept(path)] == ["note"]


def test_thumbs_differ_by_shape_and_pressed_ones_are_filled(noting):
    tab, _ = noting()
    shapes = tab.page.locator(".wd-judge path").evaluate_all("all => all.map(p => p.getAttribute('d'))")  # fmt: skip
    assert len(set(shapes)) == 4
    tab.page.locator("[data-remark=up]").click()
    live(tab, "Kept: a good reason")
    fills = [
        tab.page.locator(f"[data-remark={kind}] svg").evaluate("s => getComputedStyle(s).fill")
        for kind in ("up", "down")
    ]
    assert fills[1] == "none" != fills[0]


def test_what_is_too_long_or_empty_cannot_be_kept(noting):
    tab, path = noting()
    tab.page.locator("[data-remark=note]").click()
    box = tab.page.locator(".wd-remark-form textarea")
    box.fill("x" * 700)
    assert len(box.input_value()) <= 700
    box.evaluate("box => box.removeAttribute('maxlength')")
    box.fill("x" * 501)
    tab.page.get_by_role("button", name="Keep", exact=True).click()
    tab.page.wait_for_selector(".wd-remark-problem[role=alert]")
    assert "at most 500 characters" in tab.text("wd-remark-problem") and kept(path) == []
    box.fill("  ")
    tab.page.get_by_role("button", name="Keep", exact=True).click()
    tab.until("() => document.querySelector('.wd-remark-problem')?.textContent.includes('empty')")
    tab.press("Escape")
    assert not tab.page.locator(".wd-remark-form").is_visible() and kept(path) == []


def test_a_note_that_is_being_written_is_asked_for_and_refused_in_the_language_that_is_chosen(
    noting,
):
    tab, path = noting()
    tab.page.locator("[data-remark=note]").click()
    box = tab.page.locator(".wd-remark-form textarea")
    box.fill("half a word")
    asked = tab.text("wd-remark-form")
    tab.page.locator("[data-language=de]").click()
    tab.until("() => document.querySelector('.wd-remark-form .wd-keep').textContent === 'Behalten'")
    said = tab.text("wd-remark-form")
    assert said.startswith("Notiz bei 2,0 s") and said.endswith("11 von 500") and said != asked, (
        "the text's label too"
    )
    assert box.input_value() == "half a word"
    box.fill(" ")
    tab.page.get_by_role("button", name="Behalten", exact=True).click()
    tab.page.wait_for_selector(".wd-remark-problem[role=alert]")
    assert tab.text("wd-remark-problem") == "eine Notiz ist leer."
    assert kept(path) == []
    tab.page.locator("[data-language=en]").click()


@pytest.mark.parametrize("size", SIZES)
def test_the_list_leads_to_its_decisions_and_texts_stay_texts(noting, size):
    moment = (notes.BOOKMARK, 3, 3.4, "\u05d0 here")
    tab, _ = noting(size, (notes.NOTE, 5, 5.0, HOSTILE), moment, (notes.UP, 7, 7.0))
    tab.page.wait_for_selector(".wd-remark-chip")
    chips = tab.page.locator(".wd-remark-chip")
    assert chips.count() == 3 and chips.nth(1).get_attribute("title") == HOSTILE
    chips.nth(1).click()
    tab.until("() => document.querySelector('.wd-tick[aria-current]').dataset.step === '5'")
    tab.page.wait_for_selector(".wd-remarks li")
    assert tab.page.locator(".wd-remarks li .wd-remark-text").text_content() == HOSTILE
    chips.nth(0).click()
    tab.until("() => document.querySelector('.wd-time b').textContent === '3.4'")
    assert tab.index == 3
    tab.press("Home")
    assert tab.page.locator(".wd-remarks").is_hidden(), "nothing was noted here"
    assert tab.page.locator(".wd img, .wd script").count() == 0
    assert tab.page.evaluate("window.hacked") is None and tab.page.evaluate(FITS) <= 0


def test_lines_that_are_no_notes_are_told_in_one_sentence(noting):
    _, path = noting()
    with open(path, "a") as file:
        file.write(f"{HOSTILE}\n")
    tab, _ = noting(SIZES[0], (notes.NOTE, 5, 5.0, "good"))
    tab.page.wait_for_selector(".wd-noted .wd-remark-problem")
    said = tab.page.locator(".wd-noted .wd-remark-problem").text_content()
    assert said.startswith("1 line of") and "<" not in said
    assert tab.page.locator(".wd-remark-chip").count() == 1


@pytest.mark.parametrize("form", ["json", "csv"])
def test_one_click_takes_all_notes_away(noting, form):
    tab, path = noting(SIZES[0], (notes.NOTE, 5, 5.0, HOSTILE))
    with tab.page.expect_download() as download:
        tab.page.get_by_label(f"Take the notes away as {form.upper()}").click()
    assert download.value.suggested_filename == path.name.replace(".notes.jsonl", f"-notes.{form}")
    text = Path(download.value.path()).read_text()
    row = json.loads(text)[0] if form == "json" else next(csv.DictReader(io.StringIO(text)))
    assert row["text"] == HOSTILE and int(row["step"]) == 5


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_axe_finds_nothing_serious_where_something_is_noted(noting, size, scheme):
    given = [(notes.NOTE, 2, 2.0, f"note {k} " * 20) for k in range(6)]
    tab, _ = noting(size, *given, (notes.BOOKMARK, 4, 4.0, "moment"), color_scheme=scheme)
    tab.page.wait_for_selector(".wd-remarks li")
    tab.press("u")
    live(tab, "Kept")
    tab.press("m")
    told = faults(tab.page)
    assert not told, "\n".join(told)
    assert tab.page.evaluate(FITS) <= 0


def test_the_gallery_counts_notes_and_its_search_opens_at_one(noting, visit):
    _, path = noting(SIZES[0], (notes.NOTE, 5, 5.0, "a most peculiar gap <b>here</b>"))
    name = path.name.replace(".notes.jsonl", "")
    tab = browsing(visit())
    row = tab.page.locator(f"tr[data-episode={name}]")
    assert row.locator(".wdg-noted").text_content() == "1 noted"
    tab.page.get_by_label("Search in what was said").fill("most PECULIAR")
    tab.until("() => document.querySelectorAll('.wdg tbody tr[data-run]').length === 1")
    assert "<b>here</b>" in tab.page.locator(".wdg-around").text_content()
    assert rows(tab)[0]["name"] == name
    row.locator(".wdg-open").click()
    tab.until("() => document.querySelector('.wd-tick[aria-current]')?.dataset.step === '5'")


def test_a_file_that_plays_shows_notes_and_offers_none(unplugged, tmp_path):
    path = tmp_path / "one.jsonl"
    log.write(path, fake_episode(steps=8))
    notes.add(notes.path_beside(path), notes.NOTE, 2, 2.0, HOSTILE)
    notes.add(notes.path_beside(path), notes.DOWN, 2, 2.0)
    offline.write(path, tmp_path / "a.html")
    page = unplugged(tmp_path / "a.html", "?step=2")
    page.wait_for_selector(".wd-remarks li")
    texts = page.locator(".wd-remarks li .wd-remark-text").all_text_contents()
    assert sorted(texts) == sorted([HOSTILE, "a bad reason"])
    assert (
        page.locator(".wd-judge").is_hidden()
        and page.locator(".wd-remarks .wd-remark-do").count() == 0
    )
    page.locator(".wd-remark-chip").first.click()
    for key in ("u", "m", "b"):
        page.keyboard.press(key)
    assert page.locator(".wd-remark-form").count() == 0
    assert page.evaluate("window.hacked") is None
