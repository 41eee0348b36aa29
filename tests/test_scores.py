"""Scores, against counting everything by hand."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.scores import (
    Agreed,
    b_cubed,
    calibration,
    estimate,
    origin_bounds,
    over_merged,
    over_split,
    pairwise,
)

# Two clusterings of the same items: pairs of labels.
PARTITIONS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abcde")), min_size=1, max_size=14)


def columns(items: list[tuple[int, str]]) -> tuple[list[int], list[str]]:
    return [found for found, _ in items], [true for _, true in items]


@given(PARTITIONS)
def test_b_cubed_is_what_going_through_every_item_gives(items: list[tuple[int, str]]) -> None:
    precision, recall = Fraction(0), Fraction(0)
    for found, true in items:
        with_it = [other for other in items if other[0] == found]
        belong = [other for other in items if other[1] == true]
        both = [other for other in items if other == (found, true)]
        precision += Fraction(len(both), len(with_it))
        recall += Fraction(len(both), len(belong))
    scored = b_cubed(*columns(items))
    assert scored.precision == pytest.approx(float(precision / len(items)))
    assert scored.recall == pytest.approx(float(recall / len(items)))


@given(PARTITIONS)
def test_pairs_are_counted_as_going_through_every_pair_gives(items: list[tuple[int, str]]) -> None:
    pairs = list(itertools.combinations(items, 2))
    joined = [one[0] == other[0] for one, other in pairs]
    belong = [one[1] == other[1] for one, other in pairs]
    right = sum(a and b for a, b in zip(joined, belong, strict=True))
    scored = pairwise(*columns(items))
    assert scored.precision == (pytest.approx(right / sum(joined)) if any(joined) else None)
    assert scored.recall == (pytest.approx(right / sum(belong)) if any(belong) else None)


@given(PARTITIONS)
def test_merging_and_splitting_mirror_each_other(items: list[tuple[int, str]]) -> None:
    found, true = columns(items)
    groups = {name: {label for other, label in items if other == name} for name in found if found.count(name) > 1}
    mixed = [len(labels) > 1 for labels in groups.values()]
    assert over_merged(found, true) == (pytest.approx(sum(mixed) / len(mixed)) if mixed else None)
    assert over_split(found, true) == over_merged(true, found)


@given(PARTITIONS)
def test_what_is_found_exactly_scores_one_whatever_it_is_called(items: list[tuple[int, str]]) -> None:
    _, true = columns(items)
    renamed = [f"incident {label}" for label in true]
    assert b_cubed(renamed, true) == Agreed(1.0, 1.0)
    assert pairwise(renamed, true) in (Agreed(1.0, 1.0), Agreed(None, None))
    assert over_merged(renamed, true) in (0.0, None)
    assert over_split(renamed, true) in (0.0, None)


@given(PARTITIONS)
def test_all_in_one_recalls_all_and_all_alone_is_never_wrong(items: list[tuple[int, str]]) -> None:
    _, true = columns(items)
    assert b_cubed([0] * len(true), true).recall == 1.0
    assert b_cubed(range(len(true)), true).precision == 1.0
    assert pairwise(range(len(true)), true).precision is None


def test_f1_is_the_harmonic_mean_and_nothing_without_both() -> None:
    assert Agreed(0.5, 1.0).f1 == pytest.approx(2 / 3)
    assert Agreed(0.0, 0.0).f1 == 0.0
    assert Agreed(None, 1.0).f1 is None
    assert Agreed(1.0, None).f1 is None


def test_nothing_scores_nothing() -> None:
    assert b_cubed([], []) == Agreed(None, None)
    assert pairwise([], []) == Agreed(None, None)
    assert over_merged([], []) is None
    assert calibration([], []).error is None
    assert origin_bounds([], [], []).held is None
    assert estimate([None]) is None


@pytest.mark.parametrize("score", [pairwise, b_cubed, over_merged])
def test_clusterings_of_other_items_are_refused(score: object) -> None:
    assert callable(score)
    with pytest.raises(ValueError, match="same items"):
        score([1, 2], [1])


def test_calibration_by_hand() -> None:
    found = calibration([0.95, 0.95, 1.0, 0.12, 0.18], [True, False, True, False, True])
    # The last bin says 2.9 / 3 and holds 2 / 3; the second says 0.15 and holds 1 / 2.
    assert found.error == pytest.approx((abs(2.9 - 2) + abs(0.3 - 1)) / 5)
    assert [pairs.pairs for pairs in found.bins] == [0, 2, 0, 0, 0, 0, 0, 0, 0, 3]
    assert found.bins[9].said == pytest.approx(2.9 / 3)
    assert found.bins[9].true == pytest.approx(2 / 3)
    assert found.bins[0].said is None


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_who_says_the_share_that_is_true_is_calibrated(held: list[bool]) -> None:
    share = sum(held) / len(held)
    assert calibration([share] * len(held), held).error == pytest.approx(0, abs=1e-12)
    assert calibration([1.0] * len(held), held).error == pytest.approx(1 - share)


def test_no_probability_lies_outside_nought_and_one() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        calibration([1.1], [True])
    with pytest.raises(ValueError, match="as many"):
        calibration([0.5], [True, False])


def test_origin_bounds_by_hand() -> None:
    bounds = origin_bounds([1, 2, 0, 1], [1, 4, None, 2], [1, 5, 3, 1])
    assert bounds.incidents == 4
    assert bounds.held == pytest.approx(2 / 3)  # 1..1 holds 1, 2..4 does not hold 5, 1..2 holds 1
    assert bounds.low_held == 1.0
    assert bounds.width == pytest.approx((0 + 2 + 1) / 3)
    assert bounds.open == 0.25
    assert origin_bounds([2], [2], [1]).low_held == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=25), st.integers(0, 9))
def test_an_interval_holds_its_mean_and_is_the_same_every_time(values: list[float], seed: int) -> None:
    found = estimate(values, seed, resamples=200)
    assert found is not None
    assert found == estimate([None, *values], seed, resamples=200)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found.mean == pytest.approx(sum(values) / len(values))


def test_an_interval_narrows_with_the_number_of_seeds() -> None:
    few, many = estimate([0.4, 0.6] * 3), estimate([0.4, 0.6] * 50)
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low
    # Of a mean of 100 values that lie 0.1 off: 1.96 x 0.1 / 10 to either side.
    assert many.high - many.low == pytest.approx(2 * 1.96 * 0.01, rel=0.1)
