"""Subjects: a row of a log names a report or a finding, and each audience is told of its own findings only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest

from trucewatch.actors import write_pairs
from trucewatch.assessment.occasions import finding_id
from trucewatch.claims import claims_table
from trucewatch.findings import assess
from trucewatch.grains import grain_of
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.shipped import open_agreement
from trucewatch.subjects import findings_about
from trucewatch.views import told_alone, view

LAW = open_agreement("south-syria-2017")
SIDES = write_pairs([("Government of Syria", "Southern Front"), ("Southern Front", "Government of Syria")])


def claim(key: str, day: int, **told: Any) -> dict[str, Any]:
    start = datetime(2018, 6, day, 9, tzinfo=UTC)
    return {
        "claim_key": key, "version": key, "event_key": key, "source": "patrol", "record": f"R-{key}", "item": 0,
        "entry": 0, "file": "log.csv", "line": 1, "assertion": "act", "act": "shelling", "weapon": None,
        "earliest": start, "latest": start + timedelta(hours=1), "time_extent": "within", "place_kind": "area",
        "lon": None, "lat": None, "radius_m": None, "area": "daraa", "country": None, "geometry": None,
        "place_extent": "within", "place_name": None, "adm_1": None, "pairs": SIDES, "civilians_dead": None,
        "means": "saw", "office": None, "cites": None, "interest": None, "curated": False, "allegation": False,
        "records_deaths": False, "exercise": False, "facts": "{}", "text": None, "levels": "{}", **told,
    }  # fmt: skip


def about(audience: Level, subjects: list[str], *rows: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return (clause, first day) of the findings that an audience is told of for each subject."""
    claims = claims_table({name: [row[name] for row in rows] for name in rows[0]})
    grain = grain_of(audience)
    seen = view(claims, audience, grain, LAW.gazetteer, LAW.timezone)
    incidents = corroborate(seen, LAW.gazetteer, LAW.register)
    findings = assess(incidents, LAW)
    alone = partial(told_alone, audience=audience, grain=grain, gazetteer=LAW.gazetteer, timezone=LAW.timezone)
    found = findings_about(subjects, lambda: view(claims, Level.MISSION).claims, alone, seen, incidents, findings)
    first = dict(incidents.incidents.select("incident", "earliest").iter_rows())
    told = {row["finding"]: (row["clause"], f"{first[row['incident']]:%d}") for row in findings.iter_rows(named=True)}
    return {subject: [told[id] for id in ids] for subject, ids in found.items()}


TWO = (claim("a1", 2), claim("b2", 20))


def test_the_mission_names_claims_reports_incidents_and_findings() -> None:
    finding = finding_id("b2", "C1", "")
    told = about(Level.MISSION, ["a1", "R-a1", finding, "nothing"], *TWO)
    assert told["a1"] == told["R-a1"] and {day for _, day in told["a1"]} == {"02"}
    assert told[finding] == [("C1", "20")] and told["nothing"] == []


@pytest.mark.parametrize("audience", [Level.PUBLIC, Level.PARTIES, Level.GUARANTORS])
def test_others_are_told_of_the_same_under_their_own_names(audience: Level) -> None:
    finding = finding_id("b2", "C1", "")
    told = about(audience, ["R-a1", "b2", finding], *TWO)
    assert told["R-a1"] and {clause for clause, _ in told["R-a1"]} == {clause for clause, _ in told["b2"]}
    assert set(told["R-a1"]).isdisjoint(told["b2"])
    assert len(told[finding]) == 1 and set(told[finding]) <= set(told["b2"])


def test_of_what_an_audience_may_not_know_it_is_told_nothing() -> None:
    hidden = claim("b2", 20, levels='{"act": "mission"}')
    assert about(Level.PARTIES, ["b2", "a1"], TWO[0], hidden)["b2"] == []
    assert about(Level.MISSION, ["b2"], TWO[0], hidden)["b2"] != []


def test_of_two_that_are_told_alike_neither_is_singled_out() -> None:
    # By whole days the two are one; who knows the hours knows which is which.
    morning, evening = claim("a1", 2), claim("b2", 2, earliest=datetime(2018, 6, 2, 15, tzinfo=UTC))
    evening["latest"] = datetime(2018, 6, 2, 16, tzinfo=UTC)
    known = about(Level.MISSION, ["a1", "b2"], morning, evening)
    told = about(Level.PARTIES, ["a1", "b2"], morning, evening)
    assert known["a1"] and known["b2"]
    assert told["a1"] == told["b2"]


def test_where_nothing_is_asked_nothing_is_looked_up() -> None:
    def never() -> pl.DataFrame:
        raise AssertionError("the claims were looked at")

    claims = claims_table({name: [row[name] for row in TWO] for name in TWO[0]})
    seen = view(claims, Level.MISSION)
    incidents = corroborate(seen, LAW.gazetteer, LAW.register)
    assert findings_about((), never, lambda frame: frame, seen, incidents, assess(incidents, LAW)) == {}
