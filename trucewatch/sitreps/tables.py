"""Tables: a sitrep's findings as data, for programs and spreadsheets. Only columns with `line` in their name know a
line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl
import shapely

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.material import Figures, Told
from trucewatch.where import PlaceKind, place_shape

FORMAT = 1
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # no program that reads text wants to see one
_MOST_LINES = 50  # of the rows refused
# A spreadsheet would run a cell that begins with one of these.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

FINDINGS: dict[str, pl.DataType] = {
    "finding": pl.String(),
    "clause": pl.String(),
    "outcome": pl.String(),
    "sentence": pl.String(),
    "earliest": pl.Datetime("us", "UTC"),
    "latest": pl.Datetime("us", "UTC"),
    "place": pl.String(),
    "zone": pl.String(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "radius_m": pl.Float64(),
    "share_inside": pl.Float64(),
    "act": pl.String(),
    "civilians_dead": pl.Int64(),
    "rests_on_presumption": pl.Boolean(),
    "responsibility": pl.String(),
    "settled_by": pl.String(),
    "origins": pl.String(),
    "reports": pl.Int64(),
    "sources": pl.String(),
    "records": pl.String(),
    "tests": pl.String(),
    "marking": pl.String(),
    "lines": pl.String(),
    "chain_to_line": pl.String(),
}


def findings_table(figures: Figures) -> pl.DataFrame:
    """Return the findings of a sitrep, one row each, by clause, time and id; `chain_to_line` is the chain as JSON."""
    rows = [_row(told, figures.marking) for told in figures.told]
    return pl.DataFrame(rows, schema=FINDINGS)


def _row(told: Told, marking: str) -> dict[str, Any]:
    account = told.account
    chain = [{name: value for name, value in link.items() if name != "claim_key"} for link in told.chain]
    return {
        "finding": told.id,
        "clause": told.clause,
        "outcome": told.outcome,
        "sentence": told.sentence,
        "earliest": account["earliest"],
        "latest": account["latest"],
        "place": told.where,
        "zone": told.zone,
        "lon": account["lon"],
        "lat": account["lat"],
        "radius_m": account["radius_m"],
        "share_inside": told.share_inside,
        "act": told.act,
        "civilians_dead": told.civilians_dead,
        "rests_on_presumption": told.presumption,
        "responsibility": told.responsibility,
        "settled_by": " | ".join(told.settled_by),
        "origins": told.origins,
        "reports": told.reports,
        "sources": ", ".join(sorted({link["source"] for link in told.chain})),
        "records": ", ".join(sorted({link["record"] for link in told.chain if link["record"]})),
        "tests": json.dumps(told.tests),
        "marking": marking,
        "lines": ", ".join(dict.fromkeys(f"{link['file']}:{link['line']}" for link in told.chain)),
        "chain_to_line": json.dumps(chain, ensure_ascii=False),
    }


def findings_csv(table: pl.DataFrame) -> bytes:
    """Return a findings table as CSV (UTF-8); text that a spreadsheet would run is led by an apostrophe."""
    kept = table.drop("chain_to_line", "tests")
    text = [name for name, kind in kept.schema.items() if kind == pl.String]
    readable = kept.with_columns(pl.col(text).str.replace_all(_CONTROL, "\ufffd"))
    defused = readable.with_columns(
        pl.when(pl.any_horizontal(pl.col(name).str.starts_with(start) for start in _STARTS_FORMULA))
        .then(pl.concat_str(pl.lit("'"), name))
        .otherwise(name)
        .alias(name)
        for name in text
    )
    return defused.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ").encode()


def findings_geojson(figures: Figures, agreement: Agreement) -> bytes:
    """Return the findings as GeoJSON (RFC 7946): the region a place was told as, never a pin; null where none is
    drawn.
    """
    drawn: dict[bytes, str] = {}
    features = []
    for told, row in zip(figures.told, findings_table(figures).iter_rows(named=True), strict=True):
        shape = place_shape(told.account, agreement.gazetteer) if _is_drawn(told.account) else None
        if shape is not None and shape.wkb not in drawn:
            rounded = shapely.transform(shapely.orient_polygons(shape), lambda xy: xy.round(5))
            drawn[shape.wkb] = shapely.to_geojson(rounded)
        properties = {
            name: f"{value:%Y-%m-%dT%H:%M:%SZ}" if name in ("earliest", "latest") else value
            for name, value in row.items()
            if name not in ("chain_to_line", "tests")
        }
        geometry = drawn[shape.wkb] if shape is not None else "null"
        told_of = json.dumps(properties, ensure_ascii=False)
        features.append(f'{{"type":"Feature","id":"{told.id}","geometry":{geometry},"properties":{told_of}}}')
    listed = ",\n".join(features)
    return f'{{"type":"FeatureCollection","marking":"{figures.marking}","features":[\n{listed}\n]}}\n'.encode()


def _is_drawn(account: Mapping[str, Any]) -> bool:
    # A governorate or a country drawn for each of its incidents would show where it lies, not where they do.
    return account["place_kind"] in (PlaceKind.DISC, PlaceKind.SECTOR, PlaceKind.LINE)


def summary(figures: Figures) -> dict[str, Any]:
    """Return the figures of a sitrep as its published summary (`formats/summary.schema.json`)."""
    concentration = figures.concentration
    return {
        "format": FORMAT,
        "made_by": "trucewatch",
        "agreement": figures.title,
        "marking": figures.marking,
        "simulation": figures.is_simulation,
        "reading": figures.reading or None,
        "period": {
            "start": f"{figures.period.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{figures.period.end:%Y-%m-%dT%H:%M:%SZ}",
            "text": figures.period.text,
        },
        "cut_off": figures.cut_off,
        "rows_read": figures.rows_read,
        "rows_refused": figures.rows_refused,
        "rows_withdrawn": figures.withdrawn,
        "claims": figures.claims,
        "incidents": figures.incidents,
        "incidents_in_period": figures.incidents_in_period,
        # How many there are is for the mission; of a single finding others learn whether it is more than one.
        "origins": {"at_least": figures.origins_low, "at_most": figures.origins_high} if figures.shows_leads else None,
        "findings": dict(figures.counts),
        "findings_without_presumption": dict(figures.strict_counts) if figures.strict_counts else None,
        "violations_resting_on_presumption": figures.presumed,
        "source_concentration": {
            "incidents": concentration.incidents,
            "source": concentration.office,
            "rest_on_it_alone": concentration.alone,
            "cite_it": concentration.cite,
        }
        if concentration
        else None,
        "civilian_harm": dict(figures.civilian_harm),
        "lethal_incidents_by_month": dict(figures.by_month),
        "windows": [
            {
                "in_force": window.date,
                "before": {"days": window.before_text, "incidents": window.before},
                "after": {"days": window.after_text, "incidents": window.after},
                "dyads": [{"dyad": name, "before": b, "after": a} for name, b, a in window.dyads],
            }
            for window in figures.windows
        ],
        "assessment": list(figures.assessment),
    }


def summary_json(figures: Figures) -> bytes:
    """Return the summary as JSON text, keys in their published order."""
    return (json.dumps(summary(figures), ensure_ascii=False, indent=2) + "\n").encode()


def sitrep_markdown(figures: Figures, agreement: Agreement) -> bytes:
    """Return the sitrep as Markdown: page one, then each finding in its sentence."""
    lines = [
        f"# {figures.title}: situation report",
        "",
        f"**{figures.marking.upper()}**"
        + (" · **SIMULATION: none of this happened**" if figures.is_simulation else ""),
        "",
        f"Period: {figures.period.text}. Cut-off: {figures.cut_off}. "
        f"Reading: {figures.reading or 'every contested term open'}.",
        "",
        *(line for sentence in figures.assessment for line in (_escape(sentence), "")),
        "| | violation | outside scope | undetermined |",
        "|---|---:|---:|---:|",
        _counts_line("as assessed", figures.counts),
    ]
    if figures.strict_counts:
        lines.append(_counts_line("without the presumption (`strict`)", figures.strict_counts))
    lines += ["", f"Findings of violation that rest on the presumption: {figures.presumed}.", ""]
    lines += ["## What could not be seen", "", *(f"- {_escape(sentence)}" for sentence in figures.not_seen), ""]
    for clause in agreement.clauses:
        of_clause = [told for told in figures.told if told.clause == clause.id]
        lines += [f"## {clause.id}: {_escape(clause.says.get('en', ''))}", ""]
        lines += [f"- `{told.id}` {_escape(told.sentence)}" for told in of_clause] or ["No findings."]
        lines.append("")
    lines += [
        "## Rows",
        "",
        f"{figures.rows_read:,} rows read, {figures.rows_refused:,} refused.",
        "",
        *(f"- {_escape(str(problem))}" for problem in figures.problems[:_MOST_LINES]),
        *([f"- and {left_out:,} more"] if (left_out := len(figures.problems) - _MOST_LINES) > 0 else []),
        "",
        "## Licences",
        "",
        *(
            f"- {_escape(source.title)}: {_escape(source.licence)}. {_escape(source.citation)}"
            for source in figures.sources
        ),
        "",
    ]
    return "\n".join(lines).encode()


def _counts_line(name: str, counts: Mapping[str, int]) -> str:
    return f"| {name} | {counts['violation']} | {counts['outside_scope']} | {counts['undetermined']} |"


def _escape(text: str) -> str:
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, "\\" + mark)
    return re.sub(_CONTROL, "\ufffd", " ".join(text.split()))
