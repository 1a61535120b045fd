"""The commands as a user types them: in a process of their own, or answered in the test's own process.

In the test's process nothing is imported anew, which is most of what a command takes. What a test says of exit codes,
of stdout and of stderr holds in both; a test about the process itself (kills, exits, limits) starts one.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from drive.cli import main

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def whydrive(*arguments, cwd=None) -> Done:
    """A command, answered in this process; anything but an exit is raised."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["whydrive", *map(str, arguments)]),
        mock.patch.dict(os.environ),
        contextlib.chdir(cwd or os.getcwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as left:
            return Done(left.code or 0, out.getvalue(), err.getvalue())
    raise AssertionError("a command always exits")


def in_a_process(*arguments, cwd=None):
    """The same command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "drive.cli", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
