"""Traces: a finding followed back to file and line, and why two reports were held to tell of one event, or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.corroboration.links import Reason, explain
from trucewatch.decisions import Decision
from trucewatch.incidents import corroborate
from trucewatch.mission import Mission, is_mission
from trucewatch.problems import TrucewatchError, did_you_mean
from trucewatch.record.entries import Entry
from trucewatch.sitreps.publish import is_sitrep
from trucewatch.sitreps.tables import FINDINGS

_LEAST_KEY = 8


def trace(folder: str | Path, finding_id: str, audience: str = "mission") -> dict[str, Any]:
    """Return a finding of a mission or of a sitrep's folder, with its chain back to file and line.

    Of a mission it is one that `audience` is told of; what leads back to a record is in none below mission level.
    Raises TrucewatchError where the folder is neither, or holds no such finding.
    """
    path = Path(folder)
    if is_mission(path):
        table = Mission.open(path).run(audience=audience).findings
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
        return pl.read_parquet(path, columns=list(FINDINGS)).cast(pl.Schema(FINDINGS))
    except (OSError, pl.exceptions.PolarsError) as fault:
        why = str(fault).partition("\n")[0]
        raise TrucewatchError(f"{path}: cannot be read back ({why}); make the sitrep again") from None


def trace_link(folder: str | Path, one: str, other: str) -> dict[str, Any]:
    """Return why two reports of a mission are, or are not, held to tell of one event.

    Each is named by its record's id, as `file:line`, or by the first letters of its claim's key. The answer holds both
    reports, the reasons (feature, level, sentence, log_odds), what they add up to, and whether the two are one. Raises
    TrucewatchError for a folder that is no mission, or a name that finds no report or several.
    """
    mission = Mission.open(Path(folder))
    law = mission.agreement
    seen = mission.view()
    told = [_report(seen.claims, name, Path(folder)) for name in (one, other)]
    keys = [row["claim_key"] for row in told]
    if keys[0] == keys[1]:
        raise TrucewatchError(f"'{one}' and '{other}' are one report; name two")
    found = corroborate(seen, law.gazetteer, law.register, mission.decisions())
    reasons = explain(told[0], told[1], register=law.register, gazetteer=law.gazetteer)
    incidents = dict(found.members.filter(pl.col("claim_key").is_in(keys)).iter_rows())
    is_one = len(set(incidents.values())) == 1 and len(incidents) == 2
    pair = found.links.filter((pl.col("one") == min(keys)) & (pl.col("other") == max(keys)))
    score = round(sum(reason.log_odds for reason in reasons), 3)
    if is_one:
        decided = any({d.one, d.other} == set(keys) and d.is_same for d in mission.decisions())
        because = "a person decided so" if decided else "" if score > 0 else "by way of other reports of the incident"
    else:
        because = pair["reason"][0] if pair.height else "below the threshold"
    return {
        "reports": [
            {name: row[name] for name in ("file", "line", "source", "record", "office", "text", "claim_key")}
            for row in told
        ],
        "reasons": [{name: getattr(reason, name) for name in Reason.__slots__} for reason in reasons],
        "log_odds": score,
        "one_event": is_one,
        "because": because,
    }


def decide(folder: str | Path, one: str, other: str, is_same: bool, by: str, reason: str) -> Decision:
    """Record that two reports of a mission, named as for `trace_link`, do or do not tell of one event."""
    mission = Mission.open(Path(folder))
    claims = mission.view().claims
    keys = [_report(claims, name, Path(folder))["claim_key"] for name in (one, other)]
    return mission.decide(keys[0], keys[1], is_same, by, reason)


def declassify(
    folder: str | Path, reports: Sequence[str], fields: Sequence[str], to: str, by: str, because: str
) -> Entry:
    """Record that an audience may know some fields of some reports of a mission, named as for `trace_link`."""
    mission = Mission.open(Path(folder))
    claims = mission.view().claims
    keys = [_report(claims, name, Path(folder))["claim_key"] for name in reports]
    return mission.declassify(keys, fields, to, by, because)


def _report(claims: pl.DataFrame, name: str, folder: Path) -> dict[str, Any]:
    """Return the claim that goes by a name; raises TrucewatchError where none does, or several reports do."""
    at_line = pl.concat_str("file", pl.lit(":"), pl.col("line").cast(pl.String)) == name
    by_key = pl.col("claim_key").str.starts_with(name) if len(name) >= _LEAST_KEY else pl.lit(False)
    found = claims.filter((pl.col("record") == name) | at_line | by_key)
    if found.is_empty():
        hint = did_you_mean(name, claims["record"].drop_nulls().to_list()) or "name a record, or FILE:LINE"
        raise TrucewatchError(f"{folder}: holds no report '{name}'; {hint}")
    if found.select("source", "record", "file", "line").n_unique() > 1:
        raise TrucewatchError(f"{folder}: '{name}' names several reports; name one of them as FILE:LINE")
    # Where one record has several tellers, the first stands for it: they are one event already.
    return found.sort("item").row(0, named=True)
