"""Corrections: what earlier reports told and is found otherwise now."""

from __future__ import annotations

from trucewatch.sitreps.blocks import Paragraph, Section, Table
from trucewatch.sitreps.languages import phrase
from trucewatch.sitreps.material import Figures


def corrections(figures: Figures) -> Section:
    """Return each finding of an earlier report that is told otherwise now, and why."""
    title = phrase("Corrections to earlier reports")
    if not figures.corrections:
        return Section("10", title, "corrections", (Paragraph(phrase("No earlier report is corrected.")),))
    rows = tuple(
        (each.finding, each.was, each.now or phrase("no longer made"), each.why) for each in figures.corrections
    )
    head = (phrase("Finding"), phrase("It was told as"), phrase("It is told as"), phrase("Why"))
    return Section("10", title, "corrections", (Table(title, head, rows),))
