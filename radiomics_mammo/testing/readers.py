"""Conformance check of a reader."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from radiomics_mammo.core.records import Case, Sample, Scalar
from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.readers import open_reader
from radiomics_mammo.readers.base import Reader
from radiomics_mammo.tables.feature_table import identity_columns


def check_reader(
    reader: Reader, *, reopen: Callable[[dict[str, Scalar]], Reader] = open_reader, cases: int | None = 8
) -> None:
    """Check that a reader keeps the contract of :class:`radiomics_mammo.readers.base.Reader`.

    Case names are unique, columns are those declared, pixels, masks and spacing are valid, cases load to the same
    samples twice, ``describe()`` opens the same reader again, and a pickled copy reads what the reader reads.

    At least one case can be loaded; ``reopen`` opens a reader from its description; ``cases`` are loaded, None loads
    all.

    Examples
    --------
    >>> from radiomics_mammo import open_reader
    >>> from radiomics_mammo.testing.readers import check_reader
    >>> check_reader(open_reader({"reader": "phantom", "patients": 2, "rows": 128}), cases=2)
    """
    try:
        identity_columns(reader.columns)
    except InputError as error:
        raise AssertionError(str(error)) from error
    listed = list(reader.cases())
    assert listed, "cases() lists nothing"
    for case in listed:
        _check_case(case, reader)
    ids = [case.case_id for case in listed]
    assert len(set(ids)) == len(ids), "two cases have the same case_id"
    assert list(reader.cases()) == listed, "cases() lists other cases, or in another order, the second time"

    description = reader.describe()
    assert all(isinstance(value, (str, int, float, bool, type(None))) for value in description.values()), (
        f"describe() holds more than JSON scalars: {description}"
    )
    again = reopen(json.loads(json.dumps(description)))
    assert again.describe() == description, "the reader opened from describe() describes itself otherwise"
    assert list(again.cases()) == listed, "the reader opened from describe() lists other cases"
    copy, copied = pickle.loads(pickle.dumps((reader, listed)))
    assert copied == listed, "a pickled case differs from its original"

    loaded = 0
    rows: set[str] = set()
    for case, copied_case in list(zip(listed, copied, strict=True))[:cases]:
        try:
            samples = reader.load(case)
        except CaseError as error:
            assert error.cause and error.remedy, f"{case.case_id}: the error names no cause or no remedy"
            continue
        loaded += 1
        assert samples, f"{case.case_id}: load() returns no sample"
        for sample in samples:
            _check_sample(sample, case, reader)
        names = [sample.case_id for sample in samples]
        assert rows.isdisjoint(names) and len(set(names)) == len(names), f"two samples share a name of {names}"
        rows.update(names)
        for other, which in ((reader.load(case), "the second time"), (copy.load(copied_case), "from a pickled copy")):
            assert len(other) == len(samples), f"{case.case_id}: load() returns another number of samples {which}"
            for first, second in zip(samples, other, strict=True):
                _check_same(first, second, which)
    assert loaded, "no case can be loaded"


def _check_case(case: Case, reader: Reader) -> None:
    for name in ("case_id", "patient_id"):
        value = getattr(case, name)
        assert isinstance(value, str) and (value or name == "patient_id"), f"{name} is {value!r}, no text"
    declared = [name for name, _ in reader.columns]
    undeclared = [name for name in case.columns if name not in declared]
    assert not undeclared, f"{case.case_id}: cases() gives undeclared columns {undeclared}"
    _check_types(case.case_id, case.columns, reader.columns)


def _check_types(name: str, columns: Mapping[str, Scalar], declared: Sequence[tuple[str, type]]) -> None:
    kinds = dict(declared)
    for column, value in columns.items():
        kind = kinds[column]
        assert value is None or type(value) is kind, f"{name}: {column} is {value!r}, declared as {kind.__name__}"


def _check_sample(sample: Sample, case: Case, reader: Reader) -> None:
    name = sample.case_id
    assert name == case.case_id or name.startswith(f"{case.case_id}_label"), (
        f"{name}: a sample has the name of its case ({case.case_id}), or that and _labelN"
    )
    assert sample.patient_id == case.patient_id, f"{name}: patient_id differs from the case's"
    declared = [column for column, _ in reader.columns]
    assert list(sample.columns) == declared, f"{name}: columns are {list(sample.columns)}, declared {declared}"
    _check_types(name, sample.columns, reader.columns)
    image, mask = sample.image, sample.mask
    assert image.ndim == 2 and image.size, f"{name}: the image has the shape {image.shape}"
    assert image.dtype.kind in "uif" and image.dtype.isnative, f"{name}: the image holds {image.dtype}"
    assert mask.dtype == np.bool_ and mask.shape == image.shape, (
        f"{name}: the mask is {mask.dtype} of shape {mask.shape}, not bool of shape {image.shape}"
    )
    assert mask.any(), f"{name}: the mask is empty; raise a MaskError instead"
    if sample.spacing is not None:
        assert len(sample.spacing) == 2 and all(math.isfinite(mm) and mm > 0 for mm in sample.spacing), (
            f"{name}: the spacing is {sample.spacing}, not two lengths above 0"
        )
    assert all(isinstance(note, str) for note in sample.notes), f"{name}: a note is no text"


def _check_same(first: Sample, second: Sample, which: str) -> None:
    for field in ("case_id", "patient_id", "spacing", "columns", "notes", "phantom", "image_path", "mask_path"):
        assert getattr(first, field) == getattr(second, field), f"{first.case_id}: {field} differs {which}"
    for field in ("image", "mask"):
        assert np.array_equal(getattr(first, field), getattr(second, field), equal_nan=field == "image"), (
            f"{first.case_id}: {field} differs {which}"
        )
