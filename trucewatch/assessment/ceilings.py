"""Ceilings: what a party held at several places at one time, and together was more than it may hold."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.agreement.atoms import ClauseTests
from trucewatch.assessment.judgements import Outcome
from trucewatch.assessment.occasions import Occasion
from trucewatch.evidence import Extent
from trucewatch.where import place_shape

_TESTS_OF_PLACE = ("when", "where", "what", "bound", "scope", "proof")


@dataclass(frozen=True, slots=True)
class _Holding:
    """What one incident says was held, where it surely counts against the ceiling for all of its time."""

    incident: str
    earliest: datetime
    latest: datetime
    low: int
    place: BaseGeometry


def ceilings_passed(judged: pl.DataFrame, tests: ClauseTests) -> list[Occasion]:
    """Return the stretches of time in which reports of different places together pass a ceiling that none passes alone.

    Only what surely counts is added: held by the clause's one party, throughout the time told, wholly inside, at places
    that do not overlap, each at the least number told.
    """
    clause = tests.clause
    at_most = clause.at_most
    parties = clause.who or tuple(tests.agreement.parties)
    if at_most is None or len(parties) != 1:
        return []
    held = [
        holding
        for row in judged.filter(pl.len().over("incident") == 1).iter_rows(named=True)
        if (holding := _holding(row, tests)) is not None and holding.low <= at_most
    ]
    instants = sorted({edge for holding in held for edge in (holding.earliest, holding.latest)})
    passed: list[tuple[datetime, datetime, tuple[_Holding, ...]]] = []
    for start, end in itertools.pairwise(instants):
        together = _apart(holding for holding in held if holding.earliest <= start and end <= holding.latest)
        if sum(holding.low for holding in together) <= at_most:
            continue
        if passed and passed[-1][1] == start and passed[-1][2] == together:
            passed[-1] = (passed[-1][0], end, together)
        else:
            passed.append((start, end, together))
    unit = clause.what.unit or "in all"
    return [
        Occasion(
            party=parties[0],
            words=f"At least {sum(h.low for h in together):,} {unit} at {len(together)} places at one time, "
            f"where at most {at_most:,} are allowed",
            earliest=start,
            latest=end,
            outcome=Outcome.VIOLATION,
            tests=tuple((name, "yes") for name in (*_TESTS_OF_PLACE, "count")),
            settled_by=(),
            grounds="the reports name this party at each place",
            rests_on=tuple(sorted(h.incident for h in together)),
        )
        for start, end, together in passed
    ]


def _holding(row: Mapping[str, Any], tests: ClauseTests) -> _Holding | None:
    answers = json.loads(row["tests"])
    if row["time_extent"] != Extent.THROUGHOUT or row["count_low"] is None:
        return None
    if any(answers.get(name) != "yes" for name in _TESTS_OF_PLACE):
        return None
    if row["count_unit"] is not None and tests.clause.what.unit and row["count_unit"] != tests.clause.what.unit:
        return None
    place = place_shape(row, tests.agreement.gazetteer)
    if place is None or row["latest"] - row["earliest"] < timedelta(0):
        return None
    return _Holding(row["incident"], row["earliest"], row["latest"], row["count_low"], place)


def _apart(held: Iterable[_Holding]) -> tuple[_Holding, ...]:
    """Keep, largest first, what lies where nothing kept so far does: two reports of one place may tell of one thing."""
    kept: list[_Holding] = []
    for holding in sorted(held, key=lambda h: (-h.low, h.incident)):
        if not any(shapely.intersects(holding.place, other.place) for other in kept):
            kept.append(holding)
    return tuple(kept)
