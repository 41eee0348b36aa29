"""Page: a sitrep as one HTML file that opens anywhere, offline, without scripts, on a phone and on paper.

Everything stated is in `Figures`; this module only brings it into the order in which it is read. What comes from
outside is escaped, and characters that turn or hide the text around them are shown instead of obeyed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from trucewatch.agreement.terms import Agreement, Clause, Rival, Term, TermKind, TextSource, Words
from trucewatch.judgements import Outcome
from trucewatch.problems import Problem
from trucewatch.sitreps.map import NO_ZONE, NOT_AUTHORITATIVE, caption_of, draw_map, tell_caption
from trucewatch.sitreps.material import Cell, Figures, Told, Window
from trucewatch.sitreps.sentences import listed, tell_unknowns
from trucewatch.when import Span, tell, time_zone

OUTCOMES = {
    str(Outcome.VIOLATION): "violation",
    str(Outcome.OUTSIDE_SCOPE): "outside scope",
    str(Outcome.UNDETERMINED): "undetermined",
}
MOST_LINES = 50  # of the rows refused for one reason
SHORT = 20  # a list of violations no longer than this stands open

# Characters that reorder or hide what stands around them; quoted text must not rewrite the page it stands on.
_UNSEEN = {
    **{code: "\ufffd" for code in (*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))},
    **{code: "\ufffd" for code in range(0xD800, 0xE000)},
    **{code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)},
}
_RIGHT_TO_LEFT = r"\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_RUN = re.compile(rf"([{_RIGHT_TO_LEFT}](?:[{_RIGHT_TO_LEFT}\s\u200c-\u200f'’.،-]*[{_RIGHT_TO_LEFT}])?)")


@dataclass(frozen=True, slots=True)
class Month:
    """The findings of one clause and outcome that begin in one month."""

    label: str
    findings: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one clause and outcome; `is_open` for the violations, `is_short` where they need no folding."""

    word: str
    number: int
    months: tuple[Month, ...]
    is_open: bool
    is_short: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """One fact that is not known: in how many open cases it would do alone, and in how many it is missing at all."""

    words: str
    alone: int
    among: int


@dataclass(frozen=True, slots=True)
class OpenCases:
    """The undetermined findings that the same facts would settle."""

    ways: tuple[str, ...]
    findings: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """What was wrong with the rows refused for one reason: how many, and the first of them."""

    code: str
    number: int
    first: tuple[Problem, ...]


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
    marks: tuple[tuple[float, str], ...]
    is_numbered: bool


def render_page(figures: Figures, agreement: Agreement) -> str:
    """Write a sitrep as one self-contained HTML page; the same figures give the same bytes."""
    return _templates().get_template("sitrep.html.j2").render(_content(figures, agreement)) + "\n"


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("trucewatch", "sitreps"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        isolated=isolated,
        number=_number,
        counted=_counted,
        css_text=css_text,
        listed=listed,
        tests=_tests,
        cites=_cites,
    )
    return templates


def _content(figures: Figures, agreement: Agreement) -> dict[str, Any]:
    caption = caption_of(figures, agreement)
    order = _order(figures, agreement)
    return {
        "f": figures,
        "agreement": agreement,
        "marking": ("SIMULATION · " if figures.is_simulation else "") + figures.marking.upper(),
        "other_titles": sorted((lang, words) for lang, words in agreement.title.items() if lang != "en"),
        "outcomes": OUTCOMES,
        "before": _before(figures, agreement),
        "areas": sorted(figures.areas, key=lambda row: order.get(row.zone, len(order))),
        "zones": sorted(figures.zones, key=lambda zone: order[zone[0]]),
        "part_of": {zone: label for zone, label in _parents(figures, agreement)},
        "read_by": _read_by(figures, agreement),
        "clauses": [(clause, _wording(clause.says)) for clause in agreement.clauses],
        "exceptions": {clause.id: _exceptions(clause, agreement) for clause in agreement.clauses},
        "terms": [(term, _rivals(term, agreement)) for term in _terms(agreement) if len(term.rivals) > 1],
        "texts": _texts(agreement),
        "parties": [(_labels(party.actors, agreement), party) for party in agreement.parties.values()],
        "guarantors": _labels(agreement.guarantors, agreement),
        "windows": [(window, _most(window)) for window in figures.windows],
        "chart": _chart(figures, agreement),
        "map_small": Markup(draw_map(figures, agreement, is_small=True)),
        "map_large": Markup(draw_map(figures, agreement)),
        "caption": caption,
        "caption_words": tell_caption(caption) if caption else (),
        "no_zone": NO_ZONE,
        "not_authoritative": NOT_AUTHORITATIVE,
        "sections": _by_clause(figures, agreement),
        "missing": _missing(figures, agreement),
        "open_cases": _open_cases(figures),
        "refused": _refused(figures.problems),
        "most_lines": MOST_LINES,
        "standards": sorted({told.account["standard"].replace("-", " ") for told in figures.told}),
        "boundaries": agreement.boundaries,
        "empty": Cell("not observed"),
    }


# ---- words -----------------------------------------------------------------------------------------------------------


def _seen(value: Any) -> Any:
    """Show characters that would reorder or hide the text around them."""
    return value.translate(_UNSEEN) if isinstance(value, str) else value


def isolated(text: str) -> Markup:
    """Escape a text and set each run of right-to-left script apart, so that it reorders nothing beside it.

    >>> isolated("reported by شبكة شام: <3")
    Markup('reported by <bdi>شبكة شام</bdi>: &lt;3')
    """
    parts = _RUN.split(text)
    return Markup("").join(
        Markup("<bdi>{}</bdi>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts)
    )


def css_text(text: str) -> Markup:
    r"""Write a text as a string of CSS that cannot end the string, the rule or the style sheet.

    >>> css_text('a"</style>')
    Markup('"a\\000022\\00003C\\00002Fstyle\\00003E"')
    """
    written = "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06X}" for c in text)
    return Markup(f'"{written}"')


def _number(count: int) -> str:
    return f"{count:,}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _wording(words: Words) -> str:
    return words.get("en") or next(iter(words.values()), "")


def _tests(tests: Mapping[str, str]) -> str:
    return ", ".join(f"{'in scope' if name == 'scope' else name}: {answer}" for name, answer in tests.items())


def _cites(chain: str | None, office: str | None) -> str:
    """Return whom a report names as its origin, where that is somebody other than its teller."""
    if not chain:
        return ""
    named = [str(name) for name in json.loads(chain)]
    return ", ".join(named) if named and named != [office] else ""


def _labels(actors: Iterable[str], agreement: Agreement) -> str:
    return listed(agreement.register.label(actor) for actor in actors)


def _read_by(figures: Figures, agreement: Agreement) -> str:
    """Return whose reading a sitrep follows, or nothing."""
    reading = agreement.readings.get(figures.reading)
    if reading is None:
        return ""
    return "no party’s" if reading.by == "ours" else f"as {agreement.register.label(reading.by)} reads it"


def _exceptions(clause: Clause, agreement: Agreement) -> list[tuple[str, str]]:
    """Return (whom an exception is about, its note) for each exception of a clause."""
    told = []
    for exception in clause.outside_scope:
        targets = f"acts against {_labels(exception.targets, agreement)}" if exception.targets else ""
        actors = f"acts by {_labels(exception.actors, agreement)}" if exception.actors else ""
        told.append((", ".join(filter(None, (targets, actors))) or exception.id, exception.note))
    return told


def _terms(agreement: Agreement) -> list[Term]:
    """Return the terms that the clauses in force rest on; those of demands alone are in no sitrep."""
    named = {moment.term for moment in agreement.in_force}
    for clause in agreement.clauses:
        named |= {clause.start.term, clause.end.term, clause.ground.term, clause.ground.distance_term}
    return [term for term in agreement.terms.values() if term.id in named or term.kind is TermKind.BOUND]


def _texts(agreement: Agreement) -> list[TextSource]:
    """Return the sources that what is in force rests on."""
    says = [clause.sources for clause in agreement.clauses]
    says += [exception.says for clause in agreement.clauses for exception in clause.outside_scope]
    says += [rival.says for term in _terms(agreement) for rival in term.rivals]
    says += [party.says for party in agreement.parties.values()]
    says += [zone.says for zone in agreement.zones.values()]
    says += [reading.says for reading in agreement.readings.values()]
    named = {name for names in says for name in names}
    return [source for source in agreement.sources.values() if source.id in named]


def _rivals(term: Term, agreement: Agreement) -> list[tuple[str, str]]:
    """Return (value, who says so) for each value that competes for a term."""
    titles = {name: source.title for name, source in agreement.sources.items()}
    return [
        (_rival(rival, agreement), "; ".join(titles.get(name, name) for name in rival.says)) for rival in term.rivals
    ]


def _rival(rival: Rival, agreement: Agreement) -> str:
    match rival.value:
        case Span():
            return tell(rival.value, agreement.timezone)
        case None:
            return "none"
        case bool():
            return "bound" if rival.value else "not bound"
    names = [each for each in rival.value if isinstance(each, str)]
    distances = [each / 1000 for each in rival.value if not isinstance(each, str)]
    if distances:
        least, most = distances[0], distances[-1]
        return f"{least:g} km" if least == most else f"{least:g} to {most:g} km"
    return listed(agreement.zones[name].label if name in agreement.zones else name for name in names)


def _before(figures: Figures, agreement: Agreement) -> str:
    start, end = figures.period.before
    return tell(Span(start, end, "interval"), agreement.timezone)


def _parents(figures: Figures, agreement: Agreement) -> list[tuple[str, str]]:
    """Return (zone, name of the zone it is part of) for the named areas inside others."""
    labels = dict(figures.zones)
    held = [(zone, agreement.zones[zone].part_of) for zone in labels if zone in agreement.zones]
    return [(zone, labels[parent]) for zone, parent in held if parent in labels]


def _order(figures: Figures, agreement: Agreement) -> dict[str, int]:
    """Return the place of each zone in the tables: a named area stands behind the zone that it is part of."""
    zones = [zone for zone, _ in figures.zones]
    parts = {zone: agreement.zones[zone].part_of for zone in zones if zone in agreement.zones}
    heads = [zone for zone in zones if parts.get(zone) not in zones]
    ordered = [each for head in heads for each in (head, *(zone for zone in zones if parts.get(zone) == head))]
    return {zone: at for at, zone in enumerate([*ordered, *(zone for zone in zones if zone not in ordered)])}


# ---- findings --------------------------------------------------------------------------------------------------------


def _by_clause(figures: Figures, agreement: Agreement) -> list[tuple[Clause, str, list[Group]]]:
    """Return each clause in force with its findings, by outcome and month."""
    return [
        (clause, _wording(clause.says), _groups([t for t in figures.told if t.clause == clause.id], agreement))
        for clause in agreement.clauses
    ]


def _groups(told: Sequence[Told], agreement: Agreement) -> list[Group]:
    groups = []
    for outcome, word in (*OUTCOMES.items(), (str(Outcome.UNTOUCHED), "alleged, and not reached by the clause")):
        of_outcome = [finding for finding in told if finding.outcome == outcome]
        if of_outcome:
            is_open = outcome == Outcome.VIOLATION
            is_short = is_open and len(of_outcome) <= SHORT
            groups.append(Group(word, len(of_outcome), _months(of_outcome, agreement), is_open, is_short))
    return groups


def _months(told: Iterable[Told], agreement: Agreement) -> tuple[Month, ...]:
    zone = time_zone(agreement.timezone)

    def first(finding: Told) -> datetime:
        return finding.earliest.astimezone(zone)

    ordered = sorted(told, key=lambda finding: (finding.earliest, finding.id))
    months = groupby(ordered, key=lambda finding: (first(finding).year, first(finding).month))
    return tuple(Month(_month_label(f"{year:04d}-{month:02d}"), tuple(held)) for (year, month), held in months)


def _month_label(month: str) -> str:
    return f"{datetime.strptime(month, '%Y-%m'):%B} {month[:4]}"


def _undetermined(figures: Figures) -> list[Told]:
    return [told for told in figures.told if told.outcome == Outcome.UNDETERMINED]


def _missing(figures: Figures, agreement: Agreement) -> list[Missing]:
    """Return the facts that are not known, those first that would settle most open cases alone."""
    alone: dict[str, int] = {}
    among: dict[str, int] = {}
    for told in _undetermined(figures):
        ways = [tuple(names) for names in json.loads(told.account["settled_by"])]
        for name in {names[0] for names in ways if len(names) == 1}:
            alone[name] = alone.get(name, 0) + 1
        for name in {name for names in ways for name in names}:
            among[name] = among.get(name, 0) + 1
    ranked = sorted(among, key=lambda name: (-alone.get(name, 0), -among[name], name))
    return [Missing(tell_unknowns([name], agreement), alone.get(name, 0), among[name]) for name in ranked]


def _open_cases(figures: Figures) -> list[OpenCases]:
    """Return the undetermined findings by what would settle them, the largest groups first."""
    grouped: dict[tuple[str, ...], list[Told]] = {}
    for told in _undetermined(figures):
        grouped.setdefault(told.settled_by, []).append(told)
    ranked = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    return [OpenCases(ways, tuple(sorted(held, key=lambda told: (told.earliest, told.id)))) for ways, held in ranked]


def _refused(problems: Iterable[Problem]) -> list[Refused]:
    grouped: dict[str, list[Problem]] = {}
    for problem in sorted(problems):
        grouped.setdefault(problem.code, []).append(problem)
    ranked = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Refused(code, len(held), tuple(held[:MOST_LINES])) for code, held in ranked]


# ---- charts ----------------------------------------------------------------------------------------------------------

_WIDE, _HIGH, _HEAD, _FOOT, _SIDE = 720.0, 260.0, 40.0, 46.0, 44.0
_WIDEST = 60.0
_MOST_NUMBERED, _MOST_LETTERED = 18, 14  # months, until numbers and names of three letters would touch


def _most(window: Window) -> int:
    return max((number for _, *numbers in window.dyads for number in numbers), default=0)


def _chart(figures: Figures, agreement: Agreement) -> Chart | None:
    """Lay out the monthly chart; None where no month was counted."""
    if not figures.by_month:
        return None
    months = sorted(figures.by_month)
    step = (_WIDE - _SIDE) / len(months)
    floor, room = _HIGH - _FOOT, _HIGH - _FOOT - _HEAD
    unit = _scale_step(max(figures.by_month.values()))
    top = unit * -(-max(1, max(figures.by_month.values())) // unit)
    bars = []
    for at, month in enumerate(months):
        number = figures.by_month[month]
        high = round(room * number / top, 1)
        width = round(min(step * 0.72, _WIDEST), 1)
        x = round(_SIDE + step * (at + 0.5) - width / 2, 1)
        year = month[:4] if at == 0 or month.endswith("-01") else ""
        label = _month_label(month)
        letters = label[:3] if len(months) <= _MOST_LETTERED else label[:1]
        bars.append(Bar(label, number, x, round(floor - high, 1), width, high, letters, year))
    lines = tuple((round(floor - room * number / top, 1), number) for number in range(0, top + 1, unit))
    marks = _marks(months, step, agreement)
    return Chart(_WIDE, _HIGH, floor, tuple(bars), lines, marks, len(months) <= _MOST_NUMBERED)


def _scale_step(most: int) -> int:
    steps = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000)
    return next((step for step in steps if most <= 5 * step), steps[-1])


def _marks(months: Sequence[str], step: float, agreement: Agreement) -> tuple[tuple[float, str], ...]:
    """Return where on the chart the days lie on which the agreement may have come into force."""
    zone = time_zone(agreement.timezone)
    days = sorted({instant.astimezone(zone).date() for instant in agreement.in_force_from()})
    marks = []
    for day in days:
        month = f"{day.year:04d}-{day.month:02d}"
        if month in months:
            marks.append((round(_SIDE + step * (months.index(month) + (day.day - 1) / 31), 1), f"{day:%-d %B %Y}"))
    return tuple(marks)
