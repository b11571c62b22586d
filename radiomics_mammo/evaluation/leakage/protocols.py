"""Evaluation protocols, sound and leaky: from a table to scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.leakage.baseline_models import most_associated, out_of_fold, resample_rows, standardise
from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.metrics.metrics import auroc
from radiomics_mammo.evaluation.metrics.threshold_counts import curve
from radiomics_mammo.evaluation.training.splits import repeated_folds

N_SELECTED = 20
"""Columns that a feature selection chooses."""
_BLOCK = 1_000_000  # draws times rows that are computed at once


@dataclass(frozen=True, slots=True)
class EvaluationProtocol:
    """A protocol: columns, split, and steps before and within the folds.

    Attributes
    ----------
    columns : {'features', 'features and code', 'code'}
        What the model is given; the code is a number a patient.
    split : {'patient', 'row'}
        What a fold holds whole.
    before, within : {'', 'oversampling', 'smote', 'selection'}
        What is done to the whole table before the split, and to the training rows of each fold.
    """

    columns: str = "features"
    split: str = "patient"
    before: str = ""
    within: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ProtocolData:
    """The table that all protocols start from.

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
    group: Codes
    folds: int
    repeats: int
    seed: int
    workers: int

    @property
    def single_rows(self) -> bool:
        """Return whether every patient has one row."""
        return int(self.group.max()) + 1 == self.y.size


@dataclass(frozen=True, slots=True, eq=False)
class ProtocolScores:
    """Scores of a protocol with labels and patients of the scored rows.

    Attributes
    ----------
    y : ndarray of int8, shape (n_scored,)
    p : ndarray of float64, shape (n_repeats, n_scored)
        Out of fold.
    group : ndarray of int64, shape (n_scored,)
        The patient; of an added row, the patient of its source.
    """

    y: Labels
    p: Floats
    group: Codes


def run_protocol(data: ProtocolData, protocol: EvaluationProtocol, model: str) -> ProtocolScores:
    """Compute the out-of-fold scores of a baseline model under a protocol."""
    code = data.code[:, None]
    x = {"features": data.x, "features and code": np.hstack([data.x, code]), "code": code}[protocol.columns]
    y, group = data.y, data.group
    if protocol.before == "selection":
        x = x[:, most_associated(x, y, N_SELECTED)]
    elif protocol.before:
        x = standardise(x, x[:0])[0] if protocol.before == "smote" else x
        more = resample_rows(x, y, kind=protocol.before, seed=data.seed)
        x, y, group = more.x, more.y, group[more.source]
    p = out_of_fold(
        x,
        y,
        _folds(data, y, group, protocol.split),
        model=model,
        resample=protocol.within if protocol.within != "selection" else "",
        n_selected=N_SELECTED if protocol.within == "selection" else 0,
        seed=data.seed,
        workers=data.workers,
    )
    return ProtocolScores(y, p, group)


def _folds(data: ProtocolData, y: Labels, group: Codes, split: str) -> NDArray[np.int16]:
    from sklearn.model_selection import StratifiedKFold

    if split == "patient" or (data.single_rows and y.size == data.y.size):
        return repeated_folds(y, group, folds=data.folds, repeats=data.repeats, seed=data.seed)
    assigned = np.empty((data.repeats, y.size), dtype=np.int16)
    for repeat, state in enumerate(np.random.SeedSequence([data.seed, 0x2035]).generate_state(data.repeats)):
        splitter = StratifiedKFold(n_splits=data.folds, shuffle=True, random_state=int(state))
        for fold, (_, test) in enumerate(splitter.split(y[:, None], y)):
            assigned[repeat, test] = fold
    return assigned


def bootstrap_auroc(scores: ProtocolScores, counts: NDArray[np.integer]) -> tuple[float, Floats]:
    """Compute the AUROC of pooled scores, and of every draw of patients.

    Parameters
    ----------
    scores : ProtocolScores
    counts : ndarray of int, shape (n_draws, n_patients)
        How often each patient is drawn, with all rows, added ones included: protocols that score other rows are
        paired, too.

    Returns
    -------
    value : float
    draws : ndarray of float64, shape (n_draws,)
        NaN where a draw lacks a class.
    """
    value = float(np.mean([auroc(curve(scores.y, p))[0] for p in scores.p]))
    step = max(1, _BLOCK // scores.y.size)
    blocks = []
    for start in range(0, counts.shape[0], step):
        weights = counts[start : start + step][:, scores.group]
        blocks.append(np.mean([auroc(curve(scores.y, p, weights)) for p in scores.p], axis=0))
    return value, np.concatenate(blocks)
