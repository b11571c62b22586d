"""Parenchymal features of a whole breast, beyond the families that every region has: ``PARENCHYMA`` lists them."""

from __future__ import annotations

from radiomics_mammo.parenchyma.records import MeasureFamily

PARENCHYMA: dict[str, MeasureFamily] = {}
"""By the name of their feature class."""
