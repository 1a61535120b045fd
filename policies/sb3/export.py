"""From Stable-Baselines3's zip, which is a pickle, to a safetensors file, which is not. The only place that unpickles."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from policies.sb3 import at
from policies.sb3.model import ACTIVATIONS, AXES, About, Scaling, fitting, read, write
from policies.sb3.observation import shown_by

__all__ = ["at", "export", "into"]

NEEDS = "it takes Stable-Baselines3 to open a zip: pip install 'whydrive[sb3]'"
DISTRUSTED = (
    "{} is a pickle, which can run any program when it is opened: say --trust-pickle if you trust "
    "whoever made it"
)


@dataclass(frozen=True, eq=False)
class Agent:
    """What is taken of an agent."""

    about: About
    layers: list  # [(weight, bias)]
    scaling: Scaling | None = None


def export(
    source: Path,
    target: Path,
    observation: Path | None = None,
    trust_pickle: bool = False,
    axes: str | None = None,
    statistics: Path | None = None,
) -> Path:
    """Write an agent as safetensors, with the observation that it is shown; returns `target`.

    source: Stable-Baselines3's zip, or a safetensors file that is to be shown another observation;
    observation: JSON of highway-env's configuration (the whole one tells the axes as well), None for
    the scenario's; axes: a key of AXES, where the number of actions does not tell; statistics:
    VecNormalize's file, a pickle. Pickles are opened only if they are trusted. ValueError in one
    sentence for what cannot be exported.
    """
    config, told = (None, None) if observation is None else configuration(observation)
    if not trust_pickle and (source.suffix == ".zip" or statistics):
        raise ValueError(DISTRUSTED.format(source if source.suffix == ".zip" else statistics))
    if statistics and source.suffix != ".zip":
        raise ValueError(f"statistics are taken along with a zip, and {source} is none")
    agent = _opened(source, statistics) if source.suffix == ".zip" else _read(source)
    about = agent.about
    axes = _axes(axes or told or about.axes, len(agent.layers[-1][1]), source)
    about = replace(about, observation=config or about.observation, axes=axes)
    if about.observation is not None:
        fitting(shown_by(about.observation), agent.layers[0][0].shape[1], about.shape)
    write(target, about, agent.layers, agent.scaling)
    return target


def _read(source: Path) -> Agent:
    model = read(source)
    layers = [(weight.astype("float32"), bias.astype("float32")) for weight, bias in model.layers]
    return Agent(model.about, layers, model.scaling)


def _axes(axes: str | None, count: int, source: Path) -> str | None:
    """The axes that an agent acts on; None where that is left to the scenario."""
    if axes is not None and axes not in AXES:
        raise ValueError(f"an agent acts on {' or '.join(AXES)} axes, not {axes!r}")
    if axes is not None and len(AXES[axes]) != count:
        raise ValueError(
            f"the agent of {source} has {count} actions, and {axes} takes {len(AXES[axes])}"
        )
    return axes or ("both" if len(AXES["both"]) == count else None)


def into(folder: Path, source: Path, observation: Path | None, trust_pickle: bool) -> Path:
    """The same, to a file in a folder that is named after what is in it."""
    parts = [path.read_bytes() for path in (source, observation) if path is not None]
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:8]
    return export(source, folder / f"{source.stem}-{digest}.safetensors", observation, trust_pickle)


def configuration(path: Path) -> tuple[dict, str | None]:
    """highway-env's observation configuration from a JSON file, and the axes if it tells them.

    ValueError where it is none.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error})") from error
    axes = None
    if isinstance(data, dict) and isinstance(data.get("observation"), dict):
        axes = _told(data.get("action"))
        data = data["observation"]  # a whole configuration of an environment
    shown_by(data)
    return data, axes


def _told(action) -> str | None:
    """The axes that an environment's configuration of actions tells; None: it tells none."""
    if not isinstance(action, dict):
        return None
    if action.get("type", "DiscreteMetaAction") != "DiscreteMetaAction":
        raise ValueError(
            f"actions of type {action['type']!r} are not known here; DiscreteMetaAction is"
        )
    along, across = action.get("longitudinal", True), action.get("lateral", True)
    return "both" if along and across else "longitudinal" if along else "lateral"


# ---------------------------------------------------------------------------------------- the zip


def _opened(path: Path, statistics: Path | None) -> Agent:
    """What a zip holds."""
    algorithm = _algorithm(path)
    try:
        import stable_baselines3
    except ImportError as error:
        raise ValueError(NEEDS) from error
    schedules = (
        "lr_schedule",
        "clip_range",
        "exploration_schedule",
    )  # often written by another Python
    silent = {"learning_rate": 0.0, **dict.fromkeys(schedules, _nothing)}
    try:
        agent = getattr(stable_baselines3, algorithm).load(
            path, device="cpu", custom_objects=silent
        )
    except Exception as error:  # whatever a pickle may raise
        raise ValueError(
            f"Stable-Baselines3 cannot open {path}: {type(error).__name__}: {error}"
        ) from error
    _check_spaces(agent, path)
    scaling = _statistics(statistics, agent.observation_space.shape) if statistics else None
    if statistics is None and _was_normalized(agent, algorithm):
        raise ValueError(
            f"the agent of {path} was trained behind VecNormalize; give its file with --statistics "
            "FILE.pkl, which tells how what is shown was scaled"
        )
    activation, layers = _stack(_network(agent, algorithm, path), path)
    about = About(algorithm, activation, None, None, tuple(agent.observation_space.shape))
    return Agent(about, layers, scaling)


def _was_normalized(agent, algorithm: str) -> bool:
    """Was the agent trained behind VecNormalize? Of a DQN the zip does not tell."""
    return algorithm != "DQN" and agent._last_original_obs is not None


def _statistics(path: Path, shape: tuple[int, ...]) -> Scaling | None:
    """VecNormalize's statistics of what was shown, from its pickle; None where it scaled only rewards."""
    try:
        with open(path, "rb") as file:
            told = pickle.load(file)
        if not told.norm_obs:
            return None
        mean, variance = np.asarray(told.obs_rms.mean, float), np.asarray(told.obs_rms.var, float)
        epsilon, clip = float(told.epsilon), float(told.clip_obs)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # whatever a pickle may raise
        raise ValueError(f"{path} was not saved by VecNormalize") from error
    if mean.shape != tuple(shape):
        raise ValueError(
            f"the statistics of {path} are of {mean.shape}, and the agent is shown {shape}"
        )
    return Scaling(mean.ravel(), np.sqrt(variance + epsilon).ravel(), clip)


def _algorithm(path: Path) -> str:
    """Read off the zip's own list of settings, which is text."""
    try:
        with zipfile.ZipFile(path) as file:
            told = json.loads(file.read("data"))
        module = str(told["policy_class"]["__module__"])
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} was not saved by Stable-Baselines3") from error
    if module == "stable_baselines3.dqn.policies":
        return "DQN"
    if module == "stable_baselines3.common.policies":
        return "PPO" if "clip_range" in told else "A2C"
    raise ValueError(
        f"{path} holds a policy of {module}; DQN, PPO and A2C with an MlpPolicy can be exported"
    )


def _check_spaces(agent, path: Path) -> None:
    from gymnasium.spaces import Box, Discrete

    shown, actions = agent.observation_space, agent.action_space
    if not isinstance(shown, Box) or shown.dtype.kind != "f":
        raise ValueError(f"the agent of {path} is shown {shown}, not numbers of the cars around it")
    if len(shown.shape) > 2:
        raise ValueError(
            f"the agent of {path} is shown {' x '.join(map(str, shown.shape))} numbers (stacked frames, a "
            "grid or pictures), and a scene is shown as rows of cars"
        )
    counts = {len(names) for names in AXES.values()}
    if not isinstance(actions, Discrete) or int(actions.n) not in counts or int(actions.start):
        raise ValueError(
            f"the agent of {path} chooses from {actions}; only highway-env's 5 or 3 meta-actions are "
            "known here"
        )


def _network(agent, algorithm: str, path: Path) -> list:
    """The modules from the flat observation to the actions, in order."""
    from stable_baselines3.common.torch_layers import FlattenExtractor

    policy = agent.policy
    shown_to = policy.q_net if algorithm == "DQN" else policy
    if not isinstance(shown_to.features_extractor, FlattenExtractor):
        raise ValueError(
            f"the agent of {path} has a features extractor of its own; only an MlpPolicy can be exported"
        )
    if algorithm == "DQN":
        return list(policy.q_net.q_net)
    return [*policy.mlp_extractor.policy_net, policy.action_net]


def _stack(modules: list, path: Path):
    """(activation, layers): linear layers with one kind of activation between them."""
    linear, between = modules[::2], modules[1::2]
    kinds = {type(module).__name__ for module in between} or {"ReLU"}
    plain = all(type(module).__name__ == "Linear" and module.bias is not None for module in linear)
    if (
        not plain
        or len(linear) != len(between) + 1
        or len(kinds) != 1
        or not kinds <= set(ACTIVATIONS)
    ):
        names = ", ".join(type(module).__name__ for module in modules)
        raise ValueError(
            f"the network of {path} is {names}; only linear layers with {', '.join(ACTIVATIONS)} can be exported"
        )
    layers = [(m.weight.detach().cpu().numpy(), m.bias.detach().cpu().numpy()) for m in linear]
    return kinds.pop(), layers


def _nothing(_: float) -> float:
    """Schedules are not needed to drive."""
    return 0.0
