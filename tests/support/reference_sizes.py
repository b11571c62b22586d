"""What the tests of runs, of zones and of their reduction on a device share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike

from radiomics_mammo.compute.device import Device
from radiomics_mammo.core.records import Roi
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.shared.size_statistics import SizeStats
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import assert_same, both, host

PLAIN = Settings()


def of_levels(levels: Any, spacing: tuple[float, float] = (1.0, 1.0)) -> Roi:
    """A region of exactly these levels, 0 outside; the highest is the last that an array by level has room for."""
    levels = np.asarray(levels)
    mask = levels > 0
    return Roi(levels.astype(np.float64), mask, mask, np.arange(1.0, max(levels.max(), 2) + 1.0), spacing)


def on(device: Device, array: np.ndarray) -> Any:
    """An array on the device that a kernel may write to."""
    there = device.empty(array.shape, array.dtype)
    there[...] = device.constant(array)
    return there


def assert_family(name: str, rois: Sequence[Roi], device: Device, chosen: Settings = PLAIN, pad: int = 1) -> SizeStats:
    """Statistics and features equal to the cpu engine's; gives its statistics.

    To the bit, but for Σ c log2 c and for the joint sums of weighted counts, which are added in another order. What
    subtracts almost equal numbers (variances, entropy) is held to 1e-10 of what is subtracted.
    """
    cpu, cuda = both(rois, device, pad=pad)
    family = FAMILIES[name]
    expected, found = family.cpu(cpu, chosen), family.cuda(cuda, chosen)
    assert_same(expected, found, exact=("count", "square", "inverse"))
    assert_joint(host(found.joint), expected.joint, exact=chosen.weightingNorm is None or name == "glszm")
    ours, theirs = host(family.values(found, wanted=(), xp=device.xp)), family.values(expected, wanted=(), xp=np)
    assert np.isnan(ours).tolist() == np.isnan(theirs).tolist()
    for feature, mine, other in zip(family.features, ours, theirs, strict=True):
        near = feature.name.endswith(("Variance", "Entropy"))
        np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-10 if near else 0.0, err_msg=feature.name)
    return expected


def assert_joint(ours: np.ndarray, theirs: np.ndarray, *, exact: bool = True) -> None:
    for k in (0, 1, 3):
        if exact:
            np.testing.assert_array_equal(ours[..., k], theirs[..., k], err_msg=f"joint {k}")
        else:
            np.testing.assert_allclose(ours[..., k], theirs[..., k], rtol=1e-12, atol=1e-12, err_msg=f"joint {k}")
    np.testing.assert_allclose(ours[..., 2], theirs[..., 2], rtol=1e-12, atol=1e-12, err_msg="joint 2")


def assert_rows_alone(name: str, rois: Sequence[Roi], device: Device, chosen: Settings = PLAIN) -> None:
    """A region's statistics are the same bits alone and among others."""
    family = FAMILIES[name]
    together = family.cuda(both(rois, device)[1], chosen)
    for r, roi in enumerate(rois):
        alone = family.cuda(both([roi], device)[1], chosen)
        for field in fields(alone):
            ours, theirs = host(getattr(alone, field.name))[0], host(getattr(together, field.name))[r]
            np.testing.assert_array_equal(ours, theirs[..., : ours.shape[-1]], err_msg=field.name)
            assert not theirs[..., ours.shape[-1] :].any()


def assert_no_work_by_region(name: str, rois: Sequence[Roi], chosen: Settings = PLAIN) -> None:
    """Two regions take as many launches, uploads and allocations as nine, and nothing comes back."""
    seen = []
    for batch in ([*rois, *rois][:2], [*rois] * 9):
        device = HostDevice()
        there = both(batch[:9], device)[1]
        device.launches.clear()
        before = device.uploads, device.allocations
        FAMILIES[name].cuda(there, chosen)
        assert device.downloads == 0
        seen.append((dict(device.launches), device.uploads - before[0], device.allocations - before[1]))
    assert seen[0] == seen[1]
    assert seen[0][1] == 0


class Counting(HostDevice):
    """Adds up what is asked for, but not the constants."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Any:
        array = super().empty(shape, dtype)
        self.bytes += array.nbytes
        return array

    def constant(self, table: np.ndarray) -> Any:
        before, array = self.bytes, super().constant(table)
        self.bytes = before
        return array


def assert_footprint(name: str, rois: Sequence[Roi], chosen: Settings = PLAIN) -> None:
    """The footprint is what is asked for, plus sixteen arrays by level for the formulas."""
    device = Counting()
    batch = both(rois, device)[1]
    before = device.bytes
    stats = FAMILIES[name].cuda(batch, chosen)
    taken = device.bytes - before
    framed = (batch.shapes + 2 * batch.pad).prod(axis=1)
    told = FAMILIES[name].footprint(framed, batch.width, chosen)
    assert told.shape == framed.shape
    assert told.dtype == np.int64
    spare = int(told.sum()) - taken - 16 * stats.count.nbytes
    assert 0 <= spare <= 200 * len(rois), spare  # rounding, and the weights of angles


NORMS = pytest.mark.parametrize("norm", [None, "infinity", "euclidean", "manhattan", "no_weighting"])
