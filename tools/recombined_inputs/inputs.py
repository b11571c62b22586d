"""One input of each choice: an image, a mask, and the regions that they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.recombined_inputs.files import WITH_HEADER, WITHOUT_HEADER, writable
from tools.recombined_inputs.frames import FRAMES, Frame, Header
from tools.recombined_inputs.lists import box_of
from tools.recombined_inputs.masks import STYLES, Labels, Random, Style


@dataclass(frozen=True)
class Input:
    """Files of one case and what they mean.

    Attributes
    ----------
    kinds : tuple of str
        Style, frame, and the files' kinds, for the table.
    cells : dict of str to str
        Its line of the list of cases.
    regions : tuple of ndarray of bool
        The regions meant, by label; empty where the mask means none.
    overlap : float
        Least Jaccard index.
    plain : bool
        Must be read right.
    noted : bool
        Must come with a note.
    correct : bool
        Whether ``correctMask`` is set.
    """

    kinds: tuple[str, ...]
    cells: dict[str, str]
    regions: tuple[NDArray[np.bool_], ...]
    overlap: float
    plain: bool
    noted: bool
    correct: bool
    image: str = field(default="")


def drawn_labels(shape: tuple[int, int], count: int, rng: Random) -> Labels:
    """Draw ellipses or boxes that touch neither each other nor the border."""
    labels = np.zeros(shape, np.uint8)
    rows, columns = np.indices(shape)
    width = shape[1] // count
    for label in range(1, count + 1):
        half = rng.uniform(0.2, 0.36, 2) * (shape[0], width)
        centre = rng.uniform(half + 2, np.array((shape[0], width)) - half - 3)
        y, x = (rows - centre[0]) / half[0], (columns - width * (label - 1) - centre[1]) / half[1]
        inside = (np.maximum(abs(y), abs(x)) if rng.random() < 0.3 else np.hypot(y, x)) <= 1
        labels[inside] = label
    return labels


def image_header(axes: str, rng: Random) -> Header:
    """Draw where an image lies; DICOM's spacing is of few decimals."""
    spacing = round(float(rng.uniform(0.05, 0.2)), 3)
    return Header((round(float(rng.uniform(-80, 80)), 2), round(float(rng.uniform(-80, 80)), 2)), (spacing, spacing))


def make_input(number: int, folder: Path, *, correct: bool, rng: Random) -> Input:
    """Write the files of one case."""
    if rng.random() < 0.04:
        return _box(number, folder, rng=rng)
    while True:
        style_name, frame_name = str(rng.choice(list(STYLES))), str(rng.choice(list(FRAMES)))
        style, frame = STYLES[style_name], FRAMES[frame_name]
        if style.lossy and frame.headers:
            continue  # a JPEG file has no header
        shape = tuple(int(n) for n in rng.integers(20, 34, 2) * (2, 2 if style.labels == 1 else 4))
        if frame_name == "rows and columns swapped" and shape[0] == shape[1]:
            continue  # nothing tells it
        labels = drawn_labels((shape[0], shape[1]), style.labels, rng)
        image_kind, mask_kind = _kinds(frame, style, rng)
        header = image_header(image_kind, rng) if image_kind in WITH_HEADER else Header()
        placed = frame.place(labels, header, rng)
        picture = style.draw(placed.labels, rng)
        if (
            frame.correct in (None, correct)
            and (style.lossy or writable(picture, mask_kind))
            and _sound(mask_kind, placed.header)
        ):
            break
    if style.lossy:
        mask_kind = "JPEG"
    image = _write_image(number, (shape[0], shape[1]), image_kind, header, folder, rng=rng)
    mask = folder / f"m{number}{(WITH_HEADER | WITHOUT_HEADER)[mask_kind][0]}"
    (WITH_HEADER | WITHOUT_HEADER)[mask_kind][1](picture, placed.header, mask)
    label = "" if style.label is None else str(style.label)
    cells = _cells(number, image=image.name, mask=mask.name, label=label)
    wanted = range(1, style.labels + 1) if style.label is None else (style.label,)
    regions = () if placed.meant is None or style.overlap > 1 else tuple(placed.meant == value for value in wanted)
    return Input(
        kinds=(style_name, frame_name, f"{image_kind} and {mask_kind}"),
        cells=cells,
        regions=tuple(region for region in regions if region.any()),
        overlap=min(style.overlap, frame.overlap),
        plain=style.plain and frame.plain and (style.overlap == 1 or (placed.labels > 0).sum() >= 200),
        noted=style.note and np.unique(np.asarray(picture)).size > 2,
        correct=correct,
        image=str(image),
    )


def _kinds(frame: Frame, style: Style, rng: Random) -> tuple[str, str]:
    headers, bare = list(WITH_HEADER), [kind for kind in WITHOUT_HEADER if kind != "JPEG"]
    image = str(rng.choice(headers if frame.headers or (frame.headers is None and rng.random() < 0.5) else bare))
    if style.lossy or not frame.headers:
        return image, str(rng.choice(bare))
    axes = WITH_HEADER[image][2]
    return image, str(rng.choice([kind for kind in headers if WITH_HEADER[kind][2] == axes]))


def _sound(kind: str, header: Header) -> bool:
    return kind != "DICOM" or header.direction == (1, 0, 0, 1)


def _write_image(number: int, shape: tuple[int, int], kind: str, header: Header, folder: Path, *, rng: Random) -> Path:
    suffix, write = (WITH_HEADER | WITHOUT_HEADER)[kind][:2]
    path = folder / f"i{number}{suffix}"
    deep = kind not in ("BMP", "GIF")
    pixels = rng.integers(1, 4000 if deep else 250, shape).astype(np.uint16 if deep else np.uint8)
    write(pixels, header, path)
    return path


def _cells(number: int, *, image: str, mask: str = "", label: str = "") -> dict[str, str]:
    return {
        "case_id": f"c{number}",
        "patient_id": f"p{number // 2}",
        "image": image,
        "mask": mask,
        "mask_label": label,
        "malignant": str(number % 2),
    } | dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), "")


def _box(number: int, folder: Path, *, rng: Random) -> Input:
    shape = tuple(int(n) for n in rng.integers(40, 68, 2))
    region = np.zeros(shape, bool)
    top, left = (int(rng.integers(1, n // 2)) for n in shape)
    region[top : top + int(rng.integers(6, 18)), left : left + int(rng.integers(6, 18))] = True
    path = folder / f"i{number}.png"
    Image.fromarray(rng.integers(1, 4000, shape).astype(np.uint16)).save(path)
    cells = _cells(number, image=path.name) | box_of(region)
    return Input(("box", "no mask", "PNG"), cells, (region,), 0.75, True, False, False, str(path))
