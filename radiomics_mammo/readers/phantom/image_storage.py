"""How a machine stores a simulated mammogram: bits, photometric interpretation and window, in DICOM or in PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER
from radiomics_mammo.imaging.formats.dicom.write import write_dicom
from radiomics_mammo.readers.phantom.breast import BACKGROUND
from radiomics_mammo.readers.phantom.reader import BITS_STORED
from radiomics_mammo.readers.phantom.screening_cohort import Machine, View

Picture = NDArray[np.uint16]

WINDOW = (1300.0, 2200.0)  # centre and width in the phantom's 12 bits: air is black, dense tissue nearly white
HARDER = (1500.0, 1500.0)
IMPLANT_LIGHT = 3300.0
IMPLANT_MM = (48.0, 40.0)  # half its height, and how far it reaches from the chest wall
SHIFT_MM = 5.0
_BRIGHT = 400  # safely over air


def add_implant(image: Picture, *, side: str, pixel_mm: float) -> Picture:
    """Draw a smooth bright disc at the chest wall of a 12-bit image."""
    rows, columns = image.shape
    breast = np.flatnonzero((image > _BRIGHT).sum(axis=1) > columns // 20)
    middle = float(breast.mean()) if breast.size else rows / 2
    y = (np.arange(rows, dtype=np.float32)[:, None] - np.float32(middle)) * np.float32(pixel_mm / IMPLANT_MM[0])
    across = np.arange(columns, dtype=np.float32) if side == "LEFT" else np.arange(columns, dtype=np.float32)[::-1]
    x = across[None, :] * np.float32(pixel_mm / IMPLANT_MM[1])
    edge = np.clip((1 - np.hypot(y, x)) * 20, -30, 30)
    blend = 1 / (1 + np.exp(-edge)) * (image > _BRIGHT // 2)
    mixed = image * (1 - blend) + np.float32(IMPLANT_LIGHT) * blend
    bright: Picture = np.clip(np.rint(mixed), 0, 2**BITS_STORED - 1).astype(np.uint16)
    return bright


def taken_again(image: Picture, *, pixel_mm: float) -> Picture:
    """Return the image a little lower, as a second exposure has it."""
    down = max(1, round(SHIFT_MM / pixel_mm))
    return np.concatenate([np.repeat(image[:1], down, axis=0), image[:-down]])


def write_stored_dicom(path: Path, image: Picture, *, view: View, spacing: tuple[float, float], seed: int) -> None:
    """Write a 12-bit image as its machine stores it, uncompressed."""
    from pydicom import dcmread
    from pydicom.uid import generate_uid

    machine = view.woman.machine
    uids = [
        str(generate_uid(entropy_srcs=["phantom", "rsna", str(seed), str(view.woman.patient_id), *more]))
        for more in (["study"], [str(view.image_id), "series"], [str(view.image_id), "file"])
    ]
    write_dicom(
        path,
        _stored(image, machine),
        patient_id=str(view.woman.patient_id),
        series_description="",
        study_uid=uids[0],
        series_uid=uids[1],
        sop_uid=uids[2],
        manufacturer=PHANTOM_MANUFACTURER,
        bits_stored=machine.bits,
    )
    dataset = dcmread(path)
    dataset.PhotometricInterpretation = machine.photometric
    dataset.ImageLaterality = view.side[0]
    dataset.ViewPosition = view.view
    dataset.InstanceNumber = str(view.image_id)
    dataset.ImagerPixelSpacing = [f"{mm:.10g}" for mm in spacing]
    _set_windows(dataset, machine)
    dataset.save_as(path)


def write_stored_png(path: Path, image: Picture, *, machine: Machine) -> None:
    """Write a picture as the re-releases are: windowed to 8 bits, bright tissue."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    centre, width = WINDOW if machine.voi else ((2**BITS_STORED + BACKGROUND) / 2, 2**BITS_STORED - BACKGROUND)
    light = (image.astype(np.float32) - np.float32(centre)) / np.float32(width)
    shown = 1 / (1 + np.exp(-4 * light)) if machine.voi == "SIGMOID" else np.clip(light + 0.5, 0, 1)
    metadata = PngInfo()
    metadata.add_text("Source", PHANTOM_MANUFACTURER)
    Image.fromarray(np.rint(shown * 255).astype(np.uint8)).save(path, pnginfo=metadata)


def _stored(image: Picture, machine: Machine) -> Picture:
    """Compute the values in the machine's bits, inverted for MONOCHROME1."""
    more = machine.bits - BITS_STORED
    scaled = image << more if more >= 0 else image >> -more
    if machine.photometric == "MONOCHROME1":
        scaled = np.uint16(2**machine.bits - 1) - scaled
    return scaled.astype(np.uint16)


def _set_windows(dataset: Any, machine: Machine) -> None:
    """Write the windows in stored values, before the inversion of MONOCHROME1."""
    if not machine.voi:
        return
    windows = (WINDOW, HARDER) if machine.voi == "SEVERAL" else (WINDOW,)
    factor = 2.0 ** (machine.bits - BITS_STORED)
    top = 2**machine.bits - 1
    centres = [centre * factor for centre, _ in windows]
    if machine.photometric == "MONOCHROME1":
        centres = [top - centre for centre in centres]
    widths = [width * factor for _, width in windows]
    single = len(windows) == 1
    dataset.WindowCenter = centres[0] if single else centres
    dataset.WindowWidth = widths[0] if single else widths
    if not single:
        dataset.WindowCenterWidthExplanation = ["NORMAL", "HARDER"]
    dataset.VOILUTFunction = "LINEAR" if machine.voi == "SEVERAL" else machine.voi
