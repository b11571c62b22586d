"""What differs between two runs, as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.reports.components.page import Estimate, ReportTable
from radiomics_mammo.reports.components.tables import p_value, records, spanned
from radiomics_mammo.reports.components.wording import number
from radiomics_mammo.reports.run_comparison.paired import DRAWN, Overlap
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_SIDE_BY_SIDE = ("auroc", "average_precision", "brier", "calibration_slope")
_MOST = 60
"""Changed calls that are listed."""
_DIGITS = 12


def data_table(a: RunInfo, b: RunInfo, names: tuple[str, str]) -> ReportTable:
    """What was compared on."""
    rows = [
        [title, *(_short(cell) if "hash" in title else cell for cell in cells), "yes" if cells[0] == cells[1] else "no"]
        for title, cells in _data(a, b).items()
    ]
    return ReportTable("The data of both runs", ["What", *names, "Same?"], rows, words=[*names, "Same?"], stacked=True)


def overlap_table(found: Overlap, names: tuple[str, str]) -> ReportTable:
    """Cases and patients in common."""
    n = len(found.cases)
    rows = [
        ["Cases", f"{n:,}", f"{found.only_a:,}", f"{found.only_b:,}"],
        [
            "Patients",
            f"{found.patients:,}",
            f"{found.patients_a - found.patients:,}",
            f"{found.patients_b - found.patients:,}",
        ],
    ]
    return ReportTable(
        "In common, by case_id and patient_id", ["What", "In both", *(f"Only in {one}" for one in names)], rows
    )


def settings_table(a: RunInfo, b: RunInfo, names: tuple[str, str]) -> ReportTable | None:
    """Options, seeds, versions and devices that differ; None where all are the same."""
    first, second = _settings(a), _settings(b)
    cells = {name: (first.get(name, "–"), second.get(name, "–")) for name in {**first, **second}}
    rows = [[name, *both] for name, both in cells.items() if both[0] != both[1]]
    if not rows:
        return None
    return ReportTable("Settings that differ", ["Setting", *names], rows, words=names, stacked=True)


def side_by_side_table(
    first: pd.DataFrame, second: pd.DataFrame, titles: Mapping[str, str], names: tuple[str, str], *, caption: str
) -> ReportTable:
    """Metrics of the candidates that both summaries have, side by side."""
    shown = [name for name in _SIDE_BY_SIDE if all((table["metric"] == name).any() for table in (first, second))]
    found = [_by_model(table) for table in (first, second)]
    candidates = [name for name in titles if all((name, metric) in own for own in found for metric in shown)]
    rows: list[list[str | Estimate]] = [
        [
            titles[candidate],
            *(spanned(own[candidate, metric], "value", "low", "high") for metric in shown for own in found),
        ]
        for candidate in candidates
    ]
    headings = [f"{METRICS[metric].heading}, {name}" for metric in shown for name in names]
    return ReportTable(caption, ["Model", *headings], rows)


def difference_table(
    table: pd.DataFrame, titles: Mapping[str, str], names: tuple[str, str], *, draws: int
) -> ReportTable:
    """Paired differences on the cases in common."""
    rows: list[list[str | Estimate]] = [
        [
            pair_title(row, titles),
            number(row["auroc_a"]),
            number(row["auroc_b"]),
            spanned(row, "auroc", "auroc_low", "auroc_high", signed=True),
            p_value(row["p_holm"]),
            *(spanned(row, name, f"{name}_low", f"{name}_high", signed=True) for name in DRAWN),
            row["verdict"],
        ]
        for row in records(table)
    ]
    headings = ["Model", *(f"AUROC, {name}" for name in names), "Difference", "p, Holm"]
    headings += [f"Difference: {METRICS[name].title}" for name in DRAWN]
    return ReportTable(
        f"{names[1]} minus {names[0]} on the cases in common: AUROC clustered by patient (Obuchowski), the others by "
        f"{draws} draws of patients. Brier score: lower is better. A gain or loss in AUROC is only called where p, "
        "corrected for the number of lines by Holm's method, is below 0.05",
        [*headings, "AUROC's verdict"],
        rows,
        words=["AUROC's verdict"],
    )


def changed_table(
    first: pd.DataFrame, second: pd.DataFrame, found: Overlap, classes: Sequence[str], names: tuple[str, str]
) -> ReportTable | None:
    """Cases that the best models call differently, the largest move first; None where there are none."""
    both = pd.DataFrame({"y": found.y, "a": first["p"], "b": second["p"], "up": second["called"]}, index=found.cases)
    both = both[first["called"] != second["called"]]
    if both.empty:
        return None
    both = both.loc[(both["b"] - both["a"]).abs().sort_values(ascending=False, kind="stable").index]
    rows = [
        [str(case), classes[int(y)], number(a), number(b), classes[int(up)], "right" if y == up else "wrong"]
        for case, y, a, b, up in both.head(_MOST).itertuples()
    ]
    said = f"The {_MOST} that moved most of {len(both)} cases" if len(both) > _MOST else f"{len(both)} cases"
    headings = ["Case", "Truth", *(f"p, {name}" for name in names), f"Called by {names[1]}", f"{names[1]} is"]
    words = ["Truth", headings[-2], headings[-1]]
    return ReportTable(f"{said} that the best models call differently", headings, rows, words=words, folded="The cases")


def change_counts(first: pd.DataFrame, second: pd.DataFrame, found: Overlap) -> dict[str, int]:
    """Count changed calls: ``found`` and ``missed`` positives, ``let_go`` and ``alarmed`` negatives, in the second."""
    up = second["called"].to_numpy() & ~first["called"].to_numpy()
    down = first["called"].to_numpy() & ~second["called"].to_numpy()
    sick = found.y == 1
    return {
        "found": int((up & sick).sum()),
        "missed": int((down & sick).sum()),
        "let_go": int((down & ~sick).sum()),
        "alarmed": int((up & ~sick).sum()),
    }


def pair_title(row: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Name a line: the candidate, or both."""
    a, b = (titles.get(str(row[side]), str(row[side])) for side in ("a", "b"))
    return a if row["a"] == row["b"] else f"{b} against {a}"


def titles_of(a: Run, b: Run) -> dict[str, str]:
    """Give the candidates' titles, the first run's order first."""
    return {**a.info.candidates, **b.info.candidates}


def _data(a: RunInfo, b: RunInfo) -> dict[str, tuple[str, str]]:
    def both(of: Any) -> tuple[str, str]:
        return str(of(a)), str(of(b))

    return {
        "Images": both(lambda one: "simulated (phantom)" if one.phantom else "real"),
        "Table": both(lambda one: ", ".join(Path(part).name for part in one.table.split(", "))),
        "Table's hash (SHA-256)": both(lambda one: one.table_sha256),
        "Reader": both(lambda one: (one.provenance.get("reader") or {}).get("reader", "another tool")),
        "Recipe": both(lambda one: one.provenance.get("recipe_name", "not recorded")),
        "Recipe's hash": both(lambda one: one.provenance.get("recipe_hash", "–")),
        "Engine": both(lambda one: one.provenance.get("engine", "not recorded")),
        "Embeddings": both(lambda one: ", ".join(f"{e['name']} of the {e['input']}" for e in one.embeddings) or "none"),
        "Label": both(lambda one: f"{one.label}: {one.classes[1]} or {one.classes[0]}"),
        "Unit": both(lambda one: one.unit if one.unit == "lesion" else f"{one.unit} ({one.rule} of its rows)"),
        "Split by": both(lambda one: one.group),
        "Cases": both(lambda one: f"{one.rows:,}"),
        "Patients": both(lambda one: f"{one.patients:,}"),
        "Positives": both(lambda one: f"{one.positives:,} of {one.units:,}"),
        "Features": both(lambda one: f"{one.features:,}"),
        "Without a row": both(lambda one: one.failures if one.failures >= 0 else "not recorded"),
        "Held out": both(
            lambda one: f"{one.test['units']} of {one.test['patients']} patients" if one.test else "nobody"
        ),
    }


def _settings(info: RunInfo) -> dict[str, str]:
    found = {**info.command, **{f"seed of {name}": value for name, value in info.seeds.items()}}
    found |= {f"version of {name}": value for name, value in info.versions.items()}
    found |= {f"XGBoost's {name}": info.device[name] for name in ("tree_method", "device") if name in info.device}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}


def _by_model(table: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["model"], row["metric"]): row for row in records(table)}


def _short(digits: str) -> str:
    return ", ".join(part if len(part) <= _DIGITS else f"{part[:_DIGITS]}…" for part in digits.split(", "))
