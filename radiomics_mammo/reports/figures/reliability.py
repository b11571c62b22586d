"""Reliability diagram: observed frequency over predicted probability, in bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.reports.figures.svg import INK, PALETTE, canvas, noted, to_svg

_MARKS = ("o", "s", "^", "D")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """One model's bins: a title, and a table with predicted, observed, low and high."""

    title: str
    bins: pd.DataFrame


def reliability_figure(models: Sequence[Calibration], *, note: str = "") -> Markup:
    """Draw observed frequency over mean predicted probability."""
    with canvas(4.6, 5.2) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="#8c8c8c", linewidth=0.8)
        for i, each in reversed(list(enumerate(models))):
            _draw(axes, each, colour=PALETTE[i % len(PALETTE)], mark=_MARKS[i % len(_MARKS)], first=i == 0)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set(xlabel="Predicted probability", ylabel="Observed frequency")
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside lower center", fontsize=9.5)
        if note:
            axes.text(0.98, 0.03, note, ha="right", color=INK, fontsize=10, transform=axes.transAxes)
        first = models[0].bins
        pairs = zip(first["predicted"], first["observed"], strict=True)
        listed = ", ".join(f"predicted {predicted:.2f}, observed {observed:.2f}" for predicted, observed in pairs)
        return to_svg(figure, name="reliability", alt=f"{noted('Reliability', note)} of {models[0].title}: {listed}.")


def _draw(axes: object, each: Calibration, *, colour: str, mark: str, first: bool) -> None:
    bins = each.bins
    if first:
        axes.vlines(bins["predicted"], bins["low"], bins["high"], color=colour, linewidth=1.2)  # type: ignore[attr-defined]
    axes.plot(  # type: ignore[attr-defined]
        bins["predicted"],
        bins["observed"],
        color=colour,
        marker=mark,
        markersize=6 if first else 4,
        linewidth=1.6 if first else 1.0,
        linestyle="-" if first else "--",
        label=each.title,
    )
