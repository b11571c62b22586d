"""Sentences of the pages, for a set of inputs, are those of the files in ``expected``."""

from __future__ import annotations

from pathlib import Path

import pytest

from radiomics_mammo.reports.components.page import Estimate
from radiomics_mammo.reports.components.sentences import paragraphs, sentence

EXPECTED = Path(__file__).parent / "expected"
AUROC = {"value": 0.7123, "low": 0.65, "high": 0.78}
WEAK = {"value": 0.52, "low": 0.46, "high": 0.58}
GAIN = {"model": "A + SMOTE", "against": "A", "word": "a gain", "value": 0.02, "low": 0.01, "high": 0.03}
NONE = GAIN | {"model": "A + oversampling", "word": "no gain", "value": 0.001, "low": -0.01, "high": 0.012}
UNKNOWN = NONE | {"word": "not known"}
MODEL = {"n_models": 4, "title": "XGBoost", "classes": ["benign", "malignant"], "phantom": False, "test_auroc": None}
LIMITS = {"n_models": 4, "phantom": False, "tested": True, "tuned": True, "spacing_unknown": 0, "cases": "300 cases"}
LIMITS |= {"group": "patient_id", "prevalence": False, "explained": False}
ALL_LIMITS = LIMITS | {"phantom": True, "tested": False, "tuned": False, "spacing_unknown": 12, "group": "site"}
SHARED = {"value": 0.62, "low": 0.43, "high": 0.82, "chance": 0.11, "verdict": "more stable than chance"}
PERMUTED = {"high": 0.25}
CALLS = {"n": 300, "names": ("first", "second"), "classes": ["benign", "malignant"]}
SNAPSHOTS = {
    "verdict": [
        sentence("verdict.best", **MODEL, unit="lesion", units="cases", auroc=AUROC),
        sentence("verdict.best", **MODEL | {"test_auroc": WEAK}, unit="patient", units="patients", auroc=AUROC),
        sentence("verdict.best", **MODEL | {"phantom": True, "n_models": 1}, unit="image", units="images", auroc=WEAK),
        sentence("verdict.no_model"),
        sentence("verdict.resampling", pairs=[], oversampling=False),
        sentence("verdict.resampling", pairs=[NONE], oversampling=True),
        sentence("verdict.resampling", pairs=[UNKNOWN, GAIN], oversampling=True),
        sentence("verdict.resampling", pairs=[NONE, NONE | {"model": "A + ROSE"}, GAIN], oversampling=True),
    ],
    "limitations": [
        *paragraphs("limitations.items", **LIMITS),
        "",
        *paragraphs("limitations.items", **ALL_LIMITS | {"prevalence": True, "explained": True}),
    ],
    "paired": paragraphs(
        "paired.text",
        reference="Logistic regression",
        selection=sentence("paired.selection_bias", title="XGBoost", row={"apparent": 0.8, "corrected": 0.79} | AUROC),
        best="XGBoost",
        differences=[{"title": "Size only", "difference": Estimate("+0.050", "+0.010 to +0.090")}],
    ),
    "stability": [
        sentence("explanation.stability", top=5, overlap=SHARED, permutations=n, permuted=p, auroc=WEAK, above=above)
        for n, p, above in ((19, PERMUTED, 1), (19, None, 3), (0, None, 0))
    ],
    "run_comparison": [
        sentence("run_comparison.calls", **CALLS, counts={"fn_to_tp": 2, "tp_to_fn": 1, "fp_to_tn": 3, "tn_to_fp": 0}),
        sentence("run_comparison.no_comparison", problems=["one predicts by lesion, the other by breast"]),
        sentence("run_comparison.no_comparison", problems=[]),
    ],
}


@pytest.mark.parametrize("topic", SNAPSHOTS)
def test_sentences_are_those_expected(topic):
    """To accept new wording, write the text that pytest shows into the file."""
    text = "\n".join(SNAPSHOTS[topic]) + "\n"
    assert text == (EXPECTED / f"{topic}.txt").read_text(encoding="utf-8")


def test_a_missing_value_is_an_error_and_not_a_gap():
    with pytest.raises(TypeError, match="takes no"):
        sentence("leakage.checks", failed=1, checks=2, more=3)
    with pytest.raises(Exception, match="was not provided"):
        sentence("leakage.checks", failed=1)
