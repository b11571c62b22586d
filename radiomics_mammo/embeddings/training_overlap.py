"""Overlap of a network's training data with the collection that it is evaluated on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from radiomics_mammo.embeddings.networks.base import NetworkFacts
from radiomics_mammo.errors import InputError

_CBIS_DDSM, _RSNA = "CBIS-DDSM", "RSNA"
TRAINED_ON: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Its model card: pretrained on CBIS-DDSM, then trained on the RSNA challenge.
    (r"mammoscreen", (_CBIS_DDSM, _RSNA)),
    # Shen et al., Sci Rep 2019, 9:12495 (end2end-all-conv): ddsm_resnet50_…, ddsm_vgg16_…
    (r"(^|[^a-z])(cbis|ddsm)([^a-z]|$)", (_CBIS_DDSM,)),
    (r"end2end[-_]all[-_]conv", (_CBIS_DDSM,)),
    (r"rsna[-_ ]?(2022[-_ ]?)?(breast|mammo|screening|bcd)", (_RSNA,)),
)
"""Patterns in names of weights (lower case), and the collections that such weights were trained on."""


def training_collections(
    facts: NetworkFacts, *, declared: Iterable[str] = (), canonical: Callable[[str], str]
) -> tuple[str, ...]:
    """List the collections that weights are known to be trained on, by canonical name."""
    text = f"{facts.name} {facts.source}".casefold()
    known = [name for pattern, names in TRAINED_ON if re.search(pattern, text) for name in names]
    return tuple(sorted({canonical(name) for name in (*facts.trained_on, *declared, *known) if name.strip()}))


def refuse_training_overlap(trained_on: Sequence[str], collection: str, *, allowed: bool) -> bool:
    """Check that weights were not trained on the collection to embed; return if so."""
    overlap = collection in trained_on
    if overlap and not allowed:
        raise InputError(
            f"these weights were trained on {collection}: results on it would not generalise",
            remedy="Use other weights; --allow-trained-on accepts the overlap, and every report will state it.",
        )
    return overlap
