"""Incidents: what happened once, however many told of it; and on how many independent origins that rests.

`corroborate` never sees the agreement: it cannot know what is forbidden. It links claims that may tell of one event,
never against a cannot-link, and leaves what contradicts side by side as *accounts*: the alternatives that a finding
must hold under.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from trucewatch.accounts import accounts_of, pairs_together
from trucewatch.actors import Register
from trucewatch.claims import View
from trucewatch.evidence import OWN_OBSERVATION, Assertion
from trucewatch.links import NearMiss, link
from trucewatch.origins import roots_of
from trucewatch.where import Gazetteer

FIRST_HAND = "first-hand observers"


@dataclass(frozen=True, slots=True)
class Incidents:
    """What was established.

    `incidents` has one row for each incident (named by its smallest claim), with the lists of its claims and offices
    and the bounds of its origins; `accounts` one row for each alternative of its facts; `members` maps claim to
    incident.
    """

    incidents: pl.DataFrame
    accounts: pl.DataFrame
    members: pl.DataFrame
    near_misses: tuple[NearMiss, ...] = ()


def corroborate(view: View, gazetteer: Gazetteer | None = None, register: Register | None = None) -> Incidents:
    """Bring claims together into incidents; a function of the set of claims, not of their order.

    `gazetteer` and `register` tell which places and names are the same. Claims that assert that nothing was observed
    are coverage, and become no incident.
    """
    told = view.claims.filter(pl.col("assertion") != Assertion.NOTHING)
    units = told.with_columns(pl.concat_str("source", pl.lit("\u0000"), "event_key").alias("unit"))
    clusters, near_misses = link(units, register or Register())
    named = (
        units.join(clusters, on="unit", how="left")
        .sort("entry", "claim_key")
        .with_columns(pl.col("claim_key").first().over("cluster").alias("incident"))
        .sort("incident", "claim_key")
    )
    accounts = accounts_of(named, gazetteer or Gazetteer())
    return Incidents(
        incidents=_summarise(named).join(_sides(named, accounts), on="incident", maintain_order="left"),
        accounts=accounts,
        members=named.select("claim_key", "incident"),
        near_misses=near_misses,
    )


# ---- one row for each incident ---------------------------------------------------------------------------------------


def _summarise(named: pl.DataFrame) -> pl.DataFrame:
    own = pl.col("means").is_in([str(means) for means in OWN_OBSERVATION])
    rooted = named.with_columns(*roots_of(named), own.alias("own"))
    return (
        rooted.group_by("incident", maintain_order=True)
        .agg(
            pl.col("claim_key").alias("claims"),
            pl.len().cast(pl.Int64).alias("reports"),
            pl.col("source").unique().sort().alias("sources"),
            # Who of the mission saw or heard it stays out of every product; that somebody did does not.
            pl.when("own").then(pl.lit(FIRST_HAND)).otherwise("office").drop_nulls().unique().sort().alias("offices"),
            pl.col("event_key").first(),
            pl.col("assertion").first(),
            pl.col("act").first(),
            pl.col("earliest").min(),
            pl.col("latest").max(),
            pl.col("place_name").drop_nulls().first(),
            pl.col("adm_1").drop_nulls().first(),
            pl.col("country").drop_nulls().first(),
            pl.col("dead_low").max(),
            pl.col("dead_high").max(),
            pl.col("civilians_dead").max(),
            pl.col("records_deaths").any(),
            pl.col("allegation").any(),
            pl.col("exercise").any(),
            pl.col("means").unique().sort(),
            pl.col("root").drop_nulls().unique().sort().alias("roots"),
            pl.col("is_office").any().cast(pl.Int64).alias("offices_alone"),
            pl.col("possible_root").n_unique().cast(pl.Int64).alias("origins_high"),
            pl.col("is_plural").any().alias("origins_unbounded"),
            (pl.col("own") & pl.col("interest").is_null()).any().alias("first_hand"),
            (pl.col("own") & pl.col("interest").is_null() & (pl.col("means") == "recorded")).any().alias("recorded"),
            pl.struct("file", "line").sort().alias("lines"),
        )
        .with_columns(
            pl.when(pl.col("roots").list.len() > 0)
            .then(pl.col("roots").list.len().cast(pl.Int64))
            .otherwise("offices_alone")
            .alias("origins_low"),
            pl.when("origins_unbounded").then(None).otherwise("origins_high").alias("origins_high"),
        )
        .with_columns(
            pl.when(pl.col("origins_low") >= 2)
            .then(pl.lit("corroborated"))
            .otherwise(pl.lit("reported"))
            .alias("status")
        )
        .drop("offices_alone", "origins_unbounded")
        .sort("incident")
    )


def _sides(named: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return (incident, sides, pairs): all who may have done it to whom, by any account, and by what reports say.

    Who complains says who did it; that alone lets nobody answer for it where others saw it and do not say so.
    """
    is_report = ~pl.col("allegation") | pl.col("allegation").all().over("incident")
    told = named.filter(is_report).group_by("incident").agg("pairs")
    both = told.join(accounts.group_by("incident").agg(pl.col("pairs").alias("sides")), on="incident")
    return both.select(
        "incident",
        *(
            pl.Series(name, [pairs_together(some) for some in both[name].to_list()], pl.String)
            for name in ("sides", "pairs")
        ),
    )
