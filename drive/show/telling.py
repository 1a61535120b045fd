"""A run as a terminal tells it: a line for each decision that says something new, as it happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drive.language import ending, handed_back, spoken
from drive.reasoning.narrate import facts_of, says_no_more
from drive.types import End, Step

SPAN = " [{begin:.1f}–{end:.1f} s]"  # how long a decision was kept that more than one step took
BACK = "          [{}]\n"  # a line of its own, where a monitor drove before
GOES_ON = " … "  # before what was told at last


def telling(
    events: Iterable[Step | End], language: str = "en", each: bool = False
) -> Iterator[str]:
    """Pieces of text, to be printed one after the other at once.

    A decision is told when it is taken. Steps that tell nothing new lengthen the time span that ends its
    line, after the facts as they were at last. each: a line for every step.
    """
    first = last = None
    for event in events:
        if isinstance(event, Step) and first and not each and says_no_more(first, event):
            last = event
            continue
        yield from _closed(first, last)
        if isinstance(event, End):
            first = last = None
            yield ending(event, language) + "\n"
        else:
            if back := handed_back(last, event, language):
                yield BACK.format(back)
            first = last = event
            yield spoken(event, language)
    yield from _closed(first, last)


def _closed(first: Step | None, last: Step | None) -> Iterator[str]:
    if first is not last:
        at_last = facts_of(last.rationale)
        if at_last not in first.rationale.text:
            yield f"{GOES_ON}{at_last}"
        end = last.scene.time + last.scene.period
        yield SPAN.format(begin=first.scene.time, end=end)
    if first is not None:
        yield "\n"
