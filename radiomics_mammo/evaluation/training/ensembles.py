"""Late fusion: scores of several candidates, combined inside each outer fold."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate
from radiomics_mammo.evaluation.training.calibration import expit, logit
from radiomics_mammo.evaluation.training.fold_data import Bench
from radiomics_mammo.evaluation.training.nested_cv import CandidateFold, Choice, calibrate
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.registry import MODELS

Floats = NDArray[np.float64]

_PENALTY = 1.0  # of the stack, on standardised log-odds: members that say the same share the weight


def ensembles(plan: Plan, found: Sequence[CandidateFold]) -> Iterator[CandidateFold]:
    """Give what the ensembles among the candidates come to in each fold.

    Nothing but the members' scores is used, and of the training patients only scores by models that had not seen
    them (the inner folds'). Calibrator and threshold are fitted as any candidate's are.

    Parameters
    ----------
    plan : Plan
    found : sequence of ArmFold
        Of all other candidates, the members' with their out-of-fold scores.
    """
    asked = [candidate for candidate in plan.candidates if MODELS[candidate.model].fit == "ensemble"]
    if not asked:
        return
    by_fold: dict[tuple[int, int], dict[str, CandidateFold]] = {}
    for one in found:
        by_fold.setdefault((one.repeat, one.fold), {})[one.candidate] = one
    for (repeat, fold), own in sorted(by_fold.items()):
        bench = Bench(plan, repeat=repeat, fold=fold, block=FEATURES)
        for candidate in asked:
            yield _together(bench, candidate, [own[member.name] for member in plan.members])


def _together(bench: Bench, candidate: Candidate, members: Sequence[CandidateFold]) -> CandidateFold:
    started = time.perf_counter()
    names = [one.candidate for one in members]
    held = np.column_stack([one.choice.calibrator(_held(one)) for one in members])
    tested = np.column_stack([one.p for one in members])
    said: dict[str, Any] = {"members": names}
    if candidate.model == "average":
        inner, raw = held.mean(axis=1), tested.mean(axis=1)
    elif candidate.model == "rank-average":
        inner, raw = (rank_average(held, p) for p in (held, tested))
    else:
        inner, raw, weights = _stacked(bench, held, tested)
        said["weights"] = dict(zip(names, weights.tolist(), strict=True))
    tuning = bench.plan.tuning
    calibrator, threshold = calibrate(inner, bench.unit_y, kind=tuning.calibration, operate_at=tuning.operate_at)
    score = float(np.mean([_auroc(bench.unit_y[units], inner[units]) for units in _inner_units(bench)]))
    choice = Choice(said, score, calibrator, threshold)
    repeat, fold = members[0].repeat, members[0].fold
    return CandidateFold(candidate.name, repeat, fold, raw, calibrator(raw), choice, time.perf_counter() - started)


def _held(one: CandidateFold) -> Floats:
    assert one.choice.held is not None  # members keep them
    return one.choice.held


def rank_average(known: Floats, p: Floats) -> Floats:
    """Average each member's rank of a case among its out-of-fold scores of the training units.

    A case's value does not depend on who else is predicted with it.

    Parameters
    ----------
    known : ndarray of float64, shape (n_training_units, n_members)
    p : ndarray of float64, shape (n_units, n_members)

    Returns
    -------
    ndarray of float64, shape (n_units,)
        The share of training units below, those that are equal counted half.
    """
    ranks = []
    for known_one, one in zip(np.sort(known, axis=0).T, p.T, strict=True):
        train_test = [np.searchsorted(known_one, one, side=side) for side in ("left", "right")]
        ranks.append((train_test[0] + train_test[1]) / (2 * known_one.size))
    return np.asarray(np.mean(ranks, axis=0))


def _stacked(bench: Bench, held: Floats, tested: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit a logistic regression on the members' log-odds (Wolpert 1992), out of fold for the training units."""
    inner = np.empty(len(held))
    z = logit(held)
    for units in _inner_units(bench):
        others = np.setdiff1d(np.arange(len(held)), units)
        inner[units] = _apply(z[units], _fit(z[others], bench.unit_y[others]))
    final = _fit(z, bench.unit_y)
    return inner, _apply(logit(tested), final), final["weights"]


def _fit(z: Floats, y: NDArray[np.int8]) -> Mapping[str, Any]:
    from sklearn.linear_model import LogisticRegression

    centre, width = z.mean(axis=0), z.std(axis=0)
    width = np.where(width > 0, width, 1.0)
    fitted: Any = LogisticRegression(C=_PENALTY, max_iter=1_000).fit((z - centre) / width, y)
    return {"centre": centre, "width": width, "weights": fitted.coef_[0], "intercept": float(fitted.intercept_[0])}


def _apply(z: Floats, fitted: Mapping[str, Any]) -> Floats:
    return expit(fitted["intercept"] + (z - fitted["centre"]) / fitted["width"] @ fitted["weights"])


def _inner_units(bench: Bench) -> list[NDArray[np.int64]]:
    """Give the units that each inner fold holds out."""
    return [np.unique(bench.unit_of[held]) for _, held in bench.inner]


def _auroc(y: NDArray[np.int8], p: Floats) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, p))
