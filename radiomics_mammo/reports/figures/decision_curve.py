"""Decision curves: net benefit over the threshold probability."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.reports.figures.svg import DASHES, INK, PALETTE, canvas, noted, to_svg

ALL, NONE = "treat all", "treat none"
_GREY = "#8c8c8c"
_COLOURS = tuple(colour for colour in PALETTE if colour != _GREY)  # grey is for treat all and treat none
_STYLES = tuple(style for style in DASHES if style != ":")
_FLOOR = -0.25  # of the axis, as a share of the highest net benefit: lower values are cut off


def decision_figure(
    curves: pd.DataFrame, *, titles: Mapping[str, str], radiologists: str = "", note: str = ""
) -> Markup:
    """Draw the decision curves of some models, the first with its band."""
    by_model = {str(name): part for name, part in curves.groupby("model", sort=False)}
    top = max(float(by_model[name]["net_benefit"].max()) for name in titles)
    with canvas(4.6, 5.2) as figure:
        axes = figure.add_subplot()
        for i, (name, title) in reversed(list(enumerate(titles.items()))):
            colour, part = INK if name == radiologists else _COLOURS[i % len(_COLOURS)], by_model[name]
            if i == 0 and part["low"].notna().any():
                axes.fill_between(part["threshold"], part["low"], part["high"], color=colour, alpha=0.2, linewidth=0)
            axes.plot(
                part["threshold"],
                part["net_benefit"],
                color=colour,
                linestyle=_STYLES[i % len(_STYLES)],
                linewidth=2.2 if i == 0 else 1.4,
                label=title,
            )
        for name, title, style in ((NONE, "Treat none", "-"), (ALL, "Treat all", ":")):
            if name in by_model:
                part = by_model[name]
                axes.plot(part["threshold"], part["net_benefit"], color=_GREY, linestyle=style, label=title)
        axes.set(xlim=(0, float(curves["threshold"].max())), ylim=(_FLOOR * max(top, 1e-3), 1.1 * max(top, 1e-3)))
        axes.set(xlabel="Threshold probability", ylabel="Net benefit")
        handles, labels = axes.get_legend_handles_labels()
        order = [*range(len(titles) - 1, -1, -1), *range(len(titles), len(labels))]
        figure.legend([handles[i] for i in order], [labels[i] for i in order], loc="outside lower center", fontsize=9.5)
        if note:
            axes.text(0.98, 0.95, note, ha="right", color=INK, fontsize=10, transform=axes.transAxes)
        return to_svg(
            figure,
            name="decision",
            alt=f"{noted('Decision curves', note)} of {'; '.join(titles.values())}, with treat all and treat none.",
        )
