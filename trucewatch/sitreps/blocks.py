"""Blocks: what a sitrep consists of once it is in words and in order; how it looks is for those who lay it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trucewatch.sitreps.material import Told

# The words that every layout of a simulation prints, and what `labels` knows them by.
INVENTED = "Invented reports of invented events. Nothing in this document happened."
# The parts of page one: the first, and the others by the ids of the headings that they begin with.
ASSESSMENT, PARTS = "assessment", ("counts", "harm", "by-area", "where", "not-seen")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section, `level` 3 or 4; `id` is unique in the document, or empty."""

    text: str
    id: str = ""
    level: int = 3


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `style` is plain, lead, note or warning."""

    text: str
    style: str = "plain"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """A list of words and what they mean."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the head has a word for each column (the first may be empty), and the first column heads its rows.

    A text of two lines is parted by a newline. `numeric` are the columns that are numbers, from 0. A text that is the
    id of a finding of this document may be made a link to it; `links` has for a row the findings that it is about.
    `look` says what kind of table it is (areas, matrix, terms, windows, slim, or nothing); `shades` gives cells (row,
    column) a ground of their own (`not-observed`, `partly-seen`, `none-found`, `counts`), `bars` a bar of a share from
    0 to 1; `foot` is a last row that sums up; `inner` are rows that are part of the row above them. `is_folded` is for
    what few readers need: a screen may fold it away under its caption.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    look: str = ""
    shades: Mapping[tuple[int, int], str] = field(default_factory=dict)
    bars: Mapping[tuple[int, int], float] = field(default_factory=dict)
    foot: tuple[str, ...] = ()
    is_folded: bool = False
    inner: frozenset[int] = frozenset()
    links: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG with its description; size in units of the drawing.

    `legend` has (class in the drawing, what it stands for), `notes` stand under the caption.
    """

    svg: str
    alt: str
    caption: str
    width: int
    height: int
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings told one by one, in the language of the document: id, sentence, ways to settle, and the chain.

    `is_open` says whether a screen shows the list at once; `details` has (word, what it says) of each finding's id.
    """

    caption: str
    items: tuple[Told, ...]
    is_open: bool
    details: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


Block = Heading | Paragraph | Bullets | Terms | Table | Picture | Findings


@dataclass(frozen=True, slots=True)
class Section:
    """A section: `number` as it is printed ("2", or empty), title, id, and what stands in it."""

    number: str
    title: str
    id: str
    blocks: tuple[Block, ...]

    @property
    def numbered(self) -> str:
        """Its title with its number."""
        return f"{self.number} · {self.title}" if self.number else self.title

    @property
    def parts(self) -> Iterator[tuple[str, tuple[Block, ...]]]:
        """The parts of page one, each with its id."""
        id, held = ASSESSMENT, list[Block]()
        for block in self.blocks:
            if isinstance(block, Heading) and block.id in PARTS:
                yield id, tuple(held)
                id, held = block.id, []
            held.append(block)
        yield id, tuple(held)


@dataclass(frozen=True, slots=True)
class Document:
    """A sitrep in one language, laid out by nobody: all texts are plain, and whoever lays it out escapes them.

    `heading` is what kind of report it is, in words; `facts` are (word, what it says) for the head of page one, the
    period first;
    `log_head` is the signed head of the audience's release log and `qr` its QR code as SVG (empty before release).
    `other_titles` has the title by language code in the languages that the agreement has beside this one.
    `labels` are the words that a layout needs of its own, by their English form.
    """

    title: str
    kind: str
    heading: str
    language: str
    direction: str  # ltr or rtl
    marking: str
    is_simulation: bool
    facts: tuple[tuple[str, str], ...]
    disclaimers: tuple[str, ...]
    sections: tuple[Section, ...]
    log_head: str = ""
    qr: str = ""
    other_titles: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a file of it calls itself."""
        comma = self.labels[", "]
        return f"{self.marking}: {self.heading}{comma}{self.title}{comma}{self.facts[0][1]}"


def headed(blocks: Iterable[Block], above: int) -> list[tuple[Block, int]]:
    """Return blocks, each with the level of the heading that it stands under or is.

    `above` is the level of the heading above them; none is more than one below the last.
    """
    last, found = above, []
    for block in blocks:
        if isinstance(block, Heading):
            last = min(block.level - 2 + above, last + 1)
        found.append((block, last))
    return found
