"""Allegations: what the parties complained of, what the clauses make of each, and what the mission ruled."""

from __future__ import annotations

from collections.abc import Mapping

from trucewatch.assessment.judgements import Outcome
from trucewatch.logs.stages import Result, Stage, not_ruled, results
from trucewatch.sitreps.blocks import Block, Paragraph, Section, Table
from trucewatch.sitreps.languages import phrase
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.responses import RESULTS, STAGES
from trucewatch.sitreps.sections.counts import SHORT, figure

_OPEN = phrase("undetermined")


def allegations(figures: Figures) -> Section:
    """Return every allegation with its result, and how many could not be ruled on."""
    alleged = [one for one in figures.told if one.account.get("allegation") or _is_received(one)]
    title = phrase("Allegations received and their results")
    if not alleged:
        none = Paragraph(phrase("No allegation of a party was received in this period."))
        return Section("7", title, "allegations", (none,))
    outcomes = _outcomes(figures)
    counted = [(word, sum(1 for one in alleged if one.outcome == outcome)) for outcome, word in outcomes.items()]
    totals = tuple((word, figure(number)) for word, number in counted)
    rows = tuple(
        (one.when, one.act, one.clause, outcomes[one.outcome], RESULTS[_result(one)], _stage(one), one.id)
        for one in alleged
    )
    head = (
        phrase("When"),
        phrase("Alleged"),
        phrase("Clause"),
        phrase("Under the clause"),
        phrase("Result"),
        phrase("Stage"),
        phrase("Finding"),
    )
    return Section(
        "7",
        title,
        "allegations",
        (
            *_ruled(alleged),
            Table(
                phrase("Allegations by what the clauses make of them"),
                (phrase("Under the clause"), phrase("Number")),
                totals,
                frozenset({1}),
                "slim",
            ),
            Paragraph(
                phrase("{count} could not be ruled on.", "{count} could not be ruled on.", count=dict(counted)[_OPEN]),
                "note",
            ),
            Table(phrase("Each allegation and its result"), head, rows, is_folded=len(rows) > SHORT),
        ),
    )


def _ruled(alleged: list[Told]) -> list[Block]:
    """Return how many allegations have which result: one that several clauses speak of is one."""
    named = {one.id: str(one.account.get("incident") or one.id) for one in alleged}
    incidents = sorted(set(named.values()))
    counted = results(incidents, {named[one.id]: one.proceeding for one in alleged if one.proceeding})
    rows = tuple((RESULTS[result], figure(number)) for result, number in counted.items())
    caption = phrase("Allegations by the result that the mission recorded")
    left = phrase(
        "On {count} of {all} the mission has not ruled, or could not: {pending} pending, {unable} unable to verify.",
        "On {count} of {all} the mission has not ruled, or could not: {pending} pending, {unable} unable to verify.",
        count=not_ruled(counted),
        all=len(incidents),
        pending=counted[Result.PENDING],
        unable=counted[Result.UNABLE_TO_VERIFY],
    )
    return [
        Table(caption, (phrase("Result"), phrase("Number")), rows, frozenset({1}), "slim"),
        Paragraph(left, "note"),
    ]


def _is_received(told: Told) -> bool:
    return told.proceeding is not None and told.proceeding.steps[0].stage is Stage.RECEIVED


def _result(told: Told) -> Result:
    return told.proceeding.result if told.proceeding else Result.PENDING


def _stage(told: Told) -> str:
    return STAGES[told.proceeding.stage if told.proceeding else Stage.RECEIVED]


def _outcomes(figures: Figures) -> Mapping[str, str]:
    first = phrase("a violation, on what was reported")
    return {
        str(Outcome.VIOLATION): first
        if figures.may_determine
        else phrase("assessed as inconsistent with the clause, on what was reported"),
        str(Outcome.OUTSIDE_SCOPE): phrase("outside the scope of the clause"),
        str(Outcome.UNTOUCHED): phrase("not reached by the clause"),
        str(Outcome.UNDETERMINED): _OPEN,
    }
