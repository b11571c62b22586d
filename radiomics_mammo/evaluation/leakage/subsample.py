"""Fewer patients where a table is too large for checks that train many models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 5_000
CELLS = 1_000_000
_FEWEST_ROWS = 1_000
_OF_A_CLASS = 50


def fewer_patients(
    y: NDArray[np.int8], group: NDArray[np.int64], *, columns: int, seed: int
) -> tuple[NDArray[np.int64], str]:
    """Choose patients, with all their rows, so that the table has at most about ``ROWS`` rows and ``CELLS`` cells.

    Patients with a positive row and patients without are drawn in their proportion, but at least fifty of each
    kind, or all there are; a wide table keeps at least 1,000 rows.

    Parameters
    ----------
    y : ndarray of int8, shape (n_rows,)
    group : ndarray of int64, shape (n_rows,)
        The patient, coded from 0.
    columns : int
    seed : int

    Returns
    -------
    rows : ndarray of int64, shape (n_kept,)
        Ascending; all of them where the table is small enough.
    remark : str
        What was left out, empty if nothing.
    """
    limit = min(ROWS, max(_FEWEST_ROWS, CELLS // max(columns, 1)))
    if y.size <= limit:
        return np.arange(y.size, dtype=np.int64), ""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xFE3E]))
    positive = np.bincount(group, weights=y) > 0
    chosen = np.zeros(positive.size, dtype=np.bool_)
    for kind in (True, False):
        patients = np.flatnonzero(positive == kind)
        wanted = max(round(patients.size * limit / y.size), min(patients.size, _OF_A_CLASS))
        chosen[rng.permutation(patients)[:wanted]] = True
    rows = np.flatnonzero(chosen[group]).astype(np.int64)
    return rows, (
        f"{int(chosen.sum()):,} of {positive.size:,} patients ({rows.size:,} of {y.size:,} rows), drawn at random, "
        "to bound the time"
    )
