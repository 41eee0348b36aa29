"""Parse: what is read is what is written, and what cannot mean what it says is a problem on its line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from trucewatch.actors import Affiliation
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import (
    Agreement,
    Answer,
    Asked,
    ClauseKind,
    Inspection,
    LogTest,
    Notification,
    Presumption,
    Quota,
    TermKind,
)
from trucewatch.evidence import Standard
from trucewatch.logs.inspections import Promise
from trucewatch.logs.liaison import Subject
from trucewatch.problems import FileFault, Problem
from trucewatch.texts import parse_text, read_text
from trucewatch.where import Plane

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.parent for path in ROOT.glob("agreements/*/agreement.yml"))
SCHEMAS = ROOT / "trucewatch" / "formats"
DOCS = ROOT / "docs" / "agreement-format.md"

TEXT = """\
format: 1
agreement: hills
title: Truce of the hills
timezone: Europe/Kyiv
guarantors: [third]
in_force: [$start]
sources:
  wire: {title: Wire, published: 2020-01-01, grade: B}
  paper: {title: Paper, published: 2020-01, relays: [wire]}
bound:
  reds: {actors: [red], says: [wire]}
affected:
  blues: {actors: [blue], bound: contested, says: [paper]}
terms:
  start:
    rivals:
      noon: {at: "2020-01-01T12:00", says: [wire]}
      dawn: {at: "2020-01-01T06:00", says: [paper], date: 2020-01-02}
  end:
    ruling: never
    rivals:
      spring: {at: 2020-03-01}
      never: {at: null}
  area:
    rivals:
      all: {zones: [north, south]}
      half: {zones: [north]}
  near: {of: river, subject: reds, rivals: {by-place: {m: 5000..30000}}}
  far: {of: road, rivals: {ten: {m: 10000}}}
zones:
  north: {area: zones.geojson#north}
  south: {area: zones.geojson#south, label: {en: The south}, part_of: both}
  both: {union: [north, south]}
  bank: {strip: {of: river, from_m: 1000, to_m: 2000, side: left}}
  hidden: {known: false, part_of: north}
lines:
  river: {line: zones.geojson#river}
  road: {known: false}
definitions:
  attack: {text: Any attack., acts: [offensive], says: [wire]}
preconditions:
  tried: {text: It was tried., log: {asks: attempt, channel: telephone}}
  told: {text: It was announced., log: {asks: notice, before: PT48H}}
presumption: bound-unless-outside-group-named
clauses:
  C1:
    text: {en: No fire., uk: Без вогню.}
    says: [wire]
    forbids: {acts: [use-of-weapons, $attack], in: $area, from: $start, until: $end}
    outside_scope:
      - {target: [bandits], note: against them}
      - {preconditions: [tried]}
  C2:
    text: Guns leave.
    withdraws:
      who: [reds]
      weapons: [gun]
      calibre_mm: {at_least: 100}
      beyond: {of: river, m: $near, inside: north}
      by: $start + P14D
    standard: balance-of-probabilities
  C3:
    text: Few men.
    presumption: none
    ceiling: {who: [red], unit: men, at_most: 60, in: bank, from: 2020-02-01}
  C4:
    text: Tell us.
    duty: {acts: [notice-given], who: [reds], by: 2020-01-15}
  C6:
    text: Answer us.
    duty: {answer: [query], who: [reds], within: PT24H, from: 2020-01-15}
    concurrent_with: [C1]
  C7:
    text: Two convoys a day.
    duty: {acts: [humanitarian-convoy], who: [reds], at_least: 2, every: P1D, from: 2020-01-15}
  C8:
    text: Let us in.
    duty: {inspections: access, who: [reds]}
  C9:
    text: Tell of orders.
    duty: {notify: order, acts: [use-of-weapons], within: PT24H}
  C5:
    text: No tanks near.
    forbids: {acts: [presence-of-weapons], weapons: [tank], within: {of: river, m: 2000}, from: $start}
    bound: [reds]
hypothetical:
  D1:
    text: All leave.
    demand_of: third
    withdraws: {who: [blue], from: everywhere, by: $start}
readings:
  strict: {presumption: none}
  third:
    by: third
    choose: {start: noon, affected.blues: bound}
    affiliations: [{of: blue, to: red, holds: true, says: [paper]}]
    reservations:
      - {of: reds, to: C1.E1, says: [wire]}
      - {of: reds, to: C4}
    says: [wire]
"""

ACTORS = """\
format: 1
actors:
  red: {names: [Red Army, الجيش الأحمر]}
  blue: {names: [Blues]}
  third: {names: [Third State], kind: state}
  bandits: {names: [Bandits]}
  outlaws: {names: [List of outlaws], kind: list}
  rebels: {names: [Rebels], kind: umbrella, members: [red, bandits], open: true}
affiliations:
  - {of: blue, to: red, kind: part-of, says: [wire], from: 2020-01-01, until: 2020-01-31, contested: true}
"""


def feature(name: str, form: str, coordinates: object, **told: object) -> dict[str, object]:
    """Return a GeoJSON feature."""
    geometry = {"type": form, "coordinates": coordinates}
    return {"type": "Feature", "id": name, "properties": told, "geometry": geometry}


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    """Return the ring of a box."""
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


FEATURES = [
    feature("north", "Polygon", box(36.0, 33.0, 37.0, 34.0), kind="adm1", country="SY", names=["North", "شمال"]),
    feature("south", "Polygon", box(36.0, 32.0, 37.0, 33.0), kind="adm1", country="SY", names="South"),
    feature("river", "LineString", [[36.5, 32.0], [36.5, 34.0]], kind="line"),
]


def write(folder: Path, text: str = TEXT, actors: str | None = ACTORS, features: object = None) -> Path:
    """Write an agreement's folder; a feature stands on a line of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "agreement.yml").write_text(text, encoding="utf-8")
    if actors is not None:
        (folder / "actors.yml").write_text(actors, encoding="utf-8")
    if not isinstance(features, str):
        listed = FEATURES if features is None else features
        assert isinstance(listed, list)
        lines = ",\n".join(json.dumps(one) for one in listed)
        features = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
    (folder / "zones.geojson").write_text(features, encoding="utf-8")
    return folder


def told(problem: Problem) -> tuple[str, int, str]:
    """Return (file, line, code) of a problem."""
    return Path(problem.file).name, problem.line, problem.code


@pytest.fixture
def hills(tmp_path: Path) -> Agreement:
    """Return the agreement of TEXT."""
    agreement = read_agreement(write(tmp_path / "hills"))
    assert agreement.problems == ()
    return agreement


# ---- what is read ----------------------------------------------------------------------------------------------------


def test_it_is_read_as_written(hills: Agreement) -> None:
    assert (hills.id, hills.title, hills.text, hills.timezone) == (
        "hills", {"en": "Truce of the hills"}, "public", "Europe/Kyiv",
    )  # fmt: skip
    assert hills.guarantors == ("third",)
    assert [c.id for c in hills.clauses] == ["C1", "C2", "C3", "C4", "C6", "C7", "C8", "C9", "C5"]
    assert [c.kind for c in hills.clauses] == [
        ClauseKind.BAN, ClauseKind.WITHDRAWAL, ClauseKind.CEILING, *[ClauseKind.DUTY] * 5, ClauseKind.BAN,
    ]  # fmt: skip
    assert [t.kind for t in hills.terms.values()] == [
        TermKind.INSTANT, TermKind.INSTANT, TermKind.ZONES, TermKind.DISTANCE, TermKind.DISTANCE, TermKind.BOUND,
    ]  # fmt: skip
    assert hills.sources["wire"].grade == "B"
    assert hills.definitions == {"attack": {"en": "Any attack."}}
    assert hills.preconditions == {"tried": {"en": "It was tried."}, "told": {"en": "It was announced."}}


def test_a_ban_is_read(hills: Agreement) -> None:
    ban = hills.clause("C1")
    assert ban.says == {"en": "No fire.", "uk": "Без вогню."}
    assert ban.what.acts == ("use-of-weapons", "offensive")
    assert (ban.ground.term, ban.start.term, ban.end.term, ban.who) == ("area", "start", "end", ())
    assert [(e.id, e.targets, e.preconditions) for e in ban.outside_scope] == [
        ("E1", ("bandits",), ()),
        ("E2", (), ("tried",)),
    ]
    assert ban.presumption is Presumption.UMBRELLA
    assert not ban.is_hypothetical
    assert TEXT.splitlines()[ban.line_number - 1] == "  C1:"


def test_a_withdrawal_is_read(hills: Agreement) -> None:
    leave = hills.clause("C2")
    assert leave.what.acts == ("presence-of-weapons",)
    assert (leave.what.weapons, leave.what.calibre_at_least_mm, leave.what.calibre_below_mm) == (("gun",), 100.0, None)
    assert (leave.ground.line, leave.ground.distance_term, leave.ground.inside) == ("river", "near", "north")
    assert leave.start.offset.days == 14
    assert leave.standard is Standard.BALANCE_OF_PROBABILITIES


def test_a_ceiling_a_duty_and_a_ban_near_a_line_are_read(hills: Agreement) -> None:
    few, tell, near = (hills.clause(name) for name in ("C3", "C4", "C5"))
    assert (few.at_most, few.what.unit, few.ground.zones, few.who) == (60, "men", ("bank",), ("red",))
    assert few.presumption is Presumption.NONE
    assert (tell.what.acts, tell.who) == (("notice-given",), ("reds",))
    assert (near.ground.line, near.ground.distance_m, near.who) == ("river", 2000.0, ("reds",))


def test_what_is_owed_beside_an_act_by_a_day_is_read(hills: Agreement) -> None:
    day = timedelta(days=1)
    assert [hills.clause(name).owed for name in ("C4", "C6", "C7", "C8", "C9")] == [
        None, Answer((Subject.QUERY,), day), Quota(2, day), Inspection(Promise.ACCESS), Notification(day),
    ]  # fmt: skip
    assert hills.clause("C6").concurrent_with == ("C1",)
    assert hills.log_tests == {
        "tried": LogTest(Asked.ATTEMPT, about=(Subject.MOVEMENT,), channel="telephone"),
        "told": LogTest(Asked.NOTICE, timedelta(hours=48), (Subject.MOVEMENT,)),
    }


def test_a_demand_is_kept_apart(hills: Agreement) -> None:
    demand = hills.clause("D1")
    assert demand.is_hypothetical and demand.demand_of == "third"
    assert demand not in hills.clauses
    assert demand.ground.zones == () and demand.ground.line == ""


def test_zones_are_drawn(hills: Agreement) -> None:
    both, north = hills.zones["both"].shape, hills.zones["north"].shape
    assert both is not None and north is not None
    assert both.contains(shapely.Point(36.5, 32.5)) and not north.contains(shapely.Point(36.5, 32.5))
    assert hills.zones["south"].label == "The south"
    assert hills.zones["hidden"].shape is None and hills.zones["hidden"].part_of == "north"
    assert hills.lines["road"].shape is None


def test_names_are_found_in_the_gazetteer(hills: Agreement) -> None:
    assert hills.gazetteer.find("شمال") == "north"
    assert hills.gazetteer.find("South") == "south"
    assert hills.gazetteer.find("river") is None


def test_dates_of_actors_are_local_to_the_agreement(hills: Agreement) -> None:
    (said,) = hills.register.statements
    assert said.kind is Affiliation.PART_OF and said.contested
    assert said.earliest is not None and said.latest is not None
    # Midnight in Kyiv, two hours before midnight UTC.
    assert (said.earliest.isoformat(), said.latest.isoformat()) == (
        "2019-12-31T22:00:00+00:00",
        "2020-01-31T22:00:00+00:00",
    )


@pytest.mark.parametrize(
    "written", [TEXT.encode("utf-8-sig"), TEXT.replace("\n", "\r\n").encode()], ids=["byte-order mark", "CRLF"]
)
def test_what_editors_leave_behind_changes_nothing(tmp_path: Path, hills: Agreement, written: bytes) -> None:
    folder = write(tmp_path / "again")
    (folder / "agreement.yml").write_bytes(written)
    again = read_agreement(folder)
    assert again.problems == ()
    assert again.clauses == hills.clauses and again.terms == hills.terms


def test_geojson_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "a")
    file = folder / "zones.geojson"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert read_agreement(folder).problems == ()


def test_an_agreement_without_actors_is_read(tmp_path: Path) -> None:
    text = "format: 1\nclauses:\n  C1: {text: No fire., forbids: {acts: [firing]}}\n"
    agreement = read_agreement(write(tmp_path / "bare", text, actors=None))
    assert agreement.problems == ()
    assert agreement.id == "bare" and agreement.timezone == "UTC"


def test_no_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match="no such folder"):
        read_agreement(tmp_path / "nowhere")
    with pytest.raises(FileFault, match=r"agreement\.yml"):
        read_agreement(tmp_path)


# ---- strips ----------------------------------------------------------------------------------------------------------


@given(
    near=st.integers(0, 20_000),
    width=st.integers(500, 20_000),
    away=st.integers(1, 50_000),
    along=st.floats(0.2, 0.8),
    is_west=st.booleans(),
)
def test_a_strip_holds_what_lies_so_far_on_its_side(
    tmp_path_factory: pytest.TempPathFactory, near: int, width: int, away: int, along: float, is_west: bool
) -> None:
    # The river is drawn from south to north: west is left.
    strip = f"{{strip: {{of: river, from_m: {near}, to_m: {near + width}, side: left}}}}"
    text = f"format: 1\nzones:\n  bank: {strip}\nlines:\n  river: {{line: zones.geojson#river}}\n"
    agreement = read_agreement(write(tmp_path_factory.getbasetemp() / "strip", text, actors=None))
    line, bank = agreement.lines["river"].shape, agreement.zones["bank"].shape
    assert agreement.problems == () and line is not None and bank is not None
    plane = Plane.over([line])
    drawn = plane.shape(line)
    assert isinstance(drawn, shapely.LineString)
    start = drawn.interpolate(along, normalized=True)
    point = plane.unproject(shapely.Point(start.x + (-away if is_west else away), start.y))
    expected = is_west and near <= away <= near + width
    # Within 30 m of an edge the flattening of the globe may decide.
    if min(abs(away - near), abs(away - near - width)) > 30:
        assert bank.contains(point) is expected


# ---- problems --------------------------------------------------------------------------------------------------------

Change = Callable[[str], str]


def swap(old: str, new: str) -> Change:
    """Return a change of the one place where a text stands."""

    def change(text: str) -> str:
        assert text.count(old) == 1, old
        return text.replace(old, new)

    return change


def add(line: str) -> Change:
    """Return a change that adds lines at the end."""
    return lambda text: f"{text}{line}\n"


# code: (change, what the line that the problem points at contains, what the hint or message contains)
IN_AGREEMENT: dict[str, tuple[Change, str, str]] = {
    "not-yaml": (swap("  wire: {title: Wire", "\twire: {title: Wire"), "\twire", "a tab is not allowed"),
    "duplicate-key": (swap("  C5:\n", "  C4:\n"), "  C4:\n    text: No tanks", "keep one"),
    "unknown-key": (swap("guarantors:", "guarantor:"), "guarantor:", "did you mean 'guarantors'?"),
    "unknown-format": (swap("format: 1", "format: 2"), "format: 2", "this program reads 1"),
    "unknown-timezone": (swap("Europe/Kyiv", "Europe/Kiew"), "timezone", "Europe/Kiew"),
    "unknown-wording": (add("wording: secret"), "wording", "no wording is called 'secret'"),
    "unknown-grade": (swap("grade: B", "grade: Z"), "grade: Z", "no grade is called 'Z'"),
    "unknown-presumption": (
        swap("presumption: bound-unless-outside-group-named", "presumption: bound-unless-outside-group-name"),
        "presumption: bound-unless", "did you mean 'bound-unless-outside-group-named'?",
    ),
    "unknown-standard": (swap("balance-of-probabilities", "balance-of-probability"), "standard", "did you mean"),
    "unknown-side": (swap("side: left", "side: west"), "side: west", "no side is called 'west'"),
    "unknown-what": (swap("weapons: [gun]\n", "what: weapon\n"), "what: weapon", "did you mean 'weapons'?"),
    "unknown-actor": (swap("actors: [red]", "actors: [rad]"), "actors: [rad]", "did you mean 'red'?"),
    "unknown-party": (swap("bound: [reds]", "bound: [redz]"), "bound: [redz]", "did you mean 'reds'?"),
    "unknown-source": (swap("says: [paper], date", "says: [papr], date"), "papr", "did you mean 'paper'?"),
    "unknown-zone": (swap("half: {zones: [north]}", "half: {zones: [nort]}"), "nort]", "did you mean 'north'?"),
    "unknown-line": (swap("near: {of: river", "near: {of: rivr"), "rivr", "did you mean 'river'?"),
    "unknown-term": (swap("in: $area", "in: $aera"), "aera", "did you mean 'area'?"),
    "unknown-act": (swap("acts: [notice-given]", "acts: [notice-givn]"), "notice-givn", "did you mean 'notice-given'?"),
    "unknown-weapon": (swap("weapons: [tank]", "weapons: [tanc]"), "tanc", "did you mean 'tank'?"),
    "unknown-definition": (swap("$attack]", "$attacks]"), "$attacks]", "did you mean 'attack'?"),
    "unknown-precondition": (swap("preconditions: [tried]", "preconditions: [tird]"), "tird", "did you mean 'tried'"),
    "unknown-rival": (swap("ruling: never", "ruling: nevr"), "nevr", "did you mean 'never'?"),
    "unknown-value": (swap("start: noon", "start: nonn"), "nonn", "did you mean 'noon'?"),
    "affiliation-not-contested": (
        swap("of: blue, to: red, holds", "of: blue, to: third, holds"), "to: third", "of blue to red",
    ),
    "not-true-or-false": (swap("holds: true", "holds: maybe"), "maybe", "give true or false"),
    "unknown-clause": (swap("of: reds, to: C4", "of: reds, to: C44"), "C44", "did you mean 'C4'?"),
    "chosen-twice": (swap("of: reds, to: C4", "of: reds, to: C1.E1"), "to: C1.E1}", "stands twice"),
    "unknown-feature": (swap("zones.geojson#north", "zones.geojson#nord"), "nord", "did you mean 'north'?"),
    "file-missing": (swap("zones.geojson#north", "zone.geojson#north"), "zone.geojson", "cannot be read"),
    "not-a-map": (swap("clauses:\n  C1:\n", "clauses: C1\nmore:\n  C1:\n"), "clauses: C1", ""),
    "not-a-word": (swap("agreement: hills", "agreement: [hills]"), "agreement:", "must be one value"),
    "not-a-sentence": (
        swap("text: {en: No fire., uk: Без вогню.}", "text: {en: No fire, at all.}"), "No fire, at all",
        "put it in quotes",
    ),
    "not-a-date": (swap("spring: {at: 2020-03-01}", "spring: {at: 2020-03-41}"), "2020-03-41", "2020-03-41"),
    "not-a-duration": (swap("$start + P14D", "$start + P6M"), "P6M", "such as P14D"),
    "not-a-number": (swap("m: 10000", "m: -1"), "m: -1", "5000..30000"),
    "key-missing": (swap("demand_of: third\n", "note: nobody's\n"), "  D1:", "'demand_of' is missing"),
    "list-as-party": (swap("blues: {actors: [blue]", "blues: {actors: [outlaws]"), "blues: {", "a list"),
    "party-twice": (swap("affected:\n  blues:", "affected:\n  reds:"), "  reds: {actors: [blue]", "both bound and"),
    "zone-undrawn": (swap("hidden: {known: false, ", "hidden: {"), "hidden", "known: false"),
    "zone-order": (swap("both: {union: [north, south]}", "both: {union: [bank]}"), "both: {union", "stand below it"),
    "not-an-area": (swap("zones.geojson#south", "zones.geojson#river"), "south: {area", "LineString"),
    "not-a-line": (swap("zones.geojson#river", "zones.geojson#south"), "river: {line", "Polygon"),
    "line-undrawn": (swap("road: {known: false}", "road: {label: Road}"), "road: {label", "known: false"),
    "strip-empty": (swap("from_m: 1000, to_m: 2000", "from_m: 2000, to_m: 2000"), "strip:", "is no strip"),
    "term-empty": (swap("far: {of: road, rivals: {ten: {m: 10000}}}", "far: {of: road}"), "far:", "at least one"),
    "reserved-term": (swap("  far: {of", "  affected.blues: {of"), "affected.blues: {of", "contested"),
    "rivals-differ": (swap("spring: {at: 2020-03-01}", "spring: {m: 5}"), "  end:", "separate terms"),
    "rival-without-value": (swap("never: {at: null}", "never: {note: none}"), "never: {note", "at, zones or m"),
    "distance-without-line": (swap("far: {of: road, rivals", "far: {rivals"), "far: {rivals", "add of: LINE"),
    "distance-of-other-line": (swap("m: $near", "m: $far"), "m: $far", "only distances from the same line compete"),
    "wrong-term": (swap("in: $area", "in: $start"), "in: $start", "is a term of kind instant, not zones"),
    "clause-without-one-rule": (
        swap("duty: {acts: [notice-given], who: [reds], by: 2020-01-15}", "note: nothing"), "  C4:", "exactly one of",
    ),
    "clause-without-words": (swap("    text: Tell us.\n", ""), "  C4:", "does not say what"),
    "clause-twice": (swap("  D1:", "  C1:"), "  C1:\n    text: All leave", "an id of its own"),
    "acts-missing": (swap("acts: [notice-given], who", "who"), "duty: {who", "give acts"),
    "two-grounds": (swap("within: {of", "in: north, within: {of"), "in: north", "keep one"),
    "unknown-asks": (swap("asks: attempt", "asks: everything"), "{asks: everything", ""),
    "unknown-subject": (swap("answer: [query]", "answer: [queryy]"), "queryy", "did you mean 'query'?"),
    "unknown-inspections": (swap("inspections: access", "inspections: entry"), "inspections: entry", ""),
    "unknown-notify": (swap("notify: order", "notify: orders"), "notify: orders", "did you mean 'order'?"),
    "two-duties": (swap("answer: [query]", "answer: [query], inspections: access"), "duty: {answer", "of their own"),
    "not-a-period": (swap("every: P1D", "every: PT36H"), "every: PT36H", "every: P1D"),
    "condition-on-itself": (swap("_with: [C1]", "_with: [C6]"), "concurrent_with: [C6]", "other side"),
}  # fmt: skip
IN_ACTORS: dict[str, tuple[Change, str, str]] = {
    "actor-unnamed": (swap("blue: {names: [Blues]}", "blue: {kind: state}"), "blue:", "list what it is called"),
    "actor-name-twice": (swap("[Bandits]", "[Bandits, red ARMY]"), "bandits:", "'red ARMY' is a name of 'red' too"),
    "umbrella-of-itself": (swap("members: [red, bandits]", "members: [rebels]"), "rebels:", "stands for itself"),
    "unknown-kind": (swap("kind: part-of", "kind: part"), "kind: part,", "did you mean 'part-of'?"),
}
CROSSED = [[[36.0, 33.0], [37.0, 34.0], [37.0, 33.0], [36.0, 34.0], [36.0, 33.0]]]
IN_GEOJSON: dict[str, tuple[object, int, str]] = {
    "not-geojson": ('{"type": "FeatureCollection",\n"features": [}', 2, ""),
    "feature-twice": ([*FEATURES, FEATURES[0]], 2, "keep one"),
    "geometry-unreadable": ([feature("north", "Polygon", [[[36.0, 33.0]]]), *FEATURES[1:]], 2, ""),
    "not-on-earth": ([feature("north", "Polygon", box(360, 33, 370, 34)), *FEATURES[1:]], 2, "longitude first"),
    "polygon-crosses-itself": ([feature("north", "Polygon", CROSSED), *FEATURES[1:]], 2, "mend the ring by hand"),
}


def line_of(text: str, containing: str) -> int:
    """Return the number of the line where a piece of text begins."""
    assert containing in text, containing
    return text[: text.index(containing)].count("\n") + 1


@pytest.mark.parametrize("code", IN_AGREEMENT)
def test_a_problem_points_at_its_line(tmp_path: Path, code: str) -> None:
    change, containing, says = IN_AGREEMENT[code]
    text = change(TEXT)
    problems = read_agreement(write(tmp_path / "a", text)).problems
    found = [p for p in problems if p.code == code]
    assert [told(p) for p in found] == [("agreement.yml", line_of(text, containing), code)], problems
    assert says in str(found[0])


@pytest.mark.parametrize("code", IN_ACTORS)
def test_a_problem_of_actors_points_at_its_line(tmp_path: Path, code: str) -> None:
    change, containing, says = IN_ACTORS[code]
    actors = change(ACTORS)
    problems = read_agreement(write(tmp_path / "a", actors=actors)).problems
    assert [told(p) for p in problems if p.code == code] == [("actors.yml", line_of(actors, containing), code)]
    assert says in " ".join(str(p) for p in problems)


@pytest.mark.parametrize("code", IN_GEOJSON)
def test_a_problem_of_geometry_points_at_the_feature(tmp_path: Path, code: str) -> None:
    features, line, says = IN_GEOJSON[code]
    problems = read_agreement(write(tmp_path / "a", features=features)).problems
    found = [p for p in problems if p.code == code]
    assert [told(p) for p in found] == [("zones.geojson", line, code)], problems
    assert says in str(found[0])


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty-file"), ("- format\n", "not-a-map"), ("? {a: 1}\n: 2\n", "key-not-text"), ("a: 'b\n", "not-yaml")],
)
def test_a_file_that_is_no_agreement_is_a_problem(tmp_path: Path, text: str, code: str) -> None:
    problems = read_agreement(write(tmp_path / "a", text)).problems
    assert code in {p.code for p in problems}
    assert {p.line for p in problems} <= {1, 2}


def test_every_code_is_provoked_and_documented() -> None:
    source = (ROOT / "trucewatch" / "agreement" / "parse.py").read_text(encoding="utf-8")
    given = set(
        re.findall(r'(?:_complain|Problem|_geometry_problem)\((?:[^"]|"(?=\)))*?"([a-z]+(?:-[a-z]+)+)"', source)
    )
    provoked = {*IN_AGREEMENT, *IN_ACTORS, *IN_GEOJSON, "empty-file", "key-not-text"}
    assert given - provoked == set()
    _, _, table = DOCS.read_text(encoding="utf-8").partition("\n## Problems\n")
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert sorted(code for row in rows for code in re.findall(r"`([a-z-]+)`", row)) == sorted(provoked)


def test_a_rule_that_cannot_mean_what_it_says_judges_nobody(tmp_path: Path) -> None:
    agreement = read_agreement(write(tmp_path / "a", swap("in: $area", "in: $aera")(TEXT)))
    assert "C1" not in [c.id for c in agreement.clauses]


def test_a_zone_made_of_an_unknown_one_is_unknown(tmp_path: Path) -> None:
    text = swap("hidden: {known: false, part_of: north}", "hidden: {known: false}\n  more: {union: [north, hidden]}")(
        TEXT
    )
    agreement = read_agreement(write(tmp_path / "a", text))
    assert agreement.problems == () and agreement.zones["more"].shape is None


def test_a_zone_is_drawn_in_one_way_only(tmp_path: Path) -> None:
    text = swap("both: {union: [north, south]}", "both: {union: [north, south], known: false}")(TEXT)
    problems = read_agreement(write(tmp_path / "a", text)).problems
    assert [told(p) for p in problems] == [("agreement.yml", line_of(text, "  both:"), "zone-undrawn")]


def test_a_demand_among_the_clauses_is_a_problem(tmp_path: Path) -> None:
    text = swap("    text: Tell us.\n", "    text: Tell us.\n    demand_of: third\n")(TEXT)
    problems = read_agreement(write(tmp_path / "a", text)).problems
    assert [told(p) for p in problems] == [
        ("agreement.yml", line_of(text, "    demand_of: third\n    duty"), "unknown-key")
    ]


def test_umbrellas_in_a_circle_are_opened_once(tmp_path: Path) -> None:
    actors = swap("bandits: {names: [Bandits]}", "bandits: {names: [Bandits], members: [rebels]}")(ACTORS)
    agreement = read_agreement(write(tmp_path / "a", actors=actors))
    assert [p.code for p in agreement.problems] == ["umbrella-of-itself"]
    assert agreement.register.stands_for("rebels")


@given(st.data())
def test_no_damaged_text_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    lines = TEXT.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    word = data.draw(
        st.sampled_from(["", "null", "- 1", "{}", "[]", "x: [", "zones: 3", "  at: 5", "true", "1e999", "&a"])
    )
    lines[at] = data.draw(st.sampled_from([word, lines[at][: len(lines[at]) // 2], lines[at] + word]))
    agreement = read_agreement(write(tmp_path_factory.getbasetemp() / "damaged", "\n".join(lines)))
    assert all(0 < p.line <= len(lines) + 1 and p.code and p.message for p in agreement.problems)
    assert list(agreement.problems) == sorted(set(agreement.problems))


def test_the_agreement_of_the_documentation_is_one(tmp_path: Path) -> None:
    files = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [name for name, _ in files] == ["agreement.yml", "actors.yml", "zones.geojson", "examples.yml"]
    for name, content in files:
        (tmp_path / name).write_text(content, encoding="utf-8")
    agreement = read_agreement(tmp_path)
    assert agreement.problems == ()
    assert [c.id for c in agreement.clauses] == ["C1", "C2"]
    for name in ("agreement", "actors", "examples"):
        assert list(schema(name).iter_errors(plain(tmp_path / f"{name}.yml"))) == []


def test_the_actors_of_the_documentation_are_read(tmp_path: Path) -> None:
    (actors,) = re.findall(r"^```yaml\n(format: 1\nsources.*?)^```$", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    register = read_agreement(write(tmp_path / "a", "format: 1\n", actors)).register
    assert register.stands_for(register.identify("syrian insurgents")) > {"southern-front"}
    assert [said.kind for said in register.statements_of("knights")] == [Affiliation.CLAIMS_SUBORDINATION]


# ---- what is shipped -------------------------------------------------------------------------------------------------


def plain(path: Path) -> Any:
    """Return a file as a validator sees it."""
    content, problems = read_text(path)
    assert problems == []
    return content.plain()


def schema(name: str) -> Draft202012Validator:
    """Return a schema that is one."""
    written = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(written)
    return Draft202012Validator(written)


def test_agreements_are_shipped() -> None:
    names = {folder.name for folder in SHIPPED}
    assert names >= {"south-syria-2017", "astana-2017", "disengagement-1974", "minsk-2015", "donbas-2020"}


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_agreement_has_no_problems(folder: Path) -> None:
    agreement = read_agreement(folder)
    assert agreement.problems == ()
    assert agreement.id == folder.name
    assert (folder / "text.md").is_file() and (folder / "examples.yml").is_file()


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
@pytest.mark.parametrize("name", ["agreement", "actors", "examples"])
def test_the_schema_fits_what_is_shipped(folder: Path, name: str) -> None:
    path = folder / f"{name}.yml"
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in schema(name).iter_errors(plain(path))]
    assert errors == []
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert named is not None, first
    assert (folder / named[1]).resolve() == SCHEMAS / f"{name}.schema.json"


def test_the_schema_fits_the_text_of_these_tests() -> None:
    assert list(schema("agreement").iter_errors(parse_text(TEXT, "TEXT")[0].plain())) == []
    assert list(schema("actors").iter_errors(parse_text(ACTORS, "ACTORS")[0].plain())) == []


# What JSON Schema cannot see: references from one place to another, geometry, and what is not in the text itself.
# fmt: off
BEYOND_SCHEMA = {
    "not-yaml", "duplicate-key", "unknown-timezone", "unknown-actor", "unknown-party", "unknown-source",
    "unknown-zone", "unknown-line", "unknown-term", "unknown-definition", "unknown-precondition",
    "unknown-rival", "unknown-value", "unknown-feature", "file-missing", "not-a-date", "not-a-duration",
    "unknown-clause", "condition-on-itself", "affiliation-not-contested", "chosen-twice",
    "party-twice", "list-as-party", "zone-order", "not-an-area", "not-a-line", "strip-empty", "rivals-differ",
    "distance-without-line", "distance-of-other-line", "wrong-term", "clause-twice", "two-grounds",
}
# fmt: on


@pytest.mark.parametrize("code", sorted(set(IN_AGREEMENT) - BEYOND_SCHEMA))
def test_the_schema_rejects_what_the_reader_complains_of(code: str) -> None:
    text = IN_AGREEMENT[code][0](TEXT)
    assert not schema("agreement").is_valid(parse_text(text, "TEXT")[0].plain())


def test_the_schemas_hold_the_words_of_the_field() -> None:
    words = json.loads((SCHEMAS / "agreement.schema.json").read_text(encoding="utf-8"))["$defs"]
    assert words["act"]["enum"] == sorted(act_tree())
    assert words["weapon"]["enum"] == sorted(weapon_tree())
    assert words["presumption"]["enum"] == [str(p) for p in Presumption]
    told = json.loads((SCHEMAS / "examples.schema.json").read_text(encoding="utf-8"))["$defs"]
    assert (told["act"], told["weapon"]["enum"]) == ({"enum": words["act"]["enum"]}, words["weapon"]["enum"])


def test_the_schema_of_examples_rejects_a_reason_for_what_is_determined() -> None:
    example = plain(SHIPPED[0] / "examples.yml")["examples"][0]
    example |= {"expect": "violation", "because": ["start"]}
    assert not schema("examples").is_valid({"format": 1, "examples": [example]})


def test_every_act_of_a_shipped_clause_is_sourced() -> None:
    for folder in SHIPPED:
        agreement = read_agreement(folder)
        assert [c.id for c in (*agreement.clauses, *agreement.hypothetical) if not c.sources] == []


def test_lines_a_and_b_are_edges_of_the_area_of_separation() -> None:
    agreement = read_agreement(ROOT / "agreements" / "disengagement-1974")
    area = agreement.zones["area-of-separation"].shape
    assert area is not None
    ring = list(shapely.get_coordinates(shapely.get_exterior_ring(area)).tolist())[:-1]
    for line in agreement.lines.values():
        assert line.shape is not None
        edge = shapely.get_coordinates(line.shape).tolist()
        assert edge[0][1] < edge[-1][1], "drawn from south to north"
        runs = [(ring[n:] + ring[:n])[: len(edge)] for n in range(len(ring))]
        assert edge in runs or edge[::-1] in runs
    strips = [zone.shape for name, zone in agreement.zones.items() if name.startswith(("east", "west"))]
    assert len(strips) == 6
    for strip in strips:
        assert strip is not None
        assert shapely.intersection(strip, area).area < 1e-6


def test_who_is_named_in_the_south_is_registered(data: Path) -> None:
    import polars as pl

    (file,) = data.glob("ucdp_ged_syria_2016_2019/*.csv.gz")
    rows = pl.read_csv(file, columns=["adm_1", "side_a", "side_b"])
    south = rows.filter(pl.col("adm_1").str.contains("^(Daraa|Quneitra|As Suwayda)"))
    named = {name for side in ("side_a", "side_b") for told in south[side] for name in told.split(", ")}
    assert south.height > 1000 and len(named) > 15
    register = read_agreement(ROOT / "agreements" / "south-syria-2017").register
    assert sorted(name for name in named if register.identify(name).startswith("?")) == []
