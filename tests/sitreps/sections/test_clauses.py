"""Clauses: findings under their clauses, by outcome and month, with their tests and their chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.sitreps.sections.told import Tell, WithTold, headings
from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.blocks import Block, Findings, Paragraph
from trucewatch.sitreps.languages import Language
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.clauses import is_of_positions, terms_in_force, told_by_outcome, told_of_clause


def listed(blocks: list[Block]) -> list[tuple[str, tuple[str, ...], bool]]:
    return [(b.caption, tuple(told.id for told in b.items), b.is_open) for b in blocks if isinstance(b, Findings)]


def test_findings_stand_by_outcome_and_month_the_gravest_first(
    agreement: Agreement, tell: Tell, with_told: WithTold
) -> None:
    july = replace(tell("a", "violation"), earliest=datetime(2018, 6, 30, 21, tzinfo=UTC))  # the first in Damascus
    told = (tell("b"), july, tell("c", "violation"), tell("d", "outside_scope"))
    blocks = told_by_outcome(told, with_told(*told), agreement)
    assert headings(blocks) == ["Violation: 2", "Outside scope: 1", "Undetermined: 1"]
    assert listed(blocks) == [
        ("June 2018 · 1 finding", ("c",), True),
        ("July 2018 · 1 finding", ("a",), True),
        ("June 2018 · 1 finding", ("d",), False),
        ("June 2018 · 1 finding", ("b",), False),
    ]


def test_a_long_list_of_violations_is_folded_away_unless_all_stands_open(
    agreement: Agreement, tell: Tell, with_told: WithTold
) -> None:
    for number, is_open in ((20, True), (21, False)):
        told = tuple(tell(f"f{at:02d}", "violation") for at in range(number))
        assert [shown for *_, shown in listed(told_by_outcome(told, with_told(*told), agreement))] == [is_open]
        assert listed(told_by_outcome(told, with_told(*told), agreement, is_open=True))[0][2]


def test_a_clause_without_a_finding_says_so_after_what_is_outside_its_scope(
    agreement: Agreement, figures: Figures, english: Language
) -> None:
    ban = agreement.clause("C1")
    blocks = told_of_clause(ban, replace(figures, told=()), agreement, english)
    texts = [block.text for block in blocks if isinstance(block, Paragraph)]
    assert len(texts) == len(ban.outside_scope) + 1 and texts[-1] == "No finding in this period."
    assert all(text.startswith("Outside its scope: ") for text in texts[:-1])


def test_a_finding_tells_its_tests_and_each_report_to_file_and_line(
    agreement: Agreement, tell: Tell, with_told: WithTold
) -> None:
    repeat = {"how": "copies", "run": 12, "file": "wire.csv", "line": 3, "drift": [
        {"field": "dead", "change": "grew", "from": "2", "to": "3"}]}  # fmt: skip
    one = tell("a", report={"cites": '["a resident"]', "repeats": (repeat,)}, per_test=True)
    (found,) = [b for b in told_by_outcome((one,), with_told(one), agreement) if isinstance(b, Findings)]
    details = dict(found.details["a"])
    assert details["Tests"].startswith("when: yes, where: unknown, in scope: yes (each judged by itself")
    assert details["Report"] == ("UCDP 259726, events.csv:17; SOHR, citing a resident; open source, source grade B")
    assert details["Repeats"] == "wire.csv:3 (copies; longest run 12 words; changed: dead grew, 2 to 3)"
    assert details["Share of the place inside"] == "63 %" and details["Finding"] == "a"


def test_withdrawals_and_ceilings_are_about_positions(agreement: Agreement) -> None:
    assert [clause.id for clause in agreement.clauses if is_of_positions(clause)] == ["C2", "C3", "C4"]


def test_terms_of_demands_alone_are_in_no_sitrep(agreement: Agreement) -> None:
    shown = {term.id for term in terms_in_force(agreement)}
    assert shown and shown < set(agreement.terms)
