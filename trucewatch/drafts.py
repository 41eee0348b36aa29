"""Drafts: a sitrep made from a mission's record for one audience, so that it can be made again from the same words.

An order says all that a sitrep depends on beside the record: what is told of which days to whom, as known at which
entry, under which printed head. From one order and one record comes one sitrep, whenever it is made.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from trucewatch.agreement.rulings import is_ruled_after
from trucewatch.agreement.terms import Agreement
from trucewatch.clearances import (
    DECIDED,
    WITHHELD,
    WITHHELD_NO_LONGER,
    Clearance,
    Withheld,
    clearances,
    withheld,
)
from trucewatch.decisions import LINK
from trucewatch.errata import DECISION, NEW_AGREEMENT, NEW_MANDATE, NEW_PROGRAM, RULING, account, corrections
from trucewatch.late import Telling, Waiting
from trucewatch.levels import Level, read_level
from trucewatch.mandates import Mandate
from trucewatch.mission import Mission, versions
from trucewatch.problems import TrucewatchError, WrongCall, did_you_mean
from trucewatch.record.entries import Entry, Record
from trucewatch.route import Assessment, Progress, read_period, silent
from trucewatch.sitreps.document import ERRATUM, about
from trucewatch.sitreps.figures import figures
from trucewatch.sitreps.material import Correction, Figures, Period
from trucewatch.sitreps.publish import FORMATS, publish
from trucewatch.when import LONG_AGO, Span

DAILY, WEEKLY, MONTHLY, THEMATIC, FLASH = KINDS = ("daily", "weekly", "monthly", "thematic", "flash")
# So many of the sitreps before it are corrected in section 10; an older one by an erratum of its own.
LOOKED_BACK: Final = 10
_CORRECTING = (DAILY, WEEKLY, MONTHLY)
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Order:
    """What a sitrep is to tell: `audience` by its word, `period` an EDTF interval that ends with the day `until`.

    `topic` is the clause or act of a thematic report, the finding of a flash report, and the release that an erratum
    corrects. `as_of` is the last entry that it rests on, `log_head` the head that is printed in it.
    """

    kind: str
    audience: str
    until: date
    period: str
    topic: str = ""
    languages: tuple[str, ...] = ("en",)
    formats: tuple[str, ...] = tuple(FORMATS)
    reading: str = ""
    as_of: int = 0
    log_head: str = ""

    @property
    def level(self) -> Level:
        """The audience."""
        return read_level(self.audience)

    @property
    def name(self) -> str:
        """What it is called among what its audience gets; an erratum by what it corrects."""
        parts = (ERRATUM, self.topic) if self.kind == ERRATUM else (self.kind, f"{self.until}", self.topic)
        return "-".join(filter(None, parts))

    def content(self) -> dict[str, Any]:
        """Return it as it is entered in the record."""
        lists = {"languages": list(self.languages), "formats": list(self.formats)}
        return {**asdict(self), "until": f"{self.until}", **lists}

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Order:
        """Read back what was entered."""
        told = {name: content[name] for name in cls.__slots__}
        lists = {name: tuple(told[name]) for name in ("languages", "formats")}
        return cls(**{**told, "until": date.fromisoformat(told["until"]), **lists})


@dataclass(frozen=True, slots=True)
class Made:
    """A sitrep: its figures, its files, and what is kept of it for later ones.

    `account` is its findings with their claims; `corrected` has those of earlier releases, by name, as they are told
    from here on. What came in `late` waits, and is not in it.
    """

    assessment: Assessment
    figures: Figures
    paths: tuple[Path, ...]
    account: pl.DataFrame
    corrected: Mapping[str, pl.DataFrame]
    late: Waiting


def period_of(kind: str, until: date, mandate: Mandate) -> str:
    """Return the days of a kind of sitrep that end with `until`, as an EDTF interval; those of a topic have no first.

    Days begin and end at the mandate's cut-off time: a daily sitrep until 7 June, cut off at 18:00, begins on the 6th.
    """
    starts = {DAILY: until, FLASH: until, WEEKLY: until - _WEEK, MONTHLY: until.replace(day=1)}
    if kind not in KINDS:
        raise WrongCall(f"'{kind}' is no kind of sitrep; {did_you_mean(kind, KINDS) or 'one of ' + ', '.join(KINDS)}")
    first = starts.get(kind)
    if not (mandate.cut_off.hour or mandate.cut_off.minute):
        return f"{first or '..'}/{until}"
    # The last minute that is named belongs to an interval.
    end = datetime.combine(until, mandate.cut_off) - timedelta(minutes=1)
    start = f"{datetime.combine(first - timedelta(days=1), mandate.cut_off):%Y-%m-%dT%H:%M}" if first else ".."
    return f"{start}/{end:%Y-%m-%dT%H:%M}"


def make(mission: Mission, order: Order, folder: Path, progress: Progress = silent) -> Made:
    """Make the sitrep of an order into a folder; raises TrucewatchError."""
    with mission.record(is_read_only=True) as record, mission.adopted(record, order.as_of) as (law, mandate):
        late = _late(mission, order, record.entries(order.as_of), law)
        done = _assess(mission, order, order, late, progress)
        found: dict[tuple[str, str], Correction] = {}
        accounts: dict[str, pl.DataFrame] = {}
        for earlier in _earlier(record, order):
            progress(f"comparing {earlier.name}")
            fixed, accounts[earlier.name] = _correct(
                mission, order, earlier, done, late, withheld(record.entries(order.as_of))
            )
            # Two reports may have told of one day.
            for one in fixed:
                found.setdefault((one.finding, str(one.now)), one)
        if order.kind == ERRATUM and not found:
            why = f"nothing that {order.topic} told {order.audience} is found otherwise now"
            raise TrucewatchError(f"{why}; {late}" if late.reports else why)
        whole = replace(done.figures, corrections=tuple(found.values()))
        told = about(whole, law, order.kind, order.topic)
        progress("writing the sitrep")
        paths = publish(
            whole, law, folder, formats=order.formats, languages=order.languages, kind=order.kind, topic=order.topic,
            style=mandate.style, log_head=order.log_head,
        )  # fmt: skip
        return Made(done, told, paths, account(done.material, told), accounts, late)


def _assess(
    mission: Mission, order: Order, told: Order, late: Waiting, progress: Progress = silent, withhold: bool = True
) -> Assessment:
    """Return what is known as of an order about what another one told: its days, as if published when it was."""
    return mission.run(
        as_of=order.as_of, period=told.period, reading=told.reading or None, audience=order.audience, progress=progress,
        published=told.until, withhold=withhold, waits=late.claims,
    )  # fmt: skip


# ---- what came in late ----------------------------------------------------------------------------------------------


def _late(mission: Mission, order: Order, entries: Sequence[Entry], law: Agreement) -> Waiting:
    """Return what waits of what came in late when an order is made, of the releases that some entries tell of."""
    if order.level >= Level.MISSION:
        return Waiting()
    before = [_telling(state, entries, law) for state in _to(order.audience, entries)]
    return mission.waiting(order.as_of, order.level, before, Telling(order.as_of, order.until, _days(order, law)))


def _telling(state: Clearance, entries: Sequence[Entry], law: Agreement) -> Telling:
    order, drafted = Order.of(state.draft), entries[state.entry - 1].at
    days = _days(order, law)
    if order.kind == FLASH and drafted < days[0].latest:
        days = ()  # made while its day went on, it told of no whole day
    return Telling(order.as_of, order.until, days, Waiting.of(state.draft.get("late")).claims)


def _days(order: Order, law: Agreement) -> tuple[Span, ...]:
    """Return the stretches that a sitrep counts the findings of: its period, and the one before it."""
    span = read_period(order.period, law)
    if span is None or span.earliest <= LONG_AGO:
        return (span,) if span else ()
    return span, Span(*Period(span.earliest, span.latest, "").before, "interval")


def overtaken(mission: Mission, record: Record, state: Clearance) -> str:
    """Return why a draft cannot go out after what went out since it was made; empty where it can.

    Either knows of reports that the other does not; with both in hand a late report could be told from the rest.
    """
    order, entries = Order.of(state.draft), record.entries()
    since = [one for one in _to(order.audience, entries) if one.released and one.released > order.as_of]
    if order.level >= Level.MISSION or not since:
        return ""
    received = [entry.number for entry in entries if entry.kind == "received"]
    with mission.adopted(record, order.as_of) as (law, _):
        days = _days(order, law)
        ahead = [
            one
            for one in since
            if any(order.as_of < number <= one.draft["as_of"] for number in received)
            and any(_meet(mine, other) for mine in days for other in _days(Order.of(one.draft), law))
        ]
        now = _late(mission, order, entries, law)
    if not ahead and now.claims == Waiting.of(state.draft.get("late")).claims:
        return ""
    return f"{(ahead or since)[-1].sitrep} went out since {state.sitrep} was drafted, and reports came in between"


def _meet(one: Span, other: Span) -> bool:
    return one.earliest < other.latest and other.earliest < one.latest


# ---- what was released before ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Earlier:
    """An earlier release: its name, what was ordered, what it told or was last corrected to, and what came since."""

    name: str
    order: Order
    account: pl.DataFrame
    since: tuple[str, ...]


def _earlier(record: Record, order: Order) -> list[_Earlier]:
    """Return the releases that an order corrects, in the order in which they went out."""
    if order.kind not in (*_CORRECTING, ERRATUM):
        return []
    entries = record.entries(order.as_of)
    told = [state.draft for state in _to(order.audience, entries)]
    # What was corrected once is told from then on as it was corrected to.
    accounts = {draft["name"]: (draft["account"], draft["as_of"]) for draft in told}
    for draft in told:
        accounts |= {name: (digest, draft["as_of"]) for name, digest in draft["corrected"].items()}
    sitreps = [draft for draft in told if draft["kind"] != ERRATUM]
    if order.kind == ERRATUM:
        sitreps = [draft for draft in sitreps if draft["name"] == order.topic]
    return [
        _Earlier(
            name=draft["name"],
            order=Order.of(draft),
            account=pl.read_parquet(io.BytesIO(record.get(accounts[draft["name"]][0]))),
            since=_since(entries, accounts[draft["name"]][1], draft, order.level),
        )
        for draft in sitreps[-LOOKED_BACK:]
    ]


def released(entries: Iterable[Entry]) -> list[Clearance]:
    """Return the sitreps that went out, in the order in which they did."""
    states = [state for state in clearances(entries).values() if state.released]
    return sorted(states, key=lambda state: state.released or 0)


def _to(audience: str, entries: Iterable[Entry]) -> list[Clearance]:
    return [state for state in released(entries) if state.draft["audience"] == audience]


def _since(entries: Sequence[Entry], as_of: int, draft: Mapping[str, Any], audience: Level) -> tuple[str, ...]:
    """Return what came after an entry, beside reports, that an audience may know of, and that may change a finding."""
    found = [NEW_PROGRAM] if draft["versions"] != versions() else []
    found += [RULING] if is_ruled_after(entries, as_of) else []
    for entry in entries[as_of:]:
        told = entry.content or {}
        if entry.kind == "adopted":
            found += [NEW_AGREEMENT] if "agreement" in told else [NEW_MANDATE] if "mandate" in told else []
        elif entry.kind == "declassified":
            found += [DECISION] if read_level(told["to"]) <= audience else []
        elif entry.kind == DECIDED and audience >= Level.MISSION:
            found += [DECISION] if told.get("what") in (LINK, WITHHELD, WITHHELD_NO_LONGER) else []
    return tuple(dict.fromkeys(found))


def _correct(
    mission: Mission, order: Order, earlier: _Earlier, done: Assessment, late: Waiting, hidden: Sequence[Withheld]
) -> tuple[tuple[Correction, ...], pl.DataFrame]:
    """Return what has to be corrected of an earlier release, and its account from here on."""
    law, told, untold = done.material.agreement, earlier.order, set[str]()
    if order.kind == ERRATUM:
        now = done
    elif not done.material.view.grain.delay_days and told.reading == order.reading:
        now = Assessment(done.material, figures(done.material, read_period(told.period, law)))
    else:
        # What was too young to be told then is not told of those days now either: it corrects nothing.
        now = _assess(mission, order, told, late)
    if hidden and not order.level >= Level.MISSION:
        whole = _assess(mission, order, told, late, withhold=False)
        untold = {one.id for one in whole.figures.told} - {one.id for one in now.figures.told}
        now = whole
    return corrections(earlier.account, now.material, _told_of(now, told), earlier.since, untold)


def _told_of(done: Assessment, told: Order) -> Figures:
    try:
        return about(done.figures, done.material.agreement, told.kind, told.topic)
    except WrongCall:  # the finding of a flash report that is made no longer
        return replace(done.figures, told=())
