"""Checks of the table and of the splits, every time: each would sing if a patient, or the label, got around a split.

They train quick models of their own. What the compared models do within a fold (tuning, choosing features, resampling,
calibrating) is not looked at here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.duplicates import find_ties
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.leakage.identifier_columns import cannot_tell, identity_columns
from radiomics_mammo.evaluation.leakage.permutation_test import SHUFFLES, null_auroc
from radiomics_mammo.evaluation.leakage.subsample import fewer_patients

PLANTED = "planted_patient_code"
_COPIES = 5
_SHOWN = 5
_NONE = float("nan")


@dataclass(frozen=True, slots=True)
class LeakageCheck:
    """One check and how it went.

    Attributes
    ----------
    check : str
        ``shuffled_labels``, ``planted_identity``, ``planted_duplicates``, ``patients_kept_together``,
        ``identity_columns`` or ``duplicates``.
    passed : bool
        Of the last two, which look for the real thing, False is a warning.
    value : float
        The AUROC, the share of the planted that was found, or how many patients or columns are at fault.
    low, high : float
        95% interval of the AUROC; NaN for all others.
    sentence : str
    """

    check: str
    passed: bool
    value: float
    low: float
    high: float
    sentence: str


def leakage_checks(
    cohort: Cohort,
    fold_of: NDArray[np.integer],
    *,
    seed: int = 0,
    workers: int = 1,
    shuffles: int = SHUFFLES,
) -> pd.DataFrame:
    """Ask the table and the splits of a run whether anything leaks.

    Rows are looked at, not the cohort's units, and quick models trained, not those that are compared.

    Parameters
    ----------
    cohort : Cohort
    fold_of : ndarray of int, shape (n_repeats, n_rows)
        The fold in which a row is tested; of units, ``fold_of[:, cohort.units.of]``.
    seed : int
    workers : int
        Processes; the result does not depend on it.
    shuffles : int
        Of the labels.

    Returns
    -------
    pandas.DataFrame
        A row a check, with the attributes of :class:`LeakageCheck`.

    Raises
    ------
    InputError
        ``fold_of`` is not about the cohort's rows.
    """
    if fold_of.ndim != 2 or fold_of.shape[1] != cohort.y.size:
        raise InputError(
            f"folds of shape {fold_of.shape} for {cohort.y.size} rows",
            remedy="Give the fold of every row: fold_of[:, cohort.units.of] where the folds are of units.",
        )
    checks = (
        _shuffled(cohort, fold_of, seed=seed, workers=workers, shuffles=shuffles),
        planted_identity(cohort, seed=seed),
        planted_duplicates(cohort, seed=seed),
        kept_together(cohort.group, fold_of),
        _identity(cohort),
        _duplicates(cohort),
    )
    return pd.DataFrame([asdict(check) for check in checks])


def _shuffled(cohort: Cohort, fold_of: NDArray[np.integer], *, seed: int, workers: int, shuffles: int) -> LeakageCheck:
    rows, fewer = fewer_patients(cohort.y, cohort.group, columns=cohort.x.shape[1], seed=seed)
    group = np.asarray(pd.factorize(cohort.group[rows])[0], dtype=np.int64)
    null = null_auroc(
        cohort.x[rows], cohort.y[rows], group, fold_of[:, rows], seed=seed, workers=workers, shuffles=shuffles
    )
    on = f" on {fewer}" if fewer else ""
    said = (
        f"With labels shuffled between patients, {shuffles} times{on}, the AUROC of a quick model is {null.value:.3f}"
    )
    if np.isnan(null.value):
        said = "Shuffled labels leave no fold with both classes: this cannot be checked; use fewer folds."
    elif null.holds:
        said += f" ({null.low:.3f} to {null.high:.3f}), which holds 0.5, as it must on this table and these splits."
    else:
        said += (
            f" ({null.low:.3f} to {null.high:.3f}) and not 0.5. One run in twenty does so by chance: run again with "
            "another --seed; if it happens again, something tells the label that should not."
        )
    return LeakageCheck("shuffled_labels", null.holds, null.value, null.low, null.high, said)


def planted_identity(cohort: Cohort, *, seed: int) -> LeakageCheck:
    """Add a code a patient, random digits, and see whether :func:`identity_columns` finds it.

    Where too few patients have several rows for that, the code counts along the rows instead, and it is said.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x1D]))
    limit = cannot_tell(cohort.group)
    codes = rng.choice(10**9, size=cohort.n_patients, replace=False).astype(np.float64)
    planted = np.arange(cohort.y.size, dtype=np.float64) if limit else codes[cohort.group]
    found = identity_columns(planted[:, None], [PLANTED], cohort.group, cohort.rows)
    passed = len(found) == 1
    said = f"A planted patient code was {'found' if passed else 'NOT found: trust no other check of columns'}."
    return LeakageCheck("planted_identity", passed, float(passed), _NONE, _NONE, f"{said} {limit}".strip())


def planted_duplicates(cohort: Cohort, *, seed: int) -> LeakageCheck:
    """Copy rows over rows of other patients and see whether they are found by content alone."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xD0B1E]))
    rows, _ = fewer_patients(cohort.y, cohort.group, columns=cohort.x.shape[1], seed=seed)
    x, group = cohort.x[rows], np.asarray(pd.factorize(cohort.group[rows])[0], dtype=np.int64)
    source, target = _copies(x, group, rng)
    if source.size == 0:
        said = "There are too few patients to plant the image of one under the name of another."
        return LeakageCheck("planted_duplicates", True, _NONE, _NONE, _NONE, said)
    x[target] = x[source]
    ties, _ = find_ties(x, group, cohort.rows.iloc[rows][["case_id"]], features=cohort.features)
    # A tie may run through a third row that shows the same image.
    tied = _linked(ties, rows.size)
    found = int((tied[source] == tied[target]).sum())
    passed = found == source.size
    said = f"{found} of {source.size} images planted under another patient's name were found by content."
    if not passed:
        said += " These features tell too little to know an image again."
    return LeakageCheck("planted_duplicates", passed, found / source.size, _NONE, _NONE, said)


def _copies(
    x: NDArray[np.float64], group: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw rows to copy and rows of others to copy them to, one row of a patient at most."""
    # Flat or empty regions look alike whoever has them: copy rows that hold as many values as most do.
    values = np.array([np.unique(row[~np.isnan(row)]).size for row in x])
    patients = rng.permutation(int(group.max()) + 1)
    one_of = np.full(patients.size, -1, dtype=np.int64)
    order = rng.permutation(group.size)
    one_of[group[order]] = order
    telling = (values >= np.median(values))[one_of]
    source = patients[telling[patients]][: min(_COPIES, patients.size // 2)]
    target = patients[~np.isin(patients, source)][: source.size]
    return one_of[source[: target.size]], one_of[target]


def _linked(ties: NDArray[np.int64], n_rows: int) -> NDArray[np.int64]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(ties), dtype=np.int8), (ties[:, 0], ties[:, 1])), shape=(n_rows, n_rows))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def kept_together(group: NDArray[np.int64], fold_of: NDArray[np.integer]) -> LeakageCheck:
    """Count the patients who are on both sides of some split: whose rows are not all tested in one fold.

    Parameters
    ----------
    group : ndarray of int64, shape (n_rows,)
    fold_of : ndarray of int, shape (n_repeats, n_rows)
    """
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(int(group.max()) + 1))
    inside = fold_of[:, order]
    torn = np.minimum.reduceat(inside, starts, axis=1) != np.maximum.reduceat(inside, starts, axis=1)
    count = int(torn.any(axis=0).sum())
    said = (
        f"Every one of {starts.size:,} patients is on one side of every split."
        if count == 0
        else f"{count:,} of {starts.size:,} patients are on both sides of a split: the figures are too good."
    )
    return LeakageCheck("patients_kept_together", count == 0, float(count), _NONE, _NONE, said)


def _identity(cohort: Cohort) -> LeakageCheck:
    found = identity_columns(cohort.x, cohort.features, cohort.group, cohort.rows)
    limit = cannot_tell(cohort.group)
    said = "No feature names the patient."
    if len(found):
        shown = "; ".join(f"{row.column}: {row.why}" for row in found.head(_SHOWN).itertuples())
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        said = f"Features that may name the patient: {shown}{more}. Take them out unless they are meant."
    return LeakageCheck("identity_columns", len(found) == 0, float(len(found)), _NONE, _NONE, f"{said} {limit}".strip())


def _duplicates(cohort: Cohort) -> LeakageCheck:
    # By name: the cohort's groups already hold together who shares an image.
    named = np.asarray(pd.factorize(cohort.rows["patient_id"])[0], dtype=np.int64)
    ties, remarks = find_ties(cohort.x, named, cohort.rows, features=cohort.features)
    said = " ".join(remarks) or "No image is there under the names of two patients."
    return LeakageCheck("duplicates", len(ties) == 0, float(np.unique(ties).size), _NONE, _NONE, said)
