"""Out-of-fold predictions: every candidate, every repeat, every fold; everything fitted inside the fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate
from radiomics_mammo.evaluation.training.candidate_rows import Rankings
from radiomics_mammo.evaluation.training.ensembles import ensembles
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS, rank_features
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.nested_cv import CandidateFold, TunedFold, fit, may_select, score_test, tune
from radiomics_mammo.evaluation.training.plan import WHOLE, Plan, check_samplers, light
from radiomics_mammo.evaluation.training.registry import MODELS, block_of

Floats = NDArray[np.float64]
Fold = tuple[int, int]
"""Repeat and fold; ``(0, WHOLE)`` trains on all patients."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The predictions of a cross-validation.

    Attributes
    ----------
    raw, p : ndarray of float64, shape (n_candidates, n_repeats, n_units)
        Score and calibrated probability of the positive class by a model that did not see the unit's patient.
    called : ndarray of bool, shape (n_candidates, n_repeats, n_units)
        Whether the probability reached the threshold that the fold's training patients gave.
    test : dict of str to CandidateFold
        By candidate: predictions of the test set by models of the whole cohort; empty without one.
    notes : tuple of str
        What a model had to do differently, once a candidate.
    """

    raw: Floats
    p: Floats
    called: NDArray[np.bool_]
    test: Mapping[str, CandidateFold]
    tuned: Mapping[tuple[str, int, int], TunedFold]
    rankings: Mapping[Fold, Rankings]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]


OnDone = Callable[[str], None]


def folds_of(plan: Plan) -> list[Fold]:
    """List the folds to be trained; with a test set, the fold ``WHOLE`` comes last."""
    listed = [(repeat, fold) for repeat in range(plan.n_repeats) for fold in range(plan.n_folds)]
    return listed if plan.test is None else [*listed, (0, WHOLE)]


def models_of(plan: Plan) -> tuple[Candidate, ...]:
    """Return the candidates without samplers and ensembles, each once."""
    single = [candidate for candidate in plan.candidates if not MODELS[candidate.model].ensemble]
    return tuple(dict.fromkeys(Candidate(candidate.model, block=candidate.block) for candidate in single))


def ranks(plan: Plan) -> bool:
    """Return whether any candidate may select features first."""
    return any(may_select(candidate, plan.tuning.select) for candidate in models_of(plan))


def steps(plan: Plan) -> int:
    """Count the calls of ``on_done``."""
    return len(folds_of(plan)) * (len(plan.candidates) + ranks(plan))


def cross_validate(
    plan: Plan, *, workers: int = 1, store: FoldStore | None = None, on_done: OnDone | None = None
) -> Outcome:
    """Train every candidate in every fold and predict the units left out.

    Parameters
    ----------
    workers : int
        Processes; the result does not depend on it.
    store : FoldStore, optional
        Stores each fold as it is finished; a fold that it has is not trained again.
    on_done : callable (candidate name) -> None, optional
        Called after each candidate of each fold.
    """
    check_samplers(plan)
    store = FoldStore() if store is None else store
    rankings = _all_rankings(plan, workers, store, on_done)
    results = list(_all_folds(plan, rankings, workers, store, on_done))
    for each in ensembles(plan, results):
        results.append(each)
        if on_done is not None:
            on_done(each.candidate)
    return _gather(plan, results, rankings)


def fold_data(
    plan: Plan, candidate: Candidate, *, repeat: int, fold: int, included: NDArray[np.bool_] | None = None
) -> FoldData:
    """Return the rows of a fold as a candidate's model takes them."""
    components = MODELS[candidate.model].components
    return FoldData(plan, repeat=repeat, fold=fold, block=block_of(candidate), components=components, included=included)


def refit(plan: Plan, candidate: Candidate, outcome: Outcome, *, repeat: int, fold: int) -> tuple[FoldData, Fitted]:
    """Fit one candidate of one fold again as it was tuned there, to the same bits."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        data = fold_data(plan, candidate, repeat=repeat, fold=fold)
        rankings = outcome.rankings.get((repeat, fold), {})
        return data, fit(data, candidate, outcome.tuned[candidate.name, repeat, fold], rankings)[0]


def fit_final_model(plan: Plan, candidate: Candidate, outcome: Outcome) -> tuple[Fitted, TunedFold]:
    """Tune and fit one candidate on all patients of the cohort."""
    from threadpoolctl import threadpool_limits

    known = outcome.tuned.get((candidate.name, 0, WHOLE))
    with threadpool_limits(1):
        data = fold_data(plan, candidate, repeat=0, fold=WHOLE)
        rankings = outcome.rankings.get((0, WHOLE), {})
        if known is None:
            if may_select(candidate, plan.tuning.select):
                rankings = _rank(plan, 0, WHOLE)
            known = tune(data, candidate, rankings)
        return fit(data, candidate, known, rankings)[0], known


def _gather(plan: Plan, results: list[CandidateFold], rankings: Mapping[Fold, Rankings]) -> Outcome:
    position = {candidate.name: i for i, candidate in enumerate(plan.candidates)}
    shape = (len(plan.candidates), *plan.fold_of.shape)
    raw, p, called = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    seconds = dict.fromkeys(position, 0.0)
    for each in results:
        seconds[each.candidate] += each.seconds
        if each.fold != WHOLE:
            where = (position[each.candidate], each.repeat, plan.test_units(each.repeat, each.fold))
            raw[where], p[where], called[where] = each.raw, each.p, each.p >= each.tuned.threshold
    return Outcome(
        raw,
        p,
        called,
        test={each.candidate: each for each in results if each.fold == WHOLE},
        tuned={(each.candidate, each.repeat, each.fold): each.tuned for each in results},
        rankings=rankings,
        notes=tuple(sorted({note for each in results for note in each.tuned.notes})),
        seconds=seconds,
    )


def _parallel(todo: list[Any], workers: int) -> Iterator[Any]:
    from joblib import Parallel

    yield from Parallel(n_jobs=workers, return_as="generator_unordered")(todo)


def _all_rankings(plan: Plan, workers: int, store: FoldStore, on_done: OnDone | None) -> dict[Fold, Rankings]:
    from joblib import delayed

    if not ranks(plan):
        return {}
    known = {key: store.rankings(*key) for key in folds_of(plan)}
    slim = light(plan)
    todo = [delayed(rank_fold)(slim, *key) for key, results in known.items() if results is None]
    for repeat, fold, results in _parallel(todo, workers):
        store.write_rankings(repeat, fold, results)
        known[repeat, fold] = results
        if on_done is not None:
            on_done("features ranked")
    if on_done is not None:
        for _ in range(len(known) - len(todo)):
            on_done("finished before")
    return {key: results for key, results in known.items() if results is not None}


def rank_fold(plan: Plan, repeat: int, fold: int) -> tuple[int, int, Rankings]:
    """Rank the features on the training rows of a fold, and of each of its inner folds."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return repeat, fold, _rank(plan, repeat, fold)


def _rank(plan: Plan, repeat: int, fold: int) -> Rankings:
    methods = list(RANKINGS) if plan.tuning.select == "auto" else [plan.tuning.select]
    data = FoldData(plan, repeat=repeat, fold=fold, block=FEATURES)
    rankings = {}
    for part in (*range(len(data.inner)), WHOLE):
        group = plan.cohort.group[data.train[data.rows(part)[0]]]
        for method in methods:
            x, y = data.prepared(part).train, data.labels(part)
            rankings[part, method] = rank_features(x, y, group, method=method, seed=data.seed)
    return rankings


def _all_folds(
    plan: Plan, rankings: Mapping[Fold, Rankings], workers: int, store: FoldStore, on_done: OnDone | None
) -> Iterator[CandidateFold]:
    from joblib import delayed

    slim = light(plan)
    todo = []
    for repeat, fold in folds_of(plan):
        for model in models_of(plan):
            stored = [store.candidate_fold(candidate.name, repeat, fold) for candidate in candidates_of(plan, model)]
            if all(each is not None for each in stored):
                yield from _report((each for each in stored if each is not None), on_done, note="finished before")
            else:
                todo.append(delayed(run_model)(slim, model, repeat, fold, rankings.get((repeat, fold), {})))
    for done in _parallel(todo, workers):
        for each in done:
            store.write_candidate_fold(each)
        yield from _report(iter(done), on_done)


def _report(results: Iterator[CandidateFold], on_done: OnDone | None, note: str = "") -> Iterator[CandidateFold]:
    for each in results:
        if on_done is not None:
            on_done(note or each.candidate)
        yield each


def candidates_of(plan: Plan, model: Candidate) -> list[Candidate]:
    """List the candidates of one model on one block, with any sampler."""
    return [
        candidate for candidate in plan.candidates if (candidate.model, candidate.block) == (model.model, model.block)
    ]


def run_model(plan: Plan, model: Candidate, repeat: int, fold: int, rankings: Rankings) -> list[CandidateFold]:
    """Run all candidates of a model in a fold: they share the prepared rows."""
    from threadpoolctl import threadpool_limits

    results = []
    # BLAS may add in another order with another number of threads.
    with threadpool_limits(1):
        data = fold_data(plan, model, repeat=repeat, fold=fold)
        for candidate in candidates_of(plan, model):
            started = time.perf_counter()
            tuned = tune(data, candidate, rankings)
            fitted, notes = fit(data, candidate, tuned, rankings)
            raw = score_test(data, fitted)
            scores = tuned.out_of_fold if candidate in plan.members else None
            tuned = replace(tuned, notes=tuple(sorted({*tuned.notes, *notes})), out_of_fold=scores)
            p = fitted.calibrator(raw)
            results.append(CandidateFold(candidate.name, repeat, fold, raw, p, tuned, time.perf_counter() - started))
    return results
