"""Harm: as reported and verified apart, and what civilians live by."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import Tell, WithTold, said, tables
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.sections.harm import harm


def test_civilian_harm_is_told_as_reported_and_verified_apart(tell: Tell, with_told: WithTold) -> None:
    told = with_told(
        replace(tell("a", incident="i1", status="corroborated"), civilians_dead=3),
        replace(tell("b", incident="i1", status="corroborated"), civilians_dead=3),  # under another clause
        replace(tell("c", incident="i2", status="reported"), civilians_dead=2),
        tell("d", incident="i3"),
    )
    section = harm(told)
    counts, listing = tables(section)
    assert [row[1:] for row in counts.rows] == [("2", "5"), ("1", "3")]
    assert len(listing.rows) == 2 and listing.is_folded
    assert "Verified by the mission: no verification of civilian harm is recorded yet." in said(section)


def test_acts_against_what_civilians_live_by_are_counted_by_kind(figures: Figures) -> None:
    told = replace(figures, acts={"humanitarian-access-restricted": 2, "property": 1, "shelling": 40})
    (acts,) = [table for table in tables(harm(told)) if "kind of act" in table.caption]
    assert acts.rows == (("humanitarian access restricted", "2"), ("looting or destruction of property", "1"))
    assert "No report received tells of an act of these kinds." in said(harm(figures))
