"""Directions: what impact-site assessments say of who answers for an incident, where no report names who acted.

A direction of fire names nobody. Where all that it can have come from is known to have been held by one actor alone,
all the time that it can have happened in, it came from that actor's area; who fired there is not established by that.
A report that names somebody is never weakened, and whether something occurred is never touched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.actors import ANYBODY, read_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement
from trucewatch.evidence import Assertion, Extent, Standard, proof_holds
from trucewatch.findings import Responsibility
from trucewatch.incidents import Incidents
from trucewatch.logs.impacts import ImpactSite
from trucewatch.when import Span
from trucewatch.where import place_shape

FROM = "by impact-site assessment it was fired from "  # and then the bearings, such as `215 to 235 degrees`
HELD = "; all of where it can have come from was held by this actor alone"

_STANDARDS = {standard.word: standard for standard in Standard}
_HOLDS = "presence-of-forces"
# Ground that changes hands, or is fought over, is held by nobody alone.
_CONTESTS = ("clash", "offensive", "control-of-territory")
# As where.SLIVER_M2, in square degrees: drawn boundaries are no finer.
_SLIVER_DEGREES2 = 1e-6

Answer = tuple[Responsibility, tuple[str, ...], str]  # as `findings.responsibility` gives it


def with_impact_sites(
    findings: pl.DataFrame,
    about: Mapping[str, Sequence[str]],
    sites: Iterable[ImpactSite],
    incidents: Incidents,
    claims: pl.DataFrame,
    agreement: Agreement,
) -> pl.DataFrame:
    """Return findings (`findings.FINDING_SCHEMA`) with what impact sites say of responsibility; nothing else changes.

    `about` has the findings that each subject is about (`subjects.findings_about`); `claims` are those that the
    incidents were made of. An assessment of one finding holds for all findings of its incident; one that was over
    before the incident can have begun is of something else.
    """
    sites = [site for site in sites if site.bearings is not None]
    if not sites:
        return findings
    spans = {
        incident: Span(earliest, latest, "told")
        for incident, earliest, latest in incidents.incidents.select("incident", "earliest", "latest").iter_rows()
    }
    found = _of_incidents(findings, about, sites, spans)
    is_open = (pl.col("responsibility") == Responsibility.NOT_ESTABLISHED) & pl.col("incident").is_in(sorted(found))
    asked = findings.filter(is_open).select("incident", "standard").unique(maintain_order=True)
    if asked.is_empty():
        return findings
    answers = [
        _answer(found[incident], spans[incident], _Ground(incidents, claims, agreement, _STANDARDS[standard]))
        for incident, standard in asked.iter_rows()
    ]
    said = asked.with_columns(
        pl.Series("_kind", [str(answer[0]) for answer in answers], pl.String),
        pl.Series("_who", [list(answer[1]) for answer in answers], pl.List(pl.String)),
        pl.Series("_why", [answer[2] for answer in answers], pl.String),
    )
    told = findings.join(said, on=("incident", "standard"), how="left", maintain_order="left")
    # A report that names somebody stands as it is.
    return told.with_columns(
        pl.when(is_open).then(new).otherwise(old).alias(old)
        for old, new in (("responsibility", "_kind"), ("responsible", "_who"), ("grounds", "_why"))
    ).select(findings.columns)


def _of_incidents(
    findings: pl.DataFrame, about: Mapping[str, Sequence[str]], sites: Iterable[ImpactSite], spans: Mapping[str, Span]
) -> dict[str, list[ImpactSite]]:
    """Return the sites that give a direction, by the incident that they are of."""
    incident_of = dict(findings.filter(pl.col("incident").is_not_null()).select("finding", "incident").iter_rows())
    found: dict[str, list[ImpactSite]] = {}
    for site in sites:
        for incident in sorted({incident_of[id] for id in about.get(site.subject, ()) if id in incident_of}):
            if spans[incident].earliest < site.assessed_on.latest:
                found.setdefault(incident, []).append(site)
    return found


def _answer(sites: Sequence[ImpactSite], span: Span, ground: _Ground) -> Answer:
    """Return what sites of one incident say together."""
    between = (site.bearings for site in sites)
    told = [f"{math.floor(low)} to {math.ceil(high) % 360} degrees" for low, high in filter(None, between)]
    grounds = FROM + " and ".join(dict.fromkeys(told))
    origins = [site.origins for site in sites]
    drawn = [place for place in origins if place is not None]
    holder = ground.holder(shapely.union_all(drawn), span) if len(drawn) == len(sites) else None
    if holder is None:
        return Responsibility.DIRECTION_ONLY, (), grounds
    return Responsibility.FROM_AREA_HELD, (holder,), grounds + HELD


# ---- who held it -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ground:
    """Who held which ground when, as far as it is known by a standard of proof."""

    incidents: Incidents
    claims: pl.DataFrame
    agreement: Agreement
    standard: Standard

    def holder(self, place: BaseGeometry, span: Span) -> str | None:
        """Return the one actor (id) that held all of a place (WGS 84) for all of a time; None where that is not known.

        Ground is held where forces of an actor were all over it all the time, on the word of nobody with an interest,
        and nothing tells of others in it, of none of its own, or of fighting for it.
        """
        begun = (pl.col("earliest") < span.latest) | (pl.col("earliest") == span.earliest)
        told = self.claims.filter(begun & (pl.col("latest") > span.earliest))
        held: dict[str, list[BaseGeometry]] = {}
        others: set[str] = set()
        proven = self._proven(told)
        for row in told.iter_rows(named=True):
            shape = place_shape(row, self.agreement.gazetteer)
            who = self._who(row)
            is_one = len(who) == 1 and who != ("",)
            if row["claim_key"] in proven and is_one and shape is not None and _fills(row, span):
                held.setdefault(who[0], []).append(shape)
            if _bears_on_control(row) and (shape is None or shape.intersects(place)):
                others.update(who if row["assertion"] == Assertion.PRESENCE and who else ("",))
        for actor, shapes in held.items():
            left = place.difference(shapely.union_all(shapes)).area
            if others <= {actor} and left <= _SLIVER_DEGREES2 and not self.agreement.register.is_umbrella(actor):
                return actor
        return None

    def _proven(self, claims: pl.DataFrame) -> frozenset[str]:
        """Return the claims of forces all over a place all the time that reach the standard."""
        throughout = (
            (pl.col("assertion") == Assertion.PRESENCE)
            & (pl.col("act") == _HOLDS)
            & (pl.col("place_extent") == Extent.THROUGHOUT)
            & (pl.col("time_extent") == Extent.THROUGHOUT)
            & pl.col("interest").is_null()
        )
        evidence = self.incidents.incidents.select("incident", "origins_low", "first_hand", "recorded")
        rows = claims.filter(throughout).join(self.incidents.members, on="claim_key").join(evidence, on="incident")
        asked = rows.select("claim_key", "origins_low", "first_hand", "recorded").iter_rows()
        return frozenset(key for key, low, own, film in asked if proof_holds(self.standard, low, low, own, film))

    def _who(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        pairs = read_pairs(row["pairs"] or ANYBODY)
        return tuple(sorted({self.agreement.register.identify(actor) if actor else "" for actor, _ in pairs}))


def _fills(row: Mapping[str, Any], span: Span) -> bool:
    return bool(row["earliest"] <= span.earliest and span.latest <= row["latest"])


def _bears_on_control(row: Mapping[str, Any]) -> bool:
    tree = act_tree()
    match row["assertion"]:
        case Assertion.PRESENCE:
            return True
        case Assertion.NOTHING:
            return tree.covers(row["act"], _HOLDS)
    return any(tree.covers(act, row["act"]) for act in _CONTESTS)
