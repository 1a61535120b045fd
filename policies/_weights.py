"""Weights on disk, read without unpickling anything."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError


def read_weights(path: Path, again: str) -> tuple[dict[str, np.ndarray], str]:
    """The arrays of a safetensors file, and its digest; again: the words on what makes it anew.

    ValueError in one sentence for a file that cannot be read, is no such file, or holds numbers that are not finite.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"no weights can be read at {path} ({error.strerror}); {again}") from error
    try:
        arrays = safetensors.numpy.load(data)
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file ({error}); {again}") from error
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(f"{path} holds weights that are not finite; {again}")
    return arrays, hashlib.sha256(data).hexdigest()[:16]
