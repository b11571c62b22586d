"""Every rule of the summary: a list of cases that it speaks of, and one so alike that it must not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.reports.dataset_summary.base import SEVERITIES
from radiomics_mammo.reports.dataset_summary.rules import RULES
from tests.support.case_lists import found, ruled, small

N = 400
HALF = np.repeat([0, 1], N // 2)
TURNS = np.tile([0, 1], N // 2)
"""Alternating: independent of anything in halves, and of the order."""


def turns(first: object, second: object) -> list[object]:
    return np.where(TURNS == 1, second, first).tolist()


def labelled(**columns: object) -> pd.DataFrame:
    """One case a patient, every other one positive."""
    return small(cancer=TURNS, **columns)


def two_each(**columns: object) -> pd.DataFrame:
    """Two rows a patient: left and right."""
    patients = [f"p{i // 2}" for i in range(N)]
    return small(patient_id=patients, laterality=turns("LEFT", "RIGHT"), **columns)


def some_rows(values: list[object], *, each: int, to: object = None) -> list[object]:
    """The values, every so-manieth another."""
    return [to if i % each == 0 else value for i, value in enumerate(values)]


def with_split(**columns: object) -> pd.DataFrame:
    return labelled(split=np.where(HALF == 1, "test", "train"), **columns)


BLOCKS = np.tile(np.repeat([1, 2], 2), N // 4)
"""1 1 2 2 …: independent of ``TURNS``."""

CASES: dict[str, tuple[Callable[[], pd.DataFrame], Callable[[], pd.DataFrame], str]] = {
    "several-rows": (
        lambda: two_each(),
        lambda: small(view=turns("CC", "MLO")),
        "400 cases are of 200 patients: 2.0 each",
    ),
    "infinite": (
        lambda: labelled(ratio=some_rows([i / 7 for i in range(N)], each=200, to=np.inf)),
        lambda: labelled(ratio=some_rows([i / 7 for i in range(N)], each=200)),
        "Infinite values, counted as missing here: ratio in 2 cases",
    ),
    "no-patient-id": (
        lambda: labelled(patient_id=[f"c{i}" for i in range(N)]),
        lambda: labelled(),
        "patient_id repeats case_id in all 400 rows",
    ),
    "patients-in-several-splits": (
        lambda: with_split(patient_id=[f"p{i % (N - 3)}" for i in range(N)]),
        lambda: with_split(patient_id=[f"p{i // 2}" for i in range(N)]),
        "3 patients are in several parts of the split: 1.5% of the patients in test, 1.5% of the patients in train",
    ),
    "duplicates": (
        lambda: labelled(image_id=["7", "7", *(str(i) for i in range(100, N + 98))]),
        lambda: labelled(image_id=[str(i) for i in range(N)]),
        "1 image_id belong to several patients",
    ),
    "known-after-diagnosis": (
        lambda: labelled(biopsy=TURNS),
        lambda: labelled(implant=TURNS),
        "biopsy (AUROC 1.000)",
    ),
    "missing-by-site": (
        lambda: labelled(site_id=BLOCKS, density=np.where(BLOCKS == 2, None, "B")),
        lambda: labelled(site_id=BLOCKS, density=some_rows(["B"] * N, each=3)),
        "density is missing in 100.0% of cases at site 2 and in 0.0% at site 1",
    ),
    "label-by-order": (
        lambda: small(cancer=HALF, patient_id=[f"P_{i:05d}" for i in range(N)]),
        lambda: labelled(patient_id=[f"P_{i:05d}" for i in range(N)]),
        "The number in patient_id predicts cancer with an AUROC of 1.000",
    ),
    "rare-label": (
        lambda: small(cancer=[int(i % 50 == 0) for i in range(N)]),
        lambda: small(cancer=[int(i % 5 == 0) for i in range(N)]),
        "2.0% of cases (8 of 400) are positive: always predicting negative has an accuracy of 98.0%. The probabilistic "
        "F1 of always predicting 1 is 0.039, of always predicting the prevalence 0.020",
    ),
    "label-by-scanner": (
        lambda: labelled(site_id=some_rows((TURNS + 1).tolist(), each=5, to=1)),
        lambda: labelled(site_id=BLOCKS),
        "Without any image, site_id predicts the label with an AUROC of 0.",
    ),
    "nested-machines": (
        lambda: labelled(site_id=BLOCKS, machine_id=BLOCKS * 10 + HALF),
        lambda: labelled(site_id=BLOCKS, machine_id=10 + HALF),
        "All 4 machines are at one site only",
    ),
    "no-label": (
        lambda: small(cancer=some_rows(TURNS.tolist(), each=4)),
        lambda: labelled(),
        "cancer is missing in 100 of 400 rows",
    ),
    "few-positives": (
        lambda: small(cancer=[int(i % 40 == 0) for i in range(N)]),
        lambda: labelled(),
        "10 patients have a positive label",
    ),
    "label-level": (
        lambda: two_each(cancer=TURNS),
        lambda: two_each(cancer=np.repeat(np.tile([0, 1], N // 4), 2)),
        "cancer differs between the rows of 200 patients of 200",
    ),
    "reader-assessments": (
        lambda: labelled(assessment=TURNS + 4),
        lambda: labelled(implant=TURNS),
        "assessment (AUROC 1.000)",
    ),
    "benign-without-callback": (
        lambda: small(pathology=["BENIGN_WITHOUT_CALLBACK", "BENIGN", "MALIGNANT", "BENIGN"] * (N // 4)),
        lambda: small(pathology=["BENIGN", "BENIGN", "MALIGNANT", "BENIGN"] * (N // 4)),
        "100 of 300 negatives (33.3%) are BENIGN_WITHOUT_CALLBACK",
    ),
    "missing-by-label": (
        lambda: labelled(density=some_rows(turns("B", None), each=5, to="C")),
        lambda: labelled(density=np.where(BLOCKS == 1, None, "B")),
        "Missing values predict cancer, with an AUROC for density 0.",
    ),
    "missing-by-group": (
        lambda: labelled(
            abnormality_type=np.where(HALF, "mass", "calcification"), mass_shape=np.where(HALF, "OVAL", None)
        ),
        lambda: labelled(abnormality_type=np.where(HALF, "mass", "calcification"), mass_shape=turns("OVAL", None)),
        "Missing in one abnormality_type and not in another: mass_shape",
    ),
    "missing-values": (
        lambda: labelled(density=some_rows(["B"] * N, each=4)),
        lambda: labelled(density=turns("B", "C")),
        "density 25.0%, of 400 cases",
    ),
    "coded-zero": (
        lambda: labelled(subtlety=some_rows([3] * N, each=10, to=0)),
        lambda: labelled(subtlety=some_rows([3] * N, each=10, to=1)),
        "subtlety is 0 in 40 cases",
    ),
    "splits-differ": (
        lambda: with_split(view=np.where(HALF == 1, "CC", "MLO")),
        lambda: with_split(view=turns("CC", "MLO")),
        "view (V 1.00)",
    ),
    "rates-differ": (
        lambda: labelled(machine_id=some_rows((TURNS + 1).tolist(), each=5, to=1)),
        lambda: labelled(machine_id=BLOCKS),
        "Machine: 100.0% positive in 2",
    ),
    "inconsistent-values": (
        lambda: two_each(age=(50 + np.arange(N) % 30).tolist()),
        lambda: two_each(age=np.repeat(50 + np.arange(N // 2) % 30, 2).tolist()),
        "age in 200 patients",
    ),
    "ages": (
        lambda: labelled(age=some_rows((40 + np.arange(N) % 40).tolist(), each=100, to=999)),
        lambda: labelled(age=(40 + np.arange(N) % 40).tolist()),
        "age is below 18 or above 110 in 4 cases",
    ),
    "one-breast": (
        lambda: small(laterality=turns("LEFT", "RIGHT")),
        lambda: two_each(),
        "400 patients of 400 (100.0%) have images of one breast only",
    ),
    "one-view": (
        lambda: two_each(view=["CC"] * N),
        lambda: small(patient_id=[f"p{i // 2}" for i in range(N)], laterality=["LEFT"] * N, view=turns("CC", "MLO")),
        "400 breasts of 400 (100.0%) have one view only",
    ),
    "rare-views": (
        lambda: labelled(view=some_rows(["CC"] * N, each=100, to="AT")),
        lambda: labelled(view=some_rows(["CC"] * N, each=10, to="AT")),
        "Rare views: AT 4 of 400 cases",
    ),
    "uneven-views": (
        lambda: labelled(laterality=some_rows(["LEFT"] * N, each=4, to="RIGHT")),
        lambda: labelled(laterality=turns("LEFT", "RIGHT")),
        "75.0% LEFT (300 of 400)",
    ),
    "label-by-metadata": (
        lambda: labelled(age=(50 + 8 * TURNS + np.arange(N) % 15).tolist()),
        lambda: labelled(age=(50 + (np.arange(N) // 2) % 30).tolist()),
        "Without any image, AUROC of age 0.",
    ),
    "small-sites": (
        lambda: small(cancer=TURNS, machine_id=some_rows([1] * N, each=50, to=2)),
        lambda: small(cancer=TURNS, machine_id=some_rows([1] * N, each=5, to=2)),
        "Fewer than 10 positive cases at machine 2 (0)",
    ),
    "implants": (
        lambda: labelled(implant=some_rows([0] * N, each=40, to=1)),
        lambda: labelled(implant=[0] * N),
        "10 cases of 10 patients show an implant",
    ),
    "mass-and-calcification": (
        lambda: small(patient_id=["a", "a", "b"], abnormality_type=["mass", "calcification", "mass"]),
        lambda: small(patient_id=["a", "c", "b"], abnormality_type=["mass", "calcification", "mass"]),
        "1 patient has both masses and calcifications",
    ),
    "capped-ages": (
        lambda: labelled(age=np.minimum(50 + np.arange(N) % 60, 89).tolist()),
        lambda: labelled(age=(50 + np.arange(N) % 40).tolist()),
        "have the highest age, 89",
    ),
    "constant": (lambda: labelled(view=["CC"] * N), lambda: labelled(view=turns("CC", "MLO")), "One value only: view"),
    "text": (
        lambda: labelled(comment=[f"seen by {i}" for i in range(N)]),
        lambda: labelled(comment=turns("good", "bad")),
        "comment (400 values)",
    ),
    "empty-columns": (
        lambda: labelled(encoding=[None] * N),
        lambda: labelled(encoding=some_rows(["raw"] * N, each=2)),
        "Empty in this list: encoding",
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_speaks_of_what_it_is_for_and_of_nothing_else(rule):
    there, absent, sentence = CASES[rule]
    said = ruled(rule, there())
    assert any(sentence in one.sentence for one in said), said
    assert {one.rule for one in said} == {rule}
    assert {one.severity for one in said} <= set(SEVERITIES)
    assert all(text.endswith(".") for one in said for text in (one.sentence, one.advice))
    assert ruled(rule, absent()) == []


def test_every_rule_has_a_case_here():
    assert set(CASES) | {"phantom"} == set(RULES)


def test_a_phantom_is_said_to_be_one():
    assert "PHANTOM" in ruled("phantom", labelled(), phantom=True)[0].sentence.upper()
    assert ruled("phantom", labelled()) == []


def test_the_gravest_come_first():
    said = [one.severity for group in found(two_each(cancer=TURNS, density=turns(None, "B"))).values() for one in group]
    assert set(said) == set(SEVERITIES)
    assert said == sorted(said, key=SEVERITIES.index)


def test_a_row_that_is_written_twice_and_a_name_of_two_rows_are_doubled():
    frame = labelled(image_id=[str(i) for i in range(N)])
    again = pd.concat([frame, frame.head(2).assign(case_id=["x", "c5"])], ignore_index=True)
    (one,) = ruled("duplicates", again)
    assert "1 case_id occur on an earlier row as well" in one.sentence
    assert "2 rows repeat another in everything but case_id" in one.sentence


@pytest.mark.parametrize(
    ("values", "said"), [([None, None], "No row has a label"), ([1, 1], "All 2 labelled rows are positive")]
)
def test_without_two_classes_there_is_nothing_to_learn(values, said):
    (one,) = ruled("no-label", small(cancer=values))
    assert one.sentence.startswith(said)


def test_one_label_a_breast_makes_the_breast_a_fair_unit_and_another_does_not():
    breasts = {"patient_id": ["a"] * 4, "laterality": ["LEFT", "LEFT", "RIGHT", "RIGHT"]}
    (fair,) = ruled("label-level", small(**breasts, cancer=[1, 1, 0, 0]))
    (mixed,) = ruled("label-level", small(**breasts, cancer=[1, 0, 0, 0]))
    assert (fair.severity, mixed.severity) == ("note", "caution")
    assert "valid prediction unit" in fair.advice
    assert "1 breast of 2 and 1 patient of 1" in mixed.sentence


def test_what_tells_the_label_without_an_error_has_no_interval_and_is_told_all_the_same():
    (scanner,) = ruled("label-by-scanner", labelled(site_id=TURNS + 1))
    (metadata,) = ruled("label-by-metadata", labelled(implant=TURNS))
    (gap,) = ruled("missing-by-label", labelled(density=turns("B", None)))
    for one in (scanner, metadata, gap):
        assert "1.000" in one.sentence
        assert "–" not in one.sentence


def test_an_order_that_hardly_matters_is_not_told_however_sure_it_is():
    n = 20_000
    rng = np.random.default_rng(5)
    slope = 0.06 * (np.arange(n) / n - 0.5)
    cancer = (rng.random(n) < 0.5 + slope).astype(int)
    assert ruled("label-by-order", small(cancer=cancer)) == []
    assert ruled("label-by-order", small(cancer=(rng.random(n) < 0.5 + 10 * slope).astype(int)))


def test_missing_values_of_what_is_known_afterwards_are_no_reason_to_use_them():
    (one,) = ruled("missing-by-site", labelled(site_id=BLOCKS, BIRADS=np.where(BLOCKS == 2, None, 1)))
    assert "not valid as a feature" in one.advice
