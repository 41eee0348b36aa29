"""The log against the standard, and against whoever forges."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger import rfc
from trucewatch.ledger.log import Log
from trucewatch.ledger.verifier import is_consistent, is_included, leaf_hash
from trucewatch.problems import TrucewatchError

SMALL = 65
LEAVES = [b"entry %d" % number for number in range(SMALL)]
HASHES = [leaf_hash(data) for data in LEAVES]
LOG = Log(HASHES)

# Leaves, and the roots over the first of them, that implementations of Certificate Transparency share as test vectors.
KNOWN_LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
KNOWN_LEAVES.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_roots_are_those_of_other_implementations() -> None:
    log = Log(map(leaf_hash, KNOWN_LEAVES))
    assert [log.root(size).hex() for size in range(len(KNOWN_ROOTS))] == KNOWN_ROOTS


def test_every_root_and_proof_is_that_of_the_standard(tell: Callable[[str], None]) -> None:
    inclusions = consistencies = 0
    for size in range(SMALL + 1):
        assert LOG.root(size) == rfc.mth(LEAVES[:size])
        for index in range(size):
            proof = LOG.inclusion(index, size)
            assert list(proof) == rfc.path(index, LEAVES[:size])
            assert is_included(HASHES[index], index, size, proof, LOG.root(size))
            inclusions += 1
        for old in range(1, size):
            between = LOG.consistency(old, size)
            assert list(between) == rfc.proof(old, LEAVES[:size])
            assert is_consistent(old, LOG.root(old), size, LOG.root(size), between)
            consistencies += 1
    tell(
        f"log: {inclusions} inclusion and {consistencies} consistency proofs, all to size {SMALL}, as the RFC has them"
    )


def test_large_trees_are_those_of_the_standard(is_long: bool, tell: Callable[[str], None]) -> None:
    draw = random.Random(9162)
    sizes = [draw.randrange(SMALL, 6000) for _ in range(200 if is_long else 25)]
    leaves = [draw.randbytes(8) for _ in range(max(sizes))]
    log = Log(map(leaf_hash, leaves))
    for size in sizes:
        index, old = draw.randrange(size), draw.randrange(1, size)
        assert log.root(size) == rfc.mth(leaves[:size])
        assert list(log.inclusion(index, size)) == rfc.path(index, leaves[:size])
        assert list(log.consistency(old, size)) == rfc.proof(old, leaves[:size])
        assert is_included(leaf_hash(leaves[index]), index, size, log.inclusion(index, size), log.root(size))
        assert is_consistent(old, log.root(old), size, log.root(size), log.consistency(old, size))
    tell(f"log: {len(sizes)} trees of up to {max(sizes)} leaves as the RFC has them")


@given(st.lists(st.integers(0, 40), max_size=8))
def test_it_is_the_same_log_however_it_grew(steps: list[int]) -> None:
    hashes = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(sum(steps))]
    grown, left = Log(), iter(hashes)
    for step in steps:
        part = [next(left) for _ in range(step)]
        if step % 2:
            first = grown.size
            assert [grown.append(one) for one in part] == list(range(first, first + step))
        else:
            grown.extend(part)
    whole = Log(hashes)
    assert (grown.size, grown.root()) == (whole.size, whole.root())
    assert all(grown.inclusion(index) == whole.inclusion(index) for index in range(whole.size))


def test_a_leaf_hash_of_another_width_adds_nothing() -> None:
    log = Log(HASHES[:3])
    with pytest.raises(ValueError, match="32 bytes"):
        log.extend([HASHES[3], b"short"])
    assert (log.size, log.root()) == (3, LOG.root(3))


@pytest.mark.parametrize("ask", [lambda: LOG.root(66), lambda: LOG.root(-1), lambda: LOG.inclusion(3, 3)])
def test_what_it_does_not_hold_cannot_be_asked_for(ask: Callable[[], object]) -> None:
    with pytest.raises(TrucewatchError):
        ask()


def test_no_proof_leads_back() -> None:
    with pytest.raises(TrucewatchError, match="does not go on"):
        LOG.consistency(5, 4)
    with pytest.raises(TrucewatchError, match="ask for one from 1 to 65"):
        LOG.inclusion(-1)


def forged_hashes(proof: tuple[bytes, ...], draw: random.Random) -> Iterator[tuple[bytes, ...]]:
    """Give every proof that differs from this one by a bit, a byte, a hash, their order or their number."""
    for at, one in enumerate(proof):
        for bit in (0, 7, draw.randrange(256), 255):
            flipped = (int.from_bytes(one, "big") ^ (1 << bit)).to_bytes(32, "big")
            yield (*proof[:at], flipped, *proof[at + 1 :])
        for other in (bytes(32), one[:-1], one + b"\x00", b"", one[::-1]):
            yield (*proof[:at], other, *proof[at + 1 :])
        yield proof[:at] + proof[at + 1 :]
        yield (*proof[:at], one, *proof[at:])
        for later in range(at + 1, len(proof)):
            if proof[later] != one:
                swapped = list(proof)
                swapped[at], swapped[later] = swapped[later], swapped[at]
                yield tuple(swapped)
    yield (*proof, bytes(32))
    yield (bytes(32), *proof)
    if len(proof) > 1:
        yield proof[::-1]
        yield ()


def flipped(one: bytes) -> Iterator[bytes]:
    """Give a hash with each of its bits turned, and hashes of other widths."""
    for bit in range(256):
        yield (int.from_bytes(one, "big") ^ (1 << bit)).to_bytes(32, "big")
    yield from (one[:-1], one + b"\x00", b"")


def test_no_forged_inclusion_is_accepted(is_long: bool, tell: Callable[[str], None]) -> None:
    draw, tried = random.Random(1), 0
    for size in range(1, SMALL + 1) if is_long else (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65):
        root = LOG.root(size)
        for index in range(size) if is_long else sorted({0, 1 % size, size // 2, draw.randrange(size), size - 1}):
            leaf, proof = HASHES[index], LOG.inclusion(index, size)
            assert is_included(leaf, index, size, proof, root)
            # The same leaf, root and hashes fit one place of a tree only; another size may have the same shape there.
            places = [(other, size) for other in (*range(-2, size + 3), 2**53) if other != index]
            places += [(index, 0), (index, -size), (index, index), (index, 2 * size + 1), (index, 2**60)]
            wrong = [is_included(leaf, at, of, proof, root) for at, of in places]
            wrong += [is_included(leaf, index, size, other, root) for other in forged_hashes(proof, draw)]
            wrong += [is_included(other, index, size, proof, root) for other in flipped(leaf)]
            wrong += [is_included(leaf, index, size, proof, other) for other in flipped(root)]
            wrong += [is_included(other, index, size, proof, root) for other in HASHES if other != leaf]
            assert not any(wrong)
            tried += len(wrong)
    tell(f"log: {tried} forged inclusion proofs, 0 accepted")


def test_another_size_is_accepted_only_where_the_standard_cannot_tell_it() -> None:
    """A proof binds the size by the shape of its path alone; the head's size is signed, and is compared."""
    for size in range(1, 34):
        for index in range(size):
            proof, root = LOG.inclusion(index, size), LOG.root(size)
            for other in range(index + 1, SMALL + 1):
                if is_included(HASHES[index], index, other, proof, root):
                    assert path_of(index, other) == path_of(index, size)


def path_of(index: int, size: int) -> list[bool]:
    """Return on which side each hash of a proof stands, from the leaf up, by the definition of the tree."""
    if size == 1:
        return []
    k = rfc.split(size)
    return [*path_of(index, k), False] if index < k else [*path_of(index - k, size - k), True]


def test_no_forged_consistency_is_accepted(is_long: bool, tell: Callable[[str], None]) -> None:
    draw, tried = random.Random(2), 0
    for size in range(1, SMALL + 1) if is_long else (1, 2, 3, 4, 6, 7, 8, 9, 16, 17, 33, 64, 65):
        new = LOG.root(size)
        for old_size in range(1, size + 1) if is_long else sorted({1, size // 2 or 1, draw.randrange(size) or 1, size}):
            old, proof = LOG.root(old_size), LOG.consistency(old_size, size)
            assert is_consistent(old_size, old, size, new, proof)
            wrong = [is_consistent(old_size, old, size, new, other) for other in forged_hashes(proof, draw)]
            wrong += [is_consistent(old_size, other, size, new, proof) for other in flipped(old)]
            wrong += [is_consistent(old_size, old, size, other, proof) for other in flipped(new)]
            others = [LOG.root(other) for other in range(1, SMALL + 1)]
            wrong += [is_consistent(old_size, other, size, new, proof) for other in others if other != old]
            wrong += [is_consistent(old_size, old, size, other, proof) for other in others if other != new]
            wrong += [is_consistent(size + 1, old, size, new, proof), is_consistent(-1, old, size, new, proof)]
            wrong += [is_consistent(old_size, old, other, new, proof) for other in (2 * size + 1, 4 * size, 2**53)]
            if old_size < size:
                wrong += [is_consistent(size, new, old_size, old, proof), is_consistent(size, old, size, new, proof)]
                wrong += [is_consistent(0, old, size, new, ())]
            assert not any(wrong)
            tried += len(wrong)
    tell(f"log: {tried} forged consistency proofs, 0 accepted")


@pytest.mark.parametrize("at", range(20))
def test_a_rewritten_past_is_consistent_with_no_proof_of_its_own(at: int) -> None:
    rewritten = Log([*HASHES[:at], leaf_hash(b"rewritten"), *HASHES[at + 1 :]])
    for size in range(at + 1, SMALL):
        honest, proof = LOG.root(size), rewritten.consistency(size)
        assert not is_consistent(size, honest, SMALL, rewritten.root(), proof)
        assert not is_consistent(size, honest, SMALL, rewritten.root(), LOG.consistency(size))


def test_every_log_goes_on_from_nothing() -> None:
    assert LOG.consistency(0) == LOG.consistency(SMALL) == ()
    assert is_consistent(0, LOG.root(0), SMALL, LOG.root(), ())
    assert is_consistent(0, LOG.root(0), 0, LOG.root(0), ())
    assert not is_consistent(0, LOG.root(0), SMALL, LOG.root(), (bytes(32),))
    assert not is_consistent(0, LOG.root(0), 0, LOG.root(1), ())
    assert not is_consistent(0, LOG.root(1), SMALL, LOG.root(), ())


@given(st.integers(-3, 2**70), st.integers(-3, 2**70), st.lists(st.binary(min_size=32, max_size=32), max_size=90))
def test_any_numbers_and_hashes_are_judged_and_found_wanting(one: int, two: int, proof: list[bytes]) -> None:
    assert not is_included(HASHES[0], one, two, proof, LOG.root())
    assert one == 0 or not is_consistent(one, LOG.root(7), two, LOG.root(), proof)
