"""Union-find: links are taken in order, and never against what is kept apart."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.kernels import union_find
from trucewatch.kernels.union_find import (
    KEPT_APART,
    TAKEN,
    UNLIKE,
    Holds,
    Numbers,
    Scores,
    Short,
    United,
    string_together,
    unite,
)

Links = dict[tuple[int, int], int]
NODES = 9


def short(left: Numbers, right: Numbers, score: Numbers) -> tuple[Short, Short, Short]:
    return left.astype(np.int32), right.astype(np.int32), score.astype(np.int32)


def joined(
    links: Links, holds: list[tuple[int, int, int]] | None = None, floor: int = -6, nodes: int = NODES
) -> United:
    pairs = sorted(links)
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T
    node, key, value = np.array(holds or [], np.int64).reshape(-1, 3).T
    scores = np.array([links[pair] for pair in pairs], np.int64)
    known = Scores(np.arange(nodes), *short(left, right, scores), np.zeros(nodes, np.bool_), floor, 0)
    return unite(np.arange(nodes), left, right, scores, Holds(node, key, value), known)


def groups(sets: npt.NDArray[np.int64]) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(sets == one).tolist()) for one in sets}


PAIRS = [(one, other) for one, other in itertools.combinations(range(NODES), 2)]
LINKS = st.dictionaries(st.sampled_from(PAIRS), st.integers(-6, 9), max_size=30)
HOLDS = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, 2), st.integers(0, 2)), max_size=10)


def by_hand(links: Links, holds: list[tuple[int, int, int]], floor: int) -> set[frozenset[int]]:
    """Take links one by one, with sets as sets and every rule as it is told."""
    made = [{node} for node in range(NODES)]
    for one, other in sorted((pair for pair in links if links[pair] > 0), key=lambda pair: (-links[pair], pair)):
        mine, yours = (next(some for some in made if node in some) for node in (one, other))
        held = [{(key, value) for node, key, value in holds if node in some} for some in (mine, yours)]
        clash = any(a[0] == b[0] and a[1] != b[1] for a in held[0] for b in held[1])
        total = sum(links.get((min(a, b), max(a, b)), floor) for a in mine for b in yours)
        if mine is not yours and not clash and total >= 0:
            made = [some for some in made if some is not mine and some is not yours] + [mine | yours]
    return {frozenset(some) for some in made}


@settings(max_examples=200)
@given(LINKS, HOLDS)
def test_links_are_taken_from_the_highest_down_and_refused_by_rule(
    links: Links, holds: list[tuple[int, int, int]]
) -> None:
    assert groups(joined(links, holds).sets) == by_hand(links, holds, -6)


@settings(max_examples=20)
@given(LINKS, HOLDS)
def test_compiled_and_plain_join_the_same(links: Links, holds: list[tuple[int, int, int]]) -> None:
    plain = joined(links, holds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(union_find, "_FEW_LINKS", -1)
        fast = joined(links, holds)
    assert plain.sets.tolist() == fast.sets.tolist()
    assert plain.became.tolist() == fast.became.tolist()
    assert plain.why.tolist() == fast.why.tolist()


def test_it_says_what_became_of_each_link() -> None:
    links = {(0, 1): 9, (1, 2): 5, (0, 2): -8, (3, 4): 2, (4, 5): -1}
    told = joined(links, [(3, 0, 1), (4, 0, 2)])
    assert told.became.tolist() == [TAKEN, 0, UNLIKE, KEPT_APART, 0]
    assert told.why.tolist() == [0, 0, -3, 0, 0]


def test_nodes_that_are_one_from_the_start_stay_one_and_are_named_by_the_smallest() -> None:
    none = np.zeros(0, np.int64)
    known = Scores(np.arange(4), *short(none, none, none), np.zeros(4, np.bool_), -6, 0)
    told = unite(np.array([0, 1, 1, 0]), none, none, none, Holds(none, none, none), known)
    assert told.sets.tolist() == [0, 1, 1, 0]


def test_a_string_grows_no_wider_than_allowed() -> None:
    points = np.array([[0.0, 0, 0], [600.0, 0, 0], [1200.0, 0, 0], [np.nan] * 3])
    left, right = np.array([0, 1, 2]), np.array([1, 2, 3])
    assert string_together(np.arange(4), left, right, points, 1000.0).tolist() == [0, 0, 2, 2]
    assert string_together(np.arange(4), left, right, points, 1200.0).tolist() == [0, 0, 0, 0]


@settings(max_examples=60)
@given(LINKS, st.lists(st.integers(0, 4), min_size=NODES, max_size=NODES), HOLDS)
def test_nodes_of_one_class_score_as_if_each_were_told(
    of_class: Links, classes: list[int], holds: list[tuple[int, int, int]]
) -> None:
    known = {(one, other): score for (one, other), score in of_class.items() if other < 5}
    known |= {(one, one): score for (one, other), score in of_class.items() if other == 8 and one < 5}
    links = {
        (a, b): known[low, high]
        for a, b in PAIRS
        if ((low := min(classes[a], classes[b])), (high := max(classes[a], classes[b]))) in known
    }
    left, right = np.array(sorted(known), np.int64).reshape(-1, 2).T
    one, other = np.array(sorted(links), np.int64).reshape(-1, 2).T
    node, key, value = np.array(holds, np.int64).reshape(-1, 3).T
    score = np.array([known[pair] for pair in sorted(known)], np.int64)
    of_links = np.array([links[pair] for pair in sorted(links)], np.int64)
    scores = Scores(np.array(classes), *short(left, right, score), np.zeros(5, np.bool_), -6, 0)
    told = unite(np.arange(NODES), one, other, of_links, Holds(node, key, value), scores)
    plain = joined(links, holds)
    assert told.sets.tolist() == plain.sets.tolist() and told.why.tolist() == plain.why.tolist()


def test_what_was_left_out_counts_less_against_a_union_than_what_was_found_unlike() -> None:
    one, other, score = np.array([0, 1]), np.array([1, 2]), np.array([5, 4])
    none = np.zeros(0, np.int64)
    for cut, is_one in ((False, False), (True, True)):
        known = Scores(np.arange(3), *short(one, other, score), np.full(3, cut), -6, -1)
        sets = unite(np.arange(3), one, other, score, Holds(none, none, none), known).sets
        assert (len(set(sets.tolist())) == 1) == is_one


@settings(max_examples=40)
@given(LINKS, HOLDS)
def test_what_is_remembered_of_a_refusal_changes_nothing(links: Links, holds: list[tuple[int, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(union_find, "_REMEMBERED", 1)
        forgetful = joined(links, holds)
    told = joined(links, holds)
    assert told.sets.tolist() == forgetful.sets.tolist() and told.why.tolist() == forgetful.why.tolist()
