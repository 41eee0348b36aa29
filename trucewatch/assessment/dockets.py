"""Dockets: the clauses of an agreement under one reading, made ready to be asked about very many accounts at once.

What comes out is what `judge` says of each account under each clause, without going through the accounts once for every
clause: one pass finds the clauses that an account may touch, and what each of them sees of it. What looks alike to a
clause is judged once. Duties are not on a docket: what was not done is no account of anything.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from trucewatch.actors import ANYBODY, read_pairs, write_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.atoms import ClauseTests, plane_of, tests_of
from trucewatch.agreement.readings import under
from trucewatch.agreement.terms import Agreement, ClauseKind, Reading
from trucewatch.assessment.judgements import Judge, Judgement, Outcome, foreign_countries, place_masks
from trucewatch.evidence import Standard, proof_holds
from trucewatch.kernels.compiled import frozen
from trucewatch.kernels.sieve import (
    BY_DISC,
    DROPPED,
    IS_ANSWERED,
    IS_FOREIGN,
    IS_WHOLE,
    KEPT,
    NEW,
    Found,
    Questions,
    Rows,
    Slots,
    regrow,
    sift,
)
from trucewatch.kernels.zone_grid import ZoneGrid, contacts, grid_of
from trucewatch.problems import TrucewatchError
from trucewatch.where import EARTH_RADIUS_M, PLANE_REACH_M, PlaceKind

# Discs wider than that are measured against every clause's area; few reports are so vague.
REACH_M = 20_000.0
# How far within one piece of an area a circle must lie for its rim to be clear of every rounding.
_CLEAR_M = 1.0
_BANDS = (1 / 12, 1 / 3, 1.0)
_PLACE = ("place_kind", "area", "country", "geometry", "lon", "lat", "radius_m")
_MOST_COMBINED = 4096
_MOST_CODES = 60_000
_BIN_COUNT = 4096

OUTCOMES = tuple(str(outcome) for outcome in Outcome)

Codes = npt.NDArray[np.uint16]
Bits = npt.NDArray[np.uint64]
Values = tuple[Any, ...]
Meaning = tuple[Sequence[bool], Sequence[int]]


def docket_of(
    agreement: Agreement,
    reading: Reading | None = None,
    standard: Standard = Standard.REASONABLE_GROUNDS,
    hypothetical: bool = False,
    reach_m: float = REACH_M,
    fast: bool = True,
) -> Docket:
    """Make an agreement's clauses ready under a reading (None: every reading at once) and a standard of proof.

    `hypothetical` takes the parties' demands instead of the clauses in force. `fast` lets kernels be compiled.
    """
    agreement = under(agreement, reading)
    plane = plane_of(agreement)
    clauses = agreement.hypothetical if hypothetical else agreement.clauses
    asked = [clause for clause in clauses if clause.kind is not ClauseKind.DUTY]
    return Docket([tests_of(agreement, clause, reading, plane) for clause in asked], standard, reach_m, fast)


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a sifter found in a batch: (row, question, slot of the sifter) of each pair, and its new signatures."""

    row: npt.NDArray[np.int64]
    question: Codes
    slot: npt.NDArray[np.int32]
    is_kept: npt.NDArray[np.bool_]  # whatever the answer
    new: tuple[tuple[tuple[int, ...], Mapping[str, Any]], ...]


@dataclass(slots=True)
class _Answer:
    question: int
    judgement: Judgement
    proof: bool
    slot: int = -1  # not given yet


class Docket:
    """The clauses of an agreement, asked together.

    `judge` asks them about a batch of accounts; for several threads each takes a `Sifter` of its own, and one of them
    gives what they found to `answered`, batch by batch. `judgements` is the table of the answers given so far.
    """

    def __init__(self, tests: Sequence[ClauseTests], standard: Standard, reach_m: float, fast: bool) -> None:
        """Lay the grid and cut the time of clauses that share one plane."""
        # Clauses that share an area mostly share what is drawn of it, and each drawing is written out once.
        drawings = {id(atom): atom for asked in tests for atom in asked.place_atoms}
        content = dict(zip(drawings, shapely.to_wkb(list(drawings.values())), strict=True))
        areas: dict[tuple[bytes, ...], list[ClauseTests]] = {}
        for asked in tests:
            areas.setdefault(tuple(content[id(atom)] for atom in asked.place_atoms), []).append(asked)
        self.tests = tuple(asked for group in areas.values() for asked in group)
        self.clauses = tuple(asked.clause.id for asked in self.tests)
        self.standards = tuple(max(standard, asked.clause.standard or standard) for asked in self.tests)
        self.is_fast = fast
        self._areas = tuple(group[0] for group in areas.values())
        # What lies abroad is drawn nowhere, and stands last.
        self._drawn = [wkb[: area.abroad] for wkb, area in zip(areas, self._areas, strict=True)]
        self._sizes = [len(group) for group in areas.values()]
        self._judges = [Judge(asked) for asked in self.tests]
        self._lock = threading.RLock()
        self._classes: dict[Hashable, int] = {}
        self._places: dict[Values, int] = {}
        self._given = np.zeros((0, len(self._areas)), dtype=np.uint64)
        self._met: dict[tuple[int, ...], int] = {}
        self._judged: list[_Answer] = []
        self._given_out: list[int] = []  # of each slot, which answer it is
        self._mine: Sifter | None = None
        words = max(1, -(-len(self.tests) // 64))
        self._who = _Who(self.tests)
        self._rest = _Rest(self.tests, self.standards)
        self.acts = _Codes(("act",), self._act_means, words)
        self.arms = _Codes(("weapon", "calibre_low_mm", "calibre_high_mm"), self._arm_means, words)
        self.whos = _Codes(("pairs",), self._who_means, words, fold=self._who.fold)
        self.rests = _Codes(self._rest.columns, self._rest_means, words)
        self._fixed = self._fix(reach_m, words)

    @property
    def grid(self) -> ZoneGrid:
        """The grid over everything that the clauses draw."""
        grid: ZoneGrid = self._fixed["grid"]
        return grid

    # ---- asking ------------------------------------------------------------------------------------------------------

    def judge(self, batch: pl.DataFrame, whole: npt.NDArray[np.bool_] | None = None) -> pl.DataFrame:
        """Return (row, clause, outcome, slot) of what each account of a batch may touch, or was alleged to; by row.

        A batch has the columns of an account (`FACTS`) and of its evidence (`allegation`, `origins_low`, `first_hand`,
        `recorded`); what is the same in all rows and unknown may be left out. `x_m` and `y_m` are where its points lie
        in the agreement's plane; they are projected where they are missing. Of rows marked in `whole` every clause that
        speaks of such acts and times is told, touched or not. Raises TrucewatchError for a batch that cannot be asked
        about.
        """
        if self._mine is None:
            self._mine = Sifter(self)
        return self.answered(self._mine, self._mine.sift(batch, whole))

    def answered(self, sifter: Sifter, sifted: Sifted) -> pl.DataFrame:
        """Judge what is new in a sifter's batch and return its pairs with their answers, as `judge` does."""
        for key, seen in sifted.new:
            at = self._met.setdefault(key, len(self._judged))
            question = key[0] >> 32
            if at == len(self._judged):
                self._judged.append(_Answer(question, self._judges[question].judge(seen), seen["proof"]))
            outcome = self._judged[at].judgement.outcome
            is_kept = outcome is not Outcome.UNTOUCHED or self.tests[question].clause.kind is ClauseKind.CEILING
            sifter.answers.append((at, OUTCOMES.index(outcome), KEPT if is_kept else DROPPED))
        judged, outcomes, states = np.array(sifter.answers, dtype=np.int64).reshape(-1, 3).T
        kept = sifted.is_kept | (states[sifted.slot] == KEPT)
        found = sifted.slot[kept]
        return pl.DataFrame(
            {
                "row": pl.Series(sifted.row[kept], dtype=pl.UInt32),
                "clause": pl.Series(sifted.question[kept], dtype=pl.UInt16),
                "outcome": pl.Series(OUTCOMES, dtype=pl.Enum(OUTCOMES)).gather(outcomes[found]),
                "slot": pl.Series(self._numbered(judged[found]), dtype=pl.UInt32),
            }
        )

    def _numbered(self, judged: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Number answers as they are first given, so that batches and threads change nothing."""
        slots = np.array([answer.slot for answer in self._judged], dtype=np.int64)
        given, first = np.unique(judged[slots[judged] < 0], return_index=True)
        for at in given[np.argsort(first)].tolist():
            slots[at] = self._judged[at].slot = len(self._given_out)
            self._given_out.append(at)
        return slots[judged]

    @property
    def judgements(self) -> pl.DataFrame:
        """The answers given so far, by slot: clause, possible outcomes as bits, tests, what would settle it, proof."""
        answers = [self._judged[at] for at in self._given_out]
        told = [answer.judgement for answer in answers]
        return pl.DataFrame(
            {
                "slot": pl.Series(range(len(answers)), dtype=pl.UInt32),
                "clause": pl.Series([self.clauses[answer.question] for answer in answers], dtype=pl.String),
                "possible": pl.Series([j.possible for j in told], dtype=pl.Int64),
                "tests": pl.Series([json.dumps(dict(j.tests)) for j in told], dtype=pl.String),
                "settled_by": pl.Series([json.dumps(j.settled_by) for j in told], dtype=pl.String),
                "presumed": pl.Series([j.presumed for j in told], dtype=pl.Boolean),
                "proof": pl.Series([answer.proof for answer in answers], dtype=pl.Boolean),
            }
        )

    # ---- what is fixed -----------------------------------------------------------------------------------------------

    def _fix(self, reach_m: float, words: int) -> Mapping[str, Any]:
        shape_of = {
            wkb: atom
            for drawn, area in zip(self._drawn, self._areas, strict=True)
            for wkb, atom in zip(drawn, area.place_atoms, strict=False)
        }
        distinct = {wkb: number for number, wkb in enumerate(shape_of)}
        numbers = [distinct[wkb] for drawn in self._drawn for wkb in drawn]
        first_shape = [0, *np.cumsum(list(map(len, self._drawn))).tolist()]
        grid = grid_of(list(shape_of.values()), reach_m, fast=self.is_fast)
        area_of = np.repeat(np.arange(len(self._areas)), self._sizes)
        reached = np.array([_reached(asked) for asked in self.tests], dtype=np.uint64)
        bands = np.array(_BANDS) * reach_m
        cells, kinds = self._cells(grid, numbers, first_shape, area_of, reached, bands, words)
        return {
            "grid": grid,
            "radius_of_earth": EARTH_RADIUS_M,
            # Nearer by a metre than where the plane ends: beside that edge roundings would decide.
            "furthest": PLANE_REACH_M - 1.0,
            **self._times(words),
            "bands": frozen(bands, np.float64),
            "cells": frozen(cells, np.uint16),
            "kinds": frozen(kinds, np.uint64),
            "who_group": frozen(self._who.group, np.uint16),
            "rest_group": frozen(self._rest.group, np.uint16),
            "area": frozen(area_of, np.uint16),
            "first_shape": frozen(first_shape, np.int64),
            "shapes": frozen(numbers, np.int64),
            "outside": frozen([1 << area.outside for area in self._areas], np.uint64),
            "abroad": frozen([1 << area.abroad for area in self._areas], np.uint64),
            "reached": frozen(reached, np.uint64),
        }

    def _times(self, words: int) -> Mapping[str, Any]:
        cuts = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(t.timeline.cuts_us for t in self.tests)]))
        within = np.concatenate([cuts[:1] - 1, cuts]) if len(cuts) else np.zeros(1, dtype=np.int64)
        gaps, firsts, lasts = (
            (
                np.array(every).reshape(len(self.tests), len(within))
                for every in zip(*(t.timeline.gaps(within) for t in self.tests), strict=True)
            )
            if self.tests
            else (np.zeros((0, len(within))),) * 3
        )
        most = max((t.time_atoms for t in self.tests), default=0)
        ever = np.zeros((len(self.tests), most + 1), dtype=np.int32)
        for q, asked in enumerate(self.tests):
            ever[q, 1 : asked.time_atoms + 1] = np.cumsum(asked.in_time.reshape(-1, asked.time_atoms).any(axis=0))
        at = np.arange(len(self.tests))[:, None]
        may = ever[at, lasts.astype(np.int64) + 1] > ever[at, firsts.astype(np.int64)]
        span = int(cuts[-1] - cuts[0]) if len(cuts) else 0
        shift = max(0, (span // _BIN_COUNT).bit_length())
        bins_from = int(cuts[0]) if len(cuts) else 0
        starts = bins_from + (np.arange((span >> shift) + 1, dtype=np.int64) << shift)
        return {
            "cuts": frozen(cuts, np.int64),
            "bins": frozen(np.searchsorted(cuts, starts, side="left"), np.int32),
            "bins_from": bins_from,
            "shift": shift,
            "when": frozen(_as_bits(may.T, words), np.uint64),
            "gap": frozen(gaps, np.uint16),
            "first_piece": frozen(firsts, np.uint16),
            "last_piece": frozen(lasts, np.uint16),
            "ever": frozen(ever, np.int32),
        }

    def _cells(
        self,
        grid: ZoneGrid,
        numbers: Sequence[int],
        first_shape: Sequence[int],
        area_of: npt.NDArray[np.int64],
        reached: Bits,
        bands: npt.NDArray[np.float64],
        words: int,
    ) -> tuple[Codes, Bits]:
        """Return of what kind each cell is for discs of each band, and what those may concern in such a cell."""
        cells = np.zeros((len(bands), grid.rows, grid.columns, words), dtype=np.uint64)
        nowhere = np.zeros(words, dtype=np.uint64)
        half = grid.cell * 0.70711 + 0.02
        for area, mask in dict.fromkeys(zip(area_of.tolist(), reached.tolist(), strict=True)):
            asked = _as_bits(((area_of == area) & (reached == mask))[None], words)[0]
            held = np.flatnonzero(asked)
            shapes = numbers[first_shape[area] : first_shape[area + 1]]
            for shape in (shape for at, shape in enumerate(shapes) if mask >> at & 1):
                at, is_round = grid.boundary[shape], grid.is_round[shape]
                left, low, right, high = grid.boxes[at]
                signed = grid.signed[grid.offsets[at] : grid.offsets[at + 1]].reshape(high - low, right - left)
                if is_round:
                    nowhere |= asked
                    inside = np.zeros((grid.rows, grid.columns), dtype=bool)
                    inside[low:high, left:right] = True
                    cells[:, ~inside] |= asked
                for band, width in enumerate(bands):
                    near = (-signed if is_round else signed) <= width + half
                    for word in held:
                        cells[band, low:high, left:right, word][near] |= asked[word]
        kinds, kind_of = _distinct(cells.reshape(-1, words))
        kinds = np.concatenate([_as_bits(np.ones((1, len(self.tests)), dtype=bool), words), nowhere[None], kinds])
        if len(kinds) > np.iinfo(np.uint16).max:
            raise TrucewatchError("too many zones lie across each other to be judged at once: fewer clauses at a time")
        return (kind_of + 2).astype(np.uint16).reshape(len(bands), -1), kinds

    # ---- what codes mean ---------------------------------------------------------------------------------------------

    def _class(self, told: Hashable) -> int:
        return self._classes.setdefault(told, len(self._classes))

    def _act_means(self, values: Values) -> Meaning:
        tree, act = act_tree(), values[0]
        may, classes = [], []
        for asked in self.tests:
            clause = asked.clause
            leaves = tree.leaves[act] if act in tree else frozenset[str]()
            told = frozenset(
                tuple(
                    not acts or any(leaf in tree.leaves[node] for node in acts)
                    for acts in (clause.what.acts, *(exception.acts for exception in clause.outside_scope))
                )
                for leaf in leaves
            )
            may.append(any(first for first, *_ in told))
            classes.append(self._class(("act", told)))
        return may, classes

    def _arm_means(self, values: Values) -> Meaning:
        found: dict[Hashable, tuple[bool, int]] = {}
        for asked in self.tests:
            rule = asked.clause.what
            key = (rule.weapons, rule.calibre_at_least_mm, rule.calibre_below_mm)
            if key not in found:
                # Of one act that is forbidden, only the arm is left to be asked about.
                leaf = min(act_tree().leaves[rule.acts[0]])
                forbidden = tuple(asked.what(leaf, *values)[0].tolist())
                found[key] = (any(forbidden), self._class(("arm", forbidden)))
        every = [
            found[(t.clause.what.weapons, t.clause.what.calibre_at_least_mm, t.clause.what.calibre_below_mm)]
            for t in self.tests
        ]
        return [may for may, _ in every], [number for _, number in every]

    def _who_means(self, values: Values) -> Meaning:
        groups = [asked.who(values[0]) for asked in self._who.first]
        may = [bool(bound.any()) for bound, _, _ in groups]
        classes = [
            self._class(("who", bound.shape, bound.tobytes(), covered.tobytes(), presumed))
            for bound, covered, presumed in groups
        ]
        return [may[group] for group in self._who.group], classes

    def _rest_means(self, values: Values) -> Meaning:
        told = dict(zip(self._rest.columns, values, strict=True))
        return [True] * len(self.tests), [
            self._class(("rest", self._rest.of(group, told))) for group in self._rest.first
        ]

    # ---- for sifters -------------------------------------------------------------------------------------------------

    def rows(self, batch: pl.DataFrame, whole: npt.NDArray[np.bool_] | None) -> tuple[Rows, Questions, Bits]:
        """Read a batch as rows, with the questions and the masks of places that they refer to."""
        with self._lock:
            act, arm, who, rest = (table.of(batch) for table in (self.acts, self.arms, self.whos, self.rests))
            place = self._placed(batch)
            questions = Questions(
                acts=self.acts.bits,
                arms=self.arms.bits,
                whos=self.whos.bits,
                act_class=self.acts.classes,
                arm_class=self.arms.classes,
                who_class=self.whos.classes,
                rest_class=self.rests.classes,
                **self._fixed,
            )
            given = frozen(self._given, np.uint64)
        x, y = self._points(batch)
        rows = Rows(
            frozen(batch["earliest"].dt.epoch("us"), np.int64),
            frozen(batch["latest"].dt.epoch("us"), np.int64),
            x,
            y,
            frozen(_filled(batch["radius_m"], 0.0), np.float64),
            act,
            arm,
            who,
            rest,
            place,
            self._asks(batch, whole),
        )
        return rows, questions, given

    def _points(self, batch: pl.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        if "x_m" in batch.columns:
            x, y = (frozen(_filled(batch[name], np.nan), np.float64) for name in ("x_m", "y_m"))
            return x, y
        if not self.tests:
            return (frozen(np.zeros(batch.height), np.float64),) * 2
        lon, lat = (_filled(batch[name], np.nan) for name in ("lon", "lat"))
        x_m, y_m = self.tests[0].plane.project(lon, lat)
        return frozen(x_m, np.float64), frozen(y_m, np.float64)

    def _asks(self, batch: pl.DataFrame, whole: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.uint8]:
        asks = np.zeros(batch.height, dtype=np.uint8)
        if "allegation" in batch.columns:
            asks |= IS_ANSWERED * batch["allegation"].fill_null(False).to_numpy().astype(np.uint8)
        if whole is not None:
            asks |= IS_WHOLE * whole.astype(np.uint8)
        if self.tests and "country" in batch.columns and (abroad := foreign_countries(batch, self.tests[0])):
            asks |= IS_FOREIGN * batch["country"].is_in(abroad).fill_null(False).to_numpy().astype(np.uint8)
        return frozen(asks, np.uint8)

    def _placed(self, batch: pl.DataFrame) -> npt.NDArray[np.int32]:
        place = np.full(batch.height, BY_DISC, dtype=np.int32)
        if "place_kind" not in batch.columns:
            return frozen(place, np.int32)
        others = np.flatnonzero((batch["place_kind"] != str(PlaceKind.DISC)).to_numpy())
        if len(others):
            told = _places(batch)[others]
            distinct = told.unique(maintain_order=True)
            keys = list(distinct.iter_rows())
            new = [at for at, key in enumerate(keys) if key not in self._places]
            self._given = np.concatenate([self._given, self.masks(distinct[new])])
            for at in new:
                self._places[keys[at]] = len(self._places)
            numbered = distinct.with_columns(pl.Series("place", [self._places[key] for key in keys], pl.Int32))
            place[others] = told.join(numbered, on=_PLACE, nulls_equal=True, maintain_order="left")["place"].to_numpy()
        return frozen(place, np.int32)

    def masks(self, accounts: pl.DataFrame) -> Bits:
        """Return the place atoms that accounts may lie in, worked out exactly: [account, area]."""
        places = _places(accounts)
        masks = self._by_circle(places)
        for at, area in enumerate(self._areas):
            left = np.flatnonzero(masks[:, at] == 0)
            if len(left):
                masks[left, at] = place_masks(places[left], area)
        return masks

    def _by_circle(self, places: pl.DataFrame) -> Bits:
        """Return the one place atom of each area that the circle round a drawn place lies in, else 0: [place, area]."""
        masks = np.zeros((places.height, len(self._areas)), dtype=np.uint64)
        is_drawn = (places["place_kind"] != str(PlaceKind.DISC)) & places["geometry"].is_not_null()
        abroad = foreign_countries(places, self._areas[0])
        drawn_at = np.flatnonzero((is_drawn & ~places["country"].is_in(abroad).fill_null(False)).to_numpy())
        plane, grid = self._areas[0].plane, self.grid
        told = shapely.from_wkb(places["geometry"].gather(drawn_at).to_list())
        drawn = np.array([plane.shape(shape) for shape in told], dtype=object)
        middle = shapely.centroid(drawn)
        x, y, radius = shapely.get_x(middle), shapely.get_y(middle), shapely.hausdorff_distance(drawn, middle)
        # A drawing without length lies in nothing, as exact geometry has it, and so may be anywhere.
        is_measured = (np.hypot(x, y) + radius < PLANE_REACH_M) & (shapely.length(drawn) > 0)
        drawn_at = drawn_at[is_measured]
        x, y, wide = (frozen(column[is_measured], np.float64) for column in (x, y, radius + _CLEAR_M))
        found = np.zeros((len(drawn_at), len(grid.boundary)), dtype=np.uint8)
        (contacts.fast() if self.is_fast else contacts.plain)(grid, x, y, wide, found)
        first_shape, shapes = self._fixed["first_shape"], self._fixed["shapes"]
        for at in range(len(self._areas)):
            touched = found[:, shapes[first_shape[at] : first_shape[at + 1]]]
            is_clear = (touched.sum(axis=1) == 1) & (touched.max(axis=1, initial=0) == 1)
            masks[drawn_at[is_clear], at] = np.uint64(1) << touched[is_clear].argmax(axis=1).astype(np.uint64)
        return masks

    def seen(self, key: Sequence[int], mask: int, codes: Sequence[int]) -> dict[str, Any]:
        """Return what a question sees of a row, as `Judge` asks for it."""
        question = key[0] >> 32
        told: dict[str, Any] = {"first_atom": key[0] >> 16 & 0xFFFF, "last_atom": key[0] & 0xFFFF, "places": mask}
        for table, code in zip((self.acts, self.arms, self.whos, self.rests), codes, strict=True):
            told |= dict(zip(table.columns, table.values[code], strict=True))
        return _Rest.SILENT | told | {"proof": _is_proven(told, self.standards[question])}


class Sifter:
    """Finds what a docket's clauses may make of one batch after another; each thread needs one of its own."""

    def __init__(self, docket: Docket) -> None:
        """Begin with no signature known."""
        self._docket = docket
        self.slots = _empty(1 << 11, len(docket.tests))
        self.answers: list[tuple[int, int, int]] = []  # of each slot: the docket's answer, its outcome, kept or dropped

    def sift(self, batch: pl.DataFrame, whole: npt.NDArray[np.bool_] | None = None) -> Sifted:
        """Find the pairs of a batch's rows and the docket's questions that may concern each other."""
        docket = self._docket
        if not docket.tests or batch.is_empty():
            return _NOTHING
        rows, questions, given = docket.rows(batch, whole)
        met = int(self.slots.size[0])
        for known, (_, _, state) in enumerate(self.answers):
            self.slots.state[known] = state
        row, question, slot, later = self._sift(rows, questions, given)
        codes = [self._codes(rows, met)]
        if len(later):
            # What geometry leaves open by a hair, and what lies too far out, is looked at exactly.
            before = int(self.slots.size[0])
            chosen = _chosen(rows, later)._replace(place=frozen(np.arange(len(later)), np.int32))
            more = self._sift(chosen, questions, frozen(docket.masks(batch[later]), np.uint64))
            codes.append(self._codes(chosen, before))
            row = np.concatenate([row, later[more[0]]])
            order = np.argsort(row, kind="stable")
            row, question = row[order], np.concatenate([question, more[1]])[order]
            slot = np.concatenate([slot, more[2]])[order]
        is_kept = (rows.asks[row] & (IS_ANSWERED | IS_WHOLE)) != 0
        return Sifted(row, question, slot, is_kept, self._new(met, np.concatenate(codes)))

    def _sift(self, rows: Rows, questions: Questions, given: Bits) -> tuple[Any, Any, Any, Any]:
        end = len(rows.first_us)
        room = len(self._docket.tests) + 64 + end // 2
        found = Found(
            row=np.empty(room, dtype=np.int32),
            question=np.empty(room, dtype=np.uint16),
            slot=np.empty(room, dtype=np.int32),
            later=np.empty(end, dtype=np.int32),
            sizes=np.zeros(2, dtype=np.int64),
        )
        parts: list[tuple[Any, ...]] = []
        run = sift.fast() if self._docket.is_fast else sift.plain
        begin = 0
        while begin < end:
            found.sizes[:] = 0
            begin = run(rows, questions, given, self.slots, found, begin, end)
            pairs, waiting = found.sizes.tolist()
            columns = (found.row[:pairs], found.question[:pairs], found.slot[:pairs], found.later[:waiting])
            parts.append(tuple(column.copy() for column in columns))
            # Room for pairs was left, so room for signatures was not.
            if begin < end and room - pairs > len(self._docket.tests) + 64:
                self._grow()
        row, question, slot, later = (np.concatenate(column) for column in zip(*parts, strict=True))
        return row, question, slot, later

    def _grow(self) -> None:
        larger = _empty(2 * len(self.slots.masks), len(self._docket.tests))
        (regrow.fast() if self._docket.is_fast else regrow.plain)(self.slots, larger)
        self.slots = larger

    def _codes(self, rows: Rows, met: int) -> npt.NDArray[np.int64]:
        at = self.slots.row[met : self.slots.size[0]]
        return np.column_stack([codes[at] for codes in (rows.act, rows.arm, rows.who, rows.rest)]).astype(np.int64)

    def _new(self, met: int, codes: npt.NDArray[np.int64]) -> tuple[tuple[tuple[int, ...], Mapping[str, Any]], ...]:
        found = []
        for slot, of_row in enumerate(codes.tolist(), start=met):
            key, mask = self.slots.keys[slot].tolist(), int(self.slots.masks[slot])
            found.append(((*key, mask), self._docket.seen(key, mask, of_row)))
        return tuple(found)


def _chosen(rows: Rows, at: npt.NDArray[np.int32]) -> Rows:
    columns: list[Any] = [frozen(column[at], column.dtype.type) for column in rows]
    return Rows(*columns)


_NOTHING = Sifted(
    np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint16), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=bool), ()
)


def _empty(most: int, questions: int) -> Slots:
    room = most + 2 * (questions + 64)
    return Slots(
        table=np.full(4 * most, -1, dtype=np.int32),
        keys=np.zeros((room, 3), dtype=np.int64),
        masks=np.zeros(room, dtype=np.uint64),
        row=np.zeros(room, dtype=np.int64),
        state=np.full(room, NEW, dtype=np.uint8),
        size=np.zeros(1, dtype=np.int64),
    )


# ---- codes -----------------------------------------------------------------------------------------------------------


class _Codes:
    """The distinct values of some columns, numbered as they come, and what each means to every question."""

    def __init__(
        self,
        columns: Sequence[str],
        meaning: Callable[[Values], Meaning],
        words: int,
        fold: Callable[[Values], Values] = tuple,
    ) -> None:
        self.columns = tuple(columns)
        self.values: list[Values] = []
        self.bits = frozen(np.zeros((0, words)), np.uint64)
        self.classes = frozen(np.zeros((0, 0)), np.uint16)
        self._meaning, self._fold, self._words = meaning, fold, words
        self._numbers: dict[Values, int] = {}

    def of(self, batch: pl.DataFrame) -> Codes:
        """Return the code of each row of a batch; raises TrucewatchError for more values than can be told apart."""
        told, values = _numbered(batch, self.columns)
        numbers = np.array([self._number(value) for value in values], dtype=np.int64)
        if len(self.values) > _MOST_CODES:
            names = ", ".join(self.columns)
            raise TrucewatchError(
                f"more than {_MOST_CODES:,} distinct values of {names}: judge these accounts in several parts"
            )
        if len(self.classes) < len(self.values):
            self._widen()
        if len(numbers) == 1:
            return frozen(np.full(batch.height, numbers[0]), np.uint16)
        # No code is out of range; numpy is told so, and need not look twice.
        return frozen(np.take(numbers.astype(np.uint16), told, mode="clip"), np.uint16)

    def _number(self, value: Values) -> int:
        if value not in self._numbers:
            folded = self._fold(value)
            number = self._numbers.setdefault(folded, len(self.values))
            if number == len(self.values):
                self.values.append(folded)
            self._numbers[value] = number
        return self._numbers[value]

    def _widen(self) -> None:
        meant = [self._meaning(value) for value in self.values[len(self.classes) :]]
        bits = _as_bits(np.array([may for may, _ in meant], dtype=bool), self._words)
        classes = np.array([told for _, told in meant])
        if classes.max(initial=0) > np.iinfo(np.uint16).max:
            raise TrucewatchError("these accounts differ in too many ways to be judged at once: judge them in parts")
        held = self.classes.reshape(-1, classes.shape[1])
        self.bits = frozen(np.concatenate([self.bits, bits]), np.uint64)
        self.classes = frozen(np.concatenate([held, classes]), np.uint16)


def _numbered(batch: pl.DataFrame, columns: Sequence[str]) -> tuple[npt.NDArray[Any], list[Values]]:
    """Return for each row of a batch a number, and the values of some columns that each number stands for."""
    total: npt.NDArray[Any] = _all_alike(batch)
    values: list[Values] = [()]
    for name in columns:
        numbers, told = _column(batch, name)
        if len(told) > 1:
            size = len(values) * len(told)
            total = total.astype(np.min_scalar_type(size)) * len(told) + numbers
        values = [(*value, one) for value in values for one in told]
        if len(values) > _MOST_COMBINED and len(columns) > 1:
            kept, total = np.unique(total, return_inverse=True)
            values = [values[at] for at in kept]
    return total, values


def _column(batch: pl.DataFrame, name: str) -> tuple[npt.NDArray[Any], list[Any]]:
    if name not in batch.columns:
        return _all_alike(batch), [None]
    column = batch[name]
    if isinstance(column.dtype, pl.Enum) and len(column.dtype.categories) <= _MOST_COMBINED:
        told = column.dtype.categories.to_list()
        codes = column.to_physical()
        if column.null_count():
            return codes.cast(pl.UInt32).fill_null(len(told)).to_numpy(), [*told, None]
        return codes.to_numpy(), told
    is_constant = column.dtype.is_numeric() and not column.null_count() and column.min() == column.max()
    distinct = column.head(1) if is_constant else column.unique(maintain_order=True)
    if len(distinct) == 1:
        return _all_alike(batch), distinct.to_list()
    codes = column.replace_strict(distinct, pl.Series(range(len(distinct)), dtype=pl.UInt32), return_dtype=pl.UInt32)
    return codes.to_numpy(), distinct.to_list()


def _all_alike(batch: pl.DataFrame) -> npt.NDArray[np.uint8]:
    # One number that stands for all of them: most columns of most batches hold one value, or none.
    return np.broadcast_to(np.zeros(1, dtype=np.uint8), (batch.height,))


class _Who:
    """Who counts as whom, as far as the clauses tell actors apart.

    Clauses that name the same parties and exceptions make the same of everybody, at each time between two changes of
    affiliation; and two actors whom no clause and no statement tells apart are one to all of them.
    """

    def __init__(self, tests: Sequence[ClauseTests]) -> None:
        groups: dict[Hashable, int] = {}
        self.first: list[ClauseTests] = []
        self.group: list[int] = []
        for asked in tests:
            clause = asked.clause
            parties = tuple((axis.name, axis.options) for axis in asked.axes if axis.name.startswith("affected."))
            told = tuple((e.targets, e.actors, e.reserved_by) for e in clause.outside_scope)
            key = (clause.who, clause.reserved_by, told, asked.presumption, parties)
            self.group.append(groups.setdefault(key, len(groups)))
            if len(groups) > len(self.first):
                self.first.append(asked)
        self._agreement = tests[0].agreement if tests else None
        self._alike: dict[Hashable, str] = {}
        self._folded: dict[str, str] = {}
        sides = {side for asked in self.first for side in asked.told_apart()}
        self._told_apart = tuple({tests[0].meant_by(side) for side in sides})

    def fold(self, values: Values) -> Values:
        """Return pairs of which the clauses make the same, the same for as many pairs as may be."""
        pairs = read_pairs(values[0] or ANYBODY)
        return (write_pairs((self._folded_name(actor), self._folded_name(target)) for actor, target in pairs),)

    def _folded_name(self, name: str) -> str:
        if name not in self._folded:
            self._folded[name] = self._fold_name(name)
        return self._folded[name]

    def _fold_name(self, name: str) -> str:
        assert self._agreement is not None
        register = self._agreement.register
        actor = register.identify(name) if name else ""
        if not name or register.is_umbrella(actor) or (actor.startswith("?") and ", " in name):
            return name
        if actor.startswith("?"):
            return self._alike.setdefault("unknown", name)
        statements = tuple(
            (said.to, said.kind, said.contested, said.earliest, said.latest, said.surely)
            for said in register.statements_of(actor)
        )
        counts_as = tuple(actor in meant for meant in self._told_apart)
        return self._alike.setdefault((counts_as, statements), name)


class _Rest:
    """What else clauses may ask about: counts and facts where a clause speaks of them, extents, and proof."""

    SILENT: dict[str, Any] = dict.fromkeys(("count_low", "count_high", "count_unit", "facts"))

    def __init__(self, tests: Sequence[ClauseTests], standards: Sequence[Standard]) -> None:
        groups: dict[Hashable, int] = {}
        self.first: list[tuple[ClauseTests, Standard]] = []
        self.group: list[int] = []
        for asked, standard in zip(tests, standards, strict=True):
            clause = asked.clause
            key = (clause.at_most, clause.what.unit, tuple(asked.preconditions(None)), standard)
            self.group.append(groups.setdefault(key, len(groups)))
            if len(groups) > len(self.first):
                self.first.append((asked, standard))
        counts = ("count_low", "count_high", "count_unit") if any(t.clause.at_most is not None for t in tests) else ()
        facts = ("facts",) if any(t.preconditions(None) for t in tests) else ()
        self.columns = ("time_extent", "place_extent", "origins_low", "first_hand", "recorded", *facts, *counts)

    def of(self, group: tuple[ClauseTests, Standard], told: Mapping[str, Any]) -> Hashable:
        """Return what the clauses of a group make of it."""
        asked, standard = group
        counted = asked.count(told.get("count_low"), told.get("count_high"), told.get("count_unit"))
        known = tuple(asked.preconditions(told.get("facts")).items())
        return tuple(counted.tolist()), known, told["time_extent"], told["place_extent"], _is_proven(told, standard)


def _is_proven(told: Mapping[str, Any], standard: Standard) -> bool:
    low = told["origins_low"] or 0
    return proof_holds(standard, low, low, bool(told["first_hand"]), bool(told["recorded"]))


def _places(accounts: pl.DataFrame) -> pl.DataFrame:
    kinds = {"place_kind": pl.String, "area": pl.String, "country": pl.String, "geometry": pl.Binary,
             "lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64}  # fmt: skip
    missing = {"place_kind": str(PlaceKind.DISC)}
    return accounts.select(
        (pl.col(name) if name in accounts.columns else pl.lit(missing.get(name)).alias(name)).cast(kind)
        for name, kind in kinds.items()
    )


def _filled(column: pl.Series, missing: float) -> npt.NDArray[Any]:
    return (column.fill_null(missing) if column.null_count() else column).to_numpy()


def _distinct(bits: Bits) -> tuple[Bits, npt.NDArray[np.int64]]:
    """Return the distinct rows, and which of them each row is."""
    mixed = np.zeros(len(bits), dtype=np.uint64)
    for word in range(bits.shape[1]):
        mixed = (mixed ^ bits[:, word]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    _, first, of_row = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(bits[first][of_row], bits):  # two that differ were mixed into one number
        kinds, of_row = np.unique(bits, axis=0, return_inverse=True)
        return kinds, of_row.reshape(-1)
    return bits[first], of_row


def _reached(asked: ClauseTests) -> int:
    """Return which place atoms some version of a clause's area holds, one bit each."""
    table = asked.in_place.reshape(-1, len(asked.place_atoms))
    return sum(1 << at for at in range(len(asked.place_atoms)) if table[:, at].any())


def _as_bits(flags: npt.NDArray[np.bool_], words: int) -> Bits:
    """Pack rows of flags into words of 64 bits, the first in the lowest."""
    room = np.zeros((len(flags), words * 64), dtype=bool)
    room[:, : flags.shape[1]] = flags
    packed: Bits = np.packbits(room, axis=1, bitorder="little").view(np.uint64)
    return packed
