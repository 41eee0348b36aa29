"""Inspections: five outcomes, and what each says of what was promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from trucewatch.logs.inspections import (
    INSPECTIONS,
    OPEN_BECAUSE,
    InspectionOutcome,
    Promise,
    SiteInspection,
    inspections_of,
)
from trucewatch.logs.lines import Kind, admit, read_sheet
from trucewatch.problems import Problem

HEAD = "inspection,site,area,party,on,held_to_be,counted,outcome,reason"


def entered(tmp_path: Path, *rows: str) -> tuple[tuple[SiteInspection, ...], list[Problem]]:
    path = tmp_path / "inspections.csv"
    path.write_text("\n".join([HEAD, *rows, ""]), encoding="utf-8")
    read, problems = read_sheet(INSPECTIONS, path, "Europe/Kyiv", {Kind.PLACE_ID: {"hills"}})
    lines, refused = admit(INSPECTIONS, read, (), [INSPECTIONS])
    return inspections_of(lines), [*problems, *refused]


def test_visits_are_read_in_order_of_time(tmp_path: Path) -> None:
    visits, problems = entered(
        tmp_path,
        "I2,site-1,hills,side-a,2015-05-05,6,4,missing-with-reason,repair",
        "I1,site-1,,side-a,2015-05-04,6,6,all-present,",
    )
    assert problems == []
    assert [(one.id, one.area, one.counted, one.reason) for one in visits] == [
        ("I1", "", 6, ""),
        ("I2", "hills", 4, "repair"),
    ]


@pytest.mark.parametrize(
    ("row", "code", "says"),
    [
        ("I1,site-1,hills,side-a,2015-05-04,6,4,missing-with-reason,", "missing-value", "the reason is empty"),
        ("I1,site-1,hills,side-a,2015-05-04,6,4,missing,repair", "reason-contradicts", "missing-with-reason"),
        ("I1,site-1,hills,side-a,2015-05-04,6,4,all-present,", "counts-contradict", "4 were counted"),
        ("I1,site-1,hills,side-a,2015-05-04,6,7,count-matches-serials-refused,", "counts-contradict", "7 were counted"),
        ("I1,site-1,hills,side-a,2015-05-04,6,6,missing,", "counts-contradict", "6 of 6"),
        ("I1,site-1,hills,side-a,2015-05-04,6,6,access-refused,", "counts-contradict", "access was refused"),
        ("I1,site-1,hill,side-a,2015-05-04,6,6,all-present,", "unknown-area", "hill"),
        ("I1,site-1,hills,side-a,2015-05-04,6,6,seen,", "unknown-choice", "seen"),
        ("I1,site-1,hills,side-a,yesterday,6,6,all-present,", "bad-date", "yesterday"),
    ],
)
def test_a_visit_that_contradicts_itself_is_refused(tmp_path: Path, row: str, code: str, says: str) -> None:
    visits, problems = entered(tmp_path, row)
    assert visits == ()
    assert [(problem.code, problem.line) for problem in problems] == [(code, 2)]
    assert says in str(problems[0])


def visit(outcome: InspectionOutcome, tmp_path: Path) -> SiteInspection:
    reason = "repair" if outcome is InspectionOutcome.MISSING_WITH_REASON else ""
    (one,), _ = entered(tmp_path, f"I1,site-1,hills,side-a,2015-05-04,,,{outcome},{reason}")
    return one


@pytest.mark.parametrize("outcome", InspectionOutcome)
def test_what_is_left_open_says_what_would_settle_it(outcome: InspectionOutcome, tmp_path: Path) -> None:
    one = visit(outcome, tmp_path)
    is_open = any(one.tests(promise) and one.keeps(promise) is None for promise in Promise)
    assert is_open == (outcome in OPEN_BECAUSE)


def test_who_lets_nobody_in_breaks_the_access_and_hides_the_rest(tmp_path: Path) -> None:
    refused = visit(InspectionOutcome.ACCESS_REFUSED, tmp_path)
    assert refused.keeps(Promise.ACCESS) is False
    assert refused.keeps(Promise.WEAPONS_KEPT) is None
    assert not refused.tests(Promise.SERIAL_NUMBERS)


def test_a_matching_count_is_not_the_same_weapons(tmp_path: Path) -> None:
    counted = visit(InspectionOutcome.SERIALS_REFUSED, tmp_path)
    assert (counted.keeps(Promise.WEAPONS_KEPT), counted.keeps(Promise.SERIAL_NUMBERS)) == (None, False)
