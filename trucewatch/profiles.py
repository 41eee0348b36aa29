"""Profiles: who an actor is, as each side tells it, and what of an agreement binds it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from trucewatch.actors import (
    BINDING,
    CIVILIANS,
    Actor,
    Affiliation,
    AffiliationStatement,
    Change,
    ChangeKind,
    InOffice,
    Label,
    Register,
    Stance,
    Told,
    Voice,
)
from trucewatch.agreement.terms import Agreement, Party
from trucewatch.levels import Level
from trucewatch.problems import WrongCall

_IS = {
    Affiliation.PART_OF: "is part of",
    Affiliation.COMMANDED_BY: "is commanded by",
    Affiliation.SUPPORTED_BY: "is supported by",
    Affiliation.ALLIED_WITH: "is allied with",
    Affiliation.CLAIMS_SUBORDINATION: "claims to be subordinate to",
    Affiliation.LISTED_ON: "is listed on",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that somebody says of an actor.

    `who` is an id of an actor or source, and `sources` those that it is read in. `reliability` is A to F, or empty
    where nobody judged it; `when` the span as it was written, or empty.
    """

    stance: Stance
    who: str
    says: str
    when: str
    sources: tuple[str, ...]
    reliability: str
    is_contested: bool
    is_inferred: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """All that a register holds of one actor, and where an agreement puts it, as one audience may know it."""

    actor: Actor
    agreement: Agreement  # as the audience may know it
    shares_name_with: tuple[str, ...]
    sayings: tuple[Saying, ...]
    affiliations: tuple[AffiliationStatement, ...]
    labels: tuple[Label, ...]
    differences: tuple[str, ...]
    standing: tuple[str, ...]

    @property
    def register(self) -> Register:
        """The actors of the agreement."""
        return self.agreement.register

    @property
    def stands_for(self) -> tuple[str, ...]:
        """Whom the name may stand for, by label; empty unless it is an umbrella."""
        if not self.actor.is_umbrella:
            return ()
        return tuple(sorted(_label(self.register, one) for one in self.register.stands_for(self.actor.id)))

    @property
    def stands_under(self) -> tuple[str, ...]:
        """The umbrellas that may mean it, by label."""
        return tuple(sorted(one.label for one in self.register.actors.values() if self.actor.id in one.members))

    def voices(self) -> Iterator[tuple[str, tuple[Saying, ...]]]:
        """Go through the history as each side tells it: who tells, in words, and what they say."""
        told: dict[str, list[Saying]] = {}
        for saying in self.sayings:
            told.setdefault(self._heading(saying), []).append(saying)
        for heading in sorted(told):
            yield heading, tuple(told[heading])

    def _heading(self, saying: Saying) -> str:
        others = [source for source in saying.sources if source != saying.who]
        through = f", as told by {_listed(called(source, self.agreement) for source in others)}" if others else ""
        judged = f"reliability {saying.reliability}" if saying.reliability else "reliability not judged"
        return f"{saying.stance.capitalize()} by {called(saying.who, self.agreement)}{through} ({judged})"

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data: ids, words and EDTF, for a program."""
        return {
            "agreement": self.agreement.id,
            "actor": self.actor.id,
            "label": self.actor.label,
            "kind": str(self.actor.kind),
            "names": {script: list(names) for script, names in self.actor.by_script.items()},
            "shares_name_with": list(self.shares_name_with),
            "stands_for": list(self.stands_for),
            "stands_under": list(self.stands_under),
            "history": [
                {
                    "stance": str(saying.stance),
                    "who": saying.who,
                    "says": saying.says,
                    "when": saying.when,
                    "sources": list(saying.sources),
                    "reliability": saying.reliability or None,
                    "contested": saying.is_contested,
                    "inferred": saying.is_inferred,
                }
                for saying in self.sayings
            ],
            "affiliations": [
                {
                    "of": said.of,
                    "to": said.to,
                    "kind": str(said.kind),
                    "from": said.told.begins or None,
                    "until": said.told.ends or None,
                    "binds": said.kind in BINDING and not said.contested,
                    "contested": said.contested,
                    "inferred": said.voice.basis == "inferred",
                    "claimed_by": list(said.voice.claimed_by),
                    "assessed_by": list(said.voice.assessed_by),
                    "denied_by": list(said.voice.denied_by),
                    "sources": list(said.says),
                    "reliability": reliability(said.voice, said.says, self.agreement) or None,
                }
                for said in self.affiliations
            ],
            "labels": [
                {"described_as": label.described_as, "by": list(label.by), "not_by": list(label.not_by)}
                for label in self.labels
            ],
            "differences": list(self.differences),
            "standing": list(self.standing),
        }


def profile(agreement: Agreement, name: str, audience: Level = Level.MISSION) -> Profile:
    """Return the profile of whoever goes by a name, in any script, as an audience may know it.

    Raises WrongCall where no actor goes by the name, and says which names are near.
    """
    actor = find(agreement, name)
    register = agreement.register.seen_by(audience)
    agreement = replace(agreement, register=register)
    affiliations = tuple(said for said in register.statements if actor.id in (said.of, said.to))
    changes = tuple(change for change in register.changes if change.concerns(actor.id))
    offices = tuple(held for held in register.in_office if actor.id in (held.office, held.person))
    labels = tuple(label for label in register.labels if label.of == actor.id)
    sayings = _sayings(agreement, affiliations, changes, offices)
    return Profile(
        actor=actor,
        agreement=agreement,
        shares_name_with=tuple(one for one in register.called(name) if one != actor.id),
        sayings=tuple(sorted(sayings, key=lambda one: (one.who, one.stance, one.when, one.says))),
        affiliations=affiliations,
        labels=labels,
        differences=tuple(_differences(agreement, affiliations, labels)),
        standing=tuple(_standing(agreement, actor.id)),
    )


def find(agreement: Agreement, name: str) -> Actor:
    """Return the actor that goes by a name; raises WrongCall where none does, or the name is that of civilians."""
    register = agreement.register
    found = register.identify(name)
    if found == CIVILIANS:
        raise WrongCall(f"'{name}' means civilians, who are nobody's actor and no party of {agreement.id}")
    if found in register.actors:
        return register.actors[found]
    near = register.near(name)
    hint = f"near it: {', '.join(near)}" if near else "and none is near it"
    raise WrongCall(f"no actor of {agreement.id} goes by '{name}'; {hint}")


def called(id: str, agreement: Agreement) -> str:
    """Return what an actor or a source is called: an actor's first name, a source's title."""
    if id in agreement.register.actors:
        return agreement.register.label(id)
    source = agreement.sources.get(id)
    return source.title if source and source.title else id


def reliability(voice: Voice, says: Iterable[str], agreement: Agreement) -> str:
    """Return the reliability of a statement from A to F: as given, or the best of its sources; empty if not judged."""
    graded = [agreement.sources[source].grade for source in says if source in agreement.sources]
    return voice.grade or min(filter(None, graded), default="")


# ---- what is said ----------------------------------------------------------------------------------------------------


def _sayings(
    agreement: Agreement,
    affiliations: Iterable[AffiliationStatement],
    changes: Iterable[Change],
    offices: Iterable[InOffice],
) -> Iterator[Saying]:
    label = agreement.register.label
    for said in affiliations:
        words = f"{label(said.of)} {_IS[said.kind]} {label(said.to)}"
        yield from _told(agreement, words, in_words(said.told), said.says, said.voice, said.contested)
    for change in changes:
        when = _date(change.at)
        yield from _told(agreement, _became(change, agreement.register), when, change.says, change.voice)
    for held in offices:
        words = f"{label(held.person)} holds the office: {label(held.office)}"
        yield from _told(agreement, words, in_words(held.told), held.says, held.voice)


def _told(
    agreement: Agreement, words: str, when: str, says: tuple[str, ...], voice: Voice, contested: bool = False
) -> Iterator[Saying]:
    grade = reliability(voice, says, agreement)
    for stance, who in voice.voices(says):
        is_contested = contested or bool(voice.denied_by)
        yield Saying(stance, who, words, when, says, grade, is_contested, voice.basis == "inferred")


def _became(change: Change, register: Register) -> str:
    if change.kind is ChangeKind.RENAMED:
        return f"{change.before[0]} took the name {change.after[0]}"
    before, after = (_listed(register.label(one) for one in side) for side in (change.before, change.after))
    if change.kind is ChangeKind.SPLIT:
        return f"{after} split from {before}"
    return f"{before} merged into {after}"


def _differences(
    agreement: Agreement, affiliations: Iterable[AffiliationStatement], labels: Iterable[Label]
) -> Iterator[str]:
    label = agreement.register.label
    pairs: dict[tuple[str, str], list[AffiliationStatement]] = {}
    for said in affiliations:
        pairs.setdefault((said.of, said.to), []).append(said)
    for (of, to), told in sorted(pairs.items()):
        if len({said.kind for said in told}) > 1:
            ways = "; ".join(f"it {_IS[said.kind]} it, {_whose(said, agreement)}" for said in told)
            yield f"what {label(of)} is to {label(to)}: {ways}"
        for said in told:
            if said.contested:
                deniers = _listed(called(who, agreement) for who in said.voice.denied_by)
                whom = f"denied by {deniers}" if deniers else "contested"
                yield f"that {label(of)} {_IS[said.kind]} {label(to)}, {_whose(said, agreement)}: {whom}"
    for one in labels:
        by, not_by = (_listed(called(who, agreement) for who in side) for side in (one.by, one.not_by))
        yield f"described as {one.described_as} by {by}" + (f", not by {not_by}" if not_by else "")


def _whose(said: AffiliationStatement, agreement: Agreement) -> str:
    told = [(stance, who) for stance, who in said.voice.voices(said.says) if stance is not Stance.DENIED]
    return _listed(f"{stance} by {called(who, agreement)}" for stance, who in told)


# ---- what binds it ---------------------------------------------------------------------------------------------------


def _standing(agreement: Agreement, actor_id: str) -> Iterator[str]:
    """Tell where the agreement puts an actor, or whoever its name may stand for."""
    register = agreement.register
    told = list(_by_party(agreement, actor_id))
    if actor_id in agreement.guarantors:
        told.append("a guarantor, and not bound by that")
    for clause in agreement.clauses:
        for exception in clause.outside_scope:
            named = {one for name in exception.targets for one in _meant(agreement, name)}
            basis = ", as is inferred" if exception.basis == "inferred" else ""
            words = f"operations against it are outside the scope of {clause.id}{basis}"
            told += [f"{words}{_by_way(agreement, way)}" for way in _ways(register, actor_id, named)]
    demands = [clause.id for clause in agreement.hypothetical if clause.demand_of == actor_id]
    if demands:
        told.append(f"it demands {_listed(demands)}, beyond the agreement")
    if register.is_umbrella(actor_id):
        yield from _under_umbrella(agreement, actor_id)
    yield from told or ([] if register.is_umbrella(actor_id) else ["no party of it: what it does is not bound"])


def _by_party(agreement: Agreement, actor_id: str) -> Iterator[str]:
    for party in agreement.parties.values():
        meant = {one for name in party.actors for one in _meant(agreement, name)}
        for way in _ways(agreement.register, actor_id, meant):
            yield f"its acts are those of {_party(party)}{_by_way(agreement, way)}"


def _under_umbrella(agreement: Agreement, actor_id: str) -> Iterator[str]:
    register = agreement.register
    sides: dict[str, list[str]] = {}
    for member in sorted(register.stands_for(actor_id), key=lambda one: _label(register, one)):
        parties = [
            p for p in agreement.parties.values() if member in {m for a in p.actors for m in _meant(agreement, a)}
        ]
        for side in [_party(party) for party in parties] or ["no party"]:
            sides.setdefault(side, []).append(_label(register, member))
    for side, members in sides.items():
        yield f"it may stand for {_listed(members)}: {side}"


def _meant(agreement: Agreement, name: str) -> frozenset[str]:
    party = agreement.parties.get(name)
    names = party.actors if party else (name,)
    return frozenset(one for actor in names for one in (actor, *agreement.register.stands_for(actor)))


def _party(party: Party) -> str:
    label = party.labels.get("en", party.id)
    if party.is_contested:
        return f"{label}, which is affected; whether it is bound is contested"
    return f"{label}, which is bound" + (", as is inferred" if party.basis == "inferred" else "")


def _by_way(agreement: Agreement, way: tuple[AffiliationStatement, ...]) -> str:
    """Tell on which affiliations it rests, and while they hold."""
    if not way:
        return ""
    words = {**_IS, Affiliation.CLAIMS_SUBORDINATION: "is subordinate, as it claims, to"}
    steps = [f"{words[said.kind]} {agreement.register.label(said.to)} {in_words(said.told)}".strip() for said in way]
    return f", {'because' if _is_sure(way) else 'if'} it {', which '.join(steps)}"


def _is_sure(way: tuple[AffiliationStatement, ...]) -> bool:
    return all(said.kind in BINDING and not said.contested for said in way)


def _ways(register: Register, actor_id: str, wanted: Collection[str]) -> list[tuple[AffiliationStatement, ...]]:
    """Return the ways from an actor to any that are wanted; one that always and surely leads there is enough."""
    if actor_id in wanted:
        return [()]
    ways = [way for way in ways_up(register, actor_id) if way[-1].to in wanted]
    enough = [way for way in ways if _is_sure(way) and not any(said.instants for said in way)]
    return enough[:1] or ways


def ways_up(register: Register, actor_id: str) -> list[tuple[AffiliationStatement, ...]]:
    """Return every way from an actor to one whose acts its own are, or may be, at some time: the statements of it."""
    ways: list[tuple[AffiliationStatement, ...]] = []
    waiting: list[tuple[AffiliationStatement, ...]] = [()]
    while waiting:
        way = waiting.pop()
        seen = {actor_id, *(said.to for said in way)}
        for said in register.statements_of(way[-1].to if way else actor_id):
            binds = said.kind in (*BINDING, Affiliation.CLAIMS_SUBORDINATION)
            if binds and said.to not in seen:
                ways.append((*way, said))
                waiting.append((*way, said))
    return sorted(ways, key=lambda way: [(said.to, said.kind) for said in way])


def _listed(words: Iterable[str]) -> str:
    told = list(dict.fromkeys(words))
    return " and ".join(filter(None, [", ".join(told[:-1]), *told[-1:]]))


def _label(register: Register, actor_id: str) -> str:
    return "others that are not listed" if actor_id.startswith("?another of ") else register.label(actor_id)


def in_words(told: Told) -> str:
    """Return a span as a person would say it: from about 2016-10 until 2017-01-23."""
    if told.begins and told.begins == told.ends:
        return _date(told.begins)
    parts = [f"from {_day(told.begins)}" if told.begins else "", f"until {_day(told.ends)}" if told.ends else ""]
    return " ".join(filter(None, parts))


def _date(edtf: str) -> str:
    """Return when something was, from EDTF; empty where that was not said."""
    first, slash, last = edtf.partition("/")
    if not slash:
        return f"in {_day(edtf)}" if edtf.rstrip("~?%").count("-") < 2 and edtf else f"on {edtf}" if edtf else ""
    if first in ("", ".."):
        return f"by {_day(last)}"
    return f"after {_day(first)}" if last in ("", "..") else f"between {_day(first)} and {_day(last)}"


def _day(edtf: str) -> str:
    return f"about {edtf[:-1]}" if edtf[-1:] in ("~", "?", "%") else edtf
