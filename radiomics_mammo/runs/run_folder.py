"""The run folder: written beside its place, moved there whole, read back as one record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.runs.run_info import RunInfo, read_info
from radiomics_mammo.tables.atomic import atomic_file, output_error, sync_folder, write_bytes
from radiomics_mammo.tables.lock import table_lock

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
DATA = {True: "phantom", False: "real"}
"""What the last column, ``data``, of the tables of results says."""
OURS = frozenset(
    {
        INFO,
        PREDICTIONS,
        FOLDS,
        CASES,
        SUMMARY,
        DIFFERENCES,
        CONTRIBUTIONS,
        VALUES,
        FAILURES,
        TIMINGS,
        REPORT,
        TEST_PREDICTIONS,
        MODEL,
        CARD,
        CARD_JSON,
    }
)
"""What a new run replaces, beside all tables of ``TABLES``."""
TABLES = frozenset(
    f"{name}.csv"
    for name in (
        "uncalibrated",
        "auroc",
        "leakage_checks",
        "certified",
        "confusion",
        "decision_curve",
        "ensembles",
        "label_shift",
        "auroc_inflation",
        "learning_curves",
        "neighbours",
        "operating",
        "out_of_range",
        "pairs",
        "probes",
        "reliability",
        "feature_selection",
        "shap_clusters",
        "shap_features",
        "shap_groups",
        "shap_interactions",
        "shap_permutation",
        "shap_stability",
        "subgroups",
        "test_auroc",
        "test_certified",
        "test_confusion",
        "test_differences",
        "test_ensembles",
        "test_operating",
        "test_reliability",
        "test_shifted",
        "test_subgroups",
        "test_summary",
        "tuned_parameters",
        "selection_bias",
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run.

    Attributes
    ----------
    folder : pathlib.Path
    info : RunInfo
    predictions : pandas.DataFrame
        case_id, patient_id, model, repeat, fold, y, p, data.
    cases : pandas.DataFrame
        One row a case: its identity columns, and ``y``.
    summary : pandas.DataFrame
        model, metric, value, low, high, data.
    differences : pandas.DataFrame
        model, against, metric, value, low, high, data.
    contributions : pandas.DataFrame or None
        case_id, repeat, fold, base, and one column of SHAP values a feature; held-out rows only.
    values : pandas.DataFrame or None
        case_id and the values of the features that contribute most.
    failures : pandas.DataFrame or None
        The table's own failures, if extract left any record.
    """

    folder: Path
    info: RunInfo
    predictions: pd.DataFrame
    cases: pd.DataFrame
    summary: pd.DataFrame
    differences: pd.DataFrame
    contributions: pd.DataFrame | None
    values: pd.DataFrame | None
    failures: pd.DataFrame | None


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table of the run as its ending says; the same frame gives the same bytes, numbers in full."""
    if path.suffix == ".csv":
        write_bytes(path, frame.to_csv(index=False, lineterminator="\n").encode())
        return
    with atomic_file(path) as handle:
        frame.to_parquet(handle, index=False, compression="zstd")


@contextmanager
def new_run(out: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a folder to write a run into; it becomes ``out`` only when the block ends without an error.

    Whatever ends the block early leaves no ``out`` (or the old one), so a folder with that name is whole.
    Files in a replaced run that are not ours are kept.

    Raises
    ------
    OutputError
        ``out`` is taken, cannot be written, or another process is writing it.
    """
    out = out.absolute()
    partial, replaced = (out.with_name(f".{out.name}.{word}") for word in ("partial", "replaced"))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with table_lock(out):
            if replaced.exists() and not out.exists():
                replaced.rename(out)  # a run was killed between the two renames of _put_in_place
            _refuse_taken(out, overwrite=overwrite)
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                yield partial
                _put_in_place(partial, out, replaced)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise output_error(error, path=out) from error


def _refuse_taken(out: Path, *, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError("a file is in the run folder's place", path=out, remedy="Choose another --out.")
    if not any(out.iterdir()):
        return
    if not (out / INFO).is_file():
        raise OutputError("this folder holds other things than a run", path=out, remedy="Choose another --out.")
    if not overwrite:
        raise OutputError(
            "there is a run here already",
            path=out,
            remedy="Replace it with --overwrite, or choose another --out.",
        )


def _put_in_place(partial: Path, out: Path, replaced: Path) -> None:
    shutil.rmtree(replaced, ignore_errors=True)
    if out.exists():
        out.rename(replaced)
    partial.rename(out)
    sync_folder(out.parent)
    if replaced.exists():
        for entry in replaced.iterdir():
            if entry.name not in OURS | TABLES:
                entry.rename(out / entry.name)
        shutil.rmtree(replaced)


def read_run(folder: Path) -> Run:
    """Read a finished run.

    Raises
    ------
    InputError
        The folder is not a run, or one of its tables is missing or damaged.
    """
    if folder.is_file():
        raise InputError("is a file", path=folder, remedy="Name the folder that compare wrote with --out.")
    if not folder.is_dir():
        raise InputError("there is no such run folder", path=folder, remedy="Run compare first, or check the path.")
    info = read_info(folder / INFO)
    explained = (folder / CONTRIBUTIONS).exists()
    return Run(
        folder=folder,
        info=info,
        predictions=_read(folder / PREDICTIONS),
        cases=_read(folder / CASES),
        summary=_read(folder / SUMMARY),
        differences=_read(folder / DIFFERENCES),
        # Without the mark: every other column that is left is a feature.
        contributions=_read(folder / CONTRIBUTIONS).drop(columns="data", errors="ignore") if explained else None,
        values=_read(folder / VALUES).drop(columns="data", errors="ignore") if explained else None,
        failures=_read(folder / FAILURES) if (folder / FAILURES).exists() else None,
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, pa.ArrowException, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(
            f"cannot be read ({said})",
            path=path,
            remedy="Run python -m radiomics_mammo.compare again with --overwrite.",
        ) from error
