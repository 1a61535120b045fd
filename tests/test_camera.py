"""Bird's-eye pictures, from hand-made scenes: no simulator."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from fake_episode import crash, fake_episode, ring_road, straight_road
from PIL import Image, ImageDraw, ImageFont

from drive import camera
from drive.camera import DARK, LIGHT, Body, Marks, Moment, View, typeface


@pytest.fixture(scope="module")
def episode():
    return fake_episode()


def painted(picture, colour, within=6):
    """Which pixels have a colour, bool [height, width]."""
    return (abs(picture.astype(int) - colour) <= within).all(-1)


def one_car(**changes):
    ego = Body(0, 100.0, -4.0, 0.0, 5.0, 2.0)
    return Moment(0.0, replace(ego, **changes), ())


def test_a_view_puts_its_centre_in_the_middle_and_left_of_its_heading_up():
    view = View((10.0, 5.0), math.pi / 2, 4.0, (200, 100))
    assert view.pixels((10.0, 5.0)) == pytest.approx((100, 50))
    assert view.pixels((10.0, 7.0)) == pytest.approx((108, 50)), "its heading points to the right"
    assert view.pixels((9.0, 5.0)) == pytest.approx((100, 46)), "what is left of it is above"


@pytest.mark.parametrize("heading", [0.0, 0.4, math.pi / 2, -2.0])
def test_a_car_is_drawn_to_scale_whatever_its_heading(heading):
    view = View((100.0, -4.0), 0.0, 12.0, (300, 200))
    picture = camera.bird_eye(straight_road(), one_car(heading=heading), view)
    body = painted(picture, LIGHT.ego, 90) & (picture[..., 2].astype(int) - picture[..., 0] > 60)
    pixels = body.sum() / 12.0**2
    assert pixels == pytest.approx(5.0 * 2.0, rel=0.12)


def test_the_ego_is_in_view_on_a_straight_road_and_on_a_ring():
    for road in (straight_road(), ring_road()):
        episode = fake_episode(road, steps=3, scale=0.3)
        for step in episode.steps:
            moment = camera.moment_of(step.scene)
            view = camera.follow(road, moment, (600, 240))
            x, y = view.pixels((moment.ego.x, moment.ego.y))
            assert 0 < x < 600 and 0 < y < 240


def test_a_lane_change_moves_the_ego_and_not_the_straight_road():
    road = straight_road()
    views = [camera.follow(road, one_car(y=y), (900, 240)) for y in (0.0, -4.0, -12.0)]
    assert len({view.center[1] for view in views}) == 1


def test_the_ego_stays_in_view_far_beside_the_straight_road():
    view = camera.follow(straight_road(), one_car(y=-170.0), (900, 240))
    assert 0 < view.pixels((100.0, -170.0))[1] < 240


def test_a_ring_is_curved_and_parallel_lanes_are_straight():
    assert camera.shape(ring_road()) == "curved"
    assert camera.shape(straight_road()) == "straight"


def test_the_edges_of_a_curved_lane_follow_its_arc_within_two_centimetres():
    for lane in ring_road().lanes:
        for edge, side in zip(camera.edges(lane), (1, -1), strict=True):
            halfway = (edge[1:] + edge[:-1]) / 2
            _, d = lane.frenet(*halfway.T)
            assert abs(d - side * lane.width / 2).max() < 0.02


def test_the_asphalt_covers_the_lanes_and_nothing_else():
    road = straight_road(lanes=3)
    picture = camera.bird_eye(road, one_car(), View((300.0, -4.0), 0.0, 6.0, (240, 180)))
    rows = painted(picture, LIGHT.asphalt).any(1)
    assert rows.sum() == pytest.approx(3 * 4.0 * 6.0, abs=3)


def test_cars_named_in_the_rationale_wear_their_colour(episode):
    step = episode.steps[2]
    moment = camera.moment_of(step.scene)
    plain = camera.bird_eye(episode.header.road, moment)
    named = camera.bird_eye(episode.header.road, moment, marks=Marks(cited={1: LIGHT.cited[0]}))
    assert painted(plain, LIGHT.cited[0]).sum() == 0
    assert painted(named, LIGHT.cited[0]).sum() > 60


def test_a_wreck_bears_a_cross():
    whole = camera.bird_eye(straight_road(), one_car())
    wreck = camera.bird_eye(straight_road(), one_car(crashed=True))
    assert painted(whole, LIGHT.wreck, 40).sum() == 0
    assert painted(wreck, LIGHT.wreck, 40).sum() > 5


def test_a_car_out_of_sight_is_only_an_outline():
    other = Body(3, 110.0, -4.0, 0.0, 5.0, 2.0)
    seen = camera.bird_eye(straight_road(), replace(one_car(), cars=(other,)))
    unseen = camera.bird_eye(
        straight_road(), replace(one_car(), cars=(replace(other, seen=False),))
    )
    assert painted(seen, LIGHT.car).sum() > 3 * painted(unseen, LIGHT.car).sum()


def test_the_chosen_trajectory_is_drawn_over_its_rivals(episode):
    step = episode.steps[0]
    paths = [option.trajectory for option in step.choice.options]
    moment, road = camera.moment_of(step.scene), episode.header.road
    bare = camera.bird_eye(road, moment)
    drawn = camera.bird_eye(road, moment, marks=Marks(paths[0], (paths[0],)))
    gained = painted(drawn, LIGHT.ego).sum() - painted(bare, LIGHT.ego).sum()
    assert gained > 500
    assert painted(drawn, LIGHT.rival).sum() <= painted(bare, LIGHT.rival).sum() + 20


def test_light_and_dark_pictures_differ_in_brightness(episode):
    moment = camera.moment_of(episode.steps[0].scene)
    light, dark = (
        camera.bird_eye(episode.header.road, moment, palette=p).mean() for p in (LIGHT, DARK)
    )
    assert light > 180 and dark < 60


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_ids_stand_out_from_the_cars_that_bear_them(palette):
    for colour in (palette.car, *palette.cited):
        assert contrast(palette.car_label, colour) >= 3.0


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_words_stand_out_from_the_page(palette):
    for colour in (palette.ink, palette.faint, *palette.cited):
        assert contrast(colour, palette.panel) >= 4.3


def contrast(first, second):
    """WCAG 2.2's contrast ratio of two colours, 1 to 21."""

    def luminance(colour):
        parts = [c / 255 for c in colour]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_a_moment_between_two_sub_steps_lies_between_them(episode):
    step = episode.steps[3]
    times, track = step.tracks.times, step.tracks.ego
    middle = camera.moment_within(step, (times[4] + times[5]) / 2)
    assert middle.ego.x == pytest.approx((track[4, 0] + track[5, 0]) / 2)
    assert camera.moment_within(step, times[0]).ego.x == pytest.approx(step.scene.ego.x)


def test_a_heading_turns_the_short_way_between_two_sub_steps(episode):
    step = episode.steps[0]
    track = step.tracks.ego.copy()
    track[0, 2], track[1, 2] = math.pi - 0.1, -math.pi + 0.1
    step = replace(step, tracks=replace(step.tracks, ego=track))
    between = camera.moment_within(step, float(step.tracks.times[:2].mean()))
    assert abs(math.remainder(between.ego.heading - math.pi, 2 * math.pi)) < 1e-9


def test_cars_that_are_absent_at_a_time_are_left_out(episode):
    step = episode.steps[0]
    gone = np.full_like(step.tracks.cars[1], np.nan)
    step = replace(step, tracks=replace(step.tracks, cars={**step.tracks.cars, 1: gone}))
    assert 1 not in {car.id for car in camera.moment_within(step, 0.5).cars}


def test_a_final_scene_can_be_pictured():
    ended = crash(fake_episode(steps=2))
    moment = camera.moment_of(ended.end.final)
    assert moment.ego.crashed
    assert camera.bird_eye(ended.header.road, moment, size=(400, 200)).shape == (200, 400, 3)


def test_a_machine_without_the_libraries_of_opencv_is_told_what_to_install():
    program = "import sys; sys.modules['cv2'] = None; import drive.camera"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "OSError: OpenCV cannot start" in done.stderr and "apt-get install libgl1" in done.stderr


# ------------------------------------------------------------------------------------------ typefaces


def drawn(text, face=None):
    """Coverage of a text in a picture of its own."""
    image = Image.new("L", (400, 40))
    ImageDraw.Draw(image).text((4, 4), text, 255, face or camera.font(22))
    return np.asarray(image)


BOX = "\U000f1234"  # no typeface has a picture of it


@pytest.mark.parametrize(
    "text", ["向左变到第 2 车道", "Rückwärts °", "m/s²", "🚗", "前の車", "앞차"]
)
@pytest.mark.parametrize("eastern", [True, False])
def test_no_character_is_drawn_as_the_box_of_a_missing_one(text, eastern, monkeypatch):
    if not eastern:
        without_eastern(monkeypatch)
    plain = ImageFont.truetype(camera.font(22).path, 22)
    box = drawn(BOX, plain)
    for character in text:
        if not character.isspace():
            assert not np.array_equal(drawn(character), box)
            assert drawn(character).any()


def without_eastern(monkeypatch):
    """As on a machine without Chinese typefaces."""
    typeface.font.cache_clear()
    monkeypatch.setattr(typeface, "eastern", lambda: ())


@pytest.fixture(autouse=True)
def typefaces_anew():
    yield
    typeface.font.cache_clear()


def test_a_character_without_a_picture_is_named(monkeypatch):
    without_eastern(monkeypatch)
    assert np.array_equal(drawn("x 🚗 y"), drawn("x [automobile] y"))
    assert camera.uncovered("a 向°🚗") == "向🚗" and not camera.uncovered("Rückwärts m/s²")


def test_a_line_of_two_typefaces_is_as_long_as_it_is_drawn_and_anchored_as_any(monkeypatch):
    without_eastern(monkeypatch)
    face, text = camera.font(22), "abc🚗def"
    spelled = "abc[automobile]def"
    assert face.getlength(text) == pytest.approx(face.getlength(spelled), abs=1)
    for anchor in ("la", "ra", "ls", "mm"):
        ours, theirs = (face.getbbox(t, anchor=anchor) for t in (text, spelled))
        assert ours[0] == pytest.approx(theirs[0], abs=2) and ours[2] == pytest.approx(
            theirs[2], abs=2
        )
