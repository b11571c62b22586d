"""From colours, palette and transparency to one plane of label values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError

Notes = tuple[str, ...]

MOST_COLOURS = 32
"""A picture of more colours is no label map."""
_NEARLY = 24
"""Channels that differ by less are one grey after lossy compression."""


def mask_plane(pixels: NDArray[Any], palette: NDArray[np.uint8] | None = None) -> tuple[NDArray[Any], Notes]:
    """Return the label values of a mask file: 0 is background.

    Transparency that varies is the mask, or a part of it. Black is the background of colours and palettes; one other
    colour is one label, and of several each is one, numbered from 1.

    Parameters
    ----------
    pixels : ndarray, shape (rows, columns) or (rows, columns, channels)
        As stored: grey, indices of a palette, grey and alpha, colours, or colours and alpha.
    palette : ndarray of uint8, shape (n_colours, 3 or 4), optional
        Colours of the indices.

    Returns
    -------
    plane : ndarray, shape (rows, columns)
    notes : tuple of str
        What was decided; empty for a plain grey file.

    Raises
    ------
    MaskError
        The colours are those of a picture.
    """
    if palette is not None:
        return _of_palette(pixels, palette)
    if pixels.ndim == 2:
        return pixels, ()
    count = pixels.shape[-1]
    alpha = pixels[..., -1] if count in (2, 4) else None
    colours = pixels[..., : count - 1] if alpha is not None else pixels
    if alpha is None or alpha.min() == alpha.max():
        return _of_colours(colours)
    visible = colours * (alpha > 0)[..., None].astype(colours.dtype)
    inside = colours[alpha > 0]
    if not visible.any() or (inside == inside[0]).all():
        # One colour throughout: only the transparency tells anything.
        return alpha, ("the mask is the transparency (alpha channel)",)
    plane, notes = _of_colours(visible)
    return plane, (*notes, "transparent pixels are outside the mask")


def segments_plane(channels: NDArray[Any]) -> tuple[NDArray[Any], Notes]:
    """Return the label values of a file with one segment in each channel, as 3D Slicer writes them.

    Raises
    ------
    MaskError
        Segments overlap.
    """
    inside = channels != 0
    if (inside.sum(axis=-1) > 1).any():
        raise MaskError("the mask has segments that overlap", remedy="Save each segment as a file of its own.")
    labels = (inside * np.arange(1, channels.shape[-1] + 1, dtype=np.uint8)).max(axis=-1)
    return labels, (f"{channels.shape[-1]} channels read as labels 1 to {channels.shape[-1]}",)


def _of_palette(indices: NDArray[Any], palette: NDArray[np.uint8]) -> tuple[NDArray[Any], Notes]:
    used = np.unique(indices)
    shown = {int(index): palette[index] if index < len(palette) else np.zeros(4, np.uint8) for index in used}
    black = [index for index, colour in shown.items() if not colour[:3].any() or (colour.size == 4 and not colour[3])]
    if 0 in black or not black or 0 not in shown:
        return indices, ()
    # The first index is shown in a colour and another one black: the file's numbers are not labels.
    plane = indices.copy()
    plane[indices == 0], plane[indices == black[0]] = black[0], 0
    return plane, (f"palette: index {black[0]}, shown black, is the background",)


def _of_colours(colours: NDArray[Any]) -> tuple[NDArray[Any], Notes]:
    top = colours.max(axis=-1)
    if colours.shape[-1] == 1 or np.array_equal(top, colours.min(axis=-1)):
        return top, ()
    if top.dtype.kind == "f" or top.dtype.itemsize > 2:
        raise MaskError("the mask is a colour picture", remedy="Save it as a label map: 0 outside, 1 inside.")
    codes = np.zeros(top.shape, np.uint64)
    for channel in range(colours.shape[-1]):
        codes = codes << np.uint64(16) | colours[..., channel].astype(np.uint64)
    values, first = np.unique(codes, return_index=True)
    if values.size > MOST_COLOURS:
        return _of_single_hue(colours, top)
    listed = [tuple(int(v) for v in colours.reshape(-1, colours.shape[-1])[at]) for at in first]
    background, notes = _background(codes, values, listed)
    others = [(value, colour) for value, colour in zip(values, listed, strict=True) if value != background]
    if len(others) == 1:
        return (codes != background).astype(np.uint8) * np.uint8(255), notes
    plane = np.zeros(top.shape, np.uint8)
    for label, (value, _) in enumerate(others, start=1):
        plane[codes == value] = label
    named = ", ".join(f"{label} {colour}" for label, (_, colour) in enumerate(others, start=1))
    return plane, (*notes, f"mask colours read as labels: {named}")


def _background(codes: NDArray[np.uint64], values: NDArray[np.uint64], listed: list[Any]) -> tuple[np.uint64, Notes]:
    if values[0] == 0:
        return values[0], ()
    border = np.concatenate([codes[0], codes[-1], codes[:, 0], codes[:, -1]])
    on_border, counts = np.unique(border, return_counts=True)
    background: np.uint64 = on_border[counts.argmax()]
    colour = listed[values.tolist().index(background)]
    return background, (f"the mask has no black: {colour}, the colour of its border, is taken for the background",)


def _of_single_hue(colours: NDArray[Any], top: NDArray[Any]) -> tuple[NDArray[Any], Notes]:
    """Return the brightest channel of a picture in shades of one colour, as lossy compression leaves it."""
    bright = top > top.max() / 2
    low, high = np.percentile(colours[bright].astype(np.float64), [20, 80], axis=0)
    if (high - low).max() > 2 * _NEARLY:
        raise MaskError("the mask is a colour picture", remedy="Save it as a label map: 0 outside, 1 inside.")
    return top, ("mask in shades of one colour: its brightest channel is read",)
