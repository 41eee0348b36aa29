"""Times as they are known: against the calendar of the time zone itself, instant by instant."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.when import FAR_AHEAD, LONG_AGO, Span, local_day, midnight, read_duration, read_edtf, tell, time_zone

DAMASCUS = "Asia/Damascus"
DAYS = st.dates(date(1950, 1, 1), date(2050, 12, 31))
# Zones that put their clocks forward at midnight, back across it, never, or are not whole hours from UTC.
ZONES = st.sampled_from(
    [DAMASCUS, "Asia/Beirut", "Asia/Gaza", "Europe/Kyiv", "Asia/Kathmandu", "America/Bogota", "UTC"]
)
INSTANTS = st.datetimes(datetime(1950, 1, 1), datetime(2050, 12, 31), timezones=st.just(UTC))


def read(text: str, zone: str = DAMASCUS) -> Span:
    return read_edtf(text, zone)


def days(text: str, zone: str = DAMASCUS) -> str:
    """Return the first and last local day of what a text says."""
    span = read(text, zone)
    return f"{local_day(span.earliest, zone)} {local_day(span.latest - timedelta(microseconds=1), zone)}"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# ---- days, months, years ---------------------------------------------------------------------------------------------


@given(DAYS, ZONES, st.data())
@settings(max_examples=300)
def test_a_day_holds_every_instant_of_the_local_day_and_no_other(day: date, zone: str, data: st.DataObject) -> None:
    span = read(day.isoformat(), zone)
    around = st.datetimes(datetime(day.year, day.month, day.day) - timedelta(days=2),
                          datetime(day.year, day.month, day.day) + timedelta(days=3))  # fmt: skip
    edges = st.sampled_from([span.earliest, span.latest]).flatmap(
        lambda edge: st.timedeltas(timedelta(minutes=-1), timedelta(minutes=1)).map(lambda off: edge + off)
    )
    instant = data.draw(st.one_of(around.map(lambda naive: naive.replace(tzinfo=UTC)), edges))
    is_that_day = instant.astimezone(ZoneInfo(zone)).date() == day
    assert (span.earliest <= instant < span.latest) == is_that_day
    assert is_that_day == (local_day(instant, zone) == day)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2017-03-30", 24), ("2017-03-31", 23), ("2017-04-01", 24), ("2017-10-26", 25), ("2017-10-27", 24)],
)
def test_a_day_on_which_damascus_changes_its_clocks_is_shorter_or_longer(day: str, hours: int) -> None:
    span = read(day)
    assert span.latest - span.earliest == timedelta(hours=hours)


def test_a_day_whose_midnight_is_skipped_begins_with_the_skip() -> None:
    assert midnight(date(2017, 3, 31), DAMASCUS) == at("2017-03-30T22:00Z")
    assert midnight(date(2017, 3, 31), DAMASCUS).astimezone(ZoneInfo(DAMASCUS)).hour == 1


@pytest.mark.parametrize(
    ("text", "first_and_last", "precision"),
    [
        ("2017-07-09", "2017-07-09 2017-07-09", "day"),
        ("2016-02", "2016-02-01 2016-02-29", "month"),
        ("2017-12", "2017-12-01 2017-12-31", "month"),
        ("2017", "2017-01-01 2017-12-31", "year"),
        (" 2017-07-09\n", "2017-07-09 2017-07-09", "day"),
        ("2018-06-23/2018-06-24", "2018-06-23 2018-06-24", "interval"),
        ("2018-06-23/2018-07", "2018-06-23 2018-07-31", "interval"),
        ("2018-06-23/2018-06-23", "2018-06-23 2018-06-23", "interval"),
        # About then: off by one of what it is told to, either way; uncertain and approximate, by two.
        ("2017-07-09~", "2017-07-08 2017-07-10", "vague"),
        ("2017-07~", "2017-06-01 2017-08-31", "vague"),
        ("2017-01?", "2016-12-01 2017-02-28", "vague"),
        ("2017-12%", "2017-10-01 2018-02-28", "vague"),
        ("2017~", "2016-01-01 2018-12-31", "vague"),
        ("2017-07~/2017-09-30", "2017-06-01 2017-09-30", "interval"),
        # Seasons: of the north, of the north by name, of the south; then quarters, thirds and halves of a year.
        ("2017-21", "2017-03-01 2017-05-31", "season"),
        ("2017-22", "2017-06-01 2017-08-31", "season"),
        ("2017-23", "2017-09-01 2017-11-30", "season"),
        ("2017-24", "2016-12-01 2018-02-28", "season"),
        ("2017-26", "2017-06-01 2017-08-31", "season"),
        ("2017-29", "2017-09-01 2017-11-30", "season"),
        ("2017-30", "2016-12-01 2018-02-28", "season"),
        ("2017-32", "2017-06-01 2017-08-31", "season"),
        ("2017-34", "2017-04-01 2017-06-30", "vague"),
        ("2017-39", "2017-09-01 2017-12-31", "vague"),
        ("2017-41", "2017-07-01 2017-12-31", "vague"),
        # Some of it not known, and one of several.
        ("2017-07-XX", "2017-07-01 2017-07-31", "vague"),
        ("2017-XX", "2017-01-01 2017-12-31", "vague"),
        ("201X", "2010-01-01 2019-12-31", "vague"),
        ("[2017-07-11,2017-07-09]", "2017-07-09 2017-07-11", "vague"),
        ("{2017-07-09..2017-07-11}", "2017-07-09 2017-07-11", "vague"),
        ("2017-07-?09", "2017-07-08 2017-07-10", "vague"),
    ],
)  # fmt: skip
def test_a_date_reaches_from_its_first_to_its_last_day(text: str, first_and_last: str, precision: str) -> None:
    assert (days(text), read(text).precision) == (first_and_last, precision)


@given(DAYS, ZONES)
@settings(max_examples=100)
def test_days_fill_their_month_months_their_year_and_doubt_only_widens(day: date, zone: str) -> None:
    told = [day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]]
    wider = [*pairwise(told), *((text, text + "~") for text in told), *((text + "~", text + "%") for text in told)]
    for narrow, wide in wider:
        inner, outer = read(narrow, zone), read(wide, zone)
        assert outer.earliest <= inner.earliest < inner.latest <= outer.latest


@given(DAYS, DAYS, ZONES)
@settings(max_examples=150)
def test_an_interval_runs_from_the_start_of_one_day_to_the_end_of_the_other(one: date, other: date, zone: str) -> None:
    text = f"{one}/{other}"
    if other < one:
        with pytest.raises(ValueError, match="it ends before it starts"):
            read(text, zone)
    else:
        span = read(text, zone)
        assert (span.earliest, span.latest) == (midnight(one, zone), midnight(other + timedelta(days=1), zone))


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2017-07-09/..", "2017-07-08T21:00Z", FAR_AHEAD),
        ("2017-07-09/", "2017-07-08T21:00Z", FAR_AHEAD),
        ("../2017-07-09", LONG_AGO, "2017-07-09T21:00Z"),
        ("/2017-07-09T12:00", LONG_AGO, "2017-07-09T09:01Z"),
        ("../..", LONG_AGO, FAR_AHEAD),
    ],
)
def test_an_open_end_lies_outside_every_dataset(text: str, earliest: str | datetime, latest: str | datetime) -> None:
    span = read(text)
    assert span.earliest == (at(earliest) if isinstance(earliest, str) else earliest)
    assert span.latest == (at(latest) if isinstance(latest, str) else latest)


# ---- clock times -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "precision"),
    [
        ("2017-07-09T14:20", "2017-07-09T11:20Z", "2017-07-09T11:21Z", "minute"),
        ("2017-07-09T14:20:31", "2017-07-09T11:20:31Z", "2017-07-09T11:20:32Z", "second"),
        ("2017-07-09T14:20Z", "2017-07-09T14:20Z", "2017-07-09T14:21Z", "minute"),
        ("2017-07-09T14:20+05:30", "2017-07-09T08:50Z", "2017-07-09T08:51Z", "minute"),
        ("2017-07-09T23:30-05:00", "2017-07-10T04:30Z", "2017-07-10T04:31Z", "minute"),
        ("2017-07-09T14:20/2017-07-09T15:05", "2017-07-09T11:20Z", "2017-07-09T12:06Z", "interval"),
    ],
)
def test_a_clock_time_is_the_minute_or_second_it_names(text: str, earliest: str, latest: str, precision: str) -> None:
    assert read(text) == Span(at(earliest), at(latest), precision)


@given(INSTANTS, ZONES)
@settings(max_examples=300)
def test_the_clock_of_a_place_tells_an_instant_that_lies_in_the_minute_read(instant: datetime, zone: str) -> None:
    local = instant.astimezone(ZoneInfo(zone))
    span = read(f"{local:%Y-%m-%dT%H:%M}", zone)
    assert span.earliest <= instant < span.latest
    assert span.latest - span.earliest in (timedelta(minutes=1), timedelta(minutes=61))
    with_offset = read(f"{instant:%Y-%m-%dT%H:%M:%S}Z", zone)
    assert with_offset.earliest <= instant < with_offset.latest


def test_an_hour_that_comes_twice_may_be_either_one() -> None:
    span = read("2017-10-26T23:30")
    assert (span.earliest, span.latest) == (at("2017-10-26T20:30Z"), at("2017-10-26T21:31Z"))


def test_an_hour_that_never_came_may_be_that_of_a_clock_nobody_changed() -> None:
    span = read("2017-03-31T00:30")
    assert span.earliest <= at("2017-03-30T22:30Z") < span.latest


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2017-02-30", "day is out of range for month"),
        ("2017-02-29~", "day is out of range for month"),
        ("2017-00", "month must be in 1..12"),
        ("2017-13", "write EDTF, such as 2017-07-09"),
        ("2017-42", "write EDTF, such as 2017-07-09"),
        ("20177", "write EDTF, such as 2017-07-09"),
        ("Y20177", "write EDTF, such as 2017-07-09"),
        ("Y1E99999999", "write EDTF, such as 2017-07-09"),
        ("2017-07-0X", "write EDTF, such as 2017-07-09"),
        ("[2017-07-09..]", "write EDTF, such as 2017-07-09"),
        ("09.07.2017", "write EDTF, such as 2017-07-09"),
        ("2017-07-09 14:20", "write EDTF, such as 2017-07-09"),
        ("٢٠١٧-٠٧-٠٩", "write EDTF, such as 2017-07-09"),
        ("", "write EDTF, such as 2017-07-09"),
        ("1717", "the year 1717 is outside 1900-2100"),
        ("2117-07-09T14:20", "the year 2117 is outside 1900-2100"),
        ("XXXX-07-09", "write EDTF, such as 2017-07-09"),
        ("9999~", "the year 9999 is outside 1900-2100"),
        ("2017-07-09T24:00", "hour must be in 0..23"),
        ("2017-07-09T14:60", "minute must be in 0..59"),
        ("2017-07-09T14:20+99:00", "offset must be"),
        ("2017-07-09/2017-07-08", "it ends before it starts"),
        ("2017-07-09T15:00/2017-07-09T14:00", "it ends before it starts"),
        ("2017-07-09/2017-07-10/2017-07-11", "an interval has two ends"),
        ("/", "neither end is given"),
        ("2017-07-09/soon", "write EDTF, such as 2017-07-09"),
    ],
)
def test_what_is_no_date_is_told_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"is no date: ") as caught:
        read(text)
    assert str(caught.value).startswith(f"'{text}' is no date: {why}")


PIECES = ["2017", "-07", "-09", "/", "..", "?", "~", "%", "[", "]", "{", "}", ",", "X", "XX", "T14:20", "Z", "+03:00",
          "-", "0", "-24", "S2", "Y", "E3", " "]  # fmt: skip


@given(st.one_of(st.text(max_size=20), st.lists(st.sampled_from(PIECES), max_size=10).map("".join)))
@settings(max_examples=300)
def test_any_text_is_a_date_or_a_value_error_and_nothing_is_printed(text: str) -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        try:
            span = read(text)
        except ValueError as fault:
            assert f"'{text}' is no date: " in str(fault)
        else:
            assert LONG_AGO <= span.earliest < span.latest <= FAR_AHEAD
    assert printed.getvalue() == ""


@pytest.mark.parametrize("zone", ["", "Asia", "Mars/Olympus", "../etc/passwd", "Asia/Damascus\x00", "x" * 300])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    for reading in (time_zone, lambda name: read("2017-07-09", name), lambda name: midnight(date(2017, 7, 9), name)):
        with pytest.raises(ValueError, match="is no IANA time zone, such as Asia/Damascus"):
            reading(zone)


def test_a_span_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match=r"ends \(2017-07-09T11:19Z\) before it starts \(2017-07-09T11:20Z\)"):
        Span(at("2017-07-09T11:20Z"), at("2017-07-09T11:19Z"), "told")


# ---- durations -------------------------------------------------------------------------------------------------------


@given(*[st.none() | st.integers(0, 5000)] * 4)
@settings(max_examples=100)
def test_a_duration_is_its_weeks_days_hours_and_minutes(
    weeks: int | None, days: int | None, hours: int | None, minutes: int | None
) -> None:
    parts = [("W", weeks), ("D", days), ("H", hours), ("M", minutes)]
    day, clock = ("".join(f"{n}{unit}" for unit, n in half if n is not None) for half in (parts[:2], parts[2:]))
    text = f"P{day}" + (f"T{clock}" if clock else "")
    if text == "P":
        return
    expected = (((weeks or 0) * 7 + (days or 0)) * 24 + (hours or 0)) * 60 + (minutes or 0)
    assert read_duration(f" {text} ") == timedelta(minutes=expected)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "14D", "P1M", "P1Y", "P14", "P-1D", "PT1S", "P1DT", "P1.5D", "p14d", "P١D"]
)
def test_what_is_no_duration_of_fixed_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration of weeks, days, hours or minutes, such as P14D"):
        read_duration(text)


def test_a_duration_longer_than_all_history_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than can be counted"):
        read_duration("P9999999999999D")


# ---- telling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2017-07-09", "9 July 2017"),
        ("2017-03-31", "31 March 2017"),  # whose midnight was skipped
        ("2017-10-26", "26 October 2017"),  # which had 25 hours
        ("2018-06-23/2018-06-24", "23 to 24 June 2018"),
        ("2017-07", "1 to 31 July 2017"),
        ("2017-07-09/2017-08-02", "9 July to 2 August 2017"),
        ("2017-12-30/2018-01-02", "30 December 2017 to 2 January 2018"),
        ("2017-07-09T14:20", "9 July 2017, 14:20"),
        ("2017-07-09T14:20:31", "9 July 2017, 14:20"),
        ("2017-10-26T23:30", "26 October 2017, 23:30"),  # either of two
        ("2017-07-09T14:20/2017-07-09T15:05", "9 July 2017, 14:20-15:05"),
        ("2017-07-09T23:00/2017-07-10T01:00", "9 July 2017, 23:00 to 10 July 2017, 01:00"),
        ("2017-07-09T14:20/2017-07-19T15:05", "9 to 19 July 2017"),
        ("2017-07-09/..", "from 9 July 2017 on"),
        ("../2017-07-09", "until 9 July 2017"),
        ("../..", "at any time"),
    ],
)
def test_a_span_is_told_as_a_person_would_say_it(text: str, words: str) -> None:
    assert tell(read(text), DAMASCUS) == words


def test_a_span_is_told_in_the_time_of_the_place() -> None:
    assert tell(read("2017-07-09T23:30Z", "UTC"), DAMASCUS) == "10 July 2017, 02:30"


@given(DAYS, ZONES)
@settings(max_examples=100)
def test_a_whole_day_is_told_without_a_clock(day: date, zone: str) -> None:
    assert tell(read(day.isoformat(), zone), zone) == f"{day:%-d %B %Y}"
