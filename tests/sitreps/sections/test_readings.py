"""What flips between the parties' readings: a short table, where it is asked for."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import headings, tables
from trucewatch.sitreps.blocks import Paragraph, Section
from trucewatch.sitreps.material import Figures, Flipped, Readings
from trucewatch.sitreps.sections.readings import side_by_side

NAMES = ("nothing chosen", "Northern Army", "Southern Army")


def told(figures: Figures, *groups: Flipped, may_determine: bool = False) -> Section:
    found = replace(figures, readings=Readings(NAMES, groups), may_determine=may_determine)
    return Section("2", "", "", tuple(side_by_side(found)))


def test_where_it_is_not_asked_for_it_is_not_there(figures: Figures) -> None:
    assert side_by_side(replace(figures, readings=None)) == []


def test_every_reading_has_its_column_and_the_words_are_the_mandates(figures: Figures) -> None:
    group = Flipped("C1", ("undetermined", "violation", "untouched"), "the disputed area", 21)
    (table,) = tables(told(figures, group))
    assert table.head == ("Clause", *NAMES, "Because of", "Findings")
    assert table.rows == (("C1", "undetermined", "inconsistent", "not concerned", "the disputed area", "21"),)
    assert table.numeric == {5}
    (table,) = tables(told(figures, group, may_determine=True))
    assert table.rows[0][2] == "violation"


def test_they_are_counted_in_the_heading(figures: Figures) -> None:
    some = (Flipped("C1", ("undetermined",) * 3, "x", 2), Flipped("C2", ("undetermined",) * 3, "x", 3))
    assert headings(told(figures, *some).blocks) == ["What flips between the parties’ readings: 5"]


def test_where_nothing_flips_that_is_said(figures: Figures) -> None:
    section = told(figures)
    assert tables(section) == []
    words = [block.text for block in section.blocks if isinstance(block, Paragraph)]
    assert words[-1] == "No finding of this period comes out otherwise under any of them."
