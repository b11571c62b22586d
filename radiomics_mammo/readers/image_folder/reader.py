"""A folder of images with masks beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.column_names import understood
from radiomics_mammo.core.input_table import read_input_table
from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import InputError, MaskError, ReadError
from radiomics_mammo.imaging.formats.image_file import ImageFile, read_image, read_mask
from radiomics_mammo.imaging.masks.regions import labelled_regions
from radiomics_mammo.readers.base import existing_folder, refuse_all
from radiomics_mammo.readers.image_folder import ImageFolderArguments
from radiomics_mammo.readers.image_folder.pairing import Pair, Pairs, find_pairs
from radiomics_mammo.readers.phantom.output_folder import is_phantom

LABELS = "labels.csv"
_PATIENT_PER_IMAGE = "no --patient-pattern: the image counts as a patient of its own"


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Files of one case, as absolute paths; empty where there is no such file."""

    image: str
    mask: str
    phantom: bool


@dataclass(frozen=True)
class ImageFolderReader(ImageFolderArguments):
    """The images of a folder, with masks that are paired to them by their names.

    Masks lie below ``masks`` under the same path as their images below ``images``, or beside their images with
    ``_mask`` at the end of the name; see :mod:`radiomics_mammo.readers.image_folder.pairing`. Several masks of one
    image are numbered (``_mask1``, ``_mask_2``), and each is a case. A mask of several values gives one row for each,
    unless the recipe names a label. An image without a mask, or a mask without an image, is a case that fails.

    Parameters
    ----------
    root : path
        The folder; ``labels.csv`` in it, with the columns image and label, gives the column ``label``, which is the
        name of the image's sub-folder otherwise.
    whole : {'image'} or None
        Region of an image without a mask; None makes it fail.
    patient_pattern : str or None
        Regular expression with a group ``patient``, searched in the path of an image below the folder of images,
        without its ending. None makes each image a patient of its own.
    label, correct_mask, tolerance
        As in :class:`radiomics_mammo.readers.manifest.reader.ManifestReader`.

    Raises
    ------
    InputError
        A setting is invalid, or the root is no folder.
    """

    remarks: tuple[str, ...] = field(default=(), init=False, compare=False)
    """Remarks of :meth:`cases` on the folder as a whole."""

    columns: ClassVar[tuple[tuple[str, type], ...]] = (("label", str), ("mask_label", int))

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "root", existing_folder(self.root, remedy="Name the folder of images and masks."))
        self._pattern()

    def cases(self) -> Sequence[Case]:
        """List the pairs in the order of their names; no image is opened.

        Raises
        ------
        InputError
            There is no image, names are ambiguous, ``labels.csv`` does not fit, or images name no patient.
        """
        matches = find_pairs(self.root)
        stems = dict.fromkeys(pair.stem for pair in matches.pairs if pair.image)
        labels = _read_labels(self.root / LABELS, stems) if (self.root / LABELS).is_file() else _folder_labels(stems)
        patients = self._patients(matches.pairs)
        phantom = is_phantom(self.root)
        object.__setattr__(self, "remarks", self._remarks(matches, labels))
        return [
            Case(
                pair.case_id,
                patients[pair.stem],
                {"label": labels.get(pair.stem)},
                FolderSource(pair.image, pair.mask, phantom),
            )
            for pair in matches.pairs
        ]

    def load(self, case: Case) -> Sequence[Sample]:
        """Read one image and the regions of its mask.

        Raises
        ------
        ReadError
            A file is unreadable, or the case has no image.
        MaskError
            The case has no mask, or the mask is empty, of another aspect or frame, lacks the label, or is no mask.
        """
        source = case.source
        if not isinstance(source, FolderSource):
            raise TypeError(f"case {case.case_id} was not listed by ImageFolderReader")
        if not source.image:
            raise MaskError("belongs to no image", path=source.mask, remedy="Name it as its image, or remove it.")
        if not source.mask and self.whole is None:
            raise ReadError("has no mask", path=source.image, remedy="Add its mask, or measure it with --whole image.")
        image = read_image(source.image, frame=self.frame, projection=self.projection)
        regions, notes = self._regions(image, source.mask)
        if self.patient_pattern is None:
            notes = (*notes, _PATIENT_PER_IMAGE)
        return [
            Sample(
                case_id=case.case_id if len(regions) == 1 else f"{case.case_id}_label{value}",
                patient_id=case.patient_id,
                image=image.values,
                mask=region,
                spacing=image.spacing,
                columns={**case.columns, "mask_label": value},
                notes=(*image.notes, *notes),
                phantom=source.phantom or image.phantom,
                image_path=source.image,
                mask_path=source.mask,
                presentation_intent_type=image.presentation_intent_type,
            )
            for value, region in regions
        ]

    def _regions(
        self, image: ImageFile, path: str
    ) -> tuple[list[tuple[int | None, NDArray[np.bool_]]], tuple[str, ...]]:
        if not path:
            return [(None, np.ones(image.pixels.shape, dtype=np.bool_))], ("no mask: the whole image is the region",)
        mask, labels = read_mask(path, frame=self.frame), None if self.label is None else (self.label,)
        return labelled_regions(
            mask, image, labels=labels, correct=self.correct_mask, tolerance=self.tolerance, path=path
        )

    def _pattern(self) -> re.Pattern[str] | None:
        if self.patient_pattern is None:
            return None
        try:
            pattern = re.compile(self.patient_pattern)
        except re.error as error:
            raise InputError(
                f"the patient pattern is no regular expression ({error})", remedy="Correct --patient-pattern."
            ) from error
        if "patient" not in pattern.groupindex:
            raise InputError(
                "the patient pattern has no group called patient",
                remedy=r"Write it as (?P<patient>...), for example --patient-pattern '(?P<patient>P_\d+)'.",
            )
        return pattern

    def _patients(self, pairs: Sequence[Pair]) -> dict[str, str]:
        pattern = self._pattern()
        if pattern is None:
            return {pair.stem: pair.stem.replace("/", "_") for pair in pairs}
        matches = {pair.stem: pattern.search(pair.stem) for pair in pairs}
        refuse_all(
            [
                f"{stem} does not fit the patient pattern"
                for stem, match in matches.items()
                if not (match and match["patient"])
            ],
            path=self.root,
            remedy="Correct --patient-pattern, or the names of the files.",
        )
        return {stem: match["patient"] for stem, match in matches.items() if match}

    def _remarks(self, matches: Pairs, labels: dict[str, str | None]) -> tuple[str, ...]:
        remarks = []
        masked = sum(bool(pair.image and pair.mask) for pair in matches.pairs)
        single, failed = ([pair for pair in matches.pairs if not getattr(pair, side)] for side in ("mask", "image"))
        measured = "measured whole" if self.whole else "without a mask, which fail"
        remarks.append(
            f"{masked} masks with their images, {len(single)} images {measured}, "
            f"{len(failed)} masks without an image{', which fail' if failed else ''}"
        )
        values = sorted({label for label in labels.values() if label})
        origin = LABELS if (self.root / LABELS).is_file() else "the names of sub-folders"
        shown = ", ".join(values[:6]) + (", …" if len(values) > 6 else "")
        remarks.append(f"the column label is from {origin}: {shown}" if values else "no labels: the column is empty")
        if self.patient_pattern is None:
            remarks.append("no --patient-pattern: each image counts as a patient of its own when data are split")
        others = [name for name in matches.others if name != LABELS]
        if others:
            remarks.append(f"{len(others)} files are no images and were not read, such as {others[0]}")
        return tuple(remarks)


def _folder_labels(stems: Sequence[str] | dict[str, None]) -> dict[str, str | None]:
    """Return the name of the folder that each image lies in, below the folder of images."""
    return {stem: Path(stem).parent.name or None for stem in stems}


def _read_labels(path: Path, stems: dict[str, None]) -> dict[str, str | None]:
    """Return the labels that a CSV gives images, named by their path with or without its ending."""
    table = read_input_table(path)
    header, rows = table.header, table.rows
    names = {meaning: each[0] for meaning, each in understood(header, wanted=("image", "label")).items()}
    missing = [name for name in ("image", "label") if name not in names]
    if missing:
        raise InputError(
            f"has no column {' and '.join(missing)} (it has {', '.join(header)})",
            path=path,
            remedy="Name the columns image and label.",
        )
    labels: dict[str, str | None] = {}
    faults = []
    for row in rows:
        given = row.values[names["image"]].replace("\\", "/")
        spellings = (given, given.rpartition(".")[0], given.removesuffix(".nii.gz"))
        stem = next((spelling for spelling in spellings if spelling in stems), None)
        if stem is None:
            faults.append(f"line {row.line}: there is no image {given!r}")
        elif stem in labels:
            faults.append(f"line {row.line}: {given} has a label already")
        else:
            labels[stem] = row.values[names["label"]] or None
    refuse_all(faults, path=path, remedy="Name each image once, by its path below the folder of images.")
    return labels
