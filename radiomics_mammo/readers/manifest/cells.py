"""The cells of a manifest: labels, spacings, boxes and numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from radiomics_mammo.core.records import Scalar

EACH = "each"
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>", "#n/a"})
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[+-]?(?=\.?\d)(0|[1-9]\d*)?(\.\d*)?([eE][+-]?\d+)?")


def mask_labels(cell: str) -> tuple[int, ...] | None:
    """Return the mask values that a cell names: none for ``each``, None for a missing cell.

    Raises
    ------
    ValueError
        It is no list of whole numbers other than 0.
    """
    if cell.casefold() in MISSING:
        return None
    if cell.casefold() == EACH:
        return ()
    labels = []
    for part in re.split(r"[;,\s]+", cell):
        whole = re.fullmatch(r"(-?\d{1,20})(\.0*)?", part)
        if whole is None or int(whole[1]) == 0:
            raise ValueError(cell)
        labels.append(int(whole[1]))
    return tuple(dict.fromkeys(labels))


def spacing(cell: str, *, decimal: str) -> tuple[float, float] | None:
    """Return millimetres (row, column) from ``0.05`` or ``0.05;0.05``; None for a missing cell.

    Raises
    ------
    ValueError
        It is something else.
    """
    if cell.casefold() in MISSING:
        return None
    values = [float(part.replace(decimal, ".")) for part in re.split(r"[;\s]+", cell)]
    if len(values) not in (1, 2) or not all(math.isfinite(mm) and mm > 0 for mm in values):
        raise ValueError(cell)
    return values[0], values[-1]


def box(cells: Sequence[str], *, by_size: bool, decimal: str) -> tuple[float, float, float, float] | None:
    """Return left, top, right and bottom in pixels; None where all four cells are missing.

    Raises
    ------
    ValueError
        A cell is no number.
    """
    if all(cell.casefold() in MISSING for cell in cells):
        return None
    left, top, right, bottom = (float(cell.replace(decimal, ".")) for cell in cells)
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise ValueError(cells)
    return (left, top, left + right, top + bottom) if by_size else (left, top, right, bottom)


def typed(values: Sequence[str], *, decimal: str = ".") -> tuple[type, list[Scalar]]:
    """Return a column as int, else float, else str; empty and NA are None.

    Leading zeros are kept, as text: such numbers are names. So is what float64 cannot hold.
    """
    known = [cell for cell in values if cell.casefold() not in MISSING]
    if known and all(_WHOLE.fullmatch(cell) for cell in known):
        return int, [None if cell.casefold() in MISSING else int(cell) for cell in values]
    numbers = [cell.replace(decimal, ".") for cell in known]
    if known and all(_DECIMAL.fullmatch(cell) and math.isfinite(float(cell)) for cell in numbers):
        return float, [None if cell.casefold() in MISSING else float(cell.replace(decimal, ".")) for cell in values]
    return str, [None if cell.casefold() in MISSING else cell for cell in values]
