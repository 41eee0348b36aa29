"""A grid of distances, against an exact library, on drawings made to trip it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from trucewatch.kernels.zone_grid import HAIR_M, TOO_CLOSE, contacts, grid_of
from trucewatch.where import Plane

Floats = npt.NDArray[np.float64]
REACH = 9_000.0
CELL = 2_000.0
WORLD = shapely.box(-2.1e7, -2.1e7, 2.1e7, 2.1e7)


def winding(corners: int, seed: int, x: float = 0.0, y: float = 0.0, radius: float = 12_000.0) -> BaseGeometry:
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    away = radius * (1 + 0.3 * np.cos(5 * angle) + 0.02 * draw.normal(size=corners))
    return shapely.Polygon(np.column_stack((x + away * np.cos(angle), y + away * np.sin(angle))))


LINE = shapely.LineString([(-15e3, -9e3), (-2e3, 4e3), (3e3, -1e3), (14e3, 8e3)])
DRAWN: dict[str, list[BaseGeometry]] = {
    "two that touch": [shapely.box(-10e3, -5e3, 0, 5e3), shapely.box(0, -5e3, 8e3, 5e3)],
    "one with a hole": [shapely.box(-9e3, -9e3, 9e3, 9e3).difference(shapely.box(-3e3, -2e3, 2e3, 4e3))],
    "a sliver": [shapely.Polygon([(-12e3, 0), (12e3, 0.3), (12e3, 0.6)]), shapely.box(-8e3, 0, 8e3, 1)],
    "parts apart": [shapely.MultiPolygon([shapely.box(-9e3, -9e3, -4e3, -4e3), shapely.box(3e3, 2e3, 9e3, 9e3)])],
    "a strip along a line": [LINE.buffer(3_000.0), WORLD.difference(LINE.buffer(3_000.0))],
    "the world without a zone": [WORLD.difference(winding(60, 1)), winding(60, 1)],
    "5,000 corners": [winding(5_000, 2)],
    "nothing drawn": [shapely.Polygon(), shapely.box(-5e3, -5e3, 5e3, 5e3)],
    "near a corner of its grid": [winding(40, 3, 700_000.0, -400_000.0, 800.0)],
}


def discs(shapes: Sequence[BaseGeometry], seed: int, number: int = 150) -> tuple[Floats, Floats, Floats]:
    """Discs of any size, on corners, and so wide that they just touch an edge or a corner."""
    draw = np.random.default_rng(seed)
    near = [shape.intersection(shapely.box(-1e6, -1e6, 1e6, 1e6)) for shape in shapes if not shape.is_empty]
    corners = shapely.get_coordinates(near)
    x, y = draw.uniform(-32e3, 32e3, (2, number)) + corners[draw.integers(len(corners), size=number)].T
    third = number // 3
    x[:third], y[:third] = corners[draw.integers(len(corners), size=third)].T
    radius = draw.choice([1.0, 30.0, 500.0, 3_000.0, 8_999.0, 20_000.0, 2e5], number)
    tangent = np.arange(third, 2 * third)
    edges = shapely.boundary(np.array(near, dtype=object))[draw.integers(len(near), size=third)]
    radius[tangent] = np.maximum(1.0, shapely.distance(edges, shapely.points(x[tangent], y[tangent])))
    return x, y, radius


def asked(shapes: Sequence[BaseGeometry], x: Floats, y: Floats, radius: Floats, fast: bool) -> npt.NDArray[np.uint8]:
    found = np.zeros((len(x), len(shapes)), dtype=np.uint8)
    grid = grid_of(shapes, REACH, CELL, fast=fast)
    (contacts.fast() if fast else contacts.plain)(grid, x, y, radius, found)
    return found


@pytest.mark.parametrize("drawing", DRAWN)
@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_a_disc_touches_what_the_exact_library_says_unless_a_hair_decides(drawing: str, seed: int) -> None:
    shapes = DRAWN[drawing]
    x, y, radius = discs(shapes, seed)
    found = asked(shapes, x, y, radius, fast=True)
    points = shapely.points(x, y)
    for number, shape in enumerate(shapes):
        away = shapely.distance(shape, points)
        close = found[:, number] == TOO_CLOSE
        edge = np.asarray(shapely.distance(shapely.boundary(shape), points))
        assert np.all(np.abs(edge[close] - radius[close]) <= 2 * (HAIR_M + 1e-12 * radius[close]))
        touching = np.zeros(len(x), dtype=bool) if shape.is_empty else away <= radius
        assert np.array_equal(found[~close, number] == 1, touching[~close])


@pytest.mark.parametrize("drawing", DRAWN)
def test_plain_and_compiled_say_the_same(drawing: str) -> None:
    shapes = DRAWN[drawing]
    x, y, radius = discs(shapes, 5, 40)
    assert np.array_equal(asked(shapes, x, y, radius, fast=True), asked(shapes, x, y, radius, fast=False))


@settings(max_examples=25)
@given(
    lon=st.sampled_from([-179.9, -120.0, 0.0, 36.1, 179.95]),
    lat=st.sampled_from([-88.5, -33.0, 0.0, 32.6, 88.5]),
    seed=st.integers(0, 10**6),
)
def test_zones_at_the_antimeridian_and_the_poles_are_measured_as_in_the_plane(
    lon: float, lat: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    ring = np.column_stack((lon + 0.3 * np.cos(angle), lat + 0.2 * np.sin(angle) * (1 + 0.3 * draw.random(30))))
    zone = shapely.Polygon(np.clip(ring, [-180, -90], [180, 90])).buffer(0)
    plane = Plane.over([zone])
    drawn = plane.shape(zone)
    lons, lats = lon + draw.uniform(-1, 1, 60), np.clip(lat + draw.uniform(-1, 1, 60), -90, 90)
    radius = draw.choice([0.0, 200.0, 5_000.0, 50_000.0, 3e5], 60)
    x, y = plane.project(lons, lats)
    found = asked([drawn], x, y, plane.allowed_m(x, y, radius), fast=True)[:, 0]
    touching = plane.discs_touch(lons, lats, radius, drawn)
    assert np.array_equal(found[found != TOO_CLOSE] == 1, touching[found != TOO_CLOSE])


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_held_distances_are_those_of_the_cells_centres_as_far_as_any_disc_reaches(seed: int) -> None:
    shape = winding(int(np.random.default_rng(seed).integers(4, 400)), seed)
    grid = grid_of([shape], REACH, CELL)
    left, low, right, high = grid.boxes[0]
    column, row = np.meshgrid(np.arange(left, right), np.arange(low, high))
    x, y = grid.west + (column.ravel() + 0.5) * grid.cell, grid.south + (row.ravel() + 0.5) * grid.cell
    away = shapely.distance(shape.boundary, shapely.points(x, y))
    sign = np.where(shapely.contains_xy(shape, x, y), -1.0, 1.0)
    furthest = REACH + grid.cell
    assert np.allclose(grid.signed, sign * np.minimum(away, furthest), rtol=0, atol=0.004)


def test_a_zone_and_the_world_without_it_are_measured_as_one() -> None:
    zone = winding(300, 4).difference(shapely.box(-2e3, -2e3, 2e3, 2e3))
    grid = grid_of([zone, WORLD.difference(zone), shapely.box(-5e3, -5e3, 5e3, 5e3)], REACH, CELL)
    assert (grid.boundary.tolist(), grid.is_round.tolist(), len(grid.boxes)) == ([0, 0, 1], [0, 1, 0], 2)


def test_an_area_too_wide_for_small_cells_gets_larger_ones() -> None:
    shapes = [shapely.box(-9e5, -9e5, -8.9e5, -8.9e5), shapely.box(9e5, 9e5, 9.1e5, 9.1e5)]
    grid = grid_of(shapes, REACH, 100.0)
    assert grid.columns * grid.rows <= 260_000 and grid.cell > 1_000
    found = np.zeros((2, 2), dtype=np.uint8)
    contacts.fast()(grid, np.array([9.05e5, 0.0]), np.array([9.05e5, 0.0]), np.array([5.0, 5.0]), found)
    assert found.tolist() == [[0, 1], [0, 0]]


def test_no_index_is_out_of_bounds(tmp_path: Path) -> None:
    here = Path(__file__)
    checked = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(here), "-k", "plain_and_compiled"]
    done = subprocess.run(command, env=checked, capture_output=True, text=True, cwd=here.parents[2])
    assert done.returncode == 0, done.stdout
