"""The cameras on the ego: what they draw lies where a projection by hand puts it."""

import math

import numpy as np
import pytest
from fake_episode import ring_road, straight_road

from drive.camera import ground, mounted
from drive.camera.ground import ground_of
from drive.camera.mounted import CAMERAS, LOOKS, Bodies
from drive.roads import Lane, Road, Straight

WIDE = (384, 128)  # [px]: four times as fine as a policy's pictures, so that a pixel is small
EGO = (100.0, -4.0, 0.0)


def bodies(*poses, look="car", tall=1.45, ego=EGO):
    """An ego and other cars, at one moment."""
    every = np.array([ego, *poses], float)[None, None]
    looks = np.full(every.shape[:3], LOOKS[look], np.int8)
    sizes = np.tile([5.0, 2.0, tall], (1, len(poses) + 1, 1))
    return Bodies(every, looks, sizes, np.zeros(1, np.int64))


def drawn(camera, *poses, road=None, size=WIDE, **about):
    road = road or straight_road()
    picture = mounted.draw(road, bodies(*poses, **about), size=size, cameras=(camera,))
    return picture[0, 0, 0].astype(int)


def on_glass(camera, points, size=WIDE, ego=EGO):
    """Columns and rows of points [N, 3] before the camera, by hand: turn, then divide by the depth."""
    x, y, heading = ego
    seat = np.array([camera.forward, camera.left])
    turn = np.array(
        [[math.cos(heading), -math.sin(heading)], [math.sin(heading), math.cos(heading)]]
    )
    place = np.array([x, y]) + turn @ seat
    look = heading + camera.yaw
    toward = np.array([math.cos(look), math.sin(look)])
    right = np.array([math.sin(look), -math.cos(look)])
    away = np.asarray(points, float)[:, :2] - place
    depth, aside = away @ toward, away @ right
    assert (depth > 0.2).all(), "before the camera"
    focal = size[0] / 2 / math.tan(camera.field / 2)
    columns = size[0] / 2 + focal * aside / depth
    rows = mounted.HORIZON * size[1] + focal * (camera.height - np.array(points)[:, 2]) / depth
    return columns, rows


def corners(pose, low, high):
    x, y, heading = pose
    cos, sin = math.cos(heading), math.sin(heading)
    flat = [
        (x + a * cos - b * sin, y + a * sin + b * cos) for a in (2.5, -2.5) for b in (1.0, -1.0)
    ]
    return [(*each, z) for each in flat for z in (low, high)]


PLACES = {
    "front": [(115.0, -4.0, 0.0), (112.0, -0.5, 0.3), (130.0, -8.0, -0.2), (109.0, -7.8, 2.0)],
    "tele": [(140.0, -4.0, 0.0), (160.0, -2.0, 0.4), (130.0, -5.0, 3.0)],
    "left rear": [(85.0, 0.5, 0.0), (90.0, 4.0, 0.5)],
    "right rear": [(85.0, -8.0, 0.0), (88.0, -12.0, -0.4)],
}


@pytest.mark.parametrize(
    "camera, pose", [(camera, pose) for camera in CAMERAS for pose in PLACES[camera.name]]
)
def test_the_corners_of_a_car_are_within_a_pixel(camera, pose):
    changed = abs(drawn(camera, pose) - drawn(camera)) > 12
    across, down = changed.any(0).nonzero()[0], changed.any(1).nonzero()[0]
    columns, rows = on_glass(camera, corners(pose, 0.1, 1.45))
    expected = (max(columns.min(), 0), min(columns.max(), WIDE[0]))
    assert (across.min(), across.max() + 1) == pytest.approx(expected, abs=1.0)
    expected = max(rows.min(), 0), min(rows.max(), WIDE[1])
    assert (down.min(), down.max() + 1) == pytest.approx(expected, abs=1.0)


def met(camera, row, y):
    """The column at which a row meets a line along the road at y, by hand; None where it does not."""
    focal = WIDE[0] / 2 / math.tan(camera.field / 2)
    depth = camera.height * focal / (row + 0.5 - mounted.HORIZON * WIDE[1])
    if math.isclose(math.cos(camera.yaw), 0.0, abs_tol=1e-6):
        return None
    # a point at that depth and r to the right stands at y = seat + depth sin - r cos
    right = (EGO[1] + camera.left + depth * math.sin(camera.yaw) - y) / math.cos(camera.yaw)
    return WIDE[0] / 2 + focal * right / depth


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("length", [1000.0, 9000.0])
@pytest.mark.parametrize("y", [2.0, -10.0])
def test_a_line_is_within_a_pixel(camera, length, y, monkeypatch):
    """One line on a grey plain, of a finite and of an endless road: the brightness of a row is around where it is met."""
    monkeypatch.setattr(ground, "GRASS", ground.ASPHALT)
    curve, lines = Straight((0.0, y - 2.0), (length, y - 2.0)), ("continuous", "none")
    lane = Lane(("0", "1", 0), curve, 4.0, 30.0, left_line=lines[0], right_line=lines[1])
    picture, measured = drawn(camera, road=Road((lane,))).astype(float), 0
    for row in range(46, WIDE[1]):
        column = met(camera, row, y)
        if column is None or not 20 < column < WIDE[0] - 20:
            continue
        near = np.arange(int(column) - 15, int(column) + 16)
        light = np.clip(picture[row, near] - np.median(picture[row]) - 2, 0, None)
        if light.sum() < 40 or light[[0, -1]].any():  # not in sight, or wider than that
            continue
        assert (light * (near + 0.5)).sum() / light.sum() == pytest.approx(column, abs=1.0)
        measured += 1
    assert measured >= 4


@pytest.mark.parametrize("length", [1000.0, 9000.0])
def test_the_dashes_begin_and_end_where_they_are_painted(length):
    """Straight ahead on the line between two lanes: the grey along the middle column."""
    camera, ego = CAMERAS[0], (99.0, -2.0, 0.0)
    column = drawn(camera, road=straight_road(length=length), ego=ego)[:, WIDE[0] // 2]
    for dash in (104.0, 112.0):
        _, (begin, end) = on_glass(camera, [(dash, -2.0, 0.0), (dash + 3.0, -2.0, 0.0)], ego=ego)
        lit = np.flatnonzero(column > 105)
        near = lit[(lit > end - 4) & (lit < begin + 4)]
        assert (near.max() + 1, near.min()) == pytest.approx((begin, end), abs=1.0)


def test_the_nearer_car_hides_the_farther_one():
    camera = CAMERAS[0]
    near, far = (112.0, -4.0, 0.0), (118.0, -4.2, 0.0)
    assert (drawn(camera, near, far) == drawn(camera, far, near)).all(), "in whatever order"
    assert (drawn(camera, near, far) == drawn(camera, near)).mean() > 0.995


def test_brakes_fronts_and_haze_are_seen():
    camera, ahead = CAMERAS[0], (112.0, -4.0, 0.0)
    assert drawn(camera, ahead, look="braking").max() > 240
    assert drawn(camera, ahead)[42:52, 186:198].max() < 50, "the rear of a car is dark"
    assert drawn(camera, (112.0, -4.0, math.pi))[42:52, 186:198].min() > 200, "its front is light"
    road = straight_road()
    far = bodies((112.0, -4.0, 0.0), (150.0, 0.0, 0.0))
    clear, foggy = (mounted.draw(road, far, sight, WIDE)[0, 1, 0] for sight in (200.0, 60.0))
    assert np.ptp(foggy[20:40].astype(int)) < np.ptp(clear[20:40].astype(int))


def test_a_curved_road_is_drawn():
    """In the middle of the lane on a ring, its edges are to the left and right, and the outer bends into view."""
    picture = drawn(CAMERAS[0], road=ring_road(), ego=(0.0, 0.0, 0.0))
    bottom = picture[-1]
    assert bottom[WIDE[0] // 2] < 90, "asphalt below"
    assert picture[60, 140:155].max() > 150, "the inner line, 7.5 m ahead and 3 m to the left"


def test_a_ground_is_kept_and_small():
    road = straight_road(length=9000.0)
    assert ground_of(road) is ground_of(road)
    assert ground_of(road).texels.size < 20_000
    with pytest.raises(ValueError, match="nowhere"):
        mounted.draw(road, bodies((112.0, -4.0, 0.0), ego=(np.nan, 0.0, 0.0)))
