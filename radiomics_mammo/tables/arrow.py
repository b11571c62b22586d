"""Build Arrow columns from Python values and NumPy arrays without importing pandas.

``pyarrow.array`` imports pandas to look at its argument, which takes a quarter of a second; here the buffers are laid
out as Arrow's format defines them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.core.records import Scalar

ARROW_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def scalar_column(values: Sequence[Scalar], *, kind: type) -> pa.Array:
    """Build a column of ``str``, ``int``, ``float`` or ``bool`` values; None is null.

    Characters that UTF-8 cannot encode (file names may hold them) become backslash escapes.
    """
    valid = np.array([value is not None for value in values], dtype=bool)
    if kind is str:
        encoded = [str(value or "").encode("utf-8", "backslashreplace") for value in values]
        offsets = np.zeros(len(values) + 1, dtype=np.int32)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        return _column(pa.string(), valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))
    if kind is bool:
        return _column(pa.bool_(), valid, _bits(np.array([bool(value) for value in values], dtype=bool)))
    dtype = np.int64 if kind is int else np.float64
    return _column(ARROW_TYPES[kind], valid, pa.py_buffer(np.array([v or 0 for v in values], dtype=dtype)))


def feature_column(values: NDArray[np.float64]) -> pa.Array:
    """Build a column of float64 features; NaN is null."""
    return _column(pa.float64(), ~np.isnan(values), pa.py_buffer(np.ascontiguousarray(values)))


def _column(kind: pa.DataType, valid: NDArray[np.bool_], *buffers: pa.Buffer) -> pa.Array:
    validity = None if valid.all() else _bits(valid)
    return pa.Array.from_buffers(kind, len(valid), [validity, *buffers])


def _bits(flags: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
