"""Office: a text document with headings, tables and directions of its own, marked, the same each time, by nobody."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.archives import unpacked
from trucewatch.sitreps.blocks import Bullets, Document, Heading, Paragraph, Section, Table
from trucewatch.sitreps.document import document_of
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.office import render_docx

HEAD = "watch.example/south/release/public\n3\nO2rC2oBy8j0S3UEPO4xcJHDGVwEyA8nGZJcHcKUcgVY=\n\n— watch.example AbCd\n"
_WRITTEN: dict[str, bytes] = {}


@pytest.fixture(params=["en", "ar"])
def document(request: pytest.FixtureRequest, figures: Figures, agreement: Agreement) -> Document:
    """Return a whole sitrep in each language."""
    return document_of(figures, agreement, language=request.param, log_head=HEAD)


@pytest.fixture
def written(document: Document) -> bytes:
    """Return the sitrep written; each language once."""
    if document.language not in _WRITTEN:
        _WRITTEN[document.language] = render_docx(document)
    return _WRITTEN[document.language]


def read(raw: bytes) -> Any:
    return docx.Document(io.BytesIO(raw))


def blocks(document: Document, kind: type[Any]) -> list[Any]:
    return [block for section in document.sections for block in section.blocks if isinstance(block, kind)]


def test_its_headings_are_those_of_the_document(document: Document, written: bytes) -> None:
    lines = read(written).paragraphs
    told = [(line.style.name, line.text) for line in lines if line.style.name.startswith("Heading")]
    assert [text for name, text in told if name == "Heading 1"] == [one.numbered for one in document.sections]
    assert [text for name, text in told if name != "Heading 1"] == [block.text for block in blocks(document, Heading)]
    levels = [int(name[-1]) for name, _ in told]
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))


def test_its_tables_say_what_the_document_says_under_heads_that_repeat(document: Document, written: bytes) -> None:
    tables = read(written).tables
    for table, block in zip(tables, blocks(document, Table), strict=True):
        rows = [[cell.text for cell in row.cells] for row in table.rows]
        assert rows[0] == list(block.head)
        assert [[text.lstrip("\u2003") for text in row] for row in rows[1:]] == [
            list(row) for row in (*block.rows, *([block.foot] if block.foot else []))
        ]
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        assert (table._tblPr.find(qn("w:bidiVisual")) is not None) == (document.direction == "rtl")


def test_every_line_of_arabic_runs_from_the_right(document: Document, written: bytes) -> None:
    file = read(written)
    cells = [line for table in file.tables for row in table.rows for cell in row.cells for line in cell.paragraphs]
    for line in [*file.paragraphs, *cells]:
        is_turned = line._p.pPr is not None and line._p.pPr.find(qn("w:bidi")) is not None
        is_text = bool(line.text.strip()) and HEAD.splitlines()[0] not in line.text
        assert not is_text or is_turned == (document.direction == "rtl")
        for run in line.runs:
            if re.search("[\u0621-\u064a]", run.text):
                assert run.font.rtl
            elif re.search("[A-Za-z]{3}", run.text):
                assert not run.font.rtl


def test_it_is_marked_above_and_below(document: Document, written: bytes) -> None:
    (section,) = read(written).sections
    for edge in (section.header, section.footer):
        assert document.marking in "".join(line.text for line in edge.paragraphs)
    fields = unpacked(written)["word/footer1.xml"].decode()
    assert " PAGE " in fields and " NUMPAGES " in fields


def test_its_drawings_are_pictures_that_are_described(document: Document, written: bytes) -> None:
    file = read(written)
    assert len(file.inline_shapes) >= 2
    assert all(shape._inline.docPr.get("descr") for shape in file.inline_shapes)
    pictures = {name for name in unpacked(written) if name.startswith("word/media/")}
    assert pictures and all(name.endswith(".png") for name in pictures)


def test_it_tells_nobody_who_made_it_or_when(document: Document, written: bytes) -> None:
    file, parts = read(written), unpacked(written)
    core = parts["docProps/core.xml"].decode()
    assert re.findall(r"<(\w+:\w+)>", core) == ["dc:title", "dc:language"]
    assert file.core_properties.title and file.core_properties.author == ""
    assert file.core_properties.language == document.language
    assert not [name for name in parts if "thumbnail" in name or "customXml" in name or "comments" in name]
    everything = b"".join(parts.values())
    for trace in (b"rsid", b"docId", b"python-docx", b'TargetMode="External"', b"dcterms:created"):
        assert trace not in everything


def test_the_same_document_gives_the_same_bytes(document: Document, written: bytes) -> None:
    assert render_docx(document) == written


def test_a_text_that_no_file_may_hold_is_shown(figures: Figures, agreement: Agreement) -> None:
    hostile = "a\x00b\x1b \u202e <w:p/> & \ud800 \uffff ]]> 💥"
    told = Section(
        "", hostile, "x", (Paragraph(hostile), Bullets((hostile,)), Table(hostile, (hostile,), ((hostile,),)))
    )
    document = replace(document_of(figures, agreement), title=hostile, marking=hostile, sections=(told,))
    file = read(render_docx(document))
    shown = "a\ufffdb\ufffd [U+202E] <w:p/> & \ufffd \ufffd ]]> 💥"
    assert [line.text for line in file.paragraphs if line.style.name == "List Bullet"] == [shown]
    assert file.tables[0].rows[1].cells[0].text == shown
    assert shown in file.core_properties.title


def test_its_parts_stand_in_the_order_of_the_standard(document: Document, written: bytes) -> None:
    order = ["pStyle", "keepNext", "keepLines", "numPr", "bidi", "spacing", "ind", "jc", "rPr"]
    runs = ["rStyle", "rFonts", "b", "bCs", "i", "iCs", "color", "sz", "szCs", "u", "rtl", "lang"]
    body = read(written).element.body
    for tag, names in (("w:pPr", order), ("w:rPr", runs)):
        for element in body.iter(qn(tag)):
            told = [child.tag.rpartition("}")[2] for child in element]
            assert set(told) <= set(names) and told == sorted(told, key=names.index)
