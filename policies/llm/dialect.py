"""What endpoints do not speak of the protocol, and what is sent instead: one fallback for each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from policies.llm.wrapping import beginning

REASON = 200  # characters of an endpoint's own reason that are passed on
LIMITS = (  # keywords of JSON Schema that strict endpoints refuse
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
)


@dataclass(frozen=True)
class Fallback:
    """How a request changes once an endpoint has objected to something in it."""

    said: str  # what is told of it in the log
    objection: re.Pattern  # in the endpoint's own words
    applies: Callable[[dict], bool]
    change: Callable[[dict], dict]


def _without(*names: str) -> Callable[[dict], dict]:
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _holds(name: str) -> Callable[[dict], bool]:
    return lambda body: name in body


def _unlimited(schema):
    """The same JSON Schema without the limits that strict endpoints refuse."""
    if isinstance(schema, dict):
        return {name: _unlimited(value) for name, value in schema.items() if name not in LIMITS}
    return [_unlimited(each) for each in schema] if isinstance(schema, list) else schema


def _format(body: dict) -> str:
    return body.get("response_format", {}).get("type", "")


FALLBACKS = (
    Fallback(
        "the schema was sent without limits of lengths and numbers",
        re.compile("|".join(LIMITS), re.I),
        lambda body: any(f'"{word}"' in json.dumps(body.get("response_format")) for word in LIMITS),
        lambda body: body | {"response_format": _unlimited(body["response_format"])},
    ),
    Fallback(
        "max_completion_tokens was sent instead of max_tokens",
        re.compile(r"max_tokens"),
        _holds("max_tokens"),
        lambda body: _without("max_tokens")(body) | {"max_completion_tokens": body["max_tokens"]},
    ),
    Fallback(
        "no limit of tokens was sent",
        re.compile(r"max_completion_tokens"),
        _holds("max_completion_tokens"),
        _without("max_completion_tokens"),
    ),
    Fallback(
        "no temperature was sent",
        re.compile(r"temperature", re.I),
        _holds("temperature"),
        _without("temperature"),
    ),
    Fallback("no seed was sent", re.compile(r"\bseed\b", re.I), _holds("seed"), _without("seed")),
    Fallback(
        "a JSON object was asked for, without its schema",
        re.compile(r"response_format|json_schema|schema|structured|guided|grammar", re.I),
        lambda body: _format(body) == "json_schema",
        lambda body: body | {"response_format": {"type": "json_object"}},
    ),
    Fallback(
        "JSON was asked for in words alone",
        re.compile(r"response_format|json_object|json", re.I),
        lambda body: _format(body) == "json_object",
        _without("response_format"),
    ),
)


def fallback_for(reason: str, body: dict) -> Fallback | None:
    """What to change about a request to which an endpoint objects with this reason; None: nothing is known."""
    fits = (each for each in FALLBACKS if each.objection.search(reason) and each.applies(body))
    return next(fits, None)


def reason_in(data: bytes) -> str:
    """An endpoint's own reason in the body of an error, cut, as plain text; "" where it gives none."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        told = data.decode("utf-8", "replace")
    for name in ("error", "detail", "message"):
        if isinstance(told, dict) and told.get(name):
            told = told[name]
    text = told if isinstance(told, str) else json.dumps(told)
    return beginning(text, REASON) if text not in ("{}", "null") else ""


def text_in(message: dict) -> str | None:
    """What a chat message says: its content, a list of parts too, else its reasoning; None: nothing."""
    for name in ("content", "reasoning_content", "reasoning"):
        said = message.get(name)
        if isinstance(said, list):
            parts = (part.get("text") if isinstance(part, dict) else part for part in said)
            said = "".join(part for part in parts if isinstance(part, str))
        if isinstance(said, str) and said.strip():
            return said
    return None
