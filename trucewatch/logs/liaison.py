"""Liaison: who was told what over which channel, when it was acknowledged and answered, and what was promised by when.

What a clause asks of the log is answered yes, no or unknown, with the notices that the answer rests on. That something
was not said is known only where the log is attested complete for the time; that a channel could have been used, only
where somebody says that it was open then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from trucewatch.levels import Level
from trucewatch.logs.lines import SUBJECT, Column, Kind, Line, Rows, Sheet
from trucewatch.problems import Problem, did_you_mean
from trucewatch.when import FAR_AHEAD, Span

LIAISED = "liaised"
# A notice that names no record is of an act that it is announced for, or follows, within this time; ours.
OF_ONE_DAY = timedelta(hours=24)


class Subject(StrEnum):
    """What a notice is about."""

    MOVEMENT = "movement"
    ALLEGATION = "allegation"
    QUERY = "query"
    EVACUATION = "evacuation"
    PROTEST = "protest"
    ORDER = "order"  # that the leadership of a side gave one
    OTHER = "other"


class State(StrEnum):
    """What a channel is said to be."""

    OPEN = "open"
    SUSPENDED = "suspended"
    IN_USE = "in-use"
    CLOSED = "closed"


ASKS_FOR_ANSWER = (Subject.ALLEGATION, Subject.QUERY, Subject.EVACUATION, Subject.PROTEST)
_WORKS = (State.OPEN, State.IN_USE)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message between the mission and a party, or between parties; instants in UTC, actors by their ids.

    `due` is by when the promise is to be kept; of a movement, the time that it is announced for.
    """

    id: str
    channel: str
    sender: str
    addressee: str
    subject: Subject
    sent: datetime
    about_clause: str = ""
    about_finding: str = ""
    about_area: str = ""
    read_back: datetime | None = None
    acknowledged: datetime | None = None
    answered: datetime | None = None
    promised: str = ""
    due: datetime | None = None
    done: datetime | None = None
    text: str = ""
    level: Level = Level.MISSION

    @property
    def acknowledged_at(self) -> datetime | None:
        """When it was known to have arrived: an answer acknowledges too."""
        return min(filter(None, (self.acknowledged, self.answered)), default=None)

    @property
    def promised_at(self) -> datetime | None:
        """When what it promises was promised: with the answer, or whatever came before one."""
        return self.answered or self.acknowledged or self.sent if self.promised else None

    @property
    def asks_for_answer(self) -> bool:
        """Whether an acknowledgement is not enough."""
        return self.subject in ASKS_FOR_ANSWER


@dataclass(frozen=True, slots=True)
class Statement:
    """Somebody's word on the state of a channel for a time; `end` None: until the same source says otherwise."""

    id: str
    channel: str
    state: State
    start: Span
    end: Span | None = None
    says: str = ""
    between: tuple[str, ...] = ()
    level: Level = Level.MISSION

    def surely_holds(self, when: Span) -> bool:
        """Say whether it is said of all of a time."""
        return self.start.latest <= when.earliest and (self.end is None or when.latest <= self.end.earliest)

    def may_hold(self, when: Span) -> bool:
        """Say whether it may be said of some of a time."""
        return self.start.earliest < when.latest and (self.end is None or when.earliest < self.end.latest)


@dataclass(frozen=True, slots=True)
class Shift:
    """The time on duty that a handover ends: [earliest, latest)."""

    id: str
    earliest: datetime
    latest: datetime
    level: Level = Level.MISSION


# ---- the sheets ------------------------------------------------------------------------------------------------------


def _check_notice(line: Line, rows: Rows) -> Iterator[Problem]:
    notice = _notice(line)
    channels = {row.values["channel"] for row in rows.get(CHANNELS.name, {}).values()}
    if notice.channel not in channels:
        hint = did_you_mean(notice.channel, channels) or f"say what is known of it in the sheet '{CHANNELS.name}' first"
        yield line.problem("unknown-channel", f"nothing is said of a channel '{notice.channel}'", hint)
    for word in ("read_back", "acknowledged", "answered"):
        at = line.values[word]
        if at is not None and at < notice.sent:
            yield line.problem("out-of-order", f"is {word.replace('_', ' ')} before it is sent", "look at the days")
    if not notice.promised:
        if notice.done or (notice.due and notice.subject is not Subject.MOVEMENT):
            word = "done" if notice.done else "due"
            yield line.problem("nothing-promised", f"says what is {word}, and not what was promised", "fill promised")
        return
    for word in ("done",) if notice.subject is Subject.MOVEMENT else ("due", "done"):
        at = line.values[word]
        if at is not None and notice.promised_at is not None and at < notice.promised_at:
            yield line.problem("out-of-order", f"is {word} before it is promised", "a promise is made with the answer")


def _check_statement(line: Line, rows: Rows) -> Iterator[Problem]:
    start, end = line.span("from"), line.span("until")
    if start and end and end.latest <= start.earliest:
        yield line.problem("end-before-start", "ends before it starts", "look whether day and month are swapped")


def _check_shift(line: Line, rows: Rows) -> Iterator[Problem]:
    shift = _shift(line)
    if shift.latest <= shift.earliest:
        yield line.problem("end-before-start", "the shift ends before it starts")
    for other in map(_shift, rows.get(HANDOVERS.name, {}).values()):
        if shift.earliest < other.latest and other.earliest < shift.latest:
            yield line.problem("shifts-overlap", f"the shift overlaps that of {other.id}")


NOTICES = Sheet(
    "notices",
    LIAISED,
    "messages between the mission and the parties, or between them, and what came of each",
    (
        Column("notice", Kind.ID, "its own id", is_required=True),
        Column("channel", Kind.ID, "the channel it went over, as in `channels`", is_required=True),
        Column("sender", Kind.ACTOR, "who sent it", is_required=True),
        Column("addressee", Kind.ACTOR, "to whom", is_required=True),
        Column("subject", Kind.CHOICE, "what it is about", is_required=True, choices=tuple(Subject)),
        Column("about_clause", Kind.CLAUSE, "the clause that it concerns"),
        Column("about_finding", Kind.ID, "the report, claim, incident or finding that it concerns", of=SUBJECT),
        Column("about_area", Kind.PLACE_ID, "the area that it concerns"),
        Column("sent", Kind.TIME, "when it was sent", is_required=True),
        Column("read_back", Kind.TIME, "when it was read back, over a telephone or radio"),
        Column("acknowledged", Kind.TIME, "when its receipt was acknowledged"),
        Column("answered", Kind.TIME, "when it was answered"),
        Column("promised", Kind.TEXT, "what was promised with the answer, in words"),
        Column("due", Kind.TIME, "by when that is to be done; of a movement, the time it is announced for"),
        Column("done", Kind.TIME, "when what was promised was done"),
        Column("text", Kind.TEXT, "what it says"),
    ),
    _check_notice,
)
CHANNELS = Sheet(
    "channels",
    LIAISED,
    "what somebody says of the state of a channel; two that differ stand side by side",
    (
        Column("statement", Kind.ID, "its own id", is_required=True),
        Column("channel", Kind.ID, "the channel", is_required=True),
        Column("state", Kind.CHOICE, "what it is said to be", is_required=True, choices=tuple(State)),
        Column("from", Kind.SPAN, "from when", is_required=True),
        Column("until", Kind.SPAN, "until when; empty: until the same source says otherwise"),
        Column("says", Kind.TEXT, "who says so", is_required=True),
        Column("between", Kind.ACTOR, "between whom it runs, set apart by semicolons", is_list=True),
    ),
    _check_statement,
)
HANDOVERS = Sheet(
    "handovers",
    LIAISED,
    "when one shift of the duty officers ended and handed over; what was open then is worked out from the notices",
    (
        Column("handover", Kind.ID, "its own id", is_required=True),
        Column("shift_from", Kind.TIME, "when the shift began", is_required=True),
        Column("shift_until", Kind.TIME, "when it ended", is_required=True),
    ),
    _check_shift,
)
# A notice names a channel, so what is said of channels is entered first.
SHEETS = (CHANNELS, NOTICES, HANDOVERS)


def notices_of(lines: Iterable[Line]) -> tuple[Notice, ...]:
    """Return the notices among some rows that stand, in the order in which they were sent."""
    found = [_notice(line) for line in lines if line.sheet == NOTICES.name]
    return tuple(sorted(found, key=lambda notice: (notice.sent, notice.id)))


def statements_of(lines: Iterable[Line]) -> tuple[Statement, ...]:
    """Return what is said of channels in some rows, by channel and time.

    What a source says without an end ends where the same source says something else of that channel.
    """
    found = [_statement(line) for line in lines if line.sheet == CHANNELS.name]
    ended = [replace(one, end=one.end or _next_word(one, found)) for one in found]
    return tuple(sorted(ended, key=lambda one: (one.channel, one.start.earliest, one.start.latest, one.id)))


def shifts_of(lines: Iterable[Line]) -> tuple[Shift, ...]:
    """Return the shifts of which some rows tell, in order."""
    found = [_shift(line) for line in lines if line.sheet == HANDOVERS.name]
    return tuple(sorted(found, key=lambda shift: (shift.earliest, shift.id)))


def _notice(line: Line) -> Notice:
    told = line.values
    return Notice(
        id=line.id,
        channel=told["channel"],
        sender=told["sender"],
        addressee=told["addressee"],
        subject=Subject(told["subject"]),
        sent=told["sent"],
        about_clause=told["about_clause"] or "",
        about_finding=told["about_finding"] or "",
        about_area=told["about_area"] or "",
        read_back=told["read_back"],
        acknowledged=told["acknowledged"],
        answered=told["answered"],
        promised=told["promised"] or "",
        due=told["due"],
        done=told["done"],
        text=told["text"] or "",
        level=line.level,
    )


def _statement(line: Line) -> Statement:
    told, start = line.values, line.span("from")
    assert start is not None  # the column is required
    return Statement(
        id=line.id,
        channel=told["channel"],
        state=State(told["state"]),
        start=start,
        end=line.span("until"),
        says=told["says"],
        between=tuple(told["between"]),
        level=line.level,
    )


def _shift(line: Line) -> Shift:
    return Shift(line.id, line.values["shift_from"], line.values["shift_until"], line.level)


def _next_word(one: Statement, others: Iterable[Statement]) -> Span | None:
    later = [
        other.start
        for other in others
        if (other.channel, other.says) == (one.channel, one.says) and other.start.earliest > one.start.earliest
    ]
    return min(later, key=lambda span: (span.earliest, span.latest), default=None)


# ---- channels --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """What the log says to a question: `holds` None is unknown; `rests_on` are ids of notices and statements."""

    holds: bool | None
    why: str
    rests_on: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The answer as the tests of a finding have it: yes, no or unknown."""
        return {True: "yes", False: "no", None: "unknown"}[self.holds]


def said_of(statements: Iterable[Statement], channel: str, when: Span) -> tuple[Statement, ...]:
    """Return what may be said of a channel at some time, all of it, whether or not it agrees."""
    return tuple(one for one in statements if one.channel == channel and one.may_hold(when))


def differ(statements: Iterable[Statement]) -> bool:
    """Say whether some statements on one channel cannot all hold: one that it works, another that it does not."""
    return len({one.state in _WORKS for one in statements}) > 1


def is_available(statements: Sequence[Statement], channel: str, when: Span) -> Shown:
    """Say whether a channel could be used throughout a time; unknown where statements differ, or none reaches so far.

    Before the first time that anybody tells of it a channel is not known to have existed: unknown, not no.
    """
    own = [one for one in statements if one.channel == channel]
    told = said_of(own, channel, when)
    ids = tuple(one.id for one in told)
    if not own:
        return Shown(None, f"nothing is recorded of the channel '{channel}'")
    if not told:
        first = min(own, key=lambda one: (one.start.earliest, one.id))
        if when.latest <= first.start.earliest:
            return Shown(None, f"the channel '{channel}' is not said to have existed yet", (first.id,))
        return Shown(None, f"nobody says what became of the channel '{channel}' by then")
    if differ(told):
        said = "; ".join(sorted(f"{one.says} says {one.state}" for one in told))
        return Shown(None, f"it is told differently of the channel '{channel}': {said}", ids)
    works = told[0].state in _WORKS
    if any(one.surely_holds(when) for one in told):
        return Shown(works, f"the channel '{channel}' is said to be {told[0].state}", ids)
    return Shown(None, f"the channel '{channel}' is said to be {told[0].state} at about that time", ids)


# ---- what a clause asks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deed:
    """An act, as far as a notice may be of it.

    `when` holds the instant at which it began; `by` are all ids that stand for the side in question; `ids` those of its
    incident, findings and reports; it surely lies in the areas `inside`, and may lie in those it `touches`.
    """

    when: Span
    by: frozenset[str]
    ids: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()


def notice_given(
    notices: Iterable[Notice],
    deed: Deed,
    lead: timedelta,
    is_complete: bool = False,
    subjects: Collection[Subject] = (Subject.MOVEMENT,),
) -> Shown:
    """Say whether a side gave notice of what it did so long (`lead`) before it began.

    A notice is surely of it that names it, or its area and a time within a day of it; one that leaves open where or for
    when may be. No: only where the log is attested complete (`is_complete`) and holds no notice that may be of it and
    in time.
    """
    told = [
        (notice, is_of)
        for notice in notices
        if notice.subject in subjects
        and notice.sender in deed.by
        and (is_of := _is_of(notice, deed, notice.due)) is not False
    ]
    sure = [notice for notice, is_of in told if is_of and notice.sent + lead <= deed.when.earliest]
    if sure:
        return Shown(True, "notice was given in time", _ids(sure))
    maybe = [notice for notice, _ in told if notice.sent + lead < deed.when.latest]
    if maybe:
        return Shown(None, "there are notices that may have been of it, and in time", _ids(maybe))
    late = _ids(notice for notice, _ in told)
    what = "notice was given too late" if late else "no notice was given"
    if is_complete:
        return Shown(False, f"{what}, by a log that is attested complete", late)
    return Shown(None, f"{what}, by a log that is not attested complete", late)


def answered_within(notice: Notice, limit: timedelta, until: datetime, is_complete: bool = False) -> Shown:
    """Say whether a notice was answered within a time, as known at an instant.

    Until the time is over, and where the log is not attested complete for it, no answer is no proof of silence.
    """
    due, answered = notice.sent + limit, notice.answered
    if answered is not None and answered < until:
        return Shown(answered <= due, f"it was answered {'in time' if answered <= due else 'too late'}", (notice.id,))
    if until <= due:
        return Shown(None, "the time to answer is not over", (notice.id,))
    if is_complete:
        return Shown(False, "no answer was given, by a log that is attested complete", (notice.id,))
    return Shown(None, "no answer is recorded, in a log that is not attested complete", (notice.id,))


def attempt_failed(
    notices: Iterable[Notice], statements: Sequence[Statement], channel: str, deed: Deed, is_complete: bool = False
) -> Shown:
    """Say whether a side had tried a coordination channel before what it did, to no avail.

    It failed where no answer came before the deed. Where an answer came it did not fail if what was promised was done
    before the deed; else whether it helped is not recorded. No, too, where the channel was open, the log is attested
    complete, and nothing was tried. Unknown where the channel is not known to have worked then.
    """
    works = is_available(statements, channel, deed.when)
    if not works.holds:
        return Shown(None, works.why, works.rests_on)
    tried = [
        (notice, is_of)
        for notice in notices
        if notice.channel == channel and notice.asks_for_answer and notice.sender in deed.by
        and notice.sent < deed.when.latest
        and (is_of := _is_of(notice, deed, notice.sent)) is not False
    ]  # fmt: skip
    sure = [notice for notice, is_of in tried if is_of and notice.sent <= deed.when.earliest]
    if not sure and tried:
        maybe = (notice for notice, _ in tried)
        return Shown(None, "there are notices that may have been an attempt before it", _ids(maybe))
    if not sure:
        if is_complete:
            return Shown(False, "the channel was not tried, by a log that is attested complete", works.rests_on)
        return Shown(None, "no attempt is recorded, in a log that is not attested complete", works.rests_on)
    if any(notice.done is not None and notice.done <= deed.when.earliest for notice in sure):
        return Shown(False, "what was asked for over the channel had been done", _ids(sure))
    if all(notice.answered is None or notice.answered >= deed.when.latest for notice in sure):
        return Shown(True, "the channel was tried, and no answer came before it", _ids(sure))
    return Shown(None, "the channel was tried and answered; whether that helped is not recorded", _ids(sure))


def attack_told(notices: Iterable[Notice], deed: Deed) -> Shown:
    """Return what the log says of an attack that a deed answered: never more than that its side alleged one.

    A party's own word is no proof of what it complains of.
    """
    alleged = [
        notice
        for notice in notices
        if notice.subject in (Subject.ALLEGATION, Subject.PROTEST) and notice.sender in deed.by
        and notice.sent < deed.when.latest + OF_ONE_DAY
        and _is_of(notice, deed, notice.sent) is not False
    ]  # fmt: skip
    why = "its side alleged an attack; its word alone is no proof" if alleged else "the log tells of no attack"
    return Shown(None, why, _ids(alleged))


def order_notified(notices: Iterable[Notice], deed: Deed) -> Shown:
    """Say whether a side notified that its leadership had given the order for a deed.

    For whether there was an order, and for the duty to notify of it. That no notice stands proves neither that there
    was no order, nor, where no time is set, that none will come.
    """
    told = [notice for notice in notices if notice.subject is Subject.ORDER and notice.sender in deed.by]
    sure = [notice for notice in told if _is_of(notice, deed, notice.due or notice.sent)]
    if sure:
        return Shown(True, "its side notified that the order was given", _ids(sure))
    maybe = [notice for notice in told if _is_of(notice, deed, notice.due or notice.sent) is None]
    why = "there are notices of an order that may be of it" if maybe else "no notice of an order is recorded"
    return Shown(None, why, _ids(maybe))


def _is_of(notice: Notice, deed: Deed, told_for: datetime | None) -> bool | None:
    """Say whether a notice is of a deed: by the record that it names, else by its area and the time it is told for."""
    if notice.about_finding:
        return notice.about_finding in deed.ids
    answers: list[bool | None] = [None, None]
    if notice.about_area:
        answers[0] = notice.about_area in deed.inside or (None if notice.about_area in deed.touches else False)
    if told_for is not None:
        answers[1] = told_for < deed.when.latest + OF_ONE_DAY and deed.when.earliest - OF_ONE_DAY <= told_for
    if False in answers:
        return False
    return None if None in answers else True


def _ids(notices: Iterable[Notice]) -> tuple[str, ...]:
    return tuple(sorted(notice.id for notice in notices))


# ---- how long it takes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took over some notices: how many there are, how many wait still, and the quartiles.

    The quartiles are those of the product-limit estimate, which counts what waits still for as long as it has waited
    (Kaplan and Meier, Nonparametric estimation from incomplete observations, Journal of the American Statistical
    Association 53(282), 1958). One that the estimate does not reach is None: more than that share may wait still.
    """

    notices: int
    open_so_far: int
    lower: timedelta | None
    median: timedelta | None
    upper: timedelta | None


def times_to_acknowledge(notices: Iterable[Notice], until: datetime) -> Times:
    """Return how long it took to acknowledge those notices that were sent before an instant, as known at it."""
    return _times([(notice.sent, notice.acknowledged_at) for notice in notices], until)


def times_to_answer(notices: Iterable[Notice], until: datetime) -> Times:
    """Return how long it took to answer those that ask for an answer and were sent before an instant."""
    return _times([(notice.sent, notice.answered) for notice in notices if notice.asks_for_answer], until)


def _times(waits: Iterable[tuple[datetime, datetime | None]], until: datetime) -> Times:
    told = [(sent, end if end is not None and end < until else None) for sent, end in waits if sent < until]
    ended = sorted(end - sent for sent, end in told if end is not None)
    waited = [until - sent for sent, end in told if end is None]
    quartiles: list[timedelta | None] = []
    for share in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)):
        left = Fraction(1)
        for length in sorted(set(ended)):
            at_risk = sum(one >= length for one in ended) + sum(one >= length for one in waited)
            left *= 1 - Fraction(ended.count(length), at_risk)
            if 1 - left >= share:
                quartiles.append(length)
                break
        else:
            quartiles.append(None)
    return Times(len(told), len(waited), *quartiles)


# ---- what is open ----------------------------------------------------------------------------------------------------


class Wait(StrEnum):
    """What a notice waits for."""

    ACKNOWLEDGEMENT = "acknowledgement"
    ANSWER = "answer"
    PROMISE = "promise"


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """A notice that waits for something; `is_overdue`: a promise whose time is over."""

    notice: Notice
    waits_for: tuple[Wait, ...]
    is_overdue: bool


def open_at(notices: Iterable[Notice], at: datetime) -> tuple[OpenMatter, ...]:
    """Return what is open just before an instant, in the order in which it was sent."""
    found = []
    for notice in sorted(notices, key=lambda notice: (notice.sent, notice.id)):
        waits = tuple(_waits(notice, at))
        if waits:
            is_overdue = Wait.PROMISE in waits and notice.due is not None and notice.due < at
            found.append(OpenMatter(notice, waits, is_overdue))
    return tuple(found)


def _waits(notice: Notice, at: datetime) -> Iterator[Wait]:
    if notice.sent >= at:
        return
    if (notice.acknowledged_at or FAR_AHEAD) >= at:
        yield Wait.ACKNOWLEDGEMENT
    if notice.asks_for_answer and (notice.answered or FAR_AHEAD) >= at:
        yield Wait.ANSWER
    if (notice.promised_at or FAR_AHEAD) < at <= (notice.done or FAR_AHEAD):
        yield Wait.PROMISE


def overdue(notices: Iterable[Notice], at: datetime) -> tuple[Notice, ...]:
    """Return the notices with a promise that should have been kept by an instant and was not."""
    return tuple(matter.notice for matter in open_at(notices, at) if matter.is_overdue)


@dataclass(frozen=True, slots=True)
class Handover:
    """What one shift hands to the next: the notices sent in it, those it settled, and what is open at its end."""

    shift: Shift
    sent: tuple[str, ...]
    settled: tuple[str, ...]
    open: tuple[OpenMatter, ...]


def handed_over(shift: Shift, notices: Sequence[Notice]) -> Handover:
    """Return the handover at the end of a shift: nobody types it, it follows from the notices."""
    sent = _ids(notice for notice in notices if shift.earliest <= notice.sent < shift.latest)
    before = {matter.notice.id for matter in open_at(notices, shift.earliest)}
    left = open_at(notices, shift.latest)
    settled = (before | set(sent)) - {matter.notice.id for matter in left}
    return Handover(shift, sent, tuple(sorted(settled)), left)
