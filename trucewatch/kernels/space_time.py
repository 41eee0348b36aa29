"""Space and time: which discs that last for a while lie near each other while both last."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trucewatch.kernels.compiled import frozen, kernel

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Made = TypeVar("Made")

_FEW_ROWS = 1_000
_BUFFER = 1 << 16
_THREADS = 2
# So many rows are swept by one thread in a go.
_STRETCH = 1 << 14
_AHEAD = 16
_MINUTE = 60_000_000
# Half a cell for discs of the least size, and how much wider the next sizes are. A cell is as wide as two of its
# discs can reach, so that what is near lies in a neighbouring cell; a wide disc looks for small ones in its own cells.
_LEAST_REACH_M = 4_000.0
_SIZE_STEP = 2.0
# Spans are sorted by their length likewise, so that one that lasts a year does not widen the window of all others.
_SPAN_STEPS_MIN = (36 * 60, 8 * 24 * 60, 64 * 24 * 60)
_CELL_BITS, _MINUTE_BITS = 11, 29
_CORNER_M = 6_400_000.0


@dataclass(slots=True)
class Near:
    """Pairs of rows that lie near each other, found a batch at a time; `skipped` counts those left out till then.

    `most` rows of one neighbouring cell, nearest in time, are looked at for each row; whatever more lie there in the
    time that would do are left out. A row may stand for several alike: `sizes` says for how many.
    """

    points: Floats  # x, y, z in metres, no further than the earth's radius from its centre; NaN: lies nowhere
    radius_m: Floats
    start: Numbers  # microseconds
    end: Numbers
    apart: Numbers  # rows of one group of this are not paired; -1: of no group
    sizes: Numbers
    slack_m: float
    slack: int  # microseconds
    most: int = 256
    skipped: int = 0
    cut: Flags = field(init=False)  # rows for which something was left out
    crowded: Flags = field(init=False)  # rows with more than `most` near them, counting what each stands for

    def __post_init__(self) -> None:
        self.cut, self.crowded = np.zeros(len(self.start), np.bool_), np.zeros(len(self.start), np.bool_)

    def pairs(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield batches of pairs (left, right), left < right, each pair once.

        Two rows are a pair where the distance of their points is at most the sum of their radii and the slack, and the
        time between their spans at most the slack; 0 where they overlap.
        """
        yield from self.each(lambda left, right: (left.copy(), right.copy()))

    def each(self, make: Callable[[Numbers, Numbers], Made]) -> Iterator[Made]:
        """Yield what `make` makes of each batch of `pairs`, in their order.

        Of many rows several batches are made at once, by threads; `make` may not keep the arrays that it is given.
        """
        sweeps = self._sweeps()
        if len(self.start) <= _FEW_ROWS:
            for sweep in sweeps:
                yield from self._counted(sweep.run(make))
            return
        with ThreadPoolExecutor(_THREADS) as threads:
            waiting = deque(threads.submit(sweep.run, make) for sweep in islice(sweeps, _AHEAD))
            while waiting:
                yield from self._counted(waiting.popleft().result())
                waiting.extend(threads.submit(sweep.run, make) for sweep in islice(sweeps, 1))

    def _counted(self, swept: tuple[list[Made], int]) -> list[Made]:
        self.skipped += swept[1]
        return swept[0]

    def _sweeps(self) -> Iterator[_Sweep]:
        lies = np.flatnonzero(np.asarray(~np.isnan(self.points).any(axis=1) & ~np.isnan(self.radius_m)))
        if len(lies) < 2:
            return
        reach = self.radius_m[lies] + self.slack_m / 2
        size = np.ceil(np.log(np.maximum(reach / _LEAST_REACH_M, 1.0)) / np.log(_SIZE_STEP) - 1e-9).astype(np.int64)
        length = np.searchsorted(_SPAN_STEPS_MIN, (self.end[lies] - self.start[lies]) // _MINUTE)
        told = _Told(
            np.column_stack([self.points, self.radius_m]), np.column_stack([self.start, self.end, self.apart]),
            self.sizes,
        )  # fmt: skip
        for this_size in np.flatnonzero(np.bincount(size)):
            width_m = 2 * _LEAST_REACH_M * _SIZE_STEP ** float(this_size)
            smaller, same = (
                [told.sorted(some, width_m) for of_length in range(len(_SPAN_STEPS_MIN) + 1)
                 if len(some := lies[of_size & (length == of_length)])]
                for of_size in (size < this_size, size == this_size)
            )  # fmt: skip
            for at, rows in enumerate(same):
                for others in (rows, *smaller, *same[:at]):
                    for first in range(0, len(rows.index), _STRETCH):
                        yield _Sweep(self, rows, others, first, min(first + _STRETCH, len(rows.index)))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows sorted by (cell, minute of their start): those of the n-th cell are `index[offset[n] : offset[n + 1]]`.

    The rest is told of each row as it stands here: minute; x, y, z, radius; start, end, group; and how many rows those
    before it stand for, with one more entry at the end.
    """

    cell: Numbers
    offset: Numbers
    index: Numbers
    minute: Numbers
    discs: Floats
    spans: Numbers
    before: Numbers


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of every row: x, y, z, radius; start, end, group; and how many it stands for."""

    discs: Floats
    spans: Numbers
    sizes: Numbers

    def sorted(self, rows: Numbers, width_m: float) -> _Rows:
        cell, minute, order = in_cells(self.discs[rows, :3], self.spans[rows, 0], width_m)
        cell, index = cell[order], rows[order]
        first = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
        return _Rows(
            frozen(cell[first], np.int64), frozen(np.append(first, len(cell)), np.int64),
            frozen(index, np.int64), frozen(minute[order], np.int64),
            frozen(self.discs[index], np.float64), frozen(self.spans[index], np.int64),
            frozen(np.concatenate([[0], np.cumsum(self.sizes[index])]), np.int64),
        )  # fmt: skip


def in_cells(points: Floats, start: Numbers, width_m: float) -> tuple[Numbers, Numbers, Numbers]:
    """Return the cube, so many metres wide, of each point (x, y, z), the minute of its start, and an order by both.

    What is nowhere is in no cube, and comes first.
    """
    nowhere: Flags = np.asarray(np.isnan(points).any(axis=1))
    cube = np.floor((points + _CORNER_M) / width_m)
    cube[nowhere] = 0
    x, y, z = cube.T.astype(np.int64)
    cell = np.where(nowhere, -1, (x << 2 * _CELL_BITS) | (y << _CELL_BITS) | z)
    minute = start // _MINUTE
    order = np.argsort((cell << _MINUTE_BITS) + (minute - minute.min(initial=0)), kind="stable")
    return cell, minute, order


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A stretch of some sorted rows, joined with the same rows or with others."""

    near: Near
    rows: _Rows
    others: _Rows
    first: int
    last: int

    def run(self, make: Callable[[Numbers, Numbers], Made]) -> tuple[list[Made], int]:
        """Return what is made of each batch of pairs, and how many pairs were skipped."""
        near, rows, others = self.near, self.rows, self.others
        is_many = len(near.start) > _FEW_ROWS
        sweep = _sweep.fast() if is_many else _sweep
        longest = int((others.spans[:, 1] - others.spans[:, 0]).max())
        left, right = np.empty((2, max(_BUFFER if is_many else 0, 27 * near.most + 1)), np.int64)
        at = np.array([self.first, 0], np.int64)  # the row that is next, and how many were skipped
        made = []
        while at[0] < self.last:
            number = sweep(
                rows.cell, rows.offset, rows.index, rows.discs, rows.spans, rows.before, others.cell, others.offset,
                others.index, others.minute, others.discs, others.spans, others.before, rows is others, longest,
                near.slack_m, near.slack, near.most, at, self.last, left, right, near.cut, near.crowded,
            )  # fmt: skip
            if number:
                made.append(make(left[:number], right[:number]))
        return made, int(at[1])


@kernel
def _first_not_below(values: Numbers, low: int, high: int, limit: int) -> int:
    """Return the first place in a rising run at which a value is not below a limit."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < limit:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _sweep(
    cells: Numbers,
    offsets: Numbers,
    index: Numbers,
    discs: Floats,
    spans: Numbers,
    before: Numbers,
    other_cells: Numbers,
    other_offsets: Numbers,
    other_index: Numbers,
    other_minute: Numbers,
    other_discs: Floats,
    other_spans: Numbers,
    other_before: Numbers,
    is_self: bool,
    longest: int,
    slack_m: float,
    slack: int,
    most: int,
    at: Numbers,
    until: int,
    left: Numbers,
    right: Numbers,
    cut: Flags,
    crowded: Flags,
) -> int:
    """Write pairs from where `at` stands until the buffers may not hold those of another row; return their number.

    Rows joined with themselves look forward alone, so that each pair is met once.
    """
    found = 0
    window_from = np.zeros(27, np.int64)
    window_to = np.zeros(27, np.int64)
    windows = 0
    here = _first_not_below(offsets, 0, len(offsets), at[0] + 1) - 1
    is_fresh = True
    while at[0] < until:
        row = at[0]
        if row >= offsets[here + 1]:
            here += 1
            is_fresh = True
        if is_fresh:
            is_fresh = False
            windows = 0
            for across in range(-1, 2):
                for along in range(-1, 2):
                    for up in range(-1, 2):
                        cell = cells[here] + (across << 22) + (along << 11) + up
                        there = _first_not_below(other_cells, 0, len(other_cells), cell)
                        if there < len(other_cells) and other_cells[there] == cell:
                            window_from[windows] = other_offsets[there]
                            window_to[windows] = other_offsets[there + 1]
                            windows += 1
        if found + 27 * most > len(left):
            return found
        one = index[row]
        began, over, group, radius = spans[row, 0], spans[row, 1], spans[row, 2], discs[row, 3] + slack_m
        x, y, z = discs[row, 0], discs[row, 1], discs[row, 2]
        alike = before[row + 1] - before[row]
        own = other_minute[row] if is_self else 0
        last_minute = (over + slack) // _MINUTE
        for window in range(windows):
            low, high = window_from[window], window_to[window]
            beside = 0
            if is_self:
                if low <= row < high:
                    first = row + 1
                    beside = alike - 1
                else:
                    # Of two rows in two cells that begin in one minute, the one in the later cell looks.
                    first = _first_not_below(other_minute, low, high, own if low < row else own + 1)
            else:
                first = _first_not_below(other_minute, low, high, (began - longest - slack) // _MINUTE)
            last = _first_not_below(other_minute, first, high, last_minute + 1)
            in_time = other_before[last] - other_before[first]
            if in_time + beside > most:
                crowded[one] = True
            if last - first > most:
                cut[one] = True
                if not is_self:
                    middle = _first_not_below(other_minute, first, last, began // _MINUTE)
                    first = max(first, min(middle - most // 2, last - most))
                last = first + most
                at[1] += alike * (in_time - other_before[last] + other_before[first])
            for place in range(first, last):
                if other_spans[place, 0] - over > slack or began - other_spans[place, 1] > slack:
                    continue
                if group >= 0 and group == other_spans[place, 2]:
                    continue
                allowed = radius + other_discs[place, 3]
                away = (
                    (x - other_discs[place, 0]) ** 2
                    + (y - other_discs[place, 1]) ** 2
                    + (z - other_discs[place, 2]) ** 2
                )
                if away <= allowed * allowed:
                    other = other_index[place]
                    left[found] = min(one, other)
                    right[found] = max(one, other)
                    found += 1
        at[0] += 1
    return found
