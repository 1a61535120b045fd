"""A Stable-Baselines3 network as plain tensors in a safetensors file: read, checked, asked. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import json
import os
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
AXES = {  # the axes that an agent acts on -> highway-env's names of its actions, in its order
    "both": ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER"),
    "longitudinal": ("SLOWER", "IDLE", "FASTER"),
    "lateral": ("LANE_LEFT", "IDLE", "LANE_RIGHT"),
}
USUAL_AXES = {
    "intersection": "longitudinal"
}  # scenario -> what highway-env gives there, where not both
AGAIN = "`whydrive export-sb3` makes one"
WHICH = "say which with `whydrive export-sb3 ... --actions longitudinal` or `--actions lateral`"


@dataclass(frozen=True)
class About:
    """What a file says of its network."""

    algorithm: str
    activation: str
    observation: dict | None  # highway-env's configuration; None: the scenario's
    axes: str | None = (
        None  # a key of AXES; None: the scenario's, where the number of actions fits both
    )
    shape: tuple[int, ...] | None = (
        None  # of the observation that it was trained on; None: not told
    )


@dataclass(frozen=True, eq=False)
class Scaling:
    """VecNormalize's statistics: what is shown becomes (x - mean) / scale, clipped."""

    mean: np.ndarray  # [inputs]
    scale: np.ndarray  # [inputs] > 0
    clip: float  # > 0

    def __call__(self, shown: np.ndarray) -> np.ndarray:
        """The numbers [inputs] as the network was shown them in training."""
        return np.clip((shown - self.mean) / self.scale, -self.clip, self.clip)


@dataclass(frozen=True, eq=False)
class Model:
    """A stack of linear layers with one kind of activation between them."""

    about: About
    layers: tuple[
        tuple[np.ndarray, np.ndarray], ...
    ]  # ([outputs, inputs], [outputs]) each, doubles
    digest: str
    scaling: Scaling | None = None

    @property
    def inputs(self) -> int:
        return self.layers[0][0].shape[1]

    def actions(self, scenario: str) -> tuple[str, ...]:
        """The names of its outputs, in order; ValueError where they could be either axis."""
        count = len(self.layers[-1][1])
        axes = self.about.axes or USUAL_AXES.get(scenario, "both")
        if len(AXES[axes]) != count:
            raise ValueError(f"the agent has {count} actions, which are speeds or lanes; {WHICH}")
        return AXES[axes]

    @property
    def shown(self) -> Shown | None:
        return None if self.about.observation is None else shown_by(self.about.observation)


def fitting(shown: Shown, inputs: int, shape: tuple[int, ...] | None = None) -> Shown:
    """The observation, if the network takes it; ValueError says both shapes where not."""
    rows, features = shown.rows, len(shown.features)
    has = f"the observation has {rows} rows of {features} features"
    asked = "give the one it was trained on with --observation FILE"
    if shape is not None and shape not in ((rows, features), (rows * features,)):
        stacked = len(shape) == 2 and shape[0] == rows and shape[1] % features == 0
        if stacked and shape[1] > features:
            raise ValueError(
                f"the agent was trained on {shape[1] // features} stacked frames of {rows} x {features}, "
                "and a scene shows one; train it without stacking"
            )
        raise ValueError(f"the agent was trained on {_times(shape)}, but {has}; {asked}")
    if shown.size != inputs:
        raise ValueError(f"the network takes {inputs} numbers, but {has}; {asked}")
    return shown


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def outputs(model: Model, observation: np.ndarray) -> list[float]:
    """Per action its value, or the logarithm of its probability; rounded to 1e-6.

    In double precision, so that no processor's last bit shows.
    """
    import torch

    between = getattr(torch.nn.functional, ACTIVATIONS[model.about.activation])
    shown = observation.astype(np.float32).astype(float).ravel()
    x = torch.from_numpy(model.scaling(shown) if model.scaling else shown)
    for number, (weight, bias) in enumerate(model.layers, 1):
        x = torch.nn.functional.linear(x, torch.from_numpy(weight), torch.from_numpy(bias))
        if number < len(model.layers):
            x = between(x)
    if model.about.algorithm not in VALUES:
        x = x.log_softmax(-1)
    return [round(value, 6) for value in x.tolist()]


# ------------------------------------------------------------------------------------------ files


def write(
    path: Path,
    about: About,
    layers: list[tuple[np.ndarray, np.ndarray]],
    scaling: Scaling | None = None,
) -> None:
    """Write a network; what cannot be read again is not written."""
    arrays = {}
    for number, (weight, bias) in enumerate(layers):
        arrays |= {f"{number}.weight": np.ascontiguousarray(weight), f"{number}.bias": bias.copy()}
    told = {
        "algorithm": about.algorithm,
        "activation": about.activation,
        "observation": about.observation,
        "axes": about.axes,
        "shape": about.shape,
    }
    _layers(arrays, path)
    if scaling is not None:
        arrays |= {"scaling.mean": scaling.mean, "scaling.scale": scaling.scale}
        told["clip"] = scaling.clip
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")  # a kill leaves no half of a file
    part.write_bytes(safetensors.numpy.save(arrays, {KEY: json.dumps(told)}))
    os.replace(part, path)


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
        shape = told.get("shape")
        about = About(
            told["algorithm"],
            told["activation"],
            told["observation"],
            told.get("axes"),
            None if shape is None else tuple(map(int, shape)),
        )
        scaling = _scaling(arrays, told)
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file ({error}); {AGAIN}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} does not say which network it is; {AGAIN}") from error
    if about.axes is not None and about.axes not in AXES:
        raise ValueError(f"{path} acts on {about.axes!r}; it is one of {', '.join(AXES)}")
    if about.algorithm not in ALGORITHMS or about.activation not in ACTIVATIONS:
        raise ValueError(
            f"{path} holds {about.algorithm} with {about.activation}, which is not known here"
        )
    layers = _layers(arrays, path)
    model = Model(about, layers, hashlib.sha256(data).hexdigest()[:16], scaling)
    if scaling is not None and len(scaling.mean) != model.inputs:
        raise ValueError(
            f"the statistics of {path} are of {len(scaling.mean)} numbers, not {model.inputs}"
        )
    if model.shown is not None:
        fitting(model.shown, model.inputs, about.shape)
    return model


def _scaling(arrays: dict[str, np.ndarray], told: dict) -> Scaling | None:
    """The statistics of a file, taken out of its arrays; None where it has none."""
    if "clip" not in told:
        return None
    mean, scale = (
        arrays.pop(f"scaling.{name}").astype(float).ravel() for name in ("mean", "scale")
    )
    clip = float(told["clip"])
    usable = np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()
    if not usable or mean.shape != scale.shape or not clip > 0:
        raise ValueError("statistics that cannot be")
    return Scaling(mean, scale, clip)


def _layers(arrays: dict[str, np.ndarray], path: Path) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """The layers in order, each fitting the one before it."""
    count = len(arrays) // 2
    names = {f"{number}.{part}" for number in range(count) for part in ("weight", "bias")}
    if not count or set(arrays) != names:
        raise ValueError(f"{path} holds no stack of linear layers; {AGAIN}")
    layers = tuple(
        (arrays[f"{n}.weight"].astype(float), arrays[f"{n}.bias"].astype(float))
        for n in range(count)
    )
    for number, (weight, bias) in enumerate(layers):
        before = weight.shape[-1] if number == 0 else len(layers[number - 1][1])
        if weight.ndim != 2 or bias.shape != weight.shape[:1] or weight.shape[1] != before:
            raise ValueError(f"the layers of {path} do not fit together; {AGAIN}")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ValueError(f"{path} holds weights that are not finite")
    if len(layers[-1][1]) not in map(len, AXES.values()):
        raise ValueError(
            f"{path} chooses among {len(layers[-1][1])} actions; highway-env's meta-actions are 5 or 3"
        )
    return layers
