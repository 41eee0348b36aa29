"""Entities: the actors of an agreement, and what is said of them, as FollowTheMoney holds such things.

Written for the schemata of FollowTheMoney 4.11 (MIT), by their names; docs/decisions/019-actors.md says why by hand. No
label of faith or ethnicity ever gets here: what the model has for them it keeps as what a person is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from trucewatch.actors import (
    Actor,
    ActorKind,
    Affiliation,
    AffiliationStatement,
    Change,
    ChangeKind,
    InOffice,
    Register,
    Told,
    Voice,
)
from trucewatch.agreement.terms import Agreement
from trucewatch.profiles import called, find, reliability

Entity = dict[str, Any]

_SCHEMATA = {
    ActorKind.STATE: "PublicBody",
    ActorKind.ARMED_FORCES: "PublicBody",
    ActorKind.AGENCY: "PublicBody",
    ActorKind.OFFICE: "Position",
    ActorKind.PERSON: "Person",
}
# The only dates that the model takes as they are; a vaguer one stays in the words.
_PLAIN_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def entities(agreement: Agreement, name: str | None = None) -> Iterator[Entity]:
    """Go through the actors of an agreement as FollowTheMoney entities (id, schema, properties), sources first.

    With a name, in any script: that actor alone, what is said of it, and whoever that names. The same agreement gives
    the same ids. Raises WrongCall where no actor goes by the name.
    """
    register = agreement.register
    links = [
        *(_under(agreement, actor, member) for actor in register.actors.values() for member in actor.members),
        *(link for said in register.statements for link in _affiliation(agreement, said)),
        *(link for change in register.changes for link in _succession(agreement, change)),
        *(_occupancy(agreement, held) for held in register.in_office),
    ]
    actors = {_id(agreement, "actor", actor.id): _actor(agreement, actor) for actor in register.actors.values()}
    if name is not None:
        asked = _id(agreement, "actor", find(agreement, name).id)
        links = [link for link in links if asked in _named(link)]
        named = {asked, *(one for link in links for one in _named(link))}
        named |= {one for actor in named & actors.keys() for one in _named(actors[actor]) if one in actors}
        actors = {id: actor for id, actor in actors.items() if id in named}
    cited = {one for entity in (*actors.values(), *links) for one in _named(entity)}
    articles = (_article(agreement, source) for source in agreement.sources)
    yield from (article for article in articles if article["id"] in cited)
    yield from actors.values()
    yield from links


def _id(agreement: Agreement, *parts: str) -> str:
    told = json.dumps([agreement.id, *parts], ensure_ascii=False)
    return f"tw-{hashlib.blake2b(told.encode(), digest_size=12).hexdigest()}"


def _named(entity: Entity) -> set[str]:
    """Return the ids of the entities that one refers to."""
    keys = ("member", "organization", "subject", "object", "predecessor", "successor", "holder", "post", "proof")
    return {id for key in keys for id in entity["properties"].get(key, ())}


def _entity(id: str, schema: str, properties: dict[str, Iterable[str]]) -> Entity:
    told = {key: list(dict.fromkeys(filter(None, values))) for key, values in properties.items()}
    return {"id": id, "schema": schema, "properties": {key: values for key, values in told.items() if values}}


def _actor(agreement: Agreement, actor: Actor) -> Entity:
    register = agreement.register
    earlier = _earlier_names(register, actor)
    others = [name for name in actor.names[1:] if name not in earlier]
    schema = _SCHEMATA.get(ActorKind(actor.kind), "Organization")
    properties: dict[str, Iterable[str]] = {
        "name": [actor.label],
        # The other names of an umbrella are too broad to find anybody by.
        "weakAlias" if actor.is_umbrella else "alias": others,
        "previousName": earlier,
    }
    if schema == "Position":
        wholes = [said for said in register.statements_of(actor.id) if _is_plain_part(said)]
        bodies = [said for said in wholes if _is_body(register, said.to)]
        properties["organization"] = [_id(agreement, "actor", said.to) for said in bodies[:1]]
    elif schema != "Person":
        properties["classification"] = [str(actor.kind)]
    return _entity(_id(agreement, "actor", actor.id), schema, properties)


def _earlier_names(register: Register, actor: Actor) -> list[str]:
    renamed = (change for change in register.changes if change.kind is ChangeKind.RENAMED and change.of == actor.id)
    return [name for change in renamed for name in change.before if name != actor.label]


def _is_plain_part(said: AffiliationStatement) -> bool:
    return said.kind is Affiliation.PART_OF and not said.contested


def _is_body(register: Register, actor_id: str) -> bool:
    return register.actors[actor_id].kind not in (ActorKind.OFFICE, ActorKind.PERSON)


def _affiliation(agreement: Agreement, said: AffiliationStatement) -> Iterator[Entity]:
    register = agreement.register
    of, to = (_id(agreement, "actor", one) for one in (said.of, said.to))
    is_office = register.actors[said.of].kind == ActorKind.OFFICE
    # A membership reads as a fact there; what others deny is a link of which the role says what it is said to be.
    is_membership = _is_plain_part(said) and _is_body(register, said.to) and not is_office
    ends = ("member", "organization") if is_membership else ("subject", "object")
    told = _whose(agreement, said.says, said.voice)
    stances = [word for stance in said.voice.voices(said.says) for word in stance]
    id = _id(agreement, "affiliation", said.of, said.kind, said.to, str(said.told), *stances, *said.says)
    yield _entity(
        id,
        "Membership" if is_membership else "UnknownLink",
        {
            ends[0]: [of],
            ends[1]: [to],
            "role": [str(said.kind)],
            "status": ["contested" if said.contested else ""],
            **_when(said.told),
            **told,
        },
    )


def _under(agreement: Agreement, umbrella: Actor, member: str) -> Entity:
    of, to = (_id(agreement, "actor", one) for one in (umbrella.id, member))
    id = _id(agreement, "umbrella", umbrella.id, member)
    return _entity(id, "UnknownLink", {"subject": [of], "object": [to], "role": ["umbrella, may stand for"]})


def _succession(agreement: Agreement, change: Change) -> Iterator[Entity]:
    if change.kind is ChangeKind.RENAMED:
        return
    told = _whose(agreement, change.says, change.voice)
    when = {"date": [change.at]} if _PLAIN_DATE.fullmatch(change.at) else {"summary": [change.at and f"at {change.at}"]}
    for before in change.before:
        for after in change.after:
            if before != after:
                yield _entity(
                    _id(agreement, "change", change.kind, before, after, change.at, *change.says),
                    "Succession",
                    {
                        "predecessor": [_id(agreement, "actor", before)],
                        "successor": [_id(agreement, "actor", after)],
                        "role": [str(change.kind)],
                        **when,
                        **told,
                    },
                )


def _occupancy(agreement: Agreement, held: InOffice) -> Entity:
    ends = {"holder": [_id(agreement, "actor", held.person)], "post": [_id(agreement, "actor", held.office)]}
    told = _whose(agreement, held.says, held.voice)
    id = _id(agreement, "in-office", held.office, held.person, str(held.told), *held.says)
    return _entity(id, "Occupancy", {**ends, **_when(held.told), **told})


def _when(told: Told) -> dict[str, Iterable[str]]:
    ends = (("startDate", told.begins), ("endDate", told.ends))
    when: dict[str, Iterable[str]] = {key: [at] for key, at in ends if _PLAIN_DATE.fullmatch(at)}
    if len(when) < bool(told.begins) + bool(told.ends):
        when["summary"] = [str(told)]
    return when


def _whose(agreement: Agreement, says: tuple[str, ...], voice: Voice) -> dict[str, Iterable[str]]:
    """Return on whose word a statement stands, in the properties that every interval of the model has."""
    stances = [f"{stance} by {called(who, agreement)}" for stance, who in voice.voices(says)]
    grade = reliability(voice, says, agreement)
    marks = ["inferred" if voice.basis == "inferred" else "", f"reliability {grade}" if grade else ""]
    return {
        "description": ["; ".join(filter(None, (*stances, *marks)))],
        "publisher": [called(source, agreement) for source in says],
        "proof": [_id(agreement, "source", source) for source in says],
    }


def _article(agreement: Agreement, source_id: str) -> Entity:
    source = agreement.sources[source_id]
    published = [source.published] if _PLAIN_DATE.fullmatch(source.published) else []
    return _entity(
        _id(agreement, "source", source_id),
        "Article",
        {"title": [source.title or source_id], "publishedAt": published},
    )
