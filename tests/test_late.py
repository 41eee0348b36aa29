"""Late reports: that no sitrep, subtracted from a later one to the same audience, leaves one late report alone.

Missions are drawn in which reports come in, are changed and are taken back while sitreps of days, weeks and months go
out. The attack knows nothing of how the rule is worked out: it holds two sitreps, and looks at what only one of them
tells of the days of both. With the rule off it must find somebody.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from trucewatch.claims import claims_table
from trucewatch.grains import Grain, grain_of
from trucewatch.late import Telling, Waiting, as_told, waiting
from trucewatch.levels import Level
from trucewatch.shipped import open_agreement
from trucewatch.views import told_alone
from trucewatch.when import Span, midnight

LAW = open_agreement("south-syria-2017")
JUNE = date(2018, 6, 1)
USUAL = grain_of(Level.PUBLIC)
GRAIN = replace(USUAL, late_days=9)
OFF = replace(GRAIN, late_days=0)


def at(day: int, hour: int = 0) -> datetime:
    """Return an hour of a day, counted from 1 June 2018 as 0, on the agreement's clocks."""
    return midnight(JUNE + timedelta(days=day), LAW.timezone) + timedelta(hours=hour)


def stretch(first: int, last: int) -> Span:
    return Span(at(first), at(last + 1), "interval")


def row(name: str, day: int, entry: int, days: int = 1, **more: Any) -> dict[str, object]:
    """Return a claim of an entry: of a shelling, unless told otherwise, on a day or so many."""
    told = {
        "claim_key": name, "version": f"{name}-{entry}", "event_key": name, "source": "wire", "record": name,
        "entry": entry, "assertion": "act", "act": "shelling", "earliest": at(day, 8), "latest": at(day + days - 1, 12),
        "time_extent": "within", "place_kind": "area", "area": "daraa", "place_extent": "within", "levels": "{}",
        "file": "wire.csv", "line": entry, "item": 0, "curated": False,
    }  # fmt: skip
    return {**told, **more}


@dataclass(frozen=True)
class Story:
    """What came in, entry by entry: (entry, key, row or None where it was taken back); and what went out."""

    arrivals: tuple[tuple[int, str, dict[str, object] | None], ...]
    orders: tuple[tuple[int, int, int], ...]  # last entry, first and last day

    def stood(self, entry: int) -> pl.DataFrame:
        last: dict[str, dict[str, object] | None] = {}
        first: dict[str, int] = {}
        for number, key, told in self.arrivals:
            if number <= entry:
                last[key] = told
                first.setdefault(key, number)
        rows = [{**told, "entry": first[key]} for key, told in last.items() if told]
        return claims_table(pl.DataFrame(rows, infer_schema_length=None)) if rows else claims_table({"claim_key": []})


alone = partial(
    told_alone, audience=Level.PUBLIC, grain=GRAIN, gazetteer=LAW.gazetteer, timezone=LAW.timezone
)  # fmt: skip


def telling(as_of: int, first: int, last: int, waited: Mapping[str, int] | None = None) -> Telling:
    length = last - first + 1
    days = (stretch(first, last), stretch(first - length, first - 1))
    return Telling(as_of, JUNE + timedelta(days=last), days, waited or {})


def told(story: Story, grain: Grain) -> Iterator[tuple[list[Telling], Telling, Waiting]]:
    """Go through what went out: what had before, the sitrep, and what waited for it."""
    before: list[Telling] = []
    for as_of, first, last in story.orders:
        now = telling(as_of, first, last)
        waits = waiting(story.stood, before, now, grain, LAW.timezone, alone)
        yield list(before), now, waits
        before.append(replace(now, waited=waits.claims))


# ---- the attack ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """What a sitrep lets its reader see of one report: what it says, its days, and whether it is a position."""

    says: str
    began: datetime
    ended: datetime
    is_position: bool

    def is_young(self, sitrep: Telling) -> bool:
        return self.is_position and self.ended > midnight(sitrep.until - timedelta(GRAIN.delay_days), LAW.timezone)


@dataclass(frozen=True)
class Sitrep:
    """What a reader holds: the sitrep, and its lines by report."""

    telling: Telling
    lines: Mapping[str, Line]

    @classmethod
    def of(cls, story: Story, telling: Telling) -> Sitrep:
        seen = alone(as_told(story.stood, telling.as_of, telling.waited)).filter(pl.col("told").is_not_null())
        rows = seen.select("report", "told", "earliest", "latest", "is_position").iter_rows()
        lines = {report: Line(*told) for report, *told in rows}
        return cls(telling, {name: line for name, line in lines.items() if not line.is_young(telling)})

    def over(self, span: Span) -> Mapping[str, Line]:
        return {name: line for name, line in self.lines.items() if span.earliest <= line.began < span.latest}


def exposed(one: Sitrep, other: Sitrep) -> set[str]:
    """Return the late reports that two sitreps give away by subtraction: fewer than the least number, and not none."""
    for mine, theirs in itertools.product(one.telling.days, other.telling.days):
        if mine.earliest < theirs.latest and theirs.earliest < mine.latest:
            both = Span(max(mine.earliest, theirs.earliest), min(mine.latest, theirs.latest), "interval")
            was, now = one.over(both), other.over(both)
            found = {name for name in was.keys() | now.keys() if is_late(was.get(name), now.get(name), one.telling)}
            if 0 < len(found) < GRAIN.least_count:
                return found
    return set()


def is_late(was: Line | None, now: Line | None, sitrep: Telling) -> bool:
    """Say whether a reader can tell that it came after its days were told, and does not only go on after them."""
    if was == now or (was is None and now is not None and now.is_young(sitrep)):
        return False
    if now is None or (was is not None and not (now.began <= was.began and was.ended <= now.ended)):
        return True
    return any(span.earliest < now.ended <= span.latest for span in sitrep.days)


def first_of_a_stretch(before: list[Telling], now: Telling, apart: int) -> bool:
    day = max([now.until, *(one.until for one in before)])
    return all(one.until.toordinal() // apart < day.toordinal() // apart for one in before)


# ---- missions --------------------------------------------------------------------------------------------------------


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A mission of a few weeks: most reports come in in time, some late, some are changed or taken back."""
    arrivals: list[tuple[int, str, dict[str, object] | None]] = []
    orders, standing = list[tuple[int, int, int]](), list[str]()
    entry = 1
    for today in range(draw(st.integers(0, 3)), 24, draw(st.sampled_from([1, 2, 3]))):
        for n in range(draw(st.sampled_from([0, 1, 1, 2, 3]))):
            entry += 1
            name = f"r{entry}.{n}"
            ago = draw(st.sampled_from([0, 0, 1, 2, 6]))
            days, act = draw(st.sampled_from([1, 1, 1, 3])), draw(st.sampled_from(["shelling", "presence"]))
            more = {"assertion": "presence", "act": "presence-of-forces"} if act == "presence" else {}
            if standing and draw(st.integers(0, 4)) == 0:
                name = draw(st.sampled_from(standing))
                if draw(st.booleans()):
                    arrivals.append((entry, name, None))
                    standing.remove(name)
                    continue
            arrivals.append((entry, name, row(name, max(today - ago, 0), entry, days, **more)))
            standing = [*standing, name] if name not in standing else standing
        length = draw(st.sampled_from([0, 1, 1, 1, 7, 14]))
        if length:
            orders.append((entry, max(today - length + 1, 0), today))
    return Story(tuple(arrivals), tuple(orders))


def test_no_sitrep_taken_from_a_later_one_leaves_a_late_report_alone(
    is_long: bool, tell: Callable[[str], None]
) -> None:
    counted: Counter[str] = Counter()

    @settings(max_examples=400 if is_long else 16, phases=[Phase.generate])
    @given(stories())
    def none_stands_alone(story: Story) -> None:
        since: list[Sitrep] = []  # the last of the fixed days, on which all that waits is told
        for before, now, waits in told(story, GRAIN):
            sitrep = Sitrep.of(story, replace(now, waited=waits.claims))
            counted["sitreps"] += 1
            counted["waited"] += bool(waits.reports)
            if first_of_a_stretch(before, now, GRAIN.late_days):
                assert waits == Waiting()
                since = []
            for earlier in since:
                assert not exposed(earlier, sitrep), (earlier.telling, sitrep.telling)
                counted["pairs"] += 1
            since.append(sitrep)

    none_stands_alone()
    assert counted["pairs"] > 60 and counted["waited"] > 10
    tell(
        f"late reports: none stands alone in {counted['pairs']} pairs of sitreps to one audience; for "
        f"{counted['waited']} of {counted['sitreps']} sitreps some waited"
    )


def test_the_attack_finds_somebody_where_the_rule_is_off(tell: Callable[[str], None]) -> None:
    counted: Counter[str] = Counter()

    @settings(max_examples=8, phases=[Phase.generate])
    @given(stories())
    def somebody_stands_alone(story: Story) -> None:
        out: list[Sitrep] = []
        for _, now, waits in told(story, OFF):
            assert waits == Waiting()
            out.append(Sitrep.of(story, now))
            counted["exposed"] += any(exposed(earlier, out[-1]) for earlier in out[:-1])
            counted["sitreps"] += 1

    somebody_stands_alone()
    assert counted["exposed"]
    tell(f"late reports, control: without the rule {counted['exposed']} of {counted['sitreps']} sitreps expose some")


def test_what_an_audience_may_not_know_has_no_part_in_what_waits(is_long: bool) -> None:
    """Missions that differ above an audience: in reports above it, in fields above it, and in when these changed."""

    @settings(max_examples=100 if is_long else 4, phases=[Phase.generate])
    @given(stories(), st.data())
    def it_is_the_same(story: Story, data: st.DataObject) -> None:
        secret = []
        for entry, key, told_ in story.arrivals:
            if told_ is not None:
                told_ = {**told_, "text": f"heard of at {entry}", "levels": '{"text": "mission"}'}
            secret.append((entry, key, told_))
            if told_ is not None and data.draw(st.booleans()):  # it reads otherwise, where the audience sees nothing
                again = {**told_, "text": "heard again", "version": f"{key} again"}
                above = row(f"s{entry}", data.draw(st.integers(0, 20)), entry, levels='{"act": "mission"}')
                secret += [(entry, f"s{entry}", above), (entry, key, again)]
        other = replace(story, arrivals=tuple(secret))
        plain = {key for _, key, _ in story.arrivals}
        for (before, now, waits), (before_too, now_too, waits_too) in zip(
            told(story, GRAIN), told(other, GRAIN), strict=True
        ):
            assert (before, now, str(waits)) == (before_too, now_too, str(waits_too))
            assert waits.claims == waits_too.claims and waits.claims.keys() <= plain

    it_is_the_same()


# ---- what waits ------------------------------------------------------------------------------------------------------


def waits_for(arrivals: list[tuple[int, str, dict[str, object] | None]], *orders: tuple[int, int, int]) -> Waiting:
    """Return what waits for the last of some sitreps."""
    *_, (_, _, waits) = told(Story(tuple(arrivals), orders), GRAIN)
    return waits


def came(*reports: tuple[int, int], **more: Any) -> list[tuple[int, str, dict[str, object] | None]]:
    """Return reports, each by the entry and the day it tells of."""
    return [(entry, f"r{entry}", row(f"r{entry}", day, entry, **more)) for entry, day in reports]


FIRST, NEXT = (2, 6, 6), (9, 6, 7)  # 7 June, cut off at entry 2; then both days


def test_late_reports_wait_until_there_are_so_many() -> None:
    assert waits_for(came((1, 6), (5, 6)), FIRST, NEXT).claims == {"r5": 0}
    assert (
        str(waits_for(came((1, 6), (5, 6)), FIRST, NEXT))
        == "1 late report waits until there are 3, or until 2018-06-12"
    )
    assert str(waits_for(came((1, 6), (5, 6), (6, 6)), FIRST, NEXT)).startswith("2 late reports wait until there are 3")
    assert waits_for(came((1, 6), (5, 6), (6, 6), (7, 6)), FIRST, NEXT) == Waiting()


def test_what_tells_of_days_that_were_not_told_does_not_wait() -> None:
    assert waits_for(came((1, 6), (5, 7)), FIRST, NEXT) == Waiting()
    goes_on = [(5, "r5", row("r5", 6, 5, days=2))]
    assert waits_for([*came((1, 6)), *goes_on], FIRST, NEXT) == Waiting()


def test_all_that_waits_is_told_from_a_fixed_day_on() -> None:
    assert waits_for(came((1, 6), (5, 6)), FIRST, (9, 9, 10)).reports == 1
    assert waits_for(came((1, 6), (5, 6)), FIRST, (9, 10, 11)) == Waiting()
    # What comes after the first sitrep from that day on waits for the next one.
    assert waits_for(came((1, 6), (5, 6), (11, 6)), FIRST, (9, 10, 11), (12, 11, 12)).claims == {"r11": 0}


def test_one_report_of_many_assertions_is_one_report() -> None:
    one = [(5, f"r5.{item}", row(f"r5.{item}", 6, 5, record="r5", item=item)) for item in range(4)]
    assert waits_for([*came((1, 6)), *one], FIRST, NEXT).reports == 1


def test_what_is_gone_or_changed_is_told_as_it_was_until_its_change_is_told() -> None:
    gone, changed = (5, "r1", None), (6, "r2", row("r2", 6, 6, area="suwayda"))
    arrivals = [*came((1, 6), (2, 6)), gone, changed]
    waits = waits_for(arrivals, FIRST, NEXT)
    assert waits.claims == {"r1": 2, "r2": 2} and waits.reports == 2
    story = Story(tuple(arrivals), ())
    was = as_told(story.stood, 9, waits.claims)
    assert was["area"].to_list() == ["daraa", "daraa"] and story.stood(9)["area"].to_list() == ["suwayda"]
    assert waits_for([*arrivals, *came((7, 6))], FIRST, NEXT) == Waiting()
    # Through several sitreps it stays as it was told first.
    assert waits_for(arrivals, FIRST, (8, 6, 7), NEXT).claims == {"r1": 2, "r2": 2}


def test_a_level_that_is_raised_holds_at_once() -> None:
    for levels in ('{"act": "mission"}', '{"area": "mission"}'):
        arrivals = [*came((1, 6)), (5, "r1", row("r1", 6, 5, levels=levels))]
        assert waits_for(arrivals, FIRST, NEXT) == Waiting()


def test_a_change_within_the_grain_is_no_change() -> None:
    arrivals = [*came((1, 6)), (5, "r1", row("r1", 6, 5, earliest=at(6, 9), line=70))]
    assert waits_for(arrivals, FIRST, NEXT) == Waiting()


def test_positions_too_young_to_be_told_are_not_late() -> None:
    force = {"assertion": "presence", "act": "presence-of-forces"}
    assert waits_for([*came((1, 6)), *came((5, 6), **force)], FIRST, NEXT) == Waiting()
    old = [*came((1, 1)), *came((5, 1), **force)]
    assert waits_for(old, (2, 0, 17), (9, 0, 18)).reports == 1


def test_one_that_knew_less_and_went_out_last_does_not_make_late_what_was_told() -> None:
    reports = came((1, 6), (5, 6), (6, 6), (7, 6))
    daily, knew_more, knew_less = FIRST, (8, 6, 7), (3, 7, 7)
    assert waits_for([*reports, *came((10, 6))], daily, knew_more, knew_less, (11, 6, 8)).claims == {"r10": 0}


def test_what_was_entered_is_read_back() -> None:
    waits = waits_for(came((1, 6), (5, 6)), FIRST, NEXT)
    assert Waiting.of(waits.content()) == waits
    assert Waiting.of(None) == Waiting() and str(Waiting()) == ""
