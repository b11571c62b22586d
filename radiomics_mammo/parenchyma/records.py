"""What a parenchymal measure is, and the breast that it is taken from."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    """

    values: NDArray[Any]
    mask: NDArray[np.bool_]
    interior: NDArray[np.bool_]
    spacing: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One column: ``original_<family>_<name>``.

    Attributes
    ----------
    name : str
        Capitalised, such as ``PercentDensity``.
    formula : callable
        ``formula(terms) -> float`` on what the family derives; the first paragraph of its docstring is the formula,
        the rest what it means on a mammogram, in a radiologist's words.
    unit, range, undefined, remark : str
        As in :class:`radiomics_mammo.families.spec.Feature`.
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

    @property
    def formula_text(self) -> str:
        """The formula as text: the docstring's first paragraph."""
        return self._paragraphs()[0]

    @property
    def meaning(self) -> str:
        """What it means on a mammogram: the rest of the docstring."""
        return " ".join(self._paragraphs()[1:])

    def _paragraphs(self) -> list[str]:
        text = inspect.getdoc(self.formula) or ""
        return [" ".join(p.split()) for p in text.split("\n\n")]


@dataclass(frozen=True, slots=True)
class MeasureFamily:
    """Measures that share what is derived from a breast.

    Attributes
    ----------
    name, title : str
        The feature class, and the name in words.
    measures : tuple of Measure
    derive : callable
        ``derive(breast) -> terms``.
    """

    name: str
    title: str
    measures: tuple[Measure, ...]
    derive: Callable[[Breast], Any]
