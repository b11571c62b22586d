"""Subsampling of patients in a large table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.patient_groups import draw_by_class
from radiomics_mammo.evaluation.metrics.arrays import Codes, Labels

ROWS = 5_000
VALUES = 1_000_000
_FEWEST_ROWS = 1_000
_FEWEST_PATIENTS = 50  # of each class


def subsample_patients(y: Labels, group: Codes, *, columns: int, seed: int) -> tuple[NDArray[np.int64], str]:
    """Draw patients so that about ``ROWS`` rows and ``VALUES`` values remain.

    Patients with a positive row and patients without are drawn in their proportion, but at least fifty of each
    class, or all there are; of a wide table at least 1,000 rows remain.

    Parameters
    ----------
    y : ndarray of int8, shape (n_rows,)
    group : ndarray of int64, shape (n_rows,)
        The patient, coded from 0.
    columns : int
    seed : int

    Returns
    -------
    rows : ndarray of int64, shape (n_drawn,)
        Ascending; all of them where the table is small enough.
    remark : str
        What was left out, empty if nothing.
    """
    limit = min(ROWS, max(_FEWEST_ROWS, VALUES // max(columns, 1)))
    if y.size <= limit:
        return np.arange(y.size, dtype=np.int64), ""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xFE3E]))
    positive = np.bincount(group, weights=y) > 0
    sizes = {True: int(positive.sum()), False: int((~positive).sum())}
    counts = {outcome: max(round(n * limit / y.size), min(n, _FEWEST_PATIENTS)) for outcome, n in sizes.items()}
    drawn = draw_by_class(positive, counts, rng)
    rows = np.flatnonzero(drawn[group]).astype(np.int64)
    return rows, (
        f"{int(drawn.sum()):,} of {positive.size:,} patients ({rows.size:,} of {y.size:,} rows), drawn at random, "
        "to bound the time"
    )
