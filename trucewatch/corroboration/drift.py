"""Drift: what a report changed of the one that it repeats, field by field."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from trucewatch.actors import ANYBODY, read_pairs
from trucewatch.acts import Tree, act_tree, weapon_tree

# What holds a statement at arm's length, or says that it is somebody's word. "May" is a month too, and "claimed lives"
# is no hedge: such words stand here only with the one that tells them apart.
HEDGES = {
    "en": (
        "reportedly", "apparently", "allegedly", "alleged", "purportedly", "supposedly", "unconfirmed", "unverified",
        "possibly", "probably", "suspected", "believed to", "said to", "claimed that", "claims that", "according to",
        "may have", "might have", "rumours", "rumors",
    ),
    "ar": (
        "قال", "قالت", "بحسب", "حسب", "وفق", "وفقا", "يزعم", "زعم", "زعمت", "مزاعم", "ربما", "يعتقد", "يُعتقد", "يرجح",
        "يُرجح", "محتمل", "أنباء", "انباء", "يبدو", "غير مؤكد", "غير مؤكدة",
    ),
}  # fmt: skip

# "And" is written as one word with what follows it, and a word may end in a vowel sign.
_HEDGE = rf"\b(?:{'|'.join(HEDGES['en'])})\b|\bو?(?:{'|'.join(HEDGES['ar'])})[\x{{064b}}-\x{{0652}}]*\b"
_METRES_A_DEGREE = 111_195.0
_NOWHERE = ("unplaced", "country")


def drift_of(repeated: pl.DataFrame, repeating: pl.DataFrame) -> pl.Series:
    """Return what each claim of `repeating` changed of the one in the same row of `repeated`: a JSON list of changes.

    A change has `field` (act, weapon, when, where, count, dead, civilians dead, actors, hedge), `change` (lost, added,
    sharpened, blurred, grew, shrank, changed), and `from` and `to` in words, null where nothing is said. A hedge is
    looked for where both have a text, in English and Arabic.
    """
    sides = [side.select(pl.all().name.prefix(f"{of} ")) for side, of in ((repeated, "was"), (repeating, "is"))]
    both = pl.concat(sides, how="horizontal")
    told = [
        _change("act", _each(both, "act", _in_tree(act_tree())), *_both("act")),
        _change("weapon", _each(both, "weapon", _in_tree(weapon_tree())), *_both("weapon")),
        _change("when", _when_changed(), *(_when(of) for of in ("was", "is"))),
        _change("where", _where_changed(), *(_where(of) for of in ("was", "is"))),
        _change(
            "count", _bounds_changed("count_low", "count_high", "count_unit"), *(_count(of) for of in ("was", "is"))
        ),
        _change("dead", _bounds_changed("dead_low", "dead_high"), *(_dead(of) for of in ("was", "is"))),
        _change("civilians dead", _bounds_changed("civilians_dead", "civilians_dead"), *_both("civilians_dead")),
        _change("actors", _each(both, "pairs", _actors_changed), *(_actors(both, of) for of in ("was", "is"))),
        _change("hedge", _hedge_changed(), *(_hedges(of) for of in ("was", "is"))),
    ]
    listed = both.select(pl.struct(pl.concat_list(told).list.drop_nulls().alias("drift")).struct.json_encode())
    return listed.to_series().str.strip_prefix('{"drift":').str.strip_suffix("}").alias("drift")


Changed = pl.Expr | pl.Series


def _both(name: str) -> tuple[pl.Expr, pl.Expr]:
    return pl.col(f"was {name}"), pl.col(f"is {name}")


def _change(field: str, change: Changed, was: Changed, now: Changed) -> pl.Expr:
    """Return a change as a struct, null where nothing changed."""
    parts = [_as_text(part).alias(name) for part, name in ((change, "change"), (was, "from"), (now, "to"))]
    changed = _as_text(change).is_not_null()
    return pl.when(changed).then(pl.struct(pl.lit(field).alias("field"), *parts))


def _as_text(part: Changed) -> pl.Expr:
    return (pl.lit(part) if isinstance(part, pl.Series) else part).cast(pl.String)


def _said(was: pl.Expr, now: pl.Expr, change: pl.Expr) -> pl.Expr:
    """Return `change`, or that what was said is lost or added; nothing where neither says anything."""
    return (
        pl.when(was.is_null() & now.is_null()).then(None)
        .when(now.is_null()).then(pl.lit("lost"))
        .when(was.is_null()).then(pl.lit("added"))
        .otherwise(change)
    )  # fmt: skip


# ---- fields with a tree, or a set, of values -------------------------------------------------------------------------


def _each(both: pl.DataFrame, name: str, compare: Callable[[str | None, str | None], str | None]) -> pl.Series:
    """Compare the values of two columns; each pair of values once."""
    columns = [f"was {name}", f"is {name}"]
    values = both.select(columns).unique(maintain_order=True)
    found = values.with_columns(pl.Series("change", [compare(*pair) for pair in values.iter_rows()], pl.String))
    return both.select(columns).join(found, on=columns, nulls_equal=True, how="left", maintain_order="left")["change"]


def _in_tree(tree: Tree) -> Callable[[str | None, str | None], str | None]:
    def compare(was: str | None, now: str | None) -> str | None:
        if was == now:
            return None
        if was is None or now is None:
            return "added" if was is None else "lost"
        return "sharpened" if tree.covers(was, now) else "blurred" if tree.covers(now, was) else "changed"

    return compare


def _actors_changed(was: str | None, now: str | None) -> str | None:
    old, new = (set(read_pairs(pairs or ANYBODY)) for pairs in (was, now))
    nobody = set(read_pairs(ANYBODY))
    if old == new:
        return None
    if nobody in (old, new):
        return "added" if old == nobody else "lost"
    return "sharpened" if _fit(new, old) else "blurred" if _fit(old, new) else "changed"


def _fit(sharp: set[tuple[str, str]], wide: set[tuple[str, str]]) -> bool:
    """Say whether every pair is one of the wider ones, where an empty name is anybody."""
    return all(any(w[0] in ("", pair[0]) and w[1] in ("", pair[1]) for w in wide) for pair in sharp)


def _actors(both: pl.DataFrame, of: str) -> pl.Series:
    def tell(pairs: str | None) -> str | None:
        told = [f"{actor or 'somebody'} - {target or 'somebody'}" for actor, target in read_pairs(pairs or ANYBODY)]
        return None if pairs in (None, ANYBODY) else "; ".join(told)

    distinct = both[f"{of} pairs"].unique(maintain_order=True)
    told = pl.DataFrame({"pairs": distinct, "told": pl.Series([tell(pairs) for pairs in distinct], dtype=pl.String)})
    column = both[f"{of} pairs"].alias("pairs").to_frame()
    return column.join(told, on="pairs", nulls_equal=True, how="left", maintain_order="left")["told"]


# ---- time, place, bounds ---------------------------------------------------------------------------------------------


def _when_changed() -> pl.Expr:
    (was_from, from_), (was_to, to) = _both("earliest"), _both("latest")
    return (
        pl.when(was_from.eq_missing(from_) & was_to.eq_missing(to)).then(None)
        .when((was_from <= from_) & (to <= was_to)).then(pl.lit("sharpened"))
        .when((from_ <= was_from) & (was_to <= to)).then(pl.lit("blurred"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip


def _when(of: str) -> pl.Expr:
    return pl.concat_str(
        pl.col(f"{of} earliest").dt.strftime("%Y-%m-%d %H:%M"), pl.lit(" to "),
        pl.col(f"{of} latest").dt.strftime("%Y-%m-%d %H:%M UTC"),
    )  # fmt: skip


def _where_changed() -> pl.Expr:
    names = ("place_kind", "lon", "lat", "radius_m", "area", "country", "geometry")
    same = pl.all_horizontal(was.eq_missing(now) for was, now in map(_both, names))
    (was_lon, lon), (was_lat, lat), (was_radius, radius) = _both("lon"), _both("lat"), _both("radius_m")
    east = (lon - was_lon) * lat.radians().cos()
    apart_m = (east * east + (lat - was_lat) ** 2).sqrt() * _METRES_A_DEGREE
    change = (
        pl.when(same).then(None)
        .when((apart_m + radius <= was_radius).fill_null(False)).then(pl.lit("sharpened"))
        .when((apart_m + was_radius <= radius).fill_null(False)).then(pl.lit("blurred"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip
    was, now = (pl.when(~pl.col(f"{of} place_kind").is_in(_NOWHERE)).then(True) for of in ("was", "is"))
    (was_name, name) = _both("place_name")
    renamed = pl.when(was_name.is_not_null() & name.is_not_null() & (was_name != name)).then(pl.lit("changed"))
    return pl.when(was.is_null() & now.is_null()).then(renamed).otherwise(_said(was, now, change))


def _where(of: str) -> pl.Expr:
    def col(name: str) -> pl.Expr:
        return pl.col(f"{of} {name}")

    point = pl.format("within {} m of {}, {}", col("radius_m").round().cast(pl.Int64), col("lat"), col("lon"))
    kind = pl.when(~col("place_kind").is_in(_NOWHERE)).then(pl.coalesce(point, col("area"), col("place_kind")))
    told = pl.concat_str(col("place_name"), kind, separator=", ", ignore_nulls=True)
    return pl.when(told != "").then(told)


def _bounds_changed(low: str, high: str, unit: str | None = None) -> pl.Expr:
    (was_low, low_), (was_high, high_) = _both(low), _both(high)
    most = pl.lit(2**62)
    was_most, now_most = was_high.fill_null(most), high_.fill_null(most)
    was_least, now_least = was_low.fill_null(0), low_.fill_null(0)
    open_ended = was_high.is_null() & high_.is_null()
    change = (
        pl.when((was_least == now_least) & (was_most == now_most)).then(None)
        .when((now_least > was_least) & ((now_most > was_most) | open_ended)).then(pl.lit("grew"))
        .when((now_least < was_least) & ((now_most < was_most) | open_ended)).then(pl.lit("shrank"))
        .when((now_least >= was_least) & (now_most <= was_most)).then(pl.lit("sharpened"))
        .otherwise(pl.lit("blurred"))
    )  # fmt: skip
    if unit:
        was_unit, unit_ = _both(unit)
        change = pl.when(was_unit.eq_missing(unit_)).then(change).otherwise(pl.lit("changed"))
    return _said(pl.coalesce(was_low, was_high), pl.coalesce(low_, high_), change)


def _count(of: str) -> pl.Expr:
    bounds, unit = _bounds(f"{of} count_low", f"{of} count_high"), pl.col(f"{of} count_unit")
    return pl.coalesce(pl.concat_str(bounds, unit, separator=" "), bounds)


def _dead(of: str) -> pl.Expr:
    return _bounds(f"{of} dead_low", f"{of} dead_high")


def _bounds(low: str, high: str) -> pl.Expr:
    least, most = pl.col(low), pl.col(high)
    return (
        pl.when(least == most).then(pl.format("{}", least))
        .when(most.is_null() & least.is_not_null()).then(pl.format("at least {}", least))
        .when(least.is_null() & most.is_not_null()).then(pl.format("at most {}", most))
        .when(least.is_not_null()).then(pl.format("{} to {}", least, most))
    )  # fmt: skip


# ---- hedges ----------------------------------------------------------------------------------------------------------


def _hedges(of: str) -> pl.Expr:
    found = pl.col(f"{of} text").str.to_lowercase().str.extract_all(_HEDGE).list.unique().list.sort()
    return pl.when(found.list.len() > 0).then(found.list.join(", "))


def _hedge_changed() -> pl.Expr:
    was_text, text = _both("text")
    both = was_text.is_not_null() & text.is_not_null()
    was, now = _hedges("was"), _hedges("is")
    return pl.when(both & (was.is_null() != now.is_null())).then(_said(was, now, pl.lit(None, dtype=pl.String)))
