"""Radiomic features of mammograms: feature tables, patient-grouped comparison of models, reports.

The public interface; everything here is loaded when it is first used.

Examples
--------
>>> import radiomics_mammo
>>> sorted(set(radiomics_mammo.__all__) - {"__version__"})
['FeatureExtractor', 'RadiomicsMammoError', 'load_model', 'load_recipe', 'open_reader', 'read_table']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from radiomics_mammo.core.version import __version__

if TYPE_CHECKING:
    from radiomics_mammo.errors import RadiomicsMammoError
    from radiomics_mammo.extraction.extractor import FeatureExtractor
    from radiomics_mammo.readers import open_reader
    from radiomics_mammo.recipes.recipe import load_recipe
    from radiomics_mammo.runs.saved_model import load_model
    from radiomics_mammo.tables.feature_table import read_table

__all__ = [
    "FeatureExtractor",
    "RadiomicsMammoError",
    "__version__",
    "load_model",
    "load_recipe",
    "open_reader",
    "read_table",
]
_MODULES = {
    "FeatureExtractor": "extraction.extractor",
    "RadiomicsMammoError": "errors",
    "load_model": "runs.saved_model",
    "load_recipe": "recipes.recipe",
    "open_reader": "readers",
    "read_table": "tables.feature_table",
}


def __getattr__(name: str) -> object:
    # The commands import this package first: what only the Python interface needs must not slow their start.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
