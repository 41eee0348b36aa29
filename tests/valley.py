"""A small agreement for tests of readings: every kind of clause, and something contested of every kind."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement

TEXT = """\
format: 1
agreement: valley
title: Truce of the valley
timezone: Europe/Kyiv
countries: {UA: [Ukraine]}
sources:
  post: {title: Morning Post}
  news: {title: Evening News}
bound:
  north-army: {actors: [north], says: [post]}
  south-army: {actors: [south], says: [post]}
affected:
  hill-men: {actors: [hill], bound: contested, says: [news]}
terms:
  start: {rivals: {noon: {at: "2020-03-01T12:00"}, midnight: {at: "2020-03-01T00:00"}}}
  area: {rivals: {whole: {zones: [west, east]}, half: {zones: [west]}}}
  strip: {of: road, rivals: {near: {m: 5000}, far: {m: 20000}}}
  day: {rivals: {only: {at: 2020-03-05}}}
zones:
  west: {area: zones.geojson#west}
  east: {area: zones.geojson#east}
lines:
  road: {line: zones.geojson#road}
clauses:
  C1:
    text: No fire.
    forbids: {acts: [use-of-weapons], in: $area, from: $start}
    presumption: bound-unless-outside-group-named
    outside_scope:
      - {target: [raiders], note: operations against raiders}
  C2:
    text: The men of the hills stay away from the road.
    withdraws: {who: [hill-men], beyond: {of: road, m: $strip}, by: $day}
  C3:
    text: At most 60 men of the south in the west.
    ceiling: {who: [south-army], unit: men, at_most: 60, in: west}
  C4:
    text: The north makes an agreement on the road within a week.
    duty: {acts: [agreement-made], who: [north-army], by: $start + P7D}
hypothetical:
  D1:
    demand_of: north
    text: The men of the hills leave the west.
    withdraws: {who: [hill-men], from: west, by: $start}
readings:
  northern:
    by: north
    choose: {start: midnight, affected.hill-men: bound}
    affiliations: [{of: knights, to: south, holds: true, says: [news]}]
  southern:
    by: south
    choose: {start: noon, area: half, affected.hill-men: not-bound}
    affiliations: [{of: knights, to: south, holds: false, says: [post]}]
    reservations:
      - {of: south-army, to: C1.E1, says: [news]}
      - {of: south-army, to: C3, says: [news]}
  strict: {by: ours, presumption: none}
"""
ACTORS = """\
format: 1
actors:
  north: {names: [Northern Army]}
  south: {names: [Southern Army]}
  hill: {names: [Men of the hills]}
  raiders: {names: [Raiders]}
  knights: {names: [Knights]}
  squires: {names: [Squires]}
  rebels: {names: [Rebels], kind: umbrella, members: [south, raiders], open: true}
affiliations:
  - {of: knights, to: south, kind: claims-to-be-subordinate-to, says: [news]}
  - {of: squires, to: knights, kind: part-of, says: [news]}
  - {of: knights, to: north, kind: allied-with, contested: true, says: [post]}
"""
_SQUARES = {"west": 24.0, "east": 24.5}
ZONES = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            *(
                {
                    "type": "Feature", "id": name, "properties": {"kind": "named-area", "country": "UA"},
                    "geometry": {
                        "type": "Polygon",
                        "coordinates": [[[x, 48.0], [x + 0.5, 48.0], [x + 0.5, 48.4], [x, 48.4], [x, 48.0]]],
                    },
                } for name, x in _SQUARES.items()
            ),
            {
                "type": "Feature", "id": "road", "properties": {"kind": "line"},
                "geometry": {"type": "LineString", "coordinates": [[24.0, 48.2], [25.0, 48.2]]},
            },
        ],
    }
)  # fmt: skip
EXAMPLES = """\
format: 1
examples:
  - {id: dawn, clause: C1, when: 2020-03-01T08:00, where: {point: [24.2, 48.2], radius_m: 100}, act: shelling,
     actor: Northern Army, target: Southern Army, expect: undetermined}
  - {id: dawn-in-the-east, clause: C1, when: 2020-03-01T08:00, where: {point: [24.8, 48.2], radius_m: 100},
     act: shelling, actor: Northern Army, target: Southern Army, expect: undetermined}
  - {id: squires-fire, clause: C1, when: 2020-04-01, where: {point: [24.2, 48.2], radius_m: 100}, act: shelling,
     actor: Squires, target: Northern Army, expect: undetermined}
  - {id: at-raiders, clause: C1, when: 2020-04-02, where: {point: [24.2, 48.2], radius_m: 100}, act: shelling,
     actor: Southern Army, target: Raiders, expect: outside_scope}
  - {id: rebels-fire, clause: C1, when: 2020-04-03, where: {point: [24.2, 48.2], radius_m: 100}, act: shelling,
     actor: Rebels, target: Northern Army, expect: violation}
  - {id: hills-near, clause: C2, when: 2020-04-04, where: {point: [24.2, 48.23], radius_m: 100},
     act: presence-of-forces, actor: Men of the hills, expect: undetermined}
  - {id: hills-far, clause: C2, when: 2020-04-05, where: {point: [24.2, 48.3], radius_m: 100},
     act: presence-of-forces, actor: Men of the hills, expect: undetermined}
  - {id: hundred, clause: C3, when: 2020-04-06, extent: throughout, where: {point: [24.2, 48.2], radius_m: 100},
     act: presence-of-forces, actor: Southern Army, count: 100, count_unit: men, expect: violation}
"""
FILES = {"agreement.yml": TEXT, "actors.yml": ACTORS, "zones.geojson": ZONES, "examples.yml": EXAMPLES}


def write_valley(folder: Path, **changed: str) -> Path:
    """Write the agreement into a new folder, some of its files (by name without its ending) as given."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(changed.get(name.partition(".")[0], text), encoding="utf-8")
    return folder


@cache
def valley() -> Agreement:
    """Return the agreement as it was read from a folder that is gone."""
    with TemporaryDirectory() as beside:
        return read_agreement(write_valley(Path(beside) / "valley"))
