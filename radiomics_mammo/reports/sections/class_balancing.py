"""Class balancing: models with resampling against the same models without."""

from __future__ import annotations

import pandas as pd

from radiomics_mammo.evaluation.metrics.paired_comparison import NO_GAIN, NOT_KNOWN
from radiomics_mammo.reports.components.columns import words
from radiomics_mammo.reports.components.page import PagePart
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import resampling_table
from radiomics_mammo.reports.section import ReportInputs

_SLOPE = "calibration_slope"


def build(inputs: ReportInputs) -> PagePart:
    """Build the section."""
    table, titles = inputs.run.differences, inputs.run.info.candidates
    caption = sentence("class_balancing.caption", slope=_SLOPE in set(table["metric"]))
    verdicts = {
        key: effect_in_auroc(subset[subset["metric"] == "auroc"])
        for key, subset in table.groupby(["model", "against"], sort=False)
    }
    page_table = resampling_table(
        table, titles, caption=caption, verdicts=verdicts, last=words("Effect on AUROC", "verdict")
    )
    uncalibrated = inputs.results.uncalibrated
    if uncalibrated is not None:
        # Empty cells come back from CSV as NaN.
        paired = (uncalibrated["against"].fillna("") != "") & uncalibrated["metric"].isin(("brier", _SLOPE))
        uncalibrated = uncalibrated[paired]
    if uncalibrated is None or uncalibrated.empty:
        return PagePart(tables=[page_table])
    before = resampling_table(uncalibrated, titles, caption=sentence("class_balancing.uncalibrated_caption"))
    return PagePart(text=[sentence("class_balancing.calibration")], tables=[page_table, before])


def effect_in_auroc(auroc: pd.DataFrame) -> str:
    """Return the adjusted test's verdict, where there is one: ``a gain``, say."""
    row = auroc.iloc[0]
    verdict = row.get("verdict")
    if isinstance(verdict, str) and verdict:
        return verdict if verdict in (NO_GAIN, NOT_KNOWN) else f"a {verdict}"
    return effect(float(row["low"]), float(row["high"]))


def effect(low: float, high: float) -> str:
    """Return what a paired difference is by its interval: ``no gain`` where it includes 0."""
    if low != low or high != high:
        return NOT_KNOWN
    if low > 0:
        return "a gain"
    return "a loss" if high < 0 else NO_GAIN
