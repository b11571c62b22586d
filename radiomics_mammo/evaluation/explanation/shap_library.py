"""The one door to the shap library."""

from __future__ import annotations

import warnings
from typing import Any


def load_shap() -> Any:
    """Import shap; its own use of what Matplotlib will deprecate is its business, not the user's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The set_.* function", category=PendingDeprecationWarning)
        import shap
    return shap
