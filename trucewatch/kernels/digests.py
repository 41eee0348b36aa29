"""Digests: keyed BLAKE2b (RFC 7693) of many short byte strings, 16 bytes each, as hexadecimal lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trucewatch.kernels.compiled import frozen, kernel

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
State = tuple[
    np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64,
    np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64,
]  # fmt: skip

DIGEST_BYTES = 16
_BLOCK = 128
_LINE = 2 * DIGEST_BYTES + 1
_R32, _R24, _R16, _R63 = np.uint64(32), np.uint64(24), np.uint64(16), np.uint64(63)
_L32, _L40, _L48, _L1 = np.uint64(32), np.uint64(40), np.uint64(48), np.uint64(1)
_IV = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    dtype=np.uint64,
)  # fmt: skip
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


def hex_digests(key: bytes, text: bytes, lengths: npt.NDArray[np.int64]) -> bytes:
    """Return a line of 32 hexadecimal digits for each row: the digest of its parts, each after its length.

    `lengths` has a row of byte lengths for each line; `text` holds all parts one after the other. A length is written
    as 8 bytes, the most significant first. The key is of 1 to 64 bytes.
    """
    lines = np.empty((len(lengths), _LINE), dtype=np.uint8)
    ends = np.concatenate(([0], np.cumsum(lengths.ravel())))
    if ends[-1] != len(text) or not 0 < len(key) <= 64:
        raise ValueError("the lengths do not add up to the text, or the key is none")
    padded = np.zeros(_BLOCK, dtype=np.uint8)
    padded[: len(key)] = np.frombuffer(key, np.uint8)
    start = _IV.copy()
    start[0] ^= np.uint64(0x01010000 | len(key) << 8 | DIGEST_BYTES)
    write_digests.fast()(
        frozen(np.frombuffer(text, np.uint8), np.uint8),
        frozen(ends, np.int64),
        lengths.shape[1],
        frozen(start, np.uint64),
        frozen(padded, np.uint8),
        lines,
    )
    return lines.tobytes()


@kernel
def mix(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64, x: np.uint64, y: np.uint64) -> tuple[
    np.uint64, np.uint64, np.uint64, np.uint64
]:  # fmt: skip
    """Mix two words of the message into four of the state (G of RFC 7693)."""
    a = a + b + x
    d = d ^ a
    d = (d >> _R32) | (d << _L32)
    c = c + d
    b = b ^ c
    b = (b >> _R24) | (b << _L40)
    a = a + b + y
    d = d ^ a
    d = (d >> _R16) | (d << _L48)
    c = c + d
    b = b ^ c
    b = (b >> _R63) | (b << _L1)
    return a, b, c, d


@kernel
def turn(
    v: State,
    m0: np.uint64, m1: np.uint64, m2: np.uint64, m3: np.uint64, m4: np.uint64, m5: np.uint64, m6: np.uint64,
    m7: np.uint64, m8: np.uint64, m9: np.uint64, m10: np.uint64, m11: np.uint64, m12: np.uint64, m13: np.uint64,
    m14: np.uint64, m15: np.uint64,
) -> State:  # fmt: skip
    """Mix 16 words of the message, in the order of this round, into the state."""
    v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15 = v
    v0, v4, v8, v12 = mix(v0, v4, v8, v12, m0, m1)
    v1, v5, v9, v13 = mix(v1, v5, v9, v13, m2, m3)
    v2, v6, v10, v14 = mix(v2, v6, v10, v14, m4, m5)
    v3, v7, v11, v15 = mix(v3, v7, v11, v15, m6, m7)
    v0, v5, v10, v15 = mix(v0, v5, v10, v15, m8, m9)
    v1, v6, v11, v12 = mix(v1, v6, v11, v12, m10, m11)
    v2, v7, v8, v13 = mix(v2, v7, v8, v13, m12, m13)
    v3, v4, v9, v14 = mix(v3, v4, v9, v14, m14, m15)
    return v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15


@kernel
def compress(state: Words, block: Words, read: int, is_last: bool) -> None:
    """Take one block of 16 words into the state (F of RFC 7693); `read` counts the bytes so far, this block's too."""
    v0, v1, v2, v3, v4, v5, v6, v7 = (
        state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]
    )  # fmt: skip
    v8, v9, v10, v11, v12, v13, v14, v15 = _IV[0], _IV[1], _IV[2], _IV[3], _IV[4], _IV[5], _IV[6], _IV[7]
    v12 = v12 ^ np.uint64(read)
    if is_last:
        v14 = ~v14
    m0, m1, m2, m3, m4, m5, m6, m7 = (
        block[0], block[1], block[2], block[3], block[4], block[5], block[6], block[7]
    )  # fmt: skip
    m8, m9, m10, m11, m12, m13, m14, m15 = (
        block[8], block[9], block[10], block[11], block[12], block[13], block[14], block[15]
    )  # fmt: skip
    v = (v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15)
    # Written out, so that every index is a constant: in a loop this takes twice as long.
    v = turn(v, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15)
    v = turn(v, m14, m10, m4, m8, m9, m15, m13, m6, m1, m12, m0, m2, m11, m7, m5, m3)
    v = turn(v, m11, m8, m12, m0, m5, m2, m15, m13, m10, m14, m3, m6, m7, m1, m9, m4)
    v = turn(v, m7, m9, m3, m1, m13, m12, m11, m14, m2, m6, m5, m10, m4, m0, m15, m8)
    v = turn(v, m9, m0, m5, m7, m2, m4, m10, m15, m14, m1, m11, m12, m6, m8, m3, m13)
    v = turn(v, m2, m12, m6, m10, m0, m11, m8, m3, m4, m13, m7, m5, m15, m14, m1, m9)
    v = turn(v, m12, m5, m1, m15, m14, m13, m4, m10, m0, m7, m6, m3, m9, m2, m8, m11)
    v = turn(v, m13, m11, m7, m14, m12, m1, m3, m9, m5, m0, m15, m4, m8, m6, m2, m10)
    v = turn(v, m6, m15, m14, m9, m11, m3, m0, m8, m12, m2, m13, m7, m1, m4, m10, m5)
    v = turn(v, m10, m2, m8, m4, m7, m6, m1, m5, m15, m11, m9, m14, m3, m12, m13, m0)
    v = turn(v, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15)
    v = turn(v, m14, m10, m4, m8, m9, m15, m13, m6, m1, m12, m0, m2, m11, m7, m5, m3)
    state[0] ^= v[0] ^ v[8]
    state[1] ^= v[1] ^ v[9]
    state[2] ^= v[2] ^ v[10]
    state[3] ^= v[3] ^ v[11]
    state[4] ^= v[4] ^ v[12]
    state[5] ^= v[5] ^ v[13]
    state[6] ^= v[6] ^ v[14]
    state[7] ^= v[7] ^ v[15]


@kernel
def write_digests(text: Bytes, ends: npt.NDArray[np.int64], parts: int, start: Words, key: Bytes, lines: Bytes) -> None:
    """Write the digest of each row's parts as a line; `ends` bounds the parts in the text, row by row."""
    block = np.zeros(128, dtype=np.uint8)
    words = block.view(np.uint64)
    block[:] = key
    keyed = start.copy()
    compress(keyed, words, 128, False)
    state = keyed.copy()
    for row in range(len(lines)):
        state[:] = keyed
        read, filled = 128, 0
        for part in range(row * parts, row * parts + parts):
            at, end = ends[part], ends[part + 1]
            length, left = end - at, 8
            while left > 0 or at < end:
                if filled == 128:
                    read += 128
                    compress(state, words, read, False)
                    filled = 0
                if left > 0:
                    left -= 1
                    block[filled] = (length >> (8 * left)) & 255
                    filled += 1
                else:
                    some = min(128 - filled, end - at)
                    block[filled : filled + some] = text[at : at + some]
                    filled += some
                    at += some
        block[filled:] = 0
        compress(state, words, read + filled, True)
        for i in range(16):
            byte = (state[i // 8] >> np.uint64(8 * (i % 8))) & np.uint64(255)
            lines[row, 2 * i] = _DIGITS[byte >> np.uint64(4)]
            lines[row, 2 * i + 1] = _DIGITS[byte & np.uint64(15)]
        lines[row, 32] = 10
