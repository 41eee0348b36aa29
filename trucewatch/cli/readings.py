"""The commands of readings: what flips between them, and what the mission itself rules of a contested term."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trucewatch.cli.terminal import BECAUSE, BY, DIR, JSON, PATH, Command, counted, progress_bar, say, tell_json

if TYPE_CHECKING:
    from trucewatch.readings import Comparison, Flip
    from trucewatch.side_by_side import SideBySide

_NO_CHOICE = "no choice"


@click.command(cls=Command)
@click.argument("path", type=PATH)
@click.option(
    "--incidents", "files", type=PATH, multiple=True, help="File of reports to judge an agreement on; needs --source."
)
@click.option("--source", help="Id of the shipped source, or the description file, by which --incidents are read.")
@click.option("--period", help="What to judge, as an EDTF interval: 2017-05/2018-08. Default: all of it.")
@click.option(
    "--reading", "readings", multiple=True, help="A reading to compare. Default: all. Those of the parties go together."
)
@click.option(
    "--term", "terms", multiple=True, help="A contested term, to compare its values one by one instead of readings."
)
@JSON
def readings(
    path: Path,
    files: Sequence[Path],
    source: str | None,
    period: str | None,
    readings: Sequence[str],
    terms: Sequence[str],
    as_json: bool,
) -> None:
    """Judge the same incidents under each reading: what flips, and which choice makes it flip.

    PATH is a mission, or an agreement (a shipped id, or a folder). An agreement is judged on its own worked examples
    where no file is named. --term also takes `presumption`, and `affiliation:OF/TO`.
    """
    from trucewatch.side_by_side import side_by_side

    with progress_bar(len(files) + 6 + len(terms)) as progress:
        found = side_by_side(path, files, source, period, readings, terms, progress)
    if as_json:
        tell_json(found.as_json())
        return
    if found.is_simulation:
        say("SIMULATION: nothing told here happened.")
    for ruled in found.rulings:
        say(f"Ruled by the mission: {ruled.term} is {ruled.rival} (entry {ruled.entry}, {ruled.by}: {ruled.because})")
    for of, comparison in found.comparisons.items():
        say(f"{found.agreement.id}, by {of}:")
        for line in _counts(comparison):
            say(line)
        for line in _flips(comparison, found):
            say(line)
    if found.demands:
        say("Demands are no clauses: judged for the mission alone, in no count and no report.")
    for demand in found.demands:
        say(f"  {found.named[demand.incident]}: {demand.words}")


def _counts(comparison: Comparison) -> Iterator[str]:
    names = [reading.id or _NO_CHOICE for reading in comparison.readings]
    width = max(map(len, names))
    silent = []
    for clause, rows in comparison.counts.items():
        if not any(any(row.values()) for row in rows.values()):
            silent.append(clause)
            continue
        heads = next(iter(rows.values()))
        yield "  ".join((f"  {clause:{width}}", *(outcome.replace("_", " ") for outcome in heads)))
        for name, row in zip(names, rows.values(), strict=True):
            yield "  ".join((f"  {name:{width}}", *(f"{count:>{len(outcome)},}" for outcome, count in row.items())))
    if silent:
        yield f"  no finding under any of them: {', '.join(silent)}"


def _flips(comparison: Comparison, found: SideBySide) -> Iterator[str]:
    names = [reading.id or _NO_CHOICE for reading in comparison.readings]
    yield f"  {counted(len(comparison.flips), 'finding')} flip{'' if len(comparison.flips) != 1 else 's'}"
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Flip]] = {}
    for flip in comparison.flips:
        groups.setdefault((flip.clause, flip.outcomes, tuple(_causes(flip))), []).append(flip)
    for (clause, outcomes, causes), flips in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]))):
        yield f"  {clause}: {counted(len(flips), 'finding')}"
        by_outcome: dict[str, list[str]] = {}
        for name, outcome in zip(names, outcomes, strict=True):
            by_outcome.setdefault(outcome.replace("_", " "), []).append(name)
        yield "    " + "; ".join(f"{outcome}: {', '.join(under)}" for outcome, under in by_outcome.items())
        yield from (f"    {cause}" for cause in causes)
        yield from (f"      {found.name(flip)}" for flip in flips)


def _causes(flip: Flip) -> Iterator[str]:
    """Go through why a finding flips: one line where it is always the same, else one for each two readings."""
    for words, causes in groupby(sorted(flip.causes, key=lambda cause: cause.words), key=lambda cause: cause.words):
        some = list(causes)
        between = ", ".join(f"{one.one or _NO_CHOICE} to {one.other}" for one in some)
        unless = "" if all(one.is_whole for one in some) else "; other sets were not tried"
        yield f"because of {words}{unless}" if len(some) == len(flip.causes) else f"{between}: {words}{unless}"


@click.command(cls=Command)
@DIR
@click.argument("term")
@click.argument("rival")
@BY
@BECAUSE
def rule(folder: Path, term: str, rival: str, by: str, because: str) -> None:
    """Record in the mission DIR that a contested TERM has the value RIVAL.

    It holds once a second person, and legal or chief, have signed it, until a later ruling on the same term does.
    """
    from trucewatch.mission import Mission

    entry = Mission.open(folder).rule(term, rival, by, because)
    say(
        f"entry {entry.number}: {term} is {rival}, once it is signed: trucewatch sign {folder} {entry.number} --by ROLE"
    )


COMMANDS = (readings, rule)
