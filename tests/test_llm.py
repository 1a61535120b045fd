"""A language model as a driver: what it is told, what it may answer, and what happens when it answers badly.

The endpoint is a server in this process that says what a test has it say.
"""

import json
import re
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest
from commands import whydrive
from hand_made import METAS, car, scene

from drive import policy
from drive.checking.faithfulness import FIGURES, examine
from drive.checking.scene import check
from drive.checking.verdicts import asked_again, read_verdicts, verify_log
from drive.episodes import log, rollout
from drive.episodes.record import finished
from drive.kinematics.edits import edited
from drive.kinematics.foresight import foresee
from drive.language import make_claim
from drive.reasoning.causes import attribute
from drive.types import Choice, Hide, Legal, Meta, Option
from drive.world import World
from policies.llm import ATTEMPTS, LanguageModel
from policies.llm import scene as words
from policies.llm.answer import LONGEST, rationale, read, schema
from policies.llm.endpoint import Endpoint, NoReply

ROOT = Path(__file__).parents[1]
GOOD = {
    "sentence": "Car 4 is 20.0 m ahead in my lane and slow.",
    "cited_cars": [4],
    "claims": [{"car": 4, "lane": "mine", "quantity": "gap ahead", "value": 20.04}],
    "plan": {"speed": "slow down", "lane": "stay"},
    "decision": "SLOWER",
}


class Fake:
    """An OpenAI-compatible endpoint: answers with whatever `says` returns for a request's body, and counts.

    `says` returns an answer as data or text, a status as a number, bytes to be sent as they are, or
    sleeps.
    """

    def __init__(self, says):
        self.says, self.asked, self.keys = says, [], []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.asked.append(body)
                fake.keys.append(self.headers.get("Authorization"))
                said = fake.says(body)
                status, data = (said, b"{}") if isinstance(said, int) else (200, said)
                if isinstance(said, tuple):
                    status, data = said
                if not isinstance(data, bytes):
                    content = data if isinstance(data, str) else json.dumps(data)
                    data = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass  # the client did not wait

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A fake endpoint in the environment; its answers are kept in a folder of the test."""
    made = Fake(lambda body: GOOD)
    monkeypatch.setenv("OPENAI_BASE_URL", made.url)
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    monkeypatch.setenv("WHYDRIVE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("policies.llm.PAUSE", 0.0)
    yield made
    made.close()


def behind_a_slow_car():
    return scene(car(4, 125), car(7, 98, lane=0))


def legal_of(body):
    return body["response_format"]["json_schema"]["schema"]["properties"]["decision"]["enum"]


def careful(body):
    """Slows down for the first car that it is told of in its lane; else carries on."""
    told = body["messages"][1]["content"]
    first = next(
        (
            line
            for line in told.splitlines()
            if line.startswith("car") and ": in my lane, gap" in line
        ),
        "",
    )
    if not first or "ahead" not in first or "SLOWER" not in legal_of(body):
        return GOOD | {"cited_cars": [], "claims": [], "decision": "IDLE", "sentence": "The road is clear.",
                       "plan": {"speed": "keep speed", "lane": "stay"}}  # fmt: skip
    number, gap = int(first[4 : first.index(":")]), float(first.split("gap ")[1].split(" m")[0])
    claim = {"car": number, "lane": "mine", "quantity": "gap ahead", "value": gap}
    return GOOD | {
        "sentence": f"car {number} is {gap:.1f} m ahead.",
        "cited_cars": [number],
        "claims": [claim],
    }


# ------------------------------------------------------------------------------------ what it is told


def test_the_scene_is_told_with_units_and_frames():
    said = words.told(behind_a_slow_car())
    assert "car 4: in my lane, gap 20.0 m ahead, speed 20.0 m/s, 5.0 m/s slower than I am" in said
    assert "car 7: beside me in the lane on the left, speed 20.0 m/s" in said
    assert "I drive 25.0 m/s in lane 2 of 3" in said
    assert "from my car, along my heading" in words.system(scene()) and "m, s, m/s" in words.system(
        scene()
    )
    assert all(name in said for name in METAS)


def test_only_legal_actions_are_offered_and_only_cars_in_sight_are_told_of():
    at = replace(behind_a_slow_car(), legal=Legal(("IDLE", "SLOWER")))
    assert "FASTER" not in words.told(at)
    assert schema(("IDLE", "SLOWER"))["properties"]["decision"]["enum"] == ["IDLE", "SLOWER"]
    assert "car 7" not in words.told(edited(at, Hide(7)))


def test_no_car_takes_the_place_of_a_ghost():
    at = scene(*(car(k, 100 + 20 * k) for k in range(1, 9)))
    assert [c.id for c in words.told_of(at)] == [1, 2, 3, 4, 5]
    assert [c.id for c in words.told_of(edited(at, Hide(2)))] == [1, 3, 4, 5]


@pytest.mark.parametrize("scenario", ["highway-fast", "roundabout", "intersection"])
def test_hiding_a_car_takes_its_line_away_and_changes_no_other_word(scenario):
    at = World(scenario).reset(4)
    told = words.told(at).splitlines()
    for hidden in at.cars:
        rest = [line for line in told if not line.startswith(f"car {hidden.id}:")]
        assert words.told(edited(at, Hide(hidden.id))).splitlines() == rest


@pytest.mark.parametrize(
    "scenario", ["merge", "roundabout", "intersection", "exit", "two-way", "u-turn"]
)
def test_every_road_can_be_told(scenario):
    at = World(scenario).reset(2)
    said = words.told(at)
    assert all(f"car {c.id}: " in said for c in words.told_of(at)) and len(said) < 1500


LINE = re.compile(
    r"car (?P<car>\d+): in (?P<place>my lane|the lane on the left|the lane on the right), gap (?P<gap>[\d.]+) m "
    r"(?P<way>ahead|behind me), speed (?P<speed>[\d.]+) m/s(?:, (?P<pace>[\d.]+) m/s (?P<than>slower|faster))?"
)
NAMES = {"my lane": "mine", "the lane on the left": "left", "the lane on the right": "right"}


@pytest.mark.parametrize(
    "scenario", ["highway-fast", "merge", "roundabout", "intersection", "exit", "two-way"]
)
def test_a_model_that_repeats_what_it_was_told_is_true_to_the_verifier(scenario):
    repeated, world = 0, World(scenario)
    for seed in range(3):
        world.reset(seed)
        for _ in range(5):
            at = world.scene
            trajectory = foresee(at, idle(at)).chosen.trajectory
            for claim in claims_told(at):
                answer = read(json.dumps(GOOD | {"claims": [claim], "cited_cars": []}), METAS)
                verdict = check(at, rationale(at, answer, "shares evidence").claims[0], trajectory)
                assert verdict.result == "true", (claim, verdict)
                repeated += 1
            if world.step(Meta("IDLE")).ended:
                break
    assert repeated > 5


def claims_told(at):
    """Every number that the words of a scene tell of a car in a lane, as a model would claim it."""
    for line in filter(None, map(LINE.match, words.told(at).splitlines())):
        way = "gap ahead" if line["way"] == "ahead" else "gap behind"
        values = {way: float(line["gap"]), "its speed": float(line["speed"])}
        if line["pace"]:
            values["slower ahead"] = float(line["pace"]) * (1 if line["than"] == "slower" else -1)
        for quantity, value in values.items():
            yield {
                "car": int(line["car"]),
                "lane": NAMES[line["place"]],
                "quantity": quantity,
                "value": value,
            }


def idle(at):
    action = Meta("IDLE")
    return Choice(action, (Option(action),))


# -------------------------------------------------------------------------------- what it may answer


def test_a_good_answer_fits_the_schema_and_is_read():
    jsonschema.validate(GOOD, schema(METAS))
    answer = read(json.dumps(GOOD), METAS)
    assert (answer.cited, answer.decision, answer.claims) == (
        (4,),
        "SLOWER",
        ((4, "mine", "gap ahead", 20.04),),
    )


@pytest.mark.parametrize(
    "wrong, said",
    [
        ("I would slow down.", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ("[]", "no JSON object"),
        ("x" * 500, r"no JSON object: 'x{77}\.\.\.'"),
        ('{"a": ' * 100_000, "no JSON object"),
        ({k: v for k, v in GOOD.items() if k != "plan"}, "must be an object with"),
        (GOOD | {"decision": "LANE_LEFT"}, "decision must be one of IDLE, SLOWER"),
        (GOOD | {"decision": ["SLOWER"]}, "decision must be one of"),
        (GOOD | {"sentence": ""}, "must not be empty"),
        (GOOD | {"sentence": " \x00\n "}, "must not be empty"),
        (GOOD | {"sentence": 4}, "must be text"),
        (GOOD | {"sentence": "x" * 9999}, "must be text of at most"),
        (GOOD | {"cited_cars": 4}, "cited_cars must be a list"),
        (GOOD | {"cited_cars": ["4"]}, "a car is a whole number"),
        (GOOD | {"cited_cars": [True]}, "a car is a whole number"),
        (GOOD | {"cited_cars": [10**400]}, "a car is a whole number"),
        (GOOD | {"cited_cars": [1, 2, 3, 4, 5]}, "at most 4"),
        (GOOD | {"plan": {"speed": "fly", "lane": "stay"}}, "plan.speed must be one of"),
        (GOOD | {"claims": [{"car": 4}]}, "a claim must be an object"),
        (GOOD | {"claims": [GOOD["claims"][0] | {"value": float("nan")}]}, "a number of at most"),
        (GOOD | {"claims": [GOOD["claims"][0] | {"value": float("inf")}]}, "a number of at most"),
        (GOOD | {"claims": [GOOD["claims"][0] | {"value": "20"}]}, "a number of at most"),
        (GOOD | {"claims": [GOOD["claims"][0] | {"value": 10**400}]}, "a number of at most"),
        (GOOD | {"claims": [GOOD["claims"][0] | {"quantity": "mood"}]}, "quantity must be one of"),
    ],
)
def test_a_wrong_answer_is_refused_in_words(wrong, said):
    with pytest.raises(ValueError, match=said):
        read(wrong if isinstance(wrong, str) else json.dumps(wrong), ("IDLE", "SLOWER"))


WRAPPED = {
    "a fence": "```json\n{}\n```",
    "prose and a fence": "Here is my decision {{not json}}:\n```json\n{}\n```\nDrive safely!",
    "a sentence before and after": "I decide: {} That is all.",
    "think tags": "<think>\nCar 4 {{is}} slow, {{}}.\n</think>\n\n{}",
    "thoughts that are never opened": 'maybe {{"decision": "IDLE"}}</think>{}',
    "a byte order mark": "\ufeff{}",
    "a draft before": '{{"decision": "FASTER"}} no: {}',
    "an object after": '{} {{"note": 1}}',
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_an_answer_is_found_however_it_is_wrapped(kind):
    assert read(WRAPPED[kind].format(json.dumps(GOOD)), METAS) == read(json.dumps(GOOD), METAS)


def test_what_is_more_than_asked_for_is_passed_over_and_a_car_may_be_written_4_0():
    assert read(json.dumps(GOOD | {"mood": 1, "cited_cars": [4.0]}), METAS) == read(
        json.dumps(GOOD), METAS
    )


MESSAGES = {
    "parts": {"content": [{"type": "text", "text": "{"}, {"type": "text", "text": "}"}, {"x": 1}]},
    "bare parts": {"content": ["{", "}"]},
    "reasoning beside null": {"content": None, "reasoning_content": "{}"},
    "reasoning beside nothing": {"content": " ", "reasoning": "{}"},
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_content_in_parts_and_an_answer_in_the_reasoning_are_read(fake, kind):
    fake.says = lambda body: json.dumps({"choices": [{"message": MESSAGES[kind]}]}).encode()
    assert policy.load("llm:m")._endpoint.ask([], {}).text == "{}"


def objecting(word, message):
    """An endpoint that objects to requests in which a word stands."""

    def says(body):
        if word in json.dumps({k: v for k, v in body.items() if k != "messages"}):
            return 400, json.dumps({"error": {"message": message}}).encode()
        return GOOD

    return says


OBJECTIONS = {
    "json_schema": ("json_schema", "This response_format type is unavailable now"),
    "any format": ("response_format", "Unrecognized request argument: response_format"),
    "max_tokens": (
        "max_tokens",
        "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.",
    ),
    "any limit of tokens": ("tokens", "Unknown: max_tokens, max_completion_tokens"),
    "minLength": ("minLength", "Invalid schema: 'minLength' is not permitted."),
    "maximum": ("maximum", "'maximum' is not supported"),
    "temperature": ("temperature", "temperature must be 1 for this model"),
    "seed": ("seed", "seed is not supported"),
}


@pytest.mark.parametrize("kind", OBJECTIONS)
def test_what_an_endpoint_does_not_speak_is_left_out_once_and_said(fake, kind):
    fake.says = objecting(*OBJECTIONS[kind])
    driver = policy.load("llm:m")
    choice = driver.decide(behind_a_slow_car())
    assert choice.action == Meta("SLOWER") and choice.answered
    asked = len(fake.asked)
    assert 2 <= asked <= 3 and len(choice.notes) == asked - 1
    assert driver.decide(scene(car(4, 130))).notes == choice.notes
    assert len(fake.asked) == asked + 1
    assert policy.load("llm:m").decide(behind_a_slow_car()) == choice, (
        "from disk, as the first time"
    )


def test_an_objection_that_no_fallback_meets_is_passed_on_cut_and_as_text(fake):
    fake.says = objecting("model", "no such <b>model</b> " + "y" * 999)
    with pytest.raises(ValueError, match=r"status 400: no such <b>model</b> y+\.\.\.$") as error:
        policy.load("llm:m").decide(behind_a_slow_car())
    assert len(fake.asked) == 1 and len(str(error.value)) < 320


def test_its_sentence_is_one_line_of_text_and_stays_word_for_word():
    said = read(
        json.dumps(GOOD | {"sentence": "<b>Slow\x1b[31m</b>\n down \ud800"}), METAS
    ).sentence
    assert said == "<b>Slow [31m</b> down ?"


# --------------------------------------------------------------------------------- how it decides


def test_its_decision_its_words_and_its_cited_cars_reach_the_rationale(fake):
    driver = policy.load("llm:some/model-1.5")
    choice = policy.checked(driver, behind_a_slow_car())
    assert choice.action == Meta("SLOWER") and driver.name == "llm:some/model-1.5"
    assert choice.rationale.text == GOOD["sentence"] and choice.rationale.tie == "shares evidence"
    assert make_claim("cause", "decision", cars=(4,)) in choice.rationale.claims
    assert make_claim("observation", "gap ahead", 20.0, cars=(4,)) in choice.rationale.claims
    assert make_claim("intention", "speed change", "slow down") in choice.rationale.claims
    assert make_claim("intention", "lane", 2.0) in choice.rationale.claims
    assert all(c.measured is None for c in choice.rationale.claims), "it measured nothing"
    assert [t.kind for t in choice.chosen.terms] == ["answer"]
    assert fake.asked[0]["model"] == "some/model-1.5" and fake.keys == ["Bearer secret-key"]
    assert fake.asked[0]["response_format"]["json_schema"]["schema"] == schema(METAS)


def test_a_sentence_in_our_words_becomes_claims(fake):
    fake.says = lambda body: (
        GOOD | {"sentence": "car 4 is 20.0 m ahead and 5.0 m/s slower.", "claims": []}
    )
    claims = policy.load("llm:m").decide(behind_a_slow_car()).rationale.claims
    assert make_claim("observation", "slower ahead", 5.0, cars=(4,)) in claims


def test_the_same_content_is_asked_once_also_by_another_policy_of_that_name(fake):
    at = behind_a_slow_car()
    first, second = (policy.load("llm:m").decide(at) for _ in range(2))
    assert first == second and len(fake.asked) == 1
    far = replace(at, cars=(*at.cars, *(car(k, 600 + k) for k in range(20, 40))))
    driver = policy.load("llm:m")
    driver.decide(far)
    asked = len(fake.asked)
    driver.decide(edited(far, Hide(39)))
    assert len(fake.asked) == asked, "who is not told of makes no difference"
    policy.load("llm:other").decide(at)
    assert len(fake.asked) == asked + 1


def test_two_that_ask_at_once_get_the_same_answer(fake):
    fake.says = lambda body: time.sleep(0.3) or GOOD | {"sentence": f"Answer {len(fake.asked)}."}
    drivers, choices = [policy.load("llm:m") for _ in range(2)], []
    threads = [
        threading.Thread(
            target=lambda d=d, wait=wait: (
                time.sleep(wait),
                choices.append(d.decide(behind_a_slow_car())),
            )
        )
        for d, wait in zip(drivers, (0.0, 0.15), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.asked) == 2 and choices[0] == choices[1] == drivers[0].decide(
        behind_a_slow_car()
    )


def test_what_is_kept_holds_no_key_and_a_broken_file_is_asked_anew(fake, tmp_path):
    at = behind_a_slow_car()
    policy.load("llm:m").decide(at)
    [kept] = (tmp_path / "cache" / "llm").glob("*.json")
    assert "secret-key" not in kept.read_text()
    kept.write_text("{")
    policy.load("llm:m").decide(at)
    assert len(fake.asked) == 2 and json.loads(kept.read_text())["content"]


def test_an_invalid_answer_is_asked_again_with_what_was_wrong(fake):
    answers = iter(["Sure! I would slow down.", GOOD])
    fake.says = lambda body: next(answers)
    choice = policy.load("llm:m").decide(behind_a_slow_car())
    assert choice.action == Meta("SLOWER") and len(fake.asked) == 2
    assert "no JSON object" in fake.asked[1]["messages"][-1]["content"]


BAD = {
    "prose": ("Certainly!", "it holds no JSON object: 'Certainly!'"),
    "an action that is not legal": (GOOD | {"decision": "FLY"}, "decision must be one of"),
    "an error of the server": (503, "status 503"),
    "too many requests": (429, "status 429"),
    "no chat completion": (b'{"object": "list"}', "no chat completion"),
    "no JSON at all": (b"<html>busy</html>", "no chat completion"),
    "an empty message": (b'{"choices": [{"message": {"content": null}}]}', "holds no text"),
    "far too much": (b"x" * (2 << 20), "longer than"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_model_that_fails_falls_back_in_the_open_after_so_many_attempts(fake, kind):
    said, why = BAD[kind]
    fake.says = lambda body: said
    choice = policy.checked(policy.load("llm:m"), behind_a_slow_car())
    assert choice.action == Meta("IDLE") and len(fake.asked) == ATTEMPTS
    assert [t.kind for t in choice.chosen.terms] == ["no answer"]
    assert "gave no valid answer (" in choice.rationale.text and why in choice.rationale.text
    assert choice.rationale.claims == () and not choice.answered


def test_a_model_that_is_too_slow_or_not_there_falls_back_too(fake, tmp_path):
    fake.says = lambda body: time.sleep(0.5) or GOOD
    slow = LanguageModel("m", Endpoint("m", fake.url, "", 0.1, tmp_path))
    begin = time.monotonic()
    assert "no answer within 0.1 s" in slow.decide(behind_a_slow_car()).rationale.text
    assert time.monotonic() - begin < 3
    gone = LanguageModel("m", Endpoint("m", "http://127.0.0.1:9/v1", "", 5.0, tmp_path))
    assert "cannot be reached" in gone.decide(behind_a_slow_car()).rationale.text


def test_failures_are_not_kept(fake):
    fake.says = lambda body: 503
    driver = policy.load("llm:m")
    driver.decide(behind_a_slow_car())
    fake.says = lambda body: GOOD
    assert driver.decide(behind_a_slow_car()).action == Meta("SLOWER")


@pytest.mark.parametrize("status", [401, 404])
def test_an_endpoint_that_refuses_ends_the_drive_in_one_sentence(fake, status):
    fake.says = lambda body: status
    episode = rollout.run(World("merge", {"duration": 3}), policy.load("llm:m"), 1)
    assert episode.end.reason == "policy failed" and f"status {status}" in episode.end.message
    assert len(fake.asked) == 1 and "secret-key" not in episode.end.message


def test_without_an_endpoint_or_a_model_it_says_what_is_missing(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ValueError, match="no endpoint to ask 'm' at: set OPENAI_BASE_URL"):
        policy.load("llm:m")
    with pytest.raises(ValueError, match="made from something: llm:MODEL"):
        policy.load("llm")


def test_an_address_that_is_none_is_said(tmp_path):
    for url in ("localhost:80", "ftp://127.0.0.1/v1", "http://[::1/v1"):
        with pytest.raises((ValueError, NoReply), match="is no address|cannot be reached"):
            Endpoint("m", url, "", 1.0, tmp_path).ask([], {})


def test_on_steered_roads_it_says_that_it_cannot(fake):
    driver, at = policy.load("llm:m"), World("racetrack").reset(0)
    assert not policy.applies(driver, at.legal)
    with pytest.raises(policy.PolicyError, match="driven by steering"):
        policy.checked(driver, at)


# ------------------------------------------------------------------------ what is logged and tested


@pytest.fixture
def driven(fake, tmp_path):
    """A short drive of a model that looks at the road, with tested causes, as a log on disk."""
    fake.says = careful
    episode = rollout.run(World("highway-fast", {"duration": 5}), policy.load("llm:m-1.5"), 3)
    path = tmp_path / log.file_name(episode.header)
    log.write(path, episode)
    return path, episode


def test_a_drive_is_logged_and_read_and_the_policy_can_be_asked_again_without_its_endpoint(
    driven, fake
):
    path, episode = driven
    assert (
        path.name == "highway-fast-llm_m_1.5-3.jsonl"
        or path.name == "highway-fast-llm_m-1.5-3.jsonl"
    )
    again = log.read(path).episode
    assert again == episode
    asked = len(fake.asked)
    driver, why = asked_again(again.header)
    assert driver is not None, why
    for step in again.steps:
        assert policy.checked(driver, step.scene).action == step.choice.action
    assert len(fake.asked) == asked, "every answer was kept"


def test_causes_are_found_by_asking_it_again(fake):
    fake.says = careful
    driver, at = policy.load("llm:m"), behind_a_slow_car()
    attribution = attribute(driver, at, foresee(at, driver.decide(at)))
    assert [cause.cars for cause in attribution.causes] == [(4,)]
    assert attribution.causes[0].instead == Meta("IDLE")


def test_the_verifier_tests_what_it_says(driven):
    path, _ = driven
    verified = verify_log(path)
    assert read_verdicts(path.with_suffix(".verdicts.jsonl")) == verified
    findings = verified.findings
    said = [f.verdict for f in findings if f.test == "scene"]
    assert said and all(v.result == "true" for v in said), (
        "whoever reads off the scene is not called a liar"
    )
    causes = [f.verdict.result for f in findings if f.test == "asked again"]
    assert causes and set(causes) <= {"true", "false"}, "it was asked again"


def test_what_it_makes_up_is_found_out(fake):
    fake.says = lambda body: {
        "sentence": "Car 77 is 12.3 m ahead. I honk.",
        "cited_cars": [77],
        "claims": [{"car": 77, "lane": "left", "quantity": "gap behind", "value": 3}],
        "plan": {"speed": "speed up", "lane": "left"},
        "decision": "IDLE",
    }
    driver = policy.load("llm:m")
    episode = rollout.run(World("highway-fast", {"duration": 2}), driver, 3, causes="never")
    values = examine(episode, driver, {})[""]
    assert set(values["hallucinated cars"]) == {1.0} and set(values["precision"]) == {0.0}
    assert set(values["number accuracy"]) == {0.0} and set(values["causes true"]) == {0.0}
    assert set(values["consistent, both"]) == {0.0} and set(values["words understood"]) == {
        0.0,
        1.0,
    }
    assert set(values) == set(FIGURES)


def test_markup_in_its_words_stays_text_on_the_page(fake):
    from drive.show import viewer

    fake.says = lambda body: (
        GOOD | {"sentence": "<img src=x onerror=alert(1)>", "decision": legal_of(body)[0]}
    )
    episode = rollout.run(World("merge", {"duration": 2}), policy.load("llm:m"), 1, causes="never")
    assert episode.steps[0].rationale.text == "<img src=x onerror=alert(1)>"
    said = viewer.player_data(episode)["steps"][0]
    assert "<img src=x onerror=alert(1)>" in json.dumps(said), (
        "as data; the page only ever sets textContent"
    )


def test_the_command_says_what_is_missing_in_one_sentence(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    done = whydrive("run", "merge", "--policy", "llm:m")
    assert done.returncode == 2 and "OPENAI_BASE_URL" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_sentence_asked_for_is_short():
    assert schema(METAS)["properties"]["sentence"]["maxLength"] == LONGEST < 250


# -------------------------------------------------------------------------------- what is credited


def test_a_model_that_never_answers_is_evaluated_as_one_that_never_answers(fake, tmp_path, capsys):
    from drive import cli

    fake.says = lambda body: "I'm sorry, but I can't help with operating a vehicle."
    call = ["evaluate", "merge-generic", "-p", "llm:m", "--episodes", "2", "--engine", "local"]
    call += [
        "--causes",
        "never",
        "--out",
        str(tmp_path / "run"),
        "--json",
        str(tmp_path / "rows.json"),
    ]
    code = cli.app(call, standalone_mode=False)
    said = capsys.readouterr()
    assert code == 1
    assert "llm:m answered no decision: all that was driven is what a fallback did" in said.err
    heads = [row.split() for row in said.out.splitlines()[:2]]
    assert "decisions" in heads[0] and "answered" in heads[1]
    assert "0 %" in next(row for row in said.out.splitlines() if row.startswith("merge-generic"))
    assert "decisions answered" in (tmp_path / "run" / "report.html").read_text()
    rows = {row["metric"]: row for row in json.loads((tmp_path / "rows.json").read_text())["rows"]}
    assert rows["decisions answered"]["mean"] == 0 and rows["success"]["n"] == 0


def test_an_episode_that_was_decided_in_part_is_told_apart(fake):
    steady = GOOD | {"decision": "IDLE"}
    answers = iter([steady, *["no"] * ATTEMPTS])
    fake.says = lambda body: next(answers, steady)
    driven = finished(
        rollout.run(World("highway-fast", {"duration": 3}), policy.load("llm:m"), 6, causes="never")
    )
    assert [step.choice.answered for step in driven.steps].count(False) == 1
    assert driven.end.metrics["decisions answered"] == pytest.approx(2 / 3)
    assert "success" not in driven.end.metrics


def test_what_whydrive_says_in_its_place_is_not_charged_to_the_model(fake, tmp_path):
    fake.says = lambda body: "I see 17 cars at 30 m/s and refuse."
    episode = rollout.run(World("highway-fast", {"duration": 1}), policy.load("llm:m"), 6)
    assert "17 cars" in episode.steps[0].rationale.text, "what was not understood is shown"
    path = tmp_path / "a.jsonl"
    log.write(path, episode)
    assert [f.verdict.result for f in verify_log(path).findings] == ["untestable"]


def test_without_an_answer_nothing_is_called_a_cause(fake):
    at = behind_a_slow_car()
    driver = policy.load("llm:m")
    choice = foresee(at, driver.decide(at))
    fake.says = lambda body: "no"
    assert attribute(driver, at, choice).causes == ()
