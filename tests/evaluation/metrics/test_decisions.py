"""Decision curves against dcurves; shares, reliability, operating points against statsmodels and scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_curve
from statsmodels.stats.proportion import proportion_confint

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients
from radiomics_mammo.evaluation.metrics.decision_curve import ALL, NONE, decision_curve
from radiomics_mammo.evaluation.metrics.operating_point import (
    OPERATING_METRICS,
    Rule,
    choose_threshold,
    operating_table,
    parse_rule,
)
from radiomics_mammo.evaluation.metrics.proportions import clustered_proportion
from radiomics_mammo.evaluation.metrics.reliability import reliability_table

ORACLES = Path(__file__).parents[2] / "oracles"


def toy(seed: int = 0, *, n: int = 200, repeats: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, probabilities (n_repeats, n) and patients with two units each."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n // 2).repeat(2)
    y = (rng.random(n) < truth).astype(np.int8)
    return y, np.clip(truth + 0.2 * rng.normal(size=(repeats, n)), 0.001, 0.999), np.arange(n) // 2


def test_net_benefit_is_dcurves():
    data = pd.read_csv(ORACLES / "decision_curve_data.csv")
    asked = pd.read_csv(ORACLES / "decision_curve_dcurves.csv").replace({"model": {"all": ALL, "none": NONE}})
    y, p = data["y"].to_numpy(np.int8), data[["sharp", "blunt"]].to_numpy().T[:, None]
    found = decision_curve(["sharp", "blunt"], y, p, np.arange(y.size), draws=0)
    both = found.merge(asked.assign(threshold=asked["threshold"].round(2)), on=["model", "threshold"])
    assert len(both) == len(found) == 4 * 60
    np.testing.assert_allclose(both["net_benefit_x"], both["net_benefit_y"], atol=1e-12)
    assert found["low"].isna().sum() == 3 * 60


def test_the_band_is_that_of_plain_draws():
    y, p, group = toy(1, n=60, repeats=2)
    found = decision_curve(["a"], y, p[None], group, thresholds=np.array([0.2, 0.5]), draws=40, seed=3)
    plain = []
    for counts in draw_patients(30, draws=40, seed=3):
        rows = np.repeat(np.arange(60), counts[group])
        called = p[:, rows] >= 0.5
        plain.append((called & (y[rows] == 1)).mean() - (called & (y[rows] == 0)).mean())
    line = found[(found["model"] == "a") & (found["threshold"] == 0.5)].iloc[0]
    assert (line["low"], line["high"]) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])))


def test_a_share_of_strangers_is_wilsons():
    hit = (np.arange(40) < 13)[None]
    found = clustered_proportion(hit, np.ones_like(hit), np.arange(40))
    # Unbiased variance: one unit fewer than there are.
    low, high = proportion_confint(13 / 40 * 39, 39, method="wilson")
    assert (found.value, found.low, found.high, found.patients) == pytest.approx((13 / 40, low, high, 40))


def test_copies_of_a_unit_are_worth_one():
    hit = (np.arange(40) < 13)[None]
    once = clustered_proportion(hit, np.ones_like(hit), np.arange(40))
    copied = np.repeat(hit, 5, axis=1)
    again = clustered_proportion(copied, np.ones_like(copied), np.repeat(np.arange(40), 5))
    assert (again.low, again.high) == pytest.approx((once.low, once.high))


@pytest.mark.parametrize("value", [0, 1])
def test_a_share_of_all_or_nothing_is_as_sure_as_there_are_patients(value):
    part = np.full((2, 60), value)
    found = clustered_proportion(part, np.ones_like(part), np.arange(60) // 3)
    assert (found.low, found.high) == pytest.approx(proportion_confint(20 * value, 20, method="wilson"))
    assert found.value == value


def test_a_share_of_nothing_is_undefined():
    found = clustered_proportion(np.zeros((2, 3)), np.array([[0, 0, 0], [1, 1, 0]]), np.arange(3))
    assert np.isnan([found.value, found.low, found.high]).all()


def test_shares_cover():
    # 400 sets of 80 patients with three units that share a coin's bias; 95% +- 3.3 standard errors.
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        bias = rng.beta(3, 1, size=80)
        hit = rng.random((1, 240)) < np.repeat(bias, 3)
        found = clustered_proportion(hit, np.ones_like(hit), np.repeat(np.arange(80), 3))
        inside.append(found.low <= 0.75 <= found.high)
    assert 0.914 <= np.mean(inside) <= 0.986


def test_reliability_is_scikit_learns_where_nothing_is_tied():
    y, p, group = toy(2)
    found = reliability_table(y, p, group)
    observed, predicted = calibration_curve(y, p[0], n_bins=10, strategy="quantile")
    np.testing.assert_allclose(found["observed"], observed)
    np.testing.assert_allclose(found["predicted"], predicted)
    assert found["n"].tolist() == [20] * 10
    assert (found["to"].to_numpy()[:-1] < found["from"].to_numpy()[1:]).all()
    assert ((found["low"] <= found["observed"]) & (found["observed"] <= found["high"])).all()
    assert (found["patients"] < 20).any()


def test_equal_predictions_stay_in_one_bin():
    y = np.array([0, 0, 1, 1, 0, 1, 0, 1], dtype=np.int8)
    p = np.array([[0.3] * 6 + [0.9] * 2, [0.3] * 6 + [0.9] * 2])
    found = reliability_table(y, p, np.arange(8), bins=4)
    assert found["n"].tolist() == [6, 2]
    assert found["observed"].tolist() == [0.5, 0.5]
    assert found["predicted"].tolist() == pytest.approx([0.3, 0.9])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("sensitivity:0.9", Rule("sensitivity", 0.9)),
        (" specificity:0.95", Rule("specificity", 0.95)),
        ("youden", Rule("youden")),
        ("0.5", Rule("fixed", 0.5)),
    ],
)
def test_rules_are_read(text, rule):
    assert parse_rule(text) == rule
    assert str(rule) == text.strip()


@pytest.mark.parametrize("text", ["", "sensitivity", "sensitivity:", "sensitivity:1.2", "f1:0.5", "0", "youden:0.5"])
def test_other_rules_are_refused(text):
    with pytest.raises(InputError, match="is not understood") as caught:
        parse_rule(text)
    assert "sensitivity:0.9" in caught.value.remedy


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("ties", [7, 500])
def test_thresholds_are_the_best_by_trying_all(seed, ties):
    y, p, _ = toy(seed)
    p = np.round(p[0] * ties) / ties
    cuts = np.append(np.unique(p), np.nextafter(p.max(), 2))
    sensitivity = np.array([(p[y == 1] >= cut).mean() for cut in cuts])
    specificity = np.array([(p[y == 0] < cut).mean() for cut in cuts])
    assert choose_threshold(y, p, Rule("sensitivity", 0.9)) == cuts[sensitivity >= 0.9].max()
    assert choose_threshold(y, p, Rule("specificity", 0.9)) == cuts[specificity >= 0.9].min()
    fpr, tpr, thresholds = roc_curve(y, p, drop_intermediate=False)
    best = choose_threshold(y, p, Rule("youden"))
    assert (tpr - fpr)[thresholds == best] == pytest.approx((tpr - fpr).max())
    assert choose_threshold(y, p, Rule("fixed", 0.3)) == 0.3


def test_a_specificity_that_only_calling_nobody_gives():
    y, p = np.array([0, 1, 0], dtype=np.int8), np.array([0.9, 0.5, 0.1])
    threshold = choose_threshold(y, p, Rule("specificity", 0.9))
    assert threshold > 0.9
    assert np.isfinite(threshold)


def test_one_class_gives_nothing_to_choose_on():
    with pytest.raises(InputError, match="all labels are the same"):
        choose_threshold(np.zeros(3, dtype=np.int8), np.array([0.1, 0.2, 0.3]), Rule("youden"))


def test_operating_table_is_scikit_learns():
    y, p, group = toy(3, repeats=2)
    called = np.stack([p >= 0.4, p >= 0.8])
    found = operating_table(["a", "b"], y, called, group).set_index("model")
    scorers = {"sensitivity": recall_score, "ppv": precision_score, "accuracy": accuracy_score, "f1": f1_score}
    for name, calls in zip(["a", "b"], called, strict=True):
        for figure, scorer in scorers.items():
            assert found.loc[name, figure] == pytest.approx(np.mean([scorer(y, one) for one in calls]))
        assert found.loc[name, "specificity"] == pytest.approx(np.mean([recall_score(1 - y, ~one) for one in calls]))
        assert found.loc[name, "npv"] == pytest.approx(np.mean([precision_score(1 - y, ~one) for one in calls]))
        assert found.loc[name, "call_rate"] == pytest.approx(calls.mean())
        assert found.loc[name, ["tp", "fp", "fn", "tn"]].sum() == pytest.approx(200)
        for figure in OPERATING_METRICS:
            assert 0 <= found.loc[name, f"{figure}_low"] < found.loc[name, figure] < found.loc[name, f"{figure}_high"]


def test_intervals_of_the_operating_table_are_clustered_and_of_the_level_asked_for():
    y, p, group = toy(5, repeats=2)
    sick = np.broadcast_to(y == 1, p.shape)
    asked = clustered_proportion((p >= 0.4) & sick, sick, group)
    found = operating_table(["a"], y, p[None] >= 0.4, group).iloc[0]
    assert (found["sensitivity_low"], found["sensitivity_high"]) == (asked.low, asked.high)
    narrow = operating_table(["a"], y, p[None] >= 0.4, group, level=0.5).iloc[0]
    assert asked.low < narrow["sensitivity_low"] < narrow["sensitivity_high"] < asked.high


def test_predictive_value_of_nobody_called_is_undefined():
    y, _, group = toy(4)
    found = operating_table(["a"], y, np.zeros((1, 1, 200), dtype=bool), group).iloc[0]
    assert np.isnan([found["ppv"], found["ppv_low"]]).all()
    assert (found["sensitivity"], found["specificity"]) == (0.0, 1.0)
    assert found["sensitivity_high"] > 0.01
