"""Values to plain JSON data and back, and their JSON Schema, all three read off the types.

Dataclasses become objects, or bare rows where many of them stand in a list (ROWS). Nothing is
pickled; NumPy scalars, NaN and infinity are refused at this border, in words.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types as builtin_types
import typing

import numpy as np

from drive import roads, types

ROWS = {  # written as lists of field values, defaults at the end left out
    types.Car, types.StaticObject, types.Term, types.Claim, types.Cause,
}  # fmt: skip
CONTEXT = {  # fields of a Scene that are not written, but given again on reading
    "scenario", "seed", "period", "sub_step", "task", "perception", "road", "history",
}  # fmt: skip
TAGGED = {  # members of unions are told apart by a tag
    kind.__name__.lower(): kind
    for kind in (
        *typing.get_args(types.Action),
        *typing.get_args(types.Edit),
        *(roads.Straight, roads.Sine, roads.Arc),
    )
}
LATER = {  # fields that are not written while they hold their default, as logs were before they came
    types.Step: ("edits", "takeover"),
    types.Choice: ("answered", "notes", "thoughts", "unit", "even"),
    types.Contact: ("unavoidable",),
    types.End: ("edits",),
    types.Takeover: ("feared", "left"),
    types.Header: ("physics", "parent", "settings", "takeovers"),
    types.Scene: ("grip",),
    types.Ego: ("kind",),
}
LARGEST = 1e12  # of a number that is read, whatever its unit


class CodecError(ValueError):
    """Data does not fit its type; the message says where."""


# ------------------------------------------------------------------------------------------- write


def plain(value):
    """JSON-ready data of a value. CodecError for what JSON cannot say."""
    if value is None or (isinstance(value, (bool, str)) and type(value) in (bool, str)):
        return value
    if type(value) is int:
        return value
    if type(value) is float:
        if not math.isfinite(value):
            raise CodecError(f"{value} cannot be written")
        return value
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return _written(value)
    raise CodecError(f"a {type(value).__name__} cannot be written: {value!r}")


def _array(value: np.ndarray):
    if value.dtype != float and value.dtype != int:
        raise CodecError(f"an array of {value.dtype} cannot be written")
    if not np.isfinite(value).all():
        raise CodecError("an array with NaN or infinity cannot be written")
    return value.tolist()


def _written(value):
    kind = type(value)
    if kind in COMPACT:
        return COMPACT[kind][0](value)
    reals, later = _reals(kind), LATER.get(kind, ())
    items = []
    for field in _fields(kind):
        item = getattr(value, field.name)
        if field.name in later and item == field.default:
            continue
        real = type(item) is int and field.name in reals
        items.append((field.name, float(item) if real else item))
    if kind is types.Option and isinstance(value.action, types.Follow):  # its path is written once
        items = [(name, None if v == value.action.trajectory else v) for name, v in items]
    if kind in ROWS:
        return [plain(item) for _, item in items[: _said_fields(value)]]
    tag = {"is": kind.__name__.lower()} if kind.__name__.lower() in TAGGED else {}
    return tag | {name: plain(item) for name, item in items}


def _said_fields(value) -> int:
    """How many fields of a row are written: defaults at its end are left out."""
    fields = _fields(type(value))
    usual = [field.default for field in fields]
    count = len(fields)
    while count and getattr(value, fields[count - 1].name) == usual[count - 1]:
        count -= 1
    return count


@functools.cache
def _fields(kind) -> tuple[dataclasses.Field, ...]:
    skipped = CONTEXT if kind is types.Scene else ()
    return tuple(field for field in dataclasses.fields(kind) if field.name not in skipped)


@functools.cache
def _reals(kind) -> frozenset[str]:
    """Fields that hold a float, where a whole number may have been given."""
    return frozenset(
        name for name, hint in _hints(kind).items()
        if float in (hint, *typing.get_args(hint)) and int not in typing.get_args(hint)
    )  # fmt: skip


# Tracks and trajectories are most of a log: each column is written as whole numbers of its
# resolution, the first value and then the differences, which are short.
EGO_STEPS = (1e6, 1e6, 1e6, 1e6)
CAR_STEPS = (1e3, 1e3, 1e4, 1e3)  # 1 mm, 1 mm, 1e-4 rad, 1 mm/s
WAYPOINT_STEPS = {
    "x": 1e3, "y": 1e3, "heading": 1e4, "speed": 1e3, "acceleration": 1e3, "curvature": 1e5,
}  # fmt: skip


def _tracks(value: types.Tracks) -> dict:
    return {
        "times": value.times.tolist(),
        "ego": _rows(value.ego, EGO_STEPS),
        "cars": {str(car): _rows(track, CAR_STEPS) for car, track in value.cars.items()},
    }


def _rows(track: np.ndarray, steps: tuple[float, ...]) -> list:
    """[first row present, then a column of differences for x, y, heading and speed]."""
    present = ~np.isnan(track[:, 0])
    first, count = int(present.argmax()), int(present.sum())
    return [first, *_differences(track[first : first + count], steps)]


def _trajectory(value: types.Trajectory) -> dict:
    rows = np.stack([getattr(value, name) for name in WAYPOINT_STEPS], -1)
    columns = dict(
        zip(WAYPOINT_STEPS, _differences(rows, (*WAYPOINT_STEPS.values(),)), strict=True)
    )
    return columns | {"source": value.source, "heading_is": value.heading_is}


def _differences(rows: np.ndarray, steps: tuple[float, ...]) -> list[list[int]]:
    """Each column as whole numbers of its step: the first value, then differences."""
    if not np.isfinite(rows).all():
        raise CodecError("a track or trajectory with NaN or infinity cannot be written")
    whole = np.round(rows * steps).astype(np.int64)
    whole[1:] -= whole[:-1].copy()
    return whole.T.tolist()


def _summed(differences: list[int], step: float) -> np.ndarray:
    return np.cumsum(np.array(differences, dtype=np.int64)) / step + 0.0


# -------------------------------------------------------------------------------------------- read


def build(kind, data, given: dict | None = None, where: str = ""):
    """The value of type `kind` that was written as `data`.

    given: values for Scene's unwritten fields, by name. A part that is built already stays as it is.
    Unknown fields are left out (a newer minor version wrote them). CodecError where the data does not fit.
    """
    if kind is typing.Any or kind is dict:
        return _checked(data, dict if kind is dict else object, where)
    origin, args = _generic(kind)
    if origin in BUILDERS:
        return BUILDERS[origin](args, data, given, where)
    if kind in COMPACT:
        return _compact_from(kind, data, where)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, data, given or {}, where)
    if kind is np.ndarray:
        return _array_from(data, where)
    return _number(data, where) if kind is float else _checked(data, kind, where)


@functools.cache
def _generic(kind) -> tuple:
    return typing.get_origin(kind), typing.get_args(kind)


def _dataclass(kind, data, given, where):
    fields, hints = _fields(kind), _hints(kind)
    if kind in ROWS and isinstance(data, list):
        data = dict(zip((field.name for field in fields), data, strict=False))
    _checked(data, dict, where)
    values = dict(given) if kind is types.Scene else {}
    for field in fields:
        if field.name in data:
            item, hint = data[field.name], hints[field.name]
            if type(item) is not hint:  # else it is plain data of its type, or was built before
                item = build(hint, item, given, f"{where}.{field.name}")
            values[field.name] = item
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise CodecError(f"{where or kind.__name__} lacks {field.name!r}")
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise CodecError(f"{where}: {error}") from error


@functools.cache
def _hints(kind) -> dict:
    return typing.get_type_hints(kind)


def _union(args, data, given, where):
    if type(data) in args:
        return data
    members = [arg for arg in args if arg is not type(None)]
    if isinstance(data, dict) and "is" in data:
        members = [kind for kind in members if kind is TAGGED.get(str(data["is"]))]
    if len(members) == 1:
        return build(members[0], data, given, where)
    for kind in members:
        if isinstance(data, _accepted(kind)) and not isinstance(data, bool):
            return build(kind, data, given, where)
    raise CodecError(f"{where} cannot be {_short(data)}")


def _accepted(kind) -> tuple:
    origin = typing.get_origin(kind) or kind
    if origin is typing.Literal:
        return tuple(map(type, typing.get_args(kind)))
    return {float: (int, float), tuple: (list,)}.get(origin, (origin,))


def _tuple(args, data, given, where):
    _checked(data, list, where)
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(
            item if type(item) is args[0] else build(args[0], item, given, f"{where}[{k}]")
            for k, item in enumerate(data)
        )
    if len(args) != len(data):
        raise CodecError(f"{where} needs {len(args)} values, not {len(data)}")
    return tuple(
        item if type(item) is kind else build(kind, item, given, f"{where}[{k}]")
        for k, (kind, item) in enumerate(zip(args, data, strict=True))
    )


def _mapping(args, data, given, where):
    _checked(data, dict, where)
    key, value = args
    try:
        return {key(k): build(value, item, given, f"{where}.{k}") for k, item in data.items()}
    except CodecError:
        raise
    except ValueError:
        raise CodecError(f"{where} has a key that is no {key.__name__}") from None


def _literal(args, data, given, where):
    if data not in args:
        raise CodecError(
            f"{where} cannot be {_short(data)}; it is one of {', '.join(map(str, args))}"
        )
    return data


BUILDERS = {
    typing.Union: _union,
    builtin_types.UnionType: _union,
    tuple: _tuple,
    dict: _mapping,
    typing.Literal: _literal,
}


def _compact_from(kind, data, where):
    try:
        return COMPACT[kind][1](data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CodecError(f"{where} holds no {kind.__name__.lower()}: {error}") from error


def _tracks_from(data) -> types.Tracks:
    times = np.array(data["times"], dtype=float)
    if not (np.diff(times) > 0).all() or np.abs(times).max(initial=0.0) > LARGEST:
        raise ValueError("its times do not follow one another")
    times.setflags(write=False)
    ego = _track_from(data["ego"], len(times), EGO_STEPS)
    cars = {
        int(car): _track_from(rows, len(times), CAR_STEPS) for car, rows in data["cars"].items()
    }
    return types.Tracks(times, ego, cars)


def _track_from(data, rows: int, steps: tuple[float, ...]) -> np.ndarray:
    first, *columns = data
    values = np.stack([_summed(*pair) for pair in zip(columns, steps, strict=True)], -1)
    track = np.full((rows, 4), math.nan)
    track[first : first + len(values)] = values
    track.setflags(write=False)
    return track


def _trajectory_from(data) -> types.Trajectory:
    columns = {name: _summed(data[name], step) for name, step in WAYPOINT_STEPS.items()}
    return types.Trajectory(
        **columns, source=str(data["source"]), heading_is=str(data["heading_is"])
    )


COMPACT = {
    types.Tracks: (_tracks, _tracks_from),
    types.Trajectory: (_trajectory, _trajectory_from),
}


def _array_from(data, where) -> np.ndarray:
    try:
        return np.array(_checked(data, list, where), dtype=float)
    except (TypeError, ValueError):
        raise CodecError(f"{where} holds no numbers") from None


def _number(data, where) -> float:
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        raise CodecError(f"{where} must be a number, not {_short(data)}")
    if abs(data) > LARGEST:
        raise CodecError(f"{where} is larger than anything that is measured: {_short(data)}")
    return float(data)


def _checked(data, kind, where):
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise CodecError(f"{where} must be {kind.__name__}, not {_short(data)}")
    return data


def _short(data) -> str:
    text = repr(data)
    return text if len(text) < 40 else text[:37] + "..."


# ------------------------------------------------------------------------------------------ schema


def schema(kind) -> dict:
    """JSON Schema (2020-12) of what `plain` writes for a type."""
    definitions: dict[str, dict] = {}
    body = _schema(kind, definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **body, "$defs": definitions}


def _schema(kind, definitions) -> dict:
    if kind in SIMPLE:
        return dict(SIMPLE[kind])
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, builtin_types.UnionType):
        return {"anyOf": [_schema(arg, definitions) for arg in args]}
    if origin is typing.Literal:
        return {"enum": list(args)}
    if origin is tuple and args[-1] is Ellipsis:
        return {"type": "array", "items": _schema(args[0], definitions)}
    if origin is tuple:
        items = [_schema(arg, definitions) for arg in args]
        return {"type": "array", "prefixItems": items, "items": False, "minItems": len(args)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(args[1], definitions)}
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}
        definitions[kind.__name__] = _dataclass_schema(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}


SIMPLE = {
    float: {"type": "number"},
    int: {"type": "integer"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    dict: {"type": "object"},
    np.ndarray: {"type": "array"},
    types.Tracks: {
        "type": "object",
        "required": ["times", "ego", "cars"],
        "description": "times [s]; per car: first row present, then x, y, heading and speed, each "
        "as its first value and differences in whole steps (ego 1e-6; cars 1 mm, 1e-4 rad, 1 mm/s)",
    },
    types.Trajectory: {
        "type": "object",
        "required": [*WAYPOINT_STEPS, "source", "heading_is"],
        "description": "64 waypoints at 0.1 s; each column as its first value and differences in "
        "whole steps (x, y 1 mm; heading 1e-4 rad; speed 1 mm/s; acceleration 1e-3 m/s2; "
        "curvature 1e-5 1/m)",
    },
}


def _dataclass_schema(kind, definitions) -> dict:
    fields, hints = _fields(kind), _hints(kind)
    about = {"description": (kind.__doc__ or "").strip().split("\n")[0]}
    if kind in ROWS:
        items = [_schema(hints[f.name], definitions) | {"title": f.name} for f in fields]
        least = sum(f.default is f.default_factory is dataclasses.MISSING for f in fields)
        return {"type": "array", "prefixItems": items, "minItems": least} | about
    properties = {f.name: _schema(hints[f.name], definitions) for f in fields}
    if kind.__name__.lower() in TAGGED:
        properties = {"is": {"const": kind.__name__.lower()}} | properties
    required = [name for name in properties if name not in LATER.get(kind, ())]
    return {"type": "object", "properties": properties, "required": required} | about
