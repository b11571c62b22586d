"""A table of real lesions, made on the spot, for the tests of the leakage_checks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from radiomics_mammo import FeatureExtractor


@cache
def lesion_table(shared_data: Path, count: int = 500) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give the first masses of CBIS-DDSM's training split with their features, and the features' names."""
    folder = shared_data / "cbis_ddsm_mass_train"
    listed = pd.read_csv(folder / "lesions.csv").head(count)
    extractor = FeatureExtractor("lesion", engine="cpu")
    cases = [
        {
            "case_id": row.lesion_id,
            "patient_id": row.patient_id,
            "image": folder / "roi_crops" / f"{row.lesion_id}.png",
            "mask": folder / "roi_box_masks" / f"{row.lesion_id}.png",
            "malignant": row.malignant,
            "breast_density": row.breast_density,
        }
        for row in listed.itertuples()
    ]
    return extractor.extract(cases), extractor.feature_names
