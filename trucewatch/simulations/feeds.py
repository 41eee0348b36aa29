"""Feeds: a simulation written down, in the forms that monitors, outlets and parties use, beside the truth and the key.

Feeds tell of the truth late, less sharply than it was, with numbers changed, under other spellings of a name; some of
it nobody tells of, and some of what is told never happened. What is told of a truth is never wrong about where and
when: the stated place holds the true one, the stated time the true instant.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.asserted import complain, lie, rumour, wire
from trucewatch.simulations.observation import is_observation, read_observation
from trucewatch.simulations.observed import patrol, presence, quiet, watch
from trucewatch.simulations.observers import observe
from trucewatch.simulations.specs import read_spec
from trucewatch.simulations.told import MARK, Cells, How, Scene, Told
from trucewatch.simulations.truths import RECORD, Dice, Truth, grow
from trucewatch.simulations.written import Simulation, table, utc, write_text

_LETTERS = {"patrol": "P", "presence": "F", "wire": "W", "complaints": "C"}
_TELLERS = {"patrol": patrol, "presence": presence, "wire": wire, "complaints": complain}
_BESIDE = {"watched": watch, "quiet": quiet, "lies": lie, "rumours": rumour}
# The first column of a feed holds the record's own id.
_COLUMNS = {
    "truth": "marking id group act actor target instant until lon lat zone weapon calibre_mm count unit civilians_dead",
    "patrol": (
        "report_id patrol position_lat position_lon position_grid bearing bearing_unit bearing_reference bearing_error "
        "declination range_from_m range_to_m means count count_qualifier count_unit observation description weapon "
        "calibre_mm from to exercise area actor target remarks"
    ),
    "presence": (
        "report_id actor what weapon calibre_mm count count_qualifier count_unit from until time_extent lat lon "
        "radius_m grid area seen_by means remarks"
    ),
    "wire": (
        "report_id outlet cites published headline from until act count count_unit side_a side_b who_acted "
        "civilians_dead place lat lon radius_m area text"
    ),
    "complaints": (
        "complaint_id complainant accused target received from until alleged_act count count_unit civilians_dead place "
        "lat lon radius_m text"
    ),
}


def simulate(
    spec: Path | Mapping[str, Any],
    agreement: Agreement,
    out: Path,
    seed: int | None = None,
    events: pl.DataFrame | None = None,
) -> Simulation:
    """Grow the truth that a spec asks for, blur it into feeds, and write both into a folder.

    `seed` replaces the spec's own. `events` are reports of real events, as `collect` gives them, whose place, day,
    sides and dead an observation model takes for its truth. The same spec, agreement, seed and events give the same
    bytes. Raises TrucewatchError for a spec that asks for what cannot be.
    """
    if seed is not None and seed < 0:
        raise TrucewatchError(f"the seed {seed} is below zero; give a whole number from 0 on")
    if is_observation(spec):
        model = read_observation(spec, agreement)
        drawn = model.spec if seed is None else replace(model.spec, seed=seed)
        return observe(replace(model, spec=drawn), agreement, out, events)
    if events is not None:
        raise TrucewatchError("only an observation model takes real events; name such a spec, or leave them out")
    asked = read_spec(spec, agreement)
    asked = asked if seed is None else replace(asked, seed=seed)
    scene = Scene(asked, agreement, grow(asked, agreement))
    told = sorted(_tell(scene), key=lambda row: (list(_LETTERS).index(row.feed), row.received, *row.cells.values()))
    return _write(scene, told, out)


def is_simulated(reports: pl.DataFrame) -> bool:
    """Say whether some reports or claims hold a row of a simulation: then whatever is made of them is one."""
    marked = pl.col("record").str.starts_with(RECORD) | pl.col("file").str.starts_with(MARK)
    return bool(reports.select(marked.any()).item())


def _tell(scene: Scene) -> Iterator[Told]:
    """Let every feed tell of what comes to it."""
    seed = scene.spec.seed
    for group in scene.spec.groups:
        truths = [truth for truth in scene.truths if truth.group == group.id]
        for feed, chance in group.told_by.items():
            dice = Dice(seed, f"{feed} of {group.id}")
            for truth in truths:
                if dice.chance(chance):
                    yield from _TELLERS[feed](scene, truth, scene.spec.feeds[feed], dice)
    for kind, tell in _BESIDE.items():
        for number, extra in enumerate(scene.spec.extras[kind]):
            yield from tell(scene, extra, Dice(seed, f"{kind} {number}"))


def _write(scene: Scene, told: Sequence[Told], out: Path) -> Simulation:
    out.mkdir(parents=True, exist_ok=True)
    simulation = Simulation(
        id=scene.spec.id,
        agreement=scene.spec.agreement,
        seed=scene.spec.seed,
        feeds=tuple((feed, out / f"{MARK}_reports_{feed}.csv") for feed in _LETTERS if feed in scene.spec.feeds),
        truth_path=out / f"{MARK}_truth.csv",
        key_path=out / f"{MARK}.json",
        readme_path=out / f"{MARK}_README.txt",
        counts=_counts(scene.truths, told),
    )
    key: list[dict[str, Any]] = []
    for feed, path in simulation.feeds:
        columns = _COLUMNS[feed].split()
        rows = {f"{RECORD}{_LETTERS[feed]}-{n:04d}": row for n, row in enumerate(_of_feed(told, feed), 1)}
        write_text(path, table(columns, ({columns[0]: record} | row.cells for record, row in rows.items())))
        key += [
            {"record": record, "source": feed, "truth": row.truth or None, "how": row.how, "changes": row.changes}
            for record, row in rows.items()
        ]
    write_text(simulation.truth_path, table(_COLUMNS["truth"].split(), map(_truth_cells, scene.truths)))
    write_text(simulation.key_path, _key(simulation, scene, told, key))
    write_text(simulation.readme_path, _readme(simulation))
    return simulation


def _of_feed(told: Iterable[Told], feed: str) -> Iterator[Told]:
    return (row for row in told if row.feed == feed)


def _never_told(truths: Iterable[Truth], told: Iterable[Told]) -> list[str]:
    known = {row.truth for row in told}
    return [truth.id for truth in truths if truth.id not in known]


def _counts(truths: Sequence[Truth], told: Sequence[Told]) -> dict[str, int]:
    by_how = {f"rows_{how.name.lower()}": sum(row.how is how for row in told) for how in How}
    return {
        "incidents": len(truths),
        "incidents_never_told": len(_never_told(truths, told)),
        "rows": len(told),
        **by_how,
    }


def _truth_cells(truth: Truth) -> Cells:
    same = ("id", "group", "act", "actor", "target", "zone", "weapon", "calibre_mm", "unit", "civilians_dead")
    return {name: str(getattr(truth, name)) for name in same} | {
        "marking": MARK,
        "instant": utc(truth.start),
        "until": utc(truth.end),
        "lon": f"{truth.lon:.5f}",
        "lat": f"{truth.lat:.5f}",
        "count": "" if truth.count is None else str(truth.count),
    }


def _key(simulation: Simulation, scene: Scene, told: Sequence[Told], reports: list[dict[str, Any]]) -> str:
    content = {
        "marking": f"{MARK}: none of this happened",
        "simulation": simulation.id,
        "agreement": simulation.agreement,
        "seed": simulation.seed,
        "period": [utc(scene.spec.period.earliest), utc(scene.spec.period.latest)],
        "counts": simulation.counts,
        "never_told": _never_told(scene.truths, told),
        "reports": reports,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _readme(simulation: Simulation) -> str:
    counts = simulation.counts
    feeds = ", ".join(path.name for _, path in simulation.feeds)
    told = [
        f"{MARK}. None of this happened.",
        f"These files were made by lot, by the simulation '{simulation.id}' with the seed {simulation.seed}, to try "
        f"out the agreement '{simulation.agreement}'. Actors bear the names that the agreement uses, because its "
        "clauses speak of no others; what they are said to do here says nothing of what any of them ever did. Persons "
        "there are none, and patrols and outlets are invented.",
        f"{simulation.truth_path.name} holds what truly happens in the simulation: {counts['incidents']} incidents, "
        f"of which nobody tells of {counts['incidents_never_told']}. {feeds} tell of the others, late, blurred, "
        f"copied, and in part falsely, in {counts['rows']} rows. {simulation.key_path.name} says of each row which "
        "incident it tells of, if any.",
        "Do not mix these files with real reports, and do not take the marking off.",
    ]
    return "\n\n".join(textwrap.fill(paragraph, 100, break_on_hyphens=False) for paragraph in told) + "\n"
