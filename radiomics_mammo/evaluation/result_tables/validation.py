"""Result tables on leakage, and on single cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radiomics_mammo.evaluation.result_tables.base import ResultTable, TableContext, bounds, flag, integer, number, text

if TYPE_CHECKING:
    import pandas as pd


def _leakage_checks(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.leakage.checks import leakage_checks

    cohort = context.plan.cohort
    return leakage_checks(
        cohort, context.plan.fold_of[:, cohort.units.of], seed=context.plan.seed, workers=context.options.workers
    )


def _auroc_inflation(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.leakage.auroc_inflation import measure_auroc_inflation

    plan = context.plan
    inflation = measure_auroc_inflation(
        plan.cohort, seed=plan.seed, folds=plan.n_folds, repeats=plan.n_repeats, workers=context.options.workers
    )
    context.notes.extend(inflation.remarks)
    return inflation.table


def _neighbours(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.case_analysis.nearest_cases import nearest_cases

    return nearest_cases(context.plan.cohort, context.plan.fold_of)


def _out_of_range(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.case_analysis.out_of_range import out_of_range

    return out_of_range(context.plan.cohort, context.plan.fold_of)


NEIGHBOURS = ResultTable(
    name="neighbours",
    title="the training cases nearest to each case",
    columns=(
        text("case_id", "case"),
        integer("rank", "from 1, the nearest"),
        text("neighbour", "training case"),
        text("neighbour_patient", "its patient"),
        integer("neighbour_y", "its label"),
        number("distance", "distance in the prepared features, in standard deviations"),
    ),
    compute=_neighbours,
)
OUT_OF_RANGE = ResultTable(
    name="out_of_range",
    title="feature values of a case outside the range of its training cases",
    columns=(
        text("case_id", "case"),
        text("feature", "feature"),
        number("value", "its value"),
        number("low", "smallest value of the training cases"),
        number("high", "largest value of the training cases"),
    ),
    compute=_out_of_range,
)
LEAKAGE_CHECKS = ResultTable(
    name="leakage_checks",
    title="leakage checks of the table and of the splits",
    columns=(
        text("check", "check"),
        flag("passed", "whether it passed"),
        number("value", "AUROC, proportion detected, or number at fault", null="it cannot be checked"),
        *bounds(of="95% interval of the AUROC", null="the value is no AUROC"),
        text("sentence", "the result in words"),
    ),
    compute=_leakage_checks,
)
AUROC_INFLATION = ResultTable(
    name="auroc_inflation",
    title="AUROC inflation by common leakage errors",
    columns=(
        text("protocol", "leaky protocol"),
        text("title", "its title"),
        text("baseline_model", "the model that it is measured with"),
        number("auroc", "AUROC with leakage"),
        *bounds(),
        number("without_leakage", "AUROC of the sound protocol"),
        number("inflation", "auroc minus without_leakage"),
        *bounds("inflation"),
        number("row_split_only", "AUROC where rows are split and none are added", null="the protocol adds no rows"),
        text("published", "published inflation; empty where none is"),
        text("sentence", "the result in words"),
    ),
    compute=_auroc_inflation,
    needs=("inflation",),
)
