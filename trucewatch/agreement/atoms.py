"""Atoms: times and places cut so finely that a clause answers every piece alike, and the clause's tests over them.

A clause is disputed along *axes*: each contested term it uses, each line or zone that was never published. Between the
instants that any reading names, and between the areas that any reading draws, nothing changes; so a finite number of pieces
stands for every possible time and place, and an outcome over all completions of the facts can be worked out exactly.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.acts import ANY_WEAPON, act_tree, weapon_tree
from trucewatch.actors import ANYBODY, BINDING, CIVILIANS, Affiliation, read_pairs
from trucewatch.agreement.terms import Agreement, Clause, Moment, Presumption, Reading, ScopeException, TermKind
from trucewatch.when import Span
from trucewatch.where import SLIVER_M2, Plane

Truths = npt.NDArray[np.bool_]

# Law (architecture, section 6): beyond so many combinations of terms each test is judged by itself.
MOST_COMBINATIONS = 64
NOBODY_KNOWN = "?nobody known"
_WORLD = shapely.box(-2.1e7, -2.1e7, 2.1e7, 2.1e7)
_EXACT = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing in dispute: a term id, or `line:ID` / `zone:ID` for what was never published; and its options."""

    name: str
    options: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Who:
    """A feasible actor or target; `counts_contested` takes contested affiliations for true."""

    actor: str
    counts_contested: bool = False


@dataclass(frozen=True)
class ClauseTests:
    """A clause under a reading, ready to be asked about accounts.

    The truth arrays have one dimension for each axis (of length 1 where the test does not depend on it) and a last one
    over the time atoms (`in_time`) or the place atoms (`in_place`).
    """

    agreement: Agreement
    clause: Clause
    presumption: Presumption
    axes: tuple[Axis, ...]
    instants: tuple[datetime, ...]
    in_time: Truths
    place_atoms: tuple[BaseGeometry, ...]  # projected
    in_place: Truths
    plane: Plane
    is_per_test: bool

    @property
    def time_atoms(self) -> int:
        """Into how many pieces the instants cut time."""
        return len(self.instants) + 1

    @cached_property
    def instants_us(self) -> npt.NDArray[np.int64]:
        """The instants in microseconds since 1970, UTC."""
        return np.array([microseconds(instant) for instant in self.instants], dtype=np.int64)

    # ---- what --------------------------------------------------------------------------------------------------------

    def what(self, act: str, weapon: str | None, low_mm: float | None, high_mm: float | None) -> tuple[Truths, Truths]:
        """Return over the distinct completions of a what: forbidden [W], and covered by each exception [E, W]."""
        rule = self.clause.what
        tree, arms = act_tree(), weapon_tree()
        weapons = arms.leaves[weapon or ANY_WEAPON]
        calibres = sorted(self._calibre_fits(low_mm, high_mm))
        columns: dict[tuple[bool, ...], None] = {}
        for leaf, arm, fits in itertools.product(sorted(tree.leaves[act]), sorted(weapons), calibres):
            forbidden = (
                any(tree.covers(node, leaf) for node in rule.acts)
                and (not rule.weapons or any(arms.covers(node, arm) for node in rule.weapons))
                and fits
            )
            covered = [
                not exception.acts or any(tree.covers(node, leaf) for node in exception.acts)
                for exception in self.clause.outside_scope
            ]
            columns[(forbidden, *covered)] = None
        table = np.array(sorted(columns), dtype=bool).T
        return table[0], table[1:]

    def _calibre_fits(self, low_mm: float | None, high_mm: float | None) -> set[bool]:
        rule = self.clause.what
        if rule.calibre_at_least_mm is None and rule.calibre_below_mm is None:
            return {True}
        floor, ceiling = rule.calibre_at_least_mm or 0.0, rule.calibre_below_mm or math.inf
        low = 0.0 if low_mm is None else low_mm
        high = math.inf if high_mm is None else high_mm
        fits = {True} if high >= floor and low < ceiling else set()
        misses = {False} if low < floor or high >= ceiling else set()
        return fits | misses

    def count(self, low: int | None, high: int | None, unit: str | None) -> Truths:
        """Return the possible answers to "is it more than the ceiling allows?" [C]; true alone where there is no ceiling."""
        if self.clause.at_most is None:
            return np.array([True])
        if self.clause.what.unit and unit is not None and unit != self.clause.what.unit:
            return np.array([False])
        answers = []
        if low is None or low <= self.clause.at_most:
            answers.append(False)
        if high is None or high > self.clause.at_most:
            answers.append(True)
        return np.array(answers)

    # ---- who ---------------------------------------------------------------------------------------------------------

    def who(self, pairs: str | None) -> tuple[Truths, Truths, bool]:
        """Return over the distinct completions of a set of pairs: bound [axes, T, Q], covered by each exception [E, T, Q],
        and whether a presumption narrowed them.
        """
        completions: dict[tuple[Who, Who], None] = {}
        presumed = False
        for actor, target in read_pairs(pairs or ANYBODY):
            actors, by_actor = self._stand_ins(actor)
            targets, by_target = self._stand_ins(target)
            presumed = presumed or by_actor or by_target
            completions.update(dict.fromkeys(itertools.product(actors, targets)))
        shape = [len(axis.options) if self._is_party_axis(axis) else 1 for axis in self.axes]
        bound = np.zeros([*shape, self.time_atoms, len(completions)], dtype=bool)
        covered = np.zeros([len(self.clause.outside_scope), self.time_atoms, len(completions)], dtype=bool)
        for q, (actor_as, target_as) in enumerate(completions):
            for t in range(self.time_atoms):
                for place in np.ndindex(*shape):
                    bound[(*place, t, q)] = self._is_bound(actor_as, t, place)
                for e, exception in enumerate(self.clause.outside_scope):
                    covered[e, t, q] = self._covers(exception, actor_as, target_as, t)
        stacked = np.concatenate([bound.reshape(-1, len(completions)), covered.reshape(-1, len(completions))])
        _, first = np.unique(stacked, axis=1, return_index=True)
        keep = np.sort(first)
        return bound[..., keep], covered[..., keep], presumed

    def _is_party_axis(self, axis: Axis) -> bool:
        return axis.name.startswith("affected.")

    def _parties(self) -> list[str]:
        named = [who for who in self.clause.who if who in self.agreement.parties]
        return named if self.clause.who else list(self.agreement.parties)

    def _is_bound(self, who: Who, atom: int, place: Sequence[int]) -> bool:
        if any(self._is_one_of(who, (name,), atom) for name in self.clause.who if name not in self.agreement.parties):
            return True
        for party_id in self._parties():
            party = self.agreement.parties[party_id]
            if party.is_contested and not self._option(f"affected.{party_id}", place):
                continue
            if self._is_one_of(who, party.actors, atom):
                return True
        return False

    def _option(self, name: str, place: Sequence[int]) -> Any:
        at, axis = next((n, axis) for n, axis in enumerate(self.axes) if axis.name == name)
        return axis.options[place[at]]

    def _covers(self, exception: ScopeException, actor: Who, target: Who, atom: int) -> bool:
        return (not exception.targets or self._is_one_of(target, exception.targets, atom)) and (
            not exception.actors or self._is_one_of(actor, exception.actors, atom)
        )

    def _is_one_of(self, who: Who, names: Iterable[str], atom: int) -> bool:
        register = self.agreement.register
        wanted: set[str] = set()
        for name in names:
            party = self.agreement.parties.get(name)
            for actor in party.actors if party else (name,):
                wanted |= {actor} | register.stands_for(actor)
        return self._belongs(who.actor, wanted, who.counts_contested, atom, frozenset())

    def _belongs(self, actor: str, wanted: set[str], contested: bool, atom: int, seen: frozenset[str]) -> bool:
        if actor in wanted:
            return True
        return any(
            self._belongs(statement.to, wanted, contested, atom, seen | {actor})
            for statement in self.agreement.register.statements_of(actor)
            if statement.to not in seen
            and self._holds(statement.earliest, statement.latest, atom)
            and ((statement.kind in BINDING and not statement.contested) or (contested and _may_bind(statement)))
        )

    def _holds(self, earliest: datetime | None, latest: datetime | None, atom: int) -> bool:
        # The instants of every affiliation are among ours, so an atom lies wholly inside its span or outside it.
        after = earliest is None or (atom > 0 and self.instants[atom - 1] >= earliest)
        before = latest is None or (atom < len(self.instants) and self.instants[atom] <= latest)
        return after and before

    def _stand_ins(self, name: str) -> tuple[list[Who], bool]:
        """Return everybody a name may stand for, and whether a presumption narrowed them."""
        register = self.agreement.register
        if not name:
            return self._presumed(self._anybody(), Presumption.ANYBODY)
        identified = register.identify(name)
        if identified.startswith("?") and ", " in name:
            several = [self._stand_ins(part) for part in name.split(", ")]
            return list(dict.fromkeys(who for found, _ in several for who in found)), any(flag for _, flag in several)
        if identified.startswith("?"):
            return self._anybody(), False
        if not register.is_umbrella(identified):
            return self._with_affiliations(identified), False
        hidden: dict[Who, None] = {}
        for member in sorted(register.stands_for(identified)):
            hidden.update(dict.fromkeys(self._with_affiliations(member)))
        return self._presumed(list(hidden), Presumption.UMBRELLA)

    def _presumed(self, who: list[Who], needed: Presumption) -> tuple[list[Who], bool]:
        granted = [Presumption.UMBRELLA, Presumption.ANYBODY]
        if self.presumption is Presumption.NONE or granted.index(self.presumption) < granted.index(needed):
            return who, False
        agreed = [party.actors for party in self.agreement.parties.values() if not party.is_contested]
        bound = [w for w in who if any(self._is_one_of(w, actors, t) for actors in agreed for t in range(self.time_atoms))]
        return (bound, True) if bound else (who, False)

    def _with_affiliations(self, actor: str) -> list[Who]:
        disputed = any(_may_bind(statement) for statement in self.agreement.register.statements_of(actor))
        return [Who(actor), Who(actor, True)] if disputed else [Who(actor)]

    def _anybody(self) -> list[Who]:
        """Return one stand-in for every kind of actor that the clause tells apart."""
        kinds = [actor for party in self.agreement.parties.values() for actor in party.actors[:1]]
        kinds += [who for who in self.clause.who if who not in self.agreement.parties]
        for exception in self.clause.outside_scope:
            for name in (*exception.targets, *exception.actors):
                party = self.agreement.parties.get(name)
                kinds.append(party.actors[0] if party else name)
        return [Who(kind) for kind in dict.fromkeys((*kinds, CIVILIANS, NOBODY_KNOWN))]

    # ---- facts -------------------------------------------------------------------------------------------------------

    def preconditions(self, facts: str | None) -> dict[str, bool | None]:
        """Return the preconditions of the exceptions and what is known of each."""
        known: Mapping[str, Any] = json.loads(facts) if facts else {}
        names = dict.fromkeys(name for exception in self.clause.outside_scope for name in exception.preconditions)
        return {name: known.get(name) if isinstance(known.get(name), bool) else None for name in names}


def microseconds(instant: datetime) -> int:
    """Return an instant as whole microseconds since 1970, UTC."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _may_bind(statement: Any) -> bool:
    return statement.contested or statement.kind is Affiliation.CLAIMS_SUBORDINATION


def tests_of(agreement: Agreement, clause: Clause, reading: Reading | None, plane: Plane) -> ClauseTests:
    """Return the tests of a clause under a reading (None: every reading at once)."""
    presumption = clause.presumption
    if reading is not None and reading.presumption is not None:
        presumption = reading.presumption
    axes = _axes(agreement, clause, reading)
    start = _instant_options(agreement, clause.start, reading, default=None)
    end = _instant_options(agreement, clause.end, reading, default=None)
    instants = _instants(agreement, (*start, *end))
    in_time = _in_time(clause, axes, start, end, instants)
    atoms, in_place = _in_place(agreement, clause, axes, plane)
    combinations = math.prod(len(axis.options) for axis in axes)
    if is_per_test := combinations > MOST_COMBINATIONS:
        axes, in_time, in_place = _each_by_itself(axes, in_time, in_place)
    return ClauseTests(
        agreement, clause, presumption, axes, instants, in_time, atoms, in_place, plane, is_per_test
    )


def _axes(agreement: Agreement, clause: Clause, reading: Reading | None) -> tuple[Axis, ...]:
    axes: list[Axis] = []
    for moment in (clause.start, clause.end):
        if moment.term and not any(axis.name == moment.term for axis in axes):
            axes.append(Axis(moment.term, _instant_options(agreement, moment, reading, None, shifted=False)))
    ground = clause.ground
    for term_id in (ground.term, ground.distance_term):
        if term_id:
            kind = agreement.terms[term_id].kind
            values = [rival.value for rival in agreement.rivals(term_id, reading)]
            if kind is TermKind.DISTANCE:
                values = [edge for low, high in values for edge in ((low, high) if low < high else (low,))]  # type: ignore[misc, union-attr]
            axes.append(Axis(term_id, tuple(dict.fromkeys(values))))
    if ground.line and agreement.lines[ground.line].shape is None:
        axes.append(Axis(f"line:{ground.line}", (False, True)))
    axes.extend(Axis(f"zone:{zone}", (False, True)) for zone in _undrawn(agreement, clause))
    parties = [who for who in clause.who if who in agreement.parties] if clause.who else list(agreement.parties)
    for party in parties:
        if agreement.parties[party].is_contested:
            term = f"affected.{party}"
            axes.append(Axis(term, tuple(rival.value for rival in agreement.rivals(term, reading))))
    return tuple(axes)


def _undrawn(agreement: Agreement, clause: Clause) -> list[str]:
    named = set(clause.ground.zones) | ({clause.ground.inside} - {""})
    if clause.ground.term:
        for rival in agreement.terms[clause.ground.term].rivals:
            named |= {zone for zone in rival.value or () if isinstance(zone, str)}  # type: ignore[union-attr]
    return [zone for zone in agreement.zones if zone in named and agreement.zones[zone].shape is None]


def _instant_options(
    agreement: Agreement, moment: Moment, reading: Reading | None, default: Any, shifted: bool = True
) -> tuple[Any, ...]:
    """Return the instants a moment may stand for; a value known to the day may be any instant of it, so both its ends."""
    found: list[datetime | None] = []
    unshifted = moment if shifted else Moment(moment.term, moment.value)
    for span in agreement.moments(unshifted, reading):
        if span is None:
            found.append(default)
        elif moment.term and span.latest - span.earliest > _EXACT:
            found.extend((span.earliest, span.latest))
        else:
            found.append(span.earliest)
    if not moment.term and isinstance(moment.value, Span) and moment is not None:
        return (found[0],)
    return tuple(found)


def _instants(agreement: Agreement, options: Iterable[datetime | None]) -> tuple[datetime, ...]:
    cuts = {instant for instant in options if instant is not None}
    for statement in agreement.register.statements:
        cuts |= {instant for instant in (statement.earliest, statement.latest) if instant is not None}
    return tuple(sorted(cuts))


def _in_time(
    clause: Clause,
    axes: tuple[Axis, ...],
    starts: Sequence[datetime | None],
    ends: Sequence[datetime | None],
    instants: Sequence[datetime],
) -> Truths:
    shape = [len(axis.options) if axis.name in (clause.start.term, clause.end.term) else 1 for axis in axes]
    table = np.zeros([*shape, len(instants) + 1], dtype=bool)
    names = [axis.name for axis in axes]
    for place in np.ndindex(*shape):
        start = starts[place[names.index(clause.start.term)]] if clause.start.term else starts[0]
        end = ends[place[names.index(clause.end.term)]] if clause.end.term else _until(clause)
        for atom in range(len(instants) + 1):
            begun = start is None or (atom > 0 and instants[atom - 1] >= start)
            over = end is not None and atom > 0 and instants[atom - 1] >= end
            table[(*place, atom)] = begun and not over
    return table


def _until(clause: Clause) -> datetime | None:
    # "Until 19 June", undisputed, takes that day in.
    return clause.end.value.latest + clause.end.offset if clause.end.value else None


def _in_place(
    agreement: Agreement, clause: Clause, axes: tuple[Axis, ...], plane: Plane
) -> tuple[tuple[BaseGeometry, ...], Truths]:
    ground = clause.ground
    relevant = [
        len(axis.options)
        if axis.name in (ground.term, ground.distance_term, f"line:{ground.line}") or axis.name.startswith("zone:")
        else 1
        for axis in axes
    ]
    drawn: dict[bytes, BaseGeometry] = {}
    chosen: dict[tuple[int, ...], tuple[bytes | None, bool]] = {}
    for place in np.ndindex(*relevant):
        picked = {axis.name: axis.options[at] for axis, at in zip(axes, place, strict=True)}
        shape, everywhere_else = _ground_shape(agreement, clause, picked, plane)
        key = shape.wkb if shape is not None else None
        if key is not None and shape is not None:
            drawn[key] = shape
        chosen[place] = (key, everywhere_else)
    atoms = _arrange(drawn)
    table = np.zeros([*relevant, len(atoms)], dtype=bool)
    for place, (key, everywhere_else) in chosen.items():
        for at, (inside, _) in enumerate(atoms):
            table[(*place, at)] = everywhere_else or key in inside
    return tuple(shape for _, shape in atoms), table


def _ground_shape(
    agreement: Agreement, clause: Clause, picked: Mapping[str, Any], plane: Plane
) -> tuple[BaseGeometry | None, bool]:
    """Return (what is drawn of the clause's area, projected; whether it may reach any other place) for some options."""
    ground = clause.ground
    if ground.line:
        line = agreement.lines[ground.line]
        if line.shape is None:
            return None, bool(picked[f"line:{ground.line}"])
        metres = picked[ground.distance_term] if ground.distance_term else ground.distance_m
        strip = plane.shape(line.shape).buffer(float(metres))
        if not ground.inside:
            return strip, False
        zone = agreement.zones[ground.inside]
        if zone.shape is None:
            return (strip, False) if picked[f"zone:{ground.inside}"] else (None, False)
        return strip.intersection(plane.shape(zone.shape)), False
    zones = picked[ground.term] if ground.term else ground.zones
    if not zones:
        return None, True
    shapes = [agreement.zones[zone].shape for zone in zones]
    held = [plane.shape(shape) for shape in shapes if shape is not None]
    elsewhere = any(agreement.zones[zone].shape is None and picked.get(f"zone:{zone}") for zone in zones)
    return (shapely.union_all(held) if held else None), bool(elsewhere)


def _arrange(drawn: Mapping[bytes, BaseGeometry]) -> list[tuple[frozenset[bytes], BaseGeometry]]:
    """Cut the world by every drawn shape: each piece with the shapes that hold it."""
    pieces: list[tuple[frozenset[bytes], BaseGeometry]] = [(frozenset(), _WORLD)]
    for key, shape in drawn.items():
        cut = []
        for inside, piece in pieces:
            cut.append((inside | {key}, piece.intersection(shape)))
            cut.append((inside, piece.difference(shape)))
        pieces = [(inside, piece) for inside, piece in cut if piece.area > SLIVER_M2]
    return pieces


def _each_by_itself(axes: tuple[Axis, ...], in_time: Truths, in_place: Truths) -> tuple[tuple[Axis, ...], Truths, Truths]:
    """Fold the terms of each test into one axis of its distinct answers: too many combinations to hold together."""
    parties = [(n, axis) for n, axis in enumerate(axes) if axis.name.startswith("affected.")]
    folded: list[Axis] = []
    tables: list[Truths] = []
    for table in (in_time, in_place):
        used = [axes[n].name for n in range(len(axes)) if table.shape[n] > 1]
        answers = np.unique(table.reshape(-1, table.shape[-1]), axis=0)
        if len(used):
            folded.append(Axis(" or ".join(used), tuple(range(len(answers)))))
        tables.append(answers)
    kept = (*folded, *(axis for _, axis in parties))
    spread: list[Truths] = []
    at = 0
    for table in tables:
        shape = [1] * len(kept)
        if len(table) > 1:
            shape[at] = len(table)
            at += 1
        spread.append(table.reshape([*shape, table.shape[-1]]))
    return kept, spread[0], spread[1]
