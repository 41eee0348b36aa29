"""Observers: grow a dense truth, let roots see it, outlets print and copy, curators code; and write down who told what.

Unlike the feeds of a demo, observers err: a stated disc can miss, a day can be wrong, a copy can hide whom it copies.
The key says what each row tells of and who is truly behind it, so that what is made of the rows can be scored.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.actors import CIVILIANS
from trucewatch.agreement.terms import Agreement
from trucewatch.simulations.asserted import complain
from trucewatch.simulations.curated import DATASETS, Curators
from trucewatch.simulations.neighbourhoods import Event, grow_events
from trucewatch.simulations.observation import Asked, Observation
from trucewatch.simulations.observed import patrol
from trucewatch.simulations.specs import words_of_patrols
from trucewatch.simulations.stories import Press, Story
from trucewatch.simulations.told import MARK, Cells, Scene
from trucewatch.simulations.truths import RECORD, Dice
from trucewatch.simulations.versions import Eyes
from trucewatch.simulations.written import Simulation, table, utc, write_text

_LETTERS = {"wire": "W", "patrol": "P", "complaints": "C", "acled": "A", "ucdp": "U"}
# The first column of a feed holds the record's own id.
_COLUMNS = {
    "truth": (
        "marking id series village lon lat zone act actor target instant until count unit dead civilians_dead origins"
    ),
    "patrol": (
        "report_id patrol position_lat position_lon position_grid bearing bearing_unit bearing_reference bearing_error "
        "declination range_from_m range_to_m means count count_qualifier count_unit observation description weapon "
        "calibre_mm from to exercise area actor target remarks"
    ),
    "wire": (
        "report_id outlet cites published headline from until act count count_unit side_a side_b who_acted "
        "civilians_dead dead_low dead_high place lat lon radius_m area text"
    ),
    "complaints": (
        "complaint_id complainant accused target received from until alleged_act count count_unit civilians_dead place "
        "lat lon radius_m text"
    ),
    "acled": (
        "event_id_cnty event_date time_precision event_type sub_event_type actor1 actor2 country admin1 location "
        "latitude longitude geo_precision source notes fatalities"
    ),
    "ucdp": (
        "id year type_of_violence side_a side_b number_of_sources source_article source_office source_date "
        "source_headline source_original where_prec where_coordinates adm_1 latitude longitude country date_prec "
        "date_start date_end deaths_civilians deaths_unknown low best high"
    ),
}


@dataclass(frozen=True, slots=True)
class Tells:
    """What one item of a record truly rests on: the events it tells of (none, if of a lie) and its one true root."""

    events: tuple[str, ...]
    root: str


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it is written: its feed and cells, when it came in, how, and what each of its items rests on."""

    feed: str
    received: datetime
    cells: Cells
    items: tuple[Tells, ...]
    how: str
    changes: tuple[str, ...] = ()


def observe(observation: Observation, agreement: Agreement, out: Path, real: pl.DataFrame | None = None) -> Simulation:
    """Grow the truth of an observation model, or take that of real events, and write what is told of it into a folder.

    `real` holds reports of real events as `collect` gives them. The same model, agreement, seed and events give the
    same bytes. Raises TrucewatchError where no place, time or event fits what is asked.
    """
    events = grow_events(observation, agreement, real)
    if real is not None:
        # What is told of the last event must not end with the period that the spec asks for.
        times = [time for event in events for time in (event.truth.start, event.truth.end)]
        period = replace(
            observation.spec.period, earliest=min(times) - timedelta(days=9), latest=max(times) + timedelta(days=9)
        )
        observation = replace(observation, spec=replace(observation.spec, period=period))
    scene = Scene(observation.spec, agreement, tuple(event.truth for event in events if event.is_true))
    records = list(_tell(observation, scene, events))
    records.sort(key=lambda one: (list(_LETTERS).index(one.feed), one.received, *one.cells.values()))
    return _write(observation, events, records, out)


# ---- told ------------------------------------------------------------------------------------------------------------


def _tell(observation: Observation, scene: Scene, events: Sequence[Event]) -> Iterator[Record]:
    asked, seed = observation.observers, observation.spec.seed
    press = Press(scene, asked)
    eyes = Eyes(
        asked,
        seed,
        tuple(observation.truth.shares["acts"]),
        tuple(sorted({side for event in events for side in (event.truth.actor, event.truth.target)} - {"", CIVILIANS})),
        tuple(dict.fromkeys(event.village for event in events)),
        scene.agreement.timezone,
    )
    told: dict[str, list[Story]] = {}
    for event in events:
        dice = Dice(seed, f"told of {event.truth.id}")
        for kind, number in _roots(asked, event, dice):
            if kind in ("patrol", "complaints"):
                yield from _logged(scene, kind, event, dice)
                continue
            stories = list(_printed(eyes, press, event, kind, number, dice))
            told.setdefault(event.truth.id, []).extend(stories)
            for story in stories:
                yield _of_wire(press, story)
    for story in _summaries(eyes, press, events, Dice(seed, "summaries")):
        yield _of_wire(press, story)
    for dataset in DATASETS:
        for coded in Curators(scene, observation.curators, press, dataset, seed).code(events, told):
            # Items of a record are its tellers: an outlet that is named once is one, however many of its stories.
            by_teller = coded.articles if dataset == "ucdp" else _by_outlet(coded.articles)
            items = tuple(_tells(article) for article in by_teller)
            yield Record(dataset, coded.published, coded.cells, items, "coded", coded.changes)


def _by_outlet(articles: Sequence[Story]) -> tuple[Story, ...]:
    first: dict[str, Story] = {}
    for article in articles:
        first.setdefault(article.outlet, article)
    return tuple(first.values())


def _roots(asked: Asked, event: Event, dice: Dice) -> Iterator[tuple[str, int]]:
    """Draw who tells of an event in the first place, by kind and number within the kind; of a lie one only."""
    if not event.is_true:
        yield dice.among(asked.shares["false_roots"]), 0
        return
    for kind, share in asked.shares["roots"].items():
        for number in range(len(asked.lists["monitors"]) if kind == "monitor" else 1):
            # A second monitor covers less than the first.
            is_told = dice.chance(share / (1 + 3 * number))
            if is_told and (kind != "patrol" or words_of_patrols(event.truth.act)):
                yield kind, number


def _logged(scene: Scene, feed: str, event: Event, dice: Dice) -> Iterator[Record]:
    tell = patrol if feed == "patrol" else complain
    for row in tell(scene, event.truth, scene.spec.feeds[feed], dice):
        root = row.cells["patrol"] if feed == "patrol" else f"{row.cells['complainant']} (a party)"
        yield Record(feed, row.received, row.cells, (Tells((event.truth.id,), root),), "told", row.changes)


def _printed(eyes: Eyes, press: Press, event: Event, kind: str, number: int, dice: Dice) -> Iterator[Story]:
    """Let one root tell of an event, and outlets print and copy it."""
    cited, root = _cited(eyes.asked, press, event, kind, number, dice)
    version = eyes.see(event, root, dice, is_party=kind == "press")
    if kind == "circle":
        yield from press.circle(version, event.truth.end, dice)
        return
    if dice.chance(eyes.asked.share("circle")):
        yield from press.circle(version, event.truth.end, dice)
    yield from press.spread(version, cited, event.truth.end, dice)


def _cited(asked: Asked, press: Press, event: Event, kind: str, number: int, dice: Dice) -> tuple[str, str]:
    """Return how outlets name a root, and who it truly is: one organisation is one root, whatever it tells of."""
    nobody_else = f"{kind} of {event.truth.id}"
    match kind:
        case "monitor":
            return (asked.lists["monitors"][number],) * 2
        case "rescuer":
            return (dice.pick(asked.lists["rescuers"]),) * 2
        case "correspondent":
            return (dice.pick(list(press.outlets)),) * 2
        case "official":
            return dice.pick(("unnamed official", "unnamed officials")), nobody_else
        case "residents":
            return "unnamed residents", nobody_else
        case "press":
            offices = {
                key.removeprefix("press "): names[0] for key, names in asked.named.items() if key.startswith("press ")
            }
            side = next((one for one in (event.truth.target, event.truth.actor) if one in offices), min(offices))
            return offices[side], f"{side} (a party)"
        case _:
            return "", nobody_else


def _summaries(eyes: Eyes, press: Press, events: Sequence[Event], dice: Dice) -> Iterator[Story]:
    """Let a monitor sum up a day of a series: a story of several events at once."""
    days: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        if event.series and event.is_true:
            days.setdefault((event.series, press.scene.day(event.truth.start)), []).append(event)
    for bouts in days.values():
        if len(bouts) < 2 or not dice.chance(eyes.asked.share("all_day")):
            continue
        monitor = dice.pick(eyes.asked.lists["monitors"])
        seen = eyes.see(bouts[0], monitor, dice)
        day = press.scene.local_days(press.scene.day(bouts[0].truth.start), press.scene.day(bouts[0].truth.start))
        version = replace(
            seen,
            events=tuple(bout.truth.id for bout in bouts),
            start=day.earliest,
            end=day.latest,
            by_hour=False,
            count=seen.count and sum(bout.truth.count or 0 for bout in bouts),
            dead=sum(bout.dead for bout in bouts),
        )
        yield from press.spread(version, monitor, bouts[-1].truth.end, dice)


def _of_wire(press: Press, story: Story) -> Record:
    how = story.how or "told"
    return Record("wire", story.published, press.cells(story), (_tells(story),), how, story.changes)


def _tells(story: Story) -> Tells:
    return Tells(story.version.events, story.version.root)


# ---- written ---------------------------------------------------------------------------------------------------------


def _write(observation: Observation, events: Sequence[Event], records: Sequence[Record], out: Path) -> Simulation:
    out.mkdir(parents=True, exist_ok=True)
    spec = observation.spec
    origins = _origins(records)
    simulation = Simulation(
        id=spec.id,
        agreement=spec.agreement,
        seed=spec.seed,
        feeds=tuple((feed, out / f"{MARK}_reports_{feed}.csv") for feed in _LETTERS),
        truth_path=out / f"{MARK}_truth.csv",
        key_path=out / f"{MARK}.json",
        readme_path=out / f"{MARK}_README.txt",
        counts=_counts(events, records, origins),
    )
    key: list[dict[str, Any]] = []
    for feed, path in simulation.feeds:
        columns = _COLUMNS[feed].split()
        rows = [record for record in records if record.feed == feed]
        named = {f"{RECORD}{_LETTERS[feed]}-{n:04d}": row for n, row in enumerate(rows, 1)}
        write_text(path, table(columns, ({columns[0]: name} | row.cells for name, row in named.items())))
        key += [_entry(name, row) for name, row in named.items()]
    true = [event for event in events if event.is_true]
    write_text(simulation.truth_path, table(_COLUMNS["truth"].split(), (_truth_cells(one, origins) for one in true)))
    content = {
        "marking": f"{MARK}: none of this was ever reported",
        "simulation": spec.id,
        "agreement": spec.agreement,
        "seed": spec.seed,
        "period": [utc(spec.period.earliest), utc(spec.period.latest)],
        "counts": simulation.counts,
        "origins": origins,
        "reports": key,
    }
    write_text(simulation.key_path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    write_text(simulation.readme_path, _readme(simulation))
    return simulation


def _entry(name: str, record: Record) -> dict[str, Any]:
    """Say of a record which truth it tells of ("": none), how it came about, and what each of its items rests on."""
    first = record.items[0].events[0]
    return {
        "record": name,
        "source": record.feed,
        "truth": first if first.startswith(f"{RECORD}T-") else "",
        "how": record.how,
        "changes": record.changes,
        "items": [{"tells_of": item.events, "root": item.root} for item in record.items],
    }


def _origins(records: Sequence[Record]) -> dict[str, int]:
    """Count, for each event, lies among them, the independent roots behind all that is told of it."""
    roots: dict[str, set[str]] = {}
    for record in records:
        for item in record.items:
            for event in item.events:
                roots.setdefault(event, set()).add(item.root)
    return {event: len(roots[event]) for event in sorted(roots)}


def _counts(events: Sequence[Event], records: Sequence[Record], origins: Mapping[str, int]) -> dict[str, int]:
    hows = sorted({record.how for record in records})
    return {
        "incidents": sum(event.is_true for event in events),
        "incidents_never_told": sum(event.is_true and event.truth.id not in origins for event in events),
        "lies": sum(not event.is_true for event in events),
        "rows": len(records),
        **{f"rows_{how}": sum(record.how == how for record in records) for how in hows},
    }


def _truth_cells(event: Event, origins: Mapping[str, int]) -> Cells:
    truth = event.truth
    same = ("id", "act", "actor", "target", "zone", "unit", "civilians_dead")
    return {name: str(getattr(truth, name)) for name in same} | {
        "marking": MARK,
        "series": event.series,
        "village": event.village.names[1],
        "instant": utc(truth.start),
        "until": utc(truth.end),
        "lon": f"{truth.lon:.5f}",
        "lat": f"{truth.lat:.5f}",
        "count": "" if truth.count is None else str(truth.count),
        "dead": str(event.dead),
        "origins": str(origins.get(truth.id, 0)),
    }


def _readme(simulation: Simulation) -> str:
    counts = simulation.counts
    told = [
        f"{MARK}. No source ever reported any of this.",
        f"These files were made by lot, by the observation model '{simulation.id}' with the seed {simulation.seed}. "
        "Patrols, outlets, monitors, rescuers, datasets and persons in them are invented; actors bear the names that "
        f"the agreement '{simulation.agreement}' uses, and what they are said to do here says nothing of what any of "
        "them ever did. Where the truth was taken from real events, only their place, day, sides and dead are real: "
        "every report of them is invented.",
        f"{simulation.truth_path.name} holds {counts['incidents']} incidents, of which nobody tells of "
        f"{counts['incidents_never_told']}; {counts['lies']} more that are told of never happened. "
        f"{counts['rows']} rows tell of them. {simulation.key_path.name} says of each row, and of each of its items, "
        "what it tells of and whose word it truly rests on.",
        "Do not mix these files with real reports, and do not take the marking off.",
    ]
    return "\n\n".join(textwrap.fill(paragraph, 100, break_on_hyphens=False) for paragraph in told) + "\n"
