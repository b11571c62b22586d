"""Methods and provenance of a run, and the limitations of its results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from radiomics_mammo.reports.components.model_names import without_baselines
from radiomics_mammo.reports.components.numbers import units
from radiomics_mammo.reports.components.page import PagePart
from radiomics_mammo.reports.components.run_facts import is_tuned, table_names
from radiomics_mammo.reports.components.sentences import paragraphs, sentence
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.run_info import RunInfo

_PROVENANCE = {
    "recipe_name": "Recipe",
    "recipe_hash": "Recipe hash",
    "engine": "Engine",
    "reader": "Reader",
    "versions": "Versions of the extraction",
    "input_fingerprint": "Fingerprint of the input",
    "created": "Table created",
    "recipe_text": "Recipe in full",
}


def build(inputs: ReportInputs) -> PagePart:
    """Build the section of methods and provenance."""
    last = inputs.run.predictions[["fold", "repeat"]].max()
    return PagePart(facts=method_facts(inputs.run.info, folds=int(last["fold"]) + 1, repeats=int(last["repeat"]) + 1))


def limitations(inputs: ReportInputs) -> PagePart:
    """Build the section of limitations."""
    run, info = inputs.run, inputs.run.info
    spacing = run.cases.get("spacing_row_mm")
    items = paragraphs(
        "limitations.items",
        n_models=len(without_baselines(info.candidates)),
        phantom=info.phantom,
        tested=inputs.results.test_summary is not None,
        tuned=is_tuned(info.command),
        spacing_unknown=0 if spacing is None else int(spacing.isna().sum()),
        cases=f"{len(run.cases)} {units(info.unit)}",
        group=info.group,
        prevalence="prevalence" in info.candidates,
        explained=run.contributions is not None or inputs.results.shap_features is not None,
    )
    return PagePart(items=items)


def method_facts(info: RunInfo, *, folds: int, repeats: int) -> list[tuple[str, str]]:
    """Return names and values that a reviewer asks for."""
    command = info.command
    values = {"folds": folds, "repeats": repeats, "info": info, "command": command, "tuned": is_tuned(command)}
    texts = {name: sentence(f"methods.{macro}", **values) for name, macro in _TEXTS.items()}
    test = info.test
    return [
        *((name, value) for name, value in texts.items() if value),
        ("Seeds", ", ".join(f"{name} {value}" for name, value in info.seeds.items())),
        ("Versions", ", ".join(f"{name} {number}" for name, number in info.versions.items())),
        ("Table", f"{table_names(info.table)}, SHA-256 {info.table_sha256}"),
        *([("Test table", f"{table_names(test['table'])}, SHA-256 {test['sha256']}")] if test else []),
        *_extraction(info.provenance),
        *(("Notes", note) for note in info.notes),
    ]


_TEXTS = {
    "Splits": "splits",
    "Fitted on training rows only": "fitted",
    "Tuning": "tuning",
    "Calibration": "calibration",
    "Models": "models",
    "Values": "values",
    "Intervals": "intervals",
    "SHAP": "shap",
    "Label": "label",
    "Features": "features",
    "XGBoost": "xgboost",
}


def _extraction(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the table records about the extraction."""
    facts = [(title, _plain(provenance[key])) for key, title in _PROVENANCE.items() if provenance.get(key)]
    aggregated = provenance.get("aggregated")
    if aggregated:
        facts.append(("Rows", sentence("methods.aggregated", to=aggregated["to"], rules=aggregated["rules"])))
    return facts or [("Extraction", "not recorded: the table was created by another tool")]


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_last_part(part)}" for name, part in value.items() if part is not None)
    return value if isinstance(value, str) else json.dumps(value)


def _last_part(value: object) -> object:
    return PurePath(value).name if isinstance(value, str) and PurePath(value).is_absolute() else value
