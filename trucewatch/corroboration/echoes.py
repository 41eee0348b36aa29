"""Echoes: who repeats whom, by their own word or in the other's words, and what the repetition changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import polars as pl

from trucewatch.corroboration.drift import drift_of
from trucewatch.kernels.compiled import frozen, kernel
from trucewatch.names import plain_name
from trucewatch.wordings import GRAM_WORDS, Hashes, Numbers, Wordings, has_quotations, own_words, quoted_words


class Echo(StrEnum):
    """How one report repeats another."""

    CITES = "cites"  # it says so
    COPIES = "copies"  # it has its words from it, or both from a third
    QUOTES = "quotes the same"  # both quote one statement at length: a common root, not a copy


SCHEMA: dict[str, pl.DataType] = {
    "incident": pl.String(),
    "claim_key": pl.String(),
    "of": pl.String(),  # claim key of the one that is repeated: the cited one, else the one received before
    "how": pl.String(),  # Echo
    "share": pl.Float64(),  # of the 5-grams of the shorter text, those that the other holds too; 0 to 1
    "run": pl.Int64(),  # words of the longest run that both texts hold; 0: none of five
    "drift": pl.String(),  # what the copy changed, as `drift_of` writes it
}

# From here on a text is a copy: a run of so many words, and such a share of the shorter text. See decision 011.
COPIED_RUN = 8
COPIED_SHARE = 0.1
# Words that reports of more incidents than this have in common are a formula, and nobody's own.
_FORMULA_IN = 3
# In a crowd of reports that share words, each is compared with the first of them and with so many neighbours.
_NEIGHBOURS = 8
_MANY = 50_000


# ---- copied text, for whoever links claims ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shingles:
    """The word 5-grams of some texts: those of text i are `hashes[offsets[i] : offsets[i + 1]]`, rising, each once.

    A text that is null, or has no five words in a row outside its quotations, has none.
    """

    offsets: Numbers
    hashes: Hashes


def shingles(texts: pl.Series) -> Shingles:
    """Return the set of word 5-grams of what each text says in its own words, quotations left out."""
    distinct = texts.unique(maintain_order=True)
    worded = own_words(distinct)
    kept, counts = np.empty_like(worded.grams), np.zeros(len(distinct), np.int64)
    sort_each = _sort_each.fast() if len(distinct) > _MANY else _sort_each
    total = sort_each(frozen(worded.grams, np.uint64), frozen(worded.starts, np.int64), kept, counts)
    offsets, hashes = np.concatenate([[0], np.cumsum(counts)]), kept[:total].copy()
    if len(distinct) < len(texts):
        offsets, taken = _repeated(offsets, _numbers_of(texts, distinct))
        hashes = hashes[taken]
    return Shingles(offsets, hashes)


@kernel
def containment(hashes: Hashes, a0: int, a1: int, b0: int, b1: int) -> float:
    """Return the share of the smaller of two sets of hashes, `[a0, a1)` and `[b0, b1)`, that the other holds too.

    Each is rising, as in Shingles. 0 to 1; 0 where one of them is empty (containment as of Broder 1997).
    """
    smaller = min(a1 - a0, b1 - b0)
    if smaller == 0:
        return 0.0
    shared = 0
    while a0 < a1 and b0 < b1:
        if hashes[a0] == hashes[b0]:
            shared += 1
            a0 += 1
            b0 += 1
        elif hashes[a0] < hashes[b0]:
            a0 += 1
        else:
            b0 += 1
    return shared / smaller


def sharing(some: Shingles, at_most_in: int) -> tuple[Numbers, Numbers]:
    """Return the pairs (i, j), i < j, of texts that share a 5-gram which stands in `at_most_in` texts or fewer.

    A 5-gram brings at most `at_most_in` * (`at_most_in` - 1) / 2 pairs, so that a common formula brings none.
    """
    text = np.repeat(np.arange(len(some.offsets) - 1), np.diff(some.offsets))
    order = np.lexsort((text, some.hashes))
    hashes, text = some.hashes[order], text[order]
    ends = np.flatnonzero(np.append(hashes[1:] != hashes[:-1], True)) + 1 if len(hashes) else np.zeros(0, np.int64)
    size = np.diff(ends, prepend=0)
    rare = np.repeat((size > 1) & (size <= at_most_in), size)
    hashes, text = hashes[rare], text[rare]
    found = [np.zeros((0, 2), np.int64)]
    for apart in range(1, at_most_in):
        same = hashes[apart:] == hashes[:-apart]
        if not same.any():
            break
        found.append(np.unique(np.column_stack([text[:-apart][same], text[apart:][same]]), axis=0))
    pairs = np.unique(np.concatenate(found), axis=0)
    return pairs[:, 0], pairs[:, 1]


@kernel
def _sort_each(grams: Hashes, starts: Numbers, kept: Hashes, counts: Numbers) -> int:
    """Write the grams of each text to `kept`, rising and each once, one text after the other; return their number."""
    total = 0
    for text in range(len(starts) - 1):
        first = total
        for gram in np.sort(grams[starts[text] : starts[text + 1]]):
            if total == first or kept[total - 1] != gram:
                kept[total] = gram
                total += 1
        counts[text] = total - first
    return total


def _numbers_of(texts: pl.Series, distinct: pl.Series) -> Numbers:
    numbered = distinct.alias("text").to_frame().with_row_index("number")
    rows = texts.alias("text").to_frame()
    return (
        rows.join(numbered, on="text", how="left", nulls_equal=True, maintain_order="left")["number"]
        .cast(pl.Int64)
        .to_numpy()
    )


def _repeated(starts: Numbers, numbers: Numbers) -> tuple[Numbers, Numbers]:
    """Return (starts, places) of what stands under each of some numbers, one after the other."""
    counts = np.diff(starts)[numbers]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return offsets, np.arange(offsets[-1]) + np.repeat(starts[numbers] - offsets[:-1], counts)


# ---- who repeats whom ------------------------------------------------------------------------------------------------


def echoes_of(named: pl.DataFrame) -> pl.DataFrame:
    """Return who repeats whom within each incident, in the form of SCHEMA, by incident, claim and the one repeated.

    `named` is a claims table with the `incident` of each. Whoever cites a report that was received repeats it, the
    nearest in the chain; else the one received later (by entry, then claim key) repeats the earlier whose words it
    shares. Of reports that all share words as few pairs are told as hold them together. What one record tells is one
    text, whoever told it.
    """
    several = named.select("incident", "entry", "claim_key", *_TELLER, *_REPORT, "text").with_row_index("row")
    rows = several.filter(pl.len().over("incident") > 1).sort("incident", "entry", "claim_key")
    rows = rows.with_columns(pl.int_range(pl.len()).alias("at"))
    worded = _overlaps(rows, named, own_words)
    cites = _with_overlap(_cited(rows), worded)
    copies = _holding_together(worded.filter(is_copy()), cites.filter(is_copy()))
    quoting = rows.filter(has_quotations(pl.col("text")))
    quoted = _overlaps(quoting, named, quoted_words).filter(pl.col("run") >= COPIED_RUN)
    quotes = _holding_together(quoted, pl.concat([cites, copies]))
    told = pl.concat(
        found.with_columns(pl.lit(str(how)).alias("how"))
        for found, how in ((cites, Echo.CITES), (copies, Echo.COPIES), (quotes, Echo.QUOTES))
    ).sort("at", "of")
    if told.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    repeating, repeated = (named[rows["row"][told[name]]] for name in ("at", "of"))
    return told.select(
        repeating["incident"],
        repeating["claim_key"],
        repeated["claim_key"].alias("of"),
        "how",
        "share",
        "run",
        # Two who quote one statement repeat it, and not each other.
        pl.when(pl.col("how") == Echo.QUOTES)
        .then(pl.lit("[]"))
        .otherwise(drift_of(repeated, repeating))
        .alias("drift"),
    ).sort("incident", "claim_key", "of")


_TELLER = ("office", "cites")
_REPORT = ("source", "record", "version")


def is_copy() -> pl.Expr:
    """Say of rows with `share` and `run` whether the one text has its words from the other, or both from a third."""
    return (pl.col("run") >= COPIED_RUN) & (pl.col("share") >= COPIED_SHARE)


# ---- by their own word -----------------------------------------------------------------------------------------------

UNNAMED = "unnamed"
BEHIND = " behind "


@lru_cache(maxsize=65536)
def chain_of(source: str, office: str | None, cites: str | None) -> tuple[str, ...]:
    """Return who told a claim and whom they cite, down to the last, each as a plain name.

    Whoever cites themselves in it cites nobody. Somebody unnamed is told apart by whom they stand behind: they need
    not be the same for two who cite them.
    """
    chain = [plain_name(office) if office else f"source {source}"]
    for name in (plain_name(str(name)) for name in json.loads(cites)) if cites else ():
        known = f"{name}{BEHIND}{chain[-1]}" if name.startswith(UNNAMED) else name
        if known != chain[-1]:
            chain.append(known)
    return tuple(chain)


def _cited(rows: pl.DataFrame) -> pl.DataFrame:
    """Return (at, of): whose chain leads to which received report, the nearest in it, and its first by that teller."""
    tellers = rows.select("source", "office", "cites").unique(maintain_order=True)
    chains = tellers.with_columns(
        pl.Series("chain", [chain_of(*row) for row in tellers.iter_rows()], pl.List(pl.String))
    ).with_columns(pl.col("chain").list.first().alias("teller"), pl.col("chain").list.slice(1).alias("whom"))
    told = rows.select("at", "incident", "source", "office", "cites").join(
        chains, on=["source", "office", "cites"], nulls_equal=True, maintain_order="left"
    )
    firsts = told.group_by("incident", "teller").agg(pl.col("at").min().alias("of"))
    return (
        told.with_columns(pl.int_ranges(pl.col("whom").list.len()).alias("step"))
        .filter(pl.col("whom").list.len() > 0)
        .explode("whom", "step")
        .filter(pl.col("whom") != pl.col("teller"))
        .join(firsts, left_on=["incident", "whom"], right_on=["incident", "teller"])
        .sort("at", "step")
        .unique("at", keep="first", maintain_order=True)
        .select("at", "of")
    )


# ---- in the other's words --------------------------------------------------------------------------------------------


def _overlaps(rows: pl.DataFrame, named: pl.DataFrame, words: Callable[[pl.Series], Wordings]) -> pl.DataFrame:
    """Return (at, of, share, run) of the pairs of reports of one incident that have a run of five words in common.

    `of` stands before `at`. Formulae do not count.
    """
    pairs_of_none = pl.DataFrame(schema={"at": pl.Int64, "of": pl.Int64, "share": pl.Float64, "run": pl.Int64})
    report = pl.concat_str("source", pl.lit("\u0000"), pl.coalesce("record", "version", "claim_key")).alias("report")
    told = rows.filter(pl.col("text").is_not_null()).with_columns(report)
    told = told.filter((pl.col("report") != pl.col("report").first()).any().over("incident"))
    if told.is_empty():
        return pairs_of_none
    every = named.filter(pl.col("text").is_not_null()).select("incident", "text").unique(maintain_order=True)
    texts = every["text"].unique(maintain_order=True)
    worded = words(texts)
    incidents = told["incident"].rle_id().cast(pl.Int64).to_numpy()
    starts, places = _repeated(worded.starts, _numbers_of(told["text"], texts))
    counts = np.diff(starts)
    grams = worded.grams[places]
    held = pl.DataFrame(
        {
            "at": np.repeat(told["at"].to_numpy(), counts),
            "place": worded.places[places],
            "gram": grams,
            "key": grams ^ (np.repeat(incidents, counts).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)),
        }
    )
    shared = held.filter(pl.len().over("key") > 1)
    if shared.is_empty():
        return pairs_of_none
    numbered = every.with_columns(pl.Series("text", _numbers_of(every["text"], texts)))
    formulae = _formulae(worded, shared["gram"].unique(), numbered).implode()
    shared = shared.filter(~pl.col("gram").is_in(formulae))
    pairs = _neighbours(shared.unique(["key", "at"]).sort("key", "at"), told.select("at", "report"))
    if pairs.is_empty():
        return pairs_of_none
    met = pl.concat([pairs["at"], pairs["of"]]).unique().implode()
    own = held.filter(pl.col("at").is_in(met) & ~pl.col("gram").is_in(formulae))
    sizes = own.group_by("at").agg(pl.col("gram").n_unique().cast(pl.Int64).alias("size"))
    matches = pairs.join(shared.select("at", "gram", "place"), on="at").join(
        shared.select(pl.col("at").alias("of"), "gram", pl.col("place").alias("there")), on=["of", "gram"]
    )
    return (
        matches.group_by("at", "of")
        .agg(pl.col("gram").n_unique().cast(pl.Int64).alias("common"))
        .join(sizes, on="at")
        .join(sizes.rename({"at": "of", "size": "other_size"}), on="of")
        .join(_longest_runs(matches), on=["at", "of"])
        .select("at", "of", (pl.col("common") / pl.min_horizontal("size", "other_size")).alias("share"), "run")
        .sort("at", "of")
    )


def _formulae(worded: Wordings, candidates: pl.Series, told: pl.DataFrame) -> pl.Series:
    """Return, of some grams, those that reports of several incidents hold; `told` says what text tells of what."""
    text = np.repeat(np.arange(len(worded.starts) - 1), np.diff(worded.starts))
    held = pl.DataFrame({"text": text, "gram": worded.grams}).filter(pl.col("gram").is_in(candidates.implode()))
    spread = held.unique().join(told, on="text").unique(["gram", "incident"]).group_by("gram").len()
    return spread.filter(pl.col("len") > _FORMULA_IN)["gram"]


def _neighbours(shared: pl.DataFrame, reports: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs (at, of) of different reports that meet under a key."""
    key, at = shared["key"].to_numpy(), shared["at"].to_numpy()
    found = [np.zeros((0, 2), np.int64)]
    for apart in range(1, _NEIGHBOURS + 1):
        same = key[apart:] == key[:-apart]
        found.append(np.unique(np.column_stack([at[apart:][same], at[:-apart][same]]), axis=0))
    is_first = np.append(True, key[1:] != key[:-1])[: len(key)]
    first = at[np.maximum.accumulate(np.where(is_first, np.arange(len(key)), 0))]
    found.append(np.unique(np.column_stack([at, first])[~is_first], axis=0))
    pairs = pl.DataFrame(np.unique(np.concatenate(found), axis=0), schema={"at": pl.Int64, "of": pl.Int64})
    both = pairs.join(reports, on="at").join(reports.rename({"at": "of", "report": "other"}), on="of")
    return both.filter(pl.col("report") != pl.col("other")).select("at", "of")


def _longest_runs(matches: pl.DataFrame) -> pl.DataFrame:
    """Return (at, of, run): how many words the longest run has that both hold, from where their grams match."""
    pair = ("at", "of")
    along = matches.with_columns((pl.col("place") - pl.col("there")).alias("step")).sort(*pair, "step", "place")
    goes_on = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in (*pair, "step"))
    goes_on = goes_on & (pl.col("place") == pl.col("place").shift(1) + 1)
    runs = along.with_columns((~goes_on.fill_null(False)).cum_sum().alias("stretch")).group_by(*pair, "stretch").len()
    return runs.group_by(*pair).agg((pl.col("len").max().cast(pl.Int64) + GRAM_WORDS - 1).alias("run"))


def _with_overlap(pairs: pl.DataFrame, overlaps: pl.DataFrame) -> pl.DataFrame:
    either_way = pl.concat(
        [overlaps, overlaps.select(pl.col("of").alias("at"), pl.col("at").alias("of"), "share", "run")]
    )
    return pairs.join(either_way, on=["at", "of"], how="left").with_columns(
        pl.col("share").fill_null(0.0), pl.col("run").fill_null(0)
    )


def _holding_together(pairs: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Keep the fewest pairs that, beside those held already, join what all of them join; the strongest first."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = node = parent[above]
        return node

    for one, other in held.select("at", "of").iter_rows():
        parent[root(one)] = root(other)
    ranked = pairs.sort("share", "run", "of", "at", descending=[True, True, False, False])
    keep = []
    for one, other in ranked.select("at", "of").iter_rows():
        first, second = root(one), root(other)
        parent[first] = second
        keep.append(first != second)
    return ranked.filter(pl.Series(keep, dtype=pl.Boolean))
