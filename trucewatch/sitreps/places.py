"""Places: in which zone an incident lies as it was told, and what of a zone anybody could see."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement, Clause
from trucewatch.evidence import Assertion, Extent
from trucewatch.where import SLIVER_M2, PlaceKind, Plane, place_shape

# As SLIVER_M2, in square degrees.
_SLIVER_DEGREES2 = SLIVER_M2 / 1.1e5**2
_SLIVER_M = 1.0
_PLACED = {"incident": pl.String(), "zone": pl.String()}


def zones_of(accounts: pl.DataFrame, agreement: Agreement, zones: Sequence[str]) -> pl.DataFrame:
    """Return (incident, zone) for each zone that holds the whole of an incident's place, under every account of it."""
    shapes = {zone: agreement.zones[zone].shape for zone in zones}
    drawn = {zone: shape for zone, shape in shapes.items() if shape is not None}
    if accounts.is_empty() or not drawn:
        return pl.DataFrame(schema=_PLACED)
    plane = Plane.over(drawn.values())
    found = []
    told = accounts.group_by("incident").len("told")
    for zone, shape in drawn.items():
        inside = accounts.filter(pl.Series(_lies_within(accounts, plane, shape, agreement)))
        every = inside.group_by("incident").len("inside").join(told, on="incident")
        found.append(every.filter(pl.col("inside") == pl.col("told")).select("incident", pl.lit(zone).alias("zone")))
    return pl.concat(found).sort("incident", "zone")


def _lies_within(accounts: pl.DataFrame, plane: Plane, zone: BaseGeometry, agreement: Agreement) -> list[bool]:
    projected = plane.shape(zone)
    beyond = shapely.box(-2.1e7, -2.1e7, 2.1e7, 2.1e7).difference(projected)
    kinds = accounts["place_kind"].to_numpy()
    is_disc = (kinds == str(PlaceKind.DISC)) & accounts["lon"].is_not_null().to_numpy()
    inside = np.zeros(accounts.height, dtype=bool)
    lon, lat, radius = (accounts[name].fill_null(0.0).to_numpy()[is_disc] for name in ("lon", "lat", "radius_m"))
    x, y = plane.project(lon, lat)
    shapely.prepare(projected)
    near = shapely.contains_xy(projected, x, y)
    within = np.zeros(len(near), dtype=bool)
    within[near] = ~plane.discs_touch(lon[near], lat[near], radius[near], beyond)
    inside[is_disc] = within
    columns = ("place_kind", "area", "country", "geometry", "lon", "lat", "radius_m")
    told = accounts.select(columns).with_row_index("at").filter(pl.Series(~is_disc))
    for values, group in told.group_by(columns, maintain_order=True):
        shape = place_shape(dict(zip(columns, values, strict=True)), agreement.gazetteer)
        inside[group["at"].to_numpy()] = shape is not None and _holds(projected, plane.shape(shape))
    return list(inside)


def _holds(zone: BaseGeometry, place: BaseGeometry) -> bool:
    beyond = place.difference(zone)
    # A line has no area, wherever it runs.
    return bool(beyond.area <= SLIVER_M2 if place.area > 0 else beyond.length <= _SLIVER_M)


def coverage(
    claims: pl.DataFrame, agreement: Agreement, clause: Clause, zone: str, start: datetime, end: datetime
) -> str:
    """Say what an empty cell means: `none found` where somebody who could have seen such acts watched the whole zone
    for the whole time, `partly seen` where only some of it was watched, else `not observed`.
    """
    watched = claims.filter(
        (pl.col("assertion") == Assertion.NOTHING)
        & (pl.col("place_extent") == Extent.THROUGHOUT)
        & (pl.col("time_extent") != Extent.WITHIN)
        & (pl.col("earliest") < end)
        & (pl.col("latest") > start)
    )
    if watched.is_empty() or zone not in agreement.zones:
        return "not observed"
    shape = agreement.zones[zone].shape
    tree = act_tree()
    acts = [n for n in tree if any(tree.on_one_chain(n, act) for act in clause.what.acts)]
    watched = watched.filter(pl.col("act").is_in(acts))
    if watched.is_empty() or shape is None:
        return "not observed"
    seen = [
        (row, place)
        for row in watched.sort("earliest", "claim_key").iter_rows(named=True)
        if (place := place_shape(row, agreement.gazetteer)) is not None and _overlap(place, shape)
    ]
    if not seen:
        return "not observed"
    for act in clause.what.acts:
        # Whoever saw no shelling, or no tanks, says nothing of other fire.
        views = [
            (row["earliest"], row["latest"], place)
            for row, place in seen
            if tree.covers(row["act"], act) and row["weapon"] is None
        ]
        if not _is_complete(views, shape, start, end):
            return "partly seen"
    return "none found"


def _overlap(place: BaseGeometry, zone: BaseGeometry) -> bool:
    # Areas that share a border only touch.
    return bool(place.intersection(zone).area > min(_SLIVER_DEGREES2, place.area / 2))


def _is_complete(
    views: Sequence[tuple[datetime, datetime, BaseGeometry]], zone: BaseGeometry, start: datetime, end: datetime
) -> bool:
    """Say whether at every instant of the period what was being watched covers the zone."""
    cuts = sorted({start, end, *(min(max(edge, start), end) for first, last, _ in views for edge in (first, last))})
    for at, until in itertools.pairwise(cuts):
        watching = [place for first, last, place in views if first <= at and until <= last]
        # Where two views overlap, their union may leave out a hair along the edge of the zone.
        if not watching or zone.difference(shapely.union_all(watching)).area > _SLIVER_DEGREES2:
            return False
    return True
