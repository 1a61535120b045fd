"""What holds for every test."""

import drive  # noqa: F401, I001  # first, before NumPy: it says which instructions NumPy may use
import pytest
from highway_env.vehicle.behavior import IDMVehicle

WRITTEN = (
    "DISTANCE_WANTED",
    "COMFORT_ACC_MAX",
    "COMFORT_ACC_MIN",
)  # by every intersection that is built by hand
NOMINAL = {name: getattr(IDMVehicle, name) for name in WRITTEN}


LONG = (  # test files that take more than a quarter of a minute, the longest first
    "contract", "rationales", "injection", "page_words", "browser", "first_screen", "browse_page", "world", "ask_page",
    "reliability", "by_hand_page", "sb3", "notes_page", "accessible", "evaluate", "edits", "asking", "config_properties",
    "liars", "unknown_visitor", "follow", "branch", "watch_page", "planner", "brought", "hosting_page", "resimulate",
    "twin", "cli", "vla", "incident", "misbehaving_policies", "llm",
)  # fmt: skip
WHY = "a full product of what the everyday run covers value by value: pytest --thorough"


def pytest_addoption(parser):
    parser.addoption("--thorough", action="store_true", help="also run the tests marked thorough")


def pytest_configure(config):
    """Files go to the workers of pytest-xdist in the order below, not by their number of tests."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(config, items):
    """Long files come first, so that no worker is left with one at the end; what is thorough is skipped unless asked for."""
    rank = {f"test_{name}": number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONG)))
    if not config.getoption("--thorough"):
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(pytest.mark.skip(reason=WHY))


@pytest.fixture(autouse=True)
def traffic_as_it_was():
    """highway-env's own intersections leave their traffic's parameters to all that comes after; not to other tests."""
    yield
    for name, value in NOMINAL.items():
        setattr(IDMVehicle, name, value)
