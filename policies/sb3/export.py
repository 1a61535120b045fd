"""From Stable-Baselines3's zip, which is a pickle, to a safetensors file, which is not. The only place that unpickles."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

from policies.sb3.model import ACTIONS, ACTIVATIONS, About, fitting, read, write
from policies.sb3.observation import shown_by

NEEDS = "it takes Stable-Baselines3 to open a zip: pip install 'whydrive[sb3]'"
DISTRUSTED = (
    "{} is a pickle, which can run any program when it is opened: say --trust-pickle if you trust "
    "whoever made it"
)


def export(
    source: Path, target: Path, observation: Path | None = None, trust_pickle: bool = False
) -> Path:
    """Write an agent as safetensors, with the observation that it is shown; returns `target`.

    source: Stable-Baselines3's zip, or a safetensors file that is to be shown another observation;
    observation: JSON of highway-env's configuration, None for the scenario's. A zip is opened only
    if it is trusted. ValueError in one sentence for what cannot be exported.
    """
    config = None if observation is None else configuration(observation)
    if source.suffix == ".zip":
        if not trust_pickle:
            raise ValueError(DISTRUSTED.format(source))
        algorithm, activation, layers = _opened(source)
    else:
        model = read(source)
        algorithm, activation, layers = model.about.algorithm, model.about.activation, model.layers
        layers = [(weight.astype("float32"), bias.astype("float32")) for weight, bias in layers]
        config = config or model.about.observation
    if config is not None:
        fitting(shown_by(config), layers[0][0].shape[1])
    write(target, About(algorithm, activation, config), layers)
    return target


def into(folder: Path, source: Path, observation: Path | None, trust_pickle: bool) -> Path:
    """The same, to a file in a folder that is named after what is in it."""
    parts = [path.read_bytes() for path in (source, observation) if path is not None]
    digest = hashlib.sha256(b"".join(parts)).hexdigest()[:8]
    return export(source, folder / f"{source.stem}-{digest}.safetensors", observation, trust_pickle)


def configuration(path: Path) -> dict:
    """highway-env's observation configuration from a JSON file; ValueError where it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error})") from error
    if isinstance(found, dict) and isinstance(found.get("observation"), dict):
        found = found["observation"]  # a whole configuration of an environment
    shown_by(found)
    return found


# ---------------------------------------------------------------------------------------- the zip


def _opened(path: Path):
    """(algorithm, activation, layers) of a zip."""
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
    activation, layers = _stack(_network(agent, algorithm, path), path)
    return algorithm, activation, layers


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
    if not isinstance(actions, Discrete) or int(actions.n) not in ACTIONS or int(actions.start):
        raise ValueError(
            f"the agent of {path} chooses from {actions}; only highway-env's "
            f"{' or '.join(map(str, ACTIONS))} meta-actions are known here"
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
