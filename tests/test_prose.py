"""Plain English in docstrings and comments, and one word for each thing in the names of the code.

CONTRIBUTING.md holds the glossary.
"""

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("drive", "policies", "app.py")
CHECKED = (*CODE, "tests", "benchmarks")
MOST_USED = 30
AVOIDED = {
    "found": "what was found: a claim, a finding, a list of lanes",
    "known": "what is known: cars in sight, settings that exist",
    "there": "a place, a state, a scene",
    "who": "a car, a driver, a policy",
    "whom": "a car, a driver, a policy",
    "obstacle": "object (a static one) or car",
    "npc": "car",
}
HIGHWAY_ENVS = {"OBSTACLE"}  # names of its classes
SUBJECTS = re.compile(r"\b(who|whoever|whom)\b", re.I)
QUOTED = re.compile(r'"[^"]*"|`[^`]*`')
# Parts of names that are no nouns of the field: relations, adjectives, verbs, letters of formulas.
NO_NOUNS = set(
    "self init post repr eq at of to on in by as is and or the a an other own each first last ahead behind before after "
    "said chosen wanted low high left right legal about along across out up down seen driven shown named asked given best "
    "start begin new old one two all any no not per from with within here now next back lateral longitudinal dx dy dt cls "
    "done made onward inside outside beside near nearest far long short free past soon later front main".split()
)


def files(folders):
    for folder in folders:
        path = ROOT / folder
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def names(path):
    """Names that a file gives: functions, classes, arguments, variables."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def parts(name):
    """The words of a name, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def prose(path):
    """Docstrings and comments of a file, without what they quote."""
    text = path.read_text()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield QUOTED.sub("", token.string)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            yield QUOTED.sub("", ast.get_docstring(node) or "")


def glossary():
    """The words of CONTRIBUTING.md's glossary, with their meaning."""
    page = (ROOT / "CONTRIBUTING.md").read_text().split("## Words")[1].split("\n## ")[0]
    return {
        word.strip(): meaning.strip()
        for words, meaning in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", page, re.M)
        for word in words.split(",")
    }


def singular(word, allowed):
    return word[:-1] if word.endswith("s") and word[:-1] in allowed else word


def test_the_most_used_nouns_of_the_code_stand_in_the_glossary():
    allowed, count = glossary(), Counter()
    assert len(allowed) >= MOST_USED and all(allowed.values())
    for path in files(CODE):
        for name in names(path):
            count.update({singular(word, allowed) for word in parts(name)})
    nouns = [w for w, _ in count.most_common() if w not in NO_NOUNS and len(w) > 2]
    strangers = [(word, count[word]) for word in nouns[:MOST_USED] if word not in allowed]
    assert not strangers, (
        f"say what they are in CONTRIBUTING.md, or choose the field's word: {strangers}"
    )


def test_the_glossary_holds_no_word_that_the_code_does_not_use():
    used = {word for path in files(CODE) for name in names(path) for word in parts(name)}
    used |= {singular(word, glossary()) for word in used}
    assert [word for word in glossary() if word not in used] == []


@pytest.mark.parametrize("folder", CHECKED)
def test_words_to_avoid_are_no_names(folder):
    wrong = [
        f"{path.relative_to(ROOT)}: {name}: {AVOIDED[name.lower()]}"
        for path in files([folder])
        for name in names(path)
        if name.lower() in AVOIDED and name not in HIGHWAY_ENVS
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("folder", CHECKED)
def test_a_sentence_about_cars_has_a_noun_for_its_subject(folder):
    wrong = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files([folder])
        for text in prose(path)
        for line in text.splitlines()
        if SUBJECTS.search(line)
    ]
    assert not wrong, f"write `a car that ...`, not `who ...`: {wrong}"


@pytest.mark.parametrize(
    "text, count",
    [("who leaves follows", 1), ('says "who goes there"', 0), ("cars, whose paths cross", 0)],
)
def test_what_is_quoted_or_possessive_is_no_subject(text, count):
    assert len(SUBJECTS.findall(QUOTED.sub("", text))) == count
