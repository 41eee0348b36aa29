"""Decisions: what a person recorded about two claims, by role and with a reason; it outranks the dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from trucewatch.problems import Problem, WrongCall

DECIDED, LINK = "decided", "link"
OVERRULED = "decision-overruled"


@dataclass(frozen=True, slots=True, order=True)
class Decision:
    """A person's word that two claims do, or do not, tell of one event.

    `entry` is its number in the record, `one` and `other` are claim keys, `by` is the role of who decided.
    """

    entry: int
    one: str
    other: str
    is_same: bool
    by: str = ""
    reason: str = ""

    def __str__(self) -> str:
        what = "tell" if self.is_same else "do not tell"
        return f"{self.one} and {self.other} {what} of one event (entry {self.entry})"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of decisions once later ones outrank earlier ones: who is one, who is apart, and what gave way."""

    same: tuple[tuple[str, str], ...]
    apart: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]


def standing(decisions: Iterable[Decision]) -> Standing:
    """Return the decisions that stand: of two that cannot both hold, by themselves or by way of others, the later.

    Each that gave way is a Problem that names it and the latest of those that it cannot hold beside. A decision on a
    claim and itself says nothing.
    """
    group: dict[str, str] = {}
    same: list[Decision] = []
    apart: list[Decision] = []
    problems: list[Problem] = []

    def root(key: str) -> str:
        while group.setdefault(key, key) != key:
            key = group[key]
        return key

    for decision in sorted({d for d in decisions if d.one != d.other}, key=lambda one: (-one.entry, one)):
        one, other = sorted((root(decision.one), root(decision.other)))
        if decision.is_same:
            against = [late for late in apart if {root(late.one), root(late.other)} == {one, other} and one != other]
        else:
            against = [late for late in same if root(late.one) == one] if one == other else []
        if against:
            problems.append(_overruled(decision, max(against, key=lambda late: late.entry)))
        elif decision.is_same:
            group[other] = one
            same.append(decision)
        else:
            apart.append(decision)
    return Standing(_pairs(same), _pairs(apart), tuple(sorted(problems)))


def _overruled(earlier: Decision, later: Decision) -> Problem:
    message = f"that {earlier} gives way to a later decision, that {later}"
    return Problem("decisions", earlier.entry, OVERRULED, message, "record one decision anew if the other was meant")


def _pairs(decisions: Iterable[Decision]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(min(d.one, d.other), max(d.one, d.other)) for d in decisions}))


class Entered(Protocol):
    """An entry of the record, as far as a decision is told by it; its content is None once that was erased."""

    @property
    def number(self) -> int:
        """Its number, from 1."""

    @property
    def kind(self) -> str:
        """Its kind, one word."""

    @property
    def content(self) -> Mapping[str, Any] | None:
        """What stands in it."""


def decided(entries: Iterable[Entered]) -> tuple[Decision, ...]:
    """Return the decisions on links that stand in some entries of the record, in order."""
    return tuple(
        Decision(
            entry.number,
            entry.content["one"],
            entry.content["other"],
            entry.content["same"],
            entry.content["by"],
            entry.content["reason"],
        )
        for entry in entries
        if entry.kind == DECIDED and entry.content and entry.content.get("what") == LINK
    )


def link(one: str, other: str, is_same: bool, by: str, reason: str) -> dict[str, Any]:
    """Return what is entered as a decision on two claims (keys); raises WrongCall without a role or a reason."""
    if one == other:
        raise WrongCall("a decision is about two reports, and this is one")
    if not by.strip() or not reason.strip():
        raise WrongCall("a decision needs the role of who takes it, and a reason")
    return {"what": LINK, "one": one, "other": other, "same": is_same, "by": by, "reason": reason}
