"""Weights: what it speaks for or against one event that two claims agree, or do not, in each feature.

The score of two claims is a sum of log-odds (Fellegi & Sunter 1969): of a level of agreement that a share m of the
pairs that tell of one event reach, and a share u of the others, ln(m / u). The shares are found by EM on pairs of which
nobody said what they are (Dempster, Laird & Rubin 1977; Winkler 1988).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from trucewatch.corroboration.likeness import FEATURES, MOST_LEVELS, Levels, Thousandths
from trucewatch.problems import TrucewatchError

Floats = npt.NDArray[np.float64]

FORMAT = 1
_HOUR_US = 3_600_000_000
_ROUNDS = 500
_CONVERGED = 1e-7
# A level that was met seldom keeps near to weighing nothing.
_HELD = 5.0
_SETTLED = 1e-4
# Each level is taken to have been met this often more among either kind of pairs: none is impossible.
_SEEN_BESIDES = 2.0
_FIRST_SHARE = 0.1
# Nothing follows from what was not said.
_SILENT = ("missing", "unstated", "silent")
# Times hours further apart than both state contradict each other. Left alone, EM learns from series of like acts at one
# place that this is common. Two that are told to the hour are two, whatever else is alike; the others are set to what a
# wrong hour or day now and then would make them.
_CONTRADICTED = {"hour-beyond": -10.0, "part-day-beyond": -3.0, "day-beyond": -3.0}
# What does not agree never speaks for one event.
_AGAINST = ("beyond", "disjoint", "different", "apart")
# All but a few pairs stand here: from these the others are told apart.
_NEITHER = ("same-area", "none")
# Levels of one feature that rise from for to against; a distance and a time do so for each exactness apart.
_RUNS = {"distance": 4, "time": 5}


@dataclass(frozen=True, slots=True)
class Weight:
    """One level of a feature: its shares among pairs of one event and of two, its log-odds, and how many pairs had it.

    `thousandths` is the log-odds (natural logarithm) in thousandths.
    """

    m: float
    u: float
    thousandths: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Search:
    """How far claims are compared, and which links may be taken: what is set, not fitted.

    `slack_m` metres and `slack_us` microseconds are what places and times may lie apart beyond what they allow.
    Features are not independent: each weight is the share `temper` of the log-odds that they would have if they were.
    In thousandths of log-odds, a pair that scores below `floor` is not kept, and one above `threshold` may be taken.
    """

    slack_m: float = 2_000.0
    slack_us: int = 12 * _HOUR_US
    temper: float = 0.7
    floor: int = -6_000
    threshold: int = -1_000


@dataclass(frozen=True, slots=True)
class Weights:
    """What the levels of features weigh, on how many pairs it was found, and what share of them tell of one event.

    `prior`, in thousandths of log-odds, is where a score begins: such that the probabilities of the pairs it was found
    on have that share for their mean.
    """

    version: int
    fitted_on: str
    rounds: int
    pairs: int
    share: float
    prior: int
    search: Search
    levels: Mapping[str, Mapping[str, Weight]]

    @property
    def table(self) -> Thousandths:
        """The log-odds in thousandths by the numbers of feature and level, as FEATURES orders them."""
        return _table(self.levels)


def _table(levels: Mapping[str, Mapping[str, Weight]]) -> Thousandths:
    table = np.zeros((len(FEATURES), MOST_LEVELS), np.int64)
    for at, (feature, names) in enumerate(FEATURES.items()):
        table[at, : len(names)] = [levels[feature][name].thousandths for name in names]
    return table


def probability(score: npt.ArrayLike) -> Floats:
    """Return the probabilities that scores, in thousandths of log-odds, stand for."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(score, np.float64) / 1000)))


# ---- the file --------------------------------------------------------------------------------------------------------


def shipped_weights() -> Weights:
    """Return the weights that come with Trucewatch."""
    root = Path(str(files("trucewatch")))
    beside = root.parent / "weights" / "links.yml"
    is_checkout = beside.is_file() and (root.parent / "pyproject.toml").exists()
    return read_weights(beside if is_checkout else root / "shipped" / "weights" / "links.yml")


def read_weights(path: Path) -> Weights:
    """Read a file of weights; raises TrucewatchError where it is none, or leaves a level out."""
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise TrucewatchError(
            f"{path}: cannot be read ({str(fault).partition(chr(10))[0]}); give weights of links"
        ) from None
    try:
        if written["format"] != FORMAT:
            raise TrucewatchError(
                f"{path}: is of format {written['format']}, and {FORMAT} is read; fit the weights anew"
            )
        levels = {
            feature: {
                name: Weight(
                    float(told["m"]), float(told["u"]), round(1000 * float(told["log_odds"])), int(told["pairs"])
                )
                for name, told in ((name, written["features"][feature][name]) for name in names)
            }
            for feature, names in FEATURES.items()
        }
        slack = written["slack"]
        search = Search(
            slack_m=float(slack["distance_m"]), slack_us=round(float(slack["time_hours"]) * _HOUR_US),
            temper=float(written["temper"]), floor=round(1000 * float(written["floor"])),
            threshold=round(1000 * float(written["threshold"])),
        )  # fmt: skip
        return Weights(
            version=int(written["version"]), fitted_on=str(written["fitted_on"]), rounds=int(written["rounds"]),
            pairs=int(written["pairs"]), share=float(written["share"]),
            prior=round(1000 * float(written["prior"])), search=search, levels=levels,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as fault:
        raise TrucewatchError(f"{path}: lacks or misspells {fault}; fit the weights anew") from None


def write_weights(weights: Weights) -> str:
    """Return weights as the text of a file, for people to read and to keep."""
    lines = [
        "# What it speaks for or against one event that two claims agree in a feature: log-odds (natural logarithm).",
        "# m: share of the pairs of one event that reach the level; u: share of the others. Fitted without labels; see",
        "# docs/decisions/010-links.md.",
        f"format: {FORMAT}",
        f"version: {weights.version}",
        f"fitted_on: {weights.fitted_on}",
        f"pairs: {weights.pairs}",
        "# Rounds of EM until no share moved by more than a ten-millionth.",
        f"rounds: {weights.rounds}",
        "# Candidate pairs that tell of one event.",
        f"share: {weights.share:.6f}",
        "# Where a score begins, so that the probabilities of those pairs have that share for their mean.",
        f"prior: {weights.prior / 1000:.3f}",
        "# Features are not independent; each weight is this share of the log-odds that they would have if they were.",
        f"temper: {weights.search.temper:g}",
        "# What places and times may lie apart beyond what they allow, and still be compared.",
        f"slack: {{distance_m: {weights.search.slack_m:g}, time_hours: {weights.search.slack_us / _HOUR_US:g}}}",
        "# A pair that scores lower is not kept, and counts as this where sets of claims are weighed.",
        f"floor: {weights.search.floor / 1000:.3f}",
        "# A link that scores higher may be taken; sets of claims are weighed against it too.",
        f"threshold: {weights.search.threshold / 1000:.3f}",
        "features:",
    ]
    for feature, levels in weights.levels.items():
        lines.append(f"  {feature}:")
        for name, told in levels.items():
            shares = f"m: {told.m:.6f}, u: {told.u:.6f}"
            lines.append(f"    {name}: {{{shares}, log_odds: {told.thousandths / 1000:.3f}, pairs: {told.pairs}}}")
    return "\n".join(lines) + "\n"


# ---- fitting ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shares:
    """What EM finds: the share of pairs of one event, and m and u of each feature's levels; and in how many rounds."""

    share: float
    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    rounds: int


def expect_and_maximise(levels: Levels, silent: Sequence[frozenset[int]], sizes: Sequence[int]) -> Shares:
    """Find the shares under which levels of agreement, one row a pair, are likeliest; the start is always the same.

    `silent` are the levels of each feature from which nothing follows, `sizes` how many levels it has. A level is
    expected of pairs of one event the more, the earlier it stands. Features are taken to be independent given whether
    a pair tells of one event.
    """
    patterns, counts = np.unique(levels, axis=0, return_counts=True)
    met = [_met(patterns[:, at], size, silent[at]) for at, size in enumerate(sizes)]
    u = tuple(_shares(counts @ some, silent[at]) for at, some in enumerate(met))
    m = tuple(_shares(part * np.linspace(1.0, 0.05, len(part)) ** 2, silent[at], 0) for at, part in enumerate(u))
    share, rounds, moved = _FIRST_SHARE, 0, np.inf
    while moved >= _CONVERGED and rounds < _ROUNDS:
        likely = sum((some @ np.log(mm / uu) for some, mm, uu in zip(met, m, u, strict=True)), np.zeros(len(counts)))
        of_one = 1 / (1 + (1 - share) / share * np.exp(-likely))
        weight = counts * of_one
        new_share = float(weight.sum() / counts.sum())
        new_m = tuple(_shares(weight @ some, silent[at]) for at, some in enumerate(met))
        new_u = tuple(_shares((counts - weight) @ some, silent[at]) for at, some in enumerate(met))
        moved = max(abs(new_share - share), *(np.abs(a - b).max() for a, b in zip(m + u, new_m + new_u, strict=True)))
        share, m, u, rounds = new_share, new_m, new_u, rounds + 1
    return Shares(share, m, u, rounds)


def _met(column: Levels, size: int, silent: frozenset[int]) -> Floats:
    met = np.zeros((len(column), size))
    met[np.arange(len(column)), column] = 1.0
    met[:, sorted(silent)] = 0.0
    return met


def _shares(found: Floats, silent: frozenset[int], besides: float = _SEEN_BESIDES) -> Floats:
    """Return shares of levels, each met a little more often than it was; silent ones weigh nothing, whatever u is."""
    kept = np.array([at not in silent for at in range(len(found))])
    padded = np.where(kept, found + besides, 0.0)
    shares = np.ones(len(found))
    shares[kept] = padded[kept] / padded.sum()
    return shares


def fit_weights(levels: Levels, fitted_on: str, search: Search, version: int = 1) -> Weights:
    """Return weights fitted by EM on the levels of candidate pairs, of which nobody said what they are.

    Within a feature a level that agrees less never weighs more: where few pairs were met, neighbours are pooled. Nor
    does the same agreement weigh more where both are told more vaguely.
    """
    if not len(levels):
        raise TrucewatchError("there are no pairs of reports to fit weights on; give folders with more reports")
    names = list(FEATURES.items())
    silent = [frozenset(at for at, level in enumerate(some) if level in _SILENT) for _, some in names]
    found = expect_and_maximise(levels, silent, [len(some) for _, some in names])
    weights: dict[str, dict[str, Weight]] = {}
    for at, (feature, some) in enumerate(names):
        pairs = np.bincount(levels[:, at], minlength=len(some))
        run = _RUNS.get(feature, len(some))
        odds = search.temper * _falling(
            np.where(pairs > 0, np.log(found.m[at] / found.u[at]), 0.0), pairs, run, silent[at]
        )
        if feature in _RUNS:
            odds = _no_rise_with_vagueness(odds, run)
        odds = np.minimum(odds, [_most(level) for level in some])
        weights[feature] = {
            name: Weight(
                0.0 if which in silent[at] else round(float(found.m[at][which]), 6),
                0.0 if which in silent[at] else round(float(found.u[at][which]), 6),
                round(1000 * float(odds[which])),
                int(pairs[which]),
            )
            for which, name in enumerate(some)
        }
    scores = _scores(_table(weights), levels)
    return Weights(
        version=version, fitted_on=fitted_on, rounds=found.rounds, pairs=len(levels), share=round(found.share, 6),
        prior=_prior(scores, found.share), search=search, levels=weights,
    )  # fmt: skip


def refit_weights(first: Weights, levels: Levels, is_one: npt.NDArray[np.bool_]) -> Weights:
    """Return weights fitted again, all features together, to what links made of the pairs (a row of levels each).

    EM takes features for independent, and knows no pairs but pairs. `is_one` says which of them the first weights
    brought into one incident, through all that may and may not be joined; a logistic regression on that is the next
    round of a classification EM (Celeux & Govaert 1992). m and u are the shares among the pairs so told apart.
    """
    names = list(FEATURES.items())
    silent = [frozenset(at for at, level in enumerate(some) if level in (*_SILENT, *_NEITHER)) for _, some in names]
    places = np.cumsum([0, *(len(some) for _, some in names)])
    patterns, of_pattern = np.unique(levels, axis=0, return_inverse=True)
    counts = np.bincount(of_pattern, minlength=len(patterns)).astype(np.float64)
    ones = np.bincount(of_pattern, weights=is_one.astype(np.float64), minlength=len(patterns)).astype(np.float64)
    told = np.concatenate([_met(patterns[:, at], len(some), silent[at]) for at, (_, some) in enumerate(names)], axis=1)
    odds = _regress(told, counts, ones)
    weights: dict[str, dict[str, Weight]] = {}
    for at, (feature, some) in enumerate(names):
        met = told[:, places[at] : places[at + 1]]
        pairs = np.bincount(levels[:, at], minlength=len(some))
        run = _RUNS.get(feature, len(some))
        own = _falling(odds[places[at] : places[at + 1]], pairs, run, silent[at])
        own = _no_rise_with_vagueness(own, run) if feature in _RUNS else own
        own = np.minimum(first.search.temper * own, [_most(level) for level in some])
        m, u = _shares(ones @ met, silent[at]), _shares((counts - ones) @ met, silent[at])
        weights[feature] = {
            name: Weight(
                0.0 if which in silent[at] else round(float(m[which]), 6),
                0.0 if which in silent[at] else round(float(u[which]), 6),
                round(1000 * float(own[which])),
                int(pairs[which]),
            )
            for which, name in enumerate(some)
        }
    share = float(is_one.mean())
    prior = _prior(_scores(_table(weights), levels), share)
    return replace(first, pairs=len(levels), share=round(share, 6), prior=prior, levels=weights)


def _regress(told: Floats, counts: Floats, ones: Floats) -> Floats:
    """Return the log-odds of each column in a logistic regression, by Newton's method; little data weighs little.

    Row i stands for `counts[i]` pairs, of which `ones[i]` are one.
    """
    rows = np.concatenate([np.ones((len(told), 1)), told], axis=1)
    held = np.diag([0.0, *(np.full(told.shape[1], _HELD))])
    odds = np.zeros(rows.shape[1])
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp(-np.clip(rows @ odds, -30, 30)))
        bent = (rows * (counts * (likely * (1 - likely) + 1e-6))[:, None]).T @ rows + held
        step = np.linalg.solve(bent, rows.T @ (ones - counts * likely) - held @ odds)
        odds += step
        if float(np.abs(step).max()) < _SETTLED:
            break
    return np.asarray(odds[1:])


def _scores(table: Thousandths, levels: Levels) -> Thousandths:
    return np.asarray(np.add.reduce([table[at, levels[:, at]] for at in range(len(FEATURES))]))


def _most(level: str) -> float:
    return _CONTRADICTED.get(level, 0.0 if level.endswith(_AGAINST) else np.inf)


def _no_rise_with_vagueness(odds: Floats, run: int) -> Floats:
    """Return log-odds of which none for agreeing exceeds that of the same level where claims are told more exactly."""
    whole = len(odds) // run * run
    table = odds[:whole].reshape(-1, run)
    capped = np.where(table > 0, np.minimum(table, np.maximum(np.minimum.accumulate(table), 0)), table)
    return np.concatenate([capped.ravel(), odds[whole:]])


def _prior(scores: Thousandths, share: float) -> int:
    """Return the whole number to add to scores at which the mean of their probabilities reaches a share."""
    low, high = -40_000, 40_000
    while low < high:
        middle = (low + high) // 2
        if float(probability(scores + middle).mean()) < share:
            low = middle + 1
        else:
            high = middle
    return low


def _falling(odds: Floats, pairs: npt.NDArray[np.int64], run: int, silent: frozenset[int]) -> Floats:
    """Return log-odds that never rise within a run of levels, by pooling neighbours (Ayer et al. 1955)."""
    fallen = odds.copy()
    for first in range(0, len(odds), run):
        blocks: list[tuple[float, float, list[int]]] = []
        for at in (at for at in range(first, min(first + run, len(odds))) if at not in silent):
            blocks.append((float(odds[at]), float(pairs[at] + 1), [at]))
            while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
                (one, some, members), (other, more, others) = blocks[-2], blocks[-1]
                blocks[-2:] = [((one * some + other * more) / (some + more), some + more, members + others)]
        for value, _, members in blocks:
            fallen[members] = value
    return fallen
