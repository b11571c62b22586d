"""Draw one panel of a contact sheet: a small picture of a sample with the detected outlines, and its caption."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.imaging.breast.pyramid import shrink

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

# Distinct for the colour-blind, too (Okabe and Ito).
COLOURS: dict[str, Colour] = {
    "measured region": (255, 165, 0),
    "inside the band under the skin": (86, 180, 233),
    "muscle": (0, 190, 120),
    "implant": (230, 120, 190),
    "nipple": (255, 70, 40),
    "windows": (240, 228, 66),
}
PAPER: Colour = (24, 24, 24)
_TEXT: Colour = (235, 235, 235)
_FAINT: Colour = (165, 165, 165)
_ALARM: Colour = (255, 150, 130)
_LINES = 5
_CONTEXT = 0.5
_LONGEST = 200


def draw_panel(
    sample: Sample, *, width: int, text: int, windows: Sequence[Box] = (), notes: Sequence[str] = ()
) -> Image.Image:
    """Draw a sample.

    Parameters
    ----------
    sample : Sample
        A lesion is drawn with half its size around it, a whole breast as it is.
    width : int
        Of the panel, pixels; its height follows, see :func:`panel_size`.
    text : int
        Height of the letters, pixels.
    windows : sequence of tuple of int
        Boxes to draw: first and past-the-last row, first and past-the-last column.
    notes : sequence of str
        Further notes.
    """
    panel = Image.new("RGB", panel_size(width, text), PAPER)
    shown = _surroundings(sample)
    cut = np.s_[shown[0] : shown[1], shown[2] : shown[3]]
    height = panel.height - _LINES * (text + 3) - 6
    scale = min((width - 8) / (shown[3] - shown[2]), height / (shown[1] - shown[0]))
    size = (max(1, round((shown[3] - shown[2]) * scale)), max(1, round((shown[1] - shown[0]) * scale)))
    picture = Image.fromarray(_grey(sample.image[cut], sample.mask[cut])).resize(size, Image.Resampling.BOX)
    pixels = np.stack([np.asarray(picture)] * 3, axis=-1)
    for name, region in _regions(sample):
        pixels[_outline(region[cut], size)] = COLOURS[name]
    drawn = Image.fromarray(pixels)
    pen = ImageDraw.Draw(drawn)
    for top, bottom, left, right in windows:
        corners = [(left - shown[2]) * scale, (top - shown[0]) * scale, (right - shown[2]) * scale - 1]
        pen.rectangle([*corners, (bottom - shown[0]) * scale - 1], outline=COLOURS["windows"])
    if sample.marks is not None and sample.marks.nipple is not None:
        row, column = sample.marks.nipple
        _cross(pen, (column - shown[2]) * scale, (row - shown[0]) * scale)
    panel.paste(drawn, ((width - size[0]) // 2, 2))
    caption = "; ".join([*sample.notes, *notes])
    _write(panel, [sample.case_id, _facts(sample)], caption, text=text, colour=_FAINT)
    return panel


def draw_failure(failure: Failure, *, width: int, text: int) -> Image.Image:
    """Draw a panel with the reason why there is no image."""
    panel = Image.new("RGB", panel_size(width, text), PAPER)
    pen = ImageDraw.Draw(panel)
    height = panel.height - _LINES * (text + 3) - 6
    pen.rectangle([4, 4, width - 5, height - 3], outline=_ALARM)
    lines = _wrapped(f"{failure.cause}. {failure.remedy}", width - 24, text, most=max(1, (height - 20) // (text + 3)))
    for number, line in enumerate(lines):
        pen.text((12, 12 + number * (text + 3)), line, fill=_ALARM, font=_font(text))
    _write(panel, [failure.case_id, f"{failure.error} ({failure.stage})"], failure.path, text=text, colour=_ALARM)
    return panel


def panel_size(width: int, text: int) -> tuple[int, int]:
    """Return width and height of every panel of a sheet."""
    return width, round(1.25 * width) + _LINES * (text + 3) + 6


def shown_names(sample: Sample) -> list[str]:
    """Return the keys of ``COLOURS`` that a sample's panel shows."""
    nipple = sample.marks is not None and sample.marks.nipple is not None
    return [name for name, _ in _regions(sample)] + (["nipple"] if nipple else [])


def write_line(image: Image.Image, at: tuple[int, int], line: str, *, text: int, colour: Colour = _TEXT) -> int:
    """Write one line and return where it ends."""
    font = _font(text)
    ImageDraw.Draw(image).text(at, line, fill=colour, font=font)
    return at[0] + round(font.getlength(line))


def _surroundings(sample: Sample) -> Box:
    """Return the part of the image that is shown."""
    rows, columns = sample.image.shape
    box = bounding_box(sample.mask)
    if sample.marks is not None or box is None:
        return 0, rows, 0, columns
    margin = int(np.ceil(_CONTEXT * max(box[1] - box[0], box[3] - box[2]))) + 2
    return max(box[0] - margin, 0), min(box[1] + margin, rows), max(box[2] - margin, 0), min(box[3] + margin, columns)


def _grey(image: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Draw a small image in greys between the percentiles 1 and 99.5 of the region."""
    small, block = shrink(image)
    inside = mask[block // 2 :: block, block // 2 :: block]
    values = small[: inside.shape[0], : inside.shape[1]][inside] if inside.any() and not mask.all() else small
    low, high = np.percentile(values, [1.0, 99.5])
    low = min(float(low), float(np.percentile(small, 10.0)))
    if not high > low:
        return np.zeros(small.shape, np.uint8)
    grey: NDArray[np.uint8] = (255 * np.clip((small - low) / (high - low), 0, 1)).astype(np.uint8)
    return grey


def _regions(sample: Sample) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the regions that are outlined, the most important last."""
    marks = sample.marks
    regions: list[tuple[str, NDArray[np.bool_]]] = []
    if marks is not None:
        regions.append(("inside the band under the skin", marks.interior))
        parts = (("muscle", marks.pectoral), ("implant", marks.implant))
        regions += [(name, mask) for name, mask in parts if mask is not None]
    return [*regions, ("measured region", sample.mask)]


def _outline(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    small, _ = shrink(mask)
    resized = Image.fromarray((255 * small).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    inside: NDArray[np.bool_] = np.asarray(resized) > 127
    rim: NDArray[np.bool_] = inside & ~binary_erosion(inside)
    return rim


def _cross(pen: ImageDraw.ImageDraw, x: float, y: float) -> None:
    for line in ([x - 6, y, x + 6, y], [x, y - 6, x, y + 6]):
        pen.line(line, fill=COLOURS["nipple"], width=2)


def _facts(sample: Sample) -> str:
    side, view = (str(sample.columns.get(name) or "") for name in ("laterality", "view"))
    rows, columns = sample.image.shape
    spacing = "no pixel size"
    if sample.spacing is not None:
        row, column = sample.spacing
        spacing = f"{row:.3g} mm" if abs(row - column) < 1e-6 * row else f"{row:.3g} x {column:.3g} mm"
    return ", ".join(part for part in (f"{side} {view}".strip(), spacing, f"{rows} x {columns}") if part)


def _write(panel: Image.Image, heads: Sequence[str], caption: str, *, text: int, colour: Colour) -> None:
    top = panel.height - _LINES * (text + 3) - 2
    room = panel.width - 12
    lines = [(_clipped(_plain(head), room, text), _TEXT) for head in heads]
    lines += [(line, colour) for line in _wrapped(caption, room, text, most=_LINES - len(heads))]
    for number, (line, ink) in enumerate(lines):
        write_line(panel, (6, top + number * (text + 3)), line, text=text, colour=ink)


def _plain(text: str) -> str:
    """Return text without control characters: file names and headers may hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _clipped(line: str, room: int, text: int) -> str:
    font = _font(text)
    if len(line) <= _LONGEST and font.getlength(line) <= room:
        return line
    fits = bisect_right(range(1, _LONGEST + 1), room, key=lambda count: ceil(font.getlength(line[:count] + "…")))
    return line[:fits] + "…"


def _wrapped(caption: str, room: int, text: int, *, most: int) -> list[str]:
    """Return text in lines broken at spaces; what does not fit ends with an ellipsis."""
    font = _font(text)
    words = _plain(caption[:2000]).split()
    lines: list[str] = []
    while words and len(lines) < most - 1:
        line = words.pop(0)
        while words and font.getlength(f"{line} {words[0]}") <= room:
            line = f"{line} {words.pop(0)}"
        lines.append(_clipped(line, room, text))
    return [*lines, _clipped(" ".join(words), room, text)] if words else lines


def _font(text: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(text)
