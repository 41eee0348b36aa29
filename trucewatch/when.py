"""When: a time as it is known, from its earliest to its latest instant; vague dates are read at the edge only.

Dates come in as EDTF (ISO 8601-2:2019, levels 0-2). A span is half open: it holds `earliest`, and ends before
`latest`. "2017-07-09" in Damascus is therefore 2017-07-08T21:00Z up to 2017-07-09T21:00Z.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Open ends are instants that compare; they lie outside every dataset and inside datetime's range.
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
FAR_AHEAD = datetime(9999, 12, 30, tzinfo=UTC)
# Before this a report is taken for a slip of the pen; nothing we read monitors a ceasefire of the 18th century.
FIRST_YEAR, LAST_YEAR = 1900, 2100

_CLOCK = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_CALENDAR = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?([~?%])?", re.ASCII)
# All that the rarer forms are made of. Years beyond four digits ("Y1E9") are left out: the library works them out.
_VAGUE = re.compile(r"[-0-9X?~%.,\[\]{}]{4,60}")
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?)?", re.ASCII)
# First and last month of spring, summer, autumn and winter in the north. A winter is that at either end of its year.
_SEASONS = ((3, 5), (6, 8), (9, 11), (0, 14))


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time [earliest, latest), both in UTC, with the precision it was told to."""

    earliest: datetime
    latest: datetime
    precision: str

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError(f"ends ({self.latest:%Y-%m-%dT%H:%MZ}) before it starts ({self.earliest:%Y-%m-%dT%H:%MZ})")


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

    A date that is approximate or uncertain (`~`, `?`) may be off by one day, month or year, whichever it is told to;
    one that is both (`%`) by two. Raises ValueError for what is no date, or an interval that ends before it starts.
    """
    time_zone(zone)
    try:
        return _read(text.strip(), zone)
    except (ValueError, OverflowError) as fault:
        raise ValueError(f"'{text}' is no date: {fault}") from None


def _read(text: str, zone: str) -> Span:
    start, slash, end = text.partition("/")
    if slash:
        return _read_interval(start.strip(), end.strip(), zone)
    if clock := _CLOCK.fullmatch(text):
        return _read_clock(clock, zone)
    if calendar := _CALENDAR.fullmatch(text):
        return _read_calendar(calendar, zone)
    return _read_vague(text, zone)


def _read_interval(start: str, end: str, zone: str) -> Span:
    if "/" in end:
        raise ValueError("an interval has two ends")
    if not start and not end:
        raise ValueError("neither end is given")
    first = None if start in ("", "..") else _read(start, zone)
    last = None if end in ("", "..") else _read(end, zone)
    if first and last and last.latest <= first.earliest:
        raise ValueError("it ends before it starts")
    return Span(first.earliest if first else LONG_AGO, last.latest if last else FAR_AHEAD, "interval")


def _read_clock(clock: re.Match[str], zone: str) -> Span:
    day = _sane(date.fromisoformat(clock[1]))
    local = datetime(day.year, day.month, day.day, int(clock[2]), int(clock[3]), int(clock[4] or 0))
    step, precision = (timedelta(seconds=1), "second") if clock[4] else (timedelta(minutes=1), "minute")
    if clock[5]:
        instant = datetime.fromisoformat(f"{local.isoformat()}{clock[5].replace('Z', '+00:00')}").astimezone(UTC)
        return Span(instant, instant + step, precision)
    # When the clocks are put back an hour comes twice; when they are put forward a clock may have been forgotten.
    either = [local.replace(tzinfo=time_zone(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
    return Span(min(either), max(either) + step, precision)


def _read_calendar(calendar: re.Match[str], zone: str) -> Span:
    year, month, day, doubt = calendar.groups()
    if month and int(month) > 12:
        return _read_season(calendar, zone)
    told = _sane(date(int(year), int(month or 1), int(day or 1)))
    off = {None: 0, "%": 2}.get(doubt, 1)
    if day:
        first, following, precision = told - timedelta(days=off), told + timedelta(days=1 + off), "day"
    elif month:
        first, following, precision = _month(told, -off), _month(told, 1 + off), "month"
    else:
        first, following, precision = _month(told, -12 * off), _month(told, 12 + 12 * off), "year"
    return Span(midnight(first, zone), midnight(following, zone), "vague" if doubt else precision)


def _read_season(calendar: re.Match[str], zone: str) -> Span:
    year, season = _sane(date(int(calendar[1]), 1, 1)), int(calendar[2])
    if calendar[4] or not 21 <= season <= 32:
        return _read_vague(calendar[0], zone)
    # 21-24 are taken for those of the north, as 25-28 are; 29-32 are those of the south.
    first, last = _SEASONS[(season - 21 + (2 if season >= 29 else 0)) % 4]
    return Span(midnight(_month(year, first - 1), zone), midnight(_month(year, last), zone), "season")


def _month(day: date, later: int) -> date:
    """Return the first day of the month so many months later."""
    months = day.year * 12 + day.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)


def _read_vague(text: str, zone: str) -> Span:
    unreadable = "write EDTF, such as 2017-07-09 or 2018-06-23/2018-06-24"
    if not _VAGUE.fullmatch(text):
        raise ValueError(unreadable)
    # The library is slow to import and to read; only the rarer EDTF forms ("2017-XX", "[2017-07-09,2017-07-11]") get
    # here. It widens "2017-07~" by a year and a month, and knows of no January in a winter; those are read above.
    from edtf import parse_edtf
    from edtf.parser.edtf_exceptions import EDTFParseException

    try:
        parsed = parse_edtf(text)
        low, high = parsed.lower_fuzzy(), parsed.upper_fuzzy()
        first = date(low.tm_year, low.tm_mon, low.tm_mday)
        last = date(high.tm_year, high.tm_mon, high.tm_mday)
    except (EDTFParseException, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # It stumbles in many ways over what it half understands, such as open ends and "2017-07-0X".
        raise ValueError(unreadable) from None
    return Span(midnight(_sane(first), zone), midnight(_sane(last) + timedelta(days=1), zone), "vague")


def _sane(day: date) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"the year {day.year} is outside {FIRST_YEAR}-{LAST_YEAR}")
    return day


def read_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration of weeks, days, hours and minutes, such as P14D or PT72H.

    Raises ValueError for anything else; months and years have no fixed length and are refused.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found or not any(found.groups()):
        raise ValueError(f"'{text}' is no duration of weeks, days, hours or minutes, such as P14D")
    weeks, days, hours, minutes = (int(part or 0) for part in found.groups())
    try:
        return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        raise ValueError(f"'{text}' is longer than can be counted") from None


def local_day(instant: datetime, zone: str) -> date:
    """Return the local calendar day that holds an instant."""
    return instant.astimezone(time_zone(zone)).date()


class Telling(StrEnum):
    """The forms in which a span is told, each from its first and last local time."""

    MINUTE = "minute"
    MINUTES = "minutes"  # of one day
    HOURS = "hours"  # from a time of one day to a time of another
    DAY = "day"
    DAYS = "days"
    UNTIL = "until"
    FROM = "from"
    EVER = "ever"


def telling(span: Span, zone: str) -> tuple[Telling, datetime, datetime]:
    """Return in which form a person would say a span, and its first and last local time in `zone`."""
    if span.latest >= FAR_AHEAD:
        is_open = span.earliest <= LONG_AGO
        first = span.earliest if is_open else span.earliest.astimezone(time_zone(zone))
        return Telling.EVER if is_open else Telling.FROM, first, span.latest
    last = (span.latest - timedelta(microseconds=1)).astimezone(time_zone(zone))
    if span.earliest <= LONG_AGO:
        return Telling.UNTIL, span.earliest, last
    first = span.earliest.astimezone(time_zone(zone))
    length = span.latest - span.earliest
    if length <= timedelta(minutes=1):
        return Telling.MINUTE, first, first
    # A day may begin at one o'clock, where the clocks skip midnight.
    whole_days = span.earliest == midnight(first.date(), zone) and span.latest == midnight(
        last.date() + timedelta(days=1), zone
    )
    is_one_day = first.date() == last.date()
    if whole_days or length > timedelta(days=2):
        return Telling.DAY if is_one_day else Telling.DAYS, first, last
    if is_one_day:
        return (
            Telling.MINUTE if (first.hour, first.minute) == (last.hour, last.minute) else Telling.MINUTES,
            first,
            last,
        )
    return Telling.HOURS, first, last


def tell(span: Span, zone: str) -> str:
    """Write a span as a person would say it: a day, days, or a clock time, in local time of `zone`."""
    form, first, last = telling(span, zone)
    match form:
        case Telling.MINUTE:
            return f"{first:%-d %B %Y, %H:%M}"
        case Telling.MINUTES:
            return f"{first:%-d %B %Y, %H:%M}-{last:%H:%M}"
        case Telling.HOURS:
            return f"{first:%-d %B %Y, %H:%M} to {last:%-d %B %Y, %H:%M}"
        case Telling.DAY | Telling.DAYS:
            return _tell_days(first.date(), last.date())
        case Telling.UNTIL:
            return f"until {tell_day(last.date())}"
        case Telling.FROM:
            return f"from {tell_day(first.date())} on"
        case Telling.EVER:
            return "at any time"


def tell_day(day: date) -> str:
    """Write a calendar day as a person would say it."""
    return f"{day:%-d %B %Y}"


def _tell_days(first: date, last: date) -> str:
    if first == last:
        return tell_day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%-d} to {last:%-d %B %Y}"
    if first.year == last.year:
        return f"{first:%-d %B} to {last:%-d %B %Y}"
    return f"{first:%-d %B %Y} to {last:%-d %B %Y}"
