"""Responses: what parties replied to the findings of a sitrep, how far each has come, and what the liaison log says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from trucewatch.logs.liaison import open_at, said_of, times_to_acknowledge, times_to_answer
from trucewatch.logs.stages import Proceeding, Result, Stage, proceedings
from trucewatch.sitreps.languages import actor_name, phrase, sentences
from trucewatch.sitreps.material import LiaisonLog, Material, Period, Told
from trucewatch.when import Span, local_day

RESULTS = {
    Result.ESTABLISHED: phrase("established"),
    Result.NOT_ESTABLISHED: phrase("not established, on the evidence examined"),
    Result.UNFOUNDED: phrase("unfounded"),
    Result.UNABLE_TO_VERIFY: phrase("unable to verify"),
    Result.OUTSIDE_SCOPE: phrase("outside scope"),
    Result.PENDING: phrase("pending"),
}
STAGES = {
    Stage.RECEIVED: phrase("received"),
    Stage.UNDER_INQUIRY: phrase("under inquiry"),
    Stage.VERIFIED: phrase("verified"),
    Stage.PUT_TO_PARTY: phrase("put to the party"),
    Stage.REPLY: phrase("the party replied"),
    Stage.BEFORE_JOINT_BODY: phrase("before the joint body"),
    Stage.ACTION_REPORTED: phrase("action reported"),
    Stage.RESOLVED_LOCALLY: phrase("resolved locally"),
    Stage.CLOSED: phrase("closed"),
}


def with_replies(told: Sequence[Told], material: Material, period: Period) -> tuple[Told, ...]:
    """Return findings with what was done about each, and what a party replied, as it stood when the period ended."""
    steps = [
        replace(step, subject=finding)
        for step in material.beside.steps
        for finding in material.about.get(step.subject, ())
    ]
    known = proceedings(steps)
    return tuple(
        replace(one, proceeding=known[one.id], reply=_reply(known[one.id], material, period))
        if one.id in known
        else one
        for one in told
    )


def party(actor: str, material: Material) -> str:
    """Return what a party is called, as far as the audience may be told which."""
    if not material.names_parties:
        return phrase("the party")
    return actor_name(actor, material.agreement)


def _reply(proceeding: Proceeding, material: Material, period: Period) -> str:
    """Return what parties replied, in their own words; where none did, that one may still, or did not."""
    if proceeding.replies:
        return sentences(
            *(
                phrase("Reply of {party}: “{words}”", party=party(step.party, material), words=step.reply_text)
                for step in proceeding.replies
            )
        )
    put = proceeding.put
    if put is None or put.reply_due is None or put.on.earliest >= period.end:
        return ""
    who = party(put.party, material)
    day = local_day(put.reply_due.latest - timedelta(microseconds=1), material.agreement.timezone)
    if proceeding.waits_for_reply(period.end):
        return phrase("Put to {party}, which may reply until {day}.", party=who, day=day)
    return phrase("Put to {party}, which did not reply by {day}.", party=who, day=day)


def liaison_of(material: Material, period: Period) -> LiaisonLog | None:
    """Return what the liaison log says of a period; None where nothing of it is known."""
    beside = material.beside
    if not (beside.notices or beside.channels):
        return None
    within = Span(period.start, period.end, "interval")
    channels = sorted({one.channel for one in beside.channels})
    sent = [notice for notice in beside.notices if period.start <= notice.sent < period.end]
    return LiaisonLog(
        channels=tuple(one for channel in channels for one in said_of(beside.channels, channel, within)),
        sent=len(sent),
        to_acknowledge=times_to_acknowledge(sent, period.end),
        to_answer=times_to_answer(sent, period.end),
        open=open_at(beside.notices, period.end),
    )
