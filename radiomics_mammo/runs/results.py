"""The result tables of a run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.runs.run_files import FOLDS
from radiomics_mammo.runs.run_folder import read_table

DEFAULT_SENSITIVITY = 0.95
"""Certified sensitivity that is put into words where a run does not record the one that was requested."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """Result tables of a run, as attributes by the names of ``RESULT_TABLES``.

    Attributes
    ----------
    tables : mapping of str to pandas.DataFrame
        A table that the run does not have is missing here, and None as an attribute.

    Examples
    --------
    >>> import pandas as pd
    >>> results = Results({"pairs": pd.DataFrame({"model": ["xgboost"]})})
    >>> len(results.pairs), results.confusion
    (1, None)
    """

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __getattr__(self, name: str) -> pd.DataFrame | None:
        if name not in RESULT_TABLES:
            raise AttributeError(f"no result table is called {name!r}")
        return self.tables.get(name)

    def replace(self, tables: Mapping[str, pd.DataFrame | None]) -> Results:
        """Return the results with some tables replaced, or removed by None."""
        merged = {**self.tables, **tables}
        return Results({name: table for name, table in merged.items() if table is not None})


def read_results(folder: Path) -> Results:
    """Read the result tables that a run folder has."""
    paths = {name: folder / table.file for name, table in RESULT_TABLES.items()}
    return Results({name: read_table(path) for name, path in paths.items() if path.exists()})


def read_patients(folder: Path) -> frozenset[str] | None:
    """Read the training patients; None for a model copied out of its run."""
    path = folder / FOLDS
    if not path.exists():
        return None
    try:
        return frozenset(pd.read_parquet(path, columns=["patient_id"])["patient_id"].astype(str))
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        raise InputError(
            f"cannot be read ({' '.join(str(error).split())[:200]})",
            path=path,
            remedy="Run python -m radiomics_mammo.compare again with --overwrite.",
        ) from error
