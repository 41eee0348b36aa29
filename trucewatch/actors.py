"""Actors: any group or state that a claim may name, in any script, with its affiliations in time.

A name resolves to a *set*: an umbrella ("Syrian insurgents") or a list may stand for any of its members; a name that is
not registered stands for an actor of whom nothing is known. Who is bound is for the agreement to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from trucewatch.names import plain_name

CIVILIANS = "civilians"
_CIVILIAN_NAMES = ("civilians", "civilian", "civilians (syria)", "мирные жители", "مدنيون", "المدنيون", "אזרחים")


class Affiliation(StrEnum):
    """What one actor is said to be to another; only the first two make its acts those of the other."""

    PART_OF = "part-of"
    COMMANDED_BY = "commanded-by"
    SUPPORTED_BY = "supported-by"
    ALLIED_WITH = "allied-with"
    CLAIMS_SUBORDINATION = "claims-to-be-subordinate-to"


BINDING = (Affiliation.PART_OF, Affiliation.COMMANDED_BY)


@dataclass(frozen=True, slots=True)
class AffiliationStatement:
    """Somebody's word that one actor belongs to, obeys or helps another for a time; `contested` if others deny it."""

    of: str
    to: str
    kind: Affiliation
    says: tuple[str, ...]
    earliest: datetime | None = None  # None: open
    latest: datetime | None = None
    contested: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor: id, the names it goes by, its kind, and for an umbrella who it may stand for."""

    id: str
    names: tuple[str, ...]
    kind: str = "armed-group"
    members: tuple[str, ...] = ()
    open: bool = False  # an umbrella that may also hide actors that nobody has listed

    @property
    def is_umbrella(self) -> bool:
        """Whether the name stands for any of several actors."""
        return bool(self.members) or self.open

    @property
    def label(self) -> str:
        """The first of its names."""
        return self.names[0] if self.names else self.id


def unregistered(name: str) -> str:
    """Return the id under which a name stands that no registry holds."""
    return f"?{name}"


@dataclass(frozen=True)
class Register:
    """The actors that are known, and what is said of their affiliations."""

    actors: Mapping[str, Actor] = field(default_factory=dict)
    statements: tuple[AffiliationStatement, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, str]:
        found = {plain_name(name): CIVILIANS for name in _CIVILIAN_NAMES}
        for actor in self.actors.values():
            for name in (actor.id, *actor.names):
                found.setdefault(plain_name(name), actor.id)
        # What has no letter in it, such as a dash, names nobody.
        found.pop("", None)
        return found

    def identify(self, name: str) -> str:
        """Return the id of the actor that goes by a name, or its unregistered id."""
        return self._by_name.get(plain_name(name)) or unregistered(name.strip())

    def label(self, actor_id: str) -> str:
        """Return what products print for an actor id."""
        if actor_id == CIVILIANS:
            return "civilians"
        actor = self.actors.get(actor_id)
        return actor.label if actor else actor_id.removeprefix("?")

    def is_umbrella(self, actor_id: str) -> bool:
        """Say whether an id stands for any of several actors."""
        actor = self.actors.get(actor_id)
        return actor is not None and actor.is_umbrella

    def stands_for(self, actor_id: str) -> frozenset[str]:
        """Return every actor that an id may stand for; itself, unless it is an umbrella."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [actor_id]
        while waiting:
            name = waiting.pop()
            actor = self.actors.get(name)
            if actor is None or not actor.is_umbrella:
                found.add(name)
            elif name not in seen:  # two umbrellas may share a member, and by mistake each other
                seen.add(name)
                waiting.extend(actor.members)
                if actor.open:
                    found.add(unregistered(f"another of {actor.label}"))
        return frozenset(found)

    def statements_of(self, actor_id: str) -> Iterable[AffiliationStatement]:
        """Return what is said of an actor's affiliations."""
        return [statement for statement in self.statements if statement.of == actor_id]


def write_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Write feasible (actor, target) pairs in their one canonical form; an empty name means nobody was named."""
    return json.dumps(sorted({(actor, target) for actor, target in pairs}), ensure_ascii=False)


def read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read what `write_pairs` wrote."""
    return tuple((actor, target) for actor, target in json.loads(text))


ANYBODY = write_pairs([("", "")])
