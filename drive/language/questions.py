"""Questions in plain words, and the words of their answers: one table for each language.

`parse_question(say_question(question, language), language) == question` for every question whose numbers have six
decimals at most. A text that no form
fits is refused with what can be asked; nothing else of it is read. What no form says, an edit's own text says
(`drive.language.edits`), in every language alike.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from drive.language.edits import parse_edit, say_edit
from drive.language.tables import words_of
from drive.types import (
    Blocked,
    Brake,
    CutIn,
    Feared,
    Hide,
    HowNear,
    Meta,
    Nearer,
    Obstruct,
    Question,
    Quicker,
    Remove,
    Resize,
    Surface,
    WhatIf,
    Why,
    WhyNot,
    Without,
)

WET, ICY = 0.5, 0.15  # grip of a road that is called so
LONGEST = 200  # characters of a question that are read
BLANK = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")  # between two Chinese characters
BETWEEN = ";"  # of several edits in one question


@dataclass(frozen=True)
class Asking:
    """How one language asks and answers."""

    suppose: tuple[str, ...]  # what a supposition may begin with; the first is said
    car: str  # a car in a question, with {car}
    forms: dict[str, tuple[str, ...]]  # kind -> forms; the first is said back
    also: dict[str, str]  # further names of meta-actions
    mark: str  # at the end of a question
    answers: dict[str, str]
    help: str


ENGLISH = Asking(
    suppose=("what if ", "what would you do if ", "what would you have done if ", "if "),
    car="car {car}",
    forms={
        "why": ("why", "why did you do (this|that)", "why (this|that)", "why so"),
        "why not": (
            "why not {option}",
            "why (do|did|would) you not {option}",
            "why (don't|didn't|wouldn't) you {option}",
        ),
        "feared": ("what did you fear", "what do you fear", "what (was|is) feared"),
        "remove": ("{car} were not there", "{car} (was not|wasn't|weren't) there", "there (were|was) no {car}", "without {car}"),
        "hide": ("you did not see {car}", "you (didn't|could not|couldn't) see {car}"),
        "brake": ("{car} braked", "{car} (brakes|braked hard|brakes hard)"),
        "truck": ("{car} were a truck", "{car} was a truck"),
        "cut in": ("{car} cut in", "{car} cuts in"),
        "nearer": ("{car} were {number} m nearer", "{car} (were|was) {number}[ ]m (nearer|closer)"),
        "farther": ("{car} were {number} m farther away", "{car} (were|was) {number}[ ]m (farther|further)[ away]"),
        "quicker": ("{car} were {number} m/s quicker", "{car} (were|was|drove) {number}[ ]m/s (quicker|faster)"),
        "slower": ("{car} were {number} m/s slower", "{car} (were|was|drove) {number}[ ]m/s slower"),
        "grip": ("the grip of the road were {number}", "the grip (were|was) {number}"),
        "wet": ("the road were wet", "the road was wet", "it rained"),
        "icy": ("the road were icy", "the road was icy"),
        "task": ("there were no goal", "(there was|you had) no (goal|exit to reach)"),
        "speed limit": ("there were no speed limit", "there was no speed limit"),
        "poor sight": ("you saw everything", "you could see everything"),
        "blocked": ("debris lay {number} m ahead", "(there were|there was|there is) (debris|an obstacle) {number}[ ]m ahead[ of you]",
                    "(debris|an obstacle) (lay|stood|were|was) {number}[ ]m ahead[ of you]"),
        "debris": ("debris lay at x {x} m and y {y} m", "(there were|there was) debris at x {x}[ ]m(,| and) y {y}[ ]m"),
        "how near": ("how near must {car} be", "how (near|close) (must|would) {car}[ have to] be", "what would it take with {car}"),
    },
    also={"brake": "SLOWER", "decelerate": "SLOWER", "accelerate": "FASTER", "go faster": "FASTER", "go slower": "SLOWER",
          "stay": "IDLE", "keep going": "IDLE", "go left": "LANE_LEFT", "go right": "LANE_RIGHT",
          "change to the left": "LANE_LEFT", "change to the right": "LANE_RIGHT"},
    mark="?",
    answers={
        "other": "I would {act}, not {was}",
        "same": "I would {act} all the same",
        "nothing": "then the policy gives no answer",
        "placebo same": "the same of car {car}, which is like it, would change nothing",
        "placebo other": "but the same of car {car}, which is like it, would change it too",
        "placebo untried": "the same of car {car}, which is like it, cannot be tried",
        "no placebo": "no other car is enough like it to compare",
        "nearer": "{number} m nearer, and I would {act}",
        "farther": "{number} m farther away, and I would {act}",
        "neither": "from {nearer} m nearer to {farther} m farther away I would {act} all the same",
        "chosen": "I do {act}",
        "not weighed": "that is not among what can be done here",
        "less": "it scored {theirs}, what I do {ours}",
        "scoreless": "the policy does not say what its options are worth",
        "feared": "{term}, in {few} of {many} hypotheses",
        "outlined": "the outlines show hypothesis {number}, in which that is worst after {after} s",
        "instead": "the outlines show what would be feared then: {term}, in hypothesis {number} after {after} s",
        "fearless": "in no hypothesis does what I do fall short of a wish",
        "unimagined": "the policy does not show the hypotheses that it weighs",
        "weighed anew": "asked again, the policy weighs this otherwise than in the log",
    },
    help=(
        "that is not among the questions that can be answered: why; why not speed up; what did you fear; what if car 4 were not there "
        "(braked, were a truck, cut in, were 5 m nearer, were 3 m/s slower); what if the road were wet; what if there were no "
        "speed limit; if debris lay 40 m ahead; how near must car 4 be"
    ),
)  # fmt: skip

GERMAN = Asking(
    suppose=("was wäre, wenn ", "was wäre wenn ", "was, wenn ", "was wenn ", "wenn "),
    car="Wagen {car}",
    forms={
        "why": ("warum", "(wieso|weshalb)", "(warum|wieso) das"),
        "why not": ("warum nicht {option}", "(wieso|weshalb) nicht {option}"),
        "feared": ("was hast du befürchtet", "was befürchtest du", "was wurde befürchtet"),
        "remove": ("{car} nicht da wäre", "es {car} nicht gäbe", "ohne {car}"),
        "hide": ("du {car} nicht sähest", "du {car} nicht (gesehen hättest|sehen würdest)"),
        "brake": ("{car} bremste", "{car} (stark bremste|bremsen würde)"),
        "truck": ("{car} ein Lastwagen wäre", "{car} ein (LKW|Lkw) wäre"),
        "cut in": ("{car} einscherte", "{car} einscheren würde"),
        "nearer": ("{car} {number} m näher wäre", "{car} {number}[ ]m näher wäre"),
        "farther": ("{car} {number} m weiter weg wäre", "{car} {number}[ ]m (weiter|weiter entfernt) wäre"),
        "quicker": ("{car} {number} m/s schneller wäre", "{car} {number}[ ]m/s schneller (wäre|führe)"),
        "slower": ("{car} {number} m/s langsamer wäre", "{car} {number}[ ]m/s langsamer (wäre|führe)"),
        "grip": ("der Kraftschluss {number} wäre",),
        "wet": ("die Straße nass wäre", "es regnete"),
        "icy": ("die Straße vereist wäre", "es glatt wäre"),
        "task": ("es kein Ziel gäbe", "du kein Ziel hättest"),
        "speed limit": ("es kein Tempolimit gäbe",),
        "poor sight": ("du alles sähest", "du alles sehen könntest"),
        "blocked": ("{number} m voraus ein Hindernis läge", "{number}[ ]m (voraus|vor dir) (ein Hindernis|etwas auf der Straße) (läge|wäre|stünde)",
                    "ein Hindernis {number}[ ]m (voraus|vor dir) (läge|wäre|stünde)"),
        "debris": ("bei x {x} m und y {y} m ein Hindernis läge",),
        "how near": ("wie nah müsste {car} sein",),
    },
    also={"bremsen": "SLOWER", "langsamer fahren": "SLOWER", "schneller fahren": "FASTER", "Gas geben": "FASTER",
          "bleiben": "IDLE", "links": "LANE_LEFT", "rechts": "LANE_RIGHT"},
    mark="?",
    answers={
        "other": "Ich würde {act}, nicht {was}",
        "same": "Ich würde trotzdem {act}",
        "nothing": "dann hat die Strategie keine Antwort",
        "placebo same": "dasselbe bei Wagen {car}, der ihm ähnlich ist, änderte nichts",
        "placebo other": "aber dasselbe bei Wagen {car}, der ihm ähnlich ist, änderte es auch",
        "placebo untried": "dasselbe bei Wagen {car}, der ihm ähnlich ist, lässt sich nicht versuchen",
        "no placebo": "kein anderer Wagen ist ihm ähnlich genug zum Vergleich",
        "nearer": "{number} m näher, und ich würde {act}",
        "farther": "{number} m weiter weg, und ich würde {act}",
        "neither": "von {nearer} m näher bis {farther} m weiter weg würde ich trotzdem {act}",
        "chosen": "eben das tue ich: {act}",
        "not weighed": "das gehört nicht zu dem, was hier möglich ist",
        "less": "es war {theirs} wert, was ich tue {ours}",
        "scoreless": "die Strategie sagt nicht, was ihr die Möglichkeiten wert sind",
        "feared": "{term}, in {few} von {many} Hypothesen",
        "outlined": "die Umrisse zeigen Hypothese {number}, in der das nach {after} s am schlimmsten ist",
        "instead": "die Umrisse zeigen, was dann zu befürchten wäre: {term}, in Hypothese {number} nach {after} s",
        "fearless": "in keiner Hypothese verfehlt, was ich tue, einen Wunsch",
        "unimagined": "die Strategie zeigt die Hypothesen nicht, die sie abwägt",
        "weighed anew": "noch einmal gefragt, wägt die Strategie dies anders ab als im Protokoll",
    },
    help=(
        "das gehört nicht zu den Fragen, die beantwortet werden können: warum; warum nicht beschleunigen; was hast du befürchtet; was wäre, wenn "
        "Wagen 4 nicht da wäre (bremste, ein Lastwagen wäre, einscherte, 5 m näher wäre, 3 m/s langsamer wäre); was wäre, "
        "wenn die Straße nass wäre; wenn es kein Tempolimit gäbe; wenn 40 m voraus ein Hindernis läge; wie nah müsste Wagen 4 sein"
    ),
)  # fmt: skip

CHINESE = Asking(
    suppose=("如果 ", "如果", "假如", "要是"),
    car="{car} 号车",
    forms={
        "why": ("为什么", "为什么这样做"),
        "why not": ("为什么不{option}", "为何不{option}"),
        "feared": ("你担心什么", "担心什么", "你担心了什么"),
        "remove": ("没有 {car}", "{car}不在"),
        "hide": ("你看不到 {car}", "你没看到{car}"),
        "brake": ("{car}刹车", "{car}(急刹车|制动)"),
        "truck": ("{car}是卡车",),
        "cut in": ("{car}切入", "{car}加塞"),
        "nearer": ("{car}近 {number} 米", "{car}(再近|靠近){number}米"),
        "farther": ("{car}远 {number} 米", "{car}再远{number}米"),
        "quicker": ("{car}快 {number} m/s", "{car}快{number}米每秒"),
        "slower": ("{car}慢 {number} m/s", "{car}慢{number}米每秒"),
        "grip": ("路面附着系数为 {number}",),
        "wet": ("路面湿滑", "下雨"),
        "icy": ("路面结冰",),
        "task": ("没有目标",),
        "speed limit": ("没有限速",),
        "poor sight": ("你什么都看得见",),
        "blocked": ("前方 {number} 米有障碍物", "前方{number}米(有|是)(障碍物|障碍|杂物)"),
        "debris": ("x {x} 米、y {y} 米处有障碍物",),
        "how near": ("{car}要多近",),
    },
    also={"刹车": "SLOWER", "制动": "SLOWER", "左变道": "LANE_LEFT", "右变道": "LANE_RIGHT"},
    mark="？",
    answers={
        "other": "我会{act}，而不是{was}",
        "same": "我仍会{act}",
        "nothing": "此时策略没有回答",
        "placebo same": "对与它相似的 {car} 号车做同样的改变，则毫无影响",
        "placebo other": "但对与它相似的 {car} 号车做同样的改变，也会改变决定",
        "placebo untried": "对与它相似的 {car} 号车无法做同样的改变",
        "no placebo": "没有足够相似的车可供比较",
        "nearer": "近 {number} 米，我就会{act}",
        "farther": "远 {number} 米，我就会{act}",
        "neither": "从近 {nearer} 米到远 {farther} 米，我都会{act}",
        "chosen": "我正是在{act}",
        "not weighed": "这里不能这样做",
        "less": "它得分 {theirs}，我所做的得分 {ours}",
        "scoreless": "该策略不说明各选项的价值",
        "feared": "{term}，在 {many} 个假设中的 {few} 个里",
        "outlined": "轮廓显示第 {number} 个假设，{after} 秒之后最坏",
        "instead": "轮廓显示那样做所担心的：{term}，在第 {number} 个假设中，{after} 秒之后",
        "fearless": "在任何假设中，我所做的都没有违背期望",
        "unimagined": "该策略不展示它所权衡的假设",
        "weighed anew": "再次询问时，该策略的权衡与记录不同",
    },
    help=(
        "无法回答这个问题。可以问：为什么；为什么不加速；你担心什么；如果没有 4 号车（4 号车刹车、是卡车、切入、近 5 米、慢 3 m/s）；"
        "如果路面湿滑；如果没有限速；如果前方 40 米有障碍物；4 号车要多近"
    ),
)  # fmt: skip

ASKING = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}

# kind -> the question with these values
MADE: dict[str, Callable[..., Question]] = {
    "why": Why,
    "why not": lambda option: WhyNot(Meta(option)),
    "remove": lambda car: WhatIf((Remove(car),)),
    "hide": lambda car: WhatIf((Hide(car),)),
    "brake": lambda car: WhatIf((Brake(car),)),
    "truck": lambda car: WhatIf((Resize(car, "truck"),)),
    "cut in": CutIn,
    "nearer": lambda car, number: Nearer(car, number),
    "farther": lambda car, number: Nearer(car, -number),
    "quicker": lambda car, number: Quicker(car, number),
    "slower": lambda car, number: Quicker(car, -number),
    "grip": lambda number: WhatIf((Surface(number),)),
    "wet": lambda: WhatIf((Surface(WET),)),
    "icy": lambda: WhatIf((Surface(ICY),)),
    **{
        kind: lambda condition=kind: WhatIf((Without(condition),))
        for kind in ("task", "speed limit", "poor sight")
    },
    "blocked": lambda number: Blocked(number),
    "debris": lambda x, y: WhatIf((Obstruct(x, y),)),
    "how near": HowNear,
    "feared": Feared,
}
PLAIN = ("why", "why not", "feared", "how near")  # no suppositions


def parse_question(text: str, language: str = "en") -> Question:
    """The question that a text asks. ValueError with what can be asked, where it asks none of these."""
    asking = ASKING[_known(language)]
    words = " ".join(text[: LONGEST + 1].split()).rstrip(" ?？.。!")
    if len(words) <= LONGEST:
        for kind, pattern in _patterns(language):
            if said := pattern.fullmatch(words):
                return MADE[kind](**_values(said, language))
        try:
            return WhatIf(tuple(map(parse_edit, words.split(BETWEEN))))
        except ValueError as error:
            if words.split(" ")[0] in EDITS:
                raise ValueError(str(error)) from None
    raise ValueError(asking.help)


def say_question(question: Question, language: str = "en") -> str:
    """The question in words, as they are understood."""
    asking, words = ASKING[_known(language)], words_of(language)
    kind, values = _kind(question)
    if kind is None:
        return f"{BETWEEN} ".join(map(say_edit, question.edits))
    if "car" in values:
        values["car"] = asking.car.format(car=values["car"])
    if "option" in values:
        values["option"] = words.actions[values["option"]]
    for name in MEASURED & values.keys():
        values[name] = _written(values[name]).replace(".", words.decimal)
    said = asking.forms[kind][0].format(**values)
    said = said if kind in PLAIN else asking.suppose[0] + said
    said = BLANK.sub("", said)
    return said[:1].upper() + said[1:] + asking.mark


def _written(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


def answering(language: str) -> dict[str, str]:
    """The language's sentences for answers, without capital and full stop."""
    return ASKING[_known(language)].answers


def _known(language: str) -> str:
    words_of(language)
    return language


def _kind(question: Question) -> tuple[str | None, dict]:
    """The kind of a question with its values; None where only an edit's own text says it."""
    match question:
        case Why():
            return "why", {}
        case WhyNot(action):
            return "why not", {"option": action.name}
        case Feared():
            return "feared", {}
        case CutIn(car):
            return "cut in", {"car": car}
        case Blocked(metres):
            return "blocked", {"number": metres}
        case HowNear(car):
            return "how near", {"car": car}
        case Nearer(car, metres):
            return "nearer" if metres >= 0 else "farther", {"car": car, "number": abs(metres)}
        case Quicker(car, change):
            return "quicker" if change >= 0 else "slower", {"car": car, "number": abs(change)}
        case WhatIf((Remove(car=int(car)),)):
            return "remove", {"car": car}
        case WhatIf((Hide(car),)):
            return "hide", {"car": car}
        case WhatIf((Brake(car, deceleration),)) if deceleration == Brake(car).deceleration:
            return "brake", {"car": car}
        case WhatIf((Resize(car, "truck", None, None),)):
            return "truck", {"car": car}
        case WhatIf((Obstruct(x, y, None),)) if all(
            float(_written(each)) == each for each in (x, y)
        ):
            return "debris", {"x": x, "y": y}
        case WhatIf((Surface(grip),)) if float(_written(grip)) == grip:
            return "grip", {"number": grip}
        case WhatIf((Without(condition),)):
            return condition, {}
    return None, {}


# ---------------------------------------------------------------------------------- the grammar

SLOT = re.compile(r"\{(\w+)\}")
NUMBER = r"(?P<number>\d{1,4}(?:[.,]\d{1,6})?)"
PLACE = r"(?P<{0}>-?\d{{1,6}}(?:[.,]\d{{1,6}})?)"
MEASURED = {"number", "x", "y"}  # slots that hold a number with decimals
EDITS = ("hide", "remove", "add", "obstruct", "move", "speed", "resize", "brake", "keep", "lane", "send", "surface", "without")  # fmt: skip


@functools.cache
def _patterns(language: str) -> tuple[tuple[str, re.Pattern], ...]:
    """(kind, pattern) of every form of a language, in the order of its table."""
    asking = ASKING[language]
    suppose = "|".join(map(re.escape, asking.suppose))
    return tuple(
        (kind, re.compile(_begun(kind, suppose) + _pattern(form, language), re.IGNORECASE))
        for kind, forms in asking.forms.items()
        for form in forms
    )


def _begun(kind: str, suppose: str) -> str:
    return "" if kind in PLAIN else rf"(?:(?:{suppose})\s*)?"


def _pattern(form: str, language: str) -> str:
    """A form as a pattern: [what may be left out], (one|or the other), {what is filled in}; blanks count little."""
    slots = {"car": _car(language), "number": NUMBER, "option": _options(language)}
    slots |= {name: PLACE.format(name) for name in ("x", "y")}
    parts = SLOT.split(form)
    pattern = ""
    for number, part in enumerate(parts):
        pattern += rf"{slots[part]}\s*" if number % 2 else _literal(part)
    return pattern


def _literal(text: str) -> str:
    marks = {"[": "(?:", "]": ")?", "(": "(?:", ")": ")", "|": "|", " ": r"\s*"}
    return "".join(marks.get(letter) or re.escape(letter) for letter in text)


def _car(language: str) -> str:
    before, after = (_literal(part) for part in ASKING[language].car.split("{car}"))
    return rf"{before}(?P<car>\d{{1,6}}){after}"


def _options(language: str) -> str:
    names = sorted(_names(language), key=len, reverse=True)
    return rf"(?P<option>{'|'.join(map(re.escape, names))})"


def _names(language: str) -> dict[str, str]:
    """What is said -> the meta-action that it names."""
    actions = words_of(language).actions
    legal = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")
    names = {actions[name]: name for name in legal} | ASKING[language].also
    return {said.lower(): name for said, name in names.items()}


def _values(said: re.Match, language: str) -> dict:
    values = said.groupdict()
    read = {
        "car": int,
        **dict.fromkeys(MEASURED, lambda text: float(text.replace(",", "."))),
        "option": lambda text: _names(language)[text.lower()],
    }
    return {name: read[name](text) for name, text in values.items() if text is not None}
