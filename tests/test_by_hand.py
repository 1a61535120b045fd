"""Driving by hand: what is driven, what the log says of it, what a forged log is told by, and hindsight."""

import asyncio
import json
import re
from dataclasses import replace

import pytest
from digests import episode

from drive.checking.purposes import kept
from drive.checking.verdicts import Verifier, asked_again
from drive.cli import main
from drive.episodes import by_hand, hindsight, log
from drive.episodes.branch import branch
from drive.episodes.replay import replay
from drive.language import LANGUAGES, hand_words, spoken
from drive.language.by_hand import HANDS
from drive.measures.metrics import measure
from drive.policy import load
from drive.show import differences, requests, seats, viewer
from drive.show.film import subtitles
from drive.types import Claim, Contact, Meta, Takeover

KEYS = ("FASTER", "SLOWER", None, "SLOWER", "LANE_RIGHT", "IDLE")  # None: the policy drives
LEFT_INTO_CAR_1 = 1  # a decision of seed 0 at which a car is on the left


def hand(wheel, *keys):
    """What is driven by these keys, as it is read from its log."""
    for key in keys:
        wheel.drive(None if key is None else Meta(key))
    wheel.close()
    return log.read(wheel.path).episode


@pytest.fixture(scope="module")
def driven(tmp_path_factory):
    """Six decisions of seed 0, by hand where a key is named."""
    folder = tmp_path_factory.mktemp("by-hand")
    return hand(by_hand.from_start("highway-fast", load("planner"), 0, folder), *KEYS)


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """A change to the left, into the car that the policy warns of."""
    folder = tmp_path_factory.mktemp("crashed")
    return hand(
        by_hand.from_start("highway-fast", load("planner"), 0, folder), "FASTER", "LANE_LEFT"
    )


def parted(driven):
    return next(hindsight.differences(driven)).scene.step


def verified(driven, claims_only=False):
    steps = list(Verifier(driven, *asked_again(driven.header)).steps(claims_only))
    findings = [finding for step in steps for finding in step.findings]
    return findings, [check for step in steps for check in step.checks]


def false(driven, claims_only=False):
    findings, checks = verified(driven, claims_only)
    told = [finding.verdict.why for finding in findings if finding.verdict.result == "false"]
    return told + [f"{check.kind}: {check.why}" for check in checks if check.false]


# -------------------------------------------------------------------------------------- the log


def test_the_log_says_of_every_decision_what_decided_it(driven):
    assert driven.header.takeovers == "person"
    taken = [step.takeover and str(step.takeover.action) for step in driven.steps]
    assert taken == ["FASTER", "SLOWER", None, "SLOWER", "IDLE", "IDLE"], "no lane on the right"
    assert [step.driven == step.choice.action for step in driven.steps].count(False) >= 2


def test_a_person_s_action_is_driven_and_the_episode_can_be_driven_again(driven):
    for physics in ("twin", "highway-env"):
        moments = list(replay(driven, physics))
        assert len(moments) == len(driven.steps) and all(moment.same for moment in moments)


def test_an_honest_log_has_nothing_false_and_tests_no_intention_that_was_not_driven(driven):
    assert false(driven) == []
    findings, _ = verified(driven, claims_only=True)
    for step in driven.steps:
        results = {
            f.verdict.result for f in findings if (f.step, f.test) == (step.scene.step, "driven")
        }
        assert results <= ({"true"} if step.driven == step.choice.action else {"untestable"})


def test_what_the_policy_says_is_its_own_decision_about_the_same_scene(driven):
    for step in driven.steps:
        assert load("planner").decide(step.scene).action == step.choice.action


def test_after_an_action_that_was_not_its_own_the_policy_does_not_go_on(driven):
    for before, after in zip(driven.steps, driven.steps[1:], strict=False):
        if before.driven != before.choice.action:
            assert "still" not in after.rationale.text.lower()


def test_a_log_of_a_policy_says_nothing_of_takeovers(tmp_path):
    log.write(tmp_path / "x.jsonl", episode("highway-fast", "rule"))
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert "takeovers" not in lines[0] and not any("takeover" in line for line in lines)


def forged(driven, number, **changes):
    steps = list(driven.steps)
    steps[number] = replace(steps[number], **changes)
    return replace(driven, steps=tuple(steps))


def test_a_person_s_action_that_is_passed_off_as_the_policy_s_is_told(driven):
    number = parted(driven)
    step = driven.steps[number]
    choice = replace(step.choice, action=step.driven)
    told = false(forged(driven, number, choice=choice, takeover=None))
    assert any(why.startswith("choice: the choice: action") for why in told), told


@pytest.mark.parametrize("claims_only", [True, False])
def test_a_takeover_that_is_hidden_is_told_by_the_scene_after_it(driven, claims_only):
    number = parted(driven)
    done = driven.steps[number].driven
    told = false(forged(driven, number, takeover=None), claims_only)
    assert any(f"{done} was driven, as the next scene shows" in why for why in told), told


def test_another_action_than_the_person_s_is_told_by_the_scene_after_it(driven):
    told = false(forged(driven, 0, takeover=Takeover("person", Meta("SLOWER"))), True)
    assert any("FASTER was driven" in why and "says SLOWER" in why for why in told), told


def test_words_that_give_the_person_a_reason_are_told(driven):
    number = parted(driven)
    said = replace(driven.steps[number].rationale, text="Slow down to be safe.")
    assert any(why.startswith("words:") for why in false(forged(driven, number, rationale=said)))


def test_a_takeover_in_a_log_that_names_no_person_is_refused(driven, tmp_path):
    log.write(tmp_path / "x.jsonl", replace(driven, header=replace(driven.header, takeovers="")))
    with pytest.raises(ValueError, match="a person drove, and the header says that none did"):
        log.read(tmp_path / "x.jsonl")


def test_metrics_are_of_what_was_driven(driven):
    alone = replace(driven, steps=tuple(replace(s, takeover=None) for s in driven.steps))
    undone, name = (
        [measure(each, ("action flapping",)) for each in (driven, alone)],
        "action flapping",
    )
    assert undone[0][name] > undone[1][name]


def test_a_purpose_is_followed_only_as_far_as_the_policy_s_own_decisions_were_driven(driven):
    number = parted(driven)
    purpose = Claim("purpose", "reach exit", None)
    steps = [
        replace(step, rationale=replace(step.rationale, claims=(purpose,))) for step in driven.steps
    ]
    assert list(kept(steps[number], tuple(steps[number + 1 :]), None)) == []


# ------------------------------------------------------------------------------------ the wheel


@pytest.mark.parametrize("step", [0, 3])
def test_the_wheel_is_taken_at_the_very_moment_of_a_log(step, tmp_path):
    parent = episode("highway-fast", "rule")
    taken = hand(by_hand.from_moment(parent, step, tmp_path), "SLOWER")
    assert taken.steps[:step] == parent.steps[:step]
    assert taken.steps[step].scene == parent.steps[step].scene
    assert taken.steps[step].choice.action == parent.steps[step].choice.action
    assert taken.header.parent.step == step
    assert taken.header.parent.digest == log.digest(parent)
    assert false(taken) == []


def test_where_nobody_takes_over_the_policy_drives_as_it_would_have(tmp_path):
    parent = episode("highway-fast", "rule")
    rest = branch(parent, 3, decisions=3)
    left = hand(by_hand.from_moment(parent, 3, tmp_path, causes="every"), None, None, None)
    assert [s.tracks for s in left.steps] == [s.tracks for s in rest.steps]
    assert [s.rationale for s in left.steps] == [s.rationale for s in rest.steps]


def test_an_episode_ends_by_hand_as_it_would_otherwise(crashed):
    assert crashed.end.reason == "collision" and crashed.end.contact.partner == "car 1"
    assert crashed.end.metrics["collision"] == 1.0 and false(crashed, True) == []


def test_roads_that_are_steered_are_refused_in_one_sentence_and_nothing_is_written(tmp_path):
    with pytest.raises(ValueError, match="driving by hand is offered where lanes and speeds"):
        by_hand.from_start("racetrack", load("idle"), 0, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_a_key_s_action_is_driven(tmp_path):
    wheel = by_hand.from_start("two-way", load("idle"), 0, tmp_path)
    with pytest.raises(ValueError, match="no action 'FLY'; choose from LANE_LEFT"):
        wheel.drive(Meta("FLY"))


# ------------------------------------------------------------------------------------ hindsight


def course(ended=None, **measured):
    usual = {"arrived": 0.0, "goal missed": None, "distance": 100.0, "headway": 1.5}
    usual |= {"time to collision": 4.0} | {
        name.replace("_", " "): v for name, v in measured.items()
    }
    contact = Contact(2.0, "car 4", "front", True) if ended == "collision" else None
    return hindsight.Course(Meta("IDLE"), 6.0, ended, contact, usual)


@pytest.mark.parametrize(
    ("person", "policy", "better", "by"),
    [
        (course(), course(), "tie", set()),
        (course(distance=100.9), course(), "tie", set()),
        (course(distance=102.0), course(), "person", {"distance"}),
        (course(headway=1.2), course(), "policy", {"headway"}),
        (course(headway=2.5), course(headway=9.0), "tie", set()),
        (course(headway=None), course(headway=1.0), "person", {"headway"}),
        (course(time_to_collision=None), course(time_to_collision=7.0), "tie", set()),
        (course(distance=110.0, headway=0.5), course(), "neither", {"distance", "headway"}),
        (course(goal_missed=0.0), course(goal_missed=1.0), "person", {"goal missed"}),
        (course(arrived=0.0), course(arrived=1.0), "policy", {"arrived"}),
        (course("collision", distance=500.0), course(), "policy", {"unbroken"}),
        (course(), course("off road"), "person", {"unbroken"}),
        (course("collision"), course("off road"), "tie", set()),
        (course("arrived"), course(), "tie", set()),
    ],
)
def test_better_is_what_is_better_in_one_measure_and_worse_in_none(person, policy, better, by):
    said, where = hindsight.compared(person, policy)
    assert (said, set(where)) == (better, by)
    other, _ = hindsight.compared(policy, person)
    assert other == {"person": "policy", "policy": "person"}.get(better, better)


def test_hindsight_drives_the_policy_s_action_as_a_branch_does(driven):
    number = parted(driven)
    seen = hindsight.Looker(driven).look(number)
    rest = branch(driven, number, decisions=6, causes="never")
    own = replace(rest, steps=rest.steps[number:])
    assert seen.seconds == 6.0
    distance = seen.policy.measured["distance"]
    assert distance == pytest.approx(measure(own, ("distance",))["distance"])
    assert seen.person.action == driven.steps[number].driven


def test_hindsight_of_a_collision_names_it(crashed):
    seen = hindsight.Looker(crashed).look(LEFT_INTO_CAR_1)
    assert (seen.better, seen.by) == ("policy", {"unbroken": "policy"})
    said = differences.sentence(seen)
    assert re.fullmatch(
        r"The policy's was better: yours ends in a collision with car 1 after \d\.\d s\.", said
    )
    assert "mit Wagen 1" in differences.sentence(seen, "de")


def test_hindsight_is_asked_only_where_both_differed(driven):
    with pytest.raises(ValueError, match="nothing else was driven than the policy would have"):
        hindsight.Looker(driven).look(2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_is_said_in_every_language(language, driven):
    pairs = [
        (course(), course()), (course(distance=120.0, headway=2.0), course()), (course(headway=0.5), course()),
        (course(distance=120.0, headway=0.5), course()), (course("collision"), course()),
        (course(), course("off road")), (course("collision"), course("policy failed")),
        (course(arrived=1.0, goal_missed=0.0), course(goal_missed=1.0)),
    ]  # fmt: skip
    said = set()
    for person, policy in pairs:
        seen = hindsight.Hindsight(
            driven.steps[0], person, policy, *hindsight.compared(person, policy)
        )
        said.add(differences.sentence(seen, language))
        assert all(differences.figures(seen, language))
    assert len(said) == len(pairs) and not any(re.search("[{}]|None|nan", text) for text in said)


def test_languages_say_the_same_things_with_the_same_slots():
    def slots(words):
        tables = (words.page, words.better, words.gains, words.endings)
        return [
            {k: sorted(re.findall(r"\{\w+\}", v)) for k, v in table.items()} for table in tables
        ]

    assert all(slots(HANDS[language]) == slots(HANDS["en"]) for language in LANGUAGES)
    assert all("{act}" in words.beside for words in HANDS.values())


def test_the_terminal_tells_what_the_page_shows(driven, tmp_path, capsys, monkeypatch):
    log.write(tmp_path / "run" / "x.jsonl", driven)
    monkeypatch.setattr("sys.argv", ["whydrive", "hindsight", str(tmp_path / "run" / "x.jsonl")])
    with pytest.raises(SystemExit) as done:
        main()
    printed = capsys.readouterr().out
    assert done.value.code in (0, None)
    looking = differences.Looking(lambda run, name: tmp_path / run / f"{name}.jsonl")
    steps = [step.scene.step for step in hindsight.differences(driven)]
    assert f"differed: {len(steps)} of your 5 decisions" in printed
    for number in steps:
        told = looking.look("run", "x", number)
        assert told["text"] in printed and all(figure in printed for figure in told["figures"])
        assert told["how"] in printed


# --------------------------------------------------------------------------------------- shown


def test_words_beside_a_person_s_action_are_the_policy_s_and_say_so(driven):
    number = parted(driven)
    line = spoken(driven.steps[number])
    assert "[by hand; the policy would " in line
    assert subtitles(driven).count("[by hand; the policy would ") == 5
    assert "by hand, beside planner" in subtitles(driven)
    data = viewer.player_data(driven)
    assert data["header"]["by_hand"] and not data["header"]["anywhere"]
    step = data["steps"][number]
    assert step["takeover"]["differs"] and step["takeover"]["would"] != step["done"]
    assert [o["action"] for o in step["options"] if o["driven"]] == [step["action"]]
    assert [o["words"] for o in step["options"] if o["chosen"]] == [step["takeover"]["would"]]
    assert data["steps"][2]["takeover"] is None, "there the policy drove"


# ----------------------------------------------------------------------------------- the visitors


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("WHYDRIVE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_two_visitors_at_the_wheel_do_not_mix(runs):
    both = seats.Seats()
    one, two = (
        both.take(by_hand.from_start("two-way", load("idle"), seed, runs / str(seed)), str(seed))
        for seed in (1, 2)
    )
    for number in range(2):
        assert both.of(one.token).drive(number, "IDLE")["id"][0] == "1"
        assert both.of(two.token).drive(number, "SLOWER")["id"][0] == "2"
    for seat, action in ((one, "IDLE"), (two, "SLOWER")):
        both.give_back(seat)
        [path] = (runs / seat.id[0]).glob("*-by-hand.jsonl")
        assert [str(s.takeover.action) for s in log.read(path).episode.steps] == [action] * 2
        with pytest.raises(ValueError, match="given back"):
            both.of(seat.token)
        with pytest.raises(ValueError, match="given back"):
            seat.drive(2, "IDLE")


def test_a_decision_is_driven_once_and_in_its_order(runs):
    both = seats.Seats()
    seat = both.take(by_hand.from_start("two-way", load("idle"), 1, runs), "run")
    told = seat.drive(0, None)
    assert told["from"] == 0 and told["steps"][0]["takeover"] is None
    with pytest.raises(ValueError, match="decision 1 is next, not 0"):
        seat.drive(0, "IDLE")
    both.give_back(seat)


def test_a_crowd_at_the_wheel_is_told_to_come_back(runs, monkeypatch):
    monkeypatch.setattr(seats, "MOST", 1)
    both = seats.Seats()
    first = both.take(by_hand.from_start("two-way", load("idle"), 1, runs / "a"), "a")
    with pytest.raises(ValueError, match="many visitors"):
        both.take(by_hand.from_start("two-way", load("idle"), 1, runs / "b"), "b")
    both.give_back(first)
    both.give_back(both.take(by_hand.from_start("two-way", load("idle"), 1, runs / "c"), "c"))


def test_a_seat_that_does_nothing_is_over(runs, monkeypatch):
    monkeypatch.setattr(seats, "IDLE", -1.0)
    both = seats.Seats()
    seat = both.take(by_hand.from_start("two-way", load("idle"), 1, runs), "a")
    assert seat.over
    both.give_back(seat)


def taken(page, asked, then, scenario="two-way"):
    """What a visitor is told that takes the wheel; `then` is done with each message's seat."""

    async def told():
        rows = []
        async for row in page.take("me", scenario, "idle", "3", asked, 10.0):
            rows.append(json.loads(row))
            if "seat" in rows[-1]:
                then(rows[-1]["seat"])
        return rows

    return asyncio.run(told())


def test_a_visitor_drives_and_what_the_policy_said_is_then_tested(runs):
    page = requests.Page()

    def drive(seat):
        for number, action in enumerate(("FASTER", "IDLE", None)):
            told = json.loads(page.steered([seat["token"], number, action]))
            assert told["from"] == number
        page.left(seat["token"])

    rows = taken(page, ["", "", None], drive)
    begun = next(row for row in rows if "seat" in row)
    assert begun["header"]["by_hand"] and begun["at"] == begun["seat"]["step"] == 0
    assert begun["steps"][0]["done"] == hand_words("en").page["turn"]
    assert rows[-1]["proof"]["of"] == 3 and rows[-1]["id"] == begun["id"]
    assert page.steered([begun["seat"]["token"], 3, "IDLE"]) == json.dumps(
        {"problem": f"{seats.LEFT}."}, separators=(",", ":")
    )


def test_a_visitor_that_leaves_ends_its_drive(runs):
    page = requests.Page()
    rows = taken(page, ["", "", None], lambda seat: page.leave("me"))
    assert "seat" in rows[-1] and page.seats._seats == {}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["..", "x", 1], "no run"),
        (["x", "y", "soon"], "no run"),
        (None, "."),
        ([1], "."),
        (["", "", None], "driving by hand is offered where"),
    ],
)
def test_a_wheel_that_cannot_be_taken_is_said_in_one_sentence(runs, asked, said):
    rows = taken(requests.Page(), asked, lambda seat: None, "racetrack")
    assert said in rows[-1]["problem"] and "\n" not in rows[-1]["problem"]


@pytest.mark.parametrize(
    "asked", [None, [], ["x"], ["x", 0, "IDLE"], [1, 2, 3], [None, None, None], [["x"], 0, "IDLE"]]
)
def test_whatever_is_sent_from_the_wheel_is_answered_in_one_sentence(asked):
    page = requests.Page()
    assert set(json.loads(page.steered(asked))) == {"problem"}
    assert json.loads(page.left(asked)) == {}
    looking = differences.Looking(requests.driven_again)
    assert set(json.loads(requests.hindsight(looking, asked))) == {"problem"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_episode_that_nobody_drove_says_so(language):
    (said,) = differences.lines(episode("highway-fast", "idle"), language)
    assert said == hand_words(language).page["nobody"] and "0" not in said
