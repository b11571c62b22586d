"""Run configuration, provenance and tables, written to the run folder."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.core.version import __version__
from radiomics_mammo.evaluation.cohort.join import embeddings_in
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.cohort.train_test import TrainTest
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.study import Study
from radiomics_mammo.evaluation.summary import fold_table, prediction_table, test_prediction_table
from radiomics_mammo.evaluation.training.device import Device
from radiomics_mammo.evaluation.training.registry import candidate_title, estimator_of
from radiomics_mammo.runs import run_files as names
from radiomics_mammo.runs.run_config import RunConfig
from radiomics_mammo.runs.run_folder import write_table
from radiomics_mammo.runs.run_info import RunInfo
from radiomics_mammo.tables.atomic import write_bytes


def run_digest(config: RunConfig) -> dict[str, Any]:
    """Return all that decides the result, with the hashes of the tables."""
    return {
        "command": config.command(),
        "minutes": config.minutes,
        "tables": [file_hash(path) for path in config.tables],
        "test": [file_hash(path) for path in config.test],
        "versions": versions(),
    }


def file_hash(path: Path) -> str:
    """Compute the SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def run_info(
    study: Study,
    *,
    config: RunConfig,
    hashes: Mapping[str, Sequence[str]],
    train_test: TrainTest,
    device: Device,
    failures: int = -1,
) -> RunInfo:
    """Build the content of ``run.json``; ``failures`` is -1 if not known."""
    cohort, tree = study.plan.cohort, study.explained
    seed = study.plan.seed
    return RunInfo(
        command=config.command(),
        table=", ".join(str(path.absolute()) for path in config.tables),
        table_sha256=", ".join(hashes["tables"]),
        provenance=train_test.table.provenance,
        phantom=is_phantom(train_test),
        label=cohort.label,
        group=cohort.group_column,
        unit=cohort.units.kind,
        rule=cohort.units.rule,
        classes=list(cohort.classes),
        candidates={candidate.name: candidate_title(candidate) for candidate in study.plan.candidates},
        rows=int(cohort.y.size),
        units=int(cohort.units.y.size),
        patients=cohort.n_patients,
        positives=int(cohort.units.y.sum()),
        features=len(cohort.features),
        seeds={"folds": seed, "models": seed, "bootstrap": seed},
        device={name: str(value) for name, value in asdict(device).items()},
        versions=versions(),
        best=study.best.name if study.best else "",
        explained=tree.name if tree else "",
        final_model=study.final.name if study.final else "",
        contribution_unit=estimator_of(tree).contribution_unit if tree else "",
        remarks=list(cohort.remarks),
        notes=[*study.notes, *([device.note] if device.note else [])],
        test={} if train_test.test is None else _test(train_test.test, config.test, hashes["test"]),
        embeddings=embeddings_of(train_test, cohort),
        failures=failures,
    )


def embeddings_of(train_test: TrainTest, cohort: Cohort) -> list[dict[str, Any]]:
    """Return the records of a cohort's embedders, as far as known.

    Weights count as forced where they were on either side of a test.
    """
    known: dict[str, dict[str, Any]] = {}
    for table in (train_test.test_table, train_test.table):
        for network in [] if table is None else embeddings_in(table.provenance):
            forced = bool(network.get("forced")) or bool(known.get(network["prefix"], {}).get("forced"))
            known[network["prefix"]] = {**network, "forced": forced}
    blank = dict.fromkeys(("source", "licence", "sha256"), "not recorded")
    entries: list[dict[str, Any]] = []
    for prefix, columns in cohort.embedders.items():
        entry = {"name": prefix, "input": prefix.partition("_")[0], "trained_on": [], "forced": False, **blank}
        entries.append({**entry, **known.get(prefix, {}), "prefix": prefix, "dims": columns.stop - columns.start})
    return entries


def _test(cohort: Cohort, paths: Sequence[Path], hashes: Sequence[str]) -> dict[str, Any]:
    return {
        "table": ", ".join(str(path.absolute()) for path in paths) or "the official test split",
        "sha256": ", ".join(hashes),
        "rows": int(cohort.y.size),
        "units": int(cohort.units.y.size),
        "patients": cohort.n_patients,
        "positives": int(cohort.units.y.sum()),
    }


def is_phantom(train_test: TrainTest) -> bool:
    """Return whether a table or a row is marked as simulated."""
    tables = [table for table in (train_test.table, train_test.test_table) if table is not None]
    cohorts = [cohort for cohort in (train_test.train, train_test.test) if cohort is not None]
    marks = [cohort.rows["phantom"].astype(str).str.lower() for cohort in cohorts if "phantom" in cohort.rows.columns]
    recorded = any(bool(table.provenance.get("phantom", False)) for table in tables)
    return recorded or any(bool(mark.isin(["true", "1", "1.0"]).any()) for mark in marks)


def versions() -> dict[str, str]:
    """Return the versions of the libraries that determine the numbers."""
    import imblearn
    import sklearn
    import xgboost

    modules = (np, pd, sklearn, imblearn, xgboost)  # by module: xgboost comes under two package names
    return {
        "radiomics_mammo": __version__,
        "python": platform.python_version(),
        **{module.__name__: str(module.__version__) for module in modules},
        "optuna": version("optuna"),
        "shap": version("shap"),
        **({"torch": version("torch")} if find_spec("torch") else {}),  # it trains dense heads where it is
    }


def write_run(folder: Path, info: RunInfo, study: Study) -> None:
    """Write the tables of a run and, last, ``run.json``."""
    plan = study.plan
    tables = {
        names.PREDICTIONS: prediction_table(plan, study.outcome),
        names.FOLDS: fold_table(plan),
        **{RESULT_TABLES[name].file: table for name, table in study.tables.items()},
    }
    if plan.test is not None:
        tables[names.TEST_PREDICTIONS] = test_prediction_table(plan, study.outcome)
    if study.shap is not None:
        tables |= {names.CONTRIBUTIONS: study.shap.contributions, names.VALUES: study.shap.values}
    for name, table in tables.items():
        write_table(table.assign(data=names.DATA[info.phantom]), folder / name)
    write_table(plan.cohort.units.rows, folder / names.CASES)  # its column phantom says it row by row
    write_bytes(folder / names.INFO, info.to_json())


def write_timings(folder: Path, *, stages: Mapping[str, float], study: Study, workers: int) -> None:
    """Write the seconds of the stages and models, and the README."""
    record = {
        "workers": workers,
        "stages_s": {name: round(value, 3) for name, value in stages.items()},
        "models_s": {name: round(value, 3) for name, value in study.outcome.seconds.items()},
    }
    write_bytes(folder / names.TIMINGS, (json.dumps(record, indent=1) + "\n").encode())
    write_bytes(folder / names.README, names.readme(folder).encode())
