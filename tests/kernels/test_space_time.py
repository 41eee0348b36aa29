"""Space and time: the sweep over cells finds what comparing all with all finds."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.kernels import space_time
from trucewatch.kernels.space_time import Near, Numbers

HOUR = 3_600_000_000
KM = 1000.0

DISCS = st.lists(
    st.tuples(
        st.tuples(*[st.sampled_from([-60.0, -9.0, -8.0, -0.5, 0.0, 0.5, 3.9, 4.0, 8.0, 8.1, 16.0, 64.0])] * 3),
        st.sampled_from([0.0, 0.1, 1.9, 2.0, 5.0, 25.0, 40.0]),
        st.integers(-30, 90),
        st.sampled_from([0, 1, 24, 37, 24 * 9, 24 * 70]),
        st.integers(-1, 2),
    ),
    max_size=25,
)
Disc = tuple[tuple[float, float, float], float, int, int, int]


def near(discs: list[Disc], slack_km: float = 2.0, slack_hours: int = 12, most: int = 256) -> Near:
    points, radius, start, hours, apart = zip(*discs, strict=True) if discs else ((), (), (), (), ())
    begin = np.array(start, np.int64) * HOUR
    return Near(
        np.array(points, np.float64).reshape(-1, 3) * KM,
        np.array(radius, np.float64) * KM,
        begin,
        begin + np.array(hours, np.int64) * HOUR,
        np.array(apart, np.int64),
        np.ones(len(apart), np.int64),
        slack_km * KM,
        slack_hours * HOUR,
        most,
    )


def pairs(batches: Iterable[tuple[Numbers, Numbers]]) -> list[tuple[int, int]]:
    return [pair for left, right in batches for pair in zip(left.tolist(), right.tolist(), strict=True)]


def by_brute_force(some: Near) -> set[tuple[int, int]]:
    found = set()
    for one, other in itertools.combinations(range(len(some.start)), 2):
        away = float(((some.points[one] - some.points[other]) ** 2).sum()) ** 0.5
        gap = max(some.start[one], some.start[other]) - min(some.end[one], some.end[other])
        is_near = away <= some.radius_m[one] + some.radius_m[other] + some.slack_m and gap <= some.slack
        if is_near and not (some.apart[one] == some.apart[other] >= 0):
            found.add((one, other))
    return found


@settings(max_examples=150)
@given(DISCS, st.sampled_from([0.0, 2.0, 5.0]), st.sampled_from([0, 12, 26]))
def test_every_pair_that_lies_near_is_found_once_and_no_other(
    discs: list[Disc], slack_km: float, slack_hours: int
) -> None:
    some = near(discs, slack_km, slack_hours)
    found = pairs(some.pairs())
    assert len(found) == len(set(found)) and all(one < other for one, other in found)
    assert set(found) == by_brute_force(some)
    assert some.skipped == 0 and not some.cut.any()


@settings(max_examples=15)
@given(DISCS)
def test_compiled_and_plain_find_the_same(discs: list[Disc]) -> None:
    plain = pairs(near(discs).pairs())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(space_time, "_FEW_ROWS", -1)
        assert pairs(near(discs).pairs()) == plain


def test_what_lies_nowhere_is_near_nothing() -> None:
    nowhere = (float("nan"), 0.0, 0.0)
    assert pairs(near([(nowhere, 1.0, 0, 1, -1), ((0.0, 0.0, 0.0), 1.0, 0, 1, -1)]).pairs()) == []


def test_of_too_many_at_one_place_the_nearest_in_time_are_looked_at_and_the_others_counted() -> None:
    crowd = near([((0.0, 0.0, 0.0), 1.0, 0, minute, -1) for minute in range(1, 31)], most=4)
    crowd.start += np.arange(30) * (HOUR // 60)
    crowd.end = crowd.start + HOUR
    found = pairs(crowd.pairs())
    assert found and all(other - one <= 4 for one, other in found)
    assert len(found) + crowd.skipped == 30 * 29 // 2
    assert crowd.cut.sum() == 25


def test_a_row_that_stands_for_several_counts_as_often_where_it_is_left_out() -> None:
    crowd = near([((0.0, 0.0, 0.0), 1.0, 0, 1, -1)] * 4, most=2)
    crowd.sizes = np.array([1, 10, 100, 1000])
    crowd.start += np.arange(4) * (HOUR // 60)
    assert pairs(crowd.pairs()) == [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    assert crowd.skipped == 1 * 1000 and crowd.cut.tolist() == [True, False, False, False]
    assert crowd.crowded.tolist() == [True, True, True, True]


@settings(max_examples=15)
@given(DISCS)
def test_threads_give_batches_in_one_order(discs: list[Disc]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(space_time, "_FEW_ROWS", -1)
        patch.setattr(space_time, "_STRETCH", 3)
        some = near(discs)
        made = list(some.each(lambda left, right: (left.tolist(), right.tolist())))
        again = [(left.tolist(), right.tolist()) for left, right in near(discs).pairs()]
    found = [pair for left, right in made for pair in zip(left, right, strict=True)]
    assert made == again and len(found) == len(set(found)) and set(found) == by_brute_force(some)
