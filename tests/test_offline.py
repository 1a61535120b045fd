"""An episode in one HTML file, in a real Chromium without a network: it plays, and words in it stay words."""

# ruff: noqa: F811  # fixtures

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from fake_episode import fake_episode
from PIL import Image
from test_browser import HOSTILE, chromium, hostile  # noqa: F401  # fixtures

from drive import camera
from drive.episodes import log, shelf
from drive.language import say_action
from drive.show import offline

WORST = (
    f"{HOSTILE} <!--<script> </script><script>window.hacked=2</script> ]]> \u2028\u2029 &lt;b&gt;"
)


@pytest.fixture
def unplugged(chromium):
    """Opens a file in a browser without a network; nothing that it does may fail or ask for anything."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    context.set_offline(True)
    faults = []

    def opened(path, query=""):
        page = context.new_page()
        address = f"file://{path}{query}"
        page.on("console", lambda m: faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda r: r.url == address or faults.append(r.url))
        page.goto(address)
        page.wait_for_selector(".wd-tick[aria-current]")
        return page

    yield opened
    context.close()
    assert faults == []


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The file of the episode that ships."""
    folder = tmp_path_factory.mktemp("shipped")
    for path in shelf.SHIPPED_IN.iterdir():
        shutil.copy(path, folder)
    (source,) = folder.glob("*.jsonl.gz")
    assert offline.write(source, folder / "a.html")
    return folder / "a.html"


def clock(page):
    return float(page.locator(".wd-time b").text_content())


def test_a_file_plays_without_a_network_and_shows_its_verdicts(unplugged, shipped):
    page = unplugged(shipped)
    page.wait_for_function("() => parseFloat(document.querySelector('.wd-time b').textContent) > 1")
    assert page.locator(".wd-tick").count() == 30
    (verdicts,) = shelf.SHIPPED_IN.glob("*.verdicts.jsonl")
    tested = sum('"verdict"' in line for line in verdicts.read_text("utf-8").splitlines())
    assert tested > 100
    assert f"{tested} claims tested: 0 false" in page.locator(".wd-proved").text_content()
    page.keyboard.press("End")
    page.wait_for_timeout(100)
    assert clock(page) == 30.0 and page.locator(".wd-text .wd-mark").count() > 0
    colours = """() => { const c = document.querySelector('.wd-map');
      return new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size; }"""
    assert page.evaluate(colours) > 20, "the road is drawn"
    page = unplugged(shipped, "?step=12")
    page.wait_for_timeout(100)
    assert clock(page) == 12.0 and "wd-playing" not in page.locator(".wd").get_attribute("class")


def test_a_file_may_not_ask_for_anything_outside_even_if_it_wanted_to(chromium, shipped):
    page = chromium.new_page()
    page.goto(f"file://{shipped}")
    blocked = page.evaluate("""async () => {
      const told = new Promise((done) => addEventListener('securitypolicyviolation', (e) => done(e.blockedURI)));
      new Image().src = 'http://127.0.0.1:9/x';
      const script = document.createElement('script');
      script.textContent = 'window.hacked = 3';
      document.body.append(script);
      return [await told, window.hacked ?? null]; }""")
    page.close()
    assert blocked[0] in ("inline", "http://127.0.0.1:9/x") and blocked[1] is None


def test_hostile_words_in_a_log_stay_words_in_its_file(unplugged, tmp_path):
    episode = hostile(fake_episode(steps=3, text=WORST))
    notes = (WORST,)
    steps = tuple(replace(s, choice=replace(s.choice, notes=notes)) for s in episode.steps)
    log.write(tmp_path / "a.jsonl", replace(episode, steps=steps))
    assert not offline.write(tmp_path / "a.jsonl", tmp_path / "a.html"), "it has no verdicts"
    source = (tmp_path / "a.html").read_text()
    assert source.count("</script>") == source.count("<script") == 2
    assert "\u2028" not in source and 'onerror="' not in source
    page = unplugged(tmp_path / "a.html")
    assert page.locator(".wd-text").text_content() == WORST
    assert page.locator(".wd-notes li").first.text_content() == WORST
    assert HOSTILE in page.title() and HOSTILE in page.locator(".wd-name").text_content()
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img, main script").count() == 0
    assert "no verdicts lay beside the log" in page.locator(".wd-proved").text_content()


# ---------------------------------------------------------------------------------- the moment as a picture


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_the_moment_is_saved_as_a_picture_with_its_sentence(unplugged, shipped, size):
    page = unplugged(shipped, "?step=9")
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.wait_for_timeout(150)
    with page.expect_download() as download:
        page.locator("[data-do=picture]").click()
    assert download.value.suggested_filename == "highway-fast-planner-1-9.0s.png"
    image = Image.open(download.value.path())
    pixels = np.asarray(image.convert("RGB")).astype(int)
    assert image.format == "PNG" and pixels.shape[1] > 1.5 * size[0] and pixels.std() > 20

    def near(colour):
        return np.abs(pixels - colour).max(-1) < 12

    cited, ego = near(camera.LIGHT.cited[0]), near(camera.LIGHT.ego)
    assert cited.sum() > 2000 and ego.sum() > 2000, "the sentence and its car, the ego and its plan"
    assert np.flatnonzero(cited.any(1))[0] < np.flatnonzero(ego.any(1))[0], "the words stand above"
    assert near((0x1C, 0x7A, 0x43)).sum() > 200, "the verdicts on the words"
    with page.expect_download() as again:
        page.keyboard.press("s")
    assert again.value.suggested_filename == download.value.suggested_filename


def test_a_file_speaks_the_language_that_is_asked_for(tmp_path):
    episode = fake_episode(steps=2)
    log.write(tmp_path / "a.jsonl", episode)
    offline.write(tmp_path / "a.jsonl", tmp_path / "a.html", "de")
    told = re.search(r'id="wo-told">(.*?)</script>', (tmp_path / "a.html").read_text())[1]
    action = episode.steps[0].choice.action
    assert [step["done"] for step in json.loads(told)[0]["steps"]] == [say_action(action, "de")] * 2


def test_a_file_is_html_and_of_an_episode_that_was_driven(tmp_path):
    log.write(tmp_path / "a.jsonl", fake_episode(steps=1))
    with pytest.raises(ValueError, match=r"is an \.html file, not 'a\.pdf'"):
        offline.write(tmp_path / "a.jsonl", tmp_path / "a.pdf")
    log.write(tmp_path / "b.jsonl", replace(fake_episode(steps=1), steps=()))
    with pytest.raises(ValueError, match="nothing was driven"):
        offline.write(tmp_path / "b.jsonl", tmp_path / "b.html")
