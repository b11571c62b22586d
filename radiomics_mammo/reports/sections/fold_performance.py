"""Fold-by-fold performance: the AUROC of every fold and repeat, and its spread."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup
from sklearn.metrics import roc_auc_score

from radiomics_mammo.reports.components.columns import Column, count, number, report_table
from radiomics_mammo.reports.components.model_names import marked, row_mark
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.figures.svg import INK, PALETTE, canvas, noted, shortened, to_svg
from radiomics_mammo.reports.section import ReportInputs

_MAX_LABEL = 38  # characters
_CAPTION = (
    "AUROC of each fold and repeat (dots) and their mean (line), by mean. Folds are small, so their AUROCs vary more "
    "than that of all cases together."
)
_TABLE_CAPTION = (
    "AUROC over the folds of all repeats: mean, standard deviation (SD) and range. Folds share training cases, so the "
    "SD is no standard error of the AUROC"
)
_COLUMNS = (
    Column("Model", "title"),
    Column("Folds", "folds", count),
    Column("Mean", "mean", number),
    Column("SD", "std", number),
    Column("Minimum", "min", number),
    Column("Median", "median", number),
    Column("Maximum", "max", number),
)


def build(inputs: ReportInputs) -> PagePart | None:
    """Build the section; None where no fold has cases of both classes."""
    info, aurocs = inputs.run.info, fold_aurocs(inputs.run.predictions)
    if aurocs.empty:
        return None
    titles = marked(info.candidates)
    table = aurocs.groupby("model")["auroc"].agg(["size", "mean", "std", "min", "median", "max"])
    table = table.rename(columns={"size": "folds"}).sort_values("mean", ascending=False, kind="stable").reset_index()
    svg = _figure(
        [(titles[name], aurocs.loc[aurocs["model"] == name, "auroc"]) for name in table["model"]], inputs.note
    )
    return PagePart(
        figures=[Figure(svg, _CAPTION, name="fold-auroc")],
        tables=[
            report_table(
                table.assign(title=table["model"].map(titles)),
                _COLUMNS,
                _TABLE_CAPTION,
                marks=[row_mark(name, info.best) for name in table["model"]],
                name="fold-performance",
            )
        ],
    )


def fold_aurocs(predictions: pd.DataFrame) -> pd.DataFrame:
    """Compute the AUROC of every model in every fold that has both classes."""
    rows = [
        (*key, roc_auc_score(fold["y"], fold["p"]))
        for key, fold in predictions.groupby(["model", "repeat", "fold"], sort=False)
        if fold["y"].nunique() == 2
    ]
    return pd.DataFrame(rows, columns=["model", "repeat", "fold", "auroc"])


def _figure(models: list[tuple[str, pd.Series]], note: str) -> Markup:
    with canvas(5.4, 1.0 + 0.34 * len(models)) as figure:
        axes = figure.add_subplot()
        for row, (_, aurocs) in enumerate(models):
            offsets = np.linspace(-0.18, 0.18, len(aurocs))  # folds of one AUROC remain visible
            axes.plot(aurocs, -row + offsets, "o", color=PALETTE[0], markersize=3.6, alpha=0.55, markeredgewidth=0)
            axes.vlines(aurocs.mean(), -row - 0.32, -row + 0.32, color=INK, linewidth=1.8)
        axes.axvline(0.5, color=PALETTE[-1], linewidth=0.9, linestyle=":", zorder=0)
        labels = [shortened(title, _MAX_LABEL) for title, _ in models]
        axes.set_yticks([-row for row in range(len(models))], labels, fontsize=9.5)
        axes.set(ylim=(0.6 - len(models), 0.6), xlabel="AUROC of each fold")
        axes.tick_params(axis="y", length=0)
        axes.set_title(note, fontsize=10, loc="right")
        listed = "; ".join(f"{title} {a.mean():.3f} ({a.min():.3f} to {a.max():.3f})" for title, a in models)
        alt = f"{noted('AUROC of each fold', note)}, mean and range: {listed}. Line: chance at 0.5."
        return to_svg(figure, name="folds", alt=alt)
