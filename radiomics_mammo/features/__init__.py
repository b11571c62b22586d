"""Feature families. A new one is one folder and one line in ``FAMILIES``; the order is the table's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from radiomics_mammo.features import firstorder, glcm, gldm, glrlm, glszm, ngtdm, shape2d
from radiomics_mammo.features.base import Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        shape2d.FAMILY,
        firstorder.FAMILY,
        glcm.FAMILY,
        gldm.FAMILY,
        glrlm.FAMILY,
        glszm.FAMILY,
        ngtdm.FAMILY,
    )
}


def columns_of(features: Mapping[str, Sequence[str]], *, image_type: str = "original") -> tuple[str, ...]:
    """List the columns of a recipe's features; no names are all of the family's."""
    return tuple(
        f"{image_type}_{family}_{feature.name}"
        for family, wanted in features.items()
        for feature in FAMILIES[family].chosen(wanted)
    )
