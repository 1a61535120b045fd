"""The value network as a pure function of its weights: ego-attention over the cars (Leurent & Mercat 2019, 1911.12250).

Each car is encoded together with what the ego does; attention sums the cars up for the ego; two more layers give the
likelihood of each return after each meta-action (dueling: a part for the state, a part per action), and a value is the
mean return. The order of the cars has no effect. Knows neither scenes nor training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

WIDTH, HEADS = 64, 2
EGO_FEATURES, CAR_FEATURES, ACTIONS = 9, 9, 5
DISCOUNT = 0.97  # per decision
ATOMS, HIGHEST = (
    41,
    1 / (1 - DISCOUNT),
)  # returns that are told apart: 0 to full reward for ever, evenly
LAYERS = {  # name -> (inputs, outputs); each has a weight and a bias
    "ego.0": (EGO_FEATURES, WIDTH),
    "ego.1": (WIDTH, WIDTH),
    "car.0": (CAR_FEATURES, WIDTH),
    "told": (EGO_FEATURES, WIDTH),  # what every car is told of the ego
    "car.1": (WIDTH, WIDTH),
    "query": (WIDTH, HEADS * WIDTH),
    "join": ((1 + HEADS) * WIDTH, 2 * WIDTH),
    "state": (2 * WIDTH, ATOMS),
    "advantage": (2 * WIDTH, ACTIONS * ATOMS),
}
SHAPES = {
    f"{layer}.{part}": shape
    for layer, (inputs, outputs) in LAYERS.items()
    for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,)))
}


def initial(seed: int) -> dict[str, Tensor]:
    """Fresh weights: uniform within 1/sqrt(inputs), as torch.nn.Linear's."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in SHAPES.items():
        inputs = LAYERS[name.rpartition(".")[0]][0]
        weights[name] = (torch.rand(shape, generator=generator) * 2 - 1) * inputs**-0.5
    return weights


def values(weights: Mapping[str, Tensor], kinematics: Tensor, set_points: Tensor) -> Tensor:
    """[B, ACTIONS] expected returns of observations [B, ROWS, FEATURES] and [B, SET_POINTS]."""
    return expected(logits(weights, kinematics, set_points).softmax(-1))


def expected(shares: Tensor) -> Tensor:
    """The mean of distributions over the atoms [..., ATOMS]."""
    return shares @ returns(shares)


def returns(like: Tensor) -> Tensor:
    """The return of each atom [ATOMS], of the type of another tensor."""
    import torch

    return torch.linspace(0, HIGHEST, ATOMS, dtype=like.dtype)


def logits(weights: Mapping[str, Tensor], kinematics: Tensor, set_points: Tensor) -> Tensor:
    """[B, ACTIONS, ATOMS]: how likely each return is, before the softmax."""
    import torch

    ego = _ego_features(kinematics[:, 0], set_points)
    cars = _linear(weights, "car.0", _car_features(kinematics[:, 1:]))
    cars = _linear(
        weights, "car.1", (cars + _linear(weights, "told", ego)[:, None]).relu_()
    ).relu_()
    ego = _linear(weights, "ego.1", _linear(weights, "ego.0", ego).relu_()).relu_()
    answer = _attended(weights, ego, cars, kinematics[:, 1:, 0])
    joined = _linear(weights, "join", torch.cat((ego, answer), -1)).relu_()
    advantage = _linear(weights, "advantage", joined).view(-1, ACTIONS, ATOMS)
    state = _linear(weights, "state", joined)[:, None]
    return state + advantage - advantage.mean(1, keepdim=True)


def _linear(weights: Mapping[str, Tensor], layer: str, x: Tensor) -> Tensor:
    from torch.nn.functional import linear

    return linear(x, weights[f"{layer}.weight"], weights[f"{layer}.bias"])


def _attended(weights: Mapping[str, Tensor], ego: Tensor, cars: Tensor, present: Tensor) -> Tensor:
    """What the ego learns of the cars [B, HEADS * WIDTH]; zeros where there is none.

    Each head's query is mapped into the space of the cars' features, so key and value need no product per car.
    """
    query = _linear(weights, "query", ego).view(len(ego), HEADS, WIDTH)
    fit = query @ cars.transpose(1, 2) * WIDTH**-0.5
    share = (fit + (present[:, None] - 1) * 1e9).softmax(-1) * present[:, None]
    return (share @ cars).flatten(1)


def _ego_features(row: Tensor, set_points: Tensor) -> Tensor:
    """Numbers of about 1, of highway-env's own [FEATURES] row and the set-points."""
    _, _, _, vx, vy, _, sin = row.unbind(-1)
    target, offset, left, right = set_points.unbind(-1)
    return _stacked(
        (vx - 25) / 5, vy / 2, 5 * sin, (target - 25) / 5, offset / 2,
        left / 2, right / 2, (left == 0).to(vx.dtype), (right == 0).to(vx.dtype),
    )  # fmt: skip


def _car_features(row: Tensor) -> Tensor:
    """Numbers of about 1: where a car is relative to the ego, and how fast the space between them shrinks."""
    present, x, y, vx, vy, _, sin = row.unbind(-1)
    space = (x.abs() - 5).clamp(min=1.0)  # [m] between bumpers
    closing = -vx * x.sign()  # [m/s]
    return _stacked(
        present, x / 50, x / (10 + x.abs()), (-((x / 10) ** 2)).exp(), y / 4,
        vx / 5, vy / 2, 5 * sin, (closing / space).clamp(-2, 2),
    )  # fmt: skip


def _stacked(*columns: Tensor) -> Tensor:
    import torch

    return torch.stack(columns, -1)
