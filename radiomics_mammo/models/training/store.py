"""Finished folds on disk, so that an interrupted run goes on where it was; plain arrays and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.atomic import atomic_file
from radiomics_mammo.models.training.calibrate import Calibrator
from radiomics_mammo.models.training.nested import Choice

if TYPE_CHECKING:
    from radiomics_mammo.models.training.crossval import ArmFold

Kept = Mapping[tuple[int, str], NDArray[np.int32]]


class FoldStore:
    """A folder of finished folds; without a folder it keeps nothing.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Of one plan only: whoever makes it names it after everything that decides the result.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def rankings(self, repeat: int, fold: int) -> Kept | None:
        """Give the rankings of a fold, or None."""
        found = self._read(f"rank_{repeat}_{fold}")
        if found is None:
            return None
        return {(int(part), method): ranks for name, ranks in found.items() for part, method in [name.split("|")]}

    def keep_rankings(self, repeat: int, fold: int, found: Kept) -> None:
        """Keep the rankings of a fold."""
        self._write(f"rank_{repeat}_{fold}", {f"{part}|{method}": ranks for (part, method), ranks in found.items()})

    def arm_fold(self, arm: str, repeat: int, fold: int) -> ArmFold | None:
        """Give what an arm gave in a fold, or None."""
        from radiomics_mammo.models.training.crossval import ArmFold

        found = self._read(f"{arm}_{repeat}_{fold}")
        if found is None:
            return None
        said = json.loads(bytes(found["said"]))
        made = said["calibrator"]
        calibrator = Calibrator(made["kind"], tuple(made["x"]), tuple(made["y"]))
        choice = Choice(said["parameters"], said["score"], calibrator, said["threshold"], tuple(said["notes"]))
        return ArmFold(arm, repeat, fold, found["raw"], found["p"], choice, said["seconds"])

    def keep_arm_fold(self, one: ArmFold) -> None:
        """Keep what an arm gave in a fold."""
        choice = one.choice
        said = {
            "parameters": choice.parameters,
            "score": choice.score,
            "calibrator": asdict(choice.calibrator),
            "threshold": choice.threshold,
            "notes": choice.notes,
            "seconds": one.seconds,
        }
        text = np.frombuffer(json.dumps(said).encode(), dtype=np.uint8)
        self._write(f"{one.arm}_{one.repeat}_{one.fold}", {"raw": one.raw, "p": one.p, "said": text})

    def _read(self, name: str) -> dict[str, NDArray[Any]] | None:
        path = None if self.folder is None else self.folder / f"{name}.npz"
        if path is None or not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as found:
                return {key: found[key] for key in found.files}
        except (BadZipFile, ValueError, OSError, EOFError):  # a damaged file costs its fold, not the run
            return None

    def _write(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        if self.folder is None:
            return
        named: dict[str, Any] = dict(arrays)
        with atomic_file(self.folder / f"{name}.npz") as handle:
            np.savez(handle, allow_pickle=False, **named)
