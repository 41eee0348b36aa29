"""The command line, thin. Exit codes: 0 done, 1 a fault in data, law or place, 2 a wrong call."""

from __future__ import annotations

import errno
import io
import sys
from typing import Any

import click

from trucewatch.cli import actor, case, leads, ledger, liaison, log, readings, releases, route
from trucewatch.cli.terminal import say
from trucewatch.problems import TrucewatchError, WrongCall


class _Commands(click.Group):
    """Commands in the order of the route, and every fault as one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What a terminal cannot show is better shown by its number than not at all.
            sys.stdout.reconfigure(errors="backslashreplace")
        return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WrongCall as fault:
            say(f"trucewatch: {fault}", err=True)
            ctx.exit(2)
        except TrucewatchError as fault:
            say(f"trucewatch: {fault}", err=True)
            ctx.exit(1)
        except OSError as fault:
            # Whoever reads our output may stop when they have seen enough; click knows what to do then.
            if fault.errno == errno.EPIPE:
                raise
            say(f"trucewatch: {fault.filename or 'the disk'}: {fault.strerror or fault}", err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="trucewatch", message="%(prog)s %(version)s")
def main() -> None:
    """For the people who watch a ceasefire: which clause was broken, where, when, how sure are we, who answers for
    it, and on whose word?

    Without a mission, on data of your own:

    \b
        trucewatch assess FILE --source ucdp --agreement south-syria-2017 --out DIR
    """


for part in (route, actor, case, readings, leads, log, liaison, releases, ledger):
    for command in part.COMMANDS:
        main.add_command(command)
