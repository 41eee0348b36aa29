"""Placings: where each row of a file is placed, as its source's description says and the row itself allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.evidence import Extent
from trucewatch.problems import did_you_mean
from trucewatch.sheets import Sheet
from trucewatch.sources import Placing
from trucewatch.where import PlaceKind, Reference, destination, read_bearing, read_grid_reference, sector

# A point this far outside its own country is not a matter of where the border was drawn.
_BORDER_DEGREES = 0.25
_MOST_METRES = 21_000_000.0


def place(sheet: Sheet) -> dict[str, pl.Series]:
    """Return the columns of a claim that say where, for every row.

    A row is placed the first way whose conditions hold and whose values are there: a disc needs a point and a radius,
    an area must be held. What cannot be read refuses the row.
    """
    country, adm_1 = sheet.field("country"), sheet.field("adm_1")
    point = _points(sheet, country)
    named = sheet.read(sheet.field("area"), "unknown-area", lambda name: _held_area(sheet, name))
    columns = {
        "place_kind": sheet.repeat(None),
        "radius_m": sheet.repeat(None).cast(pl.Float64),
        "area": named,
        "geometry": sheet.repeat(None).cast(pl.Binary),
    }
    for placing in (*sheet.source.placings, Placing((), PlaceKind.UNPLACED, {})):
        open_still = columns["place_kind"].is_null() & sheet.holds(placing.when)
        found = _PLACERS[placing.kind](sheet, placing, _Spot(point, country, named, open_still))
        for name, series in found.items():
            columns[name] = series.zip_with(found["place_kind"].is_not_null(), columns[name])
    shown = columns["place_kind"].is_in([PlaceKind.DISC, PlaceKind.SECTOR])
    nowhere = sheet.repeat(None).cast(pl.Float64)
    return {
        **columns,
        "lon": point["lon"].zip_with(shown, nowhere),
        "lat": point["lat"].zip_with(shown, nowhere),
        "country": country,
        "adm_1": adm_1,
        "place_name": sheet.field("place_name"),
        "place_extent": sheet.field("place_extent", Extent.WITHIN),
    }


@dataclass(frozen=True, slots=True)
class _Spot:
    """What is known of the places of all rows, and which rows have still to be placed."""

    point: pl.DataFrame
    country: pl.Series
    area: pl.Series
    open: pl.Series

    def placed(self, kind: PlaceKind, fits: pl.Series) -> pl.Series:
        """Return the kind of place for the open rows that fit, null for the others."""
        return pl.select(pl.when(self.open & fits).then(pl.lit(kind.value))).to_series()


def _points(sheet: Sheet, country: pl.Series) -> pl.DataFrame:
    """Return lon, lat (degrees) and off_m, by how much they may be off (metres), of each row that has a point."""
    written = {"longitude": sheet.field("lon"), "latitude": sheet.field("lat")}
    half = written["longitude"].is_null() != written["latitude"].is_null()
    sheet.refuse_where(half, "half-a-point", "of longitude and latitude only one is given")
    lon = sheet.number(written["longitude"], "longitude", -180, 180)
    lat = sheet.number(written["latitude"], "latitude", -90, 90)
    # A place of which only one half can be read is none; its row is refused.
    broken = lon.is_null() | lat.is_null()
    lon, lat = lon.set(broken, None), lat.set(broken, None)
    grid = sheet.field("grid")
    square = sheet.read_rows(
        pl.DataFrame({"grid": grid.set(lon.is_not_null(), None)}), "bad-grid-reference",
        dict.fromkeys(("lon", "lat", "off_m"), pl.Float64()), lambda row: read_grid_reference(row[0]),
    )  # fmt: skip
    point = pl.DataFrame(
        {
            "lon": lon.zip_with(lon.is_not_null(), square["lon"]),
            "lat": lat.zip_with(lat.is_not_null(), square["lat"]),
            "off_m": square["off_m"].fill_null(0.0),
        }
    )
    _refuse_swapped(sheet, point, country)
    return point


def _refuse_swapped(sheet: Sheet, point: pl.DataFrame, country: pl.Series) -> None:
    """Refuse points that lie outside their own country, and inside it with longitude and latitude swapped."""
    iso = _iso(sheet, country)
    swapped = np.zeros(sheet.height, dtype=bool)
    for code in iso.drop_nulls().unique(maintain_order=True):
        shape = sheet.gazetteer.country_shape(code)
        if shape is None:
            continue
        west, south, east, north = shape.bounds
        lon, lat = point["lon"], point["lat"]
        maybe = lat.is_between(west, east) & lon.is_between(south, north) & (iso == code)
        rows = maybe.fill_null(False).arg_true().to_numpy()
        if len(rows):
            x, y = lon.gather(rows).to_numpy(), lat.gather(rows).to_numpy()
            shapely.prepare(shape)
            turned = shapely.contains_xy(shape, y, x) & ~shapely.contains_xy(shape, x, y)
            rows, x, y = rows[turned], x[turned], y[turned]
            swapped[rows[shapely.distance(shape, shapely.points(x, y)) > _BORDER_DEGREES]] = True
    shown = point.select(pl.format("{} N, {} E", "lat", "lon").alias("shown")).to_series()
    hint = "longitude and latitude look swapped: the other way round it is inside"
    sheet.refuse_where(pl.Series(swapped), "swapped-coordinates", "{} is outside the row's own country", shown, hint)


def _iso(sheet: Sheet, country: pl.Series) -> pl.Series:
    return sheet.read(country, "unknown-word", sheet.gazetteer.country)


def _held_area(sheet: Sheet, name: str) -> str:
    found = sheet.gazetteer.find(name)
    if found is None:
        known = [spelling for area in sheet.gazetteer.areas.values() for spelling in (area.id, *area.names)]
        raise ValueError(f"area: '{name[:60]}' is no area that is held", did_you_mean(name, known))
    return found


def _place_disc(sheet: Sheet, placing: Placing, spot: _Spot) -> dict[str, pl.Series]:
    radius = sheet.number(sheet.value(placing.values["radius_m"]), "radius_m", 0, _MOST_METRES) + spot.point["off_m"]
    kind = spot.placed(PlaceKind.DISC, spot.point["lon"].is_not_null() & radius.is_not_null())
    return {"place_kind": kind, "radius_m": radius}


def _place_area(sheet: Sheet, placing: Placing, spot: _Spot) -> dict[str, pl.Series]:
    """Place rows in a named area, if it is held and in the row's own country: provinces share names across borders."""
    named = placing.values.get("named")
    asked = pl.DataFrame({"name": sheet.value(named) if named else spot.area, "country": spot.country})
    has_country = "country" in sheet.source.values

    def find(row: tuple[Any, ...]) -> tuple[str | None]:
        area = sheet.gazetteer.areas.get(sheet.gazetteer.find(row[0]) or "")
        own = sheet.gazetteer.country(row[1])
        return (area.id if area and (not has_country or (own and area.country in ("", own))) else None,)

    area = sheet.read_rows(asked, "unknown-area", {"area": pl.String()}, find)["area"]
    return {"place_kind": spot.placed(PlaceKind.AREA, area.is_not_null()), "area": area}


def _place_country(sheet: Sheet, placing: Placing, spot: _Spot) -> dict[str, pl.Series]:
    return {"place_kind": spot.placed(PlaceKind.COUNTRY, spot.country.is_not_null())}


def _place_nowhere(sheet: Sheet, placing: Placing, spot: _Spot) -> dict[str, pl.Series]:
    return {"place_kind": spot.placed(PlaceKind.UNPLACED, pl.repeat(True, sheet.height, eager=True))}


def _place_sector(sheet: Sheet, placing: Placing, spot: _Spot) -> dict[str, pl.Series]:
    """Place rows in what was seen or heard along a bearing; a bearing that cannot be read refuses the row."""
    given = {name: sheet.value(value) for name, value in placing.values.items()}
    kind = spot.placed(PlaceKind.SECTOR, spot.point["lon"].is_not_null() & given["bearing"].is_not_null())
    asked = spot.point.with_columns(
        *(
            sheet.number(given.get(name, sheet.repeat(None)), name, least, most).alias(name)
            for name, least, most in _ANGLES
        ),
        *(given.get(name, sheet.repeat(None)).alias(name) for name in ("unit", "reference")),
    )
    asked = asked.select(pl.when(pl.lit(kind).is_not_null()).then(pl.all()))
    geometry = sheet.read_rows(asked, "bad-bearing", {"geometry": pl.Binary()}, lambda row: (_draw_sector(*row),))
    return {"place_kind": kind, "geometry": geometry["geometry"]}


def _draw_sector(
    lon: float, lat: float, off_m: float, bearing: float | None, error_deg: float | None, declination_deg: float | None,
    nearest_m: float | None, furthest_m: float | None, unit: str | None, reference: str | None,
) -> bytes:  # fmt: skip
    if bearing is None:
        raise ValueError("the bearing is no number")
    if furthest_m is None or error_deg is None:
        raise ValueError("a bearing says nothing without a range and its own error", "give both")
    if reference is None:
        raise ValueError("it is not said from which north the bearing was taken", "true, grid or magnetic")
    if reference.casefold() not in tuple(Reference):
        raise ValueError(f"'{reference[:60]}' is no north to take a bearing from", "true, grid or magnetic")
    true = read_bearing(bearing, (unit or "degrees").casefold(), reference.casefold(), declination_deg, lon, lat)
    return bytes(sector_from(lon, lat, off_m, true, error_deg, nearest_m or 0.0, furthest_m).wkb)


def sector_from(
    lon: float, lat: float, off_m: float, bearing_deg: float, error_deg: float, nearest_m: float, furthest_m: float
) -> BaseGeometry:
    """Return the sector (WGS 84) along a true bearing from a position that is known to `off_m` only: it holds those of
    all positions.

    Raises ValueError as `where.sector` does.
    """
    nearest = max(0.0, nearest_m - off_m)
    if not off_m:
        return sector(lon, lat, bearing_deg, error_deg, nearest, furthest_m)
    # Drawn from further back.
    back = off_m / math.sin(math.radians(error_deg)) if error_deg < 90 else off_m
    lon, lat = destination(lon, lat, bearing_deg + 180, back)
    opening = error_deg if error_deg < 90 else 180.0
    return sector(lon, lat, bearing_deg, opening, nearest if error_deg < 90 else 0.0, furthest_m + off_m + back)


def _place_drawn(sheet: Sheet, placing: Placing, spot: _Spot) -> dict[str, pl.Series]:
    """Place rows in an area or along a line that the row itself draws, as GeoJSON or WKT."""
    drawn = sheet.value(placing.values["shape"])
    asked = pl.DataFrame({"shape": drawn.set(~spot.open, None)})
    shape = sheet.read_rows(
        asked, "bad-shape", {"kind": pl.String(), "geometry": pl.Binary()}, lambda row: _read_shape(row[0])
    )
    return {"place_kind": shape["kind"], "geometry": shape["geometry"]}


def _read_shape(text: str) -> tuple[str, bytes]:
    try:
        shape = shapely.from_geojson(text) if text.startswith("{") else shapely.from_wkt(text)
    except shapely.errors.ShapelyError:
        raise ValueError(f"'{text[:60]}' is no shape", "write it as GeoJSON or WKT") from None
    kinds = {"Polygon": PlaceKind.AREA, "MultiPolygon": PlaceKind.AREA}
    kinds |= {"LineString": PlaceKind.LINE, "MultiLineString": PlaceKind.LINE}
    if shape.geom_type not in kinds or shape.is_empty:
        raise ValueError(f"a {shape.geom_type} is neither an area nor a line", "give a point as longitude and latitude")
    if not shape.is_valid:
        raise ValueError(f"the shape crosses itself or is not closed: {shapely.is_valid_reason(shape)}")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError(
            "the shape lies outside longitude -180 to 180 and latitude -90 to 90", "use WGS 84, longitude first"
        )
    return kinds[shape.geom_type].value, bytes(shapely.force_2d(shape).wkb)


_ANGLES = (
    ("bearing", 0.0, 6400.0),
    ("error_deg", 0.0, 180.0),
    ("declination_deg", -180.0, 180.0),
    ("nearest_m", 0.0, _MOST_METRES),
    ("furthest_m", 0.0, _MOST_METRES),
)
_PLACERS: Mapping[str, Callable[[Sheet, Placing, _Spot], dict[str, pl.Series]]] = {
    PlaceKind.DISC: _place_disc,
    PlaceKind.AREA: _place_area,
    PlaceKind.COUNTRY: _place_country,
    PlaceKind.SECTOR: _place_sector,
    "drawn": _place_drawn,
    PlaceKind.UNPLACED: _place_nowhere,
}
