"""Files that lack what the standard asks for and can still be read: re-releases strip headers and file meta."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from radiomics_mammo.imaging.formats.dicom.decode import header_text

# What a compressed stream begins with; JPEG's own kinds differ in the marker of the frame header.
_JPEG_2000 = b"\xff\x4f\xff\x51"
_FRAMES = {b"\xff\xc3": "1.2.840.10008.1.2.4.70", b"\xff\xf7": "1.2.840.10008.1.2.4.80"}
_ITEM = b"\xfe\xff\x00\xe0"


def has_no_preamble(path: Path) -> bool:
    """Return whether a file without the DICM prefix begins like a dataset."""
    with path.open("rb") as file:
        head = file.read(132)
    return head[128:] != b"DICM" and len(head) == 132 and head[:2] in (b"\x02\x00", b"\x08\x00") and head[3] == 0


def completed(dataset: Any) -> tuple[str, ...]:
    """Write what the pixels need and the header lacks into the dataset.

    Parameters
    ----------
    dataset : pydicom.Dataset
        With its pixel data.

    Returns
    -------
    tuple of str
        A note for each guess that values depend on.
    """
    notes = []
    if "PixelData" in dataset and getattr(dataset.file_meta, "TransferSyntaxUID", None) is None:
        syntax = _syntax(dataset)
        if syntax is not None:
            from pydicom.uid import UID

            dataset.file_meta.TransferSyntaxUID = UID(syntax)
            notes.append("no transfer syntax in the header: taken from the pixel data")
    if "BitsAllocated" in dataset and dataset.get("BitsStored") is None:
        high = dataset.get("HighBit")
        dataset.BitsStored = int(dataset.BitsAllocated) if high is None else int(high) + 1
        notes.append(f"no BitsStored in the header: taken as {dataset.BitsStored}")
    if "PixelData" in dataset and dataset.get("PixelRepresentation") is None:
        dataset.PixelRepresentation = 0
    photometric = header_text(dataset, "PhotometricInterpretation")
    if "PixelData" in dataset and not photometric:
        dataset.PhotometricInterpretation = "MONOCHROME2"
    elif photometric != photometric.upper():
        dataset.PhotometricInterpretation = photometric.upper()
    if "PixelData" in dataset and not dataset.get("SamplesPerPixel"):
        dataset.SamplesPerPixel = 1
    return (*notes, *_without_unusable_rescale(dataset))


def _without_unusable_rescale(dataset: Any) -> tuple[str, ...]:
    """Remove a modality LUT or rescale that cannot be applied; return a note for each."""
    notes = []
    if "ModalityLUTSequence" in dataset and not _has_table(dataset.ModalityLUTSequence):
        del dataset.ModalityLUTSequence
        notes.append("the modality LUT of the header is empty: not applied")
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        value = dataset.get(keyword)
        if value is not None and value != "" and not _is_usable(float(value), slope=keyword == "RescaleSlope"):
            del dataset[keyword]
            notes.append(f"{keyword} is {value}: not applied")
    return tuple(notes)


def _is_usable(value: float, *, slope: bool) -> bool:
    return math.isfinite(value) and not (slope and value == 0)


def _has_table(sequence: Any) -> bool:
    return bool(sequence) and all(sequence[0].get(name) is not None for name in ("LUTDescriptor", "LUTData"))


def _syntax(dataset: Any) -> str | None:
    from pydicom.encaps import get_frame

    data = bytes(dataset.PixelData)
    if data.startswith(_ITEM):
        stream = get_frame(data, 0, number_of_frames=1)
        if stream.startswith(_JPEG_2000):
            return "1.2.840.10008.1.2.4.90"
        return next((uid for marker, uid in _FRAMES.items() if marker in stream[:1024]), None)
    size = int(dataset.Rows) * int(dataset.Columns) * int(dataset.BitsAllocated) // 8
    if not size <= len(data) <= size + 16:
        return None
    return "1.2.840.10008.1.2" if dataset.original_encoding[0] else "1.2.840.10008.1.2.1"
