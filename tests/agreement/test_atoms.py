"""Atoms: pieces of time and place that a clause answers alike, against what a reader would work out by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import COUNTED, Actor, Affiliation, AffiliationStatement, write_pairs
from trucewatch.agreement.atoms import MOST_COMBINATIONS, ClauseTests, Timeline, microseconds
from trucewatch.agreement.atoms import tests_of as ask_about
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement, Ground, Rival, Term
from trucewatch.when import Span
from trucewatch.where import Plane

ROOT = Path(__file__).parents[2]
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
HOURS = st.integers(0, 30)
SPANS = st.tuples(HOURS, HOURS).filter(lambda span: span[0] < span[1])


def at(hour: float) -> datetime:
    return NOON + timedelta(hours=hour)


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return read_agreement(ROOT / "agreements" / "south-syria-2017")


def ask(agreement: Agreement, clause: str, reading: str = "") -> ClauseTests:
    """Return the tests of a clause, in a plane over everything drawn."""
    drawn = [zone.shape for zone in agreement.zones.values() if zone.shape is not None]
    chosen = agreement.readings[reading] if reading else None
    return ask_about(agreement, agreement.clause(clause), chosen, Plane.over(drawn))


def axis(tests: ClauseTests, name: str) -> int:
    return [axis.name for axis in tests.axes].index(name)


def atoms_of(tests: ClauseTests, lon: float, lat: float) -> list[int]:
    """Return the place atoms that hold a point."""
    x, y = tests.plane.project(np.array([lon]), np.array([lat]))
    return [n for n, shape in enumerate(tests.place_atoms) if shape.contains(shapely.Point(x[0], y[0]))]


# ---- time ------------------------------------------------------------------------------------------------------------


def gaps(cuts: Sequence[int], vague: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return for every piece of time the gap between two cuts that it lies in, by hand."""
    edges = sorted({*cuts, *(edge for span in vague for edge in span)})
    found: list[tuple[float, float]] = []
    for low, high in itertools.pairwise([-math.inf, *edges, math.inf]):
        amid = [span for span in vague if span[0] <= low and high <= span[1]]
        found += [(low, high)] * (1 + len(amid))
    return found


@settings(max_examples=80)
@given(cuts=st.lists(HOURS, max_size=5), vague=st.lists(SPANS, max_size=3), begin=st.integers(-3, 33), lasts=HOURS)
def test_a_span_touches_the_pieces_of_every_gap_that_it_overlaps(
    cuts: list[int], vague: list[tuple[int, int]], begin: int, lasts: int
) -> None:
    timeline = Timeline(map(at, cuts), [(at(low), at(high)) for low, high in vague])
    every = gaps(cuts, vague)
    assert timeline.atoms == len(every)
    first, last = timeline.pieces(
        np.array([microseconds(at(begin))]), np.array([microseconds(at(begin)) + lasts * 3_600_000_000])
    )
    touched = [n for n, (low, high) in enumerate(every) if low < begin + max(lasts, 1e-6) and begin < high]
    if not lasts:  # an instant: nothing else falls amid it
        touched = touched[:1]
    assert list(range(first[0], last[0] + 1)) == touched


@settings(max_examples=80)
@given(cuts=st.lists(HOURS, min_size=1, max_size=5), vague=st.lists(SPANS, max_size=3))
def test_a_cut_stands_before_the_first_piece_after_it(cuts: list[int], vague: list[tuple[int, int]]) -> None:
    timeline = Timeline(map(at, cuts), [(at(low), at(high)) for low, high in vague])
    every = gaps(cuts, vague)
    for cut in cuts:
        assert timeline.position(at(cut)) == sum(high <= cut for _, high in every)


@given(span=SPANS, cuts=st.lists(HOURS, max_size=4))
def test_a_vague_instant_may_fall_before_and_after_everything_that_happens_amid_it(
    span: tuple[int, int], cuts: list[int]
) -> None:
    low, high = span
    timeline = Timeline(map(at, cuts), [(at(low), at(high))])
    places = timeline.positions(at(low), at(high))
    first, last = timeline.pieces(np.array([microseconds(at(low + 0.25))]), np.array([microseconds(at(low + 0.75))]))
    assert first[0] < last[0]  # an event of half an hour is in two pieces: before the instant, and after it
    assert {first[0], first[0] + 1, last[0] + 1} & set(places) >= {first[0], last[0]}
    assert (places[0], places[-1]) == (timeline.position(at(low)), timeline.position(at(high)))


def test_a_start_in_dispute_has_its_rivals_in_order(agreement: Agreement) -> None:
    tests = ask(agreement, "C1")
    n = axis(tests, "start")
    assert len(tests.axes[n].options) == 2
    morning = microseconds(datetime(2017, 7, 9, 6, tzinfo=UTC))  # nine in Damascus: between midnight and noon
    piece, _ = tests.timeline.pieces(np.array([morning]), np.array([morning + 1]))
    begun = np.moveaxis(tests.in_time, n, 0)[..., piece[0]]
    assert [bool(option.any()) for option in begun] == [False, True]
    assert not tests.in_time[..., 0].any()


# ---- place -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clause", ["C1", "C2", "C3", "C4", "D-il-1"])
def test_the_pieces_cover_the_world_and_do_not_overlap(agreement: Agreement, clause: str) -> None:
    tests = ask(agreement, clause)
    drawn = tests.place_atoms[:-1]
    whole = shapely.box(-2.1e7, -2.1e7, 2.1e7, 2.1e7)
    assert shapely.union_all(drawn).area == pytest.approx(whole.area, rel=1e-9)
    for one, other in itertools.combinations(drawn, 2):
        assert one.intersection(other).area < 1e4
    assert tests.place_atoms[tests.abroad].is_empty
    assert tests.place_atoms[tests.outside].contains(shapely.Point(2e7, 2e7))


def test_what_lies_abroad_is_in_no_area_and_everywhere_holds_it_too(agreement: Agreement) -> None:
    assert not ask(agreement, "C1").in_place[..., -1].any()
    assert not ask(agreement, "C4").in_place[..., -1].any()
    clause = replace(agreement.clause("C1"), ground=Ground())
    everywhere = ask(replace(agreement, clauses=(clause,)), "C1")
    assert everywhere.in_place.all()


def test_rival_areas_are_told_apart_where_they_differ(agreement: Agreement) -> None:
    tests = ask(agreement, "C1")
    by_option = np.moveaxis(tests.in_place, axis(tests, "area"), 0).reshape(2, -1)
    for point, answers in {(36.1, 32.62): [1, 1], (36.7, 32.7): [1, 0], (37.2, 36.2): [0, 0]}.items():
        (atom,) = atoms_of(tests, *point)
        assert by_option[:, atom].tolist() == answers


def test_a_line_that_was_never_published_may_put_everything_inside_or_nothing(agreement: Agreement) -> None:
    tests = ask(agreement, "C4")
    n = axis(tests, "line:golan-line")
    assert tests.axes[n].options == (False, True)
    by_option = np.moveaxis(tests.in_place, n, 0)
    assert not by_option[0].any()
    assert by_option[1, ..., : tests.abroad].all()


def test_a_range_of_distances_is_asked_at_both_its_ends(agreement: Agreement) -> None:
    term = replace(agreement.terms["jordan-border-distance"], rivals=(Rival("range", (10_000.0, 25_000.0)),))
    ranged = replace(agreement, terms={**agreement.terms, term.id: term})
    tests = ask(ranged, "C3")
    n = axis(tests, term.id)
    assert tests.axes[n].options == (10_000.0, 25_000.0)
    near, far = np.moveaxis(tests.in_place, n, 0).reshape(2, -1)
    assert not (near & ~far).any()
    narrow, wide = (sum(a.area for a, hit in zip(tests.place_atoms, row, strict=True) if hit) for row in (near, far))
    assert 0 < narrow < wide


def test_a_distance_is_measured_on_its_own_side_only(agreement: Agreement) -> None:
    tests = ask(agreement, "C3")
    reached = np.asarray(tests.in_place.reshape(-1, len(tests.place_atoms)).any(axis=0))
    answers = [[bool(reached[n]) for n in atoms_of(tests, 36.1, lat)] for lat in (32.62, 33.4, 32.3)]
    assert answers == [[True], [False], [False]]  # Daraa town; far north; in Jordan


def test_a_zone_that_nobody_drew_lies_in_what_it_is_part_of(agreement: Agreement) -> None:
    hidden = replace(agreement.zones["area-of-separation"], shape=None)
    clause = replace(agreement.clause("C1"), ground=Ground(zones=(hidden.id,)))
    zones = {**agreement.zones, hidden.id: hidden}
    tests = ask(replace(agreement, zones=zones, clauses=(clause,)), "C1")
    by_option = np.moveaxis(tests.in_place, axis(tests, "zone:area-of-separation"), 0)
    (quneitra,), (daraa,) = atoms_of(tests, 35.92, 33.1), atoms_of(tests, 36.2, 32.7)
    assert not by_option[0].any()
    assert by_option[1, ..., quneitra].all()
    assert not by_option[1, ..., daraa].any()
    free = {**zones, hidden.id: replace(hidden, part_of="")}
    anywhere = ask(replace(agreement, zones=free, clauses=(clause,)), "C1")
    assert np.moveaxis(anywhere.in_place, axis(anywhere, "zone:area-of-separation"), 0)[1][..., : anywhere.abroad].all()


# ---- many combinations -----------------------------------------------------------------------------------------------


def rivals(term: Term, number: int) -> Term:
    days = (term.rivals[0].value, *(Span(at(24 * n), at(24 * n), "told") for n in range(number - 1)))
    return replace(term, rivals=tuple(Rival(f"r{n}", day) for n, day in enumerate(days)))


@pytest.mark.parametrize(("starts", "ends"), [(4, 4), (4, 5)])
def test_beyond_sixty_four_combinations_each_test_is_judged_by_itself(
    agreement: Agreement, starts: int, ends: int
) -> None:
    # Two areas, and two answers to whether the contested groups are bound.
    terms = {"start": rivals(agreement.terms["start"], starts), "end": rivals(agreement.terms["end"], ends)}
    tests = ask(replace(agreement, terms={**agreement.terms, **terms}), "C1")
    is_beyond = starts * ends * 2 * 2 > MOST_COMBINATIONS
    assert tests.is_per_test == is_beyond
    names = ["start or end", "area", "affected.iran-backed"]
    assert [axis.name for axis in tests.axes] == (names if is_beyond else ["start", "end", *names[1:]])


def test_what_is_folded_holds_the_same_answers(agreement: Agreement) -> None:
    terms = {name: rivals(agreement.terms[name], 5) for name in ("start", "end")}
    folded = ask(replace(agreement, terms={**agreement.terms, **terms}), "C1")
    for table in (folded.in_time, folded.in_place):
        rows = table.reshape(-1, table.shape[-1])
        assert len(np.unique(rows, axis=0)) == len(rows)
    drawn = {tuple(row) for row in folded.in_place.reshape(-1, folded.in_place.shape[-1]).tolist()}
    plain = ask(agreement, "C1").in_place
    assert drawn == {tuple(row) for row in plain.reshape(-1, plain.shape[-1]).tolist()}


# ---- who -------------------------------------------------------------------------------------------------------------


def bound(tests: ClauseTests, actor: str, target: str = "") -> tuple[set[bool], bool]:
    """Return the feasible answers to whether an actor is bound, and whether a presumption narrowed them."""
    truths, _, presumed = tests.who(write_pairs([(actor, target)]))
    return {bool(truth) for truth in truths.ravel()}, presumed


@pytest.mark.parametrize(
    ("actor", "reading", "answers", "presumed"),
    [
        ("Government of Syria", "", {True}, False),
        ("NDF", "", {True}, False),
        ("Southern Front", "", {True}, False),
        ("IS", "", {False}, False),
        ("civilians", "", {False}, False),
        ("Hezbollah", "", {True, False}, False),  # contested: an axis of the clause
        ("Hezbollah", "israel", {True}, False),
        ("Hezbollah", "russia", {False}, False),
        ("Syrian insurgents", "", {True}, True),
        ("Syrian insurgents", "strict", {True, False}, False),
        ("IS, Southern Front", "", {True, False}, False),
        ("Southern Front, Government of Syria", "", {True}, False),
        ("a name that nobody registered", "", {True, False}, False),
        ("", "", {True, False}, False),
    ],
)
def test_who_is_bound(agreement: Agreement, actor: str, reading: str, answers: set[bool], presumed: bool) -> None:
    assert bound(ask(agreement, "C1", reading), actor) == (answers, presumed)


def test_the_outside_group_must_be_the_target(agreement: Agreement) -> None:
    tests = ask(agreement, "C1")
    for pair, expected in {("Government of Syria", "IS"): True, ("IS", "Government of Syria"): False}.items():
        _, covered, _ = tests.who(write_pairs([pair]))
        assert {bool(truth) for truth in covered.ravel()} == {expected}


def test_what_looks_alike_to_the_clause_is_one_completion(agreement: Agreement) -> None:
    tests = ask(agreement, "C1")
    pairs = [("Government of Syria", "Southern Front"), ("Southern Front", "Government of Syria"), ("NDF", "SRF")]
    truths, covered, _ = tests.who(write_pairs(pairs))
    assert truths.shape[-1] == covered.shape[-1] == 1


STRANGERS = Actor("strangers", ("Strangers",))
JOINED, LEFT = datetime(2018, 1, 1, tzinfo=UTC), datetime(2018, 2, 1, tzinfo=UTC)


def joined_by(agreement: Agreement, kind: Affiliation, contested: bool = False) -> ClauseTests:
    """Return the tests of the ban where strangers are said to belong to the Southern Front in January 2018."""
    statement = AffiliationStatement("strangers", "southern-front", kind, ("x",), JOINED, LEFT, contested)
    register = replace(
        agreement.register,
        actors={**agreement.register.actors, "strangers": STRANGERS},
        statements=(*agreement.register.statements, statement),
    )
    return ask(replace(agreement, register=register), "C1")


@pytest.mark.parametrize("kind", list(Affiliation))
@pytest.mark.parametrize("contested", [False, True])
def test_an_affiliation_binds_in_its_time_only(agreement: Agreement, kind: Affiliation, contested: bool) -> None:
    tests = joined_by(agreement, kind, contested)
    truths, _, _ = tests.who(write_pairs([("Strangers", "")]))
    by_time = np.asarray(truths.reshape(-1, *truths.shape[-2:]).any(axis=0))  # [T, Q]
    january = slice(tests.timeline.position(JOINED), tests.timeline.position(LEFT))
    within, without = by_time[january], np.delete(by_time, np.r_[january], axis=0)
    would_bind = kind in COUNTED  # that only lists have entries is for the reader to see
    may_bind = (contested and would_bind) or kind is Affiliation.CLAIMS_SUBORDINATION
    binds = would_bind and not contested
    assert len(within) and len(without)
    assert {bool(truth) for truth in within.ravel()} == ({True, False} if may_bind else {binds})
    assert not without.any()


def test_near_a_vague_end_an_affiliation_may_bind_or_not(agreement: Agreement) -> None:
    begun, ending = datetime(2018, 1, 10, tzinfo=UTC), datetime(2018, 1, 20, tzinfo=UTC)
    statement = AffiliationStatement(
        "strangers", "southern-front", Affiliation.PART_OF, ("x",), JOINED, LEFT, begun=begun, ending=ending
    )
    actors = {**agreement.register.actors, "strangers": STRANGERS}
    register = replace(agreement.register, actors=actors, statements=(statement,))
    tests = ask(replace(agreement, register=register), "C1")
    truths, _, _ = tests.who(write_pairs([("Strangers", "")]))
    by_time = np.asarray(truths.reshape(-1, *truths.shape[-2:]).any(axis=0))
    at = tests.timeline.position
    told = {
        (one, other): {bool(truth) for truth in by_time[at(one) : at(other)].ravel()}
        for one, other in ((JOINED, begun), (begun, ending), (ending, LEFT))
    }
    assert told == {(JOINED, begun): {True, False}, (begun, ending): {True}, (ending, LEFT): {True, False}}
    assert not by_time[: at(JOINED)].any() and not by_time[at(LEFT) :].any()


# ---- what and how many -----------------------------------------------------------------------------------------------


def test_a_vaguer_act_may_be_forbidden_or_not(agreement: Agreement) -> None:
    tests = ask(agreement, "C1")
    told = {act: set(tests.what(act, None, None, None)[0].tolist()) for act in ("shelling", "arrests", "act")}
    assert told == {"shelling": {True}, "arrests": {False}, "act": {True, False}}


@settings(max_examples=20)
@given(floor=st.integers(50, 150), low=st.integers(40, 200), more=st.integers(0, 60))
def test_a_calibre_fits_where_some_value_of_it_may(agreement: Agreement, floor: int, low: int, more: int) -> None:
    clause = agreement.clause("C1")
    rule = replace(clause.what, calibre_at_least_mm=float(floor))
    tests = ask(replace(agreement, clauses=(replace(clause, what=rule),)), "C1")
    found = set(tests.what("shelling", None, float(low), float(low + more))[0].tolist())
    assert found == {value >= floor for value in range(low, low + more + 1)}
    assert set(tests.what("shelling", None, None, None)[0].tolist()) == {True, False}


@settings(max_examples=20)
@given(limit=st.integers(0, 12), low=st.integers(0, 12), more=st.integers(0, 5))
def test_a_number_is_above_a_ceiling_where_some_value_of_it_may_be(
    agreement: Agreement, limit: int, low: int, more: int
) -> None:
    clause = agreement.clause("C1")
    rule = replace(clause.what, unit="tanks")
    tests = ask(replace(agreement, clauses=(replace(clause, what=rule, at_most=limit),)), "C1")
    assert set(tests.count(low, low + more, "tanks").tolist()) == {n > limit for n in range(low, low + more + 1)}
    assert tests.count(low, low + more, "men").tolist() == [False]
    assert set(tests.count(low, None, None).tolist()) == ({True} if low > limit else {True, False})
    assert ask(agreement, "C1").count(low, None, None).tolist() == [True]
