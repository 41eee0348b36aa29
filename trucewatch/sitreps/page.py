"""Page: a sitrep as one HTML file that opens anywhere, offline, without scripts, on a phone and on paper.

What it says is in the `Document`; here it is only laid out, in either direction of writing. What comes from outside is
escaped, and characters that turn or hide the text around them are shown instead of obeyed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from trucewatch.sitreps.blocks import Block, Document, Findings, headed
from trucewatch.sitreps.languages import runs, seen

# How the parts of page one stand side by side.
_PLACES = {
    "assessment": "assessment",
    "counts": "wide",
    "harm": "narrow",
    "by-area": "wide",
    "where": "narrow",
    "not-seen": "full",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of page one: where it stands, and what stands in it."""

    place: str
    id: str
    blocks: tuple[Block, ...]


def render_page(document: Document) -> str:
    """Write a sitrep as one self-contained HTML page; the same document gives the same bytes."""
    templates = _templates(document)
    parts = [_Part(_PLACES[id], id, blocks) for id, blocks in document.sections[0].parts]
    told = {one.id: one for one in _told(document)}
    rest = document.sections[1:]
    has_map = any(section.id == "map" for section in rest)
    template = templates.get_template("sitrep.html.j2")
    has_harm = any(part.id == "harm" for part in parts)
    return template.render(d=document, parts=parts, rest=rest, told=told, has_map=has_map, has_harm=has_harm) + "\n"


def _templates(document: Document) -> Environment:
    templates = Environment(
        loader=PackageLoader("trucewatch", "sitreps"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        isolated=partial(isolated, direction=document.direction),
        css_text=css_text,
        deep=partial(headed, above=2),
        kind=_kind,
        drawn=Markup,
        lines=str.splitlines,
    )
    return templates


def _kind(block: Block) -> str:
    return type(block).__name__


def _told(document: Document) -> Iterator[Any]:
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Findings):
                yield from block.items


def _seen(value: Any) -> Any:
    """Show characters that would reorder or hide the text around them."""
    return seen(value) if isinstance(value, str) else value


def isolated(text: str, direction: str = "ltr") -> Markup:
    """Escape a text and set each run of the other direction of writing apart, so that it reorders nothing beside it.

    >>> isolated("reported by شبكة شام: <3")
    Markup('reported by <bdi>شبكة شام</bdi>: &lt;3')
    """
    cut = list(runs(text, direction))
    if len(cut) == 1 and not cut[0][1]:
        return escape(cut[0][0])
    mark = Markup('<bdi dir="ltr">{}</bdi>') if direction == "rtl" else Markup("<bdi>{}</bdi>")
    return Markup("").join(mark.format(run) if is_foreign else escape(run) for run, is_foreign in cut)


def css_text(text: str) -> Markup:
    r"""Write a text as a string of CSS that cannot end the string, the rule or the style sheet.

    >>> css_text('a"</style>')
    Markup('"a\\000022\\00003C\\00002Fstyle\\00003E"')
    """
    written = "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06X}" for c in text)
    return Markup(f'"{written}"')
