"""Mask styles, frames, files and lists in combination: the right region, a refusal, or a note."""

from __future__ import annotations

from collections import Counter

import pytest

from tools.recombined_inputs.__main__ import FAULTS, RIGHT, read_batch
from tools.recombined_inputs.lists import FORMATS


@pytest.mark.reported("Regions", "recombined: mask style x frame x file x list", "right, refused or noted")
@pytest.mark.parametrize("number", range(len(FORMATS)))
def test_no_region_is_wrong_without_a_note(tmp_path, number):
    if FORMATS[number] == "Excel":
        pytest.importorskip("openpyxl")
    start = 1_000_000 + 1000 * number
    results = read_batch(range(start, start + 20), tmp_path, seed=1, spelling=FORMATS[number])
    faults = [(case.kinds, outcome, message) for case, outcome, message in results if outcome in FAULTS]
    assert faults == []
    assert Counter(outcome for _, outcome, _ in results)[RIGHT] >= 5
