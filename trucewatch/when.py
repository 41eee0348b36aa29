"""When: a time as it is known, from its earliest to its latest instant; vague dates are read at the edge only.

Dates come in as EDTF (ISO 8601-2:2019, levels 0-2). A span is half open: it holds `earliest`, and ends before
`latest`. "2017-07-09" in Damascus is therefore 2017-07-08T21:00Z up to 2017-07-09T21:00Z.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Open ends are instants that compare; they lie outside every dataset and inside datetime's range.
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
FAR_AHEAD = datetime(9999, 12, 30, tzinfo=UTC)
# Before this a report is taken for a slip of the pen; nothing we read monitors a ceasefire of the 18th century.
FIRST_YEAR, LAST_YEAR = 1900, 2100

_CLOCK = re.compile(r"^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?$")
_DAY = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")
_MONTH = re.compile(r"^(\d{4})-(\d{2})$")
_YEAR = re.compile(r"^(\d{4})$")
_DURATION = re.compile(r"^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time [earliest, latest), both in UTC, with the precision it was told to."""

    earliest: datetime
    latest: datetime
    precision: str

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError(f"ends ({self.latest:%Y-%m-%d}) before it starts ({self.earliest:%Y-%m-%d})")


def time_zone(name: str) -> ZoneInfo:
    """Return the named IANA time zone; raises ValueError for an unknown name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is no IANA time zone, such as Asia/Damascus") from None


def midnight(day: date, zone: str) -> datetime:
    """Return the first instant of a local day, in UTC.

    Where the clocks skip midnight (as Syria's did each spring) the day starts at the instant of the skip.
    """
    return datetime(day.year, day.month, day.day, tzinfo=time_zone(zone)).astimezone(UTC)


@lru_cache(maxsize=65536)
def read_edtf(text: str, zone: str) -> Span:
    """Read an EDTF date, date-time or interval as local time of `zone`.

    >>> read_edtf("2018-06-23/2018-06-24", "Asia/Damascus").latest
    datetime.datetime(2018, 6, 24, 21, 0, tzinfo=datetime.timezone.utc)

    Raises ValueError for what is no date, or an interval that ends before it starts.
    """
    text = text.strip()
    if "/" in text:
        start, _, end = text.partition("/")
        first = None if start in ("", "..") else read_edtf(start, zone)
        last = None if end in ("", "..") else read_edtf(end, zone)
        return Span(first.earliest if first else LONG_AGO, last.latest if last else FAR_AHEAD, "interval")
    if clock := _CLOCK.match(text):
        return _read_clock(clock, zone)
    if found := _DAY.match(text):
        day = date(*(int(part) for part in found.groups()))
        return Span(midnight(_sane(day), zone), midnight(day + timedelta(days=1), zone), "day")
    if found := _MONTH.match(text):
        year, month = int(found[1]), int(found[2])
        first_day = _sane(date(year, month, 1))
        following = date(year + month // 12, month % 12 + 1, 1)
        return Span(midnight(first_day, zone), midnight(following, zone), "month")
    if found := _YEAR.match(text):
        year = _sane(date(int(found[1]), 1, 1)).year
        return Span(midnight(date(year, 1, 1), zone), midnight(date(year + 1, 1, 1), zone), "year")
    return _read_vague(text, zone)


def _read_clock(clock: re.Match[str], zone: str) -> Span:
    day = _sane(date.fromisoformat(clock[1]))
    seconds = int(clock[4] or 0)
    local = datetime(day.year, day.month, day.day, int(clock[2]), int(clock[3]), seconds)
    if clock[5]:
        instant = datetime.fromisoformat(f"{local.isoformat()}{clock[5].replace('Z', '+00:00')}").astimezone(UTC)
    else:
        instant = local.replace(tzinfo=time_zone(zone)).astimezone(UTC)
    step, precision = (timedelta(seconds=1), "second") if clock[4] else (timedelta(minutes=1), "minute")
    return Span(instant, instant + step, precision)


def _read_vague(text: str, zone: str) -> Span:
    # The library is slow to import and to read; only the rarer EDTF forms ("2017-07~", "2017-21") get here.
    from edtf import parse_edtf
    from edtf.parser.edtf_exceptions import EDTFParseException

    try:
        parsed = parse_edtf(text)
        low, high = parsed.lower_fuzzy(), parsed.upper_fuzzy()
        first = _sane(date(low.tm_year, low.tm_mon, low.tm_mday))
        last = _sane(date(high.tm_year, high.tm_mon, high.tm_mday))
    except (EDTFParseException, AttributeError, TypeError, OverflowError):
        raise ValueError(f"'{text}' is no date; write EDTF, such as 2017-07-09 or 2018-06-23/2018-06-24") from None
    return Span(midnight(first, zone), midnight(last + timedelta(days=1), zone), "vague")


def _sane(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"the year {day.year} is outside {FIRST_YEAR}-{LAST_YEAR}")
    return day


def read_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration of weeks, days, hours and minutes, such as P14D or PT72H.

    Raises ValueError for anything else; months and years have no fixed length and are refused.
    """
    found = _DURATION.match(text.strip())
    if not found or not any(found.groups()):
        raise ValueError(f"'{text}' is no duration of weeks, days, hours or minutes, such as P14D")
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)


def local_day(instant: datetime, zone: str) -> date:
    """Return the local calendar day that holds an instant."""
    return instant.astimezone(time_zone(zone)).date()


def tell(span: Span, zone: str) -> str:
    """Write a span as a person would say it: a day, days, or a clock time, in local time of `zone`."""
    first = span.earliest.astimezone(time_zone(zone))
    length = span.latest - span.earliest
    if length <= timedelta(minutes=1):
        return f"{first:%-d %B %Y, %H:%M}"
    last = (span.latest - timedelta(microseconds=1)).astimezone(time_zone(zone))
    whole_days = first.hour == first.minute == 0 and last.hour == 23 and last.minute == 59
    if whole_days or length > timedelta(days=2):
        return _tell_days(first.date(), last.date())
    if first.date() == last.date():
        return f"{first:%-d %B %Y, %H:%M}-{last:%H:%M}"
    return f"{first:%-d %B %Y, %H:%M} to {last:%-d %B %Y, %H:%M}"


def _tell_days(first: date, last: date) -> str:
    if first == last:
        return f"{first:%-d %B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%-d} to {last:%-d %B %Y}"
    if first.year == last.year:
        return f"{first:%-d %B} to {last:%-d %B %Y}"
    return f"{first:%-d %B %Y} to {last:%-d %B %Y}"
