"""Records of a parenchymal measure and of the breast that it is computed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Sample
from radiomics_mammo.features.base import Documented


@dataclass(frozen=True, slots=True, eq=False)
class Breast:
    """A breast in its box, chest wall at the left edge.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
        Intensities, any integer or floating dtype.
    mask : ndarray of bool, shape (rows, columns)
        The breast, without muscle and implant.
    interior : ndarray of bool, shape (rows, columns)
        The part of ``mask`` that is not in the band under the skin.
    spacing : tuple of float or None
        Millimetres (row, column); None is "unknown, in pixels".
    tissue : ndarray of bool, shape (rows, columns), optional
        The breast with muscle and implant, which are not background; None for a region that is not a whole breast.
    """

    values: NDArray[Any]
    mask: NDArray[np.bool_]
    interior: NDArray[np.bool_]
    spacing: tuple[float, float] | None
    tissue: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, sample: Sample, *, values: NDArray[Any] | None = None) -> Breast:
        """Return the breast of a sample, without muscle and implant.

        A region that is not a whole breast is taken as it is, all of it interior.
        """
        values = sample.image if values is None else values
        if sample.marks is None:
            return cls(values, sample.mask, sample.mask, sample.spacing)
        mask, interior, tissue = sample.mask, sample.marks.interior, sample.mask
        for other in (sample.marks.pectoral, sample.marks.implant):
            if other is not None:
                mask, interior, tissue = mask & ~other, interior & ~other, tissue | other
        return cls(values, mask, interior, sample.spacing, tissue)


@dataclass(frozen=True, slots=True)
class Measure(Documented):
    """One column: ``original_<family>_<name>``.

    Attributes
    ----------
    formula : callable
        ``formula(terms) -> float``, with a docstring as :class:`radiomics_mammo.features.base.Feature` describes it.
    unit, range, undefined, remark : str
        As in :class:`radiomics_mammo.features.base.Feature`.
    source : str
        The paper.
    """

    name: str
    formula: Callable[[Any], float]
    unit: str
    range: str
    source: str
    undefined: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class MeasureFamily:
    """Measures that share what is derived from a breast.

    Attributes
    ----------
    derive : callable
        ``derive(breast) -> terms``.
    """

    name: str
    title: str
    measures: tuple[Measure, ...]
    derive: Callable[[Breast], Any]
