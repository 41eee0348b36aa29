"""Positions: how the parties and others are said to stand, to clauses and to what was talked of, for one audience."""

from __future__ import annotations

from dataclasses import replace

from trucewatch.agreement.terms import Agreement
from trucewatch.levels import Level, most_sensitive
from trucewatch.sitreps.languages import listed, party_name, phrase, when
from trucewatch.sitreps.material import Material, Period, Stand
from trucewatch.talks.attribution import Attribution, Voicing
from trucewatch.talks.cases import chain
from trucewatch.talks.positions import Position, Stance
from trucewatch.talks.statements import Matter, Talks, open_talks

_STANCES = {
    Stance.ACCEPTS: phrase("accepts"),
    Stance.RESERVES: phrase("has a reservation on"),
    Stance.OBJECTS: phrase("objects to"),
    Stance.DEMANDS: phrase("demands"),
    Stance.CONDITIONS: phrase("sets a condition on"),
    Stance.DOUBTS: phrase("doubts"),
    Stance.DISTRUSTS: phrase("distrusts"),
    Stance.SHARES_INTEREST: phrase("share an interest in"),
}
_VOICES = {
    Voicing.ATTRIBUTED: phrase("attributed"),
    Voicing.OWN: phrase("the outlet’s own voice"),
    Voicing.BELIEF: phrase("a belief, told in the outlet’s own voice"),
    Voicing.KNOWN: phrase("“it is known that”, on nobody’s word"),
    Voicing.NONE: phrase("no attribution"),
}


def positions_of(material: Material, period: Period) -> tuple[Stand, ...]:
    """Return the positions that an audience may be told of, held by the end of a period, in the order of the file.

    Below mission level nobody is told what anybody demands, nor, unless the mandate names parties, what one of them is
    said to hold. Words of faith or ethnicity are in no product.
    """
    talks = open_talks(material.agreement).seen_by(material.view.audience)
    told = (_without_labels(one, talks) for one in talks.positions)
    held = [one for one in told if one.rests_on and (one.when is None or one.when.earliest < period.end)]
    if not material.view.audience >= Level.MISSION:
        held = [one for one in held if one.stance is not Stance.DEMANDS]
    if not material.names_parties:
        held = [one for one in held if not _names_a_party(one, talks, material.agreement)]
    return tuple(_stand(one, talks, material) for one in held)


def _without_labels(held: Position, talks: Talks) -> Position:
    rests_on = tuple(name for name in held.rests_on if talks.statements[name].matter is not Matter.LABEL)
    return replace(held, rests_on=rests_on)


def _names_a_party(held: Position, talks: Talks, agreement: Agreement) -> bool:
    cited = {link.actor for told in talks.told(held.rests_on) for link in told.on}
    parties = {actor for party in agreement.parties for actor in (party, *agreement.standing_for(party))}
    return bool(parties & (cited | set(held.parties)))


def _stand(held: Position, talks: Talks, material: Material) -> Stand:
    hedges, quotes = talks.words_of(held.rests_on)
    return Stand(
        who=listed(party_name(party, material.agreement) for party in held.parties),
        stance=_STANCES[held.stance],
        topic=talks.topics[held.topic],
        # A demand, judged as if it were a clause, is in no product.
        clause="" if held.clause in talks.demands else held.clause,
        when=when(held.when, talks.timezone) if held.when else phrase("not said when"),
        hedges=hedges,
        quotes=quotes,
        told=tuple(dict.fromkeys(_on_whose_word(told, talks) for told in talks.told(held.rests_on))),
        level=most_sensitive(talks.statements[name].level for name in held.rests_on),
    )


def _on_whose_word(told: Attribution, talks: Talks) -> str:
    return phrase("{chain} ({voice})", chain=chain(talks, told), voice=_VOICES[told.voicing])
