"""Choose the episode that the page opens on, by a score of how much of a story it tells, and ship its log.

python benchmarks/opening.py [SEEDS]    drives SEEDS seeds (default 4, from 0) of every scenario below with the planner,
verifies the best three, and writes the best without a false claim, with its verdicts, into drive/episodes/shipped/.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
from pathlib import Path

from drive.checking.verdicts import path_beside, verify_log
from drive.episodes import log, shelf
from drive.episodes.api import run
from drive.measures.motion import Motion
from drive.show.viewer import risk_of
from drive.types import Episode

CANDIDATES = ("intersection", "roundabout", "roundabout-generic", "merge", "merge-generic", "exit",
              "highway-fast", "two-way", "u-turn")  # fmt: skip

NEAR = (1.0, 4.0)  # [s] to contact: near enough to be worth a look, and no alarm
MOST = 6  # of one kind of thing that count


def story(episode: Episode) -> float:
    """How much an episode has to tell, in points; 0 where its task was not done, or a limit was exceeded.

    A point for each different decision, each car named as a cause, and each decision with something
    near, six of each at most; three for a first sentence that names a car, three times the share of
    sentences that are not said twice.
    """
    if not episode.end or episode.end.metrics.get("success") != 1.0:
        return 0.0
    said = [step.rationale for step in episode.steps]
    if any(claim.quantity == "above the limit" for one in said for claim in one.claims):
        return 0.0
    causes = {
        car for one in said for claim in one.claims if claim.kind == "cause" for car in claim.cars
    }
    closest = [risk_of(Motion(Episode(episode.header, (step,), None)))[1] for step in episode.steps]
    counts = (
        len({one.decision for one in said}),
        len(causes),
        sum(time is not None and NEAR[0] <= time <= NEAR[1] for time in closest),
    )
    opens = any(claim.cars for claim in said[0].claims)
    return (
        sum(min(count, MOST) for count in counts)
        + 3.0 * opens
        + 3.0 * len({one.text for one in said}) / len(said)
    )


def main(seeds: int = 4) -> None:
    folder = Path(tempfile.mkdtemp())
    scores: dict[Path, float] = {}
    for name in CANDIDATES:
        for seed in range(seeds):
            episode = run(name, "planner", seed, out=folder)
            path = folder / log.file_name(episode.header)
            scores[path] = story(episode)
            print(f"{name:20} seed {seed}: {scores[path]:5.1f} points", flush=True)
    best = sorted(scores, key=scores.get, reverse=True)[:3]
    for path in best:
        false = list(verify_log(path).lines())
        print(f"{path.stem}: {scores[path]:.1f} points, false: {false}", flush=True)
        if not false:
            return ship(path)
    sys.exit("each of the best three has a false claim")


def ship(path: Path) -> None:
    """Put a log and its verdicts where the page finds them, instead of what lies there."""
    shutil.rmtree(shelf.SHIPPED_IN, ignore_errors=True)
    shelf.SHIPPED_IN.mkdir()
    packed = shelf.SHIPPED_IN / f"{path.name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
    shutil.copy(path_beside(path), shelf.SHIPPED_IN)
    print(f"{packed} ({packed.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
