"""Hand-made scenes and steps on a straight road: no simulator, no policy, round numbers."""

from __future__ import annotations

import numpy as np

from drive.episodes.rollout import explain
from drive.reasoning.reasons import situation_of
from drive.roads import Lane, Road, Straight
from drive.types import (
    Attribution,
    Car,
    Choice,
    Ego,
    History,
    Legal,
    Meta,
    Option,
    Perception,
    Rationale,
    Scene,
    Step,
    Task,
    Term,
    Tracks,
)

METAS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")
LEFT, IDLE, RIGHT, FASTER, SLOWER = map(Meta, METAS)


def straight_road(lanes: int = 3, length: float = 1000.0) -> Road:
    """Lanes of 4 m, from left to right, the first centre line at y = 0."""

    def lane(k: int) -> Lane:
        return Lane(("a", "b", k), Straight((0.0, -4.0 * k), (length, -4.0 * k)), 4.0, 30.0)

    return Road(tuple(map(lane, range(lanes))))


def car(number: int, x: float, lane: int = 1, speed: float = 20.0) -> Car:
    return Car(number, x, -4.0 * lane, 0.0, speed, 5.0, 2.0, ("a", "b", lane))


def scene(*cars: Car, speed: float = 25.0, lane: int = 1, step: int = 0, lanes: int = 3) -> Scene:
    """The ego at x = 100 m in a lane (the middle one) among cars."""
    here = ("a", "b", lane)
    ego = Ego(100.0, -4.0 * lane, 0.0, speed, 5.0, 2.0, here, here, speed, (20.0, 25.0, 30.0))
    return Scene(
        scenario="hand-made",
        seed=0,
        step=step,
        time=float(step),
        period=1.0,
        sub_step=1 / 15,
        ego=ego,
        cars=cars,
        objects=(),
        task=Task("cruise", deadline=40.0),
        perception=Perception(),
        legal=Legal(METAS),
        road=straight_road(lanes),
        history=History(np.empty((0, 5))),
    )


def behind_a_slower_car(gap: float = 18.0) -> tuple[Scene, Choice]:
    """Car 4 is `gap` m ahead and 5 m/s slower; car 7 is beside on the left, the right is free.

    The choice is to slow down; what speaks against each other option is measured.
    """
    lead, other = car(4, 105.0 + gap), car(7, 98.0, lane=0, speed=29.0)
    ahead = (
        Term("time gap", gap / 25, "s", "against", 2.0, cars=(4,)),
        Term("gap ahead", gap, "m", "against", cars=(4,)),
        Term("slower ahead", 5.0, "m/s", "against", cars=(4,)),
    )
    options = (
        Option(LEFT, (Term("beside", 3.0, "m", "against", cars=(7,)),), 1.0, ("a", "b", 0)),
        Option(IDLE, ahead, 0.5, ("a", "b", 1)),
        Option(FASTER, ahead, 0.2, ("a", "b", 1)),
        Option(SLOWER, (), 2.0, ("a", "b", 1)),
    )
    return scene(lead, other), Choice(SLOWER, options)


def narrated(
    at: Scene, choice: Choice, tie: str = "shares evidence", attribution: Attribution | None = None
) -> Rationale:
    """What is said of a choice whose options have trajectories."""
    return explain(situation_of(at, choice), choice, tie, "en", attribution)


def step_of(at: Scene, choice: Choice, rationale: Rationale) -> Step:
    """A step of which nothing is known but the decision."""
    tracks = Tracks(np.array([at.time]), np.zeros((1, 4)), {})
    return Step(at, choice, rationale, tracks, 0.0, {})
