"""Spreadsheet: a workbook that others read as it was meant, in the mission's own columns, and that runs nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.problems import WrongCall
from trucewatch.sitreps.archives import unpacked
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.spreadsheet import MOST_LETTERS, findings_xlsx
from trucewatch.sitreps.style import Style, Wording
from trucewatch.sitreps.tables import FINDINGS, FOR_PROGRAMS, findings_table

Tell = Callable[..., Told]
WithTold = Callable[..., Figures]
DAY: dict[str, Any] = {
    "earliest": datetime(2018, 6, 2, 21, tzinfo=UTC),
    "latest": datetime(2018, 6, 3, 21, tzinfo=UTC),
}
DANGEROUS = "=+-@\t\r\n"


@pytest.fixture
def published(tell: Tell, with_told: WithTold) -> Figures:
    vague = {"lon": None, "lat": None, "radius_m": None}
    return with_told(tell("a1", "violation", **DAY), tell("b2", **DAY, place_kind="unplaced", **vague))


def sheet(raw: bytes, name: str = "Findings") -> Any:
    return openpyxl.load_workbook(io.BytesIO(raw))[name]


def test_it_says_what_the_table_says(published: Figures) -> None:
    table = findings_table(published).drop(FOR_PROGRAMS)
    head, *rows = sheet(findings_xlsx(published)).iter_rows(values_only=True)
    assert list(head) == table.columns
    told = [
        tuple(value.replace(tzinfo=None) if isinstance(value, datetime) else value or None for value in row)
        for row in table.iter_rows()
    ]
    assert [tuple(value or None for value in row) for row in rows] == told


def test_numbers_times_and_truths_are_what_they_are(published: Figures) -> None:
    cells = {cell.value: kept for cell, kept in zip(*sheet(findings_xlsx(published)).iter_rows(1, 2), strict=True)}
    kinds = {name: cells[name].data_type for name in ("finding", "earliest", "lon", "rests_on_presumption", "reports")}
    assert kinds == {"finding": "s", "earliest": "d", "lon": "n", "rests_on_presumption": "b", "reports": "n"}


def test_columns_stand_in_the_missions_own_order(published: Figures) -> None:
    wanted = ("latest", "sentence", "finding")
    (head, first, _) = sheet(findings_xlsx(published, Style(columns=wanted))).iter_rows(values_only=True)
    assert head == wanted
    assert first[2] == "a1"


def test_it_says_whose_it_is_and_disclaims_to_its_reader_what_the_mission_disclaims(published: Figures) -> None:
    wordings = (Wording({"en": "Names imply no opinion."}), Wording({"en": "For the parties."}, frozenset({"parties"})))
    raw = findings_xlsx(published, Style(mission={"en": "Joint Centre"}, disclaimers=wordings))
    told = list(sheet(raw, "About").iter_rows(values_only=True))
    assert ("Mission", "Joint Centre") in told
    assert [words for what, words in told if what == "Disclaimer"] == ["Names imply no opinion."]


@pytest.mark.parametrize("name", ["sentense", "tests", "chain_to_line", "=1+1"])
def test_a_column_that_there_is_not_is_named(published: Figures, name: str) -> None:
    with pytest.raises(WrongCall, match=f"columns: '{re.escape(name)}' is no column"):
        findings_xlsx(published, Style(columns=("finding", name)))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(DANGEROUS), rest=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_no_cell_and_no_head_is_run(tell: Tell, with_told: WithTold, start: str, rest: str) -> None:
    text = start + rest
    figures = replace(with_told(replace(tell("a1", **DAY), sentence=text, where=text, zone=text)), title=text)
    raw = findings_xlsx(figures)
    for name in ("Findings", "About"):
        for row in sheet(raw, name).iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                if isinstance(cell.value, str):
                    assert not cell.value.startswith(tuple(DANGEROUS))
    parts = unpacked(raw)
    sheets = [parts[name] for name in parts if name.startswith("xl/")]
    assert not [part for part in sheets if b"<f>" in part or b"hyperlink" in part.lower()]


def test_a_text_longer_than_a_cell_is_cut_and_says_so(tell: Tell, with_told: WithTold) -> None:
    raw = findings_xlsx(with_told(replace(tell("a1", **DAY), sentence="x" * 40_000)), Style(columns=("sentence",)))
    (_, (text,)) = sheet(raw).iter_rows(values_only=True)
    assert len(text) == MOST_LETTERS and text.endswith("x…")


def test_it_is_marked_on_every_page_it_is_printed_on(published: Figures) -> None:
    for is_simulation in (False, True):
        book = openpyxl.load_workbook(io.BytesIO(findings_xlsx(replace(published, is_simulation=is_simulation))))
        one: Any
        for one in book:
            marking = "SIMULATION · PUBLIC" if is_simulation else "PUBLIC"
            assert (one.oddHeader.center.text, one.oddFooter.center.text) == (marking, marking)
            assert one.print_title_rows == "$1:$1"
    assert ("Marking", "PUBLIC") in list(sheet(findings_xlsx(published), "About").iter_rows(values_only=True))


def test_the_same_figures_give_the_same_bytes_without_a_time_or_a_name(published: Figures) -> None:
    assert findings_xlsx(published) == findings_xlsx(published)
    core = unpacked(findings_xlsx(published))["docProps/core.xml"].decode()
    assert not re.findall(r"<(?:dc|dcterms|cp):(?!coreProperties)", core)


def test_without_findings_the_columns_stay(with_told: WithTold) -> None:
    assert list(sheet(findings_xlsx(with_told())).iter_rows(values_only=True)) == [
        tuple(name for name in FINDINGS if name not in FOR_PROGRAMS)
    ]
