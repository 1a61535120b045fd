"""Where a person and the policy differed, in words: a row for each difference, and what hindsight comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from drive.episodes.hindsight import MEASURES, Course, Hindsight, Looker, differences
from drive.language import (
    hand_words,
    said_in,
    said_number,
    say_action,
    say_gains,
    say_partner,
    words_of,
)
from drive.measures.motion import TTC_CAP
from drive.show.kept import Kept
from drive.types import Episode

NONE = "–"
SHOWN = {
    "distance": "distance",
    "headway": "headway",
    "ttc": "time to collision",
}  # slot -> measure


class Looking:
    """Looks back at decisions of logs in a folder."""

    def __init__(self, path_of: Callable[[str, str], Path]):
        """path_of: where the log of a run and name lies; ValueError where it may not be driven again."""
        self._path_of, self._logs = path_of, Kept(Looker)

    def look(self, run: str, name: str, step: int, language: str = "en") -> dict:
        """Hindsight of a step for the player. ValueError, in one sentence, where there is none; OSError for no such log."""
        with self._logs.of(self._path_of(run, name)) as looker:
            seen = looker.look(step)
            how = hand_words(language).page["how"]
            return {
                "better": seen.better,
                "text": sentence(seen, language),
                "figures": figures(seen, language),
                "how": how.format(
                    policy=looker.episode.header.policy,
                    seconds=_number(looker.seconds, language, 0),
                ),
            }


def sentence(seen: Hindsight, language: str = "en") -> str:
    """Whose action was better by hindsight, and in what."""
    said, seconds = hand_words(language).better, _number(seen.seconds, language, 0)
    broken = [each for each in (seen.person, seen.policy) if each.broken]
    if len(broken) == 2:
        return said["both broken"].format(ending=_ending(seen.person, seen, language))
    if broken:
        return said[f"{seen.better} unbroken"].format(ending=_ending(broken[0], seen, language))
    gains = {side: _gains(seen, side, language) for side in ("person", "policy")}
    if seen.better == "neither":
        return said["neither"].format(
            seconds=seconds, gains=gains["person"], others=gains["policy"]
        )
    return said[seen.better].format(seconds=seconds, gains=gains.get(seen.better, ""))


def _gains(seen: Hindsight, side: str, language: str) -> str:
    """In what a side was better; "" where it was in nothing."""
    gains = []
    for name in (name for name, better in seen.by.items() if better == side):
        ours, theirs = (
            MEASURES[name].counted(c.measured[name]) for c in (seen.person, seen.policy)
        )
        gains.append((name, abs(ours - theirs)))
    return say_gains(gains, language) if gains else ""


def _ending(course: Course, seen: Hindsight, language: str) -> str:
    contact = course.contact
    after = contact.time - seen.step.scene.time if contact else course.seconds
    partner = say_partner(contact.partner, language) if contact else ""
    said = hand_words(language).endings[course.ended]
    return said.format(number=_number(after, language), partner=partner)


def figures(seen: Hindsight, language: str = "en") -> list[str]:
    """What was measured, of the person's action and of the policy's."""
    return [_measured(course, language) for course in (seen.person, seen.policy)]


def _measured(course: Course, language: str) -> str:
    said = {slot: _figure(course, name, language) for slot, name in SHOWN.items()}
    return hand_words(language).page["measured"].format(**said)


def _figure(course: Course, name: str, language: str) -> str:
    value, unit = course.measured[name], MEASURES[name].unit
    if value is None:
        return NONE
    most = "≥" if name == "time to collision" and value >= TTC_CAP else ""
    return (
        f"{most}{_number(value, language, 0 if unit == 'm' else 1)}{words_of(language).units[unit]}"
    )


def _number(value: float, language: str, decimals: int = 1) -> str:
    return said_number(value, words_of(language).decimal, decimals)


def lines(episode: Episode, language: str = "en") -> Iterator[str]:
    """For a terminal: a line for each difference, with hindsight below it; at last how it was measured."""
    words, policy = hand_words(language).page, episode.header.policy
    steps = tuple(differences(episode))
    taken = sum(
        step.takeover is not None and step.takeover.by == "person" for step in episode.steps
    )
    head = words["differed" if steps else "nowhere" if taken else "nobody"]
    yield head.format(policy=policy, count=len(steps), of=taken)
    looker = Looker(episode)
    for step in steps:
        acts = [say_action(action, language) for action in (step.driven, step.choice.action)]
        text = said_in(step.rationale, language).text
        yield f"{step.scene.time:6.1f} s  {words['you']}: {acts[0]}; {policy}: {acts[1]}. {text}"
        seen = looker.look(step.scene.step)
        yield f"          {sentence(seen, language)}"
        ours, theirs = figures(seen, language)
        yield f"          {words['you']}: {ours}; {policy}: {theirs}"
    if steps:
        yield words["how"].format(policy=policy, seconds=_number(looker.seconds, language, 0))
