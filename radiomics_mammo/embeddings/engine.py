"""The engine of an embedding: samples in, vectors out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.embeddings.channels import CHANNELS
from radiomics_mammo.embeddings.inputs import INPUTS
from radiomics_mammo.embeddings.networks.base import Network
from radiomics_mammo.embeddings.settings import EmbeddingSettings
from radiomics_mammo.engines.base import Limits, Measured, WarmUp
from radiomics_mammo.errors import CaseError, RoiError
from radiomics_mammo.imaging.preprocessing.plane import Plane


def picture_of(sample: Sample, settings: EmbeddingSettings) -> NDArray[np.float32]:
    """Build the network's input: normalised float32, shape (3, size, size)."""
    network = settings.network
    view = INPUTS[settings.input].view(Plane.of(sample), settings.context)
    picture = CHANNELS[settings.channels](view, network.size)
    mean, std = (np.array(given, dtype=np.float32)[:, None, None] for given in (network.mean, network.std))
    return (picture - mean) / std


class EmbeddingEngine:
    """Computes vectors one image at a time: no vector depends on the batch.

    The network is the one that the settings name, loaded.
    """

    limits = Limits(cases=16)  # some networks take a second a picture, and a kill should lose little

    def __init__(self, settings: EmbeddingSettings, network: Network) -> None:
        self.name = settings.network.runner
        self.settings = settings
        self.network = network
        self.feature_names = settings.columns

    def warm_up(self) -> WarmUp:
        """Compute the vector of a black image, so that the network is set up."""
        start = time.perf_counter()
        size = self.settings.network.size
        self.network(np.zeros((3, size, size), dtype=np.float32))
        return WarmUp(time.perf_counter() - start, 0)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Compute the vector of every sample; a bad sample has a Failure in its place."""
        results: list[NDArray[np.float64] | Failure] = []
        prepare_s = extract_s = 0.0
        for sample in samples:
            start = time.perf_counter()
            stage = "prepare"
            try:
                picture = picture_of(sample, self.settings)
                prepare_s += time.perf_counter() - start
                start, stage = time.perf_counter(), "extract"
                results.append(self._vector(picture))
                extract_s += time.perf_counter() - start
            except CaseError as error:
                results.append(Failure.of(sample, stage=stage, error=error))
        return Measured(results, prepare_s, extract_s)

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Return a function that computes the vectors when it is called."""
        return partial(self.measure, samples)

    def _vector(self, picture: NDArray[np.float32]) -> NDArray[np.float64]:
        vector = self.network(picture).astype(np.float64)
        if self.settings.flip:
            vector = 0.5 * (vector + self.network(np.ascontiguousarray(picture[:, :, ::-1])).astype(np.float64))
        if not np.isfinite(vector).all():
            raise RoiError("the network's answer is NaN or infinite", remedy="Check the image, or use other weights.")
        return vector
