"""Shapely, attributes first: arrays for when and what, and prepared geometry only for what is left of each zone."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from benchmarks.peers.questions import UNDETERMINED, VIOLATION, Question, answered, asked, counted

FORMS = ("by distance", "by dwithin")


class Engine:
    """Columns as arrays."""

    def __init__(self, question: Question) -> None:
        """Take the columns out."""
        self._question = question
        columns = question.events.select("x_m", "y_m", "t_us", "allowed_m", "event")
        self._x, self._y, self._t, self._allowed, self._event = (column.to_numpy() for column in columns)

    def answer(self, form: str) -> dict[int, int]:
        """Return how often each outcome was found."""
        totals = {VIOLATION: 0, UNDETERMINED: 0}
        for _, _, outcomes in self._found(form):
            counts = np.bincount(outcomes, minlength=3)
            totals[VIOLATION] += int(counts[VIOLATION])
            totals[UNDETERMINED] += int(counts[UNDETERMINED])
        return totals

    def rows(self, form: str) -> pl.DataFrame:
        """Return the rows that are counted."""
        parts = [
            pl.DataFrame({"event": self._event[at], "outcome": outcomes}).with_columns(clause=pl.lit(clause))
            for clause, at, outcomes in self._found(form)
        ]
        found = pl.concat(parts)
        rows = answered(found["event"], found["clause"], found["outcome"])
        assert counted(rows) == self.answer(form)
        return rows

    def _found(self, form: str) -> list[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int8]]]:
        kind, table = asked(self._question)
        clauses = self._question.clauses
        starts, ends = clauses["start_us"].to_numpy(), clauses["end_us"].to_numpy()
        ids, of_zone = clauses["clause"].to_list(), clauses["zone"].to_numpy()
        found = []
        for zone, shape in enumerate(self._question.zones):
            asking = np.flatnonzero(of_zone == zone)
            if not len(asking):
                continue
            west, south, east, north = shape.bounds
            near = (self._x >= west - self._allowed) & (self._x <= east + self._allowed)
            near &= (self._y >= south - self._allowed) & (self._y <= north + self._allowed)
            at = np.flatnonzero(near)
            when, what = self._t[at], kind[at]
            applies = [table[what, c] & (when >= starts[c]) & (when < ends[c]) for c in asking]
            kept = np.logical_or.reduce(applies)
            at = at[kept]
            outcomes = self._outcomes(shape, at, form)
            for clause, mask in zip(asking, applies, strict=True):
                hits = mask[kept] & (outcomes > 0)
                found.append((ids[clause], at[hits], outcomes[hits]))
        return found

    def _outcomes(self, shape: BaseGeometry, at: npt.NDArray[np.int64], form: str) -> npt.NDArray[np.int8]:
        edge, dwithin = shape.boundary, cast(Any, shapely.dwithin)
        shapely.prepare(shape)
        shapely.prepare(edge)
        x, y, allowed = self._x[at], self._y[at], self._allowed[at]
        points: Any = shapely.points(x, y)
        # The stubs know one distance only, the library one for each.
        is_near = dwithin(edge, points, allowed) if form == "by dwithin" else shapely.distance(points, edge) <= allowed
        outcomes = np.where(is_near, UNDETERMINED, 0).astype(np.int8)
        clear = np.flatnonzero(~is_near)
        outcomes[clear[shapely.contains_xy(shape, x[clear], y[clear])]] = VIOLATION
        return outcomes
