"""A grid of distances to drawn shapes: which of many discs touch which of them, mostly without any geometry.

Each cell of the grid holds the signed distance of its centre to a shape's boundary, negative inside. A distance to a
boundary changes by no more than one moves, so that most discs are settled by their cell alone. The others are measured
against the edges near them, which lie in chunks and blocks with bounding boxes; inside is told by counting the edges
that a ray crosses, each closed at its lower end and open at its upper one (Shimrat 1962; Haines 1994).

A disc whose edge lies within a hair of a boundary is left to whoever asked: two libraries may round it differently.
"""

from __future__ import annotations

import itertools
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

# How a disc lies to a boundary: clear of it on either side, across it, or too close to say.
AWAY, WITHIN, ACROSS, TOO_CLOSE = 0, 1, 2, 3
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
    """Shapes, numbered from 0 in the order given, and what is known of their boundaries in every cell; metres.

    Shapes that share all of their boundary, such as a zone and what is left of the world without it, are measured as
    one. A boundary holds what a ray eastward leaves by an odd number of crossings; of it a shape is that inside, or
    where `is_round` everything else. Cell (column, row) covers [west + column * cell, +cell) x [south + row * cell,
    +cell). `boxes` has for each boundary the cells (first column, first row, column and row after the last) that may
    lie within `reach` of it; `signed` holds the distances of their centres row by row, from `offsets`, less than
    nothing inside, and never further from nothing than the reach and a cell.
    """

    west: float
    south: float
    cell: float
    columns: int
    rows: int
    reach: float
    boundary: Numbers  # [shape]
    is_round: Flags  # [shape]
    boxes: Numbers  # [boundary, 4]
    offsets: Numbers  # [boundary + 1]
    signed: Coarse
    edges: Floats  # [edge, 4]: x, y of either end
    chunks: Floats  # [chunk, 4]: least x, y, greatest x, y of `_EDGES` edges each
    blocks: Floats  # [block, 4]: the same of `_CHUNKS` chunks each
    first_block: Numbers  # [boundary + 1]


def grid_of(shapes: Sequence[BaseGeometry], reach: float, cell: float = 2000.0, fast: bool = True) -> ZoneGrid:
    """Lay a grid over polygons of a plane, for discs up to `reach` metres wide; wider ones are settled by geometry.

    Cells grow beyond `cell` metres where there would be more than 250,000. `fast` builds it with compiled kernels.
    """
    rings = [_rings(shape) for shape in shapes]
    is_round = [sum(map(_is_far_round, of_shape)) % 2 for of_shape in rings]
    drawn = [_edges_of([ring for ring in of_shape if not _is_far(ring)]) for of_shape in rings]
    numbers: dict[bytes, int] = {}
    boundary = [numbers.setdefault(_undirected(edges), len(numbers)) for edges in drawn]
    edges, first_block = _filled([drawn[boundary.index(number)] for number in range(len(numbers))])
    chunks = _boxes(edges.reshape(-1, _EDGES, 4))
    blocks = _boxes(chunks.reshape(-1, _CHUNKS, 4))
    pairs = itertools.pairwise(first_block.tolist())
    bounds = np.array([_bounds(blocks[first:after]) for first, after in pairs]).reshape(-1, 4)
    held = bounds[np.isfinite(bounds[:, 0])]
    west, south, east, north = (
        (*(held[:, :2].min(axis=0) - reach), *(held[:, 2:].max(axis=0) + reach)) if len(held) else (0.0,) * 4
    )
    cell = max(cell, math.sqrt((east - west) * (north - south) / _MOST_CELLS))
    columns, rows = int((east - west) // cell) + 1, int((north - south) // cell) + 1
    boxes = np.zeros((len(bounds), 4), dtype=np.int64)
    for at, (least_x, least_y, most_x, most_y) in enumerate(bounds):
        if np.isfinite(least_x):
            first = (least_x - reach - west) // cell, (least_y - reach - south) // cell
            after = (most_x + reach - west) // cell + 1, (most_y + reach - south) // cell + 1
            boxes[at] = (max(first[0], 0), max(first[1], 0), min(after[0], columns), min(after[1], rows))
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
        frozen(boundary, np.int64),
        frozen(is_round, np.uint8),
        frozen(boxes, np.int64),
        frozen(offsets, np.int64),
        frozen(signed, np.float32),
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


def _edges_of(rings: Sequence[shapely.LinearRing]) -> Floats:
    corners = [shapely.get_coordinates(ring) for ring in rings]
    return np.concatenate([np.zeros((0, 4)), *(np.column_stack((ring[:-1], ring[1:])) for ring in corners)])


def _undirected(edges: Floats) -> bytes:
    """Return what is the same for edges in any order and direction."""
    is_back = (edges[:, 0] > edges[:, 2]) | ((edges[:, 0] == edges[:, 2]) & (edges[:, 1] > edges[:, 3]))
    onward = np.where(is_back[:, None], edges[:, [2, 3, 0, 1]], edges)
    return onward[np.lexsort(onward.T)].tobytes()


def _filled(boundaries: Sequence[Floats]) -> tuple[Floats, Numbers]:
    """Return the edges of every boundary, filled up with its last to whole blocks, and where its blocks begin."""
    per_block = _EDGES * _CHUNKS
    every = [np.zeros((0, 4))]
    first_block = [0]
    for edges in boundaries:
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


# Rows of tables are read in place: a view of each would be counted in and out again.


@kernel
def square_to_box(x: float, y: float, boxes: Floats, at: int) -> float:
    """Return the square of a point's distance to a box; nothing inside it."""
    aside = max(boxes[at, 0] - x, 0.0, x - boxes[at, 2])
    along = max(boxes[at, 1] - y, 0.0, y - boxes[at, 3])
    square: float = aside * aside + along * along
    return square


@kernel
def square_to_edge(x: float, y: float, edges: Floats, at: int) -> float:
    """Return the square of a point's distance to a segment."""
    run, rise = edges[at, 2] - edges[at, 0], edges[at, 3] - edges[at, 1]
    length = run * run + rise * rise
    share = ((x - edges[at, 0]) * run + (y - edges[at, 1]) * rise) / length if length > 0.0 else 0.0
    share = min(1.0, max(0.0, share))
    aside, along = edges[at, 0] + share * run - x, edges[at, 1] + share * rise - y
    square: float = aside * aside + along * along
    return square


@kernel
def square_to_chunk(x: float, y: float, chunk: int, best: float, edges: Floats) -> float:
    """Return the square of a point's distance to the edges of a chunk, or `best` where that is less."""
    for edge in range(chunk * _EDGES, chunk * _EDGES + _EDGES):
        best = min(best, square_to_edge(x, y, edges, edge))
    return best


@kernel
def measure(grid: ZoneGrid, signed: Coarse) -> None:
    """Fill in the signed distances of all cell centres, never further from nothing than any disc can ask."""
    edges, chunks, blocks = grid.edges, grid.chunks, grid.blocks
    furthest = grid.reach + grid.cell
    inside = np.zeros(grid.columns + 1, dtype=np.uint8)
    for boundary in range(len(grid.boxes)):
        left, low = grid.boxes[boundary, 0], grid.boxes[boundary, 1]
        right, high = grid.boxes[boundary, 2], grid.boxes[boundary, 3]
        width = right - left
        for row in range(low, high):
            y = grid.south + (row + 0.5) * grid.cell
            mark_crossings(grid, boundary, y, inside)
            is_inside = 0
            near_chunk = -1
            bound = furthest
            start = grid.offsets[boundary] + (row - low) * width
            for column in range(left, right):
                is_inside ^= inside[column]
                x = grid.west + (column + 0.5) * grid.cell
                # One cell further, no boundary is further by more than a cell; nor one row up.
                bound = min(bound + grid.cell, furthest)
                if row > low:
                    bound = min(bound, abs(signed[start - width + column - left]) + grid.cell + 0.01)
                best = bound * bound
                if near_chunk >= 0:
                    best = square_to_chunk(x, y, near_chunk, best, edges)
                for block in range(grid.first_block[boundary], grid.first_block[boundary + 1]):
                    if square_to_box(x, y, blocks, block) < best:
                        for chunk in range(block * _CHUNKS, block * _CHUNKS + _CHUNKS):
                            if square_to_box(x, y, chunks, chunk) < best:
                                found = square_to_chunk(x, y, chunk, best, edges)
                                if found < best:
                                    best = found
                                    near_chunk = chunk
                bound = math.sqrt(best)
                signed[start + column - left] = -bound if is_inside else bound


@kernel
def mark_crossings(grid: ZoneGrid, boundary: int, y: float, crossed: Flags) -> None:
    """Mark the first column whose centre lies beyond each crossing of a boundary with a row; even ones cancel.

    What is crossed before the boundary's box is marked at its first column.
    """
    left = grid.boxes[boundary, 0]
    crossed[:] = 0
    for block in range(grid.first_block[boundary], grid.first_block[boundary + 1]):
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
def is_within(grid: ZoneGrid, boundary: int, x: float, y: float) -> bool:
    """Say whether a point that is not on a boundary lies inside it: how often does a ray eastward cross it."""
    edges, chunks, blocks = grid.edges, grid.chunks, grid.blocks
    odd = False
    for block in range(grid.first_block[boundary], grid.first_block[boundary + 1]):
        if blocks[block, 1] <= y <= blocks[block, 3] and blocks[block, 2] >= x:
            for chunk in range(block * _CHUNKS, block * _CHUNKS + _CHUNKS):
                if chunks[chunk, 1] <= y <= chunks[chunk, 3] and chunks[chunk, 2] >= x:
                    for edge in range(chunk * _EDGES, chunk * _EDGES + _EDGES):
                        from_y, to_y = edges[edge, 1], edges[edge, 3]
                        if (from_y > y) != (to_y > y):
                            from_x, to_x = edges[edge, 0], edges[edge, 2]
                            across = (to_x - from_x) * (y - from_y) - (x - from_x) * (to_y - from_y)
                            if (across > 0.0) == (to_y > from_y):
                                odd = not odd
    return odd


@kernel
def off_centre(grid: ZoneGrid, x: float, y: float, column: int, row: int) -> float:
    """Return how far a point lies from the centre of a cell, and what held distances may be off by."""
    aside, along = x - (grid.west + (column + 0.5) * grid.cell), y - (grid.south + (row + 0.5) * grid.cell)
    return math.sqrt(aside * aside + along * along) + _SLACK_M


@kernel
def held_at(boxes: Numbers, offsets: Numbers, signed: Coarse, boundary: int, column: int, row: int) -> float:
    """Return the signed distance of a cell's centre to a boundary; infinite where the cell is out of its reach."""
    left, low = boxes[boundary, 0], boxes[boundary, 1]
    width = boxes[boundary, 2] - left
    if column < left or column >= left + width or row < low or row >= boxes[boundary, 3]:
        return math.inf
    return float(signed[offsets[boundary] + (row - low) * width + column - left])


@kernel
def lie(known: float, allowed: float, reach: float, off: float) -> int:
    """Say how a disc lies to a boundary: away from what it holds (0), within (1), across it (2), or not known (3).

    Its centre is `off` metres at most from the centre of a cell, at the signed distance `known`.
    """
    # What is held is cut off beyond the reach, and says nothing of wider discs.
    if allowed >= reach:
        return TOO_CLOSE
    if abs(known) - off > allowed:
        return WITHIN if known < 0.0 else AWAY
    return ACROSS if abs(known) + off <= allowed else TOO_CLOSE


@kernel
def lie_by_edges(grid: ZoneGrid, boundary: int, x: float, y: float, allowed: float, known: float, off: float) -> int:
    """Say the same of a disc by geometry; what is then not known lies too close to say."""
    edges, chunks, blocks = grid.edges, grid.chunks, grid.blocks
    hair = HAIR_M + _HAIR_SHARE * allowed
    sure, furthest = (allowed - hair) * (allowed - hair), (allowed + hair) * (allowed + hair)
    is_close = False
    for block in range(grid.first_block[boundary], grid.first_block[boundary + 1]):
        if square_to_box(x, y, blocks, block) <= furthest:
            for chunk in range(block * _CHUNKS, block * _CHUNKS + _CHUNKS):
                if square_to_box(x, y, chunks, chunk) <= furthest:
                    square = square_to_chunk(x, y, chunk, np.inf, edges)
                    if square <= sure:
                        return ACROSS
                    is_close = is_close or square <= furthest
    if is_close:
        return TOO_CLOSE
    # No boundary lies between the two points: they are on one side of it.
    if known < math.inf and (abs(known) > off or off < allowed):
        return WITHIN if known < 0.0 else AWAY
    return WITHIN if is_within(grid, boundary, x, y) else AWAY


@kernel
def touches(lies: int, is_round: int) -> bool:
    """Say whether a disc that lies so to its boundary touches a shape."""
    return lies == ACROSS or (lies == WITHIN) != (is_round == 1)


@kernel
def contacts(grid: ZoneGrid, x: Floats, y: Floats, allowed: Floats, found: Flags) -> None:
    """Fill in [disc, shape] of `found`: whether the disc touches the shape, or TOO_CLOSE."""
    for disc in range(len(x)):
        column = math.floor((x[disc] - grid.west) / grid.cell)
        row = math.floor((y[disc] - grid.south) / grid.cell)
        off = off_centre(grid, x[disc], y[disc], column, row)
        for shape in range(len(grid.boundary)):
            boundary = grid.boundary[shape]
            known = held_at(grid.boxes, grid.offsets, grid.signed, boundary, column, row)
            lies = lie(known, allowed[disc], grid.reach, off)
            if lies == TOO_CLOSE:
                lies = lie_by_edges(grid, boundary, x[disc], y[disc], allowed[disc], known, off)
            found[disc, shape] = lies if lies == TOO_CLOSE else touches(lies, grid.is_round[shape])
