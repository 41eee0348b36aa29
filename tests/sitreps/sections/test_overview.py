"""Page one: counts, areas, and what could not be seen; of a part of the findings nothing that was not counted."""

from __future__ import annotations

from dataclasses import replace

from tests.sitreps.sections.told import headings, said, tables
from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.blocks import PARTS, Heading, Picture
from trucewatch.sitreps.languages import Language
from trucewatch.sitreps.map import draw_map
from trucewatch.sitreps.material import AreaRow, Figures
from trucewatch.sitreps.sections.overview import flash, overview


def test_its_parts_are_those_that_a_layout_cuts_it_into(figures: Figures, agreement: Agreement) -> None:
    ids = [block.id for block in overview(figures, agreement, None).blocks if isinstance(block, Heading)]
    assert [id for id in ids if id in PARTS] == list(PARTS)
    assert [id for id, _ in overview(figures, agreement, None).parts] == ["assessment", *PARTS]


def test_counts_stand_with_the_presumption_and_without_it(figures: Figures, agreement: Agreement) -> None:
    counts, _ = tables(overview(figures, agreement, None))
    assert [row[1:] for row in counts.rows] == [("1", "1", "2"), ("0", "1", "3")]
    counts, _ = tables(overview(replace(figures, strict_counts=None), agreement, None))
    assert len(counts.rows) == 1


def test_of_a_part_nothing_is_said_that_only_the_whole_can_say(figures: Figures, agreement: Agreement) -> None:
    whole, part = (overview(figures, agreement, None, is_whole=is_whole) for is_whole in (True, False))
    assert "On whose word" in headings(whole.blocks) and "On whose word" not in headings(part.blocks)
    assert "was not received" in tables(whole)[1].caption and "was not received" not in tables(part)[1].caption


def test_the_period_before_stands_beneath_or_is_said_not_to_be_received(figures: Figures, agreement: Agreement) -> None:
    now, before = {"violation": 3, "outside_scope": 0, "undetermined": 0}, {"violation": 7}
    rows = (AreaRow("daraa", "Daraa", now, before), AreaRow("suwayda", "As Suwayda", now, None))
    areas = tables(overview(replace(figures, areas=rows), agreement, None))[1]
    assert areas.rows == (("Daraa", "3\n7", "0\n0", "0\n0"), ("As Suwayda", *(f"{n}\nnot received" for n in "300")))


def test_it_shows_the_small_map_where_there_is_one(figures: Figures, agreement: Agreement, english: Language) -> None:
    small = draw_map(figures, agreement, english, is_small=True)
    assert small is not None
    (picture,) = [b for b in overview(figures, agreement, small).blocks if isinstance(b, Picture)]
    assert picture.svg == small.svg
    assert "None of the agreement's zones was ever drawn, so there is no map." in said(
        overview(figures, agreement, None)
    )


def test_where_nobody_is_named_it_says_so(figures: Figures, agreement: Agreement) -> None:
    told = overview(replace(figures, concentration=None, not_seen=()), agreement, None)
    assert "No report names who told it." in said(told)
    assert "Nothing was found that the sources could not have seen." in said(told)


def test_a_flash_report_is_one_finding_and_what_nobody_saw(figures: Figures, agreement: Agreement) -> None:
    one = flash(replace(figures, told=figures.told[:1]), agreement)
    assert headings(one.blocks) == ["Violation: 1", "What could not be seen"]
