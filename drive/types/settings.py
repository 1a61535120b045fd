"""Tunable numbers of a policy: each a field of its frozen `Settings`, with unit, meaning and how it was chosen.

A policy declares `time_gap: float = tunable(0.8, "s", "to the car ahead", BY_HAND)`. Benchmarks list the numbers with
`tunables` and vary one of them with `changed`. Knows no policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

BY_HAND = "by hand, not tuned"
BY_COMPARISON = "by hand, after a comparison on tuning seeds (docs/lab, experiments of the planner)"


@dataclass(frozen=True)
class Tunable:
    """One tunable number of a policy, as a table shows it."""

    name: str  # with dots where it belongs to a group: "margins.ahead_time"
    value: Any
    unit: str  # "" for a number without one
    meaning: str
    chosen: str  # the command or the comparison that chose it


def tunable(value: Any, unit: str, meaning: str, chosen: str = BY_HAND) -> Any:
    """A dataclass field with this default value; unit, meaning and origin are kept with it."""
    return field(default=value, metadata={"unit": unit, "meaning": meaning, "chosen": chosen})


def tunables(settings, group: str = "") -> Iterator[Tunable]:
    """Every number of a Settings value, groups included, in the order in which they are declared.

    TypeError where a field was declared without unit, meaning and origin.
    """
    for each in fields(settings):
        name, value = group + each.name, getattr(settings, each.name)
        if is_dataclass(value):
            yield from tunables(value, name + ".")
        elif "meaning" in each.metadata:
            yield Tunable(name, value, **each.metadata)
        else:
            raise TypeError(f"setting {name!r} has no unit, meaning and origin")


def changed(settings, name: str, value: Any):
    """The same settings with one number changed; its name as in `Tunable`. ValueError where there is none."""
    first, _, rest = name.partition(".")
    if first not in {each.name for each in fields(settings)}:
        raise ValueError(f"no setting {name!r} in {type(settings).__name__}")
    return replace(
        settings, **{first: changed(getattr(settings, first), rest, value) if rest else value}
    )
