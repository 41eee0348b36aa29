"""Concurrence: what a party owes only as far as the other side meets its own part at the same time.

Where the other side did not meet its part nothing was owed; where that is not known nothing is owed for certain. So a
finding under such a clause is a violation only where the other part is known to have been met.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import polars as pl

from trucewatch.agreement.terms import Clause, ClauseKind
from trucewatch.assessment.duties import Matter, done_by, is_recorded, maybe_done, owing
from trucewatch.assessment.judgements import Outcome
from trucewatch.evidence import proof_holds
from trucewatch.when import Span

CLAUSE = "clause:"  # the unknown of a clause that another one is concurrent with: whether it was met
_WITHDRAWN = ("withdrawal-done",)

Met = Callable[[str, Span], bool | None]  # of a clause: whether it was met at a time
Spans = Mapping[str, Span]  # of incidents


def suspended(findings: pl.DataFrame, clause: Clause, met: Met, spans: Spans) -> pl.DataFrame:
    """Return the findings under a clause as they stand beside the clauses that it is concurrent with.

    One of these not met: nothing was owed, so it is outside scope. Unknown: a violation becomes undetermined, and what
    would settle an undetermined one is more. `spans` are those of incidents; an occasion has its own.
    """
    if not clause.concurrent_with or findings.is_empty():
        return findings
    rows = []
    for row in findings.iter_rows(named=True):
        span = spans[row["incident"]] if row["incident"] else Span(row["earliest"], row["latest"], "interval")
        answers = {other: met(other, span) for other in clause.concurrent_with}
        rows.append(row | _beside(row, answers))
    return pl.DataFrame(rows, schema=findings.schema)


def _beside(row: Mapping[str, Any], answers: Mapping[str, bool | None]) -> dict[str, Any]:
    word = {True: "yes", False: "no", None: "unknown"}[_all_met(answers.values())]
    told: dict[str, Any] = {"tests": json.dumps(json.loads(row["tests"]) | {"concurrent": word})}
    if row["outcome"] not in (Outcome.VIOLATION, Outcome.UNDETERMINED) or word == "yes":
        return told
    if word == "no":
        return told | {"outcome": str(Outcome.OUTSIDE_SCOPE), "settled_by": "[]"}
    unknown = [f"{CLAUSE}{other}" for other, answer in answers.items() if answer is None]
    ways = json.loads(row["settled_by"]) if row["outcome"] == Outcome.UNDETERMINED else [[]]
    return told | {
        "outcome": str(Outcome.UNDETERMINED),
        "settled_by": json.dumps([[*way, *unknown] for way in ways]),
    }


def _all_met(answers: Collection[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


def was_met(matter: Matter, findings: pl.DataFrame, spans: Spans, at: Span) -> bool | None:
    """Say whether a clause was met throughout a time, by the findings under it as if it stood alone; None: not known.

    A duty is met once each party is shown, by the proof that is demanded, to have done what it asks; it is not met
    where a complete record does not hold that. A withdrawal is met once it is shown to be done, or where a complete
    record holds nobody there; it is not met where somebody is surely there at that time.
    """
    clause = matter.tests.clause
    if clause.kind is ClauseKind.DUTY:
        return _all_met([_was_done(party, matter, at) for party in owing(matter.tests)]) if not clause.owed else None
    then = [row for row in findings.iter_rows(named=True) if row["incident"] and _overlap(spans[row["incident"]], at)]
    outcomes = {row["outcome"] for row in then}
    if Outcome.VIOLATION in outcomes:
        return False
    if Outcome.UNDETERMINED in outcomes:
        return None
    if clause.kind is ClauseKind.WITHDRAWAL and all(
        _is_shown(party, matter, at, _WITHDRAWN) for party in owing(matter.tests)
    ):
        return True
    return True if is_recorded(matter, at.latest, since=at.earliest) else None


def _was_done(party: str, matter: Matter, at: Span) -> bool | None:
    if _is_shown(party, matter, at, matter.tests.clause.what.acts):
        return True
    if maybe_done(party, matter, at) or not is_recorded(matter, at.latest):
        return None
    return False


def _is_shown(party: str, matter: Matter, at: Span, acts: tuple[str, ...]) -> bool:
    """Say whether it is shown, by the proof that is demanded, that a party had done an act before a time."""
    done = [name for name, by in done_by(party, matter.incidents, matter.tests, acts) if by <= at.earliest]
    evidence = matter.incidents.incidents.filter(pl.col("incident").is_in(done))
    return any(
        proof_holds(matter.standard, low, low, first_hand, recorded)
        for low, first_hand, recorded in evidence.select("origins_low", "first_hand", "recorded").iter_rows()
    )


def _overlap(one: Span, other: Span) -> bool:
    return (one.earliest < other.latest and other.earliest < one.latest) or one.earliest == other.earliest
