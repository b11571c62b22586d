"""Real lesions from the shared data, as samples."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from radiomics_mammo.core.records import Sample


def boxed_lesions(shared_data: Path) -> list[Sample]:
    """All masses of CBIS-DDSM's training split: 8-bit crops, each with the ellipse inscribed in its lesion's box."""
    folder = shared_data / "cbis_ddsm_mass_train"
    with (folder / "lesions.csv").open() as handle:
        names = [row["lesion_id"] for row in csv.DictReader(handle)]
    samples = []
    for name in names:
        crop = np.asarray(Image.open(folder / "roi_crops" / f"{name}.png").convert("L"))
        mask = np.asarray(Image.open(folder / "roi_box_masks" / f"{name}.png")) > 0
        samples.append(Sample(name, name, crop, mask))
    return samples


def true_outlines(shared_data: Path) -> list[Sample]:
    """The six true outlines: three masses on their mammograms, three calcifications on their crops."""
    Image.MAX_IMAGE_PIXELS = None
    folder = shared_data / "cbis_ddsm_real_cases"
    samples = []
    for case in ("00694_RIGHT_CC", "00694_RIGHT_MLO", "00695_RIGHT_CC"):
        image = np.asarray(
            Image.open(folder / "mass_full_mask_crop" / f"CBIS-JPG__TRAIN__IMAGES__{case}.jpg").convert("L")
        )
        mask = (
            np.asarray(
                Image.open(folder / "mass_full_mask_crop" / f"CBIS-JPG__TRAIN__MASKS__{case}_1.jpg").convert("L")
            )
            > 127
        )
        if mask.shape != image.shape:  # divided by 1.149 in both axes
            rows = (np.arange(image.shape[0]) * mask.shape[0] / image.shape[0]).astype(int)
            columns = (np.arange(image.shape[1]) * mask.shape[1] / image.shape[1]).astype(int)
            mask = mask[rows[:, None], columns]
        samples.append(Sample(case, case, image, mask))
    for name in ("07570", "10820", "11317"):
        stem = f"Converted_images__Calc_Test_ROI_{name}"
        crop = np.asarray(Image.open(folder / "calc_16bit_crop_mask" / f"{stem}_1-1.png"))
        full = np.asarray(Image.open(folder / "calc_16bit_crop_mask" / f"{stem}_1-2.png")) > 0
        rows, columns = np.flatnonzero(full.any(1)), np.flatnonzero(full.any(0))
        top, left = max(rows[0] - 20, 0), max(columns[0] - 20, 0)
        mask = full[top : top + crop.shape[0], left : left + crop.shape[1]]
        samples.append(Sample(name, name, crop.astype(np.int32), mask))
    return samples
