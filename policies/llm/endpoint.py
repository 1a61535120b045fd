"""An OpenAI-compatible endpoint, asked once for each content: answers are kept on disk. Knows nothing of driving."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from policies.llm.dialect import FALLBACKS, fallback_for, reason_in, text_in

LARGEST = 1 << 20  # [bytes] of a response
TOKENS = 400  # of an answer, at most
VARIED = 0.7  # temperature of every attempt but the first
REFUSED = (400, 401, 403, 404, 405, 413, 422)  # asking the same again would not help
OBJECTED = (400, 422)  # a request that differs might
NEEDS = "it takes httpx to ask a language model: pip install 'whydrive[llm]'"
HOW = "set OPENAI_BASE_URL to an OpenAI-compatible endpoint, such as http://127.0.0.1:8080/v1"


class NoReply(Exception):
    """The endpoint said nothing that can be used; the message says why, in a few words."""


class Refusal(ValueError):
    """The endpoint will not answer such a request, however often it is asked."""


class Objection(Exception):
    """The endpoint does not take a request as it is; the message is its own reason."""


@dataclass(frozen=True)
class Reply:
    """What a model said, and how it had to be asked."""

    text: str
    adapted: tuple[str, ...] = ()  # what the endpoint does not speak, and what was sent instead


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked, and where its answers are kept."""

    model: str
    url: str
    key: str = field(repr=False)  # "" where none is needed; never written anywhere
    timeout: float  # [s] of one request
    cache: Path
    adapted: list = field(default_factory=list, repr=False)  # fallbacks that it has needed so far

    def ask(self, messages: list[dict], schema: dict, attempt: int = 0) -> Reply:
        """The model's answer, from disk if the same was asked before.

        attempt: later ones may draw another answer. NoReply where there is none; Refusal where
        there will be none.
        """
        body = self.body(messages, schema, attempt)
        path = self.path(body)
        if (kept := _kept(path)) is not None:
            return kept
        text = self._content(self._answered(body))
        return _keep(path, body, Reply(text, tuple(each.said for each in self.adapted)))

    def _answered(self, body: dict) -> bytes:
        """The endpoint's reply to the request, in the dialect that it turns out to speak."""
        for each in self.adapted:
            body = each.change(body) if each.applies(body) else body
        for _ in FALLBACKS:
            try:
                return self._posted(body)
            except Objection as objection:
                fallback = fallback_for(str(objection), body)
                if fallback is None:
                    raise Refusal(self._refusal(400, str(objection))) from objection
                self.adapted.append(fallback)
                body = fallback.change(body)
        raise Refusal(self._refusal(400, "whatever was left out of it"))

    def body(self, messages: list[dict], schema: dict, attempt: int) -> dict:
        return {
            "model": self.model,
            "messages": messages,
            "temperature": VARIED if attempt else 0,
            "seed": attempt,
            "max_tokens": TOKENS,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "decision", "strict": True, "schema": schema},
            },
        }

    def path(self, body: dict) -> Path:
        """Where the answer to a request is kept: its name is the digest of the endpoint and all that is asked."""
        asked = json.dumps([self.url, body], sort_keys=True, ensure_ascii=True)
        return self.cache / f"{hashlib.sha256(asked.encode()).hexdigest()}.json"

    def _posted(self, body: dict) -> bytes:
        try:
            import httpx
        except ImportError as error:
            raise Refusal(NEEDS) from error
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        address = self._address
        try:
            with httpx.stream(
                "POST", address, json=body, headers=headers, timeout=self.timeout
            ) as response:
                data = _read(response.iter_bytes())
                if response.status_code == 200:
                    return data
                reason = reason_in(data)
                if response.status_code in OBJECTED and reason:
                    raise Objection(reason)
                if response.status_code in REFUSED:
                    raise Refusal(self._refusal(response.status_code, reason))
                why = f": {reason}" if reason else ""
                raise NoReply(f"status {response.status_code}{why}")
        except httpx.TimeoutException as error:
            raise NoReply(f"no answer within {self.timeout:g} s") from error
        except httpx.InvalidURL as error:
            raise Refusal(f"{address} is no address; {HOW}") from error
        except httpx.UnsupportedProtocol as error:
            raise Refusal(f"{address} is no address; {HOW}") from error
        except httpx.HTTPError as error:
            raise NoReply(f"the endpoint cannot be reached ({type(error).__name__})") from error

    @property
    def _address(self) -> str:
        return f"{self.url.rstrip('/')}/chat/completions"

    def _refusal(self, status: int, reason: str) -> str:
        why = f": {reason}" if reason else ""
        return f"{self._address} refused the request with status {status}{why}"

    @staticmethod
    def _content(data: bytes) -> str:
        try:
            content = text_in(json.loads(data)["choices"][0]["message"])
        except (
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            AttributeError,
            RecursionError,
        ) as error:
            raise NoReply("the reply is no chat completion") from error
        if content is None:
            raise NoReply("the reply holds no text")
        return content


def from_environment(model: str, timeout: float) -> Endpoint:
    """The endpoint of OPENAI_BASE_URL and OPENAI_API_KEY; ValueError where none is set."""
    url = os.environ.get("OPENAI_BASE_URL", "").strip()
    if not url:
        raise ValueError(f"no endpoint to ask {model!r} at: {HOW}")
    return Endpoint(model, url, os.environ.get("OPENAI_API_KEY", ""), timeout, cache())


def cache() -> Path:
    """Where answers are kept: WHYDRIVE_CACHE, or the user's own folder for such things."""
    usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("WHYDRIVE_CACHE") or Path(usual) / "whydrive") / "llm"


def _read(pieces) -> bytes:
    data = b""
    for piece in pieces:
        data += piece
        if len(data) > LARGEST:
            raise NoReply(f"the reply is longer than {LARGEST} bytes")
    return data


def _kept(path: Path) -> Reply | None:
    try:
        kept = json.loads(path.read_bytes())
        text, adapted = kept["content"], tuple(map(str, kept.get("adapted", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Reply(text, adapted) if isinstance(text, str) else None


def _keep(path: Path, body: dict, reply: Reply) -> Reply:
    """Put it there at once, and return what stands there: the first answer counts."""
    part = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"request": body, "content": reply.text, "adapted": reply.adapted}
    part.write_text(json.dumps(kept), encoding="utf-8")
    if (first := _kept(path)) is None:
        os.replace(part, path)
        return reply
    part.unlink()
    return first
