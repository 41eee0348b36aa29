"""DuckDB with its spatial extension, which comes in a wheel and is loaded from there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import duckdb_extension_spatial
import polars as pl

from benchmarks.peers.questions import UNDETERMINED, VIOLATION, Question, answered, bound, kinds, masks

_LOAD = (
    "create table e as select *, ST_Point(x_m, y_m) as pt from events",
    """create table z as select zone, g, ST_Boundary(g) as edge, ST_XMin(g) as west, ST_YMin(g) as south,
       ST_XMax(g) as east, ST_YMax(g) as north from (select zone, ST_GeomFromWKB(wkb) as g from zones)""",
    "create table c as select * from clauses",
    "create table b as select * from bound",
)
_KINDS = "create or replace table k as select * from kinds"
# Each form makes the view `found` (event, clause, outcome), outcome null where a clause is not touched.
_FORMS = {
    # Whatever is asked about, then boxes, then the geometry of each event and zone once for all clauses.
    "clauses first": """create or replace view found as
        with asked as materialized (
            select e.event, c.clause, c.zone, e.pt, e.allowed_m
            from e join k on e.act = k.act and e.actor = k.actor and e.weapon = k.weapon
                join c on c.clause = k.clause join z on z.zone = c.zone
            where e.t_us >= c.start_us and e.t_us < c.end_us
                and e.x_m >= z.west - e.allowed_m and e.x_m <= z.east + e.allowed_m
                and e.y_m >= z.south - e.allowed_m and e.y_m <= z.north + e.allowed_m
        ), settled as materialized (
            select event, zone,
                case when ST_Distance(z.edge, pt) <= allowed_m then 2 when ST_Contains(z.g, pt) then 1 end as outcome
            from (select event, zone, any_value(pt) as pt, any_value(allowed_m) as allowed_m
                from asked group by event, zone) join z using (zone)
        )
        select event, clause, outcome from asked join settled using (event, zone)""",
    # The same with a small table of who is bound, and bits for acts and weapons.
    "clauses first, by masks": """create or replace view found as
        with asked as materialized (
            select e.event, c.clause, c.zone, e.pt, e.allowed_m
            from e join b on e.actor = b.actor join c on c.clause = b.clause join z on z.zone = c.zone
            where (c.acts >> e.act) & 1 = 1 and (c.weapons >> e.weapon) & 1 = 1
                and e.t_us >= c.start_us and e.t_us < c.end_us
                and e.x_m >= z.west - e.allowed_m and e.x_m <= z.east + e.allowed_m
                and e.y_m >= z.south - e.allowed_m and e.y_m <= z.north + e.allowed_m
        ), settled as materialized (
            select event, zone,
                case when ST_Distance(z.edge, pt) <= allowed_m then 2 when ST_Contains(z.g, pt) then 1 end as outcome
            from (select event, zone, any_value(pt) as pt, any_value(allowed_m) as allowed_m
                from asked group by event, zone) join z using (zone)
        )
        select event, clause, outcome from asked join settled using (event, zone)""",
    # A spatial join of discs' boxes with zones, then attributes.
    "zones first": """create or replace view found as
        with near as (
            select e.event, e.t_us, e.act, e.actor, e.weapon, z.zone,
                case when ST_Distance(z.edge, e.pt) <= e.allowed_m then 2 when ST_Contains(z.g, e.pt) then 1 end
                    as outcome
            from e join z on ST_Intersects(z.g,
                ST_MakeEnvelope(e.x_m - e.allowed_m, e.y_m - e.allowed_m, e.x_m + e.allowed_m, e.y_m + e.allowed_m))
        )
        select near.event, c.clause, near.outcome
        from near join c on c.zone = near.zone join k on k.clause = c.clause
            and near.act = k.act and near.actor = k.actor and near.weapon = k.weapon
        where near.t_us >= c.start_us and near.t_us < c.end_us""",
}
FORMS = tuple(_FORMS)


class Engine:
    """A database in memory."""

    def __init__(self, question: Question) -> None:
        """Load the tables."""
        self._con = duckdb.connect(config={"threads": 1})
        folder = Path(duckdb_extension_spatial.__file__).parent
        self._con.load_extension(str(next(folder.rglob("*.duckdb_extension"))))
        zones = pl.DataFrame({"zone": range(len(question.zones)), "wkb": [zone.wkb for zone in question.zones]})
        tables = {"events": question.events, "zones": zones, "clauses": masks(question), "bound": bound(question)}
        for name, frame in {**tables, "kinds": kinds(question)}.items():
            self._con.register(name, frame.to_arrow())
        for statement in _LOAD:
            self._con.execute(statement)

    def answer(self, form: str) -> dict[int, int]:
        """Return how often each outcome was found."""
        if "join k" in _FORMS[form]:
            self._con.execute(_KINDS)
        self._con.execute(_FORMS[form])
        found = self._con.execute("select outcome, count(*) from found where outcome > 0 group by outcome").fetchall()
        return {VIOLATION: 0, UNDETERMINED: 0, **dict(found)}

    def rows(self, form: str) -> pl.DataFrame:
        """Return the rows that are counted."""
        self.answer(form)
        found = self._con.execute("select event, clause, outcome from found where outcome > 0").fetchnumpy()
        return answered(found["event"], found["clause"], found["outcome"])
