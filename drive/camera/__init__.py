"""Pictures with OpenCV: from the places of all cars at one moment to pixels. The one door to OpenCV.

Knows no simulator and no rationale: the caller says which cars stand out, and in which colour.
"""

from drive.camera.birdseye import Marks, bird_eye
from drive.camera.driverseye import driver_eye
from drive.camera.files import packed, pixels, save_film, save_picture
from drive.camera.palette import DARK, LIGHT, PALETTES, Colour, Palette, risk_colour
from drive.camera.typeface import INSTALL, font, uncovered
from drive.camera.view import (
    AHEAD,
    EDGE,
    RISE,
    SPAN,
    Body,
    Moment,
    View,
    edges,
    follow,
    is_braking,
    middle,
    moment_of,
    moment_within,
    shape,
)

__all__ = [
    "AHEAD",
    "DARK",
    "EDGE",
    "LIGHT",
    "PALETTES",
    "RISE",
    "SPAN",
    "Body",
    "Colour",
    "Marks",
    "Moment",
    "Palette",
    "View",
    "bird_eye",
    "driver_eye",
    "edges",
    "follow",
    "INSTALL",
    "font",
    "is_braking",
    "uncovered",
    "middle",
    "moment_of",
    "moment_within",
    "packed",
    "pixels",
    "risk_colour",
    "save_film",
    "save_picture",
    "shape",
]
