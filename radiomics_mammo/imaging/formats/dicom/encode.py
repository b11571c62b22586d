"""Compress a DICOM file as mammography archives do, with the encoders of the libraries that decode it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from radiomics_mammo.errors import InputError

JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.70"
SYNTAXES = {
    "raw": "1.2.840.10008.1.2.1",
    "rle": "1.2.840.10008.1.2.5",
    "jpeg-lossless": JPEG_LOSSLESS_SV1,
    "jpeg-ls": "1.2.840.10008.1.2.4.80",
    "jpeg2000-lossless": "1.2.840.10008.1.2.4.90",
    "jpeg2000": "1.2.840.10008.1.2.4.91",
}
"""Transfer syntaxes by the names that :func:`encode_dicom` takes."""

LOSSY_RATIO = 10.0


def encode_dicom(path: str | Path, *, syntax: str) -> None:
    """Write an uncompressed DICOM file again, in place, with another encoding.

    Only the pixel data and the transfer syntax change; the same file gives the same bytes.

    Parameters
    ----------
    path : path
        A single-frame grey file.
    syntax : {'raw', 'rle', 'jpeg-lossless', 'jpeg-ls', 'jpeg2000-lossless', 'jpeg2000'}
        ``raw`` is explicit VR little endian. ``jpeg-lossless`` is process 14, selection value 1. ``jpeg2000`` is
        lossy, a tenth of the uncompressed size.

    Raises
    ------
    InputError
        The name is unknown, the file is compressed already, or the encoder is not installed.
    """
    from pydicom import dcmread
    from pydicom.uid import UID

    path = Path(path)
    if syntax not in SYNTAXES:
        raise InputError(f"no encoding is called {syntax!r}", remedy=f"Choose one of {', '.join(SYNTAXES)}.")
    dataset = dcmread(path)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        raise InputError("is compressed already", path=path, remedy="Start from an uncompressed file.")
    uid = UID(SYNTAXES[syntax])
    if not _has_encoder(syntax, uid):
        raise InputError(
            f"cannot be written as {uid.name}: its encoder is not installed",
            path=path,
            remedy='Run: pip install "radiomics-mammo[dicom]"',
        )
    _ENCODERS.get(syntax, _encode_by_pydicom)(dataset, uid)
    dataset.save_as(path, implicit_vr=False, little_endian=True)


def _has_encoder(syntax: str, uid: Any) -> bool:
    from pydicom.pixels import get_encoder

    if syntax == "raw":
        return True
    if syntax == "jpeg-lossless":
        return find_spec("gdcm") is not None
    return bool(get_encoder(uid).is_available)


def _encode_raw(dataset: Any, uid: Any) -> None:
    dataset.file_meta.TransferSyntaxUID = uid


def _encode_by_pydicom(dataset: Any, uid: Any) -> None:
    dataset.compress(uid, generate_instance_uid=False)


def _encode_lossy(dataset: Any, uid: Any) -> None:
    dataset.compress(uid, generate_instance_uid=False, j2k_cr=[LOSSY_RATIO])
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionRatio = f"{LOSSY_RATIO:g}"


def _encode_by_gdcm(dataset: Any, uid: Any) -> None:
    """Write process 14, which pydicom lacks; of GDCM's file only the code stream is used."""
    import gdcm
    from pydicom import dcmread

    with tempfile.TemporaryDirectory() as folder:
        plain, encoded = Path(folder, "plain.dcm"), Path(folder, "encoded.dcm")
        dataset.save_as(plain)
        reader = gdcm.ImageReader()
        reader.SetFileName(str(plain))
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(encoded))
        if not reader.Read():
            raise InputError("is not a picture that GDCM reads", path=dataset.filename, remedy="Choose another syntax.")
        change.SetInput(reader.GetImage())
        changed = change.Change()
        writer.SetImage(change.GetOutput())
        writer.SetFile(reader.GetFile())
        if not changed or not writer.Write():
            raise InputError("cannot be encoded by GDCM", path=dataset.filename, remedy="Choose another syntax.")
        dataset.PixelData = dcmread(encoded).PixelData
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = uid


_ENCODERS: dict[str, Callable[[Any, Any], None]] = {
    "raw": _encode_raw,
    "jpeg2000": _encode_lossy,
    "jpeg-lossless": _encode_by_gdcm,
}
