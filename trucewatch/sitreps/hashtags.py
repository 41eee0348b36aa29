"""Hashtags: the findings as CSV with a row of HXL hashtags (Humanitarian Exchange Language 1.1) under the head, so that
whoever gathers such tables from many sides can join them.
"""

from __future__ import annotations

import hxl
import polars as pl

from trucewatch.sitreps.tables import FOR_PROGRAMS, INSTANT, defused

# Each column's tag and attributes. Where the standard has a tag for a thing it is taken; what only a finding has is an
# attribute of `#event`, and what says how far it can be trusted one of `#meta`.
HASHTAGS = {
    "finding": "#event+id+finding",
    "clause": "#event+clause+code",
    "outcome": "#status+finding",
    "sentence": "#description+finding",
    "earliest": "#date+start",
    "latest": "#date+end",
    "place": "#loc+name",
    "zone": "#region+code+zone",
    "lon": "#geo+lon",
    "lat": "#geo+lat",
    "radius_m": "#geo+radius+m",
    "share_inside": "#geo+inside+share",
    "act": "#event+type",
    "civilians_dead": "#affected+civilians+killed",
    "rests_on_presumption": "#meta+presumption",
    "responsibility": "#cause+responsibility",
    "settled_by": "#meta+settled",
    "origins": "#meta+origins",
    "reports": "#meta+num+reports",
    "sources": "#meta+source",
    "records": "#meta+id+records",
    "marking": "#meta+marking",
    "lines": "#meta+lines",
}


def findings_hxl(table: pl.DataFrame) -> bytes:
    """Return a findings table as HXL: the columns of its CSV, with their hashtags in the second row."""
    told = defused(table.drop(FOR_PROGRAMS))
    text = told.with_columns(pl.col(pl.Datetime).dt.strftime(INSTANT)).with_columns(
        pl.all().cast(pl.String).fill_null("")
    )
    tagged = hxl.data([text.columns, [HASHTAGS[name] for name in text.columns], *map(list, text.iter_rows())])
    return "".join(tagged.gen_csv()).replace("\r\n", "\n").encode()
