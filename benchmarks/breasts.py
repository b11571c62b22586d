"""Run time of whole mammograms by stage and encoding, and an estimate for the RSNA collection."""

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
"""``raw`` is the reference: what the others take longer is decoding."""
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
        """Compute the seconds that decoding adds to an uncompressed file."""
        return max(0.0, self.load[encoding] - self.load["raw"])

    def total(self, proportions: Mapping[str, float]) -> float:
        """Compute the mean of all stages over encodings, in these proportions."""
        return self.measure + sum(proportion * self.load[encoding] for encoding, proportion in proportions.items())


def breast_costs(
    engine: Engine,
    folder: Path,
    *,
    sizes: Sequence[int] = SIZES,
    patients: int = 1,
    on_done: Callable[[str], None],
) -> list[Cost]:
    """Measure simulated mammograms of several sizes, written in every encoding.

    Parameters
    ----------
    engine : Engine
        After ``warm_up``.
    folder : pathlib.Path
        Folder for the files.
    sizes : sequence of int
        Rows of the images.
    women : int
        Patients of each size.
    on_done : callable
        Called with the name of each step.
    """
    costs = []
    for size in sizes:
        loads = {}
        measured: list[float] = []
        for encoding in ENCODINGS:
            reader = _written(folder / f"{encoding}-{size}", size=size, patients=patients, encoding=encoding)
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


def hours(costs: Sequence[Cost], *, cores: int, proportions: Mapping[str, float] = REAL_SHARE) -> float:
    """Estimate the hours for the RSNA collection on some cores, with images of these sizes in equal proportions.

    Files that were just written come from memory: reading ``COLLECTION_GB`` from a disk or network is not included.
    """
    mean = sum(cost.total(proportions) for cost in costs) / len(costs)
    return COLLECTION * mean / cores / 3600


def _written(root: Path, *, size: int, patients: int, encoding: str) -> Reader:
    from radiomics_mammo.readers.phantom.reader import PhantomReader
    from radiomics_mammo.readers.phantom.write_rsna import write_rsna_tree

    write_rsna_tree(PhantomReader(patients=patients, seed=size, rows=size), root, layout="dicom", encodings=(encoding,))
    return open_reader({"reader": "rsna", "root": str(root)})
