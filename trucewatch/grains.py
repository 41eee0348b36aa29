"""Grains: how finely an audience is told of place and time. What is told more coarsely is widened, never moved.

A place becomes the union of the fixed regions that it may touch, whatever else was reported: whole first-level areas of
the gazetteer, and a fixed grid beyond them; or the cells of a fixed grid alone. A time becomes the whole days, weeks or
months that hold it. The same place is told the same way each time, so that telling it often gives nothing more away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.evidence import Extent
from trucewatch.levels import Level
from trucewatch.problems import TrucewatchError, did_you_mean
from trucewatch.texts import parse_text
from trucewatch.when import FAR_AHEAD, LONG_AGO, midnight
from trucewatch.where import SLIVER_M2, Gazetteer, PlaceKind, Plane, place_shape

EXACT, ZONES = "exact", "zones"
_TIMES = (EXACT, "hours", "days", "weeks", "months")
_REST_DEGREES = 1.0  # the grid beyond the areas that a gazetteer holds
_MOST_CELLS = 400  # what touches more is anywhere
_SLIVER_M = 1.0
# As SLIVER_M2, in square degrees.
_SLIVER_DEGREES2 = SLIVER_M2 / 1.1e5**2
_FIRST_LEVEL = "adm1"
_HAIR_M = 50.0
_LEAST_DEGREE_M = 110_500.0  # of latitude
_BEGINS: Mapping[str, Callable[[date], bool]] = {
    "days": lambda _: True, "weeks": lambda day: day.weekday() == 0, "months": lambda day: day.day == 1
}  # fmt: skip
_TOLD: Mapping[str, pl.DataType] = {
    "new_kind": pl.String(), "new_area": pl.String(), "new_geometry": pl.Binary(), "regions": pl.List(pl.String()),
    "is_filled": pl.Boolean(),
}  # fmt: skip
_PLACE = ("place_kind", "lon", "lat", "radius_m", "area", "country", "geometry")

Instants = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Grain:
    """How finely an audience is told; `grains.yml` says what each part means."""

    place: str | float = EXACT  # exact, zones, or the side of a cell in degrees
    time: str = EXACT
    least_tellers: int = 1
    least_count: int = 1
    delay_days: int = 0
    late_days: int = 0


def read_grain(told: Mapping[str, Any], otherwise: Grain | None = None) -> Grain:
    """Read a grain from its parts as `grains.yml` writes them; what is not said is as in `otherwise`.

    Raises TrucewatchError for a part that nobody knows or a value that it cannot have.
    """
    grain = otherwise or Grain()
    names = [part.name for part in fields(Grain)]
    for name, value in told.items():
        if name not in names:
            hint = did_you_mean(name, names) or f"it has {', '.join(names)}"
            raise TrucewatchError(f"a grain has no '{name}'; {hint}")
        if name == "place":
            is_cell = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 10
            if value not in (EXACT, ZONES) and not is_cell:
                raise TrucewatchError(f"place: '{value}' is no grain; exact, zones, or a cell of up to 10 degrees")
        elif name == "time" and value not in _TIMES:
            raise TrucewatchError(f"time: '{value}' is no grain; one of {', '.join(_TIMES)}")
        elif name not in ("place", "time") and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise TrucewatchError(f"{name}: '{value}' is no number; a whole one from 0")
        grain = replace(grain, **{name: value})
    return grain


@cache
def default_grains() -> Mapping[str, Grain]:
    """Return the grain of each audience where no mandate says otherwise, by its word; `party` is for each of them."""
    text, problems = parse_text(files("trucewatch").joinpath("grains.yml").read_text(encoding="utf-8"), "grains.yml")
    if problems:
        raise TrucewatchError(str(problems[0]))
    return {word: read_grain(inner.plain()) for word, inner in text.entries()}


def grain_of(audience: Level, grains: Mapping[str, Grain] | None = None) -> Grain:
    """Return the grain of an audience: of some grains by word, else the default one; a party's own before `party`."""
    held = {**default_grains(), **(grains or {})}
    return held.get(audience.word) or held["party"]


# ---- time ------------------------------------------------------------------------------------------------------------


def widen_times(claims: pl.DataFrame, time: str, zone: str) -> pl.DataFrame:
    """Return claims whose times are whole hours (UTC), or days, weeks (from Monday) or months of a time zone.

    What was so *within* a time was so within the longer one. What was so *throughout*, or observed not to be, is told
    of the whole ones inside that time, and where there is none as within it.
    """
    if time == EXACT or claims.is_empty():
        return claims
    first, last = (claims[name].dt.replace_time_zone(None).to_numpy() for name in ("earliest", "latest"))
    open_first, open_last = (claims["earliest"] <= LONG_AGO).to_numpy(), (claims["latest"] >= FAR_AHEAD).to_numpy()
    bounded = np.concatenate([first[~open_first], last[~open_last]])
    edges = _edges(time, zone, *_years(bounded))
    outer = (_before(first, edges), _after(last, edges))
    inner = (_after(first, edges), _before(last, edges))
    is_once = (claims["time_extent"] == Extent.WITHIN).fill_null(True).to_numpy()
    fits = ~is_once & (np.where(open_first, first, inner[0]) < np.where(open_last, last, inner[1]))
    told = [
        np.where(is_open, plain, np.where(fits, inside, outside))
        for is_open, plain, inside, outside in zip((open_first, open_last), (first, last), inner, outer, strict=True)
    ]
    lost = pl.Series(~is_once & ~fits)
    return claims.with_columns(
        pl.Series("earliest", told[0]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.Series("latest", told[1]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        pl.when(lost).then(pl.lit(str(Extent.WITHIN))).otherwise("time_extent").alias("time_extent"),
    )


def _years(instants: Instants) -> tuple[int, int]:
    if not len(instants):
        return 2000, 2000
    first, last = (int(edge.astype("datetime64[Y]").astype(int)) + 1970 for edge in (instants.min(), instants.max()))
    return max(first - 1, 2), min(last + 1, 9998)


@lru_cache(maxsize=64)
def _edges(time: str, zone: str, first_year: int, last_year: int) -> Instants:
    """Return the instants at which hours, days, weeks or months begin, from the one year to the other, in UTC."""
    start, end = date(first_year, 1, 1), date(last_year + 1, 1, 31)
    if time == "hours":
        return np.arange(np.datetime64(start, "h"), np.datetime64(end, "h")).astype("datetime64[us]")
    days = (start + timedelta(days=after) for after in range((end - start).days))
    begins: Callable[[date], bool] = _BEGINS[time]
    told = [midnight(day, zone).replace(tzinfo=None) for day in days if begins(day)]
    return np.array(told, dtype="datetime64[us]")


def _before(instants: Instants, edges: Instants) -> Instants:
    at = np.searchsorted(edges, instants, side="right") - 1
    return edges[np.clip(at, 0, len(edges) - 1)]


def _after(instants: Instants, edges: Instants) -> Instants:
    return edges[np.clip(np.searchsorted(edges, instants, side="left"), 0, len(edges) - 1)]


# ---- place -----------------------------------------------------------------------------------------------------------


def widen_places(claims: pl.DataFrame, place: str | float, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return claims whose places are fixed regions, with the list of their `regions`: empty for a country or nowhere.

    One area of the gazetteer stays that area; several regions are drawn as one. What touches nothing that is held is
    told by its country, if that is sure to hold it, or has no place. A place that nothing was seen in, or that was
    filled throughout, is told of the regions wholly inside it, and where there are none as somewhere within.
    """
    if place == EXACT:
        return claims.with_columns(pl.lit([], dtype=pl.List(pl.String)).alias("regions"))
    held = sorted(gazetteer.areas.values(), key=lambda area: area.id) if place == ZONES else ()
    ground = _ground(tuple((area.id, area.geometry.wkb) for area in held if area.kind == _FIRST_LEVEL), place)
    fills = (pl.col("place_extent") != Extent.WITHIN).fill_null(False).alias("fills")
    told = claims.with_columns(fills)
    places = told.select(*_PLACE, "fills").unique(maintain_order=True)
    known = places.hstack(pl.DataFrame(ground.tell(places, gazetteer), schema=_TOLD, orient="row"))
    nowhere = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("lon", "lat", "radius_m")]
    return (
        told.join(known, on=[*_PLACE, "fills"], how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            pl.col("new_kind").alias("place_kind"),
            pl.col("new_area").alias("area"),
            pl.col("new_geometry").alias("geometry"),
            pl.when(pl.col("fills") & ~pl.col("is_filled"))
            .then(pl.lit(str(Extent.WITHIN)))
            .otherwise("place_extent")
            .alias("place_extent"),
            area_names(told["adm_1"], gazetteer),
            *nowhere,
        )
        .select(*claims.columns, "regions")
    )


def widen_to_country(claims: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return claims that `widen_places` gave their `regions`, told by the country that is sure to hold those, or
    without a place.
    """
    held = claims["regions"].unique(maintain_order=True).to_list()
    countries = [_country_of(regions, gazetteer) for regions in held]
    known = pl.DataFrame({"regions": held, "within": countries}, {"regions": pl.List(pl.String), "within": pl.String})
    nothing = [pl.lit(None, dtype=kind).alias(name) for name, kind in (("area", pl.String), ("geometry", pl.Binary))]
    kind = pl.when(pl.col("within").is_not_null()).then(pl.lit("country")).otherwise(pl.lit("unplaced"))
    return (
        claims.join(known, on="regions", how="left", maintain_order="left")
        .with_columns(
            kind.alias("place_kind"),
            pl.coalesce("within", "country").alias("country"),
            pl.lit(str(Extent.WITHIN)).alias("place_extent"),
            pl.lit([], dtype=pl.List(pl.String)).alias("regions"),
            *nothing,
        )
        .select(claims.columns)
    )


def _country_of(regions: Sequence[str], gazetteer: Gazetteer) -> str | None:
    areas = [gazetteer.areas.get(region) for region in regions]
    isos = {area.country if area else "" for area in areas}
    iso = isos.pop() if len(isos) == 1 else ""
    return gazetteer.countries[iso][0] if gazetteer.countries.get(iso) else None


def area_names(names: pl.Series, gazetteer: Gazetteer) -> pl.Series:
    """Return the gazetteer's own name of the first-level area that each of a source's names tells of, or null."""
    told = {name: _area(name, gazetteer) for name in names.drop_nulls().unique()}
    return names.replace_strict(list(told), list(told.values()), default=None, return_dtype=pl.String)


def _area(name: str, gazetteer: Gazetteer) -> str | None:
    area = gazetteer.areas.get(gazetteer.find(name) or "")
    return area.names[0] if area and area.kind == _FIRST_LEVEL and area.names else None


@lru_cache(maxsize=8)
def _ground(areas: tuple[tuple[str, bytes], ...], place: str | float) -> _Ground:
    return _Ground(dict(areas), place)


class _Ground:
    """The fixed regions of a grain: areas by their id, cells of the grid by those of their south-west corner."""

    def __init__(self, areas: Mapping[str, bytes], place: str | float) -> None:
        self.areas = {id: shapely.from_wkb(geometry) for id, geometry in areas.items()}
        self.degrees = _REST_DEGREES if isinstance(place, str) else float(place)
        self.has_grid_alone = not isinstance(place, str)
        self.whole = shapely.union_all(list(self.areas.values()))
        self.plane = Plane.over(self.areas.values())
        self.projected = {id: self.plane.shape(shape) for id, shape in self.areas.items()}
        # Areas that share a border may be drawn with a hair between them.
        held = shapely.union_all(list(self.projected.values())).buffer(_HAIR_M).buffer(-_HAIR_M)
        self.beyond = shapely.box(-2.1e7, -2.1e7, 2.1e7, 2.1e7).difference(held)
        self._drawn: dict[tuple[str, ...], bytes] = {}

    def tell(
        self, places: pl.DataFrame, gazetteer: Gazetteer
    ) -> list[tuple[str, str | None, bytes | None, list[str], bool]]:
        """Return the kind, area, geometry and regions of each place, and whether what filled it fills those."""
        touched = self._discs(places)
        return [self._told(row, touched.get(at), gazetteer) for at, row in enumerate(places.iter_rows(named=True))]

    def _discs(self, places: pl.DataFrame) -> dict[int, tuple[str, ...]]:
        """Return, for each disc, the regions it may touch: reckoned together, for there may be very many."""
        discs = places.with_row_index("at").filter(
            (pl.col("place_kind") == str(PlaceKind.DISC)) & pl.all_horizontal(pl.col("lon", "lat").is_not_null())
            & pl.col("geometry").is_null() & ~pl.col("fills")
        )  # fmt: skip
        at = discs["at"].to_list()
        lon, lat, radius = (discs[name].fill_null(0.0).to_numpy() for name in ("lon", "lat", "radius_m"))
        near = [(id, self.plane.discs_touch(lon, lat, radius, shape)) for id, shape in self.projected.items()]
        areas = [tuple(id for (id, _), touches in zip(near, flags, strict=True) if touches) for flags in zip(
            *(touches.tolist() for _, touches in near), strict=True
        )] if near else [()] * len(at)  # fmt: skip
        beyond = (
            self.plane.discs_touch(lon, lat, radius, self.beyond) if near else np.full(len(at), self.has_grid_alone)
        )
        found = dict(zip(at, areas, strict=True))
        for n in np.flatnonzero(beyond).tolist():
            if areas[n] or self.has_grid_alone:
                cells = self._cells(_around(lon[n], lat[n], radius[n]))
                found[at[n]] = (*areas[n], *cells) if cells else ()
        return found

    def _told(
        self, row: Mapping[str, Any], disc: tuple[str, ...] | None, gazetteer: Gazetteer
    ) -> tuple[str, str | None, bytes | None, list[str], bool]:
        kind, area = row["place_kind"], row["area"]
        if kind in (None, PlaceKind.COUNTRY, PlaceKind.UNPLACED):
            return kind or str(PlaceKind.UNPLACED), None, None, [], kind == PlaceKind.COUNTRY
        if kind == PlaceKind.AREA and row["geometry"] is None and area in self.areas:
            return kind, area, None, [area], True
        shape = place_shape(row, gazetteer) if disc is None else None
        inside = self._inside(shape) if row["fills"] and shape is not None else ()
        regions = inside or (self._touched(shape) if disc is None else disc)
        if not regions:
            return _undrawn(row["country"], gazetteer), None, None, [], False
        if len(regions) == 1 and regions[0] in self.areas:
            return str(PlaceKind.AREA), regions[0], None, list(regions), bool(inside)
        return str(PlaceKind.AREA), None, self._union(regions), list(regions), bool(inside)

    def _touched(self, shape: BaseGeometry | None) -> tuple[str, ...]:
        if shape is None:
            return ()
        if self.has_grid_alone:
            return self._cells(shape)
        if not self.areas:
            return ()
        laid = self.plane.shape(shape)
        areas = tuple(id for id, area in self.projected.items() if _overlap(laid, area))
        left = laid.difference(shapely.union_all([self.projected[id] for id in areas])) if areas else laid
        is_beyond = left.area > SLIVER_M2 if laid.area else left.length > _SLIVER_M
        return self._with_cells(areas, shape) if is_beyond else areas

    def _with_cells(self, areas: tuple[str, ...], shape: BaseGeometry | None) -> tuple[str, ...]:
        """Return areas with the cells of the grid round them; nothing where the place touches no area at all."""
        if not areas or shape is None:
            return ()
        left = shape.difference(self.whole)
        if shape.area and left.area <= _SLIVER_DEGREES2:
            return areas
        cells = self._cells(left)
        return (*areas, *cells) if cells else ()

    def _cells(self, shape: BaseGeometry) -> tuple[str, ...]:
        """Return the cells of the grid that a shape touches; nothing where they are too many to tell anything."""
        if shape.is_empty:
            return ()
        west, south, east, north = (math.floor(edge / self.degrees) for edge in shape.bounds)
        if (east - west + 1) * (north - south + 1) > _MOST_CELLS:
            return ()
        every = [(x, y) for x in range(west, east + 1) for y in range(south, north + 1)]
        return tuple(f"{x}:{y}" for x, y in every if shape.intersects(self._box(x, y)))

    def _box(self, x: int, y: int) -> BaseGeometry:
        at = self.degrees
        return shapely.box(x * at, y * at, (x + 1) * at, (y + 1) * at)

    def _inside(self, shape: BaseGeometry) -> tuple[str, ...]:
        """Return the regions that lie wholly in a shape."""
        laid = self.plane.shape(shape)
        return tuple(id for id, area in self.projected.items() if area.difference(laid).area <= SLIVER_M2)

    def _union(self, regions: tuple[str, ...]) -> bytes:
        if regions not in self._drawn:
            cells = [self._box(*map(int, region.split(":"))) for region in regions if ":" in region]
            union = shapely.union_all([*cells, *(self.areas[region] for region in regions if ":" not in region)])
            self._drawn[regions] = union.normalize().wkb
        return self._drawn[regions]


def _around(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return a box in degrees that holds a disc; all the world where it comes near a pole."""
    high = 1.01 * radius_m / _LEAST_DEGREE_M + 1e-9
    if abs(lat) + high > 85:
        return shapely.box(-180, -90, 180, 90)
    wide = high / math.cos(math.radians(abs(lat) + high))
    return shapely.box(lon - wide, lat - high, lon + wide, lat + high)


def _undrawn(country: str | None, gazetteer: Gazetteer) -> str:
    """Return whether a place that touches no area held is told by its country: not by one that is made of some."""
    drawn = {area.country for area in gazetteer.areas.values() if area.kind == _FIRST_LEVEL}
    return str(PlaceKind.COUNTRY if country and gazetteer.country(country) not in drawn else PlaceKind.UNPLACED)


def _overlap(place: BaseGeometry, area: BaseGeometry) -> bool:
    # Areas that share a border only touch; a line has no area, wherever it runs.
    both = place.intersection(area)
    return bool(both.area > min(SLIVER_M2, place.area / 2) if place.area else both.length > _SLIVER_M)
