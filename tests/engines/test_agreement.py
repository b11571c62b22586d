"""Relative differences of feature values."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.engines.agreement import Agreement, compare_features

NAMES = (
    "original_glcm_Contrast",
    "original_glcm_Correlation",
    "original_glcm_ClusterShade",
    "original_glcm_ClusterProminence",
)


def test_features_are_judged_by_their_size_or_by_the_terms_that_cancel():
    reference = np.array([[2.0, 1e-9, 1e-3, 16.0], [np.nan, 0.5, 1.0, 16.0]])
    assert compare_features(NAMES, reference, reference) == Agreement(0.0, "", ())
    values = reference + np.array([[0, 1e-13, 1e-12, 0], [0, 0, 0, 0]])
    assert compare_features(NAMES, values, reference).differing == ()
    values = reference + np.array([[1e-9, 0, 0, 0], [0, 0, 1e-8, 0]])
    agreement = compare_features(NAMES, values, reference)
    assert (agreement.feature, agreement.differing) == (NAMES[2], (NAMES[0], NAMES[2]))
    assert agreement.largest == pytest.approx(1e-8 / 8)
    assert compare_features(NAMES, values, reference, tolerance=1e-8).differing == ()


def test_nan_agrees_with_nan_only():
    reference = np.array([[np.nan, 0.5, 1.0, 16.0]])
    values = np.where(np.isnan(reference), 1.0, reference)
    assert compare_features(NAMES, values, reference).differing == (NAMES[0],)
    assert compare_features(NAMES, reference, values).differing == (NAMES[0],)
