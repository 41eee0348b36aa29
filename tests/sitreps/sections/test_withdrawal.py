"""Withdrawal: forces and weapons in place, and areas that are named apart."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import Tell, findings, said, tables
from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.languages import Language
from trucewatch.sitreps.material import AreaRow, Figures
from trucewatch.sitreps.sections.violations import violations
from trucewatch.sitreps.sections.withdrawal import special_areas, withdrawal


def test_every_clause_stands_in_one_section(
    agreement: Agreement, figures: Figures, english: Language, tell: Tell
) -> None:
    told = tuple(replace(tell(clause.id), clause=clause.id) for clause in agreement.clauses)
    both = replace(figures, told=told)
    kept = findings(violations(both, agreement, english))
    moved = findings(withdrawal(both, agreement, english))
    assert kept == ["C1"] and moved == ["C2", "C3", "C4"]


def test_presence_is_counted_with_the_withdrawals(agreement: Agreement, figures: Figures, english: Language) -> None:
    told = replace(figures, acts={"presence-of-forces": 4, "withdrawal-done": 1, "shelling": 2})
    (table,) = tables(withdrawal(told, agreement, english))
    assert table.rows == (("presence of forces", "4"), ("withdrawal done", "1"))


def test_named_areas_are_told_apart(agreement: Agreement, figures: Figures) -> None:
    now = {"violation": 3, "outside_scope": 0, "undetermined": 1}
    told = replace(figures, areas=(AreaRow("area-of-separation", "Area of separation", now, None), *figures.areas[:1]))
    (table,) = tables(special_areas(told, agreement))
    assert table.rows == (("Area of separation", "3", "0", "1"),)
    none = replace(agreement, zones={id: replace(zone, part_of="") for id, zone in agreement.zones.items()})
    assert said(special_areas(figures, none)) == ["The agreement names no area apart from its zones."]


def test_a_named_area_that_was_never_drawn_is_named(agreement: Agreement, figures: Figures) -> None:
    hidden = replace(agreement.zones["area-of-separation"], shape=None)
    section = special_areas(
        replace(figures, areas=()), replace(agreement, zones={**agreement.zones, hidden.id: hidden})
    )
    assert said(section) == ["Never drawn, so no incident can be placed in it: Area of separation."]


def test_an_agreement_that_asks_for_no_withdrawal_says_so(
    agreement: Agreement, figures: Figures, english: Language
) -> None:
    without = replace(agreement, clauses=agreement.clauses[:1])
    section = withdrawal(figures, without, english)
    assert "No clause asks for a withdrawal, a ceiling or a storage site." in said(section)
    assert not findings(section)
