"""Compute the outputs of a frozen network for lesions or breasts, and write them as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from radiomics_mammo.cli.arguments import settings_from
from radiomics_mammo.cli.command import command_parser, run_command
from radiomics_mammo.cli.embed_options import EPILOG, EmbedOptions, ImageOptions
from radiomics_mammo.cli.reader_options import add_readers, chosen_reader


# Heavy imports are inside the functions: workers import this module again, and --help should be fast.
def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("embed", description=__doc__, epilog=EPILOG)
    add_readers(
        parser,
        EmbedOptions,
        more=lambda spec: () if spec.collection or spec.simulated else (ImageOptions,),
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _embed(arguments))


def _embed(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.cli.embed_run import embed_images

    options, image_options = settings_from(arguments, EmbedOptions), settings_from(arguments, ImageOptions)
    return embed_images(chosen_reader(arguments), options, image_options=image_options)


if __name__ == "__main__":
    sys.exit(main())
