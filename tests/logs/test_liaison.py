"""Liaison: what was told over which channel, how long it took, what is open, and what clauses ask of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.logs.liaison import (
    CHANNELS,
    HANDOVERS,
    NOTICES,
    SHEETS,
    Deed,
    Notice,
    Shift,
    Shown,
    State,
    Statement,
    Subject,
    Wait,
    answered_within,
    attack_told,
    attempt_failed,
    differ,
    handed_over,
    is_available,
    notice_given,
    notices_of,
    open_at,
    order_notified,
    overdue,
    said_of,
    shifts_of,
    statements_of,
    times_to_acknowledge,
    times_to_answer,
)
from trucewatch.logs.lines import Line, Sheet, admit, read_sheet
from trucewatch.problems import Problem
from trucewatch.when import Span

ZONE = "Europe/Kyiv"
NOON = datetime(2020, 8, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    """Return an instant so many hours from noon."""
    return NOON + hours * HOUR


def notice(id: str = "N1", sent: float = 0, subject: Subject = Subject.QUERY, **more: object) -> Notice:
    told = {name: at(value) if isinstance(value, int | float) else value for name, value in more.items()}
    plain = Notice(id, "jccc", "side-a", "mission", subject, at(sent))
    return replace(plain, **told)  # type: ignore[arg-type]


def said(id: str, state: State, start: float, end: float | None = None, says: str = "side A") -> Statement:
    last = None if end is None else Span(at(end), at(end), "minute")
    return Statement(id, "jccc", state, Span(at(start), at(start), "minute"), last, says)


# ---- sheets ----------------------------------------------------------------------------------------------------------

HEAD = "notice,channel,sender,addressee,subject,sent,read_back,acknowledged,answered,promised,due,done"
OPEN = "statement,channel,state,from,until,says,between\nS1,jccc,open,2020-07-27,,the contact group,side-a; side-b\n"


def entered(tmp_path: Path, sheet: Sheet, text: str, before: Iterable[Line] = ()) -> tuple[list[Line], list[Problem]]:
    """Return the rows of a sheet that may be entered, after some others, and what is wrong with the others."""
    path = tmp_path / f"{sheet.name}.csv"
    path.write_text(text, encoding="utf-8")
    read, problems = read_sheet(sheet, path, ZONE, {})
    lines, refused = admit(sheet, read, before, SHEETS)
    return [*before, *lines], [*problems, *refused]


def refusals(tmp_path: Path, row: str) -> list[tuple[int, str]]:
    before, _ = entered(tmp_path, CHANNELS, OPEN)
    _, problems = entered(tmp_path, NOTICES, f"{HEAD}\n{row}\n", before)
    assert all(problem.file == "notices.csv" for problem in problems)
    return [(problem.line, problem.code) for problem in problems]


def test_a_log_is_read_in_local_time(tmp_path: Path) -> None:
    lines, problems = entered(tmp_path, CHANNELS, OPEN)
    row = "N1,jccc,side A,mission,query,2020-08-01T15:00,,2020-08-01T15:10,2020-08-01T16:00,to look,2020-08-02T12:00,"
    lines, more = entered(tmp_path, NOTICES, f"{HEAD}\n{row}\n", lines)
    shift = "handover,shift_from,shift_until\nH1,2020-08-01T08:00,2020-08-01T20:00\n"
    lines, most = entered(tmp_path, HANDOVERS, shift, lines)
    assert [*problems, *more, *most] == []
    [told] = notices_of(lines)
    assert (told.sent, told.acknowledged_at, told.answered) == (NOON, NOON + timedelta(minutes=10), NOON + HOUR)
    assert (told.subject, told.promised, told.sender) == (Subject.QUERY, "to look", "?side A")
    [channel] = statements_of(lines)
    assert (channel.state, channel.says, channel.between) == (State.OPEN, "the contact group", ("?side-a", "?side-b"))
    [duty] = shifts_of(lines)
    assert [matter.notice.id for matter in handed_over(duty, [told]).open] == ["N1"]


GOOD = "N1,jccc,a,b,query,2020-08-01T12:00,,,,,,"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("N1,jccc,a,b,query,2020-08-01T12:00,,,2020-08-01T11:59,,,", "out-of-order"),
        ("N1,jccc,a,b,query,2020-08-01T12:00,,2020-08-01T11:59,,,,", "out-of-order"),
        ("N1,jccc,a,b,query,2020-08-01T12:00,2020-08-01T11:59,,,,,", "out-of-order"),
        (
            "N1,jccc,a,b,query,2020-08-01T12:00,,,2020-08-01T13:00,to stop,2020-08-02T12:00,2020-08-01T12:30",
            "out-of-order",
        ),
        ("N1,jccc,a,b,query,2020-08-01T12:00,,,2020-08-01T13:00,to stop,2020-08-01T12:30,", "out-of-order"),
        ("N1,jccc,a,b,query,2020-08-01T12:00,,,2020-08-01T13:00,,,2020-08-01T14:00", "nothing-promised"),
        ("N1,jccc,a,b,query,2020-08-01T12:00,,,2020-08-01T13:00,,2020-08-01T14:00,", "nothing-promised"),
        ("N1,jcc,a,b,query,2020-08-01T12:00,,,,,,", "unknown-channel"),
        ("N1,jccc,a,b,gossip,2020-08-01T12:00,,,,,,", "unknown-choice"),
        ("N1,jccc,a,b,query,,,,,,,", "missing-value"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_at_its_line(tmp_path: Path, row: str, code: str) -> None:
    assert refusals(tmp_path, GOOD) == []
    assert refusals(tmp_path, f"{GOOD.replace('N1', 'N0')}\n{row}") == [(3, code)]


def test_a_movement_may_be_announced_late(tmp_path: Path) -> None:
    row = "N1,jccc,a,b,movement,2020-08-01T12:00,,,,,2020-08-01T10:00,"
    assert refusals(tmp_path, row) == []


def test_a_channel_does_not_end_before_it_starts_and_shifts_do_not_overlap(tmp_path: Path) -> None:
    _, [backward] = entered(tmp_path, CHANNELS, OPEN.replace("2020-07-27,", "2020-07-27,2020-07-26"))
    assert (backward.line, backward.code) == (2, "end-before-start")
    head = "handover,shift_from,shift_until\n"
    _, [ended] = entered(tmp_path, HANDOVERS, f"{head}H1,2020-08-01T20:00,2020-08-01T08:00\n")
    assert ended.code == "end-before-start"
    two = f"{head}H1,2020-08-01T08:00,2020-08-01T20:00\nH2,2020-08-01T19:00,2020-08-02T08:00\n"
    _, [twice] = entered(tmp_path, HANDOVERS, two)
    assert (twice.line, twice.code) == (3, "shifts-overlap")


# ---- channels --------------------------------------------------------------------------------------------------------


def now(hours: float = 0, until: float | None = None) -> Span:
    return Span(at(hours), at(hours if until is None else until), "minutes")


def test_suspended_and_in_use_are_two_claims_and_both_are_kept() -> None:
    both = [said("S1", State.SUSPENDED, -100, says="side A"), said("S2", State.IN_USE, -50, 50, says="an agency")]
    assert said_of(both, "jccc", now(0, 1)) == tuple(both) and differ(both)
    told = is_available(both, "jccc", now(0, 1))
    assert told.holds is None and told.rests_on == ("S1", "S2")
    assert "an agency says in-use" in told.why and "side A says suspended" in told.why
    # Each by itself is an answer.
    assert is_available(both[:1], "jccc", now(0, 1)).holds is False
    assert is_available(both[1:], "jccc", now(0, 1)).holds is True


def test_before_anybody_tells_of_it_a_channel_is_not_known_to_have_existed() -> None:
    told = is_available([said("S1", State.OPEN, 0)], "jccc", now(-2, -1))
    assert told.holds is None and "not said to have existed yet" in told.why and told.rests_on == ("S1",)
    assert is_available([], "jccc", now()).holds is None
    assert is_available([said("S1", State.OPEN, 0, 1)], "jccc", now(5, 6)).holds is None


def test_a_vague_beginning_leaves_open_whether_it_was_in_use() -> None:
    vague = replace(said("S1", State.OPEN, 0), start=Span(at(-5), at(5), "vague"))
    assert is_available([vague], "jccc", now(0, 1)).holds is None
    assert is_available([vague], "jccc", now(6, 7)).holds is True


def test_what_a_source_says_without_an_end_ends_with_its_next_word(tmp_path: Path) -> None:
    more = "S2,jccc,suspended,2020-09-01,,the contact group,\nS3,jccc,in-use,2020-09-01,,an outlet,\n"
    lines, _ = entered(tmp_path, CHANNELS, OPEN + more)
    by_id = {one.id: one for one in statements_of(lines)}
    assert by_id["S1"].end == by_id["S2"].start and by_id["S2"].end is None and by_id["S3"].end is None


# ---- how long it takes -----------------------------------------------------------------------------------------------

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=12)


def quartile(lengths: Sequence[int], share: float) -> timedelta:
    """Return the least length that so large a share does not exceed: the inverse of the empirical distribution."""
    return sorted(lengths)[math.ceil(share * len(lengths)) - 1] * HOUR


@given(LENGTHS)
def test_where_nothing_waits_the_quartiles_are_those_of_the_lengths(lengths: list[int]) -> None:
    told = times_to_answer([notice(f"N{n}", answered=length) for n, length in enumerate(lengths)], at(100))
    assert (told.notices, told.open_so_far) == (len(lengths), 0)
    expected = tuple(quartile(lengths, share) for share in (0.25, 0.5, 0.75))
    assert (told.lower, told.median, told.upper) == expected


@given(LENGTHS, st.integers(1, 12))
def test_what_waits_longest_counts_among_all_and_is_never_taken_for_answered(lengths: list[int], waiting: int) -> None:
    answered = [notice(f"N{n}", answered=length) for n, length in enumerate(lengths)]
    told = times_to_answer([*answered, *(notice(f"W{n}") for n in range(waiting))], at(100))
    assert (told.notices, told.open_so_far) == (len(lengths) + waiting, waiting)
    everything = [*lengths, *[10_000] * waiting]
    for found, share in ((told.lower, 0.25), (told.median, 0.5), (told.upper, 0.75)):
        expected = quartile(everything, share)
        assert found == (None if expected == 10_000 * HOUR else expected)


def test_the_product_limit_estimate_of_a_worked_example() -> None:
    # Waits of 6, 6, 6, 6+, 7, 9+, 10, 10+, 11+ ... hours, the treated group of Freireich et al. (1963): S(6) = 0.857,
    # S(7) = 0.807, S(10) = 0.753, S(13) = 0.690, S(16) = 0.627, S(22) = 0.538, S(23) = 0.448; the median is 23.
    ended, waits = [6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    told = times_to_acknowledge(
        [
            *(notice(f"A{n}", sent=-length, acknowledged=0) for n, length in enumerate(ended)),
            *(notice(f"W{n}", sent=1 / 3600 - length) for n, length in enumerate(waits)),
        ],
        at(1 / 3600),
    )
    assert (told.notices, told.open_so_far) == (21, 12)
    assert (told.lower, told.median, told.upper) == (13 * HOUR, 23 * HOUR, None)


def test_only_what_was_known_then_counts() -> None:
    told = times_to_answer([notice("N1", answered=5), notice("N2", sent=3), notice("N3", sent=9)], at(4))
    assert (told.notices, told.open_so_far, told.median) == (2, 2, None)
    movement = [notice("N1", subject=Subject.MOVEMENT)]
    assert times_to_answer(movement, at(4)).notices == 0 and times_to_acknowledge(movement, at(4)).notices == 1


# ---- what is open ----------------------------------------------------------------------------------------------------

SUBJECTS = st.sampled_from(list(Subject))


@st.composite
def drawn(draw: st.DrawFn) -> Notice:
    """Draw a notice whose times follow each other."""
    sent = draw(st.integers(0, 20))
    answered = draw(st.none() | st.integers(sent, 25))
    promised = draw(st.sampled_from(["", "to stop"])) if answered is not None else ""
    later = st.none() | st.integers(answered or sent, 30)
    return notice(
        f"N{draw(st.integers(0, 10**6))}",
        sent,
        draw(SUBJECTS),
        acknowledged=draw(st.none() | st.integers(sent, answered or 25)),
        answered=answered,
        promised=promised,
        due=draw(later) if promised else None,
        done=draw(later) if promised else None,
    )


LOGS = st.lists(drawn(), max_size=8, unique_by=lambda one: one.id)


def folded(notices: Iterable[Notice], until: datetime) -> set[tuple[str, Wait]]:
    """Go through what happened, in order, and return what waits in the end."""
    happened: list[tuple[datetime, int, str, Notice]] = []
    for one in notices:
        for order, (what, when) in enumerate(
            (
                ("sent", one.sent),
                ("acknowledged", one.acknowledged),
                ("answered", one.answered),
                ("done", one.done),
            )
        ):
            if when is not None and when < until:
                happened.append((when, order, what, one))
    waiting: set[tuple[str, Wait]] = set()
    for _, _, what, one in sorted(happened, key=lambda each: (each[0], each[1], each[3].id)):
        if what == "sent":
            waiting.add((one.id, Wait.ACKNOWLEDGEMENT))
            waiting |= {(one.id, Wait.ANSWER)} if one.asks_for_answer else set()
        elif what == "done":
            waiting.discard((one.id, Wait.PROMISE))
        else:
            waiting.discard((one.id, Wait.ACKNOWLEDGEMENT))
        if what == "answered":
            waiting.discard((one.id, Wait.ANSWER))
            waiting |= {(one.id, Wait.PROMISE)} if one.promised else set()
    return waiting


@given(LOGS, st.lists(st.integers(0, 32), min_size=2, max_size=5, unique=True))
def test_the_handover_is_the_fold_of_the_log(notices: list[Notice], hours: list[int]) -> None:
    ends = sorted(hours)
    for first, last in pairwise(ends):
        handover = handed_over(Shift("H", at(first), at(last)), notices)
        told = {(matter.notice.id, wait) for matter in handover.open for wait in matter.waits_for}
        assert told == folded(notices, at(last))
        assert not {id for id, _ in told} & set(handover.settled)
        # What one shift found open is open still, or settled by it.
        taken_over = {id for id, _ in folded(notices, at(first))} | set(handover.sent)
        assert taken_over <= {id for id, _ in told} | set(handover.settled)


@given(LOGS, drawn(), st.integers(0, 40))
def test_a_notice_that_was_answered_never_lengthens_what_is_open(notices: list[Notice], one: Notice, hour: int) -> None:
    answered = replace(one, id="new", answered=one.sent, acknowledged=one.sent, promised="", due=None, done=None)
    # It was answered at once; at that very instant nothing is open before it.
    assert open_at([*notices, answered], at(hour)) == open_at(notices, at(hour))
    late = replace(one, id="new", answered=None, acknowledged=None, promised="", due=None, done=None)
    assert (len(open_at([*notices, late], at(hour))) > len(open_at(notices, at(hour)))) == (late.sent < at(hour))


def test_a_promise_is_overdue_until_it_is_kept() -> None:
    made = notice("N1", answered=1, promised="to withdraw the tank", due=5)
    assert [overdue([made], at(hour)) for hour in (4, 5)] == [(), ()]
    assert overdue([made], at(6)) == (made,)
    kept = replace(made, done=at(7))
    assert overdue([kept], at(6)) == (kept,) and overdue([kept], at(8)) == ()
    assert overdue([replace(made, due=None)], at(100)) == ()


# ---- what clauses ask ------------------------------------------------------------------------------------------------

DEED = Deed(now(0, 1), frozenset({"side-a", "brigade-1"}), frozenset({"F1"}), frozenset({"west"}), frozenset({"north"}))


MOVED = notice("M", -48, Subject.MOVEMENT, about_area="west", due=0.5)


def moved(**more: object) -> Notice:
    return replace(MOVED, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "holds"),
    [
        (moved(), True),
        (moved(about_area="", due=None, about_finding="F1"), True),
        (moved(sender="brigade-1"), True),
        (moved(sender="side-b"), False),
        (moved(subject=Subject.QUERY), False),
        (moved(about_area="south"), False),
        (moved(about_area="north"), None),
        (moved(about_area=""), None),
        (moved(due=None), None),
        (moved(due=at(30)), False),
        (moved(sent=at(-1)), False),
        (moved(sent=at(-23.5)), None),  # at least a day before it ended, not surely a day before it began
        (moved(about_finding="F2"), False),
    ],
)
def test_notice_so_many_hours_before_a_movement(told: Notice, holds: bool | None) -> None:
    assert notice_given([told], DEED, 24 * HOUR, is_complete=True).holds is holds
    # Where the log may not hold everything, nothing proves that there was no notice.
    assert notice_given([told], DEED, 24 * HOUR).holds is (None if holds is False else holds)


def test_a_late_notice_is_named() -> None:
    told = notice_given([moved(sent=at(-1))], DEED, 24 * HOUR, is_complete=True)
    assert told == Shown(False, "notice was given too late, by a log that is attested complete", ("M",))
    assert told.word == "no"


@given(LOGS, st.integers(1, 30), st.booleans())
def test_another_notice_never_undoes_one_in_time(others: list[Notice], hours: int, is_complete: bool) -> None:
    told = notice_given([*others, moved()], DEED, 24 * HOUR, is_complete)
    assert told.holds is True and "M" in told.rests_on
    assert notice_given(others, DEED, hours * HOUR).holds is not False


def test_an_answer_within_so_many_hours() -> None:
    asked = notice("N1")
    assert answered_within(replace(asked, answered=at(24)), 24 * HOUR, at(30)).holds is True
    assert answered_within(replace(asked, answered=at(25)), 24 * HOUR, at(30)).holds is False
    assert answered_within(replace(asked, answered=at(25)), 24 * HOUR, at(24), is_complete=True).holds is None
    assert answered_within(asked, 24 * HOUR, at(20), is_complete=True).holds is None
    assert answered_within(asked, 24 * HOUR, at(25), is_complete=True).holds is False
    assert answered_within(asked, 24 * HOUR, at(25)).holds is None


WORKS = [said("S1", State.OPEN, -1000, says="the contact group")]
TRIED = notice("N1", -2, Subject.QUERY, about_area="west")


def test_an_attempt_to_coordinate_that_nobody_answered_failed() -> None:
    told = attempt_failed([TRIED], WORKS, "jccc", DEED)
    assert told.holds is True and told.rests_on == ("N1",)
    assert attempt_failed([replace(TRIED, answered=at(2))], WORKS, "jccc", DEED).holds is True
    assert attempt_failed([replace(TRIED, answered=at(-1))], WORKS, "jccc", DEED).holds is None
    kept = replace(TRIED, answered=at(-1.5), promised="to stop", done=at(-1))
    assert attempt_failed([kept], WORKS, "jccc", DEED).holds is False


@pytest.mark.parametrize(
    "other",
    [
        replace(TRIED, sender="side-b"),
        replace(TRIED, channel="red-line"),
        replace(TRIED, sent=at(2)),
        replace(TRIED, sent=at(-48)),
        replace(TRIED, about_area="south"),
        replace(TRIED, subject=Subject.MOVEMENT),
    ],
)
def test_where_nothing_was_tried_the_attempt_did_not_fail(other: Notice) -> None:
    assert attempt_failed([other], WORKS, "jccc", DEED, is_complete=True).holds is False
    assert attempt_failed([other], WORKS, "jccc", DEED).holds is None


def test_whether_it_was_tried_in_time_may_be_open() -> None:
    assert attempt_failed([replace(TRIED, sent=at(0.5))], WORKS, "jccc", DEED, is_complete=True).holds is None
    assert attempt_failed([replace(TRIED, about_area="north")], WORKS, "jccc", DEED, is_complete=True).holds is None


@pytest.mark.parametrize("statements", [[], [said("S1", State.OPEN, 5)], [said("S1", State.SUSPENDED, -1000)]])
@given(LOGS, st.booleans())
def test_where_the_mechanism_is_not_known_to_have_worked_nothing_is_known(
    statements: list[Statement], notices: list[Notice], is_complete: bool
) -> None:
    assert attempt_failed([*notices, TRIED], statements, "jccc", DEED, is_complete).holds is None


def test_that_a_side_alleges_an_attack_proves_none() -> None:
    alleged = notice("N1", -1, Subject.ALLEGATION, about_area="west")
    assert attack_told([alleged], DEED) == Shown(
        None, "its side alleged an attack; its word alone is no proof", ("N1",)
    )
    assert attack_told([replace(alleged, sender="side-b")], DEED).rests_on == ()


def test_who_notifies_of_an_order_gave_it() -> None:
    order = notice("N1", 20, Subject.ORDER, about_area="west")
    assert order_notified([order], DEED).holds is True
    assert order_notified([replace(order, about_area="")], DEED).holds is None
    assert order_notified([replace(order, about_finding="F2")], DEED) == Shown(
        None, "no notice of an order is recorded"
    )
