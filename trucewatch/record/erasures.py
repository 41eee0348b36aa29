"""Erasures: what has to go by law goes with its salt; an entry says that it went, and all else proves as before."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from trucewatch.ledger.vault import erase_rows, read_batch, settle_batch, stage_batch
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import ERASABLE, INTERNAL, RECEIVED, Draw, Entry, Record
from trucewatch.record.proofs import named
from trucewatch.record.received import Receipts


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: the entries concerned, and the rows (from 0) of their batch, or None for all of it."""

    entry: Entry
    entries: tuple[int, ...]
    positions: tuple[int, ...] | None


def erase(
    record: Record, receipts: Receipts, what: str, by: str, because: str, at: datetime, draw: Draw = secrets.token_bytes
) -> tuple[Erased, ...]:
    """Erase an entry, by its number, or every row of a record, by the id that its source gave it or its claim's key.

    First an entry is made that names numbers and positions and nothing else of it; then salts and ciphertext are
    destroyed, for good. Done again it ends what was interrupted. Raises TrucewatchError.
    """
    if not by.strip() or not because.strip():
        raise WrongCall("what is erased needs the role of who decides it, and a reason")
    number, record_id = named(what)
    rows = receipts.find(record_id) if record_id else {}
    is_entry = number is not None and 1 <= number <= record.number()
    if is_entry and rows:
        raise WrongCall(f"'{what}' is an entry, and a record too; write entry:{what} or record:{what}")
    if is_entry and number is not None:
        return (_erase_entry(record, receipts, number, by, because, at),)
    if not rows:
        raise TrucewatchError(f"{record.folder}: has neither an entry nor a record '{what}' to erase")
    return tuple(
        _erase_rows(record, receipts, sealed, places, (by, because, at), draw) for sealed, places in rows.items()
    )


def _erase_entry(record: Record, receipts: Receipts, number: int, by: str, because: str, at: datetime) -> Erased:
    entry = record.entries()[number - 1]
    if entry.kind not in ERASABLE:
        raise WrongCall(f"entry {number} is what the mission itself did ({entry.kind}), and stays")
    receipt = next((one for one in receipts.receipts if one.number == number), None)
    # What came in twice is kept once, and goes at once.
    numbers = tuple(one.number for one in receipts.receipts if receipt and one.sealed == receipt.sealed) or (number,)
    made = _enter(record, numbers, None, (by, because, at))
    for one in numbers:
        record.store.destroy(INTERNAL, one, key_name=receipt.sealed if receipt else None)
    if receipt:
        settle_batch(record.folder / RECEIVED, receipt.sealed, None)
        _without_former(record, receipt.batch)
    return made


def _erase_rows(
    record: Record,
    receipts: Receipts,
    sealed: str,
    places: tuple[int, ...],
    decided: tuple[str, str, datetime],
    draw: Draw,
) -> Erased:
    key = record.store.key(sealed)
    if key is None:
        raise TrucewatchError(f"batch {sealed}: its key is gone; restore the mission from a backup")
    numbers = tuple(one.number for one in receipts.receipts if one.sealed == sealed)
    folder = record.folder / RECEIVED
    container, new_key = erase_rows(sealed, read_batch(folder, sealed), key, places, draw)
    made = _enter(record, numbers, places, decided)
    stage_batch(folder, sealed, container)
    record.store.destroy(INTERNAL, key_name=sealed, replacement_key=new_key)
    settle_batch(folder, sealed, new_key)
    _without_former(record, next(one.batch for one in receipts.receipts if one.sealed == sealed))
    return made


def _enter(
    record: Record, numbers: tuple[int, ...], places: tuple[int, ...] | None, decided: tuple[str, str, datetime]
) -> Erased:
    by, because, at = decided
    content = {"entries": list(numbers), "positions": list(places) if places else None, "by": by, "because": because}
    return Erased(record.enter("erased", content, at), numbers, places)


def _without_former(record: Record, batch: str) -> None:
    """Remove what a mission without a ledger kept of a batch, not encrypted."""
    for name in (f"{batch}.parquet", f"{batch}.problems.jsonl"):
        (record.folder / RECEIVED / name).unlink(missing_ok=True)
