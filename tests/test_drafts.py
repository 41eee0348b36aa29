"""Drafts: which days a sitrep tells of, and that one order makes one sitrep, whenever it is made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from trucewatch.drafts import Order, make, period_of
from trucewatch.mandates import Mandate
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.releases import again, clear, draft, erratum, release
from trucewatch.shipped import open_agreement
from trucewatch.when import read_edtf

HEADER = (
    "report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means,"
    "weapon,calibre_mm,time_extent,grid,area,remarks"
)
START = datetime(2026, 1, 1, tzinfo=UTC)


def seen(id_: str, day: str = "2018-06-01", lat: float = 32.55) -> str:
    return f"{id_},Hezbollah,forces,40,,men,{day}T08:00,{day}T12:00,{lat},36.20,500,a post,saw,,,,,,"


@pytest.fixture(scope="module", autouse=True)
def law() -> Iterator[None]:
    """Read the text of the shipped agreement once, and not for each step of each mission."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trucewatch.mission.open_agreement", cache(open_agreement))
        yield


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


# ---- what came in late -----------------------------------------------------------------------------------------------

CHAIN = ("reporting", "legal", "chief")
JUNE = date(2018, 6, 30)
TOLD = (seen("F1"), seen("F2", "2018-06-03", 32.75))
# On 15 July all that waits is told.
WAITS = "late report waits until there are 3, or until 2018-07-15"


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def cleared(watch: Mission, sitrep: str, day: int) -> str:
    for role in CHAIN:
        clear(watch, sitrep, role, now=at(day))
    return sitrep


def go_out(watch: Mission, kind: str, until: date, day: int, audience: str = "public") -> str:
    """Draft, clear and release a sitrep on a day; return its name."""
    state = draft(watch, kind, audience, until, "analyst", formats=("csv",), now=at(day))
    return f"{audience}/{release(watch, cleared(watch, state.sitrep, day), 'chief', date(2018, 8, 31), at(day)).name}"


def late(n: int) -> str:
    return seen(f"L{n}", f"2018-06-{9 + n:02}", 33.1)


def findings(watch: Mission, name: str) -> list[str]:
    return (watch.folder / "releases" / name / "findings.csv").read_text("utf-8").splitlines()[1:]


def test_a_late_report_waits_for_others_and_the_drafter_is_told(watch: Mission) -> None:
    receive(watch, *TOLD, day=1)
    june = go_out(watch, "monthly", JUNE, 2)
    go_out(watch, "monthly", JUNE, 2, "mission")
    receive(watch, late(1), day=3)
    with pytest.raises(TrucewatchError, match=f"told public is found otherwise now; 1 {WAITS}"):
        erratum(watch, june, "analyst", now=at(4))
    # The mission itself is told of everything at once.
    assert erratum(watch, "mission/monthly-2018-06-30", "analyst", now=at(4)).draft["late"]["reports"] == 0
    receive(watch, late(2), day=4)
    waits = draft(watch, "weekly", "public", date(2018, 7, 7), "analyst", formats=("csv",), now=at(5)).draft["late"]
    assert (waits["reports"], waits["least"], waits["until"]) == (2, 3, "2018-07-15")
    receive(watch, late(3), day=6)
    state = erratum(watch, june, "analyst", now=at(7))
    assert state.draft["late"]["reports"] == 0
    release(watch, cleared(watch, state.sitrep, 7), "chief", date(2018, 8, 31), at(7))
    new = set(findings(watch, "public/erratum-monthly-2018-06-30")) - set(findings(watch, june))
    assert {day for day in range(1, 31) if any(f"2018-06-{day:02}T" in line for line in new)} >= {10, 11, 12}
    # What came since changes nothing of what is made again.
    receive(watch, late(4), day=8)
    for name in (june, "public/erratum-monthly-2018-06-30"):
        assert again(watch, name).differing == ()


def test_what_waits_is_told_by_the_first_sitrep_from_a_fixed_day_on(watch: Mission) -> None:
    receive(watch, *TOLD, day=1)
    go_out(watch, "monthly", JUNE, 2)
    receive(watch, late(1), day=3)
    before, after = (
        draft(watch, "weekly", "public", until, "analyst", formats=("md",), now=at(4)).sitrep
        for until in (date(2018, 7, 14), date(2018, 7, 15))
    )
    pages = [(watch.folder / "sitreps" / one / "sitrep.md").read_text("utf-8") for one in (before, after)]
    assert ["10 June 2018" in page for page in pages] == [False, True]
    assert "No earlier report is corrected." in pages[0]


def test_nothing_in_a_sitrep_tells_that_something_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for name, rows in (("none", ()), ("some", (late(1), late(2)))):
        monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / name / "state"))
        watch = Mission.init(tmp_path / name / "watch", "south-syria-2017", key=b"k" * 32, now=START)
        receive(watch, *TOLD, day=1)
        go_out(watch, "monthly", JUNE, 2)
        if rows:
            receive(watch, *rows, day=3)
        with watch.record(is_read_only=True) as record:
            known = record.number()
        until = date(2018, 7, 7)
        period = period_of("weekly", until, watch.mandate)
        order = Order("weekly", "public", until, period, formats=("html", "md", "csv", "json", "summary"), as_of=known)
        paths = make(watch, order, tmp_path / name / "made").paths
        made.append({path.name: path.read_bytes() for path in paths})
    assert made[0] == made[1]


def test_a_single_late_report_stands_in_the_difference_where_the_mandate_lets_it(watch: Mission) -> None:
    """The control: with the rule off one can be told from the other by subtraction."""
    exposed = {}
    for off in (False, True):
        if off:
            path = watch.folder / "mandate.yml"
            path.write_text(path.read_text() + "grains: {public: {late_days: 0}}\n")
            watch.adopt("chief", "no late report is to wait", at(5))
        else:
            receive(watch, *TOLD, day=1)
            first = go_out(watch, "monthly", JUNE, 2)
            receive(watch, late(1), day=3)
        then = go_out(watch, "monthly", JUNE, 4 + 2 * off)
        exposed[off] = set(findings(watch, then)) - set(findings(watch, first))
    assert exposed[False] == set()
    assert exposed[True] and all("2018-06-10T" in line or "2018-06-09T" in line for line in exposed[True])


def test_a_draft_that_was_overtaken_does_not_go_out(watch: Mission) -> None:
    receive(watch, *TOLD, day=1)
    slow = draft(watch, "monthly", "public", JUNE, "analyst", formats=("csv",), now=at(2)).sitrep
    elsewhere = draft(watch, "monthly", "parties", JUNE, "analyst", formats=("csv",), now=at(2)).sitrep
    receive(watch, late(1), day=3)
    go_out(watch, "weekly", date(2018, 6, 14), 4)
    cleared(watch, slow, 5)
    with pytest.raises(TrucewatchError, match=r"public-weekly-2018-06-14 went out since .* draft it anew"):
        release(watch, slow, "chief", date(2018, 8, 31), at(5))
    assert release(watch, cleared(watch, elsewhere, 5), "chief", date(2018, 8, 31), at(5)).number == 1


def test_a_draft_does_not_tell_what_came_late_by_what_went_out_since(watch: Mission) -> None:
    receive(watch, *TOLD, day=1)
    knows_less = draft(watch, "monthly", "public", JUNE, "analyst", formats=("csv",), now=at(2)).sitrep
    receive(watch, late(1), day=3)
    july = date(2018, 7, 14)
    knows_more = draft(watch, "weekly", "public", july, "analyst", formats=("csv",), now=at(4)).sitrep
    release(watch, cleared(watch, knows_less, 5), "chief", date(2018, 8, 31), at(5))
    cleared(watch, knows_more, 5)
    with pytest.raises(TrucewatchError, match="public-monthly-2018-06-30 went out since"):
        release(watch, knows_more, "chief", date(2018, 8, 31), at(5))


def test_a_flash_of_a_day_that_goes_on_makes_nothing_of_that_day_late(watch: Mission) -> None:
    day = date(2026, 1, 5)
    waits = {}
    receive(watch, *TOLD, day=1)
    for made in (datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 1, 6, 12, tzinfo=UTC)):
        flash = draft(watch, "flash", "public", day, "analyst", formats=("csv",), now=made).sitrep
        for role in CHAIN:
            clear(watch, flash, role, now=made)
        release(watch, flash, "chief", date(2026, 1, 6), made)
        path = watch.folder.parent / "wire.csv"
        path.write_text(
            "outlet,cites,headline,act,from,until,lat,lon,radius_m\n"
            f"SANA,,Shells fell {made.day},shelling,2026-01-05 08:00,2026-01-05 09:00,32.6,36.1,2000\n",
            encoding="utf-8",
        )
        watch.collect("wire", [path], now=made)
        state = draft(watch, "daily", "public", day, "analyst", formats=("csv",), now=made)
        waits[made.day] = state.draft["late"]["reports"]
    # The second flash was made when the day was over, and lacks what came after it.
    assert waits == {5: 0, 6: 1}
