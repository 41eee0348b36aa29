"""Examples: the worked cases that an agreement carries as its own tests, read into claims and expectations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from trucewatch.actors import CIVILIANS, write_pairs
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.claims import claims_table
from trucewatch.evidence import Assertion, Extent, Means
from trucewatch.logs.stages import Result, Stage
from trucewatch.problems import Problem, did_you_mean
from trucewatch.texts import Marked, read_text
from trucewatch.when import Span, read_edtf
from trucewatch.where import PlaceKind, sector

FILE = "examples.yml"
_KEYS = (
    *("id", "clause", "when", "extent", "where", "act", "actor", "target", "both_ways", "civilians_dead", "weapon"),
    *("calibre_mm", "count", "count_unit", "facts", "origins", "reading", "expect", "because", "note", "says"),
    *("record", "alleged", "party", "due", "beside", "received_until", "stage", "result"),
)
_TOP = ("format", "examples")
_PLACES = ("point", "area", "country", "sector", "unplaced")
_MOST_METRES, _MOST_COUNTED, _MOST_ORIGINS = 21_000_000.0, 1_000_000_000.0, 100.0
_EXPECTATIONS = ("violation", "outside_scope", "undetermined", "untouched")


@dataclass(frozen=True, slots=True)
class Example:
    """A worked case: what is told (one claims row, or none), under which clause and reading, and what must come of it.

    `party` and `due` ask for what that party owed then, in place of what the act comes to. `beside` are rows of the
    mission's own logs by sheet, as (line, cells); until when anything was heard is `received_until`, if it is given.
    """

    id: str
    clause: str
    reading: str
    expect: str
    because: tuple[str, ...]
    line: int
    party: str = ""
    due: Span | None = None
    beside: Mapping[str, tuple[tuple[int, Mapping[str, str]], ...]] = field(default_factory=dict)
    received_until: datetime | None = None
    stage: Stage | None = None
    result: Result | None = None

    @property
    def is_alone(self) -> bool:
        """Whether it is judged by itself: it has logs of its own, or asks what was owed by a time."""
        return bool(self.party or self.beside or self.received_until)


def read_examples(agreement: Agreement) -> tuple[list[Example], pl.DataFrame, list[Problem]]:
    """Return (examples, their claims keyed by example id, problems); all empty where the folder has no examples."""
    path = agreement.folder / FILE
    if not path.exists():
        return [], claims_table({"claim_key": []}), []
    text, problems = read_text(path)
    for key, inner in text.entries():
        if key not in _TOP:
            hint = did_you_mean(key, _TOP)
            problems.append(Problem(str(path), inner.line, "unknown-key", f"no key is called '{key}' here", hint))
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
            raise ValueError(f"no key is called '{key}' here{_or(key, _KEYS)}")
    is_told = any(told.get(key) is not None for key in ("when", "where", "act"))
    for key in ("id", "clause", "expect", *(("when", "where", "act") if is_told or not told.get("party") else ())):
        if told.get(key) is None:
            raise ValueError(f"'{key}' is missing")
    because = told.get("because") or []
    example = Example(
        id=_word(told, "id"),
        clause=_word(told, "clause", [clause.id for clause in (*agreement.clauses, *agreement.hypothetical)]),
        reading=_word(told, "reading", agreement.readings),
        expect=_expectation(told),
        because=tuple(str(word) for word in (because if isinstance(because, list) else [because])),
        line=item.line,
        party=_word(told, "party", {**agreement.parties, **agreement.register.actors}),
        due=_span(told, "due", agreement),
        beside=_beside(item),
        received_until=until.latest if (until := _span(told, "received_until", agreement)) else None,
        stage=Stage(stage) if (stage := _word(told, "stage", tuple(Stage))) else None,
        result=Result(result) if (result := _word(told, "result", tuple(Result))) else None,
    )
    return example, _claims(example.id, told, agreement) if is_told else []


def _span(told: Mapping[str, Any], key: str, agreement: Agreement) -> Span | None:
    return read_edtf(word, agreement.timezone) if (word := _word(told, key)) else None


def _beside(item: Marked) -> dict[str, tuple[tuple[int, Mapping[str, str]], ...]]:
    """Return rows of sheets as they would stand in a file: all cells are text."""
    found: dict[str, tuple[tuple[int, Mapping[str, str]], ...]] = {}
    for sheet, rows in (item.get("beside") or Marked({}, item.line)).entries():
        if not all(row.is_map for row in rows.items()):
            raise ValueError(f"'{sheet}' must be a list of rows, each of columns and cells")
        found[sheet] = tuple(
            (row.line, {column: _cell(cell.plain()) for column, cell in row.entries()}) for row in rows.items()
        )
    return found


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _claims(name: str, told: Mapping[str, Any], agreement: Agreement) -> list[dict[str, Any]]:
    span = read_edtf(_word(told, "when"), agreement.timezone)
    calibre, count = _number(told, "calibre_mm", 0.1, 1_000), _whole(told, "count")
    row = {
        "event_key": name, "source": "example", "record": name, "item": 0, "file": FILE, "line": 0, "entry": 0,
        "assertion": Assertion.ACT, "act": _word(told, "act", act_tree()),
        "weapon": _word(told, "weapon", weapon_tree()) or None,
        "calibre_low_mm": calibre, "calibre_high_mm": calibre,
        "earliest": span.earliest, "latest": span.latest,
        "time_extent": Extent(_word(told, "extent") or "within"),
        "place_extent": Extent.WITHIN, **_place(told["where"], agreement),
        "count_low": count, "count_high": count, "count_unit": _word(told, "count_unit") or None,
        "pairs": _pairs(told), "civilians_dead": _whole(told, "civilians_dead"), "records_deaths": False,
        "means": Means.OPEN_SOURCE, "curated": True, "allegation": _truth(told, "alleged"), "exercise": False,
        "facts": json.dumps(_facts(told, agreement), sort_keys=True), "levels": "{}",
    }  # fmt: skip
    origins = _whole(told, "origins", _MOST_ORIGINS)
    # So many origins must lie behind it: each a named root of its own; none at all is two outlets that cite each other.
    told_by = [("", f"origin {n}") for n in range(1 if origins is None else origins)]
    return [
        {
            **row,
            "claim_key": f"{name}#{n}",
            "version": f"{name}#{n}",
            "office": office or None,
            "cites": json.dumps([root]),
        }
        for n, (office, root) in enumerate(told_by or [("outlet 0", "outlet 1"), ("outlet 1", "outlet 0")])
    ]


def _pairs(told: Mapping[str, Any]) -> str:
    actor, target = _word(told, "actor"), _word(told, "target")
    pairs = [(actor, target)]
    if _truth(told, "both_ways"):
        pairs.append((target, actor))
        if told.get("civilians_dead"):
            pairs += [(actor, CIVILIANS), (target, CIVILIANS)]
    return write_pairs(pairs)


def _truth(told: Mapping[str, Any], key: str) -> bool:
    truth = told.get(key) or False
    if not isinstance(truth, bool):
        raise ValueError(f"'{key}' must be true or false")
    return truth


def _facts(told: Mapping[str, Any], agreement: Agreement) -> dict[str, bool | None]:
    facts = told.get("facts") or {}
    if not isinstance(facts, dict) or not all(isinstance(truth, bool | None) for truth in facts.values()):
        raise ValueError("'facts' must say of each precondition whether it is true or false")
    for name in facts:
        if name not in agreement.preconditions:
            raise ValueError(f"no precondition is called '{name}'{_or(name, agreement.preconditions)}")
    return facts


def _place(where: Any, agreement: Agreement) -> dict[str, Any]:
    if not isinstance(where, dict) or not set(where) & set(_PLACES):
        raise ValueError("'where' needs point and radius_m, area, country, sector, or unplaced: true")
    if "point" in where:
        lon, lat = _point(where, "point")
        radius_m = _number(where, "radius_m", 0, _MOST_METRES)
        return {"place_kind": PlaceKind.DISC, "lon": lon, "lat": lat, "radius_m": radius_m or 0.0}
    if "area" in where:
        return {"place_kind": PlaceKind.AREA, "area": _word(where, "area", agreement.gazetteer.areas)}
    if "country" in where:
        return {"place_kind": PlaceKind.COUNTRY, "country": _word(where, "country")}
    if "sector" in where:
        seen = where["sector"]
        if not isinstance(seen, dict):
            raise ValueError("a sector needs from, bearing, error and range_m")
        lon, lat = _point(seen, "from")
        near, far = _two(seen, "range_m")
        bearing, error = (_number(seen, key, 0, 360) for key in ("bearing", "error"))
        if bearing is None or error is None:
            raise ValueError("a sector needs from, bearing, error and range_m")
        return {"place_kind": PlaceKind.SECTOR, "geometry": sector(lon, lat, bearing, error, near, far).wkb}
    return {"place_kind": PlaceKind.UNPLACED}


def _point(told: Mapping[str, Any], key: str) -> tuple[float, float]:
    lon, lat = _two(told, key)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"'{key}' is no place: longitude first, then latitude")
    return lon, lat


def _two(told: Mapping[str, Any], key: str) -> tuple[float, float]:
    try:
        first, second = (float(number) for number in told.get(key) or ())
    except (TypeError, ValueError) as fault:
        raise ValueError(f"'{key}' needs two numbers ({fault})") from None
    return first, second


def _word(told: Mapping[str, Any], key: str, known: Iterable[str] | None = None) -> str:
    """Return a word that may have to be a known one; empty where nothing stands."""
    word = told.get(key)
    if word is None:
        return ""
    if isinstance(word, dict | list | bool):
        raise ValueError(f"'{key}' must be one word or text")
    if known is not None and str(word) not in known:
        raise ValueError(f"no {key} is called '{word}'{_or(word, known)}")
    return str(word)


def _or(word: object, known: Iterable[str]) -> str:
    hint = did_you_mean(str(word), known)
    return f"; {hint}" if hint else ""


def _expectation(told: Mapping[str, Any]) -> str:
    word = _word(told, "expect")
    if word not in _EXPECTATIONS:
        raise ValueError(f"'{word}' is no outcome{_or(word, _EXPECTATIONS)}")
    return word


def _number(told: Mapping[str, Any], key: str, least: float, most: float) -> float | None:
    number = told.get(key)
    if number is None:
        return None
    if not _is_number(number) or not least <= number <= most:
        raise ValueError(f"'{key}' must be a number from {least:g} to {most:g}")
    return float(number)


def _whole(told: Mapping[str, Any], key: str, most: float = _MOST_COUNTED) -> int | None:
    number = _number(told, key, 0, most)
    if number is not None and number != int(number):
        raise ValueError(f"'{key}' must be a whole number")
    return None if number is None else int(number)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
