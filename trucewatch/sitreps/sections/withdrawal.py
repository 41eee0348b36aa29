"""Withdrawal: forces and weapons in place, and the areas that the agreement names apart."""

from __future__ import annotations

from trucewatch.agreement.terms import Agreement
from trucewatch.logs.inspections import InspectionOutcome
from trucewatch.sitreps.blocks import Block, Paragraph, Section, Table
from trucewatch.sitreps.languages import Language, listed, phrase, zone_name
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.clauses import POSITIONS, is_of_positions, told_of_clause
from trucewatch.sitreps.sections.counts import acts_of, figure, outcome_figures, outcome_heads

_FOUND = {
    str(InspectionOutcome.ALL_PRESENT): phrase("all present"),
    str(InspectionOutcome.SERIALS_REFUSED): phrase("count matches, serial numbers refused"),
    str(InspectionOutcome.MISSING_WITH_REASON): phrase("missing, with a reason"),
    str(InspectionOutcome.MISSING): phrase("missing"),
    str(InspectionOutcome.ACCESS_REFUSED): phrase("access refused"),
}


def withdrawal(figures: Figures, agreement: Agreement, language: Language) -> Section:
    """Return the findings on forces and weapons in place: withdrawals, ceilings, storage sites."""
    clauses = [clause for clause in agreement.clauses if is_of_positions(clause)]
    none = phrase(
        "No report received tells of forces or weapons in place, of storage sites or of steps of a withdrawal."
    )
    blocks = acts_of(figures, POSITIONS, none)
    if figures.inspections:
        rows = tuple((_FOUND[outcome], figure(number)) for outcome, number in figures.inspections.items())
        blocks.append(
            Table(phrase("Inspections of the period, by what was found"), ("", phrase("Number")), rows, frozenset({1}))
        )
    if not clauses:
        blocks.append(Paragraph(phrase("No clause asks for a withdrawal, a ceiling or a storage site.")))
    for clause in clauses:
        blocks += told_of_clause(clause, figures, agreement, language)
    return Section("4", phrase("Withdrawal and storage sites"), "withdrawal", tuple(blocks))


def special_areas(figures: Figures, agreement: Agreement) -> Section:
    """Return what was found in the areas that the agreement names apart, and which of them were never drawn."""
    named = {zone.id for zone in agreement.zones.values() if zone.part_of}
    rows = tuple((row.label, *outcome_figures(row.now)) for row in figures.areas if row.zone in named)
    blocks: list[Block] = []
    if rows:
        caption = phrase("Findings whose place lies wholly in a named area")
        blocks.append(Table(caption, ("", *outcome_heads(figures)), rows, frozenset({1, 2, 3})))
    hidden = [
        zone_name(zone.id, agreement) for zone in agreement.zones.values() if zone.id in named and zone.shape is None
    ]
    if hidden:
        told = phrase("Never drawn, so no incident can be placed in it: {zones}.", zones=listed(hidden))
        blocks.append(Paragraph(told))
    if not blocks:
        blocks.append(Paragraph(phrase("The agreement names no area apart from its zones.")))
    return Section("5", phrase("Special areas"), "special-areas", tuple(blocks))
