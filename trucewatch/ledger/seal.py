"""Seal: identities that nobody can read but k of n custodians together, and not without a mark in the ledger.

A mission has a key for each period. Its public half seals; a device that holds that and no more opens nothing. Its
private half is kept by nobody: it leaves as n shares (SLIP-39, one group, no passphrase), which custodians of different
offices write on paper, and any k of them give it back.

Sealed, format 1: a byte 1, then what HPKE (RFC 9180; base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM)
makes of the identity: encapsulated key, ciphertext, tag. Its plaintext is the length of the identity (2 bytes,
big-endian), the identity, and zeros up to 256, 1,024 or 4,096 bytes, so that its length tells next to nothing. Its
`info` is the line `trucewatch/seal/1`, and in canonical JSON (RFC 8785) the alias, origin and period.

Sealing hides a name, not what a narrative tells of who bears it. Of what passes through a program's memory nothing is
wiped from it: make and combine shares on a machine that is on no network, and turn it off after that.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics

from trucewatch.ledger.canonical import Json, canonical
from trucewatch.problems import TrucewatchError, WrongCall

BUCKETS: Final = (256, 1024, 4096)
MOST_CUSTODIANS: Final = 16

_FORMAT: Final = b"\x01"
_LABEL: Final = b"trucewatch/seal/1\n"
_LENGTH, _KEY, _ALIAS = 2, 32, 10


@dataclass(frozen=True, slots=True)
class About:
    """Whom a sealed identity is of, and what it is bound to: the mission's origin, the period of its key, an alias."""

    origin: str
    period: str
    alias: str

    def __bytes__(self) -> bytes:
        """The same in canonical JSON (RFC 8785)."""
        return canonical(asdict(self))


class PeriodKeys(NamedTuple):
    """The keys of a period: the public half (X25519, 32 bytes), and the private one as SLIP-39 shares alone."""

    public: bytes
    shares: tuple[str, ...]

    def __repr__(self) -> str:
        """Tell the public half only: what is printed ends up in logs."""
        return f"PeriodKeys(public={self.public.hex()}, {len(self.shares)} shares)"


def alias(draw: Callable[[int], bytes]) -> str:
    """Return a name for somebody that tells nothing: 80 random bits, never the next number nor made from a name.

    >>> alias(lambda size: bytes(range(size)))
    'aaaq-eaye-auda-ocaj'
    """
    letters = base64.b32encode(draw(_ALIAS)).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def new_period(threshold: int, custodians: int, draw: Callable[[int], bytes]) -> PeriodKeys:
    """Make the keys of a period; any `threshold` of the `custodians` shares open, 2 <= threshold <= custodians <= 16.

    `draw(n)` gives n bytes that nobody can guess; the private half is drawn. What hides it in the shares is drawn by
    shamir_mnemonic from the operating system.
    """
    if not 2 <= threshold <= custodians <= MOST_CUSTODIANS:
        raise WrongCall(f"{threshold} of {custodians} cannot be: 2 or more must agree, of {MOST_CUSTODIANS} at most")
    private = X25519PrivateKey.from_private_bytes(draw(_KEY))
    (shares,) = generate_mnemonics(1, [(threshold, custodians)], private.private_bytes_raw())
    return PeriodKeys(private.public_key().public_bytes_raw(), tuple(shares))


def seal(public: bytes, identity: bytes, about: About) -> bytes:
    """Seal an identity (4,094 bytes at most) to the public half of a period's key.

    Each time the bytes are others: HPKE draws a key for each from the operating system.
    """
    size = next((size for size in BUCKETS if len(identity) <= size - _LENGTH), None)
    if size is None:
        raise WrongCall(f"an identity has {BUCKETS[-1] - _LENGTH} bytes at most; this one has {len(identity)}")
    plain = (len(identity).to_bytes(_LENGTH, "big") + identity).ljust(size, b"\0")
    return _FORMAT + _suite().encrypt(plain, X25519PublicKey.from_public_bytes(public), _LABEL + bytes(about))


def combine(shares: Sequence[str]) -> bytes:
    """Return the private half of a period's key (32 bytes) from as many of its shares as are needed.

    Raises TrucewatchError for too few, too many, a misspelt one, one that is there twice, or shares of two periods.
    """
    read = [_share(number, words) for number, words in enumerate(shares, 1)]
    if not read:
        raise TrucewatchError("no share was given: ask the custodians for theirs")
    if len({share.identifier for share in read}) > 1:
        raise TrucewatchError("these shares are not of one period: each custodian gives that of the period in question")
    needed, given = read[0].member_threshold, len({share.index for share in read})
    if given != len(read) or given != needed:
        raise TrucewatchError(f"{needed} shares of different custodians open this; {given} of {len(read)} given differ")
    try:
        private = combine_mnemonics(shares)
    except MnemonicError:
        raise TrucewatchError(
            "these shares do not belong together: ask the custodians for those of one period"
        ) from None
    return private


def open_sealed(private: bytes, sealed: bytes, about: About) -> bytes:
    """Return the identity; raises TrucewatchError where it was sealed to another key, about another, or altered."""
    try:
        if not sealed.startswith(_FORMAT):
            raise InvalidTag
        key = X25519PrivateKey.from_private_bytes(private)
        plain = _suite().decrypt(sealed[len(_FORMAT) :], key, _LABEL + bytes(about))
    except (InvalidTag, ValueError):
        told = f"what was sealed about {about.alias} is of another period or mission, about somebody else, or altered"
        raise TrucewatchError(f"{told}: it does not open") from None
    return plain[_LENGTH:][: int.from_bytes(plain[:_LENGTH], "big")]


def open_with(
    log_opening: Callable[[dict[str, Json]], object],
    shares: Sequence[str],
    sealed: bytes,
    about: About,
    why: str,
    by: str,
) -> bytes:
    """Return an identity once its opening stands in the ledger, and not before the shares are combined.

    `log_opening` enters whose identity is opened, `why` and `by` whom, and returns when that is durable; where it
    raises nothing is opened. An attempt that fails after that stands there too.
    """
    if not why.strip() or not by.strip():
        raise WrongCall("an opening is entered with a reason and a name: give both")
    digest = hashlib.sha256(sealed).hexdigest()
    log_opening({**asdict(about), "sealed": digest, "why": why, "by": by})
    return open_sealed(combine(shares), sealed, about)


def _share(number: int, words: str) -> Share:
    try:
        return Share.from_mnemonic(words)
    except MnemonicError:
        # The library's own words would repeat some of the share.
        raise TrucewatchError(f"share {number} has a misspelt, missing or misplaced word: read it again") from None


def _suite() -> Suite:
    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
