"""Looks at a collection before anything is measured: the summary of its tables, the contact sheet of its images."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.collection import collection_name
from radiomics_mammo.console import say
from radiomics_mammo.readers import listed, remarks_of

if TYPE_CHECKING:
    from radiomics_mammo.readers.base import Reader
    from radiomics_mammo.recipe import Recipe


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
    from radiomics_mammo.explain.dataset import cases_frame, check_summary, write_summary

    check_summary(folder, overwrite=overwrite)  # before a large collection is listed
    described = reader.describe()
    cases = listed(reader)
    remarks = remarks_of(reader)
    for remark in remarks:
        say(f"note: {remark}")
    place = str(described.get("root") or described.get("path") or "")
    name = str(described["reader"])
    return write_summary(
        cases_frame(cases),
        name=collection_name(name) if name != "manifest" else Path(place).name,
        folder=folder,
        remarks=remarks,
        phantom=name == "phantom" or (Path(place) / "PHANTOM.txt").is_file(),
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
    from radiomics_mammo.parenchyma.lattice import windows
    from radiomics_mammo.preview import draw_preview

    boxes = None if recipe.lattice is None else partial(windows, settings=recipe.lattice)
    drawn = draw_preview(reader, path=path, count=count, windows=boxes)
    failures = f", {drawn.failed} of which failed" if drawn.failed else ""
    say(f"Contact sheet of {drawn.drawn + drawn.failed} of {drawn.cases} images{failures}: {path}")
