"""Tables of the summary against counts by hand, scikit-learn, SciPy and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from radiomics_mammo.core.records import Case
from radiomics_mammo.errors import InputError
from radiomics_mammo.reports.dataset_summary.columns import find_label, levels_of, typed
from radiomics_mammo.reports.dataset_summary.estimates import auroc_of, risk
from radiomics_mammo.reports.dataset_summary.read import cases_frame, read_dataset
from tests.support.case_lists import small, understood

WOMEN = small(
    patient_id=["a", "a", "a", "a", "b", "b", "c"],
    image_id=["1", "2", "3", "4", "5", "6", "7"],
    laterality=["LEFT", "LEFT", "RIGHT", "RIGHT", "LEFT", "LEFT", "RIGHT"],
    view=["CC", "MLO", "CC", "MLO", "CC", "CC", "AT"],
    cancer=[1, 1, 0, 0, 0, 0, None],
    site_id=[1, 1, 1, 1, 2, 2, 2],
    machine_id=[49, 49, 49, 49, 21, 21, 48],
    age=[60.5, 60.5, 60.5, 60.5, 47.0, 47.0, None],
    density=["B", "B", "B", "B", None, None, None],
)


def rows_of(table: pd.DataFrame, **where: object) -> list[tuple[object, ...]]:
    """The rest of the rows that match."""
    for name, value in where.items():
        table = table[table[name] == value]
    return list(table.drop(columns=list(where)).itertuples(index=False, name=None))


def test_units_are_counted_as_by_hand():
    _, tables = understood(WOMEN)
    units = tables["units"]
    assert rows_of(units, what="images per patient") == [(1, 1), (2, 1), (4, 1)]
    assert rows_of(units, what="images per breast") == [(1, 1), (2, 3)]
    assert rows_of(units, what="breasts per patient") == [(1, 2), (2, 1)]
    assert rows_of(units, what="views per breast") == [(1, 2), (2, 2)]
    assert rows_of(units, what="images per view of a breast") == [(1, 5), (2, 1)]


def test_a_lesion_seen_in_two_views_is_one_and_a_mass_is_no_calcification():
    frame = small(
        patient_id=["a"] * 4,
        laterality=["LEFT"] * 4,
        view=["CC", "MLO", "CC", "CC"],
        abnormality_type=["mass", "mass", "mass", "calcification"],
        abnormality_id=[1, 1, 2, 1],
    )
    units = understood(frame)[1]["units"]
    assert rows_of(units, what="views per lesion") == [(1, 2), (2, 1)]
    assert rows_of(units, what="lesions per image") == [(1, 1), (3, 1)]


def test_missing_values_are_counted_by_site_and_an_unknown_one_is_a_level():
    _, tables = understood(WOMEN)
    assert rows_of(tables["missing"], column="density", by="site_id") == [("1", 4, 0, 0.0, 1.0), ("2", 3, 3, 1.0, 1.0)]
    assert rows_of(tables["missing"], column="density", by="")[0][:4] == ("all", 7, 3, 3 / 7)
    assert not (tables["missing"]["column"] == "view").any()
    assert rows_of(tables["counts"], column="density") == [("B", 4, 4 / 7, 1), ("not given", 3, 3 / 7, 2)]


def test_how_well_missing_values_tell_a_site_and_the_label_is_what_scikit_learn_says():
    rng = np.random.default_rng(4)
    site, y = rng.integers(1, 4, 300), rng.integers(0, 2, 300)
    absent = rng.random(300) < np.array([0, 0.2, 0.5, 0.9])[site] * (1 - 0.3 * y)
    _, tables = understood(small(site_id=site, cancer=y, density=np.where(absent, None, "B")))
    for level, *_, auroc in rows_of(tables["missing"], column="density", by="site_id"):
        right = roc_auc_score(site == int(level), absent)
        assert auroc == pytest.approx(max(right, 1 - right))
    told = tables["columns"].set_index("column").loc["density"]
    right = roc_auc_score(y, absent)
    assert told["label_auroc"] == pytest.approx(max(right, 1 - right))
    assert told["low"] < told["label_auroc"] < told["high"]


def test_types_are_counted_on_both_sides_of_the_split():
    frame = small(
        patient_id=["a", "a", "b", "c"],
        abnormality_type=["mass", "mass", "mass", "calcification"],
        split=["train", "train", "test", "train"],
        pathology=["BENIGN", "MALIGNANT", "BENIGN", None],
    )
    table = understood(frame)[1]["parts"]
    assert rows_of(table, pathology="all") == [
        ("calcification", "train", 1, 1),
        ("mass", "test", 1, 1),
        ("mass", "train", 2, 1),
    ]
    assert rows_of(table, type="mass", split="train", pathology="BENIGN") == [(1, 1)]
    assert rows_of(table, type="calcification", split="train", pathology="not given") == [(1, 1)]


def test_a_unit_is_positive_when_a_row_is_and_one_without_a_label_is_left_out():
    balance = understood(WOMEN)[1]["balance"].set_index("unit")
    assert balance[["units", "unlabelled", "positives"]].T.to_dict("list") == {
        "image": [6, 1, 2],
        "breast": [3, 1, 1],
        "patient": [2, 1, 1],
    }


def test_shares_have_wilsons_interval_and_constants_score_as_scikit_learn_says():
    y = np.arange(300) % 15 == 0
    (row,) = understood(small(cancer=y.astype(int)))[1]["balance"].query("unit == 'patient'").to_dict("records")
    assert (row["low"], row["high"]) == pytest.approx(proportion_confint(20, 300, method="wilson"), abs=2e-3)
    assert row["accuracy"] == 280 / 300
    assert row["pf1_one"] == pytest.approx(f1_score(y, np.ones(300)))
    assert row["brier"] == pytest.approx(brier_score_loss(y, np.full(300, y.mean())))
    p = np.full(300, y.mean())  # the challenge's own formula
    precision, recall = (p * y).sum() / p.sum(), (p * y).sum() / y.sum()
    assert row["pf1_prevalence"] == pytest.approx(2 * precision * recall / (precision + recall))


def test_rates_of_patients_with_many_rows_are_less_certain():
    site = np.tile([1, 2], 200)
    alone = understood(small(cancer=(np.arange(400) % 8 < 2).astype(int), site_id=site))[1]["rates"]
    four = small(
        patient_id=[f"p{i // 8}" for i in range(400)], cancer=(np.arange(400) % 32 < 8).astype(int), site_id=site
    )
    together = understood(four)[1]["rates"]
    for table in (alone, together):
        assert rows_of(table, column="site_id")[0][1:2] == ("1",)
    widths = [
        float((table["high"] - table["low"])[table["column"] == "site_id"].iloc[0]) for table in (alone, together)
    ]
    assert widths[1] > 1.5 * widths[0]
    first = alone[alone["column"] == "site_id"].iloc[0]
    expected = proportion_confint(int(first["positives"]), int(first["rows"]), method="wilson")
    assert (first["low"], first["high"]) == pytest.approx(expected, abs=2e-3)


def test_a_number_is_ranked_as_scikit_learn_does_and_either_way_round():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200)
    age = 60 - 5 * y + 8 * rng.standard_normal(200)
    table = understood(small(cancer=y, age=age))[1]["predictors"].set_index("column")
    assert table.at["age", "auroc"] == pytest.approx(1 - roc_auc_score(y, age))
    assert table.at["age", "low"] < table.at["age", "auroc"] < table.at["age", "high"]


def test_a_category_is_ranked_by_other_patients_so_that_a_name_is_worth_nothing():
    rng = np.random.default_rng(2)
    patient = np.repeat(np.arange(100), 4)
    y = np.repeat(rng.integers(0, 2, 100), 4).astype(np.int8)
    by_name = auroc_of(y, risk([patient], y, patient), patient)
    assert by_name.value == pytest.approx(0.5, abs=0.02)  # its own rows would make it 1
    kind = np.where(rng.random(400) < 0.8, y, 1 - y).astype(np.int64)
    by_kind = auroc_of(y, risk([kind], y, patient), patient)
    assert by_kind.value == pytest.approx(roc_auc_score(y, kind), abs=0.02)


def test_cramers_v_is_that_of_the_table_of_both():
    rng = np.random.default_rng(3)
    a = rng.integers(0, 3, 300)
    b = np.where(rng.random(300) < 0.5, a, rng.integers(0, 3, 300))
    frame = small(view=[["CC", "MLO", "AT"][i] for i in a], density=["ABC"[i] if i < 3 else None for i in b])
    frame.loc[:9, "density"] = None  # rows without one of the two count for neither
    ((v,),) = rows_of(understood(frame)[1]["associations"], a="view", b="density")
    table = pd.crosstab(a[10:], b[10:]).to_numpy()
    assert v == pytest.approx(np.sqrt(chi2_contingency(table, correction=False)[0] / (290 * 2)))


def test_machines_are_counted_at_their_sites():
    scanners = understood(WOMEN)[1]["scanners"]
    assert rows_of(scanners) == [("1", "49", 4, 1, 2), ("2", "21", 2, 1, 0), ("2", "48", 1, 1, 0)]


def test_patients_in_both_parts_of_a_split_are_counted_in_each():
    frame = small(
        patient_id=["a", "a", "b", "c"], split=["train", "test", "train", "test"], view=["CC", "CC", "MLO", "CC"]
    )
    splits = understood(frame)[1]["splits"]
    assert rows_of(splits, column="patient", level="in several") == [("test", 1, 0.5), ("train", 1, 0.5)]
    assert rows_of(splits, column="view", level="CC") == [("test", 2, 1.0), ("train", 1, 0.5)]


def test_what_differs_within_a_unit_is_counted_and_a_gap_is_no_difference():
    frame = small(patient_id=["a", "a", "b", "b"], laterality=["LEFT"] * 4, age=[50, 51, 60, None], cancer=[0, 1, 1, 1])
    table = understood(frame)[1]["disagreements"]
    assert rows_of(table, column="age") == [("patient", 1, 1)]
    assert rows_of(table, column="cancer") == [("breast", 2, 1), ("patient", 2, 1)]


def test_numbers_are_summed_up_by_the_label():
    frame = small(cancer=[0, 1] * 20, age=[float(i) for i in range(40, 80)])
    table = understood(frame)[1]["numbers"]
    ((n, mean, sd, low, *_, high),) = rows_of(table, column="age", by="cancer", level="1")
    assert (n, mean, low, high) == (20, 60.0, 41.0, 79.0)
    assert sd == pytest.approx(np.std(np.arange(41, 80, 2), ddof=1))


@pytest.mark.parametrize(
    ("column", "name", "y"),
    [
        ([1, 0, None], "cancer", [1, 0, -1]),
        (["1", "0", ""], "Malignant", [1, 0, -1]),
        (["MALIGNANT", "BENIGN_WITHOUT_CALLBACK", None], "pathology", [1, 0, -1]),
        (["benign", "Malignant", "unproven"], "pathology", [0, 1, -1]),
        ([2, 3, 1], "cancer", None),
        ([1, 0, 1], "outcome", None),
    ],
)
def test_the_label_is_found_by_name_and_only_where_it_is_one(column, name, y):
    found, values = find_label(typed(small(**{name: column}), ()))
    assert found == ("" if y is None else name)
    assert values.tolist() == ([-1] * 3 if y is None else y)


def test_types_are_found_out_where_none_is_declared():
    frame = small(a=[1.0, None, 3.0], b=[0.5, 1.5, None], c=["x", "", None], d=[True, None, False], e=["1", "two", "3"])
    table = typed(frame, (("e", int),))
    assert {name: str(table[name].dtype) for name in "abd"} == {"a": "Int64", "b": "Float64", "d": "boolean"}
    assert table["c"].isna().tolist() == [False, True, True]
    assert table["e"].tolist() == ["1", "two", "3"]  # declared a number, but it is none: shown as it is


def test_levels_come_in_the_order_of_a_reader():
    assert levels_of(pd.Series([10, 9, None, 2], name="machine_id"), "category").cat.categories.tolist() == [
        "2",
        "9",
        "10",
        "not given",
    ]
    ages = levels_of(pd.Series([71.0, 30.0, 55.5, None], name="age"), "number")
    assert ages.tolist() == ["70 and over", "under 50", "50 to 59", "not given"]
    assert ages.cat.categories.tolist() == ["under 50", "50 to 59", "70 and over", "not given"]
    bands = levels_of(pd.Series(np.arange(100.0), name="dose"), "number")
    assert bands.value_counts().tolist() == [25] * 4


def test_kinds_and_roles_are_told_by_name_and_content():
    frame = small(
        cancer=[0, 1] * 30,
        BIRADS=[0, 1] * 30,
        machine_id=list(range(60)),
        age=[float(i) for i in range(60)],
        comment=[f"text {i}" for i in range(60)],
        prediction_id=[f"{i}_L" for i in range(60)],
        unsaid=[None] * 60,
        operator=["x", "y"] * 30,
        remark=["seen by Dr Who", "asked for again by Dr No", *[None] * 58],
        letter=["a sentence that is far too long to be a value from any list"] * 60,
    )
    columns = understood(frame)[0].columns
    assert {name: (one.role, one.kind) for name, one in columns.items()} == {
        "cancer": ("label", "category"),
        "BIRADS": ("afterwards", "category"),
        "machine_id": ("scanner", "category"),
        "age": ("metadata", "number"),
        "comment": ("other", "text"),
        "prediction_id": ("identity", "identifier"),
        "unsaid": ("other", "empty"),
        "operator": ("other", "category"),
        "remark": ("other", "text"),
        "letter": ("other", "text"),
    }


def test_cases_become_rows():
    cases = [Case("a_1", "a", {"view": "CC", "age": None}), Case("b_2", "b", {"view": None, "age": 50.0})]
    frame = cases_frame(cases)
    assert frame.to_dict("list") == {
        "case_id": ["a_1", "b_2"],
        "patient_id": ["a", "b"],
        "view": ["CC", None],
        "age": [None, 50.0],
    }


@pytest.mark.parametrize(
    ("frame", "said"), [(small(view=[]), "no case"), (pd.DataFrame({"case_id": ["a"]}), "no patient_id")]
)
def test_a_list_of_nothing_and_one_of_nobody_are_refused(frame, said):
    with pytest.raises(InputError, match=said):
        read_dataset(frame, name="toy")
