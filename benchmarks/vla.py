"""How the policy that thinks in words drives, and what its words do, on the report seeds of highway-fast.

    nice python benchmarks/vla.py [--episodes 1000] [--scenes 300]

Drives a fleet: by the words, by the values that the same network reads off the pictures without words, by words of another
state (shuffled), and beside them the teacher. Then, in the states that the words drove into: the truth of its words, what the
decision does when they are changed by hand, and the cars that it cites against taking them out of its pictures. The figures go
to docs/figures/vla.json and from there to the page.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable

import numpy as np
import torch
from pages import publish

from drive.checking.asked import Reference
from drive.checking.sight import car_in
from drive.measures.statistics import Estimate, bootstrap, wilson
from drive.scenarios import REPORT_SEEDS
from drive.twin import warm
from drive.twin.fleet import COLLISION, Fleet
from drive.twin.sight import pictures
from drive.world import World
from drive.world.beginnings import fleet
from policies.dqn import network as values
from policies.vla import Vla, network
from policies.vla import grammar as g
from policies.vla.shown import own_numbers_of
from policies.vla.teacher import Teacher, otherwise, scene_words

SCENARIO = "highway-fast"
BATCH = 250
OPTIONS = len(g.OPTIONS)
SLIGHT = 0.4  # of reward: an option that is worse by less is as right
DRIVES = "| drives by | n | success | speed [m/s] | return |"
SAID = "| figure | n | value |"


@dataclasses.dataclass(frozen=True, eq=False)
class State:
    """What the network made of a batch of states, and what was right."""

    seen: torch.Tensor
    own: torch.Tensor
    legal: torch.Tensor
    scene: torch.Tensor
    verdict: torch.Tensor
    options: torch.Tensor  # taken by the words
    lesson: object
    changed: object  # the lesson of the same states, a car put in or taken away
    true_scene: torch.Tensor


class Driver:
    """The network, asked in batches."""

    def __init__(self):
        self.vla, self.teacher = Vla(), Teacher()
        self.net = self.vla._network.float()

    @torch.no_grad()
    def words(self, seen, own, legal):
        """Feature, scene words and verdict words, in parts."""
        parts = []
        for begin in range(0, len(own), BATCH):
            part = slice(begin, begin + BATCH)
            feature = self.net.feature(seen[part], own[part])
            scene = network.said(self.net.scene_logits(feature))
            verdict = self.net.verdict_logits(feature, scene, own[part])
            parts.append((feature, scene, network.said_verdict(verdict, legal[part])))
        return tuple(map(torch.cat, zip(*parts, strict=True)))

    @torch.no_grad()
    def decided(self, verdict, own, legal):
        return network.masked(self.net.decision_logits(verdict, own), legal).argmax(-1)

    @torch.no_grad()
    def by_words(self, batch: Fleet, seen, own, legal):
        return self.decided(self.words(seen, own, legal)[2], own, legal)

    @torch.no_grad()
    def by_values(self, batch: Fleet, seen, own, legal):
        feature = self.words(seen, own, legal)[0]
        worth = values.expected(self.net.return_logits(feature).softmax(-1))
        return network.masked(worth, legal).argmax(-1)

    def by_shuffled(self, batch: Fleet, seen, own, legal):
        verdict = self.words(seen, own, legal)[2]
        return self.decided(verdict[torch.randperm(len(verdict))], own, legal)

    def by_teacher(self, batch: Fleet, seen, own, legal):
        lesson = self.teacher.lesson(batch.worlds, batch.legal())
        running = torch.from_numpy(batch.running)
        return network.masked(lesson.values, lesson.legal).argmax(-1)[running]


def drive(choose: Callable, episodes: int, look: Callable | None = None) -> str:
    """Whole episodes from the report seeds on; a line of the table without its name."""
    batch = fleet(World(SCENARIO), episodes)
    batch.begin(range(REPORT_SEEDS, REPORT_SEEDS + episodes))
    paid, metres, driven = np.zeros(episodes), np.zeros(episodes), np.zeros(episodes)
    while batch.running.any():
        on = batch.running
        seen = torch.from_numpy(pictures(batch)[on])
        own = torch.from_numpy(own_numbers_of(batch)[on])
        legal = torch.from_numpy(batch.legal()[on])
        if look:
            look(batch, seen, own, legal)
        actions = np.ones(episodes, int)
        actions[on] = choose(batch, seen, own, legal).numpy()
        paid += batch.step(actions).rewards
        metres[on] += batch.worlds.of_ego(batch.worlds.speed)[on]
        driven[on] += 1
    success = wilson((batch.ended != COLLISION).astype(float))
    speed, total = bootstrap(metres / driven), bootstrap(paid)
    return f"{episodes} | {share(success)} | {plain(speed)} | {plain(total)} |"


def share(figure: Estimate) -> str:
    return f"{figure.mean:.1%} [{figure.low:.1%}, {figure.high:.1%}]"


def plain(figure: Estimate) -> str:
    return f"{figure.mean:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


# --------------------------------------------------------------------------------------- the words


class Words:
    """Figures of the words, gathered while they drive; each a list of 0 and 1."""

    def __init__(self, driver: Driver, seed: int = 0):
        self.driver, self.rng = driver, np.random.default_rng(seed)
        self.figures: dict[str, list[float]] = {}

    def note(self, name: str, right: torch.Tensor) -> None:
        self.figures.setdefault(name, []).extend(right.float().flatten().tolist())

    def look(self, batch: Fleet, seen, own, legal) -> None:
        """A fifth of the states, drawn."""
        chosen = torch.from_numpy(self.rng.random(len(own)) < 0.2)
        if not chosen.any():
            return
        places = np.flatnonzero(batch.running)[chosen.numpy()]
        worlds = batch.worlds.select(places)
        seen, own, legal = seen[chosen], own[chosen], legal[chosen]
        feature, scene, verdict = self.driver.words(seen, own, legal)
        lesson = self.driver.teacher.lesson(worlds, legal.numpy())
        self.perception(scene, torch.from_numpy(scene_words(worlds)[0]))
        self.judgement(verdict, lesson)
        self.splices(verdict, own, legal)
        changed = otherwise(worlds, self.rng)
        other = self.driver.teacher.lesson(changed, legal.numpy())
        self.scene_splices(feature, verdict, own, lesson, other)

    def perception(self, said, true) -> None:
        gaps, right = said[:, :6], true[:, :6]
        self.note("gap word right", gaps == right)
        self.note("gap word right, or the next one", abs(gaps - right) <= 1)
        self.note("invented cars", gaps[right == g.NO_GAP] != g.NO_GAP)
        near = right <= 4
        self.note("cars nearer than 16 m seen", gaps[near] != g.NO_GAP)

    def judgement(self, verdict, lesson) -> None:
        said, true = (each[:, :OPTIONS][lesson.legal] for each in (verdict, lesson.verdict))
        self.note("grade right, or the next one", abs(said - true) <= 1)
        self.note("danger recall", said[true == g.DANGER] == g.DANGER)
        self.note("danger precision", true[said == g.DANGER] == g.DANGER)

    def splices(self, verdict, own, legal) -> None:
        """Changes of words of kinds that training did not make."""
        taken = self.driver.decided(verdict, own, legal)
        every = torch.arange(len(own))
        several = legal.sum(1) > 1
        self.note(
            "self-splice: the decision changes",
            self.driver.decided(verdict.clone(), own, legal) != taken,
        )
        grades = verdict[:, :OPTIONS]
        # the taken option is called bad (never a danger): the best of the rest is to be taken
        worse = verdict.clone()
        worse[every, taken] = g.GRADES.index("bad")
        rest = torch.where(legal, worse[:, :OPTIONS], 99)
        fits = several & (rest.amin(1) < g.GRADES.index("bad"))
        now = self.driver.decided(worse, own, legal)
        self.note("splice: taken option called bad", (rest[every, now] == rest.amin(1))[fits])
        # the grades of the taken option and of another one change places
        other = (
            torch.rand(legal.shape)
            * (legal & (every[:, None] * 0 + torch.arange(OPTIONS) != taken[:, None]))
        ).argmax(1)
        swapped = verdict.clone()
        swapped[every, taken], swapped[every, other] = grades[every, other], grades[every, taken]
        apart = several & (grades[every, other] - grades[every, taken] >= 2)
        self.note(
            "splice: two grades change places",
            (self.driver.decided(swapped, own, legal) == other)[apart],
        )
        # control: a losing option is called worse still
        control = verdict.clone()
        control[every, other] = g.DANGER
        self.note(
            "control: a losing option called a danger",
            (self.driver.decided(control, own, legal) == taken)[several],
        )

    def scene_splices(self, feature, verdict, own, lesson, other) -> None:
        """Scene words of the same states with a car put in or taken away; the pictures stay."""
        with torch.no_grad():
            logits = self.driver.net.verdict_logits(feature, other.scene, own)
        said = network.said_verdict(logits, lesson.legal)
        taken = self.driver.decided(said, own, lesson.legal)
        every = torch.arange(len(own))
        best = network.masked(other.values, lesson.legal)
        regret = best.amax(1) - other.values[every, taken]
        before = network.masked(lesson.values, lesson.legal).argmax(1)
        turned = (
            best.amax(1) - other.values[every, before]
        ) > 1.0  # the change asks for another decision
        self.note(
            "scene splice that asks for another decision: it is right", (regret < SLIGHT)[turned]
        )
        self.note("scene splice that asks for none: it is right", (regret < SLIGHT)[~turned])

    def rows(self) -> list[str]:
        return [
            f"| {name} | {len(each)} | {share(wilson(np.array(each)))} |"
            for name, each in self.figures.items()
        ]


def causes(vla: Vla, scenes: int) -> list[str]:
    """Cited cars against the cars without which, one at a time, it decides otherwise."""
    jaccard, spent, seed = [], [], REPORT_SEEDS
    world = World(SCENARIO, physics="twin")
    while len(jaccard) < scenes:
        scene, ended, seed = world.reset(seed), None, seed + 1
        while not ended and len(jaccard) < scenes:
            begun = time.perf_counter()
            choice = vla.decide(scene)
            spent.append(time.perf_counter() - begun)
            if scene.step % 3 == 0:
                cited = {
                    car.id
                    for claim in choice.thoughts
                    if claim.kind == "cause"
                    and (car := car_in(scene, claim.quantity.removeprefix("without ")))
                }
                ask = Reference(vla, scene)
                real = {car.id for car in scene.cars if ask.hiding(car.id).real}
                union = cited | real
                jaccard.append(len(cited & real) / len(union) if union else 1.0)
            ended = world.step(choice.action).ended
            scene = world.scene
    figure = bootstrap(np.array(jaccard))
    p50 = 1000 * float(np.median(spent))
    return [
        f"| cited cars against intervention, Jaccard | {len(jaccard)} | {plain(figure)} |",
        f"| whole decision, pictures included, p50 [ms] | {len(spent)} | {p50:.1f} |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--scenes", type=int, default=300)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warm()
    driver = Driver()
    words = Words(driver)
    heads = {
        "its words": (driver.by_words, words.look),
        "values from the pictures, without words": (driver.by_values, None),
        "words of another state": (driver.by_shuffled, None),
        "the teacher, `dqn`, shown all cars": (driver.by_teacher, None),
    }
    rows = [
        f"Seeds from {REPORT_SEEDS} on, 95 % intervals; weights {driver.vla.weights}.",
        "",
        DRIVES,
        "|---|---|---|---|---|",
    ]
    for name, (choose, look) in heads.items():
        rows.append(f"| {name} | {drive(choose, chosen.episodes, look)}")
        print(rows[-1], flush=True)
    rows += ["", SAID, "|---|---|---|", *words.rows(), *causes(Vla(), chosen.scenes)]
    print("\n".join(rows))
    publish(
        "vla",
        rows,
        f"python benchmarks/vla.py --episodes {chosen.episodes} --scenes {chosen.scenes}",
    )


if __name__ == "__main__":
    main()
