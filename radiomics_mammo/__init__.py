"""Radiomic features of mammographic lesions, honest model comparison, SHAP report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from radiomics_mammo.extraction.extractor import FeatureExtractor

__version__ = "0.1.0"
__all__ = ["FeatureExtractor", "__version__"]


def __getattr__(name: str) -> object:
    # The commands import this package first: what only the Python interface needs must not slow their start.
    if name == "FeatureExtractor":
        from radiomics_mammo.extraction.extractor import FeatureExtractor

        return FeatureExtractor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
