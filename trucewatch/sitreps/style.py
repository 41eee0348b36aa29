"""Style: the mission's style sheet: what it calls itself, parties, places and authorities, and what it always adds.

A name may differ by language and by audience. The sheet names things in the mission's own voice only: what a report
says keeps its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wording:
    """Words by language code, for some audiences (level words such as `public`; none: for all)."""

    words: Mapping[str, str]
    audiences: frozenset[str] = frozenset()

    def is_for(self, audience: str) -> bool:
        """Whether it is said to an audience."""
        return not self.audiences or audience in self.audiences


@dataclass(frozen=True, slots=True)
class Style:
    """A mission's style sheet, the key `style` of its mandate.

    `actors` (parties, guarantors, authorities) and `places` (zones and lines) hold by id how each is named, the first
    wording that fits an audience and a language deciding; `disclaimers` stand in every product for people, in their
    order; `columns` is the order of the columns of a spreadsheet (empty: all, in the order of the findings table).
    """

    mission: Mapping[str, str] = field(default_factory=dict)
    actors: Mapping[str, tuple[Wording, ...]] = field(default_factory=dict)
    places: Mapping[str, tuple[Wording, ...]] = field(default_factory=dict)
    disclaimers: tuple[Wording, ...] = ()
    columns: tuple[str, ...] = ()

    def actor(self, id: str, language: str, audience: str) -> str | None:
        """Return what the mission calls an actor in a language, or None where its sheet does not say."""
        return _first(self.actors.get(id, ()), language, audience)

    def place(self, id: str, language: str, audience: str) -> str | None:
        """Return what the mission calls a zone or a line in a language, or None where its sheet does not say."""
        return _first(self.places.get(id, ()), language, audience)

    def disclaimed(self, language: str, audience: str) -> tuple[str, ...]:
        """Return the disclaimers of a product; one that is not in its language stands in English, or as it is."""
        said = (wording.words for wording in self.disclaimers if wording.is_for(audience))
        return tuple(text for words in said if (text := _best(words, language)))

    def mission_name(self, language: str) -> str:
        """Return what the mission calls itself; empty where its sheet does not say."""
        return _best(self.mission, language)


def _first(wordings: Iterable[Wording], language: str, audience: str) -> str | None:
    return next((w.words[language] for w in wordings if language in w.words and w.is_for(audience)), None)


def _best(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get("en") or next(iter(words.values()), "")
