"""Facts about a run that several parts of the report state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from radiomics_mammo.runs.run_info import RunInfo


def is_tuned(command: Mapping[str, Any]) -> bool:
    """Return whether more than the default settings were tried."""
    return int(command.get("trials", 1)) > 1 or bool(command.get("minutes"))


def table_names(paths: str) -> str:
    """Return the file names of tables without their folders, which may name patients."""
    return ", ".join(PurePath(path).name for path in paths.split(", "))


def training_patients(info: RunInfo) -> str:
    """Return the patients that the final model is trained on."""
    return "all training patients" if info.test else "all patients"


def citation(info: RunInfo) -> str:
    """Return the citation of the collection; empty where it is unknown or simulated."""
    return "" if info.phantom else str((info.provenance.get("collection") or {}).get("citation", ""))
