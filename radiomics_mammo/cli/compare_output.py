"""Output of ``compare`` on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from radiomics_mammo.core.console import print_message, print_table
from radiomics_mammo.evaluation.cohort.train_test import TrainTest
from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.study import Study
from radiomics_mammo.evaluation.training.device import Device
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.registry import MODELS, parse_candidate
from radiomics_mammo.runs.run_files import CARD, INFO
from radiomics_mammo.runs.run_info import RunInfo
from radiomics_mammo.runs.write import is_phantom


def print_plan(plan: Plan, train_test: TrainTest, device: Device, options: ComparisonOptions) -> None:
    """Print what will be trained on which cases."""
    cohort, units = plan.cohort, plan.cohort.units
    if is_phantom(train_test):
        print_message("PHANTOM: simulated images; the results say nothing about patients.")
    negative, positive = cohort.classes
    of = "" if units.kind == "lesion" else f", in {units.y.size} units ({units.kind}, {units.rule} of its rows)"
    networks = "".join(f", {part.stop - part.start} outputs of {name}" for name, part in cohort.embedders.items())
    print_message(
        f"{cohort.y.size} cases of {cohort.n_patients} patients{of}: {int(units.y.sum())} {positive}, "
        f"{int((units.y == 0).sum())} {negative}; {len(cohort.features) * cohort.radiomic} features{networks}"
    )
    if plan.test is not None:
        tested = plan.test.units
        print_message(f"test set: {tested.y.size} of {plan.test.n_patients} patients, {int(tested.y.sum())} {positive}")
    print_message(
        f"{len(plan.candidates)} models, {plan.n_folds} folds x {plan.n_repeats} repeats, split by "
        f"{cohort.group_column}, {plan.tuning.trials} trials in {plan.tuning.folds} inner folds; XGBoost on "
        f"{device.device}; {options.workers} workers"
    )
    for remark in (*cohort.remarks, *([device.note] if device.note else [])):
        print_message(f"note: {remark}")


def print_results(info: RunInfo, study: Study) -> None:
    """Print the comparison, the test set, the leakage checks and the certified threshold."""
    suffix = " (phantom)" if info.phantom else ""
    names, tables = list(info.candidates), study.tables
    _metrics(tables["summary"], names, f"Out-of-fold results with 95% patient-bootstrap intervals{suffix}")
    if "test_summary" in tables:
        _metrics(tables["test_summary"], names, f"Held-out test set, models of all training patients{suffix}")
    if "test_shifted" in tables:
        _metrics(tables["test_shifted"], names, f"Held-out test set, adapted to another prevalence{suffix}")
    if "selection_bias" in tables:
        _selection_bias(tables["selection_bias"])
    _resampling(tables["differences"], suffix)
    if "pairs" in tables:
        _pairs(tables["pairs"], suffix)
    if "ensembles" in tables:
        _ensembles(tables["ensembles"])
    if "auroc_inflation" in tables:
        _auroc_inflation(tables["auroc_inflation"], suffix)
    for row in tables["leakage_checks"].to_dict("records"):
        print_message(f"{'ok' if row['passed'] else 'WARNING'}: {row['sentence']}")
    if "certified" in tables:
        certified = tables["certified"]
        rows = certified[certified["target"] == info.command["sensitivity"]]
        print_message(f"{info.best}: {rows['sentence'].iloc[0]}")


def print_files(info: RunInfo, *, out: Path, seconds: Mapping[str, float]) -> None:
    """Print the notes, the run time, and what to do with the run."""
    for note in info.notes:
        print_message(f"note: {note}")
    print_message(", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items()))
    print_message(f"run: {out / INFO}")
    if info.final_model:
        print_message(f"model card: {out / CARD}; new cases: python -m radiomics_mammo.predict {out} --table TABLE")
    print_message(f"next: python -m radiomics_mammo.report {out}")


def _grid(title: str, columns: Sequence[str]) -> Table:
    grid = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for i, name in enumerate(columns):
        grid.add_column(name, justify="right" if i else "left", no_wrap=not i, overflow="fold")
    return grid


def _metrics(summary: pd.DataFrame, names: Sequence[str], title: str) -> None:
    shown = {name: metric for name, metric in METRICS.items() if metric.shown}
    grid = _grid(title, ["model", *(metric.heading for metric in shown.values())])
    for column in grid.columns[1:]:
        column.width = 10  # for a terminal of 80 columns
    rows = {(row["model"], row["metric"]): row for row in summary.to_dict("records")}
    for name in names:
        label = f"({name})" if MODELS[parse_candidate(name).model].baseline else name
        values = [rows[name, metric] for metric in shown]
        grid.add_row(label, *(f"{_value(row['value'])}\n{_brief(row['low'])}–{_brief(row['high'])}" for row in values))
    print_table(grid)


def _selection_bias(table: pd.DataFrame) -> None:
    first = table.iloc[0]
    print_message(
        f"The best model, {first['name']}, has an AUROC of {first['apparent']:.3f}; corrected for selection among "
        f"{len(table)} models: {first['corrected']:.3f} ({first['low']:.3f} to {first['high']:.3f})."
    )


def _resampling(table: pd.DataFrame, suffix: str) -> None:
    if table.empty:
        return
    metrics = ("auroc", "brier", "calibration_slope")
    headings = (METRICS[name].title for name in metrics)
    title = f"With minus without resampling{suffix}, after calibration; verdict on AUROC, p adjusted"
    grid = _grid(title, ["model", *headings, "AUROC"])
    rows = {(row["model"], row["metric"]): row for row in table.to_dict("records")}
    for model in dict.fromkeys(table["model"]):
        values = [rows[model, name] for name in metrics]
        texts = [f"{row['value']:+.3f}\n{row['low']:+.3f} to {row['high']:+.3f}" for row in values]
        grid.add_row(model, *texts, values[0]["verdict"])
    print_table(grid)


def _pairs(table: pd.DataFrame, suffix: str) -> None:
    grid = _grid(
        f"AUROC minus that of {table['against'].iloc[0]}{suffix}; p adjusted for {len(table)} comparisons (Holm)",
        ["model", "difference", "95% interval", "p, adjusted", "verdict"],
    )
    for row in table.to_dict("records"):
        interval = f"{row['low']:+.3f} to {row['high']:+.3f}"
        grid.add_row(row["model"], f"{row['difference']:+.3f}", interval, f"{row['p_holm']:.3f}", row["verdict"])
    print_table(grid)


def _ensembles(table: pd.DataFrame) -> None:
    for row in table[table["metric"] == "auroc"].to_dict("records"):
        print_message(
            f"{row['ensemble']} minus its best single member, {row['against']}: AUROC {row['value']:+.3f} "
            f"({row['low']:+.3f} to {row['high']:+.3f}), {row['verdict']}."
        )


def _auroc_inflation(table: pd.DataFrame, suffix: str) -> None:
    grid = _grid(
        f"AUROC inflation by common leakage errors{suffix}, with baseline models",
        ["error", "with leakage", "without", "inflation"],
    )
    for row in table.to_dict("records"):
        inflation = f"{row['inflation']:+.3f}\n{row['inflation_low']:+.3f} to {row['inflation_high']:+.3f}"
        model = row["baseline_model"].partition(",")[0].partition(" (")[0]
        grid.add_row(f"{row['title']} ({model})", f"{row['auroc']:.3f}", f"{row['without_leakage']:.3f}", inflation)
    print_table(grid)


def _value(value: float) -> str:
    return "undefined" if value != value else f"{value:.3f}"


def _brief(value: float) -> str:
    if value != value:
        return "?"
    return f"{value:.3f}".removeprefix("0") if -1 < value < 1 else f"{value:.2f}"
