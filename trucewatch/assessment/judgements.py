"""Judgements: what a clause makes of an account of an incident.

The outcome is what holds over every feasible completion of the underlying facts (actor and target, place in its
region, time in its span, act under its node, contested terms): always untouched, outside scope where some completion
is covered by an exception and none is a violation, violation where every completion is one, else undetermined, with
the smallest sets of unknowns that would settle it. Accounts that look alike to a clause are judged once; the rest is
a gather.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.acts import act_tree
from trucewatch.agreement.atoms import ClauseTests
from trucewatch.evidence import Extent, Standard, proof_holds
from trucewatch.where import SLIVER_M2, PlaceKind, place_shape

UNTOUCHED_CODE, OUTSIDE_CODE, VIOLATION_CODE = 0, 1, 2
CAN_UNTOUCHED, CAN_OUTSIDE, CAN_VIOLATE = 1, 2, 4


class Outcome(StrEnum):
    """The first part of a finding: did it occur."""

    VIOLATION = "violation"
    OUTSIDE_SCOPE = "outside_scope"
    UNDETERMINED = "undetermined"
    UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a clause makes of an account: the possible outcomes as bits, the tests, and what would settle it.

    `tests` answers yes, no or unknown for each of when, where, what, bound, count, proof and scope. `settled_by`
    holds the minimal sets of unknowns whose knowledge would always leave one outcome; empty unless undetermined.
    """

    possible: int
    tests: tuple[tuple[str, str], ...]
    settled_by: tuple[tuple[str, ...], ...]
    presumed: bool

    @property
    def outcome(self) -> Outcome:
        """The outcome that holds over every completion."""
        return outcome_of(self.possible)


def outcome_of(possible: int) -> Outcome:
    """Return the outcome that a set of possible codes (bits 1 untouched, 2 outside, 4 violation) comes down to."""
    if not possible & CAN_VIOLATE:
        return Outcome.OUTSIDE_SCOPE if possible & CAN_OUTSIDE else Outcome.UNTOUCHED
    return Outcome.VIOLATION if possible == CAN_VIOLATE else Outcome.UNDETERMINED


def judge(accounts: pl.DataFrame, incidents: pl.DataFrame, tests: ClauseTests, standard: Standard) -> pl.DataFrame:
    """Return the accounts that a clause may touch, or that were alleged, each with its judgement.

    Added columns: `possible` (bits 1 untouched, 2 outside scope, 4 violation), `tests` and `settled_by` (JSON),
    `presumed`, `proof`, `allegation`.
    """
    return _judge_alike(_signatures(accounts.join(_proofs(incidents, standard), on="incident"), tests), tests)


def _proofs(incidents: pl.DataFrame, standard: Standard) -> pl.DataFrame:
    columns = ("origins_low", "first_hand", "recorded")
    kinds = incidents.select(columns).unique()
    held = [proof_holds(standard, low, low, first_hand, recorded) for low, first_hand, recorded in kinds.iter_rows()]
    table = kinds.with_columns(pl.Series("proof", held, pl.Boolean))
    return incidents.select("incident", "allegation", *columns).join(table, on=columns).select(
        "incident", "allegation", "proof"
    )  # fmt: skip


# ---- signatures: what a clause sees of an account --------------------------------------------------------------------


def _signatures(accounts: pl.DataFrame, tests: ClauseTests) -> pl.DataFrame:
    """Add to each account the pieces of time and place it may lie in, dropping those that no completion can touch."""
    begins = accounts["earliest"].dt.epoch("us").to_numpy()
    ends = accounts["latest"].dt.epoch("us").to_numpy()
    first, last = tests.timeline.pieces(begins, ends)
    timed = accounts.with_columns(pl.Series("first_atom", first), pl.Series("last_atom", last))
    ever = tests.in_time.reshape(-1, tests.time_atoms).any(axis=0)
    reached = np.concatenate([[0], np.cumsum(ever)])
    may_touch = reached[last + 1] > reached[first]
    acts = _forbidden_acts(tests)
    # What was alleged is answered by every clause that speaks of such acts, also outside its time or area.
    left = timed.filter(pl.col("act").is_in(acts) & (pl.Series(may_touch) | pl.col("allegation")))
    return left.with_columns(pl.Series("places", place_masks(left, tests), pl.UInt64))


def _forbidden_acts(tests: ClauseTests) -> list[str]:
    tree = act_tree()
    return [node for node in tree if any(tree.on_one_chain(node, act) for act in tests.clause.what.acts)]


def place_masks(accounts: pl.DataFrame, tests: ClauseTests) -> npt.NDArray[np.uint64]:
    """Return for each account the place atoms it may lie in, one bit each."""
    masks = np.zeros(accounts.height, dtype=np.uint64)
    kinds = accounts["place_kind"].to_numpy()
    discs = np.flatnonzero(kinds == str(PlaceKind.DISC))
    lon, lat, radius = (accounts[name].fill_null(0.0).to_numpy()[discs] for name in ("lon", "lat", "radius_m"))
    for at, atom in enumerate(tests.place_atoms):
        touched = tests.plane.discs_touch(lon, lat, radius, atom)
        masks[discs[touched]] |= np.uint64(1 << at)
    others = np.flatnonzero(kinds != str(PlaceKind.DISC))
    if len(others):
        columns = ("place_kind", "area", "country", "geometry", "lon", "lat", "radius_m")
        told = accounts.select(columns)[others].with_row_index("at")
        for values, group in told.group_by(columns, maintain_order=True):
            mask = _mask_of(dict(zip(columns, values, strict=True)), tests)
            masks[others[group["at"].to_numpy()]] = np.uint64(mask)
    abroad = accounts["country"].is_in(foreign_countries(accounts, tests)).fill_null(False).to_numpy()
    outside, beyond = np.uint64(1 << tests.outside), np.uint64(1 << tests.abroad)
    moved = abroad & (masks & outside != 0)
    masks[moved] = masks[moved] & ~outside | beyond
    return masks


def foreign_countries(accounts: pl.DataFrame, tests: ClauseTests) -> list[str]:
    """Return the countries named that the agreement does not speak of; none where it names no country of its own."""
    gazetteer = tests.agreement.gazetteer
    named = accounts["country"].drop_nulls().unique().to_list() if gazetteer.countries else []
    return [country for country in named if country and gazetteer.country(country) is None]


def _mask_of(place: Mapping[str, Any], tests: ClauseTests) -> int:
    everywhere = (1 << len(tests.place_atoms)) - 1
    gazetteer = tests.agreement.gazetteer
    shape = place_shape(place, gazetteer)
    if shape is None:
        named = place["country"] if place["place_kind"] == PlaceKind.COUNTRY and gazetteer.countries else None
        return 1 << tests.abroad if named and gazetteer.country(named) is None else everywhere
    drawn = tests.plane.shape(shape)
    mask = 0
    for at, atom in enumerate(tests.place_atoms):
        if not atom.intersects(drawn):
            continue
        common = atom.intersection(drawn)
        if common.area > SLIVER_M2 or (drawn.area <= SLIVER_M2 and common.length + common.area > 0):
            mask |= 1 << at
    return mask or everywhere


# ---- judging ---------------------------------------------------------------------------------------------------------

_SEEN = [
    "first_atom",
    "last_atom",
    "time_extent",
    "places",
    "place_extent",
    "act",
    "weapon",
    "calibre_low_mm",
    "calibre_high_mm",
    "count_low",
    "count_high",
    "count_unit",
    "pairs",
    "facts",
    "proof",
]


def _judge_alike(accounts: pl.DataFrame, tests: ClauseTests) -> pl.DataFrame:
    """Judge each distinct signature once and give every account its judgement."""
    kinds = accounts.select(_SEEN).unique(maintain_order=True)
    judge = Judge(tests)
    judgements = [judge.judge(row) for row in kinds.iter_rows(named=True)]
    answered = kinds.with_columns(
        pl.Series("possible", [j.possible for j in judgements], pl.Int64),
        pl.Series("tests", [json.dumps(dict(j.tests)) for j in judgements], pl.String),
        pl.Series("settled_by", [json.dumps(j.settled_by) for j in judgements], pl.String),
        pl.Series("presumed", [j.presumed for j in judgements], pl.Boolean),
    )
    return accounts.join(answered, on=_SEEN, nulls_equal=True)


class Judge:
    """Judges signatures under one clause, remembering what it has worked out."""

    def __init__(self, tests: ClauseTests) -> None:
        self.tests = tests
        self._who: dict[str | None, tuple[Any, Any, bool]] = {}
        self._what: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._settled: dict[tuple[Any, ...], tuple[tuple[str, ...], ...]] = {}

    def judge(self, seen: Mapping[str, Any]) -> Judgement:
        """Judge one signature."""
        tests = self.tests
        terms = len(tests.axes)
        atoms = slice(seen["first_atom"], seen["last_atom"] + 1)
        places = [at for at in range(len(tests.place_atoms)) if seen["places"] >> at & 1]
        in_time, in_place = tests.in_time[..., atoms], tests.in_place[..., places]
        if not (in_time.any() and in_place.any()):
            answers = (("when", _told(in_time)), ("where", _told(in_place)))
            return Judgement(CAN_UNTOUCHED, answers, (), False)
        what, acts_covered = self._what_of(seen)
        count = tests.count(seen["count_low"], seen["count_high"], seen["count_unit"])
        bound, covered, presumed = self._who_of(seen["pairs"])
        bound, covered = bound[..., atoms, :], covered[:, atoms, :]
        known = tests.preconditions(seen["facts"])
        proof = np.array([True]) if seen["proof"] else np.array([False, True])

        # Dimensions: the axes in dispute, then time, place, what, count, who, each unknown precondition, proof.
        open_conditions = [name for name, truth in known.items() if truth is None]
        tail = len(open_conditions) + 1
        hit = (
            _spread(in_time, terms, 0, 4 + tail)
            & _spread(in_place, terms, 1, 3 + tail)
            & _spread(what, 0, terms + 2, 2 + tail)
            & _spread(count, 0, terms + 3, 1 + tail)
            & bound.reshape(*bound.shape[:terms], bound.shape[-2], 1, 1, 1, bound.shape[-1], *[1] * tail)
            & _spread(proof, 0, terms + 5 + len(open_conditions), 0)
        )
        exempt = np.zeros([1] * hit.ndim, dtype=bool)
        for e, exception in enumerate(tests.clause.outside_scope):
            applies = covered[e].reshape(*[1] * terms, covered.shape[1], 1, 1, 1, covered.shape[2], *[1] * tail)
            applies = applies & _spread(acts_covered[e], 0, terms + 2, 2 + tail)
            for name in exception.preconditions:
                if known[name] is None:
                    after = tail - 1 - open_conditions.index(name)
                    applies = applies & _spread(np.array([False, True]), 0, hit.ndim - 1 - after, after)
                elif not known[name]:
                    applies = applies & False
            exempt = exempt | applies
        code = np.where(hit, np.where(exempt, OUTSIDE_CODE, VIOLATION_CODE), UNTOUCHED_CODE)
        names = [*(axis.name for axis in tests.axes), "when", "where", "what", "count", "who",
                 *(f"precondition:{name}" for name in open_conditions), "proof"]  # fmt: skip
        # What fills all of its time or place is in each piece at once: the gravest answer among them is its answer.
        if seen["time_extent"] == Extent.THROUGHOUT:
            code = code.max(axis=terms, keepdims=True)
        if seen["place_extent"] == Extent.THROUGHOUT:
            code = code.max(axis=terms + 1, keepdims=True)
        bits = (1 << code).astype(np.uint8)
        possible = int(np.bitwise_or.reduce(bits, axis=None))
        settled = self._settled_by(bits, names) if outcome_of(possible) is Outcome.UNDETERMINED else ()
        answers = (
            ("when", _told(in_time.any(axis=-1) if seen["time_extent"] == Extent.THROUGHOUT else in_time)),
            ("where", _told(in_place.any(axis=-1) if seen["place_extent"] == Extent.THROUGHOUT else in_place)),
            ("what", _told(what)),
            *((("count", _told(count)),) if tests.clause.at_most is not None else ()),
            ("bound", _told(bound)),
            ("scope", _told(~exempt)),
            ("proof", "yes" if seen["proof"] else "unknown"),
        )
        return Judgement(possible, answers, settled, presumed)

    def _what_of(self, seen: Mapping[str, Any]) -> tuple[Any, Any]:
        key = (seen["act"], seen["weapon"], seen["calibre_low_mm"], seen["calibre_high_mm"])
        if key not in self._what:
            self._what[key] = self.tests.what(*key)
        return self._what[key]

    def _who_of(self, pairs: str | None) -> tuple[Any, Any, bool]:
        if pairs not in self._who:
            self._who[pairs] = self.tests.who(pairs)
        return self._who[pairs]

    def _settled_by(self, bits: npt.NDArray[np.uint8], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """Return the minimal sets of dimensions that, once known, always leave one outcome."""
        open_axes = [at for at, length in enumerate(bits.shape) if length > 1]
        squeezed = bits.reshape([bits.shape[at] for at in open_axes])
        key = (squeezed.shape, squeezed.tobytes(), tuple(names[at] for at in open_axes))
        if key not in self._settled:
            self._settled[key] = minimal_sets(squeezed, [names[at] for at in open_axes])
        return self._settled[key]


def minimal_sets(bits: npt.NDArray[np.uint8], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the smallest sets of named dimensions that, once known, always leave one outcome; smaller sets first.

    `bits` holds the possible outcomes (1 untouched, 2 outside scope, 4 violation) of each combination of values.
    """
    found: list[frozenset[int]] = []
    for size in range(1, len(names) + 1):
        for chosen in itertools.combinations(range(len(names)), size):
            if any(smaller <= set(chosen) for smaller in found):
                continue
            others = tuple(at for at in range(len(names)) if at not in chosen)
            left = np.bitwise_or.reduce(bits, axis=others) if others else bits
            if bool(np.all((left == CAN_VIOLATE) | (left & CAN_VIOLATE == 0))):
                found.append(frozenset(chosen))
    return tuple(tuple(names[at] for at in sorted(chosen)) for chosen in found)


def _spread(values: Any, leading: int, before: int, after: int) -> Any:
    """Give a truth array its place among the dimensions: `leading` own ones, then `before` and `after` empty ones."""
    return values.reshape(*values.shape[:leading], *[1] * before, *values.shape[leading:], *[1] * after)


def _told(truth: Any) -> str:
    if not truth.any():
        return "no"
    return "yes" if truth.all() else "unknown"
