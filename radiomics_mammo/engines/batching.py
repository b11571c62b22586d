"""Prepare samples as regions, and cut these into batches that fit an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Roi, Sample
from radiomics_mammo.errors import CaseError
from radiomics_mammo.imaging.preprocessing import prepare
from radiomics_mammo.recipes.recipe import Recipe

Cost = Callable[[Sequence[Roi], int], NDArray[np.float64]]
"""``cost(rois, width) -> (n_roi, n_kinds)``: fractions of a batch that regions take, with ``width`` levels."""


def prepare_all(samples: Sequence[Sample], recipe: Recipe) -> list[Roi | Failure]:
    """Prepare every sample; a bad one has a Failure in its place."""
    return [_prepare(sample, recipe) for sample in samples]


def _prepare(sample: Sample, recipe: Recipe) -> Roi | Failure:
    try:
        return prepare(sample, recipe.settings)
    except CaseError as error:
        return Failure.of(sample, stage="prepare", error=error)


def batches(rois: Mapping[int, Roi], cost: Cost) -> Iterator[list[int]]:
    """Group regions of similar numbers of levels into batches that cost at most 1.

    A region that alone costs more comes alone.
    """
    buckets: dict[int, list[int]] = {}
    for k, roi in rois.items():
        buckets.setdefault(len(roi.edges).bit_length(), []).append(k)
    for members in buckets.values():
        costs = cost([rois[k] for k in members], max(len(rois[k].edges) for k in members) + 1)
        starts = [0]
        used = np.zeros(costs.shape[1])
        for n, region_cost in enumerate(costs):
            if n > starts[-1] and (used + region_cost > 1.0).any():
                starts.append(n)
                used[:] = 0.0
            used += region_cost
        for first, last in pairwise([*starts, len(members)]):
            yield members[first:last]
