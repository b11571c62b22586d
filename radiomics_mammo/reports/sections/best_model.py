"""The best model against the radiologists' reading and against size alone, from the predictions of a run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table
from radiomics_mammo.reports.components.model_names import READING
from radiomics_mammo.reports.components.tables import records, spanned
from radiomics_mammo.runs.run_folder import Run

BASELINES = (READING, "size")


def best_against(run: Run) -> pd.DataFrame:
    """Set the best model against each of ``BASELINES`` that was compared.

    Parameters
    ----------
    run : Run

    Returns
    -------
    pandas.DataFrame
        One row a baseline: ``model``, ``against``, ``difference``, ``low``, ``high`` (AUROC, clustered by patient:
        Obuchowski 1997; 95%); no rows where there is no best model or no baseline.
    """
    best = run.info.best
    others = [name for name in BASELINES if name in run.info.candidates and name != best]
    if not best or not others:
        return pd.DataFrame(columns=["model", "against", "difference", "low", "high"])
    own = run.predictions[run.predictions["model"] == best]
    patients = own.drop_duplicates("case_id").set_index("case_id")
    order = patients.index
    y = patients["y"].to_numpy(dtype=np.int8)
    group = pd.factorize(patients["patient_id"])[0].astype(np.int64)
    fold_of = own.pivot(index="repeat", columns="case_id", values="fold")[order].to_numpy(dtype=np.int16)
    wide = run.predictions.pivot(index=["model", "repeat"], columns="case_id", values="p")[order]
    found = []
    for other in others:
        p = np.stack([wide.loc[name].to_numpy(dtype=np.float64) for name in (best, other)])
        found.append(pair_table([best, other], y, p, group, fold_of, against={best: other}))
    return pd.concat(found, ignore_index=True)[["model", "against", "difference", "low", "high"]]


def best_sentence(run: Run) -> str:
    """Say what the best model has over the baselines, chosen on the same patients; empty without any."""
    table = best_against(run)
    if table.empty:
        return ""
    candidates = run.info.candidates
    parts = []
    for row in records(table):
        cell = spanned(row, "difference", "low", "high", signed=True)
        spread = f" ({cell.interval})" if cell.interval else ""
        parts.append(f"minus that of {candidates[row['against']]}: {cell.value}{spread}")
    return (
        f"The AUROC of the best, {candidates[run.info.best]}, {'; '.join(parts)}. These 95% intervals are clustered by "
        "patient; the best was chosen on these same patients, which favours it."
    )
