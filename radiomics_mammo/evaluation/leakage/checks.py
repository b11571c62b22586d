"""Leakage checks that run after every comparison, on its table and its splits.

They train baseline models. What the compared models do within a fold (tuning, feature selection, resampling,
calibration) is not checked here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.duplicates import connected_codes, find_duplicates
from radiomics_mammo.evaluation.cohort.parse_cells import format_list
from radiomics_mammo.evaluation.cohort.patient_groups import repeated_in
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.leakage.identifier_columns import identifier_columns, identifier_limits
from radiomics_mammo.evaluation.leakage.label_checks import (
    SEPARATES,
    are_most,
    patients_of_both_classes,
    separating_columns,
)
from radiomics_mammo.evaluation.leakage.permutation_test import PERMUTATIONS, permutation_test
from radiomics_mammo.evaluation.leakage.subsample import subsample_patients
from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats

PLANTED = "planted_patient_code"
_COPIES = 5
_SHOWN = 5


@dataclass(frozen=True, slots=True, eq=False)
class CheckInput:
    """Input of a leakage check.

    Attributes
    ----------
    cohort : Cohort
    fold_of : ndarray of int, shape (n_repeats, n_rows)
        The fold in which a row is tested.
    seed : int
    workers : int
        Processes; no result depends on it.
    permutations : int
        Of the labels.
    """

    cohort: Cohort
    fold_of: NDArray[np.integer]
    seed: int = 0
    workers: int = 1
    permutations: int = PERMUTATIONS


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes
    ----------
    passed : bool
    value : float
        The AUROC, the proportion of planted columns or copies that was detected, or the number of patients or columns
        at fault.
    sentence : str
    low, high : float
        95% interval of the AUROC; NaN for all others.
    """

    passed: bool
    value: float
    sentence: str
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class LeakageCheck:
    """A line of ``LEAKAGE_CHECKS``.

    Attributes
    ----------
    title : str
        What is checked, in words.
    run : callable (CheckInput) -> CheckResult
    warning : bool
        Whether a failure points at columns or images to inspect, not at a broken split.
    """

    title: str
    run: Callable[[CheckInput], CheckResult]
    warning: bool = False


def leakage_checks(
    cohort: Cohort,
    fold_of: NDArray[np.integer],
    *,
    seed: int = 0,
    workers: int = 1,
    permutations: int = PERMUTATIONS,
) -> pd.DataFrame:
    """Check the table and the splits of a run for leakage.

    Parameters
    ----------
    cohort, fold_of, seed, workers, permutations
        See :class:`CheckInput`; rows, not units: of units, ``fold_of[:, cohort.units.of]``.

    Returns
    -------
    pandas.DataFrame
        A row a check of ``LEAKAGE_CHECKS``: ``check``, ``passed``, ``value``, ``low``, ``high``, ``sentence``.

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
    given = CheckInput(cohort, fold_of, seed, workers, permutations)
    results = [{"check": name, **asdict(check.run(given))} for name, check in LEAKAGE_CHECKS.items()]
    return pd.DataFrame(results)[["check", "passed", "value", "low", "high", "sentence"]]


def check_permuted_labels(given: CheckInput) -> CheckResult:
    """Check that a baseline model scores no more than one half on labels permuted between patients."""
    cohort = given.cohort
    rows, subsample = subsample_patients(cohort.y, cohort.group, columns=cohort.x.shape[1], seed=given.seed)
    test = permutation_test(
        cohort.x[rows],
        cohort.y[rows],
        _factorize(cohort.group[rows]),
        given.fold_of[:, rows],
        seed=given.seed,
        workers=given.workers,
        permutations=given.permutations,
    )
    if np.isnan(test.value):
        sentence = "Permuted labels leave no fold with both classes: this cannot be checked; use fewer folds."
    else:
        sentence = (
            f"With labels permuted between patients, {given.permutations} times"
            f"{f' on {subsample}' if subsample else ''}, the AUROC of a baseline model is {test.value:.3f} "
            f"({test.low:.3f} to {test.high:.3f})"
        )
        sentence += (
            ": not above 0.5, as expected where nothing leaks."
            if test.passed
            else ", above 0.5. One run in forty does so by chance: run again with another --seed; if it happens again, "
            "a feature or the split reveals the label."
        )
    return CheckResult(test.passed, test.value, sentence, test.low, test.high)


def check_planted_identifier(given: CheckInput) -> CheckResult:
    """Check that a planted random code of each patient is detected.

    Where too few patients have several rows for that, the code counts along the rows instead.
    """
    cohort = given.cohort
    rng = np.random.default_rng(np.random.SeedSequence([given.seed, 0x1D]))
    limits = identifier_limits(cohort.group)
    codes = rng.choice(10**9, size=cohort.n_patients, replace=False).astype(np.float64)
    planted = np.arange(cohort.y.size, dtype=np.float64) if limits else codes[cohort.group]
    passed = len(identifier_columns(planted[:, None], [PLANTED], cohort.group, cohort.rows)) == 1
    result = "detected" if passed else "NOT detected: trust no other check of columns"
    return CheckResult(passed, float(passed), f"A planted patient code was {result}. {limits}".strip())


def check_planted_duplicates(given: CheckInput) -> CheckResult:
    """Check that rows copied to other patients are detected by content."""
    cohort = given.cohort
    rng = np.random.default_rng(np.random.SeedSequence([given.seed, 0xD0B1E]))
    rows, _ = subsample_patients(cohort.y, cohort.group, columns=cohort.x.shape[1], seed=given.seed)
    x, group = cohort.x[rows], _factorize(cohort.group[rows])
    source, destination = _draw_copies(x, group, rng)
    if source.size == 0:
        return CheckResult(True, float("nan"), "There are too few patients to plant an image under another patient.")
    x[destination] = x[source]
    pairs, _ = find_duplicates(x, group, cohort.rows.iloc[rows][["case_id"]], features=cohort.features)
    # A pair may be linked through a third row that shows the same image.
    linked = connected_codes(pairs, rows.size)
    detected = int((linked[source] == linked[destination]).sum())
    passed = detected == source.size
    sentence = f"{detected} of {source.size} images planted under another patient were detected by content."
    if not passed:
        sentence += " These features are too few or too coarse to recognise an image."
    return CheckResult(passed, detected / source.size, sentence)


def _draw_copies(x: Floats, group: Codes, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Draw rows to copy and rows of other patients to replace."""
    # Flat or empty regions look alike in all patients: copy rows that hold as many distinct values as most do.
    distinct = np.array([np.unique(row[~np.isnan(row)]).size for row in x])
    patients = rng.permutation(int(group.max()) + 1)
    row_of = np.full(patients.size, -1, dtype=np.int64)
    order = rng.permutation(group.size)
    row_of[group[order]] = order
    usable = (distinct >= np.median(distinct))[row_of]
    source = patients[usable[patients]][: min(_COPIES, patients.size // 2)]
    destination = patients[~np.isin(patients, source)][: source.size]
    return row_of[source[: destination.size]], row_of[destination]


def check_patient_overlap(given: CheckInput) -> CheckResult:
    """Check that no patient has rows in the training and in the test part of a split."""
    cohort = given.cohort
    repeats = repeated_in(cohort.rows, cohort.group_column, known=(cohort.label,))
    if repeats:
        return CheckResult(False, float("nan"), f"Not checked: every row counts as a patient, but {repeats}.")
    group = cohort.group
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(int(group.max()) + 1))
    folds = given.fold_of[:, order]
    overlap = np.minimum.reduceat(folds, starts, axis=1) != np.maximum.reduceat(folds, starts, axis=1)
    count = int(overlap.any(axis=0).sum())
    sentence = (
        f"No patient of {starts.size:,} is in the training and the test part of a split."
        if count == 0
        else f"{count:,} of {starts.size:,} patients are in both parts of a split: the figures are too optimistic."
    )
    return CheckResult(count == 0, float(count), sentence)


def check_identifier_columns(given: CheckInput) -> CheckResult:
    """Check that no feature identifies the patient."""
    cohort = given.cohort
    columns = identifier_columns(cohort.x, cohort.features, cohort.group, cohort.rows)
    sentence = "No feature identifies the patient."
    if len(columns):
        shown = "; ".join(f"{row.column}: {row.why}" for row in columns.head(_SHOWN).itertuples())
        more = f"; and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
        sentence = f"Features that may identify the patient: {shown}{more}. Remove them unless they are intended."
    sentence = f"{sentence} {identifier_limits(cohort.group)}".strip()
    return CheckResult(len(columns) == 0, float(len(columns)), sentence)


def check_duplicates(given: CheckInput) -> CheckResult:
    """Check that no image is in the table under two patients."""
    cohort = given.cohort
    # By name: the cohort's groups join patients who share an image already.
    group = _factorize(cohort.rows["patient_id"])
    pairs, remarks = find_duplicates(cohort.x, group, cohort.rows, features=cohort.features)
    sentence = " ".join(remarks) or "No image is in the table under two patients."
    return CheckResult(len(pairs) == 0, float(np.unique(pairs).size), sentence)


def check_separating_columns(given: CheckInput) -> CheckResult:
    """Check that no feature alone separates the classes."""
    cohort = given.cohort
    columns = separating_columns(cohort.x, cohort.y, cohort.group, given.fold_of, seed=given.seed)
    sentence = f"No feature alone separates the classes (AUROC {SEPARATES} or more)."
    if columns:
        shown = [f"{cohort.features[at]} (AUROC {value:.3f})" for at, value in columns]
        sentence = (
            f"Features that alone separate the classes: {format_list(shown)}. They may hold the label itself, or what "
            "is known only after the diagnosis."
        )
    return CheckResult(not columns, float(len(columns)), sentence)


def check_labels_of_patients(given: CheckInput) -> CheckResult:
    """Check that most patients of several rows have rows of one class only."""
    both, several = patients_of_both_classes(given.cohort.y, given.cohort.group)
    failed = are_most(both, several)
    sentence = f"{both:,} of {several:,} patients with several rows have rows of both classes"
    sentence += (
        f": check the label {given.cohort.label!r}, and whether {given.cohort.group_column!r} identifies patients."
        if failed
        else "."
    )
    return CheckResult(not failed, float(both), sentence)


def _factorize(values: pd.Series | Codes) -> Codes:
    return np.asarray(pd.factorize(values)[0], dtype=np.int64)


LEAKAGE_CHECKS: dict[str, LeakageCheck] = {
    "permutation_test": LeakageCheck("Baseline model on permuted labels", check_permuted_labels),
    "planted_identifier": LeakageCheck("Detection of a planted patient code", check_planted_identifier),
    "planted_duplicates": LeakageCheck("Detection of planted copies of images", check_planted_duplicates),
    "patient_overlap": LeakageCheck("Patients in training and test part", check_patient_overlap),
    "identifier_columns": LeakageCheck("Features that identify the patient", check_identifier_columns, warning=True),
    "duplicates": LeakageCheck("Images under several patients", check_duplicates, warning=True),
    "separating_columns": LeakageCheck(
        "Features that alone separate the classes", check_separating_columns, warning=True
    ),
    "labels_of_patients": LeakageCheck("Patients of both classes", check_labels_of_patients, warning=True),
}
"""The checks of every run, in the order of ``leakage_checks.csv``."""
