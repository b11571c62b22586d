"""What the best tree model looks at, as the page shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from radiomics_mammo.explain.contributions import importance, mean_by_case
from radiomics_mammo.explain.page import FeatureRow, WhyPart
from radiomics_mammo.explain.shap_figures import bar_figure, beeswarm_figure, top_features
from radiomics_mammo.models.run.runfolder import Run

Meaning = Callable[[str], str]

_CLEAR = 0.3  # rank correlation of value and contribution from which a direction is named


def why_part(run: Run, *, meaning: Meaning) -> WhyPart:
    """Put the sentence, the two figures and the table of the explained model together.

    Parameters
    ----------
    run : Run
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.
    """
    info, note = run.info, "phantom" if run.info.phantom else ""
    if run.contributions is None or run.values is None:
        return WhyPart("No tree model was compared, so there is nothing to explain.")
    ranked = importance(run.contributions)
    by_case = mean_by_case(run.contributions)
    values = run.values.set_index("case_id").loc[by_case.index]
    top = top_features(ranked)
    text = (
        f"{info.arms[info.explained]}, the best tree model, explained by SHAP values on held-out cases only: "
        f"each case by the models of the folds that did not see its person. "
        f"Values are in {info.contribution_unit}."
    )
    if (ranked <= 0).all():
        return WhyPart(f"{text} No feature moved any prediction.")
    leading = by_case[top]
    rows = [
        FeatureRow(
            name,
            f"{ranked[name]:.3g}",
            _direction(values[name], by_case[name], info.classes),
            meaning(name),
        )
        for name in top
    ]
    swarm = beeswarm_figure(leading, values, unit=info.contribution_unit, classes=info.classes, note=note)
    bars = bar_figure(ranked, unit=info.contribution_unit, note=note)
    return WhyPart(text, bars, swarm, rows)


def _direction(value: pd.Series, contribution: pd.Series, classes: Sequence[str]) -> str:
    # Spearman's coefficient by hand: pandas' own warns on constant columns.
    ranks = pd.DataFrame({"v": value, "c": contribution}).dropna().rank().to_numpy()
    if len(ranks) < 3 or (np.ptp(ranks, axis=0) == 0).any():
        return "unclear"
    rho = float(np.corrcoef(ranks.T)[0, 1])
    if abs(rho) < _CLEAR:
        return "both, depending on the value"
    return classes[1] if rho > 0 else classes[0]
