"""A comparison from tables to result tables, without files or screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.candidates import ensemble_members, plan_candidates
from radiomics_mammo.evaluation.cohort.records import Candidate, Cohort, Settings
from radiomics_mammo.evaluation.cohort.train_test import TrainTest
from radiomics_mammo.evaluation.explanation.explain import ShapResults, explain_candidate
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.result_tables.base import TableContext
from radiomics_mammo.evaluation.summary import best_candidate, compare_candidates, explained_candidate
from radiomics_mammo.evaluation.training.cross_validation import Outcome, cross_validate
from radiomics_mammo.evaluation.training.device import Device
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.plan import Plan, Tuning, check_patients, check_samplers
from radiomics_mammo.evaluation.training.registry import MODELS, estimator_of, parse_candidate
from radiomics_mammo.evaluation.training.samplers import SAMPLERS
from radiomics_mammo.evaluation.training.splits import repeated_folds


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A finished comparison.

    Attributes
    ----------
    shap : ShapResults or None
        SHAP values of the explained model.
    best, explained, final : Candidate or None
        Highest AUROC of all candidates but the baselines; the candidate that SHAP explains
        (:func:`radiomics_mammo.evaluation.summary.explained_candidate`); the candidate whose final model is saved,
        never an ensemble.
    """

    plan: Plan
    outcome: Outcome
    tables: dict[str, pd.DataFrame]
    shap: ShapResults | None
    best: Candidate | None
    explained: Candidate | None
    final: Candidate | None
    notes: tuple[str, ...]
    seconds: dict[str, float]


def plan_study(train_test: TrainTest, *, options: ComparisonOptions, device: Device) -> Plan:
    """Build the plan of a comparison: candidates and folds; nothing is trained."""
    cohort = train_test.train
    candidates, left_out = plan_candidates(cohort, options.models)
    name = options.final_model
    if name and parse_candidate(name) not in candidates:
        raise InputError(f"--final-model {name}: that candidate is not compared", remedy="Name it with --models, too.")
    test_remarks = [] if train_test.test is None else [f"Test set: {remark}" for remark in train_test.test.remarks]
    missing = _missing_assessments(cohort, candidates)
    remarks = (*train_test.remarks, *cohort.remarks, *test_remarks, *left_out, *missing)
    units = cohort.units
    plan = Plan(
        cohort=replace(cohort, remarks=remarks),
        fold_of=repeated_folds(units.y, units.group, folds=options.folds, repeats=options.repeats, seed=options.seed),
        candidates=candidates,
        settings=Settings(device.tree_method, device.device),
        seed=options.seed,
        tuning=Tuning(options.trials, options.inner_folds, options.select, options.calibration, options.operate_at),
        test=train_test.test,
        members=ensemble_members(candidates, options.members),
    )
    check_patients(plan)
    check_samplers(plan)
    return plan


def _missing_assessments(cohort: Cohort, candidates: Sequence[Candidate]) -> list[str]:
    if Candidate("radiologists") not in candidates:
        return []
    missing = int(np.isnan(cohort.blocks["radiologists"].x).any(axis=1).sum())
    if not missing:
        return []
    return [
        f"{missing} of {cohort.y.size} rows have no assessment (or 0): the median stands in the assessment's curve."
    ]


def run_study(
    plan: Plan,
    *,
    options: ComparisonOptions,
    store: FoldStore | None = None,
    on_done: Callable[[str], None] | None = None,
) -> Study:
    """Train, predict, explain, and compute the result tables whose needs are met."""
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    outcome = cross_validate(plan, workers=options.workers, store=store, on_done=on_done)
    seconds["train"] = time.perf_counter() - started
    context = table_context(plan, outcome, options=options)
    seconds["tables"] = time.perf_counter() - started - seconds["train"]
    summary = context.comparison.summary
    explained = explained_candidate(summary, plan.candidates)
    if explained is not None:
        started = time.perf_counter()
        shap = explain_candidate(plan, explained, outcome, workers=options.workers)
        context = replace(context, shap=shap)
        seconds["explain"] = time.perf_counter() - started
    started = time.perf_counter()
    for table in RESULT_TABLES.values():
        if table.is_needed(context):
            context.tables[table.name] = table.compute(context)
    seconds["tables"] += time.perf_counter() - started
    single = [candidate for candidate in plan.candidates if not MODELS[candidate.model].ensemble]
    return Study(
        plan=plan,
        outcome=outcome,
        tables=context.tables,
        shap=context.shap,
        best=context.best,
        explained=explained,
        final=parse_candidate(options.final_model) if options.final_model else best_candidate(summary, single),
        notes=tuple(context.notes),
        seconds=seconds,
    )


def table_context(plan: Plan, outcome: Outcome, *, options: ComparisonOptions) -> TableContext:
    """Compute the comparison on both sets, the best candidate and notes."""
    draws, workers = options.bootstrap, options.workers
    comparison = compare_candidates(
        plan.candidates, plan.cohort.units, outcome.p, draws=draws, seed=plan.seed, workers=workers
    )
    notes = [*outcome.notes, *_imputed_before_resampling(plan)]
    if comparison.undefined:
        notes.append(f"{comparison.undefined} of {draws} bootstrap draws lack a class: not in the intervals")
    best = best_candidate(comparison.summary, plan.candidates)
    context = TableContext(plan, outcome, options, comparison, best, notes=notes)
    if plan.test is None:
        return context
    test = compare_candidates(
        plan.candidates, plan.test.units, context.test_p(), draws=draws, seed=plan.seed, workers=workers
    )
    return replace(context, test_comparison=test)


def _imputed_before_resampling(plan: Plan) -> list[str]:
    """Return a note where resampling comes with another imputation."""
    imputed = [
        candidate.name
        for candidate in plan.candidates
        if not MODELS[candidate.model].ensemble
        and estimator_of(Candidate(candidate.model)).native_nulls
        and not SAMPLERS[candidate.sampler].keeps_rows
    ]
    if not imputed or not np.isnan(plan.cohort.x).any():
        return []
    return [f"{', '.join(imputed)}: nulls imputed before resampling, where the model without it takes them as they are"]
