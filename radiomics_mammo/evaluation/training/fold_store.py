"""Finished folds on disk, so that an interrupted run goes on where it was; plain arrays and JSON."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.training.calibration import Calibrator
from radiomics_mammo.evaluation.training.nested_cv import CandidateFold, Choice, Rankings
from radiomics_mammo.tables.atomic import atomic_file

_DIGEST = hashlib.sha256().digest_size
"""Bytes at the head of each file, which tell whether the rest is as it was written."""


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

    def rankings(self, repeat: int, fold: int) -> Rankings | None:
        """Give the rankings of a fold, or None."""
        found = self._read(f"rank_{repeat}_{fold}")
        if found is None:
            return None
        return {(int(part), method): ranks for name, ranks in found.items() for part, method in [name.split("|")]}

    def keep_rankings(self, repeat: int, fold: int, found: Rankings) -> None:
        """Keep the rankings of a fold."""
        self._write(f"rank_{repeat}_{fold}", {f"{part}|{method}": ranks for (part, method), ranks in found.items()})

    def candidate_fold(self, candidate: str, repeat: int, fold: int) -> CandidateFold | None:
        """Give what a candidate gave in a fold, or None."""
        found = self._read(f"{candidate}_{repeat}_{fold}")
        if found is None:
            return None
        said = json.loads(bytes(found["said"]))
        made = said["calibrator"]
        calibrator = Calibrator(made["kind"], tuple(made["x"]), tuple(made["y"]))
        choice = Choice(
            said["parameters"],
            said["score"],
            calibrator,
            said["threshold"],
            tuple(said["notes"]),
            held=found.get("held"),
            curves=found.get("curves"),
        )
        return CandidateFold(candidate, repeat, fold, found["raw"], found["p"], choice, said["seconds"])

    def keep_candidate_fold(self, one: CandidateFold) -> None:
        """Keep what a candidate gave in a fold."""
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
        arrays: dict[str, NDArray[Any]] = {"raw": one.raw, "p": one.p, "said": text}
        more = {"held": choice.held, "curves": choice.curves}
        arrays |= {key: values for key, values in more.items() if values is not None}
        self._write(f"{one.candidate}_{one.repeat}_{one.fold}", arrays)

    def trials(self) -> int | None:
        """Give the number of trials that the clock chose when the run was begun, or None."""
        found = self._read("trials")
        return None if found is None else int(found["trials"])

    def keep_trials(self, trials: int) -> None:
        """Keep it: timed again the same fold would take another time, and the finished folds be of no use."""
        self._write("trials", {"trials": np.array(trials)})

    def _read(self, name: str) -> dict[str, NDArray[Any]] | None:
        path = None if self.folder is None else self.folder / f"{name}.fold"
        if path is None or not path.is_file():
            return None
        held = path.read_bytes()
        if hashlib.sha256(held[_DIGEST:]).digest() != held[:_DIGEST]:
            return None  # a damaged file costs its fold, not the run
        with np.load(io.BytesIO(held[_DIGEST:]), allow_pickle=False) as found:
            return {key: found[key] for key in found.files}

    def _write(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        if self.folder is None:
            return
        named: dict[str, Any] = dict(arrays)
        made = io.BytesIO()
        np.savez(made, allow_pickle=False, **named)
        held = made.getvalue()
        with atomic_file(self.folder / f"{name}.fold") as handle:
            handle.write(hashlib.sha256(held).digest() + held)
