"""Judgements: the algebra of possible outcomes, and what would settle an open one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.assessment.judgements import (
    CAN_OUTSIDE,
    CAN_UNTOUCHED,
    CAN_VIOLATE,
    Judgement,
    Outcome,
    minimal_sets,
    outcome_of,
)

BITS = st.sampled_from([CAN_UNTOUCHED, CAN_OUTSIDE, CAN_VIOLATE])


@pytest.mark.parametrize(
    ("possible", "outcome"),
    [
        (CAN_UNTOUCHED, Outcome.UNTOUCHED),
        (CAN_OUTSIDE, Outcome.OUTSIDE_SCOPE),
        (CAN_OUTSIDE | CAN_UNTOUCHED, Outcome.OUTSIDE_SCOPE),
        (CAN_VIOLATE, Outcome.VIOLATION),
        (CAN_VIOLATE | CAN_UNTOUCHED, Outcome.UNDETERMINED),
        (CAN_VIOLATE | CAN_OUTSIDE, Outcome.UNDETERMINED),
        (CAN_VIOLATE | CAN_OUTSIDE | CAN_UNTOUCHED, Outcome.UNDETERMINED),
    ],
)
def test_an_outcome_is_what_every_completion_comes_to(possible: int, outcome: Outcome) -> None:
    assert outcome_of(possible) == outcome
    assert Judgement(possible, (), (), False).outcome == outcome


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    shape = draw(st.lists(st.integers(2, 3), min_size=1, max_size=4))
    size = int(np.prod(shape))
    bits = draw(st.lists(BITS, min_size=size, max_size=size))
    return np.array(bits, dtype=np.uint8).reshape(shape)


def settles(bits: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], known: set[int]) -> bool:
    """Whether knowing some dimensions always leaves one outcome: looked up cell by cell, without any reduction."""
    groups: dict[tuple[int, ...], set[int]] = {}
    for cell in itertools.product(*(range(n) for n in bits.shape)):
        groups.setdefault(tuple(cell[d] for d in sorted(known)), set()).add(int(bits[cell]))
    return all(found == {CAN_VIOLATE} or CAN_VIOLATE not in found for found in groups.values())


@given(tables())
def test_what_would_settle_it_is_every_smallest_set_that_does_and_no_other(
    bits: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> None:
    names = [f"d{n}" for n in range(bits.ndim)]
    told = {frozenset(names.index(name) for name in way) for way in minimal_sets(bits, names)}
    every = [set(c) for size in range(1, bits.ndim + 1) for c in itertools.combinations(range(bits.ndim), size)]
    enough = [known for known in every if settles(bits, known)]
    smallest = {frozenset(known) for known in enough if not any(other < known for other in enough)}
    assert told == smallest
