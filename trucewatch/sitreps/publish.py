"""Publish: write a sitrep and its tables beside, then put the finished folder in its place."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError, WrongCall, did_you_mean
from trucewatch.sitreps.blocks import Document
from trucewatch.sitreps.document import SITUATION, about, document_of
from trucewatch.sitreps.languages import ENGLISH
from trucewatch.sitreps.markdown import render_markdown
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.page import render_page
from trucewatch.sitreps.style import Style
from trucewatch.sitreps.tables import (
    findings_csv,
    findings_geojson,
    findings_json,
    findings_parquet,
    findings_table,
    summary_json,
    told_in_english,
)

SUMMARY = "summary.json"
# What is written once for each language, and what is written once.
LAYOUTS = ("html", "md", "pdf", "docx")
TABLES = {
    "csv": "findings.csv",
    "hxl": "findings.hxl.csv",
    "xlsx": "findings.xlsx",
    "parquet": "findings.parquet",
    "geojson": "findings.geojson",
    "json": "findings.json",
    "summary": SUMMARY,
}
FORMATS = (*LAYOUTS, *TABLES)
DEFAULT = ("html", "md", "csv", "parquet", "geojson", "summary")
_SITREP = re.compile(rf"sitrep(\.[a-z]{{2,3}})?\.({'|'.join(LAYOUTS)})")


def products(formats: Sequence[str] = DEFAULT, languages: Sequence[str] = (ENGLISH,)) -> tuple[str, ...]:
    """Return the names of the files of some formats, in the order in which they are listed; raises WrongCall.

    >>> products(["pdf", "csv"], ["en", "ar"])
    ('sitrep.pdf', 'sitrep.ar.pdf', 'findings.csv')
    """
    for word in formats:
        if word not in FORMATS:
            raise WrongCall(f"'{word}' is no format; {did_you_mean(word, FORMATS) or 'one of ' + ', '.join(FORMATS)}")
    if not languages:
        raise WrongCall("name at least one language")
    layouts = [_layout(word, language) for word in LAYOUTS if word in formats for language in dict.fromkeys(languages)]
    return (*layouts, *(name for word, name in TABLES.items() if word in formats))


def _layout(word: str, language: str) -> str:
    return f"sitrep.{word}" if language == ENGLISH else f"sitrep.{language}.{word}"


PRODUCTS = products()


def publish(
    figures: Figures,
    agreement: Agreement,
    out: Path,
    formats: Sequence[str] = DEFAULT,
    languages: Sequence[str] = (ENGLISH,),
    kind: str = SITUATION,
    topic: str = "",
    style: Style | None = None,
    log_head: str = "",
    told: Figures | None = None,
) -> tuple[Path, ...]:
    """Write the products of a sitrep into a folder; return their paths.

    `formats` are some of FORMATS; `kind`, `topic`, `style` and `log_head` are those of `document_of`. `told` are the
    figures of a situation report as tables tell them (`told_in_english`), where they were told before. The folder
    appears whole or not at all. One that stands there is replaced only if it is a sitrep of ours, which is known by its
    summary. Raises TrucewatchError otherwise, where the disk will not have it, and where a format needs a library that
    is not installed; WrongCall for a format, language, kind or topic that there is not.
    """
    names = products(formats, languages)
    check_place(out)
    place = Path(os.path.abspath(out))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=place.parent) as beside:
            made = Path(beside) / "made"
            made.mkdir()
            sheet = style or Style()
            if told is None or kind != SITUATION:
                told = told_in_english(about(figures, agreement, kind, topic), agreement, sheet)
            for language in dict.fromkeys(languages) if any(word in formats for word in LAYOUTS) else ():
                # What was told in English once need not be told in it again.
                source = told if language == ENGLISH and kind == SITUATION else figures
                document = document_of(source, agreement, sheet, kind, language, topic, log_head)
                for word in LAYOUTS:
                    if word in formats:
                        (made / _layout(word, language)).write_bytes(_laid_out(document, word))
            for word in TABLES:
                if word in formats:
                    (made / TABLES[word]).write_bytes(_tabled(told, agreement, sheet, word))
            _put_in_place(made, place, Path(beside) / "replaced")
    except ModuleNotFoundError as fault:
        raise _missing(fault, [word for word in ("pdf", "docx", "hxl", "xlsx") if word in formats]) from None
    except (OSError, pl.exceptions.PolarsError) as fault:
        why = getattr(fault, "strerror", None) or str(fault).partition("\n")[0]
        raise TrucewatchError(f"{out}: cannot be written ({why})") from None
    return tuple(out / name for name in names)


def provenance(traced: Mapping[str, Any]) -> bytes:
    """Return the chain of a finding, as `trucewatch.trace` tells it, as W3C PROV (PROV-JSON).

    Raises TrucewatchError where the library that it needs is not installed.
    """
    try:
        from trucewatch.sitreps.provenance import finding_provenance
    except ModuleNotFoundError as fault:
        raise _missing(fault, ["provenance"]) from None
    return finding_provenance(traced)


# ---- the formats -----------------------------------------------------------------------------------------------------

# The libraries of an office are large, and not everybody has them: they are opened where they are asked for.
_OFFICE = ("docx", "hxl", "prov", "pymupdf_fonts", "typst", "xlsxwriter")


def _missing(fault: ModuleNotFoundError, wanted: Sequence[str]) -> Exception:
    """Return what to tell of a library that is not there; the fault itself, where it is none of these."""
    if (fault.name or "").partition(".")[0] not in _OFFICE:
        return fault
    told = f"{', '.join(wanted)}: {fault.name} is not installed"
    return TrucewatchError(f'{told}; pip install "trucewatch[office]", or do without')


def _laid_out(document: Document, word: str) -> bytes:
    match word:
        case "html":
            return render_page(document).encode()
        case "md":
            return render_markdown(document).encode()
        case "pdf":
            from trucewatch.sitreps.pdf import render_pdf

            return render_pdf(document)
    from trucewatch.sitreps.office import render_docx

    return render_docx(document)


def _tabled(figures: Figures, agreement: Agreement, style: Style, word: str) -> bytes:
    match word:
        case "csv":
            return findings_csv(findings_table(figures))
        case "hxl":
            from trucewatch.sitreps.hashtags import findings_hxl

            return findings_hxl(findings_table(figures))
        case "xlsx":
            from trucewatch.sitreps.spreadsheet import findings_xlsx

            return findings_xlsx(figures, style)
        case "parquet":
            return findings_parquet(figures, agreement)
        case "geojson":
            return findings_geojson(figures, agreement)
        case "json":
            return findings_json(figures, agreement)
    return summary_json(figures)


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
    known = set(TABLES.values())
    strangers = [
        name for name in (entry.name for entry in folder.iterdir()) if not (name in known or _SITREP.fullmatch(name))
    ]
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
