"""What stands in a section, by kind of block."""

from __future__ import annotations

from collections.abc import Callable

from trucewatch.sitreps.blocks import Block, Findings, Heading, Paragraph, Section, Table
from trucewatch.sitreps.material import Figures, Told

Tell = Callable[..., Told]
WithTold = Callable[..., Figures]


def tables(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def said(section: Section) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Paragraph)]


def headings(blocks: list[Block] | tuple[Block, ...]) -> list[str]:
    return [block.text for block in blocks if isinstance(block, Heading)]


def findings(section: Section) -> list[str]:
    return [told.id for block in section.blocks if isinstance(block, Findings) for told in block.items]
