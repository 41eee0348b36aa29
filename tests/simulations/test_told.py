"""How names, times and places are put."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trucewatch.agreement.parse import read_agreement
from trucewatch.simulations.specs import read_spec
from trucewatch.simulations.told import Scene, act_label, away, near
from trucewatch.simulations.truths import Dice, grow
from trucewatch.when import read_edtf
from trucewatch.where import distance_m

ROOT = Path(__file__).parents[2]
ZONE = "Asia/Damascus"


@pytest.fixture(scope="module")
def scene() -> Scene:
    law = read_agreement(ROOT / "agreements" / "south-syria-2017")
    spec = read_spec(ROOT / "simulations" / "south-syria-demo.yml", law)
    return Scene(spec, law, grow(spec, law))


def test_every_name_of_an_actor_leads_back_to_it(scene: Scene) -> None:
    register = scene.agreement.register
    dice = Dice(1, "names")
    for language in ("en", "ar"):
        names = {scene.name("sy-government", dice, language) for _ in range(60)}
        assert len(names) > 3
        assert {register.identify(name) for name in names} == {"sy-government"}
    over = {register.identify(scene.name("southern-front", dice, umbrella=1)) for _ in range(60)}
    assert over
    assert all("southern-front" in register.stands_for(one) for one in over)
    assert (scene.name("", dice), scene.name("civilians", dice, "ar")) == ("", "مدنيون")


def test_every_name_of_an_area_leads_back_to_it(scene: Scene) -> None:
    dice = Dice(1, "areas")
    assert {scene.agreement.gazetteer.find(scene.area("daraa", dice, lang)) for lang in ("en", "ar") * 30} == {"daraa"}
    assert scene.area("syria", dice) == ""


def test_a_clock_time_leads_back_to_its_instant_even_when_the_clocks_go_back(scene: Scene) -> None:
    at = datetime(2017, 10, 26, 18, 30, tzinfo=UTC)
    for half_hours in range(12):
        instant = at + timedelta(minutes=30 * half_hours)
        assert read_edtf(scene.clock(instant), ZONE).earliest == instant
    assert scene.clock(at) == "2017-10-26T21:30"
    assert scene.clock(at + timedelta(hours=3)) == "2017-10-26T23:30+02:00"


def test_no_time_reaches_out_of_the_period(scene: Scene) -> None:
    first, last = scene.spec.period.earliest, scene.spec.period.latest
    assert scene.widened(first, last, (60, 90), Dice(1, "times")) == (first, last)
    assert scene.days(first, last, days_more=1) == ("2017-07-01", "2018-07-14")
    assert scene.days(first + timedelta(days=3), first + timedelta(days=4), days_more=1) == ("2017-07-03", "2017-07-05")


def test_a_blurred_place_stays_within_its_radius() -> None:
    dice = Dice(1, "places")
    for lat in (0.0, 32.7, 70.0):
        assert all(distance_m(36.1, lat, *near(36.1, lat, 3000, dice)) <= 2800 for _ in range(100))
        assert all(3800 <= distance_m(36.1, lat, *away(36.1, lat, 4000, dice)) <= 4050 for _ in range(100))


def test_an_act_has_a_word_in_each_language() -> None:
    assert (act_label("mortar-fire", "en"), act_label("mortar-fire", "ar")) == ("mortar fire", "إطلاق قذائف هاون")
    assert act_label("arrests", "ru") == "arrests"
