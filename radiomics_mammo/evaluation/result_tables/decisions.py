"""Result tables on decisions: operating points, certified sensitivity, calibration, subgroups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from radiomics_mammo.evaluation.result_tables.base import ResultTable, TableContext, bounds, flag, integer, number, text

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_mammo.evaluation.cohort.records import Candidate

_BAND_DRAWS = 300  # confidence bands are only drawn

_COUNTS = tuple(
    number(name, f"{title}, mean over repeats")
    for name, title in (
        ("tp", "true positives"),
        ("fp", "false positives"),
        ("fn", "false negatives"),
        ("tn", "true negatives"),
    )
)
_NO_UNITS = "it has no denominator"
OPERATING_COLUMNS = (
    text("model", "model"),
    *_COUNTS,
    *(
        column
        for name, description in (
            ("sensitivity", "sensitivity"),
            ("specificity", "specificity"),
            ("ppv", "positive predictive value"),
            ("npv", "negative predictive value"),
            ("accuracy", "accuracy"),
            ("call_rate", "proportion of all units that is called positive"),
            ("f1", "F1 score"),
        )
        for column in (number(name, description, null=_NO_UNITS), *bounds(name, null=_NO_UNITS))
    ),
)
CONFUSION_COLUMNS = (
    text("model", "model"),
    text("at", "threshold: half (0.5), chosen (by the operating rule in each fold) or certified"),
    number("threshold", "its value", null="it differs between folds"),
    *_COUNTS,
    number("accuracy", "accuracy"),
    *(
        number(f"{score}_{outcome}", f"{score} of the {outcome} class", null=_NO_UNITS)
        for outcome in ("negative", "positive")
        for score in ("precision", "recall", "f1", "support")
    ),
)
SUBGROUP_COLUMNS = (
    text("column", "column that divides the units; empty for all"),
    text("title", "its title"),
    text("level", "its level"),
    integer("n", "units"),
    integer("patients", "patients"),
    integer("positives", "positive units"),
    number("auroc", "AUROC", null="fewer than ten units of a class"),
    *bounds(of="Obuchowski's 95% interval"),
    number("sensitivity", "sensitivity", null=_NO_UNITS),
    *bounds("sensitivity", null=_NO_UNITS),
    number("specificity", "specificity", null=_NO_UNITS),
    *bounds("specificity", null=_NO_UNITS),
    text("remark", "why an AUROC or its interval is null"),
)
RELIABILITY_COLUMNS = (
    number("predicted", "mean prediction of the bin"),
    number("observed", "observed proportion"),
    *bounds(of="its clustered Wilson 95% interval"),
    number("from", "lowest prediction"),
    number("to", "highest prediction"),
    number("n", "units a repeat"),
    integer("patients", "patients"),
    text("model", "model"),
)


def _curve_models(context: TableContext) -> list[int]:
    """Return the positions of the candidates whose curves are drawn."""
    from radiomics_mammo.evaluation.training.registry import REFERENCE_MODEL

    best = context.best.name if context.best else ""
    names = {"prevalence", "radiologists", "xgboost", REFERENCE_MODEL, best}
    return [i for i, name in enumerate(context.names) if name in names] or list(range(len(context.names)))


def _operating(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.operating_point import operating_table

    return operating_table(context.names, context.units.y, context.outcome.called, context.units.group)


def _reliability(context: TableContext) -> pd.DataFrame:
    import pandas as pd

    from radiomics_mammo.evaluation.metrics.reliability import reliability_table

    y, group, p = context.units.y, context.units.group, context.outcome.p
    parts = [reliability_table(y, p[i], group).assign(model=context.names[i]) for i in _curve_models(context)]
    return pd.concat(parts, ignore_index=True)


def _decision_curve(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.decision_curve import decision_curve

    positions = _curve_models(context)
    return decision_curve(
        [context.names[i] for i in positions],
        context.units.y,
        context.outcome.p[positions],
        context.units.group,
        draws=min(context.options.bootstrap, _BAND_DRAWS),
        seed=context.plan.seed,
    )


def selected_among_several(candidates: Sequence[Candidate]) -> bool:
    """Return whether the best candidate was selected among several."""
    from radiomics_mammo.evaluation.training.registry import MODELS

    return sum(not MODELS[candidate.model].baseline for candidate in candidates) > 1


def _certified(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.certified_sensitivity import TARGETS, certified_table

    units, options = context.units, context.options
    return certified_table(
        units.y,
        context.outcome.p[context.best_index],
        units.group,
        targets=sorted({*TARGETS, options.sensitivity}),
        confidence=options.confidence,
        chosen=selected_among_several(context.plan.candidates),
    )


def _subgroups(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.subgroups import subgroup_table

    units, outcome, best = context.units, context.outcome, context.best_index
    return subgroup_table(units.rows, units.y, outcome.p[best], units.group, called=outcome.called[best])


def certified_threshold(context: TableContext) -> dict[str, float]:
    """Return the certified threshold of the best candidate, if there is one."""
    table = context.tables.get("certified")
    if table is None or context.best is None:
        return {}
    cut = table.loc[(table["target"] - context.options.sensitivity).abs() < 1e-9, "threshold"].dropna()
    return {context.best.name: float(cut.iloc[0])} if len(cut) else {}


def _confusion(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.confusion import confusion_table

    outcome = context.outcome
    return confusion_table(
        context.names, context.units.y, outcome.p, outcome.called, certified=certified_threshold(context)
    )


OPERATING = ResultTable(
    name="operating",
    title="sensitivity, specificity and predictive values at the chosen thresholds",
    columns=OPERATING_COLUMNS,
    compute=_operating,
)
RELIABILITY = ResultTable(
    name="reliability", title="calibration by bins of predictions", columns=RELIABILITY_COLUMNS, compute=_reliability
)
DECISION_CURVE = ResultTable(
    name="decision_curve",
    title="net benefit over thresholds",
    columns=(
        text("model", "model, treat all or treat none"),
        number("threshold", "probability"),
        number("net_benefit", "net benefit"),
        *bounds(of="pointwise 95% band"),
    ),
    compute=_decision_curve,
)
CERTIFIED = ResultTable(
    name="certified",
    title="certified sensitivity of the best model",
    columns=(
        number("target", "sensitivity by patient"),
        number("confidence", "confidence"),
        number("threshold", "certified threshold", null="too few positive patients"),
        integer("patients", "positive patients"),
        integer("misses", "of them below the threshold, in the worst repeat"),
        integer("needed", "positive patients needed when none is missed"),
        integer("needed_with_misses", "positive patients needed with these misses"),
        number("upper", "threshold of the certificate of specificity", null="too few negative patients"),
        number("target_specificity", "specificity by patient of that certificate"),
        number("in_band", "proportion of units between the two thresholds"),
        flag("chosen", "whether the model was selected among several on the same patients"),
        number("specificity", "proportion of negative units below the threshold", null="no threshold"),
        *bounds("specificity", null="no threshold"),
        number("call_rate", "proportion of all units that is called positive", null="no threshold"),
        *bounds("call_rate", null="no threshold"),
        text("sentence", "the certificate in words"),
    ),
    compute=_certified,
    needs=("best",),
)
SUBGROUPS = ResultTable(
    name="subgroups",
    title="the best model by subgroup",
    columns=SUBGROUP_COLUMNS,
    compute=_subgroups,
    needs=("best",),
)
CONFUSION = ResultTable(
    name="confusion",
    title="confusion matrices at 0.5, at the chosen and at the certified threshold",
    columns=CONFUSION_COLUMNS,
    compute=_confusion,
)
