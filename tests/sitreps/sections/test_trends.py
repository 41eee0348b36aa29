"""Trends: before and after, and month by month, with no claim of cause."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import headings, said, tables
from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.blocks import Picture
from trucewatch.sitreps.languages import Language
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.trends import trends


def test_before_and_after_stand_side_by_side_and_claim_no_cause(
    figures: Figures, agreement: Agreement, english: Language
) -> None:
    section = trends(figures, agreement, english)
    window, months = tables(section)
    assert window.rows == (("A – B", "73", "9"), ("C", "0", "2")) and window.foot == ("In all", "83", "15")
    assert window.bars == {(0, 1): 1.0, (0, 2): 9 / 73, (1, 2): 2 / 73}
    assert "no claim is made that the agreement caused any difference" in said(section)[0]
    assert [number for _, number in months.rows] == ["20", "77"]
    assert [block.width for block in section.blocks if isinstance(block, Picture)] == [720]


def test_what_was_not_received_is_not_compared(figures: Figures, agreement: Agreement, english: Language) -> None:
    section = trends(replace(figures, windows=(), by_month={}), agreement, english)
    assert headings(section.blocks) == ["Before and after", "Month by month"] and not tables(section)
    assert "No such day has thirty days on either side within what was received." in said(section)
    assert "No incident of the period was recorded by a source that records deaths." in said(section)
