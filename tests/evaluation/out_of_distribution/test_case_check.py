"""Cases unlike the training cases, each for its own reason."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.evaluation.out_of_distribution.case_check import check_cases
from radiomics_mammo.evaluation.out_of_distribution.training_distribution import dump, load
from tests.support.cohorts import FEATURES
from tests.support.saved_models import distribution_of

RNG = np.random.default_rng(5)
MIXING = RNG.normal(size=(len(FEATURES), len(FEATURES)))


def like_training(n: int, *, seed: int) -> np.ndarray:
    """Draw correlated rows."""
    return np.random.default_rng(seed).normal(size=(n, len(FEATURES))) @ MIXING


@pytest.fixture(scope="module")
def distribution():
    columns = {
        "manufacturer": np.where(np.arange(600) % 2, "A", "B"),
        "spacing_row_mm": np.linspace(0.05, 0.1, 600),
        "presentation_intent_type": "FOR PRESENTATION",
    }
    return distribution_of(like_training(600, seed=0), FEATURES, **columns)


def checked(distribution, x, of=None, **columns):
    rows = pd.DataFrame(columns, index=range(len(x)))
    return check_cases(distribution, x, rows, np.arange(len(x)) if of is None else np.asarray(of))


def codes(check) -> list[list[str]]:
    return [[code for code, _ in each] for each in check.reasons]


def test_of_cases_like_the_training_cases_one_in_a_hundred_is_turned_away(distribution):
    check = checked(distribution, like_training(20_000, seed=1))
    assert check.rate == pytest.approx(0.01)
    assert 0.002 < check.flagged.mean() <= 0.0125  # 1% and three standard errors of 600 training cases
    assert check.typicality.mean() == pytest.approx(0.5, abs=0.05)


def test_typicality_is_the_rank_among_the_training_cases(distribution):
    x = like_training(3, seed=2)
    calibration = distribution.calibration_distance
    expected = [(1 + (calibration >= far).sum()) / 601 for far in distribution.distance.of(x)]
    np.testing.assert_allclose(checked(distribution, x).typicality, expected)


def test_a_value_far_outside_the_range_is_named(distribution):
    x = like_training(2, seed=3)
    x[1, 2] = 1000.0
    check = checked(distribution, x)
    assert codes(check)[0] == []
    assert codes(check)[1] == ["range", "distance"]
    assert FEATURES[2] in check.reasons[1][0][1]
    assert "1000, training cases " in check.reasons[1][0][1]


def test_an_unlikely_combination_of_likely_values_is_far(distribution):
    x = like_training(600, seed=0)
    shuffled = np.column_stack([np.random.default_rng(i).permutation(column) for i, column in enumerate(x.T)])
    check = checked(distribution, shuffled)
    assert check.flagged.mean() > 0.5
    assert {code for each in codes(check) for code in each} == {"distance"}


def test_nulls_that_no_training_case_has_are_a_reason(distribution):
    x = like_training(3, seed=4)
    x[1, 0] = np.nan
    x[2] = np.nan
    one, two = (set(each) - {"distance"} for each in codes(checked(distribution, x))[1:])
    assert (one, two) == ({"null"}, {"null", "mostly_null"})
    sparse = like_training(600, seed=0)
    sparse[::7, 0] = np.nan
    assert "null" not in codes(checked(distribution_of(sparse, FEATURES), x[1:2]))[0]


def test_another_device_processing_or_pixel_size_is_a_reason(distribution):
    x = like_training(5, seed=6)[[0, 0, 0, 0, 0]]
    check = checked(
        distribution,
        x,
        manufacturer=["A", "C", "A", "B", None],
        spacing_row_mm=[0.07, 0.07, 0.2, None, 0.051],
        presentation_intent_type=["FOR PRESENTATION", "FOR PROCESSING", *["FOR PRESENTATION"] * 3],
    )
    assert codes(check) == [[], ["acquisition", "acquisition"], ["pixel_size"], ["pixel_size"], ["acquisition"]]
    assert check.reasons[1][0] == (
        "acquisition",
        "presentation_intent_type FOR PROCESSING, training cases FOR PRESENTATION",
    )
    assert check.reasons[2][0][1] == "pixel size 0.2 mm, training cases 0.05 to 0.1"
    assert check.not_checked == ()
    assert checked(distribution, x).not_checked == ("presentation_intent_type", "manufacturer", "spacing_row_mm")


def test_a_table_in_pixels_is_no_place_for_a_case_in_millimetres():
    pixels = distribution_of(like_training(50, seed=0), FEATURES, spacing_row_mm=None)
    assert codes(checked(pixels, like_training(1, seed=1), spacing_row_mm=[0.07])) == [["pixel_size"]]
    assert codes(checked(pixels, like_training(1, seed=1), spacing_row_mm=[None])) == [[]]


def test_a_unit_is_out_of_distribution_with_any_of_its_rows(distribution):
    x = like_training(4, seed=7)
    x[2, 1] = -500.0
    assert checked(distribution, x, of=[0, 1, 0, 1]).flagged.tolist() == [True, False]


def test_few_training_cases_still_turn_the_extreme_away():
    small = distribution_of(like_training(40, seed=0), FEATURES)
    x = like_training(2, seed=1)
    x[1] *= 50
    check = checked(small, x)
    assert check.flagged.tolist() == [False, True]
    assert check.rate == pytest.approx(2 / 41)


def test_a_distribution_is_read_back_as_it_was(distribution):
    content = dump(distribution)
    read = load(content, names=FEATURES)
    assert dump(read) == content
    x = like_training(50, seed=8)
    np.testing.assert_array_equal(checked(read, x).typicality, checked(distribution, x).typicality)
    with pytest.raises(ValueError, match="another model"):
        load(content, names=FEATURES[::-1])
