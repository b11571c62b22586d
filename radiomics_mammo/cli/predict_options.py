"""Options of ``predict``, and the text below its ``--help``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from radiomics_mammo.cli.command import check_file
from radiomics_mammo.core.option import option
from radiomics_mammo.errors import InputError, OutputError

EPILOG = """\
columns (one row for each unit of prediction: lesion, image, breast or patient, as the model was trained):
  score                output of the model before calibration
  p                    calibrated probability. Its prior is the prevalence among the training patients (column
                       training_prevalence): at another prevalence it is biased
  call                 class at the operating point of compare
  p_patient, verdict   of the patient, not of the row: p_patient is the highest p of all units of the patient in the
                       table, and the verdict follows from it and the certified threshold: rule-out, abstention (left
                       to a radiologist) or positive. It is the same in all rows of a patient, and valid only if the
                       table has all units of the patient. Without a patient's name, or with a row that could not be
                       scored, nothing is ruled out. The certificate is of the training procedure, on out-of-fold
                       predictions of patients like those of the training set: a patient with a unit that is unlike
                       the training cases gets the verdict out_of_distribution, and so do all patients of a table
                       that is unlike them as a whole, for any prevalence. p is given, and is not valid
  typicality           share of the training cases that lie as far from the others as this one, or farther
  out_of_distribution  why it is unlike the training cases: range, mask_style, distance, null, mostly_null,
                       acquisition, pixel_size or table_shift; empty where it is not. reasons has the details
  out_of_range         features outside the range of the training set, or null where no training row was, with their
                       names
  in_training, remark  the patient is in the training set: not an independent prediction

A table made with another recipe or engine is refused. A CSV or a table of another tool does not state how it was
made: --trust-table accepts it, if its features are defined as those of the model. For research; not a medical
device.

examples:
  python -m radiomics_mammo.predict runs/mine --table new.parquet
  python -m radiomics_mammo.predict runs/mine --table new.parquet --out predictions.csv
  python -m radiomics_mammo.predict runs/mine --table radiomics.parquet clinical.csv --sensitivity 0.9
  python -m radiomics_mammo.predict runs/mine --image lesion.dcm --mask mask.png --label 2
  python -m radiomics_mammo.predict runs/rsna --image mammogram.dcm

exit codes: 0 there are predictions (failed cases are listed), 1 every case failed, 2 an error, printed in one line,
3 with --strict: the table, or more cases than chance allows, are out of distribution; predictions are written,
130 stopped by Ctrl-C, 143 by SIGTERM
"""
_INPUT, _IMAGE, _OUTPUT = "Input", "With --image", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """Model, cases and output."""

    run: Path = option(positional=True, metavar="RUN", help="run folder, written by compare")
    table: tuple[Path, ...] = option(
        (),
        group=_INPUT,
        metavar="TABLE",
        exclusive="input",
        help="feature tables, joined on case_id as in compare",
    )
    image: Path | None = option(
        None,
        group=_INPUT,
        metavar="FILE",
        exclusive="input",
        help="one image, measured with the recipe and the networks of the model",
    )
    trust_table: bool = option(
        False, group=_INPUT, help="accept a table that does not state with which recipe it was made"
    )
    sensitivity: float | None = option(
        None, metavar="S", help="certified sensitivity on which verdicts are based (default: that of compare)"
    )
    strict: bool = option(
        False, help="exit with 3 where the table, or more cases than chance allows, are out of distribution"
    )
    mask: Path | None = option(
        None,
        group=_IMAGE,
        metavar="FILE",
        help="its mask; any value but 0 is the region, unless --label. None for a model of whole breasts, which are "
        "found in the image",
    )
    label: int | None = option(None, group=_IMAGE, metavar="N", help="value of the mask that is the region")
    spacing: float | None = option(
        None, group=_IMAGE, metavar="MM", help="pixel spacing, where the image does not state it"
    )
    frame: int | None = option(None, group=_IMAGE, metavar="N", help="frame of a DICOM file of several, from 1")
    projection: Literal["mean", "maximum"] | None = option(
        None, group=_IMAGE, help="projection of the frames of a DICOM file of several"
    )
    laterality: Literal["", "LEFT", "RIGHT"] = option(
        "", group=_IMAGE, metavar="LEFT|RIGHT", help="side of a whole breast, where the image does not state it"
    )
    view: str = option("", group=_IMAGE, metavar="CC|MLO|...", parse=str.upper, help="view of a whole breast, likewise")
    patient: str = option(
        "", group=_IMAGE, metavar="ID", help="the patient, to check whether the model was trained on it"
    )
    engine: Literal["auto", "cpu", "cuda"] = option("auto", group=_IMAGE, help="engine that measures the image")
    weights: Path | None = option(
        None, group=_IMAGE, metavar="FILE", help="weights of the network, if the model has one"
    )
    out: Path | None = option(None, group=_OUTPUT, metavar="FILE", help="write all predictions: .csv or .parquet")
    overwrite: bool = option(False, group=_OUTPUT, help="replace an existing file")

    def __post_init__(self) -> None:
        if bool(self.table) == (self.image is not None):
            raise InputError("there is nothing to predict", remedy="Give either --table or --image.")
        if self.mask is not None and self.image is None:
            raise InputError("a mask needs its image", remedy="Give --image and --mask.")
        given = (self.label is not None, self.spacing is not None, self.patient, self.laterality, self.view)
        if self.table and any(given):
            raise InputError(
                "--label, --spacing, --patient, --laterality and --view are for --image",
                remedy="Leave them out with --table.",
            )

    def check_output(self) -> None:
        """Check that the predictions can be written."""
        if self.out is None:
            return
        if self.out.suffix.lower() not in (".csv", ".parquet"):
            raise OutputError(
                "is neither CSV nor Parquet", path=self.out, remedy="Name a file that ends in .csv or .parquet."
            )
        check_file(self.out, overwrite=self.overwrite)
