"""Implementations of radiomic features that are timed against each other."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.errors import EngineError
from radiomics_mammo.extraction.extractor import FeatureExtractor
from radiomics_mammo.recipes.recipe import recipe_from


class Implementation(Protocol):
    """Measures samples and returns the seconds that it took."""

    def seconds(self, samples: Sequence[Sample], *, setting: Mapping[str, float]) -> float:
        """Measure all samples once."""
        ...


class Tables:
    """Measure with this package, many regions in one call, as ``extract`` does."""

    def __init__(self) -> None:
        self._engines: dict[str, CpuEngine] = {}

    def seconds(self, samples: Sequence[Sample], *, setting: Mapping[str, float]) -> float:
        """Prepare and measure all samples in one call."""
        if str(setting) not in self._engines:
            self._engines[str(setting)] = CpuEngine(recipe_from({"setting": dict(setting)}))
            self._engines[str(setting)].warm_up()
        start = time.perf_counter()
        self._engines[str(setting)].measure(samples)
        return time.perf_counter() - start


class OneByOne:
    """Measure with this package, one region in each call, as ``FeatureExtractor.execute`` does."""

    def __init__(self) -> None:
        self._extractors: dict[str, FeatureExtractor] = {}

    def seconds(self, samples: Sequence[Sample], *, setting: Mapping[str, float]) -> float:
        """Call ``execute`` for each sample."""
        if str(setting) not in self._extractors:
            self._extractors[str(setting)] = FeatureExtractor({"setting": dict(setting)}, engine="cpu")
            self._extractors[str(setting)].execute(samples[0].image, samples[0].mask)
        start = time.perf_counter()
        for sample in samples:
            self._extractors[str(setting)].execute(sample.image, sample.mask)
        return time.perf_counter() - start


class Pyradiomics:
    """pyradiomics; its SimpleITK images are made beforehand and its diagnostics are off."""

    def __init__(self) -> None:
        if importlib.util.find_spec("radiomics") is None:
            raise EngineError("pyradiomics is not installed", remedy="Run: pip install pyradiomics-bhklab==3.1.4.")

    def seconds(self, samples: Sequence[Sample], *, setting: Mapping[str, float]) -> float:
        """Call its extractor for each sample."""
        from radiomics_mammo.engines.pyradiomics import PyradiomicsEngine

        engine = PyradiomicsEngine(recipe_from({"setting": dict(setting)}))
        pairs = [engine.images(sample) for sample in samples]
        start = time.perf_counter()
        for image, mask in pairs:
            engine.vector(image, mask)
        return time.perf_counter() - start


WORKER = """
import sys, time
import numpy as np
from pictologics import Image, RadiomicsPipeline
pipeline = RadiomicsPipeline(deduplicate=False, load_standard=False)
wanted = {"step": "extract_features", "params": {"families": ["intensity", "morphology", "texture"]}}
for bins in (64,):
    step = {"step": "discretise", "params": {"method": "FBN", "n_bins": bins}}
    pipeline.add_config(f"binCount={bins}", [step, wanted])
step = {"step": "discretise", "params": {"method": "FBS", "bin_width": 25.0, "min_val": 0.0}}
pipeline.add_config("binWidth=25.0", [step, wanted])
unit = ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
warm = set()
for line in sys.stdin:
    path, name = line.split()
    held = np.load(path)
    count = len(held.files) // 2
    images = [Image(held[f"i{k}"][..., None].astype(float), *unit) for k in range(count)]
    pairs = list(zip(images, [Image(held[f"m{k}"][..., None], *unit) for k in range(count)]))
    if name not in warm:
        pipeline.run(*pairs[0], config_names=[name])
        warm.add(name)
    start = time.perf_counter()
    for pair in pairs:
        pipeline.run(*pair, config_names=[name])
    print(time.perf_counter() - start, flush=True)
"""


class Pictologics:
    """pictologics in another interpreter (it needs Python 3.12), one thread: intensity, morphology, texture.

    Parameters
    ----------
    python : path
        An interpreter with pictologics installed.
    """

    def __init__(self, python: str | Path) -> None:
        if shutil.which(str(python)) is None:
            raise EngineError("no such interpreter", path=python, remedy="Give the path of a Python with pictologics.")
        self._folder = tempfile.TemporaryDirectory(prefix="radiomics_mammo-")
        threads = {f"{name}_NUM_THREADS": "1" for name in ("NUMBA", "OMP", "OPENBLAS", "MKL")}
        self._process = subprocess.Popen(
            [str(python), "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **threads},
        )

    def seconds(self, samples: Sequence[Sample], *, setting: Mapping[str, float]) -> float:
        """Send the samples and return the seconds of its pipeline."""
        path = Path(self._folder.name) / f"{samples[0].case_id}-{len(samples)}.npz"
        if not path.is_file():
            arrays: dict[str, Any] = {f"i{k}": sample.image for k, sample in enumerate(samples)}
            arrays.update({f"m{k}": sample.mask.astype(np.uint8) for k, sample in enumerate(samples)})
            np.savez(path, **arrays)
        ((name, value),) = setting.items()
        if self._process.stdin is None or self._process.stdout is None:
            raise EngineError("pictologics was not started with pipes", remedy="Report this.")
        self._process.stdin.write(f"{path} {name}={value}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise EngineError("pictologics ended early", remedy="Run its interpreter by hand to see why.")
        return float(answer)

    def close(self) -> None:
        """Stop the other interpreter."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()
