"""Every claim of a logged episode, tested, and every decision compared with itself: `whydrive verify`.

Works from the log alone. The episode is driven again from its scenario, seed and actions; at every
decision the claims, and the text that should say them, are held against the scene, against what was
then driven, against what the real highway-env does after the option, and against the policy asked
again. `drive.checking.decisions` compares what else the step says. From the first scene that differs on,
nothing can be tested. Verdicts are written beside the log and can be made again; they never change it.
"""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import orjson

from drive import policy as policies
from drive.checking import asked as reference
from drive.checking import sight, weighed
from drive.checking.asked import LEAST, Effect, Reference
from drive.checking.clock import clock_fault
from drive.checking.decisions import ASKED, CHECKS, Check, checks, decided_again, untestable
from drive.checking.futures import (
    TOLERANCES,
    Future,
    Unmeasured,
    drive_out,
    measure,
    possible_contacts,
)
from drive.checking.scene import check
from drive.checking.takeovers import driven_otherwise
from drive.checking.text import check_rationale
from drive.engine import Engine, Failure, Local
from drive.episodes import lines, log, shelf
from drive.episodes.codec import build, plain
from drive.episodes.replay import Moment, replay
from drive.episodes.whole import put, whole
from drive.language import FOLLOW, FOLLOW_OTHER
from drive.language.quantities import GRADES, RELATIONS
from drive.reasoning.narrate import told_by
from drive.reasoning.reasons import manoeuvre_of
from drive.roads.geometry import wrap
from drive.types import (
    GRID,
    HORIZON,
    WAYPOINTS,
    Action,
    Choice,
    Claim,
    Control,
    End,
    Episode,
    Follow,
    Header,
    Meta,
    Option,
    Policy,
    Rationale,
    Step,
    Tracks,
    Verdict,
)

SCHEMA, VERSION = "whydrive.verdicts", "1.1"
CHECK = {"is": "check"}  # tells a check's line from a finding's
STANDING, STEADY, MOVED = 0.5, 0.7, 0.1  # [m/s] stands; keeps its speed; has begun to change it
SAID_WITHIN = {"acceleration": 0.05, "steering": math.radians(0.05)}  # [m/s2] [rad] of a control
LEAVES = 1.0  # [m] off the middle; a car that steers for a place beyond keeps the lane no more
ASTRAY = (0.3, 0.3, STEADY)  # [m] [m] [m/s] that what is driven may lie off its trajectory
EARLY = 1e-5  # [s] before a contact
TURNING = 0.2  # [s] in which highway-env's drivers turn to a heading
TAU = 0.6  # [s] in which they make up an offset
DID_NOT_COME = "it could be, but did not come"  # a contact that others, or another way on, avoided
ELSEWHERE = ("consequence", "rejection", "cause", "grade")  # kinds that need more than the scene


@dataclass(frozen=True)
class Finding:
    """One verdict, with how it was reached."""

    step: int
    test: str  # clock, scene, trajectory, text, summed, driven, driven out, asked again
    verdict: Verdict


@dataclass(frozen=True)
class Verified:
    """What a log came to."""

    findings: tuple[Finding, ...]  # on its claims
    checks: tuple[Check, ...]  # on its decisions

    @property
    def false(self) -> bool:
        """Is anything false that the log says?"""
        claims = (finding.verdict.result for finding in self.findings)
        return "false" in {*claims, *(check.result for check in self.checks)}

    def lines(self) -> Iterator[str]:
        """A sentence for everything that is false, step by step."""
        said = [(check.step, f"{check.kind}: {check.why}") for check in self.checks if check.false]
        for finding in self.findings:
            claim, verdict = finding.verdict.claim, finding.verdict
            if verdict.result == "false":
                said.append((finding.step, f"{claim.kind} {claim.quantity}: {verdict.why}"))
        return (f"step {step}, {sentence}" for step, sentence in sorted(said))


class Verifier:
    """Tests the steps of one episode while it is driven again.

    policy: the one that the header names, or None where it cannot be asked again, with why not. between: called
    before every test, to wait there.
    """

    def __init__(
        self,
        episode: Episode,
        policy: Policy | None,
        why_not: str = "",
        between: Callable[[], None] = lambda: None,
    ):
        self.episode, self.policy, self.why_not, self.between = episode, policy, why_not, between
        self._parents: dict[tuple[str, str], tuple[Policy | None, str]] = {}  # by name and weights
        self._references: dict[int, Reference] = {}  # of the step at hand only
        self._futures: dict[int, dict[tuple, Future]] = {}

    def findings(self) -> Iterator[tuple[Finding, ...]]:
        """The findings of every step, in order."""
        return (verified.findings for verified in self.steps(claims_only=True))

    def steps(self, claims_only: bool = False) -> Iterator[Verified]:
        """What every step comes to, in order.

        claims_only: the policy is not asked for its whole decisions again, which costs what driving cost.
        """
        done, diverged = 0, None
        for moment in replay(self.episode):
            if not moment.same:
                diverged = moment.step
                break
            if moment.step < len(self.episode.steps):
                findings = (*self._timed(moment.step), *self.at(moment))
                yield Verified(findings, tuple(self._compared(moment, claims_only)))
                done += 1
        why = (
            f"replay diverged at step {diverged}" if diverged is not None else "replay ended early"
        )
        kinds = CHECKS if claims_only else (*CHECKS, *ASKED)
        otherwise = () if diverged is None else driven_otherwise(self.episode, diverged - 1)
        for step in self.episode.steps[done:]:
            claims = step.rationale.claims
            untested = (Finding(step.scene.step, "replay", _untestable(c, why)) for c in claims)
            findings = (*self._timed(step.scene.step), *untested)
            yield Verified(findings, (*otherwise, *untestable(step, why, kinds)))
            otherwise = ()

    def _compared(self, moment: Moment, claims_only: bool) -> Iterator[Check]:
        """The checks of a decision. It is made again about the scene that was driven again."""
        step = self.episode.steps[moment.step]
        yield from checks(step)
        if not claims_only:
            same_physics = self.episode.header.physics == moment.world.physics
            scene = moment.world.scene if same_physics else step.scene
            before = told_by(self.episode.steps[: step.scene.step])
            yield from decided_again(step, scene, *self.asked(step), before)

    def _timed(self, number: int) -> Iterator[Finding]:
        """A finding where a step's recorded times do not fit what was driven."""
        fault = clock_fault(self.episode, number)
        if fault:
            claim = Claim("observation", "recorded: times", None)
            yield Finding(number, "clock", _false(claim, None, None, fault))

    def at(self, moment: Moment, rationale: Rationale | None = None) -> tuple[Finding, ...]:
        """The findings of one step, at which the replayed world stands (on other words, if given)."""
        step = self.episode.steps[moment.step]
        step = replace(step, rationale=rationale or step.rationale)
        if not step.choice.answered:  # what is said there, Whydrive says
            said = Claim("observation", "text: words", None)
            why = "the policy gave no answer; a fallback chose, and says so"
            return (Finding(moment.step, "text", _untestable(said, why)),)
        if moment.step not in self._futures:
            self._futures = {moment.step: {}}
        futures, asked = _Futures(moment, step, self._futures[moment.step]), _Asked(self, step)
        findings = []
        self.between()
        for verdict in check_rationale(step.scene, step.rationale, step.trajectory):
            if verdict.claim.kind not in ELSEWHERE and not weighed.is_weighed(verdict.claim):
                verdict = _pursued(step.choice, verdict)
                findings.append(Finding(moment.step, _test_of(verdict.claim), verdict))
        for claim in step.rationale.claims:
            self.between()
            if claim.kind == "intention":
                until = before_contact(step, self.episode.end)
                findings.append(Finding(moment.step, "driven", driven(until, claim)))
            elif claim.kind in ("consequence", "rejection"):
                findings.append(Finding(moment.step, "driven out", futures.verdict(claim)))
            elif claim.kind in ("cause", "grade"):
                findings.append(Finding(moment.step, "asked again", asked.verdict(claim)))
            elif weighed.is_weighed(claim):
                verdict = weighed.check(step.scene, step.choice, claim)
                findings.append(Finding(moment.step, "summed", verdict))
        return tuple(findings)

    def asked(self, step: Step) -> tuple[Policy | None, str]:
        """The policy that decided at a step, or None with why it cannot be asked again.

        A branch begins with decisions of the episodes that it comes from, and of their policies.
        """
        header = self.episode.header
        drove = header.policy_at(step.scene.step)
        if drove == (header.policy, header.weights):
            return self.policy, self.why_not
        if drove not in self._parents:
            self._parents[drove] = _again(*drove, "")
        return self._parents[drove]

    def reference(self, step: Step) -> Reference:
        """The policy at a step, to be asked again; what it answered is kept."""
        if step.scene.step not in self._references:
            self._references = {step.scene.step: Reference(self.asked(step)[0], step.scene)}
        return self._references[step.scene.step]


def _pursued(choice: Choice, verdict: Verdict) -> Verdict:
    """A purpose that the scene allows must have counted as well, where the policy says what its terms are worth."""
    purpose = verdict.claim
    if purpose.kind != "purpose" or verdict.result != "true" or choice.chosen.sum is None:
        return verdict
    if weighed.pursued(choice, purpose):
        return verdict
    return _false(purpose, None, None, "nothing that was weighed favours the choice for that")


def _test_of(claim: Claim) -> str:
    if claim.quantity.startswith("text: "):
        return "text"
    return "trajectory" if claim.kind == "intention" else "scene"


# -------------------------------------------------------------------------------- consequences


class _Futures:
    """What the real highway-env does after the options of one step; each is driven once."""

    def __init__(self, moment: Moment, step: Step, futures: dict[tuple, Future]):
        self.world, self.step, self._known = moment.world, step, futures

    def verdict(self, claim: Claim) -> Verdict:
        if claim.quantity not in TOLERANCES or not isinstance(claim.said, float):
            return _untestable(claim, f"no future tells of {claim.quantity!r}")
        option = named_option(self.step, claim.option)
        if option is None:
            return _untestable(claim, "the option is not among those that were weighed")
        absolute, share = TOLERANCES[claim.quantity]
        tolerance = absolute + share * abs(claim.said)
        if claim.quantity == "predicted contact":
            return self._possible(claim, option, tolerance)
        try:
            measured = measure(self.step.scene, claim, self._future(claim, option, tolerance))
        except Unmeasured as why:
            return _false(claim, None, tolerance, str(why))
        if abs(measured - claim.said) <= tolerance + 1e-6:
            return _true(claim, round(measured, 3), tolerance)
        if math.isinf(measured):
            return _false(claim, "never", tolerance, f"not within {claim.said + tolerance:.1f} s")
        return _false(claim, round(measured, 3), tolerance, f"measured {measured:.2f}")

    def _possible(self, claim: Claim, option: Action, tolerance: float) -> Verdict:
        """A contact that could be: it comes true, or would if the car kept its speed on some way on."""
        scene, chosen = (
            self.step.scene,
            next((o for o in self.step.choice.options if o.action == option), Option(option)),
        )
        try:
            real = measure(scene, claim, self._future(claim, option, tolerance))
            possible = [real, *possible_contacts(scene, claim, chosen)]
        except Unmeasured as why:
            return _false(claim, None, tolerance, str(why))
        nearest = min(possible, key=lambda time: abs(time - claim.said))
        if abs(nearest - claim.said) > tolerance + 1e-6:
            return _false(
                claim,
                "never" if math.isinf(nearest) else nearest,
                tolerance,
                "no way on leads there",
            )
        came = abs(real - claim.said) <= tolerance + 1e-6
        return Verdict(claim, "true", nearest, tolerance, "" if came else DID_NOT_COME)

    def _future(self, claim: Claim, option: Action, tolerance: float) -> Future:
        seconds = claim.horizon or HORIZON
        if claim.quantity == "predicted contact":
            seconds = claim.said + tolerance
        elif (
            claim.quantity == "speed" and claim.horizon is None and not isinstance(option, Control)
        ):
            seconds = self.step.scene.period  # its set-point is all that is said of it
        periods = math.ceil(seconds / self.step.scene.period - 1e-9)
        seconds = periods * self.step.scene.period
        key = option, claim.continuation, periods
        if key not in self._known:
            self._known[key] = drive_out(self.world, option, claim.continuation, seconds)
        return self._known[key]


def named_option(step: Step, name: Action | None) -> Action | None:
    """The legal action that a claim's option names: a control may be named by where it drives to."""
    for option in step.choice.options:
        if name in (option.action, Meta(manoeuvre_of(step.scene, option) or "")):
            return option.action
    return name if name is not None and step.scene.legal.allows(name) else None


# ------------------------------------------------------------------------------- what was driven


def before_contact(step: Step, end: End | None) -> Step:
    """The step up to the state before the ego's collision: what a wreck does, nobody intends."""
    if end is None or end.contact is None:
        return step
    count = int(np.searchsorted(step.tracks.times, end.contact.time - EARLY))
    tracks = step.tracks
    cars = {car: track[:count] for car, track in tracks.cars.items()}
    return replace(step, tracks=Tracks(tracks.times[:count], tracks.ego[:count], cars))


def driven(step: Step, claim: Claim) -> Verdict:
    """An intention against what was then driven of its period: has it been begun?

    A change counts as begun only where it went the right way by more than steady driving does, so
    that of two opposite intentions at most one is true. Untestable where the trajectory leads to what
    is said only after the period, and was driven as far as that.
    """
    if step.driven != step.choice.action:
        return _untestable(claim, f"a {step.takeover.by} drove {step.driven} instead")
    if len(step.tracks.times) < 2:
        return _untestable(claim, "a collision came at once")
    verdict = _begun(step, claim)
    if verdict.result == "false" and _comes_later(step, claim):
        return _untestable(claim, "the trajectory leads there, but only after this period")
    return verdict


def _comes_later(step: Step, claim: Claim) -> bool:
    """Does the trajectory lead to what is said, and was it driven up to the end of the period?"""
    path, end, ego = step.trajectory, step.tracks.ego[-1], step.scene.ego
    if check(step.scene, claim, path).result != "true":
        return False
    times = GRID * np.arange(WAYPOINTS + 1)
    foreseen = [
        np.interp(_lasted(step), times, [now, *ahead])
        for now, ahead in ((ego.x, path.x), (ego.y, path.y), (ego.speed, path.speed))
    ]
    return bool((np.abs(end[[0, 1, 3]] - foreseen) <= ASTRAY).all())


def _lasted(step: Step) -> float:
    """[s]"""
    return float(step.tracks.times[-1] - step.tracks.times[0])


def _begun(step: Step, claim: Claim) -> Verdict:
    end, ego = step.tracks.ego[-1], step.scene.ego
    least = MOVED * min(1.0, _lasted(step))
    if claim.quantity == "speed change":
        change = float(end[3]) - ego.speed
        if claim.said not in BEGUN:
            return _untestable(claim, f"nothing is known about the change {claim.said!r}")
        if BEGUN[claim.said](change, float(end[3]), least):
            return _true(claim, round(change, 3), least)
        return _false(claim, round(change, 3), least, f"the speed changed by {change:+.2f} m/s")
    if claim.quantity == "target speed":
        before, after = abs(ego.speed - claim.said), abs(float(end[3]) - claim.said)
        if after <= STEADY or after <= before - least:
            return _true(claim, round(float(end[3]), 3), STEADY)
        return _false(claim, round(float(end[3]), 3), STEADY, "the speed did not move towards it")
    if claim.quantity == "lane":
        return _lane_driven(step, claim)
    return _untestable(claim, f"nothing is known about an intention on {claim.quantity!r}")


BEGUN: dict[
    str, Callable[[float, float, float], bool]
] = {  # (change, speed at the end, least) [m/s]
    "slow down": lambda change, speed, least: change <= -least,
    "speed up": lambda change, speed, least: change >= least,
    "coast down": lambda change, speed, least: change <= -least,
    "pick up": lambda change, speed, least: change >= least,
    "keep speed": lambda change, speed, least: abs(change) <= STEADY,
    "stop": lambda change, speed, least: (
        abs(speed) < STANDING or change * speed < 0 and abs(change) >= least
    ),
    "wait": lambda change, speed, least: abs(speed) < STANDING,
    "drive backwards": lambda change, speed, least: speed <= -STANDING or change <= -least,
}


def _lane_driven(step: Step, claim: Claim) -> Verdict:
    """Does the car stay in the lane that it names, or has it begun to move there?"""
    road, ego, end = step.scene.road, step.scene.ego, step.tracks.ego[-1]
    now = road.closest(float(end[0]), float(end[1]), float(end[2]))
    if now.id[:2] != ego.lane[:2]:
        return _untestable(claim, "the road's sections changed, and with them the lanes' numbers")
    wanted = ego.lane[2] + 1 - int(claim.said)  # lanes to the left
    aside = _aside(step)
    if abs(aside) > 2 * road.lane(ego.lane).width:
        return _untestable(claim, "the car left the stretch that the lane's frame covers")
    beside = road.side(ego.lane, "left" if aside > 0 else "right")
    stays = abs(aside) < LEAVES or beside is None
    begun = aside * wanted > 0 and not stays
    if stays if wanted == 0 else begun:
        return _true(claim, float(now.id[2] + 1), None)
    return _false(claim, float(now.id[2] + 1), None, f"it moves {aside:+.2f} m to the left")


def _aside(step: Step) -> float:
    """How far to the left of its lane's middle [m] the place is that the car steers for at the end of the period.

    highway-env's drivers make up an offset d at d / TAU, by a heading that they turn to within TURNING
    (`ControlledVehicle.steering_control`); read backwards from the last two sub-steps.
    """
    lane = step.scene.road.lane(step.scene.ego.lane)
    (x, y, heading, speed), (*_, turned, _) = (map(float, row) for row in step.tracks.ego[-2:])
    s, across = map(float, lane.frenet(x, y))
    rate = float(wrap(turned - heading)) / float(np.diff(step.tracks.times[-2:])[0])
    aim = float(wrap(heading - float(lane.heading(s)))) + TURNING * rate
    return across + TAU * speed * math.sin(aim)


# ---------------------------------------------------------------------------------- asked again


class _Asked:
    """The policy, asked again about one step's scene, edited."""

    def __init__(self, verifier: Verifier, step: Step):
        self.verifier, self.step = verifier, step

    def verdict(self, claim: Claim) -> Verdict:
        policy, why_not = self.verifier.asked(self.step)
        if policy is None:
            return _untestable(claim, why_not)
        try:
            ask = self.verifier.reference(self.step)
            if ask.choice.action != self.step.choice.action:
                return _untestable(claim, "the policy decides otherwise when it is asked again")
            table = GRADED if claim.kind == "grade" else CAUSES
            return table.get(claim.quantity, _of_condition)(self, claim, ask)
        except Exception as error:
            return _untestable(claim, f"the policy raised {type(error).__name__}: {error}")

    def changes(self, claim: Claim, effect: Effect) -> Verdict:
        """Does it do what the claim says would be done instead?"""
        if not effect.real:
            return _false(claim, round(effect.metres, 3), LEAST, "the decision stays as it is")
        if claim.option is not None and not self._names(claim.option, effect.action):
            return _false(claim, str(effect.action), LEAST, f"it would choose {effect.action}")
        return _true(claim, round(effect.metres, 3), LEAST)

    def _names(self, said: Action, action: Action) -> bool:
        """Is that what this action is called? A control is compared as precisely as it is said."""
        if isinstance(said, Control):
            return isinstance(action, Control) and all(
                abs(getattr(said, name) - getattr(action, name)) <= most + 1e-9
                for name, most in SAID_WITHIN.items()
            )
        if isinstance(action, Follow):
            other = isinstance(self.step.choice.action, Follow)
            path = FOLLOW_OTHER if other else FOLLOW
            return said in (path, Meta(manoeuvre_of(self.step.scene, Option(action))))
        return named_option(self.step, said) == action

    def causes(self) -> set[int]:
        """Cars that cannot be a placebo: those that are cited, and those that were tested to be causes."""
        tested = self.step.attribution.causes if self.step.attribution else ()
        return self.cited() | {car for cause in tested for car in cause.cars}

    def cited(self) -> set[int]:
        return {
            car
            for claim in self.step.rationale.claims
            if claim.kind == "cause"
            for car in claim.cars
        }


def _without(asked: _Asked, claim: Claim, ask: Reference) -> Verdict:
    scene = asked.step.scene
    strangers = set(claim.cars) - {car.id for car in scene.cars}
    if strangers:
        return _false(claim, None, LEAST, f"no car {min(strangers)} in the scene")
    if claim.objects:
        return asked.changes(
            claim, ask.effect_of(reference.without_object(scene, set(claim.objects)))
        )
    effect = ask.hiding(*claim.cars)
    verdict = asked.changes(claim, effect)
    if verdict.result != "true":
        return verdict
    for fewer in range(1, len(claim.cars)):
        for ids in itertools.combinations(claim.cars, fewer):
            if ask.hiding(*ids).real:
                return _false(claim, None, LEAST, f"car {ids[0]} without the others does it too")
    placebo = [reference.similar_car(scene, car, asked.causes()) for car in claim.cars]
    if None not in placebo and (idle := ask.hiding(*placebo).metres) >= effect.metres:
        return _false(claim, round(idle, 3), LEAST, f"car {placebo[0]}, a placebo, does as much")
    return verdict


def _traffic(asked: _Asked, claim: Claim, ask: Reference) -> Verdict:
    """Without all cars: would that be done, and does no single car do it?"""
    cars = [car.id for car in asked.step.scene.cars]
    alone = next((car for car in cars if ask.hiding(car).real), None)
    if alone is not None:
        return _false(claim, ask.hiding(alone).metres, LEAST, f"car {alone} does it alone")
    return asked.changes(claim, ask.hiding(*cars))


def _more(asked: _Asked, claim: Claim, ask: Reference) -> Verdict:
    """How many cars that are not named would, hidden alone, have what the last named cause has."""
    named = [c for c in asked.step.rationale.claims if c.kind == "cause" and c.option is not None]
    if not named:
        return _false(claim, None, None, "no cause is named before")
    others = {car.id for car in asked.step.scene.cars} - asked.cited()
    like = replace(named[0], cars=())
    alike = [car for car in sorted(others) if asked.changes(like, ask.hiding(car)).result == "true"]
    if len(alike) >= claim.said:
        return _true(claim, float(len(alike)), None)
    return _false(claim, float(len(alike)), None, f"so do {len(alike)} more cars")


def _of_condition(asked: _Asked, claim: Claim, ask: Reference) -> Verdict:
    if claim.quantity not in reference.WITHOUT:
        return _untestable(claim, f"nothing is known about the condition {claim.quantity!r}")
    return asked.changes(claim, ask.effect_of(reference.WITHOUT[claim.quantity](asked.step.scene)))


def _by_relation(asked: _Asked, claim: Claim, ask: Reference) -> Verdict:
    """Without the car that stands in the relation."""
    car = sight.car_in(asked.step.scene, claim.quantity.removeprefix("without "))
    if car is None:
        return _false(claim, None, LEAST, "nobody is there")
    return asked.changes(claim, ask.hiding(car.id))


def _graded(asked: _Asked, claim: Claim, ask: Reference) -> Verdict:
    """What the policy calls an option, when it is asked again."""
    thoughts = (thought for thought in ask.choice.thoughts if thought.kind == "grade")
    now = next((each.quantity for each in thoughts if each.option == claim.option), None)
    if now == claim.quantity:
        return _true(claim, now, None)
    return _false(claim, now, None, f"asked again it says {now or 'nothing'} of it")


CAUSES = {
    "without": _without,
    "decision": _without,
    "traffic": _traffic,
    "more": _more,
    **{f"without {relation}": _by_relation for relation in RELATIONS},
}
GRADED = dict.fromkeys(GRADES, _graded)


# -------------------------------------------------------------------------------------- verdicts


def _true(claim: Claim, measured, tolerance) -> Verdict:
    return Verdict(claim, "true", measured, tolerance)


def _false(claim: Claim, measured, tolerance, why: str) -> Verdict:
    return Verdict(claim, "false", measured, tolerance, why)


def _untestable(claim: Claim, why: str) -> Verdict:
    return Verdict(claim, "untestable", None, None, why)


# ---------------------------------------------------------------------------------- logs on disk


def path_beside(path: Path) -> Path:
    """Where the verdicts on a log lie."""
    return path.with_name(f"{lines.stem(path)}.verdicts.jsonl")


def logs_of(run: Path) -> tuple[Path, ...]:
    """The log, or every log of a folder. ValueError where there is none."""
    if run.is_file():
        return (run,)
    paths = sorted(
        path
        for ending in lines.ENDINGS
        for path in run.rglob(f"*{ending}")
        if not path.name.endswith(shelf.ASIDE) and path.name != shelf.NOTEBOOK
    )
    if not paths:
        raise ValueError(f"no log in {run}")
    return tuple(paths)


def verify_log(path: Path, claims_only: bool = False) -> Verified:
    """Test one log and write the verdicts beside it. claims_only: as for `Verifier.steps`."""
    findings: list[Finding] = []
    made: list[Check] = []
    for step in verify_steps(path, claims_only):
        findings += step.findings
        made += step.checks
    return Verified(tuple(findings), tuple(made))


def verify_steps(
    path: Path, claims_only: bool = False, between: Callable[[], None] = lambda: None
) -> Iterator[Verified]:
    """What every step of a log comes to, as it is tested; after the last the verdicts lie beside the log.

    between: called before every test, to wait there.
    """
    episode = log.read(path).episode
    policy, why_not = asked_again(episode.header)
    with whole(path_beside(path)) as part, open(part, "wb") as file:
        header = {
            "schema": SCHEMA,
            "version": VERSION,
            "log": path.name,
            "digest": log.digest(episode),
        }
        file.write(orjson.dumps(header) + b"\n")
        for step in Verifier(episode, policy, why_not, between).steps(claims_only):
            yield step
            for row in (*map(plain, step.findings), *(CHECK | plain(c) for c in step.checks)):
                file.write(orjson.dumps(row) + b"\n")


def read_verdicts(path: Path) -> Verified:
    """Verdicts as they were written. ValueError where the file is none or belongs to a newer version."""
    (_, header), *rows = lines.rows(path)[0] or [(1, {})]
    if header.get("schema") != SCHEMA or str(header.get("version")).split(".")[0] != "1":
        raise ValueError(f"{path} holds no verdicts that can be read")
    of_claims = [row for _, row in rows if "is" not in row]
    of_decisions = [row for _, row in rows if row.get("is") == CHECK["is"]]
    return Verified(
        tuple(build(Finding, row) for row in of_claims),
        tuple(build(Check, row) for row in of_decisions),
    )


def asked_again(header: Header) -> tuple[Policy | None, str]:
    """The policy that drove, or None and why it cannot be asked again."""
    return _again(header.policy, header.weights, header.settings)


def _again(name: str, learned: str, tuned: str) -> tuple[Policy | None, str]:
    try:
        return policies.again(name, learned, tuned), ""
    except ValueError as error:
        return None, str(error)


def verify_logs(
    paths: Iterable[Path], engine: Engine = Local(), claims_only: bool = False
) -> Iterator[tuple[Path, Verified | Failure]]:
    """Every log with what it came to, as they are done; a log that cannot be tested comes with why not."""
    if engine.shares_disk:
        yield from engine.run(paths, partial(verify_log, claims_only=claims_only))
        return
    away = partial(_verify_away, claims_only=claims_only)
    for (path, _), answer in engine.run(((p, p.read_bytes()) for p in paths), away):
        if isinstance(answer, Failure):
            yield path, answer
        else:
            verified, verdicts = answer
            put(path_beside(path), verdicts)
            yield path, verified


def _verify_away(job: tuple[Path, bytes], claims_only: bool) -> tuple[Verified, bytes]:
    """Test a log that has travelled here; the verdicts travel back."""
    path, content = job
    with tempfile.TemporaryDirectory() as here:
        copy = Path(here) / path.name
        copy.write_bytes(content)
        return verify_log(copy, claims_only), path_beside(copy).read_bytes()
