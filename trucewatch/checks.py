"""Checks: whether an agreement can be read, and its own worked examples come out as written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.agreement.examples import FILE as EXAMPLES
from trucewatch.agreement.examples import Example, read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.beside import NOTHING, SHEETS, Beside, beside_of, known_words
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.logs.lines import Line, admit, read_cells
from trucewatch.logs.stages import Result, Stage, proceedings
from trucewatch.problems import Problem, did_you_mean
from trucewatch.shipped import find_agreement
from trucewatch.talks.statements import read_talks
from trucewatch.views import view
from trucewatch.when import LONG_AGO


def check(path: str | Path) -> tuple[Agreement, list[Problem], int]:
    """Check an agreement and run its own worked examples; return it, its problems, and how many examples ran."""
    agreement = read_agreement(find_agreement(path))
    problems = list(agreement.problems)
    if problems:
        return agreement, problems, 0
    problems += read_talks(agreement).problems
    examples, claims, faults = read_examples(agreement)
    problems += faults
    for reading in sorted({example.reading for example in examples}):
        chosen = [example for example in examples if example.reading == reading]
        problems += _judge_examples(agreement, [one for one in chosen if not one.is_alone], claims)
        for example in chosen:
            if example.is_alone:
                beside, refused = _logs_of(example, agreement)
                problems += refused or _judge_examples(agreement, [example], claims, beside)
    return agreement, sorted(problems), len(examples)


def _logs_of(example: Example, agreement: Agreement) -> tuple[Beside, list[Problem]]:
    """Return the mission's own logs that an example brings, read and admitted as `trucewatch log` does."""
    place = str(agreement.folder / EXAMPLES)
    known = known_words(agreement, [example.id])
    problems: list[Problem] = []
    lines: list[Line] = []
    for name in sorted(set(example.beside) - {sheet.name for sheet in SHEETS}):
        hint = did_you_mean(name, [sheet.name for sheet in SHEETS])
        problems.append(Problem(place, example.line, "unknown-sheet", f"no sheet is called '{name}'", hint))
    for sheet in SHEETS:
        for number, cells in example.beside.get(sheet.name, ()):
            line, faults = read_cells(sheet, cells, (place, number), agreement.timezone, known, agreement.register)
            admitted, refused = admit(sheet, [] if faults else [line], lines, SHEETS)
            problems += [*faults, *refused]
            lines += admitted
    beside = beside_of(lines, Level.SEALED, agreement)
    return replace(beside, received_until=example.received_until or LONG_AGO), problems


def _judge_examples(
    agreement: Agreement, examples: Sequence[Example], claims: pl.DataFrame, beside: Beside = NOTHING
) -> Iterator[Problem]:
    """Judge examples of one reading together, and tell which does not come out as written."""
    if not examples:
        return
    told = claims.filter(pl.col("event_key").is_in([example.id for example in examples]))
    incidents = corroborate(view(told, Level.SEALED), agreement.gazetteer, agreement.register)
    chosen = agreement.readings.get(examples[0].reading)
    findings = pl.concat(
        assess(incidents, agreement, chosen, hypothetical=demand, beside=beside) for demand in (False, True)
    )
    named = incidents.incidents.select("incident", "event_key")
    found = {
        (row["event_key"], row["clause"]): row for row in findings.join(named, on="incident").iter_rows(named=True)
    }
    for example in examples:
        yield from _of_procedure(example, beside, agreement)
        row = _owed(example, findings) if example.party else found.get((example.id, example.clause))
        outcome = row["outcome"] if row else str(Outcome.UNTOUCHED)
        unknowns = {name for names in json.loads(row["settled_by"]) for name in names} if row else set()
        file = str(agreement.folder / EXAMPLES)
        if outcome != example.expect:
            message = f"'{example.id}' comes to {outcome} under {example.clause}, not to {example.expect}"
            yield Problem(
                file, example.line, "example-differs", message, "one of the two is wrong: the case or the text"
            )
        elif missing := sorted(set(example.because) - unknowns):
            message = f"'{example.id}' is not undetermined because of {', '.join(missing)}"
            yield Problem(
                file, example.line, "example-differs", message, f"what is unknown: {', '.join(sorted(unknowns))}"
            )


def _owed(example: Example, findings: pl.DataFrame) -> Mapping[str, Any] | None:
    """Return the finding of what a party owed, the gravest of several: a violation, else what is undetermined."""
    due = example.due
    rows = [
        row
        for row in findings.filter(pl.col("clause") == example.clause).iter_rows(named=True)
        if row["subject_kind"] == "occasion"
        and row["responsible"] == [example.party]
        and (due is None or (row["earliest"] < due.latest and due.earliest <= row["latest"]))
    ]
    grave = (Outcome.VIOLATION, Outcome.UNDETERMINED)
    return min(rows, key=lambda row: grave.index(row["outcome"]) if row["outcome"] in grave else 2, default=None)


def _of_procedure(example: Example, beside: Beside, agreement: Agreement) -> Iterator[Problem]:
    """Tell where an example is in the procedure, and with which result, if it is not where it is written."""
    if not (example.stage or example.result):
        return
    proceeding = proceedings(beside.steps).get(example.id)
    stage = proceeding.stage if proceeding else Stage.RECEIVED
    result = proceeding.result if proceeding else Result.PENDING
    for expected, is_now in ((example.stage, stage), (example.result, result)):
        if expected and expected != is_now:
            message = f"'{example.id}' is {is_now}, not {expected}"
            hint = "one of the two is wrong: the steps or the expectation"
            yield Problem(str(agreement.folder / EXAMPLES), example.line, "example-differs", message, hint)
