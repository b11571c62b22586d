"""Is the cuda engine right? Counts against the cpu engine's, features, and whether a second run has the same bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import Device
from radiomics_mammo.core.records import Roi, Sample
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
"""Statistics that must be equal to the bit (of ``joint``, which columns): whole numbers and what follows from them."""
RELATIVE = 1e-10
CANCELLING = {"ClusterShade": "ClusterProminence", "Correlation": "", "Skewness": "", "Imc1": "", "Imc2": "", "MCC": ""}
"""Features that may be a small difference of large terms are judged beside those: 1, or another feature's power."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a set of regions.

    Attributes
    ----------
    regions : int
        How many were measured.
    counts : tuple of str
        Statistics that differ (family.field); none, if all is well.
    worst : float
        Largest relative difference of a feature.
    feature : str
        Where that was.
    wrong : tuple of str
        Features beyond the tolerance.
    repeated : bool
        Whether a second run, in batches of another make-up, gave the same bits.
    """

    regions: int
    counts: tuple[str, ...]
    worst: float
    feature: str
    wrong: tuple[str, ...]
    repeated: bool

    @property
    def ok(self) -> bool:
        """Whether everything is as it should be."""
        return not self.counts and not self.wrong and self.repeated


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
    worst, feature, wrong = compare(cuda.feature_names, ours, theirs)
    again = _rows(cuda, good[::-1])[::-1]
    return Verdict(len(good), tuple(sorted(differing)), worst, feature, wrong, ours.tobytes() == again.tobytes())


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
    """Equal to the bit; the device's arrays by level may be wider, filled with zeros."""
    width = cpu.shape[-1] if cpu.ndim > 1 else None
    return np.array_equal(cpu, cuda[..., :width]) and not (width and cuda[..., width:].any())


def compare(
    names: Sequence[str], ours: NDArray[np.float64], theirs: NDArray[np.float64]
) -> tuple[float, str, tuple[str, ...]]:
    """Largest relative difference, where it is, and which features are beyond the tolerance.

    Parameters
    ----------
    names : sequence of str
        Columns.
    ours, theirs : ndarray of float64, shape (n_roi, n_features)
    """
    column = {name: theirs[:, k] for k, name in enumerate(names)}
    worst, where, wrong = 0.0, "", []
    for k, name in enumerate(names):
        a, b = ours[:, k], theirs[:, k]
        if name.endswith("_Imc2"):  # the root of a difference: its square is what is close
            a, b = a * a, b * b
        both_nan = np.isnan(a) & np.isnan(b)
        difference = np.where(both_nan, 0.0, np.abs(a - b))
        family, _, feature = name.rpartition("_")
        scale = np.abs(b)
        if feature in CANCELLING:
            other = CANCELLING[feature]
            scale = np.maximum(scale, np.abs(column[f"{family}_{other}"]) ** 0.75 if other else 1.0)
        relative = np.where(difference == 0, 0.0, difference / np.where(scale > 0, scale, 1.0))
        top = float(relative.max(initial=0.0))
        if not top <= RELATIVE:
            wrong.append(name)
        if top > worst:
            worst, where = top, name
    return worst, where, tuple(wrong)
