"""What a run's verdicts come to: counts for each kind of test, what each kind is, and one sentence at the end.

Knows verdicts only. Which words of a log are false, `drive.show.proof` tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from drive.checking.verdicts import Verified

RESULTS = ("true", "false", "untestable")
TESTS = {  # of claims -> what it is
    "scene": "what is said of now, measured again in the scene",
    "summed": "wishes and worths, held against the terms of the options",
    "trajectory": "what is intended, held against the trajectory",
    "driven": "what is intended, held against what was then driven",
    "driven out": "what would follow, driven out in the simulator",
    "asked again": "what a decision depends on: the policy asked again without it",
    "text": "the words: they say all claims, and no number or car of their own",
    "clock": "the times of the log, held against distances and speeds",
    "replay": "nothing: the log cannot be driven again from here on",
}
COMPARED = {  # of decisions -> what it is
    "sums": "the terms of an option sum to its score",
    "sides": "a term counts on the side of its worth",
    "best": "the option that was taken scores best, or as good",
    "facts": "what options tell of the scene, measured again",
    "choice": "asked again: the action",
    "options": "asked again: what was weighed, and where it leads",
    "scores": "asked again: the score of every option",
    "terms": "asked again: kind, value, time and cars of every term",
    "worths": "asked again: what every term adds to the score",
    "wishes": "asked again: what every term is held against",
    "trajectories": "asked again: where every option leads, to what a log writes",
    "causes": "asked again: what the decision depends on",
    "words": "asked again: decision, claims, rival and text",
    "takeovers": "asked again: where a monitor drove instead, what, and why",
    "given up": "asked again without one wish: the score changes by what its terms cost",
}
NAME, COUNT = 13, 11  # columns' widths
WHYS = 3  # of the commonest reasons why something cannot be tested


class Tally:
    """How many claims and comparisons of each kind were true, false and untestable."""

    def __init__(self):
        self.claims: Counter = Counter()
        self.checks: Counter = Counter()
        self._whys: Counter = Counter()

    def add(self, verified: Verified) -> None:
        for finding in verified.findings:
            self.claims[finding.test, finding.verdict.result] += 1
        for check in verified.checks:
            self.checks[check.kind, check.result] += 1
        told = [(f.verdict.result, f.verdict.why) for f in verified.findings]
        told += [(check.result, check.why) for check in verified.checks]
        self._whys.update(why for result, why in told if result == "untestable")

    def lines(self) -> Iterator[str]:
        """A table of claims, one of comparisons, and why some could not be tested."""
        yield from _table("claims", self.claims, TESTS)
        if self.checks:
            yield ""
            yield from _table("decisions", self.checks, COMPARED)
        for why, count in self._whys.most_common(WHYS):
            yield f"  {count} untestable: {why}"

    def closing(self, look: str = "") -> str:
        """What it comes to, in one sentence. look: where to look at what is false, first of all."""
        true, false, untestable = _sums(self.claims)
        text = _of_claims(true, false)
        _, differ, _ = compared = _sums(self.checks)
        if differ:
            of = sum(compared[:2])
            text += f", {'and' if false else 'but'} {differ} of {of} comparisons of decisions "
            text += "differs" if differ == 1 else "differ"
        text += f"; {untestable} cannot be tested" if untestable else ""
        return f"{text}: look at {look}." if look else f"{text}."


def _of_claims(true: int, false: int) -> str:
    if not true + false:
        return "No claim can be tested"
    if false:
        return f"{false} of {true + false} claims {'is' if false == 1 else 'are'} false"
    return f"All {true} claims that can be tested are true" if true > 1 else "The one claim is true"


def _sums(counts: Counter) -> list[int]:
    """How many in all are true, false and untestable."""
    return [sum(n for (_, result), n in counts.items() if result == each) for each in RESULTS]


def _table(title: str, counts: Counter, about: dict[str, str]) -> Iterator[str]:
    """A line for each kind of test, those with something false first."""
    yield f"{title:{NAME}}" + "".join(f"{result:>{COUNT}}" for result in RESULTS)
    kinds = [kind for kind in about if any(counts[kind, result] for result in RESULTS)]
    for kind in sorted(kinds, key=lambda kind: not counts[kind, "false"]):
        row = "".join(f"{counts[kind, result]:{COUNT}}" for result in RESULTS)
        yield f"{kind:{NAME}}{row}   {about[kind]}"
