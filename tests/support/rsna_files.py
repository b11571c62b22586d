"""Small RSNA collections on disk: a half-disc breast on each image, DICOM or PNG."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image

from radiomics_mammo.imaging.formats.dicom.write import write_dicom

HEADER = (
    "site_id", "patient_id", "image_id", "laterality", "view", "age", "cancer", "biopsy", "invasive", "BIRADS",
    "implant", "density", "machine_id", "difficult_negative_case",
)  # fmt: skip
SHAPE = (120, 90)


def breast(side: str = "L", *, shape: tuple[int, int] = SHAPE, seed: int = 0, top: int = 4000) -> np.ndarray:
    """A textured half-disc against one edge, on dark noise."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    inside = (rows - shape[0] / 2) ** 2 + columns**2 < (0.38 * shape[0]) ** 2
    noise = np.random.default_rng(seed).normal(0, 60, shape)
    image = np.where(inside, 0.5 * top + 4 * columns + noise, 40 + 0.1 * noise)
    image = np.clip(image, 0, top).astype(np.uint16)
    return image if side == "L" else np.ascontiguousarray(image[:, ::-1])


def row(patient: str, image: str, side: str = "L", view: str = "CC", **cells: object) -> dict[str, object]:
    """A line of train.csv as the collection has it."""
    return {
        "site_id": 2, "patient_id": patient, "image_id": image, "laterality": side, "view": view, "age": 61.0,
        "cancer": 0, "biopsy": 0, "invasive": 0, "BIRADS": "", "implant": 0, "density": "", "machine_id": 49,
        "difficult_negative_case": "False", **cells,
    }  # fmt: skip


def two_women() -> list[dict[str, object]]:
    """Six images; the second woman has one breast only."""
    return [
        row("10006", "462822612", "L", "CC"),
        row("10006", "1459541791", "L", "MLO", cancer=1, biopsy=1, invasive=1, BIRADS="0.0", density="B"),
        row("10006", "1864590858", "R", "MLO", difficult_negative_case="True"),
        row("10006", "1874946579", "R", "CC", age=""),
        row("10011", "220375232", "L", "CC", site_id=1, machine_id=21, implant=1),
        row("10011", "541722628", "L", "AT"),
    ]


def write_table(path: Path, rows: Iterable[Mapping[str, object]], *, header: Iterable[str] = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(header), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_dcm(path: Path, pixels: np.ndarray, *, bits: int = 12, **elements: object) -> Path:
    """A DICOM mammogram; elements of the header are set as given, or removed (None)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dicom(path, pixels, patient_id="P", series_description="s", spacing=(0.5, 0.5), bits_stored=bits)
    if elements:
        dataset = pydicom.dcmread(path)
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            elif keyword.startswith("PixelPadding"):  # signed or not: to be said
                dataset.add_new(keyword, "US", value)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(path)
    return path


def write_png(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def dicom_tree(root: Path, rows: Iterable[Mapping[str, object]], *, table: str = "train.csv") -> Path:
    """The collection as it was released."""
    rows = list(rows)
    write_table(root / table, rows)
    folder = root / table.replace(".csv", "_images")
    for number, cells in enumerate(rows):
        pixels = breast(str(cells["laterality"]), seed=number)
        write_dcm(folder / str(cells["patient_id"]) / f"{cells['image_id']}.dcm", pixels)
    return root


def png_tree(root: Path, rows: Iterable[Mapping[str, object]], *, name: str, table: str = "train.csv") -> Path:
    """A re-release; ``name`` is a pattern such as ``images/{patient}_{image}.png``."""
    rows = list(rows)
    write_table(root / table, rows)
    for number, cells in enumerate(rows):
        pixels = (breast(str(cells["laterality"]), seed=number) // 16).astype(np.uint8)
        write_png(root / name.format(patient=cells["patient_id"], image=cells["image_id"]), pixels)
    return root
