"""The report of an evaluation in a real Chromium, opened from disk: readable at every width, and silent."""

import pytest
from test_browser import ARGUMENTS, CHROMIUM

from drive.evaluation import evaluate
from drive.show.report import report
from drive.types import Choice, Meta, Option

LEAST = 4.5  # contrast of text (WCAG 2, AA)
CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const panel = light(getComputedStyle(document.querySelector("section")).backgroundColor);
  const words = [...document.querySelectorAll("section *")].filter((e) => e.checkVisibility()
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && !e.matches(".again, title"));
  return Math.min(...words.map((e) => {
    const style = getComputedStyle(e), text = light(e.closest("svg") ? style.fill : style.color);
    return (Math.max(text, panel) + 0.05) / (Math.min(text, panel) + 0.05);
  }));
}"""
COLLISIONS = """() => [...document.querySelectorAll(".chart svg")].flatMap((svg) => {
  const boxes = [...svg.querySelectorAll("text.name")].map((e) => e.getBoundingClientRect());
  return boxes.flatMap((a, k) => boxes.slice(k + 1).filter((b) => a.left < b.right - 1
    && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2).map(() => svg.outerHTML));
})"""


class Hostile:
    """Fails with markup in its name and in its words."""

    name, tie = "<img src=x onerror='window.hacked=1'>", "post hoc"

    def decide(self, scene):
        if scene.step == 2:
            raise RuntimeError("</td><script>window.hacked=1</script>")
        return Choice(Meta("IDLE"), (Option(Meta("IDLE")),))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "mine"
    policies = ["rule", "idle", "slower", "idm", Hostile()]
    settings = {"physics": "twin", "causes": "never", "overrides": {"duration": 10}}
    evaluate("smoke", policies, 2, workers=0, out=out, progress=False, **settings)
    return report(out)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_readable_and_asks_for_nothing(path, chromium, width, scheme):
    page = chromium.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    asked, faults = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    page.goto(path.as_uri())
    assert asked == [path.as_uri()] and not faults
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(
        "[...document.querySelectorAll('.wide')].every(e => e.scrollWidth <= e.clientWidth)"
    )
    assert page.evaluate(CONTRAST) >= LEAST
    assert page.evaluate(COLLISIONS) == []
    assert page.locator(".chart svg").count() == 3 * 2
    page.close()


def test_markup_is_text_there_and_failures_stand_open(path, chromium):
    page = chromium.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("window.hacked") is None
    assert page.get_by_text("<img src=x onerror").first.is_visible()
    assert page.get_by_text("</td><script>").first.is_visible()
    assert page.locator("details[open] .said").count() > 0
    assert page.locator(".dot title").first.text_content().count("(") >= 2
    page.close()
