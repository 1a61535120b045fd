"""Whydrive: driving decisions, explained, and explanations that can be checked.

From a notebook: `from drive import run, explain, evaluate`. Importing the package costs nothing; the
simulator is loaded with the first of these names.
"""

from __future__ import annotations

import importlib

API = ("evaluate", "explain", "run")


def __getattr__(name: str):
    if name in API:
        return getattr(importlib.import_module("drive.api"), name)
    raise AttributeError(f"module 'drive' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *API]
