"""Alike: equal rows are one class, classes stand for the pairs of their rows, and pairs come in order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.kernels import alike as module
from trucewatch.kernels.alike import Alike, alike, in_order

ROWS = st.lists(
    st.tuples(st.sampled_from([0.0, 1.5, float("nan")]), st.integers(-1, 1), st.integers(0, 1)), max_size=20
)
Row = tuple[float, int, int]


def classes(rows: list[Row]) -> Alike:
    floats = np.array([row[:1] for row in rows], np.float64).reshape(-1, 1)
    numbers = np.array([row[1:] for row in rows], np.int64).reshape(-1, 2)
    return alike([floats, numbers[:, 0], numbers[:, 1]], np.arange(len(rows))[::-1])


@given(ROWS)
def test_rows_are_of_one_class_where_they_are_equal(rows: list[Row]) -> None:
    found = classes(rows)
    for one, other in itertools.combinations(range(len(rows)), 2):
        assert (found.of[one] == found.of[other]) == (repr(rows[one]) == repr(rows[other]))
    for number, (first, last) in enumerate(itertools.pairwise(found.offsets)):
        assert found.rows[first:last].tolist() == np.flatnonzero(found.of == number).tolist()


@given(ROWS)
def test_classes_are_numbered_as_their_first_rows_stand_in_the_order(rows: list[Row]) -> None:
    first = classes(rows).first.tolist()
    assert first == sorted(first, reverse=True)


@given(ROWS)
def test_rows_that_are_mixed_into_one_number_by_chance_are_kept_apart(rows: list[Row]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ODD", np.uint64(0))
        found = classes(rows)
    for one, other in itertools.combinations(range(len(rows)), 2):
        assert found.of[one] != found.of[other] or repr(rows[one]) == repr(rows[other])


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.sets(st.integers(0, 3)), st.booleans())
def test_classes_stand_for_the_pairs_of_their_rows(of: list[int], crowd: set[int], is_fast: bool) -> None:
    some = alike([np.array(of)], np.arange(len(of)))
    number = len(some.sizes)
    left, right = np.triu_indices(number)
    crowded = np.isin(np.arange(number), sorted(crowd))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW_PAIRS", -1 if is_fast else 10_000)
        one, other, which = some.spread(left, right, crowded)
    told = list(zip(one.tolist(), other.tolist(), strict=True))
    assert len(told) == len(set(told)) and (one < other).all()
    for pair in range(len(left)):
        a, b = int(left[pair]), int(right[pair])
        mine, yours = (np.flatnonzero(some.of == side).tolist() for side in (a, b))
        every = {(min(m, y), max(m, y)) for m in mine for y in yours if m != y}
        here = {told[at] for at in np.flatnonzero(which == pair)}
        assert here <= every
        if crowded[a] or crowded[b]:
            assert {row for link in here for row in link} == {row for link in every for row in link}
            assert len(here) == (len(mine) - 1 if a == b else max(len(mine), len(yours)))
        else:
            assert here == every


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_pairs_rise_by_left_and_then_by_right_in_either_form(pairs: list[tuple[int, int]]) -> None:
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T
    order = in_order(left, right, 10)
    assert [pairs[at] for at in order] == sorted(pairs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW_PAIRS", -1)
        assert in_order(left, right, 10).tolist() == order.tolist()
