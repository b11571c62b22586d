"""Out-of-fold predictions: every candidate, every repeat, every fold; everything fitted inside the fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate
from radiomics_mammo.evaluation.training.ensembles import ensembles
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS, rank_features
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.fold_data import Bench
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.nested_cv import CandidateFold, Choice, Rankings, choose, chooses, fit
from radiomics_mammo.evaluation.training.plan import WHOLE, Plan, check_samplers, light
from radiomics_mammo.evaluation.training.registry import MODELS, block_of

Floats = NDArray[np.float64]
Fold = tuple[int, int]
"""Repeat and fold; ``(0, WHOLE)`` trains on everybody."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the folds gave.

    Attributes
    ----------
    raw, p : ndarray of float64, shape (n_arms, n_repeats, n_units)
        Score and calibrated probability of the positive class by a model that did not see the unit's patient.
    called : ndarray of bool, shape (n_arms, n_repeats, n_units)
        Whether the probability reached the threshold that the fold's training patients gave.
    test : dict of str to ArmFold
        By candidate: what models of everybody gave for the test set; empty without one.
    choices : dict of (candidate name, repeat, fold) to Choice
    rankings : dict of (repeat, fold) to Rankings
        Empty where no candidate chooses features.
    notes : tuple of str
        What a model had to do differently, said once a candidate.
    seconds : dict of str to float
        Time spent on each candidate, summed over folds.
    """

    raw: Floats
    p: Floats
    called: NDArray[np.bool_]
    test: Mapping[str, CandidateFold]
    choices: Mapping[tuple[str, int, int], Choice]
    rankings: Mapping[Fold, Rankings]
    notes: tuple[str, ...]
    seconds: Mapping[str, float]


OnDone = Callable[[str], None]


def folds_of(plan: Plan) -> list[Fold]:
    """List the folds to be trained; with a test set, that of everybody comes last."""
    listed = [(repeat, fold) for repeat in range(plan.n_repeats) for fold in range(plan.n_folds)]
    return listed if plan.test is None else [*listed, (0, WHOLE)]


def ranks(plan: Plan) -> bool:
    """Whether any candidate may choose features first."""
    return any(_ranks(candidate, plan.tuning.select) for candidate in plan.models)


def _ranks(candidate: Candidate, select: str) -> bool:
    model = MODELS[candidate.model]
    return model.selects if select == "auto" else select in RANKINGS and chooses(model)


def steps(plan: Plan) -> int:
    """Count the steps that ``on_done`` is told of."""
    return len(folds_of(plan)) * (len(plan.candidates) + ranks(plan))


def cross_validate(
    plan: Plan, *, workers: int = 1, store: FoldStore | None = None, on_done: OnDone | None = None
) -> Outcome:
    """Train every candidate in every fold and predict the units left out.

    Parameters
    ----------
    plan : Plan
    workers : int
        Processes; the result does not depend on it.
    store : FoldStore, optional
        Keeps each fold as it is finished; what it holds already is not trained again.
    on_done : callable (candidate name) -> None, optional
        Called after each candidate of each fold.
    """
    check_samplers(plan)
    store = FoldStore() if store is None else store
    rankings = _all_rankings(plan, workers, store, on_done)
    found = list(_all_folds(plan, rankings, workers, store, on_done))
    for one in ensembles(plan, found):
        found.append(one)
        if on_done is not None:
            on_done(one.candidate)
    return _gather(plan, found, rankings)


def bench_for(plan: Plan, candidate: Candidate, *, repeat: int, fold: int) -> Bench:
    """Lay out the rows of a fold as a model takes them."""
    return Bench(
        plan, repeat=repeat, fold=fold, block=block_of(candidate), components=MODELS[candidate.model].components
    )


def refit(plan: Plan, candidate: Candidate, outcome: Outcome, *, repeat: int, fold: int) -> tuple[Bench, Fitted]:
    """Train one candidate of one fold again with the settings that were chosen there, to the same bits."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        bench = bench_for(plan, candidate, repeat=repeat, fold=fold)
        rankings = outcome.rankings.get((repeat, fold), {})
        fitted, _, _ = fit(bench, candidate, outcome.choices[candidate.name, repeat, fold], rankings)
    return bench, fitted


def train_on_everybody(plan: Plan, candidate: Candidate, outcome: Outcome) -> tuple[Fitted, Choice]:
    """Tune and train one candidate on all patients of the cohort: the model that is kept."""
    from threadpoolctl import threadpool_limits

    known = outcome.choices.get((candidate.name, 0, WHOLE))
    with threadpool_limits(1):
        bench = bench_for(plan, candidate, repeat=0, fold=WHOLE)
        rankings = outcome.rankings.get((0, WHOLE), {})
        if known is None:
            if _ranks(candidate, plan.tuning.select):
                rankings = _rank(plan, 0, WHOLE)
            known = choose(bench, candidate, rankings)
        return fit(bench, candidate, known, rankings)[0], known


def _gather(plan: Plan, found: list[CandidateFold], rankings: Mapping[Fold, Rankings]) -> Outcome:
    position = {candidate.name: i for i, candidate in enumerate(plan.candidates)}
    shape = (len(plan.candidates), *plan.fold_of.shape)
    raw, p, called = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    seconds = dict.fromkeys(position, 0.0)
    for one in found:
        seconds[one.candidate] += one.seconds
        if one.fold != WHOLE:
            where = (position[one.candidate], one.repeat, plan.test_units(one.repeat, one.fold))
            raw[where], p[where], called[where] = one.raw, one.p, one.p >= one.choice.threshold
    return Outcome(
        raw,
        p,
        called,
        test={one.candidate: one for one in found if one.fold == WHOLE},
        choices={(one.candidate, one.repeat, one.fold): one.choice for one in found},
        rankings=rankings,
        notes=tuple(sorted({note for one in found for note in one.choice.notes})),
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
    todo = [delayed(rank_fold)(slim, *key) for key, found in known.items() if found is None]
    for repeat, fold, found in _parallel(todo, workers):
        store.keep_rankings(repeat, fold, found)
        known[repeat, fold] = found
        if on_done is not None:
            on_done("features ranked")
    if on_done is not None:
        for _ in range(len(known) - len(todo)):
            on_done("kept from before")
    return {key: found for key, found in known.items() if found is not None}


def rank_fold(plan: Plan, repeat: int, fold: int) -> tuple[int, int, Rankings]:
    """Rank the features on the training rows of a fold, and of each of its inner folds."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return repeat, fold, _rank(plan, repeat, fold)


def _rank(plan: Plan, repeat: int, fold: int) -> Rankings:
    methods = list(RANKINGS) if plan.tuning.select == "auto" else [plan.tuning.select]
    bench = Bench(plan, repeat=repeat, fold=fold, block=FEATURES)
    found = {}
    for part in (*range(len(bench.inner)), WHOLE):
        rows = bench.rows(part)[0]
        x, group = bench.prepared(part).fit, plan.cohort.group[bench.train[rows]]
        for method in methods:
            found[part, method] = rank_features(x, bench.y[rows], group, method=method, seed=bench.seed)
    return found


def _all_folds(
    plan: Plan, rankings: Mapping[Fold, Rankings], workers: int, store: FoldStore, on_done: OnDone | None
) -> Iterator[CandidateFold]:
    from joblib import delayed

    slim = light(plan)
    todo = []
    for repeat, fold in folds_of(plan):
        for model in plan.models:
            kept = [store.candidate_fold(candidate.name, repeat, fold) for candidate in candidates_of(plan, model)]
            if all(one is not None for one in kept):
                yield from _told((one for one in kept if one is not None), on_done, note="kept from before")
            else:
                todo.append(delayed(run_model)(slim, model, repeat, fold, rankings.get((repeat, fold), {})))
    for done in _parallel(todo, workers):
        for one in done:
            store.keep_candidate_fold(one)
        yield from _told(iter(done), on_done)


def _told(found: Iterator[CandidateFold], on_done: OnDone | None, note: str = "") -> Iterator[CandidateFold]:
    for one in found:
        if on_done is not None:
            on_done(note or one.candidate)
        yield one


def candidates_of(plan: Plan, model: Candidate) -> list[Candidate]:
    """List the candidates that are one model on one block, whatever their samplers."""
    return [
        candidate for candidate in plan.candidates if (candidate.model, candidate.block) == (model.model, model.block)
    ]


def run_model(plan: Plan, model: Candidate, repeat: int, fold: int, rankings: Rankings) -> list[CandidateFold]:
    """Run all candidates of a model in a fold: they share the prepared rows."""
    from threadpoolctl import threadpool_limits

    found = []
    # BLAS may add in another order with another number of threads.
    with threadpool_limits(1):
        bench = bench_for(plan, model, repeat=repeat, fold=fold)
        for candidate in candidates_of(plan, model):
            started = time.perf_counter()
            choice = choose(bench, candidate, rankings)
            fitted, raw, notes = fit(bench, candidate, choice, rankings)
            held = choice.held if candidate in plan.members else None
            choice = replace(choice, notes=tuple(sorted({*choice.notes, *notes})), held=held)
            p = fitted.calibrator(raw)
            found.append(CandidateFold(candidate.name, repeat, fold, raw, p, choice, time.perf_counter() - started))
    return found
