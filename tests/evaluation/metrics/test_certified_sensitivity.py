"""The certified sensitivity against MAPIE, exact binomials and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from mapie.risk_control import BinaryClassificationController
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.certified_sensitivity import (
    CHECKED,
    TARGETS,
    certified_table,
    certify,
    check_certificate,
    check_certificates,
    patients_needed,
)
from radiomics_mammo.evaluation.metrics.proportions import clustered_proportion


def toy(seed: int, *, patients: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, predictions (1, n) and patients with one to three units; every other patient has a positive one."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(patients), rng.integers(1, 4, size=patients))
    first = np.append(True, np.diff(group) > 0)
    y = (group % 2 == 1) & (first | (rng.random(group.size) < 0.5))
    score = 0.7 * rng.normal(size=patients)[group] + 0.7 * rng.normal(size=group.size) + 1.5 * y
    return y.astype(np.int8), stats.norm.cdf(score - 0.7)[None], group


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("target", [0.8, 0.9, 0.95])
def test_threshold_is_mapies_where_everybody_has_one_unit(seed, target):
    rng = np.random.default_rng(seed)
    # 128 positives: MAPIE rounds misses up from 128 * (1 - recall), which is exact for a power of two only.
    y = (np.arange(400) < 128).astype(np.int8)
    p = np.round(stats.norm.cdf(rng.normal(size=400) + 1.2 * y - 0.6), 4)
    grid = (np.arange(10_000) + 0.5) / 10_000  # between the predictions, so that >= and > are one
    controller = BinaryClassificationController(
        predict_function=lambda x: np.column_stack([1 - x, x]),
        risk="recall",
        target_level=target,
        confidence_level=0.9,
        list_predict_params=grid,
        fwer_method="fixed_sequence",
    )
    controller.calibrate(p, y)
    found = certify(y, p[None], np.arange(400), sensitivity=target)
    highest = np.max(controller.valid_predict_params)
    assert found.threshold == pytest.approx(highest + 0.00005)


def test_a_certificate_by_hand():
    # 60 positive patients; at 0.9 and 90% confidence two misses pass (p 0.053) and three do not (p 0.137).
    assert stats.binom.cdf([2, 3], 60, 0.1).round(3).tolist() == [0.053, 0.137]
    y = np.append(np.ones(60), np.zeros(40)).astype(np.int8)
    p = np.append(np.arange(1, 61) / 100, np.arange(40) / 1_000)[None]
    found = certify(y, p, np.arange(100), sensitivity=0.9, confidence=0.9, specificity=0.9)
    assert (found.threshold, found.patients, found.misses, found.needed) == (0.03, 60, 2, 22)
    assert found.specificity.value == 30 / 40  # negatives at 0.000 … 0.029 are below the threshold
    assert found.call_rate.value == (58 + 10) / 100
    # Of 40 negative patients at 0.9, one false alarm passes (p 0.080) and two do not: above 0.038 only one is left.
    assert stats.binom.cdf([1, 2], 40, 0.1).round(3).tolist() == [0.080, 0.223]
    assert 0.038 < found.upper < 0.039
    assert found.in_band == pytest.approx((1 + 9) / 100)  # 0.03 and 0.030 … 0.038
    assert "out-of-fold predictions have a sensitivity of at least 0.9 by patient" in found.sentence
    assert "2 of 60 positive patients were missed" in found.sentence
    assert "selection" not in found.sentence
    chosen = certify(y, p, np.arange(100), sensitivity=0.9, chosen=True)
    assert "not accounting for the selection of the model on the same patients" in chosen.sentence


def test_a_patient_is_found_by_any_of_her_positive_units_and_by_no_negative_one():
    y = np.array([1, 1, 0] * 50, dtype=np.int8)
    p = np.tile([0.2, 0.6, 0.9], 50)[None]
    found = certify(y, p, np.repeat(np.arange(50), 3), sensitivity=0.9)
    assert found.threshold == 0.6
    assert found.patients == 50
    assert found.upper is None  # nobody is without a positive unit
    assert found.in_band == pytest.approx(2 / 3)


def test_too_few_patients_are_told_how_many_are_needed():
    y, p, group = toy(0, patients=60)
    found = certify(y, p, group, sensitivity=0.95)
    assert (found.threshold, found.patients, found.needed) == (None, 30, 45)
    assert np.isnan([found.specificity.value, found.call_rate.value]).all()
    assert "30 positive patients are too few to certify a sensitivity of 0.95" in found.sentence
    assert "45 are needed" in found.sentence
    nobody = certify(np.zeros(4, dtype=np.int8), np.full((1, 4), 0.5), np.arange(4))
    assert (nobody.threshold, nobody.patients) == (None, 0)


@pytest.mark.parametrize("misses", [0, 1, 5])
@pytest.mark.parametrize("target", TARGETS)
def test_patients_needed_are_the_fewest(target, misses):
    n = patients_needed(target, 0.9, misses=misses)
    upper = [1 - proportion_confint(many - misses, many, alpha=0.2, method="beta")[0] for many in (n - 1, n)]
    assert upper[0] > 1 - target >= upper[1] - 1e-12  # one-sided 90% is two-sided 80%
    if misses == 0:
        assert n == int(np.ceil(np.log(0.1) / np.log(target)))


def test_of_several_repeats_the_most_cautious_counts():
    y, p, group = toy(1)
    repeats = np.concatenate([p, np.clip(p + 0.05 * np.random.default_rng(0).normal(size=p.shape), 0, 1), p * 0.9])
    alone = [certify(y, one[None], group) for one in repeats]
    found = certify(y, repeats, group)
    assert found.threshold == min(one.threshold for one in alone)
    assert found.upper == max(one.upper for one in alone)
    well = np.broadcast_to(y == 0, repeats.shape)
    assert found.specificity == clustered_proportion((repeats < found.threshold) & well, well, group)


def test_the_promise_is_kept():
    # 400 runs with 150 positive patients; the truth from 200,000. A share of at most 10% may fail, and noise of 3.1
    # s.e.
    y, p, group = toy(99, patients=400_000)
    best = np.full(400_000, -np.inf)
    np.maximum.at(best, group[y == 1], p[0, y == 1])
    best = np.sort(best[best > -np.inf])
    failed = []
    for seed in range(400):
        found = certify(*toy(seed), sensitivity=0.9)
        failed.append(1 - np.searchsorted(best, found.threshold) / best.size < 0.9)
    assert 0.03 < np.mean(failed) < 0.1465


def test_table_has_a_row_and_a_sentence_a_target():
    y, p, group = toy(2)
    found = certified_table(y, p, group)
    assert found["target"].tolist() == list(TARGETS)
    assert found["threshold"].isna().tolist() == [False] * 5 + [True]
    assert (found["threshold"].diff()[1:5] < 0).all()
    assert (found["specificity"].diff()[1:5] < 0).all()
    assert found["needed"].tolist() == [11, 15, 22, 45, 114, 230]
    assert found.loc[5, "sentence"].startswith("150 positive patients are too few to certify a sensitivity of 0.99")
    assert found.loc[3, "specificity_low"] < found.loc[3, "specificity"] < found.loc[3, "specificity_high"]


def test_a_check_by_hand():
    # Positive patients 0 (0.2 and 0.6), 1 (0.3) and 2 (0.1 and, negative, 0.9); from 0.3 on only patient 2 is missed.
    y = np.array([1, 1, 1, 1, 0, 0, 0], dtype=np.int8)
    p = np.array([0.2, 0.6, 0.3, 0.1, 0.9, 0.29, 0.3])
    found = check_certificate(y, p, np.array([0, 0, 1, 2, 2, 3, 4]), threshold=0.3)
    assert (found.patients, found.misses, found.sensitivity, found.specificity) == (3, 1, 2 / 3, 1 / 3)
    assert "At a threshold of 0.3, 1 of 3 positive patients of the test set were missed" in found.sentence


@pytest.mark.parametrize("misses", [0, 3, 40])
def test_a_checks_interval_is_clopper_and_pearsons(misses):
    y, p = np.ones(40, dtype=np.int8), np.where(np.arange(40) < misses, 0.1, 0.9)
    found = check_certificate(y, p, np.arange(40), threshold=0.5)
    assert (found.low, found.high) == pytest.approx(proportion_confint(40 - misses, 40, method="beta"), abs=1e-12)
    assert np.isnan(found.specificity)


def test_checks_are_of_the_certified_thresholds():
    y, p, group = toy(2)
    table = certified_table(y, p, group)
    held = toy(3)
    found = check_certificates(table, held[0], held[1][0], held[2])
    assert list(found.columns) == CHECKED
    assert found["target"].tolist() == list(TARGETS[:5])  # 0.99 has no threshold
    assert found["threshold"].tolist() == table["threshold"].tolist()[:5]
    assert (found["misses"].diff()[1:] <= 0).all()
    nobody = check_certificates(table, np.zeros(4, dtype=np.int8), np.full(4, 0.5), np.arange(4))
    assert nobody[["sensitivity", "low", "high"]].isna().all(axis=None)
    assert "cannot be checked" in nobody.loc[0, "sentence"]
    empty = check_certificates(table[table["threshold"].isna()], held[0], held[1][0], held[2])
    assert empty.empty
    assert list(empty.columns) == CHECKED


@pytest.mark.parametrize("asked", [{"sensitivity": 1.0}, {"confidence": 0.0}, {"specificity": 95}])
def test_shares_that_cannot_be_certified_are_refused(asked):
    y, p, group = toy(0, patients=20)
    with pytest.raises(InputError, match="cannot be certified"):
        certify(y, p, group, **asked)
