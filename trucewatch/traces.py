"""Traces: a finding followed back to file and line."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.mission import Mission, is_mission
from trucewatch.problems import TrucewatchError, did_you_mean
from trucewatch.sitreps.publish import is_sitrep
from trucewatch.sitreps.tables import FINDINGS


def trace(folder: str | Path, finding_id: str) -> dict[str, Any]:
    """Return a finding of a mission or of a sitrep's folder, with its chain back to file and line.

    Raises TrucewatchError where the folder is neither, or holds no such finding.
    """
    path = Path(folder)
    if is_mission(path):
        table = Mission.open(path).run().findings
    elif path.is_dir() and is_sitrep(path):
        table = _written_findings(path)
    else:
        raise TrucewatchError(f"{path}: is neither a mission nor a sitrep of Trucewatch")
    rows = table.filter(pl.col("finding") == finding_id)
    if rows.is_empty():
        hint = did_you_mean(finding_id, table["finding"].to_list()) or "ids stand in findings.csv"
        raise TrucewatchError(f"{path}: holds no finding '{finding_id}'; {hint}, or trace in the sitrep's own folder")
    row = rows.row(0, named=True)
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    return {**told, "tests": json.loads(row["tests"]), "chain_to_line": json.loads(row["chain_to_line"])}


def _written_findings(sitrep: Path) -> pl.DataFrame:
    path = sitrep / "findings.parquet"
    try:
        return pl.read_parquet(path).cast(pl.Schema(FINDINGS))
    except (OSError, pl.exceptions.PolarsError) as fault:
        why = str(fault).partition("\n")[0]
        raise TrucewatchError(f"{path}: cannot be read back ({why}); make the sitrep again") from None
