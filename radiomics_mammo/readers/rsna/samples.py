"""One image of the RSNA collection: read, prepared, and cached if there is a cache."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from radiomics_mammo.core.records import Case, Sample, Scalar
from radiomics_mammo.errors import MaskError, ReadError
from radiomics_mammo.imaging.breast.settings import BreastSettings
from radiomics_mammo.imaging.formats.dicom.decode import NOTHING_THERE
from radiomics_mammo.imaging.formats.dicom.read import read_dicom
from radiomics_mammo.imaging.formats.image_file import read_image
from radiomics_mammo.readers.rsna.crop_cache import CropCache, entry_key
from radiomics_mammo.readers.rsna.file_tree import DICOM
from radiomics_mammo.readers.rsna.tables import PIXEL_COLUMNS, SIDES, VIEWS

VERSION = 6
"""Raise it when the same file and settings give another breast: what is cached is then prepared anew."""

_LIBRARIES = (
    "numba", "numpy", "pillow", "pydicom", "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "python-gdcm", "scipy",
    "simpleitk",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RsnaSource:
    """Where one image is and how it becomes a breast: whatever changes its row.

    Attributes
    ----------
    image : str
        The file; it may not be there.
    voi : {'first', 'none'}
        Which values of a DICOM file count.
    settings : BreastSettings
        How the breast is prepared.
    phantom : bool
        Whether the collection is marked as simulated.
    """

    image: str
    voi: str
    settings: BreastSettings
    phantom: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """A whole mammogram with bright tissue, and the values of its header."""

    pixels: NDArray[Any]
    spacing: tuple[float, float] | None
    columns: dict[str, Scalar]
    notes: tuple[str, ...]
    phantom: bool = False
    view: str = ""
    """From the header, if it is a known one."""


def load_breast(case: Case, source: RsnaSource, *, crops: CropCache | None = None) -> Sample:
    """Read one mammogram and prepare its breast, or take it from the cache.

    Parameters
    ----------
    case : Case
        With the collection's columns.
    source : RsnaSource
        The file and the settings.
    crops : CropCache, optional
        Cache of prepared breasts.

    Returns
    -------
    Sample
        The same with and without a cache.

    Raises
    ------
    ReadError
        The file is missing, unreadable, or has no picture.
    MaskError
        No breast can be told from the background, or it has an implant and such are skipped.
    """
    if crops is None:
        return _prepared(case, source)
    key = crop_key(case, source)
    if key is None:  # no such file: reading it raises the error
        return _prepared(case, source)
    cached = crops.get(key)
    if cached is None:
        sample = _prepared(case, source)
        # Columns of the tables may change; those of the pixels are cached.
        crops.put(key, replace(sample, columns={name: sample.columns[name] for name, _ in PIXEL_COLUMNS}))
        return sample
    return replace(
        cached,
        case_id=case.case_id,
        patient_id=case.patient_id,
        columns={**case.columns, **cached.columns},
        image_path=source.image,
    )


def _prepared(case: Case, source: RsnaSource) -> Sample:
    # Compiled kernels come with it, which listing the cases need not wait for.
    from radiomics_mammo.imaging.breast.prepare import prepare_breast

    path = Path(source.image)
    picture = _read_dicom(path, source, case.columns) if path.suffix.lower() in DICOM else _read_picture(path)
    columns = case.columns
    implant = columns.get("implant")
    view, notes = _view(columns, picture)
    try:
        breast = prepare_breast(
            picture.pixels,
            laterality=str(columns.get("laterality") or ""),
            view=view,
            spacing=picture.spacing,
            implant=None if implant is None else bool(implant),
            settings=source.settings,
        )
    except MaskError as error:
        raise MaskError(error.cause, path=path, remedy=error.remedy) from error
    of_pixels = {**picture.columns, "flipped": breast.flipped}
    return Sample(
        case_id=case.case_id,
        patient_id=case.patient_id,
        image=breast.image,
        mask=breast.mask,
        spacing=breast.spacing,
        columns={**columns, **{name: of_pixels[name] for name, _ in PIXEL_COLUMNS}},
        notes=(*picture.notes, *notes, *breast.notes),
        phantom=source.phantom or picture.phantom,
        image_path=source.image,
        marks=breast.marks,
    )


def _view(columns: Mapping[str, Scalar], picture: _Picture) -> tuple[str, tuple[str, ...]]:
    """Return the table's view, else the file's, with a note where that is uncertain."""
    if columns.get("view"):
        return str(columns["view"]), ()
    if picture.view:
        return picture.view, (f"the view is from the header ({picture.view}), not the table",)
    return "", ("the view is unknown: no pectoral muscle was searched",)


def _read_dicom(path: Path, source: RsnaSource, of_table: Mapping[str, Scalar]) -> _Picture:
    image = read_dicom(path, voi=source.voi)
    of_pixels: dict[str, Scalar] = {
        "encoding": image.encoding,
        "photometric": image.photometric or None,
        "bits_stored": image.bits_stored,
        "voi": image.voi,
    }
    notes = list(image.notes)
    side = SIDES.get(image.laterality.upper())
    if side is not None and side != of_table.get("laterality"):
        notes.append(f"the header has {side}, the table {of_table.get('laterality')}: the table is used")
    view = image.view.upper() if image.view.upper() in VIEWS else ""
    if view and of_table.get("view") and view != of_table["view"]:
        notes.append(f"the header has {view}, the table {of_table['view']}: the table is used")
    return _Picture(image.pixels, image.spacing, of_pixels, tuple(notes), image.phantom, view)


def _read_picture(path: Path) -> _Picture:
    image = read_image(path)
    if image.pixels.min() == image.pixels.max():
        raise ReadError(
            f"holds no picture: every pixel is {image.pixels.flat[0]}",
            path=path,
            remedy=NOTHING_THERE,
        )
    of_pixels: dict[str, Scalar] = {
        "encoding": "jpeg" if image.lossy else "png",
        "photometric": None,
        "bits_stored": 8 * image.pixels.dtype.itemsize,
        "voi": None,
    }
    return _Picture(image.pixels, image.spacing, of_pixels, image.notes, image.phantom)


def crop_key(case: Case, source: RsnaSource) -> str | None:
    """Return the key of a prepared breast; None where there is no such file."""
    hints = tuple(case.columns.get(name) for name in ("laterality", "view", "implant"))
    return entry_key(source.image, (replace(source, image=""), hints, VERSION, _library_versions()))


@cache
def _library_versions() -> tuple[str, ...]:
    return tuple(_version(name) for name in _LIBRARIES)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # some decoders are optional
        return ""
