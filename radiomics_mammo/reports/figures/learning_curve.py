"""Learning curves of a dense head: loss, AUROC and accuracy over epochs, one line a fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.reports.figures.svg import INK, PALETTE, canvas, noted, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEYS = ["repeat", "fold", "inner"]
"""Columns that identify one training."""

FIGURES = {"loss": "Loss", "auroc": "AUROC", "accuracy": "Accuracy"}
_PARTS = {"training": (PALETTE[5], "-"), "validation": (PALETTE[1], "--")}
_MANY = 12  # trainings whose lines are drawn as an image, which stays small


def learning_figure(curves: pd.DataFrame, *, title: str, name: str, note: str = "") -> Markup:
    """Draw the curves of one model, with a point at the chosen number of epochs."""
    n = len(curves[KEYS].drop_duplicates())
    with canvas(4.8, 7.4) as figure:
        for axes, (column, word) in zip(figure.subplots(3, 1, sharex=True), FIGURES.items(), strict=True):
            for part, subset in curves.groupby("part", sort=False):
                _draw(axes, subset, column, str(part), as_image=n > _MANY)
            axes.set_ylabel(word)
        axes.set_xlabel("Epoch")
        figure.axes[0].set_title(noted(title, note), fontsize=10, loc="left")
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9.5)
        return to_svg(figure, name=name, alt=_alt(curves, title, n, note))


def at_chosen(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the chosen epoch."""
    return curves[curves["epoch"] == curves["chosen"]]


def _draw(axes: Axes, subset: pd.DataFrame, column: str, part: str, *, as_image: bool) -> None:
    colour, style = _PARTS.get(part, (INK, ":"))
    for i, (_, line) in enumerate(subset.groupby(KEYS, sort=False)):
        axes.plot(
            line["epoch"],
            line[column],
            color=colour,
            linestyle=style,
            linewidth=1.0,
            alpha=0.75,
            label=part if i == 0 else None,
            rasterized=as_image,
        )
    if part == "validation":
        best = at_chosen(subset)
        axes.plot(best["epoch"], best[column], "o", color=INK, markersize=3.5, label="chosen", rasterized=as_image)


def _alt(curves: pd.DataFrame, title: str, n: int, note: str) -> str:
    best = at_chosen(curves)
    means = []
    for part, subset in best.groupby("part", sort=False):
        values = ", ".join(f"{word} {subset[column].mean():.3f}" for column, word in FIGURES.items())
        means.append(f"{part}: {values}")
    epochs = best["chosen"]
    reach = f"{epochs.min():.0f} to {epochs.max():.0f}" if len(epochs) else "none"
    return (
        f"{noted('Learning curves', note)} of {title}, {n} trainings. Chosen epochs {reach}. "
        f"Means at the chosen epoch: {'; '.join(means)}."
    )
