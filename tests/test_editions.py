"""Editions: an edited DOCX keeps its new words, and loses all that tells of who wrote them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest

from trucewatch.editions import taken_in
from trucewatch.problems import TrucewatchError

docx = pytest.importorskip("docx")

CANARY = "Canary Nightingale"
_DOCUMENT = "word/document.xml"
Edit = Callable[[dict[str, bytes]], None]


def written(*paragraphs: str, author: str = "") -> bytes:
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    document.core_properties.author = author
    document.core_properties.last_modified_by = author
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def parts(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(told: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        for name, data in told.items():
            file.writestr(name, data)
    return raw.getvalue()


def edited(raw: bytes, edit: Edit) -> bytes:
    told = parts(raw)
    edit(told)
    return packed(told)


def replaced(name: str, pattern: bytes, by: bytes) -> Edit:
    def edit(told: dict[str, bytes]) -> None:
        found, count = re.subn(pattern, by, told[name], count=1)
        assert count == 1
        told[name] = found

    return edit


DRAFT = written("Shelling was reported.")


def test_new_words_go_out_and_who_wrote_them_does_not() -> None:
    taken = taken_in(written("Shelling was heard.", author=CANARY), DRAFT, "sitrep.docx")
    text = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(taken)).paragraphs)
    assert text == "Shelling was heard."
    assert not any(CANARY.encode() in data for data in parts(taken).values())
    assert parts(taken)["docProps/core.xml"] == parts(DRAFT)["docProps/core.xml"]


def test_nothing_tells_of_sessions_templates_or_times() -> None:
    edit = replaced(_DOCUMENT, rb"<w:p>", b'<w:p w:rsidR="00A1B2C3" w14:paraId="1F2E3D4C">')
    again = edited(DRAFT, edit)
    settings = replaced(
        "word/settings.xml", rb"</w:settings>", b'<w:rsids><w:rsid w:val="00A1B2C3"/></w:rsids></w:settings>'
    )
    taken = taken_in(edited(again, settings), DRAFT, "sitrep.docx")
    assert not any(b"00A1B2C3" in data or b"1F2E3D4C" in data for data in parts(taken).values())
    with zipfile.ZipFile(io.BytesIO(taken)) as file:
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_same_edit_gives_the_same_bytes_whenever_and_wherever_it_was_saved() -> None:
    one, other = (taken_in(written("Heard.", author=name), DRAFT, "sitrep.docx") for name in ("one", "other"))
    assert one == other
    assert taken_in(one, DRAFT, "sitrep.docx") == one


def _added(name: str, data: bytes) -> Edit:
    return lambda told: told.update({name: data})


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (replaced(_DOCUMENT, rb"<w:r>", b'<w:ins w:id="1" w:author="x"><w:r></w:r></w:ins><w:r>'), "tracked changes"),
        (replaced(_DOCUMENT, rb"<w:r>", b'<w:del w:id="1" w:author="x"/><w:r>'), "tracked changes"),
        (replaced(_DOCUMENT, rb"<w:r>", b"<w:r><w:rPr><w:vanish/></w:rPr>"), "hidden text"),
        (_added("word/comments.xml", b"<w:comments><w:comment>no</w:comment></w:comments>"), "remarks"),
        (_added("word/vbaProject.bin", b"x"), "macro"),
        (_added("word/embeddings/sheet.xlsx", b"x"), "embedded file"),
        (_added("word/media/image9.jpg", b"x"), "picture that was not drafted"),
        (
            _added("word/_rels/x.xml.rels", b'<Relationship Target="file:///c:/x" TargetMode="External"/>'),
            "links to a file",
        ),
    ],
)
def test_where_somebody_has_to_decide_it_is_not_taken_in(edit: Edit, why: str) -> None:
    with pytest.raises(TrucewatchError, match=rf"sitrep\.docx: .*{why}"):
        taken_in(edited(DRAFT, edit), DRAFT, "sitrep.docx")


def test_a_link_to_the_web_may_stand_and_the_path_of_a_template_goes() -> None:
    template = (
        b'<Relationships><Relationship Type="x/attachedTemplate" Target="file:///C:/Users/canary/x.dotm" '
        b'TargetMode="External"/><Relationship Target="https://example.org" TargetMode="External"/></Relationships>'
    )
    taken = parts(taken_in(edited(DRAFT, _added("word/_rels/settings.xml.rels", template)), DRAFT, "sitrep.docx"))
    left = taken["word/_rels/settings.xml.rels"]
    assert b"canary" not in left and b"https://example.org" in left


def test_properties_that_an_editor_added_are_emptied() -> None:
    custom = (
        f'<?xml version="1.0"?>\n<Properties xmlns="x"><property name="by">{CANARY}</property></Properties>'.encode()
    )
    told = edited(edited(DRAFT, _added("docProps/custom.xml", custom)), _added("customXml/item9.xml", custom))
    taken = parts(taken_in(told, DRAFT, "sitrep.docx"))
    emptied = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Properties xmlns="x"/>'
    assert taken["docProps/custom.xml"] == taken["customXml/item9.xml"] == emptied


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", b"words", packed({"a.txt": b"x"}), DRAFT[: len(DRAFT) // 2]])
def test_what_is_no_docx_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(TrucewatchError, match=r"sitrep\.docx: cannot be read as DOCX"):
        taken_in(raw, DRAFT, "sitrep.docx")
