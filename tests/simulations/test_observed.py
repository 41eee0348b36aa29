"""What patrols, posts and sensors make of a truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trucewatch.agreement.parse import read_agreement
from trucewatch.simulations.observed import QUIET, patrol, presence, quiet, watch
from trucewatch.simulations.specs import Feed, read_spec
from trucewatch.simulations.told import Scene
from trucewatch.simulations.truths import Dice, Truth, zone_shape

ROOT = Path(__file__).parents[2]
START = datetime(2017, 7, 20, 6, 0, tzinfo=UTC)
SHELLING = Truth(
    id="SIM-T-0001", group="shelling", act="mortar-fire", actor="sy-government", target="southern-front", start=START,
    end=START + timedelta(minutes=20), lon=36.1, lat=32.7, zone="daraa", weapon="mortar", calibre_mm="120", count=9,
    unit="explosions", civilians_dead=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def scene() -> Scene:
    law = read_agreement(ROOT / "agreements" / "south-syria-2017")
    return Scene(read_spec(ROOT / "simulations" / "south-syria-demo.yml", law), law, (SHELLING,))


def surely(feed: Feed, **numbers: float) -> Feed:
    return replace(feed, numbers={**feed.numbers, **{name: (value, value) for name, value in numbers.items()}})


def test_a_patrol_tells_a_bearing_and_a_range_and_who_fired_it_does_not_know(scene: Scene) -> None:
    feed = surely(scene.spec.feeds["patrol"], site_visits=0, twice=1, by_grid=0)
    one, other = patrol(scene, SHELLING, feed, Dice(1, "patrol"))
    assert one.cells["patrol"] != other.cells["patrol"]
    for told in (one, other):
        assert told.received > SHELLING.end
        assert told.cells["bearing_reference"] in ("true", "grid", "magnetic")
        assert int(told.cells["range_from_m"]) < int(told.cells["range_to_m"])
        assert "actor" not in told.cells


def test_a_visited_site_gives_the_calibre_and_no_bearing(scene: Scene) -> None:
    (told,) = patrol(scene, SHELLING, surely(scene.spec.feeds["patrol"], site_visits=1, twice=0), Dice(1, "site"))
    assert (told.cells["means"], told.cells["calibre_mm"]) == ("impact-site", "120")
    assert "bearing" not in told.cells


def test_who_turned_a_patrol_back_is_known(scene: Scene) -> None:
    denied = replace(SHELLING, act="movement-denied", target="", weapon="", calibre_mm="", count=None)
    (told,) = patrol(scene, denied, surely(scene.spec.feeds["patrol"], twice=1), Dice(1, "denied"))
    assert told.cells["observation"] == "denial"
    assert scene.agreement.register.identify(told.cells["actor"]) == "sy-government"


def test_forces_are_sighted_while_they_are_there(scene: Scene) -> None:
    there = replace(SHELLING, act="presence-of-forces", end=START + timedelta(days=6), count=40, unit="persons")
    feed = surely(scene.spec.feeds["presence"], sightings=3, within=0)
    told = list(presence(scene, there, feed, Dice(1, "there")))
    assert [row.cells["what"] for row in told] == ["forces"] * 3
    assert all(row.cells["from"] < row.cells["until"] or row.cells["from"] == row.cells["until"] for row in told)
    assert all(int(row.cells["count"] or 0) <= 40 for row in told if "count" in row.cells)


def test_a_watch_leaves_out_the_weeks_in_which_something_happened(scene: Scene) -> None:
    (post,) = scene.spec.extras["watched"]
    calm = list(watch(scene, post, Dice(1, "post")))
    inside = zone_shape(scene.agreement, "area-of-separation").representative_point()
    troubled = replace(scene, truths=(replace(SHELLING, lon=inside.x, lat=inside.y),))
    left = list(watch(troubled, post, Dice(1, "post")))
    gone = {row.cells["from"] for row in calm} - {row.cells["from"] for row in left}
    assert (len(calm), len(left), gone) == (28, 27, {"2017-07-15"})
    assert {row.cells["observation"] for row in calm} == {QUIET}


def test_quiet_patrols_say_where_they_stood_and_name_no_area(scene: Scene) -> None:
    extra = scene.spec.extras["quiet"][0]
    told = list(quiet(scene, extra, Dice(1, "quiet")))
    assert len(told) == extra.number
    assert all(row.cells["position_lon"] and "area" not in row.cells for row in told)
