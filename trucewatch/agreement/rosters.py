"""Rosters: actors.yml into a Register, with a problem for every line that cannot mean what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from trucewatch.actors import (
    BINDING,
    Actor,
    ActorKind,
    Affiliation,
    AffiliationStatement,
    Change,
    ChangeKind,
    InOffice,
    Label,
    Register,
    Told,
    Voice,
    hidden_in,
)
from trucewatch.agreement.pages import Page
from trucewatch.agreement.terms import TextSource
from trucewatch.levels import Level, read_level
from trucewatch.names import plain_name
from trucewatch.problems import Problem, TrucewatchError
from trucewatch.texts import Marked
from trucewatch.when import LONG_AGO, Span

_FILE = "actors.yml"
_KEYS = ("format", "actors", "affiliations", "changes", "in_office", "labels", "sources", "note")
_VOICE_KEYS = ("says", "claimed_by", "assessed_by", "denied_by", "grade", "basis", "note")
# The same said from the other side.
_TURNED = {"commands": Affiliation.COMMANDED_BY, "supports": Affiliation.SUPPORTED_BY}
# What is known to the day is not in dispute: it begins with that day, and takes its last day in.
_EXACT = timedelta(hours=26)


def read_roster(
    folder: Path, timezone: str, sources: Mapping[str, TextSource]
) -> tuple[Register, Mapping[str, TextSource], tuple[Problem, ...]]:
    """Read actors.yml of a folder as (register, the sources it names itself, problems); nothing where there is none.

    `timezone` is the IANA zone its days are local to, and `sources` those that the agreement names.
    """
    if not (folder / _FILE).exists():
        return Register(), {}, ()
    roster = _Roster(folder, timezone=timezone)
    register, own = roster.register(sources)
    return register, own, tuple(roster.problems)


class _Ends(NamedTuple):
    """A span with ends that may be vague: the widest, and by when it surely began and when it may begin to end."""

    earliest: datetime | None
    latest: datetime | None
    begun: datetime | None
    ending: datetime | None
    told: Told


@dataclass
class _Roster(Page):
    def register(self, sources: Mapping[str, TextSource]) -> tuple[Register, Mapping[str, TextSource]]:
        text = self._open(_FILE)
        self._known_keys(text, _KEYS)
        if text.get("format"):
            self._format(text)
        own = self._sources(text)
        known = {**sources, **own}
        written = dict(self._map(text, "actors"))
        actors = {name: self._actor(name, inner, written, known) for name, inner in written.items()}
        self._names_are_unique(written, actors)
        for name, inner in written.items():
            if name in hidden_in(name, actors):
                self._complain(inner.line, "umbrella-of-itself", f"'{name}' stands for itself, by way of its members")
                actors[name] = replace(actors[name], members=())
            for member in actors[name].members:
                if actors[member].kind == ActorKind.LIST:
                    self._complain(inner.line, "of-a-list", f"'{member}' is a list, and no member of '{name}'")
        register = Register(
            actors,
            self._affiliations(text, actors, known),
            tuple(filter(None, (self._change(c, actors, known) for c in self._get(text, "changes").items()))),
            tuple(filter(None, (self._in_office(o, actors, known) for o in self._get(text, "in_office").items()))),
            tuple(filter(None, (self._label(one, actors, known) for one in self._get(text, "labels").items()))),
        )
        return register, own

    def _actor(self, name: str, inner: Marked, known: Mapping[str, Marked], sources: Mapping[str, TextSource]) -> Actor:
        self._known_keys(inner, ("names", "kind", "members", "open", "says", "note"))
        names = self._list(inner, "names")
        if not names:
            self._complain(inner.line, "actor-unnamed", f"actor '{name}' has no names", "list what it is called")
        self._references(inner, "says", sources, "source")
        if self._word(inner, "kind") == ActorKind.LIST and inner.get("members"):
            self._complain(
                self._get(inner, "members").line, "list-entry-undated", f"'{name}' is a list, and has members",
                "each entry is an affiliation, kind: listed-on, from: DATE",
            )  # fmt: skip
        return Actor(
            id=name,
            names=names,
            kind=self._choice(inner, "kind", list(ActorKind), ActorKind.ARMED_GROUP),
            members=self._references(inner, "members", known, "actor"),
            open=self._get(inner, "open").value is True,
        )

    def _names_are_unique(self, written: Mapping[str, Marked], actors: Mapping[str, Actor]) -> None:
        taken: dict[str, list[str]] = {}
        for actor in actors.values():
            for spelling in (actor.id, *actor.names):
                others = taken.setdefault(plain_name(spelling), [])
                strangers = [
                    other
                    for other in others
                    if actor.id not in (other, *hidden_in(other, actors)) and other not in hidden_in(actor.id, actors)
                ]
                if strangers:
                    self._complain(
                        written[actor.id].line, "actor-name-twice", f"'{spelling}' is a name of '{strangers[0]}' too",
                        "a report that uses it could mean either; make the name an umbrella with both as members",
                    )  # fmt: skip
                others.append(actor.id)

    # ---- who is what to whom -----------------------------------------------------------------------------------------

    def _affiliations(
        self, text: Marked, actors: Mapping[str, Actor], sources: Mapping[str, TextSource]
    ) -> tuple[AffiliationStatement, ...]:
        written = []
        for said in self._get(text, "affiliations").items():
            if statement := self._affiliation(said, actors, sources):
                written.append((said.line, statement))
        circles = [self._circle(written, at) for at in range(len(written))]
        for (line, _), circle in zip(written, circles, strict=True):
            if circle:
                told = " is of ".join(f"'{one}'" for one in circle)
                self._complain(
                    line, "affiliation-circle", f"{told}, all at one time",
                    "who belongs to or obeys whom runs one way; mark as contested what others deny",
                )  # fmt: skip
        return tuple(statement for (_, statement), circle in zip(written, circles, strict=True) if not circle)

    def _affiliation(
        self, said: Marked, actors: Mapping[str, Actor], sources: Mapping[str, TextSource]
    ) -> AffiliationStatement | None:
        self._known_keys(said, ("of", "to", "kind", "from", "until", "contested", *_VOICE_KEYS))
        of, to = self._reference(said, "of", actors, "actor"), self._reference(said, "to", actors, "actor")
        kind = self._choice(said, "kind", [*Affiliation, *_TURNED])
        says, voice = self._voice(said, actors, sources)
        ends = self._ends(said)
        if not (of and to and kind and ends):
            return None
        if kind in _TURNED:
            of, to, kind = to, of, _TURNED[kind]
        if not self._is_sound_entry(said, kind, actors[of], actors[to]):
            return None
        contested = self._get(said, "contested").value is True or bool(voice.denied_by)
        return AffiliationStatement(
            of, to, Affiliation(kind), says, ends.earliest, ends.latest, contested, ends.begun, ends.ending, voice,
            ends.told,
        )  # fmt: skip

    def _is_sound_entry(self, said: Marked, kind: str, of: Actor, to: Actor) -> bool:
        """Say whether an entry on a list has its day, and a list holds nothing but entries."""
        before = len(self.problems)
        if kind == Affiliation.LISTED_ON:
            if to.kind != ActorKind.LIST:
                self._complain(said.line, "not-a-list", f"'{to.id}' is no list", "give it kind: list")
            if not said.get("from"):
                self._complain(
                    said.line, "list-entry-undated", f"it is not told since when '{of.id}' is on the list '{to.id}'",
                    "add from: DATE, the day of the entry",
                )  # fmt: skip
        elif to.kind == ActorKind.LIST:
            self._complain(said.line, "of-a-list", f"'{to.id}' is a list, and nobody is {kind} it", "kind: listed-on")
        if of.kind == ActorKind.LIST:
            self._complain(said.line, "of-a-list", f"'{of.id}' is a list, and belongs to nobody")
        return len(self.problems) == before

    @staticmethod
    def _circle(written: Sequence[tuple[int, AffiliationStatement]], at: int) -> tuple[str, ...]:
        """Return the actors of a circle that a statement closes, where all of it surely holds at one time."""
        asked = written[at][1]
        if asked.of == asked.to:
            return (asked.of, asked.to)
        sure = [s for _, s in written if s.kind in BINDING and not s.contested]
        if asked not in sure:
            return ()
        for instant in sorted({s.surely[0] or LONG_AGO for s in sure}):
            now = [s for s in sure if _holds(s, instant)]
            if asked in now and (way := _way(asked.to, asked.of, now)):
                return (asked.of, *way)
        return ()

    # ---- what became of them, who holds what, and how they are called ------------------------------------------------

    def _change(self, said: Marked, actors: Mapping[str, Actor], sources: Mapping[str, TextSource]) -> Change | None:
        self._known_keys(said, ("kind", "of", "from", "into", "at", *_VOICE_KEYS))
        kind = self._choice(said, "kind", list(ChangeKind))
        says, voice = self._voice(said, actors, sources)
        self._span(self._get(said, "at"))
        of = ""
        if kind == ChangeKind.RENAMED:
            of = self._reference(said, "of", actors, "actor")
            names = {plain_name(name): name for name in actors[of].names} if of else {}
            before, after = self._named(said, "from", names), self._named(said, "into", names)
            is_whole = len(before) == len(after) == 1
        else:
            before, after = (self._references(said, key, actors, "actor") for key in ("from", "into"))
            is_whole = bool(before and after)
        for key in ("from", "into"):
            if not any(self._get(said, key).items()):
                self._complain(said.line, "key-missing", f"'{key}' is missing")
        if not (kind and is_whole):
            return None
        if set(before) == set(after):
            told = ", ".join(before)
            self._complain(said.line, "changed-into-itself", f"'{told}' is said to have become '{told}'")
            return None
        return Change(ChangeKind(kind), before, after, says, of, self._word(said, "at"), voice)

    def _named(self, said: Marked, key: str, names: Mapping[str, str]) -> tuple[str, ...]:
        """Return the names of an actor that stand under a key, as its list of names has them."""
        found = []
        for item in self._get(said, key).items():
            if plain_name(str(item.value)) in names:
                found.append(names[plain_name(str(item.value))])
            elif names:
                self._unknown(item.line, "name of that actor", str(item.value), names.values())
        return tuple(found)

    def _in_office(
        self, said: Marked, actors: Mapping[str, Actor], sources: Mapping[str, TextSource]
    ) -> InOffice | None:
        self._known_keys(said, ("office", "person", "from", "until", *_VOICE_KEYS))
        offices = [actor.id for actor in actors.values() if actor.kind == ActorKind.OFFICE]
        persons = [actor.id for actor in actors.values() if actor.kind == ActorKind.PERSON]
        office = self._reference(said, "office", offices, "office")
        person = self._reference(said, "person", persons, "person")
        says, voice = self._voice(said, actors, sources)
        ends = self._ends(said)
        return InOffice(office, person, says, voice, ends.told) if office and person and ends else None

    def _label(self, said: Marked, actors: Mapping[str, Actor], sources: Mapping[str, TextSource]) -> Label | None:
        self._known_keys(said, ("of", "described_as", "by", "not_by", "level", "note"))
        of = self._reference(said, "of", actors, "actor")
        who = {**actors, **sources}
        by, not_by = (self._references(said, key, who, "actor or source") for key in ("by", "not_by"))
        described_as, level = self._word(said, "described_as"), self._level(said)
        for key, given in (("described_as", described_as), ("by", self._get(said, "by").value)):
            if not given:
                self._complain(said.line, "key-missing", f"'{key}' is missing")
        return Label(of, described_as, by, not_by, level) if of and described_as and by and level else None

    # ---- what statements share ---------------------------------------------------------------------------------------

    def _voice(
        self, said: Marked, actors: Mapping[str, Actor], sources: Mapping[str, TextSource]
    ) -> tuple[tuple[str, ...], Voice]:
        says = self._references(said, "says", sources, "source")
        if not any(said.get(key) for key in ("says", "claimed_by", "assessed_by")):
            self._complain(said.line, "nobody-says", "it is not told on whose word", "add says: [SOURCE]")
        who = {**actors, **sources}
        return says, Voice(
            self._references(said, "claimed_by", actors, "actor"),
            self._references(said, "assessed_by", who, "actor or source"),
            self._references(said, "denied_by", who, "actor or source"),
            self._grade(said),
            self._choice(said, "basis", ("stated", "inferred"), "stated"),
        )

    def _ends(self, said: Marked) -> _Ends | None:
        start, end = self._span(self._get(said, "from")), self._span(self._get(said, "until"))
        told = Told(self._word(said, "from"), self._word(said, "until"))
        if start and end and end.latest <= start.earliest:
            self._complain(said.line, "end-before-start", f"it ends ({told.ends}) before it starts ({told.begins})")
            return None
        return _Ends(
            start.earliest if start else None,
            end.latest if end else None,
            start.latest if start and _is_vague(start) else None,
            end.earliest if end and _is_vague(end) else None,
            told,
        )

    def _level(self, said: Marked) -> Level | None:
        word = self._word(said, "level") or Level.MISSION.word
        try:
            return read_level(word)
        except TrucewatchError as fault:
            self._complain(self._get(said, "level").line, "unknown-level", str(fault))
            return None


def _is_vague(end: Span) -> bool:
    return end.latest - end.earliest > _EXACT


def _holds(statement: AffiliationStatement, instant: datetime) -> bool:
    start, end = statement.surely
    return (start is None or start <= instant) and (end is None or instant < end)


def _way(start: str, end: str, statements: Sequence[AffiliationStatement]) -> tuple[str, ...]:
    """Return the shortest way from one actor up to another, by what it is of; empty where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == end:
            return way
        above = sorted({s.to for s in statements if s.of == way[-1]} - seen)
        seen.update(above)
        ways += [(*way, one) for one in above]
    return ()
