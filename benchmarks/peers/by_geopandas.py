"""GeoPandas: `sjoin` with the predicate dwithin, over all events or over those that some clause asks about."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl

from benchmarks.peers.questions import UNDETERMINED, VIOLATION, Question, answered, asked, counted

FORMS = ("zones first", "attributes first")


class Engine:
    """A frame of points and a frame of zones."""

    def __init__(self, question: Question) -> None:
        """Make the frames."""
        self._question = question
        events = question.events
        columns = {name: events[name].to_numpy() for name in ("event", "t_us", "allowed_m")}
        points = gpd.points_from_xy(events["x_m"].to_numpy(), events["y_m"].to_numpy())
        self._events = gpd.GeoDataFrame(columns, geometry=points)
        self._zones = gpd.GeoDataFrame({"zone": range(len(question.zones))}, geometry=list(question.zones))

    def answer(self, form: str) -> dict[int, int]:
        """Return how often each outcome was found."""
        return counted(self._found(form))

    def rows(self, form: str) -> pl.DataFrame:
        """Return the rows that are counted."""
        return self._found(form)

    def _found(self, form: str) -> pl.DataFrame:
        kind, table = asked(self._question)
        clauses = self._question.clauses
        starts, ends = clauses["start_us"].to_numpy(), clauses["end_us"].to_numpy()
        events = self._events
        if form == "attributes first":
            when = events["t_us"].to_numpy()
            kept = np.zeros(len(events), dtype=np.bool_)
            for row in range(clauses.height):
                kept |= table[kind, row] & (when >= starts[row]) & (when < ends[row])
            events = events[kept]
        near = gpd.sjoin(events, self._zones, predicate="dwithin", distance=events["allowed_m"].to_numpy())
        found = []
        of_zone = clauses["zone"].to_numpy()
        for zone, some in near.groupby("zone"):
            shape = self._question.zones[int(str(zone))]
            points = gpd.GeoSeries(some.geometry)
            clear = points.distance(shape.boundary) > some["allowed_m"]
            outcome = np.where(clear, np.where(points.within(shape), VIOLATION, 0), UNDETERMINED)
            when, what = some["t_us"].to_numpy(), kind[some.index.to_numpy()]
            for row in np.flatnonzero(of_zone == int(str(zone))).tolist():
                hits = table[what, row] & (when >= starts[row]) & (when < ends[row]) & (outcome > 0)
                columns = {"event": some["event"].to_numpy()[hits], "outcome": outcome[hits]}
                found.append(pd.DataFrame({**columns, "clause": clauses["clause"][row]}))
        every = pd.concat(found) if found else pd.DataFrame({"event": [], "clause": [], "outcome": []})
        return answered(every["event"].to_numpy(), every["clause"].to_numpy(), every["outcome"].to_numpy())
