"""PostGIS, in a private PostgreSQL cluster that lives in a temporary folder for as long as one measurement."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from benchmarks.peers.questions import UNDETERMINED, VIOLATION, Question, answered, bound, kinds, masks

_SETTINGS = {
    "listen_addresses": "", "jit": "off", "max_parallel_workers_per_gather": "0", "shared_buffers": "1GB",
    "work_mem": "512MB", "maintenance_work_mem": "512MB", "fsync": "off", "autovacuum": "off",
}  # fmt: skip
_LOAD = (
    "create extension postgis",
    """create unlogged table e (event bigint, x_m float8, y_m float8, t_us bigint, act int, actor int, weapon int,
       allowed_m float8, pt geometry generated always as (ST_MakePoint(x_m, y_m)) stored)""",
    "create unlogged table c (clause int, zone int, start_us bigint, end_us bigint, acts bigint, weapons bigint)",
    "create unlogged table b (actor int, clause int)",
    "create unlogged table k0 (act int, actor int, weapon int, clause int)",
    "create unlogged table z0 (zone int, wkb text)",
)
_ZONES = """create unlogged table z as select zone, g, ST_Boundary(g) as edge, ST_XMin(g) as west, ST_YMin(g) as south,
    ST_XMax(g) as east, ST_YMax(g) as north from (select zone, ST_GeomFromWKB(decode(wkb, 'hex')) as g from z0) drawn"""
_INDEX = (
    "drop table if exists k",
    "create unlogged table k as select * from k0",
    "create index on k (act, actor, weapon)",
    "analyze k",
)
_SPATIAL_INDEX = ("create index if not exists zones_drawn on z using gist (g)", "analyze z")
_COLUMNS = {
    "e": ("event", "x_m", "y_m", "t_us", "act", "actor", "weapon", "allowed_m"),
    "c": ("clause", "zone", "start_us", "end_us", "acts", "weapons"),
    "b": ("actor", "clause"),
    "k0": ("act", "actor", "weapon", "clause"),
    "z0": ("zone", "wkb"),
}
_FORMS = {
    "clauses first": """create or replace view found as
        with placed as materialized (
            select e.event, c.zone, e.pt, e.allowed_m, array_agg(c.clause) as clauses
            from e join k on e.act = k.act and e.actor = k.actor and e.weapon = k.weapon
                join c on c.clause = k.clause join z on z.zone = c.zone
            where e.t_us >= c.start_us and e.t_us < c.end_us
                and e.x_m >= z.west - e.allowed_m and e.x_m <= z.east + e.allowed_m
                and e.y_m >= z.south - e.allowed_m and e.y_m <= z.north + e.allowed_m
            group by e.event, c.zone, e.pt, e.allowed_m
        ), settled as materialized (
            select placed.event, placed.clauses,
                case when ST_Distance(z.edge, pt) <= allowed_m then 2 when ST_Contains(z.g, pt) then 1 end as outcome
            from placed join z on z.zone = placed.zone
        )
        select event, unnest(clauses) as clause, outcome from settled where outcome > 0""",
    "clauses first, by masks": """create or replace view found as
        with placed as materialized (
            select e.event, c.zone, e.pt, e.allowed_m, array_agg(c.clause) as clauses
            from e join b on e.actor = b.actor join c on c.clause = b.clause join z on z.zone = c.zone
            where (c.acts >> e.act) & 1 = 1 and (c.weapons >> e.weapon) & 1 = 1
                and e.t_us >= c.start_us and e.t_us < c.end_us
                and e.x_m >= z.west - e.allowed_m and e.x_m <= z.east + e.allowed_m
                and e.y_m >= z.south - e.allowed_m and e.y_m <= z.north + e.allowed_m
            group by e.event, c.zone, e.pt, e.allowed_m
        ), settled as materialized (
            select placed.event, placed.clauses,
                case when ST_Distance(z.edge, pt) <= allowed_m then 2 when ST_Contains(z.g, pt) then 1 end as outcome
            from placed join z on z.zone = placed.zone
        )
        select event, unnest(clauses) as clause, outcome from settled where outcome > 0""",
    "zones first": """create or replace view found as
        select near.event, c.clause, near.outcome
        from (select e.event, e.t_us, e.act, e.actor, e.weapon, z.zone,
                case when ST_Distance(z.edge, e.pt) <= e.allowed_m then 2 when ST_Contains(z.g, e.pt) then 1 end
                    as outcome
            from e join z on ST_DWithin(z.g, e.pt, e.allowed_m) offset 0) as near
            join c on c.zone = near.zone join k on k.clause = c.clause
            and near.act = k.act and near.actor = k.actor and near.weapon = k.weapon
        where near.t_us >= c.start_us and near.t_us < c.end_us""",
}
FORMS = tuple(_FORMS)


def programs() -> Path | None:
    """Return the folder with PostgreSQL's own programs and PostGIS beside them, or none."""
    config = shutil.which("pg_config")
    asked = [Path(config).resolve().parent] if config else []
    for folder in [*asked, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]:
        share = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if (folder / "initdb").is_file() and share.is_file():
            return folder
    return None


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster of one's own, give its connection string, and take it away again."""
    found = programs()
    if found is None:
        raise ImportError("PostgreSQL with PostGIS is not here")
    # PostgreSQL does not run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)
        place = Path(folder) / "cluster"
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        how: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, "user": user}
        subprocess.run([found / "initdb", "-D", place, "-A", "trust", "-U", "bench", "--no-sync"], check=True, **how)
        # A child of this process, so that whoever ends a trial that takes too long ends the server with it.
        server = subprocess.Popen([found / "postgres", "-D", place, "-k", folder, *settings], **how)
        try:
            yield f"host={folder} user=bench dbname=postgres"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait()


def _connected(where: str) -> psycopg.Connection[Any]:
    """Return a connection to a server that is just starting; raises OperationalError after half a minute."""
    for _ in range(300):
        try:
            return psycopg.connect(where, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.1)
    return psycopg.connect(where, autocommit=True)


class Engine:
    """Tables in a cluster that stops when the measurement ends."""

    def __init__(self, question: Question) -> None:
        """Load the tables."""
        self._cluster = cluster()
        self._con = _connected(self._cluster.__enter__())
        for statement in _LOAD:
            self._con.execute(statement)
        zones = pl.DataFrame({"zone": range(len(question.zones)), "wkb": [zone.wkb_hex for zone in question.zones]})
        frames = {"e": question.events, "c": masks(question), "b": bound(question), "k0": kinds(question), "z0": zones}
        for table, frame in frames.items():
            self._copy(table, frame.select(_COLUMNS[table]))
        self._con.execute(_ZONES)
        self._con.execute("analyze")

    def _copy(self, table: str, frame: pl.DataFrame) -> None:
        target = psycopg.sql.SQL("copy {} ({}) from stdin csv").format(
            psycopg.sql.Identifier(table), psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, frame.columns))
        )
        with self._con.cursor().copy(target) as copy:
            copy.write(frame.write_csv(include_header=False))

    def close(self) -> None:
        """Stop the cluster."""
        self._con.close()
        self._cluster.__exit__(None, None, None)

    def answer(self, form: str) -> dict[int, int]:
        """Return how often each outcome was found."""
        self._con.execute("drop view if exists found")
        # It takes bits for a rare find, and would go through all events for each clause.
        self._con.execute("set enable_nestloop = on" if form == "zones first" else "set enable_nestloop = off")
        for statement in (
            *(_INDEX if "join k" in _FORMS[form] else ()),
            *(_SPATIAL_INDEX if form == "zones first" else ()),
        ):
            self._con.execute(statement)
        self._con.execute(_FORMS[form])
        query = "select outcome, count(*) from found where outcome > 0 group by outcome"
        return {VIOLATION: 0, UNDETERMINED: 0, **dict(self._con.execute(query).fetchall())}

    def rows(self, form: str) -> pl.DataFrame:
        """Return the rows that are counted."""
        self.answer(form)
        found = self._con.execute("select event, clause, outcome from found where outcome > 0").fetchall()
        events, clauses, outcomes = zip(*found, strict=True) if found else ((), (), ())
        return answered(events, clauses, outcomes)
