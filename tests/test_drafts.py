"""Drafts: which days a sitrep tells of, and that one order makes one sitrep, whenever it is made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from trucewatch.drafts import Order, make, period_of
from trucewatch.mandates import Mandate
from trucewatch.mission import Mission
from trucewatch.problems import WrongCall
from trucewatch.when import read_edtf

HEADER = (
    "report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means,"
    "weapon,calibre_mm,time_extent,grid,area,remarks"
)
START = datetime(2026, 1, 1, tzinfo=UTC)


def seen(id_: str, day: str = "2018-06-01", lat: float = 32.55) -> str:
    return f"{id_},Hezbollah,forces,40,,men,{day}T08:00,{day}T12:00,{lat},36.20,500,a post,saw,,,,,,"


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mission]:
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / "state"))
    yield Mission.init(tmp_path / "watch", "south-syria-2017", key=b"k" * 32, now=START)


def receive(watch: Mission, *rows: str, day: int) -> None:
    path = watch.folder.parent / "presence.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    watch.collect("presence", [path], now=START + timedelta(days=day))


# ---- days ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "period"),
    [
        ("daily", "2018-06-07/2018-06-07"),
        ("weekly", "2018-06-01/2018-06-07"),
        ("monthly", "2018-06-01/2018-06-07"),
        ("flash", "2018-06-07/2018-06-07"),
        ("thematic", "../2018-06-07"),
    ],
)
def test_a_kind_of_sitrep_has_its_days(kind: str, period: str) -> None:
    assert period_of(kind, date(2018, 6, 7), Mandate()) == period


def test_days_end_and_begin_at_the_cut_off_and_leave_nothing_between() -> None:
    mandate = Mandate(cut_off=time(18))
    days = [read_edtf(period_of("daily", date(2018, 6, day), mandate), "Asia/Damascus") for day in range(1, 8)]
    assert all(one.latest == next_.earliest for one, next_ in pairwise(days))
    week = read_edtf(period_of("weekly", date(2018, 6, 7), mandate), "Asia/Damascus")
    assert (week.earliest, week.latest) == (days[0].earliest, days[-1].latest)
    assert days[0].latest == datetime(2018, 6, 1, 15, tzinfo=UTC)  # 18:00 in Damascus


def test_a_kind_that_there_is_not_is_refused() -> None:
    with pytest.raises(WrongCall, match="did you mean 'weekly'"):
        period_of("weakly", date(2018, 6, 7), Mandate())


# ---- orders ----------------------------------------------------------------------------------------------------------


def order_of(watch: Mission, audience: str = "mission", as_of: int = 0) -> Order:
    until = date(2018, 6, 7)
    with watch.record(is_read_only=True) as record:
        known = as_of or record.number()
    return Order(
        "weekly", audience, until, period_of("weekly", until, watch.mandate), formats=("html", "csv"), as_of=known
    )


def test_an_order_is_read_back_as_it_was_entered() -> None:
    order = Order("thematic", "party: x", date(2018, 6, 7), "../2018-06-07", "C3", ("en", "ar"), ("pdf",), "r", 7, "h")
    assert Order.of({**order.content(), "by": "analyst"}) == order
    assert order.name == "thematic-2018-06-07-C3"


@pytest.mark.parametrize("audience", ["mission", "public"])
def test_one_order_makes_one_sitrep_whenever_it_is_made(watch: Mission, tmp_path: Path, audience: str) -> None:
    receive(watch, seen("F1"), seen("F2", "2018-06-20"), day=1)
    order = order_of(watch, audience)
    first = {path.name: path.read_bytes() for path in make(watch, order, tmp_path / "first").paths}
    receive(watch, seen("F3", lat=32.6), day=9)
    again = {path.name: path.read_bytes() for path in make(watch, order, tmp_path / "again").paths}
    assert first == again
    later = {path.name: path.read_bytes() for path in make(watch, order_of(watch, audience), tmp_path / "later").paths}
    assert later.keys() == first.keys()
    assert (later == first) is (audience == "public")  # what was seen a week before is too young to be told outside


def test_what_its_audience_was_told_before_is_in_its_account_alone(watch: Mission, tmp_path: Path) -> None:
    receive(watch, seen("F1"), day=1)
    made = make(watch, order_of(watch), tmp_path / "made")
    assert set(made.account["finding"]) == {told.id for told in made.figures.told}
    assert made.account["claims"].list.len().to_list() == [1] * made.account.height
    assert made.corrected == {}
