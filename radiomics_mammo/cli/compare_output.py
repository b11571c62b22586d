"""What ``compare`` shows on screen when it is done."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from radiomics_mammo.core.console import print_message, print_table
from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.evaluation.study import Study
from radiomics_mammo.evaluation.training.registry import MODELS, parse_candidate
from radiomics_mammo.runs.run_info import RunInfo


def print_results(info: RunInfo, study: Study) -> None:
    """Print the comparison, the held-out test, the leakage checks and the certified threshold."""
    marked = " (phantom)" if info.phantom else ""
    names = list(info.candidates)
    _metrics(study.compared.summary, names, f"Out-of-fold values with 95% patient-bootstrap intervals{marked}")
    if "test_summary" in study.tables:
        _metrics(study.tables["test_summary"], names, f"Held-out patients, models of all the others{marked}")
    if "test_shifted" in study.tables:
        _metrics(study.tables["test_shifted"], names, f"The same, moved to another prevalence{marked}")
    _winner(study)
    _twins(study, marked)
    _pairs(study, marked)
    _ensembles(study)
    if "auroc_inflation" in study.tables:
        _auroc_inflation(study.tables["auroc_inflation"], marked)
    _leakage_checks(study.tables["leakage_checks"])
    _certified(study, info)


def _grid(title: str, columns: Sequence[str]) -> Table:
    grid = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for i, name in enumerate(columns):
        grid.add_column(name, justify="right" if i else "left", no_wrap=not i, overflow="fold")
    return grid


def _metrics(summary: pd.DataFrame, names: Sequence[str], title: str) -> None:
    shown = {name: metric for name, metric in METRICS.items() if metric.shown}
    # Narrow enough for 80 columns.
    grid = _grid(title, ["model", *(metric.heading for metric in shown.values())])
    for column in grid.columns[1:]:
        column.width = 10
    values = {(row["model"], row["metric"]): row for row in summary.to_dict("records")}
    for name in names:
        cells = [values[name, metric] for metric in shown]
        label = f"({name})" if MODELS[parse_candidate(name).model].baseline else name
        grid.add_row(
            label, *(f"{_value(cell['value'])}\n{_brief(cell['low'])}–{_brief(cell['high'])}" for cell in cells)
        )
    print_table(grid)


def _winner(study: Study) -> None:
    if "selection_bias" not in study.tables:
        return
    first = study.tables["selection_bias"].iloc[0]
    print_message(
        f"The best, {first['name']}, has an AUROC of {first['apparent']:.3f}; corrected for having been chosen among "
        f"{len(study.tables['selection_bias'])}: {first['corrected']:.3f} ({first['low']:.3f} to {first['high']:.3f})."
    )


def _twins(study: Study, marked: str) -> None:
    """Say what evening the classes out changed: each resampled model minus its plain twin, on the same patients."""
    table = study.compared.differences
    if table.empty:
        return
    metrics = ("auroc", "brier", "calibration_slope")
    headings = (METRICS[name].title for name in metrics)
    grid = _grid(
        f"Resampled minus plain{marked}, calibrated; AUROC's verdict is adjusted", ["model", *headings, "AUROC"]
    )
    rows = {(row["model"], row["metric"]): row for row in table.to_dict("records")}
    for model in dict.fromkeys(table["model"]):
        found = [rows[model, name] for name in metrics]
        cells = [f"{row['value']:+.3f}\n{row['low']:+.3f} to {row['high']:+.3f}" for row in found]
        grid.add_row(model, *cells, found[0]["verdict"])
    print_table(grid)


def _pairs(study: Study, marked: str) -> None:
    if "pairs" not in study.tables:
        return
    table = study.tables["pairs"]
    grid = _grid(
        f"AUROC minus that of {table['against'].iloc[0]}{marked}; p adjusted for {len(table)} comparisons (Holm)",
        ["model", "difference", "95% interval", "p, adjusted", "verdict"],
    )
    for row in table.to_dict("records"):
        interval = f"{row['low']:+.3f} to {row['high']:+.3f}"
        grid.add_row(row["model"], f"{row['difference']:+.3f}", interval, f"{row['p_holm']:.3f}", row["verdict"])
    print_table(grid)


def _ensembles(study: Study) -> None:
    """Say what each ensemble gains over its best single member."""
    if "ensembles" not in study.tables:
        return
    table = study.tables["ensembles"]
    for row in table[table["metric"] == "auroc"].to_dict("records"):
        print_message(
            f"{row['ensemble']} minus its best single member, {row['against']}: AUROC {row['value']:+.3f} "
            f"({row['low']:+.3f} to {row['high']:+.3f}), {row['verdict']}."
        )


def _auroc_inflation(table: pd.DataFrame, marked: str) -> None:
    grid = _grid(
        f"AUROC inflation by common leakage errors on these data{marked} (baseline models)",
        ["leaky protocol", "with leakage", "without leakage", "inflation"],
    )
    for row in table.to_dict("records"):
        inflation = f"{row['inflation']:+.3f}\n{row['inflation_low']:+.3f} to {row['inflation_high']:+.3f}"
        model = row["baseline_model"].partition(",")[0].partition(" (")[0]
        grid.add_row(f"{row['title']} ({model})", f"{row['auroc']:.3f}", f"{row['without_leakage']:.3f}", inflation)
    print_table(grid)


def _leakage_checks(table: pd.DataFrame) -> None:
    for row in table.to_dict("records"):
        print_message(f"{'ok' if row['passed'] else 'WARNING'}: {row['sentence']}")


def _certified(study: Study, info: RunInfo) -> None:
    if "certified" not in study.tables:
        return
    table = study.tables["certified"]
    asked = table[table["target"] == info.command["sensitivity"]]
    print_message(f"{info.best}: {asked['sentence'].iloc[0]}")


def _value(value: float) -> str:
    return "undefined" if value != value else f"{value:.3f}"


def _brief(value: float) -> str:
    if value != value:
        return "?"
    return f"{value:.3f}".removeprefix("0") if -1 < value < 1 else f"{value:.2f}"
