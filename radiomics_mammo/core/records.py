"""Frozen records that the packages exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import RadiomicsMammoError

Scalar = str | int | float | bool | None
_LONGEST_CAUSE = 200


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a collection, before any pixel is read.

    Attributes
    ----------
    case_id : str
        Unique in the run; names the row, or the first part of its name where one mask gives several rows.
    patient_id : str
        The patient. Splits are made on it.
    columns : mapping of str to scalar
        Identity columns of the reader beyond these two (laterality, view, pathology, …), in the order
        of ``Reader.columns``.
    source : object
        Location of the pixels, for the reader of the case; picklable.
    """

    case_id: str
    patient_id: str
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    source: object = None


@dataclass(frozen=True, slots=True, eq=False)
class BreastMarks:
    """Landmarks of a whole breast, in the pixels of its image (chest wall at the left edge).

    Attributes
    ----------
    interior : ndarray of bool, shape (rows, columns)
        The measured region without the band under the skin.
    pectoral : ndarray of bool, shape (rows, columns), or None
        The pectoral muscle, where it was searched and found.
    implant : ndarray of bool, shape (rows, columns), or None
        The implant, where it was searched and found.
    nipple : tuple of float or None
        (row, column); None where it cannot be located.
    """

    interior: NDArray[np.bool_]
    pectoral: NDArray[np.bool_] | None
    implant: NDArray[np.bool_] | None
    nipple: tuple[float, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Pixels of one region of interest, as read.

    Attributes
    ----------
    case_id, patient_id : str
        As in :class:`Case`; ``case_id`` names the row (``…_label2`` where a mask gave several).
    image : ndarray, shape (rows, columns)
        Any integer or floating dtype, values as stored (after modality rescale and MONOCHROME1 inversion).
    mask : ndarray of bool, shape (rows, columns)
        True inside the region.
    spacing : tuple of float or None
        Millimetres (row, column); None is "unknown, in pixels".
    columns : mapping of str to scalar
        Identity columns of the case, with those that need the pixels (such as the label of the mask).
    notes : tuple of str
        Corrections of image and mask, for the column ``notes``.
    phantom : bool
        True when the image is simulated.
    image_path, mask_path : str
        The files that were read, for the row and for messages; empty for arrays in memory.
    marks : BreastMarks or None
        Landmarks, where the region is a whole breast.
    presentation_intent_type : str
        DICOM's ``FOR PRESENTATION`` or ``FOR PROCESSING``; empty where the file states none.
    """

    case_id: str
    patient_id: str
    image: NDArray[Any]
    mask: NDArray[np.bool_]
    spacing: tuple[float, float] | None = None
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    phantom: bool = False
    image_path: str = ""
    mask_path: str = ""
    marks: BreastMarks | None = None
    presentation_intent_type: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Roi:
    """Region cropped to its bounding box, with bin edges.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
        The image in the mask's bounding box, in its own dtype (or float64 after a filter, a normalisation
        or a resampling).
    mask : ndarray of bool, shape (rows, columns)
        Region of intensities and textures (after resegmentation).
    shape_mask : ndarray of bool, shape (rows, columns)
        Region of shape (before resegmentation).
    edges : ndarray of float64, shape (n_levels + 1,)
        Bin edges; a value v has level ``numpy.digitize(v, edges)``.
    spacing : tuple of float
        (row, column), millimetres, or (1, 1) where unknown.
    """

    values: NDArray[Any]
    mask: NDArray[np.bool_]
    shape_mask: NDArray[np.bool_]
    edges: NDArray[np.float64]
    spacing: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Failure:
    """Reason why one case has no row.

    Attributes
    ----------
    case_id, patient_id : str
        As in :class:`Case`.
    stage : str
        ``read``, ``prepare`` or ``extract``.
    error : str
        Class name of the error.
    path, cause, remedy : str
        The file, the cause, and what to do.
    traceback : str
        Of an unexpected error, for the log; it stands in no table.
    """

    case_id: str
    patient_id: str
    stage: str
    error: str
    path: str
    cause: str
    remedy: str
    traceback: str = field(default="", compare=False, repr=False)

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the values of all fields but the traceback."""
        return self.case_id, self.patient_id, self.stage, self.error, self.path, self.cause, self.remedy

    @classmethod
    def of(cls, case: Case | Sample, *, stage: str, error: Exception, traceback: str = "") -> Failure:
        """Record an error that cost a case its row.

        Parameters
        ----------
        case : Case or Sample
        stage : {'read', 'prepare', 'extract'}
        error : Exception
        traceback : str
            Of an unexpected error.
        """
        paths = [case.image_path] if isinstance(case, Sample) else []
        if isinstance(error, RadiomicsMammoError):
            cause, remedy = error.cause, error.remedy
            paths = [str(error.path or ""), case.mask_path if isinstance(case, Sample) else "", *paths]
        elif isinstance(error, MemoryError):
            cause = f"not enough memory for its pixels ({error})" if str(error) else "not enough memory"
            remedy = "Use fewer --workers or a machine with more memory."
        elif isinstance(error, OSError):
            cause, remedy = f"the file cannot be read ({error})", "Check the disk and the file's permissions."
            paths = [str(getattr(error, "filename", None) or ""), *paths]
        else:
            cause = f"an unexpected error: {' '.join(str(error).split())[:_LONGEST_CAUSE] or type(error).__name__}"
            remedy = "Check its image and its mask. The log has the traceback; please report it."
        path = next(filter(None, paths), "")
        return cls(case.case_id, case.patient_id, stage, type(error).__name__, path, cause, remedy, traceback)


@dataclass(frozen=True, slots=True, eq=False)
class RoiBatch:
    """Many regions end to end, the input of every engine.

    Each region lies in its bounding box with a frame of ``pad`` zeros around it, row after row. With
    ``h, w = shapes[r] + 2 * pad``, region r occupies ``levels[starts[r] : starts[r] + h * w]``.

    Attributes
    ----------
    pad : int
        Width of the frame: the largest distance of neighbours.
    shapes : ndarray of int64, shape (n_roi, 2)
        Rows and columns of each box, without the frame.
    starts : ndarray of int64, shape (n_roi + 1,)
        Start of each framed box in ``levels`` and ``shape_mask``.
    levels : ndarray of int32, shape (starts[-1],)
        Grey level from 1 up inside the region, 0 outside.
    shape_mask : ndarray of uint8, shape (starts[-1],)
        1 inside the region of shape.
    value_starts : ndarray of int64, shape (n_roi + 1,)
        Start of each region's intensities in ``values``.
    values : ndarray of float64, shape (value_starts[-1],)
        Intensities of the region's pixels, row by row.
    n_levels : ndarray of int64, shape (n_roi,)
        The highest grey level in each region (pyradiomics' Ng).
    n_distinct : ndarray of int64, shape (n_roi,)
        Number of grey levels that occur in each region.
    spacing : ndarray of float64, shape (n_roi, 2)
        (row, column).
    """

    pad: int
    shapes: NDArray[np.int64]
    starts: NDArray[np.int64]
    levels: NDArray[np.int32]
    shape_mask: NDArray[np.uint8]
    value_starts: NDArray[np.int64]
    values: NDArray[np.float64]
    n_levels: NDArray[np.int64]
    n_distinct: NDArray[np.int64]
    spacing: NDArray[np.float64]

    @property
    def n_roi(self) -> int:
        """Return the number of regions."""
        return len(self.shapes)
