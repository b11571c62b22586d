"""Summary of a data set from its list of cases: tables, one page, findings; no image is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from radiomics_mammo.reports.components.export import csv_text
from radiomics_mammo.reports.components.numbers import percent, percent_estimate, records
from radiomics_mammo.reports.components.page import Estimate, ReportTable, fill
from radiomics_mammo.reports.components.sentences import plural as count_units
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.dataset_summary.base import SEVERITIES, Dataset, Facts, Finding, Tables, plural
from radiomics_mammo.reports.dataset_summary.output_folder import PAGE, check_folder, write_folder
from radiomics_mammo.reports.dataset_summary.read import cases_frame, read_dataset
from radiomics_mammo.reports.dataset_summary.rules import find
from radiomics_mammo.reports.dataset_summary.sections import sections
from radiomics_mammo.reports.dataset_summary.tables import TABLES, make_tables
from radiomics_mammo.runs.run_files import DATA

__all__ = ["cases_frame", "check_summary", "write_summary"]

_FILES = frozenset({PAGE, *(f"{name}.csv" for name in (*TABLES, "findings"))})


def check_summary(folder: Path, *, overwrite: bool = False) -> None:
    """Check a folder as :func:`write_summary` does, before cases are listed."""
    check_folder(folder, _FILES, overwrite=overwrite)


def write_summary(
    frame: pd.DataFrame,
    *,
    name: str,
    folder: Path,
    remarks: Sequence[str] = (),
    phantom: bool = False,
    overwrite: bool = False,
    declared: Sequence[tuple[str, type]] = (),
) -> Path:
    """Write the summary of a list of cases: a page, and its tables as CSV.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case: ``case_id``, ``patient_id``, then the reader's columns; None where missing (see
        :func:`cases_frame`).
    remarks : sequence of str
        Remarks of the reader on the collection.
    declared : sequence of (str, type)
        The reader's columns with their types; the types of others are inferred.
    """
    check_summary(folder, overwrite=overwrite)
    dataset = read_dataset(frame, name=name, declared=declared, remarks=remarks, phantom=phantom)
    tables = make_tables(dataset)
    findings = find(Facts(dataset, tables))
    listed = pd.DataFrame(
        [(each.severity, each.rule, each.sentence, each.advice) for each in findings],
        columns=["severity", "rule", "sentence", "advice"],
    )
    full = {key: table for key, table in {"findings": listed, **tables}.items() if len(table)}
    written = {f"{key}.csv": _csv(table, phantom=phantom) for key, table in full.items()}
    write_folder(folder, {PAGE: _page(dataset, tables, findings).encode(), **written}, ours=_FILES, overwrite=overwrite)
    return folder.absolute() / PAGE


def _page(dataset: Dataset, tables: Tables, findings: Sequence[Finding]) -> str:
    balance, severities = records(tables["balance"]), [each.severity for each in findings]
    verdict = sentence(
        "dataset_summary.verdict",
        counts=[(int(codes.max()) + 1, unit) for unit, codes in dataset.units.items()],
        balance=[f"{percent(row['proportion'])} of {plural(row['unit'])}" for row in balance],
        label=dataset.label,
        findings=[
            count_units(severities.count(severity), severity) for severity in SEVERITIES if severity in severities
        ],
    )
    return fill(
        "dataset_summary.html.j2",
        title=f"Data set summary: {dataset.name}",
        verdict=verdict,
        key_figures=[_key_figure(row) for row in balance],
        phantom=dataset.phantom,
        findings=findings,
        sections=sections(dataset, tables),
    )


def _key_figure(row: Mapping[str, Any]) -> Estimate:
    estimate = percent_estimate(row, "proportion")
    interval = f"{row['positives']:,} of {row['units']:,}; {estimate.interval}"
    return Estimate(estimate.value, interval, f"Positive {plural(row['unit'])}")


def _csv(table: pd.DataFrame, *, phantom: bool) -> bytes:
    """Return a table as CSV; a cell that a spreadsheet would take for a formula gets an apostrophe."""
    marked = table.assign(data=DATA[phantom])
    rows = [["–" if pd.isna(cell) else str(cell) for cell in row] for row in marked.itertuples(index=False)]
    return csv_text(ReportTable("", [str(name) for name in marked.columns], rows)).encode()
