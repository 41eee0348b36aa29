"""The commands of the ledger: its heads, proofs and witnesses; what is adopted, erased, sealed, and backed up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trucewatch.cli.terminal import AUDIENCE, BECAUSE, BY, DIR, JSON, PATH, Command, counted, say, tell_json

if TYPE_CHECKING:
    from trucewatch.ledger.verifier import VerifierKey

_LOG = click.option("--log", default="internal", show_default=True, help="The internal log, or release/AUDIENCE.")
_KEY = click.option(
    "--key", "keys", multiple=True, metavar="KEY", help="A witness's verifier key, as it told it to you."
)


class _Commands(click.Group):
    """Commands in the order in which they are written."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Commands)
def ledger() -> None:
    """What the record of a mission can show of itself, and to whom."""


@ledger.command()
@DIR
@_LOG
@JSON
def head(folder: Path, log: str, as_json: bool) -> None:
    """Print the signed head of a log: as many entries, and nothing but these."""
    from trucewatch.mission import Mission

    with Mission.open(folder).record(is_read_only=True) as record:
        note, tree = record.head(log), record.store.tree(log)
        told = {"origin": record.origin_of(log), "size": tree.size, "root": tree.root().hex()}
        told |= {"key": str(record.keys[-1]), "note": note}
    if as_json:
        tell_json(told)
    else:
        say(note.rstrip("\n"))


@ledger.command()
@DIR
@click.option("--head", "heads", type=PATH, multiple=True, help="File of a head that somebody else holds.")
@_KEY
@JSON
def verify(folder: Path, heads: Sequence[Path], keys: Sequence[str], as_json: bool) -> None:
    """Verify every table of the ledger, every batch and every kept file; name the first bad entry.

    What nobody outside has seen could still be changed with all that signs it: it says how much that is.
    """
    from trucewatch.mission import Mission
    from trucewatch.record.proofs import verify as verify_record

    notes = [path.read_bytes().decode("utf-8", "replace") for path in heads]
    with Mission.open(folder).record(is_read_only=True, is_gone_back=True) as record:
        found = verify_record(record, notes, _verifier_keys(keys))
    if as_json:
        fields = ("file", "line", "code", "message")
        logs = [
            {"log": one.log, "size": one.size, "root": one.root.hex(), "witnessed": one.witnessed, "tail": one.tail}
            for one in found.logs
        ]
        problems = [{name: getattr(problem, name) for name in fields} for problem in found.problems]
        tell_json({"problems": problems, "logs": logs, "erased": [entry.number for entry in found.erased]})
    else:
        for problem in found.problems:
            say(str(problem))
        for log in found.logs:
            counts = f"{log.size:,} entr{'y' if log.size == 1 else 'ies'}"
            if log.log == "internal":
                said = f"{log.witnessed:,} under a head that others hold, {log.tail:,} that nobody else has seen"
            else:
                said = f"{log.witnessed:,} under a head that others hold"
            say(f"{log.log}: {counts}, {said}")
        for entry in found.erased:
            told = entry.content or {}
            what = f"position {_listed(told['positions'])} of " if told["positions"] else ""
            say(f"entry {entry.number}: {what}entry {_listed(told['entries'])} erased, by {told['by']}")
        for entry in found.lost_keys:
            say(f"entry {entry.number}: a key was lost; nobody vouches for the one after it")
        if not found.problems:
            say("Nothing is wrong with it.")
    if found.problems:
        raise click.exceptions.Exit(1)


@ledger.command()
@DIR
@click.argument("name", metavar="ID")
@AUDIENCE
def prove(folder: Path, name: str, audience: str) -> None:
    """Print, as JSON, what shows that an entry (its number) or a row (its record or claim key) stands in the record."""
    from trucewatch.mission import Mission
    from trucewatch.record.proofs import prove as prove_entry

    mission = Mission.open(folder)
    with mission.record(is_read_only=True) as record:
        tell_json(prove_entry(record, mission.received(record), name, audience))


@ledger.command()
@DIR
@click.option("--audience", metavar="AUDIENCE", help="Whose release log it is about. Default: the internal log.")
@click.option("--out", type=PATH, help="File for the request. Default: standard output.")
@click.option("--from", "seen", type=int, help="At how many entries the witness cosigned last.")
@click.option("--cosigned", type=PATH, help="The head that the witness cosigned, to be kept.")
@_KEY
def witness(
    folder: Path, audience: str | None, out: Path | None, seen: int | None, cosigned: Path | None, keys: Sequence[str]
) -> None:
    """Write what a witness is to cosign, or keep its answer.

    A second office witnesses the internal log: one padded head for each of the mandate's times. Parties, guarantors and
    the public witness the release log of their audience, at any time. A key that is new to a log is named with --key.
    """
    from trucewatch.levels import read_level
    from trucewatch.mission import Mission
    from trucewatch.record.entries import INTERNAL, release_log
    from trucewatch.record.witnesses import request, request_release, take

    mission, now = Mission.open(folder), datetime.now(UTC)
    word = read_level(audience).word if audience else None
    with mission.record(is_read_only=bool(word and not cosigned)) as record:
        if cosigned:
            note, log = cosigned.read_bytes().decode("utf-8", "replace"), release_log(word) if word else INTERNAL
            entry = take(record, note, now, _verifier_keys(keys), log)
            say(f"entry {entry.number}: the log {log} is witnessed up to its entry {(entry.content or {})['size']:,}")
        elif word:
            _write(request_release(record, word, seen), out)
        else:
            _write(request(record, mission.mandate.witness, now, seen), out)


@ledger.command()
@click.argument("request", metavar="REQUEST", type=PATH)
@click.option(
    "--key", "seed", type=PATH, required=True, help="File of the witness's own key; drawn where there is none."
)
@click.option("--name", required=True, help="The witness's name, as others know its key by.")
@click.option("--state", type=PATH, required=True, help="File of what it cosigned last of each log; it is never lost.")
@click.option("--log-key", metavar="KEY", help="The log's verifier key, as its mission told it; for the first time.")
@click.option("--out", type=PATH, help="File for the cosigned head. Default: standard output.")
def cosign(request: Path, seed: Path, name: str, state: Path, log_key: str | None, out: Path | None) -> None:
    """For a witness: cosign a head that only went on from the last one; refuse any other."""
    from trucewatch.record.witnesses import cosign as cosign_head
    from trucewatch.record.witnesses import office

    signer, text = office(name, seed), request.read_bytes().decode("utf-8", "replace")
    known = _verifier_keys([log_key] if log_key else [])
    done = cosign_head(text, signer, state, datetime.now(UTC), known[0] if known else None)
    _write(done.note, out)
    say(f"{done.head.origin}: cosigned up to entry {done.head.size:,}; this witness's key: {signer.cosigner}", err=True)


@ledger.command()
@DIR
@click.option("--out", type=PATH, required=True, help="Folder for the leaves, the heads and the verifier.")
@_LOG
def export(folder: Path, out: Path, log: str) -> None:
    """Write a log for others: its leaves, which open to nobody, its heads, and the program that verifies them."""
    from trucewatch.mission import Mission
    from trucewatch.record.proofs import export as export_log

    with Mission.open(folder).record(is_read_only=True) as record:
        export_log(record, out, log)
    say(f"{out}: to verify it, with Python alone: python {out}/verifier.py log {out}")


@ledger.command()
@DIR
def fsck(folder: Path) -> None:
    """Check the files by themselves, without any key: pages, numbers, hashes, batches that belong to nothing."""
    from trucewatch.mission import Mission
    from trucewatch.record.proofs import fsck as check_files

    with Mission.open(folder).record(is_read_only=True, is_gone_back=True) as record:
        problems = check_files(record)
    for problem in problems:
        say(str(problem))
    if problems:
        raise click.exceptions.Exit(1)
    say(f"{folder}: holds together")


@ledger.command()
@DIR
@click.option("--lost", is_flag=True, help="The old key is lost: nobody vouches for the new one, and it says so.")
@BY
@BECAUSE
def rotate(folder: Path, lost: bool, by: str, because: str) -> None:
    """Have another key sign heads from here on; the old one vouches for it."""
    from trucewatch.mission import Mission

    with Mission.open(folder).record() as record:
        entry = record.rotate(by, because, datetime.now(UTC), is_lost=lost)
        say(f"entry {entry.number}: heads are signed by {record.keys[-1]}")


@ledger.command("go-on")
@DIR
@BY
@BECAUSE
def go_on(folder: Path, by: str, because: str) -> None:
    """Go on from a record that is older than what was seen of it here, such as an old backup, and enter that it is."""
    from trucewatch.mission import Mission

    with Mission.open(folder).record(is_gone_back=True) as record:
        entry = record.go_on(by, because, datetime.now(UTC))
    say(f"entry {entry.number}: goes on from entry {entry.number - 1}; whoever saw later ones will ask about them")


@click.command(cls=Command)
@DIR
@BY
@BECAUSE
def adopt(folder: Path, by: str, because: str) -> None:
    """Adopt the agreement, mandate, weights and level policy of the mission DIR as they stand now."""
    from trucewatch.mission import Mission

    entry = Mission.open(folder).adopt(by, because)
    parts = [
        name
        for name in ("agreement", "mandate", "weights", "levels", "versions")
        if entry and name in (entry.content or {})
    ]
    say(f"entry {entry.number}: adopts {_listed(parts)}" if entry else "it is what was adopted; nothing is entered")


@click.command(cls=Command)
@DIR
@click.argument("reports", metavar="REPORT...", nargs=-1, required=True)
@click.option("--field", "fields", multiple=True, required=True, help="A field of theirs, such as office or lon.")
@click.option("--to", required=True, help="The audience that may know it, and all above it.")
@BY
@BECAUSE
def declassify(folder: Path, reports: Sequence[str], fields: Sequence[str], to: str, by: str, because: str) -> None:
    """Record that an audience may know some fields of some reports, named as in trace --link.

    It holds once a second person, and legal or chief, have signed it.
    """
    from trucewatch.traces import declassify as declassify_reports

    entry = declassify_reports(folder, reports, fields, to, by, because)
    say(f"entry {entry.number}: to be signed before it holds")


@click.command(cls=Command)
@DIR
@click.argument("what", metavar="WHAT")
@BY
@BECAUSE
def erase(folder: Path, what: str, by: str, because: str) -> None:
    """Erase, for good, an entry by its number or a record by its id: its salts and its text.

    An entry says that it was erased, and names nothing of it. Sitreps made before, backups and copies hold it still.
    """
    from trucewatch.mission import Mission
    from trucewatch.record.erasures import erase as erase_entry

    mission = Mission.open(folder)
    with mission.record() as record:
        erased = erase_entry(record, mission.received(record), what, by, because, datetime.now(UTC))
    for done in erased:
        rows = f"{counted(len(done.positions), 'row')} of " if done.positions else ""
        say(f"entry {done.entry.number}: {rows}entry {_listed(done.entries)} erased")


@click.group(cls=_Commands)
@DIR
@click.pass_context
def seal(ctx: click.Context, folder: Path) -> None:
    """Hold an identity so that only custodians of several offices can open it together."""
    ctx.obj = folder


@seal.command("new-period")
@click.option("--threshold", type=int, required=True, help="How many custodians open together.")
@click.option("--custodians", type=int, required=True, help="How many there are.")
@click.pass_obj
def new_period(folder: Path, threshold: int, custodians: int) -> None:
    """Begin a period with a key of its own, and print its shares: once, here, and nowhere else."""
    from trucewatch.mission import Mission
    from trucewatch.record.custody import begin_period

    with Mission.open(folder).record() as record:
        shares = begin_period(record, threshold, custodians, datetime.now(UTC))
    for number, share in enumerate(shares, 1):
        say(f"custodian {number}: {share}")
    say(
        f"Any {threshold} of these open what is sealed from here on. They are kept nowhere: write them down now.",
        err=True,
    )


@seal.command()
@click.option("--about", required=True, help="The record that it belongs to.")
@click.pass_obj
def identity(folder: Path, about: str) -> None:
    """Seal what stands on standard input, and print the alias that it goes by from here on."""
    from trucewatch.mission import Mission
    from trucewatch.record.custody import seal_fact

    fact = _standard_input()
    with Mission.open(folder).record() as record:
        say(seal_fact(record, fact, about, datetime.now(UTC)))


@seal.command()
@click.option("--about", required=True, help="The release that they are to get.")
@click.pass_obj
def recipients(folder: Path, about: str) -> None:
    """Seal a list of recipients from standard input, and print the alias that it goes by."""
    from trucewatch.mission import Mission
    from trucewatch.record.custody import RECIPIENTS, seal_fact

    fact = _standard_input()
    with Mission.open(folder).record() as record:
        say(seal_fact(record, fact, about, datetime.now(UTC), RECIPIENTS))


@seal.command("open")
@click.argument("alias")
@BY
@BECAUSE
@click.pass_obj
def open_sealed(folder: Path, alias: str, by: str, because: str) -> None:
    """Enter that ALIAS is opened, then open it with the shares on standard input, one on each line, and print it."""
    from trucewatch.mission import Mission
    from trucewatch.record.custody import open_fact

    lines = _standard_input().decode("utf-8", "replace").split("\n")
    shares = [line.partition(":")[2] or line for line in map(str.strip, lines) if line]
    with Mission.open(folder).record() as record:
        opened = open_fact(record, alias, [share.strip() for share in shares], by, because, datetime.now(UTC))
    say(opened.decode("utf-8", "replace").rstrip("\n"))


@click.command(cls=Command)
@DIR
@click.argument("file", type=PATH)
def backup(folder: Path, file: Path) -> None:
    """Write the whole mission DIR into one FILE, which holds all its keys too: keep it as you keep the mission."""
    from trucewatch.backups import backup as write_backup
    from trucewatch.mission import Mission

    entries = write_backup(Mission.open(folder), file)
    say(f"{file}: {folder}, {entries:,} entries")


@click.command(cls=Command)
@click.argument("file", type=PATH)
@DIR
def restore(file: Path, folder: Path) -> None:
    """Make the mission DIR again from a backup FILE, to the same head."""
    from trucewatch.backups import restore as read_backup

    with read_backup(file, folder).record(is_read_only=True) as record:
        say(f"{folder}: {record.number():,} entries; verify it: trucewatch ledger verify {folder}")


# ---- telling ---------------------------------------------------------------------------------------------------------


def _listed(names: Sequence[object]) -> str:
    return ", ".join(map(str, names))


def _verifier_keys(keys: Sequence[str]) -> tuple[VerifierKey, ...]:
    from trucewatch.ledger.verifier import Refused, VerifierKey
    from trucewatch.problems import WrongCall

    try:
        return tuple(map(VerifierKey.read, keys))
    except Refused as fault:
        raise WrongCall(f"this is no verifier key: {fault}") from None


def _write(text: str, out: Path | None) -> None:
    from trucewatch.texts import write_whole

    if out:
        write_whole(out, lambda beside: beside.write_text(text, encoding="utf-8"))
    else:
        click.echo(text, nl=False)


def _standard_input() -> bytes:
    return sys.stdin.buffer.read()


COMMANDS = (adopt, declassify, erase, seal, ledger, backup, restore)
