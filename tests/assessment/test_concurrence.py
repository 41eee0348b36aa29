"""Concurrence: what is unknown of one side suspends what the other owes; it never makes a violation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ford import ATTESTATIONS, LOGS, REPORTS, attestation, ford, incidents_of, judged, logs, report
from trucewatch.assessment.judgements import Outcome
from trucewatch.beside import Beside
from trucewatch.evidence import Standard
from trucewatch.findings import assess

JULY = 24 * 70  # ten days into July, after both parts are due
STAYED = report("stayed", "presence-of-forces", JULY, "Western Army")
GONE = report("gone", "withdrawal-done", 24 * 40, "Western Army")
HANDED_OVER = report("handed-over", "disarmament-done", 24 * 50)
KEPT = (attestation("disarmament-step"),)


def found(clause: str, beside: Beside, *reports: dict[str, Any]) -> dict[str, Any]:
    (row,) = judged(reports, beside).filter(pl.col("clause") == clause).to_dicts()
    return {**row, "tests": json.loads(row["tests"]), "settled_by": json.loads(row["settled_by"])}


def test_what_the_other_side_did_nobody_knows_so_nothing_is_certain() -> None:
    row = found("F7-leave", logs(), STAYED)
    assert (row["outcome"], row["settled_by"]) == (Outcome.UNDETERMINED, [["clause:F6-guns"]])
    assert row["tests"]["concurrent"] == "unknown"


def test_the_other_side_met_its_part_so_it_was_owed() -> None:
    row = found("F7-leave", logs(), STAYED, HANDED_OVER)
    assert (row["outcome"], row["tests"]["concurrent"]) == (Outcome.VIOLATION, "yes")


def test_the_other_side_did_not_so_nothing_was_owed() -> None:
    row = found("F7-leave", logs(attestations=KEPT), STAYED)
    assert (row["outcome"], row["settled_by"]) == (Outcome.OUTSIDE_SCOPE, [])


def test_what_came_later_was_not_there_then() -> None:
    later = HANDED_OVER | {"earliest": STAYED["latest"], "latest": STAYED["latest"]}
    assert found("F7-leave", logs(), STAYED, later)["outcome"] == Outcome.UNDETERMINED


def test_a_withdrawal_is_met_once_it_is_shown_to_be_done() -> None:
    assert found("F6-guns", logs(attestations=KEPT), GONE)["outcome"] == Outcome.VIOLATION


def test_a_withdrawal_is_met_where_a_whole_record_holds_nobody() -> None:
    nobody = (*KEPT, attestation("positions", area="ford"))
    assert found("F6-guns", logs(attestations=nobody))["outcome"] == Outcome.VIOLATION
    assert found("F6-guns", logs(attestations=KEPT))["outcome"] == Outcome.UNDETERMINED


def test_who_was_there_on_the_day_had_not_left() -> None:
    on_the_day = STAYED | {"earliest": report("x", "act", 24 * 60)["earliest"],
                           "latest": report("x", "act", 24 * 61)["earliest"], "time_extent": "throughout"}  # fmt: skip
    assert found("F6-guns", logs(attestations=KEPT), on_the_day)["outcome"] == Outcome.OUTSIDE_SCOPE


def test_what_is_undetermined_anyway_wants_both_to_be_known() -> None:
    perhaps = STAYED | {"lon": 24.0}  # across the edge of the ford
    assert found("F7-leave", logs(), perhaps)["settled_by"] == [["where", "clause:F6-guns"]]


@pytest.mark.parametrize(("standard", "expected"), [
    (Standard.REASONABLE_GROUNDS, Outcome.VIOLATION), (Standard.CLEAR_AND_CONVINCING, Outcome.UNDETERMINED),
])  # fmt: skip
def test_the_other_part_is_shown_by_the_proof_that_is_demanded(standard: Standard, expected: Outcome) -> None:
    rows = assess(incidents_of([STAYED, HANDED_OVER]), ford(), standard=standard, beside=logs())
    (outcome,) = rows.filter(pl.col("clause") == "F7-leave")["outcome"]
    assert outcome == expected


@settings(deadline=None)
@given(REPORTS, LOGS, ATTESTATIONS)
def test_a_violation_stands_only_where_the_other_side_is_known_to_have_met_its_part(
    reports: list[dict[str, Any]], beside: Beside, attestations: tuple[Any, ...]
) -> None:
    found = judged(reports, replace(beside, attestations=attestations))
    for row in found.filter(pl.col("clause").is_in(["F6-guns", "F7-leave"])).iter_rows(named=True):
        concurrent = json.loads(row["tests"])["concurrent"]
        if row["outcome"] == Outcome.VIOLATION:
            assert concurrent == "yes"
        if concurrent == "unknown" and row["outcome"] == Outcome.UNDETERMINED:
            assert all(any(name.startswith("clause:") for name in way) for way in json.loads(row["settled_by"]))


@settings(deadline=None)
@given(REPORTS, ATTESTATIONS, st.sampled_from(["F6-guns", "F7-leave"]))
def test_the_condition_of_one_clause_changes_no_other(
    reports: list[dict[str, Any]], attestations: tuple[Any, ...], name: str
) -> None:
    law = ford()
    freed = tuple(replace(clause, concurrent_with=()) if clause.id == name else clause for clause in law.clauses)
    beside, incidents = logs(attestations=attestations), incidents_of(reports)
    with_it, without = (
        assess(incidents, agreement, beside=beside).filter(pl.col("clause") != name)
        for agreement in (law, replace(law, clauses=freed))
    )
    assert with_it.equals(without)
