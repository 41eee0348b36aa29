"""Origins: on how many independent roots an incident rests at least, and at most."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

from trucewatch.corroboration.echoes import BEHIND, UNNAMED, Echo, chain_of, is_copy
from trucewatch.evidence import OWN_OBSERVATION

# What of a claim its origins depend on.
_TELLING = ("is_own", "source", "office", "cites", "interest", "allegation")


def origins_of(named: pl.DataFrame, echoes: pl.DataFrame) -> pl.DataFrame:
    """Return (incident, roots, origins_low, origins_high, repeats) of each incident, after architecture section 5.

    `named` is a claims table with the `incident` of each, `echoes` what `echoes_of` makes of it. `roots` are those
    that must be distinct, `origins_low` and `origins_high` the bounds of independent roots, null where there is no
    upper one, `repeats` the number of reports that repeat another of the incident. Decision 003 has the rules.

    Sources of one interest are one root. An office with no word on where it has its knowledge has none that must be
    its own: it may have it from any other, so that such offices count as one where they stand alone, and else add
    nothing. A complaint is what is to be established and no proof of itself: who complains is no root, nor is a
    circle of citations. Reports in the same words have one root, that of the first received.
    """
    own = pl.col("means").is_in([str(means) for means in OWN_OBSERVATION]).fill_null(False).alias("is_own")
    told = named.select("incident", "claim_key", "entry", own, *_TELLING[1:])
    tellings = told.select(_TELLING).unique().sort(_TELLING, nulls_last=True).with_row_index("telling")
    told = told.join(tellings, on=_TELLING, nulls_equal=True).select("incident", "claim_key", "entry", "telling")
    ways = [_Telling.of(*row) for row in tellings.select(_TELLING).iter_rows()]
    entangled = pl.concat([_entangled(told, ways), echoes["incident"]]).unique().implode()
    is_plain = ~pl.col("incident").is_in(entangled)
    found = pl.concat([_apart(told.filter(is_plain), ways), _together(told.filter(~is_plain), echoes, ways)])
    repeats = (
        echoes.filter(pl.col("how") != Echo.QUOTES)
        .group_by("incident")
        .agg(pl.col("claim_key").n_unique().cast(pl.Int64).alias("repeats"))
    )
    with_repeats = found.join(repeats, on="incident", how="left").with_columns(pl.col("repeats").fill_null(0))
    return with_repeats.sort("incident")


_BOUNDS: dict[str, pl.DataType] = {
    "roots": pl.List(pl.String()), "origins_low": pl.Int64(), "origins_high": pl.Int64()
}  # fmt: skip


def _entangled(told: pl.DataFrame, ways: Sequence[_Telling]) -> pl.Series:
    """Return the incidents in which a chain is long, or somebody tells in two ways: each must be read as a whole."""
    chains = pl.DataFrame(
        {
            "telling": pl.Series(range(len(ways)), dtype=pl.UInt32),
            "teller": pl.Series([way.chain[0] for way in ways], dtype=pl.String),
            "is_long": pl.Series([len(way.chain) > 2 for way in ways], dtype=pl.Boolean),
        }
    )
    by_incident = told.select("incident", "telling").unique().join(chains, on="telling").group_by("incident")
    read = by_incident.agg(pl.col("is_long").any(), (pl.col("teller").n_unique() < pl.len()).alias("is_twofold"))
    return read.filter(pl.col("is_long") | pl.col("is_twofold"))["incident"]


def _apart(told: pl.DataFrame, ways: Sequence[_Telling]) -> pl.DataFrame:
    """Return the roots and bounds of incidents whose tellers have nothing to do with each other."""
    roots = [_root(way, _Voices.of([way])) for way in ways]
    known = pl.DataFrame(
        [(root.must, root.may, root.is_plural, root.is_office) for root in roots],
        schema={"must": pl.String, "may": pl.String, "is_plural": pl.Boolean, "is_office": pl.Boolean},
        orient="row",
    ).with_row_index("telling")
    by_incident = told.select("incident", "telling").join(known, on="telling").group_by("incident")
    must = pl.col("must").drop_nulls()
    return by_incident.agg(
        must.unique().sort().alias("roots"),
        pl.max_horizontal(must.n_unique(), pl.col("is_office").any()).cast(pl.Int64).alias("origins_low"),
        pl.when(~pl.col("is_plural").any()).then(pl.col("may").n_unique().cast(pl.Int64)).alias("origins_high"),
    )


def _together(told: pl.DataFrame, echoes: pl.DataFrame, ways: Sequence[_Telling]) -> pl.DataFrame:
    """Return the roots and bounds of incidents in which who tells of it, and in what words, must be read together.

    Incidents that are told alike, in words as much the same, have the same origins: each such pattern is read once.
    """
    told = told.with_columns(pl.col("telling").cast(pl.String))
    patterns = (
        _texts(told, echoes.filter((pl.col("how") != Echo.QUOTES) & is_copy()))
        .group_by("incident")
        .agg(pl.col("text").unique().sort().str.join(" ").alias("texts"))
        .join(_quoting(told, echoes.filter(pl.col("how") == Echo.QUOTES)), on="incident", how="left")
    )
    distinct = patterns.select("texts", "quoting").unique(maintain_order=True)
    found = [_origins(texts, quoting, ways) for texts, quoting in distinct.iter_rows()]
    origins = distinct.with_columns(pl.DataFrame(found, schema=_BOUNDS, orient="row").get_columns())
    return patterns.join(origins, on=["texts", "quoting"], nulls_equal=True).select("incident", *_BOUNDS)


def _texts(told: pl.DataFrame, copied: pl.DataFrame) -> pl.DataFrame:
    """Return (incident, text) of each text: the tellings that have its words, as "3=5<4"; those after < came later."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while (above := parent.setdefault(key, key)) != key:
            parent[key] = key = parent[above]
        return key

    for one, other in copied.select("claim_key", "of").iter_rows():
        parent[root(one)] = root(other)
    alone = told.select("incident", pl.col("telling").alias("text"))
    if not parent:
        return alone
    together = pl.DataFrame({"claim_key": list(parent), "words": [root(key) for key in parent]})
    shared = told.join(together, on="claim_key").with_columns(
        (pl.col("entry") == pl.col("entry").min().over("words")).alias("is_first")
    )
    first, later = (
        pl.col("telling").filter(which).unique().sort().str.join("=") for which in ("is_first", ~pl.col("is_first"))
    )
    shared = shared.group_by("incident", "words").agg(first.alias("first"), later.alias("later"))
    is_alone = ~pl.col("claim_key").is_in(together["claim_key"].implode())
    return pl.concat(
        [
            told.filter(is_alone).select("incident", pl.col("telling").alias("text")),
            shared.select("incident", pl.concat_str("first", pl.lit("<"), "later").alias("text")),
        ]
    )


def _quoting(told: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Return (incident, quoting): which of its tellings quote the same statement, as "3=5"."""
    number = told.select("incident", "claim_key", "telling")
    tied = quotes.join(number, on=["incident", "claim_key"]).join(
        number.rename({"claim_key": "of", "telling": "other"}), on=["incident", "of"]
    )
    pair = pl.concat_str("telling", pl.lit("="), "other").alias("pair")
    return (
        tied.select("incident", pair)
        .group_by("incident")
        .agg(pl.col("pair").unique().sort().str.join(" ").alias("quoting"))
    )


@dataclass(frozen=True, slots=True)
class _Telling:
    """How a claim is told: who tells it on whose word, nearest first, and for whom."""

    chain: tuple[str, ...]
    is_own: bool  # the teller's own observation
    is_stated: bool  # on whose word it is told, be it the teller's own
    interest: str | None
    is_complaint: bool

    @classmethod
    def of(
        cls, is_own: bool, source: str, office: str | None, cites: str | None, interest: str | None, complains: bool
    ) -> _Telling:
        named = f"interest {interest}" if interest else None
        return cls(chain_of(source, office, cites), is_own, bool(cites), named, bool(complains))


@dataclass(frozen=True, slots=True)
class _Text:
    """What is told in the same words: by whom first, and by whom later."""

    first: tuple[int, ...]
    later: tuple[int, ...]

    @property
    def members(self) -> tuple[int, ...]:
        return self.first + self.later


@lru_cache(maxsize=65536)
def _read_text(text: str) -> _Text:
    first, _, later = text.partition("<")
    return _Text(*(tuple(int(number) for number in part.split("=") if number) for part in (first, later)))


@dataclass(frozen=True, slots=True)
class _Root:
    """What lies behind a claim: the root that must (None: none that must be its own), and the one that may."""

    must: str | None
    may: str
    is_plural: bool = False
    is_office: bool = False  # somebody who tells of it without a word on where they have their knowledge


@dataclass(frozen=True, slots=True)
class _Voices:
    """Who told of one incident: who cites whom, who speaks of their own knowledge, for whom, and who complained."""

    tellers: set[str] = field(default_factory=set)
    cites: dict[str, set[str]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    interests: dict[str, str] = field(default_factory=dict)
    complained: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, tellings: Iterable[_Telling]) -> _Voices:
        voices = cls()
        for telling in tellings:
            voices.hear(telling)
        return voices

    def hear(self, telling: _Telling) -> None:
        teller = telling.chain[0]
        self.tellers.add(teller)
        for citing, cited in itertools.pairwise(telling.chain):
            self.cites.setdefault(citing, set()).add(cited)
        if telling.is_complaint:
            self.complained.add(teller)
        elif telling.is_own or (telling.is_stated and len(telling.chain) == 1):
            self.own.add(teller)
        if telling.interest:
            self.interests[teller] = telling.interest

    def leads_to(self, name: str) -> set[str]:
        """Return whom the citations that begin with a name lead to, and the name."""
        seen, waiting = {name}, [name]
        while waiting:
            further = self.cites.get(waiting.pop(), set()) - seen
            waiting += further
            seen |= further
        return seen

    def ends(self, name: str) -> set[str]:
        """Return where the citations that begin with a name come to an end; nothing where they turn in a circle."""
        final = self.own | self.complained
        return {name for name in self.leads_to(name) if name in final or not self.cites.get(name)}

    def is_silent(self, end: str) -> bool:
        """Say whether somebody at the end of a chain tells of it too, and does not say on whose word."""
        return end in self.tellers and end not in self.own and end not in self.interests


def _origins(texts: str, quoting: str | None, ways: Sequence[_Telling]) -> tuple[list[str], int, int | None]:
    """Return the roots that must be distinct, and the bounds, of what is told in some texts."""
    every = [_read_text(text) for text in texts.split()]
    told = {number: ways[number] for text in every for number in text.members}
    voices = _Voices.of(told.values())
    _follow_copies(every, told, voices)
    roots = {number: _root(telling, voices) for number, telling in told.items()}
    same = [_musts(text.first, roots) for text in every if _is_rooted(text, roots)]
    for pair in (quoting or "").split():
        numbers = [int(number) for number in pair.split("=")]
        if not any(told[number].is_own for number in numbers):
            same.append(_musts(numbers, roots))
    must = _distinct(same)
    silent = [text for text in every if all(roots[number].is_office for number in text.first)]
    low = len(must) or min(len(silent), 1)
    if any(root.is_plural for root in roots.values()):
        return must, low, None
    stated = {root.may for root in roots.values() if not root.is_office}
    # Who says nothing adds nothing where somebody says on whose word the same text is told, and else one root a text.
    untold = [
        {roots[number].may for number in text.members}
        for text in every
        if all(roots[number].is_office for number in text.members)
    ]
    may = {root for mays in untold for root in mays} - stated
    return must, low, len(stated) + min(sum(bool(mays & may) for mays in untold), len(may))


def _musts(numbers: Iterable[int], roots: Mapping[int, _Root]) -> list[str]:
    return [root for number in numbers if (root := roots[number].must)]


def _is_rooted(text: _Text, roots: Mapping[int, _Root]) -> bool:
    """Say whether those who had a text first stand for it: a complaint, or a circle, is nobody's root in any words."""
    return all(roots[number].must or roots[number].is_office for number in text.first)


def _follow_copies(texts: Sequence[_Text], told: Mapping[int, _Telling], voices: _Voices) -> None:
    """Let those who only tell what others told before in the same words, and cite nobody, cite these."""
    if not any(text.later for text in texts):
        return
    first = {told[number].chain[0] for text in texts for number in text.first}
    followed: dict[str, set[str]] = {}
    for text in texts:
        before = {told[number].chain[0] for number in text.first}
        for teller in (told[number].chain[0] for number in text.later):
            if teller not in first and teller not in voices.own and teller not in voices.cites:
                # Explicit citing wins: whoever cites the copy did not have it copied from them.
                followed.setdefault(teller, set()).update(one for one in before if teller not in voices.leads_to(one))
    voices.cites.update(followed)


def _root(telling: _Telling, voices: _Voices) -> _Root:
    teller = telling.chain[0]
    is_silent = len(telling.chain) == 1 and teller not in voices.own
    ends = {teller} if telling.is_own else voices.ends(telling.chain[-1])
    if telling.is_complaint or (ends and ends <= voices.complained):
        return _Root(None, f"complaint {teller if telling.is_complaint else min(ends)}")
    if not ends and not is_silent:
        return _Root(None, "circle")
    if telling.interest:
        return _Root(telling.interest, telling.interest)
    if is_silent:
        return _Root(None, f"root {teller}", is_office=True)
    open_ends = sorted(ends - voices.complained)
    # Where there are several, each is a root already by what others told.
    named = [end for end in open_ends if not end.startswith(UNNAMED) and not voices.is_silent(end)]
    if named:
        root = min(voices.interests.get(end, f"root {end}") for end in named)
        return _Root(root, root)
    is_plural = any(end.startswith(UNNAMED) and end.partition(BEHIND)[0].endswith("s") for end in open_ends)
    return _Root(None, f"root {open_ends[0]}", is_plural, is_office=True)


def _distinct(same: Iterable[Sequence[str]]) -> list[str]:
    """Return one root of each group, where the roots of one list are the same; the first in order of the alphabet."""
    groups: list[set[str]] = []
    for roots in same:
        joined = set(roots)
        apart = []
        for group in groups:
            if group & joined:
                joined |= group
            else:
                apart.append(group)
        groups = [*apart, joined] if joined else apart
    return sorted(min(group) for group in groups)
