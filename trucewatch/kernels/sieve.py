"""A sieve: of many rows and many questions, the few pairs that may concern each other, each with a slot for its answer.

Every row has a span of time, a disc in a plane, and four codes. Each of them, and the cell that the disc lies in, holds
a bitmap of the questions that it may concern; what is left when all are taken together is measured exactly. What a
question sees of a row is its *signature*: the pieces of time and of place that the row may lie in, as the question cuts
them, and the classes of its codes. Rows that look alike to a question share a slot, so that whoever holds the answers
works out each only once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trucewatch.kernels.compiled import kernel
from trucewatch.kernels.zone_grid import TOO_CLOSE, ZoneGrid, held_at, lie, lie_by_edges, off_centre, touches

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]
Bits = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint8]
Pieces = npt.NDArray[np.int32]

# What a row may ask for beside what concerns it.
IS_FOREIGN, IS_ANSWERED, IS_WHOLE = 1, 2, 4
# What is known of the answer in a slot.
NEW, KEPT, DROPPED = 0, 1, 2
# Where a row lies: in a disc of the plane, nowhere yet, or as the masks given for it say.
BY_DISC, LATER = -1, -2
EVERYWHERE, NOWHERE = 0, 1

_ONE, _NONE = np.uint64(1), np.uint64(0)
# A power of two leaves a rest of its own when it is divided by 67.
_BIT = np.zeros(67, dtype=np.int64)
for _bit in range(64):
    _BIT[(1 << _bit) % 67] = _bit
_REST = np.uint64(67)
_LEAST_M = 1.0
_MINUTE_US = 60_000_000
_AT_ONCE = 128


class Rows(NamedTuple):
    """Rows to be sifted: one entry for each, all of one length."""

    first_us: Numbers  # since 1970; the span is closed at its first instant and open at its last
    last_us: Numbers
    x: Floats  # metres in the plane
    y: Floats
    radius: Floats
    act: Codes
    arm: Codes
    who: Codes
    rest: Codes
    place: npt.NDArray[np.int32]  # BY_DISC, LATER, or a row of the masks
    asks: Flags  # IS_FOREIGN: not in the plane's own countries; IS_ANSWERED: whatever it concerns or not; IS_WHOLE:
    # also where it cannot lie


class Questions(NamedTuple):
    """What is asked, as tables; Q questions in words of 64 bits, G pieces of time between all cuts."""

    grid: ZoneGrid
    radius_of_earth: float
    furthest: float  # discs beyond it, or wider, are left for later
    cuts: Numbers  # [G - 1] microseconds
    bins: Pieces  # how many cuts lie before each bin of 2**shift microseconds begins
    bins_from: int
    shift: int
    when: Bits  # [G, words]
    gap: Codes  # [Q, G]: each piece of time among the question's own gaps
    first_piece: Codes  # [Q, G]: the first and the last of its own pieces in that gap
    last_piece: Codes
    ever: npt.NDArray[np.int32]  # [Q, pieces + 1]: how many of its pieces before each may ever matter
    acts: Bits  # [code, words]
    arms: Bits
    whos: Bits
    bands: Floats  # [band] metres, ascending to the grid's reach: discs less wide than that
    cells: Codes  # [band, cell]: what kind of cell it is for such discs
    kinds: Bits  # [kind, words]: first EVERYWHERE, for discs wider than the reach; then NOWHERE, for what is in no cell
    act_class: Codes  # [code, Q]
    arm_class: Codes
    who_class: Codes  # [code, group]
    rest_class: Codes
    who_group: Codes  # [Q]
    rest_group: Codes
    area: Codes  # [Q]: questions of one area follow each other
    first_shape: Numbers  # [area + 1] in `shapes`
    shapes: Numbers  # shapes of the grid; their bits within the area are in this order
    outside: Bits  # [area]: the bit of what lies outside everything drawn, and of what lies abroad
    abroad: Bits
    reached: Bits  # [Q]: the shapes of its area that may matter


class Slots(NamedTuple):
    """The signatures met so far: an open-addressing table of slots, and what is known of each slot."""

    table: npt.NDArray[np.int32]  # slot or -1; a power of two long
    keys: Numbers  # [slot, 3]
    masks: Bits  # [slot]
    row: Numbers  # [slot]: a row that looks so
    state: Flags  # [slot]: NEW, KEPT or DROPPED
    size: Numbers  # [1]


class Found(NamedTuple):
    """Room for the pairs that are left, and for the rows that geometry could not decide."""

    row: npt.NDArray[np.int32]
    question: Codes
    slot: npt.NDArray[np.int32]
    later: npt.NDArray[np.int32]
    sizes: Numbers  # [2]: pairs, rows left for later


@kernel
def allowed_distance(x: float, y: float, radius: float, radius_of_earth: float, furthest: float) -> float:
    """Return how far a shape may lie from a disc's centre to touch it, as the plane may have lengthened the way."""
    angle = min(max(math.sqrt(x * x + y * y) + radius, 1.0), 2.0 * furthest) / radius_of_earth
    return max(radius, _LEAST_M) * (angle / math.sin(angle))


@kernel
def piece_of_time(cuts: Numbers, bins: Pieces, bins_from: int, shift: int, instant: int) -> int:
    """Return the piece of time that an instant lies in; a piece begins with its cut."""
    at = (instant - bins_from) >> shift
    if at < 0:
        return 0
    piece = int(bins[min(at, len(bins) - 1)])
    while piece < len(cuts) and cuts[piece] <= instant:
        piece += 1
    return piece


@kernel
def slot_of(slots: Slots, first_key: int, second_key: int, third_key: int, mask: np.uint64, row: int) -> int:
    """Return the slot of a signature; a new one remembers the row."""
    last = len(slots.table) - 1
    mixed = (first_key ^ (first_key >> 15)) & 0xFFFFFFF
    mixed = mixed * 31 + (second_key & 0xFFFFFFF) * 17 + (third_key & 0xFFFFFFF)
    low = int(mask & np.uint64(0xFFFFFFF))
    mixed = ((mixed & 0xFFFFFFF) * 0x9E3779B + low * 0x85EBCA7) >> 7
    at = mixed & last
    while slots.table[at] >= 0:
        slot = slots.table[at]
        if (
            slots.keys[slot, 0] == first_key
            and slots.keys[slot, 1] == second_key
            and slots.keys[slot, 2] == third_key
            and slots.masks[slot] == mask
        ):
            return int(slot)
        at = (at + 1) & last
    slot = slots.size[0]
    slots.table[at] = slot
    slots.keys[slot, 0], slots.keys[slot, 1], slots.keys[slot, 2] = first_key, second_key, third_key
    slots.masks[slot] = mask
    slots.row[slot] = row
    slots.state[slot] = NEW
    slots.size[0] = slot + 1
    return int(slot)


@kernel
def concerned(
    rows: Rows, questions: Questions, begin: int, end: int, left: Bits, pieces: Pieces, chosen: Pieces
) -> int:
    """Choose the rows that some question may concern; return how many.

    Fills in of each the row in `chosen`, the questions in `left` [chosen, words], and in `pieces` [chosen, 2] the
    pieces of time it begins and ends in. Apart from what follows, which branches much, so that the tables of many rows
    are fetched at a time.
    """
    grid = questions.grid
    acts, arms, whos, whens, kinds = questions.acts, questions.arms, questions.whos, questions.when, questions.kinds
    cuts, bins, bins_from, shift = questions.cuts, questions.bins, questions.bins_from, questions.shift
    kind_of_cell, bands = questions.cells, questions.bands
    columns, lines, west, south, scale = grid.columns, grid.rows, grid.west, grid.south, 1.0 / grid.cell
    furthest = questions.furthest
    first_us, last_us, of_asks, of_place = rows.first_us, rows.last_us, rows.asks, rows.place
    of_act, of_arm, of_who, of_x, of_y, of_radius = rows.act, rows.arm, rows.who, rows.x, rows.y, rows.radius
    words = whens.shape[1]
    count = 0
    for row in range(begin, end):
        asks, place = of_asks[row], of_place[row]
        first = first_us[row]
        from_piece = piece_of_time(cuts, bins, bins_from, shift, first)
        # An instant without length still lies in the piece that begins with it.
        last = last_us[row] - 1
        to_piece = piece_of_time(cuts, bins, bins_from, shift, last) if last > first else from_piece
        act, arm, who = of_act[row], of_arm[row], of_who[row]
        x, y, radius = of_x[row], of_y[row], of_radius[row]
        kind = EVERYWHERE
        some = _NONE
        if place == BY_DISC:
            # Written so that what is no number is not measured either.
            if not (x * x + y * y <= furthest * furthest and 0.0 <= radius <= furthest):
                some = _ONE
            else:
                # No plane lengthens what lies in it by more than a twentieth.
                widest = radius * 1.05 + 2.0 * _LEAST_M
                band = 0
                for narrower in range(len(bands)):
                    band += 1 if widest >= bands[narrower] else 0
                if band < len(bands):
                    column, line = math.floor((x - west) * scale), math.floor((y - south) * scale)
                    kind = NOWHERE
                    if 0 <= column < columns and 0 <= line < lines:
                        kind = int(kind_of_cell[band, line * columns + column])
        is_answered, is_whole = asks & IS_ANSWERED != 0, asks & (IS_ANSWERED | IS_WHOLE) != 0
        for word in range(words):
            asked = acts[act, word]
            if not is_whole:
                asked &= whos[who, word] & arms[arm, word] & kinds[kind, word]
            if not is_answered:
                within = whens[from_piece, word]
                if to_piece > from_piece:
                    for piece in range(from_piece + 1, to_piece + 1):
                        within |= whens[piece, word]
                asked &= within
            left[count, word] = asked
            some |= asked
        pieces[count, 0], pieces[count, 1] = from_piece, to_piece
        chosen[count] = row
        count += 1 if some != _NONE and place != LATER else 0
    return count


@kernel
def sift(rows: Rows, questions: Questions, given: Bits, slots: Slots, found: Found, begin: int, end: int) -> int:
    """Sift rows from `begin` up to `end`; return the row before which room ran out, or `end`.

    `given` holds the mask of each area [place, area] for the rows that do not lie by their disc.
    """
    grid = questions.grid
    area_of, reached, outside, abroad = questions.area, questions.reached, questions.outside, questions.abroad
    first_shape, shapes, boundary, is_round = questions.first_shape, questions.shapes, grid.boundary, grid.is_round
    boxes, offsets, signed = grid.boxes, grid.offsets, grid.signed
    first_of, last_of, gap, ever = questions.first_piece, questions.last_piece, questions.gap, questions.ever
    furthest = questions.furthest
    words = questions.when.shape[1]
    pairs, later = found.sizes[0], found.sizes[1]
    most_slots = min(len(slots.masks), len(slots.table) // 2)
    bits = np.empty((_AT_ONCE, words), dtype=np.uint64)
    pieces = np.empty((_AT_ONCE, 2), dtype=np.int32)
    chosen = np.empty(_AT_ONCE, dtype=np.int32)
    for start in range(begin, end, _AT_ONCE):
        for at in range(concerned(rows, questions, start, min(start + _AT_ONCE, end), bits, pieces, chosen)):
            row = chosen[at]
            if pairs + words * 64 > len(found.row) or slots.size[0] + words * 64 > most_slots:
                found.sizes[0], found.sizes[1] = pairs, later
                return int(row)
            place, asks = rows.place[row], rows.asks[row]
            x, y, radius = rows.x[row], rows.y[row], rows.radius[row]
            if place == BY_DISC and not (x * x + y * y <= furthest * furthest and 0.0 <= radius <= furthest):
                found.later[later] = row
                later += 1
                continue
            is_answered, is_whole = (asks & IS_ANSWERED) != 0, (asks & (IS_ANSWERED | IS_WHOLE)) != 0
            from_piece, to_piece = pieces[at, 0], pieces[at, 1]
            kept_pairs = pairs
            area, mask = -1, _NONE
            column, line = 0, 0
            allowed, off = -1.0, 0.0
            is_open = False
            for word in range(words):
                left = bits[at, word]
                while left != _NONE and not is_open:
                    lowest = left & (~left + _ONE)
                    left ^= lowest
                    question = word * 64 + _BIT[int(lowest % _REST)]
                    if area_of[question] != area:
                        area = int(area_of[question])
                        if place >= 0:
                            mask = given[place, area]
                        else:
                            if allowed < 0.0:
                                allowed = allowed_distance(x, y, radius, questions.radius_of_earth, furthest)
                                column = math.floor((x - grid.west) / grid.cell)
                                line = math.floor((y - grid.south) / grid.cell)
                                off = off_centre(grid, x, y, column, line)
                            mask = _NONE
                            bit = _ONE
                            measured, lies = -1, 0
                            for drawn in range(first_shape[area], first_shape[area + 1]):
                                shape = shapes[drawn]
                                if boundary[shape] != measured:
                                    measured = boundary[shape]
                                    known = held_at(boxes, offsets, signed, measured, column, line)
                                    lies = lie(known, allowed, grid.reach, off)
                                    if lies == TOO_CLOSE:
                                        lies = lie_by_edges(grid, measured, x, y, allowed, known, off)
                                    is_open = is_open or lies == TOO_CLOSE
                                if touches(lies, is_round[shape]):
                                    mask |= bit
                                bit <<= _ONE
                            if (asks & IS_FOREIGN) != 0 and (mask & outside[area]) != _NONE:
                                mask = (mask & ~outside[area]) | abroad[area]
                    if is_open or (not is_whole and (mask & reached[question]) == _NONE):
                        continue
                    first, last = int(first_of[question, from_piece]), int(last_of[question, to_piece])
                    # What is told to the minute is an instant: no other instant falls amid it.
                    if rows.last_us[row] - rows.first_us[row] <= _MINUTE_US and (
                        from_piece == to_piece or gap[question, from_piece] == gap[question, to_piece]
                    ):
                        last = first
                    if not is_answered and ever[question, last + 1] == ever[question, first]:
                        continue
                    act, arm, who, rest = rows.act[row], rows.arm[row], rows.who[row], rows.rest[row]
                    slot = slot_of(
                        slots,
                        (int(question) << 32) | (first << 16) | last,
                        (int(questions.act_class[act, question]) << 16) | int(questions.arm_class[arm, question]),
                        (int(questions.who_class[who, questions.who_group[question]]) << 16)
                        | int(questions.rest_class[rest, questions.rest_group[question]]),
                        mask,
                        row,
                    )
                    if is_whole or slots.state[slot] != DROPPED:
                        found.row[pairs] = row
                        found.question[pairs] = question
                        found.slot[pairs] = slot
                        pairs += 1
            if is_open:
                pairs = kept_pairs
                found.later[later] = row
                later += 1
    found.sizes[0], found.sizes[1] = pairs, later
    return end


@kernel
def regrow(old: Slots, new: Slots) -> None:
    """Enter the signatures of a table into an empty larger one, each under its own slot."""
    for slot in range(old.size[0]):
        slot_of(new, old.keys[slot, 0], old.keys[slot, 1], old.keys[slot, 2], old.masks[slot], old.row[slot])
        new.state[slot] = old.state[slot]
