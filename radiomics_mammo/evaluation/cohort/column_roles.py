"""Roles of table columns by name: feature, baseline, or neither."""

from __future__ import annotations

import re
from collections.abc import Iterable

from radiomics_mammo.core.column_names import is_identifier
from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.feature_table import feature_parts, is_feature_name, plain

METADATA = (
    "age",
    "breast_density",
    "density",
    "view",
    "laterality",
    "abnormality_type",
    "implant",
    "n_images",
    "n_views",
)
"""Patient, image and kind of finding (mass or calcification, as annotated): known without a measurement. The metadata
baseline."""

SCANNER = (
    "site_id",
    "machine_id",
    "site",
    "machine",
    "manufacturer",
    "manufacturer_model",
    "scanner",
    "encoding",
    "photometric",
    "bits_stored",
    "voi",
    "spacing_row_mm",
    "spacing_column_mm",
    "image_rows",
    "image_columns",
)
"""Where and with what the image was taken: what a model may have learnt instead of the disease."""

READERS = ("assessment", "subtlety", "mass_shape", "mass_margins", "calc_type", "calc_distribution")
"""Radiologists' opinions: features only by --also-feature; the assessment itself never is."""

READING = "assessment"
"""The radiologists' own score, BI-RADS 1 to 5; 0 (incomplete) and null are no score."""

AFTER_DIAGNOSIS = ("biopsy", "invasive", "birads", "difficult_negative_case", "pathology", "malignant", "cancer")
"""Known only once the diagnosis is: never features."""

_AFTER_WORDS = re.compile(
    r"biops(?:y|ies)|invasi(?:ve|on)|patholog(?:y|ic|ical)|malignan(?:t|cy|cies)|cancers?|carcinomas?"
)
_BEFORE_WORDS = frozenset({"history", "family", "familial", "prior", "previous", "risk", "density"})
"""A prior biopsy, a cancer in the family and the BI-RADS density are known before."""

IDENTITY = (
    "case_id",
    "patient_id",
    "image_id",
    "prediction_id",
    "abnormality_id",
    "mask_label",
    "image_path",
    "mask_path",
    "split",
    "notes",
    "phantom",
    "spacing_unit",
    "presentation_intent_type",
)
"""Names of patients, images and files: never features."""

CODES = ("site_id", "machine_id", "site", "machine")
"""Numbers that are names: machine 49 is not more than machine 21."""

SIZE_COLUMNS = ("mask_pixels",)
SIZE_FEATURES = frozenset(
    {
        "MajorAxisLength",
        "MaximumDiameter",
        "MeshSurface",
        "MinorAxisLength",
        "Perimeter",
        "PixelSurface",
        # pyradiomics' three-dimensional class, in tables of other tools
        "LeastAxisLength",
        "Maximum2DDiameterColumn",
        "Maximum2DDiameterRow",
        "Maximum2DDiameterSlice",
        "Maximum3DDiameter",
        "MeshVolume",
        "SurfaceArea",
        "VoxelVolume",
    }
)
_SHAPES = ("shape2D", "shape")
_BREAST_SIZES = (("density", "BreastArea"), ("windows", "Count"))


_FORM = re.compile(
    r"""^(?:.*__)?(?:(?:is|has|any|max|mean|min|sum|median)_)?   # as encoders and patients begin a name
    (?P<source>.+?)
    (?:[_=:.-]+(?:-?\d+(?:\.\d+)?|true|false|yes|no|nan|none|null|na|missing|unknown
    |any|max|mean|min|sum|median|std|count|nunique))?$""",
    re.VERBOSE,
)


def base_column(name: str) -> str:
    """Return the column that another was derived from, by its name.

    ``assessment_4`` and ``onehot__assessment_4`` are ``assessment`` as indicators, ``max_age`` is ``age`` put together.
    """
    match = _FORM.match(plain(name))
    return match["source"] if match else plain(name)


def is_known_after_diagnosis(name: str) -> bool:
    """Return whether a column is known only after the diagnosis, in any spelling."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    if _BEFORE_WORDS & set(words):
        return False
    joined = "".join(words)
    return (
        any(_AFTER_WORDS.fullmatch(word) for word in words)
        or "birads" in joined
        or "difficultnegative" in joined
        or base_column(name) in AFTER_DIAGNOSIS
    )


def columns_with_role(columns: Iterable[str], role: Iterable[str]) -> list[str]:
    """Return those of a table's columns that have a role, in the table's order."""
    names = set(role)
    return [name for name in columns if plain(name) in names]


def is_shape(feature: str) -> bool:
    """Return whether a feature is computed from the outline only."""
    return is_feature_name(feature) and feature_parts(feature)[1] in _SHAPES


def is_size(feature: str) -> bool:
    """Return whether a feature is a size of the lesion or breast."""
    if not is_feature_name(feature):
        return False
    _, family, name = feature_parts(feature)
    return (family in _SHAPES and name in SIZE_FEATURES) or (family, name) in _BREAST_SIZES


def _is_name(column: str) -> bool:
    return plain(column) in IDENTITY or is_identifier(column)


def can_be_feature(name: str) -> bool:
    """Return whether a column may be added as a feature."""
    return not _is_name(name) and base_column(name) != READING and not is_known_after_diagnosis(name)


_OUT = "Remove it from --also-feature, or from the table."


def check_feature_name(name: str) -> None:
    """Raise an error for a column that must not become a feature.

    Raises
    ------
    InputError
        It is the radiologists' reading or is known only afterwards, in whatever form, or names patients, images or
        files; the message says which.
    """
    if base_column(name) == READING:
        raise InputError(
            f"{name!r} cannot be a feature: it is the radiologists' own reading, which models are compared with, and "
            "a model that is given it repeats them",
            remedy=_OUT,
        )
    if is_known_after_diagnosis(name):
        raise InputError(
            f"{name!r} cannot be a feature: it is known only after the diagnosis, and a model that is given it "
            "predicts what is known already",
            remedy=_OUT,
        )
    if _is_name(name):
        raise InputError(
            f"{name!r} cannot be a feature: it names patients, images or files, and a model that is given it "
            "can learn the cases by heart",
            remedy=_OUT,
        )
