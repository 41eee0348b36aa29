"""Digests: what the kernel works out is what hashlib does, compiled or plain."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trucewatch.kernels import digests
from trucewatch.kernels.compiled import Kernel
from trucewatch.kernels.digests import hex_digests

PART = st.integers(0, 400).map(lambda size: bytes(i * 37 % 251 for i in range(size))) | st.binary(max_size=40)
KEY = st.binary(min_size=1, max_size=64)


def told(key: bytes, rows: list[list[bytes]]) -> list[str]:
    lengths = np.array([[len(part) for part in row] for row in rows], dtype=np.int64)
    return hex_digests(key, b"".join(part for row in rows for part in row), lengths).decode().split()


def known(key: bytes, row: list[bytes]) -> str:
    content = b"".join(len(part).to_bytes(8, "big") + part for part in row)
    return hashlib.blake2b(content, key=key, digest_size=16).hexdigest()


@given(KEY, st.lists(st.tuples(PART, PART), min_size=1, max_size=5))
@example(b"k", [(b"x" * 112, b""), (b"x" * 111, b""), (b"x" * 113, b""), (b"", b"x" * 240), (b"", b"")])
@settings(max_examples=100)
def test_a_digest_is_that_of_the_standard(key: bytes, rows: list[tuple[bytes, bytes]]) -> None:
    pairs = [list(row) for row in rows]
    assert told(key, pairs) == [known(key, row) for row in pairs]


def test_the_plain_form_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "fast", lambda self: self.plain)
    rows = [[b"wire", bytes(range(256))], [b"", b""], [b"x" * 60, b"y" * 52]]
    # Words of 64 bits run over on purpose; compiled code does not say so.
    with np.errstate(over="ignore"):
        assert told(b"key", rows) == [known(b"key", row) for row in rows]


@pytest.mark.parametrize(("key", "size"), [(b"", 3), (b"k" * 65, 3), (b"k", 4)])
def test_what_does_not_add_up_is_refused(key: bytes, size: int) -> None:
    with pytest.raises(ValueError, match="do not add up"):
        digests.hex_digests(key, b"abc", np.array([[size]], dtype=np.int64))
