"""Places: in which zone an incident lies as it was told, and what of a zone anybody could see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.agreement.terms import Agreement, Clause
from trucewatch.logs import patrols
from trucewatch.logs.patrols import Seen, Window, quiet_windows
from trucewatch.sitreps.material import Material
from trucewatch.where import SLIVER_M2, PlaceKind, Plane, place_shape

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


def windows_of(material: Material) -> tuple[Window, ...]:
    """Return when and where acts could have been observed: what the mission logged, and reports that nothing was."""
    return (*material.beside.windows, *quiet_windows(material.view.claims, material.agreement.gazetteer))


def coverage(
    windows: Iterable[Window], agreement: Agreement, clause: Clause, zone: str, start: datetime, end: datetime
) -> str:
    """Say what an empty cell means, by what could be observed of a clause's acts in a zone (`patrols.coverage`)."""
    shape = agreement.zones[zone].shape if zone in agreement.zones else None
    return str(patrols.coverage(windows, clause.what.acts, shape, start, end) if shape else Seen.NOT_OBSERVED)
