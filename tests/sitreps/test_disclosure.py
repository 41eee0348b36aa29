"""Disclosure: no count by area that is too small to be told can be worked out from all that is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.agreement.terms import Agreement
from trucewatch.claims import claims_table
from trucewatch.levels import Level
from trucewatch.route import Assessment, follow_route
from trucewatch.sitreps.disclosure import told_apart, told_as_empty, too_few, without_area
from trucewatch.sitreps.tables import findings_csv, findings_geojson, findings_table

Claim = Callable[..., dict[str, Any]]
ZONES = ("daraa", "quneitra", "suwayda")
CLAUSES = ("C1", "C2")
# One incident: the area it lies in, if in one, and the clauses under which it is a finding.
INCIDENTS = st.lists(
    st.tuples(st.sampled_from([*ZONES, ""]), st.sets(st.sampled_from(CLAUSES), min_size=1)), min_size=1, max_size=16
)
Table = Mapping[tuple[str, str], int]


def tables(incidents: list[tuple[str, set[str]]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the findings of some incidents, and where those lie."""
    findings = [
        (f"i{n}", clause, "violation") for n, (_, clauses) in enumerate(incidents) for clause in sorted(clauses)
    ]
    placed = [(f"i{n}", zone) for n, (zone, _) in enumerate(incidents) if zone]
    return (
        pl.DataFrame(findings, ["incident", "clause", "outcome"], orient="row"),
        pl.DataFrame(placed, {"incident": pl.String, "zone": pl.String}, orient="row"),
    )


def counted(findings: pl.DataFrame, placed: pl.DataFrame) -> Counter[tuple[str, str]]:
    return Counter(findings.join(placed, on="incident").select("clause", "zone").iter_rows())


# ---- somebody who wants to know --------------------------------------------------------------------------------------


def possible(
    shown: Table,
    hidden: set[tuple[str, str]],
    least: int,
    rows: Mapping[str, int],
    columns: Mapping[str, int],
    elsewhere: Mapping[str, int],
    is_elsewhere_known: bool,
) -> dict[tuple[str, str], tuple[int, int]]:
    """Return between which bounds each hidden count must lie, from the counts and totals that are told.

    Bounds are drawn tighter, row by row and column by column, until nothing moves any more. Where `elsewhere` is not
    known apart, whatever is not told by area may also lie in none.
    """  # fmt: skip
    most = max([least, *rows.values()])
    bounds = {cell: (0, most) for cell in hidden}
    sums = [
        ([cell for cell in hidden if cell[0] == clause],
         rows[clause] - sum(n for cell, n in shown.items() if cell[0] == clause)
         - (elsewhere[clause] if is_elsewhere_known else 0),
         is_elsewhere_known)
        for clause in rows
    ]  # fmt: skip
    for zone in columns:
        told = sum(number for cell, number in shown.items() if cell[1] == zone)
        sums.append(([cell for cell in hidden if cell[1] == zone], columns[zone] - told, True))
    for _ in range(200):
        before = dict(bounds)
        for cells, total, is_exact in sums:
            for cell in cells:
                others = [bounds[other] for other in cells if other != cell]
                low, high = bounds[cell]
                low = max(low, total - sum(h for _, h in others)) if is_exact else low
                bounds[cell] = (low, min(high, total - sum(low for low, _ in others)))
        if bounds == before:
            return bounds
    return bounds


@given(INCIDENTS, st.integers(2, 5))
@settings(max_examples=300)
def test_no_small_count_can_be_worked_out_from_rows_and_totals(
    incidents: list[tuple[str, set[str]]], least: int
) -> None:
    findings, everywhere = tables(incidents)
    truth = counted(findings, everywhere)
    few = too_few(findings, everywhere, least)
    placed = everywhere.filter(~pl.col("incident").is_in(few))
    shown = counted(findings, placed)
    assert all(number >= least for number in shown.values())
    # Rows tell the clause of every finding and the area of those that are placed; totals by area count the same rows.
    rows = Counter(findings["clause"])
    columns = {zone: sum(n for cell, n in shown.items() if cell[1] == zone) for zone in ZONES}
    unplaced = {clause: rows[clause] - sum(n for c, n in shown.items() if c[0] == clause) for clause in rows}
    hidden = {(clause, zone) for clause in rows for zone in ZONES if (clause, zone) not in shown}
    told = {clause: 0 for clause in rows}
    # A column's total is that of the counts shown, and so tells nothing of the others.
    bounds = possible(shown, hidden, least, rows, {}, told, is_elsewhere_known=False)
    for cell in hidden:
        low, high = bounds[cell]
        assert low == 0 and high == unplaced[cell[0]]
        assert low <= truth[cell] - shown[cell] <= high
        if truth[cell]:
            assert low < high
    assert sum(columns.values()) == sum(shown.values())


def test_primary_suppression_alone_is_undone(tell: Callable[[str], None]) -> None:
    """The control: where only the small counts themselves are blanked, and totals stand, many are worked out."""
    tried, found = 0, 0

    @settings(max_examples=150)
    @given(INCIDENTS)
    def attack(incidents: list[tuple[str, set[str]]]) -> None:
        nonlocal tried, found
        findings, placed = tables(incidents)
        truth = counted(findings, placed)
        hidden = {cell for cell, n in truth.items() if 0 < n < 3}
        shown = {cell: n for cell, n in truth.items() if cell not in hidden}
        rows = Counter(findings["clause"])
        columns = {zone: sum(n for cell, n in truth.items() if cell[1] == zone) for zone in ZONES}
        elsewhere = {c: rows[c] - sum(n for cell, n in truth.items() if cell[0] == c) for c in rows}
        bounds = possible(shown, hidden, 3, rows, columns, elsewhere, is_elsewhere_known=True)
        for cell, (low, high) in bounds.items():
            assert low <= truth[cell] <= high
            tried, found = tried + 1, found + (low == high)

    attack()
    assert found > tried / 5 > 20
    tell(f"disclosure, control: {found} of {tried} blanked counts are worked out where totals stand; 0 of ours")


@given(INCIDENTS, st.integers(1, 5))
@settings(max_examples=100)
def test_no_more_is_hidden_than_lies_in_a_small_count(incidents: list[tuple[str, set[str]]], least: int) -> None:
    findings, placed = tables(incidents)
    few = too_few(findings, placed, least)
    truth = counted(findings, placed)
    if all(number >= least for number in truth.values()):
        assert not few
    assert few <= set(placed["incident"])
    left = placed.filter(~pl.col("incident").is_in(few))
    assert too_few(findings, left, least) == frozenset()


# ---- in every product ------------------------------------------------------------------------------------------------


@pytest.fixture
def public(claim: Claim, agreement: Agreement) -> Assessment:
    """Return what the public gets of five incidents in Daraa and one in Quneitra, each told by two offices."""
    spots = [(36.25, 32.75)] * 5 + [(35.88, 33.08)]
    rows = []
    for n, (lon, lat) in enumerate(spots):
        day = datetime(2018, 6, 3 + 2 * n, 6, tzinfo=UTC)
        at = {"earliest": day, "latest": day + timedelta(hours=1), "lon": lon, "lat": lat, "radius_m": 1000.0}
        rows += [
            claim(f"{office}{n}", event_key=f"e{n}", **at, office=office, adm_1=None) for office in ("SANA", "SOHR")
        ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return follow_route(claims_table(columns), (), (), agreement, None, None, Level.PUBLIC)


def test_a_finding_in_a_small_count_is_told_without_its_area_everywhere(
    public: Assessment, agreement: Agreement
) -> None:
    figures = public.figures
    shown = [told for told in figures.told if told.zone]
    lone = [told for told in figures.told if not told.zone and told.clause == "C1"]
    assert {told.zone for told in shown} == {"daraa"} and len(lone) == 1
    assert (lone[0].where, lone[0].account["place_kind"], lone[0].share_inside) == (
        "somewhere in Syria",
        "country",
        None,
    )
    for told in lone:
        assert "Quneitra" not in told.sentence and told.account["area"] is None and told.account["geometry"] is None
    assert figures.matrix["C1"]["daraa"].word == "counts"
    assert figures.matrix["C1"]["quneitra"].word == figures.matrix["C1"]["suwayda"].word == "not observed"
    assert sum(figures.matrix["C1"]["elsewhere"].counts.values()) == 1
    areas = {row.zone: sum(row.now.values()) for row in figures.areas}
    assert areas["quneitra"] == 0 and areas["elsewhere"] >= 1
    assert b"Quneitra" not in findings_csv(findings_table(figures))
    features = json.loads(findings_geojson(figures, agreement))["features"]
    assert {feature["properties"]["zone"] for feature in features} == {"daraa", ""}
    assert all(feature["geometry"] is None for feature in features)


def test_tables_count_the_findings_as_rows_tell_them(public: Assessment) -> None:
    for row in public.figures.areas:
        zone = "" if row.zone == "elsewhere" else row.zone
        told = [t for t in public.figures.told if t.zone == zone and t.account["incident"]]
        by_outcome = Counter(t.outcome for t in told)
        assert all(by_outcome[outcome] == number for outcome, number in row.now.items()), row.zone


def test_the_mission_itself_is_told_every_count(claim: Claim, agreement: Agreement) -> None:
    rows = [claim("a"), claim("b", lon=35.88, lat=33.08, radius_m=1000.0, event_key="b")]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    done = follow_route(claims_table(columns), (), (), agreement, None, None, Level.MISSION)
    assert {told.zone for told in done.figures.told if told.clause == "C1"} == {"daraa", "quneitra"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9)), st.integers(1, 5))
def test_of_groups_that_are_not_told_none_can_be_worked_out(counts: dict[str, int], least: int) -> None:
    told, left = told_apart(counts, least)
    assert all(counts[group] == number >= least for group, number in told.items())
    assert sum(told.values()) + left == sum(counts.values())
    # Those left over are none, enough to hide in, or everybody there is.
    assert left == 0 or left >= least or told == {}
    if least == 1:
        assert told == {group: number for group, number in counts.items() if number}


def test_the_smallest_group_joins_those_that_would_be_too_few() -> None:
    assert told_apart({"a": 9, "b": 3, "c": 1}, 3) == ({"a": 9}, 4)
    assert told_apart({"a": 9, "b": 3, "c": 1, "d": 2}, 3) == ({"a": 9, "b": 3}, 3)
    assert told_apart({"a": 2, "b": 0}, 3) == ({}, 2)


def test_a_cell_that_was_watched_and_has_few_is_not_called_empty() -> None:
    assert told_as_empty("none found") == told_as_empty("partly seen") == "partly seen"
    assert told_as_empty("not observed") == "not observed"


@pytest.mark.parametrize(
    ("area", "country", "kind", "told"),
    [
        ("daraa", None, "country", "Syria"),
        (None, "Jordan", "country", "Jordan"),
        (None, None, "unplaced", None),
        ("daraa", "Syrian Arab Republic", "country", "Syrian Arab Republic"),
    ],
)
def test_what_is_told_without_its_area_keeps_its_country(
    agreement: Agreement, area: str | None, country: str | None, kind: str, told: str | None
) -> None:
    row = {"area": area, "country": country, "geometry": b"x", "lon": 36.0, "clause": "C1", "place_kind": "area"}
    found = without_area(row, agreement.gazetteer)
    assert (found["place_kind"], found["country"], found["area"], found["lon"], found["clause"]) == (
        kind, told, None, None, "C1",
    )  # fmt: skip
