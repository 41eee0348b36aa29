"""Links: which claims are held to tell of one event, in what order, why, and which were kept apart.

Claims are compared where their places and times, as exactly as each is told, may meet. A pair's score is a sum of
log-odds; links are taken from the highest down. None joins what a dataset or a person keeps apart, and none joins sets
of claims that taken together tell against it: near is not the same, and what chains is not one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from trucewatch.actors import Register
from trucewatch.claims import SCHEMA as CLAIMS
from trucewatch.decisions import Decision, Standing, standing
from trucewatch.echoes import Shingles, sharing
from trucewatch.evidence import Assertion
from trucewatch.kernels.space_time import Near
from trucewatch.kernels.union_find import KEPT_APART, UNLIKE, Holds, United, string_together, unite
from trucewatch.likeness import FEATURES, Flags, Floats, Numbers, Traits, pair_levels, pair_scores, sentence, traits_of
from trucewatch.problems import Problem
from trucewatch.weights import Search, Weights, fit_weights, probability, shipped_weights
from trucewatch.where import Gazetteer

_FEW_CLAIMS = 1_000
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
    scored = _scored(candidates, traits, weights, told.height > _FEW_CLAIMS)
    above = scored.score - weights.search.threshold
    floor = weights.search.floor - weights.search.threshold
    # Of what was not compared nothing is known but how few pairs tell of one event.
    unseen = min(weights.prior - weights.search.threshold, 0)
    united = unite(units.together, scored.left, scored.right, above, units.holds, floor, candidates.cut, unseen)
    strung = string_together(united.sets, scored.like_left, scored.like_right, traits.places[:, :3], _SERIES_WIDE_M)
    return Linked(
        _members(told, united.sets, strung),
        _links(told, scored, united, units),
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
    batches = [np.zeros((2, 0), np.int64), *map(np.stack, _Candidates(traits, _datasets(claims), search))]
    left, right = np.concatenate(batches, axis=1)
    return left, right


@dataclass(slots=True)
class _Candidates:
    """The pairs that may tell of one event, a batch at a time, each once."""

    traits: Traits
    apart: Numbers
    search: Search
    skipped: int = 0
    # Claims that were not compared with all that lay near; known, as their number is, once all batches were taken.
    cut: Flags = field(init=False)

    def __post_init__(self) -> None:
        self.cut = np.zeros(len(self.traits), np.bool_)

    def __iter__(self) -> Iterator[tuple[Numbers, Numbers]]:
        traits = self.traits
        placed: Flags = np.asarray(~np.isnan(traits.places).any(axis=1))
        yield from self._near(traits.places[:, :3], traits.places[:, 3], self.search.slack_m)
        if placed.all():
            return
        found = [np.zeros((2, 0), np.int64), *map(np.stack, self._without_place(placed))]
        left, right = np.concatenate(found, axis=1)
        new = ~(placed[left] & placed[right])
        yield np.divmod(np.unique(left[new] * len(traits) + right[new]), len(traits))

    def _near(self, points: Floats, radius_m: Floats, slack_m: float) -> Iterator[tuple[Numbers, Numbers]]:
        start, end = self.traits.start, self.traits.end
        near = Near(points, radius_m, start, end, self.apart, slack_m, self.search.slack_us, MOST_NEAR)
        yield from near.pairs()
        self.skipped += near.skipped
        self.cut |= near.cut

    def _without_place(self, placed: Flags) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield pairs of claims, one of which has no place: of one name, of one area, or that share words."""
        for names in (self.traits.skeletons, self.traits.areas):
            wanted = np.unique(names[~placed & (names >= 0)])
            if len(wanted):
                # A name for a place: each stands at a point of its own, a kilometre from the next.
                points = np.zeros((len(names), 3))
                points[:, 0] = np.where(np.isin(names, wanted), _NAMED_APART_M * np.searchsorted(wanted, names), np.nan)
                yield from self._near(points, np.zeros(len(names)), 0.0)
        texts = np.flatnonzero(self.traits.texts >= 0)
        if (~placed[texts]).any():
            code = self.traits.texts[texts]
            at = self.traits.grams_at
            counts = at[code + 1] - at[code]
            offsets = np.concatenate([[0], np.cumsum(counts)])
            taken = np.arange(offsets[-1]) + np.repeat(at[code] - offsets[:-1], counts)
            left, right = (texts[side] for side in sharing(Shingles(offsets, self.traits.grams[taken]), _RARE_IN))
            start, end = self.traits.start, self.traits.end
            gap = np.maximum(start[left], start[right]) - np.minimum(end[left], end[right])
            keep = (gap <= self.search.slack_us) & ((self.apart[left] < 0) | (self.apart[left] != self.apart[right]))
            yield left[keep], right[keep]


@dataclass(frozen=True, slots=True)
class _Scored:
    """Pairs above the floor, sorted, with their scores in thousandths; and pairs of like acts in one place and time."""

    left: Numbers
    right: Numbers
    score: Numbers
    like_left: Numbers
    like_right: Numbers


def _scored(candidates: _Candidates, traits: Traits, weights: Weights, is_many: bool) -> _Scored:
    kept: list[Numbers] = []
    like: list[Numbers] = []
    scores: list[Numbers] = []
    table = weights.table
    for left, right in candidates:
        score, is_like = pair_scores(traits, left, right, table, weights.prior, is_many)
        gap = np.maximum(traits.start[left], traits.start[right]) - np.minimum(traits.end[left], traits.end[right])
        is_like &= gap <= _SERIES_GAP_US
        above = score >= weights.search.floor
        kept.append(np.stack([left[above], right[above]]))
        scores.append(score[above])
        like.append(np.stack([left[is_like], right[is_like]]))
    none = np.zeros((2, 0), np.int64)
    (left, right), score = np.concatenate([none, *kept], axis=1), np.concatenate([none[0], *scores])
    order = np.argsort(left * len(traits) + right)
    like_left, like_right = np.concatenate([none, *like], axis=1)
    strung = np.argsort(like_left * len(traits) + like_right)
    return _Scored(left[order], right[order], score[order], like_left[strung], like_right[strung])


# ---- tables ----------------------------------------------------------------------------------------------------------


def _members(told: pl.DataFrame, sets: Numbers, strung: Numbers | None) -> pl.DataFrame:
    members = told.select("claim_key").with_columns(cluster=pl.Series(sets, dtype=pl.Int64))
    if strung is None:
        return members.with_columns(series=pl.lit(None, pl.Int64))
    return members.with_columns(series=pl.Series(strung, dtype=pl.Int64)).with_columns(
        pl.when(pl.col("cluster").n_unique().over("series") > 1).then("series").alias("series")
    )


def _links(told: pl.DataFrame, scored: _Scored, united: United, units: _Units) -> pl.DataFrame:
    keys = told["claim_key"]
    sets = united.sets
    taken = sets[scored.left] == sets[scored.right]
    apart = np.where(united.became == KEPT_APART, united.why, -1)
    keepers = pl.Series([*units.keepers, None], dtype=pl.String).gather(np.where(apart < 0, len(units.keepers), apart))
    table = pl.DataFrame({
        "one": keys.gather(scored.left), "other": keys.gather(scored.right), "log_odds": scored.score / 1000,
        "probability": probability(scored.score), "taken": taken, "became": united.became,
        "sum": united.why, "keeper": keepers,
    })  # fmt: skip
    reason = (
        pl.when("taken").then(pl.lit(""))
        .when(pl.col("became") == KEPT_APART)
        .then(pl.concat_str("keeper", pl.lit(" records them as different events")))
        .when(pl.col("became") == UNLIKE)
        .then(pl.format("the reports that each is held to be one with tell against it (together {})",
                        (pl.col("sum") / 1000).round(1)))
        .otherwise(pl.lit("below the threshold"))
    )  # fmt: skip
    return table.with_columns(reason.alias("reason")).select(LINKS.keys())


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
    told = [Reason("prior", "", "of the pairs that are compared, few tell of one event", weights.prior / 1000)]
    for (feature, some), at in zip(FEATURES.items(), levels, strict=True):
        words = sentence(feature, some[at], one, other, traits)
        told.append(Reason(feature, some[at], words, weights.levels[feature][some[at]].thousandths / 1000))
    return told


# ---- fitting ---------------------------------------------------------------------------------------------------------


# ---- fitting ---------------------------------------------------------------------------------------------------------


def fit_links(
    told: Iterable[pl.DataFrame],
    register: Register,
    gazetteer: Gazetteer,
    fitted_on: str,
    search: Search | None = None,
    version: int = 1,
) -> Weights:
    """Return weights fitted on the candidate pairs of several claims tables, each compared within itself alone.

    Nobody says which pairs tell of one event, and the order of tables and rows changes nothing. `fitted_on` says in
    words whence the tables come. Raises TrucewatchError where no two claims come near each other.
    """
    search = search or Search()
    levels = [np.zeros((0, len(FEATURES)), np.uint8)]
    for claims in told:
        about = claims.filter(pl.col("assertion") != Assertion.NOTHING).sort("claim_key")
        traits = traits_of(about, register, gazetteer)
        levels.append(pair_levels(traits, *candidates_of(about, traits, search)))
    return fit_weights(np.concatenate(levels), fitted_on, search, version)
