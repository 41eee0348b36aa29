"""Union-find: which of many are one, by links taken in order, none of which may join what must stay apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trucewatch.kernels.compiled import frozen, kernel

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Small = npt.NDArray[np.int8]
Short = npt.NDArray[np.int32]

# What becomes of a link.
TAKEN, KEPT_APART, UNLIKE = 1, 2, 3
_FEW_LINKS = 20_000
# So many members of each of two sets speak for it when their scores are looked up.
_MOST_SPEAK = 32
# A place among links; what is above it in 64 bits holds a score.
_PLACE_BITS = 36
# So many refusals are remembered: the same two sets are often asked for again.
_REMEMBERED = 1 << 20
# Scores fill the lower half of an entry, none below zero.
_HALF = 1 << 31


@dataclass(frozen=True, slots=True)
class Holds:
    """What nodes hold: entry i says that `node[i]` holds `value[i]` of `key[i]`. Whoever holds another value of one
    key stays apart.
    """

    node: Numbers
    key: Numbers
    value: Numbers


@dataclass(frozen=True, slots=True)
class United:
    """The smallest node of each node's set, what became of each link, and why it was refused.

    `why` is the key of which two sets KEPT_APART hold different values, and the sum of scores of those UNLIKE.
    """

    sets: Numbers
    became: Small
    why: Numbers


@dataclass(frozen=True, slots=True)
class Scores:
    """What pairs of nodes score. Nodes of one class score alike: `of` is the class of each.

    Entry i says that class `left[i]` scores `score[i]` with class `right[i]`, each pair once, left <= right. Other
    pairs score `floor`, or `unseen` where both classes are `cut`.
    """

    of: Numbers
    left: Short
    right: Short
    score: Short
    cut: Flags
    floor: int
    unseen: int

    def filed(self) -> tuple[Numbers, Numbers]:
        """Return (offsets, entries): for each left class its right classes with scores, rising, as one number each."""
        offsets, entries = np.zeros(len(self.cut) + 1, np.int64), np.empty(len(self.left), np.int64)
        run = _file.fast() if len(entries) > _FEW_LINKS else _file
        run(
            frozen(self.left, np.int32), frozen(self.right, np.int32), frozen(self.score, np.int32), offsets, entries
        )  # fmt: skip
        return offsets, entries


def unite(
    together: Numbers, left: Numbers, right: Numbers, link_scores: Numbers, holds: Holds, scores: Scores
) -> United:
    """Join nodes by links of a positive score, the highest first, then by (left, right).

    `together` names for each node a node that it is one with from the start. Links (`left` < `right`) are sorted, each
    once. Two sets that hold another value of one key are KEPT_APART. Two sets whose `scores` between them sum below
    zero are UNLIKE. Beyond 32 nodes of a set, the first 32 speak for it.
    """
    order = np.flatnonzero(link_scores > 0)
    # As one number each, so that nothing but numbers is sorted.
    order = np.sort((-link_scores[order] << _PLACE_BITS) | order) & ((1 << _PLACE_BITS) - 1)
    offsets, entries = scores.filed()
    parent = np.array(together, np.int64)
    became, why = np.zeros(len(left), np.int8), np.zeros(len(left), np.int64)
    run = _unite.fast() if len(order) > _FEW_LINKS else _unite
    run(
        parent, frozen(left, np.int64), frozen(right, np.int64), frozen(order, np.int64),
        frozen(holds.node, np.int64), frozen(holds.key, np.int64), frozen(holds.value, np.int64),
        frozen(scores.of, np.int64), frozen(offsets, np.int64), frozen(entries, np.int64),
        frozen(scores.cut, np.bool_), scores.floor, scores.unseen,
        np.full((min(len(order), _REMEMBERED), 4), -1, np.int64), became, why,
    )  # fmt: skip
    return United(parent, became, why)


def string_together(sets: Numbers, left: Numbers, right: Numbers, points: Floats, widest_m: float) -> Numbers:
    """Return the smallest node of each node's string: sets joined by links, in order, while the box round their points
    (x, y, z in metres; NaN: nowhere) stays no wider than `widest_m`, corner to corner.
    """
    parent = np.array(sets, np.int64)
    low, high = np.fmin(points, np.inf), np.fmax(points, -np.inf)
    run = _string.fast() if len(left) > _FEW_LINKS else _string
    run(parent, frozen(left, np.int64), frozen(right, np.int64), low, high, widest_m)
    return parent


@kernel
def _root(parent: Numbers, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _widen(low: Floats, high: Floats, one: int, other: int) -> float:
    """Return the square of the diagonal of the box round two boxes; 0 where neither is anywhere."""
    square = 0.0
    for axis in range(3):
        side = max(high[one, axis], high[other, axis]) - min(low[one, axis], low[other, axis])
        square += max(side, 0.0) ** 2
    return square


@kernel
def _string(parent: Numbers, left: Numbers, right: Numbers, low: Floats, high: Floats, widest_m: float) -> None:
    number = len(parent)
    for step in range(number + len(left)):
        if step < number:
            one, other = _root(parent, parent[step]), step
        else:
            one, other = _root(parent, left[step - number]), _root(parent, right[step - number])
        if one == other:
            continue
        if step >= number and _widen(low, high, one, other) > widest_m * widest_m:
            continue
        keep, gone = min(one, other), max(one, other)
        parent[gone] = keep
        for axis in range(3):
            low[keep, axis] = min(low[keep, axis], low[gone, axis])
            high[keep, axis] = max(high[keep, axis], high[gone, axis])
    for node in range(number):
        parent[node] = _root(parent, node)


@kernel
def _file(left: Short, right: Short, score: Short, offsets: Numbers, entries: Numbers) -> None:
    for at in range(len(left)):
        offsets[left[at] + 1] += 1
    for row in range(1, len(offsets)):
        offsets[row] += offsets[row - 1]
    until = offsets[:-1].copy()
    for at in range(len(left)):
        entries[until[left[at]]] = (np.int64(right[at]) << 32) + score[at] + _HALF
        until[left[at]] += 1
    for row in range(len(until)):
        if offsets[row + 1] - offsets[row] > 1:
            entries[offsets[row] : offsets[row + 1]] = np.sort(entries[offsets[row] : offsets[row + 1]])


@kernel
def _score(one: int, other: int, offsets: Numbers, entries: Numbers, missing: int) -> int:
    low, end = offsets[one], offsets[one + 1]
    high = end
    wanted = other << 32
    while low < high:
        middle = (low + high) // 2
        if entries[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return (entries[low] & 0xFFFFFFFF) - _HALF if low < end and entries[low] >> 32 == other else missing


@kernel
def _clash(one: int, other: int, first: Numbers, following: Numbers, key: Numbers, value: Numbers) -> int:
    """Return a key of which two sets hold different values, -1 where there is none."""
    mine = first[one]
    while mine >= 0:
        yours = first[other]
        while yours >= 0:
            if key[mine] == key[yours] and value[mine] != value[yours]:
                return int(key[mine])
            yours = following[yours]
        mine = following[mine]
    return -1


@kernel
def _unite(
    parent: Numbers,
    left: Numbers,
    right: Numbers,
    order: Numbers,
    hold_node: Numbers,
    hold_key: Numbers,
    hold_value: Numbers,
    of: Numbers,
    offsets: Numbers,
    entries: Numbers,
    cut: Flags,
    floor: int,
    unseen: int,
    refused: Numbers,
    became: Small,
    why: Numbers,
) -> None:
    number = len(parent)
    after = np.full(number, -1, np.int64)  # the next member of a set
    last = np.arange(number)
    size = np.ones(number, np.int64)
    first_held = np.full(number, -1, np.int64)  # the first entry that a set holds, and the last
    last_held = np.full(number, -1, np.int64)
    following = np.full(len(hold_node), -1, np.int64)
    for entry in range(len(hold_node)):
        node = hold_node[entry]
        if first_held[node] < 0:
            first_held[node] = entry
        else:
            following[last_held[node]] = entry
        last_held[node] = entry
    wanted = parent.copy()
    for node in range(number):
        parent[node] = node
    for step in range(number + len(order)):
        link = -1
        if step < number:
            one, other = _root(parent, wanted[step]), _root(parent, step)
        else:
            link = order[step - number]
            one, other = _root(parent, left[link]), _root(parent, right[link])
        if one == other:
            if link >= 0:
                became[link] = 1
            continue
        if link >= 0:
            clash = _clash(one, other, first_held, following, hold_key, hold_value)
            if clash >= 0:
                became[link] = 2
                why[link] = clash
                continue
            if size[one] > 1 or size[other] > 1:
                # A set of this name and size was never another.
                low, high = min(one, other), max(one, other)
                known = refused[(low * 1_000_003 + high) % len(refused)]
                sizes = size[low] + (size[high] << 32)
                if known[0] == low and known[1] == high and known[2] == sizes:
                    became[link] = 3
                    why[link] = known[3]
                    continue
                total = 0
                mine = one
                for _ in range(min(size[one], _MOST_SPEAK)):
                    yours = other
                    for _ in range(min(size[other], _MOST_SPEAK)):
                        a, b = min(of[mine], of[yours]), max(of[mine], of[yours])
                        total += _score(a, b, offsets, entries, unseen if cut[a] and cut[b] else floor)
                        yours = after[yours]
                    mine = after[mine]
                if total < 0:
                    became[link] = 3
                    why[link] = total
                    known[0], known[1], known[2], known[3] = low, high, sizes, total
                    continue
            became[link] = 1
        keep, gone = min(one, other), max(one, other)
        parent[gone] = keep
        after[last[keep]] = gone
        last[keep] = last[gone]
        size[keep] += size[gone]
        if first_held[gone] >= 0:
            if first_held[keep] < 0:
                first_held[keep] = first_held[gone]
            else:
                following[last_held[keep]] = first_held[gone]
            last_held[keep] = last_held[gone]
    for node in range(number):
        parent[node] = _root(parent, node)
