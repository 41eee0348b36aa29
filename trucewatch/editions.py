"""Editions: the editable form of a sitrep as it came back from an editor, without what an editor leaves in a file.

An Office Open XML file (ISO/IEC 29500) remembers who wrote in it, when, on which machine's template, and what stood
there before. None of that may go out.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Final

from trucewatch.problems import TrucewatchError
from trucewatch.sitreps.archives import packed

_TEXT: Final = "word/document.xml"
_MOST_BYTES = 64 * 1024 * 1024
# Who, when, with which program, and which sessions of editing a paragraph has been through (22.1.2, 17.15.1.72).
_PROPERTIES = ("docProps/", "customXml/")
_SESSIONS = re.compile(
    rb'\s+w\d*:(?:rsid\w*|paraId|textId)="[^"]*"|<w:rsids>.*?</w:rsids>|<w:attachedTemplate\b[^>]*/>', re.S
)
_TRACKED = re.compile(rb"<w:(?:ins|del|moveFrom|moveTo|rPrChange|pPrChange|tblPrChange|sectPrChange)[\s>]")
_HIDDEN = re.compile(rb"<w:vanish(?:\s*/>|\s)")
_REMARKS = re.compile(r"word/(?:comments|people)\w*\.xml")
_EXTERNAL = re.compile(rb'<Relationship\b[^>]*TargetMode="External"[^>]*>')
_LINK = re.compile(rb'Target="https?://')


def taken_in(edited: bytes, drafted: bytes, name: str) -> bytes:
    """Return an edited DOCX as it may go out: the words as edited, all else that is told of a file as it was drafted.

    `drafted` is the same file as it was before. Raises TrucewatchError for what is no DOCX, and where somebody has to
    decide: tracked changes, remarks, hidden text, macros and embedded files, pictures that the draft did not hold, and
    links to other files.
    """
    told, before = _parts(edited, name), _parts(drafted, name)
    for part in told:
        if _REMARKS.fullmatch(part) and not re.fullmatch(rb"(?s)\s*(<\?xml.*?\?>)?\s*<[^>]*/>\s*", told[part]):
            raise TrucewatchError(f"{name}: holds remarks of its editors; take them out and clear it again")
        if part.endswith((".bin", ".exe")) or part.startswith("word/embeddings/"):
            raise TrucewatchError(f"{name}: holds {part}, a macro or an embedded file; take it out and clear it again")
        if part.startswith("word/media/") and told[part] not in before.values():
            raise TrucewatchError(
                f"{name}: holds a picture that was not drafted ({part}); it may tell where it is from"
            )
        if part.endswith(".rels") and any(not _LINK.search(link) for link in _EXTERNAL.findall(told[part])):
            told[part] = _without_template(told[part], name)
        if part.startswith("word/") and part.endswith(".xml"):
            if _TRACKED.search(told[part]):
                raise TrucewatchError(f"{name}: holds tracked changes; accept or reject them all and clear it again")
            if _HIDDEN.search(told[part]) and not _HIDDEN.search(before.get(part, b"")):
                raise TrucewatchError(f"{name}: holds hidden text; take it out and clear it again")
            told[part] = _SESSIONS.sub(b"", told[part])
    for part in told:
        if part.startswith(_PROPERTIES) and not part.endswith(".rels"):
            told[part] = before.get(part, _nothing(told[part]))
    return packed(told)


def _without_template(relations: bytes, name: str) -> bytes:
    """Return relations without the path of the editor's own template, which Word fills in."""
    left = re.sub(rb"<Relationship\b[^>]*attachedTemplate[^>]*/>", b"", relations)
    if any(not _LINK.search(link) for link in _EXTERNAL.findall(left)):
        raise TrucewatchError(f"{name}: links to a file outside it; take the link out and clear it again")
    return left


def _nothing(properties: bytes) -> bytes:
    """Return properties of which none is told: the root alone, and of a preview nothing."""
    root = re.search(rb"<([\w:]+)\b[^>]*>", properties.partition(b"?>")[2] or properties)
    if root is None:
        return b""
    opened = root[0] if root[0].endswith(b"/>") else root[0][:-1] + b"/>"
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + opened


def _parts(raw: bytes, name: str) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as file:
            if sum(info.file_size for info in file.infolist()) > _MOST_BYTES:
                raise TrucewatchError(f"{name}: unpacks to more than {_MOST_BYTES // 2**20} MiB; this is no sitrep")
            parts = {info.filename: file.read(info) for info in file.infolist() if not info.is_dir()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as fault:
        raise TrucewatchError(f"{name}: cannot be read as DOCX ({fault}); save it as DOCX again") from None
    if _TEXT not in parts:
        raise TrucewatchError(f"{name}: cannot be read as DOCX (no {_TEXT}); save it as DOCX again")
    return parts
