"""Harm: civilians, and what they live by."""

from __future__ import annotations

from trucewatch.sitreps.blocks import Block, Heading, Paragraph, Section, Table
from trucewatch.sitreps.languages import phrase
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.counts import acts_of, figure, harm_as_reported, incidents_of

_INFRASTRUCTURE = ("property", "humanitarian-access-restricted")


def harm(figures: Figures) -> Section:
    """Return civilian harm as reported and what of it was verified, and acts against what civilians live by."""
    harmed = [one for one in incidents_of(figures.told) if one.civilians_dead]
    several = [one for one in harmed if one.account.get("status") == "corroborated"]
    blocks: list[Block] = [Paragraph(harm_as_reported(figures))]
    if harmed:
        rows = (
            (phrase("As reported"), figure(len(harmed)), figure(sum(one.civilians_dead or 0 for one in harmed))),
            (
                phrase("of which told by more than one independent origin"),
                figure(len(several)),
                figure(sum(one.civilians_dead or 0 for one in several)),
            ),
        )
        head = ("", phrase("Incidents"), phrase("Civilians dead"))
        blocks.append(Table(phrase("Civilian harm, as reported"), head, rows, frozenset({1, 2})))
    blocks.append(
        Paragraph(phrase("Verified by the mission: no verification of civilian harm is recorded yet."), "note")
    )
    if harmed:
        listing = tuple((one.when, one.where, figure(one.civilians_dead or 0), one.id) for one in harmed)
        columns = (phrase("When"), phrase("Where"), phrase("Civilians dead"), phrase("Finding"))
        caption = phrase("Incidents with civilian dead, as reported")
        blocks.append(Table(caption, columns, listing, frozenset({2}), is_folded=True))
    blocks.append(Heading(phrase("Infrastructure and humanitarian access"), "infrastructure"))
    blocks += acts_of(figures, _INFRASTRUCTURE, phrase("No report received tells of an act of these kinds."))
    return Section("3", phrase("Civilian harm and infrastructure"), "civilian-harm", tuple(blocks))
