"""One run of ``embed``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.cli.embed_options import EmbedOptions, ImageOptions
from radiomics_mammo.cli.reader_options import ChosenReader
from radiomics_mammo.core.console import print_if_slow, print_message
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import OutputError
from radiomics_mammo.extraction.backends.processes import default_workers, start_early
from radiomics_mammo.readers import collection_name

if TYPE_CHECKING:
    from radiomics_mammo.embeddings.settings import EmbeddingSettings

SUFFIX = "_emb"


def embed_images(chosen: ChosenReader, options: EmbedOptions, *, image_options: ImageOptions) -> int:
    """Compute the network's outputs and write the table; 0 where it has rows, else 1."""
    out = chosen.out(suffix=SUFFIX)
    workers = chosen.table.workers or default_workers()
    if workers > 1:  # before anything else, since the imports of the workers take longest
        start_early(engine="embedding", modules=("radiomics_mammo.embeddings", *chosen.spec.modules))

    from radiomics_mammo.cli.table_run import write_rows
    from radiomics_mammo.embeddings import open_embedder, versions_of
    from radiomics_mammo.extraction.run import Setup

    # A wrong path is more frequent than a wrong network, and faster to detect.
    reader = chosen.open(Settings(label=image_options.mask_label))
    settings = _settings(chosen, options, image_options=image_options)
    if chosen.spec.simulated:
        print_message("PHANTOM: simulated images, no clinical performance.")
    _print_settings(settings)
    setup = Setup(
        settings,
        settings.network.runner,
        versions_of(settings.network),
        open_embedder,
        {"embedding": settings.record()},
        "Loading the network ...",
    )
    if not chosen.table.overwrite:
        _check_overlap_of_table(out, settings)
    return write_rows(reader, setup, table=chosen.table, out=out, workers=workers)


def _settings(chosen: ChosenReader, options: EmbedOptions, *, image_options: ImageOptions) -> EmbeddingSettings:
    from radiomics_mammo.embeddings import find_network
    from radiomics_mammo.embeddings.settings import settings_for
    from radiomics_mammo.embeddings.training_overlap import refuse_training_overlap, training_collections

    with print_if_slow("Reading the weights of the network ..."):
        network = find_network(options.model, weights=options.weights, size=options.size)
    declared = [name for given in options.trained_on for name in given.split(",")]
    trained_on = training_collections(network, declared=declared, canonical=collection_name)
    network = replace(network, trained_on=trained_on)
    collection = chosen.spec.collection or collection_name(image_options.collection)
    if network.trained_on and not collection and not chosen.spec.simulated:
        print_message("note: not checked whether the weights were trained on these images; name --collection.")
    overlap = refuse_training_overlap(network.trained_on, collection, allowed=options.allow_trained_on)
    return settings_for(
        network,
        seen=options.input,
        channels=options.channels,
        context=options.context,
        flip=options.flip,
        forced=overlap,
    )


def _check_overlap_of_table(out: Path, settings: EmbeddingSettings) -> None:
    """Refuse to resume a table that states otherwise whether the network was trained on these cases."""
    from radiomics_mammo.tables.feature_table import read_provenance

    known = (read_provenance(out).get("embedding") or {}) if out.is_file() else {}
    if known and bool(known.get("forced")) != settings.forced:
        raise OutputError(
            "the table states otherwise whether the weights were trained on these images",
            path=out,
            remedy="Give --collection, --trained-on and --allow-trained-on as before, or --overwrite.",
        )


def _print_settings(settings: EmbeddingSettings) -> None:
    network = settings.network
    print_message(
        f"Network {network.name}: {network.dims} features of {network.size} x {network.size} pixels; {network.runner}."
    )
    print_message(f"  weights   {network.source}; licence {network.licence}; SHA-256 {network.sha256[:12]}")
    flip = ", averaged with the mirror image" if settings.flip else ""
    context = f" with a context of {settings.context:g} of its longer side" if settings.context else ""
    print_message(f"  input     {settings.input}{context}, channels {settings.channels}{flip}")
    if network.trained_on:
        print_message(f"  trained on {', '.join(network.trained_on)}")
    if settings.forced:
        print_message("WARNING: these weights were trained on this collection; results on it do not generalise.")
