"""Positions: what each party says it accepts, objects to, demands or doubts, topic by topic, and on whose word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from trucewatch.when import Span


class Stance(StrEnum):
    """How a party is said to stand to something."""

    ACCEPTS = "accepts"
    RESERVES = "reserves"
    OBJECTS = "objects"
    DEMANDS = "demands"
    CONDITIONS = "conditions"
    DOUBTS = "doubts"
    DISTRUSTS = "distrusts"
    SHARES_INTEREST = "shares-an-interest"

    @property
    def words(self) -> str:
        """The stance as a sentence has it."""
        return {"objects": "objects to", "reserves": "has a reservation on", "conditions": "sets a condition on"}.get(
            self.value, self.value.replace("-", " ")
        ) + (" in" if self is Stance.SHARES_INTEREST else "")


@dataclass(frozen=True, slots=True)
class Position:
    """How one party is said to stand to a topic, or to a clause in force or demanded.

    `rests_on` are statements, which hold its hedges and the words that are not to be put otherwise. `shared_with` are
    those who have the interest too.
    """

    of: str
    stance: Stance
    topic: str
    clause: str = ""
    shared_with: tuple[str, ...] = ()
    when: Span | None = None
    rests_on: tuple[str, ...] = ()

    @property
    def parties(self) -> tuple[str, ...]:
        """Everybody whose position it is."""
        return tuple(dict.fromkeys((self.of, *self.shared_with)))


def on_clause(positions: Iterable[Position], clause: str) -> tuple[Position, ...]:
    """Return the positions on a clause, in the order of the file."""
    return tuple(one for one in positions if one.clause == clause)


def of_party(positions: Iterable[Position], party: str) -> tuple[Position, ...]:
    """Return the positions of a party (an actor id), shared ones too, in the order of the file."""
    return tuple(one for one in positions if party in one.parties)


def matrix(positions: Iterable[Position]) -> dict[str, dict[str, tuple[Position, ...]]]:
    """Return positions by party and topic; parties and topics in the order in which they are first named.

    A party without a position on a topic has no cell there: what nobody reports is neither consent nor refusal.
    """
    found: dict[str, dict[str, tuple[Position, ...]]] = {}
    for position in positions:
        for party in position.parties:
            row = found.setdefault(party, {})
            row[position.topic] = (*row.get(position.topic, ()), position)
    return found
