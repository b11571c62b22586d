"""The settings of an embedding: everything that decides what its columns hold."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from radiomics_mammo.embeddings.inputs import CONTEXT, INPUTS
from radiomics_mammo.embeddings.networks.base import NetworkFacts
from radiomics_mammo.embeddings.transforms.clahe import CLIP, TILES
from radiomics_mammo.embeddings.transforms.intensity_window import PERCENTILES
from radiomics_mammo.errors import InputError

# Not settings, but of the same weight: a change here is another embedding.
_FIXED = {
    "window": f"percentiles {PERCENTILES[0]} and {PERCENTILES[1]} of what is shown (breast: of the breast)",
    "edges": "the frame is shifted into the image, and padded with black where the image is smaller",
    "resize": "bicubic, antialiased",
}
_CLAHE = f"CLAHE with {TILES} x {TILES} tiles, clipped at {CLIP:g} times the mean count"


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """What an embedding is made of.

    Attributes
    ----------
    input, channels : str
        What it sees (``INPUTS``), in which three channels (``CHANNELS``).
    context : float
        What is shown around the lesion, as a proportion of its longer side; 0 for the whole breast.
    flip : bool
        Whether the vector is the mean of the picture's and its mirror image's.
    forced : bool
        Whether the weights were trained on the very collection that they are used on. Not part of the hash: the
        columns are the same.
    """

    network: NetworkFacts
    input: str = "crop"
    channels: str = "masked"
    context: float = CONTEXT
    flip: bool = True
    forced: bool = False

    @property
    def prefix(self) -> str:
        """Return the prefix of all columns, such as ``crop_embEfficientnetLite0``."""
        return f"{self.input}_emb{self.network.slug}"

    @property
    def name(self) -> str:
        """Return the name in messages."""
        return self.prefix

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the feature columns."""
        return tuple(f"{self.prefix}_E{position:04d}" for position in range(self.network.dims))

    @property
    def text(self) -> str:
        """Return all settings as JSON, one a line."""
        settings = {name: value for name, value in self.record().items() if name != "forced"}
        return json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def hash(self) -> str:
        """Return the SHA-256 of :attr:`text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def record(self) -> dict[str, Any]:
        """Return the settings for the table's provenance, as JSON values."""
        network = self.network
        return {
            "name": network.name,
            "input": self.input,
            "prefix": self.prefix,
            "dims": network.dims,
            "size": network.size,
            "mean": list(network.mean),
            "std": list(network.std),
            "context": self.context,
            "channels": self.channels,
            "flip": self.flip,
            **_FIXED,
            **({"equalisation": _CLAHE} if self.channels == "clahe" else {}),
            "source": network.source,
            "licence": network.licence,
            "sha256": network.sha256,
            "trained_on": list(network.trained_on),
            "forced": self.forced,
        }


def settings_for(
    network: NetworkFacts,
    *,
    seen: str = "crop",
    channels: str | None = None,
    context: float | None = None,
    flip: bool = True,
    forced: bool = False,
) -> EmbeddingSettings:
    """Build the settings, by default the first channels and a context of 0.3."""
    if seen not in INPUTS:
        raise InputError(f"no input is called {seen!r}", remedy=f"Inputs: {', '.join(INPUTS)}.")
    chosen = INPUTS[seen]
    if channels is not None and channels not in chosen.channels:
        raise InputError(
            f"the input {seen!r} has no channels {channels!r}",
            remedy=f"Channels of it: {', '.join(chosen.channels)}.",
        )
    if context is not None and not chosen.has_context:
        raise InputError("a whole breast has no context", remedy="Leave --context out.")
    if context is not None and not 0.0 <= context <= 10.0:
        raise InputError(f"a context of {context:g}", remedy="Give a proportion of the lesion's side, from 0 to 10.")
    around = 0.0 if not chosen.has_context else CONTEXT if context is None else context
    return EmbeddingSettings(network, seen, channels or chosen.channels[0], around, flip, forced)
