"""Reports for tests, a row each, and the claims that they make."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from trucewatch.actors import ANYBODY
from trucewatch.claims import claims_of
from trucewatch.reports import SCHEMA

NOON, LATER = datetime(2017, 7, 9, 9, tzinfo=UTC), datetime(2017, 7, 9, 10, tzinfo=UTC)
NOBODY = {"office": None, "cites": None, "text": None}


def report(content: str = "fired", **said: object) -> dict[str, object]:
    """Return one row of a reports table: what it does not say is as a source of single news would give it."""
    plain = {
        "source": "wire", "record": "7", "file": "wire.csv", "line": 2, "content": content, "tellers": [NOBODY],
        "assertion": "act", "act": "shelling", "earliest": NOON, "latest": LATER, "time_extent": "within",
        "place_kind": "unplaced", "pairs": ANYBODY, "means": "open-source", "curated": False, "levels": "{}",
    }  # fmt: skip
    return {**dict.fromkeys(SCHEMA), **plain, **said}


def claims(*rows: dict[str, object], key: bytes = b"mission", entry: int = 0) -> pl.DataFrame:
    """Return what some reports assert, as a mission with a key received it under an entry."""
    return claims_of(pl.DataFrame(rows, schema=SCHEMA), key, entry)
