"""Decisions: what a person recorded about two claims, by role and with a reason; it outranks the dataset."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trucewatch.problems import Problem, TrucewatchError, WrongCall

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


@dataclass(frozen=True, slots=True)
class Decisions:
    """The file of a mission's decisions, one line of JSON each; it is only ever appended to."""

    path: Path

    def all(self, until: int | None = None) -> tuple[Decision, ...]:
        """Return the decisions in order; `until` leaves out those taken after so many batches had been received.

        Raises TrucewatchError for a file that is damaged.
        """
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")[:-1] if self.path.exists() else []
        except (OSError, UnicodeDecodeError) as fault:
            raise TrucewatchError(f"{self.path}: cannot be read ({fault}); restore it from a copy") from None
        found = []
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
                decision = Decision(
                    number,
                    str(told["one"]),
                    str(told["other"]),
                    bool(told["same"]),
                    str(told["by"]),
                    str(told["reason"]),
                )
                after = int(told["after"])
            except (ValueError, TypeError, KeyError):
                raise TrucewatchError(
                    f"{self.path}:{number}: cannot be read; the file is damaged, restore it from a copy"
                ) from None
            if until is None or after <= until:
                found.append(decision)
        return tuple(found)

    def enter(self, one: str, other: str, is_same: bool, by: str, reason: str, after: int, at: str) -> Decision:
        """Append a decision: `after` so many batches received, `at` a time (UTC); raises TrucewatchError."""
        if one == other:
            raise WrongCall("a decision is about two reports, and this is one")
        if not by.strip() or not reason.strip():
            raise WrongCall("a decision needs the role of who takes it, and a reason")
        told = {"after": after, "at": at, "by": by, "one": one, "other": other, "reason": reason, "same": is_same}
        entry = len(self.all()) + 1
        line = f"{json.dumps(told, ensure_ascii=False, sort_keys=True)}\n".encode()
        try:
            with self.path.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            raise TrucewatchError(f"{self.path}: cannot be written ({fault.strerror}); nothing was decided") from None
        return Decision(entry, one, other, is_same, by, reason)
