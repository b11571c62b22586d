"""Content of ``run.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from radiomics_mammo.errors import InputError

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
    return RunInfo(**record)
