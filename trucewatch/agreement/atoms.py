"""Atoms: times and places cut so finely that a clause answers every piece alike, and the clause's tests over them.

A clause is disputed along *axes*: each contested term it uses, each line or zone that was never published. Between
the instants that any reading names, and between the areas that any reading draws, nothing changes; so a finite number
of pieces stands for every possible time and place, and an outcome over all completions of the facts can be worked out
exactly.
"""

from __future__ import annotations

import bisect
import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.actors import ANYBODY, CIVILIANS, COUNTED, Affiliation, AffiliationStatement, read_pairs
from trucewatch.acts import ANY_WEAPON, act_tree, weapon_tree
from trucewatch.agreement.terms import Agreement, Clause, Moment, Presumption, Reading, ScopeException, TermKind
from trucewatch.where import SLIVER_M2, Plane

Truths = npt.NDArray[np.bool_]
Instants = npt.NDArray[np.int64]

# Law (architecture, section 6): beyond so many combinations of terms each test is judged by itself.
MOST_COMBINATIONS = 64
NOBODY_KNOWN = "?nobody known"
_WORLD = shapely.box(-2.1e7, -2.1e7, 2.1e7, 2.1e7)
_HAIR_M = 1.0
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
    timeline: Timeline
    in_time: Truths
    place_atoms: tuple[BaseGeometry, ...]  # projected; the last is what lies abroad, and is not drawn
    in_place: Truths
    plane: Plane
    is_per_test: bool

    @property
    def outside(self) -> int:
        """The place atom that lies outside everything drawn, in the agreement's own countries."""
        return len(self.place_atoms) - 2

    @property
    def abroad(self) -> int:
        """The place atom of the countries that the agreement does not speak of: what was never drawn lies in none."""
        return len(self.place_atoms) - 1

    @cached_property
    def _meant(self) -> dict[tuple[str, ...], frozenset[str]]:
        return {}

    @property
    def time_atoms(self) -> int:
        """Into how many pieces time is cut."""
        return self.timeline.atoms

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
        """Return the possible answers to "is it more than the ceiling allows?" [C]; true alone where there is no
        ceiling.
        """
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
        """Return over the distinct completions of a set of pairs: bound [axes, T, Q], covered by each exception [E,
        T, Q], and whether a presumption narrowed them.
        """
        completions: dict[tuple[Who, Who], None] = {}
        presumed = False
        for actor, target in read_pairs(pairs or ANYBODY):
            actors, by_actor = self._stand_ins(actor)
            targets, by_target = self._stand_ins(target)
            presumed = presumed or by_actor or by_target
            completions.update(dict.fromkeys(itertools.product(actors, targets)))
        shape = [len(axis.options) if self._is_party_axis(axis) else 1 for axis in self.axes]
        begins, era_of = self._eras
        bound = np.zeros([*shape, len(begins), len(completions)], dtype=bool)
        covered = np.zeros([len(self.clause.outside_scope), len(begins), len(completions)], dtype=bool)
        for q, (actor_as, target_as) in enumerate(completions):
            for era, atom in enumerate(begins):
                for place in np.ndindex(*shape):
                    bound[(*place, era, q)] = self._is_bound(actor_as, atom, place)
                for e, exception in enumerate(self.clause.outside_scope):
                    covered[e, era, q] = self._covers(exception, actor_as, target_as, atom)
        bound, covered = bound[..., era_of, :], covered[:, era_of, :]
        stacked = np.concatenate([bound.reshape(-1, len(completions)), covered.reshape(-1, len(completions))])
        _, first = np.unique(stacked, axis=1, return_index=True)
        keep = np.sort(first)
        return bound[..., keep], covered[..., keep], presumed

    @cached_property
    def _eras(self) -> tuple[list[int], npt.NDArray[np.int64]]:
        """The first atom of each stretch in which no affiliation changes, and the stretch that each atom lies in."""
        changes = {
            self.timeline.position(instant)
            for statement in self.agreement.register.statements
            for instant in statement.instants
        }
        begins = sorted({0, *(at for at in changes if at < self.time_atoms)})
        return begins, np.searchsorted(begins, np.arange(self.time_atoms), side="right") - 1

    def _is_party_axis(self, axis: Axis) -> bool:
        return axis.name.startswith("affected.")

    def _is_bound(self, who: Who, atom: int, place: Sequence[int]) -> bool:
        if any(self._is_one_of(who, (name,), atom) for name in self.clause.who if name not in self.agreement.parties):
            return True
        for party_id in self.agreement.parties_of(self.clause):
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
        return (
            (not exception.targets or self._is_one_of(target, exception.targets, atom))
            and (not exception.actors or self._is_one_of(actor, exception.actors, atom))
            and not (exception.reserved_by and self._is_one_of(actor, exception.reserved_by, atom))
        )

    def _is_one_of(self, who: Who, names: tuple[str, ...], atom: int) -> bool:
        return self._belongs(who.actor, self.meant_by(names), who.counts_contested, atom, frozenset())

    def told_apart(self) -> frozenset[tuple[str, ...]]:
        """Return the sides that the clause tells from all others, by name: each party's, and whoever it names."""
        parties, exceptions = self.agreement.parties, self.clause.outside_scope
        sides = [party.actors for party in parties.values()]
        sides += [(name,) for name in self.clause.who if name not in parties]
        sides += [names for exception in exceptions for names in (exception.targets, exception.actors) if names]
        return frozenset(sides)

    def meant_by(self, names: tuple[str, ...]) -> frozenset[str]:
        """Return every actor that some names stand for, the same for all clauses of an agreement."""
        if names not in self._meant:
            meant: set[str] = set()
            for name in names:
                party = self.agreement.parties.get(name)
                for actor in party.actors if party else (name,):
                    meant |= {actor} | self.agreement.register.stands_for(actor)
            self._meant[names] = frozenset(meant)
        return self._meant[names]

    def _belongs(self, actor: str, wanted: frozenset[str], contested: bool, atom: int, seen: frozenset[str]) -> bool:
        if actor in wanted:
            return True
        return any(
            self._belongs(statement.to, wanted, contested, atom, seen | {actor})
            for statement in self.agreement.register.statements_of(actor)
            if statement.to not in seen
            and self._holds(statement.earliest, statement.latest, atom)
            and (
                (statement.kind in COUNTED and not statement.contested and self._holds(*statement.surely, atom))
                or (contested and (is_open(statement) or statement.is_vague))
            )
        )

    def _holds(self, earliest: datetime | None, latest: datetime | None, atom: int) -> bool:
        # The instants of every affiliation are among the cuts, so an atom lies wholly inside its span or outside it.
        after = earliest is None or atom >= self.timeline.position(earliest)
        before = latest is None or atom < self.timeline.position(latest)
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
        bound = [
            w for w in who if any(self._is_one_of(w, actors, t) for actors in agreed for t in range(self.time_atoms))
        ]
        return (bound, True) if bound else (who, False)

    def _with_affiliations(self, actor: str) -> list[Who]:
        return [Who(actor), Who(actor, True)] if self._hangs_on_contested(actor, frozenset()) else [Who(actor)]

    def _hangs_on_contested(self, actor: str, seen: frozenset[str]) -> bool:
        """Say whether whose acts an actor's are hangs on a contested affiliation: its own, or that of one above it."""
        return any(
            is_open(said)
            or said.is_vague
            or (said.kind in COUNTED and said.to not in seen and self._hangs_on_contested(said.to, seen | {actor}))
            for said in self.agreement.register.statements_of(actor)
        )

    def _anybody(self) -> list[Who]:
        """Return one stand-in for every kind of actor that the clause tells apart."""
        kinds = [actor for party in self.agreement.parties.values() for actor in party.actors[:1]]
        kinds += [who for who in self.clause.who if who not in self.agreement.parties]
        for exception in self.clause.outside_scope:
            for name in (*exception.targets, *exception.actors):
                party = self.agreement.parties.get(name)
                kinds += party.actors[:1] if party else self.agreement.register.entries(name) or [name]
        return [Who(kind) for kind in dict.fromkeys((*kinds, CIVILIANS, NOBODY_KNOWN))]

    # ---- facts -------------------------------------------------------------------------------------------------------

    def preconditions(self, facts: str | None) -> dict[str, bool | None]:
        """Return the preconditions of the exceptions and what is known of each."""
        known: Mapping[str, Any] = json.loads(facts) if facts else {}
        names = dict.fromkeys(name for exception in self.clause.outside_scope for name in exception.preconditions)
        return {name: known.get(name) if isinstance(known.get(name), bool) else None for name in names}


class Timeline:
    """Time, cut at every instant that a reading names.

    An instant known only to lie in a span may fall anywhere in it, so also amid the event that is being judged. Each
    gap between two cuts is therefore in as many pieces as instants may fall into it, and one more: whatever lies in
    such a gap may be before or after each of them.
    """

    def __init__(self, instants: Iterable[datetime], vague: Iterable[tuple[datetime, datetime]]) -> None:
        """Cut time at `instants`, and leave room for one more cut within each `vague` span."""
        spans = list(vague)
        self._cuts = sorted({*instants, *(edge for span in spans for edge in span)})
        edges: list[datetime | None] = [None, *self._cuts, None]
        pieces = [
            1 + sum(1 for low, high in spans if left and right and low <= left and right <= high)
            for left, right in itertools.pairwise(edges)
        ]
        self._starts = [0, *itertools.accumulate(pieces)]
        self.cuts_us: Instants = np.array([microseconds(cut) for cut in self._cuts], dtype=np.int64)

    @property
    def atoms(self) -> int:
        """The number of pieces."""
        return self._starts[-1]

    def position(self, instant: datetime) -> int:
        """Return the first piece that comes after a cut."""
        return self._starts[bisect.bisect_left(self._cuts, instant) + 1]

    def positions(self, low: datetime, high: datetime) -> range:
        """Return every place at which an instant between two cuts may fall, as the first piece after it."""
        return range(self.position(low), self.position(high) + 1)

    def gaps(self, at_us: Instants) -> tuple[Instants, Instants, Instants]:
        """Return of each instant, in microseconds since 1970, the gap between two cuts that it lies in, and the first
        and the last piece of that gap.
        """
        starts = np.array(self._starts, dtype=np.int64)
        gap = np.searchsorted(self.cuts_us, at_us, side="right")
        return gap, starts[gap], starts[gap + 1] - 1

    def pieces(self, first_us: Instants, last_us: Instants) -> tuple[Instants, Instants]:
        """Return the first and the last piece that each span [first, last), in microseconds since 1970, touches."""
        first, starts, _ = self.gaps(first_us)
        # An instant without length still lies in the piece that begins with it.
        last, _, ends = self.gaps(np.maximum(last_us - 1, first_us))
        # What is told to the minute is an instant: no other instant falls amid it.
        is_instant = (first == last) & (last_us - first_us <= _EXACT // timedelta(microseconds=1))
        return starts, np.where(is_instant, starts, ends)


def microseconds(instant: datetime) -> int:
    """Return an instant as whole microseconds since 1970, UTC."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def is_open(statement: AffiliationStatement) -> bool:
    """Say whether an affiliation would make the acts of the one those of the other, and is contested or only claimed.

    To be helped or allied makes nobody's acts another's, whoever is right about it.
    """
    is_contested = statement.contested and statement.kind in COUNTED
    return is_contested or statement.kind is Affiliation.CLAIMS_SUBORDINATION


def plane_of(agreement: Agreement) -> Plane:
    """Return the plane in which everything is measured that an agreement speaks of: laid over all that it draws."""
    shapes = [*(zone.shape for zone in agreement.zones.values()), *(line.shape for line in agreement.lines.values())]
    return Plane.over(shape for shape in shapes if shape is not None)


def tests_of(agreement: Agreement, clause: Clause, reading: Reading | None, plane: Plane) -> ClauseTests:
    """Return the tests of a clause under a reading (None: every reading at once)."""
    presumption = clause.presumption
    if reading is not None and reading.presumption is not None:
        presumption = reading.presumption
    timeline = _timeline(agreement, clause, reading)
    moments = _moments(agreement, clause, reading, timeline)
    axes = _axes(agreement, clause, reading, moments)
    in_time = _in_time(clause, axes, moments, timeline)
    atoms, in_place = _in_place(agreement, clause, axes, plane)
    combinations = math.prod(_rivals(agreement, axis, reading) for axis in axes)
    if is_per_test := combinations > MOST_COMBINATIONS:
        axes, in_time, in_place = _each_by_itself(axes, in_time, in_place)
    return ClauseTests(agreement, clause, presumption, axes, timeline, in_time, atoms, in_place, plane, is_per_test)


def _rivals(agreement: Agreement, axis: Axis, reading: Reading | None) -> int:
    return len(agreement.rivals(axis.name, reading)) if axis.name in agreement.terms else len(axis.options)


def _axes(agreement: Agreement, clause: Clause, reading: Reading | None, moments: _Moments) -> tuple[Axis, ...]:
    axes = [Axis(term, tuple(range(len(options)))) for term, options in moments.by_term.items()]
    ground = clause.ground
    for term_id in (ground.term, ground.distance_term):
        if term_id:
            kind = agreement.terms[term_id].kind
            values: list[Any] = [rival.value for rival in agreement.rivals(term_id, reading)]
            if kind is TermKind.DISTANCE:
                # Of a range of distances its ends suffice: an area only grows between them.
                values = [edge for value in values for edge in dict.fromkeys(value)]
            axes.append(Axis(term_id, tuple(dict.fromkeys(values))))
    if ground.line and agreement.lines[ground.line].shape is None:
        axes.append(Axis(f"line:{ground.line}", (False, True)))
    axes.extend(Axis(f"zone:{zone}", (False, True)) for zone in _undrawn(agreement, clause))
    for party in agreement.parties_of(clause):
        if agreement.parties[party].is_contested:
            term = f"affected.{party}"
            axes.append(Axis(term, tuple(rival.value for rival in agreement.rivals(term, reading))))
    return tuple(axes)


def _undrawn(agreement: Agreement, clause: Clause) -> list[str]:
    named = set(clause.ground.zones) | ({clause.ground.inside} - {""})
    if clause.ground.term:
        for rival in agreement.terms[clause.ground.term].rivals:
            named |= set(_zone_ids(rival.value))
    return [zone for zone in agreement.zones if zone in named and agreement.zones[zone].shape is None]


def _zone_ids(value: Any) -> list[str]:
    return [zone for zone in value if isinstance(zone, str)] if isinstance(value, tuple) else []


@dataclass(frozen=True, slots=True)
class _Moments:
    """Where a clause may begin and end, as positions on the timeline (None: always, or never).

    `by_term` holds for each term used the (start, end) positions of each option; a moment that the term does not set is
    None there, and stands in `start` or `end`.
    """

    by_term: Mapping[str, tuple[tuple[int | None, int | None], ...]]
    start: int | None
    end: int | None


def _spans(agreement: Agreement, moment: Moment, reading: Reading | None) -> list[tuple[datetime, datetime] | None]:
    """Return for each rival of a moment the first and last instant it may be."""
    return [
        None
        if span is None
        else (span.earliest, span.earliest if span.latest - span.earliest <= _EXACT else span.latest)
        for span in agreement.moments(moment, reading)
    ]


def _timeline(agreement: Agreement, clause: Clause, reading: Reading | None) -> Timeline:
    instants = [instant for statement in agreement.register.statements for instant in statement.instants]
    vague: list[tuple[datetime, datetime]] = []
    for moment in (clause.start, clause.end):
        if not moment.term:
            instants += [_plain(clause, moment)] if moment.value else []
        for span in _spans(agreement, moment, reading) if moment.term else ():
            if span is not None:
                instants += span
                vague += [span] if span[0] < span[1] else []
    return Timeline(instants, vague)


def _plain(clause: Clause, moment: Moment) -> datetime:
    """Return an undisputed instant: a clause runs from the first of that day, and until the last of it."""
    assert moment.value is not None
    return (moment.value.latest if moment is clause.end else moment.value.earliest) + moment.offset


def _moments(agreement: Agreement, clause: Clause, reading: Reading | None, timeline: Timeline) -> _Moments:
    start, end = (
        timeline.position(_plain(clause, moment)) if moment.value else None for moment in (clause.start, clause.end)
    )
    if clause.start.term and clause.start.term == clause.end.term:
        # One instant sets both ends: they move together, so only its own ends are told apart.
        both = zip(_spans(agreement, clause.start, reading), _spans(agreement, clause.end, reading), strict=True)
        options = [
            (timeline.position(first), timeline.position(last))
            for one, other in both
            for first, last in (zip(one, other, strict=True) if one and other else ())
        ]
        return _Moments({clause.start.term: tuple(dict.fromkeys(options))}, None, None)
    by_term: dict[str, tuple[tuple[int | None, int | None], ...]] = {}
    for is_end, moment in enumerate((clause.start, clause.end)):
        if moment.term:
            places = [
                place
                for span in _spans(agreement, moment, reading)
                for place in ([None] if span is None else timeline.positions(*span))
            ]
            by_term[moment.term] = tuple((None, place) if is_end else (place, None) for place in places)
    return _Moments(by_term, start, end)


def _in_time(clause: Clause, axes: tuple[Axis, ...], moments: _Moments, timeline: Timeline) -> Truths:
    shape = [len(axis.options) if axis.name in moments.by_term else 1 for axis in axes]
    table = np.zeros([*shape, timeline.atoms], dtype=bool)
    for place in np.ndindex(*shape):
        begins, ends = moments.start, moments.end
        for axis, at in zip(axes, place, strict=True):
            if axis.name in moments.by_term:
                begin, end = moments.by_term[axis.name][at]
                begins, ends = (begin if begin is not None else begins), (end if end is not None else ends)
        table[place][slice(begins, ends)] = True
    return table


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
    drawn: dict[str, BaseGeometry] = {}
    chosen: dict[tuple[int, ...], tuple[frozenset[str], bool]] = {}
    for place in np.ndindex(*relevant):
        picked = {axis.name: axis.options[at] for axis, at in zip(axes, place, strict=True)}
        shapes, elsewhere = _ground_shapes(agreement, clause, picked, plane)
        drawn.update(shapes)
        chosen[place] = (frozenset(shapes), elsewhere)
    atoms = _arrange(tuple(drawn.items()))
    table = np.zeros([*relevant, len(atoms) + 1], dtype=bool)
    for place, (names, elsewhere) in chosen.items():
        for at, (inside, _) in enumerate(atoms):
            table[(*place, at)] = elsewhere or bool(names & inside)
        table[(*place, len(atoms))] = elsewhere and not (
            clause.ground.line or clause.ground.zones or clause.ground.term
        )
    return (*(shape for _, shape in atoms), shapely.Polygon()), table


def _ground_shapes(
    agreement: Agreement, clause: Clause, picked: Mapping[str, Any], plane: Plane
) -> tuple[dict[str, BaseGeometry], bool]:
    """Return (what is drawn of the clause's area, projected, by name; whether it may reach any other place) for some
    options.
    """
    ground = clause.ground
    if ground.line:
        line = agreement.lines[ground.line]
        if line.shape is None:
            return {}, bool(picked[f"line:{ground.line}"])
        metres = picked[ground.distance_term] if ground.distance_term else ground.distance_m
        strip = _strip(plane, line.shape, float(metres))
        if ground.inside:
            confined_to = agreement.zones[ground.inside]
            if confined_to.shape is not None:
                strip = strip.intersection(_projected(plane, confined_to.shape))
            elif not picked[f"zone:{ground.inside}"]:
                return {}, False
        return {f"{metres} m": strip}, False
    zones = picked[ground.term] if ground.term else ground.zones
    if not zones:
        return {}, True
    shapes = {zone: shape for zone in zones if (shape := agreement.zones[zone].shape) is not None}
    elsewhere = False
    for zone in zones:
        if picked.get(f"zone:{zone}", False):
            # What was never drawn may be anywhere, unless the text says that it is part of what is.
            whole = agreement.zones[agreement.zones[zone].part_of].shape if agreement.zones[zone].part_of else None
            shapes |= {agreement.zones[zone].part_of: whole} if whole is not None else {}
            elsewhere = elsewhere or whole is None
    return {zone: _projected(plane, shape) for zone, shape in shapes.items()}, elsewhere


# Clauses share areas, and so do readings: each is drawn and cut once.
@lru_cache(maxsize=256)
def _projected(plane: Plane, shape: BaseGeometry) -> BaseGeometry:
    return plane.shape(shape)


@lru_cache(maxsize=256)
def _strip(plane: Plane, line: BaseGeometry, metres: float) -> BaseGeometry:
    return _projected(plane, line).buffer(metres)


@lru_cache(maxsize=256)
def _arrange(drawn: tuple[tuple[str, BaseGeometry], ...]) -> tuple[tuple[frozenset[str], BaseGeometry], ...]:
    """Cut the world by every drawn shape: each piece with the names of the shapes that hold it."""
    pieces: list[tuple[frozenset[str], BaseGeometry]] = [(frozenset(), _WORLD)]
    for name, shape in drawn:
        cut = []
        for inside, piece in pieces:
            cut.append((inside | {name}, piece.intersection(shape)))
            cut.append((inside, piece.difference(shape)))
        if len(drawn) > 1:
            cut = [(inside, _without_slivers(piece)) for inside, piece in cut]
        pieces = [(inside, piece) for inside, piece in cut if piece.area > SLIVER_M2]
    return tuple(pieces)


def _without_slivers(piece: BaseGeometry) -> BaseGeometry:
    # Cutting leaves hairs along shared edges, which every neighbour would seem to touch.
    return piece.buffer(-_HAIR_M, join_style="mitre").buffer(_HAIR_M, join_style="mitre")


def _each_by_itself(
    axes: tuple[Axis, ...], in_time: Truths, in_place: Truths
) -> tuple[tuple[Axis, ...], Truths, Truths]:
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
