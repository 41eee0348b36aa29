"""A program that takes in an identity, seals and opens it, and is killed: for tests to look at what it leaves behind.

Run in the folder that it writes into, with an identity on standard input, by one of these words:

- `whole`: it fails to open it in three ways, copies, exports, and is killed with its write-ahead log full;
- `cut-off`: it is killed when the opening was entered and the shares are to be combined;
- `leak-ledger`, `leak-log`, `leak-batch`: like `whole`, but the identity is put by mistake where it must not be.
"""

from __future__ import annotations

import base64
import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from trucewatch.ledger import seal
from trucewatch.ledger.canonical import Json, canonical
from trucewatch.ledger.store import Opening, Store
from trucewatch.ledger.vault import open_batch, seal_batch, stage_batch
from trucewatch.problems import TrucewatchError

ASK = ("a threat to the source", "legal")


def killed(shares: Sequence[str] = ()) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def hold(how: str, identity: bytes) -> None:
    logging.basicConfig(filename="run.log", level=logging.DEBUG)
    period, later = (seal.new_period(2, 3, os.urandom) for _ in range(2))
    about = seal.About("south-west-syria", "2017-07", seal.alias(os.urandom))
    sealed = seal.seal(period.public, identity, about)
    told = {"alias": about.alias, "sealed": base64.b64encode(sealed).decode()}
    if how == "leak-ledger":
        told["note"] = base64.b64encode(b"told by " + identity).decode()
    store = Store.create(Path("mission.sqlite"))
    openings = [Opening(word, os.urandom(16), canonical(told)) for word in ("mission", "sealed")]
    store.append("internal", "received", canonical({"kind": "received"}), openings)

    def log(content: dict[str, Json]) -> int:
        return store.append("internal", "opened", canonical({"kind": "opened", **content}))

    if how == "cut-off":
        seal.combine = killed
    assert seal.open_with(log, period.shares[1:], sealed, about, *ASK) == identity
    failing = ((period.shares[:1], sealed), (later.shares[:2], sealed), (period.shares[:2], sealed[:-1]))
    for shares, what in failing:
        try:
            seal.open_with(log, shares, what, about, *ASK)
        except TrucewatchError:
            logging.exception("it does not open")
            traceback.print_exc()
    if how == "leak-log":
        logging.debug("opened %r", identity)
    row = identity if how == "leak-batch" else canonical(told)
    batch = seal_batch("batch", pl.DataFrame({"sealed": [row]}), os.urandom)
    stage_batch(Path(), "batch", batch.container)
    with tempfile.NamedTemporaryFile(delete=False) as scratch:
        open_batch("batch", batch.container, batch.key).rows.write_parquet(scratch)
    store.backup(Path("backup.sqlite"))
    lines = [f'"{base64.b64encode(leaf.data).decode()}"\n' for leaf in store.leaves("internal")]
    Path("leaves.jsonl").write_text("".join(lines), "utf-8")
    sys.stdout.write(f"{period}\n{batch}\n{about}\n")
    sys.stdout.flush()
    killed()


if __name__ == "__main__":
    hold(sys.argv[1], sys.stdin.buffer.read())
