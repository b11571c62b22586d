"""Small feature tables with a known answer, for the tests of compare and report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.tables.feature_table import write_table

FEATURES = tuple(f"original_firstorder_F{i}" for i in range(8))


def toy_frame(*, patients: int = 60, rows_each: int = 2, strength: float = 1.5, seed: int = 0) -> pd.DataFrame:
    """Give a table whose first feature tells the classes apart; the other seven are noise.

    About 40% of the patients are malignant; a patient's rows share part of their noise.
    """
    rng = np.random.default_rng(seed)
    sick = rng.permutation(np.arange(patients) < round(0.4 * patients))
    patient = np.repeat(np.arange(patients), rows_each)
    x = rng.normal(size=(patient.size, len(FEATURES))) + 0.5 * rng.normal(size=(patients, len(FEATURES)))[patient]
    x[:, 0] += strength * sick[patient]
    frame = pd.DataFrame(
        {
            "case_id": [f"P_{p:05d}_{i % rows_each}" for i, p in enumerate(patient)],
            "patient_id": [f"P_{p:05d}" for p in patient],
            "view": np.where(np.arange(patient.size) % 2, "MLO", "CC"),
            "breast_density": patient % 4 + 1,
            "malignant": sick[patient].astype(int),
            "assessment": np.where(sick[patient], 5, 3),
            "phantom": False,
            "spacing_row_mm": np.nan,
        }
    )
    return pd.concat([frame, pd.DataFrame(x, columns=list(FEATURES))], axis=1)


def embedded_frame(
    *, widths: Mapping[str, int] | None = None, radiomic: bool = True, strength: float = 1.5, **kind: Any
) -> pd.DataFrame:
    """Give the toy table with embeddings, whose first column's neighbours all lean a little towards the truth."""
    frame = toy_frame(strength=strength, **kind)
    rng = np.random.default_rng(17)
    for prefix, width in (widths or {"crop_embToy": 12}).items():
        direction = rng.normal(size=width) / np.sqrt(width)
        x = rng.normal(size=(len(frame), width)) + 2 * strength * np.outer(frame["malignant"], direction)
        frame = pd.concat([frame, pd.DataFrame(x, columns=[f"{prefix}_E{i:04d}" for i in range(width)])], axis=1)
    return frame if radiomic else frame.drop(columns=list(FEATURES))


def toy_table(path: Path, *, provenance: Mapping[str, Any] | None = None, **kind: Any) -> Path:
    """Write a toy table as Parquet and give its path back."""
    made = {"features": list(FEATURES), **(provenance or {})}
    write_table(toy_frame(**kind), path, provenance=made)
    return path
