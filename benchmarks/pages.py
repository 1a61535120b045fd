"""Figures as data: one JSON file in docs/figures/ for each benchmark, and the tables of the pages made from these.

    python benchmarks/pages.py

A benchmark gives its lines to `publish`; the command above fills every page again from the stored files.
A table stands between `<!-- figures: NAME -->` and `<!-- end of figures -->`, on whichever page of docs/
(or in the README) holds these marks. Cells are stored as they are shown: rounded, with their interval and n.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FIGURES = DOCS / "figures"
PLACE = re.compile(r"(<!-- figures: ([\w.-]+) -->\n)(.*?)(<!-- end of figures -->)", re.S)


def publish(name: str, lines: Iterable[str], command: str) -> None:
    """Store what a benchmark measured, with how and when, and put it into the pages that show it."""
    stored = {
        "command": command,
        "date": date.today().isoformat(),
        "machine": machine(),
        "commit": commit(),
        "blocks": list(blocks(lines)),
    }
    write(name, stored)
    if not fill(name):
        raise ValueError(f"no page of docs/ has the mark <!-- figures: {name} -->")


def write(name: str, stored: dict) -> None:
    FIGURES.mkdir(exist_ok=True)
    lines = [f" {json.dumps(key)}: {_one_by_one(value)}" for key, value in stored.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (FIGURES / f"{name}.json").write_text(text, encoding="utf-8")


def read(name: str) -> dict:
    return json.loads((FIGURES / f"{name}.json").read_text(encoding="utf-8"))


def fill(name: str = "") -> list[Path]:
    """Put stored figures between their marks, all or those of one name; the pages that show them."""
    shown = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        filled = PLACE.sub(lambda m: _filled(m) if name in ("", m[2]) else m[0], text)
        if any(m[2] == name or not name for m in PLACE.finditer(text)):
            shown.append(page)
        if filled != text:
            page.write_text(filled, encoding="utf-8")
    return shown


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(lines: Iterable[str]) -> Iterator[dict | str]:
    """Tables as columns and rows, other lines as they are."""
    table: dict | None = None
    for line in "\n".join(lines).splitlines():
        if not line.startswith("|"):
            table = None
            yield line
        elif table is None:
            table = {"columns": _cells(line), "rows": []}
            yield table
        elif set(line) - set("|-: "):
            table["rows"].append(_cells(line))


def rendered(stored: dict) -> str:
    """Stored figures as a page shows them."""
    lines: list[str] = []
    for block in stored["blocks"]:
        if isinstance(block, str):
            lines.append(block)
        else:
            lines.append(_row(block["columns"]))
            lines.append("|" + "---|" * len(block["columns"]))
            lines += map(_row, block["rows"])
    measured = f"Measured {stored['date']} on a {stored['machine']}: `{stored['command']}`"
    return "\n".join([*lines, "", measured]) + "\n"


def machine() -> str:
    """The machine as a page names it."""
    kind = platform.machine().replace("_", "-")
    gpu = "a GPU, unused" if os.path.exists("/dev/nvidia0") else "no GPU"
    return f"{os.cpu_count()}-core {kind}, {gpu}"


@cache
def commit() -> str:
    """The state of the code, as git names it: kept in the data, never in a sentence."""
    command = ["git", "describe", "--always", "--dirty"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    return answer.stdout.strip() or "unknown"


def _filled(place: re.Match) -> str:
    return f"{place[1]}{rendered(read(place[2]))}{place[4]}"


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _one_by_one(value) -> str:
    """As JSON, each row of a table on a line of its own."""
    if isinstance(value, list):
        rows = ",\n".join(f"  {_one_by_one(item)}" for item in value)
        return f"[\n{rows}\n ]"
    if isinstance(value, dict) and "rows" in value:
        rows = ",\n".join(f"   {json.dumps(row, ensure_ascii=False)}" for row in value["rows"])
        columns = json.dumps(value["columns"], ensure_ascii=False)
        return f'{{"columns": {columns}, "rows": [\n{rows}\n  ]}}'
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for path in fill():
        print(path.relative_to(ROOT))
