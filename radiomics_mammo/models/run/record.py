"""Writing down what a study was asked, what it was made of and what it gave."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from radiomics_mammo import __version__
from radiomics_mammo.atomic import write_bytes
from radiomics_mammo.models import MODELS, arm_title
from radiomics_mammo.models.comparison import fold_table, prediction_table
from radiomics_mammo.models.data.cohort import Question
from radiomics_mammo.models.run import runfolder as names
from radiomics_mammo.models.run.runinfo import RunInfo
from radiomics_mammo.models.study import Options, Study
from radiomics_mammo.models.training.device import Device
from radiomics_mammo.tables import Table


def run_info(
    study: Study,
    *,
    path: Path,
    table: Table,
    question: Question,
    options: Options,
    device: Device,
    failures: int = -1,
) -> RunInfo:
    """Gather what ``run.json`` holds.

    Parameters
    ----------
    study : Study
    path, table : pathlib.Path, Table
        The feature table, where it lies and as it was read.
    question, options, device
        What was asked.
    failures : int
        Cases without a row in the table; -1 if not known.
    """
    cohort, tree = study.plan.cohort, study.best_tree
    asked = {name: value for name, value in asdict(options).items() if name != "workers"}
    notes = [*study.notes, *([device.note] if device.note else [])]
    return RunInfo(
        command={**asdict(question), **asked},
        table=str(path.absolute()),
        table_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        provenance=table.provenance,
        phantom=is_phantom(table, cohort.rows),
        label=cohort.label,
        group=cohort.group_column,
        classes=list(cohort.classes),
        arms={arm.name: arm_title(arm) for arm in study.plan.arms},
        rows=int(cohort.y.size),
        people=int(cohort.group.max()) + 1,
        positives=int(cohort.y.sum()),
        features=len(cohort.features),
        seeds={"folds": options.seed, "models": options.seed, "bootstrap": options.seed},
        device={name: str(value) for name, value in asdict(device).items()},
        versions=_versions(),
        best=study.best.name if study.best else "",
        best_tree=tree.name if tree else "",
        contribution_unit="" if tree is None else "log-odds" if MODELS[tree.model].boosted else "probability",
        remarks=list(cohort.remarks),
        notes=notes,
        failures=failures,
    )


def is_phantom(table: Table, rows: pd.DataFrame) -> bool:
    """Whether the table, or any of its rows, says that it was made from simulated images."""
    marks = rows["phantom"].astype(str).str.lower() if "phantom" in rows.columns else pd.Series(dtype=str)
    return bool(marks.isin(["true", "1", "1.0"]).any()) or bool(table.provenance.get("phantom", False))


def _versions() -> dict[str, str]:
    import imblearn
    import numpy as np
    import sklearn
    import xgboost

    modules = (np, pd, sklearn, imblearn, xgboost)  # by module: xgboost comes under two package names
    found = {module.__name__: str(module.__version__) for module in modules}
    return {
        "radiomics_mammo": __version__,
        "python": platform.python_version(),
        **found,
        "shap": version("shap"),
    }


def write_run(
    folder: Path, info: RunInfo, study: Study, *, contributions: pd.DataFrame | None, top: Sequence[str] = ()
) -> None:
    """Write the tables of a run and ``run.json``, the last.

    Parameters
    ----------
    folder : pathlib.Path
        From :func:`radiomics_mammo.models.run.runfolder.new_run`.
    info, study
        What is written.
    contributions : pandas.DataFrame or None
        SHAP values of the best tree model on held-out rows.
    top : sequence of str
        Features whose values are kept beside their contributions.
    """
    plan = study.plan
    made_from = names.DATA[info.phantom]
    tables = {
        names.PREDICTIONS: prediction_table(plan, study.outcome.p),
        names.FOLDS: fold_table(plan),
        names.SUMMARY: study.summary,
        names.DIFFERENCES: study.differences,
    }
    if contributions is not None:
        tables |= {names.CONTRIBUTIONS: contributions, names.VALUES: plan.cohort.values(top)}
    for name, table in tables.items():
        names.write_table(table.assign(data=made_from), folder / name)
    names.write_table(plan.cohort.rows, folder / names.CASES)  # says it row by row, as the feature table does
    write_bytes(folder / names.INFO, info.to_json())


def write_timings(folder: Path, *, stages: Mapping[str, float], study: Study, workers: int) -> None:
    """Write what differs from one run to the next: seconds, and the workers that they depend on."""
    record = {
        "workers": workers,
        "stages_s": {name: round(value, 3) for name, value in stages.items()},
        "models_s": {name: round(value, 3) for name, value in study.outcome.seconds.items()},
    }
    write_bytes(folder / names.TIMINGS, (json.dumps(record, indent=1) + "\n").encode())
