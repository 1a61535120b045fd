"""Words as claims, and claims as words: what the network thinks, said in our language, and read again from it.

What is said is what the decision is decoded from: every grade. With it, without which car the words would have led elsewhere,
the nearest first; of the scene words, those of the first such car, else those of the way ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drive.language import make_claim
from drive.language.quantities import RELATIONS
from drive.types import Claim, Meta, Word
from policies.vla import grammar as g

SIDES = {"": None, " on the left": Meta("LANE_LEFT"), " on the right": Meta("LANE_RIGHT")}
UNHEARD_OF = 40.0  # [m/s] the last bound of closings
NAMED = 2  # cars that are said to matter, at most
DECIMALS, LEAST = 6, 1e-6  # of a probability; that of a word which may stand at its place
# every place by its name, in the order in which its word is said, with the names of the words that may stand there
GAP_NAMES = (*(f"{a:g} to {b:g} m" for a, b in zip((0.0, *g.GAPS), g.GAPS, strict=False)), "nobody")
CLOSING_NAMES = (
    *(
        f"{a:g} to {b:g} m/s"
        for a, b in zip((-UNHEARD_OF, *g.CLOSINGS), (*g.CLOSINGS, UNHEARD_OF), strict=True)
    ),
    "nobody",
)
PLACES: dict[str, tuple[str, ...]] = {
    **{f"gap {relation}": GAP_NAMES for relation in RELATIONS},
    **{f"closing {relation}": CLOSING_NAMES for relation in RELATIONS},
    **{f"lanes {side}": g.LANES for side in ("left", "right")},
    **{f"grade {option}": g.GRADES for option in g.OPTIONS},
}
FIRST_GRADE = len(g.SCENE_WORDS)
# places whose words fit together -> the word of each for nobody
PAIRS = tuple({k: g.NO_GAP, k + len(RELATIONS): g.NO_CLOSING} for k in range(len(RELATIONS)))


@dataclass(frozen=True, eq=False)
class Minded:
    """What the network said."""

    scene: np.ndarray  # int64 [SCENE_WORDS]
    verdict: np.ndarray  # int64 [VERDICT_WORDS]
    likely: list[list[float]]  # of every place, in order, the probability of each word
    # relation -> number of the option that its words lead to where nobody is there, if that is another one
    causes: Mapping[int, int]


def without_each(scene: np.ndarray) -> tuple[list[int], np.ndarray]:
    """The relations with a car, nearest first, and the scene words [relations, SCENE_WORDS] with nobody there."""
    cars = [
        k
        for k in np.argsort(scene[: len(RELATIONS)], kind="stable").tolist()
        if scene[k] < g.NO_GAP
    ]
    rows = np.repeat(scene[None], len(cars), 0)
    for row, k in zip(rows, cars, strict=True):
        row[[k, len(RELATIONS) + k]] = g.NO_GAP, g.NO_CLOSING
    return cars, rows


def claims_of(minded: Minded) -> tuple[Claim, ...]:
    """The claims that say the verdict words, without which cars they would lead elsewhere, and what is seen of the first of these."""
    told = [*minded.causes.items()][:NAMED]
    seen = told[0][0] if told else 0
    scene = minded.scene
    claims = [*_seen(RELATIONS[seen], scene[seen], scene[len(RELATIONS) + seen])]
    for option, grade in sorted(zip(g.OPTIONS, minded.verdict, strict=True), key=_best_first):
        if grade != g.NOT_POSSIBLE:
            claims.append(make_claim("grade", g.GRADES[grade], option=Meta(option)))
    for relation, instead in told:
        without = f"without {RELATIONS[relation]}"
        claims.append(make_claim("cause", without, option=Meta(g.OPTIONS[instead])))
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
    return words


def _seen(relation: str, gap: int, closing: int) -> Iterator[Claim]:
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


# ------------------------------------------------------------------------------- places and words


def numbers_of(given: Mapping[str, str], legal: Sequence[str]) -> dict[int, int]:
    """Words that are put in by hand, place -> word, as numbers. ValueError for what cannot stand there."""
    numbers, names = {}, tuple(PLACES)
    for place, word in given.items():
        if place not in PLACES:
            raise ValueError(f"no place {str(place)[:40]!r} in its thoughts")
        number = names.index(place)
        if word not in PLACES[place] or not _may_stand(number, PLACES[place].index(word), legal):
            raise ValueError(f"{str(word)[:40]!r} cannot stand at {place!r}")
        numbers[number] = PLACES[place].index(word)
    return numbers


def _may_stand(place: int, word: int, legal: Sequence[str]) -> bool:
    """Of an option that is not offered nothing else is said than that it is not possible, and of no other that it is not."""
    if place < FIRST_GRADE:
        return True
    return (word == g.NOT_POSSIBLE) == (g.OPTIONS[place - FIRST_GRADE] not in legal)


def with_words(
    said: np.ndarray, likely: Sequence[Sequence[float]], by_hand: Mapping[int, int]
) -> np.ndarray:
    """Scene words, with those that are put in by hand.

    A word for nobody stands at both places of a pair or at neither: what was put in by hand decides, and the other place has its
    likeliest word that fits. likely: of the words.
    """
    said = said.copy()
    for place, word in by_hand.items():
        if place < FIRST_GRADE:
            said[place] = word
    for nobody in PAIRS if by_hand else ():
        is_nobody = [said[place] == word for place, word in nobody.items()]
        if all(is_nobody) or not any(is_nobody):
            continue
        none = any(by_hand.get(place) == word for place, word in nobody.items())
        for place, word in nobody.items():
            if none:
                said[place] = word
            elif said[place] == word:
                said[place] = int(np.argmax([p * (k != word) for k, p in enumerate(likely[place])]))
    return said


def spelled(minded: Minded, by_hand: Mapping[int, int], legal: Sequence[str]) -> tuple[Word, ...]:
    """Every place with the words that may stand there."""
    said = [*minded.scene.tolist(), *minded.verdict.tolist()]
    return tuple(
        Word(
            name,
            words,
            _shares(number, minded.likely[number], legal),
            said[number],
            tuple(_claim(name, word) for word in range(len(words))),
            number in by_hand,
        )
        for number, (name, words) in enumerate(PLACES.items())
    )


def _shares(place: int, likely: Sequence[float], legal: Sequence[str]) -> tuple[float, ...]:
    """How likely each word is, of those that may stand there."""
    able = [p * _may_stand(place, word, legal) for word, p in enumerate(likely)]
    return tuple(max(round(p / sum(able), DECIMALS), LEAST) if p else 0.0 for p in able)


def _claim(place: str, word: int) -> Claim | None:
    """What a word says by itself."""
    kind, _, of = place.partition(" ")
    if kind == "gap":
        return next(iter(_seen(of, word, g.NO_CLOSING)))
    if kind == "closing" and word < g.NO_CLOSING:
        return [*_seen(of, 0, word)][1]
    if kind == "grade" and word != g.NOT_POSSIBLE:
        return make_claim("grade", g.GRADES[word], option=Meta(of))
    return None
