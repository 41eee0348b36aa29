"""Leads: what to find out next, by how many undetermined findings it would settle; for the mission's own planning.

A finding's `settled_by` names its unknowns by kind. Here each becomes a fact, of something: a term, a line or a zone is
one fact for all findings, while when and where, who and what, and with which proof are asked of each incident anew.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from trucewatch.agreement.terms import Agreement, Clause, Rival, Term, TermKind
from trucewatch.assessment.concurrence import CLAUSE
from trucewatch.assessment.judgements import Outcome
from trucewatch.assessment.occasions import COMPLETE_RECORD
from trucewatch.levels import Level
from trucewatch.problems import WrongCall
from trucewatch.route import Assessment
from trucewatch.sitreps.languages import party_name
from trucewatch.sitreps.sentences import tell_unknowns
from trucewatch.when import Span, tell

MOST = 10
_OF_THE_AGREEMENT = ("line:", "zone:", "affected.")


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """Something that is not known: an unknown, by its name in `settled_by`, of an incident, an occasion, or a record.

    `of` is empty where it is of the agreement, and so one fact for all findings.
    """

    unknown: str
    of: str = ""


Way = frozenset[Fact]  # facts that, all known, settle a finding, while no fewer of them do


@dataclass(frozen=True, slots=True)
class OpenCase:
    """An undetermined finding, and the ways to settle it."""

    finding: str
    clause: str
    ways: frozenset[Way]


@dataclass(frozen=True, slots=True)
class Lead:
    """Facts that settle findings once they are known, and nothing else is: the findings, by id, in order.

    Of those `settles` the ones in `needs_all` are settled by no part of the facts.
    """

    facts: tuple[Fact, ...]
    settles: tuple[str, ...]
    needs_all: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What to find out next, after the steps before it: the findings it settles, and how many are open after it."""

    facts: tuple[Fact, ...]
    settles: tuple[str, ...]
    left: int


@dataclass(frozen=True, slots=True)
class Leads:
    """What would settle the open cases of a period; for the mission's own eyes.

    `single` are facts that settle findings alone, and `together` the smallest sets of several, those first that more
    findings need. `order` goes on from what the steps before it have settled (greedy, see `in_order`). `clauses` are
    the open findings with their clauses; `hopeless` those that nothing asked here would settle. `named` are what facts
    are of, as a person calls it.
    """

    agreement: Agreement
    clauses: Mapping[str, str]
    single: tuple[Lead, ...]
    together: tuple[Lead, ...]
    order: tuple[Step, ...]
    hopeless: tuple[str, ...]
    named: Mapping[str, str]
    period: str
    is_simulation: bool

    def by_clause(self, findings: Iterable[str]) -> dict[str, int]:
        """Count findings by clause, in the order of the agreement."""
        counted = Counter(self.clauses[finding] for finding in findings)
        return {clause.id: counted[clause.id] for clause in self.agreement.clauses if counted[clause.id]}

    def words(self, facts: Iterable[Fact]) -> str:
        """Return what would have to be known, in words; a term that stands alone with its values."""
        known = sorted(facts, key=lambda fact: (fact.of, fact.unknown))
        if len(known) == 1 and not known[0].of:
            return _in_full(known[0].unknown, self.agreement)
        asked: dict[str, list[str]] = {}
        for fact in known:
            asked.setdefault(fact.of, []).append(fact.unknown)
        told = (
            f"{tell_unknowns(names, self.agreement)} ({self.named[of]})" if of else tell_unknowns(names, self.agreement)
            for of, names in asked.items()
        )  # fmt: skip
        return ", and ".join(told)

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "agreement": self.agreement.id,
            "period": self.period,
            "simulation": self.is_simulation,
            "undetermined": self.by_clause(self.clauses),
            "single": [self._lead(lead) for lead in self.single],
            "together": [self._lead(lead) for lead in self.together],
            "greedy_order": [
                {**self._asked(step.facts), "settles": self.by_clause(step.settles), "left": step.left}
                for step in self.order
            ],
            "settled_by_nothing": self.by_clause(self.hopeless),
        }

    def _lead(self, lead: Lead) -> dict[str, Any]:
        return {
            **self._asked(lead.facts),
            "settles": self.by_clause(lead.settles),
            "needs_all": self.by_clause(lead.needs_all),
            "findings": list(lead.settles),
        }

    def _asked(self, facts: Sequence[Fact]) -> dict[str, Any]:
        return {
            "to_know": self.words(facts),
            "facts": [{"unknown": fact.unknown, "of": self.named.get(fact.of)} for fact in facts],
        }


def leads_of(done: Assessment, most: int = MOST) -> Leads:
    """Rank what would settle the undetermined findings of an assessment, up to `most` of each.

    Raises WrongCall for an assessment that is not the mission's own: what it means to find out is told to nobody.
    """
    audience = done.material.view.audience
    if audience != Level.MISSION:
        raise WrongCall(f"leads are for the mission's own planning, and not for {audience.word}")
    if most < 1:
        raise WrongCall(f"at least one lead is told, and not {most}")
    law = done.material.agreement
    told = done.findings.filter(pl.col("outcome") == Outcome.UNDETERMINED)
    findings = done.material.findings.filter(pl.col("finding").is_in(told["finding"].implode()))
    cases = open_cases(findings, law)
    found = ranked(cases)
    single = [lead for lead in found if len(lead.facts) == 1]
    together = [lead for lead in found if len(lead.facts) > 1]
    return Leads(
        agreement=law,
        clauses={case.finding: case.clause for case in cases},
        single=tuple(single[:most]),
        together=tuple(together[:most]),
        order=in_order(cases, most),
        hopeless=tuple(case.finding for case in cases if not case.ways),
        named=_named(findings, told, law),
        period=done.figures.period.text,
        is_simulation=done.material.is_simulation,
    )


# ---- facts -----------------------------------------------------------------------------------------------------------


def open_cases(findings: pl.DataFrame, agreement: Agreement) -> tuple[OpenCase, ...]:
    """Return what is undetermined in a findings table (`findings.FINDING_SCHEMA`), demands left out, by finding."""
    is_open = (pl.col("outcome") == Outcome.UNDETERMINED) & ~pl.col("hypothetical")
    return tuple(
        OpenCase(row["finding"], row["clause"], smallest(_ways(row, agreement)))
        for row in findings.filter(is_open).sort("finding").iter_rows(named=True)
    )


def smallest(ways: Iterable[Way]) -> frozenset[Way]:
    """Return those of some sets that hold no other one."""
    distinct = frozenset(ways)
    return frozenset(way for way in distinct if not any(other < way for other in distinct))


def _ways(row: Mapping[str, Any], agreement: Agreement) -> Iterator[Way]:
    for names in json.loads(row["settled_by"]):
        # Where each test was judged by itself, "start or end" stands for all that such terms decide of it together.
        unknowns = (unknown for name in names for unknown in str(name).split(" or "))
        yield frozenset(Fact(unknown, _of(unknown, row, agreement)) for unknown in unknowns)


def _of(unknown: str, row: Mapping[str, Any], agreement: Agreement) -> str:
    if unknown in agreement.terms or unknown.startswith(_OF_THE_AGREEMENT):
        return ""
    if row["incident"]:
        return str(row["incident"])
    if unknown == COMPLETE_RECORD:
        return _record(agreement.clause(row["clause"]), row)
    return f"{row['earliest']}/{row['latest']}" if unknown.startswith(CLAUSE) else str(row["finding"])


def _record(clause: Clause, row: Mapping[str, Any]) -> str:
    """Name the record that would hold what a clause asks for: of such acts, such an area, such a time."""
    ground = clause.ground
    where = ground.term or ",".join(ground.zones)
    owed = type(clause.owed).__name__ if clause.owed else ""
    return "|".join((owed, ",".join(clause.what.acts), where, f"{row['earliest']}/{row['latest']}"))


# ---- how many each would settle --------------------------------------------------------------------------------------


def ranked(cases: Iterable[OpenCase]) -> tuple[Lead, ...]:
    """Return each smallest set of facts that settles a finding, by how many need all of it; then the smaller first."""
    needing = _needing((case.finding, case.ways) for case in cases)
    found = (
        Lead(tuple(sorted(way)), tuple(sorted(_settled_by(way, needing))), tuple(sorted(findings)))
        for way, findings in needing.items()
    )
    return tuple(sorted(found, key=lambda lead: (-len(lead.needs_all), len(lead.facts), lead.facts)))


def in_order(cases: Iterable[OpenCase], most: int) -> tuple[Step, ...]:
    """Return what to find out one after the other, up to `most` steps.

    It is greedy: each step is, of the smallest sets that settle anything then, the one that settles most findings a
    fact. Another order may settle as much with fewer facts.
    """
    left = {case.finding: case.ways for case in cases}
    steps: list[Step] = []
    while len(steps) < most and (needing := _needing(left.items())):
        gains = {way: _settled_by(way, needing) for way in needing}
        way = min(gains, key=lambda way: (-Fraction(len(gains[way]), len(way)), len(way), sorted(way)))
        left = {
            finding: smallest(known - way for known in ways)
            for finding, ways in left.items()
            if finding not in gains[way]
        }
        steps.append(Step(tuple(sorted(way)), tuple(sorted(gains[way])), len(left)))
    return tuple(steps)


def _needing(cases: Iterable[tuple[str, Collection[Way]]]) -> dict[Way, set[str]]:
    """Return the findings that each way settles while no part of it does."""
    found: dict[Way, set[str]] = defaultdict(set)
    for finding, ways in cases:
        for way in ways:
            found[way].add(finding)
    return dict(found)


def _settled_by(facts: Way, needing: Mapping[Way, set[str]]) -> set[str]:
    """Return the findings that facts settle: all that need them, or a part of them."""
    if 2 ** len(facts) > len(needing):
        return {finding for way, findings in needing.items() if way <= facts for finding in findings}
    parts = (
        frozenset(part) for size in range(1, len(facts) + 1) for part in itertools.combinations(sorted(facts), size)
    )
    return {finding for part in parts for finding in needing.get(part, ())}


# ---- in words --------------------------------------------------------------------------------------------------------


def _in_full(unknown: str, agreement: Agreement) -> str:
    term = agreement.terms.get(unknown)
    if term is None or term.kind is TermKind.BOUND:
        return tell_unknowns([unknown], agreement)
    values = [f"{rival.id.replace('-', ' ')}{_value(rival, term, agreement)}" for rival in term.rivals]
    name = term.id.replace("-", " ")
    if len(values) == 1:
        return f"what exactly the {name} is: {values[0]}"
    return f"whether the {name} is {', '.join(values[:-1])} or {values[-1]}"


def _value(rival: Rival, term: Term, agreement: Agreement) -> str:
    if isinstance(rival.value, Span):
        return f" ({tell(rival.value, agreement.timezone)})"
    if not isinstance(rival.value, tuple):
        return ""
    if term.kind is TermKind.ZONES:
        return f" ({', '.join(agreement.zones[str(zone)].label for zone in rival.value)})"
    least, most = (float(metres) / 1000 for metres in rival.value)
    return f" ({least:g} km)" if least == most else f" ({least:g} to {most:g} km)"


def _named(findings: pl.DataFrame, told: pl.DataFrame, agreement: Agreement) -> dict[str, str]:
    """Return what a person calls that of which facts are: an incident, an occasion, a record."""
    sayings = told.select("finding", "act", "place", "lines", pl.col("earliest", "latest").name.prefix("told_"))
    names: dict[str, str] = {}
    for row in findings.join(sayings, on="finding", maintain_order="left").iter_rows(named=True):
        when = tell(Span(row["told_earliest"], row["told_latest"], "told"), agreement.timezone)
        if row["incident"]:
            line = row["lines"].partition(", ")[0]
            names[row["incident"]] = ", ".join(filter(None, (row["act"], when, row["place"], line)))
            continue
        clause, party = agreement.clause(row["clause"]), party_name(row["responsible"][0], agreement)
        names[row["finding"]] = f"owed by {party} under {clause.id}, {when}"
        names[_record(clause, row)] = f"of what is owed under {clause.id}, {when}"
        names[f"{row['earliest']}/{row['latest']}"] = when
    return names
