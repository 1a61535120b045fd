"""The glossary: every term of art is explained, in every language, and on the page."""

# ruff: noqa: F811  # fixtures

import pytest
from test_browser import Told, address, chromium, messages, runs, tabs, visit  # noqa: F401  # fixtures

from drive.language import LANGUAGES, LATERAL, LONGITUDINAL, TERMS, meaning
from drive.language.glossary import GLOSSARY

PLAIN = {"unavailable", "answer", "no answer"}  # these say what they are


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_term_is_explained(language):
    without = {kind for kind in TERMS if not meaning(kind, language)}
    assert without <= PLAIN
    assert GLOSSARY[language].keys() == GLOSSARY["en"].keys()
    assert GLOSSARY[language].keys() <= {*TERMS, *LONGITUDINAL, *LATERAL}, "and nothing else is"
    explained = list(GLOSSARY[language].values())
    assert len(set(explained)) == len(explained)


def test_on_the_page_a_term_says_what_it_means_to_those_that_point_at_it_or_have_it_read(visit):
    told, (whole, _) = Told(visit().page), messages(7, wish=1)
    [term, *_] = whole["steps"][0]["options"][0]["terms"]
    term["about"] = "seconds <b>until</b> contact"
    told.tell(whole | {"wish": 1, "at": 0})
    node = told.page.locator(".wd-terms li.wd-means").first
    assert node.get_attribute("title") == "seconds <b>until</b> contact"
    assert node.get_attribute("aria-description") == node.get_attribute("title")
    chip = told.page.locator(".wd-chip.wd-means").first
    assert chip.get_attribute("title") == whole["steps"][0]["means"] != ""
