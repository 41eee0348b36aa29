"""Written: the folder of a simulation: its reports, the truth, the key to both, and a word of warning."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trucewatch.simulations.told import Cells


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was written: the feeds as (source id, file), the truth, and the key that says which row tells of what."""

    id: str
    agreement: str
    seed: int
    feeds: tuple[tuple[str, Path], ...]
    truth_path: Path
    key_path: Path
    readme_path: Path
    counts: Mapping[str, int]


def utc(instant: datetime) -> str:
    """Write an instant in UTC, as the truth and the key do."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def table(columns: Sequence[str], rows: Iterable[Cells]) -> str:
    """Write rows as CSV; cells that a row lacks are empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write a file, the same bytes on every machine."""
    path.write_text(text, encoding="utf-8", newline="\n")
