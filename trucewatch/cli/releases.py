"""The commands of releases: a sitrep drafted, cleared, handed out, made again and corrected; a finding withheld."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trucewatch.cli.terminal import (
    BECAUSE,
    BY,
    DIR,
    JSON,
    LANGUAGES,
    PATH,
    Command,
    counted,
    progress_bar,
    say,
    tell_json,
)

if TYPE_CHECKING:
    from trucewatch.clearances import Clearance
    from trucewatch.mission import Mission

_DAY = click.DateTime(["%Y-%m-%d"])
_SITREP = click.argument("sitrep", metavar="ID")
_RELEASE = click.argument("name", metavar="RELEASE")


@click.command(cls=Command)
@DIR
@click.option(
    "--kind", type=click.Choice(["daily", "weekly", "monthly", "thematic", "flash"]), required=True,
    help="What it covers: a day, seven days, a month up to then, a topic from the start on, or the hours of a day.",
)  # fmt: skip
@click.option("--audience", required=True, help="To whom: public, parties, guarantors, mission, or 'party: ID'.")
@click.option("--until", type=_DAY, required=True, help="The last day that it tells of: 2018-07-01.")
@click.option("--clause", "topic", help="The clause that a thematic report is about.")
@click.option("--topic", help="The kind of act that a thematic report is about, or the finding of a flash report.")
@click.option("--reading", help="One of the agreement's readings, such as strict. Default: every value open.")
@LANGUAGES
@click.option("--format", "formats", multiple=True, help="Formats, such as pdf and docx. Default: every one.")
@BY
@JSON
def draft(
    folder: Path,
    kind: str,
    audience: str,
    until: datetime,
    topic: str | None,
    reading: str | None,
    languages: Sequence[str],
    formats: Sequence[str],
    by: str,
    as_json: bool,
) -> None:
    """Draft a sitrep of the mission DIR for an audience, in every format, to be cleared."""
    from trucewatch.mission import Mission
    from trucewatch.releases import draft as draft_sitrep
    from trucewatch.sitreps.publish import FORMATS

    mission = Mission.open(folder)
    with progress_bar(6) as progress:
        made = draft_sitrep(
            mission, kind, audience, until.date(), by, topic or "", tuple(dict.fromkeys(languages)) or ("en",), reading,
            tuple(dict.fromkeys(formats)) or FORMATS, progress=progress,
        )  # fmt: skip
    _tell_state(mission, made, as_json)
    tell_reviews(mission)


@click.command(cls=Command)
@DIR
@JSON
def drafts(folder: Path, as_json: bool) -> None:
    """List the sitreps of the mission DIR that were drafted, and how far each has come."""
    from trucewatch.clearances import clearances
    from trucewatch.mission import Mission

    with Mission.open(folder).record(is_read_only=True) as record:
        found = clearances(record.entries())
    if as_json:
        tell_json([_as_json(state) for state in found.values()])
        return
    for state in found.values():
        say(f"{state.sitrep}: {state.state}")
        for step in state.steps:
            say(f"  entry {step.entry}: {step.what} by {step.by}" + (f": {step.said}" if step.said else ""))


@click.command(cls=Command)
@DIR
@_SITREP
@BY
@click.option("--comment", default="", help="What to note with it.")
@JSON
def clear(folder: Path, sitrep: str, by: str, comment: str, as_json: bool) -> None:
    """Clear the draft ID of the mission DIR as one role of its chain; the files are held to what was cleared.

    Whoever clears first takes in a DOCX that was edited. From then on nothing may be changed.
    """
    from trucewatch.mission import Mission
    from trucewatch.releases import clear as clear_sitrep

    mission = Mission.open(folder)
    state = clear_sitrep(mission, sitrep, by, comment)
    _tell_state(mission, state, as_json)


@click.command("return", cls=Command)
@DIR
@_SITREP
@BY
@BECAUSE
@JSON
def send_back(folder: Path, sitrep: str, by: str, because: str, as_json: bool) -> None:
    """Send the draft ID of the mission DIR back to whoever drafted it."""
    from trucewatch.mission import Mission
    from trucewatch.releases import send_back as send_back_sitrep

    mission = Mission.open(folder)
    _tell_state(mission, send_back_sitrep(mission, sitrep, by, because), as_json)


@click.command(cls=Command)
@DIR
@click.argument("entries", metavar="ENTRY...", type=int, nargs=-1, required=True)
@BY
@click.option("--because", default="", help="What to note with it.")
def sign(folder: Path, entries: Sequence[int], by: str, because: str) -> None:
    """Sign entries of the record of the mission DIR, such as a day's observations, or what was declassified.

    That somebody may know more holds once two persons, and legal or chief, have signed it.
    """
    from trucewatch.mission import Mission
    from trucewatch.releases import sign as sign_entries

    number = sign_entries(Mission.open(folder), entries, by, because)
    say(f"entry {number}: {by} signs {', '.join(map(str, sorted(set(entries))))}")


@click.command(cls=Command)
@DIR
@_SITREP
@BY
@click.option("--on", type=_DAY, help="The day of release. Default: today.")
@JSON
def release(folder: Path, sitrep: str, by: str, on: datetime | None, as_json: bool) -> None:
    """Hand out the sitrep ID of the mission DIR, once all have cleared it: kept, logged, and made a folder of."""
    from trucewatch.mission import Mission
    from trucewatch.releases import release as release_sitrep

    made = release_sitrep(Mission.open(folder), sitrep, by, on.date() if on else None)
    if as_json:
        tell_json({"audience": made.audience, "name": made.name, "number": made.number, "folder": str(made.folder)})
        return
    say(f"{made.folder}: release {made.number} to: {made.audience}")
    say(f"Whoever gets it checks it with: python {made.folder / 'verifier.py'} {made.folder / 'release.json'}")


@click.command(cls=Command)
@DIR
@_RELEASE
@click.option("--out", type=PATH, help="Folder for what is made. Default: nothing is kept.")
@JSON
def again(folder: Path, name: str, out: Path | None, as_json: bool) -> None:
    """Make the RELEASE of the mission DIR again from its record, and hold it against what went out.

    A release is named as AUDIENCE/NAME. The exit code is 1 where it comes out otherwise.
    """
    from trucewatch.mission import Mission
    from trucewatch.releases import again as make_again

    with progress_bar(6) as progress:
        found = make_again(Mission.open(folder), name, out, progress)
    if as_json:
        tell_json({part: getattr(found, part) for part in ("same", "differing", "edited", "versions")})
    else:
        for one in found.same:
            say(f"{one}: the same, byte for byte")
        for one in found.edited:
            say(f"{one}: was edited before it was cleared; what went out is kept")
        for one in found.differing:
            say(f"{one}: comes out otherwise")
        for what, then, now in found.versions:
            say(f"{what} was {then} then, and is {now} now")
    if found.differing:
        raise click.exceptions.Exit(1)


@click.command(cls=Command)
@DIR
@_RELEASE
@BY
@JSON
def erratum(folder: Path, name: str, by: str, as_json: bool) -> None:
    """Draft an erratum to a RELEASE of the mission DIR: each finding that is found otherwise now, and why."""
    from trucewatch.mission import Mission
    from trucewatch.releases import erratum as draft_erratum

    mission = Mission.open(folder)
    with progress_bar(6) as progress:
        made = draft_erratum(mission, name, by, progress=progress)
    _tell_state(mission, made, as_json)


@click.command(cls=Command)
@DIR
@click.argument("finding")
@BY
@BECAUSE
@click.option("--review", type=_DAY, help="The day on which it is to be looked at again.")
@click.option("--no-longer", is_flag=True, help="It is withheld no longer.")
def withhold(folder: Path, finding: str, by: str, because: str, review: datetime | None, no_longer: bool) -> None:
    """Tell nobody outside the mission DIR of a FINDING, for the sake of talks; it is not altered, and stays marked.

    The reports that it rests on are not told either. It takes the role that clears last.
    """
    from trucewatch.mission import Mission
    from trucewatch.problems import WrongCall
    from trucewatch.releases import tell_again
    from trucewatch.releases import withhold as withhold_finding

    if no_longer == bool(review):
        raise WrongCall("name the day of its review, or say --no-longer")
    mission = Mission.open(folder)
    if review is None:
        say(f"entry {tell_again(mission, finding, by, because)}: {finding} is withheld no longer")
        return
    told = withhold_finding(mission, finding, by, because, review.date())
    reports = counted(len(told.claims), "claim")
    say(f"entry {told.entry}: {finding} is withheld with {reports}; to be looked at again on {told.review}")


def tell_reviews(mission: Mission) -> None:
    """Tell on standard error what is withheld and should have been looked at again by now."""
    from trucewatch.releases import reviews_due

    for one in reviews_due(mission):
        say(f"trucewatch: {one.finding} is withheld; it was to be looked at again on {one.review}", err=True)


def _tell_state(mission: Mission, state: Clearance, as_json: bool) -> None:
    from trucewatch.late import Waiting

    if as_json:
        tell_json(_as_json(state))
        return
    say(f"{state.sitrep}: {state.state}")
    if state.steps[-1].what == "drafted":
        say(f"It lies in {mission.folder / 'sitreps' / state.sitrep}.")
        if late := str(Waiting.of(state.draft.get("late"))):
            say(f"{late}.")


def _as_json(state: Clearance) -> dict[str, object]:
    return {
        "sitrep": state.sitrep,
        "state": state.state,
        "next": state.next_role,
        "cleared_by": list(state.cleared_by),
        "released": state.released,
        "files": dict(state.files),
        "steps": [{"entry": s.entry, "what": s.what, "by": s.by, "said": s.said} for s in state.steps],
    }


COMMANDS: tuple[click.Command, ...] = (
    draft, drafts, clear, send_back, sign, release, again, erratum, withhold,
)  # fmt: skip
