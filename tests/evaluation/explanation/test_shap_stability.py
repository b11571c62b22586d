"""Ranks and overlap of folds, counted by hand, and the verdict on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.evaluation.explanation.shap_stability import (
    FEW,
    NOTHING,
    STABLE,
    UNKNOWN,
    feature_table,
    fold_sizes,
    jaccards,
    largest_by_chance,
    leading,
    permutation_table,
    ranks_of,
    stability_table,
)
from radiomics_mammo.evaluation.training.permutation import PermutedLabels
from radiomics_mammo.reports.sections.explanation_groups import stability_sentence

NAMES = [f"original_glcm_F{i}" for i in range(8)]
SAME = np.tile(np.arange(8.0, 0, -1), (3, 1))
NONE = pd.DataFrame({"feature": [], "cluster": []})


def importance_of(sizes: np.ndarray) -> pd.Series:
    return pd.Series(sizes.mean(axis=0), index=NAMES).sort_values(ascending=False)


def permuted_of(size: np.ndarray) -> PermutedLabels:
    return PermutedLabels(size, np.array([2, 1, 1]), np.full(len(size), 0.5), 4)


def test_sizes_are_means_of_absolute_contributions_by_repeat_and_fold():
    table = pd.DataFrame(
        {"case_id": list("abcabc"), "repeat": [0, 0, 0, 1, 1, 1], "fold": [0, 0, 1, 1, 0, 0], "base": 9.0}
        | {"scale": 1.0, "shift": 0.0, "f": [1.0, -3.0, 5.0, -1.0, 2.0, 2.0]}
    )
    found = fold_sizes(table)
    assert {repeat: sizes.tolist() for repeat, sizes in found.items()} == {0: [[2.0], [5.0]], 1: [[2.0], [1.0]]}


def test_overlap_counts_pairs_of_folds_and_what_has_no_size_never_leads():
    sizes = np.array([[3.0, 2.0, 1.0, 0.0], [3.0, 1.0, 2.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    assert jaccards(sizes, 2) == pytest.approx([1 / 3, 0.0, 0.0])
    assert jaccards(np.zeros((2, 4)), 2) == [0.0]
    assert ranks_of(np.array([5.0, 0.0, 0.0, 7.0])).tolist() == [2.0, 3.5, 3.5, 1.0]
    assert (leading(102), leading(24), leading(3)) == (20, 6, 1)


def test_features_have_mean_ranks_and_the_largest_of_permuted_labels_beside_them():
    sizes = {0: SAME, 1: SAME[:, ::-1]}
    permuted = permuted_of(np.stack([np.full((3, 8), 0.1), np.tile([[4.0], [8.0], [8.0]], (1, 8))]))
    table = feature_table(importance_of(SAME), sizes, NAMES, permuted=permuted, clusters=NONE)
    assert table["feature"].tolist() == NAMES
    assert table["rank_mean"].tolist() == [4.5] * 8
    assert table["rank_sd"].iloc[0] == pytest.approx(np.std([1, 1, 1, 8, 8, 8], ddof=1))
    assert set(table["permutation_high"]) == {6.0}  # (2 * 4 + 8 + 8) / 4
    assert table["above_chance"].tolist() == [True, True, *[False] * 6]
    assert table["cluster"].tolist() == [0] * 8


@pytest.mark.parametrize(
    ("permuted", "verdict"),
    [
        (np.stack([SAME, SAME]), NOTHING),
        (np.stack([SAME, SAME]) / 2, FEW),
        (np.stack([np.stack([np.roll(SAME[0], 3 * i) for i in range(3)])] * 2), STABLE),
    ],
)
def test_the_verdict_asks_for_more_than_every_permutation_gave(permuted, verdict):
    found = permuted_of(permuted)
    features = feature_table(importance_of(SAME), {0: SAME}, NAMES, permuted=found, clusters=NONE)
    table = stability_table({0: SAME}, features, null=permutation_table(found), rows=found.rows).set_index("statistic")
    assert table.loc["jaccard", "value"] == 1.0
    assert table.loc["jaccard", "verdict"] == verdict
    assert table.loc["permutations", "value"] == 2
    assert table.loc["permuted_rows", "value"] == 4
    sentence = stability_sentence(table.reset_index())
    assert ("the explanation is not stable" in sentence) == (verdict == NOTHING)
    assert "0.50" in sentence


def test_without_shuffling_the_verdict_is_not_known():
    features = feature_table(importance_of(SAME), {0: SAME}, NAMES, permuted=None, clusters=NONE)
    table = stability_table({0: SAME}, features, null=None, rows=0)
    assert table["verdict"].iloc[0] == UNKNOWN
    assert features["permutation_high"].isna().all()
    assert "was not computed" in stability_sentence(table)


def test_a_network_has_a_chance_of_its_own():
    names = ["original_glcm_Contrast", "crop_embToy_Embedding", "original_glcm_Idm"]
    importance = np.array([[0.1, 0.9, 0.2], [0.3, 0.7, 0.1]])
    permuted = PermutedLabels(importance[:, None], np.array([10]), np.full(2, 0.5), 10)
    np.testing.assert_array_equal(largest_by_chance(permuted, names), [0.3, 0.9, 0.3])
