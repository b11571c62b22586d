"""The mistakes that are made on purpose, each beside its right way, as a literal table."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_mammo.evaluation.leakage.protocols import KEEP, Way

_SPLIT = "+0.09 to +0.18 where patients were not grouped, as reported for other data"
_OVERSAMPLING = "up to +0.34 on 15 radiomic data sets (Demircioğlu, Sci Rep 2024;14:11563)"
_SELECTION = "up to +0.15 on 10 radiomic data sets (Demircioğlu, Insights Imaging 2021;12:172)"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line of ``MISTAKES``: the wrong way beside the right one, and what others measured.

    Attributes
    ----------
    title, learner : str
    wrong, right : Way
        They differ in the mistake; of a resampled table, in the split, too, as copies have no side of their own.
    published : str
        Empty where nobody has put a number on it.
    """

    title: str
    learner: str
    wrong: Way
    right: Way
    published: str = ""


MISTAKES: dict[str, Mistake] = {
    "image_split": Mistake("Images, not patients, are split", "xgboost", Way(split="row"), Way(), _SPLIT),
    "image_split_logistic": Mistake("Images, not patients, are split", "logistic", Way(split="row"), Way(), _SPLIT),
    "oversampling_before": Mistake(
        "Oversampled, then rows split",
        "xgboost",
        Way(split="row", before="oversampling"),
        Way(within="oversampling"),
        _OVERSAMPLING,
    ),
    "smote_before": Mistake(
        "SMOTE, then rows split", "xgboost", Way(split="row", before="smote"), Way(within="smote"), _OVERSAMPLING
    ),
    "selection_before": Mistake(
        f"{KEEP} features selected before the split",
        "logistic",
        Way(before="selection"),
        Way(within="selection"),
        _SELECTION,
    ),
    "identity_column": Mistake(
        "The patient's number left in, patients split", "xgboost", Way(columns="features and code"), Way()
    ),
    "identity_column_image_split": Mistake(
        "The patient's number left in, images split", "xgboost", Way(columns="features and code", split="row"), Way()
    ),
    "identity_alone_image_split": Mistake(
        "The patient's number and nothing else, images split",
        "forest",
        Way(columns="code", split="row"),
        Way(columns="code"),
    ),
}
