"""Curated datasets: what they miss, merge, split and coarsen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trucewatch.agreement.terms import Agreement
from trucewatch.simulations.curated import Coded, Curators
from trucewatch.simulations.neighbourhoods import Event, grow_events
from trucewatch.simulations.observation import Observation
from trucewatch.simulations.stories import Press, Story
from trucewatch.simulations.told import Scene
from trucewatch.simulations.truths import Dice
from trucewatch.simulations.versions import Eyes

Model = Callable[..., Observation]


def coded(law: Agreement, asked: Observation, dataset: str) -> tuple[Sequence[Event], list[Coded]]:
    events = grow_events(asked, law, None)
    scene = Scene(asked.spec, law, ())
    press = Press(scene, asked.observers)
    eyes = Eyes(asked.observers, 1, ("clash",), ("is",), tuple({event.village: None for event in events}), law.timezone)
    told: dict[str, Sequence[Story]] = {}
    for event in events:
        dice = Dice(1, event.truth.id)
        version = eyes.see(event, "SIM Observatory", dice)
        told[event.truth.id] = tuple(press.spread(version, "SIM Observatory", event.truth.end, dice))
    return events, list(Curators(scene, asked.curators, press, dataset, 1).code(events, told))


def told_of(record: Coded) -> set[str]:
    return {event for article in record.articles for event in article.version.events}


def test_who_catches_all_and_confuses_nothing_has_each_event_once(law: Agreement, model: Model) -> None:
    events, records = coded(law, model(catches=1, false_taken=1, merged=0, split=0), "acled")
    assert sorted(event.truth.id for event in events) == sorted(event for one in records for event in told_of(one))
    assert all(not record.changes for record in records)


def test_false_reports_are_coded_only_where_they_are_believed(law: Agreement, model: Model) -> None:
    _, records = coded(law, model(catches=1, false_taken=0), "acled")
    assert not any(event.startswith("SIM-L-") for record in records for event in told_of(record))


def test_merged_events_are_of_one_village_and_day(law: Agreement, model: Model) -> None:
    events, records = coded(law, model(catches=1, merged=1, split=0), "acled")
    by_id = {event.truth.id: event for event in events}
    merged = [record for record in records if record.changes == ("merged",)]
    assert len(merged) > 3
    for record in merged:
        together = [by_id[event] for event in told_of(record)]
        assert len({event.village.names for event in together}) == 1
        assert len({frozenset((event.truth.actor, event.truth.target)) for event in together}) == 1


def test_a_split_event_stands_in_two_records(law: Agreement, model: Model) -> None:
    _, records = coded(law, model(catches=1, merged=0, split=1, articles={2: 1}, copied=0.9), "acled")
    halves = [record for record in records if record.changes == ("split",)]
    assert len(halves) > 20
    assert len(halves) == 2 * len({event for record in halves for event in told_of(record)})


def test_a_village_has_one_point_in_one_dataset(law: Agreement, model: Model) -> None:
    points: dict[str, set[tuple[str, str]]] = {}
    for dataset in ("acled", "ucdp"):
        _, records = coded(law, model(catches=1), dataset)
        name = "location" if dataset == "acled" else "where_coordinates"
        for record in records:
            cells = record.cells
            if cells[name].startswith("SIM-"):
                key = f"{dataset} {cells[name]}"
                points.setdefault(key, set()).add((cells["latitude"], cells["longitude"]))
    assert len(points) > 100
    assert {len(some) for some in points.values()} == {1}


def test_what_killed_nobody_is_in_one_dataset_only(law: Agreement, model: Model) -> None:
    _, lethal = coded(law, model(catches=1), "ucdp")
    _, every = coded(law, model(catches=1), "acled")
    assert len(lethal) < len(every)
    for record in lethal:
        low, best, high = (int(record.cells[name]) for name in ("low", "best", "high"))
        assert low <= best <= high
        assert best > 0
        assert record.cells["side_a"]
        assert record.cells["side_b"]
    assert any(record.cells["fatalities"] == "0" for record in every)


def test_articles_stand_in_step_with_their_offices_and_origins(law: Agreement, model: Model) -> None:
    _, records = coded(law, model(catches=1, articles={3: 1}, copied=0.9), "ucdp")
    assert max(len(record.articles) for record in records) >= 3
    for record in records:
        number = len(record.articles)
        assert [
            len(record.cells[name].split(";")) for name in ("source_article", "source_office", "source_original")
        ] == [number] * 3
        assert record.cells["number_of_sources"] == str(number)
