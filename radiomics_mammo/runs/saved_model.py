"""A trained model in a folder, in formats that run no code when they are read.

``model.json`` holds everything that is plain numbers and text, with a SHA-256 of each other file;
``preparation.skops`` and ``estimator.skops`` hold scikit-learn objects, ``booster.ubj`` is XGBoost's own format.
The SHA-256 guards against damage, not against tampering: who can change a file can change its hash beside it. That
reading runs no code rests on the list of types (:mod:`radiomics_mammo.runs.sklearn_io`), not on the hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate
from radiomics_mammo.evaluation.training.calibration import CALIBRATIONS, Calibrator
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.registry import MODELS
from radiomics_mammo.runs.model_metadata import ModelFacts, facts_from, facts_record
from radiomics_mammo.runs.sklearn_io import dump, load
from radiomics_mammo.tables.atomic import write_bytes

FORMAT = 1
MODEL = "model"
"""The folder's name in a run."""
INFO = "model.json"
PREPARATION = "preparation.skops"
ESTIMATOR = "estimator.skops"
BOOSTER = "booster.ubj"

_AGAIN = "Run python -m radiomics_mammo.compare again."


@dataclass(frozen=True, slots=True, eq=False)
class SavedModel:
    """A model that was read back.

    Attributes
    ----------
    fitted : Fitted
        Scores rows exactly as it did when it was saved.
    facts : ModelFacts
    notes : tuple of str
        What differs between the libraries that saved it and those that read it.
    """

    fitted: Fitted
    facts: ModelFacts
    notes: tuple[str, ...] = ()


def save_model(folder: Path, fitted: Fitted, *, facts: ModelFacts) -> None:
    """Write a model into a folder that exists; the same model gives the same bytes.

    Raises
    ------
    InputError
        The model holds a type that could not be read back safely.
    OutputError
        A file cannot be written.
    """
    boosted = is_booster(fitted.estimator)
    files = {PREPARATION: dump(fitted.preparation)}
    files |= {BOOSTER: bytes(fitted.estimator.save_raw("ubj"))} if boosted else {ESTIMATOR: dump(fitted.estimator)}
    record = {
        "format": FORMAT,
        "candidate": asdict(fitted.candidate),
        "block": fitted.block,
        "threshold": fitted.threshold,
        "parameters": fitted.parameters,
        "calibrator": asdict(fitted.calibrator),
        "facts": facts_record(facts),
        "readers": _library_versions(),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    for name, content in files.items():
        write_bytes(folder / name, content)
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    write_bytes(folder / INFO, f"{text}\n".encode())


def load_model(folder: str | Path) -> SavedModel:
    """Read a model, after its files were found whole and made of nothing but trusted types.

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
    _refuse_newer(_entry(record, "readers", folder), path=folder / INFO)
    content = {name: _read_checked(folder / name, wanted) for name, wanted in _listed(record, folder).items()}
    preparation, said = load(content[PREPARATION], path=folder / PREPARATION)
    more: tuple[str, ...] = ()
    if BOOSTER in content:
        estimator = _read_booster(content[BOOSTER], path=folder / BOOSTER)
    else:
        estimator, more = load(content[ESTIMATOR], path=folder / ESTIMATOR)
    try:
        fitted = _fitted(record, preparation, estimator)
        facts = facts_from(record["facts"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"is damaged ({error!r})", path=folder / INFO, remedy=_AGAIN) from error
    return SavedModel(fitted, facts, tuple(dict.fromkeys((*said, *more))))


def is_booster(estimator: Any) -> bool:
    """Whether an estimator is an ``xgboost.Booster``, which has a format of its own."""
    return hasattr(estimator, "save_raw")


def _fitted(record: Mapping[str, Any], preparation: Any, estimator: Any) -> Fitted:
    held = record["calibrator"]
    calibrator = Calibrator(str(held["kind"]), tuple(map(float, held["x"])), tuple(map(float, held["y"])))
    if calibrator.kind not in CALIBRATIONS:
        raise ValueError(f"no calibration is called {calibrator.kind!r}")
    if record["block"] in {one.block for one in MODELS.values() if one.baseline} - {FEATURES}:
        raise ValueError(f"a model of the block {record['block']!r} is a baseline, which is never kept")
    return Fitted(
        candidate=Candidate(**record["candidate"]),
        block=str(record["block"]),
        preparation=preparation,
        estimator=estimator,
        calibrator=calibrator,
        threshold=float(record["threshold"]),
        parameters=dict(record["parameters"]),
    )


def _read_record(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(
            "there is no saved model here",
            path=path.parent,
            remedy="Run python -m radiomics_mammo.compare again: it saves the best model in RUN/model.",
        ) from None
    except (OSError, RecursionError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", path=path, remedy=_AGAIN) from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError(f"is not a model of format {FORMAT}", path=path, remedy=_AGAIN)
    return found


def _entry(record: Mapping[str, Any], name: str, folder: Path) -> dict[str, str]:
    found = record.get(name)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise InputError(f"is damaged (no {name})", path=folder / INFO, remedy=_AGAIN)
    return found


def _listed(record: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Give the files and their hashes; only names that we write, so that no path leads out of the folder."""
    files = _entry(record, "sha256", folder)
    if set(files) not in ({PREPARATION, BOOSTER}, {PREPARATION, ESTIMATOR}):
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


def _read_booster(content: bytes, *, path: Path) -> Any:
    from xgboost import Booster
    from xgboost.core import XGBoostError

    booster = Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(content))
    except XGBoostError as error:
        raise InputError(f"is damaged ({' '.join(str(error).split())[:160]})", path=path, remedy=_AGAIN) from error
    return booster


def _plain(value: Any) -> Any:
    """Turn a NumPy scalar, as a search may leave one among the parameters, into Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _library_versions() -> dict[str, str]:
    import xgboost

    # XGBoost comes under two package names, so it is asked itself.
    return {
        "scikit-learn": version("scikit-learn"),
        "skops": version("skops"),
        "xgboost": str(xgboost.__version__),
    }


def _refuse_newer(saved: Mapping[str, str], *, path: Path) -> None:
    """Newer libraries write what older ones cannot know; the reverse is noted by scikit-learn itself."""
    for name, here in _library_versions().items():
        if name in saved and _release(saved[name]) > _release(here):
            raise InputError(
                f"was saved by {name} {saved[name]}, which is newer than the {here} here",
                path=path,
                remedy=f"Install {name} {saved[name]} or later, or run compare again here.",
            )


def _release(text: str) -> tuple[int, ...]:
    """Major and minor number: ``1.9.0rc1`` is ``(1, 9)``."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])
