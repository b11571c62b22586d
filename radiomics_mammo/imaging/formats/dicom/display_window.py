"""Grey values of a DICOM picture as a screen shows them: modality rescale, VOI LUT or window, polarity, padding.

Everything is done on a table of the values that a pixel may have, which the pixels then look up: twelve million pixels
take as long as sixty-five thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.decode import NOTHING_THERE, bits_of, header_text

CHOICES = ("first", "none")
"""The first VOI transform of the header, or none."""

NOT_APPLIED = "none"
_ROWS = 16
_MOST_SATURATED = 0.5
"""Share of the pixels that may be saturated."""
_LUT_BITS = (8, 10, 11, 12, 13, 14, 15, 16)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture as displayed.

    Attributes
    ----------
    pixels : ndarray, shape (rows, columns)
        Bright is dense. uint16 from 0 where a VOI transform was applied, or where the values fit; otherwise int32 or,
        beyond that, float64; float32 where the rescaled values are not whole.
    voi : {'linear', 'linear_exact', 'sigmoid', 'lut', 'none'}
        What was applied.
    notes : tuple of str
        What was odd.
    """

    pixels: NDArray[Any]
    voi: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """What stored values may be (low to high), the sum of the two ends after the rescale, the output's bits."""

    low: float
    high: float
    ends: float
    bits: int


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Every value a pixel may have, each pixel's place among them, and which of them are seen or are padding."""

    codes: NDArray[Any]
    index: NDArray[Any]
    seen: NDArray[np.bool_]
    padding: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Voi:
    """A VOI transform: its name, its highest output, and its output for the values of the table."""

    name: str
    top: int
    values: NDArray[np.uint16]


class _UnusableVoiError(ValueError):
    """A window or table that cannot be applied, and the reason."""


def displayed(stored: NDArray[Any], dataset: Any, *, voi: str, path: Path) -> Shown:
    """Compute the values that a screen displays from stored values.

    In the order of the standard: modality rescale or LUT; the first VOI LUT, else the first window (LINEAR,
    LINEAR_EXACT or SIGMOID); inversion of MONOCHROME1. Without a VOI transform values above BitsStored are taken as
    the highest. Padding is shown as the darkest of the other pixels. A transform that is broken, or that would make a
    picture with contrast constant, is left out with a note.

    Parameters
    ----------
    stored : ndarray of integers or floats, shape (rows, columns)
        As decoded.
    dataset : pydicom.Dataset
        The header.
    voi : {'first', 'none'}
        Whether to apply the header's first VOI transform.
    path : path
        For messages.

    Returns
    -------
    Shown

    Raises
    ------
    ReadError
        All pixels that are not padding have one value.

    References
    ----------
    DICOM PS3.3 C.11.1 (Modality LUT), C.11.2 (VOI LUT), C.7.5.1.1.2 (Pixel Padding).
    """
    table = _tabled(stored, dataset)
    seen = table.codes[table.seen]
    if len(seen) < 2 or not np.isfinite(seen.astype(np.float64)).all():
        raise _without_picture(seen, path)
    scale = _scale(seen, dataset)
    notes = _saturation(table, scale, path)
    applied = None
    if voi != NOT_APPLIED:
        try:
            applied = _transform(rescaled(table.codes, dataset), dataset, scale)
            if applied is not None and _is_constant(applied.values[table.seen]):
                raise _UnusableVoiError(f"the VOI {applied.name} makes the picture constant")
        except _UnusableVoiError as error:
            applied, notes = None, (*notes, f"{error}: shown without it")
    inverted = header_text(dataset, "PhotometricInterpretation") == "MONOCHROME1"
    if applied is None:
        values = _plain(table.codes, dataset, scale, inverted=inverted)
        if _is_constant(values[table.seen]):
            raise ReadError(f"has nothing but values above its {scale.bits} bits", path=path, remedy=NOTHING_THERE)
    else:
        values = applied.top - applied.values if inverted else applied.values
    dark = values[table.seen].min()
    if (values[table.padding] != dark).any():
        values[table.padding] = dark
        notes += ("padding shown as background",)
    return Shown(_looked_up(values, table.index), NOT_APPLIED if applied is None else applied.name, notes)


def rescaled(stored: NDArray[Any], dataset: Any) -> NDArray[Any]:
    """Compute values after the modality LUT or rescale.

    Parameters
    ----------
    stored : ndarray
        Stored values of any shape.
    dataset : pydicom.Dataset
        The header.
    """
    from pydicom.pixels import apply_modality_lut

    if "ModalityLUTSequence" in dataset:
        return np.ascontiguousarray(apply_modality_lut(stored, dataset))
    slope = float(dataset.get("RescaleSlope", None) or 1.0)
    intercept = float(dataset.get("RescaleIntercept", None) or 0.0)
    if slope == 1.0 and intercept == 0.0:
        return stored
    if slope.is_integer() and intercept.is_integer() and np.issubdtype(stored.dtype, np.integer):
        return stored.astype(np.int64) * int(slope) + int(intercept)
    return stored.astype(np.float64) * slope + intercept


def _tabled(stored: NDArray[Any], dataset: Any) -> _Table:
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= 2:
        unsigned = np.dtype(f"u{stored.dtype.itemsize}")
        codes = np.arange(1 << 8 * unsigned.itemsize, dtype=unsigned).view(stored.dtype)
        index = stored.view(unsigned)
        present = np.zeros(len(codes), dtype=np.bool_)
        present[index] = True
    else:
        codes, index = np.unique(stored, return_inverse=True)
        present = np.ones(len(codes), dtype=np.bool_)
    padding = present & _is_padding(codes, dataset)
    # A range that takes in the whole picture cannot be meant.
    padding &= not (padding == present).all()
    return _Table(codes, index, present & ~padding, padding)


def _is_padding(codes: NDArray[Any], dataset: Any) -> NDArray[np.bool_]:
    value, limit = (_first_number(dataset, name) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit"))
    if value is None:
        return np.zeros(len(codes), dtype=np.bool_)
    low, high = sorted((value, value if limit is None else limit))
    inside: NDArray[np.bool_] = (codes >= low) & (codes <= high)
    return inside


def _looked_up(values: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    """Return each pixel's value; by a few rows, since 64-bit indices then fit the cache."""
    pixels = np.empty(index.shape, dtype=values.dtype)
    for row in range(0, len(index), _ROWS):
        np.take(values, index[row : row + _ROWS], out=pixels[row : row + _ROWS], mode="clip")
    return pixels


def _is_constant(values: NDArray[Any]) -> bool:
    return bool(values.min() == values.max())


def _scale(seen: NDArray[Any], dataset: Any) -> _Scale:
    bits = bits_of(dataset)
    if seen.dtype.kind == "f":
        low, high, bits = float(seen[0]), float(seen[-1]), 16
    elif int(dataset.get("PixelRepresentation") or 0) == 1:
        low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    else:
        low, high = 0, (1 << bits) - 1
    if "ModalityLUTSequence" in dataset:
        bits = int(dataset.ModalityLUTSequence[0].LUTDescriptor[2])
        total = float((1 << bits) - 1)
    else:
        total = float(rescaled(np.array([low, high]), dataset).astype(np.float64).sum())
    return _Scale(low, high, total, min(bits, 16))


def _without_picture(seen: NDArray[Any], path: Path) -> ReadError:
    if len(seen) < 2:
        value_text = f": every pixel is {seen[0]}" if len(seen) else ""
        return ReadError(f"holds no picture{value_text}", path=path, remedy=NOTHING_THERE)
    return ReadError("has pixels that are not numbers", path=path, remedy="Export the file again.")


def _saturation(table: _Table, scale: _Scale, path: Path) -> tuple[str, ...]:
    above = table.seen & (table.codes > scale.high)
    if not above.any():
        return ()
    count = int(np.bincount(table.index.ravel(), minlength=len(table.codes))[above].sum())
    highest = int(table.codes[above].max())
    if count > _MOST_SATURATED * table.index.size:
        raise ReadError(
            f"has {count} of {table.index.size} pixels above the highest value of its {scale.bits} bits, up to "
            f"{highest}: the bits that its header states cannot be meant",
            path=path,
            remedy="Export the file again, with BitsStored and HighBit as they are.",
        )
    return (f"{count} pixels above the highest value stored ({scale.high}), up to {highest}: taken as saturated",)


def _plain(codes: NDArray[Any], dataset: Any, scale: _Scale, *, inverted: bool) -> NDArray[Any]:
    """Compute values without a VOI transform: rescaled, clipped, MONOCHROME1 inverted."""
    clipped = codes if codes.dtype.kind == "f" else np.clip(codes.astype(np.int64), scale.low, scale.high)
    values = rescaled(clipped, dataset)
    if inverted:
        values = scale.ends - values
    if not (values.dtype.kind in "iu" or (np.rint(values) == values).all()):
        return values.astype(np.float32)
    low, high = values.min(), values.max()
    for kind in (np.uint16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.float64)


def _transform(values: NDArray[Any], dataset: Any, scale: _Scale) -> _Voi | None:
    """Return the header's first VOI transform; a table precedes a window, as in pydicom."""
    if dataset.get("VOILUTSequence"):
        return _lut(values, dataset)
    centre, width = (_first_number(dataset, name) for name in ("WindowCenter", "WindowWidth"))
    if centre is None and width is None:
        return None
    named = f"the window (centre {_number_text(centre)}, width {_number_text(width)})"
    if centre is None or width is None or not np.isfinite([centre, width]).all():
        raise _UnusableVoiError(f"{named} is not usable")
    function = header_text(dataset, "VOILUTFunction").lower() or "linear"
    if function not in ("linear", "linear_exact", "sigmoid"):
        raise _UnusableVoiError(f"{named} has the unknown function {function!r}")
    if width < 1.0 if function == "linear" else width <= 0.0:
        raise _UnusableVoiError(f"{named} is not usable")
    fractions = _windowed(values.astype(np.float64), centre, width, function=function)
    top = (1 << scale.bits) - 1
    return _Voi(function, top, np.rint(fractions * top).astype(np.uint16))


def _windowed(values: NDArray[np.float64], centre: float, width: float, *, function: str) -> NDArray[np.float64]:
    if function == "sigmoid":
        from scipy.special import expit

        fractions: NDArray[np.float64] = expit(4.0 * (values - centre) / width)
        return fractions
    if function == "linear":
        centre, width = centre - 0.5, width - 1.0
    if width == 0.0:
        return (values > centre).astype(np.float64)
    return np.clip((values - centre) / width + 0.5, 0.0, 1.0)


def _lut(values: NDArray[Any], dataset: Any) -> _Voi:
    item = dataset.VOILUTSequence[0]
    descriptor, data = item.get("LUTDescriptor"), item.get("LUTData")
    if descriptor is None or data is None or len(descriptor) != 3:
        raise _UnusableVoiError("the VOI LUT is incomplete")
    entries, first, bits = (int(value) for value in descriptor)
    entries = entries or 1 << 16
    if isinstance(data, bytes):
        little = dataset.file_meta.TransferSyntaxUID.is_little_endian
        data = np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2" if little else ">u2")
    table = np.atleast_1d(np.asarray(data)).astype(np.int64)
    if bits not in _LUT_BITS or len(table) < entries:
        raise _UnusableVoiError(f"the VOI LUT ({len(table)} of {entries} entries, {bits} bits) is not usable")
    top = (1 << bits) - 1
    picked = table[np.clip(values.astype(np.int64) - first, 0, entries - 1)]
    return _Voi("lut", top, np.clip(picked, 0, top).astype(np.uint16))


def _first_number(dataset: Any, keyword: str) -> float | None:
    """Return the first value of an element; NaN where it is no number, None if absent."""
    try:
        text = header_text(dataset, keyword).split("\\")[0]
        return float(text) if text else None
    except ValueError:  # pydicom converts the text when it is asked for
        return float("nan")


def _number_text(number: float | None) -> str:
    return "none" if number is None else f"{number:g}"
