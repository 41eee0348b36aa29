"""Spreadsheet: the findings as a workbook (XLSX), in the columns and the order that the mission is used to."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import polars as pl
import xlsxwriter

from trucewatch.problems import WrongCall, did_you_mean
from trucewatch.sitreps.archives import packed, unpacked
from trucewatch.sitreps.languages import ENGLISH
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.style import Style
from trucewatch.sitreps.tables import FINDINGS, FOR_PROGRAMS, defused, findings_table

MOST_ROWS = 1_048_575  # of a sheet, below its head
MOST_LETTERS = 32_767  # of a cell
_FIRST_DAY = datetime(1980, 1, 1)
_CORE = "docProps/core.xml"
_WIDE, _NARROW = 60.0, 16.0
_PROSE = ("sentence", "place", "responsibility", "settled_by")
_A4 = 9


def findings_xlsx(figures: Figures, style: Style | None = None) -> bytes:
    """Return the findings of a sitrep as XLSX: a sheet of findings, and one that says what they are and whose.

    The columns, and their order, are those of the mission's style sheet; where it names none, all that the CSV has.
    Every text is a text, and none of it is run; times are in UTC. Raises WrongCall for a column that there is not.
    """
    sheet = style or Style()
    known = [name for name in FINDINGS if name not in FOR_PROGRAMS]
    for name in sheet.columns:
        if name not in known:
            raise WrongCall(
                f"columns: '{name}' is no column of findings; {did_you_mean(name, known) or 'see findings.csv'}"
            )
    about = pl.DataFrame(
        [
            ("Marking", figures.marking.upper()),
            *([("SIMULATION", "Invented reports of invented events. None of this happened.")] * figures.is_simulation),
            *([("Mission", mission)] if (mission := sheet.mission_name(ENGLISH)) else []),
            ("Agreement", str(figures.title)),
            ("Period", str(figures.period.text)),
            ("Reports reach to", str(figures.cut_off)),
            ("Times", "UTC; the last instant of a span is not part of it"),
            *(("Disclaimer", text) for text in sheet.disclaimed(ENGLISH, figures.reader)),
        ],
        schema={"what": pl.String(), "told": pl.String()},
        orient="row",
    )
    table = findings_table(figures).select(sheet.columns or known)
    if table.height > MOST_ROWS:
        raise WrongCall(f"findings.xlsx: a sheet holds {MOST_ROWS:,} rows, and there are {table.height:,}; ask for csv")
    raw = io.BytesIO()
    # In memory: the library would leave its parts in a folder for temporary files.
    book = xlsxwriter.Workbook(raw, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": _FIRST_DAY})
    marking = ("SIMULATION · " if figures.is_simulation else "") + figures.marking.upper()
    for name, told in (("Findings", table), ("About", about)):
        _write(book, name, told, marking)
    book.close()
    parts = unpacked(raw.getvalue())
    return packed({**parts, _CORE: _nameless(parts[_CORE])})


def _write(book: xlsxwriter.Workbook, name: str, table: pl.DataFrame, marking: str) -> None:
    sheet = book.add_worksheet(name)
    head, top = book.add_format({"bold": True, "bottom": 1}), {"valign": "top"}
    prose, plain = book.add_format({**top, "text_wrap": True}), book.add_format(top)
    instant = book.add_format({**top, "num_format": "yyyy-mm-dd hh:mm:ss"})
    for column, title in enumerate(table.columns):
        sheet.write_string(0, column, title, head)
        is_prose = title in _PROSE or name == "About"
        sheet.set_column(column, column, _WIDE if is_prose else _NARROW)
        look = prose if is_prose else plain
        for row, value in enumerate(defused(table.select(title)).to_series(), start=1):
            _cell(sheet, row, column, value, instant if isinstance(value, datetime) else look)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(table.height, 1), table.width - 1)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    # An ampersand begins a code of the header.
    sheet.set_header(f"&C{marking.replace('&', '&&')}")
    sheet.set_footer(f"&C{marking.replace('&', '&&')}&R&P / &N")


def _cell(sheet: xlsxwriter.Worksheet, row: int, column: int, value: Any, look: xlsxwriter.Format) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, value, look)
        case datetime():
            sheet.write_datetime(row, column, value.replace(tzinfo=None), look)
        case int() | float():
            sheet.write_number(row, column, value, look)
        case _:
            text = str(value)
            is_long = len(text) > MOST_LETTERS
            sheet.write_string(row, column, text[: MOST_LETTERS - 1] + "…" if is_long else text, look)


def _nameless(properties: bytes) -> bytes:
    """Return the properties of a workbook without a time and without a name."""
    head, _, _ = properties.partition(b"<dc:creator")
    return head + b"</cp:coreProperties>"
