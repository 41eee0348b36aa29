"""Origins: on how many independent roots an incident rests at least, and at most."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import polars as pl

from trucewatch.evidence import OWN_OBSERVATION
from trucewatch.names import plain_name


def roots_of(named: pl.DataFrame) -> list[pl.Series]:
    """Return for each claim the root that must lie behind it and the root that may, after architecture section 5.

    Sources of one interest are one root. An office with no word on where it has its knowledge has none that must be
    its own: it may have it from any other, so that such offices count as one where they stand alone, and else add
    nothing. A complaint is what is to be established and no proof of itself: who complains is no root, nor is a
    circle of citations.
    """
    columns = ("incident", "means", "source", "office", "cites", "interest", "allegation")
    rows = list(named.select(columns).iter_rows(named=True))
    heard: dict[str, _Voices] = {}
    for row in rows:
        heard.setdefault(row["incident"], _Voices()).hear(row)
    roots = [_root(row, heard[row["incident"]]) for row in rows]
    return [
        pl.Series("root", [root.must for root in roots], pl.String),
        pl.Series("possible_root", [root.may for root in roots], pl.String),
        pl.Series("is_plural", [root.is_plural for root in roots], pl.Boolean),
        pl.Series("is_office", [root.is_office for root in roots], pl.Boolean),
    ]


_OWN = {str(means) for means in OWN_OBSERVATION}
_UNNAMED = "unnamed"


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

    def hear(self, claim: Mapping[str, Any]) -> None:
        path = _path(claim)
        self.tellers.add(path[0])
        for citing, cited in itertools.pairwise(path):
            self.cites.setdefault(citing, set()).add(cited)
        if claim["allegation"]:
            self.complained.add(path[0])
        elif claim["means"] in _OWN or (claim["cites"] and len(path) == 1):
            self.own.add(path[0])
        if claim["interest"]:
            self.interests[path[0]] = f"interest {claim['interest']}"

    def ends(self, name: str) -> set[str]:
        """Return where the citations that begin with a name come to an end; nothing where they turn in a circle."""
        ends: set[str] = set()
        seen = {name}
        waiting = [name]
        while waiting:
            name = waiting.pop()
            further = self.cites.get(name, set())
            if not further or name in self.own or name in self.complained:
                ends.add(name)
            waiting += further - seen
            seen |= further
        return ends

    def is_silent(self, end: str) -> bool:
        """Say whether somebody at the end of a chain tells of it too, and does not say on whose word."""
        return end in self.tellers and end not in self.own and end not in self.interests


def _root(claim: Mapping[str, Any], voices: _Voices) -> _Root:
    path = _path(claim)
    teller = path[0]
    is_silent = len(path) == 1 and teller not in voices.own
    ends = {teller} if claim["means"] in _OWN else voices.ends(path[-1])
    if claim["allegation"] or (ends and ends <= voices.complained):
        return _Root(None, f"complaint {teller if claim['allegation'] else min(ends)}")
    if not ends and not is_silent:
        return _Root(None, "circle")
    if claim["interest"]:
        return _Root(f"interest {claim['interest']}", f"interest {claim['interest']}")
    if is_silent:
        return _Root(None, f"root {teller}", is_office=True)
    open_ends = sorted(ends - voices.complained)
    # Where there are several, each is a root already by what others told.
    named = [end for end in open_ends if not end.startswith(_UNNAMED) and not voices.is_silent(end)]
    if named:
        root = min(voices.interests.get(end, f"root {end}") for end in named)
        return _Root(root, root)
    is_plural = any(end.startswith(_UNNAMED) and end.partition(_BEHIND)[0].endswith("s") for end in open_ends)
    return _Root(None, f"root {open_ends[0]}", is_plural, is_office=True)


_BEHIND = " behind "


def _path(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """Return who told a claim and whom they cite, down to the last; an office that cites itself cites nobody."""
    teller = plain_name(claim["office"]) if claim["office"] else f"source {claim['source']}"
    return _path_of(teller, claim["cites"])


@lru_cache(maxsize=65536)
def _path_of(teller: str, cites: str | None) -> tuple[str, ...]:
    path = [teller]
    for name in (plain_name(str(name)) for name in json.loads(cites)) if cites else ():
        # Whoever is not named need not be the same for two who cite them.
        known = f"{name}{_BEHIND}{path[-1]}" if name.startswith(_UNNAMED) else name
        if known != path[-1]:
            path.append(known)
    return tuple(path)
