"""The comparison as the page shows it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from radiomics_mammo.explain import wording
from radiomics_mammo.explain.arms import MOST, READING, is_baseline, shown
from radiomics_mammo.explain.page import ComparisonPart, DifferenceRow, Estimate, ModelRow, Sheet
from radiomics_mammo.explain.roc_figure import RocLine, roc_figure
from radiomics_mammo.explain.sheets import twins_sheet
from radiomics_mammo.models import HEADLINE
from radiomics_mammo.models.run.runfolder import Run
from radiomics_mammo.models.run.runinfo import RunInfo
from radiomics_mammo.models.statistics.bootstrap import draw_people
from radiomics_mammo.models.statistics.metrics import METRICS, Metric
from radiomics_mammo.models.statistics.roc import roc

_SLOPE = "calibration_slope"
_BAND_DRAWS = 500  # of the ROC band, which is a drawing; the intervals in the table have them all


def comparison_part(run: Run, *, as_trained: pd.DataFrame | None = None) -> ComparisonPart:
    """Put the tables of the models, of the resampled twins, and the ROC figure together.

    Parameters
    ----------
    run : Run
    as_trained : pandas.DataFrame, optional
        Columns model, against, metric, value, low, high: metrics of the twins before calibration, ``against`` empty,
        and their paired differences.
    """
    info = run.info
    shown_metrics = _shown(run.summary)
    mean_p = run.predictions.groupby("model")["p"].mean()
    rows = [
        ModelRow(title, estimates(run.summary, name), f"{mean_p[name]:.3f}", name == info.best, is_baseline(name))
        for name, title in info.arms.items()
    ]
    calibration = wording.calibration(
        run.summary,
        best=info.best,
        titles=info.arms,
        mean_p=float(mean_p.get(info.best, np.nan)),
        share=info.positives / info.units,
    )
    return ComparisonPart(
        headings=[metric.heading for metric in shown_metrics.values()],
        models=rows,
        differences=_differences(run),
        calibration=calibration,
        reading=wording.reading(info.classes, slope=_SLOPE in shown_metrics),
        roc=_roc(run),
        drawn=_drawn(info),
        better=wording.better(slope=_SLOPE in shown_metrics),
        better_by="A negative Brier difference is an improvement."
        + (" A difference in slope is no gain in itself: nearer 1 is better." if _SLOPE in shown_metrics else "")
        + " No gain: none shown; a wide interval does not show that there is none.",
        as_trained=_as_trained(as_trained, info),
    )


def outcome(run: Run) -> NDArray[np.int8]:
    """Give the labels in the order of ``run.cases``."""
    known = run.predictions.drop_duplicates("case_id").set_index("case_id")["y"]
    return np.asarray(known.loc[run.cases["case_id"]], dtype=np.int8)


def estimates(summary: pd.DataFrame, model: str) -> list[Estimate]:
    """Write every metric of a model that the page shows."""
    return [
        wording.estimate(metric.title, wording.pick(summary, model=model, metric=name))
        for name, metric in _shown(summary).items()
    ]


def _shown(summary: pd.DataFrame) -> dict[str, Metric]:
    """Metrics for the narrow tables; an older run may lack some."""
    there = set(summary["metric"])
    return {name: metric for name, metric in METRICS.items() if metric.shown and name in there}


def _differences(run: Run) -> list[DifferenceRow]:
    table, titles = run.differences, run.info.arms
    rows = []
    for model, against in table[["model", "against"]].drop_duplicates().itertuples(index=False):
        own = table[(table["model"] == model) & (table["against"] == against)]
        rows.append(
            DifferenceRow(
                f"{titles[model]} minus {titles[against]}",
                [
                    wording.estimate(metric.title, wording.pick(own, metric=name), signed=True)
                    for name, metric in _shown(own).items()
                ],
                wording.called(own[own["metric"] == "auroc"]),
            )
        )
    return rows


def _as_trained(table: pd.DataFrame | None, info: RunInfo) -> Sheet | None:
    """Show what resampling does to the probabilities of the twins before they are calibrated."""
    if table is None:
        return None
    # Empty cells come back from CSV as NaN.
    between = table[(table["against"].fillna("") != "") & table["metric"].isin(("brier", _SLOPE))]
    if between.empty:
        return None
    caption = "The same differences as trained, before calibration, with 95% intervals"
    return twins_sheet(between, info.arms, caption=caption)


def _drawn(info: RunInfo) -> str:
    """Say which curves are there, and whose the dashed one is."""
    several = f"Of {len(info.arms)} models the best are drawn." if len(info.arms) > MOST else ""
    readers = (
        f"Dashed, in the colour of the text: {info.arms[READING]}, which no model was given."
        if READING in info.arms
        else ""
    )
    return f"{several} {readers}".strip()


def _roc(run: Run) -> Markup:
    info, y = run.info, outcome(run)
    group, _ = pd.factorize(run.cases["patient_id"])
    group = group.astype(np.int64)
    draws = min(_BAND_DRAWS, int(info.command["bootstrap"]))
    counts = draw_people(int(group.max()) + 1, draws=draws, seed=info.seeds["bootstrap"])
    wide = run.predictions.pivot(index=["model", "repeat"], columns="case_id", values="p")
    wide = wide[run.cases["case_id"]]
    auroc = {name: wording.pick(run.summary, model=name, metric="auroc")["value"] for name in info.arms}
    lines: list[RocLine] = []
    for name in shown(info.arms, auroc=auroc, best=info.best, always=(HEADLINE,)):
        found = roc(y, wide.loc[name].to_numpy(np.float64), group, counts=counts if not lines else None)
        lines.append(
            RocLine(info.arms[name], found.fpr, found.tpr, found.low, found.high, auroc[name], name == READING)
        )
    return roc_figure(lines, note="phantom" if info.phantom else "")
