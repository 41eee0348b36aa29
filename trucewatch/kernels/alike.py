"""Alike: rows that nothing tells apart, so that one is compared for all of them; and pairs of rows in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.kernels.compiled import frozen, kernel

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FEW_PAIRS = 20_000
_ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Alike:
    """Classes of rows: `of` is the class of each row; those of class i are `rows[offsets[i] : offsets[i + 1]]`, rising.

    A class that holds a single row is as good as the row.
    """

    of: Numbers
    offsets: Numbers
    rows: Numbers

    @property
    def first(self) -> Numbers:
        """The first row of each class."""
        return self.rows[self.offsets[:-1]]

    @property
    def sizes(self) -> Numbers:
        """How many rows each class holds."""
        return np.diff(self.offsets)

    def spread(self, left: Numbers, right: Numbers, crowded: Flags) -> tuple[Numbers, Numbers, Numbers]:
        """Return the pairs of rows (left, right), left < right, that pairs of classes stand for, and of which each is.

        Two classes stand for each row of one with each of the other, a class with itself for all pairs within. Where
        either is `crowded` every row is paired with a single one of the other class, or with the next of its own.
        """
        mine, yours = self.sizes[left], self.sizes[right]
        if (mine == 1).all() and (yours == 1).all() and (left != right).all():
            one, other = self.first[left], self.first[right]
            return np.minimum(one, other), np.maximum(one, other), np.arange(len(left))
        is_self, is_crowded = left == right, crowded[left] | crowded[right]
        many = np.where(is_self, mine * (mine - 1) // 2, mine * yours)
        few = np.where(is_self, mine - 1, np.maximum(mine, yours))
        counts = np.where(is_crowded, few, many)
        one, other, which = (np.empty(int(counts.sum()), np.int64) for _ in range(3))
        run = _spread.fast() if len(which) > _FEW_PAIRS else _spread
        run(
            frozen(left, np.int64), frozen(right, np.int64), frozen(is_crowded, np.bool_),
            frozen(self.offsets, np.int64), frozen(self.rows, np.int64), one, other, which,
        )  # fmt: skip
        return one, other, which


def alike(tables: Sequence[npt.NDArray[np.generic]], order: Numbers) -> Alike:
    """Return classes of the rows that are equal in every column of some tables of 64-bit values, bit by bit.

    Classes are numbered as their first rows stand in `order`, which lists each row once.
    """
    values = [
        np.ascontiguousarray(table).view(np.uint64).reshape(len(table), *table.shape[1:] or (1,)) for table in tables
    ]
    number = len(order)
    mixed = np.zeros(number, np.uint64)
    for table in values:
        mixed *= _ODD
        odd = np.multiply.accumulate(np.full(table.shape[1], _ODD))
        mixed += (table @ odd).astype(np.uint64)
    several = np.flatnonzero(pl.Series(mixed).is_duplicated())
    by_mix = several[np.argsort(mixed[several], kind="stable")]
    is_new = np.append(True, mixed[by_mix[1:]] != mixed[by_mix[:-1]])[: len(by_mix)]
    again, first_of = by_mix[~is_new], by_mix[is_new][np.cumsum(is_new) - 1][~is_new]
    # What only happens to be mixed into the same number is a class of its own.
    same = np.logical_and.reduce([(table[again] == table[first_of]).all(axis=1) for table in values])
    first = np.arange(number)
    first[again[same]] = first_of[same]
    firsts = order[first[order] == order]
    of = np.empty(number, np.int64)
    of[firsts] = np.arange(len(firsts))
    of = of[first]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(firsts)))])
    rows = firsts if len(firsts) == number else np.argsort(of, kind="stable")
    return Alike(of, offsets, rows)


def in_order(left: Numbers, right: Numbers, number: int) -> Numbers:
    """Return the order in which pairs of rows, of which there are `number`, rise by left and then by right."""
    if len(left) <= _FEW_PAIRS:
        return np.argsort(left * number + right, kind="stable")
    order = np.arange(len(left))
    for values in (right, left):
        sorted_by = np.empty(len(left), np.int64)
        _sort_by.fast()(frozen(values, np.int64), frozen(order, np.int64), np.zeros(number + 1, np.int64), sorted_by)
        order = sorted_by
    return order


@kernel
def _sort_by(values: Numbers, order: Numbers, until: Numbers, sorted_by: Numbers) -> None:
    """Write an order sorted by its values, equal ones as they stood; `until` is zeros, one for each value and more."""
    for value in values:
        until[value + 1] += 1
    for value in range(1, len(until)):
        until[value] += until[value - 1]
    for at in order:
        sorted_by[until[values[at]]] = at
        until[values[at]] += 1


@kernel
def _spread(
    left: Numbers,
    right: Numbers,
    is_crowded: Flags,
    offsets: Numbers,
    rows: Numbers,
    one: Numbers,
    other: Numbers,
    which: Numbers,
) -> None:
    found = 0
    for pair in range(len(left)):
        a0, a1 = offsets[left[pair]], offsets[left[pair] + 1]
        b0, b1 = offsets[right[pair]], offsets[right[pair] + 1]
        is_self = a0 == b0
        steps = a1 - a0
        if is_crowded[pair]:
            steps = steps - 1 if is_self else max(steps, b1 - b0)
        for step in range(steps):
            mine = a0 + step % (a1 - a0)
            first, last = b0, b1
            if is_crowded[pair]:
                first = mine + 1 if is_self else b0 + step % (b1 - b0)
                last = first + 1
            elif is_self:
                first = mine + 1
            for yours in range(first, last):
                one[found] = min(rows[mine], rows[yours])
                other[found] = max(rows[mine], rows[yours])
                which[found] = pair
                found += 1
