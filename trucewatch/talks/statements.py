"""Talks: who is said to have met whom, where, when and at what level, what was agreed and announced, and on whose word.

Read from `talks.yml`, which is part of an agreement's folder. A *statement* is one thing that somebody tells; all else
in the file rests on statements, and is gone where an audience may know none of them. A delegation is that of one
meeting or that of a series of meetings, and never passes from one to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from trucewatch.actors import Register
from trucewatch.agreement.pages import Page
from trucewatch.agreement.terms import Agreement, TextSource
from trucewatch.evidence import Count, Qualifier
from trucewatch.levels import Level, most_sensitive, read_level
from trucewatch.logs import liaison
from trucewatch.problems import Problem, TrucewatchError, did_you_mean
from trucewatch.talks.attribution import (
    Attribution,
    Difference,
    Link,
    Repeat,
    Root,
    Said,
    Voicing,
    drift,
    in_all,
    ordinal,
    spoken_of,
)
from trucewatch.talks.positions import Position, Stance
from trucewatch.texts import Marked
from trucewatch.when import FAR_AHEAD, LONG_AGO, Span, read_edtf

FILE = "talks.yml"
_BASIS = ("stated", "inferred")


class Matter(StrEnum):
    """What a statement is about."""

    MEETING = "meeting"
    DELEGATION = "delegation"
    RANK = "level"
    OBJECTION = "objection"
    DEMAND = "demand"
    ANNOUNCEMENT = "announcement"
    CHANNEL = "channel"
    TRUST = "trust"
    AREA_OF_INTEREST = "area-of-interest"
    ALLIANCE = "alliance"
    LABEL = "label"
    EXPECTATION = "expectation"
    DEAL = "agreement"
    TERM = "term"
    READING = "reading"
    MONITORING = "monitoring"


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is told, and on whose word in each report that tells it.

    `is_fact`: one of the facts with which the case began. `detail_of` names the statement that it is a part of, told
    apart because fewer may know it. `against` are statements that cannot hold together with it; none is dropped.
    """

    id: str
    matter: Matter
    text: str
    told: tuple[Attribution, ...]
    is_fact: bool = False
    detail_of: str = ""
    about: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    when: Span | None = None
    basis: str = "stated"
    level: Level = Level.MISSION
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Meetings that are told of together; `spoken_of` is how many by their own words."""

    id: str
    label: str
    track: str
    when: Span | None
    places: tuple[str, ...]
    spoken_of: Count
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting, or some that are spoken of together; `ordinal` is its place in the series, 0: unknown."""

    id: str
    series: str
    words: str
    place: str
    when: Span | None
    ordinal: int
    spoken_of: Count
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rank:
    """That a meeting is said to have been at a higher level than others (`than`)."""

    of: str
    than: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who is said to have come for one side to a meeting, or to a series of them: `of` names the one or the other.

    `who` are offices, agencies and persons by their ids in the register; `words` what the text calls the others.
    """

    of: str
    side: str
    who: tuple[str, ...]
    words: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deal:
    """Something agreed: by whom, when, where; `wording` is public, unpublished or not-stated."""

    id: str
    label: str
    by: tuple[str, ...]
    signed: Span | None
    announced: Span | None
    place: str
    wording: str
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A line between some actors; `is_mechanism`: shown to be how this ceasefire is coordinated."""

    id: str
    label: str
    between: tuple[str, ...]
    is_mechanism: bool
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What a channel is said to be for a time; two that differ stand side by side."""

    channel: str
    state: liaison.State
    when: Span
    words: str
    rests_on: tuple[str, ...]


class _Resting(Protocol):
    @property
    def rests_on(self) -> tuple[str, ...]: ...


_Rests = TypeVar("_Rests", bound=_Resting)


@dataclass(frozen=True)
class Talks:
    """What is told of the talks around an agreement, as far as an audience may know it."""

    agreement: str
    title: str
    timezone: str
    audience: Level
    register: Register
    sources: Mapping[str, TextSource]
    parties: Mapping[str, str] = field(default_factory=dict)  # what the agreement calls its parties, by id
    statements: Mapping[str, Statement] = field(default_factory=dict)
    tracks: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    meetings: Mapping[str, Meeting] = field(default_factory=dict)
    ranks: tuple[Rank, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    deals: Mapping[str, Deal] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    channel_states: tuple[ChannelState, ...] = ()
    topics: Mapping[str, str] = field(default_factory=dict)
    positions: tuple[Position, ...] = ()
    demands: frozenset[str] = frozenset()  # clauses that a party demands, and that are not in force
    roots: tuple[Root, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def facts(self) -> tuple[Statement, ...]:
        """The facts with which the case began, in the order of the file; their details left out."""
        return tuple(one for one in self.statements.values() if one.is_fact and not one.detail_of)

    @property
    def level(self) -> Level:
        """The level of the most sensitive statement."""
        return most_sensitive(one.level for one in self.statements.values())

    def called(self, name: str) -> str:
        """Return what a party of the agreement, or an actor, is called."""
        return self.parties.get(name) or self.register.label(name)

    def told(self, rests_on: Iterable[str]) -> tuple[Attribution, ...]:
        """Return on whose word some statements stand."""
        return tuple(one for name in rests_on if name in self.statements for one in self.statements[name].told)

    def words_of(self, rests_on: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the hedges of some statements, and their words that are not to be put otherwise."""
        told = self.told(rests_on)
        hedges, quotes = ([getattr(one, name) for one in told] for name in ("hedge", "quote"))
        return tuple(dict.fromkeys(filter(None, hedges))), tuple(dict.fromkeys(filter(None, quotes)))

    def delegations_of(self, subject: str) -> tuple[Delegation, ...]:
        """Return the delegations that are told of one meeting, or of one series: of a meeting never its series'."""
        return tuple(one for one in self.delegations if one.of == subject)

    def meetings_in(self, series: str) -> Count:
        """Return how many meetings a series had at least, and at most, by all that is told of it.

        Those that are told of apart are not added up: "a European capital" and "Geneva" may be one place.
        """
        whole = self.series[series]
        parts = [one for one in self.meetings.values() if one.series == series]
        low = max([whole.spoken_of.low, *(max(part.spoken_of.low, in_all(part.words)) for part in parts)])
        high = whole.spoken_of.high
        return Count(low, high, Qualifier.EXACT if low == high else Qualifier.AT_LEAST, "meetings")

    def differences(self, *subjects: str) -> tuple[Difference, ...]:
        """Return what echoes say otherwise than their roots, of some meetings or series; without any, all of it."""
        return tuple(one for root in self.roots for one in drift(root) if not subjects or one.of in subjects)

    def said_of_channels(self) -> tuple[liaison.Statement, ...]:
        """Return what is said of the states of channels, one for each report, as the liaison log has it."""
        return tuple(
            liaison.Statement(
                f"{statement}-{told.by}", one.channel, one.state, one.when, None, told.by,
                self.channels[one.channel].between, self.statements[statement].level,
            )
            for one in self.channel_states
            for statement in one.rests_on
            for told in self.statements[statement].told
        )  # fmt: skip

    def seen_by(self, audience: Level) -> Talks:
        """Return what an audience may know: a statement above its level is gone before anything is counted.

        Below mission level no position is tied to a demand: demands are judged for the mission alone.
        """
        known = {name: one for name, one in self.statements.items() if one.level <= audience}

        def left(things: Iterable[_Rests]) -> list[Any]:
            kept = ((one, tuple(name for name in one.rests_on if name in known)) for one in things)
            return [replace(one, rests_on=rests_on) for one, rests_on in kept if rests_on]  # type: ignore[type-var]

        series = {one.id: one for one in left(self.series.values())}
        meetings = {one.id: one for one in left(self.meetings.values()) if one.series in series}
        channels = {one.id: one for one in left(self.channels.values())}
        deals = {one.id: one for one in left(self.deals.values())}
        subjects = {*series, *meetings}
        actors = self.register.actors
        named = {*subjects, *channels, *deals, *actors}
        statements = {
            name: replace(
                one,
                about=tuple(of for of in one.about if of in named),
                against=tuple(other for other in one.against if other in known),
                detail_of=one.detail_of if one.detail_of in known else "",
            )
            for name, one in known.items()
        }
        positions = left(self.positions)
        if not audience >= Level.MISSION:
            positions = [replace(one, clause="") if one.clause in self.demands else one for one in positions]
        topics = {one.topic for one in positions}
        roots = tuple(one.of_subjects(subjects) for one in left(self.roots) if one.of in subjects)
        told = (*self.told(known), *(one for root in roots for one in root.told()))
        tellers = {name for one in told for name in (one.by, *(link.source for link in one.on))}
        return replace(
            self,
            audience=audience,
            register=self.register.seen_by(audience),
            sources={name: one for name, one in self.sources.items() if name in tellers},
            statements=statements,
            tracks={
                name: label for name, label in self.tracks.items() if name in {one.track for one in series.values()}
            },
            series=series,
            meetings=meetings,
            ranks=tuple(one for one in left(self.ranks) if {one.of, one.than} <= subjects),
            delegations=tuple(one for one in left(self.delegations) if one.of in subjects),
            deals=deals,
            channels=channels,
            channel_states=tuple(one for one in left(self.channel_states) if one.channel in channels),
            topics={name: label for name, label in self.topics.items() if name in topics},
            positions=tuple(positions),
            roots=roots,
        )


def read_talks(agreement: Agreement) -> Talks:
    """Read what is told of the talks around an agreement, for the mission; what is wrong stands in its `problems`.

    A folder without a talks.yml tells of none. Raises FileFault for a file that is no text.
    """
    page = _TalksPage(agreement.folder, timezone=agreement.timezone, agreement=agreement)
    return page.talks()


def open_talks(agreement: Agreement) -> Talks:
    """Read the talks around an agreement as `read_talks`; raises TrucewatchError, naming the first fault, if any."""
    talks = read_talks(agreement)
    if talks.problems:
        more = f"; {len(talks.problems) - 1} more" if talks.problems[1:] else ""
        raise TrucewatchError(f"{talks.problems[0]}{more}, see: trucewatch check {agreement.folder}")
    return talks


# ---- the file --------------------------------------------------------------------------------------------------------


_KEYS = (
    "format", "level", "sources", "statements", "tracks", "series", "meetings", "levels", "delegations",
    "agreements", "channels", "states", "topics", "positions", "echoes", "note",
)  # fmt: skip


@dataclass
class _TalksPage(Page):
    agreement: Agreement = field(kw_only=True)
    sources: dict[str, TextSource] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)
    subjects: dict[str, Series | Meeting] = field(default_factory=dict)

    def talks(self) -> Talks:
        law = self.agreement
        parties = {party.id: party.labels.get("en", party.id) for party in law.parties.values()}
        title = law.title.get("en", law.id)
        demands = frozenset(clause.id for clause in law.hypothetical)
        talks = Talks(law.id, title, law.timezone, Level.SEALED, law.register, law.sources, parties, demands=demands)
        if not (self.folder / FILE).exists():
            return talks
        text = self._open(FILE)
        self._known_keys(text, _KEYS)
        if text.value:
            self._format(text)
        self.sources = {**law.sources, **self._sources(text)}
        self.statements = self._statements(text)
        tracks = {name: self._label(name, inner, ()) for name, inner in self._map(text, "tracks")}
        series = {name: self._series(name, inner, tracks) for name, inner in self._map(text, "series")}
        self.subjects.update(series)
        meetings = {name: self._meeting(name, inner, series) for name, inner in self._map(text, "meetings")}
        found = {name: meeting for name, meeting in meetings.items() if meeting}
        for name in found.keys() & series.keys():
            self._complain(dict(self._map(text, "meetings"))[name].line, "name-twice", f"'{name}' is a series too")
        self.subjects.update(found)
        channels = {name: self._channel(name, inner) for name, inner in self._map(text, "channels")}
        deals = {name: self._deal(name, inner) for name, inner in self._map(text, "agreements")}
        topics = {name: self._label(name, inner, ()) for name, inner in self._map(text, "topics")}
        talks = replace(
            talks,
            sources=self.sources,
            statements=self._woven({*self.subjects, *channels, *deals, *law.register.actors}, text),
            tracks=tracks,
            series=series,
            meetings=found,
            ranks=self._each(text, "levels", self._rank),
            delegations=self._each(text, "delegations", self._delegation),
            deals=deals,
            channels=channels,
            channel_states=self._each(text, "states", lambda inner: self._state(inner, channels)),
            topics=topics,
            positions=self._each(text, "positions", lambda inner: self._position(inner, topics)),
            roots=tuple(filter(None, (self._root(name, inner) for name, inner in self._map(text, "echoes")))),
        )
        for name, inner in self._map(text, "series"):
            self._bounded(inner, talks.meetings_in(name), f"'{name}'")
        return replace(talks, problems=tuple(sorted(set(self.problems))))

    def _each(self, text: Marked, key: str, read: Callable[[Marked], _Rests | None]) -> tuple[_Rests, ...]:
        return tuple(one for inner in self._get(text, key).items() if (one := read(inner)) is not None)

    # ---- statements --------------------------------------------------------------------------------------------------

    def _statements(self, text: Marked) -> dict[str, Statement]:
        written = dict(self._map(text, "statements"))
        default = self._level(text, Level.MISSION)
        found = {}
        for name, inner in written.items():
            self._known_keys(inner, (
                "text", "matter", "fact", "detail_of", "told", "about", "against", "when", "basis", "level", "note",
            ))  # fmt: skip
            words = self._words_under(inner, "text")
            if not words:
                self._complain(inner.line, "statement-without-text", f"statement '{name}' says nothing", "give text")
            told = tuple(filter(None, (self._attribution(one) for one in self._get(inner, "told").items())))
            if not told:
                self._complain(
                    inner.line, "statement-told-by-nobody", f"nobody tells '{name}'", "give told: - by: SOURCE"
                )
            if not inner.get("matter"):
                self._complain(inner.line, "key-missing", "'matter' is missing", f"one of {', '.join(Matter)}")
            found[name] = Statement(
                id=name,
                matter=Matter(self._choice(inner, "matter", list(Matter), Matter.MEETING)),
                text=words.get("en") or next(iter(words.values()), ""),
                told=told,
                is_fact=self._get(inner, "fact").value is True,
                detail_of=self._reference(inner, "detail_of", written, "statement") if inner.get("detail_of") else "",
                about=self._list(inner, "about"),
                against=self._references(inner, "against", written, "statement"),
                when=self._when(inner, "when"),
                basis=self._choice(inner, "basis", _BASIS, "stated"),
                level=self._level(inner, default),
                note=self._word(inner, "note"),
            )
        return {name: one for name, one in found.items() if one.told}

    def _woven(self, named: set[str], text: Marked) -> dict[str, Statement]:
        """Return the statements with all that they name looked up, and what stands against each from either side."""
        for name, inner in self._map(text, "statements"):
            if name in self.statements:
                about = self._references(inner, "about", named, "subject")
                own = self.statements[name].against
                others = (other.id for other in self.statements.values() if name in other.against)
                against = tuple(dict.fromkeys((*own, *others)))
                self.statements[name] = replace(self.statements[name], about=about, against=against)
        return self.statements

    def _attribution(self, inner: Marked) -> Attribution | None:
        self._known_keys(inner, ("by", "voice", "on", "hedge", "quote", "note"))
        by = self._reference(inner, "by", self.sources, "source")
        voice = Voicing(
            self._choice(inner, "voice", list(Voicing), Voicing.ATTRIBUTED if inner.get("on") else Voicing.NONE)
        )
        on = self._chain(inner, by)
        if (voice is Voicing.ATTRIBUTED) != bool(inner.get("on")):
            told = "is attributed, and to nobody" if voice is Voicing.ATTRIBUTED else f"is told as {voice}, on a word"
            self._complain(inner.line, "voice-and-chain-differ", told, "'on' and 'voice: attributed' belong together")
        if not by or on is None:
            return None
        return Attribution(by, voice, on, self._word(inner, "hedge"), self._word(inner, "quote"))

    def _chain(self, inner: Marked, by: str) -> tuple[Link, ...] | None:
        links: list[Link] = []
        passed = {by}
        for item in self._get(inner, "on").items():
            link = self._link(item)
            if link is None:
                return None
            name = link.source or link.actor
            if name and name in passed:
                self._complain(item.line, "chain-circle", f"the chain comes back to '{name}'", "end it before")
                return None
            if links and (links[-1].unnamed or links[-1].outlet):
                self._complain(
                    item.line, "chain-goes-on", "nobody can be named behind somebody unnamed", "end it before"
                )
                return None
            passed.add(name)
            links.append(link)
        return tuple(links)

    def _link(self, item: Marked) -> Link | None:
        if not item.is_map:
            word = str(item.value)
            if word in self.sources:
                return Link(source=word)
            self._unknown(item.line, "source", word, self.sources)
            return None
        self._known_keys(item, ("actor", "outlet", "unnamed", "at_least", "at_most"))
        if outlet := self._word(item, "outlet"):
            return Link(outlet=outlet)
        if item.get("actor"):
            actor = self._actor(self._get(item, "actor"))
            return Link(actor=actor) if actor else None
        told = tuple(spoken_of(words) for words in self._list(item, "unnamed"))
        if not told:
            self._complain(item.line, "key-missing", "a link is a source, an actor, an outlet, or unnamed: WORDS")
            return None
        counts = [self._bounded(item, count, f"'{count.unit}'") for count in told]
        return Link(unnamed=tuple(counts))

    def _bounded(self, inner: Marked, count: Count, what: str) -> Count:
        """Return a count with the bounds that are given beside its words; one that contradicts them is a problem."""
        low, high = (self._number(inner, key) for key in ("at_least", "at_most"))
        least = max(count.low, low or 0)
        most = min((most for most in (count.high, high) if most is not None), default=None)
        if most is not None and least > most:
            line = (inner.get("at_least") or inner.get("at_most") or inner).line
            told = f"{what}: at least {least}, and at most {most}"
            self._complain(line, "bounds-contradict", told, "the words of the text give bounds of their own")
            return count
        if (least, most) == (count.low, count.high):
            return count
        how = Qualifier.EXACT if least == most else Qualifier.AT_LEAST if most is None else Qualifier.ABOUT
        return Count(least, most, how, count.unit)

    def _number(self, inner: Marked, key: str) -> int | None:
        written = inner.get(key)
        if written is None:
            return None
        if not isinstance(written.value, int) or isinstance(written.value, bool) or written.value < 0:
            self._complain(written.line, "not-a-number", f"{key} is {written.value!r}", "give a whole number")
            return None
        return written.value

    # ---- what rests on statements ------------------------------------------------------------------------------------

    def _rests_on(self, inner: Marked) -> tuple[str, ...]:
        if not inner.get("rests_on"):
            self._complain(inner.line, "rests-on-nothing", "does not say on which statement it rests", "give rests_on")
        return self._references(inner, "rests_on", self.statements, "statement")

    def _label(self, name: str, inner: Marked, keys: tuple[str, ...]) -> str:
        if not inner.is_map:
            return str(inner.value)
        self._known_keys(inner, ("label", *keys, "note"))
        return self._word(inner, "label") or name.replace("-", " ")

    def _series(self, name: str, inner: Marked, tracks: Mapping[str, str]) -> Series:
        label = self._label(name, inner, ("track", "words", "at_least", "at_most", "when", "places", "rests_on"))
        words = self._word(inner, "words")
        return Series(
            id=name,
            label=label,
            track=self._reference(inner, "track", tracks, "track") if inner.get("track") else "",
            when=self._when(inner, "when"),
            places=self._list(inner, "places"),
            spoken_of=self._bounded(inner, spoken_of(words or "meetings"), f"'{name}'"),
            rests_on=self._rests_on(inner),
        )

    def _meeting(self, name: str, inner: Marked, series: Mapping[str, Series]) -> Meeting | None:
        self._known_keys(inner, ("of", "words", "at_least", "at_most", "place", "when", "rests_on", "note"))
        of = self._reference(inner, "of", series, "series")
        words = self._word(inner, "words")
        if not words:
            self._complain(
                inner.line, "key-missing", "'words' is missing", "how the text speaks of it: the third meeting"
            )
        if not of or not words:
            return None
        when = self._when(inner, "when")
        whole = series[of].when
        if when and whole and (when.latest <= whole.earliest or whole.latest <= when.earliest):
            self._complain(
                self._get(inner, "when").line, "meeting-outside-series", f"'{name}' lies outside the time of '{of}'",
                "look whether day and month are swapped",
            )  # fmt: skip
        return Meeting(
            id=name,
            series=of,
            words=words,
            place=self._word(inner, "place"),
            when=when,
            ordinal=ordinal(words),
            spoken_of=self._bounded(inner, spoken_of(words), f"'{name}'"),
            rests_on=self._rests_on(inner),
        )

    def _rank(self, inner: Marked) -> Rank | None:
        self._known_keys(inner, ("of", "higher_than", "rests_on", "note"))
        of, than = (self._reference(inner, key, self.subjects, "meeting") for key in ("of", "higher_than"))
        rests_on = self._rests_on(inner)
        if of and of == than:
            self._complain(inner.line, "level-above-itself", f"'{of}' is at a higher level than itself")
            return None
        return Rank(of, than, rests_on) if of and than else None

    def _delegation(self, inner: Marked) -> Delegation | None:
        self._known_keys(inner, ("of", "side", "who", "words", "rests_on", "note"))
        of = self._reference(inner, "of", self.subjects, "meeting")
        side = self._actor(self._get(inner, "side"))
        who = [self._actor(item) for item in self._get(inner, "who").items()]
        rests_on = self._rests_on(inner)
        return (
            Delegation(of, side, tuple(who), self._word(inner, "words"), rests_on) if of and side and all(who) else None
        )

    def _deal(self, name: str, inner: Marked) -> Deal:
        label = self._label(name, inner, ("by", "signed", "announced", "place", "wording", "rests_on"))
        return Deal(
            id=name,
            label=label,
            by=tuple(filter(None, (self._actor(item) for item in self._get(inner, "by").items()))),
            signed=self._when(inner, "signed"),
            announced=self._when(inner, "announced"),
            place=self._word(inner, "place"),
            wording=self._choice(inner, "wording", ("public", "unpublished", "not-stated"), "not-stated"),
            rests_on=self._rests_on(inner),
        )

    def _channel(self, name: str, inner: Marked) -> Channel:
        label = self._label(name, inner, ("between", "mechanism", "rests_on"))
        return Channel(
            id=name,
            label=label,
            between=tuple(filter(None, (self._actor(item) for item in self._get(inner, "between").items()))),
            is_mechanism=self._choice(inner, "mechanism", ("shown", "not-shown"), "not-shown") == "shown",
            rests_on=self._rests_on(inner),
        )

    def _state(self, inner: Marked, channels: Mapping[str, Channel]) -> ChannelState | None:
        self._known_keys(inner, ("channel", "state", "when", "words", "rests_on", "note"))
        channel = self._reference(inner, "channel", channels, "channel")
        state = self._choice(inner, "state", list(liaison.State))
        when = self._when(inner, "when") or Span(LONG_AGO, FAR_AHEAD, "unknown")
        rests_on = self._rests_on(inner)
        if not channel or not state:
            return None
        return ChannelState(channel, liaison.State(state), when, self._word(inner, "words"), rests_on)

    def _position(self, inner: Marked, topics: Mapping[str, str]) -> Position | None:
        self._known_keys(inner, ("of", "stance", "topic", "clause", "shared_with", "when", "rests_on", "note"))
        law = self.agreement
        of = self._party(self._get(inner, "of"))
        stance = self._choice(inner, "stance", list(Stance))
        topic = self._reference(inner, "topic", topics, "topic")
        clauses = {clause.id for clause in (*law.clauses, *law.hypothetical)}
        clause = self._reference(inner, "clause", clauses, "clause") if inner.get("clause") else ""
        shared = [self._party(item) for item in self._get(inner, "shared_with").items()]
        rests_on = self._rests_on(inner)
        if not (of and stance and topic and all(shared)) or (inner.get("clause") and not clause):
            return None
        return Position(of, Stance(stance), topic, clause, tuple(shared), self._when(inner, "when"), rests_on)

    # ---- roots and echoes --------------------------------------------------------------------------------------------

    def _root(self, name: str, inner: Marked) -> Root | None:
        self._known_keys(inner, ("of", "root", "on", "says", "repeats", "rests_on", "note"))
        of = self._reference(inner, "of", self.subjects, "meeting")
        by = self._reference(inner, "root", self.sources, "source")
        on = self._chain(inner, by)
        rests_on = self._rests_on(inner)
        if not of or not by or on is None:
            return None
        repeats: list[Repeat] = []
        for item in self._get(inner, "repeats").items():
            self._known_keys(item, ("by", "says", "note"))
            echo = self._reference(item, "by", self.sources, "source")
            if echo == by or echo in [one.by for one in repeats]:
                code, told = ("chain-circle", "repeats itself") if echo == by else ("name-twice", "stands here twice")
                self._complain(item.line, code, f"'{echo}' {told}")
            elif echo:
                repeats.append(Repeat(echo, self._said(item, of)))
        return Root(name, of, by, on, self._said(inner, of), tuple(repeats), rests_on)

    def _said(self, inner: Marked, of: str) -> dict[str, Said]:
        found = {}
        for respect, told in self._map(inner, "says"):
            self._known_keys(told, ("of", "words", "count", "on", "basis", "note"))
            subject = self._reference(told, "of", self.subjects, "meeting") if told.get("of") else of
            on = self._chain(told, "")
            count = self._word(told, "count")
            basis = self._choice(told, "basis", _BASIS, "stated")
            found[respect] = Said(
                respect, subject or of, self._list(told, "words"), spoken_of(count) if count else None, on or (), basis
            )
        return found

    # ---- words of the file -------------------------------------------------------------------------------------------

    def _actor(self, written: Marked) -> str:
        name = "" if written.value is None or written.is_map else str(written.value)
        found = self.agreement.register.identify(name) if name else ""
        if found in self.agreement.register.actors:
            return found
        names = [
            *self.agreement.register.actors,
            *(n for one in self.agreement.register.actors.values() for n in one.names),
        ]
        self._unknown(written.line, "actor or office", name, names)
        return ""

    def _party(self, written: Marked) -> str:
        name = str(written.value)
        register = self.agreement.register
        found = name if name in self.agreement.parties else register.identify(name)
        if found in self.agreement.parties or found in register.actors:
            return found
        self._unknown(written.line, "party", name, {*self.agreement.parties, *register.actors})
        return ""

    def _level(self, inner: Marked, default: Level) -> Level:
        word = self._word(inner, "level")
        if not word:
            return default
        try:
            level = read_level(word)
        except TrucewatchError as fault:
            self._complain(self._get(inner, "level").line, "unknown-level", str(fault))
            return Level.SEALED
        if level.party_id and level.party_id not in self.agreement.parties:
            hint = did_you_mean(level.party_id, self.agreement.parties) or f"it has {', '.join(self.agreement.parties)}"
            self._complain(
                self._get(inner, "level").line, "unknown-level", f"the agreement has no party '{level.party_id}'", hint
            )
            return Level.SEALED
        return level

    def _when(self, inner: Marked, key: str) -> Span | None:
        written = self._get(inner, key)
        if written.value is None:
            return None
        try:
            return read_edtf(str(written.value), self.timezone)
        except ValueError as fault:
            if "ends before it starts" not in str(fault):
                return self._span(written)
            hint = "look whether day and month are swapped"
            self._complain(written.line, "end-before-start", f"'{key}' ends before it starts: {written.value}", hint)
            return None
