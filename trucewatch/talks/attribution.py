"""Attribution: on whose word a statement stands, from the outlet that tells it to the root that it names.

A sentence without an attribution of its own has none: it inherits none from the sentence before it. A report that
repeats another one is an echo of it: what it says differently is listed as drift, and never takes the place of what the
root says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

import polars as pl

from trucewatch.corroboration import echoes
from trucewatch.corroboration.origins import origins_of
from trucewatch.evidence import Count, Qualifier, read_count
from trucewatch.names import plain_name

# fmt: off
_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)
_ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
)
# fmt: on
_ORDINAL = re.compile(rf"\b(?:(?P<word>{'|'.join(_ORDINALS)})|(?P<figure>[1-9]\d{{0,3}})(?:st|[nr]d|th))\b", re.I)
_NUMBER = rf"[1-9]\d{{0,5}}|{'|'.join(_NUMBERS)}"
_COUNTED = re.compile(
    r"(?:(?P<how>at least|at most|up to|over|about|approximately) )?"
    rf"(?P<low>{_NUMBER})(?:(?: to |-)(?P<high>{_NUMBER}))?(?: of them)?\b",
    re.I,
)
_SEVERAL = re.compile(
    r"(?:several|some|many|a few|various|numerous|a (?:number|series|couple|pair|handful|group|team) of|a dozen)\b",
    re.I,
)
_NONE = re.compile(r"(?:no|none of|neither of)\b", re.I)
# Where what is counted ends and what is said of it begins.
_SAID_OF_IT = re.compile(r"\b(?:of|in|from|at|with|who|that|which|by|on)\b", re.I)
_PLURALS = ("people", "persons", "men", "women", "personnel", "police")


class Voicing(StrEnum):
    """In what voice a text tells something."""

    ATTRIBUTED = "attributed"  # it says on whose word
    OWN = "own-voice"  # the teller asserts it
    BELIEF = "belief"  # what somebody is said to believe, told in the teller's own voice
    KNOWN = "it-is-known"  # "it is known that": on nobody's word
    NONE = "none"  # the sentence says nothing of it


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a chain: a source or an actor by its id, an outlet without a name, or persons without one."""

    source: str = ""
    actor: str = ""
    outlet: str = ""
    unnamed: tuple[Count, ...] = ()

    @property
    def cited(self) -> str:
        """Whom it names, as the rules of origins read it: an unnamed plural ends in s."""
        if self.outlet:
            return f"{echoes.UNNAMED} {spoken_of(self.outlet).unit}"
        if not self.unnamed:
            return self.source or self.actor
        name = f"{echoes.UNNAMED} {' and '.join(count.unit for count in self.unnamed)}"
        is_plural = len(self.unnamed) > 1 or self.unnamed[0].low > 1 or self.unnamed[0].high is None
        return f"{name} persons" if is_plural and not name.endswith("s") else name


@dataclass(frozen=True, slots=True)
class Attribution:
    """On whose word one source tells something: the chain `on` runs from the nearest to the root; empty: not said.

    `hedge` and `quote` are words of the text: what it takes back of what it says, and what is not to be put otherwise.
    """

    by: str
    voicing: Voicing
    on: tuple[Link, ...] = ()
    hedge: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Origins:
    """How many independent origins there are at least, and at most; None: nothing bounds them from above."""

    low: int
    high: int | None

    @property
    def words(self) -> str:
        """The bounds in words."""
        return bounds(self.low, self.high)


def origins(told: Iterable[Attribution]) -> Origins:
    """Return the bounds of independent origins of what is told in some ways, by the rules of `origins_of`.

    Whoever does not say on whose word is an office that is silent on it; what nobody tells has no origin.
    """
    return _origins(tuple(sorted({(one.by, tuple(link.cited for link in one.on)) for one in told})))


@lru_cache(maxsize=4096)
def _origins(ways: tuple[tuple[str, tuple[str, ...]], ...]) -> Origins:
    if not ways:
        return Origins(0, 0)
    named = pl.DataFrame(
        [
            {"claim_key": str(n), "source": by, "office": by, "cites": json.dumps(cited) if cited else None}
            for n, (by, cited) in enumerate(ways)
        ],
        schema_overrides={"cites": pl.String},
    ).with_columns(
        pl.lit("statement").alias("incident"), pl.int_range(pl.len()).alias("entry"), pl.lit(False).alias("allegation"),
        *(pl.lit(None, pl.String).alias(name) for name in ("means", "interest")),
    )  # fmt: skip
    found = origins_of(named, pl.DataFrame(schema=echoes.SCHEMA)).row(0, named=True)
    return Origins(found["origins_low"], found["origins_high"])


def unnamed_persons(told: Iterable[Attribution]) -> tuple[Count, ...]:
    """Return how many persons without a name are spoken of, by what they are called, in the order of the text.

    Two who speak of "officials" may mean the same ones: the bound is the larger of theirs, and not the sum.
    """
    found: dict[str, Count] = {}
    for count in (count for one in told for link in one.on for count in link.unnamed):
        before = found.setdefault(plain_name(count.unit), count)
        if count.low > before.low:
            found[plain_name(count.unit)] = count
    return tuple(found.values())


# ---- counting words --------------------------------------------------------------------------------------------------


def spoken_of(words: str) -> Count:
    """Return how many the words of a text speak of; a plural without a number is at least two.

    >>> spoken_of("Israeli officials")
    Count(low=2, high=None, qualifier=<Qualifier.AT_LEAST: 'at-least'>, unit='Israeli officials')
    >>> spoken_of("the third meeting").high
    1
    """
    text = " ".join(words.split())
    text = text[4:] if text.lower().startswith("the ") else text
    if none := _NONE.match(text):
        return Count(0, 0, Qualifier.EXACT, text[none.end() :].strip())
    if several := _SEVERAL.match(text):
        return Count(2, None, Qualifier.AT_LEAST, text[several.end() :].strip())
    if found := _COUNTED.match(text):
        unit = text[found.end() :].strip()
        low = _number(found["low"])
        if found["high"]:
            return Count(low, _number(found["high"]), Qualifier.ABOUT, unit)
        return read_count(str(low), found["how"], unit)
    if article := re.match(r"(?:an?|the) ", text, re.I):
        return Count(1, 1, Qualifier.EXACT, text[article.end() :])
    if _is_plural(text):
        return Count(2, None, Qualifier.AT_LEAST, text)
    return Count(1, 1, Qualifier.EXACT, text)


def ordinal(words: str) -> int:
    """Return the place in a row that words give to what they speak of, from 1; 0: none, or several.

    >>> ordinal("the third meeting, in Europe"), ordinal("the second and third meetings")
    (3, 0)
    """
    found = _ordinals(words)
    return found[0] if len(found) == 1 else 0


def in_all(words: str) -> int:
    """Return how many there are in all at least, by words that speak of some: where there is a third, there are three.

    >>> in_all("the third meeting"), in_all("two of them in Amman"), in_all("a series of meetings")
    (3, 2, 2)
    """
    return max([spoken_of(words).low, *_ordinals(words)])


def bounds(low: int, high: int | None) -> str:
    """Write bounds in words: at least 2, 3, at most 4, 2 to 4."""
    if high is None:
        return f"at least {low}"
    if low == high:
        return str(low)
    return f"{low} to {high}" if low else f"at most {high}"


def _ordinals(words: str) -> list[int]:
    found = (match.groupdict() for match in _ORDINAL.finditer(words))
    return [int(one["figure"]) if one["figure"] else _ORDINALS.index(one["word"].lower()) for one in found]


def _number(word: str) -> int:
    return int(word) if word.isdecimal() else _NUMBERS.index(word.lower())


def _is_plural(words: str) -> bool:
    head = (_SAID_OF_IT.split(words)[0].split() or [""])[-1].strip(",.").lower()
    return head in _PLURALS or (head.endswith("s") and not head.endswith("ss"))


# ---- roots and echoes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What one report says in one respect: in words, or as a count. `of` is what it is said of.

    `on` is on whose word, where the respect has a word of its own.
    """

    respect: str
    of: str
    words: tuple[str, ...] = ()
    count: Count | None = None
    on: tuple[Link, ...] = ()
    basis: str = "stated"

    @property
    def told(self) -> str:
        """What is said, in words."""
        return bounds(self.count.low, self.count.high) if self.count else " and ".join(self.words) or "nothing"


@dataclass(frozen=True, slots=True)
class Repeat:
    """A report that repeats a root; `said` holds, by respect, what is known of its words; the rest is unknown."""

    by: str
    said: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Root:
    """The report that others go back to, on whose word it tells, what it says, and who repeats it."""

    id: str
    of: str
    by: str
    on: tuple[Link, ...]
    said: Mapping[str, Said]
    repeats: tuple[Repeat, ...]
    rests_on: tuple[str, ...] = ()

    def of_subjects(self, subjects: Collection[str]) -> Root:
        """Return the root and its echoes with what they say of some subjects alone."""

        def kept(said: Mapping[str, Said]) -> dict[str, Said]:
            return {respect: one for respect, one in said.items() if one.of in subjects}

        repeats = tuple(replace(one, said=kept(one.said)) for one in self.repeats)
        return replace(self, said=kept(self.said), repeats=repeats)

    def told(self) -> tuple[Attribution, ...]:
        """Return on whose word the root and its echoes tell it. Whom an echo names in the root's place is drift."""
        voicing = Voicing.ATTRIBUTED if self.on else Voicing.NONE
        root = Attribution(self.by, voicing, self.on)
        again = (Attribution(one.by, Voicing.ATTRIBUTED, (Link(self.by), *self.on)) for one in self.repeats)
        return (root, *again)


LOST = "attribution lost"


@dataclass(frozen=True, slots=True)
class Difference:
    """What an echo says otherwise than its root, in one respect.

    `change` is lost, added, changed, grew, shrank, sharpened or blurred, as in `corroboration.drift`; or, where it
    tells the same and leaves out on whose word, "attribution lost".
    """

    by: str
    respect: str
    of: str
    change: str
    was: str
    now: str
    basis: str = "stated"  # "inferred" where what the root says is our inference

    @property
    def is_of_content(self) -> bool:
        """Whether it changes what is said, and not only on whose word."""
        return self.change != LOST


def drift(root: Root) -> tuple[Difference, ...]:
    """Return what the echoes of a root say otherwise, in the order of the file; computed, never typed."""
    found = []
    for repeat in root.repeats:
        for respect in (*root.said, *(name for name in repeat.said if name not in root.said)):
            was, now = root.said.get(respect), repeat.said.get(respect)
            if now is None:
                continue
            change = _changed(was, now)
            if change:
                told, basis = (was.told, was.basis) if was else ("nothing", "stated")
                found.append(Difference(repeat.by, respect, now.of, change, told, now.told, basis))
            elif was and was.on and not now.on:
                on = " and ".join(link.cited for link in was.on)
                found.append(Difference(repeat.by, respect, now.of, LOST, on, "nobody"))
    return tuple(found)


def _changed(was: Said | None, now: Said) -> str:
    if was is None:
        return "added"
    if was.count and now.count:
        return _bounds_changed(was.count, now.count)
    old, new = ({plain_name(word) for word in one.words} for one in (was, now))
    if bool(was.count) != bool(now.count):
        return "changed" if new or now.count else "lost"
    if old == new:
        return ""
    return "lost" if new < old else "added" if old < new else "changed"


def _bounds_changed(was: Count, now: Count) -> str:
    most = max(was.low, now.low, was.high or 0, now.high or 0) + 1
    was_high, high = (most if one.high is None else one.high for one in (was, now))
    if (was.low, was_high) == (now.low, high):
        return ""
    if was.low <= now.low and high <= was_high:
        return "sharpened"
    if now.low <= was.low and was_high <= high:
        return "blurred"
    return "grew" if now.low > was.low else "shrank"


def roots_of(told: Iterable[Attribution], roots: Sequence[Root]) -> frozenset[str]:
    """Return the reports that tell something, an echo counted as the root that it repeats."""
    repeated = {repeat.by: root.by for root in roots for repeat in root.repeats}
    return frozenset(repeated.get(one.by, one.by) for one in told)
