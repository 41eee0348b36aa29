"""Stages: each allegation has a result, no step is skipped, and a reply stands beside what it replies to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.logs.lines import Kind, Line, admit, read_sheet
from trucewatch.logs.stages import (
    BEGINS,
    NEXT,
    STEPS,
    BodyOutcome,
    Proceeding,
    Result,
    Stage,
    Step,
    not_ruled,
    proceedings,
    results,
    steps_of,
    with_reply_due,
)
from trucewatch.problems import Problem
from trucewatch.when import Span

HEAD = "step,subject,stage,result,why,on,party,reply_due,reply_text,body_outcome,complainant_answered,withdrawn"
COLUMNS = HEAD.split(",")
WHOLE_WAY = (
    "S1,A1,received,,,2018-06-01",
    "S2,A1,under-inquiry,,,2018-06-02",
    "S3,A1,verified,established,two shell holes,2018-06-05",
    "S4,A1,put-to-party,,,2018-06-06,side-b,2018-06-13",
    "S5,A1,reply,,,2018-06-10,side-b,,We fired at nobody.",
    "S6,A1,before-joint-body,,,2018-06-14,,,,deferred",
    "S7,A1,before-joint-body,,,2018-06-21,,,,accepted",
    "S8,A1,action-reported,,one man was tried,2018-06-30,side-b",
    "S9,A1,closed,,,2018-07-02,,,,,yes",
)


def entered(tmp_path: Path, *rows: str, before: Iterable[Line] = ()) -> tuple[list[Line], list[Problem]]:
    """Return the steps that may be entered after some others, and what is wrong with the rest."""
    path = tmp_path / "steps.csv"
    filled = [row + "," * (len(COLUMNS) - 1 - row.count(",")) for row in rows]
    path.write_text("\n".join([HEAD, *filled, ""]), encoding="utf-8")
    read, problems = read_sheet(STEPS, path, "Asia/Damascus", {Kind.ID: {"A1", "A2", "F1"}})
    lines, refused = admit(STEPS, read, before, [STEPS])
    return [*before, *lines], [*problems, *refused]


def proceeding(tmp_path: Path, *rows: str) -> Proceeding:
    lines, problems = entered(tmp_path, *rows)
    assert problems == []
    [found] = proceedings(steps_of(lines)).values()
    return found


# ---- the whole way ---------------------------------------------------------------------------------------------------


def test_the_whole_way_of_an_allegation(tmp_path: Path) -> None:
    told = proceeding(tmp_path, *WHOLE_WAY)
    assert [step.id for step in told.steps] == [f"S{n}" for n in range(1, 10)]
    assert (told.stage, told.result, told.body_outcome) == (Stage.CLOSED, Result.ESTABLISHED, BodyOutcome.ACCEPTED)
    assert [(reply.party, reply.reply_text) for reply in told.replies] == [("?side-b", "We fired at nobody.")]
    assert told.is_complainant_answered
    assert told.ruling is not None and told.ruling.why == "two shell holes"


@given(st.permutations(WHOLE_WAY), st.integers(1, 9))
def test_the_order_in_which_it_was_written_down_says_nothing(rows: list[str], number: int) -> None:
    lines = [
        Line(STEPS.name, cells[0], values_of(cells), number=at)
        for at, cells in enumerate(row.split(",") for row in rows)
    ]
    found = proceedings(steps_of(lines))["A1"]
    assert [step.id for step in found.steps] == [f"S{n}" for n in range(1, 10)]


def values_of(cells: Sequence[str]) -> dict[str, object]:
    told: dict[str, object] = {name: cell or None for name, cell in zip(COLUMNS, cells, strict=False)}
    for name in ("on", "reply_due"):
        if isinstance(day := told.get(name), str):
            start = datetime.fromisoformat(f"{day}T00:00+00:00")
            told[name] = (start.isoformat(), (start + timedelta(days=1)).isoformat())
    return dict.fromkeys(COLUMNS) | told


def test_an_allegation_is_pending_until_a_result_is_recorded(tmp_path: Path) -> None:
    for number in (1, 2):
        assert proceeding(tmp_path, *WHOLE_WAY[:number]).result is Result.PENDING
    known = proceedings(steps_of(entered(tmp_path, *WHOLE_WAY[:3])[0]))
    counted = results(["A1", "A2", "A3"], known)
    assert counted == {**dict.fromkeys(Result, 0), Result.ESTABLISHED: 1, Result.PENDING: 2}
    assert not_ruled(counted) == 2


@pytest.mark.parametrize("result", ["not-established", "unfounded", "unable-to-verify", "outside-scope"])
def test_these_results_say_why_and_need_nobodys_reply(tmp_path: Path, result: str) -> None:
    way = [*WHOLE_WAY[:2], f"S3,A1,closed,{result},the crater was older,2018-06-05,,,,,yes"]
    told = proceeding(tmp_path, *way)
    assert (told.result, told.stage) == (Result(result), Stage.CLOSED)
    assert not_ruled(results(["A1"], {"A1": told})) == (result == "unable-to-verify")
    way[2] = way[2].replace("the crater was older", "")
    _, [problem] = entered(tmp_path, *way)
    assert (problem.file, problem.line, problem.code) == ("steps.csv", 4, "missing-value")


def test_the_later_result_stands(tmp_path: Path) -> None:
    told = proceeding(
        tmp_path, *WHOLE_WAY[:2], "S3,A1,closed,unfounded,nobody was there,2018-06-05,,,,,yes",
        "S4,A1,under-inquiry,pending,a video came in,2018-06-09",
    )  # fmt: skip
    assert (told.result, told.stage) == (Result.PENDING, Stage.UNDER_INQUIRY)


# ---- the procedure ---------------------------------------------------------------------------------------------------


def steps(*stages: Stage) -> list[str]:
    """Return rows that say all that their stages ask for, a day apart."""
    more = {
        Stage.VERIFIED: "established,so,{day}",
        Stage.PUT_TO_PARTY: ",,{day},side-b,{day}",
        Stage.REPLY: ",,{day},side-b,,No.",
        Stage.ACTION_REPORTED: ",one man was tried,{day},side-b",
        Stage.RESOLVED_LOCALLY: ",they withdrew,{day}",
        Stage.CLOSED: "unfounded,so,{day},,,,,yes",
        Stage.UNDER_INQUIRY: ",so,{day}",
    }
    return [
        f"S{n},F1,{stage}," + more.get(stage, ",,{day}").format(day=f"2018-06-{n:02}")
        for n, stage in enumerate(stages, 1)
    ]


def way_to(stage: Stage) -> list[Stage]:
    """Return the shortest way from where a finding begins to a stage."""
    ways = [[stage] for stage in BEGINS]
    while True:
        way = ways.pop(0)
        if way[-1] is stage:
            return way
        ways += [[*way, then] for then in NEXT[way[-1]]]


@pytest.mark.parametrize("stage", list(Stage))
def test_after_each_stage_only_what_the_procedure_allows(tmp_path: Path, stage: Stage) -> None:
    way = way_to(stage)
    for then in Stage:
        _, problems = entered(tmp_path, *steps(*way, then))
        if then in NEXT[stage]:
            assert problems == []
        else:
            assert [(problem.line, problem.code) for problem in problems] == [(len(way) + 2, "stage-skipped")]


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in BEGINS])
def test_nothing_begins_in_the_middle(tmp_path: Path, stage: Stage) -> None:
    _, problems = entered(tmp_path, *steps(stage))
    assert "stage-skipped" in {problem.code for problem in problems}


def test_every_stage_is_told_what_may_follow() -> None:
    assert set(NEXT) == set(Stage)
    assert {then for following in NEXT.values() for then in following} | set(BEGINS) == set(Stage)


def test_a_step_put_between_two_others_must_fit_both(tmp_path: Path) -> None:
    lines, _ = entered(tmp_path, *WHOLE_WAY[:2])
    _, problems = entered(tmp_path, "S0,A1,verified,established,,2018-06-01T20:00", before=lines)
    assert [problem.code for problem in problems] == ["stage-skipped", "stage-skipped"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (["S1,A9,received,,,2018-06-01"], "unknown-subject"),
        (["S1,A1,rumoured,,,2018-06-01"], "unknown-choice"),
        (["S1,A1,received,,,"], "missing-value"),
        ([*WHOLE_WAY[:3], "S4,A1,put-to-party,,,2018-06-06,,2018-06-13"], "missing-value"),
        ([*WHOLE_WAY[:3], "S4,A1,put-to-party,,,2018-06-06,side-b,"], "missing-value"),
        ([*WHOLE_WAY[:3], "S4,A1,put-to-party,,,2018-06-06,side-b,2018-06-05"], "out-of-order"),
        ([*WHOLE_WAY[:4], "S5,A1,reply,,,2018-06-10,side-b"], "missing-value"),
        ([*WHOLE_WAY[:4], "S5,A1,before-joint-body,,,2018-06-10"], "reply-not-due"),
        ([*WHOLE_WAY[:2], "S3,A1,verified,,,2018-06-05,,,,accepted"], "wrong-stage"),
        ([*WHOLE_WAY[:2], "S3,A1,verified,,,2018-06-05,,,We did not."], "wrong-stage"),
        ([*WHOLE_WAY[:7], "S8,A1,action-reported,,,2018-06-30,side-b"], "missing-value"),
        ([*WHOLE_WAY[:8], "S9,A1,closed,,,2018-07-02"], "complainant-not-answered"),
        ([WHOLE_WAY[0], "S2,A1,closed,established,so,2018-06-03,,,,,yes"], "stage-skipped"),
        ([*steps(*way_to(Stage.BEFORE_JOINT_BODY))[1:], "S9,F1,closed,,,2018-07-02"], "stage-skipped"),
        ([*WHOLE_WAY[:2], "S3,A1,resolved-locally,,,2018-06-05"], "missing-value"),
        ([*WHOLE_WAY, "S10,A1,under-inquiry,,,2018-07-09"], "missing-value"),
    ],
)  # fmt: skip
def test_what_the_procedure_does_not_allow_is_refused_where_it_stands(
    tmp_path: Path, rows: list[str], code: str
) -> None:
    _, problems = entered(tmp_path, *rows)
    assert code in {problem.code for problem in problems}
    assert all(problem.file == "steps.csv" and problem.line > 1 for problem in problems)


def test_a_finding_of_the_missions_own_has_no_complainant(tmp_path: Path) -> None:
    way = [*steps(Stage.VERIFIED), "S2,F1,resolved-locally,,they withdrew,2018-06-05", "S3,F1,closed,,,2018-06-06"]
    assert proceeding(tmp_path, *way).stage is Stage.CLOSED


# ---- the reply -------------------------------------------------------------------------------------------------------


def test_a_party_may_reply_until_its_day_is_over(tmp_path: Path) -> None:
    asked = proceeding(tmp_path, *WHOLE_WAY[:4])

    def local(day: int) -> datetime:
        return datetime(2018, 6, day, tzinfo=UTC) - timedelta(hours=3)

    assert [asked.waits_for_reply(local(day)) for day in (5, 8, 13, 14)] == [False, True, True, False]
    assert not proceeding(tmp_path, *WHOLE_WAY[:5]).waits_for_reply(local(12))
    assert not proceeding(tmp_path, *WHOLE_WAY[:3]).waits_for_reply(local(8))


def put(tmp_path: Path, row: str, days: int = 7, before: Iterable[Line] = ()) -> Line:
    """Return a step that puts something to a party, read and given its day."""
    path = tmp_path / "steps.csv"
    path.write_text(f"{HEAD}\n{row}{',' * (len(COLUMNS) - 1 - row.count(','))}\n", encoding="utf-8")
    read, problems = read_sheet(STEPS, path, "Asia/Damascus", {Kind.ID: {"A1"}})
    assert problems == []
    [line] = with_reply_due(read, before, days, "Asia/Damascus")
    return line


@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.integers(1, 400))
def test_a_party_may_reply_to_the_end_of_the_last_of_its_days(day: date, days: int) -> None:
    with TemporaryDirectory() as folder:
        due = put(Path(folder), f"S4,A1,put-to-party,,,{day},side-b", days).span("reply_due")
    assert due is not None
    local = [instant.astimezone(ZoneInfo("Asia/Damascus")) for instant in (due.earliest, due.latest)]
    assert [each.date() for each in local] == [day + timedelta(days=days), day + timedelta(days=days + 1)]
    assert all((each - timedelta(microseconds=1)).date() < each.date() for each in local)  # both are where a day begins


def test_its_days_begin_with_the_last_on_which_it_may_have_been_put(tmp_path: Path) -> None:
    due = put(tmp_path, "S4,A1,put-to-party,,,2018-06-01/2018-06-06,side-b").span("reply_due")
    assert due == put(tmp_path, "S4,A1,put-to-party,,,2018-06-06,side-b").span("reply_due")


def test_a_day_that_is_given_is_kept_and_other_steps_have_none(tmp_path: Path) -> None:
    told = put(tmp_path, "S4,A1,put-to-party,,,2018-06-06,side-b,2018-06-08").values["reply_due"]
    assert told[1].startswith("2018-06-08T21:00")
    assert put(tmp_path, "S4,A1,verified,established,,2018-06-06").values["reply_due"] is None
    assert put(tmp_path, "S4,,,,,,,,,,,yes").values["reply_due"] is None


def test_what_a_party_was_told_once_stays(tmp_path: Path) -> None:
    row = "S4,A1,put-to-party,,,2018-06-06,side-b"
    first = put(tmp_path, row)
    assert put(tmp_path, row, days=3, before=[first]).values == first.values
    changed = (row.replace("side-b", "side-a"), row.replace("06-06", "06-07"))
    for other in changed:
        assert put(tmp_path, other, days=3, before=[first]).values["reply_due"] != first.values["reply_due"]
    assert put(tmp_path, f"{row},2018-06-30", before=[first]).values["reply_due"] != first.values["reply_due"]


def test_without_a_mandates_days_a_step_says_until_when(tmp_path: Path) -> None:
    _, problems = entered(tmp_path, *WHOLE_WAY[:3], "S4,A1,put-to-party,,,2018-06-06,side-b")
    assert [problem.code for problem in problems] == ["missing-value"]


def test_where_nobody_replied_in_time_it_goes_on(tmp_path: Path) -> None:
    told = proceeding(tmp_path, *WHOLE_WAY[:4], "S5,A1,before-joint-body,,,2018-06-14")
    assert told.replies == () and told.stage is Stage.BEFORE_JOINT_BODY


# ---- counting --------------------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(list(Result))), st.lists(st.sampled_from("abcdefgh")))
def test_all_that_is_counted_has_one_result(told: dict[str, Result], subjects: list[str]) -> None:
    day = Span(datetime(2018, 6, 1, tzinfo=UTC), datetime(2018, 6, 2, tzinfo=UTC), "day")
    known = proceedings(Step(f"S{id}", id, Stage.RECEIVED, day, result) for id, result in told.items())
    counted = results(subjects, known)
    assert sum(counted.values()) == len(subjects) and set(counted) == set(Result)
    assert not_ruled(counted) == sum(
        told.get(id, Result.PENDING) in (Result.PENDING, Result.UNABLE_TO_VERIFY) for id in subjects
    )


@given(st.lists(st.tuples(st.sampled_from(list(Stage)), st.integers(1, 28)), max_size=12, unique_by=lambda one: one[1]))
def test_what_was_let_in_never_skips_in_whatever_order_it_came(told: list[tuple[Stage, int]]) -> None:
    rows = [steps(*[Stage.RECEIVED] * (day - 1), stage)[-1] for stage, day in told]
    read = [Line(STEPS.name, cells[0], values_of(cells), line=1) for cells in (row.split(",") for row in rows)]
    lines, problems = admit(STEPS, read, (), [STEPS])
    assert {line.id for line in lines}.isdisjoint(problem.message.partition(":")[0] for problem in problems)
    way = [step.stage for step in steps_of(lines)]
    assert not way or way[0] in BEGINS
    assert all(then in NEXT[one] for one, then in pairwise(way))


# ---- what is taken back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "is_refused"), [("S2", True), ("S3", True), ("S5", False), ("S7", False), ("S9", False)]
)
def test_a_step_is_not_taken_back_that_a_later_one_needs(tmp_path: Path, step: str, is_refused: bool) -> None:
    before, _ = entered(tmp_path, *WHOLE_WAY)
    blank = ",".join([step, *[""] * (len(COLUMNS) - 2), "yes"])
    _, problems = entered(tmp_path, blank, before=before)
    assert [(problem.code, problem.line) for problem in problems] == [("stage-skipped", 2)] * is_refused
    assert all("without it" in problem.message for problem in problems)


def test_a_step_that_is_of_another_subject_now_may_be_missed_where_it_was(tmp_path: Path) -> None:
    before, _ = entered(tmp_path, *WHOLE_WAY[:3])
    _, problems = entered(tmp_path, "S2,A2,under-inquiry,,,2018-06-02", before=before)
    assert "stage-skipped" in [problem.code for problem in problems]
