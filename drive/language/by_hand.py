"""Driving by hand in words: what the page says of it, and what hindsight comes to. One table for each language."""

from __future__ import annotations

from dataclasses import dataclass

from drive.language.tables import words_of

KEYS = ("LANE_LEFT", "LANE_RIGHT", "FASTER", "SLOWER", "IDLE")  # the actions that a person may take


@dataclass(frozen=True)
class Hand:
    """What one language says where a person drives."""

    beside: str  # after a decision's line: {act} is what the policy would have done
    page: dict[str, str]  # what the page says; {policy}, {count}, {of} and {seconds} are filled in
    better: dict[str, str]  # how hindsight ends: {seconds}, {gains}, {others}, {ending}
    gains: dict[str, str]  # a measure, with {number} -> in what something was better
    endings: dict[str, str]  # an end that breaks a drive: {number} seconds after the decision
    both: tuple[str, str]  # between gains, before the last


ENGLISH = Hand(
    beside="by hand; the policy would {act}",
    page={
        "take": "Take the wheel",
        "name": "by hand, beside {policy}",
        "turn": "your turn",
        "begin": "Drive with the arrow keys or the buttons. Without a key the car carries on.",
        "driving": "you drive",
        "given": "{policy} drives",
        "waiting": "your turn",
        "you": "you",
        "it": "{policy}",
        "would": "{policy} would: {act}",
        "same": "{policy} too",
        "give": "Let {policy} drive",
        "back": "Take it again",
        "stop": "Stop",
        "new": "On a new road",
        "differed": "Where you and {policy} differed: {count} of your {of} decisions",
        "nobody": "No person drove in this episode.",
        "nowhere": "You and {policy} did the same in all of your {of} decisions",
        "head": "at;you;{policy};why it would;by hindsight",
        "looking": "driving both again…",
        "measured": "{distance}, least headway {headway}, least time to collision {ttc}",
        "left": "stopped",
        "how": "By hindsight: both actions are driven from the same logged moment; {policy} drives on in both "
        "for {seconds} s, and the traffic reacts. What breaks the drive outweighs all else. Then are compared: "
        "arriving, a missed goal, the way driven (from 1 m), the least headway (below 2 s, from 0.1 s) and the "
        "least time to collision (below 5 s, from 0.2 s). Better is what is better in one and worse in none.",
    },
    better={
        "person": "Yours was better: over {seconds} s it {gains}.",
        "policy": "The policy's was better: over {seconds} s it {gains}.",
        "neither": "Neither was better in all: over {seconds} s yours {gains}, and the policy's {others}.",
        "tie": "A tie: over {seconds} s nothing that is measured differs.",
        "person unbroken": "Yours was better: the policy's {ending}.",
        "policy unbroken": "The policy's was better: yours {ending}.",
        "both broken": "A tie: both break the drive; yours {ending}.",
    },
    gains={
        "arrived": "arrived",
        "goal missed": "did not miss the goal",
        "distance": "went {number} m farther",
        "headway": "kept {number} s more headway",
        "time to collision": "stayed {number} s farther from a collision",
    },
    endings={
        "collision": "ends in a collision with {partner} after {number} s",
        "off road": "leaves the road after {number} s",
        "policy failed": "ends after {number} s, where the policy has no answer",
    },
    both=(", ", " and "),
)

GERMAN = Hand(
    beside="von Hand; die Strategie würde {act}",
    page={
        "take": "Selbst fahren",
        "name": "von Hand, neben {policy}",
        "turn": "Sie sind dran",
        "begin": "Fahren Sie mit den Pfeiltasten oder den Knöpfen. Ohne Taste geht es weiter wie bisher.",
        "driving": "Sie fahren",
        "given": "{policy} fährt",
        "waiting": "Sie sind dran",
        "you": "Sie",
        "it": "{policy}",
        "would": "{policy} würde: {act}",
        "same": "{policy} auch",
        "give": "{policy} fahren lassen",
        "back": "Wieder übernehmen",
        "stop": "Aufhören",
        "new": "Auf neuer Straße",
        "differed": "Wo Sie und {policy} sich unterschieden: {count} von Ihren {of} Entscheidungen",
        "nobody": "In dieser Episode fuhr kein Mensch.",
        "nowhere": "Sie und {policy} taten in allen Ihren {of} Entscheidungen dasselbe",
        "head": "bei;Sie;{policy};warum es das täte;im Nachhinein",
        "looking": "beides wird noch einmal gefahren…",
        "measured": "{distance}, kleinster Zeitabstand {headway}, kleinste Zeit bis zum Zusammenstoß {ttc}",
        "left": "aufgehört",
        "how": "Im Nachhinein: Beide Aktionen werden aus demselben aufgezeichneten Moment gefahren; {policy} fährt in "
        "beiden {seconds} s lang weiter, und der Verkehr reagiert. Was die Fahrt beendet, überwiegt alles andere. Dann "
        "wird verglichen: Ankommen, ein verpasstes Ziel, der gefahrene Weg (ab 1 m), der kleinste Zeitabstand (unter "
        "2 s, ab 0,1 s) und die kleinste Zeit bis zum Zusammenstoß (unter 5 s, ab 0,2 s). Besser ist, was in einem "
        "besser und in keinem schlechter ist.",
    },
    better={
        "person": "Ihre Aktion war besser: in {seconds} s {gains}.",
        "policy": "Die Aktion der Strategie war besser: in {seconds} s {gains}.",
        "neither": "Keine war in allem besser: in {seconds} s bei Ihrer {gains}, bei der Strategie {others}.",
        "tie": "Unentschieden: in {seconds} s unterscheidet sich nichts, was gemessen wird.",
        "person unbroken": "Ihre Aktion war besser: die der Strategie {ending}.",
        "policy unbroken": "Die Aktion der Strategie war besser: Ihre {ending}.",
        "both broken": "Unentschieden: Beide beenden die Fahrt; Ihre {ending}.",
    },
    gains={
        "arrived": "angekommen",
        "goal missed": "das Ziel nicht verpasst",
        "distance": "{number} m weiter",
        "headway": "{number} s mehr Abstand",
        "time to collision": "{number} s mehr bis zu einem Zusammenstoß",
    },
    endings={
        "collision": "endet nach {number} s im Zusammenstoß mit {partner}",
        "off road": "kommt nach {number} s von der Straße ab",
        "policy failed": "endet nach {number} s, wo die Strategie keine Antwort hat",
    },
    both=(", ", " und "),
)

CHINESE = Hand(
    beside="手动驾驶；策略会{act}",
    page={
        "take": "我来开",
        "name": "手动驾驶，旁有 {policy}",
        "turn": "轮到你了",
        "begin": "用方向键或按钮驾驶。不按键则照常行驶。",
        "driving": "你在驾驶",
        "given": "{policy} 在驾驶",
        "waiting": "轮到你了",
        "you": "你",
        "it": "{policy}",
        "would": "{policy} 会：{act}",
        "same": "{policy} 也一样",
        "give": "让 {policy} 开",
        "back": "重新接手",
        "stop": "结束",
        "new": "换一条路",
        "differed": "你和 {policy} 的不同之处：你的 {of} 次决定中有 {count} 次",
        "nobody": "这次行驶没有人驾驶。",
        "nowhere": "你的 {of} 次决定都和 {policy} 相同",
        "head": "时刻;你;{policy};它的理由;事后看",
        "looking": "正在重新驾驶两种做法…",
        "measured": "{distance}，最小车头时距 {headway}，最小碰撞时间 {ttc}",
        "left": "已结束",
        "how": "事后看：两种动作都从同一个记录的时刻开始驾驶；之后都由 {policy} 继续驾驶 {seconds} 秒，其他车辆会作出反应。"
        "使行程中断的结果重于其他一切。然后比较：是否到达、是否错过目标、行驶路程（相差 1 米起）、最小车头时距（2 秒以下，"
        "相差 0.1 秒起）和最小碰撞时间（5 秒以下，相差 0.2 秒起）。有一项更好而没有一项更差，才算更好。",
    },
    better={
        "person": "你的更好：{seconds} 秒内{gains}。",
        "policy": "策略的更好：{seconds} 秒内{gains}。",
        "neither": "没有一方全面更好：{seconds} 秒内你的{gains}，策略的{others}。",
        "tie": "平局：{seconds} 秒内测量的各项都没有差别。",
        "person unbroken": "你的更好：策略的{ending}。",
        "policy unbroken": "策略的更好：你的{ending}。",
        "both broken": "平局：双方的行程都中断了；你的{ending}。",
    },
    gains={
        "arrived": "到达了",
        "goal missed": "没有错过目标",
        "distance": "多行驶 {number} 米",
        "headway": "车头时距多 {number} 秒",
        "time to collision": "离碰撞多 {number} 秒",
    },
    endings={
        "collision": "在 {number} 秒后与 {partner} 相撞",
        "off road": "在 {number} 秒后驶出道路",
        "policy failed": "在 {number} 秒后中断，因为策略没有回答",
    },
    both=("，", "，"),
)

HANDS = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}


def hand_words(language: str) -> Hand:
    """What a language says where a person drives. ValueError for no such language."""
    words_of(language)
    return HANDS[language]


def say_gains(gains: list[tuple[str, float]], language: str) -> str:
    """In what something was better, by how much: (measure, difference) each."""
    words, decimal = hand_words(language), words_of(language).decimal
    said = [
        words.gains[name].format(
            number=said_number(number, decimal, 0 if name == "distance" else 1)
        )
        for name, number in gains
    ]
    between, last = words.both
    return said[0] if len(said) == 1 else between.join(said[:-1]) + last + said[-1]


def said_number(number: float, decimal: str, decimals: int = 1) -> str:
    return f"{number:.{decimals}f}".replace(".", decimal)
