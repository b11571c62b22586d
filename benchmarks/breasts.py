"""Seconds a whole mammogram, stage by stage and by encoding, and what RSNA's collection would take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from radiomics_mammo.engines.base import Engine
from radiomics_mammo.readers import open_reader

if TYPE_CHECKING:
    from radiomics_mammo.readers.base import Reader

ENCODINGS = ("raw", "jpeg2000-lossless", "jpeg-lossless", "rle")
"""``raw`` is what all others are held against: what they take longer is the decoding."""
REAL_SHARE = {"jpeg2000-lossless": 0.54, "jpeg-lossless": 0.46}
"""Of RSNA's images, taking the first site's (29,519 of 54,706) for JPEG 2000 and the second's for JPEG lossless."""
COLLECTION = 54_706
COLLECTION_GB = 314
CORES = (2, 16, 128)
SIZES = (2294, 2776, 3328, 4096)


@dataclass(frozen=True, slots=True)
class Cost:
    """Median seconds of one core for an image of one size.

    Attributes
    ----------
    rows, columns : int
        Of the image.
    load : mapping of str to float
        Reading, decoding and preparing the breast, by encoding.
    measure : float
        Every feature of the recipe.
    """

    rows: int
    columns: int
    load: Mapping[str, float]
    measure: float

    def decode(self, encoding: str) -> float:
        """What decoding takes beyond an uncompressed file."""
        return max(0.0, self.load[encoding] - self.load["raw"])

    def total(self, shares: Mapping[str, float]) -> float:
        """Give the mean over encodings, in these shares, of everything."""
        return self.measure + sum(share * self.load[encoding] for encoding, share in shares.items())


def breast_costs(
    engine: Engine,
    folder: Path,
    *,
    sizes: Sequence[int] = SIZES,
    women: int = 1,
    on_done: Callable[[str], None],
) -> list[Cost]:
    """Measure simulated women's mammograms of several sizes, written in every encoding.

    Parameters
    ----------
    engine : Engine
        Warm.
    folder : pathlib.Path
        Where the trees are written.
    sizes : sequence of int
        Rows of the images.
    women : int
        How many of each size.
    on_done : callable
        Told what is done.
    """
    costs = []
    for size in sizes:
        loads = {}
        measured: list[float] = []
        for encoding in ENCODINGS:
            reader = _written(folder / f"{encoding}-{size}", size=size, women=women, encoding=encoding)
            cases = reader.cases()
            seconds = []
            for case in cases:
                start = time.perf_counter()
                samples = reader.load(case)
                seconds.append(time.perf_counter() - start)
                if encoding == ENCODINGS[0]:
                    start = time.perf_counter()
                    engine.measure(samples)
                    measured.append(time.perf_counter() - start)
            loads[encoding] = median(seconds)
            on_done(f"{size} rows, {encoding}")
        costs.append(Cost(size, round(size * 4 / 5), loads, median(measured)))
    return costs


def hours(costs: Sequence[Cost], *, cores: int, shares: Mapping[str, float] = REAL_SHARE) -> float:
    """Reckon what RSNA's collection takes on so many cores, were its images of these sizes in equal parts.

    Files that were just written come from memory: reading ``COLLECTION_GB`` from a disk or network is not in it.
    """
    mean = sum(cost.total(shares) for cost in costs) / len(costs)
    return COLLECTION * mean / cores / 3600


def _written(root: Path, *, size: int, women: int, encoding: str) -> Reader:
    from radiomics_mammo.readers.phantom.reader import PhantomReader
    from radiomics_mammo.readers.phantom.write_rsna import write_rsna_tree

    write_rsna_tree(PhantomReader(patients=women, seed=size, rows=size), root, layout="dicom", encodings=(encoding,))
    return open_reader({"reader": "rsna", "root": str(root)})
