"""Charts: lethal incidents by month, as bars; time runs from left to right in every language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import escape

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.languages import Language, month, phrase
from trucewatch.sitreps.map import write_text
from trucewatch.sitreps.material import Figures
from trucewatch.when import local_day

_WIDE, _HIGH, _HEAD, _FOOT, _SIDE = 720.0, 260.0, 40.0, 46.0, 44.0
_WIDEST = 60.0
_MOST_NUMBERED, _MOST_LETTERED = 18, 14  # months, until numbers and names of months would touch


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the monthly chart, in units of the drawing."""

    month: str
    number: int
    x: float
    y: float
    width: float
    height: float
    letters: str
    year: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The monthly chart: bars, lines of the scale (y, number), and marks of coming into force (x, day)."""

    width: float
    height: float
    floor: float
    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    marks: tuple[tuple[float, date], ...]
    is_numbered: bool


def chart_of(figures: Figures, agreement: Agreement, language: Language) -> Chart | None:
    """Lay out the monthly chart; None where no month was counted."""
    if not figures.by_month:
        return None
    months = sorted(figures.by_month)
    step = (_WIDE - _SIDE) / len(months)
    floor, room = _HIGH - _FOOT, _HIGH - _FOOT - _HEAD
    unit = _scale_step(max(figures.by_month.values()))
    top = unit * -(-max(1, max(figures.by_month.values())) // unit)
    bars = []
    for at, told in enumerate(months):
        first = date(int(told[:4]), int(told[5:]), 1)
        number = figures.by_month[told]
        high = round(room * number / top, 1)
        width = round(min(step * 0.72, _WIDEST), 1)
        x = round(_SIDE + step * (at + 0.5) - width / 2, 1)
        year = told[:4] if at == 0 or told.endswith("-01") else ""
        label = language.tell(month(first.year, first.month))
        letters = _letters(first, len(months), language)
        bars.append(Bar(label, number, x, round(floor - high, 1), width, high, letters, year))
    lines = tuple((round(floor - room * number / top, 1), number) for number in range(0, top + 1, unit))
    return Chart(
        _WIDE, _HIGH, floor, tuple(bars), lines, _marks(months, step, agreement), len(months) <= _MOST_NUMBERED
    )


def _letters(first: date, months: int, language: Language) -> str:
    """Return the name of a month as far as there is room; a number where its first letter tells too little."""
    if language.code == "en":
        return f"{first:%B}"[: 3 if months <= _MOST_LETTERED else 1]
    return str(first.month)


def draw_chart(chart: Chart, language: Language) -> str:
    """Draw the monthly chart as SVG."""
    title = language.tell(phrase("Lethal incidents by month"))
    desc = language.tell(phrase("A bar for each month; the table below has the same numbers."))
    drawn = [
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}" role="img" '
        'aria-labelledby="chart-title chart-desc">',
        f'<title id="chart-title">{escape(title)}</title>',
        f'<desc id="chart-desc">{escape(desc)}</desc>',
    ]
    for y, number in chart.lines:
        drawn.append(f'<path class="line" d="M44 {y}H{chart.width}"/>')
        drawn.append(f'<text x="38" y="{y + 5}" text-anchor="end" direction="ltr">{number:,}</text>')
    for at, (x, day) in enumerate(chart.marks):
        drawn.append(f'<path class="mark" d="M{x} 16V{chart.floor}"/>')
        is_left = x >= chart.width * 0.7
        told = language.tell(phrase("in force, {day}", day=day))
        place, anchor = (x - 5, "end") if is_left else (x + 5, "start")
        drawn.append(write_text("mark", place, 38 if at % 2 else 24, told, language, anchor))
    for bar in chart.bars:
        drawn += _draw_bar(bar, chart)
    return "\n".join([*drawn, "</svg>"])


def _draw_bar(bar: Bar, chart: Chart) -> list[str]:
    middle = f"{bar.x + bar.width / 2:.1f}"
    drawn = [f'<rect x="{bar.x}" y="{bar.y}" width="{bar.width}" height="{bar.height}"/>']
    if chart.is_numbered:
        value = f'<text class="value" x="{middle}" y="{bar.y - 5:.1f}" text-anchor="middle">{bar.number:,}</text>'
        drawn += [value, f'<text x="{middle}" y="{chart.floor + 19}" text-anchor="middle">{escape(bar.letters)}</text>']
    if bar.year:
        x, down, anchor = (middle, 39, "middle") if chart.is_numbered else (f"{bar.x}", 22, "start")
        drawn.append(f'<text x="{x}" y="{chart.floor + down}" text-anchor="{anchor}" direction="ltr">{bar.year}</text>')
    return drawn


def _scale_step(most: int) -> int:
    steps = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000)
    return next((step for step in steps if most <= 5 * step), steps[-1])


def _marks(months: Sequence[str], step: float, agreement: Agreement) -> tuple[tuple[float, date], ...]:
    """Return where on the chart the days lie on which the agreement may have come into force."""
    days = sorted({local_day(instant, agreement.timezone) for instant in agreement.in_force_from()})
    marks = []
    for day in days:
        told = f"{day.year:04d}-{day.month:02d}"
        if told in months:
            marks.append((round(_SIDE + step * (months.index(told) + (day.day - 1) / 31), 1), day))
    return tuple(marks)
