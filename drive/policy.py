"""Finds policies by name and guards what they return: the one late binding of Whydrive.

A policy is a class with `name`, `tie` and `decide(scene) -> Choice` (`drive.types.Policy`), written
in `policies/NAME.py`, in any file, or in an installed module. `drive.types.Powers` lists what it may
have besides.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import hashlib
import importlib
import importlib.util
import inspect
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from drive.kinematics import tracker
from drive.language import LANGUAGES
from drive.types import (
    Action,
    Choice,
    Decision,
    Follow,
    Legal,
    Meta,
    Option,
    Policy,
    Powers,
    Rationale,
    Scene,
    Takeover,
)
from drive.types.fitting import misfit

BUILT_IN = "policies"  # the package in which policies are found by name
FARTHEST, FASTEST, LONGEST = 1e7, 1e3, 1e3  # [m] [m/s] [m] beyond which nothing is on a road
MADE_FROM = {  # policies that are made from what follows a colon: name -> what that is
    "llm": "MODEL",
    "sb3": "FILE.safetensors",
    "monitored": "POLICY",
}
WATCHED = "monitored"  # of these, the one that is made from another policy
# the worths of an option's terms sum to its score within this, in the score's unit
SUM_TOLERANCE = 1e-6


class PolicyError(ValueError):
    """A policy broke its contract; the message says how, in one sentence."""


# ------------------------------------------------------------------------------------ finding


def names() -> tuple[str, ...]:
    """The policies that ship and need nothing else, alphabetically; nothing is imported."""
    spec = importlib.util.find_spec(BUILT_IN)
    folders = spec.submodule_search_locations if spec else ()
    modules = {
        path.stem
        for folder in folders
        for path in Path(folder).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    return tuple(sorted(name for name in modules - MADE_FROM.keys() if not name.startswith("_")))


def offered() -> tuple[str, ...]:
    """`names`, and after each the other styles that it may drive in, and one that learned also watched, as `load` takes them."""
    return tuple(
        each
        for name in names()
        for each in (
            name,
            *(f"{name}:{style}" for style in tuple(styles(name))[1:]),
            *(f"{WATCHED}:{name}",) * (name in _learners()),
        )
    )


def able(legal: Legal) -> tuple[str, ...]:
    """Those of `offered` that have an action on a road with such actions."""
    return tuple(name for name in offered() if applies(load(name), legal))


def styles(name: str) -> Mapping[str, str]:
    """The styles of a shipped policy, name -> what for; only what has a `policies/NAME/styles.py` is imported."""
    folders = importlib.util.find_spec(BUILT_IN).submodule_search_locations
    if not any((Path(folder) / name / "styles.py").exists() for folder in folders):
        return {}
    return _styles(_imported(f"{BUILT_IN}.{name}", name))


def about(name: str) -> str:
    """The first line of a shipped policy's docstring, read without importing it."""
    for folder in importlib.util.find_spec(BUILT_IN).submodule_search_locations:
        for path in (Path(folder) / f"{name}.py", Path(folder) / name / "__init__.py"):
            if path.exists():
                return (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
    raise ValueError(f"no policy {name!r} ships")


def load(name: str) -> Policy:
    """The policy of that name: `rule`, `path/to/file.py`, `package.module`, `sb3:FILE` or `llm:MODEL`.

    `:Class` may follow a file or module; without it, the module's one public class that has
    `decide` is taken. `:STYLE` may follow where that class has styles (`Powers.styles`).
    ValueError in one sentence where there is none.
    """
    place, _, chosen = name.strip().partition(":")
    if place in MADE_FROM:
        return _made(place, chosen)
    module = _module(place)
    style = (chosen,) if chosen and chosen in _styles(module) else ()
    kind = _class_in(module, place, "" if style else chosen)
    try:
        policy = kind(*style)
    except Exception as error:
        raise ValueError(f"policy {name!r} cannot be made: {_said(error)}") from error
    missing = [what for what in ("name", "tie") if not isinstance(getattr(policy, what, None), str)]
    if missing:
        raise ValueError(f"policy {name!r} lacks {' and '.join(missing)}")
    return policy


def again(name: str, learned: str, tuned: str = "") -> Policy:
    """The policy that drove a logged step, by name, weights and settings. ValueError where it is not here any more.

    tuned: digest of its settings; "" where that is not told.
    """
    try:
        policy = load(name)
    except ValueError:
        raise ValueError(f"the policy {name!r} cannot be loaded here") from None
    if weights(policy) != learned:
        raise ValueError(f"the policy {name!r} has learned something else since")
    if tuned and settings(policy) != tuned:
        raise ValueError(f"the policy {name!r} has other settings than when it drove")
    return policy


def _made(place: str, source: str) -> Policy:
    """A policy of MADE_FROM, made from `source`; an error of its class is passed on as it is."""
    if not source:
        raise ValueError(f"policy {place!r} is made from something: {place}:{MADE_FROM[place]}")
    made_from = load(source) if place == WATCHED else source
    return _class_in(_imported(f"{BUILT_IN}.{place}", place), place, "")(made_from)


def exporter() -> ModuleType:
    """The module that turns a Stable-Baselines3 zip into what `sb3:` reads. The module unpickles where that is allowed."""
    return _imported(f"{BUILT_IN}.sb3.export", "sb3")


def trainer(name: str) -> ModuleType:
    """The module that trains a shipped policy, `policies/NAME/train.py`; ValueError where none does."""
    trainable = sorted(_learners().intersection(names()))
    if name not in trainable:
        raise ValueError(
            f"no policy {name!r} that can be trained; choose from {', '.join(trainable)}"
        )
    return _imported(f"{BUILT_IN}.{name}.train", name)


def _learners() -> set[str]:
    """The policies that have a module that trains them."""
    folders = importlib.util.find_spec(BUILT_IN).submodule_search_locations
    return {path.parent.name for folder in folders for path in Path(folder).glob("*/train.py")}


def _module(place: str) -> ModuleType:
    if place in names():
        return _imported(f"{BUILT_IN}.{place}", place)
    if place.endswith(".py"):
        return _from_file(Path(place))
    if "." in place and all(part.isidentifier() for part in place.split(".")):
        return _imported(place, place)
    close = difflib.get_close_matches(place, names(), 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(
        f"no policy {place!r}; {hint}choose from {', '.join(names())}, "
        "a file.py, a package.module:Class, "
        + " or ".join(f"{name}:{what}" for name, what in reversed(MADE_FROM.items()))
    )


def _imported(module: str, place: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:
        raise ValueError(f"policy {place!r} cannot be imported: {_said(error)}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ValueError(f"no policy file {str(path)!r}")
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"policy_{path.stem}_{digest}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise ValueError(f"policy {str(path)!r} cannot be imported: {_said(error)}") from error
    return module


def _styles(module: ModuleType) -> Mapping[str, str]:
    """The styles of a module's one policy, name -> what for."""
    own = [getattr(kind, "styles", {}) for kind in _classes(module).values()]
    return own[0] if len(own) == 1 else {}


def _classes(module: ModuleType, chosen: str = "") -> dict[str, type]:
    return {
        name: kind
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if callable(getattr(kind, "decide", None))
        and (name == chosen or (kind.__module__ == module.__name__ and not name.startswith("_")))
    }


def _class_in(module: ModuleType, place: str, chosen: str) -> type:
    classes = _classes(module, chosen)
    if chosen:
        if chosen not in classes:
            if styles := ", ".join(_styles(module)):
                raise ValueError(f"policy {place!r} has no style {chosen!r}; choose from {styles}")
            raise ValueError(f"no class {chosen!r} with `decide` in policy {place!r}")
        return classes[chosen]
    if len(classes) != 1:
        what = f"has {', '.join(classes)}; choose with {place}:CLASS" if classes else "has none"
        raise ValueError(
            f"a policy module has one public class with `decide`, but {place!r} {what}"
        )
    return next(iter(classes.values()))


# ------------------------------------------------------------------------------------- powers


def powers(policy: Policy) -> Powers:
    """What the policy has beside `decide`; the default of `Powers` where it has no such attribute."""
    names = (field.name for field in dataclasses.fields(Powers))
    return Powers(**{name: getattr(policy, name) for name in names if hasattr(policy, name)})


def weights(policy: Policy) -> str:
    """The digest of what a policy learned; "" where it learned nothing."""
    return str(powers(policy).weights)


def settings(policy: Policy) -> str:
    """The digest of a policy's tunable numbers, its frozen `settings`; "" where it has none."""
    own = getattr(policy, "settings", None)
    if not dataclasses.is_dataclass(own):
        return ""
    return hashlib.sha256(repr(own).encode()).hexdigest()[:16]


def applies(policy: Policy, legal: Legal) -> bool:
    """Does the policy have an action on a road with such actions? Where not, tables say "–"."""
    return bool(powers(policy).applies(legal))


def prepare(policy: Policy, progress: Callable[[str], None] = print) -> None:
    """Let a policy make ready, before its first decision, what takes long; `progress` is given the lines to show."""
    powers(policy).prepare(progress)


# ----------------------------------------------------------------------------------- guarding


def checked(policy: Policy, scene: Scene) -> Choice:
    """Ask the policy to decide, and refuse what breaks its contract with a PolicyError.

    ValueError where the scene itself is none that could be.
    """
    if fault := _fault_of_scene(scene):
        raise ValueError(f"{fault} at step {scene.step} of {scene.scenario}")
    process = os.getpid()
    try:
        choice = policy.decide(scene)
        fault = _fault(choice, scene) or _fault_of_text(policy, scene, choice)
    except (Exception, SystemExit) as error:
        raise PolicyError(f"policy {policy.name!r} raised {_said(error)}") from error
    if os.getpid() != process:
        os._exit(1)  # a copy of this process that the policy made: it drives nothing
    if fault:
        raise PolicyError(
            f"policy {policy.name!r} {fault} at step {scene.step} of {scene.scenario}"
        )
    return choice


def taken_over(policy: Policy, scene: Scene, choice: Choice) -> Takeover | None:
    """What is driven in place of the policy's choice, where something watches over it and takes over.

    PolicyError where that cannot be told, or is no action of the road.
    """
    watch = powers(policy).taken_over
    if watch is None:
        return None
    try:
        takeover = watch(scene, choice)
    except Exception as error:
        raise PolicyError(f"the monitor of {policy.name!r} raised {_said(error)}") from error
    if takeover and not scene.legal.allows(takeover.action):
        raise PolicyError(
            f"the monitor of {policy.name!r} drives {takeover.action}, which is not legal"
        )
    return takeover


def _fault_of_scene(scene: Scene) -> str:
    """What of a scene no policy can be asked about: a body that cannot be, or a car that is there twice."""
    cars = (*scene.cars, *scene.ghosts)
    bodies = [("the ego", scene.ego), *((f"car {car.id}", car) for car in cars)]
    bodies += [(f"object {thing.id}", thing) for thing in scene.objects]
    for name, body in bodies:
        if not _can_be(body, getattr(body, "speed", 0.0)):
            return f"{name} of the scene has a place, speed or size that cannot be"
    if not abs(scene.ego.target_speed) <= FASTEST:
        return "the ego of the scene has a target speed that cannot be"
    ids = [car.id for car in cars]
    twice = [car for car in ids if ids.count(car) > 1] if len({*ids}) < len(ids) else ()
    return f"the scene has car {twice[0]} twice" if twice else ""


def _can_be(body, speed: float) -> bool:
    """Are its numbers finite, and within what a road may hold?"""
    here = abs(body.x) <= FARTHEST and abs(body.y) <= FARTHEST and math.isfinite(body.heading)
    sized = 0 < body.length <= LONGEST and 0 < body.width <= LONGEST
    return here and sized and abs(body.heading) <= FARTHEST and abs(speed) <= FASTEST


def _fault(choice: Choice, scene: Scene) -> str:
    if not isinstance(choice, Choice):
        return f"returned {type(choice).__name__}, not a Choice,"
    if not isinstance(choice.action, Action):
        return f"chose {choice.action!r}, which is no action,"
    if unfit := _unfit(choice.action, scene):
        return f"chose {unfit}"
    if not scene.legal.allows(choice.action):
        return f"chose {choice.action}, which is not legal ({_said_legal(scene.legal)}),"
    options = choice.options
    if not all(isinstance(option, Option) for option in options):
        return "weighed something that is not an Option"
    if choice.action not in [option.action for option in options]:
        return f"chose {choice.action} without listing it among its options"
    fault = next(filter(None, (_fault_of(option, scene) for option in options)), "")
    wrong = "" if fault else misfit(choice, Choice, "its choice")
    if wrong:
        return f"decided what cannot be written: {wrong}"
    if choice.rationale and choice.rationale.language not in LANGUAGES:
        return f"speaks {choice.rationale.language!r}, not {', '.join(LANGUAGES)},"
    return fault


def _fault_of_text(policy: Policy, scene: Scene, choice: Choice) -> str:
    """What is wrong where a policy decodes its actions from its text, and the text says another action."""
    act = powers(policy).act
    if act is None:
        return ""
    if choice.rationale is None and not choice.thoughts:
        return "gave no rationale, from which its action is decoded,"
    thought = Rationale(Decision(None, None), choice.thoughts, None, policy.tie, "")
    decoded = act(scene, choice.rationale or thought)
    return "" if decoded == choice.action else f"chose {choice.action} but its text says {decoded}"


def _fault_of(option: Option, scene: Scene) -> str:
    numbers = [("score", option.score)]
    for term in option.terms:
        kind = repr(term.kind)
        numbers += [
            (f"term {kind}", term.value),
            (f"threshold of term {kind}", term.threshold),
            (f"worth of term {kind}", term.worth),
            (f"time of term {kind}", term.after),
        ]
    for what, number in numbers:
        if number is not None and not math.isfinite(number):
            return f"gave option {option.action} a {what} of {number}"
    if option.sum is not None and option.score is None:
        return f"gave option {option.action} terms with a worth but no score"
    if option.sum is not None and abs(option.sum - option.score) > SUM_TOLERANCE:
        said = f"{option.score:.6g}, but its terms sum to {option.sum:.6g}"
        return f"gave option {option.action} a score of {said}"
    unfit = _unfit(option.action, scene)
    return f"weighed {unfit}" if unfit else ""


def _unfit(action: Action, scene: Scene) -> str:
    """The action with why it cannot be driven; empty where it can."""
    if isinstance(action, Follow):
        return tracker.refusal(action.trajectory, scene.ego)
    if isinstance(action, Meta) or (
        math.isfinite(action.acceleration) and math.isfinite(action.steering)
    ):
        return ""
    return f"{action!r}, which is not finite,"


def _said_legal(legal: Legal) -> str:
    if legal.meta:
        return f"legal are {', '.join(legal.meta)}"
    if not legal.steered:
        return "no action is legal"
    low, high = map(math.degrees, legal.steering)
    slow, fast = legal.acceleration
    return f"legal are steering {low:.1f} to {high:.1f}° and acceleration {slow:g} to {fast:g} m/s²"


def _said(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
