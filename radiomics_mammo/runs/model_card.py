"""Model card (Mitchell et al., FAT* 2019) of the final model, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.runs.model_metadata import ModelFacts
from radiomics_mammo.runs.results import DEFAULT_SENSITIVITY, Results
from radiomics_mammo.runs.run_info import RunInfo
from radiomics_mammo.tables.feature_table import embedder_of, is_embedding

FORMAT = 1


INTENDED = (
    "Research on radiomics of mammographic lesions: comparing features, models and ways of validating them.",
    "Scoring lesions that were outlined, and measured with the recipe below, as those it was trained on were.",
)
NOT_INTENDED = (
    "Any decision on a patient. It is not a medical device, and no authority has assessed it.",
    "Detection of lesions: it scores regions that were outlined.",
    "Cases of another kind than it was trained on: another machine, outline, population or prevalence.",
)
_STEPS = {
    "vary": "constant columns out",
    "alike": "of columns with nearly equal ranks the first one",
    "impute": "nulls to the median of the training rows, with an indicator of missingness",
    "scale": "mean 0 and deviation 1",
    "clip": "values more than 5 deviations from the mean set to 5 deviations",
    "choose": "selection of the columns that separate the classes most stably",
}


def model_card(info: RunInfo, fitted: Fitted, facts: ModelFacts, *, results: Results) -> dict[str, Any]:
    """Build the model card as JSON holds it; undefined figures are None."""
    name = fitted.candidate.name
    collection = {} if facts.phantom else info.provenance.get("collection") or {}
    return {
        "format": FORMAT,
        "title": f"{facts.title}: {facts.classes[1]} or {facts.classes[0]}?",
        "phantom": facts.phantom,
        "model": _model(fitted, facts),
        "intended_use": list(INTENDED),
        "not_intended_use": list(NOT_INTENDED),
        "data": _data(info, facts),
        "features": _features(info, facts),
        "preparation": _preparation(fitted.preparation),
        "tuning": _tuning(info),
        "performance": _performance(name, results, settings=info.command),
        "operating": _rows(_of_model(results.operating, name)),
        "reliability": _rows(_of_model(results.reliability, name)),
        "certified": _rows(results.certified if name == info.best else None) or _saved(facts),
        "sensitivity": info.command.get("sensitivity", DEFAULT_SENSITIVITY),
        "subgroups": _rows(results.subgroups if name == info.best else None),
        "auroc_inflation": _rows(results.auroc_inflation),
        "leakage_checks": _rows(results.leakage_checks),
        "label_shift": _rows(results.label_shift),
        "limits": _limits(info, facts, tested=results.test_summary is not None),
        "remarks": [*info.remarks, *info.notes],
        "versions": dict(info.versions),
        "seeds": dict(info.seeds),
        "licence_of_data": str(collection.get("licence", "")),
        "citation": str(collection.get("citation", "")),
        "how_to_use": [
            "python -m radiomics_mammo.predict RUN --table TABLE",
            "python -m radiomics_mammo.predict RUN --image IMAGE --mask MASK",
            'radiomics_mammo.runs.saved_model.load_model(Path("RUN/model"))',
        ],
    }


def _preparation(steps: Any) -> list[str]:
    """Return the preparation steps in words."""
    named = steps.named_steps
    if "fuse" in named:
        return [*_preparation(named["fuse"].plain_), *_compressing(named["fuse"].compress_)]
    if "compress" in named:
        return _compressing(named["compress"])
    return [_STEPS.get(step, step) for step in named]


def _compressing(compress: Any) -> list[str]:
    reduced = ["the leading principal components of each network"] if compress.components else []
    return ["embeddings to mean 0 and deviation 1", *reduced]


def card_json(card: Mapping[str, Any]) -> bytes:
    """Return a card as JSON; the same card gives the same bytes."""
    return (json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _model(fitted: Fitted, facts: ModelFacts) -> dict[str, Any]:
    return {
        "candidate": fitted.candidate.name,
        "title": facts.title,
        "settings": {name: _plain(value) for name, value in fitted.parameters.items()},
        "calibration": fitted.calibrator.kind,
        "threshold": fitted.threshold,
        "operating_rule": facts.operating,
        "unit": facts.unit,
        "rule": facts.rule,
    }


def _data(info: RunInfo, facts: ModelFacts) -> dict[str, Any]:
    return {
        "rows": info.rows,
        "units": facts.units,
        "patients": facts.patients,
        "positives": facts.positives,
        "prevalence": facts.prevalence,
        "label": facts.label,
        "classes": list(facts.classes),
        "group": facts.group,
        "table": info.table,
        "table_sha256": info.table_sha256,
        "held_out": dict(info.test),
    }


def _features(info: RunInfo, facts: ModelFacts) -> dict[str, Any]:
    provenance = facts.provenance
    networks = {embedder_of(name) for name in facts.features if is_embedding(name)}
    return {
        "count": len(facts.features),
        "names": [name for name in facts.features if not is_embedding(name)],
        "networks": [dict(network) for network in info.embeddings if network["prefix"] in networks],
        "recipe_name": str(provenance.get("recipe_name", "")),
        "recipe_hash": str(provenance.get("recipe_hash", "")),
        "recipe": str(provenance.get("recipe_text", "")),
        "engine": str(provenance.get("engine", "")),
    }


def _tuning(info: RunInfo) -> dict[str, Any]:
    names = ("folds", "repeats", "inner_folds", "trials", "minutes", "select", "calibration")
    return {name: info.command[name] for name in names if name in info.command}


def _performance(name: str, results: Results, *, settings: Mapping[str, Any]) -> dict[str, Any]:
    bias = results.selection_bias
    corrected = None
    if bias is not None and len(bias) and bias["name"].iloc[0] == name:
        corrected = {key: _plain(bias[key].iloc[0]) for key in ("corrected", "low", "high")}
    return {
        "intervals": f"95%, {settings.get('bootstrap', 'some')} draws of patients",
        "cross_validation": _rows(_of_model(results.summary, name)),
        "auroc_corrected_for_choice": corrected,
        "held_out": _rows(_of_model(results.test_summary, name)),
    }


def _limits(info: RunInfo, facts: ModelFacts, *, tested: bool) -> list[str]:
    limits = [
        "Performance was estimated with models trained on parts of the patients. This model was trained on all of "
        "them; its own performance was not measured.",
        f"Probabilities are calibrated to a prevalence of {100 * facts.prevalence:.1f}% {facts.classes[1]}; at another "
        "prevalence they need recalibration.",
        "Predictions for values outside the training range, or for images of another origin, may be wrong at any "
        "predicted probability.",
        "The certified sensitivity applies to patients like the training patients and to out-of-fold predictions, not "
        "to this model; it does not account for the selection of a model on the same patients.",
    ]
    if facts.phantom:
        limits.insert(0, "Trained on simulated images (phantom): it is not valid for patients.")
    if not tested:
        limits.append("There was no held-out or external test set.")
    if facts.group != "patient_id":
        limits.append(f"Patients were identified by the column {facts.group}.")
    if not info.provenance.get("recipe_hash"):
        limits.append("The features were made by another tool, whose settings are not recorded.")
    return limits


def _saved(facts: ModelFacts) -> list[dict[str, Any]]:
    return [
        {
            "target": certificate.target,
            "confidence": certificate.confidence,
            "threshold": certificate.threshold,
            "upper": certificate.upper,
        }
        | {"needed": certificate.needed}
        for certificate in facts.certificates
    ]


def _of_model(table: pd.DataFrame | None, name: str) -> pd.DataFrame | None:
    if table is None or "model" not in table:
        return table
    return table[table["model"] == name]


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return a table as JSON records; none where it is missing."""
    if table is None:
        return []
    columns = [column for column in table.columns if column not in ("model", "data")]
    return [{str(key): _plain(value) for key, value in row.items()} for row in table[columns].to_dict("records")]


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
