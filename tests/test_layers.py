"""Imports point one way: the order of docs/architecture.md, checked by reading the code."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Each line may import from the lines above it only. A folder's files count as one room, in which
# the order below the dot is kept by the same rule where it is listed.
ORDER = """
drive.geometry
drive.roads
drive.types
drive.history
drive.motion
drive.control
drive.surroundings
drive.codec
drive.language
drive.scenarios
drive.twin
drive.trajectory
drive.policy
drive.world
drive.twin_world
drive.reasoning
drive.rollout
drive.replay
drive.resimulation
drive.log
drive.verification
drive.shelf
drive.statistics
drive.faithfulness
drive.metrics
drive.record
drive.results
drive.evaluation
drive.camera
drive.viewer
drive.film
drive.api
app
drive.cli
""".split()

POLICIES_MAY_USE = {
    "drive.geometry", "drive.roads", "drive.types", "drive.language", "drive.surroundings",
    "drive.control", "drive.twin", "drive.trajectory", "drive.camera",
}  # fmt: skip
ONE_DOOR = {"highway_env": "drive.world", "gradio": "app", "cv2": "drive.camera"}


def modules():
    for folder in ("drive", "policies"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path
    yield "app", ROOT / "app.py"


def imports(path):
    """(module, is inside a function) for each import of a file."""
    tree = ast.parse(path.read_text())
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node in inside
                yield node.module, node in inside


def room(module):
    """The line of ORDER that a module belongs to; None outside of it."""
    fits = [name for name in ORDER if module == name or module.startswith(name + ".")]
    return max(fits, key=len, default=None)


def test_every_module_has_a_place_in_the_order():
    placed = {m for m, _ in modules() if room(m)}
    rest = {m for m, _ in modules()} - placed
    assert {m for m in rest if not m.startswith("policies")} <= {"drive"}


def test_imports_point_one_way():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        if room(module)
        for imported, _ in imports(path)
        if room(imported) and ORDER.index(room(imported)) > ORDER.index(room(module))
    ]
    assert not wrong, wrong


def test_drive_never_imports_policies():
    wrong = [m for m, path in modules() if m.startswith("drive") for i, _ in imports(path)
             if i == "policies" or i.startswith("policies.")]  # fmt: skip
    assert not wrong


def test_policies_import_only_what_needs_no_simulator():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        if module.startswith("policies.")
        for imported, _ in imports(path)
        if room(imported) and room(imported) not in POLICIES_MAY_USE
    ]
    assert not wrong, wrong


def test_each_outside_library_has_one_door():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        for imported, _ in imports(path)
        for library, door in ONE_DOOR.items()
        if imported.split(".")[0] == library and room(module) != door
    ]
    assert not wrong, wrong


def test_imports_inside_functions_are_for_commands_and_heavy_dependencies_only():
    allowed = {"drive.cli", "app"}
    heavy = {"httpx", "torch", "gymnasium", "numba", "safetensors", "PIL", "cv2", "stable_baselines3", "rich"}
    wrong = [
        f"{module} imports {imported} inside a function"
        for module, path in modules()
        for imported, inside in imports(path)
        if inside and module not in allowed and imported.split(".")[0] not in heavy
    ]
    assert not wrong, wrong


def test_the_architecture_page_tells_the_same_order():
    page = (ROOT / "docs" / "architecture.md").read_text()
    block = re.search(r"```order\n(.*?)```", page, re.S).group(1)
    told = [line.split()[0] for line in block.strip().splitlines()]
    assert told == ORDER


def test_there_is_no_module_of_odds_and_ends():
    assert not [m for m, _ in modules() if re.search(r"(^|[._])(utils?|helpers?|misc)($|[._])", m)]
