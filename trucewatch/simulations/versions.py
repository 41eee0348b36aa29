"""Versions: what one root has of an event: seen sharply or not, with gaps, and now and then wrong."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trucewatch.actors import CIVILIANS
from trucewatch.acts import act_tree
from trucewatch.simulations.neighbourhoods import Event, Village
from trucewatch.simulations.observation import Asked
from trucewatch.simulations.specs import WEAPONS_USED
from trucewatch.simulations.told import away
from trucewatch.simulations.truths import Dice
from trucewatch.when import time_zone

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Version:
    """An event as one root tells it.

    `events` are the events told of (several: a summary of a series); `start` to `end` is a window of hours where
    `by_hour`, else of whole local days; without `radius_m` no point is given. Empty names and None: not said.
    """

    events: tuple[str, ...]
    root: str
    act: str
    actor: str
    target: str
    began: bool
    start: datetime
    end: datetime
    by_hour: bool
    village: Village | None
    zone: str
    lon: float
    lat: float
    radius_m: int | None
    count: int | None
    unit: str
    dead: int | None
    civilians_dead: int


@dataclass(frozen=True, slots=True)
class Eyes:
    """How roots see: the numbers of the model, the villages and sides they may take for others, and their clock."""

    asked: Asked
    seed: int
    acts: tuple[str, ...]
    actors: tuple[str, ...]
    villages: tuple[Village, ...]
    timezone: str

    def see(self, event: Event, root: str, dice: Dice, is_party: bool = False) -> Version:
        """Return an event as a root tells it; a party blames the other side, and its numbers suit it."""
        truth = event.truth
        blank = Version(
            events=(truth.id,), root=root, act=self._act(truth.act, dice), actor=truth.actor, target=truth.target,
            began=dice.chance(self.asked.share("began")) or truth.target == CIVILIANS, start=truth.start, end=truth.end,
            by_hour=False, village=None, zone=event.village.zone, lon=truth.lon, lat=truth.lat, radius_m=None,
            count=truth.count if dice.chance(self.asked.share("counted")) else None, unit=truth.unit,
            dead=event.dead, civilians_dead=truth.civilians_dead,
        )  # fmt: skip
        return self._placed(
            self._timed(self._numbered(self._sided(blank, dice, is_party), dice, is_party), dice), event, dice
        )

    def _act(self, act: str, dice: Dice) -> str:
        tree = act_tree()
        if dice.chance(self.asked.share("wrong_act")):
            return dice.pick([other for other in self.acts if not tree.on_one_chain(other, act)] or [act])
        wider = [node for node in tree if node != act and tree.covers(node, act) and tree.covers(WEAPONS_USED, node)]
        return dice.pick(wider) if wider and dice.chance(self.asked.share("broadly")) else act

    def _sided(self, version: Version, dice: Dice, is_party: bool) -> Version:
        if dice.chance(self.asked.share("wrong_actor")):
            version = replace(
                version, actor=dice.pick([one for one in self.actors if one != version.actor] or [version.actor])
            )
        if not is_party and dice.chance(self.asked.share("no_actor")):
            version = replace(version, actor="", began=version.target == CIVILIANS)
        if version.target != CIVILIANS and dice.chance(self.asked.share("no_target")):
            version = replace(version, target="")
        return version

    def _numbered(self, version: Version, dice: Dice, is_party: bool) -> Version:
        dead, count = version.dead or 0, version.count
        if dead and dice.chance(self.asked.share("wrong_dead")):
            # As far from the best figure as the highest lies above the best in curated estimates.
            dead = max(round(dead * dice.between((0.5, 2.0))), 1 if dead > 1 else 2)
        if count and dice.chance(self.asked.share("wrong_count")):
            count = max(round(count * dice.between((0.5, 1.6))), 1)
        if is_party and dice.chance(self.asked.share("party_inflates")):
            dead, count = dead + dice.whole((1, 6)), count and 2 * count
        return replace(version, dead=dead, count=count, civilians_dead=min(version.civilians_dead, dead))

    def _timed(self, version: Version, dice: Dice) -> Version:
        local = version.start.astimezone(time_zone(self.timezone))
        if dice.chance(self.asked.share("by_hour")):
            hours = dice.whole(self.asked.numbers["round_hours"])
            start = version.start - timedelta(minutes=local.minute % 30)
            if dice.chance(self.asked.share("wrong_hour")):
                start += dice.pick((-1, 1)) * dice.hours((1, 4))
            return replace(
                version,
                start=start,
                end=max(start + hours * _HOUR, start + (version.end - version.start)),
                by_hour=True,
            )
        midnight = local.replace(hour=0, minute=0)
        is_late = local.hour >= 21 or local.hour < 3
        if dice.chance(self.asked.share("late_night" if is_late else "wrong_day")):
            midnight += _DAY if local.hour >= 12 else -_DAY
        more = dice.whole((1, 6)) if dice.chance(self.asked.share("vague_days")) else 0
        before = dice.whole((0, more))
        return replace(version, start=midnight - before * _DAY, end=midnight + (1 + more - before) * _DAY)

    def _placed(self, version: Version, event: Event, dice: Dice) -> Version:
        village = event.village
        if dice.chance(self.asked.share("wrong_village")):
            village = self._neighbour(village)
        precision = dice.among(self.asked.shares["precision"])
        if precision == "area":
            return version
        named = None if dice.chance(self.asked.share("no_name")) else village
        if dice.chance(self.asked.share("no_point")):
            return replace(version, village=village)
        if precision == "village":
            lon, lat = self._point(village, version.root)
            radius = int(dice.between(self.asked.numbers["radius_m"])) // 500 * 500
            return replace(version, village=named, lon=lon, lat=lat, radius_m=max(radius, 500))
        lon, lat = away(village.lon, village.lat, dice.between(self.asked.numbers["near_m"]), dice)
        radius = int(dice.between(self.asked.numbers["near_radius_m"])) // 1000 * 1000
        return replace(version, village=named, lon=lon, lat=lat, radius_m=radius)

    def _point(self, village: Village, root: str) -> tuple[float, float]:
        """Return the point that a root's gazetteer has for a village; there are but a few gazetteers."""
        number = zlib.crc32(root.encode()) % round(self.asked.share("gazetteers"))
        dice = Dice(self.seed, f"gazetteer {number}: {village.names[1]}")
        return away(village.lon, village.lat, dice.between(self.asked.numbers["gazetteer_off_m"]), dice)

    def _neighbour(self, village: Village) -> Village:
        others = [one for one in self.villages if one != village]
        return min(others, key=lambda one: (one.lon - village.lon) ** 2 + (one.lat - village.lat) ** 2, default=village)
