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


@pytest.fixture(autouse=True)
def traffic_as_it_was():
    """highway-env's own intersections leave their traffic's parameters to all that comes after; not to other tests."""
    yield
    for name, value in NOMINAL.items():
        setattr(IDMVehicle, name, value)
