"""Asserted: what outlets and parties make of a truth: copied, inflated, blurred, and now and then of nothing at all."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from trucewatch.actors import CIVILIANS
from trucewatch.acts import act_tree
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.specs import LANGUAGES, WEAPONS_USED, Extra, Feed
from trucewatch.simulations.told import MARK, Cells, How, Scene, Told, act_label, blurred_disc
from trucewatch.simulations.truths import MOST_TRIES, Dice, Truth, points_in
from trucewatch.when import Span

_DENIAL = "Nothing of this happened."
_NEAR = {"en": "near {}", "ar": "قرب {}"}
_DEAD = {"en": ", {} civilians dead", "ar": "، مقتل مدنيين: {}"}
_SAYS = {"en": "; according to {}", "ar": "؛ بحسب {}"}
_NOWHERE = {"lon": "", "lat": "", "radius_m": ""}


def wire(scene: Scene, truth: Truth, feed: Feed, dice: Dice) -> Iterator[Told]:
    """Tell a story, and the stories that copy it: each cites the one before, and may change something."""
    outlets = dice.shuffle(list(feed.names))
    areas = _areas(scene, truth.zone, dice)
    story = _story_of(scene, truth, feed, dice)
    root = dice.pick(feed.tellers)
    chain = [root] if root else []
    received = truth.end
    for step in range(1 + min(dice.whole(feed.numbers["copies"]), len(outlets) - 1)):
        received += dice.hours(feed.numbers["late_hours"])
        changes: tuple[str, ...] = ()
        if step and dice.chance(feed.share("drift")):
            story, changes = _drifted(story, dice)
        language, umbrella = feed.names[outlets[step]][0], feed.share("umbrella")
        sides = {
            "side_a": scene.name(truth.actor, dice, language, umbrella),
            "side_b": scene.name(truth.target, dice, language, umbrella),
        }
        cells = _printed(scene, story | sides, areas, outlets[step], chain, received)
        yield Told("wire", received, cells, truth.id, How.COPIED if step else How.TOLD, changes)
        chain = [outlets[step], *chain]


def _story_of(scene: Scene, truth: Truth, feed: Feed, dice: Dice) -> Cells:
    """Say of a truth what the first outlet knows of it."""
    first, last = scene.days(truth.start, truth.end, days_more=int(dice.chance(feed.share("vague"))))
    # Where a story does not say who began, both sides may have; civilians never did.
    began = dice.chance(feed.share("acted")) and bool(truth.actor)
    story = {
        "from": first,
        "until": last,
        "act": dice.pick(_wider(truth.act)) if dice.chance(feed.share("broadly")) else truth.act,
        "who_acted": "side_a" if began or truth.target == CIVILIANS else "",
        "civilians_dead": str(truth.civilians_dead or ""),
        **blurred_disc(truth.lon, truth.lat, feed, dice, step_m=100),
    }
    if truth.count is not None and dice.chance(0.5):
        story |= {"count": str(truth.count), "count_unit": truth.unit}
    return story | _NOWHERE if dice.chance(feed.share("vague")) else story


def _drifted(story: Cells, dice: Dice) -> tuple[Cells, tuple[str, ...]]:
    """Change what a copy gets wrong: a number grows, or else the place is lost."""
    for column in ("civilians_dead", "count"):
        if story.get(column):
            grown = str(int(story[column]) + dice.whole((1, 5)))
            return story | {column: grown}, (f"{column} {story[column]} -> {grown}",)
    return (story | _NOWHERE, ("place lost",)) if story["lon"] else (story, ())


def _printed(
    scene: Scene, story: Cells, areas: Mapping[str, str], outlet: str, chain: Sequence[str], received: datetime
) -> Cells:
    """Print a story in the language of its outlet; it names whom it cites, and no village."""
    language = scene.spec.feeds["wire"].names[outlet][0]
    place = _NEAR[language].format(areas[language])
    dead = _DEAD[language].format(story["civilians_dead"]) if story.get("civilians_dead") else ""
    count = f" ({story['count']} {story['count_unit']})" if story.get("count") else ""
    cited = _SAYS[language].format(chain[0]) if chain else ""
    what = act_label(story["act"], language)
    return story | {
        "outlet": outlet,
        "cites": " < ".join(chain),
        "published": scene.clock(received),
        "headline": f"{MARK}: {what} {place}{dead}",
        "place": place,
        "area": areas[language],
        "text": f"{MARK}: {what} {place}{count}{dead}{cited}. {_DENIAL}",
    }


def _areas(scene: Scene, zone: str, dice: Dice) -> dict[str, str]:
    return {language: scene.area(zone, dice, language) for language in LANGUAGES}


def _wider(act: str) -> list[str]:
    """Return the acts that cover one, up to the use of weapons; itself where it is no use of weapons."""
    tree = act_tree()
    return [node for node in tree if tree.covers(node, act) and tree.covers(WEAPONS_USED, node)] or [act]


def complain(scene: Scene, truth: Truth, feed: Feed, dice: Dice) -> Iterator[Told]:
    """Let each party complain of what others did to its side."""
    for complainant, side in feed.names.items():
        if not truth.actor or truth.target not in side or truth.actor in side:
            continue
        start, end = scene.widened(truth.start, truth.end, feed.numbers["window_minutes"], dice)
        numbers = {"civilians_dead": truth.civilians_dead, "count": truth.count or 0}
        grown = dict(numbers)
        if dice.chance(feed.share("inflated")):
            grown = {"civilians_dead": truth.civilians_dead + dice.whole((1, 4)), "count": 2 * numbers["count"]}
        told = {
            "accused": scene.name(truth.actor, dice),
            "target": scene.name(truth.target, dice),
            "from": scene.clock(start),
            "until": scene.clock(end),
            "alleged_act": truth.act,
            **{name: str(number or "") for name, number in grown.items()},
            "count_unit": truth.unit if truth.count else "",
            **blurred_disc(truth.lon, truth.lat, feed, dice),
        }
        received = truth.end + dice.hours(feed.numbers["late_hours"])
        changes = tuple(f"{name} {old} -> {grown[name]}" for name, old in numbers.items() if grown[name] != old)
        cells = _complaint(scene, told, complainant, truth.zone, received, dice)
        yield Told("complaints", received, cells, truth.id, How.TOLD, changes)


def _complaint(scene: Scene, told: Cells, complainant: str, zone: str, received: datetime, dice: Dice) -> Cells:
    what = act_label(told["alleged_act"], "en")
    return told | {
        "complainant": scene.agreement.register.label(complainant),
        "received": scene.clock(received),
        "place": scene.area(zone, dice),
        "text": f"{MARK}: complaint of {what}, said to be the work of {told['accused']}. {_DENIAL}",
    }


def lie(scene: Scene, extra: Extra, dice: Dice) -> Iterator[Told]:
    """Let a party complain of what never happened, and now and then an outlet print it."""
    feed, press = scene.spec.feeds["complaints"], scene.spec.feeds.get("wire")
    for lon, lat, span in _nothings(scene, extra, feed, dice):
        dead = dice.whole(extra.numbers["civilians_dead"])
        told = {
            "accused": scene.name(dice.pick(extra.on), dice),
            "target": scene.name(extra.by[0], dice),
            "from": scene.day(span.earliest),
            "alleged_act": extra.act,
            "civilians_dead": str(dead or ""),
            **blurred_disc(lon, lat, feed, dice),
        }
        received = span.latest + dice.hours(feed.numbers["late_hours"])
        cells = _complaint(scene, told, extra.by[0], extra.ground.zone, received, dice)
        yield Told("complaints", received, cells, "", How.LIE)
        if press and dice.chance(extra.numbers["printed"][0]):
            received += dice.hours(press.numbers["late_hours"])
            story = {name: told[name] for name in ("from", "civilians_dead", "lon", "lat", "radius_m")}
            story |= {"act": extra.act, "who_acted": "side_a", "side_a": told["accused"], "side_b": told["target"]}
            outlet, areas = dice.pick(list(press.names)), _areas(scene, extra.ground.zone, dice)
            printed = _printed(scene, story, areas, outlet, [cells["complainant"]], received)
            yield Told("wire", received, printed, "", How.PRINTED_LIE)


def rumour(scene: Scene, extra: Extra, dice: Dice) -> Iterator[Told]:
    """Let two outlets tell what never happened, each on the other's word."""
    feed = scene.spec.feeds["wire"]
    for lon, lat, span in _nothings(scene, extra, feed, dice):
        areas, received = _areas(scene, extra.ground.zone, dice), span.latest
        story = {
            "from": scene.day(span.earliest),
            "act": extra.act,
            "side_a": scene.name(extra.by[0], dice),
            "side_b": scene.name(extra.on[0], dice),
            **blurred_disc(lon, lat, feed, dice, step_m=100),
        }
        for outlet, cited in itertools.permutations(dice.shuffle(list(feed.names))[:2], 2):
            received += dice.hours(feed.numbers["late_hours"])
            yield Told("wire", received, _printed(scene, story, areas, outlet, [cited], received), "", How.RUMOUR)


def _nothings(scene: Scene, extra: Extra, feed: Feed, dice: Dice) -> Iterator[tuple[float, float, Span]]:
    """Draw places and days at which nothing happens that could be taken for an act."""
    places = points_in(extra.ground, scene.agreement, dice, extra.at)
    days = max((extra.during.latest - extra.during.earliest) // timedelta(days=1), 1)
    made = 0
    for _ in range(MOST_TRIES):
        if made == extra.number:
            return
        lon, lat = next(places)
        day = scene.day(extra.during.earliest + timedelta(days=dice.whole((0, days - 1)), hours=12))
        span = scene.local_days(day, day)
        reach_m = 3 * max(feed.numbers["radius_m"][1], 1.0)
        if scene.is_calm(extra.act, lon, lat, reach_m, span.earliest, span.latest):
            made += 1
            yield lon, lat, span
    raise TrucewatchError(f"{extra.at}: there are not so many times and places at which nothing happens")
