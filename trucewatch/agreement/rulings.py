"""Rulings: what a mission itself decided of a contested term, on its day, by role and with a reason.

A ruling is what no one person decides: it holds from the entry by which the last of its signatures came in. A later
ruling on the same term replaces it; both stay in the record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from trucewatch.agreement.terms import Agreement, TextSource
from trucewatch.clearances import SIGNED, Role, lacks, signatures
from trucewatch.decisions import DECIDED
from trucewatch.problems import WrongCall, did_you_mean
from trucewatch.when import local_day

RULED: Final = "ruled"
_TERM: Final = "term"  # what was ruled on; what else stands under that kind of entry is not ours
_SOURCE: Final = "ruling"


class _Entered(Protocol):
    @property
    def number(self) -> int: ...

    @property
    def kind(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def content(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Ruling:
    """That a term has one of its rivals, from a day on: `at` is when the last signature came in (UTC)."""

    entry: int
    term: str
    rival: str
    by: str
    because: str
    at: datetime


def ruling(agreement: Agreement, term: str, rival: str, by: str, because: str) -> dict[str, Any]:
    """Return what is entered as a ruling; raises WrongCall.

    Refused are a term that there is not or that nobody contests, a rival that it does not have, and a ruling without
    a role or a reason.
    """
    contested = {name: one for name, one in agreement.terms.items() if len(one.rivals) > 1}
    if term not in contested:
        what = "is not contested in" if term in agreement.terms else "is no term of"
        hint = did_you_mean(term, contested) or f"contested are: {', '.join(contested) or 'none'}"
        raise WrongCall(f"'{term}' {what} {agreement.id}; {hint}")
    rivals = [one.id for one in contested[term].rivals]
    if rival not in rivals:
        hint = did_you_mean(rival, rivals) or f"it has: {', '.join(rivals)}"
        raise WrongCall(f"'{term}' has no rival '{rival}'; {hint}")
    if not by.strip() or not because.strip():
        raise WrongCall("a ruling needs the role of who rules, and a reason")
    return {"what": _TERM, "term": term, "rival": rival, "by": by, "because": because}


def rulings(entries: Sequence[_Entered], chief: str, roles: Mapping[str, Role]) -> tuple[Ruling, ...]:
    """Return the rulings that stand as of the last of some entries (the record from its first on), by term.

    Of several on one term the one that was entered last holds, once others have signed it.
    """
    signed = signatures(entries)
    found: dict[str, Ruling] = {}
    for entry in entries:
        told = _ruled(entry)
        if told is None or lacks(told["by"], signed.get(entry.number, ()), chief, roles):
            continue
        at = _completed(entries, entry, told["by"], chief, roles)
        found[told["term"]] = Ruling(entry.number, told["term"], told["rival"], told["by"], told["because"], at)
    return tuple(found[term] for term in sorted(found))


def _ruled(entry: _Entered) -> Mapping[str, Any] | None:
    told = entry.content
    return told if entry.kind == RULED and told and told.get("what") == _TERM else None


def _completed(
    entries: Sequence[_Entered], entry: _Entered, by: str, chief: str, roles: Mapping[str, Role]
) -> datetime:
    """Return when the signatures under an entry were enough for the first time."""
    after = [one for one in entries if one.number > entry.number and _signs(one, {entry.number})]
    for at, one in enumerate(after, 1):
        if not lacks(by, signatures(after[:at]).get(entry.number, ()), chief, roles):
            return one.at
    return entry.at


def _signs(entry: _Entered, numbers: Collection[int]) -> bool:
    told = entry.content or {}
    return entry.kind == DECIDED and told.get("what") == SIGNED and bool(set(numbers) & set(told.get("entries", ())))


def is_ruled_after(entries: Sequence[_Entered], number: int) -> bool:
    """Say whether after an entry a ruling was entered, or an earlier one signed."""
    ruled = {entry.number for entry in entries if _ruled(entry)}
    return any(entry.number > number and (entry.number in ruled or _signs(entry, ruled)) for entry in entries)


def rule_in(agreement: Agreement, ruled: Iterable[Ruling]) -> Agreement:
    """Return an agreement whose contested terms have what was ruled, and say so among those who say it.

    A ruling on a term or a rival that this version of the agreement does not have falls with it.
    """
    terms, sources = dict(agreement.terms), dict(agreement.sources)
    for one in ruled:
        term = terms.get(one.term)
        if term is None or one.rival not in {rival.id for rival in term.rivals}:
            continue
        source = f"{_SOURCE}-{one.term}"
        day = local_day(one.at, agreement.timezone)
        sources[source] = TextSource(source, f"Ruling of the mission, {day}", "", "")
        rivals = tuple(
            replace(rival, says=(*rival.says, source)) if rival.id == one.rival else rival for rival in term.rivals
        )
        terms[one.term] = replace(term, rivals=rivals, ruling=one.rival)
    return replace(agreement, terms=terms, sources=sources) if terms != agreement.terms else agreement
