"""Pages: a file of an agreement's folder, its values read key by key, and each fault told with its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trucewatch.agreement.terms import TextSource
from trucewatch.evidence import Reliability
from trucewatch.problems import Problem, did_you_mean
from trucewatch.texts import Marked, read_text
from trucewatch.when import Span, read_edtf

_FORMAT = 1
NOTHING = Marked({}, 1)
_LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Za-z]+)*$")


@dataclass
class Page:
    """A reader of the files of one folder; `file` is the one that is open, and `problems` what is wrong so far."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    file: str = ""
    timezone: str = "UTC"

    def _open(self, name: str) -> Marked:
        path = self.folder / name
        self.file = self._called(name)
        text, problems = read_text(path, self.file)
        self.problems.extend(problems)
        if not text.is_map:
            self._complain(1, "not-a-map", "must consist of keys and values")
            return NOTHING
        return text if text.value or not problems else NOTHING

    def _called(self, name: str) -> str:
        return str(self.folder / name)

    def _complain(self, line: int, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, line, code, message, hint))

    def _unknown(self, line: int, kind: str, word: str, known: Iterable[str]) -> None:
        code = f"unknown-{kind.split()[0]}"
        self._complain(line, code, f"no {kind} is called '{word}'", did_you_mean(word, known))

    def _known_keys(self, text: Marked, known: Sequence[str]) -> None:
        if not text.is_map:
            self._complain(text.line, "not-a-map", f"needs keys such as {', '.join(known[:3])}")
        for key, inner in text.entries():
            if key not in known:
                self._complain(inner.line, "unknown-key", f"no key is called '{key}' here", did_you_mean(key, known))

    def _get(self, text: Marked, key: str) -> Marked:
        return text.get(key) or Marked(None, text.line)

    def _map(self, text: Marked, key: str) -> list[tuple[str, Marked]]:
        inner = self._get(text, key)
        if inner.value is not None and not inner.is_map:
            self._complain(inner.line, "not-a-map", f"'{key}' must consist of keys and values")
        return list(inner.entries())

    def _word(self, text: Marked, key: str) -> str:
        value = self._get(text, key).value
        if isinstance(value, dict | list):
            self._complain(self._get(text, key).line, "not-a-word", f"'{key}' must be one value")
            return ""
        return "" if value is None else str(value)

    def _list(self, text: Marked, key: str) -> tuple[str, ...]:
        return tuple(str(item.value) for item in self._get(text, key).items())

    def _words_under(self, text: Marked, key: str) -> dict[str, str]:
        inner = self._get(text, key)
        if isinstance(inner.value, str):
            return {"en": inner.value}
        if inner.value is not None and not inner.is_map:
            self._complain(inner.line, "not-a-sentence", f"'{key}' is {inner.value!r}", "give a sentence in quotes")
        for language, words in inner.entries():
            if not (_LANGUAGE.match(language) and isinstance(words.value, str) and words.value.strip()):
                self._complain(
                    words.line,
                    "not-a-sentence",
                    f"'{key}' holds '{language}', which is no language code with a sentence",
                    "inside braces a comma ends the sentence; put it in quotes",
                )
        return {language: str(words.value) for language, words in inner.entries()}

    def _reference(self, text: Marked, key: str, known: Any, kind: str) -> str:
        written = self._get(text, key)
        word = "" if written.value is None else str(written.value)
        if not word:
            self._complain(written.line, "key-missing", f"'{key}' is missing")
        elif word not in known:
            self._unknown(written.line, kind, word, known)
        else:
            return word
        return ""

    def _references(self, text: Marked, key: str, known: Any, kind: str) -> tuple[str, ...]:
        found = []
        for item in self._get(text, key).items():
            word = str(item.value)
            if word in known:
                found.append(word)
            else:
                self._unknown(item.line, kind, word, known)
        return tuple(found)

    def _choice(self, text: Marked, key: str, known: Sequence[str], default: str = "") -> str:
        word = self._word(text, key) or default
        if word not in known:
            self._unknown(self._get(text, key).line, key, word, known)
            return default
        return word

    def _span(self, written: Marked) -> Span | None:
        if written.value is None:
            return None
        try:
            return read_edtf(str(written.value), self.timezone)
        except ValueError as fault:
            word = str(written.value)
            told = str(fault) if word in str(fault) else f"'{word}': {fault}"
            self._complain(written.line, "not-a-date", told, "a day is written 2017-07-09, a time 2017-07-09T12:00")
            return None

    def _format(self, text: Marked) -> None:
        written = self._get(text, "format")
        if written.value != _FORMAT or isinstance(written.value, bool):
            told, hint = f"format is {written.value!r}", f"this program reads {_FORMAT}"
            self._complain(written.line, "unknown-format", told, hint)

    def _sources(self, text: Marked) -> dict[str, TextSource]:
        found = {}
        written = dict(self._map(text, "sources"))
        for name, inner in written.items():
            self._known_keys(inner, ("title", "published", "grade", "relays", "note"))
            self._references(inner, "relays", written, "source")
            self._span(self._get(inner, "published"))
            found[name] = TextSource(
                name, self._word(inner, "title"), self._word(inner, "published"), self._grade(inner)
            )
        return found

    def _grade(self, text: Marked) -> str:
        return self._choice(text, "grade", list(Reliability)) if text.get("grade") else ""
