"""Draw a contact sheet: some images of a collection with the detected outlines, for visual inspection."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from radiomics_mammo.core.boundary import Problem, attempt
from radiomics_mammo.core.console import progress
from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import InputError
from radiomics_mammo.extraction.contact_sheet_panel import (
    COLOURS,
    PAPER,
    draw_failure,
    draw_panel,
    panel_size,
    shown_names,
    write_line,
)
from radiomics_mammo.readers import present_cases
from radiomics_mammo.readers.base import Reader
from radiomics_mammo.tables.atomic import write_bytes

WIDTH = 1600
MOST = 60
_TITLE = 34
_SIMULATED = "phantom"
SOFTWARE = "radiomics_mammo preview"
"""Name of the software in the file's metadata."""

Box = tuple[int, int, int, int]
Windows = Callable[[Sample], Sequence[Box]]


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """The content of a contact sheet.

    Attributes
    ----------
    path : pathlib.Path
        The sheet.
    drawn, failed : int
        Panels with a picture, and panels with the reason for its absence.
    cases, absent : int
        How many cases the collection has, and how many of them have files that are not there.
    """

    path: Path
    drawn: int
    failed: int
    cases: int
    absent: int


def draw_preview(reader: Reader, *, path: str | Path, count: int = 24, windows: Windows | None = None) -> PreviewResult:
    """Read some images as an extraction would, and draw them on one sheet.

    The choice is the same each time: patients spread evenly over the collection, one image of each, of another view
    from patient to patient; only where there are fewer patients than panels, more images of each.

    Parameters
    ----------
    reader : Reader
        Where the images come from.
    path : str or pathlib.Path
        The sheet: a PNG of 1600 pixels' width.
    count : int
        How many images, at most 60.
    windows : callable, optional
        Gives the boxes (first and past-the-last row, first and past-the-last column) that a sample is measured in.

    Returns
    -------
    PreviewResult

    Raises
    ------
    InputError
        The number or the file's name will not do, or the collection is not what the reader reads.
    OutputError
        The sheet cannot be written.
    """
    path = Path(path)
    check_request(path, count)
    cases = reader.cases()
    if not cases:
        raise InputError("there are no cases to draw", remedy="Look at the collection and at --split.")
    present = present_cases(cases)
    chosen = choose_cases(present or cases, count)
    across = _columns(len(chosen))
    width, text = WIDTH // across, 13 if across <= 6 else 11
    panels, failed, names = [], 0, set[str]()
    with progress(len(chosen), what="images drawn") as advance:
        for case in chosen:
            panel, names_shown = _panel(reader, case, width, text, windows)
            panels.append(panel)
            names.update(names_shown)
            failed += not names_shown
            advance()
    drawn = len(chosen) - failed
    title = f"{len(chosen)} of {len(cases)} cases" + (f", {failed} without a picture" if failed else "")
    title += "; PHANTOM: simulated images" if _SIMULATED in names else ""
    image = _compose(panels, across, (width, text), title=title, names=names)
    content = io.BytesIO()
    metadata = PngInfo()
    metadata.add_text("Software", SOFTWARE)
    image.save(content, format="PNG", optimize=True, pnginfo=metadata)
    write_bytes(path, content.getvalue())
    return PreviewResult(path, drawn, failed, len(cases), len(cases) - len(present))


def check_request(path: Path, count: int) -> None:
    """Check the number of images and the name of the file.

    Raises
    ------
    InputError
        One of them is not valid.
    """
    if not 1 <= count <= MOST:
        raise InputError(f"a contact sheet of {count} images", remedy=f"Ask for 1 to {MOST}.")
    if path.suffix.lower() != ".png":
        raise InputError("contact sheets are PNG images", path=path, remedy="Let the name end in .png.")


def choose_cases(cases: Sequence[Case], count: int) -> list[Case]:
    """Return cases spread evenly over patients, in the collection's order.

    Parameters
    ----------
    cases : sequence of Case
        Not empty.
    count : int
        How many; fewer where there are fewer.
    """
    patients: dict[str, list[int]] = {}
    for number, case in enumerate(cases):
        patients.setdefault(case.patient_id, []).append(number)
    of_patients = list(patients.values())
    if len(of_patients) >= count:
        spread = [of_patients[int((place + 0.5) * len(of_patients) / count)] for place in range(count)]
        chosen = [numbers[place % len(numbers)] for place, numbers in enumerate(spread)]
    else:
        rounds = range(max(map(len, of_patients)))
        chosen = [numbers[turn] for turn in rounds for numbers in of_patients if turn < len(numbers)][:count]
    return [cases[number] for number in sorted(chosen)]


def _columns(count: int) -> int:
    """Return how many columns make the sheet about as high as wide."""
    return min(10, max(4, round(sqrt(count * 1.5))))


def _panel(reader: Reader, case: Case, width: int, text: int, windows: Windows | None) -> tuple[Image.Image, list[str]]:
    """Draw the panel and return the names of what it shows; none where the case failed."""

    def read() -> tuple[Sequence[Sample], Sequence[Box]]:
        samples = reader.load(case)
        return samples, windows(samples[0]) if windows is not None else ()

    outcome = attempt(read)
    if isinstance(outcome, Problem):
        return draw_failure(outcome.failure(case, stage="read"), width=width, text=text), []
    samples, boxes = outcome
    sample = samples[0]
    notes = (f"1 of {len(samples)} regions of this mask",) if len(samples) > 1 else ()
    names = shown_names(sample) + (["windows"] if boxes else []) + ([_SIMULATED] if sample.phantom else [])
    return draw_panel(sample, width=width, text=text, windows=boxes, notes=notes), names


def _compose(
    panels: Sequence[Image.Image], across: int, size: tuple[int, int], *, title: str, names: set[str]
) -> Image.Image:
    width, height = panel_size(*size)
    down = -(-len(panels) // across)
    image = Image.new("RGB", (WIDTH, _TITLE + down * height), PAPER)
    x = write_line(image, (8, 8), title, text=15) + 24
    for name, colour in COLOURS.items():
        if name in names:
            x = write_line(image, (x, 10), name, text=13, colour=colour) + 18
    for number, panel in enumerate(panels):
        image.paste(panel, (number % across * width, _TITLE + number // across * height))
    return image
