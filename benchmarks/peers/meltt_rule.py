"""The published rule of meltt, stated again: Matching Event Data by Location, Time and Type.

Donnay, Dunford, McGrath, Backer and Cunningham, "Integrating Conflict Event Data", Journal of Conflict Resolution
63(5), 2019, 1337-1364; and the manual of the R package meltt 0.4.3, whose default settings are kept (smartmatch, no
partial match, even weights, no averaging):

- Two events of different datasets are candidates where their dates, first and last, lie no more than the time window of
  days apart, and their points no more than the distance window of kilometres. Events of one dataset never match, and
  events of one day match no episodes of several.
- Each taxonomy lists an event's categories from the finest to the broadest. Two events agree at the finest level at
  which their categories are equal, and must agree at one level at least in every taxonomy. An agreement at level i of
  n, from 0, costs i / (n - 1); the score is the mean over taxonomies, and the less the better.
- Datasets are taken in turn. Each is matched with all that came before, in which an event that was matched is stood for
  by its first teller. Matches are one to one: an event goes with its best partner, unless that one has a better.

Which of several sources count as a dataset, and whether actors who differ may still match at the broadest level, is for
whoever uses it to say; both are settled on the training seeds, as the windows are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.acts import act_tree

Numbers = npt.NDArray[np.int64]

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Windows:
    """What is asked of a match: days, kilometres, what a dataset is, and whether any two actors may match at last."""

    days: int
    km: float
    each_teller: bool  # every office of a source that is not curated counts as a dataset of its own
    any_actor: bool


def integrate(records: pl.DataFrame, windows: Windows) -> pl.DataFrame:
    """Match records (`benchmarks.peers.records`) and return unique_id and cluster_id, the id of the first teller.

    Datasets are taken by size, the largest first, then by name. A record without a place matches nothing.
    Ties are settled by unique_id.
    """
    told = records.sort("unique_id").with_columns(_dataset(windows.each_teller).alias("set"))
    order = told["set"].value_counts().sort(["count", "set"], descending=[True, False])["set"].to_list()
    turn = np.array([order.index(name) for name in told["set"]], np.int64)
    first, last = told["start_us"].to_numpy() // _DAY_US, (told["end_us"].to_numpy() - 1) // _DAY_US
    left, right = _candidates(told, turn, first, windows)
    keep = (np.abs(last[left] - last[right]) <= windows.days) & ((first == last)[left] == (first == last)[right])
    left, right = left[keep], right[keep]
    taxonomies = [_act_taxonomy(told), _actor_taxonomy(told, windows.any_actor)]
    costs = [_cost(taxonomy, left, right) for taxonomy in taxonomies]
    agreed = np.logical_and.reduce([cost <= 1.0 for cost in costs])
    score = np.mean(costs, axis=0)[agreed]
    cluster = _match(left[agreed], right[agreed], score, turn)
    ids = told["unique_id"].to_numpy()
    return pl.DataFrame({"unique_id": ids, "cluster_id": ids[cluster]})


def _dataset(each_teller: bool) -> pl.Expr:
    office = pl.when(~pl.col("curated")).then(pl.col("office").cast(pl.String)).fill_null("")
    name = pl.concat_str(pl.col("source").cast(pl.String), pl.lit("/"), office.fill_null(""))
    return name if each_teller else pl.col("source").cast(pl.String)


def _candidates(told: pl.DataFrame, turn: Numbers, first: Numbers, windows: Windows) -> tuple[Numbers, Numbers]:
    placed = told.select("x_m", "y_m", "z_m", row=pl.int_range(pl.len()), turn=pl.Series(turn), day=pl.Series(first))
    placed = placed.drop_nulls()
    apart = sum((pl.col(axis) - pl.col(f"{axis}_right")) ** 2 for axis in ("x_m", "y_m", "z_m"))
    found = [
        placed.join(placed.with_columns(pl.col("day") - days), on="day")
        .filter((pl.col("turn") < pl.col("turn_right")) & (apart <= (windows.km * 1000.0) ** 2))
        .select("row", "row_right")
        for days in range(-int(windows.days), int(windows.days) + 1)
    ]
    left, right = pl.concat(found)
    return left.to_numpy(), right.to_numpy()


def _act_taxonomy(told: pl.DataFrame) -> Numbers:
    """Return the category of each record at each level: its act, and what stands above it, the root left out."""
    tree = act_tree()
    acts = list(tree)
    chains = []
    for act in acts:
        chain = [act]
        while (above := tree.parents[chain[-1]]) is not None and tree.parents[above] is not None:
            chain.append(above)
        chains.append(chain)
    depth = max(map(len, chains))
    # A short chain repeats its top at the front: what is told broadly is fine by its own measure.
    levels = np.array([[acts.index(name) for name in [chain[0]] * (depth - len(chain)) + chain] for chain in chains])
    return np.asarray(levels[told["act"].to_numpy()], np.int64)


def _actor_taxonomy(told: pl.DataFrame, any_actor: bool) -> Numbers:
    """Return the category of each record at each level: who to whom, who fought whom, and, if asked, anybody."""
    sides = pl.concat_list(pl.col("one_side").list.sort(), pl.col("other_side").list.sort()).list.unique().list.sort()
    exact = told["pairs"].rank("dense").fill_null(0).cast(pl.Int64)
    fought = told.select(sides.cast(pl.List(pl.String)).list.join(",").rank("dense").fill_null(0).cast(pl.Int64))
    levels = [exact.to_numpy(), fought.to_series().to_numpy()]
    return np.stack([*levels, np.zeros(told.height, np.int64)] if any_actor else levels, axis=1)


def _cost(taxonomy: Numbers, left: Numbers, right: Numbers) -> npt.NDArray[np.float64]:
    """Return i / (n - 1) for agreement at level i of n; infinity where there is none."""
    equal = taxonomy[left] == taxonomy[right]
    cost = equal.argmax(axis=1) / max(taxonomy.shape[1] - 1, 1)
    return np.where(equal.any(axis=1), cost, np.inf)


def _match(leader: Numbers, follower: Numbers, score: npt.NDArray[np.float64], turn: Numbers) -> Numbers:
    """Return the first teller of each event; by turns, and in each by score, then by who leads and who follows."""
    first_teller = np.arange(len(turn))
    taken: set[tuple[int, int]] = set()
    order = np.lexsort((follower, leader, score, turn[follower]))
    for one, other in zip(leader[order].tolist(), follower[order].tolist(), strict=True):
        # By the turn of a follower its leaders are settled: those that were matched stand for nothing any more.
        is_free = first_teller[one] == one and first_teller[other] == other
        if is_free and (one, int(turn[other])) not in taken:
            taken.add((one, int(turn[other])))
            first_teller[other] = one
    return first_teller
