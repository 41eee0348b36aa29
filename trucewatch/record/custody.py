"""Custody: identities and recipients that a mission holds sealed, and that custodians of several offices open together.

The key of each period exists as shares alone (SLIP-39). What is sealed stands in the record, for nobody but who may
know what is sealed; that it was opened, by whom and why, is entered before any share is combined.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trucewatch.ledger.canonical import Json
from trucewatch.ledger.seal import About, alias, new_period, open_with, seal
from trucewatch.levels import Level
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import Draw, Entry, Record

IDENTITY, RECIPIENTS = "identity", "recipients"


def begin_period(
    record: Record, threshold: int, custodians: int, at: datetime, draw: Draw = secrets.token_bytes
) -> tuple[str, ...]:
    """Begin a period with a key of its own; return its shares, which nobody keeps and nobody can make again."""
    keys = new_period(threshold, custodians, draw)
    period = str(len(_periods(record)) + 1)
    content: dict[str, Json] = {
        "period": period,
        "public": keys.public.hex(),
        "threshold": threshold,
        "custodians": custodians,
    }
    record.enter("adopted", content, at)
    return keys.shares


def seal_fact(
    record: Record, fact: bytes, about: str, at: datetime, what: str = IDENTITY, draw: Draw = secrets.token_bytes
) -> str:
    """Seal an identity, or the recipients of a release, to the key of the period; return the alias it goes by.

    `about` is the record or the release it belongs to. Raises TrucewatchError where no period has begun.
    """
    if not fact.strip():
        raise WrongCall("there is nothing to seal: give it on standard input")
    periods = _periods(record)
    if not periods:
        raise TrucewatchError(
            f"{record.folder}: no period has begun; first: "
            f"trucewatch seal {record.folder} new-period --threshold K --custodians N"
        )
    named = alias(draw)
    last = periods[-1]
    sealed = seal(bytes.fromhex(last["public"]), fact, About(record.origin, last["period"], named))
    content = {
        "what": what,
        "about": about,
        "alias": named,
        "period": last["period"],
        "sealed": base64.b64encode(sealed).decode(),
    }
    record.enter("received", content, at, Level.SEALED)
    return named


def open_fact(record: Record, named: str, shares: Sequence[str], by: str, because: str, at: datetime) -> bytes:
    """Return what was sealed under an alias, once it stands in the record that it is opened; raises TrucewatchError."""
    told = next((one for one in sealed_facts(record.entries()) if one["alias"] == named), None)
    if told is None:
        raise TrucewatchError(f"{record.folder}: nothing is sealed under '{named}'")
    about = About(record.origin, told["period"], named)

    def enter(content: Mapping[str, Any]) -> Entry:
        return record.enter("opened", content, at)

    return open_with(enter, shares, base64.b64decode(told["sealed"]), about, because, by)


def sealed_facts(entries: Sequence[Entry]) -> tuple[Mapping[str, Any], ...]:
    """Return what is sealed, as it was entered: what, about, alias, period and the sealed bytes in base64."""
    return tuple(entry.content for entry in entries if entry.content and "alias" in entry.content and "sealed" in
                 entry.content and entry.kind == "received")  # fmt: skip


def _periods(record: Record) -> list[Mapping[str, Any]]:
    return [
        entry.content for entry in record.entries(kinds=("adopted",)) if entry.content and "period" in entry.content
    ]
