"""Acts: what was done, as a small tree, with crosswalks from the words that feeds use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

ROOT = "act"
ANY_WEAPON = "weapon"


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of words in which each node covers everything below it."""

    parents: Mapping[str, str | None]
    labels: Mapping[str, Mapping[str, str]]
    leaves: Mapping[str, frozenset[str]]

    def __contains__(self, node: object) -> bool:
        return node in self.parents

    def __iter__(self) -> Iterator[str]:
        return iter(self.parents)

    def covers(self, upper: str, lower: str) -> bool:
        """Say whether `lower` is `upper` or stands below it."""
        node: str | None = lower
        while node is not None:
            if node == upper:
                return True
            node = self.parents[node]
        return False

    def on_one_chain(self, one: str, other: str) -> bool:
        """Say whether one node covers the other: the two words can tell of one act."""
        return self.covers(one, other) or self.covers(other, one)

    def label(self, node: str, language: str = "en") -> str:
        """Return what products print for a node."""
        names = self.labels.get(node, {})
        return names.get(language) or names.get("en") or node.replace("-", " ")


@cache
def _written() -> dict[str, Any]:
    text = files("trucewatch").joinpath("acts.yml").read_text(encoding="utf-8")
    written: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return written


def _grow(written: Mapping[str, Any]) -> Tree:
    parents: dict[str, str | None] = {}
    labels: dict[str, Mapping[str, str]] = {}
    leaves: dict[str, frozenset[str]] = {}

    def add(node: str, content: Mapping[str, Any], parent: str | None) -> frozenset[str]:
        parents[node], labels[node] = parent, content.get("label", {})
        below = [add(name, inner, node) for name, inner in content.get("below", {}).items()]
        leaves[node] = frozenset().union(*below) if below else frozenset([node])
        return leaves[node]

    for root, content in written.items():
        add(root, content, None)
    return Tree(parents, labels, leaves)


@cache
def act_tree() -> Tree:
    """Return the tree of acts; its root is `act`."""
    return _grow(_written()["tree"])


@cache
def weapon_tree() -> Tree:
    """Return the tree of weapon classes; its root, `weapon`, means "not known which"."""
    return _grow(_written()["weapons"])


def crosswalk(feed: str) -> Mapping[str, str]:
    """Return a feed's own words -> act nodes (`acled`, `ucdp`, `cameo`, `plover`, `osce`).

    Raises KeyError for a feed that has none.
    """
    table: Mapping[str, str] = _written()["crosswalks"][feed]
    return table


def crosswalks() -> list[str]:
    """Return the names of the crosswalks."""
    return sorted(_written()["crosswalks"])


def read_cameo(code: str) -> str:
    """Return the act of a CAMEO code: that of the longest listed code it begins with, else the root.

    >>> read_cameo("1951")
    'air-strike'
    """
    table = crosswalk("cameo")
    for length in range(len(code), 1, -1):
        if code[:length] in table:
            return table[code[:length]]
    return ROOT
