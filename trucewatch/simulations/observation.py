"""Observation: what an observation model asks for: a dense truth, and how those who tell of it see, err and copy.

Where a demo gives each group of incidents its own chances, an observation model has one set for all: every number is
stated in the spec, beside where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trucewatch.actors import CIVILIANS
from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.simulations.specs import FORMAT, LANGUAGES, Feed, Page, Range, Spec, open_page
from trucewatch.simulations.spellings import HOUSES
from trucewatch.texts import Marked

_TOP = ("format", "simulation", "agreement", "seed", "period", "neighbourhoods", "observers", "curators", "feeds")
_FEEDS = ("patrol", "complaints")
_TRUTH_NUMBERS = (
    "towns", "villages", "apart_m", "lonely", "at_lonely", "lone", "series", "bouts", "gap_hours", "twins",
    "twin_hours", "minutes", "count", "off_centre_m", "deadly", "civilian", "events", "lies",
)  # fmt: skip
_OBSERVER_NUMBERS = (
    "broadly", "wrong_act", "no_actor", "no_target", "wrong_actor", "umbrella", "began", "by_hour", "round_hours",
    "wrong_hour", "late_night", "wrong_day", "vague_days", "radius_m", "near_m", "near_radius_m", "no_point",
    "no_name", "wrong_village", "gazetteers", "gazetteer_off_m", "counted", "wrong_count", "wrong_dead",
    "party_inflates", "own_words", "copied", "most_copies", "drift", "circle", "all_day", "no_text", "details",
    "quote", "copy_claims_own",
)  # fmt: skip
_CURATOR_NUMBERS = ("catches", "off_m", "merged", "split", "false_taken", "vague_days")


@dataclass(frozen=True, slots=True)
class Asked:
    """One section of an observation model: its numbers, its tables of shares, and its lists and named lists."""

    numbers: Mapping[str, Range]
    shares: Mapping[str, Mapping[str, float]]
    lists: Mapping[str, tuple[str, ...]]
    named: Mapping[str, tuple[str, ...]]
    quantiles: Mapping[str, tuple[float, ...]]

    def share(self, name: str) -> float:
        """Return a number that is no range, such as a probability."""
        return self.numbers[name][0]


@dataclass(frozen=True, slots=True)
class Observation:
    """An observation model as it is asked for; `spec` holds what it shares with every simulation."""

    spec: Spec
    truth: Asked
    observers: Asked
    curators: Asked


def is_observation(spec: Path | Mapping[str, Any]) -> bool:
    """Say whether a spec asks for an observation model."""
    return open_page(spec)[1].get("observers") is not None


def read_observation(spec: Path | Mapping[str, Any], agreement: Agreement) -> Observation:
    """Read an observation model, as a file or as its content.

    Raises TrucewatchError, with the file and line, for the first thing in it that cannot be.
    """
    name, text = open_page(spec)
    page = Page(name, agreement)
    page.known(text, _TOP)
    if page.there(text, "format").value != FORMAT:
        raise page.wrong(page.there(text, "format"), f"`format: {FORMAT}` must stand here")
    feeds: dict[str, Feed] = {}
    for feed, at in page.there(text, "feeds").entries():
        if feed not in _FEEDS:
            raise page.wrong(at, f"'{feed}' is no feed of an observation model (it has {' and '.join(_FEEDS)})")
        feeds[feed] = page.feed(feed, at)
    for feed in _FEEDS:
        page.there(page.there(text, "feeds"), feed)
    asked = Spec(
        id=page.word(text, "simulation"),
        agreement=page.word(text, "agreement", [agreement.id]),
        seed=page.whole(text, "seed"),
        period=page.span(text, "period"),
        groups=(),
        feeds=feeds,
        extras={},
    )
    actors = (*agreement.register.actors, CIVILIANS)
    zones = tuple(zone.id for zone in agreement.zones.values() if zone.shape is not None)
    truth, observers, curators = (page.there(text, key) for key in ("neighbourhoods", "observers", "curators"))
    _check(page, truth, observers, curators)
    return Observation(
        asked,
        _section(
            page, truth, _TRUTH_NUMBERS, {"acts": tuple(act_tree())}, {"in": zones}, {"sides": actors}, {"dead": ()}
        ),
        _section(
            page,
            observers,
            _OBSERVER_NUMBERS,
            {
                "roots": ROOTS,
                "false_roots": FALSE_ROOTS,
                "precision": ("village", "near", "area"),
                "delay_days": (),
                "printers": (),
                "copies": COPIES,
                "cites": CITES,
            },
            {"monitors": (), "rescuers": ()},
            {"outlets": (*LANGUAGES, *HOUSES), "press": ()},
            {"copy_hours": ()},
        ),
        _section(
            page,
            curators,
            _CURATOR_NUMBERS,
            {"precision": ("village", "near", "area"), "dated": ("day", "days"), "articles": ()},
            {},
            {},
            {},
        ),
    )


# Who tells of an event in the first place, and who of nothing.
ROOTS = ("monitor", "rescuer", "correspondent", "official", "residents", "press", "patrol", "complaints")
FALSE_ROOTS = ("official", "residents", "press", "complaints", "circle")
# What a copy does with the text, and whom it names for it.
COPIES = ("verbatim", "abridged", "paraphrased", "translated")
CITES = ("chain", "nearest", "root", "nobody")


def _check(page: Page, truth: Marked, observers: Marked, curators: Marked) -> None:
    """Raise for what the form of a section leaves open: how long a list is, and what is a number of days or outlets."""
    for name, sides in page.there(truth, "sides").entries():
        named = [item.value for item in sides.items()]
        if len(set(named)) != 2 or named[0] == CIVILIANS:
            raise page.wrong(sides, f"'{name}' must name two sides, civilians last")
    for name, outlet in page.there(observers, "outlets").entries():
        written = [str(item.value) for item in outlet.items()]
        if len(written) != 2 or written[0] not in LANGUAGES or written[1] not in HOUSES:
            raise page.wrong(outlet, f"'{name}' must say its language and its house, such as [en, agency]")
    for at, key in ((observers, "delay_days"), (observers, "printers"), (curators, "articles")):
        for name, share in page.there(at, key).entries():
            if not name.isdecimal():
                raise page.wrong(share, f"{key}: '{name}' is no whole number")
    if page.whole(observers, "gazetteers") < 1:
        raise page.wrong(page.there(observers, "gazetteers"), "at least one gazetteer is needed")


def _section(
    page: Page,
    at: Marked,
    numbers: tuple[str, ...],
    shares: Mapping[str, tuple[str, ...]],
    lists: Mapping[str, tuple[str, ...]],
    named: Mapping[str, tuple[str, ...]],
    quantiles: Mapping[str, tuple[float, ...]],
) -> Asked:
    page.known(at, (*numbers, *shares, *lists, *named, *quantiles))
    return Asked(
        {key: page.numbers(at, key) for key in numbers},
        {key: _shares(page, page.there(at, key), known) for key, known in shares.items()},
        {key: page.some(at, key, known) for key, known in lists.items()},
        {
            f"{key} {name}": page.some(page.there(at, key), name, known)
            for key, known in named.items()
            for name, _ in page.there(at, key).entries()
        },
        {key: _quantiles(page, page.there(at, key)) for key in quantiles},
    )


def _shares(page: Page, at: Marked, known: tuple[str, ...]) -> dict[str, float]:
    if known:
        page.known(at, known)
    shares = {name: page.numbers(at, name)[0] for name, _ in at.entries()}
    if not sum(shares.values()):
        raise page.wrong(at, "at least one share must be above zero")
    return shares


def _quantiles(page: Page, at: Marked) -> tuple[float, ...]:
    numbers = [item.value for item in at.items()]
    if len(numbers) < 2 or any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise page.wrong(at, "two or more numbers are needed, evenly spaced quantiles from the least to the most")
    if numbers != sorted(numbers) or numbers[0] < 0:
        raise page.wrong(at, "quantiles rise, and none is below zero")
    return tuple(float(number) for number in numbers)
