"""Columns laid out by hand are held to pyarrow's own."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_mammo.tables.arrow import ARROW_TYPES, feature_column, scalar_column

VALUES = {
    str: st.text(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
}


@pytest.mark.parametrize("kind", list(VALUES))
@settings(deadline=None)  # the first comparison imports pandas
@given(data=st.data())
def test_scalar_columns_equal_arrows(kind: type, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=30))
    if kind is str:
        values = [None if v is None else v.encode("utf-8", "replace").decode() for v in values]
    column = scalar_column(values, kind=kind)
    column.validate(full=True)
    assert column.equals(pa.array(values, type=ARROW_TYPES[kind]))
    assert column.to_pylist() == values


@given(st.lists(st.floats(), max_size=30))
def test_feature_columns_equal_arrows(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    column = feature_column(array)
    column.validate(full=True)
    assert column.equals(pa.array(array, from_pandas=True))


def test_a_strided_column_is_laid_out_right() -> None:
    matrix = np.arange(12.0).reshape(4, 3)
    assert feature_column(matrix[:, 1]).to_pylist() == [1.0, 4.0, 7.0, 10.0]


def test_a_file_name_that_is_no_text_is_escaped() -> None:
    name = b"image\xff.png".decode("utf-8", "surrogateescape")
    assert scalar_column([name], kind=str).to_pylist() == ["image\\udcff.png"]
