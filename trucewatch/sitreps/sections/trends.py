"""Trends: before and after each day of coming into force, and the months side by side."""

from __future__ import annotations

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.blocks import Block, Heading, Paragraph, Picture, Section, Table
from trucewatch.sitreps.charts import Chart, chart_of, draw_chart
from trucewatch.sitreps.languages import Language, joined, phrase
from trucewatch.sitreps.material import Figures, Window
from trucewatch.sitreps.sections.counts import figure


def trends(figures: Figures, agreement: Agreement, language: Language) -> Section:
    """Return what went before and came after each day of coming into force, and the months side by side."""
    blocks: list[Block] = [
        Heading(phrase("Before and after"), "windows"),
        Paragraph(
            phrase(
                "Lethal incidents in the thirty days before and after each day on which the agreement may have come "
                "into force. The counts stand side by side; no claim is made that the agreement caused any difference "
                "between them."
            )
        ),
        *(_window(window) for window in figures.windows),
    ]
    if not figures.windows:
        blocks.append(Paragraph(phrase("No such day has thirty days on either side within what was received."), "note"))
    blocks.append(Heading(phrase("Month by month"), "months"))
    chart = chart_of(figures, agreement, language)
    if chart is None:
        none = phrase("No incident of the period was recorded by a source that records deaths.")
        return Section("", phrase("Trends"), "trends", (*blocks, Paragraph(none)))
    return Section("", phrase("Trends"), "trends", (*blocks, *_by_month(chart, language)))


def _window(window: Window) -> Table:
    most = max((number for _, *numbers in window.dyads for number in numbers), default=0)
    bars = {
        (at, column): number / most
        for at, (_, *numbers) in enumerate(window.dyads)
        for column, number in enumerate(numbers, start=1)
        if number
    }
    head = (
        phrase("Who took part"),
        joined((phrase("Before"), window.before_text), "\n"),
        joined((phrase("After"), window.after_text), "\n"),
    )
    rows = tuple((who, figure(before), figure(after)) for who, before, after in window.dyads)
    foot = (phrase("In all"), figure(window.before), figure(window.after))
    caption = phrase("Lethal incidents round {day}, by who took part", day=window.date)
    return Table(caption, head, rows, frozenset({1, 2}), "windows", bars=bars, foot=foot)


def _by_month(chart: Chart, language: Language) -> list[Block]:
    alt = phrase("A bar for each month; the table below has the same numbers.")
    caption = (
        phrase("The dashed line marks a day on which the agreement may have come into force.") if chart.marks else ""
    )
    rows = tuple((bar.month, figure(bar.number)) for bar in chart.bars)
    title = phrase("Lethal incidents by month")
    return [
        Paragraph(
            phrase(
                "Lethal incidents that sources recorded in the area of the agreement, by the month in which they can "
                "have begun. The area is the source’s own; a finding’s place is never narrowed by it. A month that the "
                "period cuts counts its days within the period only."
            )
        ),
        Picture(draw_chart(chart, language), alt, caption, int(chart.width), int(chart.height)),
        Table(title, (phrase("Month"), phrase("Incidents")), rows, frozenset({1}), "slim", is_folded=True),
    ]
