"""Truths: what truly happens in a simulation, drawn by lot before anybody tells of it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.specs import Ground, Group, Range, Spec
from trucewatch.where import Plane

RECORD = "SIM-"
MINUTE = timedelta(minutes=1)
MOST_TRIES = 20_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Truth:
    """One thing that happens; `end` is exclusive, and an empty actor or target is nobody in particular."""

    id: str
    group: str
    act: str
    actor: str
    target: str
    start: datetime
    end: datetime
    lon: float
    lat: float
    zone: str
    weapon: str
    calibre_mm: str
    count: int | None
    unit: str
    civilians_dead: int


class Dice:
    """Draws that are the same on every machine: made of nothing but the raw bits of PCG64, whose stream is fixed.

    Each name has a stream of its own, so that what is added to a spec leaves the rest of the simulation as it was.
    """

    def __init__(self, seed: int, name: str) -> None:
        """Take up the stream of a seed and a name."""
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))

    def share(self) -> float:
        """Return a number from 0 to 1, 1 excluded."""
        return float(int(self._bits.random_raw()) >> 11) * 2.0**-53

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self.share() < probability

    def between(self, bounds: Range) -> float:
        """Return a number between two bounds."""
        return bounds[0] + (bounds[1] - bounds[0]) * self.share()

    def whole(self, bounds: Range) -> int:
        """Return a whole number between two bounds, both included; the lower where none lies between."""
        low, high = math.ceil(bounds[0]), math.floor(bounds[1])
        return low + int(self._bits.random_raw()) % (max(high, low) - low + 1)

    def pick(self, some: Sequence[_T]) -> _T:
        """Return one of some things."""
        return some[self.whole((0, len(some) - 1))]

    def among(self, shares: Mapping[str, float]) -> str:
        """Return one of some names, each as often as its share of them all."""
        left = self.share() * sum(shares.values())
        for name, share in shares.items():
            left -= share
            if left < 0:
                return name
        return name

    def along(self, quantiles: Sequence[float]) -> float:
        """Return a number of a distribution given by evenly spaced quantiles, from the least to the most."""
        at = self.share() * (len(quantiles) - 1)
        return quantiles[int(at)] + (at - int(at)) * (quantiles[int(at) + 1] - quantiles[int(at)])

    def shuffle(self, some: Sequence[_T]) -> list[_T]:
        """Return all of some things in any order."""
        left = list(some)
        return [left.pop(self.whole((0, len(left) - 1))) for _ in range(len(left))]

    def minutes(self, bounds: Range) -> timedelta:
        """Return a length of time of whole minutes."""
        return timedelta(minutes=self.whole(bounds))

    def hours(self, bounds: Range) -> timedelta:
        """Return a length of time between two numbers of hours, of whole minutes."""
        return self.minutes((bounds[0] * 60, bounds[1] * 60))


def grow(spec: Spec, agreement: Agreement) -> tuple[Truth, ...]:
    """Draw every incident that a spec asks for, in the order in which they happen.

    Raises TrucewatchError where no place or time fits what is asked.
    """
    grown = [truth for group in spec.groups for truth in _grow_group(spec, group, agreement)]
    grown.sort(key=lambda truth: (truth.start, truth.group, truth.lon, truth.lat))
    return tuple(replace(truth, id=f"{RECORD}T-{number:04d}") for number, truth in enumerate(grown, 1))


def _grow_group(spec: Spec, group: Group, agreement: Agreement) -> Iterator[Truth]:
    dice = Dice(spec.seed, f"truth of {group.id}")
    places = points_in(group.ground, agreement, dice, group.at)
    pairs = [(actor, target) for actor in group.by for target in group.on if actor != target or not actor]
    if not pairs:
        raise TrucewatchError(f"{group.at}: '{group.id}' leaves nobody to be the target")
    room = (group.during.latest - group.during.earliest) // MINUTE
    if group.minutes[1] > room:
        raise TrucewatchError(f"{group.at}: '{group.id}' lasts longer than the time in which it lies")
    for _ in range(group.number):
        length = max(dice.minutes(group.minutes), MINUTE)
        start = group.during.earliest + dice.minutes((0, room - length // MINUTE))
        lon, lat = next(places)
        actor, target = dice.pick(pairs)
        yield Truth(
            id="",
            group=group.id,
            act=group.act,
            actor=actor,
            target=target,
            start=start,
            end=start + length,
            lon=lon,
            lat=lat,
            zone=group.ground.zone,
            weapon=group.weapon,
            calibre_mm=group.calibre_mm,
            count=dice.whole(group.count) if group.count else None,
            unit=group.unit,
            civilians_dead=dice.whole(group.civilians_dead),
        )


def points_in(ground: Ground, agreement: Agreement, dice: Dice, at: str) -> Iterator[tuple[float, float]]:
    """Draw points of a ground without end, each rounded to about a metre; `at` is where the spec asks for them.

    Raises TrucewatchError where the ground holds none.
    """
    shape = zone_shape(agreement, ground.zone)
    for zone in ground.avoid:
        shape = shape.difference(zone_shape(agreement, zone))
    is_near = _nearness(ground, agreement, shape)
    west, south, east, north = (0.0, 0.0, 0.0, 0.0) if shape.is_empty else shape.bounds
    shapely.prepare(shape)
    tries = 0
    while tries < MOST_TRIES:
        lon, lat = round(dice.between((west, east)), 5), round(dice.between((south, north)), 5)
        tries += 1
        if shapely.contains_xy(shape, lon, lat) and is_near(lon, lat):
            tries = 0
            yield lon, lat
    raise TrucewatchError(f"{at}: no place in {ground.zone} fits what is asked")


def zone_shape(agreement: Agreement, zone: str) -> BaseGeometry:
    """Return what an agreement draws for a zone."""
    shape = agreement.zones[zone].shape
    return shapely.Polygon() if shape is None else shape


def _nearness(ground: Ground, agreement: Agreement, shape: BaseGeometry) -> Callable[[float, float], bool]:
    line = agreement.lines[ground.line].shape if ground.line else None
    if line is None:
        return lambda lon, lat: True
    plane = Plane.over([shape, line])
    drawn, (near_m, far_m) = plane.shape(line), ground.line_m

    def is_near(lon: float, lat: float) -> bool:
        x, y = plane.project(lon, lat)
        return near_m <= float(shapely.distance(drawn, shapely.Point(float(x), float(y)))) <= far_m

    return is_near
