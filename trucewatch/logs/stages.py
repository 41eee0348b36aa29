"""Stages: where an allegation or a finding is in the procedure, what became of it, and what the party replied.

A stage is no judgement: it never changes an outcome. Each allegation has a result, *pending* until one is recorded. As
of an entry of the record all of it is worked out from the steps that stood by then.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from trucewatch.levels import Level
from trucewatch.logs.lines import SUBJECT, Column, Kind, Line, Rows, Sheet
from trucewatch.problems import Problem
from trucewatch.when import Span, local_day, midnight

RULED = "ruled"


class Stage(StrEnum):
    """Where something is in the procedure, in its order."""

    RECEIVED = "received"
    UNDER_INQUIRY = "under-inquiry"
    VERIFIED = "verified"
    PUT_TO_PARTY = "put-to-party"
    REPLY = "reply"
    BEFORE_JOINT_BODY = "before-joint-body"
    ACTION_REPORTED = "action-reported"
    RESOLVED_LOCALLY = "resolved-locally"
    CLOSED = "closed"


class Result(StrEnum):
    """What the mission found of an allegation; `why` of a step says on what evidence."""

    ESTABLISHED = "established"
    NOT_ESTABLISHED = "not-established"  # evidence was examined, and does not show it
    UNFOUNDED = "unfounded"
    UNABLE_TO_VERIFY = "unable-to-verify"
    OUTSIDE_SCOPE = "outside-scope"
    PENDING = "pending"


class BodyOutcome(StrEnum):
    """What the joint body made of a finding."""

    ACCEPTED = "accepted"
    DISPUTED = "disputed"
    DEFERRED = "deferred"


# What the mission itself observed was received from nobody, and what it saw was never in doubt.
BEGINS = (Stage.RECEIVED, Stage.UNDER_INQUIRY, Stage.VERIFIED)
# A step that is not among these skips what the procedure asks for. Those that shorten the way: commanders may resolve a
# matter among themselves at any time before the joint body has it; an inquiry, or what was received, is closed where a
# result stands that needs nobody's reply; and the joint body's word may be the last.
NEXT: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.RECEIVED: (Stage.UNDER_INQUIRY, Stage.RESOLVED_LOCALLY, Stage.CLOSED),
    Stage.UNDER_INQUIRY: (Stage.VERIFIED, Stage.RESOLVED_LOCALLY, Stage.CLOSED),
    Stage.VERIFIED: (Stage.PUT_TO_PARTY, Stage.RESOLVED_LOCALLY),
    Stage.PUT_TO_PARTY: (Stage.REPLY, Stage.BEFORE_JOINT_BODY, Stage.RESOLVED_LOCALLY),
    Stage.REPLY: (Stage.REPLY, Stage.BEFORE_JOINT_BODY, Stage.RESOLVED_LOCALLY),
    Stage.BEFORE_JOINT_BODY: (Stage.BEFORE_JOINT_BODY, Stage.REPLY, Stage.ACTION_REPORTED, Stage.CLOSED),
    Stage.ACTION_REPORTED: (Stage.ACTION_REPORTED, Stage.CLOSED),
    Stage.RESOLVED_LOCALLY: (Stage.CLOSED, Stage.UNDER_INQUIRY),
    Stage.CLOSED: (Stage.UNDER_INQUIRY,),
}
NEEDS_WHY = (Result.NOT_ESTABLISHED, Result.UNFOUNDED, Result.UNABLE_TO_VERIFY, Result.OUTSIDE_SCOPE)
NOT_RULED = (Result.PENDING, Result.UNABLE_TO_VERIFY)
_SAYS_MORE = {
    Stage.PUT_TO_PARTY: ("party", "reply_due"),
    Stage.REPLY: ("party", "reply_text"),
    Stage.ACTION_REPORTED: ("party", "why"),
    Stage.RESOLVED_LOCALLY: ("why",),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an allegation or a finding; `on` is when it was taken, `reply_due` by when the party may reply."""

    id: str
    subject: str
    stage: Stage
    on: Span
    result: Result | None = None
    why: str = ""
    party: str = ""
    reply_due: Span | None = None
    reply_text: str = ""
    body_outcome: BodyOutcome | None = None
    complainant_answered: bool = False
    level: Level = Level.MISSION


@dataclass(frozen=True, slots=True)
class Proceeding:
    """All steps taken on one subject, in order; there is at least one."""

    subject: str
    steps: tuple[Step, ...]

    @property
    def stage(self) -> Stage:
        """Where it is now."""
        return self.steps[-1].stage

    @property
    def ruling(self) -> Step | None:
        """The step whose result stands: the last that has one."""
        return next((step for step in reversed(self.steps) if step.result), None)

    @property
    def result(self) -> Result:
        """The result that stands."""
        return (self.ruling and self.ruling.result) or Result.PENDING

    @property
    def replies(self) -> tuple[Step, ...]:
        """What parties replied, in their own words; wherever it is told of the subject they are told as well."""
        return tuple(step for step in self.steps if step.stage is Stage.REPLY)

    @property
    def put(self) -> Step | None:
        """The last step that put it to a party."""
        return next((step for step in reversed(self.steps) if step.stage is Stage.PUT_TO_PARTY), None)

    @property
    def body_outcome(self) -> BodyOutcome | None:
        """What the joint body made of it, as far as it did."""
        return next((step.body_outcome for step in reversed(self.steps) if step.body_outcome), None)

    @property
    def is_complainant_answered(self) -> bool:
        """Whether whoever alleged it was told what became of it."""
        return any(step.complainant_answered for step in self.steps)

    def waits_for_reply(self, at: datetime) -> bool:
        """Say whether a party may reply still, and has not."""
        put = self.put
        if put is None or put.reply_due is None or put.on.earliest >= at or put.reply_due.latest <= at:
            return False
        return not any(reply.party == put.party for reply in self.replies)


# ---- the sheet -------------------------------------------------------------------------------------------------------


def _check(line: Line, rows: Rows) -> Iterator[Problem]:
    step = _step(line)
    yield from _lacks(line, step)
    others = (_step(row) for row in rows.get(STEPS.name, {}).values())
    way = _in_order([step, *(other for other in others if other.subject == step.subject)])
    at = way.index(step)
    before, after = way[at - 1] if at else None, way[at + 1] if at + 1 < len(way) else None
    for one, then in ((before, step), (step, after)):
        if then is not None and (refused := _skips(one, then)):
            hint = f"it may be {_or(NEXT[one.stage])} after {one.stage}" if one else f"it begins with {_or(BEGINS)}"
            yield line.problem("stage-skipped", refused, hint)
    if before is not None:
        yield from _refuse(line, step, before, Proceeding(step.subject, tuple(way[: at + 1])))


def _check_left(stood: Line, rows: Rows) -> Iterator[Problem]:
    """Refuse to take back a step that another one could not have been taken without."""
    others = (_step(row) for row in rows.get(STEPS.name, {}).values())
    way = _in_order(other for other in others if other.subject == stood.values["subject"])
    for one, then in itertools.pairwise([None, *way]):
        if then is not None and (refused := _skips(one, then)):
            yield stood.problem("stage-skipped", f"without it {refused}", "take the later step back first")


def _refuse(line: Line, step: Step, before: Step, so_far: Proceeding) -> Iterator[Problem]:
    """Return why a step may not be taken yet, though it may follow the one before."""
    if step.stage is Stage.CLOSED:
        yield from _refuse_closing(line, so_far, before.stage)
    due = before.reply_due if before.stage is Stage.PUT_TO_PARTY else None
    if step.stage is Stage.BEFORE_JOINT_BODY and due and step.on.earliest < due.latest:
        hint = "enter the reply, or wait until it is due"
        yield line.problem("reply-not-due", "the party has not replied, and may still", hint)
    is_again = before.stage in (Stage.CLOSED, Stage.RESOLVED_LOCALLY)
    if step.stage is Stage.UNDER_INQUIRY and is_again and not step.why:
        yield line.problem("missing-value", "is taken up again, and not said why", "fill why")


def _lacks(line: Line, step: Step) -> Iterator[Problem]:
    """Return what a step by itself leaves out, or says that it cannot."""
    for name in _SAYS_MORE.get(step.stage, ()):
        if not line.values[name]:
            yield line.problem("missing-value", f"is {step.stage}, and {name} is empty", f"fill {name}")
    if step.result in NEEDS_WHY and not step.why and "why" not in _SAYS_MORE.get(step.stage, ()):
        yield line.problem("missing-value", f"is {step.result}, and not said why", "say in why what was examined")
    if step.reply_due and step.reply_due.latest <= step.on.earliest:
        yield line.problem("out-of-order", "the reply is due before it is asked for", "look at the days")
    if step.body_outcome and step.stage is not Stage.BEFORE_JOINT_BODY:
        yield line.problem(
            "wrong-stage", f"is {step.stage}, and only what is before the joint body is {step.body_outcome} by it"
        )
    if step.reply_text and step.stage is not Stage.REPLY:
        yield line.problem("wrong-stage", f"is {step.stage}, and holds a reply", "enter the reply as a step of its own")


def _skips(one: Step | None, then: Step) -> str:
    """Return why a step may not follow another; empty where it may."""
    if one is None:
        return "" if then.stage in BEGINS else f"nothing stands before it, and {then.subject} is {then.stage}"
    return "" if then.stage in NEXT[one.stage] else f"{then.subject} is {one.stage}, and then {then.stage}"


def _refuse_closing(line: Line, proceeding: Proceeding, before: Stage) -> Iterator[Problem]:
    result = proceeding.result
    if before in (Stage.RECEIVED, Stage.UNDER_INQUIRY) and result not in NEEDS_WHY:
        yield line.problem(
            "stage-skipped", f"is closed {before}, with the result {result}",
            f"at once closes what is {_or(NEEDS_WHY)}; anything else is put to the party",
        )  # fmt: skip
    elif before is not Stage.RESOLVED_LOCALLY and result is Result.PENDING:
        yield line.problem("missing-value", "is closed without a result", "fill result")
    if proceeding.steps[0].stage is Stage.RECEIVED and not proceeding.is_complainant_answered:
        yield line.problem(
            "complainant-not-answered", "is closed, and whoever alleged it was not answered",
            "answer, and say complainant_answered: yes",
        )  # fmt: skip


STEPS = Sheet(
    "steps",
    RULED,
    "the steps of an allegation or a finding, from its receipt until it is closed",
    (
        Column("step", Kind.ID, "its own id", is_required=True),
        Column("subject", Kind.ID, "the report, claim or finding it is about", is_required=True, of=SUBJECT),
        Column("stage", Kind.CHOICE, "where it is from then on", is_required=True, choices=tuple(Stage)),
        Column("result", Kind.CHOICE, "what the mission found of it", choices=tuple(Result)),
        Column("why", Kind.TEXT, "on what evidence, or why not; of an action, which; of a solution, what was agreed"),
        Column("on", Kind.SPAN, "when", is_required=True),
        Column("party", Kind.ACTOR, "to whom it is put, who replies, or who acted"),
        Column("reply_due", Kind.SPAN, "until when the party may reply"),
        Column("reply_text", Kind.TEXT, "what it replies, in its own words"),
        Column("body_outcome", Kind.CHOICE, "what the joint body made of it", choices=tuple(BodyOutcome)),
        Column("complainant_answered", Kind.YES_NO, "whether whoever alleged it was told what became of it"),
    ),
    _check,
    _check_left,
)
SHEETS = (STEPS,)


def with_reply_due(read: Iterable[Line], stand: Iterable[Line], days: int, zone: str) -> list[Line]:
    """Return rows of steps in which whatever is put to a party says until when it may reply.

    Where a row leaves it open, that is until the end of the day so many `days` after it was put, in local time of
    `zone`. What a party was told once stays: a row that stands keeps its day, if it was put to the same party then.
    """
    known = {line.id: line.values for line in stand if line.sheet == STEPS.name}
    return [_with_reply_due(line, known.get(line.id, {}), days, zone) for line in read]


def _with_reply_due(line: Line, stands: Mapping[str, Any], days: int, zone: str) -> Line:
    values, on = line.values, None if line.is_withdrawn else line.span("on")
    if values["stage"] != Stage.PUT_TO_PARTY or values["reply_due"] or on is None:
        return line
    if all(values[name] == stands.get(name) for name in ("stage", "subject", "party", "on")):
        due = stands["reply_due"]
    else:
        day = local_day(on.latest - timedelta(microseconds=1), zone) + timedelta(days=days)
        due = tuple(midnight(each, zone).isoformat() for each in (day, day + timedelta(days=1)))
    return replace(line, values={**values, "reply_due": due})


def steps_of(lines: Iterable[Line]) -> tuple[Step, ...]:
    """Return the steps among some rows that stand, by subject and in order."""
    found = [_step(line) for line in lines if line.sheet == STEPS.name]
    return tuple(sorted(_in_order(found), key=lambda step: step.subject))


def _step(line: Line) -> Step:
    told, on = line.values, line.span("on")
    assert on is not None  # the column is required
    return Step(
        id=line.id,
        subject=told["subject"],
        stage=Stage(told["stage"]),
        on=on,
        result=Result(told["result"]) if told["result"] else None,
        why=told["why"] or "",
        party=told["party"] or "",
        reply_due=line.span("reply_due"),
        reply_text=told["reply_text"] or "",
        body_outcome=BodyOutcome(told["body_outcome"]) if told["body_outcome"] else None,
        complainant_answered=bool(told["complainant_answered"]),
        level=line.level,
    )


def _in_order(steps: Iterable[Step]) -> list[Step]:
    """Sort by when they were taken; what was done on one day, in the order of the procedure."""
    return sorted(steps, key=lambda step: (step.on.earliest, tuple(Stage).index(step.stage), step.on.latest, step.id))


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


# ---- what became of it -----------------------------------------------------------------------------------------------


def proceedings(steps: Iterable[Step]) -> dict[str, Proceeding]:
    """Return what was done about each subject, by its id."""
    found: dict[str, list[Step]] = {}
    for step in _in_order(steps):
        found.setdefault(step.subject, []).append(step)
    return {subject: Proceeding(subject, tuple(found[subject])) for subject in sorted(found)}


def results(subjects: Iterable[str], known: Mapping[str, Proceeding]) -> dict[Result, int]:
    """Count some allegations by their result, each of the results there is; one without any step is pending."""
    counted = Counter(known[subject].result if subject in known else Result.PENDING for subject in subjects)
    return {result: counted[result] for result in Result}


def not_ruled(counted: Mapping[Result, int]) -> int:
    """Return on how many of those counted the mission could not rule, or has not yet."""
    return sum(counted.get(result, 0) for result in NOT_RULED)
