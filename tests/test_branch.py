"""A branch: without an edit it is the rest of the episode; its log is an episode like any other."""

from dataclasses import replace

import pytest
from digests import episode

from drive.episodes import log
from drive.episodes.branch import branch
from drive.scenarios import SCENARIOS

POLICIES = ("planner", "rule", "idm")
MOMENT = 5  # the decision at which the digests' episodes, eight decisions long, are left


def rest(driven, step=MOMENT):
    """The digest of an episode's decisions from a step on, and of its end."""
    header = replace(driven.header, parent=None)
    return log.digest(replace(driven, header=header, steps=driven.steps[step:]))


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_branch_without_an_edit_is_the_rest_of_the_episode(scenario, name):
    driven = episode(scenario, name)
    if driven is None:
        pytest.skip(f"{name} has no action on {scenario}")
    step = min(MOMENT, len(driven.steps) - 1)
    branched = branch(driven, step)
    assert rest(branched, step) == rest(driven, step)
    assert branched.steps[:step] == driven.steps[:step]
