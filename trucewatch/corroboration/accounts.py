"""Accounts: the alternatives of an incident's facts; what contradicts stands side by side.

A value that is merely vaguer than another says nothing more and is left out; of different values every combination is
an account, and a finding must hold under each. Nothing is settled by a vote.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import shapely

from trucewatch.actors import ANYBODY, read_pairs, write_pairs
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.where import Gazetteer, PlaceKind, place_shape

MOST_ACCOUNTS = 64

# The facts of an account, by the question they answer. A value of one question is chosen whole.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "when": ("earliest", "latest", "time_extent"),
    "where": ("place_kind", "lon", "lat", "radius_m", "area", "country", "geometry", "place_extent"),
    "what": ("act", "weapon", "calibre_low_mm", "calibre_high_mm"),
    "count": ("count_low", "count_high", "count_unit"),
    "who": ("pairs",),
    "facts": ("facts",),
}
FACTS = tuple(name for names in QUESTIONS.values() for name in names)


def accounts_of(named: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return the alternatives of each incident's facts.

    Per question, a value that is merely vaguer than another adds nothing and is left out; different values stand beside
    each other, and every combination of them is an account.
    """
    distinct = named.select("incident", *FACTS).unique(maintain_order=True)
    alone = distinct.filter(pl.len().over("incident") == 1)
    several = distinct.filter(pl.len().over("incident") > 1)
    if several.is_empty():
        return alone.sort("incident")
    rows: list[dict[str, Any]] = []
    for (incident,), group in several.group_by("incident", maintain_order=True):
        rows.extend({"incident": incident, **account} for account in _combinations(group.to_dicts(), gazetteer))
    reduced = pl.DataFrame(rows, schema=distinct.schema)
    return pl.concat([alone, reduced]).sort("incident", "earliest", "latest", "pairs", "act", nulls_last=True)


def _combinations(told: Sequence[Mapping[str, Any]], gazetteer: Gazetteer) -> list[dict[str, Any]]:
    choices: list[list[dict[str, Any]]] = []
    for question, names in QUESTIONS.items():
        values = list({tuple(row[name] for name in names): None for row in told})
        written = [dict(zip(names, value, strict=True)) for value in values]
        choices.append(_sharpest(question, written, gazetteer))
    if int(np.prod([len(choice) for choice in choices])) > MOST_ACCOUNTS:
        return [{name: row[name] for name in FACTS} for row in told]
    return [{name: value for part in parts for name, value in part.items()} for parts in itertools.product(*choices)]


def _sharpest(question: str, values: list[dict[str, Any]], gazetteer: Gazetteer) -> list[dict[str, Any]]:
    kept = []
    for index, value in enumerate(values):
        others = (other for at, other in enumerate(values) if at != index)
        # Of two that say the same in other words, the first stays.
        if not any(
            _covers(question, value, other, gazetteer)
            and (not _covers(question, other, value, gazetteer) or values.index(other) < index)
            for other in others
        ):
            kept.append(value)
    return kept


def _covers(question: str, wide: Mapping[str, Any], sharp: Mapping[str, Any], gazetteer: Gazetteer) -> bool:
    """Say whether one value of a question says no more than another: whatever fits the sharp one fits the wide one."""
    match question:
        case "when":
            return bool(
                wide["time_extent"] == sharp["time_extent"]
                and wide["earliest"] <= sharp["earliest"]
                and sharp["latest"] <= wide["latest"]
            )
        case "where":
            return _place_covers(wide, sharp, gazetteer)
        case "what":
            return (
                act_tree().covers(wide["act"], sharp["act"])
                and weapon_tree().covers(wide["weapon"] or "weapon", sharp["weapon"] or "weapon")
                and _bounds_cover(wide, sharp, "calibre_low_mm", "calibre_high_mm")
            )
        case "count":
            return wide["count_unit"] is None or (
                wide["count_unit"] == sharp["count_unit"] and _bounds_cover(wide, sharp, "count_low", "count_high")
            )
        case "who":
            return _pairs_cover(read_pairs(wide["pairs"] or ANYBODY), read_pairs(sharp["pairs"] or ANYBODY))
        case _:
            return set(json.loads(wide["facts"] or "{}").items()) <= set(json.loads(sharp["facts"] or "{}").items())


def _bounds_cover(wide: Mapping[str, Any], sharp: Mapping[str, Any], low: str, high: str) -> bool:
    floor = wide[low] is None or (sharp[low] is not None and wide[low] <= sharp[low])
    ceiling = wide[high] is None or (sharp[high] is not None and sharp[high] <= wide[high])
    return floor and ceiling


def _pairs_cover(wide: Sequence[tuple[str, str]], sharp: Sequence[tuple[str, str]]) -> bool:
    def fits(pair: tuple[str, str]) -> bool:
        return any(w[0] in ("", pair[0]) and w[1] in ("", pair[1]) for w in wide)

    return all(fits(pair) for pair in sharp)


def _place_covers(wide: Mapping[str, Any], sharp: Mapping[str, Any], gazetteer: Gazetteer) -> bool:
    if wide["place_extent"] != sharp["place_extent"]:
        return False
    if wide["place_kind"] == PlaceKind.UNPLACED:
        return True
    if sharp["place_kind"] == PlaceKind.UNPLACED:
        return False
    outer, inner = place_shape(wide, gazetteer), place_shape(sharp, gazetteer)
    return outer is not None and inner is not None and bool(shapely.covers(outer, inner))


def pairs_together(told: Iterable[str | None]) -> str:
    """Return all pairs that several reports hold feasible; what is merely vaguer than another adds nothing."""
    every = sorted({pairs or ANYBODY for pairs in told})
    if len(every) == 1:
        return every[0]
    sharp = _sharpest("who", [{"pairs": pairs} for pairs in every], Gazetteer())
    return write_pairs(pair for value in sharp for pair in read_pairs(value["pairs"]))
