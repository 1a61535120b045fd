"""The monitor: where the planner drives in a policy's place, what the log says of it, and what a forged log is told by."""

from dataclasses import replace

import pytest

from drive import evaluation
from drive import policy as policies
from drive.checking.verdicts import Verifier, asked_again
from drive.cli import main
from drive.episodes import by_hand, log
from drive.episodes.branch import branch
from drive.episodes.record import finished
from drive.episodes.rollout import run, run_unexplained
from drive.language import LANGUAGES, say_takeover, spoken
from drive.measures.metrics import measure
from drive.policy import load
from drive.show import viewer
from drive.show.telling import telling
from drive.types import Choice, Control, Follow, Meta, Option, Term
from drive.world import World
from policies.monitored import Monitored, Settings, hypotheses
from policies.planner import Planner

SECONDS = 10


def world():
    return World("highway-fast", {"duration": SECONDS}, "twin")


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """A policy that only speeds up, watched; as it is read from its log."""
    path = tmp_path_factory.mktemp("monitor") / "x.jsonl"
    log.write(path, finished(run(world(), load("monitored:faster"), 0, causes="never")))
    return log.read(path).episode


def taken(driven):
    return [step for step in driven.steps if step.takeover]


def forged(driven, number, **changes):
    steps = list(driven.steps)
    steps[number] = replace(steps[number], **changes)
    return replace(driven, steps=tuple(steps))


def false(driven, claims_only=False):
    steps = list(Verifier(driven, *asked_again(driven.header)).steps(claims_only))
    told = [f.verdict.why for step in steps for f in step.findings if f.verdict.result == "false"]
    return told + [f"{c.kind}: {c.why}" for step in steps for c in step.checks if c.false]


def contacts(weighed, action):
    """In how many hypotheses the best plans of an action end in a contact."""
    terms = (term for term in weighed.option(action).terms if term.kind == "contact")
    return sum(term.likely[0] for term in terms)


# ---------------------------------------------------------------------------------- what is driven


def test_it_saves_a_policy_that_would_collide(driven):
    alone = run_unexplained(world(), load("faster"), 0)
    assert alone.end.reason == "collision" and driven.end.reason == "time is up"
    assert 0 < len(taken(driven)) < len(driven.steps)


def test_the_planner_drives_where_more_of_its_hypotheses_end_in_a_contact_and_nowhere_else(driven):
    for step in driven.steps:
        weighed = Planner().decide(step.scene)
        ours, best = contacts(weighed, step.choice.action), contacts(weighed, weighed.action)
        assert (ours > best) == (step.takeover is not None)
        assert step.driven == (weighed.action if ours > best else step.choice.action)
        assert step.choice.action == load("faster").decide(step.scene).action, "it says its own"


def test_it_asks_of_the_scene_alone(driven):
    """Asked again, by another monitor and in another order, it says the same of the scene that the log holds."""
    again = load("monitored:faster")
    for step in reversed(driven.steps):
        assert policies.taken_over(again, step.scene, step.choice) == step.takeover


def test_a_watched_policy_has_the_powers_of_its_own():
    watched, own = load("monitored:planner"), load("planner")
    powers = policies.powers(watched)
    assert powers.imagined is not None and powers.taken_over is not None
    assert policies.powers(own).taken_over is None
    assert (watched.name, watched.tie) == ("monitored:planner", own.tie)


def test_what_is_tuned_of_the_policy_the_planner_or_the_monitor_changes_the_digest():
    plain, other = Monitored(load("rule")), Monitored(load("rule"), least=2)
    assert Settings.least == plain.settings.least == 1
    digests = {policies.settings(each) for each in (plain, other, Monitored(load("idle")))}
    assert len(digests) == 3


def test_a_path_is_not_weighed(driven):
    step = driven.steps[0]
    path = Follow(step.choice.chosen.trajectory)
    with pytest.raises(policies.PolicyError, match="the planner does not weigh"):
        policies.taken_over(load("monitored:faster"), step.scene, Choice(path, (Option(path),)))


@pytest.mark.parametrize("name", ["racetrack", "racetrack-oval"])
def test_where_the_road_is_steered_it_keeps_a_policy_on_it(name):
    def drive(policy):
        return run_unexplained(World(name, {"duration": 12}, "twin"), load(policy), 1)

    watched = drive("monitored:idle")
    assert drive("idle").end.reason == "off road" and watched.end.reason == "time is up"
    feared = [term for step in taken(watched) for term in step.takeover.feared]
    assert {term.kind for term in feared} == {"off the road"}
    assert not taken(drive("monitored:idm")), "a policy that needs no help has none"


def test_what_leads_off_the_road_is_driven_out_with_the_action_first():
    """The control of the policy itself is driven, whatever it is; then the best manoeuvre."""
    scene = World("racetrack", physics="twin").reset(1)
    planner, most = Planner(), max(scene.legal.steering)
    weighed = planner.decide(scene)
    assert planner.dangers(scene, weighed, weighed.action) == ()
    for side in (-1, 1):
        terms = planner.dangers(scene, weighed, Control(weighed.action.acceleration, side * most))
        assert all(term.kind in ("contact", "off the road") for term in terms)


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("monitored", "policy 'monitored' is made from something: monitored:POLICY"),
        ("monitored:nobody", "no policy 'nobody'"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_sentence(name, sentence, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["whydrive", "run", "highway-fast", "--policy", name])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2 and sentence in capsys.readouterr().err


# -------------------------------------------------------------------------------- what the log says


def test_a_log_says_what_took_over_and_what_was_feared(driven):
    assert driven.header.takeovers == "monitor" and not driven.header.by_hand
    for step in taken(driven):
        feared, left = step.takeover.feared, step.takeover.left
        assert step.takeover.by == "monitor" and step.takeover.action == step.driven
        assert feared and all(term.kind == "contact" and term.likely for term in feared)
        assert hypotheses(feared) > hypotheses(left)


def test_what_it_says_is_checked_and_true(driven):
    assert not [why for why in false(driven) if why.startswith("takeovers")]


@pytest.mark.parametrize("claims_only", [True, False])
def test_a_takeover_that_is_left_out_is_told(driven, claims_only):
    number = taken(driven)[0].scene.step
    told = false(forged(driven, number, takeover=None), claims_only)
    assert any("was driven, as the next scene shows" in why for why in told), told


def test_one_that_is_left_out_of_the_last_decision_is_told_by_asking_again(driven):
    number = taken(driven)[-1].scene.step
    short = replace(driven, steps=driven.steps[: number + 1], end=None)
    told = false(forged(short, number, takeover=None))
    assert any(why.startswith("takeovers: the takeover: action") for why in told)


def test_one_that_is_made_up_is_told(driven):
    """The action that is driven is the policy's own, so the scenes show nothing."""
    number = next(step.scene.step for step in driven.steps if not step.takeover)
    invented = replace(taken(driven)[0].takeover, action=driven.steps[number].driven)
    told = false(forged(driven, number, takeover=invented))
    assert any(why.startswith("takeovers: the takeover") for why in told), told


@pytest.mark.parametrize(
    "change",
    [{"cars": (99,)}, {"after": 0.1}, {"value": 0.1}, {"likely": (1, 99)}, {"worth": -1.0}],
    ids=str,
)
def test_another_reason_is_told(driven, change):
    step = taken(driven)[0]
    first, *others = step.takeover.feared
    reason = replace(step.takeover, feared=(replace(first, **change), *others))
    told = false(forged(driven, step.scene.step, takeover=reason))
    assert any(why.startswith("takeovers: the takeover, what is feared") for why in told), told


def test_a_takeover_by_a_monitor_in_a_log_that_names_none_is_refused(driven, tmp_path):
    log.write(tmp_path / "x.jsonl", replace(driven, header=replace(driven.header, takeovers="")))
    with pytest.raises(ValueError, match="a monitor drove, and the header says that none did"):
        log.read(tmp_path / "x.jsonl")


def test_a_branch_goes_on_watched_and_a_person_may_drive_beside_the_monitor(driven, tmp_path):
    number = taken(driven)[0].scene.step
    same = branch(driven, number, causes="never", decisions=1)
    assert same.steps[number].takeover == driven.steps[number].takeover
    wheel = by_hand.from_moment(driven, number, tmp_path, causes="never")
    wheel.drive(None)
    wheel.drive(Meta("SLOWER"))
    wheel.close()
    both = log.read(wheel.path).episode
    assert both.header.takeovers == "person, monitor" and both.header.by_hand
    assert [step.takeover.by for step in both.steps[number:]] == ["monitor", "person"]


# ------------------------------------------------------------------------------- how it is told


@pytest.mark.parametrize(
    "language, said",
    [
        ("en", "Speeding up may end in a contact with car 4 after 1.8 s, in 5 of 7 hypotheses. Slowing down does in "),
        ("de", "Das Beschleunigen kann nach 1,8 s in einer Berührung mit Wagen 4 enden, in 5 von 7 Hypothesen. "),
        ("zh", "加速可能在 1.8 秒 后与 4 号车相撞，7 个假设中有 5 个如此。减速则"),
    ],
)  # fmt: skip
def test_why_is_said_in_every_language(driven, language, said):
    term = Term("contact", 1.8, "s", "against", cars=(4,), after=1.8, likely=(5, 7))
    reason = replace(taken(driven)[0].takeover, action=Meta("SLOWER"), feared=(term,), left=())
    told = say_takeover(Meta("FASTER"), reason, language)
    assert told.startswith(said)
    off = replace(reason, feared=(term, replace(term, kind="off the road", cars=(), likely=(2, 7))))
    assert say_takeover(Meta("FASTER"), off, language) != told
    some = replace(reason, left=(replace(term, likely=(2, 7)),))
    assert "2" in say_takeover(Meta("FASTER"), some, language).removeprefix(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_terminal_say_it_and_when_it_is_handed_back(driven, language):
    data = viewer.player_data(driven, language=language)
    assert not data["header"]["by_hand"]
    for before, step, told in zip((None, *driven.steps), driven.steps, data["steps"], strict=False):
        assert (told["takeover"] is None) == (step.takeover is None)
        assert bool(told["back"]) == bool(before and before.takeover and not step.takeover)
        if step.takeover:
            why = say_takeover(step.choice.action, step.takeover, language)
            assert "".join(phrase["text"] for phrase in told["takeover"]["why"]) == why
            assert why in spoken(step, language)
            assert "takeover" in [moment["kind"] for moment in told["moments"]]
    assert any(step["back"] for step in data["steps"])
    lines = "".join(telling((*driven.steps, driven.end), language))
    assert next(step["back"] for step in data["steps"] if step["back"]) in lines


def test_consecutive_takeovers_are_one_and_only_a_monitor_s_count(driven):
    whole = measure(driven)
    over = [bool(step.takeover) for step in driven.steps]
    count = sum(now and not before for before, now in zip([False, *over], over, strict=False))
    assert whole["takeovers"] == count and whole["success without takeover"] == 0.0
    assert whole["takeovers per 100 km"] == pytest.approx(count / whole["distance"] * 1e5)
    calm = replace(driven, steps=tuple(replace(step, takeover=None) for step in driven.steps))
    assert measure(calm)["success without takeover"] == 1.0


def test_an_evaluation_tells_takeovers_where_something_watches(tmp_path):
    results = evaluation.evaluate(
        "highway-fast",
        ["faster", "monitored:faster"],
        1,
        workers=0,
        out=tmp_path,
        overrides={"duration": 4},
        physics="twin",
        causes="never",
        progress=False,
    )
    assert results.besides == ("success without takeover", "takeovers per 100 km")
    text = "\n".join(evaluation.told(results))
    assert "takeovers" in text and "/100 km" in text
    alone = evaluation.results_of(tmp_path).estimate(
        "highway-fast", "faster", "takeovers per 100 km"
    )
    assert alone.n == 0
