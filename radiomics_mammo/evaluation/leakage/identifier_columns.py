"""Columns that identify the patient, recognised by their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats

DIGITS = 9
"""Significant digits in which a patient's values must agree to be called one number."""

PATIENTS = 30
"""Fewest patients of several rows to judge by: among fewer, ages differ as well as codes do."""

DISTINCT = 0.9
CONSTANT = 0.95
RANK_CORRELATION = 0.99
INTRACLASS = 0.98
_ROWS = 20
_MOST_ROWS = 5_000  # for rank correlations


@dataclass(frozen=True, slots=True, eq=False)
class _Patients:
    """Rows in order of patient, patients of one row left out."""

    order: Codes
    sizes: Codes

    @property
    def starts(self) -> Codes:
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)


def identifier_columns(x: Floats, names: Sequence[str], group: Codes, rows: pd.DataFrame) -> pd.DataFrame:
    """Find columns by which a model could recognise patients.

    A column is reported when it is

    - one number a patient (the same to ``DIGITS`` digits in ``CONSTANT`` of the patients of several rows) and
      distinct (more than ``DISTINCT`` of those patients' values differ);
    - nearly so: intraclass correlation above ``INTRACLASS``, both of the values and of their ranks (ICC(1), Shrout
      & Fleiss, Psychol Bull 1979;86:420-428), patients' means as distinct as above. It is not used
      where it holds for most columns: then the rows of a patient are copies of each other;
    - a count along the number in ``patient_id``, or along the rows of the table: Spearman's correlation beyond
      ``RANK_CORRELATION`` in at least twenty rows.

    An age in years or a breast density is one number a patient, but shared by many; a radiomic feature differs
    between a patient's images. A measurement of the patient with many digits is reported: it identifies patients.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_columns)
        NaN where undefined: such rows do not count for the column.
    names : sequence of str
        Of the columns.
    group : ndarray of int64, shape (n_rows,)
        The patient, coded from 0.
    rows : pandas.DataFrame
        With ``patient_id``.

    Returns
    -------
    pandas.DataFrame
        ``column`` and ``why``; no rows where nothing was found. See :func:`identifier_limits` for what was not tested.
    """
    patients = _patients(group)
    several = patients.sizes.size >= PATIENTS
    alike = [_intraclass(x[:, at], patients) if several else float("nan") for at in range(x.shape[1])]
    copies = sum(value > INTRACLASS for value in alike) > max(1, x.shape[1] // 2)
    numbers = patient_numbers(rows["patient_id"].tolist())
    flagged = []
    for at, name in enumerate(names):
        why = _constant_per_patient(x[:, at], patients) if several else ""
        if not why and alike[at] > INTRACLASS and not copies:
            why = _nearly_constant(x[:, at], patients, alike[at])
        why = why or _counts_along(x[:, at], numbers)
        if why:
            flagged.append((str(name), why))
    return pd.DataFrame(flagged, columns=["column", "why"], dtype=object)


def identifier_limits(group: Codes) -> str:
    """Return what :func:`identifier_columns` cannot test here; else empty."""
    several = _patients(group).sizes.size
    if several >= PATIENTS:
        return ""
    patients = "Every patient has one row" if several == 0 else f"Only {several} patients have several rows"
    return f"{patients}: whether a column is one number a patient cannot be tested, only whether it counts along."


def patient_numbers(ids: Sequence[object]) -> Floats:
    """Parse the number in each patient_id; NaN where there is not one."""
    matches = [re.fullmatch(r"\D*(\d{1,15})\D*", str(patient)) for patient in ids]
    return np.array([float(match.group(1)) if match else np.nan for match in matches])


def _patients(group: Codes) -> _Patients:
    sizes = np.bincount(group)
    order = np.argsort(group, kind="stable")
    several = sizes > 1
    return _Patients(order[several[group[order]]].astype(np.int64), sizes[several].astype(np.int64))


def _known(column: Floats, patients: _Patients) -> tuple[Floats, _Patients]:
    """Return values in order of patient without nulls, and those patients."""
    values = column[patients.order]
    known = ~np.isnan(values)
    if known.all():
        return values, patients
    patient = np.repeat(np.arange(patients.sizes.size), patients.sizes)
    counts = np.bincount(patient[known], minlength=patients.sizes.size)
    known &= (counts > 1)[patient]
    return values[known], _Patients(patients.order[known], counts[counts > 1].astype(np.int64))


def _rounded(values: Floats) -> Floats:
    size = np.abs(values)
    power = DIGITS - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0)))
    scale = 10.0 ** np.clip(power, -300, 300)
    return np.where(size > 0, np.rint(values * scale) / scale, 0.0)


def _distinct(values: Floats) -> float:
    return np.unique(_rounded(values)).size / values.size


def _constant_per_patient(column: Floats, patients: _Patients) -> str:
    values, patients = _known(column, patients)
    if patients.sizes.size < PATIENTS:
        return ""
    low = _rounded(np.minimum.reduceat(values, patients.starts))
    high = _rounded(np.maximum.reduceat(values, patients.starts))
    constant = low == high
    if constant.mean() < CONSTANT:
        return ""
    distinct = _distinct(low[constant])
    if distinct <= DISTINCT:
        return ""
    return (
        f"one number a patient in {constant.mean():.0%} of {patients.sizes.size} patients with several rows, "
        f"and {distinct:.0%} of these numbers differ: it identifies patients"
    )


def _intraclass(column: Floats, patients: _Patients, *, ranks: bool = False) -> float:
    """Compute ICC(1) by a one-way analysis of variance; NaN if constant."""
    values, patients = _known(column, patients)
    n, k = values.size, patients.sizes.size
    if k < PATIENTS or values.min() == values.max():
        return float("nan")
    if ranks:
        from scipy.stats import rankdata

        values = rankdata(values)
    values = (values - values.mean()) / max(float(np.abs(values).max()), 1e-300)  # squares neither overflow nor vanish
    means = np.add.reduceat(values, patients.starts) / patients.sizes
    within = float(((values - np.repeat(means, patients.sizes)) ** 2).sum()) / (n - k)
    between = float((patients.sizes * (means - values.mean()) ** 2).sum()) / (k - 1)
    typical = (n - float((patients.sizes**2).sum()) / n) / (k - 1)
    whole = between + (typical - 1) * within
    return (between - within) / whole if whole > 0 else float("nan")


def _nearly_constant(column: Floats, patients: _Patients, alike: float) -> str:
    if _intraclass(column, patients, ranks=True) <= INTRACLASS:
        return ""  # a few patients far from all others, as in a skewed feature
    values, patients = _known(column, patients)
    distinct = _distinct(np.add.reduceat(values, patients.starts) / patients.sizes)
    if distinct <= DISTINCT:
        return ""
    return (
        f"nearly one number a patient: intraclass correlation {alike:.3f} over {patients.sizes.size} patients with "
        f"several rows, whose means differ in {distinct:.0%}"
    )


def _counts_along(column: Floats, numbers: Floats) -> str:
    defined = np.flatnonzero(~np.isnan(column))
    order_of_rows = np.arange(column.size, dtype=np.float64)
    for order, what in ((numbers, "the number in patient_id"), (order_of_rows, "the rows of the table")):
        known = defined[~np.isnan(order[defined])]
        known = known[:: max(1, -(-known.size // _MOST_ROWS))]
        if known.size < _ROWS:
            continue
        rho = _spearman(column[known], order[known])
        if abs(rho) > RANK_CORRELATION:
            return f"counts along {what}: rank correlation {rho:.3f}"
    return ""


def _spearman(a: Floats, b: Floats) -> float:
    """Compute Spearman's correlation; 0 where either is constant."""
    from scipy.stats import rankdata

    if a.min() == a.max() or b.min() == b.max():
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
