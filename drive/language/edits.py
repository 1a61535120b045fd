"""Edits as short texts, for the command line: "remove 4", "brake 7 6", "surface 0.3", and back.

`parse_edit(say_edit(edit)) == edit` for every edit. The texts are commands, not prose, so they are the same
in every language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import get_args

from drive.types import EGO, Edit, edits
from drive.types.edits import Condition, Kind

FORMS: dict[type, tuple[str, ...]] = {  # what stands in brackets may be left out
    edits.Hide: ("hide {car}",),
    edits.Remove: ("remove {car}", "remove object {object}"),
    edits.Add: ("add {kind} {x} {y} {speed}[ heading {heading}][ target {target_speed}]",),
    edits.Obstruct: ("obstruct {x} {y}[ heading {heading}]",),
    edits.Move: ("move {car} {x} {y}[ heading {heading}]",),
    edits.SetSpeed: ("speed {car} {speed}",),
    edits.Resize: ("resize {car}[ {kind}][ length {length}][ width {width}]",),
    edits.Brake: ("brake {car}[ {deceleration}]",),
    edits.KeepLane: ("keep lane {car}",),
    edits.ChangeLane: ("lane {car} {lane}",),
    edits.Send: ("send {car} {route}",),
    edits.Surface: ("surface {grip}",),
    edits.Without: ("without {condition}",),
}


@dataclass(frozen=True)
class Form:
    """How the values of a field are written."""

    pattern: str
    read: Callable[[str], object]
    say: Callable[[object], str] = str
    shown: str = ""  # what stands for it where a form is explained; the field's name, if not given


def _section(text: str) -> tuple[str, str]:
    start, end = text.split(">")
    return start, end


def _lane(text: str):
    if text in ("left", "right"):
        return text
    section, number = text.rsplit(":", 1)
    return *_section(section), int(number)


def _said_lane(lane) -> str:
    return lane if isinstance(lane, str) else f"{lane[0]}>{lane[1]}:{lane[2]}"


def _one_of(choices: tuple[str, ...]) -> Form:
    return Form("|".join(choices), str, str, " | ".join(choices))


SECTION = r"[^\s>:]+>[^\s>:]+"
NUMBER = Form(
    r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", float, lambda value: repr(value).removesuffix(".0")
)
CAR = Form(
    r"\d+|ego",
    lambda text: EGO if text == "ego" else int(text),
    lambda car: "ego" if car == EGO else str(car),
)
VALUES: dict[str, Form] = {  # field -> how its values are written; every other is a number
    "car": CAR,
    "object": Form(r"\d+", int),
    "kind": _one_of(get_args(Kind)),
    "condition": _one_of(get_args(Condition)),
    "lane": Form(rf"left|right|{SECTION}:\d+", _lane, _said_lane, "left | right | FROM>TO:NUMBER"),
    "route": Form(
        rf"{SECTION}(?: {SECTION})*",
        lambda text: tuple(map(_section, text.split())),
        lambda route: " ".join(f"{start}>{end}" for start, end in route),
        "FROM>TO FROM>TO ...",
    ),
}


def parse_edit(text: str) -> Edit:
    """The edit that a text says. ValueError in one sentence where it says none."""
    words = " ".join(text.split())
    for kind, forms in FORMS.items():
        for form in forms:
            said = PATTERNS[form].fullmatch(words)
            if said:
                return kind(**_values(said))
    raise ValueError(_refusal(words))


def say_edit(edit: Edit) -> str:
    """The text of an edit."""
    values = {f.name: getattr(edit, f.name) for f in fields(edit)}
    values = {name: value for name, value in values.items() if value is not None}
    usual = {f.name for f in fields(edit) if values.get(f.name) == f.default}
    for form in FORMS[type(edit)]:
        parts = OPTIONAL.sub(
            lambda part: part[1] if _named(part[1]) <= values.keys() - usual else "", form
        )
        if _named(parts) <= values.keys() <= _named(form):
            return FIELD.sub(lambda field: _form(field[1]).say(values[field[1]]), parts)
    raise ValueError(f"there is no text for {edit}")


def grammar() -> tuple[str, ...]:
    """How each kind of edit is written, for help texts: "move CAR X Y[ heading HEADING]"."""
    return tuple(FIELD.sub(_shown, form) for forms in FORMS.values() for form in forms)


OPTIONAL = re.compile(r"\[(.*?)\]")
FIELD = re.compile(r"\{(\w+)\}")


def _form(field: str) -> Form:
    return VALUES.get(field, NUMBER)


def _named(template: str) -> set[str]:
    return set(FIELD.findall(template))


def _shown(field: re.Match) -> str:
    return _form(field[1]).shown or field[1].replace("_", " ").upper()


def _pattern(template: str) -> re.Pattern:
    optional = OPTIONAL.sub(r"(?:\1)?", template)
    return re.compile(
        FIELD.sub(lambda field: f"(?P<{field[1]}>{_form(field[1]).pattern})", optional)
    )


PATTERNS = {form: _pattern(form) for forms in FORMS.values() for form in forms}


def _values(said: re.Match) -> dict:
    return {name: _form(name).read(text) for name, text in said.groupdict().items() if text}


def _refusal(words: str) -> str:
    verb = words.split(" ")[0]
    alike = [form for form in PATTERNS if form.split(" ")[0] == verb]
    if alike:
        shown = " or ".join(FIELD.sub(_shown, form) for form in alike)
        return f"{words!r} is no edit; write {shown}"
    verbs = dict.fromkeys(form.split(" ")[0] for form in PATTERNS)
    return f"no edit {words!r}; it begins with {', '.join(verbs)}"
