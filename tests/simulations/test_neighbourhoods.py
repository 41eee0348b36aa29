"""A dense truth: villages, series, twins, lies; invented, or that of real events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.reports import collect
from trucewatch.simulations.neighbourhoods import grow_events
from trucewatch.simulations.observation import Observation
from trucewatch.sources import read_source
from trucewatch.where import distance_m

ROOT = Path(__file__).parents[2]
Model = Callable[..., Observation]


def real(law: Agreement, tmp_path: Path, days: int = 30) -> pl.DataFrame:
    """Read a small file in the form of UCDP GED: one event a day, and some that are too vague to be a truth."""
    header = (
        "id,type_of_violence,side_a,side_b,source_article,source_office,source_headline,source_original,where_prec,"
        "where_coordinates,adm_1,latitude,longitude,country,date_start,date_end,deaths_civilians,low,high"
    )
    rows = [
        f'{n},1,Government of Syria,IS,"""Paper,2016-01-01,Word""",Paper,Word,Paper,{1 if n % 5 else 4},'
        f"Nawa town,Daraa Governorate,{32.8 + n / 1000},36.04,Syria,2016-01-{n:02},2016-01-{n:02},{n % 2},{n},{n + 2}"
        for n in range(1, days + 1)
    ]
    path = tmp_path / "ged.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    source, _ = read_source(ROOT / "sources" / "ucdp.yml")
    assert source is not None
    received = collect(source, path, gazetteer=law.gazetteer, zone=law.timezone)
    assert received.problems == ()
    return received.reports


def test_the_same_seed_gives_the_same_truth_and_another_one_another(law: Agreement, model: Model) -> None:
    assert grow_events(model(seed=3), law, None) == grow_events(model(seed=3), law, None)
    assert grow_events(model(seed=3), law, None) != grow_events(model(seed=4), law, None)


def test_events_lie_by_their_village_within_the_period(law: Agreement, model: Model) -> None:
    asked = model()
    events = grow_events(asked, law, None)
    assert 400 <= sum(event.is_true for event in events) <= 900
    for event in (event for event in events if event.is_true):
        truth = event.truth
        assert asked.spec.period.earliest <= truth.start < truth.end
        off_m = distance_m(truth.lon, truth.lat, event.village.lon, event.village.lat)
        assert off_m <= 1500
        assert 0 <= truth.civilians_dead <= event.dead
        assert event.village.names[1].startswith("SIM-")


def test_neighbourhoods_are_dense_and_some_villages_quiet(law: Agreement, model: Model) -> None:
    events = [event for event in grow_events(model(), law, None) if event.is_true]
    by_village = Counter(event.village.names for event in events).most_common()
    busiest = sum(number for _, number in by_village[: len(by_village) // 10])
    assert busiest / len(events) > 0.35
    assert sum(number == 1 for _, number in by_village) > 10
    near = sum(
        any(
            other is not event
            and abs(other.truth.start - event.truth.start) < timedelta(days=1)
            and distance_m(event.truth.lon, event.truth.lat, other.truth.lon, other.truth.lat) < 5000
            for other in events
        )
        for event in events
    )
    assert 0.25 < near / len(events) < 0.8


def test_a_series_stays_in_its_village_bout_after_bout(law: Agreement, model: Model) -> None:
    series: dict[str, list[timedelta]] = {}
    villages: dict[str, set[tuple[str, ...]]] = {}
    last: dict[str, datetime] = {}
    for event in grow_events(model(), law, None):
        if event.series:
            villages.setdefault(event.series, set()).add(event.village.names)
            if event.series in last:
                series.setdefault(event.series, []).append(event.truth.start - last[event.series])
            last[event.series] = event.truth.start
    assert series
    assert all(len(names) == 1 for names in villages.values())
    assert all(timedelta(hours=2) <= gap <= timedelta(hours=30) for gaps in series.values() for gap in gaps)


def test_lies_are_told_apart_by_their_id(law: Agreement, model: Model) -> None:
    events = grow_events(model(lies=0.1), law, None)
    lies = [event for event in events if not event.is_true]
    assert len(lies) == round(0.1 * (len(events) - len(lies)))
    assert all(event.truth.id.startswith("SIM-L-") for event in lies)
    assert len({event.truth.id for event in events}) == len(events)


def test_real_events_keep_their_place_day_sides_and_dead(law: Agreement, model: Model, tmp_path: Path) -> None:
    reports = real(law, tmp_path)
    events = [event for event in grow_events(model(events=10), law, reports) if event.is_true]
    assert len(events) == 10
    rows = {round(row["lat"], 3): row for row in reports.iter_rows(named=True) if row["place_kind"] == "disc"}
    for event in events:
        row = rows[round(event.truth.lat, 3)]
        assert row["earliest"] <= event.truth.start < row["latest"]
        assert {event.truth.actor, event.truth.target} == {"sy-government", "is"}
        assert event.dead == row["dead_low"] + 1
        assert event.truth.civilians_dead == row["civilians_dead"]
        assert event.village.names[:2] == ("", "Nawa")
        assert event.village.zone == "daraa"
    days = sorted(event.truth.start for event in events)
    assert days[-1] - days[0] < timedelta(days=14)


def test_a_file_without_a_usable_event_is_refused(law: Agreement, model: Model, tmp_path: Path) -> None:
    with pytest.raises(TrucewatchError, match="give a fuller file"):
        grow_events(model(), law, real(law, tmp_path).filter(pl.col("place_kind") != "disc"))
