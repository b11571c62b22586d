"""What all folds of a run share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Arm, Cohort, Settings
from radiomics_mammo.evaluation.training.registry import MODELS, SAMPLERS

WHOLE = -1
"""The fold in which all training people are trained on, and the test set, if there is one, is predicted."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the models of a fold are chosen, inside the fold.

    Attributes
    ----------
    trials : int
        Settings tried for each arm; the first are the defaults.
    folds : int
        Inner folds, on the person.
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
    cohort : Cohort
        Everybody who is trained on.
    fold_of : ndarray of int16, shape (n_repeats, n_units)
        The fold in which a unit is tested.
    arms : tuple of Arm
    settings : Settings
    seed : int
    tuning : Tuning
    test : Cohort or None
        People who are predicted by models of all the others, and never trained on.
    members : tuple of Arm
        What the ensembles among the arms are made of.
    """

    cohort: Cohort
    fold_of: NDArray[np.int16]
    arms: tuple[Arm, ...]
    settings: Settings
    seed: int
    tuning: Tuning = Tuning()
    test: Cohort | None = None
    members: tuple[Arm, ...] = ()

    @property
    def n_folds(self) -> int:
        """Number of folds a repeat."""
        return int(self.fold_of.max()) + 1

    @property
    def n_repeats(self) -> int:
        """Number of repeats."""
        return int(self.fold_of.shape[0])

    @property
    def models(self) -> tuple[Arm, ...]:
        """The arms without their samplers, each once, in the order of the arms; ensembles aside."""
        single = [arm for arm in self.arms if MODELS[arm.model].fit != "ensemble"]
        return tuple(dict.fromkeys(Arm(arm.model, block=arm.block) for arm in single))

    def test_units(self, repeat: int, fold: int) -> NDArray[np.intp]:
        """Give the units that a fold predicts, of the cohort, or of the test set in the fold ``WHOLE``."""
        if fold != WHOLE:
            return np.flatnonzero(self.fold_of[repeat] == fold)
        return np.arange(0 if self.test is None else self.test.units.y.size)


def light(plan: Plan) -> Plan:
    """Leave the identity columns at home: arrays travel to workers once, by memory map, but text with each fold."""
    test = None if plan.test is None else _without_text(plan.test)
    return replace(plan, cohort=_without_text(plan.cohort), test=test)


def _without_text(cohort: Cohort) -> Cohort:
    units = replace(cohort.units, rows=cohort.units.rows.iloc[:0])
    return replace(cohort, rows=cohort.rows.iloc[:0], units=units)


def check_people(plan: Plan) -> None:
    """Refuse, before anything is trained, folds that leave too few people for the inner folds.

    Raises
    ------
    InputError
        Naming the fold and the class.
    """
    units = plan.cohort.units
    for repeat, assigned in enumerate(plan.fold_of):
        for fold in range(plan.n_folds):
            for value in (0, 1):
                people = np.unique(units.group[(assigned != fold) & (units.y == value)]).size
                if people < 2:
                    raise InputError(
                        f"too few people of class {value} are left to train on in repeat {repeat}, fold {fold}: "
                        f"{people}, and tuning and calibration need two",
                        remedy="Use more folds (--folds), or add people of that class: three are the least.",
                    )


def check_samplers(plan: Plan) -> None:
    """Refuse, before anything is trained, an arm whose sampler would not have enough cases in some fold.

    Raises
    ------
    InputError
        Naming the arm, the fold and what is there.
    """
    y, unit = plan.cohort.y, plan.cohort.units.of
    for repeat, assigned in enumerate(plan.fold_of):
        for fold in range(plan.n_folds):
            fewest = int(np.bincount(y[assigned[unit] != fold], minlength=2).min())
            for arm in plan.arms:
                if fewest < SAMPLERS[arm.sampler].least:
                    raise InputError(
                        f"{arm.name} needs {SAMPLERS[arm.sampler].least} training cases of the rarer class, "
                        f"and repeat {repeat}, fold {fold} has {fewest}",
                        remedy="Leave that arm out with --models, or add cases.",
                    )
