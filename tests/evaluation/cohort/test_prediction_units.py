"""Rows made images, breasts and patients: counted by hand, and against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.prediction_units import RULES, UNITS, aggregate, make_units

ROWS = pd.DataFrame(
    {
        "case_id": list("abcdefg"),
        "patient_id": ["P2", "P2", "P1", "P2", "P1", "P2", "P3"],
        "laterality": ["LEFT", "LEFT", "LEFT", "RIGHT", "LEFT", "LEFT", "LEFT"],
        "view": ["CC", "CC", "CC", "CC", "MLO", "MLO", "CC"],
        "breast_density": [2, 2, 3, 2, 3, 1, 4],
    }
)
Y = np.array([0, 1, 0, 0, 0, 0, 1], dtype=np.int8)
GROUP = np.array([0, 0, 1, 0, 1, 0, 2], dtype=np.int64)


def units_of(kind: str, rows: pd.DataFrame = ROWS, rule: str = "max"):
    return make_units(rows, Y, GROUP, kind=kind, rule=rule)


@pytest.mark.parametrize(
    ("kind", "of", "names", "y", "cases"),
    [
        ("lesion", [0, 1, 2, 3, 4, 5, 6], list("abcdefg"), [0, 1, 0, 0, 0, 0, 1], [1] * 7),
        (
            "image",
            [0, 0, 1, 2, 3, 4, 5],
            ["P2_LEFT_CC", "P1_LEFT_CC", "P2_RIGHT_CC", "P1_LEFT_MLO", "P2_LEFT_MLO", "P3_LEFT_CC"],
            [1, 0, 0, 0, 0, 1],
            [2, 1, 1, 1, 1, 1],
        ),
        (
            "breast",
            [0, 0, 1, 2, 1, 0, 3],
            ["P2_LEFT", "P1_LEFT", "P2_RIGHT", "P3_LEFT"],
            [1, 0, 0, 1],
            [3, 2, 1, 1],
        ),
        ("patient", [0, 0, 1, 0, 1, 0, 2], ["P2", "P1", "P3"], [1, 0, 1], [4, 2, 1]),
    ],
)
def test_units_counted_by_hand(kind, of, names, y, cases):
    units = units_of(kind)
    assert units.of.tolist() == of
    assert units.y.tolist() == y
    assert units.y.dtype == np.int8
    assert units.rows["case_id"].tolist() == names
    assert units.rows["cases"].tolist() == cases
    assert units.group.tolist() == [GROUP[of.index(unit)] for unit in range(len(names))]
    assert units.rows["patient_id"].tolist() == [{0: "P2", 1: "P1", 2: "P3"}[int(g)] for g in units.group]


def test_identity_columns_are_null_where_rows_differ():
    rows = units_of("breast").rows
    assert rows["laterality"].tolist() == ["LEFT", "LEFT", "RIGHT", "LEFT"]
    assert rows["view"].isna().tolist() == [True, True, False, False]
    assert rows["breast_density"].isna().tolist() == [True, False, False, False]
    assert rows["breast_density"].tolist()[1:] == [3, 2, 4]
    assert rows["breast_density"].dtype == "Int64"


def test_a_null_beside_a_value_is_no_agreement():
    rows = units_of("patient", ROWS.assign(site=["A", None, "B", "A", "B", "A", None])).rows
    assert rows["site"].isna().tolist() == [True, False, True]


def test_image_id_comes_first_and_is_a_persons_own():
    rows = ROWS.assign(image_id=[7, 8, 7, 9, 9, 8, 7])
    assert units_of("image", rows).of.tolist() == [0, 1, 2, 3, 4, 1, 5]


def test_image_path_is_the_last_resort():
    rows = ROWS.drop(columns="view").assign(image_path=["x", "x", "y", "z", "y", "z", "w"])
    assert units_of("image", rows).of.tolist() == [0, 0, 1, 2, 1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "lacking", "said"),
    [
        ("image", ["view"], "needs the column image_id; or laterality and view; or image_path"),
        ("breast", ["laterality"], "--unit breast needs the column laterality, which the table lacks"),
    ],
)
def test_a_column_that_is_missing(kind, lacking, said):
    with pytest.raises(InputError, match=said):
        units_of(kind, ROWS.drop(columns=lacking))


def test_a_cell_that_is_empty():
    rows = ROWS.copy()
    rows.loc[[1, 4], "laterality"] = None
    with pytest.raises(InputError, match=r"'laterality', which is empty in 2 rows \(b, e\)"):
        units_of("breast", rows)


def test_unknown_names():
    with pytest.raises(InputError, match=r"--unit 'woman' is unknown.*lesion, image, breast, patient"):
        units_of("woman")
    with pytest.raises(InputError, match=r"--aggregate 'median' is unknown.*max, mean, noisy-or"):
        units_of("lesion", rule="median")
    with pytest.raises(InputError, match="--aggregate 'median' is unknown"):
        aggregate(np.zeros(7), GROUP, "median")


def test_aggregates_counted_by_hand():
    score = np.array([0.2, 0.5, 0.1, 0.4, 0.3, 0.0, 1.0])
    of = units_of("patient").of
    np.testing.assert_allclose(aggregate(score, of, "max"), [0.5, 0.3, 1.0])
    np.testing.assert_allclose(aggregate(score, of, "mean"), [1.1 / 4, 0.2, 1.0])
    np.testing.assert_allclose(aggregate(score, of, "noisy-or"), [1 - 0.8 * 0.5 * 0.6, 1 - 0.9 * 0.7, 1.0])


@pytest.mark.parametrize("rule", RULES)
def test_aggregates_agree_with_pandas(rule):
    rng = np.random.default_rng(3)
    of, score = rng.integers(0, 40, 500), rng.random((2, 3, 500))
    how = {"max": "max", "mean": "mean", "noisy-or": lambda p: 1 - (1 - p).prod()}[rule]
    found = aggregate(score, of, rule)
    assert found.shape == (2, 3, np.unique(of).size)
    for candidate in range(2):
        for repeat in range(3):
            wanted = pd.Series(score[candidate, repeat]).groupby(of).agg(how).to_numpy()
            np.testing.assert_allclose(found[candidate, repeat], wanted, rtol=1e-13)


def test_a_single_row_keeps_its_score_in_every_digit():
    score = np.random.default_rng(0).random(50)
    for rule in ("max", "mean"):
        np.testing.assert_array_equal(aggregate(score, np.arange(50), rule), score)


def test_noisy_or_is_for_probabilities():
    with pytest.raises(InputError, match=r"noisy-or is for probabilities.*--aggregate max"):
        aggregate(np.array([3.0, 5.0]), np.array([0, 0]), "noisy-or")


def test_an_unknown_score_makes_its_unit_unknown():
    score = np.array([np.nan, 0.5, 0.1, 0.4, 0.3, 0.0, 1.0])
    for rule in RULES:
        assert np.isnan(aggregate(score, GROUP, rule)).tolist() == [True, False, False]


@pytest.mark.parametrize("kind", UNITS)
def test_a_unit_lies_within_a_group(kind):
    units = units_of(kind)
    assert (units.group[units.of] == GROUP).all()
