"""Colours of pictures."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]  # red, green, blue


@dataclass(frozen=True)
class Palette:
    """Colours of a picture."""

    ground: Colour
    sky: Colour
    goal: Colour  # also of what is true
    asphalt: Colour
    line: Colour
    car: Colour
    car_label: Colour
    unseen: Colour
    ego: Colour
    rival: Colour
    wreck: Colour
    barrier: Colour
    ink: Colour  # text
    faint: Colour  # secondary text
    panel: Colour  # behind text
    cited: tuple[Colour, ...]  # cars named in a rationale, in the order in which it names them
    risk: tuple[Colour, Colour, Colour]  # none, some, contact

    @classmethod
    def of(cls, **colours: str) -> Palette:
        """A palette from hexadecimal colours, several in one string where a field holds several."""
        values = {name: tuple(map(_rgb, text.split())) for name, text in colours.items()}
        return cls(**{n: v if n in ("cited", "risk") else v[0] for n, v in values.items()})


def _rgb(code: str) -> Colour:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


LIGHT = Palette.of(
    ground="#eef0ec",
    sky="#dfe8f2",
    goal="#1c7a43",
    asphalt="#d5d9de",
    line="#ffffff",
    car="#7b8694",
    car_label="#ffffff",
    unseen="#a4acb6",
    ego="#1f62d0",
    rival="#8b95a3",
    wreck="#c4372c",
    barrier="#d08a00",
    ink="#1c2430",
    faint="#5b6571",
    panel="#ffffff",
    cited="#b45012 #a8327f #0d7772 #6b4fd8 #7a6a00",
    risk="#d3d8dd #e3a008 #c4372c",
)
DARK = Palette.of(
    ground="#151a20",
    sky="#1b2430",
    goal="#56c98a",
    asphalt="#262d36",
    line="#5d6773",
    car="#7d8896",
    car_label="#0d1116",
    unseen="#56606c",
    ego="#6aa5ff",
    rival="#76818f",
    wreck="#ff7b6e",
    barrier="#e0a93b",
    ink="#e8ecf1",
    faint="#98a3b0",
    panel="#181d24",
    cited="#ff9d5c #f084c8 #4fd0c4 #b29cff #d6c341",
    risk="#333c46 #e0a93b #ff7b6e",
)
PALETTES = {"light": LIGHT, "dark": DARK}


def mix(first: Colour, second: Colour, part: float) -> Colour:
    return tuple(round(a + part * (b - a)) for a, b in zip(first, second, strict=True))


def risk_colour(palette: Palette, risk: float) -> Colour:
    """The colour of a risk from 0 to 1."""
    calm, warm, hot = palette.risk
    return mix(calm, warm, 2 * risk) if risk < 0.5 else mix(warm, hot, 2 * risk - 1)
