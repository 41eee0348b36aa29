"""Publish: write a sitrep and its tables beside, then put the finished folder in its place."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

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
    table = findings_table(figures)
    beside = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        (beside / "sitrep.html").write_text(render_page(figures, agreement), encoding="utf-8", newline="\n")
        (beside / "sitrep.md").write_bytes(sitrep_markdown(figures, agreement))
        (beside / "findings.csv").write_bytes(findings_csv(table))
        table.write_parquet(beside / "findings.parquet", compression="zstd", statistics=False)
        (beside / "findings.geojson").write_bytes(findings_geojson(figures, agreement))
        (beside / SUMMARY).write_bytes(summary_json(figures))
        _put_in_place(beside, out)
    except OSError as fault:
        shutil.rmtree(beside, ignore_errors=True)
        raise TrucewatchError(f"{out}: cannot be written ({fault.strerror})") from None
    return tuple(out / name for name in PRODUCTS)


def check_place(out: Path) -> None:
    """Raise TrucewatchError where a folder stands that Trucewatch did not make."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise TrucewatchError(f"{out}: is no folder; name a folder that does not exist yet")
    if out.is_dir() and any(out.iterdir()) and not is_sitrep(out):
        raise TrucewatchError(f"{out}: is not a sitrep of Trucewatch, so it is not replaced; name another folder")


def is_sitrep(folder: Path) -> bool:
    """Say whether a folder is one that `publish` wrote."""
    try:
        made_by = json.loads((folder / SUMMARY).read_text(encoding="utf-8")).get("made_by")
    except (OSError, ValueError, AttributeError):
        return False
    strangers = {entry.name for entry in folder.iterdir()} - set(PRODUCTS)
    return bool(made_by == "trucewatch") and not strangers


def _put_in_place(beside: Path, out: Path) -> None:
    if not out.exists():
        beside.rename(out)
        return
    old = out.with_name(f".{out.name}.replaced")
    shutil.rmtree(old, ignore_errors=True)
    os.replace(out, old)
    beside.rename(out)
    shutil.rmtree(old, ignore_errors=True)
