"""Texts: plain-text files (YAML 1.2, JSON) read with the line of each value, so that a problem can point at it."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trucewatch.problems import FileFault, Problem, TrucewatchError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What begins with a zero is a code, such as 057, and stays text.
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|[1-9][0-9]*(?=[eE]))([eE][-+]?[0-9]+)?")
_MOST_BYTES = 64 * 1024 * 1024
# No description goes a quarter as deep; what goes much deeper would exhaust the machine.
_MOST_LEVELS = 60


@dataclass(frozen=True, slots=True)
class Marked:
    """A value and the line (from 1) it stands on.

    `value` is a dict of Marked by key, a list of Marked, or a scalar: text, number, truth or None. Dates stay text.
    """

    value: Any
    line: int

    @property
    def is_map(self) -> bool:
        """Whether it holds keys."""
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        """Whether it holds items."""
        return isinstance(self.value, list)

    def get(self, key: str) -> Marked | None:
        """Return what stands under a key, or None."""
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return found if isinstance(found, Marked) else None

    def entries(self) -> Iterator[tuple[str, Marked]]:
        """Go through keys and what stands under them; nothing for what is no map."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def items(self) -> Iterator[Marked]:
        """Go through the items of a list; a lone value counts as a list of one, nothing (null) as an empty one."""
        if isinstance(self.value, list):
            yield from self.value
        elif self.value is not None:
            yield self

    def plain(self) -> Any:
        """Return the value without lines."""
        if isinstance(self.value, dict):
            return {key: inner.plain() for key, inner in self.value.items()}
        if isinstance(self.value, list):
            return [inner.plain() for inner in self.value]
        return self.value


def read_text(path: Path, name: str | None = None) -> tuple[Marked, list[Problem]]:
    """Read a YAML or JSON file as (content, problems); content is an empty map where it cannot be read at all.

    `name` is how problems call the file. Byte-order marks and CRLF are read. Raises FileFault for a file that is
    missing, too large or not UTF-8.
    """
    name = name or str(path)
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise FileFault(f"{name}: cannot be read ({fault.strerror})") from None
    if len(raw) > _MOST_BYTES:
        raise FileFault(f"{name}: larger than {_MOST_BYTES // 2**20} MiB; this is no description")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise FileFault(f"{name}:{line}: not UTF-8 text") from None
    return parse_text(text, name)


def parse_text(text: str, name: str) -> tuple[Marked, list[Problem]]:
    """Read YAML or JSON text as `read_text` reads a file; one that cannot be read is a problem, never an exception."""
    nothing = Marked({}, 1)
    try:
        if refused := _refuse_dangers(text, name):
            return nothing, [refused]
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = mark.line + 1 if mark else 1
        written = text.splitlines()[line - 1] if mark and line <= len(text.splitlines()) else ""
        tab = "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in (fault.problem or "")
        hint = "indent with spaces; a tab is not allowed here" if tab else "check the indentation, colons and quotes"
        message = (fault.problem or "cannot be read as YAML").removeprefix("but ")
        return nothing, [Problem(name, line, "not-yaml", message, hint)]
    except yaml.YAMLError as fault:
        return nothing, [Problem(name, 1, "not-yaml", " ".join(str(fault).split()), "remove control characters")]
    if node is None:
        return nothing, [Problem(name, 1, "empty-file", "holds nothing")]
    problems: list[Problem] = []
    return _mark(node, name, problems), problems


def _refuse_dangers(text: str, name: str) -> Problem | None:
    """Return why a text is not to be read at all: a few lines of aliases can stand for millions of values."""
    if control := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, control.start()) + 1
        return Problem(name, line, "not-yaml", "holds a control character", "remove it")
    levels = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if getattr(event, "anchor", None):
            message = "'&' and '*' have no meaning here"
            return Problem(name, line, "alias-not-allowed", message, "write it out, or quote the text")
        if isinstance(event, yaml.CollectionStartEvent):
            levels += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            levels -= 1
        if levels > _MOST_LEVELS:
            return Problem(name, line, "not-yaml", f"goes more than {_MOST_LEVELS} levels deep", "write it flatter")
    return None


def _mark(node: yaml.Node, name: str, problems: list[Problem]) -> Marked:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Marked] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            key_line = key_node.start_mark.line + 1
            if not key:
                problems.append(Problem(name, key_line, "key-not-text", "a key must be a word"))
            elif key in content:
                first = content[key].line
                problems.append(
                    Problem(name, key_line, "duplicate-key", f"'{key}' stands here and on line {first}", "keep one")
                )
            else:
                inner = _mark(value_node, name, problems)
                # What is told about a key is told where the key stands, not where its block begins.
                content[key] = Marked(inner.value, key_line)
        return Marked(content, line)
    if isinstance(node, yaml.SequenceNode):
        return Marked([_mark(inner, name, problems) for inner in node.value], line)
    return Marked(_scalar(node), line)


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    if getattr(node, "style", None):  # quoted, so meant as text
        return text
    match text:
        case "" | "~" | "null" | "Null" | "NULL":
            return None
        case "true" | "True" | "TRUE":
            return True
        case "false" | "False" | "FALSE":
            return False
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its place and rename it into it, so that it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        try:
            write(beside)
            with beside.open("rb+") as written:
                os.fsync(written.fileno())
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as fault:
        raise TrucewatchError(f"{path}: cannot be written ({fault.strerror or fault})") from None
