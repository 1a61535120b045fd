"""What free words say of the ego's own motion: sides and changes of speed, in every language at once.

For sentences that the grammar does not know. Only plain statements count: where a sentence also holds
a negation or a condition, or both of two opposites, nothing is read out of it.
"""

from __future__ import annotations

import re

MOTIONS: dict[str, tuple[str, ...]] = {  # what is said -> expressions for it, en, de, zh
    "left": (
        r"\b(?:nudg|chang|mov|turn|steer|swerv|shift|merg|switch|veer)\w*\s+(?:\w+\s+){0,3}?left\b",
        r"\b(?:wechs|lenk|weich|zieh|bieg|fahr)\w*\s+(?:\w+\s+){0,4}?links\b|\bnach links\b",
        r"(?:向|往|朝)左|左(?:转|拐|变道|并线)",
    ),
    "right": (
        r"\b(?:nudg|chang|mov|turn|steer|swerv|shift|merg|switch|veer)\w*\s+(?:\w+\s+){0,3}?right\b",
        r"\b(?:wechs|lenk|weich|zieh|bieg|fahr)\w*\s+(?:\w+\s+){0,4}?rechts\b|\bnach rechts\b",
        r"(?:向|往|朝)右|右(?:转|拐|变道|并线)",
    ),
    "slower": (
        r"\b(?:brak|decelerat)(?:e|es|ing)\b|\bslow(?:s|ing)? down\b",
        r"\b(?:brems|verlangsam|abbrems)\w*",
        r"减速|刹车|制动",
    ),
    "faster": (
        r"\baccelerat(?:e|es|ing)\b|\bspeed(?:s|ing)? up\b",
        r"\bbeschleunig\w*",
        r"加速",
    ),
}
OPPOSITE = {"left": "right", "right": "left", "slower": "faster", "faster": "slower"}
UNPLAIN = re.compile(  # negations, conditions, and others' motions
    r"\b(?:no|not|never|cannot|without|if|unless|until|after|before|when|could|would|may|might|other|it|they|"
    r"instead|avoid\w*|car \d+|nicht|kein\w*|ohne|wenn|falls|bis|nachdem|sobald|würde|könnte|fahrzeug \d+)\b"
    r"|n't\b|不|没|无法|如果|除非|等|之后|避免",
    re.I,
)
_EXPRESSIONS = {motion: re.compile("|".join(each), re.I) for motion, each in MOTIONS.items()}


def motions_said(sentence: str) -> frozenset[str]:
    """The keys of MOTIONS that a sentence plainly says of the ego; opposites cancel."""
    if UNPLAIN.search(sentence):
        return frozenset()
    said = {motion for motion, pattern in _EXPRESSIONS.items() if pattern.search(sentence)}
    return frozenset(motion for motion in said if OPPOSITE[motion] not in said)
