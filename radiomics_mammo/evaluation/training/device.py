"""Which device XGBoost trains on, found out rather than hoped for."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass

import numpy as np

from radiomics_mammo.errors import EngineError, InputError

TREE_METHODS = ("hist", "approx", "exact", "gpu_hist")
DEVICES = ("cpu", "cuda", "auto")


@dataclass(frozen=True, slots=True)
class Device:
    """What was asked for and what it came to.

    ``requested_*`` are what the user wrote, an empty device nothing; ``note`` says how it was translated.
    """

    tree_method: str
    device: str
    requested_tree_method: str
    requested_device: str
    note: str = ""


def probe_cuda() -> bool:
    """Say whether XGBoost trains on a CUDA device here.

    XGBoost only warns and trains on the CPU where it cannot, so one tree is grown and its booster asked.
    """
    import xgboost

    rows = xgboost.DMatrix(np.arange(8.0).reshape(-1, 1), label=np.arange(8) % 2)
    with warnings.catch_warnings():
        # "No visible GPU is found, setting device to CPU" is the answer that is looked for, not a warning.
        warnings.filterwarnings("ignore", message=r".*(GPU|[Dd]evice).*", category=UserWarning)
        try:
            booster = xgboost.train({"device": "cuda", "tree_method": "hist", "verbosity": 0}, rows, 1)
        except xgboost.core.XGBoostError:  # a build without CUDA, or a driver too old for it
            return False
    used = json.loads(booster.save_config())["learner"]["generic_param"]["device"]
    return str(used).startswith("cuda")


def resolve_device(*, tree_method: str = "hist", device: str = "") -> Device:
    """Translate what was asked for into what today's XGBoost wants and this machine has.

    ``gpu_hist`` (an error since XGBoost 3) becomes ``hist`` on CUDA; on a machine without a CUDA device it
    becomes ``hist`` on the CPU, and the note says so. An explicit ``device="cuda"`` is never turned into
    anything else. ``auto`` is CUDA where there is one. Nothing said is the CPU.

    Raises
    ------
    InputError
        Unknown names, or a combination that contradicts itself.
    EngineError
        ``device="cuda"`` was asked for and XGBoost cannot train on CUDA here.
    """
    if tree_method not in TREE_METHODS:
        raise InputError(
            f"no tree method is called {tree_method!r}", remedy=f"Tree methods: {', '.join(TREE_METHODS)}."
        )
    if device not in ("", *DEVICES):
        raise InputError(f"no device is called {device!r}", remedy=f"Devices: {', '.join(DEVICES)}.")
    if tree_method == "gpu_hist" and device == "cpu":
        raise InputError("--tree-method gpu_hist contradicts --device cpu", remedy="Use --tree-method hist on the CPU.")
    if tree_method == "exact" and device == "cuda":
        raise InputError("XGBoost's exact method has no CUDA version", remedy="Use --tree-method hist.")
    wanted = device or ("auto" if tree_method == "gpu_hist" else "cpu")
    there = (wanted == "cuda" or (wanted == "auto" and tree_method != "exact")) and probe_cuda()
    if wanted == "cuda" and not there:
        raise EngineError(
            "XGBoost cannot train on a CUDA device here",
            remedy="Use --device auto or cpu, or install a CUDA driver that this XGBoost build accepts.",
        )
    used = "cuda" if there else "cpu"
    translated = "hist" if tree_method == "gpu_hist" else tree_method
    note = _translation_note(used) if tree_method == "gpu_hist" else ""
    return Device(translated, used, tree_method, device, note)


def _translation_note(used: str) -> str:
    if used == "cuda":
        return "gpu_hist is today's tree_method=hist with device=cuda; trained on CUDA"
    return "gpu_hist is today's tree_method=hist with device=cuda; no CUDA device here, so trained on the CPU"
