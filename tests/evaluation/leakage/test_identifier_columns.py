"""Columns that name the patient: found whatever they are called, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from radiomics_mammo.evaluation.leakage.identifier_columns import (
    PATIENTS,
    _intraclass,
    _patients,
    identifier_columns,
    identifier_limits,
    patient_numbers,
)
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.leakage_lesions import lesion_table

RNG = np.random.default_rng(7)
SIZES = RNG.integers(1, 5, size=200)
GROUP = np.repeat(np.arange(200), SIZES)
ROWS = pd.DataFrame({"patient_id": [f"P_{one:05d}" for one in RNG.permutation(10_000)[:200]]}).iloc[GROUP]
CODES = RNG.choice(10**6, size=200, replace=False).astype(float)


def found(column: np.ndarray, *, group: np.ndarray = GROUP, rows: pd.DataFrame = ROWS) -> str:
    """Why a column is reported, or nothing."""
    table = identifier_columns(np.asarray(column, dtype=float)[:, None], ["a"], group, rows)
    assert table.columns.tolist() == ["column", "why"]
    return table["why"].iloc[0] if len(table) else ""


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12, -3.7])
def test_a_code_is_found_at_any_scale(scale):
    assert found(CODES[GROUP] * scale).startswith("one number a patient in 100%")


def test_a_code_is_found_through_rounding_nulls_and_a_few_slips():
    code = CODES[GROUP] * (1 + 1e-13 * RNG.normal(size=GROUP.size))
    assert found(code).startswith("one number a patient")
    code[RNG.random(GROUP.size) < 0.2] = np.nan
    assert found(code).startswith("one number a patient")
    slipped = CODES[GROUP]
    slipped[np.flatnonzero(np.diff(GROUP) == 0)[:3]] = 5.0
    assert found(slipped).startswith("one number a patient in 9")


def test_a_noisy_code_is_found_by_its_intraclass_correlation():
    noisy = CODES[GROUP] + 1e6 * 0.02 * RNG.normal(size=GROUP.size)
    assert found(noisy).startswith("nearly one number a patient: intraclass correlation 0.9")
    assert found(CODES[GROUP] + 1e6 * 0.2 * RNG.normal(size=GROUP.size)) == ""


def test_what_counts_along_is_found():
    number = patient_numbers(ROWS["patient_id"].tolist())
    curved = np.sqrt(number) + 0.001 * RNG.random(GROUP.size)
    one_each = np.arange(200)
    patients = pd.DataFrame({"patient_id": ROWS["patient_id"].unique()})
    several = number[np.unique(GROUP, return_index=True)[1]]
    assert "counts along the number in patient_id" in found(-several, group=one_each, rows=patients)
    assert "counts along the rows of the table" in found(np.arange(200) ** 2, group=one_each, rows=patients)
    assert found(curved)


@pytest.mark.parametrize(
    "innocent",
    [
        pytest.param(RNG.integers(35, 90, size=200)[GROUP], id="age in years"),
        pytest.param(RNG.integers(1, 5, size=200)[GROUP], id="density"),
        pytest.param(RNG.integers(35, 90, size=200)[GROUP] + RNG.integers(0, 2, size=GROUP.size), id="age at the exam"),
        pytest.param(
            RNG.normal(size=200)[GROUP] + 0.3 * RNG.normal(size=GROUP.size), id="a feature alike in both views"
        ),
        pytest.param(np.exp(6 * RNG.normal(size=200))[GROUP] * RNG.uniform(0.5, 2, GROUP.size), id="a skewed feature"),
        pytest.param(np.full(GROUP.size, 0.1), id="constant"),
        pytest.param(np.full(GROUP.size, np.nan), id="empty"),
        pytest.param(RNG.normal(size=GROUP.size), id="noise"),
        pytest.param((GROUP % 10).astype(float), id="machine"),
        pytest.param((GROUP > 100).astype(float), id="site, the table sorted by it"),
        pytest.param(np.where(GROUP < 5, CODES[GROUP], np.nan), id="known for five patients"),
    ],
)
def test_the_innocent_are_not_reported(innocent):
    assert found(innocent) == ""


def test_an_age_among_the_fewest_patients_that_are_judged():
    for seed in range(100):
        ages = np.random.default_rng(seed).integers(35, 85, size=PATIENTS).astype(float)
        group = np.repeat(np.arange(PATIENTS), 2)
        assert found(ages[group], group=group, rows=ROWS.iloc[: group.size]) == ""


def test_copies_of_rows_do_not_accuse_every_feature():
    x = RNG.normal(size=(200, 12))[GROUP] + 1e-4 * RNG.normal(size=(GROUP.size, 12))
    assert len(identifier_columns(x, [str(i) for i in range(12)], GROUP, ROWS)) == 0
    x[:, 3] = CODES[GROUP]
    assert identifier_columns(x, [str(i) for i in range(12)], GROUP, ROWS)["column"].tolist() == ["3"]


def test_what_cannot_be_told_is_said():
    assert identifier_limits(GROUP) == ""
    assert identifier_limits(np.arange(50)).startswith("Every patient has one row")
    assert identifier_limits(np.repeat(np.arange(12), 2)).startswith("Only 12 patients have several rows")
    assert found(CODES[:24], group=np.arange(24), rows=ROWS.iloc[:24]) == ""


def test_numbers_in_ids():
    given = ["P_00038", "38", "12-b", "a1b2", "", "none", "9" * 16]
    np.testing.assert_array_equal(patient_numbers(given), [38, 38, 12, np.nan, np.nan, np.nan, np.nan])


def test_intraclass_correlation_is_that_of_the_analysis_of_variance():
    values = RNG.normal(size=200)[GROUP] + RNG.normal(size=GROUP.size)
    several = np.isin(GROUP, np.flatnonzero(SIZES > 1))
    frame = pd.DataFrame({"value": values[several], "patient": GROUP[several].astype(str)})
    table = anova_lm(ols("value ~ C(patient)", frame).fit())
    between, within = table["mean_sq"]
    sizes = SIZES[SIZES > 1]
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (sizes.size - 1)
    expected = (between - within) / (between + (typical - 1) * within)
    assert _intraclass(values, _patients(GROUP)) == pytest.approx(expected, rel=1e-9)


def test_toy_tables_are_innocent():
    for seed in range(20):
        frame = toy_frame(seed=seed)
        group = pd.factorize(frame["patient_id"])[0]
        assert len(identifier_columns(frame[list(FEATURES)].to_numpy(), FEATURES, group, frame)) == 0


def test_real_lesions_are_innocent_and_their_codes_are_not(shared_data: Path):
    frame, features = lesion_table(shared_data)
    group = pd.factorize(frame["patient_id"])[0].astype(np.int64)
    also = ["breast_density", "mask_pixels"]
    x = frame[[*features, *also]].to_numpy(np.float64)
    assert len(identifier_columns(x, [*features, *also], group, frame)) == 0
    codes = np.random.default_rng(0).permutation(group.max() + 1).astype(float)[group]
    planted = identifier_columns(np.column_stack([x[:, :3], codes]), ["a", "b", "c", "code"], group, frame)
    assert planted["column"].tolist() == ["code"]
