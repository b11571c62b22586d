"""Result tables on how the models compare out of fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from radiomics_mammo.evaluation.result_tables.base import ResultTable, TableContext, bounds, number, text

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_mammo.evaluation.cohort.records import Candidate
    from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels

METRIC_COLUMNS = (
    text("model", "model"),
    text("metric", "metric, see METRICS"),
    number("value", "mean over repeats of the metric of pooled predictions", null="the metric is undefined"),
    *bounds(of="95% percentile interval over draws of patients"),
)
DIFFERENCE_COLUMNS = (
    METRIC_COLUMNS[0],
    text("against", "the model that it is compared with"),
    METRIC_COLUMNS[1],
    number("value", "difference, the first minus the second", null="the metric is undefined"),
    *METRIC_COLUMNS[3:],
)
VERDICT_COLUMNS = (
    number("p_holm", "Obuchowski's p-value of the AUROC, Holm-adjusted", null="another metric, or no variance"),
    text("verdict", "of the AUROC: gain, loss, no gain, not known; else empty"),
)
AUROC_COLUMNS = (
    text("model", "model"),
    number("auroc", "AUROC, mean over repeats"),
    *bounds("obuchowski", of="95% interval clustered by patient"),
    *bounds("delong", of="DeLong's 95% interval, too narrow where patients have several units"),
    *bounds("bootstrap", of="95% percentile interval over draws of patients"),
)


def _differences(context: TableContext) -> pd.DataFrame:
    """Compute the differences with and without resampling, with verdicts."""
    import numpy as np

    from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table
    from radiomics_mammo.evaluation.summary import resampling_pairs

    differences, names = context.comparison.differences, context.names
    against = {names[i]: names[j] for i, j in resampling_pairs(context.plan.candidates)}
    if not against:
        return differences.assign(p_holm=np.nan, verdict="")
    units = context.units
    pairs = pair_table(names, units.y, context.outcome.p, units.group, context.plan.fold_of, against=against)
    verdicts = pairs[["model", "against", "p_holm", "verdict"]].assign(metric="auroc")
    joined = differences.merge(verdicts, on=["model", "against", "metric"], how="left")
    return joined.assign(verdict=joined["verdict"].fillna(""))


def _uncalibrated(context: TableContext) -> pd.DataFrame:
    """Compare models with and without resampling by their scores before calibration."""
    import pandas as pd

    from radiomics_mammo.evaluation.summary import compare_candidates, resampling_pairs

    columns = [column.name for column in DIFFERENCE_COLUMNS]
    involved = sorted({i for pair in resampling_pairs(context.plan.candidates) for i in pair})
    if not involved:
        return pd.DataFrame(columns=columns)
    comparison = compare_candidates(
        [context.plan.candidates[i] for i in involved],
        context.units,
        context.outcome.raw[involved],
        draws=context.options.bootstrap,
        seed=context.plan.seed,
        workers=context.options.workers,
    )
    return pd.concat([comparison.summary.assign(against=""), comparison.differences], ignore_index=True)[columns]


def auroc_table(names: Sequence[str], y: Labels, p: Floats, group: Codes, summary: pd.DataFrame) -> pd.DataFrame:
    """Compute Obuchowski's, DeLong's and bootstrap intervals of each AUROC."""
    import pandas as pd

    from radiomics_mammo.evaluation.metrics.auroc_variance import auroc_interval, delong, obuchowski

    bootstrap = summary[summary["metric"] == "auroc"].set_index("model")[["low", "high"]].to_dict("index")
    clustered, independent = obuchowski(y, p, group), delong(y, p)
    rows = []
    for i, name in enumerate(names):
        row: dict[str, str | float] = {"model": name, "auroc": float(clustered.value[i])}
        for method, estimate in (("obuchowski", clustered), ("delong", independent)):
            low, high = auroc_interval(float(estimate.value[i]), float(estimate.covariance[i, i]))
            row |= {f"{method}_low": low, f"{method}_high": high}
        rows.append(row | {f"bootstrap_{bound}": float(value) for bound, value in bootstrap[name].items()})
    return pd.DataFrame(rows)


def reference_candidate(candidates: Sequence[Candidate], best: Candidate | None) -> Candidate | None:
    """Return the reference model, or the best one where it is not compared."""
    from radiomics_mammo.evaluation.training.registry import REFERENCE_MODEL

    return next((candidate for candidate in candidates if candidate.name == REFERENCE_MODEL), best)


def _pairs(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table

    reference, units = reference_candidate(context.plan.candidates, context.best), context.units
    assert reference is not None
    return pair_table(
        context.names, units.y, context.outcome.p, units.group, context.plan.fold_of, against=reference.name
    )


def _selection_bias(context: TableContext) -> pd.DataFrame:
    import pandas as pd

    from radiomics_mammo.evaluation.metrics.selection_bias import selection_bias
    from radiomics_mammo.evaluation.training.registry import MODELS

    eligible = [i for i, candidate in enumerate(context.plan.candidates) if not MODELS[candidate.model].baseline]
    units, names = context.units, [context.names[i] for i in eligible]
    bias = selection_bias(
        names,
        units.y,
        context.outcome.p[eligible],
        units.group,
        draws=context.options.bootstrap,
        seed=context.plan.seed,
    )
    return pd.DataFrame({"model": names, "selected": bias.selected}).assign(
        name=bias.name,
        apparent=bias.apparent,
        corrected=bias.corrected,
        low=bias.low,
        high=bias.high,
        optimism=bias.optimism,
    )


SUMMARY = ResultTable(
    name="summary",
    title="metrics of every model, with 95% patient-bootstrap intervals",
    columns=METRIC_COLUMNS,
    compute=lambda context: context.comparison.summary,
)
DIFFERENCES = ResultTable(
    name="differences",
    title="each model with resampling minus the same without, paired",
    columns=(*DIFFERENCE_COLUMNS, *VERDICT_COLUMNS),
    compute=_differences,
)
UNCALIBRATED = ResultTable(
    name="uncalibrated",
    title="the same before calibration, and the metrics themselves (against empty)",
    columns=DIFFERENCE_COLUMNS,
    compute=_uncalibrated,
)
AUROC = ResultTable(
    name="auroc",
    title="AUROC with Obuchowski's, DeLong's and the bootstrap interval",
    columns=AUROC_COLUMNS,
    compute=lambda c: auroc_table(c.names, c.units.y, c.outcome.p, c.units.group, c.comparison.summary),
)
PAIRS = ResultTable(
    name="pairs",
    title="each model minus the reference model: AUROC with Obuchowski and Nadeau-Bengio tests",
    columns=(
        text("model", "model"),
        text("against", "the reference model"),
        number("difference", "difference in AUROC"),
        *bounds(of="Obuchowski's 95% interval, not adjusted"),
        number("p", "Obuchowski's two-sided p-value", null="the variance is unknown"),
        number("fold_difference", "mean difference over folds", null="no fold holds both classes"),
        *bounds("fold", of="Nadeau and Bengio's 95% interval"),
        number("fold_p", "p-value of the corrected resampled t-test", null="fewer than two folds"),
        number("p_holm", "p, adjusted by Holm over this table", null="p is null"),
        number("fold_p_holm", "fold_p, adjusted by Holm", null="fold_p is null"),
        number("p_bh", "p, adjusted by Benjamini and Hochberg", null="p is null"),
        text("verdict", "gain or loss where p_holm is below 0.05, not known where it is null, else no gain"),
    ),
    compute=_pairs,
    needs=("two models",),
)
SELECTION_BIAS = ResultTable(
    name="selection_bias",
    title="AUROC of the best model, corrected for its selection among several (BBC-CV)",
    columns=(
        text("model", "model"),
        number("selected", "proportion of draws in which it is the best"),
        text("name", "the best model"),
        number("apparent", "its AUROC"),
        number("corrected", "AUROC of the best model on patients not drawn", null="no draw leaves both classes out"),
        *bounds(of="95% interval of corrected"),
        number("optimism", "apparent minus corrected", null="corrected is null"),
    ),
    compute=_selection_bias,
    needs=("best",),
)
