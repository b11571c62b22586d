"""Parenchymal features of a whole breast, beyond the families that every region has: ``PARENCHYMA`` lists them."""

from __future__ import annotations

from radiomics_mammo.features.parenchyma import density, fractal, spectrum
from radiomics_mammo.features.parenchyma.base import MeasureFamily

PARENCHYMA: dict[str, MeasureFamily] = {
    family.name: family for family in (density.FAMILY, spectrum.FAMILY, fractal.FAMILY)
}
"""By the name of their feature class."""
