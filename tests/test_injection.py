"""Texts of strangers in every field that takes one: shown as text, nothing runs, nothing is asked elsewhere, the page works on."""

# ruff: noqa: F811  # fixtures

from __future__ import annotations

import base64
import inspect
import json
from dataclasses import replace
from urllib.parse import quote

import pytest
from fake_episode import crash, fake_episode, fallen_back
from test_browser import address, chromium, hostile, runs, tabs, visit  # noqa: F401  # fixtures

from drive.episodes import log, notes
from drive.show import answers, differences, incidents, requests, service, session, thoughts

ELSEWHERE = "http://elsewhere.invalid/x"
TEXTS = {
    "markup": f'<img src={ELSEWHERE} onerror="window.hacked=1">',
    "script": "</script></p></textarea><script>window.hacked=1;alert(1)</script>",
    "attribute": '"\' autofocus onfocus=window.hacked=1 x="><svg/onload=window.hacked=1>',
    "template": "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=1} #{1} <%= 1 %>",
    "path": "../../../../../../etc/passwd",
    "file": "file:///etc/passwd",
    "address": f"javascript:window.hacked=1//{ELSEWHERE}",
    "huge": "A" * 20_000,
    "unicode": "\u202e\u2066\ufeff\u0301\u0301 👩\u200d🚗 \u2028\u2029 עברית ﷽ Ｆ \uffff \x7f",
    "escapes": "\\u003cimg src=x\\x3e %3Cscript%3E &lt;b&gt; \x1b[31m\x07",
}
AT_WORK = "() => document.querySelectorAll('.wd-tick').length > 0"
HARM = """() => [window.hacked ?? null, document.querySelectorAll(
  ".wd img, .wd script, .wdg script, iframe, object, embed, [onerror], [onload], [onfocus], a[href^=javascript]").length,
  document.documentElement.scrollWidth - innerWidth, location.hash]"""
LONGEST = 500  # characters of a sentence about what was wrong
SIZES = [(1280, 720), (390, 844)]


def unharmed(tab):
    hacked, nodes, beyond, _ = tab.page.evaluate(HARM)
    assert hacked is None and nodes == 0, "nothing ran, and nothing became markup"
    assert beyond <= 0, "no text makes the page wider than the screen"


def works(tab):
    """Keys still move through the episode."""
    tab.page.locator(".wd").focus()
    tab.press("Home")
    assert tab.index == 0
    tab.press("ArrowDown")
    assert tab.index == 1


def seed(tab, text):
    """The form's seed."""
    tab.page.locator("#wd-seed input, #wd-seed textarea").fill(text)
    tab.page.locator("#wd-drive").click()
    tab.page.wait_for_selector(".wd-notice:not([hidden])")
    tab.until("() => document.querySelector('.wd-notice').textContent.includes('whole number')")
    assert len(tab.text("wd-notice")) < LONGEST and tab.page.locator(".wd-notice *").count() == 0


def policy(tab, text):
    """The form's list of policies, which can be typed into."""
    box = tab.page.get_by_label("Policy", exact=True)
    box.fill(text[:500])
    box.press("Enter")
    box.press("Escape")


def question(tab, text):
    tab.page.locator(".wd-question").fill(text)
    tab.press("Enter")
    tab.until("() => document.querySelector('.wd-says')?.textContent.length > 9", 60)
    tab.until("() => !document.querySelector('.wd-answer')?.dataset.busy")
    tab.press("Escape")


def search(tab, text):
    if not tab.page.locator(".wdg").is_visible():
        tab.page.locator("#wd-browse").click()
        tab.page.wait_for_selector(".wdg tbody tr")
    tab.page.get_by_label("Search in what was said").fill(text)
    tab.page.wait_for_timeout(500)
    unharmed(tab)
    tab.page.locator("#wd-browse").click()


def note(tab, text, kind="note"):
    tab.page.locator(f"[data-remark={kind}]").click()
    box = tab.page.locator(".wd-remark-form :is(textarea, input)")
    most = notes.LONGEST[kind]
    box.fill(text[:most])
    tab.page.get_by_role("button", name="Keep", exact=True).click()
    tab.until("() => !document.querySelector('.wd-remark-form')")
    kept = notes.cleaned(text[:most])
    shown = tab.page.locator(".wd-remarks li .wd-remark-text").all_text_contents()
    assert kept in shown, "as it was written"
    assert kept in [
        chip.get_attribute("title") for chip in tab.page.locator(".wd-remark-chip").all()
    ]


def bookmark(tab, text):
    note(tab, text, "bookmark")


LINKS = (
    "seed={}", "scenario={}", "policy={}", "run={}&episode=x", "run=first&episode={}",
    "run=first&episode=straight-rule-7&step={}", "{}=1",
)  # fmt: skip


def link(tab, text):
    """Every parameter of a link takes markup; other texts one each, in turn."""
    number = [*TEXTS.values()].index(text)
    for query in LINKS if text == TEXTS["markup"] else [LINKS[number % len(LINKS)]]:
        new = tab.visit()
        new.open(f"?{query.format(quote(text[:4000]))}")
        new.until(AT_WORK)
        if not query.startswith("{"):
            new.page.wait_for_selector(".wd-notice:not([hidden])")
            assert len(new.text("wd-notice")) < LONGEST
            assert new.page.locator(".wd-notice *").count() == 0
        new.page.wait_for_selector(".wd-judge:not([hidden])")
        unharmed(new)
        new.page.close()  # a browser keeps six connections to a server


DROP = """([name, content]) => { const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
  const given = new DataTransfer(); given.items.add(new File([bytes], name));
  for (const kind of ["dragover", "drop"]) document.querySelector(".wd").dispatchEvent(
    new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: given })); }"""


def drop(tab, name, content):
    before = tab.page.evaluate("() => document.querySelector('.wd').dataset.episode")
    tab.page.evaluate(DROP, [name, base64.b64encode(content).decode()])
    tab.until(
        f"() => document.querySelector('.wd').dataset.episode !== {json.dumps(before)}"
        " || !document.querySelector('.wd-notice').hidden"
    )


def dropped_name(tab, text):
    """A log that is dropped: its name."""
    name = f"{text.replace('/', '_')[:200]}.jsonl"
    drop(tab, name, tab.brought("plain"))
    tab.until("() => document.querySelector('.wd').dataset.run === 'dropped'")


def dropped_content(tab, text):
    """A file that is dropped: what is in it; and a log with the text wherever it has words."""
    drop(tab, "a.jsonl", text.encode("utf-8", "replace"))
    assert tab.page.locator(".wd-notice *").count() == 0
    assert len(tab.text("wd-notice")) < LONGEST
    drop(tab, "b.jsonl", tab.brought(text))
    shown = f"() => document.querySelector('.wd-text').textContent.includes({json.dumps(text)})"
    tab.until(shown, 20)
    assert text in tab.text("wd-text") and text in tab.text("wd-name")


def log_texts(tab, text):
    """A log on the shelf, with the text wherever it has words."""
    name = tab.shelved(text)
    new = tab.visit()
    new.link("texts", name, 1)
    assert text in new.text("wd-text") and text in new.text("wd-name")
    new.press("w")
    assert text in new.page.locator(".wd-notes").text_content()
    new.press("End")
    new.page.wait_for_selector(".wd-judge:not([hidden])")
    unharmed(new)
    new.page.close()


FIELDS = (
    seed, policy, question, search, note, bookmark, link, dropped_name, dropped_content, log_texts,
)  # fmt: skip


def worded(text):
    """An episode with a text wherever a log has words of its own."""
    made = fallen_back(crash(fake_episode(steps=3, text=text)), (1,), (text,))
    made = hostile(made)
    steps = tuple(replace(step, rationale=replace(step.rationale, text=text)) for step in made.steps)  # fmt: skip
    return replace(made, header=replace(made.header, policy=text, scenario=text), steps=steps)


SOME = ("markup", "script", "huge", "unicode")  # of those for which a page is loaded each
OTHERS = tuple(name for name in TEXTS if name not in SOME)


@pytest.mark.parametrize(
    ("field", "size", "names"),
    [
        *((field, SIZES[0], SOME if field in (link, log_texts) else TEXTS) for field in FIELDS),
        (note, SIZES[1], TEXTS),
        *(
            pytest.param(field, SIZES[0], OTHERS, marks=pytest.mark.thorough)
            for field in (link, log_texts)
        ),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_text_in_a_field_is_a_text(visit, runs, tmp_path, field, size, names):
    tab, dialogs = visit(), []
    tab.page.on("dialog", lambda one: (dialogs.append(one.message), one.dismiss()))
    tab.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))

    def brought(text):
        path = tmp_path / "brought.jsonl"
        log.write(path, fake_episode(steps=3) if text == "plain" else worded(text))
        return path.read_bytes()

    def shelved(text):
        name = f"t{abs(hash((text, size)))}"
        log.write(runs / "texts" / f"{name}.jsonl", worded(text))
        return name

    tab.brought, tab.shelved, tab.visit = brought, shelved, visit
    name = f"{field.__name__}{size[0]}{len(names)}"
    log.write(runs / "injected" / f"{name}.jsonl", fake_episode(steps=4))
    tab.link("injected", name, 1)
    tab.page.wait_for_selector(".wd-judge:not([hidden])")
    for name in names:
        print(name)
        field(tab, TEXTS[name])
        unharmed(tab)
    works(tab)
    assert dialogs == []


# --------------------------------------------------------------------------- without a browser

ODD = [
    *TEXTS.values(),
    "\ud800",
    "\x00",
    "",
    None,
    True,
    10**30,
    1.5,
    {},
    [],
    [[["x"]]],
    {"a": "<b>"},
]
ASKED = {
    "episode": lambda odd: requests.episode(odd, odd),
    "answer": lambda odd: requests.answer(
        answers.Answering(requests.driven_again), ["first", "straight-rule-7", 1, odd, 1]
    ),
    "answer where": lambda odd: requests.answer(
        answers.Answering(requests.driven_again), [odd, odd, odd, "why", odd]
    ),
    "thought": lambda odd: requests.thought(
        thoughts.Thinking(requests.driven_again), ["first", "straight-rule-7", 1, odd, 1]
    ),
    "thought where": lambda odd: requests.thought(
        thoughts.Thinking(requests.driven_again), [odd, odd, odd, {"gap ahead": odd}, odd, odd]
    ),
    "hindsight": lambda odd: requests.hindsight(
        differences.Looking(requests.driven_again), [odd, odd, odd]
    ),
    "rivals": lambda odd: requests.rivals(odd, odd),
    "incident": lambda odd: requests.incident(incidents.Incidents(), odd, odd),
    "browsed": lambda odd: requests.browsed([odd, odd]),
    "browsed words": lambda odd: requests.browsed(["words", odd]),
    "browsed pictures": lambda odd: requests.browsed(["pictures", odd, odd]),
    "browsed charts": lambda odd: requests.browsed(["charts", odd]),
    "browsed language": lambda odd: requests.browsed(["rows", odd], str(odd)),
    "browsed policies": lambda odd: requests.browsed(["policies", odd]),
    "noted": lambda odd: requests.noted([odd, odd, "add", odd, odd, odd, odd]),
    "noted what": lambda odd: requests.noted(["first", "straight-rule-7", odd, odd, odd, odd, odd]),
    "noted whole": lambda odd: requests.noted(odd),
    "steered": lambda odd: requests.Page().steered([odd, odd, odd]),
    "left": lambda odd: requests.Page().left(odd),
    "seated": lambda odd: requests.Page().seated([odd, odd]),
    "resaid": lambda odd: requests.resaid(odd, odd, requests.Page().spoken(odd)),
    "resaid language": lambda odd: requests.resaid(
        "first", "straight-rule-7", requests.Page().spoken(odd)
    ),
    "run": lambda odd: service.told(service.run)(odd, odd, odd, odd),
    "policies": lambda odd: service.told(service.policies)(odd),
    "explain": lambda odd: service.told(service.explain)(odd, odd, odd, odd),
    "what_if": lambda odd: service.told(service.what_if)(odd, odd, odd, odd, odd),
    "what_if question": lambda odd: service.told(service.what_if)("first", "straight-rule-7", odd),
    "verify": lambda odd: service.told(service.verify)(odd, odd),
}


@pytest.mark.parametrize("name", ASKED)
def test_whatever_is_sent_is_answered_with_json_that_is_no_markup(runs, name):
    for odd in ODD:
        told = ASKED[name](odd)
        assert "<" not in told, repr(odd)[:50]
        answer = json.loads(told)
        if isinstance(answer, dict) and "problem" in answer:
            assert 5 < len(answer["problem"]) < LONGEST and "\n" not in answer["problem"].strip()


def test_each_function_that_a_browser_or_a_program_may_call_is_tried():
    tried = {name.split()[0] for name in ASKED}
    assert {f.__name__ for f in service.FUNCTIONS} - {"scenarios"} <= tried
    source = inspect.getsource(__import__("app"))
    listed = source.split("server_functions=[")[1:]
    served = {name.strip(" \n") for part in listed for name in part.split("]")[0].split(",")}
    same = {"logged": "episode", "answered": "answer", "compared": "rivals", "lookedback": "incident"}  # fmt: skip
    assert {same.get(name, name) for name in served if name} <= tried


@pytest.mark.parametrize("text", [*TEXTS.values(), "\ud800"])
def test_a_sentence_about_what_was_wrong_is_short(text):
    with pytest.raises(ValueError) as wrong:
        session.whole(text)
    assert len(session.in_words(wrong.value)) < LONGEST
