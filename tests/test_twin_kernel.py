"""The kernel's compiled code: found again by a second process, made anew where any of its files has changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drive.twin.kernel import compiling

ROOT = Path(__file__).parents[1]
PACKAGE = Path(compiling.__file__).parent
ASK = """
from drive.twin import kernel as k
from drive.twin.entry import one_car_world
k.compiling.TICK = 0.05
with k.reported(lambda line: print("said", line)):
    assert one_car_world().legal().tolist() == [[False, True, False, True, True]]
print("hits", sum(k.legal.stats.cache_hits.values()))
print("folder", k.compiling.FOLDER)
"""


@pytest.fixture
def house(tmp_path):
    """A copy of drive/ without any compiled code."""
    shutil.copytree(
        ROOT / "drive", tmp_path / "drive", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


WHERE = "from drive.twin import kernel as k; print(k.compiling.FOLDER)"


def ask(house, script=ASK, **environment):
    """What a new process says, line by line; the usual one asks for the legal actions of a world."""
    told = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA")}
    told |= {"PYTHONPATH": str(house), "XDG_CACHE_HOME": str(house / "user")} | environment
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=house, env=told, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def kernel(house):
    return house / "drive" / "twin" / "kernel"


def test_a_second_process_finds_the_code_until_another_file_than_the_entry_points_changes(house):
    first = ask(house)
    assert "hits 0" in first
    assert f"folder {kernel(house)}" in first[-1]
    assert any("compiling the traffic model" in line and "gone" in line for line in first)
    second = ask(house)
    assert "hits 1" in second
    assert not [line for line in second if line.startswith("said")], "nothing is compiled"
    with (kernel(house) / "lanes.py").open("a") as file:
        file.write("# another version\n")
    third = ask(house)
    assert "hits 0" in third
    assert third[-1] != second[-1]


def test_every_file_of_the_package_counts(tmp_path):
    copy = Path(shutil.copytree(PACKAGE, tmp_path / "kernel"))
    whole = compiling.digest(copy)
    assert whole == compiling.DIGEST, "where the package stands does not count"
    for path in copy.glob("*.py"):
        before = path.read_text()
        path.write_text(before + "# changed\n")
        assert compiling.digest(copy) != whole, path.name
        path.write_text(before)
    assert compiling.digest(copy) == whole


def test_where_the_package_cannot_be_written_the_code_is_kept_for_the_user(house):
    (kernel(house) / "__pycache__").write_text("a file, so that no folder can be made here")
    assert f"folder {house / 'user' / 'whydrive'}" in ask(house)[-1]
    assert "hits 1" in ask(house)
    (house / "no").write_text("nor here")
    nowhere = ask(house, XDG_CACHE_HOME=str(house / "no"))
    assert nowhere[-2:] == ["hits 0", "folder None"]


def test_the_user_may_name_the_place(house):
    (place,) = ask(house, WHERE, NUMBA_CACHE_DIR=str(house / "named"))
    assert place.startswith(f"{house / 'named'}")


def test_folders_of_old_versions_are_cleared_away(tmp_path):
    for age in range(7):
        folder = tmp_path / f"compiled-{age}"
        folder.mkdir()
        os.utime(folder, (1000 - age, 1000 - age))
    (tmp_path / "kept.nbi").write_text("not ours")
    compiling.prune(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["compiled-0", "compiled-1", "compiled-2", "compiled-3", "kept.nbi"]
