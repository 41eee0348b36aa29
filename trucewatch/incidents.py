"""Incidents: what happened once, however many told of it; and on how many independent origins that rests.

`corroborate` never sees the agreement: it cannot know what is forbidden. It links claims that may tell of one event,
never against a cannot-link, and leaves what contradicts side by side as *accounts*: the alternatives that a finding
must hold under.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from trucewatch.actors import Register
from trucewatch.corroboration.accounts import accounts_of, pairs_together
from trucewatch.corroboration.echoes import SCHEMA as ECHOES
from trucewatch.corroboration.echoes import echoes_of
from trucewatch.corroboration.links import LINKS, link
from trucewatch.corroboration.origins import origins_of
from trucewatch.corroboration.weights import Weights
from trucewatch.decisions import Decision
from trucewatch.evidence import OWN_OBSERVATION, Assertion
from trucewatch.problems import Problem
from trucewatch.views import View
from trucewatch.where import Gazetteer

FIRST_HAND = "first-hand observers"


@dataclass(frozen=True, slots=True)
class Incidents:
    """What was established.

    `incidents` has one row for each incident (named by its smallest claim), with the lists of its claims, records and
    offices and the bounds of its origins; incidents of like acts at one place, each within a day of another, share a
    `series`, named by the smallest of them. `accounts` has one row for each alternative of an incident's facts;
    `members` maps claim to incident. `links` has a row for each pair of claims (one, other) that may have been one
    event: log_odds, probability, whether it was taken, and the reason if not. `echoes` says who repeats whom, in the
    form of
    `echoes.SCHEMA`. `not_compared` pairs were left out where too many claims lay near each
    other. `problems` are decisions that gave way to later ones.
    """

    incidents: pl.DataFrame
    accounts: pl.DataFrame
    members: pl.DataFrame
    links: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINKS))
    echoes: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ECHOES))
    not_compared: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def left_out(self) -> str | None:
        """What was not compared, as a sentence; None where nothing was left out."""
        if not self.not_compared:
            return None
        return (
            f"{self.not_compared:,} pairs of reports of one neighbourhood and time were not compared: "
            "each was compared with those nearest to it in time"
        )


def corroborate(
    view: View,
    gazetteer: Gazetteer | None = None,
    register: Register | None = None,
    decisions: Iterable[Decision] = (),
    weights: Weights | None = None,
) -> Incidents:
    """Bring claims together into incidents; a function of the set of claims and decisions, not of their order.

    `gazetteer` and `register` tell which places and names are the same; `decisions` are what persons recorded of two
    claims, and outrank the datasets; `weights` are those that come with Trucewatch unless others are given. Claims that
    assert that nothing was observed are coverage, and become no incident.
    """
    told = view.claims.filter(pl.col("assertion") != Assertion.NOTHING)
    linked = link(told, register or Register(), gazetteer or Gazetteer(), decisions, weights)
    named = (
        told.join(linked.members, on="claim_key", how="left")
        .sort("entry", "claim_key")
        .with_columns(
            pl.col("claim_key").first().over("cluster").alias("incident"),
            pl.when(pl.col("series").is_not_null()).then(pl.col("claim_key").first().over("series")).alias("series"),
        )
        .sort("incident", "claim_key")
    )
    accounts = accounts_of(named, gazetteer or Gazetteer())
    echoes = echoes_of(named)
    return Incidents(
        incidents=_summarise(named, origins_of(named, echoes)).join(
            _sides(named, accounts), on="incident", maintain_order="left"
        ),
        accounts=accounts,
        members=named.select("claim_key", "incident"),
        links=linked.links,
        echoes=echoes,
        not_compared=linked.not_compared,
        problems=linked.problems,
    )


# ---- one row for each incident ---------------------------------------------------------------------------------------


def _summarise(named: pl.DataFrame, origins: pl.DataFrame) -> pl.DataFrame:
    own = pl.col("means").is_in([str(means) for means in OWN_OBSERVATION])
    return (
        named.with_columns(own.alias("own"))
        .group_by("incident", maintain_order=True)
        .agg(
            pl.col("claim_key").alias("claims"),
            pl.col("record").drop_nulls().unique().sort().alias("records"),
            pl.len().cast(pl.Int64).alias("reports"),
            pl.col("source").unique().sort().alias("sources"),
            # Who of the mission saw or heard it stays out of every product; that somebody did does not.
            pl.when("own").then(pl.lit(FIRST_HAND)).otherwise("office").drop_nulls().unique().sort().alias("offices"),
            pl.col("series").first(),
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
            (pl.col("own") & pl.col("interest").is_null()).any().alias("first_hand"),
            (pl.col("own") & pl.col("interest").is_null() & (pl.col("means") == "recorded")).any().alias("recorded"),
            pl.struct("file", "line").sort().alias("lines"),
        )
        .join(origins, on="incident", maintain_order="left")
        .with_columns(
            pl.when(pl.col("origins_low") >= 2)
            .then(pl.lit("corroborated"))
            .otherwise(pl.lit("reported"))
            .alias("status")
        )
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
