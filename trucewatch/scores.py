"""Scores: how near a clustering, its link probabilities and its origin bounds come to a truth that is known.

Nothing here knows of reports: a clustering is an array that gives each item the name of its cluster. Every score is a
share from 0 to 1 and None where nothing was there to score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = Sequence[object] | npt.NDArray[np.generic]
Numbers = Sequence[float] | npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreed:
    """Precision, recall, and F1, their harmonic mean."""

    precision: float | None
    recall: float | None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where either is."""
        if self.precision is None or self.recall is None:
            return None
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def pairwise(found: Labels, true: Labels) -> Agreed:
    """Score the pairs of items: precision of those that were joined, recall of those that belong together.

    None where no pair was joined, or none belongs together. Raises ValueError where the lengths differ.
    """
    cells, rows, columns = _sizes(found, true)
    both, joined, belong = (int((sizes * (sizes - 1) // 2).sum()) for sizes in (cells, rows, columns))
    return Agreed(both / joined if joined else None, both / belong if belong else None)


def b_cubed(found: Labels, true: Labels) -> Agreed:
    """Score each item and take the mean (Bagga and Baldwin 1998; Amigó and others 2009).

    Precision of an item is the share of its found cluster that truly belongs with it, itself included; recall the share
    of its true cluster that was found with it. None without items; raises ValueError where the lengths differ.
    """
    cells, _, _, in_found, in_true = _contingency(found, true)
    number = int(cells.sum())
    if not number:
        return Agreed(None, None)
    squared = cells.astype(np.float64) ** 2
    return Agreed(float((squared / in_found).sum() / number), float((squared / in_true).sum() / number))


def over_merged(found: Labels, true: Labels) -> float | None:
    """Return the share of found clusters of two items or more that hold items of more than one true cluster."""
    return _mixed(found, true)


def over_split(found: Labels, true: Labels) -> float | None:
    """Return the share of true clusters of two items or more whose items lie in more than one found cluster."""
    return _mixed(true, found)


@dataclass(frozen=True, slots=True)
class Bin:
    """Pairs whose probability lies from `low` up to `high`: how many, what was said on average, what share is true."""

    low: float
    high: float
    pairs: int
    said: float | None
    true: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Expected calibration error, and the reliability table that it sums up."""

    error: float | None
    bins: tuple[Bin, ...]


def calibration(probability: Numbers, is_true: Sequence[bool] | npt.NDArray[np.bool_], bins: int = 10) -> Calibration:
    """Return the expected calibration error over bins of equal width (Naeini and others 2015; Guo and others 2017).

    The error is the mean over all pairs of the gap, in the bin of each, between the mean probability and the share that
    is true. A probability of 1 lies in the last bin. Raises ValueError for one that is not from 0 to 1, and where the
    lengths differ.
    """
    said, held = np.asarray(probability, dtype=np.float64), np.asarray(is_true, dtype=np.bool_)
    if said.shape != held.shape:
        raise ValueError("as many probabilities are needed as pairs")
    if said.size and not bool(((said >= 0) & (said <= 1)).all()):
        raise ValueError("a probability lies from 0 to 1")
    which = np.minimum((said * bins).astype(np.int64), bins - 1)
    numbers = np.bincount(which, minlength=bins)
    sums, trues = np.bincount(which, said, bins), np.bincount(which, held, bins)
    table = tuple(
        Bin(
            i / bins,
            (i + 1) / bins,
            int(number),
            float(sums[i] / number) if number else None,
            float(trues[i] / number) if number else None,
        )
        for i, number in enumerate(numbers)
    )
    return Calibration(float(np.abs(sums - trues).sum() / said.size) if said.size else None, table)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How origin bounds hold: over incidents with a finite upper one, and how many have none.

    `held` is the share of those whose bounds hold the true number, `low_held` that of all whose lower bound does;
    `width` is the mean of high less low; `open` the share of all incidents without an upper bound.
    """

    incidents: int
    held: float | None
    low_held: float | None
    width: float | None
    open: float | None


def origin_bounds(low: Sequence[int], high: Sequence[int | None], true: Sequence[int]) -> Bounds:
    """Score bounds on the number of independent origins; a `high` of None is no bound.

    Raises ValueError where the lengths differ.
    """
    rows = list(zip(low, high, true, strict=True))
    closed = [(least, most, number) for least, most, number in rows if most is not None]
    return Bounds(
        incidents=len(rows),
        held=_mean([least <= number <= most for least, most, number in closed]),
        low_held=_mean([least <= number for least, _, number in rows]),
        width=_mean([most - least for least, most, _ in closed]),
        open=_mean([most is None for _, most, _ in rows]),
    )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds, and the interval that holds it with 95 % confidence."""

    mean: float
    low: float
    high: float
    seeds: int


def estimate(values: Sequence[float | None], seed: int = 0, resamples: int = 10_000) -> Estimate | None:
    """Return the mean of a score over seeds, with a percentile bootstrap interval of 95 % (Efron 1979).

    A seed without a value (None) is left out. `seed` draws the resamples: the same values give the same interval. One
    value is its own interval; None where there is none.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not known.size:
        return None
    drawn = np.random.Generator(np.random.PCG64(seed)).integers(0, known.size, (resamples, known.size))
    low, high = np.quantile(known[drawn].mean(axis=1), (0.025, 0.975))
    return Estimate(float(known.mean()), float(low), float(high), int(known.size))


# ---- how many items share both clusters ------------------------------------------------------------------------------

_Counts = npt.NDArray[np.int64]


def _contingency(found: Labels, true: Labels) -> tuple[_Counts, _Counts, _Counts, _Counts, _Counts]:
    """Return, for each pair of clusters that share items, how many; and the sizes of all found and all true clusters.

    The last two arrays are the sizes of the found and the true cluster of each pair.
    """
    rows, columns = _numbered(found), _numbered(true)
    if rows.shape != columns.shape:
        raise ValueError("the two clusterings must be of the same items, in the same order")
    width = int(columns.max(initial=-1)) + 1
    pairs, cells = np.unique(rows * max(width, 1) + columns, return_counts=True)
    by_found, by_true = np.bincount(rows), np.bincount(columns)
    cell_sizes = cells.astype(np.int64)
    return cell_sizes, by_found, by_true, by_found[pairs // max(width, 1)], by_true[pairs % max(width, 1)]


def _sizes(found: Labels, true: Labels) -> tuple[_Counts, _Counts, _Counts]:
    cells, by_found, by_true, _, _ = _contingency(found, true)
    return cells, by_found, by_true


def _numbered(labels: Labels) -> _Counts:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)


def _mixed(these: Labels, those: Labels) -> float | None:
    rows, columns = _numbered(these), _numbered(those)
    if rows.shape != columns.shape:
        raise ValueError("the two clusterings must be of the same items, in the same order")
    if not rows.size:
        return None
    pairs = np.unique(np.stack([rows, columns]), axis=1)
    kinds, sizes = np.bincount(pairs[0]), np.bincount(rows)
    return _mean([kind > 1 for kind, size in zip(kinds, sizes, strict=True) if size > 1])


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
