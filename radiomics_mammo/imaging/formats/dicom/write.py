"""Write a plain Secondary Capture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_IMPLICIT_LITTLE = "1.2.840.10008.1.2"
# Under pydicom's own root; names the writer, so that bytes do not change with pydicom's version.
_IMPLEMENTATION = "1.2.826.0.1.3680043.8.498.20261121"


def write_dicom(
    path: str | Path,
    pixels: NDArray[np.generic],
    *,
    patient_id: str,
    series_description: str,
    series_uid: str | None = None,
    study_uid: str | None = None,
    sop_uid: str | None = None,
    manufacturer: str = "",
    laterality: str | None = None,
    view: str | None = None,
    spacing: tuple[float, float] | None = None,
    bits_stored: int | None = None,
) -> None:
    """Write a grey image as CBIS-DDSM does: Secondary Capture, implicit little endian.

    The bytes depend on the arguments alone: identifiers that are not given are derived from the others.

    Parameters
    ----------
    path : path
        Written over if it exists; its folder must exist.
    pixels : ndarray of uint8 or uint16, shape (rows, columns)
        Stored as MONOCHROME2.
    patient_id, series_description : str
        Header values; CBIS-DDSM puts the folder's name into the patient's.
    series_uid, study_uid, sop_uid : str, optional
        DICOM identifiers.
    manufacturer : str
        ``PHANTOM_MANUFACTURER`` for whatever is simulated.
    laterality : str, optional
        ``L`` or ``R``.
    view : str, optional
        ``CC`` or ``MLO``, written where CBIS-DDSM has it (PatientOrientation).
    spacing : tuple of float, optional
        Millimetres (row, column); left out when unknown, as in CBIS-DDSM.
    bits_stored : int, optional
        Defaults to all bits of the dtype.

    Raises
    ------
    ValueError
        The array is not two-dimensional uint8 or uint16.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, generate_uid

    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"write_dicom takes 2-D uint8 or uint16, not {pixels.dtype} of shape {pixels.shape}")
    study_uid = study_uid or str(generate_uid(entropy_srcs=["study", patient_id]))
    series_uid = series_uid or str(generate_uid(entropy_srcs=["series", study_uid, series_description]))
    sop_uid = sop_uid or str(generate_uid(entropy_srcs=["file", series_uid, Path(path).name]))
    bits = 8 * pixels.dtype.itemsize

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = UID(sop_uid)
    meta.TransferSyntaxUID = UID(_IMPLICIT_LITTLE)
    meta.ImplementationClassUID = UID(_IMPLEMENTATION)
    meta.ImplementationVersionName = "RADIOMICS_MAMMO"

    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = UID(SECONDARY_CAPTURE)
    dataset.SOPInstanceUID = UID(sop_uid)
    dataset.Modality = "MG"
    dataset.ConversionType = "WSD"
    dataset.Manufacturer = manufacturer
    dataset.SeriesDescription = series_description
    dataset.PatientName = patient_id
    dataset.PatientID = patient_id
    dataset.BodyPartExamined = "BREAST"
    dataset.StudyInstanceUID = UID(study_uid)
    dataset.SeriesInstanceUID = UID(series_uid)
    if view is not None:
        dataset.PatientOrientation = view
    if laterality is not None:
        dataset.Laterality = laterality
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    if spacing is not None:
        dataset.PixelSpacing = [f"{mm:.10g}" for mm in spacing]
    dataset.BitsAllocated = bits
    dataset.BitsStored = bits_stored or bits
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    data = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=True)
