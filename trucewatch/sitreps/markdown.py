"""Markdown: a sitrep as plain text, for a mail or a wiki (CommonMark, with the tables of GitHub)."""

from __future__ import annotations

from collections.abc import Iterator

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
)
from trucewatch.sitreps.languages import runs, seen

_FIRST_STRONG, _POP = "\u2068", "\u2069"  # isolates of UAX 9, where the document runs from right to left


def render_markdown(document: Document) -> str:
    """Write a sitrep as Markdown: its head, then every section; pictures stand as their descriptions."""
    lines = [
        f"# {_text(document, document.title)}: {_text(document, document.heading)}",
        "",
        f"**{_text(document, document.marking)}**",
        "",
        *([_text(document, document.labels[INVENTED]), ""] if document.is_simulation else []),
        *(f"- {_text(document, word)}: {_text(document, text)}" for word, text in document.facts),
        "",
    ]
    for text in document.disclaimers:
        lines += [_text(document, text), ""]
    for section in document.sections:
        number = f"{section.number}. " if section.number else ""
        lines += [f"## {number}{_text(document, section.title)}", ""]
        for block in section.blocks:
            lines += [*_lines(block, document), ""]
    if document.log_head:
        label = _text(document, document.labels["Head of the release log"])
        lines += [f"## {label}", "", *(f"    {line}" for line in document.log_head.splitlines()), ""]
    return "\n".join(lines)


def _lines(block: Block, document: Document) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * block.level} {_text(document, block.text)}"
        case Paragraph():
            yield _text(document, block.text)
        case Bullets():
            yield from (f"- {_text(document, text)}" for text in block.items)
        case Terms():
            yield from (f"- **{_text(document, word)}**: {_text(document, text)}" for word, text in block.items)
        case Table():
            yield from _table(block, document)
        case Picture():
            yield f"*{_text(document, block.alt)}*"
        case Findings():
            yield from (f"- `{told.id}` {_text(document, told.sentence)}" for told in block.items)


def _table(table: Table, document: Document) -> Iterator[str]:
    yield f"{_text(document, table.caption)}:"
    yield ""
    yield _row(table.head, document)
    yield f"|{'|'.join('---:' if column in table.numeric else '---' for column in range(len(table.head)))}|"
    for row in (*table.rows, *([table.foot] if table.foot else [])):
        yield _row(row, document)


def _row(cells: tuple[str, ...], document: Document) -> str:
    return "|" + "|".join(f" {_text(document, cell)} " for cell in cells) + "|"


def _text(document: Document, text: str) -> str:
    """Escape a text; in a document that runs from right to left, set apart what runs the other way."""
    said = " ".join(seen(" · ".join(text.splitlines())).split())
    for mark in "\\`*_[]<>|#":
        said = said.replace(mark, "\\" + mark)
    if document.direction == "ltr":
        return said
    return "".join(f"{_FIRST_STRONG}{run}{_POP}" if is_foreign else run for run, is_foreign in runs(said, "rtl"))
