"""The commands of the liaison officer: channels, notices, shifts, and how far each allegation has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trucewatch.cli.terminal import DIR, JSON, Command, counted, say, tell_json

if TYPE_CHECKING:
    from trucewatch.logs.liaison import Handover, OpenMatter, Times
    from trucewatch.logs.stages import Proceeding

_AS_OF = click.option("--as-of", help="The number of an entry, or a day: what stood then.")


@click.command(cls=Command)
@DIR
@click.option("--at", help="A local time, such as 2018-06-01T08:00: what was open just before it.")
@click.option("--shift", help="A handover, by its id: what that shift left to the next.")
@_AS_OF
@JSON
def liaison(folder: Path, at: str | None, shift: str | None, as_of: str | None, as_json: bool) -> None:
    """Tell what the liaison log of the mission DIR holds: channels, times to acknowledge and answer, what is open.

    What a shift hands over is worked out from the notices; nobody types it.
    """
    from trucewatch.logs.liaison import (
        Shift,
        handed_over,
        notices_of,
        said_of,
        shifts_of,
        statements_of,
        times_to_acknowledge,
        times_to_answer,
    )
    from trucewatch.mission import Mission
    from trucewatch.problems import WrongCall, did_you_mean
    from trucewatch.when import LONG_AGO, Span, read_edtf, tell

    mission = Mission.open(folder)
    zone, lines = mission.agreement.timezone, mission.lines(as_of)
    if (at is None) == (shift is None):
        raise WrongCall("say either --at or --shift")
    if at is not None:
        try:
            duty = Shift("", LONG_AGO, read_edtf(at, zone).earliest)
        except ValueError as fault:
            raise WrongCall(str(fault)) from None
    else:
        shifts = {one.id: one for one in shifts_of(lines)}
        if str(shift) not in shifts:
            raise WrongCall(f"there is no handover '{shift}'; {did_you_mean(str(shift), shifts) or 'see the sheet'}")
        duty = shifts[str(shift)]
    notices = notices_of(lines)
    handover = handed_over(duty, notices)
    sent = [notice for notice in notices if duty.earliest <= notice.sent < duty.latest]
    times = {
        "to acknowledge": times_to_acknowledge(sent, duty.latest),
        "to answer": times_to_answer(sent, duty.latest),
    }
    statements = statements_of(lines)
    now = Span(duty.latest, duty.latest, "instant")
    said = [one for name in sorted({one.channel for one in statements}) for one in said_of(statements, name, now)]
    if as_json:
        channels = [{"channel": one.channel, "state": one.state, "says": one.says} for one in said]
        tell_json({"channels": channels, "times": {k: _of_times(v) for k, v in times.items()}, **_of(handover)})
        return
    for one in said:
        since = tell(Span(one.start.earliest, one.start.latest, "told"), zone)
        say(f"{one.channel}: {one.state} since {since}, says {one.says}")
    for what, found in times.items():
        say(f"{what}: {_tell_times(found)}")
    if shift is not None:
        say(f"sent in the shift: {_ids(handover.sent)}; settled by it: {_ids(handover.settled)}")
    for matter in handover.open:
        say(_tell_matter(matter, zone))


def _of_times(times: Times) -> dict[str, Any]:
    hours = {
        name: None if length is None else length.total_seconds() / 3600
        for name, length in (("lower", times.lower), ("median", times.median), ("upper", times.upper))
    }
    return {"notices": times.notices, "open": times.open_so_far, "hours": hours}


def _of(handover: Handover) -> dict[str, Any]:
    return {
        "sent": handover.sent,
        "settled": handover.settled,
        "open": [
            {"notice": one.notice.id, "waits_for": one.waits_for, "overdue": one.is_overdue} for one in handover.open
        ],
    }


def _tell_times(times: Times) -> str:
    shares = (("a quarter", times.lower), ("half", times.median), ("three quarters", times.upper))
    within = ", ".join(f"{share} within {_hours(length)}" for share, length in shares if length is not None)
    told = f"{counted(times.notices, 'notice')}, {times.open_so_far:,} open so far"
    return f"{told}; {within}" if within else told


def _hours(length: timedelta) -> str:
    return f"{length.total_seconds() / 3600:.1f} h"


def _ids(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _tell_matter(matter: OpenMatter, zone: str) -> str:
    notice = matter.notice
    told = f"{notice.id}: {notice.subject}, sent {_clock(notice.sent, zone)}; waits for {', '.join(matter.waits_for)}"
    if notice.promised and "promise" in matter.waits_for:
        due = f", due {_clock(notice.due, zone)}" if notice.due else ""
        told += f" ({notice.promised}{due}{', overdue' if matter.is_overdue else ''})"
    return told


def _clock(instant: datetime, zone: str) -> str:
    from trucewatch.when import Span, tell

    return tell(Span(instant, instant, "minute"), zone)


@click.command(cls=Command)
@DIR
@click.argument("subject", required=False)
@_AS_OF
@JSON
def stages(folder: Path, subject: str | None, as_of: str | None, as_json: bool) -> None:
    """Tell how far each allegation and finding of the mission DIR has come, or every step of one SUBJECT."""
    from trucewatch.logs.stages import not_ruled, proceedings, results, steps_of
    from trucewatch.mission import Mission
    from trucewatch.problems import WrongCall
    from trucewatch.when import tell

    mission = Mission.open(folder)
    known = proceedings(steps_of(mission.lines(as_of)))
    if subject is not None and subject not in known:
        raise WrongCall(f"no step is recorded of '{subject}'")
    chosen = [known[subject]] if subject is not None else list(known.values())
    if as_json:
        tell_json([_of_proceeding(one) for one in chosen])
        return
    for one in chosen:
        ruling = one.ruling
        why = f" ({ruling.why})" if ruling and ruling.why else ""
        say(f"{one.subject}: {one.stage}; {one.result}{why}")
        for step in one.steps if subject is not None else ():
            say(f"  {tell(step.on, mission.agreement.timezone)}: {step.stage}{_said(step.reply_text)}")
    if subject is None and chosen:
        counted_by = results(known, known)
        told = ", ".join(f"{number} {result}" for result, number in counted_by.items() if number)
        say(f"{told}; on {not_ruled(counted_by)} of {len(chosen)} there is no ruling")


def _said(words: str) -> str:
    return f" “{words}”" if words else ""


def _of_proceeding(one: Proceeding) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "stage": one.stage,
        "result": one.result,
        "why": one.ruling.why if one.ruling else "",
        "body_outcome": one.body_outcome,
        "complainant_answered": one.is_complainant_answered,
        "replies": [{"party": step.party, "text": step.reply_text} for step in one.replies],
        "steps": [{"id": step.id, "stage": step.stage, "on": step.on.earliest.isoformat()} for step in one.steps],
    }


COMMANDS = (liaison, stages)
