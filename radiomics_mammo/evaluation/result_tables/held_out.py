"""Result tables on the test set; models and thresholds are those selected out of fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from radiomics_mammo.evaluation.result_tables.base import ResultTable, TableContext, bounds, integer, number, text
from radiomics_mammo.evaluation.result_tables.comparison import (
    AUROC_COLUMNS,
    DIFFERENCE_COLUMNS,
    METRIC_COLUMNS,
    auroc_table,
)
from radiomics_mammo.evaluation.result_tables.decisions import (
    CONFUSION_COLUMNS,
    OPERATING_COLUMNS,
    RELIABILITY_COLUMNS,
    SUBGROUP_COLUMNS,
    certified_threshold,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from radiomics_mammo.evaluation.cohort.records import Candidate
    from radiomics_mammo.evaluation.summary import Comparison

_CERTAIN = 0.005  # a prevalence this near to 0 or 1 is no estimate


def _test_comparison(context: TableContext) -> Comparison:
    assert context.test_comparison is not None
    return context.test_comparison


def _auroc(context: TableContext) -> pd.DataFrame:
    units = context.test_units
    return auroc_table(context.names, units.y, context.test_p(), units.group, context.tables["test_summary"])


def _operating(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.operating_point import operating_table

    return operating_table(context.names, context.test_units.y, context.test_called(), context.test_units.group)


def _confusion(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.confusion import confusion_table

    p, called = context.test_p(), context.test_called()
    return confusion_table(context.names, context.test_units.y, p, called, certified=certified_threshold(context))


def _subgroups(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.subgroups import subgroup_table

    units, best = context.test_units, context.best_index
    called = context.test_called()[best]
    return subgroup_table(units.rows, units.y, context.test_p()[best], units.group, called=called)


def _certified(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.certified_sensitivity import check_certificates

    units, p = context.test_units, context.test_p()[context.best_index][0]
    return check_certificates(context.tables["certified"], units.y, p, units.group)


def _reliability(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.reliability import reliability_table

    units, best = context.test_units, context.best_index
    return reliability_table(units.y, context.test_p()[best], units.group).assign(model=context.names[best])


def _label_shift(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.prevalence_shift import shift_table
    from radiomics_mammo.evaluation.metrics.subgroups import SUBGROUPS

    train, test = ((units.rows, units.y, units.group) for units in (context.units, context.test_units))
    return shift_table(train, test, columns=SUBGROUPS)


def _covariate_shift(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.out_of_distribution.domain_classifier import covariate_shift

    assert context.plan.test is not None
    return covariate_shift(context.plan.cohort, context.plan.test, seed=context.plan.seed)


def shift_probabilities(
    context: TableContext, *, shift: str, by: Candidate
) -> tuple[Mapping[str, NDArray[np.float64]], str]:
    """Compute the test set's probabilities at another prevalence.

    ``shift`` is a prevalence between 0 and 1, or ``em`` (Saerens et al. 2002): estimated from the predictions of
    ``by``, since one population has one prevalence.
    """
    from radiomics_mammo.evaluation.metrics.prevalence_shift import estimate_prevalence, shift_prior

    plan, test = context.plan, context.outcome.test
    prior = float(context.units.y.mean())
    to, how = (prior, "") if shift == "em" else (float(shift), "as given")
    if shift == "em":
        value, low, high = estimate_prevalence(
            test[by.name].p, context.test_units.group, prior=prior, draws=context.options.bootstrap, seed=plan.seed
        )
        how = f"estimated without labels by {by.name}: {value:.3f}, {low:.3f} to {high:.3f}"
        if not _CERTAIN < value < 1 - _CERTAIN:  # the likelihood has no maximum inside
            how += ", at its limit, so left as they were"
        else:
            to = value
    shifted = {candidate.name: shift_prior(test[candidate.name].p, prior, to) for candidate in plan.candidates}
    return shifted, f"probabilities of the test set moved from the training prevalence {prior:.3f} to {to:.3f} ({how})"


def _shifted(context: TableContext) -> pd.DataFrame:
    import numpy as np

    from radiomics_mammo.evaluation.summary import compare_candidates

    plan, draws = context.plan, context.options.bootstrap
    by = context.best or plan.candidates[0]
    shifted, note = shift_probabilities(context, shift=context.options.shift, by=by)
    context.notes.append(note)
    p = np.stack([shifted[name] for name in context.names])[:, None]
    return compare_candidates(plan.candidates, context.test_units, p, draws=draws, seed=plan.seed).summary


TEST_SUMMARY = ResultTable(
    name="test_summary",
    title="metrics of every model on the test set",
    columns=METRIC_COLUMNS,
    compute=lambda context: _test_comparison(context).summary,
    needs=("test set",),
)
TEST_DIFFERENCES = ResultTable(
    name="test_differences",
    title="each model with resampling minus the same without, on the test set",
    columns=DIFFERENCE_COLUMNS,
    compute=lambda context: _test_comparison(context).differences,
    needs=("test set",),
)
TEST_AUROC = ResultTable(
    name="test_auroc",
    title="three intervals of each AUROC on the test set",
    columns=AUROC_COLUMNS,
    compute=_auroc,
    needs=("test set",),
)
TEST_OPERATING = ResultTable(
    name="test_operating",
    title="sensitivity, specificity and predictive values on the test set",
    columns=OPERATING_COLUMNS,
    compute=_operating,
    needs=("test set",),
)
TEST_CONFUSION = ResultTable(
    name="test_confusion",
    title="confusion matrices on the test set",
    columns=CONFUSION_COLUMNS,
    compute=_confusion,
    needs=("test set",),
)
TEST_SUBGROUPS = ResultTable(
    name="test_subgroups",
    title="the best model by subgroup, on the test set",
    columns=SUBGROUP_COLUMNS,
    compute=_subgroups,
    needs=("test set", "best"),
)
TEST_CERTIFIED = ResultTable(
    name="test_certified",
    title="certified thresholds on the test set",
    columns=(
        number("target", "certified sensitivity by patient"),
        number("threshold", "certified threshold"),
        integer("patients", "positive patients"),
        integer("misses", "of them below the threshold"),
        number("sensitivity", "sensitivity by patient", null="no positive patient"),
        *bounds(of="exact binomial 95% interval", null="no positive patient"),
        number("specificity", "proportion of negative units below the threshold", null="no negative unit"),
        text("sentence", "the check in words"),
    ),
    compute=_certified,
    needs=("test set", "best"),
)
TEST_RELIABILITY = ResultTable(
    name="test_reliability",
    title="calibration of the best model on the test set",
    columns=RELIABILITY_COLUMNS,
    compute=_reliability,
    needs=("test set", "best"),
)
LABEL_SHIFT = ResultTable(
    name="label_shift",
    title="prevalence in training and test set, overall and by subgroup",
    columns=(
        text("column", "column that divides the units; empty for all"),
        text("title", "its title"),
        text("level", "its level"),
        integer("n_train", "training units"),
        integer("n_test", "test units"),
        number("train", "prevalence in the training set"),
        number("test", "prevalence in the test set"),
        number("difference", "test minus training"),
        *bounds(of="Newcombe's 95% interval, clustered"),
        number("p", "two-sided p-value", null="neither prevalence varies"),
    ),
    compute=_label_shift,
    needs=("test set",),
)
COVARIATE_SHIFT = ResultTable(
    name="covariate_shift",
    title="how well features tell test units from training units",
    columns=(
        text("column", "column, or all columns together (a random forest, cross-validated by patient)"),
        number("auroc", "AUROC of test against training: 0.5 is no shift"),
        *bounds(of="95% interval, clustered by patient"),
    ),
    compute=_covariate_shift,
    needs=("test set",),
)
TEST_SHIFTED = ResultTable(
    name="test_shifted",
    title="metrics on the test set after a shift of the probabilities to another prevalence",
    columns=METRIC_COLUMNS,
    compute=_shifted,
    needs=("test set", "shift"),
)
