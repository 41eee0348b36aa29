"""Links: which claims are held to tell of one event, in what order, why, and which were kept apart.

Claims are compared where their places and times, as exactly as each is told, may meet. A pair's score is a sum of
log-odds; links are taken from the highest down. None joins what a dataset or a person keeps apart, and none joins sets
of claims that taken together tell against it: near is not the same, and what chains is not one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import polars as pl

from trucewatch.actors import Register
from trucewatch.claims import SCHEMA as CLAIMS
from trucewatch.corroboration.echoes import Shingles, sharing
from trucewatch.corroboration.likeness import (
    FEATURES,
    Flags,
    Floats,
    Numbers,
    Traits,
    pair_levels,
    pair_scores,
    sentence,
    traits_of,
)
from trucewatch.corroboration.weights import Search, Weights, fit_weights, probability, refit_weights, shipped_weights
from trucewatch.decisions import Decision, Standing, standing
from trucewatch.evidence import Assertion
from trucewatch.kernels.alike import alike, in_order
from trucewatch.kernels.space_time import Near, in_cells
from trucewatch.kernels.union_find import KEPT_APART, UNLIKE, Holds, Scores, Short, United, string_together, unite
from trucewatch.problems import Problem
from trucewatch.where import Gazetteer

Made = TypeVar("Made")

_FEW_CLAIMS = 1_000
_NEIGHBOURHOOD_M = 8_000.0
# So many of those in a neighbouring cell, nearest in time, is a claim compared with.
MOST_NEAR = 96
# A run of words that stands in more texts than this is a formula.
_RARE_IN = 8
# A series keeps to one place, and to acts of which each follows on another within a day.
_SERIES_WIDE_M = 12_000.0
_SERIES_GAP_US = 24 * 3_600_000_000
_NAMED_APART_M = 1_000.0

LINKS = {
    "one": pl.String, "other": pl.String, "log_odds": pl.Float64, "probability": pl.Float64, "taken": pl.Boolean,
    "reason": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Linked:
    """Which claims are one, and by which links.

    `members` has claim_key, cluster and series (numbers; series is null where a cluster stands alone). `links` has one
    row for each pair of claims that scored above the floor: the two keys, log-odds, probability, whether both ended in
    one cluster, and if not, why. `not_compared` pairs that lay near were left out.
    """

    members: pl.DataFrame
    links: pl.DataFrame
    not_compared: int
    problems: tuple[Problem, ...]


def link(
    claims: pl.DataFrame,
    register: Register,
    gazetteer: Gazetteer,
    decisions: Iterable[Decision] = (),
    weights: Weights | None = None,
) -> Linked:
    """Bring claims together; a function of the set of claims and decisions, not of their order."""
    told = claims.sort("claim_key")
    decided = standing(decisions)
    units = _units(told, decided)
    alone = told["curated"].all() and told["source"].n_unique() < 2
    # Within one dataset nothing links but what it links itself.
    if told.height < 2 or alone:
        return Linked(_members(told, units.together, None), pl.DataFrame(schema=LINKS), 0, decided.problems)
    weights = weights or shipped_weights()
    traits = traits_of(told, register, gazetteer)
    candidates = _Candidates(traits, _datasets(told), weights.search)
    scored = _scored(candidates, weights, told.height > _FEW_CLAIMS)
    united = unite(
        units.together, scored.left, scored.right, scored.score, units.holds, scored.known
    )  # fmt: skip
    is_like = scored.is_like
    strung = string_together(
        united.sets, scored.left[is_like], scored.right[is_like], traits.places[:, :3], _SERIES_WIDE_M
    )
    return Linked(
        _members(told, united.sets, strung),
        _links(told, scored, united, units, weights.search.threshold),
        candidates.skipped,
        decided.problems,
    )


# ---- what is one, and what is apart, from the start ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Units:
    """The smallest claim that each claim is one with from the start, and what may never be joined."""

    together: Numbers
    holds: Holds
    keepers: tuple[str, ...]  # who keeps claims apart, by key


def _units(told: pl.DataFrame, decided: Standing) -> _Units:
    numbered = told.select("source", "event_key", node=pl.int_range(pl.len(), dtype=pl.Int64))
    together = numbered.select(pl.col("node").min().over("source", "event_key")).to_series().to_numpy().copy()
    at = {key: row for row, key in enumerate(told["claim_key"])} if decided.same or decided.apart else {}
    known = {True: decided.same, False: decided.apart}
    same, apart = (
        [(at[one], at[other]) for one, other in known[is_same] if one in at and other in at]
        for is_same in (True, False)
    )
    _take_out(together, same, apart)
    for one, other in same:
        joined = sorted((together[one], together[other]))
        together[together == joined[1]] = joined[0]
    return _Units(together, *_held(told, together, apart))


def _take_out(together: Numbers, same: Sequence[tuple[int, int]], apart: Sequence[tuple[int, int]]) -> None:
    """Let what a person holds to be two events be two, though a dataset records it as one: the later key goes out."""
    for one, other in apart:
        if together[one] == together[other]:
            gone = _with(max(one, other), same)
            left = np.setdiff1d(np.flatnonzero(together == together[one]), sorted(gone))
            for members in (left, np.array(sorted(gone))):
                inside = members[together[members] == together[one]] if members is not left else members
                if len(inside):
                    together[inside] = inside.min()


def _with(row: int, same: Sequence[tuple[int, int]]) -> set[int]:
    """Return the claims that a person holds to be one with a claim, by way of others too."""
    found = {row}
    while more := {row for pair in same for row in pair if found & set(pair)} - found:
        found |= more
    return found


def _held(told: pl.DataFrame, together: Numbers, apart: Sequence[tuple[int, int]]) -> tuple[Holds, tuple[str, ...]]:
    """Return what claims hold of which no two may be joined: different events of a dataset, or items of a report."""
    kept = (
        told.select("source", "record", "curated")
        .with_columns(node=pl.int_range(pl.len(), dtype=pl.Int64), value=pl.Series(together))
        .filter(pl.col("curated") | pl.col("record").is_not_null())
        .with_columns(report=pl.when(~pl.col("curated")).then("record"))
        .filter(pl.col("curated") | (pl.col("value").n_unique().over("source", "report") > 1))
    )
    keys = kept.select("source", "report").unique().sort("source", "report").with_row_index("key")
    kept = kept.join(keys, on=["source", "report"], nulls_equal=True, maintain_order="left")
    more = [(row, keys.height + at, row) for at, pair in enumerate(apart) for row in pair]
    node, key, value = np.array(more, np.int64).reshape(-1, 3).T
    holds = Holds(
        np.concatenate([kept["node"].to_numpy(), node]),
        np.concatenate([kept["key"].cast(pl.Int64).to_numpy(), key]),
        np.concatenate([kept["value"].to_numpy(), value]),
    )
    return holds, (*keys["source"].to_list(), *("a person" for _ in apart))


def _datasets(told: pl.DataFrame) -> Numbers:
    """Return a code for each curated source, -1 for claims of others: nothing within one is compared."""
    code = pl.when("curated").then(pl.col("source").rank("dense").cast(pl.Int64)).otherwise(-1)
    return told.select(code).to_series().to_numpy()


# ---- candidates ------------------------------------------------------------------------------------------------------


def candidates_of(claims: pl.DataFrame, traits: Traits, search: Search) -> tuple[Numbers, Numbers]:
    """Return the pairs of rows (left, right), left < right, that are compared, before anything is scored."""
    candidates = _Candidates(traits, _datasets(claims), search)
    pairs = candidates.each(lambda left, right: np.stack([left, right]))
    left, right = np.concatenate([np.zeros((2, 0), np.int64), *pairs], axis=1)
    left, right, _ = candidates.alike.spread(left, right, candidates.crowded)
    return left, right


class _Candidates:
    """The pairs of classes that may tell of one event: claims that no feature tells apart are compared as one.

    `skipped` counts the pairs of claims that were left out; classes that are `cut` were not compared with all that lay
    near, those that are `crowded` have more claims near them than a claim is compared with. All three are known once
    every pair was taken. `traits` are those of the classes.
    """

    def __init__(self, traits: Traits, apart: Numbers, search: Search) -> None:
        # What lies near is kept near: most of the time goes into looking things up.
        _, _, order = in_cells(traits.places[:, :3], traits.start, _NEIGHBOURHOOD_M)
        self.alike = alike([traits.places, traits.codes, apart], order)
        self.traits = traits.take(self.alike.first)
        self._texts, self._apart, self._search = traits.texts, apart[self.alike.first], search
        self.skipped = 0
        self.cut, self.crowded = np.zeros((2, len(self.traits)), np.bool_)

    def each(self, make: Callable[[Numbers, Numbers], Made]) -> Iterator[Made]:
        """Yield what `make` makes of each batch of pairs of classes (left, right), left <= right, each pair once."""
        traits = self.traits
        placed: Flags = np.asarray(~np.isnan(traits.places).any(axis=1))
        yield from self._near(traits.places[:, :3], traits.places[:, 3], self._search.slack_m, make)
        several = np.flatnonzero((self.alike.sizes > 1) & (self._apart < 0))
        here = several[placed[several]]
        if len(here):
            yield make(here, here)
        if not placed.all():
            found = [np.zeros((2, 0), np.int64), *self._without_place(placed, several)]
            left, right = np.concatenate(found, axis=1)
            new = ~(placed[left] & placed[right])
            left, right = np.divmod(np.unique(left[new] * len(traits) + right[new]), len(traits))
            yield make(left, right)

    def _near(
        self, points: Floats, radius_m: Floats, slack_m: float, make: Callable[[Numbers, Numbers], Made]
    ) -> Iterator[Made]:
        start, end, sizes, slack = self.traits.start, self.traits.end, self.alike.sizes, self._search.slack_us
        near = Near(points, radius_m, start, end, self._apart, sizes, slack_m, slack, MOST_NEAR)
        yield from near.each(make)
        self.skipped += near.skipped
        self.cut |= near.cut
        self.crowded |= near.crowded

    def _without_place(self, placed: Flags, several: Numbers) -> Iterator[Numbers]:
        """Yield pairs of classes, one of which has no place: of one name, of one area, or that share words."""
        for names in (self.traits.skeletons, self.traits.areas):
            wanted = np.unique(names[~placed & (names >= 0)])
            if len(wanted):
                # A name for a place: each stands at a point of its own, a kilometre from the next.
                points = np.zeros((len(names), 3))
                points[:, 0] = np.where(np.isin(names, wanted), _NAMED_APART_M * np.searchsorted(wanted, names), np.nan)
                yield from self._near(points, np.zeros(len(names)), 0.0, lambda left, right: np.stack([left, right]))
                yield np.stack([several[names[several] >= 0]] * 2)
        # How rare words are is counted in claims, however many of them are alike.
        texts = np.flatnonzero(self._texts >= 0)
        if (~placed[self.alike.of[texts]]).any():
            code = self._texts[texts]
            at = self.traits.grams_at
            counts = at[code + 1] - at[code]
            offsets = np.concatenate([[0], np.cumsum(counts)])
            taken = np.arange(offsets[-1]) + np.repeat(at[code] - offsets[:-1], counts)
            pairs = np.stack(sharing(Shingles(offsets, self.traits.grams[taken]), _RARE_IN))
            left, right = np.sort(self.alike.of[texts[pairs]], axis=0)
            start, end = self.traits.start, self.traits.end
            gap = np.maximum(start[left], start[right]) - np.minimum(end[left], end[right])
            keep = (gap <= self._search.slack_us) & (
                (self._apart[left] < 0) | (self._apart[left] != self._apart[right])
            )
            yield np.stack([left[keep], right[keep]])


@dataclass(frozen=True, slots=True)
class _Scored:
    """Pairs of claims that are told of, or tell of like acts in one place and time, sorted by (left, right).

    Scores are in thousandths, measured from the threshold; `known` is what any two claims score. A pair `is_told` of
    that scores no less than the floor or, where both claims have too many others near them, above the threshold.
    """

    left: Numbers
    right: Numbers
    score: Numbers
    is_like: Flags
    is_told: Flags
    known: Scores


def _scored(candidates: _Candidates, weights: Weights, is_many: bool) -> _Scored:
    traits, table, search = candidates.traits, weights.table, weights.search

    def kept(left: Numbers, right: Numbers) -> tuple[Short, Short, Short, Flags]:
        score, is_like = pair_scores(traits, left, right, table, weights.prior, is_many)
        gap = np.maximum(traits.start[left], traits.start[right]) - np.minimum(traits.end[left], traits.end[right])
        is_like &= gap <= _SERIES_GAP_US
        keep = np.flatnonzero((score >= search.floor) | is_like)
        one, other, above = (some[keep].astype(np.int32) for some in (left, right, score - search.threshold))
        return one, other, above, is_like[keep]

    left, right, score, is_like = _columns(candidates.each(kept))
    is_crowded = candidates.crowded[left] & candidates.crowded[right]
    floor = search.floor - search.threshold
    is_told = score >= np.where(is_crowded, np.int32(1), np.int32(floor))
    # Of what was not compared nothing is known but how few pairs tell of one event.
    unseen = min(weights.prior - search.threshold, 0)
    # What is kept for a series alone counts as the floor, like all that scores below it.
    counted = np.maximum(score, np.int32(floor))
    known = Scores(candidates.alike.of, left, right, counted, candidates.cut, floor, unseen)
    wanted = np.flatnonzero(is_told | is_like)
    one, other, which = candidates.alike.spread(
        left[wanted].astype(np.int64), right[wanted].astype(np.int64), candidates.crowded
    )
    order = in_order(one, other, len(candidates.alike.of))
    which = wanted[which[order]]
    return _Scored(one[order], other[order], score[which].astype(np.int64), is_like[which], is_told[which], known)


def _columns(batches: Iterable[tuple[Short, Short, Short, Flags]]) -> tuple[Short, Short, Short, Flags]:
    """Put batches together, a column at a time, so that little is held twice."""
    none = np.zeros(0, np.int32)
    left, right, score, is_like = map(list, zip((none, none, none, none > 0), *batches, strict=True))
    whole = []
    for parts in (left, right, score, is_like):
        whole.append(np.concatenate(parts))
        parts.clear()
    return whole[0], whole[1], whole[2], whole[3]


# ---- tables ----------------------------------------------------------------------------------------------------------


def _members(told: pl.DataFrame, sets: Numbers, strung: Numbers | None) -> pl.DataFrame:
    members = told.select("claim_key").with_columns(cluster=pl.Series(sets, dtype=pl.Int64))
    if strung is None:
        return members.with_columns(series=pl.lit(None, pl.Int64))
    return members.with_columns(series=pl.Series(strung, dtype=pl.Int64)).with_columns(
        pl.when(pl.col("cluster").n_unique().over("series") > 1).then("series").alias("series")
    )


def _links(told: pl.DataFrame, scored: _Scored, united: United, units: _Units, threshold: int) -> pl.DataFrame:
    is_told = scored.is_told
    left, right, became, why = (some[is_told] for some in (scored.left, scored.right, united.became, united.why))
    score = scored.score[is_told] + threshold
    taken = united.sets[left] == united.sets[right]
    # A reason is written once, however many pairs it holds for: 0 is none, 1 the threshold, then keepers, then sums.
    rounded = (pl.Series(why[became == UNLIKE]) / 1000).round(1)
    sums, sum_at = np.unique(rounded.to_numpy(), return_inverse=True)
    code = np.where(taken, 0, np.where(became == KEPT_APART, 2 + why, 1))
    code[became == UNLIKE] = np.where(taken[became == UNLIKE], 0, 2 + len(units.keepers) + sum_at)
    reasons = [
        "", "below the threshold", *(f"{keeper} records them as different events" for keeper in units.keepers),
        *(f"the reports that each is held to be one with tell against it (together {total})" for total in sums),
    ]  # fmt: skip
    keys = told["claim_key"]
    return pl.DataFrame({
        "one": keys.gather(left), "other": keys.gather(right), "log_odds": score / 1000,
        "probability": probability(score), "taken": taken,
        "reason": pl.Series(reasons, dtype=pl.String).gather(code),
    }, schema=LINKS)  # fmt: skip


# ---- why -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature of a pair of claims: the level of agreement, a sentence with its figures, and what it weighs."""

    feature: str
    level: str
    sentence: str
    log_odds: float


def explain(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    weights: Weights | None = None,
    register: Register | None = None,
    gazetteer: Gazetteer | None = None,
) -> list[Reason]:
    """Return why two claims (rows of a claims table) score as they do: the prior first, then each feature.

    The log-odds add up to the score of their link.
    """
    weights = weights or shipped_weights()
    rows = pl.DataFrame([one, other], schema=CLAIMS)
    traits = traits_of(rows, register or Register(), gazetteer or Gazetteer())
    levels = pair_levels(traits, np.array([0]), np.array([1]))[0].tolist()
    one, other = (_with_area_spelt(row, gazetteer or Gazetteer()) for row in (one, other))
    told = [Reason("prior", "", "of the pairs that are compared, few tell of one event", weights.prior / 1000)]
    for (feature, some), at in zip(FEATURES.items(), levels, strict=True):
        words = sentence(feature, some[at], one, other, traits)
        told.append(Reason(feature, some[at], words, weights.levels[feature][some[at]].thousandths / 1000))
    return told


def _with_area_spelt(row: Mapping[str, Any], gazetteer: Gazetteer) -> Mapping[str, Any]:
    """Return a claim whose area goes by the gazetteer's first name for it, where it has one."""
    area = gazetteer.areas.get(gazetteer.find(row["area"] or row["adm_1"]) or "")
    return {**row, "area": area.names[0]} if area and area.names else row


# ---- fitting ---------------------------------------------------------------------------------------------------------

# How often weights are fitted again to what they made of the claims, and from which score on links are taken meanwhile:
# what was never joined teaches nothing.
_REFITS, _TAKEN_MEANWHILE = 3, -1_500


def fit_links(
    told: Iterable[pl.DataFrame],
    register: Register,
    gazetteer: Gazetteer,
    fitted_on: str,
    search: Search | None = None,
    version: int = 1,
) -> Weights:
    """Return weights fitted on the candidate pairs of several claims tables, each compared within itself alone.

    Nobody says which pairs tell of one event, and the order of tables and rows changes nothing: first EM, then fitted
    again to the sets that the weights make. `fitted_on` says in words whence the tables come. Raises TrucewatchError
    where no two claims come near each other.
    """
    search = search or Search()
    tables = [claims.filter(pl.col("assertion") != Assertion.NOTHING).sort("claim_key") for claims in told]
    pairs: list[tuple[Numbers, Numbers]] = []
    levels = [np.zeros((0, len(FEATURES)), np.uint8)]
    for about in tables:
        traits = traits_of(about, register, gazetteer)
        pairs.append(candidates_of(about, traits, search))
        levels.append(pair_levels(traits, *pairs[-1]))
    weights = fit_weights(np.concatenate(levels), fitted_on, search, version)
    for _ in range(_REFITS):
        freely = replace(weights, search=replace(search, threshold=_TAKEN_MEANWHILE))
        sets = [link(about, register, gazetteer, (), freely).members["cluster"].to_numpy() for about in tables]
        is_one = [found[left] == found[right] for found, (left, right) in zip(sets, pairs, strict=True)]
        weights = refit_weights(weights, np.concatenate(levels), np.concatenate(is_one))
    return weights
