"""Certificates as a saved model keeps them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.certified_sensitivity import certified_table
from radiomics_mammo.runs.model_metadata import certificates


def test_a_certificate_is_contradicted_by_a_lower_interval_of_the_test_set():
    y, p = np.tile([0, 1], 200).astype(np.int8), np.random.default_rng(0).random((1, 400))
    table = certified_table(y, p, np.arange(400))
    checked = pd.DataFrame({"target": [0.9, 0.95], "high": [0.91, 0.94]})
    against = {each.target: each.contradicted for each in certificates(table, checked=checked)}
    assert against[0.95]
    assert not against[0.9]
    assert not any(each.contradicted for each in certificates(table))
