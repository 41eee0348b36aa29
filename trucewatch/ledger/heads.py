"""Heads: what a log signs of itself at a size, what a witness adds to it, and how one key follows another."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trucewatch.ledger.canonical import Json
from trucewatch.ledger.verifier import (
    COSIGNATURE,
    ED25519,
    Note,
    Refused,
    VerifierKey,
    cosigned,
    read_body,
    rotated,
    successor,
)

_LAST_SECOND = 2**63 - 1


@dataclass(frozen=True)
class Signer:
    """Who signs heads, or cosigns those of others: a name without space or plus, and an Ed25519 seed of 32 bytes.

    `verifier` is what others check heads with, `cosigner` what they check cosignatures with. Where `head`, `cosign` or
    a name refuses what it is given, it raises `verifier.Refused`, a ValueError.
    """

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise Refused("the seed of a key has 32 bytes")
        VerifierKey(self.name, ED25519, self._public)

    @property
    def verifier(self) -> VerifierKey:
        """The public half, for heads and statements."""
        return VerifierKey(self.name, ED25519, self._public)

    @property
    def cosigner(self) -> VerifierKey:
        """The public half, for cosignatures."""
        return VerifierKey(self.name, COSIGNATURE, self._public)

    def head(self, origin: str, size: int, root: bytes, extensions: Sequence[str] = ()) -> str:
        """Return a signed head (C2SP tlog-checkpoint) of the log `origin` at `size` leaves with this `root`."""
        lines = (origin, str(size), base64.b64encode(root).decode(), *extensions)
        if any("\n" in line for line in lines):
            raise Refused("no line of a head holds a newline")
        body = "".join(f"{line}\n" for line in lines)
        read_body(body)
        return self._sealed(f"{body}\n", self.verifier, self.sign(body.encode()))

    def cosign(self, note: str, at: int) -> str:
        """Return the note with a cosignature/v1 line more (C2SP tlog-cosignature), `at` in seconds since 1970, UTC.

        It says: at that time this was the largest consistent head seen of this log. That it is so, and that the log
        signed it, is for whoever cosigns to have checked: with `read_note` and `is_consistent`.
        """
        if not 0 <= at <= _LAST_SECOND:
            raise Refused("the time of a cosignature is a whole number of seconds since 1970")
        body = Note.read(note).body
        read_body(body)
        signature = at.to_bytes(8, "big") + self.sign(cosigned(body, at).encode())
        return self._sealed(note, self.cosigner, signature)

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature (RFC 8032, 64 bytes) of a message."""
        return self._private.sign(message)

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def _public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @staticmethod
    def _sealed(text: str, key: VerifierKey, signature: bytes) -> str:
        note = f"{text}— {key.name} {base64.b64encode(key.id + signature).decode()}\n"
        Note.read(note)
        return note


def rotation(old: Signer | None, new: VerifierKey, reason: str, lost: VerifierKey | None = None) -> dict[str, Json]:
    """Return the statement that `new` follows the old key, in the form of `verifier` (canonical JSON can hold it).

    The old key signs it. Where that key was lost, `old` is None and `lost` names it: then nobody signs, a verifier does
    not follow by itself, and the new key must reach others in another way. `reason` is one line.
    """
    before = old.verifier if old else lost
    if before is None or (old and lost):
        raise Refused("a key follows either one that signs, or one that was lost")
    if (new.name, new.kind) != (before.name, before.kind) or new == before:
        raise Refused("a key is followed by another of the same name and kind")
    signature = old.sign(rotated(str(before), str(new), reason)) if old else None
    statement: dict[str, Json] = {
        "format": 1,
        "from": str(before),
        "to": str(new),
        "reason": reason,
        "signature": base64.b64encode(signature).decode() if signature else None,
    }
    if signature:
        successor(statement, before)
    return statement


def accepts_rotation(statement: Json, key: VerifierKey) -> VerifierKey | None:
    """Return the key that follows `key` by a statement that it signed itself; None for any other, or a lost key's."""
    try:
        return successor(statement, key)
    except Refused:
        return None
