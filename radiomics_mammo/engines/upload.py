"""Send regions to the device: a batch in one buffer and one copy, discretised there.

The box is cut on the host, so that only its pixels are sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import Device, DeviceBatch, source
from radiomics_mammo.core.records import Roi

KINDS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")
"""Types of intensities, in the order of ``intensity`` in radiomics_mammo/compute/common.cuh."""
ALIGNED = 256
"""Every section begins at a multiple of so many bytes."""
ROI = np.dtype(
    [
        (name, np.int64)
        for name in (
            "rows", "columns", "start", "bound", "values", "kind", "mask", "shape",
            "edges", "n_edges", "first_tile", "n_tiles",
        )
    ]
)  # fmt: skip
"""``struct Roi`` of radiomics_mammo/compute/common.cuh."""
TILE = np.dtype([(name, np.int32) for name in ("roi", "begin", "end", "number")])
"""``struct Tile`` of radiomics_mammo/compute/common.cuh."""
MOST_PIXELS = 2**31 - 2**16
"""Of a framed box: within a region kernels count in 32 bits."""
FRAME_BYTES = 5
"""Of the device's memory that each framed pixel takes: its level and whether shape counts it."""


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """A batch as bytes in page-locked memory.

    Attributes
    ----------
    item_bytes : int
        Bytes of the widest intensity.
    sections : tuple of int
        Where regions, tiles, spacing and edges begin, and where edges end.
    """

    bytes: NDArray[np.uint8]
    shapes: NDArray[np.int64]
    bounds: NDArray[np.int64]
    pad: int
    n_tiles: int
    pixels: int
    item_bytes: int
    sections: tuple[int, ...]


def stage(rois: Sequence[Roi], *, pad: int, device: Device) -> Staged:
    """Lay regions end to end in page-locked memory, framed by ``pad`` zeros."""
    n = len(rois)
    shapes = np.array([roi.mask.shape for roi in rois], dtype=np.int64)
    bounds = np.array([len(roi.edges) for roi in rois], dtype=np.int64)
    boxes, framed = shapes.prod(axis=1), (shapes + 2 * pad).prod(axis=1)
    value_bytes = boxes * np.array([roi.values.dtype.itemsize for roi in rois])
    has_shape_mask = np.array([roi.shape_mask is not roi.mask for roi in rois])
    tiles = _tiles(framed, device.tile)
    sizes = (n * ROI.itemsize, tiles.nbytes, n * 16, int(bounds.sum()) * 8)
    sections = _offsets(np.array(sizes), ALIGNED)
    lengths = np.stack([value_bytes, boxes, np.where(has_shape_mask, boxes, 0)], axis=1)
    places = sections[-1] + _offsets(lengths.ravel(), 8)  # so that every region's intensities are aligned
    staged = device.staging(int(places[-1]))
    values, masks, shape_masks = places[:-1].reshape(n, 3).T
    table = np.empty(n, ROI)
    table["rows"], table["columns"] = shapes.T
    table["start"], table["bound"] = _offsets(framed, 1)[:-1], bounds
    table["values"], table["kind"] = values, [KINDS.index(roi.values.dtype.str[1:]) for roi in rois]
    table["mask"], table["shape"] = masks, np.where(has_shape_mask, shape_masks, masks)
    table["edges"], table["n_edges"] = _offsets(bounds, 1)[:-1], bounds
    table["n_tiles"] = -(-framed // device.tile)
    table["first_tile"] = _offsets(table["n_tiles"], 1)[:-1]
    tables: tuple[NDArray[Any], ...] = (
        table,
        tiles,
        np.array([roi.spacing for roi in rois]),
        np.concatenate([roi.edges for roi in rois]),
    )
    for at, section in zip(sections, tables, strict=False):
        staged[at : at + section.nbytes] = section.reshape(-1).view(np.uint8)
    for roi, value_at, mask_at, shape_at in zip(
        rois, values.tolist(), masks.tolist(), shape_masks.tolist(), strict=True
    ):
        _put(staged, value_at, roi.values)
        _put(staged, mask_at, roi.mask)
        if roi.shape_mask is not roi.mask:
            _put(staged, shape_at, roi.shape_mask)
    ends = (*sections[:-1].tolist(), int(sections[-2] + sizes[-1]))
    item_bytes = max(roi.values.dtype.itemsize for roi in rois)
    return Staged(staged, shapes, bounds, pad, len(tiles), int(framed.sum()), item_bytes, ends)


def to_device(staged: Staged, device: Device) -> DeviceBatch:
    """Send a batch, which must live until its results are back, and discretise it."""
    n, width = len(staged.shapes), int(staged.bounds.max()) + 1
    with device.stage("upload"):
        upload = device.upload(staged.bytes)
    at_rois, at_tiles, at_spacing, at_edges, end = staged.sections
    rois = upload[at_rois : at_rois + n * ROI.itemsize].view(np.int64).reshape(n, -1)
    tiles = upload[at_tiles : at_tiles + staged.n_tiles * TILE.itemsize].view(np.int32).reshape(staged.n_tiles, -1)
    spacing = upload[at_spacing : at_spacing + n * 16].view(np.float64).reshape(n, 2)
    edges = upload[at_edges:end].view(np.float64)
    levels = device.empty(staged.pixels, np.int32)
    shape_mask = device.empty(staged.pixels, np.uint8)
    level_count = device.zeros((n, width), np.int32)
    n_levels, n_distinct = device.empty(n, np.int64), device.empty(n, np.int64)
    module = source("engines/upload.cu")
    with device.stage("discretise"):
        device.launch(
            module,
            "discretise",
            blocks=(staged.n_tiles,),
            args=(upload, rois, tiles, np.int32(staged.pad), np.int64(width), edges, levels, shape_mask, level_count),
        )
        device.launch(
            module,
            "count_levels",
            blocks=(n,),
            args=(level_count, np.int64(width), n_levels, n_distinct),
            shared=2 * 8 * device.threads,
        )
    return DeviceBatch(
        device, staged.pad, staged.shapes, staged.bounds, staged.n_tiles, staged.item_bytes, rois, tiles, upload,
        levels, shape_mask, level_count, n_levels, n_distinct, spacing,
    )  # fmt: skip


def _tiles(framed: NDArray[np.int64], size: int) -> NDArray[Any]:
    """Return records of ``TILE`` that cut each framed box into stretches of ``size`` pixels."""
    if framed.max() > MOST_PIXELS:
        raise MemoryError(f"a region of {framed.max():,} pixels, frame included; kernels count to {MOST_PIXELS:,}")
    counts = -(-framed // size)
    tiles = np.empty(int(counts.sum()), TILE)
    roi = np.repeat(np.arange(len(framed)), counts)
    number = np.arange(len(roi)) - np.repeat(np.cumsum(counts) - counts, counts)
    tiles["roi"], tiles["number"], tiles["begin"] = roi, number, number * size
    tiles["end"] = np.minimum((number + 1) * size, framed[roi])
    return tiles


def _offsets(sizes: NDArray[Any], aligned: int) -> NDArray[np.int64]:
    """Return where each section begins, and where the last one ends, rounded up."""
    rounded = -(-sizes // aligned) * aligned
    return np.concatenate([[0], np.cumsum(rounded, dtype=np.int64)])


def _put(staged: NDArray[np.uint8], at: int, plane: NDArray[Any]) -> None:
    """Copy a plane (a view of a larger one, as a rule) to its place, row after row."""
    target = staged[at : at + plane.size * plane.itemsize]
    target.view(plane.dtype).reshape(plane.shape)[...] = plane
