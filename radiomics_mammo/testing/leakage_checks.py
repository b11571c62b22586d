"""Conformance check of a leakage check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from radiomics_mammo.evaluation.leakage.checks import CheckInput, CheckResult, LeakageCheck
from radiomics_mammo.evaluation.training.splits import repeated_folds
from radiomics_mammo.testing.result_tables import small_context


def check_leakage_check(check: LeakageCheck, *, given: CheckInput | None = None) -> None:
    """Check that a leakage check passes on sound data, is deterministic, and changes nothing.

    Its sentence ends with a full stop, and its result is the same for another number of processes.

    ``given`` is a cohort without leakage and splits by patient; by default those of a small simulated study.

    Examples
    --------
    >>> from radiomics_mammo.evaluation.leakage.checks import CheckResult, LeakageCheck
    >>> from radiomics_mammo.testing.leakage_checks import check_leakage_check
    >>> def run(given):
    ...     complete = not given.cohort.rows["patient_id"].isna().any()
    ...     return CheckResult(complete, float(complete), "Every row has a patient.")
    >>> check_leakage_check(LeakageCheck("Rows without a patient", run))
    """
    given = sound_input() if given is None else given
    x, folds = given.cohort.x.copy(), given.fold_of.copy()
    result = check.run(given)
    assert isinstance(result, CheckResult), f"{check.title}: the result is no CheckResult"
    assert result.passed, f"{check.title}: it fails on sound data ({result.sentence})"
    assert result.sentence.endswith("."), f"{check.title}: the sentence does not end with a full stop"
    assert np.isnan(result.low) == np.isnan(result.high), f"{check.title}: one bound of the interval is missing"
    for workers in (1, 2):
        again = check.run(replace(given, workers=workers))
        assert repr(again) == repr(result), f"{check.title}: the result differs with {workers} processes"
    unchanged = np.array_equal(x, given.cohort.x, equal_nan=True) and np.array_equal(folds, given.fold_of)
    assert unchanged, f"{check.title}: it changes its input"


def sound_input() -> CheckInput:
    """Return a simulated cohort without leakage and splits by patient.

    Examples
    --------
    >>> from radiomics_mammo.testing.leakage_checks import sound_input
    >>> sound_input().fold_of.shape
    (1, 120)
    """
    cohort = small_context().plan.cohort
    return CheckInput(cohort, repeated_folds(cohort.y, cohort.group, folds=3, repeats=1, seed=0), permutations=4)
