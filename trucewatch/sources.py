"""Sources: how each feed is read, as its description says; no feed has code of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from trucewatch.acts import act_tree, crosswalks, weapon_tree
from trucewatch.evidence import Assertion, Extent, Means, Qualifier, Reliability
from trucewatch.levels import Level, read_level
from trucewatch.problems import Problem, TrucewatchError, did_you_mean
from trucewatch.rows import Form, LooksLike, Shape, read_header
from trucewatch.texts import Marked, read_text
from trucewatch.when import read_edtf, time_zone

FORMAT = 1
LOCAL = "local"
KEEP = "keep"
INTERESTS = ("party", "ally", "funder")
PLACINGS = ("disc", "area", "country", "sector", "drawn", "unplaced")

# What a description may say of a record: section -> key there -> the field it fills.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "what": {
        "assertion": "assertion",
        "act": "act",
        "weapon": "weapon",
        "calibre_mm": "calibre_mm",
        "count": "count",
        "count_qualifier": "count_qualifier",
        "count_unit": "count_unit",
        "exercise": "exercise",
        "allegation": "allegation",
    },
    "when": {"from": "from", "until": "until", "extent": "time_extent"},
    "where": {
        "lon": "lon",
        "lat": "lat",
        "grid": "grid",
        "area": "area",
        "country": "country",
        "adm_1": "adm_1",
        "name": "place_name",
        "extent": "place_extent",
    },
    "dead": {"low": "dead_low", "high": "dead_high", "civilians": "civilians_dead"},
    "told": {"means": "means", "text": "text"},
}
# The fields of a claim that may have a level of their own.
LEVELLED = (
    *("record", "file", "line", "act", "weapon", "calibre_low_mm", "calibre_high_mm"),
    *("earliest", "latest", "time_extent"),
    *("place_kind", "lon", "lat", "radius_m", "area", "country", "geometry", "place_extent", "place_name", "adm_1"),
    *("count_low", "count_high", "count_qualifier", "count_unit"),
    *("pairs", "dead_low", "dead_high", "civilians_dead", "records_deaths"),
    *("means", "office", "cites", "interest", "reliability", "curated", "allegation", "exercise", "facts", "text"),
)

_TOP = (
    *("format", "id", "title", "publisher", "licence", "citation", "reliability", "interest", "curated"),
    *("records_deaths", "timezone", "refusal_limit", "file", "recognise", "record", "event_key"),
    *(*SECTIONS, "who", "facts", "levels"),
)
_VALUE = ("column", "always", "join", "with", "between", "take", "words", "crosswalk", "otherwise", "empty")
_BESIDES = {"when": ("written", "vague"), "where": ("placing",), "told": ("by", "cites", "chain")}
_PLACING = {
    "disc": ("radius_m",),
    "area": ("named",),
    "sector": ("bearing", "unit", "reference", "error_deg", "declination_deg", "nearest_m", "furthest_m"),
    "drawn": ("shape",),
}
_NEEDED = {"disc": ("radius_m",), "drawn": ("shape",), "sector": ("bearing", "error_deg", "furthest_m")}
_TRUTH = ("yes", "no", "true", "false")


@dataclass(frozen=True, slots=True)
class Value:
    """How one field is had from a row.

    From the first filled of some columns, or a constant, or some columns joined; then a part of it; then what the word
    stands for. `otherwise` is for a word that stands in no table (None: the row is refused), `empty` for an empty cell.
    """

    line: int
    columns: tuple[str, ...] = ()
    always: str | None = None
    join: tuple[str, ...] = ()
    glue: str = ", "
    between: tuple[str, ...] = ()
    take: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    crosswalk: str = ""
    otherwise: str | None = None
    empty: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of one column: it has one of some values (or none of them), is filled, or is above a number."""

    column: str
    values: tuple[str, ...] = ()
    negated: bool = False
    filled: bool | None = None
    above: float | None = None


@dataclass(frozen=True, slots=True)
class Vague:
    """For which rows the day stands for more: so many days to either side, or the whole month or year."""

    when: tuple[Condition, ...]
    days_either_side: int = 0
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Placing:
    """One way to place a row: for which rows, as what, and from which values."""

    when: tuple[Condition, ...]
    kind: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who may have done it to whom, for which rows: each of `by` to `on`, or (`both_ways`) the two to each other."""

    when: tuple[Condition, ...]
    by: tuple[Value, ...]
    on: Value | None = None
    both_ways: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """Who told it: a value, or a list of entries written in a form.

    `entry_start` and `entry` are regular expressions made from the form, with groups `office`, `day`, `text`; `closing`
    is the mark that ends an entry.
    """

    value: Value
    entry_start: str = ""
    entry: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """How far a source was believed from an instant on (None: from the outset), A to F, and why."""

    since: datetime | None
    reliability: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """How one feed is read.

    `grades` says how far it was believed, in order of time; `values` maps the fields of `SECTIONS` (and `record`,
    `event_key`) to how they are had; `timezone` is an IANA name or `local`; `refusal_limit` is the share of rows that
    may be refused before something is wrong with the feed.
    """

    id: str
    title: str
    publisher: str
    licence: str
    citation: str
    grades: tuple[Grade, ...]
    interest: str | None
    curated: bool
    records_deaths: bool
    timezone: str
    refusal_limit: float
    shape: Shape
    optional: frozenset[str]
    recognise: tuple[str, ...]
    values: Mapping[str, Value]
    written: tuple[str, ...]
    vague: tuple[Vague, ...]
    placings: tuple[Placing, ...]
    pairings: tuple[Pairing, ...]
    tellings: tuple[Telling, ...]
    cites: Value | None
    chain: Value | None
    facts: Mapping[str, Value]
    levels: Mapping[str, str]

    @property
    def reliability(self) -> str:
        """The grade that was given last, A to F."""
        return self.grades[-1].reliability

    def reliability_at(self, latest: datetime) -> str:
        """Return the grade, A to F, that held just before an instant; F where none was given yet.

        The end of a claim's time is such an instant: no more of the time itself.
        """
        held = [grade.reliability for grade in self.grades if grade.since is None or grade.since < latest]
        return held[-1] if held else str(Reliability.F)

    def needs(self) -> list[tuple[str, ...]]:
        """Return the columns that are used; of each tuple one must be there."""
        needed = [value.columns for value in self._all_values() if value.columns]
        needed += [(column,) for value in self._all_values() for column in value.join]
        needed += [(condition.column,) for condition in self._all_conditions()]
        needed += [(column,) for column in self.recognise]
        return list(dict.fromkeys(some for some in needed if not self.optional & set(some)))

    def used(self) -> list[str]:
        """Return every column that is used where it is there."""
        used = [column for value in self._all_values() for column in (*value.columns, *value.join)]
        return list(dict.fromkeys([*used, *(condition.column for condition in self._all_conditions())]))

    def _all_values(self) -> Iterator[Value]:
        yield from self.values.values()
        yield from self.facts.values()
        for placing in self.placings:
            yield from placing.values.values()
        for pairing in self.pairings:
            yield from (*pairing.by, *([pairing.on] if pairing.on else []))
        yield from (telling.value for telling in self.tellings)
        yield from (value for value in (self.cites, self.chain) if value)

    def _all_conditions(self) -> Iterator[Condition]:
        rules: tuple[Vague | Placing | Pairing, ...] = (*self.vague, *self.placings, *self.pairings)
        for rule in rules:
            yield from rule.when


def read_source(path: Path) -> tuple[Source | None, list[Problem]]:
    """Read a description; None, with the problems, where anything in it is wrong.

    Raises FileFault for a file that is missing or no text.
    """
    text, problems = read_text(path, path.name)
    page = _Page(path.name, problems)
    if problems:
        return None, problems
    if not text.is_map:
        page.report(text, "not-a-description", "a description is made of keys and values")
        return None, problems
    source = page.source(text)
    return (None, sorted(problems)) if problems else (source, [])


def recognise(path: Path, sources: Iterable[Source]) -> Source | None:
    """Return the first source whose files are known by the columns that a file has, or None.

    Raises FileFault for a file that cannot be read at all.
    """
    for source in sources:
        if source.recognise and set(source.recognise) <= set(read_header(path, source.shape)):
            return source
    return None


@dataclass(slots=True)
class _Page:
    """One description while it is read: its name and the problems found so far."""

    name: str
    problems: list[Problem]

    def report(self, at: Marked, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.name, at.line, code, message, hint))

    def source(self, text: Marked) -> Source:
        self.known(text, _TOP, "a description")
        if (version := text.get("format")) is None or version.value != FORMAT:
            self.report(version or text, "unknown-format", f"`format: {FORMAT}` must stand here")
        shape, optional = self.shape(text)
        source = Source(
            id=self.id(text),
            title=self.text(text, "title"),
            publisher=self.text(text, "publisher", needed=False),
            licence=self.text(text, "licence"),
            citation=self.text(text, "citation", needed=False),
            grades=self.grades(text),
            interest=self.word(text, "interest", INTERESTS, "") or None,
            curated=self.truth(text, "curated"),
            records_deaths=self.truth(text, "records_deaths"),
            timezone=self.timezone(text),
            refusal_limit=self.number(text, "refusal_limit", 0.05, 1.0),
            shape=shape,
            optional=optional,
            recognise=self.names(text.get("recognise"), "columns"),
            values=self.values(text),
            written=self.names(text.get("when"), "written"),
            vague=tuple(self.vague(item) for item in _listed(text, "when", "vague")),
            placings=tuple(self.placing(item) for item in _listed(text, "where", "placing")),
            pairings=tuple(p for item in _listed(text, "who") if (p := self.pairing(item))),
            tellings=tuple(t for item in _listed(text, "told", "by") if (t := self.telling(item))),
            cites=self.origin(text, "cites"),
            chain=self.origin(text, "chain"),
            facts={name: self.value(inner, _TRUTH_OR_UNKNOWN) for name, inner in _entries(text.get("facts"))},
            levels=self.levels(text),
        )
        self.columns_exist(text, source)
        return source

    def known(self, at: Marked, keys: Collection[str], where: str) -> None:
        for key, inner in at.entries():
            if key not in keys:
                self.report(inner, "unknown-key", f"{where} has no key '{key}'", did_you_mean(key, keys))

    def id(self, text: Marked) -> str:
        word = self.text(text, "id")
        if word and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word):
            self.report(text.get("id") or text, "bad-id", f"'{word}': an id is made of a-z, 0-9 and hyphens")
        return word

    def text(self, at: Marked, key: str, needed: bool = True) -> str:
        found = at.get(key)
        if found is None or found.value in (None, ""):
            if needed:
                self.report(found or at, "missing-key", f"'{key}' is missing")
            return ""
        if found.is_map or found.is_list:
            self.report(found, "not-a-text", f"'{key}' must be a text")
            return ""
        return _scalar(found.value)

    def word(self, at: Marked, key: str, known: Iterable[str], default: str) -> str:
        if at.get(key) is None:
            return default
        words = [str(word) for word in known]
        word = self.text(at, key)
        if word and word not in words:
            hint = did_you_mean(word, words) or f"one of {', '.join(words)}"
            self.report(at.get(key) or at, "unknown-word", f"{key}: '{word}' is not known", hint)
        return word

    def truth(self, at: Marked, key: str) -> bool:
        found = at.get(key)
        if found is None:
            return False
        if not isinstance(found.value, bool):
            self.report(found, "not-true-or-false", f"'{key}' must be true or false")
        return found.value is True

    def number(self, at: Marked, key: str, default: float, most: float) -> float:
        found = at.get(key)
        if found is None:
            return default
        if isinstance(found.value, bool) or not isinstance(found.value, int | float) or not 0 <= found.value <= most:
            self.report(found, "not-a-number", f"'{key}' must be a number from 0 to {most:g}")
            return default
        return float(found.value)

    def names(self, at: Marked | None, key: str) -> tuple[str, ...]:
        found = at.get(key) if at else None
        return tuple(_scalar(item.value) for item in found.items()) if found else ()

    def grades(self, text: Marked) -> tuple[Grade, ...]:
        """Read one grade for all time, or a list in order of time with why each was given."""
        at = text.get("reliability")
        if at is None or not at.is_list:
            return (Grade(None, self.word(text, "reliability", list(Reliability), str(Reliability.F))),)
        grades: list[Grade] = []
        for item in at.items():
            self.known(item, ("from", "grade", "because"), "a grade")
            word = self.text(item, "grade") and self.word(item, "grade", list(Reliability), "")
            grade = Grade(self.instant(item, "from", not grades), word, self.text(item, "because"))
            if grades and grade.since and (before := grades[-1].since) and grade.since <= before:
                self.report(item, "not-in-order", "the grade before this one is from as late a day, or a later one")
            grades.append(grade)
        if not grades:
            self.report(at, "missing-value", "a grade, or a list of grades, must stand here")
        return tuple(grades)

    def instant(self, at: Marked, key: str, may_be_open: bool) -> datetime | None:
        """Read when something begins: the first instant of a date (EDTF, UTC)."""
        written = self.text(at, key, needed=not may_be_open)
        try:
            return read_edtf(written, "UTC").earliest if written else None
        except ValueError as fault:
            self.report(at.get(key) or at, "bad-date", str(fault))
            return None

    def timezone(self, text: Marked) -> str:
        zone = self.text(text, "timezone", needed=False) or LOCAL
        if zone != LOCAL:
            try:
                time_zone(zone)
            except ValueError as fault:
                self.report(text.get("timezone") or text, "unknown-timezone", str(fault), "or `local`")
        return zone

    def shape(self, text: Marked) -> tuple[Shape, frozenset[str]]:
        at = text.get("file") or Marked({}, text.line)
        self.known(at, ("form", "separator", "quotes", "columns", "rows_under", "optional"), "file")
        word = self.word(at, "form", list(Form), Form.CSV)
        form = Form(word) if word in list(Form) else Form.CSV
        separator = self.text(at, "separator", needed=False) or ("\t" if form is Form.TSV else ",")
        if len(separator) != 1:
            self.report(at.get("separator") or at, "bad-separator", f"'{separator}' must be one character")
        quotes = self.truth(at, "quotes") if at.get("quotes") else form is Form.CSV
        listed = at.get("columns")
        lists = [] if listed is None else list(listed.items())
        columns = [tuple(_scalar(item.value) for item in inner.items()) for inner in lists if inner.is_list]
        if lists and not columns and listed:
            columns = [tuple(_scalar(item.value) for item in lists)]
        widths = [len(names) for names in columns]
        if listed and len(set(widths)) < len(widths):
            self.report(listed, "same-width-twice", "two lists of columns have the same length, so neither can be told")
        if listed and any(len(set(names)) < len(names) for names in columns):
            self.report(listed, "duplicate-column", "a list of columns names one of them twice")
        under = self.text(at, "rows_under", needed=False)
        shape = Shape(form, separator[:1], quotes, tuple(columns), under, self.not_these(text))
        return shape, frozenset(self.names(at, "optional"))

    def not_these(self, text: Marked) -> tuple[LooksLike, ...]:
        at = text.get("recognise")
        if at is None:
            return ()
        self.known(at, ("columns", "not_these"), "recognise")
        found = []
        for item in (at.get("not_these") or Marked(None, at.line)).items():
            self.known(item, ("columns", "width", "is"), "not_these")
            width = int(self.number(item, "width", 0, 100_000))
            found.append(LooksLike(self.names(item, "columns"), width, self.text(item, "is")))
        return tuple(found)

    def values(self, text: Marked) -> dict[str, Value]:
        values = {key: self.value(found) for key in ("record", "event_key") if (found := text.get(key))}
        for section, keys in SECTIONS.items():
            at = text.get(section)
            if at is not None:
                self.known(at, (*keys, *_BESIDES.get(section, ())), section)
                for key, name in keys.items():
                    if found := at.get(key):
                        values[name] = self.value(found, _VOCABULARY.get(name, ()))
        for needed, key in (("act", "what: act"), ("from", "when: from"), ("means", "told: means")):
            if needed not in values:
                self.report(text, "missing-key", f"'{key}' is missing", "without it nothing is claimed")
        return values

    def value(self, at: Marked, vocabulary: Collection[str] = ()) -> Value:
        """Read how a field is had; a lone text names a column, a lone number is itself."""
        if not at.is_map:
            if isinstance(at.value, str):
                return Value(at.line, columns=(at.value,))
            if at.is_list:
                return Value(at.line, columns=tuple(_scalar(item.value) for item in at.items()))
            if at.value is None:
                self.report(at, "missing-value", "a column, or how the value is had, must stand here")
            return Value(at.line, always=_scalar(at.value))
        self.known(at, _VALUE, "a value")
        ways = [key for key in ("column", "always", "join") if at.get(key)]
        if len(ways) != 1:
            self.report(at, "one-way-only", "exactly one of `column`, `always` and `join` must stand here")
        words = {name: inner for name, inner in _entries(at.get("words"))}
        crosswalk = self.word(at, "crosswalk", crosswalks(), "")
        value = Value(
            at.line,
            columns=self.names(at, "column"),
            always=self.optional_text(at, "always"),
            join=self.names(at, "join"),
            glue=self.optional_text(at, "with") or ", ",
            between=self.names(at, "between"),
            take=self.optional_text(at, "take") or "",
            words={name: _scalar(inner.value) for name, inner in words.items()},
            crosswalk=crosswalk,
            otherwise=self.optional_text(at, "otherwise"),
            empty=self.optional_text(at, "empty"),
        )
        if value.take and not re.fullmatch(r"host|first|last|-?[1-9]\d?", value.take):
            self.report(at.get("take") or at, "unknown-word", f"take: '{value.take}'", "host, first, last or a number")
        if value.take not in ("", "host") and not value.between:
            self.report(at, "missing-key", f"'take: {value.take}' needs `between`: what stands between the parts")
        said = [(inner, _scalar(inner.value)) for inner in words.values()]
        said += [(inner, _scalar(inner.value)) for key in ("always", "otherwise", "empty") if (inner := at.get(key))]
        for inner, word in said:
            if vocabulary and word not in vocabulary and word != KEEP:
                hint = did_you_mean(word, vocabulary)
                self.report(inner, "unknown-word", f"'{word}' is not known here", hint)
        return value

    def optional_text(self, at: Marked, key: str) -> str | None:
        return self.text(at, key, needed=False) if at.get(key) else None

    def conditions(self, at: Marked) -> tuple[Condition, ...]:
        found = at.get("when")
        return tuple(self.condition(column, inner) for column, inner in _entries(found))

    def condition(self, column: str, at: Marked) -> Condition:
        if not at.is_map:
            return Condition(column, tuple(_scalar(item.value) for item in at.items()))
        self.known(at, ("not", "filled", "above"), "a condition")
        above = at.get("above")
        filled = self.truth(at, "filled") if at.get("filled") else None
        limit = self.number(at, "above", 0.0, 1e15) if above else None
        return Condition(column, self.names(at, "not"), bool(at.get("not")), filled, limit)

    def vague(self, at: Marked) -> Vague:
        self.known(at, ("when", "days_either_side", "whole"), "vague")
        days = int(self.number(at, "days_either_side", 0, 3660))
        return Vague(self.conditions(at), days, self.word(at, "whole", ("month", "year"), ""))

    def placing(self, at: Marked) -> Placing:
        kind = self.word(at, "as", PLACINGS, "")
        if not at.get("as"):
            self.report(at, "missing-key", "'as' is missing", f"one of {', '.join(PLACINGS)}")
        keys = _PLACING.get(kind, ())
        self.known(at, ("when", "as", *keys), f"a placing as {kind}")
        values = {key: self.value(found) for key in keys if (found := at.get(key))}
        for key in _NEEDED.get(kind, ()):
            if key not in values:
                self.report(at, "missing-key", f"a placing as {kind} needs '{key}'")
        return Placing(self.conditions(at), kind, values)

    def pairing(self, at: Marked) -> Pairing | None:
        self.known(at, ("when", "by", "on", "between"), "who")
        between, by, on = at.get("between"), at.get("by"), at.get("on")
        if between and (by or on or len(list(between.items())) != 2):
            self.report(at, "one-way-only", "either `between` with two names, or `by` and `on`")
            return None
        if between:
            return Pairing(self.conditions(at), tuple(self.value(item) for item in between.items()), both_ways=True)
        if by is None:
            self.report(at, "missing-key", "'by' or 'between' is missing")
            return None
        actors = tuple(self.value(item) for item in by.items()) if by.is_list else (self.value(by),)
        return Pairing(self.conditions(at), actors, self.value(on) if on else None)

    def telling(self, at: Marked) -> Telling | None:
        form = at.get("entry")
        rest = Marked({key: inner for key, inner in at.entries() if key != "entry"}, at.line) if at.is_map else at
        value = self.value(rest)
        if form is None:
            return Telling(value)
        try:
            start, whole, closing = _entry_patterns(_scalar(form.value), value.between)
        except ValueError as fault:
            self.report(form, "bad-entry", str(fault))
            return None
        return Telling(value, start, whole, closing)

    def origin(self, text: Marked, key: str) -> Value | None:
        told = text.get("told")
        found = told.get(key) if told else None
        return self.value(found) if found else None

    def levels(self, text: Marked) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, inner in _entries(text.get("levels")):
            if name not in LEVELLED:
                self.report(inner, "unknown-field", f"a claim has no field '{name}'", did_you_mean(name, LEVELLED))
            try:
                level = read_level(_scalar(inner.value))
            except TrucewatchError as fault:
                self.report(inner, "unknown-level", str(fault))
            else:
                if level > Level.PUBLIC:
                    found[name] = level.word
        return found

    def columns_exist(self, text: Marked, source: Source) -> None:
        every = {column for names in source.shape.columns for column in names}
        for column in source.used() if every else ():
            if column not in every:
                at = next((v.line for v in source._all_values() if column in (*v.columns, *v.join)), text.line)
                hint = did_you_mean(column, every)
                self.report(replace(text, line=at), "unknown-column", f"no list of columns has '{column}'", hint)


_TRUTH_OR_UNKNOWN = (*_TRUTH, "unknown")
_VOCABULARY: Mapping[str, Collection[str]] = {
    "assertion": tuple(Assertion),
    "act": tuple(act_tree()),
    "weapon": tuple(weapon_tree()),
    "count_qualifier": tuple(Qualifier),
    "exercise": _TRUTH,
    "allegation": _TRUTH,
    "time_extent": tuple(Extent),
    "place_extent": tuple(Extent),
    "means": tuple(Means),
}


def vocabulary(name: str) -> Collection[str]:
    """Return the words that a field may hold; empty where it may hold any."""
    return _VOCABULARY.get(name, ())


def _entries(at: Marked | None) -> Iterator[tuple[str, Marked]]:
    return at.entries() if at else iter(())


def _listed(text: Marked, section: str, key: str = "") -> Iterator[Marked]:
    at = text.get(section)
    found = at.get(key) if at and key else at
    return found.items() if found else iter(())


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


# A day as articles are dated: 2017-07-09, 9 July 2017, 7/9/2017, 20170709.
_MONTH = r"(?:\d{1,2}|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,7})"
_DAY = rf"(?:\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{1,2}}[ /.-]{_MONTH}[ /.-]\d{{2,4}}|\d{{8}})"
_PART = re.compile(r"\{(\w+)\}| +")


def _entry_patterns(form: str, between: tuple[str, ...]) -> tuple[str, str, str]:
    """Make of a form such as '"{office},{day},{text}"' patterns of an entry's beginning and of all of it, and its end.

    What stands before the day tells where an entry begins, so that the rest may hold the separator. The office may hold
    anything but the mark that opens an entry; a blank stands for any blanks, commas, colons and brackets, or none.
    """
    form = form.strip()
    named = [found[1] for found in _PART.finditer(form) if found[1]]
    if "office" not in named or set(named) - {"office", "day", "text"} or len(set(named)) < len(named):
        raise ValueError(f"'{form}' must hold {{office}}, and may hold {{day}} and {{text}}, each once")
    opening = re.escape(form[: form.index("{office}")].strip()[:1])
    # Without a mark that opens an entry, a long run of words before a day is a sentence, not a name.
    office = f"[^{opening}]+?" if opening else r'[^"\n]{1,60}?'
    pattern, at, start = "", 0, ""
    for found in _PART.finditer(form):
        pattern += re.escape(form[at : found.start()])
        match found[1]:
            case "office":
                pattern += f"(?P<office>{office})"
            case "day":
                pattern += rf"(?P<day>{_DAY})"
                start = pattern
            case "text":
                pattern += "(?P<text>.*?)"
            case _:
                pattern += r"[\s,:(\[]*"
        at = found.end()
    closing = form[at:].strip()
    # A text reaches to the end, and loses its closing mark afterwards: entries are sometimes cut off before it.
    if named[-1] == "text":
        pattern = pattern.removesuffix("?)") + ")"
    else:
        pattern, closing = rf"{pattern}(?:{re.escape(closing)})?\s*$", ""
    whole = rf"(?s)^\s*{pattern}"
    if not (between and start):
        return "", whole, closing
    marks = "|".join(re.escape(mark) for mark in between)
    unnamed = start.replace("(?P<office>", "(?:").replace("(?P<day>", "(?:")
    return rf"(?s)(?:^|(?:{marks}))\s*(?P<entry>{unnamed})", whole, closing
