"""Movement: what hindered the monitors, and what befell them."""

from __future__ import annotations

from trucewatch.logs.patrols import PatrolOutcome
from trucewatch.sitreps.blocks import Block, Heading, Paragraph, Section, Table
from trucewatch.sitreps.languages import phrase
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.counts import acts_of, figure

_FREEDOM = "restriction-of-movement"


def freedom(figures: Figures) -> Section:
    """Return what hindered the monitors, by kind, and what befell them."""
    none = phrase("No report received tells of a restriction of the monitors’ freedom of movement.")
    blocks: list[Block] = [
        *acts_of(figures, (_FREEDOM,), none),
        _patrols(figures),
        Heading(phrase("Safety of monitors"), "safety"),
        Paragraph(phrase("Acts against the monitors themselves are not recorded apart yet.")),
    ]
    title = phrase("Freedom of movement and safety of monitors")
    return Section("6", title, "freedom-of-movement", tuple(blocks))


def _patrols(figures: Figures) -> Block:
    """Return what became of the patrols that were planned."""
    if not figures.patrols:
        return Paragraph(
            phrase("No patrol is on record, so that none was reported does not mean that none was hindered.")
        )
    words = {
        PatrolOutcome.EXECUTED: phrase("executed"),
        PatrolOutcome.CURTAILED: phrase("curtailed"),
        PatrolOutcome.TURNED_BACK: phrase("turned back"),
        PatrolOutcome.CANCELLED: phrase("cancelled"),
        "": phrase("not told yet"),
    }
    rows = tuple((said, figure(figures.patrols[word])) for word, said in words.items() if word in figures.patrols)
    caption = phrase("Patrols planned in the period, and what became of them")
    return Table(caption, (phrase("What became of them"), phrase("Patrols")), rows, frozenset({1}), "slim")
