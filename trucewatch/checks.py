"""Checks: whether an agreement can be read, and its own worked examples come out as written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from trucewatch.agreement.examples import Example, read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.problems import Problem
from trucewatch.shipped import find_agreement
from trucewatch.talks.statements import read_talks
from trucewatch.views import view


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
        problems += _judge_examples(agreement, chosen, claims, reading)
    return agreement, sorted(problems), len(examples)


def _judge_examples(
    agreement: Agreement, examples: Sequence[Example], claims: pl.DataFrame, reading: str
) -> Iterator[Problem]:
    told = claims.filter(pl.col("event_key").is_in([example.id for example in examples]))
    incidents = corroborate(view(told, Level.SEALED), agreement.gazetteer, agreement.register)
    chosen = agreement.readings.get(reading)
    findings = pl.concat(assess(incidents, agreement, chosen, hypothetical=demand) for demand in (False, True))
    named = incidents.incidents.select("incident", "event_key")
    found = {
        (row["event_key"], row["clause"]): row for row in findings.join(named, on="incident").iter_rows(named=True)
    }
    for example in examples:
        row = found.get((example.id, example.clause))
        outcome = row["outcome"] if row else str(Outcome.UNTOUCHED)
        unknowns = {name for names in json.loads(row["settled_by"]) for name in names} if row else set()
        file = str(agreement.folder / "examples.yml")
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
