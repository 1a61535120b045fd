"""The page that a visitor meets, in a real Chromium: what is seen first, and what is true."""

# ruff: noqa: F811  # fixtures

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlparse

import playwright.sync_api
import pytest
from fake_episode import fake_episode
from test_browser import (  # noqa: F401  # fixtures
    Told,
    address,
    chromium,
    messages,
    runs,
    tabs,
    visit,
)

from drive.episodes import log, shelf
from drive.show import viewer
from drive.show.sheet import sheet
from drive.types import Task

SIZES = [(1280, 720), (1440, 900), (390, 844)]


def sized(tab, size):
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    return tab


def box(tab, name):
    return tab.page.locator(name).first.bounding_box()


def address_of(tab):
    return {k: v[0] for k, v in parse_qs(urlparse(tab.page.url).query).items()}


# ------------------------------------------------------------------------------------ what broke


def test_an_episode_in_which_nothing_was_decided_shows_nothing_of_the_one_before(visit):
    told, (_, driven) = Told(visit().page), messages(7, wish=1)
    told.tell(*driven)
    told.page.wait_for_function("() => document.querySelector('.wd-text').textContent.length > 20")
    header = {**driven[0]["header"], "id": ["run", "other"], "scenario": "other"}
    end = replace(fake_episode(steps=1).end, reason="policy failed", message="no action here")
    here = {"id": ["run", "other"], "wish": 2}
    told.tell(here | {"header": header}, here | viewer.end_data(end, 0))
    told.page.wait_for_timeout(150)
    assert told.page.locator(".wd-text, tbody").all_text_contents() == ["", ""]
    assert "no action here" in told.page.locator(".wd-status").text_content()
    painted = """(name) => { const c = document.querySelector(name);
      return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0); }"""
    assert [told.page.evaluate(painted, c) for c in (".wd-map", ".wd-eye", ".wd-plot")] == [
        False
    ] * 3


def test_only_policies_that_can_drive_the_road_are_offered(visit):
    tab = visit().open("?scenario=racetrack&policy=idle&seed=3&step=0")
    tab.page.wait_for_selector(".wd-tick")
    tab.page.wait_for_timeout(500)
    tab.page.get_by_label("Policy", exact=True).click()
    offered = tab.page.get_by_role("option").all_text_contents()
    assert "planner" in str(offered) and "dqn" not in str(offered) and "slower" not in str(offered)
    tab.press("Escape")


def test_leaving_a_list_neither_plays_nor_takes_the_focus(visit):
    tab = visit().link(step=5)
    tab.page.get_by_label("Run on disk").focus()
    labels = []
    for _ in range(4):
        tab.press("Tab")
        labels.append(
            tab.page.evaluate(
                "() => document.activeElement.getAttribute('aria-label') || document.activeElement.id"
            )
        )
    tab.page.wait_for_timeout(600)
    assert labels == ["Episode", "wd-browse", "wd-film", "wd-log"], (
        "every control is reached on the first pass"
    )
    assert tab.index == 5 and tab.time == 5.0
    tab.page.get_by_label("Run on disk").click()
    tab.page.locator("h1").click()
    tab.page.wait_for_timeout(600)
    assert tab.index == 5 and "wd-playing" not in tab.page.locator(".wd").get_attribute("class")


@pytest.mark.parametrize(
    ("task", "reason", "success", "said"),
    [
        ("cruise", "time is up", 1.0, "done: no collision in 5 s"),
        ("exit", "time is up", 0.0, "not done: exit missed by 2 lanes"),
        ("destination", "time is up", 0.0, "not done: the destination was not reached in time"),
    ],
)
def test_a_task_that_failed_does_not_look_like_one_that_succeeded(
    visit, task, reason, success, said
):
    told, episode = Told(visit().page), fake_episode(steps=5)
    goal = (("1", "2", 3),) if task == "exit" else ()
    road = episode.header.road
    beyond = [replace(lane, id=("1", "2", lane.id[2]), curve=replace(lane.curve, start=lane.curve.end, end=(1500.0, lane.curve.end[1]))) for lane in road.lanes]  # fmt: skip
    road = replace(road, lanes=(*road.lanes, *beyond))
    task = Task(task, goal, deadline=5.0)
    final = replace(episode.end.final, task=task, road=road)
    end = replace(episode.end, reason=reason, metrics={"success": success}, final=final)
    header = replace(episode.header, task=task)
    told.tell(
        viewer.player_data(replace(episode, header=header, end=end), "run", "x") | {"wish": 1}
    )
    status = told.page.locator(".wd-status")
    assert status.text_content() == said
    assert status.get_attribute("data-kind") == ("good" if success else "bad")


def test_the_address_tells_what_is_shown_and_back_leads_to_what_was(visit):
    tab = visit().open("?scenario=two-way&policy=idle&seed=1&step=2")
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    tab.until("() => document.querySelector('.wd-tick[aria-current]').dataset.step === '2'")
    tab.until("() => location.search.includes('step=2')")
    assert address_of(tab) == {"scenario": "two-way", "policy": "idle", "seed": "1", "step": "2"}
    tab.holds("Seed", "1")
    tab.page.locator("#wd-seed input, #wd-seed textarea").fill("3")
    tab.page.locator("#wd-drive").click()
    tab.until("() => document.querySelector('.wd-name').textContent.includes('seed 3')")
    assert address_of(tab)["seed"] == "3", "from its beginning"
    tab.page.go_back()
    tab.until("() => document.querySelector('.wd-name')?.textContent.includes('seed 1')")
    tab.until("() => document.querySelector('.wd-tick[aria-current]')?.dataset.step === '2'")
    cut = ("AbortError", "errored out")  # requests of the page that was left
    tab.faults[:] = [fault for fault in tab.faults if not any(word in fault for word in cut)]


def test_a_drive_that_is_decided_slowly_is_played_slowly_and_does_not_stand_still(visit):
    told, (_, driven) = Told(visit(clock=True).page, clock=True), messages(7, wish=1)
    told.tell(driven[0])
    shown = []
    for message in driven[1:]:
        told.page.clock.run_for(1800)  # a decision of 1 s takes 3.6 s
        shown.append(told.page.locator(".wd-time b").text_content())
        told.tell(message)
        for _ in range(3):  # in 0.6 s it moves by more than the 0.1 s that are shown
            told.page.clock.run_for(600)
            shown.append(told.page.locator(".wd-time b").text_content())
    times = [float(text) for text in shown if text]
    stands = [b - a for a, b in zip(times[1:], times[2:], strict=False)]
    assert times[-1] > 2.0 and min(stands) > 0, "between any two looks it moved"


@pytest.mark.parametrize("query", ["?run=../..&episode=passwd", "?policy=nobody"])
def test_a_bad_link_is_told_over_the_opening_and_the_lists_stay(visit, query):
    tab = visit().open(query)
    tab.page.wait_for_selector(".wd-notice:not([hidden])")
    tab.page.wait_for_selector(".wd-tick")
    tab.holds("Run on disk", shelf.SHIPPED)
    tab.page.get_by_label("Run on disk").click()
    assert "first" in str(tab.page.get_by_role("option").all_text_contents())


def test_the_bar_is_one_row_on_a_small_screen(visit):
    tab = sized(visit().link(), (1280, 720))
    tops = [box(tab, name)["y"] for name in ("#wd-drive", "#wd-film", "#wd-log")]
    assert max(tops) - min(tops) < 2


# --------------------------------------------------------------------------------- the first screen


@pytest.mark.parametrize("size", SIZES)
def test_the_road_and_its_sentence_are_seen_together(visit, size):
    tab = sized(visit(), size).link()
    tab.page.wait_for_timeout(200)
    for name in (".wd-head", ".wd-map"):
        seen = box(tab, name)
        assert seen["y"] >= 0 and seen["y"] + seen["height"] <= size[1], name
        assert seen["x"] >= 0 and seen["x"] + seen["width"] <= size[0] + 1, name
    assert tab.page.evaluate("() => document.documentElement.scrollWidth") <= size[0]
    if size[0] < 500:
        tab.page.evaluate("() => window.scrollTo(0, 500)")
        tab.page.wait_for_timeout(200)
        assert 0 <= box(tab, ".wd-map")["y"] < size[1] / 2, "it stays while the rest is read"


def test_the_headline_is_short_and_unfolds_to_the_whole(visit):
    tab = visit().link()
    head = " ".join(tab.page.locator(".wd-head").all_text_contents())
    assert 3 < len(head.split()) <= viewer.HEADLINE
    rest = tab.page.locator(".wd-rest").first
    assert rest.is_hidden()
    tab.press("w")
    assert (
        rest.is_visible()
        and tab.page.locator(".wd-unfold").get_attribute("aria-expanded") == "true"
    )
    whole = log.read(shelf.find(shelf.root(), "first", "straight-rule-7")).episode
    assert tab.text("wd-text") == whole.steps[0].rationale.text


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_the_road_fills_its_picture(visit, size):
    tab = sized(visit(), size).link()
    tab.page.wait_for_timeout(200)
    share = tab.page.evaluate("""() => {
      const map = document.querySelector('.wd-map'), { width, height } = map;
      const data = map.getContext('2d').getImageData(0, 0, width, height).data;
      const same = (a, b) => [0, 1, 2].every((k) => data[4 * a + k] === data[4 * b + k]);
      let rows = 0; // the corner is ground
      for (let y = 0; y < height; y++) if (!same(y * width + width - 2, 0)) rows++;
      return rows / height; }""")
    assert share > 0.7


def test_the_goal_and_the_speed_limit_are_drawn(visit, runs):
    episode = fake_episode(steps=3)
    header = replace(episode.header, task=Task("pass", goal_x=90.0, deadline=3.0))
    log.write(runs / "goal" / "there-rule-7.jsonl", replace(episode, header=header))
    tab = visit().link("goal", "there-rule-7")
    tab.page.wait_for_timeout(200)
    for colour in ("--wd-goal", "#c4372c"):  # the flag, the sign's ring
        rgb = tab.page.evaluate("""(colour) => {
          const probe = document.querySelector('.wd').appendChild(document.createElement('i'));
          probe.style.color = colour.startsWith('--') ? `var(${colour})` : colour;
          return getComputedStyle(probe).color.match(/\\d+/g).map(Number); }""", colour)  # fmt: skip
        assert tab.page.evaluate(COUNT, [".wd-map", rgb]) > 40
    assert tab.page.locator(".wd-legend [data-mark=goal]").is_visible()


COUNT = """([name, colour]) => {
  const map = document.querySelector(name);
  const data = map.getContext('2d').getImageData(0, 0, map.width, map.height).data;
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    if (colour.every((c, k) => Math.abs(data[i + k] - c) < 14)) count++;
  return count;
}"""


def test_a_visitor_without_a_wish_is_met_with_what_ships_and_nothing_is_driven(visit, runs):
    before = set(shelf.runs(runs))
    tab = visit().open()
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    tab.until(
        "() => document.querySelectorAll('.wd-mark').length > 0"
    )  # its verdicts lie beside it
    assert set(shelf.runs(runs)) == before


# -------------------------------------------------------------------------------------- verdicts


def proof(step=0, **told):
    """One verdict for the player."""
    usual = {
        "phrase": 0, "claim": "car 1 is 18.3 m ahead", "cars": [1], "result": "true", "test": "scene",
        "measured": 18.31, "unit": "m", "tolerance": 0.05, "why": "",
    }  # fmt: skip
    return usual | told


@pytest.fixture
def tested(visit):
    told, (whole, _) = Told(visit().page), messages(7, wish=1)
    told.tell(whole | {"wish": 1, "at": 0})
    false = proof(phrase=1, result="false", test="asked again", why="the decision stays as it is")
    steps = [[proof(), false], [proof(result="untestable", measured=None)], [proof()], [], []]
    told.tell({"id": whole["id"], "wish": 1, "proof": {"from": 0, "of": 5, "steps": steps[:1]}})
    assert "testing decision 2 of 5" in told.page.locator(".wd-proved").text_content()
    told.tell({"id": whole["id"], "wish": 1, "proof": {"from": 0, "of": 5, "steps": steps}})
    told.page.wait_for_timeout(100)
    return told


def test_every_phrase_wears_its_verdict_and_says_how_it_was_tested(tested):
    marks = tested.page.locator(".wd-text .wd-mark")
    assert marks.evaluate_all("(all) => all.map((m) => m.dataset.result)") == ["true", "false"]
    assert len(set(marks.all_text_contents())) == 2, "by shape, not by colour alone"
    marks.first.click()
    said = tested.page.locator(".wd-tested").text_content()
    assert "recomputed" in said and "18.31 m" in said
    tested.page.keyboard.press("Enter")
    assert tested.page.locator(".wd-tested").is_hidden()


def test_the_card_of_an_episode_tells_false_claims_first_and_can_show_nothing_else(tested):
    card = tested.page.locator(".wd-proof")
    assert "4 claims tested: 1 false, 1 untestable, 2 true" in card.text_content()
    results = "(all) => all.map((row) => row.dataset.result)"
    rows = card.locator(".wd-finding")
    assert rows.evaluate_all(results) == ["false", "untestable", "true", "true"]
    assert tested.page.locator(".wd-tick.wd-failed").count() == 1
    tested.page.keyboard.press("f")
    assert rows.evaluate_all(results) == ["false"]
    tested.page.keyboard.press("f")
    card.locator("[data-go='2']").click()
    tested.page.wait_for_timeout(150)
    assert tested.page.locator(".wd-tick[aria-current]").get_attribute("data-step") == "2"


def test_a_drive_is_verified_after_its_end(visit, runs):
    tab = visit().open("?scenario=two-way&policy=idle&seed=6")
    tab.page.wait_for_selector(".wd-tick")
    tab.until(
        "() => /^\\d+ claims tested/.test(document.querySelector('.wd-proved').textContent)", 120
    )
    tab.press("Home")
    tab.until("() => document.querySelector('.wd-text .wd-mark')", 20)
    (path,) = waited_for(lambda: list(runs.glob("page-*/two-way-idle-6.verdicts.jsonl")))
    assert len(path.read_text().splitlines()) > 2


def waited_for(looked_up: Callable[[], list], seconds: float = 60.0) -> list:
    """What is found once there is something: verdicts are on disk when the last one is made."""
    end = time.monotonic() + seconds
    while not looked_up() and time.monotonic() < end:
        time.sleep(0.1)
    return looked_up()


# --------------------------------------------------------------------------------- the driver's eye


def test_the_drivers_eye_shows_the_cited_car_in_the_colour_of_its_phrase(visit):
    tab = sized(visit(), (1280, 720)).link()
    tab.page.wait_for_timeout(200)
    phrase = tab.page.locator(".wd-text .wd-phrase").first
    colour = [int(n) for n in re.findall(r"\d+", phrase.evaluate("p => getComputedStyle(p).color"))]
    assert tab.page.evaluate(COUNT, [".wd-eye", colour]) > 60
    ego = [0x8A, 0x9D, 0xD7]
    assert tab.page.evaluate(COUNT, [".wd-eye", [31, 98, 208]]) + tab.page.evaluate(
        """() => { const c = document.querySelector('.wd-eye');
             const d = c.getContext('2d').getImageData(c.width / 2, c.height - 4, 1, 1).data;
             return d[2] - d[0] > 60 ? 1 : 0; }"""
    ), f"the planned path lies before it ({ego})"
    looks = []
    for _ in range(3):
        looks.append([tab.page.locator(name).is_visible() for name in (".wd-map", ".wd-eye")])
        tab.press("v")
    assert looks == [[True, True], [False, True], [True, False]]


# ------------------------------------------------------------------------------------ the options


def test_the_pieces_of_a_bar_lead_to_the_score_and_a_contact_hides_no_other(visit):
    told, (whole, _) = Told(visit().page), messages(7, wish=1)
    options = whole["steps"][0]["options"][:2]
    for option, worths in zip(options, ((30.0, -3.0, -1.5), (28.0, -2.0, -9500.0)), strict=True):
        (term,) = option["terms"][:1]
        option |= {"terms": [term | {"worth": worth} for worth in worths], "score": sum(worths)}
    options[0]["chosen"], options[1]["chosen"] = True, False
    whole["steps"][0]["options"] = options
    told.tell(whole | {"wish": 1, "at": 0})
    told.page.wait_for_selector(".wd-worth")
    (added, *taken), (_, little, cut) = told.page.evaluate("""() =>
      [...document.querySelectorAll('.wd-worth')].map((bar) => [...bar.querySelectorAll('span')]
        .map((piece) => piece.getBoundingClientRect()).map(({ left, right }) => [left, right]))""")
    marks = told.page.locator(".wd-sum").evaluate_all(
        "(all) => all.map((mark) => mark.getBoundingClientRect().left + 1)"
    )
    assert taken[0][1] == pytest.approx(added[1], abs=1)
    assert taken[1] == pytest.approx([marks[0], taken[0][0]], abs=1)
    assert (added[1] - added[0]) / (taken[0][1] - taken[0][0]) == pytest.approx(10, rel=0.1)
    assert little[1] - little[0] > 5 and cut[0] == pytest.approx(marks[1], abs=1)
    assert told.page.locator(".wd-cut").count() == 1


# ------------------------------------------------------------------------------------ for everyone


def test_pictures_have_words_and_decisions_are_announced(visit):
    tab = visit().link()
    tab.press("ArrowDown")
    for name in (".wd-map", ".wd-eye", ".wd-plot"):
        canvas = tab.page.locator(name)
        assert canvas.get_attribute("role") == "img" and "m" in canvas.get_attribute("aria-label")
    assert "car 1 " in tab.page.locator(".wd-map").get_attribute("aria-label")
    live = tab.page.locator(".wd-live")
    assert live.get_attribute("aria-live") == "polite" and "Decision 2" in live.text_content()
    slider = tab.page.get_by_role("slider", name="Time")
    assert slider.get_attribute("aria-valuenow") == "1.0"
    assert "decision 2 of 12" in slider.get_attribute("aria-valuetext")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_words_can_be_read(visit, scheme):
    tab = visit(color_scheme=scheme).link()
    tab.press("w")
    with contextlib.suppress(
        playwright.sync_api.TimeoutError
    ):  # for a moment, Gradio writes over a list that is filled
        tab.page.wait_for_function(f"() => ({CONTRASTS})().length === 0", timeout=10000)
    assert tab.page.evaluate(CONTRASTS) == []


CONTRASTS = """() => {
  const numbers = (colour) => { const c = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    c.fillStyle = colour; c.fillRect(0, 0, 1, 1); const d = c.getImageData(0, 0, 1, 1).data;
    return [d[0], d[1], d[2], d[3] / 255]; };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const bad = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, box = node.getBoundingClientRect();
    if (!walker.currentNode.textContent.trim() || !box.width || !node.checkVisibility()) continue;
    if (node.closest('script, style, footer, .wd-live') || !node.closest('.wd, #wd-bar')) continue;
    const layers = []; let alpha = 1;
    for (let e = node; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      layers.push(numbers(style.backgroundColor)); alpha *= Number(style.opacity);
    }
    const ground = layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
    const colour = numbers(getComputedStyle(node).color);
    const ink = over([...colour.slice(0, 3), colour[3] * alpha], ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
    const large = parseFloat(getComputedStyle(node).fontSize) >= 24;
    if (ratio < (large ? 3 : 4.5)) bad.push([walker.currentNode.textContent.trim().slice(0, 30), node.className, ratio.toFixed(2)]);
  }
  return bad;
}"""


def test_what_is_touched_is_large_enough(visit):
    tab = sized(visit(), (390, 844)).link()
    small = tab.page.evaluate("""() => [...document.querySelectorAll('.wd button, #wd-bar button')]
      .filter((b) => b.checkVisibility() && !b.closest('dialog'))
      .map((b) => [b.className || b.dataset.do, b.getBoundingClientRect()])
      .filter(([name, box]) => box.height < 24 || (box.width < 24 && !name.includes('wd-tick')))
      .map(([name]) => name)""")
    assert small == []


def test_risk_is_told_by_height_as_well_as_by_colour(visit):
    tab = visit().link()
    bars = tab.page.locator(".wd-bar").evaluate_all("(all) => all.map((bar) => bar.offsetHeight)")
    assert max(bars) > min(bars) + 8


def test_the_whole_page_is_worked_without_a_pointer(visit):
    tab = visit().link()
    reached = set()
    for _ in range(55):
        tab.press("Tab")
        reached.add(
            tab.page.evaluate("""() => { const e = document.activeElement;
          return e.dataset.do || e.id || e.getAttribute('role') || e.className; }""")
        )
    wanted = {"wd-film", "wd-log", "wd-question", "picture", "unfold", "look", "turn", "out", "in", "start", "previous", "play", "next",
              "last", "before", "after", "speed", "help", "slider", "failed"}  # fmt: skip
    assert wanted <= reached, wanted - reached


# --------------------------------------------------------------------------------- looking around


def moment(kind, rank, value=None, unit="", **more):
    return {"kind": kind, "rank": rank, "value": value, "unit": unit, **more}


def test_the_worst_moments_are_ranked_each_says_its_kind_and_is_a_way_there(visit):
    told, (whole, _) = Told(visit().page), messages(7, wish=1)
    for step in whole["steps"]:
        step["moments"] = []
    whole["steps"][1]["moments"] = [moment("risk", 0.7, 2.5, "s")]
    whole["steps"][3]["moments"] = [moment("risk", 0.9, 1.5, "s"), moment("takeover", 2.0)]
    whole["steps"][4]["moments"] = [moment("margin", 0.8, 0.04, "m/s", about="slow down")]
    whole["moments"] = [moment("surprise", 0.4, 12.3, "m", step=0, after=3.0)]
    told.tell(whole | {"wish": 1, "at": 0})
    worst = told.page.locator(".wd-bad")
    assert worst.all_text_contents() == [
        "3.0 s: driven otherwise than the policy would",
        "3.0 s: 1.5 s to contact",
        "4.0 s: close call, 0.04 m/s above slow down",
        "1.0 s: 2.5 s to contact",
        "0.0 s: surprise, 12 m off its plan after 3 s",
    ]
    false = proof(result="false")
    steps = [[], [], [false, false], [], []]
    told.tell({"id": whole["id"], "wish": 1, "proof": {"from": 0, "of": 5, "steps": steps}})
    assert worst.first.text_content() == "2.0 s: 2 false claims"
    worst.first.click()
    told.page.wait_for_function(
        "() => document.querySelector('.wd-tick[aria-current]').dataset.step === '2'"
    )
    assert worst.first.get_attribute("aria-current") == "step"


def test_n_and_p_go_through_the_worst_moments(visit):
    told, (whole, _) = Told(visit().page), messages(7, wish=1)
    for step in whole["steps"]:
        step |= {"moments": [], "interesting": True}
    for number in (1, 3):
        whole["steps"][number]["moments"] = [moment("risk", 0.7, 2.5, "s")]
    told.tell(whole | {"wish": 1, "at": 0})
    visited = []
    for key in ("n", "n", "n", "p", "p"):
        told.page.keyboard.press(key)
        told.page.wait_for_timeout(80)
        visited.append(told.page.locator(".wd-tick[aria-current]").get_attribute("data-step"))
    assert visited == ["1", "3", "3", "1", "1"]


def test_a_range_is_played_over_and_over_until_one_goes_on(visit):
    tab = visit().link(step=2)
    tab.press("]")
    tab.press("]")
    tab.press("l")
    tab.until("() => parseFloat(document.querySelector('.wd-time b').textContent) > 6.0")
    tab.until("() => parseFloat(document.querySelector('.wd-time b').textContent) < 3.5")
    tab.press("ArrowDown")
    before = tab.time
    tab.page.wait_for_timeout(400)
    assert tab.time == before and tab.page.locator(".wd-notice").is_hidden()


def test_only_what_the_ego_sees_is_shown_where_that_is_wanted(visit):
    told, (whole, _) = Told(visit().page), messages(7, wish=1)
    for step in whole["steps"]:
        step["seen"] = []
    told.tell(whole | {"wish": 1, "at": 1})
    told.page.wait_for_timeout(200)
    label = "() => document.querySelector('.wd-map').toDataURL()"
    before = told.page.evaluate(label)
    told.page.keyboard.press("o")
    told.page.wait_for_timeout(200)
    without = told.page.evaluate(label)
    told.page.keyboard.press("o")
    told.page.wait_for_timeout(200)
    assert without != before and told.page.evaluate(label) == before


def test_a_pinch_zooms_and_the_bare_wheel_scrolls(visit):
    tab = visit().link(step=2)
    tab.page.wait_for_timeout(200)
    shown = "() => document.querySelector('.wd-map').toDataURL()"
    turn = """(ctrlKey) => !document.querySelector('.wd-map').dispatchEvent(
      new WheelEvent('wheel', {deltaY: -120, ctrlKey, bubbles: true, cancelable: true}))"""
    before = tab.page.evaluate(shown)
    assert tab.page.evaluate(turn, False) is False, "left to the page"
    tab.page.wait_for_timeout(150)
    assert tab.page.evaluate(shown) == before
    assert tab.page.evaluate(turn, True) is True
    tab.page.wait_for_timeout(150)
    assert tab.page.evaluate(shown) != before


def test_the_drive_is_told_in_figures_once_it_has_ended(visit):
    told, (whole, _) = Told(visit().page), messages(7, wish=1)
    metrics = {
        "success": 1.0,
        "mean speed": 21.44,
        "headway under 1 s": 0.125,
        "oncoming lane": 0.0,
    }
    rows = sheet(replace(fake_episode(steps=2).end, metrics=metrics))
    assert rows == [
        ["task done", "yes"],
        ["mean speed", "21.4 m/s"],
        ["closer than 1 s to the car ahead", "12 % of the time"],
    ]
    told.tell({k: v for k, v in whole.items() if k != "end"} | {"wish": 1, "at": 0})
    assert told.page.locator(".wd-sheet").is_hidden()
    told.tell({"id": whole["id"], "wish": 1, "end": whole["end"] | {"sheet": rows}})
    assert told.page.locator(".wd-sheet dd").all_text_contents() == [row[1] for row in rows]
