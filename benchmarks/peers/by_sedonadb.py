"""SedonaDB: DataFusion with geometry. A distance is planned as a spatial join where it comes from one side alone."""

from __future__ import annotations

import polars as pl
import sedonadb

from benchmarks.peers.questions import UNDETERMINED, VIOLATION, Question, answered, bound, kinds, masks

_EVENTS = "select *, ST_Point(x_m, y_m) as pt from events"
_ZONES = """select zone, g, ST_Boundary(g) as edge, ST_XMin(g) as west, ST_YMin(g) as south, ST_XMax(g) as east,
    ST_YMax(g) as north from (select zone, ST_GeomFromWKB(wkb) as g from zones) as drawn"""
_FORMS = {
    "clauses first": """
        with asked as (
            select e.event, c.clause, c.zone, e.x_m, e.y_m, e.allowed_m
            from e join k on e.act = k.act and e.actor = k.actor and e.weapon = k.weapon
                join c on c.clause = k.clause join z on z.zone = c.zone
            where e.t_us >= c.start_us and e.t_us < c.end_us
                and e.x_m >= z.west - e.allowed_m and e.x_m <= z.east + e.allowed_m
                and e.y_m >= z.south - e.allowed_m and e.y_m <= z.north + e.allowed_m
        ), placed as (
            select event, zone, min(x_m) as x_m, min(y_m) as y_m, min(allowed_m) as allowed_m, array_agg(clause) as cs
            from asked group by event, zone
        ), settled as (
            select placed.event, placed.cs,
                case when ST_Distance(z.edge, ST_Point(placed.x_m, placed.y_m)) <= placed.allowed_m then 2
                    when ST_Contains(z.g, ST_Point(placed.x_m, placed.y_m)) then 1 end as outcome
            from placed join z on z.zone = placed.zone
        )
        select event, unnest(cs) as clause, outcome from settled where outcome > 0""",
    "clauses first, by masks": """
        with asked as (
            select e.event, c.clause, c.zone, e.x_m, e.y_m, e.allowed_m
            from e join b on e.actor = b.actor join c on c.clause = b.clause join z on z.zone = c.zone
            where (c.acts >> e.act) & 1 = 1 and (c.weapons >> e.weapon) & 1 = 1
                and e.t_us >= c.start_us and e.t_us < c.end_us
                and e.x_m >= z.west - e.allowed_m and e.x_m <= z.east + e.allowed_m
                and e.y_m >= z.south - e.allowed_m and e.y_m <= z.north + e.allowed_m
        ), placed as (
            select event, zone, min(x_m) as x_m, min(y_m) as y_m, min(allowed_m) as allowed_m, array_agg(clause) as cs
            from asked group by event, zone
        ), settled as (
            select placed.event, placed.cs,
                case when ST_Distance(z.edge, ST_Point(placed.x_m, placed.y_m)) <= placed.allowed_m then 2
                    when ST_Contains(z.g, ST_Point(placed.x_m, placed.y_m)) then 1 end as outcome
            from placed join z on z.zone = placed.zone
        )
        select event, unnest(cs) as clause, outcome from settled where outcome > 0""",
    "zones first": """
        with near as (
            select e.event, e.t_us, e.act, e.actor, e.weapon, z.zone,
                case when ST_Distance(z.edge, e.pt) <= e.allowed_m then 2 when ST_Contains(z.g, e.pt) then 1 end
                    as outcome
            from e join z on ST_DWithin(z.g, e.pt, e.allowed_m)
        )
        select near.event, c.clause, near.outcome
        from near join c on c.zone = near.zone join k on k.clause = c.clause
            and near.act = k.act and near.actor = k.actor and near.weapon = k.weapon
        where near.t_us >= c.start_us and near.t_us < c.end_us""",
}
FORMS = tuple(_FORMS)


class Engine:
    """Tables in memory."""

    def __init__(self, question: Question) -> None:
        """Load the tables."""
        self._db = sedonadb.connect()
        self._db.sql("set datafusion.execution.target_partitions = 1").execute()
        zones = pl.DataFrame({"zone": range(len(question.zones)), "wkb": [zone.wkb for zone in question.zones]})
        frames = {"events": question.events, "zones": zones, "c": masks(question), "b": bound(question)}
        for name, frame in frames.items():
            self._view(name, frame)
        self._kinds = kinds(question)
        self._db.sql(_EVENTS).to_memtable().to_view("e", overwrite=True)
        self._db.sql(_ZONES).to_memtable().to_view("z", overwrite=True)

    def _view(self, name: str, frame: pl.DataFrame) -> None:
        self._db.create_data_frame(frame.to_arrow(compat_level=pl.CompatLevel.oldest())).to_view(name, overwrite=True)

    def answer(self, form: str) -> dict[int, int]:
        """Return how often each outcome was found."""
        if "join k" in _FORMS[form]:
            self._view("k", self._kinds)
        self._db.sql(_FORMS[form]).to_view("found", overwrite=True)
        query = "select outcome, count(*) as n from found where outcome > 0 group by outcome"
        found = self._db.sql(query).to_arrow_table().to_pylist()
        return {VIOLATION: 0, UNDETERMINED: 0, **{row["outcome"]: row["n"] for row in found}}

    def rows(self, form: str) -> pl.DataFrame:
        """Return the rows that are counted."""
        self.answer(form)
        found = self._db.sql("select event, clause, outcome from found where outcome > 0").to_arrow_table()
        return answered(*(found[name].to_numpy() for name in ("event", "clause", "outcome")))
