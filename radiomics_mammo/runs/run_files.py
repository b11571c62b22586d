"""Files of a run folder and their descriptions; imports no pandas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from radiomics_mammo.evaluation.result_tables import RESULT_TABLES

INFO = "run.json"
PREDICTIONS = "predictions.parquet"
FOLDS = "folds.parquet"
CASES = "cases.parquet"
SUMMARY = "summary.csv"
DIFFERENCES = "differences.csv"
CONTRIBUTIONS = "shap.parquet"
VALUES = "shap_values.parquet"
TEST_PREDICTIONS = "test_predictions.parquet"
FAILURES = "failures.csv"
MODEL = "model"
CARD = "model_card.html"
CARD_JSON = "model_card.json"
TIMINGS = "timings.json"
REPORT = "report.html"
README = "README.md"
DATA = {True: "phantom", False: "real"}
"""Values of the last column, ``data``, of the result tables."""

RUN_FILES: Mapping[str, str] = {
    INFO: "options, data, devices, versions and remarks of the run",
    README: "this description",
    PREDICTIONS: "out-of-fold: case_id, patient_id, model, repeat, fold, y, p (calibrated), raw, called",
    TEST_PREDICTIONS: "the same on the test set, with --test or --split",
    FOLDS: "the fold in which each unit is tested",
    CASES: "identity columns of the units",
    CONTRIBUTIONS: "SHAP values of the explained model on held-out rows",
    VALUES: "feature values of the features with the largest SHAP values",
    FAILURES: "cases without a row in the feature table",
    MODEL: "the final model, for python -m radiomics_mammo.predict",
    CARD: "model card of the final model, to read",
    CARD_JSON: "model card of the final model, as data",
    TIMINGS: "seconds of each stage and model; the only file that differs between equal runs",
    REPORT: "the report of python -m radiomics_mammo.report",
}
"""Files of a run folder beside the result tables, and what they hold."""


def file_descriptions() -> dict[str, str]:
    """Return one line on every file that a run may have, the result tables last."""
    tables = {
        table.file: f"{table.title}{f'; needs {table.condition}' if table.needs else ''}"
        for table in RESULT_TABLES.values()
    }
    return {**RUN_FILES, **tables}


def readme(folder: Path) -> str:
    """Format the README of a run folder: its files and their columns."""
    lines = ["# Run of radiomics_mammo.compare", "", "| file | content |", "|---|---|"]
    present = {path.name for path in folder.iterdir()} | {README, TIMINGS}
    lines += [f"| `{name}` | {text} |" for name, text in file_descriptions().items() if name in present]
    lines += ["", "The last column of every table, `data`, is `phantom` where images were simulated, else `real`.", ""]
    for table in RESULT_TABLES.values():
        if table.file in present:
            lines += [f"## {table.file}", "", "| column | type | content | null where |", "|---|---|---|---|"]
            lines += [f"| `{c.name}` | {c.kind} | {c.description} | {c.null} |" for c in table.columns]
            lines.append("")
    return "\n".join(lines)


def files_help() -> str:
    """Return the section of ``compare --help`` on the files of a run."""
    width = max(map(len, file_descriptions()))
    lines = [f"  {name:<{width}}  {text}" for name, text in file_descriptions().items()]
    return "\n".join(["written to OUT:", *lines])
