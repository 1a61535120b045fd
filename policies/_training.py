"""What trainings have in common: a bar that shows how far they are, and files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Weights = dict[str, torch.Tensor]


@contextmanager
def bar(progress: bool, total: int, done: int, said: str) -> Iterator[Callable[[int, str], None]]:
    """A function that shows how many rounds are done, and what is said of the last score."""
    columns = (
        TextColumn("round {task.completed:.0f} of {task.total:.0f}"), BarColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), TextColumn("{task.fields[said]}"),
    )  # fmt: skip
    with Progress(*columns, disable=not progress) as shown:
        task = shown.add_task("", total=total, completed=done, said=said)
        yield lambda completed, words: shown.update(task, completed=completed, said=words)


def under(place: str, tensors: Weights) -> Weights:
    """The tensors with their names put under another one."""
    return {f"{place}/{name}": tensor.detach() for name, tensor in tensors.items()}


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then put it there at once."""
    part = path.with_suffix(".part")
    write(part)
    os.replace(part, path)
