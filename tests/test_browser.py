"""The page in a real Chromium: it plays, it answers, and it keeps to this machine."""

import os
import re
import shutil
import threading
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from fake_episode import crash, fake_episode, fallen_back, ring_road

from drive.episodes import log
from drive.show import requests, viewer

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
if not Path(CHROMIUM).exists() and not os.environ.get("CI"):
    pytest.skip("there is no Chromium here (set CHROMIUM to its path)", allow_module_level=True)

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
VIEWPORT = {"width": 1440, "height": 900}
DESK, PHONE = (1280, 720), (390, 844)
LOOKS = [  # sizes and schemes: each value every day, the other pairs where a run is thorough
    pytest.param(DESK, "light", id="desk-light"),
    pytest.param(PHONE, "dark", id="phone-dark"),
    pytest.param(DESK, "dark", id="desk-dark", marks=pytest.mark.thorough),
    pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.thorough),
]
HOSTILE = """<img src=x onerror="window.hacked=1"> car 1 </p><script>window.hacked=1</script> ${1} {{x}}"""


def hostile(episode):
    """The episode with hostile words wherever a log has words of its own."""

    def option(one):
        return replace(one, terms=(replace(one.terms[0], kind=HOSTILE, unit=HOSTILE),))

    def step(one):
        options = tuple(map(option, one.choice.options))
        return replace(one, choice=replace(one.choice, options=options))

    return replace(
        episode,
        header=replace(episode.header, policy=HOSTILE, scenario=HOSTILE),
        steps=tuple(map(step, episode.steps)),
        end=replace(episode.end, reason="policy failed", message=HOSTILE),
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    before = os.environ.get("WHYDRIVE_RUNS")
    os.environ["WHYDRIVE_RUNS"] = str(folder)
    log.write(folder / "first" / "straight-rule-7.jsonl", crash(fake_episode(steps=12)))
    log.write(folder / "first" / "ring-rule-7.jsonl", fake_episode(ring_road(), steps=4, scale=0.3))
    log.write(folder / "hostile" / "a-rule-7.jsonl", hostile(fake_episode(steps=3, text=HOSTILE)))
    yield folder
    os.environ.pop("WHYDRIVE_RUNS") if before is None else os.environ.update(WHYDRIVE_RUNS=before)


LINES = []  # of the page that is served


@pytest.fixture(scope="module")
def address(runs):
    import app
    from drive.show import session

    class Line(session.Line):
        """A line that a test can stand in."""

        def __init__(self, at_once):
            super().__init__(at_once)
            LINES.append(self)

    before, session.Line = session.Line, Line
    demo = app.build()
    session.Line = before
    _, url, _ = demo.queue().launch(**app.LAUNCH, prevent_thread_lock=True, quiet=True)
    yield url.rstrip("/")
    demo.close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A browser whose first context has a profile on disk, where it keeps the page's scripts compiled.

    A context without one compiles them anew for every tab, which is half of what a tab costs.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        usual = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM, args=ARGUMENTS, viewport=VIEWPORT,
        )  # fmt: skip
        yield usual.browser
        usual.close()


@dataclass
class Visit:
    """A tab on the page, with what must not happen in it."""

    page: object
    address: str
    faults: list = field(default_factory=list)

    def open(self, query=""):
        self.page.goto(f"{self.address}/{query}")
        return self

    def link(self, run="first", episode="straight-rule-7", step=0):
        self.open(f"?run={run}&episode={episode}&step={step}")
        self.page.wait_for_selector(".wd-tick[aria-current]")
        return self

    def text(self, name):
        return self.page.locator(f".wd .{name}").text_content()

    @property
    def time(self):
        return float(self.text("wd-time").split("/")[0])

    @property
    def index(self):
        return int(self.page.locator(".wd-tick[aria-current]").get_attribute("data-step"))

    def press(self, key):
        self.page.keyboard.press(key)
        self.page.wait_for_timeout(80)

    def until(self, script, seconds=60):
        self.page.wait_for_function(script, timeout=1000 * seconds)

    def holds(self, label, value):
        """Waits until a list or field has a value."""
        field = self.page.get_by_label(label, exact=True).element_handle()
        told = "([field, value]) => field.value === value"
        self.page.wait_for_function(told, arg=[field, value], timeout=60000)


@pytest.fixture(scope="module")
def tabs(chromium, address):
    """Makes tabs, light or dark; those with the same other options share what the browser has cached.

    clock: for a test that sets it; the others share a context in which time is what it is.
    """
    contexts = {(False,): chromium.contexts[0]}

    def new(color_scheme="light", clock=False, **options):
        key = (clock, *sorted(options.items()))
        if key not in contexts:
            contexts[key] = chromium.new_context(viewport=VIEWPORT, **options)
        contexts[key].set_default_timeout(60000)
        page = contexts[key].new_page()
        page.emulate_media(color_scheme=color_scheme)
        return Visit(page, address)

    return new


@pytest.fixture
def visit(tabs):
    opened = []

    def new(**options):
        tab = tabs(**options)
        opened.append(tab)
        page, faults, address = tab.page, tab.faults, tab.address
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda r: leaves(r.url, address) and faults.append(r.url))
        page.on("response", lambda r: r.status >= 400 and faults.append(f"{r.status} {r.url}"))
        return tab

    yield new
    for tab in opened:
        tab.page.close()
        assert tab.faults == []


def leaves(url, address):
    """Does a request go anywhere but to the page's own server?"""
    parts = urlparse(url)
    return parts.scheme not in ("data", "blob") and parts.netloc != urlparse(address).netloc


def test_the_page_opens_and_plays_what_it_drives(visit):
    tab = visit().open()
    tab.page.wait_for_selector(".wd-tick")
    tab.until("() => parseFloat(document.querySelector('.wd-time b')?.textContent) > 0.5")
    early = tab.time
    tab.page.wait_for_timeout(500)
    assert tab.time > early, "one clock runs"
    tab.until("() => document.querySelector('.wd-status')?.dataset.kind !== 'driving'")
    assert len(tab.text("wd-text")) > 20
    assert tab.page.locator(".wd-options tr.wd-chosen").count() == 1


def test_a_click_on_a_tick_goes_there_and_says_why(visit):
    tab = visit().link()
    before = tab.text("wd-text")
    tab.page.locator(".wd-tick").nth(3).click()
    tab.until("() => document.querySelector('.wd-tick[aria-current]').dataset.step === '3'")
    assert tab.time == 3.0 and tab.text("wd-text") != before
    assert "Keep speed" in tab.text("wd-text")


def test_keys_move_through_the_episode(visit):
    tab = visit().link()
    moves = [
        ("ArrowDown", 1, 1.0), ("ArrowRight", 1, 1.1), ("Shift+ArrowRight", 1, 1.7),
        ("ArrowUp", 1, 1.0), ("ArrowLeft", 0, 0.9), ("n", 5, 5.0), ("End", 11, 12.0), ("Home", 0, 0.0),
    ]  # fmt: skip
    for key, index, time in moves:
        tab.press(key)
        if key != "n":
            assert (tab.index, tab.time) == (index, time), key
        else:
            assert tab.index > 0 and tab.time == float(tab.index), "a turning point"
    tab.press("p")
    assert tab.index == 0
    tab.press("]")
    assert tab.text("wd-rate") == "2×"
    tab.press("[")
    tab.press("[")
    assert tab.text("wd-rate") == "0.5×"
    tab.press("?")
    assert tab.page.locator(".wd-help").is_visible()
    tab.press("Escape")
    tab.press(" ")
    tab.page.wait_for_timeout(400)
    assert tab.time > 0
    tab.press(" ")
    stopped = tab.time
    tab.page.wait_for_timeout(300)
    assert tab.time == stopped


def test_an_episode_in_which_nothing_was_driven_says_how_it_ended(visit, runs):
    empty = replace(fake_episode(steps=1), steps=())
    end = replace(empty.end, reason="policy failed", message="it gave up")
    log.write(runs / "empty" / "none-rule-7.jsonl", replace(empty, end=end))
    tab = visit().open("?run=empty&episode=none-rule-7")
    tab.until("() => document.querySelector('.wd-status')?.textContent.includes('it gave up')")


def test_keys_typed_into_a_field_do_not_move_the_episode(visit):
    tab = visit().link(step=5)
    tab.page.locator("#wd-seed input, #wd-seed textarea").click()
    tab.press("Home")
    tab.press("n")
    assert tab.index == 5


def test_a_phrase_and_its_car_share_a_colour_and_a_click(visit):
    tab = visit().link()
    phrase = tab.page.locator(".wd-text .wd-phrase").first
    colour = [int(n) for n in re.findall(r"\d+", phrase.evaluate("p => getComputedStyle(p).color"))]
    before = tab.page.evaluate(COUNT, colour)
    assert before > 100, "the car is painted in the phrase's colour"
    phrase.click()
    tab.page.wait_for_timeout(100)
    assert tab.page.evaluate(COUNT, colour) > before, "and stands out after the click"


COUNT = """(colour) => {
  const map = document.querySelector('.wd-map');
  const data = map.getContext('2d').getImageData(0, 0, map.width, map.height).data;
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    if (colour.every((c, k) => Math.abs(data[i + k] - c) < 12)) count++;
  return count;
}"""


def test_a_rejected_option_says_why_under_the_pointer(visit):
    tab = visit().link()
    row = tab.page.locator("tr[data-option=LANE_LEFT]")
    row.hover()
    assert "wd-lit" in row.get_attribute("class")
    box = tab.page.locator(".wd-map").bounding_box()
    for y in range(20, int(box["height"]) - 20, 5):
        tab.page.mouse.move(box["x"] + 0.72 * box["width"], box["y"] + y)
        if "change left" in tab.text("wd-tip"):
            break
    assert "gap behind of car 3: 6.1 m" in tab.text("wd-tip")


def test_dragging_over_the_plot_scrubs(visit):
    tab = visit().link()
    box = tab.page.locator(".wd-plot").bounding_box()
    tab.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 20)
    tab.page.mouse.down()
    tab.page.wait_for_timeout(60)
    first = tab.time
    tab.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 20)
    tab.page.mouse.up()
    tab.page.wait_for_timeout(60)
    assert 2 < first < tab.time < 9


def test_a_link_leads_to_the_step_and_follows_it(visit):
    tab = visit().link(step=7)
    assert (tab.index, tab.time) == (7, 7.0)
    tab.press("ArrowDown")
    tab.until("() => location.search.includes('step=8')")
    asked = parse_qs(urlparse(tab.page.url).query)
    assert asked == {"run": ["first"], "episode": ["straight-rule-7"], "step": ["8"]}


def test_hostile_text_in_a_log_stays_text(visit):
    tab = visit().link("hostile", "a-rule-7")
    assert tab.text("wd-text") == HOSTILE
    for name in ("wd-name", "wd-status", "wd-terms"):
        assert "<img src=x onerror=" in tab.page.locator(f".wd .{name}").first.text_content()
    assert tab.page.evaluate("() => window.hacked") is None
    assert tab.page.locator(".wd img, .wd script").count() == 0


def test_a_fallback_s_decision_is_marked_and_its_note_stays_text(visit, runs):
    fell = fallen_back(fake_episode(steps=4), (1, 2), (HOSTILE, "timed out after 20 s"))
    log.write(runs / "fell" / "a-rule-7.jsonl", fell)
    tab = visit().link("fell", "a-rule-7")
    mark, notes = tab.page.locator(".wd-why .wd-fallback"), tab.page.locator(".wd-notes")
    assert mark.count() == 0 and notes.is_hidden()
    tab.press("ArrowDown")
    assert tab.index == 1 and mark.is_visible() and mark.text_content() == "a fallback decided"
    assert notes.locator("li").all_text_contents() == [HOSTILE, "timed out after 20 s"]
    assert notes.locator("li *").count() == 0 and tab.page.evaluate("() => window.hacked") is None
    assert tab.page.locator(".wd-tick.wd-fell").count() == 2
    assert "a fallback decided" in tab.page.locator(".wd-tick").nth(1).get_attribute("title")
    assert "a fallback decided" in tab.page.locator("tr.wd-chosen").text_content()
    assert tab.page.locator(".wd-legend [data-mark=fallback]").is_visible()
    assert "answered 50% of its decisions" in tab.text("wd-status")


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_at_the_click_the_player_says_that_it_was_asked_and_where_it_stands(visit, size):
    told, (whole, driven) = Told(visit().page), messages(7, wish=1)
    told.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    told.tell(*driven)
    asked = told.page.locator(".wd-asked")
    assert asked.is_hidden()
    told.page.evaluate(
        "() => document.querySelector('.wd').dispatchEvent(new CustomEvent('wd-asked', { detail: 2 }))"
    )
    assert asked.text_content() == "asked…" and asked.is_visible()
    told.tell(driven[5], {"asked": 2, "wish": 2})
    assert asked.text_content() == "asked, place 2 in the queue", "of the former nothing is shown"
    box = asked.bounding_box()
    assert box["y"] < size[1] and box["x"] + box["width"] <= size[0]
    assert "wd-playing" not in told.page.locator(".wd").get_attribute("class")
    whole, again = messages(8, wish=2)
    told.tell(again[0])
    assert asked.is_hidden() and told.shown[:2] == ["8", 0]
    assert told.page.locator(".wd-text").text_content() == "", "nothing of the episode before"


def test_a_press_of_drive_says_at_once_that_it_was_asked_and_where_it_stands(visit):
    from drive.show import session

    tab = visit().link()
    lines = [line for line in LINES if line.at_once == requests.AT_ONCE]
    tickets = [(line, line.join()) for line in lines for _ in range(requests.AT_ONCE + 1)]
    assert lines and all(isinstance(line, session.Line) for line in lines)
    assert sum(line.place(ticket) == 0 for line, ticket in tickets) == requests.AT_ONCE * len(lines)
    tab.holds("Seed", "7")  # the form is filled with what is shown, a moment after it is shown
    tab.page.locator("#wd-seed input, #wd-seed textarea").fill("6")
    tab.page.locator("#wd-drive").click()
    tab.until(
        "() => document.querySelector('.wd-asked').textContent === 'asked, place 2 in the queue'"
    )
    for line, ticket in tickets:
        line.leave(ticket)
    tab.until("() => document.querySelector('.wd-name').textContent.includes('seed 6')")
    assert tab.page.locator(".wd-asked").is_hidden()


def test_a_first_message_that_is_lost_leaves_the_page_whole(visit):
    """Gradio sends only what differs from it afterwards, and hands that over as it stands."""
    tab, lost = visit(), []

    def lose(route):
        answer = route.fetch()
        told = answer.text().split("\n\n")
        lost.append(next((one for one in told if "process_generating" in one), None))
        route.fulfill(response=answer, body="\n\n".join(one for one in told if one != lost[-1]))

    tab.page.route("**/queue/data?*", lose)
    tab.link(step=3)
    tab.until("() => document.querySelector('.wd-tick[aria-current]').dataset.step === '3'")
    tab.holds("Run on disk", "first")
    tab.holds("Episode", "straight-rule-7")
    tab.until("() => document.querySelector('.wd-proved').textContent")
    assert '"header' in lost[0].replace("\\", ""), "the episode was in it"
    assert tab.page.locator(".wd-tick").count() == 12


def test_a_page_that_hears_nothing_asks_again(visit):
    tab, closed = visit(), 'data: {"msg": "close_stream"}\n\n'
    tab.page.route(
        "**/queue/data?*",
        lambda route: route.fulfill(content_type="text/event-stream", body=closed),
        times=1,
    )
    tab.link(step=3)
    assert tab.index == 3


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?policy=nobody", "no policy 'nobody'; choose from"),
        ("?scenario=nowhere", "nowhere"),
        ("?seed=<b>twelve</b>", "whole number"),
        ("?run=../..&episode=passwd", "no run '../..'"),
        ("?run=first&episode=straight-rule-7&step=x", "whole number"),
    ],
)
def test_a_wrong_link_gets_one_sentence(visit, query, sentence):
    tab = visit().open(query)
    tab.page.wait_for_selector(".wd-notice:not([hidden])")
    assert sentence in tab.text("wd-notice") and tab.text("wd-notice").count(". ") == 0
    assert tab.page.locator(".wd-notice *").count() == 0


def test_pressing_drive_again_ends_the_former_drive(visit, runs, monkeypatch):
    going, ended = threading.Event(), threading.Event()

    def record(world, policy, seed, *rest):
        """Seed 4 does not get beyond its second decision before it is let go."""
        events = usual(world, policy, seed, *rest)
        try:
            for count, event in enumerate(events):
                yield event
                if seed == 4 and count == 2:
                    assert going.wait(60)
        finally:
            events.close()
            if seed == 4:
                ended.set()

    usual = requests.record
    monkeypatch.setattr(requests, "record", record)
    tab = visit().open("?scenario=two-way&policy=rule&seed=3")
    tab.page.wait_for_selector(".wd-tick")
    tab.holds("Seed", "3")
    for seed in (4, 5):
        tab.page.locator("#wd-seed input, #wd-seed textarea").fill(str(seed))
        tab.page.locator("#wd-drive").click()
        tab.until(f"() => document.querySelector('.wd-name').textContent.includes('seed {seed}')")
        tab.page.wait_for_selector(".wd-tick")
    going.set()
    assert ended.wait(60)
    tab.until("() => document.querySelector('.wd-status')?.dataset.kind !== 'driving'", seconds=120)
    driven = {path.stem[-1]: path for path in runs.glob("page-*/two-way-rule-[45].jsonl")}
    steps = tab.page.locator(".wd-tick").count()
    assert len(log.read(driven["5"]).episode.steps) == steps
    assert log.read(driven["5"]).episode.end is not None
    assert log.read(driven["4"]).episode.end is None
    assert "seed 5" in tab.text("wd-name")
    tab.holds("Seed", "5")


def test_two_visitors_drive_at_once_and_each_sees_their_own(visit):
    tabs = [visit().open(f"?scenario=two-way&policy=idle&seed={seed}") for seed in (8, 9)]
    for tab, seed in zip(tabs, (8, 9), strict=True):
        tab.until(
            "() => ['good', 'bad'].includes(document.querySelector('.wd-status')?.dataset.kind)"
        )
        assert f"seed {seed}" in tab.text("wd-name")


@dataclass
class Told:
    """A player without a page around it, told messages by hand, whose server answers when bidden."""

    page: object
    clock: bool = False  # time goes on only where a test lets it

    def __post_init__(self):
        assets = viewer.player_assets()
        if self.clock:
            self.page.clock.install(time=0)
            self.page.clock.pause_at(1000)  # installed alone, it would run on
        self.page.set_content(
            f"<style>#p {{ {assets['css']} }}</style><div id=p>{assets['html']}</div>"
        )
        self.page.evaluate(
            """(js) => {
              window.props = { value: null }, window.asked = [], window.answers = [], window.triggered = [];
              const server = { logged: (id) => new Promise((answer, refuse) => {
                asked.push(id[1]); answers.push({ answer, refuse }); }) };
              Function("element", "trigger", "props", "server", "upload", "watch", js)(
                document.querySelector("#p"), (name) => triggered.push(name), props, server, null, (_, f) => { window.told = f; });
            }""",
            assets["js"],
        )

    def tell(self, *messages):
        for message in messages:
            self.page.evaluate("(m) => { props.value = JSON.stringify(m); told(); }", message)

    def answer(self, log):
        """What was asked for first; None: the connection is lost. What is then shown: name, decisions, notice."""
        self.page.evaluate(
            "(log) => log ? answers.shift().answer(JSON.stringify(log)) : answers.shift().refuse()",
            log,
        )
        self.page.wait_for_timeout(100)
        return self.shown

    @property
    def shown(self):
        return self.page.evaluate(
            """() => [document.querySelector(".wd-name").textContent.split(" ").at(-1),
                      document.querySelectorAll(".wd-tick").length,
                      document.querySelector(".wd-notice").textContent]"""
        )

    @property
    def asked(self):
        return self.page.evaluate("asked")


def messages(seed, wish):
    """A whole log, and what is told of it while it is driven: its header, then each of its five decisions."""
    episode = fake_episode(steps=5)
    episode = replace(episode, header=replace(episode.header, seed=seed))
    whole = viewer.player_data(episode, "run", f"seed {seed}")
    told = {"id": whole["id"], "wish": wish}
    steps = [told | {"from": k, "steps": whole["steps"][k : k + 1]} for k in range(5)]
    return whole, [told | {"header": whole["header"]}, *steps]


@pytest.mark.parametrize("arriving", [[0, 4], [4], [0, 1, 3], [2]])
def test_messages_that_got_lost_are_fetched_from_the_log(visit, arriving):
    told, (whole, driven) = Told(visit().page), messages(7, wish=1)
    told.tell(*(driven[k] for k in arriving))
    assert told.answer(whole) == ["7", 5, ""] and told.asked == ["seed 7"]


@pytest.mark.parametrize("arriving", [range(6), [0], [5], [3, 5]])
def test_a_log_that_comes_late_does_not_show_what_is_no_longer_asked_for(visit, arriving):
    told = Told(visit().page)
    (former, before), (whole, driven) = messages(4, wish=1), messages(5, wish=2)
    told.tell(before[2], *(driven[k] for k in arriving))
    shown = told.answer(former)
    while len(told.asked) > 1 and shown[0] != "5":
        shown = told.answer(whole)
    assert shown == ["5", 0 if arriving == [0] else 5, ""]


def test_a_log_that_is_not_there_is_said_and_not_asked_for_again(visit):
    told, (_, driven) = Told(visit().page), messages(7, wish=1)
    told.tell(driven[3])
    assert told.answer({"problem": "no such log."}) == ["", 0, "no such log."]
    assert told.asked == ["seed 7"]


def test_a_server_that_does_not_answer_is_asked_again_when_it_speaks(visit):
    told, (whole, driven) = Told(visit().page), messages(7, wish=1)
    told.tell(driven[3])
    assert told.answer(None) == ["", 0, "the server does not answer."]
    told.tell(driven[4])
    assert told.answer(whole) == ["7", 5, ""]


def test_the_picture_is_sharp_on_a_fine_screen(visit):
    tab = visit(device_scale_factor=2).link("first", "ring-rule-7", 1)
    sizes = tab.page.evaluate(
        "() => [...document.querySelectorAll('.wd canvas')].map(c => [c.width, c.clientWidth])"
    )
    assert all(width == 2 * shown for width, shown in sizes)
    assert tab.page.locator(".wd").get_attribute("data-layout") == "curved"


def test_light_and_dark_follow_the_system(visit):
    shades = {}
    for scheme in ("light", "dark"):
        tab = visit(color_scheme=scheme).link()
        shades[scheme] = tab.page.evaluate("""() => {
          const rgb = getComputedStyle(document.querySelector('.wd')).backgroundColor;
          return rgb.match(/\\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
        }""")
    assert shades["light"] > 700 and shades["dark"] < 100


def test_the_log_and_the_film_can_be_downloaded(visit, runs):
    tab = visit().link("first", "ring-rule-7")
    with tab.page.expect_download() as download:
        tab.page.locator("#wd-log").click()
    assert download.value.suggested_filename == "ring-rule-7.jsonl"
    source = (runs / "first" / "ring-rule-7.jsonl").read_bytes()
    assert Path(download.value.path()).read_bytes() == source
    with tab.page.expect_download(timeout=60000) as download:
        tab.page.locator("#wd-film").click()
    assert download.value.suggested_filename == "ring-rule-7.webm"
    film = b64encode(Path(download.value.path()).read_bytes()).decode()
    seconds, width = tab.page.evaluate(PLAY, film)
    assert seconds > 8 and width == 1280, "the browser plays it"


PLAY = """async (film) => {
  const video = document.createElement('video');
  video.muted = true;
  video.src = URL.createObjectURL(await (await fetch(`data:video/webm;base64,${film}`)).blob());
  await video.play();
  await new Promise((done) => setTimeout(done, 300));
  return [video.currentTime > 0 ? video.duration : 0, video.videoWidth];
}"""


def test_a_run_is_opened_from_the_list(visit):
    tab = visit().link("hostile", "a-rule-7")
    tab.page.get_by_label("Run on disk").click()
    tab.page.get_by_role("option", name="first", exact=True).click()
    tab.until("() => document.querySelector('.wd-name').textContent.startsWith('fake')")
    tab.until("() => document.querySelectorAll('.wd-tick').length === 4")
    tab.page.get_by_label("Episode", exact=True).click()
    tab.page.get_by_role("option", name="straight-rule-7").click()
    tab.until("() => document.querySelectorAll('.wd-tick').length === 12")
