"""Overview: page one, which says the most important things and what could not be seen."""

from __future__ import annotations

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.blocks import Block, Bullets, Heading, Paragraph, Picture, Section, Table
from trucewatch.sitreps.languages import joined, phrase, sentences, when
from trucewatch.sitreps.map import Drawing
from trucewatch.sitreps.material import COUNTED, Figures
from trucewatch.sitreps.sections.clauses import told_by_outcome
from trucewatch.sitreps.sections.counts import (
    harm_as_reported,
    outcome_figures,
    outcome_heads,
    parents_of,
    zones_in_order,
)
from trucewatch.when import Span


def overview(figures: Figures, agreement: Agreement, small: Drawing | None, is_whole: bool = True) -> Section:
    """Return page one: assessment, counts, harm, on whose word, by area, where, and what could not be seen.

    Of a part of the findings (not `is_whole`) nothing is said of other periods and readings, which were not counted.
    """
    blocks: list[Block] = [*(Paragraph(sentence, "lead") for sentence in figures.assessment)]
    blocks += [Heading(phrase("Findings"), "counts"), *_counts(figures, agreement)]
    blocks += [Heading(phrase("Civilian harm"), "harm"), Paragraph(harm_as_reported(figures))]
    if is_whole:
        blocks += [Heading(phrase("On whose word"), "word"), Paragraph(_word(figures))]
    blocks += [Heading(phrase("By area"), "by-area"), _areas(figures, agreement, is_whole)]
    blocks += [Heading(phrase("Where"), "where"), *_where(small)]
    blocks += [Heading(phrase("What could not be seen"), "not-seen"), *_not_seen(figures)]
    return Section("1", phrase("Overview"), "overview", tuple(blocks))


def flash(figures: Figures, agreement: Agreement) -> Section:
    """Return the one page of a flash report on one finding: what it says, under every clause, and what nobody saw."""
    blocks = told_by_outcome(figures.told, figures, agreement, is_open=True)
    blocks += [Heading(phrase("What could not be seen"), "not-seen"), Bullets(figures.not_seen)]
    return Section("1", phrase("Overview"), "overview", tuple(blocks))


def _counts(figures: Figures, agreement: Agreement) -> list[Block]:
    rows = [(phrase("With the presumption"), *outcome_figures(figures.counts))]
    if figures.strict_counts is not None:
        rows.append((phrase("Without it (reading “strict”)"), *outcome_figures(figures.strict_counts)))
    caption = phrase("Findings of the period, each resting on what was reported")
    number = figures.counts.get(COUNTED[0], 0)
    found = phrase("{count} finding", "{count} findings", count=number)
    if figures.may_determine:
        found = phrase("{count} finding of violation", "{count} findings of violation", count=number)
    rests = phrase(
        "{presumed} of the {findings} rests on the presumption that a name which may stand for several groups, or an "
        "actor whom nobody named, is a bound side.",
        "{presumed} of the {findings} rest on the presumption that a name which may stand for several groups, or an "
        "actor whom nobody named, is a bound side.",
        presumed=figures.presumed,
        count=figures.presumed,
        findings=found,
    )
    without = "" if "strict" in agreement.readings else phrase("The agreement has no reading that does without it.")
    return [
        Table(caption, ("", *outcome_heads(figures)), tuple(rows), frozenset({1, 2, 3})),
        Paragraph(sentences(rests, without), "note"),
    ]


def _word(figures: Figures) -> str:
    told = figures.concentration
    if told is None:
        return phrase("No report names who told it.")
    return phrase(
        "{alone} of {incidents} rest on {office} alone; {cite} cite it. What one source tells is reported, not "
        "confirmed.",
        alone=told.alone,
        incidents=told.incidents,
        office=told.office,
        cite=told.cite,
    )


def _areas(figures: Figures, agreement: Agreement, is_whole: bool) -> Table:
    is_held = any(row.before is not None for row in figures.areas)
    order = {zone: at for at, zone in enumerate(zones_in_order(figures, agreement))}
    parts = parents_of(figures, agreement)
    start, end = figures.period.before
    before = when(Span(start, end, "interval"), agreement.timezone)
    if is_held:
        caption = phrase(
            "Findings whose place lies wholly in the area. Beneath each, the period before: {period}", period=before
        )
    elif is_whole:
        caption = phrase(
            "Findings whose place lies wholly in the area. The period before, {period}, was not received", period=before
        )
    else:
        caption = phrase("Findings whose place lies wholly in the area")
    rows: list[tuple[str, ...]] = []
    inner: set[int] = set()
    for row in sorted(figures.areas, key=lambda row: order.get(row.zone, len(order))):
        if row.zone in parts:
            inner.add(len(rows))
        label = phrase("of which {area}", area=row.label) if row.zone in parts else row.label
        cells = list(outcome_figures(row.now))
        if is_held:
            earlier = outcome_figures(row.before) if row.before is not None else [phrase("not received")] * len(COUNTED)
            cells = [joined((now, then), "\n") for now, then in zip(cells, earlier, strict=True)]
        rows.append((label, *cells))
    return Table(
        caption, ("", *outcome_heads(figures)), tuple(rows), frozenset({1, 2, 3}), "areas", inner=frozenset(inner)
    )


def _where(small: Drawing | None) -> list[Block]:
    if small is None:
        return [Paragraph(phrase("None of the agreement's zones was ever drawn, so there is no map."))]
    return [Picture(small.svg, small.alt, joined(small.caption, " "), small.width, small.height)]


def _not_seen(figures: Figures) -> list[Block]:
    if figures.not_seen:
        return [Bullets(figures.not_seen)]
    return [Paragraph(phrase("Nothing was found that the sources could not have seen."))]
