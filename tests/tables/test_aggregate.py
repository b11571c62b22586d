"""Images made breasts and patients: counted by hand on a few rows, and by pandas on many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.aggregation.feature_rules import RULES, named
from radiomics_mammo.tables.aggregation.table import aggregate_table
from radiomics_mammo.tables.feature_table import Table

CONTRAST, EMBEDDED = "original_glcm_Contrast", "crop_embToy_E0000"
MEAN, LARGEST, ASYMMETRY, DIFFERENCE = (named(CONTRAST, rule) for rule in RULES)


def table(rows: list[tuple[object, ...]], *, features: tuple[str, ...] = (CONTRAST,), **columns: list[object]) -> Table:
    """Give a table of images: patient, side, view and the features of each."""
    frame = pd.DataFrame(rows, columns=["patient_id", "laterality", "view", *features])
    frame.insert(0, "case_id", [f"C{i}" for i in range(len(rows))])
    return Table(frame.assign(**columns), features, {"recipe_hash": "a" * 64, "features": list(features)})


SCREENED = [
    ("7", "LEFT", "CC", 1.0),
    ("7", "LEFT", "CC", 2.0),
    ("7", "LEFT", "CC", 6.0),
    ("7", "LEFT", "MLO", 5.0),
    ("9", "RIGHT", "CC", 10.0),
    ("7", "RIGHT", "MLO", 9.0),
    ("7", "RIGHT", "CC", np.nan),
    ("9", "RIGHT", "MLO", np.nan),
]


def test_three_ccs_do_not_outweigh_one_mlo() -> None:
    made = aggregate_table(table(SCREENED), level="breast").frame.set_index("case_id")
    assert list(made.index) == ["7_L", "9_R", "7_R"]  # as they first come
    assert made.loc["7_L", MEAN] == 4.0  # ((1 + 2 + 6) / 3 + 5) / 2
    assert made.loc["7_L", LARGEST] == 6.0
    assert made.loc["9_R", [MEAN, LARGEST]].tolist() == [10.0, 10.0]  # the unknown MLO is left out


def test_asymmetry_is_of_one_view_and_one_value_a_patient() -> None:
    made = aggregate_table(table(SCREENED), level="breast", rules=["asymmetry"]).frame.set_index("case_id")
    assert made.loc[["7_L", "7_R"], ASYMMETRY].tolist() == [4.0, 4.0]  # |5 - 9| of the MLO; the right CC is unknown
    assert np.isnan(made.loc["9_R", ASYMMETRY])  # no left breast
    patients = aggregate_table(table(SCREENED), level="patient").frame.set_index("case_id")
    assert patients[ASYMMETRY].iloc[0] == 4.0 and np.isnan(patients[ASYMMETRY].iloc[1])


def test_a_breast_is_compared_with_the_other_one() -> None:
    rows = [*SCREENED, ("7", "RIGHT", "CC", 2.0), ("7", "RIGHT", "ML", 100.0)]
    made = aggregate_table(table(rows), level="breast").frame.set_index("case_id")
    assert made.loc["7_L", DIFFERENCE] == ((3.0 - 2.0) + (5.0 - 9.0)) / 2  # the ML is on one side only
    assert made.loc["7_R", DIFFERENCE] == -made.loc["7_L", DIFFERENCE]
    assert np.isnan(made.loc["9_R", DIFFERENCE])
    with pytest.raises(InputError, match="--rules 'difference' cannot be followed"):
        aggregate_table(table(rows), level="patient", rules=["difference"])


def test_a_patient_is_the_mean_of_her_breasts() -> None:
    made = aggregate_table(table(SCREENED), level="patient").frame.set_index("case_id")
    assert list(made.index) == ["7", "9"]
    assert made.loc["7", [MEAN, LARGEST]].tolist() == [(4.0 + 9.0) / 2, 9.0]
    assert made["n_images"].tolist() == [6, 2] and made["n_views"].tolist() == [2, 2]


def random_table(*, patients: int = 80, seed: int = 5) -> Table:
    rng = np.random.default_rng(seed)
    features = tuple(f"original_glcm_F{i}" for i in range(130))  # more than are taken at once
    rows = 6 * patients
    frame = pd.DataFrame(
        {
            "case_id": [f"C{i}" for i in range(rows)],
            "patient_id": rng.integers(patients, size=rows),
            "laterality": rng.choice(["L", "R"], rows),
            "view": rng.choice(["CC", "MLO", "ML"], rows, p=[0.5, 0.4, 0.1]),
        }
    )
    x = rng.normal(size=(rows, len(features)))
    x[rng.random(x.shape) < 0.15] = np.nan
    return Table(pd.concat([frame, pd.DataFrame(x, columns=list(features))], axis=1), features, {})


@pytest.mark.parametrize("level", ["breast", "patient"])
def test_many_rows_are_as_pandas_groups_them(level: str) -> None:
    found = random_table()
    keys, names = ["patient_id", "laterality"], list(found.features)
    cells = found.frame.groupby([*keys, "view"])[names].mean()
    breasts = cells.groupby(keys).mean()
    largest = found.frame.groupby(keys)[names].max()
    left, right = (cells.xs(side, level="laterality") for side in "LR")
    both = (left - right).abs().dropna(how="all").groupby("patient_id").mean()
    patients = breasts.groupby("patient_id").mean()
    made = aggregate_table(found, level=level).frame
    index = (
        pd.MultiIndex.from_arrays([made["patient_id"].astype(int), made["laterality"].str[0]])
        if (level == "breast")
        else made["patient_id"].astype(int)
    )
    sided = pd.concat({"L": left - right, "R": right - left}, names=["laterality"])
    own = sided.groupby(["patient_id", "laterality"]).mean()
    wanted = {
        "mean": (breasts if level == "breast" else patients).reindex(index),
        "max": (largest if level == "breast" else largest.groupby("patient_id").max()).reindex(index),
        "asymmetry": both.reindex(made["patient_id"].astype(int)),
        **({"difference": own.reindex(index)} if level == "breast" else {}),
    }
    made = aggregate_table(found, level=level, rules=list(wanted)).frame
    for rule, expected in wanted.items():
        got = made[[named(name, rule) for name in names]].to_numpy()
        assert np.isnan(got).any()
        np.testing.assert_allclose(got, expected.to_numpy(), rtol=1e-12, err_msg=rule)


def test_the_order_of_the_rows_changes_no_number() -> None:
    found = random_table()
    mixed = found.frame.sample(frac=1, random_state=1).reset_index(drop=True)
    one, other = (
        aggregate_table(Table(frame, found.features, {}), level="breast").frame.set_index("case_id")
        for frame in (found.frame, mixed)
    )
    names = [name for name in one.columns if "_glcm_" in name]
    np.testing.assert_allclose(other.loc[one.index, names].to_numpy(), one[names].to_numpy(), rtol=1e-12)


def test_embeddings_get_no_asymmetry() -> None:
    rows = [("7", side, "CC", 1.0, 2.0) for side in ("L", "R")]
    made = aggregate_table(table(rows, features=(CONTRAST, EMBEDDED)), level="patient")
    assert made.features == (MEAN, "crop-mean_embToy_E0000", LARGEST, "crop-max_embToy_E0000", ASYMMETRY)


def test_one_rule_alone() -> None:
    made = aggregate_table(table(SCREENED), level="patient", rules=["max"])
    assert made.features == (LARGEST,)


def test_what_a_unit_is_by_the_other_columns() -> None:
    rows = [("7", "L", "CC", 1.0), ("7", "L", "MLO", 1.0), ("7", "R", "CC", 1.0), ("8", "L", "CC", 1.0)]
    found = aggregate_table(
        table(
            rows,
            cancer=[0, 1, 0, 0],
            difficult_negative_case=[True, False, False, False],
            BIRADS=[2.0, 0.0, 1.0, None],
            implant=[0, 0, 1, 0],
            phantom=[False, False, False, True],
            age=[60.0, 61.0, None, None],
            mask_pixels=[100, 200, 300, 400],
            density=["B", "C", None, "A"],
            machine_id=[49, 49, 21, 29],
            notes=["masks joined", None, "", "masks joined"],
            image_path=["a.png", "b.png", "c.png", "d.png"],
            image_id=[1, 2, 3, 4],
        ),
        level="breast",
    )
    made = found.frame.set_index("case_id")
    assert made["cancer"].tolist() == [1, 0, 0] and made["cancer"].dtype == "int64"
    assert made["difficult_negative_case"].tolist() == [True, False, False]
    assert made["BIRADS"].tolist()[:2] == [0, 1] and made["BIRADS"].isna().tolist() == [False, False, True]
    assert made["implant"].tolist() == [0, 1, 0] and made["phantom"].tolist() == [False, False, True]
    assert made["age"].tolist()[0] == 60.5 and made["age"].isna().tolist() == [False, True, True]
    assert made["mask_pixels"].tolist() == [150, 300, 400]
    assert made["density"].isna().tolist() == [True, True, False]
    assert made["machine_id"].tolist() == [49, 21, 29]
    assert made["notes"].tolist()[0] == "masks joined"
    assert made["image_path"].tolist() == ["a.png", "c.png", "d.png"]
    assert made["laterality"].tolist() == ["LEFT", "RIGHT", "LEFT"]
    assert made["n_images"].tolist() == [2, 1, 1]
    assert not {"view", "image_id"} & set(made.columns)
    assert found.remarks == ("density differs within 1 of 3 units and is null there.",)


@pytest.mark.parametrize(("scores", "worst"), [((1, 2), 2), ((3, 0), 0), ((0, 4), 4), ((4, 5), 5), ((6, 0), 6)])
def test_the_worst_score_is_bi_rads_worst(scores: tuple[int, int], worst: int) -> None:
    rows = [("7", "L", "CC", 1.0), ("7", "L", "MLO", 1.0)]
    made = aggregate_table(table(rows, assessment=list(scores)), level="patient").frame
    assert made["assessment"].tolist() == [worst]


def test_a_value_that_differs_in_some_units_stays_whole_in_others() -> None:
    rows = [("7", "L", "CC", 1.0), ("7", "R", "CC", 1.0), ("8", "L", "CC", 1.0)]
    made = aggregate_table(table(rows, machine_id=[49, 21, 29]), level="patient").frame
    assert made["machine_id"].isna().tolist() == [True, False] and made["machine_id"].iloc[1] == 29
    assert pd.api.types.is_integer_dtype(made["machine_id"])


def test_long_notes_are_shortened() -> None:
    rows = [("7", "L", view, 1.0) for view in ("CC", "MLO")]
    (said,) = aggregate_table(table(rows, notes=["a" * 150, "b" * 150]), level="breast").frame["notes"]
    assert len(said) == 200 and said.endswith("b…")


def test_breasts_are_named_as_rsna_names_them() -> None:
    made = aggregate_table(table(SCREENED[:4], prediction_id=["10_L"] * 4), level="breast").frame
    assert made[["case_id", "prediction_id"]].iloc[0].tolist() == ["10_L", "10_L"]
    with pytest.raises(InputError, match="prediction_id is not one for each breast"):
        aggregate_table(table(SCREENED, prediction_id=["10_L"] * 8), level="breast")


def test_a_clinical_table_has_no_features() -> None:
    made = aggregate_table(table([row[:3] for row in SCREENED], features=(), cancer=[0] * 7 + [1]), level="patient")
    assert made.features == () and made.frame["cancer"].tolist() == [0, 1]


@pytest.mark.parametrize("name", ["patient_id", "laterality", "view"])
def test_a_table_without_its_keys_is_refused(name: str) -> None:
    found = table(SCREENED)
    with pytest.raises(InputError, match=f"no column is called {name}"):
        aggregate_table(Table(found.frame.drop(columns=name), found.features, {}), level="breast")
    found.frame.loc[2, name] = None
    with pytest.raises(InputError, match=r"(empty|None) in 1 rows \(first: C2\)"):
        aggregate_table(found, level="breast")


def test_another_side_an_infinite_value_and_a_case_twice_are_refused() -> None:
    with pytest.raises(InputError, match=r"laterality is 'BOTH' in 1 rows \(first: C0\)"):
        aggregate_table(table([("7", "BOTH", "CC", 1.0)]), level="breast")
    with pytest.raises(InputError, match=f"{CONTRAST} is infinite"):
        aggregate_table(table([("7", "L", "CC", np.inf)]), level="breast")
    twice = table(SCREENED)
    twice.frame["case_id"] = "C0"
    with pytest.raises(InputError, match="not unique: C0"):
        aggregate_table(twice, level="breast")


@pytest.mark.parametrize(
    ("name", "cell", "said"),
    [
        ("cancer", "maybe", r"'maybe'.*as 0 and 1, or as true and false"),
        ("BIRADS", 7, "7, which is no BI-RADS score"),
        ("BIRADS", "4A", r"'4A'.*from 0 to 6"),
        ("age", "055Y", r"'055Y'.*\(055Y as 55\)"),
    ],
)
def test_what_a_rule_cannot_read_is_refused_with_what_it_needs(name: str, cell: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        aggregate_table(table(SCREENED, **{name: [None] * 7 + [cell]}), level="breast")


def test_numbers_and_truths_as_words_are_understood() -> None:
    words = {"cancer": ["true", "False"] * 4, "age": ["50", ""] * 4, "BIRADS": ["0", "1"] * 4, "biopsy": ["1", "0"] * 4}
    made = aggregate_table(table(SCREENED, **words), level="patient").frame
    assert made["cancer"].tolist() == [True, True] and made["age"].tolist() == [50.0, 50.0]
    assert made["BIRADS"].tolist() == [0, 0] and made["biopsy"].tolist() == [1, 1]


@pytest.mark.parametrize("level", ["breast", "patient"])
def test_a_table_without_rows_is_refused(level: str) -> None:
    with pytest.raises(InputError, match="holds no rows"):
        aggregate_table(table([]), level=level)


@pytest.mark.parametrize("wrong", [{"level": "side"}, {"rules": ["median"]}, {"rules": []}, {"rules": ["max", "max"]}])
def test_unknown_names_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"--to|--rules"):
        aggregate_table(table(SCREENED), **{"level": "breast", **wrong})


def test_the_provenance_says_the_rules_and_is_another_definition() -> None:
    made = [aggregate_table(table(SCREENED), level=level, rules=["mean"]).provenance for level in ("breast", "patient")]
    assert made[0]["features"] == [MEAN]
    assert made[0]["aggregated"]["to"] == "breast" and list(made[0]["aggregated"]["rules"]) == ["mean"]
    assert len({one["recipe_hash"] for one in made} | {"a" * 64}) == 3
