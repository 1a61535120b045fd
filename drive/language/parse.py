"""Words back into claims. It accepts what `say` says, word for word, and nothing else."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from drive.language.quantities import (
    BACKWARDS,
    PLACES,
    QUANTITIES,
    Quantity,
    decimals_of,
    longitudinal_of,
    said_control,
)
from drive.language.say import Account
from drive.language.tables import words_of
from drive.language.words import Phrase, Words
from drive.types import Action, Claim, Decision, Meta

DURATION, SPEED = ("observation", "duration"), ("intention", "target speed")


def parse(text: str, language: str = "en") -> tuple[Claim, ...]:
    """The claims of a clause, of several, or of a whole rationale.

    A rationale's come as `Account.claims` orders them. ValueError where a word is not understood.
    """
    grammar = _grammar(language)
    sentences = grammar.sentences(text)
    if grammar.headline(sentences[0]) is not None:
        return read(text, language).claims
    return tuple(claim for sentence in sentences for claim in grammar.claims(sentence))


def read(text: str, language: str = "en") -> Account:
    """A whole rationale's decision, claims and rival. ValueError where a word is not understood."""
    grammar = _grammar(language)
    sentences = grammar.sentences(text)
    account = grammar.headline(sentences[0])
    if account is None:
        raise ValueError(f"not the headline of a rationale: {sentences[0]!r}")
    rest = sentences[1:]
    if rest and (
        facts := grammar.only(rest[0], lambda claim: _entry(claim).fact or _entry(claim).judged)
    ):
        account, rest = replace(account, facts=facts), rest[1:]
    if rest and (causes := grammar.only(rest[-1], lambda claim: claim.kind == "cause")):
        account, rest = replace(account, causes=causes), rest[:-1]
    if len(rest) > 1:
        raise ValueError(f"more than a decision, facts, a rival and causes: {rest[1]!r}")
    return grammar.rival(rest[0], account) if rest else account


def make_ready(languages: Iterable[str]) -> None:
    """Compile the grammars now, about 0.4 s each; otherwise the first reading does."""
    for language in languages:
        _grammar(language)


@dataclass(frozen=True)
class _Form:
    """One way to say one kind of claim."""

    pattern: re.Pattern
    kind: str
    quantity: str
    value: float | None  # what it says without a number
    sign: int
    predicate: bool
    outcome: bool


class _Grammar:
    """The expressions that one language's table amounts to."""

    def __init__(self, words: Words):
        self.words = words
        self.option = "|".join([*map(re.escape, words.doing.values()), *self._steering()])
        controls = _filled(words.acting, option=f"(?:{'|'.join(self._steering())})")
        self.act = "|".join([*map(re.escape, words.actions.values()), controls])
        self.bodies = {
            "car": _compiled(_filled(words.car, car=r"(?P<car>\d+)")),
            "object": _compiled(_filled(words.object, object=r"(?P<object>\d+)")),
            "it": _compiled(re.escape(words.it)),
        }
        self.body = _filled(words.car, car=r"\d+") + "|" + _filled(words.object, object=r"\d+")
        self.absent = f"(?:{'|'.join([self.body, *map(re.escape, words.absences.values())])})"
        self.separators = [_compiled(re.escape(s)) for s in (*words.clauses, *words.predicates)]
        self.forms = [form for key in QUANTITIES for form in self._forms(key)]
        self.gap = _compiled(
            re.escape(words.subject.replace("{body}", "").replace("{predicates}", ""))
        )
        self.doing = _compiled(f"(?P<option>{self.option})")
        self.that = _compiled(re.escape(words.that))
        self.held = _compiled(_filled(words.duration, said=f"(?P<said>{self._amount('s', 1)})"))
        self.heads = [(change, kind, self._head(text)) for change, kind, text in self._templates()]
        self.lanes = [
            (key, _compiled(self._lane(text, name="lane")))
            for key, pair in words.lane.items()
            for text in pair
        ]

    # ------------------------------------------------------------------------------- sentences

    def sentences(self, text: str) -> list[str]:
        text = text.removesuffix(self.words.end)
        if not text:
            raise ValueError("nothing is said")
        return text.split(self.words.stop)

    def headline(self, sentence: str) -> Account | None:
        """What the first sentence says; None where it is not a rationale's."""
        held = self.held.match(sentence)
        start = held.end() if held else 0
        head, _, grounds = sentence[start:].partition(self.words.colon)
        for change, kind, pattern in self.heads:
            match = pattern.fullmatch(head)
            account = match and self._intended(change, kind, match.groupdict())
            if account:
                purpose = account.purpose
                named = purpose and {"cars": purpose.cars, "objects": purpose.objects}
                claims = self.claims(grounds, named) if grounds else ()
                duration = held and Claim(*DURATION, self._value(held["said"], "s"), "s")
                return replace(account, grounds=claims, duration=duration)
        return None

    def _templates(self):
        """(speed change, kind, template) of every headline; kind: in the lane, across lanes, or going on."""
        for change, (keeps, leaves) in self.words.headline.items():
            yield change, "keeps", keeps
            yield change, "leaves", leaves
            yield change, "goes on", self.words.going_on[change]

    def rival(self, sentence: str, account: Account) -> Account:
        """The account with what a sentence says of its rival."""
        main, though, given_up = sentence.partition(_before_claims(self.words.though))
        for standing, template in self.words.rival.items():
            pattern = _filled(
                template, option=f"(?P<option>{self.option})", claims="(?P<claims>.+)"
            )
            if match := _compiled(pattern).fullmatch(main):
                slots = match.groupdict()
                claims = self.claims(slots["claims"]) if slots.get("claims") else ()
                option = self._action(slots["option"]) if slots.get("option") else claims[0].option
                lost = self.claims(given_up, that=option) if though else ()
                return replace(
                    account,
                    rival=option,
                    standing=standing,
                    rival_grounds=claims,
                    given_up=lost,
                )
        raise ValueError(f"not understood: {sentence!r}")

    def only(self, sentence: str, fits: Callable[[Claim], bool]) -> tuple[Claim, ...]:
        """The claims of a sentence that says nothing but such; () for any other."""
        try:
            claims = self.claims(sentence)
        except ValueError:
            return ()
        return claims if all(map(fits, claims)) else ()

    # ---------------------------------------------------------------------------------- claims

    def claims(
        self, text: str, named: dict | None = None, that: Action | None = None
    ) -> tuple[Claim, ...]:
        """Claims of joined clauses; `named` is the body that "it" would mean, `that` the option."""
        claims, at, subject, place = [], 0, None, None
        while at < len(text):
            at, new = self._subject_at(text, at, named, that)
            if new is not None:
                subject, place = new, None
            form, match = self._form_at(text, at, subject, fresh=new is None)
            claim = self._claim(form, match)
            if form.predicate and QUANTITIES[form.kind, form.quantity].place:
                place = claim.option or place
                claim = replace(claim, option=place)
            if form.predicate or form.outcome:
                claim = replace(claim, **subject)
            else:
                subject = None
            claims += self._each(claim, match)
            at = self._separator_at(text, match.end())
        return tuple(claims)

    def _subject_at(self, text: str, at: int, named: dict | None, that: Action | None):
        """Position after a subject, and what it is, as fields of a claim; (at, None) where none stands here."""
        if match := self._before_predicate(self.that, text, at, "outcome"):
            if that is not None:
                return match, {"option": that}
        if match := self._before_predicate(self.doing, text, at, "outcome"):
            return match, {"option": self._action(self.doing.match(text, at)["option"])}
        for name, pattern in self.bodies.items():
            end = self._before_predicate(pattern, text, at, "predicate")
            if end and name == "it":
                if named is None:
                    raise ValueError(f"{self.words.it!r} means nothing in {text!r}")
                return end, named
            if end:
                field = "cars" if name == "car" else "objects"
                return end, {field: (int(pattern.match(text, at)[name]),)}
        return at, None

    def _before_predicate(self, subject: re.Pattern, text: str, at: int, kind: str) -> int | None:
        """Where what is said of a subject begins; None where no such subject stands here."""
        match = subject.match(text, at)
        gap = match and self.gap.match(text, match.end())
        follows = gap and any(
            getattr(form, kind) and form.pattern.match(text, gap.end()) for form in self.forms
        )
        return gap.end() if follows else None

    def _form_at(self, text: str, at: int, subject: dict | None, fresh: bool):
        """The form that reads furthest from here; what is said of a subject only after one of its kind."""
        best, options = None, "option" in (subject or ())
        for form in self.forms:
            if form.predicate or form.outcome:
                fits = subject is not None and form.outcome == options
            else:
                fits = fresh
            match = fits and form.pattern.match(text, at)
            if match and (best is None or match.end() > best[1].end()):
                best = form, match
        if best is None:
            raise ValueError(f"not understood: {text[at:]!r}")
        return best

    def _separator_at(self, text: str, at: int) -> int:
        if at == len(text):
            return at
        ends = [match.end() for s in self.separators if (match := s.match(text, at))]
        if not ends or max(ends) == len(text):
            raise ValueError(f"not understood: {text[at:]!r}")
        return max(ends)

    def _claim(self, form: _Form, match: re.Match) -> Claim:
        entry, slots = QUANTITIES[form.kind, form.quantity], match.groupdict()
        option = self._action(slots["option"]) if slots.get("option") else None
        option = self._act(slots["act"]) if slots.get("act") else option
        if entry.place:
            option = PLACES[
                [p.lower() for p in self.words.places].index((slots["place"] or "").lower())
            ]
        numbers = {}
        if slots.get("threshold"):
            numbers["threshold"] = self._value(slots["threshold"], entry.unit)
        then = slots.get("then")
        for name in ("within", "after"):
            if slots.get(name):
                pattern = self._horizon(getattr(self.words, name), "?P<horizon>")
                horizon = _compiled(pattern).fullmatch(slots[name])["horizon"]
                numbers["horizon"] = self._value(horizon, "s")
        claim = Claim(
            form.kind,
            form.quantity,
            self._said(form, entry, slots.get("said")),
            entry.unit,
            cars=_cars_in(slots),
            objects=(int(slots["object"]),) if slots.get("object") else (),
            option=option,
            continuation=self._action(self._then().fullmatch(then)["option"]) if then else None,
            **numbers,
        )
        self._check_decimals(claim, slots)
        return claim

    def _check_decimals(self, claim: Claim, slots: dict) -> None:
        """ValueError where a number has other decimals than `say` gives it."""
        if not isinstance(claim.said, float) or _entry(claim).short:
            return
        for name in ("said", "threshold"):
            _, _, fraction = (slots.get(name) or "").partition(self.words.decimal)
            digits = re.match(r"\d*", fraction).group()
            if slots.get(name) and len(digits) != decimals_of(claim):
                raise ValueError(f"not understood: {slots[name]!r}")

    def _each(self, claim: Claim, match: re.Match) -> list[Claim]:
        """The claim, once for each that is absent alone."""
        either = match.groupdict().get("either")
        return (
            [self._without(claim, each[0]) for each in _compiled(self.absent).finditer(either)]
            if either
            else [claim]
        )

    def _without(self, claim: Claim, absent: str) -> Claim:
        if absent.lower() in map(str.lower, self.words.absences.values()):
            return replace(claim, quantity=_key(self.words.absences, absent))
        bodies = ((name, self.bodies[name].fullmatch(absent)) for name in ("car", "object"))
        name, body = next((name, match) for name, match in bodies if match)
        return replace(claim, **_named({name: body[name]}))

    def _said(self, form: _Form, entry: Quantity, said: str | None):
        if entry.words:
            return _key(self.words.changes, said)
        if not entry.number:
            return None
        return form.sign * self._value(said, entry.unit) if said else form.value

    # ------------------------------------------------------------------------------- headline

    def _head(self, template: str) -> re.Pattern:
        lanes = "|".join(self._lane(text) for pair in self.words.lane.values() for text in pair)
        purposes = "|".join(self._purpose(t) for pair in self.words.purpose.values() for t in pair)
        speed = f"(?P<speed>{self._number(QUANTITIES[SPEED])})"
        return _compiled(
            _filled(
                template,
                lane=f"(?P<lane>{lanes})",
                purpose=f"(?P<purpose>{purposes}|)",
                speed=speed,
            )
        )

    def _intended(self, change: str, kind: str, slots: dict) -> Account | None:
        """The decision, purpose and intentions of a headline; None if it is no headline."""
        (lateral, side), lane = (None, None), None
        if kind != "goes on":
            (lateral, side), lane = self._lane_said(slots["lane"])
            if (kind == "leaves") != (lateral is not None):
                return None
        purpose = self._purpose_said(slots["purpose"])
        longitudinal = longitudinal_of(change, purpose and purpose.quantity)
        intentions = [Claim("intention", "speed change", change)]
        if slots.get("speed"):
            speed = self._value(slots["speed"], "m/s") * (-1 if change == BACKWARDS else 1)
            intentions.append(Claim("intention", "target speed", speed, "m/s"))
        if lane is not None:
            intentions.append(Claim("intention", "lane", lane))
        decision = Decision(longitudinal, lateral, side)
        goes_on = kind == "goes on"
        return Account(decision, (), tuple(intentions), purpose=purpose, goes_on=goes_on)

    def _lane_said(self, text: str):
        for key, pattern in self.lanes:
            match = pattern.fullmatch(text)
            if match:
                lane = match.groupdict().get("lane")
                return key, None if lane is None else self._value(lane, "")
        raise ValueError(f"not understood: {text!r}")

    def _purpose_said(self, text: str) -> Claim | None:
        if not text:
            return None
        for purpose, templates in self.words.purpose.items():
            for template in templates:
                body = "|".join(self.bodies[name].pattern for name in ("car", "object"))
                match = _compiled(_filled(template, body=f"(?:{body})")).fullmatch(text)
                if match:
                    ids = {key: value for key, value in match.groupdict().items() if value}
                    return Claim("purpose", purpose, None, **(_named(ids) or {}))
        raise ValueError(f"not understood: {text!r}")

    def _lane(self, template: str, name: str = "") -> str:
        number = self._amount("", 0)
        return _filled(template, lane=f"(?P<{name}>{number})" if name else number)

    def _purpose(self, template: str) -> str:
        return _filled(template, body=f"(?:{self.body})")

    # ---------------------------------------------------------------------------------- slots

    def _forms(self, key: tuple[str, str]):
        phrase, entry = self.words.claims[key], QUANTITIES[key]
        if entry.absence and not entry.several:
            return  # read with those of a car, which say it in the same clause
        predicate = entry.body and not entry.outcome and "{body}" not in phrase.text
        for sign, value, text in _variants(phrase):
            limit = self._slotted(phrase.limit, entry) if phrase.limit else ""
            verb = f"(?:{re.escape(phrase.verb)})?" if phrase.verb else ""
            pattern = verb + self._slotted(text, entry) + (f"(?:{limit})?" if limit else "")
            yield _Form(_compiled(pattern), *key, value, sign, predicate, entry.outcome)

    def _slotted(self, template: str, entry: Quantity) -> str:
        words = self.words
        said = "|".join(map(re.escape, words.changes.values())) if entry.words else None
        car = _filled(words.car, car=r"(?P<car>\d+)")
        body = car + "|" + _filled(words.object, object=r"(?P<object>\d+)")
        if entry.several:
            together = _listed(_filled(words.car, car=r"\d+"), words.together)
            body = f"(?P<several>{together})|(?P<either>{self.absent}|{_listed(self.absent, words.either)})"
        return _filled(
            template,
            said=f"(?P<said>{said or self._number(entry)})",
            threshold=f"(?P<threshold>{self._number(entry)})",
            within=f"(?P<within>{self._horizon(words.within)}|)",
            after=f"(?P<after>{self._horizon(words.after)}|)",
            place=f"(?P<place>{'|'.join(map(re.escape, reversed(words.places)))})",
            body=f"(?:{body})",
            option=f"(?P<option>{self.option})",
            act=f"(?P<act>{self.act})",
            then=f"(?P<then>{_filled(words.then, option=f'(?:{self.option})')}|)",
        )

    def _horizon(self, template: str, name: str = "?:") -> str:
        return _filled(template, horizon=f"({name}{self._amount('s', 1)})")

    def _then(self) -> re.Pattern:
        return _compiled(_filled(self.words.then, option=f"(?P<option>{self.option})"))

    def _steering(self, named: bool = False):
        """Expressions for a control, every way of steering with every way of accelerating."""
        degrees, pedal = self._amount("deg", 1), self._amount("m/s²", 1)
        for steering in self.words.steering.values():
            for acceleration in sorted(self.words.pedal.values(), key=len, reverse=True):
                turn = _filled(steering, said=f"(?P<steering>{degrees})" if named else degrees)
                yield turn + _filled(acceleration, said=f"(?P<pedal>{pedal})" if named else pedal)

    def _action(self, text: str) -> Action:
        for name, doing in self.words.doing.items():
            if doing.lower() == text.lower():
                return Meta(name)
        ways = [(turn, push) for turn in self.words.steering for push in self._pedals()]
        for (turn, push), pattern in zip(ways, self._steering(named=True), strict=True):
            if match := _compiled(pattern).fullmatch(text):
                slots = match.groupdict()
                degrees = self._value(slots["steering"], "deg") if slots.get("steering") else 0.0
                pedal = self._value(slots["pedal"], "m/s²") if slots.get("pedal") else 0.0
                return said_control(
                    -pedal if push == "down" else pedal, -degrees if turn == "right" else degrees
                )
        raise ValueError(f"not an action: {text!r}")

    def _act(self, text: str) -> Action:
        for name, act in self.words.actions.items():
            if act.lower() == text.lower():
                return Meta(name)
        control = _filled(self.words.acting, option="(?P<option>.+)")
        return self._action(_compiled(control).fullmatch(text)["option"])

    def _pedals(self) -> list[str]:
        return sorted(self.words.pedal, key=lambda push: len(self.words.pedal[push]), reverse=True)

    def _number(self, entry: Quantity) -> str:
        decimals = [entry.decimals, *([0] if entry.short else ())]
        decimals += [entry.decimals + 1] if entry.threshold else []
        longest = sorted(decimals, reverse=True)
        return f"(?:{'|'.join(self._amount(entry.unit, each) for each in longest)})"

    def _amount(self, unit: str, decimals: int) -> str:
        fraction = rf"{re.escape(self.words.decimal)}\d{{{decimals}}}" if decimals else ""
        return rf"-?\d+{fraction}{re.escape(self.words.units[unit])}"

    def _value(self, text: str, unit: str) -> float:
        number = text.removesuffix(self.words.units[unit])
        return float(number.replace(self.words.decimal, "."))


@functools.cache
def _grammar(language: str) -> _Grammar:
    return _Grammar(words_of(language))


@functools.cache
def _compiled(pattern: str) -> re.Pattern:
    return re.compile(pattern, re.IGNORECASE)


def _entry(claim: Claim) -> Quantity:
    return QUANTITIES[claim.kind, claim.quantity]


def _before_claims(template: str) -> str:
    """The words of a template that stand before its claims, which end it."""
    return template.removesuffix("{claims}")


def _cars_in(slots: dict) -> tuple[int, ...]:
    if slots.get("several"):
        return tuple(map(int, re.findall(r"\d+", slots["several"])))
    return (int(slots["car"]),) if slots.get("car") else ()


def _listed(one: str, separators: tuple[str, str]) -> str:
    """A pattern for several of one kind in a list."""
    between, last = map(re.escape, separators)
    return f"{one}(?:{between}{one})*{last}{one}"


def _variants(phrase: Phrase):
    """(sign, value where no number is said, words) for each way to say a phrase."""
    variants = (
        (1, None, phrase.text),
        (-1, None, phrase.negative),
        (1, 0.0, phrase.zero),
        (1, 1.0, phrase.one),
        (-1, -1.0, phrase.minus_one),
    )
    return [variant for variant in variants if variant[2]]


def _filled(template: str, **slots: str) -> str:
    """The template as an expression: its words literally, its slots as given."""
    parts = re.split(r"\{(\w+)\}", template)
    return "".join(slots[part] if i % 2 else re.escape(part) for i, part in enumerate(parts))


def _key(table: dict[str, str], text: str) -> str:
    return next(key for key, value in table.items() if value.lower() == text.lower())


def _named(ids: dict[str, str]) -> dict | None:
    if "car" in ids:
        return {"cars": (int(ids["car"]),)}
    return {"objects": (int(ids["object"]),)} if "object" in ids else None
