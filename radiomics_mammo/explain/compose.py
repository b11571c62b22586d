"""From a run to the page's record: every number that the page shows is put together here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from radiomics_mammo.explain import wording
from radiomics_mammo.explain.case_cards import Pictures, case_groups, cases_text
from radiomics_mammo.explain.cohort_counts import breakdowns
from radiomics_mammo.explain.contributions import importance, mean_by_case
from radiomics_mammo.explain.method import citation, method_facts
from radiomics_mammo.explain.mistakes import Mistakes, most_confident_mistakes
from radiomics_mammo.explain.page import CaseGroup, DifferenceRow, Estimate, FeatureRow, ModelRow, Page
from radiomics_mammo.explain.roc_figure import RocLine, roc_figure
from radiomics_mammo.explain.shap_figures import bar_figure, beeswarm_figure, top_features
from radiomics_mammo.models.bootstrap import draw_people
from radiomics_mammo.models.metrics import METRICS
from radiomics_mammo.models.roc import roc
from radiomics_mammo.models.runfolder import Run

Meaning = Callable[[str], str]

_BAND_DRAWS = 500  # of the ROC band, which is a drawing; the intervals in the table have them all
_CLEAR = 0.3  # rank correlation of value and contribution from which a direction is named


def mistaken_cases(run: Run) -> list[str]:
    """Name the cases whose pictures the page wants."""
    if not run.info.best:
        return []
    found = _mistakes(run)
    return [str(name) for name in (*found.missed.index, *found.alarms.index)]


def compose(run: Run, *, pictures: Pictures, meaning: Meaning) -> Page:
    """Put the page together.

    Parameters
    ----------
    run : Run
    pictures : Pictures
        Of the cases that :func:`mistaken_cases` names.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.
    """
    info = run.info
    y = _outcome(run)
    note = "phantom" if info.phantom else ""
    mean_p = run.predictions.groupby("model")["p"].mean()
    compared = len([name for name in info.arms if name != "prevalence"])
    explained, bar, beeswarm, features = _why(run, meaning, note)
    groups, text = _cases(run, pictures)
    return Page(
        title=f"Radiomics of {info.rows} cases: {info.classes[1]} or {info.classes[0]}?",
        phantom=info.phantom,
        verdict=wording.verdict(
            run.summary,
            run.differences,
            titles=info.arms,
            best=info.best,
            classes=info.classes,
            phantom=info.phantom,
        ),
        headline=_estimates(run.summary, info.best) if info.best else [],
        headline_title=f"{info.arms[info.best]}, with 95% intervals" if info.best else "",
        cohort_facts=_cohort_facts(run),
        breakdowns=breakdowns(run.cases, y),
        remarks=info.remarks,
        failures=_failures(run),
        metric_headings=[metric.heading for metric in METRICS.values()],
        models=[
            ModelRow(title, _estimates(run.summary, name), f"{mean_p[name]:.3f}", name == info.best)
            for name, title in info.arms.items()
        ],
        differences=_differences(run),
        calibration=wording.calibration(
            run.summary,
            best=info.best,
            titles=info.arms,
            mean_p=float(mean_p.get(info.best, np.nan)),
            share=info.positives / info.rows,
        ),
        reading=wording.reading(info.classes),
        roc=_roc(run, y, note),
        explained=explained,
        bar=bar,
        beeswarm=beeswarm,
        features=features,
        case_groups=groups,
        cases_text=text,
        limits=wording.limits(
            compared=compared,
            phantom=info.phantom,
            spacing_unknown=_without_spacing(run.cases),
            rows=info.rows,
            group=info.group,
        ),
        method=method_facts(
            info,
            folds=int(run.predictions["fold"].max()) + 1,
            repeats=int(run.predictions["repeat"].max()) + 1,
        ),
        citation=citation(info),
    )


def _outcome(run: Run) -> NDArray[np.int8]:
    """Give the labels in the order of ``run.cases``."""
    known = run.predictions.drop_duplicates("case_id").set_index("case_id")["y"]
    return np.asarray(known.loc[run.cases["case_id"]], dtype=np.int8)


def _estimates(summary: pd.DataFrame, model: str) -> list[Estimate]:
    return [
        wording.estimate(metric.title, wording.pick(summary, model=model, metric=name))
        for name, metric in METRICS.items()
    ]


def _cohort_facts(run: Run) -> list[tuple[str, str]]:
    info = run.info
    failed = {-1: "not recorded", 0: "none"}.get(info.failures, f"{info.failures} cases could not be measured")
    return [
        ("Cases", f"{info.rows}, of {info.people} people"),
        (info.classes[1].capitalize(), f"{info.positives} ({100 * info.positives / info.rows:.0f}%)"),
        (info.classes[0].capitalize(), f"{info.rows - info.positives}"),
        ("Features", f"{info.features}"),
        ("Left out in extraction", failed),
    ]


def _failures(run: Run) -> list[tuple[str, int]]:
    """Count the failures by cause, the commonest first."""
    if run.failures is None or run.failures.empty:
        return []
    causes = Counter(f"{stage}: {cause}" for stage, cause in run.failures[["stage", "cause"]].itertuples(index=False))
    return causes.most_common(8)


def _differences(run: Run) -> list[DifferenceRow]:
    table, titles = run.differences, run.info.arms
    rows = []
    for model, against in table[["model", "against"]].drop_duplicates().itertuples(index=False):
        own = table[table["model"] == model]
        rows.append(
            DifferenceRow(
                f"{titles[model]} minus {titles[against]}",
                [
                    wording.estimate(metric.title, wording.pick(own, metric=name), signed=True)
                    for name, metric in METRICS.items()
                ],
                wording.gain(wording.pick(own, metric="auroc")),
            )
        )
    return rows


def _roc(run: Run, y: NDArray[np.int8], note: str) -> Markup:
    info = run.info
    group, _ = pd.factorize(run.cases["patient_id"])
    group = group.astype(np.int64)
    draws = min(_BAND_DRAWS, int(info.command["bootstrap"]))
    counts = draw_people(int(group.max()) + 1, draws=draws, seed=info.seeds["bootstrap"])
    wide = run.predictions.pivot(index=["model", "repeat"], columns="case_id", values="p")
    wide = wide[run.cases["case_id"]]
    auroc = {name: wording.pick(run.summary, model=name, metric="auroc")["value"] for name in info.arms}
    lines: list[RocLine] = []
    for name in sorted(info.arms, key=lambda name: (name != info.best, -auroc[name])):
        found = roc(y, wide.loc[name].to_numpy(np.float64), group, counts=counts if not lines else None)
        lines.append(RocLine(info.arms[name], found.fpr, found.tpr, found.low, found.high, auroc[name]))
    return roc_figure(lines, note=note)


def _why(run: Run, meaning: Meaning, note: str) -> tuple[str, Markup, Markup, list[FeatureRow]]:
    """Give the sentence, the two figures and the table of the explained model."""
    info = run.info
    if run.contributions is None or run.values is None:
        return "No tree model was compared, so there is nothing to explain.", Markup(), Markup(), []
    ranked = importance(run.contributions)
    by_case = mean_by_case(run.contributions)
    values = run.values.set_index("case_id").loc[by_case.index]
    top = top_features(ranked)
    text = (
        f"{info.arms[info.best_tree]}, the best tree model, explained by SHAP values on held-out cases only: "
        f"each case by the models of the folds that did not see its person. "
        f"Values are in {info.contribution_unit}."
    )
    if (ranked <= 0).all():
        return f"{text} No feature moved any prediction.", Markup(), Markup(), []
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
    swarm = beeswarm_figure(leading, values, unit=info.contribution_unit, towards=info.classes[1], note=note)
    return text, bar_figure(ranked, unit=info.contribution_unit, note=note), swarm, rows


def _direction(value: pd.Series, contribution: pd.Series, classes: Sequence[str]) -> str:
    # Spearman's coefficient by hand: pandas' own warns on constant columns.
    ranks = pd.DataFrame({"v": value, "c": contribution}).dropna().rank().to_numpy()
    if len(ranks) < 3 or (np.ptp(ranks, axis=0) == 0).any():
        return "unclear"
    rho = float(np.corrcoef(ranks.T)[0, 1])
    if abs(rho) < _CLEAR:
        return "both, depending on the value"
    return classes[1] if rho > 0 else classes[0]


def _mistakes(run: Run) -> Mistakes:
    return most_confident_mistakes(run.predictions, model=run.info.best)


def _cases(run: Run, pictures: Pictures) -> tuple[list[CaseGroup], str]:
    info = run.info
    if not info.best:
        return [], "No model that looks at the features was compared."
    found = _mistakes(run)
    explained = info.best == info.best_tree and run.contributions is not None
    groups = case_groups(
        found,
        run.cases,
        classes=(info.classes[0], info.classes[1]),
        pictures=pictures,
        contributions=mean_by_case(run.contributions) if explained and run.contributions is not None else None,
    )
    text = cases_text(found, title=info.arms[info.best], positive=info.classes[1], problem=pictures.problem)
    return groups, text


def _without_spacing(cases: pd.DataFrame) -> int:
    return int(cases["spacing_row_mm"].isna().sum()) if "spacing_row_mm" in cases.columns else 0
