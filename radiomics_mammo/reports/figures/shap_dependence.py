"""SHAP dependence plots, and heat maps of families and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.explanation.birads_concepts import FAMILY_TITLES
from radiomics_mammo.reports.figures.shap import rasterise, short_name
from radiomics_mammo.reports.figures.svg import INK, PALETTE, canvas, noted, to_svg

SHOWN = 6
"""Features whose dependence is drawn."""
_LEAST = 0.05  # proportion of cases of the second type from which types are coloured
_MOST = 6  # colours that can be distinguished
_INKS = (0, 1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Colours:
    """The variable that colours the points; empty where there is none."""

    title: str
    of: Sequence[str]


def colours(cases: pd.DataFrame, case_ids: Sequence[str]) -> Colours:
    """Select the variable of the colours: type of abnormality, else density."""
    for column, title, least in (
        ("abnormality_type", "Type", _LEAST),
        ("breast_density", "Breast density", 0.0),
        ("density", "Breast density", 0.0),
    ):
        if column in cases.columns:
            column_values = cases.set_index("case_id")[column].loc[list(case_ids)]
            proportions = column_values.value_counts(normalize=True)
            if 2 <= len(proportions) <= _MOST and proportions.iloc[1] >= least:
                return Colours(title, ["" if pd.isna(each) else _text(each) for each in column_values])
    return Colours("", [""] * len(case_ids))


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def dependence_figure(moved: pd.DataFrame, values: pd.DataFrame, by: Colours, *, unit: str, note: str = "") -> Markup:
    """Draw one panel for each feature: its SHAP value over its value.

    The scatter plot of shap needs pyplot's global state; these panels do not. The tables have the same order of cases.
    """
    names = [str(name) for name in moved.columns if name in values.columns][:SHOWN]
    kinds = sorted(set(by.of) - {""})
    of = np.asarray(by.of)
    with canvas(7.4, 0.9 + 2.1 * -(-len(names) // 3)) as figure:
        grid = figure.subplots(-(-len(names) // 3), 3, squeeze=False)
        for axes, name in zip(grid.flat, names, strict=False):
            x, y = values[name].to_numpy(dtype=np.float64), moved[name].to_numpy(dtype=np.float64)
            for kind, ink in ([("", 6)] if kinds else []) + list(zip(kinds or [""], _INKS, strict=False)):
                here = (of == kind) & ~np.isnan(x)
                axes.scatter(x[here], y[here], s=5, color=PALETTE[ink], alpha=0.65, linewidths=0)
            axes.axhline(0, color=INK, linewidth=0.6, linestyle=":")
            rasterise(axes)
            axes.set_xlabel(short_name(name), fontsize=8.5)
            axes.tick_params(labelsize=8)
            axes.xaxis.get_offset_text().set_fontsize(8)
            axes.locator_params(axis="x", nbins=4)
        for axes in grid.flat[len(names) :]:
            axes.set_axis_off()
        figure.supylabel(f"SHAP value ({unit})", fontsize=9.5, color=INK)
        if kinds:
            _legend(figure, by.title, kinds)
        if note:
            figure.suptitle(note, fontsize=10, x=0.98, ha="right", color=INK)
        return to_svg(figure, name="dependence", alt=_trend_note(moved[names], values, by.title, note))


def _legend(figure: object, title: str, kinds: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], linestyle="", marker="o", markersize=5, color=PALETTE[ink], label=kind)
        for kind, ink in zip(kinds, _INKS, strict=False)
    ]
    figure.legend(  # type: ignore[attr-defined]
        handles=marks, title=title, loc="outside lower center", ncols=len(marks), fontsize=9, title_fontsize=9
    )


def _trend_note(moved: pd.DataFrame, values: pd.DataFrame, title: str, note: str) -> str:
    """Return the alternative text: the trend of each panel, by rank correlation."""
    words = [f"{name} {trend(values[name], moved[name])}" for name in moved.columns]
    coloured = f", coloured by {title.lower()}" if title else ""
    return f"{noted(f'SHAP value against value on held-out cases{coloured}', note)}: {'; '.join(words)}."


def trend(value: pd.Series, contribution: pd.Series) -> str:
    """Return ``increases``, ``decreases`` or ``has no trend``."""
    rho = rank_rho(value, contribution)
    if np.isnan(rho) or abs(rho) < CLEAR:
        return "has no trend"
    return "increases" if rho > 0 else "decreases"


CLEAR = 0.3
"""Rank correlation of value and SHAP value from which a trend is stated."""


def rank_rho(value: pd.Series, contribution: pd.Series) -> float:
    """Compute Spearman's coefficient of known pairs; NaN for fewer than three."""
    # By hand: pandas' own warns on constant columns.
    ranks = pd.DataFrame({"v": value.to_numpy(), "c": contribution.to_numpy()}).dropna().rank().to_numpy()
    if len(ranks) < 3 or (np.ptp(ranks, axis=0) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks.T)[0, 1])


def heat_figure(cells: pd.DataFrame, *, unit: str, note: str = "") -> Markup:
    """Draw families by filters; a darker cell has a larger joint importance."""
    grid = cells.pivot(index="family", columns="filter", values="importance")
    grid = grid.loc[grid.max(axis=1).sort_values(ascending=False).index]
    grid = grid[grid.max().sort_values(ascending=False).index]
    with canvas(3.6 + 0.62 * grid.shape[1], 1.9 + 0.34 * grid.shape[0]) as figure:
        axes = figure.add_subplot()
        drawn = axes.imshow(grid.to_numpy(), cmap="cividis_r", vmin=0.0, aspect="auto")
        high = float(np.nanmax(grid.to_numpy()))
        for row, column in np.argwhere(grid.notna().to_numpy()):
            size = float(grid.iloc[row, column])
            dark = size > 0.55 * high
            axes.text(
                column, row, f"{size:.2g}", ha="center", va="center", fontsize=7.5, color="white" if dark else "black"
            )
        axes.set_yticks(range(grid.shape[0]), [FAMILY_TITLES.get(name, name) for name in grid.index], fontsize=8.5)
        axes.set_xticks(range(grid.shape[1]), list(grid.columns), fontsize=8.5, rotation=45, ha="right")
        axes.tick_params(length=0)
        figure.colorbar(drawn, ax=axes, label=f"Mean |sum| ({unit})", pad=0.02)
        axes.set_title(note, fontsize=10, loc="right")
        top = cells.iloc[:8]
        listed = ", ".join(f"{each.family} on {each.filter} {each.importance:.3g}" for each in top.itertuples())
        return to_svg(
            figure, name="cells", alt=f"{noted('Heat map of families and filters', note)}; the largest: {listed}."
        )
