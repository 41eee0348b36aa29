"""The command of leads: what the mission would find out next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trucewatch.cli.terminal import DIR, JSON, Command, counted, say, tell_json

if TYPE_CHECKING:
    from trucewatch.leads import Leads


@click.command(cls=Command)
@DIR
@click.option("--top", "most", type=click.IntRange(min=1), default=10, show_default=True, help="How many to tell.")
@click.option("--period", help="What to look at, as an EDTF interval: 2018-06. Default: everything received.")
@JSON
def leads(folder: Path, most: int, period: str | None, as_json: bool) -> None:
    """Tell what would settle most undetermined findings of the mission DIR, once it is known.

    For the mission's own planning: there is no audience to choose, and it is in no product for anybody else.
    """
    from trucewatch.leads import leads_of
    from trucewatch.mission import Mission

    found = leads_of(Mission.open(folder).run(period=period), most)
    if as_json:
        tell_json(found.as_json())
        return
    if found.is_simulation:
        say("SIMULATION: nothing told here happened.")
    for line in _lines(found):
        say(line)


def _lines(found: Leads) -> Iterator[str]:
    number = counted(len(found.clauses), "finding")
    yield f"Mission only. {found.period}: {number} {'is' if len(found.clauses) == 1 else 'are'} undetermined."
    if found.single:
        yield "One fact would do:"
    for lead in found.single:
        yield f"  to know {found.words(lead.facts)}"
        yield f"    would settle {_count(found.by_clause(lead.settles))}"
    if found.together:
        yield "Several facts are needed together:"
    for lead in found.together:
        yield f"  to know {found.words(lead.facts)}"
        more = len(lead.settles) - len(lead.needs_all)
        part = f"; of {more} more a part of it would do" if more else ""
        yield f"    would settle {_count(found.by_clause(lead.needs_all))}{part}"
    if found.order:
        yield "What to find out next, each time what settles most by the fact (greedy: another order may need fewer):"
    for at, step in enumerate(found.order, start=1):
        yield f"  {at}. {found.words(step.facts)}"
        yield f"     settles {_count(found.by_clause(step.settles))}; {step.left:,} left"
    if found.hopeless:
        yield f"Nothing that is asked here would settle {_count(found.by_clause(found.hopeless))}."


def _count(by_clause: Mapping[str, int]) -> str:
    total = counted(sum(by_clause.values()), "finding")
    if len(by_clause) == 1:
        return f"{total} under {next(iter(by_clause))}"
    return f"{total}: {', '.join(f'{number:,} under {clause}' for clause, number in by_clause.items())}"


COMMANDS = (leads,)
