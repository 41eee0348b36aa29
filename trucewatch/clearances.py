"""Clearances: who drafted a sitrep and who cleared it, what was signed, and what is withheld; read from the record.

All of it is a fold over entries, in order. An entry that does not fit what stands before it, such as that of a second
person who cleared at the same moment, changes nothing. Who acts is a role, never a person's name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol

DECIDED, RELEASED = "decided", "released"
# What was decided, of the entries told here.
DRAFTED, CLEARED, RETURNED, SIGNED = "drafted", "cleared", "returned", "signed"
WITHHELD, WITHHELD_NO_LONGER = "withheld", "withheld no longer"
LEGAL = "legal"


class Entered(Protocol):
    """An entry of the record: its number from 1, its kind, and what stands in it (None once that was erased)."""

    @property
    def number(self) -> int:
        """Its number, from 1."""

    @property
    def kind(self) -> str:
        """Its kind, one word."""

    @property
    def content(self) -> Mapping[str, Any] | None:
        """What stands in it."""


# ---- a sitrep on its way out -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sitrep's way: the entry, what was done, by which role, and what was said with it."""

    entry: int
    what: str
    by: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Clearance:
    """How far a sitrep has come: `draft` is what its last drafting entered, `steps` all that was done since the first.

    `chain` are the roles that clear it, in order; `cleared_by` those that did, of this draft; `files` the digests
    (SHA-256, hexadecimal) of its files by name, as they were cleared last, and as they must be when it goes out.
    """

    sitrep: str
    entry: int
    by: str
    chain: tuple[str, ...]
    draft: Mapping[str, Any]
    files: Mapping[str, str]
    steps: tuple[Step, ...]
    cleared_by: tuple[str, ...] = ()
    is_returned: bool = False
    released: int | None = None

    @property
    def next_role(self) -> str | None:
        """The role that has to clear it now; None where it was returned, or the whole chain stands."""
        if self.is_returned or len(self.cleared_by) == len(self.chain):
            return None
        return self.chain[len(self.cleared_by)]

    @property
    def is_cleared(self) -> bool:
        """Whether the whole chain stands."""
        return not self.is_returned and self.cleared_by == self.chain

    @property
    def state(self) -> str:
        """Where it is, in words."""
        if self.released is not None:
            return f"released (entry {self.released})"
        if self.is_returned:
            return f"returned to {self.by} by {self.steps[-1].by}: {self.steps[-1].said}"
        return f"waits for {self.next_role} to clear it" if self.next_role else f"cleared by {', '.join(self.chain)}"

    def refuses_draft(self) -> str:
        """Return why it cannot be drafted anew; empty where it can."""
        if self.released is not None:
            return f"{self.sitrep} is {self.state}"
        if self.is_returned or not self.cleared_by:
            return ""
        return f"{self.sitrep} was cleared by {self.cleared_by[-1]}; it has to be returned before it is drafted anew"

    def refuses(self, by: str) -> str:
        """Return why a role cannot clear it now; empty where it can."""
        if self.released is not None or self.is_returned:
            return f"{self.sitrep} is {self.state}; only what was drafted anew is cleared"
        if by == self.by:
            return f"{by} drafted {self.sitrep}, and nobody clears a draft of their own"
        if by in self.cleared_by:
            return f"{by} cleared {self.sitrep} already, and nobody clears twice"
        if by not in self.chain:
            return f"the mandate does not let {by} clear; it names {', '.join(self.chain)}"
        if by != self.next_role:
            return f"{self.sitrep} waits for {self.next_role}, and {by} clears after that"
        return ""

    def refuses_return(self, by: str) -> str:
        """Return why a role cannot send it back to the drafter; empty where it can."""
        if self.released is not None or self.is_returned:
            return f"{self.sitrep} is {self.state}"
        return "" if by in self.chain else f"{by} is not one of those who clear it: {', '.join(self.chain)}"

    def refuses_release(self, by: str) -> str:
        """Return why a role cannot release it; empty where it can."""
        if self.released is not None:
            return f"{self.sitrep} is {self.state}; draft the next one"
        if not self.is_cleared:
            return f"{self.sitrep} {self.state}"
        return "" if by == self.chain[-1] else f"{self.chain[-1]} releases, and not {by}"


def clearances(entries: Iterable[Entered]) -> dict[str, Clearance]:
    """Return how far each sitrep has come, by its id."""
    found: dict[str, Clearance] = {}
    for entry, told in _told(entries):
        known = found.get(str(told.get("sitrep", "")))
        if told["what"] == DRAFTED:
            if known is None or not known.refuses_draft():
                found[str(told["sitrep"])] = _drafted(entry, told, known)
        elif known is not None:
            found[known.sitrep] = _after(known, entry, told)
    return found


def _drafted(entry: int, told: Mapping[str, Any], before: Clearance | None) -> Clearance:
    by, sitrep = str(told["by"]), str(told["sitrep"])
    steps = before.steps if before else ()
    step = Step(entry, DRAFTED, by)
    return Clearance(sitrep, entry, by, tuple(told["clearance"]), told, dict(told["files"]), (*steps, step))


def _after(state: Clearance, entry: int, told: Mapping[str, Any]) -> Clearance:
    """Return a sitrep's state after an entry, which is the state before where the entry does not fit it."""
    by, what = str(told.get("by", "")), told["what"]
    said = str(told.get("comment") or told.get("because") or "")
    taken = replace(state, steps=(*state.steps, Step(entry, what, by, said)))
    if told.get("draft") != state.entry:
        return state
    # Whoever clears first may take in what was edited; from then on nothing changes.
    if what == CLEARED and not state.refuses(by) and (not state.cleared_by or told["files"] == state.files):
        return replace(taken, cleared_by=(*state.cleared_by, by), files=dict(told["files"]))
    if what == RETURNED and not state.refuses_return(by):
        return replace(taken, is_returned=True)
    if what == RELEASED and not state.refuses_release(by) and told["files"] == state.files:
        return replace(taken, released=entry)
    return state


# ---- two persons, and legal or chief ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Role:
    """What stands in the way of a role as a second signature: whose subordinate it is, and which party named it."""

    under: str = ""
    nominee_of: str = ""


def lacks(
    author: str,
    signed_by: Collection[str],
    chief: str,
    roles: Mapping[str, Role],
    parties: Collection[str] = (),
) -> str:
    """Return what is missing to the signatures under what one person may not decide; empty where nothing is.

    Responsibility, determination and any rise in who may know something need two persons, and legal or chief besides.
    The second is neither the author nor the author's subordinate, nor was named by one of the parties concerned.
    """
    finals = {role for role in signed_by if role in (LEGAL, chief) and role != author}
    if not finals:
        return f"{LEGAL} or {chief} has to sign"
    unknown = Role()
    seconds = {
        role
        for role in signed_by
        if role != author
        and roles.get(role, unknown).under != author
        and roles.get(role, unknown).nominee_of not in parties
    }
    if any(seconds - {final} for final in finals):
        return ""
    return "a second person has to sign, who is neither the author, nor under them, nor named by a party concerned"


def signatures(entries: Iterable[Entered]) -> dict[int, tuple[str, ...]]:
    """Return the roles that signed entries, by the number of the entry, in order; the author is not among them."""
    found: dict[int, tuple[str, ...]] = {}
    for entry, told in _told(entries):
        for number in told.get("entries", ()) if told["what"] == SIGNED else ():
            if isinstance(number, int) and number < entry and told["by"] not in found.get(number, ()):
                found[number] = (*found.get(number, ()), str(told["by"]))
    return found


# ---- what is withheld ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Withheld:
    """A finding that no product below mission level tells of, for the sake of talks, until a chief says otherwise.

    `claims` are the keys of all it rests on: to whom it is not told, to them they are not told. What is due and was not
    done may rest on nothing; `occasion` then is (clause, party, instant).
    """

    entry: int
    finding: str
    claims: frozenset[str]
    by: str
    because: str
    review: date
    occasion: tuple[str, str, str] | None = field(default=None)

    def is_due(self, day: date) -> bool:
        """Whether its day of review has passed."""
        return self.review < day


def withheld(entries: Iterable[Entered]) -> tuple[Withheld, ...]:
    """Return what is withheld, in the order in which it was; one that was withheld again holds as decided last.

    Claims once withheld with a finding stay so as long as it is.
    """
    found: dict[str, Withheld] = {}
    for entry, told in _told(entries):
        if told["what"] == WITHHELD_NO_LONGER:
            found.pop(str(told["finding"]), None)
        elif told["what"] == WITHHELD:
            before = found.pop(str(told["finding"]), None)
            found[str(told["finding"])] = Withheld(
                entry=entry,
                finding=str(told["finding"]),
                claims=frozenset(told["claims"]) | (before.claims if before else frozenset()),
                by=str(told["by"]),
                because=str(told["because"]),
                review=date.fromisoformat(told["review"]),
                occasion=(*told["occasion"],) if told.get("occasion") else None,
            )
    return tuple(found.values())


def _told(entries: Iterable[Entered]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Go through the entries that can be of concern here, by number; `what` says what was decided, or that it went out.

    An entry whose content was erased says nothing any more.
    """
    for entry in entries:
        if entry.content is None or entry.kind not in (DECIDED, RELEASED):
            continue
        what = RELEASED if entry.kind == RELEASED else entry.content.get("what", "")
        yield entry.number, {**entry.content, "what": what}
