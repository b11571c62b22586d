"""Content of ``run.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.options import ComparisonOptions

FORMAT = 4


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Configuration, data and outcome of a run.

    Attributes
    ----------
    command : dict
        The options of ``compare`` that decide the result, as a rerun would be given them.
    provenance : dict
        The table's own (recipe, engine, reader, versions, created); empty for another tool's table.
    phantom : bool
        Whether any of it is simulated.
    candidates : dict of str to str
        Name and title of each competitor, in order.
    rows, units, patients, positives, features : int
        Of what was cross-validated; positives are units.
    best, explained, final_model : str
        The candidate with the highest AUROC, the one that SHAP explains (the best XGBoost on radiomic
        features, else the best other tree model), and the one whose final model is saved; empty if there is none.
    contribution_unit : str
        What SHAP values add up to: ``log-odds`` or ``probability``.
    test : dict
        ``table``, ``sha256``, ``rows``, ``units``, ``patients``, ``positives`` of the test set; empty without one.
    embeddings : list of dict
        What embedded the images, one entry an embedder: ``name``, ``input``, ``prefix`` (its columns' beginning),
        ``dims``, and its weights' ``source``, ``licence``, ``sha256``, ``trained_on``, ``forced``.
    failures : int
        Cases without a row in the table, by its failures file; -1 without such a file.
    """

    command: dict[str, Any]
    table: str
    table_sha256: str
    provenance: dict[str, Any]
    phantom: bool
    label: str
    group: str
    unit: str
    rule: str
    classes: list[str]
    candidates: dict[str, str]
    rows: int
    units: int
    patients: int
    positives: int
    features: int
    seeds: dict[str, int]
    device: dict[str, str]
    versions: dict[str, str]
    best: str
    explained: str
    final_model: str
    contribution_unit: str
    remarks: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    test: dict[str, Any] = field(default_factory=dict)
    embeddings: list[dict[str, Any]] = field(default_factory=list)
    failures: int = -1
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Write the record as JSON; the same record gives the same bytes."""
        return (json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n").encode()


def read_info(path: Path) -> RunInfo:
    """Read ``run.json``."""
    again = "Run python -m radiomics_mammo.compare again."
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(
            "there is no run here (no run.json)",
            path=path.parent,
            remedy="Name a folder that python -m radiomics_mammo.compare wrote with --out.",
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", path=path, remedy=again) from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise InputError(f"not a run of format {FORMAT}", path=path, remedy=again)
    names = {each.name for each in fields(RunInfo)}
    if set(record) != names:
        mismatch = ", ".join(sorted(names ^ set(record)))
        raise InputError(f"entries missing or unknown: {mismatch}", path=path, remedy=again)
    hints, command = get_type_hints(RunInfo), record["command"]
    wrong = [name for name, kind in hints.items() if not _is_of(record[name], kind)]
    if not wrong:
        options = {**get_type_hints(Target), **get_type_hints(ComparisonOptions)}
        wrong = [f"command.{name}" for name in ("bootstrap",) if name not in command]
        wrong += [f"command.{name}" for name, kind in options.items() if not _is_of(command.get(name), kind | None)]
        wrong += ["classes"] * (len(record["classes"]) != 2)
        wrong += [
            name for name in ("best", "explained", "final_model") if record[name] not in ("", *record["candidates"])
        ]
    if wrong:
        raise InputError(f"was edited: {', '.join(wrong)} cannot be what it was", path=path, remedy=again)
    return RunInfo(**record)


def _is_of(value: object, kind: Any) -> bool:
    """Return whether a value of JSON is of an annotated type; a list stands for a tuple, and a whole number is real."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin is Literal:
        return value in arguments
    if origin in (Union, UnionType):
        return any(_is_of(value, each) for each in arguments)
    if origin is dict:
        return isinstance(value, dict) and all(_is_of(each, arguments[1]) for each in value.values())
    if origin in (list, tuple):
        return isinstance(value, list) and all(_is_of(each, arguments[0]) for each in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
