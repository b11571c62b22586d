"""Common leakage errors, each beside the sound protocol, as a literal table."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_mammo.evaluation.leakage.protocols import N_SELECTED, EvaluationProtocol

_SPLIT = "+0.09 to +0.18 where patients were not grouped, as reported for other data"
_OVERSAMPLING = "up to +0.34 on 15 radiomic data sets (Demircioğlu, Sci Rep 2024;14:11563)"
_SELECTION = "up to +0.15 on 10 radiomic data sets (Demircioğlu, Insights Imaging 2021;12:172)"


@dataclass(frozen=True, slots=True)
class LeakyProtocol:
    """A line of ``LEAKY_PROTOCOLS``: leaky and sound protocol, published figures.

    Attributes
    ----------
    title, model : str
        ``model`` is a key of ``BASELINE_MODELS``.
    leaky, sound : EvaluationProtocol
        They differ in the error; of a resampled table also in the split, as a copy belongs to no fold.
    published : str
        Empty where no study has measured it.
    """

    title: str
    model: str
    leaky: EvaluationProtocol
    sound: EvaluationProtocol
    published: str = ""

    @property
    def adds_rows(self) -> bool:
        """Return whether the leaky protocol splits synthetic or copied rows."""
        return self.leaky.before in ("oversampling", "smote")


_SOUND = EvaluationProtocol()
_ROW_SPLIT = EvaluationProtocol(split="row")

LEAKY_PROTOCOLS: dict[str, LeakyProtocol] = {
    "image_split": LeakyProtocol("Images, not patients, are split", "xgboost", _ROW_SPLIT, _SOUND, _SPLIT),
    "image_split_logistic": LeakyProtocol("Images, not patients, are split", "logistic", _ROW_SPLIT, _SOUND, _SPLIT),
    "oversampling_before": LeakyProtocol(
        "Oversampled, then rows split",
        "xgboost",
        EvaluationProtocol(split="row", before="oversampling"),
        EvaluationProtocol(within="oversampling"),
        _OVERSAMPLING,
    ),
    "smote_before": LeakyProtocol(
        "SMOTE, then rows split",
        "xgboost",
        EvaluationProtocol(split="row", before="smote"),
        EvaluationProtocol(within="smote"),
        _OVERSAMPLING,
    ),
    "selection_before": LeakyProtocol(
        f"{N_SELECTED} features selected before the split",
        "logistic",
        EvaluationProtocol(before="selection"),
        EvaluationProtocol(within="selection"),
        _SELECTION,
    ),
    "identity_column": LeakyProtocol(
        "The patient's number left in, patients split", "xgboost", EvaluationProtocol("features and code"), _SOUND
    ),
    "identity_column_image_split": LeakyProtocol(
        "The patient's number left in, images split", "xgboost", EvaluationProtocol("features and code", "row"), _SOUND
    ),
    "identity_alone_image_split": LeakyProtocol(
        "The patient's number and nothing else, images split",
        "forest",
        EvaluationProtocol("code", "row"),
        EvaluationProtocol("code"),
    ),
}
