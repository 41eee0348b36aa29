"""A small sitrep in figures, by hand: what a page must bear, without the route that leads to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trucewatch.actors import write_pairs
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.claims import claims_table, empty_claims
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.mission import open_agreement
from trucewatch.problems import Problem
from trucewatch.sitreps.languages import Language, language_of
from trucewatch.sitreps.material import AreaRow, Cell, Concentration, Figures, Material, Period, Told, Window
from trucewatch.sitreps.style import Style
from trucewatch.sources import Source, read_source
from trucewatch.views import view

ROOT = Path(__file__).parents[2]
Tell = Callable[..., Told]

_COUNTS = {"violation": 1, "outside_scope": 1, "undetermined": 2}
_DYADS = (("A – B", 73, 9), ("C", 0, 2))
_JUNE, _JULY = datetime(2018, 5, 31, 21, tzinfo=UTC), datetime(2018, 6, 30, 21, tzinfo=UTC)
_NOTHING = {"violation": 0, "outside_scope": 0, "undetermined": 0}
_ACCOUNT: Mapping[str, Any] = {
    "incident": "i1",
    "hypothetical": False,
    "settled_by": "[]",
    "standard": "reasonable-grounds",
    "per_test": False,
    "place_kind": "disc",
    "lon": 36.1,
    "lat": 32.62,
    "radius_m": 3000.0,
    "area": None,
    "country": None,
    "geometry": None,
    "place_name": "Daraa town",
}
_REPORT: Mapping[str, Any] = {
    "source": "ucdp",
    "record": "259726",
    "file": "events.csv",
    "line": 17,
    "office": "SOHR",
    "cites": '["SOHR"]',
    "means": "open-source",
    "reliability": "B",
    "text": "Clashes continue in the countryside",
}


def _tell(id: str, outcome: str = "undetermined", report: Mapping[str, Any] | None = None, **place: Any) -> Told:
    ways = {"undetermined": [["where"], ["end", "who"]]}.get(outcome, [])
    return Told(
        id=id,
        clause="C1",
        outcome=outcome,
        sentence=f"Use of weapons, reported by SOHR (in UCDP): 3 June 2018, Daraa town; finding {id}.",
        when="3 June 2018",
        where="Daraa town, within 3 km of a point",
        zone="daraa",
        act="use of weapons",
        civilians_dead=None,
        presumption=outcome == "violation",
        responsibility="not established",
        responsible=(),
        settled_by=tuple(" and ".join(names) for names in ways),
        tests={"when": "yes", "where": "unknown", "scope": "yes"},
        share_inside=0.634,
        origins="1 report, 1 independent origin",
        reports=1,
        chain=({**_REPORT, **(report or {})},),
        account={**_ACCOUNT, "incident": f"i-{id}", "settled_by": json.dumps(ways), **place},
        earliest=datetime(2018, 6, 3, tzinfo=UTC),
    )


@pytest.fixture(scope="session")
def tell() -> Tell:
    """Return the maker of one told finding: id, outcome, fields of its report and of its place."""
    return _tell


@pytest.fixture(scope="session")
def agreement() -> Agreement:
    return read_agreement(ROOT / "agreements" / "south-syria-2017")


@pytest.fixture(scope="session")
def source() -> Source:
    found, problems = read_source(ROOT / "sources" / "ucdp.yml")
    assert found is not None, problems
    return found


@pytest.fixture(scope="session")
def english(agreement: Agreement) -> Language:
    """Return English, in which things are named as the agreement has it."""
    return language_of("en", agreement, Style(), "public")


@pytest.fixture
def figures(agreement: Agreement, source: Source) -> Figures:
    zones = (*((zone, agreement.zones[zone].label) for zone in ("daraa", "quneitra", "suwayda", "area-of-separation")),)
    cells = {zone: Cell("not observed") for zone in (*dict(zones), "elsewhere")}
    told = (
        _tell("aa01", "violation"),
        _tell("bb02", "outside_scope"),
        _tell("cc03"),
        _tell("dd04", place_kind="country", lon=None, lat=None, radius_m=None),
    )
    return Figures(
        title="Ceasefire in south-west Syria",
        marking="public",
        period=Period(
            datetime(2018, 5, 31, 21, tzinfo=UTC), datetime(2018, 6, 30, 21, tzinfo=UTC), "1 to 30 June 2018"
        ),
        cut_off="30 June 2018",
        reading="",
        assessment=("First sentence.", "Second sentence.", "Third sentence."),
        civilian_harm={"incidents": 2, "civilians_dead": 5},
        areas=tuple(AreaRow(zone, label, _NOTHING, None) for zone, label in zones),
        not_seen=("No source says when nothing was observed.",),
        concentration=Concentration(536, "SOHR", 521, 532),
        counts=_COUNTS,
        strict_counts={**_COUNTS, "violation": 0, "undetermined": 3},
        presumed=1,
        by_month={"2018-05": 20, "2018-06": 77},
        windows=(
            Window("9 July 2017", "9 June to 8 July", "9 July to 7 August", 83, 15, (("A – B", 73, 9), ("C", 0, 2))),
        ),
        matrix={"C1": {**cells, "daraa": Cell("counts", _COUNTS)}, "C2": {**cells, "suwayda": Cell("partly seen")}},
        zones=zones,
        told=told,
        rows_read=1200,
        rows_refused=1,
        claims=1300,
        incidents=1199,
        incidents_in_period=84,
        origins_low=1,
        origins_high=None,
        problems=(Problem("events.csv", 9, "bad-date", "'2018-13-40' is no date", "write it as 2018-06-03"),),
        sources=(source,),
        is_simulation=False,
        withdrawn=0,
        shows_leads=True,
        may_determine=True,
    )


@pytest.fixture
def with_told(figures: Figures) -> Callable[..., Figures]:
    """Return the maker of figures that tell some findings instead."""
    return lambda *told: replace(figures, told=told)


# ---- a small table of claims, taken along the route ----------------------------------------------------------------

SIDES = [("Government of Syria", "Southern Front"), ("Southern Front", "Government of Syria")]


def _claim(name: str, **told: Any) -> dict[str, Any]:
    """Return one report as a row of a claims table: shelling in Daraa town on 3 June 2018, on the word of SOHR."""
    day = datetime(2018, 6, 2, 21, tzinfo=UTC)
    return {
        "claim_key": name, "version": name, "event_key": name, "source": "ucdp", "record": name, "item": 0, "entry": 0,
        "file": "events.csv", "line": 17, "assertion": "act", "act": "shelling", "weapon": None, "earliest": day,
        "latest": day + timedelta(days=1), "time_extent": "within", "place_kind": "disc", "lon": 36.1, "lat": 32.62,
        "radius_m": 3000.0, "area": None, "country": "Syria", "geometry": None, "place_extent": "within",
        "place_name": "Daraa town", "adm_1": "Daraa", "pairs": write_pairs(SIDES), "civilians_dead": None,
        "means": "open-source", "office": "SOHR", "cites": '["SOHR"]', "interest": None, "curated": True,
        "allegation": False, "records_deaths": True, "exercise": False, "facts": "{}", "text": "Shelling in Daraa",
        "levels": "{}", **told,
    }  # fmt: skip


@pytest.fixture(scope="session")
def claim() -> Callable[..., dict[str, Any]]:
    """Return the maker of one row of a claims table: its name, and what it tells otherwise."""
    return _claim


@pytest.fixture(scope="session")
def material_of() -> Callable[..., Material]:
    """Return the maker of a sitrep's material from rows of claims, by the agreement of south-west Syria."""
    law = open_agreement("south-syria-2017")

    def make(
        *rows: Mapping[str, Any], audience: Level = Level.MISSION, reading: str = "", demands: bool = False, **rest: Any
    ) -> Material:
        names = dict.fromkeys(name for row in rows for name in row)
        columns = {name: [row.get(name) for row in rows] for name in names}
        seen = view(claims_table(columns) if rows else empty_claims(), audience)
        incidents = corroborate(seen, law.gazetteer, law.register)
        chosen = law.readings[reading] if reading else None
        found = assess(incidents, law, chosen, hypothetical=demands)
        held: dict[str, Any] = {"strict": None, "sources": (), "problems": (), "rows_read": len(rows)}
        return Material(
            view=seen, incidents=incidents, findings=found, agreement=law, reading=chosen, rows_refused=0,
            **{**held, **rest},
        )  # fmt: skip

    return make
