"""What axe-core says of the page in Chromium: nothing serious, at a desk and on a phone, light and dark.

axe-core (Deque) tests what can be tested by rules: names, roles, contrast, sizes, order. A keyboard's way through the page is
tested beside the page's own tests.
"""

# ruff: noqa: F811  # fixtures

import importlib.resources

import pytest
from test_browser import LOOKS, address, chromium, runs, tabs, visit  # noqa: F401  # fixtures
from test_first_screen import sized

from drive.episodes import shelf

RULES = importlib.resources.files("axe_playwright_python") / "axe.min.js"
SERIOUS = ("serious", "critical")
PARTS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def faults(page) -> list[str]:
    page.evaluate(RULES.read_text(encoding="utf-8"))
    told = page.evaluate(
        "(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", PARTS
    )
    return [
        f"{each['impact']} {each['id']}: {each['help']}: {node['target']} {node['html'][:160]}"
        for each in told["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_axe_finds_nothing_serious(visit, size, scheme):
    tab = sized(visit(color_scheme=scheme).link(step=3), size)
    tab.page.wait_for_timeout(500)
    told = faults(tab.page)
    assert not told, "\n".join(told)


@pytest.mark.parametrize(("language", "scheme"), [("de", "light"), ("zh", "dark")])
def test_axe_finds_nothing_serious_in_another_language_on_a_tour(visit, language, scheme):
    tab = sized(visit(color_scheme=scheme).open(f"?step=3&language={language}&tour"), (1280, 720))
    tab.page.wait_for_selector(".wd-tick[aria-current]")
    tab.page.wait_for_timeout(800)
    told = faults(tab.page)
    tab.page.locator(".wd-invite [data-tour=start]").click()
    told += faults(tab.page)
    assert not told, "\n".join(told)


@pytest.mark.parametrize(("scheme", "size"), [("light", (1280, 720)), ("dark", (390, 844))])
def test_axe_finds_nothing_serious_where_curves_are_shown_and_what_was_feared_is_played(
    visit, size, scheme
):
    tab = sized(visit(color_scheme=scheme), size)
    tab.link(shelf.SHIPPED, "highway-fast-planner-1", 3)
    for button in tab.page.locator(".wd-choose button").all():
        button.click()
    tab.page.get_by_role("button", name="What did you fear?").click()
    tab.page.wait_for_selector(".wd-answer:not([data-busy]):not([hidden])")
    tab.page.wait_for_timeout(500)
    told = faults(tab.page)
    assert not told, "\n".join(told)
