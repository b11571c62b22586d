"""Curves of several models over a unit square: ROC and precision-recall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from radiomics_mammo.reports.figures.svg import DASHES, INK, PALETTE, canvas, noted, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_RADIOLOGISTS = (0, (4, 3))
_GREY = "#8c8c8c"


@dataclass(frozen=True, slots=True, eq=False)
class CurveLine:
    """One model's curve.

    Attributes
    ----------
    x, y, low, high : ndarray of float64, shape (n_points,)
        NaN in ``low`` and ``high`` draws no band.
    radiologists : bool
        Whether it is the radiologists' assessment: dashed, in the colour of the text.
    """

    title: str
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    value: float
    radiologists: bool = False


def roc_figure(lines: Sequence[CurveLine], *, note: str = "") -> Markup:
    """Draw sensitivity over 1 - specificity; the first line is on top, with its band."""
    with canvas(4.6, 5.5) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8)
        _draw(figure, axes, lines, legend="AUROC", note=note)
        axes.set(xlabel="1 − specificity", ylabel="Sensitivity")
        alt = f"{noted('ROC curves of out-of-fold predictions', note)}. AUROC: {_values(lines)}."
        return to_svg(figure, name="roc", alt=alt)


def precision_recall_figure(lines: Sequence[CurveLine], *, prevalence: float, note: str = "") -> Markup:
    """Draw precision over recall, with the prevalence as the line of chance."""
    with canvas(4.6, 5.5) as figure:
        axes = figure.add_subplot()
        axes.axhline(prevalence, color=_GREY, linewidth=0.8)
        _draw(figure, axes, lines, legend="Average precision", note=note)
        axes.set(xlabel="Recall (sensitivity)", ylabel="Precision")
        alt = (
            f"{noted('Precision-recall curves of out-of-fold predictions', note)}; chance gives {prevalence:.3f}. "
            f"Average precision: {_values(lines)}."
        )
        return to_svg(figure, name="pr", alt=alt)


def _draw(figure: Figure, axes: Axes, lines: Sequence[CurveLine], *, legend: str, note: str) -> None:
    for i, line in reversed(list(enumerate(lines))):
        colour = INK if line.radiologists else PALETTE[i % len(PALETTE)]
        if not np.isnan(line.low).all():
            axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(
            line.x,
            line.y,
            color=colour,
            linestyle=_RADIOLOGISTS if line.radiologists else DASHES[i % len(DASHES)],
            linewidth=2.2 if i == 0 else 1.4,
            label=f"{line.title}: {line.value:.3f}",
        )
    axes.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside lower center", title=legend, fontsize=9.5)
    if note:
        axes.text(0.98, 0.03, note, ha="right", color=INK, fontsize=10, transform=axes.transAxes)


def _values(lines: Sequence[CurveLine]) -> str:
    return "; ".join(f"{line.title} {line.value:.3f}" for line in lines)
