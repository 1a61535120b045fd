"""What drives: a policy, and the powers that it may have beside deciding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from drive.types.actions import Action, Legal
from drive.types.choice import Choice, Imagined, Takeover, Term, Thought
from drive.types.pictures import Pictures
from drive.types.said import Rationale, Tie
from drive.types.scene import Scene


class Policy(Protocol):
    """A policy. `decide` is a pure function of the scene; memory is in the scene's history.

    Nothing is inherited. A policy that has one of `Powers` has an attribute of that name.
    """

    name: str
    tie: Tie

    def decide(self, scene: Scene) -> Choice: ...


@dataclass(frozen=True)
class Powers:
    """What a policy may have beside `decide`, by name, and what holds for a policy without it."""

    weights: str = ""  # digest of what the policy learned
    # ways in which it may drive, name -> what for, the usual one first; its class takes such a name
    styles: Mapping[str, str] = field(default_factory=dict)
    # has the policy an action on a road with such actions? Where not, tables say "–"
    applies: Callable[[Legal], bool] = lambda legal: True
    # makes ready, before the first decision, what takes long; is given what shows its progress
    prepare: Callable[[Callable[[str], None]], None] = lambda progress: None
    # ids of the cars on which this choice could depend, by an exact argument of the policy's own:
    # hiding any one of the others would not change the choice
    could_matter: Callable[[Scene, Choice], Iterable[int]] = lambda scene, choice: (
        car.id for car in scene.cars
    )
    # does it decide the same when it is asked the same again? Where not, a log's numbers cannot be compared
    repeats: bool = True
    # the options of the choice, their plans held, with the wish of one kind of term so many times as large;
    # ValueError where that is no wish
    reweighed: Callable[[Scene, str, float], Choice] | None = None
    # how it imagined that all go on in the hypothesis in which this term of an option is worst; ValueError where the term
    # is told of no hypothesis
    imagined: Callable[[Scene, Action, Term], Imagined] | None = None
    # decodes the action from the policy's own rationale; None for a policy that decides first
    act: Callable[[Scene, Rationale], Action] | None = None
    # the pictures that it is shown of a scene, for a policy that sees nothing else
    sees: Callable[[Scene], Pictures] | None = None
    # its words, and what it decides by them; words that are given (place -> name) stand as they are, and the others
    # are said again after them. ValueError for a place or a word that is none
    spelled: Callable[[Scene, Mapping[str, str]], Thought] | None = None
    # what is driven in place of its choice in a scene, and why; None where the choice is driven
    taken_over: Callable[[Scene, Choice], Takeover | None] | None = None
    # the policy that decides, where this one only watches over it
    watched: Policy | None = None
