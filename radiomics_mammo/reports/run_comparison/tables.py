"""Tables of the comparison of two runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.reports.components.columns import Column, interval, number, p_value, report_table, words
from radiomics_mammo.reports.components.page import ReportTable
from radiomics_mammo.reports.components.run_facts import table_names
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import wide_metrics
from radiomics_mammo.reports.run_comparison.paired import DRAWN, Overlap
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_SIDE_BY_SIDE = ("auroc", "average_precision", "brier", "calibration_slope")
_MAX_CASES = 60
_DIGITS = 12  # of a hash


def data_table(a: RunInfo, b: RunInfo, names: tuple[str, str]) -> ReportTable:
    """Show the data of both runs."""
    values = {title: (str(value(a)), str(value(b))) for title, value in _DATA.items()}
    rows = [
        [title, *(_short(cell) if "hash" in title else cell for cell in cells), "yes" if cells[0] == cells[1] else "no"]
        for title, cells in values.items()
    ]
    headings = ["Item", *names, "Same"]
    return ReportTable("Data of both runs", headings, rows, words=headings[1:], stacked=True)


def overlap_table(common: Overlap, names: tuple[str, str]) -> ReportTable:
    """Show the cases and patients in common."""
    n, patients = len(common.cases), common.patients
    rows = [
        ["Cases", f"{n:,}", f"{common.only_a:,}", f"{common.only_b:,}"],
        ["Patients", f"{patients:,}", f"{common.patients_a - patients:,}", f"{common.patients_b - patients:,}"],
    ]
    headings = ["Item", "In both", *(f"Only in {name}" for name in names)]
    return ReportTable("Cases and patients in common, by case_id and patient_id", headings, rows)


def settings_table(a: RunInfo, b: RunInfo, names: tuple[str, str]) -> ReportTable | None:
    """Show the options, seeds, versions and devices that differ; None where all are the same."""
    first, second = _settings(a), _settings(b)
    cells = {name: (first.get(name, "–"), second.get(name, "–")) for name in {**first, **second}}
    rows = [[name, *both] for name, both in cells.items() if both[0] != both[1]]
    if not rows:
        return None
    return ReportTable("Settings that differ", ["Setting", *names], rows, words=names, stacked=True)


def side_by_side_table(
    first: pd.DataFrame, second: pd.DataFrame, titles: Mapping[str, str], names: tuple[str, str], *, caption: str
) -> ReportTable:
    """Show the metrics of the models that both summaries have."""
    shown = [name for name in _SIDE_BY_SIDE if all((table["metric"] == name).any() for table in (first, second))]
    wide = [
        wide_metrics(table[table["metric"].isin(shown)]).set_index("model").add_prefix(prefix)
        for table, prefix in ((first, "a_"), (second, "b_"))
    ]
    both = wide[0].join(wide[1], how="inner")
    both = both.loc[[name for name in titles if name in both.index]].reset_index(names="model")
    both = both.assign(model=both["model"].map(dict(titles)))
    columns = [
        Column(f"{METRICS[metric].heading}, {name}", f"{side}_{metric}", interval())
        for metric in shown
        for side, name in zip(("a", "b"), names, strict=True)
    ]
    return report_table(both, [Column("Model", "model"), *columns], caption)


def difference_table(
    table: pd.DataFrame, titles: Mapping[str, str], names: tuple[str, str], *, draws: int
) -> ReportTable:
    """Show the paired differences on the cases in common."""
    columns = (
        Column("Model", "a", lambda row, _: pair_title(row, titles)),
        *(Column(f"AUROC, {name}", f"auroc_{side}", number) for side, name in zip(("a", "b"), names, strict=True)),
        Column("Difference", "auroc", interval(signed=True)),
        Column("p, Holm", "p_holm", p_value),
        *(Column(f"Difference: {METRICS[name].title}", name, interval(signed=True)) for name in DRAWN),
        words("Verdict on AUROC", "verdict"),
    )
    return report_table(table, columns, sentence("run_comparison.differences_caption", names=names, draws=draws))


def changed_table(
    first: pd.DataFrame, second: pd.DataFrame, common: Overlap, classes: Sequence[str], names: tuple[str, str]
) -> ReportTable | None:
    """Show the cases that the best models classify differently; None without any."""
    both = pd.DataFrame({"y": common.y, "a": first["p"], "b": second["p"], "up": second["called"]}, index=common.cases)
    both = both[first["called"] != second["called"]]
    if both.empty:
        return None
    both = both.loc[(both["b"] - both["a"]).abs().sort_values(ascending=False, kind="stable").index]
    columns = (
        Column("Case", "case"),
        words("Reference", "y", lambda row, key: classes[int(row[key])]),
        Column(f"p, {names[0]}", "a", number),
        Column(f"p, {names[1]}", "b", number),
        words(f"Classified by {names[1]}", "up", lambda row, key: classes[int(row[key])]),
        words(f"{names[1]} is", "up", lambda row, _: "correct" if row["y"] == row["up"] else "wrong"),
    )
    shown = both.head(_MAX_CASES).reset_index(names="case")
    caption = sentence("run_comparison.changed_caption", shown=len(shown), total=len(both))
    return report_table(shown, columns, caption, folded="Reclassified cases")


def change_counts(first: pd.DataFrame, second: pd.DataFrame, common: Overlap) -> dict[str, int]:
    """Count the cases that changed from one outcome to another: ``fn_to_tp``, ``tp_to_fn``, …."""
    before, after, positive = first["called"].to_numpy(), second["called"].to_numpy(), common.y == 1
    return {
        "fn_to_tp": int(np.sum(positive & ~before & after)),
        "tp_to_fn": int(np.sum(positive & before & ~after)),
        "fp_to_tn": int(np.sum(~positive & before & ~after)),
        "tn_to_fp": int(np.sum(~positive & ~before & after)),
    }


def pair_title(row: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return the title of a row: that of the candidate, or of both."""
    a, b = (titles.get(str(row[side]), str(row[side])) for side in ("a", "b"))
    return a if row["a"] == row["b"] else f"{b} against {a}"


def titles_of(a: Run, b: Run) -> dict[str, str]:
    """Return the titles of the candidates of both runs."""
    return {**a.info.candidates, **b.info.candidates}


_DATA: Mapping[str, Callable[[RunInfo], object]] = {
    "Images": lambda info: "simulated (phantom)" if info.phantom else "real",
    "Table": lambda info: table_names(info.table),
    "Table hash (SHA-256)": lambda info: info.table_sha256,
    "Reader": lambda info: (info.provenance.get("reader") or {}).get("reader", "another tool"),
    "Recipe": lambda info: info.provenance.get("recipe_name", "not recorded"),
    "Recipe hash": lambda info: info.provenance.get("recipe_hash", "–"),
    "Engine": lambda info: info.provenance.get("engine", "not recorded"),
    "Embeddings": lambda info: ", ".join(f"{e['name']} of the {e['input']}" for e in info.embeddings) or "none",
    "Label": lambda info: f"{info.label}: {info.classes[1]} or {info.classes[0]}",
    "Unit": lambda info: info.unit if info.unit == "lesion" else f"{info.unit} ({info.rule} of its rows)",
    "Split by": lambda info: info.group,
    "Cases": lambda info: f"{info.rows:,}",
    "Patients": lambda info: f"{info.patients:,}",
    "Positives": lambda info: f"{info.positives:,} of {info.units:,}",
    "Features": lambda info: f"{info.features:,}",
    "Cases without features": lambda info: info.failures if info.failures >= 0 else "not recorded",
    "Test set": lambda info: f"{info.test['units']} of {info.test['patients']} patients" if info.test else "none",
}


def _settings(info: RunInfo) -> dict[str, str]:
    settings = {**info.command, **{f"seed of {name}": value for name, value in info.seeds.items()}}
    settings |= {f"version of {name}": value for name, value in info.versions.items()}
    settings |= {f"XGBoost's {name}": info.device[name] for name in ("tree_method", "device") if name in info.device}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}


def _short(digits: str) -> str:
    return ", ".join(part if len(part) <= _DIGITS else f"{part[:_DIGITS]}…" for part in digits.split(", "))
