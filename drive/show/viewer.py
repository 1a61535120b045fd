"""What the page and the film show of a logged episode: the player's data, phrases, risk.

Reads headers, steps and ends, as a log holds them. No simulator, no UI; what is not in the log is
not shown. Text is passed on as it is: the page must not take it for markup.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources

import numpy as np
import orjson

from drive import camera
from drive.language import (
    KEYS,
    LANGUAGES,
    ending,
    hand_words,
    handed_back,
    meaning,
    page_words,
    said_in,
    say_action,
    say_beside,
    say_takeover,
    say_term,
    watch_words,
    words_of,
)
from drive.measures.motion import Motion
from drive.policy import offered
from drive.reasoning.narrate import merge
from drive.scenarios import SCENARIOS
from drive.show import moments, roadside, suggested
from drive.show.sheet import sheet
from drive.types import (
    Action,
    Choice,
    Decision,
    End,
    Episode,
    Follow,
    Header,
    Meta,
    Option,
    Step,
    Term,
)

CALM, ALARM = 6.0, 1.0  # [s] to contact: at CALM and above the risk is 0, at ALARM and below 1
NOTABLE = 0.5  # a decision with at least this risk is worth a look
FAST = 0.5  # [s] where decisions are closer than this, unchanged ones are told as one
FAR = 250.0  # [m] a car farther from the ego than this is not sent to the player
STOPS = (re.compile(r"[.;](?=\s)|[。；]"), re.compile(r"[,:](?=\s)|[，：]|(?=\s\()|(?=（)"))
WORDS = re.compile(
    r"[\u3000-\u9fff]{1,2}|[^\s\u3000-\u9fff]+"
)  # without blanks, two characters are one
CLAUSE = re.compile(r"(?<=[.;:])\s+|(?<=[。；：])")  # where one clause ends
PLAYER = ("first.js", "words.js", "nodes.js", "episode.js", "supply.js", "labels.js", "scene.js", "driver.js", "strip.js",
          "curves.js", "panel.js", "proof.js", "picture.js", "drop.js", "ask.js", "thinking.js", "feared.js", "compare.js", "hand.js",
          "incident.js", "moments.js", "remarks.js", "tour.js", "player.js")  # fmt: skip
GALLERY = ("browse", "unit", "decimal", "yes", "no")  # its words begin with these
BROWSE = ("first.js", "words.js", "nodes.js", "browse.js")
WISHES = {
    "headway": "headway",
    "ttc": "time to contact",
}  # a curve, the kind of term that holds its wish
CLOSE_BELOW = {
    "headway": 1.0,
    "ttc": 2.0,
}  # [s] what the metrics count as close, whatever a policy wishes
HEADLINE = 15  # words that are read at a glance; the rest of a rationale unfolds
MARGIN, LEAST_RISE = (
    2.5,
    14.0,
)  # [m] beside a straight road that a picture shows, and in all at least


# ------------------------------------------------------------------------------- the page's assets


def player_assets(
    languages: Sequence[str] = tuple(LANGUAGES), started: str | None = None
) -> dict[str, str]:
    """The player's html, css and js, as shipped with the package, with its words.

    languages: those that it can speak, the first where nothing says which; started: what the page was started in, if that
    was said.
    """
    read = _assets(".wd", html=("player.html",), css=("player.css",), js=PLAYER)
    return read | {"js": tables(languages, started) + read["js"]}


def browse_assets(
    scenarios: Sequence[str], most: int, started: str | None = None
) -> dict[str, str]:
    """The gallery's html, css and js. scenarios, most: what may be evaluated, and for how many seeds."""
    read = _assets(".wdg", html=("browse.html",), css=("browse.css",), js=BROWSE)
    read["js"] = tables(tuple(LANGUAGES), started, GALLERY) + read["js"]
    offered = escape(orjson.dumps([*scenarios]).decode())
    data = f'class="wdg" data-scenarios="{offered}" data-most="{most}"'
    return read | {"html": read["html"].replace('class="wdg"', data, 1)}


def tables(
    languages: Sequence[str], started: str | None = None, beginnings: tuple[str, ...] = ("",)
) -> str:
    """The words of the page as a script; beginnings: of the words that are wanted."""
    words: Mapping[str, Mapping] = {
        language: {k: said for k, said in page_words(language).items() if k.startswith(beginnings)}
        for language in languages
    }
    told = [orjson.dumps(each).decode().replace("<", "\\u003c") for each in (words, started)]
    return "const TABLES = {}, STARTED = {};\n".format(*told)


def first_language(started: str | None = None) -> str:
    """A script that gives, in a list, the language that a visitor meets."""
    read = (resources.files("drive.show") / "player" / "first.js").read_text("utf-8")
    told = [orjson.dumps(each).decode() for each in ([*LANGUAGES], started)]
    return f"() => {{ {read}\nreturn [firstLanguage({', '.join(told)})]; }}"


def _assets(scope: str, **parts: tuple[str, ...]) -> dict[str, str]:
    """The text of each kind of part, with the colours of the pictures; scope: the class that has them."""
    folder = resources.files("drive.show") / "player"
    read = {
        kind: "\n".join((folder / name).read_text("utf-8") for name in names)
        for kind, names in parts.items()
    }
    light, dark = _variables(camera.LIGHT), _variables(camera.DARK)
    return read | {"css": f"{scope} {{ {light} }}\n{scope}.wd-dark {{ {dark} }}\n{read['css']}"}


def _variables(palette: camera.Palette) -> str:
    """The palette as custom properties of a style sheet: --wd-ego, --wd-cited-0, ..."""
    colours = {}
    for name, value in vars(palette).items():
        several = isinstance(value[0], tuple)
        pairs = enumerate(value) if several else (("", value),)
        colours |= {
            f"--wd-{name.replace('_', '-')}{f'-{k}' if several else ''}": v for k, v in pairs
        }
    return " ".join(f"{name}: #{r:02x}{g:02x}{b:02x};" for name, (r, g, b) in colours.items())


# ----------------------------------------------------------------------------------- player's data


def player_data(episode: Episode, run: str = "", name: str = "", language: str = "en") -> dict:
    """A whole episode for the player, JSON-ready: header, steps and end in one message."""
    befores = (None, *episode.steps)
    steps = [
        step_data(episode.header, step, before, language)
        for step, before in zip(episode.steps, befores, strict=False)
    ]
    message = header_data(episode.header, run, name, language) | {"from": 0, "steps": steps}
    return message | (closing(episode, language) if episode.end else {})


def closing(episode: Episode, language: str = "en") -> dict:
    """What is told of an episode that has ended: its end, and the moments that only the whole of it tells."""
    header, steps, end = episode.header, episode.steps, episode.end
    whole = moments.of_whole(header, steps, end.contact is not None)
    return end_data(end, len(steps), language) | whole


def header_data(header: Header, run: str = "", name: str = "", language: str = "en") -> dict:
    """The message that opens an episode: the road and how to look at it.

    (run, name) is where its log lies; steps and the end that follow carry the same id.
    """
    kind = camera.shape(header.road)
    about = {
        "id": [run, name],
        "language": language,
        "scenario": header.scenario,
        "policy": header.policy,
        "seed": header.seed,
        "deadline": header.task.deadline,
        "shape": kind,
        "span": camera.SPAN[kind],
        "rise": _rise(header.road),
        "ahead": camera.AHEAD,
        "middle": camera.middle(header.road),
        "edge": camera.EDGE,
        "risk": [CALM, ALARM],
        "close": CLOSE_BELOW,
        "lanes": [_lane(lane) for lane in header.road.lanes],
        "goal": roadside.goal(header.road, header.task),
        "meetings": [list(point) for point in roadside.meetings(header.road)],
        "task": header.task.kind,
        "anywhere": is_driven_anywhere(header),
        "questions": suggested.about_a_car(language),
        "by_hand": header.by_hand,
        "hand": _hand_words(header, language),
    }
    return {"id": [run, name], "header": about}


def is_driven_anywhere(header: Header) -> bool:
    """Do scenario, policy and seed alone drive this episode again, wherever Whydrive is installed?"""
    own = header.overrides or header.parent or header.by_hand
    own = own or header.physics != "highway-env"
    return not own and header.scenario in SCENARIOS and header.policy in offered()


def step_data(header: Header, step: Step, before: Step | None = None, language: str = "en") -> dict:
    """One decision for the player, with what was then driven until the next. `before` is the step before it.

    Its rationale is said in the language, unless it is in a policy's own words.
    """
    said = said_in(step.rationale, language)
    motion = Motion(Episode(header, (step,), None))
    risk, closest = risk_of(motion)
    scene, tracks = step.scene, step.tracks
    parted, back = step.driven != step.choice.action, handed_back(before, step, language)
    new = (
        parted
        or bool(back)
        or before is None
        or (before.rationale.decision, before.choice.answered)
        != (
            step.rationale.decision,
            step.choice.answered,
        )
    )
    pieces, head = headed(phrases(said.text, said.language), said.language)
    margin = moments.margin(step.choice)
    return {
        "time": _rounded(scene.time, 3),
        "times": _rounded(tracks.times, 3),
        "ego": _rows(tracks.ego),
        "cars": _cars(tracks),
        "seen": [car.id for car in scene.cars],
        "crashed": [body.id for body in camera.moment_of(scene).bodies if body.crashed],
        "sizes": {str(b.id): [b.length, b.width] for b in camera.moment_of(scene).bodies},
        "objects": [_object(thing) for thing in scene.objects],
        "wanted": _wanted(step),
        "gap": _shown(motion.lead[0], 1),
        "headway": _shown(motion.headway, 2),
        "ttc": _shown(motion.time_to_collision, 2),
        "margin": None if margin is None else _rounded(margin, 3),
        "unit": step.choice.unit,
        "wishes": wishes(step.choice),
        "risk": risk,
        "closest": closest,
        "moments": moments.of_step(step, risk, closest, language),
        "interesting": new or risk >= NOTABLE,
        "same": is_same(before, step),
        "action": _name(step.driven),
        "done": say_action(step.driven, language),
        "takeover": _takeover(header, step, language),
        "back": back,
        "decision": decision_words(said.decision, language),
        "means": meaning(said.decision.longitudinal or "", language),
        "phrases": _cut(pieces),
        "headline": head,
        "limit": roadside.limit(scene),
        "way": roadside.way(scene),
        "tie": words_of(language).ties[step.rationale.tie],
        "fallback": "" if step.choice.answered else words_of(language).fallback,
        "notes": list(step.choice.notes),
        "thinks": bool(step.choice.thoughts),
        "questions": suggested.about_a_step(step, rival(step), language),
        "options": [
            _option(number, option, step, language)
            for number, option in enumerate(step.choice.options, 1)
        ],
    }


def wishes(choice: Choice) -> dict[str, float | None]:
    """The headway and the time to collision [s] that the policy wishes, as its terms tell; None where none does."""
    others = (option for option in choice.options if option.action != choice.action)
    terms = [term for option in (choice.chosen, *others) for term in option.terms]
    told = {
        name: next((t.threshold for t in terms if t.kind == kind and t.threshold is not None), None)
        for name, kind in WISHES.items()
    }
    return {name: None if wish is None else _rounded(wish, 2) for name, wish in told.items()}


def end_data(end: End, steps: int, language: str = "en") -> dict:
    """The message that closes an episode of so many steps."""
    broken = end.reason in ("collision", "off road", "policy failed")
    success = end.metrics.get("success")
    return {
        "end": {
            "steps": steps,
            "text": ending(end, language).strip(),
            "kind": "bad" if broken or success == 0.0 else "good" if success else "over",
            "success": None if success is None else bool(success),
            "reason": end.reason,
            "sheet": sheet(end, language=language),
            "time": _rounded(end.final.time, 1),
            "off": roadside.lanes_off(end.final),
            "laps": _rounded(end.laps, 1),
            "contact": end.contact.time if end.contact else None,
            "crashed": [b.id for b in camera.moment_of(end.final).bodies if b.crashed],
        }
    }


def driver_name(header: Header, language: str = "en") -> str:
    """What drove an episode: the policy, or a person beside it."""
    if not header.by_hand:
        return header.policy
    return hand_words(language).page["name"].format(policy=header.policy)


def _hand_words(header: Header, language: str) -> dict[str, str]:
    """What the player says where a person drives, and what each key's action is called."""
    page = hand_words(language).page
    said = {name: text.replace("{policy}", header.policy) for name, text in page.items()}
    return said | {name: say_action(Meta(name), language) for name in KEYS}


def _takeover(header: Header, step: Step, language: str) -> dict | None:
    """What was decided in place of the policy, whose own decision stands beside it; None: the policy drove.

    Of a monitor with why; a person gives no reason.
    """
    if step.takeover is None:
        return None
    would, differs = step.choice.action, step.driven != step.choice.action
    act = say_action(would, language)
    data = {"by": step.takeover.by, "would": act, "differs": differs}
    if step.takeover.by == "person":
        words = _hand_words(header, language)
        said = words["would"].replace("{act}", act) if differs else words["same"]
        data |= {"name": words["you"], "speaker": words["it"], "said": said, "why": []}
        return data | {"title": hand_words(language).beside.format(act=act)}
    watch, why = watch_words(language), say_takeover(would, step.takeover, language)
    data |= {"name": watch.name, "speaker": watch.policy, "said": watch.would.format(act=act)}
    return data | {
        "why": _cut(phrases(why, language)),
        "title": say_beside(would, language),
    }


def is_same(before: Step | None, step: Step) -> bool:
    """Does a step say the same as the one before, where decisions are too fast to be said one by one?"""
    if before is not None and (before.takeover or step.takeover):
        return False
    return before is not None and step.scene.period < FAST and len(merge((before, step))) == 1


def risk_of(motion: Motion) -> tuple[float, float | None]:
    """Risk of what was driven, 0 to 1, and the time to contact [s] it comes from; None: none in sight.

    The shortest time to contact of any sub-step: to the car ahead in the ego's path at the present
    closing speed, or to any nearby body if both kept their velocity. Linear between CALM and ALARM.
    """
    times = np.concatenate([motion.time_to_collision, motion.touching_in])
    times = times[np.isfinite(times)]
    closest = float(times.min()) if len(times) else math.inf
    risk = min(max((CALM - closest) / (CALM - ALARM), 0.0), 1.0)
    return round(risk, 3), round(closest, 2) if math.isfinite(closest) else None


def phrases(text: str, language: str = "en") -> list[tuple[str, list[int]]]:
    """A rationale's text cut into phrases, each with the car that it is about; joined they are the text.

    A clause is about the car that it names, or the one named just before where it begins with "it".
    A clause before a colon, and one that names several cars, is cut at the names themselves.
    """
    words, spoken, last = words_of(language), [], None
    for clause in _clauses(text, language):
        named = list(_mention(language).finditer(clause))
        if len(named) == 1 and not clause.rstrip().endswith(words.colon.strip()):
            spoken.append((clause, [int(named[0]["id"])]))
        elif named:
            spoken += mentions(clause, language)
        else:
            follows = last and re.match(rf"{re.escape(words.it)}\b", clause)
            spoken.append((clause, [last] if follows else []))
        last = int(named[-1]["id"]) if named else last
    return spoken


def headed(pieces: list, language: str = "en") -> tuple[list, int]:
    """A rationale's phrases, and how many of them are its headline: at most HEADLINE words.

    It ends with a sentence, else within one where a reader pauses, else after so many words; a
    phrase in which it ends is cut in two.
    """
    text = "".join(piece for piece, _ in pieces)
    words = [word.end() for word in WORDS.finditer(text)]
    if len(words) <= HEADLINE:
        return pieces, len(pieces)
    most = words[HEADLINE - 1]
    ends = [[m.end() for m in stops.finditer(text) if m.end() <= most + 1] for stops in STOPS]
    return _split(pieces, next((each[-1] for each in ends if each), most))


def _split(pieces: list, at: int) -> tuple[list, int]:
    """The phrases, cut so that one ends at a character; and how many stand before it."""
    before, after, length = [], [], 0
    for text, cars in pieces:
        place = min(max(at - length, 0), len(text))
        before += [(text[:place], cars)] if place else []
        after += [(text[place:], cars)] if place < len(text) else []
        length += len(text)
    return before + after, len(before)


def mentions(text: str, language: str = "en") -> list[tuple[str, list[int]]]:
    """The text cut at the cars that it names."""
    named = list(_mention(language).finditer(text))
    ends = [match.end() for match in named]
    pieces = []
    for match, before in zip(named, [0, *ends], strict=False):
        pieces += [(text[before : match.start()], []), (match[0], [int(match["id"])])]
    pieces.append((text[ends[-1] if ends else 0 :], []))
    return [piece for piece in pieces if piece[0]]


def _clauses(text: str, language: str) -> list[str]:
    whole = _cut_at(text, [match.end() for match in CLAUSE.finditer(text)])
    return [part for clause in whole for part in _by_subject(clause, language)]


def _cut_at(text: str, places: list[int]) -> list[str]:
    return [text[a:b] for a, b in itertools.pairwise([0, *places, len(text)]) if a < b]


def _by_subject(clause: str, language: str) -> list[str]:
    """A clause that begins with what it is about, cut where a car is the next."""
    words, mention = words_of(language), _mention(language)
    if not (mention.match(clause) or re.match(rf"{re.escape(words.it)}\b", clause)):
        return [clause]
    separator = "|".join(map(re.escape, sorted(words.clauses, key=len, reverse=True)))
    ends = (match.end() for match in re.finditer(separator, clause))
    return _cut_at(clause, [end for end in ends if mention.match(clause, end)])


@functools.cache
def _mention(language: str) -> re.Pattern:
    """A car named in a text."""
    before, after = map(re.escape, words_of(language).car.split("{car}"))
    return re.compile(rf"(?<!\w){before}(?P<id>[1-9]\d{{0,5}}){after}(?!\d)", re.IGNORECASE)


def decision_words(decision: Decision, language: str = "en") -> list[str]:
    """The decision in words: longitudinal, lateral with its side; what is absent is left out."""
    words = words_of(language)
    lateral = words.lateral.get(decision.lateral)
    side = words.sides.get(decision.side)
    named = (words.longitudinal.get(decision.longitudinal), " ".join(filter(None, (lateral, side))))
    return [word for word in named if word]


def _option(number: int, option: Option, step: Step, language: str) -> dict:
    path, several = option.trajectory, isinstance(option.action, Follow)
    return {
        "action": f"{_name(option.action)} {number}" if several else _name(option.action),
        "words": say_action(option.action, language),
        "chosen": option.action == step.choice.action,
        "driven": option.action == step.driven,
        "rival": option.action == rival(step),
        "without": _without(option, step),
        "score": None if option.score is None else _rounded(option.score, 3),
        "terms": [_term(term, language) for term in option.terms],
        "path": [] if path is None else _flat(path.x, path.y, 3),  # as fine as the log
    }


def _term(term: Term, language: str) -> dict:
    """A term for the table of options; "worth" is what it adds to the score, None where it took no part."""
    worth = None if term.worth is None else _rounded(term.worth, 3)
    phrases_of = _cut(mentions(say_term(term, language), language))
    about = meaning(term.kind, language)
    return {"counts": term.counts, "worth": worth, "phrases": phrases_of, "about": about}


def rival(step: Step) -> Action | None:
    """The option that came second: by score where every option has one, else the one that the rationale names.

    What would be done without a cause is no rival: the rationale names it, though it may have lost by much.
    """
    others = [option for option in step.choice.options if option.action != step.choice.action]
    if others and all(option.score is not None for option in others):
        return max(others, key=lambda option: option.score).action
    named = step.choice.option(step.rationale.rival)
    return None if named is None or _without(named, step) else named.action


def _without(option: Option, step: Step) -> list[int]:
    """The cars without which this option would be taken; () where it would not."""
    causes = step.attribution.causes if step.attribution else ()
    return next((list(each.cars) for each in causes if each.instead == option.action), [])


def _cut(pieces: list[tuple[str, list[int]]]) -> list[dict]:
    return [{"text": text, "cars": cars} for text, cars in pieces]


def _name(action) -> str:
    return str(action)


def _wanted(step: Step) -> float | None:
    """The speed [m/s] that the ego's set-point asks for; None unless a meta-action is driven."""
    if not isinstance(step.driven, Meta):
        return None
    return _rounded(step.scene.ego.target_speed, 2)


def _rise(road) -> float:
    """[m] from bottom to top that a picture of the road shows at least: a straight road fills it."""
    kind = camera.shape(road)
    if kind == "curved":
        return camera.RISE[kind]
    sides = np.concatenate([np.concatenate(camera.edges(lane)) for lane in road.lanes])
    wide = float(np.ptp(sides[:, 1])) + 2 * MARGIN
    return _rounded(min(max(wide, LEAST_RISE), 1.5 * camera.RISE[kind]), 1)


def _lane(lane) -> dict:
    left, right = camera.edges(lane)
    return {
        "left": _flat(*left.T),
        "right": _flat(*right.T),
        "left_line": lane.left_line,
        "right_line": lane.right_line,
    }


def _object(thing) -> dict:
    names = ("x", "y", "heading", "length", "width")
    return {name: _rounded(getattr(thing, name), 3) for name in names}


def _cars(tracks) -> dict:
    near = {
        car: rows
        for car, rows in tracks.cars.items()
        if np.nanmin(np.hypot(*(rows - tracks.ego)[:, :2].T), initial=np.inf) < FAR
    }
    return {str(car): _rows(rows) for car, rows in near.items()}


def _rows(track: np.ndarray) -> list:
    """x, y to 1 cm, heading to 1 mrad, speed to 1 cm/s; None where it was absent."""
    columns = [np.round(v, n).tolist() for v, n in zip(track.T, (2, 2, 3, 2), strict=True)]
    rows = zip(*columns, strict=True)
    return [list(row) if math.isfinite(row[0]) else None for row in rows]


def _flat(x, y, decimals: int = 2) -> list[float]:
    return np.round(np.stack([x, y], -1), decimals).ravel().tolist()


def _shown(values: np.ndarray, decimals: int) -> list[float | None]:
    """Numbers for the player; None where there is none."""
    return [_rounded(value, decimals) if math.isfinite(value) else None for value in values]


def _rounded(value, decimals: int):
    if isinstance(value, np.ndarray):
        return np.round(value, decimals).tolist()
    return round(float(value), decimals)
