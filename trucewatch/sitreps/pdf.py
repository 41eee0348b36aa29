"""PDF: a sitrep on paper, tagged for those who cannot see it (PDF/UA-1, ISO 14289-1), set by typst.

What it says is in the `Document`; all of it goes to the template as data, so that no word of a report is ever read as
markup. The faces are the program's own and stand in the file. Of its making the file tells its title and language and
the name of the typesetter: no time, no place, nobody.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import typst

from trucewatch.sitreps.blocks import (
    INVENTED,
    Block,
    Bullets,
    Document,
    Findings,
    Heading,
    Paragraph,
    Picture,
    Section,
    Table,
    Terms,
    headed,
)
from trucewatch.sitreps.faces import FAMILY, drawn, faces
from trucewatch.sitreps.languages import runs

# On page one each of these parts stands beside the next, by the ids of the headings that they begin with.
_BESIDE = {"counts": "harm", "by-area": "where"}
_PIXELS_PER_INCH = 120.0
_LOOK = f"""<style>
text {{ fill: #50555d; stroke: none; font-size: 12px; font-family: {FAMILY}; }}
.map .around {{ fill: #f4f2ec; stroke: none; }}
.map .ground {{ fill: #ffffff; stroke: none; }}
.map .outline {{ stroke: #1c1f24; stroke-width: 1.3; stroke-linejoin: round; }}
.map .part.outline {{ stroke-width: 1; stroke-dasharray: 2 2.5; }}
.map .graticule path {{ stroke: #bbb7ae; stroke-width: .7; }}
.map .graticule text {{ font-size: 10.5px; }}
.map .name {{ fill: #1c1f24; font-weight: bold; font-size: 14px; paint-order: stroke; stroke: #ffffff; stroke-width: 3.5px; stroke-linejoin: round; }}
.map .scale, .map .north {{ stroke: #50555d; stroke-width: 1.3; }}
.map text.scale, .map text.north, .map .disclaimer {{ stroke: #f4f2ec; stroke-width: 3px; paint-order: stroke; font-size: 11.5px; }}
.map.small .name {{ font-size: 26px; stroke-width: 6px; }}
.map.small text.scale, .map.small text.north, .map.small .disclaimer {{ font-size: 21px; }}
.violation, .undetermined, .outside-scope {{ fill: #24466e; stroke: #24466e; stroke-width: .8; }}
.violation {{ stroke-width: 1.8; }}
.undetermined {{ stroke-dasharray: 3.5 2; }}
.outside-scope {{ stroke-dasharray: .8 2; }}
.wide.violation, .wide.undetermined, .wide.outside-scope {{ stroke-width: .6; stroke-opacity: .5; }}
.chart rect {{ fill: #24466e; }}
.chart .line {{ stroke: #bbb7ae; stroke-width: 1; fill: none; }}
.chart .value {{ fill: #1c1f24; }}
.chart path.mark {{ stroke: #1c1f24; stroke-width: 1; stroke-dasharray: 3 3; fill: none; }}
.chart text.mark {{ fill: #1c1f24; }}
</style>"""  # noqa: E501
_SYMBOL = '<svg viewBox="0 0 26 16"><circle class="{}" cx="13" cy="8" r="6.5" fill-opacity=".25"/></svg>'
_ANCHORED = re.compile(r' direction="rtl" text-anchor="(\w+)">')
_TURNED = {"start": "end", "middle": "middle", "end": "start"}
_DRAWING = b"""#set page(width: 720pt, height: auto, margin: 0pt)
#set text(font: "FiraGO", fallback: false)
#image(bytes(sys.inputs.drawing), format: "svg", width: 720pt)
"""


def render_pdf(document: Document) -> bytes:
    """Set a sitrep as tagged PDF (PDF/UA-1, A4); the same document gives the same bytes."""
    told = json.dumps(_content(document), ensure_ascii=False)
    return _set(_template(), {"document": told}, "pdf")


def render_png(svg: str) -> bytes:
    """Draw an SVG of a sitrep, on white, as PNG of 1200 pixels across."""
    return _set(_DRAWING, {"drawing": stand_alone(svg)}, "png")


def _set(template: bytes, inputs: dict[str, str], form: Literal["pdf", "png"]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="trucewatch-") as folder:
        for name, font in faces().items():
            (Path(folder) / name).write_bytes(font)
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
        compiler = typst.Compiler(template, folder, fonts, sys_inputs=inputs)
        made = compiler.compile(format=form, ppi=_PIXELS_PER_INCH, pdf_standards=["ua-1"] if form == "pdf" else [])
    assert isinstance(made, bytes)
    return made


@cache
def _template() -> bytes:
    return (files("trucewatch.sitreps") / "sitrep.typ").read_bytes()


def stand_alone(svg: str) -> str:
    """Return a drawing of a sitrep as an SVG file of its own, in the colours of paper."""
    head, _, rest = svg.partition(">")
    if "xmlns=" not in head:
        head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return drawn(f"{head}>{_LOOK}{_ANCHORED.sub(_from_the_right, rest)}")


def _from_the_right(told: re.Match[str]) -> str:
    """Write a text that runs from right to left as the typesetter does: it anchors at the left or right of a text
    whatever its direction, and begins at the left unless a mark turns it.
    """
    return f' text-anchor="{_TURNED[told[1]]}">\u200f'


# ---- what the template is told ---------------------------------------------------------------------------------------

Runs = list[tuple[str, bool]]
Say = Callable[[str], Runs]


def _content(document: Document) -> dict[str, Any]:
    def say(text: str) -> Runs:
        return [(drawn(run), is_foreign) for run, is_foreign in runs(text, document.direction)]

    labels = document.labels
    return {
        "name": drawn(document.name),
        "language": document.language,
        "direction": document.direction,
        "marking": say(document.marking),
        "simulation": document.is_simulation,
        "invented": say(labels[INVENTED]),
        "heading": say(document.heading),
        "title": say(document.title),
        "other_titles": [(code, _direction(words), drawn(words)) for code, words in document.other_titles],
        "facts": [(say(word), say(text)) for word, text in document.facts],
        "disclaimers": [say(text) for text in document.disclaimers],
        "contents": say(labels["Contents"]),
        "footer": say(f"{document.title}{labels[', ']}{document.facts[0][1]}"),
        "log_words": say(labels["Head of the release log"]),
        "log_head": [drawn(line) for line in document.log_head.splitlines()],
        "qr": stand_alone(document.qr) if document.qr else "",
        "sections": [
            {"title": say(section.numbered), "rows": _rows(at, section, say)}
            for at, section in enumerate(document.sections)
        ],
    }


def _direction(text: str) -> str:
    """Return the direction of a text by its first strong letter."""
    return "rtl" if next(runs(text, "ltr"), ("", False))[1] else "ltr"


def _rows(at: int, section: Section, say: Say) -> list[list[list[dict[str, Any]]]]:
    """Return what stands in a section, row by row, in each row side by side: on page one some parts do."""
    rows: list[list[list[dict[str, Any]]]] = []
    before = ""
    for name, blocks in section.parts if at == 0 else [("", section.blocks)]:
        told = [_block(block, level, say) for block, level in headed(blocks, above=1)]
        if name and _BESIDE.get(before) == name:
            rows[-1].append(told)
        else:
            rows.append([told])
        before = name
    return rows


def _block(block: Block, level: int, say: Say) -> dict[str, Any]:
    match block:
        case Heading():
            return {"block": "heading", "level": level, "text": say(block.text)}
        case Paragraph():
            return {"block": "paragraph", "style": block.style, "text": say(block.text)}
        case Bullets():
            return {"block": "bullets", "items": [say(text) for text in block.items]}
        case Terms():
            return {"block": "terms", "items": [(say(word), say(text)) for word, text in block.items]}
        case Table():
            return {
                "block": "table",
                "caption": say(block.caption),
                "head": [say(text) for text in block.head],
                "rows": [[say(text) for text in row] for row in block.rows],
                "foot": [say(text) for text in block.foot],
                "numeric": sorted(block.numeric),
                "inner": sorted(block.inner),
                "shades": _cells(block.shades),
                "bars": _cells(block.bars),
                "widths": widths(block),
            }
        case Picture():
            return {
                "block": "picture",
                "svg": stand_alone(block.svg),
                "alt": drawn(block.alt),
                "caption": say(block.caption),
                "notes": [say(text) for text in block.notes],
                "legend": [(stand_alone(_SYMBOL.format(kind)), say(words)) for kind, words in block.legend],
                # A high drawing would fill more than a page.
                "width": min(1.0, 1.15 * block.width / block.height),
            }
        case Findings():
            items = [{"id": drawn(t.id), "sentence": say(t.sentence), "origins": say(t.origins)} for t in block.items]
            return {"block": "findings", "caption": say(block.caption), "items": items}


def _cells(told: Mapping[tuple[int, int], Any]) -> dict[str, Any]:
    return {f"{row},{column}": value for (row, column), value in told.items()}


def widths(table: Table) -> list[float]:
    """Return the width of each column of a table as a share; 0 where its numbers need no more than their own."""
    columns = range(len(table.head))
    return [
        0.0 if at in table.numeric else _width([table.head[at], *(row[at] for row in table.rows)]) for at in columns
    ]


def _width(texts: Iterable[str]) -> float:
    """Return about how many letters wide a column of texts wants to be."""
    lines = [line for text in texts for line in text.split("\n")]
    longest_word = max((len(word) for line in lines for word in line.split()), default=1)
    mean = sum(len(line) for line in lines) / max(len(lines), 1)
    return round(max(min(mean, 44.0), min(longest_word, 20), 4) + 2.0, 1)
