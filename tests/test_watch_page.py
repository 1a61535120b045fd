"""What is watched on the page, in a real Chromium: the way that was driven, the curves, the worst moments, what was feared."""

# ruff: noqa: F811  # fixtures

import numpy as np
import pytest
from fake_episode import fake_episode
from test_browser import COUNT, address, chromium, runs, tabs, visit  # noqa: F401  # fixtures
from test_first_screen import sized

from drive.show import viewer

SIZES = [(1280, 720), (390, 844)]
INK = """() => {
  const probe = document.createElement('i');
  probe.style.color = 'var(--wd-ink)';
  document.querySelector('.wd').append(probe);
  const told = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number);
  probe.remove();
  return told;
}"""


def of_player(page, episode, script):
    """What a script of the player's own functions returns, given the episode as the player has it."""
    message = viewer.player_data(episode, "run", "name")
    return page.evaluate(
        """([js, script, message]) => Function('message', js.replace(/startPlayer\\([^;]*\\);\\s*$/, '') + `
             const episode = newEpisode(message.header);
             receive(episode, message);
             return (${script})(episode);`)(message)""",
        [viewer.player_assets()["js"], script, message],
    )


# ------------------------------------------------------------------------------ the way that was driven


def test_the_way_driven_afterwards_is_that_of_the_tracks(visit):
    episode = fake_episode(steps=12)
    told = of_player(visit().page, episode, "(episode) => trailAt(episode, 2.3)")
    tracks = [step.tracks for step in episode.steps[2:]]
    rows = np.concatenate([tracks[0].ego, *(each.ego[1:] for each in tracks[1:])])
    times = np.concatenate([tracks[0].times, *(each.times[1:] for each in tracks[1:])])
    within = times <= 2.0 + 6.4 + 1e-6
    assert np.allclose(told["points"], rows[within, :3], atol=0.006)
    seconds = [rows[np.argmin(abs(times - t)), :2] for t in range(3, 9)]
    assert np.allclose(np.array(told["bars"])[:, :2], seconds, atol=0.02)
    late = of_player(visit().page, episode, "(episode) => trailAt(episode, 11.5)")
    assert len(late["bars"]) == 1, "no farther than was driven"


@pytest.mark.parametrize("size", SIZES)
def test_both_ways_are_seen_and_told_apart_in_both_pictures(visit, size):
    tab = sized(visit(), size).link(step=3)
    ink = tab.page.evaluate(INK)
    legend = tab.page.locator(".wd-legend [data-mark=driven]")
    assert legend.text_content() and legend.is_visible()
    eye = COUNT.replace(".wd-map", ".wd-eye")
    for look, count in (("bird's eye", COUNT), ("driver's eye", eye)):
        while tab.text("wd-look") not in (look, "both views"):
            tab.press("v")
        assert tab.page.evaluate(count, ink) > 60, look
        blue = [31, 98, 208] if look == "bird's eye" else [126, 158, 217]
        assert tab.page.evaluate(count.replace("< 12", "< 40"), blue) > 60, (
            "the plan is seen as well"
        )
