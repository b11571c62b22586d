"""CBIS-DDSM as TCIA ships it (DICOM, old and new manifests) or as Kaggle re-released it (JPEG)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import InputError, ReadError
from radiomics_mammo.imaging.formats.dicom.read import read_dicom
from radiomics_mammo.imaging.formats.image_file import ImageFile, read_image
from radiomics_mammo.readers.base import existing_folder
from radiomics_mammo.readers.cbis_ddsm import CbisDdsmArguments
from radiomics_mammo.readers.cbis_ddsm.descriptions import COLUMNS, CbisRow, find_descriptions, read_rows
from radiomics_mammo.readers.cbis_ddsm.file_tree import Tree, kaggle_series, walk
from radiomics_mammo.readers.cbis_ddsm.mask_matching import Candidate, pair

_KIND = {"mass": "mass", "calc": "calcification"}


@dataclass(frozen=True, slots=True)
class CbisFiles:
    """Where the pixels of one abnormality are.

    Attributes
    ----------
    images : tuple of str
        Files that may be the full mammogram; one, unless it was downloaded twice.
    candidates : tuple of str
        All files of the mask's and the crop's folders.
    image_name, roi_name : str
        The folders as the CSV names them, for messages.
    series : str
        Identifier of the image's series.
    """

    images: tuple[str, ...]
    candidates: tuple[str, ...]
    image_name: str
    roi_name: str
    series: str

    @property
    def complete(self) -> bool:
        """Return whether the mammogram and files of its mask are there."""
        return bool(self.images and self.candidates)


@dataclass(frozen=True)
class CbisDdsmReader(CbisDdsmArguments):
    """The abnormalities of CBIS-DDSM, each with its full mammogram and its mask.

    Parameters
    ----------
    root : path
        The folder with the description CSVs (also in ``csv/`` or beside it) and the DICOM tree or Kaggle's
        ``jpeg/``.
    abnormality : {'both', 'mass', 'calc'}
        Which collection.
    split : {'both', 'train', 'test'}
        Which of the official splits.

    Raises
    ------
    InputError
        A setting is unknown, or the root is no folder.
    """

    remarks: tuple[str, ...] = field(default=(), init=False, compare=False)
    """Remarks of :meth:`cases` on the collection as a whole."""

    columns: ClassVar[tuple[tuple[str, type], ...]] = COLUMNS

    def __post_init__(self) -> None:
        super().__post_init__()
        root = existing_folder(self.root, remedy="Name the folder that holds the download.")
        object.__setattr__(self, "root", root)

    def cases(self) -> Sequence[Case]:
        """List the selected abnormalities in the order of the CSVs; no picture is opened.

        A collection (mass train, say) of which no folder at all is there was not downloaded: its rows are
        left out, and ``remarks`` says so. A single folder that is missing makes a case that fails to load.

        Raises
        ------
        InputError
            No description CSV, a broken one, or none of its folders under the root.
        """
        root = self.root
        rows, remarks = read_rows(find_descriptions(root))
        rows = [row for row in rows if self._selected(row)]
        paths = [path for row in rows for path in (row.image, row.crop, row.mask) if path]
        tree = walk(
            root,
            folders={path[0] for path in paths},
            series={path[-2] for path in paths if len(path) > 1},
            info=kaggle_series(root),
        )
        there = {row.part for row in rows if tree.has(row.image) or tree.has(row.mask) or tree.has(row.crop)}
        absent = Counter(row.part for row in rows if row.part not in there)
        if not there:
            raise InputError(
                f"none of the {len(rows)} selected rows has a folder under it",
                path=root,
                remedy="Name the folder that holds CBIS-DDSM/ or jpeg/, or select what was downloaded.",
            )
        remarks += [f"{part}: none of its {count} rows has a folder here; left out" for part, count in absent.items()]
        remarks += [f"{folder} cannot be listed (no permission?)" for folder in tree.unreadable]
        object.__setattr__(self, "remarks", tuple(remarks))
        return [Case(row.case_id, row.patient_id, row.columns, _files(row, tree)) for row in rows if row.part in there]

    def listed(self) -> Sequence[Case]:
        """List every selected row of the CSVs, with or without files; for no loading.

        Raises
        ------
        InputError
            No description CSV, or a broken one.
        """
        rows, remarks = read_rows(find_descriptions(self.root))
        object.__setattr__(self, "remarks", tuple(remarks))
        return [Case(row.case_id, row.patient_id, row.columns) for row in rows if self._selected(row)]

    def load(self, case: Case) -> Sequence[Sample]:
        """Read the mammogram of one abnormality and lay its mask over it.

        Raises
        ------
        ReadError
            The mammogram or its ROI files are missing or unreadable.
        MaskError
            There is no mask, or it does not fit.
        """
        files = case.source
        if not isinstance(files, CbisFiles):
            raise TypeError(f"case {case.case_id} was not made by CbisDdsmReader")
        root = str(self.root)
        if not files.images:
            raise _not_there(files.image_name, "mammogram", root)
        if not files.candidates:
            raise _not_there(files.roi_name, "mask", root)
        image_path, notes = _choose_image(files)
        image = read_image(image_path)
        candidates, unread = _read_candidates(files.candidates, besides=image_path)
        if unread and not candidates:
            raise unread[0]
        mask, mask_path, mask_notes = pair(candidates, image.pixels, folder=files.roi_name)
        notes += image.notes + mask_notes
        notes += tuple(f"not read: {Path(error.path or '').name} {error.cause}" for error in unread)
        return [
            Sample(
                case_id=case.case_id,
                patient_id=case.patient_id,
                image=image.pixels,
                mask=mask,
                spacing=image.spacing,
                columns=dict(case.columns),
                notes=notes,
                phantom=image.phantom,
                image_path=image_path,
                mask_path=mask_path,
            )
        ]

    def _selected(self, row: CbisRow) -> bool:
        return (
            self.abnormality == "both" or row.columns["abnormality_type"] == _KIND[self.abnormality]
        ) and self.split in ("both", row.columns["split"])


def _files(row: CbisRow, tree: Tree) -> CbisFiles:
    # The whole folder of the abnormality, not the one series that the CSV names: it may name the wrong one.
    roi = [path for parts in (row.mask, row.crop) for path in _all_of(parts, tree)]
    images = tree.files(row.image)
    return CbisFiles(
        images=tuple(images),
        candidates=tuple(dict.fromkeys(roi)),
        image_name=row.image[0] if row.image else "",
        roi_name=row.case_id,
        series=row.image[-2] if len(row.image) > 1 else "",
    )


def _all_of(parts: tuple[str, ...], tree: Tree) -> list[str]:
    return (tree.by_folder.get(parts[0], []) if parts else []) or tree.files(parts)


def _choose_image(files: CbisFiles) -> tuple[str, tuple[str, ...]]:
    if len(files.images) == 1:
        return files.images[0], ()
    dicom = [path for path in files.images if path.lower().endswith((".dcm", ".dicom"))]
    named = [path for path in dicom if read_dicom(path, header_only=True).series_uid == files.series]
    chosen = (named or list(files.images))[0]
    return chosen, (f"{len(files.images)} files in the mammogram's folder; {Path(chosen).name} is used",)


def _read_candidates(paths: Sequence[str], *, besides: str) -> tuple[list[Candidate], list[ReadError]]:
    candidates, unread = [], []
    for path in paths:
        if path == besides:
            continue
        try:
            file: ImageFile = read_image(path)
        except ReadError as error:
            unread.append(error)
        else:
            candidates.append(Candidate(path, file.pixels, file.lossy))
    return candidates, unread


def _not_there(name: str, what: str, root: str) -> ReadError:
    return ReadError(
        f"the folder of the {what}, {name}, is not there or has no picture in it",
        path=root,
        remedy="Download it from TCIA, or extract without this case.",
    )
