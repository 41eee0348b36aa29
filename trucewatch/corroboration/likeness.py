"""Likeness: the features in which two claims are compared, the level at which they agree in each, and its sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.actors import ANYBODY, CIVILIANS, Register, read_pairs
from trucewatch.acts import ROOT, act_tree
from trucewatch.corroboration.echoes import containment, shingles
from trucewatch.kernels.compiled import frozen, kernel
from trucewatch.names import plain_name, skeleton
from trucewatch.where import Gazetteer, circle_round

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Levels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Thousandths = npt.NDArray[np.int64]

_EXACTNESS = ("fine", "local", "wide", "vast")
_HOURS = ("hour", "part-day", "day", "vague")

# From the level that speaks most for one event to the one that speaks most against it, missing last. A distance and a
# time mean little without how exactly they were told: a kilometre apart is near for a governorate, far for a doorstep.
FEATURES: Final[Mapping[str, tuple[str, ...]]] = {
    "distance": (
        *(f"{exact}-{how}" for exact in _EXACTNESS for how in ("same-point", "near", "within", "beyond")),
        "unplaced",
    ),
    "time": tuple(f"{exact}-{how}" for exact in _HOURS for how in ("same", "near", "within", "just-beyond", "beyond")),
    "act": ("same", "same-broad", "covers", "covers-broadly", "kin", "different"),
    "who": ("same", "both-sides", "one-side", "silent", "one-side-other-apart", "disjoint"),
    "count": ("equal", "overlapping", "disjoint", "missing"),
    "dead": ("equal", "none", "overlapping", "disjoint", "missing"),
    "name": ("same", "same-skeleton", "same-area", "different", "missing"),
    "text": ("most", "some", "few", "none", "missing"),
    "citing": ("cites", "same-root", "none", "unstated"),
    "teller": ("other-source", "other-office", "same-office"),
}
MOST_LEVELS = max(map(len, FEATURES.values()))

# The joint radius up to which places are told finely, locally, widely; kilometres of a village, a district, a province.
_FINE_M, _LOCAL_M, _WIDE_M = 3_000.0, 12_000.0, 60_000.0
_SAME_POINT_M = 50.0
# Half the sum of two spans up to which times are told to the hour, to a part of the day, to the day.
_HOUR_US, _PART_DAY_US, _DAY_US = (int(hours * 3_600_000_000) for hours in (3, 15, 36))
_JUST_US = 3 * 3_600_000_000
_NEAR_SHARE = 0.25
_MOST_TEXT, _SOME_TEXT = 0.5, 0.1
_NOBODY_KNOWS = 1 << 60  # an interval without an upper bound
# These words cover so much that two who use them need not mean the same.
_BROAD = frozenset({ROOT, "violence", "use-of-weapons", "explosion", "political", "positions", "other"})

_WGS84_A, _WGS84_E2 = 6_378_137.0, 0.006694379990141317

_START, _END, _ACT, _PAIRS, _COUNT_LOW, _COUNT_HIGH, _COUNT_UNIT, _DEAD_LOW, _DEAD_HIGH = range(9)
_NAME, _SKELETON, _AREA, _OFFICE, _CITES, _SOURCE, _TEXT = range(9, 16)


@dataclass(frozen=True, slots=True)
class Traits:
    """What claims are compared by, as numbers: row i of each table is claim i.

    `places`: x, y, z in metres from the earth's centre (WGS 84), radius in metres, NaN where a claim has no place.
    `codes`: spans in microseconds since 1970, bounds of counts, and codes of words that are only equal or not; -1 says
    missing. `acts` relates two act codes; `people`, `cited` and `grams` hold sets, by offsets.
    """

    places: Floats
    codes: Numbers
    acts: Levels
    people_at: Numbers
    people: Numbers
    cited_at: Numbers
    cited: Numbers
    grams_at: Numbers
    grams: Hashes

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def start(self) -> Numbers:
        """When each claim may begin, microseconds."""
        return self.codes[:, _START]

    @property
    def end(self) -> Numbers:
        """When each claim is over, microseconds."""
        return self.codes[:, _END]

    @property
    def skeletons(self) -> Numbers:
        """A code for each name of a place as its spellings share it; -1: none."""
        return self.codes[:, _SKELETON]

    @property
    def areas(self) -> Numbers:
        """A code for each area that a claim names; -1: none."""
        return self.codes[:, _AREA]

    @property
    def texts(self) -> Numbers:
        """Which set of `grams` is that of a claim; -1: none."""
        return self.codes[:, _TEXT]

    def take(self, rows: Numbers) -> Traits:
        """Return the traits of some of the claims, in an order of their own."""
        places, codes = frozen(self.places[rows], np.float64), frozen(self.codes[rows], np.int64)
        return replace(self, places=places, codes=codes)

    def columns(self) -> tuple[Floats, Numbers, Levels, Numbers, Numbers, Numbers, Numbers, Numbers, Hashes]:
        """Return what a kernel takes, in its order."""
        return (
            self.places, self.codes, self.acts, self.people_at, self.people, self.cited_at, self.cited, self.grams_at,
            self.grams,
        )  # fmt: skip


# ---- levels ----------------------------------------------------------------------------------------------------------


@kernel
def _place_level(places: Floats, one: int, other: int) -> int:
    joint = places[one, 3] + places[other, 3]
    if not joint >= 0.0:
        return 16
    apart = (
        (places[one, 0] - places[other, 0]) ** 2
        + (places[one, 1] - places[other, 1]) ** 2
        + (places[one, 2] - places[other, 2]) ** 2
    ) ** 0.5
    exact = 0 if joint <= _FINE_M else 1 if joint <= _LOCAL_M else 2 if joint <= _WIDE_M else 3
    how = 0 if apart <= _SAME_POINT_M else 1 if apart <= _NEAR_SHARE * joint else 2 if apart <= joint else 3
    return 4 * exact + how


@kernel
def _time_level(codes: Numbers, one: int, other: int) -> int:
    first, first_end, second, second_end = codes[one, 0], codes[one, 1], codes[other, 0], codes[other, 1]
    half = (first_end - first + second_end - second) // 2
    exact = 0 if half <= _HOUR_US else 1 if half <= _PART_DAY_US else 2 if half <= _DAY_US else 3
    if first == second and first_end == second_end:
        return 5 * exact
    gap = max(first, second) - min(first_end, second_end)
    if gap >= 0:
        return 5 * exact + (3 if gap <= _JUST_US else 4)
    between = abs((first + first_end) - (second + second_end)) // 2
    return 5 * exact + (1 if between <= _NEAR_SHARE * half else 2)


@kernel
def _meet(ids: Numbers, a0: int, a1: int, b0: int, b1: int) -> bool:
    """Say whether two rising runs of ids share one."""
    while a0 < a1 and b0 < b1:
        if ids[a0] == ids[b0]:
            return True
        if ids[a0] < ids[b0]:
            a0 += 1
        else:
            b0 += 1
    return False


@kernel
def _who_level(people_at: Numbers, people: Numbers, one: int, other: int) -> int:
    """Compare the two sides of two codes of pairs; which side was first is left open, as many feeds leave it."""
    a0, a1, a2 = people_at[2 * one], people_at[2 * one + 1], people_at[2 * one + 2]
    b0, b1, b2 = people_at[2 * other], people_at[2 * other + 1], people_at[2 * other + 2]
    if a0 == a2 or b0 == b2:
        return 3
    if one == other and a0 < a1 and a1 < a2:
        return 0
    straight_first, straight_second = _meet(people, a0, a1, b0, b1), _meet(people, a1, a2, b1, b2)
    crossed_first, crossed_second = _meet(people, a0, a1, b1, b2), _meet(people, a1, a2, b0, b1)
    if (straight_first and straight_second) or (crossed_first and crossed_second):
        return 1
    if not (straight_first or straight_second or crossed_first or crossed_second):
        return 5
    return 2 if a0 == a1 or a1 == a2 or b0 == b1 or b1 == b2 else 4


@kernel
def _interval_level(low: int, high: int, other_low: int, other_high: int) -> int:
    """Compare two intervals: 0 equal, 1 overlapping, 2 disjoint."""
    if low == other_low and high == other_high:
        return 0
    return 1 if low <= other_high and other_low <= high else 2


@kernel
def _cites_level(
    cited_at: Numbers, cited: Numbers, chain: int, office: int, other_chain: int, other_office: int
) -> int:
    if chain < 0 and other_chain < 0:
        return 3
    a0, a1, b0, b1 = 0, 0, 0, 0
    if chain >= 0:
        a0, a1 = cited_at[chain], cited_at[chain + 1]
    if other_chain >= 0:
        b0, b1 = cited_at[other_chain], cited_at[other_chain + 1]
    if office != other_office:
        for at in range(a0, a1):
            if cited[at] == other_office:
                return 0
        for at in range(b0, b1):
            if cited[at] == office:
                return 0
    return 1 if _meet(cited, a0, a1, b0, b1) else 2


@kernel
def levels_of(
    one: int,
    other: int,
    places: Floats,
    codes: Numbers,
    acts: Levels,
    people_at: Numbers,
    people: Numbers,
    cited_at: Numbers,
    cited: Numbers,
    grams_at: Numbers,
    grams: Hashes,
    level: Levels,
) -> None:
    """Write the level of each of FEATURES, in order, at which two claims agree."""
    level[0] = _place_level(places, one, other)
    level[1] = _time_level(codes, one, other)
    level[2] = acts[codes[one, 2], codes[other, 2]]
    level[3] = _who_level(people_at, people, codes[one, 3], codes[other, 3])
    level[4] = 3
    if codes[one, 6] >= 0 and codes[one, 6] == codes[other, 6]:
        level[4] = _interval_level(codes[one, 4], codes[one, 5], codes[other, 4], codes[other, 5])
    level[5] = 4
    if codes[one, 7] >= 0 and codes[other, 7] >= 0:
        how = _interval_level(codes[one, 7], codes[one, 8], codes[other, 7], codes[other, 8])
        level[5] = 1 if how == 0 and codes[one, 8] == 0 else (0, 2, 3)[how]
    level[6] = 4
    if codes[one, 9] >= 0 and codes[one, 9] == codes[other, 9]:
        level[6] = 0
    elif codes[one, 10] >= 0 and codes[one, 10] == codes[other, 10]:
        level[6] = 1
    elif codes[one, 11] >= 0 and codes[one, 11] == codes[other, 11]:
        level[6] = 2
    elif codes[one, 10] >= 0 and codes[other, 10] >= 0:
        level[6] = 3
    level[7] = 4
    mine, yours = codes[one, 15], codes[other, 15]
    if mine >= 0 and yours >= 0:
        share = 1.0
        if mine != yours:
            share = containment(grams, grams_at[mine], grams_at[mine + 1], grams_at[yours], grams_at[yours + 1])
        level[7] = 0 if share >= _MOST_TEXT else 1 if share >= _SOME_TEXT else 2 if share > 0.0 else 3
    level[8] = _cites_level(cited_at, cited, codes[one, 13], codes[one, 12], codes[other, 13], codes[other, 12])
    level[9] = 0 if codes[one, 14] != codes[other, 14] else 1 if codes[one, 12] != codes[other, 12] else 2


@kernel
def write_levels(
    left: Numbers,
    right: Numbers,
    places: Floats,
    codes: Numbers,
    acts: Levels,
    people_at: Numbers,
    people: Numbers,
    cited_at: Numbers,
    cited: Numbers,
    grams_at: Numbers,
    grams: Hashes,
    levels: Levels,
) -> None:
    """Write the levels of every pair, one row each."""
    for at in range(len(left)):
        levels_of(
            left[at], right[at], places, codes, acts, people_at, people, cited_at, cited, grams_at, grams, levels[at]
        )


@kernel
def write_scores(
    left: Numbers,
    right: Numbers,
    places: Floats,
    codes: Numbers,
    acts: Levels,
    people_at: Numbers,
    people: Numbers,
    cited_at: Numbers,
    cited: Numbers,
    grams_at: Numbers,
    grams: Hashes,
    weights: Thousandths,
    prior: int,
    level: Levels,
    scores: Thousandths,
    is_like: Flags,
) -> None:
    """Write the score of every pair: the prior, and the weight of each feature's level, in thousandths; and whether
    the two tell of like acts at one place.
    """
    for at in range(len(left)):
        levels_of(left[at], right[at], places, codes, acts, people_at, people, cited_at, cited, grams_at, grams, level)
        total = prior
        for feature in range(len(level)):
            total += weights[feature, level[feature]]
        scores[at] = total
        is_like[at] = level[2] <= 2 and level[0] < 8 and level[0] % 4 < 3


# Loading compiled code takes longer than this many pairs do without it.
_FEW_PAIRS = 40_000


def pair_levels(traits: Traits, left: Numbers, right: Numbers) -> Levels:
    """Return the levels of some pairs of claims: one row a pair, one column for each of FEATURES."""
    levels = np.zeros((len(left), len(FEATURES)), np.uint8)
    write = write_levels.fast() if len(left) > _FEW_PAIRS else write_levels
    write(frozen(left, np.int64), frozen(right, np.int64), *traits.columns(), levels)
    return levels


def pair_scores(
    traits: Traits, left: Numbers, right: Numbers, weights: Thousandths, prior: int, is_many: bool
) -> tuple[Thousandths, Flags]:
    """Return the score of some pairs of claims in thousandths of log-odds, and whether they tell of like acts at one
    place, finely or locally told; `is_many` compiles the loop.
    """
    scores, is_like = np.zeros(len(left), np.int64), np.zeros(len(left), np.bool_)
    write = write_scores.fast() if is_many else write_scores
    level = np.zeros(len(FEATURES), np.uint8)
    table = frozen(weights, np.int64)
    write(frozen(left, np.int64), frozen(right, np.int64), *traits.columns(), table, prior, level, scores, is_like)
    return scores, is_like


# ---- claims as numbers -----------------------------------------------------------------------------------------------


def traits_of(claims: pl.DataFrame, register: Register, gazetteer: Gazetteer) -> Traits:
    """Return what claims are compared by, in their order.

    A sector, a line or an area stands for the circle round it; a country is too wide to be a place.
    """
    pairs, pairs_told = _coded(claims["pairs"].fill_null(ANYBODY))
    office, offices = _coded(_folded(claims["office"], plain_name))
    cites, chains = _coded(claims["cites"])
    name, _ = _coded(_folded(claims["place_name"], plain_name))
    bones, _ = _coded(_folded(claims["place_name"], skeleton))
    area, _ = _coded(_areas(claims, gazetteer))
    unit, _ = _coded(claims["count_unit"])
    source, _ = _coded(claims["source"])
    acts = list(act_tree())
    act = claims["act"].replace_strict(acts, range(len(acts)), return_dtype=pl.Int64)
    people_at, people = _sides(pairs_told, register)
    cited_at, cited = _chains(chains, offices)
    text, grams_at, grams = _texts(claims["text"])
    count_low, count_high = _bounds(claims["count_low"], claims["count_high"])
    told = claims.select(
        pl.coalesce("dead_low", "civilians_dead").alias("low"),
        pl.when(pl.col("dead_low").is_not_null()).then("dead_high").alias("high"),
    )
    dead_low, dead_high = _bounds(told["low"], told["high"])
    unit = np.where(count_low < 0, -1, unit)
    start, end = (claims[side].dt.timestamp("us").to_numpy() for side in ("earliest", "latest"))
    codes = np.column_stack([
        start, end, act.to_numpy(), pairs, count_low, count_high, unit, dead_low, dead_high, name, bones, area, office,
        cites, source, text,
    ])  # fmt: skip
    return Traits(
        frozen(_places(claims, gazetteer), np.float64), frozen(codes, np.int64), frozen(_act_levels(), np.uint8),
        frozen(people_at, np.int64), frozen(people, np.int64), frozen(cited_at, np.int64), frozen(cited, np.int64),
        frozen(grams_at, np.int64), frozen(grams, np.uint64),
    )  # fmt: skip


def _coded(words: pl.Series) -> tuple[Numbers, list[str]]:
    """Return a code for each word, -1 for none, and the words by code."""
    distinct = words.drop_nulls().unique().sort()
    codes = words.cast(pl.Enum(distinct)).to_physical().cast(pl.Int64).fill_null(-1)
    return codes.to_numpy(), distinct.to_list()


def _folded(names: pl.Series, fold: Any) -> pl.Series:
    """Return names folded, each spelling once; null where nothing is left."""
    distinct = names.drop_nulls().unique().to_list()
    folded = [fold(name) or None for name in distinct]
    return names.replace_strict(distinct, pl.Series(folded, dtype=pl.String), default=None, return_dtype=pl.String)


def _bounds(low: pl.Series, high: pl.Series) -> tuple[Numbers, Numbers]:
    return low.fill_null(-1).to_numpy(), high.fill_null(_NOBODY_KNOWS).to_numpy()


def _areas(claims: pl.DataFrame, gazetteer: Gazetteer) -> pl.Series:
    """Return the area that a claim names, or its source's province, by id where the gazetteer knows it."""

    def find(name: str) -> str | None:
        return gazetteer.find(name) or skeleton(name)

    named = claims.select(area=claims["area"], province=_folded(claims["adm_1"], find))
    return named.select(pl.coalesce("area", "province")).to_series()


def _places(claims: pl.DataFrame, gazetteer: Gazetteer) -> Floats:
    placed = claims.select("lon", "lat", "radius_m").with_columns(pl.all().cast(pl.Float64)).to_numpy().copy()
    kind = claims["place_kind"]
    drawn = claims["geometry"].is_not_null()
    for row in np.flatnonzero(drawn.to_numpy()):
        placed[row] = circle_round(claims["geometry"][int(row)])
    named = (kind == "area") & ~drawn & claims["area"].is_not_null()
    circles: dict[str, tuple[float, float, float]] = {}
    for row in np.flatnonzero(named.fill_null(False).to_numpy()):
        area = claims["area"][int(row)]
        if area not in circles:
            held = gazetteer.areas.get(area)
            circles[area] = circle_round(held.geometry.wkb) if held else (math.nan,) * 3
        placed[row] = circles[area]
    lon, lat = np.radians(placed[:, 0]), np.radians(placed[:, 1])
    # Geocentric coordinates: a straight line through the ground is short of the way along it by d^3 / 24 R^2, which is
    # under a metre at 100 km. Whole millimetres, so that no machine's last digit can tell.
    across = _WGS84_A / np.sqrt(1 - _WGS84_E2 * np.sin(lat) ** 2)
    from_axis = across * np.cos(lat)
    xyz = (from_axis * np.cos(lon), from_axis * np.sin(lon), across * (1 - _WGS84_E2) * np.sin(lat))
    table = np.column_stack([*(np.round(axis, 3) for axis in xyz), placed[:, 2]])
    table[np.isnan(table).any(axis=1)] = np.nan
    return table


def _act_levels() -> Levels:
    tree = act_tree()
    acts = list(tree)

    def level(one: str, other: str) -> int:
        if one == other:
            return 1 if one in _BROAD else 0
        if tree.on_one_chain(one, other):
            upper = one if tree.covers(one, other) else other
            return 3 if upper in _BROAD - {"explosion"} else 2
        above = next(node for node in _upwards(one) if tree.covers(node, other))
        return 5 if above in _BROAD - {"explosion"} else 4

    return np.array([[level(one, other) for other in acts] for one in acts], np.uint8)


def _upwards(act: str) -> Iterable[str]:
    node: str | None = act
    while node is not None:
        yield node
        node = act_tree().parents[node]


def _sides(told: list[str], register: Register) -> tuple[Numbers, Numbers]:
    """Return two sets of actors for each code of pairs: who stood on one side and on the other, whoever began."""
    ids: dict[str, int] = {}
    sets: list[list[int]] = []
    for text in told:
        pairs = read_pairs(text)
        # Civilians that may have been hit besides stand on nobody's side.
        fighting = [pair for pair in pairs if CIVILIANS not in map(register.identify, pair)] or pairs
        actor, target = fighting[0]
        for side in (
            {actor, *(a for a, t in fighting if t == target)} - {target} or {actor},
            {target, *(t for a, t in fighting if a == actor)} - {actor} or {target},
        ):
            known = sorted({person for name in side if name for person in _people(name, register)})
            sets.append(sorted(ids.setdefault(person, len(ids)) for person in known))
    at = np.cumsum([0, *map(len, sets)])
    return at, np.array([person for some in sets for person in some], np.int64)


def _people(name: str, register: Register) -> frozenset[str]:
    """Return everybody whom a name, or a list of names, may stand for, with umbrellas and what they are part of."""
    named = {register.identify(part) for part in (name, *name.split(", "))}
    ids = {whole for actor in named for whole in register.wholes(actor)}
    return frozenset(ids | {member for actor in ids for member in register.stands_for(actor)})


def _chains(chains: list[str], offices: list[str]) -> tuple[Numbers, Numbers]:
    """Return whom each code of a chain of citations names, by the codes of offices; who is not named is nobody."""
    ids = {name: code for code, name in enumerate(offices)}
    sets = []
    for text in chains:
        names = {plain_name(str(name)) for name in json.loads(text)}
        sets.append(sorted(ids.setdefault(name, len(ids)) for name in sorted(names) if not name.startswith("unnamed")))
    return np.cumsum([0, *map(len, sets)]), np.array([name for some in sets for name in some], np.int64)


def _texts(texts: pl.Series) -> tuple[Numbers, Numbers, Hashes]:
    """Return which set of 5-grams is that of each claim, -1 where it has none, and the sets."""
    if texts.null_count() == len(texts):
        return np.full(len(texts), -1), np.zeros(1, np.int64), np.zeros(0, np.uint64)
    code, distinct = _coded(texts)
    held = shingles(pl.Series(distinct, dtype=pl.String))
    is_empty = np.append(np.diff(held.offsets) == 0, True)
    return np.where(is_empty[code], -1, code), held.offsets, held.hashes


# ---- sentences -------------------------------------------------------------------------------------------------------


def sentence(feature: str, level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    """Say in words, with the figures, how claims 0 and 1 of `traits`, told by two rows, agree in a feature."""
    return _SENTENCES[feature](level, one, other, traits)


def _tell_distance(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    if level == "unplaced":
        return "one of them does not say where"
    apart = float(np.linalg.norm(traits.places[0, :3] - traits.places[1, :3])) / 1000
    joint = float(traits.places[0, 3] + traits.places[1, 3]) / 1000
    if level.endswith("same-point"):
        return f"both stand at the same point, and their radii allow {joint:.1f} km"
    return f"the stated places are {apart:.1f} km apart where their radii allow {joint:.1f} km"


def _tell_time(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    spans = [_duration(row["latest"] - row["earliest"]) for row in (one, other)]
    if level.endswith("-same"):
        return f"both tell of the same {spans[0]}"
    gap = max(one["earliest"], other["earliest"]) - min(one["latest"], other["latest"])
    if gap >= timedelta(0):
        return f"between the stated times lie {_duration(gap)}; the one spans {spans[0]}, the other {spans[1]}"
    return f"the stated times overlap by {_duration(-gap)}; the one spans {spans[0]}, the other {spans[1]}"


def _duration(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    if hours >= 48:
        return f"{hours / 24:.1f} days".replace(".0 ", " ")
    if hours >= 1:
        return f"{hours:.1f} hours".replace(".0 ", " ").replace("1 hours", "1 hour") if hours != 1 else "1 hour"
    return f"{span / timedelta(minutes=1):.0f} minutes"


def _tell_act(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    first, second = (act_tree().label(row["act"]) for row in (one, other))
    told = f"the second tells '{second}' where the first tells '{first}'"
    return {
        "same": f"both tell '{first}'",
        "same-broad": f"both tell '{first}', a broad word",
        "covers": f"{told}: the one covers the other",
        "covers-broadly": f"{told}: the broader word covers the other, as it does much else",
        "kin": f"{told}: acts that are taken for each other",
        "different": f"{told}: different acts",
    }[level]


def _tell_who(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    first, second = (_sides_in_words(row["pairs"]) for row in (one, other))
    return {
        "same": f"both name {first}",
        "both-sides": f"{first} and {second} can be the same on both sides",
        "one-side": f"{first} and {second} can be the same on the one side that both name",
        "silent": "one of them names nobody",
        "one-side-other-apart": f"{first} and {second} share one side, and differ in the other",
        "disjoint": f"{first} and {second} are different people",
    }[level]


def _sides_in_words(pairs: str | None) -> str:
    actor, target = read_pairs(pairs or ANYBODY)[0]
    named = [name for name in (actor, target) if name]
    return f"'{' and '.join(named)}'" if named else "nobody"


def _tell_count(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    first, second = (_interval(row["count_low"], row["count_high"]) for row in (one, other))
    unit = one["count_unit"]
    return {
        "equal": f"both count {first} {unit}",
        "overlapping": f"{first} and {second} {unit} can be the same number",
        "disjoint": f"{first} {unit} against {second}",
        "missing": "no count of the same thing in both",
    }[level]


def _tell_dead(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    first, second = (
        _interval(row["dead_low"] if row["dead_low"] is not None else row["civilians_dead"], row["dead_high"])
        for row in (one, other)
    )
    return {
        "equal": f"both tell of {first} dead",
        "none": "both tell that nobody died",
        "overlapping": f"{first} and {second} dead can be the same number",
        "disjoint": f"{first} dead against {second}",
        "missing": "one of them does not say how many died",
    }[level]


def _interval(low: int | None, high: int | None) -> str:
    if low == high:
        return str(low)
    return f"{low} or more" if high is None else f"{low} to {high}"


def _tell_name(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    first, second = one["place_name"], other["place_name"]
    spelt = first if first == second else f"{first} ({second})"
    return {
        "same": f"both name {spelt}",
        "same-skeleton": f"both name {spelt}, as the two spellings can be read",
        "same-area": f"both name {one['area'] or one['adm_1']}, and no place in it that both would share",
        "different": f"the one names {first}, the other {second}",
        "missing": "one of them names no place",
    }[level]


def _tell_text(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    if level == "missing":
        return "one of them has no text to compare"
    mine, yours = (int(traits.texts[row]) for row in (0, 1))
    at = traits.grams_at
    share = 1.0 if mine == yours else containment(traits.grams, at[mine], at[mine + 1], at[yours], at[yours + 1])
    if level == "none":
        return "no five words in a row in common"
    return f"{share:.0%} of the shorter text's runs of five words stand in the other"


def _tell_citing(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    if level == "cites":
        cited = {plain_name(str(name)) for name in json.loads(one["cites"] or "[]")}
        first, second = ("first", "second") if plain_name(other["office"] or "") in cited else ("second", "first")
        return f"the {first} cites the {second}'s office"
    return {
        "same-root": "both cite the same office",
        "none": "they cite different offices, or only one cites any",
        "unstated": "neither says on whose word it tells",
    }[level]


def _tell_teller(level: str, one: Mapping[str, Any], other: Mapping[str, Any], traits: Traits) -> str:
    return {
        "other-source": f"told by two sources, {one['source']} and {other['source']}",
        "other-office": f"told by two offices of one source, {one['office']} and {other['office']}",
        "same-office": f"told twice by one office, {one['office'] or one['source']}",
    }[level]


_SENTENCES = {
    "distance": _tell_distance, "time": _tell_time, "act": _tell_act, "who": _tell_who, "count": _tell_count,
    "dead": _tell_dead, "name": _tell_name, "text": _tell_text, "citing": _tell_citing, "teller": _tell_teller,
}  # fmt: skip
