"""The run folder: written to a temporary folder, renamed, read back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.runs.run_files import (
    CASES,
    CONTRIBUTIONS,
    DIFFERENCES,
    FAILURES,
    INFO,
    PREDICTIONS,
    SUMMARY,
    VALUES,
    file_descriptions,
)
from radiomics_mammo.runs.run_info import RunInfo, read_info
from radiomics_mammo.tables.atomic import atomic_file, output_error, sync_folder, write_bytes
from radiomics_mammo.tables.csv_file import escaped_frame, unescaped_frame
from radiomics_mammo.tables.lock import table_lock

_AGAIN = "Run python -m radiomics_mammo.compare again with --overwrite."


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run.

    Attributes
    ----------
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
    """Write a table; the same frame gives the same bytes, and no cell of a CSV is run as a formula."""
    if path.suffix.lower() == ".csv":
        write_bytes(path, escaped_frame(frame).to_csv(index=False, lineterminator="\n").encode("utf-8", "replace"))
        return
    with atomic_file(path) as handle:
        frame.to_parquet(handle, index=False, compression="zstd")


@contextmanager
def new_run(out: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Write a run to a folder that becomes ``out`` when the block succeeds.

    An interruption leaves no ``out`` (or the old one), so a folder with that name is complete. Files in a replaced
    run that are not in :func:`file_descriptions` are moved to the new one.

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
            if entry.name not in file_descriptions():
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
    summary = read_table(folder / SUMMARY)
    if set(summary["model"]) != {*info.candidates}:
        difference = ", ".join(sorted({*map(str, summary["model"])} ^ {*info.candidates}))
        raise InputError(
            f"was edited: models of run.json and of {SUMMARY} differ ({difference})", path=folder, remedy=_AGAIN
        )
    return Run(
        folder=folder,
        info=info,
        predictions=read_table(folder / PREDICTIONS),
        cases=read_table(folder / CASES),
        summary=summary,
        differences=read_table(folder / DIFFERENCES),
        # Without the mark: every other column that is left is a feature.
        contributions=read_table(folder / CONTRIBUTIONS).drop(columns="data", errors="ignore") if explained else None,
        values=read_table(folder / VALUES).drop(columns="data", errors="ignore") if explained else None,
        failures=read_table(folder / FAILURES) if (folder / FAILURES).exists() else None,
    )


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of the run."""
    try:
        frame = unescaped_frame(pd.read_csv(path)) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise InputError(
            f"cannot be read ({' '.join(str(error).split())[:200]})",
            path=path,
            remedy=_AGAIN,
        ) from error
    return frame
