"""Checks: the worked examples of an agreement come out as written, or are told by line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.ford import write_ford
from trucewatch.agreement.examples import Example, read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement, Answer, Asked, Inspection, Notification, Quota
from trucewatch.checks import check
from trucewatch.logs.inspections import InspectionOutcome, Promise
from trucewatch.logs.stages import Result, Stage
from trucewatch.shipped import shipped


@pytest.mark.parametrize("name", sorted(path.name for path in shipped("agreements").iterdir() if path.is_dir()))
def test_the_worked_examples_of_what_ships_come_out_as_written(name: str) -> None:
    agreement, problems, examples = check(name)
    assert problems == []
    assert examples >= (30 if agreement.id == "south-syria-2017" else 6)


def test_an_example_that_comes_out_otherwise_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "agreement"
    shutil.copytree(shipped("agreements") / "south-syria-2017", folder)
    text = (folder / "examples.yml").read_text(encoding="utf-8")
    wrong = text.replace("expect: violation", "expect: untouched", 1)
    (folder / "examples.yml").write_text(wrong, encoding="utf-8")
    _, (problem,), _ = check(folder)
    line = next(n for n, (a, b) in enumerate(zip(text.split("\n"), wrong.split("\n"), strict=True), 1) if a != b)
    assert problem.code == "example-differs"
    assert problem.line <= line and "comes to violation" in problem.message


# ---- every kind has an example ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Agreement, Example]]:
    """Return every worked example that ships, and those of the page on duties."""
    folders = [path for path in shipped("agreements").iterdir() if (path / "agreement.yml").exists()]
    folders.append(write_ford(tmp_path_factory.mktemp("page") / "ford"))
    agreements = [read_agreement(folder) for folder in folders]
    return [(agreement, example) for agreement in agreements for example in read_examples(agreement)[0]]


def test_every_stage_and_every_result_of_an_allegation_has_a_worked_example(
    worked: list[tuple[Agreement, Example]],
) -> None:
    assert {example.stage for _, example in worked} >= set(Stage)
    assert {example.result for _, example in worked} >= set(Result)


def test_every_kind_of_duty_has_examples_that_are_met_broken_and_open(worked: list[tuple[Agreement, Example]]) -> None:
    for kind in (type(None), Answer, Quota, Inspection):
        expected = {
            example.expect
            for law, example in worked
            if example.party and isinstance(law.clause(example.clause).owed, kind)
        }
        assert expected >= {"untouched", "violation", "undetermined"}, kind
    told = {example.expect for law, example in worked if isinstance(law.clause(example.clause).owed, Notification)}
    assert told == {"untouched", "undetermined"}  # silence is never known to hide an order


def test_every_outcome_of_an_inspection_has_an_example_under_what_it_tests(
    worked: list[tuple[Agreement, Example]],
) -> None:
    seen = {
        (owed.promise, cells["outcome"])
        for law, example in worked
        if isinstance(owed := law.clause(example.clause).owed, Inspection)
        for _, cells in example.beside["inspections"]
    }
    assert {outcome for promise, outcome in seen if promise is Promise.WEAPONS_KEPT} == set(InspectionOutcome)
    assert {promise for promise, _ in seen} == set(Promise)


def test_every_condition_has_examples_that_hold_fail_and_are_unknown(worked: list[tuple[Agreement, Example]]) -> None:
    concurrent = {example.expect for law, example in worked if law.clause(example.clause).concurrent_with}
    assert concurrent >= {"violation", "outside_scope", "undetermined"}
    for asked in (Asked.NOTICE, Asked.ATTEMPT):
        expected = {
            example.expect
            for law, example in worked
            if example.beside
            for exception in law.clause(example.clause).outside_scope
            if any(law.log_tests[name].asked is asked for name in exception.preconditions if name in law.log_tests)
        }
        assert expected >= {"violation", "outside_scope", "undetermined"}, asked


@pytest.mark.parametrize(
    ("before", "after", "code", "says"),
    [
        ("    stage: under-inquiry\n    result: pending", "    stage: verified\n    result: pending", "example-differs",
         "is under-inquiry, not verified"),
        ("    result: unfounded", "    result: established", "example-differs", "is unfounded, not established"),
        ("      channels: [{statement: c1", "      channelz: [{statement: c1", "unknown-sheet", "'channels'"),
        ("answered: 2021-05-10T20:00", "answered: 2021-05-09T20:00", "out-of-order", "answered before it is sent"),
        ("sender: Monitors, addressee", "sendr: Monitors, addressee", "unknown-column", "'sender'"),
        ("    party: east-army\n    received_until", "    party: east-armi\n    received_until", "example-unreadable",
         "'east-army'"),
    ],
)  # fmt: skip
def test_rows_of_a_worked_example_are_held_to_what_a_log_is(
    tmp_path: Path, before: str, after: str, code: str, says: str
) -> None:
    folder = write_ford(tmp_path / "ford")
    head, *examples = re.split(r"^(?=  - id: )", (folder / "examples.yml").read_text("utf-8"), flags=re.M)
    told = next(example for example in examples if before in example)
    (folder / "examples.yml").write_text(head + told.replace(before, after, 1), encoding="utf-8")
    _, problems, _ = check(folder)
    assert (code, True) in [(problem.code, says in str(problem)) for problem in problems], problems
    assert all(problem.line > 1 for problem in problems)
