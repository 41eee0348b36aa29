"""Observed: what patrols, posts and sensors make of a truth: where they stood, a bearing, a range, a count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pyproj

from trucewatch.acts import act_tree
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.specs import IN_PLACE, WEAPONS_USED, Extra, Feed, words_of_patrols
from trucewatch.simulations.told import MARK, Cells, How, Scene, Told, away, blurred_disc, near, point
from trucewatch.simulations.truths import MINUTE, MOST_TRIES, Dice, Truth, points_in, zone_shape
from trucewatch.where import Reference, read_bearing

QUIET = "nothing observed"

_MOVEMENT = "restriction-of-movement"
_EARTH = "WGS84"
# A patrol's form takes what it stands at for known to 100 m.
_AT_HAND_M = 80


def patrol(scene: Scene, truth: Truth, feed: Feed, dice: Dice) -> Iterator[Told]:
    """Tell of a truth as one or two patrols log it."""
    is_barrier = act_tree().covers(_MOVEMENT, truth.act)
    first = dice.whole((0, len(feed.tellers) - 1))
    for teller in range(first, first + (1 if is_barrier else 1 + dice.chance(feed.share("twice")))):
        if is_barrier:
            seen = _at_barrier(scene, truth, dice)
        elif act_tree().covers("explosion", truth.act) and dice.chance(feed.share("site_visits")):
            seen = _at_site(truth, dice)
        else:
            seen = _from_afar(truth, feed, dice)
        start, end = scene.widened(truth.start, truth.end, feed.numbers["window_minutes"], dice)
        late = dice.hours(feed.numbers["late_hours"])
        cells = seen | {
            "patrol": feed.tellers[teller % len(feed.tellers)],
            "area": scene.area(truth.zone, dice),
            "from": scene.clock(start),
            "to": scene.clock(end - MINUTE),
            "remarks": f"{MARK}: filed {late // timedelta(hours=1)} h afterwards",
        }
        yield Told("patrol", truth.end + late, cells, truth.id, How.TOLD)


def _at_barrier(scene: Scene, truth: Truth, dice: Dice) -> Cells:
    return point(*near(truth.lon, truth.lat, _AT_HAND_M, dice), "position_") | {
        "range_to_m": "100",
        "means": "saw",
        "observation": words_of_patrols(truth.act)[0],
        "actor": scene.name(truth.actor, dice),
    }


def _at_site(truth: Truth, dice: Dice) -> Cells:
    return point(*near(truth.lon, truth.lat, _AT_HAND_M, dice), "position_") | {
        "means": "impact-site",
        "observation": words_of_patrols(truth.act)[0],
        "description": "impact site seen afterwards",
        "weapon": truth.weapon,
        "calibre_mm": truth.calibre_mm,
    }


def _from_afar(truth: Truth, feed: Feed, dice: Dice) -> Cells:
    """Tell of what was heard, seen or recorded along a bearing, from some kilometres off."""
    lon, lat = away(truth.lon, truth.lat, dice.between(feed.numbers["off_m"]), dice)
    azimuth, _, off_m = pyproj.Geod(ellps=_EARTH).inv(lon, lat, truth.lon, truth.lat)
    error = dice.whole(feed.numbers["error_deg"])
    aimed = float(azimuth) + (2 * dice.share() - 1) * 0.8 * error
    means = dice.pick(("heard", "heard", "saw", "recorded"))
    words = words_of_patrols(truth.act)
    return {
        **_position(lon, lat, by_grid=dice.chance(feed.share("by_grid"))),
        **_bearing(aimed, lon, lat, feed.share("declination_deg"), dice),
        "bearing_error": str(error),
        "range_from_m": str(int(off_m * dice.between((0.5, 0.9))) // 100 * 100),
        "range_to_m": str(int(off_m * dice.between((1.1, 1.6))) // 100 * 100 + 100),
        "means": means,
        **_counted(truth, dice, is_exact=means != "heard"),
        "observation": dice.pick(words) if dice.chance(feed.share("broadly")) else words[0],
        "weapon": "" if means == "heard" else truth.weapon,
    }


def _position(lon: float, lat: float, by_grid: bool) -> Cells:
    if not by_grid:
        return point(lon, lat, "position_")
    import mgrs

    return {"position_grid": mgrs.MGRS().toMGRS(lat, lon, MGRSPrecision=3)}


def _bearing(true_deg: float, lon: float, lat: float, declination_deg: float, dice: Dice) -> Cells:
    """Write a true bearing as some patrol would: in degrees or mils, from one of three norths."""
    reference = dice.pick(list(Reference))
    north = read_bearing(0.0, "degrees", reference, declination_deg, lon, lat)
    degrees = (true_deg - north) % 360.0
    unit = dice.pick(("degrees", "degrees", "mils"))
    value = round(degrees * 640 / 360) % 640 * 10 if unit == "mils" else round(degrees) % 360
    return {
        "bearing": str(value),
        "bearing_unit": unit,
        "bearing_reference": reference.value,
        "declination": f"{declination_deg:g}" if reference is Reference.MAGNETIC else "",
    }


def _counted(truth: Truth, dice: Dice, is_exact: bool) -> Cells:
    """Tell how many, as one who may not have caught them all; nothing where there was nothing to count."""
    if truth.count is None:
        return {}
    if truth.count > 20 and dice.chance(0.5):
        return {"count_qualifier": "uncountable", "count_unit": truth.unit}
    missed = 0 if is_exact else dice.whole((0, truth.count // 2))
    qualifier = "exact" if is_exact else "at least"
    return {"count": str(truth.count - missed), "count_qualifier": qualifier, "count_unit": truth.unit}


def presence(scene: Scene, truth: Truth, feed: Feed, dice: Dice) -> Iterator[Told]:
    """Tell of forces or weapons as they were sighted, each time for some of the time that they were there."""
    room = (truth.end - truth.start) // MINUTE
    for _ in range(dice.whole(feed.numbers["sightings"])):
        length = max(dice.minutes((1, min(room, 3 * 24 * 60))), MINUTE)
        start = truth.start + dice.minutes((0, room - length // MINUTE))
        end = start + length
        received = end + dice.hours(feed.numbers["late_hours"])
        is_within = dice.chance(feed.share("within"))
        if is_within:
            start, end = scene.widened(start, end, (60, 720), dice)
        cells = {
            "actor": scene.name(truth.actor, dice),
            "what": IN_PLACE[truth.act],
            "weapon": truth.weapon,
            "calibre_mm": truth.calibre_mm,
            **_counted(truth, dice, is_exact=False),
            "from": scene.clock(start),
            "until": scene.clock(end - MINUTE),
            "time_extent": "within" if is_within else "",
            **blurred_disc(truth.lon, truth.lat, feed, dice),
            "area": scene.area(truth.zone, dice),
            "seen_by": dice.pick(feed.tellers),
            "means": dice.pick(("saw", "saw", "recorded")),
            "remarks": f"{MARK}: seen in place",
        }
        yield Told("presence", received, cells, truth.id, How.TOLD)


def watch(scene: Scene, extra: Extra, dice: Dice) -> Iterator[Told]:
    """Tell that a whole area was watched day and night and nothing was seen, leaving out the weeks in which it was."""
    shape = zone_shape(scene.agreement, extra.ground.zone)
    first, last = (date.fromisoformat(day) for day in scene.days(extra.during.earliest, extra.during.latest))
    length = timedelta(days=max(int(extra.numbers["days"][0]), 1))
    while first <= last:
        until = min(first + length, last + timedelta(days=1)) - timedelta(days=1)
        span = scene.local_days(first.isoformat(), until.isoformat())
        if scene.is_calm_in(shape, span.earliest, span.latest):
            cells = {
                "patrol": extra.by[0] if extra.by else "",
                "area": scene.area(extra.ground.zone, dice),
                "means": "saw",
                "observation": QUIET,
                "from": first.isoformat(),
                "to": until.isoformat(),
                "remarks": f"{MARK}: the whole area in view, day and night",
            }
            yield Told("patrol", span.latest + timedelta(hours=8), cells, "", How.QUIET)
        first = until + timedelta(days=1)


def quiet(scene: Scene, extra: Extra, dice: Dice) -> Iterator[Told]:
    """Tell of patrols that saw and heard nothing round them, where there was nothing to see or hear."""
    feed = scene.spec.feeds["patrol"]
    places = points_in(extra.ground, scene.agreement, dice, extra.at)
    room = (extra.during.latest - extra.during.earliest) // MINUTE
    made = 0
    for _ in range(MOST_TRIES):
        if made == extra.number:
            return
        (lon, lat), reach = next(places), dice.whole(extra.numbers["reach_m"]) // 100 * 100
        length = max(dice.minutes(extra.numbers["minutes"]), MINUTE)
        start = extra.during.earliest + dice.minutes((0, room - length // MINUTE))
        if not scene.is_calm(WEAPONS_USED, lon, lat, 2 * reach, start, start + length):
            continue
        made += 1
        cells = point(lon, lat, "position_") | {
            "patrol": dice.pick(feed.tellers),
            "range_to_m": str(reach),
            "means": "saw",
            "observation": QUIET,
            "from": scene.clock(start),
            "to": scene.clock(start + length - MINUTE),
            "remarks": f"{MARK}: nothing seen or heard round the position",
        }
        received = start + length + dice.hours(feed.numbers["late_hours"])
        yield Told("patrol", received, cells, "", How.QUIET)
    raise TrucewatchError(f"{extra.at}: there are not so many quiet times and places")
