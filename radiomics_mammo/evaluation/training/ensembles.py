"""Late fusion: scores of several candidates, combined inside each outer fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate
from radiomics_mammo.evaluation.training.calibration import expit, logit
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.nested_cv import CandidateFold, TunedFold, calibrate
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.registry import MODELS

Floats = NDArray[np.float64]
Fusion = tuple[Floats, Floats, Floats | None]
"""Combined scores of the training units, out of fold, and of the test units; the weights of the members, if any."""

_PENALTY = 1.0  # of the stack, on standardised log-odds: members that say the same share the weight


def ensembles(plan: Plan, results: Sequence[CandidateFold]) -> Iterator[CandidateFold]:
    """Compute the predictions of the ensembles among the candidates in each fold.

    Nothing but the members' scores is used, and of the training patients only scores by models that had not seen
    them (the inner folds'). Calibrator and threshold are fitted as any candidate's are.
    """
    wanted = [candidate for candidate in plan.candidates if MODELS[candidate.model].ensemble]
    if not wanted:
        return
    by_fold: dict[tuple[int, int], dict[str, CandidateFold]] = {}
    for each in results:
        by_fold.setdefault((each.repeat, each.fold), {})[each.candidate] = each
    for (repeat, fold), fold_results in sorted(by_fold.items()):
        data = FoldData(plan, repeat=repeat, fold=fold, block=FEATURES)
        for candidate in wanted:
            yield _combine(data, candidate, [fold_results[member.name] for member in plan.members])


def _combine(fold: FoldData, candidate: Candidate, members: Sequence[CandidateFold]) -> CandidateFold:
    started = time.perf_counter()
    names = [each.candidate for each in members]
    known = np.column_stack([each.tuned.calibrator(_out_of_fold(each)) for each in members])
    tested = np.column_stack([each.p for each in members])
    inner, raw, weights = FUSIONS[candidate.model](fold, known, tested)
    parameters: dict[str, Any] = {"members": names}
    if weights is not None:
        parameters["weights"] = dict(zip(names, weights.tolist(), strict=True))
    tuning = fold.plan.tuning
    calibrator, threshold = calibrate(inner, fold.unit_y, kind=tuning.calibration, operate_at=tuning.operate_at)
    score = float(np.mean([_auroc(fold.unit_y[units], inner[units]) for units in _inner_units(fold)]))
    tuned = TunedFold(parameters, score, calibrator, threshold)
    repeat, number = members[0].repeat, members[0].fold
    return CandidateFold(candidate.name, repeat, number, raw, calibrator(raw), tuned, time.perf_counter() - started)


def _out_of_fold(each: CandidateFold) -> Floats:
    assert each.tuned.out_of_fold is not None  # members store them
    return each.tuned.out_of_fold


def _average(fold: FoldData, known: Floats, tested: Floats) -> Fusion:  # noqa: ARG001 (one signature for the table)
    return known.mean(axis=1), tested.mean(axis=1), None


def _rank_average(fold: FoldData, known: Floats, tested: Floats) -> Fusion:  # noqa: ARG001
    return rank_average(known, known), rank_average(known, tested), None


def rank_average(known: Floats, p: Floats) -> Floats:
    """Average each member's rank of a case among its out-of-fold scores of the training units.

    A case's value does not depend on who else is predicted with it; ties count half.

    ``known`` has shape (n_training_units, n_members), ``p`` (n_units, n_members).
    """
    ranks = []
    for known_scores, each in zip(np.sort(known, axis=0).T, p.T, strict=True):
        train_test = [np.searchsorted(known_scores, each, side=side) for side in ("left", "right")]
        ranks.append((train_test[0] + train_test[1]) / (2 * known_scores.size))
    return np.asarray(np.mean(ranks, axis=0))


def _stack(fold: FoldData, known: Floats, tested: Floats) -> Fusion:
    """Fit a logistic regression on the members' log-odds (Wolpert, Neural Netw 1992;5:241-259)."""
    inner = np.empty(len(known))
    z = logit(known)
    for units in _inner_units(fold):
        others = np.setdiff1d(np.arange(len(known)), units)
        inner[units] = _apply(z[units], _fit(z[others], fold.unit_y[others]))
    final = _fit(z, fold.unit_y)
    return inner, _apply(logit(tested), final), final["weights"]


def _fit(z: Floats, y: NDArray[np.int8]) -> Mapping[str, Any]:
    from sklearn.linear_model import LogisticRegression

    centre, width = z.mean(axis=0), z.std(axis=0)
    width = np.where(width > 0, width, 1.0)
    fitted: Any = LogisticRegression(C=_PENALTY, max_iter=1_000).fit((z - centre) / width, y)
    return {"centre": centre, "width": width, "weights": fitted.coef_[0], "intercept": float(fitted.intercept_[0])}


def _apply(z: Floats, fitted: Mapping[str, Any]) -> Floats:
    return expit(fitted["intercept"] + (z - fitted["centre"]) / fitted["width"] @ fitted["weights"])


def _inner_units(fold: FoldData) -> list[NDArray[np.int64]]:
    """Return the validation units of each inner fold."""
    return [np.unique(fold.unit_of[rows]) for _, rows in fold.inner]


def _auroc(y: NDArray[np.int8], p: Floats) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, p))


FUSIONS: dict[str, Callable[[FoldData, Floats, Floats], Fusion]] = {
    "average": _average,
    "rank-average": _rank_average,
    "stack": _stack,
}
"""By the model: takes the fold, and the members' calibrated scores of its training units and of its test units."""
