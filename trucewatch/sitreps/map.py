"""Map: where the incidents of a sitrep lie as far as it is known, drawn to scale on the agreement's own zones.

A place is drawn as wide as it is uncertain and never as a point. The frame is that of the zones, whatever was reported;
nothing but their outlines lies beneath, for no base map decides a line.
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
from trucewatch.assessment.judgements import Outcome
from trucewatch.sitreps.languages import Language, joined, phrase
from trucewatch.sitreps.material import Figures
from trucewatch.where import PlaceKind, Plane

_NOT_AUTHORITATIVE = phrase("not authoritative: no base map decides a line")

_WIDTH = 720.0
_LEAST_HEIGHT, _MOST_HEIGHT = 300.0, 900.0
_MARGIN = 0.07
_WIDE_M = 10_000.0  # from here on a disc lies under the outlines of the zones, and stays pale
_LETTER = 8.0  # about the width of a letter of a zone's name
_GRAVEST = tuple(str(outcome) for outcome in (Outcome.VIOLATION, Outcome.UNDETERMINED, Outcome.OUTSIDE_SCOPE))


@dataclass(frozen=True, slots=True)
class Caption:
    """What the map shows and leaves out, in incidents; `numbered` are the zones too small to carry their names."""

    drawn: int
    places: int
    area_only: int
    country_only: int
    unplaced: int
    beyond: int
    numbered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map as SVG: what it shows and leaves out, in sentences, and the names of the zones that it only numbers."""

    svg: str
    alt: str
    caption: tuple[str, ...]
    width: int
    height: int
    numbered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Zone:
    """A zone in metres of the plane, where its name goes, and how wide a name has room there."""

    label: str
    shape: BaseGeometry
    is_part: bool
    middle: tuple[float, float]
    room_m: float


@dataclass(frozen=True, slots=True)
class _Place:
    """A place as it was told, in metres of the plane, with the number of incidents told of it."""

    shape: BaseGeometry  # a point for a disc
    radius_m: float  # 0 for what the source drew itself
    name: str
    outcome: str
    incidents: int

    @property
    def is_wide(self) -> bool:
        return self.radius_m >= _WIDE_M


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


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Everything that is drawn, laid out."""

    frame: _Frame
    zones: tuple[_Zone, ...]
    places: tuple[_Place, ...]  # widest first
    caption: Caption


def draw_map(figures: Figures, agreement: Agreement, language: Language, is_small: bool = False) -> Drawing | None:
    """Draw the places of a sitrep's incidents on the zones of the agreement; None where no zone is drawn.

    The small map carries no graticule, no numbers and no names of places. Names are as the figures have them; the words
    of the drawing are in the language given.
    """
    sheet = _lay_out(figures, agreement)
    if sheet is None:
        return None
    frame, name = sheet.frame, "map-small" if is_small else "map-large"
    size = f'width="{_WIDTH:g}" height="{frame.height:g}"'
    disclaimer = language.tell(_NOT_AUTHORITATIVE)
    told = tuple(language.tell(sentence) for sentence in tell_caption(sheet.caption))
    alt = language.tell(phrase("{caption} Backdrop {status}.", caption=" ".join(told), status=disclaimer))
    title = language.tell(phrase("Map of the incidents, each as wide as its place is uncertain"))
    svg = "\n".join(
        [
            f'<svg class="map{" small" if is_small else ""}" viewBox="0 0 {_WIDTH:g} {frame.height:g}" role="img" '
            f'aria-labelledby="{name}-title {name}-desc" fill="none" stroke="currentColor">',
            f'<title id="{name}-title">{escape(title)}</title>',
            f'<desc id="{name}-desc">{escape(alt)}</desc>',
            f'<clipPath id="{name}-frame"><rect {size}/></clipPath>',
            f'<g clip-path="url(#{name}-frame)">',
            f'<rect class="around" {size}/>',
            *_draw_zones(sheet, "ground"),
            *([] if is_small else _draw_graticule(frame, language)),
            *_draw_places((place for place in sheet.places if place.is_wide), frame, not is_small, language),
            *_draw_zones(sheet, "outline"),
            *_draw_places((place for place in sheet.places if not place.is_wide), frame, not is_small, language),
            *_draw_names(sheet, not is_small, language),
            "</g>",
            *_draw_scale(frame, language),
            *_draw_north(language),
            write_text("disclaimer", _WIDTH - 10, frame.height - 10, disclaimer, language, "end"),
            "</svg>",
        ]
    )
    return Drawing(svg, alt, told, int(_WIDTH), int(frame.height), sheet.caption.numbered)


def write_text(kind: str, x: float, y: float, text: str, language: Language, anchor: str = "start") -> str:
    """Write a text into a drawing, anchored at its left (`start`), `middle` or right (`end`), whatever its script."""
    if language.direction == "rtl":
        anchor = {"start": "end", "end": "start"}.get(anchor, anchor)
        anchored = f' direction="rtl" text-anchor="{anchor}"'
    else:
        anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    look = f' class="{kind}"' if kind else ""
    return f'<text{look} x="{_at(x)}" y="{_at(y)}"{anchored}>{escape(text)}</text>'


def _at(place: float) -> str:
    return f"{round(place, 1):g}"


def caption_of(figures: Figures, agreement: Agreement) -> Caption | None:
    """Count what the map shows and what it leaves out; None where no zone is drawn."""
    sheet = _lay_out(figures, agreement)
    return sheet.caption if sheet else None


def tell_caption(caption: Caption) -> tuple[str, str]:
    """Say what the map shows and what it leaves out."""
    missing = [
        phrase("{number} placed in a whole area only", number=caption.area_only) if caption.area_only else "",
        phrase("{number} placed in a country only", number=caption.country_only) if caption.country_only else "",
        phrase("{number} without a place", number=caption.unplaced) if caption.unplaced else "",
        phrase("{number} beyond the frame", number=caption.beyond) if caption.beyond else "",
    ]
    drawn = phrase(
        "{incidents} drawn, at {places}.",
        incidents=_incidents(caption.drawn),
        places=phrase("{count} place", "{count} places", count=caption.places),
    )
    if not any(missing):
        return drawn, phrase("None is left out.")
    return drawn, phrase("Not drawn: {incidents}.", incidents=joined(filter(None, missing), "; "))


def _incidents(number: int) -> str:
    return phrase("{count} incident", "{count} incidents", count=number)


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def _lay_out(figures: Figures, agreement: Agreement) -> _Sheet | None:
    shapes = {zone: agreement.zones[zone].shape for zone, _ in figures.zones if zone in agreement.zones}
    held = {zone: shape for zone, shape in shapes.items() if shape is not None and not shape.is_empty}
    if not held:
        return None
    plane = Plane.over(held.values())
    drawn = {zone: plane.shape(shape) for zone, shape in held.items()}
    frame = _frame(plane, drawn.values())
    zones = tuple(_zone(zone, label, drawn, agreement) for zone, label in figures.zones if zone in drawn)
    numbered = tuple(zone.label for zone in zones if len(zone.label) * _LETTER > zone.room_m * frame.scale)
    places, caption = _places(figures, frame, numbered)
    return _Sheet(frame, zones, places, caption)


def _frame(plane: Plane, shapes: Iterable[BaseGeometry]) -> _Frame:
    """Return the frame of the zones, with a margin."""
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(np.array([*shapes], dtype=object)))
    wide, high = max(east - west, 1000.0) * (1 + 2 * _MARGIN), max(north - south, 1000.0) * (1 + 2 * _MARGIN)
    height = float(round(min(max(_WIDTH * high / wide, _LEAST_HEIGHT), _MOST_HEIGHT)))
    scale = min(_WIDTH / wide, height / high)
    return _Frame(plane, (west + east - _WIDTH / scale) / 2, (south + north + height / scale) / 2, scale, height)


def _zone(zone: str, label: str, drawn: Mapping[str, BaseGeometry], agreement: Agreement) -> _Zone:
    """Return a zone with the widest circle in it, its named parts left out."""
    shape = drawn[zone]
    parts = [inner for name, inner in drawn.items() if agreement.zones[name].part_of == zone]
    free = shape.difference(shapely.union_all(parts)) if parts else shape
    widest = shapely.maximum_inscribed_circle(_areal(free) or _areal(shape) or shape.convex_hull.buffer(1.0), 200.0)
    x, y = shapely.get_coordinates(widest)[0]
    is_part = agreement.zones[zone].part_of in drawn
    return _Zone(label, shape, is_part, (float(x), float(y)), 2 * float(shapely.length(widest)))


def _areal(shape: BaseGeometry) -> shapely.MultiPolygon | None:
    pieces = [piece for piece in shapely.get_parts(shape) if isinstance(piece, shapely.Polygon)]
    return shapely.MultiPolygon(pieces) if pieces else None


def _places(figures: Figures, frame: _Frame, numbered: tuple[str, ...]) -> tuple[tuple[_Place, ...], Caption]:
    told: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    vague = {PlaceKind.AREA: 0, PlaceKind.COUNTRY: 0, PlaceKind.UNPLACED: 0}
    for account in _accounts(figures):
        # Below mission level an area is one that a place was widened to: drawn, it would show where that lies.
        if _is_drawn(account) and (figures.shows_leads or account["place_kind"] != PlaceKind.AREA):
            told.setdefault(tuple(account[name] for name in ("lon", "lat", "radius_m", "geometry")), []).append(account)
        else:
            kind = PlaceKind(account["place_kind"])
            vague[kind if kind in vague else PlaceKind.UNPLACED] += 1
    window = frame.box()
    found = [_place(accounts, frame.plane) for accounts in told.values()]
    inside = [place for place in found if shapely.dwithin(place.shape, window, place.radius_m)]
    inside.sort(key=lambda place: (-place.radius_m, -place.shape.area, place.shape.wkb, place.name))
    drawn, areas = sum(place.incidents for place in inside), vague[PlaceKind.AREA]
    beyond = sum(place.incidents for place in found) - drawn
    countries, nowhere = vague[PlaceKind.COUNTRY], vague[PlaceKind.UNPLACED]
    return tuple(inside), Caption(drawn, len(inside), areas, countries, nowhere, beyond, numbered)


def _accounts(figures: Figures) -> list[Mapping[str, Any]]:
    """Return one account of each incident that some finding is about, with the gravest of its outcomes."""
    gravest: dict[str, Mapping[str, Any]] = {}
    for told in figures.told:
        incident = told.account["incident"]
        # A duty that fell due happened nowhere; what a clause does not reach is on no map of it.
        if incident is None or told.outcome == Outcome.UNTOUCHED:
            continue
        held = gravest.get(incident)
        if held is None or _rank(told.outcome) < _rank(held["outcome"]):
            gravest[incident] = {**told.account, "outcome": told.outcome}
    return list(gravest.values())


def _rank(outcome: str) -> int:
    return _GRAVEST.index(outcome) if outcome in _GRAVEST else len(_GRAVEST)


def _is_drawn(account: Mapping[str, Any]) -> bool:
    is_disc = account["place_kind"] == PlaceKind.DISC and account["lon"] is not None and account["lat"] is not None
    return is_disc or isinstance(account["geometry"], bytes)


def _place(accounts: Sequence[Mapping[str, Any]], plane: Plane) -> _Place:
    first = min(accounts, key=lambda account: (_rank(account["outcome"]), account["incident"]))
    if isinstance(first["geometry"], bytes):
        shape, radius = plane.shape(shapely.from_wkb(first["geometry"])), 0.0
    else:
        x, y = plane.project(first["lon"], first["lat"])
        shape, radius = shapely.Point(float(x), float(y)), max(float(first["radius_m"] or 0.0), 1.0)
    return _Place(shape, radius, first["place_name"] or "", first["outcome"], len(accounts))


# ---- drawing ---------------------------------------------------------------------------------------------------------


def _draw_zones(sheet: _Sheet, layer: str) -> list[str]:
    """Draw the zones, as the ground under wide places or as the outlines over them."""
    kinds = ("part" if zone.is_part else "zone" for zone in sheet.zones)
    paths = (_path(zone.shape, sheet.frame) for zone in sheet.zones)
    return [f'<path class="{kind} {layer}" d="{path}"/>' for kind, path in zip(kinds, paths, strict=True)]


def _path(shape: BaseGeometry, frame: _Frame) -> str:
    """Write a projected shape as the path of an SVG, no finer than it can be seen."""
    pieces = []
    for part in shapely.get_parts(shapely.simplify(shape, 0.35 / frame.scale)):
        is_closed = isinstance(part, shapely.Polygon)
        for ring in [part.exterior, *part.interiors] if is_closed else [part]:
            points = [frame.at(float(x), float(y)) for x, y in shapely.get_coordinates(ring)]
            pieces.append(_along(points) + ("Z" if is_closed else ""))
    return "".join(pieces)


def _along(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _draw_places(places: Iterable[_Place], frame: _Frame, is_named: bool, language: Language) -> list[str]:
    drawn = []
    for place in places:
        # Each further incident at a place darkens it, ever less; where many wide places overlap they stay pale.
        number = place.incidents
        depth = min(0.06, 0.02 * math.sqrt(number)) if place.is_wide else min(0.85, 1 - 0.8**number)
        kind = f"{place.outcome.replace('_', '-')}{' wide' if place.is_wide else ''}"
        look = f'class="{escape(kind)}" fill-opacity="{depth:.3f}"'
        if isinstance(place.shape, shapely.Point):
            x, y = frame.at(place.shape.x, place.shape.y)
            shape = f'circle cx="{x:.1f}" cy="{y:.1f}" r="{max(place.radius_m * frame.scale, 1.5):.1f}"'
        else:
            shape = f'path d="{_path(place.shape, frame)}"'
        tag = shape.partition(" ")[0]
        title = f"><title>{escape(language.tell(_tell_place(place)))}</title></{tag}>" if is_named else "/>"
        drawn.append(f"<{shape} {look}{title}")
    return drawn


def _tell_place(place: _Place) -> str:
    name, number = place.name or phrase("A place without a name"), _incidents(place.incidents)
    if not place.radius_m:
        return phrase("{place}: {incidents}", place=name, incidents=number)
    wide = f"{place.radius_m / 1000:g}"
    return phrase("{place}, within {number} km: {incidents}", place=name, number=wide, incidents=number)


def _draw_names(sheet: _Sheet, is_numbered: bool, language: Language) -> list[str]:
    """Write each zone's name where there is room for it, else its number, which the caption explains."""
    numbered, drawn = sheet.caption.numbered, []
    for zone in sheet.zones:
        text = str(numbered.index(zone.label) + 1) if zone.label in numbered else zone.label
        if is_numbered or zone.label not in numbered:
            x, y = sheet.frame.at(*zone.middle)
            drawn.append(write_text("name", x, y, text, language, "middle"))
    return drawn


def _draw_graticule(frame: _Frame, language: Language) -> list[str]:
    west, south, east, north = frame.plane.unproject(shapely.segmentize(frame.box(), 10_000.0)).bounds
    steps = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
    wished = max(east - west, north - south) / 5
    step = next((step for step in steps if step >= wished), steps[-1])
    along = np.linspace(0, 1, 9)
    drawn = []
    for lon in _multiples(west, east, step):
        x, y = frame.plane.project(np.full(9, lon), south + along * (north - south))
        drawn.append(f'<path d="{_along(frame.at(float(a), float(b)) for a, b in zip(x, y, strict=True))}"/>')
        upper = frame.at(float(np.interp(frame.north, y, x)), 0)[0]
        degrees = (
            phrase("{degrees}° E", degrees=f"{lon:g}") if lon >= 0 else phrase("{degrees}° W", degrees=f"{-lon:g}")
        )
        drawn += _degree(frame, upper + 4, 14, degrees, language)
    for lat in _multiples(south, north, step):
        x, y = frame.plane.project(west + along * (east - west), np.full(9, lat))
        drawn.append(f'<path d="{_along(frame.at(float(a), float(b)) for a, b in zip(x, y, strict=True))}"/>')
        left = frame.at(0, float(np.interp(frame.west, x, y)))[1]
        degrees = (
            phrase("{degrees}° N", degrees=f"{lat:g}") if lat >= 0 else phrase("{degrees}° S", degrees=f"{-lat:g}")
        )
        drawn += _degree(frame, 4, left - 4, degrees, language)
    return ['<g class="graticule">', *drawn, "</g>"]


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _degree(frame: _Frame, x: float, y: float, text: str, language: Language) -> list[str]:
    # The upper right corner is the north arrow's, the lower edge the scale's.
    if not (0 <= x <= _WIDTH - 90 and 12 <= y <= frame.height - 40):
        return []
    return [write_text("", x, y, language.tell(text), language)]


def _draw_scale(frame: _Frame, language: Language) -> list[str]:
    steps = (1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6)
    length = max((step for step in steps if step * frame.scale <= _WIDTH / 4), default=steps[0])
    x, y, width = 12.0, frame.height - 12, length * frame.scale
    return [
        f'<path class="scale" d="M{x:g} {y - 5:g}v5h{width:.1f}v-5M{x + width / 2:.1f} {y:g}v-4"/>',
        write_text(
            "scale", x + width + 6, y, language.tell(phrase("{number} km", number=f"{length / 1000:g}")), language
        ),
    ]


def _draw_north(language: Language) -> list[str]:
    x = _WIDTH - 24
    return [
        f'<path class="north" d="M{x:g} 40v-24m-5 8 5-9 5 9"/>',
        write_text("north", x, 54, language.tell(phrase("N")), language, "middle"),
    ]
