"""The command line, thin. Exit codes: 0 done, 1 a fault in data, law or place, 2 a wrong call."""

from __future__ import annotations

import errno
import io
import json
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trucewatch.problems import TrucewatchError, WrongCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trucewatch.mission import Assessment
    from trucewatch.reports import Received

# The route is imported inside the commands: help must come at once.
# A place that cannot be read is told of where it is read.
_PATH = click.Path(path_type=Path, readable=False)
_FILES = click.argument("files", nargs=-1, required=True, type=_PATH)
_DIR = click.argument("folder", metavar="DIR", type=_PATH)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, for a program.")
_STRICT = click.option("--strict", is_flag=True, help="Exit with 1 when any row was refused.")
_EVENTS = click.option(
    "--events", type=_PATH, multiple=True, help="File of UCDP events to take for the truth of an observation model."
)
_OUT = click.option("--out", type=_PATH, required=True, help="Folder for the sitrep and its tables.")
_PERIOD = click.option("--period", help="What to report on, as an EDTF interval: 2017-05/2018-08. Default: all of it.")
_READING = click.option("--reading", help="One of the agreement's readings, such as strict. Default: every value open.")
_AUDIENCE = click.option(
    "--audience",
    type=click.Choice(["public", "parties", "guarantors", "mission", "sealed"]),
    default="mission",
    show_default=True,
    help="Who it is for; what lies above their level is gone before anything is derived.",
)


class _Command(click.Command):
    """A command that imports the route once all that was asked for is understood."""

    def invoke(self, ctx: click.Context) -> Any:
        if threading.current_thread() is threading.main_thread():
            # Whoever interrupts an import breaks it; before there is anything to tidy up, the program just ends.
            before = signal.signal(signal.SIGINT, signal.SIG_DFL)
            try:
                import_module("trucewatch.mission")
            finally:
                signal.signal(signal.SIGINT, before or signal.default_int_handler)
        return super().invoke(ctx)


class _Commands(click.Group):
    """Commands in the order of the route, and every fault as one line."""

    command_class = _Command

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
            _say(f"trucewatch: {fault}", err=True)
            ctx.exit(2)
        except TrucewatchError as fault:
            _say(f"trucewatch: {fault}", err=True)
            ctx.exit(1)
        except OSError as fault:
            # Whoever reads our output may stop when they have seen enough; click knows what to do then.
            if fault.errno == errno.EPIPE:
                raise
            _say(f"trucewatch: {fault.filename or 'the disk'}: {fault.strerror or fault}", err=True)
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


@main.command()
@_DIR
@click.option("--agreement", required=True, help="Id of a shipped agreement, or the folder of one.")
def init(folder: Path, agreement: str) -> None:
    """Make a mission's working folder DIR for an agreement."""
    from trucewatch.mission import Mission

    Mission.init(folder, agreement)
    _say(f"{folder}: a mission; edit its mandate.yml, then: trucewatch collect {folder} SOURCE FILE...")


@main.command()
@click.argument("path", type=_PATH)
@_JSON
def check(path: Path, as_json: bool) -> None:
    """Check an agreement (a folder, or a shipped id) and run its worked examples."""
    from trucewatch.mission import check as check_agreement

    agreement, problems, examples = check_agreement(path)
    if as_json:
        fields = ("file", "line", "code", "message", "hint")
        told = [{name: getattr(problem, name) for name in fields} for problem in problems]
        _tell_json({"agreement": agreement.id, "examples": examples, "problems": told})
    else:
        for problem in problems:
            _say(str(problem))
        if not problems:
            _say(f"{agreement.id}: {len(agreement.clauses)} clauses, {examples} examples come out as written")
    if problems:
        raise click.exceptions.Exit(1)


@main.command()
@_DIR
@click.argument("source")
@_FILES
@click.option(
    "--whole",
    is_flag=True,
    help="FILES are all that the feed holds for the days they span: records that are gone from it count as withdrawn.",
)
@_STRICT
@_JSON
def collect(folder: Path, source: str, files: Sequence[Path], whole: bool, strict: bool, as_json: bool) -> None:
    """Receive FILES of a SOURCE (a shipped id, or a description of your own) into the mission DIR."""
    from trucewatch.mission import Mission, open_source

    with _progress(len(files)) as progress:
        entries, batches = Mission.open(folder).collect(source, files, whole=whole, progress=progress)
    if as_json:
        _tell_json([json.loads(entry.as_line()) for entry in entries])
    else:
        for entry in entries:
            if entry.kind == "withdrawn":
                _say(f"entry {entry.number}: {_counted(entry.new, 'record')} withdrawn by {entry.source}")
            else:
                _say(
                    f"entry {entry.number}: {entry.file}, {_counted(entry.rows_read, 'row')} read, "
                    f"{entry.rows_refused:,} refused, {_counted(entry.new, 'claim')} new"
                )
    if whole and any(batch.rows_refused for batch in batches):
        _say("trucewatch: rows were refused, so nobody can tell which records are gone; none is withdrawn", err=True)
    _tell_refused(batches, open_source(source).refusal_limit, strict)


@main.command()
@_DIR
@click.option("--as-of", help="As known at an entry's number, or on a day: 12, or 2018-06-30.")
@_PERIOD
@_READING
@_AUDIENCE
@click.option("--out", type=_PATH, help="Folder for the sitrep. Default: DIR/sitrep.")
@_JSON
def run(
    folder: Path,
    as_of: str | None,
    period: str | None,
    reading: str | None,
    audience: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Take everything the mission DIR received through the route, to a sitrep."""
    from trucewatch.mission import Mission
    from trucewatch.sitreps.publish import check_place

    mission, place = Mission.open(folder), out or folder / "sitrep"
    check_place(place)
    with _progress(5) as progress:
        assessment = mission.run(as_of, period, reading, audience, progress)
        progress("writing the sitrep")
        written = assessment.publish(place)
    _tell(assessment, written[0], as_json)


@main.command()
@_FILES
@click.option(
    "--source", required=True, help="Id of a shipped source (ucdp, acled, gdelt, ...), or a description file."
)
@click.option("--agreement", required=True, help="Id of a shipped agreement, or the folder of one.")
@_PERIOD
@_READING
@_AUDIENCE
@_OUT
@_STRICT
@_JSON
def assess(
    files: Sequence[Path],
    source: str,
    agreement: str,
    period: str | None,
    reading: str | None,
    audience: str,
    out: Path,
    strict: bool,
    as_json: bool,
) -> None:
    """Judge FILES of one source against an agreement, without a mission, to a sitrep."""
    from trucewatch.mission import assess_files, open_source
    from trucewatch.sitreps.publish import check_place

    check_place(out)
    with _progress(len(files) + 5) as progress:
        assessment = assess_files(files, source, agreement, period, reading, audience, progress)
        progress("writing the sitrep")
        written = assessment.publish(out)
    _tell(assessment, written[0], as_json)
    account = assessment.material
    _tell_refusals(account.rows_read, account.rows_refused, account.problems, open_source(source).refusal_limit, strict)


@main.command()
@_DIR
@click.argument("finding", metavar="[ID]", required=False)
@click.option("--link", nargs=2, metavar="A B", help="Two reports: why they are, or are not, held to be of one event.")
@_JSON
def trace(folder: Path, finding: str | None, link: tuple[str, str] | None, as_json: bool) -> None:
    """Follow the finding ID of DIR (a mission, or a sitrep's folder) back to file and line.

    With --link, compare two reports of a mission instead; each is named by its record's id, or as FILE:LINE.
    """
    from trucewatch.problems import WrongCall
    from trucewatch.traces import trace as trace_finding
    from trucewatch.traces import trace_link

    if (finding is None) == (link is None):
        raise WrongCall("name a finding, or two reports with --link")
    told = trace_link(folder, *link) if link else trace_finding(folder, str(finding))
    if as_json:
        _tell_json(told)
        return
    if link:
        _tell_link(told)
        return
    _say(told["sentence"])
    _say(f"  {told['outcome']} under {told['clause']}; {told['origins']}")
    _say(f"  who answers for it: {told['responsibility']}")
    _say(f"  tests: {', '.join(f'{name} {answer}' for name, answer in told['tests'].items())}")
    for way in filter(None, told["settled_by"].split(" | ")):
        _say(f"  it would settle it to know {way}")
    for report in told["chain_to_line"]:
        _tell_report(report)


@main.command()
@_DIR
@click.argument("what", type=click.Choice(["same", "apart"]))
@click.argument("one")
@click.argument("other")
@click.option("--by", required=True, help="The role of who decides, never a person's name.")
@click.option("--because", required=True, help="The reason.")
def decide(folder: Path, what: str, one: str, other: str, by: str, because: str) -> None:
    """Record in the mission DIR that two reports tell of the same event, or of events apart.

    It outranks what a dataset says, and an earlier decision. Reports are named as in trace --link.
    """
    from trucewatch.traces import decide as decide_link

    decision = decide_link(folder, one, other, what == "same", by, because)
    _say(f"decision {decision.entry}: {one} and {other} tell of {'one event' if decision.is_same else 'two events'}")


@main.command()
@click.argument("simulation", default="south-syria-demo")
@click.option("--out", type=_PATH, required=True, help="Folder for the truth and the reports of it.")
@click.option("--seed", type=int, help="Another seed than the description's.")
@_EVENTS
@_JSON
def simulate(simulation: str, out: Path, seed: int | None, events: Sequence[Path], as_json: bool) -> None:
    """Grow a known truth, and reports of it that are late, blurred, copied or lying; all marked SIMULATION."""
    from trucewatch.rehearsals import grow

    grown = grow(simulation, out, seed, events)
    if as_json:
        feeds = [{"source": source, "file": str(path)} for source, path in grown.feeds]
        _tell_json({"simulation": True, "truth": str(grown.truth_path), "feeds": feeds})
        return
    _say(f"SIMULATION: {grown.truth_path} is the truth; reports of it:")
    for source, path in grown.feeds:
        _say(f"  {path} ({source})")


@main.command()
@click.argument("simulation", default="observation")
@click.option("--seeds", type=int, default=20, show_default=True, help="How many seeds.")
@click.option("--first-seed", type=int, default=1, show_default=True, help="The first of them.")
@_EVENTS
@_JSON
def score(simulation: str, seeds: int, first_seed: int, events: Sequence[Path], as_json: bool) -> None:
    """Score what is made of simulated reports against what is true, over several seeds, with intervals of 95 %."""
    from trucewatch.rehearsals import score as score_seeds

    with _progress(seeds) as progress:
        scores, over_all = score_seeds(simulation, seeds, first_seed, events, progress)
    if as_json:
        each = [one.numbers() for one in scores]
        told = {name: {"mean": e.mean, "low": e.low, "high": e.high} for name, e in over_all.items()}
        _tell_json({"simulation": True, "first_seed": first_seed, "seeds": seeds, "scores": told, "each": each})
        return
    claims = sum(one.claims for one in scores)
    _say(
        f"SIMULATION: {_counted(seeds, 'seed')} from {first_seed} on, {_counted(claims, 'claim')}; "
        "mean and 95 % interval"
    )
    for name, found in over_all.items():
        _say(f"  {name.replace('_', ' '):24} {found.mean:6.3f}  {found.low:6.3f} to {found.high:6.3f}")


@main.command("fit-links")
@click.argument("missions", type=_PATH, nargs=-1, metavar="[DIR]...")
@click.option("--out", type=_PATH, required=True, help="File for the weights.")
def fit_links(missions: Sequence[Path], out: Path) -> None:
    """Fit the weights by which reports are linked, on the reports of the missions DIR; nobody says which are one.

    Without a mission: on ten seeds of the observation model that are used for nothing else.
    """
    from trucewatch.rehearsals import fit_links as fit

    with _progress(10) as progress:
        weights = fit(missions, out, progress)
    _say(f"{out}: fitted on {_counted(weights.pairs, 'pair')} in {_counted(weights.rounds, 'round')}")


@main.command()
@click.option("--out", type=_PATH, default=Path("out/demo"), show_default=True, help="Folder.")
@click.option("--seed", type=int, help="Another seed than the description's.")
@_JSON
def demo(out: Path, seed: int | None, as_json: bool) -> None:
    """Grow a simulation, receive its reports in a mission, and write the sitrep."""
    from trucewatch.rehearsals import demo as run_demo

    with _progress(12) as progress:
        assessment, written = run_demo(out, seed, progress)
    _tell(assessment, written[0], as_json)


# ---- telling ---------------------------------------------------------------------------------------------------------


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[str], None]]:
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


def _say(text: str, err: bool = False) -> None:
    click.echo(_STEERING.sub("\ufffd", text), err=err)


def _tell_report(report: Any) -> None:
    office = report["office"] or "not named"
    _say(f"  {report['file']}:{report['line']}: {report['source']} {report['record'] or ''}, {office}")
    if report["text"]:
        _say(f"    {report['text']}")
    for repeated in report.get("repeats", ()):
        of, run = f"{repeated['file']}:{repeated['line']}", repeated["run"]
        _say(f"    repeats {of} ({repeated['how']}" + (f"; longest run {run} words)" if run else ")"))
        for change in repeated["drift"]:
            was, now = (change[name] or "not said" for name in ("from", "to"))
            _say(f"      {change['field']} {change['change']}: {was} to {now}")


def _tell_link(told: Any) -> None:
    _say("Held to tell of one event:" if told["one_event"] else "Not held to tell of one event:")
    for report in told["reports"]:
        _tell_report(report)
    for reason in told["reasons"]:
        _say(f"  {reason['log_odds']:+7.2f}  {reason['sentence']}")
    _say(f"  {told['log_odds']:+7.2f}  together" + (f"; {told['because']}" if told["because"] else ""))


def _tell_json(told: Any) -> None:
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    click.echo(json.dumps(told, ensure_ascii=not is_unicode))


def _tell(assessment: Assessment, page: Path, as_json: bool) -> None:
    if as_json:
        _tell_json(assessment.summary)
        return
    told = assessment.figures
    if told.is_simulation:
        _say("SIMULATION: nothing told here happened.")
    for sentence in told.assessment:
        _say(sentence)
    read = _counted(told.rows_read, "row")
    _say(f"{read} read, {told.rows_refused:,} refused. Marking: {told.marking}. Sitrep: {page}")


def _tell_refused(batches: Sequence[Received], limit: float, strict: bool) -> None:
    problems = [problem for batch in batches for problem in batch.problems]
    read, refused = sum(batch.rows_read for batch in batches), sum(batch.rows_refused for batch in batches)
    _tell_refusals(read, refused, problems, limit, strict)


def _tell_refusals(read: int, refused: int, problems: Sequence[Any], limit: float, strict: bool) -> None:
    if not refused:
        return
    _say(f"trucewatch: {refused:,} of {read:,} rows refused; the first: {problems[0]}", err=True)
    if refused > limit * read:
        _say(f"trucewatch: more than the {limit:.0%} that this source is allowed; do not rely on this", err=True)
        raise click.exceptions.Exit(1)
    if strict:
        raise click.exceptions.Exit(1)
