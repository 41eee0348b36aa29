"""Spellings: invented villages, and how one name is written by different houses and in two scripts.

An invented name begins with SIM- and is built from Arabic letters, so that each house can carry it into Latin letters
by its own table, as outlets do. A real name is respelled letter by letter; no Arabic form of one is made up.
"""

from __future__ import annotations

import re
import zlib

from trucewatch.simulations.truths import Dice

HOUSES = ("survey", "agency", "french", "street")

# Arabic letter, then how each house writes it.
_CONSONANTS = {
    "b": ("ب", "b", "b", "b", "b"), "t": ("ت", "t", "t", "t", "t"), "j": ("ج", "j", "j", "dj", "g"),
    "h": ("ح", "h", "h", "h", "h"), "kh": ("خ", "kh", "kh", "kh", "k"), "d": ("د", "d", "d", "d", "d"),
    "r": ("ر", "r", "r", "r", "r"), "z": ("ز", "z", "z", "z", "z"), "s": ("س", "s", "s", "ss", "s"),
    "sh": ("ش", "sh", "sh", "ch", "sh"), "f": ("ف", "f", "f", "f", "f"), "q": ("ق", "q", "q", "k", "k"),
    "k": ("ك", "k", "k", "k", "k"), "l": ("ل", "l", "l", "l", "l"), "m": ("م", "m", "m", "m", "m"),
    "n": ("ن", "n", "n", "n", "n"), "gh": ("غ", "gh", "gh", "gh", "g"), "y": ("ي", "y", "y", "y", "y"),
    "w": ("و", "w", "w", "w", "w"), "'": ("ع", "‘", "'", "", "a"), "dh": ("ذ", "dh", "th", "dh", "z"),
}  # fmt: skip
_VOWELS = {
    "aa": ("ا", "a", "aa", "a", "a"), "ii": ("ي", "i", "ee", "i", "i"), "uu": ("و", "u", "oo", "ou", "o"),
    "a": ("", "a", "a", "a", "a"), "i": ("", "i", "i", "i", "e"), "u": ("", "u", "u", "ou", "o"),
    "ah": ("ة", "ah", "a", "e", "eh"),
}  # fmt: skip
_FIRST = {
    "tall": ("تل", "Tall", "Tell", "Tel", "Tal"), "kafr": ("كفر", "Kafr", "Kafr", "Kfar", "Kufr"),
    "khirba": ("خربة", "Khirbat", "Khirbet", "Kherbet", "Khirba"), "dayr": ("دير", "Dayr", "Deir", "Deir", "Der"),
    "ayn": ("عين", "‘Ayn", "Ain", "Aïn", "Ein"), "umm": ("أم", "Umm", "Umm", "Oum", "Om"),
    "": ("", "", "", "", ""),
}  # fmt: skip
_ARTICLE = {"al": ("ال", "al-", "al-", "el-", "el "), "": ("", "", "", "", "")}
_PATTERNS = (
    "1 aa 2 i 3",
    "1 a 2 3 aa 2 ah",
    "1 u 2 ay 3",
    "1 a 2 ii 3 ah",
    "1 i 2 3 aa 4",
    "1 a 2 3 uu 4",
    "1 aa 2 i 3 ah",
)
_DIPHTHONG = {"ay": ("ي", "ay", "ai", "ei", "e")}

# What the houses make of a name that is only known in Latin letters.
_RESPELLED: dict[str, tuple[tuple[str, str], ...]] = {
    "survey": (),
    "agency": (("ay", "ei"), ("ii", "ee"), ("Tall ", "Tell "), ("q", "k"), ("Al ", "al-"), ("Ash ", "al-")),
    "french": (("sh", "ch"), ("Sh", "Ch"), ("u", "ou"), ("w", "ou"), ("Al ", "El "), ("j", "dj")),
    "street": (("aa", "a"), ("kh", "k"), ("Kh", "K"), ("dh", "d"), ("iy", "y"), ("h ", " "), ("Al ", ""), ("Ar ", "")),
}
_KIND = re.compile(r"\s+(town|village|city|camp|area|district|neighbourhood|neighborhood)$", re.IGNORECASE)


def invent_name(dice: Dice) -> tuple[str, ...]:
    """Draw the name of a village: in Arabic, then as each house writes it; all begin with SIM- (in Arabic سيم-)."""
    letters = dice.shuffle(list(_CONSONANTS))
    stem = [_of(sound, letters) for sound in dice.pick(_PATTERNS).split()]
    first = _FIRST[dice.pick([*_FIRST, "", "", ""])]
    article = _ARTICLE[dice.pick(("al", "", ""))]
    names = []
    for column in range(1 + len(HOUSES)):
        body = "".join(sound[column] for sound in stem)
        name = f"{article[column]}{body if column == 0 else body.capitalize()}"
        names.append(f"{'SIM' if column else 'سيم'}-{f'{first[column]} {name}'.strip()}")
    return tuple(names)


def respell(name: str, house: str) -> str:
    """Write a name that is known in Latin letters as a house does; what kind of place it is, is left out.

    >>> respell("Ash Shaykh Miskin town", "agency")
    'al-Shaykh Miskin'
    """
    written = _KIND.sub("", name)
    for old, new in _RESPELLED[house]:
        # A house is no machine: of each rule it is settled once and for all names whether it holds there.
        if zlib.crc32(f"{house} {old} {written}".encode()) % 4:
            written = written.replace(old, new)
    return written.strip()


def _of(sound: str, letters: list[str]) -> tuple[str, ...]:
    if sound.isdigit():
        return _CONSONANTS[letters[int(sound)]]
    return _DIPHTHONG.get(sound) or _VOWELS[sound]
