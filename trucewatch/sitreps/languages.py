"""Languages: sentences that know what they are made of, so that they can be told in another language than English.

A phrase, a name, a time or a list is the English text itself, and carries its parts: whoever wants English reads it as
a string. `Language.tell` makes it again from the parts: sentences by gettext catalogues (`languages/*.po`, with CLDR
plural forms), dates by CLDR, names by what the agreement and the mission's style sheet call things. Text of a report is
an ordinary string, and is told in its own words in every language.

Digits are those of the West in every language, as in the Arabic documents of the United Nations, so that a number is
the same on each page. Arabic months stand as those documents have them: by both of their names.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from operator import is_
from typing import Any, Final

from babel import Locale
from babel.dates import get_month_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from trucewatch.actors import CIVILIANS
from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import WrongCall
from trucewatch.sitreps.style import Style
from trucewatch.when import Span, Telling, tell, tell_day, telling

ENGLISH, ARABIC = "en", "ar"
LANGUAGES = (ENGLISH, ARABIC)

Names = Callable[[str, str], str | None]  # (kind, id) to what it is called, or None

# The words that join a list.
_GLUE: Mapping[str, Mapping[str, str]] = {
    ARABIC: {", ": "، ", "; ": "؛ ", " and ": " و", " or ": " أو ", "; or ": "؛ أو "},
}
_SCRIPTS = {ARABIC: re.compile(r"[\u0600-\u06ff]")}
_LEVANTINE, _COMMON = "ar_SY", "ar"  # the two sets of Arabic names of months


class Phrase(str):
    """A sentence or a word of ours: its English form, and what it was made from."""

    msgid: str
    plural: str
    arguments: Mapping[str, Any]


class Name(str):
    """What something is called: kind (actor, zone, line, act, clause, ...) and id, beside its English name."""

    kind: str
    id: str


class When(str):
    """A span of time in words, in local time of a zone."""

    span: Span
    zone: str


class Month(str):
    """A month of a year."""

    first: date


class Listed(str):
    """Words in a row, and what stands between them and before the last."""

    items: tuple[str, ...]
    between: str
    last: str


class InEnglish(str):
    """A text that exists in English alone, and the phrase that stands for it in other languages."""

    otherwise: str


def phrase(msgid: str, plural: str = "", /, **arguments: Any) -> str:
    """Return a sentence with its parts; `plural` is its form where the argument `count` is not one.

    >>> phrase("{count} finding", "{count} findings", count=1240)
    '1,240 findings'
    """
    form = plural if plural and arguments["count"] != 1 else msgid
    said = Phrase(form.format(**{key: _english(value) for key, value in arguments.items()}) if arguments else form)
    said.msgid, said.plural, said.arguments = msgid, plural, arguments
    return said


def phrases(*said: str) -> dict[str, str]:
    """Return phrases by their English form, by which alone they are known where they are looked up."""
    return {str(one): one for one in said}


def name(kind: str, id: str, english: str) -> str:
    """Return what something is called in English, with its kind and id."""
    said = Name(english)
    said.kind, said.id = kind, id
    return said


def actor_name(actor: str, agreement: Agreement) -> str:
    """Return what an actor is called."""
    return name("actor", actor, agreement.register.label(actor))


def party_name(party: str, agreement: Agreement) -> str:
    """Return what a party is called; an actor that is no party by its own name."""
    if party in agreement.parties:
        return name("party", party, party.replace("-", " "))
    return actor_name(party, agreement)


def zone_name(zone: str, agreement: Agreement) -> str:
    """Return what a zone is called."""
    return name("zone", zone, agreement.zones[zone].label)


def line_name(line: str, agreement: Agreement) -> str:
    """Return what a line is called."""
    return name("line", line, agreement.lines[line].label)


def when(span: Span, zone: str) -> str:
    """Return a span as a person would say it, in local time of a zone."""
    said = When(tell(span, zone))
    said.span, said.zone = span, zone
    return said


def month(year: int, number: int) -> str:
    """Return a month, such as "July 2017"."""
    first = date(year, number, 1)
    said = Month(f"{first:%B %Y}")
    said.first = first
    return said


def listed(words: Iterable[str], between: str = ", ", last: str = " and ") -> str:
    """Join words as a sentence does.

    >>> listed(["Daraa", "Quneitra", "Suwayda"])
    'Daraa, Quneitra and Suwayda'
    """
    items = tuple(words)
    said = Listed(f"{between.join(items[:-1])}{last}{items[-1]}" if len(items) > 1 else "".join(items))
    said.items, said.between, said.last = items, between, last
    return said


def joined(words: Iterable[str], between: str) -> str:
    """Join words by the same sign or word throughout."""
    return listed(words, between, between)


def sentences(*parts: str) -> str:
    """Put sentences behind each other; empty ones fall away."""
    return joined(filter(None, parts), " ")


def in_english(text: str, otherwise: str) -> str:
    """Return a text that exists in English alone, with the phrase that stands for it in other languages."""
    said = InEnglish(text)
    said.otherwise = otherwise
    return said


def _english(value: Any) -> str:
    if isinstance(value, str):
        return value
    return tell_day(value) if isinstance(value, date) else f"{value:,}"


# Words that are told by their English form alone: levels, and terms of an agreement by their ids.
WORDS = phrases(
    phrase("public"),
    phrase("parties"),
    phrase("guarantors"),
    phrase("mission"),
    phrase("sealed"),
    phrase("civilians"),
    phrase("start"),
    phrase("end"),
    phrase("area"),
    phrase("entry into force"),
    phrase("contact distance"),
)


@dataclass(frozen=True)
class Language:
    """A language in which a document is told, and how things are named in it."""

    code: str
    names: Names

    @property
    def direction(self) -> str:
        """The direction of its script: ltr or rtl."""
        return str(Locale.parse(self.code).text_direction)

    def tell(self, value: Any) -> str:
        """Return a phrase, name, time, list, number or day in this language; any other string is left as it is."""
        match value:
            case Phrase():
                return self._phrase(value)
            case Name():
                return self.names(value.kind, value.id) or str(value)
            case When():
                return self.when(value.span, value.zone)
            case Month():
                return f"{self.month(value.first)} {value.first.year}"
            case Listed():
                return self._listed(value)
            case InEnglish():
                return str(value) if self.code == ENGLISH else self.tell(value.otherwise)
            case str():
                return str(value)
            case date():
                return self.day(value)
        return f"{value:,}"

    def _phrase(self, said: Phrase) -> str:
        if self.code == ENGLISH:
            form = said.plural if said.plural and said.arguments["count"] != 1 else said.msgid
        elif said.plural:
            form = _catalogue(self.code).ngettext(said.msgid, said.plural, said.arguments["count"])
        else:
            form = _catalogue(self.code).gettext(said.msgid)
        return form.format(**{key: self.tell(part) for key, part in said.arguments.items()}) if said.arguments else form

    def _listed(self, said: Listed) -> str:
        items = [self.tell(item) for item in said.items]
        glue = _GLUE.get(self.code, {})
        between, last = glue.get(said.between, said.between), glue.get(said.last, said.last)
        if self.code == ARABIC and said.last == " and ":
            between = last  # Arabic says "and" before each
        return f"{between.join(items[:-1])}{last}{items[-1]}" if len(items) > 1 else "".join(items)

    def day(self, day: date) -> str:
        """Return a calendar day, such as "9 July 2017"."""
        return f"{day.day} {self.month(day)} {day.year}"

    def month(self, day: date) -> str:
        """Return the name of the month of a day."""
        return _months(self.code)[day.month]

    def short_month(self, day: date) -> str:
        """Return the name of the month of a day in as few letters as tell it from the others."""
        return f"{day:%b}" if self.code == ENGLISH else self.month(day).partition("/")[0]

    def when(self, span: Span, zone: str) -> str:
        """Return a span as a person would say it, in local time of a zone."""
        if self.code == ENGLISH:
            return tell(span, zone)
        form, first, last = telling(span, zone)
        match form:
            case Telling.MINUTE:
                return self.tell(phrase("{day}, {clock}", day=first.date(), clock=_clock(first)))
            case Telling.MINUTES:
                clocks = phrase("{start}-{end}", start=_clock(first), end=_clock(last))
                return self.tell(phrase("{day}, {clock}", day=first.date(), clock=clocks))
            case Telling.HOURS:
                ends = (phrase("{day}, {clock}", day=at.date(), clock=_clock(at)) for at in (first, last))
                return self.tell(phrase("{start} to {end}", start=next(ends), end=next(ends)))
            case Telling.DAY:
                return self.day(first.date())
            case Telling.DAYS:
                return self._days(first.date(), last.date())
            case Telling.UNTIL:
                return self.tell(phrase("until {day}", day=last.date()))
            case Telling.FROM:
                return self.tell(phrase("from {day} on", day=first.date()))
            case Telling.EVER:
                return self.tell(phrase("at any time"))

    def _days(self, first: date, last: date) -> str:
        if (first.year, first.month) == (last.year, last.month):
            start = str(first.day)
        elif first.year == last.year:
            start = f"{first.day} {self.month(first)}"
        else:
            start = self.day(first)
        return self.tell(phrase("{start} to {end}", start=start, end=self.day(last)))


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"


@cache
def _months(code: str) -> Mapping[int, str]:
    if code != ARABIC:
        return dict(get_month_names("wide", locale=code))
    levantine, common = (get_month_names("wide", locale=locale) for locale in (_LEVANTINE, _COMMON))
    return {month: f"{levantine[month]}/{common[month]}" for month in range(1, 13)}


@cache
def _catalogue(code: str) -> gettext.GNUTranslations:
    """Return the catalogue of a language, compiled in memory from the file that translators edit."""
    text = (files("trucewatch.sitreps") / "languages" / f"{code}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(text), locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


# ---- names -----------------------------------------------------------------------------------------------------------


def language_of(code: str, agreement: Agreement, style: Style, audience: str) -> Language:
    """Return a language in which things are named as the mission's style sheet has it, else as the agreement does.

    Raises WrongCall for a language that there is no catalogue of.
    """
    if code not in LANGUAGES:
        raise WrongCall(f"there is no sitrep in '{code}'; one of {', '.join(LANGUAGES)}")

    @cache
    def names(kind: str, id: str) -> str | None:
        if kind in ("actor", "party", "affected"):
            return style.actor(id, code, audience) or _named(kind, id, agreement, code)
        if kind == "named" and code != ENGLISH:  # a report's word for somebody: in its own language it stands as it is
            return names("actor", id)
        places = (id,) if kind in ("zone", "line") else _zones_of(id, agreement) if kind == "area" else ()
        told = (style.place(place, code, audience) for place in places)
        return next(filter(None, told), None) or _named(kind, id, agreement, code)

    return Language(code, names)


def _named(kind: str, id: str, agreement: Agreement, code: str) -> str | None:
    """Return what an agreement calls something in a language other than English; None where it does not say."""
    if code == ENGLISH:
        return None
    gazetteer = agreement.gazetteer
    match kind:
        case "actor":
            if id == CIVILIANS:
                return _catalogue(code).gettext(CIVILIANS)
            actor = agreement.register.actors.get(id)
            return _in_script(actor.names, code) if actor else None
        case "party" | "affected":
            party = agreement.parties.get(id)
            return party.labels.get(code) if party else None
        case "zone":
            zone = agreement.zones[id]
            return zone.labels.get(code) or _area_name(zone.shape, agreement, code)
        case "line":
            line = agreement.lines[id]
            return line.labels.get(code) or _area_name(line.shape, agreement, code)
        case "area":
            return _in_script(gazetteer.areas[id].names, code)
        case "country":
            return _in_script(gazetteer.countries.get(id, ()), code)
        case "act":
            told = act_tree().labels.get(id, {})
            return told.get(code)
        case "clause":
            return agreement.clause(id).says.get(code)
        case "duty":
            return (agreement.clause(id).says.get(code) or "").rstrip(".") or None
        case "precondition":
            return agreement.preconditions.get(id, {}).get(code)
        case "agreement":
            return agreement.title.get(code)
        case "term":
            words = id.replace("-", " ").replace(".", ": ")
            known = _catalogue(code).gettext(words)
            return known if known != words else None
    return None


def _zones_of(area: str, agreement: Agreement) -> tuple[str, ...]:
    """Return the zones that are drawn as an area of the gazetteer: one place has one name."""
    drawn = agreement.gazetteer.areas[area].geometry.wkb
    return tuple(zone.id for zone in agreement.zones.values() if zone.shape is not None and zone.shape.wkb == drawn)


def _area_name(shape: Any, agreement: Agreement, code: str) -> str | None:
    """Return the name of the area of the gazetteer that a zone or a line is drawn as."""
    if shape is None:
        return None
    same = (area for area in agreement.gazetteer.areas.values() if area.geometry.wkb == shape.wkb)
    return next((told for area in same if (told := _in_script(area.names, code))), None)


def _in_script(names: Iterable[str], code: str) -> str | None:
    script = _SCRIPTS[code]
    return next((each for each in names if script.search(each)), None)


# ---- whole forms -----------------------------------------------------------------------------------------------------


def told_in(value: Any, language: Language) -> Any:
    """Return a form (dataclass, tuple or mapping, to any depth) with every text in it told in a language.

    What holds nothing to be told is returned as it is: most of what a sitrep holds is plain.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, str):
        return language.tell(value)
    if isinstance(value, tuple):
        told = tuple([each if type(each) in _PLAIN else told_in(each, language) for each in value])
        return value if all(map(is_, told, value)) else told
    if isinstance(value, Mapping):
        said = {key: each if type(each) in _PLAIN else told_in(each, language) for key, each in value.items()}
        return value if all(map(is_, said.values(), value.values())) else said
    if isinstance(value, frozenset):
        return frozenset(told_in(each, language) for each in value)
    changed = {}
    for name in _parts(value.__class__):
        old = getattr(value, name)
        if type(old) not in _PLAIN and (new := told_in(old, language)) is not old:
            changed[name] = new
    return replace(value, **changed) if changed else value


@cache
def _parts(form: type) -> tuple[str, ...]:
    """Return the names of what a form of ours holds; nothing for any other type."""
    is_ours = is_dataclass(form) and form.__module__.startswith(_OURS)
    return tuple(each.name for each in fields(form)) if is_ours else ()


_PLAIN: Final = frozenset({str, int, float, bool, bytes, datetime, type(None)})
_OURS: Final = "trucewatch.sitreps."

# ---- scripts side by side --------------------------------------------------------------------------------------------

_RTL = r"\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_LTR = r"A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff"
_RTL_RUN = re.compile(rf"([{_RTL}](?:[{_RTL}\s\u200c-\u200f'’.،-]*[{_RTL}])?)")
_RTL_LETTER, _LTR_LETTER = re.compile(f"[{_RTL}]"), re.compile(f"[{_LTR}]")
_BRACKETED = rf"\([^(){_RTL}]*\)"
_LTR_RUN = re.compile(
    rf"((?:[0-9][0-9.,:/-]*)?[{_LTR}](?:(?:[{_LTR}0-9\s.,:;/'’`\"“”\[\]_&%+–-]|{_BRACKETED})*(?:[{_LTR}0-9]|{_BRACKETED}))?"
    r"|[0-9]+(?:[-–:/][0-9]+)+)"
)


# Characters that reorder or hide what stands around them; quoted text must not rewrite what it stands in.
_UNSEEN = {
    **{code: "\ufffd" for code in (*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0))},
    **{code: "\ufffd" for code in (*range(0xD800, 0xE000), 0xFFFE, 0xFFFF)},
    **{code: f"[U+{code:04X}]" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)},
}


def seen(text: str) -> str:
    """Show characters that would reorder or hide the text around them, and those that nothing can draw."""
    return text if text.isprintable() else text.translate(_UNSEEN)


def runs(text: str, direction: str) -> Iterator[tuple[str, bool]]:
    """Cut a text into runs of (text, whether its script runs against the direction of the document and is to be set
    apart, so that it reorders nothing beside it).
    """
    foreign, own = (_LTR_RUN, _RTL_LETTER) if direction == "rtl" else (_RTL_RUN, _LTR_LETTER)
    if not own.search(text) and foreign.search(text):
        yield text, True  # to its last full stop
        return
    for at, part in enumerate(foreign.split(text)):
        if part:
            yield part, bool(at % 2)
