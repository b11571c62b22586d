"""One comparison from tables to figures: the Python face of ``compare``, without files or screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.candidates import ensemble_members, plan_candidates
from radiomics_mammo.evaluation.case_analysis.nearest_cases import nearest
from radiomics_mammo.evaluation.case_analysis.out_of_range import beyond
from radiomics_mammo.evaluation.cohort.records import Candidate, Cohort, Settings
from radiomics_mammo.evaluation.cohort.train_test import TrainTest
from radiomics_mammo.evaluation.embedding_tables import probes_table
from radiomics_mammo.evaluation.leakage.auroc_inflation import measure_auroc_inflation
from radiomics_mammo.evaluation.leakage.checks import leakage_checks
from radiomics_mammo.evaluation.metrics.prevalence_shift import shift_table
from radiomics_mammo.evaluation.metrics.subgroups import SUBGROUPS
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.result_tables import (
    Tables,
    out_of_fold_tables,
    resampling_verdicts,
    shifted,
    test_tables,
)
from radiomics_mammo.evaluation.summary import Comparison, best_candidate, compare_candidates, explained_candidate
from radiomics_mammo.evaluation.training.cross_validation import Outcome, cross_validate
from radiomics_mammo.evaluation.training.device import Device
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.plan import Plan, Tuning, check_patients, check_samplers
from radiomics_mammo.evaluation.training.registry import MODELS, SAMPLERS, parse_candidate
from radiomics_mammo.evaluation.training.splits import repeated_folds


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A comparison that was carried out.

    Attributes
    ----------
    plan : Plan
        Cohort, folds, candidates, settings, seed.
    outcome : Outcome
        Out-of-fold predictions.
    compared : Compared
        Summary and differences of twins.
    tables : dict of str to pandas.DataFrame
        Everything else, by the name of its file.
    best, explained, final : Candidate or None
        Highest AUROC of all candidates but the baselines; the candidate that SHAP explains
        (:func:`radiomics_mammo.evaluation.summary.explained_candidate`); the candidate whose final model is saved,
        never an ensemble.
    notes : tuple of str
        What the models and the intervals made necessary.
    seconds : dict of str to float
        Wall time of the stages.
    """

    plan: Plan
    outcome: Outcome
    compared: Comparison
    tables: Tables
    best: Candidate | None
    explained: Candidate | None
    final: Candidate | None
    notes: tuple[str, ...]
    seconds: dict[str, float]


def plan_study(train_test: TrainTest, *, options: ComparisonOptions, device: Device) -> Plan:
    """Lay candidates and folds out; nothing is trained.

    Raises
    ------
    InputError
        The table cannot answer the question, or the options do not fit it.
    """
    cohort = train_test.train
    candidates, left_out = plan_candidates(cohort, options.models)
    if options.final_model and parse_candidate(options.final_model) not in candidates:
        raise InputError(
            f"--final-model {options.final_model}: that candidate is not compared", remedy="Name it with --models, too."
        )
    tested = [] if train_test.test is None else [f"Test set: {remark}" for remark in train_test.test.remarks]
    remarks = (*train_test.remarks, *cohort.remarks, *tested, *left_out, *_unread(cohort, candidates))
    units = cohort.units
    folds = repeated_folds(units.y, units.group, folds=options.folds, repeats=options.repeats, seed=options.seed)
    tuning = Tuning(options.trials, options.inner_folds, options.select, options.calibration, options.operate_at)
    settings = Settings(device.tree_method, device.device)
    members = ensemble_members(candidates, options.members)
    plan = Plan(
        replace(cohort, remarks=remarks), folds, candidates, settings, options.seed, tuning, train_test.test, members
    )
    check_patients(plan)
    check_samplers(plan)
    return plan


def _unread(cohort: Cohort, candidates: Sequence[Candidate]) -> list[str]:
    """Say how many rows the radiologists' curve has no reading of."""
    if Candidate("radiologists") not in candidates:
        return []
    lacking = int(np.isnan(cohort.blocks["radiologists"].x).any(axis=1).sum())
    if not lacking:
        return []
    return [
        f"{lacking} of {cohort.y.size} rows have no assessment (or 0): the readers' curve takes the median for them."
    ]


def run_study(
    plan: Plan,
    *,
    options: ComparisonOptions,
    store: FoldStore | None = None,
    on_done: Callable[[str], None] | None = None,
) -> Study:
    """Train, predict, compare, and look for leaks.

    Parameters
    ----------
    plan : Plan
    options : ComparisonOptions
    store : FoldStore, optional
        Keeps finished folds (see :func:`radiomics_mammo.evaluation.training.cross_validation.cross_validate`).
    on_done : callable (candidate name) -> None, optional
        Called after each fold of each candidate.
    """
    clock = _Clock()
    outcome = cross_validate(plan, workers=options.workers, store=store, on_done=on_done)
    clock.lap("train")
    notes = [*outcome.notes, *_differing_twins(plan)]
    compared, best, tables = _judge(plan, outcome, options, notes)
    clock.lap("judge")
    tables["neighbours"] = nearest(plan.cohort, plan.fold_of)
    tables["out_of_range"] = beyond(plan.cohort, plan.fold_of)
    clock.lap("cases")
    tables |= _honesty(plan, options, notes)
    clock.lap("leaks")
    single = [candidate for candidate in plan.candidates if MODELS[candidate.model].fit != "ensemble"]
    return Study(
        plan,
        outcome,
        compared,
        tables,
        best,
        explained_candidate(compared.summary, plan.candidates),
        parse_candidate(options.final_model) if options.final_model else best_candidate(compared.summary, single),
        tuple(notes),
        clock.seconds,
    )


def _judge(
    plan: Plan, outcome: Outcome, options: ComparisonOptions, notes: list[str]
) -> tuple[Comparison, Candidate | None, Tables]:
    """Turn predictions into tables, and add to the notes what that made necessary."""
    draws, workers = options.bootstrap, options.workers
    units = plan.cohort.units
    compared = compare_candidates(plan.candidates, units, outcome.p, draws=draws, seed=plan.seed, workers=workers)
    compared = replace(compared, differences=resampling_verdicts(plan, outcome, compared.differences))
    best = best_candidate(compared.summary, plan.candidates)
    tables = out_of_fold_tables(
        plan,
        outcome,
        compared,
        best=best,
        draws=draws,
        workers=workers,
        sensitivity=options.sensitivity,
        confidence=options.confidence,
    )
    if plan.test is not None:
        certified = tables.get("certified")
        tables |= test_tables(
            plan,
            outcome,
            best=best,
            certified=certified,
            sensitivity=options.sensitivity,
            oof=compared.summary,
            draws=draws,
            workers=workers,
        )
        tables |= _shift(plan, outcome, options, best, notes)
    probes = probes_table(plan, tables["auroc"], tables.get("test_auroc"))
    if probes is not None:
        tables["probes"] = probes
    if compared.undefined:
        notes.append(f"{compared.undefined} of {draws} bootstrap draws lack a class: not in the intervals")
    return compared, best, tables


def _differing_twins(plan: Plan) -> list[str]:
    """Say where twins differ in more than the resampling."""
    filled = [candidate.name for candidate in plan.candidates if MODELS[candidate.model].boosted and _fills(candidate)]
    if not filled or not np.isnan(plan.cohort.x).any():
        return []
    return [f"{', '.join(filled)}: nulls filled before resampling, where XGBoost alone takes them as they are"]


def _fills(candidate: Candidate) -> bool:
    return SAMPLERS[candidate.sampler].interpolates or candidate.sampler == "bagging"


class _Clock:
    """A stopwatch that names its laps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Keep the time since the last lap."""
        now = time.perf_counter()
        self.seconds[name], self._last = now - self._last, now


def _shift(
    plan: Plan, outcome: Outcome, options: ComparisonOptions, best: Candidate | None, notes: list[str]
) -> Tables:
    """State the label shift between training and test patients and, on request, correct for it."""
    assert plan.test is not None
    here, there = plan.cohort.units, plan.test.units
    tables = {
        "label_shift": shift_table(
            (here.rows, here.y, here.group), (there.rows, there.y, there.group), columns=SUBGROUPS
        )
    }
    if options.shift:
        moved, said = shifted(
            plan, outcome, asked=options.shift, by=best or plan.candidates[0], draws=options.bootstrap
        )
        notes.append(said)
        p = pd.DataFrame(moved)[[candidate.name for candidate in plan.candidates]].to_numpy().T[:, None]
        tables["test_shifted"] = compare_candidates(
            plan.candidates, there, p, draws=options.bootstrap, seed=plan.seed
        ).summary
    return tables


def _honesty(plan: Plan, options: ComparisonOptions, notes: list[str]) -> Tables:
    cohort = plan.cohort
    by_row = plan.fold_of[:, cohort.units.of]
    tables = {"leakage_checks": leakage_checks(cohort, by_row, seed=plan.seed, workers=options.workers)}
    if options.leakage:
        prices = measure_auroc_inflation(
            cohort, seed=plan.seed, folds=plan.n_folds, repeats=plan.n_repeats, workers=options.workers
        )
        tables["auroc_inflation"] = prices.table
        notes += prices.remarks
    return tables
