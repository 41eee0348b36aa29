"""Counts as they are told, and what proof each standard demands."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trucewatch.evidence import (
    OWN_OBSERVATION,
    Count,
    Means,
    Qualifier,
    Reliability,
    Standard,
    proof_holds,
    read_count,
)

NUMBERS = st.integers(0, 10**12)
STANDARDS = st.sampled_from(Standard)


def count(text: str, qualifier: str | None = None) -> Count:
    return read_count(text, qualifier, "explosions")


def in_arabic_digits(text: str) -> str:
    return text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))


@given(NUMBERS, st.sampled_from(["{}", "{:,}", " {} "]), st.booleans())
@settings(max_examples=100)
def test_a_count_reads_back_however_it_is_written(number: int, form: str, in_arabic: bool) -> None:
    text = form.format(number)
    told = count(in_arabic_digits(text) if in_arabic else text)
    assert told == Count(number, number, Qualifier.EXACT, "explosions")


@pytest.mark.parametrize("text", ["1,240", "1٬240", "١٬٢٤٠", "1 240", "1\u00a0240", "1\u202f240", "01240"])
def test_thousands_are_set_off_in_many_ways(text: str) -> None:
    assert count(text).low == 1240


@pytest.mark.parametrize(
    ("qualifier", "low", "high", "kind"),
    [
        (None, 12, 12, "exact"), ("", 12, 12, "exact"), ("exact", 12, 12, "exact"),
        ("at least", 12, None, "at-least"), ("At  Least", 12, None, "at-least"), ("over", 12, None, "at-least"),
        ("at-most", 0, 12, "at-most"), ("up to", 0, 12, "at-most"),
        ("about", 9, 15, "about"), ("approximately", 9, 15, "about"),
        ("uncountable", 1, None, "uncountable"),
    ],
)  # fmt: skip
def test_a_qualifier_gives_the_bounds(qualifier: str | None, low: int, high: int | None, kind: str) -> None:
    assert astuple(count("12", qualifier)) == (low, high, kind, "explosions")


def test_what_could_not_be_counted_needs_no_number() -> None:
    assert astuple(count("", "uncountable"))[:2] == (1, None)


@given(NUMBERS, st.sampled_from(["exact", "at least", "at most", "about"]))
@example(1, "about")
@settings(max_examples=100)
def test_the_bounds_hold_the_number_that_was_told(number: int, qualifier: str) -> None:
    told = count(str(number), qualifier)
    assert 0 <= told.low <= number
    assert told.high is None or told.high >= number
    assert told.low > 0 or number == 0 or qualifier == "at most"


@given(NUMBERS)
@settings(max_examples=50)
def test_about_means_a_fifth_either_way_rounded_outwards(number: int) -> None:
    told = count(str(number), "about")
    assert told.high is not None
    assert 5 * told.high >= 6 * number and (5 * told.low <= 4 * number or number == told.low == 1)
    assert told.high - number <= number // 5 + 1 and number - told.low <= number // 5 + 1


@pytest.mark.parametrize(
    "text",
    ["", "many", "1.240", "12.5", "1,2", "12,5", "1,2,3", "1_000", "1e3", "0x10", "+5", "½", "²", "12 shells",
     "1,24", "12, 345", "1240,000", "--5", "5-6", "9" * 5000 + "x"],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no whole number"):
        count(text)


@pytest.mark.parametrize("text", ["-1", "-1,240", "-٥"])
def test_a_count_below_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a count cannot be -"):
        count(text)


def test_an_unknown_qualifier_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="'roughly speaking' is no qualifier; one of exact, at-least, at-most, about"):
        count("12", "roughly speaking")


@given(st.text(max_size=10), st.one_of(st.none(), st.text(max_size=10), st.sampled_from(Qualifier)))
@settings(max_examples=200)
def test_any_text_is_a_count_or_refused(text: str, qualifier: str | None) -> None:
    try:
        told = count(text, qualifier)
    except ValueError:
        return
    assert told.low >= 0 and (told.high is None or told.high >= told.low)


# ---- proof -----------------------------------------------------------------------------------------------------------

# (origins, origins that share no interest, the mission's own observation, its own recording): what holds at most.
TABLE = [
    ((0, 0, False, False), None),
    ((1, 0, False, False), Standard.REASONABLE_GROUNDS),
    ((1, 1, False, False), Standard.REASONABLE_GROUNDS),
    ((2, 1, False, False), Standard.BALANCE_OF_PROBABILITIES),
    ((9, 2, False, False), Standard.BALANCE_OF_PROBABILITIES),
    ((1, 1, True, False), Standard.BALANCE_OF_PROBABILITIES),
    ((3, 3, False, False), Standard.CLEAR_AND_CONVINCING),
    ((1, 1, True, True), Standard.CLEAR_AND_CONVINCING),
]


@pytest.mark.parametrize(("held", "highest"), TABLE)
def test_the_default_table_of_proof(held: tuple[int, int, bool, bool], highest: Standard | None) -> None:
    reached = [standard for standard in Standard if proof_holds(standard, *held)]
    assert reached == [standard for standard in Standard if highest is not None and standard <= highest]


@st.composite
def evidence(draw: st.DrawFn) -> tuple[int, int, bool, bool]:
    """Evidence that can be: what is recorded was observed, an observation has an origin, interests are origins."""
    recorded = draw(st.booleans())
    first_hand = recorded or draw(st.booleans())
    origins = draw(st.integers(1 if first_hand else 0, 6))
    return origins, draw(st.integers(0, origins)), first_hand, recorded


@given(evidence(), STANDARDS, st.integers(0, 3), st.integers(0, 3), st.booleans(), st.booleans())
@settings(max_examples=200)
def test_more_evidence_never_proves_less(
    held: tuple[int, int, bool, bool], standard: Standard, origins: int, interests: int, seen: bool, recorded: bool
) -> None:
    more = (held[0] + origins, held[1] + interests, held[2] or seen, held[3] or recorded)
    assert proof_holds(standard, *more) or not proof_holds(standard, *held)


@given(evidence())
@settings(max_examples=200)
def test_what_reaches_a_standard_reaches_the_lower_ones(held: tuple[int, int, bool, bool]) -> None:
    reached = [proof_holds(standard, *held) for standard in sorted(Standard)]
    assert reached == sorted(reached, reverse=True)


# ---- words -----------------------------------------------------------------------------------------------------------


def test_the_words_of_the_field_are_those_that_files_hold() -> None:
    assert [standard.word for standard in Standard] == [
        "reasonable-grounds", "balance-of-probabilities", "clear-and-convincing",
    ]  # fmt: skip
    assert "".join(Reliability) == "ABCDEF"
    assert list(Means)[: len(OWN_OBSERVATION)] == list(OWN_OBSERVATION)
    assert not any(means.startswith("told") or means is Means.OPEN_SOURCE for means in OWN_OBSERVATION)
