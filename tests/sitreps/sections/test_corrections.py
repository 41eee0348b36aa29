"""Corrections: what was told, what is told now, and why."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import said, tables
from trucewatch.sitreps.material import Correction, Figures
from trucewatch.sitreps.sections.corrections import corrections


def test_corrections_say_what_was_told_what_is_and_why(figures: Figures) -> None:
    changed = Correction("aa01", "Undetermined under C1.", "Violation of C1.", "a further report")
    gone = Correction("bb02", "Violation of C1.", "", "the report was withdrawn")
    (table,) = tables(corrections(replace(figures, corrections=(changed, gone))))
    assert table.rows == (
        ("aa01", "Undetermined under C1.", "Violation of C1.", "a further report"),
        ("bb02", "Violation of C1.", "no longer made", "the report was withdrawn"),
    )


def test_where_nothing_is_corrected_it_says_so(figures: Figures) -> None:
    assert said(corrections(figures)) == ["No earlier report is corrected."]
