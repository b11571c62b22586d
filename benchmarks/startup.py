"""Start-up time, speed-up by a second worker, and peak memory of whole processes."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.workload import SIZES, Size, regions
from radiomics_mammo.errors import RadiomicsMammoError

MEMORY = """
from benchmarks.memory import peak_rss
from benchmarks.workload import region
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.recipes.recipe import recipe_from
sample = region(800_000, seed=0)
engine = CpuEngine(recipe_from({"setting": {"binWidth": 25.0}}))
engine.warm_up()
(vector,) = engine.measure([sample]).results
assert vector.shape == (102,)
print(peak_rss())
"""


@dataclass(frozen=True, slots=True)
class Startup:
    """Seconds of a run of one region: with an empty kernel cache (cold), and with all kernels cached (warm)."""

    cold: float
    warm: float


def write_manifest(folder: Path, *, rows: int, size: Size = SIZES[0]) -> Path:
    """Write regions as .npy files, and a manifest that repeats them until it has ``rows`` rows."""
    samples = regions(size)
    for sample in samples:
        np.save(folder / f"{sample.case_id}.npy", sample.image)
        np.save(folder / f"{sample.case_id}_mask.npy", sample.mask.astype(np.uint8))
    path = folder / "cases.csv"
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("case_id", "patient_id", "image", "mask"))
        for row in range(rows):
            name = samples[row % len(samples)].case_id
            writer.writerow((f"case_{row}", f"P_{row}", f"{name}.npy", f"{name}_mask.npy"))
    return path


def run_extract(manifest: Path, *arguments: str, cache: Path | None = None) -> float:
    """Return the wall-clock seconds of one ``extract manifest``.

    Raises
    ------
    RadiomicsMammoError
        The command failed.
    """
    command = [sys.executable, "-m", "radiomics_mammo.extract", "manifest", str(manifest), "--overwrite"]
    environment = os.environ if cache is None else {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    start = time.perf_counter()
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, env=environment, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RadiomicsMammoError(f"extract failed: {done.stderr.strip()}", remedy="Run it by hand.")
    return seconds


def startup(*, rounds: int = 3) -> Startup:
    """Measure the first run, with an empty kernel cache, and later ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = write_manifest(folder, rows=1)
        arguments = ("--workers", "1", "--out", str(folder / "table.parquet"))
        cold = run_extract(manifest, *arguments, cache=folder / "cache")
        warm = [run_extract(manifest, *arguments, cache=folder / "cache") for _ in range(rounds)]
    return Startup(cold, min(warm))


def worker_gain(*, rows: int, rounds: int = 2) -> float:
    """Return the speed-up by a second worker on a table of medium regions, start-up included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = write_manifest(folder, rows=rows, size=SIZES[1])
        out = ("--out", str(folder / "table.parquet"))
        run_extract(manifest, "--workers", "2", "--limit", "100", *out)
        gains = [
            run_extract(manifest, "--workers", "1", *out) / run_extract(manifest, "--workers", "2", *out)
            for _ in range(rounds)
        ]
    return median(gains)


def peak_memory() -> float:
    """Return the peak memory, MB, of a process that measures one region of 800,000 pixels at 160 levels."""
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RadiomicsMammoError(f"the measuring process failed: {done.stderr.strip()}", remedy="Run it by hand.")
    return float(done.stdout)
