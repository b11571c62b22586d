"""Compiling on two cores: when another process helps, and that it fills the cache that this one reads."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from radiomics_mammo.engines import warmup
from radiomics_mammo.engines.cpu import CpuEngine, compile_slowest
from radiomics_mammo.recipes.recipe import load_recipe, recipe_from


class Other:
    """Stands for the other process."""

    commands: list[list[str]]

    def __init__(self, command, **streams):
        Other.commands.append(command)
        self.ended = 0

    def wait(self):
        self.ended += 1

    def kill(self):
        pass


@pytest.fixture
def started(monkeypatch, tmp_path):
    Other.commands = []
    monkeypatch.setattr(warmup.subprocess, "Popen", Other)
    monkeypatch.setattr(warmup, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(warmup.os, "cpu_count", lambda: 2)
    return tmp_path


def test_an_empty_cache_takes_a_second_process(started):
    with warmup.slowest_beside(load_recipe("lesion")) as beside:
        assert beside
    ((python, _, code),) = Other.commands
    assert python == sys.executable
    assert "compile_slowest" in code


@pytest.mark.parametrize("body", [{"featureClass": {"glcm": []}}, {"featureClass": {"firstorder": [], "ngtdm": []}}])
def test_recipes_that_it_cannot_help(started, body):
    with warmup.slowest_beside(recipe_from(body)) as beside:
        assert not beside
    assert not Other.commands


def test_a_filled_cache_or_a_single_core_takes_none(started, monkeypatch):
    (started / "glcm").mkdir()
    (started / "glcm" / "cpu._dense-66.py311.nbi").touch()
    with warmup.slowest_beside(load_recipe("lesion")) as beside:
        assert not beside
    (started / "glcm" / "cpu._dense-66.py311.nbi").unlink()
    monkeypatch.setattr(warmup.os, "cpu_count", lambda: 1)
    with warmup.slowest_beside(load_recipe("lesion")) as beside:
        assert not beside
    assert not Other.commands


def test_what_the_other_process_runs_leaves_its_kernels_in_the_cache():
    compile_slowest()
    assert any(warmup.cache_folder().rglob("cpu._dense*.nbi"))


def test_the_small_region_measures_everything():
    engine = CpuEngine(load_recipe("lesion"))
    (vector,) = engine.measure([warmup.small_sample()]).results
    assert not np.isnan(vector).any()
    assert engine.warm_up().compiled == 0
