"""Outcome, grouping and unit of prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from radiomics_mammo.core.option import check_options, option

_GROUP = "Outcome and grouping"


@dataclass(frozen=True, slots=True)
class Target:
    """Label, patient group and prediction unit of a comparison."""

    label: str = option("malignant", group=_GROUP, metavar="COLUMN", help="column with the outcome")
    group: str = option("patient_id", group=_GROUP, metavar="COLUMN", help="column with the patient, for the splits")
    positive: tuple[str, ...] = option(
        (), group=_GROUP, metavar="VALUE", help="values of the outcome that count as positive, if it is not 0/1"
    )
    negative: tuple[str, ...] = option(
        (), group=_GROUP, metavar="VALUE", help="values of the outcome that count as negative, if several remain"
    )
    also_features: tuple[str, ...] = option(
        (),
        group=_GROUP,
        flag="--also-feature",
        metavar="COLUMN",
        repeat=True,
        help="use a numeric column as a feature, too, or all columns that match a pattern such as 'emb_*' (may be "
        "repeated; the report lists them). Identity columns and radiologists' findings are no features otherwise, and "
        "the assessment never is",
    )
    drop_unlabelled: bool = option(False, group=_GROUP, help="leave out rows without an outcome")
    unit: Literal["lesion", "image", "breast", "patient"] = option(
        "lesion",
        group=_GROUP,
        help="unit of prediction: one row of the table (lesion), or all rows of an image, a breast or a patient",
    )
    aggregate: Literal["max", "mean", "noisy-or"] = option(
        "max", group=_GROUP, help="how the scores of the rows of one unit are combined, before calibration"
    )

    def __post_init__(self) -> None:
        check_options(self)
