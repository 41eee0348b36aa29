"""Duties: what was owed by a day, in a period, to a question, at a site; and that silence alone breaks none of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ford import ATTESTATIONS, AUGUST, LOGS, REPORTS, WINDOWS, at, attestation, ford, judged, logs, report
from trucewatch.actors import Actor, Affiliation, AffiliationStatement, Register, write_pairs
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.beside import Beside
from trucewatch.claims import claims_table
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.logs.inspections import InspectionOutcome, Promise, SiteInspection
from trucewatch.logs.liaison import Notice, Subject
from trucewatch.views import view
from trucewatch.when import Span

TEXT = """
format: 1
agreement: limits
title: {en: An agreement on limits}
timezone: UTC
in_force: [2020-03-01]
bound:
  north: {actors: [north-army]}
  south: {actors: [south-army]}
terms:
  due:
    rivals:
      early: {at: "2020-03-03"}
      late: {at: "2020-03-10"}
clauses:
  begin:
    text: {en: The north begins to withdraw.}
    duty: {acts: [withdrawal-begun], who: [north], by: $due}
  never-late:
    text: {en: The south gives notice.}
    duty: {acts: [notice-given], who: [south]}
"""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    folder: Path = tmp_path_factory.mktemp("limits")
    (folder / "agreement.yml").write_text(TEXT)
    (folder / "actors.yml").write_text(
        "format: 1\nactors:\n  north-army: {names: [the north]}\n  south-army: {names: [the south]}\n"
    )
    read = read_agreement(folder)
    assert not read.problems
    return read


def told(name: str, day: int, **more: Any) -> dict[str, Any]:
    first = datetime(2020, 3, day, tzinfo=UTC)
    return report(name, "presence-of-forces", 0, "the south") | {
        "earliest": first, "latest": first + timedelta(days=1), **more,
    }  # fmt: skip


def judge(agreement: Agreement, *reports: dict[str, Any], beside: Beside | None = None) -> pl.DataFrame:
    columns = {name: [row[name] for row in reports] for name in reports[0]}
    incidents = corroborate(view(claims_table(columns), Level.SEALED))
    found = assess(incidents, agreement, beside=beside or Beside())
    return found.filter(pl.col("subject_kind") == "occasion")


def withdrawal(name: str, day: int) -> dict[str, Any]:
    return told(name, day, act="withdrawal-begun", pairs=write_pairs([("the north", "")]))


LAST = told("last", 31)


# ---- an act by a day -------------------------------------------------------------------------------------------------


def test_a_duty_of_which_nothing_was_reported_wants_a_complete_record(
    agreement: Agreement,
) -> None:
    (row,) = judge(agreement, LAST).iter_rows(named=True)
    assert (row["clause"], row["outcome"], row["settled_by"]) == ("begin", Outcome.UNDETERMINED, '[["record"]]')


def test_a_duty_done_under_every_value_of_its_due_time_is_met(agreement: Agreement) -> None:
    assert judge(agreement, LAST, withdrawal("done", 3)).is_empty()


def test_a_duty_done_under_one_value_only_names_the_term(agreement: Agreement) -> None:
    (row,) = judge(agreement, LAST, withdrawal("done", 8)).iter_rows(named=True)
    assert row["settled_by"] == '[["record", "due"]]'
    assert row["rests_on"] == ["done"]


def test_a_duty_is_not_judged_before_every_value_of_its_due_time_has_passed(agreement: Agreement) -> None:
    assert judge(agreement, told("early", 5)).is_empty()


@pytest.mark.parametrize(("leaves", "is_met"), [(10, True), (3, False)])
def test_a_duty_is_done_by_a_part_of_the_party_while_it_is_one(agreement: Agreement, leaves: int, is_met: bool) -> None:
    part = AffiliationStatement(
        "brigade", "north-army", Affiliation.PART_OF, ("x",), latest=datetime(2020, 3, leaves, tzinfo=UTC)
    )
    actors = {**agreement.register.actors, "brigade": Actor("brigade", ("the brigade",))}
    with_part = replace(agreement, register=Register(actors, (part,)))
    done = withdrawal("done", 3) | {"pairs": write_pairs([("the brigade", "")])}
    assert judge(with_part, LAST, done).is_empty() == is_met


def test_a_duty_that_a_whole_record_does_not_hold_was_not_done(agreement: Agreement) -> None:
    whole = replace(attestation("withdrawal-step"), earliest=datetime(2020, 3, 1, tzinfo=UTC))
    (row,) = judge(agreement, LAST, beside=Beside(attestations=(whole,))).iter_rows(named=True)
    assert (row["outcome"], row["responsible"], row["settled_by"]) == (Outcome.VIOLATION, ["north"], "[]")


def test_a_record_of_half_the_time_proves_nothing(agreement: Agreement) -> None:
    half = replace(attestation("withdrawal-step"), earliest=datetime(2020, 3, 5, tzinfo=UTC))
    (row,) = judge(agreement, LAST, beside=Beside(attestations=(half,))).iter_rows(named=True)
    assert row["outcome"] == Outcome.UNDETERMINED


def test_who_knows_of_no_beginning_attests_no_whole_record(agreement: Agreement) -> None:
    whole = replace(attestation("withdrawal-step"), earliest=datetime(2000, 1, 1, tzinfo=UTC))
    timeless = replace(agreement, in_force=())
    (row,) = judge(timeless, LAST, beside=Beside(attestations=(whole,))).iter_rows(named=True)
    assert row["outcome"] == Outcome.UNDETERMINED


@pytest.mark.parametrize("actor", ["somebody", ""])
def test_a_report_that_may_tell_of_it_keeps_it_open(agreement: Agreement, actor: str) -> None:
    whole = replace(attestation("withdrawal-step"), earliest=datetime(2020, 3, 1, tzinfo=UTC))
    maybe = withdrawal("maybe", 2) | {"pairs": write_pairs([(actor, "")])}
    (row,) = judge(agreement, LAST, maybe, beside=Beside(attestations=(whole,))).iter_rows(named=True)
    assert row["outcome"] == Outcome.UNDETERMINED


def test_whoever_reserved_the_clause_owes_nothing(agreement: Agreement) -> None:
    begin = replace(agreement.clause("begin"), reserved_by=("north",))
    assert judge(replace(agreement, clauses=(begin,)), LAST).is_empty()


# ---- what silence is -------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(REPORTS, LOGS, WINDOWS)
def test_an_omission_is_never_a_violation_without_an_attested_record(
    reports: list[dict[str, Any]], beside: Beside, windows: tuple[Any, ...]
) -> None:
    """Nor do windows attest anything: what shows that something was not done in time is that it was done too late."""
    found = judged(reports, replace(beside, windows=windows))
    broken = found.filter((pl.col("subject_kind") == "occasion") & (pl.col("outcome") == Outcome.VIOLATION))
    for row in broken.iter_rows(named=True):
        assert row["clause"] == "F2-answer"
        (late,) = [n for n in beside.notices if n.sent == row["earliest"] and n.answered and n.addressee == "east"][:1]
        assert late.answered is not None and late.answered > row["latest"]


@settings(deadline=None)
@given(REPORTS, LOGS, ATTESTATIONS, ATTESTATIONS, WINDOWS)
def test_more_coverage_never_removes_a_violation(
    reports: list[dict[str, Any]], beside: Beside, known: tuple[Any, ...], more: tuple[Any, ...], windows: Any
) -> None:
    def broken(logs: Beside) -> set[str]:
        found = judged(reports, logs)
        return set(found.filter(pl.col("outcome") == Outcome.VIOLATION)["finding"])

    before = replace(beside, attestations=known)
    after = replace(beside, attestations=(*known, *more), windows=windows)
    assert broken(before) <= broken(after)


# ---- an answer -------------------------------------------------------------------------------------------------------


def query(sent: float, answered: float | None = None, **more: Any) -> Notice:
    return Notice("n1", "telephone", "mission", "east", Subject.QUERY, at(sent),
                  answered=None if answered is None else at(answered), **more)  # fmt: skip


def owed(beside: Beside, clause: str, *reports: dict[str, Any]) -> list[dict[str, Any]]:
    found = judged(reports, beside)
    return found.filter((pl.col("clause") == clause) & (pl.col("subject_kind") == "occasion")).to_dicts()


@given(wait=st.floats(0, 60).map(lambda hours: round(hours * 4) / 4))
def test_an_answer_is_owed_within_its_hours(wait: float) -> None:
    outcomes = [row["outcome"] for row in owed(logs(notices=(query(100, 100 + wait),)), "F2-answer")]
    assert outcomes == ([] if wait <= 24 else [Outcome.VIOLATION])


def test_no_answer_is_known_by_a_whole_log_alone() -> None:
    silent = logs(notices=(query(100),))
    assert [row["settled_by"] for row in owed(silent, "F2-answer")] == ['[["record"]]']
    whole = replace(silent, attestations=(attestation("notices"),))
    assert [row["outcome"] for row in owed(whole, "F2-answer")] == [Outcome.VIOLATION]


def test_nothing_is_late_before_what_was_heard_ends() -> None:
    assert owed(logs(notices=(query(100),), received_until=at(110)), "F2-answer") == []


def test_what_was_asked_before_the_clause_holds_is_owed_by_nobody() -> None:
    assert owed(logs(notices=(query(-30),)), "F2-answer") == []


def test_a_notice_to_another_is_not_theirs_to_answer() -> None:
    assert owed(logs(notices=(replace(query(100), addressee="west"),)), "F2-answer") == []


def test_two_questions_at_one_time_are_two_findings() -> None:
    both = (query(100), replace(query(100), id="n2"))
    assert len({row["finding"] for row in owed(logs(notices=both), "F2-answer")}) == 2


# ---- a number in every period ----------------------------------------------------------------------------------------

THIRD = 24 * 2  # the third of May, on which the first period begins


def on_the_third(beside: Beside, *reports: dict[str, Any]) -> str:
    first = [row for row in owed(beside, "F3-convoys", *reports) if row["earliest"] == at(THIRD)]
    return first[0]["outcome"] if first else "met"


def convoys(name: str, number: int | None, hours: float = THIRD + 5, **more: Any) -> dict[str, Any]:
    counted = {"count_low": number, "count_high": number, "count_unit": None if number is None else "convoys"}
    return report(name, "humanitarian-convoy", hours, **{**counted, **more})


@given(st.lists(st.integers(0, 3), max_size=3), st.booleans())
def test_a_quota_is_met_by_what_all_reports_surely_count(numbers: list[int], is_whole: bool) -> None:
    told = [convoys(f"r{n}", number, THIRD + 2 + 5 * n) for n, number in enumerate(numbers)]
    beside = logs(attestations=(attestation("humanitarian-convoy"),) if is_whole else ())
    expected = "met" if sum(numbers) >= 2 else Outcome.VIOLATION if is_whole else Outcome.UNDETERMINED
    assert on_the_third(beside, *told) == expected


@pytest.mark.parametrize(
    "perhaps",
    [
        {"pairs": write_pairs([("somebody", "")])},
        {"act": "act"},
        {"lon": 24.0},  # across the edge of the ford
        {"earliest": at(THIRD + 20), "latest": at(THIRD + 30)},  # that day or the next
    ],
)
def test_what_may_have_passed_keeps_a_short_count_open(perhaps: dict[str, Any]) -> None:
    told = (convoys("one", 1), convoys("perhaps", 1, THIRD + 12) | perhaps)
    assert on_the_third(logs(attestations=(attestation("humanitarian-convoy"),)), *told) == Outcome.UNDETERMINED


def test_one_at_least_may_be_two() -> None:
    told = convoys("one", 1, count_high=None)
    assert on_the_third(logs(attestations=(attestation("humanitarian-convoy"),)), told) == Outcome.UNDETERMINED


def test_a_period_that_is_not_over_is_not_judged() -> None:
    assert owed(logs(received_until=at(THIRD + 12)), "F3-convoys") == []
    assert len(owed(logs(received_until=at(THIRD + 48)), "F3-convoys")) == 2
    assert len(owed(logs(), "F3-convoys")) == 29  # from the third of May until the last


# ---- word of an order ------------------------------------------------------------------------------------------------


def test_that_nobody_told_of_an_order_is_never_a_violation() -> None:
    fire = report("fire", "small-arms-fire", 100)
    whole = logs(attestations=(attestation("notices"),))
    (row,) = owed(whole, "F8-order", fire)
    assert (row["outcome"], row["settled_by"]) == (Outcome.UNDETERMINED, '[["order", "record"]]')
    order = Notice("n1", "telephone", "east", "west", Subject.ORDER, at(110), about_finding="fire")
    assert owed(replace(whole, notices=(order,)), "F8-order", fire) == []
    assert len(owed(replace(whole, notices=(replace(order, sent=at(130)),)), "F8-order", fire)) == 1


# ---- a site ----------------------------------------------------------------------------------------------------------

SITES = """
format: 1
agreement: sites
title: Sites
timezone: UTC
bound: {north: {actors: [north-army]}, south: {actors: [south-army]}}
zones: {hills: {known: false}, plain: {known: false}}
terms: {gone: {rivals: {early: {at: 2020-03-03}, late: {at: 2020-03-10}}}}
clauses:
  weapons-kept: {text: What was withdrawn stays., duty: {inspections: weapons-kept, who: [north], from: $gone}}
  access: {text: Let us in., duty: {inspections: access, who: [north], in: hills, from: 2020-03-01, until: 2020-03-31}}
  serial-numbers: {text: Let us read., duty: {inspections: serial-numbers}, standard: clear-and-convincing}
"""


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    folder: Path = tmp_path_factory.mktemp("sites")
    (folder / "agreement.yml").write_text(SITES)
    (folder / "actors.yml").write_text(
        "format: 1\nactors:\n  north-army: {names: [the north]}\n  south-army: {names: [the south]}\n"
    )
    read = read_agreement(folder)
    assert not read.problems
    return read


def visit(outcome: InspectionOutcome, day: int = 20, party: str = "north-army", area: str = "hills") -> SiteInspection:
    first = datetime(2020, 3, day, tzinfo=UTC)
    return SiteInspection("i1", "site-1", area, party, Span(first, first + timedelta(days=1), "day"), outcome)


def found(sites: Agreement, clause: str, one: SiteInspection) -> tuple[str, str] | None:
    beside = Beside(inspections=(one,), received_until=AUGUST)
    table = assess(corroborate(view(claims_table({"claim_key": []}), Level.SEALED)), sites, beside=beside)
    rows = table.filter(pl.col("clause") == clause).to_dicts()
    assert len(rows) <= 1
    return (rows[0]["outcome"], rows[0]["settled_by"]) if rows else None


@pytest.mark.parametrize("outcome", InspectionOutcome)
@pytest.mark.parametrize("promise", [Promise.WEAPONS_KEPT, Promise.ACCESS])
def test_a_site_breaks_a_promise_keeps_it_or_leaves_it_open(
    sites: Agreement, promise: Promise, outcome: InspectionOutcome
) -> None:
    one = visit(outcome)
    told = found(sites, promise, one)
    match one.keeps(promise):
        case True:
            assert told is None
        case False:
            assert told == (Outcome.VIOLATION, "[]")
        case None:
            assert told is not None and told[0] == Outcome.UNDETERMINED


def test_a_promise_that_holds_from_a_disputed_day_names_it(sites: Agreement) -> None:
    assert found(sites, "weapons-kept", visit(InspectionOutcome.MISSING, day=1)) is None
    between = found(sites, "weapons-kept", visit(InspectionOutcome.MISSING, day=5))
    assert between == (Outcome.UNDETERMINED, '[["gone"]]')


@pytest.mark.parametrize(("day", "is_in_force"), [(1, True), (31, True)])
def test_the_first_and_the_last_day_are_taken_in(sites: Agreement, day: int, is_in_force: bool) -> None:
    assert (found(sites, "access", visit(InspectionOutcome.ACCESS_REFUSED, day)) is not None) == is_in_force


def test_a_site_elsewhere_is_not_meant_and_one_that_lies_nobody_knows_where_may_be(sites: Agreement) -> None:
    assert found(sites, "access", visit(InspectionOutcome.ACCESS_REFUSED, area="plain")) is None
    told = found(sites, "access", visit(InspectionOutcome.ACCESS_REFUSED, area=""))
    assert told == (Outcome.UNDETERMINED, '[["where"]]')


def test_a_visit_without_a_recording_is_no_clear_and_convincing_proof(sites: Agreement) -> None:
    told = found(sites, "serial-numbers", visit(InspectionOutcome.SERIALS_REFUSED))
    assert told == (Outcome.UNDETERMINED, '[["proof"]]')


def test_nobody_answers_for_the_sites_of_another(sites: Agreement) -> None:
    assert found(sites, "weapons-kept", visit(InspectionOutcome.MISSING, party="south-army")) is None


def test_the_page_holds_every_kind_of_duty() -> None:
    assert {type(clause.owed).__name__ for clause in ford().clauses} >= {"Answer", "Quota", "Notification", "NoneType"}
