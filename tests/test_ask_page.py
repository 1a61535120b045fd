"""Asking on the page, in a real Chromium: a box, a click on a car, a drag; both futures under one clock."""

# ruff: noqa: F811  # fixtures

import json

import pytest
from commands import whydrive
from digests import episode
from test_browser import COUNT, HOSTILE, address, chromium, runs, tabs, visit  # noqa: F401  # fixtures

from drive.episodes import log
from drive.episodes.asking import Asker
from drive.episodes.branch import branch
from drive.episodes.record import finished
from drive.language import parse_question
from drive.show import answers, comparing, kept, requests

SIZES = [(1280, 720), (390, 844)]
STEP = 3


@pytest.fixture(scope="module")
def driven(runs):
    """A log that can be driven again."""
    driven = finished(episode("highway-fast", "planner"))
    log.write(runs / "asked" / "fast.jsonl", driven)
    return driven


@pytest.fixture
def tab(visit, driven):
    return visit().link("asked", "fast", STEP)


def ask(tab, text, by="Enter"):
    tab.page.get_by_label("Question", exact=True).fill(text)
    if by == "Enter":
        tab.page.keyboard.press("Enter")
    else:
        tab.page.get_by_role("button", name="Ask", exact=True).click()
    tab.page.wait_for_selector(".wd-answer:not([data-busy]):not([hidden])")


def answer_of(driven, text, step=STEP):
    return Asker(driven).ask(step, parse_question(text), "en")


def a_cause(driven):
    """A step and a car without which something else would be done there."""
    for step in driven.steps:
        for cause in step.attribution.causes if step.attribution else ():
            if len(cause.cars) == 1:
                return step.scene.step, cause.cars[0]
    raise LookupError


@pytest.mark.parametrize("size", SIZES)
def test_what_if_is_answered_with_both_futures_under_one_clock(visit, driven, size):
    asked = Asker(driven)
    step, car = STEP, driven.steps[STEP].scene.cars[0].id
    tab = visit()
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    tab.link("asked", "fast", step)
    ask(tab, f"what if car {car} were not there?", "button")
    answer = asked.ask(step, parse_question(f"without car {car}"), "en")
    assert tab.text("wd-says") == answer.text
    changed = tab.page.locator(".wd-change")
    assert changed.get_attribute("data-changed") == str(answer.changed).lower()
    tab.until("() => document.querySelector('.wd[data-beside]')")
    tab.until(f"() => parseFloat(document.querySelector('.wd-time b').textContent) > {step + 0.3}")
    shown = [tab.page.locator(name).bounding_box() for name in (".wd-map", ".wd-eye")]
    assert all(box["width"] > 300 and box["height"] > 60 for box in shown), "two pictures"
    assert tab.page.evaluate(DIFFERENT) > 20, "of two futures"
    assert tab.index == step, "the words stay those of the decision that was asked about"
    tab.page.keyboard.press("Escape")
    tab.until("() => !document.querySelector('.wd[data-beside]')")
    tab.until(f"() => parseFloat(document.querySelector('.wd-time b').textContent) === {step}")
    assert tab.page.locator(".wd-answer").is_hidden()


DIFFERENT = """() => {
  const [a, b] = ['.wd-map', '.wd-eye'].map((name) => document.querySelector(name));
  const [x, y] = [a, b].map((c) => c.getContext('2d').getImageData(0, 0, Math.min(a.width, b.width), Math.min(a.height, b.height)).data);
  let count = 0;
  for (let i = 0; i < x.length; i += 4) if (Math.abs(x[i] - y[i]) > 30) count++;
  return count;
}"""  # fmt: skip


def test_why_not_shows_bars_that_sum_and_the_option_as_a_ghost(tab, driven):
    step = driven.steps[STEP]
    option = next(o for o in step.choice.options if o.action != step.choice.action)
    words = {"FASTER": "speed up", "SLOWER": "slow down", "IDLE": "carry on", "LANE_LEFT": "change left", "LANE_RIGHT": "change right"}  # fmt: skip
    before = tab.page.evaluate(PAINTED)
    ask(tab, f"why not {words[option.action.name]}?")
    assert tab.text("wd-says") == answer_of(driven, f"why not {words[option.action.name]}").text
    worths = tab.page.locator(".wd-contest li b").all_text_contents()
    *parts, whole = (float(text.replace("−", "-")) for text in worths)
    assert whole == pytest.approx(sum(parts), abs=0.01 * len(parts))
    assert whole == pytest.approx(step.choice.chosen.score - option.score, abs=0.006)
    assert tab.page.locator(".wd-contest li i.wd-part > i").count() == len(worths)
    tab.page.wait_for_timeout(500)
    assert tab.page.evaluate(PAINTED) != before, "a ghost drives on the map"


PAINTED = "() => document.querySelector('.wd-map').toDataURL()"


def test_a_click_on_a_car_offers_questions_about_it_and_one_more_click_answers(tab, driven):
    car = tab.page.evaluate(NEAREST)
    tab.page.locator(".wd-map").click(position={"x": car["x"], "y": car["y"]})
    menu = tab.page.locator(".wd-menu")
    assert menu.locator("b").text_content() == f"car {car['id']}"
    assert menu.locator("button").count() == 9
    menu.get_by_text("braked").click()
    tab.page.wait_for_selector(".wd-change")
    assert (
        tab.text("wd-says") == answer_of(driven, f"what if car {car['id']} braked", tab.index).text
    )


NEAREST = """() => {
  const map = document.querySelector('.wd-map');
  for (let y = 4; y < map.clientHeight; y += 4)
    for (let x = 4; x < map.clientWidth; x += 6) {
      map.dispatchEvent(new PointerEvent('pointermove', {clientX: map.getBoundingClientRect().x + x, clientY: map.getBoundingClientRect().y + y}));
      const tip = document.querySelector('.wd-tip');
      const named = !tip.hidden && /^car (\\d+)/.exec(tip.textContent);
      if (named) return {id: Number(named[1]), x: x + 6, y: y + 3};
    }
}"""  # fmt: skip


def test_a_car_that_is_dragged_stands_where_it_was_let_go(tab, driven):
    car, box = tab.page.evaluate(NEAREST), tab.page.locator(".wd-map").bounding_box()
    tab.page.mouse.move(box["x"] + car["x"], box["y"] + car["y"])
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + car["x"] + 60, box["y"] + car["y"], steps=4)
    tab.page.mouse.up()
    tab.page.wait_for_selector(".wd-answer:not([data-busy]):not([hidden])")
    asked = tab.page.get_by_label("Question", exact=True).input_value()
    assert asked.startswith(f"move {car['id']} ")
    moved = parse_question(asked).edits[0]
    before = driven.steps[STEP].scene.car(car["id"])
    assert moved.x > before.x + 2 and abs(moved.y - before.y) < 3
    assert tab.text("wd-says") == answer_of(driven, asked).text


def test_a_click_on_the_road_adds_a_car_there(tab, driven):
    box = tab.page.locator(".wd-map").bounding_box()
    tab.page.locator(".wd-map").click(
        position={"x": box["width"] * 0.97, "y": box["height"] * 0.97}
    )
    tab.page.locator(".wd-menu").get_by_text("that stands").click()
    tab.page.wait_for_selector(".wd-answer:not([data-busy]):not([hidden])")
    assert tab.page.get_by_label("Question", exact=True).input_value().startswith("add car ")
    assert tab.text("wd-says")


@pytest.mark.parametrize("size", SIZES)
def test_a_click_on_the_road_puts_debris_there_that_is_seen_in_the_other_future(
    visit, driven, size
):
    tab = visit()
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    tab.link("asked", "fast", STEP)
    box = tab.page.locator(".wd-map").bounding_box()
    place = {"x": box["width"] * 0.97, "y": box["height"] * 0.94}
    tab.page.locator(".wd-map").click(position=place)
    tab.page.locator(".wd-menu").get_by_text("debris").click()
    tab.page.wait_for_selector(".wd-answer:not([data-busy]):not([hidden])")
    asked = tab.page.get_by_label("Question", exact=True).input_value()
    assert asked.startswith("obstruct ")
    answer = answer_of(driven, asked)
    assert tab.text("wd-says") == answer.text and tab.page.locator(".wd-change").is_visible()
    assert len(answer.branch.steps[STEP].scene.objects) == 1
    tab.until("() => document.querySelector('.wd[data-beside]')")
    tab.page.keyboard.press(" ")
    tab.page.wait_for_timeout(150)
    painted = COUNT.replace(".wd-map", ".wd-eye")
    assert tab.page.evaluate(painted, [0xD0, 0x8A, 0x00]) > 5


def test_by_keyboard_alone(tab, driven):
    tab.press("a")
    tab.page.keyboard.type("why")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector(".wd-duel")
    assert tab.text("wd-says") == answer_of(driven, "why").text
    tab.page.keyboard.press("Escape")
    assert tab.page.locator(".wd-answer").is_hidden()


@pytest.mark.parametrize(
    "text", [HOSTILE, "what if car 99999 braked", "x" * 199, "add car 1e9 0 5"]
)
def test_what_cannot_be_asked_is_said_in_a_sentence_and_is_no_markup(tab, text):
    ask(tab, text[:199])
    assert len(tab.text("wd-says")) > 15
    assert tab.page.evaluate("window.hacked") is None
    assert not tab.page.evaluate(
        "() => Boolean(document.querySelector('.wd-answer img, .wd-answer script'))"
    )
    tab.press("Escape")


def test_a_policy_s_words_in_an_answer_are_no_markup(visit):
    tab = visit().link("hostile", "a-rule-7")
    ask(tab, "why")
    assert tab.page.evaluate("window.hacked") is None


def test_the_command_line_gives_the_same_answer(tmp_path):
    path, driven = tmp_path / "fast.jsonl", episode("highway-fast", "rule")
    log.write(path, driven)
    step, car = a_cause(driven)
    text = f"what if you did not see car {car}"
    done = whydrive("ask", path, text, "--step", step)
    assert done.returncode == 0, done.stderr
    answer = answer_of(driven, text, step)
    assert answer.changed and done.stdout.splitlines() == [answer.asked, answer.text]


@pytest.mark.parametrize("size", SIZES)
def test_another_policy_is_compared_on_the_same_seed_and_where_they_part_is_marked(
    visit, driven, size
):
    ours, theirs = driven, episode("highway-fast", "rule")
    first = next(
        k for k, (a, b) in enumerate(zip(ours.steps, theirs.steps, strict=False)) if a.choice.action != b.choice.action
    )  # fmt: skip
    tab = visit()
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    tab.link("asked", "fast", 5)
    tab.page.get_by_label("Compare with").select_option("rule")
    tab.page.wait_for_selector(".wd-compare table")
    tab.page.locator(".wd-parted").click()
    tab.until(f"() => document.querySelector('.wd-tick[aria-current]').dataset.step === '{first}'")
    said = tab.page.locator(".wd-both p").all_text_contents()
    assert said == [ours.steps[first].rationale.text, theirs.steps[first].rationale.text]
    assert tab.page.evaluate(DIFFERENT) > 20
    rows = {row[0]: row[1:] for row in tab.page.evaluate(ROWS)}
    speeds = [
        f"{e.metrics['mean speed']:.1f} m/s" for e in (finished(ours).end, finished(theirs).end)
    ]
    assert rows["mean speed"] == speeds
    tab.page.get_by_label("End the comparison").click()
    assert tab.page.locator("[data-beside], .wd-compare:visible").count() == 0


ROWS = """() => [...document.querySelectorAll('.wd-compare tr')].map((row) => [...row.children].map((cell) => cell.textContent))"""  # fmt: skip


def test_whom_a_drive_cannot_be_compared_with_is_not_offered(visit, driven):
    tab = visit().link("hostile", "a-rule-7")
    tab.page.wait_for_timeout(500)
    assert tab.page.get_by_label("Compare with").is_hidden(), "its scenario is none of ours"
    tab.link("asked", "fast", 2)
    tab.until("() => document.querySelectorAll('.wd-with option').length > 1")
    offered = tab.page.get_by_label("Compare with").locator("option").all_text_contents()
    assert "rule" in offered and "planner" not in offered


# ------------------------------------------------------------------------------- without a browser


def test_a_log_that_has_grown_is_read_anew_and_only_a_few_are_kept(runs, driven, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(runs))
    desk, path = answers.Answering(requests.driven_again), runs / "grown" / "fast.jsonl"
    path.parent.mkdir()
    lines = (runs / "asked" / "fast.jsonl").read_text().splitlines()
    path.write_text("\n".join(lines[:4]) + "\n")
    with pytest.raises(ValueError, match="no step 5"):
        desk.ask("grown", "fast", 5, "why")
    path.write_text("\n".join(lines) + "\n")
    assert desk.ask("grown", "fast", 5, "why")["phrases"]
    for number in range(kept.KEPT + 3):
        log.write(runs / "many" / f"a{number}.jsonl", driven)
        desk.ask("many", f"a{number}", 0, "why")
    assert len(desk._logs._kept) == kept.KEPT


def test_a_crowd_is_told_to_come_back(runs, driven, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(runs))
    desk = answers.Answering(requests.driven_again)
    desk._logs._asking = kept.AT_ONCE + kept.WAITING
    told = json.loads(requests.answer(desk, ["asked", "fast", 1, "why", 1]))
    assert "many visitors" in told["problem"]


@pytest.mark.parametrize(
    "asked",
    [
        ["../..", "passwd", 0, "why", 1], ["asked", "../first/ring", 0, "why", 1], ["asked", "fast", -1, "why", 1],
        ["asked", "fast", 1e99, "why", 1], ["asked", "fast", 0, None, 1], ["asked", "fast", 0, "why", "many"],
        ["asked"], "asked", None, {"run": 1}, [1, 2, 3, 4, 5], ["asked", "fast", 0, ["why"], 1],
    ],
)  # fmt: skip
def test_whatever_is_sent_is_answered_in_one_sentence(runs, driven, monkeypatch, asked):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(runs))
    told = json.loads(requests.answer(answers.Answering(requests.driven_again), asked))
    assert set(told) == {"problem"} and told["problem"].endswith(".")


@pytest.mark.parametrize(
    ("policy", "why"), [("../mine.py", "no policy"), ("nobody", "no policy"), (None, "no policy")]
)
def test_another_policy_is_one_that_ships(runs, driven, monkeypatch, policy, why):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(runs))
    with pytest.raises(ValueError, match=why):
        next(comparing.messages(runs / "asked" / "fast.jsonl", policy, lambda: True))


def test_a_branch_is_not_compared_and_a_drive_that_is_no_longer_wanted_ends(
    runs, driven, monkeypatch
):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(runs))
    path = runs / "asked" / "branch.jsonl"
    log.write(path, branch(driven, 2, decisions=1))
    with pytest.raises(ValueError, match="in the middle"):
        next(comparing.messages(path, "rule", lambda: True))
    wanted = iter((True, True, False))
    told = list(comparing.messages(runs / "asked" / "fast.jsonl", "rule", lambda: next(wanted)))
    assert [len(message["steps"]) for message in told] == [0, 1, 1]
