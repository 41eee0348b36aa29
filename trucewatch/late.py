"""Late: reports that came in after an audience was told of their days, and wait so that none of them stands alone.

Whoever holds two sitreps of the same days can subtract one from the other. What is left is what came in between; where
that is one report, those who know when somebody spoke know who spoke. So below mission level a late report waits until
so many late reports of days that were told together can be told together, or until the next of some fixed days, when
all that wait are told: had each its own day, that day would tell when it came in. It is query set size control with the
differences as the query sets (Denning and Schloerer, Inference controls for statistical databases, IEEE Computer 16(7),
1983), over time.

A report that is gone or changed is late in the same way: until its change is told it is told as it was. What takes
something away from an audience for good reason does not wait: an erasure, a raised level, a finding that is withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.grains import Grain
from trucewatch.views import youngest_told
from trucewatch.when import FAR_AHEAD, Span

Stood = Callable[[int], pl.DataFrame]
Alone = Callable[[pl.DataFrame], pl.DataFrame]
_Flags = npt.NDArray[np.bool_]
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Telling:
    """A sitrep to an audience: the last entry it rests on, the day that it ends with, and the stretches that it counts.

    `waited` are the claims (keys at mission level) that waited when it was made, each with the entry as of which it was
    told instead, 0 where it was not told at all.
    """

    as_of: int
    until: date
    days: tuple[Span, ...]
    waited: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits: claims as in `Telling.waited`, so many `reports`, until there are `least` or a sitrep of a day."""

    claims: Mapping[str, int] = field(default_factory=dict)
    reports: int = 0
    least: int = 0
    until: date = date.max

    def __str__(self) -> str:
        """Tell the drafter; nothing where nothing waits."""
        if not self.reports:
            return ""
        told = "1 late report waits" if self.reports == 1 else f"{self.reports} late reports wait"
        return f"{told} until there are {self.least}, or until {self.until}"

    def content(self) -> dict[str, Any]:
        """Return it as it is entered in the record."""
        return {"claims": dict(self.claims), "reports": self.reports, "least": self.least, "until": f"{self.until}"}

    @classmethod
    def of(cls, content: Mapping[str, Any] | None) -> Waiting:
        """Read back what was entered; nothing waited for a sitrep of before there was such an entry."""
        return cls(**{**content, "until": date.fromisoformat(content["until"])}) if content else cls()


def as_told(stood: Stood, as_of: int, waits: Mapping[str, int]) -> pl.DataFrame:
    """Return the claims as of an entry as they are told while some wait: those as they stood at the entry named.

    `stood` returns the claims that stood as of an entry.
    """
    told = [stood(as_of).filter(~pl.col("claim_key").is_in(sorted(waits)))]
    for entry in sorted(set(waits.values()) - {0}):
        keys = sorted(key for key, at in waits.items() if at == entry)
        told.append(stood(entry).filter(pl.col("claim_key").is_in(keys)))
    return pl.concat(told).sort("claim_key")


def waiting(
    stood: Stood, before: Sequence[Telling], now: Telling, grain: Grain, timezone: str, alone: Alone
) -> Waiting:
    """Return what waits when a sitrep is made `now` for an audience that got those `before`, in the order of release.

    `stood` returns the claims that stood as of an entry, `alone` what the audience is told of each of some claims
    (`views.told_alone`). The least number of reports is the grain's `least_count`. The fixed days are `late_days`
    apart, and it is the days until which sitreps tell that reach them: no clock has a part in it. Nothing waits where
    either is not set.
    """
    day = max([now.until, *(one.until for one in before)])
    least, apart = grain.least_count, grain.late_days
    if not before or least <= 1 or not apart:
        return Waiting()
    fixed = date.fromordinal(day.toordinal() // apart * apart)
    if all(one.until < fixed for one in before):
        return Waiting()
    last = before[-1]
    changes = _changes(alone(as_told(stood, last.as_of, last.waited)), alone(stood(now.as_of)))
    held = _Changes(changes, grain.delay_days, timezone).held(_unsaid(stood, before, changes, alone), now, least)
    found = changes.filter(pl.Series(held))
    if found.is_empty():
        return Waiting()
    return Waiting(
        {
            key: last.waited.get(key, last.as_of) if was_told else 0
            for key, was_told in found.select("claim_key", pl.col("told_was").is_not_null()).iter_rows()
        },
        found["report"].n_unique(),
        least,
        fixed + timedelta(days=apart),
    )


def _changes(was: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Return the claims that an audience would be told otherwise now than it was, what it was told under `_was`.

    What hides something that was told before is not among them: it holds at once.
    """
    both = now.with_columns(pl.lit(True).alias("stands")).join(
        was, on="claim_key", how="full", coalesce=True, suffix="_was"
    )
    is_raised = (
        pl.col("stands")
        & pl.col("told_was").is_not_null()
        & (pl.col("hidden").list.set_difference("hidden_was").list.len() > 0)
    ).fill_null(False)
    return (
        both.filter(pl.col("told").ne_missing(pl.col("told_was")) & ~is_raised)
        .with_columns(pl.coalesce("report", "report_was"))
        .sort("claim_key")
    )


def _unsaid(
    stood: Stood, before: Sequence[Telling], changes: pl.DataFrame, alone: Alone
) -> list[tuple[Telling, _Flags]]:
    """Return, for each sitrep that went out, which of the changes are not told in it, nor since."""
    is_new = changes["told_was"].is_null().to_numpy()
    is_gone = changes["told"].is_null().to_numpy()
    first = changes["entry_was"].fill_null(0).to_numpy()
    keys = changes["claim_key"]
    is_open, found = np.ones(len(keys), dtype=bool), []
    for telling in reversed(before):
        if telling.as_of > before[-1].as_of:  # one that knew more went out before one that knew less
            told = alone(as_told(stood, telling.as_of, telling.waited))
            known = keys.to_frame().join(told, on="claim_key", how="left", maintain_order="left")
            is_open &= ~known.select(pl.col("told").eq_missing(changes["told"])).to_series().to_numpy()
        untold = keys.is_in([key for key, at in telling.waited.items() if not at]).to_numpy()
        has_it = (first <= telling.as_of) & ~untold
        found.append((telling, is_open & (is_new | ~is_gone | has_it)))
    return found[::-1]


class _Changes:
    """Changes as arrays: when what was told, and what is told now, began and ended, and whether each is a position."""

    def __init__(self, changes: pl.DataFrame, delay_days: int, timezone: str) -> None:
        self.reports = changes["report"].rank("dense").to_numpy()
        self.delay_days, self.timezone = delay_days, timezone
        sides = [_Side(changes, ""), _Side(changes, "_was")]
        self.now, self.was = sides
        # What is told of no fewer days than before, and goes on beyond all that were told, is no correction of those.
        self.covers = self.now.is_there & (self.now.began <= self.was.began) & (self.now.ended >= self.was.ended)

    def held(self, unsaid: Sequence[tuple[Telling, _Flags]], now: Telling, least: int) -> _Flags:
        """Return which changes wait, so that over no stretch that two sitreps tell the later adds fewer than `least`.

        What is late by one of two sitreps alone must be so many too. To hold one may leave too few of others.
        """
        late_by = [open_ & self._late(telling) for telling, open_ in unsaid]
        late: _Flags = np.logical_or.reduce(late_by)
        groups = []
        for (telling, open_), late_here in zip(unsaid, late_by, strict=True):
            for shown in self._stretches(telling, now):
                groups += [shown & open_ & late, shown & late_here]
        held: _Flags = np.zeros(len(self.reports), dtype=bool)
        while True:
            few = [group for group in groups if 0 < len(np.unique(self.reports[group & ~held])) < least]
            if not few:
                return held
            held = held | np.logical_or.reduce(few)

    def _late(self, telling: Telling) -> _Flags:
        """Whether a reader of a sitrep can tell that it came after its days were told."""
        late: _Flags = np.zeros(len(self.reports), dtype=bool)
        for span in telling.days:
            over = self._old_enough(self.now, telling) & self.now.ends_in(span)
            late |= over | (~self.covers & self._shows(self.was, telling, span))
        return late

    def _stretches(self, telling: Telling, now: Telling) -> Iterator[_Flags]:
        """Go through what is told of each stretch of a sitrep, and of each that it has in common with the one now."""
        told_now = [self._shown(now, span) for span in now.days]
        for span in telling.days:
            shown = self._shown(telling, span)
            yield shown
            yield from (shown & told for told in told_now)

    def _shown(self, telling: Telling, span: Span) -> _Flags:
        return self._shows(self.now, telling, span) | self._shows(self.was, telling, span)

    def _shows(self, side: _Side, telling: Telling, span: Span) -> _Flags:
        return self._old_enough(side, telling) & side.begins_in(span)

    def _old_enough(self, side: _Side, telling: Telling) -> _Flags:
        if not self.delay_days:
            return side.is_there
        youngest = np.datetime64(_plain(youngest_told(telling.until, self.delay_days, self.timezone)))
        flags: _Flags = side.is_there & (~side.is_position | (side.ended <= youngest))
        return flags


class _Side:
    def __init__(self, changes: pl.DataFrame, suffix: str) -> None:
        self.is_there: _Flags = changes[f"told{suffix}"].is_not_null().to_numpy()
        self.is_position: _Flags = changes[f"is_position{suffix}"].fill_null(False).to_numpy()
        self.began, self.ended = (
            changes[f"{name}{suffix}"].fill_null(FAR_AHEAD).dt.replace_time_zone(None).to_numpy()
            for name in ("earliest", "latest")
        )

    def begins_in(self, span: Span) -> _Flags:
        """Whether it stands among the findings of a stretch: those are of what began in it."""
        flags: _Flags = (self.began >= np.datetime64(_plain(span.earliest))) & (
            self.began < np.datetime64(_plain(span.latest))
        )
        return flags

    def ends_in(self, span: Span) -> _Flags:
        """Whether the last day that it names lies in a stretch."""
        is_open = self.ended >= np.datetime64(_plain(FAR_AHEAD))
        last = np.where(is_open, self.began + np.timedelta64(_MOMENT), self.ended)
        flags: _Flags = (last > np.datetime64(_plain(span.earliest))) & (last <= np.datetime64(_plain(span.latest)))
        return flags


def _plain(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
