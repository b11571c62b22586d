"""Check the numbers of an engine on this machine against stored values of pyradiomics, and measure its speed."""

from __future__ import annotations

import csv
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table

from radiomics_mammo.core.console import print_error, print_message, print_table
from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.agreement import Agreement, compare_features
from radiomics_mammo.engines.registry import ENGINE_NAMES, choose_engine, open_engine
from radiomics_mammo.errors import EngineError
from radiomics_mammo.recipes.recipe import Recipe, recipe_from

REFERENCE = "reference_values.csv"
SETTINGS: dict[str, dict[str, object]] = {
    "bin width 25": {"binWidth": 25.0},
    "32 bins": {"binCount": 32, "distances": [1, 2]},
}
TOLERANCE = 1e-9
"""pyradiomics adds its epsilon to probabilities, so that the last digits differ."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of one engine.

    Attributes
    ----------
    rows_per_second : float
        One process, after the kernels were compiled.
    """

    engine: str
    device: str
    values: int
    agreement: Agreement
    rows_per_second: float

    @property
    def passed(self) -> bool:
        """Return whether all values agree."""
        return not self.agreement.differing


def regions() -> list[Sample]:
    """Build the simulated regions; integer arithmetic gives the same pixels on every machine."""
    samples = []
    for seed, (rows, columns, top, spacing) in enumerate(
        ((64, 48, 4095, None), (96, 80, 4095, (0.1, 0.07)), (120, 100, 2047, (0.05, 0.05)), (12, 16, 255, None)), 1
    ):
        image = _texture(rows, columns, seed=seed, top=top)
        y, x = np.mgrid[:rows, :columns]
        inside = (2 * y - rows) ** 2 * columns**2 + (2 * x - columns) ** 2 * rows**2 < (rows * columns) ** 2 * 3 // 4
        if seed == 2:  # several components with rough borders, one of them at the edge of the image
            inside = image > int(np.sort(image, axis=None)[image.size * 3 // 5])
        samples.append(Sample(f"region{seed}", "phantom", image, inside, spacing=spacing, phantom=True))
    return samples


def _texture(rows: int, columns: int, *, seed: int, top: int) -> NDArray[np.uint16]:
    """Return coarse plus fine noise from 0 to ``top``."""
    with np.errstate(over="ignore"):  # splitmix64 counts modulo 2**64
        state = np.arange(rows * columns, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed << 40)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    noise = (state >> np.uint64(52)).astype(np.int64).reshape(rows, columns)
    image = 4 * _box_sum(noise, 5) // 121 + _box_sum(noise, 1) // 9
    image -= image.min()
    return np.asarray(image * top // image.max(), dtype=np.uint16)


def _box_sum(image: NDArray[np.int64], radius: int) -> NDArray[np.int64]:
    for axis in (0, 1):
        image = np.sum([np.roll(image, shift, axis) for shift in range(-radius, radius + 1)], axis=0)
    return image


def recipes() -> dict[str, Recipe]:
    """Return the recipes that are checked: all features of pyradiomics."""
    return {name: recipe_from({"setting": setting}) for name, setting in SETTINGS.items()}


def read_reference() -> dict[tuple[str, str], dict[str, float]]:
    """Read the stored values: feature name to value, by setting and region."""
    stored: dict[tuple[str, str], dict[str, float]] = {}
    text = files("radiomics_mammo.cli").joinpath(REFERENCE).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        stored.setdefault((row["setting"], row["region"]), {})[row["feature"]] = float(row["value"])
    return stored


def verify_engine(name: str, *, seconds: float = 1.0) -> Verification:
    """Compare an engine on simulated regions with stored values of pyradiomics."""
    engine_name, _ = choose_engine(name)
    samples, stored = regions(), read_reference()
    agreements, rate, compared = [], 0.0, 0
    for setting, recipe in recipes().items():
        engine = open_engine(engine_name, recipe)
        engine.warm_up()
        values = _values(engine.measure(samples).results, samples)
        names = engine.feature_names
        reference = np.array([[stored[setting, sample.case_id][name] for name in names] for sample in samples])
        agreements.append(compare_features(names, values, reference, tolerance=TOLERANCE))
        compared += values.size
        if not rate:
            start, rows = time.perf_counter(), 0
            while (elapsed := time.perf_counter() - start) < seconds:
                rows += len(engine.measure(samples).results)
            rate = rows / elapsed
    worst = max(agreements, key=lambda agreement: agreement.largest)
    differing = dict.fromkeys(name for agreement in agreements for name in agreement.differing)
    agreement = Agreement(worst.largest, worst.feature, tuple(differing))
    return Verification(engine_name, _device(engine_name), compared, agreement, rate)


def _values(results: Sequence[object], samples: Sequence[Sample]) -> NDArray[np.float64]:
    for result, sample in zip(results, samples, strict=True):
        if not isinstance(result, np.ndarray):
            raise EngineError(f"{sample.case_id} could not be measured: {result}", remedy="Report this as an error.")
    return np.array(results, dtype=np.float64)


def _device(engine: str) -> str:
    if engine == "cuda":
        from radiomics_mammo.compute.cupy_device import CudaDevice

        return CudaDevice().name
    return f"{platform.machine()} CPU"


def print_verifications(results: Sequence[Verification]) -> None:
    """Print a table, and an error for each engine that differs."""
    table = Table(title="Simulated regions against stored values of pyradiomics", title_justify="left", box=SIMPLE_HEAD)
    for heading in ("engine", "device", "verdict"):
        table.add_column(heading)
    for heading in ("values compared", "largest relative difference", "rows per second"):
        table.add_column(heading, justify="right")
    for result in results:
        verdict = "agrees" if result.passed else "DIFFERS"
        largest, rate = f"{result.agreement.largest:.1e}", f"{result.rows_per_second:,.0f}"
        table.add_row(result.engine, result.device, verdict, f"{result.values:,}", largest, rate)
    print_table(table)
    for result in results:
        differing = result.agreement.differing
        if differing:
            names = ", ".join(differing[:5]) + (" ..." if len(differing) > 5 else "")
            print_error(
                f"error: {len(differing)} features of the engine {result.engine} differ by more than {TOLERANCE:g}: "
                f"{names}. Do not use this engine on this machine, and report the table above."
            )
    if all(result.passed for result in results):
        print_message(f"All values agree with pyradiomics within a relative difference of {TOLERANCE:g}.")


def available_engines() -> list[str]:
    """List the engines that can run on this machine."""
    engines = []
    for engine in ENGINE_NAMES[1:]:
        try:
            engines.append(choose_engine(engine)[0])
        except EngineError:
            continue
    return engines
