"""Material: the period before another, and figures that nobody changes once they are counted."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.sitreps import material
from trucewatch.sitreps.material import Cell, Figures, Period

FORMS = [
    form for form in vars(material).values() if dataclasses.is_dataclass(form) and form.__module__ == material.__name__
]
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(start=INSTANTS, length=st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_the_period_before_is_as_long_and_ends_where_this_one_starts(start: datetime, length: timedelta) -> None:
    period = Period(start, start + length, "told")
    first, last = period.before
    assert last == period.start
    assert last - first == length
    assert Period(first, last, "before").before[1] == first


def test_every_form_is_frozen_and_takes_no_other_field(figures: Figures) -> None:
    assert len(FORMS) == 15
    for thing in (figures, figures.period, figures.told[0], figures.windows[0], figures.areas[0], Cell("none found")):
        name = dataclasses.fields(thing)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, "another")
        assert not hasattr(thing, "__dict__")


def test_a_cell_without_counts_shares_none_with_another() -> None:
    one, other = Cell("none found"), Cell("not observed")
    assert one.counts == {}
    assert one.counts is not other.counts
