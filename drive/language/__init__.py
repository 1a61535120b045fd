"""Words: claims, terms and rationales said and understood. The only place with prose."""

from drive.language.by_hand import KEYS, hand_words, said_number, say_gains
from drive.language.glossary import meaning
from drive.language.monitor import say_beside, say_takeover, watch_words
from drive.language.page import page_words, say_page, say_partner
from drive.language.parse import make_ready, parse, read
from drive.language.quantities import (
    FOLLOW,
    FOLLOW_OTHER,
    QUANTITIES,
    make_claim,
    round_said,
    said_action,
)
from drive.language.questions import answering, parse_question, say_question
from drive.language.report import beside, ending, explanation, handed_back, said_in, spoken
from drive.language.reported import say_reported
from drive.language.say import (
    Account,
    say,
    say_action,
    say_also,
    say_duration,
    say_in_passing,
    say_rationale,
    say_rival,
    say_sentences,
    say_term,
)
from drive.language.tables import LANGUAGES, LATERAL, LONGITUDINAL, TERMS, words_of

__all__ = [
    "FOLLOW",
    "FOLLOW_OTHER",
    "KEYS",
    "LANGUAGES",
    "LATERAL",
    "LONGITUDINAL",
    "QUANTITIES",
    "TERMS",
    "Account",
    "answering",
    "beside",
    "hand_words",
    "handed_back",
    "ending",
    "explanation",
    "make_claim",
    "meaning",
    "page_words",
    "make_ready",
    "parse",
    "parse_question",
    "read",
    "round_said",
    "said_action",
    "said_in",
    "said_number",
    "say",
    "say_action",
    "say_also",
    "say_beside",
    "say_duration",
    "say_gains",
    "say_in_passing",
    "say_page",
    "say_partner",
    "say_question",
    "say_rationale",
    "say_reported",
    "say_rival",
    "say_sentences",
    "say_takeover",
    "say_term",
    "spoken",
    "watch_words",
    "words_of",
]
