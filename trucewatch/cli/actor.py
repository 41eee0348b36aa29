"""The command that tells who an actor is, as each side tells it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trucewatch.cli.terminal import AUDIENCE, JSON, PATH, Command, say, tell_json

if TYPE_CHECKING:
    from trucewatch.agreement.terms import Agreement
    from trucewatch.profiles import Profile


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option(
    "--agreement", default="south-syria-2017", show_default=True, help="Id of a shipped agreement, or a folder."
)
@click.option("--mission", "folder", metavar="DIR", type=PATH, help="The agreement of the mission DIR instead.")
@AUDIENCE
@click.option("--ftm", is_flag=True, help="Print FollowTheMoney entities, one a line; without NAME of everybody.")
@JSON
def actor(name: str | None, agreement: str, folder: Path | None, audience: str, ftm: bool, as_json: bool) -> None:
    """Say who goes by NAME, in any script: as each side tells it, and what of the agreement binds it."""
    from trucewatch.entities import entities
    from trucewatch.levels import read_level
    from trucewatch.problems import WrongCall
    from trucewatch.profiles import profile

    law = _law(agreement, folder)
    if ftm:
        for entity in entities(law, name):
            tell_json(entity)
        return
    if name is None:
        raise WrongCall("name an actor, in any script, such as: trucewatch actor IDF")
    told = profile(law, name, read_level(audience))
    if as_json:
        tell_json(told.as_data())
    else:
        _tell(told)


def _law(agreement: str, folder: Path | None) -> Agreement:
    from trucewatch.mission import Mission, open_agreement

    return Mission.open(folder).agreement if folder else open_agreement(agreement)


def _tell(told: Profile) -> None:
    say(f"{told.actor.label} ({told.actor.id}): {told.actor.kind.replace('-', ' ')}")
    for script, names in told.actor.by_script.items():
        say(f"  {script}: {', '.join(names)}")
    if told.shares_name_with:
        others = ", ".join(map(told.register.label, told.shares_name_with))
        say(f"  the name is also that of {others}; the widest is taken")
    if told.stands_for:
        say(f"  may stand for: {', '.join(told.stands_for)}")
    if told.stands_under:
        say(f"  may be meant by: {', '.join(told.stands_under)}")
    for heading, sayings in told.voices():
        say(f"{heading}:")
        for saying in sayings:
            marks = [saying.when, "contested" if saying.is_contested else "", "inferred" if saying.is_inferred else ""]
            marks.append(f"reliability {saying.reliability}" if saying.reliability else "")
            say(f"  {'; '.join(filter(None, (saying.says, *marks)))}")
    if told.differences:
        say("Where they differ:")
        for difference in told.differences:
            say(f"  {difference}")
    say(f"Under {told.agreement.id}:")
    for standing in told.standing:
        say(f"  {standing}")


COMMANDS = (actor,)
