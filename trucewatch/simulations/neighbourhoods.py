"""Neighbourhoods: a dense truth: villages side by side, several events on one day, long series, and quiet places.

The truth is either invented, or it is that of real events, each with its own place, day, sides and dead; then what they
lack (the hour, the act, the count) is drawn by lot, and so is all that is told of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from trucewatch.actors import CIVILIANS, read_pairs
from trucewatch.acts import ROOT, act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.observation import Asked, Observation
from trucewatch.simulations.specs import Ground
from trucewatch.simulations.spellings import HOUSES, invent_name, respell
from trucewatch.simulations.told import away, near
from trucewatch.simulations.truths import MINUTE, RECORD, Dice, Truth, points_in
from trucewatch.when import Span, time_zone

_DAY = timedelta(days=1)
_UNITS = {"explosion": "explosions", "firing": "bursts"}


@dataclass(frozen=True, slots=True)
class Village:
    """A place with a point; `names` in Arabic (empty: not known) and then as each house writes it."""

    names: tuple[str, ...]
    lon: float
    lat: float
    zone: str

    def name(self, language: str, house: str) -> str:
        """Return the name in a language, as a house writes it; empty where it has none in that script."""
        return self.names[0] if language == "ar" else self.names[1 + HOUSES.index(house)]


@dataclass(frozen=True, slots=True)
class Event:
    """A truth in its village; `series` names the series that it is one bout of, `day_only` that its hour was drawn."""

    truth: Truth
    village: Village
    dead: int
    series: str = ""

    @property
    def is_true(self) -> bool:
        """Whether it happened: false reports tell of events that did not."""
        return self.truth.id.startswith(f"{RECORD}T-")


def grow_events(observation: Observation, agreement: Agreement, real: pl.DataFrame | None) -> tuple[Event, ...]:
    """Draw every event that is told of, true ones and such as never happened, in order of time.

    `real` holds reports of real events, one each, as `collect` gives them; without it the events are invented. Raises
    TrucewatchError where there are none to draw from.
    """
    asked = observation.truth
    true = list(_real(observation, agreement, real) if real is not None else _invented(observation, agreement))
    dice = Dice(observation.spec.seed, "false events")
    false = []
    for _ in range(round(asked.share("lies") * len(true))):
        # Lies are told of the places and times that news comes from, and are no copy of what happened there.
        pattern, other = dice.pick(true), dice.pick(true)
        start = min(other.truth.start + dice.hours((6, 60)), observation.spec.period.latest - _DAY)
        false.append(_event(asked, pattern.village, start, (pattern.truth.actor, pattern.truth.target), dice))
    return (*_numbered(true, "T"), *_numbered(false, "L"))


def _numbered(events: Sequence[Event], letter: str) -> Iterator[Event]:
    ordered = sorted(events, key=lambda event: (event.truth.start, event.truth.lon, event.truth.lat, event.truth.act))
    for number, event in enumerate(ordered, 1):
        yield replace(event, truth=replace(event.truth, id=f"{RECORD}{letter}-{number:04d}"))


# ---- invented --------------------------------------------------------------------------------------------------------


def _invented(observation: Observation, agreement: Agreement) -> Iterator[Event]:
    asked, spec = observation.truth, observation.spec
    busy, quiet = _villages(observation, agreement)
    dice = Dice(spec.seed, "events")
    sides = list(asked.named.values())
    for _ in range(dice.whole(asked.numbers["lone"])):
        village = dice.pick(quiet) if quiet and dice.chance(asked.share("at_lonely")) else _popular(busy, dice)
        event = _event(asked, village, _instant(spec.period, dice), dice.pick(sides), dice)
        yield event
        if dice.chance(asked.share("twins")):
            yield _twin(asked, event, sides, dice)
    for number in range(dice.whole(asked.numbers["series"])):
        yield from _series(asked, _popular(busy, dice), spec.period, dice.pick(sides), f"series {number + 1}", dice)


def _villages(observation: Observation, agreement: Agreement) -> tuple[list[Village], list[Village]]:
    """Return the villages of the neighbourhoods, those drawn most often first, and the lonely ones."""
    asked = observation.truth
    dice = Dice(observation.spec.seed, "villages")
    zones = asked.lists["in"]
    grounds = {
        zone: points_in(Ground(zone), agreement, Dice(observation.spec.seed, f"ground {zone}"), zone) for zone in zones
    }

    def village(zone: str, lon: float, lat: float) -> Village:
        return Village(invent_name(dice), lon, lat, zone)

    busy: list[Village] = []
    for _ in range(dice.whole(asked.numbers["towns"])):
        zone = dice.pick(zones)
        town = village(zone, *next(grounds[zone]))
        busy.append(town)
        for _ in range(dice.whole(asked.numbers["villages"])):
            busy.append(village(zone, *away(town.lon, town.lat, dice.between(asked.numbers["apart_m"]), dice)))
    lonely = [dice.pick(zones) for _ in range(dice.whole(asked.numbers["lonely"]))]
    return busy, [village(zone, *next(grounds[zone])) for zone in lonely]


def _popular(villages: Sequence[Village], dice: Dice) -> Village:
    """Pick a village: a few have most of what happens."""
    return villages[int(len(villages) * dice.share() ** 2.5)]


def _instant(period: Span, dice: Dice) -> datetime:
    room = (period.latest - period.earliest - _DAY) // MINUTE
    return period.earliest + dice.minutes((0, max(room, 0)))


def _event(asked: Asked, village: Village, start: datetime, sides: tuple[str, ...], dice: Dice, act: str = "") -> Event:
    act = act or dice.among(asked.shares["acts"])
    lon, lat = near(village.lon, village.lat, dice.between(asked.numbers["off_centre_m"]), dice)
    dead = int(dice.along(asked.quantiles["dead"])) if dice.chance(asked.share("deadly")) else 0
    unit = next((unit for node, unit in _UNITS.items() if act_tree().covers(node, act)), "")
    # Civilians are aimed at, and aim at nobody.
    actor, target = sides if CIVILIANS in sides else dice.shuffle(sides)
    is_civilian = target == CIVILIANS or dice.chance(asked.share("civilian"))
    truth = Truth(
        id="", group="", act=act, actor=actor, target=target, start=start,
        end=start + dice.minutes(asked.numbers["minutes"]) + MINUTE, lon=lon, lat=lat, zone=village.zone, weapon="",
        calibre_mm="", count=dice.whole(asked.numbers["count"]) if unit else None, unit=unit,
        civilians_dead=dice.whole((1, dead)) if dead and is_civilian else 0,
    )  # fmt: skip
    return Event(truth, village, dead)


def _twin(asked: Asked, event: Event, sides: Sequence[tuple[str, ...]], dice: Dice) -> Event:
    """Let another thing happen in the same village within hours: told apart by the hour, the act, or the actor."""
    later = event.truth.start + dice.hours(asked.numbers["twin_hours"])
    same = (event.truth.actor, event.truth.target)
    match dice.pick(("hour", "act", "actor")):
        case "hour":
            twin = _event(asked, event.village, later, same, dice, event.truth.act)
            return replace(twin, truth=replace(twin.truth, actor=same[0], target=same[1]))
        case "act":
            twin = _event(asked, event.village, later, same, dice)
            return replace(twin, truth=replace(twin.truth, actor=same[0], target=same[1]))
        case _:
            return _event(asked, event.village, later, dice.pick(sides), dice, event.truth.act)


def _series(
    asked: Asked, village: Village, period: Span, sides: tuple[str, ...], name: str, dice: Dice
) -> Iterator[Event]:
    act = dice.among(asked.shares["acts"])
    start = _instant(period, dice)
    for _ in range(dice.whole(asked.numbers["bouts"])):
        if start + _DAY >= period.latest:
            return
        yield replace(_event(asked, village, start, sides, dice, act), series=name)
        start += dice.hours(asked.numbers["gap_hours"])


# ---- real ------------------------------------------------------------------------------------------------------------


def _real(observation: Observation, agreement: Agreement, real: pl.DataFrame) -> Iterator[Event]:
    """Take events that follow one another, from a day that the seed draws: as dense as they are in the file."""
    asked = observation.truth
    dice = Dice(observation.spec.seed, "real events")
    known = (
        real.unique("event_key", keep="first", maintain_order=True)
        .filter(
            (pl.col("place_kind") == "disc")
            & (pl.col("latest") - pl.col("earliest") <= timedelta(hours=25))
            & pl.col("place_name").is_not_null()
        )
        .sort("earliest", "event_key")
    )
    wanted = dice.whole(asked.numbers["events"])
    if known.is_empty():
        raise TrucewatchError("no event of the file has a place by its name, a point and a day; give a fuller file")
    for row in known.slice(dice.whole((0, max(known.height - wanted, 0))), wanted).iter_rows(named=True):
        zone = agreement.gazetteer.find(row["adm_1"] or "") or ""
        names = ("", *(respell(row["place_name"], house) for house in HOUSES))
        village = Village(names, row["lon"], row["lat"], zone)
        yield _completed(asked, agreement, village, row, dice)


def _completed(asked: Asked, agreement: Agreement, village: Village, row: dict[str, object], dice: Dice) -> Event:
    """Return a real event with what its row says, and what it does not say drawn by lot."""
    pairs = [pair for pair in read_pairs(str(row["pairs"])) if pair[1] != CIVILIANS] or read_pairs(str(row["pairs"]))
    actor, target = (_known(agreement, name) for name in dice.pick(sorted(pairs)))
    earliest = row["earliest"]
    assert isinstance(earliest, datetime)
    day = earliest.astimezone(time_zone(agreement.timezone))
    drawn = _event(asked, village, day + dice.minutes((0, 24 * 60 - 60)), (actor, target), dice)
    dead = round((_number(row["dead_low"]) + _number(row["dead_high"])) / 2)
    act = str(row["act"])
    fits = {a: share for a, share in asked.shares["acts"].items() if act_tree().covers(act, a) and a != ROOT}
    truth = replace(
        drawn.truth, act=dice.among(fits) if fits else act, actor=actor, target=target, lon=village.lon,
        lat=village.lat, civilians_dead=min(_number(row["civilians_dead"]), dead),
    )  # fmt: skip
    return Event(truth, village, dead)


def _known(agreement: Agreement, name: str) -> str:
    """Return an actor's id under which a name stands; nobody and civilians are themselves."""
    return name if name in ("", CIVILIANS) else agreement.register.identify(name)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
