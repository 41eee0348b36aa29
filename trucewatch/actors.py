"""Actors: whoever a claim may name, in any script, and what is said of them, in time and on whose word.

A name resolves to a *set*: an umbrella ("Syrian insurgents") or a list may stand for any of its members; a name that is
not registered stands for an actor of whom nothing is known. Who is bound is for the agreement to say. That one actor
belongs to another, became another or holds an office is somebody's statement, never what it is; so is a label of faith
or ethnicity, and nothing but a person who asks for it ever reads one.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from trucewatch.levels import Level
from trucewatch.names import plain_name, skeleton

CIVILIANS = "civilians"
_CIVILIAN_NAMES = ("civilians", "civilian", "civilians (syria)", "мирные жители", "مدنيون", "المدنيون", "אזרחים")
_NEAR = 5
_FEW = 5


class ActorKind(StrEnum):
    """What sort of actor it is; nothing is judged by it."""

    STATE = "state"
    ARMED_FORCES = "armed-forces"
    ARMED_GROUP = "armed-group"
    AGENCY = "agency"  # a ministry, a service
    OFFICE = "office"  # a post that persons hold one after the other
    PERSON = "person"
    POLITICAL_BODY = "political-body"
    MISSION = "mission"
    UMBRELLA = "umbrella"
    LIST = "list"  # of actors, kept by somebody else, with the day of each entry


class Affiliation(StrEnum):
    """What one actor is said to be to another; only the first two make its acts those of the other."""

    PART_OF = "part-of"
    COMMANDED_BY = "commanded-by"
    SUPPORTED_BY = "supported-by"
    ALLIED_WITH = "allied-with"
    CLAIMS_SUBORDINATION = "claims-to-be-subordinate-to"
    LISTED_ON = "listed-on"


BINDING = (Affiliation.PART_OF, Affiliation.COMMANDED_BY)
# What makes an actor one of those whom a clause means by naming the other: an entry on a list binds nobody, but counts.
COUNTED = (*BINDING, Affiliation.LISTED_ON)


class ChangeKind(StrEnum):
    """What became of actors, or of a name."""

    RENAMED = "renamed"
    SPLIT = "split"
    MERGED = "merged"


class Stance(StrEnum):
    """How somebody stands to a statement."""

    CLAIMED = "claimed"  # of itself, or of its own side
    ASSESSED = "assessed"
    STATED = "stated"  # by a source, in its own voice
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Voice:
    """On whose word a statement stands, besides the sources that it is read in.

    `claimed_by` and `denied_by` hold ids of actors, `assessed_by` of actors or sources. `grade` is the reliability from
    A to F that somebody gave it; empty: that of its sources. `basis` is `stated` or `inferred`; what is inferred, we
    inferred.
    """

    claimed_by: tuple[str, ...] = ()
    assessed_by: tuple[str, ...] = ()
    denied_by: tuple[str, ...] = ()
    grade: str = ""
    basis: str = "stated"

    def voices(self, says: tuple[str, ...]) -> tuple[tuple[Stance, str], ...]:
        """Return who stands how to what these sources say; sources speak for themselves where nobody else does."""
        told = [(Stance.CLAIMED, who) for who in self.claimed_by] + [(Stance.ASSESSED, who) for who in self.assessed_by]
        told = told or [(Stance.STATED, source) for source in says]
        return (*told, *((Stance.DENIED, who) for who in self.denied_by))


STATED = Voice()


@dataclass(frozen=True, slots=True)
class Told:
    """A span of time as it was written, each end in EDTF; empty: open."""

    begins: str = ""
    ends: str = ""

    def __str__(self) -> str:
        parts = [f"from {self.begins}" if self.begins else "", f"until {self.ends}" if self.ends else ""]
        return " ".join(filter(None, parts))


ALWAYS = Told()


@dataclass(frozen=True, slots=True)
class AffiliationStatement:
    """Somebody's word that one actor belongs to, obeys or helps another for a time; `contested` if others deny it.

    It holds at most from `earliest` to `latest` (None: open). Where an end is known only vaguely it surely holds from
    `begun` and until `ending` alone (None: no later, no earlier); between the two it may hold or not.
    """

    of: str
    to: str
    kind: Affiliation
    says: tuple[str, ...]
    earliest: datetime | None = None
    latest: datetime | None = None
    contested: bool = False
    begun: datetime | None = None
    ending: datetime | None = None
    voice: Voice = STATED
    told: Told = ALWAYS

    @property
    def surely(self) -> tuple[datetime | None, datetime | None]:
        """From when, and until when, it surely holds (None: open)."""
        return self.begun or self.earliest, self.ending or self.latest

    def surely_binds(self, earliest: datetime, latest: datetime) -> bool:
        """Say whether all through a span of time whoever means the other surely means the one too."""
        start, end = self.surely
        holds = (start is None or start <= earliest) and (end is None or latest <= end)
        return holds and self.kind in COUNTED and not self.contested

    @property
    def is_vague(self) -> bool:
        """Whether it would count, and near an end of its span nobody can tell whether it still does."""
        return self.kind in COUNTED and self.surely != (self.earliest, self.latest)

    @property
    def instants(self) -> tuple[datetime, ...]:
        """Every instant at which it changes what holds."""
        return tuple(at for at in (self.earliest, self.latest, self.begun, self.ending) if at is not None)


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody's word that actors split or merged, or that one took another name.

    Of a split or a merger `before` and `after` hold ids of actors; of a change of name one name each, and `of` the
    actor. Nobody is bound by what another became: that is for the agreement to say.
    """

    kind: ChangeKind
    before: tuple[str, ...]
    after: tuple[str, ...]
    says: tuple[str, ...]
    of: str = ""
    at: str = ""  # EDTF as written; empty: not said
    voice: Voice = STATED

    def concerns(self, actor_id: str) -> bool:
        """Say whether an actor has a part in it."""
        return self.of == actor_id or (not self.of and actor_id in (*self.before, *self.after))


@dataclass(frozen=True, slots=True)
class InOffice:
    """Somebody's word that a person holds an office for a time."""

    office: str
    person: str
    says: tuple[str, ...]
    voice: Voice = STATED
    told: Told = ALWAYS


@dataclass(frozen=True, slots=True)
class Label:
    """A word of faith or ethnicity for an actor: some describe it so, others speak of it and do not."""

    of: str
    described_as: str
    by: tuple[str, ...]
    not_by: tuple[str, ...] = ()
    level: Level = Level.MISSION


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor: id, the names it goes by, its kind, and for an umbrella who it may stand for."""

    id: str
    names: tuple[str, ...]
    kind: str = str(ActorKind.ARMED_GROUP)
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

    @property
    def by_script(self) -> dict[str, tuple[str, ...]]:
        """Its names by the script they are written in, both in the order in which they stand."""
        found: dict[str, list[str]] = {}
        for name in self.names:
            found.setdefault(script(name), []).append(name)
        return {name: tuple(names) for name, names in found.items()}


def script(name: str) -> str:
    """Return the script that most letters of a name are of: Latin, Arabic, Hebrew, Cyrillic; Other if there are none.

    >>> script("جيش خالد"), script("צבא"), script("ЦАХАЛ"), script("NDF")
    ('Arabic', 'Hebrew', 'Cyrillic', 'Latin')
    """
    letters = Counter(unicodedata.name(sign, "").partition(" ")[0].title() for sign in name if sign.isalpha())
    return letters.most_common(1)[0][0] if letters else "Other"


def hidden_in(umbrella: str, actors: Mapping[str, Actor]) -> frozenset[str]:
    """Return every actor that stands below an umbrella, at any depth; itself too where it holds itself."""
    found: set[str] = set()
    waiting = list(actors[umbrella].members)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(actors[name].members if name in actors else ())
    return frozenset(found)


def unregistered(name: str) -> str:
    """Return the id under which a name stands that no registry holds."""
    return f"?{name}"


@dataclass(frozen=True)
class Register:
    """The actors that are known, and what is said of them. The labels are read by no product."""

    actors: Mapping[str, Actor] = field(default_factory=dict)
    statements: tuple[AffiliationStatement, ...] = ()
    changes: tuple[Change, ...] = ()
    in_office: tuple[InOffice, ...] = ()
    labels: tuple[Label, ...] = ()

    @cached_property
    def _named(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for actor in self.actors.values():
            for name in (actor.id, *actor.names):
                found.setdefault(plain_name(name), {})[actor.id] = None
        # No register can make a party of civilians, and what has no letter in it, such as a dash, names nobody.
        civilians = {plain_name(name): (CIVILIANS,) for name in _CIVILIAN_NAMES}
        return {plain: tuple(ids) for plain, ids in found.items() if plain} | civilians

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {plain: self._widest(ids) for plain, ids in self._named.items()}

    def _widest(self, ids: tuple[str, ...]) -> str:
        """Return, of several that share a name, the umbrella of all the others; the first where there is none."""
        if len(ids) == 1:
            return ids[0]
        return next((one for one in ids if {*ids} - {one} <= hidden_in(one, self.actors)), ids[0])

    def identify(self, name: str) -> str:
        """Return the id of the actor that goes by a name, or its unregistered id."""
        return self._by_name.get(plain_name(name)) or unregistered(name.strip())

    def called(self, name: str) -> tuple[str, ...]:
        """Return every actor that goes by a name: none, one, or an umbrella and some that stand below it."""
        return self._named.get(plain_name(name), ())

    def near(self, name: str) -> tuple[str, ...]:
        """Return registered names that are close to one that is not, in any script, the closest first; at most five."""
        wanted = plain_name(name)
        if not wanted:
            return ()
        spellings = {plain_name(one): one for actor in self.actors.values() for one in reversed(actor.names)}
        sounds: dict[str, list[str]] = {}
        for plain in sorted(spellings):
            sounds.setdefault(skeleton(spellings[plain]), []).append(plain)
        # Of a name with few consonants too many others have the like.
        few = len(skeleton(name)) < _FEW
        alike = [] if few else difflib.get_close_matches(skeleton(name), sorted(sounds), n=_NEAR, cutoff=0.7)
        found = [
            *sounds.get(skeleton(name), ()),
            *(plain for plain in sorted(spellings) if f" {wanted} " in f" {plain} "),
            *difflib.get_close_matches(wanted, sorted(spellings), n=_NEAR, cutoff=0.6),
            *(plain for sound in alike for plain in sounds[sound]),
        ]
        return tuple(dict.fromkeys(spellings[plain] for plain in found))[:_NEAR]

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

    def seen_by(self, audience: Level) -> Register:
        """Return the register as an audience may know it: labels above its level are gone."""
        return replace(self, labels=tuple(label for label in self.labels if label.level <= audience))

    def surely_belongs(self, actor_id: str, wanted: Collection[str], earliest: datetime, latest: datetime) -> bool:
        """Say whether an actor is one of some, or surely part of, commanded by or listed on one all through a time."""
        seen: set[str] = set()
        waiting = [actor_id]
        while waiting:
            if (actor := waiting.pop()) in wanted:
                return True
            if actor not in seen:
                seen.add(actor)
                waiting += [said.to for said in self.statements_of(actor) if said.surely_binds(earliest, latest)]
        return False

    def wholes(self, actor_id: str) -> frozenset[str]:
        """Return an actor and whatever nobody denies that it is part of, at any time and any remove."""
        found: set[str] = set()
        waiting = [actor_id]
        while waiting:
            if (actor := waiting.pop()) not in found:
                found.add(actor)
                waiting += [
                    said.to
                    for said in self.statements_of(actor)
                    if said.kind is Affiliation.PART_OF and not said.contested
                ]
        return frozenset(found)

    def entries(self, list_id: str) -> list[str]:
        """Return who is on a list at some time; nobody for what is no list."""
        return [said.of for said in self.statements if said.to == list_id and said.kind is Affiliation.LISTED_ON]

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
