"""The values that flow through Whydrive: frozen, SI units, road frame (x forward, y left).

Nothing here computes, reads a file or knows a simulator. Field comments give unit, shape and frame.
"""

from drive.types.actions import Action, Control, Follow, Legal, Meta
from drive.types.choice import (
    Attribution,
    Barrier,
    Cause,
    Choice,
    Option,
    Term,
)
from drive.types.edits import (
    SIZES,
    Add,
    Brake,
    ChangeLane,
    Condition,
    Edit,
    Hide,
    KeepLane,
    Kind,
    Move,
    Remove,
    Resize,
    Send,
    SetSpeed,
    Surface,
    Without,
)
from drive.types.episode import Contact, End, Episode, Header, Parent, Step, Tracks
from drive.types.policy import Policy, Powers
from drive.types.said import Claim, Decision, Rationale, Side, Tie, Verdict
from drive.types.scene import EGO, Car, Ego, History, Perception, Scene, StaticObject, Task
from drive.types.trajectory import DECIMALS, GRID, HORIZON, WAYPOINTS, Trajectory
from drive.types.truth import Driver, Truth

__all__ = [
    "Action",
    "Add",
    "Attribution",
    "Barrier",
    "Brake",
    "Car",
    "Cause",
    "ChangeLane",
    "Choice",
    "Claim",
    "Condition",
    "Contact",
    "Control",
    "DECIMALS",
    "Decision",
    "Driver",
    "EGO",
    "Edit",
    "Ego",
    "End",
    "Episode",
    "Follow",
    "GRID",
    "HORIZON",
    "Header",
    "Hide",
    "History",
    "KeepLane",
    "Kind",
    "Legal",
    "Meta",
    "Move",
    "Option",
    "Parent",
    "Perception",
    "Policy",
    "Powers",
    "Rationale",
    "Remove",
    "Resize",
    "SIZES",
    "Scene",
    "Send",
    "SetSpeed",
    "Side",
    "StaticObject",
    "Step",
    "Surface",
    "Task",
    "Term",
    "Tie",
    "Tracks",
    "Trajectory",
    "Truth",
    "Verdict",
    "WAYPOINTS",
    "Without",
]
