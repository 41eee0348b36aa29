"""The commands of the mission's own logs: what it writes down itself, and what it could therefore see."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trucewatch.cli.terminal import AUDIENCE, DIR, JSON, PATH, Command, counted, say, tell_json

if TYPE_CHECKING:
    from trucewatch.logs.lines import Column, Line

_AS_OF = click.option("--as-of", help="The number of an entry, or a day: what stood then.")


@click.command(cls=Command)
@DIR
@click.argument("sheet", required=False)
@click.argument("files", nargs=-1, type=PATH)
@_AS_OF
@JSON
def log(folder: Path, sheet: str | None, files: Sequence[Path], as_of: str | None, as_json: bool) -> None:
    """Enter the rows of a SHEET of the mission DIR from CSV files; without files list those that stand, without a SHEET
    all sheets.

    A row whose id stands already replaces that one. A row with a fault is told, left out, and makes for exit code 1.
    """
    from trucewatch.mission import Mission, sheet_named
    from trucewatch.problems import WrongCall

    mission = Mission.open(folder)
    if sheet is None:
        _list(mission.lines(as_of), as_json)
        return
    if not files:
        name = sheet_named(sheet).name
        _list_rows([line for line in mission.lines(as_of) if line.sheet == name], as_json)
        return
    if as_of:
        raise WrongCall("rows are entered now, and not as of then")
    entered, problems = mission.log(sheet, files)
    fields = ("file", "line", "code", "message", "hint")
    if as_json:
        rows = [{"id": line.id, "entry": line.number, "withdrawn": line.is_withdrawn} for line in entered]
        tell_json({"entered": rows, "problems": [{name: getattr(one, name) for name in fields} for one in problems]})
    else:
        for problem in problems:
            say(str(problem), err=True)
        say(f"{sheet}: {counted(len(entered), 'row')} entered, {len({(p.file, p.line) for p in problems}):,} refused")
    if problems:
        raise click.exceptions.Exit(1)


def _list(lines: Sequence[Line], as_json: bool) -> None:
    """Tell of every sheet, its columns, and how many rows of it stand."""
    from trucewatch.beside import SHEETS

    stand = Counter(line.sheet for line in lines)
    if as_json:
        fields = ("name", "kind", "says", "is_required", "choices", "of", "is_list")
        tell_json(
            [
                {
                    "sheet": sheet.name,
                    "says": sheet.says,
                    "rows": stand[sheet.name],
                    "columns": [{name: getattr(column, name) for name in fields} for column in sheet.every_column],
                }
                for sheet in SHEETS
            ]
        )
        return
    for sheet in SHEETS:
        say(f"{sheet.name}: {sheet.says}; {counted(stand[sheet.name], 'row')}")
        say(f"    {', '.join(_named(column) for column in sheet.every_column)}")
    say("Columns with * have to be filled.")


def _list_rows(lines: Sequence[Line], as_json: bool) -> None:
    """Tell of the rows of a sheet that stand, and in which entry and for whom each does."""
    if as_json:
        rows = [{"id": one.id, "entry": one.number, "level": one.level.word, "values": one.values} for one in lines]
        tell_json(json.loads(json.dumps(rows, default=datetime.isoformat)))
        return
    for line in lines:
        say(f"{line.id}: entry {line.number}, for {line.level.word}, {line.file}:{line.line}")


def _named(column: Column) -> str:
    return f"{column.name}*" if column.is_required else column.name


@click.command(cls=Command)
@DIR
@click.option("--period", required=True, help="The days, as an EDTF interval: 2018-06-01/2018-06-07.")
@click.option("--act", "acts", multiple=True, help="A kind of act. Default: all that the clauses speak of.")
@_AS_OF
@AUDIENCE
@JSON
def coverage(folder: Path, period: str, acts: Sequence[str], as_of: str | None, audience: str, as_json: bool) -> None:
    """Say, for each day, zone and kind of act, whether somebody of the mission DIR could have observed it."""
    from trucewatch.mission import Mission

    table = Mission.open(folder).run(as_of, period, audience=audience).coverage(acts)
    rows = [{**row, "day": row["day"].isoformat()} for row in table.iter_rows(named=True)]
    if as_json:
        tell_json(rows)
        return
    for row in rows:
        say(f"{row['day']}  {row['zone']}  {row['act']}: {row['seen']}")


COMMANDS = (log, coverage)
