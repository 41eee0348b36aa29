"""Mandates: what a mission may say, in which words, how finely to whom, and who signs it; read from `mandate.yml`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path

from trucewatch.agreement.terms import Agreement
from trucewatch.clearances import Role
from trucewatch.evidence import Standard
from trucewatch.grains import Grain, default_grains, read_grain
from trucewatch.levels import Level, read_level
from trucewatch.logs.casualties import LEAST_SOURCES, MOST_SOURCES
from trucewatch.problems import Problem, TrucewatchError, did_you_mean
from trucewatch.sitreps.style import Style, Wording
from trucewatch.sitreps.tables import FINDINGS
from trucewatch.texts import Marked, read_text

TEMPLATE = """\
# What this mission may say, and who signs it. A mission observes and records; each further word needs a mandate.
format: 1
may: [observe, record]          # add: verify, attribute, determine
standard: reasonable-grounds    # or balance-of-probabilities, clear-and-convincing
clearance: [reporting, legal, chief]  # the roles that clear a sitrep, in this order; the last one releases it
delay_days: 14                  # positions of forces younger than this are told to nobody outside the mission
witness: {times: ["06:00", "18:00"], pad_to: 64}  # when (UTC) a second office witnesses the ledger, filled up first
"""
POWERS = ("observe", "record", "verify", "attribute", "determine")
CLEARANCE = ("reporting", "legal", "chief")
DELAY_DAYS = 14
REPLY_DAYS = 14

_FORMAT = 1
_KEYS = (
    "format", "may", "standard", "names_parties", "clearance", "roles", "cut_off", "delay_days", "reply_days",
    "casualty_sources", "witness", "grains", "style",
)  # fmt: skip
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_MOST_DAYS, _MOST_LEAVES = 3660, 1_000_000


@dataclass(frozen=True, slots=True)
class Witnessing:
    """When a second office of the organisation witnesses the mission's ledger, and to what size it is padded first.

    `times` are times of day in UTC (none: whenever it is asked); `pad_to` is the multiple of entries that the ledger is
    filled up to, so that a witness cannot count what came in (1: not filled).
    """

    times: tuple[time, ...] = (time(6), time(18))
    pad_to: int = 64


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a mission may say, by which standard, and who signs it.

    `clearance` are the roles that clear a sitrep, in order; the last one releases it, and withholds findings.
    `names_parties` says whether products below mission level say which party; `cut_off` is the time of day (on the
    agreement's clocks) to which a daily report reaches; `reply_days` is how many days a party has to reply to what is
    put to it, where nothing else is said when it is; `casualty_sources` is by how many sources that do not rest on
    one another a casualty is verified (2 to 4); `grains` hold those audiences, by word, that are told in
    another grain than the usual one.
    """

    powers: tuple[str, ...] = ("observe", "record")
    standard: Standard = Standard.REASONABLE_GROUNDS
    names_parties: bool = False
    clearance: tuple[str, ...] = CLEARANCE
    roles: Mapping[str, Role] = field(default_factory=dict)
    cut_off: time = time(0)
    delay_days: int = DELAY_DAYS
    reply_days: int = REPLY_DAYS
    casualty_sources: int = LEAST_SOURCES
    witness: Witnessing = Witnessing()
    grains: Mapping[str, Grain] = field(default_factory=dict)
    style: Style = field(default_factory=Style)

    @property
    def may_determine(self) -> bool:
        """Whether it may call a finding a violation in its own voice."""
        return "determine" in self.powers

    @property
    def may_attribute(self) -> bool:
        """Whether it may say who answers for what happened."""
        return self.may_determine or "attribute" in self.powers

    @property
    def chief(self) -> str:
        """The role that signs last."""
        return self.clearance[-1]

    def may_name_parties(self, audience: Level) -> bool:
        """Whether an audience may be told which party; the mission itself always is."""
        return self.names_parties or audience >= Level.MISSION


def open_mandate(path: Path, agreement: Agreement | None = None) -> Mandate:
    """Read a mandate that has no fault; raises TrucewatchError, naming the first."""
    mandate, problems = read_mandate(path, agreement)
    if problems:
        raise TrucewatchError(str(problems[0]))
    return mandate


def read_mandate(path: Path, agreement: Agreement | None = None) -> tuple[Mandate, tuple[Problem, ...]]:
    """Read `mandate.yml` as (mandate, problems), in the order of its lines; what has a problem is as if it was unsaid.

    With an agreement, names of parties and places are held against it. Raises FileFault for a file that is no text.
    """
    text, problems = read_text(path)
    reader = _Reader(str(path), problems, agreement)
    mandate = reader.mandate(text) if not problems else Mandate()
    return mandate, tuple(sorted(reader.problems, key=lambda problem: (problem.line, problem)))


@dataclass
class _Reader:
    """Reads one mandate; what is wrong with it goes to `problems`."""

    file: str
    problems: list[Problem]
    agreement: Agreement | None

    def report(self, at: Marked, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, at.line, code, message, hint))

    def mandate(self, text: Marked) -> Mandate:
        self._known_keys(text, _KEYS, "a mandate")
        if (at := text.get("format")) is not None and at.value != _FORMAT:
            self.report(at, "unknown-format", f"format '{at.value}' is not read", f"this version reads {_FORMAT}")
        powers = self._powers(text)
        may_attribute = bool({"attribute", "determine"} & set(powers))
        delay = self._number(text, "delay_days", DELAY_DAYS, 0, _MOST_DAYS)
        return Mandate(
            powers=powers,
            standard=self._standard(text),
            names_parties=self._truth(text, "names_parties", may_attribute),
            clearance=self._clearance(text),
            roles=self._roles(text),
            cut_off=self._clock(text.get("cut_off"), time(0)),
            delay_days=delay,
            reply_days=self._number(text, "reply_days", REPLY_DAYS, 1, _MOST_DAYS),
            casualty_sources=self._number(text, "casualty_sources", LEAST_SOURCES, LEAST_SOURCES, MOST_SOURCES),
            witness=self._witness(text),
            grains=self._grains(text, delay),
            style=self._style(text),
        )

    # ---- powers, roles, times ----------------------------------------------------------------------------------------

    def _powers(self, text: Marked) -> tuple[str, ...]:
        at = text.get("may")
        told = tuple(str(item.value) for item in at.items()) if at else ()
        for item in at.items() if at else ():
            if item.value not in POWERS:
                hint = did_you_mean(str(item.value), POWERS) or f"one of {', '.join(POWERS)}"
                self.report(item, "unknown-power", f"'{item.value}' is no power", hint)
        return tuple(power for power in told if power in POWERS)

    def _standard(self, text: Marked) -> Standard:
        standards = {standard.word: standard for standard in Standard}
        at = text.get("standard")
        if at is None or str(at.value) not in standards:
            hint = did_you_mean(str(at.value), standards) if at else ""
            self.report(
                at or text, "unknown-standard", "names no standard of proof", hint or f"one of {', '.join(standards)}"
            )
            return Standard.REASONABLE_GROUNDS
        return standards[str(at.value)]

    def _clearance(self, text: Marked) -> tuple[str, ...]:
        at = text.get("clearance")
        if at is None:
            return CLEARANCE
        roles: list[str] = []
        for item in at.items():
            role = self._words(item)
            if role in roles:
                self.report(item, "role-twice", f"'{role}' would clear twice", "each step is for another role")
            elif role:
                roles.append(role)
        if not at.is_list or not at.value:
            self.report(at, "bad-clearance", "names nobody who clears", f"a list of roles, such as {list(CLEARANCE)}")
        return tuple(roles) or CLEARANCE

    def _roles(self, text: Marked) -> dict[str, Role]:
        roles = {}
        for name, inner in self._map(text, "roles"):
            self._known_keys(inner, ("under", "nominee_of"), "a role")
            party = self._text(inner, "nominee_of")
            if party and self.agreement and party not in self.agreement.parties:
                at = inner.get("nominee_of") or inner
                hint = did_you_mean(party, self.agreement.parties) or f"it has {', '.join(self.agreement.parties)}"
                self.report(at, "unknown-party", f"the agreement has no party '{party}'", hint)
            roles[name] = Role(self._text(inner, "under"), party)
        return roles

    def _witness(self, text: Marked) -> Witnessing:
        at = text.get("witness")
        if at is None:
            return Witnessing()
        if not at.is_map:
            self.report(at, "not-a-map", "'witness' must hold keys", "times, pad_to")
            return Witnessing()
        self._known_keys(at, ("times", "pad_to"), "'witness'")
        usual = Witnessing()
        named = at.get("times")
        times = {self._clock(item, time(0)) for item in named.items()} if named else usual.times
        return Witnessing(tuple(sorted(times)), self._number(at, "pad_to", usual.pad_to, 1, _MOST_LEAVES))

    def _clock(self, at: Marked | None, otherwise: time) -> time:
        if at is None:
            return otherwise
        if not isinstance(at.value, str) or not _TIME.fullmatch(at.value):
            self.report(
                at, "bad-time-of-day", f"'{at.value}' is no time of day", "hours and minutes in quotes: '18:00'"
            )
            return otherwise
        hour, _, minute = at.value.partition(":")
        return time(int(hour), int(minute))

    # ---- grains ------------------------------------------------------------------------------------------------------

    def _grains(self, text: Marked, delay_days: int) -> dict[str, Grain]:
        """Return the grains that differ from the usual ones: by the mandate's delay, or by what it says of them."""
        usual = default_grains()
        below = [word for word, grain in usual.items() if grain.delay_days]
        grains = {word: replace(usual[word], delay_days=delay_days) for word in below if delay_days != DELAY_DAYS}
        for word, inner in self._map(text, "grains"):
            try:
                audience = "party" if word == "party" else read_level(word).word
            except TrucewatchError as fault:
                self.report(inner, "unknown-level", str(fault))
                continue
            if audience in (Level.MISSION.word, Level.SEALED.word):
                self.report(inner, "bad-grain", f"'{word}' is told exactly, always", "leave it out")
                continue
            grain = grains.get(audience) or grains.get("party") or usual.get(audience) or usual["party"]
            for name, at in inner.entries():
                try:
                    grain = read_grain({name: at.plain()}, grain)
                except TrucewatchError as fault:
                    self.report(at, "bad-grain", str(fault))
            grains[audience] = grain
        return grains

    # ---- the style sheet ---------------------------------------------------------------------------------------------

    def _style(self, text: Marked) -> Style:
        at = text.get("style")
        if at is None:
            return Style()
        if not at.is_map:
            self.report(at, "not-a-map", "'style' must hold keys", "mission, actors, places, disclaimers, columns")
            return Style()
        self._known_keys(at, ("mission", "actors", "places", "disclaimers", "columns"), "a style sheet")
        law = self.agreement
        said = at.get("disclaimers")
        return Style(
            mission=self._by_language(at.get("mission")),
            actors=self._named(at, "actors", (*law.parties, *law.register.actors) if law else None),
            places=self._named(at, "places", (*law.zones, *law.lines) if law else None),
            disclaimers=tuple(filter(None, map(self._wording, said.items()))) if said else (),
            columns=self._columns(at.get("columns")),
        )

    def _named(self, text: Marked, key: str, known: Collection[str] | None) -> dict[str, tuple[Wording, ...]]:
        names = {}
        for id, inner in self._map(text, key, is_open=True):
            if known is not None and id not in known:
                hint = did_you_mean(id, known) or f"ids stand in the folder of {self.agreement and self.agreement.id}"
                self.report(inner, "unknown-name", f"the agreement knows no '{id}' among its {key}", hint)
            names[id] = tuple(filter(None, map(self._wording, inner.items())))
        return names

    def _wording(self, at: Marked) -> Wording | None:
        if isinstance(at.value, str):
            return Wording({"en": at.value})
        named = at.get("audiences")
        audiences = set()
        for item in named.items() if named else ():
            try:
                audiences.add(read_level(str(item.value)).word)
            except TrucewatchError as fault:
                self.report(item, "unknown-level", str(fault))
        words = self._by_language(at, but=("audiences",))
        return Wording(words, frozenset(audiences)) if words else None

    def _by_language(self, at: Marked | None, but: Iterable[str] = ()) -> dict[str, str]:
        if at is None:
            return {}
        if isinstance(at.value, str):
            return {"en": at.value}
        words: dict[str, str] = {}
        for language, inner in at.entries():
            if language in but:
                continue
            if not _LANGUAGE.fullmatch(language):
                self.report(inner, "unknown-language", f"'{language}' is no code of a language", "such as en, ar")
            elif text := self._words(inner):
                words[language] = text
        if not words and not at.is_map:
            self.report(at, "not-a-text", "must be a text, or a text by language", "such as {en: ..., ar: ...}")
        return words

    def _columns(self, at: Marked | None) -> tuple[str, ...]:
        found: list[str] = []
        for item in at.items() if at else ():
            name = str(item.value)
            if name not in FINDINGS:
                hint = did_you_mean(name, FINDINGS) or f"one of {', '.join(FINDINGS)}"
                self.report(item, "unknown-column", f"the table of findings has no column '{name}'", hint)
            elif name in found:
                self.report(item, "duplicate-column", f"'{name}' stands in the list twice", "keep one")
            else:
                found.append(name)
        return tuple(found)

    # ---- values ------------------------------------------------------------------------------------------------------

    def _known_keys(self, text: Marked, keys: Collection[str], what: str) -> None:
        for key, inner in text.entries():
            if key not in keys:
                hint = did_you_mean(key, keys) or f"it has {', '.join(keys)}"
                self.report(inner, "unknown-key", f"{what} has no key '{key}'", hint)

    def _map(self, text: Marked, key: str, is_open: bool = False) -> Iterable[tuple[str, Marked]]:
        """Return the entries under a key; unless `is_open` each of them must hold keys itself."""
        at = text.get(key)
        if at is None:
            return ()
        wrong = [at] if not at.is_map else [inner for _, inner in at.entries() if not (is_open or inner.is_map)]
        for inner in wrong:
            self.report(inner, "not-a-map", f"what stands under '{key}' must hold keys")
        return () if wrong else tuple(at.entries())

    def _words(self, at: Marked) -> str:
        if not isinstance(at.value, str) or not at.value.strip():
            self.report(at, "not-a-text", f"'{at.value}' is no text", "put it in quotes")
            return ""
        return " ".join(at.value.split())

    def _text(self, text: Marked, key: str) -> str:
        at = text.get(key)
        return self._words(at) if at else ""

    def _truth(self, text: Marked, key: str, otherwise: bool) -> bool:
        at = text.get(key)
        if at is not None and not isinstance(at.value, bool):
            self.report(at, "not-true-or-false", f"'{key}' must be true or false")
            return otherwise
        return otherwise if at is None else bool(at.value)

    def _number(self, text: Marked, key: str, otherwise: int, least: int, most: int) -> int:
        at = text.get(key)
        if at is None:
            return otherwise
        is_number = isinstance(at.value, int) and not isinstance(at.value, bool)
        if not is_number or not least <= at.value <= most:
            self.report(at, "not-a-number", f"'{key}' must be a whole number from {least:,} to {most:,}")
            return otherwise
        return int(at.value)
