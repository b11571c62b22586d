"""Every registered result table passes its conformance check; a table that breaks a rule does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.result_tables.base import number, text
from radiomics_mammo.testing.result_tables import check_result_table, small_context


@pytest.mark.parametrize("name", [name for name in RESULT_TABLES if name not in ("auroc_inflation", "leakage_checks")])
def test_registered_tables_conform(name):
    check_result_table(RESULT_TABLES[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["auroc_inflation", "leakage_checks"])
def test_tables_on_leakage_conform(name):
    check_result_table(RESULT_TABLES[name])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"b": [1.0], "a": ["x"]}), "column 0 is 'b', declared as 'a'"),
        (pd.DataFrame({"a": ["x"]}), "column 1 is None, declared as 'b'"),
        (pd.DataFrame({"a": ["x"], "b": [1.0], "c": [1]}), r"undeclared columns \['c'\]"),
        (pd.DataFrame({"a": ["x"], "b": [np.nan]}), "holds 1 nulls, and declares none"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "declared as number and holds"),
        (pd.DataFrame({"a": [1.5], "b": [1.0]}), "declared as text"),
    ],
)
def test_a_table_that_breaks_a_rule_fails(frame, message):
    columns = (text("a", "letters"), number("b", "numbers"))
    table = replace(RESULT_TABLES["summary"], columns=columns, compute=lambda _: frame)
    with pytest.raises(AssertionError, match=message):
        check_result_table(table)


def test_a_need_that_is_unknown_or_not_met_fails():
    table = RESULT_TABLES["summary"]
    with pytest.raises(AssertionError, match="unknown needs"):
        check_result_table(replace(table, needs=("moonlight",)))
    context = small_context()
    alone = replace(context, plan=replace(context.plan, test=None))
    with pytest.raises(AssertionError, match="does not meet its needs"):
        check_result_table(RESULT_TABLES["test_summary"], context=alone)


def test_random_tables_fail():
    rng = np.random.default_rng()
    table = replace(
        RESULT_TABLES["summary"],
        columns=(number("a", "noise"),),
        compute=lambda _: pd.DataFrame({"a": rng.normal(size=3)}),
    )
    with pytest.raises(AssertionError):
        check_result_table(table)
