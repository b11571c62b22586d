"""Small CBIS-DDSM trees with the quirks of the real one, written as real DICOM or JPEG files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from radiomics_mammo.imaging.formats.dicom.write import write_dicom

UID = "1.3.6.1.4.1.9590.100.1.2."
FRAME = (150, 110)
PLACES = ("left or right breast", "image view", "abnormality id", "abnormality type")
OPINIONS = ("assessment", "pathology", "subtlety")
PATHS = ("image file path", "cropped image file path", "ROI mask file path")
MASS_HEADER = ("patient_id", "breast_density", *PLACES, "mass shape", "mass margins", *OPINIONS, *PATHS)
CALC_HEADER = ("patient_id", "breast density", *PLACES, "calc type", "calc distribution", *OPINIONS, *PATHS)


def mammogram(seed: int = 0, shape: tuple[int, int] = FRAME) -> np.ndarray:
    """A 16-bit picture without two equal neighbourhoods."""
    return np.random.default_rng(seed).integers(3000, 60000, shape).astype(np.uint16)


def lesion_mask(shape: tuple[int, int] = FRAME, *, centre: tuple[int, int] = (70, 50)) -> np.ndarray:
    """An uneven blob, 0 and 255: no symmetry that would hide a flip."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    blob = ((rows - centre[0]) / 14) ** 2 + ((columns - centre[1]) / 9) ** 2 <= 1
    blob[centre[0] : centre[0] + 5, centre[1] : centre[1] + 17] = True
    return (blob * 255).astype(np.uint8)


def crop_of(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The image in the mask's box and 20 pixels on each side, clipped."""
    rows, columns = np.nonzero(mask)
    top, left = max(rows.min() - 20, 0), max(columns.min() - 20, 0)
    return image[top : rows.max() + 21, left : columns.max() + 21].copy()


@dataclass
class Lesion:
    """One row of a description CSV, and what to write for it.

    ``order`` is the order of the files in the ROI folder: ``mask crop`` names the mask 000000.dcm.
    """

    patient: str = "P_00001"
    laterality: str = "LEFT"
    view: str = "CC"
    number: int = 1
    kind: str = "mass"
    split: str = "train"
    pathology: str = "MALIGNANT"
    density: str = "3"
    assessment: str = "4"
    subtlety: str = "4"
    shape_or_type: str = "OVAL"
    margins_or_distribution: str = "SPICULATED"
    image: np.ndarray = field(default_factory=mammogram)
    mask: np.ndarray = field(default_factory=lesion_mask)
    crop: np.ndarray | None = None
    order: tuple[str, ...] = ("mask", "crop")
    own_series: bool = False
    cells_swapped: bool = False
    break_after: str = ""
    write_image: bool = True
    write_roi: bool = True
    manufacturer: str = ""

    @property
    def image_folder(self) -> str:
        stem = {"mass": "Mass", "calcification": "Calc"}[self.kind]
        split = "Training" if self.split == "train" else "Test"
        return f"{stem}-{split}_{self.patient}_{self.laterality}_{self.view}"

    @property
    def folder(self) -> str:
        return f"{self.image_folder}_{self.number}"

    def uid(self, what: str) -> str:
        number = int.from_bytes(f"{self.folder}{what}".encode()[-12:], "big")
        return f"{UID}{number}"

    def pixels(self, what: str) -> np.ndarray:
        if what.startswith("mask"):
            return self.mask
        return self.crop if self.crop is not None else crop_of(self.image, self.mask)

    def series(self, what: str) -> str:
        return self.uid(what if self.own_series else "roi")

    def paths(self) -> dict[str, str]:
        """The three cells of the CSV, official names."""
        named = {}
        for what in ("mask", "crop"):
            place = self.order.index(what) if what in self.order and not self.own_series else 0
            named[what] = f"{self.folder}/{self.uid('study')}/{self.series(what)}/{place:06d}.dcm"
        if self.cells_swapped:
            named["mask"], named["crop"] = named["crop"], named["mask"]
        named["image"] = f"{self.image_folder}/{self.uid('image study')}/{self.uid('image')}/000000.dcm"
        return named


def write_csvs(
    folder: Path,
    lesions: Sequence[Lesion],
    *,
    names: str = "{kind}_case_description_{split}_set.csv",
    bom: bool = False,
) -> None:
    """The description CSVs as TCIA ships them: a newline in each row, two spellings of density."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, short, header in (("mass", "mass", MASS_HEADER), ("calcification", "calc", CALC_HEADER)):
        for split in ("train", "test"):
            rows = [lesion for lesion in lesions if (lesion.kind, lesion.split) == (kind, split)]
            if not rows:
                continue
            path = folder / names.format(kind=short, split=split)
            with path.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as file:
                writer = csv.writer(file, lineterminator="\r\n" if bom else "\n")
                writer.writerow(header)
                writer.writerows(_cells(lesion) for lesion in rows)


def _cells(lesion: Lesion) -> list[object]:
    paths = lesion.paths()
    broken = "mask" if lesion.kind == "mass" else "crop"
    paths[broken] += "\n"
    if lesion.break_after:
        paths = {what: path.replace(lesion.break_after, f"{lesion.break_after}\n", 1) for what, path in paths.items()}
    return [
        lesion.patient,
        lesion.density,
        lesion.laterality,
        lesion.view,
        lesion.number,
        lesion.kind,
        lesion.shape_or_type,
        lesion.margins_or_distribution,
        lesion.assessment,
        lesion.pathology,
        lesion.subtlety,
        paths["image"],
        paths["crop"],
        paths["mask"],
    ]


def write_tree(root: Path, lesions: Sequence[Lesion], *, layout: str = "official", **csv_options: object) -> Path:
    """Write CSVs and DICOM files.

    ``layout``: ``official`` (named by series), ``nbia`` (``manifest-*``, date folders, ``1-1.dcm``) or
    ``nbia-old`` (the same files right under ``CBIS-DDSM/``, five-digit date folders, ``000000.dcm``).
    """
    write_csvs(root, lesions, **csv_options)
    base = {
        "official": root,
        "nbia": root / "manifest-1617905855234" / "CBIS-DDSM",
        "nbia-old": root / "CBIS-DDSM",
    }
    for lesion in lesions:
        if lesion.write_image:
            _write(
                base[layout],
                lesion,
                "image",
                lesion.image_folder,
                0,
                lesion.image,
                "full mammogram images",
                layout,
            )
        if lesion.write_roi:
            for place, what in enumerate(lesion.order):
                place = 0 if lesion.own_series else place
                _write(
                    base[layout],
                    lesion,
                    what,
                    lesion.folder,
                    place,
                    lesion.pixels(what),
                    "ROI mask images",
                    layout,
                )
    return root


def _write(
    base: Path,
    lesion: Lesion,
    what: str,
    folder: str,
    place: int,
    pixels: np.ndarray,
    series: str,
    layout: str,
) -> None:
    image = what == "image"
    study_uid, series_uid = lesion.uid("image study" if image else "study"), lesion.uid("image")
    if not image:
        series_uid = lesion.series(what)
    if layout == "official":
        path = base / folder / study_uid / series_uid / f"{place:06d}.dcm"
    else:
        date = f"08-29-2017-DDSM-{study_uid[-5:]}" if layout == "nbia" else f"10-04-2016-{study_uid[-5:]}"
        name = f"1-{place + 1}.dcm" if layout == "nbia" else f"{place:06d}.dcm"
        path = base / folder / date / f"1.000000-{series}-{series_uid[-5:]}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_dicom(
        path,
        pixels,
        patient_id=folder,
        series_description=series,
        series_uid=series_uid,
        study_uid=study_uid,
        manufacturer=lesion.manufacturer,
        laterality=lesion.laterality[0],
        view=lesion.view,
    )


def write_kaggle(root: Path, lesions: Sequence[Lesion], *, info: bool, quality: int = 90) -> Path:
    """Kaggle's re-release: ``csv/`` and ``jpeg/<series>/``, 8 bits; with ``info``, other identifiers."""
    from PIL import Image

    write_csvs(root / "csv", lesions)
    records = []
    for lesion in lesions:
        files = [("image", lesion.image_folder, lesion.image, lesion.uid("image"))]
        files += [(what, lesion.folder, lesion.pixels(what), lesion.series(what)) for what in lesion.order]
        for place, (what, folder, pixels, series) in enumerate(files, start=1):
            series = f"{series}7" if info else series
            path = root / "jpeg" / series / f"{place}-{100 + place}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            eight = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
            Image.fromarray(eight).save(path, quality=quality)
            described = "full mammogram images" if what == "image" else "ROI mask images"
            records.append((f"CBIS-DDSM/jpeg/{series}/{path.name}", folder, series, described))
    if info:
        with (root / "csv" / "dicom_info.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("image_path", "PatientID", "SeriesInstanceUID", "SeriesDescription"))
            writer.writerows(records)
    return root
