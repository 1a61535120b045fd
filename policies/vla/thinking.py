"""Words as claims, and claims as words: what the network thinks, said in our language, and read again from it.

What is said is what the decision is decoded from: every grade, and the car that matters with what would be done without it.
Of the scene words, those of the car that matters are said, else those of the way ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from drive.language import make_claim
from drive.types import Claim, Meta
from policies.vla import grammar as g

SIDES = {"": None, " on the left": Meta("LANE_LEFT"), " on the right": Meta("LANE_RIGHT")}
UNHEARD_OF = 40.0  # [m/s] the last bound of closings
LAST_SAID = len(g.OPTIONS)  # where the verdict words on the car that matters begin


def claims_of(scene: Sequence[int], verdict: Sequence[int]) -> tuple[Claim, ...]:
    """The claims that say the verdict words, and what is seen of the car that matters."""
    rival, without = verdict[LAST_SAID:]
    seen = rival - 1 if 0 < rival <= len(g.RELATIONS) else 0
    claims = [*_seen(g.RELATIONS[seen], scene[seen], scene[len(g.RELATIONS) + seen])]
    for option, grade in sorted(zip(g.OPTIONS, verdict[:LAST_SAID], strict=True), key=_best_first):
        if grade != g.NOT_POSSIBLE:
            claims.append(make_claim("grade", g.GRADES[grade], option=Meta(option)))
    if rival:
        instead = Meta(g.WITHOUT[without])
        claims.append(make_claim("cause", f"without {g.RIVALS[rival]}", option=instead))
    return tuple(claims)


def _best_first(graded: tuple[str, int]) -> tuple[int, int]:
    return graded[1], g.OPTIONS.index(graded[0])


def words_of(claims: Iterable[Claim]) -> np.ndarray:
    """The verdict words int64 [VERDICT_WORDS] that claims say; an option without a grade is not possible."""
    words = np.zeros(len(g.VERDICT_WORDS), np.int64)
    for claim in claims:
        name = claim.option.name if isinstance(claim.option, Meta) else ""
        if claim.kind == "grade" and name in g.OPTIONS and claim.quantity in g.GRADES:
            words[g.OPTIONS.index(name)] = g.GRADES.index(claim.quantity)
        rival = claim.quantity.removeprefix("without ")
        if claim.kind == "cause" and rival in g.RIVALS and name in g.WITHOUT:
            words[LAST_SAID:] = g.RIVALS.index(rival), g.WITHOUT.index(name)
    return words


def _seen(relation: str, gap: int, closing: int) -> Iterable[Claim]:
    front, _, side = relation.partition(" on")
    place = SIDES[f" on{side}" if side else ""]
    if gap >= g.NO_GAP:
        yield make_claim("sight", f"nobody {front}", float(g.GAPS[-1]), option=place)
        return
    low, high = (float(g.GAPS[gap - 1]) if gap else 0.0), float(g.GAPS[gap])
    yield make_claim("sight", f"gap {front}", low, threshold=high, option=place)
    if closing >= g.NO_CLOSING:
        return
    bounds = [-UNHEARD_OF, *g.CLOSINGS.tolist(), UNHEARD_OF]
    near, far = sorted(bounds[closing : closing + 2], key=abs)
    near = 0.0 if near == -far else near
    yield make_claim("sight", f"closing {front}", near, threshold=abs(far), option=place)
