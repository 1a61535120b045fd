"""Puts a measured table between its markers in docs/twin.md, so that the page holds nothing that was not measured."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "twin.md"


def insert(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between <!-- name --> and <!-- /name -->; ValueError where the page has no such place."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    page_text = page.read_text()
    if begin not in page_text or end not in page_text:
        raise ValueError(f"{page} has no place for {name!r}")
    before, rest = page_text.split(begin, 1)
    after = rest.split(end, 1)[1]
    page.write_text(f"{before}{begin}{text.rstrip()}\n{end}{after}")
