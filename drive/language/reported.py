"""What the code reports in English, said in another language: why a claim fails, and what is wrong with a wish.

Such sentences are made far from any language: in checks, where a log is read, where a wish is refused. They are stored and
printed as they are. A visitor of the page is told them in its language, where a row of this table fits; else in English.
"""

from __future__ import annotations

import functools
import re

from drive.language.tables import words_of

ROWS: tuple[tuple[str, str, str], ...] = (  # English, German, Chinese
    # why a claim is untestable
    ("whether it is always done shows only over many decisions", "ob es immer so ist, zeigt sich erst über viele Entscheidungen", "是否总是如此，要看许多次决定"),
    ("it is the value of the policy's own law, not of the scene", "das ist ein Wert aus der Regel der Strategie, nicht aus der Szene", "这是策略自身规则的值，不是场景中的值"),
    ("a person drove {action} instead", "stattdessen fuhr ein Mensch: {action}", "人做了另一动作：{action}"),
    ("a monitor drove {action} instead", "stattdessen fuhr der Wächter: {action}", "监控器做了另一动作：{action}"),
    ("a collision came at once", "es kam sofort zum Zusammenstoß", "立即发生了碰撞"),
    ("the road's sections changed, and with them the lanes' numbers", "der Straßenabschnitt wechselte, und mit ihm die Nummern der Spuren", "路段改变，车道编号随之改变"),
    ("the car left the stretch that the lane's frame covers", "der Wagen verließ den Abschnitt, den die Spur umfasst", "车辆驶出了该车道所覆盖的路段"),
    ("the trajectory leads there, but only after this period", "der geplante Weg führt dorthin, aber erst nach dieser Entscheidung", "规划路径通往那里，但在此决定之后"),
    ("the option is not among those that were weighed", "diese Möglichkeit wurde nicht abgewogen", "该选项不在权衡之列"),
    ("the policy gave no answer; a fallback chose, and says so", "die Strategie gab keine Antwort; ein Ersatz wählte und sagt das", "策略没有回答；由后备策略选择并说明"),
    ("the policy decides otherwise when it is asked again", "noch einmal gefragt, entscheidet die Strategie anders", "再次询问时策略作出不同的决定"),
    ("the policy {name} may answer otherwise each time", "die Strategie {name} antwortet vielleicht jedes Mal anders", "策略 {name} 每次的回答可能不同"),
    ("the policy {name} cannot be loaded here", "die Strategie {name} lässt sich hier nicht laden", "策略 {name} 无法在此加载"),
    ("replay diverged at step {step}", "beim Nachfahren wich Schritt {step} ab", "重新驾驶时在第 {step} 步出现偏差"),
    ("replay ended early", "das Nachfahren endete zu früh", "重新驾驶提前结束"),
    ("not in our words: {why}", "nicht in unseren Worten: {why}", "不是我们的用词：{why}"),
    ("not understood: {text}", "nicht verstanden: {text}", "无法理解：{text}"),
    # why a claim is false
    ("it could be, but did not come", "es könnte sein, kam aber nicht", "可能发生，但没有发生"),
    ("measured {measured}, said {said}", "gemessen {measured}, gesagt {said}", "测得 {measured}，所说 {said}"),
    ("measured {measured}", "gemessen {measured}", "测得 {measured}"),
    ("not within {time} s", "nicht binnen {time} s", "{time} 秒内没有"),
    ("the speed changed by {change} m/s", "die Geschwindigkeit änderte sich um {change} m/s", "速度改变了 {change} 米/秒"),
    ("the speed did not move towards it", "die Geschwindigkeit näherte sich dem nicht", "速度没有向它靠近"),
    ("it moves {far} m to the left", "es bewegt sich {far} m nach links", "它向左移动 {far} 米"),
    ("the decision stays as it is", "die Entscheidung bleibt, wie sie ist", "决定不变"),
    ("it would choose {action}", "es würde {action} wählen", "它会选择 {action}"),
    ("no car {car} in the scene", "kein Wagen {car} in der Szene", "场景中没有 {car} 号车"),
    ("car {car} is not there", "Wagen {car} ist nicht da", "{car} 号车不在"),
    ("car {car} without the others does it too", "Wagen {car} allein bewirkt es auch", "仅 {car} 号车也会如此"),
    ("car {car}, a placebo, does as much", "Wagen {car}, ein Placebo, bewirkt ebenso viel", "作为安慰剂的 {car} 号车作用相同"),
    ("car {car} does it alone", "Wagen {car} bewirkt es allein", "{car} 号车独自即可"),
    ("so do {count} more cars", "das tun {count} weitere Wagen auch", "另有 {count} 辆车也是如此"),
    ("no cause is named before", "vorher ist kein Grund genannt", "之前没有说明原因"),
    ("nothing that was weighed favours the choice for that", "nichts Abgewogenes spricht aus diesem Grund für die Wahl", "权衡的内容都不因此支持该选择"),
    ("it is behind", "er ist hinten", "它在后方"),
    ("it is not behind", "er ist nicht hinten", "它不在后方"),
    ("it is oncoming", "er kommt entgegen", "它迎面驶来"),
    ("it is not oncoming", "er kommt nicht entgegen", "它不是迎面驶来"),
    ("the ego stands still", "das Ego steht", "自车静止"),
    ("the gap does not shrink", "der Abstand wird nicht kleiner", "间距没有缩小"),
    ("they do not touch", "sie berühren sich nicht", "它们没有接触"),
    ("it is no wreck", "er ist kein Wrack", "它不是事故车"),
    ("it is not slower", "er ist nicht langsamer", "它并不更慢"),
    ("the trajectory leaves the lane", "der geplante Weg verlässt die Spur", "规划路径离开车道"),
    ("the trajectory stays in the lane", "der geplante Weg bleibt in der Spur", "规划路径留在车道内"),
    ("the task is no exit", "die Aufgabe ist keine Ausfahrt", "任务不是驶出出口"),
    ("the road ahead is straight", "die Straße voraus ist gerade", "前方道路是直的"),
    # what is waited for
    ("twin: compiling the traffic model, once: {part}, {gone} s gone, about {left} s to go", "das Verkehrsmodell wird einmalig übersetzt: {gone} s vergangen, noch etwa {left} s", "首次编译交通模型：已用 {gone} 秒，约剩 {left} 秒"),
    ("twin: compiling the traffic model, once: {part}, {gone} s gone", "das Verkehrsmodell wird einmalig übersetzt: {gone} s vergangen", "首次编译交通模型：已用 {gone} 秒"),
    ("twin: compiled in {time} s", "Verkehrsmodell in {time} s übersetzt", "交通模型编译完成，用时 {time} 秒"),
    # what is wrong with a wish
    ("no policy {name} for {scenario}; choose from {names}", "keine Strategie {name} für {scenario}; zur Wahl stehen {names}", "{scenario} 没有策略 {name}；可选 {names}"),
    ("no policy {name}; choose from {names}", "keine Strategie {name}; zur Wahl stehen {names}", "没有策略 {name}；可选 {names}"),
    ("no scenario {name}; choose from {names}", "kein Szenario {name}; zur Wahl stehen {names}", "没有场景 {name}；可选 {names}"),
    ("no run {name}", "keinen Lauf {name} gibt es", "没有运行 {name}"),
    ("no episode {name} in run {run}", "keine Episode {name} im Lauf {run}", "运行 {run} 中没有行程 {name}"),
    ("a seed or step is a whole number from 0 to 999999999, not {number}", "ein Startwert oder Schritt ist eine ganze Zahl von 0 bis 999999999, nicht {number}", "种子或步数应为 0 到 999999999 的整数，而不是 {number}"),
    ("an evaluation from the page has 1 to {most} episodes, not {count}", "eine Auswertung auf der Seite hat 1 bis {most} Episoden, nicht {count}", "页面上的评测为 1 到 {most} 次行程，而不是 {count}"),
    ("many visitors are asking; please ask again in a moment", "viele Besucher fragen gerade; bitte gleich noch einmal fragen", "提问的访客很多；请稍后再问"),
    ("many visitors drive by hand; please try again in a moment", "viele Besucher fahren gerade selbst; bitte gleich noch einmal versuchen", "手动驾驶的访客很多；请稍后再试"),
    ("the wheel was given back; take it again", "das Steuer wurde zurückgegeben; bitte wieder übernehmen", "方向盘已交还；请重新接手"),
    ("the ego does not see car {car}", "das Ego sieht Wagen {car} nicht", "自车看不到 {car} 号车"),
    ("car {car} would leave its lane if it were moved by {metres} m", "Wagen {car} verließe seine Spur, wenn er um {metres} m versetzt würde", "若移动 {metres} 米，{car} 号车会驶出其车道"),
    ("this drive began in the middle of another; another policy is compared from the start", "diese Fahrt begann mitten in einer anderen; verglichen wird nur von Anfang an", "这次行程从另一行程中途开始；只能从头比较"),
    ("a person took part in this drive; another policy is compared with a policy's", "an dieser Fahrt war ein Mensch beteiligt; verglichen werden nur Strategien", "有人参与了这次行程；只能在策略之间比较"),
    ("the file is larger than {size} MB; whydrive html LOG makes a page of it", "die Datei ist größer als {size} MB; whydrive html LOG macht eine Seite daraus", "文件超过 {size} MB；可用 whydrive html LOG 生成网页"),
    ("the file asks for more than a page can show; whydrive html LOG makes a page of it", "die Datei verlangt mehr, als eine Seite zeigen kann; whydrive html LOG macht eine Seite daraus", "文件内容超出页面所能显示；可用 whydrive html LOG 生成网页"),
    ("this log has been cleared away; drop it again", "dieses Log wurde weggeräumt; bitte noch einmal ablegen", "此日志已被清除；请重新拖放"),
    ("of a log that was brought, claims are tested where scenario, policy and seed drive it again; whydrive verify tests all", "bei einem mitgebrachten Log werden Aussagen nur geprüft, wo Szenario, Strategie und Startwert es noch einmal fahren; whydrive verify prüft alles", "对带来的日志，仅当场景、策略和种子能重新驾驶时才检验陈述；whydrive verify 可检验全部"),
    ("the file is not a rationale log", "die Datei ist kein Log mit Begründungen", "该文件不是理由日志"),
    ("the file is empty", "die Datei ist leer", "文件是空的"),
    ("the file is damaged: it cannot be decompressed", "die Datei ist beschädigt: sie lässt sich nicht entpacken", "文件已损坏：无法解压"),
    ("the file is packed with Zstandard; unpack it first", "die Datei ist mit Zstandard gepackt; bitte erst entpacken", "文件用 Zstandard 压缩；请先解压"),
    ("{name} is not a rationale log", "{name} ist kein Log mit Begründungen", "{name} 不是理由日志"),
    ("{name} is empty", "{name} ist leer", "{name} 是空的"),
    ("{name} is damaged: it cannot be decompressed", "{name} ist beschädigt und lässt sich nicht entpacken", "{name} 已损坏，无法解压"),
    ("you have one evaluation that is driven; wait for it, or stop it", "Sie haben schon eine Auswertung, die gefahren wird; bitte darauf warten oder sie anhalten", "您已有一项评测在进行；请等待或停止它"),
    ("a note on what is shared lies with your own drives, and your browser keeps no cookie to tell which these are; drive it yourself, and note it there", "eine Notiz zu Geteiltem liegt bei den eigenen Fahrten, und der Browser behält kein Cookie, das sagt, welche das sind; bitte selbst fahren und dort notieren", "对共享内容的笔记存放在您自己的行程旁，而浏览器没有保留可识别它们的 Cookie；请自行驾驶并在那里记录"),
    ("words are put in place by place", "Wörter werden Platz für Platz eingesetzt", "词语须逐个位置填入"),
    ("the policy that drove here does not think in words", "die Strategie, die hier fuhr, denkt nicht in Worten", "这里驾驶的策略不以词语思考"),
    ("no place {place} in its thoughts", "keinen Platz {place} gibt es in ihren Gedanken", "它的思考中没有位置 {place}"),
    ("{word} cannot stand at {place}", "{word} kann bei {place} nicht stehen", "{word} 不能放在 {place}"),
    ("that is no note", "das ist keine Notiz", "这不是笔记"),
    ("that note is not here any more", "diese Notiz ist nicht mehr da", "该笔记已不存在"),
    ("no more notes fit beside this log", "neben dieses Log passen keine weiteren Notizen", "此日志旁已放不下更多笔记"),
    ("the log has decisions 0 to {last}, not {step}", "das Log hat die Entscheidungen 0 bis {last}, nicht {step}", "日志的决定为 0 到 {last}，没有 {step}"),
    ("notes are exported as {forms}, not {form}", "Notizen gibt es als {forms}, nicht als {form}", "笔记可导出为 {forms}，而不是 {form}"),
    ("a note is one of {kinds}", "eine Notiz ist eines von {kinds}", "笔记的种类为 {kinds}"),
    ("a note is on a decision, by its number", "eine Notiz gehört zu einer Entscheidung, mit deren Nummer", "笔记应按编号对应一个决定"),
    ("a note is at a time, in seconds", "eine Notiz gehört zu einer Zeit in Sekunden", "笔记应对应一个时间（秒）"),
    ("a note's text has characters that are none", "der Text einer Notiz hat Zeichen, die keine sind", "笔记文本含有无效字符"),
    ("a note's id, text and date are texts", "Kennung, Text und Datum einer Notiz sind Texte", "笔记的标识、文本和日期应为文本"),
    ("{what} has at most {most} characters", "{what} hat höchstens {most} Zeichen", "{what}最多 {most} 个字符"),
    ("a note", "eine Notiz", "笔记"),
    ("a bookmark's name", "der Name eines Lesezeichens", "书签名称"),
    ("a thumb", "ein Daumen", "拇指标记"),
    ("{count} line of {name} cannot be read as notes, and are left out", "{count} Zeile von {name} lässt sich nicht als Notiz lesen und fehlt hier", "{name} 中有 {count} 行无法读作笔记，已略去"),
    ("{count} lines of {name} cannot be read as notes, and are left out", "{count} Zeilen von {name} lassen sich nicht als Notizen lesen und fehlen hier", "{name} 中有 {count} 行无法读作笔记，已略去"),
    # what cannot be asked, driven or made
    ("there is no task here but to drive on", "hier gibt es keine Aufgabe, außer weiterzufahren", "这里除了继续行驶没有别的任务"),
    ("there is no speed limit here", "hier gilt keine Geschwindigkeitsgrenze", "这里没有限速"),
    ("sight is not poor here", "die Sicht ist hier nicht schlecht", "这里视野并不差"),
    ("there is no road {metres} m ahead", "{metres} m voraus ist keine Straße", "前方 {metres} 米处没有道路"),
    ("a scene shows how fast a car is, not how fast it means to be", "eine Szene zeigt, wie schnell ein Wagen ist, nicht, wie schnell er sein will", "场景显示车辆的速度，而不是它想要的速度"),
    ("driven again, the episode differs from its log at step {at}: nothing branches off at {step}", "noch einmal gefahren, weicht die Episode in Schritt {at} von ihrem Log ab: bei {step} zweigt nichts ab", "重新驾驶时，该行程在第 {at} 步与日志不同：无法从第 {step} 步分支"),
    ("no step {step}; this episode has {range}", "keinen Schritt {step} gibt es; diese Episode hat {range}", "没有第 {step} 步；此行程有 {range}"),
    ("at step {step} nothing else was driven than the policy would have", "in Schritt {step} wurde nichts anderes gefahren, als die Strategie gefahren wäre", "在第 {step} 步，所驾驶的与策略会做的相同"),
    ("the policy {name} has learned something else since", "die Strategie {name} hat seither anderes gelernt", "策略 {name} 此后学到了别的内容"),
    ("the policy {name} has other settings than when it drove", "die Strategie {name} hat andere Einstellungen als bei der Fahrt", "策略 {name} 的设置与驾驶时不同"),
    ("decision {next} is next, not {number}", "als Nächstes kommt Entscheidung {next}, nicht {number}", "下一个决定是 {next}，而不是 {number}"),
    ("no action {name}; choose from {names}", "keine Aktion {name}; zur Wahl stehen {names}", "没有动作 {name}；可选 {names}"),
    ("on this road a policy steers and accelerates by numbers many times a second; driving by hand is offered where lanes and speeds are chosen", "auf dieser Straße lenkt und beschleunigt eine Strategie viele Male in der Sekunde mit Zahlen; von Hand fährt man, wo Spuren und Geschwindigkeiten gewählt werden", "在这条道路上，策略每秒多次以数值转向和加速；手动驾驶只用于选择车道和速度的道路"),
    ("nothing was driven in this episode; there is no film of it", "in dieser Episode wurde nichts gefahren; einen Film davon gibt es nicht", "此行程没有驾驶内容；没有影片"),
    ("nothing was driven in this episode; there is nothing to play", "in dieser Episode wurde nichts gefahren; abzuspielen gibt es nichts", "此行程没有驾驶内容；无可播放"),
    ("no typeface here has a picture of {character}, in which the film would speak; {install}", "keine Schrift hier hat ein Bild für {character}, in der der Film spräche; {install}", "这里没有字体包含 {character}，影片需要它；{install}"),
    ("that cannot be told.", "das lässt sich nicht sagen.", "无法告知。"),
    ("the evaluation broke off; the server's own messages say why.", "die Auswertung brach ab; warum, sagen die Meldungen des Servers.", "评测中断；原因见服务器日志。"),
    ("{sentence} cannot be read.", "{sentence} lässt sich nicht lesen.", "{sentence} 无法读取。"),
)  # fmt: skip
COLUMNS = {"en": 0, "de": 1, "zh": 2}
SLOT = re.compile(r"\\\{(\w+)\\\}")


def say_reported(text: str, language: str) -> str:
    """A sentence that was reported in English, in a language; as it is where no row of the table fits."""
    if COLUMNS.get(str(language), 0) == 0:
        return text
    body, stop = (text[:-1], text[-1]) if text.endswith(".") else (text, "")
    for pattern, row in _patterns():
        whole = pattern.fullmatch(text)
        if match := whole or pattern.fullmatch(body):
            slots = {
                name: say_reported(value, language) for name, value in match.groupdict().items()
            }
            said = row[COLUMNS[language]].format(**slots)
            return said if whole else said + (words_of(language).end if stop else "")
    return text


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern, tuple[str, str, str]], ...]:
    """(pattern, row) of the table; the words of a slot are as few as can be."""
    return tuple(
        (re.compile(SLOT.sub(r"(?P<\1>.+?)", re.escape(row[0])), re.DOTALL), row) for row in ROWS
    )
