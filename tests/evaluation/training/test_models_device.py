"""What was asked of XGBoost's device is translated, checked and recorded."""

from __future__ import annotations

import shutil

import pytest

from radiomics_mammo.errors import EngineError, InputError
from radiomics_mammo.evaluation.training import device as module
from radiomics_mammo.evaluation.training.device import probe_cuda, resolve_device


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(module, "probe_cuda", lambda: False)


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(module, "probe_cuda", lambda: True)


def test_nothing_asked_is_the_cpu_and_is_not_probed(monkeypatch):
    monkeypatch.setattr(module, "probe_cuda", lambda: pytest.fail("probed"))
    found = resolve_device()
    assert (found.tree_method, found.device, found.note) == ("hist", "cpu", "")


def test_gpu_hist_is_translated(gpu):
    found = resolve_device(tree_method="gpu_hist")
    assert (found.tree_method, found.device, found.requested_tree_method) == ("hist", "cuda", "gpu_hist")
    assert "trained on CUDA" in found.note


def test_gpu_hist_without_a_gpu_says_that_it_was_the_cpu(no_gpu):
    found = resolve_device(tree_method="gpu_hist")
    assert (found.tree_method, found.device) == ("hist", "cpu")
    assert "no CUDA device here" in found.note


@pytest.mark.parametrize("method", ["hist", "gpu_hist", "approx"])
def test_cuda_asked_for_and_absent_is_an_error(no_gpu, method):
    with pytest.raises(EngineError, match="cannot train on a CUDA device here"):
        resolve_device(tree_method=method, device="cuda")


def test_cuda_asked_for_and_there(gpu):
    assert resolve_device(device="cuda").device == "cuda"


def test_auto_takes_what_is_there(monkeypatch):
    for there, used in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(module, "probe_cuda", lambda there=there: there)
        assert resolve_device(device="auto").device == used
    assert resolve_device(device="auto", tree_method="exact").device == "cpu"


@pytest.mark.parametrize(("method", "where"), [("gpu_hist", "cpu"), ("exact", "cuda"), ("gpu", ""), ("hist", "tpu")])
def test_contradictions(method, where):
    with pytest.raises(InputError):
        resolve_device(tree_method=method, device=where)


def test_the_probe_believes_the_booster_and_warns_nobody(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert probe_cuda() is False


@pytest.mark.gpu
@pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="no NVIDIA GPU here")
def test_the_probe_finds_a_gpu():
    assert probe_cuda() is True
