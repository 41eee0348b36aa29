"""The command of the case: what is told behind an agreement, and on whose word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from trucewatch.cli.terminal import AUDIENCE, JSON, PATH, Command, say, tell_json


@click.command(cls=Command)
@click.argument("place", metavar="AGREEMENT|DIR", type=PATH)
@click.argument("question", nargs=-1)
@AUDIENCE
@click.option("--as-of", help="The number of an entry of a mission, or a day: what its agreement held then.")
@JSON
def case(place: Path, question: Sequence[str], audience: str, as_of: str | None, as_json: bool) -> None:
    """Say what is told of the talks behind an AGREEMENT (a shipped id, or a folder) or that of the mission DIR.

    Each fact stands with the chain from the outlet to the root, the voice in which it is told, and its bounds. A
    QUESTION is answered from the same: "who attended the third meeting", "what does israel say", "fact 4", or the id of
    a meeting, channel, agreement, topic or statement.
    """
    from trucewatch.mission import Mission, is_mission, open_agreement
    from trucewatch.problems import WrongCall
    from trucewatch.route import read_audience
    from trucewatch.talks.cases import as_data, ask, in_words
    from trucewatch.talks.statements import open_talks

    if is_mission(place):
        mission = Mission.open(place)
        law, told = mission.agreement, mission.talks(as_of)
    elif as_of:
        raise WrongCall(f"{place} is an agreement, and no mission: nothing says what it held when; leave out --as-of")
    else:
        law = open_agreement(place)
        told = open_talks(law)
    talks = told.seen_by(read_audience(audience, law))
    if question:
        answer = ask(talks, " ".join(question))
        if as_json:
            tell_json({"of": answer.of, "answer": dict(answer.parts), "rests_on": list(answer.rests_on)})
            return
        say(answer.sentence)
        for line in answer.rests_on:
            say(f"  {line}")
    elif as_json:
        tell_json(as_data(talks))
    else:
        for line in in_words(talks):
            say(line)


COMMANDS = (case,)
