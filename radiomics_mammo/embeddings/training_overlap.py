"""Which weights have seen which collection of mammograms: nobody should evaluate a network on what taught it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from radiomics_mammo.core.collection_names import CBIS_DDSM, RSNA, collection_name
from radiomics_mammo.embeddings.networks.base import NetworkFacts
from radiomics_mammo.errors import InputError

OF_READER = {"cbis-ddsm": CBIS_DDSM, "rsna": RSNA}
"""The collection that a reader reads."""

KNOWN: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Its model card: pretrained on CBIS-DDSM, then trained on the RSNA challenge.
    (r"mammoscreen", (CBIS_DDSM, RSNA)),
    # Shen et al., Sci Rep 2019, 9:12495 (end2end-all-conv): ddsm_resnet50_…, ddsm_vgg16_…
    (r"(^|[^a-z])(cbis|ddsm)([^a-z]|$)", (CBIS_DDSM,)),
    (r"end2end[-_]all[-_]conv", (CBIS_DDSM,)),
    (r"rsna[-_ ]?(2022[-_ ]?)?(breast|mammo|screening|bcd)", (RSNA,)),
)
"""Patterns in names of weights (lower case), and what these were trained on."""


def taught_by(facts: NetworkFacts, *, declared: Iterable[str] = ()) -> tuple[str, ...]:
    """Collect what weights are known to be trained on.

    Parameters
    ----------
    facts : NetworkFacts
        Its ``trained_on`` is what the file says; its names are held against :data:`KNOWN`.
    declared : iterable of str
        What the user says.

    Returns
    -------
    tuple of str
        Sorted names of collections.
    """
    named = f"{facts.name} {facts.source}".casefold()
    known = [name for pattern, names in KNOWN if re.search(pattern, named) for name in names]
    return tuple(sorted({collection_name(name) for name in (*facts.trained_on, *declared, *known) if name.strip()}))


def refuse_taught(trained_on: Sequence[str], collection: str, *, allowed: bool) -> bool:
    """Refuse to embed a collection with weights that were trained on it.

    Parameters
    ----------
    trained_on : sequence of str
        What :func:`taught_by` gave.
    collection : str
        What is going to be embedded; empty where it is not known.
    allowed : bool
        Do it all the same.

    Returns
    -------
    bool
        Whether it is done all the same.

    Raises
    ------
    InputError
        The weights were trained on the collection.
    """
    if not collection or collection_name(collection) not in trained_on:
        return False
    if not allowed:
        raise InputError(
            f"these weights were trained on {collection_name(collection)}: their results there would say nothing",
            remedy="Use other weights; --allow-trained-on does it all the same, and every report will say so.",
        )
    return True
