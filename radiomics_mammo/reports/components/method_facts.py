"""How a run came about, as facts that a reviewer asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from radiomics_mammo.runs.run_info import RunInfo


def is_tuned(command: Mapping[str, Any]) -> bool:
    """Whether a run's models were tuned: more than the default settings were tried."""
    return int(command.get("trials", 1)) > 1 or bool(command.get("minutes"))


def method_facts(info: RunInfo, *, folds: int, repeats: int) -> list[tuple[str, str]]:
    """Give names and values for the last section of the page."""
    command = info.command
    facts = [
        ("Splits", f"{folds} folds, repeated {repeats} times with new shuffles, stratified, by {info.group}: "
         "all rows of a patient are in one fold"),
        ("Fitted on training rows only", "constant and nearly equal columns out; nulls to the median with an "
         "indicator, and scaling (XGBoost takes nulls as they are); the choice of features; resampling; settings; the "
         "model; calibration and threshold, on inner out-of-fold predictions of real rows"),
        *_tuning(command),
        ("Models", "; ".join(info.candidates.values())),
        ("Values", "mean over repeats of the metric on that repeat's pooled out-of-fold predictions"),
        ("Intervals", f"95%, percentile, {command['bootstrap']} draws of patients with all their rows, with "
         "replacement; the same draws for all models"),
        ("SHAP", "path-dependent tree SHAP on the rows that each fold left out, averaged over repeats"),
        ("Label", f"{info.label}: 1 is {info.classes[1]}, 0 is {info.classes[0]}"),
        ("Features", _features(info)),
        ("Seeds", ", ".join(f"{name} {value}" for name, value in info.seeds.items())),
        ("XGBoost", f"tree_method {info.device['tree_method']}, trained on {info.device['device']}"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in info.versions.items())),
        ("Table", f"{table_names(info.table)}, SHA-256 {info.table_sha256}"),
        *([("Test table", f"{table_names(info.test['table'])}, SHA-256 {info.test['sha256']}")] if info.test else []),
    ]  # fmt: skip
    return facts + _extraction(info.provenance) + [("Notes", note) for note in info.notes]


def _tuning(command: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say how settings were chosen; nothing where a run does not tell."""
    if "trials" not in command:
        return []
    tried = f"{command['trials']} settings of each model" if is_tuned(command) else "none: the default settings"
    return [
        (
            "Tuning",
            f"{tried}; {command.get('inner_folds', '?')} inner folds by patient; "
            f"features: {command.get('select', '?')}",
        ),
        ("Calibration", f"{command.get('calibration', '?')}; operating threshold by {command.get('operate_at', '?')}"),
    ]


def _features(info: RunInfo) -> str:
    also = info.command["also_features"]
    return (
        f"{info.features} radiomic features"
        if not also
        else (f"{info.features}, of which let in by name: {', '.join(also)}")
    )


def _extraction(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what the table says of its own making; nothing for another tool's table."""
    names = (
        ("recipe_name", "Recipe"),
        ("recipe_hash", "Recipe's hash"),
        ("engine", "Engine"),
        ("reader", "Reader"),
        ("versions", "Versions of the extraction"),
        ("input_fingerprint", "Fingerprint of the input"),
        ("created", "Table begun"),
        ("recipe_text", "Recipe in full"),
    )
    told = [(title, _plain(provenance[key])) for key, title in names if provenance.get(key)]
    made_of = provenance.get("aggregated")
    if made_of:
        rules = "; ".join(f"{rule}: {said}" for rule, said in made_of["rules"].items())
        told.append(("Rows", f"each a {made_of['to']}, of several images. {rules}"))
    return told or [("Extraction", "not recorded: the table was made by another tool")]


def table_names(paths: str) -> str:
    """Give the file names of tables, whose folders may tell who made them."""
    return ", ".join(PurePath(one).name for one in paths.split(", "))


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_last(one)}" for name, one in value.items() if one is not None)
    return value if isinstance(value, str) else json.dumps(value)


def _last(value: object) -> object:
    """Keep the last part of an absolute path: where it lies says who works there, not what was read."""
    return PurePath(value).name if isinstance(value, str) and PurePath(value).is_absolute() else value


def learners(info: RunInfo) -> str:
    """Name whom the final models are trained on: everybody, less those held out."""
    return "everybody who is not held out" if info.test else "everybody"


def citation(info: RunInfo) -> str:
    """Cite the collection where it is known and real; empty otherwise."""
    return "" if info.phantom else str((info.provenance.get("collection") or {}).get("citation", ""))
