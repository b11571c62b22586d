"""Figures of the summary: bars, histograms, a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.metrics.arrays import Floats
from radiomics_mammo.reports.figures.svg import DASHES, INK, PALETTE, canvas, noted, shortened, to_svg

_LETTERS = 24
_BINS = 24
_STRONG = 0.1  # what the matrix's alternative text names


def bars_figure(bars: Sequence[tuple[str, float, str]], *, name: str, title: str, note: str = "") -> Markup:
    """Draw horizontal bars, the first on top: label, length, and what is written at the end."""
    with canvas(4.6, 0.55 + 0.27 * len(bars)) as figure:
        axes = figure.add_subplot()
        places = -np.arange(len(bars), dtype=np.float64)
        axes.barh(places, [length for _, length, _ in bars], height=0.7, color=PALETTE[0], alpha=0.75)
        for place, (_, length, text) in zip(places, bars, strict=True):
            axes.annotate(text, (length, place), (4, 0), textcoords="offset points", va="center", fontsize=9)
        axes.set_yticks(places, [shortened(label, _LETTERS) for label, _, _ in bars], fontsize=9)
        # Long labels leave less room for what is written at the end of the bars.
        reach = 1.4 + 0.02 * max(len(shortened(label, _LETTERS)) for label, _, _ in bars)
        axes.set(xlim=(0, reach * max(length for _, length, _ in bars)), ylim=(0.6 - len(bars), 0.6))
        axes.tick_params(axis="y", length=0)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_title(noted(title, note), fontsize=10.5, loc="left")
        listed = "; ".join(f"{label} {text}" for label, _, text in bars)
        return to_svg(figure, name=name, alt=f"Bars of {noted(title, note)}: {listed}.")


def missing_figure(proportions: pd.DataFrame, *, name: str, by: str, note: str = "") -> Markup:
    """Draw the percentage of missing values of every column, a bar for each level."""
    n = len(proportions.columns)
    height = 0.8 / n
    with canvas(5.4, 1.0 + len(proportions) * max(0.3, 0.17 * n)) as figure:
        axes = figure.add_subplot()
        base = -np.arange(len(proportions), dtype=np.float64)
        for i, level in enumerate(proportions.columns):
            colour, hatch = PALETTE[i % len(PALETTE)], ("", "///", "...", "xxx")[i % 4]
            at = base + 0.4 - height * (i + 0.5)
            label = f"{by} {level}".strip()
            axes.barh(at, proportions[level], height=0.9 * height, color=colour, alpha=0.75, hatch=hatch, label=label)
        axes.set_yticks(base, [shortened(str(column), _LETTERS) for column in proportions.index], fontsize=9)
        axes.set(xlim=(0, 100), ylim=(0.6 - len(proportions), 0.6), xlabel="missing, %")
        axes.tick_params(axis="y", length=0)
        if n > 1:
            figure.legend(loc="outside lower center", fontsize=9, ncols=min(n, 3))
        axes.set_title(note, fontsize=10, loc="right")
        listed = "; ".join(
            f"{column}: " + ", ".join(f"{by} {level} {value:.1f}%".strip() for level, value in row.items())
            for column, row in proportions.iterrows()
        )
        return to_svg(figure, name=name, alt=f"{noted('Share of missing values', note)}. {listed}.")


def histogram_figure(parts: Mapping[str, Floats], *, name: str, what: str, note: str = "") -> Markup:
    """Draw the distribution of a number in several groups, each as shares of its own rows."""
    every = np.concatenate(list(parts.values()))
    whole = bool((every == np.round(every)).all())
    low, high = float(every.min()), float(every.max())
    width = max(1.0, np.ceil((high - low + 1) / _BINS)) if whole else (high - low) / _BINS or 1.0
    edges = np.arange(low - 0.5 * whole, high + width, width)
    with canvas(4.6, 3.0) as figure:
        axes = figure.add_subplot()
        for i, (label, values) in enumerate(parts.items()):
            proportions = 100 * np.histogram(values, edges)[0] / values.size
            line = DASHES[i % len(DASHES)]
            axes.stairs(proportions, edges, color=PALETTE[i % len(PALETTE)], linestyle=line, linewidth=1.6, label=label)
        axes.set(xlabel=what, ylabel="% of the group")
        figure.legend(loc="outside lower center", fontsize=9, ncols=min(len(parts), 2))
        axes.set_title(note, fontsize=10, loc="right")
        listed = "; ".join(
            f"{label}: {values.size:,}, median {np.median(values):g}, middle half {np.quantile(values, 0.25):g} to "
            f"{np.quantile(values, 0.75):g}"
            for label, values in parts.items()
        )
        return to_svg(figure, name=name, alt=f"{noted(f'Distribution of {what}', note)}. {listed}.")


def matrix_figure(v: pd.DataFrame, *, name: str, note: str = "") -> Markup:
    """Draw Cramér's V of every two columns; a cell without a value is empty."""
    n, names = len(v), [str(each) for each in v.index]
    values = v.to_numpy(np.float64)
    known = [(i, j, float(values[i, j])) for i in range(n) for j in range(i) if not np.isnan(values[i, j])]
    with canvas(1.9 + 0.42 * n, 1.5 + 0.36 * n) as figure:
        axes = figure.add_subplot()
        for i, j, value in known:
            # Pale enough for the page's ink on white and on black.
            axes.barh(i, 1.0, height=1.0, left=j - 0.5, color=PALETTE[0], alpha=0.04 + 0.65 * value, linewidth=0)
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=7.5, color=INK)
        axes.set(xlim=(-0.5, n - 1.5), ylim=(n - 0.5, 0.5))
        axes.set_xticks(
            range(n - 1), [shortened(each, _LETTERS) for each in names[:-1]], rotation=60, ha="right", fontsize=8.5
        )
        axes.set_yticks(range(1, n), [shortened(each, _LETTERS) for each in names[1:]], fontsize=8.5)
        axes.tick_params(length=0)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.set_title(note, fontsize=10, loc="right")
        strong = sorted((each for each in known if each[2] >= _STRONG), key=lambda each: -each[2])
        listed = "; ".join(f"{names[i]} and {names[j]} {value:.2f}" for i, j, value in strong)
        return to_svg(figure, name=name, alt=f"{noted('Cramér’s V', note)}, from {_STRONG}: {listed or 'none'}.")
