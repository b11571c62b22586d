"""The price of choosing the best, subgroups, and label shift: against plain loops, textbook toys and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import confint_proportions_2indep

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.auroc_variance import auroc_interval, obuchowski
from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients
from radiomics_mammo.evaluation.metrics.prevalence_shift import (
    estimate_prevalence,
    prevalence_shift,
    shift_prior,
    shift_table,
)
from radiomics_mammo.evaluation.metrics.selection_bias import selection_bias
from radiomics_mammo.evaluation.metrics.subgroups import level_names, subgroup_table


def candidates(
    seed: int, *, patients: int = 60, n_candidates: int = 4, strength: float = 0.0
) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    group = np.arange(2 * patients) // 2
    y = (group % 2).astype(np.int8)
    return y, rng.normal(size=(n_candidates, 2, y.size)) + strength * y, group


def test_winner_is_that_of_plain_draws():
    y, p, group = candidates(0, patients=30)
    found = selection_bias(list("abcd"), y, p, group, draws=50, seed=7)
    scored = []
    for counts in draw_patients(30, draws=50, seed=7):
        rows = np.repeat(np.arange(60), counts[group])
        within = [np.mean([roc_auc_score(y[rows], one[rows]) for one in repeats]) for repeats in p]
        out = counts[group] == 0
        scored.append(np.mean([roc_auc_score(y[out], one[out]) for one in p[int(np.argmax(within))]]))
    assert found.corrected == pytest.approx(np.mean(scored))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(scored, [0.025, 0.975])))
    values = [np.mean([roc_auc_score(y, one) for one in repeats]) for repeats in p]
    assert found.name == "abcd"[int(np.argmax(values))]
    assert found.apparent == pytest.approx(max(values))
    assert sum(found.selected) == pytest.approx(1)


def test_the_best_of_twenty_guesses_is_worth_a_guess():
    results = [
        selection_bias([str(i) for i in range(20)], *candidates(seed, n_candidates=20), draws=100) for seed in range(10)
    ]
    assert np.mean([one.apparent for one in results]) > 0.55
    assert np.mean([one.corrected for one in results]) == pytest.approx(0.5, abs=0.02)


def test_a_clear_winner_pays_little():
    y, p, group = candidates(1, patients=150)
    p[2] += 2 * y
    found = selection_bias(list("abcd"), y, p, group, draws=100)
    assert found.name == "c"
    assert found.selected[2] == 1.0
    assert abs(found.optimism) < 0.01
    assert found.low < found.corrected < found.high


def test_blocks_do_not_change_the_winner(monkeypatch):
    y, p, group = candidates(2)
    whole = selection_bias(list("abcd"), y, p, group, draws=60)
    monkeypatch.setattr("radiomics_mammo.evaluation.metrics.bootstrap._BLOCK_VALUES", 20 * y.size)
    assert selection_bias(list("abcd"), y, p, group, draws=60) == whole


def rows_of(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "view": ["CC", "MLO"] * (n // 2),
            "subtlety": [np.nan, 3.0, 10.0, 2.0] * (n // 4),
            "age": [None, 49, 50, 59.5, 60, 71, 34, 69] * (n // 8),
            "laterality": "LEFT",
        }
    )


def test_subgroups_are_judged_as_if_alone():
    y, p, group = candidates(3, patients=120, strength=1.0)
    table = subgroup_table(rows_of(240), y, p[0], group, called=p[0] > 0.5)
    assert table["column"].unique().tolist() == ["", "view", "subtlety", "age"]  # one side only: not a subgroup
    cc = table[table["level"] == "CC"].iloc[0]
    own = np.arange(240) % 2 == 0
    alone = obuchowski(y[own], p[:1][..., own], np.arange(120))
    low, high = auroc_interval(float(alone.value[0]), float(alone.covariance[0, 0]))
    assert (cc["n"], cc["patients"], cc["positives"]) == (120, 120, 60)
    assert (cc["auroc"], cc["low"], cc["high"]) == pytest.approx((float(alone.value[0]), low, high))
    assert cc["sensitivity"] == pytest.approx((p[0][:, own & (y == 1)] > 0.5).mean())
    assert cc["specificity"] == pytest.approx((p[0][:, own & (y == 0)] <= 0.5).mean())
    assert cc["remark"] == ""
    assert table.loc[0, ["title", "level", "n"]].tolist() == ["All", "all", 240]
    assert subgroup_table(rows_of(240), y, p[0], group).columns[-1] == "remark"


def test_levels_come_in_a_readers_order():
    y, p, group = candidates(4, patients=120)
    table = subgroup_table(rows_of(240), y, p[0], group)
    assert table.loc[table["column"] == "subtlety", "level"].tolist() == ["2", "3", "10", "not given"]
    bands = ["under 50", "50 to 59", "60 to 69", "70 and over", "not given"]
    assert table.loc[table["column"] == "age", "level"].tolist() == bands
    counts = table[table["column"] == "age"].set_index("level")["n"]
    assert counts.to_dict() == dict(zip(bands, [60, 60, 60, 30, 30], strict=True))


def test_small_levels_say_so():
    y, p, group = candidates(5, patients=10)
    y[:] = np.arange(20) % 4 == 0
    table = subgroup_table(pd.DataFrame({"view": ["CC"] * 16 + ["MLO"] * 4}), y, p[0], group)
    small = table[table["level"] == "MLO"].iloc[0]
    assert np.isnan(small["auroc"])
    assert small["remark"] == "too few for an AUROC: 1 positive, 3 negative"


def test_levels_of_text_flags_and_numbers():
    assert level_names(pd.Series([True, False, None], dtype="boolean")).tolist() == ["True", "False", "not given"]
    assert level_names(pd.Series([1.0, np.nan])).tolist() == ["1", "not given"]
    assert level_names(pd.Series([1.5, 2.0])).tolist() == ["1.5", "2.0"]
    assert level_names(pd.Series(["A", None])).tolist() == ["A", "not given"]


def test_shift_of_strangers_is_newcombes():
    # CBIS-DDSM's masses: 637 of 1,318 malignant in training, 147 of 378 in test.
    train, test = ((np.arange(n) < k).astype(np.int8) for k, n in ((637, 1_318), (147, 378)))
    found = prevalence_shift((train, np.arange(1_318)), (test, np.arange(378)))
    asked = confint_proportions_2indep(147, 378, 637, 1_318, method="newcomb", compare="diff")
    assert found.difference == pytest.approx(147 / 378 - 637 / 1_318)
    assert (found.low, found.high) == pytest.approx(asked, abs=2e-4)  # n - 1 in place of n
    error = np.sqrt(sum(q * (1 - q) / (n - 1) for q, n in ((637 / 1_318, 1_318), (147 / 378, 378))))
    assert found.p == pytest.approx(2 * norm.sf(abs(found.difference) / error))


def test_shift_of_copies_is_no_surer():
    y = (np.arange(60) < 24).astype(np.int8)
    once = prevalence_shift((y, np.arange(60)), (1 - y, np.arange(60)))
    copied = prevalence_shift((y.repeat(4), np.arange(60).repeat(4)), ((1 - y).repeat(4), np.arange(60).repeat(4)))
    assert (copied.low, copied.high, copied.p) == pytest.approx((once.low, once.high, once.p))


def test_shift_table_compares_the_levels_that_both_have():
    kind = pd.DataFrame({"abnormality_type": ["mass"] * 40 + ["calc"] * 40})
    other = pd.DataFrame({"abnormality_type": ["mass"] * 60 + ["both"] * 20})
    y, z = np.tile([0, 1], 40).astype(np.int8), np.repeat([0, 1], [60, 20]).astype(np.int8)
    patients = np.arange(80)
    table = shift_table((kind, y, patients), (other, z, patients), columns={"abnormality_type": "Type", "view": "View"})
    assert table["level"].tolist() == ["all", "mass"]
    assert table["train"].tolist() == [0.5, 0.5]
    assert table["test"].tolist() == [0.25, 0.0]
    assert table["n_test"].tolist() == [80, 60]


def saerens_em(p: np.ndarray, prior: float) -> float:
    """Saerens, Latinne & Decaestecker (2002), eq. 2.9, as printed."""
    now = prior
    for _ in range(20_000):
        shifted = p * now / prior / (p * now / prior + (1 - p) * (1 - now) / (1 - prior))
        now = shifted.mean()
    return now


def shifted_scores(seed: int, *, n: int, prevalence: float) -> tuple[np.ndarray, np.ndarray]:
    """Predictions that are right at 0.5, of units with another prevalence."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < prevalence).astype(np.int8)
    x = rng.normal(size=n) + 2 * y  # log-odds at even prevalence: 2x - 2
    return y, 1 / (1 + np.exp(-(2 * x - 2)))


def test_estimated_prevalence_is_saerens_em():
    _, p = shifted_scores(0, n=400, prevalence=0.3)
    value, low, high = estimate_prevalence(p, np.arange(400), prior=0.5, draws=200)
    assert value == pytest.approx(saerens_em(p, 0.5), abs=1e-8)
    assert low < value < high


@pytest.mark.parametrize("same", [0.5, 0.3, 0.0])
def test_predictions_that_are_all_the_same_leave_the_prior(same):
    value, low, high = estimate_prevalence(np.full(40, same), np.arange(40), prior=0.5, draws=20)
    assert value == 0.5
    assert np.isnan([low, high]).all()


def test_a_draw_without_anything_telling_stays_at_the_prior():
    # One patient in ten is told from the prior, so a third of the draws hold nobody who is: they must not fall to 0.
    p = np.where(np.arange(10) == 0, 0.9, 0.4)
    value, low, high = estimate_prevalence(p, np.arange(10), prior=0.4, draws=400)
    assert value == pytest.approx(1.0, abs=1e-6)
    assert (low, high) == (pytest.approx(0.4), pytest.approx(1.0, abs=1e-6))


def test_estimated_prevalence_is_near_the_truth_and_its_interval_covers():
    inside, values = [], []
    for seed in range(60):
        _, p = shifted_scores(seed, n=300, prevalence=0.25)
        value, low, high = estimate_prevalence(p, np.arange(300), prior=0.5, draws=100)
        inside.append(low <= 0.25 <= high)
        values.append(value)
    assert np.mean(values) == pytest.approx(0.25, abs=0.01)
    assert np.mean(inside) >= 0.85  # 60 sets: 95% less 3.3 standard errors


def test_shifted_predictions_by_hand_and_back():
    # Odds 1 at even prevalence become odds 1/4 at a prevalence of 0.2.
    assert shift_prior(np.array([0.5]), 0.5, 0.2)[0] == pytest.approx(0.2)
    p = np.array([0.0, 0.1, 0.7, 1.0])
    np.testing.assert_allclose(shift_prior(shift_prior(p, 0.48, 0.39), 0.39, 0.48), p, atol=1e-15)
    y, scores = shifted_scores(1, n=20_000, prevalence=0.1)
    assert shift_prior(scores, 0.5, 0.1).mean() == pytest.approx(y.mean(), abs=0.01)


@pytest.mark.parametrize("prior", [0.0, 1.0])
def test_a_prior_of_all_or_nothing_is_refused(prior):
    with pytest.raises(InputError, match="leaves nothing to shift"):
        shift_prior(np.array([0.5]), prior, 0.5)
    with pytest.raises(InputError, match=r"\(prior\)"):
        estimate_prevalence(np.array([0.5]), np.array([0]), prior=prior)
