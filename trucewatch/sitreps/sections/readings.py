"""Readings: what comes out otherwise by how the parties read the agreement; all of them beside each other."""

from __future__ import annotations

from trucewatch.assessment.judgements import Outcome
from trucewatch.sitreps.blocks import Block, Heading, Paragraph, Table
from trucewatch.sitreps.languages import phrase
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.counts import figure, outcome_words


def side_by_side(figures: Figures) -> list[Block]:
    """Return the table of what flips; nothing where it was not asked for."""
    told = figures.readings
    if told is None:
        return []
    words = {**outcome_words(figures), str(Outcome.UNTOUCHED): phrase("not concerned")}
    number = sum(group.findings for group in told.flipped)
    blocks: list[Block] = [
        Heading(phrase("What flips between the parties’ readings: {number}", number=number), "readings"),
        Paragraph(
            phrase(
                "How findings of this period come out where nothing contested is chosen, and under the reading of each "
                "side that has one. These readings are told all together, or none of them is, and none goes before "
                "another."
            )
        ),
    ]
    if not told.flipped:
        return [*blocks, Paragraph(phrase("No finding of this period comes out otherwise under any of them."))]
    rows = tuple(
        (group.clause, *(words[outcome] for outcome in group.outcomes), group.because, figure(group.findings))
        for group in told.flipped
    )
    head = (phrase("Clause"), *told.names, phrase("Because of"), phrase("Findings"))
    caption = phrase("Findings that come out otherwise, by reading, and what that hangs on")
    return [*blocks, Table(caption, head, rows, frozenset({len(head) - 1}))]
