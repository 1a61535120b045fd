"""The words that the network thinks in: a closed grammar in stages, each a row of small whole numbers.

Scene words: per relation a gap and a closing, and whether there are lanes beside. Verdict words: a grade per option. The
decision: one option, on both axes.
"""

from __future__ import annotations

import numpy as np

from drive.language import quantities

SIDES = np.array([0.0, 4.0, -4.0, 0.0, 4.0, -4.0])  # [m] left of the lane that is steered to
FRONT = np.array([True, True, True, False, False, False])
GAPS = np.array([2, 5, 8, 12, 16, 20, 25, 30, 37, 45, 55, 70, 90.0])  # [m] between bumpers
CLOSINGS = np.array([-12, -8, -5, -3, -1.5, -0.5, 0.5, 1.5, 3, 5, 8, 12.0])  # [m/s]
NO_GAP, NO_CLOSING = len(GAPS), len(CLOSINGS) + 1  # the words for nobody there
GAP_WORDS, CLOSING_WORDS = NO_GAP + 1, NO_CLOSING + 1
LANES = ("none", "one", "more")  # beside, on the left and on the right
SCENE_WORDS = (*(GAP_WORDS,) * 6, *(CLOSING_WORDS,) * 6, *(len(LANES),) * 2)

OPTIONS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")
GRADES = ("not possible", *quantities.GRADES)
# by how much less an option is worth than the best, as discounted reward to come: where a grade of GRADES ends
WORSE = (0.04, 0.15, 0.4, 1.0, 2.5, 6.0)
NOT_POSSIBLE, BEST, DANGER = 0, 1, 7
LOSS = (0.0, 0.0, 0.09, 0.27, 0.7, 1.7, 4.0, 12.0)  # of reward, of what each of GRADES says
DANGER_FROM = 0.2  # an option that is a danger with this probability is called one
VERDICT_WORDS = (len(GRADES),) * len(OPTIONS)


def gap_words(gaps: np.ndarray) -> np.ndarray:
    """Gaps [m], inf: nobody, as words."""
    return np.where(gaps > GAPS[-1], NO_GAP, np.digitize(gaps, GAPS)).astype(np.int64)


def closing_words(closings: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Closing speeds [m/s] as words; nobody where the gap is."""
    return np.where(gaps > GAPS[-1], NO_CLOSING, np.digitize(closings, CLOSINGS)).astype(np.int64)
