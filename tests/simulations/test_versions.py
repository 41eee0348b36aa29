"""What one root has of an event: blurred, with gaps, and as often wrong as the model says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.simulations.neighbourhoods import Event, grow_events
from trucewatch.simulations.observation import Observation
from trucewatch.simulations.truths import Dice
from trucewatch.simulations.versions import Eyes, Version
from trucewatch.when import local_day
from trucewatch.where import distance_m

Model = Callable[..., Observation]
# A root that never errs.
SHARP: dict[str, Any] = {
    "wrong_act": 0, "wrong_actor": 0, "wrong_hour": 0, "late_night": 0, "wrong_day": 0, "vague_days": 0, "no_actor": 0,
    "no_target": 0, "wrong_village": 0, "wrong_count": 0, "wrong_dead": 0, "party_inflates": 0, "no_point": 0,
    "no_name": 0, "counted": 1, "broadly": 0, "radius_m": "3000..5000", "precision": {"village": 1}, "gazetteers": 1,
}  # fmt: skip


def seen(law: Agreement, asked: Observation, is_party: bool = False) -> Iterator[tuple[Event, Version]]:
    events = grow_events(asked, law, None)
    villages = tuple(dict.fromkeys(event.village for event in events))
    eyes = Eyes(asked.observers, 1, tuple(asked.truth.shares["acts"]), ("sy-government", "is"), villages, law.timezone)
    for event in events:
        yield event, eyes.see(event, "SIM Observatory", Dice(1, event.truth.id), is_party)


def off_m(event: Event, version: Version) -> float:
    return distance_m(event.truth.lon, event.truth.lat, version.lon, version.lat)


def test_a_root_that_never_errs_tells_what_was(law: Agreement, model: Model) -> None:
    for event, version in seen(law, model(**SHARP)):
        truth = event.truth
        assert (version.act, version.actor, version.target) == (truth.act, truth.actor, truth.target)
        assert (version.count, version.dead, version.civilians_dead) == (truth.count, event.dead, truth.civilians_dead)
        assert version.start <= truth.start < version.end
        assert version.radius_m is not None
        assert off_m(event, version) <= version.radius_m
        assert version.village == event.village


def test_discs_and_days_miss_now_and_then_and_no_more(law: Agreement, model: Model) -> None:
    told = list(seen(law, model()))
    discs = [off_m(event, version) > version.radius_m for event, version in told if version.radius_m is not None]
    assert 0.02 < sum(discs) / len(discs) < 0.2
    days = [not version.start <= event.truth.start < version.end for event, version in told]
    assert 0.02 < sum(days) / len(days) < 0.2
    assert 0.05 < sum(version.radius_m is None for _, version in told) / len(told) < 0.5


def test_wider_words_cover_what_was_and_rival_ones_do_not(law: Agreement, model: Model) -> None:
    for event, version in seen(law, model(**SHARP | {"broadly": 1})):
        assert act_tree().covers(version.act, event.truth.act)
    rivals = [
        act_tree().on_one_chain(version.act, event.truth.act)
        for event, version in seen(law, model(**SHARP | {"wrong_act": 1}))
    ]
    assert not any(rivals)


def test_late_at_night_the_day_is_the_one_before_or_after(law: Agreement, model: Model) -> None:
    asked = model(**SHARP | {"late_night": 1, "wrong_day": 0, "by_hour": 0})
    shifts = set()
    for event, version in seen(law, asked):
        day, told = local_day(event.truth.start, law.timezone), local_day(version.start, law.timezone)
        shifts.add((told - day).days)
        hours = version.end - version.start
        assert hours in (timedelta(hours=23), timedelta(hours=24), timedelta(hours=25))
    assert shifts == {-1, 0, 1}


def test_a_party_s_numbers_suit_it(law: Agreement, model: Model) -> None:
    grown = [v.dead - e.dead for e, v in seen(law, model(**SHARP | {"party_inflates": 1}), is_party=True) if v.dead]
    assert min(grown) >= 1


@pytest.mark.parametrize("precision", ["near", "area"])
def test_a_coarse_place_is_stated_as_one(law: Agreement, model: Model, precision: str) -> None:
    for _, version in seen(law, model(**SHARP | {"precision": {precision: 1}})):
        if precision == "area":
            assert version.radius_m is None
            assert version.village is None
        else:
            assert version.radius_m is not None
            assert version.radius_m >= 5000
