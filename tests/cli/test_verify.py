"""The command ``verify``: stored values of pyradiomics, and an error where an engine differs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from radiomics_mammo.cli import verification
from radiomics_mammo.cli.verification import read_reference, recipes, regions, verify_engine
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.verify import main


def test_the_regions_are_the_same_on_every_machine():
    digest = hashlib.sha256()
    for sample in regions():
        assert sample.image.dtype == np.uint16
        digest.update(sample.image.astype("<u2").tobytes() + sample.mask.tobytes())
    assert digest.hexdigest() == "fa1c2b51a9e98452f36758fee2dfee49056b93fd2edd51b2826e3a492de7d548"


def test_all_features_are_compared():
    stored = read_reference()
    assert set(stored) == {(setting, sample.case_id) for setting in recipes() for sample in regions()}
    for setting, recipe in recipes().items():
        assert set(recipe.features) == set(FAMILIES)
        for sample in regions():
            assert tuple(stored[setting, sample.case_id]) == CpuEngine(recipe).feature_names


def test_stored_values_are_those_of_pyradiomics():
    pytest.importorskip("radiomics", reason="needs the reference extra")
    result = verify_engine("pyradiomics", seconds=1e-9)
    assert result.agreement.largest < 1e-12


def test_the_command_reports_each_engine(capsys):
    assert main(["--engine", "cpu", "--seconds", "0.01"]) == 0
    printed = capsys.readouterr().out
    assert "cpu " in printed
    assert "agrees" in printed
    assert "816" in printed
    assert "All values agree with pyradiomics" in printed


def test_a_wrong_value_is_reported(monkeypatch, capsys):
    stored = read_reference()
    stored["32 bins", "region3"]["original_glcm_Contrast"] *= 1 + 1e-8
    monkeypatch.setattr(verification, "read_reference", lambda: stored)
    assert main(["--engine", "cpu", "--seconds", "0.01"]) == 1
    printed = capsys.readouterr()
    assert "DIFFERS" in printed.out
    assert "1 features of the engine cpu differ by more than 1e-09: original_glcm_Contrast." in printed.err


def test_an_engine_that_cannot_run_is_an_error(capsys):
    if main(["--engine", "cuda", "--seconds", "0.01"]) == 0:
        pytest.skip("there is a GPU")
    assert "engine 'cuda' cannot run" in capsys.readouterr().err
