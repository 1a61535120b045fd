"""Executes docs/notebook.ipynb and writes its outputs back: `python benchmarks/notebook.py`."""

from __future__ import annotations

import ast
import contextlib
import io
import json
from pathlib import Path

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebook.ipynb"


def outputs(cells: list[str]) -> list[str]:
    """What each cell prints, and the value of its last expression, in one namespace."""
    space: dict = {}
    return [_output(source, space) for source in cells]


def _output(source: str, space: dict) -> str:
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), space)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), space) if last else None
    return printed.getvalue() + ("" if value is None else repr(value))


def sources(notebook: dict) -> list[str]:
    """The code cells of a notebook."""
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


def main() -> None:
    notebook = json.loads(NOTEBOOK.read_text())
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    for number, (cell, text) in enumerate(zip(cells, outputs(sources(notebook)), strict=True), 1):
        stream = {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}
        cell |= {"execution_count": number, "outputs": [stream] if text else []}
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
