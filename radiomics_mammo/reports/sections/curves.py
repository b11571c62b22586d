"""ROC and precision-recall curves of the cross-validated predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients
from radiomics_mammo.evaluation.metrics.curves import precision_recall, roc
from radiomics_mammo.evaluation.training.registry import REFERENCE_MODEL
from radiomics_mammo.reports.components.model_names import MAX_CURVES, RADIOLOGISTS, selected_for_figure
from radiomics_mammo.reports.components.numbers import select_estimate
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.figures.curves import CurveLine, precision_recall_figure, roc_figure
from radiomics_mammo.reports.section import ReportInputs

_BAND_DRAWS = 500  # of the confidence bands, which are drawings; the intervals in the tables use all draws


def build(inputs: ReportInputs) -> PagePart:
    """Build the section."""
    run, info, y = inputs.run, inputs.run.info, inputs.y
    group = pd.factorize(run.cases["patient_id"])[0].astype(np.int64)
    draws = min(_BAND_DRAWS, int(info.command["bootstrap"]))
    counts = draw_patients(int(group.max()) + 1, draws=draws, seed=info.seeds["bootstrap"])
    wide = run.predictions.pivot(index=["model", "repeat"], columns="case_id", values="p")[run.cases["case_id"]]
    value = {
        metric: {name: select_estimate(run.summary, model=name, metric=metric)["value"] for name in info.candidates}
        for metric in ("auroc", "average_precision")
    }
    rocs: list[CurveLine] = []
    precisions: list[CurveLine] = []
    for name in selected_for_figure(info.candidates, auroc=value["auroc"], best=info.best, always=(REFERENCE_MODEL,)):
        title, p, banded = info.candidates[name], wide.loc[name].to_numpy(np.float64), counts if not rocs else None
        r, radiologists = roc(y, p, group, counts=banded), name == RADIOLOGISTS
        rocs.append(CurveLine(title, r.x, r.y, r.low, r.high, value["auroc"][name], radiologists))
        c = precision_recall(y, p, group, counts=banded)
        precision = value["average_precision"][name]
        precisions.append(CurveLine(title, c.x, c.y, c.low, c.high, precision, radiologists))
    prevalence = float(y.mean())
    shared = {
        "n_models": len(info.candidates) if len(info.candidates) > MAX_CURVES else 0,
        "radiologists": info.candidates.get(RADIOLOGISTS, ""),
    }
    drawings = {
        "roc": roc_figure(rocs, note=inputs.note),
        "precision_recall": precision_recall_figure(precisions, prevalence=prevalence, note=inputs.note),
    }
    return PagePart(
        figures=[
            Figure(svg, sentence(f"curves.{kind}", positive=info.classes[1], **shared), name=kind)
            for kind, svg in drawings.items()
        ]
    )
