"""Whydrive: driving decisions, explained, and explanations that can be checked.

From a notebook: `from drive import run, explain, branch, evaluate`. Importing the package costs nothing; the
simulator is loaded with the first of these names.
"""

from __future__ import annotations

import importlib
import os

# NumPy's newest vector instructions round some sines differently. A digest must not depend on the
# processor, so they are left aside; it takes effect where NumPy is not yet loaded.
os.environ.setdefault(
    "NPY_DISABLE_CPU_FEATURES",
    "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR X86_V4",
)

API = {  # name -> where it is
    "branch": "drive.episodes.branch",
    "evaluate": "drive.evaluation",
    "explain": "drive.episodes.api",
    "run": "drive.episodes.api",
}


def __getattr__(name: str):
    if name in API:
        return getattr(importlib.import_module(API[name]), name)
    raise AttributeError(f"module 'drive' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *API]
