"""The comparison as the page shows it: the models, their curves, and resampling; then what the tables say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients
from radiomics_mammo.evaluation.metrics.metrics import METRICS, Metric
from radiomics_mammo.evaluation.metrics.precision_recall import precision_recall
from radiomics_mammo.evaluation.metrics.roc import roc
from radiomics_mammo.evaluation.training.registry import REFERENCE_MODEL, is_baseline
from radiomics_mammo.reports.components import wording
from radiomics_mammo.reports.components.model_names import MOST, READING, marked, shown
from radiomics_mammo.reports.components.page import Estimate, Figure, PagePart, ReportTable
from radiomics_mammo.reports.components.tables import resampling_table
from radiomics_mammo.reports.figures.curves import CurveLine, precision_recall_figure, roc_figure
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure
from radiomics_mammo.reports.sections.results import result_sections
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_SLOPE = "calibration_slope"
_BAND_DRAWS = 500  # of the bands, which are drawings; the intervals in the table have them all


def comparison_section(run: Run, results: Results) -> PagePart:
    """Put the models, their curves, the resampled twins, and all that the run has tables for together.

    Parameters
    ----------
    run : Run
    results : Results
        A part is there where its table is.
    """
    parts = (_models(run, results), _curves(run), _resampling(run, results.uncalibrated))
    return PagePart(
        "comparison",
        "The comparison",
        parts=[*(part for part in parts if part is not None), *result_sections(run, results)],
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


def _models(run: Run, results: Results) -> PagePart:
    info = run.info
    mean_p = run.predictions.groupby("model")["p"].mean()
    said = wording.calibration(
        run.summary,
        best=info.best,
        titles=info.candidates,
        mean_p=float(mean_p.get(info.best, np.nan)),
        share=info.positives / info.units,
    )
    caption = (
        "The dot is the AUROC of the out-of-fold predictions, the line its 95% interval; the best model is a square"
    )
    caption += ", baselines are open circles."
    caption += "" if results.test_summary is None else " Open diamonds: the same models on held-out patients."
    return PagePart(
        "models",
        "The models side by side",
        [said] if said else [],
        figures=[Figure(_forest(run, results.test_summary), caption, name="auroc-forest")],
        tables=[_table(run, mean_p)],
        terms=wording.reading(info.classes, slope=_SLOPE in _shown(run.summary)),
    )


def _table(run: Run, mean_p: pd.Series) -> ReportTable:
    info, titles = run.info, marked(run.info.candidates)
    shown_metrics = _shown(run.summary)
    ranked = sorted(info.candidates, key=lambda name: -wording.pick(run.summary, model=name, metric="auroc")["value"])
    rows: list[Sequence[str | Estimate]] = [
        [
            f"{titles[name]}{' (best AUROC)' if name == info.best else ''}",
            *estimates(run.summary, name),
            f"{mean_p[name]:.3f}",
        ]
        for name in ranked
    ]
    return ReportTable(
        f"Out-of-fold values with 95% intervals, by AUROC. {wording.better(slope=_SLOPE in shown_metrics)} The last "
        "column is the mean predicted probability",
        ["Model", *(metric.heading for metric in shown_metrics.values()), "Mean probability"],
        rows,
        marks=["best" if name == info.best else "baseline" if is_baseline(name) else "" for name in ranked],
        name="models",
    )


def _forest(run: Run, tested: pd.DataFrame | None) -> Markup:
    info = run.info
    rows = sorted(_aurocs(run.summary, info), key=lambda row: -row.value)
    lines = {"Guessing": 0.5}
    if REFERENCE_MODEL in info.candidates:
        lines[info.candidates[REFERENCE_MODEL]] = wording.pick(run.summary, model=REFERENCE_MODEL, metric="auroc")[
            "value"
        ]
    return forest_figure(
        rows,
        name="forest",
        what="AUROC, with 95% intervals",
        lines=lines,
        second=[] if tested is None else _aurocs(tested, info),
        kinds=("Out of fold", "On held-out patients"),
        note=_note(info),
    )


def _aurocs(summary: pd.DataFrame, info: RunInfo) -> list[ForestRow]:
    there = set(summary.loc[summary["metric"] == "auroc", "model"])
    found = []
    for name, title in info.candidates.items():
        if name in there:
            mark = "best" if name == info.best else "baseline" if is_baseline(name) else ""
            found.append(ForestRow(title, **wording.pick(summary, model=name, metric="auroc"), mark=mark))
    return found


def _shown(summary: pd.DataFrame) -> dict[str, Metric]:
    """Metrics for the narrow tables; an older run may lack some."""
    there = set(summary["metric"])
    return {name: metric for name, metric in METRICS.items() if metric.shown and name in there}


def _resampling(run: Run, uncalibrated: pd.DataFrame | None) -> PagePart | None:
    table, info = run.differences, run.info
    if table.empty:
        return None
    slope = _SLOPE in set(table["metric"])
    caption = (
        "Each resampled model minus the same model without resampling, on the same draws of patients. A negative Brier "
        "difference is an improvement."
        + (" A difference in slope is no gain in itself: nearer 1 is better." if slope else "")
        + " No gain: none shown; a wide interval does not show that there is none"
    )
    after = _as_trained(uncalibrated, info)
    text = ["Resampling shifts the probabilities, and calibration puts them back: all other figures here are after it."]
    return PagePart(
        "resampling",
        "Does resampling help?",
        text if after else [],
        tables=[_differences(table, info, caption), *([after] if after else [])],
    )


def _differences(table: pd.DataFrame, info: RunInfo, caption: str) -> ReportTable:
    page_table = resampling_table(table, info.candidates, caption=caption)
    verdicts = [
        wording.called(own[own["metric"] == "auroc"]) for _, own in table.groupby(["model", "against"], sort=False)
    ]
    return ReportTable(
        caption,
        [*page_table.headings, "In AUROC"],
        [[*row, verdict] for row, verdict in zip(page_table.rows, verdicts, strict=True)],
        words=["In AUROC"],
    )


def _as_trained(table: pd.DataFrame | None, info: RunInfo) -> ReportTable | None:
    """Show what resampling does to the probabilities of the twins before they are calibrated."""
    if table is None:
        return None
    # Empty cells come back from CSV as NaN.
    between = table[(table["against"].fillna("") != "") & table["metric"].isin(("brier", _SLOPE))]
    if between.empty:
        return None
    caption = "The same differences as trained, before calibration, with 95% intervals"
    return resampling_table(between, info.candidates, caption=caption)


def _curves(run: Run) -> PagePart:
    info, y = run.info, outcome(run)
    group = pd.factorize(run.cases["patient_id"])[0].astype(np.int64)
    draws = min(_BAND_DRAWS, int(info.command["bootstrap"]))
    counts = draw_patients(int(group.max()) + 1, draws=draws, seed=info.seeds["bootstrap"])
    wide = run.predictions.pivot(index=["model", "repeat"], columns="case_id", values="p")[run.cases["case_id"]]
    value = {
        metric: {name: wording.pick(run.summary, model=name, metric=metric)["value"] for name in info.candidates}
        for metric in ("auroc", "average_precision")
    }
    rocs: list[CurveLine] = []
    precisions: list[CurveLine] = []
    for name in shown(info.candidates, auroc=value["auroc"], best=info.best, always=(REFERENCE_MODEL,)):
        title, p, drawn = info.candidates[name], wide.loc[name].to_numpy(np.float64), counts if not rocs else None
        r, reads = roc(y, p, group, counts=drawn), name == READING
        rocs.append(CurveLine(title, r.fpr, r.tpr, r.low, r.high, value["auroc"][name], reads))
        c = precision_recall(y, p, group, counts=drawn)
        precisions.append(
            CurveLine(title, c.recall, c.precision, c.low, c.high, value["average_precision"][name], reads)
        )
    drawings = _drawings(run, rocs, precisions, float(y.mean()))
    return PagePart("curves", "ROC and precision-recall curves", figures=drawings)


def _drawings(run: Run, rocs: list[CurveLine], precisions: list[CurveLine], share: float) -> list[Figure]:
    note, drawn = _note(run.info), _drawn(run.info)
    of = "averaged over repeats at fixed"
    band = f"the band is the pointwise 95% interval of the model named first. {drawn}".strip()
    return [
        Figure(
            roc_figure(rocs, note=note),
            f"ROC curves of the out-of-fold predictions, {of} false positive rates; {band}",
            name="roc",
        ),
        Figure(
            precision_recall_figure(precisions, share=share, note=note),
            f"Precision-recall curves of the same predictions, {of} recalls; {band} The grey line is the share of "
            f"{run.info.classes[1]}, which guessing gives.",
            name="precision-recall",
        ),
    ]


def _drawn(info: RunInfo) -> str:
    """Say which curves are there, and whose the dashed one is."""
    several = f"Of {len(info.candidates)} models the best are drawn." if len(info.candidates) > MOST else ""
    readers = (
        f"Dashed, in the colour of the text: {info.candidates[READING]}, which no model was given."
        if READING in info.candidates
        else ""
    )
    return f"{several} {readers}".strip()


def _note(info: RunInfo) -> str:
    return "phantom" if info.phantom else ""
