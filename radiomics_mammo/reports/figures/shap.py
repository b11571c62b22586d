"""Beeswarm, bars and rank stability of held-out SHAP values, feature by feature."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from radiomics_mammo.evaluation.training.estimators.shap_library import load_shap
from radiomics_mammo.reports.figures.svg import INK, PALETTE, canvas, noted, shortened, to_svg
from radiomics_mammo.tables.feature_table import feature_parts, is_feature_name

TOP = 15
_LINE = 22  # characters that a label may have before its name is broken


def short_name(feature: str) -> str:
    """Format a feature's name on two lines of about equal length, with its family and filter."""
    if not is_feature_name(feature):
        return feature
    source, family, name = feature_parts(feature)
    kind = family if source == "original" else f"{family}, {source}"
    if len(name) <= _LINE:
        return f"{name}\n{kind}"
    words = re.findall(r"[A-Z]?[^A-Z]+|[A-Z]+(?![a-z])", name)
    lengths = np.cumsum([len(word) for word in words])
    cut = int(np.argmin(np.abs(lengths[:-1] - len(name) / 2))) + 1 if len(words) > 1 else 1
    return f"{''.join(words[:cut])}\n{''.join(words[cut:])} ({kind})"


def beeswarm_figure(
    contributions: pd.DataFrame, values: pd.DataFrame, *, unit: str, classes: Sequence[str], note: str = ""
) -> Markup:
    """Draw one point for each held-out case and feature, with the beeswarm plot of shap.

    The values are in the order of the contributions; null, or no column, is grey.
    """
    shap = load_shap()
    names = list(contributions.columns[:TOP])
    explanation = shap.Explanation(
        values=contributions[names].to_numpy(dtype=np.float64),
        data=values.reindex(columns=names).to_numpy(dtype=np.float64),
        feature_names=[short_name(name) for name in names],
    )
    with canvas(4.9, 1.5 + 0.4 * len(names)) as figure, _seeded(), warnings.catch_warnings():
        # A feature without any value has no percentiles to colour by, and is grey.
        warnings.filterwarnings("ignore", message="All-NaN slice", category=RuntimeWarning)
        axes = figure.add_subplot()
        shap.plots.beeswarm(
            explanation,
            max_display=len(names),
            order=np.arange(len(names)),
            ax=axes,
            plot_size=None,
            show=False,
            color_bar=False,  # shap's would use pyplot's current figure
            axis_color=INK,
            s=9,
            group_remaining_features=False,
        )
        rasterise(axes)
        label_rows(axes)
        sides = f"← {shortened(classes[0], _LINE)} | {shortened(classes[1], _LINE)} →"
        axes.set_xlabel(f"SHAP value ({unit})\n{sides}", fontsize=10)
        _colour_bar(figure, axes)
        axes.set_title(note, fontsize=10, loc="right")
        alt = f"{noted('Beeswarm of SHAP values on held-out cases', note)}; most important first: {', '.join(names)}."
        return to_svg(figure, name="beeswarm", alt=alt)


def bar_figure(importance: pd.Series, *, unit: str, note: str = "", chance: float = float("nan")) -> Markup:
    """Draw the mean absolute contributions, and the largest by chance as a line."""
    top = importance.iloc[:TOP]
    listed = ", ".join(f"{name} {size:.3g}" for name, size in top.items())
    alt = f"{noted('Bars of mean absolute SHAP value on held-out cases', note)}: {listed}."
    if np.isfinite(chance):
        alt += f" A dashed line marks {chance:.3g}, which the largest bar reaches with permuted labels."
    labels = [short_name(str(name)) for name in top.index]
    axis = f"Mean |SHAP value| ({unit})"
    return size_bars(top.to_numpy(), labels, axis=axis, name="bar", alt=alt, note=note, line=chance)


def size_bars(
    sizes: NDArray[np.float64],
    labels: Sequence[str],
    *,
    axis: str,
    name: str,
    alt: str,
    note: str = "",
    line: float = float("nan"),
    ink: int = 0,
) -> Markup:
    """Draw bars with their values behind them, the first on top, and a dashed line."""
    with canvas(4.9, 1.1 + 0.4 * len(sizes)) as figure:
        axes = figure.add_subplot()
        rows = np.arange(len(sizes))[::-1]
        axes.barh(rows, sizes, color=PALETTE[ink], height=0.65)
        for row, size in zip(rows, sizes, strict=True):
            spot: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points"}
            axes.annotate(f"{size:.3g}", (size, row), va="center", fontsize=9, **spot)
        if np.isfinite(line):
            axes.axvline(line, color=PALETTE[1], linestyle="--", linewidth=1.2)
        axes.set_yticks(rows, list(labels))
        axes.margins(x=0.16)
        label_rows(axes)
        axes.set_xlabel(axis, fontsize=10.5, loc="right")
        axes.set_title(note, fontsize=10, loc="right")
        return to_svg(figure, name=name, alt=alt)


def rank_figure(features: pd.DataFrame, *, note: str = "") -> Markup:
    """Draw the mean rank of the leading features, with its standard deviation."""
    top = features.iloc[:TOP]
    with canvas(4.9, 1.1 + 0.4 * len(top)) as figure:
        axes = figure.add_subplot()
        rows = np.arange(len(top))[::-1]
        spread = np.nan_to_num(top["rank_sd"].to_numpy(dtype=np.float64))
        below = np.minimum(spread, top["rank_mean"] - 1)  # no rank is before the first
        axes.errorbar(
            top["rank_mean"],
            rows,
            xerr=[below, spread],
            fmt="o",
            color=PALETTE[0],
            markersize=4.5,
            capsize=2.5,
            linewidth=1.2,
        )
        axes.set_yticks(rows, [short_name(str(name)) for name in top["feature"]])
        axes.set_xlim(left=0.0)
        label_rows(axes)
        axes.set_xlabel(f"Mean rank of {len(features)} ± standard deviation", fontsize=10)
        axes.set_title(note, fontsize=10, loc="right")
        listed = ", ".join(
            f"{name} {mean:.1f} ± {sd:.1f}"
            for name, mean, sd in zip(top["feature"], top["rank_mean"], spread, strict=True)
        )
        alt = f"{noted('Mean rank and standard deviation over folds and repeats', note)}: {listed}."
        return to_svg(figure, name="ranks", alt=alt)


def rasterise(axes: Any) -> None:
    """Draw the points of a figure as an image, which stays small."""
    for drawn in axes.collections:
        drawn.set_rasterized(True)


def label_rows(axes: Any) -> None:
    """Format the labels of a figure with named rows."""
    axes.tick_params(axis="y", labelsize=8.5, length=0)
    axes.tick_params(axis="x", labelsize=9.5)


def _colour_bar(figure: object, axes: object) -> None:
    from matplotlib.cm import ScalarMappable

    bar = figure.colorbar(  # type: ignore[attr-defined]
        ScalarMappable(cmap=load_shap().plots.colors.red_blue), ax=axes, ticks=[0, 1], aspect=60, pad=0.02
    )
    bar.set_ticklabels(["low", "high"])
    bar.set_label("Feature value", size=9.5, labelpad=-8)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9, length=0)


@contextmanager
def _seeded() -> Iterator[None]:
    """Seed shap's jitter, which uses NumPy's global state, and restore the state."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
