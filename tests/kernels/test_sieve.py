"""The sieve, against a loop over every row and every question."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.kernels.compiled import frozen
from trucewatch.kernels.sieve import (
    BY_DISC,
    DROPPED,
    EVERYWHERE,
    IS_ANSWERED,
    IS_FOREIGN,
    IS_WHOLE,
    LATER,
    NEW,
    Found,
    Questions,
    Rows,
    Slots,
    allowed_distance,
    piece_of_time,
    regrow,
    sift,
    slot_of,
)
from trucewatch.kernels.zone_grid import grid_of

QUESTIONS, WORDS, ROWS, GROUPS = 70, 2, 60, 3
EARTH, FURTHEST = 6_356_752.3, 1.4e6
SHAPES = [shapely.box(-5e3, -5e3, 5e3, 5e3), shapely.box(3e3, -2e3, 9e3, 4e3), shapely.box(-6e5, -6e5, 6e5, 6e5)]
AREAS = [[0], [0, 1, 2], [2, 1]]
GRID = grid_of(SHAPES, 4_000.0, 1e5, fast=False)


def packed(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    bits = np.zeros((len(flags), WORDS), dtype=np.uint64)
    for at in range(flags.shape[1]):
        bits[:, at // 64] |= flags[:, at].astype(np.uint64) << np.uint64(at % 64)
    return bits


def empty_slots(most: int) -> Slots:
    return Slots(
        np.full(4 * most, -1, dtype=np.int32),
        np.zeros((most, 3), dtype=np.int64),
        np.zeros(most, dtype=np.uint64),
        np.zeros(most, dtype=np.int64),
        np.full(most, NEW, dtype=np.uint8),
        np.zeros(1, dtype=np.int64),
    )


class Case:
    """Random questions and rows, in arrays that a reference can read and in the form of the kernel."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.cuts = np.sort(draw.choice(np.arange(1, 400), int(draw.integers(0, 12)), replace=False)) * 10_000_000
        gaps = len(self.cuts) + 1
        self.when = draw.random((gaps, QUESTIONS)) < 0.5
        self.acts, self.arms, self.whos = (draw.random((4, QUESTIONS)) < share for share in (0.7, 0.9, 0.7))
        self.area = np.sort(draw.integers(0, len(AREAS), QUESTIONS))
        self.reached = np.array([draw.integers(1, 1 << len(AREAS[area])) for area in self.area], dtype=np.uint64)
        self.rows = self._rows(draw)
        self.given = draw.integers(0, 8, (2, len(AREAS))).astype(np.uint64)
        span = int(self.cuts[-1] - self.cuts[0]) if gaps > 1 else 0
        shift = max(0, (span // 16).bit_length())
        begin = int(self.cuts[0]) if gaps > 1 else 0
        starts = begin + (np.arange((span >> shift) + 1) << shift)
        # Every question cuts time where all do, and each piece is one of its own.
        pieces = np.tile(np.arange(gaps), (QUESTIONS, 1))
        ever = np.concatenate([np.zeros((QUESTIONS, 1)), np.cumsum(self.when.T, axis=1)], axis=1)
        self.groups = draw.integers(0, GROUPS, QUESTIONS)
        self.questions = Questions(
            grid=GRID,
            radius_of_earth=EARTH,
            furthest=FURTHEST,
            cuts=frozen(self.cuts, np.int64),
            bins=frozen(np.searchsorted(self.cuts, starts), np.int32),
            bins_from=begin,
            shift=shift,
            when=frozen(packed(self.when), np.uint64),
            gap=frozen(pieces, np.uint16),
            first_piece=frozen(pieces, np.uint16),
            last_piece=frozen(pieces, np.uint16),
            ever=frozen(ever, np.int32),
            acts=frozen(packed(self.acts), np.uint64),
            arms=frozen(packed(self.arms), np.uint64),
            whos=frozen(packed(self.whos), np.uint64),
            bands=frozen([1_000.0, GRID.reach], np.float64),
            cells=frozen(np.full((2, GRID.columns * GRID.rows), EVERYWHERE), np.uint16),
            kinds=frozen(packed(np.ones((2, QUESTIONS), dtype=bool)), np.uint64),
            act_class=frozen(np.tile(np.arange(4)[:, None], QUESTIONS), np.uint16),
            arm_class=frozen(np.tile(np.arange(4)[:, None], QUESTIONS), np.uint16),
            who_class=frozen(np.tile(np.arange(4)[:, None], GROUPS), np.uint16),
            rest_class=frozen(np.tile(np.arange(4)[:, None], GROUPS), np.uint16),
            who_group=frozen(self.groups, np.uint16),
            rest_group=frozen(self.groups, np.uint16),
            area=frozen(self.area, np.uint16),
            first_shape=frozen(np.cumsum([0, *map(len, AREAS)]), np.int64),
            shapes=frozen([shape for area in AREAS for shape in area], np.int64),
            outside=frozen([1 << (len(area) - 1) for area in AREAS], np.uint64),
            abroad=frozen([1 << len(area) for area in AREAS], np.uint64),
            reached=frozen(self.reached, np.uint64),
        )

    def _rows(self, draw: np.random.Generator) -> Rows:
        first = draw.integers(-100, 4200, ROWS) * 1_000_000
        if len(self.cuts):
            first[: ROWS // 4] = self.cuts[draw.integers(len(self.cuts), size=ROWS // 4)]
        lasts = draw.choice([0, 1, 60_000_000, 900_000_000], ROWS)
        x, y = draw.uniform(-12e3, 12e3, (2, ROWS))
        x[draw.random(ROWS) < 0.05] = np.nan
        place = draw.choice([BY_DISC, BY_DISC, BY_DISC, LATER, 0, 1], ROWS)
        asks = draw.choice([0, 0, 0, IS_FOREIGN, IS_ANSWERED, IS_WHOLE], ROWS)
        act, arm, who, rest = (frozen(draw.integers(0, 4, ROWS), np.uint16) for _ in range(4))
        return Rows(
            frozen(first, np.int64),
            frozen(first + lasts, np.int64),
            frozen(x, np.float64),
            frozen(y, np.float64),
            frozen(draw.choice([0.0, 100.0, 2_500.0, 3.9e3, 8e3, 2e6], ROWS), np.float64),
            act,
            arm,
            who,
            rest,
            frozen(place, np.int32),
            frozen(asks, np.uint8),
        )

    def expected(self) -> tuple[list[tuple[int, int, int]], list[int]]:
        """(row, question, mask) of all that may concern each other, and the rows that no geometry could place."""
        rows = self.rows
        found: list[tuple[int, int, int]] = []
        later: list[int] = []
        for row in range(ROWS):
            x, y, radius, place = rows.x[row], rows.y[row], rows.radius[row], rows.place[row]
            if place == LATER:
                continue
            if place == BY_DISC and not (np.hypot(x, y) <= FURTHEST and radius <= FURTHEST):
                later.append(row)
                continue
            for question in range(QUESTIONS):
                asks = rows.asks[row]
                last_us = max(rows.last_us[row] - 1, rows.first_us[row])
                first = int((self.cuts <= rows.first_us[row]).sum())
                last = int((self.cuts <= last_us).sum())
                in_time = self.when[first : last + 1, question].any()
                asked_of = self.arms[rows.arm[row], question] and self.whos[rows.who[row], question]
                if not self.acts[rows.act[row], question] or not (in_time or asks == IS_ANSWERED):
                    continue
                area = int(self.area[question])
                mask = int(self.given[max(place, 0), area])
                if place == BY_DISC:
                    allowed = allowed_distance(x, y, radius, EARTH, FURTHEST)
                    touched = [SHAPES[shape].distance(shapely.Point(x, y)) <= allowed for shape in AREAS[area]]
                    mask = sum(1 << at for at, touches in enumerate(touched) if touches)
                    outside, abroad = 1 << (len(AREAS[area]) - 1), 1 << len(AREAS[area])
                    if asks == IS_FOREIGN and mask & outside:
                        mask = (mask & ~outside) | abroad
                if asks in (IS_ANSWERED, IS_WHOLE) or (asked_of and mask & int(self.reached[question])):
                    found.append((row, question, mask))
        return found, later


def run(case: Case, fast: bool, room: int, slots: Slots) -> tuple[list[tuple[int, int, int]], list[int]]:
    begin = 0
    found: list[tuple[int, int, int]] = []
    later: list[int] = []
    while begin < ROWS:
        out = Found(
            np.zeros(room, dtype=np.int32),
            np.zeros(room, dtype=np.uint16),
            np.zeros(room, dtype=np.int32),
            np.zeros(ROWS, dtype=np.int32),
            np.zeros(2, dtype=np.int64),
        )
        form = sift.fast() if fast else sift.plain
        begin = form(case.rows, case.questions, case.given, slots, out, begin, ROWS)
        pairs, waiting = out.sizes.tolist()
        masks = slots.masks[out.slot[:pairs]].tolist()
        found += zip(out.row[:pairs].tolist(), out.question[:pairs].tolist(), masks, strict=True)
        later += out.later[:waiting].tolist()
    return found, later


@pytest.mark.parametrize("fast", [False, True])
@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), room=st.sampled_from([128, 5000]))
def test_exactly_the_pairs_that_may_concern_each_other_are_left(fast: bool, seed: int, room: int) -> None:
    case = Case(seed)
    assert run(case, fast, room, empty_slots(8192)) == case.expected()


def test_what_is_known_to_be_dropped_is_left_out_unless_it_must_be_told() -> None:
    case = Case(3)
    slots = empty_slots(8192)
    found, _ = run(case, False, 5000, slots)
    slots.state[:] = DROPPED
    again, _ = run(case, False, 5000, slots)
    assert again == [pair for pair in found if case.rows.asks[pair[0]] in (IS_ANSWERED, IS_WHOLE)]
    assert 0 < len(again) < len(found)


@given(st.lists(st.integers(-500, 500), unique=True, max_size=40), st.lists(st.integers(-700, 700), max_size=40))
def test_an_instant_lies_in_the_piece_that_begins_at_or_before_it(cuts: list[int], instants: list[int]) -> None:
    ordered = np.sort(np.array(cuts, dtype=np.int64))
    begin = int(ordered[0]) if len(cuts) else 0
    starts = begin + np.arange(0, 64 if len(cuts) else 1) * 16
    bins = np.searchsorted(ordered, starts).astype(np.int32)
    for instant in instants:
        assert piece_of_time(ordered, bins, begin, 4, instant) == np.searchsorted(ordered, instant, side="right")


SIGNATURES = st.tuples(*[st.integers(0, 2**40)] * 3, st.integers(0, 2**64 - 1))


@given(st.lists(SIGNATURES, max_size=60))
def test_alike_signatures_share_a_slot_and_keep_it_when_the_table_grows(signatures: list[tuple[int, ...]]) -> None:
    slots, larger = empty_slots(64), empty_slots(128)
    given_out = [
        slot_of(slots, one, two, three, np.uint64(mask), row) for row, (one, two, three, mask) in enumerate(signatures)
    ]
    first_met = list(dict.fromkeys(signatures))
    assert given_out == [first_met.index(signature) for signature in signatures]
    regrow.fast()(slots, larger)
    for signature, slot in zip(signatures, given_out, strict=True):
        one, two, three, mask = signature
        assert slot_of(larger, one, two, three, np.uint64(mask), -1) == slot
    assert larger.row[: len(first_met)].tolist() == [signatures.index(signature) for signature in first_met]


def test_no_index_is_out_of_bounds(tmp_path: Path) -> None:
    here = Path(__file__)
    checked = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(here), "-k", "exactly_the_pairs"]
    done = subprocess.run(command, env=checked, capture_output=True, text=True, cwd=here.parents[2])
    assert done.returncode == 0, done.stdout
