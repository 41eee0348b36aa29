"""Splink 5 on DuckDB, in the best configuration that we found for it.

It compares the same fields at the same levels as Trucewatch, told in SQL, and looks at the same pairs by exact
blocking: every record lists the cells of space and time that it touches, records that share one are joined, and the
exact condition on distance, time and dataset stands in the rule. The u of levels is estimated from random pairs or from
near ones, their m by EM, all without labels; which, the way of clustering and the threshold are what did best on the
training seeds.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import DuckDBAPI, Linker, SettingsCreator
from splink.blocking_rule_library import CustomRule

from benchmarks.peers.records import with_cells

_APART = "sqrt(pow(x_m_l - x_m_r, 2) + pow(y_m_l - y_m_r, 2) + pow(z_m_l - z_m_r, 2))"
_JOINT = "(radius_m_l + radius_m_r)"
_GAP = "(greatest(start_us_l, start_us_r) - least(end_us_l, end_us_r))"
_HALF = "((end_us_l - start_us_l + end_us_r - start_us_r) // 2)"
_BETWEEN = "(abs((start_us_l + end_us_l) - (start_us_r + end_us_r)) // 2)"
_HOUR = 3_600_000_000
_CITES = "list_contains(cited_l, office_r) or list_contains(cited_r, office_l)"
_SHARE = "len(list_intersect(grams_l, grams_r)) / least(len(grams_l), len(grams_r))"


@dataclass(frozen=True, slots=True)
class Window:
    """Which pairs are looked at: discs no further apart than `slack_m`, spans no further than `slack_us`."""

    slack_m: float
    slack_us: int


def _meet(one: str, other: str) -> str:
    return f"list_has_any({one}_l, {other}_r)"


def _levelled(name: str, missing: str, told: list[tuple[str, str]], rarer: str = "") -> Any:
    """A comparison of levels told in SQL, the first that holds; `rarer` names a column whose rare values weigh more."""
    first = levels.CustomLevel(told[0][1], told[0][0])
    if rarer:
        first = first.configure(tf_adjustment_column=rarer)
    rest = [levels.CustomLevel(sql, label) for label, sql in told[1:]]
    none = [levels.CustomLevel(missing, "missing").configure(is_null_level=True)] if missing else []
    return comparisons.CustomComparison(
        output_column_name=name, comparison_levels=[*none, first, *rest, levels.ElseLevel()]
    )


def _by_exactness(measure: str, limits: tuple[float, ...], within: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Levels of their own for what is told finely, less so, and so on."""
    told = []
    for limit in limits:
        told += [(f"{name} at {limit:g}", f"{measure} <= {limit:g} and {sql}") for name, sql in within]
        told.append((f"beyond at {limit:g}", f"{measure} <= {limit:g}"))
    return [*told, *within]


def _comparisons() -> list[Any]:
    near = [
        ("same point", f"{_APART} <= 50"),
        ("near", f"{_APART} <= 0.25 * {_JOINT}"),
        ("within", f"{_APART} <= {_JOINT}"),
    ]
    same_time = "start_us_l = start_us_r and end_us_l = end_us_r"
    when = [
        ("same", same_time),
        ("near", f"{_GAP} < 0 and {_BETWEEN} <= 0.25 * {_HALF}"),
        ("within", f"{_GAP} < 0"),
        ("just beyond", f"{_GAP} <= {3 * _HOUR}"),
    ]
    straight = f"({_meet('one_side', 'one_side')} and {_meet('other_side', 'other_side')})"
    crossed = f"({_meet('one_side', 'other_side')} and {_meet('other_side', 'one_side')})"
    any_side = " or ".join(
        _meet(one, other) for one in ("one_side", "other_side") for other in ("one_side", "other_side")
    )
    one_unknown = "least(len(one_side_l), len(other_side_l), len(one_side_r), len(other_side_r)) = 0"
    nobody = "len(one_side_l) + len(other_side_l) = 0 or len(one_side_r) + len(other_side_r) = 0"
    counts = "count_low_l is null or count_low_r is null or count_unit_l <> count_unit_r"
    return [
        _levelled("distance", "radius_m_l is null or radius_m_r is null",
                  _by_exactness(_JOINT, (3_000.0, 12_000.0, 60_000.0), near)),
        _levelled("time", "", _by_exactness(_HALF, (3 * _HOUR, 15 * _HOUR, 36 * _HOUR), when)),
        _levelled("act", "", [(f"kinship {level}", f"kinship_l[act_r + 1] = {level}") for level in range(5)]),
        _levelled("who", nobody, [
            ("same", f"pairs_l = pairs_r and not ({one_unknown})"),
            ("both sides", f"{straight} or {crossed}"),
            ("disjoint", f"not ({any_side})"),
            ("one side", one_unknown),
        ]),
        _levelled("count", counts, [
            ("equal", "count_low_l = count_low_r and count_high_l = count_high_r"),
            ("overlapping", "count_low_l <= count_high_r and count_low_r <= count_high_l"),
        ]),
        _levelled("dead", "dead_low_l is null or dead_low_r is null", [
            ("none", "dead_high_l = 0 and dead_high_r = 0"),
            ("equal", "dead_low_l = dead_low_r and dead_high_l = dead_high_r"),
            ("overlapping", "dead_low_l <= dead_high_r and dead_low_r <= dead_high_l"),
        ]),
        _levelled("place_name", "(skeleton_l is null or skeleton_r is null) and (area_l is null or area_r is null)", [
            ("same skeleton", "skeleton_l = skeleton_r"),
            ("same area", "area_l = area_r"),
        ], rarer="skeleton"),
        _levelled("words", "grams_l is null or grams_r is null", [
            ("most", f"{_SHARE} >= 0.5"), ("some", f"{_SHARE} >= 0.1"), ("few", f"{_SHARE} > 0"),
        ]),
        _levelled("citing", "cited_l is null and cited_r is null", [
            ("cites", f"office_l <> office_r and ({_CITES})"),
            ("same root", "list_has_any(cited_l, cited_r)"),
        ]),
        _levelled("teller", "", [
            ("other source", "source_l <> source_r"),
            ("other office", "office_l is distinct from office_r"),
        ]),
    ]  # fmt: skip


def _rules(window: Window) -> list[Any]:
    """Exact blocking: space and time; and, for what has no place, a name, an area or rare words and time."""
    near, in_time, apart = _conditions(window)
    placeless = "(l.at_r is null or r.at_r is null)"
    return [
        CustomRule(f"l.cells = r.cells and {near} and {in_time} and {apart}", arrays_to_explode=["cells"]),
        CustomRule(
            f"l.wide_cells = r.wide_cells and (l.is_wide or r.is_wide) and {near} and {in_time} and {apart}",
            arrays_to_explode=["wide_cells"],
        ),
        CustomRule(f"l.at_name = r.at_name and {placeless} and {in_time} and {apart}"),
        CustomRule(f"l.at_area = r.at_area and {placeless} and {in_time} and {apart}"),
        CustomRule(f"l.rare = r.rare and {placeless} and {in_time} and {apart}", arrays_to_explode=["rare"]),
    ]


def _training_rule(window: Window) -> Any:
    """Pairs of one stretch of days: rules of the kind above cannot be trained on. No compared column may be named."""
    near, in_time, apart = _conditions(window)
    return CustomRule(f"l.stretch = r.stretch and {near} and {in_time} and {apart}")


def _conditions(window: Window) -> tuple[str, str, str]:
    near = (
        "sqrt(pow(l.at_x - r.at_x, 2) + pow(l.at_y - r.at_y, 2) + pow(l.at_z - r.at_z, 2)) "
        f"<= l.at_r + r.at_r + {window.slack_m:g}"
    )
    in_time = f"greatest(l.since, r.since) - least(l.until, r.until) <= {window.slack_us}"
    return near, in_time, "not (l.curated and l.dataset = r.dataset)"


def _given_pairs() -> list[Any]:
    return [CustomRule("l.given = r.given", arrays_to_explode=["given"])]


class Model:
    """Splink over one table of records; `trained` is what `parameters` of another model returned."""

    def __init__(
        self,
        records: pl.DataFrame,
        window: Window,
        trained: dict[str, Any] | None = None,
        given: pl.DataFrame | None = None,
        threads: int = 2,
    ) -> None:
        """Load records; `given` (one, other: unique_ids) are pairs found elsewhere, in place of its own blocking."""
        logging.getLogger("splink").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="splink")
        self._window = window
        table = _for_blocking(_with_rare(with_cells(records, window.slack_m, window.slack_us)))
        if given is not None:
            table = _with_given(table, given)
        self._rules = _rules(window) if given is None else _given_pairs()
        self._con = duckdb.connect(config={"threads": threads})
        self._table = DuckDBAPI(connection=self._con).register(table.to_arrow())
        settings: Any = trained and {**trained, "blocking_rules_to_generate_predictions": _as_dicts(self._rules)}
        self._linker = Linker(self._table, settings or self._settings(), log_level=logging.ERROR)
        self._curated = sorted(records.filter("curated")["dataset"].unique())

    def _settings(self) -> Any:
        return SettingsCreator(
            link_type="link_and_dedupe",
            comparisons=_comparisons(),
            blocking_rules_to_generate_predictions=self._rules,
            source_dataset_column_name="dataset",
            retain_matching_columns=False,
        )

    def train(self, u: str) -> dict[str, Any]:
        """Estimate u from "random pairs" or "near pairs" and m by EM; no labels. Returns what `trained` takes."""
        settings = self._linker.misc.save_model_to_json()
        if u == "near pairs":
            settings = _with_shares(settings, self._shares())
        # Splink stops with an error where EM drives a level's m to nothing; fewer rounds keep it above.
        for rounds in (25, 12, 6, 3):
            self._linker = Linker(self._table, {**settings, "max_iterations": rounds}, log_level=logging.ERROR)
            if u == "random pairs":
                self._linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
            try:
                self._linker.training.estimate_parameters_using_expectation_maximisation(
                    _training_rule(self._window), populate_probability_two_random_records_match_from_trained_values=True
                )
            except ValueError:
                continue
            break
        return dict(self._linker.misc.save_model_to_json())

    def _shares(self) -> dict[str, dict[int, float]]:
        """Return how often each level of each comparison holds among near pairs, few of which are matches."""
        every = {**self._linker.misc.save_model_to_json(), "retain_matching_columns": True}
        compared = Linker(self._table, every, log_level=logging.ERROR).inference.predict().as_duckdbpyrelation().pl()
        shares = {}
        for name in (column for column in compared.columns if column.startswith("gamma_")):
            counts = dict(compared[name].filter(compared[name] >= 0).value_counts().iter_rows())
            shares[name.removeprefix("gamma_")] = {
                level: max(number, 0.5) / max(sum(counts.values()), 1) for level, number in counts.items()
            }
        return shares

    def predict(self) -> Any:
        """Score the pairs; returns Splink's own table."""
        return self._linker.inference.predict()

    def number_of(self, predicted: Any) -> int:
        """Return how many pairs a table has."""
        return int(predicted.as_duckdbpyrelation().count("*").fetchall()[0][0])

    def links(self, predicted: Any) -> pl.DataFrame:
        """Return one, other (unique_ids) and match_weight, in bits."""
        found: pl.DataFrame = predicted.as_duckdbpyrelation().select("unique_id_l, unique_id_r, match_weight").pl()
        return found.rename({"unique_id_l": "one", "unique_id_r": "other"})

    def cluster(self, predicted: Any, threshold: float, how: str) -> pl.DataFrame:
        """Return unique_id and cluster_id: "connected components", or "single best links" with each dataset once."""
        clustering = self._linker.clustering
        if how == "single best links":
            found = clustering.cluster_using_single_best_links(
                predicted, duplicate_free_datasets=self._curated, threshold_match_weight=threshold
            )
        else:
            found = clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_weight=threshold)
        clusters: pl.DataFrame = found.as_duckdbpyrelation().select("unique_id, cluster_id").pl()
        return clusters


def _with_shares(settings: dict[str, Any], shares: dict[str, dict[int, float]]) -> dict[str, Any]:
    """Return settings in which u is the share of each level; a level that no pair has keeps a small one."""
    for comparison in settings["comparisons"]:
        told = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        found = shares[comparison["output_column_name"]]
        for value, level in zip(range(len(told) - 1, -1, -1), told, strict=True):
            level["u_probability"] = found.get(value, 1e-5)
    return settings


def _as_dicts(rules: list[Any]) -> list[dict[str, Any]]:
    return [rule.create_blocking_rule_dict("duckdb") for rule in rules]


def _for_blocking(records: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of place and time again: Splink estimates nothing for a column that a training rule names.

    Names and areas are left where a record without a place has them: no others are looked for.
    """
    stretch = (pl.col("start_us") + pl.col("end_us")) // 2 // (8 * 86_400_000_000)
    placeless = records.filter(pl.col("radius_m").is_null())

    def wanted(name: str) -> pl.Expr:
        return pl.when(pl.col(name).is_in(placeless[name].drop_nulls().unique().to_list())).then(name)

    return records.with_columns(
        at_x="x_m", at_y="y_m", at_z="z_m", at_r="radius_m", since="start_us", until="end_us", stretch=stretch,
        at_name=wanted("skeleton"), at_area=wanted("area"),
    )  # fmt: skip


def _with_rare(records: pl.DataFrame) -> pl.DataFrame:
    """Add `rare`: the runs of words that stand in no more than eight texts."""
    grams = records.select("unique_id", rare="grams").drop_nulls().explode("rare").drop_nulls()
    kept = grams.filter(pl.len().over("rare") <= 8).group_by("unique_id").agg("rare")
    return records.join(kept, on="unique_id", how="left", maintain_order="left")


def _with_given(records: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Add `given`: the numbers of the pairs that a record is one of."""
    numbered = pairs.with_row_index("given")
    sides = pl.concat([numbered.select("given", unique_id=side) for side in ("one", "other")])
    listed = sides.group_by("unique_id").agg(pl.col("given").cast(pl.Int64))
    return records.join(listed.cast({"unique_id": pl.Int64}), on="unique_id", how="left", maintain_order="left")
