"""Ways from a table to out-of-fold scores, right ones and wrong ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.leakage.quick_models import most_associated, out_of_fold, resampled, scaled
from radiomics_mammo.evaluation.metrics.metrics import auroc
from radiomics_mammo.evaluation.metrics.threshold_counts import curve
from radiomics_mammo.evaluation.training.splits import repeated_folds

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

KEEP = 20
"""Columns that a selection keeps."""
_CELLS = 1_000_000  # of one block of draws x rows


@dataclass(frozen=True, slots=True)
class Way:
    """How a table is led to scores.

    Attributes
    ----------
    columns : {'features', 'features and code', 'code'}
        What the learner is given; the code is a number a patient.
    split : {'patient', 'row'}
        What is kept together.
    before, within : {'', 'oversampling', 'smote', 'selection'}
        What is done to the whole table before it is split, and to the training rows of each fold.
    """

    columns: str = "features"
    split: str = "patient"
    before: str = ""
    within: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """The table that all ways start from.

    Attributes
    ----------
    x : ndarray of float64, shape (n_rows, n_features)
    code : ndarray of float64, shape (n_rows,)
        The number of the patient.
    y : ndarray of int8, shape (n_rows,)
    group : ndarray of int64, shape (n_rows,)
        The patient, coded from 0.
    folds, repeats, seed, workers : int
    """

    x: Floats
    code: Floats
    y: Labels
    group: NDArray[np.int64]
    folds: int
    repeats: int
    seed: int
    workers: int

    @property
    def one_row_each(self) -> bool:
        """Whether every patient has one row, so that splits of rows and of patients are the same."""
        return int(self.group.max()) + 1 == self.y.size


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Scores and the rows that they are judged on: the table's own, or the resampled table's.

    Attributes
    ----------
    y : ndarray of int8, shape (n_judged,)
    p : ndarray of float64, shape (n_repeats, n_judged)
        Out of fold.
    group : ndarray of int64, shape (n_judged,)
        The patient; of a made row, the patient it was made from.
    """

    y: Labels
    p: Floats
    group: NDArray[np.int64]


def judge(bench: Bench, way: Way, learner: str) -> Judged:
    """Lead the table the given way and score all rows out of fold."""
    x = _columns(bench, way.columns)
    y, group = bench.y, bench.group
    if way.before == "selection":
        x = x[:, most_associated(x, y, KEEP)]
    elif way.before:
        x = scaled(x, x[:0])[0] if way.before == "smote" else x
        more = resampled(x, y, kind=way.before, seed=bench.seed)
        x, y, group = more.x, more.y, group[more.source]
    p = out_of_fold(
        x,
        y,
        _folds(bench, y, group, way.split),
        learner=learner,
        resample=way.within if way.within != "selection" else "",
        keep=KEEP if way.within == "selection" else 0,
        seed=bench.seed,
        workers=bench.workers,
    )
    return Judged(y, p, group)


def _columns(bench: Bench, wanted: str) -> Floats:
    code = bench.code[:, None]
    return {"features": bench.x, "features and code": np.hstack([bench.x, code]), "code": code}[wanted]


def _folds(bench: Bench, y: Labels, group: NDArray[np.int64], split: str) -> NDArray[np.int16]:
    from sklearn.model_selection import StratifiedKFold

    if split == "patient" or (bench.one_row_each and y.size == bench.y.size):
        return repeated_folds(y, group, folds=bench.folds, repeats=bench.repeats, seed=bench.seed)
    assigned = np.empty((bench.repeats, y.size), dtype=np.int16)
    for repeat, state in enumerate(np.random.SeedSequence([bench.seed, 0x2035]).generate_state(bench.repeats)):
        splitter = StratifiedKFold(n_splits=bench.folds, shuffle=True, random_state=int(state))
        for fold, (_, test) in enumerate(splitter.split(y[:, None], y)):
            assigned[repeat, test] = fold
    return assigned


def auroc_draws(judged: Judged, counts: NDArray[np.integer]) -> tuple[float, Floats]:
    """Give the AUROC, the mean over repeats of pooled scores, and the same for every draw of patients.

    Parameters
    ----------
    judged : Judged
    counts : ndarray of int, shape (n_draws, n_patients)
        How often each patient is drawn: with all of her rows, made ones included, so that ways are paired even
        where they judge other rows.

    Returns
    -------
    value : float
    draws : ndarray of float64, shape (n_draws,)
        NaN where a draw lacks a class.
    """
    value = float(np.mean([auroc(curve(judged.y, p))[0] for p in judged.p]))
    step = max(1, _CELLS // judged.y.size)
    blocks = []
    for start in range(0, counts.shape[0], step):
        weights = counts[start : start + step][:, judged.group]
        blocks.append(np.mean([auroc(curve(judged.y, p, weights)) for p in judged.p], axis=0))
    return value, np.concatenate(blocks)
