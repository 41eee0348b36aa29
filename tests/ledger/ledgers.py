"""Ledgers to be verified: small, honest and always the same; with heads that somebody else holds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.ledger.crashes import LOG, entry
from trucewatch.ledger.audit import Verdict, verify
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.log import Log
from trucewatch.ledger.store import Store

ORIGIN = "mission.example/internal"
MISSION, OFFICE = Signer("mission.example", bytes(32)), Signer("office.example", bytes([1] * 32))
KEYS = {"the mission": MISSION.verifier}
WITNESSES = {"the second office": OFFICE.cosigner}


def head(tree: Log, size: int, signer: Signer = MISSION) -> str:
    """Return the signed head of a log at a size."""
    return signer.head(ORIGIN, size, tree.root(size))


def made(path: Path, size: int, heads: Iterable[int] = (), who: str = "") -> list[str]:
    """Make a ledger of so many leaves that keeps its heads at some sizes; return these as others hold them."""
    with Store.create(path) as ledger:
        ledger.append_all(LOG, [entry(number, who) for number in range(1, size + 1)])
        notes = [head(ledger.tree(LOG), at) for at in heads]
        for at, note in zip(heads, notes, strict=True):
            ledger.add_head(LOG, at, note)
    return notes


def verdict(path: Path, held: Iterable[str] = (), log: str = LOG) -> Verdict:
    """Verify a ledger by the mission's keys and heads that others hold of one log."""
    with Store.open(path, is_read_only=True) as ledger:
        return verify(ledger, KEYS, {log: list(held)}, WITNESSES)
