"""Casualties: verified by sources that do not rest on one another, and no name in any cell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.acts import act_tree
from trucewatch.ledger.seal import alias
from trucewatch.levels import Level
from trucewatch.logs.casualties import (
    CASUALTIES,
    CAUSES,
    EXPLOSIVE_REMNANT,
    LEAST_SOURCES,
    MOST_SOURCES,
    AgeBand,
    Casualty,
    Harm,
    Sex,
    Status,
    VerifiedBy,
    casualties_of,
)
from trucewatch.logs.lines import Kind, Line, admit, content_of, read_sheet
from trucewatch.problems import Problem
from trucewatch.when import Span

KNOWN = {Kind.PLACE_ID: {"daraa"}, Kind.ID: {"R-1"}, Kind.LEVEL: {"public", "mission"}}
WHOLE = {
    "casualty": "K-1", "happened": "2018-06-02", "verified_on": "2018-06-05", "outcome": "killed", "sex": "female",
    "age_band": "adult", "cause": "shelling", "area": "daraa", "incident": "R-1", "site": "yes", "medical": "yes",
}  # fmt: skip
DAY = Span(datetime(2018, 6, 1, tzinfo=UTC), datetime(2018, 6, 2, tzinfo=UTC), "day")
SOURCES = st.frozensets(st.sampled_from(VerifiedBy))


def entered(tmp_path: Path, **cells: str) -> tuple[tuple[Line, ...], list[Problem]]:
    """Return a row that is like a whole one but for some cells, if it may be entered, and what is wrong with it."""
    row = {**WHOLE, **cells}
    path = tmp_path / "casualties.csv"
    path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n", encoding="utf-8")
    read, problems = read_sheet(CASUALTIES, path, "Asia/Damascus", KNOWN)
    lines, refused = admit(CASUALTIES, read, (), [CASUALTIES])
    return lines, [*problems, *refused]


def casualty(tmp_path: Path, **cells: str) -> Casualty:
    lines, problems = entered(tmp_path, **cells)
    assert problems == []
    [found] = casualties_of(lines)
    return found


def spoken_of(sources: Iterable[VerifiedBy], together: Iterable[VerifiedBy] = (), on: Span | None = DAY) -> Casualty:
    return Casualty(
        "K", DAY, on, Harm.KILLED, Sex.MALE, AgeBand.CHILD, sources=frozenset(sources),
        not_independent=frozenset(together),
    )  # fmt: skip


# ---- the sheet -------------------------------------------------------------------------------------------------------


def test_a_row_is_what_it_says(tmp_path: Path) -> None:
    named = alias(lambda size: bytes(range(size)))
    told = casualty(tmp_path, identity=named, level="public", family="no")
    assert (told.harm, told.sex, told.age_band, told.cause) == (Harm.KILLED, Sex.FEMALE, AgeBand.ADULT, "shelling")
    assert (told.incident, told.identity, told.level) == ("R-1", named, Level.PUBLIC)
    assert told.sources == {VerifiedBy.SITE, VerifiedBy.MEDICAL}
    # Local days of Damascus: when it happened and when it was verified are told apart.
    assert told.happened.earliest == datetime(2018, 6, 1, 21, tzinfo=UTC)
    assert told.verified_on is not None and told.verified_on.earliest == datetime(2018, 6, 4, 21, tzinfo=UTC)


def test_most_may_be_unknown(tmp_path: Path) -> None:
    told = casualty(
        tmp_path, verified_on="", sex="not-known", age_band="not-known", cause="", incident="", site="", medical="",
        happened="2018-06/2018-07",
    )  # fmt: skip
    assert (told.verified_on, told.cause, told.incident, told.sources) == (None, "", "", frozenset())
    assert told.status() is Status.REPORTED


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"verified_on": "2018-06-01"}, "out-of-order"),
        ({"medical": ""}, "too-few-sources"),
        ({"site": "no", "medical": "no"}, "too-few-sources"),
        ({"not_independent": "site; medical"}, "too-few-sources"),
        ({"not_independent": "site; family"}, "not-a-source"),
        ({"not_independent": "site"}, "not-a-source"),
        ({"not_independent": "radio"}, "unknown-choice"),
        ({"area": "atlantis"}, "unknown-area"),
        ({"area": ""}, "one-way-only"),
        ({"lat": "32.6"}, "one-way-only"),
        ({"area": "", "lat": "32.6", "lon": "36.1"}, "half-a-point"),
        ({"area": "", "lat": "132.6", "lon": "36.1", "radius_m": "10"}, "out-of-range"),
        ({"incident": "R-9"}, "unknown-subject"),
        ({"outcome": "missing"}, "unknown-choice"),
        ({"outcome": ""}, "missing-value"),
        ({"sex": ""}, "missing-value"),
        ({"age_band": "old"}, "unknown-choice"),
        ({"cause": "statement"}, "unknown-choice"),
        ({"happened": "2018-13-01"}, "bad-date"),
        ({"happened": ""}, "missing-value"),
        ({"name": "Some Name"}, "unknown-column"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line(tmp_path: Path, cells: dict[str, str], code: str) -> None:
    lines, problems = entered(tmp_path, **cells)
    assert lines == ()
    assert [(problem.file, problem.line, problem.code) for problem in problems] == [
        ("casualties.csv", 1 if code == "unknown-column" else 2, code)
    ]


def test_verified_on_the_day_on_which_it_happened_is_no_fault(tmp_path: Path) -> None:
    assert casualty(tmp_path, verified_on="2018-06-02").status() is Status.VERIFIED


@pytest.mark.parametrize("text", ["Some Name", "K-1", "aaaq-eaye-auda", "AAAQ-EAYE-AUDA-OCAJ", "aaaq-eaye-auda-oca1"])
def test_only_an_alias_stands_for_a_person_and_what_else_stood_there_is_not_repeated(tmp_path: Path, text: str) -> None:
    lines, [problem] = entered(tmp_path, identity=text)
    assert (lines, problem.code) == ((), "not-an-alias")
    assert text not in f"{problem.message} {problem.hint}".replace("K-1: ", "")


@given(st.binary(min_size=10, max_size=10))
def test_whatever_alias_is_drawn_it_passes(tmp_path_factory: pytest.TempPathFactory, drawn: bytes) -> None:
    named = alias(lambda size: drawn[:size])
    assert casualty(tmp_path_factory.getbasetemp(), identity=named).identity == named


def test_outside_the_mission_nobody_is_shown_an_alias_or_what_a_casualty_is_of(tmp_path: Path) -> None:
    named = alias(lambda size: bytes(range(size)))
    [line], _ = entered(tmp_path, identity=named, level="public")
    inside, outside = (content_of(line, CASUALTIES, is_mission)["values"] for is_mission in (True, False))
    assert (inside["identity"], inside["incident"]) == (named, "R-1")
    assert inside.keys() - outside.keys() == {"identity", "incident"}


def test_causes_are_acts_that_harm_people_or_what_was_left_behind() -> None:
    tree = act_tree()
    assert {"shelling", "small-arms-fire", "violence", EXPLOSIVE_REMNANT} <= set(CAUSES)
    assert not {"act", "statement", "presence-of-forces", "property"} & set(CAUSES)
    # What was left behind is nobody's use of a weapon on that day.
    assert EXPLOSIVE_REMNANT not in tree


# ---- verified or reported --------------------------------------------------------------------------------------------


@given(SOURCES, SOURCES)
def test_as_many_sources_are_independent_as_can_be_chosen_of_which_no_two_rest_on_one_another(
    sources: frozenset[VerifiedBy], together: frozenset[VerifiedBy]
) -> None:
    free = [
        len(chosen)
        for size in range(len(sources) + 1)
        for chosen in combinations(sorted(sources), size)
        if not any({one, other} <= together for one, other in combinations(chosen, 2))
    ]
    assert spoken_of(sources, together).independent == max(free)


@given(SOURCES, SOURCES, st.sampled_from(VerifiedBy), st.integers(LEAST_SOURCES, MOST_SOURCES), st.booleans())
def test_another_source_never_takes_a_verification_away(
    sources: frozenset[VerifiedBy], together: frozenset[VerifiedBy], more: VerifiedBy, least: int, is_dated: bool
) -> None:
    on = DAY if is_dated else None
    before, after = spoken_of(sources, together, on), spoken_of(sources | {more}, together, on)
    assert after.independent >= before.independent
    assert before.status(least) is Status.REPORTED or after.status(least) is Status.VERIFIED


@given(SOURCES, SOURCES, st.integers(LEAST_SOURCES, MOST_SOURCES - 1))
def test_a_higher_standard_verifies_nothing_more(
    sources: frozenset[VerifiedBy], together: frozenset[VerifiedBy], least: int
) -> None:
    told = spoken_of(sources, together)
    assert told.status(least) is Status.VERIFIED or told.status(least + 1) is Status.REPORTED


def test_without_a_day_of_verification_nothing_is_verified() -> None:
    assert spoken_of(VerifiedBy, on=None).status() is Status.REPORTED
    assert spoken_of(VerifiedBy).status(MOST_SOURCES) is Status.VERIFIED


def test_they_come_in_order_of_time(tmp_path: Path) -> None:
    later, earlier = (
        entered(tmp_path, casualty=name, happened=day)[0][0] for name, day in (("A", "2018-06-04"), ("B", "2018-06-03"))
    )
    assert [told.id for told in casualties_of([later, earlier])] == ["B", "A"]
