"""Loaded before any test, and so before NumPy: Whydrive says which instructions it may use."""

import drive  # noqa: F401
