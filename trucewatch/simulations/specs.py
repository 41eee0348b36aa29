"""Specs: what a simulation asks for: what is to happen, who tells of it and how, and what never happens at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from trucewatch.actors import CIVILIANS
from trucewatch.acts import ROOT, act_tree, crosswalk, weapon_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError, did_you_mean
from trucewatch.texts import Marked, read_text
from trucewatch.when import Span, read_edtf

FORMAT = 1
WEAPONS_USED = "use-of-weapons"
IN_PLACE = {"presence-of-forces": "forces", "presence-of-weapons": "weapons", "weapons-in-storage": "storage"}
LANGUAGES = ("en", "ar")

Range = tuple[float, float]

_NOTHING = Marked(None, 0)
_TOP = ("format", "simulation", "agreement", "seed", "period", "truth", "feeds", "watched", "quiet", "lies", "rumours")
_GROUP = (
    *("number", "act", "by", "on", "in", "avoid", "near", "during", "minutes", "days"),
    *("weapon", "calibre_mm", "count", "unit", "civilians_dead", "told_by"),
)
# The numbers that each feed is described by, and the names: a list, or names each with some of their own.
_FEED_NUMBERS = {
    "patrol": "twice site_visits by_grid broadly off_m error_deg declination_deg window_minutes late_hours",
    "presence": "sightings within radius_m late_hours",
    "wire": "copies drift umbrella acted broadly vague radius_m late_hours",
    "complaints": "inflated radius_m window_minutes late_hours",
}
_FEED_LISTS = {"patrol": "tellers", "presence": "tellers", "wire": "roots"}
_FEED_NAMES = {"wire": "outlets", "complaints": "complainants"}
# What is told beside the truth: the keys, which of them are numbers, and the feed that tells it.
_EXTRAS = {
    "watched": ("area by days", "days", "patrol"),
    "quiet": ("number in avoid reach_m minutes", "reach_m minutes", "patrol"),
    "lies": ("number by accuses act in avoid during civilians_dead printed", "civilians_dead printed", "complaints"),
    "rumours": ("number act side_a side_b in avoid during", "", "wire"),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Where something is put: in a zone, out of others, and so far from a line."""

    zone: str
    avoid: tuple[str, ...] = ()
    line: str = ""
    line_m: Range = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Group:
    """So many incidents of one kind; `told_by` gives the chance with which each feed tells of one."""

    id: str
    number: int
    act: str
    by: tuple[str, ...]
    on: tuple[str, ...]
    ground: Ground
    during: Span
    minutes: Range
    weapon: str
    calibre_mm: str
    count: Range | None
    unit: str
    civilians_dead: Range
    told_by: Mapping[str, float]
    at: str


@dataclass(frozen=True, slots=True)
class Feed:
    """How one feed tells of things: its numbers, those who tell, and names that each have some of their own."""

    numbers: Mapping[str, Range]
    tellers: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]

    def share(self, name: str) -> float:
        """Return a number that is no range, such as a probability."""
        return self.numbers[name][0]


@dataclass(frozen=True, slots=True)
class Extra:
    """What is told beside the truth: by whom (watchers, the complainant, a side), on whom, and its numbers."""

    number: int
    ground: Ground
    act: str
    by: tuple[str, ...]
    on: tuple[str, ...]
    during: Span
    numbers: Mapping[str, Range]
    at: str


@dataclass(frozen=True, slots=True)
class Spec:
    """A simulation as it is asked for; `extras` by kind: watched, quiet, lies, rumours."""

    id: str
    agreement: str
    seed: int
    period: Span
    groups: tuple[Group, ...]
    feeds: Mapping[str, Feed]
    extras: Mapping[str, tuple[Extra, ...]]


def read_spec(spec: Path | Mapping[str, Any], agreement: Agreement) -> Spec:
    """Read what a simulation asks for, as a file or as its content.

    Raises TrucewatchError, with the file and line, for the first thing in it that cannot be.
    """
    name, text = open_page(spec)
    return Page(name, agreement).spec(text)


def open_page(spec: Path | Mapping[str, Any]) -> tuple[str, Marked]:
    """Return the name of a spec and its text, from a file or its content; raises TrucewatchError."""
    if isinstance(spec, Mapping):
        return "simulation", _marked(spec)
    text, problems = read_text(spec, spec.name)
    if problems:
        raise TrucewatchError(str(problems[0]))
    return spec.name, text


@cache
def words_of_patrols(act: str) -> tuple[str, ...]:
    """Return the words of a patrol's form that can tell of an act, those that say most first.

    >>> words_of_patrols("drone-strike")[0]
    'air strike'
    """
    tree = act_tree()
    words = [(word, node) for word, node in crosswalk("osce").items() if tree.covers(node, act) and node != ROOT]
    return tuple(word for word, node in sorted(words, key=lambda found: (len(tree.leaves[found[1]]), found[0])))


def _marked(value: Any) -> Marked:
    if isinstance(value, Mapping):
        return Marked({str(key): _marked(inner) for key, inner in value.items()}, 0)
    return Marked([_marked(inner) for inner in value] if isinstance(value, list | tuple) else value, 0)


@dataclass(frozen=True, slots=True)
class Page:
    """A spec while it is read, beside the agreement that its names come from."""

    name: str
    agreement: Agreement

    def wrong(self, at: Marked, message: str, hint: str = "") -> TrucewatchError:
        """Return what is wrong at a place of the spec, with its line."""
        return TrucewatchError(f"{self.name}:{at.line}: {message}{f' ({hint})' if hint else ''}")

    def spec(self, text: Marked) -> Spec:
        """Read the whole of a spec."""
        self.known(text, _TOP)
        if self.there(text, "format").value != FORMAT:
            raise self.wrong(self.there(text, "format"), f"`format: {FORMAT}` must stand here")
        period = self.span(text, "period")
        feeds = {name: self.feed(name, at) for name, at in self.there(text, "feeds").entries()}
        extras = {
            kind: tuple(self.extra(kind, item, period, feeds) for item in (text.get(kind) or _NOTHING).items())
            for kind in _EXTRAS
        }
        return Spec(
            id=self.word(text, "simulation"),
            agreement=self.word(text, "agreement", [self.agreement.id]),
            seed=self.whole(text, "seed"),
            period=period,
            groups=tuple(self.group(name, at, period, feeds) for name, at in self.there(text, "truth").entries()),
            feeds=feeds,
            extras=extras,
        )

    def group(self, name: str, at: Marked, period: Span, feeds: Mapping[str, Feed]) -> Group:
        """Read a group of incidents."""
        self.known(at, _GROUP)
        act = self.word(at, "act", act_tree())
        told_by = at.get("told_by") or _NOTHING
        self.known(told_by, feeds)
        for feed, inner in told_by.entries():
            if (feed == "presence") != (act in IN_PLACE) or (feed == "patrol" and not words_of_patrols(act)):
                raise self.wrong(inner, f"the form of '{feed}' has no word for {act}")
        if bool(at.get("days")) == bool(at.get("minutes")):
            raise self.wrong(at, f"'{name}' must say how long it lasts, in either minutes or days")
        length = self.numbers(at, "minutes") if at.get("minutes") else self.numbers(at, "days")
        unit = 1 if at.get("minutes") else 24 * 60
        return Group(
            id=name,
            number=self.whole(at, "number"),
            act=act,
            by=self.actors(at.get("by")) or ("",),
            on=self.actors(at.get("on")) or ("",),
            ground=self.ground(at),
            during=self.span(at, "during", period),
            minutes=(length[0] * unit, length[1] * unit),
            weapon=self.word(at, "weapon", weapon_tree()) if at.get("weapon") else "",
            calibre_mm=self.word(at, "calibre_mm") if at.get("calibre_mm") else "",
            count=self.numbers(at, "count") if at.get("count") else None,
            unit=self.word(at, "unit") if at.get("unit") else "",
            civilians_dead=self.numbers(at, "civilians_dead") if at.get("civilians_dead") else (0, 0),
            told_by={feed: self.numbers(told_by, feed)[0] for feed, _ in told_by.entries()},
            at=f"{self.name}:{at.line}",
        )

    def feed(self, name: str, at: Marked) -> Feed:
        """Read how one feed tells of things."""
        if name not in _FEED_NUMBERS:
            raise self.wrong(at, f"'{name}' is no feed", did_you_mean(name, _FEED_NUMBERS))
        numbers, listed, named = _FEED_NUMBERS[name].split(), _FEED_LISTS.get(name, ""), _FEED_NAMES.get(name, "")
        self.known(at, (*numbers, listed, named))
        known = {"wire": LANGUAGES, "complaints": (*self.agreement.register.actors, CIVILIANS)}.get(name, ())
        names = self.there(at, named) if named else _NOTHING
        if name == "complaints":
            self.known(names, self.agreement.register.actors)
        return Feed(
            {key: self.numbers(at, key) for key in numbers},
            self.some(at, listed) if listed else (),
            {key: self.some(names, key, known) for key, _ in names.entries()},
        )

    def extra(self, kind: str, at: Marked, period: Span, feeds: Mapping[str, Feed]) -> Extra:
        """Read what is told beside the truth."""
        keys, numbers, feed = (words.split() for words in _EXTRAS[kind])
        self.known(at, keys)
        if feed[0] not in feeds:
            raise self.wrong(at, f"'{kind}' needs the feed '{feed[0]}'")
        by, on = {"lies": ("by", "accuses"), "rumours": ("side_a", "side_b")}.get(kind, ("", ""))
        return Extra(
            number=self.whole(at, "number") if "number" in keys else 1,
            ground=self.ground(at, "area" if kind == "watched" else "in"),
            act=self.word(at, "act", act_tree()) if "act" in keys else WEAPONS_USED,
            by=self.some(at, by, self.agreement.register.actors) if by else self.words(at.get("by") or _NOTHING),
            on=self.some(at, on, self.agreement.register.actors) if on else (),
            during=self.span(at, "during", period),
            numbers={key: self.numbers(at, key) for key in numbers},
            at=f"{self.name}:{at.line}",
        )

    def ground(self, at: Marked, key: str = "in") -> Ground:
        """Read where something is put."""
        zones = [zone.id for zone in self.agreement.zones.values() if zone.shape is not None]
        lines = [line.id for line in self.agreement.lines.values() if line.shape is not None]
        zone, avoid = self.word(at, key, zones), self.words(at.get("avoid") or _NOTHING, zones)
        near = at.get("near")
        if near is None:
            return Ground(zone, avoid)
        self.known(near, ("line", "m"))
        return Ground(zone, avoid, self.word(near, "line", lines), self.numbers(near, "m"))

    # ---- single values ----

    def known(self, at: Marked, keys: Collection[str]) -> None:
        """Raise where a key stands that is not known here."""
        for key, inner in at.entries():
            if key not in keys:
                raise self.wrong(inner, f"'{key}' is not known here", did_you_mean(key, keys))

    def there(self, at: Marked, key: str) -> Marked:
        """Return what stands under a key; raise where nothing does."""
        found = at.get(key)
        if found is None or found.value is None:
            raise self.wrong(at, f"'{key}' is missing")
        return found

    def word(self, at: Marked, key: str, known: Iterable[str] = ()) -> str:
        """Read one word, one of the known ones where some are given."""
        return self.some(at, key, known)[0]

    def some(self, at: Marked, key: str, known: Iterable[str] = ()) -> tuple[str, ...]:
        """Read one word or more."""
        words = self.words(self.there(at, key), known)
        if not words:
            raise self.wrong(self.there(at, key), f"'{key}' names nothing")
        return words

    def words(self, at: Marked, known: Iterable[str] = ()) -> tuple[str, ...]:
        """Read any number of words."""
        words = frozenset(known)
        for item in at.items():
            if words and item.value not in words:
                raise self.wrong(item, f"'{item.value}' is not known here", did_you_mean(str(item.value), words))
        return tuple(str(item.value) for item in at.items())

    def actors(self, at: Marked | None) -> tuple[str, ...]:
        """Read actors of the agreement, or civilians."""
        return self.words(at or _NOTHING, (*self.agreement.register.actors, CIVILIANS))

    def whole(self, at: Marked, key: str) -> int:
        """Read a whole number from 0 on."""
        found = self.there(at, key)
        if not isinstance(found.value, int) or isinstance(found.value, bool) or found.value < 0:
            raise self.wrong(found, f"{key}: '{found.value}' is no whole number")
        return found.value

    def numbers(self, at: Marked, key: str) -> Range:
        """Read a number, or a range of them such as 2..14."""
        found = self.there(at, key)
        low, _, high = str(found.value).partition("..")
        try:
            bounds = float(low), float(high or low)
        except ValueError:
            raise self.wrong(found, f"{key}: '{found.value}' is no number, and no range such as 2..14") from None
        if not 0 <= bounds[0] <= bounds[1]:
            raise self.wrong(found, f"{key}: '{found.value}' is below zero, or ends before it begins")
        return bounds

    def span(self, at: Marked, key: str, period: Span | None = None) -> Span:
        """Read a time that lies in the period; the period itself where none is given."""
        if period is not None and at.get(key) is None:
            return period
        found = self.there(at, key)
        try:
            span = read_edtf(str(found.value), self.agreement.timezone)
        except ValueError as fault:
            raise self.wrong(found, f"{key}: {fault}") from None
        if period and not (period.earliest <= span.earliest and span.latest <= period.latest):
            raise self.wrong(found, f"{key}: '{found.value}' does not lie in the period")
        return span
