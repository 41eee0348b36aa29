"""PDF: tagged, in faces of its own, marked on every page, the same each time; and no word of a report is obeyed."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps import pdf
from trucewatch.sitreps.blocks import Bullets, Document, Heading, Paragraph, Section, Table
from trucewatch.sitreps.document import document_of
from trucewatch.sitreps.material import Figures
from trucewatch.sitreps.pdf import render_pdf, render_png, stand_alone, widths

HEAD = "watch.example/south/release/public\n3\nO2rC2oBy8j0S3UEPO4xcJHDGVwEyA8nGZJcHcKUcgVY=\n\n— watch.example AbCd\n"
FSI_PDI = re.compile("[\u2066-\u2069]")


@pytest.fixture(params=["en", "ar"])
def document(request: pytest.FixtureRequest, figures: Figures, agreement: Agreement) -> Document:
    """Return a whole sitrep in each language."""
    return document_of(figures, agreement, language=request.param, log_head=HEAD)


_PRINTED: dict[str, bytes] = {}


@pytest.fixture
def printed(document: Document) -> bytes:
    """Return the sitrep printed; each language once."""
    if document.language not in _PRINTED:
        _PRINTED[document.language] = render_pdf(document)
    return _PRINTED[document.language]


def read(raw: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(raw), strict=True)


def root(raw: bytes) -> Any:
    """Return the catalogue of a file."""
    return read(raw).trailer["/Root"]


def resources(page: Any) -> Any:
    return page["/Resources"].get_object()


def words(reader: PdfReader) -> str:
    """Return the text of a file, without its lines and its isolates."""
    return " ".join(FSI_PDI.sub("", "\n".join(page.extract_text() for page in reader.pages)).split())


def elements(node: Any, found: dict[str, int] | None = None) -> dict[str, int]:
    """Count the elements of a structure tree by their kinds."""
    found = {} if found is None else found
    node = node.get_object()
    if isinstance(node, ArrayObject):
        for each in node:
            elements(each, found)
    elif isinstance(node, DictionaryObject):
        if "/S" in node:
            found[str(node["/S"])] = found.get(str(node["/S"]), 0) + 1
        if "/K" in node:
            elements(node["/K"], found)
    return found


def test_it_is_tagged_and_in_its_language(document: Document, printed: bytes) -> None:
    assert bool(root(printed)["/MarkInfo"]["/Marked"])
    assert root(printed)["/Lang"] == document.language
    kinds = elements(root(printed)["/StructTreeRoot"])
    assert kinds["/H1"] == len(document.sections) + 1  # and the contents
    tables = sum(isinstance(block, Table) for section in document.sections for block in section.blocks)
    assert kinds["/Table"] == tables
    assert kinds["/TH"] >= sum(
        len(b.head) for section in document.sections for b in section.blocks if isinstance(b, Table)
    )  # fmt: skip
    assert {"/Figure", "/Caption", "/L", "/LI", "/TOC"} <= kinds.keys()


def test_of_its_making_it_tells_a_title_and_nothing_else(document: Document, printed: bytes) -> None:
    reader = read(printed)
    assert reader.metadata is not None
    told = {name: str(value) for name, value in reader.metadata.items()}
    assert re.fullmatch(r"Typst \d+\.\d+\.\d+", told.pop("/Creator"))
    assert told == {"/Title": document.name}
    xmp = root(printed)["/Metadata"].get_data().decode()
    assert set(re.findall(r"<((?:dc|xmp|pdf|pdfuaid|xmpMM|xmpTPg)\w*:\w+)", xmp)) == {
        "dc:title", "dc:language", "dc:format", "xmp:CreatorTool", "xmpTPg:NPages", "pdf:PDFVersion", "pdfuaid:part",
        "xmpMM:InstanceID", "xmpMM:DocumentID", "xmpMM:RenditionClass",
    }  # fmt: skip
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp


def test_every_letter_is_of_an_embedded_face(printed: bytes) -> None:
    faces = {}
    for page in read(printed).pages:
        for font in _fonts(resources(page)):
            (inner,) = font["/DescendantFonts"]
            faces[str(font["/BaseFont"]).partition("+")[2]] = inner.get_object()["/FontDescriptor"].keys()
    assert faces.keys() == {"FiraGO-Regular", "FiraGO-Bold"}
    assert all({"/FontFile2", "/FontFile3"} & kept for kept in faces.values())


def _fonts(held_by: Any) -> list[Any]:
    """Return the fonts of a page, and of the drawings on it."""
    held = [font.get_object() for font in held_by.get("/Font", {}).values()]
    for drawing in held_by.get("/XObject", {}).values():
        held += _fonts(drawing.get_object().get("/Resources", DictionaryObject()).get_object())
    return held


def test_every_page_bears_its_marking_above_and_below(document: Document) -> None:
    short = replace(document, sections=document.sections[:3])
    for simulation in (False, True):
        marking = f"SIMULATION · {document.marking}" if simulation else document.marking
        for page in read(render_pdf(replace(short, marking=marking, is_simulation=simulation))).pages:
            text = " ".join(FSI_PDI.sub("", page.extract_text()).split())
            assert text.count("SIMULATION") == 2 * simulation
            if document.direction == "ltr":
                assert text.count(marking) >= 2


def test_what_the_document_says_is_in_it(figures: Figures, agreement: Agreement) -> None:
    document = document_of(figures, agreement, log_head=HEAD)
    text = words(read(render_pdf(document)))
    for section in document.sections:
        assert section.numbered in text
        for block in section.blocks:
            if isinstance(block, Paragraph | Heading):
                assert " ".join(block.text.split()) in text
            if isinstance(block, Bullets):
                assert all(" ".join(item.split()) in text for item in block.items)
    for told in figures.told:
        assert told.sentence in text and told.id in text


def test_page_one_has_the_head_of_the_log(document: Document, printed: bytes) -> None:
    page = read(printed).pages[0]
    text = page.extract_text()
    assert all(line in text for line in HEAD.splitlines())
    without = read(render_pdf(replace(document, log_head="", qr=""))).pages[0]
    assert HEAD.splitlines()[2] not in without.extract_text()


def test_drawings_are_lines_and_no_pixels(printed: bytes) -> None:
    reader = read(printed)
    kinds = {
        str(drawing.get_object()["/Subtype"])
        for page in reader.pages
        for drawing in resources(page).get("/XObject", {}).values()
    }
    assert "/Image" not in kinds


def test_the_same_document_gives_the_same_bytes(document: Document, printed: bytes) -> None:
    assert render_pdf(document) == printed


HOSTILE = [
    "<label> @ref",
    "#panic()", "#import \"x\"", "*strong* _soft_", "= heading", "$ x^2 $", "#read(\"/etc/passwd\")", "\\u{202e}",
    "\u202ebackwards", "\u2069\u2069 out of the isolate", "💥 中 \x00 \x1b", "]#sys.inputs", "a\nb\tc", "https://x.example",
]  # fmt: skip


def saying(document: Document, texts: list[str]) -> Document:
    """Return a document of one section that says some texts in every kind of place."""
    head = ("", *("head" for _ in texts))
    blocks = (
        Paragraph(texts[0], "lead"),
        Bullets(tuple(texts)),
        Table(texts[0], head, tuple((text, *texts) for text in texts), frozenset({1})),
    )
    return replace(
        document, title=texts[0], disclaimers=tuple(texts), facts=((texts[0], texts[-1]),),
        log_head=HEAD + "\n".join(texts), sections=(Section("1", texts[-1], "one", blocks),),
        other_titles=(("ar", texts[0]),),
    )  # fmt: skip


def test_no_text_is_read_as_markup(figures: Figures, agreement: Agreement) -> None:
    told = saying(document_of(figures, agreement, log_head=HEAD), HOSTILE)
    text = words(read(render_pdf(told)))
    for hostile in (
        "#panic()",
        '#import "x"',
        "*strong* _soft_",
        "= heading",
        "$ x^2 $",
        '#read("/etc/passwd")',
        "]#sys",
    ):
        assert hostile in text
    assert "[U+202E]backwards" in text and "[U+1F4A5]" in text


def test_any_text_can_be_printed(figures: Figures, agreement: Agreement) -> None:
    documents = [document_of(figures, agreement, language=language, log_head=HEAD) for language in ("en", "ar")]

    @settings(max_examples=12)
    @given(texts=st.lists(st.text(max_size=30), min_size=2, max_size=4))
    def is_printed(texts: list[str]) -> None:
        for document in documents:
            assert read(render_pdf(saying(document, texts))).pages

    is_printed()


def test_a_run_of_the_other_direction_moves_no_number(figures: Figures, agreement: Agreement) -> None:
    document = document_of(figures, agreement, language="ar")
    told = replace(document, sections=(Section("", "ا", "a", (Paragraph("في (PATROL، WIRE): 27 آب"),)),))
    places: dict[str, float] = {}

    def note(text: str, matrix: list[float], *_: object) -> None:
        places[text.strip()] = matrix[4]

    read(render_pdf(told)).pages[0].extract_text(visitor_text=note)
    # From right to left: the first source, the second, the number.
    assert places["PATROL"] > places["WIRE"] > places["27"]


def test_a_text_longer_than_a_page_is_whole(figures: Figures, agreement: Agreement) -> None:
    long = " ".join(f"word{n}" for n in range(1200))
    reader = read(render_pdf(saying(document_of(figures, agreement, log_head=HEAD), [long, "b"])))
    assert words(reader).count("word1199") >= 5


def test_a_drawing_stands_alone_in_the_colours_of_paper(figures: Figures, agreement: Agreement) -> None:
    svg = stand_alone('<svg class="map"><text x="4" direction="rtl" text-anchor="end">درعا 💥</text></svg>')
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="map"><style>')
    assert '<text x="4" text-anchor="start">\u200fدرعا [U+1F4A5]</text>' in svg
    assert svg.count("xmlns") == stand_alone('<svg xmlns="http://www.w3.org/2000/svg"></svg>').count("xmlns") == 1


def test_a_picture_is_drawn_the_same_each_time() -> None:
    svg = '<svg class="map" viewBox="0 0 72 36"><rect class="ground" width="72" height="36"/></svg>'
    assert render_png(svg) == render_png(svg)
    assert render_png(svg)[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(render_png(svg)[16:20], "big") == 1200


def test_columns_are_as_wide_as_what_they_hold() -> None:
    rows = (("C1", "a sentence of some length that needs its room", "7"), ("C2", "another of much the same", "12"))
    narrow, wide, number = widths(Table("", ("", "says", "number"), rows, frozenset({2})))
    assert number == 0 and narrow * 2 < wide


def test_the_template_is_given_only_data(figures: Figures, agreement: Agreement) -> None:
    told = json.dumps(pdf._content(document_of(figures, agreement)))
    assert json.loads(told)["title"] == [["Ceasefire in south-west Syria", False]]
