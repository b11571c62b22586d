"""ROC curves of all models in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from radiomics_mammo.explain.svg import DASHES, INK, PALETTE, canvas, to_svg

Floats = NDArray[np.float64]

_READING = (0, (4, 3))


@dataclass(frozen=True, slots=True, eq=False)
class RocLine:
    """One model's curve.

    Attributes
    ----------
    title : str
    fpr, tpr, low, high : ndarray of float64, shape (n_points,)
        NaN in ``low`` and ``high`` draws no band.
    auroc : float
    reading : bool
        Whether it is the radiologists' own reading: dashed, in the ink of the page.
    """

    title: str
    fpr: Floats
    tpr: Floats
    low: Floats
    high: Floats
    auroc: float
    reading: bool = False


def roc_figure(lines: Sequence[RocLine], *, note: str = "") -> Markup:
    """Draw sensitivity over 1 - specificity; colour and dash both tell the models apart.

    Parameters
    ----------
    lines : sequence of RocLine
        The first is drawn on top, with its band.
    note : str
        Written into the figure (``phantom``, say).
    """
    with canvas(4.6, 5.5) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="#8c8c8c", linewidth=0.8)
        for i, line in reversed(list(enumerate(lines))):
            colour = INK if line.reading else PALETTE[i % len(PALETTE)]
            if not np.isnan(line.low).all():
                axes.fill_between(line.fpr, line.low, line.high, color=colour, alpha=0.2, linewidth=0)
            axes.plot(
                line.fpr,
                line.tpr,
                color=colour,
                linestyle=_READING if line.reading else DASHES[i % len(DASHES)],
                linewidth=2.2 if i == 0 else 1.4,
                label=f"{line.title}: {line.auroc:.3f}",
            )
        axes.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
        axes.set(xlabel="1 − specificity", ylabel="Sensitivity")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside lower center", title="AUROC", fontsize=9.5)
        if note:
            axes.text(0.98, 0.03, note, ha="right", color=INK, fontsize=10, transform=axes.transAxes)
        said = "; ".join(f"{line.title} {line.auroc:.3f}" for line in lines)
        return to_svg(figure, name="roc", alt=f"ROC curves of out-of-fold predictions{_said(note)}. AUROC: {said}.")


def _said(note: str) -> str:
    return f" ({note})" if note else ""
