"""What is in a collection, before any picture is opened: tables, one page, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from radiomics_mammo.reports.components.export import csv_text
from radiomics_mammo.reports.components.numbers import percent, records
from radiomics_mammo.reports.components.page import Estimate, ReportTable, fill
from radiomics_mammo.reports.dataset_summary.base import SEVERITIES, Dataset, Facts, Finding, Tables, plural, some
from radiomics_mammo.reports.dataset_summary.output_folder import PAGE, check_folder, write_folder
from radiomics_mammo.reports.dataset_summary.read import cases_frame, read_dataset
from radiomics_mammo.reports.dataset_summary.rules import find
from radiomics_mammo.reports.dataset_summary.sections import sections
from radiomics_mammo.reports.dataset_summary.tables import TABLES, make_tables
from radiomics_mammo.runs.run_files import DATA

__all__ = ["cases_frame", "check_summary", "write_summary"]

_FILES = frozenset({PAGE, *(f"{name}.csv" for name in (*TABLES, "findings"))})


def check_summary(folder: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that :func:`write_summary` would refuse, before cases are listed.

    Raises
    ------
    OutputError
        It holds something else, or a summary that is not to be replaced.
    """
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
    """Write what a list of cases holds and implies: one HTML page, and as CSV every table that has a row.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case: ``case_id``, ``patient_id``, then the reader's columns; None where missing (see
        :func:`cases_frame`).
    name : str
        Of the collection, for the page's heading.
    folder : pathlib.Path
        Made whole or not at all; one that holds anything but a summary is refused.
    remarks : sequence of str
        What the reader said of the collection.
    phantom : bool
        Whether the images are simulated: said on the page and in every table.
    overwrite : bool
        Whether to replace an earlier summary.
    declared : sequence of (str, type)
        The reader's columns with their types; the types of others are found out.

    Returns
    -------
    pathlib.Path
        The page, ``index.html`` in the folder.

    Raises
    ------
    InputError
        There is no case.
    OutputError
        The folder is taken or cannot be written.
    """
    check_summary(folder, overwrite=overwrite)
    dataset = read_dataset(frame, name=name, declared=declared, remarks=remarks, phantom=phantom)
    tables = make_tables(dataset)
    findings = find(Facts(dataset, tables))
    said = pd.DataFrame(
        [(one.severity, one.rule, one.sentence, one.advice) for one in findings],
        columns=["severity", "rule", "sentence", "advice"],
    )
    full = {key: table for key, table in {"findings": said, **tables}.items() if len(table)}
    written = {f"{key}.csv": _csv(table, phantom=phantom) for key, table in full.items()}
    write_folder(folder, {PAGE: _page(dataset, tables, findings).encode(), **written}, ours=_FILES, overwrite=overwrite)
    return folder.absolute() / PAGE


def _page(dataset: Dataset, tables: Tables, findings: Sequence[Finding]) -> str:
    return fill(
        "dataset_summary.html.j2",
        title=f"What is in {dataset.name}",
        verdict=_verdict(dataset, tables, findings),
        headline=_headline(tables),
        phantom=dataset.phantom,
        findings=findings,
        sections=sections(dataset, tables),
    )


def _verdict(dataset: Dataset, tables: Tables, findings: Sequence[Finding]) -> str:
    counted = " of ".join(some(int(codes.max()) + 1, unit) for unit, codes in dataset.units.items())
    balance = [f"{percent(row['share'])} of {plural(row['unit'])}" for row in records(tables["balance"])]
    positive = f" {_listed(balance)} are positive ({dataset.label})." if balance else ""
    found = [(sum(one.severity == severity for one in findings), severity) for severity in SEVERITIES]
    many = {"danger": "dangers", "caution": "cautions", "note": "notes"}
    said = [f"{n} {severity if n == 1 else many[severity]}" for n, severity in found if n]
    return f"{counted}.{positive} {_listed(said)} to read first.".replace("  ", " ")


def _headline(tables: Tables) -> list[Estimate]:
    return [
        Estimate(
            f"Positive {plural(row['unit'])}",
            percent(row["share"]),
            f"{row['positives']:,} of {row['units']:,}; {percent(row['low'])} to {percent(row['high'])}",
        )
        for row in records(tables["balance"])
    ]


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else "Nothing"


def _csv(table: pd.DataFrame, *, phantom: bool) -> bytes:
    """Write a table in full; a cell that a spreadsheet would take for a formula gets an apostrophe."""
    marked = table.assign(data=DATA[phantom])
    rows = [["–" if pd.isna(cell) else str(cell) for cell in row] for row in marked.itertuples(index=False)]
    return csv_text(ReportTable("", [str(name) for name in marked.columns], rows)).encode()
