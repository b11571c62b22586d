"""Looks at a collection before anything is measured: the summary of its tables, the contact sheet of its images."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.core.console import print_message
from radiomics_mammo.errors import OutputError
from radiomics_mammo.readers import READERS, listed, remarks_of
from radiomics_mammo.readers.phantom.output_folder import is_phantom

if TYPE_CHECKING:
    from radiomics_mammo.core.records import Sample
    from radiomics_mammo.features.parenchyma.lattice import Box, LatticeSettings
    from radiomics_mammo.readers.base import Reader
    from radiomics_mammo.recipes.recipe import Recipe


def write_collection_summary(reader: Reader, folder: Path, *, overwrite: bool) -> Path:
    """Write what the list of cases holds and implies; no image is read, nor need it be there.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    InputError
        The collection cannot be listed.
    OutputError
        The folder holds something else, or cannot be written.
    """
    from radiomics_mammo.reports.dataset_summary import cases_frame, check_summary, write_summary

    check_summary(folder, overwrite=overwrite)  # before a large collection is listed
    described = reader.describe()
    cases = listed(reader)
    remarks = remarks_of(reader)
    for remark in remarks:
        print_message(f"note: {remark}")
    place = str(described.get("root") or described.get("path") or "")
    spec = READERS[str(described["reader"])]
    return write_summary(
        cases_frame(cases),
        name=spec.collection or Path(place).name or spec.name,
        folder=folder,
        remarks=remarks,
        phantom=spec.simulated or (place != "" and is_phantom(place)),
        overwrite=overwrite,
        declared=reader.columns,
    )


def write_preview(reader: Reader, path: Path, *, count: int, recipe: Recipe) -> None:
    """Draw a contact sheet of what is found on some images, with the recipe's windows where it has a lattice.

    Raises
    ------
    InputError
        The collection cannot be listed.
    OutputError
        The sheet cannot be written.
    """
    from radiomics_mammo.extraction.contact_sheet import draw_preview

    boxes = None if recipe.lattice is None else partial(_windows, settings=recipe.lattice)
    drawn = draw_preview(reader, path=path, count=count, windows=boxes)
    for remark in remarks_of(reader):
        print_message(f"note: {remark}")
    failures = f", {drawn.failed} of which failed" if drawn.failed else ""
    print_message(f"Contact sheet of {drawn.drawn + drawn.failed} of {drawn.cases} images{failures}: {path}")


def _windows(sample: Sample, settings: LatticeSettings) -> list[Box]:
    from radiomics_mammo.features.parenchyma.base import Breast
    from radiomics_mammo.features.parenchyma.lattice import windows

    return windows(Breast.of(sample), settings)


def check_preview(path: Path, *, count: int, overwrite: bool) -> None:
    """Refuse what cannot be drawn before anything is written and any image is decoded.

    Raises
    ------
    InputError
        The number of images or the file's ending will not do.
    OutputError
        There is no such folder, or a file that is no contact sheet (or may not be replaced) has the name.
    """
    from radiomics_mammo.extraction.contact_sheet import check_request

    check_request(path, count)
    if not path.absolute().parent.is_dir():
        raise OutputError(
            "there is no such folder", path=path.parent, remedy="Make it, or give --preview another name."
        )
    if path.exists() and not (overwrite and _is_ours(path)):
        remedy = "Give --preview another name" + (
            ", or --overwrite." if _is_ours(path) else ": it is no contact sheet."
        )
        raise OutputError("this file is there already", path=path, remedy=remedy)


def _is_ours(path: Path) -> bool:
    """Whether a file says that it is a contact sheet: ``--overwrite`` must not cost anybody a mammogram."""
    from PIL import Image, UnidentifiedImageError

    from radiomics_mammo.extraction.contact_sheet import SOFTWARE

    try:
        with Image.open(path) as picture:
            return bool(picture.info.get("Software") == SOFTWARE)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return False
