"""Embeddings: what a frozen network makes of a lesion or a breast.

A new kind of network is one file and one line in ``EMBEDDERS``. The networks are not trained here. They see what
:data:`radiomics_mammo.embeddings.inputs.INPUTS` shows them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from radiomics_mammo.embeddings.engine import EmbeddingEngine
from radiomics_mammo.embeddings.networks.base import Network, NetworkFacts
from radiomics_mammo.embeddings.networks.efficientnet_lite import lite_facts, load_lite
from radiomics_mammo.embeddings.networks.onnx import load_onnx, onnx_facts
from radiomics_mammo.embeddings.networks.timm import load_timm, timm_facts
from radiomics_mammo.embeddings.settings import EmbeddingSettings
from radiomics_mammo.engines.base import library_versions
from radiomics_mammo.errors import InputError


@dataclass(frozen=True, slots=True)
class Embedder:
    """A kind of network.

    Attributes
    ----------
    facts : callable
        ``facts(name, weights, size)`` says what there is to know before anything is measured.
    load : callable
        ``load(facts)`` gives the network, in whichever process.
    packages : tuple of str
        What its numbers depend on, for the table's provenance.
    """

    facts: Callable[[str, Path | None, int | None], NetworkFacts]
    load: Callable[[NetworkFacts], Network]
    packages: tuple[str, ...]


EMBEDDERS: dict[str, Embedder] = {
    "efficientnet-lite0": Embedder(lite_facts, load_lite, ("onnxruntime", "pillow")),
    "onnx": Embedder(onnx_facts, load_onnx, ("onnxruntime", "pillow")),
    "timm": Embedder(timm_facts, load_timm, ("torch", "timm", "pillow")),
}
"""``--model`` begins with one of these; what follows a colon is the network's name or file."""


def find_network(model: str, *, weights: Path | None = None, size: int | None = None) -> NetworkFacts:
    """Find out what a network is, before anything is measured.

    Parameters
    ----------
    model : str
        ``efficientnet-lite0``, ``timm:NAME`` or ``onnx:FILE``.
    weights : pathlib.Path, optional
        A checkpoint on disk.
    size : int, optional
        Rows and columns of the picture that it is shown; its own by default.

    Raises
    ------
    InputError
        There is no such network, or its weights are missing or not its own.
    EngineError
        A library that it needs is not installed.
    """
    kind, _, name = model.partition(":")
    if kind not in EMBEDDERS:
        raise InputError(
            f"no network is called {model!r}", remedy="Networks: efficientnet-lite0, timm:NAME, onnx:FILE."
        )
    if kind == "timm" and not name:
        raise InputError("timm has many networks", remedy="Name one, as --model timm:resnetv2_50.")
    return EMBEDDERS[kind].facts(name, weights, size)


def open_embedder(runner: str, settings: EmbeddingSettings) -> EmbeddingEngine:
    """Build the engine of an embedding, with its network loaded."""
    del runner
    return EmbeddingEngine(settings, EMBEDDERS[_kind(settings.network)].load(settings.network))


def versions_of(network: NetworkFacts) -> dict[str, str]:
    """Return the versions of all that an embedding's values depend on."""
    versions = library_versions()
    for package in EMBEDDERS[_kind(network)].packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _kind(network: NetworkFacts) -> str:
    return network.name.partition(":")[0]
