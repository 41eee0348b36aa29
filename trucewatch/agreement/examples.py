"""Examples: the worked cases that an agreement carries as its own tests, read into claims and expectations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from trucewatch.actors import CIVILIANS, write_pairs
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.claims import claims_table
from trucewatch.evidence import Assertion, Extent, Means
from trucewatch.problems import Problem, did_you_mean
from trucewatch.texts import Marked, read_text
from trucewatch.when import read_edtf
from trucewatch.where import PlaceKind, sector

FILE = "examples.yml"
_KEYS = (
    *("id", "clause", "when", "extent", "where", "act", "actor", "target", "both_ways", "civilians_dead", "weapon"),
    *("calibre_mm", "count", "count_unit", "facts", "origins", "reading", "expect", "because", "note", "says"),
    "record",
)
_EXPECTATIONS = ("violation", "outside_scope", "undetermined", "untouched")


@dataclass(frozen=True, slots=True)
class Example:
    """A worked case: what is told (one claims row), under which clause and reading, and what must come of it."""

    id: str
    clause: str
    reading: str
    expect: str
    because: tuple[str, ...]
    line: int


def read_examples(agreement: Agreement) -> tuple[list[Example], pl.DataFrame, list[Problem]]:
    """Return (examples, their claims keyed by example id, problems); all empty where the folder has no examples."""
    path = agreement.folder / FILE
    if not path.exists():
        return [], claims_table({"claim_key": []}), []
    text, problems = read_text(path)
    found: list[Example] = []
    rows: list[dict[str, Any]] = []
    listed = text.get("examples") or Marked([], 1)
    for item in listed.items():
        try:
            example, row = _example(item, agreement)
        except ValueError as fault:
            problems.append(Problem(str(path), item.line, "example-unreadable", str(fault)))
            continue
        if any(other.id == example.id for other in found):
            problems.append(Problem(str(path), item.line, "duplicate-key", f"two examples are called '{example.id}'"))
            continue
        found.append(example)
        rows.extend(row)
    columns = {name: [row.get(name) for row in rows] for name in sorted({name for row in rows for name in row})}
    return found, claims_table(columns or {"claim_key": []}), problems


def _example(item: Marked, agreement: Agreement) -> tuple[Example, list[dict[str, Any]]]:
    told = item.plain()
    if not isinstance(told, dict):
        raise ValueError("an example consists of keys and values")
    for key in told:
        if key not in _KEYS:
            raise ValueError(f"no key is called '{key}' here; {did_you_mean(key, _KEYS)}")
    for key in ("id", "clause", "when", "where", "act", "expect"):
        if told.get(key) is None:
            raise ValueError(f"'{key}' is missing")
    if told["clause"] not in [c.id for c in (*agreement.clauses, *agreement.hypothetical)]:
        raise ValueError(f"no clause is called '{told['clause']}'")
    if told["expect"] not in _EXPECTATIONS:
        raise ValueError(f"'{told['expect']}' is no outcome; {did_you_mean(str(told['expect']), _EXPECTATIONS)}")
    reading = str(told.get("reading") or "")
    if reading and reading not in agreement.readings:
        raise ValueError(f"no reading is called '{reading}'; {did_you_mean(reading, agreement.readings)}")
    because = told.get("because") or []
    example = Example(
        id=str(told["id"]), clause=str(told["clause"]), reading=reading, expect=str(told["expect"]),
        because=tuple(str(word) for word in (because if isinstance(because, list) else [because])), line=item.line,
    )  # fmt: skip
    return example, _claims(example.id, told, agreement)


def _claims(name: str, told: Mapping[str, Any], agreement: Agreement) -> list[dict[str, Any]]:
    if told["act"] not in act_tree():
        raise ValueError(f"no act is called '{told['act']}'; {did_you_mean(str(told['act']), act_tree())}")
    if told.get("weapon") and told["weapon"] not in weapon_tree():
        raise ValueError(f"no weapon is called '{told['weapon']}'; {did_you_mean(told['weapon'], weapon_tree())}")
    span = read_edtf(str(told["when"]), agreement.timezone)
    calibre = told.get("calibre_mm")
    extent = Extent(told.get("extent") or "within")
    row = {
        "event_key": name, "source": "example", "record": name, "item": 0, "file": FILE, "line": 0, "entry": 0,
        "assertion": Assertion.ACT, "act": told["act"], "weapon": told.get("weapon"),
        "calibre_low_mm": calibre, "calibre_high_mm": calibre,
        "earliest": span.earliest, "latest": span.latest, "time_extent": extent,
        "place_extent": Extent.WITHIN, **_place(told["where"], agreement),
        "count_low": told.get("count"), "count_high": told.get("count"), "count_unit": told.get("count_unit"),
        "pairs": _pairs(told), "civilians_dead": told.get("civilians_dead"), "records_deaths": False,
        "means": Means.OPEN_SOURCE, "curated": True, "allegation": False, "exercise": False,
        "facts": json.dumps(told.get("facts") or {}, sort_keys=True), "levels": "{}",
    }  # fmt: skip
    origins = told.get("origins", 1)
    # So many origins must lie behind it: each a named root of its own; none at all is two outlets that cite each other.
    told_by = [("", f"origin {n}") for n in range(origins)] or [("outlet 0", "outlet 1"), ("outlet 1", "outlet 0")]
    return [
        {
            **row,
            "claim_key": f"{name}#{n}",
            "version": f"{name}#{n}",
            "office": office or None,
            "cites": json.dumps([root]),
        }
        for n, (office, root) in enumerate(told_by)
    ]


def _pairs(told: Mapping[str, Any]) -> str:
    actor, target = str(told.get("actor") or ""), str(told.get("target") or "")
    pairs = [(actor, target)]
    if told.get("both_ways"):
        pairs.append((target, actor))
        if told.get("civilians_dead"):
            pairs += [(actor, CIVILIANS), (target, CIVILIANS)]
    return write_pairs(pairs)


def _place(where: Any, agreement: Agreement) -> dict[str, Any]:
    if not isinstance(where, dict):
        raise ValueError("'where' needs point and radius_m, area, country, sector, or unplaced: true")
    if "point" in where:
        lon, lat = (float(number) for number in where["point"])
        return {"place_kind": PlaceKind.DISC, "lon": lon, "lat": lat, "radius_m": float(where.get("radius_m") or 0)}
    if "area" in where:
        if where["area"] not in agreement.gazetteer.areas:
            hint = did_you_mean(str(where["area"]), agreement.gazetteer.areas)
            raise ValueError(f"no area is called '{where['area']}'; {hint}")
        return {"place_kind": PlaceKind.AREA, "area": where["area"]}
    if "country" in where:
        return {"place_kind": PlaceKind.COUNTRY, "country": str(where["country"])}
    if "sector" in where:
        seen = where["sector"]
        lon, lat = (float(number) for number in seen["from"])
        near, far = (float(number) for number in seen["range_m"])
        shape = sector(lon, lat, float(seen["bearing"]), float(seen["error"]), near, far)
        return {"place_kind": PlaceKind.SECTOR, "geometry": shape.wkb}
    return {"place_kind": PlaceKind.UNPLACED}
