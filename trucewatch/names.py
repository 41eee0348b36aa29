"""Names: what the spellings of one name share, in any script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

# As they stand once reduced, so "محافظة" with its last letter replaced.
_ADMIN_WORDS = ("governorate", "province", "region", "oblast", "muhafazat", "محافظه", "область", "мухафаза")
_LEADING_WORDS = ("of", "the")
_SILENT = "'`´’‘ʼʻʿʾ\u0640"
# One Arabic letter written in several ways; Persian and Urdu keyboards give the last two.
_ARABIC = {"ٱ": "ا", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك"}
_LETTERS = str.maketrans({**dict.fromkeys(_SILENT), **_ARABIC})


@lru_cache(maxsize=65536)
def plain_name(name: str) -> str:
    """Reduce a name to what its spellings share: no case, accents, apostrophes or administrative word.

    >>> plain_name("Dar`a Governorate") == plain_name("DARA")
    True

    A name that is nothing but such words keeps them. The empty string is left of what has no letter and no digit.
    """
    # The acute accent on its own decomposes into a space; taken out before, it is silent like an apostrophe.
    text = unicodedata.normalize("NFKD", name.translate(_LETTERS).casefold())
    # A second round: folding case undoes some of what the first one did, and the other way round.
    text = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    kept = (c for c in text if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    words = "".join(c if c.isalnum() else " " for c in kept).split()
    telling = [word for word in words if word not in _ADMIN_WORDS]
    while telling and telling[0] in _LEADING_WORDS:
        telling = telling[1:]
    return " ".join(telling or words)


# Words for the kind of a place: one spelling writes them, the next does not.
_KINDS = frozenset((
    "governorate", "province", "region", "oblast", "district", "subdistrict", "city", "town", "village", "centre",
    "center", "muhafazat", "muhafaza", "muhafazah", "mukhafaza", "mantiqat", "nahiyat", "nahiyah", "nahiya", "markaz",
    "mhafzt", "mhafdht", "mhafzat", "mhafdhat", "mhafza", "mhafdha", "mntqt", "mntqat", "mntqa", "nahyt", "nahyat",
    "nahya", "mdynt", "mdynat", "mdyna", "qryt", "qryat", "qrya", "bldt", "bldat", "blda", "mrkz",
))  # fmt: skip
# Arabic letters that stand for a vowel, or for a catch in the voice that other scripts leave out.
_ARABIC_VOWELS = str.maketrans({**dict.fromkeys("اأإآٱىة", "a"), **dict.fromkeys("ءعئؤ", "")})
_ARABIC_ARTICLE = re.compile(r"\bال(?=\w{2})")
# At the end of a name it is silent, and commonly written as the letter after it; before another word it is spoken.
_SILENT_HEH = re.compile(r"(?<=\w)ه\b")
_SPOKEN_TEH = re.compile(r"ة(?= \w)")
_ARTICLE = re.compile(r"\b(?:(?:[aeu]l|[aeu](?P<sun>sh|th|dh|[stdrzn]))[ -]+(?=(?(sun)(?P=sun)|\w))|el(?=[a-z]{4}))")
# One sound as several alphabets and languages write it.
_SOUNDS = {
    "kh": "h", "gh": "g", "th": "t", "dh": "d", "sh": "s", "ch": "s", "dj": "g", "ck": "k", "qu": "k", "q": "k",
    "c": "k", "j": "g", "p": "b", "v": "w", "x": "ks",
}  # fmt: skip
_SOUND = re.compile("|".join(_SOUNDS))
_DOUBLED = re.compile(r"(.)\1+")
_GLIDE = re.compile(r"[yi](?=[aeou])")
_VOWELS = "aeiou"


@lru_cache(maxsize=65536)
def skeleton(name: str) -> str:
    """Return the consonants that the spellings of one name share across scripts and ways of transliteration.

    >>> skeleton("Nawa") == skeleton("نوى") == skeleton("Нава")
    True
    >>> skeleton("As-Suwayda"), skeleton("Sweida"), skeleton("السويداء")
    ('swd', 'swd', 'swd')

    The name is written in Latin letters; articles, words for the kind of place, vowels and doubled letters are dropped,
    and letters that stand for one sound in some alphabet or language fall together. W and y count where a vowel
    follows. It is a hint and no more: short names of different places can share one. Empty where nothing is left.
    """
    arabic = _ARABIC_ARTICLE.sub("", unicodedata.normalize("NFKC", name))
    arabic = _SPOKEN_TEH.sub("ت", _SILENT_HEH.sub("ة", arabic)).translate(_ARABIC_VOWELS)
    latin = _ARTICLE.sub("", re.sub(r"['`]", "", anyascii(arabic).casefold()))
    words = re.sub(r"[^a-z0-9]+", " ", latin).split()
    return "".join(map(_consonants, [word for word in words if word not in _KINDS] or words))


def _consonants(word: str) -> str:
    spoken = word.removesuffix("h") if len(word) > 2 and word[-2] in _VOWELS else word
    spoken = _DOUBLED.sub(r"\1", _SOUND.sub(lambda found: _SOUNDS[found[0]], spoken))
    kept: list[str] = []
    is_vowel_next = False
    for letter in reversed(_GLIDE.sub("y", spoken)):
        is_weak = letter in _VOWELS or (letter in "wy" and not is_vowel_next)
        if not is_weak:
            kept.append(letter)
        is_vowel_next = is_weak
    return _DOUBLED.sub(r"\1", "".join(reversed(kept))) or spoken[:1]
