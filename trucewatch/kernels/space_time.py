"""Space and time: which discs that last for a while lie near each other while both last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trucewatch.kernels.compiled import frozen, kernel

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FEW_ROWS = 1_000
_BUFFER = 1 << 20
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
    time that would do are left out.
    """

    points: Floats  # x, y, z in metres, no further than the earth's radius from its centre; NaN: lies nowhere
    radius_m: Floats
    start: Numbers  # microseconds
    end: Numbers
    apart: Numbers  # rows of one group of this are not paired; -1: of no group
    slack_m: float
    slack: int  # microseconds
    most: int = 256
    skipped: int = 0
    cut: Flags = field(init=False)  # rows for which something was left out

    def __post_init__(self) -> None:
        self.cut = np.zeros(len(self.start), np.bool_)

    def pairs(self) -> Iterator[tuple[Numbers, Numbers]]:
        """Yield batches of pairs (left, right), left < right, each pair once.

        Two rows are a pair where the distance of their points is at most the sum of their radii and the slack, and the
        time between their spans at most the slack; 0 where they overlap.
        """
        lies = np.flatnonzero(~np.isnan(self.points).any(axis=1) & ~np.isnan(self.radius_m))
        if len(lies) < 2:
            return
        reach = self.radius_m[lies] + self.slack_m / 2
        size = np.ceil(np.log(np.maximum(reach / _LEAST_REACH_M, 1.0)) / np.log(_SIZE_STEP) - 1e-9).astype(np.int64)
        length = np.searchsorted(_SPAN_STEPS_MIN, (self.end[lies] - self.start[lies]) // _MINUTE)
        for this_size in np.unique(size):
            cells = _Cells(self, 2 * _LEAST_REACH_M * _SIZE_STEP ** float(this_size))
            of_size = size == this_size
            smaller = [cells.sorted(lies[(size < this_size) & (length == some)]) for some in np.unique(length)]
            same = [cells.sorted(lies[of_size & (length == some)]) for some in np.unique(length[of_size])]
            for at, rows in enumerate(same):
                yield from self._join(rows, rows)
                for others in (*smaller, *same[:at]):
                    yield from self._join(rows, others)

    def _join(self, rows: _Rows, others: _Rows) -> Iterator[tuple[Numbers, Numbers]]:
        if not len(rows.index) or not len(others.index):
            return
        is_self = rows is others
        sweep = _sweep.fast() if len(self.start) > _FEW_ROWS else _sweep
        longest = int((self.end - self.start)[others.index].max())
        at = np.zeros(3, np.int64)  # cell, row, and how many were skipped
        room = max(_BUFFER if len(self.start) > _FEW_ROWS else 0, 27 * self.most + 1)
        found = np.empty((2, room), np.int64)
        while at[0] < len(rows.cell):
            number = sweep(
                rows.cell, rows.offset, rows.index, others.cell, others.offset, others.index, others.minute, is_self,
                frozen(self.points, np.float64), frozen(self.radius_m, np.float64), frozen(self.start, np.int64),
                frozen(self.end, np.int64), frozen(self.apart, np.int64), longest, self.slack_m, self.slack, self.most,
                at, found[0], found[1], self.cut,
            )  # fmt: skip
            yield found.min(axis=0)[:number], found.max(axis=0)[:number]
        self.skipped += int(at[2])


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows sorted by (cell, minute of their start): those of the n-th cell are `index[offset[n] : offset[n + 1]]`."""

    cell: Numbers
    offset: Numbers
    index: Numbers
    minute: Numbers


@dataclass(frozen=True, slots=True)
class _Cells:
    """A grid of cubes over the earth."""

    near: Near
    width_m: float

    def sorted(self, rows: Numbers) -> _Rows:
        cube = np.floor((self.near.points[rows] + _CORNER_M) / self.width_m).astype(np.int64)
        cell = (cube[:, 0] << 2 * _CELL_BITS) | (cube[:, 1] << _CELL_BITS) | cube[:, 2]
        minute = self.near.start[rows] // _MINUTE
        order = np.argsort((cell << _MINUTE_BITS) + (minute - minute.min(initial=0)), kind="stable")
        cell = cell[order]
        first = np.flatnonzero(np.append(True, cell[1:] != cell[:-1])[: len(cell)])
        return _Rows(
            frozen(cell[first], np.int64), frozen(np.append(first, len(cell)), np.int64),
            frozen(rows[order], np.int64), frozen(minute[order], np.int64),
        )  # fmt: skip


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
    other_cells: Numbers,
    other_offsets: Numbers,
    other_index: Numbers,
    other_minute: Numbers,
    is_self: bool,
    points: Floats,
    radius_m: Floats,
    start: Numbers,
    end: Numbers,
    apart: Numbers,
    longest: int,
    slack_m: float,
    slack: int,
    most: int,
    at: Numbers,
    left: Numbers,
    right: Numbers,
    cut: Flags,
) -> int:
    """Write pairs from where `at` stands until the buffers may not hold those of another row; return their number.

    Rows joined with themselves look forward alone, so that each pair is met once.
    """
    found = 0
    window_from = np.zeros(27, np.int64)
    window_to = np.zeros(27, np.int64)
    while at[0] < len(cells):
        here = at[0]
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
        row = max(at[1], offsets[here])
        while row < offsets[here + 1]:
            if found + 27 * most > len(left):
                at[1] = row
                return found
            one = index[row]
            began, over, radius = start[one], end[one], radius_m[one] + slack_m
            x, y, z = points[one, 0], points[one, 1], points[one, 2]
            own = other_minute[row] if is_self else 0
            last_minute = (over + slack) // _MINUTE
            for window in range(windows):
                low, high = window_from[window], window_to[window]
                if is_self:
                    if low <= row < high:
                        first = row + 1
                    else:
                        # Of two rows in two cells that begin in one minute, the one in the later cell looks.
                        first = _first_not_below(other_minute, low, high, own if low < row else own + 1)
                else:
                    first = _first_not_below(other_minute, low, high, (began - longest - slack) // _MINUTE)
                last = _first_not_below(other_minute, first, high, last_minute + 1)
                if last - first > most:
                    at[2] += last - first - most
                    cut[one] = True
                    if not is_self:
                        middle = _first_not_below(other_minute, first, last, began // _MINUTE)
                        first = max(first, min(middle - most // 2, last - most))
                    last = first + most
                for place in range(first, last):
                    other = other_index[place]
                    if start[other] - over > slack or began - end[other] > slack:
                        continue
                    if apart[one] >= 0 and apart[one] == apart[other]:
                        continue
                    allowed = radius + radius_m[other]
                    away = (x - points[other, 0]) ** 2 + (y - points[other, 1]) ** 2 + (z - points[other, 2]) ** 2
                    if away <= allowed * allowed:
                        left[found] = one
                        right[found] = other
                        found += 1
            row += 1
        at[0] += 1
        at[1] = 0
    return found
