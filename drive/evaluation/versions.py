"""Digests of the code that decides what is driven, so that a run never mixes two versions.

Knows the files as they lie on disk now. Installed packages are not among them: their versions stand in
run.json, and highway-env's is compared there.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, ModuleType

import drive
from drive import policy as policies
from drive.measures import metrics, motion, statistics
from drive.types import Policy

READERS = ("measures", "checking", "show", "cli.py")  # of drive/: they read what was driven
ROOT = Path(drive.__file__).parent
INSTALLED = tuple(map(Path, {sys.prefix, sys.base_prefix}))


@functools.cache
def of_drive(root: Path = ROOT) -> str:
    """All of drive/ that takes part in driving, deciding and explaining."""
    files = (path.relative_to(root) for path in root.rglob("*.py"))
    return _digest(root / path for path in sorted(files) if path.parts[0] not in READERS)


@functools.cache
def of_measures() -> str:
    """The code that measures: what was measured by other formulas is measured again from the log."""
    return _digest(Path(module.__file__) for module in (metrics, motion, statistics))


def of_policy(policy: Policy) -> str:
    """A policy's own files and what they import of the user's, or its class's code; its settings; a policy that it watches."""
    kind = type(policy)
    place = getattr(sys.modules.get(kind.__module__), "__file__", None)
    code = _digest(sorted(_with_imports(Path(place)))) if place else _typed(kind)
    settings, watched = getattr(policy, "settings", None), policies.powers(policy).watched
    code = code if watched is None else _sha(code, of_policy(watched))
    return code if settings is None else _sha(code, repr(settings))


def _with_imports(file: Path) -> set[Path]:
    """A file, its folder where that is a package of its own, and whatever these import that is not installed."""
    files: set[Path] = set()
    waiting = {file, *_package(file)}
    while waiting:
        path = waiting.pop()
        files.add(path)
        imported = {Path(m.__file__) for m in map(sys.modules.get, _imports(path)) if _is_own(m)}
        waiting |= imported - files
    return files


def _package(file: Path) -> Iterable[Path]:
    own = (file.parent / "__init__.py").exists() and file.parent.name != policies.BUILT_IN
    return file.parent.glob("*.py") if own else ()


def _is_own(module: ModuleType | None) -> bool:
    """Is it neither Python's, nor installed, nor of drive/, which is digested as a whole?"""
    file = getattr(module, "__file__", None)
    if not file or ROOT in Path(file).parents:
        return False
    return file.endswith(".py") and not any(root in Path(file).parents for root in INSTALLED)


def _imports(path: Path) -> Iterator[str]:
    """The modules that a file imports when it is loaded, by absolute names; `from a import b` may be a.b."""
    for node in _when_loaded(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _when_loaded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _when_loaded(child)


def _typed(kind: type) -> str:
    """Of a class that was typed into a notebook: its functions' code and its constants."""
    return _sha(*(f"{name} {_said(value)}" for name, value in sorted(vars(kind).items())))


def _said(value: object) -> str:
    """A value without places: functions by their code, other objects by their type only."""
    value = inspect.unwrap(getattr(value, "fget", None) or value)
    code = value if isinstance(value, CodeType) else getattr(value, "__code__", None)
    if code:
        return f"{code.co_code.hex()} {code.co_names} {[_said(c) for c in code.co_consts]}"
    if isinstance(value, tuple | frozenset):
        return str(sorted(map(_said, value)))
    plain = isinstance(value, str | bytes | int | float | complex | None)
    return repr(value) if plain else type(value).__name__


def _digest(paths: Iterable[Path]) -> str:
    return _sha(*(path.read_text(encoding="utf-8") for path in paths))


def _sha(*texts: str) -> str:
    sha = hashlib.sha256()
    for text in texts:
        sha.update(f"{len(text)} {text}".encode())
    return sha.hexdigest()[:16]
