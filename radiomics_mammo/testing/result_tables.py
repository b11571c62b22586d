"""Conformance check of a result table."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.cohort.train_test import TrainTest
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.result_tables.base import NEEDS, Column, ResultTable, TableContext
from radiomics_mammo.evaluation.study import plan_study, run_study, table_context
from radiomics_mammo.evaluation.training.device import Device
from radiomics_mammo.tables.feature_table import Table

_FEATURES = tuple(f"original_glcm_F{i}" for i in range(6))
_OUTPUTS = tuple(f"crop_embToy_E{i:04d}" for i in range(1, 7))
_KINDS = {"text": "OUT", "integer": "iu", "number": "fiu", "flag": "b"}


def check_result_table(table: ResultTable, *, context: TableContext | None = None) -> None:
    """Check that a result table produces what it declares, twice the same.

    The columns and their order are those declared, each holds values of its kind, a column that declares no null has
    none, and every need is known and met.

    ``context`` is a study that meets the needs of the table; by default :func:`small_context`.

    Examples
    --------
    >>> from radiomics_mammo.evaluation.result_tables.base import ResultTable, integer, text
    >>> from radiomics_mammo.testing.result_tables import check_result_table
    >>> def compute(context):
    ...     return context.units.rows[["patient_id"]].value_counts().rename("units").reset_index()
    >>> columns = (text("patient_id", "patient"), integer("units", "number of units"))
    >>> table = ResultTable(name="units", title="units of each patient", columns=columns, compute=compute)
    >>> check_result_table(table)
    """
    context = small_context() if context is None else context
    unknown = [need for need in table.needs if need not in NEEDS]
    assert not unknown, f"{table.name}: unknown needs {unknown}"
    assert table.title and all(column.description for column in table.columns), f"{table.name}: no description"
    assert table.is_needed(context), f"{table.name}: the study does not meet its needs ({table.condition})"
    frame = table.compute(context)
    pd.testing.assert_frame_equal(frame, table.compute(context), check_exact=True)
    for name, column in zip(frame.columns, _declared(table, list(frame.columns)), strict=True):
        _check_column(f"{table.name}.{name}", frame[name], column)


def _declared(table: ResultTable, names: list[str]) -> list[Column]:
    """Return the declaration of each produced column."""
    declared, position = [], 0
    for column in table.columns:
        if "*" not in column.name:
            at = names[position] if position < len(names) else None
            assert at == column.name, f"{table.name}: column {position} is {at!r}, declared as {column.name!r}"
            declared.append(column)
            position += 1
            continue
        while position < len(names) and fnmatchcase(names[position], column.name):
            declared.append(column)
            position += 1
    assert position == len(names), f"{table.name}: undeclared columns {names[position:]}"
    return declared


def _check_column(name: str, values: pd.Series, column: Column) -> None:
    if values.empty:
        return
    null = values.isna()
    assert column.null or not null.any(), f"{name} holds {int(null.sum())} nulls, and declares none"
    kind = values.dtype.kind
    assert kind in _KINDS[column.kind], f"{name} is declared as {column.kind} and holds {values.dtype}"
    if column.kind == "text":
        assert all(isinstance(value, str) for value in values[~null]), f"{name} holds values that are not text"


@cache
def small_context() -> TableContext:
    """Return a simulated study that meets the needs of every registered table.

    Examples
    --------
    >>> from radiomics_mammo.testing.result_tables import small_context
    >>> context = small_context()
    >>> len(context.names), context.units.y.size, context.test_units.y.size
    (7, 120, 40)
    """
    train, test = _cohort_table(60, seed=0), _cohort_table(20, seed=1)
    cohort = prepare_cohort(train.frame, train.features, target=Target())
    held_out = prepare_cohort(test.frame, test.features, target=Target(), like=cohort)
    options = ComparisonOptions(
        folds=2,
        repeats=1,
        models="prevalence,logistic,xgboost,xgboost+oversampling,probe,head,average",
        members="logistic,xgboost",
        trials=1,
        inner_folds=2,
        shift="0.2",
        bootstrap=20,
        workers=1,
    )
    plan = plan_study(
        TrainTest(cohort, held_out, train, test, ()), options=options, device=Device("hist", "cpu", "hist", "")
    )
    study = run_study(plan, options=options)
    context = table_context(plan, study.outcome, options=options)
    missing = sorted(set(RESULT_TABLES) - set(study.tables))
    assert not missing, f"the study computes no {', '.join(missing)}"
    return TableContext(
        plan,
        study.outcome,
        options,
        context.comparison,
        context.best,
        test_comparison=context.test_comparison,
        shap=study.shap,
        tables=study.tables,
    )


def _cohort_table(patients: int, *, seed: int) -> Table:
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), 2)
    y = (patient % 5 < 2).astype(int)
    names = (*_FEATURES, *_OUTPUTS)
    values = pd.DataFrame(rng.normal(size=(patient.size, len(names))) + 0.5 * y[:, None], columns=list(names))
    identity = pd.DataFrame(
        {
            "case_id": [f"{seed}_{i}" for i in range(patient.size)],
            "patient_id": [f"P_{seed}{i:04d}" for i in patient],
            "malignant": y,
            "view": np.where(np.arange(patient.size) % 2, "CC", "MLO"),
        }
    )
    return Table(pd.concat([identity, values], axis=1), names, {})
