"""Incident reports for the page: made when asked for, one at a time, and kept until their log changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from drive.checking.incident import Incident, incident_of, no_incident, saving_branch, told
from drive.checking.verdicts import path_beside
from drive.episodes import log
from drive.language.incident import say_sequence
from drive.show import answers, proof
from drive.show.precedence import QUESTIONS
from drive.types import Episode

WAITING, KEPT = 8, 30  # visitors that wait for a report; reports that are kept


class Incidents:
    """Makes reports, one at a time."""

    def __init__(self):
        self._lock, self._turn, self._asking = threading.Lock(), threading.Lock(), 0
        self._kept: OrderedDict[tuple, dict] = OrderedDict()

    def report(self, path: Path, language: str = "en") -> dict:
        """The report of a log for the player. ValueError in one sentence for what cannot be told."""
        key = (*_changed(path), *_changed(path_beside(path)), language)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            if self._asking > WAITING:
                raise ValueError("many visitors are asking; please ask again in a moment")
            self._asking += 1
        try:
            with QUESTIONS.answering(), self._turn:
                made = report_data(path, language)
        finally:
            with self._lock:
                self._asking -= 1
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def _changed(path: Path) -> tuple:
    try:
        about = path.stat()
    except OSError:
        return (str(path),)
    return str(path), about.st_mtime_ns, about.st_size


def report_data(path: Path, language: str = "en") -> dict:
    """A report for the player, JSON-ready: sentences, the decision that it is about, and what avoids it."""
    episode = log.read(path).episode
    incident = incident_of(episode, proof.beside(path))
    if incident is None:
        return {"sentences": [no_incident(episode, language)], "step": None, "branch": None}
    return {
        "sentences": [*told(incident, language)],
        "step": incident.step.scene.step,
        "branch": _branch(episode, incident, language) if incident.saving else None,
    }


def _branch(episode: Episode, incident: Incident, language: str) -> dict:
    """What avoids it, as it is driven, with what the picture is called."""
    saving = incident.saving
    branch = saving_branch(episode, saving, "twin")
    return answers.branch_data(branch, saving.step, language) | {
        "label": say_sequence(saving.actions, language)
    }
