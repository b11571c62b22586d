"""One run of ``compare``: read the tables, train, explain, and write the run folder."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from radiomics_mammo.cli.compare_output import print_plan
from radiomics_mammo.core.console import print_error, print_message, progress
from radiomics_mammo.evaluation.cohort.train_test import read_train_test
from radiomics_mammo.evaluation.study import Study, plan_study, run_study
from radiomics_mammo.evaluation.training.cross_validation import steps
from radiomics_mammo.evaluation.training.device import resolve_device
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.time_budget import trials_within
from radiomics_mammo.reports.model_card import card_page
from radiomics_mammo.runs.checkpoint import fold_store, source_hash
from radiomics_mammo.runs.final_model import save_final_model
from radiomics_mammo.runs.model_card import card_json, model_card
from radiomics_mammo.runs.model_metadata import ModelFacts
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_config import RunConfig
from radiomics_mammo.runs.run_files import CARD, CARD_JSON, FAILURES
from radiomics_mammo.runs.run_folder import new_run
from radiomics_mammo.runs.run_info import RunInfo
from radiomics_mammo.runs.write import run_digest, run_info, write_run, write_timings
from radiomics_mammo.tables.atomic import write_bytes
from radiomics_mammo.tables.failures import failures_path, read_failures


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRun:
    """A run that was written."""

    info: RunInfo
    study: Study
    seconds: dict[str, float]


def run_comparison(config: RunConfig, *, out: Path, overwrite: bool = False) -> FinishedRun:
    """Compare models and write the run folder; an interrupted run is resumed.

    Raises
    ------
    InputError
        The tables cannot be used, or the options do not fit them.
    OutputError
        The folder exists or cannot be written.
    """
    started = time.perf_counter()
    device = resolve_device(tree_method=config.options.tree_method, device=config.options.device or "")
    with _message_when_stopped(), new_run(out, overwrite=overwrite) as folder:
        train_test = read_train_test(config.tables, target=config.target, test=config.test, official=config.official)
        plan = plan_study(train_test, options=config.options, device=device)
        seconds = {"read": time.perf_counter() - started}
        digest = {**run_digest(config), "device": device.device, "sources": source_hash()}
        with fold_store(out, digest) as store:
            config, plan = _within_minutes(config, plan, store)
            print_plan(plan, train_test, device, config.options)
            with progress(steps(plan), what="models trained") as advance:
                study = run_study(plan, options=config.options, store=store, on_done=lambda name: advance(note=name))
            failures = _copy_failures(config.tables[0], folder)
            info = run_info(
                study, config=config, hashes=digest, train_test=train_test, device=device, failures=failures
            )
            _write(folder, study, info, config=config, seconds=seconds)
    return FinishedRun(info, study, seconds)


def _within_minutes(config: RunConfig, plan: Plan, store: FoldStore) -> tuple[RunConfig, Plan]:
    """Convert minutes into a number of trials and print it: the same number gives the same run."""
    if not config.minutes:
        return config, plan
    trials = store.trials()
    if trials is None:
        print_message("timing one fold with default hyperparameters ...")
        budget = trials_within(plan, minutes=config.minutes, workers=config.options.workers)
        if budget.least > config.minutes:
            print_message(f"note: default hyperparameters take about {budget.least:.0f} minutes, more than --minutes")
        trials = budget.trials
        store.write_trials(trials)
    print_message(
        f"trials for each model and fold: {trials}, for about {config.minutes:g} minutes "
        f"(--trials {trials} repeats this run)"
    )
    options = replace(config.options, trials=trials)
    return replace(config, options=options), replace(plan, tuning=replace(plan.tuning, trials=trials))


def _write(folder: Path, study: Study, info: RunInfo, *, config: RunConfig, seconds: dict[str, float]) -> None:
    """Write the tables, the final model and its card."""
    seconds |= study.seconds
    write_run(folder, info, study)
    started = time.perf_counter()
    final = save_final_model(folder, study, info)
    if final is not None:
        _write_card(folder, info, study, *final)
    seconds["final model"] = time.perf_counter() - started
    write_timings(folder, stages=seconds, study=study, workers=config.options.workers)


def _write_card(folder: Path, info: RunInfo, study: Study, fitted: Fitted, facts: ModelFacts) -> None:
    card = model_card(info, fitted, facts, results=Results(study.tables))
    write_bytes(folder / CARD_JSON, card_json(card))
    write_bytes(folder / CARD, card_page(card).encode())


@contextmanager
def _message_when_stopped() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print_error("stopped: no run was written; finished folds are saved, and the same command resumes from there")
        raise


def _copy_failures(table: Path, folder: Path) -> int:
    """Copy the failures table into the run and count its cases; -1 where there is none."""
    path = failures_path(table)
    if not path.is_file():
        return -1
    count = len(read_failures(path))
    shutil.copyfile(path, folder / FAILURES)
    return count
