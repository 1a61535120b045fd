"""The words of an incident report: one table of sentences for each language, without capital and full stop."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from drive.language.say import say_action
from drive.language.tables import words_of
from drive.types import Action, Meta

LONGEST = 5  # runs of one action that a sequence is told of; then "…"
NUMBER = ".1f"

ENGLISH = {
    "collision": "collision with {partner} after {time} s, at the ego's {side}",
    "unseen": "collision after {time} s; no shapes overlapped, so the partner is unknown",
    "off road": "the ego left the road after {time} s",
    "goal": "the task was not done: {ending} after {time} s",
    "own": "by the metric it is the ego's fault: the contact lay at its front or side",
    "other": "by the metric it is not the ego's fault: it was hit at its rear",
    "unavoidable": "by the metric it is not the ego's fault: every sequence of actions collides from the start on",
    "unknown": "fault cannot be told, because no shapes overlapped",
    "last": "it could still be avoided after {time} s, which is {before} s before",
    "last goal": "the goal could still be reached after {time} s",
    "instead": "what was done then: {taken}; what avoids it: {saving}",
    "instead goal": "what was done then: {taken}; what reaches the goal: {saving}",
    "driven": "driven in highway-env, this lasts {time} s without a contact, on the road",
    "driven goal": "driven in highway-env, this reaches the goal in {time} s",
    "later": "from the next decision on nothing avoids it: {count} decisions were driven in the twin, {share}",
    "never": "nothing that was tried avoids it, from any decision of the last {time} s: {count} decisions were driven "
    "in the twin, {share}",
    "later goal": "from the next decision on nothing reaches it: {count} decisions were driven in the twin, {share}",
    "never goal": "nothing that was tried reaches the goal, from any decision of the last {time} s: {count} decisions "
    "were driven in the twin, {share}",
    "all": "every sequence that the road's actions allow",
    "some": "not every sequence, so one that was left out may",
    "refused": "what would have avoided it cannot be searched for: {why}",
    "said": "what was said then: {text}",
    "said last": "what was said at the last decision: {text}",
    "feared": "contact in the futures that it imagined then: {each}",
    "fear": "{act} {hits} of {of}",
    "blind": "this policy tells no chance of a contact",
    "verdicts": "its claims then: {true} true, {false} false, {untestable} untestable",
    "untested": "its claims have not been tested",
    "none": "there was no incident: {ending}",
    "torn": "the log has no end, so it does not tell what came of it",
    "failed": "the policy failed, so there is no drive to look back at",
    "then": ", then {act}",
    "times": "{act} ({count} times)",
}

GERMAN = {
    "collision": "Zusammenstoß mit {partner} nach {time} s, {side} am Ego",
    "unseen": "Zusammenstoß nach {time} s; keine Umrisse überlappten sich, daher ist unbekannt, womit",
    "off road": "das Ego kam nach {time} s von der Straße ab",
    "goal": "die Aufgabe wurde nicht erfüllt: {ending} nach {time} s",
    "own": "nach der Metrik ist das Ego schuld: die Berührung lag an seiner Front oder Seite",
    "other": "nach der Metrik ist das Ego nicht schuld: es wurde hinten getroffen",
    "unavoidable": "nach der Metrik ist das Ego nicht schuld: vom Start an stößt es bei jeder Folge von Aktionen zusammen",
    "unknown": "die Schuld ist nicht zu sagen, weil sich keine Umrisse überlappten",
    "last": "zu vermeiden war es noch nach {time} s, das ist {before} s vorher",
    "last goal": "zu erreichen war das Ziel noch nach {time} s",
    "instead": "was da getan wurde: {taken}; was es vermeidet: {saving}",
    "instead goal": "was da getan wurde: {taken}; was das Ziel erreicht: {saving}",
    "driven": "in highway-env gefahren, geht das {time} s ohne Berührung und auf der Straße",
    "driven goal": "in highway-env gefahren, erreicht das nach {time} s das Ziel",
    "later": "von der nächsten Entscheidung an vermeidet es nichts: {count} Entscheidungen im Zwilling gefahren, {share}",
    "never": "nichts von dem, was versucht wurde, vermeidet es, von keiner Entscheidung der letzten {time} s an: {count} "
    "Entscheidungen im Zwilling gefahren, {share}",
    "later goal": "von der nächsten Entscheidung an erreicht es nichts: {count} Entscheidungen im Zwilling gefahren, "
    "{share}",
    "never goal": "nichts von dem, was versucht wurde, erreicht das Ziel, von keiner Entscheidung der letzten {time} s "
    "an: {count} Entscheidungen im Zwilling gefahren, {share}",
    "all": "jede Folge, die die Aktionen der Straße erlauben",
    "some": "nicht jede Folge, eine ausgelassene könnte es also",
    "refused": "wonach zu suchen wäre, lässt sich nicht fahren: {why}",
    "said": "was da gesagt wurde: {text}",
    "said last": "was bei der letzten Entscheidung gesagt wurde: {text}",
    "feared": "Berührung in den Verläufen, die es sich da vorstellte: {each}",
    "fear": "{act} {hits} von {of}",
    "blind": "diese Strategie nennt keine Wahrscheinlichkeit einer Berührung",
    "verdicts": "seine Aussagen da: {true} wahr, {false} falsch, {untestable} nicht prüfbar",
    "untested": "seine Aussagen sind nicht geprüft",
    "none": "es gab keinen Vorfall: {ending}",
    "torn": "das Protokoll hat kein Ende und sagt nicht, was daraus wurde",
    "failed": "die Strategie ist gescheitert, es gibt keine Fahrt, auf die zurückzublicken wäre",
    "then": ", dann {act}",
    "times": "{act} ({count}-mal)",
}

CHINESE = {
    "collision": "{time} 秒后与 {partner} 碰撞，部位在自车{side}方",
    "unseen": "{time} 秒后碰撞；没有形状重叠，因此对方未知",
    "off road": "自车 {time} 秒后驶出道路",
    "goal": "任务未完成：{time} 秒后{ending}",
    "own": "按指标是自车的责任：接触在其前部或侧面",
    "other": "按指标不是自车的责任：它被追尾",
    "unavoidable": "按指标不是自车的责任：从一开始任何动作序列都会碰撞",
    "unknown": "没有形状重叠，无法判定责任",
    "last": "{time} 秒时仍可避免，即之前 {before} 秒",
    "last goal": "{time} 秒时仍可到达目标",
    "instead": "当时所做：{taken}；可以避免的做法：{saving}",
    "instead goal": "当时所做：{taken}；可以到达目标的做法：{saving}",
    "driven": "在 highway-env 中驾驶，{time} 秒内没有接触且在道路上",
    "driven goal": "在 highway-env 中驾驶，{time} 秒后到达目标",
    "later": "从下一个决定起无法避免：在孪生中驾驶了 {count} 个决定，{share}",
    "never": "所尝试的都无法避免，最后 {time} 秒的任何决定都不行：在孪生中驾驶了 {count} 个决定，{share}",
    "later goal": "从下一个决定起无法到达：在孪生中驾驶了 {count} 个决定，{share}",
    "never goal": "所尝试的都无法到达目标，最后 {time} 秒的任何决定都不行：在孪生中驾驶了 {count} 个决定，{share}",
    "all": "道路动作允许的所有序列",
    "some": "并非所有序列，被省略的也许可以",
    "refused": "无法搜索如何避免：{why}",
    "said": "当时所说：{text}",
    "said last": "最后一个决定所说：{text}",
    "feared": "当时设想的未来中有接触的：{each}",
    "fear": "{act} {of} 个中 {hits} 个",
    "blind": "该策略不给出接触的可能性",
    "verdicts": "当时的陈述：{true} 条正确，{false} 条错误，{untestable} 条无法检验",
    "untested": "陈述尚未检验",
    "none": "没有事故：{ending}",
    "torn": "日志没有结尾，无法得知结果",
    "failed": "策略出错，没有可以回顾的行驶",
    "then": "，然后{act}",
    "times": "{act}（{count} 次）",
}

SENTENCES = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}


def of_incidents(language: str) -> dict[str, str]:
    """The language's sentences for incident reports. ValueError for no such language."""
    words_of(language)
    return SENTENCES[language]


def say_time(seconds: float, language: str) -> str:
    """A time [s] with one decimal, without its unit."""
    return f"{seconds:{NUMBER}}".replace(".", words_of(language).decimal)


def say_sequence(actions: Sequence[Action], language: str) -> str:
    """Actions one after the other in a few words; that the ego carries on in the end is said once."""
    sentences, said = of_incidents(language), []
    runs = [(action, len([*same])) for action, same in itertools.groupby(actions)]
    for number, (action, count) in enumerate(runs[:LONGEST], 1):
        words = say_action(action, language)
        counted = count > 1 and not (action == Meta("IDLE") and number == len(runs))
        words = sentences["times"].format(act=words, count=count) if counted else words
        said.append(sentences["then"].format(act=words) if said else words)
    return "".join(said) + (" …" if len(runs) > LONGEST else "")
