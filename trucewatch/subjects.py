"""Subjects: the findings that a row of the mission's own logs is about, as an audience knows them.

A row names a report, a claim, an incident or a finding as the mission calls it. Below mission level these go by other
names, made of what the audience knows; which of them is meant is found by what the audience is told of each claim. A
subject of which it is told nothing is about nothing for that audience.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable

import polars as pl

from trucewatch.assessment.occasions import finding_id
from trucewatch.incidents import Incidents
from trucewatch.levels import Level
from trucewatch.views import View

Alone = Callable[[pl.DataFrame], pl.DataFrame]


def findings_about(
    subjects: Collection[str],
    known: Callable[[], pl.DataFrame],
    alone: Alone,
    seen: View,
    incidents: Incidents,
    findings: pl.DataFrame,
) -> dict[str, tuple[str, ...]]:
    """Return the findings (ids of an audience) that each subject is about, in order.

    `known` returns the claims as the mission knows them, `alone` what the audience is told of each of some claims
    (`views.told_alone`); both are asked only where there is a subject. `seen`, `incidents` and `findings` are those of
    the audience.
    """
    if not subjects:
        return {}
    is_mission = seen.audience >= Level.MISSION
    claims = seen.claims if is_mission else known()
    named = _claims_of(subjects, claims, findings["clause"].unique().sort())
    keys = sorted({key for found, _ in named.values() for key in found})
    told = {key: key for key in keys} if is_mission else _told(claims.filter(pl.col("claim_key").is_in(keys)), alone)
    incident_of = _incidents(told, seen, incidents, is_mission)
    about = {}
    for subject, (found, clause) in named.items():
        met = findings.filter(
            (pl.col("finding") == subject)
            | pl.col("incident").is_in(sorted({incident_of[key] for key in found if key in incident_of}))
        )
        about[subject] = tuple((met.filter(pl.col("clause") == clause) if clause else met)["finding"].sort())
    return about


def _claims_of(
    subjects: Collection[str], claims: pl.DataFrame, clauses: Iterable[str]
) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return for each subject the keys of the claims that it names, and the clause, where it is a finding."""
    found = {}
    for subject in subjects:
        named = claims.filter((pl.col("claim_key") == subject) | (pl.col("record") == subject))
        found[subject] = (tuple(named["claim_key"]), "")
    left = {subject for subject, (keys, _) in found.items() if not keys}
    # An incident goes by one of its claims, and a finding of it by that and its clause.
    for clause, key in itertools.product(clauses, claims["claim_key"]) if left else ():
        if (id := finding_id(key, clause, "")) in left:
            found[id] = ((key,), clause)
    return found


def _told(claims: pl.DataFrame, alone: Alone) -> dict[str, str]:
    """Return, by their keys, what an audience is told of claims, as a hash; without those of which it is nothing."""
    told = alone(claims).drop_nulls("told")
    return dict(zip(told["claim_key"], told["told"], strict=True))


def _incidents(told: dict[str, str], seen: View, incidents: Incidents, is_mission: bool) -> dict[str, str]:
    """Return the incident of each claim; of two that are told alike and are not of one incident, neither has one."""
    by = "claim_key" if is_mission else "version"
    members = incidents.members.join(seen.claims.select("claim_key", "version"), on="claim_key")
    of_one = (
        members.group_by(by)
        .agg(pl.col("incident").unique())
        .filter(pl.col("incident").list.len() == 1)
        .with_columns(pl.col("incident").list.first())
    )
    found = dict(of_one.select(by, "incident").iter_rows())
    return {key: found[name] for key, name in told.items() if name in found}
