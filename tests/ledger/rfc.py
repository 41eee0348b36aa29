"""RFC 9162 section 2.1, word for word: slow, recursive, with nothing in common with what it is there to check."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def mth(leaves: Sequence[bytes]) -> bytes:
    """Return MTH(D_n), the Merkle Tree Hash of a list of data entries (section 2.1.1)."""
    n = len(leaves)
    if n == 0:
        return hashlib.sha256().digest()
    if n == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(n)
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D_n), the Merkle inclusion proof of entry m (section 2.1.3.1)."""
    n = len(leaves)
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PROOF(m, D_n), the Merkle consistency proof, for 0 < m < n (section 2.1.4.1)."""
    return subproof(m, leaves, True)


def subproof(m: int, leaves: Sequence[bytes], is_known: bool) -> list[bytes]:
    """Return SUBPROOF(m, D_n, b) (section 2.1.4.1)."""
    n = len(leaves)
    if m == n:
        return [] if is_known else [mth(leaves)]
    k = split(n)
    if m <= k:
        return [*subproof(m, leaves[:k], is_known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def split(n: int) -> int:
    """Return the largest power of two that is smaller than n, for n > 1."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k
