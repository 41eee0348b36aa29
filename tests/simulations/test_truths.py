"""What truly happens: inside the ground and the time that were asked for, and the same on every machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely

from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.specs import read_spec
from trucewatch.simulations.truths import Dice, grow, zone_shape
from trucewatch.where import Plane

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def law() -> Agreement:
    return read_agreement(ROOT / "agreements" / "south-syria-2017")


def asked(**truth: Any) -> dict[str, Any]:
    return {
        "format": 1, "simulation": "small", "agreement": "south-syria-2017", "seed": 3, "period": "2017-07",
        "feeds": {}, "truth": truth,
    }  # fmt: skip


FIRE = {
    "number": 30, "act": "mortar-fire", "by": ["sy-government"], "on": ["southern-front"], "in": "quneitra",
    "avoid": ["area-of-separation"], "during": "2017-07-09", "minutes": "5..60", "count": "2..4", "unit": "explosions",
}  # fmt: skip


def test_dice_fall_alike_on_every_machine() -> None:
    dice = Dice(7, "shelling")
    assert [dice.whole((1, 6)) for _ in range(8)] == [5, 6, 3, 3, 5, 2, 2, 6]
    assert dice.share() == 0.32349701471772496
    assert Dice(7, "a").shuffle("abcd") != Dice(8, "a").shuffle("abcd")


def test_what_happens_lies_in_its_ground_and_time(law: Agreement) -> None:
    spec = read_spec(asked(fire=FIRE), law)
    ground, without = zone_shape(law, "quneitra"), zone_shape(law, "area-of-separation")
    truths = grow(spec, law)
    assert [truth.id for truth in truths[:2]] == ["SIM-T-0001", "SIM-T-0002"]
    assert len(truths) == 30
    for truth in truths:
        place = shapely.Point(truth.lon, truth.lat)
        assert ground.contains(place)
        assert not without.contains(place)
        assert spec.groups[0].during.earliest <= truth.start < truth.end <= spec.groups[0].during.latest
        assert truth.count is not None
        assert 2 <= truth.count <= 4
    assert [truth.start for truth in truths] == sorted(truth.start for truth in truths)


def test_what_lies_near_a_line_lies_as_near_as_was_asked(law: Agreement) -> None:
    near = {**FIRE, "in": "daraa", "avoid": [], "near": {"line": "jordan-border", "m": "5000..8000"}}
    line = law.lines["jordan-border"].shape
    assert line is not None
    plane = Plane(36.1, 32.6)
    for truth in grow(read_spec(asked(near=near), law), law):
        x, y = plane.project(truth.lon, truth.lat)
        assert 4950 <= shapely.distance(plane.shape(line), shapely.Point(float(x), float(y))) <= 8050


def test_one_more_group_leaves_the_others_as_they_were(law: Agreement) -> None:
    alone = grow(read_spec(asked(fire=FIRE), law), law)
    beside = grow(read_spec(asked(more={**FIRE, "act": "clash"}, fire=FIRE), law), law)
    assert {(t.start, t.lon, t.lat) for t in alone} == {(t.start, t.lon, t.lat) for t in beside if t.group == "fire"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"on": ["sy-government"]}, "leaves nobody to be the target"),
        ({"minutes": "5..2000"}, "lasts longer than the time in which it lies"),
        ({"avoid": ["quneitra"]}, "no place in quneitra fits"),
        ({"near": {"line": "jordan-border", "m": "200000..300000"}}, "no place in quneitra fits"),
    ],
)
def test_what_fits_nowhere_is_told(law: Agreement, change: dict[str, Any], told: str) -> None:
    with pytest.raises(TrucewatchError, match=told):
        grow(read_spec(asked(fire={**FIRE, **change}), law), law)
