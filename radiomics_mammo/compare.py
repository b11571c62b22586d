"""Compare models on feature tables with nested cross-validation grouped by patient; write a run folder."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.cli.compare_options import build_parser, options_of, target_of
from radiomics_mammo.core.console import print_error, print_message, progress, run_command

if TYPE_CHECKING:
    from radiomics_mammo.evaluation.cohort.records import Cohort
    from radiomics_mammo.evaluation.cohort.train_test import TrainTest
    from radiomics_mammo.evaluation.options import Options
    from radiomics_mammo.evaluation.study import Study
    from radiomics_mammo.evaluation.training.device import Device
    from radiomics_mammo.evaluation.training.fitted_model import Fitted
    from radiomics_mammo.evaluation.training.fold_store import FoldStore
    from radiomics_mammo.evaluation.training.plan import Plan
    from radiomics_mammo.runs.model_metadata import ModelFacts
    from radiomics_mammo.runs.run_info import RunInfo
    from radiomics_mammo.runs.write import RunConfig


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 when the run is written, 2 for wrong input or output, 130 for Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    return run_command(lambda: _compare(args))


def _compare(args: argparse.Namespace) -> int:
    from radiomics_mammo.evaluation.cohort.train_test import read_train_test
    from radiomics_mammo.evaluation.study import plan_study
    from radiomics_mammo.evaluation.training.device import resolve_device
    from radiomics_mammo.runs.checkpoint import fold_store, source_hash
    from radiomics_mammo.runs.run_folder import new_run
    from radiomics_mammo.runs.write import RunConfig, run_info

    official = args.split == "official"
    asked = RunConfig(tuple(args.tables), target_of(args), options_of(args), tuple(args.test), official, args.minutes)
    started = time.perf_counter()
    options = asked.options
    device = resolve_device(tree_method=options.tree_method, device=options.device)
    with _stopping(), new_run(args.out, overwrite=args.overwrite) as folder:
        train_test = read_train_test(asked.tables, target=asked.target, test=asked.test, official=asked.official)
        plan = plan_study(train_test, options=options, device=device)
        seconds = {"read": time.perf_counter() - started}
        decides = {**asked.decides(), "device": device.device, "sources": source_hash()}
        with fold_store(args.out, decides) as store:
            asked, plan = _within_minutes(asked, plan, store)
            _print_plan(plan, train_test, device, asked.options)
            study = _study(plan, asked.options, store)
            failures = _copy_failures(asked.tables[0], folder)
            info = run_info(study, asked=asked, hashes=decides, train_test=train_test, device=device, failures=failures)
            _write(folder, study, info, options=options, seconds=seconds)
    _print_result(args.out, info, study, seconds)
    return 0


def _within_minutes(asked: RunConfig, plan: Plan, store: FoldStore) -> tuple[RunConfig, Plan]:
    """Turn minutes into a number of trials, and say it: the same number gives the same run."""
    from radiomics_mammo.evaluation.training.time_budget import trials_within

    if not asked.minutes:
        return asked, plan
    trials = store.trials()
    if trials is None:
        print_message("timing one fold with default settings …")
        budget = trials_within(plan, minutes=asked.minutes, workers=asked.options.workers)
        if budget.least > asked.minutes:
            print_message(f"note: default settings alone take about {budget.least:.0f} minutes, more than asked")
        trials = budget.trials
        store.keep_trials(trials)
    print_message(
        f"trials a model and fold: {trials}, for about {asked.minutes:g} minutes (--trials {trials} repeats this run)"
    )
    options = replace(asked.options, trials=trials)
    return replace(asked, options=options), replace(plan, tuning=replace(plan.tuning, trials=trials))


def _study(plan: Plan, options: Options, store: FoldStore) -> Study:
    from radiomics_mammo.evaluation.study import run_study
    from radiomics_mammo.evaluation.training.cross_validation import steps

    with progress(steps(plan), what="models trained") as advance:
        return run_study(plan, options=options, store=store, on_done=lambda name: advance(note=name))


def _write(folder: Path, study: Study, info: RunInfo, *, options: Options, seconds: dict[str, float]) -> None:
    """Explain, keep the model, and write everything."""
    from radiomics_mammo.evaluation.explanation.explain import explain_study
    from radiomics_mammo.runs.final_model import save_final_model
    from radiomics_mammo.runs.write import write_run, write_timings

    seconds |= study.seconds
    started = time.perf_counter()
    found = explain_study(study, options)
    seconds["explain"] = time.perf_counter() - started
    write_run(folder, info, study, contributions=found.contributions, values=found.values, explained=found.tables)
    started = time.perf_counter()
    kept = save_final_model(folder, study, info)
    if kept is not None:
        _write_card(folder, info, study, *kept)
    seconds["keep"] = time.perf_counter() - started
    write_timings(folder, stages=seconds, study=study, workers=options.workers)


def _write_card(folder: Path, info: RunInfo, study: Study, fitted: Fitted, facts: ModelFacts) -> None:
    from radiomics_mammo.reports.model_card import card_page
    from radiomics_mammo.runs.model_card import card_json, model_card
    from radiomics_mammo.runs.results import results_of
    from radiomics_mammo.runs.run_folder import CARD, CARD_JSON
    from radiomics_mammo.tables.atomic import write_bytes

    card = model_card(info, fitted, facts, summary=study.compared.summary, results=results_of(study.tables))
    write_bytes(folder / CARD_JSON, card_json(card))
    write_bytes(folder / CARD, card_page(card).encode())


@contextmanager
def _stopping() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print_error("stopped: no run was written; the finished folds are kept, and the same command goes on from there")
        raise


def _copy_failures(table: Path, folder: Path) -> int:
    """Keep the failures table with the run and count its cases; -1 where extract left none."""
    from radiomics_mammo.runs.run_folder import FAILURES
    from radiomics_mammo.tables.failures import failures_path, read_failures

    path = failures_path(table)
    if not path.is_file():
        return -1
    count = len(read_failures(path))
    shutil.copyfile(path, folder / FAILURES)
    return count


def _print_plan(plan: Plan, train_test: TrainTest, device: Device, options: Options) -> None:
    from radiomics_mammo.runs.write import is_phantom

    cohort, units = plan.cohort, plan.cohort.units
    if is_phantom(train_test):
        print_message("PHANTOM: simulated images; the figures say nothing about patients.")
    negative, positive = cohort.classes
    of = "" if units.kind == "lesion" else f", in {units.y.size} units ({units.kind}, {units.rule} of its rows)"
    print_message(
        f"{cohort.y.size} cases of {cohort.n_patients} patients{of}: {int(units.y.sum())} {positive}, "
        f"{int((units.y == 0).sum())} {negative}; {len(cohort.features) * cohort.radiomic} features{_networks(cohort)}"
    )
    if plan.test is not None:
        tested = plan.test.units
        print_message(f"held out: {tested.y.size} of {plan.test.n_patients} patients, {int(tested.y.sum())} {positive}")
    print_message(
        f"{len(plan.candidates)} models, {plan.n_folds} folds x {plan.n_repeats} repeats, split by "
        f"{cohort.group_column}, "
        f"{plan.tuning.trials} trials in {plan.tuning.folds} inner folds; XGBoost on {device.device}; "
        f"{options.workers} workers"
    )
    for remark in (*cohort.remarks, *([device.note] if device.note else [])):
        print_message(f"note: {remark}")


def _networks(cohort: Cohort) -> str:
    own = ((name, part.stop - part.start) for name, part in cohort.embedders.items())
    return "".join(f", {width} outputs of {name}" for name, width in own)


def _print_result(out: Path, info: RunInfo, study: Study, seconds: dict[str, float]) -> None:
    from radiomics_mammo.cli.compare_output import print_results
    from radiomics_mammo.runs.run_folder import CARD, INFO

    print_results(info, study)
    for note in info.notes:
        print_message(f"note: {note}")
    print_message(", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items()))
    print_message(f"run: {out / INFO}")
    if info.final_model:
        print_message(f"model card: {out / CARD}; new cases: python -m radiomics_mammo.predict {out} --table TABLE")
    print_message(f"next: python -m radiomics_mammo.report {out}")


if __name__ == "__main__":
    sys.exit(main())
