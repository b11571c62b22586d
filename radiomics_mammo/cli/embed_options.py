"""Options of ``embed``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from radiomics_mammo.core.option import between, option

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
