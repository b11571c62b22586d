"""Compile the kernels before the first batch: once on a machine, on two cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from radiomics_mammo.compute.jit import cache_folder
from radiomics_mammo.core.records import Sample
from radiomics_mammo.recipes.recipe import Recipe

SLOWEST = "glcm"
"""The family whose kernels take as long to compile as all others together."""


def small_sample() -> Sample:
    """Return a region that takes every usual path through the kernels."""
    y, x = np.mgrid[:24, :24]
    image = ((y * 37 + x * 61) % 97).astype(np.uint16)
    return Sample("warm-up", "", image, (y - 12) ** 2 + (x - 12) ** 2 < 110)


def without_slowest(recipe: Recipe) -> Recipe:
    """Return the recipe without the family that another process compiles."""
    return replace(recipe, features={k: v for k, v in recipe.features.items() if k != SLOWEST})


@contextmanager
def slowest_beside(recipe: Recipe) -> Iterator[bool]:
    """Compile the slowest family in another process, if needed; yield whether it is.

    Its machine code comes back through the cache on disk; if that process fails, this one compiles the family when it
    first needs it.
    """
    cached = any(cache_folder().rglob("cpu._dense*.nbi"))
    if cached or SLOWEST not in recipe.features or len(recipe.features) < 2 or (os.cpu_count() or 1) < 2:
        yield False
        return
    command = [sys.executable, "-c", "from radiomics_mammo.engines.cpu import compile_slowest; compile_slowest()"]
    other = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield True
        other.wait()
    finally:
        other.kill()
        other.wait()
