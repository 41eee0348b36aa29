"""Publish: write a sitrep and its tables beside, then put the finished folder in its place."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import polars as pl

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.page import render_page
from trucewatch.sitreps.tables import findings_csv, findings_geojson, findings_table, sitrep_markdown, summary_json

SUMMARY = "summary.json"
PRODUCTS = ("sitrep.html", "sitrep.md", "findings.csv", "findings.parquet", "findings.geojson", SUMMARY)


def publish(figures: Figures, agreement: Agreement, out: Path) -> tuple[Path, ...]:
    """Write every product of a sitrep into a folder; return their paths.

    The folder appears whole or not at all. One that stands there is replaced only if it is a sitrep of ours; raises
    TrucewatchError otherwise, and where the disk will not have it.
    """
    check_place(out)
    place = Path(os.path.abspath(out))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=place.parent) as beside:
            made = Path(beside) / "made"
            made.mkdir()
            _write(figures, agreement, made)
            _put_in_place(made, place, Path(beside) / "replaced")
    except (OSError, pl.exceptions.PolarsError) as fault:
        why = getattr(fault, "strerror", None) or str(fault).partition("\n")[0]
        raise TrucewatchError(f"{out}: cannot be written ({why})") from None
    return tuple(out / name for name in PRODUCTS)


def _write(figures: Figures, agreement: Agreement, folder: Path) -> None:
    table = findings_table(figures)
    (folder / "sitrep.html").write_text(render_page(figures, agreement), encoding="utf-8", newline="\n")
    (folder / "sitrep.md").write_bytes(sitrep_markdown(figures, agreement))
    (folder / "findings.csv").write_bytes(findings_csv(table))
    table.write_parquet(folder / "findings.parquet", compression="zstd", statistics=False)
    (folder / "findings.geojson").write_bytes(findings_geojson(figures, agreement))
    (folder / SUMMARY).write_bytes(summary_json(figures))


def check_place(out: Path) -> None:
    """Raise TrucewatchError where a folder stands that Trucewatch did not make, or that one cannot be put into."""
    if out.is_symlink():
        raise TrucewatchError(f"{out}: is a link; name the folder itself, or one that does not exist yet")
    if out.exists() and not out.is_dir():
        raise TrucewatchError(f"{out}: is no folder; name a folder that does not exist yet")
    if out.is_dir() and any(out.iterdir()) and not is_sitrep(out):
        raise TrucewatchError(f"{out}: is not a sitrep of Trucewatch, so it is not replaced; name another folder")
    if out.is_dir() and out.samefile(Path.cwd()):
        raise TrucewatchError(f"{out}: is the folder you stand in, and cannot be replaced; name one inside it")


def is_sitrep(folder: Path) -> bool:
    """Say whether a folder is one that `publish` wrote."""
    try:
        made_by = json.loads((folder / SUMMARY).read_text(encoding="utf-8")).get("made_by")
    except (OSError, ValueError, AttributeError):
        return False
    strangers = {entry.name for entry in folder.iterdir()} - set(PRODUCTS)
    return bool(made_by == "trucewatch") and not strangers


def _put_in_place(made: Path, place: Path, replaced: Path) -> None:
    try:
        if place.exists():
            place.rename(replaced)
        made.rename(place)
    except BaseException:
        if replaced.exists() and not place.exists():
            replaced.rename(place)
        raise
