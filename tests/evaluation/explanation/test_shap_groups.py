"""Groups, clusters and pairs of contributions, counted by hand or by SciPy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from radiomics_mammo.evaluation.explanation.shap_groups import (
    cluster_table,
    group_table,
    interaction_table,
    rank_correlation,
)

MOVED = pd.DataFrame(
    {
        "original_glcm_Contrast": [1.0, -1.0, 2.0],
        "original_glcm_Idm": [-1.0, 1.0, 1.0],
        "wavelet-LL_glcm_Idm": [0.5, 0.5, 0.5],
        "original_shape2D_Sphericity": [0.0, 0.0, -3.0],
        "crop_embA_Embedding": [1.0, 1.0, 1.0],
        "masked_embB_Embedding": [-1.0, 1.0, 1.0],
        "age": [0.1, 0.1, 0.1],
    }
)


def sizes(table: pd.DataFrame, kind: str) -> dict[str, float]:
    own = table[table["kind"] == kind]
    assert own["importance"].is_monotonic_decreasing
    return dict(zip(own["group"], own["importance"], strict=True))


def test_groups_sum_with_sign_in_each_case_before_the_absolute_value():
    table = group_table(MOVED)
    assert sizes(table, "family") == pytest.approx(
        {
            "glcm": (0.5 + 0.5 + 3.5) / 3,
            "embedding": (0 + 2 + 2) / 3,
            "shape2D": 1.0,
            "other": 0.1,
        }
    )
    assert sizes(table, "filter") == pytest.approx(
        {"embedding": 4 / 3, "wavelet-LL": 0.5, "original": 0.0, "none": 0.1}
    )
    assert sizes(table, "concept") == pytest.approx(
        {"parenchyma": 4.5 / 3, "embedding": 4 / 3, "margin": 1.0, "other": 0.1}
    )


def test_cells_are_family_and_filter():
    table = group_table(MOVED)
    cells = table[table["kind"] == "family_filter"].set_index(["family", "filter"])["importance"]
    assert cells["glcm", "original"] == pytest.approx(1.0)  # 0, 0, 3
    assert cells["glcm", "wavelet-LL"] == pytest.approx(0.5)
    assert len(cells) == 5


def test_rank_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 4))
    x[:, 1] = np.exp(x[:, 0]) + 0.3 * x[:, 1]
    x[:, 3] = np.round(x[:, 3])
    np.testing.assert_allclose(rank_correlation(x), spearmanr(x).statistic, atol=1e-12)
    x[:, 2] = 7.0
    assert rank_correlation(x)[2].tolist() == [0, 0, 0, 0]


def test_clusters_find_features_that_say_the_same_and_sum_them():
    rng = np.random.default_rng(1)
    base = rng.normal(size=(200, 3))
    values = pd.DataFrame({"a": base[:, 0], "b": -np.exp(base[:, 0]), "c": base[:, 1], "d": base[:, 2]})
    values.loc[:20, "d"] = np.nan
    moved = pd.DataFrame({"a": 1.0, "b": -0.8, "c": 0.5, "d": 0.1}, index=range(200))
    table = cluster_table(values, moved)
    assert table["feature"].tolist() == ["c", "a", "b", "d"]
    assert table["cluster"].tolist() == [1, 2, 2, 3]
    assert table["cluster_importance"].tolist() == pytest.approx([0.5, 0.2, 0.2, 0.1])
    assert table["correlation"].isna().tolist() == [True, False, False, True]
    assert table["correlation"].iloc[1] == pytest.approx(1.0)


def test_one_feature_is_a_cluster():
    one = pd.DataFrame({"a": [1.0, 2.0]})
    assert cluster_table(one, one)["cluster"].tolist() == [1]


def test_pairs_are_ranked_by_mean_strength_and_never_by_main_effects():
    first = np.array([[5.0, 2.0, 0.0], [2.0, 9.0, 4.0], [0.0, 4.0, 1.0]])
    second = np.array([[5.0, 6.0, 0.0], [6.0, 9.0, 2.0], [0.0, 2.0, 1.0]])
    table = interaction_table(["a", "b", "c"], [(10, first), (30, second)])
    assert table[["first", "second"]].to_numpy().tolist() == [["b", "a"], ["b", "c"]]
    assert table["strength"].tolist() == pytest.approx([8 / 40, 6 / 40])
    assert len(interaction_table(["a", "b", "c"], [(10, first)], most=1)) == 1
