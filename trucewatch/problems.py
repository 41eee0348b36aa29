"""Problems: what is wrong with data or law, where it stands, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field


class TrucewatchError(Exception):
    """Something the user can act on: the message says what and how (exit code 1)."""


class WrongCall(TrucewatchError):
    """What was asked for does not exist or cannot be read: a period, a reading, an as-of (exit code 2)."""


class FileFault(TrucewatchError):
    """A whole file that cannot be read as what it was said to be; nothing of it is kept."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in one place, as a value: data never raises.

    `file` is the name as given, `line` counts from 1 (0: the file as a whole), `code` is a stable kebab-case
    word listed in the documentation, `hint` says what would mend it.
    """

    file: str
    line: int
    code: str
    message: str
    hint: str = field(default="", compare=False)

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}: {self.code} {self.message}{tail}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint naming the closest known word, or the empty string.

    >>> did_you_mean("dara", ["daraa", "quneitra"])
    "did you mean 'daraa'?"
    """
    close = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
