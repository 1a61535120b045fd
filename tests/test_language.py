"""Words: every claim that can be said is understood again, and numbers are rounded once."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import fields, replace

import pytest
from hand_made import behind_a_slower_car, step_of

from drive.language import (
    LANGUAGES,
    LATERAL,
    LONGITUDINAL,
    QUANTITIES,
    TERMS,
    Account,
    explanation,
    make_claim,
    parse,
    read,
    round_said,
    said_action,
    say,
    say_action,
    say_rationale,
    say_term,
    spoken,
    words_of,
)
from drive.language.quantities import BACKWARDS, PLACES, longitudinal_of
from drive.language.say import say_claims
from drive.language.words import Phrase, Words
from drive.types import Claim, Control, Decision, Meta, Rationale, Term

ACTIONS = (Meta("LANE_LEFT"), Meta("IDLE"), Meta("LANE_RIGHT"), Meta("FASTER"), Meta("SLOWER"))
KEYS = sorted(QUANTITIES)
languages = pytest.mark.parametrize("language", sorted(LANGUAGES))


def some_claim(key: tuple[str, str], dice: random.Random) -> Claim:
    """Any claim of this kind that can be said, its optional fields there or not."""
    quantity, more = QUANTITIES[key], {}
    if quantity.body:
        count = dice.randrange(1, 4) if quantity.several else 1
        ids = tuple(dice.sample(range(1, 60), count))
        more["objects" if dice.random() < 0.2 and count == 1 else "cars"] = ids
    if quantity.place:
        more["option"] = dice.choice(PLACES)
    if quantity.option:
        more["option"] = some_action(dice)
        if quantity.horizon and dice.random() < 0.5:
            more["horizon"] = dice.uniform(0.1, 9)
            more |= {} if quantity.outcome else {"continuation": some_action(dice)}
    if quantity.threshold and (quantity.held or dice.random() < 0.5):
        more["threshold"] = dice.uniform(0, 30)
    return make_claim(*key, some_value(quantity, dice), **more)


def some_value(quantity, dice: random.Random):
    if quantity.words:
        return dice.choice(quantity.words)
    if not quantity.number:
        return None
    low = -40.0  # a sign is kept where a quantity seldom has one, too
    return dice.choice([0.0, 1.0, 0.04, dice.uniform(low, 200), dice.uniform(low, 3)])


def some_action(dice: random.Random):
    control = Control(dice.choice([0.0, dice.uniform(-5, 5)]), dice.uniform(-0.4, 0.4))
    return dice.choice([*ACTIONS, said_action(control)])


def some_account(dice: random.Random, language: str) -> Account:
    words = words_of(language)
    change = dice.choice(sorted(words.headline))
    lateral, side = dice.choice(sorted(words.lane, key=str))
    goes_on = dice.random() < 0.2
    if goes_on:
        lateral, side = None, None
    purpose = some_purpose(dice)
    kinds = ("observation", "rule", "rejection", "wish", "worth", "contact")
    keys = [key for key in KEYS if key[0] in kinds]
    keys = [key for key in keys if key != ("observation", "duration")]
    grounds = tuple(some_claim(dice.choice(keys), dice) for _ in range(dice.randrange(4)))
    intentions = [make_claim("intention", "speed change", change)]
    if change not in ("stop", "wait"):
        sign = -1 if change == BACKWARDS else 1
        intentions.append(make_claim("intention", "target speed", sign * dice.uniform(1, 40)))
    if dice.random() < 0.7 and not goes_on:
        intentions.append(make_claim("intention", "lane", dice.randrange(1, 6)))
    longitudinal = longitudinal_of(change, purpose and purpose.quantity)
    account = Account(
        Decision(longitudinal, lateral, side),
        grounds,
        tuple(intentions),
        purpose=purpose,
        facts=tuple(some_claims("fact", dice)),
        goes_on=goes_on,
    )
    if dice.random() < 0.3:
        held = make_claim("observation", "duration", dice.uniform(0.2, 30))
        account = replace(account, duration=held)
    if dice.random() < 0.4:
        keys_of_causes = [key for key in KEYS if key[0] == "cause" and key[1] != "decision"]
        causes = tuple(
            some_claim(dice.choice(keys_of_causes), dice) for _ in range(dice.randrange(1, 4))
        )
        account = replace(account, causes=causes)
    standing = dice.choice([None, *words.rival])
    if standing is None:
        return account
    claims = tuple(some_claim(dice.choice(keys), dice) for _ in range(dice.randrange(1, 3)))
    if standing == "alone":
        alone = [
            ("rejection", "speed"),
            ("wish", "headway"),
            ("tie", "as good"),
            ("contact", "certain"),
        ]
        claims = (some_claim(dice.choice(alone), dice),)
    rival = claims[0].option if standing == "alone" else some_action(dice)
    lost = tuple(replace(claim, option=rival) for claim in some_claims("worth", dice))
    return replace(account, rival=rival, standing=standing, rival_grounds=claims, given_up=lost[:1])


def some_purpose(dice: random.Random) -> Claim | None:
    claim = some_claim(dice.choice([key for key in KEYS if key[0] == "purpose"]), dice)
    bare = replace(claim, cars=(), objects=())
    return dice.choice([None, bare, claim])


def some_claims(kind: str, dice: random.Random) -> list[Claim]:
    """None, one or two claims of a kind."""
    keys = [key for key in KEYS if key[0] == kind]
    return [some_claim(dice.choice(keys), dice) for _ in range(dice.choice([0, 0, 1, 2]))]


@languages
@pytest.mark.parametrize("key", KEYS, ids=" ".join)
def test_what_is_said_of_a_claim_is_understood_as_that_claim(key, language):
    dice = random.Random(str(key))
    for _ in range(60):
        claim = some_claim(key, dice)
        assert parse(say(claim, language), language) == (claim,)


@languages
def test_a_whole_rationale_is_understood_with_its_decision_and_rival(language):
    dice = random.Random(7)
    for _ in range(600):
        account = some_account(dice, language)
        text = say_rationale(account, language)
        assert read(text, language) == account, text
        assert parse(text, language) == account.claims


def test_a_rationale_can_be_said_again_in_every_language():
    dice = random.Random(3)
    for _ in range(100):
        account = some_account(dice, "en")
        for language in LANGUAGES:
            assert read(say_rationale(account, language), language) == account


@languages
def test_the_text_begins_with_a_capital_and_ends_with_a_full_stop(language):
    dice = random.Random(5)
    for _ in range(100):
        text = say_rationale(some_account(dice, language), language)
        assert text[0] == text[0].upper() and text.endswith(words_of(language).end.strip())
        assert "  " not in text and "{" not in text and " ," not in text and " ." not in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Keep calm and carry on.",
        "Slow down to 20 m/s and keep lane 2 behind car 4: it is 18.3 m ahead and happy.",
        "Slow down to 20 m/s and keep lane 2 behind car 4: it is 18.34 m ahead.",
        "Slow down to 20 m/s and keep lane 2: it is 18.3 m ahead.",
        "Keep lane 2 at 25 m/s: the road ahead is free for 120 m. Nothing else. Really.",
        "Keep lane 2 at 25 m/s: the road ahead is free for 120 m; ",
    ],
)
def test_words_beyond_the_table_are_refused(text):
    with pytest.raises(ValueError):
        read(text)


def test_the_instructor_is_understood():
    text = (
        "Slow down to 20 m/s and keep lane 2 behind car 4: it is 18.3 m ahead, 5.6 m/s slower and "
        "1.1 s away (I keep 2.0 s). Changing left is blocked: car 7 is 6.0 m behind on the left and "
        "closing at 4.0 m/s."
    )
    account = read(text)
    left = Meta("LANE_LEFT")
    assert account.decision == Decision("lead following", None, None)
    assert account.rival == left
    assert account.claims == (
        Claim("purpose", "follow", None, cars=(4,)),
        Claim("observation", "gap ahead", 18.3, "m", cars=(4,)),
        Claim("observation", "slower ahead", 5.6, "m/s", cars=(4,)),
        Claim("observation", "time gap", 1.1, "s", cars=(4,), threshold=2.0),
        Claim("observation", "gap behind", 6.0, "m", cars=(7,), option=left),
        Claim("observation", "closing from behind", 4.0, "m/s", cars=(7,), option=left),
        Claim("intention", "speed change", "slow down"),
        Claim("intention", "target speed", 20.0, "m/s"),
        Claim("intention", "lane", 2.0),
    )


def test_a_negative_speed_is_said_in_words_not_with_a_sign():
    for key, quantity in QUANTITIES.items():
        if quantity.signed:
            more = {"cars": (4,)} if quantity.body else {}
            more |= {"option": Meta("IDLE")} if quantity.option else {}
            assert "-" not in say(make_claim(*key, -2.0, **more)), key


def test_numbers_are_rounded_once_and_never_to_minus_zero():
    assert round_said("observation", "gap ahead", 18.349) == 18.3
    assert str(round_said("observation", "slower ahead", -0.01)) == "0.0"
    claim = make_claim("observation", "time gap", 1.0499, cars=(4,), threshold=1.96)
    assert (claim.said, claim.measured, claim.threshold) == (1.0, 1.0499, 2.0)
    assert claim == Claim("observation", "time gap", 1.0, "s", cars=(4,), threshold=2.0)


def test_an_unknown_claim_or_language_is_refused_in_words():
    with pytest.raises(ValueError, match="nothing is known about a claim"):
        make_claim("observation", "mood", 3.0)
    with pytest.raises(ValueError, match="no language 'xx'; choose from"):
        say(make_claim("rule", "always"), "xx")


def test_all_languages_have_the_same_keys_and_the_same_slots():
    english = words_of("en")
    for language in sorted(LANGUAGES):
        words = words_of(language)
        for field in fields(Words):
            ours, theirs = getattr(english, field.name), getattr(words, field.name)
            if isinstance(ours, dict):
                assert ours.keys() == theirs.keys(), (language, field.name)
                for key in ours:
                    assert _slots(ours[key]) == _slots(theirs[key]), (language, field.name, key)
            elif field.name not in ("decimal", "stop", "end", "colon"):
                assert _slots(ours) == _slots(theirs), (language, field.name)


def _slots(words) -> set[str]:
    if isinstance(words, Phrase):
        return _slots((words.text, words.limit))
    if isinstance(words, tuple):
        return set(itertools.chain.from_iterable(map(_slots, words)))
    return set(re.findall(r"\{\w+\}", words))


@languages
def test_every_quantity_and_decision_has_words(language):
    words = words_of(language)
    assert words.claims.keys() == QUANTITIES.keys()
    assert tuple(words.longitudinal) == LONGITUDINAL and tuple(words.lateral) == LATERAL
    assert {lateral for lateral, _ in words.lane} <= {None, *LATERAL}
    assert set(LATERAL) <= {lateral for lateral, _ in words.lane}
    purposes = {quantity for kind, quantity in QUANTITIES if kind == "purpose"}
    assert words.purpose.keys() == purposes
    assert words.going_on.keys() == words.headline.keys() == words.changes.keys()
    meant = {longitudinal_of(change, p) for change in words.changes for p in (None, *purposes)}
    assert meant == {None, *LONGITUDINAL}


@languages
def test_two_claims_are_never_said_the_same_way(language):
    said = {}
    for key in KEYS:
        claim = some_claim(key, random.Random(1))
        text = say(replace(claim, threshold=None, horizon=None, continuation=None), language)
        assert said.setdefault(text, key) == key


@languages
@pytest.mark.parametrize("kind", TERMS)
def test_a_term_is_one_line_with_its_value(kind, language):
    line = say_term(Term(kind, 3.25, "s", "for", 2.0, cars=(4,)), language)
    assert words_of(language).terms[kind] in line and "\n" not in line
    assert "3" in line and "2" in line and "4" in line


def test_actions_have_names():
    assert say_action(Meta("SLOWER")) == "slow down"
    assert say_action(Control(0.0, 0.0)) == "steering straight"
    said = say_action(Control(-1.04, -0.0349))
    assert said == "steering 2.0° to the right while braking at 1.0 m/s²"


def test_the_closed_set_is_the_papers():
    assert len(LONGITUDINAL) == 7 and len(LATERAL) == 8
    assert "lead following" in LONGITUDINAL and "nudge out of lane" in LATERAL


def test_the_explanation_of_a_step_shows_every_option_with_its_terms(a_step):
    lines = explanation(a_step).splitlines()
    assert a_step.rationale.text in lines[0]
    for option in a_step.choice.options:
        assert any(say_action(option.action) in line for line in lines)
        for term in option.terms:
            assert any(say_term(term) in line for line in lines)


@pytest.fixture
def a_step():
    scene, choice = behind_a_slower_car()
    return step_of(scene, choice, Rationale(Decision(None, None), (), None, "post hoc", "Words."))


@languages
def test_what_would_do_alone_is_said_in_one_clause_and_read_apart(language):
    speed_up, left = Meta("FASTER"), Meta("LANE_LEFT")
    alone = [make_claim("cause", "without", option=speed_up, cars=(car,)) for car in (7, 11, 12)]
    alone += [make_claim("cause", "without", option=speed_up, objects=(3,))]
    alone += [make_claim("cause", name, option=speed_up) for name in ("task", "speed limit")]
    others = [
        make_claim("cause", "without", option=left, cars=(3,)),
        make_claim("cause", "without", option=left, cars=(1, 2)),
    ]
    claims = (*alone, *others)
    words = words_of(language)
    text = say_claims(claims, words)
    assert text.count(words.actions["FASTER"]) == 1 and text.count(words.actions["LANE_LEFT"]) == 2
    assert parse(text, language) == claims


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lane", [None, 2.0])
def test_driving_backwards_keeps_its_sign_through_words(language, lane):
    claims = [make_claim("intention", "speed change", "drive backwards")]
    claims.append(make_claim("intention", "target speed", -5.0))
    if lane:
        claims.append(make_claim("intention", "lane", lane))
    account = Account(Decision("speed tracking", None), (), tuple(claims), None, None, ())
    text = say_rationale(account, language)
    assert "-" not in text and "5" in text
    assert read(text, language).intentions == tuple(claims)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_below_0_is_said_with_its_sign_and_understood(language):
    claim = make_claim("rejection", "speed", -5.0, option=Meta("SLOWER"))
    assert parse(say(claim, language), language) == (claim,)


@languages
def test_a_fallback_is_named_as_it_happens_and_its_notes_are_explained(a_step, language):
    step = a_step
    fell = replace(step, choice=replace(step.choice, answered=False, notes=("timed out",)))
    named = words_of(language).fallback
    assert named in spoken(fell, language) and named not in spoken(step, language)
    assert "timed out" in explanation(fell, language).splitlines()
