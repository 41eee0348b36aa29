"""Evidence: how something came to be known, how far it is believed, and what proof a judgement needs.

Source reliability (A-F) and information credibility (1-6) are the two axes of the Admiralty system (NATO
AJP-2.1); they are judged apart. The standards are those of the UN fact-finding guidance (OHCHR, 2015).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

# Thousands are set off by a comma, an Arabic separator or a space. A full stop may be one or a decimal point: refused.
_WHOLE = re.compile(r"-?(\d+|\d{1,3}([,\u066c \u00a0\u202f]\d{3})+)")
_QUALIFIER_WORDS = {"": "exact", "over": "at-least", "up-to": "at-most", "approximately": "about"}


class Means(StrEnum):
    """How the teller came to know; the first four are the teller's own observation."""

    HEARD = "heard"
    SAW = "saw"
    RECORDED = "recorded"
    IMPACT_SITE = "impact-site"
    TOLD_BY_PARTY = "told-by-party"
    TOLD_BY_INTERLOCUTOR = "told-by-interlocutor"
    OPEN_SOURCE = "open-source"


class Assertion(StrEnum):
    """What a claim asserts."""

    ACT = "act"  # something was done
    PRESENCE = "presence"  # forces or weapons were somewhere
    NOTHING = "nothing"  # nothing of the kind was observed, by somebody who could have


class Extent(StrEnum):
    """How a claim fills the time or place it names."""

    WITHIN = "within"  # once, somewhere in it
    THROUGHOUT = "throughout"  # all of it
    NOTHING = "nothing"  # observed not to occur


OWN_OBSERVATION = (Means.HEARD, Means.SAW, Means.RECORDED, Means.IMPACT_SITE)


class Reliability(StrEnum):
    """How far a source has earned belief, judged apart from what it now says."""

    A = "A"  # completely reliable
    B = "B"  # usually reliable
    C = "C"  # fairly reliable
    D = "D"  # not usually reliable
    E = "E"  # unreliable
    F = "F"  # cannot be judged


class Standard(IntEnum):
    """The proof demanded before a finding is made."""

    REASONABLE_GROUNDS = 1
    BALANCE_OF_PROBABILITIES = 2
    CLEAR_AND_CONVINCING = 3

    @property
    def word(self) -> str:
        """The standard as it is written in a mandate."""
        return self.name.lower().replace("_", "-")


class Qualifier(StrEnum):
    """How a count was given."""

    EXACT = "exact"
    AT_LEAST = "at-least"
    AT_MOST = "at-most"
    ABOUT = "about"
    UNCOUNTABLE = "uncountable"


class VerificationStatus(StrEnum):
    """What has been done to check an incident; none of it is a judgement."""

    REPORTED = "reported"
    CORROBORATED = "corroborated"
    VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class Count:
    """A number as it was told: bounds, qualifier, and the unit counted.

    `high` is None where nothing bounds it from above ("at least 12").
    """

    low: int
    high: int | None
    qualifier: Qualifier
    unit: str


def read_count(text: str, qualifier: str | None, unit: str) -> Count:
    """Read a count with its qualifier; Arabic-Indic digits and thousands separators are understood.

    >>> read_count("1,240", "at least", "explosions")
    Count(low=1240, high=None, qualifier=<Qualifier.AT_LEAST: 'at-least'>, unit='explosions')

    "About" is taken to be off by a fifth either way. Raises ValueError for what is no whole number, below zero, or an
    unknown qualifier.
    """
    word = "-".join((qualifier or "").lower().split())
    try:
        how = Qualifier(_QUALIFIER_WORDS.get(word, word))
    except ValueError:
        raise ValueError(f"'{qualifier}' is no qualifier; one of {', '.join(Qualifier)}") from None
    if how is Qualifier.UNCOUNTABLE:
        return Count(1, None, how, unit)
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError(f"'{text}' is no whole number")
    number = int(re.sub(r"[^-\d]", "", text))
    if number < 0:
        raise ValueError(f"a count cannot be {number}")
    if how is Qualifier.AT_LEAST:
        return Count(number, None, how, unit)
    if how is Qualifier.AT_MOST:
        return Count(0, number, how, unit)
    if how is Qualifier.ABOUT:
        fifth = -(-number // 5)
        # Rounded outwards; but "about one" is not none.
        return Count(max(number - fifth, min(number, 1)), number + fifth, how, unit)
    return Count(number, number, how, unit)


def proof_holds(standard: Standard, origins_low: int, interests_low: int, first_hand: bool, recorded: bool) -> bool:
    """Say whether the evidence reaches a standard; the default table of a mandate, ours.

    `origins_low` is the lower bound of independent origins, `interests_low` of those that share no interest.
    Reasonable grounds need one origin; the balance of probabilities two, or the mission's own eyes; clear and
    convincing needs the mission's own recording, or three origins that share no interest.
    """
    if standard is Standard.REASONABLE_GROUNDS:
        return origins_low >= 1
    if standard is Standard.BALANCE_OF_PROBABILITIES:
        return origins_low >= 2 or first_hand
    return recorded or interests_low >= 3
