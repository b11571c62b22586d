"""Write the phantom out as an RSNA screening tree: train.csv with DICOM files, or with PNG as the re-releases."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from radiomics_mammo.errors import InputError
from radiomics_mammo.imaging.formats.dicom.encode import SYNTAXES, encode_dicom
from radiomics_mammo.readers.phantom.image_storage import add_implant, taken_again, write_stored_dicom, write_stored_png
from radiomics_mammo.readers.phantom.output_folder import PhantomTree, write_tree
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.screening_cohort import Outcome, View, plan_screening, views_of

LAYOUTS = {
    "dicom": "train_images/{patient}/{image}.dcm",
    "folders": "train_images/{patient}/{image}.png",
    "underscore": "train_images/{patient}_{image}.png",
    "at": "train_images/{patient}@{image}.png",
}
TABLE = "train.csv"
HEADER = (
    "site_id",
    "patient_id",
    "image_id",
    "laterality",
    "view",
    "age",
    "cancer",
    "biopsy",
    "invasive",
    "BIRADS",
    "implant",
    "density",
    "machine_id",
    "difficult_negative_case",
)
LAYOUT = "The layout is that of the RSNA Screening Mammography collection (2022), so that its reader can be tried."
PREVALENCE = 0.1
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Picture:
    """One mammogram and its file, relative to the root."""

    view: View
    path: str

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path,)


def usual_encodings() -> tuple[str, str]:
    """Return the encodings of the two sites: JPEG 2000 and JPEG lossless.

    JPEG lossless is written by GDCM; ``raw`` stands for it where that is not installed.
    """
    return "jpeg2000-lossless", "jpeg-lossless" if find_spec("gdcm") is not None else "raw"


def write_rsna_tree(
    reader: PhantomReader,
    root: str | Path,
    *,
    layout: str = "dicom",
    encodings: Sequence[str] | None = None,
    prevalence: float = PREVALENCE,
    on_picture: Callable[[int, int], None] | None = None,
) -> int:
    """Write a phantom as a screening collection: both breasts, most without a mass.

    ``train.csv`` is written last, and ``PHANTOM.txt`` marks the images as simulated. The table has the real one's
    quirks: no density and BIRADS from site 2, ages missing, machines that belong to one site each. The site decides
    the encoding, and the machine bits, photometric interpretation and VOI function. A tree that is complete and was
    made with the same settings is left as it is; one made with others, or cut short, is written anew.

    Parameters
    ----------
    layout : {'dicom', 'folders', 'underscore', 'at'}
        ``train_images/PATIENT/IMAGE.dcm``; or 8-bit PNG, windowed and with bright tissue, as ``PATIENT/IMAGE.png``,
        ``PATIENT_IMAGE.png`` or ``PATIENT@IMAGE.png``.
    encodings : sequence of str, optional
        Of the DICOM files, names of :data:`~radiomics_mammo.imaging.formats.dicom.encode.SYNTAXES`: site 1's and site
        2's, or one for both. Those of :func:`usual_encodings` by default.
    prevalence : float
        Share of breasts with cancer, at most 0.25. Few show in a small collection; the real one has 0.02.

    Raises
    ------
    InputError
        Unknown layout or encoding, an encoder that is not installed, or a prevalence out of range.
    OutputError
        The folder holds something else, or cannot be written.
    """
    chosen = _checked(layout, encodings)
    women = plan_screening(reader.patients, seed=reader.seed, prevalence=prevalence)
    pictures = [_Picture(view, _path(view, layout)) for woman in women for view in views_of(woman)]
    settings = reader.describe() | {"layout": layout, "prevalence": prevalence}
    if layout == "dicom":
        settings["encodings"] = ", ".join(chosen)
    tree = PhantomTree(
        layout=LAYOUT,
        settings=settings,
        pictures=pictures,
        write=partial(_write_picture, reader, chosen),
        tables={TABLE: partial(_write_table, pictures)},
    )
    return write_tree(tree, root, on_picture=on_picture)


def write_rsna_png_tree(
    reader: PhantomReader, root: str | Path, *, on_picture: Callable[[int, int], None] | None = None
) -> int:
    """Write a phantom as the PNG copy ``PATIENT_IMAGE.png``; see :func:`write_rsna_tree`."""
    return write_rsna_tree(reader, root, layout="underscore", on_picture=on_picture)


def _checked(layout: str, encodings: Sequence[str] | None) -> tuple[str, str]:
    if layout not in LAYOUTS:
        raise InputError(f"no layout is called {layout!r}", remedy=f"Choose one of {', '.join(LAYOUTS)}.")
    if encodings is None:
        usual = usual_encodings()
        if layout == "dicom" and "raw" in usual:
            _LOG.warning('site 2 is written uncompressed; pip install "radiomics-mammo[dicom]" writes JPEG lossless')
        return usual
    unknown = [name for name in encodings if name not in SYNTAXES]
    if unknown or not 1 <= len(encodings) <= 2:
        raise InputError(
            f"the encodings {', '.join(encodings) or '(none)'} cannot be given to two sites",
            remedy=f"Name one or two of {', '.join(SYNTAXES)}.",
        )
    return encodings[0], encodings[-1]


def _path(view: View, layout: str) -> str:
    return LAYOUTS[layout].format(patient=view.woman.patient_id, image=view.image_id)


def _write_picture(reader: PhantomReader, encodings: tuple[str, str], picture: _Picture, root: Path) -> None:
    view, woman = picture.view, picture.view.woman
    image, _ = reader.picture(woman.patient, side=view.side, view=view.view)
    if woman.implant:
        image = add_implant(image, side=view.side, pixel_mm=reader.spacing[0])
    if view.again:
        image = taken_again(image, pixel_mm=reader.spacing[0])
    path = root / picture.path
    if path.suffix == ".png":
        write_stored_png(path, image, machine=woman.machine)
        return
    write_stored_dicom(path, image, view=view, spacing=reader.spacing, seed=reader.seed)
    encode_dicom(path, syntax=encodings[woman.machine.site - 1])


def _write_table(pictures: Sequence[_Picture], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for picture in pictures:
            view, woman = picture.view, picture.view.woman
            age = "" if woman.age is None else f"{woman.age:.1f}"  # floats, as a column with gaps has them
            who = (woman.machine.site, woman.patient_id, view.image_id, view.side[0], view.view, age)
            cancer, biopsy, invasive, birads, difficult = _outcome_columns(woman.outcomes[view.side])
            known = (int(woman.implant), woman.density or "", woman.machine.number)
            writer.writerow((*who, cancer, biopsy, invasive, birads, *known, difficult))


def _outcome_columns(outcome: Outcome) -> tuple[int, int, int, str, bool]:
    birads = "" if outcome.birads is None else f"{outcome.birads:.1f}"
    return int(outcome.cancer), int(outcome.biopsy), int(outcome.invasive), birads, outcome.difficult
