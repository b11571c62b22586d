"""Compiled loops of the lossless JPEG decoder, in a file of their own so that numba is loaded when they are needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.jit import kernel

QUICK = 10  # bits that nearly all codes fit in: a table of that size stays in the fastest cache
SPARE = 8  # zero bytes after a segment, so that the kernel may look ahead


@kernel
def decode_changes(
    data: NDArray[np.uint8], codes: NDArray[np.uint16], quick: NDArray[np.uint16], changes: NDArray[np.uint16]
) -> bool:
    """Parse differences, modulo 2^16; False where the data end or hold no code."""
    buffer = 0
    have = 0
    at = 0
    for pixel in range(changes.size):
        if have < 32:
            if at + 4 > data.size:
                return False
            four = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]
            buffer = ((buffer & 0xFFFFFFFF) << 32) | four
            have += 32
            at += 4
        code: Any = np.int64(quick[(buffer >> (have - QUICK)) & ((1 << QUICK) - 1)])
        if code == 0:
            code = np.int64(codes[(buffer >> (have - 16)) & 0xFFFF])
            if code == 0:
                return False
        have -= code >> 8
        size = code & 0xFF
        if size == 16:
            changes[pixel] = 32768
        else:
            have -= size
            change = (buffer >> have) & ((1 << size) - 1)
            # A first bit of zero marks a negative difference.
            negative = 1 - (change >> max(size - 1, 0)) if size > 0 else 0
            changes[pixel] = (change - negative * ((1 << size) - 1)) & 0xFFFF
    return at * 8 - have <= (data.size - SPARE) * 8


@kernel
def add_predictions(pixels: NDArray[np.uint16], predictor: int, initial: int) -> None:
    """Compute the values of one restart interval from differences, in place."""
    rows, columns = pixels.shape
    for row in range(rows):
        above: Any = initial if row == 0 else np.int64(pixels[row - 1, 0])
        left: Any = (above + pixels[row, 0]) & 0xFFFF
        pixels[row, 0] = left
        for column in range(1, columns):
            expected = left
            if predictor > 1 and row > 0:
                corner = np.int64(pixels[row - 1, column - 1])
                above = np.int64(pixels[row - 1, column])
                if predictor == 2:
                    expected = above
                elif predictor == 3:
                    expected = corner
                elif predictor == 4:
                    expected = left + above - corner
                elif predictor == 5:
                    expected = left + ((above - corner) >> 1)
                elif predictor == 6:
                    expected = above + ((left - corner) >> 1)
                else:
                    expected = (left + above) >> 1
            left = (expected + pixels[row, column]) & 0xFFFF
            pixels[row, column] = left
