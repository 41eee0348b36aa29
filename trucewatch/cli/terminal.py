"""The terminal: what commands ask for in the same words, and how they tell of what came of it."""

from __future__ import annotations

import gc
import json
import re
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trucewatch.levels import read_level
from trucewatch.problems import TrucewatchError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A place that cannot be read is told of where it is read.
PATH = click.Path(path_type=Path, readable=False)
FILES = click.argument("files", nargs=-1, required=True, type=PATH)
DIR = click.argument("folder", metavar="DIR", type=PATH)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, for a program.")
BY = click.option("--by", required=True, help="The role of who decides, never a person's name.")
BECAUSE = click.option("--because", required=True, help="The reason.")


def _audience(ctx: click.Context, option: click.Parameter, word: str) -> str:
    try:
        return read_level(word).word
    except TrucewatchError as fault:
        raise click.BadParameter(str(fault)) from None


AUDIENCE = click.option(
    "--audience",
    metavar="AUDIENCE",
    default="mission",
    show_default=True,
    callback=_audience,
    help="Who it is for: public, parties, 'party: ID', guarantors, mission or sealed. What lies above their level is "
    "gone before anything is derived.",
)

LANGUAGES = click.option(
    "--lang",
    "languages",
    type=click.Choice(["en", "ar"]),
    multiple=True,
    default=("en",),
    help="Languages. Default: en.",
)


class Command(click.Command):
    """A command that imports what it stands on once all that was asked for is understood."""

    def __init__(self, *args: Any, stands_on: str = "mission", **kwargs: Any) -> None:
        """Hold the module of Trucewatch that it stands on, and all that is said of any command."""
        super().__init__(*args, **kwargs)
        self.stands_on = stands_on

    def invoke(self, ctx: click.Context) -> Any:
        """Import that, then run the command."""
        # What is made of reports lives to the end: to look it all through for rings of garbage again and again, as is
        # usual, takes a tenth of the time and finds little.
        gc.set_threshold(50_000, 20, 10)
        if threading.current_thread() is threading.main_thread():
            # Whoever interrupts an import breaks it; before there is anything to tidy up, the program just ends.
            before = signal.signal(signal.SIGINT, signal.SIG_DFL)
            try:
                import_module(f"trucewatch.{self.stands_on}")
            finally:
                signal.signal(signal.SIGINT, before or signal.default_int_handler)
        return super().invoke(ctx)


def counted(number: int, noun: str) -> str:
    """Return a number and what it counts: 1 row, 2,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@contextmanager
def progress_bar(steps: int) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal's standard error, and nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda stage: None
        return
    with click.progressbar(
        length=steps, file=sys.stderr, item_show_func=lambda stage: stage or "", show_eta=False
    ) as bar:
        yield lambda stage: bar.update(1, stage)


# What would steer a terminal, or turn the text around it, when it stands in a report.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def say(text: str, err: bool = False) -> None:
    """Print a line, without what would steer a terminal."""
    click.echo(_STEERING.sub("\ufffd", text), err=err)


def tell_json(told: Any) -> None:
    """Print a result as one line of JSON."""
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(told, ensure_ascii=not is_unicode))
