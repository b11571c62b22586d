"""A finished run without training: predictions that lean on the truth, and the tables made from them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.certified_sensitivity import certified_table, check_certificates
from radiomics_mammo.evaluation.metrics.decision_curve import decision_curve
from radiomics_mammo.evaluation.metrics.metrics import METRICS, scores
from radiomics_mammo.evaluation.metrics.operating_point import operating_table
from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table
from radiomics_mammo.evaluation.metrics.prevalence_shift import shift_table
from radiomics_mammo.evaluation.metrics.reliability import reliability_table
from radiomics_mammo.evaluation.metrics.selection_bias import selection_bias
from radiomics_mammo.evaluation.metrics.subgroups import subgroup_table
from radiomics_mammo.evaluation.result_tables.comparison import auroc_table
from radiomics_mammo.evaluation.training.registry import MODELS, candidate_title, parse_candidate
from radiomics_mammo.readers import READERS
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo
from tests.support.finished_run_tables import confusion, embeddings, ensembles, learning_curves, probes

CANDIDATES = (
    "prevalence",
    "size",
    "radiologists",
    "logistic",
    "forest",
    "xgboost",
    "xgboost+oversampling",
    "xgboost+smote",
)
_SKILL = (0.0, 0.6, 1.6, 1.0, 1.1, 1.3, 1.2, 1.15)
REPEATS = 2


def toy_cases(*, patients: int = 150, seed: int = 5) -> pd.DataFrame:
    """Two rows a patient, with what subgroups are made of."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), 2)
    return pd.DataFrame(
        {
            "case_id": [f"P_{p:05d}_{i % 2}" for i, p in enumerate(patient)],
            "patient_id": [f"P_{p:05d}" for p in patient],
            "view": np.where(np.arange(patient.size) % 2, "MLO", "CC"),
            "breast_density": rng.integers(1, 5, patients)[patient],
            "abnormality_type": np.where(rng.random(patients) < 0.93, "mass", "calcification")[patient],
            "y": (rng.random(patients) < 0.4).astype(int)[patient],
        }
    )


def probabilities(cases: pd.DataFrame, *, seed: int = 6) -> np.ndarray:
    """Give p of shape (n_arms, n_repeats, n_units): the better the model, the more of the truth."""
    rng = np.random.default_rng(seed)
    y = cases["y"].to_numpy()
    shared = rng.normal(size=y.size)
    logits = [
        skill * (2 * y - 1) - 0.4 + (0.3 + 0.7 * skill) * (shared + 0.5 * rng.normal(size=(REPEATS, y.size)))
        for skill in _SKILL
    ]
    p = 1 / (1 + np.exp(-np.stack(logits)))
    p[0] = y.mean()
    return p


def predictions(cases: pd.DataFrame, p: np.ndarray, fold_of: np.ndarray) -> pd.DataFrame:
    named = cases[["case_id", "patient_id", "y"]]
    return pd.concat(
        [
            named.assign(
                model=candidate,
                repeat=repeat,
                fold=fold_of[repeat],
                p=p[i, repeat],
                called=p[i, repeat] >= 0.4,
                data="real",
            )
            for i, candidate in enumerate(CANDIDATES)
            for repeat in range(REPEATS)
        ],
        ignore_index=True,
    )


def summary(y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    rows = []
    for candidate, repeats in zip(CANDIDATES, p, strict=True):
        values = np.mean([scores(y, one)[:, 0] for one in repeats], axis=0)
        rows += [(candidate, name, v, v - 0.03, v + 0.03, "real") for name, v in zip(METRICS, values, strict=True)]
    return pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high", "data"])


def toy_run(folder: Path = Path("run"), *, phantom: bool = False, **others: Any) -> tuple[Run, Results]:
    """Give a run and its tables as compare would leave them."""
    cases = toy_cases()
    y, (group, _) = cases["y"].to_numpy(np.int8), pd.factorize(cases["patient_id"])
    p = probabilities(cases)
    fold_of = np.stack([(group + r) % 5 for r in range(REPEATS)]).astype(np.int16)
    table = summary(y, p)
    run = Run(
        folder=folder,
        info=info(cases, phantom=phantom, **others),
        predictions=predictions(cases, p, fold_of),
        cases=cases.drop(columns="y"),
        summary=table,
        differences=twins(value=-0.002),
        contributions=None,
        values=None,
        failures=None,
    )
    return run, results(cases, y, p, group.astype(np.int64), fold_of)


def results(cases: pd.DataFrame, y: np.ndarray, p: np.ndarray, group: np.ndarray, fold_of: np.ndarray) -> Results:
    best = CANDIDATES.index("xgboost")
    reliability = [reliability_table(y, p[i], group).assign(model=CANDIDATES[i]) for i in (best, best + 1)]
    test = toy_cases(patients=60, seed=8)
    held = probabilities(test)
    certified = certified_table(y, p[best], group)
    parts = [(one, one["y"].to_numpy(np.int8), pd.factorize(one["patient_id"])[0]) for one in (cases, test)]
    return Results(
        {
            "summary": summary(y, p),
            "pairs": pair_table(CANDIDATES, y, p, group, fold_of, against="xgboost+oversampling"),
            "reliability": pd.concat(reliability, ignore_index=True),
            "decision_curve": decision_curve(CANDIDATES, y, p, group, draws=50),
            "operating": operating_table(CANDIDATES, y, p >= 0.4, group),
            "certified": certified,
            "subgroups": subgroup_table(cases, y, p[best], group, called=p[best] >= 0.4),
            "auroc_inflation": auroc_inflation(),
            "leakage_checks": leakage_checks(),
            "uncalibrated": uncalibrated(),
            "test_summary": summary(test["y"].to_numpy(np.int8), held),
            "test_differences": twins(value=-0.004),
            "test_shifted": summary(test["y"].to_numpy(np.int8), held**2),
            "test_certified": check_certificates(certified, parts[1][1], held[best, 0], parts[1][2]),
            "selection_bias": selection_bias_table(y, p, group),
            "test_operating": operating_table(CANDIDATES, parts[1][1], held >= 0.4, parts[1][2]),
            "label_shift": shift_table(parts[0], parts[1], columns={"view": "View"}),
            "auroc": auroc_table(CANDIDATES, y, p, group, summary(y, p)),
            "test_auroc": auroc_table(CANDIDATES, parts[1][1], held, parts[1][2], summary(parts[1][1], held)),
            "feature_selection": feature_selection(),
            "tuned_parameters": tuned_parameters(),
            "ensembles": ensembles(),
            "probes": probes(),
            "learning_curves": learning_curves(),
            "confusion": confusion(y, p, CANDIDATES),
            "test_confusion": confusion(parts[1][1], held, CANDIDATES),
        }
    )


def feature_selection() -> pd.DataFrame:
    features = [f"original_firstorder_F{i}" for i in range(70)]
    share = np.linspace(1, 0, 70)
    return pd.DataFrame({"feature": features, "anova": share, "stability_anova": 0.64})


def tuned_parameters() -> pd.DataFrame:
    rows = [("xgboost", repeat, fold, 0.72, 0.31, '{"max_depth": 3}') for repeat, fold in ((0, 0), (0, 1), (-1, -1))]
    return pd.DataFrame(rows, columns=["model", "repeat", "fold", "inner_auroc", "threshold", "parameters"])


def twins(*, value: float) -> pd.DataFrame:
    rows = [("xgboost+oversampling", "xgboost", name, value, value - 0.008, value + 0.008, "real") for name in METRICS]
    return pd.DataFrame(rows, columns=["model", "against", "metric", "value", "low", "high", "data"])


def uncalibrated() -> pd.DataFrame:
    rows = [("xgboost", "", "brier", 0.212, 0.2, 0.22), ("xgboost+oversampling", "", "brier", 0.243, 0.23, 0.26)]
    rows += [("xgboost+oversampling", "xgboost", "brier", 0.031, 0.02, 0.04)]
    rows += [("xgboost+oversampling", "xgboost", "calibration_slope", -0.123, -0.2, -0.05)]
    return pd.DataFrame(rows, columns=["model", "against", "metric", "value", "low", "high"])


def selection_bias_table(y: np.ndarray, p: np.ndarray, group: np.ndarray) -> pd.DataFrame:
    found = asdict(selection_bias(CANDIDATES[3:], y, p[3:], group, draws=30))
    return pd.DataFrame({"model": CANDIDATES[3:], "selected": found.pop("selected"), **found})


def auroc_inflation() -> pd.DataFrame:
    row = {
        "protocol": "oversampling_before",
        "title": "Oversampled, then rows split",
        "baseline_model": "XGBoost",
        "auroc": 0.91,
        "low": 0.88,
        "high": 0.93,
        "without_leakage": 0.71,
        "inflation": 0.2,
        "inflation_low": 0.17,
        "inflation_high": 0.23,
        "row_split_only": 0.78,
        "published": "up to +0.34 on 15 radiomic data sets",
        "sentence": "Scores 0.910 where 0.710 is right.",
    }
    other = {"protocol": "identity", "title": "The patient's number", "row_split_only": np.nan, "published": ""}
    return pd.DataFrame([row, row | other])


def leakage_checks() -> pd.DataFrame:
    columns = ["check", "passed", "value", "low", "high", "sentence"]
    rows = [
        ("permutation_test", True, 0.49, 0.44, 0.55, "With labels permuted the AUROC is 0.490, which holds 0.5."),
        ("identifier_columns", False, 1.0, np.nan, np.nan, "Features that may name the patient: original_x_Y."),
    ]
    return pd.DataFrame(rows, columns=columns)


def info(cases: pd.DataFrame, *, phantom: bool = False, **others: Any) -> RunInfo:
    said: dict[str, Any] = {
        "command": {"bootstrap": 60, "also_features": [], "label": "malignant", "group": "patient_id"},
        "table": "masses.parquet",
        "table_sha256": "0" * 64,
        "provenance": {
            "recipe_name": "lesion",
            "recipe_hash": "a" * 64,
            "recipe_text": "setting: {}\n",
            "engine": "cpu",
            "reader": {"reader": "cbis-ddsm", "root": "/nowhere"},
            "collection": READERS["cbis-ddsm"].provenance(),
        },
        "phantom": phantom,
        "label": "malignant",
        "group": "patient_id",
        "unit": "lesion",
        "rule": "max",
        "units": len(cases),
        "final_model": "xgboost",
        "classes": ["benign", "malignant"],
        "candidates": {name: candidate_title(parse_candidate(name)) for name in CANDIDATES},
        "rows": len(cases),
        "patients": cases["patient_id"].nunique(),
        "positives": int(cases["y"].sum()),
        "features": 102,
        "seeds": {"folds": 0, "models": 0, "bootstrap": 0},
        "device": {"tree_method": "hist", "device": "cpu", "asked": "cpu", "note": ""},
        "versions": {"radiomics_mammo": "0.1.0", "python": "3.11.7", "xgboost": "3.2.0"},
        "best": "xgboost",
        "explained": "xgboost",
        "contribution_unit": "log-odds",
        "embeddings": embeddings(),
        "remarks": ["31 patients train in one type and are tested in the other: their training rows were left out."],
    }
    assert MODELS["radiologists"].baseline
    return RunInfo(**{**said, **others})
