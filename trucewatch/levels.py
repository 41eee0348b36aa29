"""Levels: who may know what. A level is not a filter on results; it is a smaller world.

The levels form a lattice: public < parties < guarantors < mission < sealed, and beside the guarantors a level of each
party's own. `a <= b` means that audience b may know what is marked a. Two parties, or a party and the guarantors, stand
beside each other: neither may know what is marked for the other, so `not a <= b` is not `a > b`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from trucewatch.problems import TrucewatchError, did_you_mean

_BESIDE = 2  # the guarantors, and each party by itself
_PARTY = re.compile(r"party:\s*([a-z](?:-?[a-z0-9])*)")


@dataclass(frozen=True, slots=True)
class Level:
    """A level, and the audience that may know what is marked with it; `word` is how it stands in files and products."""

    height: int
    word: str

    PUBLIC: ClassVar[Level]
    PARTIES: ClassVar[Level]
    GUARANTORS: ClassVar[Level]
    MISSION: ClassVar[Level]
    SEALED: ClassVar[Level]

    @classmethod
    def party(cls, id: str) -> Level:
        """Return the level of one party, by its id in the agreement; raises TrucewatchError for what is no id."""
        found = _PARTY.fullmatch(f"party: {id}")
        if not found:
            raise TrucewatchError(
                f"'{id}' is no id of a party; write it as the agreement does: small letters and dashes"
            )
        return cls(_BESIDE, f"party: {found[1]}")

    @property
    def party_id(self) -> str | None:
        """The party whose level this is; None for the levels of the chain."""
        return self.word.removeprefix("party: ") if self.word.startswith("party: ") else None

    def __le__(self, other: Level) -> bool:
        """Say whether the other, as an audience, may know what is marked with this level."""
        return self == other or self.height < other.height

    def __lt__(self, other: Level) -> bool:
        """Say whether the other may know that and more."""
        return self.height < other.height

    def __repr__(self) -> str:
        return f"<Level {self.word}>"


CHAIN = tuple(
    Level(height, word) for height, word in enumerate(("public", "parties", "guarantors", "mission", "sealed"))
)
Level.PUBLIC, Level.PARTIES, Level.GUARANTORS, Level.MISSION, Level.SEALED = CHAIN


def audiences(parties: Iterable[str] = ()) -> tuple[Level, ...]:
    """Return every audience there is, the least trusted first: the chain, and each of some parties beside it."""
    each = (Level.party(party) for party in sorted(set(parties)))
    return (Level.PUBLIC, Level.PARTIES, *each, Level.GUARANTORS, Level.MISSION, Level.SEALED)


def read_level(word: str) -> Level:
    """Read a level from its word; a party's own is `party: ID`.

    Raises TrucewatchError when the word names no level.
    """
    plain = word.strip().lower()
    if found := _PARTY.fullmatch(plain):
        return Level.party(found[1])
    words = {level.word: level for level in CHAIN}
    if plain in words:
        return words[plain]
    hint = did_you_mean(plain, words) or f"one of {', '.join(words)}, or party: ID"
    raise TrucewatchError(f"'{word}' is not a level; {hint}")


def most_sensitive(levels: Iterable[Level]) -> Level:
    """Return the lowest level whose audience may know all that is marked with some levels; of nothing, public.

    It is their join: what is put together of one party's and another's is the mission's.
    """
    held = set(levels) or {Level.PUBLIC}
    height = max(level.height for level in held)
    highest = {level for level in held if level.height == height}
    return highest.pop() if len(highest) == 1 else CHAIN[height + 1]
