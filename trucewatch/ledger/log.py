"""Log: a Merkle tree of leaf hashes that only grows, its heads and its proofs (RFC 9162 section 2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from trucewatch.ledger.verifier import node_hash
from trucewatch.problems import TrucewatchError

_WIDTH = 32
_EMPTY = hashlib.sha256(b"").digest()


class Log:
    """The hashes of the leaves and of all full subtrees over them, so that a proof reads and hardly ever hashes.

    Level k holds the roots of the full subtrees of 2^k leaves, 32 bytes each, in order: about 64 bytes a leaf.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0]) // _WIDTH

    def append(self, leaf_hash: bytes) -> int:
        """Add one leaf by its hash (`verifier.leaf_hash`, 32 bytes); return its index, which counts from 0."""
        self.extend((leaf_hash,))
        return self.size - 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaves by their hashes, 32 bytes each, in order; all of them, or with a ValueError none."""
        hashes = list(leaf_hashes)
        if any(len(one) != _WIDTH for one in hashes):
            raise ValueError("a leaf hash has 32 bytes")
        self._levels[0] += b"".join(hashes)
        sha256 = hashlib.sha256
        height = 0
        while len(below := self._levels[height]) >= 2 * _WIDTH:
            if len(self._levels) == height + 1:
                self._levels.append(bytearray())
            above = self._levels[height + 1]
            pairs = range(2 * len(above), len(below) - 2 * _WIDTH + 1, 2 * _WIDTH)
            if not pairs:
                return
            above += b"".join([sha256(b"\x01" + below[at : at + 64]).digest() for at in pairs])
            height += 1

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` leaves (all of them unless told otherwise), 32 bytes."""
        size = self._size(size)
        return self._root(0, size) if size else _EMPTY

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that leaf `index` (from 0) stands in the tree of the first `size` leaves, leaf to root."""
        size = self._size(size)
        if not 0 <= index < size:
            raise TrucewatchError(f"there is no entry {index + 1} in a log of {size}: ask for one from 1 to {size}")
        proof, start, end = [], 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        return tuple(reversed(proof))

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that the first `old` leaves are a beginning of the first `new`; none is needed from 0."""
        new = self._size(new)
        if not 0 <= old <= new:
            raise TrucewatchError(f"a log of {new} entries does not go on from one of {old}: name an earlier head")
        if old in (0, new):
            return ()
        proof, start, end = [], 0, new
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        if start:
            proof.append(self._root(start, end))
        return tuple(reversed(proof))

    def _size(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise TrucewatchError(f"this log has {self.size} entries: it has no head at {size}")
        return size

    def _root(self, start: int, end: int) -> bytes:
        """Return the root over leaves start..end, where start is a multiple of every full subtree that it takes."""
        peaks = []
        while start < end:
            height = (end - start).bit_length() - 1
            at = (start >> height) * _WIDTH
            peaks.append(bytes(self._levels[height][at : at + _WIDTH]))
            start += 1 << height
        root = peaks.pop()
        while peaks:
            root = node_hash(peaks.pop(), root)
        return root


def _split(size: int) -> int:
    """Return the largest power of two below a size of at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
