"""A Stable-Baselines3 network as plain tensors in a safetensors file: read, checked, asked. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from policies.sb3.observation import Shown, shown_by

KEY = "whydrive.sb3"  # of the file's metadata
ACTIVATIONS = {  # torch.nn's class -> torch.nn.functional's function
    "ReLU": "relu", "Tanh": "tanh", "ELU": "elu", "LeakyReLU": "leaky_relu", "SiLU": "silu",
    "GELU": "gelu", "Sigmoid": "sigmoid",
}  # fmt: skip
VALUES = ("DQN",)  # whose outputs are values; the others' are logits of a distribution
ALGORITHMS = (*VALUES, "PPO", "A2C")
ACTIONS = {  # number of actions -> highway-env's names in its order
    5: ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER"),
    3: ("SLOWER", "IDLE", "FASTER"),
}
AGAIN = "`whydrive export-sb3` makes one"


@dataclass(frozen=True)
class About:
    """What a file says of its network."""

    algorithm: str
    activation: str
    observation: dict | None  # highway-env's configuration; None: the scenario's


@dataclass(frozen=True, eq=False)
class Model:
    """A stack of linear layers with one kind of activation between them."""

    about: About
    layers: tuple[
        tuple[np.ndarray, np.ndarray], ...
    ]  # ([outputs, inputs], [outputs]) each, doubles
    digest: str

    @property
    def inputs(self) -> int:
        return self.layers[0][0].shape[1]

    @property
    def actions(self) -> tuple[str, ...]:
        return ACTIONS[len(self.layers[-1][1])]

    @property
    def shown(self) -> Shown | None:
        return None if self.about.observation is None else shown_by(self.about.observation)


def fitting(shown: Shown, inputs: int) -> Shown:
    """The observation, if the network takes it; ValueError says both sizes where not."""
    if shown.size != inputs:
        raise ValueError(
            f"the network takes {inputs} numbers, but the observation has {shown.rows} rows of "
            f"{len(shown.features)} features; give the one it was trained on with --observation FILE"
        )
    return shown


def outputs(model: Model, observation: np.ndarray) -> list[float]:
    """Per action its value, or the logarithm of its probability; rounded to 1e-6.

    In double precision, so that no processor's last bit shows.
    """
    import torch

    between = getattr(torch.nn.functional, ACTIVATIONS[model.about.activation])
    x = torch.from_numpy(observation.astype(np.float32).astype(float)).flatten()
    for number, (weight, bias) in enumerate(model.layers, 1):
        x = torch.nn.functional.linear(x, torch.from_numpy(weight), torch.from_numpy(bias))
        if number < len(model.layers):
            x = between(x)
    if model.about.algorithm not in VALUES:
        x = x.log_softmax(-1)
    return [round(value, 6) for value in x.tolist()]


# ------------------------------------------------------------------------------------------ files


def write(path: Path, about: About, layers: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Write a network; what cannot be read again is not written."""
    arrays = {}
    for number, (weight, bias) in enumerate(layers):
        arrays |= {f"{number}.weight": np.ascontiguousarray(weight), f"{number}.bias": bias.copy()}
    told = {
        "algorithm": about.algorithm,
        "activation": about.activation,
        "observation": about.observation,
    }
    _layers(arrays, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(safetensors.numpy.save(arrays, {KEY: json.dumps(told)}))


def read(path: Path) -> Model:
    """The network of a file; ValueError in one sentence where it holds none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"no network can be read at {path} ({error.strerror}); {AGAIN}") from error
    try:
        arrays = safetensors.numpy.load(data)
        with safe_open(path, "np") as file:
            told = json.loads((file.metadata() or {})[KEY])
        about = About(told["algorithm"], told["activation"], told["observation"])
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file ({error}); {AGAIN}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not say which network it is; {AGAIN}") from error
    if about.algorithm not in ALGORITHMS or about.activation not in ACTIVATIONS:
        raise ValueError(
            f"{path} holds {about.algorithm} with {about.activation}, which is not known here"
        )
    model = Model(about, _layers(arrays, path), hashlib.sha256(data).hexdigest()[:16])
    if model.shown is not None:
        fitting(model.shown, model.inputs)
    return model


def _layers(arrays: dict[str, np.ndarray], path: Path) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """The layers in order, each fitting the one before it."""
    count = len(arrays) // 2
    names = {f"{number}.{part}" for number in range(count) for part in ("weight", "bias")}
    if not count or set(arrays) != names:
        raise ValueError(f"{path} holds no stack of linear layers; {AGAIN}")
    found = tuple(
        (arrays[f"{n}.weight"].astype(float), arrays[f"{n}.bias"].astype(float))
        for n in range(count)
    )
    for number, (weight, bias) in enumerate(found):
        before = weight.shape[-1] if number == 0 else len(found[number - 1][1])
        if weight.ndim != 2 or bias.shape != weight.shape[:1] or weight.shape[1] != before:
            raise ValueError(f"the layers of {path} do not fit together; {AGAIN}")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ValueError(f"{path} holds weights that are not finite")
    if len(found[-1][1]) not in ACTIONS:
        raise ValueError(
            f"{path} chooses among {len(found[-1][1])} actions; highway-env's meta-actions are "
            + " or ".join(map(str, ACTIONS))
        )
    return found
