"""Errata: what an earlier report told and is found otherwise now, with the reason that its audience may know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trucewatch.errata import (
    NEW_AGREEMENT,
    NEW_REPORT,
    REPORT_CHANGED,
    REPORT_GONE,
    account,
    corrections,
)
from trucewatch.mission import Assessment, assess_files
from trucewatch.sitreps.languages import language_of
from trucewatch.sitreps.material import Correction
from trucewatch.sitreps.style import Style

HEADER = (
    "report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means,"
    "weapon,calibre_mm,time_extent,grid,area,remarks"
)
# So long after the others that positions of June are no longer held back.
LATE = "L1,Hezbollah,forces,40,,men,2018-07-20T08:00,2018-07-20T12:00,32.55,36.20,500,a post,saw,,,,,,"
Known = Callable[..., Assessment]


def seen(id_: str, lat: float = 32.55, until: str = "12:00", day: int = 1) -> str:
    when = f"2018-06-0{day}T08:00,2018-06-0{day}T{until}"
    return f"{id_},Hezbollah,forces,40,,men,{when},{lat},36.20,500,a post,saw,,,,,,"


@pytest.fixture
def known(tmp_path: Path) -> Known:
    """Return what is known of June 2018 from some reports."""

    def make(*rows: str, audience: str = "mission", reading: str | None = None) -> Assessment:
        path = tmp_path / "presence.csv"
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        return assess_files([path], "presence", "south-syria-2017", "2018-06", reading, audience)

    return make


def corrected(was: Assessment, now: Assessment, **more: object) -> tuple[Correction, ...]:
    found, kept = corrections(account(was.material, was.figures), now.material, now.figures, **more)  # type: ignore[arg-type]
    # What was corrected is not corrected again.
    assert corrections(kept, now.material, now.figures, **more)[0] == ()  # type: ignore[arg-type]
    return found


def test_what_is_told_as_before_is_not_corrected(known: Known) -> None:
    assert corrected(known(seen("F1"), seen("F2", 32.6)), known(seen("F2", 32.6), seen("F1"))) == ()


def test_a_report_that_came_in_later_corrects_what_was_told_without_it(known: Known) -> None:
    was, now = known(seen("F1")), known(seen("F1"), seen("F2", 33.1, day=4))
    found = corrected(was, now)
    assert found and {one.finding for one in found} == {t.id for t in now.figures.told} - {
        t.id for t in was.figures.told
    }
    assert {(str(one.was), str(one.why)) for one in found} == {("not told", str(NEW_REPORT))}
    assert all("4 June 2018" in one.now for one in found)


def test_a_report_that_is_gone_takes_its_findings_with_it(known: Known) -> None:
    was, now = known(seen("F1"), seen("F2", 33.1, day=4)), known(seen("F1"))
    found = corrected(was, now)
    assert found and all("4 June 2018" in one.was and one.now == "" for one in found)
    assert {str(one.why) for one in found} == {str(REPORT_GONE)}


@pytest.mark.parametrize("audience", ["mission", "public"])
def test_a_report_that_reads_otherwise_changes_the_findings_that_rest_on_it(known: Known, audience: str) -> None:
    was, now = (known(seen("F1", day=day), LATE, audience=audience) for day in (1, 2))
    found = corrected(was, now)
    assert any("1 June" in one.was for one in found) and any("2 June" in one.now for one in found)
    assert not any("2 June" in one.was or "1 June" in one.now for one in found)
    reasons = {str(one.why) for one in found}
    # To whom a record is not told by its id, it is one that is gone and another that came.
    assert reasons <= ({str(REPORT_CHANGED)} if audience == "mission" else {str(NEW_REPORT), str(REPORT_GONE)})


def test_what_else_came_between_is_the_reason_where_the_reports_are_the_same(known: Known) -> None:
    was, now = known(seen("F1")), known(seen("F1"), reading="israel")
    found = corrected(was, now, since=[NEW_AGREEMENT])
    changed = [one for one in found if one.now]
    # Under another reading a finding has another id; it is known by its reports.
    assert changed and {one.finding for one in changed} <= {told.id for told in was.figures.told}
    assert {str(one.why) for one in found} == {str(NEW_AGREEMENT)}


def test_of_what_is_told_to_nobody_nothing_is_corrected(known: Known) -> None:
    was, now = known(seen("F1")), known(seen("F1"), seen("F2", 33.1, day=4))
    new = {told.id for told in now.figures.told} - {told.id for told in was.figures.told}
    assert corrected(was, now, untold=new) == ()
    # One that was told, and is withheld now, keeps its old account, against which it is held when it is told again.
    was, now = known(seen("F1")), known(seen("F1", day=2))
    told = account(was.material, was.figures)
    found, kept = corrections(told, now.material, now.figures, untold={one.id for one in now.figures.told})
    assert found == () and kept.equals(told)
    assert corrections(kept, now.material, now.figures)[0]


def test_an_earlier_sentence_is_told_in_another_language_by_its_outcome(known: Known) -> None:
    now = known(seen("F1", day=2))
    [one, *_] = corrected(known(seen("F1")), now)
    arabic = language_of("ar", now.material.agreement, Style(), "mission")
    assert "June" in str(one.was)
    assert "June" not in arabic.tell(one.was) and "C" in arabic.tell(one.was)
