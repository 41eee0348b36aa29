"""Wordings: texts as runs of five words, the same in every spelling; what is quoted stands apart from own words."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.names import plain_name

Hashes = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]

GRAM_WORDS = 5

# What is quoted at this length is somebody's statement; fewer words are a name, or a word held at arm's length.
_QUOTED_WORDS = 5
# A sign of its own, such as a dash between spaces, is no word; quotations leave a gap that no 5-gram reaches over.
_NO_WORD, _NO_STEP = 0, 1
_OPEN, _CLOSE, _GAP = "\x02", "\x03", "\x04"
# Guillemets first, which cannot be mistaken. Double marks of all kinds then pair in order within a paragraph: straight
# ones do not say which they are, and Arabic ones are typed either way round. Single ones are apostrophes in words.
_MARKS = (
    r"()«([^»\n]*)»()",
    r'()["“”„‟]([^"“”„‟\n]*)["“”„‟]()',
    r"(^|[\s(])['‘](\p{L}[^\n]*?)['’]([^\p{L}\p{N}]|$)",
)
_QUOTATION = (
    rf"{_OPEN}\s*(?:[^\s{_OPEN}{_CLOSE}]+\s+){{{_QUOTED_WORDS - 1},}}[^\s{_OPEN}{_CLOSE}][^{_OPEN}{_CLOSE}]*{_CLOSE}"
)
# So few texts that the words of a batch stay in the processor's cache.
_BATCH = 8_192


@dataclass(frozen=True, slots=True)
class Wordings:
    """The 5-grams of some texts in the order of their words.

    Those of text i are `grams[starts[i] : starts[i + 1]]`; `places` says which word of it each begins with. A text that
    is null has none. A gram mixes 64 bits of BLAKE2b (RFC 7693) a word: the same on every machine, in every version.
    """

    starts: Numbers
    places: Numbers
    grams: Hashes


def own_words(texts: pl.Series) -> Wordings:
    """Return the 5-grams of what texts say in their own words: quotations of five words and more are left out.

    Quotation marks may be straight, curly, low, guillemets or Arabic. Words are compared without case, accents, vowel
    signs, punctuation and the several forms of an Arabic letter.
    """
    return _wordings(texts, lambda marked: marked.str.replace_all(_QUOTATION, f" {_GAP} "))


def quoted_words(texts: pl.Series) -> Wordings:
    """Return the 5-grams of what stands in quotation marks, five words and more."""
    return _wordings(texts, lambda marked: marked.str.extract_all(_QUOTATION).list.join(f" {_GAP} "))


def has_quotations(text: pl.Expr) -> pl.Expr:
    """Say whether a text has marks that may quote something."""
    return text.str.contains(r"[«\"“”„‟'‘]")


def plain_word(word: str) -> str:
    """Reduce a word to its letters and digits, in one form of each; nothing is left of what has none.

    >>> plain_word("Daraa's,")
    'daraas'
    """
    folded = word.lower() if word.isascii() else plain_name(word)
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in folded if c.isalnum())


def _wordings(texts: pl.Series, part: Callable[[pl.Series], pl.Series]) -> Wordings:
    hashed: dict[str, int] = {}
    counts = [np.zeros(1, np.int64)]
    places, grams = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    for first in range(0, len(texts), _BATCH):
        count, place, gram = _grams(*_words(part(_marked(texts[first : first + _BATCH])), hashed))
        counts.append(count)
        places.append(place)
        grams.append(gram)
    return Wordings(np.cumsum(np.concatenate(counts)), np.concatenate(places), np.concatenate(grams))


def _marked(texts: pl.Series) -> pl.Series:
    """Return texts in which one sign opens every quotation, and one closes it."""
    for marks in _MARKS:
        texts = texts.str.replace_all(marks, f"${{1}}{_OPEN}${{2}}{_CLOSE}${{3}}")
    return texts


def _words(texts: pl.Series, hashed: dict[str, int]) -> tuple[Numbers, Hashes]:
    """Return (starts, hashes) of the words of texts, with _NO_STEP for a gap; `hashed` remembers what words come to."""
    listed = texts.str.replace_all(r"[^\S ]+", " ").str.split(" ")
    counts = listed.list.len().fill_null(0).to_numpy()
    every = listed.explode(empty_as_null=False, keep_nulls=False).alias("word")
    distinct = every.unique(maintain_order=True)
    spelt = distinct.to_list()
    for word in spelt:
        if word not in hashed:
            hashed[word] = _word_hash(word)
    known = pl.DataFrame({"word": distinct, "hash": pl.Series([hashed[word] for word in spelt], dtype=pl.UInt64)})
    hashes = every.to_frame().join(known, on="word", how="left", maintain_order="left")["hash"].to_numpy()
    is_word = hashes != _NO_WORD
    counts = np.bincount(np.repeat(np.arange(len(counts)), counts)[is_word], minlength=len(counts))
    return np.concatenate([[0], np.cumsum(counts)]), hashes[is_word]


def _word_hash(word: str) -> int:
    if word == _GAP:
        return _NO_STEP
    plain = plain_word(word)
    return max(int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), "big"), 2) if plain else _NO_WORD


def _grams(starts: Numbers, words: Hashes) -> tuple[Numbers, Numbers, Hashes]:
    """Return (counts by text, places, grams): what five words in a row mix to."""
    number = max(len(words) - GRAM_WORDS + 1, 0)
    mixed = np.zeros(number, np.uint64)
    is_whole = np.ones(number, bool)
    for place in range(GRAM_WORDS):
        there = words[place : place + number]
        mixed = (mixed ^ there) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        is_whole &= there != _NO_STEP
    text = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    is_whole &= text[:number] == text[GRAM_WORDS - 1 : GRAM_WORDS - 1 + number]
    at = np.flatnonzero(is_whole)
    return np.bincount(text[at], minlength=len(starts) - 1), at - starts[text[at]], mixed[at]
