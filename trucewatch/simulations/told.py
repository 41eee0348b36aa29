"""Told: how names, times and places of a truth are put by those who tell of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.actors import CIVILIANS
from trucewatch.acts import ROOT, act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.simulations.specs import WEAPONS_USED, Feed, Range, Spec
from trucewatch.simulations.truths import MINUTE, Dice, Truth
from trucewatch.when import Span, local_day, read_edtf, time_zone
from trucewatch.where import distance_m

MARK = "SIMULATION"

# Somewhat more than a degree of latitude has, so that what is moved is never moved too far.
_METRES_A_DEGREE = 112_000.0
_ARABIC = ("\u0600", "\u06ff")

Cells = dict[str, str]


class How(StrEnum):
    """How a row came about."""

    TOLD = "told"  # of what happened
    COPIED = "copied"  # the same, on the word of who told it before
    QUIET = "quiet"  # nothing happened where and while somebody watched
    LIE = "lie"  # of what never happened
    PRINTED_LIE = "printed-lie"  # the same, on the word of who told it before
    RUMOUR = "rumour"  # outlets that cite each other


@dataclass(frozen=True, slots=True)
class Told:
    """One row: its feed and cells, when it came in, of which truth it tells (empty: of none), how, what it changed."""

    feed: str
    received: datetime
    cells: Cells
    truth: str
    how: How
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """The truth of a simulation, and the names and clocks by which it is told."""

    spec: Spec
    agreement: Agreement
    truths: tuple[Truth, ...]

    def name(self, actor: str, dice: Dice, language: str = "en", umbrella: float = 0.0) -> str:
        """Return one of the names of an actor in a language, or now and then of an umbrella that it stands under."""
        if actor in ("", CIVILIANS):
            return {"en": "civilians", "ar": "مدنيون"}[language] if actor else ""
        actors = self.agreement.register.actors
        if actor not in actors:
            return self.agreement.register.label(actor)
        over = sorted(one.id for one in actors.values() if actor in one.members)
        told = actors[dice.pick(over) if over and dice.chance(umbrella) else actor]
        return dice.pick(_in_language(told.names, language) or (told.label,))

    def area(self, zone: str, dice: Dice, language: str = "en") -> str:
        """Return one of the names of a zone in a language; empty where the gazetteer holds none."""
        gazetteer = self.agreement.gazetteer
        area = gazetteer.areas.get(zone)
        own = [name for name in (area.names if area else ()) if gazetteer.find(name) == zone]
        return dice.pick(_in_language(own, language) or _in_language(own, "en") or ("",))

    def clock(self, instant: datetime) -> str:
        """Write a local clock time; with its offset in the hour that comes twice when the clocks go back."""
        local = instant.astimezone(time_zone(self.agreement.timezone))
        is_twice = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
        return local.isoformat(timespec="minutes") if is_twice else f"{local:%Y-%m-%dT%H:%M}"

    def day(self, instant: datetime) -> str:
        """Write a local day."""
        return local_day(instant, self.agreement.timezone).isoformat()

    def days(self, start: datetime, end: datetime, days_more: int = 0) -> tuple[str, str]:
        """Write the first and last local day of a time, and so many more to either side as the period holds."""
        more = timedelta(days=days_more)
        first = max(start - more, self.spec.period.earliest)
        return self.day(first), self.day(min(end + more, self.spec.period.latest) - MINUTE)

    def widened(self, start: datetime, end: datetime, minutes: Range, dice: Dice) -> tuple[datetime, datetime]:
        """Let a time reach further at either end, within the period."""
        earlier, later = start - dice.minutes(minutes), end + dice.minutes(minutes)
        return max(earlier, self.spec.period.earliest), min(later, self.spec.period.latest)

    def happening(self, act: str, start: datetime, end: datetime) -> Iterator[Truth]:
        """Go through what happens in a time and could be taken for an act."""
        for truth in self.truths:
            if truth.start < end and truth.end > start and act_tree().on_one_chain(act, truth.act):
                yield truth

    def is_calm(self, act: str, lon: float, lat: float, reach_m: float, start: datetime, end: datetime) -> bool:
        """Say whether nothing happens in a time, within a reach, that could be taken for an act."""
        found = self.happening(act, start, end)
        return not any(distance_m(lon, lat, truth.lon, truth.lat) <= reach_m for truth in found)

    def is_calm_in(self, shape: BaseGeometry, start: datetime, end: datetime) -> bool:
        """Say whether no weapon is used in a shape in a time."""
        found = self.happening(WEAPONS_USED, start, end)
        return not any(shapely.intersects_xy(shape, truth.lon, truth.lat) for truth in found)

    def local_days(self, first: str, last: str) -> Span:
        """Return the time from the first to the last of some local days."""
        return read_edtf(f"{first}/{last}", self.agreement.timezone)


def act_label(act: str, language: str) -> str:
    """Return the word for an act in a language, or that for the narrowest wider act that has one."""
    tree = act_tree()
    node: str | None = act
    while node not in (None, ROOT):
        if language in tree.labels[str(node)]:
            return tree.label(str(node), language)
        node = tree.parents[str(node)]
    return tree.label(act)


def blurred_disc(lon: float, lat: float, feed: Feed, dice: Dice, step_m: int = 50) -> Cells:
    """Say that something was within a radius of a point near it."""
    radius = max(dice.whole(feed.numbers["radius_m"]) // step_m * step_m, step_m)
    return point(*near(lon, lat, radius, dice)) | {"radius_m": str(radius)}


def point(lon: float, lat: float, before: str = "") -> Cells:
    """Write longitude and latitude, under names that may begin with something."""
    return {f"{before}lon": f"{lon:.5f}", f"{before}lat": f"{lat:.5f}"}


def near(lon: float, lat: float, radius_m: float, dice: Dice) -> tuple[float, float]:
    """Return a point from which a place lies well within a radius."""
    east, north = _direction(dice)
    return _moved(lon, lat, 0.9 * radius_m * east, 0.9 * radius_m * north)


def away(lon: float, lat: float, off_m: float, dice: Dice) -> tuple[float, float]:
    """Return a point about so far from a place, in any direction."""
    east, north = _direction(dice, least=0.1)
    length = math.sqrt(east * east + north * north)
    return _moved(lon, lat, off_m * east / length, off_m * north / length)


def _direction(dice: Dice, least: float = 0.0) -> tuple[float, float]:
    while True:
        east, north = 2 * dice.share() - 1, 2 * dice.share() - 1
        if least <= east * east + north * north <= 1:
            return east, north


def _moved(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    narrow = max(math.cos(math.radians(lat)), 0.05)
    return round(lon + east_m / (_METRES_A_DEGREE * narrow), 5), round(lat + north_m / _METRES_A_DEGREE, 5)


def _in_language(names: Iterable[str], language: str) -> tuple[str, ...]:
    """Return the names that are written in the script of a language; English: in plain Latin letters."""
    if language == "ar":
        return tuple(name for name in names if any(_ARABIC[0] <= letter <= _ARABIC[1] for letter in name))
    return tuple(name for name in names if name.isascii())
