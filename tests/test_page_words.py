"""The page's own words: one table for each language, nothing beside them, and a switch that keeps the place."""

# ruff: noqa: F811  # fixtures

import ast
import html.parser
import re
from pathlib import Path

import pytest
from test_browser import Told, address, chromium, messages, runs, tabs, visit  # noqa: F401  # fixtures
from test_first_screen import sized

from drive.episodes import asking, branch, by_hand, hindsight, log, notes, shelf
from drive.kinematics import edits
from drive.language import LANGUAGES
from drive.language.page import PAGES, page_words
from drive.language.reported import ROWS, say_reported
from drive.show import offline, viewer
from drive.world import edits as world_edits

ROOT = Path(__file__).parents[1]
PLAYER = ROOT / "drive" / "show" / "player"
SLOT = re.compile(r"\{([^{}]+)\}")
FORMS = {
    "en": {"one", "other"},
    "de": {"one", "other"},
    "zh": {"other"},
}  # CLDR's plural categories
SIZES = [(1280, 720), (390, 844)]


def forms(word):
    """The texts of a word."""
    return [word] if isinstance(word, str) else [*word.values()]


# ------------------------------------------------------------------------------------- the tables


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_language_has_the_same_words_with_the_same_slots(language):
    assert list(PAGES[language]) == list(PAGES["en"]), (
        "in the same order, so that they are read side by side"
    )
    for key, english in PAGES["en"].items():
        word = PAGES[language][key]
        assert isinstance(word, str) == isinstance(english, str), key
        slots = {frozenset(SLOT.findall(text)) for text in (*forms(word), *forms(english))}
        assert len(slots) == 1, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_that_a_number_decides_has_the_forms_of_its_language(language):
    for key, word in PAGES[language].items():
        if not isinstance(word, str):
            assert word.keys() == FORMS[language], key
        assert all(text.strip() == text for text in forms(word)) or key in BLANKS, key


# Parts of a sentence that begin or end with a blank.
BLANKS = {
    "worst.moments",
    "proof.within",
    "picture.and",
    "picture.between",
    "outcome.at",
    "outcome.with",
}


# ------------------------------------------------------------------- nothing is said outside of them


class Markup(html.parser.HTMLParser):
    """What a file of markup says by itself, and which words it names."""

    def __init__(self, text):
        super().__init__()
        self.said, self.named = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("title", "aria-label", "placeholder", "alt"):
                self.said.append(value)
            if name.startswith("data-say"):
                self.named.append(value)

    def handle_data(self, data):
        self.said.append(data.strip())


@pytest.mark.parametrize("name", ["player.html", "browse.html"])
def test_markup_says_nothing_by_itself_and_every_word_that_it_names_is_in_the_tables(name):
    markup = Markup((PLAYER / name).read_text("utf-8"))
    assert [text for text in markup.said if re.search(r"[^\W\d_]{2}", text or "")] == []
    assert [key for key in markup.named if key not in PAGES["en"]] == []


COMMENT = re.compile(r"(?<![:\"'`\\])//[^\n]*")
LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`")
SPEECH = re.compile(r"[A-Z][a-z]{2,}|[a-z]{2,},? [a-z]{2,}")  # a word with a capital, or two words
# Literals that look like words and are none: names of keys and tasks, selectors, edits as texts, what the browser keeps.
NO_WORDS = {
    "viewBox",
    "input, select", "thead tr",
    "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Escape", "Enter", "Home", "End", "Files", "lane keeping", "time is up",
    "policy failed", "whydrive language", "whydrive tour", "use strict", "button, a, [role=button]", "there is no server",
    "road.both views", "road.driver's eye", "road.bird's eye", "input, textarea, select, [contenteditable], [role=listbox]",
}  # fmt: skip
SELECTOR = re.compile(r"^(?:add|move) |[.#\[]?wdg?-|^<svg |\bcss\b|\bin oklab\b|-gradient|wdg\b")


def literals(name):
    """The texts that a script holds, but for keys of words."""
    script = COMMENT.sub("", (PLAYER / name).read_text("utf-8"))
    for match in LITERAL.finditer(script):
        text = match[1] if match[1] is not None else re.sub(r"\$\{[^{}]*\}", "", match[2])
        if text not in PAGES["en"]:
            yield text


@pytest.mark.parametrize("name", dict.fromkeys((*viewer.PLAYER, *viewer.BROWSE)))
def test_a_script_says_nothing_by_itself(name):
    said = [
        text
        for text in literals(name)
        if SPEECH.search(text) and text not in NO_WORDS and not SELECTOR.search(text)
    ]
    assert said == [], "put it into drive/language/page.py and say(its key)"


@pytest.mark.parametrize("name", dict.fromkeys((*viewer.PLAYER, *viewer.BROWSE)))
def test_every_word_that_a_script_says_is_in_the_tables(name):
    words, script = page_words("en"), (PLAYER / name).read_text("utf-8")
    missing = [key for key in re.findall(r"\bsay\(\"([^\"]+)\"", script) if key not in words]
    beginnings = re.findall(r"\bsay\(`([^`$]+)\$\{", script)
    assert missing == []
    assert [one for one in beginnings if not any(key.startswith(one) for key in words)] == []


def test_no_word_of_the_tables_is_said_nowhere():
    read = [
        *PLAYER.glob("*.html"),
        *PLAYER.glob("*.js"),
        ROOT / "app.py",
        *(ROOT / "drive").rglob("*.py"),
    ]
    text = "\n".join(p.read_text("utf-8") for p in read if p.name != "page.py")
    dynamic = set(re.findall(r"[`\"]([a-z ]+\.)(?:\$\{|\{)", text)) | {"legend.", "bar.", "tour."}
    unsaid = [
        key
        for key in PAGES["en"]
        if f'"{key}"' not in text and not any(key.startswith(one) for one in dynamic)
    ]
    assert unsaid == []


# --------------------------------------------------------------------------------------- the switch

SEEN = """() => {
  const said = [];
  const seen = (node) => node.checkVisibility ? node.checkVisibility({ visibilityProperty: true }) : true;
  for (const node of document.body.querySelectorAll("*")) {
    if (node.closest("script, style, svg, template, [lang='en']:not(html), .wd-sr") || !seen(node)) continue;
    for (const name of ["title", "aria-label", "placeholder", "aria-valuetext"])
      if (node.getAttribute(name)) said.push(node.getAttribute(name));
    for (const child of node.childNodes)
      if (child.nodeType === 3 && child.textContent.trim()) said.push(child.textContent.trim());
  }
  return said;
}"""
ENGLISH = re.compile(r"\b(the|and|of|with|is|to|by|ahead|seed|decision|policy|claim|car)\b", re.I)
# Names, which no language has words for, and the hostile words of a log.
NAMES = re.compile(
    r"^(.*window\.hacked.*|fake|shipped|first|straight-rule-\d|ring-rule-\d|planner|English)$"
)


def english_left(tab, language):
    """What is seen in English: words of the English table that the language has other ones for, and English sentences."""
    others = {text for word in PAGES[language].values() for text in forms(word)}
    patterns = [
        re.compile(re.sub(r"\\\{[^{}]+\\\}", ".*", re.escape(text)))
        for word in PAGES["en"].values()
        for text in forms(word)
        if text not in others and re.search(r"[a-z]{3}", SLOT.sub("", text))
    ]
    seen = dict.fromkeys(tab.page.evaluate(SEEN))
    return [
        text
        for text in seen
        if not NAMES.match(text)
        and (ENGLISH.search(text) or any(pattern.fullmatch(text) for pattern in patterns))
    ]


def switched(tab, language):
    """Speak another language, and wait until bar and rationale do."""
    tab.page.locator(f"[data-language={language}]").click()
    tab.page.wait_for_function(
        """([drive, language]) => document.querySelector("#wd-drive").textContent.trim() === drive
          && document.querySelector(".wd-text").lang === language""",
        arg=[PAGES[language]["bar.drive"], language],
        timeout=20000,
    )
    tab.page.wait_for_timeout(100)


@pytest.mark.parametrize(
    ("language", "size"),
    [
        pytest.param("de", SIZES[0], id="de-desk"),
        pytest.param("zh", SIZES[1], id="zh-phone"),
        pytest.param("zh", SIZES[0], id="zh-desk", marks=pytest.mark.thorough),
        pytest.param("de", SIZES[1], id="de-phone", marks=pytest.mark.thorough),
    ],
)
def test_the_switch_says_everything_in_the_other_language_and_keeps_the_place(
    visit, language, size
):
    tab = sized(visit().open("?step=7&language=en"), size)  # on what ships, with its verdicts
    tab.until("() => document.querySelector('.wd-proved')?.textContent.includes('tested')")
    tab.page.keyboard.press("ArrowRight")
    before, place = (
        tab.page.locator(".wd-head").first.evaluate("node => node.firstChild.textContent"),
        (tab.index, tab.time),
    )
    switched(tab, language)
    assert (tab.index, float(tab.text("wd-time").split("/")[0].replace(",", "."))) == place
    assert tab.page.evaluate("() => document.documentElement.lang") == language
    tab.page.keyboard.press("w")
    assert english_left(tab, language) == []
    tab.page.keyboard.press("?")
    assert english_left(tab, language) == []
    tab.page.keyboard.press("Escape")
    switched(tab, "en")
    assert (
        tab.page.locator(".wd-head").first.evaluate("node => node.firstChild.textContent") == before
    ), "and back"


def test_a_first_visitor_is_met_in_the_browser_s_language_a_link_wins_and_a_choice_is_kept(visit):
    def spoken(tab):
        tab.page.wait_for_selector(".wd-tick[aria-current]")
        tab.until("() => document.querySelector('.wd-text').lang === document.documentElement.lang")
        return tab.page.evaluate("() => document.querySelector('.wd-text').lang")

    tab = visit(locale="de-AT").open("?step=3")
    assert spoken(tab) == "de" and "Spur" in tab.text("wd-text")
    tab.until("() => document.querySelector('#wd-drive').textContent.trim() === 'Fahren'")
    assert spoken(tab.open("?step=3&language=zh")) == "zh"
    tab.page.locator("[data-language=en]").click()
    tab.until("() => location.search.includes('language=en')")
    assert spoken(tab.open("?step=3")) == "en", "kept"
    assert tab.page.locator("[data-language=en]").get_attribute("aria-pressed") == "true"
    assert spoken(visit(locale="fr-FR").open("?step=3")) == "en", "there is no table for it"
    forgiven(tab)


def test_a_drive_that_is_going_on_is_said_again_to_its_end(visit):
    tab = visit().open("?scenario=two-way&policy=idle&seed=3&language=en")
    tab.page.wait_for_selector(".wd-tick")
    switched(tab, "de")
    tab.until("() => ['good', 'bad'].includes(document.querySelector('.wd-status').dataset.kind)")
    tab.until("() => document.querySelector('.wd-proved').textContent.includes('geprüft:')")
    tab.page.keyboard.press("End")
    tab.until("() => document.querySelector('.wd-text').textContent.includes('das tue ich immer')")
    told = "() => [...document.querySelectorAll('.wd-tick')].every((tick) => tick.title.startsWith('Entscheidung'))"
    tab.until(told)


def test_an_answer_is_said_again_where_it_stands(visit):
    tab = visit().open("?step=3&language=en")
    tab.page.wait_for_selector(".wd-offer")
    tab.page.get_by_role("button", name="Why not slow down?").click()
    tab.until("() => document.querySelector('.wd-says')?.textContent.length > 20")
    switched(tab, "de")
    tab.until(
        "() => document.querySelector('.wd-back b').textContent === 'Warum nicht verlangsamen?'"
    )
    assert tab.page.locator(".wd-answer").is_visible() and tab.index == 3
    assert tab.page.locator(".wd-question").input_value() == "Warum nicht verlangsamen?"


def test_the_gallery_speaks_the_same_language(visit):
    tab = visit().open("?step=3&language=en")
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    tab.page.locator("#wd-browse").click()
    tab.page.wait_for_selector(".wdg tr[data-run]")
    switched(tab, "de")
    tab.until("() => document.querySelector('.wdg-count').textContent.includes('nicht erfüllt')")
    assert english_left(tab, "de") == []
    tab.page.locator("[data-tab=charts]").click()
    tab.page.wait_for_timeout(800)
    assert english_left(tab, "de") == []


@pytest.mark.parametrize("language", ["de", "zh"])
def test_a_page_in_a_file_speaks_the_language_it_was_made_in_and_no_other(
    chromium, tmp_path, language
):
    name = shelf.episodes(tmp_path, shelf.SHIPPED)[0]
    made = tmp_path / "made.html"
    offline.write(shelf.find(tmp_path, shelf.SHIPPED, name), made, language)
    page = chromium.new_page()
    page.goto(f"{made.as_uri()}?step=3&language=en&tour")
    page.wait_for_selector(".wd-tick[aria-current]")
    assert (
        page.evaluate("() => [document.documentElement.lang, document.querySelector('.wd').lang]")
        == [language] * 2
    )
    assert page.locator(".wd-unfold").text_content() == PAGES[language]["why.whole"]
    assert page.locator("[data-language], .wd-invite:not([hidden])").count() == 0
    assert page.locator(".wd-help [data-tour]").is_hidden()
    assert PAGES["en"]["help.marks"] not in made.read_text("utf-8")
    page.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
def test_in_no_language_anything_overflows(visit, language, size):
    tab = sized(visit().open(f"?step=7&language={language}"), size)
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    tab.until(
        f"() => document.querySelector('#wd-drive').textContent.trim() === '{PAGES[language]['bar.drive']}'"
    )
    tab.page.keyboard.press("w")
    tab.page.wait_for_timeout(400)
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert tab.page.evaluate(wide) <= 0
    assert tab.page.evaluate(CUT) == []
    if size[0] > 1000:
        tops = "() => [...document.querySelectorAll('#wd-bar button:not([data-language])')].map((b) => b.getBoundingClientRect().top)"
        assert len({round(top) for top in tab.page.evaluate(tops)}) == 1, "the bar is one row"


# Buttons whose words are cut off or broken into lines; each covers no other.
CUT = """() => {
  const buttons = [...document.querySelectorAll("#wd-bar button, .wd-transport button, .wd-hud button")].filter((b) => b.offsetWidth);
  const boxes = buttons.map((b) => b.getBoundingClientRect());
  const covered = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return buttons.filter((b, k) => b.scrollWidth > b.clientWidth + 1 || b.getBoundingClientRect().height > 44
    || boxes.some((box, i) => i !== k && covered(boxes[k], box))).map((b) => b.textContent || b.title);
}"""


# ----------------------------------------------------------------------------------------- the tour


def test_the_tour_is_asked_for_goes_five_steps_by_keyboard_and_ends_with_escape(visit):
    tab = visit().open("?step=3&language=en")
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    assert tab.page.locator(".wd-invite").is_hidden(), (
        "a program that drives a browser is not invited"
    )
    tab = visit().open("?step=3&language=en&tour")
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    tab.page.locator(".wd-invite [data-tour=start]").click()
    coach, heads = tab.page.locator(".wd-coach"), []
    for number in range(1, 6):
        assert coach.locator(".wd-coach-at").text_content() == f"{number} of 5"
        heads.append(coach.locator("h3").text_content())
        box, size = coach.bounding_box(), tab.page.viewport_size
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
        assert tab.page.evaluate("() => document.activeElement.closest('.wd-coach') !== null")
        tab.press("ArrowRight")
    assert len(set(heads)) == 5 and tab.index == 3, "the arrows are the tour's"
    assert tab.page.locator(".wd-rings i").count() == 2
    tab.press("ArrowLeft")
    assert coach.locator(".wd-coach-at").text_content() == "4 of 5"
    switched(tab, "de")
    assert coach.is_hidden(), "a press elsewhere ends it"
    tab.page.locator(".wd").focus()
    tab.press("?")
    tab.page.locator(".wd-help [data-tour=start]").click()
    assert coach.locator(".wd-coach-at").text_content() == "1 von 5"
    tab.press("Escape")
    assert coach.is_hidden()
    tab.press("ArrowDown")
    assert tab.index == 4, "the keys are the player's again"


def test_a_first_visitor_is_invited_once(visit):
    tab = visit()
    tab.page.add_init_script("Object.defineProperty(navigator, 'webdriver', { get: () => false })")
    tab.page.add_init_script(
        "if (!sessionStorage.begun) localStorage.removeItem('whydrive tour'); sessionStorage.begun = 1"
    )
    tab.open("?step=3&language=en")
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    assert tab.page.locator(".wd-invite").is_visible()
    tab.open("?step=3&language=en")
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    assert tab.page.locator(".wd-invite").is_hidden()
    forgiven(tab)


def forgiven(tab):
    """Requests of a page that was left are cut, and Gradio says so."""
    cut = ("AbortError", "errored out")
    tab.faults[:] = [fault for fault in tab.faults if not any(word in fault for word in cut)]


# ------------------------------------------------------------------------------- what is reported


def test_what_is_reported_in_english_is_said_in_the_visitors_language():
    for english, *others in ROWS:
        slots = {*SLOT.findall(english)} - {"part"}  # a name of the code, in no language
        assert all({*SLOT.findall(one)} == slots for one in others), english
        filled = {name: f"<{name}>" for name in SLOT.findall(english)}
        told = (say_reported(english.format(**filled), "de"), others[0].format(**filled))
        assert told[0] == told[1], "no row before it fits"
    told = "no policy 'nobody'; choose from rule, planner."
    assert say_reported(told, "en") == told
    assert say_reported(told, "de") == "keine Strategie 'nobody'; zur Wahl stehen rule, planner."
    assert say_reported("a person drove IDLE instead", "zh") == "人做了另一动作：IDLE"
    assert say_reported("nobody wrote a row for this.", "de") == "nobody wrote a row for this."


PAGE = [*sorted(Path(viewer.__file__).parent.glob("*.py"))] + [
    Path(module.__file__) for module in (notes, asking, hindsight, branch, by_hand, log, edits, world_edits)
]  # fmt: skip
OF_THE_COMMAND_LINE = (  # and of the start of the page: said where no language is known
    "a branch takes 1 decision", "is a number above 0", "a film is a", "there is no log and no folder", "a page in a file is",
    "the page's address begins", "there is nothing to report", "from 0 to 999999999, not 7", "7 is a text",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGE, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_sentence_that_a_visitor_may_be_refused_with_is_said_in_its_language(path):
    for sentence in refusals(ast.parse(path.read_text())):
        if not any(part in sentence for part in OF_THE_COMMAND_LINE):
            for language in ("de", "zh"):
                assert say_reported(sentence, language) != sentence, f"{language}: {sentence}"


def refusals(tree: ast.Module):
    """The sentences of the errors that a module raises, as far as they stand there, with 7 for each value."""
    named = {
        target.id: node.value
        for node in tree.body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    for node in ast.walk(tree):
        is_error = isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args
        if is_error and getattr(node.exc.func, "id", "") in ("ValueError", "OSError"):
            told = node.exc.args[0]
            told = named.get(told.id) if isinstance(told, ast.Name) else told
            for each in (told.body, told.orelse) if isinstance(told, ast.IfExp) else (told,):
                if isinstance(each, ast.JoinedStr):
                    yield "".join(getattr(v, "value", "7") if isinstance(v, ast.Constant) else "7" for v in each.values)  # fmt: skip
                elif isinstance(each, ast.Constant):
                    yield each.value
    for told in getattr(named.get("LACKS"), "values", ()):
        yield told.value


def test_the_sentences_are_read_from_the_code():
    told = [*refusals(ast.parse(Path(notes.__file__).read_text()))]
    assert "no more notes fit beside this log" in told and "a note is one of 7" in told
    assert "there is no speed limit here" in [
        *refusals(ast.parse(Path(edits.__file__).read_text()))
    ]
