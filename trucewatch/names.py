"""Names: what the spellings of one name share, in any script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ADMIN_WORDS = re.compile(r"\b(governorate|province|region|oblast|muhafazat)\b|^(محافظة)\s+", re.IGNORECASE)
_SILENT = "'`’‘ʼʿʾ\u0640"
# One Arabic letter written in several ways.
_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ى": "ي"})


@lru_cache(maxsize=65536)
def plain_name(name: str) -> str:
    """Reduce a name to what its spellings share: no case, accents, apostrophes or administrative word.

    >>> plain_name("Dar`a Governorate") == plain_name("DARA")
    True
    """
    text = name.translate(_ARABIC)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c) and c not in _SILENT)
    text = _ADMIN_WORDS.sub(" ", text.casefold())
    words = "".join(c if c.isalnum() else " " for c in text).split()
    while words[:1] in (["of"], ["the"]):
        words = words[1:]
    return " ".join(words)
