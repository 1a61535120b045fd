"""Roads as values, the lane frame, and plane geometry. Knows nothing of cars."""

from drive.roads.lanes import (
    CAR_LENGTH,
    Arc,
    Lane,
    LaneId,
    Road,
    Sine,
    Straight,
    circulates,
    shortest,
    straightest,
    turns_back,
    ways,
)

__all__ = [
    "Arc",
    "CAR_LENGTH",
    "Lane",
    "LaneId",
    "Road",
    "Sine",
    "Straight",
    "circulates",
    "shortest",
    "straightest",
    "turns_back",
    "ways",
]
