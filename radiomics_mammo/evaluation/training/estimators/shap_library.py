"""The only import of the shap library."""

from __future__ import annotations

import warnings
from typing import Any


def load_shap() -> Any:
    """Import shap, without its warnings about what Matplotlib will deprecate."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The set_.* function", category=PendingDeprecationWarning)
        import shap
    return shap
