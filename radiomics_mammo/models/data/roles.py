"""What the columns of a table are about, by name: which may be features, which serve a baseline, which never may."""

from __future__ import annotations

from collections.abc import Iterable

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables import feature_parts, is_feature_name

METADATA = ("age", "breast_density", "density", "view", "laterality", "abnormality_type", "implant")
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
    "photometric",
    "bits_stored",
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

AFTERWARDS = ("biopsy", "invasive", "birads", "difficult_negative_case", "pathology", "malignant", "cancer")
"""Known only once the diagnosis is: never features."""

IDENTITY = (
    "case_id",
    "patient_id",
    "image_id",
    "abnormality_id",
    "mask_label",
    "image_path",
    "mask_path",
    "split",
    "notes",
    "phantom",
)
"""Names of people, images and files: never features."""

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


def plain(name: str) -> str:
    """Write a column's name as the tables above have it: lower case, ``_`` for spaces."""
    return "_".join(name.lower().split())


def among(columns: Iterable[str], role: Iterable[str]) -> list[str]:
    """Give those of a table's columns that have a role, in the table's order."""
    wanted = set(role)
    return [name for name in columns if plain(name) in wanted]


def is_shape(feature: str) -> bool:
    """Whether a feature is computed from the outline alone."""
    return is_feature_name(feature) and feature_parts(feature)[1] in _SHAPES


def is_size(feature: str) -> bool:
    """Whether a feature is the lesion's size, in one form or another."""
    return is_shape(feature) and feature_parts(feature)[2] in SIZE_FEATURES


def may_be_feature(name: str) -> bool:
    """Whether a column may be let in as a feature where it is asked for."""
    return plain(name) not in (READING, *AFTERWARDS, *IDENTITY)


def refuse_as_feature(name: str) -> None:
    """Refuse a column that must not become a feature, even when asked for.

    Raises
    ------
    InputError
        It is the radiologists' reading, is known only afterwards, or names people, images or files; the message says
        which.
    """
    if plain(name) == READING:
        raise InputError(
            f"{name!r} cannot be a feature: it is the radiologists' own reading, which models are compared with, and "
            "a model that is given it repeats them",
            remedy="Take it out of --also-feature.",
        )
    if plain(name) in AFTERWARDS:
        raise InputError(
            f"{name!r} cannot be a feature: it is known only after the diagnosis, and a model that is given it "
            "predicts what is known already",
            remedy="Take it out of --also-feature.",
        )
    if plain(name) in IDENTITY:
        raise InputError(
            f"{name!r} cannot be a feature: it names people, images or files, and a model that is given it "
            "can learn the cases by heart",
            remedy="Take it out of --also-feature.",
        )
