"""Overviews of a collection before features are computed: a summary of its lists, a contact sheet of its images."""

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
    """Write a summary of the list of cases and return its page; no image is read."""
    from radiomics_mammo.reports.dataset_summary import cases_frame, check_summary, write_summary

    check_summary(folder, overwrite=overwrite)  # before a large collection is listed
    description = reader.describe()
    cases = listed(reader)
    remarks = remarks_of(reader)
    for remark in remarks:
        print_message(f"note: {remark}")
    place = str(description.get("root") or description.get("path") or "")
    spec = READERS[str(description["reader"])]
    return write_summary(
        cases_frame(cases),
        name=spec.collection or Path(place).name or spec.name,
        folder=folder,
        remarks=remarks,
        phantom=spec.simulated or (place != "" and is_phantom(place)),
        overwrite=overwrite,
        declared=reader.columns,
    )


def write_preview(reader: Reader, path: Path, *, count: int, recipe: Recipe) -> int:
    """Draw a contact sheet of some images with regions and lattice windows; return how many could be drawn."""
    from radiomics_mammo.extraction.contact_sheet import draw_preview

    boxes = None if recipe.lattice is None else partial(_windows, settings=recipe.lattice)
    drawn = draw_preview(reader, path=path, count=count, windows=boxes)
    for remark in remarks_of(reader):
        print_message(f"note: {remark}")
    failures = f", {drawn.failed} of which failed" if drawn.failed else ""
    absent = f"; the files of {drawn.absent} are not there" if drawn.absent else ""
    print_message(f"Contact sheet of {drawn.drawn + drawn.failed} of {drawn.cases} images{failures}{absent}: {path}")
    return drawn.drawn


def _windows(sample: Sample, settings: LatticeSettings) -> list[Box]:
    from radiomics_mammo.features.parenchyma.base import Breast
    from radiomics_mammo.features.parenchyma.lattice import windows

    return windows(Breast.of(sample), settings)


def check_preview(path: Path, *, count: int, overwrite: bool) -> None:
    """Check that a contact sheet can be drawn, before any image is decoded."""
    from radiomics_mammo.extraction.contact_sheet import check_request

    check_request(path, count)
    if not path.absolute().parent.is_dir():
        raise OutputError(
            "there is no such folder", path=path.parent, remedy="Make it, or give --preview another name."
        )
    if path.exists() and not (overwrite and _is_contact_sheet(path)):
        remedy = "Give --preview another name" + (
            ", or --overwrite." if _is_contact_sheet(path) else ": it is no contact sheet."
        )
        raise OutputError("this file exists", path=path, remedy=remedy)


def _is_contact_sheet(path: Path) -> bool:
    """Return whether a file is a contact sheet: ``--overwrite`` must not replace a mammogram."""
    from PIL import Image, UnidentifiedImageError

    from radiomics_mammo.extraction.contact_sheet import SOFTWARE

    try:
        with Image.open(path) as picture:
            return bool(picture.info.get("Software") == SOFTWARE)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return False
