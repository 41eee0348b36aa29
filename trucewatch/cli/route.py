"""The commands of the route: from a file to a sitrep, with a mission or without one, and back to the line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trucewatch.cli.releases import tell_reviews
from trucewatch.cli.terminal import (
    AUDIENCE,
    BECAUSE,
    BY,
    DIR,
    FILES,
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
    from trucewatch.mission import Assessment, Mission
    from trucewatch.reports import Received

# The route is imported inside the commands: help must come at once.
_STRICT = click.option("--strict", is_flag=True, help="Exit with 1 when any row was refused.")
_EVENTS = click.option(
    "--events", type=PATH, multiple=True, help="File of UCDP events to take for the truth of an observation model."
)
_OUT = click.option("--out", type=PATH, required=True, help="Folder for the sitrep and its tables.")
_PERIOD = click.option("--period", help="What to report on, as an EDTF interval: 2017-05/2018-08. Default: all of it.")
_FORMATS = click.option(
    "--format", "formats", multiple=True, help="Another format beside the usual ones: pdf, docx, hxl, xlsx or json."
)
_READING = click.option("--reading", help="One of the agreement's readings, such as strict. Default: every value open.")


@click.command(cls=Command)
@DIR
@click.option("--agreement", required=True, help="Id of a shipped agreement, or the folder of one.")
def init(folder: Path, agreement: str) -> None:
    """Make a mission's working folder DIR for an agreement."""
    from trucewatch.mission import Mission

    Mission.init(folder, agreement)
    say(f"{folder}: a mission. What you edit in its mandate.yml is adopted by: trucewatch adopt {folder}")
    say(f"Then: trucewatch collect {folder} SOURCE FILE...")


@click.command(cls=Command, stands_on="checks")
@click.argument("path", type=PATH)
@JSON
def check(path: Path, as_json: bool) -> None:
    """Check an agreement (a folder, or a shipped id) and run its worked examples."""
    from trucewatch.checks import check as check_agreement

    agreement, problems, examples = check_agreement(path)
    if as_json:
        fields = ("file", "line", "code", "message", "hint")
        told = [{name: getattr(problem, name) for name in fields} for problem in problems]
        tell_json({"agreement": agreement.id, "examples": examples, "problems": told})
    else:
        for problem in problems:
            say(str(problem))
        if not problems:
            say(f"{agreement.id}: {len(agreement.clauses)} clauses, {examples} examples come out as written")
    if problems:
        raise click.exceptions.Exit(1)


@click.command(cls=Command)
@DIR
@click.argument("source")
@FILES
@click.option(
    "--whole",
    is_flag=True,
    help="FILES are all that the feed holds for the days they span: records that are gone from it count as withdrawn.",
)
@_STRICT
@JSON
def collect(folder: Path, source: str, files: Sequence[Path], whole: bool, strict: bool, as_json: bool) -> None:
    """Receive FILES of a SOURCE (a shipped id, or a description of your own) into the mission DIR."""
    from trucewatch.mission import Mission, open_source

    with progress_bar(len(files)) as progress:
        entries, batches = Mission.open(folder).collect(source, files, whole=whole, progress=progress)
    if as_json:
        tell_json([json.loads(entry.as_line()) for entry in entries])
    else:
        for entry in entries:
            if entry.kind == "withdrawn":
                say(f"entry {entry.number}: {counted(entry.new, 'record')} withdrawn by {entry.source}")
            else:
                say(
                    f"entry {entry.number}: {entry.file}, {counted(entry.rows_read, 'row')} read, "
                    f"{entry.rows_refused:,} refused, {counted(entry.new, 'claim')} new"
                )
    if whole and any(batch.rows_refused for batch in batches):
        say("trucewatch: rows were refused, so nobody can tell which records are gone; none is withdrawn", err=True)
    _tell_refused(batches, open_source(source).refusal_limit, strict)


@click.command(cls=Command)
@DIR
@click.option("--as-of", help="As known at an entry's number, or on a day: 12, or 2018-06-30.")
@_PERIOD
@_READING
@click.option(
    "--readings",
    "with_readings",
    is_flag=True,
    help="Tell in the mission's own sitrep what flips between the parties' readings: of all of them.",
)
@AUDIENCE
@LANGUAGES
@_FORMATS
@click.option("--out", type=PATH, help="Folder for the sitrep. Default: DIR/sitrep.")
@JSON
def run(
    folder: Path,
    as_of: str | None,
    period: str | None,
    reading: str | None,
    with_readings: bool,
    audience: str,
    languages: Sequence[str],
    formats: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Take everything the mission DIR received through the route, to a sitrep."""
    from trucewatch import side_by_side
    from trucewatch.mission import Mission
    from trucewatch.sitreps.publish import check_place

    mission, place, asked = Mission.open(folder), out or folder / "sitrep", _with_usual(formats)
    check_place(place)
    with progress_bar(5) as progress:
        assessment = mission.run(as_of, period, reading, audience, progress)
        if with_readings:
            assessment = side_by_side.with_readings(mission, assessment, as_of)
        progress("writing the sitrep")
        written = assessment.publish(place, asked, languages)
    _tell(assessment, written[0], as_json)
    _tell_differences(mission, as_of)
    if audience == "mission":
        _tell_gaps(mission, as_of)
        tell_reviews(mission)


@click.command(cls=Command, stands_on="route")
@FILES
@click.option(
    "--source", required=True, help="Id of a shipped source (ucdp, acled, gdelt, ...), or a description file."
)
@click.option("--agreement", required=True, help="Id of a shipped agreement, or the folder of one.")
@_PERIOD
@_READING
@AUDIENCE
@LANGUAGES
@_FORMATS
@_OUT
@_STRICT
@JSON
def assess(
    files: Sequence[Path],
    source: str,
    agreement: str,
    period: str | None,
    reading: str | None,
    audience: str,
    languages: Sequence[str],
    formats: Sequence[str],
    out: Path,
    strict: bool,
    as_json: bool,
) -> None:
    """Judge FILES of one source against an agreement, without a mission, to a sitrep."""
    from trucewatch.route import assess_files
    from trucewatch.shipped import open_source
    from trucewatch.sitreps.publish import check_place

    asked = _with_usual(formats)
    check_place(out)
    with progress_bar(len(files) + 5) as progress:
        assessment = assess_files(files, source, agreement, period, reading, audience, progress)
        progress("writing the sitrep")
        written = assessment.publish(out, asked, languages)
    _tell(assessment, written[0], as_json)
    account = assessment.material
    _tell_refusals(account.rows_read, account.rows_refused, account.problems, open_source(source).refusal_limit, strict)


@click.command(cls=Command)
@DIR
@click.argument("finding", metavar="[ID]", required=False)
@click.option("--link", nargs=2, metavar="A B", help="Two reports: why they are, or are not, held to be of one event.")
@AUDIENCE
@click.option("--prov", is_flag=True, help="Print the chain of the finding as W3C PROV (PROV-JSON).")
@JSON
def trace(
    folder: Path, finding: str | None, link: tuple[str, str] | None, audience: str, prov: bool, as_json: bool
) -> None:
    """Follow the finding ID of DIR (a mission, or a sitrep's folder) back to file and line.

    With --link, compare two reports of a mission instead; each is named by its record's id, or as FILE:LINE.
    """
    from trucewatch.problems import WrongCall
    from trucewatch.traces import trace as trace_finding
    from trucewatch.traces import trace_link

    if (finding is None) == (link is None):
        raise WrongCall("name a finding, or two reports with --link")
    if link and prov:
        raise WrongCall("two reports have no chain: --prov is about a finding")
    told = trace_link(folder, *link) if link else trace_finding(folder, str(finding), audience)
    if prov:
        from trucewatch.sitreps.publish import provenance

        click.echo(provenance(told), nl=False)
        return
    if as_json:
        tell_json(told)
        return
    if link:
        _tell_link(told)
        return
    say(told["sentence"])
    say(f"  {told['outcome']} under {told['clause']}; {told['origins']}")
    say(f"  who answers for it: {told['responsibility']}")
    say(f"  tests: {', '.join(f'{name} {answer}' for name, answer in told['tests'].items())}")
    for way in filter(None, told["settled_by"].split(" | ")):
        say(f"  it would settle it to know {way}")
    for report in told["chain_to_line"]:
        _tell_report(report)


def _with_usual(formats: Sequence[str]) -> tuple[str, ...]:
    """Return formats behind the usual ones; raises WrongCall, before any work is done, for one that there is not."""
    from trucewatch.sitreps.publish import DEFAULT, products

    asked = tuple(dict.fromkeys((*DEFAULT, *formats)))
    products(asked)
    return asked


@click.command(cls=Command)
@DIR
@click.argument("what", type=click.Choice(["same", "apart"]))
@click.argument("one")
@click.argument("other")
@BY
@BECAUSE
def decide(folder: Path, what: str, one: str, other: str, by: str, because: str) -> None:
    """Record in the mission DIR that two reports tell of the same event, or of events apart.

    It outranks what a dataset says, and an earlier decision. Reports are named as in trace --link.
    """
    from trucewatch.traces import decide as decide_link

    decision = decide_link(folder, one, other, what == "same", by, because)
    say(f"decision {decision.entry}: {one} and {other} tell of {'one event' if decision.is_same else 'two events'}")


@click.command(cls=Command)
@click.argument("simulation", default="south-syria-demo")
@click.option("--out", type=PATH, required=True, help="Folder for the truth and the reports of it.")
@click.option("--seed", type=int, help="Another seed than the description's.")
@_EVENTS
@JSON
def simulate(simulation: str, out: Path, seed: int | None, events: Sequence[Path], as_json: bool) -> None:
    """Grow a known truth, and reports of it that are late, blurred, copied or lying; all marked SIMULATION."""
    from trucewatch.rehearsals import grow

    grown = grow(simulation, out, seed, events)
    if as_json:
        feeds = [{"source": source, "file": str(path)} for source, path in grown.feeds]
        tell_json({"simulation": True, "truth": str(grown.truth_path), "feeds": feeds})
        return
    say(f"SIMULATION: {grown.truth_path} is the truth; reports of it:")
    for source, path in grown.feeds:
        say(f"  {path} ({source})")


@click.command(cls=Command)
@click.argument("simulation", default="observation")
@click.option("--seeds", type=int, default=20, show_default=True, help="How many seeds.")
@click.option("--first-seed", type=int, default=1, show_default=True, help="The first of them.")
@_EVENTS
@JSON
def score(simulation: str, seeds: int, first_seed: int, events: Sequence[Path], as_json: bool) -> None:
    """Score what is made of simulated reports against what is true, over several seeds, with intervals of 95 %."""
    from trucewatch.rehearsals import score as score_seeds

    with progress_bar(seeds) as progress:
        scores, over_all = score_seeds(simulation, seeds, first_seed, events, progress)
    if as_json:
        each = [one.numbers() for one in scores]
        told = {name: {"mean": e.mean, "low": e.low, "high": e.high} for name, e in over_all.items()}
        tell_json({"simulation": True, "first_seed": first_seed, "seeds": seeds, "scores": told, "each": each})
        return
    claims = sum(one.claims for one in scores)
    say(
        f"SIMULATION: {counted(seeds, 'seed')} from {first_seed} on, {counted(claims, 'claim')}; mean and 95 % interval"
    )
    for name, found in over_all.items():
        say(f"  {name.replace('_', ' '):24} {found.mean:6.3f}  {found.low:6.3f} to {found.high:6.3f}")


@click.command("fit-links", cls=Command)
@click.argument("missions", type=PATH, nargs=-1, metavar="[DIR]...")
@click.option("--out", type=PATH, required=True, help="File for the weights.")
def fit_links(missions: Sequence[Path], out: Path) -> None:
    """Fit the weights by which reports are linked, on the reports of the missions DIR; nobody says which are one.

    Without a mission: on ten seeds of the observation model that are used for nothing else.
    """
    from trucewatch.rehearsals import fit_links as fit

    with progress_bar(10) as progress:
        weights = fit(missions, out, progress)
    say(f"{out}: fitted on {counted(weights.pairs, 'pair')} in {counted(weights.rounds, 'round')}")


@click.command(cls=Command)
@click.option("--out", type=PATH, default=Path("out/demo"), show_default=True, help="Folder.")
@click.option("--seed", type=int, help="Another seed than the description's.")
@LANGUAGES
@_FORMATS
@JSON
def demo(out: Path, seed: int | None, languages: Sequence[str], formats: Sequence[str], as_json: bool) -> None:
    """Grow a simulation, receive its reports in a mission, and write the sitrep."""
    from trucewatch.rehearsals import demo as run_demo

    asked = _with_usual(formats)
    with progress_bar(10) as progress:
        assessment, written = run_demo(out, seed, progress, asked, languages)
    _tell(assessment, written[0], as_json)


# ---- telling ---------------------------------------------------------------------------------------------------------


def _tell_report(report: Any) -> None:
    office = report["office"] or "not named"
    say(f"  {report['file']}:{report['line']}: {report['source']} {report['record'] or ''}, {office}")
    if report["text"]:
        say(f"    {report['text']}")
    for repeated in report.get("repeats", ()):
        of, run = f"{repeated['file']}:{repeated['line']}", repeated["run"]
        say(f"    repeats {of} ({repeated['how']}" + (f"; longest run {run} words)" if run else ")"))
        for change in repeated["drift"]:
            was, now = (change[name] or "not said" for name in ("from", "to"))
            say(f"      {change['field']} {change['change']}: {was} to {now}")


def _tell_link(told: Any) -> None:
    say("Held to tell of one event:" if told["one_event"] else "Not held to tell of one event:")
    for report in told["reports"]:
        _tell_report(report)
    for reason in told["reasons"]:
        say(f"  {reason['log_odds']:+7.2f}  {reason['sentence']}")
    say(f"  {told['log_odds']:+7.2f}  together" + (f"; {told['because']}" if told["because"] else ""))


def _tell(assessment: Assessment, page: Path, as_json: bool) -> None:
    if as_json:
        tell_json(assessment.summary)
        return
    told = assessment.summary
    if told["simulation"]:
        say("SIMULATION: nothing told here happened.")
    for sentence in told["assessment"]:
        say(sentence)
    read = counted(told["rows_read"], "row")
    say(f"{read} read, {told['rows_refused']:,} refused. Marking: {told['marking']}. Sitrep: {page}")


def _tell_gaps(mission: Mission, as_of: str | None) -> None:
    """Say what is not there any more."""
    for entry in mission.gaps(as_of):
        told = entry.content or {}
        rows = f"{counted(len(told['positions']), 'row')} of " if told["positions"] else ""
        which = ", ".join(map(str, told["entries"]))
        say(f"trucewatch: without {rows}entry {which}, which was erased (entry {entry.number})", err=True)


def _tell_differences(mission: Mission, as_of: str | None) -> None:
    """Say where this program is not the one of that day."""
    for problem in mission.differences(as_of) if as_of else ():
        say(f"trucewatch: {problem}", err=True)


def _tell_refused(batches: Sequence[Received], limit: float, strict: bool) -> None:
    problems = [problem for batch in batches for problem in batch.problems]
    read, refused = sum(batch.rows_read for batch in batches), sum(batch.rows_refused for batch in batches)
    _tell_refusals(read, refused, problems, limit, strict)


def _tell_refusals(read: int, refused: int, problems: Sequence[Any], limit: float, strict: bool) -> None:
    if not refused:
        return
    say(f"trucewatch: {refused:,} of {read:,} rows refused; the first: {problems[0]}", err=True)
    if refused > limit * read:
        say(f"trucewatch: more than the {limit:.0%} that this source is allowed; do not rely on this", err=True)
        raise click.exceptions.Exit(1)
    if strict:
        raise click.exceptions.Exit(1)


COMMANDS = (init, check, collect, run, assess, trace, decide, simulate, score, fit_links, demo)
