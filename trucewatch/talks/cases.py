"""Cases: what is told behind an agreement, put together for one audience, and the answers to questions about it.

An answer is put together from what the talks hold, with the reports and origins it rests on; what is not stated is said
to be not stated. A question that cannot be read is refused, with what can be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trucewatch.evidence import Count
from trucewatch.logs import liaison
from trucewatch.names import plain_name
from trucewatch.problems import WrongCall
from trucewatch.talks.attribution import (
    Attribution,
    Difference,
    Link,
    Voicing,
    bounds,
    drift,
    ordinal,
    origins,
    roots_of,
    unnamed_persons,
)
from trucewatch.talks.positions import Position, matrix, of_party
from trucewatch.talks.statements import Delegation, Matter, Meeting, Series, Statement, Talks
from trucewatch.when import Span, tell

_WHO = re.compile(
    r"who\s+(?:attended|took part in|was (?:present )?at|were (?:present )?at|came to)\s+(?P<of>.+)", re.I
)
_WHAT = re.compile(
    r"(?:what|whom)\s+(?:does|do|did)\s+(?P<of>.+?)\s+(?:say|want|ask for|accept|object to|demand|doubt|distrust)", re.I
)
_FACT = re.compile(r"(?:fact\s+)?(?P<number>[1-9]\d{0,3})", re.I)
_SMALL = frozenset(("the", "a", "an", "in", "at", "of", "on", "held", "meeting", "meetings", "talks", "s"))
_VOICES = {
    Voicing.ATTRIBUTED: "attributed",
    Voicing.OWN: "the outlet's own voice, without attribution",
    Voicing.BELIEF: "a belief, told in the outlet's own voice",
    Voicing.KNOWN: '"it is known that", on nobody\'s word',
    Voicing.NONE: "no attribution",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the talks hold on one thing: its parts by name, in words, and what they rest on, line by line."""

    of: str
    parts: tuple[tuple[str, str], ...]
    rests_on: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The parts in one sentence."""
        return "; ".join(f"{name}: {told}" for name, told in self.parts) + "."


# ---- questions -------------------------------------------------------------------------------------------------------


def ask(talks: Talks, question: str) -> Answer:
    """Answer a question from what the audience of some talks may know; raises WrongCall where it cannot be read.

    Asked can be: a meeting, series, channel, agreement, topic or statement by its id; a fact by its number; a party by
    any of its names; "who attended" a meeting or a series, by the words in which the reports speak of it; "what does
    PARTY say".
    """
    asked = " ".join(question.split()).rstrip("?. ")
    if found := _WHO.fullmatch(asked):
        return _of_meeting(talks, _meeting_called(talks, found["of"]))
    if found := _WHAT.match(asked):
        party = _party(talks, found["of"])
        if party is None:
            raise WrongCall(f"nobody reports a position of '{found['of']}'; {_can_be_asked(talks)}")
        return _of_party(talks, party)
    name = asked.rpartition(" ")[2] if asked.partition(" ")[0] in _KINDS else asked
    if (number := _FACT.fullmatch(asked)) and int(number["number"]) <= len(talks.facts):
        return _of_statement(talks, talks.facts[int(number["number"]) - 1])
    if subject := talks.meetings.get(name) or talks.series.get(name):
        return _of_meeting(talks, subject)
    if name in talks.statements:
        return _of_statement(talks, talks.statements[name])
    if name in talks.channels:
        return _of_channel(talks, name)
    if name in talks.deals:
        return _of_deal(talks, name)
    if name in talks.topics:
        return _of_topic(talks, name)
    if (party := _party(talks, asked)) is not None:
        return _of_party(talks, party)
    raise WrongCall(f"'{question}' is no question that can be read; {_can_be_asked(talks)}")


_KINDS = ("meetings", "series", "statements", "channels", "agreements", "topics")


def _can_be_asked(talks: Talks) -> str:
    ids = ", ".join((*talks.meetings, *talks.series, *talks.channels, *talks.deals, *talks.topics))
    return f"ask: who attended the third meeting; what does israel say; fact 4; or one of: {ids}"


def _meeting_called(talks: Talks, words: str) -> Meeting | Series:
    """Return the one meeting or series that is spoken of in such words."""
    number, sought = ordinal(words), _telling(words)
    is_plural = bool(re.search(r"\bmeetings\b", words, re.I))
    fitting: list[Meeting | Series] = [
        one
        for one in talks.meetings.values()
        if (not number or one.ordinal == number)
        and sought <= _telling(f"{one.words} {one.place} {one.id}")
        and (number or sought)
    ]
    fitting += [
        one
        for one in talks.series.values()
        if not number and is_plural and sought <= _telling(f"{one.label} {one.id} {' '.join(one.places)}")
    ]
    meetings = [one for one in fitting if isinstance(one, Meeting)]
    chosen = meetings if len(meetings) == 1 else fitting
    if len(chosen) != 1:
        known = "; ".join(f"{one.id} ({one.words})" for one in talks.meetings.values()) or "no meeting is told of"
        several = f"'{words}' may be {' or '.join(one.id for one in chosen)}" if chosen else f"no '{words}' is told of"
        raise WrongCall(f"{several}; there are: {known}")
    return chosen[0]


def _telling(words: str) -> set[str]:
    """Return the words that tell one meeting from another."""
    plain = plain_name(words).split()
    return {word for word in plain if word not in _SMALL and not ordinal(word)}


def _party(talks: Talks, name: str) -> str | None:
    found = name if any(name in one.parties for one in talks.positions) else talks.register.identify(name)
    return found if any(found in one.parties for one in talks.positions) else None


def _of_meeting(talks: Talks, subject: Meeting | Series) -> Answer:
    series = talks.series[subject.series] if isinstance(subject, Meeting) else subject
    subjects = tuple(dict.fromkeys((subject.id, series.id)))
    ranks = [one for one in talks.ranks if one.of == subject.id]
    delegations = talks.delegations_of(subject.id)
    roots = [root for root in talks.roots if root.of in subjects]
    own = [*subject.rests_on, *(name for rank in ranks for name in rank.rests_on)]
    own += [name for one in delegations for name in one.rests_on]
    told = (*talks.told((*own, *series.rests_on)), *(one for root in roots for one in root.told()))
    differences = [one for one in talks.differences(*subjects) if one.is_of_content]
    echoes = {repeat.by for root in roots for repeat in root.repeats}
    level = [f"higher than {_place(talks, rank.than)} ({_reports(talks, talks.told(rank.rests_on))})" for rank in ranks]
    what = "these meetings"
    if isinstance(subject, Series):
        what = "the series"
    elif subject.spoken_of.high == 1:
        what = "this meeting"
    persons = {subject.id: (subject.rests_on, what), series.id: (series.rests_on, "the series")}
    parts = [
        ("level", " and ".join(level) or "not stated"),
        ("delegations", "; ".join(_delegation(talks, one) for one in delegations) or f"not stated for {what}"),
        ("unnamed persons", _unnamed(talks, persons)),
        ("independent origins", origins(told).words),
        ("echoes", f"{len(echoes)}, with {len(differences)} difference{'' if len(differences) == 1 else 's'}"),
    ]
    if what != "this meeting":
        count = talks.meetings_in(series.id) if isinstance(subject, Series) else subject.spoken_of
        parts.insert(0, ("meetings", bounds(count.low, count.high)))
    rests_on = [*_lines_of(talks, dict.fromkeys((*own, *series.rests_on)))]
    if isinstance(subject, Meeting):
        rests_on += [
            f"of the series, and not known to be of {what}: {_delegation(talks, one)}"
            for one in talks.delegations_of(series.id)
        ]
    rests_on += [_difference(talks, one) for one in talks.differences(*subjects)]
    return Answer(subject.id, tuple(parts), tuple(rests_on))


def _unnamed(talks: Talks, subjects: Mapping[str, tuple[tuple[str, ...], str]]) -> str:
    """Write how many persons without a name are spoken of, for each subject by what it rests on and is called."""
    found = []
    for subject, (rests_on, what) in subjects.items():
        roots = (root for root in talks.roots if root.of == subject)
        told = (*talks.told(rests_on), *(way for root in roots for way in root.told()))
        if persons := unnamed_persons(told):
            found.append(f"{_counts(persons)} for {what}")
    return "; ".join(found) or "none are spoken of"


def _counts(counts: Sequence[Count]) -> str:
    """Write counts, with "at least" once where it holds of all."""
    if all(count.high is None for count in counts):
        return "at least " + " and ".join(f"{count.low} {count.unit}" for count in counts)
    return " and ".join(f"{bounds(count.low, count.high)} {count.unit}" for count in counts)


def _of_statement(talks: Talks, statement: Statement) -> Answer:
    parts = [("says", statement.text.rstrip("."))]
    parts += [("on the word of", " and of ".join(f"{chain(talks, one)} ({voice(one)})" for one in statement.told))]
    parts += [("independent origins", origins(statement.told).words)]
    parts += [(name, told) for name, told in _bounds_of(talks, statement)]
    parts += [("but", talks.statements[other].text.rstrip(".")) for other in statement.against]
    details = (one.id for one in talks.statements.values() if one.detail_of == statement.id)
    return Answer(statement.id, tuple(parts), tuple(_lines_of(talks, details)))


def _of_channel(talks: Talks, name: str) -> Answer:
    channel = talks.channels[name]
    states = [one for one in talks.channel_states if one.channel == name]
    said = [one for one in talks.said_of_channels() if one.channel == name]
    told = (f"{one.state.replace('-', ' ')} ({_when(talks, one.when)})" for one in states)
    parts = [("between", _named(talks, channel.between) or "not stated"), ("said to be", ", ".join(told) or "nothing")]
    parts += [("statements", "differ; all are kept" if liaison.differ(said) else "do not differ")]
    parts += [("mechanism of this ceasefire", "shown" if channel.is_mechanism else "not shown")]
    rests_on = (*channel.rests_on, *(name for one in states for name in one.rests_on))
    return Answer(name, tuple(parts), tuple(_lines_of(talks, dict.fromkeys(rests_on))))


def _of_deal(talks: Talks, name: str) -> Answer:
    deal = talks.deals[name]
    told = [one for one in talks.statements.values() if name in one.about]
    parts = [("what", deal.label), ("by", _named(talks, deal.by) or "not stated")]
    parts += [("signed", _when(talks, deal.signed)), ("announced", _when(talks, deal.announced))]
    parts += [("place", deal.place or "not stated"), ("text", deal.wording.replace("-", " "))]
    return Answer(name, tuple(parts), tuple(_lines_of(talks, (one.id for one in told))))


def _of_topic(talks: Talks, name: str) -> Answer:
    held = [one for one in talks.positions if one.topic == name]
    parts = tuple((talks.called(party), position(talks, one, party)) for one in held for party in one.parties)
    return Answer(name, parts, tuple(_lines_of(talks, dict.fromkeys(n for one in held for n in one.rests_on))))


def _of_party(talks: Talks, party: str) -> Answer:
    held = of_party(talks.positions, party)
    parts = tuple((talks.topics[one.topic], position(talks, one, party)) for one in held)
    return Answer(party, parts, tuple(_lines_of(talks, dict.fromkeys(n for one in held for n in one.rests_on))))


# ---- in words --------------------------------------------------------------------------------------------------------


def chain(talks: Talks, told: Attribution) -> str:
    """Write on whose word something is told, from the outlet to the root: Middle East Monitor < Haaretz < ..."""
    return " < ".join((source(talks, told.by), *(_link(talks, link) for link in told.on)))


def voice(told: Attribution) -> str:
    """Write in what voice something is told, with its hedge and its own words."""
    more = [f'hedged "{told.hedge}"'] if told.hedge else []
    more += [f'in the words "{told.quote}"'] if told.quote else []
    return ", ".join((_VOICES[told.voicing], *more))


def source(talks: Talks, name: str) -> str:
    """Return what a source is called: its title up to the first comma."""
    found = talks.sources.get(name)
    return found.title.partition(",")[0] if found and found.title else name


def position(talks: Talks, held: Position, party: str) -> str:
    """Write a position as that of one of its parties: since when it is told, with its hedges and its own words."""
    hedges, quotes = talks.words_of(held.rests_on)
    more = [f'hedged "{one}"' for one in hedges] + [f'in the words "{one}"' for one in quotes]
    others = [one for one in held.parties if one != party]
    shared = [f"with {_named(talks, others)}"] if others else []
    shared += [_when(talks, held.when)] if held.when else []
    tied = [f"see {held.clause}"] if held.clause else []
    return ", ".join((held.stance.words, *shared, *more, *tied))


def in_words(talks: Talks) -> list[str]:
    """Write the whole case, line by line: facts, what else is told, meetings, channels, echoes, positions."""
    if not talks.statements:
        return [f"{talks.title}: nothing is told of talks behind it."]
    lines = [f"{talks.title}: what is told behind it, for the audience {talks.audience.word}"]
    for number, fact in enumerate(talks.facts, 1):
        lines += ["", f"{number}. {fact.text}", *_statement(talks, fact)]
    details = {one.id for one in talks.statements.values() if one.detail_of}
    others = [one for one in talks.statements.values() if not one.is_fact and one.id not in details]
    lines += ["", "What else is told"] if others else []
    for other in others:
        lines += [f"- {other.text}", *_statement(talks, other)]
    lines += ["", "Meetings"] if talks.meetings or talks.series else []
    lines += [f"- {one.id}: {_of_meeting(talks, one).sentence}" for one in talks.series.values()]
    lines += [f"- {one.id}: {_of_meeting(talks, one).sentence}" for one in talks.meetings.values()]
    lines += ["", "What was agreed"] if talks.deals else []
    lines += [f"- {name}: {_of_deal(talks, name).sentence}" for name in talks.deals]
    lines += ["", "Channels"] if talks.channels else []
    lines += [f"- {channel.label}: {_of_channel(talks, channel.id).sentence}" for channel in talks.channels.values()]
    for root in talks.roots:
        lines += ["", f"Root: {source(talks, root.by)}; echoes: {', '.join(source(talks, r.by) for r in root.repeats)}"]
        lines += [f"- {_difference(talks, one)}" for one in drift(root)]
    lines += ["", "Positions"] if talks.positions else []
    for party, row in matrix(talks.positions).items():
        lines += [f"- {_named(talks, (party,))}"]
        lines += [
            f"    {talks.topics[topic]}: {position(talks, one, party)}" for topic, cell in row.items() for one in cell
        ]
    return lines


def _statement(talks: Talks, statement: Statement) -> list[str]:
    lines = []
    for told in statement.told:
        lines += [f"   on the word of {chain(talks, told)}: {voice(told)}"]
    lines += [f"   independent origins: {origins(statement.told).words}"]
    lines += [f"   {name}: {told}" for name, told in _bounds_of(talks, statement)]
    lines += [f"   but: {talks.statements[other].text}" for other in statement.against]
    lines += [f"   note: {statement.note}"] if statement.note else []
    for detail in (one for one in talks.statements.values() if one.detail_of == statement.id):
        lines += [f"   and: {detail.text}", *(f"   {line}" for line in _statement(talks, detail))]
    return lines


def _bounds_of(talks: Talks, statement: Statement) -> list[tuple[str, str]]:
    """Return what bounds a statement and the words for it give: persons, meetings, time."""
    found = []
    if persons := unnamed_persons(statement.told):
        found.append(("unnamed persons", _counts(persons)))
    for name in statement.about if statement.matter in (Matter.MEETING, Matter.DELEGATION, Matter.RANK) else ():
        if name in talks.series:
            count = talks.meetings_in(name)
            found.append((talks.series[name].label, bounds(count.low, count.high)))
        elif name in talks.meetings:
            meeting = talks.meetings[name]
            found.append((meeting.words, bounds(meeting.spoken_of.low, meeting.spoken_of.high)))
    if statement.when:
        found.append(("when", tell(statement.when, talks.timezone)))
    if statement.basis != "stated":
        found.append(("basis", statement.basis))
    return found


def _lines_of(talks: Talks, names: Iterable[str]) -> list[str]:
    return [
        f"{one.text} {'; '.join(f'{chain(talks, told)}: {voice(told)}' for told in one.told)}."
        for name in names
        if (one := talks.statements.get(name))
    ]


def _link(talks: Talks, link: Link) -> str:
    if link.source:
        return source(talks, link.source)
    if link.actor:
        return talks.called(link.actor)
    if link.outlet:
        return f"{link.outlet} (no name)"
    return " and ".join(f"{count.unit} (no names; {bounds(count.low, count.high)})" for count in link.unnamed)


def _delegation(talks: Talks, one: Delegation) -> str:
    who = ", ".join(filter(None, (_named(talks, one.who), one.words)))
    return f"{talks.called(one.side)} ({who})" if who else talks.called(one.side)


def _difference(talks: Talks, one: Difference) -> str:
    inferred = " (inferred)" if one.basis == "inferred" else ""
    return f"{source(talks, one.by)}: {one.respect} {one.change}, from {one.was}{inferred} to {one.now}"


def _place(talks: Talks, name: str) -> str:
    return (talks.meetings[name].place or talks.meetings[name].words) if name in talks.meetings else name


def _reports(talks: Talks, told: Iterable[Attribution]) -> str:
    number = len(roots_of(told, talks.roots))
    return f"{number} report{'' if number == 1 else 's'}"


def _named(talks: Talks, names: Iterable[str]) -> str:
    return " and ".join(map(talks.called, names))


def _when(talks: Talks, span: Span | None) -> str:
    return tell(span, talks.timezone) if span else "not stated"


# ---- for programs ----------------------------------------------------------------------------------------------------


def as_data(talks: Talks) -> dict[str, Any]:
    """Return the whole case as plain data, for JSON; instants in UTC, bounds with null where there is no upper one."""
    numbers = {fact.id: number for number, fact in enumerate(talks.facts, 1)}
    return {
        "agreement": talks.agreement,
        "audience": talks.audience.word,
        "marking": talks.level.word,
        "facts": [{"number": number, **_data_of(talks, talks.statements[name])} for name, number in numbers.items()],
        "statements": [_data_of(talks, one) for one in talks.statements.values() if one.id not in numbers],
        "series": [
            {
                "id": one.id,
                "label": one.label,
                "track": talks.tracks.get(one.track),
                "when": _data_when(one.when),
                "places": list(one.places),
                "meetings": _data_count(talks.meetings_in(one.id)),
                "delegations": _data_delegations(talks, one.id),
                "rests_on": list(one.rests_on),
            }
            for one in talks.series.values()
        ],
        "meetings": [
            {
                "id": one.id,
                "series": one.series,
                "words": one.words,
                "place": one.place,
                "when": _data_when(one.when),
                "ordinal": one.ordinal or None,
                "meetings": _data_count(one.spoken_of),
                "higher_than": [rank.than for rank in talks.ranks if rank.of == one.id],
                "delegations": _data_delegations(talks, one.id),
                "rests_on": list(one.rests_on),
                "answer": dict(_of_meeting(talks, one).parts),
            }
            for one in talks.meetings.values()
        ],
        "agreements": [
            {
                "id": one.id,
                "label": one.label,
                "by": list(one.by),
                "signed": _data_when(one.signed),
                "announced": _data_when(one.announced),
                "place": one.place or None,
                "wording": one.wording,
                "rests_on": list(one.rests_on),
            }
            for one in talks.deals.values()
        ],
        "channels": [
            {
                "id": one.id,
                "label": one.label,
                "between": list(one.between),
                "mechanism_shown": one.is_mechanism,
                "states": [
                    {
                        "state": said.state,
                        "when": _data_when(said.when),
                        "words": said.words,
                        "rests_on": list(said.rests_on),
                    }
                    for said in talks.channel_states
                    if said.channel == one.id
                ],
                "statements_differ": liaison.differ(s for s in talks.said_of_channels() if s.channel == one.id),
                "rests_on": list(one.rests_on),
            }
            for one in talks.channels.values()
        ],
        "echoes": [
            {
                "root": root.by,
                "of": root.of,
                "repeated_by": [repeat.by for repeat in root.repeats],
                "differences": [
                    {name: getattr(one, name) for name in ("by", "respect", "of", "change", "was", "now", "basis")}
                    for one in drift(root)
                ],
            }
            for root in talks.roots
        ],
        "positions": [
            {
                "of": one.of,
                "stance": one.stance,
                "topic": one.topic,
                "says": talks.topics[one.topic],
                "clause": one.clause or None,
                "shared_with": list(one.shared_with),
                "when": _data_when(one.when),
                "hedges": list(talks.words_of(one.rests_on)[0]),
                "quotes": list(talks.words_of(one.rests_on)[1]),
                "rests_on": list(one.rests_on),
            }
            for one in talks.positions
        ],
    }


def _data_of(talks: Talks, one: Statement) -> dict[str, Any]:
    found = origins(one.told)
    return {
        "id": one.id,
        "matter": one.matter,
        "text": one.text,
        "told": [
            {
                "by": told.by,
                "voice": told.voicing,
                "on": [_data_link(link) for link in told.on],
                "hedge": told.hedge or None,
                "quote": told.quote or None,
            }
            for told in one.told
        ],
        "origins": {"at_least": found.low, "at_most": found.high},
        "unnamed_persons": [{"who": count.unit, **_data_count(count)} for count in unnamed_persons(one.told)],
        "about": list(one.about),
        "detail_of": one.detail_of or None,
        "against": list(one.against),
        "when": _data_when(one.when),
        "basis": one.basis,
        "level": one.level.word,
        "note": one.note or None,
    }


def _data_link(link: Link) -> dict[str, Any]:
    if link.unnamed:
        return {"unnamed": [{"who": count.unit, **_data_count(count)} for count in link.unnamed]}
    return {name: told for name in ("source", "actor", "outlet") if (told := getattr(link, name))}


def _data_delegations(talks: Talks, subject: str) -> list[dict[str, Any]]:
    return [
        {"side": one.side, "who": list(one.who), "words": one.words or None, "rests_on": list(one.rests_on)}
        for one in talks.delegations_of(subject)
    ]


def _data_count(count: Count) -> dict[str, int | None]:
    return {"at_least": count.low, "at_most": count.high}


def _data_when(span: Span | None) -> list[str] | None:
    return [instant.isoformat().replace("+00:00", "Z") for instant in (span.earliest, span.latest)] if span else None
