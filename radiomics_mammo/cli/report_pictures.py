"""Pictures of a report: images that are read again through the reader of extract, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from radiomics_mammo.core.console import print_if_slow, print_message, progress
from radiomics_mammo.core.records import Sample
from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.readers import find_samples, open_reader
from radiomics_mammo.reports.cases.pictures import (
    LARGE,
    LARGE_THUMBNAIL,
    THUMBNAIL,
    Size,
    draw_lesion,
    draw_whole,
    size_for,
)
from radiomics_mammo.reports.cases.records import Picture, Pictures, WantedPictures
from radiomics_mammo.runs.run_folder import Run


def case_pictures(run: Run, wanted: WantedPictures, *, large: bool = False) -> Pictures:
    """Read some cases again and draw them; state images that cannot be read.

    One image is in memory at a time, and pictures do not depend on their order.

    ``large`` is for a page of one case.
    """
    names = list(dict.fromkeys((*wanted.cards, *wanted.views, *wanted.neighbours)))
    if run.info.unit != "lesion":
        return _none(f"There are no pictures: the unit of prediction is the {run.info.unit}, with several rows.")
    aggregated = run.info.provenance.get("aggregated")
    if aggregated:
        return _none(f"There are no pictures: a row of the table is a {aggregated['to']}, of several images.")
    if not names:
        return Pictures()
    description = run.info.provenance.get("reader")
    if not description:
        return _none("There are no pictures: the table does not state how its images are read.")
    try:
        with print_if_slow("Looking for the images of the cases ..."):
            reader = open_reader(description)
            cases = {case.case_id: case for case in reader.cases()}
    except RadiomicsMammoError as error:
        message = "The images could not be reached"
        return _none(f"{message}: {_without_folder(error)}.", full=f"{message}: {error}")
    sizes = (LARGE, LARGE_THUMBNAIL) if large else (size_for(len(wanted.cards)), THUMBNAIL)
    drawn = _drawn(wanted, find_samples(reader, cases, names), sizes, total=len(names))
    if drawn.problem:
        print_message(f"note: {drawn.problem}")
    return drawn


def _without_folder(error: RadiomicsMammoError) -> str:
    """Return the cause with the last part of the path only: a page is shared more widely than a screen."""
    if error.path is None:
        return error.cause
    path = Path(error.path)
    if path.exists():
        return f"{path.name}: {error.cause}"
    return f"the images' {'file' if path.suffix else 'folder'} {path.name} is not there"


def _none(problem: str, *, full: str = "") -> Pictures:
    print_message(f"note: {full or problem}")
    return Pictures(problem=problem)


def _drawn(
    wanted: WantedPictures, samples: Iterator[tuple[str, Sample | None]], sizes: tuple[Size, Size], *, total: int
) -> Pictures:
    size, small = sizes
    lesion_images: dict[str, Picture] = {}
    full_images: dict[str, Picture] = {}
    thumbnails: dict[str, Picture] = {}
    cards, views, near = set(wanted.cards), set(wanted.views), set(wanted.neighbours)
    missing = 0
    with progress(total, what="pictures drawn") as advance:
        for name, sample in samples:
            advance()
            if sample is None or not sample.mask.any():
                missing += 1
                continue
            whole = draw_whole(sample.image, sample.mask, size) if name in cards | views else None
            if whole is not None:
                full_images[name] = whole
            if name in cards or (name in views and whole is None):
                lesion_images[name] = draw_lesion(sample.image, sample.mask, size)
            if name in near:
                thumbnails[name] = draw_lesion(sample.image, sample.mask, small)
    problem = f"The images of {missing} of {total} cases could not be read again." if missing else ""
    return Pictures(lesion_images, full_images, thumbnails, problem)
