"""Levels: who may know what. A level is not a filter on results; it is a smaller world."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from trucewatch.problems import TrucewatchError, did_you_mean


class Level(IntEnum):
    """The chain of levels, least sensitive first."""

    PUBLIC = 0
    PARTIES = 1
    GUARANTORS = 2
    MISSION = 3
    SEALED = 4

    @property
    def word(self) -> str:
        """The level as it is written in files and on products."""
        return self.name.lower()


def read_level(word: str) -> Level:
    """Read a level from its word.

    Raises TrucewatchError when the word names no level.
    """
    try:
        return Level[word.strip().upper()]
    except KeyError:
        words = [level.word for level in Level]
        hint = did_you_mean(word.strip().lower(), words) or f"one of {', '.join(words)}"
        raise TrucewatchError(f"'{word}' is not a level; {hint}") from None


def most_sensitive(levels: Iterable[Level]) -> Level:
    """Return the highest of some levels; nothing at all is public."""
    return max(levels, default=Level.PUBLIC)
