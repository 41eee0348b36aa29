"""Movement: restrictions by kind, and that none reported does not mean none."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import said, tables
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.movement import freedom


def test_restrictions_of_movement_are_told_by_kind(figures: Figures) -> None:
    told = replace(figures, acts={"movement-delayed": 1, "movement-denied": 3, "humanitarian-access-restricted": 9})
    section = freedom(told)
    assert tables(section)[0].rows == (("movement delayed", "1"), ("movement denied", "3"))
    assert "No report received tells of a restriction of the monitors’ freedom of movement." in said(freedom(figures))
    assert any("does not mean that none was hindered" in text for text in said(section))


def test_what_became_of_the_patrols_is_counted_in_the_order_in_which_it_comes(figures: Figures) -> None:
    section = freedom(replace(figures, patrols={"": 2, "cancelled": 1, "executed": 14, "turned-back": 3}))
    assert tables(section)[-1].rows == (
        ("executed", "14"),
        ("turned back", "3"),
        ("cancelled", "1"),
        ("not told yet", "2"),
    )
    assert not any("No patrol is on record" in text for text in said(section))
