"""Map: where the incidents of a sitrep lie as far as it is known, drawn to scale on the agreement's own zones.

A place is drawn as wide as it is uncertain and never as a point. The frame is that of the zones, whatever was reported; nothing
but their outlines lies beneath, for no base map decides a line.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from markupsafe import escape
from shapely.geometry.base import BaseGeometry

from trucewatch.agreement.terms import Agreement
from trucewatch.findings import Outcome
from trucewatch.sitreps.material import Figures
from trucewatch.where import PlaceKind, Plane

NOT_AUTHORITATIVE = "not authoritative: no base map decides a line"
NO_ZONE = "None of the agreement's zones was ever drawn, so there is no map."

_WIDTH = 720.0
_LEAST_HEIGHT, _MOST_HEIGHT = 300.0, 900.0
_MARGIN = 0.07
_WIDE_M = 10_000.0  # a disc from here on is drawn as an outline rather than as a spot
_LETTER = 8.0  # about the width of a letter of a zone's name
_GRAVEST = (Outcome.VIOLATION, Outcome.UNDETERMINED, Outcome.OUTSIDE_SCOPE)


@dataclass(frozen=True, slots=True)
class Caption:
    """What the map shows and what it leaves out, in incidents, and the zones that are too small to carry their names."""

    drawn: int
    places: int
    area_only: int
    country_only: int
    unplaced: int
    beyond: int
    numbered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A place as it was told, in metres of the plane, with the incidents that were told of it."""

    shape: BaseGeometry  # a point for a disc
    radius_m: float  # 0 for what was drawn by the source
    name: str
    outcome: str
    incidents: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """The plane, and the piece of it that is drawn."""

    plane: Plane
    west: float
    north: float
    scale: float  # units of the drawing for a metre
    height: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.west) * self.scale, (self.north - y) * self.scale

    def box(self) -> BaseGeometry:
        south, east = self.north - self.height / self.scale, self.west + _WIDTH / self.scale
        return shapely.box(self.west, south, east, self.north)


def draw_map(figures: Figures, agreement: Agreement, is_small: bool = False) -> str:
    """Draw the places of a sitrep's incidents on the zones of the agreement, as SVG; empty where no zone is drawn.

    The small map carries no graticule and no names of places.
    """
    zones = _zones(figures, agreement)
    if not zones:
        return ""
    frame = _frame(zones.values())
    places, caption = _places(figures, frame)
    name = "map-small" if is_small else "map-large"
    parts = [
        f'<svg class="map{" small" if is_small else ""}" viewBox="0 0 {_WIDTH:g} {frame.height:g}" role="img" aria-labelledby="{name}-title {name}-desc" '
        'fill="none" stroke="currentColor">',
        f'<title id="{name}-title">Map of the incidents, each as wide as its place is uncertain</title>',
        f'<desc id="{name}-desc">{escape(" ".join(tell_caption(caption)))} Backdrop {NOT_AUTHORITATIVE}.</desc>',
        f'<clipPath id="{name}-frame"><rect width="{_WIDTH:g}" height="{frame.height:g}"/></clipPath>',
        f'<g clip-path="url(#{name}-frame)">',
        f'<rect class="around" width="{_WIDTH:g}" height="{frame.height:g}"/>',
        *_draw_zones(zones, agreement, frame, "ground"),
        *([] if is_small else _draw_graticule(zones.values(), frame)),
        *_draw_places((place for place in places if place.radius_m >= _WIDE_M), frame, not is_small),
        *_draw_zones(zones, agreement, frame, "outline"),
        *_draw_places((place for place in places if place.radius_m < _WIDE_M), frame, not is_small),
        *_draw_names(figures, zones, agreement, frame, not is_small),
        "</g>",
        *_draw_scale(frame),
        f'<path class="north" d="M{_WIDTH - 24:g} 40v-24m-5 8 5-9 5 9"/>',
        f'<text class="north" x="{_WIDTH - 24:g}" y="54" text-anchor="middle">N</text>',
        f'<text class="disclaimer" x="{_WIDTH - 10:g}" y="{frame.height - 10:g}" text-anchor="end">{NOT_AUTHORITATIVE}</text>',
        "</svg>",
    ]
    return "\n".join(parts)


def caption_of(figures: Figures, agreement: Agreement) -> Caption | None:
    """Count what the map shows and what it leaves out; None where no zone is drawn."""
    zones = _zones(figures, agreement)
    return _places(figures, _frame(zones.values()), _numbered(figures, zones, agreement))[1] if zones else None


def tell_caption(caption: Caption) -> tuple[str, ...]:
    """Say what the map shows and what it leaves out."""
    told = [f"{_incidents(caption.drawn)} drawn, at {caption.places:,} place{'' if caption.places == 1 else 's'}."]
    left_out = (
        (caption.area_only, "placed in a whole area only"),
        (caption.country_only, "placed in a country only"),
        (caption.unplaced, "without a place"),
        (caption.beyond, "beyond the frame"),
    )
    missing = [f"{number:,} {why}" for number, why in left_out if number]
    told.append(f"Not drawn: {'; '.join(missing)}." if missing else "None is left out.")
    return tuple(told)


def _incidents(number: int) -> str:
    return f"{number:,} incident{'' if number == 1 else 's'}"


# ---- the frame -------------------------------------------------------------------------------------------------------


def _zones(figures: Figures, agreement: Agreement) -> dict[str, BaseGeometry]:
    shapes = {zone: agreement.zones[zone].shape for zone, _ in figures.zones if zone in agreement.zones}
    return {zone: shape for zone, shape in shapes.items() if shape is not None and not shape.is_empty}


def _frame(shapes: Iterable[BaseGeometry]) -> _Frame:
    held = list(shapes)
    plane = Plane.over(held)
    bounds = shapely.total_bounds(np.array([plane.shape(shape) for shape in held], dtype=object))
    west, south, east, north = (float(edge) for edge in bounds)
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    wide, high = max(east - west, 1000.0) * (1 + 2 * _MARGIN), max(north - south, 1000.0) * (1 + 2 * _MARGIN)
    height = round(min(max(_WIDTH * high / wide, _LEAST_HEIGHT), _MOST_HEIGHT))
    scale = min(_WIDTH / wide, height / high)
    return _Frame(plane, middle_x - _WIDTH / scale / 2, middle_y + height / scale / 2, scale, float(height))


# ---- places ----------------------------------------------------------------------------------------------------------


def _places(figures: Figures, frame: _Frame, numbered: tuple[str, ...] = ()) -> tuple[list[_Place], Caption]:
    """Return the places that lie in the frame, widest first, and what is left out."""
    told: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    vague = {PlaceKind.AREA: 0, PlaceKind.COUNTRY: 0, PlaceKind.UNPLACED: 0}
    for account in _accounts(figures):
        if _is_drawn(account):
            told.setdefault(_place_key(account), []).append(account)
        else:
            kind = PlaceKind(account["place_kind"])
            vague[kind if kind in vague else PlaceKind.UNPLACED] += 1
    window = frame.box()
    found = [_place(accounts, frame.plane) for accounts in told.values()]
    inside = [place for place in found if shapely.dwithin(place.shape, window, place.radius_m)]
    ordered = sorted(inside, key=lambda place: (-place.radius_m, -place.shape.area, place.shape.wkb, place.name))
    drawn = sum(place.incidents for place in inside)
    beyond = sum(place.incidents for place in found) - drawn
    areas, countries, nowhere = vague.values()
    return ordered, Caption(drawn, len(inside), areas, countries, nowhere, beyond, numbered)


def _accounts(figures: Figures) -> list[Mapping[str, Any]]:
    """Return one account of each incident that some finding is about, with the gravest of its outcomes."""
    gravest: dict[str, Mapping[str, Any]] = {}
    for told in figures.told:
        held = gravest.get(told.account["incident"])
        if held is None or _rank(told.outcome) < _rank(held["outcome"]):
            gravest[told.account["incident"]] = {**told.account, "outcome": told.outcome}
    return list(gravest.values())


def _rank(outcome: str) -> int:
    return [str(known) for known in _GRAVEST].index(outcome) if outcome in _GRAVEST else len(_GRAVEST)


def _is_drawn(account: Mapping[str, Any]) -> bool:
    is_disc = account["place_kind"] == PlaceKind.DISC and account["lon"] is not None and account["lat"] is not None
    return is_disc or isinstance(account["geometry"], bytes)


def _place_key(account: Mapping[str, Any]) -> tuple[Any, ...]:
    return account["lon"], account["lat"], account["radius_m"], account["geometry"]


def _place(accounts: Sequence[Mapping[str, Any]], plane: Plane) -> _Place:
    first = min(accounts, key=lambda account: (_rank(account["outcome"]), account["incident"]))
    name = first["place_name"] or ""
    if isinstance(first["geometry"], bytes):
        shape, radius = plane.shape(shapely.from_wkb(first["geometry"])), 0.0
    else:
        x, y = plane.project(first["lon"], first["lat"])
        shape, radius = shapely.Point(float(x), float(y)), float(first["radius_m"] or 0.0)
    return _Place(shape, radius, name, first["outcome"], len(accounts))


# ---- drawing ---------------------------------------------------------------------------------------------------------


def _draw_zones(
    zones: Mapping[str, BaseGeometry], agreement: Agreement, frame: _Frame, layer: str
) -> list[str]:
    """Draw the zones, as the ground under wide places or as the outlines over them."""
    drawn = []
    for zone, shape in zones.items():
        kind = "part" if agreement.zones[zone].part_of in zones else "zone"
        drawn.append(f'<path class="{kind} {layer}" d="{_path(frame.plane.shape(shape), frame)}"/>')
    return drawn


def _path(shape: BaseGeometry, frame: _Frame) -> str:
    """Write a projected shape as the path of an SVG, no finer than it can be seen."""
    pieces = []
    for part in shapely.get_parts(shapely.simplify(shape, 0.35 / frame.scale)):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            at = [frame.at(x, y) for x, y in shapely.get_coordinates(ring)]
            pieces.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in at) + ("Z" if ring is not part else ""))
    return "".join(pieces)


def _draw_places(places: Iterable[_Place], frame: _Frame, is_named: bool) -> list[str]:
    drawn = []
    for place in places:
        # Each further incident at a place darkens it, ever less; where many wide places overlap they stay pale.
        is_wide = place.radius_m >= _WIDE_M
        depth = min(0.06, 0.02 * math.sqrt(place.incidents)) if is_wide else min(0.85, 1 - 0.8**place.incidents)
        kind = f"{place.outcome.replace('_', '-')}{' wide' if is_wide else ''}"
        look = f'class="{escape(kind)}" fill-opacity="{depth:.3f}"'
        title = f"<title>{escape(_tell_place(place))}</title>" if is_named else ""
        if place.radius_m:
            x, y = frame.at(place.shape.x, place.shape.y)  # type: ignore[attr-defined]
            shape, tag = f'cx="{x:.1f}" cy="{y:.1f}" r="{max(place.radius_m * frame.scale, 1.5):.1f}"', "circle"
        else:
            shape, tag = f'd="{_path(place.shape, frame)}"', "path"
        drawn.append(f"<{tag} {look} {shape}>{title}</{tag}>" if title else f"<{tag} {look} {shape}/>")
    return ['<g class="places">', *drawn, "</g>"]


def _tell_place(place: _Place) -> str:
    wide = f", within {place.radius_m / 1000:g} km" if place.radius_m else ""
    return f"{place.name or 'A place without a name'}{wide}: {_incidents(place.incidents)}"


def _draw_names(
    figures: Figures, zones: Mapping[str, BaseGeometry], agreement: Agreement, frame: _Frame, is_numbered: bool
) -> list[str]:
    """Write each zone's name where there is room for it, else its number, which the caption of the large map explains."""
    numbered = _numbered(figures, zones, agreement)
    drawn = []
    for zone, label in figures.zones:
        if zone in zones and (is_numbered or label not in numbered):
            (x, y), _ = _room(zone, zones, agreement, frame)
            text = str(numbered.index(label) + 1) if label in numbered else label
            drawn.append(f'<text class="name" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>')
    return drawn


def _numbered(figures: Figures, zones: Mapping[str, BaseGeometry], agreement: Agreement) -> tuple[str, ...]:
    frame = _frame(zones.values())
    room = {zone: _room(zone, zones, agreement, frame)[1] for zone in zones}
    return tuple(label for zone, label in figures.zones if zone in zones and len(label) * _LETTER > room[zone])


def _room(
    zone: str, zones: Mapping[str, BaseGeometry], agreement: Agreement, frame: _Frame
) -> tuple[tuple[float, float], float]:
    """Return the middle of the widest circle in a zone without its named parts, and that circle's width."""
    parts = [frame.plane.shape(shape) for name, shape in zones.items() if agreement.zones[name].part_of == zone]
    shape = frame.plane.shape(zones[zone])
    free = shape.difference(shapely.union_all(parts)) if parts else shape
    widest = shapely.maximum_inscribed_circle(free if not free.is_empty else shape, 200.0)
    x, y = shapely.get_coordinates(widest)[0]
    return frame.at(float(x), float(y)), 2 * float(widest.length) * frame.scale


def _draw_graticule(shapes: Iterable[BaseGeometry], frame: _Frame) -> list[str]:
    drawn = []
    bounds = frame.plane.unproject(shapely.segmentize(frame.box(), 10_000.0)).bounds
    west, south, east, north = (float(edge) for edge in bounds)
    step = _round_step(max(east - west, north - south) / 5, (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0))
    along = np.linspace(0, 1, 9)
    for lon in _multiples(west, east, step):
        x, y = frame.plane.project(np.full(9, lon), south + along * (north - south))
        drawn.append(_line([frame.at(float(a), float(b)) for a, b in zip(x, y, strict=True)]))
        across = float(np.interp(frame.north, y, x))
        drawn.append(_degree(frame, frame.at(across, 0)[0] + 4, 14, lon, "E", "W"))
    for lat in _multiples(south, north, step):
        x, y = frame.plane.project(west + along * (east - west), np.full(9, lat))
        drawn.append(_line([frame.at(float(a), float(b)) for a, b in zip(x, y, strict=True)]))
        down = float(np.interp(frame.west, x, y))
        drawn.append(_degree(frame, 4, frame.at(0, down)[1] - 4, lat, "N", "S"))
    return ['<g class="graticule">', *(line for line in drawn if line), "</g>"]


def _round_step(wished: float, steps: Sequence[float]) -> float:
    return next((step for step in steps if step >= wished), steps[-1])


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _line(points: Sequence[tuple[float, float]]) -> str:
    return f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'


def _degree(frame: _Frame, x: float, y: float, degrees: float, positive: str, negative: str) -> str:
    # The upper right corner is the north arrow's, the lower edge the scale's.
    if not (0 <= x <= _WIDTH - 90 and 12 <= y <= frame.height - 40):
        return ""
    side = positive if degrees >= 0 else negative
    return f'<text x="{x:.1f}" y="{y:.1f}">{abs(degrees):g}° {side}</text>'


def _draw_scale(frame: _Frame) -> list[str]:
    steps = (1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6)
    length = max((step for step in steps if step * frame.scale <= _WIDTH / 4), default=steps[0])
    x, y, width = 12.0, frame.height - 12, length * frame.scale
    return [
        f'<path class="scale" d="M{x:g} {y - 5:g}v5h{width:.1f}v-5M{x + width / 2:.1f} {y:g}v-4"/>',
        f'<text class="scale" x="{x + width + 6:.1f}" y="{y:g}">{length / 1000:g} km</text>',
    ]
