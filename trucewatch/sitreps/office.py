"""Office: a sitrep as a text document that can be edited (Office Open XML, ISO/IEC 29500), before it is cleared.

Headings, lists and tables are those of the word processor; drawings are pictures. The file tells its title and
language, and neither who made it nor when.
"""

from __future__ import annotations

import io
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.document import Document as File
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import _Cell
from docx.text.paragraph import Paragraph as Line
from docx.text.run import Run

from trucewatch.sitreps.archives import packed, unpacked
from trucewatch.sitreps.blocks import (
    INVENTED,
    Block,
    Bullets,
    Document,
    Findings,
    Heading,
    Paragraph,
    Picture,
    Table,
    Terms,
    headed,
)
from trucewatch.sitreps.languages import runs, seen
from trucewatch.sitreps.pdf import render_png, widths

_FACE = "Arial"  # every word processor has it, or a face as wide, with Arabic letters
_SIZES = {"Normal": 10.0, "Title": 22.0, "Heading 1": 15.0, "Heading 2": 12.0, "Heading 3": 10.5, "Caption": 8.5}
_ACCENT, _SOFT = RGBColor(0x24, 0x46, 0x6E), RGBColor(0x50, 0x55, 0x5D)
_GREY = "E4E1D9"
_TEXT_WIDTH = Mm(176)
_HIGHEST = Mm(200)
_QR_WIDTH = Mm(28)
_OF_A_RUN = "rStyle rFonts b bCs i iCs color sz szCs u rtl lang"
_LEFT_OUT = ("/thumbnail", "/customXml", "/stylesWithEffects")  # of the library's template
# What remembers the sessions in which a file was edited.
_OF_EDITING = (
    qn("w:rsids"), qn("w:rsid"), qn("w:savePreviewPicture"), "{http://schemas.microsoft.com/office/word/2010/wordml}docId",
)  # fmt: skip
_CORE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title><dc:language>{language}</dc:language>\
</cp:coreProperties>"""
_APP = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>'
)


def render_docx(document: Document) -> bytes:
    """Write a sitrep as DOCX (A4); the same document gives the same bytes."""
    return _Written(document).bytes()


class _Written:
    """A file in the making."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.is_rtl = document.direction == "rtl"
        self.file: File = docx.Document()
        self._set_up()
        self._head()
        for section in document.sections:
            self._line(section.numbered, "Heading 1")
            for block, level in headed(section.blocks, above=1):
                self._block(block, level)

    def bytes(self) -> bytes:
        """Return the file, told of nobody."""
        package = self.file.part.package
        for relations in (package.rels, self.file.part.rels):
            for name in [name for name, one in relations.items() if one.reltype.endswith(_LEFT_OUT)]:
                del relations[name]
        raw = io.BytesIO()
        self.file.save(raw)
        parts = unpacked(raw.getvalue())
        title, language = seen(self.document.name), self.document.language
        parts["docProps/core.xml"] = _CORE.format(title=escape(title), language=language).encode()
        parts["docProps/app.xml"] = _APP
        return packed(parts)

    # ---- the sheet ---------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        section = self.file.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(17)
        section.top_margin, section.bottom_margin = Mm(22), Mm(20)
        section._sectPr.attrib.clear()
        if self.is_rtl:
            section._sectPr.append(OxmlElement("w:bidi"))
            _in_order(section._sectPr, "headerReference footerReference type pgSz pgMar cols titlePg bidi docGrid")
        for part in (self.file.settings.element, self.file.styles.element):
            for element in [each for each in part.iter() if each.tag in _OF_EDITING]:
                element.getparent().remove(element)
        self.styles = {style.name: style.style_id for style in self.file.styles}
        for name, size in _SIZES.items():
            style = self.file.styles[name]
            assert isinstance(style, ParagraphStyle)
            self._dress(style, size, name)
        header, footer = section.header.paragraphs[0], section.footer.paragraphs[0]
        self._say(header, self.document.marking, bold=True)
        header.alignment = WD_ALIGN_PARAGRAPH.CENTER
        comma = self.document.labels[", "]
        self._say(footer, f"{self.document.title}{comma}{self.document.facts[0][1]} · ", size=8)
        self._say(footer, self.document.marking, bold=True, size=8)
        self._say(footer, " · ", size=8)
        for field, between in (("PAGE", " / "), ("NUMPAGES", "")):
            self._field(footer, field)
            self._say(footer, between, size=8)
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER

    def _dress(self, style: ParagraphStyle, size: float, name: str) -> None:
        """Give a style its face and size, for letters of every script."""
        style.font.name, style.font.size = _FACE, Pt(size)
        properties = style.element.get_or_add_rPr()
        fonts = properties.find(qn("w:rFonts"))
        for attribute in list(fonts.attrib):
            if attribute.lower().endswith("theme"):
                del fonts.attrib[attribute]
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{script}"), _FACE)
        properties.append(_element("w:szCs", val=f"{round(2 * size)}"))
        if name != "Normal":
            is_bold = name != "Caption"
            style.font.bold, style.font.cs_bold, style.font.italic = is_bold, is_bold, False
            style.font.color.rgb = _SOFT if name == "Caption" else _ACCENT
            style.paragraph_format.keep_with_next = True
        else:
            style.paragraph_format.space_after = Pt(5)
        _in_order(properties, _OF_A_RUN)

    def _head(self) -> None:
        document = self.document
        self._line(document.heading, bold=True)
        self._line(document.title, "Title")
        for _, words in document.other_titles:
            self._line(words, soft=True)
        for word, text in document.facts:
            line = self._line(f"{word}: ", bold=True)
            self._say(line, text)
        if document.is_simulation:
            self._line(document.labels[INVENTED], bold=True)
        for text in document.disclaimers:
            self._line(text, soft=True)
        if document.log_head:
            self._line(document.labels["Head of the release log"], bold=True)
            line = self.file.add_paragraph()
            line.add_run(seen(document.log_head.rstrip("\n"))).font.size = Pt(7)
            self._picture(document.qr, document.log_head, _QR_WIDTH)

    # ---- blocks ------------------------------------------------------------------------------------------------------

    def _block(self, block: Block, level: int) -> None:
        match block:
            case Heading():
                self._line(block.text, f"Heading {level}")
            case Paragraph():
                self._line(block.text, soft=block.style == "note", bold=block.style == "warning")
            case Bullets():
                for text in block.items:
                    self._line(text, "List Bullet")
            case Terms():
                for word, text in block.items:
                    self._say(self._line(f"{word}: ", bold=True), text)
            case Table():
                self._table(block)
            case Picture():
                self._drawn(block)
            case Findings():
                self._line(block.caption, bold=True).paragraph_format.keep_with_next = True
                for told in block.items:
                    self._line(told.sentence).paragraph_format.keep_with_next = True
                    line = self._line(told.id, soft=True)
                    self._say(line, f"  {told.origins}", soft=True)

    def _table(self, block: Table) -> None:
        self._line(block.caption, "Caption")
        table = self.file.add_table(0, len(block.head), "Table Grid")
        if self.is_rtl:
            table._tblPr.append(OxmlElement("w:bidiVisual"))
            _in_order(table._tblPr, "tblStyle bidiVisual tblW jc tblLayout tblLook")
        shares = [share or 8.0 for share in widths(block)]
        sizes = [Emu(round(_TEXT_WIDTH * share / sum(shares))) for share in shares]
        rows = [block.head, *block.rows, *([block.foot] if block.foot else [])]
        for at, texts in enumerate(rows):
            row = table.add_row()
            properties = row._tr.get_or_add_trPr()
            properties.append(OxmlElement("w:cantSplit"))
            if at == 0:
                properties.append(OxmlElement("w:tblHeader"))
            is_strong = at == 0 or (bool(block.foot) and at == len(rows) - 1)
            for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
                cell.width = sizes[column]
                shade = block.shades.get((at - 1, column))
                told = f"\u2003{text}" if column == 0 and at - 1 in block.inner else text
                self._cell(cell, told, column in block.numeric, is_strong, shade in ("not-observed", "partly-seen"))
        self.file.add_paragraph()

    def _cell(self, cell: _Cell, text: str, is_number: bool, is_strong: bool, is_shaded: bool) -> None:
        line = cell.paragraphs[0]
        line.paragraph_format.space_after = Pt(0)
        self._say(line, text, bold=is_strong, size=8)
        if is_number:
            # In a line that runs from right to left, what is called right is its end.
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        if is_shaded:
            cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", color="auto", fill=_GREY))

    def _drawn(self, block: Picture) -> None:
        self._picture(block.svg, block.alt, Emu(min(_TEXT_WIDTH, round(_HIGHEST * block.width / block.height))))
        for text in (block.caption, *(words for _, words in block.legend), *block.notes):
            if text:
                self._line(text, soft=True)

    def _picture(self, svg: str, alt: str, width: Emu | Mm) -> None:
        shown = self.file.add_picture(io.BytesIO(render_png(svg)), width)
        shown._inline.docPr.set("descr", seen(alt))

    # ---- lines -------------------------------------------------------------------------------------------------------

    def _line(self, text: str, style: str = "Normal", bold: bool = False, soft: bool = False) -> Line:
        line = self.file.add_paragraph()
        line._p.style = self.styles[style]  # by its id: the library looks a name up among all styles each time
        self._say(line, text, bold, soft, None if style != "Normal" else 8.5 if soft else None)
        return line

    def _say(self, line: Line, text: str, bold: bool = False, soft: bool = False, size: float | None = None) -> None:
        """Write a text into a line, each run of a script in its own direction."""
        if self.is_rtl:
            properties = line._p.get_or_add_pPr()
            if properties.find(qn("w:bidi")) is None:
                properties.append(OxmlElement("w:bidi"))
                _in_order(properties, "pStyle keepNext keepLines numPr bidi spacing ind jc rPr")
        for words, is_foreign in runs(seen(text), self.document.direction):
            self._dress_run(line.add_run(words), is_foreign != self.is_rtl, bold, soft, size)

    def _dress_run(self, run: Run, is_rtl: bool, bold: bool, soft: bool, size: float | None) -> None:
        properties: Any = run._r.get_or_add_rPr()
        if bold:
            run.font.bold = run.font.cs_bold = True
        if soft:
            run.font.color.rgb = _SOFT
        if size is not None:
            run.font.size = Pt(size)
            properties.append(_element("w:szCs", val=f"{round(2 * size)}"))
        run.font.rtl = True if is_rtl else None
        _in_order(properties, _OF_A_RUN)

    def _field(self, line: Line, name: str) -> None:
        """Put a field (17.16) into a line that the word processor fills in."""
        run = line.add_run()
        run.font.size = Pt(8)
        text = OxmlElement("w:instrText")
        text.text = f" {name} "
        for element in (_element("w:fldChar", fldCharType="begin"), text, _element("w:fldChar", fldCharType="end")):
            run._r.append(element)


def _element(name: str, **attributes: str) -> Any:
    element = OxmlElement(name)
    for attribute, value in attributes.items():
        element.set(qn(f"w:{attribute}"), value)
    return element


def _in_order(element: Any, names: str) -> None:
    """Put the children of an element into the order that its schema asks for."""
    order = {qn(f"w:{name}"): at for at, name in enumerate(names.split())}
    element[:] = sorted(element, key=lambda child: order.get(child.tag, len(order)))
