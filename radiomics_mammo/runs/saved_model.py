"""A trained model in a folder, in formats that run no code when they are read.

``model.json`` holds everything that is plain numbers and text, with a SHA-256 of each other file;
``preparation.skops`` holds the preparation, one more file the fitted model in its estimator's own format, and
``training_distribution.npz`` the training cases in summary, by which predictions are checked.
The SHA-256 guards against damage, not against tampering: who can change a file can change its hash beside it. That
reading runs no code rests on the list of types (:mod:`radiomics_mammo.evaluation.training.estimators.skops_io`).
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.out_of_distribution import training_distribution
from radiomics_mammo.evaluation.out_of_distribution.training_distribution import TrainingDistribution
from radiomics_mammo.evaluation.training.calibration import CALIBRATIONS, Calibrator
from radiomics_mammo.evaluation.training.estimators.base import Estimator, library_version
from radiomics_mammo.evaluation.training.estimators.skops_io import dump, load
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.registry import MODELS, estimator_of, is_baseline
from radiomics_mammo.runs.model_metadata import ModelFacts, facts_from, facts_record
from radiomics_mammo.tables.atomic import write_bytes

FORMAT = 3
MODEL = "model"
"""The folder's name in a run."""
INFO = "model.json"
PREPARATION = "preparation.skops"
DISTRIBUTION = "training_distribution.npz"

_AGAIN = "Run python -m radiomics_mammo.compare again."


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """A model that was read back.

    Attributes
    ----------
    notes : tuple of str
        What differs between the libraries that saved it and those that read it.
    distribution : TrainingDistribution or None
        Its training cases in summary; None where none was saved: cases cannot be checked then.
    """

    fitted: Fitted
    facts: ModelFacts
    notes: tuple[str, ...] = ()
    distribution: TrainingDistribution | None = None


def save_model(
    folder: Path, fitted: Fitted, *, facts: ModelFacts, distribution: TrainingDistribution | None = None
) -> None:
    """Write a model into a folder that exists; the same model gives the same bytes.

    Without a distribution no prediction of it gets a verdict.

    Raises
    ------
    InputError
        The model holds a type that could not be read back safely.
    OutputError
        A file cannot be written.
    """
    estimator = fitted.estimator
    files = {PREPARATION: dump(fitted.preparation), estimator.file: estimator.save(fitted.model)}
    if distribution is not None:
        files[DISTRIBUTION] = training_distribution.dump(distribution)
    record = {
        "format": FORMAT,
        "candidate": asdict(fitted.candidate),
        "block": fitted.block,
        "threshold": fitted.threshold,
        "parameters": fitted.parameters,
        "calibrator": asdict(fitted.calibrator),
        "facts": facts_record(facts),
        "libraries": _versions(estimator),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    for name, content in files.items():
        write_bytes(folder / name, content)
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    write_bytes(folder / INFO, f"{text}\n".encode())


def load_model(folder: str | Path) -> SavedModel:
    """Read a model, after its files were record whole and made of nothing but trusted types.

    Raises
    ------
    InputError
        There is no model, a file is missing, damaged or holds a type that is not trusted, or a newer library
        saved it.

    Examples
    --------
    >>> from radiomics_mammo import load_model
    >>> model = load_model("runs/cbis/model")
    >>> model.facts.label, model.facts.classes
    ('malignant', ('benign', 'malignant'))
    """
    folder = Path(folder)
    record = _read_record(folder / INFO)
    candidate = _candidate(record, path=folder / INFO)
    estimator = estimator_of(candidate)
    estimator.require()
    _check_versions(estimator, _entry(record, "libraries", folder), path=folder / INFO)
    content = {name: _read_checked(folder / name, sha) for name, sha in _listed(record, estimator, folder).items()}
    preparation, notes = load(content[PREPARATION], path=folder / PREPARATION)
    model, more = estimator.load(content[estimator.file], path=folder / estimator.file)
    try:
        fitted = _fitted(record, candidate, preparation, model)
        facts = facts_from(record["facts"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"is damaged ({error!r})", path=folder / INFO, remedy=_AGAIN) from error
    distribution = _distribution(content.get(DISTRIBUTION), facts, path=folder / DISTRIBUTION)
    return SavedModel(fitted, facts, tuple(dict.fromkeys((*notes, *more))), distribution)


def _distribution(content: bytes | None, facts: ModelFacts, *, path: Path) -> TrainingDistribution | None:
    if content is None:
        return None
    try:
        return training_distribution.load(content, names=facts.features)
    except (KeyError, TypeError, ValueError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"is damaged ({error!r})", path=path, remedy=_AGAIN) from error


def _candidate(record: Mapping[str, Any], *, path: Path) -> Candidate:
    try:
        candidate = Candidate(**record["candidate"])
        known = candidate.model in MODELS and not MODELS[candidate.model].ensemble
    except (KeyError, TypeError) as error:
        raise InputError(f"is damaged ({error!r})", path=path, remedy=_AGAIN) from error
    if not known or is_baseline(candidate.model):
        raise InputError(f"{candidate.model!r} is no model that predicts new cases", path=path, remedy=_AGAIN)
    return candidate


def _fitted(record: Mapping[str, Any], candidate: Candidate, preparation: Any, model: Any) -> Fitted:
    values = record["calibrator"]
    calibrator = Calibrator(str(values["kind"]), tuple(map(float, values["x"])), tuple(map(float, values["y"])))
    if calibrator.kind not in CALIBRATIONS:
        raise ValueError(f"no calibration is called {calibrator.kind!r}")
    return Fitted(
        candidate=candidate,
        block=str(record["block"]),
        preparation=preparation,
        estimator=estimator_of(candidate),
        model=model,
        calibrator=calibrator,
        threshold=float(record["threshold"]),
        parameters=dict(record["parameters"]),
    )


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(
            "there is no saved model here",
            path=path.parent,
            remedy="Run python -m radiomics_mammo.compare again: it saves the best model in RUN/model.",
        ) from None
    except (OSError, RecursionError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", path=path, remedy=_AGAIN) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise InputError(f"is not a model of format {FORMAT}", path=path, remedy=_AGAIN)
    return record


def _entry(record: Mapping[str, Any], name: str, folder: Path) -> dict[str, str]:
    entry = record.get(name)
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise InputError(f"is damaged (no {name})", path=folder / INFO, remedy=_AGAIN)
    return entry


def _listed(record: Mapping[str, Any], estimator: Estimator, folder: Path) -> dict[str, str]:
    """Return the files and their hashes; only names that are written here, so that no path leads out of the folder."""
    files = _entry(record, "sha256", folder)
    if set(files) - {DISTRIBUTION} != {PREPARATION, estimator.file}:
        raise InputError(
            f"is damaged (it lists the files {', '.join(sorted(files))})", path=folder / INFO, remedy=_AGAIN
        )
    return files


def _read_checked(path: Path, wanted: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path, remedy=_AGAIN) from error
    if hashlib.sha256(content).hexdigest() != wanted:
        raise InputError("is not the file that was saved (its SHA-256 differs)", path=path, remedy=_AGAIN)
    return content


def _plain(value: Any) -> Any:
    """Turn a NumPy scalar, as a search may leave one among the parameters, into Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _versions(estimator: Estimator) -> dict[str, str]:
    return {name: library_version(name) for name in sorted({"scikit-learn", "skops", estimator.library})}


def _check_versions(estimator: Estimator, saved: Mapping[str, str], *, path: Path) -> None:
    """Raise an error for a newer library's model; scikit-learn itself notes an older one's."""
    for name, here in _versions(estimator).items():
        if name in saved and _release(saved[name]) > _release(here):
            raise InputError(
                f"was saved by {name} {saved[name]}, which is newer than the {here} here",
                path=path,
                remedy=f"Install {name} {saved[name]} or later, or run compare again here.",
            )


def _release(text: str) -> tuple[int, ...]:
    """Major and minor number: ``1.9.0rc1`` is ``(1, 9)``."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])
