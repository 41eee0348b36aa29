"""Annex: what was observed first-hand, the map, and for the mission itself the open cases."""

from __future__ import annotations

import json
from collections.abc import Iterable

from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.sitreps.blocks import Block, Paragraph, Picture, Section, Table
from trucewatch.sitreps.languages import joined, phrase, sentences
from trucewatch.sitreps.map import Drawing
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.sections.clauses import MEANS
from trucewatch.sitreps.sections.counts import SHORT, figure, incidents_of
from trucewatch.sitreps.sentences import tell_unknowns


def observations(figures: Figures) -> Section:
    """Return the annex: what the mission, or a sensor, observed itself."""
    seen = [one for one in incidents_of(figures.told) if one.account.get("first_hand")]
    title = phrase("Annex: table of observations")
    if not seen:
        none = phrase("No incident of this report was observed first-hand, by the mission or by a sensor.")
        return Section("", title, "observations", (Paragraph(none),))
    rows = tuple((one.when, one.where, one.act, _means(one), one.id) for one in seen)
    head = (phrase("When"), phrase("Where"), phrase("What"), phrase("How it is known"), phrase("Finding"))
    words = phrase("Incidents observed first-hand, by the mission or by a sensor; what others told of is in section 2.")
    table = Table(phrase("Observations"), head, rows, is_folded=len(rows) > SHORT)
    return Section("", title, "observations", (Paragraph(words), table))


def _means(told: Told) -> str:
    own = dict.fromkeys(str(link["means"]) for link in told.chain if link["means"])
    return joined((MEANS.get(means, means) for means in own), ", ")


def the_map(large: Drawing | None, may_determine: bool) -> Section:
    """Return the map in full."""
    if large is None:
        words = phrase("None of the agreement's zones was ever drawn, so there is no map.")
        return Section("", phrase("Map"), "map", (Paragraph(words),))
    numbered = [joined((str(at), label), " ") for at, label in enumerate(large.numbered, start=1)]
    caption = sentences(*large.caption, phrase("Numbered: {zones}.", zones=joined(numbered, "; ")) if numbered else "")
    note = phrase(
        "Each disc is as wide as the place is uncertain, to scale; darker where several were told of the same place. "
        "The incident lies somewhere in its disc. The frame is that of the agreement’s zones, whatever was reported. "
        "Zones are not authoritative: no base map decides a line."
    )
    violation = phrase("at least one violation") if may_determine else phrase("at least one assessed as inconsistent")
    legend = (
        ("violation", violation),
        ("undetermined", phrase("undetermined, none of these")),
        ("outside-scope", phrase("outside scope only")),
    )
    drawn = Picture(large.svg, large.alt, caption, large.width, large.height, (note,), legend)
    return Section("", phrase("Map"), "map", (drawn,))


def open_cases(figures: Figures, agreement: Agreement) -> Section:
    """Return which facts would settle how many open cases; for the mission's own planning only."""
    title = phrase("What would settle the open cases")
    undetermined = [told for told in figures.told if told.outcome == Outcome.UNDETERMINED]
    if not undetermined:
        none = Paragraph(phrase("No finding of this period is undetermined."))
        return Section("", title, "open", (none,))
    blocks: list[Block] = [
        Paragraph(
            phrase(
                "For the mission’s own planning: {count} finding is undetermined because something is not known. The "
                "first table says in how many each fact would do by itself, the second which facts are needed "
                "together.",
                "For the mission’s own planning: {count} findings are undetermined because something is not known. The "
                "first table says in how many each fact would do by itself, the second which facts are needed "
                "together.",
                count=figures.counts.get(str(Outcome.UNDETERMINED), 0),
            )
        )
    ]
    missing = _missing(undetermined, agreement)
    if missing:
        head = (phrase("To know"), phrase("Settles alone"), phrase("Is missing in"))
        caption = phrase("Which single fact would settle how many")
        blocks.append(Table(caption, head, missing, frozenset({1, 2}), "slim-n"))
    grouped: dict[tuple[str, ...], list[Told]] = {}
    for told in undetermined:
        grouped.setdefault(told.settled_by, []).append(told)
    ranked = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = tuple(
        (joined(ways, "; or ") if ways else phrase("more than any single fact"), figure(len(held)))
        for ways, held in ranked
    )
    links = {
        at: tuple(told.id for told in sorted(held, key=lambda told: (told.earliest, told.id)))
        for at, (_, held) in enumerate(ranked)
    }
    columns = (phrase("It would settle them to know"), phrase("Findings"))
    caption = phrase("Open cases by what would settle them")
    blocks.append(Table(caption, columns, rows, frozenset({1}), "slim-n", links=links))
    return Section("", title, "open", tuple(blocks))


def _missing(undetermined: Iterable[Told], agreement: Agreement) -> tuple[tuple[str, str, str], ...]:
    """Return the facts that are not known, those first that would settle most open cases alone."""
    alone: dict[str, int] = {}
    among: dict[str, int] = {}
    for told in undetermined:
        ways = [tuple(names) for names in json.loads(told.account["settled_by"])]
        for fact in {names[0] for names in ways if len(names) == 1}:
            alone[fact] = alone.get(fact, 0) + 1
        for fact in {fact for names in ways for fact in names}:
            among[fact] = among.get(fact, 0) + 1
    ranked = sorted(among, key=lambda fact: (-alone.get(fact, 0), -among[fact], fact))
    return tuple((tell_unknowns([fact], agreement), figure(alone.get(fact, 0)), figure(among[fact])) for fact in ranked)
