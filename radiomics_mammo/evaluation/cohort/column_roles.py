"""What the columns of a table are about, by name: which may be features, which serve a baseline, which never may."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
"""Of the woman, the picture and the kind of finding (mass or calcification, which whoever marked the lesion named):
what is known without measuring it. The metadata baseline."""

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
"""Readers' opinions: features only where asked for by name, and the reading itself not even then."""

READING = "assessment"
"""The radiologists' own score, BI-RADS 1 to 5; 0 (incomplete) and null are no score."""

AFTER_DIAGNOSIS = ("biopsy", "invasive", "birads", "difficult_negative_case", "pathology", "malignant", "cancer")
"""Known only once the diagnosis is: never features."""

_SAID_AFTERWARDS = re.compile(
    r"biops(?:y|ies)|invasi(?:ve|on)|patholog(?:y|ic|ical)|malignan(?:t|cy|cies)|cancers?|carcinomas?"
)
_SAID_BEFORE = frozenset({"history", "family", "familial", "prior", "previous", "risk", "density"})
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
    """Give the column that another was made of, as far as its name tells.

    ``assessment_4`` and ``onehot__assessment_4`` are ``assessment`` as indicators, ``max_age`` is ``age`` put together.
    """
    found = _FORM.match(plain(name))
    return found["source"] if found else plain(name)


def is_known_after_diagnosis(name: str) -> bool:
    """Whether a column is what only the diagnosis told, in whatever spelling (``BI-RADS``, ``isCancer_Yes``)."""
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
    if _SAID_BEFORE & set(words):
        return False
    joined = "".join(words)
    return (
        any(_SAID_AFTERWARDS.fullmatch(word) for word in words)
        or "birads" in joined
        or "difficultnegative" in joined
        or base_column(name) in AFTER_DIAGNOSIS
    )


def columns_with_role(columns: Iterable[str], role: Iterable[str]) -> list[str]:
    """Give those of a table's columns that have a role, in the table's order."""
    wanted = set(role)
    return [name for name in columns if plain(name) in wanted]


def is_shape(feature: str) -> bool:
    """Whether a feature is computed from the outline alone."""
    return is_feature_name(feature) and feature_parts(feature)[1] in _SHAPES


def is_size(feature: str) -> bool:
    """Whether a feature is the size of what is measured, lesion or breast, in one form or another."""
    if not is_feature_name(feature):
        return False
    _, family, name = feature_parts(feature)
    return (family in _SHAPES and name in SIZE_FEATURES) or (family, name) in _BREAST_SIZES


def can_be_feature(name: str) -> bool:
    """Whether a column may be let in as a feature where it is asked for."""
    return plain(name) not in IDENTITY and base_column(name) != READING and not is_known_after_diagnosis(name)


_OUT = "Take it out of --also-feature, or out of the table if it was not asked for."


def check_feature_name(name: str) -> None:
    """Refuse a column that must not become a feature, even when asked for.

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
    if plain(name) in IDENTITY:
        raise InputError(
            f"{name!r} cannot be a feature: it names patients, images or files, and a model that is given it "
            "can learn the cases by heart",
            remedy=_OUT,
        )
