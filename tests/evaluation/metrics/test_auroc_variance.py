"""AUROC's variance against MLstatkit, hand-worked toys and simulation; its neighbours against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from MLstatkit import Delong_test
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.auroc_variance import (
    Auroc,
    auroc_interval,
    delong,
    obuchowski,
    paired_difference,
    placements,
)
from radiomics_mammo.evaluation.metrics.paired_comparison import (
    benjamini_hochberg,
    fold_aurocs,
    holm,
    nadeau_bengio,
    pair_table,
)
from tools.interval_coverage import Design, coverage, draw_data


def two_candidates(seed: int, *, n: int = 120, ties: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) < n // 3).astype(np.int8)
    common = rng.normal(size=n) + y
    p = stats.norm.cdf(common + rng.normal(size=(2, 1, n)) * [[[0.5]], [[1.0]]])
    return y, np.round(p * ties) / ties if ties else p


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [0, 9])
def test_delong_is_mlstatkits(seed, ties):
    y, p = two_candidates(seed, ties=ties)
    z, p_value, _, _, auc_a, auc_b, info = Delong_test(y, p[0, 0], p[1, 0])
    assert info["method"] == "delong"
    found = delong(y, p)
    assert found.value == pytest.approx([auc_a, auc_b], rel=1e-12)
    difference = paired_difference(found, 1, 0)
    cov = found.covariance
    assert cov[0, 0] + cov[1, 1] - 2 * cov[0, 1] == pytest.approx(info["var_diff"], rel=1e-9)
    assert difference.p == pytest.approx(p_value, rel=1e-9)
    assert difference.value / np.sqrt(info["var_diff"]) == pytest.approx(z, rel=1e-9)
    assert difference.high - difference.low == pytest.approx(2 * stats.norm.ppf(0.975) * np.sqrt(info["var_diff"]))


@pytest.mark.parametrize("ties", [0, 9])
def test_obuchowski_is_delong_when_everybody_has_one_unit(ties):
    y, p = two_candidates(3, ties=ties)
    patients = np.random.default_rng(0).permutation(y.size)
    np.testing.assert_allclose(obuchowski(y, p, patients).covariance, delong(y, p).covariance, rtol=1e-10)


def test_obuchowski_worked_by_hand():
    # Patient 0: positive 0.8, negative 0.2; patient 1: positive 0.5; patient 2: negatives 0.6 and 0.1.
    y = np.array([1, 0, 1, 0, 0], dtype=np.int8)
    p = np.array([[[0.8, 0.2, 0.5, 0.6, 0.1]]])
    group = np.array([0, 0, 1, 2, 2])
    # Placements: positives 3/3 and 2/3; negatives 2/2 (0.2), 1/2 (0.6), 2/2 (0.1); AUROC 5/6.
    # By patient, less their count times 5/6: positives 1/6, -1/6; negatives of 0: 1/6, of 2: 3/2 - 10/6 = -1/6.
    # S10 / 2 = 2/1 * (2/36) / 4; S01 / 3 = 2/1 * (2/36) / 9; S11 = 3/2 * (1/6 * 1/6), twice, over 2 * 3.
    by_hand = 2 * (2 / 36) / 4 + 2 * (2 / 36) / 9 + 2 * 1.5 / 36 / 6
    found = obuchowski(y, p, group)
    assert found.value[0] == pytest.approx(5 / 6)
    assert found.covariance[0, 0] == pytest.approx(by_hand)


def test_five_copies_of_a_unit_are_worth_one():
    y, p = two_candidates(1)
    once = obuchowski(y, p, np.arange(y.size))
    copied = obuchowski(np.repeat(y, 5), np.repeat(p, 5, axis=-1), np.repeat(np.arange(y.size), 5))
    np.testing.assert_allclose(copied.covariance, once.covariance, rtol=1e-10)


def test_a_value_is_the_mean_over_repeats_and_so_is_its_variance():
    y, p = two_candidates(2)
    repeats = np.concatenate([p[:1], p[1:]], axis=1)  # one candidate, two repeats
    both, found = delong(y, p), delong(y, repeats)
    assert found.value[0] == pytest.approx(both.value.mean())
    assert found.covariance[0, 0] == pytest.approx(both.covariance.mean())
    assert placements(y, repeats)[0].shape == (1, int(y.sum()))


def test_one_class_or_one_patient_of_a_class_is_unknown():
    p = np.array([[[0.1, 0.2, 0.7]]])
    assert np.isnan(delong(np.zeros(3, dtype=np.int8), p).value).all()
    single = obuchowski(np.array([0, 0, 1], dtype=np.int8), p, np.arange(3))
    assert single.value[0] == 1.0
    assert np.isnan(single.covariance).all()
    assert np.isnan(paired_difference(Auroc(np.ones(2), np.full((2, 2), np.nan)), 0, 1).p)


def test_interval_stays_within_0_and_1_and_is_on_the_logit_scale():
    low, high = auroc_interval(0.98, 0.02**2)
    assert 0 < low < 0.98 < high < 1
    odds = [np.log(v / (1 - v)) for v in (low, 0.98, high)]
    assert odds[2] - odds[1] == pytest.approx(odds[1] - odds[0]) == pytest.approx(1.959964 * 0.02 / (0.98 * 0.02))
    assert np.isnan(auroc_interval(1.0, 0.0)).all()
    narrow = auroc_interval(0.98, 0.02**2, level=0.8)
    assert low < narrow[0] < narrow[1] < high


def test_candidates_that_rank_alike_do_not_differ():
    y, p = two_candidates(4)
    same = np.concatenate([p[:1], p[:1] ** 3])
    found = paired_difference(obuchowski(y, same, np.arange(y.size) // 2), 0, 1)
    assert (found.value, found.low, found.high, found.p) == pytest.approx((0, 0, 0, 1))


def test_coverage_of_the_clustered_interval_small():
    # 200 sets of one design; 95% plus and minus 3.3 standard errors of a share of 200: 0.90 to 1.
    held = coverage(Design(patients=120, correlation=0.6, auroc=0.75, both_classes=True), sets=200, seed=1)
    assert 0.90 <= held["obuchowski"] <= 1.0
    assert held["delong"] < held["obuchowski"]  # units of a patient taken as strangers: too narrow


def test_simulated_data_have_the_auroc_that_they_should():
    rng = np.random.default_rng(0)
    y, score, group = draw_data(Design(patients=20_000, correlation=0.5, auroc=0.85, both_classes=True), rng)
    assert roc_auc_score(y, score) == pytest.approx(0.85, abs=0.01)
    assert np.bincount(group).max() == 4


def test_fold_aurocs_are_scikit_learns():
    y, p = two_candidates(5)
    rng = np.random.default_rng(0)
    fold_of = np.stack([rng.permutation(y.size) % 4, rng.permutation(y.size) % 4]).astype(np.int16)
    p = np.repeat(p, 2, axis=1)
    found = fold_aurocs(y, p, fold_of)
    assert found.shape == (2, 2, 4)
    rows = fold_of[1] == 2
    assert found[1, 1, 2] == pytest.approx(roc_auc_score(y[rows], p[1, 1, rows]))


def test_nadeau_bengio_by_hand():
    # Two repeats of two folds: mean 0.025, variance (4 differences) 0.0425 / 30, correction 1/4 + 1.
    d = np.array([[0.0, 0.05], [0.07, -0.02]])
    found = nadeau_bengio(d)
    error = np.sqrt(d.var(ddof=1) * (1 / 4 + 1 / 1))
    assert found.value == pytest.approx(0.025)
    assert found.p == pytest.approx(2 * stats.t.sf(0.025 / error, 3))
    assert found.high - 0.025 == pytest.approx(stats.t.ppf(0.975, 3) * error)
    # Uncorrected, it is the ordinary t test: the correction is the only difference.
    plain = stats.ttest_1samp(d.ravel(), 0.0)
    assert plain.statistic * np.sqrt((1 / 4) / (1 / 4 + 1)) == pytest.approx(0.025 / error)


def test_nadeau_bengio_leaves_undefined_folds_out():
    found = nadeau_bengio(np.array([[0.1, np.nan, 0.3]]))
    assert found.value == pytest.approx(0.2)
    assert found.high - 0.2 == pytest.approx(stats.t.ppf(0.975, 1) * np.sqrt(0.02 * (1 / 2 + 1 / 2)))
    assert np.isnan(nadeau_bengio(np.array([[0.1, np.nan]])).p)
    assert nadeau_bengio(np.zeros((2, 3))).p == 1.0


@pytest.mark.parametrize(("ours", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_values_are_statsmodels(ours, method, seed):
    p = np.random.default_rng(seed).random(12) ** 3
    np.testing.assert_allclose(ours(p), multipletests(p, method=method)[1], rtol=1e-12)


@pytest.mark.parametrize("ours", [holm, benjamini_hochberg])
def test_an_undefined_p_is_not_counted(ours):
    p = np.array([0.01, np.nan, 0.04, 0.03])
    found = ours(p)
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2, 3]], ours(p[[0, 2, 3]]))


def three_candidates() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The candidates good, twin (as good) and noise; persons have two units; two repeats of five folds by patient."""
    rng = np.random.default_rng(0)
    group = np.arange(400) // 2
    y = (group % 2).astype(np.int8)
    good = y + rng.normal(size=400)
    p = np.stack([good, good + 0.05 * rng.normal(size=400), rng.normal(size=400)])
    fold_of = np.stack([rng.permutation(200)[group] % 5, rng.permutation(200)[group] % 5]).astype(np.int16)
    return y, np.repeat(p[:, None], 2, axis=1), group, fold_of


def test_where_there_is_no_p_the_verdict_is_not_known():
    y, p, group, fold_of = three_candidates()
    y = (group == 1).astype(np.int8)  # one positive patient: nothing is known of how such patients vary
    found = pair_table(["good", "twin", "noise"], y, p, group, fold_of, against="good")
    assert found["p_holm"].isna().all()
    assert found["verdict"].tolist() == ["not known", "not known"]


def test_pair_table_says_gain_loss_and_no_gain():
    y, p, group, fold_of = three_candidates()
    found = pair_table(["good", "twin", "noise"], y, p, group, fold_of, against="good").set_index("model")
    assert found["verdict"].to_dict() == {"twin": "no gain", "noise": "loss"}
    upside = pair_table(["good", "twin", "noise"], y, p, group, fold_of, against={"good": "noise"})
    assert upside["verdict"].tolist() == ["gain"]
    assert upside.loc[0, "difference"] == pytest.approx(-found.loc["noise", "difference"])
    areas = obuchowski(y, p, group)
    by_hand = paired_difference(areas, 2, 0)
    assert found.loc["noise", ["low", "high", "p"]].tolist() == [by_hand.low, by_hand.high, by_hand.p]
    assert found["p_holm"].tolist() == multipletests(found["p"], method="holm")[1].tolist()
    assert found["fold_p_holm"].tolist() == multipletests(found["fold_p"], method="holm")[1].tolist()
    assert found.loc["noise", "fold_difference"] == pytest.approx(found.loc["noise", "difference"], abs=0.03)


def test_pair_table_refuses_an_unknown_candidate():
    y, p, group, fold_of = three_candidates()
    with pytest.raises(InputError, match="no candidate is called best"):
        pair_table(["good", "twin", "noise"], y, p, group, fold_of, against="best")
