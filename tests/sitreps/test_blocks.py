"""Blocks: forms that hold words and no looks, and that nobody changes."""

from __future__ import annotations

import dataclasses

import pytest

from trucewatch.sitreps import blocks
from trucewatch.sitreps.blocks import Document, Paragraph, Section, Table

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
    document = Document("A ceasefire", "daily", "Daily", "en", "ltr", "PUBLIC", False, (), (), (section,))
    assert document == dataclasses.replace(document)
    assert document.log_head == document.qr == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        document.title = "another"  # type: ignore[misc]
