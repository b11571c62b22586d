"""Position of a picture's pixels in the patient, as its header states it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Place of one plane of pixels, in DICOM's axes (left, posterior, superior), in millimetres.

    Attributes
    ----------
    origin : tuple of float
        Centre of the first pixel.
    down, across : tuple of float
        Step to the next row, and to the next column.
    thickness : float
        Of the slice; infinite for a two-dimensional file, which states no position along its normal.
    stated : bool
        False where a file has a header and it says nothing: origin 0, spacing 1, no rotation.
    """

    origin: tuple[float, ...]
    down: tuple[float, ...]
    across: tuple[float, ...]
    thickness: float = np.inf
    stated: bool = True

    @classmethod
    def of_slice(
        cls, origin: Sequence[float], direction: Sequence[float], spacing: Sequence[float], *, normal: int = 2
    ) -> Self:
        """Return the place of a two-dimensional image, or of a volume of one slice, from SimpleITK's numbers.

        Parameters
        ----------
        origin, direction, spacing : sequence of float
            ``GetOrigin()``, ``GetDirection()``, ``GetSpacing()``: of two or three axes, x first.
        normal : int
            The axis (0 is x) of which the volume has one slice; for three axes.
        """
        axes = len(spacing)
        steps = np.zeros((3, 3))
        steps[:axes, :axes] = np.reshape(direction, (axes, axes)) * np.asarray(spacing)
        place = np.zeros(3)
        place[:axes] = origin
        across, down = (axis for axis in range(3) if axis != normal)
        plain = not place.any() and np.array_equal(steps[:axes, :axes], np.eye(axes))
        return cls(
            _triple(place),
            _triple(steps[:, down]),
            _triple(steps[:, across]),
            float(np.linalg.norm(steps[:, normal])) if axes == 3 else np.inf,
            stated=not plain,
        )

    def index_of(self, other: Geometry) -> tuple[Floats, float]:
        """Compute where another picture's pixels lie in this one.

        Returns
        -------
        affine : ndarray of float64, shape (2, 3)
            (row, column) here is ``affine @ (row, column, 1)`` there.
        off_plane : float
            Largest distance of the other's first pixel and unit steps from this plane, in millimetres.
        """
        steps = np.column_stack([self.down, self.across])
        there = np.column_stack([other.down, other.across, np.subtract(other.origin, self.origin)])
        affine = np.linalg.lstsq(steps, there, rcond=None)[0]
        flat = not (np.isfinite(self.thickness) and np.isfinite(other.thickness))
        residual = there - steps @ affine
        return affine, float(np.abs(residual[:, : 2 if flat else 3]).max())


def _triple(values: Floats) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
