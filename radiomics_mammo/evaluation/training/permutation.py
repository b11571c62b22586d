"""One candidate trained again on labels that tell nothing: what its explanation looks like by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.patient_groups import draw_by_class
from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training.candidate_rows import Rankings
from radiomics_mammo.evaluation.training.cross_validation import Outcome, fold_data
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS, rank_features
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.held_out import Measure, explained_names
from radiomics_mammo.evaluation.training.label_permutation import fold_auroc, permuted_labels
from radiomics_mammo.evaluation.training.nested_cv import TunedFold, fit
from radiomics_mammo.evaluation.training.plan import WHOLE, Plan, light
from radiomics_mammo.evaluation.training.preprocessing import source_columns

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

_ATTEMPTS = 50
_TOGETHER = 10  # labellings that share one fold's prepared rows


@dataclass(frozen=True, slots=True, eq=False)
class PermutedLabels:
    """What a candidate gave on permuted labels, in the folds of the first repeat.

    Attributes
    ----------
    size : ndarray of float64, shape (n_permutations, n_folds, n_features)
        Mean absolute contribution on the fold's held-out rows.
    held : ndarray of int64, shape (n_folds,)
        How many rows that were.
    auroc : ndarray of float64, shape (n_permutations,)
        Of the held-out rows, against the permuted labels, within folds; near one half where nothing leaks.
    rows : int
        Rows that took part; fewer than the cohort's where all would take too long.
    """

    size: Floats
    n_validation: NDArray[np.int64]
    auroc: Floats
    rows: int

    @property
    def importance(self) -> Floats:
        """Mean absolute contribution over all held-out rows, shape (n_permutations, n_features)."""
        return np.asarray(np.average(self.size, axis=1, weights=self.n_validation))


def refit_permuted_labels(
    plan: Plan,
    candidate: Candidate,
    outcome: Outcome,
    *,
    measure: Measure,
    permutations: int,
    most_rows: int,
    workers: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> PermutedLabels:
    """Train a candidate as each fold of the first repeat chose, on permuted labels.

    All folds of a permutation share its labels: their training rows overlap, and that alone makes folds agree.
    Settings and the number of rounds are those chosen on the real labels; features are selected anew.

    Parameters
    ----------
    measure : callable (Fitted, x, *, source, n_features) -> ndarray, shape (n_rows, at least n_features + 1)
        Contributions and base value, which add up to the model's score.
    most_rows : int
        Where the cohort has more rows, patients are left out at random, of those with and without a positive row alike.
    """
    from joblib import Parallel, delayed

    subset = _some_patients(plan, most_rows)
    given = _labels(plan, subset, permutations)
    n_features, slim = len(explained_names(plan, candidate)), light(plan)
    parts = np.array_split(np.arange(permutations), -(-permutations // _TOGETHER))
    where = [(fold, part) for fold in range(plan.n_folds) for part in parts]
    todo = [
        delayed(_refit_fold)(
            slim, candidate, outcome.tuned[candidate.name, 0, fold], fold, subset, given[part], measure, n_features
        )
        for fold, part in where
    ]
    size = np.zeros((permutations, plan.n_folds, n_features))
    score = np.full((permutations, subset.size), np.nan)
    n_validation = np.zeros(plan.n_folds, dtype=np.int64)
    done = Parallel(n_jobs=workers, return_as="generator")(todo)
    for (fold, part), (rows, sizes, scores) in zip(where, done, strict=True):
        size[part, fold], n_validation[fold], score[np.ix_(part, rows)] = sizes, rows.size, scores
        for _ in range(part.size if on_done is not None else 0):
            on_done(candidate.name)  # type: ignore[misc]
    fold_of = plan.fold_of[0][plan.cohort.units.of]
    auroc = [fold_auroc(y[subset], p[subset], fold_of[subset]) for y, p in zip(given, score, strict=True)]
    return PermutedLabels(size, n_validation, np.array(auroc), int(subset.sum()))


def _some_patients(plan: Plan, most: int) -> NDArray[np.bool_]:
    """Mark the rows that take part: all, or those of the same share of the patients with and without a positive row."""
    cohort = plan.cohort
    if cohort.y.size <= most:
        return np.ones(cohort.y.size, dtype=np.bool_)
    rng = np.random.default_rng(np.random.SeedSequence([plan.seed, 0x50E]))
    positive = np.bincount(cohort.group, weights=cohort.y) > 0
    fraction, fewest = most / cohort.y.size, 2 * plan.n_folds
    sizes = {False: int((~positive).sum()), True: int(positive.sum())}
    counts = {outcome: max(fewest, round(fraction * n)) for outcome, n in sizes.items()}
    return draw_by_class(positive, counts, rng)[cohort.group]


def _labels(plan: Plan, subset: NDArray[np.bool_], permutations: int) -> NDArray[np.int8]:
    """Give labels of shape (n_permutations, n_rows) such that each fold trains on both classes; 0 where not kept."""
    cohort = plan.cohort
    fold_of = plan.fold_of[0][cohort.units.of][subset]
    y, (_, group) = cohort.y[subset], np.unique(cohort.group[subset], return_inverse=True)
    states = iter(np.random.SeedSequence([plan.seed, 0x5A]).generate_state(_ATTEMPTS * permutations))
    given = np.zeros((permutations, cohort.y.size), dtype=np.int8)
    for labels in given:
        for _ in range(_ATTEMPTS):
            drawn = permuted_labels(y, group.astype(np.int64), seed=int(next(states)))
            if all(0 < drawn[fold_of != fold].mean() < 1 for fold in range(plan.n_folds)):
                break
        labels[subset] = drawn
    return given


def _refit_fold(
    plan: Plan,
    candidate: Candidate,
    tuned: TunedFold,
    fold: int,
    subset: NDArray[np.bool_],
    given: NDArray[np.int8],
    measure: Measure,
    n_features: int,
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Give the rows held out, and for each labelling how much features moved them and their scores."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    sizes, scores = [], []
    with threadpool_limits(1):
        data = fold_data(plan, candidate, repeat=0, fold=fold, included=subset)
        for labels in given:
            permuted = data.with_labels(labels[data.train])
            fitted, _ = fit(permuted, candidate, tuned, _rankings(permuted, tuned))
            x = np.asarray(fitted.preparation.transform(data.test_rows()))
            source = source_columns(fitted.preparation)
            result = measure(fitted, x, source=source, n_features=n_features)
            sizes.append(np.abs(result[:, :n_features]).mean(axis=0))
            scores.append(result[:, : n_features + 1].sum(axis=1))
    return data.test, np.array(sizes), np.array(scores)


def _rankings(data: FoldData, tuned: TunedFold) -> Rankings:
    """Rank the features on the permuted labels, if this candidate selects any."""
    method = tuned.parameters.get("select", "none")
    if method not in RANKINGS:
        return {}
    x, group = data.prepared(WHOLE).train, data.plan.cohort.group[data.train]
    return {(WHOLE, method): rank_features(x, data.y, group, method=method, seed=data.seed)}
