"""An OpenAI-compatible endpoint, asked once for each content: answers are kept on disk. Knows nothing of driving."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

LARGEST = 1 << 20  # [bytes] of a response
TOKENS = 400  # of an answer, at most
VARIED = 0.7  # temperature of every attempt but the first
REFUSED = (400, 401, 403, 404, 405, 413, 422)  # asking again would not help
NEEDS = "it takes httpx to ask a language model: pip install 'whydrive[llm]'"
HOW = "set OPENAI_BASE_URL to an OpenAI-compatible endpoint, such as http://127.0.0.1:8080/v1"


class NoReply(Exception):
    """The endpoint said nothing that can be used; the message says why, in a few words."""


class Refusal(ValueError):
    """The endpoint will not answer such a request, however often it is asked."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked, and where its answers are kept."""

    model: str
    url: str
    key: str = field(repr=False)  # "" where none is needed; never written anywhere
    timeout: float  # [s] of one request
    cache: Path

    def ask(self, messages: list[dict], schema: dict, attempt: int = 0) -> str:
        """The text of the model's answer, from disk if the same was asked before.

        attempt: later ones may draw another answer. NoReply where there is none; Refusal where
        there will be none.
        """
        body = self.body(messages, schema, attempt)
        path = self.path(body)
        if (known := _kept(path)) is not None:
            return known
        return _keep(path, body, self._content(self._posted(body)))

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
        address = f"{self.url.rstrip('/')}/chat/completions"
        try:
            with httpx.stream(
                "POST", address, json=body, headers=headers, timeout=self.timeout
            ) as response:
                if response.status_code in REFUSED:
                    raise Refusal(
                        f"{address} refused the request with status {response.status_code}"
                    )
                if response.status_code != 200:
                    raise NoReply(f"status {response.status_code}")
                return _read(response.iter_bytes())
        except httpx.TimeoutException as error:
            raise NoReply(f"no answer within {self.timeout:g} s") from error
        except httpx.InvalidURL as error:
            raise Refusal(f"{address} is no address; {HOW}") from error
        except httpx.UnsupportedProtocol as error:
            raise Refusal(f"{address} is no address; {HOW}") from error
        except httpx.HTTPError as error:
            raise NoReply(f"the endpoint cannot be reached ({type(error).__name__})") from error

    @staticmethod
    def _content(data: bytes) -> str:
        try:
            content = json.loads(data)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
            raise NoReply("the reply is no chat completion") from error
        if not isinstance(content, str):
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


def _kept(path: Path) -> str | None:
    try:
        content = json.loads(path.read_bytes())["content"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if isinstance(content, str) else None


def _keep(path: Path, body: dict, content: str) -> str:
    """Put it there at once, and return what stands there: the first answer counts, whoever asked."""
    part = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps({"request": body, "content": content}), encoding="utf-8")
    if (known := _kept(path)) is None:
        os.replace(part, path)
        return content
    part.unlink()
    return known
