"""What columns are about, and the numbers that the baselines get."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.baseline_features import MOST_LEVELS, block_remarks, blocks, encode_as_block
from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.column_roles import (
    AFTER_DIAGNOSIS,
    IDENTITY,
    READERS,
    READING,
    is_shape,
    is_size,
)
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.features.catalogue import catalogue
from tests.support.cohorts import FEATURES, toy_frame

SHAPES = ("original_shape2D_Elongation", "original_shape2D_PixelSurface", "original_shape2D_Perimeter")


def frame_of(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"case_id": [f"c{i}" for i in range(n)], **columns})


def test_size_is_what_the_catalogue_measures_in_millimetres():
    lines = catalogue()
    shapes = {line["name"] for line in lines if line["family"] == "Shape"}
    lengths = {line["name"] for line in lines if line["family"] == "Shape" and line["unit"] in ("mm", "mm²")}
    assert {line["name"] for line in lines if is_shape(line["name"])} == shapes
    # Of a breast: the area of what is measured, whose dense part is not its size, and how many windows fit.
    breast = {"original_density_BreastArea", "lattice_windows_Count"}
    assert {line["name"] for line in lines if is_size(line["name"])} == lengths | breast
    assert len(lengths) == 6


def test_other_names_are_no_shape():
    assert not any(is_shape(name) for name in (*FEATURES, "mass_shape", "mass_shape_ROUND", "view"))
    assert is_size("original_shape_MeshVolume")
    assert not is_size("original_firstorder_Perimeter")


def test_the_blocks_of_a_toy_table():
    frame = toy_frame()
    found = blocks(frame, FEATURES)
    assert set(found) == {"metadata", "radiologists"}  # the spacing is unknown everywhere
    assert found["metadata"].names == ("view=CC", "view=MLO", "breast_density")
    np.testing.assert_array_equal(found["metadata"].x[:4], [[1, 0, 1], [0, 1, 1], [1, 0, 2], [0, 1, 2]])
    np.testing.assert_array_equal(found["radiologists"].x[:, 0], frame["assessment"])


def test_size_and_shape_blocks():
    x = np.random.default_rng(0).random((6, 3))
    frame = frame_of(mask_pixels=range(6), **dict(zip(SHAPES, x.T, strict=True)))
    found = blocks(frame, SHAPES)
    assert found["shape"].names == SHAPES
    assert found["size"].names == (*SHAPES[1:], "mask_pixels")
    np.testing.assert_array_equal(found["size"].x[:, :2], x[:, 1:])


def test_the_reading_has_no_score_of_zero():
    found = blocks(frame_of(assessment=[0, 3, None, 5, 4, 0]), ())["radiologists"]
    np.testing.assert_array_equal(found.x[:, 0], [np.nan, 3, np.nan, 5, 4, np.nan])


def test_a_reading_in_words_is_left_out_and_said():
    frame = frame_of(assessment=["4A", "5", "3"])
    assert blocks(frame, ()) == {}
    assert block_remarks(frame, {}) == [
        "assessment is not a number, so that the radiologists' reading is not compared."
    ]


def test_numbers_that_are_names_become_levels():
    found = blocks(frame_of(machine_id=[49, 21, 49, None], site_id=[1.0, 2.0, 2.0, 2.0]), ())["scanner"]
    assert found.names == ("machine_id=21", "machine_id=49", "site_id=1", "site_id=2")
    np.testing.assert_array_equal(found.x[:, :2], [[0, 1], [1, 0], [0, 1], [0, 0]])


def test_constant_columns_are_left_out():
    frame = frame_of(view=["CC"] * 3, age=[50, None, 50], implant=[False, True, False], laterality=["L", "L", None])
    assert blocks(frame, ())["metadata"].names == ("implant", "laterality=L")


def test_the_rarest_levels_are_put_together():
    levels = [f"M{i:02d}" for i in range(25)]
    frame = frame_of(manufacturer=[level for i, level in enumerate(levels) for _ in range(1 + i)])
    found = blocks(frame, ())["scanner"]
    assert found.names == (*(f"manufacturer={level}" for level in levels[5:]), "manufacturer=(other)")
    assert len(found.names) == MOST_LEVELS + 1
    assert found.x.sum(axis=0).tolist() == [*range(6, 26), 1 + 2 + 3 + 4 + 5]
    assert (found.x.sum(axis=1) == 1).all()
    said = ["manufacturer has more than 20 values: the rarest count as one in the baselines."]
    assert block_remarks(frame, {"scanner": found}) == said


def test_indicators_agree_with_pandas():
    frame = toy_frame().assign(manufacturer=list("ABCA") * 30)
    wanted = pd.get_dummies(frame["manufacturer"], prefix="manufacturer", prefix_sep="=", dtype=float)
    found = blocks(frame, ())["scanner"]
    assert list(found.names) == list(wanted.columns)
    np.testing.assert_array_equal(found.x, wanted.to_numpy())


def test_the_same_table_is_encoded_the_same():
    frame = toy_frame().assign(machine_id=np.arange(120) % 30, age=np.arange(120.0))
    for block in blocks(frame, FEATURES).values():
        np.testing.assert_array_equal(encode_as_block(frame, block.names), block.x)


def test_an_unknown_level_is_none_of_the_known():
    x = encode_as_block(frame_of(view=["MLO", "XCC", None], age=[50, None, 70]), ("view=CC", "view=MLO", "age"))
    np.testing.assert_array_equal(x, [[0, 1, 50], [0, 0, np.nan], [0, 0, 70]])


def test_an_unknown_level_counts_as_other_where_there_is_one():
    x = encode_as_block(frame_of(view=["MLO", "XCC", None]), ("view=CC", "view=MLO", "view=(other)"))
    np.testing.assert_array_equal(x, [[0, 1, 0], [0, 0, 1], [0, 0, 0]])


def test_a_missing_column():
    with pytest.raises(InputError, match=r"are missing: age, view\. Add them"):
        encode_as_block(frame_of(laterality=["L"]), ("view=CC", "age"))


def test_text_where_numbers_were():
    with pytest.raises(InputError, match="'breast_density' holds text where numbers were before"):
        encode_as_block(frame_of(breast_density=["A", "B"]), ("breast_density",))


def test_infinite_metadata():
    with pytest.raises(InputError, match="in age, rows c1"):
        blocks(frame_of(age=[50, np.inf, 60]), ())


@pytest.mark.parametrize("name", [*AFTER_DIAGNOSIS, "BIRADS", "Difficult_Negative_Case"])
def test_what_is_known_afterwards_is_refused_though_asked_for(name):
    frame = toy_frame().rename(columns={"malignant": "outcome"})
    frame[name] = frame["outcome"]
    with pytest.raises(
        InputError, match=f"{name!r} cannot be a feature: it is known only after the diagnosis"
    ) as caught:
        prepare_cohort(frame, FEATURES, target=Target(label="outcome", also_features=(name,)))
    assert "--also-feature" in caught.value.remedy


@pytest.mark.parametrize("name", [name for name in IDENTITY if name not in ("case_id", "patient_id")])
def test_names_of_images_and_files_are_refused_though_asked_for(name):
    frame = toy_frame().assign(**{name: np.arange(120)})
    with pytest.raises(InputError, match=f"{name!r} cannot be a feature: it names patients, images or files"):
        prepare_cohort(frame, FEATURES, target=Target(also_features=(name,)))


def test_what_is_known_afterwards_may_be_the_label():
    frame = toy_frame().rename(columns={"malignant": "cancer"})
    assert prepare_cohort(frame, FEATURES, target=Target(label="cancer")).classes == ("not cancer", "cancer")


@pytest.mark.parametrize("name", [name for name in READERS if name != READING])
def test_readers_opinions_are_let_in_by_name_only(name):
    frame = toy_frame().assign(**{name: np.arange(120) % 5})
    assert name not in prepare_cohort(frame, FEATURES, target=Target()).features
    cohort = prepare_cohort(frame, FEATURES, target=Target(also_features=(name,)))
    assert cohort.features == (*FEATURES, name)
