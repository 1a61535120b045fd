"""Imports point one way: the order of docs/architecture.md, checked by reading the code."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Each room may import from the rooms before it only: wings from top to bottom, and the modules of a
# wing from left to right. A wing's face (its __init__) stands last in its wing; a wing without a list
# has no order inside. A folder that is named as a room counts as one.
ORDER = """
engine
roads       geometry lanes
types       fitting settings trajectory actions scene pictures truth said choice policy edits questions episode
kinematics  history control goal hazards trajectory tracker surroundings foresight past refusals edits
language    free words quantities edits en de zh tables glossary page reported by_hand say parse monitor report questions incident
camera      door palette typeface view birdseye driverseye ground caster mounted files
measures    statistics motion metrics
scenarios
twin        kernel network worlds suppositions entry edits spawn rules arrivals fleet sight vector_env
policy
world       drivers config edits values perception task blame following recorder twin beginnings
reasoning   deciding causes reasons decisions evidence outcomes facts accounts economy narrate
episodes    codec lines whole log shelf notes rollout record replay branch by_hand hindsight splicing asking api
checking    clock scene sight facts instructor weighed text asked futures decisions takeovers weighing purposes verdicts avoidable incident tally listener scenery faithfulness examination
evaluation  results versions folder summary run
show        roadside sheet suggested moments viewer hosting brought noting proof precedence kept answers thoughts comparing differences offline film session seats telling charts report gallery evaluating incidents requests service
app
cli
"""
# A folder inside a wing may have an order of its own.
DEEPER = {
    "drive.twin.kernel": (
        "compiling rows workspace arithmetic lanes neighbours related routes steering idm mobil driving motion "
        "collisions right_of_way risks advance"
    ).split()
}
WINGS = {words[0]: words[1:] for words in map(str.split, ORDER.strip().splitlines())}
ROOMS = [
    inner
    for wing, inside in WINGS.items()
    for room in (*(f"drive.{wing}.{module}" for module in inside), f"drive.{wing}")
    for inner in (*(f"{room}.{module}" for module in DEEPER.get(room, ())), room)
]
ROOMS[ROOMS.index("drive.app")] = "app"

POLICIES_MAY_USE = ("roads", "types", "kinematics", "language", "camera", "twin")
ONE_DOOR = {
    "highway_env": "drive.world",
    "gradio": "app",
    "cv2": "drive.camera.door",
    "ray": "drive.engine",
}
MOST_ENTRIES = 18  # in drive/: what someone new takes in at a glance


def modules():
    for folder in ("drive", "policies"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path
    yield "app", ROOT / "app.py"


MODULES = {module for module, _ in modules()}


def imports(path):
    """(module, is inside a function) for each import of a file; `from a import b` is a.b if that is a module."""
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
                deeper = f"{node.module}.{alias.name}"
                yield (deeper if deeper in MODULES else node.module), node in inside


def room(module):
    """The room that a module belongs to; None outside of all."""
    fits = [name for name in ROOMS if module == name or module.startswith(name + ".")]
    return max(fits, key=len, default=None)


def wing(module):
    """The first part of a module's name below `drive`."""
    return module.split(".")[1] if module.startswith("drive.") else None


def test_every_module_has_a_place_in_the_order():
    for module, path in modules():
        if not module.startswith("drive."):
            continue
        assert room(module), f"{module} has no wing"
        inside = WINGS[wing(module)]
        if inside and path.parent.parent == ROOT / "drive" and path.name != "__init__.py":
            assert path.stem in inside, f"{module} has no place in its wing"
        folder = module.rpartition(".")[0]
        assert path.stem in DEEPER.get(folder, [path.stem]), f"{module} has no place in {folder}"


def test_no_place_in_the_order_is_empty():
    assert [name for name in ROOMS if name not in MODULES] == []


def test_imports_point_one_way_between_wings_and_inside_them():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        if room(module)
        for imported, _ in imports(path)
        if room(imported) and ROOMS.index(room(imported)) > ROOMS.index(room(module))
    ]
    assert not wrong, wrong


def test_drive_never_imports_policies():
    wrong = [
        module
        for module, path in modules()
        if module.startswith("drive")
        for imported, _ in imports(path)
        if imported == "policies" or imported.startswith("policies.")
    ]
    assert not wrong


def test_policies_import_only_what_needs_no_simulator():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        if module.startswith("policies.")
        for imported, _ in imports(path)
        if wing(imported) and wing(imported) not in POLICIES_MAY_USE
    ]
    assert not wrong, wrong


def test_each_outside_library_has_one_door():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        for imported, _ in imports(path)
        for library, door in ONE_DOOR.items()
        if imported.split(".")[0] == library and not f"{module}.".startswith(f"{door}.")
    ]
    assert not wrong, wrong


def test_imports_inside_functions_are_for_commands_and_heavy_dependencies_only():
    allowed = {"drive.cli", "app"}
    heavy = {
        "httpx",
        "torch",
        "gymnasium",
        "numba",
        "safetensors",
        "PIL",
        "cv2",
        "fontTools",
        "zstandard",
        "stable_baselines3",
        "rich",
        "ray",
        "policies.vla.network",  # torch through and through
    }
    wrong = [
        f"{module} imports {imported} inside a function"
        for module, path in modules()
        for imported, inside in imports(path)
        if inside and module not in allowed and not heavy & {imported, imported.split(".")[0]}
    ]
    assert not wrong, wrong


def test_someone_new_sees_the_whole_house_at_a_glance():
    entries = [p for p in (ROOT / "drive").iterdir() if p.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES, sorted(p.name for p in entries)


def test_the_architecture_page_tells_the_same_order():
    page = (ROOT / "docs" / "architecture.md").read_text()
    block = re.search(r"```order\n(.*?)```", page, re.S).group(1)
    told = [line.split("  ")[0] for line in block.strip().splitlines()]
    assert told == list(WINGS)


def test_there_is_no_module_of_odds_and_ends():
    assert not [m for m, _ in modules() if re.search(r"(^|[._])(utils?|helpers?|misc)($|[._])", m)]
