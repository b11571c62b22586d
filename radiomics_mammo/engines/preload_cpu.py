"""Imported by the fork server of ``extract``: loads or compiles the cpu kernels once, for all workers."""

from __future__ import annotations

from contextlib import suppress

from radiomics_mammo.engines.base import WarmUp
from radiomics_mammo.engines.registry import open_engine
from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.recipes.recipe import load_recipe

WARM_UP: WarmUp | None = None
with suppress(RadiomicsMammoError):  # the worker meets the same error, and can report it
    WARM_UP = open_engine("cpu", load_recipe("lesion")).warm_up()
