"""A grid of distances to drawn shapes: which of many discs touch which of them, mostly without any geometry.

Each cell of the grid holds the signed distance of its centre to a shape's boundary, negative inside. A distance to a
boundary changes by no more than one moves, so that most discs are settled by their cell alone. The others are measured
against the edges near them, which lie in chunks and blocks with bounding boxes; inside is told by counting the edges
that a ray crosses, each closed at its lower end and open at its upper one (Shimrat 1962; Haines 1994).

A disc whose edge lies within a hair of a boundary is left to whoever asked: two libraries may round it differently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.kernels.compiled import frozen, kernel

Floats = npt.NDArray[np.float64]
Coarse = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

APART, TOUCHING, TOO_CLOSE = 0, 1, 2
# Discs that come this close to touching, or to not touching, are left undecided.
HAIR_M = 1e-6
_HAIR_SHARE = 1e-12
# Distances are held in 32 bits: of less than 100 km they are off by no more than 4 mm.
_SLACK_M = 0.01
_EDGES, _CHUNKS = 8, 16  # edges to a chunk, chunks to a block
_MOST_CELLS = 250_000
# What lies further from the middle of the plane than this bounds no disc that is measured in it.
_FAR_M = 3_200_000.0


class ZoneGrid(NamedTuple):
    """Shapes, numbered from 0 in the order given, and what is known of them in every cell of a grid; metres.

    Cell (column, row) covers [west + column * cell, +cell) x [south + row * cell, +cell). `boxes` has for each shape
    the cells (first column, first row, column and row after the last) whose points may lie within `reach` of its
    boundary; `signed` holds their distances row by row, from `offsets`, never further from nothing than the reach and
    half a diagonal. Outside its box a shape is all there or not there at all, as `is_round` says.
    """

    west: float
    south: float
    cell: float
    columns: int
    rows: int
    reach: float
    boxes: Numbers  # [shape, 4]
    offsets: Numbers  # [shape + 1]
    signed: Coarse
    is_round: Flags  # [shape]
    edges: Floats  # [edge, 4]: x, y of either end
    chunks: Floats  # [chunk, 4]: least x, y, greatest x, y of `_EDGES` edges each
    blocks: Floats  # [block, 4]: the same of `_CHUNKS` chunks each
    first_block: Numbers  # [shape + 1]


def grid_of(shapes: Sequence[BaseGeometry], reach: float, cell: float = 2000.0, fast: bool = True) -> ZoneGrid:
    """Lay a grid over polygons of a plane, for discs up to `reach` metres wide; wider ones are settled by geometry.

    Cells grow beyond `cell` metres where there would be more than 250,000. `fast` builds it with compiled kernels.
    """
    rings = [_rings(shape) for shape in shapes]
    near = [[ring for ring in of_shape if not _is_far(ring)] for of_shape in rings]
    is_round = [sum(map(_is_far_round, of_shape)) % 2 for of_shape in rings]
    edges, first_block = _edges([[shapely.get_coordinates(ring) for ring in of_shape] for of_shape in near])
    chunks = _boxes(edges.reshape(-1, _EDGES, 4))
    blocks = _boxes(chunks.reshape(-1, _CHUNKS, 4))
    bounds = np.array([_bounds(blocks[first_block[s] : first_block[s + 1]]) for s in range(len(shapes))]).reshape(-1, 4)
    drawn = bounds[np.isfinite(bounds[:, 0])]
    west, south, east, north = (
        (*(drawn[:, :2].min(axis=0) - reach), *(drawn[:, 2:].max(axis=0) + reach)) if len(drawn) else (0.0,) * 4
    )
    cell = max(cell, math.sqrt((east - west) * (north - south) / _MOST_CELLS))
    columns, rows = int((east - west) // cell) + 1, int((north - south) // cell) + 1
    boxes = np.zeros((len(shapes), 4), dtype=np.int64)
    for s, (least_x, least_y, most_x, most_y) in enumerate(bounds):
        if np.isfinite(least_x):
            first = (least_x - reach - west) // cell, (least_y - reach - south) // cell
            after = (most_x + reach - west) // cell + 1, (most_y + reach - south) // cell + 1
            boxes[s] = (max(first[0], 0), max(first[1], 0), min(after[0], columns), min(after[1], rows))
    sizes = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    signed = np.zeros(int(offsets[-1]), dtype=np.float32)
    grid = ZoneGrid(
        float(west),
        float(south),
        float(cell),
        columns,
        rows,
        float(reach),
        frozen(boxes, np.int64),
        frozen(offsets, np.int64),
        frozen(signed, np.float32),
        frozen(is_round, np.uint8),
        frozen(edges, np.float64),
        frozen(chunks, np.float64),
        frozen(blocks, np.float64),
        frozen(first_block, np.int64),
    )
    (measure.fast() if fast else measure.plain)(grid, signed)
    return grid


def _rings(shape: BaseGeometry) -> list[shapely.LinearRing]:
    rings = shapely.get_rings(shapely.get_parts(shape))
    return [ring for ring in rings if isinstance(ring, shapely.LinearRing) and not ring.is_empty]


def _is_far(ring: shapely.LinearRing) -> bool:
    return ring.distance(shapely.Point(0, 0)) > _FAR_M


def _is_far_round(ring: shapely.LinearRing) -> bool:
    return _is_far(ring) and shapely.Polygon(ring).contains(shapely.Point(0, 0))


def _edges(shapes: Sequence[Sequence[Floats]]) -> tuple[Floats, Numbers]:
    """Return the edges of every shape's rings, filled up with their last to whole blocks, and each shape's blocks."""
    per_block = _EDGES * _CHUNKS
    every = [np.zeros((0, 4))]
    first_block = [0]
    for rings in shapes:
        edges = np.concatenate([np.zeros((0, 4)), *(np.column_stack((ring[:-1], ring[1:])) for ring in rings)])
        # A point instead of an edge measures alike and is crossed by nothing.
        filling = np.tile(edges[-1:, [2, 3, 2, 3]], (-len(edges) % per_block, 1))
        every += [edges, filling]
        first_block.append(first_block[-1] + (len(edges) + len(filling)) // per_block)
    return np.concatenate(every), np.array(first_block, dtype=np.int64)


def _boxes(held: Floats) -> Floats:
    least, most = held.reshape(-1, held.shape[1], 2, 2).min(axis=2), held.reshape(-1, held.shape[1], 2, 2).max(axis=2)
    if not len(held):
        return np.zeros((0, 4))
    return np.concatenate([least.min(axis=1), most.max(axis=1)], axis=1)


def _bounds(blocks: Floats) -> Floats:
    if not len(blocks):
        return np.full(4, np.nan)
    return np.concatenate([blocks[:, :2].min(axis=0), blocks[:, 2:].max(axis=0)])


# ---- kernels ---------------------------------------------------------------------------------------------------------


@kernel
def square_to_box(x: float, y: float, box: Floats) -> float:
    """Return the square of a point's distance to a box; nothing inside it."""
    aside = max(box[0] - x, 0.0, x - box[2])
    along = max(box[1] - y, 0.0, y - box[3])
    square: float = aside * aside + along * along
    return square


@kernel
def square_to_edge(x: float, y: float, edge: Floats) -> float:
    """Return the square of a point's distance to a segment."""
    run, rise = edge[2] - edge[0], edge[3] - edge[1]
    length = run * run + rise * rise
    share = ((x - edge[0]) * run + (y - edge[1]) * rise) / length if length > 0.0 else 0.0
    share = min(1.0, max(0.0, share))
    aside, along = edge[0] + share * run - x, edge[1] + share * rise - y
    square: float = aside * aside + along * along
    return square


@kernel
def square_to_chunk(x: float, y: float, chunk: int, best: float, edges: Floats) -> float:
    """Return the square of a point's distance to the edges of a chunk, or `best` where that is less."""
    for edge in range(chunk * _EDGES, chunk * _EDGES + _EDGES):
        best = min(best, square_to_edge(x, y, edges[edge]))
    return best


@kernel
def measure(grid: ZoneGrid, signed: Coarse) -> None:
    """Fill in the signed distances of all cell centres, never further from nothing than any disc can ask."""
    furthest = grid.reach + grid.cell
    inside = np.zeros(grid.columns + 1, dtype=np.uint8)
    for shape in range(len(grid.boxes)):
        left, low = grid.boxes[shape, 0], grid.boxes[shape, 1]
        right, high = grid.boxes[shape, 2], grid.boxes[shape, 3]
        width = right - left
        for row in range(low, high):
            y = grid.south + (row + 0.5) * grid.cell
            mark_crossings(grid, shape, y, inside)
            is_inside = grid.is_round[shape]
            near_chunk = -1
            bound = furthest
            start = grid.offsets[shape] + (row - low) * width
            for column in range(left, right):
                is_inside ^= inside[column]
                x = grid.west + (column + 0.5) * grid.cell
                # One cell further, no boundary is further by more than a cell; nor one row up.
                bound = min(bound + grid.cell, furthest)
                if row > low:
                    bound = min(bound, abs(signed[start - width + column - left]) + grid.cell + 0.01)
                best = bound * bound
                if near_chunk >= 0:
                    best = square_to_chunk(x, y, near_chunk, best, grid.edges)
                for block in range(grid.first_block[shape], grid.first_block[shape + 1]):
                    if square_to_box(x, y, grid.blocks[block]) < best:
                        for chunk in range(block * _CHUNKS, block * _CHUNKS + _CHUNKS):
                            if square_to_box(x, y, grid.chunks[chunk]) < best:
                                found = square_to_chunk(x, y, chunk, best, grid.edges)
                                if found < best:
                                    best = found
                                    near_chunk = chunk
                bound = math.sqrt(best)
                signed[start + column - left] = -bound if is_inside else bound


@kernel
def mark_crossings(grid: ZoneGrid, shape: int, y: float, crossed: Flags) -> None:
    """Mark the first column whose centre lies beyond each crossing of a shape's boundary with a row; even ones cancel.

    What is crossed before the shape's box is marked at its first column.
    """
    left = grid.boxes[shape, 0]
    crossed[:] = 0
    for block in range(grid.first_block[shape], grid.first_block[shape + 1]):
        if grid.blocks[block, 1] <= y <= grid.blocks[block, 3]:
            for chunk in range(block * _CHUNKS, block * _CHUNKS + _CHUNKS):
                if grid.chunks[chunk, 1] <= y <= grid.chunks[chunk, 3]:
                    for edge in range(chunk * _EDGES, chunk * _EDGES + _EDGES):
                        from_y, to_y = grid.edges[edge, 1], grid.edges[edge, 3]
                        if (from_y > y) != (to_y > y):
                            share = (y - from_y) / (to_y - from_y)
                            x = grid.edges[edge, 0] + share * (grid.edges[edge, 2] - grid.edges[edge, 0])
                            column = math.ceil((x - grid.west) / grid.cell - 0.5)
                            crossed[min(max(column, left), grid.columns)] ^= 1


@kernel
def is_within(grid: ZoneGrid, shape: int, x: float, y: float) -> bool:
    """Say whether a point that is not on a shape's boundary lies inside it: how often does a ray eastward cross it."""
    odd: bool = grid.is_round[shape] == 1
    for block in range(grid.first_block[shape], grid.first_block[shape + 1]):
        box = grid.blocks[block]
        if box[1] <= y <= box[3] and box[2] >= x:
            for chunk in range(block * _CHUNKS, block * _CHUNKS + _CHUNKS):
                box = grid.chunks[chunk]
                if box[1] <= y <= box[3] and box[2] >= x:
                    for edge in range(chunk * _EDGES, chunk * _EDGES + _EDGES):
                        from_y, to_y = grid.edges[edge, 1], grid.edges[edge, 3]
                        if (from_y > y) != (to_y > y):
                            from_x, to_x = grid.edges[edge, 0], grid.edges[edge, 2]
                            across = (to_x - from_x) * (y - from_y) - (x - from_x) * (to_y - from_y)
                            if (across > 0.0) == (to_y > from_y):
                                odd = not odd
    return odd


@kernel
def contact(grid: ZoneGrid, shape: int, x: float, y: float, allowed: float, column: int, row: int, off: float) -> int:
    """Say whether a shape comes within `allowed` metres of a point: apart (0), touching (1) or too close to say (2).

    The point lies in the cell (column, row), which may be none of the grid's, and `off` metres from its centre at most.
    """
    left, low = grid.boxes[shape, 0], grid.boxes[shape, 1]
    width = grid.boxes[shape, 2] - left
    if column < left or column >= left + width or row < low or row >= grid.boxes[shape, 3]:
        if allowed < grid.reach:
            return TOUCHING if grid.is_round[shape] else APART
        return contact_by_edges(grid, shape, x, y, allowed, 0.0, 0.0)
    known = float(grid.signed[grid.offsets[shape] + (row - low) * width + column - left])
    # What is held is cut off beyond the reach, and says nothing of wider discs.
    if allowed < grid.reach:
        if known + off <= allowed:
            return TOUCHING
        if known - off > allowed:
            return APART
    return contact_by_edges(grid, shape, x, y, allowed, known, off)


@kernel
def off_centre(grid: ZoneGrid, x: float, y: float, column: int, row: int) -> float:
    """Return how far a point lies from the centre of a cell, and what held distances may be off by."""
    aside, along = x - (grid.west + (column + 0.5) * grid.cell), y - (grid.south + (row + 0.5) * grid.cell)
    return math.sqrt(aside * aside + along * along) + _SLACK_M


@kernel
def contact_by_edges(grid: ZoneGrid, shape: int, x: float, y: float, allowed: float, known: float, off: float) -> int:
    """Say the same by geometry; `known` is the signed distance of a point not further than `off`, if any."""
    hair = HAIR_M + _HAIR_SHARE * allowed
    sure, furthest = (allowed - hair) * (allowed - hair), (allowed + hair) * (allowed + hair)
    is_close = False
    for block in range(grid.first_block[shape], grid.first_block[shape + 1]):
        if square_to_box(x, y, grid.blocks[block]) <= furthest:
            for chunk in range(block * _CHUNKS, block * _CHUNKS + _CHUNKS):
                if square_to_box(x, y, grid.chunks[chunk]) <= furthest:
                    square = square_to_chunk(x, y, chunk, np.inf, grid.edges)
                    if square <= sure:
                        return TOUCHING
                    is_close = is_close or square <= furthest
    if is_close:
        return TOO_CLOSE
    # No boundary lies between the two points: they are on one side of it.
    if off > 0.0 and (abs(known) > off or off < allowed):
        return TOUCHING if known < 0.0 else APART
    return TOUCHING if is_within(grid, shape, x, y) else APART


@kernel
def contacts(grid: ZoneGrid, x: Floats, y: Floats, allowed: Floats, found: Flags) -> None:
    """Fill in [disc, shape] of `found` with what `contact` says."""
    for disc in range(len(x)):
        column = math.floor((x[disc] - grid.west) / grid.cell)
        row = math.floor((y[disc] - grid.south) / grid.cell)
        off = off_centre(grid, x[disc], y[disc], column, row)
        for shape in range(len(grid.boxes)):
            found[disc, shape] = contact(grid, shape, x[disc], y[disc], allowed[disc], column, row, off)
