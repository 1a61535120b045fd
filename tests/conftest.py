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


WHY = "a full product of what the everyday run covers value by value: pytest --thorough"


def pytest_addoption(parser):
    parser.addoption("--thorough", action="store_true", help="also run the tests marked thorough")


def pytest_collection_modifyitems(config, items):
    """What is marked thorough is skipped unless it is asked for."""
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
