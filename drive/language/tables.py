"""The languages there are."""

from __future__ import annotations

from drive.language.de import GERMAN
from drive.language.en import ENGLISH
from drive.language.words import Words
from drive.language.zh import CHINESE

LANGUAGES = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}
LONGITUDINAL = tuple(ENGLISH.longitudinal)  # the closed set of decisions
LATERAL = tuple(ENGLISH.lateral)
TERMS = tuple(ENGLISH.terms)  # the kinds of Term that have words


def words_of(language: str) -> Words:
    try:
        return LANGUAGES[language]
    except KeyError:
        raise ValueError(f"no language {language!r}; choose from {sorted(LANGUAGES)}") from None
