"""Names: what the spellings of one name share, in any script."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

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
