"""Finished folds on disk, so that an interrupted run can resume; plain arrays and JSON."""

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
from radiomics_mammo.evaluation.training.candidate_rows import Rankings
from radiomics_mammo.evaluation.training.nested_cv import CandidateFold, TunedFold
from radiomics_mammo.tables.atomic import atomic_file

_DIGEST = hashlib.sha256().digest_size
"""Bytes of the hash at the beginning of each file, by which damage is found."""


class FoldStore:
    """A folder of finished folds; without a folder nothing is stored.

    The folder is of one plan only; its name is a hash of everything that decides the result.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def rankings(self, repeat: int, fold: int) -> Rankings | None:
        """Return the rankings of a fold, or None."""
        stored = self._read(f"rank_{repeat}_{fold}")
        if stored is None:
            return None
        return {(int(part), method): ranks for name, ranks in stored.items() for part, method in [name.split("|")]}

    def write_rankings(self, repeat: int, fold: int, stored: Rankings) -> None:
        """Write the rankings of a fold."""
        self._write(f"rank_{repeat}_{fold}", {f"{part}|{method}": ranks for (part, method), ranks in stored.items()})

    def candidate_fold(self, candidate: str, repeat: int, fold: int) -> CandidateFold | None:
        """Return a candidate's predictions in a fold, or None."""
        arrays = self._read(f"{candidate}_{repeat}_{fold}")
        if arrays is None:
            return None
        record = json.loads(bytes(arrays["record"]))
        calibrator = record["calibrator"]
        tuned = TunedFold(
            record["parameters"],
            record["score"],
            Calibrator(calibrator["kind"], tuple(calibrator["x"]), tuple(calibrator["y"])),
            record["threshold"],
            tuple(record["notes"]),
            out_of_fold=arrays.get("out_of_fold"),
            curves=arrays.get("curves"),
        )
        return CandidateFold(candidate, repeat, fold, arrays["raw"], arrays["p"], tuned, record["seconds"])

    def write_candidate_fold(self, result: CandidateFold) -> None:
        """Write a candidate's predictions in a fold."""
        tuned = result.tuned
        record = {
            "parameters": tuned.parameters,
            "score": tuned.score,
            "calibrator": asdict(tuned.calibrator),
            "threshold": tuned.threshold,
            "notes": tuned.notes,
            "seconds": result.seconds,
        }
        text = np.frombuffer(json.dumps(record).encode(), dtype=np.uint8)
        arrays: dict[str, NDArray[Any]] = {"raw": result.raw, "p": result.p, "record": text}
        optional = {"out_of_fold": tuned.out_of_fold, "curves": tuned.curves}
        arrays |= {key: values for key, values in optional.items() if values is not None}
        self._write(f"{result.candidate}_{result.repeat}_{result.fold}", arrays)

    def trials(self) -> int | None:
        """Return the number of trials that the time budget allowed when the run began, or None."""
        stored = self._read("trials")
        return None if stored is None else int(stored["trials"])

    def write_trials(self, trials: int) -> None:
        """Write it: timed again it would differ, and the finished folds would be of no use."""
        self._write("trials", {"trials": np.array(trials)})

    def _read(self, name: str) -> dict[str, NDArray[Any]] | None:
        path = None if self.folder is None else self.folder / f"{name}.fold"
        if path is None or not path.is_file():
            return None
        content = path.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None  # a damaged file costs its fold, not the run
        with np.load(io.BytesIO(content[_DIGEST:]), allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}

    def _write(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        if self.folder is None:
            return
        named: dict[str, Any] = dict(arrays)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **named)
        content = buffer.getvalue()
        with atomic_file(self.folder / f"{name}.fold") as handle:
            handle.write(hashlib.sha256(content).digest() + content)
