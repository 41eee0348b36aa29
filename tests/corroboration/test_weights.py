"""Weights: EM finds the shares that levels were drawn from, and the file says what was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.corroboration.likeness import FEATURES, Levels
from trucewatch.corroboration.weights import (
    Search,
    expect_and_maximise,
    fit_weights,
    probability,
    read_weights,
    refit_weights,
    shipped_weights,
    write_weights,
)
from trucewatch.problems import TrucewatchError

SIZES = [len(levels) for levels in FEATURES.values()]


def drawn(seed: int, share: float, number: int = 4000) -> tuple[Levels, np.ndarray, list[np.ndarray], list[np.ndarray]]:
    """Draw levels of pairs that are truly independent, with the shares they were drawn from."""
    dice = np.random.default_rng(seed)
    is_one = dice.random(number) < share
    m = [np.linspace(1, 0.1, size) ** 3 / (np.linspace(1, 0.1, size) ** 3).sum() for size in SIZES]
    u = [np.linspace(0.1, 1, size) ** 2 / (np.linspace(0.1, 1, size) ** 2).sum() for size in SIZES]
    columns = [
        np.where(is_one, dice.choice(size, number, p=one), dice.choice(size, number, p=other))
        for size, one, other in zip(SIZES, m, u, strict=True)
    ]
    return np.column_stack(columns).astype(np.uint8), is_one, m, u


@settings(max_examples=6)
@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.1, 0.3]))
def test_em_finds_the_shares_of_independent_features_without_labels(seed: int, share: float) -> None:
    levels, is_one, m, u = drawn(seed, share)
    found = expect_and_maximise(levels, [frozenset()] * len(SIZES), SIZES)
    assert abs(found.share - is_one.mean()) < 0.02
    for told, true in zip((*found.m, *found.u), (*m, *u), strict=True):
        assert np.abs(told - true).max() < 0.12 and told.sum() == pytest.approx(1)


def test_the_order_of_pairs_changes_nothing() -> None:
    levels, *_ = drawn(1, 0.1)
    assert fit_weights(levels, "x", Search()) == fit_weights(levels[::-1], "x", Search())


def test_nothing_follows_from_what_was_not_said_or_never_met() -> None:
    levels, *_ = drawn(2, 0.1)
    levels[:, list(FEATURES).index("text")] = FEATURES["text"].index("missing")
    weights = fit_weights(levels, "x", Search())
    assert {weight.thousandths for weight in weights.levels["text"].values()} == {0}
    for feature, level in (("count", "missing"), ("citing", "unstated"), ("who", "silent")):
        assert weights.levels[feature][level].thousandths == 0


def test_a_level_that_agrees_less_or_is_told_more_vaguely_never_weighs_more() -> None:
    for weights in (shipped_weights(), fit_weights(drawn(3, 0.2)[0], "x", Search())):
        for feature, run in (("distance", 4), ("time", 5)):
            odds = [weight.thousandths for weight in weights.levels[feature].values()]
            exact = np.array(odds[: 4 * run]).reshape(4, run)
            assert (np.diff(exact, axis=1) <= 0).all()
            assert (np.diff(np.maximum(exact, 0), axis=0) <= 0).all()
        act = [weight.thousandths for weight in weights.levels["act"].values()]
        assert act == sorted(act, reverse=True)


def test_fitted_again_what_two_features_say_together_is_counted_once() -> None:
    levels, is_one, *_ = drawn(5, 0.2)
    count, dead = (list(FEATURES).index(feature) for feature in ("count", "dead"))
    twice = levels.copy()
    twice[:, dead] = np.array([0, 2, 3, 4])[twice[:, count]]  # dead agree just where counts do
    search = Search(temper=1.0)

    first = fit_weights(twice, "x", search)
    again = refit_weights(first, twice, is_one)
    by_itself = fit_weights(levels, "x", search)
    both = [int(weights.table[count, 0] + weights.table[dead, 0]) for weights in (first, again)]
    assert both[1] < 0.8 * both[0]
    assert both[0] > 1.6 * by_itself.table[count, 0]


def test_what_does_not_agree_never_speaks_for_one_event() -> None:
    levels, is_one, *_ = drawn(6, 0.2)
    for weights in (shipped_weights(), refit_weights(fit_weights(levels, "x", Search()), levels, ~is_one)):
        for some in weights.levels.values():
            against = [weight.thousandths for level, weight in some.items() if level.endswith(("beyond", "disjoint"))]
            assert all(weight <= 0 for weight in against)
        assert weights.levels["time"]["hour-beyond"].thousandths <= -10_000


def test_probabilities_of_the_pairs_fitted_on_have_the_share_found_for_their_mean() -> None:
    levels, *_ = drawn(4, 0.1)
    weights = fit_weights(levels, "x", Search())
    scores = weights.prior + np.add.reduce([weights.table[at, levels[:, at]] for at in range(len(FEATURES))])
    assert float(probability(scores).mean()) == pytest.approx(weights.share, abs=1e-4)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    weights = fit_weights(drawn(5, 0.1)[0], "ten folders", Search(threshold=-700))
    (tmp_path / "w.yml").write_text(write_weights(weights), encoding="utf-8")
    assert read_weights(tmp_path / "w.yml") == weights


@pytest.mark.parametrize("text", ["format: 9", "", "format: 1\nversion: 1", "[", "format: 1\nfeatures: 3"])
def test_a_file_that_holds_no_weights_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.yml").write_text(text, encoding="utf-8")
    with pytest.raises(TrucewatchError, match=r"w\.yml: ") as refused:
        read_weights(tmp_path / "w.yml")
    assert "\n" not in str(refused.value)


def test_without_pairs_nothing_is_fitted() -> None:
    with pytest.raises(TrucewatchError, match="no pairs"):
        fit_weights(np.zeros((0, len(FEATURES)), np.uint8), "x", Search())
