"""What outlets and parties make of a truth, and of nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trucewatch.agreement.parse import read_agreement
from trucewatch.simulations.asserted import complain, lie, rumour, wire
from trucewatch.simulations.specs import Feed, read_spec
from trucewatch.simulations.told import How, Scene
from trucewatch.simulations.truths import Dice, Truth

ROOT = Path(__file__).parents[2]
START = datetime(2018, 6, 25, 6, 0, tzinfo=UTC)
STRIKE = Truth(
    id="SIM-T-0001", group="strikes", act="aircraft-strike", actor="sy-government", target="southern-front",
    start=START, end=START + timedelta(minutes=20), lon=36.1, lat=32.7, zone="daraa", weapon="aircraft", calibre_mm="",
    count=3, unit="explosions", civilians_dead=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def scene() -> Scene:
    law = read_agreement(ROOT / "agreements" / "south-syria-2017")
    return Scene(read_spec(ROOT / "simulations" / "south-syria-demo.yml", law), law, (STRIKE,))


def surely(feed: Feed, **numbers: float) -> Feed:
    return replace(feed, numbers={**feed.numbers, **{name: (value, value) for name, value in numbers.items()}})


def test_each_copy_cites_the_one_before_comes_later_and_changes_the_number(scene: Scene) -> None:
    feed = replace(surely(scene.spec.feeds["wire"], copies=2, drift=1, vague=0), tellers=("unnamed officials",))
    first, second, third = wire(scene, STRIKE, feed, Dice(1, "wire"))
    assert first.cells["cites"] == "unnamed officials"
    assert second.cells["cites"] == f"{first.cells['outlet']} < unnamed officials"
    assert third.cells["cites"] == f"{second.cells['outlet']} < {first.cells['outlet']} < unnamed officials"
    assert STRIKE.end < first.received < second.received < third.received
    assert first.cells["civilians_dead"] == "2" < second.cells["civilians_dead"]
    assert second.changes == (f"civilians_dead 2 -> {second.cells['civilians_dead']}",)
    assert (first.how, third.how) == (How.TOLD, How.COPIED)


def test_a_copy_without_a_number_loses_the_place(scene: Scene) -> None:
    feed = surely(scene.spec.feeds["wire"], copies=1, drift=1, vague=0)
    _, copy = wire(scene, replace(STRIKE, civilians_dead=0, count=None), feed, Dice(1, "wire"))
    assert (copy.cells["lon"], copy.changes) == ("", ("place lost",))
    assert copy.cells["area"]


def test_civilians_are_never_said_to_have_begun(scene: Scene) -> None:
    feed = surely(scene.spec.feeds["wire"], acted=0)
    (first, *_) = wire(scene, replace(STRIKE, actor="", target="civilians"), feed, Dice(1, "wire"))
    assert (first.cells["who_acted"], first.cells["side_a"]) == ("side_a", "")


def test_only_the_side_that_suffered_complains_and_it_may_inflate(scene: Scene) -> None:
    feed = surely(scene.spec.feeds["complaints"], inflated=1)
    (told,) = complain(scene, STRIKE, feed, Dice(1, "complaint"))
    assert told.cells["complainant"] == "Southern Front"
    assert int(told.cells["civilians_dead"]) > 2
    assert (told.cells["count"], told.changes[1]) == ("6", "count 3 -> 6")
    (honest,) = complain(scene, STRIKE, surely(feed, inflated=0), Dice(1, "complaint"))
    assert (honest.cells["civilians_dead"], honest.changes) == ("2", ())
    assert not list(complain(scene, replace(STRIKE, actor=""), feed, Dice(1, "complaint")))
    assert not list(complain(scene, replace(STRIKE, target="is"), feed, Dice(1, "complaint")))


def test_a_lie_is_printed_on_the_party_s_word(scene: Scene) -> None:
    extra = scene.spec.extras["lies"][1]
    extra = replace(extra, numbers={**extra.numbers, "printed": (1, 1)})
    told = list(lie(scene, extra, Dice(1, "lie")))
    complaints = [row for row in told if row.how is How.LIE]
    stories = [row for row in told if row.how is How.PRINTED_LIE]
    assert len(complaints) == len(stories) == extra.number
    assert {row.cells["cites"] for row in stories} == {"Southern Front"}
    assert all(row.truth == "" for row in told)


def test_a_rumour_goes_in_a_circle(scene: Scene) -> None:
    one, other, *_ = rumour(scene, scene.spec.extras["rumours"][0], Dice(1, "rumour"))
    assert one.cells["cites"] == other.cells["outlet"]
    assert other.cells["cites"] == one.cells["outlet"]
