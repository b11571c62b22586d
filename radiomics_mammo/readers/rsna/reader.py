"""The RSNA Screening Mammography collection (2022): whole breasts, one case an image, no lesion outlines."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from time import time
from typing import ClassVar

from radiomics_mammo.core.records import Case, Sample, Scalar
from radiomics_mammo.errors import InputError, ReadError
from radiomics_mammo.imaging.breast.settings import BreastSettings
from radiomics_mammo.imaging.formats.dicom.read import read_dicom, refuse_non_files
from radiomics_mammo.readers.base import existing_folder, some_of
from radiomics_mammo.readers.phantom.output_folder import is_phantom
from radiomics_mammo.readers.rsna import RsnaArguments
from radiomics_mammo.readers.rsna.crop_cache import CropCache, open_cache
from radiomics_mammo.readers.rsna.file_tree import DICOM, Tree, find_images
from radiomics_mammo.readers.rsna.samples import RsnaSource, crop_key, load_breast
from radiomics_mammo.readers.rsna.tables import (
    PIXEL_COLUMNS,
    SIDES,
    TABLE_COLUMNS,
    TABLES,
    VIEWS,
    RsnaRow,
    find_tables,
    read_rows,
)

_GIGABYTE = 1e9


@dataclass(frozen=True)
class RsnaReader(RsnaArguments):
    """The images of the RSNA collection, each with its breast as the region.

    Parameters
    ----------
    root : path
        The folder with ``train.csv`` and/or ``test.csv`` and the images, DICOM or PNG; or one folder of images
        that has the tables beside or above it.
    split : {'both', 'train', 'test'}
        Which table.
    voi : {'first', 'none'}
        Values of DICOM files: with the header's first VOI LUT or window, as a screen shows them, or without.
    pixel_mm : float or None
        Common pixel size in millimetres, where an image's own is known.
    pectoral : {'remove', 'keep'}
        Whether the pectoral muscle is measured.
    implants : {'measure', 'skip'}
        Whether breasts with an implant are measured (without it) or listed as failures.
    band_mm : float
        Width in millimetres of the band under the skin.
    cache : path or None
        A folder to keep prepared breasts in. Rows are the same with and without.
    cache_gb : float
        Its largest size, in gigabytes (1e9 bytes).

    Raises
    ------
    InputError
        A setting is unknown, the root is no folder, or the cache cannot be written.
    """

    remarks: tuple[str, ...] = field(default=(), init=False, compare=False)
    """Remarks of :meth:`cases` on the collection as a whole."""
    started: float = field(default_factory=time, init=False, compare=False, repr=False)
    """When this reader was made, in seconds since 1970; copies in other processes keep it."""

    columns: ClassVar[tuple[tuple[str, type], ...]] = (*TABLE_COLUMNS, *PIXEL_COLUMNS)

    def __post_init__(self) -> None:
        super().__post_init__()
        root = existing_folder(self.root, remedy="Name the folder that holds the collection.")
        object.__setattr__(self, "root", root)
        if self.cache is not None:
            object.__setattr__(self, "cache", Path(self.cache).expanduser().resolve())
        crops = self._crops()
        if crops is not None:
            crops.shrink()

    def cases(self) -> Sequence[Case]:
        """List the images of the selected tables in their order; no image is opened.

        A table of which no image at all is there was not downloaded: its lines are left out, and ``remarks`` says
        so. A single image that is missing makes a case that fails to load.

        Raises
        ------
        InputError
            No table, a broken one, no image, or the same images in several folders.
        """
        root = self.root
        rows = read_rows(find_tables(root))
        tree = find_images(root, rows)
        selected = self._selected(rows)
        absent = Counter(row.split for row in selected if row.split not in tree.expected)
        if len(absent) == len({row.split for row in selected}):
            raise InputError(
                f"holds none of the {len(selected)} images of {TABLES[self.split]}", path=root, remedy="Download them."
            )
        here = [row for row in selected if row.split not in absent]
        remarks = [
            *tree.remarks,
            *(f"{split}: none of its {count} images is here; left out" for split, count in absent.items()),
            *_remarks(here, tree),
        ]
        object.__setattr__(self, "remarks", tuple(remarks))
        settings, phantom = self._breast_settings(), is_phantom(root)
        return [
            Case(
                f"{row.patient_id}_{row.image_id}",
                row.patient_id,
                row.columns,
                RsnaSource(_path(row, tree), self.voi, settings, phantom),
            )
            for row in here
        ]

    def listed(self) -> Sequence[Case]:
        """List every line of the selected tables, with or without images; for no loading.

        Raises
        ------
        InputError
            No table, or a broken one.
        """
        rows = self._selected(read_rows(find_tables(self.root)))
        return [Case(f"{row.patient_id}_{row.image_id}", row.patient_id, row.columns) for row in rows]

    def _selected(self, rows: Sequence[RsnaRow]) -> list[RsnaRow]:
        selected = [row for row in rows if self.split in ("both", row.split)]
        if not selected:
            remedy = "Choose another split, or add it."
            raise InputError(f"has no {TABLES[self.split]}", path=self.root, remedy=remedy)
        return selected

    def load(self, case: Case) -> Sequence[Sample]:
        """Read one mammogram and prepare its breast, chest wall at the left edge.

        Raises
        ------
        ReadError
            The file is missing, unreadable, or has no picture.
        MaskError
            No breast can be told from the background, or it has an implant and such are skipped.
        """
        return [load_breast(case, _source(case), crops=self._crops())]

    def prefetch(self, case: Case) -> None:
        """Read a case's file, or its cached crop, into memory ahead; never fails."""
        if not hasattr(os, "posix_fadvise"):  # neither Windows nor macOS has it
            return
        with suppress(OSError):  # loading it raises the error
            descriptor = os.open(self._read_from(case), os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)

    def _read_from(self, case: Case) -> str:
        """Return the file that loading a case reads: the cached crop, if there is one."""
        source, crops = _source(case), self._crops()
        key = None if crops is None else crop_key(case, source)
        cached = None if crops is None or key is None else crops.path(key)
        return source.image if cached is None or not cached.is_file() else str(cached)

    def _breast_settings(self) -> BreastSettings:
        return BreastSettings(**{each.name: getattr(self, each.name) for each in fields(BreastSettings)})

    def _crops(self) -> CropCache | None:
        if self.cache is None:
            return None
        return _opened(str(self.cache), int(self.cache_gb * _GIGABYTE), self.started)


def read_breast(
    path: Path, *, described: Mapping[str, Scalar], patient_id: str = "", laterality: str = "", view: str = ""
) -> Sample:
    """Read a mammogram that is in no table, prepared as a collection's.

    Parameters
    ----------
    path : pathlib.Path
        A DICOM or PNG file.
    described : mapping
        From the reader's ``describe()``.
    patient_id : str
    laterality : {'', 'LEFT', 'RIGHT'}
    view : str
        ``CC``, ``MLO`` and so on. Where they are empty, those of a DICOM header are used.

    Raises
    ------
    ReadError
        The file is missing, unreadable, or has no picture, or its view is unknown.
    MaskError
        No breast can be told from the background.
    """
    refuse_non_files(path)
    if path.suffix.lower() in DICOM:
        header = read_dicom(path, header_only=True)
        laterality = laterality or SIDES.get(header.laterality.upper(), "")
        view = view or (header.view.upper() if header.view.upper() in VIEWS else "")
    if not view:
        raise ReadError(
            "its view is unknown, and without it no pectoral muscle is searched",
            path=path,
            remedy="Name it: --view CC, --view MLO or another.",
        )
    settings = BreastSettings(**{each.name: described[each.name] for each in fields(BreastSettings)})  # type: ignore[arg-type]
    source = RsnaSource(str(path), str(described["voi"]), settings, phantom=False)
    columns: dict[str, Scalar] = {"laterality": laterality or None, "view": view}
    return load_breast(Case(path.name, patient_id, columns, source), source)


@cache
def _opened(folder: str, limit: int, since: float) -> CropCache:
    """Return the cache of a process, which reports a problem once."""
    return open_cache(folder, limit=limit, since=since)


def _source(case: Case) -> RsnaSource:
    if not isinstance(case.source, RsnaSource):
        raise TypeError(f"case {case.case_id} was not made by RsnaReader")
    return case.source


def _path(row: RsnaRow, tree: Tree) -> str:
    path = tree.images.get(row.image_id)
    if path is not None:
        return path
    return tree.expected[row.split].replace("{patient}", row.patient_id).replace("{image}", row.image_id)


def _remarks(rows: Sequence[RsnaRow], tree: Tree) -> list[str]:
    remarks = []
    missing = [row.image_id for row in rows if row.image_id not in tree.images]
    if missing:
        remarks.append(f"{len(missing)} of {len(rows)} images are not here ({some_of(missing)}); they will fail")
    unsaid = sum(row.columns["view"] is None for row in rows)
    if unsaid:
        remarks.append(
            f"{unsaid} of {len(rows)} images have no view in the tables: that of the header is used, if there is one, "
            "and muscle is measured with the breast where nothing does"
        )
    views = Counter(str(row.columns["view"]) for row in rows if row.columns["view"] not in (None, *VIEWS))
    if views:
        listing = ", ".join(f"{count} of {view}" for view, count in sorted(views.items()))
        remarks.append(f"unknown views: {listing}; measured like any other")
    sides_of: dict[str, set[Scalar]] = defaultdict(set)
    for row in rows:
        sides_of[row.patient_id].add(row.columns["laterality"])
    single = sum(len(there) == 1 for there in sides_of.values())
    if single:
        remarks.append(f"{single} of {len(sides_of)} patients have images of one breast only")
    return remarks
