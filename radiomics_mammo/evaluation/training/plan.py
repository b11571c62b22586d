"""What all folds of a run share: the cohort, the folds, the candidates and their tuning."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Candidate, Cohort, Settings
from radiomics_mammo.evaluation.training.samplers import SAMPLERS

WHOLE = -1
"""The fold that trains on all patients of the cohort and predicts the test set, if there is one."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the models of a fold are tuned, inside the fold.

    Attributes
    ----------
    trials : int
        Trials of each candidate; the first has the defaults.
    folds : int
        Inner folds, on the patient.
    select : str
        ``auto`` (linear models and support vector machines may choose few features first), ``none``, or a
        method of :data:`radiomics_mammo.evaluation.training.feature_selection.RANKINGS` for all models.
    calibration : str
        ``sigmoid``, ``isotonic`` or ``none``.
    operate_at : str
        The rule by which the threshold of a call is chosen, as ``sensitivity:0.9``.
    """

    trials: int = 6
    folds: int = 3
    select: str = "auto"
    calibration: str = "sigmoid"
    operate_at: str = "sensitivity:0.9"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What all folds of a run share.

    Attributes
    ----------
    fold_of : ndarray of int16, shape (n_repeats, n_units)
        The fold in which a unit is tested.
    test : Cohort or None
        Test patients, predicted by models of the whole cohort.
    """

    cohort: Cohort
    fold_of: NDArray[np.int16]
    candidates: tuple[Candidate, ...]
    settings: Settings
    seed: int
    tuning: Tuning = Tuning()
    test: Cohort | None = None
    members: tuple[Candidate, ...] = ()

    @property
    def n_folds(self) -> int:
        """Return the number of folds of a repeat."""
        return int(self.fold_of.max()) + 1

    @property
    def n_repeats(self) -> int:
        """Return the number of repeats."""
        return int(self.fold_of.shape[0])

    def test_units(self, repeat: int, fold: int) -> NDArray[np.intp]:
        """Return the units that a fold predicts: of the cohort, or of the test set in ``WHOLE``."""
        if fold != WHOLE:
            return np.flatnonzero(self.fold_of[repeat] == fold)
        return np.arange(0 if self.test is None else self.test.units.y.size)


def light(plan: Plan) -> Plan:
    """Return a plan without identity columns, which each worker would copy."""
    test = None if plan.test is None else _without_text(plan.test)
    return replace(plan, cohort=_without_text(plan.cohort), test=test)


def _without_text(cohort: Cohort) -> Cohort:
    units = replace(cohort.units, rows=cohort.units.rows.iloc[:0])
    return replace(cohort, rows=cohort.rows.iloc[:0], units=units)


def check_patients(plan: Plan) -> None:
    """Raise an error if a fold leaves too few patients for its inner folds."""
    units = plan.cohort.units
    for repeat, assigned in enumerate(plan.fold_of):
        for fold in range(plan.n_folds):
            for value in (0, 1):
                patients = np.unique(units.group[(assigned != fold) & (units.y == value)]).size
                if patients < 2:
                    raise InputError(
                        f"too few patients of class {value} are left to train on in repeat {repeat}, fold {fold}: "
                        f"{patients}, and tuning and calibration need two",
                        remedy="Use more folds (--folds), or add patients of that class: three are the least.",
                    )


def check_samplers(plan: Plan) -> None:
    """Raise an error if a candidate's sampler would not have enough cases in some fold."""
    y, unit = plan.cohort.y, plan.cohort.units.of
    for repeat, assigned in enumerate(plan.fold_of):
        for fold in range(plan.n_folds):
            fewest = int(np.bincount(y[assigned[unit] != fold], minlength=2).min())
            for candidate in plan.candidates:
                if fewest < SAMPLERS[candidate.sampler].least:
                    raise InputError(
                        f"{candidate.name} needs {SAMPLERS[candidate.sampler].least} training cases of the rarer "
                        f"class, and repeat {repeat}, fold {fold} has {fewest}",
                        remedy="Leave that candidate out with --models, or add cases.",
                    )
