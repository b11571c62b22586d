"""Comparison of the cuda with the cpu engine: counts, features, and bits of a second run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import Device
from radiomics_mammo.core.records import Roi, Sample
from radiomics_mammo.engines.agreement import Agreement, compare_features
from radiomics_mammo.engines.batching import batches, prepare_all
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.engines.cuda import CudaEngine
from radiomics_mammo.engines.ragged import pack
from radiomics_mammo.engines.upload import stage, to_device
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.recipes.recipe import Recipe

EXACT: dict[str, dict[str, tuple[int, ...] | None]] = {
    "shape2D": {"n": None, "across": None, "down": None, "oblique": None, "eighths": None, "yy": None, "xx": None,
                "yx": None, "diameter": None},
    "firstorder": {"n": None, "low": None, "high": None, "quantiles": None, "count": None},
    "glcm": {"px": None, "py": None, "p_sum": None, "p_diff": None, "joint": (0, 1, 3, 4)},
    "gldm": {"count": None, "square": None, "joint": (0, 1)},
    "glrlm": {"count": None, "square": None, "joint": (0, 1)},
    "glszm": {"count": None, "square": None, "joint": (0, 1)},
    "ngtdm": {"count": None, "difference": None},
}  # fmt: skip
"""Statistics that must be equal to the bit (columns of ``joint``): integers and what follows from them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result for a set of regions.

    Attributes
    ----------
    regions : int
        Number of regions.
    counts : tuple of str
        Statistics that differ (family.field).
    agreement : Agreement
        Features of the cuda engine against those of the cpu engine.
    repeated : bool
        Whether a second run, in other batches, gave the same bits.
    """

    regions: int
    counts: tuple[str, ...]
    agreement: Agreement
    repeated: bool

    @property
    def ok(self) -> bool:
        """Return whether everything agrees."""
        return not self.counts and not self.agreement.differing and self.repeated


def verify(samples: Sequence[Sample], recipe: Recipe, device: Device) -> Verdict:
    """Measure regions with both engines and compare.

    Parameters
    ----------
    samples : sequence of Sample
    recipe : Recipe
        Without ``weightingNorm``, which makes weights of the counts.
    device : Device
    """
    cpu, cuda = CpuEngine(recipe), CudaEngine(recipe, device)
    prepared = prepare_all(samples, recipe)
    rois = {k: roi for k, roi in enumerate(prepared) if isinstance(roi, Roi)}
    differing = {
        name
        for group in batches(rois, cuda.cost)
        for name in _different_counts([rois[k] for k in group], recipe, device)
    }
    good = [samples[k] for k in rois]
    theirs, ours = _rows(cpu, good), _rows(cuda, good)
    agreement = compare_features(cuda.feature_names, ours, theirs)
    again = _rows(cuda, good[::-1])[::-1]
    return Verdict(len(good), tuple(sorted(differing)), agreement, ours.tobytes() == again.tobytes())


def _rows(engine: CpuEngine | CudaEngine, samples: Sequence[Sample]) -> NDArray[np.float64]:
    found = [row for row in engine.measure(samples).results if isinstance(row, np.ndarray)]
    return np.ascontiguousarray(found).reshape(len(samples), len(engine.feature_names))


def _different_counts(rois: Sequence[Roi], recipe: Recipe, device: Device) -> Iterator[str]:
    pad = max(recipe.settings.distances)
    on_host = pack(rois, pad=pad)
    with device.queue():
        on_device = to_device(stage(rois, pad=pad, device=device), device)
        for name in recipe.features:
            cpu = FAMILIES[name].cpu(on_host, recipe.settings)
            cuda = FAMILIES[name].cuda(on_device, recipe.settings)
            for field in fields(cpu):
                if field.name in EXACT[name]:
                    columns = EXACT[name][field.name]
                    a, b = getattr(cpu, field.name), _downloaded(device, getattr(cuda, field.name))
                    if not _same(a if columns is None else a[..., columns], b if columns is None else b[..., columns]):
                        yield f"{name}.{field.name}"


def _downloaded(device: Device, array: Any) -> NDArray[Any]:
    return device.download(device.xp.ascontiguousarray(array))()


def _same(cpu: NDArray[Any], cuda: NDArray[Any]) -> bool:
    """Return whether arrays are equal to the bit; those of the device may be padded with zeros."""
    width = cpu.shape[-1] if cpu.ndim > 1 else None
    return np.array_equal(cpu, cuda[..., :width]) and not (width and cuda[..., width:].any())
