"""Records of a feature and of a feature family, listed literally in each family's ``FAMILY``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch
from radiomics_mammo.compute.reductions import Array, mean_over_angles
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings

Formula = Callable[[Any, ModuleType], Array]


class Documented:
    """A record whose ``formula`` is a function with such a docstring."""

    __slots__ = ()
    formula: Callable[..., Any]

    @property
    def formula_text(self) -> str:
        """The formula as text: the docstring's first paragraph without its verb."""
        text = _paragraphs(self.formula)[0].removeprefix("Compute ")
        first = text.partition(" ")[0]
        return text[:1].upper() + text[1:] if len(first) > 1 and first.isascii() and first.isalpha() else text

    @property
    def meaning(self) -> str:
        """The meaning on a mammogram: the rest of the docstring."""
        return " ".join(_paragraphs(self.formula)[1:])


def _paragraphs(formula: Callable[..., Any]) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(formula) or "").split("\n\n")]


@dataclass(frozen=True, slots=True)
class Feature(Documented):
    """One column of the table.

    Attributes
    ----------
    formula : callable
        ``f(terms, xp) -> ndarray of float64, shape (n_roi,)``, or (n_roi, n_angle) in a family that is
        ``per_angle``. Its docstring is ``Compute``, the formula, and in a second paragraph the meaning on a mammogram.
    ibsi : str
        Code in the IBSI reference manual, empty where it has none.
    unit : str
        ``1`` for a ratio, ``grey`` intensity of the image, ``level`` after discretisation, ``px``, ``mm``.
    undefined : str
        When the value is null; empty for never.
    remark : str
        Where pyradiomics departs from IBSI, or this package from pyradiomics.
    """

    name: str
    formula: Formula
    ibsi: str
    unit: str
    range: str
    undefined: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A group of features that share one set of statistics.

    Attributes
    ----------
    features : tuple of Feature
        In pyradiomics' order (alphabetical by the names of its methods).
    optional : tuple of Feature
        Measured only where a recipe names them; their columns follow the others of the family.
    cpu : callable
        ``statistics(batch, settings) -> stats`` of the cpu engine.
    cuda : callable
        The same for the cuda engine, on arrays of the device.
    footprint : callable
        ``footprint(framed, width, settings) -> bytes``: how much of the device's memory ``cuda`` and the formulas take
        for regions of so many framed pixels (ndarray of int64) in a batch whose arrays by level have ``width`` entries.
    derive : callable
        ``derive(stats, xp) -> terms``: what several formulas need, computed once; runs on every engine.
    per_angle : bool
        The formulas give a value for each angle, of which the feature is the mean.
    """

    name: str
    title: str
    features: tuple[Feature, ...]
    cpu: Callable[[RoiBatch, Settings], Any]
    cuda: Callable[[DeviceBatch, Settings], Any]
    footprint: Callable[[NDArray[np.int64], int, Settings], NDArray[np.int64]]
    derive: Callable[[Any, ModuleType], Any]
    optional: tuple[Feature, ...] = ()
    per_angle: bool = False

    def chosen(self, wanted: Sequence[str]) -> tuple[Feature, ...]:
        """Return the wanted features in the order of the columns."""
        return tuple(f for f in (*self.features, *self.optional) if f.name in wanted) if wanted else self.features

    def values(self, stats: Any, *, wanted: Sequence[str], xp: ModuleType) -> Array:
        """Compute the wanted features (all if none is named), shape (n_features, n_roi)."""
        terms = self.derive(stats, xp)
        formulas = [f.formula for f in self.chosen(wanted)]
        first = formulas[0](terms, xp)
        rows = xp.empty((len(formulas), *first.shape))  # stacking two dozen small arrays costs more than filling one
        rows[0] = first
        for k, formula in enumerate(formulas[1:], start=1):
            rows[k] = formula(terms, xp)
        return mean_over_angles(rows, xp=xp) if self.per_angle else rows
