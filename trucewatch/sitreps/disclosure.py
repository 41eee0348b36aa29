"""Disclosure: what a table by area may not give away of the few that it counts.

Statistical disclosure control by cells: a count above nothing and below a threshold is not told by area (primary
suppression), nor is whatever would let it be worked out (complementary suppression; Hundepool and others, Statistical
Disclosure Control, Wiley 2012, chapter 4). Here an incident behind such a count is told without its area in every
product alike: the tables count the findings as the rows tell them, so that rows and totals undo nothing. It is then one
among all that cannot be placed in one area, and its cell says what an empty one says; `none found` stands only
where there was nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import polars as pl

from trucewatch.where import Gazetteer, PlaceKind

Group = TypeVar("Group", bound=Hashable)

_NOWHERE = ("lon", "lat", "radius_m", "area", "geometry", "place_name", "adm_1", "share_inside")


def too_few(findings: pl.DataFrame, placed: pl.DataFrame, least: int) -> frozenset[str]:
    """Return the incidents that are told without their area, so that no area has fewer than `least` findings of one
    clause and outcome, unless none.

    `findings` is a findings table, `placed` has a row (incident, zone) for each area that holds an incident. One that
    is taken out of its area counts in none of its cells, which may leave others with too few.
    """
    if least <= 1:
        return frozenset()
    cells = findings.select("incident", "clause", "outcome").join(placed, on="incident")
    left_out: set[str] = set()
    while True:
        number = pl.len().over("clause", "outcome", "zone")
        few = cells.filter(number < least)["incident"]
        if few.is_empty():
            return frozenset(left_out)
        left_out.update(few)
        cells = cells.filter(~pl.col("incident").is_in(few.implode()))


def told_apart(counts: Mapping[Group, int], least: int) -> tuple[dict[Group, int], int]:
    """Return the groups that are told, with their counts, and how many stand in no group that is.

    A group of fewer than `least` is not told, nor is one of none: which of the two it is nobody can tell. Where those
    left over were fewer than `least` themselves, the smallest groups join them.
    """
    told = {group: count for group, count in counts.items() if count >= max(least, 1)}
    left = sum(counts.values()) - sum(told.values())
    while told and 0 < left < least:
        smallest = min(told, key=lambda group: told[group])
        left += told.pop(smallest)
    return told, left


def without_area(row: Mapping[str, Any], gazetteer: Gazetteer) -> Mapping[str, Any]:
    """Return the row of an incident with its country for a place, or no place where that is not known."""
    area = gazetteer.areas.get(row["area"] or "")
    names = gazetteer.countries.get(area.country, ()) if area else ()
    country = row["country"] or (names[0] if names else None)
    kind = PlaceKind.COUNTRY if country else PlaceKind.UNPLACED
    return {**row, **dict.fromkeys(_NOWHERE), "country": country, "place_kind": str(kind)}


def told_as_empty(coverage: str) -> str:
    """Return what a cell says from which incidents were taken: what is true of it, and told of empty cells too."""
    return "partly seen" if coverage == "none found" else coverage
