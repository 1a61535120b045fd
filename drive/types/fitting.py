"""Does a value fit the type that is written for it? For values that come from outside."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing

import numpy as np


def misfit(value, hint, name: str) -> str:
    """What does not fit, as "NAME is ..., not ..."; "" where all of it fits.

    A whole number may stand for a float, and a list for a tuple. NumPy's numbers, NaN and infinity
    fit nothing, as no log can hold them.
    """
    return _fitter(hint)(value, name)


@functools.cache
def _fitter(hint):
    """What compares a value with a type hint."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(args, hint)
    if origin is typing.Literal:
        return lambda value, name: "" if value in args else _is_not(value, name, hint)
    if origin is tuple and args[-1] is Ellipsis:
        return _row_of(_fitter(args[0]), hint)
    if origin is tuple:
        return _each_of(tuple(map(_fitter, args)), hint)
    if dataclasses.is_dataclass(hint):
        return _fields_of(hint)
    return _plain(hint)


def _plain(hint):
    tests = {float: _is_number, int: _is_whole, np.ndarray: _is_numbers}
    test = tests.get(hint, lambda value: type(value) is hint)
    return lambda value, name: "" if test(value) else _is_not(value, name, hint)


def _is_number(value) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


def _is_whole(value) -> bool:
    return type(value) is int


def _is_numbers(value) -> bool:
    plain = isinstance(value, np.ndarray) and value.dtype in (float, int)
    return plain and bool(np.isfinite(value).all())


def _one_of(args, hint):
    """The member that has the value's own type; else any, as a number may be whole and a row a list."""
    own = {arg: _fitter(arg) for arg in args if isinstance(arg, type)}
    every = [_fitter(arg) for arg in args if arg is float or not isinstance(arg, type)]

    def fits(value, name):
        if type(value) in own:
            return own[type(value)](value, name)
        suits = any(not member(value, name) for member in every)
        return "" if suits else _is_not(value, name, hint)

    return fits


def _row_of(member, hint):
    def fits(value, name):
        if not isinstance(value, tuple | list):
            return _is_not(value, name, hint)
        faults = (member(each, f"{name}[{k}]") for k, each in enumerate(value))
        return next(filter(None, faults), "")

    return fits


def _each_of(members, hint):
    def fits(value, name):
        if not isinstance(value, tuple | list) or len(value) != len(members):
            return _is_not(value, name, hint)
        pairs = enumerate(zip(members, value, strict=True))
        faults = (member(each, f"{name}[{k}]") for k, (member, each) in pairs)
        return next(filter(None, faults), "")

    return fits


def _fields_of(kind):
    hints = typing.get_type_hints(kind)
    names = [each.name for each in dataclasses.fields(kind)]

    @functools.cache
    def members():
        return [(each, _fitter(hints[each])) for each in names]

    def fits(value, name):
        if type(value) is not kind:
            return _is_not(value, name, kind)
        faults = (member(getattr(value, each), f"{name}.{each}") for each, member in members())
        return next(filter(None, faults), "")

    return fits


def _is_not(value, name: str, hint) -> str:
    shown = " ".join(repr(value).split())
    shown = shown if len(shown) < 40 else f"{shown[:37]}..."
    said = getattr(hint, "__name__", None) if isinstance(hint, type) else None
    return f"{name} is {shown}, not {said or str(hint).replace('drive.types.', '')}"
