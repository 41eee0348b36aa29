"""Blocks: forms that hold words and no looks, and that nobody changes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.sitreps import blocks
from trucewatch.sitreps.blocks import ASSESSMENT, PARTS, Document, Heading, Paragraph, Section, Table, headed

FORMS = [
    form for form in vars(blocks).values() if dataclasses.is_dataclass(form) and form.__module__ == blocks.__name__
]


def test_every_form_is_frozen_and_takes_no_other_field() -> None:
    assert len(FORMS) == 9
    for form in FORMS:
        assert isinstance(form, type) and form.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert "__slots__" in vars(form)


def test_two_tables_share_nothing_that_one_of_them_left_open() -> None:
    one, other = (Table("", ("",), ()) for _ in range(2))
    assert one == other and one.shades is not other.shades and one.links is not other.links


def test_a_document_is_what_it_says() -> None:
    section = Section("8", "Liaison", "liaison", (Paragraph("No log is kept."),))
    labels, facts = {", ": ", "}, (("Period", "3 June 2018"),)
    document = Document(
        "A ceasefire", "daily", "Daily", "en", "ltr", "PUBLIC", False, facts, (), (section,), labels=labels
    )  # fmt: skip
    assert document.name == "PUBLIC: Daily, A ceasefire, 3 June 2018"
    assert document == dataclasses.replace(document)
    assert document.log_head == document.qr == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        document.title = "another"  # type: ignore[misc]


def test_a_section_is_headed_by_its_number_where_it_has_one() -> None:
    assert Section("8", "Liaison", "liaison", ()).numbered == "8 · Liaison"
    assert Section("", "Trends", "trends", ()).numbered == "Trends"


HEADINGS = st.lists(st.builds(Heading, st.text(max_size=3), st.sampled_from(["", *PARTS]), st.sampled_from([3, 4])))


@given(HEADINGS, st.integers(1, 3))
def test_no_heading_is_more_than_one_below_the_last(told: list[Heading], above: int) -> None:
    levels = [level for _, level in headed(told, above)]
    assert [block for block, _ in headed(told, above)] == told
    assert all(above < level <= above + 2 for level in levels)
    assert all(later <= earlier + 1 for earlier, later in zip([above, *levels], levels, strict=False))
    for heading, level, before in zip(told, levels, [above, *levels], strict=False):
        assert level == (above + 1 if heading.level == 3 else min(above + 2, before + 1))


@given(HEADINGS)
def test_the_parts_of_page_one_hold_all_of_it_in_order(told: list[Heading]) -> None:
    parts = list(Section("1", "Overview", "overview", (Paragraph("first"), *told)).parts)
    assert [block for _, blocks in parts for block in blocks] == [Paragraph("first"), *told]
    assert [id for id, _ in parts] == [ASSESSMENT, *(heading.id for heading in told if heading.id)]
