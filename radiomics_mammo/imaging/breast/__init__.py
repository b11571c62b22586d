"""The breast on a mammogram, found and made comparable: one step a file, :func:`prepare_breast` runs them."""

from radiomics_mammo.imaging.breast.outline import breast_mask
from radiomics_mammo.imaging.breast.prepare import prepare_breast
from radiomics_mammo.imaging.breast.records import BreastSettings, PreparedBreast

__all__ = ["BreastSettings", "PreparedBreast", "breast_mask", "prepare_breast"]
