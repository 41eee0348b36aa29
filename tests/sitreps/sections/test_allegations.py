"""Allegations: each has its result."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.sitreps.sections.told import Tell, WithTold, said, tables
from trucewatch.assessment.judgements import Outcome
from trucewatch.logs.stages import Proceeding, Result, Stage, Step
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.sections.allegations import allegations
from trucewatch.when import Span


def alleged(tell: Tell, id: str) -> Told:
    return tell(id, allegation=True)


def ended(id: str, result: Result, *stages: Stage) -> Proceeding:
    """Return a proceeding that came through some stages to a result."""
    day = Span(datetime(2018, 6, 3, tzinfo=UTC), datetime(2018, 6, 4, tzinfo=UTC), "day")
    return Proceeding(id, tuple(Step(f"{id}-{at}", id, stage, day, result) for at, stage in enumerate(stages)))


def test_every_allegation_has_its_result_and_what_could_not_be_ruled_on_is_counted(
    tell: Tell, with_told: WithTold
) -> None:
    outcomes = [str(outcome) for outcome in Outcome]
    alleged = [tell(f"a{at}", outcome, allegation=True) for at, outcome in enumerate([*outcomes, "undetermined"])]
    section = allegations(with_told(*alleged, tell("zz")))
    ruled, totals, each = tables(section)
    assert ("undetermined", "2") in totals.rows
    assert sum(int(row[1]) for row in totals.rows) == len(alleged) == sum(int(row[1]) for row in ruled.rows)
    assert [row[-1] for row in each.rows] == [told.id for told in alleged]
    assert each.rows[-1][3:6] == ("undetermined", "pending", "received")
    assert said(section) == [
        "On 5 of 5 the mission has not ruled, or could not: 5 pending, 0 unable to verify.",
        "2 could not be ruled on.",
    ]


def test_what_the_mission_ruled_stands_beside_what_the_clause_makes_of_it(tell: Tell, with_told: WithTold) -> None:
    def ruled(id: str, result: Result, *stages: Stage, alleged: bool = True) -> Told:
        return replace(tell(id, allegation=alleged), proceeding=ended(id, result, *stages))

    told = with_told(
        ruled("a1", Result.UNABLE_TO_VERIFY, Stage.RECEIVED, Stage.CLOSED),
        ruled("a2", Result.ESTABLISHED, Stage.RECEIVED, Stage.VERIFIED, alleged=False),
        ruled("f1", Result.ESTABLISHED, Stage.VERIFIED, alleged=False),
    )
    ruled_on, _, each = tables(allegations(told))
    assert {row for row in ruled_on.rows if row[1] != "0"} == {("unable to verify", "1"), ("established", "1")}
    # What nobody alleged is no allegation.
    assert [row[4:] for row in each.rows] == [("unable to verify", "closed", "a1"), ("established", "verified", "a2")]
    assert said(allegations(told))[0].startswith("On 1 of 2 the mission has not ruled")


def test_one_allegation_under_two_clauses_is_one(tell: Tell, with_told: WithTold) -> None:
    two = [replace(tell("a1", allegation=True), clause="C1"), replace(tell("a2", allegation=True), clause="C2")]
    both = [replace(one, account={**one.account, "incident": "i1"}) for one in two]
    ruled, totals, _ = tables(allegations(with_told(*both)))
    assert [sum(int(row[1]) for row in table.rows) for table in (ruled, totals)] == [1, 2]


@pytest.mark.parametrize("at", [0, 1])
def test_a_result_recorded_of_one_of_its_findings_is_that_of_the_allegation(
    tell: Tell, with_told: WithTold, at: int
) -> None:
    two = [replace(one, account={**one.account, "incident": "i1"}) for one in map(alleged, [tell] * 2, ["a1", "a2"])]
    two[at] = replace(two[at], proceeding=ended(two[at].id, Result.UNFOUNDED, Stage.RECEIVED))
    ruled = tables(allegations(with_told(*two)))[0]
    assert {row for row in ruled.rows if row[1] != "0"} == {("unfounded", "1")}


def test_without_a_mandate_no_allegation_is_called_a_violation(tell: Tell, with_told: WithTold) -> None:
    told = replace(with_told(tell("a", "violation", allegation=True)), may_determine=False)
    words = " ".join(word for table in tables(allegations(told)) for row in table.rows for word in row)
    assert "violation" not in words and "assessed as inconsistent with the clause" in words


def test_without_an_allegation_none_is_counted(figures: Figures) -> None:
    section = allegations(figures)
    assert said(section) == ["No allegation of a party was received in this period."] and not tables(section)
